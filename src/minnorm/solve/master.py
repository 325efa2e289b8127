"""The master problem: best masses on a finite dictionary of atoms, by a primal-dual interior point method."""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]

from minnorm.interior import Direction, Standing, iterates, last
from minnorm.resources import past
from minnorm.solve.pace import fits
from minnorm.solve.squeeze import Squeezed

_REFINED = 1e-12  # relative residual at which a refinement ends
_REFINEMENTS = 20
_SINGULAR = 1e-15  # eigenvalues below this share of the mean are rounding errors
_PATIENCE = 3  # further steps after the gap has closed and the equations are solved no better
_ACCURATE = 1e-9  # relative residual of a system that counts as solved
_MANY, _ROUGH = 4000, 1e-4  # points for which a system of their number is too large; the same there
_STUCK = 0.1  # error of a solution that its start is to blame for
_DROWNED = 3.0  # squares of atoms over squares of what is left without their free part
_FEW = 4  # points for each atom from which on equations of the atoms' number are solved
_RANK = 1e-13  # pivots below this share of the largest are rounding errors


@dataclass(frozen=True)
class Masses:
    """An approximate solution: masses (p,), coefficients of the free terms (q,), the dual vector (n,).

    `weight` (p,) bounds |masses|; where it is small the atom is not needed. `gap` is the complementarity
    left and |misfit| . |nu|, what it would cost to do away with the misfit of the equations, relative to the objective
    (or to 1, if that is more); `residual` the largest misfit, relative to the largest value.
    """

    masses: Float[np.ndarray, " p"]
    coefficients: Float[np.ndarray, " q"]
    nu: Float[np.ndarray, " n"]
    weight: Float[np.ndarray, " p"]
    gap: float
    residual: float

    @property
    def error(self) -> float:
        """The larger of the two."""
        return max(self.gap, self.residual)

    def solves(self, tolerance: float) -> bool:
        """Whether the gap has closed to `tolerance` and the equations hold, to a thousandth at least."""
        return self.gap <= tolerance and self.residual <= min(tolerance, 1e-3)


# Weights that span all orders of magnitude overflow; what is not finite is never the best iterate.
@np.errstate(over="ignore", invalid="ignore")
def solve(
    atoms: Float[np.ndarray, "n p"],
    free: Float[np.ndarray, "n q"],
    values: Float[np.ndarray, " n"],
    rho: Float[np.ndarray, " n"],
    *,
    tolerance: float,
    start: Float[np.ndarray, " n"] | None = None,
    reward: tuple[Float[np.ndarray, " p"], Float[np.ndarray, " q"]] | None = None,
    deadline: float = math.inf,
) -> Masses:
    r"""Mehrotra's predictor-corrector method on the dual, which never leaves the dual's feasible set.

        min  sum |a| + 1/2 sum rho nu^2    s.t.  Phi a + F c + rho nu = y
        max  y . nu - 1/2 sum rho nu^2     s.t.  |Phi^T nu| <= 1,  F^T nu = 0

    or, with a `reward` (t, g), t . a + g . c is subtracted from what is minimised, and the dual's constraints are
    |Phi^T nu + t| <= 1, F^T nu + g = 0; then `start` must satisfy them with room to spare.

    With a = z+ - z- and slacks s+- = 1 -+ Phi^T nu each step solves one system with Phi D Phi^T + rho,
    D = z+/s+ + z-/s-. `start` is a dual vector to start from; it is shrunk into the interior. After `deadline`, a
    `time.monotonic` moment, no further step is taken.

    Source: Mehrotra (1992), *On the implementation of a primal-dual interior point method*; Gondzio,
    Gonzalez-Brevis & Munari (2013) for stopping early at well-centred points in column generation.
    """
    if reward is None and float(np.min(rho)) > 0 and _FEW * (atoms.shape[1] + free.shape[1] + 1) <= len(values):
        less = Squeezed.of(atoms, free, values, rho)
        begin = None if start is None else less.dual(start)
        found = solve(*less.programme, tolerance=tolerance, start=begin, deadline=deadline)
        return replace(found, nu=less.original_dual(found.nu))
    rest = without_free_part(atoms, free) if reward is None else None
    if rest is not None:
        found = solve(rest[0], free, values, rho, tolerance=tolerance, start=start, deadline=deadline)
        return replace(found, coefficients=found.coefficients - rest[1] @ found.masses)
    found = _from_start(_Programme(atoms, free, values, rho, reward, deadline), tolerance, start)
    if float(np.max(rho)) > 0 or found.solves(tolerance) or past(deadline):
        return found
    # Points or atoms that almost agree make equations that almost depend on each other: solve an orthonormal system.
    rows = _Rows(atoms, free)
    p = atoms.shape[1]
    begin = None if start is None else rows.dual(start)
    parts = rows.matrix[:, :p], rows.matrix[:, p:], rows.values(values), np.zeros(rows.size)
    programme = _Programme(*parts, reward, deadline)
    inside = _from_start(programme, tolerance, begin)
    misfit = values - atoms @ inside.masses - free @ inside.coefficients
    residual = float(np.max(np.abs(misfit))) / max(float(np.max(np.abs(values))), 1e-300)
    inside = replace(inside, nu=rows.original_dual(inside.nu), residual=residual)
    return inside if inside.error < found.error else found


def without_free_part(atoms: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """(Phi - F M, M) with F^T (Phi - F M) = 0, which the dual does not tell from Phi; None where F M does not matter.

    Far from the origin atoms are nearly constant, and digits of what is left would be lost in the squares of that.
    """
    if free.size == 0:
        return None
    inverse = np.linalg.pinv(free)
    part = inverse @ atoms
    rest = atoms - free @ part
    again = inverse @ rest
    rest, part = rest - free @ again, part + again
    return (rest, part) if np.sum(atoms * atoms) > _DROWNED * np.sum(rest * rest) > 0 else None


class _Programme(NamedTuple):
    """What `solve` minimises, by its names there."""

    atoms: np.ndarray
    free: np.ndarray
    values: np.ndarray
    rho: np.ndarray
    reward: tuple[np.ndarray, np.ndarray] | None
    deadline: float


class _Rows:
    """The equations without those that depend on others, made orthonormal: rows = Q^T, from [Phi, F]^T P = Q R."""

    def __init__(self, atoms: np.ndarray, free: np.ndarray) -> None:
        columns = np.concatenate([atoms, free], axis=1)
        factors: Any = scipy.linalg.qr(columns.T, mode="economic", pivoting=True)
        q, self.r, self.order = factors
        pivots = np.abs(np.diagonal(self.r))
        self.size = int(np.sum(pivots > _RANK * float(np.max(pivots, initial=0.0))))
        self.matrix = np.ascontiguousarray(q[:, : self.size].T)
        self.count = atoms.shape[0]
        self.triangle = self.r[: self.size, : self.size]

    def values(self, values: np.ndarray) -> np.ndarray:
        """The right-hand side."""
        return scipy.linalg.solve_triangular(self.triangle, values[self.order[: self.size]], trans=1)

    def dual(self, nu: np.ndarray) -> np.ndarray:
        """The dual vector of these equations."""
        return self.r[: self.size] @ nu[self.order]

    def original_dual(self, nu: np.ndarray) -> np.ndarray:
        """The dual vector of the original equations, zero for those left out."""
        whole = np.zeros(self.count)
        whole[self.order[: self.size]] = scipy.linalg.solve_triangular(self.triangle, nu)
        return whole


def _from_start(programme: _Programme, tolerance: float, start: np.ndarray | None) -> Masses:
    """From the start, or, where that leads nowhere, from zero."""
    found = _interior(programme, tolerance, start)
    if start is None or programme.reward is not None or found.error <= _STUCK:
        return found
    afresh = _interior(programme, tolerance, None)
    return afresh if afresh.error < found.error else found


def _interior(programme: _Programme, tolerance: float, start: np.ndarray | None) -> Masses:
    system = _Dense(programme, tolerance, start)
    found = iterates(system, system.slack, system.mass, patience=_PATIENCE, deadline=programme.deadline)
    return last(found).point


class _Dense:
    """A programme's unknowns nu and c, the slacks of 1 -+ Phi^T nu, and Newton's equations for them."""

    def __init__(self, programme: _Programme, tolerance: float, start: np.ndarray | None) -> None:
        self.atoms, self.free, self.values, self.rho, reward, deadline = programme
        self.tolerance = tolerance
        n, p = self.atoms.shape
        nu = np.zeros(n) if start is None else start
        tilt, pull = (np.zeros(p), np.zeros(self.free.shape[1])) if reward is None else reward
        correlation = self.atoms.T @ nu + tilt
        largest = float(np.max(np.abs(correlation), initial=0.0))
        if largest > 0.95 and reward is None:
            nu, correlation = nu * (0.95 / largest), correlation * (0.95 / largest)
        self.nu, self.coefficients = nu, np.zeros(self.free.shape[1])
        self.size = max(float(np.max(np.abs(self.values))), 1e-300)
        self.slack = np.stack([1 - correlation, 1 + correlation])
        self.mass = 5 * self.size / p / self.slack
        self.normal = Normal(self.atoms, self.free, self.rho, pull)
        self.normal.deadline = deadline
        # Steps of different lengths would leave a misfit of rho times the difference.
        self.together = bool(np.any(self.rho))

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[Masses]:
        """The masses, with the complementarity and the misfit that are left."""
        masses, nu = mass[0] - mass[1], self.nu
        self.misfit = self.values - self.atoms @ masses - self.free @ self.coefficients - self.rho * nu
        gap = float(np.sum(mass * slack))
        objective = max(1.0, abs(float(self.values @ nu - 0.5 * (self.rho * nu) @ nu)))
        apart = (gap + float(np.abs(self.misfit) @ np.abs(nu))) / objective
        residual = float(np.max(np.abs(self.misfit))) / self.size
        present = Masses(masses, self.coefficients, nu, mass.sum(axis=0), apart, residual)
        close = gap <= self.tolerance * objective
        return Standing(present, present.error, present.solves(self.tolerance), close)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor Phi D Phi^T + rho."""
        return self.normal.factor(ratio.sum(axis=0), self.misfit)

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """Newton steps of nu and c; the slacks fall by +-Phi^T of the first."""
        step, shift = self.normal.solve(self.misfit - self.atoms @ (move[0] - move[1]), self.nu)
        rise = self.atoms.T @ step
        fall = np.stack([rise, -rise])
        return Direction((step, shift), fall, move + ratio * fall)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move nu with the slacks, c with the masses."""
        step, shift = direction.step
        self.nu = self.nu + dual * step
        self.coefficients = self.coefficients + primal * shift


class Normal:
    """Systems with Phi D Phi^T + rho and the free terms' equations; in atoms' space if that is smaller."""

    def __init__(self, atoms: np.ndarray, free: np.ndarray, rho: np.ndarray, pull: np.ndarray) -> None:
        self.atoms, self.free, self.rho, self.pull = atoms, free, rho, pull
        self.squares = np.einsum("ij,ij->j", atoms, atoms)
        self.buffer = self.matrix = np.zeros((0, 0))
        self.deadline = math.inf
        self.small = atoms.shape[1] < 0.7 * atoms.shape[0] and float(rho.min()) > 0
        if self.small:
            self.weigh(rho)

    def weigh(self, rho: np.ndarray) -> None:
        """Another rho, positive."""
        self.rho = rho
        if self.small:
            self.scaled, self.gram = self.atoms / rho[:, None], _product(self.atoms / np.sqrt(rho)[:, None])

    def factor(self, weights: np.ndarray, probe: np.ndarray) -> bool:
        """Factor for D = `weights`; False if that breaks down. `probe` is a right-hand side to test it with."""
        self.root, self.weights = np.sqrt(weights), weights
        matrix = self._matrix()
        self.mean = float(weights @ self.squares + np.sum(self.rho)) / self.rho.size
        if not np.all(np.isfinite(np.diagonal(matrix))):
            return False
        try:
            self.factored = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            return False
        if self.small:
            probe = probe / (float(np.max(np.abs(probe))) or 1.0)
            probed = self._invert(np.column_stack([probe, self.free]))
            left = probe - self._product(probed[:, 0])
            accurate = _ACCURATE if len(probe) <= _MANY else _ROUGH
            if not float(np.max(np.abs(left))) <= accurate:
                if not fits(len(self.atoms) ** 3 / 3, self.deadline):
                    return False  # no time for the large system
                self.small = False  # weights of too many orders of magnitude for the matrix inversion lemma
                return self.factor(weights, probe)
            self.free_solved = probed[:, 1:]
        else:
            self.free_solved = self._invert(self.free)
        self.free_matrix = self.free.T @ self.free_solved
        return bool(np.all(np.isfinite(self.free_matrix)))

    def _matrix(self) -> np.ndarray:
        if self.small:
            matrix = self.gram * self.root[:, None] * self.root
            matrix[np.diag_indices_from(matrix)] += 1.0
            return matrix
        if self.matrix.size == 0:
            # Written again and again: fresh pages for arrays of this size would cost as much as the product.
            n = len(self.atoms)
            self.buffer, self.matrix = np.empty_like(self.atoms), np.zeros((n, n), order="F")
        np.multiply(self.atoms, self.root, out=self.buffer)
        matrix = _product(self.buffer.T, self.matrix)
        matrix[np.diag_indices_from(matrix)] += self.rho + 1e-14 * np.trace(matrix) / len(matrix)
        return matrix

    def solve(self, right: np.ndarray, nu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(step, shift) with (Phi D Phi^T + rho) step + F shift = right and F^T (nu + step) + pull = 0.

        Once more for what is left: between large multiples of the free terms digits of a step are lost.
        """
        if self.free.shape[1] == 0:
            return self._invert(right), np.zeros(0)
        step, shift = self._bordered(right, self.free.T @ nu + self.pull)
        left = right - self._product(step) - self.free @ shift
        if float(np.max(np.abs(left))) <= _REFINED * float(np.max(np.abs(right))):
            return step, shift
        again, more = self._bordered(left, self.free.T @ (nu + step) + self.pull)
        closer = right - self._product(step + again) - self.free @ (shift + more)
        if float(np.max(np.abs(closer))) < float(np.max(np.abs(left))):
            return step + again, shift + more
        return step, shift

    def _bordered(self, right: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(step, shift) with (Phi D Phi^T + rho) step + F shift = right and F^T step + below = 0."""
        step = self._invert(right)
        below = self.free.T @ step + below
        if not np.all(np.isfinite(below)):
            return step, np.full(below.size, np.nan)  # the loop ends with the best so far
        shift = np.linalg.lstsq(self.free_matrix, below, rcond=None)[0]
        return step - self.free_solved @ shift, shift

    def _invert(self, right: np.ndarray) -> np.ndarray:
        """The solution, improved by conjugate gradients: near the end the weights span many orders of magnitude."""
        if right.ndim == 2 and right.shape[1] == 0:
            return right
        x = self._once(right)
        left = right - self._product(x)
        wanted = _REFINED * np.max(np.abs(right), axis=0)
        if np.all(np.max(np.abs(left), axis=0) <= wanted):
            return x
        better = self._once(left)
        along, slope = better, np.sum(left * better, axis=0)
        best, error = x, np.max(np.abs(left))
        for _ in range(_REFINEMENTS):
            image = self._product(along)
            curvature = np.sum(along * image, axis=0)
            # Along what the atoms do not span the curvature is rounding errors, and a step leads nowhere.
            sound = curvature > _SINGULAR * self.mean * np.sum(along * along, axis=0)
            step = np.divide(slope, curvature, out=np.zeros_like(slope), where=sound)
            if not np.any(step):
                break
            x = x + step * along
            left = left - step * image
            if np.max(np.abs(left)) < error:
                best, error = x, np.max(np.abs(left))
            if np.all(np.max(np.abs(left), axis=0) <= wanted):
                break
            better = self._once(left)
            before, slope = slope, np.sum(left * better, axis=0)
            along = better + np.divide(slope, before, out=np.zeros_like(slope), where=before > 0) * along
        return best

    def _product(self, x: np.ndarray) -> np.ndarray:
        """(Phi D Phi^T + rho) x."""
        column = (slice(None), None) if x.ndim == 2 else slice(None)
        return self.atoms @ (self.weights[column] * (self.atoms.T @ x)) + self.rho[column] * x

    def _once(self, right: np.ndarray) -> np.ndarray:
        if not self.small:
            return scipy.linalg.cho_solve(self.factored, right, check_finite=False)
        column = (slice(None), None) if right.ndim == 2 else slice(None)
        scaled = right / self.rho[column]
        inner = scipy.linalg.cho_solve(self.factored, self.root[column] * (self.atoms.T @ scaled), check_finite=False)
        return scaled - self.scaled @ (self.root[column] * inner)


def _product(columns: Float[np.ndarray, "n p"], into: Float[np.ndarray, "p p"] | None = None) -> np.ndarray:
    """The lower triangle of columns^T columns, in half of what the whole product takes."""
    if columns.size == 0:
        return np.zeros((columns.shape[1], columns.shape[1]))
    by_columns = columns.flags.f_contiguous
    factor = columns if by_columns else columns.T
    return dsyrk(1.0, factor, c=into, overwrite_c=int(into is not None), trans=int(by_columns), lower=1)

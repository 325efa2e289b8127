"""The master problem for losses that are no squares: conjugates by their curvature, domains and kinks by slacks."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from minnorm.interior import Direction, Standing, iterates, last
from minnorm.objective.separable import Separable
from minnorm.solve import master
from minnorm.solve.master import Masses, Normal, without_free_part
from minnorm.solve.reduction import Reduced

_PATIENCE = 5
_WORSE = 1e6  # steps far from the answer are taken where losses without ends make much of them
_INSIDE = 0.9  # of the way from a point inside the domain to its edge, at most, for a start
_APART = 0.1  # of a slope: the parts of nu where it is 0
_ROOM = 0.95  # sup |h| of a start
_FITTED = 1e-11  # relative gap of the best free terms
_NOTHING = 1e-12  # of a slope, and of what is paid without any function: rounding errors
_REPEATED, _ROUNDED = 20, 1e-15  # times, at most; of a slope
_FROM_ENDS = (0.0, 1e-3)  # of a slope: how far from the ends of their intervals entries are taken to be, at least
_EXACTLY, _ORTHOGONAL = 1e-14, 1e-10  # of the terms of a product that should be 0: to aim at, and to do with
_TYPICAL = 1.0  # a slope of losses whose domain has no end


# Weights that span all orders of magnitude overflow; what is not finite is never the best iterate.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def solve(
    loss: Separable,
    atoms: Float[np.ndarray, "n p"],
    free: Float[np.ndarray, "n q"],
    *,
    tolerance: float,
    start: Float[np.ndarray, " n"] | None = None,
    deadline: float = math.inf,
) -> Masses:
    r"""Mehrotra's predictor-corrector method on the dual, as `master.solve` has it for squares.

        min  sum |a| + L(Phi a + F c)
        max  -L*(-nu)                    s.t.  |Phi^T nu| <= 1,  F^T nu = 0

    L* is a sum over points: psi_i(nu_i) + k_i |nu_i| on an interval. Newton's equations for psi' add psi'' to
    Phi D Phi^T, an end of an interval is a slack more, and so are the two parts nu = v+ - v-, v >= 0, of what has a
    kink. `start`, `deadline` and what is returned are as in `master.solve`.

    Source: Mehrotra (1992) for the loop; Vanderbei (1999), *LOQO: an interior point code for quadratic programming*,
    for convex terms in it.
    """
    rest = without_free_part(atoms, free)
    if rest is not None:
        found = solve(loss, rest[0], free, tolerance=tolerance, start=start, deadline=deadline)
        return replace(found, coefficients=found.coefficients - rest[1] @ found.masses)
    system = _Curved(loss, atoms, free, tolerance, start, deadline)
    found = iterates(system, system.slack, system.mass, patience=_PATIENCE, worse=_WORSE, deadline=deadline)
    return last(found).point


@dataclass(frozen=True)
class _Places:
    """Where the slacks of each kind are, in one row: of 1 - Phi^T nu, of 1 + Phi^T nu, of ends, of parts."""

    atoms: int
    high: Int[np.ndarray, " h"]
    low: Int[np.ndarray, " l"]
    kinked: bool
    count: int

    def split(self, row: np.ndarray) -> list[np.ndarray]:
        """The six parts of a row."""
        sizes = [self.atoms, self.atoms, self.high.size, self.low.size, self.count * self.kinked]
        return np.split(row, np.cumsum(sizes))

    def spread(self, part: np.ndarray, places: np.ndarray) -> np.ndarray:
        """A part with zeros where there is no such slack."""
        whole = np.zeros(self.count)
        whole[places] = part
        return whole


class _Curved:
    """A programme's unknowns nu and c, its slacks, and Newton's equations for them."""

    def __init__(
        self,
        loss: Separable,
        atoms: np.ndarray,
        free: np.ndarray,
        tolerance: float,
        start: np.ndarray | None,
        deadline: float,
    ) -> None:
        self.loss, self.atoms, self.free, self.tolerance = loss, atoms, free, tolerance
        n, p = atoms.shape
        low, high = loss.domain
        self.kink = loss.kink
        self.places = _Places(
            p, np.flatnonzero(np.isfinite(high)), np.flatnonzero(np.isfinite(low)), bool(np.any(self.kink)), n
        )
        self.nu = nu = self._begun(low, high, start)
        # Where psi neither bends nor kinks and nothing is free, steps of one length can end in a corner.
        straight = not np.any(loss.curvature(nu) > 0) and not np.any(self.kink)
        self.together = not straight or free.shape[1] > 0
        self.coefficients = np.zeros(free.shape[1])
        correlation = atoms.T @ nu
        parts = [1 - correlation, 1 + correlation, (high - nu)[self.places.high], (nu - low)[self.places.low]]
        if self.places.kinked:
            room = _APART * (np.abs(nu) + loss.rate * np.abs(loss.scale))
            parts += [np.maximum(nu, 0) + room, np.maximum(-nu, 0) + room]
        self.slack = np.concatenate(parts)
        scale = max(loss.value(np.zeros(n)), 1e-300)
        self.nothing = _NOTHING * scale
        if self.places.kinked:
            self.mass = np.append((scale / self.slack.size / self.slack)[: -2 * n], np.tile(self.kink, 2))
        else:
            self.mass = self._multipliers(max(scale + loss.conjugate(nu), self.nothing) / max(self.slack.size, 1))
        self.normal = Normal(atoms, free, np.ones(n), np.zeros(free.shape[1]))
        self.normal.deadline = deadline

    def _begun(self, low: np.ndarray, high: np.ndarray, start: np.ndarray | None) -> np.ndarray:
        """A dual vector inside its domain and with sup |h| below 1."""
        typical = _TYPICAL * self.loss.rate * np.abs(self.loss.scale)
        below, above = np.maximum(low, -typical), np.minimum(high, typical)
        middle, half = 0.5 * (below + above), 0.5 * (above - below)
        if start is None:
            nu = middle
        else:
            widest = np.maximum(half, np.abs(start - middle)) if not np.all(np.isfinite(low + high)) else half
            nu = middle + np.clip(start - middle, -_INSIDE * widest, _INSIDE * widest)
            nu = np.where(nu >= high, middle, np.where(nu <= low, middle, nu))
        largest = float(np.max(np.abs(self.atoms.T @ nu), initial=0.0))
        return nu * (_ROOM / largest) if largest > _ROOM else nu

    def _multipliers(self, mean: float) -> np.ndarray:
        """Multipliers that make about `mean` of their slacks, without a misfit where ends can take what is missing.

        They are those of the function 0, so an atom's two are equal. As long as there is a misfit steps are short.
        """
        plus, minus, high, low, *_ = self.places.split(self.slack)
        missing, endless = self.loss.values_of(self.nu), np.full(self.nu.size, np.inf)
        above, below = endless.copy(), endless
        above[self.places.high], below[self.places.low] = high, low
        both = np.where(np.isfinite(above), above, below) * np.where(np.isfinite(below), below, above)
        atoms, ends = mean / np.sqrt(plus * minus), mean / np.sqrt(both)
        upper, lower = ends + np.maximum(missing, 0), ends + np.maximum(-missing, 0)
        return np.concatenate([atoms, atoms, upper[self.places.high], lower[self.places.low]])

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[Masses]:
        """The masses, with the complementarity and the misfit that are left."""
        plus, minus, high, low, first, second = self.places.split(mass)
        masses, nu, loss, places = plus - minus, self.nu, self.loss, self.places
        values = self.atoms @ masses + self.free @ self.coefficients
        ends = places.spread(high, places.high) - places.spread(low, places.low)
        self.misfit = loss.values_of(nu) - values - ends
        if places.kinked:
            self.misfit = self.misfit - 0.5 * (second - first)
        # The true gap: where nu is next to nothing the values that belong to it are no measure of anything.
        dual, norm = -loss.conjugate(nu), float(np.sum(np.abs(masses)))
        objective = max(abs(dual), norm, self.nothing)  # 0 where free terms separate the classes
        gap = abs(loss.value(values) + norm - dual)
        apart, missed = gap / objective, np.abs(self.free.T @ nu)
        size = np.abs(self.free).T @ np.maximum(np.abs(nu), _NOTHING * loss.rate * np.abs(loss.scale))
        residual = float(np.max(missed / np.maximum(size, 1e-300), initial=0.0))
        present = Masses(masses, self.coefficients, nu, plus + minus, apart, residual)
        # A high price on what the equations round off keeps the gap open; complementarity closes all the same.
        close = min(gap, float(mass @ slack)) <= self.tolerance * objective
        return Standing(present, present.error, present.solves(self.tolerance), close)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor Phi D Phi^T + psi'' + what ends and parts add."""
        plus, minus, high, low, first, second = self.places.split(ratio)
        places = self.places
        bent = self.loss.curvature(self.nu) + places.spread(high, places.high) + places.spread(low, places.low)
        if places.kinked:
            self.stiff = 1 / (1 / first + 1 / second)
            bent = bent + self.stiff
        if not np.all(np.isfinite(bent)):
            return False
        self.normal.weigh(bent)
        return self.normal.factor(plus + minus, self.misfit)

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """Newton steps of nu and c, and what slacks and multipliers make of them."""
        plus, minus, high, low, first, second = self.places.split(move)
        *_, of_first, of_second = self.places.split(ratio)
        places = self.places
        ends = places.spread(high, places.high) - places.spread(low, places.low)
        right = self.misfit - self.atoms @ (plus - minus) - ends
        if places.kinked:
            first, second = first / of_first, second / of_second
            right = right - self.stiff * (second - first)
        step, shift = self.normal.solve(right, self.nu)
        rise = self.atoms.T @ step
        fall = [rise, -rise, step[places.high], -step[places.low]]
        if places.kinked:
            force = self.stiff * (step - first + second)
            fall += [-(first + force / of_first), -(second - force / of_second)]
        falls = np.concatenate(fall)
        return Direction((step, shift), falls, move + ratio * falls)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move nu with the slacks, c with the masses."""
        step, shift = direction.step
        self.nu = self.nu + dual * step
        self.coefficients = self.coefficients + primal * shift


def fit(loss: Separable, free: Float[np.ndarray, "n q"]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (q,) of the free terms that pay least, and the dual vector that they leave, orthogonal to them."""
    n, q = free.shape
    if q == 0:
        return np.zeros(0), loss.slope(np.zeros(n))
    found = solve(loss, np.zeros((n, 0)), free, tolerance=_FITTED)
    nu = orthogonal(loss, found.nu, free)
    # Where free terms fit, or separate the classes, slopes are rounding errors of 0.
    nothing = _NOTHING * float(np.max(loss.rate * np.abs(loss.scale)))
    return found.coefficients, np.where(np.max(np.abs(nu)) <= nothing, 0.0, nu)


def orthogonal(loss: Separable, nu: Float[np.ndarray, " n"], free: Float[np.ndarray, "n q"]) -> np.ndarray:
    r"""A dual vector near nu that is orthogonal to the free terms, and in the domain of L*; 0 where none is found.

    What is missing is spread by how far entries are from the ends of their intervals, so that those at an end stay
    there, unless no others are left: beyond it no multiple of the vector would prove anything.
    """
    low, high = loss.domain
    size = loss.rate * np.abs(loss.scale)
    begin = np.clip(nu, low, high)
    for least in _FROM_ENDS:
        nu = begin
        for _ in range(_REPEATED):
            if _missed(nu, free) <= _EXACTLY:
                break
            room = np.maximum(np.minimum(np.minimum(nu - low, high - nu), size), least * size)
            spread = room[:, None] * free
            nu = np.clip(nu - room * np.linalg.lstsq(spread.T, free.T @ nu, rcond=None)[0], low, high)
        if _missed(nu, free) <= _ORTHOGONAL:
            return np.where(np.abs(nu) <= _ROUNDED * size, 0.0, nu)
    return np.zeros(nu.size)


def _missed(nu: np.ndarray, free: np.ndarray) -> float:
    """The largest |F^T nu|, of the terms that it is the sum of."""
    return float(np.max(np.abs(free.T @ nu) / np.maximum(np.abs(free).T @ np.abs(nu), 1e-300), initial=0.0))


def best_masses(
    reduced: Reduced,
    atoms: Float[np.ndarray, "n p"],
    *,
    tolerance: float,
    start: Float[np.ndarray, " n"] | None = None,
    deadline: float = math.inf,
) -> Masses:
    """The master problem of a reduced one on some atoms, by the method that suits its loss."""
    options = {"tolerance": tolerance, "start": start, "deadline": deadline}
    if isinstance(reduced.loss, Separable):
        return solve(reduced.loss, atoms, reduced.free, **options)
    return master.solve(atoms, reduced.free, reduced.values, reduced.rho, **options)

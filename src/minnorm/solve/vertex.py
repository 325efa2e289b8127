"""The last digits of interpolation: Newton's method on the optimality conditions of the atoms that are left."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float

from minnorm.solve import cells
from minnorm.solve.found import Found, dual_bound
from minnorm.solve.motion import Motion
from minnorm.solve.pace import fits
from minnorm.solve.pricing.fed import Fed
from minnorm.solve.pricing.pricers import Exact, Pricer
from minnorm.solve.reduction import Reduced

_STEPS = 8
_UNKNOWNS = 900  # of one system, beyond which a step would take longer than the rest
_DAMPED = 1e-9  # of the mean square of a column: keeps a singular system apart from 0
_REFINEMENTS = 6
_SOLVED = 1e-13  # of the labels' size: residuals that are rounding errors
_STORED = 2e-14  # the same in the original coordinates
_LOST = 1e-11  # of all masses: an atom with less has none
_RANK = 1e-10  # singular values below this share of the largest belong to conditions that others imply
_CLOSED = 1e-13  # gaps that are rounding errors
_SAME = 1e-14  # of the value: no change


@dataclass(frozen=True)
class Vertex:
    """Atoms of unit cost with masses, the free terms' coefficients, and the dual vector of their conditions."""

    weights: Float[np.ndarray, "k r"]
    biases: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, " q"]
    nu: Float[np.ndarray, " n"]
    residual: float
    """The largest error at the points, relative to the largest label."""

    @property
    def value(self) -> float:
        """sum |a|."""
        return float(np.sum(np.abs(self.masses)))


def sharpened(reduced: Reduced, found: Found, pricer: Pricer, deadline: float = math.inf) -> Found:
    """What was found with the last digits that its atoms know: of the network, where it has to interpolate, and of the
    dual vector, where it can be priced exactly; each is taken if it is better."""
    if found.masses.size == 0 or not reduced.loss.quadratic or reduced.inputs is not None or reduced.along is not None:
        return found
    if reduced.interpolates:
        vertex = polished(reduced, found, deadline)
        if vertex is None:
            return found
        nu = vertex.nu
        if vertex.value <= found.value * (1 + _SAME) and _storable(reduced, vertex):
            parts = {name: getattr(vertex, name) for name in ("weights", "biases", "masses", "coefficients", "value")}
            found = replace(found, **parts)
    else:
        values = reduced.atoms(found.weights, found.biases) @ found.masses + reduced.free @ found.coefficients
        nu = reduced.loss.slope(values)
        nu = nu - reduced.free @ (reduced.free.T @ nu) / nu.size
    if not isinstance(pricer, Exact | Fed) or not np.all(np.isfinite(nu)) or found.gap <= _CLOSED:
        return found
    exact = pricer.exact if isinstance(pricer, Fed) else pricer
    atoms = exact.price(nu, found.weights, found.biases, deadline)
    if not atoms.complete:
        return found
    bound, feasible = dual_bound(reduced, nu, atoms.largest)
    return replace(found, bound=bound, nu=feasible) if bound > found.bound else found


def polished(reduced: Reduced, found: Found, deadline: float = math.inf) -> Vertex | None:
    r"""The network that interpolates at the least cost among those near `found` with its atoms, and its dual vector.

    With theta_k = a_k (w_k, b_k) in the cells where they are, and kinks through points staying there,

        theta_k / |theta_k| = sum_i nu_i sigma'_ki (x_i, 1)    along all moves,    F^T nu = 0,
        sum_k sigma'_ki theta_k . (x_i, 1) + F c = y_i

    are as many equations as unknowns theta, nu, c, smooth, solved by Newton's method. Where nu is not unique the one
    nearest to `found.nu` is taken. None where that leads nowhere: which atoms there are was not known well enough.

    Source: Boyd & Vandenberghe (2004), *Convex Optimization*, section 10.2, for Newton's method with equations.
    """
    lifted = np.column_stack([reduced.points, np.ones(len(reduced.points))])
    size = max(float(np.max(np.abs(reduced.values))), 1e-300)
    atoms = cells.merged(reduced, found.weights, found.biases, found.masses)
    here = _standing(reduced, *atoms, found.coefficients, found.nu, size)
    best = None
    for _ in range(_STEPS):
        there = _step(reduced, lifted, here, size, deadline) if here.masses.size else None
        if there is None:
            break
        if there.residual <= _SOLVED and (best is None or there.value <= best.value * (1 + _SAME)):
            still = best is not None and best.value <= there.value * (1 + _SAME)
            best = there
            if still:
                break
        here = there
    return None if best is None else replace(best, nu=_dual(reduced, lifted, best, found.nu))


def _storable(reduced: Reduced, here: Vertex) -> bool:
    """Whether its network meets the labels where it is rounded to the original coordinates, in which there may be too
    few neurons for their masses to mend that."""
    network = reduced.network(here.weights, here.biases, here.masses, here.coefficients)
    wanted = (reduced.values * reduced.size)[reduced.group]
    missed = network.evaluate(reduced.problem.points) - wanted
    return float(np.max(np.abs(missed))) <= _STORED * float(np.max(np.abs(wanted)))


def _dual(reduced: Reduced, lifted: np.ndarray, here: Vertex, nu: np.ndarray) -> np.ndarray:
    """The dual vector nearest to one given for which the atoms' conditions hold."""
    motion = Motion.of(reduced, lifted, here.weights, here.biases, here.masses)
    columns = np.concatenate([motion.columns, reduced.free], axis=1)
    wanted = np.concatenate([motion.pulls, np.zeros(reduced.free.shape[1])])
    for _ in range(2):
        solved: Any = scipy.linalg.lstsq(columns.T, wanted - columns.T @ nu, cond=_RANK, lapack_driver="gelsy")
        nu = nu + solved[0]
        nu = nu - reduced.free @ (reduced.free.T @ nu) / nu.size  # columns of mean square 1, orthogonal
    return nu


def _standing(
    reduced: Reduced,
    weights: np.ndarray,
    biases: np.ndarray,
    masses: np.ndarray,
    coefficients: np.ndarray,
    nu: np.ndarray,
    size: float,
) -> Vertex:
    rest = reduced.values - reduced.atoms(weights, biases) @ masses - reduced.free @ coefficients
    return Vertex(weights, biases, masses, coefficients, nu, float(np.max(np.abs(rest))) / size)


def _step(reduced: Reduced, lifted: np.ndarray, here: Vertex, size: float, deadline: float) -> Vertex | None:
    """One Newton step, as far as kinks and masses allow; atoms whose mass vanishes on the way go."""
    motion = Motion.of(reduced, lifted, here.weights, here.biases, here.masses)
    n, free, u = len(lifted), reduced.free, motion.unknowns
    total = n + u + free.shape[1]
    if total > _UNKNOWNS or not fits(2 * total**3, deadline):
        return None
    columns = np.concatenate([motion.columns, free], axis=1)
    rest = reduced.values - reduced.atoms(here.weights, here.biases) @ here.masses - free @ here.coefficients
    none = np.zeros(free.shape[1])
    bends = scipy.linalg.block_diag(*motion.bends, np.zeros((none.size, none.size)))
    slope = columns.T @ here.nu - np.concatenate([motion.pulls, none])
    change, dual = _solved(np.asarray(bends), columns, slope, rest)
    if not np.all(np.isfinite(change)):
        return None
    weights, biases, masses, share, _ = motion.moved(change[:u], 1.0)
    kept = np.abs(masses) > _LOST * float(np.sum(np.abs(masses)))
    nu = here.nu + dual
    nu = nu - free @ (free.T @ nu) / n
    coefficients = here.coefficients + share * change[u:]
    return _standing(reduced, weights[kept], biases[kept], masses[kept], coefficients, nu, size)


def _solved(
    bends: np.ndarray, columns: np.ndarray, slope: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(x, nu) with bends x - columns^T nu = slope and columns x = rest, about the smallest where there are many."""
    n, u = columns.shape
    scale = np.sqrt(np.mean(columns**2) * max(n, u)) or 1.0
    matrix = np.zeros((u + n, u + n))
    matrix[:u, :u], matrix[:u, u:], matrix[u:, :u] = bends, -columns.T, columns
    damped = matrix + _DAMPED * scale * np.eye(u + n)
    right = np.concatenate([slope, rest])
    factored = scipy.linalg.lu_factor(damped, check_finite=False)
    found = np.zeros(u + n)
    for _ in range(_REFINEMENTS):
        found = found + scipy.linalg.lu_solve(factored, right - matrix @ found, check_finite=False)
    return found[:u], found[u:]

"""Best masses on finitely many averaged neurons: an interior point method, or a linear programme for lam = 0."""

from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.optimize import linprog

_STEPS = 100
_GAP = 1e-13
_TOLERANCES = (1e-10, 1e-9, 1e-7)
_TO_BOUNDARY = 0.99
_REFINEMENTS = 2
_CLOSE = 1e-3
_STALLED = 8  # steps without progress that end the iteration once it is close


def best_masses(
    columns: Float[np.ndarray, "n q"], values: Float[np.ndarray, " n"], rho: float
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " n"]]:
    """Masses z (q,) and the dual vector v (n,) of

        min  sum |z| + rho/2 |v|^2   s.t.  A z + rho v = b        =    max  b . v - rho/2 |v|^2   s.t.  |A^T v| <= 1

    for a small matrix A. Where there are more rows than columns the part of b outside A's range is kept apart.

    >>> z, v = best_masses(np.array([[1.0, 0.5], [0.0, 1.0]]), np.array([1.0, 0.0]), 0.25)
    >>> z.round(9).tolist(), v.round(9).tolist()
    ([0.75, 0.0], [1.0, 0.0])
    """
    n, q = columns.shape
    if rho == 0:
        return _interpolating(columns, values)
    if q >= n:
        return _interior(columns, values, rho)
    basis, triangle = np.linalg.qr(columns)
    inside = basis.T @ values
    masses, dual = _interior(triangle, inside, rho)
    return masses, basis @ dual + (values - basis @ inside) / rho


def _interpolating(columns: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    q = columns.shape[1]
    # Columns of neurons that are active at few points are small: scaled, the programme's tolerances fit them all.
    scale = np.linalg.norm(columns, axis=0)
    scale[scale == 0] = 1.0
    scaled = columns / scale
    # Rows of radii close to each other almost agree; where the solver gives up, it may not at a larger tolerance.
    for tolerance in _TOLERANCES:
        found = linprog(
            np.tile(1 / scale, 2),
            A_eq=np.hstack([scaled, -scaled]),
            b_eq=values,
            method="highs-ds",
            options={"primal_feasibility_tolerance": tolerance, "dual_feasibility_tolerance": tolerance},
        )
        if found.status == 0:
            return (found.x[:q] - found.x[q:]) / scale, found.eqlin.marginals
    raise ValueError(
        "values cannot be met to double precision at radii this close in this dimension; give fewer radii or a small "
        "lam > 0"
    )


def _interior(columns: np.ndarray, values: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Mehrotra's predictor-corrector method on the dual, whose iterates stay feasible."""
    n, q = columns.shape
    v = np.zeros(n)
    # Slacks 1 -+ A^T v, and their multipliers, whose difference are the masses.
    slack, weight = np.ones((2, q)), np.full((2, q), max(float(np.max(np.abs(values))), 1e-12))
    best, best_error, since = (np.zeros(q), v), np.inf, 0
    for _ in range(_STEPS):
        misfit = values - columns @ (weight[0] - weight[1]) - rho * v
        gap = float(np.sum(weight * slack))
        objective = float(np.sum(weight) + 0.5 * rho * v @ v)
        error = (gap + float(np.abs(misfit) @ np.abs(v))) / max(objective, 1e-300)
        error = max(error, float(np.max(np.abs(misfit))) / float(np.max(np.abs(values))))
        since = since + 1 if best_error <= min(error, _CLOSE) else 0
        if error < best_error:
            best, best_error = (weight[0] - weight[1], v), error
        if error <= _GAP or since > _STALLED:
            break
        ratio = weight / slack
        matrix = (columns * ratio.sum(axis=0)) @ columns.T
        matrix[np.diag_indices(n)] += rho
        try:
            factor = scipy.linalg.cho_factor(matrix)
        except (scipy.linalg.LinAlgError, ValueError):
            break

        mean = gap / (2 * q)
        system = (columns, rho, factor)
        _, change, push = _direction(system, misfit, slack, weight, np.zeros((2, q)))
        ahead = (slack + _longest(slack, change) * change) * (weight + _longest(weight, push) * push)
        centred = (float(np.sum(ahead)) / gap) ** 3 * mean
        step, change, push = _direction(system, misfit, slack, weight, centred - change * push)
        along, across = _longest(slack, change, _TO_BOUNDARY), _longest(weight, push, _TO_BOUNDARY)
        v, slack, weight = v + along * step, slack + along * change, weight + across * push
    return best


def _direction(
    system: tuple[np.ndarray, float, Any], misfit: np.ndarray, slack: np.ndarray, weight: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps of v, the slacks and the weights towards weight * slack = target."""
    columns, rho, factor = system
    ratio, move = weight / slack, target / slack - weight
    right = misfit - columns @ (move[0] - move[1])
    step = scipy.linalg.cho_solve(factor, right)
    for _ in range(_REFINEMENTS):  # the matrix is ill-conditioned, its product with a vector is not
        left = columns @ (ratio.sum(axis=0) * (columns.T @ step)) + rho * step
        step = step + scipy.linalg.cho_solve(factor, right - left)
    rise = columns.T @ step
    change = np.stack([-rise, rise])
    return step, change, move - ratio * change


def _longest(present: np.ndarray, change: np.ndarray, share: float = 1.0) -> float:
    """The longest step, at most 1, that keeps what is positive so."""
    falling = change < 0
    return min(1.0, share * float(np.min(-present[falling] / change[falling], initial=np.inf)))

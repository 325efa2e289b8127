"""Best masses on finitely many averaged neurons: an interior point method, or a linear programme for lam = 0."""

import math

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.optimize import linprog

from minnorm.interior import Direction, Standing, iterates, last

_GAP = 1e-13
_TOLERANCES = (1e-10, 1e-9, 1e-7)
_REFINEMENTS = 2
_CLOSE = 1e-3
_PATIENCE = 8  # steps without progress that end the iteration once it is close


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
    """By the interior point method on the dual, whose iterates stay feasible."""
    slack = np.ones((2, columns.shape[1]))
    mass = np.full_like(slack, max(float(np.max(np.abs(values))), 1e-12))
    return last(iterates(_Averaged(columns, values, rho), slack, mass, patience=_PATIENCE, worse=math.inf)).point


class _Averaged:
    """The dual vector v, the slacks of 1 -+ A^T v, whose multipliers' difference are the masses, and its equations."""

    together = False

    def __init__(self, columns: np.ndarray, values: np.ndarray, rho: float) -> None:
        self.columns, self.values, self.rho = columns, values, rho
        self.v = np.zeros(values.size)

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[tuple[np.ndarray, np.ndarray]]:
        """Masses and v, with the larger of the relative gap and the relative misfit."""
        masses = mass[0] - mass[1]
        self.misfit = self.values - self.columns @ masses - self.rho * self.v
        objective = float(np.sum(mass) + 0.5 * self.rho * self.v @ self.v)
        error = (float(np.sum(mass * slack)) + float(np.abs(self.misfit) @ np.abs(self.v))) / max(objective, 1e-300)
        error = max(error, float(np.max(np.abs(self.misfit))) / float(np.max(np.abs(self.values))))
        return Standing((masses, self.v), error, error <= _GAP, error <= _CLOSE)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor A D A^T + rho."""
        self.weights = ratio.sum(axis=0)
        matrix = (self.columns * self.weights) @ self.columns.T
        matrix[np.diag_indices_from(matrix)] += self.rho
        try:
            self.factored = scipy.linalg.cho_factor(matrix)
        except (scipy.linalg.LinAlgError, ValueError):
            return False
        return True

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """The Newton step of v; the slacks fall by +-A^T of it."""
        right = self.misfit - self.columns @ (move[0] - move[1])
        step = scipy.linalg.cho_solve(self.factored, right)
        for _ in range(_REFINEMENTS):  # the matrix is ill-conditioned, its product with a vector is not
            left = self.columns @ (self.weights * (self.columns.T @ step)) + self.rho * step
            step = step + scipy.linalg.cho_solve(self.factored, right - left)
        rise = self.columns.T @ step
        fall = np.stack([rise, -rise])
        return Direction(step, fall, move + ratio * fall)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move v with the slacks."""
        self.v = self.v + dual * direction.step

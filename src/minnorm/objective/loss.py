"""What a function pays for its values at the data, and the conjugate of that: the one room for a loss."""

import math
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float


@runtime_checkable
class Loss(Protocol):
    r"""A convex L of the values f (n,) or (n, q) that a function takes at the data.

        minimise    L(f) + norm                             over functions
        maximise    -L*(-nu),    L*(-nu) = sup_f (-nu . f - L(f))    over feasible dual vectors nu

    with L(f) + L*(-nu) + nu . f >= 0, and = 0 where nu is the `slope` -L'(f).
    """

    @property
    def exact(self) -> bool:
        """Whether L is finite at the labels alone, so that it is 0 and they must be met."""
        ...

    @property
    def quadratic(self) -> bool:
        """Whether L* is a quadratic function everywhere, so that its best free terms are those of least squares."""
        ...

    def value(self, f: Float[np.ndarray, "n *q"]) -> float:
        """L(f)."""
        ...

    def slope(self, f: Float[np.ndarray, "n *q"]) -> Float[np.ndarray, "n *q"]:
        """-L'(f): the dual vector of these values."""
        ...

    def conjugate(self, nu: Float[np.ndarray, "n *q"], times: float = 1.0) -> float:
        """L*(-times nu), infinite outside its domain: minus the dual objective."""
        ...

    def curvature(self, nu: Float[np.ndarray, "n *q"]) -> Float[np.ndarray, "n *q"]:
        """The second derivatives of L* at -nu, which is a sum over entries."""
        ...

    def best_multiple(self, nu: Float[np.ndarray, "n *q"], most: float) -> float:
        """t in [0, most] with the largest -L*(-t nu); 1 where all t are as good, or better and better without end."""
        ...

    def moved(self, part: Float[np.ndarray, "n *q"]) -> "Loss":
        """The loss of what is left of a function without `part`: L(part + f) as a function of f."""
        ...


@dataclass(frozen=True)
class Exactly:
    """Labels y that must be met: L = 0 there, and infinite elsewhere.

    >>> Exactly(np.array([1.0, 2.0])).conjugate(np.array([3.0, 1.0]))
    -5.0
    """

    y: Float[np.ndarray, "n *q"]
    exact: bool = field(default=True, init=False)
    quadratic: bool = field(default=True, init=False)

    def value(self, f: Float[np.ndarray, "n *q"]) -> float:
        """0 or infinite."""
        return 0.0 if np.array_equal(f, self.y) else math.inf

    def slope(self, f: Float[np.ndarray, "n *q"]) -> Float[np.ndarray, "n *q"]:
        """What is missing: it separates f from the labels, which have every dual vector."""
        return self.y - f

    def conjugate(self, nu: Float[np.ndarray, "n *q"], times: float = 1.0) -> float:
        """-times y . nu, everywhere."""
        return -times * float(np.vdot(self.y, nu))

    def curvature(self, nu: Float[np.ndarray, "n *q"]) -> Float[np.ndarray, "n *q"]:
        """0."""
        return np.zeros(np.shape(nu))

    def best_multiple(self, nu: Float[np.ndarray, "n *q"], most: float) -> float:
        """All that there is, or nothing."""
        if np.vdot(self.y, nu) < 0:
            return 0.0
        return most if math.isfinite(most) else 1.0

    def moved(self, part: Float[np.ndarray, "n *q"]) -> "Exactly":
        """Other labels."""
        return Exactly(self.y - part)

    def fit(self, columns: Float[np.ndarray, "n c"]) -> tuple[np.ndarray, np.ndarray]:
        """Least squares, and what they miss."""
        coefficients = _least_squares(columns, self.y)
        return coefficients, self.y - columns @ coefficients


@dataclass(frozen=True)
class Squared:
    r"""Squares of what labels y are missed by.

        L(f) = 1/2 sum_i (f_i - y_i)^2 / rho_i,    L*(-nu) = 1/2 sum_i rho_i nu_i^2 - y . nu

    Arguments: `y` (n,) or (n, q); `rho` (n,), positive.

    >>> loss = Squared(np.array([1.0, 2.0]), np.array([0.5, 1.0]))
    >>> loss.value(np.zeros(2)), loss.slope(np.zeros(2)), loss.conjugate(loss.slope(np.zeros(2)))
    (3.0, array([2., 2.]), -3.0)
    """

    y: Float[np.ndarray, "n *q"]
    rho: Float[np.ndarray, " n"]
    exact: bool = field(default=False, init=False)
    quadratic: bool = field(default=True, init=False)

    @property
    def _rho(self) -> np.ndarray:
        """rho, for rows of entries."""
        return self.rho if self.y.ndim == 1 else self.rho[:, None]

    def value(self, f: Float[np.ndarray, "n *q"]) -> float:
        """1/2 sum (y - f)^2 / rho."""
        return 0.5 * float(np.sum((self.y - f) ** 2 / self._rho))

    def slope(self, f: Float[np.ndarray, "n *q"]) -> Float[np.ndarray, "n *q"]:
        """(y - f) / rho."""
        return (self.y - f) / self._rho

    def conjugate(self, nu: Float[np.ndarray, "n *q"], times: float = 1.0) -> float:
        """times^2 / 2 sum rho nu^2 - times y . nu, everywhere."""
        linear, square = self._parts(nu)
        return 0.5 * times**2 * square - times * linear

    def curvature(self, nu: Float[np.ndarray, "n *q"]) -> Float[np.ndarray, "n *q"]:
        """rho."""
        return np.broadcast_to(self._rho, np.shape(nu))

    def best_multiple(self, nu: Float[np.ndarray, "n *q"], most: float) -> float:
        """The vertex of a parabola, or the end before it."""
        linear, square = self._parts(nu)
        if square > 0:
            return max(min(most, linear / square), 0.0)
        return most if math.isfinite(most) else 1.0

    def moved(self, part: Float[np.ndarray, "n *q"]) -> "Squared":
        """Other labels."""
        return Squared(self.y - part, self.rho)

    def fit(self, columns: Float[np.ndarray, "n c"]) -> tuple[np.ndarray, np.ndarray]:
        """Least squares with weights 1 / rho, and what they miss, over rho."""
        root = 1 / np.sqrt(self._rho)
        coefficients = _least_squares(columns * root.reshape(-1, 1), self.y * root)
        return coefficients, (self.y - columns @ coefficients) * root**2

    def _parts(self, nu: np.ndarray) -> tuple[float, float]:
        """y . nu and sum rho nu^2."""
        return float(np.vdot(self.y, nu)), float(np.vdot(self._rho * nu, nu))


def _least_squares(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    coefficients = np.linalg.lstsq(columns, values, rcond=None)[0]
    # Once more, for what is left may be small compared with the values.
    return coefficients + np.linalg.lstsq(columns, values - columns @ coefficients, rcond=None)[0]

"""A loss of `minnorm.losses` at all points, as a function of a function's values there, in whatever units."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from minnorm.losses import Loss as Pointwise

_HALVINGS = 100
_INSIDE = 1e-13  # of a multiple that may be taken: what is on the edge of the domain is left to rounding


@dataclass(frozen=True)
class Separable:
    r"""A sum over points of a convex function of one number each.

        L(f) = sum_i c_i phi(z_i),    z_i = s_i (f_i - y_i)
        L*(-nu) = sum_i c_i phi*(v_i) - y . nu,    v_i = -nu_i / (c_i s_i)

    Arguments: `kind` phi; `y` (n,), where z = 0; `scale` s (n,), not 0: with its sign, that of a class; `rate` c (n,),
    positive.

    >>> from minnorm.losses import Huber
    >>> loss = Separable(Huber(1.0), np.array([1.0, 4.0]), np.ones(2), np.ones(2))
    >>> loss.value(np.zeros(2)), loss.slope(np.zeros(2))
    (4.0, array([1., 1.]))
    """

    kind: Pointwise
    y: Float[np.ndarray, " n"]
    scale: Float[np.ndarray, " n"]
    rate: Float[np.ndarray, " n"]
    exact: bool = field(default=False, init=False)
    quadratic: bool = field(default=False, init=False)

    def value(self, f: Float[np.ndarray, " n"]) -> float:
        """L(f)."""
        return float(self.rate @ self.kind.value(self.scale * (f - self.y)))

    def slope(self, f: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """-L'(f): the dual vector of these values."""
        return -self.rate * self.scale * self.kind.slope(self.scale * (f - self.y))

    @property
    def domain(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Between which numbers nu is."""
        ends = [-self.rate * self.scale * end for end in self.kind.domain]
        return np.minimum(*ends), np.maximum(*ends)

    @property
    def kink(self) -> Float[np.ndarray, " n"]:
        """What |nu_i| costs on top of the smooth part of L*."""
        return self.kind.kink / np.abs(self.scale)

    def argument(self, nu: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """v: of what phi* is taken."""
        return -nu / (self.rate * self.scale)

    def conjugate(self, nu: Float[np.ndarray, " n"], times: float = 1.0) -> float:
        """L*(-times nu), infinite outside its domain."""
        low, high = self.domain
        moved = times * nu
        slack = _INSIDE * np.maximum(np.abs(moved), 1e-300)
        if np.any((moved < low - slack) | (moved > high + slack)):
            return math.inf
        v = np.clip(self.argument(moved), *self.kind.domain)
        return float(self.rate @ self.kind.conjugate(v) - moved @ self.y)

    def values_of(self, nu: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The f that nu belongs to, inside the domain, but for what the kink leaves open: minus the smooth slope."""
        return self.y + self.kind.conjugate_slope(self.argument(nu)) / self.scale

    def curvature(self, nu: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """The second derivatives of the smooth part of L* at -nu."""
        return self.kind.conjugate_curvature(self.argument(nu)) / (self.rate * self.scale**2)

    def best_multiple(self, nu: Float[np.ndarray, " n"], most: float) -> float:
        """t in [0, most] with the largest -L*(-t nu), by bisection of its slope."""
        low, high = self.domain
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(nu > 0, high / nu, np.where(nu < 0, low / nu, math.inf))
        limit = min(most, float(np.min(room, initial=math.inf)))
        if limit <= 0:
            return 0.0
        if not math.isfinite(limit):
            limit = 1.0
            while self._rising(nu, limit) and limit < 1e300:
                limit *= 2
        if self._rising(nu, limit * (1 - _INSIDE)):
            return limit
        below, above = 0.0, limit
        for _ in range(_HALVINGS):
            middle = 0.5 * (below + above)
            if not below < middle < above:
                break
            below, above = (middle, above) if self._rising(nu, middle) else (below, middle)
        return below

    def _rising(self, nu: np.ndarray, t: float) -> bool:
        """Whether -L*(-t nu) rises with t."""
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(nu == 0, 0.0, nu * self.values_of(t * nu) - self.kink * np.abs(nu))
        return float(np.sum(terms)) > 0

    def moved(self, part: Float[np.ndarray, " n"]) -> "Separable":
        """The loss of what is left of a function without `part`: L(part + f) as a function of f."""
        return replace(self, y=self.y - part)

"""The part of an even-dimensional bump's measure outside the unit ball: minus the balayage of the part inside."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.known.radial.kernel import mean_distance, mean_distance_slope

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(160)


@dataclass(frozen=True)
class RadialTail:
    """The density of mu on scale <= |x| <= scale * outer, of one sign and even.

        density(x) = c |x| / (sqrt(x^2 - 1) prod_i (x^2 - s_i^2))        (scale = 1)

    which falls like |x|^(-dim-2). `nodes` are the s_i in [0, 1), `factor` is c, `mass` the signed mass of both sides.
    """

    nodes: Float[np.ndarray, " k"]
    factor: float
    mass: float
    outer: float = math.inf
    scale: float = 1.0

    def density(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The density at x, any shape; 0 within the ball and beyond the outer radius."""
        x = np.abs(np.asarray(x, dtype=np.float64)) / self.scale
        inside = (x > 1) & (x <= self.outer) & np.isfinite(x)
        y = np.where(inside, x, 2.0)[..., None]
        value = self.factor * y[..., 0] / np.sqrt((y[..., 0] - 1) * (y[..., 0] + 1))
        value = np.where(inside, value / np.prod((y - self.nodes) * (y + self.nodes), axis=-1), 0.0)
        return np.asarray(value / self.scale**2)

    def quantile(self, share: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """|x| below which this share of the mass lies, relative error below 1e-6."""
        angle, total = self._distribution
        found = np.interp(np.asarray(share, dtype=np.float64), total, angle)
        return np.asarray(self.scale * np.minimum(1 / np.cos(found), self.outer))

    @cached_property
    def first_moment(self) -> float:
        """int |x| dmu over the tail."""
        return 2 * self._integral(0.0, self._angle(self.outer), lambda x: x)

    def beyond(self, r: float, dim: int) -> tuple[float, float]:
        """(f, f') at a distance r > scale * outer: what the measure would have added there to keep f = 0."""
        r = r / self.scale

        def integral(kernel):
            return self._integral(self._angle(self.outer), self._angle(r), lambda x: kernel(np.array(r), x, dim))

        value = integral(lambda r, x, d: mean_distance(r, x, d) - x)
        return -value, -integral(mean_distance_slope) / self.scale

    @property
    def _distribution(self) -> tuple[np.ndarray, np.ndarray]:
        angle = np.linspace(0, self._angle(self.outer), 20_001)
        angle = angle[-1] * (angle / (angle[-1] or 1.0)) ** 2
        middle, width = 0.5 * (angle[1:] + angle[:-1]), np.diff(angle)
        total = np.concatenate([[0.0], np.cumsum(self._angle_density(middle) * width)])
        return angle, total / total[-1]

    @staticmethod
    def _angle(x: float) -> float:
        """theta with x = 1 / cos(theta)."""
        return math.pi / 2 if math.isinf(x) else math.atan(math.sqrt((x - 1) * (x + 1)))

    def _angle_density(self, angle: np.ndarray) -> np.ndarray:
        """The density of one side in theta, scale 1."""
        tan, cap = np.sin(angle)[..., None], np.cos(angle)[..., None]
        factors = tan**2 + cap**2 * (1 - self.nodes) * (1 + self.nodes)
        return self.factor * np.prod(cap**2 / factors, axis=-1) / cap[..., 0] ** 2

    def _integral(self, low: float, high: float, values) -> float:
        """int values(x) dmu over one side between two angles; the ends may have square-root singularities."""
        turn = 0.5 * math.pi * (1 + _POINTS)
        angle = low + (high - low) * 0.5 * (1 - np.cos(turn))
        weight = _WEIGHTS * 0.5 * math.pi * (high - low) * 0.5 * np.sin(turn)
        return float(np.sum(weight * self._angle_density(angle) * values(1 / np.cos(angle))))

"""The max-margin function of a ball and what is outside of a larger one, in closed form."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from minnorm.checks import numbers, real, whole


@dataclass(frozen=True)
class RadialMargin:
    r"""The function of least norm with f >= 1 on |x| <= plateau and f <= -1 on |x| >= 1 in R^d, biases free.

        f(x) = (1 + plateau - 2 |x|) / (1 - plateau),      [f] = 4 / ((1 - plateau) E|u_1|)

    with u uniform on the sphere; the largest margin is 1 / [f]. A cone, the mean of neurons |w . x| over all
    directions w, which no finite network is. With labels as values instead a plateau costs exponentially much in d, see
    `radial_bump`; as margins it costs sqrt(d) / (1 - plateau).

    The dual measure is [f] / 2 times the difference of the uniform laws on |x| = plateau and |x| = 1. Proof: f changes
    by 2 or more between the two means, and that of a neuron relu(w . x + b), |w| = 1, by at most (1 - plateau)
    E|u_1| / 2.

    Calling it evaluates f at points (n, d).
    """

    dim: int
    plateau: float

    @property
    def norm(self) -> float:
        """[f]."""
        d = self.dim
        mean = math.exp(float(gammaln(d / 2) - gammaln((d + 1) / 2))) / math.sqrt(math.pi)
        return 4 / ((1 - self.plateau) * mean)

    @property
    def margin(self) -> float:
        """1 / [f]: no network of norm 1 has a larger one."""
        return 1 / self.norm

    def profile(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at distances r from the origin."""
        return np.asarray((1 + self.plateau - 2 * np.abs(numbers(r, "r"))) / (1 - self.plateau))

    def __call__(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points (n, d)."""
        x = numbers(points, "points")
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"points has shape {x.shape}; this function takes (n, {self.dim})")
        return self.profile(np.linalg.norm(x, axis=1))


def radial_margin(dim: int, plateau: float = 0.0) -> RadialMargin:
    r"""The function of least norm that is 1 or more on |x| <= plateau and -1 or less on |x| >= 1, in closed form.

    Arguments: `dim` d >= 1; `plateau` in [0, 1). Errors: ValueError for others. See `RadialMargin`.

    >>> cone = radial_margin(3, 0.5)
    >>> round(cone.norm, 12), cone.profile([0.5, 1.0]).tolist()
    (16.0, [1.0, -1.0])

    Source: derived here; the formula of the mean |u_1| = Gamma(d/2) / (sqrt(pi) Gamma((d + 1)/2)) is classical.
    """
    plateau = real("plateau", plateau, "a number from 0 up to, not including, 1", lambda part: 0 <= part < 1)
    return RadialMargin(whole("dim", dim, 1), plateau)

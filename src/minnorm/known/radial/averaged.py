"""What is made of averaged neurons: its norm, its measure, its profile, and the curve of a dual vector beside it."""

import math
from functools import cached_property

import numpy as np
import numpy.typing as npt

from minnorm.checks import numbers
from minnorm.known.radial.atoms import correlation, radial_atoms
from minnorm.known.radial.bump import RadialMeasure
from minnorm.known.radial.bump import radii as distances


class Averaged:
    """f(x) = c + int E relu(r u - s) dmu(s), r = |x|, and a measure nu on spheres; a dataclass has the fields.

    `knots` (k,) and `masses` (k,) are mu, on s >= 0, `constant` is c; `dual` (n,) on spheres of `radii` (n,) is nu.
    """

    dim: int
    knots: np.ndarray
    masses: np.ndarray
    constant: float
    radii: np.ndarray
    dual: np.ndarray

    @property
    def norm(self) -> float:
        """[f]."""
        return math.fsum(np.abs(self.masses).tolist())

    @cached_property
    def measure(self) -> RadialMeasure:
        """The even measure on the line with the same mean: half of each mass on each side."""
        return RadialMeasure.folded(self.knots, self.masses, self.constant)

    def profile(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at distance r >= 0 from the origin, any shape."""
        r = numbers(r, "r")
        if not np.all(r >= 0):
            raise ValueError("r has negative or NaN entries; it is a distance from the origin")
        return (self.constant + radial_atoms(r.ravel(), self.knots, self.dim)[0] @ self.masses).reshape(r.shape)

    def curve(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The dual certificate h(s) = sum_j nu_j E relu(r_j u - |s|): |h| <= 1, and the sign of mu at each atom."""
        s = np.abs(numbers(s, "s"))
        return correlation(self.dual, self.radii, s.ravel(), self.dim)[0].reshape(s.shape)

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points of shape (..., dim)."""
        return self.profile(distances(x, self.dim))

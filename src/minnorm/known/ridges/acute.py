"""The denoiser of three balls around the corners of an acute triangle, certified for the triangle at hand."""

import math
import sys
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.optimize import minimize

from minnorm.checks import check_points, numbers, real
from minnorm.known.ridges.spread import spread
from minnorm.network import ShallowReLU
from minnorm.pictures import record
from minnorm.verification.vectors import vector_supremum

_FLAT, _TINY = 1e-9, 1e-9  # a cosine that counts as zero; a slope that Newton's last steps take from there
_GAP = 1e-6  # what a certified value may be above the bound, relatively
_LEAST = 1e-40  # the size of points whose products with vectors float64 can hold


def acute_denoiser(clean: npt.ArrayLike, radius: float | int) -> "AcuteDenoiser":
    r"""The map R^2 -> R^2 of least norm that takes three balls |x - x_k| <= radius to the corners x_k of a triangle.

        f(x) = p + sum_k (x_k - p) phi_k(u_k . x),    phi_k: 0 on the two other balls, 1 on ball k, straight between,
        [f] = min sum_k |a_k| |w_k| = min over p of sum_k 2 |x_k - p| / (h_k - 2 radius)

    with u_k the direction of the height from corner k and h_k its length. For small radii p tends to the orthocentre.
    Any p gives a function that interpolates, so [f] is an upper bound by proof. What nothing is cheaper than is shown
    by vectors in the balls, whose supremum over all atoms is bounded from above: the two agree for triangles with two
    equal sides and radii up to a third of the least height, and nearly so (see `gap`) for small radii in others.
    Other acute simplexes are refused: in more dimensions neither vectors in the balls nor a bound of their supremum
    are known here, for that of `minnorm.verification.vectors` goes along the arcs of directions of the plane.

    Arguments: `clean` (3, 2), the corners; `radius` > 0 of the noise, less than half of each height.

    Returns an `AcuteDenoiser`. Errors: ValueError for other points than corners of an acute triangle, and for a radius
    that is not positive or not less than half of a height.

    >>> found = acute_denoiser([[0.0, 1.0], [-(0.75**0.5), -0.5], [0.75**0.5, -0.5]], 0.2)
    >>> found.certified, round(found.norm, 6), found([[0.1, 1.1]]).round(9).tolist()
    (True, 5.454545, [[0.0, 1.0]])

    Source: for three equal sides Zeno, Ongie, Blumenfeld, Weinberger & Soudry (2023), *How do minimum-norm shallow
    denoisers look in function space?*; for other acute triangles derived here.
    """
    points = check_points(clean, "clean")
    if points.shape != (3, 2):
        advice = "for other simplexes nothing is proven, and minnorm.interpolate takes noisy samples of each coordinate"
        raise ValueError(f"clean has shape {points.shape}; give the three corners of an acute triangle: {advice}")
    wanted = "a finite number > 0 (exact data are for minnorm.interpolate)"
    radius = float(real("radius", radius, wanted, lambda number: 0 < number < np.inf))
    size = float(np.max(np.abs(points)))
    if not _LEAST < size < 1 / _LEAST:
        raise ValueError(f"clean has entries up to {size:.1g}; rescale them to the size of 1")
    directions, heights = _heights(points)
    most = float(np.min(heights)) / 2
    if radius >= most:
        raise ValueError(f"radius is {radius}, but the least height is {2 * most:.6g}; give less than {most:.6g}")
    middle, towards = _middle(points, 2 / (heights - 2 * radius))
    places, vectors = spread(points, radius, directions, heights, towards)
    return AcuteDenoiser(points, radius, middle, directions, heights, places, vectors)


@dataclass(frozen=True)
class AcuteDenoiser:
    """What `acute_denoiser` returns: p is `middle`, u_k are `directions`, h_k `heights`, and a dual vector."""

    clean: Float[np.ndarray, "3 2"]
    radius: float
    middle: Float[np.ndarray, " 2"]
    directions: Float[np.ndarray, "3 2"]
    heights: Float[np.ndarray, " 3"]
    dual_points: Float[np.ndarray, "m 2"]
    dual_vectors: Float[np.ndarray, "m 2"]

    def __repr__(self) -> str:
        facts = {
            "norm": f"{self.norm:.10g}",
            "bound": f"{self.lower_bound:.10g}, {'certified' if self.certified else 'not certified'}",
            "balls": f"of radius {self.radius:.6g} around the corners of an acute triangle",
        }
        return record("AcuteDenoiser: least norm in the plane", facts)

    def __call__(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points (q, 2), in the same shape."""
        x = numbers(points, "points")
        if x.ndim != 2 or x.shape[1] != 2:
            raise ValueError(f"points has shape {x.shape}; this denoiser takes (q, 2)")
        share = np.einsum("qkd,kd->qk", x[:, None] - self.clean, self.directions) + self.heights - self.radius
        return self.middle + np.clip(share / (self.heights - 2 * self.radius), 0, 1) @ (self.clean - self.middle)

    @property
    def norm(self) -> float:
        """The least sum |a_k| |w_k|."""
        apart = np.linalg.norm(self.clean - self.middle, axis=1)
        return float(np.sum(2 * apart / (self.heights - 2 * self.radius)))

    @property
    def lower_bound(self) -> float:
        """What the dual vector proves; 0 where one of its points is not in a ball.

        sum_i nu_i . f(x_i) in rationals, over a bound from above of sup |sum_i nu_i relu(w . x_i + b)|.
        """
        total, reach = Fraction(0), Fraction(self.radius) ** 2
        for point, vector in zip(self.dual_points.tolist(), self.dual_vectors.tolist(), strict=True):
            for corner in self.clean.tolist():
                if sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(point, corner, strict=True)) <= reach:
                    total += sum(Fraction(a) * Fraction(b) for a, b in zip(vector, corner, strict=True))
                    break
            else:
                return 0.0
        most = vector_supremum(self.dual_points, self.dual_vectors)
        return float(math.nextafter(float(total), -math.inf) / most) * (1 - 4 * sys.float_info.epsilon)

    @property
    def gap(self) -> float:
        """How far the norm is above the bound, relatively."""
        return (self.norm - self.lower_bound) / self.norm

    @property
    def certified(self) -> bool:
        """Whether no network is cheaper by more than 1e-6 of the norm."""
        return self.gap <= _GAP

    def network(self, direction: npt.ArrayLike) -> ShallowReLU:
        """The scalar network of v . f(x), `direction` v (2,): the neurons are shared, outer weights are v . a_k."""
        v = numbers(direction, "direction")
        if v.shape != (2,):
            raise ValueError(f"direction has shape {v.shape}; give one entry for each of 2 columns")
        top = np.sum(self.clean * self.directions, axis=1)
        biases = np.concatenate([self.heights - self.radius - top, self.radius - top])
        slopes = (self.clean - self.middle) @ v / (self.heights - 2 * self.radius)
        return ShallowReLU(
            np.tile(self.directions, (2, 1)), biases, np.concatenate([slopes, -slopes]), np.asarray(v @ self.middle)
        )


def is_acute(points: np.ndarray) -> bool:
    """Whether these are the corners of an acute triangle in the plane."""
    if points.shape != (3, 2):
        return False
    sides = np.roll(points, -1, axis=0) - points
    lengths = np.linalg.norm(sides, axis=1)
    cosines = -np.sum(sides * np.roll(sides, 1, axis=0), axis=1)
    return bool(np.all(cosines > _FLAT * lengths * np.roll(lengths, 1)))


def _heights(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not is_acute(points):
        raise ValueError(
            "clean is no acute triangle; give three points with all angles below 90 degrees, or see denoiser"
        )
    along = np.roll(points, -2, axis=0) - np.roll(points, -1, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
    heights = np.sum((points - np.roll(points, -1, axis=0)) * across, axis=1)
    if np.min(np.abs(heights)) <= _FLAT * np.max(np.abs(along)):
        raise ValueError("clean has points on a line but for rounding errors; see denoiser")
    return across * np.sign(heights)[:, None], np.abs(heights)


def _middle(points: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where sum steps |x_k - p| is least, and e_k, x_k - p over its length, or where that is 0 a subgradient's."""
    for k in range(3):
        away = points - points[k]
        length = np.linalg.norm(away, axis=1)
        towards = away / np.where(length > 0, length, 1)[:, None]
        towards[k] = -(steps @ towards) / steps[k]
        if np.linalg.norm(towards[k]) <= 1:
            return points[k].copy(), towards

    def cost(place: np.ndarray) -> tuple[float, np.ndarray]:
        away = points - place
        length = np.linalg.norm(away, axis=1)
        return float(steps @ length), -(steps / length) @ away

    def bend(place: np.ndarray) -> np.ndarray:
        away = points - place
        length = np.linalg.norm(away, axis=1)
        towards = away / length[:, None]
        return np.einsum("k,kde->de", steps / length, np.eye(2) - towards[:, :, None] * towards[:, None])

    start = steps @ points / np.sum(steps)
    place = minimize(cost, start, jac=True, hess=bend, method="trust-exact", options={"gtol": _TINY * np.sum(steps)}).x
    for _ in range(3):
        place = place - np.linalg.solve(bend(place), cost(place)[1])
    away = points - place
    return place, away / np.linalg.norm(away, axis=1, keepdims=True)

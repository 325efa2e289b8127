"""The minimum-norm denoiser of separated balls: steps along rays between which no angle is acute."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points, numbers, real
from minnorm.network import ShallowReLU
from minnorm.pictures import record

_LEAST = 1e-150  # the size of points whose squares float64 can hold
_SAME = 1e-12  # cosines nearer to 1 are of one ray, and cosines up to this are of no acute angle


def denoiser(clean: npt.ArrayLike, radius: float | int) -> "Denoiser":
    r"""The map R^d -> R^d of least norm that takes every ball |x - x_k| <= radius to its clean point x_k.

        f(x) = p + sum_j u_j phi_j(u_j . (x - p)),    phi_j: flat on each ball, a straight step from one to the next,
        [f] = min sum_k |a_k| |w_k| = sum of 2 s over all steps,    s = gap / (gap - 2 radius) the step's slope

    for clean points on rays from one of them, p, in directions u_j with u_i . u_j <= 0: points on a line, the corners
    of a simplex that is obtuse at p, points on orthogonal axes. Outer weights are vectors; biases, offset and a linear
    term cost nothing. Only where balls meet their rays are they needed: f is the minimum for data there, too. In one
    dimension it is unique.

    Arguments: `clean` (n, d), or (n,) for d = 1, two points or more, all different; `radius` > 0 of the noise, less
    than half the distance of any two clean points.

    Returns a `Denoiser`. Errors: ValueError for clean points that are not on such rays, a radius that is not positive,
    and balls that touch.

    >>> import numpy as np
    >>> steps = denoiser([0.0, 1.0, 3.0], 0.25)
    >>> round(steps.norm, 12), steps(np.array([-0.2, 0.5, 1.2, 2.0])).round(12)
    (6.666666666667, array([0. , 0.5, 1. , 2. ]))
    >>> denoiser([[0.0, 0.0], [1.0, 0.0], [-1.0, 2.0]], 0.1)(np.array([[1.05, 0.05]])).round(12)
    array([[1., 0.]])

    Source: Zeno, Ongie, Blumenfeld, Weinberger & Soudry (2023), *How do minimum-norm shallow denoisers look in
    function space?*; the proof by a dual vector is on the page *Ridges and denoisers*.
    """
    points = check_points(clean, "clean")
    if len(np.unique(points, axis=0)) < len(points) or len(points) < 2:
        raise ValueError("clean has equal points or a single one; give two or more different ones")
    wanted = "a finite number > 0 (exact data are for minnorm.interpolate)"
    radius = real("radius", radius, wanted, lambda number: 0 < number < np.inf)
    size = float(np.max(np.abs(points)))
    if not _LEAST < size < 1 / _LEAST:
        raise ValueError(f"clean has entries up to {size:.1g}; rescale them to the size of 1")
    rays = _rays(points)
    if rays is None:
        raise ValueError(
            "clean points are not on rays from one of them without acute angles between them; give an acute "
            "triangle to acute_denoiser; else find each coordinate's minimum with minnorm.interpolate on noisy samples"
        )
    vertex, directions, places = rays
    for place in places:
        nearest = float(np.min(np.diff(place)))
        if nearest <= 2 * radius:
            raise ValueError(
                f"radius is {radius}, but two clean points are {nearest:.6g} apart; give less than {nearest / 2:.6g}"
            )
    return Denoiser(points, float(radius), points[vertex], directions, tuple(places))


@dataclass(frozen=True)
class Denoiser:
    """What `denoiser` returns: rays `directions` (k, d) from `vertex` (d,), with clean points at `places`, 0 first."""

    clean: Float[np.ndarray, "n d"]
    radius: float
    vertex: Float[np.ndarray, " d"]
    directions: Float[np.ndarray, "k d"]
    places: tuple[Float[np.ndarray, " _"], ...]

    def __repr__(self) -> str:
        facts = {
            "norm": f"{self.norm:.10g}",
            "size": f"{len(self.directions)} rays, {sum(at.size - 1 for at in self.places)} steps",
            "balls": f"of radius {self.radius:.6g} around {len(self.clean)} points",
        }
        return record(f"Denoiser: least norm in dimension {self.vertex.size}", facts)

    def __call__(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points (q, d), in the same shape; for d = 1 at numbers of any shape."""
        x = numbers(points, "points")
        dim = self.vertex.size
        if dim == 1 and (x.ndim != 2 or x.shape[1] != 1):
            return self(x.reshape(-1, 1)).reshape(x.shape)
        if x.ndim != 2 or x.shape[1] != dim:
            raise ValueError(f"points has shape {x.shape}; this denoiser takes (q, {dim})")
        image = np.tile(self.vertex, (len(x), 1))
        for j, along in enumerate(self.directions):
            image += self.profile(j, (x - self.vertex) @ along)[:, None] * along
        return image

    def profile(self, ray: int, place: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """phi_j(t) along a ray."""
        at = self.places[ray]
        return np.interp(np.asarray(place, dtype=np.float64), self.knots(ray), np.repeat(at, 2)[1:-1])

    def knots(self, ray: int) -> npt.NDArray[np.float64]:
        """Where phi_j turns, from each ball's far end to the next one's near end."""
        at, r = self.places[ray], self.radius
        return np.stack([at[:-1] + r, at[1:] - r], axis=1).reshape(-1)

    def slopes(self, ray: int) -> npt.NDArray[np.float64]:
        """The slope s of each step along a ray."""
        gaps = np.diff(self.places[ray])
        return gaps / (gaps - 2 * self.radius)

    @property
    def norm(self) -> float:
        """The least sum |a_k| |w_k|."""
        return float(sum(2 * np.sum(self.slopes(j)) for j in range(len(self.places))))

    def network(self, direction: npt.ArrayLike | None = None) -> ShallowReLU:
        """The scalar network of v . f(x), `direction` v (d,), which may be left out for d = 1.

        All v . f share the neurons w_k = u_j, b_k; their outer weights are v . a_k.
        """
        v = np.ones(1) if direction is None else numbers(direction, "direction")
        if v.shape != self.vertex.shape:
            raise ValueError(f"direction has shape {v.shape}; give one entry for each of {self.vertex.size} columns")
        weights, biases, outer = [], [], []
        for j, along in enumerate(self.directions):
            knots = self.knots(j)
            weights.append(np.tile(along, (knots.size, 1)))
            biases.append(-knots - along @ self.vertex)
            outer.append(np.repeat(self.slopes(j), 2) * np.tile([1.0, -1.0], knots.size // 2) * (v @ along))
        return ShallowReLU(
            np.concatenate(weights), np.concatenate(biases), np.concatenate(outer), np.asarray(v @ self.vertex)
        )

    def certificate(self, ray: int, knot: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """z_j: 0 up to the vertex and beyond the last ball, +1 and -1 in turn at the knots, linear between."""
        signs = np.tile([1.0, -1.0], self.places[ray].size - 1)
        end = self.places[ray][-1] + self.radius
        return np.interp(
            np.asarray(knot, dtype=np.float64),
            np.concatenate([[0.0], self.knots(ray), [end]]),
            np.concatenate([[0.0], signs, [0.0]]),
        )

    def dual(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        r"""Points x_i (q, d) in the balls and vectors nu_i (q, d) that prove the norm minimal.

        sum_i nu_i . f(x_i) = norm,    sum nu_i = 0,  sum nu_i x_i^T = 0,    |sum_i nu_i relu(w . x_i + b)| <= |w|
        """
        points, vectors = [], []
        for j, along in enumerate(self.directions):
            end = self.places[j][-1] + self.radius
            at = np.concatenate([[0.0], self.knots(j), [end]])
            z = self.certificate(j, at)
            masses = np.diff(np.diff(z) / np.diff(at), prepend=0.0, append=0.0)
            masses[0], masses[-1] = (z[1] - z[0]) / (at[1] - at[0]), -(z[-1] - z[-2]) / (at[-1] - at[-2])
            points.append(self.vertex + at[:, None] * along)
            vectors.append(masses[:, None] * along)
        return np.concatenate(points), np.concatenate(vectors)


def _rays(points: np.ndarray) -> tuple[int, np.ndarray, list[np.ndarray]] | None:
    """The vertex, the unit directions of the rays from it, and the places of points on them, 0 first."""
    for vertex in range(len(points)):
        moved = np.delete(points, vertex, axis=0) - points[vertex]
        size = np.linalg.norm(moved, axis=1)
        unit = moved / size[:, None]
        cosine = unit @ unit.T
        same = cosine >= 1 - _SAME
        if np.any(~same & (cosine > _SAME)):
            continue
        first = np.unique(np.argmax(same, axis=1))
        return vertex, unit[first], [np.append(0.0, np.sort(size[same[k]])) for k in first.tolist()]
    return None

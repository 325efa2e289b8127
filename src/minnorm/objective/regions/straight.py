"""Points, segments, polygons and polytopes."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float
from scipy.spatial import ConvexHull, HalfspaceIntersection

from minnorm.checks import check_points, numbers
from minnorm.objective.regions.shape import Shape, along_segments, on_segments, vector

_FLAT = 1e-9  # of a shape's size: what is thinner has no interior


@final
@dataclass(frozen=True, eq=False)
class Finite(Shape):
    """Finitely many points."""

    places: Float[np.ndarray, "k d"]

    def __repr__(self) -> str:
        return f"{len(self.places)} point{'s' * (len(self.places) > 1)} in dimension {self.dim}"

    @property
    def box(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        return np.min(self.places, axis=0), np.max(self.places, axis=0)

    @property
    def vertices(self) -> Float[np.ndarray, "k d"]:
        return self.places

    @property
    def solid(self) -> bool:
        return False

    def nearest(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return on_segments(x, np.stack([self.places, self.places], axis=1))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        return np.linalg.norm(x - self.nearest(x), axis=1) <= slack

    def spread(self, count: int) -> Float[np.ndarray, "k d"]:
        return self.places

    def sample(self, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
        return self.places[random.integers(len(self.places), size=count)]

    @property
    def table(self) -> dict[str, Any]:
        return {"shape": "points", "X": self.places.tolist()}

    def mapped(self, turn: Float[np.ndarray, "d d"], factor: float, shift: Float[np.ndarray, " d"]) -> "Finite":
        return Finite(factor * self.places @ turn.T + shift)


@final
@dataclass(frozen=True, eq=False)
class Segment(Shape):
    """From one point to another."""

    start: Float[np.ndarray, " d"]
    end: Float[np.ndarray, " d"]

    def __repr__(self) -> str:
        ends = [", ".join(f"{number:g}" for number in point) for point in (self.start, self.end)]
        return f"segment from ({ends[0]}) to ({ends[1]})"

    @property
    def box(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        return np.minimum(self.start, self.end), np.maximum(self.start, self.end)

    @property
    def vertices(self) -> Float[np.ndarray, "2 d"]:
        return np.stack([self.start, self.end])

    @property
    def edges(self) -> Float[np.ndarray, "1 2 d"]:
        return self.vertices[None]

    @property
    def solid(self) -> bool:
        return self.dim == 1

    def nearest(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return on_segments(x, self.edges)

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        return np.linalg.norm(x - self.nearest(x), axis=1) <= slack

    def spread(self, count: int) -> Float[np.ndarray, "k d"]:
        return along_segments(self.edges, max(1, count - 1))

    def sample(self, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
        return self.start + random.random(count)[:, None] * (self.end - self.start)

    @property
    def table(self) -> dict[str, Any]:
        return {"shape": "segment", "a": self.start.tolist(), "b": self.end.tolist()}

    def mapped(self, turn: Float[np.ndarray, "d d"], factor: float, shift: Float[np.ndarray, " d"]) -> "Segment":
        start, end = factor * self.vertices @ turn.T + shift
        return Segment(start, end)


@final
@dataclass(frozen=True, eq=False)
class Polygon(Shape):
    """What is inside an odd number of closed rings of the plane: the first is outside, the others are holes."""

    rings: tuple[Float[np.ndarray, "_ 2"], ...]

    def __repr__(self) -> str:
        holes = len(self.rings) - 1
        said = f" and {holes} hole{'s' * (holes > 1)}" if holes else ""
        return f"polygon of {len(self.rings[0])} vertices{said}"

    @property
    def box(self) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
        return np.min(self.rings[0], axis=0), np.max(self.rings[0], axis=0)

    @property
    def vertices(self) -> Float[np.ndarray, "k 2"]:
        return np.concatenate(self.rings)

    @property
    def edges(self) -> Float[np.ndarray, "k 2 2"]:
        return np.concatenate([np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in self.rings])

    def nearest(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        return np.where(self._inside(x)[:, None], x, on_segments(x, self.edges))

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        inside = self._inside(x)
        rest = np.flatnonzero(~inside)
        inside[rest] = np.linalg.norm(x[rest] - on_segments(x[rest], self.edges), axis=1) <= slack
        return inside

    def _inside(self, x: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, " n"]:
        """By how often a ray to the right meets the rings."""
        found = np.zeros(len(x), dtype=bool)
        for (ax, ay), (bx, by) in self.edges:
            if ay == by:
                continue
            between = (ay > x[:, 1]) != (by > x[:, 1])
            found ^= between & (x[:, 0] < ax + (x[:, 1] - ay) * ((bx - ax) / (by - ay)))
        return found

    def spread(self, count: int) -> Float[np.ndarray, "k d"]:
        return along_segments(self.edges, count)

    def sample(self, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
        return _drawn(self, count, random)

    @property
    def table(self) -> dict[str, Any]:
        outer, *holes = (ring.tolist() for ring in self.rings)
        return {"shape": "polygon", "vertices": outer} | ({"holes": holes} if holes else {})

    def mapped(self, turn: Float[np.ndarray, "2 2"], factor: float, shift: Float[np.ndarray, " 2"]) -> "Polygon":
        return Polygon(tuple(factor * ring @ turn.T + shift for ring in self.rings))


@final
@dataclass(frozen=True, eq=False)
class Polytope(Shape):
    """The convex hull of points of space, `corners` of which are its vertices."""

    corners: Float[np.ndarray, "k 3"]

    def __repr__(self) -> str:
        return f"polytope of {len(self.vertices)} vertices"

    @cached_property
    def _hull(self) -> ConvexHull:
        return ConvexHull(self.corners)

    @property
    def box(self) -> tuple[Float[np.ndarray, " 3"], Float[np.ndarray, " 3"]]:
        return np.min(self.corners, axis=0), np.max(self.corners, axis=0)

    @property
    def vertices(self) -> Float[np.ndarray, "k 3"]:
        return self.corners[self._hull.vertices]

    @property
    def faces(self) -> Float[np.ndarray, "k 3 3"]:
        return self.corners[self._hull.simplices]

    @property
    def edges(self) -> Float[np.ndarray, "k 2 3"]:
        pairs = np.sort(self._hull.simplices[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2), axis=1)
        return self.corners[np.unique(pairs, axis=0)]

    def nearest(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        found = on_segments(x, self.edges)
        least = np.sum((x - found) ** 2, axis=1)
        for triangle, (*normal, offset) in zip(self.faces, self._hull.equations, strict=True):
            below = x - (x @ normal + offset)[:, None] * np.array(normal)
            places = np.linalg.lstsq(np.vstack([triangle.T, np.ones(3)]), np.vstack([below.T, np.ones(len(x))]))[0]
            away = np.sum((x - below) ** 2, axis=1)
            closer = np.all(places >= 0, axis=0) & (away < least)
            found[closer], least[closer] = below[closer], away[closer]
        return np.where(self.contains(x)[:, None], x, found)

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        normals, offsets = self._hull.equations[:, :3], self._hull.equations[:, 3]
        return np.all(x @ normals.T + offsets <= slack, axis=1)

    def spread(self, count: int) -> Float[np.ndarray, "k d"]:
        per = max(1, round(math.sqrt(2 * count / len(self.faces))))
        lattice = np.array([(i, j, per - i - j) for i in range(per + 1) for j in range(per + 1 - i)]) / per
        return np.unique((lattice @ self.faces).reshape(-1, 3).round(15), axis=0)

    def sample(self, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
        return _drawn(self, count, random)

    @property
    def table(self) -> dict[str, Any]:
        return {"shape": "polytope", "vertices": self.corners.tolist()}

    def mapped(self, turn: Float[np.ndarray, "3 3"], factor: float, shift: Float[np.ndarray, " 3"]) -> "Polytope":
        return Polytope(factor * self.corners @ turn.T + shift)


def points(X: "npt.ArrayLike") -> Finite:
    """Finitely many points as a region.

    Arguments: `X` (n, d), or (n,) for d = 1.

    Errors: ValueError for more than three columns, and for what is no array of finite numbers.

    >>> points([[0.0, 0.0], [1.0, 0.0]])
    2 points in dimension 2
    """
    found = check_points(X, "X")
    if found.shape[1] > 3:
        raise ValueError(f"X has {found.shape[1]} columns; regions have 1 to 3")
    return Finite(found)


def segment(a: "npt.ArrayLike | float | int", b: "npt.ArrayLike | float | int") -> Segment:
    """The segment from a to b.

    Arguments: `a`, `b` (d,), d from 1 to 3; numbers for d = 1.

    Errors: ValueError for ends that are equal or do not fit each other.

    >>> segment([0.0, 0.0], [1.0, 0.0])
    segment from (0, 0) to (1, 0)
    """
    start = vector("a", a)
    end = vector("b", b, start.size)
    if np.array_equal(start, end):
        raise ValueError("a and b are equal; give mn.points for a single point")
    return Segment(start, end)


def box(low: "npt.ArrayLike | float | int", high: "npt.ArrayLike | float | int") -> Segment | Polygon | Polytope:
    """All points with low <= x <= high, coordinate by coordinate.

    Arguments: `low`, `high` (d,), d from 1 to 3; numbers for d = 1.

    Errors: ValueError unless low < high in each coordinate.

    >>> box([0.0, 0.0], [1.0, 2.0])
    polygon of 4 vertices
    """
    down = vector("low", low)
    up = vector("high", high, down.size)
    if not np.all(down < up):
        raise ValueError("low is not below high in each coordinate; give mn.segment or mn.points for flat boxes")
    if down.size == 1:
        return Segment(down, up)
    if down.size == 2:
        return Polygon((np.array([down, [up[0], down[1]], up, [down[0], up[1]]]),))
    return Polytope(np.stack(np.meshgrid(*zip(down, up, strict=True), indexing="ij"), axis=-1).reshape(-1, 3))


def polygon(vertices: "npt.ArrayLike", holes: "tuple[npt.ArrayLike, ...] | list[npt.ArrayLike]" = ()) -> Polygon:
    """A polygon of the plane, convex or not, which may have holes.

    Arguments: `vertices` (k, 2), in the order in which the boundary passes them; `holes`, the same for each hole.

    Errors: ValueError for fewer than three vertices, and for edges that cross.

    >>> polygon([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]])
    polygon of 6 vertices
    """
    rings = tuple(_ring("vertices" if k == 0 else f"holes[{k - 1}]", ring) for k, ring in enumerate((vertices, *holes)))
    found = Polygon(rings)
    if _crossing(found.edges):
        raise ValueError("vertices make a boundary that crosses itself; give them in the order along the boundary")
    outside = [k for k, hole in enumerate(rings[1:]) if not np.all(Polygon(rings[:1]).contains(hole))]
    if outside:
        raise ValueError(f"holes[{outside[0]}] is not inside the polygon; give it as a polygon of its own")
    return found


def polytope(
    vertices: "npt.ArrayLike | None" = None,
    *,
    normals: "npt.ArrayLike | None" = None,
    offsets: "npt.ArrayLike | None" = None,
) -> Segment | Polygon | Polytope:
    """The convex hull of points, or an intersection of half-spaces normals . x <= offsets.

    Arguments: `vertices` (k, d), d from 1 to 3; or `normals` (k, d) and `offsets` (k,), which bound a set with an
    interior: it is kept by its vertices, as float64 gives them.

    Errors: ValueError for points in a hyperplane, and for half-spaces with an empty or an unbounded intersection.

    >>> polytope([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.2, 0.2]])
    polygon of 3 vertices
    """
    if (vertices is None) == (normals is None or offsets is None):
        raise ValueError("polytope takes vertices, or normals and offsets; give one of both")
    corners = check_points(vertices, "vertices") if vertices is not None else _corners(normals, offsets)
    if corners.shape[1] > 3:
        raise ValueError(f"vertices has {corners.shape[1]} columns; regions have 1 to 3")
    if corners.shape[1] == 1:
        return segment(np.min(corners, axis=0), np.max(corners, axis=0))
    spread = np.linalg.svd(corners - np.mean(corners, axis=0), compute_uv=False)
    if len(corners) <= corners.shape[1] or spread[-1] <= _FLAT * spread[0]:
        raise ValueError("vertices lie in a hyperplane; give mn.segment, mn.points, or points that span a volume")
    if corners.shape[1] == 2:
        return Polygon((corners[ConvexHull(corners).vertices],))
    return Polytope(corners)


def _corners(normals: "npt.ArrayLike | None", offsets: "npt.ArrayLike | None") -> Float[np.ndarray, "k d"]:
    """The vertices of an intersection of half-spaces."""
    from scipy.optimize import linprog

    across, most = check_points(normals, "normals"), np.atleast_1d(numbers(offsets, "offsets"))
    if most.shape != (len(across),) or not np.all(np.isfinite(most)):
        raise ValueError(f"offsets has shape {most.shape}; give {len(across)} finite numbers, one for each normal")
    lengths = np.linalg.norm(across, axis=1)
    if not np.all(lengths > 0):
        raise ValueError("normals has a row of zeros; leave it out")
    d = across.shape[1]
    free = [(None, None)] * d
    for way in (*np.eye(d), *-np.eye(d)):
        if linprog(way, across, most, bounds=free).status == 3:
            raise ValueError("normals and offsets bound no bounded set; add half-spaces")
    inside = linprog([*np.zeros(d), -1.0], np.column_stack([across, lengths]), most, bounds=[*free, (0, None)])
    if inside.status != 0 or inside.x[-1] <= _FLAT * max(1.0, float(np.max(np.abs(inside.x[:-1])))):
        raise ValueError("normals and offsets have an intersection without an interior; give vertices, or loosen them")
    if d == 1:
        return np.array(
            [[np.max((most / across[:, 0])[across[:, 0] < 0])], [np.min((most / across[:, 0])[across[:, 0] > 0])]]
        )
    return HalfspaceIntersection(np.column_stack([across, -most]), inside.x[:-1]).intersections


def _ring(name: str, given: "npt.ArrayLike | float | int") -> Float[np.ndarray, "k 2"]:
    ring = check_points(given, name)
    if ring.shape[1] == 2 and len(ring) > 1 and np.array_equal(ring[0], ring[-1]):
        ring = ring[:-1]
    if ring.shape[1] != 2 or len(ring) < 3:
        raise ValueError(f"{name} has shape {ring.shape}; give at least three vertices of the plane, (k, 2)")
    return ring


def _crossing(edges: Float[np.ndarray, "k 2 2"]) -> bool:
    """Whether two edges meet elsewhere than at a common end."""
    a, b = edges[:, 0], edges[:, 1]

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        u, v = q - p, r - p
        return np.sign(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])

    one, other = np.triu_indices(len(edges), 1)
    apart = side(a[one], b[one], a[other]) * side(a[one], b[one], b[other]) < 0
    return bool(np.any(apart & (side(a[other], b[other], a[one]) * side(a[other], b[other], b[one]) < 0)))


def _drawn(shape: Shape, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
    """Points drawn from a shape's box until enough are in it."""
    low, high = shape.box
    found = np.zeros((0, shape.dim))
    while len(found) < count:
        tried = low + (high - low) * random.random((max(64, 2 * count), shape.dim))
        found = np.concatenate([found, tried[shape.contains(tried)]])
    return found[:count]

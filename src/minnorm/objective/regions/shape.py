"""What a shape is, and how it is moved."""

import math
from abc import ABC, abstractmethod
from typing import Any, TypeVar, final

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float

from minnorm.checks import numbers, real

Moved = TypeVar("Moved", bound="Shape")


class Shape(ABC):
    """A bounded closed set of R^d, d from 1 to 3: its boundary in parts, its points, and itself elsewhere."""

    @property
    @abstractmethod
    def box(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        """The lowest and the highest coordinates."""

    @property
    @abstractmethod
    def vertices(self) -> Float[np.ndarray, "k d"]:
        """Its corners."""

    @property
    def edges(self) -> Float[np.ndarray, "k 2 d"]:
        """The segments that its boundary has (in three dimensions, its faces), by their ends."""
        return np.zeros((0, 2, self.dim))

    @property
    def faces(self) -> Float[np.ndarray, "k 3 3"]:
        """The triangles that its boundary in space has, by their corners."""
        return np.zeros((0, 3, self.dim))

    @property
    def spheres(self) -> list[tuple[Float[np.ndarray, " d"], float]]:
        """The circles or spheres that its boundary has: centre, radius."""
        return []

    @property
    def solid(self) -> bool:
        """Whether it has an interior."""
        return True

    @abstractmethod
    def nearest(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """The point of the shape that is nearest to each of x, up to rounding errors."""

    @abstractmethod
    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        """Whether points are in the shape, or at most `slack` away from it."""

    @abstractmethod
    def spread(self, count: int) -> Float[np.ndarray, "k d"]:
        """About `count` points evenly on the boundary, its corners among them."""

    @abstractmethod
    def sample(self, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
        """Points drawn uniformly from the shape, by its volume (length, number)."""

    @property
    @abstractmethod
    def table(self) -> dict[str, Any]:
        """Its name and numbers, as `described` reads them."""

    @abstractmethod
    def mapped(self: Moved, turn: Float[np.ndarray, "d d"], factor: float, shift: Float[np.ndarray, " d"]) -> Moved:
        """The shape of factor turn x + shift."""

    @final
    @property
    def dim(self) -> int:
        """d."""
        return self.box[0].size

    @final
    @property
    def diameter(self) -> float:
        """Of its box: at least its own."""
        return float(np.linalg.norm(np.subtract(*self.box)))

    @final
    def moved(self: Moved, by: "npt.ArrayLike | float | int") -> Moved:
        """The shape moved by a vector (d,).

        >>> import minnorm as mn
        >>> mn.ball([0.0, 0.0], 1.0).moved([1.0, 2.0]).center
        array([1., 2.])
        """
        return self.mapped(np.eye(self.dim), 1.0, vector("by", by, self.dim))

    @final
    def scaled(self: Moved, by: float | int) -> Moved:
        """The shape that many times as large, seen from the origin.

        >>> import minnorm as mn
        >>> mn.ball([1.0, 0.0], 1.0).scaled(2).outer
        2.0
        """
        factor = real("by", by, "a number > 0", lambda number: 0 < number < math.inf)
        return self.mapped(np.eye(self.dim), factor, np.zeros(self.dim))

    @final
    def rotated(self: Moved, by: "npt.ArrayLike | float | int") -> Moved:
        """The shape turned about the origin: by an angle in the plane (radians), or by an orthogonal matrix (d, d).

        >>> import minnorm as mn
        >>> mn.ball([1.0, 0.0], 1.0).rotated(np.pi / 2).center.round(9).tolist()
        [0.0, 1.0]
        """
        turn = numbers(by, "by")
        if turn.shape == () and self.dim == 2:
            turn = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        if turn.shape != (self.dim, self.dim) or not np.allclose(turn @ turn.T, np.eye(self.dim), atol=1e-12):
            raise ValueError(
                f"by is no rotation in dimension {self.dim}; give an orthogonal matrix (d, d), or an angle"
            )
        return self.mapped(turn, 1.0, np.zeros(self.dim))


def vector(name: str, given: "npt.ArrayLike | float | int", dim: int | None = None) -> Float[np.ndarray, " d"]:
    """A point of R^d; ValueError unless it is finite and has 1 to 3 (or `dim`) coordinates."""
    found = np.atleast_1d(numbers(given, name))
    sizes = (1, 2, 3) if dim is None else (dim,)
    if found.ndim != 1 or found.size not in sizes or not np.all(np.isfinite(found)):
        raise ValueError(
            f"{name} has shape {found.shape}; give {' to '.join(str(k) for k in sizes[::2])} finite numbers"
        )
    return found


def on_segments(x: Float[np.ndarray, "n d"], ends: Float[np.ndarray, "k 2 d"]) -> Float[np.ndarray, "n d"]:
    """The points of segments that are nearest to each of x."""
    best, least = np.zeros_like(x), np.full(len(x), math.inf)
    for a, b in ends:
        along = b - a
        length = float(along @ along)
        place = np.clip((x - a) @ along / length, 0.0, 1.0) if length > 0 else np.zeros(len(x))
        found = a + place[:, None] * along
        away = np.sum((x - found) ** 2, axis=1)
        closer = away < least
        best[closer], least[closer] = found[closer], away[closer]
    return best


def along_segments(ends: Float[np.ndarray, "k 2 d"], count: int) -> Float[np.ndarray, "m d"]:
    """About `count` points evenly on segments, both ends among them."""
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    shares = np.maximum(1, np.ceil(count * lengths / max(float(np.sum(lengths)), 1e-300)).astype(int))
    places = [
        a + np.linspace(0.0, 1.0, share + 1)[:, None] * (b - a)
        for (a, b), share in zip(ends, shares.tolist(), strict=True)
    ]
    return np.unique(np.concatenate(places), axis=0)

"""Balls and shells."""

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float

from minnorm.checks import real
from minnorm.objective.regions.shape import Shape, along_segments, vector


@final
@dataclass(frozen=True, eq=False)
class Shell(Shape):
    """inner <= |x - center| <= outer: a ball where inner is 0."""

    center: Float[np.ndarray, " d"]
    inner: float
    outer: float

    def __repr__(self) -> str:
        centre = ", ".join(f"{number:g}" for number in self.center)
        if self.inner == 0:
            return f"ball of radius {self.outer:g} about ({centre})"
        return f"shell between radii {self.inner:g} and {self.outer:g} about ({centre})"

    @property
    def box(self) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
        return self.center - self.outer, self.center + self.outer

    @property
    def vertices(self) -> Float[np.ndarray, "k d"]:
        return self.edges.reshape(-1, 1) if self.dim == 1 else np.zeros((0, self.dim))

    @property
    def edges(self) -> Float[np.ndarray, "k 2 d"]:
        if self.dim > 1:
            return np.zeros((0, 2, self.dim))
        c, small, large = float(self.center[0]), self.inner, self.outer
        parts = [(c - large, c + large)] if small == 0 else [(c - large, c - small), (c + small, c + large)]
        return np.array(parts)[:, :, None]

    @property
    def spheres(self) -> list[tuple[Float[np.ndarray, " d"], float]]:
        return [(self.center, radius) for radius in self._radii] if self.dim > 1 else []

    @property
    def _radii(self) -> list[float]:
        return [self.outer] if self.inner == 0 else [self.inner, self.outer]

    def nearest(self, x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        away = x - self.center
        radius = np.linalg.norm(away, axis=1)
        wanted = np.clip(radius, self.inner, self.outer)
        away[radius == 0] = np.eye(self.dim)[0] * (wanted[radius == 0] > 0)[:, None]
        factor = np.divide(wanted, radius, out=wanted.copy(), where=radius > 0)
        return np.where((radius == wanted)[:, None], x, self.center + away * factor[:, None])

    def contains(self, x: Float[np.ndarray, "n d"], slack: float = 0.0) -> Bool[np.ndarray, " n"]:
        radius = np.linalg.norm(x - self.center, axis=1)
        return (radius >= self.inner - slack) & (radius <= self.outer + slack)

    def spread(self, count: int) -> Float[np.ndarray, "k d"]:
        if self.dim == 1:
            return along_segments(self.edges, count)
        share = max(4, round(count / len(self._radii)))
        return np.concatenate([self.center + radius * directions(share, self.dim) for radius in self._radii])

    def sample(self, count: int, random: np.random.Generator) -> Float[np.ndarray, "count d"]:
        way = random.standard_normal((count, self.dim))
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        low, high = self.inner**self.dim, self.outer**self.dim
        radius = (low + (high - low) * random.random(count)) ** (1 / self.dim)
        return self.nearest(self.center + radius[:, None] * way)

    @property
    def table(self) -> dict[str, Any]:
        centre = self.center.tolist()
        if self.inner == 0:
            return {"shape": "ball", "center": centre, "radius": self.outer}
        return {"shape": "shell", "center": centre, "inner": self.inner, "outer": self.outer}

    def mapped(self, turn: Float[np.ndarray, "d d"], factor: float, shift: Float[np.ndarray, " d"]) -> "Shell":
        return Shell(factor * turn @ self.center + shift, factor * self.inner, factor * self.outer)


def directions(count: int, dim: int) -> Float[np.ndarray, "count dim"]:
    """Unit vectors, evenly on the circle; on the sphere along a spiral (Fibonacci's)."""
    if dim == 2:
        angle = 2 * np.pi * np.arange(count) / count
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - math.sqrt(5)) * np.arange(count)
    across = np.sqrt(1 - height**2)
    return np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=1)


def ball(center: "npt.ArrayLike | float | int", radius: float | int) -> Shell:
    """The closed ball |x - center| <= radius: an interval, a disc or a ball.

    Arguments: `center` (d,), d from 1 to 3, or a number for d = 1; `radius` > 0.

    Errors: ValueError for another centre or radius.

    >>> ball([0.0, 0.0], 0.3)
    ball of radius 0.3 about (0, 0)
    """
    return Shell(vector("center", center), 0.0, _radius("radius", radius, "; give mn.points for a single point"))


def shell(center: "npt.ArrayLike | float | int", inner: float | int, outer: float | int) -> Shell:
    """What is between two spheres: inner <= |x - center| <= outer.

    Arguments: `center` (d,), d from 1 to 3, or a number for d = 1; 0 < `inner` < `outer`.

    Errors: ValueError for another centre or other radii.

    >>> shell([0.0, 0.0], 1.0, 2.0)
    shell between radii 1 and 2 about (0, 0)
    """
    small, large = _radius("inner", inner, "; mn.ball has none"), _radius("outer", outer)
    if small >= large:
        raise ValueError(f"inner is {small:g} and outer {large:g}; give inner < outer")
    return Shell(vector("center", center), small, large)


def _radius(name: str, value: float | int, remedy: str = "") -> float:
    return real(name, value, "a number > 0" + remedy, lambda number: 0 < number < math.inf)

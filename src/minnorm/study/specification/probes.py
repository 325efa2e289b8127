"""Where a task's networks are looked at beyond their data: on a line, on spheres; and what is measured there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from pydantic import Field

from minnorm import measure
from minnorm.measure.distances import Function, values_of
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.study.specification.strict import Strict
from minnorm.study.specification.target import Target

Measured = dict[str, tuple[tuple[str, ...], np.ndarray | float | int]]
"""Dimensions and values by name."""

_NEAR = 0.01  # of the data's interval: a bend is at a data point
_AROUND = 0.15  # of the data's extent


class MeasureSpec(Strict):
    """What is measured of every trained network beyond norms and distances."""

    sharpness: bool = False
    optimum: bool = True
    """Whether its objective is compared with the certified minimum, where that is to be had."""
    lazy: bool = False
    """Whether it is compared with what the tangent kernel of its start gives."""
    directions: int = Field(default=256, ge=2)
    radii: int = Field(default=81, ge=2)
    largest_radius: float = Field(default=5.0, gt=1, allow_inf_nan=False)


@runtime_checkable
class Probe(Protocol):
    """A place to look at functions, with a coordinate of its own in a shard's file."""

    coordinate: ClassVar[str]
    """The dimension that what is recorded there has; pages choose a picture by it."""
    describe: ClassVar[Mapping[str, str]]
    """What each measure is, by name."""

    @property
    def size(self) -> int:
        """How many numbers it records of a network."""
        ...

    def coordinates(self) -> dict[str, Any]:
        """The coordinate's values, as xarray takes them."""
        ...

    def measure(self, network: ShallowReLU, target: Target | None, penalty: PathNorm) -> Measured:
        """All measures of one network."""
        ...

    def seen(self, f: Function, dim: int) -> tuple[tuple[str, ...], np.ndarray]:
        """Dimensions and values of any function of `dim` variables here."""
        ...


@dataclass(frozen=True)
class OnLine:
    """Functions of one variable at `query` points, with their seminorm, and where they bend relative to the data `x`.

    `bends_at_data` is 1 for a function that is linear between the data, and about the share of the line near the data
    if it is smooth.
    """

    x: Float[np.ndarray, " n"]
    query: Float[np.ndarray, " q"]
    coordinate: ClassVar[str] = "query"
    describe: ClassVar[Mapping[str, str]] = {
        "seminorm": "the function's own norm [f], from its kinks",
        "bends_at_data": "share of the bends, sum |a w|, whose knots are within 1 % of the data's interval of a data "
        "point",
        "function": "f at the query points",
    }

    @staticmethod
    def around(x: Sequence[float] | np.ndarray, count: int = 701) -> "OnLine":
        """Over the data's interval and a fifth of it on both sides."""
        low, high = min(x), max(x)
        margin = 0.2 * (high - low)
        return OnLine(np.asarray(x), np.linspace(low - margin, high + margin, count))

    @property
    def size(self) -> int:
        """The function's values and two numbers."""
        return self.query.size + 2

    def coordinates(self) -> dict[str, Any]:
        """The query points."""
        return {"query": ("query", self.query, {"long_name": "query point x"})}

    def measure(self, network: ShallowReLU, target: Target | None, penalty: PathNorm) -> Measured:
        """Seminorm, bends and values."""
        return {
            "seminorm": ((), measure.seminorm_line(network, skip=penalty.skip)),
            "bends_at_data": ((), self._bends_at_data(network)),
            "function": self.seen(network, 1),
        }

    def seen(self, f: Function, dim: int) -> tuple[tuple[str, ...], np.ndarray]:
        """Values at the query points."""
        return ("query",), values_of(f, self.query[:, None])

    def _bends_at_data(self, network: ShallowReLU) -> float:
        positions, turns = measure.knots(network)
        x = self.x
        inside = (positions >= x.min()) & (positions <= x.max())
        near = np.min(np.abs(positions[:, None] - x), axis=1) <= _NEAR * (x.max() - x.min())
        total = float(np.sum(np.abs(turns[inside | near])))
        return float(np.sum(np.abs(turns[near]))) / total if total > 0 else np.nan


@dataclass(frozen=True)
class OnSphere:
    """Mean and deviation over `directions` random directions at `radii`, and how far a radial target is stretched."""

    radii: Float[np.ndarray, " r"]
    directions: int
    coordinate: ClassVar[str] = "radius"
    describe: ClassVar[Mapping[str, str]] = {
        "radial_mean": "mean of f over directions at radius r",
        "radial_std": "standard deviation of f over directions at radius r",
        "stretch": "the s for which the exact profile f*(r / s) fits the radial mean best",
        "stretch_residual": "root mean square distance of the radial mean to that stretched profile",
    }

    @property
    def size(self) -> int:
        """Two numbers at each radius, and two more."""
        return 2 * self.radii.size + 2

    def coordinates(self) -> dict[str, Any]:
        """The radii."""
        return {"radius": ("radius", self.radii, {"long_name": "distance r from the origin"})}

    def measure(self, network: ShallowReLU, target: Target | None, penalty: PathNorm) -> Measured:
        """The radial profile, and its stretch where there is an exact one."""
        profile = measure.radial_profile(network, network.dim, self.radii, count=self.directions)
        found: Measured = {
            "radial_mean": (("radius",), profile.mean),
            "radial_std": (("radius",), profile.std),
        }
        if target is not None and target.profile is not None:
            stretch = measure.best_stretch(profile.mean, self.radii, target.profile)
            found |= {"stretch": ((), stretch.stretch), "stretch_residual": ((), stretch.residual)}
        return found

    def seen(self, f: Function, dim: int) -> tuple[tuple[str, ...], np.ndarray]:
        """Means over directions."""
        return ("radius",), measure.radial_profile(f, dim, self.radii, count=self.directions).mean


def box(points: Float[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
    """The corners of a box around points, with 15 % of their extent as a margin on all sides."""
    low, high = points.min(axis=0), points.max(axis=0)
    return low - _AROUND * (high - low), high + _AROUND * (high - low)


@dataclass(frozen=True)
class OnPlane:
    """Functions of two variables on a grid of `side` x `side` places between the corners `low` and `high`."""

    low: Float[np.ndarray, "2"]
    high: Float[np.ndarray, "2"]
    side: int = 61
    coordinate: ClassVar[str] = "across"
    describe: ClassVar[Mapping[str, str]] = {
        "plane": "f on a grid of the plane",
        "target_plane": "what is to be learned, on that grid",
    }

    @property
    def size(self) -> int:
        """Two numbers at each place."""
        return 2 * self.side**2

    @property
    def places(self) -> Float[np.ndarray, "k 2"]:
        """The points of the grid, row by row."""
        return np.stack(np.meshgrid(*self._sides), axis=-1).reshape(-1, 2)

    def coordinates(self) -> dict[str, Any]:
        """Both sides."""
        words = ("first coordinate", "second coordinate")
        return {
            name: (name, side, {"long_name": word})
            for name, side, word in zip(("across", "up"), self._sides, words, strict=True)
        }

    def measure(self, network: ShallowReLU, target: Target | None, penalty: PathNorm) -> Measured:
        """The values, and those of the target where there is one."""
        found: Measured = {"plane": self.seen(network, 2)}
        if target is not None:
            found["target_plane"] = self.seen(target.function, 2)
        return found

    def seen(self, f: Function, dim: int) -> tuple[tuple[str, ...], np.ndarray]:
        """Values on the grid."""
        return ("up", "across"), values_of(f, self.places).reshape(self.side, self.side)

    @property
    def _sides(self) -> tuple[np.ndarray, np.ndarray]:
        first, second = (np.linspace(a, b, self.side) for a, b in zip(self.low, self.high, strict=True))
        return first, second

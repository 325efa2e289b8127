"""Regions as they are drawn: discs, rings, boxes and polygons, as text in the address, as objects, and as code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minnorm.objective.regions.known import Regions
from minnorm.objective.regions.round import ball, shell
from minnorm.objective.regions.straight import Polygon, box, polygon

_DIGITS = 3  # of coordinates after the point
_SIZES = {"disc": 3, "ring": 4, "box": 4}
MOST = 40
MOST_CORNERS = 600


@dataclass(frozen=True)
class Part:
    """One shape and its label.

    `rings` has the numbers of a disc (x, y, radius), a ring (x, y, inner, outer) or a box (two corners) as its only
    entry, and for a polygon x, y, x, y, .. along the outline, then along each hole.
    """

    kind: str
    label: float
    rings: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, kind: Any, label: Any, rings: Any) -> "Part":
        """Rounded; ValueError for what is no part."""
        if kind not in (*_SIZES, "polygon"):
            raise ValueError(f"{kind!r} is no shape; draw a disc, a ring, a box or a polygon")
        try:
            numbers = tuple(tuple(round(float(one), _DIGITS) + 0.0 for one in ring) for ring in rings)
            value = float(label)
        except (TypeError, ValueError):
            raise ValueError(f"a {kind} has {rings!r} and the label {label!r}; give numbers") from None
        if not np.all(np.isfinite([value, *(one for ring in numbers for one in ring)])):
            raise ValueError(f"a {kind} has numbers that are not finite")
        if kind in _SIZES and (len(numbers) != 1 or len(numbers[0]) != _SIZES[kind]):
            raise ValueError(f"a {kind} has {_SIZES[kind]} numbers and a label")
        if kind == "polygon" and (not numbers or any(len(ring) < 6 or len(ring) % 2 for ring in numbers)):
            raise ValueError("a polygon has three corners or more, each of two coordinates")
        return cls(kind, value, numbers)

    def drawn(self) -> dict[str, Any]:
        """For the browser."""
        return {"kind": self.kind, "label": self.label, "rings": [list(ring) for ring in self.rings]}

    def shape(self) -> Any:
        """The shape; ValueError for one that is empty or crosses itself."""
        one = self.rings[0]
        if self.kind == "disc":
            return ball(list(one[:2]), one[2])
        if self.kind == "ring":
            return shell(list(one[:2]), one[2], one[3])
        if self.kind == "box":
            return box(*_corners(one))
        outline, *holes = (np.reshape(ring, (-1, 2)) for ring in self.rings)
        return polygon(outline, holes=tuple(holes))

    def code(self) -> str:
        """The shape as code."""
        one = self.rings[0]
        if self.kind == "disc":
            return f"mn.ball({list(one[:2])}, {one[2]!r})"
        if self.kind == "ring":
            return f"mn.shell({list(one[:2])}, {one[2]!r}, {one[3]!r})"
        if self.kind == "box":
            low, high = _corners(one)
            return f"mn.box({low}, {high})"
        outline, *holes = (np.reshape(ring, (-1, 2)).tolist() for ring in self.rings)
        return f"mn.polygon({outline}{f', holes={holes}' if holes else ''})"


def written(parts: Sequence[Part]) -> str:
    """Parts as a text.

    >>> written([Part.of("disc", 1, [[0, 0, 0.3]]), Part.of("box", 0.0, [[1, 1, 2, 2]])])
    'disc~1~0~0~0.3;box~0~1~1~2~2'
    """
    return ";".join(
        f"{part.kind}~{part.label:.12g}~" + "!".join("~".join(f"{one:.12g}" for one in ring) for ring in part.rings)
        for part in parts
    )


def read(text: str) -> list[Part]:
    """The parts of a text; ValueError for one that has none, too many, or others.

    >>> read("disc~1~0~0~0.3")
    [Part(kind='disc', label=1.0, rings=((0.0, 0.0, 0.3),))]
    """
    found = []
    for one in filter(None, text.split(";")):
        kind, *rest = one.split("~", 2)
        if len(rest) != 2:
            raise ValueError(f"{one!r} is no region; give kind~label~numbers, as disc~1~0~0~0.3")
        found.append(Part.of(kind, rest[0], [ring.split("~") for ring in rest[1].split("!")]))
    return bounded(found)


def heard(drawn: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The parts that the browser has drawn."""
    return bounded([Part.of(one.get("kind"), one.get("label"), one.get("rings")) for one in drawn])


def bounded(parts: list[Part]) -> list[Part]:
    """The parts, if they are not too many."""
    corners = sum(len(ring) // 2 for part in parts for ring in part.rings if part.kind == "polygon")
    if len(parts) > MOST or corners > MOST_CORNERS:
        raise ValueError(
            f"there are {len(parts)} parts with {corners} corners; give at most {MOST} with {MOST_CORNERS}"
        )
    return parts


def of_picture(levels: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[Part]:
    """Polygons around pixels (rows, columns) of one grey level in a box; NaN, or else the level of the corners, is
    unknown. ValueError with the remedy for pictures that are no mask."""
    unknown = None if np.any(np.isnan(levels)) else float(levels[0, 0])
    regions = Regions.of_image(levels, unknown=unknown, height=float(levels.shape[0]))
    scale = float(np.min((high - low) / levels.shape[::-1]))
    corner = 0.5 * (low + high) - 0.5 * scale * np.array(levels.shape[::-1])
    found = []
    for shape, label in regions:
        assert isinstance(shape, Polygon)
        rings = [(corner + scale * ring).reshape(-1) for ring in shape.rings]
        found.append(Part.of("polygon", float(label.offset), rings))
    return bounded(found)


def _corners(one: tuple[float, ...]) -> tuple[list[float], list[float]]:
    return [min(one[0], one[2]), min(one[1], one[3])], [max(one[0], one[2]), max(one[1], one[3])]

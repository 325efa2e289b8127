"""Regions in words and numbers, as TOML and JSON hold them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minnorm.checks import choice, shown
from minnorm.objective.regions.known import Regions, affine
from minnorm.objective.regions.round import ball, shell
from minnorm.objective.regions.shape import Shape
from minnorm.objective.regions.straight import box, points, polygon, polytope, segment

_SHAPES: dict[str, tuple[Callable[..., Shape], tuple[str, ...]]] = {
    "ball": (ball, ("center", "radius")),
    "shell": (shell, ("center", "inner", "outer")),
    "box": (box, ("low", "high")),
    "polygon": (polygon, ("vertices", "holes")),
    "polytope": (polytope, ("vertices", "normals", "offsets")),
    "segment": (segment, ("a", "b")),
    "points": (points, ("X",)),
}
_ALL = ("ball", "shell", "box", "segment", "points")  # which need all of them
_LABEL = ("label", "slope")


def described(parts: Any) -> Regions:
    """Regions of mappings: `shape`, its arguments by their names, and `label`, with a `slope` where it is affine.

    Errors: ValueError naming the part, for unknown shapes and missing or unknown entries.

    >>> described([{"shape": "ball", "center": [0, 0], "radius": 0.3, "label": 1}])
    Regions: 1 parts in dimension 2
      1  on the ball of radius 0.3 about (0, 0)
    """
    if not isinstance(parts, Sequence) or isinstance(parts, str) or not parts:
        raise ValueError(f"region is {shown(parts)}; give a table [[region]] for each part")
    found = []
    for k, part in enumerate(parts):
        name = f"region {k}"
        if not isinstance(part, Mapping):
            raise ValueError(f"{name} is {shown(part)}; give a table with shape and label")
        make, known = _SHAPES[choice(f"shape of {name}", part.get("shape"), _SHAPES)]
        wrong = sorted(set(part) - {"shape", *known, *_LABEL})
        if wrong:
            raise ValueError(f"{name} has {wrong[0]}, which no {part['shape']} has; it takes {', '.join(known)}")
        if "label" not in part:
            raise ValueError(f"{name} has no label; give what the function is there")
        missing = [entry for entry in known if entry not in part]
        if missing and (part["shape"] in _ALL or len(missing) == len(known)):
            raise ValueError(f"{name} has no {missing[0]}; a {part['shape']} takes {', '.join(known)}")
        try:
            shape = make(**{entry: part[entry] for entry in known if entry in part})
            label = affine(part["slope"], part["label"]) if "slope" in part else part["label"]
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        found.append((shape, label))
    return Regions(found)


def description(regions: Regions) -> list[dict[str, Any]]:
    """The inverse of `described`: a table for each part.

    >>> from minnorm import ball
    >>> description(Regions([(ball([0, 0], 0.3), 1)]))
    [{'shape': 'ball', 'center': [0.0, 0.0], 'radius': 0.3, 'label': 1.0}]
    """
    return [
        shape.table | {"label": float(label.offset)} | ({"slope": label.slope.tolist()} if np.any(label.slope) else {})
        for shape, label in regions
    ]

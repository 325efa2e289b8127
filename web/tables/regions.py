"""The table behind the static page's view Regions: networks of `minnorm.interpolate_regions`, with their brackets.

    python web/tables/regions.py

writes `src/minnorm/explore/static/regions.json`. It takes some minutes.
"""

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from minnorm import Regions, ball, box, interpolate_regions, polygon, shell

PATH = Path(__file__).parents[2] / "src" / "minnorm" / "explore" / "static" / "regions.json"
TOLERANCE = 0.01
_UNIT = 32_000  # steps to the largest number
_CLOSE = 2e-3
_LIMIT = 120.0  # seconds

_HORSESHOE = [(-1.6, -1.2), (1.6, -1.2), (1.6, 1.4), (1.0, 1.4), (1.0, -0.6), (-1.0, -0.6), (-1.0, 1.4), (-1.6, 1.4)]


def _disc(x: float, y: float, radius: float, label: float) -> dict[str, object]:
    return {"kind": "disc", "center": (x, y), "radius": radius, "label": label}


DRAWINGS: list[dict[str, object]] = [
    {
        "name": "Three discs",
        "says": "Labels 0, 1 and 2 on three discs.",
        "view": 2.4,
        "within": (0.02, 0.05, 0.1, 0.2, 0.3, 0.4),
        "parts": [_disc(-1.2, -0.8, 0.6, 0.0), _disc(1.3, -0.6, 0.5, 1.0), _disc(0.1, 1.2, 0.55, 2.0)],
    },
    {
        "name": "A disc in a ring",
        "says": "1 on the disc, 0 on the ring around it: a knot that serves the disc must cross the ring.",
        "view": 2.1,
        "within": (0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
        "parts": [
            _disc(0.0, 0.0, 0.3, 1.0),
            {"kind": "ring", "center": (0.0, 0.0), "inner": 1.0, "outer": 2.0, "label": 0.0},
        ],
    },
    {
        "name": "A disc in a horseshoe",
        "says": "1 on the disc, 0 on the horseshoe, open at the top.",
        "view": 2.2,
        "within": (0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
        "parts": [
            _disc(0.0, 0.6, 0.35, 1.0),
            {"kind": "polygon", "corners": _HORSESHOE, "label": 0.0},
        ],
    },
]

_SHAPES: dict[str, Callable[[dict], object]] = {
    "disc": lambda part: ball(part["center"], part["radius"]),
    "ring": lambda part: shell(part["center"], part["inner"], part["outer"]),
    "polygon": lambda part: polygon(part["corners"]),
    "box": lambda part: box(part["low"], part["high"]),
}


def regions(drawing: dict) -> Regions:
    """The known regions of a drawing."""
    return Regions([(_SHAPES[part["kind"]](part), part["label"]) for part in drawing["parts"]])


def solved(drawing: dict, within: float) -> dict[str, object] | None:
    """The bracket and the network; None if no network keeps to all of the regions in time."""
    solution = interpolate_regions(regions(drawing), within=within, tolerance=TOLERANCE, time_limit=_LIMIT)
    print(drawing["name"], within, solution.lower_bound, solution.value, solution.ending, file=sys.stderr)
    if not np.isfinite(solution.value):
        return None
    net = solution.network
    bracket = {"within": within, "low": solution.lower_bound, "high": solution.value, "error": solution.error}
    return bracket | packed(net.inner_weights, net.biases, net.outer_weights, float(net.offset), drawing["view"])


def packed(w: np.ndarray, b: np.ndarray, a: np.ndarray, c: float, view: float) -> dict[str, object]:
    """Neurons m relu(cos t x + sin t y + s) as (t, s, m) in 16 bits each, right to `_CLOSE` on what is drawn."""
    length = np.hypot(*w.T)
    live = length * np.abs(a) > 0
    w, b, a, length = w[live], b[live], a[live], length[live]
    numbers = np.stack([np.arctan2(w[:, 1], w[:, 0]) / np.pi, b / length, a * length], axis=1)
    scales = np.max(np.abs(numbers), axis=0)
    steps = np.round(numbers / scales * _UNIT)
    t, s, m = (steps / _UNIT * scales).T
    grid = np.linspace(-view, view, 41)
    x, y = (axis.reshape(-1, 1) for axis in np.meshgrid(grid, grid))
    found = np.maximum(np.cos(np.pi * t) * x + np.sin(np.pi * t) * y + s, 0) @ m
    exact = np.maximum(np.concatenate([x, y], axis=1) @ w.T + b, 0) @ a
    shift = float(np.mean(exact - found))
    assert np.max(np.abs(found + shift - exact)) < _CLOSE
    return {
        "neurons": base64.b64encode(steps.astype("<i2").tobytes()).decode(),
        "scales": [float(f"{scale:.9g}") for scale in scales],
        "offset": float(f"{c + shift:.9g}"),
    }


def main() -> None:
    """Solve all drawings."""
    made = []
    for drawing in DRAWINGS:
        found = [solved(drawing, within) for within in drawing["within"]]
        rest = {name: value for name, value in drawing.items() if name != "within"}
        made.append({**rest, "solutions": [one for one in found if one is not None]})
    PATH.write_text(json.dumps({"unit": _UNIT, "drawings": made}, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()

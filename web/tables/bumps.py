"""The table behind the static page's view Bump: norms, profiles and certificates of `minnorm.known.radial_bump`.

    python web/tables/bumps.py

writes `src/minnorm/explore/static/bumps.json`: numbers as they are, curves in 16 bits, which is more than a screen
shows.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np

from minnorm.known import RadialBump, radial_bump

PATH = Path(__file__).parents[2] / "src" / "minnorm" / "explore" / "static" / "bumps.json"
DIMENSIONS = range(1, 65)
PLATEAUS = (0.0, 0.1, 0.2, 0.3, 0.5)
_UNIT = 30_000  # steps to 1
_RADII = 101
_BETWEEN = 6  # places between neighbouring atoms
_END = 1.6  # of certificates in even dimension, where the measure has a tail
_DIGITS = (None, 30, 60, 100)


def entry(dim: int, plateau: float) -> dict[str, object]:
    """One bump: its numbers, its profile on [plateau, 1] and its certificate at atoms, ends and evenly between them."""
    bump = _bump(dim, plateau)
    atoms = bump.certificate.atoms
    atoms = atoms[atoms >= 0]
    corners = np.unique(np.concatenate([[plateau, 1.0], atoms, [] if dim % 2 else [_END]]))
    share = np.arange(_BETWEEN) / _BETWEEN
    places = np.append((corners[:-1, None] + np.diff(corners)[:, None] * share).reshape(-1), corners[-1])
    low, high = bump.norm_bounds
    return {
        "norm": bump.norm,
        "low": low,
        "high": high,
        "lipschitz": bump.lipschitz,
        "profile": _packed(bump.profile(np.linspace(plateau, 1.0, _RADII))),
        "phi": _packed(bump.certificate(places)),
        "atoms": _packed(atoms),
    }


def table(dimensions: range = DIMENSIONS) -> dict[str, object]:
    """All of them, by plateau and dimension."""
    bumps = []
    for plateau in PLATEAUS:
        row = []
        for dim in dimensions:
            print(f"\rplateau {plateau}, dimension {dim} ", end="", file=sys.stderr)
            row.append(entry(dim, plateau))
        bumps.append(row)
    return {
        "unit": _UNIT,
        "between": _BETWEEN,
        "end": _END,
        "plateaus": PLATEAUS,
        "dimensions": list(dimensions),
        "bumps": bumps,
    }


def _bump(dim: int, plateau: float) -> RadialBump:
    """With as many digits as it needs."""
    for digits in _DIGITS:
        try:
            return radial_bump(dim, plateau, digits=digits)
        except ValueError:
            if digits == _DIGITS[-1]:
                raise
    raise AssertionError


def _packed(values: np.ndarray) -> str:
    """As 16 bits each, little-endian, in base64."""
    steps = np.round(np.asarray(values) * _UNIT / 2)
    assert np.all(np.abs(steps) < 1 << 15)
    return base64.b64encode(steps.astype("<i2").tobytes()).decode()


if __name__ == "__main__":
    PATH.write_text(json.dumps(table(), separators=(",", ":")) + "\n", "utf-8")

"""Brackets between known regions: processor seconds to solve and to prove, and what is known of the number.

    OPENBLAS_NUM_THREADS=1 python benchmarks/regions.py
    python benchmarks/regions.py --rows ring-05 aside --time-limit 600
    python benchmarks/regions.py --cold                 # beside one solve of the points at the end, from nothing
    python benchmarks/regions.py --points 1000000       # errors at so many random points of the regions, too

Each row is one call of `interpolate_regions` (or `separate_regions`), whose proof `verify_regions` makes again.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minnorm as mn

L_SHAPE = [[0, 0], [2, 0], [2, 0.8], [0.8, 0.8], [0.8, 2], [0, 2]]
_ROUNDED = 1e-9
SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
FRAME = mn.polygon(1.5 * SQUARE, holes=[SQUARE])


def ring(dim: int, plateau: float) -> mn.Regions:
    """1 on a ball, or at the origin, and 0 on a shell."""
    inner = mn.ball(np.zeros(dim), plateau) if plateau else mn.points(np.zeros((1, dim)))
    return mn.Regions([(inner, 1.0), (mn.shell(np.zeros(dim), 1, 2), 0.0)])


def framed(x: float, y: float) -> mn.Regions:
    """1 on a square of side .6 about (x, y), 0 on a frame around it."""
    return mn.Regions([(mn.box([x - 0.3, y - 0.3], [x + 0.3, y + 0.3]), 1.0), (FRAME, 0.0)])


def discs() -> mn.Regions:
    """Three discs with the labels 0, 1, 2."""
    places = zip([[0.0, 0.0], [2.0, 0.0], [1.0, 1.75]], [0.0, 1.0, 2.0], strict=True)
    return mn.Regions([(mn.ball(at, 0.5), label) for at, label in places])


def corner() -> mn.Regions:
    """1 on a square in the corner of an L, 0 on the L."""
    return mn.Regions([(mn.polygon(L_SHAPE), 0.0), (mn.box([1.1, 1.1], [1.7, 1.7]), 1.0)])


def letters() -> mn.Regions:
    """1 on an L, 0 on an i with its dot, from an image of 160 x 90."""
    mask = np.full((90, 160), np.nan)
    mask[10:80, 45:60], mask[66:80, 60:105] = 1.0, 1.0
    mask[30:58, 78:90] = 0.0
    rows, columns = np.mgrid[:90, :160]
    mask[(rows - 17) ** 2 + (columns - 84) ** 2 < 40] = 0.0
    return mn.Regions.of_image(mask)


def bodies(kind: str) -> mn.Regions:
    """Two convex bodies at the distance .5 with the labels 0 and 1: the least norm is 4."""
    one = mn.ball([0, 0], 1) if kind != "squares" else mn.box([-1, -1], [1, 1])
    others = {"discs": mn.ball([2.5, 0], 1), "squares": mn.box([1.5, -0.5], [2.5, 1])}
    return mn.Regions([(one, 0.0), (others.get(kind, mn.segment([1.5, 0], [2.5, 0])), 1.0)])


@dataclass(frozen=True)
class Row:
    """Regions, what is asked, and what is known of the least norm."""

    regions: Callable[[], mn.Regions]
    within: float | None
    tolerance: float
    known: Callable[[], float] | float | None = None
    seconds: float = 120.0
    options: dict[str, Any] = field(default_factory=dict)


def radial(dim: int, plateau: float, within: float) -> Callable[[], float]:
    """Of the radial programme."""
    return lambda: mn.known.radial_within(dim, plateau, 2.0, within).norm


ROWS = {
    "discs": Row(lambda: bodies("discs"), 0.0, 1e-6, 4.0, 5),
    "squares": Row(lambda: bodies("squares"), 0.0, 1e-6, 4.0, 5),
    "segment": Row(lambda: bodies("segment"), 0.0, 1e-6, 4.0, 5),
    "ring-05": Row(lambda: ring(2, 0.3), 0.05, 1e-2, radial(2, 0.3, 0.05), 60),
    "ring-05-fine": Row(lambda: ring(2, 0.3), 0.05, 1e-3, radial(2, 0.3, 0.05), 600),
    "ring-01": Row(lambda: ring(2, 0.3), 0.01, 3e-2, radial(2, 0.3, 0.01), 300),
    "origin-01": Row(lambda: ring(2, 0.0), 0.01, 1e-2, radial(2, 0.0, 0.01), 60),
    "three": Row(discs, 0.02, 2e-2),
    "frame": Row(lambda: framed(0, 0), 0.02, 2e-2),
    "aside": Row(lambda: framed(0.1, 0), 0.02, 2e-2),
    "askew": Row(lambda: framed(0.1, 0.05), 0.02, 2e-2),
    "corner": Row(corner, 0.02, 2e-2),
    "letters": Row(letters, 0.02, 2e-2),
    "margin": Row(lambda: mn.Regions([(s, 2 * y.offset - 1) for s, y in ring(2, 0.3)]), None, 2e-3, np.pi * 2 / 0.7),
    "space-10": Row(lambda: ring(3, 0.3), 0.1, 5e-2, radial(3, 0.3, 0.1), 300),
    "space-05": Row(lambda: ring(3, 0.3), 0.05, 5e-2, radial(3, 0.3, 0.05), 300),
}


def measured(name: str, limit: float | None, points: int, cold: bool) -> str:
    """One row in words."""
    row = ROWS[name]
    K = row.regions()
    options = {"tolerance": row.tolerance, "time_limit": limit or row.seconds, "certify": False, **row.options}
    began = time.process_time()
    if row.within is None:
        sol = mn.separate_regions(K, **options)
    else:
        sol = mn.interpolate_regions(K, within=row.within, **options)
    solving = time.process_time() - began
    began = time.process_time()
    proof = mn.verify_regions(K, sol, tolerance=row.tolerance)
    proving = time.process_time() - began
    said = [
        f"{name:13} {proof.lower_bound:.7g} to {proof.value:.7g}, gap {proof.gap:.1e} of {row.tolerance:g}",
        f"solve {solving:.1f} s, prove {proving:.1f} s, {sol.ending}, {sol.rounds} rounds",
        f"{sol.network.width} neurons, {len(sol.points)} points",
    ]
    known = row.known() if callable(row.known) else row.known
    if known is not None:
        held = proof.lower_bound <= known * (1 + _ROUNDED) and known <= proof.value * (1 + _ROUNDED)
        said.append(f"known {known:.6g}, {'held' if held else 'NOT HELD'}")
    if points:
        missed = largest(K, sol, points)
        said.append(f"error {missed:.6g} at {points} points, {proof.error:.6g} claimed")
        said += ["FALSE"] if missed > proof.error else []
    if cold and row.within is not None:
        began = time.process_time()
        mn.interpolate(sol.points, sol.labels, within=row.within, tolerance=row.tolerance, certify=False)
        spent = time.process_time() - began
        said.append(f"cold {spent:.1f} s, ratio {solving / spent:.2f}")
    return ", ".join(said)


def largest(K: mn.Regions, sol: mn.RegionSolution, count: int) -> float:
    """The largest error at random points."""
    x, y = K.sample(count, 1)
    step = max(1, (1 << 22) // max(1, sol.network.width))
    f = np.concatenate([sol(x[k : k + step]) for k in range(0, count, step)])
    return float(np.max(1 - y * f if sol.margins else np.abs(f - y)))


def main() -> None:
    """One line for each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--time-limit", type=float, help="seconds for each row; by default its own")
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--cold", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", mn.UncertifiedWarning)
    for name in asked.rows:
        print(measured(name, asked.time_limit, asked.points, asked.cold), flush=True)


if __name__ == "__main__":
    main()

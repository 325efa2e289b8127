r"""The enumeration in k >= 4 dimensions, for few points, with a check that every arc was found.

In general position no two breakpoints on a circle coincide, and every face has on its boundary an arc of a circle
with exactly k - 2 pins. Two breakpoints with error bounds e_1, e_2 are in the computed order if they are more than
e_1 + e_2 apart. Where just two are closer, the arc between them is tried in either order. Where more are, the
enumeration fails, and is repeated with points moved at random, at a price of sum |nu_j| |delta_j|.

A circle's plane is known up to an angle psi, at most its inner products with the pins' unit vectors over their
least singular value (by Householder QR, which is backward stable: Higham 2002, theorem 19.4), a breakpoint up to
e = (psi + c eps) |z| / |z projected to the plane|, and g on the circle up to L psi.
"""

import copy
from itertools import combinations, islice
from math import comb

import numpy as np

from minnorm.verify.exact import UNIT
from minnorm.verify.sweep import Circles, Field, Tally

_BLOCK = 1 << 17  # circles times points swept at once


def around(field: Field, tally: Tally) -> bool:
    """sup |g| over unit u in R^k, k >= 4; False if the order of breakpoints on some circle remains open."""
    n, k = field.z.shape
    if n < k:  # the z do not span the space, though they should: their rank was lost in rounding
        return False
    sets = combinations(range(n), k - 2)
    rows, done = max(1, _BLOCK // n), 0
    while chunk := list(islice(sets, rows)):
        tally.clock.check(min(1.0, done / comb(n, k - 2)))
        done += rows
        if not _chunk(field, np.array(chunk), tally):
            return False
    return True


def _chunk(field: Field, pins: np.ndarray, tally: Tally) -> bool:
    k = field.z.shape[1]
    vectors = (field.z / field.size[:, None])[pins].transpose(0, 2, 1)
    q, r = np.linalg.qr(vectors, mode="complete")
    frames = np.concatenate([q[:, :, k - 2 :], q[:, :, : k - 2]], axis=2)
    small = 64 * k * UNIT
    sigma = np.linalg.svd(r[:, : k - 2], compute_uv=False)[:, -1] - small
    if np.any(sigma <= 4 * small):
        return False
    residual = q[:, :, k - 2 :].transpose(0, 2, 1) @ vectors
    tilt = (np.sqrt(np.sum(residual * residual, axis=(1, 2))) + 2 * (k + 4) * k * UNIT) / sigma
    circles = Circles(field, _from_widest_gap(Circles(field, frames, pins)), pins)
    open_arcs = _open_arcs(circles, 1.5 * tilt + small)
    if open_arcs is None:
        return False
    longest = sum(np.max(np.abs(run), axis=1) ** 2 for side in circles.runs.values() for run in side) ** 0.5
    longest += np.sum((np.abs(field.nu) * field.size)[pins], axis=1)
    circles.values(tally, field.error + tilt * field.total)
    error = field.error + 2 * tilt * longest
    circles.faces(tally, error)
    rows = np.flatnonzero(np.any(open_arcs, axis=1))
    if rows.size:
        _other_order(circles, rows, open_arcs[rows]).faces(tally, error[rows])
    return True


def _from_widest_gap(circles: Circles) -> np.ndarray:
    """Frames turned in the plane such that t = 0 is in the middle of the widest arc."""
    place = circles.place[:, 1:-1]
    count = np.sum(place <= np.pi, axis=1)
    row = np.arange(len(place))
    first, last = place[:, 0], place[row, np.maximum(count - 1, 0)]
    gap = np.where(place[:, 1:] <= np.pi, np.diff(place, axis=1), -1.0)
    widest = np.argmax(gap, axis=1)
    middle = np.where(
        gap[row, widest] > first + np.pi - last,
        (place[row, widest] + place[row, widest + 1]) / 2,
        (last + first + np.pi) / 2,
    )
    frames = circles.frames.copy()
    cos, sin = np.cos(middle)[:, None], np.sin(middle)[:, None]
    frames[:, :, 0] = cos * circles.frames[:, :, 0] + sin * circles.frames[:, :, 1]
    frames[:, :, 1] = cos * circles.frames[:, :, 1] - sin * circles.frames[:, :, 0]
    return frames


def _open_arcs(circles: Circles, relative: np.ndarray) -> np.ndarray | None:
    """Arcs (c, n + 1) whose two ends may be in the other order; None if more than two breakpoints may change places."""
    share = circles.radius / circles.field.size
    with np.errstate(divide="ignore"):
        slack = np.where(circles.swept, 2 * relative[:, None] / share, 0.0)
    pin = np.zeros(share.shape, dtype=bool)
    pin[circles.row, circles.pins] = True
    if np.any((slack > 0.5) | (~circles.swept & ~pin)):
        return None
    slack = np.take_along_axis(slack, circles.order, axis=1)
    place = circles.place[:, 1:-1]
    latest = np.maximum.accumulate(place + slack, axis=1)
    earliest = np.minimum.accumulate((place - slack)[:, ::-1], axis=1)[:, ::-1]
    swept = place <= np.pi
    if np.any(earliest[:, 0] <= 0) or np.any(np.where(swept, latest, 0.0) >= np.pi):
        return None
    unsure = (latest[:, :-1] >= earliest[:, 1:]) & swept[:, 1:]
    if np.any(unsure[:, 1:] & unsure[:, :-1]):
        return None
    return np.pad(unsure, ((0, 0), (1, 1)))


def _other_order(circles: Circles, rows: np.ndarray, open_arcs: np.ndarray) -> Circles:
    """The same circles with the two ends of open arcs in the other order, and no other arcs."""
    other = copy.copy(circles)
    for name in ("frames", "pins", "swept", "order", "unsorted", "place", "turn"):
        setattr(other, name, getattr(circles, name)[rows])
    other.row = np.arange(len(rows))[:, None]
    other.parts = [part[rows] for part in circles.parts]
    other.runs = {}
    for side, runs in circles.runs.items():
        other.runs[side] = []
        for run in runs:
            changed = np.zeros((len(rows), run.shape[1]))
            changed[:, 1:-1] = run[rows, :-2] + run[rows, 2:] - run[rows, 1:-1]
            other.runs[side].append(np.where(open_arcs, changed, 0.0))
    other.swapped = True
    return other

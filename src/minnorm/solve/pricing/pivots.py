"""The exact oracle of the plane for some of the points alone, where the others are their images."""

import numpy as np
from jaxtyping import Float

from minnorm.solve.pricing.oracle import Atoms

_ENTRIES = 1 << 21  # angles held at once
_KEPT = 2  # atoms of each kind and pivot


def at_pivots(
    points: Float[np.ndarray, "n 2"],
    nu: Float[np.ndarray, " n"],
    pivots: Float[np.ndarray, "p 2"],
    signs: Float[np.ndarray, " p"],
) -> Atoms:
    r"""Local maxima of |h| over kinks through each of the pivots, points with dual numbers of these signs.

        h(w, b) = sum_i nu_i relu(w . x_i + b),    |w| = 1,   w . pivot + b = 0,   sum nu = 0

    As w turns, points enter and leave at angles that are sorted; between two of them h = v . w with v a running sum,
    and |h| is largest at w = +-v / |v| or at an end. Only maxima of the sign for which h is concave across the pivot's
    kink are kept. Where every point is an image of a pivot the largest |h| is the largest of all.

    >>> square = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    >>> nu = np.array([1.0, -1.0, -1.0, 1.0])
    >>> round(at_pivots(square, nu, square[:1], nu[:1]).largest, 6)
    1.414214

    Source: as for `oracle.exact`.
    """
    step = max(1, _ENTRIES // (2 * len(points)))
    found = [_block(points, nu, pivots[k : k + step], signs[k : k + step]) for k in range(0, len(pivots), step)]
    w, b, h = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(-np.abs(h), kind="stable")
    return Atoms(w[order], b[order], h[order])


def _block(points: np.ndarray, nu: np.ndarray, pivots: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, ...]:
    away = points[None] - pivots[:, None]
    angle = np.arctan2(away[..., 1], away[..., 0])
    force = nu[:, None] * away
    events = np.concatenate([angle - np.pi / 2, angle + np.pi / 2], axis=1) % (2 * np.pi)
    order = np.argsort(events, axis=1)
    events = np.take_along_axis(events, order, axis=1)
    n = len(points)
    # Active at the angle 0: those that have entered before and not left yet.
    entered = ((angle - np.pi / 2) % (2 * np.pi)) > ((angle + np.pi / 2) % (2 * np.pi))
    first = np.einsum("pn,pnk->pk", entered, force)
    change = np.concatenate([force, -force], axis=1)
    v = first[:, None] + np.cumsum(np.take_along_axis(change, order[..., None], axis=1), axis=1)
    ends = v[..., 0] * np.cos(events) + v[..., 1] * np.sin(events)
    size = np.hypot(v[..., 0], v[..., 1])
    wide = np.diff(events, axis=1, append=events[:, :1] + 2 * np.pi)
    way = np.arctan2(v[..., 1], v[..., 0])
    kinds = []
    sizes = np.abs(ends)
    peak = (sizes >= np.roll(sizes, 1, axis=1)) & (sizes >= np.roll(sizes, -1, axis=1))
    kinds.append((ends, events, peak))
    for sign in (1.0, -1.0):
        turned = way if sign > 0 else way + np.pi
        inside = (turned - events) % (2 * np.pi) < wide
        kinds.append((sign * size, turned, inside))
    rows = np.arange(len(pivots))[:, None]
    out: list[tuple[np.ndarray, ...]] = []
    for h, at, valid in kinds:
        score = np.where(valid & (h * signs[:, None] < 0), np.abs(h), -1.0)
        best = np.argpartition(-score, min(_KEPT, 2 * n) - 1, axis=1)[:, :_KEPT]
        kept = score[rows, best] > 0
        turn, which = at[rows, best][kept], np.broadcast_to(rows, best.shape)[kept]
        w = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        out.append((w, -np.sum(w * pivots[which], axis=1), h[rows, best][kept]))
    return tuple(np.concatenate(part) for part in zip(*out, strict=True))

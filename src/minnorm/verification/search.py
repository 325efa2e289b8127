"""Multistart ascent of |h|: an estimate of the dual norm from below, for data too large to enumerate."""

import numpy as np

from minnorm.verification.clock import ENDLESS, Clock

_ROUNDS = 60
_BLOCK = 1 << 21  # projections held at once
_BLOCKS_IN_HASTE = 1 << 15, 1 << 18  # so that the clock is looked at more often
_HASTE = 10.0  # seconds
_A_SECOND, _GLANCES = 7e6, 4  # projections; looks at the clock at least
_NORMALS = 16  # singular value decompositions between two looks at the clock


def ascend(
    points: np.ndarray,
    weights: np.ndarray,
    affine: bool,
    starts: np.ndarray,
    tilt: np.ndarray | None = None,
    *,
    clock: Clock = ENDLESS,
    seed: int = 0,
    randoms: int = 256,
    rounds: int = _ROUNDS,
) -> float:
    r"""The largest |sum_j nu_j relu(u . s_j + b) + tilt . u| found over unit u; b is free if `affine`, else 0.

    On a cell h = v . u, so u turns towards the sign of h times v/|v|, by steps that shrink when they do not
    pay. The best b for a given u is at a kink, found by sorting. Starts: `starts` (m, k), random directions and
    normals of flats through k random points.
    """
    k = points.shape[1]
    if k == 0:
        return 0.0
    tilt = np.zeros(k) if tilt is None else tilt
    rng = np.random.default_rng(seed)
    tries = [starts, rng.normal(size=(randoms, k)), _normals(points, affine, randoms, rng, clock)]
    u = np.concatenate([part for part in tries if len(part)])
    u = u / np.linalg.norm(u, axis=1, keepdims=True)
    left = clock.left
    block = _BLOCK if left > _HASTE else int(np.clip(_A_SECOND * left / _GLANCES, *_BLOCKS_IN_HASTE))
    rows = max(1, block // len(points))
    highest = 0.0
    for i in range(0, len(u), rows):
        highest = max(highest, _climb(points, weights, affine, u[i : i + rows], tilt, rounds, clock))
        if clock.left < 0:
            break
    return highest


def _normals(points: np.ndarray, affine: bool, count: int, rng: np.random.Generator, clock: Clock) -> np.ndarray:
    """Directions orthogonal to k - 1 random points, or differences of k; fewer than `count` where time is short."""
    n, k = points.shape
    needed = k if affine else k - 1
    if n < needed or k == 1:
        return np.zeros((0, k))
    chosen = points[rng.random((count, n)).argsort(axis=1)[:, :needed]] if n < 2000 else None
    if chosen is None:
        chosen = points[rng.integers(0, n, (count, needed))]
    flats = chosen[:, 1:] - chosen[:, :1] if affine else chosen
    found = []
    for i in range(0, count, _NORMALS):
        if clock.left < 0:
            break
        found.append(np.linalg.svd(flats[i : i + _NORMALS])[2][:, -1])
    return np.concatenate(found) if found else np.zeros((0, k))


def _climb(
    points: np.ndarray, weights: np.ndarray, affine: bool, u: np.ndarray, tilt: np.ndarray, rounds: int, clock: Clock
) -> float:
    height, slope = _heights(points, weights, affine, u, tilt)
    step = np.ones(len(u))
    for _ in range(rounds):
        # A short slope is a cell that does not pull; its direction is still the only one there is.
        size = np.linalg.norm(slope, axis=1, keepdims=True)
        goal = np.divide(slope, size, out=u.copy(), where=size > 0)
        turned = u + step[:, None] * (goal - u)
        size = np.linalg.norm(turned, axis=1, keepdims=True)
        turned = np.divide(turned, size, out=u.copy(), where=size > 1e-12)
        higher, steeper = _heights(points, weights, affine, turned, tilt)
        better = higher > height
        u = np.where(better[:, None], turned, u)
        slope = np.where(better[:, None], steeper, slope)
        height = np.where(better, higher, height)
        step = np.where(better, np.minimum(1.0, 2 * step), step / 4)
        live = step > 1e-12
        if not np.any(live) or clock.left < 0:
            break
    return float(np.max(height))


def _heights(
    points: np.ndarray, weights: np.ndarray, affine: bool, u: np.ndarray, tilt: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """|h| at each direction, at its best kink, and the gradient of |h| there: (m,) and (m, k)."""
    shadow = u @ points.T
    if not affine:
        active = shadow > 0
        h = np.where(active, shadow, 0) @ weights + u @ tilt
        return np.abs(h), np.sign(h)[:, None] * ((active * weights) @ points + tilt)
    order = np.argsort(shadow, axis=1)[:, ::-1]
    level = np.take_along_axis(shadow, order, axis=1)
    mass = weights[order]
    # h at the kink of the point in place i: sum over those before it of nu_j (level_j - level_i).
    h = np.cumsum(mass * level, axis=1) - np.cumsum(mass, axis=1) * level + (u @ tilt)[:, None]
    best = np.argmax(np.abs(h), axis=1)
    row = np.arange(len(u))
    kink = points[order[row, best]]
    active = shadow > level[row, best][:, None]
    chosen = active * weights
    slope = chosen @ points - chosen.sum(axis=1, keepdims=True) * kink + tilt
    return np.abs(h[row, best]), np.sign(h[row, best])[:, None] * slope

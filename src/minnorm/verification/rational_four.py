r"""sup |g| over unit u in R^4, g(u) = sum_j N_j relu(u . z_j), in integers, for `rational`.

Two points p, q that are not parallel pin a circle u . p = u . q = 0. Around it the other points are sorted by angle,
and running sums give v on its arcs. What lies about an arc is what the points in the span of p and q make of that
plane: sectors, which are cells of the arrangement, and rays between them, on which u . z_k = 0 for one of these points.
The points span R^4, so every cell, face and edge has a vertex, and an arc, on its boundary. A candidate counts where g
itself has its value there: it may be tried in vain, but none is left out.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from minnorm.verification.clock import Clock
from minnorm.verification.rational_space import (
    Fan,
    Space,
    Top,
    along_pin,
    cells,
    in_order,
    minors,
    nonzero,
    quotients,
    rounded,
    running,
    total_of,
    upper,
)


def four(space: Space, top: Top, clock: Clock) -> None:
    """Around the circle of each pair of points: vertices, arcs, and the faces and cells about each arc."""
    z, weights = nonzero(space)
    fan = Fan(replace(space, z=z, weights=weights), top.unit)
    for i in range(len(z)):
        for j in range(i):
            clock.check()
            _circle(fan, z[i], z[j], top)


def _circle(fan: Fan, p: np.ndarray, q: np.ndarray, top: Top) -> None:
    space, z, weights = fan.space, fan.space.z, fan.space.weights
    pins = np.broadcast_to(p, z.shape), np.broadcast_to(q, z.shape)
    normals = space.upright(pins[0], z, pins[1])  # projections of z to the circle's plane, turned
    across = np.any(normals != 0, axis=1)
    if not np.any(across):
        return  # parallel pins
    normals = normals[across]

    def volume(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (minors(b, pins[0][: len(b)], pins[1][: len(b)]) * a).sum(axis=-1)

    first = normals[0]
    height, along = volume(np.broadcast_to(first, normals.shape), normals), space.dot(normals, first)
    sign = upper(np.stack([along, height], axis=1))
    turned = normals * sign[:, None]
    # Stretching one axis by about the area of p and q leaves the order of angles alone.
    unit = math.isqrt(math.prod(space.metric.tolist())), max(1, math.isqrt(_area(space, p, q)[-1]))
    shape = rounded(np.stack([height * unit[0], along * unit[1]], axis=1) * sign[:, None])
    order = in_order(turned, np.arctan2(*shape.T), volume)
    turned = turned[order]
    about = list(_about(space, p, q, ~across))
    for v in running(z[across], weights[across], sign, order):
        top.note(space.dot(v[1:], turned) ** 2, space.dot(turned, turned))
        _arcs(fan, v, p, q, top)
        for side, pin in about:
            if pin is None:
                cells(fan, v + side, top)
            else:
                along_pin(fan, v + side, pin, top)


def _area(space: Space, p: np.ndarray, q: np.ndarray) -> tuple[int, int, int, int]:
    """p . p, p . q, q . q, and the square of their area."""
    pp, pq, qq = (int((space.metric * a * b).sum()) for a, b in ((p, p), (p, q), (q, q)))
    return pp, pq, qq, pp * qq - pq * pq


def _arcs(fan: Fan, v: np.ndarray, p: np.ndarray, q: np.ndarray, top: Top) -> None:
    """|v| where the projection of v on the circle's plane lies on its own arc."""
    space = fan.space
    pp, pq, qq, flat = _area(space, p, q)
    at_p, at_q = space.dot(v, p), space.dot(v, q)
    w = v * flat - (at_p * qq - at_q * pq)[:, None] * p - (at_q * pp - at_p * pq)[:, None] * q
    square = space.dot(v, w)
    k = np.flatnonzero(top.above(square, flat))
    if k.size:
        k = k[fan.attained(w[k], square[k], np.sqrt(quotients(square[k], flat * top.unit)))]
        top.note(square[k], flat)


def _about(
    space: Space, p: np.ndarray, q: np.ndarray, flat: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """What the points in the span of p and q add to v on each ray, with the point that pins it, and in each sector."""
    z, weights = space.z[flat], space.weights[flat]
    shadow = np.stack([space.dot(z, p), space.dot(z, q)], axis=1)
    sectors: set[tuple[bool, ...]] = set()
    for k in range(len(z)):
        for turn in (1, -1):
            ray = turn * np.array([-shadow[k, 1], shadow[k, 0]], dtype=object)
            height = (shadow * ray).sum(axis=1)
            active = height > 0
            yield total_of(weights[active], z[active]), z[k]
            ahead = (shadow * shadow[k]).sum(axis=1)
            sectors |= {tuple(active | ((height == 0) & (side * ahead > 0))) for side in (1, -1)}
    for sector in sorted(sectors):
        active = np.array(sector, dtype=bool)
        yield total_of(weights[active], z[active]), None

r"""sup |g| over unit u in R^2 or R^3, g(u) = sum_j N_j relu(u . z_j), in integers: as fine as the dual vector deserves.

On a cell of the arrangement of the planes u . z_j = 0 the function is v . u, v = sum of N_j z_j over the points that
are positive there. So sup |g| is |g| at a vertex, or |v| at v/|v| inside a cell, or the same on an arc, with v
projected to the plane of its pin z_p. Around every circle u . z_p = 0 (or once around the plane, in R^2) the others are
sorted by angle, running sums give v on both sides of each arc, and vertices are +-(z_p x z_k). Everything is an integer
until a candidate's square, a quotient of two integers, is rounded.

That a candidate v (not smaller than the best so far) lies in its cell is asked of g itself: g(v) = v . v. Where that
holds |v| is attained, whatever cell it came from, so neither coinciding breakpoints nor equal directions matter: they
only add arcs of no length, whose sums are candidates that fail, or hold true values.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

import numpy as np

from minnorm.verify.clock import Clock, OutOfTime
from minnorm.verify.exact import UNIT, UP, integers, power, round_up

_CIRCLE, _ARC = {2: 5e-4, 3: 1e-3}, {2: 1e-5, 3: 4e-5}  # seconds


@dataclass
class Top:
    """The largest square so far, of numbers that are integers over `unit`."""

    square: float
    unit: int

    def above(self, above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
        """Which of the squares above / (below unit^2) may exceed it."""
        return _quotients(above, below * self.unit**2) > self.square * (1 - 8 * UNIT)

    def note(self, above: np.ndarray, below: np.ndarray | int) -> None:
        """Take in squares that are attained."""
        if len(above):
            self.square = max(self.square, float(np.max(_quotients(above, below * self.unit**2))))


def dual_norm(
    x: np.ndarray, nu: np.ndarray, change: dict[int, Fraction], penalised: bool, lower: float, clock: Clock
) -> float | None:
    """sup |h| / cost of nu + change, rounded up; None where that is too large a computation or a rank above 3.

    Arguments: points `x` (n, d), `nu` (n,), `change` that makes it orthogonal to the free terms, whether biases are
    penalised, a `lower` bound that spares candidates, 0 if there is none, `clock`.
    """
    z, weights, unit = _on_grids(x, nu, change, penalised)
    n, k = z.shape
    if n == 0:
        return 0.0
    fans = 1 if penalised else n
    if k not in _ARC or fans * n ** (k - 2) * (_CIRCLE[k] + n * _ARC[k]) > clock.left:
        return None
    # In units of the largest |N_j| |z_j|, so that no square leaves the range of floats.
    size = int(np.max(np.abs(weights))) * int(np.max(np.abs(z)))
    top = Top(float(Fraction(lower) / (size * unit)) ** 2 * (1 - 16 * UNIT), size)
    try:
        for i in range(fans):
            clock.check()
            fan, mass = (z, weights) if penalised else (np.delete(z - z[i], i, axis=0), np.delete(weights, i))
            if len(fan) == 0:
                continue
            if k == 2:
                _plane(fan, mass, top)
            else:
                _space(fan, mass, top, clock)
    except OutOfTime:
        return None
    return round_up(Fraction(math.sqrt(top.square) * UP) * size * unit)


def _on_grids(
    x: np.ndarray, nu: np.ndarray, change: dict[int, Fraction], penalised: bool
) -> tuple[np.ndarray, np.ndarray, Fraction]:
    """Integers z (n, k) of distinct points that carry weight, their weights, and the unit of a product of both."""
    if not penalised:
        x = x[:, np.ptp(x, axis=0) > 0]  # kinks are at points, so only differences count
    (X,), e_x = integers(x)
    (N,), e_n = integers(nu)
    parts = math.lcm(1, *((part * power(e_n)).denominator for part in change.values()))
    N = N * parts
    for j, part in change.items():
        N[j] += int(part * power(e_n) * parts)
    if penalised:
        X = np.column_stack([X, np.full(len(X), power(e_x), dtype=object)])
    merged: dict[tuple[int, ...], int] = {}
    for row, mass in zip(X.tolist(), N.tolist(), strict=True):
        merged[tuple(row)] = merged.get(tuple(row), 0) + mass
    live = [(row, mass) for row, mass in merged.items() if mass]
    z = np.array([row for row, _ in live], dtype=object).reshape(len(live), X.shape[1])
    return z, np.array([mass for _, mass in live], dtype=object), Fraction(1, parts) / power(e_n) / power(e_x)


def _quotients(above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
    """Quotients of integers, each rounded to nearest."""
    above = np.asarray(above, dtype=object)
    return np.asarray(above / np.asarray(below, dtype=object), dtype=np.float64)


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(axis=-1)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(a, -1, 0)
    p, q, r = np.moveaxis(b, -1, 0)
    return np.stack([y * r - z * q, z * p - x * r, x * q - y * p], axis=-1)


def _running(z: np.ndarray, weights: np.ndarray, sign: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """v on the n + 1 arcs of a half circle, and on their antipodes; z (n, k), turned to one side by sign (n,)."""
    terms = weights[:, None] * z
    start = terms[sign > 0].sum(axis=0)
    steps = (terms * sign[:, None])[order]
    ahead = np.concatenate([start[None], start - np.cumsum(steps, axis=0)])
    return ahead, terms.sum(axis=0) - ahead


def _plane(z: np.ndarray, weights: np.ndarray, top: Top) -> None:
    """k = 2. With z at angle theta in [0, pi), up to a sign, u = (-sin phi, cos phi) has u . z > 0 for phi < theta."""
    z, weights = _nonzero(z, weights)
    if len(z) == 0:
        return
    x, y = z.T
    sign = np.where((y > 0) | ((y == 0) & (x > 0)), 1, -1).astype(object)
    turned = z * sign[:, None]
    order = _sorted(
        turned, np.arctan2(*_rounded(turned)[:, ::-1].T), lambda a, b: a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    )
    turned = turned[order]
    ends = np.concatenate([np.array([[1, 0]], dtype=object), turned, np.array([[-1, 0]], dtype=object)])
    upright = np.stack([-turned[:, 1], turned[:, 0]], axis=1)
    for v in _running(z, weights, sign, order):
        top.note(_dot(v[1:], upright) ** 2, _dot(turned, turned))
        square = _dot(v, v)
        k = np.flatnonzero(top.above(square, 1))
        at = np.stack([v[k, 1], -v[k, 0]], axis=1)  # where v . u is largest, as an angle phi
        at = at * np.where((at[:, 1] > 0) | ((at[:, 1] == 0) & (at[:, 0] > 0)), 1, -1).astype(object)[:, None]
        low, high = ends[k], ends[k + 1]
        inside = (low[:, 0] * at[:, 1] - low[:, 1] * at[:, 0] >= 0) & (
            at[:, 0] * high[:, 1] - at[:, 1] * high[:, 0] >= 0
        )
        top.note(square[k[inside.astype(bool)]], 1)


def _nonzero(z: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    live = np.any(z != 0, axis=1)
    return z[live], weights[live]


def _rounded(z: np.ndarray) -> np.ndarray:
    """Vectors in float64, each divided by its largest entry."""
    return _quotients(z, np.maximum(np.max(np.abs(z), axis=-1, keepdims=True), 1))


def _sorted(z: np.ndarray, angle: np.ndarray, turn: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """The order of directions in a half plane: by their rounded angles, then exactly, by the sign of turn(a, b)."""
    order = np.argsort(angle, kind="stable")
    if np.any(turn(z[order[:-1]], z[order[1:]]) < 0):
        compare = cmp_to_key(lambda i, j: -1 if turn(z[i], z[j]) > 0 else 1 if turn(z[i], z[j]) < 0 else 0)
        order = np.array(sorted(order.tolist(), key=compare))
    return order


def _space(z: np.ndarray, weights: np.ndarray, top: Top, clock: Clock) -> None:
    """k = 3: around the circle of each point, vertices, arcs, and the cells on both sides of each arc."""
    z, weights = _nonzero(z, weights)
    fan = Fan(z, weights, top.unit)
    for pin in z:
        clock.check()
        normals = _cross(pin, z)  # z_k projected to the circle's plane, and turned by a right angle
        across = np.any(normals != 0, axis=1)
        facing = _dot(z, pin)
        sides = [_dot_rows(weights[chosen], z[chosen]) for chosen in (~across & (facing > 0), ~across & (facing < 0))]
        if np.any(across):
            _circle(fan, pin, normals[across], across, sides, top)
        for side in sides:
            _cells(fan, side[None], top)


def _circle(
    fan: "Fan", pin: np.ndarray, normals: np.ndarray, across: np.ndarray, sides: list[np.ndarray], top: Top
) -> None:
    first, flat = normals[0], int((pin * pin).sum())
    height, along = _dot(_cross(first, normals), pin), _dot(normals, first)
    sign = np.where((height > 0) | ((height == 0) & (along > 0)), 1, -1).astype(object)
    # Stretching one axis by about |pin| leaves the order of angles alone.
    rounded = _rounded(np.stack([height, along * math.isqrt(flat)], axis=1) * sign[:, None])
    turned = normals * sign[:, None]
    order = _sorted(turned, np.arctan2(*rounded.T), lambda a, b: _dot(_cross(a, b), pin))
    turned = turned[order]
    for v in _running(fan.z[across], fan.weights[across], sign, order):
        top.note(_dot(v[1:], turned) ** 2, _dot(turned, turned))
        tilted = _cross(pin, v)
        square = _dot(tilted, tilted)
        k = np.flatnonzero(top.above(square, flat))
        if k.size:
            w = v[k] * flat - _dot(v[k], pin)[:, None] * pin
            k = k[fan.attained(w, _dot(v[k], w), np.sqrt(_quotients(square[k], flat * top.unit**2)))]
            top.note(square[k], flat)
        for side in sides:
            _cells(fan, v + side, top)


def _cells(fan: "Fan", v: np.ndarray, top: Top) -> None:
    square = _dot(v, v)
    k = np.flatnonzero(top.above(square, 1))
    if k.size:
        k = k[fan.attained(v[k], square[k], np.sqrt(_quotients(square[k], top.unit**2)))]
        top.note(square[k], 1)


class Fan:
    """The z (n, 3) and weights of one pivot, as integers and rounded in units of the largest."""

    def __init__(self, z: np.ndarray, weights: np.ndarray, unit: int):
        self.z, self.weights = z, weights
        largest = int(np.max(np.abs(z), initial=1))
        self.rounded = _quotients(z, largest)
        self.mass = _quotients(weights * largest, unit)
        self.slack = 1e-13 * (len(z) + 16) * float(np.abs(self.mass) @ np.sqrt(np.sum(self.rounded**2, axis=1)))

    def attained(self, u: np.ndarray, wanted: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Whether g(u) = wanted, or g(-u) = -wanted, exactly: u (m, 3) integers, wanted = |u| length in other units."""
        direction = _rounded(u)
        direction = direction / np.sqrt(np.sum(direction * direction, axis=1, keepdims=True))
        shadow = direction @ self.rounded.T
        near = [np.abs(np.maximum(s * shadow, 0) @ self.mass - s * length) <= self.slack for s in (1, -1)]
        out = np.zeros(len(u), dtype=bool)
        for i in np.flatnonzero(near[0] | near[1]):
            heights = (self.z * u[i]).sum(axis=1)
            g = [int((self.weights * np.maximum(s * heights, 0)).sum()) * s for s in (1, -1)]
            out[i] = int(wanted[i]) in g
        return out


def _dot_rows(weights: np.ndarray, z: np.ndarray) -> np.ndarray:
    """sum_j weights_j z_j, zeros where there are none."""
    return (weights[:, None] * z).sum(axis=0) + np.zeros(z.shape[1], dtype=object)

r"""sup |g| over unit u, g(u) = sum_j N_j relu(u . z_j), in integers: as fine as the dual vector deserves.

For points that span two or three dimensions, wherever these lie: coordinates are inner products with an orthogonal
basis of integers, which come with a metric.

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
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cmp_to_key

import numpy as np

from minnorm.verify.clock import Clock, OutOfTime
from minnorm.verify.exact import UNIT, UP, integers, power, round_up

_NUMBERS = 20_000  # coordinates that are looked at
_CIRCLE, _ARC = {2: 5e-4, 3: 1e-3}, {2: 1e-5, 3: 4e-5}  # seconds


class Top:
    """The largest square so far: integers over others and over `unit`, so that no square leaves the range of floats."""

    def __init__(self, square: Fraction, unit: int):
        self.square, self.unit = float(square / unit) * (1 - 16 * UNIT), unit

    def above(self, above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
        """Which of the squares above / below may exceed it."""
        return _quotients(above, below * self.unit) > self.square * (1 - 8 * UNIT)

    def note(self, above: np.ndarray, below: np.ndarray | int) -> None:
        """Take in squares that are attained."""
        if len(above):
            self.square = max(self.square, float(np.max(_quotients(above, below * self.unit))))


@dataclass(frozen=True)
class Space:
    """Integer coordinates z (n, k) of points that carry weight, k = 2 or 3, with a . b = sum_i metric_i a_i b_i.

    The true |z|^2 and weights are `square` times that and `unit` times the integers.
    """

    z: np.ndarray
    weights: np.ndarray
    metric: np.ndarray
    square: Fraction
    unit: Fraction

    def dot(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The inner product."""
        return (self.metric * a * b).sum(axis=-1)

    def upright(self, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
        """Vectors that are orthogonal to a, or to a and b; turned counter-clockwise."""
        lowered = _cross(a, b) if b is not None else np.stack([-a[..., 1], a[..., 0]], axis=-1)
        return lowered * (math.prod(self.metric.tolist()) // self.metric)


def dual_norm(
    x: np.ndarray, nu: np.ndarray, change: dict[int, Fraction], penalised: bool, lower: float, clock: Clock
) -> float | None:
    """sup |h| / cost of nu + change, rounded up; None where that is too large a computation or a rank above 3.

    Arguments: points `x` (n, d), `nu` (n,), `change` that makes it orthogonal to the free terms, whether biases are
    penalised, a `lower` bound that spares candidates, 0 if there is none, `clock`.
    """
    space = _space(x, nu, change, penalised)
    if space is None:
        return None
    z, weights = space.z, space.weights
    n, k = z.shape
    fans = 1 if penalised else n
    if n < 2 - penalised:
        return 0.0
    if fans * n ** (k - 2) * (_CIRCLE[k] + n * _ARC[k]) > clock.left:
        return None
    scale = space.square * space.unit**2
    size = int(np.max(np.abs(weights))) * int(np.max(np.abs(z)))
    top = Top(Fraction(lower) ** 2 / scale, size**2 * max(space.metric.tolist()))
    try:
        for i in range(fans):
            clock.check()
            fan, mass = (z, weights) if penalised else (np.delete(z - z[i], i, axis=0), np.delete(weights, i))
            (_plane if k == 2 else _solid)(replace(space, z=fan, weights=mass), top, clock)
    except OutOfTime:
        return None
    return _root(Fraction(top.square) * top.unit * scale)


def _root(square: Fraction) -> float:
    """The square root, rounded up."""
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return round_up(Fraction(math.sqrt(float(square / Fraction(4) ** half)) * UP) * Fraction(2) ** half)


def _space(x: np.ndarray, nu: np.ndarray, change: dict[int, Fraction], penalised: bool) -> Space | None:
    """The distinct points that carry weight, in two or three exact coordinates; None where they need more."""
    if x.size > _NUMBERS:
        return None
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
    weights = np.array([mass for _, mass in live], dtype=object)
    if not penalised and len(live):
        z = z - z[0]  # kinks are at points, so only differences count
    basis = _basis(z)
    if basis is None:
        return None
    unit = Fraction(1, parts) / power(e_n)
    if len(basis) == z.shape[1] > 1:
        metric, square = np.array([1] * len(basis), dtype=object), Fraction(1)
    else:
        basis += [np.zeros(z.shape[1], dtype=object)] * (2 - len(basis))
        z = np.stack([(z * b).sum(axis=1) for b in basis], axis=1)
        lengths = [int((b * b).sum()) or 1 for b in basis]
        metric = np.array([math.prod(lengths) // length for length in lengths], dtype=object)
        square = Fraction(1, math.prod(lengths))
    return Space(z, weights, metric, square / power(e_x) ** 2, unit)


def _basis(z: np.ndarray) -> list[np.ndarray] | None:
    """Orthogonal integer vectors that span the rows of z (n, D), none of them beyond three; None for more."""
    basis: list[np.ndarray] = []
    rest = z
    while (live := np.flatnonzero(np.any(rest != 0, axis=1))).size:
        if len(basis) == 3:
            return None
        longest = live[np.argmax(np.max(np.abs(rest[live]), axis=1))]
        b = rest[longest] // math.gcd(*rest[longest].tolist())
        basis.append(b)
        rest = rest * int((b * b).sum()) - (rest * b).sum(axis=1)[:, None] * b
    return basis


def _quotients(above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
    """Quotients of integers, each rounded to nearest."""
    above = np.asarray(above, dtype=object)
    return np.asarray(above / np.asarray(below, dtype=object), dtype=np.float64)


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


def _plane(space: Space, top: Top, clock: Clock) -> None:
    """k = 2: with z at the angle theta in [0, pi), up to a sign, the normal of phi has u . z > 0 for phi < theta."""
    z, weights = _nonzero(space)
    if len(z) == 0:
        return
    sign = _upper(z)
    turned = z * sign[:, None]
    order = _sorted(turned, np.arctan2(*_rounded(turned)[:, ::-1].T), _area)
    turned = turned[order]
    ends = np.concatenate([np.array([[1, 0]], dtype=object), turned, np.array([[-1, 0]], dtype=object)])
    upright = space.upright(turned)
    for v in _running(z, weights, sign, order):
        top.note(space.dot(v[1:], upright) ** 2, space.dot(upright, upright))
        square = space.dot(v, v)
        k = np.flatnonzero(top.above(square, 1))
        at = np.stack([space.metric[1] * v[k, 1], -space.metric[0] * v[k, 0]], axis=1)  # phi where v is the normal
        at = at * _upper(at)[:, None]
        inside = (_area(ends[k], at) >= 0) & (_area(at, ends[k + 1]) >= 0)
        top.note(square[k[inside.astype(bool)]], 1)


def _upper(a: np.ndarray) -> np.ndarray:
    """The sign that turns a plane vector to an angle in [0, pi)."""
    return np.where((a[:, 1] > 0) | ((a[:, 1] == 0) & (a[:, 0] > 0)), 1, -1).astype(object)


def _area(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _nonzero(space: Space) -> tuple[np.ndarray, np.ndarray]:
    live = np.any(space.z != 0, axis=1)
    return space.z[live], space.weights[live]


def _rounded(z: np.ndarray) -> np.ndarray:
    """Vectors in float64, each divided by its largest entry."""
    return _quotients(z, np.maximum(np.max(np.abs(z), axis=-1, keepdims=True), 1))


def _sorted(z: np.ndarray, angle: np.ndarray, turn: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """The order of directions in a half plane: by their rounded angles, then exactly, by the sign of turn(a, b)."""
    order = np.argsort(angle, kind="stable")
    if np.any(turn(z[order[:-1]], z[order[1:]]) < 0):

        def later(i: int, j: int) -> int:
            return int(np.sign(turn(z[j : j + 1], z[i : i + 1])[0]))

        order = np.array(sorted(order.tolist(), key=cmp_to_key(later)))
    return order


def _solid(space: Space, top: Top, clock: Clock) -> None:
    """k = 3: around the circle of each point, vertices, arcs, and the cells on both sides of each arc."""
    z, weights = _nonzero(space)
    fan = Fan(replace(space, z=z, weights=weights), top.unit)
    for pin in z:
        clock.check()
        normals = space.upright(np.broadcast_to(pin, z.shape), z)  # projections of z to the circle's plane, turned
        across = np.any(normals != 0, axis=1)
        facing = space.dot(z, pin)
        sides = [_total(weights[chosen], z[chosen]) for chosen in (~across & (facing > 0), ~across & (facing < 0))]
        if np.any(across):
            _circle(fan, pin, normals[across], across, sides, top)
        for side in sides:
            _cells(fan, side[None], top)


def _circle(
    fan: "Fan", pin: np.ndarray, normals: np.ndarray, across: np.ndarray, sides: list[np.ndarray], top: Top
) -> None:
    space = fan.space

    def volume(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (_cross(a, b) * pin).sum(axis=-1)

    first, flat = normals[0], int((space.metric * pin * pin).sum())
    height, along = volume(np.broadcast_to(first, normals.shape), normals), space.dot(normals, first)
    sign = _upper(np.stack([along, height], axis=1))
    # Stretching one axis by about |pin| leaves the order of angles alone.
    rounded = _rounded(np.stack([height, along * max(1, math.isqrt(flat))], axis=1) * sign[:, None])
    turned = normals * sign[:, None]
    order = _sorted(turned, np.arctan2(*rounded.T), volume)
    turned = turned[order]
    for v in _running(space.z[across], space.weights[across], sign, order):
        top.note(space.dot(v[1:], turned) ** 2, space.dot(turned, turned))
        along = space.dot(v, pin)
        square = space.dot(v, v) * flat - along**2
        k = np.flatnonzero(top.above(square, flat))
        if k.size:
            w = v[k] * flat - along[k, None] * pin
            k = k[fan.attained(w, space.dot(v[k], w), np.sqrt(_quotients(square[k], flat * top.unit)))]
            top.note(square[k], flat)
        for side in sides:
            _cells(fan, v + side, top)


def _cells(fan: "Fan", v: np.ndarray, top: Top) -> None:
    square = fan.space.dot(v, v)
    k = np.flatnonzero(top.above(square, 1))
    if k.size:
        k = k[fan.attained(v[k], square[k], np.sqrt(_quotients(square[k], top.unit)))]
        top.note(square[k], 1)


class Fan:
    """The points about one pivot, as integers and rounded, in orthonormal coordinates and units of the largest."""

    def __init__(self, space: Space, unit: int):
        self.space = space
        greatest = max(space.metric.tolist())
        self.stretch = np.sqrt(_quotients(space.metric, greatest))
        largest = int(np.max(np.abs(space.z), initial=1))
        self.rounded = _quotients(space.z, largest) * self.stretch
        self.mass = _quotients(space.weights * largest, math.isqrt(unit // greatest))
        self.slack = 1e-13 * (len(space.z) + 16) * float(np.abs(self.mass) @ np.sqrt(np.sum(self.rounded**2, axis=1)))

    def attained(self, u: np.ndarray, wanted: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Whether g(u) = wanted, or g(-u) = -wanted, exactly: u (m, 3) integers, wanted = |u| length in other units."""
        direction = _rounded(u) * self.stretch
        direction = direction / np.sqrt(np.sum(direction * direction, axis=1, keepdims=True))
        shadow = direction @ self.rounded.T
        near = [np.abs(np.maximum(s * shadow, 0) @ self.mass - s * length) <= self.slack for s in (1, -1)]
        out = np.zeros(len(u), dtype=bool)
        for i in np.flatnonzero(near[0] | near[1]):
            heights = self.space.dot(self.space.z, u[i])
            g = [int((self.space.weights * np.maximum(s * heights, 0)).sum()) * s for s in (1, -1)]
            out[i] = int(wanted[i]) in g
        return out


def _total(weights: np.ndarray, z: np.ndarray) -> np.ndarray:
    """sum_j weights_j z_j, zeros where there are none."""
    return (weights[:, None] * z).sum(axis=0) + np.zeros(z.shape[1], dtype=object)

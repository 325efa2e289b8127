r"""sup |g| over unit u, g(u) = sum_j N_j relu(u . z_j), in integers: as fine as the dual vector deserves.

For points that span two to four dimensions, wherever these lie: coordinates are inner products with an orthogonal
basis of integers, which come with a metric.

On a cell of the arrangement of the planes u . z_j = 0 the function is v . u, v = sum of N_j z_j over the points that
are positive there. So sup |g| is |g| at a vertex, or |v| at v/|v| inside a cell, or the same on an arc, with v
projected to the plane of its pin z_p. Around every circle u . z_p = 0 (or once around the plane, in R^2) the others are
sorted by angle, running sums give v on both sides of each arc, and vertices are +-(z_p x z_k). In four dimensions
(`rational_four`) two pins make a circle, with a cell in each of the four sectors about it. Everything is an integer
until a candidate's square, a quotient of two integers, is rounded.

A linear part V . u is two more points, V and -V, which pivots do not move: the z_j need not be differences.

That a candidate v (not smaller than the best so far) lies in its cell is asked of g itself: g(v) = v . v. Where that
holds |v| is attained, whatever cell it came from, so neither coinciding breakpoints nor equal directions matter: they
only add arcs of no length, whose sums are candidates that fail, or hold true values.
"""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.verification.clock import Clock, OutOfTime
from minnorm.verification.exact import UP, integers, power, round_up
from minnorm.verification.rational_four import four
from minnorm.verification.rational_space import (
    Fan,
    Space,
    Top,
    along_pin,
    cells,
    cross,
    in_order,
    nonzero,
    rounded,
    running,
    total_of,
    upper,
)

_NUMBERS = 20_000  # coordinates that are looked at
_CIRCLE, _ARC = {2: 5e-4, 3: 1e-3, 4: 2e-3}, {2: 1e-5, 3: 4e-5, 4: 2e-4}  # seconds


def dual_norm(
    x: np.ndarray,
    nu: np.ndarray,
    change: dict[int, Fraction],
    penalised: bool,
    lower: float,
    clock: Clock,
    sigma: Activation = RELU,
) -> float | None:
    """sup |h| / cost of nu + change, rounded up; None where that is too large a computation or a rank above 4.

    Arguments: points `x` (n, d), `nu` (n,), `change` that makes it orthogonal to the free terms, whether biases are
    penalised, a `lower` bound that spares candidates, 0 if there is none, `clock`; neurons `sigma`, s relu(z) -
    minus z: then it is sup |s h - minus sum_i nu_i (x_i . w + b)| / |s|.
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
    bend, sides, shares = _linear(space, sigma)
    scale = space.square * (space.unit / bend) ** 2
    weights = weights * bend
    size = int(np.max(np.abs(weights))) * int(np.max(np.abs(z)))
    size = max(size, int(np.max(np.abs(sides), initial=0)) * int(np.max(np.abs(shares), initial=0)))
    top = Top(Fraction(lower) ** 2 / scale, size**2 * max(space.metric.tolist()))
    try:
        for i in range(fans):
            clock.check()
            fan, mass = (z, weights) if penalised else (np.delete(z - z[i], i, axis=0), np.delete(weights, i))
            fan, mass = np.concatenate([fan, sides]), np.concatenate([mass, shares])
            _AROUND[k](replace(space, z=fan, weights=mass), top, clock)
    except OutOfTime:
        return None
    return _root(Fraction(top.square) * top.unit * scale)


def _linear(space: Space, sigma: Activation) -> tuple[int, np.ndarray, np.ndarray]:
    """s, and V and -V with their weights for the linear part, in units in which all three are integers; 1 for ReLU."""
    none = np.zeros(0, dtype=object)
    if sigma.rectifies:
        return 1, none.reshape(0, space.z.shape[1]), none
    (slopes,), _ = integers(np.array([sigma.plus, sigma.minus]))
    part = total_of(space.weights, space.z)
    shares = np.array([-int(slopes[1]), int(slopes[1])], dtype=object)
    return int(slopes.sum()), np.stack([part, -part]), shares


def _root(square: Fraction) -> float:
    """The square root, rounded up."""
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    return round_up(Fraction(math.sqrt(float(square / Fraction(4) ** half)) * UP) * Fraction(2) ** half)


def _space(x: np.ndarray, nu: np.ndarray, change: dict[int, Fraction], penalised: bool) -> Space | None:
    """The distinct points that carry weight, in two to four exact coordinates; None where they need more."""
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
    """Orthogonal integer vectors that span the rows of z (n, D), None for more than four of them."""
    basis: list[np.ndarray] = []
    rest = z
    while (live := np.flatnonzero(np.any(rest != 0, axis=1))).size:
        if len(basis) == 4:
            return None
        longest = live[np.argmax(np.max(np.abs(rest[live]), axis=1))]
        b = rest[longest] // math.gcd(*rest[longest].tolist())
        basis.append(b)
        rest = rest * int((b * b).sum()) - (rest * b).sum(axis=1)[:, None] * b
    return basis


def _plane(space: Space, top: Top, clock: Clock) -> None:
    """k = 2: with z at the angle theta in [0, pi), up to a sign, the normal of phi has u . z > 0 for phi < theta."""
    z, weights = nonzero(space)
    if len(z) == 0:
        return
    sign = upper(z)
    turned = z * sign[:, None]
    order = in_order(turned, np.arctan2(*rounded(turned)[:, ::-1].T), _area)
    turned = turned[order]
    ends = np.concatenate([np.array([[1, 0]], dtype=object), turned, np.array([[-1, 0]], dtype=object)])
    upright = space.upright(turned)
    for v in running(z, weights, sign, order):
        top.note(space.dot(v[1:], upright) ** 2, space.dot(upright, upright))
        square = space.dot(v, v)
        k = np.flatnonzero(top.above(square, 1))
        at = np.stack([space.metric[1] * v[k, 1], -space.metric[0] * v[k, 0]], axis=1)  # phi where v is the normal
        at = at * upper(at)[:, None]
        inside = (_area(ends[k], at) >= 0) & (_area(at, ends[k + 1]) >= 0)
        top.note(square[k[inside.astype(bool)]], 1)


def _area(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _solid(space: Space, top: Top, clock: Clock) -> None:
    """k = 3: around the circle of each point, vertices, arcs, and the cells on both sides of each arc."""
    z, weights = nonzero(space)
    fan = Fan(replace(space, z=z, weights=weights), top.unit)
    for pin in z:
        clock.check()
        normals = space.upright(np.broadcast_to(pin, z.shape), z)  # projections of z to the circle's plane, turned
        across = np.any(normals != 0, axis=1)
        facing = space.dot(z, pin)
        sides = [total_of(weights[chosen], z[chosen]) for chosen in (~across & (facing > 0), ~across & (facing < 0))]
        if np.any(across):
            _circle(fan, pin, normals[across], across, sides, top)
        for side in sides:
            cells(fan, side[None], top)


def _circle(
    fan: Fan, pin: np.ndarray, normals: np.ndarray, across: np.ndarray, sides: list[np.ndarray], top: Top
) -> None:
    space = fan.space

    def volume(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (cross(a, b) * pin).sum(axis=-1)

    first, flat = normals[0], int((space.metric * pin * pin).sum())
    height, along = volume(np.broadcast_to(first, normals.shape), normals), space.dot(normals, first)
    sign = upper(np.stack([along, height], axis=1))
    # Stretching one axis by about |pin| leaves the order of angles alone.
    shape = rounded(np.stack([height, along * max(1, math.isqrt(flat))], axis=1) * sign[:, None])
    turned = normals * sign[:, None]
    order = in_order(turned, np.arctan2(*shape.T), volume)
    turned = turned[order]
    for v in running(space.z[across], space.weights[across], sign, order):
        top.note(space.dot(v[1:], turned) ** 2, space.dot(turned, turned))
        along_pin(fan, v, pin, top)
        for side in sides:
            cells(fan, v + side, top)


_AROUND = {2: _plane, 3: _solid, 4: four}

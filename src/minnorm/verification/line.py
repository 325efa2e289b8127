"""One dimension: path norm, residual and dual norm in exact arithmetic.

A float64 number is an integer times a power of two, so sums and products of the data, the network and the
dual vector are exact in Python's integers.
"""

import math
from fractions import Fraction

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.verification import primal
from minnorm.verification.conjugate import admit, constant_is_free, linear_is_free
from minnorm.verification.exact import UP, Dual, integers, power, reciprocals, round_up, running
from minnorm.verification.primal import lengths
from minnorm.verification.twofold import two_product, two_sum


def path_norm(net: ShallowReLU, penalty: PathNorm) -> float:
    """The path norm, rounded up; exact before that rounding if biases are free."""
    admit(penalty, net)
    if penalty.bias == "penalised":
        return primal.path_norm(net, penalty)
    (A,), e_a = integers(np.abs(net.outer_weights))
    (W,), e_w = integers(np.abs(net.inner_weights[:, 0]))
    return round_up(Fraction(int((A * W).sum())) / power(e_a + e_w))


def errors(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """f(x_i) - y_i, exact but for the last rounding.

    f(x) = c + v x + (sum over active a w) x + (sum over active a b), in integers.
    """
    w, b = np.asarray(net.inner_weights)[:, 0], np.asarray(net.biases)
    skip = np.zeros(1) if net.skip is None else net.skip
    (X,), e_x = integers(x)
    (W, B), e_w = integers(w, b)
    (A,), e_a = integers(net.outer_weights)
    (C, V, Y), e_c = integers(net.offset[None], skip, y)
    # Everything on one grid: 2^-(e_a + e_w + e_x) for hidden sums, 2^-(e_c + e_x) for the rest.
    hidden = np.zeros(x.size, dtype=object) + sum(
        int(A[k]) * max(int(B[k]), 0) for k in np.flatnonzero(w == 0)
    ) * power(e_x)
    for sign in (1.0, -1.0):
        facing = sign * w > 0
        if not np.any(facing):
            continue
        t, place = np.unique(sign * x, return_inverse=True)
        start = first_active(np.abs(w[facing]), b[facing], t)
        order = np.argsort(start, kind="stable")
        active = np.searchsorted(start[order], np.arange(t.size), side="right")[place.reshape(-1)]
        slope = running((A[facing] * W[facing])[order])
        level = running((A[facing] * B[facing])[order])
        hidden = hidden + slope[active] * X + level[active] * power(e_x)
    rest = (C[0] - Y) * power(e_x) + V[0] * X
    e_hidden, e_rest = e_a + e_w + e_x, e_c + e_x
    e = max(e_hidden, e_rest)
    total = hidden * power(e - e_hidden) + rest * power(e - e_rest)
    return _floats(total, Fraction(1) / power(e))


def first_active(w: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """How many of the ascending t have w t + b <= 0, exactly, for each neuron with w > 0.

    The knot -b/w is rounded, so only points within two floats of it are in doubt: few, as t are distinct.
    """
    with np.errstate(over="ignore"):  # a knot beyond the range of floats is beyond every point, too
        knot = -b / w
    near = np.nextafter(np.nextafter(knot, -np.inf), -np.inf), np.nextafter(np.nextafter(knot, np.inf), np.inf)
    start, end = np.searchsorted(t, near[0], side="left"), np.searchsorted(t, near[1], side="right")
    while np.any(start < end):
        k = np.flatnonzero(start < end)
        active = _positive(w[k], t[start[k]], b[k])
        end[k[active]] = start[k[active]]
        start[k[~active]] += 1
    return start


def _positive(w: np.ndarray, t: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether w t + b > 0, exactly.

    With w t = p + e and p + b = s + q: where q is not 0, p and b do not cancel, and s decides; where it is 0, the sign
    of the float64 sum s + e is that of the exact one.
    """
    half, exponent = np.frexp(w)
    with np.errstate(all="ignore"):
        shifted = np.ldexp(b, -exponent)
        p, e = two_product(half, t)
        s, q = two_sum(p, shifted)
        positive = s + (q + e) > 0
        plain = (np.ldexp(shifted, exponent) == b) & ((t == 0) | ((np.abs(t) > 2.0**-900) & (np.abs(t) < 2.0**900)))
    for k in np.flatnonzero(~plain):
        positive[k] = Fraction(float(w[k])) * Fraction(float(t[k])) + Fraction(float(b[k])) > 0
    return positive


def repaired_dual(
    x: np.ndarray, y: np.ndarray, nu: np.ndarray, penalty: PathNorm, weights: np.ndarray, sigma: Activation = RELU
) -> Dual:
    """Make nu orthogonal to the unpenalised terms, exactly and at the extreme points that it has, and bound sup |h|.

    A constant costs nothing if the offset is free, and with free biases in any case (as a limit of atoms). For neurons
    sigma, s relu(z) - minus z, h is s right - minus m(t) and s left + minus m(t), m(t) = sum nu_i (x_i - t), with the
    same kinks; with free biases the sum of nu vanishes, and h is constant beyond the points.
    """
    order = np.argsort(x, kind="stable")
    x, y, nu = x[order], y[order], nu[order]
    Q, e_q = reciprocals(weights[order])
    (X,), e_x = integers(x)
    (Y,), e_y = integers(y)
    unit_x = Fraction(1) / power(e_x)
    N, unit = _orthogonal(nu, X, penalty)
    against_values = int((N * Y).sum()) * unit / power(e_y)
    square = int((N * N * Q).sum()) * unit**2 / power(e_q)

    def entries() -> list[Fraction]:
        found = [Fraction(0)] * len(order)
        for place, number in zip(order.tolist(), N.tolist(), strict=True):
            found[place] = number * unit
        return found

    # h at the knots: right(t) = sum_{x_i > t} nu_i (x_i - t), left(t) = sum_{x_i < t} nu_i (t - x_i).
    left = running(running(N)[1:-1] * np.diff(X))
    right = left + (int((N * X).sum()) - int(N.sum()) * X)
    plus, minus, e = 1, 0, 0
    if not sigma.rectifies:
        (slopes,), e = integers(np.array([sigma.plus, sigma.minus]))
        plus, minus = int(slopes[0]), int(slopes[1])
        tilt = minus * (int((N * X).sum()) - int(N.sum()) * X)
        left, right = (plus + minus) * left + tilt, (plus + minus) * right - tilt
    finer = unit / power(e)
    if penalty.bias == "free":
        peak = max(int(np.max(np.abs(left))), int(np.max(np.abs(right))))
        return Dual(round_up(peak * finer * unit_x), against_values, square, entries)
    norm = _penalised_norm(x, N, X, (left, right), (plus, minus), (finer, unit_x))
    return Dual(norm * UP, against_values, square, entries)


def _orthogonal(nu: np.ndarray, X: np.ndarray, penalty: PathNorm) -> tuple[np.ndarray, Fraction]:
    """Integers N and a unit with N * unit = nu but for its first and last entry, orthogonal to the free terms.

    X ascends. Where nu is 0 it stays so: the other sign would be none of a loss of classes.
    """
    (N,), e_n = integers(nu)
    total, moment = int(N.sum()), int((N * X).sum())
    used = np.flatnonzero(N)
    i, j = (int(used[0]), int(used[-1])) if used.size > 1 else (0, -1)
    first, last = int(X[i]), int(X[j])
    at_first, at_last, parts = 0, 0, 1  # corrections, times `parts`
    balanced = constant_is_free(penalty)
    if balanced and linear_is_free(penalty) and last > first:
        parts = last - first
        at_last = total * first - moment
        at_first = -total * parts - at_last
    elif balanced:
        at_first = -total
    elif linear_is_free(penalty) and moment != 0:
        parts = max(abs(first), abs(last))
        if abs(last) >= abs(first):
            at_last = -moment if last > 0 else moment
        else:
            at_first = -moment if first > 0 else moment
    common = math.gcd(parts, at_first, at_last)
    parts, at_first, at_last = parts // common, at_first // common, at_last // common
    N = N * parts
    N[i] += at_first
    N[j] += at_last
    return N, Fraction(1, parts) / power(e_n)


def _penalised_norm(
    x: np.ndarray,
    N: np.ndarray,
    X: np.ndarray,
    knots: tuple[np.ndarray, np.ndarray],
    slopes: tuple[int, int],
    units: tuple[Fraction, Fraction],
) -> float:
    """sup |h(w, b)| / |(w, b)| over w = +-1 and b, and the constant atoms w = 0, b = +-1, up to three roundings.

    `knots` are left and right, h at the knots; `slopes` (plus, minus) are those of the neurons, and `units` those of h
    at constant atoms and of X. Between knots h = P + Q b, and |P + Q b| / sqrt(1 + b^2) is largest at b = Q / P, where
    it is |(P, Q)|. P and Q are integers before they are rounded; a cell is asked with a slack of 1e-12, as -+ Q / P is
    rounded: |(P, Q)| exceeds |h| at the end of a cell that b misses by an angle below 1e-12 by half its square only.
    """
    (unit, unit_x), (plus, minus) = units, slopes
    size = lengths(np.column_stack([np.ones(x.size), x]))
    best = max(float(np.max(_floats(np.abs(side), unit * unit_x) / size)) for side in knots) * UP
    total, moment = int(N.sum()), int((N * X).sum())
    best = max(best, float(_floats(np.array([max(abs(plus), abs(minus)) * abs(total)], dtype=object), unit)[0]))
    before_q, before_p = running(N), running(N * X)
    edges = np.concatenate([[-np.inf], x, [np.inf]])
    # Knot t = -b in (edges[k], edges[k+1]): right-facing atoms see the points from k on, left-facing the others.
    for w, p, q in ((1, moment - before_p, total - before_q), (-1, -before_p, before_q)):
        # Of the points that a neuron is inactive at it has -minus times what it would have there.
        p, q = (plus + minus) * p - minus * w * moment, (plus + minus) * q - minus * total
        p, q = _floats(p, unit * unit_x), _floats(q, unit)
        k = np.flatnonzero(p != 0)  # else h = Q b, and |b| / sqrt(1 + b^2) grows towards the cell's ends
        with np.errstate(over="ignore"):
            t = -w * q[k] / p[k]
        slack = 1e-12 * (1 + np.abs(t))
        k = k[(edges[k] - slack <= t) & (t <= edges[k + 1] + slack)]
        best = max(best, float(np.max(lengths(np.column_stack([p, q])[k]), initial=0.0)))
    return best


def _floats(numbers: np.ndarray, unit: Fraction) -> np.ndarray:
    """Integers times a rational unit, each rounded to nearest, infinite beyond the range."""
    above, below = unit.numerator, unit.denominator
    try:
        return np.array([number * above / below for number in numbers.tolist()], dtype=np.float64)
    except OverflowError:
        return np.array([_nearest(Fraction(number * above, below)) for number in numbers.tolist()])


def _nearest(number: Fraction) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)

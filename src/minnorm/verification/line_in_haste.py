"""One dimension where integers would take longer than there is: values in two words, the dual norm as an estimate.

Running sums are taken side by side in about sqrt(n) columns, so that a partial sum has gone through about 2 sqrt(n)
additions of pairs. Each errs by at most 8 u^2 of the sum of absolute values of all terms.
"""

import math
from fractions import Fraction

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.verification.conjugate import constant_is_free, linear_is_free
from minnorm.verification.exact import UNIT, UP, Dual
from minnorm.verification.line import first_active
from minnorm.verification.primal import lengths
from minnorm.verification.twofold import Pair, two_product, two_sum

_A_POINT = 3e-6  # seconds that integer arithmetic takes for each point or neuron
_ADDED = 8 * UNIT**2  # error of an addition of pairs, relative to the sum of absolute values
_CLOSING = 64  # additions and products of pairs beside the running sums
_TINY = 2.0**-1020  # what a product below the range of floats may lose


def seconds(points: int, neurons: int) -> float:
    """About how long exact arithmetic takes."""
    return _A_POINT * (points + neurons)


def residuals(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|f(x_i) - y_i|, with a bound of second order in u of the rounding errors added: O((n + m) log(n + m))."""
    w, b, a = np.asarray(net.inner_weights)[:, 0], np.asarray(net.biases), np.asarray(net.outer_weights)
    skip = 0.0 if net.skip is None else float(net.skip[0])
    with np.errstate(all="ignore"):
        total, size = _plus(two_product(np.full(x.size, skip), x), (-y, 0 * y)), np.abs(skip * x) + np.abs(y)
        total, size = _plus(total, (np.full(x.size, float(net.offset)), 0 * x)), size + abs(float(net.offset))
        flat = w == 0
        constant = running_sum(two_product(a[flat], np.maximum(b[flat], 0)))
        total = _plus(total, (constant[0][-1] + 0 * x, constant[1][-1] + 0 * x))
        size, depth = size + np.abs(a[flat]) @ np.abs(b[flat]), _depth(a.size)
        for sign in (1.0, -1.0):
            facing = np.flatnonzero(sign * w > 0)
            if facing.size == 0:
                continue
            t, place = np.unique(sign * x, return_inverse=True)
            start = first_active(np.abs(w[facing]), b[facing], t)
            order = np.argsort(start, kind="stable")
            active = np.searchsorted(start[order], np.arange(t.size), side="right")[place.reshape(-1)]
            facing = facing[order]
            slope, level = (running_sum(two_product(a[facing], part[facing])) for part in (w, b))
            high, low = slope[0][active], slope[1][active]
            product, error = two_product(high, x)
            total = _plus(total, (product, error + low * x))
            total = _plus(total, (level[0][active], level[1][active]))
            size += (np.abs(a[facing]) @ np.abs(w[facing])) * np.abs(x) + np.abs(a[facing]) @ np.abs(b[facing])
        error = (depth + _CLOSING) * _ADDED * size * (1 + 4 * a.size * UNIT) + a.size * _TINY * (1 + np.abs(x))
        out = (np.abs(total[0] + total[1]) + error) * UP
    return np.where(np.isnan(out), math.inf, out)


def running_sum(terms: Pair) -> Pair:
    """0 and all n partial sums of pairs."""
    n = terms[0].size
    rows = max(1, math.isqrt(n))
    columns = -(-n // rows)
    high, low = (np.pad(part, (0, rows * columns - n)).reshape(columns, rows).T.copy() for part in terms)
    for i in range(1, rows):
        high[i], low[i] = _plus((high[i - 1], low[i - 1]), (high[i], low[i]))
    start = np.zeros((2, columns))
    for j in range(1, columns):
        before = _plus(_pair(start[:, j - 1 : j]), (high[-1, j - 1 : j], low[-1, j - 1 : j]))
        start[0, j], start[1, j] = before[0][0], before[1][0]
    found = _plus((high, low), _pair(start))
    whole, rest = (np.concatenate([[0.0], part.T.reshape(-1)[:n]]) for part in found)
    return whole, rest


def estimated_dual(x: np.ndarray, y: np.ndarray, nu: np.ndarray, penalty: PathNorm, weights: np.ndarray) -> Dual:
    """sup |h| / cost over kinks at points, nu . y and |nu|^2 / p, for nu made about orthogonal to free terms."""
    order = np.argsort(x, kind="stable")
    x, y, nu, weights = x[order], y[order], nu[order], weights[order]
    middle = x - (x[0] + x[-1]) / 2
    terms = [np.ones(x.size)] * constant_is_free(penalty) + [middle if constant_is_free(penalty) else x] * (
        linear_is_free(penalty)
    )
    for term in terms:
        nu = nu - term * (float(term @ nu) / float(term @ term) if np.any(term) else 0.0)
    left = np.concatenate([[0.0], np.cumsum(np.cumsum(nu)[:-1] * np.diff(x))])
    right = left + float(nu @ middle) - float(nu.sum()) * middle
    size = np.ones(x.size) if penalty.bias == "free" else lengths(np.column_stack([np.ones(x.size), x]))
    norm = max(float(np.max(np.abs(side) / size)) for side in (left, right))
    return Dual(norm, Fraction(float(nu @ y)), Fraction(float(nu @ (nu / weights))))


def _depth(count: int) -> int:
    return 2 * (math.isqrt(count) + 2) + 2


def _plus(one: Pair, other: Pair) -> Pair:
    high, low = two_sum(one[0], other[0])
    return two_sum(high, low + (one[1] + other[1]))


def _pair(stacked: np.ndarray) -> Pair:
    return stacked[0], stacked[1]

"""Path norm and residuals in any dimension, with bounds of their rounding errors added."""

import math

import numpy as np

from minnorm._types import Array
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.exact import UNIT, UP, gamma, total
from minnorm.verification.twofold import halves, two_product, two_sum

_BLOCK = 1 << 20  # hidden values held at once
_TWO_WORD_BLOCK = 1 << 15  # the same where dozens of operations on them follow each other
_WORK = 3 * 10**8  # products or sums in two words, some 10 s
_SECONDS, _LEAST = 3e-8, 0.5  # for each of them; for sums in any case, for without them a wide network is no answer
_TINY = 2.0**-1022
_SPLITS = 2.0**-700


def path_norm(net: ShallowReLU, penalty: PathNorm) -> float:
    """The path norm, rounded up."""
    atoms = np.asarray(net.inner_weights)
    if penalty.bias == "penalised":
        atoms = np.column_stack([atoms, net.biases])
    amplitude, size = np.abs(net.outer_weights), lengths(atoms)
    underflow = int(np.count_nonzero((amplitude > 0) & (size > 0))) * 2.0**-1074
    with np.errstate(over="ignore"):
        return total(amplitude * size) * UP + underflow


def lengths(vectors: np.ndarray) -> np.ndarray:
    """|v| for each row, rounded up; no square overflows or underflows."""
    if vectors.size == 0:
        return np.zeros(len(vectors))
    top = np.max(np.abs(vectors), axis=1)
    _, exponent = np.frexp(top)
    unit = np.ldexp(vectors, -exponent[:, None])
    root = np.sqrt(np.sum(unit * unit, axis=1)) * (1 + gamma(vectors.shape[1] + 4))
    with np.errstate(over="ignore"):
        return np.ldexp(root, exponent)


def residuals(net: ShallowReLU, x: np.ndarray, y: np.ndarray, share: float = 0.0, clock: Clock = ENDLESS) -> np.ndarray:
    """|f(x_i) - y_i|, rounded up.

    In float64 where the bound of what that loses is at most `share` of sum r_i^2. Where two words would take too long,
    or longer than there is by the `clock`, sums alone are taken in two, or nothing is.
    """
    values, errors = _evaluated(net, x, y, share, clock)
    return _known((np.abs(values) + errors) * UP)


def between(
    net: ShallowReLU, x: np.ndarray, y: np.ndarray, share: float = 0.0, clock: Clock = ENDLESS
) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays between which f(x_i) - y_i is, found as `residuals` finds them."""
    values, errors = _evaluated(net, x, y, share, clock)
    with np.errstate(over="ignore", invalid="ignore"):
        room = (errors + 2 * UNIT * np.abs(values)) * UP  # and the rounding of what was computed
        low, high = values - room, values + room
    return -_known(np.nextafter(-low, math.inf)), _known(np.nextafter(high, math.inf))


def _evaluated(
    net: ShallowReLU, x: np.ndarray, y: np.ndarray, share: float, clock: Clock
) -> tuple[np.ndarray, np.ndarray]:
    """f(x_i) - y_i and what it may be off by."""
    if share > 0:
        values, errors = _in_one_word(net, x, y)
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.abs(values)
            if float(np.sum(errors * (2 * size + errors))) < share * float(np.sum(size * size)):
                return values, errors
    left = clock.left
    if x.size * net.width <= min(_WORK, left / _SECONDS):
        return _in_two_words(net, x, y, clock)
    if len(x) * net.width <= min(_WORK, max(left, _LEAST) / _SECONDS):
        return _with_sums_in_two_words(net, x, y)
    return _in_one_word(net, x, y)


def _in_one_word(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x_i) - y_i in float64 and what it may be off by.

    With any order of summation, an inner product of k terms errs by at most gamma_k times that of the
    absolute values, and relu does not enlarge an error (Higham 2002, section 3.1).
    """
    n, d = x.shape
    w, b, a = net.inner_weights, net.biases, net.outer_weights
    skip = np.zeros(d) if net.skip is None else net.skip
    rate = gamma(net.width + 2 * d + 8)
    values, errors = np.empty(n), np.empty(n)
    rows = max(1, _BLOCK // max(1, net.width))
    # Terms beyond the range of floats give an infinite or undefined value: nothing is known then.
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, n, rows):
            part, wanted = x[i : i + rows], y[i : i + rows]
            value = np.maximum(part @ w.T + b, 0) @ a + (part @ skip + (float(net.offset) - wanted))
            size = (np.abs(part) @ np.abs(w).T + np.abs(b)) @ np.abs(a) + np.abs(part) @ np.abs(skip)
            values[i : i + rows] = value
            errors[i : i + rows] = rate * (size + abs(float(net.offset)) + np.abs(wanted)) * UP
    return _sound(values, errors * UP + _underflow(net))


def _with_sums_in_two_words(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(x_i) - y_i and what it may be off by, from hidden values in float64: it does not grow with the width."""
    n, d = x.shape
    w, b, a = net.inner_weights, net.biases, net.outer_weights
    skip = np.zeros(d) if net.skip is None else np.asarray(net.skip)
    values, errors, terms = np.empty(n), np.empty(n), net.width + d + 4
    rows, few = (max(1, block // max(1, net.width)) for block in (_BLOCK, _TWO_WORD_BLOCK))
    with np.errstate(over="ignore", invalid="ignore"):
        slope, level = np.abs(w).T @ np.abs(a) + np.abs(skip), np.abs(b) @ np.abs(a)
        reach = (np.abs(x) @ slope + level) * (1 + gamma(2 * terms))
        for i in range(0, n, rows):
            hidden = np.maximum(x[i : i + rows] @ w.T + b, 0)
            for j in range(0, len(hidden), few):
                here = slice(i + j, min(i + j + few, i + len(hidden)))
                given = np.broadcast_to(net.offset, y[here].shape)
                high, rest, size = _summed(np.column_stack([hidden[j : j + few] * a, x[here] * skip, given, -y[here]]))
                values[here] = high + rest
                errors[here] = (gamma(terms) * size + gamma(d + 4) * reach[here]) * UP
        errors = errors * UP + _underflow(net)
    return _sound(values, errors)


def _in_two_words(
    net: ShallowReLU, x: np.ndarray, y: np.ndarray, clock: Clock = ENDLESS
) -> tuple[np.ndarray, np.ndarray]:
    r"""f(x_i) - y_i and what it may be off by: errors of second order in u, and the last rounding.

    w_k . x_i + b_k is a running sum s of exact products p + e, with the errors q of its additions: s + sum(e + q)
    exactly. Only the sum of the small terms e, q is rounded, by gamma_2d sum(|e| + |q|) at most, which is bounded from
    those very terms; relu does not enlarge it. Then a_k times that pair, c, -y_i and v . x_i are summed in the same
    way. Where no operation is inexact, all small terms vanish, and so does the bound.
    """
    n, d = x.shape
    w, b, a = (np.asarray(part) for part in (net.inner_weights, net.biases, net.outer_weights))
    skip = np.zeros(d) if net.skip is None else np.asarray(net.skip)
    w_halves, a_halves, skip_halves = halves(w), halves(a), halves(skip)
    values, errors = np.empty(n), np.empty(n)
    terms = 4 * (net.width + d + 4)
    rows = max(1, _TWO_WORD_BLOCK // max(1, net.width))
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, n, rows):
            if clock.left < 0:
                values[i:], errors[i:] = _in_one_word(net, x[i:], y[i:])
                break
            part, wanted = x[i : i + rows], y[i : i + rows]
            x_halves = halves(part)
            s = np.broadcast_to(b, (len(part), net.width))
            low, small = np.zeros(s.shape), np.zeros(s.shape)
            for j in range(d):
                column = (x_halves[0][:, j, None], x_halves[1][:, j, None])
                p, e = two_product(part[:, j, None], w[:, j], column, (w_halves[0][:, j], w_halves[1][:, j]))
                s, q = two_sum(s, p)
                low += e + q
                small += np.abs(e) + np.abs(q)
            s, low = two_sum(s, low)
            active = s > 0
            s, low = np.where(active, s, 0.0), np.where(active, low, 0.0)
            p, e = two_product(s, a, None, a_halves)
            v, f = two_product(part, skip, x_halves, skip_halves)
            given = np.broadcast_to(net.offset, wanted.shape)
            high, rest, size = _summed(np.column_stack([p, v, given, -wanted]))
            rest += np.sum(e + a * low, axis=1) + np.sum(f, axis=1)
            size += np.sum(np.abs(e) + np.abs(a * low), axis=1) + np.sum(np.abs(f), axis=1)
            error = gamma(terms) * size + gamma(2 * d + 4) * (small @ np.abs(a)) * (1 + gamma(terms))
            values[i : i + rows], errors[i : i + rows] = high + rest, error
    return _sound(values, errors + (_underflow(net) if _may_underflow(net, x) else 0.0))


def _summed(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each row's sum by halving, the sum of the errors of that, and the sum of their absolute values.

    A row of k terms has fewer than k errors, so that float64 sums of them are good to gamma_k of the last number.
    """
    rest, size = np.zeros(len(terms)), np.zeros(len(terms))
    while terms.shape[1] > 1:
        half = terms.shape[1] // 2
        total, error = two_sum(terms[:, :half], terms[:, half : 2 * half])
        rest += np.sum(error, axis=1)
        size += np.sum(np.abs(error), axis=1)
        terms = np.column_stack([total, terms[:, 2 * half :]])
    return terms[:, 0], rest, size


def _sound(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, with no value and an infinite error where float64's range was left."""
    known = np.isfinite(values) & np.isfinite(errors)
    return np.where(known, values, 0.0), np.where(known, errors, math.inf)


def _known(numbers: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(numbers), math.inf, numbers)


def _underflow(net: ShallowReLU) -> float:
    """What products below the range of floats may add up to."""
    return _TINY * (net.width + 1) * (net.dim + 1) * (1 + float(np.max(np.abs(net.outer_weights), initial=0.0)))


def _may_underflow(net: ShallowReLU, x: np.ndarray) -> bool:
    """Whether a product may be too small for its error to be a float.

    Nonzero numbers are multiples of their last bit, so w . x + b is 0 or at least 2^-110 of the least |w x| and |b|.
    """
    inner, outer = [_least(net.inner_weights) * _least(x), _least(net.biases)], _least(net.outer_weights)
    free = _least(x) * (1.0 if net.skip is None else _least(net.skip))
    return (net.width > 0 and min(inner) * min(1.0, outer) < _SPLITS) or free < _SPLITS


def _least(numbers: Array) -> float:
    """The least nonzero absolute value, 1 if there is none."""
    size = np.abs(np.asarray(numbers))
    return float(np.min(size, where=size > 0, initial=1.0))

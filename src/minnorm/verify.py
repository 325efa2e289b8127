"""The judge: value, dual bound and gap from the data and the solution alone, in exact arithmetic.

A float64 number is an integer times a power of two, so sums and products of the data, the network and the
dual vector are exact in Python's integers. This is slower than what solvers do and shares no code with them:
both are wrong together only if the mathematics is.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from minnorm._types import Array
from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.problem import Problem
from minnorm.solution import Certificate, Solution

_UP = 1 + 2**-50  # covers the few roundings of the closing float operations


def verify(points: npt.ArrayLike, values: npt.ArrayLike, solution: Solution, *, tolerance: float = 1e-6) -> Certificate:
    r"""Recompute the objective, the dual bound and their gap for a claimed minimiser; nothing is taken on trust.

    With h(w, b) = sum_i nu_i relu(w . x_i + b) and s = max(1, sup |h| / cost), weak duality gives

        (P0)  [f] >= nu . y / s       (PL)  objective >= t (nu . y) - t^2 n |nu|^2 / 2,  t = min(1, lam / sup |h|)

    for any nu that is orthogonal to the unpenalised terms. A returned nu misses that by rounding: it is
    corrected at one or two data points, and the bound pays for the correction.

    Arguments: `points` (n, 1) or (n,), `values` (n,), `solution`, `tolerance` for `certified`. Returns a
    `Certificate` of scope "exact". Errors: ValueError for data that do not fit the solution, and for d > 1,
    where this version has no exact oracle.

    >>> from minnorm.known import line
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> verify(x, y, line(x, y)).lower_bound
    2.0

    Source: Savarese, Evron, Soudry & Srebro (2019) for the dual; the rounding analysis is in the comments.
    """
    problem = Problem(points, values, solution.penalty, solution.lam)
    net = solution.network.to_numpy()
    n, d = problem.points.shape
    if d != 1 or net.dim != 1:
        raise ValueError(f"points has {d} columns; this version verifies data with one coordinate")
    if solution.dual.shape != (n,) or not np.all(np.isfinite(solution.dual)):
        raise ValueError(f"the dual vector has shape {solution.dual.shape}; expected ({n},), all finite")
    if not all(np.all(np.isfinite(part)) for part in net.to_dict().values()):
        raise ValueError("the network has parameters that are not finite")
    x, y = problem.points[:, 0], problem.values
    residuals = _residuals(net, x, y)
    norm = _path_norm(net, problem.penalty)
    dual = _repaired_dual(x, y, np.asarray(solution.dual, dtype=np.float64), problem.penalty)
    if problem.lam == 0:
        value = norm
        lower = dual.against_values / Fraction(max(1.0, dual.norm))
    else:
        squares = math.fsum(r * r for r in residuals.tolist()) * _UP
        value = (squares / (2 * n) + problem.lam * norm) * _UP
        t = Fraction(min(1.0, problem.lam / dual.norm) if dual.norm > 0 else 1.0) * (1 - Fraction(1, 2**50))
        lower = t * dual.against_values - t**2 * Fraction(n, 2) * dual.square
    return Certificate(
        value=value,
        lower_bound=_round_down(lower),
        dual_norm=dual.norm,
        residual=float(np.max(residuals)),
        # With lam > 0 the residual is part of the objective and no condition.
        scale=float(np.max(np.abs(y))) or 1.0 if problem.lam == 0 else math.inf,
        scope="exact",
        tolerance=tolerance,
    )


def _path_norm(net: ShallowReLU, penalty: PathNorm) -> float:
    """The path norm, rounded up; exact before that rounding if biases are free."""
    penalty.admit(net)
    amplitude, size = np.abs(net.outer_weights), np.abs(net.inner_weights[:, 0])
    if penalty.bias == "penalised":
        return math.fsum((amplitude * np.hypot(size, net.biases)).tolist()) * _UP
    (A,), e_a = _integers(amplitude)
    (W,), e_w = _integers(size)
    return _round_up(Fraction(int((A * W).sum())) / _power(e_a + e_w))


def _integers(*arrays: Array) -> tuple[list[np.ndarray], int]:
    """Arrays of Python integers and one exponent e: array = integers * 2^-e, exactly."""
    parts = [np.frexp(np.asarray(array)) for array in arrays]
    live = [exponent[mantissa != 0] for mantissa, exponent in parts]
    e = 53 - min((int(exponent.min()) for exponent in live if exponent.size), default=53)
    out = []
    for mantissa, exponent in parts:
        whole = np.ldexp(mantissa, 53).astype(np.int64).astype(object)
        shift = np.where(mantissa != 0, exponent + (e - 53), 0).astype(object)
        out.append(whole << shift if whole.size else whole)
    return out, e


def _running(terms: np.ndarray) -> np.ndarray:
    """0 and all partial sums of an array of integers."""
    return np.concatenate([np.array([0], dtype=object), np.cumsum(terms, dtype=object)])


def _residuals(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|f(x_i) - y_i|, rounded up.

    f(x) = c + v x + (sum over active a w) x + (sum over active a b). Which neurons are active is read off
    rounded knots -b/w; where the rounding matters, |w x + b| <= 2^-52 |b|, which is added (nothing if |w| = 1).
    """
    w, b, a = net.inner_weights[:, 0], net.biases, net.outer_weights
    skip = np.zeros(1) if net.skip is None else net.skip
    (X,), e_x = _integers(x)
    (W, B), e_w = _integers(w, b)
    (A,), e_a = _integers(a)
    (C, V, Y), e_c = _integers(net.offset[None], skip, y)
    # Everything on one grid: 2^-(e_a + e_w + e_x) for hidden sums, 2^-(e_c + e_x) for the rest.
    hidden = np.zeros(x.size, dtype=object) + sum(
        int(A[k]) * max(int(B[k]), 0) for k in np.flatnonzero(w == 0)
    ) * _power(e_x)
    for facing in (w > 0, w < 0):
        if not np.any(facing):
            continue
        sign = 1.0 if w[facing][0] > 0 else -1.0
        knot = sign * (-b[facing] / w[facing])
        order = np.argsort(knot, kind="stable")
        active = np.searchsorted(knot[order], sign * x, side="left")
        slope = _running((A[facing] * W[facing])[order])
        level = _running((A[facing] * B[facing])[order])
        hidden = hidden + slope[active] * X + level[active] * _power(e_x)
    rest = (C[0] - Y) * _power(e_x) + V[0] * X
    e_hidden, e_rest = e_a + e_w + e_x, e_c + e_x
    e = max(e_hidden, e_rest)
    total = hidden * _power(e - e_hidden) + rest * _power(e - e_rest)
    unsure = np.abs(w) != 1
    slack = 2.0**-52 * float(np.abs(a[unsure]) @ np.abs(b[unsure]))
    return np.array([_scaled(abs(int(r)), e) for r in total.tolist()]) * _UP + slack * _UP


def _power(e: int) -> int | Fraction:
    return 2**e if e >= 0 else Fraction(1, 2**-e)


def _scaled(number: int, e: int) -> float:
    """number * 2^-e, rounded to nearest."""
    return number / 2**e if e >= 0 else float(number * 2**-e)


@dataclass(frozen=True)
class _Dual:
    norm: float  # upper bound of sup |h| / cost
    against_values: Fraction  # nu . y
    square: Fraction  # |nu|^2


def _repaired_dual(x: np.ndarray, y: np.ndarray, nu: np.ndarray, penalty: PathNorm) -> _Dual:
    """Make nu orthogonal to the unpenalised terms, at the two extreme points, and bound sup |h|.

    A constant costs nothing if the offset is free, and with free biases in any case (as a limit of atoms).
    """
    order = np.argsort(x, kind="stable")
    x, y, nu = x[order], y[order], nu[order]
    (X,), e_x = _integers(x)
    (N,), e_n = _integers(nu)
    (Y,), e_y = _integers(y)
    unit_n = Fraction(1, 1) / _power(e_n)
    unit_x = Fraction(1, 1) / _power(e_x)
    total = int(N.sum()) * unit_n
    moment = int((N * X).sum()) * unit_n * unit_x
    first, last = Fraction(float(x[0])), Fraction(float(x[-1]))
    at_first, at_last = Fraction(0), Fraction(0)
    balanced = penalty.offset == "free" or penalty.bias == "free"
    if balanced and penalty.skip == "free":
        if last > first:
            at_last = (total * first - moment) / (last - first)
        at_first = -total - at_last
    elif balanced:
        at_first = -total
    elif penalty.skip == "free" and moment != 0:
        at_last, at_first = (-moment / last, Fraction(0)) if abs(last) >= abs(first) else (Fraction(0), -moment / first)
    against_values = (
        int((N * Y).sum()) * unit_n / _power(e_y) + at_first * Fraction(float(y[0])) + at_last * Fraction(float(y[-1]))
    )
    square = (
        int((N * N).sum()) * unit_n**2
        + 2 * (at_first * Fraction(float(nu[0])) + at_last * Fraction(float(nu[-1])))
        + at_first**2
        + at_last**2
        + (2 * at_first * at_last if x.size == 1 else 0)
    )
    # h at the knots: right(t) = sum_{x_i > t} nu_i (x_i - t), left(t) = sum_{x_i < t} nu_i (t - x_i).
    mass = _running(N)[1:]
    left = _running(mass[:-1] * np.diff(X))
    right = left + (int((N * X).sum()) - int(N.sum()) * X)
    e = e_n + e_x
    if penalty.bias == "free":
        peak = max(int(np.max(np.abs(left))), int(np.max(np.abs(right))))
        repair = max(abs(at_first), abs(at_last)) * (last - first)
        return _Dual(_round_up(peak * unit_n * unit_x + repair), against_values, square)
    norm = _penalised_norm(x, N, X, left, right, e_n, e)
    repair = abs(at_first) * Fraction(np.hypot(1, x[0])) + abs(at_last) * Fraction(np.hypot(1, x[-1]))
    return _Dual(norm * _UP + _round_up(repair) * _UP, against_values, square)


def _penalised_norm(
    x: np.ndarray, N: np.ndarray, X: np.ndarray, left: np.ndarray, right: np.ndarray, e_n: int, e: int
) -> float:
    """sup |h(w, b)| / |(w, b)| over w = +-1 and b, and the constant atom w = 0.

    Between knots h = P + Q b, and |P + Q b| / sqrt(1 + b^2) is largest at b = Q / P, where it is |(P, Q)|.
    """
    size = np.hypot(1.0, x)
    at_knots = max(
        max(_scaled(abs(int(h)), e) / s for h, s in zip(side.tolist(), size.tolist(), strict=True))
        for side in (left, right)
    )
    total, moment = int(N.sum()), int((N * X).sum())
    before_q, before_p = _running(N), _running(N * X)
    edges = np.concatenate([[-np.inf], x, [np.inf]])
    best = max(at_knots, _scaled(abs(total), e_n))
    for k in range(x.size + 1):
        # Knot t = -b in (edges[k], edges[k+1]): right-facing atoms see the points from k on, left-facing the others.
        for w, p, q in (
            (1, moment - int(before_p[k]), total - int(before_q[k])),
            (-1, -int(before_p[k]), int(before_q[k])),
        ):
            p_value, q_value = math.copysign(_scaled(abs(p), e), p), math.copysign(_scaled(abs(q), e_n), q)
            if p_value == 0:
                continue  # then h = Q b, and |b| / sqrt(1 + b^2) grows towards the cell's ends
            t = -w * q_value / p_value
            slack = 1e-12 * (1 + abs(t))
            if edges[k] - slack <= t <= edges[k + 1] + slack:
                best = max(best, math.hypot(p_value, q_value))
    return best


def _round_up(number: Fraction) -> float:
    nearest = float(number)
    return nearest if Fraction(nearest) >= number else math.nextafter(nearest, math.inf)


def _round_down(number: Fraction) -> float:
    return 0.0 - _round_up(-number)

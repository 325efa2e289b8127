"""One dimension: path norm, residual and dual norm in exact arithmetic.

A float64 number is an integer times a power of two, so sums and products of the data, the network and the
dual vector are exact in Python's integers.
"""

import math
from fractions import Fraction

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.verify.exact import UP, Dual, integers, power, round_up, running, scaled


def path_norm(net: ShallowReLU, penalty: PathNorm) -> float:
    """The path norm, rounded up; exact before that rounding if biases are free."""
    penalty.admit(net)
    amplitude, size = np.abs(net.outer_weights), np.abs(net.inner_weights[:, 0])
    if penalty.bias == "penalised":
        return math.fsum((amplitude * np.hypot(size, net.biases)).tolist()) * UP
    (A,), e_a = integers(amplitude)
    (W,), e_w = integers(size)
    return round_up(Fraction(int((A * W).sum())) / power(e_a + e_w))


def residuals(net: ShallowReLU, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|f(x_i) - y_i|, rounded up.

    f(x) = c + v x + (sum over active a w) x + (sum over active a b). Which neurons are active is read off
    rounded knots -b/w; where the rounding matters, |w x + b| <= 2^-52 |b|, which is added (nothing if |w| = 1).
    """
    w, b, a = net.inner_weights[:, 0], net.biases, net.outer_weights
    skip = np.zeros(1) if net.skip is None else net.skip
    (X,), e_x = integers(x)
    (W, B), e_w = integers(w, b)
    (A,), e_a = integers(a)
    (C, V, Y), e_c = integers(net.offset[None], skip, y)
    # Everything on one grid: 2^-(e_a + e_w + e_x) for hidden sums, 2^-(e_c + e_x) for the rest.
    hidden = np.zeros(x.size, dtype=object) + sum(
        int(A[k]) * max(int(B[k]), 0) for k in np.flatnonzero(w == 0)
    ) * power(e_x)
    for facing in (w > 0, w < 0):
        if not np.any(facing):
            continue
        sign = 1.0 if w[facing][0] > 0 else -1.0
        with np.errstate(over="ignore"):  # a knot beyond the range of floats is beyond every point, too
            knot = sign * (-b[facing] / w[facing])
        order = np.argsort(knot, kind="stable")
        active = np.searchsorted(knot[order], sign * x, side="left")
        slope = running((A[facing] * W[facing])[order])
        level = running((A[facing] * B[facing])[order])
        hidden = hidden + slope[active] * X + level[active] * power(e_x)
    rest = (C[0] - Y) * power(e_x) + V[0] * X
    e_hidden, e_rest = e_a + e_w + e_x, e_c + e_x
    e = max(e_hidden, e_rest)
    total = hidden * power(e - e_hidden) + rest * power(e - e_rest)
    unsure = np.abs(w) != 1
    slack = 2.0**-52 * float(np.abs(a[unsure]) @ np.abs(b[unsure]))
    return np.array([scaled(abs(int(r)), e) for r in total.tolist()]) * UP + slack * UP


def repaired_dual(x: np.ndarray, y: np.ndarray, nu: np.ndarray, penalty: PathNorm) -> Dual:
    """Make nu orthogonal to the unpenalised terms, at the two extreme points, and bound sup |h|.

    A constant costs nothing if the offset is free, and with free biases in any case (as a limit of atoms).
    """
    order = np.argsort(x, kind="stable")
    x, y, nu = x[order], y[order], nu[order]
    (X,), e_x = integers(x)
    (N,), e_n = integers(nu)
    (Y,), e_y = integers(y)
    unit_n = Fraction(1, 1) / power(e_n)
    unit_x = Fraction(1, 1) / power(e_x)
    total = int(N.sum()) * unit_n
    moment = int((N * X).sum()) * unit_n * unit_x
    first, last = Fraction(float(x[0])), Fraction(float(x[-1]))
    at_first, at_last = Fraction(0), Fraction(0)
    balanced = penalty.constant_is_free
    if balanced and penalty.skip == "free":
        if last > first:
            at_last = (total * first - moment) / (last - first)
        at_first = -total - at_last
    elif balanced:
        at_first = -total
    elif penalty.skip == "free" and moment != 0:
        at_last, at_first = (-moment / last, Fraction(0)) if abs(last) >= abs(first) else (Fraction(0), -moment / first)
    against_values = (
        int((N * Y).sum()) * unit_n / power(e_y) + at_first * Fraction(float(y[0])) + at_last * Fraction(float(y[-1]))
    )
    square = (
        int((N * N).sum()) * unit_n**2
        + 2 * (at_first * Fraction(float(nu[0])) + at_last * Fraction(float(nu[-1])))
        + at_first**2
        + at_last**2
        + (2 * at_first * at_last if x.size == 1 else 0)
    )
    # h at the knots: right(t) = sum_{x_i > t} nu_i (x_i - t), left(t) = sum_{x_i < t} nu_i (t - x_i).
    mass = running(N)[1:]
    left = running(mass[:-1] * np.diff(X))
    right = left + (int((N * X).sum()) - int(N.sum()) * X)
    e = e_n + e_x
    if penalty.bias == "free":
        peak = max(int(np.max(np.abs(left))), int(np.max(np.abs(right))))
        repair = max(abs(at_first), abs(at_last)) * (last - first)
        return Dual(round_up(peak * unit_n * unit_x + repair), against_values, square)
    norm = _penalised_norm(x, N, X, left, right, e_n, e)
    repair = abs(at_first) * Fraction(np.hypot(1, x[0])) + abs(at_last) * Fraction(np.hypot(1, x[-1]))
    return Dual(norm * UP + round_up(repair) * UP, against_values, square)


def _penalised_norm(
    x: np.ndarray, N: np.ndarray, X: np.ndarray, left: np.ndarray, right: np.ndarray, e_n: int, e: int
) -> float:
    """sup |h(w, b)| / |(w, b)| over w = +-1 and b, and the constant atom w = 0.

    Between knots h = P + Q b, and |P + Q b| / sqrt(1 + b^2) is largest at b = Q / P, where it is |(P, Q)|.
    """
    size = np.hypot(1.0, x)
    at_knots = max(
        max(scaled(abs(int(h)), e) / s for h, s in zip(side.tolist(), size.tolist(), strict=True))
        for side in (left, right)
    )
    total, moment = int(N.sum()), int((N * X).sum())
    before_q, before_p = running(N), running(N * X)
    edges = np.concatenate([[-np.inf], x, [np.inf]])
    best = max(at_knots, scaled(abs(total), e_n))
    for k in range(x.size + 1):
        # Knot t = -b in (edges[k], edges[k+1]): right-facing atoms see the points from k on, left-facing the others.
        for w, p, q in (
            (1, moment - int(before_p[k]), total - int(before_q[k])),
            (-1, -int(before_p[k]), int(before_q[k])),
        ):
            p_value, q_value = math.copysign(scaled(abs(p), e), p), math.copysign(scaled(abs(q), e_n), q)
            if p_value == 0:
                continue  # then h = Q b, and |b| / sqrt(1 + b^2) grows towards the cell's ends
            t = -w * q_value / p_value
            slack = 1e-12 * (1 + abs(t))
            if edges[k] - slack <= t <= edges[k + 1] + slack:
                best = max(best, math.hypot(p_value, q_value))
    return best

"""The mean of |r u - s| over a coordinate u of a uniform direction, in floating point and in many digits."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import betainc, gammaln


def half_density(dim: int) -> float:
    """C_d / (d - 1), where C_d (1 - u^2)^((d-3)/2) is the density of a coordinate of a uniform direction."""
    return math.exp(gammaln(dim / 2) - gammaln((dim + 1) / 2)) / (2 * math.sqrt(math.pi))


def mean_distance(r: np.ndarray, s: np.ndarray, dim: int) -> np.ndarray:
    """E |r u - s| for s >= 0: s itself outside, by parts inside."""
    t = np.divide(s, r, out=np.ones(np.broadcast_shapes(r.shape, s.shape)), where=s < r)
    half = 0.5 * (dim - 1)
    below = betainc(half, half, 0.5 * (1 + t)) if dim > 1 else np.where(t < 1, 0.5, 1.0)
    near = s * (2 * below - 1) + 2 * r * half_density(dim) * (1 - t * t) ** half
    return np.where(s < r, near, s)


def mean_distance_slope(r: np.ndarray, s: np.ndarray, dim: int) -> np.ndarray:
    """The derivative of E |r u - s| in r."""
    t = np.divide(s, r, out=np.ones(np.broadcast_shapes(r.shape, s.shape)), where=s < r)
    return np.where(s < r, 2 * half_density(dim) * (1 - t * t) ** (0.5 * (dim - 1)), 0.0)


def precise_sums(
    context: Any, dim: int, atoms: Sequence[tuple[Fraction, Fraction]], radii: Iterable[float]
) -> list[tuple[float, float]]:
    """sum_i m_i (E |r u - s_i| - s_i) / 2 and its derivative in r, for each r, in the digits of an mpmath context.

    int_0^t (1 - v^2)^(h-1) dv =: J_h obeys (2 h + 1) J_(h+1) = t (1 - t^2)^h + 2 h J_h, all terms positive.
    """
    c = context
    pairs = [(c.mpf(s.numerator) / s.denominator, c.mpf(m.numerator) / m.denominator) for s, m in atoms]
    h = c.mpf(dim - 1) / 2
    slope_factor = c.gamma(c.mpf(dim) / 2) / c.gamma(c.mpf(dim + 1) / 2) / c.sqrt(c.pi)
    found = []
    for radius in radii:
        r, value, slope = c.mpf(radius), c.zero, c.zero
        for s, m in pairs:
            if not s < r:
                continue
            t = s / r
            if dim == 1:
                value, slope = value + m * (r - s) / 2, slope + m / 2
                continue
            cap = 1 - t * t
            rise = slope_factor * cap**h
            # P(|u| < t) = 2 C_d J_h(t), and C_d = (d - 1) / 2 times the factor above.
            inner = (dim - 1) * slope_factor * _arc(c, t, cap, dim)
            value += m * (s * (inner - 1) + r * rise) / 2
            slope += m * rise / 2
        found.append((float(value), float(slope)))
    return found


def _arc(context: Any, t: Any, cap: Any, dim: int) -> Any:
    """J_h(t) with h = (dim - 1) / 2."""
    c = context
    k, value, power = (2, t, cap) if dim % 2 else (1, c.asin(t), c.sqrt(cap))
    while k < dim - 1:  # k = 2 h
        value = (t * power + k * value) / (k + 1)
        power *= cap
        k += 2
    return value

"""Error-free transformations: the exact sum or product of two float64 arrays as a rounded one and its error.

They are exact barring overflow, and for products also underflow: where |x y| < 2^-960 the error term is off by
less than 2^-1070. Source: Ogita, Rump & Oishi (2005), *Accurate sum and dot product*, SIAM J. Sci. Comput. 26.
"""

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]
"""(high, low): |low| <= u |high|, and high + low is exact."""

_SPLIT = 134217729.0  # 2^27 + 1


def two_sum(x: np.ndarray, y: np.ndarray) -> Pair:
    """x + y (Knuth)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def halves(x: np.ndarray) -> Pair:
    """x as the sum of two numbers of at most 26 bits (Veltkamp)."""
    t = _SPLIT * x
    high = t - (t - x)
    return high, x - high


def two_product(x: np.ndarray, y: np.ndarray, x_halves: Pair | None = None, y_halves: Pair | None = None) -> Pair:
    """x y (Dekker), from the factors' halves if they are at hand."""
    x_high, x_low = halves(x) if x_halves is None else x_halves
    y_high, y_low = halves(y) if y_halves is None else y_halves
    product = x * y
    return product, x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low)

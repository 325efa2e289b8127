"""Running sums in double-double arithmetic: sums of large terms that cancel keep about 32 digits.

A number is a pair (high, low) of float64 arrays whose exact sum it is. The error-free transformations are
Knuth's two-sum and Dekker's product; see Ogita, Rump & Oishi, *Accurate sum and dot product*, SIAM J. Sci.
Comput. 26 (2005).
"""

import numpy as np
import numpy.typing as npt

Pair = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""(high, low), the unevaluated sum of two arrays."""

_SPLIT = 134217729.0  # 2^27 + 1 halves a 53-bit significand
_BLOCK = 1 << 14  # numbers on which dozens of operations follow each other


def two_sum(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Pair:
    """x + y as (rounded sum, its exact error)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)


def two_product(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Pair:
    """x * y as (rounded product, its exact error), barring overflow and underflow."""
    product = x * y
    t = _SPLIT * x
    x_high = t - (t - x)
    x_low = x - x_high
    t = _SPLIT * y
    y_high = t - (t - y)
    y_low = y - y_high
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def add(x: Pair, y: Pair) -> Pair:
    """The sum of two pairs, with a relative error of a few 2^-104 of the larger one."""
    high, low = two_sum(x[0], y[0])
    return two_sum(high, low + (x[1] + y[1]))


def multiply(x: Pair, y: npt.NDArray[np.float64]) -> Pair:
    """The product of a pair with a float64 array."""
    high, low = two_product(x[0], y)
    return two_sum(high, low + x[1] * y)


def product(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Pair:
    """x @ y.T for x (n, d) and y (m, d), shape (n, m)."""
    high, low = np.zeros((len(x), len(y))), np.zeros((len(x), len(y)))
    rows = max(1, _BLOCK // max(1, len(y)))
    for i in range(0, len(x), rows):
        total: Pair = (high[i : i + rows], low[i : i + rows])
        for one, other in zip(x[i : i + rows].T, y.T, strict=True):
            total = add(total, two_product(one[:, None], other))
        high[i : i + rows], low[i : i + rows] = total
    return high, low


def combination(columns: Pair, weights: npt.NDArray[np.float64]) -> Pair:
    """columns @ weights for columns (n, m) and weights (m,), shape (n,)."""
    n = len(columns[0])
    total: Pair = (np.zeros(n), np.zeros(n))
    for k, (high, low) in enumerate(zip(columns[0].T, columns[1].T, strict=True)):
        total = add(total, multiply((high, low), weights[k : k + 1]))
    return total


def running_sum(terms: Pair) -> Pair:
    """All n + 1 partial sums 0, t_1, t_1 + t_2, ...

    The terms are cut into about sqrt(n) columns which are summed side by side, so that NumPy works on whole
    rows: about 2 sqrt(n) calls instead of n.
    """
    n = terms[0].size
    rows = max(1, int(np.ceil(np.sqrt(n))))
    columns = -(-n // rows)
    grid: list[npt.NDArray[np.float64]] = []
    for part in terms:
        padded = np.zeros(rows * columns)
        padded[:n] = part
        grid.append(np.ascontiguousarray(padded.reshape(columns, rows).T))
    high, low = grid
    for i in range(1, rows):
        high[i], low[i] = add((high[i - 1], low[i - 1]), (high[i], low[i]))
    start_high, start_low = np.zeros(columns), np.zeros(columns)
    for j in range(1, columns):
        before, here = slice(j - 1, j), slice(j, j + 1)
        total = add((start_high[before], start_low[before]), (high[-1, before], low[-1, before]))
        start_high[here], start_low[here] = total
    high, low = add((high, low), (start_high, start_low))
    return (
        np.concatenate([[0.0], high.T.reshape(-1)[:n]]),
        np.concatenate([[0.0], low.T.reshape(-1)[:n]]),
    )

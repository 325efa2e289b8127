r"""Exponentials and logarithms made of sums, products and powers of two, with bounds of their errors.

With u = 2^-53 each basic operation is right up to a factor 1 + u, and so a sum of terms of one sign is as good as its
worst term. No function of a mathematical library is trusted: how exact those are differs between processors.
"""

import numpy as np

ERROR = 2.0**-44
"""Relative error of all functions here; the comments show that 2^-45 is enough."""

_HIGH = float.fromhex("0x1.62e42feep-1")  # ln 2 in two parts, together to 2^-85, the first of 33 bits
_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
_LARGEST = 700.0
_POWERS, _ODD = 18, 20  # terms of the two series


def exp_of_minus(a: np.ndarray) -> np.ndarray:
    """e^-a for a >= 0; 1e-300, which is more, beyond a = 700.

    e^-a = 2^-k e^r, r = k ln 2 - a with |r| < .35. The difference k HIGH - a is exact, k LOW < 2^-22 is right up to
    2^-73, and the sum of both up to u / 2: r is right up to u. Horner's scheme errs by gamma_36 e^|r| at most,
    72 u e^r; what is cut off is below .35^19 / 19! < 2^-80. In all less than 100 u.
    """
    a = np.asarray(a, dtype=np.float64)
    near = np.minimum(a, _LARGEST)
    k = np.round(near / _LN2)
    r = (k * _HIGH - near) + k * _LOW
    total = np.ones_like(r)
    for j in range(_POWERS, 0, -1):
        total = 1 + r * total / j
    return np.where(a > _LARGEST, 1e-300, np.ldexp(total, -k.astype(np.int64)))


def log_above_1(x: np.ndarray) -> np.ndarray:
    """log(1 + x) for 0 <= x <= 1: 2 artanh(x / (2 + x))."""
    x = np.asarray(x, dtype=np.float64)
    return _artanh(x / (2 + x))


def log_of_inverse(t: np.ndarray) -> np.ndarray:
    """log(1 / t) for 0 < t <= 1, t no subnormal number.

    t = m 2^-e with 1/2 <= m < 1: e ln 2 + 2 artanh((1 - m) / (1 + m)), where 1 - m is exact and no term is negative.
    """
    m, e = np.frexp(np.asarray(t, dtype=np.float64))
    return -e * _LN2 + _artanh((1 - m) / (1 + m)) if np.all(e <= 0) else _with_ones(m, e)


def _with_ones(m: np.ndarray, e: np.ndarray) -> np.ndarray:
    """The same where t = 1 = .5 2^1 is among them, whose logarithm is 0."""
    return np.where(e > 0, 0.0, -e * _LN2 + _artanh((1 - m) / (1 + m)))


def _artanh(z: np.ndarray) -> np.ndarray:
    """2 artanh z for 0 <= z <= 1/3, z right up to 2 u: the sum of 2 z^(2 j + 1) / (2 j + 1), no term negative.

    The j-th term errs by less than (6 j + 5) u, at most 125 u for the last; what is cut off is below 9^-20 < 2^-63 of
    the sum. Horner's scheme adds 2 u for each step: 170 u in all.
    """
    square = z * z
    total = np.full_like(z, 1 / (2 * _ODD + 1))
    for j in range(_ODD - 1, -1, -1):
        total = total * square + 1 / (2 * j + 1)
    return 2 * z * total

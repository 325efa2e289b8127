"""Float64 numbers as integers times a power of two, and roundings to the safe side."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from minnorm._types import Array

UP = 1 + 2**-50
"""Covers the few roundings of a closing float operation."""

_DIGITS = 128  # binary digits of a reciprocal

UNIT = 2.0**-53
"""The unit roundoff of float64."""

_LEAST_NORMAL = 2.0**-1022


@dataclass(frozen=True)
class Dual:
    """A repaired dual vector: an upper bound of sup |h| / cost, nu . y and sum_i nu_i^2 / p_i, which may be above.

    `entries` computes all of it, exactly.
    """

    norm: float
    against_values: Fraction
    square: Fraction
    entries: Callable[[], list[Fraction]] = field(default=list, compare=False, repr=False)


def keeps_small_numbers() -> bool:
    """Whether this thread computes with numbers below the normal range: bounds of rounding errors count on them."""
    return _LEAST_NORMAL * 0.5 > 0


def admit_arithmetic() -> None:
    """RuntimeError where a library has had the processor take numbers below the normal range for 0."""
    if not keeps_small_numbers():
        raise RuntimeError(
            "this process takes numbers below 2^-1022 for 0, and proofs need them; turn that off: "
            "torch.set_flush_denormal(False), or leave out the library that was compiled with -ffast-math"
        )


def gamma(operations: int) -> float:
    """k u / (1 - k u): the relative error of any sum of products with k roundings, in any order (Higham 2002, 3.1)."""
    return operations * UNIT / (1 - operations * UNIT) * UP


def integers(*arrays: Array) -> tuple[list[np.ndarray], int]:
    """Arrays of Python integers and one exponent e >= 0: array = integers * 2^-e, exactly."""
    parts = [np.frexp(np.asarray(array)) for array in arrays]
    live = [exponent[mantissa != 0] for mantissa, exponent in parts]
    e = max(0, 53 - min((int(exponent.min()) for exponent in live if exponent.size), default=53))
    out = []
    for mantissa, exponent in parts:
        whole = np.ldexp(mantissa, 53).astype(np.int64).astype(object)
        shift = np.where(mantissa != 0, exponent + (e - 53), 0).astype(object)
        out.append(whole << shift if whole.size else whole)
    return out, e


def reciprocals(weights: Array) -> tuple[np.ndarray, int]:
    """Integers q and an exponent e with 1 / p_i <= q_i * 2^-e, and hardly more, for weights 1e-30 <= p_i <= 1.

    >>> reciprocals(np.ones(3))
    (array([1, 1, 1], dtype=object), 0)
    """
    if np.all(weights == 1):
        return np.ones(len(weights), dtype=np.int64).astype(object), 0
    (P,), e = integers(weights)
    return -(-power(e + _DIGITS) // P), _DIGITS


def running(terms: np.ndarray) -> np.ndarray:
    """0 and all partial sums of an array of integers."""
    return np.concatenate([np.array([0], dtype=object), np.cumsum(terms, dtype=object)])


def total(terms: np.ndarray) -> float:
    """The sum of numbers >= 0, correctly rounded; infinite beyond the range."""
    try:
        return math.fsum(terms.tolist())
    except OverflowError:
        return math.inf


def power(e: int) -> int:
    """2^e for e >= 0: an integer, so that nothing is cut off where arrays of integers are multiplied by it."""
    return 1 << e


def round_up(number: Fraction) -> float:
    """The least float64 that is at least `number`; infinity beyond the range."""
    try:
        nearest = float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.nextafter(math.inf, 0.0)
    return nearest if math.isinf(nearest) or Fraction(nearest) >= number else math.nextafter(nearest, math.inf)


def round_down(number: Fraction) -> float:
    """The largest float64 that is at most `number`."""
    return 0.0 - round_up(-number)

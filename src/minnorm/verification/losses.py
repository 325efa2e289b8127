r"""Losses as the judge states them for itself: each with its own conjugate, both bounded from above.

A loss is phi(f - y) of a residual or phi(y f) of a margin. No code is shared with what solves: a loss is found by its
name and its numbers alone. Where numbers are known to lie between two floats the larger value at the two is taken, for
phi and phi* are convex.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from minnorm.verification.elementary import ERROR, exp_of_minus, log_above_1, log_of_inverse
from minnorm.verification.exact import UP

_TINY = 2.0**-1060  # what products below the range of floats may lack
_SMALLEST = 2.0**-1000

Argument = Literal["residual", "margin"]
End = Fraction | None
"""Of a domain; None is infinite."""


@runtime_checkable
class Bounds(Protocol):
    """What the judge knows of a loss."""

    @property
    def argument(self) -> Argument:
        """Of what it is a function."""
        ...

    @property
    def domain(self) -> tuple[End, End]:
        """Where phi* is finite, exactly."""
        ...

    def value(self, z: np.ndarray) -> np.ndarray:
        """phi(z), rounded up; where phi is a constraint, what z lacks of keeping it."""
        ...

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """phi*(v) in the domain, rounded up."""
        ...


_BOUNDS: dict[str, Callable[..., Bounds]] = {}


def add(word: str, bounds: Callable[..., Bounds]) -> None:
    """Let `verify` know a loss by the word that it has in `minnorm.losses`: a class that takes the loss's numbers."""
    if _BOUNDS.get(word, bounds) is not bounds:
        raise ValueError(f"verify knows a loss {word!r} already; give this one another word")
    _BOUNDS[word] = bounds


def bounds_of(loss: str) -> Bounds:
    """What is known of a loss, by its name; ValueError for one of which nothing is."""
    word, *numbers = loss.split(":")
    if word not in _BOUNDS:
        raise ValueError(
            f"verify has no bound for loss {loss}; give one by minnorm.verification.losses.add, or solve with "
            "certify=False"
        )
    return _BOUNDS[word](*(float(number) for number in numbers))


def _up(x: np.ndarray) -> np.ndarray:
    return np.nextafter(x, np.inf)


class _Huber:
    """z^2 / 2 up to delta, linear beyond; v^2 / 2 on [-delta, delta]."""

    argument: Argument = "residual"

    def __init__(self, delta: float) -> None:
        self.delta, self.domain = delta, (-Fraction(delta), Fraction(delta))

    def value(self, z: np.ndarray) -> np.ndarray:
        near = np.minimum(np.abs(z), self.delta)
        return near * (np.abs(z) - near / 2) * UP + _TINY

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return v * v / 2 * UP + _TINY


class _Quantile:
    """(1 - q) z above 0 and -q z below; 0 on [-q, 1 - q]."""

    argument: Argument = "residual"

    def __init__(self, q: float) -> None:
        self.q, self.domain = q, (-Fraction(q), 1 - Fraction(q))

    def value(self, z: np.ndarray) -> np.ndarray:
        return np.where(z > 0, (1 - self.q) * z, -self.q * z) * UP + _TINY

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return np.zeros(v.shape)


class _Insensitive:
    """max(|z| - delta, 0); delta |v| on [-1, 1]."""

    argument: Argument = "residual"
    domain = (Fraction(-1), Fraction(1))

    def __init__(self, delta: float = 0.0) -> None:
        self.delta = delta

    def value(self, z: np.ndarray) -> np.ndarray:
        return np.maximum(_up(np.abs(z) - self.delta), 0.0)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return self.delta * np.abs(v) * UP + _TINY


class _Tolerance:
    """A constraint, |z| <= delta; delta |v| everywhere. Its value is what z exceeds delta by."""

    argument: Argument = "residual"
    domain = (None, None)

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def value(self, z: np.ndarray) -> np.ndarray:
        return np.where(np.abs(z) <= self.delta, 0.0, _up(np.abs(z) - self.delta))

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return self.delta * np.abs(v) * UP + _TINY


class _Margin:
    """A constraint, z >= 1; v for v <= 0. Its value is what z lacks of 1."""

    argument: Argument = "margin"
    domain = (None, Fraction(0))

    def value(self, z: np.ndarray) -> np.ndarray:
        return np.where(z >= 1, 0.0, _up(1 - z))

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return v


class _Hinge:
    """max(0, 1 - z); v on [-1, 0]."""

    argument: Argument = "margin"
    domain = (Fraction(-1), Fraction(0))

    def value(self, z: np.ndarray) -> np.ndarray:
        return np.maximum(_up(1 - z), 0.0)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return v


class _SquaredHinge:
    """max(0, 1 - z)^2 / 2; v + v^2 / 2 for v <= 0."""

    argument: Argument = "margin"
    domain = (None, Fraction(0))

    def value(self, z: np.ndarray) -> np.ndarray:
        missing = np.maximum(_up(1 - z), 0.0)
        return np.where(missing > 0, missing * missing / 2 * UP + _TINY, 0.0)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return v + v * v / 2 + (np.abs(v) + v * v) * 2.0**-50 + _TINY


class _Logistic:
    """log(1 + e^-z); t log t + (1 - t) log(1 - t) with t = -v in [0, 1]."""

    argument: Argument = "margin"
    domain = (Fraction(-1), Fraction(0))

    def value(self, z: np.ndarray) -> np.ndarray:
        # The logarithm of 1 + x is no more sensitive than x is.
        return (np.maximum(-z, 0.0) + log_above_1(exp_of_minus(np.abs(z)))) * (1 + 4 * ERROR)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        return -entropy_below(-v)


def entropy_below(t: np.ndarray) -> np.ndarray:
    """t log(1/t) + (1 - t) log(1/(1 - t)) for 0 <= t <= 1, rounded down; no term is negative.

    1 - t is exact for t >= 1/2. The logarithm of the inverse of the larger part is log(1 + smaller / larger).
    """
    other = 1 - t
    small, large = np.minimum(t, other), np.maximum(t, other)
    lost = small < _SMALLEST
    safe = np.where(lost, 0.5, small)
    total = safe * log_of_inverse(safe) + large * log_above_1(safe / large)
    return np.where(lost, 0.0, total * (1 - 4 * ERROR))


for _word, _class in (
    ("huber", _Huber),
    ("quantile", _Quantile),
    ("insensitive", _Insensitive),
    ("absolute", _Insensitive),
    ("tolerance", _Tolerance),
    ("margin", _Margin),
    ("hinge", _Hinge),
    ("squared_hinge", _SquaredHinge),
    ("logistic", _Logistic),
):
    add(_word, _class)

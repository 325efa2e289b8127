"""Losses of the residual z = f - y: squares, absolute values, and what is between them."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minnorm.checks import real
from minnorm.losses.pointwise import EVERYWHERE, Argument, add, space, spelled


@add
@dataclass(frozen=True)
class Squared:
    """phi(z) = z^2 / 2: least squares."""

    word: ClassVar[str] = "squared"
    argument: ClassVar[Argument] = "residual"
    numbers = ()
    domain = EVERYWHERE
    kink = 0.0

    def value(self, z: Any) -> Any:
        """z^2 / 2."""
        return z * z / 2

    def slope(self, z: Any) -> Any:
        """z."""
        return z

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """v^2 / 2."""
        return np.asarray(v * v / 2)

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """v."""
        return np.asarray(v)

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """1."""
        return np.ones(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


@dataclass(frozen=True)
class _Linear:
    """What losses share whose conjugates have no smooth part."""

    argument: ClassVar[Argument] = "residual"

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))


@add
@dataclass(frozen=True)
class Absolute(_Linear):
    """phi(z) = |z|: the median, which a few labels however wrong do not move."""

    word: ClassVar[str] = "absolute"
    numbers = ()
    domain = (-1.0, 1.0)
    kink = 0.0

    def value(self, z: Any) -> Any:
        """|z|."""
        return abs(z)

    def slope(self, z: Any) -> Any:
        """sign z."""
        return space(z).sign(z)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


@add
@dataclass(frozen=True)
class Quantile(_Linear):
    """phi(z) = (1 - q) z for z > 0 and -q z for z < 0: the q-quantile, below which a share q of the labels is.

    Source: Koenker & Bassett (1978), *Regression quantiles*.
    """

    q: float
    word: ClassVar[str] = "quantile"
    kink = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", real("q", self.q, "a number between 0 and 1", lambda q: 0 < q < 1))

    @property
    def numbers(self) -> tuple[float, ...]:
        """q."""
        return (self.q,)

    @property
    def domain(self) -> tuple[float, float]:
        """[-q, 1 - q]."""
        return -self.q, 1 - self.q

    def value(self, z: Any) -> Any:
        """The larger of (1 - q) z and -q z."""
        return space(z).maximum((1 - self.q) * z, -self.q * z)

    def slope(self, z: Any) -> Any:
        """1 - q, 0 or -q."""
        where = space(z).where
        return where(z > 0, 1 - self.q, where(z < 0, -self.q, 0.0))

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


@add
@dataclass(frozen=True)
class Insensitive(_Linear):
    """phi(z) = max(|z| - delta, 0): what is within delta of its label is right.

    Source: Drucker, Burges, Kaufman, Smola & Vapnik (1996), *Support vector regression machines*.
    """

    delta: float
    word: ClassVar[str] = "insensitive"
    domain = (-1.0, 1.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", _size(self.delta))

    @property
    def numbers(self) -> tuple[float, ...]:
        """delta."""
        return (self.delta,)

    @property
    def kink(self) -> float:
        """delta."""
        return self.delta

    def value(self, z: Any) -> Any:
        """max(|z| - delta, 0)."""
        return space(z).maximum(abs(z) - self.delta, 0.0)

    def slope(self, z: Any) -> Any:
        """-1, 0 or 1."""
        return space(z).where(abs(z) > self.delta, space(z).sign(z), 0.0)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """delta |v|."""
        return self.delta * np.abs(v)

    def __str__(self) -> str:
        return spelled(self)


@add
@dataclass(frozen=True)
class Huber:
    """phi(z) = z^2 / 2 for |z| <= delta, and delta |z| - delta^2 / 2 beyond: squares that outliers do not dominate.

    Source: Huber (1964), *Robust estimation of a location parameter*.
    """

    delta: float
    word: ClassVar[str] = "huber"
    argument: ClassVar[Argument] = "residual"
    kink = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", _size(self.delta, least=True))

    @property
    def numbers(self) -> tuple[float, ...]:
        """delta."""
        return (self.delta,)

    @property
    def domain(self) -> tuple[float, float]:
        """[-delta, delta]."""
        return -self.delta, self.delta

    def value(self, z: Any) -> Any:
        """z^2 / 2 or delta |z| - delta^2 / 2."""
        near = space(z).minimum(abs(z), self.delta)
        return near * (abs(z) - near / 2)

    def slope(self, z: Any) -> Any:
        """z, or delta sign z."""
        return space(z).clip(z, -self.delta, self.delta)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """v^2 / 2."""
        return np.asarray(v * v / 2)

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """v."""
        return np.asarray(v)

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """1."""
        return np.ones(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


def _size(delta: float, *, least: bool = False) -> float:
    """A delta; above 0 with `least`."""
    if least:
        return real("delta", delta, "a finite number above 0", lambda size: 0 < size < math.inf)
    return real("delta", delta, "a finite number >= 0", lambda size: 0 <= size < math.inf)


SQUARED = Squared()
"""What is taken if nothing is said."""

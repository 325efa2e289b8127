"""Losses of the margin z = y f, for labels y = -1 and 1: hinges and the logistic loss."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from minnorm.losses.pointwise import Argument, add, space, spelled


@add
@dataclass(frozen=True)
class Hinge:
    """phi(z) = max(0, 1 - z): support vector machines.

    Source: Cortes & Vapnik (1995), *Support-vector networks*.
    """

    word: ClassVar[str] = "hinge"
    argument: ClassVar[Argument] = "margin"
    numbers = ()
    domain = (-1.0, 0.0)
    kink = 0.0

    def value(self, z: Any) -> Any:
        """max(0, 1 - z)."""
        return space(z).maximum(1 - z, 0.0)

    def slope(self, z: Any) -> Any:
        """-1 for z < 1, else 0."""
        return space(z).where(z < 1, -1.0, 0.0)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """v."""
        return np.asarray(v)

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """1."""
        return np.ones(np.shape(v))

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


@add
@dataclass(frozen=True)
class SquaredHinge:
    """phi(z) = max(0, 1 - z)^2 / 2."""

    word: ClassVar[str] = "squared_hinge"
    argument: ClassVar[Argument] = "margin"
    numbers = ()
    domain = (-math.inf, 0.0)
    kink = 0.0

    def value(self, z: Any) -> Any:
        """max(0, 1 - z)^2 / 2."""
        return space(z).maximum(1 - z, 0.0) ** 2 / 2

    def slope(self, z: Any) -> Any:
        """min(0, z - 1)."""
        return space(z).minimum(z - 1, 0.0)

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """v + v^2 / 2."""
        return np.asarray(v + v * v / 2)

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """1 + v."""
        return np.asarray(1 + v)

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """1."""
        return np.ones(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


@add
@dataclass(frozen=True)
class Logistic:
    """phi(z) = log(1 + e^-z): logistic regression, also called cross entropy."""

    word: ClassVar[str] = "logistic"
    argument: ClassVar[Argument] = "margin"
    numbers = ()
    domain = (-1.0, 0.0)
    kink = 0.0

    def value(self, z: Any) -> Any:
        """log(1 + e^-z)."""
        return space(z).logaddexp(0.0, -z)

    def slope(self, z: Any) -> Any:
        """-1 / (1 + e^z)."""
        return -(1 - space(z).tanh(z / 2)) / 2

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """t log t + (1 - t) log(1 - t) with t = -v."""
        t = np.clip(-v, 0.0, 1.0)
        return _entropy(t) + _entropy(1 - t)

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """log((1 + v) / -v)."""
        return np.log1p(v) - np.log(-v)

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """1 / (-v (1 + v))."""
        return 1 / (-v * (1 + v))

    def __str__(self) -> str:
        return spelled(self)


def _entropy(t: np.ndarray) -> np.ndarray:
    """t log t."""
    return t * np.log(np.where(t > 0, t, 1.0))

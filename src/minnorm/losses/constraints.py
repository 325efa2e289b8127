"""Losses that are 0 or infinite: what a function must keep, so that the norm alone is left to minimise."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from minnorm.checks import real
from minnorm.losses.margins import Hinge
from minnorm.losses.pointwise import EVERYWHERE, Argument, Loss, add, space, spelled
from minnorm.losses.residuals import Insensitive


@runtime_checkable
class Constraint(Loss, Protocol):
    r"""A loss phi that is 0 where a value is as it must be, and infinite elsewhere; lam plays no part.

    `softened` is 0 there, too, and finite elsewhere. Paid often enough it is the same: with C times it the minimiser
    keeps the constraints if C is above the largest dual number.
    """

    @property
    def softened(self) -> Loss:
        """The loss whose multiples tend to this one."""
        ...


def constrains(loss: Loss) -> bool:
    """Whether a loss is a constraint."""
    return isinstance(loss, Constraint)


@add
@dataclass(frozen=True)
class Tolerance:
    """phi(z) = 0 for |z| <= delta, else infinite: labels known up to delta. With delta = 0 they are met."""

    delta: float
    word: ClassVar[str] = "tolerance"
    argument: ClassVar[Argument] = "residual"
    domain = EVERYWHERE

    def __post_init__(self) -> None:
        size = real("delta", self.delta, "a finite number >= 0", lambda size: 0 <= size < math.inf)
        object.__setattr__(self, "delta", size)

    @property
    def softened(self) -> Loss:
        """max(|z| - delta, 0)."""
        return Insensitive(self.delta)

    @property
    def numbers(self) -> tuple[float, ...]:
        """delta."""
        return (self.delta,)

    @property
    def kink(self) -> float:
        """delta."""
        return self.delta

    def value(self, z: Any) -> Any:
        """0 or infinite."""
        return space(z).where(abs(z) <= self.delta, 0.0, math.inf)

    def slope(self, z: Any) -> Any:
        """0, where there is one."""
        return 0.0 * z

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """delta |v|."""
        return self.delta * np.abs(v)

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """0."""
        return np.zeros(np.shape(v))

    def __str__(self) -> str:
        return spelled(self)


@add
@dataclass(frozen=True)
class Margin:
    """phi(z) = 0 for z >= 1, else infinite: every point is on its class's side, by 1 at least."""

    word: ClassVar[str] = "margin"
    argument: ClassVar[Argument] = "margin"
    numbers = ()
    domain = (-math.inf, 0.0)
    kink = 0.0

    @property
    def softened(self) -> Loss:
        """max(0, 1 - z)."""
        return Hinge()

    def value(self, z: Any) -> Any:
        """0 or infinite."""
        return space(z).where(z >= 1, 0.0, math.inf)

    def slope(self, z: Any) -> Any:
        """0, where there is one."""
        return 0.0 * z

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

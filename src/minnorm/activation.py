"""What a neuron makes of its input: ReLU, leaky ReLU, the absolute value and all that bend once, at 0."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from minnorm.checks import real, shown

_LEAK = 0.01  # as where it was published
_WIDEST = 2.0**60  # of one slope, in terms of the other or of 1
_BEND = 2.0**-30  # the least bend, in terms of the larger slope


@dataclass(frozen=True, init=False, repr=False)
class Activation:
    r"""A function that is linear on either side of 0.

        sigma(z) = plus relu(z) + minus relu(-z) = (plus + minus) relu(z) - minus z

    plus = 1, minus = 0 is ReLU, minus = -alpha leaky ReLU with slope alpha, plus = minus = 1 is |z|. Its slope at 0
    counts as that of z < 0, as in training.

    Errors: ValueError for slopes that are not finite, for plus + minus = 0, where sigma is linear and no width makes a
    network bend, and for slopes so far apart that float64 loses one of them.

    >>> leaky = Activation.of("leaky_relu:0.25")
    >>> leaky(np.array([-4.0, 0.0, 2.0])), leaky.bend
    (array([-1.,  0.,  2.]), 0.75)
    >>> Activation(1, 1) == Activation.of("abs")
    True

    Source: Maas, Hannun & Ng (2013), *Rectifier nonlinearities improve neural network acoustic models*, for leaks.
    """

    plus: float
    minus: float

    def __init__(self, plus: float | int = 1.0, minus: float | int = 0.0) -> None:
        for name, value in (("plus", plus), ("minus", minus)):
            wanted = f"0, or a finite number between {1 / _WIDEST:.0e} and {_WIDEST:.0e} in size"
            slope = real(name, value, wanted, lambda size: size == 0 or 1 / _WIDEST <= abs(size) <= _WIDEST)
            object.__setattr__(self, name, slope + 0.0)
        if abs(self.bend) < _BEND * max(abs(self.plus), abs(self.minus)) or self.bend == 0:
            raise ValueError(
                f"plus is {self.plus} and minus is {self.minus}: that is a straight line, of which no network bends; "
                "plus + minus must not be 0"
            )

    @classmethod
    def of(cls, value: Any, name: str = "activation") -> "Activation":
        """An `Activation`, or the one that a word names: "relu", "leaky_relu:0.25" (0.01 if left out), "abs", or
        "plus:minus" as in "2.0:0.5"; None is ReLU. ValueError, calling it `name`, for anything else."""
        if value is None or isinstance(value, Activation):
            return value or RELU
        wanted = 'give "relu", "leaky_relu:0.25", "abs", two numbers as "2.0:0.5", or an Activation'
        if not isinstance(value, str):
            raise ValueError(f"{name} is {shown(value)}; {wanted}")
        word, colon, rest = value.partition(":")
        try:
            if word == "leaky_relu":
                return cls(1.0, -(float(rest) if colon else _LEAK))
            if colon:
                return cls(float(word), float(rest))
        except ValueError as error:
            said = str(error)
            raise ValueError(f"{name} is {shown(value)}; {said if 'plus' in said else wanted}") from None
        if value not in ("relu", "abs"):
            raise ValueError(f"{name} is {shown(value)}; {wanted}")
        return RELU if value == "relu" else ABSOLUTE

    @property
    def bend(self) -> float:
        """plus + minus, by which the slope grows at 0; rounded."""
        return self.plus + self.minus

    @property
    def rectifies(self) -> bool:
        """Whether it is ReLU itself."""
        return self.plus == 1 and self.minus == 0

    def __call__(self, z: Any) -> Any:
        """sigma(z), entry by entry; of NumPy's arrays in NumPy."""
        if isinstance(z, np.ndarray | float):
            return np.maximum(z, 0) if self.rectifies else np.where(z > 0, self.plus * z, -self.minus * z)
        import jax

        # jax.nn.relu has slope 0 at a kink, as in other libraries; the gradient of maximum is 1/2 there.
        return jax.nn.relu(z) if self.rectifies else jax.numpy.where(z > 0, self.plus * z, -self.minus * z)

    def __str__(self) -> str:
        """The word that `of` understands."""
        if self.rectifies:
            return "relu"
        if self == ABSOLUTE:
            return "abs"
        return f"leaky_relu:{-self.minus!r}" if self.plus == 1 else f"{self.plus!r}:{self.minus!r}"

    def __repr__(self) -> str:
        return f"Activation({self.plus:g}, {self.minus:g})"


RELU, ABSOLUTE = Activation(1.0, 0.0), Activation(1.0, 1.0)

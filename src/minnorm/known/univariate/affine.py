"""What an affine function costs on the line where biases are penalised, and the neurons that it is made of."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from minnorm.activation import RELU, Activation
from minnorm.known.univariate.dots import Kinks
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

_HEARD = 2.0**-49  # of the labels: a constant that rounding leaves out of a large offset counts from here on
_CHEAP = 1e-7  # of the norm: what mending it may cost


@dataclass(frozen=True)
class Affine:
    r"""level + slope (x - at) on [first, last], at least cost.

    A free term takes its part. What is left, v x + c, is one neuron a relu(w x + b) where it keeps its sign on the
    data, and else two with their knots at the ends of the data, facing each other. Far from the origin c is large: its
    rounding error, which the data would see, is a constant of its own.
    """

    level: float
    slope: float
    at: float
    first: float
    last: float

    def value(self, x: float) -> float:
        """The function at x."""
        return self.level + self.slope * (x - self.at)

    def cost(self, penalty: PathNorm) -> float:
        """Its path norm."""
        rows, _, _, _ = self._parts(penalty)
        return math.fsum(abs(a) * math.hypot(w, b) for w, b, a in rows)

    def joined(
        self, kinks: Kinks, penalty: PathNorm, labels: Float[np.ndarray, " n"], sigma: Activation = RELU
    ) -> ShallowReLU:
        """The network of kinks and this function; `labels` say which rounding errors count. For neurons `sigma`, which
        are as steep on their positive side as on the other at least, this function is made of positive sides."""
        rows, offset, skip, lost = self._parts(penalty)
        live = kinks.mass != 0
        norm = math.fsum((np.abs(kinks.mass) * np.hypot(1, kinks.at)).tolist()) + self.cost(penalty)
        if _HEARD * float(np.max(np.abs(labels))) < abs(lost) < _CHEAP * norm:
            rows = [*rows, (0.0, 1.0, lost)]
        own = np.array(rows).reshape(-1, 3)
        return ShallowReLU(
            np.append(kinks.facing[live], own[:, 0])[:, None],
            np.append(-kinks.facing[live] * kinks.at[live], own[:, 1]),
            np.append(kinks.mass[live], own[:, 2] / sigma.plus),
            np.array(offset),
            np.array([skip]) if penalty.linear_is_free else None,
            sigma,
        )

    def _parts(self, penalty: PathNorm) -> tuple[list[tuple[float, float, float]], float, float, float]:
        """Neurons (w, b, a), offset, skip weight, and the constant that rounding has left out."""
        v = self.slope
        if penalty.linear_is_free:
            c, lost = self._constant(0.0)
            if penalty.has_offset or c == 0:
                return [], c, v, lost
            return [(0.0, 1.0, c)], 0.0, v, lost
        if penalty.has_offset:
            # The knot that is nearest to the origin without being among the data.
            right, left = min(0.0, self.first), max(0.0, self.last)
            facing, knot = (1.0, right) if abs(right) <= abs(left) else (-1.0, left)
            c, lost = self._constant(knot)
            return ([(facing, -facing * knot, facing * v)] if v != 0 else []), c, 0.0, lost
        at_first, at_last = self.value(self.first), self.value(self.last)
        if at_first * at_last < 0:
            span = self.last - self.first
            return [(1.0, -self.first, at_last / span), (-1.0, self.last, at_first / span)], 0.0, 0.0, 0.0
        if at_first == at_last == 0:
            return [], 0.0, 0.0, 0.0
        c, lost = self._constant(0.0)
        sign = 1.0 if at_first + at_last > 0 else -1.0
        unit = math.ldexp(1.0, math.frexp(max(abs(v), abs(c)))[1])  # rounds nothing
        return [(sign * v / unit, sign * c / unit, sign * unit)], 0.0, 0.0, lost

    def _constant(self, knot: float) -> tuple[float, float]:
        """The function minus slope (x - knot), as a rounded number and the rest."""
        exact = Fraction(self.level) - Fraction(self.slope) * (Fraction(self.at) - Fraction(knot))
        return float(exact), float(exact - Fraction(float(exact)))

"""What labels owe to free terms: taken off before a problem is solved, without a digit lost."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm.compensated import Pair, add, product
from minnorm.objective.problem import Problem

_FLAT = 1e-11  # directions in which points spread by less than this share of the largest have no slope of their own
_COARSE = 3  # a free part of fewer than about 2^3 sizes of the rest costs no digits and stays in the labels


@dataclass(frozen=True)
class FreePart:
    r"""A constant and a slope near the best ones, as float64 numbers, so that what is left of labels is known exactly.

        y'_i = y_i - level - slope . x_i,    one rounding of the exact number

    Both are multiples of a power of two near the size of y' (over that of the points), so that labels that are short
    numbers stay so; and both are zero if they would be small.
    """

    level: float
    slope: Float[np.ndarray, " d"]

    @classmethod
    def of(cls, problem: Problem) -> "FreePart":
        """The part of the best fit of the terms that cost nothing, or of none if there are no such terms."""
        x, y, penalty = problem.points, problem.values, problem.penalty
        part = cls(0.0, np.zeros(x.shape[1]))
        linear = penalty.linear_is_free
        if not (penalty.constant_is_free or linear):
            return part
        centre = x.mean(axis=0) if penalty.constant_is_free else np.zeros(x.shape[1])
        moved = np.where((np.ptp(x, axis=0) > 0) | (centre == 0), x - centre, 0.0)
        for _ in range(2):  # again, for the rounding errors of the first time
            rest = part.rest(x, y)
            mean = float(np.mean(rest)) if penalty.constant_is_free else 0.0
            slope = np.linalg.lstsq(moved, rest - mean, rcond=_FLAT)[0] if linear else part.slope
            part = cls(part.level + mean - float(slope @ centre) * linear, part.slope + slope * linear)
        size, extent = root_mean_square(part.rest(x, y)), root_mean_square(np.linalg.norm(moved, axis=1))
        if linear:
            slope = _coarse(part.slope, size / extent if extent > 0 else 0.0)
            part = cls(float(np.mean(cls(0.0, slope).rest(x, y))) if penalty.constant_is_free else 0.0, slope)
        return cls(float(_coarse(np.array([part.level]), size)[0]), part.slope)

    @property
    def is_zero(self) -> bool:
        """Whether labels are left as they are."""
        return self.level == 0 and not np.any(self.slope)

    def at(self, points: np.ndarray) -> Pair:
        """level + slope . x at points (n, d)."""
        level = (np.full(len(points), self.level), np.zeros(len(points)))
        if not np.any(self.slope):
            return level
        high, low = product(points, self.slope[None])
        return add(level, (high[:, 0], low[:, 0]))

    def rest(self, points: np.ndarray, values: np.ndarray) -> Float[np.ndarray, " n"]:
        """The labels without it."""
        if self.is_zero:
            return np.array(values)
        high, low = self.at(points)
        high, low = add((np.array(values), np.zeros_like(values)), (-high, -low))
        return high + low


def root_mean_square(values: np.ndarray) -> float:
    """The root of the mean square, without overflow or underflow of the squares."""
    top = float(np.max(np.abs(values), initial=0.0))
    return top * math.sqrt(float(np.mean((values / top) ** 2))) if top > 0 else 0.0


def _coarse(numbers: np.ndarray, size: float) -> np.ndarray:
    """Numbers rounded to multiples of a power of two that is a few times `size`; as they are for size 0."""
    if size == 0:
        return numbers
    unit = math.ldexp(1.0, math.frexp(size)[1] + _COARSE - 1)
    return np.round(numbers / unit) * unit

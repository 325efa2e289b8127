"""The ends of the band where they are known: at data points, of free terms alone, on the line."""

import math
from dataclasses import dataclass

import numpy as np

from minnorm.known.univariate.solutions import Broken
from minnorm.solve.reduction import Reduced

_SAME = 1e-10  # distances below this share of the data's size are rounding errors


@dataclass(frozen=True)
class Ends:
    """The band at one point, in the problem's own units."""

    lower: float
    upper: float
    lower_attained: float
    upper_attained: float
    value: float
    proved: bool = True

    def raised(self, level: float) -> "Ends":
        """The band of all labels higher by `level`."""
        lower, upper = level + self.lower, level + self.upper
        attained = level + self.lower_attained, level + self.upper_attained
        return Ends(lower, upper, attained[0], attained[1], level + self.value, self.proved)


def exactly(lower: float, upper: float, value: float) -> Ends:
    """Ends that are attained."""
    return Ends(lower, upper, lower, upper, value)


class Places:
    """Where a query point lies relative to the data."""

    def __init__(self, reduced: Reduced) -> None:
        self.of = reduced
        self.free_terms = np.linalg.pinv(reduced.free)

    def reduced(self, point: np.ndarray) -> np.ndarray:
        """Coordinates of the projection on the span of the data.

        No minimum-norm interpolant has a neuron whose weights leave that span: leaving would cost and change
        nothing on the data.
        """
        return (point - self.of.centre) @ self.of.basis / self.of.radius

    def known(self, point: np.ndarray) -> Ends | None:
        """The label at a data point or above one, the whole line where free terms are undetermined."""
        problem = self.of.problem
        same = np.flatnonzero(np.all(problem.points == point, axis=1))
        if same.size:
            label = float(problem.values[same[0]])
            return exactly(label, label, label)
        place = self.reduced(point)
        if self.of.terms.linear:
            moved = point - self.of.centre
            off = float(np.linalg.norm(moved - self.of.basis @ (self.of.basis.T @ moved)))
            size = max(float(np.linalg.norm(moved)), self.of.radius)
            row = self.of.terms.row(place)
            row_off = float(np.linalg.norm(row - (row @ self.free_terms) @ self.of.free))
            if off > _SAME * size or row_off > _SAME * float(np.linalg.norm(row)):
                return exactly(-math.inf, math.inf, math.nan)
        distances = np.linalg.norm(self.of.points - place, axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] <= 1e-14 * (1 + float(np.linalg.norm(place))):
            label = float(self.of.values[nearest] * self.of.size)
            return exactly(label, label, label)
        return None


class Unique:
    """Labels that the free terms fit: the norm is zero and so is every neuron."""

    name, scope, excess = "free terms", "exact", 0.0

    def __init__(self, reduced: Reduced) -> None:
        self.reduced, self.norm, self.norm_lower_bound = reduced, 0.0, 0.0
        self.coefficients = np.linalg.lstsq(reduced.free, reduced.values, rcond=None)[0] * reduced.size

    def at(self, place: np.ndarray) -> Ends:
        """The band at a place in reduced coordinates."""
        value = float(self.reduced.terms.row(place) @ self.coefficients)
        return exactly(value, value, value)


class Line:
    r"""Data on a line, free biases: the closed form of `known.line_solutions`.

    Let s_0 and s_n be the slopes at -inf and inf. A minimiser of max(int |f''|, |f'(-inf) + f'(inf)|) has s_0 = s_1 and
    s_n = s_(n-1), except that without a free skip term and with S = s_1 + s_(n-1), V = int |f''|, D = (|S| - V)/2 > 0
    it has s_0 = s_1 - alpha and s_n = s_(n-1) - beta with alpha + beta = sign(S) D and both of the sign of S. Its slope
    is monotone wherever s_0, ..., s_n is, so between two points where both turns are upwards it is convex and lies
    between the chord and the neighbouring slopes' lines, and where the turns differ it is the chord. Beyond the ends it
    is convex or concave, between the line of slope s_1 and that of slope s_0.
    """

    name, scope, excess = "closed form on the line", "exact", 0.0

    def __init__(self, reduced: Reduced) -> None:
        t = reduced.points[:, 0] * reduced.radius
        order = np.argsort(t)
        self.radius = reduced.radius
        free = reduced.problem.penalty.linear_is_free
        self.broken = Broken.of(t[order], reduced.values[order] * reduced.size, skip=free)
        self.norm = self.norm_lower_bound = self.broken.norm

    def at(self, place: np.ndarray) -> Ends:
        """The band at a place in reduced coordinates."""
        value, other = (float(end) for end in self.broken.other(float(place[0]) * self.radius))
        return exactly(min(value, other), max(value, other), value)

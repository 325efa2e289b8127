"""The ends of the band where they are known: at data points, of free terms alone, on the line."""

import math
from dataclasses import dataclass

import numpy as np

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


def exactly(lower: float, upper: float, value: float) -> Ends:
    """Ends that are attained."""
    return Ends(lower, upper, lower, upper, value)


class Places:
    """Where a query point lies relative to the data."""

    def __init__(self, reduced: Reduced) -> None:
        self.of = reduced
        self.free_terms = np.linalg.pinv(reduced.free)
        left = reduced.values - reduced.free @ (self.free_terms @ reduced.values)
        self.fitted_by_free_terms = float(np.max(np.abs(left))) <= 1e-13 * float(np.max(np.abs(reduced.values)))

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
        if problem.penalty.skip == "free":
            moved = point - self.of.centre
            off = float(np.linalg.norm(moved - self.of.basis @ (self.of.basis.T @ moved)))
            size = max(float(np.linalg.norm(moved)), self.of.radius)
            row = free_row(self.of, place)
            row_off = float(np.linalg.norm(row - (row @ self.free_terms) @ self.of.free))
            if off > _SAME * size or row_off > _SAME * float(np.linalg.norm(row)):
                return exactly(-math.inf, math.inf, math.nan)
        distances = np.linalg.norm(self.of.points - place, axis=1)
        nearest = int(np.argmin(distances))
        if distances[nearest] <= 1e-14 * (1 + float(np.linalg.norm(place))):
            label = float(self.of.values[nearest] * self.of.size)
            return exactly(label, label, label)
        return None


def free_row(reduced: Reduced, place: np.ndarray) -> np.ndarray:
    """The free terms at a place in reduced coordinates."""
    penalty = reduced.problem.penalty
    constant = [1.0] if penalty.constant_is_free else []
    return np.array([*constant, *(place if penalty.skip == "free" else [])])


class Unique:
    """Labels that the free terms fit: the norm is zero and so is every neuron."""

    name, scope, excess = "free terms", "exact", 0.0

    def __init__(self, reduced: Reduced) -> None:
        self.reduced, self.norm, self.norm_lower_bound = reduced, 0.0, 0.0
        self.coefficients = np.linalg.lstsq(reduced.free, reduced.values, rcond=None)[0] * reduced.size

    def at(self, place: np.ndarray) -> Ends:
        """The band at a place in reduced coordinates."""
        value = float(free_row(self.reduced, place) @ self.coefficients)
        return exactly(value, value, value)


class Line:
    r"""Data on a line, free biases: all minimisers of max(int |f''|, |f'(-inf) + f'(inf)|).

    Let s_0 and s_n be the slopes at -inf and inf. A minimiser has s_0 = s_1 and s_n = s_(n-1), except that without a
    free skip term and with S = s_1 + s_(n-1), V = int |f''|, D = (|S| - V)/2 > 0 it has s_0 = s_1 - alpha and
    s_n = s_(n-1) - beta with alpha + beta = sign(S) D and both of the sign of S. Its slope is monotone wherever
    s_0, ..., s_n is, so between two points where both turns are upwards it is convex and lies between the chord and
    the neighbouring slopes' lines, and where the turns differ it is the chord. Beyond the ends it is
    convex or concave, between the line of slope s_1 and that of slope s_0.
    """

    name, scope, excess = "closed form on the line", "exact", 0.0

    def __init__(self, reduced: Reduced) -> None:
        t = reduced.points[:, 0] * reduced.radius
        order = np.argsort(t)
        self.radius, self.t, self.y = reduced.radius, t[order], reduced.values[order] * reduced.size
        self.slopes = np.diff(self.y) / np.diff(self.t)
        turns = float(np.sum(np.abs(np.diff(self.slopes))))
        both = float(self.slopes[0] + self.slopes[-1])
        free = reduced.problem.penalty.skip == "free"
        missing = 0.0 if free else max(0.0, (abs(both) - turns) / 2)
        self.missing = math.copysign(missing, both)
        self.norm = self.norm_lower_bound = turns + missing

    def at(self, place: np.ndarray) -> Ends:
        """The band at a place in reduced coordinates."""
        x, t, y, s = float(place[0]) * self.radius, self.t, self.y, self.slopes
        if x < t[0]:
            return self._beyond(y[0] + s[0] * (x - t[0]), y[0] + (s[0] - self.missing) * (x - t[0]))
        if x > t[-1]:
            return self._beyond(y[-1] + s[-1] * (x - t[-1]), y[-1] + (s[-1] - self.missing) * (x - t[-1]))
        i = min(int(np.searchsorted(t, x, side="right")) - 1, t.size - 2)
        before = s[i - 1] if i > 0 else s[0] - self.missing
        after = s[i + 1] if i + 1 < s.size else s[-1] - self.missing
        chord = self._chord(i, x)
        if not (before < s[i] < after or before > s[i] > after):
            return exactly(chord, chord, chord)
        left, right = y[i] + before * (x - t[i]), y[i + 1] + after * (x - t[i + 1])
        inner = max(left, right) if before < s[i] else min(left, right)
        return self._beyond(chord, float(inner))

    def _chord(self, i: int, x: float) -> float:
        near = i if x - self.t[i] <= self.t[i + 1] - x else i + 1
        return float(self.y[near] + self.slopes[i] * (x - self.t[near]))

    def _beyond(self, value: float, other: float) -> Ends:
        return exactly(float(min(value, other)), float(max(value, other)), float(value))

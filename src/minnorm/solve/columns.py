"""The dictionary of the interior point that prices: signed atoms at the points, their multipliers and slacks."""

import math
from typing import NamedTuple

import numpy as np

from minnorm.solve.pricing.plane import Maxima

_NEAR, _TIGHTER = 0.25, 0.5  # of a turn: an atom joins between neighbours on its circle if its slack is that much less


class Columns:
    """The dictionary, in place: for each atom its signed values at the points, its mass and its slack.

    `turns` is where it lies: 2 (2 i + [h > 0]) for the point i on its kink, and its angle in turns.
    """

    def __init__(self, points: np.ndarray, most: int) -> None:
        self._points = points
        self._values = np.empty((len(points), most), order="F")
        self._rows = np.empty((most, 7))
        self.size = 0

    @property
    def values(self) -> np.ndarray:
        """sign relu(w . x_i + b), shape (n, k)."""
        return self._values[:, : self.size]

    @property
    def weights(self) -> np.ndarray:
        """w, shape (k, 2)."""
        return self._rows[: self.size, :2]

    @property
    def biases(self) -> np.ndarray:
        """b, shape (k,)."""
        return self._rows[: self.size, 2]

    @property
    def turns(self) -> np.ndarray:
        """Places (k,)."""
        return self._rows[: self.size, 3]

    @property
    def mass(self) -> np.ndarray:
        """The multipliers (k,), to be changed in place."""
        return self._rows[: self.size, 4]

    @property
    def slack(self) -> np.ndarray:
        """1 - |h| (k,), to be changed in place."""
        return self._rows[: self.size, 5]

    @property
    def signs(self) -> np.ndarray:
        """Those of the atoms (k,)."""
        return self._rows[: self.size, 6]

    def heaviest(self, most: int) -> np.ndarray:
        """The numbers of those with the largest mass over slack, at most so many, in order."""
        ratio = self.mass / self.slack
        if self.size <= most:
            return np.arange(self.size)
        return np.sort(np.argpartition(-ratio, most)[:most])

    def add(self, at: "Candidates", mass: np.ndarray) -> None:
        """More of them."""
        new = slice(self.size, self.size + at.slack.size)
        values = np.matmul(self._points, at.weights.T)
        values += at.biases
        np.maximum(values, 0, out=values)
        np.multiply(values, at.signs, out=self._values[:, new])
        self._rows[new, :2], self._rows[new, 2], self._rows[new, 3] = at.weights, at.biases, at.turns
        self._rows[new, 4], self._rows[new, 5], self._rows[new, 6] = mass, at.slack, at.signs
        self.size = new.stop

    def keep(self, which: np.ndarray) -> None:
        """Drop all but those with these numbers: the last ones take the places of the dropped."""
        kept = np.zeros(self.size, dtype=bool)
        kept[which] = True
        holes = np.flatnonzero(~kept[: which.size])
        last = which.size + np.flatnonzero(kept[which.size :])
        self._rows[holes] = self._rows[last]
        for hole, one in zip(holes, last, strict=True):
            self._values[:, hole] = self._values[:, one]
        self.size = which.size


class Candidates(NamedTuple):
    """Atoms that may join, with the slack that they have."""

    weights: np.ndarray
    biases: np.ndarray
    signs: np.ndarray
    turns: np.ndarray
    slack: np.ndarray

    @classmethod
    def of(cls, at: Maxima, slack: np.ndarray) -> "Candidates":
        """Local maxima, each with its place on its circle."""
        upward = at.values > 0
        angle = np.arctan2(at.weights[:, 1], at.weights[:, 0]) / (2 * math.pi) + 0.5
        return cls(at.weights, at.biases, np.sign(at.values), 2.0 * (2 * at.pivots + upward) + angle, slack)

    def chosen(self, which: np.ndarray) -> "Candidates":
        """Those with these numbers."""
        return Candidates(*(part[which] for part in self))


def apart(columns: Columns, met: Candidates) -> np.ndarray:
    """Whether no neighbour on its circle that is near has nearly as little slack."""
    order = np.argsort(columns.turns)
    turns, slack = columns.turns[order], columns.slack[order]
    after = np.searchsorted(turns, met.turns)
    apart = np.ones(met.turns.size, dtype=bool)
    for side in (after - 1, after):
        one = np.clip(side, 0, turns.size - 1)
        apart &= ~((np.abs(turns[one] - met.turns) < _NEAR) & (met.slack > _TIGHTER * slack[one]))
    return apart

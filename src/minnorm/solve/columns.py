"""The dictionary of the interior point that prices: signed atoms, their multipliers and slacks."""

import math
from typing import NamedTuple

import numpy as np

from minnorm.solve.gram import Gram
from minnorm.solve.pricing.plane import Maxima

_LEAST = 1e-15  # slack
_PARTS = "neurons", "signs", "turns", "mass", "slack"  # of each atom
_NEAR, _TIGHTER = 0.25, 0.5  # of a turn: an atom joins between neighbours on its circle if its slack is that much less


class Columns:
    """The dictionary A: for each atom its neuron (w, b) and its sign, its mass and its slack.

    `turns` is where it lies: 2 (2 i + [h > 0]) for the point i on its kink, and its angle in turns. Masses and
    slacks are to be changed in place.
    """

    def __init__(self, points: np.ndarray, gram: Gram) -> None:
        self._points, self._gram = points, gram
        self.neurons = np.zeros((0, 3))
        self.signs, self.turns, self.mass, self.slack = (np.zeros(0) for _ in range(4))

    @property
    def size(self) -> int:
        """Their number k."""
        return self.slack.size

    @property
    def ratio(self) -> np.ndarray:
        """Masses over slacks, shape (k,); at the very end rounding errors may be what is left of either."""
        return np.maximum(self.mass, 0.0) / np.maximum(self.slack, _LEAST)

    def values(self, which: slice) -> np.ndarray:
        """Some columns of A, in Fortran's order."""
        neurons = self.neurons[which]
        values = neurons[:, :2] @ self._points.T
        values += neurons[:, 2:]
        np.maximum(values, 0, out=values)
        values *= self.signs[which, None]
        return values.T

    def seen(self, nu: np.ndarray) -> np.ndarray:
        """A^T nu, shape (k,)."""
        return self.signs * self._gram.seen(self.neurons, nu)

    def outputs(self, masses: np.ndarray) -> np.ndarray:
        """A times masses, shape (n,)."""
        return self._gram.outputs(self.neurons, self.signs * masses)

    def product(self, ratio: np.ndarray, matrix: np.ndarray) -> None:
        """The lower triangle of A D A^T into `matrix`, in Fortran's order."""
        self._gram.product(self.neurons, ratio, matrix)

    def heaviest(self, most: int) -> np.ndarray:
        """The numbers of those with the largest mass over slack, at most so many, in order."""
        if self.size <= most:
            return np.arange(self.size)
        return np.sort(np.argpartition(-self.ratio, most)[:most])

    def add(self, at: "Candidates", mass: np.ndarray) -> None:
        """More of them."""
        neurons = np.column_stack([at.weights, at.biases])
        for name, part in zip(_PARTS, (neurons, at.signs, at.turns, mass, at.slack), strict=True):
            setattr(self, name, np.concatenate([getattr(self, name), part]))

    def chosen(self, which: np.ndarray) -> "Columns":
        """Those with these numbers."""
        chosen = Columns(self._points, self._gram)
        for name in _PARTS:
            setattr(chosen, name, getattr(self, name)[which])
        return chosen


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

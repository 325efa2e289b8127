"""Pricing of neurons that read one column each, biases free: all columns by running sums, O(n d)."""

from functools import cached_property

import numpy as np
from jaxtyping import Float

from minnorm.activation import RELU, Activation
from minnorm.solve.pricing.oracle import Atoms


class Columns:
    r"""The atoms sigma(+-(x_j - t)) of a table with kinks t at its entries, at local maxima of |h|.

        h_j(t) = sum_i nu_i sigma(x_ij - t),    and sum_i nu_i sigma(t - x_ij)

    For free biases: |w| = 1 is the cost, and sum nu = 0. The columns are sorted once.

    Arguments: `points` (n, d); `sigma`.

    >>> x, nu = np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 6.0]]), np.array([1.0, -2.0, 1.0])
    >>> Columns(x).price(nu).values[:2]
    array([1., 1.])
    """

    def __init__(self, points: Float[np.ndarray, "n d"], sigma: Activation = RELU) -> None:
        self.points, self.sigma = points, sigma

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The order of each column's entries, and the entries in it, both (d, n)."""
        order = np.argsort(self.points.T, axis=1, kind="stable")
        return order, np.take_along_axis(np.ascontiguousarray(self.points.T), order, axis=1)

    def price(self, nu: Float[np.ndarray, " n"]) -> Atoms:
        """The local maxima of all columns, the largest |h| first."""
        order, places = self._sorted
        d = len(order)
        mass = (nu - nu.mean())[order]
        gaps = np.diff(places, axis=1)
        none = np.zeros((d, 1))
        behind = np.concatenate([none, np.cumsum(np.cumsum(mass, axis=1)[:, :-1] * gaps, axis=1)], axis=1)
        after = np.cumsum(mass[:, ::-1], axis=1)[:, :-1] * gaps[:, ::-1]
        ahead = np.concatenate([np.cumsum(after, axis=1)[:, ::-1], none], axis=1)
        # Of equal entries the last has all gaps behind it and none to its twins: one is enough.
        single = np.concatenate([gaps > 0, np.ones((d, 1), dtype=bool)], axis=1)
        found, sigma = [], self.sigma
        if not sigma.rectifies:  # plus + minus times ReLU's, less minus z, whose sum no kink changes
            part = sigma.minus * np.sum(mass * places, axis=1, keepdims=True)
            ahead, behind = sigma.bend * ahead - part, sigma.bend * behind + part
        for facing, h in ((1.0, ahead), (-1.0, behind)):
            top = single & _local_maxima(np.abs(h))
            column, place = np.nonzero(top)
            weights = np.zeros((column.size, d))
            weights[np.arange(column.size), column] = facing
            found.append((weights, -facing * places[column, place], h[column, place]))
        weights, biases, values = (np.concatenate(part) for part in zip(*found, strict=True))
        best = np.argsort(-np.abs(values), kind="stable")
        return Atoms(weights[best], biases[best], values[best])


def _local_maxima(size: Float[np.ndarray, "d n"]) -> np.ndarray:
    """Where a row is at least what its neighbours are, and not 0."""
    top = size > 0
    top[:, 1:] &= size[:, 1:] >= size[:, :-1]
    top[:, :-1] &= size[:, :-1] >= size[:, 1:]
    return top

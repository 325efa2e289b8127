"""The exact oracle for points in a plane that are priced again and again."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from minnorm import _native
from minnorm.activation import RELU, Activation
from minnorm.resources import cores, left
from minnorm.solve.gram import Gram
from minnorm.solve.pricing.oracle import Atoms, exact, tilt

FEWEST, MOST = 4, 16_384  # points: below, there is nothing to keep; above, the orders take more than half a gigabyte


class Maxima(NamedTuple):
    """Local maxima of |h|: atoms of unit cost, the signed h there, and the points on their kinks, each once.

    Shapes: `weights` (k, 2), `biases` (k,), `values` (k,), `pivots` (k,), `partners` (k,), -1 for no second point.
    `complete` is false where the time was over before all were found.
    """

    weights: Float[np.ndarray, "k 2"]
    biases: Float[np.ndarray, " k"]
    values: Float[np.ndarray, " k"]
    pivots: Int[np.ndarray, " k"]
    partners: Int[np.ndarray, " k"]
    complete: bool

    def chosen(self, which: np.ndarray) -> "Maxima":
        """Those with these numbers."""
        weights, biases, values, pivots, partners, complete = self
        return Maxima(weights[which], biases[which], values[which], pivots[which], partners[which], complete)


class Plane:
    r"""What `exact` finds with free biases in rank 2, for one set of points and one dual vector after the other.

        h(w, b) = sum_i nu_i sigma(w . x_i + b),    |w| = 1

    The kinks on the circle of lines through a point come in an order that does not depend on nu: it is made at the
    first call, O(n^2 log n) and 2 n^2 bytes; every further call is running sums in that order, O(n^2). The values are
    those of `exact` up to rounding.

    Arguments: `points` (n, 2), distinct, FEWEST to MOST of them; `sigma`.

    >>> rng = np.random.default_rng(0)
    >>> x, nu = rng.normal(size=(200, 2)), rng.normal(size=200)
    >>> nu -= nu.mean()
    >>> abs(Plane(x).price(nu).largest / exact(x, nu, "free").largest - 1) < 1e-12
    True
    """

    def __init__(self, points: Float[np.ndarray, "n 2"], sigma: Activation = RELU) -> None:
        self.sigma = sigma
        self.points = np.ascontiguousarray(points, dtype=np.float64)
        self._orders: _native.Plane | None = None

    def price(self, nu: Float[np.ndarray, " n"], per_pivot: int = 2, deadline: float = math.inf) -> Atoms:
        """As `exact`; after `deadline`, a `time.monotonic` moment, no more points are looked at."""
        threads = len(cores())
        orders = self._sorted(threads, deadline)
        if orders is None:  # late: what there is time for
            return exact(self.points, nu, "free", sigma=self.sigma, per_pivot=per_pivot, deadline=deadline)
        dual, part = np.ascontiguousarray(nu), tilt(self.points, nu, self.sigma, costly=False)
        rows, values, complete = orders.atoms(dual, part, per_pivot, threads, left(deadline))
        return Atoms(rows[:, :-1], rows[:, -1], values * self.sigma.bend, complete)

    def maxima(self, nu: Float[np.ndarray, " n"], least: float, deadline: float = math.inf) -> Maxima:
        """All local maxima of |h| above `least` with a kink on a point of that sign, in the order of their pivots."""
        threads = len(cores())
        orders = self._sorted(threads, deadline)
        if orders is None:
            none = np.zeros(0, dtype=np.int32)
            return Maxima(np.zeros((0, 2)), np.zeros(0), np.zeros(0), none, none, complete=False)
        rows, values, pivots, partners, complete = orders.maxima(
            np.ascontiguousarray(nu), least, threads, left(deadline)
        )
        once = _once(rows, values, pivots, partners, len(self.points))
        return Maxima(rows[once, :2], rows[once, 2], values[once], pivots[once], partners[once], complete)

    def gram(self, deadline: float = math.inf) -> Gram | None:
        """Products with the values of neurons at the points; None where there was no time for the orders."""
        orders = self._sorted(len(cores()), deadline)
        return None if orders is None else Gram(orders, len(self.points))

    def _sorted(self, threads: int, deadline: float) -> "_native.Plane | None":
        """The orders, made now if there were none and there is time."""
        if self._orders is None:
            self._orders = _native.plane(self.points, threads, left(deadline))
        return self._orders


def _once(rows: np.ndarray, values: np.ndarray, pivots: np.ndarray, partners: np.ndarray, count: int) -> np.ndarray:
    """The numbers of maxima that are not those of their partner's circle again: same line, side and sign."""
    first, second = np.minimum(pivots, partners).astype(np.int64), np.maximum(pivots, partners).astype(np.int64)
    line = np.where(partners >= 0, first * count + second, -1 - np.arange(len(pivots)))
    side = (rows[:, 1] > 0) | ((rows[:, 1] == 0) & (rows[:, 0] > 0))
    return np.sort(np.unique(4 * line + 2 * (values > 0) + side, return_index=True)[1])

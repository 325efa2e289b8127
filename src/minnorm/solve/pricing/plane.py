"""The exact oracle for points in a plane that are priced again and again."""

import math

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.resources import cores
from minnorm.solve.pricing.oracle import Atoms, exact, left

FEWEST, MOST = 128, 16_384  # points: below, sorting is cheap; above, the orders take more than half a gigabyte


class Plane:
    r"""What `exact` finds with free biases in rank 2, for one set of points and one dual vector after the other.

        h(w, b) = sum_i nu_i relu(w . x_i + b),    |w| = 1

    The kinks on the circle of lines through a point come in an order that does not depend on nu: it is made at the
    first call, O(n^2 log n) and 2 n^2 bytes; every further call is running sums in that order, O(n^2). The values are
    those of `exact` up to rounding.

    Arguments: `points` (n, 2), distinct, FEWEST to MOST of them.

    >>> rng = np.random.default_rng(0)
    >>> x, nu = rng.normal(size=(200, 2)), rng.normal(size=200)
    >>> nu -= nu.mean()
    >>> abs(Plane(x).price(nu).largest / exact(x, nu, "free").largest - 1) < 1e-12
    True
    """

    def __init__(self, points: Float[np.ndarray, "n 2"]) -> None:
        self.points = np.ascontiguousarray(points, dtype=np.float64)
        self._orders: _native.Plane | None = None

    def price(self, nu: Float[np.ndarray, " n"], per_pivot: int = 2, deadline: float = math.inf) -> Atoms:
        """As `exact`; after `deadline`, a `time.monotonic` moment, no more points are looked at."""
        threads = len(cores())
        if self._orders is None:
            self._orders = _native.plane(self.points, threads, left(deadline))
        if self._orders is None:  # late: what there is time for
            return exact(self.points, nu, "free", per_pivot=per_pivot, deadline=deadline)
        rows, values, complete = self._orders.atoms(np.ascontiguousarray(nu), per_pivot, threads, left(deadline))
        return Atoms(rows[:, :-1], rows[:, -1], values, complete)

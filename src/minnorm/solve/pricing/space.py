"""The exact oracle for points in space that are priced again and again."""

import math

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.activation import RELU, Activation
from minnorm.resources import cores, left
from minnorm.solve.pricing.oracle import Atoms, exact, tilt

FEWEST, MOST = 16, 640  # points: below, sorting is cheap; above, the orders take more than a quarter of a gigabyte


class Space:
    r"""What `exact` finds with free biases in rank 3, for one set of points and one dual vector after the other.

        h(w, b) = sum_i nu_i sigma(w . x_i + b),    |w| = 1

    The kinks on the great circle of planes through two points come in an order that does not depend on nu: it is made
    at the first call, O(n^3 log n) and n^3 bytes; every further call is running sums in that order, O(n^3). The values
    are those of `exact` up to rounding. Where three points are on a line it is `exact` that answers.

    Arguments: `points` (n, 3), distinct, FEWEST to MOST of them; `sigma`.

    >>> rng = np.random.default_rng(0)
    >>> x, nu = rng.normal(size=(30, 3)), rng.normal(size=30)
    >>> nu -= nu.mean()
    >>> abs(Space(x).price(nu).largest / exact(x, nu, "free").largest - 1) < 1e-12
    True
    """

    def __init__(self, points: Float[np.ndarray, "n 3"], sigma: Activation = RELU) -> None:
        self.sigma = sigma
        self.points = np.ascontiguousarray(points, dtype=np.float64)
        self._orders: _native.Space | None = None
        self._made = False

    def price(self, nu: Float[np.ndarray, " n"], per_pivot: int = 2, deadline: float = math.inf) -> Atoms:
        """As `exact`; after `deadline`, a `time.monotonic` moment, no more points are looked at."""
        threads = len(cores())
        if not self._made:
            self._orders = _native.space(self.points, threads, left(deadline))
            self._made = self._orders is not None or left(deadline) > 0
        if self._orders is None:
            return exact(self.points, nu, "free", sigma=self.sigma, per_pivot=per_pivot, deadline=deadline)
        dual, part = np.ascontiguousarray(nu), tilt(self.points, nu, self.sigma, costly=False)
        rows, values, complete = self._orders.atoms(dual, part, per_pivot, threads, left(deadline))
        return Atoms(rows[:, :-1], rows[:, -1], values * self.sigma.bend, complete)

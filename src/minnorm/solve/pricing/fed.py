"""Pricing where an exact oracle takes as long as a master problem: searches feed that, and the oracle decides."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.pool import thinned
from minnorm.solve.pricing.pricers import EXACT_RANK, Exact, Pricer

FEWEST, FEWEST_IN_PLANE = 64, 2000
"""Points; of fewer the exact oracle is as quick."""

_DRAWN = {2: 600, 3: 2400}  # random atoms for each rank
_FOLLOWED = {2: 40, 3: 240}  # those of them with the largest |h|, from which searches start
_APART = 0.05  # as vectors (w, b): in a plane, where points are many and |h| is smooth, one start is enough for so far
_MET, _HIGH = 4, 0.7  # for each point so many of the last atoms are started from again; of the largest |h|


@dataclass
class Fed:
    """Local maxima reached from active atoms, from those met before and from random starts, in n log n operations each.

    They are a lower bound of the largest |h|, which the exact oracle finds when all else is solved: what has been
    missed joins then.
    """

    exact: Exact
    feeding: np.random.Generator = field(repr=False)
    _met: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)

    @property
    def points(self) -> Float[np.ndarray, "n r"]:
        """Those of the oracle."""
        return self.exact.points

    @property
    def cheap(self) -> bool:
        """What a search finds is no bound."""
        return False

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """A search."""
        exact, rank = self.exact, self.exact.points.shape[1]
        drawn = oracle.random_starts(exact.points, _DRAWN[rank], self.feeding, exact.bias)
        starts = [(weights, biases), oracle.promising(exact.points, nu, *drawn, _FOLLOWED[rank], exact.sigma)]
        if self._met is not None:
            starts.append(self._met)
        w, b = (np.concatenate(part) for part in zip(*starts, strict=True))
        if rank < EXACT_RANK:
            near = Atoms(w, b, nu @ exact.sigma(exact.points @ w.T + b))
            w, b = thinned(near, 0.0, _APART, b.size)
        found = oracle.search(exact.points, nu, exact.bias, w, b, sigma=exact.sigma, both=False, deadline=deadline)
        self._keep(found)
        return replace(found, complete=found.complete and found.values.size > 0)

    def decide(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """The exact oracle."""
        found = self.exact.price(nu, weights, biases, deadline)
        self._keep(found)
        return found

    def _keep(self, found: Atoms) -> None:
        apart = _APART if found.weights.shape[1] < EXACT_RANK else 0.0
        most = _MET * len(self.points)
        self._met = thinned(found, _HIGH * found.largest, apart, most)


def quickest(pricer: Pricer, seed: int) -> Pricer:
    """The pricer, or one that feeds on searches where it is exact and takes long."""
    if not isinstance(pricer, Exact) or len(pricer.points) < (FEWEST_IN_PLANE if pricer.cheap else FEWEST):
        return pricer
    return Fed(pricer, np.random.default_rng([seed, 0]))

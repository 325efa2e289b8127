"""Pricing of neurons that read few columns: the exact oracle of each set of columns, or a search in each."""

import itertools
import math
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from minnorm.activation import RELU, Activation
from minnorm.objective.norm import Bias, costly_biases
from minnorm.solve.pricing.columns import Columns
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.pricers import EXACT_RANK, Exact, Searched

_RANK = 1e-11  # singular values below this share of the largest are rounding errors of the data
_CHEAP = 8.0  # operations of all oracles, over the number of points squared
_MOST = 1e9  # operations of all oracles; where there are more, sets are searched
_STARTS = 20  # of a search from random atoms, in each of many sets


@dataclass(frozen=True)
class Subset:
    r"""The distinct points in some of the columns, in coordinates of their own span.

        x_S = centre + basis z,    w_S = basis u,    b = q - w_S . centre

    turns an atom (u, q) for z into one for x that has no weight outside of S.
    """

    columns: Int[np.ndarray, " k"]
    dim: int
    group: Int[np.ndarray, " n"]
    centre: Float[np.ndarray, " k"]
    basis: Float[np.ndarray, "k r"]
    oracle: Exact | Searched

    @classmethod
    def of(
        cls, points: Float[np.ndarray, "n d"], columns: tuple[int, ...], bias: Bias, sigma: Activation = RELU
    ) -> "Subset":
        """The points in these columns; where biases cost, they are not moved."""
        chosen = np.array(columns)
        distinct, group = np.unique(points[:, chosen], axis=0, return_inverse=True)
        centre = np.zeros(chosen.size) if costly_biases(bias) else distinct.mean(axis=0)
        moved = distinct - centre
        _, singular, directions = np.linalg.svd(moved, full_matrices=False)
        rank = max(1, int(np.sum(singular > _RANK * max(float(singular[0]), np.finfo(float).tiny))))
        basis = np.eye(chosen.size) if rank == chosen.size else directions[:rank].T
        oracle = Exact(np.ascontiguousarray(moved @ basis), bias, sigma)
        return cls(chosen, points.shape[1], group.reshape(-1), centre, basis, oracle)

    @property
    def work(self) -> float:
        """About how many operations the oracle takes."""
        n, rank = self.oracle.points.shape
        return float(n) ** (rank - costly_biases(self.oracle.bias) * (rank > 1))

    def searched(self, seed: tuple[int, int]) -> "Subset":
        """The same without an exact oracle, which takes too long."""
        feeding, deciding = (np.random.default_rng([*seed, k]) for k in (0, 1))
        points, bias, sigma = self.oracle.points, self.oracle.bias, self.oracle.sigma
        return replace(self, oracle=Searched(points, bias, feeding, deciding, sigma, starts=_STARTS))

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float, decide: bool) -> Atoms:
        """The best atoms that read these columns; a search begins at those given that do, and may `decide`."""
        n, free = len(self.oracle.points), not costly_biases(self.oracle.bias)
        mass = np.bincount(self.group, nu, n)
        none = np.zeros(0)
        if free:
            mass -= mass.mean()  # what rounding leaves of a sum that is 0 may be much where points are few
            if n == 1:
                return Atoms(np.zeros((0, self.dim)), none, none)
        here = np.all(np.delete(weights, self.columns, axis=1) == 0, axis=1)
        begun = weights[here][:, self.columns] @ self.basis, biases[here] + weights[here][:, self.columns] @ self.centre
        found = (self.oracle.decide if decide else self.oracle.price)(mass, *begun, deadline)
        if found is None:
            return Atoms(np.zeros((0, self.dim)), none, none)
        weights = np.zeros((found.biases.size, self.dim))
        weights[:, self.columns] = found.weights @ self.basis.T
        biases = found.biases - weights[:, self.columns] @ self.centre
        return Atoms(weights, biases, found.values, found.complete)


@dataclass(frozen=True)
class Subsets:
    r"""The atoms sigma(w . x + b) with at most `inputs` weights that are not 0: the best of each set S of columns.

        sup_w,b |h(w, b)| = max over S of sup over w with support S

    Every set's own oracle is exact, so the largest is exact in any dimension; where that takes too long, sets are
    searched, and the largest is that of a search.

    Arguments: `points` (n, d), whose columns are those of the data; `bias`; `inputs` k, from 1 to 3; `seed`; `sigma`.
    """

    points: Float[np.ndarray, "n d"]
    bias: Bias
    inputs: int
    subsets: tuple[Subset, ...] = field(repr=False)
    along: Columns | None = field(repr=False)

    @classmethod
    def of(
        cls, points: Float[np.ndarray, "n d"], bias: Bias, inputs: int, seed: int = 0, sigma: Activation = RELU
    ) -> "Subsets":
        """The oracles of all sets of `inputs` columns, with those of fewer in them; ValueError for more than 3."""
        if inputs > EXACT_RANK:
            raise ValueError(f"penalty has inputs={inputs}; neurons can be held to 1, 2 or 3 columns of more")
        if inputs == 1 and not costly_biases(bias):
            return cls(points, bias, inputs, (), Columns(points, sigma))
        chosen = itertools.combinations(range(points.shape[1]), min(inputs, points.shape[1]))
        subsets = [Subset.of(points, columns, bias, sigma) for columns in chosen]
        if sum(subset.work for subset in subsets) > _MOST:
            subsets = [subset.searched((seed, k)) for k, subset in enumerate(subsets)]
        return cls(points, bias, inputs, tuple(subsets), None)

    @property
    def exact(self) -> bool:
        """Whether the largest |h| is the supremum."""
        return all(isinstance(subset.oracle, Exact) for subset in self.subsets)

    @property
    def cheap(self) -> bool:
        """Whether all oracles are exact and take as long as a few in the plane would."""
        return self.exact and sum(subset.work for subset in self.subsets) <= _CHEAP * float(len(self.points)) ** 2

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """The best atoms of all sets, the largest |h| first."""
        if self.along is not None:
            return self.along.price(nu)
        return self._best(nu, weights, biases, deadline)

    def _best(
        self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float, *, decide: bool = False
    ) -> Atoms:
        found = [subset.price(nu, weights, biases, deadline, decide) for subset in self.subsets]
        order = np.argsort(-np.abs(np.concatenate([one.values for one in found])), kind="stable")
        return Atoms(
            np.concatenate([one.weights for one in found])[order],
            np.concatenate([one.biases for one in found])[order],
            np.concatenate([one.values for one in found])[order],
            all(one.complete for one in found),
        )

    def decide(
        self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf
    ) -> Atoms | None:
        """Nothing is left to decide, unless sets are searched: then larger searches judge a bound."""
        return None if self.exact else self._best(nu, weights, biases, deadline, decide=True)

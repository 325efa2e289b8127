"""Pricing: which atoms a dual vector violates, by the oracle that suits the rank of the data."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from minnorm.activation import RELU, Activation
from minnorm.objective.norm import Bias, costly_biases
from minnorm.solve.pricing import oracle, space
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.plane import FEWEST, MOST, Plane
from minnorm.solve.pricing.space import Space

EXACT_RANK = 3
_STARTS, _MORE, _DECISIVE = 100, 3, 7  # random ones, and times as many
_DECISIVE_NEAR = 3  # starts near each active atom
_PLENTY = 1.1  # sup |h| that is far from 1: what violates so much is worth a master problem
_LOOKED_AT = 10  # random atoms for each that is followed
_LARGE = 20_000  # coordinates of points from which on ascents from active atoms are cut short
_FOLLOWED = 40  # random starts then
_STEPS, _FEW_STEPS = 1000, 15  # of an ascent, at most; of one that is cut short
_OF_THE_REST = 0.25  # of the time left, at most, for one search: the master problem needs some, too
_ON_CONES, _CONES, _HIGH = (5, 200), 20_000, 0.9  # coordinates and points, at most; cones; of the largest |h| met
_NEAR, _APART = 0.3, 0.05  # how far about starts near an active atom are from it; and active ones at least apart


@runtime_checkable
class Pricer(Protocol):
    """Finds atoms with large |h|; `weights` and `biases` are those that carry mass now.

    After `deadline`, a `time.monotonic` moment, what was found until then is returned, as not complete.
    """

    @property
    def cheap(self) -> bool:
        """Whether `price` finds the largest |h| of all, in much less time than the master problem takes."""
        ...

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """Atoms to add to the dictionary."""
        ...

    def decide(
        self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf
    ) -> Atoms | None:
        """Atoms by which a bound is judged before it is believed; None if `price` was already decisive."""
        ...


def pricer(points: Float[np.ndarray, "n r"], bias: Bias, seed: int, sigma: Activation = RELU) -> Pricer:
    """The exact oracle up to rank 3, else a search that repeats itself for the same seed."""
    if points.shape[1] <= EXACT_RANK:
        return Exact(points, bias, sigma)
    return Searched(points, bias, np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1]), sigma)


@dataclass(frozen=True)
class Exact:
    """Every data point's best atoms; the first is the global maximum."""

    points: Float[np.ndarray, "n r"]
    bias: Bias
    sigma: Activation = RELU

    @property
    def cheap(self) -> bool:
        """In rank 3 the oracle takes n^3 operations, as the master problem does."""
        return self.points.shape[1] < EXACT_RANK

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """The exact oracle."""
        if self.plane is not None:
            return self.plane.price(nu, deadline=deadline)
        if self.space is not None:
            return self.space.price(nu, deadline=deadline)
        return oracle.exact(self.points, nu, self.bias, sigma=self.sigma, deadline=deadline)

    @cached_property
    def plane(self) -> Plane | None:
        """For many points in a plane, with free biases."""
        n, rank = self.points.shape
        if not (rank == 2 and not costly_biases(self.bias) and FEWEST <= n <= MOST):
            return None
        return Plane(self.points, self.sigma) if len(np.unique(self.points, axis=0)) == n else None

    @cached_property
    def space(self) -> Space | None:
        """For points in space, with free biases."""
        n, rank = self.points.shape
        if not (rank == 3 and not costly_biases(self.bias) and space.FEWEST <= n <= space.MOST):
            return None
        return Space(self.points, self.sigma) if len(np.unique(self.points, axis=0)) == n else None

    def decide(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> None:
        """Nothing is left to decide."""


@dataclass(frozen=True)
class Searched:
    """Local maxima reached from active atoms and from random starts.

    A bound is not judged by the search that fed the master problem, which has seen to it that what it can find
    is not violated, but by a larger one with starts of its own.
    """

    points: Float[np.ndarray, "n r"]
    bias: Bias
    feeding: np.random.Generator
    deciding: np.random.Generator = field(repr=False)
    sigma: Activation = RELU
    starts: int = _STARTS
    """Random ones, of a search that feeds the master problem."""

    @property
    def cheap(self) -> bool:
        """What a search finds is no bound."""
        return False

    @property
    def large(self) -> bool:
        """Whether ascents to their ends are too dear to be many."""
        return self.points.size >= _LARGE

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """A search from active atoms, points near them and some random starts; more where that finds little.

        Of two atoms that are mirror images it finds the better one. The other has nearly its h, from which a linear
        function is missing that is nearly zero in the end, and joins later where that is not enough.
        """
        active = weights, biases
        found = self._search(nu, weights, biases, self.feeding, self.starts, deadline, near=1, others=[active])
        if found.largest <= _PLENTY and not self.large:
            found = found.joined(self._search(nu, weights, biases, self.feeding, _MORE * self.starts, deadline, near=0))
        return self._facing(nu, found)

    def _facing(self, nu: np.ndarray, found: Atoms) -> Atoms:
        """Each atom, or its mirror image where |h| is larger there."""
        sigma = self.sigma  # sigma(z) = sigma(-z) + (plus - minus) z
        linear = found.weights @ (nu @ self.points) + found.biases * float(np.sum(nu))
        mirrored = found.values - (sigma.plus - sigma.minus) * linear
        side = np.where(np.abs(mirrored) > np.abs(found.values), -1.0, 1.0)
        values = np.where(side < 0, mirrored, found.values)
        order = np.argsort(-np.abs(values), kind="stable")
        return Atoms(
            (side[:, None] * found.weights)[order], (side * found.biases)[order], values[order], found.complete
        )

    def decide(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """The same from more points near them and more random starts, and, for few points in few dimensions, from atoms
        that branching on cones meets."""
        # relu(z) and relu(-z) differ by a linear function, along which h is nearly zero in the end.
        both = [(weights, biases), (-weights, -biases)]
        found = self._search(
            nu, weights, biases, self.deciding, _DECISIVE * self.starts, deadline, near=_DECISIVE_NEAR, others=both
        )
        n, rank = self.points.shape
        if rank > _ON_CONES[0] or n > _ON_CONES[1] or costly_biases(self.bias) or not self.sigma.rectifies:
            return found
        starts = oracle.met_on_cones(self.points, nu, _HIGH * found.largest, _CONES, deadline)
        return found.joined(
            oracle.search(self.points, nu, self.bias, *starts, sigma=self.sigma, both=False, deadline=deadline)
        )

    def _search(
        self,
        nu: np.ndarray,
        weights: np.ndarray,
        biases: np.ndarray,
        rng: np.random.Generator,
        count: int,
        deadline: float,
        near: int,
        others: Sequence[tuple[np.ndarray, np.ndarray]] = (),
    ) -> Atoms:
        followed = _FOLLOWED * near if self.large else count
        drawn = oracle.random_starts(self.points, _LOOKED_AT * count, rng, self.bias)
        plain = 0 if self.large else followed // 2  # the best ones lead to few basins
        far = [(drawn[0][:plain], drawn[1][:plain])]
        far.append(oracle.promising(self.points, nu, *drawn, followed - plain, self.sigma))
        close = [_apart(*some) for some in others] if self.large else list(others)
        weights, biases = _apart(weights, biases) if self.large else (weights, biases)
        chosen = np.repeat(np.arange(biases.size), near)
        moved = weights[chosen] + rng.normal(
            scale=_NEAR / weights.shape[1] ** 0.5, size=(chosen.size, weights.shape[1])
        )
        close.append((moved, biases[chosen]))
        now = time.monotonic()
        deadline = now + _OF_THE_REST * (deadline - now)
        # Random starts are followed to the end: in many coordinates they are low after a few steps, not in the end.
        found = self._climbed(nu, far if self.large else far + close, _STEPS, deadline)
        if self.large:
            nearer = self._climbed(nu, close, _FEW_STEPS, deadline)
            found = replace(found.joined(nearer), complete=found.complete and nearer.complete)
        return replace(found, complete=found.complete and found.values.size > 0)

    def _climbed(
        self, nu: np.ndarray, starts: Sequence[tuple[np.ndarray, np.ndarray]], steps: int, deadline: float
    ) -> Atoms:
        """What ascents of so many steps reach."""
        weights, biases = (np.concatenate(parts) for parts in zip(*starts, strict=True))
        size = np.linalg.norm(weights, axis=1)
        if costly_biases(self.bias):
            size = np.hypot(size, biases)
        return oracle.search(
            self.points,
            nu,
            self.bias,
            weights / size[:, None],
            biases / size,
            sigma=self.sigma,
            both=False,
            max_iterations=steps,
            deadline=deadline,
        )


def _apart(weights: np.ndarray, biases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of atoms that are near each other one, the first."""
    places, free, chosen = np.column_stack([weights, biases]), np.ones(biases.size, dtype=bool), []
    for k in range(biases.size):
        if free[k]:
            chosen.append(k)
            free &= np.linalg.norm(places - places[k], axis=1) > _APART
    return weights[chosen], biases[chosen]

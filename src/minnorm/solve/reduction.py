"""Reducing a problem to what its answer depends on: distinct points, in coordinates of their own span, scaled."""

import math
import time
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from minnorm.losses import SQUARED, Constraint
from minnorm.losses import Loss as Pointwise
from minnorm.network import ShallowReLU
from minnorm.objective.loss import Exactly, Squared
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.objective.separable import Separable
from minnorm.objective.terms import FreeTerms
from minnorm.solve.constraints import prices
from minnorm.solve.freepart import FreePart, root_mean_square
from minnorm.solve.pace import fits
from minnorm.solve.pricing.line import LinePricer
from minnorm.solve.twins import without_twins

_RANK = 1e-11  # singular values below this share of the largest are rounding errors of the data
_RANK_OF_FREE = 1e-13  # the same where a free linear term makes use of small ones
_MOMENT = 0.05  # seconds that there are in any case
_DECOMPOSITION = 8  # operations of a singular value decomposition, times n d^2
_ROUNDED = 2.0**-50  # of the labels: free terms that fit them this well fit them


@dataclass(frozen=True)
class Reduced:
    r"""A problem in the coordinates in which it is solved.

        minimise over atoms (w_k, b_k) of unit cost      sum_k |a_k| + 1/2 sum_i rho_i nu_i^2
        subject to       sum_k a_k sigma(w_k . x_i + b_k) + (free c)_i + rho_i nu_i = y_i

    rho = 0 is (P0). For (PL) rho_i = lam S / (how often x_i counts), the objective is that of (PL) over lam (less
    the scatter of equal points), and nu is (residual times how often it counts) / (S lam). Dual: maximise
    y . nu - 1/2 sum rho nu^2 subject to |sum_i nu_i sigma(w . x_i + b)| <= 1 for all atoms, free^T nu = 0.

    `points` (n, r) are distinct, of rank r; they are centred if biases are free, and divided by their root
    mean square radius, which multiplies norms by a constant. `values` are `labels` (N,), which are those of the
    problem less the `part` that free terms take, scaled; what the best free terms leave has mean square 1. The columns
    of `free` are `terms` at the points, orthogonal, of mean square 1: no direction in which points spread little may
    pass for a rounding error.
    """

    problem: Problem
    part: FreePart
    labels: Float[np.ndarray, " N"]
    points: Float[np.ndarray, "n r"]
    values: Float[np.ndarray, " n"]
    free: Float[np.ndarray, "n q"]
    terms: FreeTerms
    rho: Float[np.ndarray, " n"]
    group: Int[np.ndarray, " N"]
    count: Float[np.ndarray, " n"]
    centre: Float[np.ndarray, " d"]
    basis: Float[np.ndarray, "d r"]
    radius: float
    size: float
    along: LinePricer | None = None
    """What atoms cost on a line with penalised biases, whose coordinates are centred and scaled, too."""

    @property
    def rank(self) -> int:
        """The number of coordinates."""
        return self.points.shape[1]

    @cached_property
    def loss(self) -> Exactly | Squared | Separable:
        """What the values of a function at the points pay."""
        kind = self.problem.loss
        if isinstance(kind, Constraint):
            return self._separable(kind.softened, prices(self.points, self.problem.penalty))
        if kind != SQUARED:
            return self._separable(kind, self.count / (self.problem.total * self.unit))
        return Squared(self.values, self.rho) if np.any(self.rho) else Exactly(self.values)

    def _separable(self, kind: Pointwise, rate: np.ndarray) -> Separable:
        """sum rate_i phi(z_i), z_i = f(x_i) - y_i or y_i (f(x_i) + constant): of (1/S) sum p_i phi(z_i) over the unit,
        or what constraints are softened to, times the largest |nu_i| that there is."""
        scale = np.full(self.values.size, self.size)
        values = self.values
        if kind.argument == "margin":
            values, scale = np.full(values.size, -self.problem.constant / self.size), self.labels * self.size
        rate = rate / self.size if self.problem.constrained else rate
        return Separable(kind, values, scale, rate)

    @property
    def inputs(self) -> int | None:
        """How many of the columns a neuron may read, each a coordinate of its own; None where it reads them all."""
        penalty = self.problem.penalty
        return penalty.inputs if penalty.restricts(self.problem.points.shape[1]) else None

    @property
    def interpolates(self) -> bool:
        """Whether the labels must be met."""
        return self.loss.exact

    @cached_property
    def unit(self) -> float:
        """The original objective of what the reduced problem calls 1: a norm, or lam times a norm."""
        return self.size / self.radius * (self.problem.lam or 1.0)

    @cached_property
    def scatter(self) -> float:
        """The part of the reduced objective that no function changes: the scatter of equal points with lam > 0."""
        if self.problem.lam == 0:
            return 0.0
        return scatter(self.problem, self.labels, self.group, self.count) / self.unit

    @cached_property
    def fitted_by_free_terms(self) -> bool:
        """Whether the labels are the best free terms, but for their own rounding errors."""
        if self.problem.loss.argument == "margin":
            return False
        rest = float(np.max(np.abs(_remainder(self.free, self.values)))) * self.size
        return rest <= _ROUNDED * float(np.max(np.abs(self.problem.values)))

    def atoms(self, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
        """sigma(w_k . x_i + b_k), shape (n, m)."""
        return self.problem.penalty.activation(self.points @ weights.T + biases)

    def network(
        self, weights: np.ndarray, biases: np.ndarray, masses: np.ndarray, coefficients: np.ndarray
    ) -> ShallowReLU:
        """The network, for `labels`, in the original coordinates; |w_k| = 1 or |(w_k, b_k)| = 1, no mass 0."""
        live = masses != 0
        w = weights[live] @ self.basis.T / self.radius
        b = biases[live] - w @ self.centre
        a = masses[live] * self.size
        cost = self.problem.penalty.atom_cost(w, b)
        w, b, a = w / cost[:, None], b / cost, a * cost
        offset, slope = self.terms.split(coefficients * self.size)
        skip = None if slope is None else self.basis @ slope / self.radius
        if slope is not None and skip is not None:
            offset -= float(slope @ self.terms.middle) + float(skip @ self.centre)
        return ShallowReLU(w, b, a, np.asarray(offset, dtype=np.float64), skip, self.problem.penalty.activation)

    def dual(self, nu: np.ndarray) -> np.ndarray:
        """The dual vector of the original problem, one entry for each of its points."""
        problem = self.problem
        if problem.lam == 0:
            # The value is size / radius times the reduced one, and that of y is size times.
            first = np.zeros(problem.values.size)
            first[np.unique(self.group, return_index=True)[1]] = nu / self.radius
            return first
        if problem.loss != SQUARED:  # each point has its own
            return nu * problem.lam / self.radius
        share = nu * problem.lam / self.radius / self.count
        return for_each_point(problem, share, self.labels, self.group, self.count)


def reduce(problem: Problem, *, merge: bool = True, part: bool = True, deadline: float = math.inf) -> Reduced:
    """Take off what free terms fit, merge equal points, find their rank, centre (free biases only), rotate and scale.

    Every step is an exact equivariance of the norm, so a solution of the reduced problem is one of the
    original. With `merge` and lam > 0 points count as equal where rounding errors alone tell them apart; without `part`
    the labels stay as they are. Where there is no time to find the rank until `deadline`, a `time.monotonic` moment, it
    is the number of coordinates that are not constant.
    """
    x, penalty = problem.points, problem.penalty
    squared, located = problem.loss == SQUARED, problem.loss.argument == "residual"
    taken = FreePart.of(problem) if part and located else FreePart(0.0, np.zeros(x.shape[1]))
    y = taken.rest(x, problem.values)
    distinct, group = np.unique(x, axis=0, return_inverse=True)
    group = group.reshape(-1)
    if not squared:  # what equal points pay together is no loss of their mean
        distinct, group = x, np.arange(len(x))
    elif merge and problem.lam > 0:
        distinct, group = without_twins(distinct, group)
    count = np.bincount(group, problem.weights)
    # Labels that must be met are equal where points are.
    first = np.unique(group, return_index=True)[1]
    mean = group_means(y, group, count, problem.weights) if problem.lam > 0 else y[first]
    centre = distinct.mean(axis=0) if penalty.biases_are_free else np.zeros(x.shape[1])
    moved = _about(distinct, centre)
    least = int(penalty.biases_cost)  # the neuron (0, b) has a cost and needs a place
    if penalty.restricts(x.shape[1]):  # neurons tell the columns from each other
        basis = _axes(moved, least)
    else:
        basis = _basis(moved, least, _RANK_OF_FREE if penalty.linear_is_free else _RANK, deadline)
    rank = basis.shape[1]
    points = moved @ basis
    # Penalised biases are part of the cost, so there the unit of length is not ours to choose.
    radius = float(np.sqrt(np.mean(np.sum(points**2, axis=1)))) if rank and penalty.biases_are_free else 1.0
    points = points / radius
    terms, free = _free_terms(points, penalty)
    size = (root_mean_square(_remainder(free, mean)) or 1.0) if located else 1.0
    # lam |mu| with |mu| = size / radius |mu'| against size^2 / (2 n) sum of squares.
    rho = problem.lam * problem.total / (radius * size) / count
    points = np.ascontiguousarray(points)
    values = mean / size
    return Reduced(problem, taken, y, points, values, free, terms, rho, group, count, centre, basis, radius, size)


def _free_terms(points: np.ndarray, penalty: PathNorm) -> tuple[FreeTerms, np.ndarray]:
    """The terms whose columns at these points are orthogonal, and the columns."""
    plain = FreeTerms.of(penalty, points.shape[1])
    if not plain.linear:
        return plain, plain.columns(points)
    middle = points.mean(axis=0) if plain.constant else plain.middle
    tilted, tilts = _orthogonal(points - middle)
    terms = replace(plain, middle=middle, tilts=tilts)
    return terms, terms.beside(tilted)


def _basis(moved: np.ndarray, least: int, share: float, deadline: float) -> np.ndarray:
    """Orthonormal columns (d, r) that span the points (n, d), `least` at least; of the axes where there is no time."""
    if not fits(_DECOMPOSITION * moved.size * min(moved.shape), max(deadline, time.monotonic() + _MOMENT)):
        return _axes(moved, 0)
    _, singular, directions = np.linalg.svd(moved, full_matrices=False)
    rank = int(np.sum(singular > share * max(float(singular[0]), np.finfo(float).tiny)))
    return directions[: max(rank, least)].T


def _axes(moved: np.ndarray, least: int) -> np.ndarray:
    """The axes (d, r) along which there is anything, `least` at least."""
    used = np.any(moved != 0, axis=0)
    return np.eye(moved.shape[1])[:, used if np.sum(used) >= least else slice(0, least)]


def _about(points: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """points - centre; where all points are near, from their differences, which are exact then."""
    if not np.any(centre):
        return points
    anchor = points[np.argmin(np.max(np.abs(points - centre), axis=1))]
    apart = points - anchor
    return apart - apart.mean(axis=0)


def _orthogonal(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Q, T) with Q = columns @ T, orthogonal columns of mean square 1 with the same span."""
    size = np.linalg.norm(columns, axis=0)
    size = np.where(size > 0, size, 1.0)
    left, singular, right = np.linalg.svd(columns / size, full_matrices=False)
    sound = singular > _RANK * np.max(singular, initial=0.0)
    root = math.sqrt(len(columns))
    return left[:, sound] * root, (right[sound].T * (root / singular[sound])) / size[:, None]


def group_means(labels: np.ndarray, group: np.ndarray, count: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean label of each group, in which the weights sum to `count`."""
    return np.bincount(group, weights * labels, count.size) / count


def scatter(problem: Problem, labels: np.ndarray, group: np.ndarray, count: np.ndarray) -> float:
    """The loss that no function changes: that of equal points with different labels."""
    rest = _scattered(problem, labels, group, count)
    return float(np.sum(problem.weights * rest**2)) / (2 * problem.total)


def for_each_point(
    problem: Problem, share: np.ndarray, labels: np.ndarray, group: np.ndarray, count: np.ndarray
) -> np.ndarray:
    """The dual vector for lam > 0 from its `share` for each group, per count."""
    return problem.weights * (share[group] + _scattered(problem, labels, group, count) / problem.total)


def _scattered(problem: Problem, labels: np.ndarray, group: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Labels less the mean of their group."""
    return labels - group_means(labels, group, count, problem.weights)[group]


def _remainder(free: np.ndarray, y: np.ndarray) -> np.ndarray:
    """y without its projection on the free terms."""
    return y - free @ np.linalg.lstsq(free, y, rcond=None)[0] if free.size else y

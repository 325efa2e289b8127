"""Reducing a problem to what its answer depends on: distinct points, in coordinates of their own span, scaled."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.problem import Problem
from minnorm.solve.line_pricing import LinePricer

_RANK = 1e-11  # singular values below this share of the largest are rounding errors of the data
_LEVER = 2.0**40  # bias of the neuron that stands for an offset where none is allowed: its other weights are small


@dataclass(frozen=True)
class Reduced:
    r"""A problem in the coordinates in which it is solved.

        minimise over atoms (w_k, b_k) of unit cost      sum_k |a_k| + 1/2 sum_i rho_i nu_i^2
        subject to       sum_k a_k relu(w_k . x_i + b_k) + (free c)_i + rho_i nu_i = y_i

    rho = 0 is (P0). For (PL) rho_i = lam n / (multiplicity of x_i), the objective is that of (PL) over lam (less
    the scatter of equal points), and nu is (residual times multiplicity) / (n lam). Dual: maximise
    y . nu - 1/2 sum rho nu^2 subject to |sum_i nu_i relu(w . x_i + b)| <= 1 for all atoms, free^T nu = 0.

    `points` (n, r) are distinct, of rank r; they are centred if biases are free, and divided by their root
    mean square radius, which multiplies norms by a constant. `values` have mean square 1 after that.
    """

    problem: Problem
    points: Float[np.ndarray, "n r"]
    values: Float[np.ndarray, " n"]
    free: Float[np.ndarray, "n q"]
    rho: Float[np.ndarray, " n"]
    group: Int[np.ndarray, " N"]
    count: Int[np.ndarray, " n"]
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

    @property
    def interpolates(self) -> bool:
        """Whether rho = 0, so that the labels must be met."""
        return not np.any(self.rho)

    @cached_property
    def unit(self) -> float:
        """The original objective of what the reduced problem calls 1: a norm, or lam times a norm."""
        return self.size / self.radius * (self.problem.lam or 1.0)

    @cached_property
    def scatter(self) -> float:
        """The part of the reduced objective that no function changes: the scatter of equal points with lam > 0."""
        if self.problem.lam == 0:
            return 0.0
        y = self.problem.values
        mean = np.bincount(self.group, y, self.count.size) / self.count
        return float(np.sum((y - mean[self.group]) ** 2)) / (2 * y.size) / self.unit

    def atoms(self, weights: np.ndarray, biases: np.ndarray) -> np.ndarray:
        """relu(w_k . x_i + b_k), shape (n, m)."""
        return np.maximum(self.points @ weights.T + biases, 0)

    def network(
        self, weights: np.ndarray, biases: np.ndarray, masses: np.ndarray, coefficients: np.ndarray
    ) -> ShallowReLU:
        """The network in the original coordinates; |w_k| = 1 or |(w_k, b_k)| = 1, no neuron of mass 0."""
        live = masses != 0
        w = weights[live] @ self.basis.T / self.radius
        b = biases[live] - w @ self.centre
        a = masses[live] * self.size
        cost = self.problem.penalty.atom_cost(w, b)
        w, b, a = w / cost[:, None], b / cost, a * cost
        penalty = self.problem.penalty
        rest = coefficients * self.size
        offset = rest[0] if penalty.constant_is_free else 0.0
        skip = None
        if penalty.skip == "free":
            skip = self.basis @ rest[rest.size - self.rank :] / self.radius
            offset -= float(skip @ self.centre)
        return with_offset(ShallowReLU(w, b, a, np.asarray(offset, dtype=np.float64), skip), penalty)

    def dual(self, nu: np.ndarray) -> np.ndarray:
        """The dual vector of the original problem, one entry for each of its points."""
        problem = self.problem
        if problem.lam == 0:
            # The value is size / radius times the reduced one, and that of y is size times.
            first = np.zeros(problem.values.size)
            first[np.unique(self.group, return_index=True)[1]] = nu / self.radius
            return first
        y = problem.values
        mean = np.bincount(self.group, y, self.count.size) / self.count
        share = nu * problem.lam / self.radius / self.count
        return share[self.group] + (y - mean[self.group]) / y.size


def reduce(problem: Problem) -> Reduced:
    """Merge equal points, find their rank, centre (free biases only), rotate and scale.

    Every step is an exact equivariance of the norm, so a solution of the reduced problem is one of the
    original.
    """
    x, y, penalty = problem.points, problem.values, problem.penalty
    distinct, group, count = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    mean = np.bincount(group, y, count.size) / count
    centre = distinct.mean(axis=0) if penalty.bias == "free" else np.zeros(x.shape[1])
    moved = distinct - centre
    _, singular, directions = np.linalg.svd(moved, full_matrices=False)
    rank = int(np.sum(singular > _RANK * max(float(singular[0]), np.finfo(float).tiny)))
    if penalty.bias == "penalised":
        rank = max(rank, 1)  # the neuron (0, b) has a cost there and needs a place
    basis = directions[:rank].T
    points = moved @ basis
    # Penalised biases are part of the cost, so there the unit of length is not ours to choose.
    radius = float(np.sqrt(np.mean(np.sum(points**2, axis=1)))) if rank and penalty.bias == "free" else 1.0
    points = points / radius
    columns = [np.ones((count.size, 1))] if penalty.constant_is_free else []
    if penalty.skip == "free":
        columns.append(points)
    free = np.concatenate(columns, axis=1) if columns else np.zeros((count.size, 0))
    size = float(np.sqrt(np.mean(_remainder(free, mean) ** 2))) if free.size else float(np.sqrt(np.mean(mean**2)))
    size = size if size > 1e-14 * float(np.max(np.abs(mean), initial=0.0)) else float(np.max(np.abs(mean))) or 1.0
    # lam |mu| with |mu| = size / radius |mu'| against size^2 / (2 n) sum of squares.
    rho = problem.lam * y.size / (radius * size) / count
    return Reduced(
        problem, np.ascontiguousarray(points), mean / size, free, rho, group, count, centre, basis, radius, size
    )


def with_offset(network: ShallowReLU, penalty: PathNorm) -> ShallowReLU:
    """The network, or, where the penalty allows no offset, one with a constant neuron (w = 0) in its place."""
    if penalty.offset == "free" or float(network.offset) == 0:
        return network
    return ShallowReLU(
        np.concatenate([network.inner_weights, np.zeros((1, network.dim))]),
        np.append(network.biases, _LEVER),
        np.append(network.outer_weights, network.offset / _LEVER),
        np.asarray(0.0),
        network.skip,
    )


def _remainder(free: np.ndarray, y: np.ndarray) -> np.ndarray:
    """y without its projection on the free terms."""
    return y - free @ np.linalg.lstsq(free, y, rcond=None)[0]

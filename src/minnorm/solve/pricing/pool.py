"""The dictionary of a master problem, and which of the atoms an oracle finds join it."""

import itertools
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree

from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.reduction import Reduced

APART = 0.1  # cuts of one round are this far apart, as vectors (w, b); less as the violation shrinks
KEPT = 3  # atoms per point that one problem leaves for the next
_FEW, _LEAST = 4, 50  # points for each atom that is left where neurons read one column; atoms at least
_SPANNING = 3  # random atoms for each point with which interpolation starts


@dataclass
class Pool:
    """The dictionary: atoms (w_k, b_k) of unit cost and their values at the points, (n, p)."""

    reduced: Reduced
    weights: Float[np.ndarray, "p r"] = field(init=False)
    biases: Float[np.ndarray, " p"] = field(init=False)
    values: Float[np.ndarray, "n p"] = field(init=False)

    def __post_init__(self) -> None:
        n, r = self.reduced.points.shape
        self.weights, self.biases, self.values = np.zeros((0, r)), np.zeros(0), np.zeros((n, 0))

    @property
    def size(self) -> int:
        """The number of atoms."""
        return self.biases.size

    def add(self, weights: np.ndarray, biases: np.ndarray) -> None:
        """More atoms."""
        self.weights = np.concatenate([self.weights, weights])
        self.biases = np.concatenate([self.biases, biases])
        self.values = np.concatenate([self.values, self.reduced.atoms(weights, biases)], axis=1)

    def keep(self, which: np.ndarray) -> None:
        """Drop all others."""
        self.weights, self.biases, self.values = self.weights[which], self.biases[which], self.values[:, which]

    def nearest(self, nu: np.ndarray) -> np.ndarray:
        """Which atoms are nearest to being active, KEPT for each point, or few where there are few to choose from."""
        most = max(nu.size // _FEW, _LEAST) if self.reduced.inputs == 1 else KEPT * nu.size
        return np.argsort(-np.abs(nu @ self.values), kind="stable")[:most]

    def span(self, rng: np.random.Generator) -> None:
        """Add atoms that interpolate anything: kinks before each point along one direction, triangular but stiff,
        and, so that masses need not be large, a few kinks through each point in random directions."""
        sigma, few = self.reduced.problem.penalty.activation, self.reduced.inputs
        weights, biases = self._through_all(rng) if few is None else _few_columns(self.reduced, few, rng)
        # The first kink of a direction makes a linear function of the steeper side.
        side = 1.0 if abs(sigma.plus) >= abs(sigma.minus) else -1.0
        self.add(side * weights, side * biases)

    def _through_all(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """They, reading all columns."""
        points = self.reduced.points
        n, r = points.shape
        first = rng.normal(size=r)
        first /= np.linalg.norm(first)
        at = np.sort(points @ first)
        kinks = -np.concatenate([[at[0] - max(float(np.ptp(at)), 1.0)], at[:-1]])
        weights = rng.normal(size=(_SPANNING * n, r))
        weights /= np.linalg.norm(weights, axis=1)[:, None]
        biases = -np.einsum("kr,kr->k", weights, np.tile(points, (_SPANNING, 1)))
        weights = np.concatenate([np.tile(first, (n, 1)), weights])
        biases = np.concatenate([kinks, biases])
        if self.reduced.problem.penalty.biases_cost:
            along = self.reduced.along
            cost = np.hypot(1.0, biases) if along is None else along.cost(weights, biases)
            weights, biases = weights / cost[:, None], biases / cost
        return weights, biases


def _few_columns(reduced: Reduced, inputs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The same for neurons that read so many columns: along one direction in each set of them, until one tells all
    points apart, and a few kinks through each point."""
    points, weights, biases = reduced.points, [], []
    n, d = points.shape
    for columns in itertools.combinations(range(d), min(inputs, d)):
        first = np.zeros(d)
        first[list(columns)] = rng.normal(size=len(columns))
        first /= np.linalg.norm(first)
        at = np.unique(points @ first)
        biases.append(-np.concatenate([[at[0] - max(float(np.ptp(at)), 1.0)], at[:-1]]))
        weights.append(np.tile(first, (at.size, 1)))
        if at.size == n:
            break
    if inputs == 1:  # there are no other kinks
        return _of_unit_cost(reduced, np.concatenate(weights), np.concatenate(biases))
    drawn = rng.normal(size=(_SPANNING * n, d)) * (np.argsort(rng.random((_SPANNING * n, d)), axis=1) < inputs)
    drawn /= np.linalg.norm(drawn, axis=1)[:, None]
    weights.append(drawn)
    biases.append(-np.einsum("kd,kd->k", drawn, np.tile(points, (_SPANNING, 1))))
    return _of_unit_cost(reduced, np.concatenate(weights), np.concatenate(biases))


def _of_unit_cost(reduced: Reduced, weights: np.ndarray, biases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Atoms with |w| = 1, over what they cost."""
    cost = np.hypot(1.0, biases) if reduced.problem.penalty.biases_cost else np.ones(biases.size)
    return weights / cost[:, None], biases / cost


def cuts(largest: float) -> tuple[float, float]:
    """For sup |h| = `largest`: above which |h| atoms are cuts, and how far apart those of one round are."""
    excess = max(largest - 1, 0.0)
    return 1 + min(0.1 * excess, 1.0), min(APART, 0.3 * excess**0.5)


def thinned(atoms: Atoms, least: float, apart: float, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The most violated of the atoms with |h| > `least`, none within `apart` of a better one of its sign."""
    which = np.abs(atoms.values) > least
    w, b, h = atoms.weights[which], atoms.biases[which], atoms.values[which]
    if h.size == 0:
        return w, b
    order = np.argsort(-np.abs(h), kind="stable")
    places = np.column_stack([w, b])
    tree, free = KDTree(places), np.ones(h.size, dtype=bool)
    chosen: list[int] = []
    for k in order.tolist():
        if free[k]:
            chosen.append(k)
            if len(chosen) >= most:
                break
            near = np.asarray(tree.query_ball_point(places[k], apart), dtype=np.int64)
            free[near[h[near] * h[k] > 0]] = False
    return w[chosen], b[chosen]

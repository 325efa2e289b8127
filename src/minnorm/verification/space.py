"""The dual norm in any dimension: repair, reduction to the data's own rank, then enumeration or search."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.verification import arrangement, rational, search
from minnorm.verification.asked import Asked, Bounded, Corrected, corrected, nothing
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.exact import UNIT, UP, gamma
from minnorm.verification.primal import lengths

_CUT = 1e-12  # singular values below this share of the largest are paid for, not followed
_DECOMPOSED, _MOMENT = 3e-9, 0.05  # seconds of a singular value decomposition, for each of n d^2; in any case
SEARCH = 0.1  # of the time is left for a search where there is no proof
_NEARLY = 1e-7  # of the supremum, where its bound cannot be good enough
_HALVINGS = 24
_ATOMS = 512  # neurons whose directions are tried


@dataclass(frozen=True)
class Reduced:
    """sup |sum_j nu_j relu(u . (s_j - s_i)) + tilt . u| over pivots i and unit u, or without s_i; |u| <= stretch is
    wanted."""

    coordinates: np.ndarray  # s, (n, k)
    weights: np.ndarray  # nu, (n,)
    free: bool  # biases, so that kinks are at points
    stretch: float
    price: float  # what h may differ by, from x to its coordinates
    basis: np.ndarray  # (D, k), from x - centre or (x, 1) to coordinates
    exponent: int  # the result is to be multiplied by 2^exponent
    tilt: np.ndarray | None = None  # (k,), or None for 0

    def norm(self, upper: float) -> float:
        """A bound of sup |h| / cost from one of the supremum in these coordinates."""
        return lifted((self.stretch * upper + self.price) * UP, self.exponent)

    def goal(self, lowest: float, enough: Callable[[float], bool]) -> tuple[float, float]:
        """From a value that is attained to a bound of the supremum that is `enough`, 0 if there is none, and a share of
        the value by which a bound may be above it: for a proof that is to be had, or one of nearly the same gap."""
        share, least = 1.0, 0.0
        if not enough(self.norm(lowest)):
            return 0.0, _NEARLY
        for _ in range(_HALVINGS):
            share /= 2
            if enough(self.norm(lowest * (1 + least + share))):
                least += share
        return lowest * (1 + least), 0.0


def repaired_dual(asked: Asked) -> Bounded:
    """Make nu orthogonal to the unpenalised terms, and bound sup |h| / cost (estimate it if "searched").

    Where the bound is not `enough`, but the supremum may be, rounding is to blame: it is computed again in integers.
    """
    if not np.any(asked.nu):
        return nothing(asked)
    proving = asked.clock.all_but(SEARCH)
    vector = corrected(asked, proving)
    problem = reduce(asked.x, asked.nu, vector.moved, asked.penalty, proving, asked.sigma)
    starts = network_directions(problem, asked.net)
    peak = None

    def goal(lowest: float) -> tuple[float, float]:
        return problem.goal(lowest, lambda norm: asked.enough(replace(vector.dual, norm=norm)))

    if vector.exact:
        peak = arrangement.bound(
            problem.coordinates,
            problem.weights,
            problem.free,
            starts,
            proving,
            tilt=problem.tilt,
            goal=goal,
            patience=asked.patience,
            elsewhere=asked.lam is not None,
        )
    if peak is None and vector.exact:
        norm = in_integers(asked, asked.x, vector, proving)
        if norm is not None:
            dual = replace(vector.dual, norm=norm)
            return Bounded(dual, "exact", dual)
    if peak is None:
        randoms = int(np.clip(500_000 // len(problem.weights), 16, 256))
        dual = replace(vector.dual, norm=searched(asked, problem, starts, randoms))
        return Bounded(dual, "searched", dual)
    dual = replace(vector.dual, norm=problem.norm(peak.upper))
    lower = lifted(max(0.0, peak.lower - problem.price) / problem.stretch, problem.exponent)
    if asked.rounding_is_to_blame(dual, lower):
        norm = in_integers(asked, asked.x, vector, asked.clock, lower)
        if norm is not None and norm < dual.norm:
            dual = replace(dual, norm=norm)
            return Bounded(dual, "exact", dual)
    if peak.scope == "exact":
        return Bounded(dual, "exact", dual)
    return Bounded(dual, "bounded", replace(dual, norm=lower))


def in_integers(asked: Asked, x: np.ndarray, vector: Corrected, clock: Clock, lower: float = 0.0) -> float | None:
    """sup |h| / cost for columns `x` of the points, rounded up once; None where that is too large a computation."""
    return rational.dual_norm(x, asked.nu, vector.change, asked.penalty.bias == "penalised", lower, clock, asked.sigma)


def searched(asked: Asked, problem: Reduced, starts: np.ndarray, randoms: int) -> float:
    """An estimate of sup |h| / cost from below."""
    found = search.ascend(
        problem.coordinates,
        problem.weights,
        problem.free,
        starts,
        problem.tilt,
        clock=asked.clock,
        seed=asked.seed,
        randoms=randoms,
    )
    return lifted(found, problem.exponent)


def lifted(number: float, exponent: int) -> float:
    """number * 2^exponent, rounded up."""
    try:
        lifted = math.nextafter(math.ldexp(number, exponent), math.inf) if number else 0.0
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(lifted) else lifted


def reduce(
    x: np.ndarray,
    nu: np.ndarray,
    moved: np.ndarray,
    penalty: PathNorm,
    clock: Clock = ENDLESS,
    sigma: Activation = RELU,
) -> Reduced:
    r"""Coordinates s_j = V^T z_j of few dimensions, where z_j is x_j - centre or, for penalised biases, (x_j, 1).

    For w of length 1 and u = V^T w, |w . z_j - u . s_j| <= |z_j - V s_j|: V need not be orthonormal, only
    |u| <= ||V||. Where the points span all their coordinates V = 1. With free biases sup over b is attained at kinks
    b = -w . x_i of the corrected vector, because its sum vanishes; equal points share one weight.

    The linear part of sigma, c sum_j nu_j w . z_j with c = -minus / s, b among the w if biases cost, changes by no more
    than |c| times what h does; its vector in the coordinates is a rounded sum.
    """
    heard = (nu != 0) | (moved != 0)
    x, nu, moved = x[heard], nu[heard], moved[heard]
    _, first, group, count = np.unique(x, axis=0, return_index=True, return_inverse=True, return_counts=True)
    points, group = x[first], group.reshape(-1)
    top = np.frexp(np.max(np.abs(nu)))[1]
    nu = np.ldexp(nu, -top)
    weights = np.bincount(group, nu, len(points))
    load = np.bincount(group, np.abs(nu), len(points)) * UP
    moved = np.bincount(group, np.ldexp(moved, -top), len(points)) * UP
    free = penalty.bias == "free"
    if free:
        scale = np.frexp(np.max(np.abs(points)))[1]
        points = np.ldexp(points, -scale)
        vectors = points - (points.min(axis=0) + points.max(axis=0)) / 2  # if anything is a centre of symmetry, this is
        closer = np.frexp(np.max(np.abs(vectors)))[1]
        vectors, scale = np.ldexp(vectors, -closer), scale + closer
    else:
        vectors = np.column_stack([points, np.ones(len(points))])
        scale = np.frexp(np.max(np.abs(vectors)))[1]
        vectors = np.ldexp(vectors, -scale)
    basis, coordinates, slack, stretch = _own_space(vectors, clock)
    size = lengths(vectors)
    slack = slack + UNIT * size + 2.0**-1000  # the subtraction, and numbers that vanish in the scaling
    reach = slack + (float(np.max(slack)) if free else 0.0)
    lever = size + (float(np.max(size)) if free else 0.0)
    merging = np.where(count > 1, gamma(int(np.max(count))), 0.0)
    price = float(load @ reach + (moved + merging * load) @ lever) * (1 + gamma(2 * len(points) + 8))
    tilt = None
    if not sigma.rectifies:
        c = float(-Fraction(sigma.minus) / (Fraction(sigma.plus) + Fraction(sigma.minus)))
        tilt = c * (weights @ coordinates)
        summing = gamma(len(points) + 8) * float(load @ lengths(coordinates)) * stretch
        price = (price + abs(c) * UP * (price + summing * UP)) * UP
    return Reduced(
        coordinates,
        weights,
        free,
        stretch,
        price,
        basis,
        int(top + scale),
        tilt,
    )


def _own_space(vectors: np.ndarray, clock: Clock) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A basis V (D, k), coordinates s = V^T z, bounds of |z - V s|, and a bound of ||V||."""
    d = vectors.shape[1]
    moving = np.any(vectors != 0, axis=0)
    k, right = int(np.sum(moving)), np.empty((0, d))
    if k and _DECOMPOSED * vectors.size * min(vectors.shape) <= max(clock.left, _MOMENT):
        _, singular, right = np.linalg.svd(vectors, full_matrices=False)
        k = int(np.sum(singular > _CUT * singular[0]))
    if k == np.sum(moving):  # their own axes keep symmetries, and cost nothing
        return np.eye(d)[:, moving], vectors[:, moving], np.zeros(len(vectors)), 1.0
    basis = np.ascontiguousarray(right[:k].T)
    coordinates = vectors @ basis
    rest = lengths(vectors - coordinates @ basis.T)
    slack = rest * UP + gamma(d + k + 8) * 2 * (lengths(vectors) + math.sqrt(k) * lengths(coordinates))
    defect = float(np.sqrt(np.sum((basis.T @ basis - np.eye(k)) ** 2))) + 2 * k * gamma(d + 4)
    return basis, coordinates, slack, 1 + defect * UP


def network_directions(problem: Reduced, net: ShallowReLU) -> np.ndarray:
    """The network's own atoms as unit vectors u (m, k): at a minimiser they are among the maximisers of |h|."""
    atoms = np.asarray(net.inner_weights) if problem.free else np.column_stack([net.inner_weights, net.biases])
    heaviest = np.argsort(-np.abs(np.asarray(net.outer_weights)) * lengths(atoms), kind="stable")
    atoms = atoms[heaviest[:_ATOMS]]
    size = lengths(atoms)
    unit = atoms[size > 0] / size[size > 0, None] @ problem.basis
    size = lengths(unit)
    return unit[size > 1e-9] / size[size > 1e-9, None]

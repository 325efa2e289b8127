"""Oracles: the atoms at which a dual vector violates, or most nearly violates, its constraints."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.activation import RELU, Activation
from minnorm.objective.norm import Bias, costly_biases
from minnorm.resources import cores, left

_CLOSE = 0.01  # of the best |h|: cones that are no better are not looked into
_ENTRIES = 1 << 22  # values of atoms at points that are computed at once


@dataclass(frozen=True)
class Atoms:
    """Atoms of unit cost and the signed h(w, b) = sum_i nu_i sigma(w . x_i + b) there, largest |h| first.

    Shapes: `weights` (k, r), `biases` (k,), `values` (k,). `complete` is false where the time was over before all
    were looked at: then the largest of them is a bound of nothing.
    """

    weights: Float[np.ndarray, "k r"]
    biases: Float[np.ndarray, " k"]
    values: Float[np.ndarray, " k"]
    complete: bool = True

    @property
    def largest(self) -> float:
        """The largest |h|; 0 if there is no atom."""
        return float(np.max(np.abs(self.values), initial=0.0))

    def joined(self, other: "Atoms") -> "Atoms":
        """These and others, as complete as these."""
        values = np.concatenate([self.values, other.values])
        order = np.argsort(-np.abs(values), kind="stable")
        weights, biases = np.concatenate([self.weights, other.weights]), np.concatenate([self.biases, other.biases])
        return Atoms(weights[order], biases[order], values[order], self.complete)


def exact(
    points: Float[np.ndarray, "n r"],
    nu: Float[np.ndarray, " n"],
    bias: Bias,
    *,
    sigma: Activation = RELU,
    per_pivot: int = 2,
    threads: int | None = None,
    deadline: float = math.inf,
) -> Atoms:
    r"""The global maximum of |h| / cost for points of rank 1, 2 or 3, then the best few atoms for every data point.

        h(w, b) = sum_i nu_i sigma(w . x_i + b),    cost = |w| (bias="free") or |(w, b)| (bias="penalised")

    `sigma` is ReLU or any other: h is then plus + minus times what it is for ReLU less minus sum_i nu_i (w . x_i + b),
    a linear part. A data point's atoms are local maxima among those with their kink on it, of the sign for which h is
    concave across that kink, and with penalised biases also maxima with no point on the kink. `per_pivot` of each kind
    and sign are kept (all in rank 1), each once. The time grows, times log n, like

        rank            1    2     3
        free            n   n^2   n^3
        penalised       n   n^2   n^3

    Arguments: `points` (n, r), centred and of the order of 1; `nu` (n,), with sum zero if biases are free; `sigma`;
    `threads`: None takes all processors, and the result does not depend on it; `deadline`, a `time.monotonic` moment,
    after which no more data points are looked at; Ctrl-C ends it as it ends Python. Errors: ValueError for another
    rank, entries that are not finite, or a sum that is not zero, for which the supremum is infinite.

    >>> square = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    >>> abs(float(exact(square, np.array([1.0, -1.0, -1.0, 1.0]), "free").values[0]))
    1.41421356

    Source: great-circle arrangements, as for halfspace depth (Rousseeuw & Struyf 1998); a maximum of a piecewise
    linear function on the sphere is either a cell's v_A / |v_A| or lies on the cell's boundary.
    """
    costly = costly_biases(bias)
    x, dual = _reduced(points, nu, costly)
    rank = x.shape[1]
    if rank > 3:
        raise ValueError(f"points has {rank} columns; the exact oracle takes 1, 2 or 3, use search")
    if per_pivot < 1:
        raise ValueError(f"per_pivot is {per_pivot}; keep at least one atom")
    if len(x) <= (not costly):  # h is zero everywhere
        return Atoms(np.eye(1, rank), np.zeros(1), np.zeros(1))
    if len(x) == 1:
        size, side = float(np.sqrt(1 + np.sum(x**2))), 1.0 if abs(sigma.plus) >= abs(sigma.minus) else -1.0
        return Atoms(side * x / size, np.array([side / size]), dual * size * float(sigma(side)))
    part = tilt(x, dual, sigma, costly)
    if not costly and rank == 1:
        return _line(x[:, 0], dual, float(part[0]), sigma)
    return _atoms(*_native.exact(x, dual, part, costly, per_pivot, _count(threads), left(deadline)), sigma)


def search(
    points: Float[np.ndarray, "n r"],
    nu: Float[np.ndarray, " n"],
    bias: Bias,
    starts_weights: Float[np.ndarray, "s r"],
    starts_biases: Float[np.ndarray, " s"],
    *,
    sigma: Activation = RELU,
    threads: int | None = None,
    both: bool = True,
    max_iterations: int = 1000,
    deadline: float = math.inf,
) -> Atoms:
    r"""Distinct local maxima of |h| / cost in any rank, by ascent of h and of -h, or of |h|, from every start.

    An ascent follows great circles in the direction of the projected gradient to the first maximum on each, keeps to
    the concave kinks it meets, and leaves one when its multiplier allows. It ends where, for a sign s,

        s v_A = mu (w, b) + sum_p lambda_p |nu_p| (x_p, 1),    lambda_p in [0, 1],    v_A = sum_(active i) nu_i (x_i, 1)

    with points p on the kink, s nu_p < 0, and with (w, 0) in place of (w, b) if biases are free. Such a point is a
    first-order local maximum; nothing bounds the global one. With free biases a start whose kink meets no data point
    is moved to the best b for its w.

    Arguments: `points` (n, r), centred and of the order of 1; `nu` (n,); starts (s, r) and (s,), of any length;
    `sigma`; `both`, whether a start is followed by h and by -h, or by that which is larger there; `max_iterations` for
    each ascent, which ends there, maximum or not; `deadline` as for `exact`. Errors: as for `exact`.

    >>> x, nu = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, -2.0, 1.0])
    >>> search(x, nu, "free", np.array([[1.0], [-1.0]]), np.array([0.3, 0.3])).values
    array([1., 1.])

    Source: active-set steepest ascent; see Clarke (1990) for the first-order condition.
    """
    costly = costly_biases(bias)
    x, dual = _reduced(points, nu, costly)
    starts = np.column_stack([np.asarray(starts_weights), np.asarray(starts_biases)]).astype(np.float64)
    starts = np.ascontiguousarray(starts)
    part = tilt(x, dual, sigma, costly)
    return _atoms(
        *_native.search(x, dual, part, starts, costly, both, max_iterations, _count(threads), left(deadline)), sigma
    )


def met_on_cones(
    points: Float[np.ndarray, "n r"], nu: Float[np.ndarray, " n"], least: float, cones: int, deadline: float = math.inf
) -> tuple[Float[np.ndarray, "k r"], Float[np.ndarray, " k"]]:
    r"""ReLU atoms with |h| > `least`, |w| = 1 and free biases, each above those before: from where no start would look.

    Best first over simplicial cones of (w, b): a cone is bisected while its bound of |h| is the largest of all, and h
    is looked at where that bound has its maximum. So many `cones` rarely bound sup |h|, but lead to its neighbourhood.
    `deadline` is as for `exact`. Returns weights (k, r) and biases (k,), for `search`.

    >>> x = np.vstack([np.zeros(4), np.eye(4)])
    >>> w, b = met_on_cones(x, np.array([4.0, -1.0, -1.0, -1.0, -1.0]), 0.0, 1000)
    >>> abs(float(np.array([4.0, -1.0, -1.0, -1.0, -1.0]) @ np.maximum(x @ w[-1] + b[-1], 0.0))) > 1.9
    True

    Source: Horst & Tuy (1996), *Global Optimization*, for simplicial cones.
    """
    x, dual = _reduced(points, nu, costly=False)
    rank = x.shape[1]
    if len(x) < 2:
        return np.zeros((0, rank)), np.zeros(0)
    no_rows = np.zeros((0, rank))
    *_, rows = _native.cover(x, dual, no_rows, True, least, 0.0, _CLOSE, _count(None), left(deadline), cones)
    return rows[:, :-1], rows[:, -1]


def tilt(
    points: Float[np.ndarray, "n r"], nu: Float[np.ndarray, " n"], sigma: Activation, costly: bool
) -> Float[np.ndarray, " r+1"]:
    """t with sum_i nu_i sigma(w . x_i + b) = (plus + minus) (sum_i nu_i relu(w . x_i + b) + t . (w, b)).

    Its last entry is 0 unless biases are `costly`: the sum of nu is then 0.
    """
    if not sigma.minus:
        return np.zeros(points.shape[1] + 1)
    return -sigma.minus / sigma.bend * np.append(nu @ points, float(np.sum(nu)) if costly else 0.0)


def random_starts(
    points: Float[np.ndarray, "n r"], count: int, rng: np.random.Generator, bias: Bias
) -> tuple[Float[np.ndarray, "count r"], Float[np.ndarray, " count"]]:
    r"""Random atoms of unit cost with their kink through 1, 2 or 3 random data points (at most r), a third each.

        w normal, projected orthogonal to x_j - x_i (and x_k - x_i),    b = -w . x_i

    Returns weights (count, r) and biases (count,), for `search`.

    >>> w, b = random_starts(np.eye(3), 6, np.random.default_rng(0), "free")
    >>> w.shape, b.shape
    ((6, 3), (6,))
    """
    x = np.asarray(points, dtype=np.float64)
    n, rank = x.shape
    chosen = rng.integers(n, size=(count, 3))
    weights = rng.standard_normal((count, rank))
    through = 1 + np.arange(count) % min(3, rank)
    first, second, third = x[chosen[:, 0]], x[chosen[:, 1]], x[chosen[:, 2]]
    one = np.where(through[:, None] > 1, second - first, 0)
    two = np.where(through[:, None] > 2, third - first, 0)
    two = two - _along(two, one)
    weights = weights - _along(weights, one)
    weights = weights - _along(weights, two)
    biases = -np.einsum("kr,kr->k", weights, first)
    size = np.linalg.norm(weights, axis=1)
    if costly_biases(bias):
        size = np.hypot(size, biases)
    size[size == 0] = 1
    return weights / size[:, None], biases / size


def promising(
    points: Float[np.ndarray, "n r"],
    nu: Float[np.ndarray, " n"],
    weights: Float[np.ndarray, "s r"],
    biases: Float[np.ndarray, " s"],
    count: int,
    sigma: Activation = RELU,
) -> tuple[Float[np.ndarray, "c r"], Float[np.ndarray, " c"]]:
    """The `count` atoms with the largest |h| of those given, to start a search from: looking is cheap."""
    block = max(1, _ENTRIES // len(points))
    values = [
        nu @ sigma(points @ weights[k : k + block].T + biases[k : k + block]) for k in range(0, biases.size, block)
    ]
    best = np.argsort(-np.abs(np.concatenate(values)), kind="stable")[:count]
    return weights[best], biases[best]


def _along(vectors: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """The components of vectors along axes, row by row; zero for a zero axis."""
    squares = np.einsum("kr,kr->k", axes, axes)
    products = np.einsum("kr,kr->k", vectors, axes)
    return np.divide(products, squares, out=np.zeros_like(products), where=squares > 0)[:, None] * axes


def _reduced(points: np.ndarray, nu: np.ndarray, costly: bool) -> tuple[np.ndarray, np.ndarray]:
    """Distinct points with their nu added up, those with nu = 0 left out."""
    x, dual = np.asarray(points, dtype=np.float64), np.asarray(nu, dtype=np.float64)
    if x.ndim != 2 or dual.shape != x.shape[:1] or x.shape[1] == 0:
        raise ValueError(f"points has shape {x.shape} and nu {dual.shape}; give (n, r) and (n,)")
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(dual))):
        raise ValueError("points or nu has NaN or infinite entries")
    if not costly and abs(dual.sum()) > 1e-6 * np.abs(dual).sum():
        raise ValueError(f"nu has the sum {dual.sum():g}; with free biases |h| is unbounded unless it is zero")
    order = np.lexsort(x.T)
    x, dual = x[order], dual[order]
    fresh = np.ones(len(x), dtype=bool)
    fresh[1:] = np.any(x[1:] != x[:-1], axis=1)
    if not np.all(fresh):
        dual = np.add.reduceat(dual, np.flatnonzero(fresh)) if len(x) else dual
        x = x[fresh]
    live = dual != 0
    return np.ascontiguousarray(x[live]), np.ascontiguousarray(dual[live])


def _line(x: np.ndarray, dual: np.ndarray, tilted: float, sigma: Activation) -> Atoms:
    """Rank 1 with free biases: h at all kinks by running sums, from the side where it is zero."""
    order = np.argsort(x)
    x, dual = x[order], dual[order]
    gaps = np.diff(x)
    rising = np.append(np.cumsum(np.cumsum(dual[::-1])[:-1] * gaps[::-1])[::-1], 0.0)  # relu(x - x_i)
    falling = np.append(0.0, np.cumsum(np.cumsum(dual)[:-1] * gaps))  # relu(x_i - x)
    values = np.concatenate([rising + tilted, falling - tilted])
    weights = np.repeat([1.0, -1.0], len(x))
    # At other kinks h is convex in b, and a neighbour is better.
    keep = values * np.tile(dual, 2) < 0
    if not np.any(keep):
        keep[np.argmax(np.abs(values))] = True
    best = np.flatnonzero(keep)[np.argsort(-np.abs(values[keep]), kind="stable")]
    return Atoms(weights[best, None], -weights[best] * np.tile(x, 2)[best], values[best] * sigma.bend)


def _atoms(rows: np.ndarray, values: np.ndarray, complete: bool, sigma: Activation) -> Atoms:
    return Atoms(rows[:, :-1], rows[:, -1], values * sigma.bend, complete)


def _count(threads: int | None) -> int:
    if threads is not None:
        return max(1, threads)
    return len(cores())

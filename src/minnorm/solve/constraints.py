r"""Problems whose losses are constraints: solved as those that pay for breaking them, and kept in the end.

    minimise [f] subject to z_i in Z    =    minimise [f] + sum_i C_i dist(z_i, Z)     for C_i > |nu_i|

nu is the dual vector of the constraints. |nu_i| is at most the least norm of a function that is 1 at x_i and 0 at all
other points, for nu . g <= [g]: that of a radial bump whose radius is the distance to the nearest of them.
"""

import dataclasses

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog
from scipy.spatial import KDTree

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.polish import misfits, repaired, with_offset

_BUMP = 8.0  # times d + 1: the norm of a radial bump of radius 1 in d dimensions is less
_MOST = 1e10  # what is paid at most: nearer points would leave no digits for the rest
_UNKNOWN = 1e5  # the same where neurons read few columns, and bumps are none of their sums
_ROOM = 2.0**-40  # how far inside constraints are aimed at
_ROUNDED = 2.0**-46  # of the values' size: the same
_NOTHING = 2.0**-30  # of the values' size: what a network bends that may not have to bend at all
_TIMES = 6


def prices(points: Float[np.ndarray, "n r"], penalty: PathNorm) -> Float[np.ndarray, " n"]:
    """C_i, above the largest dual numbers |nu_i|, as far as floats allow."""
    if penalty.inputs is not None:
        return np.full(len(points), _UNKNOWN)
    places, group = np.unique(points, axis=0, return_inverse=True)
    if len(places) == 1:
        return np.full(len(points), _UNKNOWN)
    near = KDTree(places).query(places, k=2)[0][:, 1]
    cost = np.hypot(1, np.linalg.norm(places, axis=1) + near) if penalty.biases_cost else 1.0
    bent = min(1.0, abs(penalty.activation.bend))
    return np.minimum(_BUMP * (points.shape[1] + 1) * cost / (bent * near), _MOST)[group.reshape(-1)]


def separating_free_terms(problem: Problem) -> ShallowReLU | None:
    """The network of free terms alone that separates two classes by 1, if linear ones are free and there is one.

    It costs nothing, and of two that are near to each other interior points find none.
    """
    x, y, penalty = problem.points, problem.values, problem.penalty
    if problem.loss.argument != "margin" or not penalty.linear_is_free:
        return None
    centre = (np.min(x, axis=0) + np.max(x, axis=0)) / 2 if penalty.constant_is_free else np.zeros(x.shape[1])
    moved = x - centre
    size = np.max(np.abs(moved), axis=0)
    columns = moved / np.where(size > 0, size, 1.0)
    if penalty.constant_is_free:
        columns = np.column_stack([columns, np.ones(len(x))])
    rows = np.column_stack([-y[:, None] * columns, np.ones(len(x))])
    bounds = [(-1.0, 1.0)] * columns.shape[1] + [(0.0, None)]
    found = linprog(np.append(np.zeros(columns.shape[1]), -1.0), rows, np.zeros(len(x)), bounds=bounds)
    if found.x is None or not found.x[-1] > 0:
        return None
    v = found.x[: x.shape[1]] / np.where(size > 0, size, 1.0) / found.x[-1]
    c = found.x[x.shape[1]] / found.x[-1] - v @ centre if penalty.constant_is_free else 0.0
    none = np.zeros(0)
    alone = ShallowReLU(np.zeros((0, x.shape[1])), none, none, np.asarray(c), v, penalty.activation)
    network = with_offset(_with_margins(problem, alone), penalty)
    return network if np.min(1 - y * misfits(problem, network)) >= 1 else None


def kept(problem: Problem, network: ShallowReLU) -> ShallowReLU:
    """A network near one that breaks constraints by rounding errors, which keeps them, if there is one."""
    return _with_margins(problem, network) if problem.loss.argument == "margin" else _within(problem, network)


def _with_margins(problem: Problem, network: ShallowReLU) -> ShallowReLU:
    """A multiple of it: the least margin is 1."""
    room = _ROOM
    for _ in range(_TIMES):
        least = float(np.min(1 - problem.values * misfits(problem, network)))
        if not least > 0 or 1 + room / 2 <= least <= 1 + 2 * room:
            break
        times = (1 + room) / least
        network = dataclasses.replace(
            network,
            outer_weights=network.outer_weights * times,
            offset=np.asarray(network.offset * times),
            skip=None if network.skip is None else network.skip * times,
        )
        room *= 4
    return network


def _within(problem: Problem, network: ShallowReLU) -> ShallowReLU:
    """One whose masses are changed a little: at points that are too far from their labels values are given."""
    (delta,) = problem.loss.numbers
    extent = float(np.linalg.norm(np.ptp(problem.points, axis=0)))
    size = float(np.max(np.abs(problem.values))) + problem.penalty.value(network) * extent
    room = min(delta / 4, _ROOM * delta + _ROUNDED * size)
    best, least = _held(problem, network, delta, delta - room)
    if least > 0:  # there may be one value alone that is near enough to several labels
        best, least = min((best, least), _held(problem, best, delta, delta), key=lambda one: one[1])
    if problem.penalty.value(best) * extent <= _NOTHING * size:  # free terms alone may do
        alone = with_offset(_without_neurons(problem, best), problem.penalty)
        best = alone if float(np.max(np.abs(misfits(problem, alone)))) <= delta + max(least, 0.0) else best
    return best


def _without_neurons(problem: Problem, network: ShallowReLU) -> ShallowReLU:
    """Its free terms alone, the constant midway between what labels less the others are."""
    none = np.zeros(0)
    alone = dataclasses.replace(
        network, inner_weights=np.zeros((0, network.dim)), biases=none, outer_weights=none, offset=np.asarray(0.0)
    )
    rest = misfits(problem, alone)
    middle = float(np.max(rest) + np.min(rest)) / 2 if problem.penalty.constant_is_free else 0.0
    return dataclasses.replace(alone, offset=np.asarray(middle))


def _held(problem: Problem, network: ShallowReLU, delta: float, reach: float) -> tuple[ShallowReLU, float]:
    """A network held `reach` from the labels where it is as far, or was while others were held; and what the worst
    residual exceeds delta by."""
    best, least, held = network, np.inf, np.zeros(len(problem.points), dtype=bool)
    for _ in range(_TIMES):
        rest = misfits(problem, network)
        excess = float(np.max(np.abs(rest))) - delta
        if excess < least:
            best, least = network, excess
        if excess <= 0:
            break
        held |= np.abs(rest) >= reach
        target = problem.values - np.clip(rest, -reach, reach)
        some = problem.data.changed(x=problem.points[held], y=target[held], weights=np.ones(int(np.sum(held))))
        network = repaired(Problem.of(some, problem.penalty, 0.0), network)
    return best, least

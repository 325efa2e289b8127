"""Where an excess comes from: a network, step by step with less of what costs and does nothing."""

import time
from collections.abc import Callable

import numpy as np

from minnorm.comparison import constant
from minnorm.comparison.objective import Objective
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.resources import blas_threads, left
from minnorm.solve import master
from minnorm.solve.curved import best_masses
from minnorm.solve.master import Masses
from minnorm.solve.polish import restored
from minnorm.solve.reduction import Reduced, reduce

_HELD = 1 << 22  # hidden values held at once
_GAP = 1e-11  # of the best masses


def balanced(network: ShallowReLU, problem: Problem) -> ShallowReLU:
    """The same function with |a_k| = |w_k|, or |(w_k, b_k)| where biases decay: the least decay of its rescalings."""
    return network.balance(with_bias=problem.penalty.biases_cost)


def merged(network: ShallowReLU, problem: Problem) -> ShallowReLU:
    r"""One neuron for all of one sign that are active at the same points, and none for those that do nothing there.

        sum_k a_k sigma(w_k . x + b_k) = sigma(sum_k a_k w_k . x + a_k b_k),     a_k > 0, of one activity at the data

    at every data point; the norm is less or equal by the triangle inequality. Between the data the function may change.
    Where a constant is free those that are active at all points are one neuron, of both signs, and a constant; where an
    affine term is free, no neuron.
    """
    net, penalty, x = network.to_numpy(), problem.penalty, problem.points[problem.weights > 0]
    code, lively, everywhere = _activity(net, x)
    offset, skip = float(net.offset), None if net.skip is None else np.array(net.skip)
    if penalty.affine_is_free:
        slopes = net.activation.plus * np.asarray(net.outer_weights)[everywhere]
        offset += float(slopes @ net.biases[everywhere])
        skip = (0.0 if skip is None else skip) + slopes @ net.inner_weights[everywhere]
        lively = lively & ~everywhere
    kept = np.flatnonzero(lively & (net.outer_weights != 0))
    sign = np.sign(net.outer_weights[kept])
    one = penalty.constant_is_free and penalty.biases_are_free and penalty.has_offset and net.activation.rectifies
    if one:
        sign = np.where(everywhere[kept], 1.0, sign)  # a constant makes up for the sign of what is affine on the data
    keys = np.column_stack([code[kept], sign])
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    group, count = group.reshape(-1), first.size
    scale = net.outer_weights[kept] * sign
    inner = np.stack([np.bincount(group, scale * column, count) for column in net.inner_weights[kept].T], axis=1)
    biases, outer = np.bincount(group, scale * net.biases[kept], count), sign[first]
    if one and np.any(on := everywhere[kept][first]):
        shift = np.max(-(x @ inner[on].T), axis=0)
        offset += float(np.sum(biases[on] - shift))
        biases[on] = shift
    found = ShallowReLU(inner, biases, outer, np.asarray(offset), skip, net.activation)
    some = np.linalg.norm(inner, axis=1) > 0
    if penalty.biases_cost:
        some |= biases != 0
    elif not penalty.has_offset:
        some |= net.activation(biases) != 0
    parts = {name: getattr(found, name)[some] for name in ("inner_weights", "biases", "outer_weights")}
    return balanced(ShallowReLU(**parts, offset=found.offset, skip=skip, activation=net.activation), problem)


def refitted(network: ShallowReLU, objective: Objective, deadline: float) -> ShallowReLU:
    r"""The best outer weights and free terms for the directions that a network's neurons have: a convex problem.

        min over a, c   1/S sum_i p_i loss(y_i, sum_k a_k sigma(w_k . x_i + b_k) + c) + lam sum_k |a_k| |w_k|

    and lam c^2 / 2 where the constant decays: one more point of label 0, at which no neuron is active, where squares
    are paid, and a search for c else.
    """
    problem = objective.problem.counting()
    net = network.to_numpy()
    if problem.squared or not objective.constant_decays:
        return balanced(_refitted(net, problem, deadline, with_row=objective.constant_decays)[0], problem)

    def at(c: float, limit: float) -> tuple[ShallowReLU, float, np.ndarray]:
        until = min(deadline, time.monotonic() + limit)
        found, dual = _refitted(net, constant.without_constant(problem, c), until)
        return *constant.with_constant(problem, found, c), dual

    return balanced(constant.search(problem, at, left(deadline))[0].found, problem)


def _refitted(
    net: ShallowReLU, problem: Problem, deadline: float, with_row: bool = False
) -> tuple[ShallowReLU, np.ndarray]:
    """The best outer weights and free terms, and the dual vector; `with_row` for a constant that decays."""
    reduced = reduce(problem, part=not with_row, deadline=deadline)
    w = np.asarray(net.inner_weights @ reduced.basis * reduced.radius)
    b = np.asarray(net.biases + net.inner_weights @ reduced.centre)
    cost = np.asarray(problem.penalty.atom_cost(w, b))
    live = cost > 0
    if not np.any(live):  # the solver needs a neuron: one that does nothing
        live, cost, w, b = np.ones(1, dtype=bool), np.ones(1), np.zeros((1, reduced.rank)), np.zeros(1)
    w, b = w[live] / cost[live, None], b[live] / cost[live]
    atoms = reduced.atoms(w, b)
    with blas_threads(len(problem.data)):
        if with_row:
            found = _with_row(reduced, atoms, deadline)
        else:
            found = best_masses(reduced, atoms, tolerance=_GAP, deadline=deadline)
    masses = np.where(np.any(atoms != 0, axis=0), found.masses, 0.0)
    fitted = reduced.network(w, b, masses, found.coefficients)
    if with_row:
        return fitted, np.zeros(0)
    return restored(problem, fitted, reduced.part, deadline), reduced.dual(found.nu)


def _with_row(reduced: Reduced, atoms: np.ndarray, deadline: float) -> Masses:
    """The best masses where c^2 costs as much as a point of weight lam S would."""
    origin = -reduced.centre @ reduced.basis / reduced.radius
    free = np.concatenate([reduced.free, reduced.terms.row(origin)[None]])
    values = np.append(reduced.values, 0.0)
    rho = np.append(reduced.rho, 1 / (reduced.radius * reduced.size))
    return master.solve(
        np.concatenate([atoms, np.zeros((1, atoms.shape[1]))]), free, values, rho, tolerance=_GAP, deadline=deadline
    )


def best(objective: Callable[[ShallowReLU], float], *networks: ShallowReLU) -> ShallowReLU:
    """The first of least objective: rounding errors make no step go up."""

    def value(network: ShallowReLU) -> float:
        found = objective(network)
        return found if np.isfinite(found) else np.inf

    return min(networks, key=value)


def _activity(net: ShallowReLU, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each neuron: a number for where it is active, whether it does anything, whether it is active everywhere."""
    codes, lively = [], np.zeros(net.width, dtype=bool)
    everywhere = np.ones(net.width, dtype=bool)
    rows = max(8, _HELD // max(1, net.width) // 8 * 8)
    for i in range(0, len(x), rows):
        hidden = x[i : i + rows] @ net.inner_weights.T + net.biases
        active = hidden > 0
        codes.append(np.packbits(active, axis=0))
        everywhere &= np.all(active, axis=0)
        lively |= np.any(net.activation(hidden) != 0, axis=0)
    patterns = np.ascontiguousarray(np.concatenate(codes).T)
    number = np.unique(patterns, axis=0, return_inverse=True)[1].reshape(-1) if net.width else np.zeros(0, dtype=int)
    return number, lively, everywhere

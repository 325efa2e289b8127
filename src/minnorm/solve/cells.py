"""Neurons that are active at the same points made one, which costs no more and changes nothing at the points."""

import numpy as np
from jaxtyping import Float

from minnorm.solve.reduction import Reduced

_ON = 1e-10  # distance from a point, relative to the point, at which a kink goes through it
_NOTHING = 1e-12  # of the cost of those that were made one: no neuron is left, but a constant


def merged(
    reduced: Reduced,
    weights: Float[np.ndarray, "k r"],
    biases: Float[np.ndarray, " k"],
    masses: Float[np.ndarray, " k"],
) -> tuple[Float[np.ndarray, "m r"], Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    r"""Atoms of unit cost with masses such that no two of one sign share a cell of the arrangement of points.

        sum_k a_k sigma(w_k . x_i + b_k) = sigma(sum_k a_k (w_k . x_i + b_k))    for all i, all a_k > 0,

    where for no point one of them is active and another one is not; points on kinks do not matter. The sum costs no
    more than its terms, less if they are not multiples of each other. The heaviest come first, and others join them.

    Source: Pilanci & Ergen (2020), *Neural networks are convex regularizers*: the optimum has one neuron for each cell
    and sign.
    """
    lifted = np.column_stack([reduced.points, np.ones(len(reduced.points))])
    theta = masses[:, None] * np.column_stack([weights, biases])
    order = np.argsort(-np.abs(masses), kind="stable")
    order = order[masses[order] != 0]
    sides = _sides(lifted, np.column_stack([weights, biases])[order])
    group = np.full(order.size, -1)
    for sign in (1.0, -1.0):
        which = np.flatnonzero(masses[order] * sign > 0)
        group[which] = which[_grouped(sides[:, which])]
    heads, at = np.unique(group, return_inverse=True)
    total = np.zeros((heads.size, theta.shape[1]))
    np.add.at(total, at, theta[order])
    counted = total * np.append(np.ones(reduced.rank), float(reduced.problem.penalty.biases_cost))
    cost, before = np.linalg.norm(counted, axis=1), np.bincount(at, np.abs(masses[order]), heads.size)
    left = cost > _NOTHING * before
    signed = (cost * np.sign(masses[order[heads]]))[left]
    places = total[left] / signed[:, None]
    alone = np.bincount(at, minlength=heads.size)[left] == 1  # these keep their last digits
    own = order[heads[left]][alone]
    places[alone, :-1], places[alone, -1], signed[alone] = weights[own], biases[own], masses[own]
    return places[:, :-1], places[:, -1], signed


def _sides(lifted: np.ndarray, atoms: np.ndarray) -> np.ndarray:
    """1 where an atom is active, -1 where it is not, 0 on its kink: shape (n, k)."""
    at = lifted @ atoms.T
    size = np.linalg.norm(lifted, axis=1)[:, None] * np.linalg.norm(atoms, axis=1)
    return np.where(np.abs(at) <= _ON * size, 0.0, np.sign(at)).astype(np.float32)


def _grouped(sides: np.ndarray) -> np.ndarray:
    """For each atom the number of the first that it shares a cell with, its own if there is none."""
    own = np.arange(sides.shape[1])
    apart = np.maximum(sides, 0).T @ np.maximum(-sides, 0)  # points on the one side of one, on the other of another
    alike = (apart + apart.T) == 0
    if not np.any(np.tril(alike, -1)):
        return own
    head, cells = own.copy(), sides.copy()
    for k in np.flatnonzero(np.any(np.tril(alike, -1), axis=1)).tolist():
        for first in np.flatnonzero(alike[k, :k]).tolist():
            # What has joined has closed some of the points that were on the kink.
            if head[first] == first and np.all(cells[:, first] * cells[:, k] >= 0):
                head[k] = first
                cells[:, first] = np.where(cells[:, first] != 0, cells[:, first], cells[:, k])
                break
    return head

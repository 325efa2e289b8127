"""An interpolant that is always at hand: a function of one direction, added to whatever does not interpolate yet."""

import numpy as np
from jaxtyping import Float

from minnorm.solve.reduction import Reduced

_DIRECTIONS = 64
_PASSES = 2  # the second for the rounding errors of the first


def interpolated(
    reduced: Reduced,
    weights: Float[np.ndarray, "k r"],
    biases: Float[np.ndarray, " k"],
    masses: Float[np.ndarray, " k"],
    coefficients: Float[np.ndarray, " q"],
) -> tuple[Float[np.ndarray, "l r"], Float[np.ndarray, " l"], Float[np.ndarray, " l"]]:
    r"""Weights, biases and masses of a network that interpolates: the given one and a broken line for what it misses.

        g(x) = sum_k a_k relu(u . x - t_k),    t_k before the k-th point along u,    g(x_i) = y_i - f(x_i)

    u is the one of some random directions along which the two nearest points are furthest apart. It takes O(n log n),
    where the least change of masses takes O(n^3), and costs more norm, in proportion to what is missed.
    """
    x = reduced.points
    directions = np.random.default_rng(0).normal(size=(_DIRECTIONS, x.shape[1]))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    places = np.sort(x @ directions.T, axis=0)
    u = directions[int(np.argmax(np.min(np.diff(places, axis=0), axis=0, initial=np.inf)))]
    along = x @ u
    order = np.argsort(along, kind="stable")
    t = along[order]
    kinks = np.concatenate([[t[0] - max(float(np.ptp(t)), 1.0)], t[:-1]])
    new_weights, new_biases = np.tile(u, (t.size, 1)), -kinks
    cost = np.hypot(1.0, new_biases) if reduced.problem.penalty.biases_cost else np.ones(t.size)
    new_weights, new_biases = new_weights / cost[:, None], new_biases / cost
    new_masses = np.zeros(t.size)
    for _ in range(_PASSES):
        missed = reduced.values - reduced.free @ coefficients - reduced.atoms(weights, biases) @ masses
        missed = missed - reduced.atoms(new_weights, new_biases) @ new_masses
        steps = np.diff(missed[order], prepend=0.0)
        # Points that are one along u get what the first of them lacks.
        slopes = np.divide(steps, t - kinks, out=np.zeros(t.size), where=t > kinks)
        new_masses = new_masses + np.diff(slopes, prepend=0.0) * cost
    return (
        np.concatenate([weights, new_weights]),
        np.concatenate([biases, new_biases]),
        np.concatenate([masses, new_masses]),
    )

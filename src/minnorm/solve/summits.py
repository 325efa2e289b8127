"""Squares on the line with penalised biases: atoms at the summits of the certificate, solved exactly and merged."""

from collections.abc import Callable

import numpy as np

from minnorm.objective.loss import Squared
from minnorm.resources import past
from minnorm.solve.found import Found, dual_bound
from minnorm.solve.pricing.line import LinePricer
from minnorm.solve.pricing.pool import cuts, thinned
from minnorm.solve.reduction import Reduced
from minnorm.solve.settle import settle

_ROUNDS = 60
_SEED = 1e-6  # of the labels: what a new atom begins with, of the sign that lowers the objective
_VAIN = 12  # rounds without progress that are enough
_PROGRESS = 0.9  # of the gap: what is left of it after progress


def climb(
    reduced: Reduced,
    best: Found,
    pricer: LinePricer,
    tolerance: float,
    deadline: float,
    show: Callable[[float, float], None],
) -> None:
    r"""Rounds that improve `best` until the gap has closed, or until they bring nothing any more.

    Each prices the network's own residual, at O(n); the maxima of |h| beyond 1 join the atoms, which are few, and
    `settle` finds the best masses on them. Atoms (w, b) of one sign that are active at the same points become their
    sum: the fit does not change, and |(w, b)| is convex. So knots approach the places where |h| = 1 touches, each from
    both sides, and the gap closes as in an exchange method.

    Source: Bredies & Pikkarainen (2013), *Inverse problems in spaces of measures*, for inserting atoms at maxima.
    """
    assert isinstance(reduced.loss, Squared)
    weights, biases, masses = best.weights, best.biases, best.masses
    coefficients, nu = best.coefficients, best.nu
    empty = np.zeros((0, 1)), np.zeros(0)
    seed = _SEED * float(np.max(np.abs(reduced.values)))
    least, vain = np.inf, 0
    for rounds in range(1, _ROUNDS + 1):
        priced = pricer.price(nu, *empty)
        bound, feasible = dual_bound(reduced, nu, priced.largest)
        if bound > best.bound:
            best.take(bound=bound, nu=feasible)
        show(best.value, best.bound)
        vain = 0 if best.gap < _PROGRESS * least else vain + 1
        least = min(least, best.gap)
        if best.gap <= tolerance or vain > _VAIN or past(deadline):
            break
        new = thinned(priced, *cuts(priced.largest), nu.size)
        weights, biases = np.concatenate([weights, new[0]]), np.concatenate([biases, new[1]])
        values = reduced.atoms(weights, biases)
        fresh = values[:, masses.size :]
        masses = np.concatenate([masses, seed * np.sign(nu @ fresh) / np.max(np.abs(fresh), axis=0)])

        def misfit(a: np.ndarray, c: np.ndarray, values: np.ndarray = values) -> np.ndarray:
            return reduced.values - values @ a - reduced.free @ c

        masses, coefficients = settle(
            values, reduced.free, reduced.rho, np.ones(masses.size), masses, coefficients, misfit, deadline
        )
        weights, biases, masses = merged(pricer, weights, biases, masses)
        rest = reduced.loss.moved(reduced.atoms(weights, biases) @ masses)
        free = reduced.free @ coefficients
        value = float(np.sum(np.abs(masses))) + rest.value(free)
        nu = rest.slope(free)
        nu = nu - reduced.free @ (reduced.free.T @ nu) / nu.size
        if value < best.value:
            parts = {"masses": masses, "coefficients": coefficients, "rounds": rounds}
            best.take(value=value, weights=weights, biases=biases, **parts)
    best.take(ending="closed" if best.gap <= tolerance else "time" if past(deadline) else "stalled")


def merged(
    pricer: LinePricer, weights: np.ndarray, biases: np.ndarray, masses: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One atom for all of a sign that are active at the same points, and masses that leave the values as they are."""
    live = masses != 0
    if not np.any(live):
        return weights[live], biases[live], masses[live]
    w, b, a = weights[live, 0], biases[live], masses[live]
    with np.errstate(divide="ignore", invalid="ignore"):
        knot = np.where(w == 0, -np.inf, -b / w)
    n = pricer.points.size
    ahead, behind = n - np.searchsorted(pricer.points, knot), np.searchsorted(pricer.points, knot, side="right")
    active = np.where(w < 0, -behind, ahead)  # so many points, on this side of the knot
    active = np.where(np.abs(active) == n, n, active) * 2 + (a > 0)
    _, group = np.unique(active, return_inverse=True)
    along, level = np.bincount(group, a * w), np.bincount(group, a * b)
    signs = np.sign(np.bincount(group, a))
    sizes = pricer.cost(along[:, None], level)
    return (along * signs / sizes)[:, None], level * signs / sizes, signs * sizes

"""As many neurons as the optimum has: what a gap leaves beside them is gathered, and their places made exact."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.spatial import KDTree

from minnorm.resources import past
from minnorm.solve import support
from minnorm.solve.motion import Motion
from minnorm.solve.pace import fits
from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.reduction import Reduced
from minnorm.solve.settle import inverse, settle

TIMES = 12
"""How often atoms are gathered and moved, at most."""

_STEPS = 12
_NEAR, _NEARER = 0.1, 0.1  # as vectors (w, b): an atom this close to a maximum belongs to it; what is tried next
_ALIKE = 1e-6  # as such vectors: kinks this close are one
_SAME = 1e-12  # of the objective: no change
_UNKNOWNS = 1500  # beyond so many the Newton steps would take longer than the rest


@dataclass(frozen=True)
class Sparse:
    """Atoms of unit cost with masses, the free terms' coefficients, the objective and its own dual vector."""

    weights: Float[np.ndarray, "k r"]
    biases: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, " q"]
    value: float
    nu: Float[np.ndarray, " n"]


def tidied(
    reduced: Reduced,
    weights: Float[np.ndarray, "k r"],
    biases: Float[np.ndarray, " k"],
    masses: Float[np.ndarray, " k"],
    coefficients: Float[np.ndarray, " q"],
    deadline: float = math.inf,
    times: int = TIMES,
) -> Sparse:
    r"""A network with lam > 0 that is near the optimum, as one with the optimum's own atoms, if they can be found.

    Near an optimum each atom is near a maximum of |h| for the network's own residual. So atoms move to the maxima that
    ascents from them reach, those of one maximum become one, and then all atoms and masses move together by Newton
    steps: with theta_k = a_k (w_k, b_k) and the points on each side of each kink fixed, sigma' with them,

        sum_k |theta_k| + 1/2 sum_i (y_i - sum_k sigma'_ki theta_k . (x_i, 1) - free terms)^2 / rho_i

    is convex and smooth. Kinks through points, at which |h| has edges, stay there. Both are repeated until nothing
    moves, `times` at most, or until `deadline`, a `time.monotonic` moment.

    Source: Denoyelle, Duval, Peyre & Soubies (2020), *The sliding Frank-Wolfe algorithm*, for moving atoms and masses
    together; Pilanci & Ergen (2020), *Neural networks are convex regularizers*, for convexity within a cell.
    """
    best = settled(reduced, weights, biases, masses, coefficients, deadline)
    near = _NEAR
    for _ in range(times):
        if best.masses.size == 0 or past(deadline):
            break
        maxima = oracle.search(
            reduced.points,
            best.nu,
            reduced.problem.penalty.bias,
            best.weights,
            best.biases,
            sigma=reduced.problem.penalty.activation,
            threads=1,
            deadline=deadline,
        )
        moved = _slid(reduced, _gathered(reduced, best, maxima, near, deadline), deadline)
        if moved.value > best.value * (1 + _SAME):
            near *= _NEARER  # atoms have been taken for one that are not
            if near < _ALIKE:
                break
            continue
        unchanged = moved.value > best.value * (1 - _SAME) and moved.masses.size == best.masses.size
        best = moved
        if unchanged:
            break
    aligned = _aligned(best)
    if not fits(support.operations(len(reduced.points), best.masses.size), deadline):
        return best
    sparse = support.sparsify(reduced.atoms(*aligned), reduced.free, best.masses)
    fewer = settled(reduced, *aligned, sparse, best.coefficients, deadline)
    return fewer if fewer.value <= best.value * (1 + 10 * _SAME) else best


def _aligned(here: Sparse) -> tuple[np.ndarray, np.ndarray]:
    """The atoms with kinks that almost agree made the same, whichever side they face."""
    places = np.column_stack([here.weights, here.biases])
    order = np.argsort(-np.abs(here.masses), kind="stable")
    heavier = places[order]
    for k in range(1, len(order)):
        for sign in (1.0, -1.0):
            distance = np.linalg.norm(heavier[:k] - sign * heavier[k], axis=1)
            nearest = int(np.argmin(distance))
            if distance[nearest] <= _ALIKE:
                heavier[k] = sign * heavier[nearest]
    places[order] = heavier
    return places[:, :-1], places[:, -1]


def settled(
    reduced: Reduced,
    weights: np.ndarray,
    biases: np.ndarray,
    masses: np.ndarray,
    coefficients: np.ndarray,
    deadline: float = math.inf,
) -> Sparse:
    """The best masses, of the signs they have, on given atoms; those that are best without mass are left out."""
    live = masses != 0
    weights, biases, masses = weights[live], biases[live], masses[live]
    atoms = reduced.atoms(weights, biases)

    def misfit(a: np.ndarray, c: np.ndarray) -> np.ndarray:
        return reduced.values - atoms @ a - reduced.free @ c

    masses, coefficients = settle(
        atoms, reduced.free, reduced.rho, np.ones(masses.size), masses, coefficients, misfit, deadline
    )
    loss, free, live = reduced.loss.moved(atoms @ masses), reduced.free @ coefficients, masses != 0
    value = float(np.sum(np.abs(masses))) + loss.value(free)
    nu = loss.slope(free)
    nu = nu - reduced.free @ (reduced.free.T @ nu) / nu.size
    return Sparse(weights[live], biases[live], masses[live], coefficients, value, nu)


def _gathered(reduced: Reduced, here: Sparse, maxima: Atoms, reach: float, deadline: float) -> Sparse:
    """Each atom's mass at the nearest maximum of its sign, or where it is if there is none near it."""
    masses, stay = np.zeros(maxima.values.size), np.ones(here.masses.size, dtype=bool)
    for sign in (1.0, -1.0):
        old, new = np.flatnonzero(here.masses * sign > 0), np.flatnonzero(maxima.values * sign > 0)
        if old.size == 0 or new.size == 0:
            continue
        tree = KDTree(np.column_stack([maxima.weights, maxima.biases])[new])
        found = tree.query(np.column_stack([here.weights, here.biases])[old])
        distance, nearest = (np.asarray(part) for part in found)
        near = distance <= reach
        np.add.at(masses, new[nearest[near]], here.masses[old[near]])
        stay[old[near]] = False
    weights = np.concatenate([maxima.weights, here.weights[stay]])
    biases = np.concatenate([maxima.biases, here.biases[stay]])
    return settled(reduced, weights, biases, np.concatenate([masses, here.masses[stay]]), here.coefficients, deadline)


def _slid(reduced: Reduced, here: Sparse, deadline: float) -> Sparse:
    """Newton steps of all atoms and masses together, as long as no kink meets another point."""
    lifted = np.column_stack([reduced.points, np.ones(len(reduced.points))])
    for _ in range(_STEPS):
        if here.masses.size == 0:
            return here
        motion = Motion.of(reduced, lifted, here.weights, here.biases, here.masses)
        if motion.unknowns + here.coefficients.size > _UNKNOWNS:
            return here
        taken = _taken(reduced, motion, here, deadline)
        if taken is None:
            return here
        there, blocked = taken
        if there.value >= here.value * (1 - 1e-15):
            return here
        here = there
        if blocked:
            break
    return here


def _taken(reduced: Reduced, motion: Motion, here: Sparse, deadline: float) -> tuple[Sparse, bool] | None:
    """Where a Newton step leads, and whether a kink met a point on the way; None without time for it."""
    free = np.zeros(here.coefficients.size)
    if not fits(2 * len(reduced.points) * (motion.unknowns + free.size) ** 2, deadline):
        return None
    root = np.sqrt(reduced.loss.curvature(here.nu))
    matrix = np.concatenate([motion.columns, reduced.free], axis=1) / root[:, None]
    rest = here.nu * root
    hessian = matrix.T @ matrix + np.asarray(scipy.linalg.block_diag(*motion.bends, np.zeros((free.size, free.size))))
    size = np.sqrt(np.maximum(np.diagonal(hessian), np.finfo(float).tiny))
    slope = matrix.T @ rest - np.concatenate([motion.pulls, free])
    solved = inverse(hessian / size[:, None] / size, deadline)
    if solved is None:
        return None
    change = solved(slope / size) / size
    weights, biases, masses, share, _ = motion.moved(change[: motion.unknowns], 0.999)
    coefficients = here.coefficients + share * change[motion.unknowns :]
    return settled(reduced, weights, biases, masses, coefficients, deadline), share < 1

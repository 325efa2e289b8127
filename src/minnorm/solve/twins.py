"""Points that rounding errors alone tell apart: merged where labels need not be met, named where they cannot be."""

import math

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from minnorm.nearest import nearest_pair
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve.polish import misfits

_TWINS = 1e-13  # of the extent: points this close are one where labels need not be met
_MISSED = 1e-6  # of the labels' range: a network that misses them by more is no interpolant
_FATAL = (1e-13, 1e-11)  # of the extent: points this close are what fails; what no interpolant was found for


def without_twins(points: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct points (n, d), one for all that are within rounding errors of each other, and the group of each."""
    extent = float(np.max(np.ptp(points, axis=0)))
    reach = _TWINS * extent
    if not (math.isfinite(extent) and reach > 0):
        return points, group
    if points.shape[1] == 1:  # and in order
        first = np.diff(points[:, 0], prepend=-np.inf) > reach
        return points[first], (np.cumsum(first) - 1)[group]
    if _apart(points, reach):
        return points, group
    pairs = KDTree(points).query_pairs(reach, output_type="ndarray")
    if len(pairs) == 0:
        return points, group
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2)
    cluster = connected_components(links, directed=False)[1]
    _, first, merged = np.unique(cluster, return_index=True, return_inverse=True)
    return points[first], merged.reshape(-1)[group]


def _apart(points: np.ndarray, reach: float) -> bool:
    """Whether one direction is enough to see that no two points are within `reach`: quick, and almost always so."""
    u = np.random.default_rng(0).normal(size=points.shape[1])
    moved = points - points[0]
    steps = np.diff(np.sort(moved @ (u / np.linalg.norm(u))))
    rounding = 4 * (u.size + 4) * np.finfo(float).eps * float(np.max(np.linalg.norm(moved, axis=1)))
    return bool(np.min(steps, initial=np.inf) > 2 * reach + rounding)


def distances_to_twins(points: np.ndarray) -> Float[np.ndarray, " N"]:
    """How far each point is from the one that `without_twins` has in its place."""
    distinct, group = np.unique(points, axis=0, return_inverse=True)
    merged, group = without_twins(distinct, group.reshape(-1))
    return np.linalg.norm(points - merged[group], axis=1) if len(merged) < len(distinct) else np.zeros(len(points))


def reject_twins(problem: Problem, solution: Solution) -> None:
    """Raise ValueError where there is no interpolant and rounding errors alone tell two points apart."""
    counting = problem.counting()
    missed = float(np.max(np.abs(misfits(counting, solution.network)))) > _MISSED * float(np.ptp(counting.values))
    name_twins(problem, _FATAL[missed])


def name_twins(problem: Problem, share: float = _FATAL[1]) -> None:
    """Raise ValueError with the nearest pair of points if they are at most a `share` of the extent apart."""
    live = np.flatnonzero(problem.weights)
    pair, distance = nearest_pair(problem.points[live])
    i, j = live[list(pair)].tolist()
    if distance <= share * float(np.max(np.ptp(problem.points, axis=0))):
        raise ValueError(
            f"points {i} and {j} are {distance:.1g} apart, which is a rounding error of such points, and their values "
            f"are {problem.values[i]} and {problem.values[j]}; no network in float64 interpolates both: make them one "
            "point, or use lam > 0"
        )

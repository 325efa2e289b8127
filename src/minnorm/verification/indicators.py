r"""What it costs to correct a network whose neurons read few columns: bumps in some columns, sums of them elsewhere.

Let u_k be a function of the columns S that is 1 at one of the distinct rows of x_S and 0 at the others, and B_k a
bound of its norm (`minnorm.verification.price`). A point that is alone in some x_S has such a function of its own.
Points that share all their entries with others need sums: with A_ik = u_k(x_i), a matrix of zeros and ones, any matrix
R for which E = A R - 1 has |E|_inf = e < 1 gives c = R (1 + E)^-1 r with A c = r exactly, so that

    min {[g] : g(x_i) = r_i}  <=  sum_k B_k |c_k|  <=  sum_k B_k sum_i |R_ki| (|r_i| + e/(1-e) |r|_inf)

whichever numbers R are: floating point may choose them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from minnorm.objective.problem import Problem
from minnorm.verification.exact import UP, gamma, total
from minnorm.verification.subsets import sets

_ENTRIES = 3 * 10**7  # of the matrix A
_LARGEST = 0.5  # |E|

Bumps = Callable[[Problem], np.ndarray]
"""Bounds of the norms of functions that are 1 at one of the points of a problem, all distinct, and 0 at the others."""


class _Rows(NamedTuple):
    """For a set of columns: which of the distinct rows a point has (n,), and what their bumps cost."""

    group: np.ndarray
    costs: np.ndarray


def least_norm(problem: Problem, misfit: np.ndarray, bumps: Bumps) -> float:
    """A bound above the least norm of a function with values up to `misfit` (n,) at the points; infinite if none is
    known."""
    places, first = np.unique(problem.points, axis=0, return_index=True)
    r = misfit[first]
    inputs = problem.penalty.inputs or places.shape[1]
    rows = [_rows(problem, places[:, list(chosen)], bumps) for chosen in sets(places.shape[1], inputs)]
    alone = np.full(len(places), np.inf)
    for group, costs in rows:
        count = np.bincount(group)
        alone = np.minimum(alone, np.where(count[group] == 1, costs[group], np.inf))
    wanted = r > 0
    if np.all(np.isfinite(alone[wanted])):
        return total(r[wanted] * alone[wanted] * UP) * UP
    return _by_sums(rows, r)


def _rows(problem: Problem, entries: np.ndarray, bumps: Bumps) -> _Rows:
    distinct, group = np.unique(entries, axis=0, return_inverse=True)
    ones = np.ones(len(distinct))
    return _Rows(group.reshape(-1), bumps(problem.changed(points=distinct, values=ones, weights=ones)))


def _by_sums(rows: list[_Rows], r: np.ndarray) -> float:
    n, costs = len(r), np.concatenate([costs for _, costs in rows])
    if n * costs.size > _ENTRIES or not np.all(np.isfinite(costs)):
        return np.inf
    shift = np.cumsum([0] + [part.costs.size for part in rows[:-1]])
    columns = np.stack([part.group + start for part, start in zip(rows, shift, strict=True)], axis=1)
    a = np.zeros((n, costs.size))
    a[np.arange(n)[:, None], columns] = 1.0
    cheap = 1 / np.maximum(costs, np.min(costs, initial=1.0, where=costs > 0)) ** 2
    cheap = cheap / np.max(cheap)
    try:
        right = cheap[:, None] * np.linalg.solve((a * cheap) @ a.T, a).T
    except np.linalg.LinAlgError:
        return np.inf
    size = np.abs(right)
    defect = np.abs(a @ right - np.eye(n)) + gamma(costs.size + 2) * (a @ size + np.eye(n))
    e = float(np.max(np.sum(defect, axis=1))) * (1 + gamma(2 * costs.size))
    if not e <= _LARGEST:
        return np.inf
    reach = (r + e / (1 - e) * UP * float(np.max(r))) * UP
    return total(costs * (size @ reach)) * (1 + gamma(2 * n)) * UP

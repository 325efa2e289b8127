"""Functions that are sums of functions of few columns: whether any of them has the values that are asked for."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
from jaxtyping import Float
from scipy.sparse.linalg import lsmr

from minnorm.objective.problem import Problem

_MISSED = 1e-9  # of the labels: sums that come so near are taken to meet them
_DENSE = 4e6  # entries of a matrix that is decomposed
_EXACTLY = 1e-14


def groups(points: Float[np.ndarray, "n d"], inputs: int) -> Iterator[np.ndarray]:
    """For each set of `inputs` columns, which rows are equal in them: a number for each, shape (n,)."""
    d = points.shape[1]
    for chosen in itertools.combinations(range(d), min(inputs, d)):
        yield np.unique(points[:, chosen], axis=0, return_inverse=True)[1].reshape(-1)


def refuse_unreachable(problem: Problem) -> None:
    r"""ValueError where labels must be met, or constraints kept, and no network with so few inputs to a neuron does so.

    A function of the columns S has any values at the distinct rows of x_S, so that the sums of such functions are the
    span of the indicators of these rows.
    """
    x, y, inputs = problem.points, problem.values, problem.penalty.inputs
    if problem.lam > 0 or inputs is None or not problem.penalty.restricts(x.shape[1]):
        return
    columns = f"{inputs} column{'s' * (inputs > 1)} each"
    parts = []
    for group in groups(x, inputs):
        if int(np.max(group)) + 1 == len(x):
            return
        ones = np.ones(len(x))
        parts.append(scipy.sparse.csr_matrix((ones, (np.arange(len(x)), group))))
    indicators = scipy.sparse.csr_matrix(scipy.sparse.hstack(parts))
    if problem.loss.argument == "margin":
        if not _nearest(scipy.sparse.csr_matrix(indicators.multiply(-y[:, None])), -np.ones(len(y))) < 1:
            raise ValueError(
                f"no sum of functions of {columns} has the sign of every label; use fit with a loss, or more inputs"
            )
        return
    if problem.constrained:
        both = scipy.sparse.csr_matrix(scipy.sparse.vstack([indicators, -indicators]))
        missed, allowed = _nearest(both, np.concatenate([y, -y])), problem.loss.numbers[0]
    else:
        missed, allowed = _missed(indicators, y - y.mean()), 0.0
    if missed > allowed + _MISSED * float(np.max(np.abs(y - y.mean()))):
        raise ValueError(
            f"no sum of functions of {columns} is {'y' if allowed == 0 else 'near enough to y'} at all points, the "
            f"nearest misses it by {missed:.2g}; use fit with lam > 0, or more inputs"
        )


def _nearest(rows: scipy.sparse.csr_matrix, most: np.ndarray) -> float:
    """The least t with rows c <= most + t for some c."""
    n, p = len(most), int(np.max(rows.indices)) + 1
    system = scipy.sparse.hstack([rows, scipy.sparse.csr_matrix(-np.ones((n, 1)))])
    cost = np.append(np.zeros(p), 1.0)
    found: Any = scipy.optimize.linprog(cost, system.tocsr(), most, bounds=[*[(None, None)] * p, (0, None)])
    return float(found.fun)


def _missed(indicators: scipy.sparse.csr_matrix, y: np.ndarray) -> float:
    n, p = len(y), int(np.max(indicators.indices)) + 1
    if n * p <= _DENSE:
        dense = indicators.toarray()
        best = np.linalg.lstsq(dense, y, rcond=None)[0]
    else:
        found: Any = lsmr(indicators, y, atol=_EXACTLY, btol=_EXACTLY, maxiter=20 * n)
        best = found[0]
    return float(np.max(np.abs(y - indicators @ best)))

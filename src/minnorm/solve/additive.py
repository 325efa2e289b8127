"""Functions that are sums of functions of few columns: whether any of them has the values that are asked for."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
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
    r"""ValueError where labels must be met and no network with so few inputs to a neuron meets them.

    A function of the columns S has any values at the distinct rows of x_S, so that the sums of such functions are the
    span of the indicators of these rows.
    """
    x, y, inputs = problem.points, problem.values, problem.penalty.inputs
    if problem.lam > 0 or inputs is None or not problem.penalty.restricts(x.shape[1]):
        return
    parts = []
    for group in groups(x, inputs):
        if int(np.max(group)) + 1 == len(x):
            return
        ones = np.ones(len(x))
        parts.append(scipy.sparse.csr_matrix((ones, (np.arange(len(x)), group))))
    missed = _missed(scipy.sparse.csr_matrix(scipy.sparse.hstack(parts)), y - y.mean())
    if missed > _MISSED * float(np.max(np.abs(y - y.mean()))):
        raise ValueError(
            f"no sum of functions of {inputs} column{'s' * (inputs > 1)} each is y at all points, the nearest misses "
            f"it by {missed:.2g}; use fit with lam > 0, or more inputs"
        )


def _missed(indicators: scipy.sparse.csr_matrix, y: np.ndarray) -> float:
    n, p = len(y), int(np.max(indicators.indices)) + 1
    if n * p <= _DENSE:
        dense = indicators.toarray()
        best = np.linalg.lstsq(dense, y, rcond=None)[0]
    else:
        found: Any = lsmr(indicators, y, atol=_EXACTLY, btol=_EXACTLY, maxiter=20 * n)
        best = found[0]
    return float(np.max(np.abs(y - indicators @ best)))

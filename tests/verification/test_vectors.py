"""The supremum of sums with vector entries: against draws, the solver's dual vectors, and what is infinite."""

import math

import numpy as np
import pytest

from minnorm.solve import interpolate
from minnorm.verification.vectors import vector_supremum


def exact(vectors):
    """The same on a grid of 2^-20, with a sum of zero."""
    vectors = np.round(vectors * 2**20) / 2**20
    vectors[-1] -= vectors.sum(axis=0)
    return vectors


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_largest_that_is_drawn(seed):
    rng = np.random.default_rng(seed)
    x, nu = rng.normal(size=(7, 2)), exact(rng.normal(size=(7, 1 + seed % 3)))
    if seed % 2:
        x = np.round(x)  # equal points, points on lines
    angle = np.linspace(0, 2 * np.pi, 60_001)
    place = np.column_stack([np.cos(angle), np.sin(angle)]) @ x.T
    drawn = max(np.max(np.linalg.norm(np.maximum(place - place[:, [i]], 0) @ nu, axis=1)) for i in range(7))
    found = vector_supremum(x, nu)
    assert drawn <= found
    assert found == pytest.approx(drawn, rel=1e-4)


def test_a_dual_vector_of_the_solver_has_one():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(12, 2)), rng.normal(size=12)
    nu = exact(interpolate(x, y).dual[:, None])
    assert vector_supremum(x, nu) == pytest.approx(1.0, abs=1e-5)
    along = nu * np.array([[0.75, 1.0]])  # all values in one direction, of length 1.25
    assert vector_supremum(x, along) == pytest.approx(1.25 * vector_supremum(x, nu), rel=1e-9)


def test_a_sum_that_is_not_zero_has_none():
    assert vector_supremum(np.eye(2), np.array([[1.0], [-1.0 + 1e-16]])) == math.inf
    assert vector_supremum(np.eye(2), np.array([[np.nan], [1.0]])) == math.inf

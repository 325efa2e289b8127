"""Equal points are one point that counts more often; and the order of points has no part in what is found."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.problem import Problem
from minnorm.solve.gathering import Gathered

rng = np.random.default_rng(3)
X = rng.normal(size=(12, 2))
LABELS = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
TIMES = np.array([1, 3, 0, 2, 1, 1, 0, 1, 2, 1, 1, 1])


@pytest.mark.parametrize("loss", [pytest.param("logistic", marks=pytest.mark.slow), "hinge", "huber:0.5"])
def test_repeated_points_in_any_order_are_weighted_ones(loss):
    order = rng.permutation(TIMES.sum())
    rows = np.repeat(np.arange(12), TIMES)[order]
    weighted = mn.fit(X, LABELS, 0.02, loss=loss, sample_weight=TIMES)
    repeated = mn.fit(X[rows], LABELS[rows], 0.02, loss=loss)
    assert weighted.certified
    assert repeated.certified
    assert weighted.network == repeated.network
    np.testing.assert_allclose(repeated.dual, (weighted.dual / np.maximum(TIMES, 1))[rows], rtol=1e-14)
    assert np.all(weighted.dual[TIMES == 0] == 0)


def test_equal_points_of_different_values_stay_two():
    problem = Problem([[1.0], [0.0], [1.0], [1.0]], [1.0, 1.0, -1.0, 1.0], lam=0.1, loss="hinge")
    found = Gathered.of(problem)
    np.testing.assert_array_equal(found.problem.points[:, 0], [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(found.problem.values, [1.0, -1.0, 1.0])
    np.testing.assert_array_equal(found.problem.weights / found.problem.weights[0], [1.0, 1.0, 2.0])


def test_points_that_pay_squares_stay_as_they_are():
    problem = Problem([[1.0], [0.0], [1.0]], [1.0, 1.0, -1.0], lam=0.1, weights=[1.0, 1.0, 0.0])
    found = Gathered.of(problem)
    np.testing.assert_array_equal(found.problem.points[:, 0], [1.0, 0.0])

"""What each column adds to a network."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.measure import parts
from minnorm.network import ShallowReLU

X = np.random.default_rng(1).normal(size=(20, 3))
NET = ShallowReLU(
    np.array([[2.0, 0.0, 0.0], [0.0, 1.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    np.array([0.1, 0.2, 0.3, 2.0]),
    np.array([1.0, -2.0, 0.5, 0.25]),
    np.array(0.7),
    np.array([0.0, 0.0, 3.0]),
)


def test_parts_are_centred_and_their_sum_is_the_network():
    found = parts(NET, X)
    assert {part.columns for part in found} == {(0,), (1, 2), (2,)}
    assert np.allclose(found.at(X).mean(axis=0), 0, atol=1e-14)
    assert np.allclose(found.constant + found.at(X).sum(axis=1), NET.evaluate(X), atol=1e-13)
    other = X + 5  # nowhere near the data
    assert np.allclose(found.constant + found.at(other).sum(axis=1), NET.evaluate(other), atol=1e-12)
    assert [part.importance for part in found] == sorted((np.std(part(X)) for part in found), reverse=True)


def test_a_part_knows_its_own_columns_alone():
    part = parts(NET, X).of(2, 1)
    moved = X.copy()
    moved[:, 0] += 7
    assert np.array_equal(part(X), part(moved))
    with pytest.raises(ValueError, match=r"columns are \(0, 1\); there are parts of"):
        parts(NET, X).of(0, 1)


def test_points_count_as_often_as_they_do():
    weights = np.arange(20.0)
    found = parts(NET, X, weights)
    assert np.allclose(weights @ found.at(X), 0, atol=1e-12)
    repeated = parts(NET, np.repeat(X, np.arange(20), axis=0))
    assert [part.importance for part in repeated] == pytest.approx([part.importance for part in found])


def test_a_solution_has_the_parts_that_its_neurons_read():
    y = np.abs(X[:, 0]) + X[:, 1]
    solution = mn.fit(X, y, 1e-2, penalty=mn.PathNorm(inputs=1))
    found = solution.parts(X)
    assert max(len(part.columns) for part in found) == 1
    assert np.allclose(found.constant + found.at(X).sum(axis=1), solution(X), atol=1e-13)

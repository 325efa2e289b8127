"""Means over groups: equal to the last bit on orbits, with bounds that are no worse; only where data are symmetric."""

import itertools

import numpy as np
from tests.problems import cross

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.symmetry import symmetrised
from minnorm.verification.branching import bound


def cube(d, low=-1.0):
    return np.array(list(itertools.product([low, 1.0], repeat=d)))


def parity(x):
    return (x > 0).sum(axis=1) % 2.0


def noisy(n, seed=0):
    nu = np.random.default_rng(seed).normal(size=n)
    return nu - nu.mean()


def test_orbits_get_their_mean():
    points, labels = cross(4)
    nu = noisy(9)
    out = symmetrised(Problem(points, labels), nu)
    assert out[0] == nu[0]
    assert set(out[1:]) == {float(np.mean(nu[1:]))}


def test_reflections_that_turn_the_labels_round_change_the_sign():
    points = cube(4, 0.0)
    labels = parity(points)
    out = symmetrised(Problem(points, labels), noisy(16))
    assert len(set(np.abs(out))) == 1
    assert np.array_equal(np.sign(out) * np.sign(out[0]), np.where(labels == labels[0], 1.0, -1.0))


def test_what_is_turned_into_its_own_opposite_is_zero():
    points = np.concatenate([np.zeros((1, 4)), np.eye(4), -np.eye(4)])
    out = symmetrised(Problem(points, points[:, 0]), noisy(9))
    assert out[0] == 0
    assert out[1] == -out[5] != 0
    assert not np.any(out[[2, 3, 4, 6, 7, 8]])


def test_labels_that_turn_round_a_constant_need_a_free_one():
    points = cube(4)
    labels = parity(points)
    nu = np.random.default_rng(0).normal(size=16)
    penalty = PathNorm("penalised", offset="none")
    out = symmetrised(Problem(points, labels, penalty), nu)  # exchanges are left, also with both signs
    assert len(set(out)) == len(set(np.abs(out))) == 2
    assert len(set(np.abs(symmetrised(Problem(points, labels, PathNorm("penalised")), nu)))) == 1


def test_penalised_biases_have_no_other_centre():
    points = cube(4, 0.0)
    nu = noisy(16)
    out = symmetrised(Problem(points, parity(points), PathNorm("penalised")), nu)
    assert len(set(out)) == 5


def test_the_bound_gets_no_worse():
    points, labels = cube(4), parity(cube(4))
    nu = labels - 0.5 + 0.3 * noisy(16)
    out = symmetrised(Problem(points, labels), nu)

    def proved(dual):
        return dual @ labels / bound(points, dual - dual.mean(), True, 0.0)[1]

    assert proved(out) >= proved(nu)


def test_nothing_is_changed_without_symmetry_or_with_equal_points():
    rng = np.random.default_rng(0)
    x, nu = rng.normal(size=(8, 4)), noisy(8)
    assert symmetrised(Problem(x, rng.normal(size=8)), nu) is nu
    points, labels = cross(4)
    points, labels = np.concatenate([points, points[:1]]), np.append(labels, labels[0])
    nu = noisy(10)
    assert symmetrised(Problem(points, labels), nu) is nu
    assert symmetrised(Problem(*cross(3)), noisy(7))[1] == noisy(7)[1]

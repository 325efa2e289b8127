"""Chambers: the known groups of known configurations, and nothing where a symmetry is broken by one bit."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.verification.symmetry import chamber


def cube(d):
    return np.array(list(itertools.product([-1.0, 1.0], repeat=d)))


def same(rows, wanted):
    return sorted(rows.tolist()) == sorted(np.asarray(wanted, dtype=float).tolist())


def test_all_signed_permutations_leave_an_ordered_cone():
    assert same(chamber(cube(3), np.ones(8)), [[1, -1, 0], [0, 1, -1], [0, 0, 1]])


def test_reflections_that_change_the_sign_of_the_weights_count():
    assert same(chamber(cube(3), np.prod(cube(3), axis=1)), [[1, -1, 0], [0, 1, -1], [0, 0, 1]])


def test_exchanges_alone():
    points = np.concatenate([np.eye(3), np.zeros((1, 3))])
    assert same(chamber(points, np.array([1.0, 1.0, 1.0, -3.0])), [[1, -1, 0], [0, 1, -1]])


def test_exchanges_with_changes_of_sign_alone():
    """The vertices of a tetrahedron: the group of even sign changes."""
    points = cube(3)[np.prod(cube(3), axis=1) > 0]
    assert same(chamber(points, np.ones(4)), [[1, -1, 0], [0, 1, -1], [0, 1, 1]])


@pytest.mark.parametrize("spoil", ["point", "weight"])
def test_one_bit_breaks_it(spoil):
    points, weights = cube(2), np.ones(4)
    if spoil == "point":
        points[0] = np.nextafter(points[0], 0)  # (-1, -1): still on the diagonal
    else:
        weights[0] = np.nextafter(1.0, 0)
    assert same(chamber(points, weights), [[1, -1]])


def test_a_point_that_is_there_twice_is_not_taken_for_one():
    """Exchanging the coordinates maps {A, A, B} to {B, B, A}."""
    points = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert chamber(points, np.ones(3)).shape == (0, 2)


def test_nothing_to_be_found():
    rng = np.random.default_rng(0)
    assert chamber(rng.normal(size=(6, 3)), rng.normal(size=6)).shape == (0, 3)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_every_direction_has_an_image_in_the_chamber_with_the_same_value(seed):
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 5))
    points = rng.integers(-1, 2, size=(3, d)).astype(float)
    group = [
        np.diag(signs)[list(order)]
        for order in itertools.permutations(range(d))
        for signs in itertools.product([1.0, -1.0], repeat=d)
    ]
    chosen = [np.eye(d)] + [group[k] for k in rng.integers(len(group), size=2)]
    points = np.unique(np.concatenate([points @ g.T for g in chosen]), axis=0) + 0.0
    weights = rng.integers(-1, 2, size=len(points)).astype(float)
    rows = chamber(points, weights)

    def h(u):
        shadow = points @ u
        return np.max(np.abs(np.maximum(shadow[:, None] - shadow[None], 0).T @ weights))

    u = rng.normal(size=d)
    images = [g @ u for g in group]
    inside = [v for v in images if np.all(rows @ v >= -1e-12) and abs(h(v) - h(u)) < 1e-12]
    assert inside

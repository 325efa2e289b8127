"""The lifted dual vector: its sums on the fibres, and that it is feasible on a fine grid of atoms where it can be."""

import numpy as np
import pytest

from minnorm.known.ridges.dual import Fibres, lifted_dual

HAT = np.array([1.0, -2.0, 1.0])


def fibres(count, each):
    return Fibres(np.arange(count) * 1.0, np.zeros(count), np.repeat(np.arange(count), each))


def largest(groups, across, nu):
    """The largest |h| over many directions in the plane, kinks at points."""
    z = np.column_stack([groups.places[groups.group], across])
    angle = np.linspace(0, 2 * np.pi, 2000)
    place = np.column_stack([np.cos(angle), np.sin(angle)]) @ z.T
    return np.max(np.abs(np.maximum(place[:, None, :] - place[:, :, None], 0) @ nu))


def test_entries_on_a_line_that_meets_all_fibres():
    across = np.array([[3.0], [1.0], [1.0], [-2.0], [0.0], [1.0]])
    nu = lifted_dual(fibres(3, 2), across, HAT)
    np.testing.assert_array_equal(nu, [0, 1, -2, 0, 0, 1])
    both = lifted_dual(fibres(3, 2), np.array([[0.0], [1.0]] * 3), HAT, orthogonal=True)
    np.testing.assert_array_equal(both, np.repeat(HAT, 2) / 2)


def test_penalised_biases_take_the_line_through_the_origin():
    across = np.array([[1.0], [0.0]] * 3)
    np.testing.assert_array_equal(lifted_dual(fibres(3, 2), across, HAT, penalised=True), [0, 1, 0, -2, 0, 1])


def test_a_fibre_without_an_entry_need_not_be_met():
    across = np.array([[1.0], [5.0], [1.0], [1.0]])
    dual = np.array([1.0, 0.0, -2.0, 1.0])
    np.testing.assert_array_equal(lifted_dual(fibres(4, 1), across, dual), dual)


@pytest.mark.parametrize("orthogonal", [False, True])
def test_it_is_feasible_for_points_around_a_line(orthogonal):
    rng = np.random.default_rng(2)
    across = np.array([[0.3], [-0.4], [0.35], [-0.2], [0.5], [-0.3]]) + 0.01 * rng.normal(size=(6, 1))
    groups = fibres(3, 2)
    nu = lifted_dual(groups, across, HAT, orthogonal=orthogonal)
    np.testing.assert_allclose(np.bincount(groups.group, nu), HAT, atol=1e-12)
    assert largest(groups, across, nu) <= 1 + 1e-6
    if orthogonal:
        assert abs(nu @ across[:, 0]) <= 1e-6


@pytest.mark.parametrize("penalised", [False, True])
def test_many_fibres_get_entries_with_a_common_mean(penalised):
    rng = np.random.default_rng(3)
    count = 25
    around = np.array([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])
    across = np.concatenate([around + 0.3 * rng.normal(size=(3, 2)) for _ in range(count)])
    dual, groups = rng.uniform(0.5, 1.0, count), fibres(count, 3)
    nu = lifted_dual(groups, across, dual, penalised=penalised)
    np.testing.assert_allclose(np.bincount(groups.group, nu), dual, atol=1e-6)
    means = np.stack([np.bincount(groups.group, nu * v) / dual for v in across.T])
    wanted = np.zeros((2, 1)) if penalised else means[:, :1]
    np.testing.assert_allclose(means, np.broadcast_to(wanted, means.shape), atol=1e-6)


def test_where_no_weights_will_do_entries_are_even():
    across = np.repeat(np.arange(25.0), 2)[:, None] * 10
    across[1::2] += 1
    dual = np.ones(25)
    np.testing.assert_array_equal(lifted_dual(fibres(25, 2), across, dual), np.full(50, 0.5))

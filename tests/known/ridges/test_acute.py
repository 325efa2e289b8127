"""Denoisers of acute triangles: what their vectors prove, against atoms drawn at random and the solver."""

import dataclasses
import math

import numpy as np
import pytest

from minnorm.known import acute_denoiser, denoiser
from minnorm.known.ridges.acute import is_acute
from minnorm.objective.norm import PathNorm
from minnorm.solve import interpolate

EQUAL = np.array([[0.0, 1.0], [-math.sqrt(0.75), -0.5], [math.sqrt(0.75), -0.5]])
TWO = np.array([[0.3, 2.2], [-0.3, 0.4], [0.9, 0.4]])
NO = np.array([[0.0, 0.0], [1.0, 0.0], [0.35, 0.75]])
cases = pytest.mark.parametrize("clean", [EQUAL, TWO, NO], ids=["equilateral", "isosceles", "scalene"])


def least_height(clean):
    a, b, c = clean
    doubled = abs((b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0])
    return doubled / max(math.dist(a, b), math.dist(b, c), math.dist(a, c))


@pytest.mark.parametrize("radius", [0.01, 0.2, 0.45])
def test_the_equilateral_triangle_costs_what_is_published(radius):
    found = acute_denoiser(EQUAL, radius)
    assert found.norm == pytest.approx(6 / (1.5 - 2 * radius), rel=1e-12)
    assert found.certified
    assert abs(found.gap) < 1e-9
    np.testing.assert_allclose(found.middle, 0.0, atol=1e-9)


@cases
def test_every_ball_goes_to_its_corner(clean):
    radius = 0.3 * least_height(clean)
    found = acute_denoiser(clean, radius)
    angle = np.linspace(0, 2 * np.pi, 100)
    for size in (1.0, 0.4):
        ring = size * radius * np.column_stack([np.cos(angle), np.sin(angle)])
        for corner in clean:
            np.testing.assert_allclose(found(corner + ring), np.broadcast_to(corner, ring.shape), atol=1e-12)


@cases
def test_no_atom_hears_more_than_one(clean):
    found = acute_denoiser(clean, 0.05)
    x, nu = found.dual_points, found.dual_vectors
    apart = np.linalg.norm(x[:, None] - clean, axis=2)
    assert np.all(np.min(apart, axis=1) <= 0.05)
    assert np.all(nu.sum(axis=0) == 0)
    assert np.sum(nu * found(x)) == pytest.approx(found.norm, rel=1e-9)
    way = np.random.default_rng(0).uniform(0, 2 * np.pi, 4000)
    w = np.concatenate([np.column_stack([np.cos(way), np.sin(way)]), found.directions, -found.directions])
    place = w @ x.T
    heard = np.linalg.norm(np.maximum(place[:, None] - place[:, :, None], 0) @ nu, axis=2)
    assert np.max(heard) == pytest.approx(1.0, abs=2e-6)
    assert np.max(heard) <= found.norm / found.lower_bound + 1e-9


@pytest.mark.parametrize(("clean", "radius"), [pytest.param(EQUAL, 0.3, marks=pytest.mark.slow), (TWO, 0.1)])
def test_the_solver_finds_nothing_cheaper_coordinate_by_coordinate(clean, radius):
    found = acute_denoiser(clean, radius)
    x, nu = found.dual_points, found.dual_vectors
    values = clean[np.argmin(np.linalg.norm(x[:, None] - clean, axis=2), axis=1)]
    solved = [interpolate(x, values[:, k]) for k in range(2)]
    for k, one in enumerate(solved):
        assert one.certified
        assert np.sum(nu[:, k] * values[:, k]) <= one.value * (1 + 1e-6)  # a coordinate of nu is a dual vector
        assert PathNorm().value(found.network(np.eye(2)[k])) >= one.value * (1 - 1e-6)
    assert found.lower_bound <= sum(one.value for one in solved)


def test_rotations_translations_and_scales_change_nothing():
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(2, 2)))[0]
    found, other = acute_denoiser(TWO, 0.1), acute_denoiser(3 * TWO @ turn.T + [5.0, -2.0], 0.3)
    assert other.norm == pytest.approx(found.norm, rel=1e-12)
    assert found.certified
    assert other.certified
    x = np.random.default_rng(2).normal(size=(50, 2))
    np.testing.assert_allclose(other(3 * x @ turn.T + [5.0, -2.0]), 3 * found(x) @ turn.T + [5.0, -2.0], atol=1e-9)
    again = acute_denoiser(TWO[[2, 0, 1]], 0.1)
    np.testing.assert_allclose(again(x), found(x), atol=1e-9)


def test_its_networks_have_its_norm():
    found = acute_denoiser(NO, 0.1)
    x = np.random.default_rng(3).normal(size=(50, 2))
    networks = [found.network(axis) for axis in np.eye(2)]
    np.testing.assert_allclose(np.stack([net.evaluate(x) for net in networks], axis=1), found(x), atol=1e-12)
    outer = np.linalg.norm([np.asarray(net.outer_weights) for net in networks], axis=0)
    assert outer @ np.linalg.norm(networks[0].inner_weights, axis=1) == pytest.approx(found.norm, rel=1e-12)


def test_unequal_sides_are_bracketed_and_certified_for_small_radii_alone():
    assert acute_denoiser(NO, 0.002 * least_height(NO)).certified
    other = np.array([[0.0, 0.0], [1.0, 0.0], [0.7188, 0.6031]])  # angles of 40, 65 and 75 degrees
    found = acute_denoiser(other, 0.2 * least_height(other))
    assert not found.certified
    assert 1e-6 < found.gap < 1e-3
    assert "not certified" in repr(found)


def test_beyond_a_third_of_the_height_the_formula_is_not_certified():
    assert acute_denoiser(EQUAL, 0.49).certified
    assert not acute_denoiser(EQUAL, 0.52).certified


def test_near_a_right_angle_it_is_the_denoiser_of_rays():
    clean = np.array([[0.0, 0.0], [1.0, 0.0], [1e-4, 1.0]])
    rays = denoiser([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 0.1)
    assert acute_denoiser(clean, 0.1).norm == pytest.approx(rays.norm, rel=1e-3)


def test_vectors_that_prove_nothing_are_not_believed():
    found = acute_denoiser(EQUAL, 0.2)
    moved = dataclasses.replace(found, dual_points=found.dual_points + 0.01)
    assert moved.lower_bound == 0
    nu = found.dual_vectors.copy()
    nu[0] += 1e-9  # no sum of zero: the free offset hears it
    assert dataclasses.replace(found, dual_vectors=nu).lower_bound == 0
    assert dataclasses.replace(found, dual_vectors=2 * found.dual_vectors).lower_bound == pytest.approx(found.norm)
    nu = found.dual_vectors.copy()
    nu[0], nu[1] = nu[0] + 1, nu[1] - 1
    other = dataclasses.replace(found, dual_vectors=nu)
    assert not other.certified
    assert 0 < other.lower_bound < found.norm


@pytest.mark.parametrize(
    ("clean", "radius", "message"),
    [
        ([[0, 0], [1, 0], [-0.5, 1]], 0.1, "clean is no acute triangle; give three points with all angles below 90"),
        ([[0, 0], [1, 0], [0, 1]], 0.1, "clean is no acute triangle"),
        ([[0, 0], [1, 0], [1, 0]], 0.1, "clean is no acute triangle"),
        ([[0, 0], [1, 0]], 0.1, r"clean has shape \(2, 2\); give the three corners"),
        (EQUAL, 0.0, "radius is 0.0; give a finite number > 0"),
        (EQUAL, 0.75, "radius is 0.75, but the least height is 1.5; give less than 0.75"),
        (EQUAL * 1e200, 0.75, "clean has entries up to 1e.200; rescale them"),
    ],
)
def test_what_is_no_acute_triangle_is_refused(clean, radius, message):
    with pytest.raises(ValueError, match=message) as error:
        acute_denoiser(clean, radius)
    assert "\n" not in str(error.value)


def test_what_is_acute():
    assert is_acute(EQUAL)
    assert is_acute(TWO)
    assert not is_acute(np.eye(3))
    with pytest.raises(ValueError, match="give an acute triangle to acute_denoiser"):
        denoiser(EQUAL, 0.1)
    with pytest.raises(ValueError, match=r"points has shape \(2,\); this denoiser takes \(q, 2\)"):
        acute_denoiser(EQUAL, 0.1)(np.zeros(2))
    with pytest.raises(ValueError, match=r"direction has shape \(1,\)"):
        acute_denoiser(EQUAL, 0.1).network([1.0])

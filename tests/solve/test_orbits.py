"""Atoms and points that stand for their images: means, sums, networks."""

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.regions.known import Regions
from minnorm.objective.regions.round import ball, shell
from minnorm.objective.regions.straight import box, polygon
from minnorm.objective.regions.symmetry import symmetries
from minnorm.solve.orbits import OrbitNetwork, Orbits, corners

K = Regions([(ball([1, 2], 0.3), 1.0), (shell([1, 2], 1, 2), 0.0)])
FRAME = polygon([[-2, -2], [2, -2], [2, 2], [-2, 2]], holes=[[[-1, -1], [1, -1], [1, 1], [-1, 1]]])
SQUARE = Regions([(box([-0.5, -0.5], [0.5, 0.5]), 1.0), (FRAME, 0.0)])


def network(K: Regions, width: int) -> OrbitNetwork:
    centre, maps = symmetries(K)
    orbits = Orbits(centre, 2.0, maps)
    random = np.random.default_rng(0)
    w = random.normal(size=(width, 2))
    w /= np.linalg.norm(w, axis=1)[:, None]
    return OrbitNetwork(orbits, w, random.normal(size=width), random.normal(size=width), 0.3, np.zeros(2))


@pytest.mark.parametrize("regions", [K, SQUARE])
def test_a_network_is_symmetric_costs_what_its_atoms_cost_and_is_the_sum_of_their_means(regions):
    net = network(regions, 5)
    orbits = net.orbits
    u = np.random.default_rng(1).normal(size=(40, 2))
    np.testing.assert_allclose(net(u), orbits.atoms(u, net.w, net.b) @ net.a + 0.3, atol=1e-12)
    for turn in orbits.maps:
        np.testing.assert_allclose(net(u @ turn.T), net(u), atol=1e-12)
    full = net.network(3.0, 0.5, skip=False)
    np.testing.assert_allclose(full.evaluate(orbits.points(u)), 0.5 + 3.0 * net(u), atol=1e-11)
    assert PathNorm().value(full) == pytest.approx(3.0 / orbits.radius * net.norm)


def test_many_points_and_none_have_the_values_of_all_neurons():
    """Neurons without a knot near some points are evaluated as affine functions there."""
    net = network(SQUARE, 60)
    u = np.concatenate([np.random.default_rng(3).normal(size=(5000, 2)), np.tile([[0.3, 0.1]], (2000, 1))])
    full = net.network(1.0, 0.0, skip=False)
    np.testing.assert_allclose(net(u), full.evaluate(net.orbits.points(u)), atol=1e-11)
    assert net(u[:0]).shape == (0,)


@pytest.mark.parametrize("regions", [K, SQUARE])
def test_folded_points_are_images_and_one_of_each_orbit(regions):
    orbits = network(regions, 1).orbits
    u = np.random.default_rng(2).normal(size=(10, 2))
    images, _ = orbits.spread(u, np.ones(10))
    folded, which = orbits.folded(images)
    assert len(folded) == 10
    assert len(images) == 10 * len(orbits.maps)
    np.testing.assert_allclose(np.linalg.norm(folded, axis=1), np.linalg.norm(images[which], axis=1))


def test_a_dual_vector_is_shared_among_images_and_points_on_axes_have_fewer():
    orbits = network(SQUARE, 1).orbits
    u = np.array([[0.0, 0.0], [1.0, 0.0], [0.3, 0.1]])
    x, nu = orbits.spread(u, np.array([1.0, 2.0, 4.0]))
    assert len(x) == 1 + 4 + 8
    assert np.sum(nu) == pytest.approx(7.0)
    assert np.max(nu) == pytest.approx(1.0)


def test_corners_are_those_of_all_knots():
    net = network(SQUARE, 3)
    weights, biases, _ = net.images
    found = corners(net, 1.0)
    every = []
    for i in range(biases.size):
        for j in range(i):
            pair = weights[[i, j]]
            if abs(np.linalg.det(pair)) > 1e-9:
                every.append(np.linalg.solve(pair, -biases[[i, j]]))
    folded, _ = net.orbits.folded(np.array([x for x in every if np.linalg.norm(x) <= 1.0]))
    assert len(folded) == len(found)
    distance = np.linalg.norm(folded[:, None] - found[None], axis=2)
    assert np.max(np.min(distance, axis=1)) < 1e-9

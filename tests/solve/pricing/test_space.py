"""The oracle in space that keeps its orders: the maxima of the one that sorts."""

import time

import numpy as np
import pytest

from minnorm.activation import Activation
from minnorm.solve.pricing.oracle import exact
from minnorm.solve.pricing.pricers import Exact
from minnorm.solve.pricing.space import FEWEST, Space

RNG = np.random.default_rng(2)
CUBE = np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0), np.arange(2.0)), axis=-1).reshape(-1, 3)
SPHERE = RNG.normal(size=(30, 3))
SPHERE /= np.linalg.norm(SPHERE, axis=1)[:, None]
POINTS = {
    "normal": RNG.normal(size=(40, 3)),
    "corners": np.stack(np.meshgrid([3.0, 4.0], [0.0, 1.0], [-1.0, 0.0]), axis=-1).reshape(-1, 3),  # four in a plane
    "sphere": SPHERE,
    "flat": RNG.normal(size=(30, 3)) * [1, 1, 1e-3],
    "cube": CUBE,  # three on a line
}


def dual(n, zeros=False):
    nu = RNG.normal(size=n)
    if zeros:
        nu[::3] = 0
    nu[nu != 0] -= nu[nu != 0].mean()
    return nu


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("zeros", [False, True])
def test_the_maximum_is_that_of_the_oracle_that_sorts(kind, zeros):
    x = POINTS[kind]
    orders = Space(x)
    for _ in range(3):  # the orders serve every dual vector
        nu = dual(len(x), zeros=zeros)
        ours, theirs = orders.price(nu), exact(x, nu, "free")
        assert ours.complete
        assert ours.largest == pytest.approx(theirs.largest, rel=1e-12)
        h = nu @ np.maximum(x @ ours.weights.T + ours.biases, 0)
        np.testing.assert_allclose(ours.values, h, atol=1e-12 * np.abs(nu).sum())


@pytest.mark.parametrize("sigma", [Activation(1.0, 0.0), Activation(1.0, -0.3)])
def test_in_general_position_all_that_is_found_is_the_same(sigma):
    x, nu = POINTS["normal"], dual(40)
    for most in (1, 3):
        ours, theirs = Space(x, sigma).price(nu, most), exact(x, nu, "free", sigma=sigma, per_pivot=most)
        np.testing.assert_allclose(ours.values[:40], theirs.values[:40], rtol=1e-9)


def test_it_answers_the_same_whatever_the_threads(monkeypatch):
    x, nu = POINTS["normal"], dual(40)
    found = []
    for threads in (1, 4):
        monkeypatch.setattr("minnorm.solve.pricing.space.cores", lambda count=threads: list(range(count)))
        found.append(Space(x).price(nu))
    np.testing.assert_array_equal(found[0].values, found[1].values)
    np.testing.assert_array_equal(found[0].weights, found[1].weights)


@pytest.mark.parametrize("seconds", [-1.0, 1e9])
def test_nothing_is_looked_at_after_the_deadline(seconds):
    x, nu = POINTS["normal"], dual(40)
    orders = Space(x)
    assert orders.price(nu, deadline=time.monotonic() + seconds).complete == (seconds > 0)
    assert orders.price(nu).complete  # also where the orders were not made at first


def test_only_points_in_space_with_free_biases_have_orders():
    x = RNG.normal(size=(FEWEST, 3))
    assert Exact(x, "free").space is not None
    assert Exact(x[1:], "free").space is None
    assert Exact(x, "penalised").space is None
    assert Exact(np.repeat(x, 2, axis=0), "free").space is None

"""The planar oracle with orders made once: against the one that sorts anew, on easy and on special points."""

import time

import numpy as np
import pytest

import minnorm as mn
from minnorm.solve.pricing import plane
from minnorm.solve.pricing.oracle import exact
from minnorm.solve.pricing.plane import Plane
from minnorm.solve.pricing.pricers import Exact
from minnorm.solve.regularisation import lam_max

RNG = np.random.default_rng(0)
ANGLES = 2 * np.pi * np.arange(150) / 150
POINTS = {
    "normal": RNG.normal(size=(300, 2)),
    "clusters": np.repeat(RNG.normal(size=(15, 2)), 10, axis=0) + 1e-7 * RNG.normal(size=(150, 2)),
    "grid": np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2) / 6 - 1,
    "circle": np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]),
    "nearly a line": np.column_stack([RNG.normal(size=200), np.where(np.arange(200) < 3, 1.0, 0.0)]),
}


def dual(n, *, zeros=False):
    nu = RNG.normal(size=n)
    if zeros:
        nu[::3] = 0
    live = nu != 0
    nu[live] -= nu[live].mean()
    return nu


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("zeros", [False, True])
def test_the_maximum_is_that_of_the_oracle_that_sorts(kind, zeros):
    x = POINTS[kind]
    orders = Plane(x)
    for _ in range(3):  # the orders serve every dual vector
        nu = dual(len(x), zeros=zeros)
        ours, theirs = orders.price(nu), exact(x, nu, "free")
        assert ours.complete
        assert ours.largest == pytest.approx(theirs.largest, rel=1e-12)
        assert np.all(np.diff(np.abs(ours.values)) <= 0)
        np.testing.assert_allclose(np.hypot(*ours.weights.T), 1, rtol=1e-12)
        h = nu @ np.maximum(x @ ours.weights.T + ours.biases, 0)
        np.testing.assert_allclose(ours.values, h, atol=1e-12 * np.abs(nu).sum())


def test_in_general_position_the_best_atoms_are_the_same():
    x, nu = POINTS["normal"], dual(300)
    for most in (1, 2, 4):
        ours, theirs = Plane(x).price(nu, most), exact(x, nu, "free", per_pivot=most)
        np.testing.assert_allclose(ours.values[:100], theirs.values[:100], rtol=1e-9)


@pytest.mark.parametrize("seconds", [-1.0, 1e9])
def test_no_more_points_are_looked_at_after_the_deadline(seconds):
    x, nu = POINTS["normal"], dual(300)
    orders = Plane(x)
    assert orders.price(nu, deadline=time.monotonic() + seconds).complete == (seconds > 0)
    assert orders.price(nu).complete  # also where the orders were not made at first


def test_only_many_points_in_a_plane_have_orders(monkeypatch):
    made = []
    monkeypatch.setattr("minnorm.solve.pricing.pricers.Plane", lambda x, *more: made.append(len(x)) or Plane(x, *more))
    nothing = np.zeros((0, 2)), np.zeros(0)
    for n in (plane.FEWEST - 1, plane.FEWEST):
        x, nu = RNG.normal(size=(n, 2)), dual(n)
        assert Exact(x, "free").price(nu, *nothing).largest == pytest.approx(exact(x, nu, "free").largest)
        Exact(x, "penalised").price(nu, *nothing)
    assert made == [plane.FEWEST]


@pytest.mark.slow
def test_a_path_makes_them_once(monkeypatch):
    made = []
    monkeypatch.setattr("minnorm.solve.pricing.pricers.Plane", lambda x, *more: made.append(len(x)) or Plane(x, *more))
    x = POINTS["normal"][: plane.FEWEST]
    y = np.sin(2 * x[:, 0]) + x[:, 1] ** 2
    most = lam_max(x, y)
    made.clear()
    mn.path(x, y, [most / 2])
    once = len(made)
    made.clear()
    found = mn.path(x, y, [most / 2, most / 5, most / 10])
    assert bool(np.all(found.certified))
    assert len(made) == once > 0

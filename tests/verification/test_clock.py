"""Every part of a verification looks at the clock, which these tests move, and what it returns late still holds."""

import itertools
import time

import numpy as np
import pytest

from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.verification import arrangement, price, primal, search
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.symmetry import chamber


@pytest.fixture
def late_after(monkeypatch):
    """A clock that is late after so many looks: late_after(looks) -> Clock."""

    def make(looks):
        count = itertools.count(1)
        monkeypatch.setattr(time, "monotonic", lambda: 0.0 if next(count) <= looks else 10.0)
        return Clock(1.0)

    return make


def test_parts_of_a_clock(late_after):
    clock = late_after(3)
    assert clock.left == 1
    assert clock.all_but(0.25).end == 0.75
    assert ENDLESS.all_but(0.25) is ENDLESS
    clock.check()
    assert clock.left < 0, "the fourth look"


def interpolant(width, skip=None):
    rng = np.random.default_rng(0)
    x, w, b, a = rng.normal(size=(30, 3)), rng.normal(size=(width, 3)), rng.normal(size=width), rng.normal(size=width)
    net = ShallowReLU(w, b, a, np.asarray(0.5), skip).to_numpy()
    return net, x, net.evaluate(x)


@pytest.mark.parametrize("looks", [1, 2, 4])
def test_residuals_are_bounds_wherever_two_words_stop(looks, late_after, monkeypatch):
    net, x, y = interpolant(6)
    looks, given = looks - 1, looks
    monkeypatch.setattr(primal, "_TWO_WORD_BLOCK", 48)  # eight points
    fine, coarse = primal.residuals(net, x, y), sum(primal._in_one_word(net, x, y))
    found = primal.residuals(net, x, y, clock=late_after(given))
    np.testing.assert_array_equal(found[: 8 * looks], fine[: 8 * looks])
    np.testing.assert_allclose(found[8 * looks :], coarse[8 * looks :], rtol=1e-6)
    assert np.all(found >= fine)


@pytest.mark.parametrize("skip", [None, np.array([3.0, -2.0, 1.0])])
def test_sums_in_two_words_lose_no_more_in_wide_networks(skip, monkeypatch):
    monkeypatch.setattr(primal, "_SECONDS", 1.0)
    for width in (5, 2000):
        net, x, y = interpolant(width, skip)
        fine, coarse = primal.residuals(net, x, y), sum(primal._in_one_word(net, x, y))
        between = primal.residuals(net, x, y, clock=Clock(time.monotonic() + 2 * 30 * width))
        assert np.all(between >= fine)
        assert np.max(between) < np.max(coarse) * (1 if width < 10 else 0.05)


def test_bumps_are_priced_without_a_tree_where_time_is_short(monkeypatch):
    monkeypatch.setattr(price, "_LEAST", 0.0)
    rng = np.random.default_rng(0)
    asked, every = Problem(rng.normal(size=(20, 4)), rng.normal(size=20)), np.ones(20, dtype=bool)
    fine = price.bump_norms(asked, every)
    np.testing.assert_array_equal(price.bump_norms(asked, every, Clock(time.monotonic() + 100)), fine)
    hurried = price.bump_norms(asked, every, Clock(time.monotonic() - 1))
    assert np.all(hurried >= fine)
    assert np.any(hurried > fine)


def test_a_search_ends_in_the_midst_of_its_starts(late_after):
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(40, 5)), rng.normal(size=40)
    whole = search.ascend(points, weights - weights.mean(), True, rng.normal(size=(5, 5)))
    for looks in (0, 3, 8, 20):
        found = search.ascend(points, weights - weights.mean(), True, np.eye(5), clock=late_after(looks))
        assert 0 < found <= whole * (1 + 1e-12)


def test_a_hurried_search_looks_at_the_clock_more_often(late_after, monkeypatch):
    monkeypatch.setattr(search, "_BLOCKS_IN_HASTE", (40, 40))  # one direction
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(40, 5)), rng.normal(size=40)
    climbed = []
    climb = search._climb
    monkeypatch.setattr(search, "_climb", lambda *parts: climbed.append(len(parts[3])) or climb(*parts))
    search.ascend(points, weights - weights.mean(), True, np.eye(5), clock=late_after(30))
    assert set(climbed) == {1}
    assert len(climbed) < 10


@pytest.mark.parametrize("looks", [0, 2, 5, 9])
def test_a_chamber_found_in_part_contains_the_whole(looks, late_after):
    """Fewer rows leave more directions to look at, or rows are there twice over: never too few directions."""
    points = np.vstack([np.eye(4), -np.eye(4)])
    weights = np.ones(8)
    whole = chamber(points, weights)
    found = chamber(points, weights, late_after(looks))
    w = np.random.default_rng(0).normal(size=(2000, 4))
    inside = np.all(w @ whole.T >= 0, axis=1)
    assert np.any(inside)
    assert np.all(w[inside] @ found.T >= 0)


def test_above_rank_three_nothing_is_begun_without_time(late_after, monkeypatch):
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(8, 4)), rng.normal(size=8)
    weights -= weights.mean()
    assert arrangement.bound(points, weights, True, np.eye(4), Clock(time.monotonic() + 100)).scope == "bounded"
    monkeypatch.setattr(search, "ascend", lambda *_, **__: pytest.fail("there is no time for it"))
    assert arrangement.bound(points, weights, True, np.eye(4), late_after(0)) is None

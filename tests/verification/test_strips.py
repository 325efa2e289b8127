"""Bounds in the plane by strips: against the enumeration of all arcs, stopped early, and for many points."""

import numpy as np
import pytest

from minnorm.verification import strips
from minnorm.verification.arrangement import bound as enumerated
from minnorm.verification.clock import ENDLESS

KINDS = {
    "normal": lambda rng: rng.normal(size=(60, 2)),
    "grid": lambda rng: rng.integers(-3, 4, size=(60, 2)).astype(float),
    "two values": lambda rng: np.column_stack([rng.integers(0, 2, 60), rng.normal(size=60)]),
    "nearly on a line": lambda rng: rng.normal(size=(60, 2)) * [1, 1e-5],
    "far": lambda rng: rng.normal(size=(60, 2)) + 3,
}


def instance(kind):
    rng = np.random.default_rng(len(kind))
    points, weights = KINDS[kind](rng), rng.integers(-50, 50, size=60) / 64
    weights[-1] -= weights.sum()
    return points, weights


@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_the_enumeration_of_all_arcs(kind):
    points, weights = instance(kind)
    true = enumerated(points, weights, True, np.zeros((0, 2)))
    assert true is not None
    assert true.scope == "exact"
    for close in (0.2, 1e-3, 1e-6):
        lower, upper = strips.bound(points, weights, 0.0, ENDLESS, close=close)
        assert lower <= true.upper <= upper + true.upper - true.lower
        assert upper <= lower * (1 + close)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_bound_whenever_it_ends(kind):
    points, weights = instance(kind)
    true = enumerated(points, weights, True, np.zeros((0, 2)))
    assert true is not None
    uppers = [strips.bound(points, weights, 0.0, ENDLESS.within(seconds))[1] for seconds in (0.0, 1e-3, 1e-2)]
    assert min(uppers) >= true.lower
    for share in (0.5, 0.9, 1.1, 3.0):
        lower, upper = strips.bound(points, weights, 0.0, ENDLESS, target=share * true.upper, close=1e-3)
        assert true.lower <= upper <= max(share, 1.001) * true.upper or share > 1
        assert lower <= true.upper


def test_many_points_are_bounded_closely():
    """The supremum of a function of one direction is known by running sums along it."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(20_000, 2)) * [1.0, 1e-3]
    weights = np.sin(3 * points[:, 0]) / 20_000
    weights -= weights.mean()
    order = np.argsort(points[:, 0])
    t, nu = points[order, 0], weights[order]
    along = np.append(0.0, np.cumsum(np.cumsum(nu)[:-1] * np.diff(t)))
    lower, upper = strips.bound(points, weights, 0.0, ENDLESS, close=1e-3)
    assert upper <= lower * 1.001
    assert upper >= np.max(np.abs(along))
    assert upper <= np.max(np.abs(along)) * 1.1

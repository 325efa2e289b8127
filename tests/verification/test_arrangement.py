"""The enumeration against one that tries every active set, against random search, and on data that coincide."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from minnorm.verification import arrangement
from minnorm.verification.arrangement import bound, cost
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.sweep import Tally

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
NO_STARTS = {k: np.zeros((0, k)) for k in range(8)}


def peak(points, weights, affine, **options):
    found = bound(points, weights, affine, NO_STARTS[points.shape[1]], **options)
    assert found is not None
    assert found.lower <= found.upper
    return found


def h(points, weights, affine, u):
    """|h| at directions u (m, k), at the best kink if biases are free."""
    shadow = u @ points.T
    if not affine:
        return np.abs(np.maximum(shadow, 0) @ weights)
    kinks = np.maximum(shadow[:, :, None] - shadow[:, None, :], 0)
    return np.max(np.abs(np.einsum("mji,j->mi", kinks, weights)), axis=1)


def every_active_set(z, weights):
    """max |g| over the sphere: for all active sets and all sets of up to k - 1 pins, v/|v| if it is where it says."""
    n, k = z.shape
    size = np.linalg.norm(z, axis=1) + 1e-300
    active = np.array(list(itertools.product((0.0, 1.0), repeat=n)))
    best = 0.0
    for count in range(min(n, k - 1) + 1):
        for pins in itertools.combinations(range(n), count):
            _, singular, right = np.linalg.svd(z[list(pins)]) if count else (0, np.zeros(0), np.eye(k))
            free = right[np.sum(singular > 1e-9) :]
            v = (active * weights) @ z @ free.T @ free
            length = np.linalg.norm(v, axis=1)
            v, sets = v[length > 1e-12], active[length > 1e-12]
            for sign in (1, -1):
                shadow = sign * v @ z.T / (size * np.linalg.norm(v, axis=1, keepdims=True))
                wrong = np.where(sets > 0, shadow < -1e-9, shadow > 1e-9)
                wrong[:, list(pins)] = False
                best = max(best, np.max(np.linalg.norm(v, axis=1)[~wrong.any(axis=1)], initial=0.0))
    return best


def exhaustive(points, weights, affine):
    if affine:
        return max(
            every_active_set(np.delete(points, i, 0) - points[i], np.delete(weights, i)) for i in range(len(points))
        )
    return every_active_set(points, weights)


def sample(seed, n, k, affine):
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(n, k)), rng.normal(size=n)
    if not affine:
        points[:, -1] = 1
    return points, weights - weights.mean()


def grid(levels, k, affine):
    points = np.array(list(itertools.product(range(levels), repeat=k if affine else k - 1)), dtype=float)
    return points if affine else np.column_stack([points, np.ones(len(points))])


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
@given(seed=seeds, n=st.integers(1, 6))
@settings(max_examples=6, deadline=None)
def test_all_active_sets_give_the_same_maximum(k, affine, seed, n):
    n = max(n, k + affine)
    points, weights = sample(seed, n, k, affine)
    found = peak(points, weights, affine)
    wanted = exhaustive(points, weights, affine)
    assert found.lower <= wanted * (1 + 1e-12) + 1e-12
    assert wanted <= found.upper
    assert found.upper <= wanted * (1 + 1e-9) + 1e-11


def test_five_dimensions():
    points, weights = sample(5, 7, 5, False)
    found = peak(points, weights, False)
    assert found.scope == "bounded"
    assert found.upper == pytest.approx(exhaustive(points, weights, False), rel=1e-10)


@pytest.mark.parametrize(
    ("points", "affine"),
    [
        (grid(2, 2, True), True),
        (grid(2, 3, True), True),
        (grid(3, 3, False), False),
        (grid(2, 4, False), False),
        (np.array([[0, 0], [1, 0], [2, 0], [4, 0], [0, 1]], dtype=float), True),
        (np.array([[0, 0, 0], [1, 1, 0], [2, 2, 0], [3, 3, 0], [0, 1, 0], [0, 0, 1]], dtype=float), True),
    ],
)
@given(seed=seeds)
@settings(max_examples=3, deadline=None)
def test_coinciding_hyperplanes(points, affine, seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(-3, 4, len(points)).astype(float)
    turned = points @ np.linalg.qr(rng.normal(size=(points.shape[1],) * 2))[0]
    wanted = exhaustive(points, weights, affine)
    for data in (points, turned):
        found = peak(data, weights, affine)
        assert wanted <= found.upper * (1 + 1e-14)
        assert found.upper <= wanted * (1 + 1e-7) + 1e-7


@pytest.mark.parametrize(
    ("n", "k", "affine"), [(40, 2, True), (30, 3, True), (60, 3, False), (12, 4, True), (25, 4, False), (12, 5, False)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_random_directions_and_local_ascent_stay_below_and_the_bound_is_attained(n, k, affine, seed):
    points, weights = sample(seed, n, k, affine)
    found = peak(points, weights, affine)
    rng = np.random.default_rng(seed + 1)
    u = rng.normal(size=(4000, k))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    height = h(points, weights, affine, u)
    for start in u[np.argsort(-height)[:5]]:
        result = minimize(
            lambda w: -h(points, weights, affine, w[None] / np.linalg.norm(w))[0], start, method="Nelder-Mead"
        )
        height = np.append(height, -result.fun)
    assert np.max(height) <= found.upper
    assert np.max(height) >= 0.9 * found.upper
    # `lower` is a value of h less a rounding error; a disc of radius 3e-5 is allowed for if k = 3.
    assert found.upper - found.lower <= (1e-9 if k == 3 else 1e-10) * found.upper


def test_near_coincidences_are_not_lost():
    """Points moved off a grid by less and less: the maximum hardly moves, and the bound does neither."""
    for affine, levels, k in ((True, 3, 2), (True, 2, 3), (False, 3, 3), (False, 2, 4)):
        points = grid(levels, k, affine)
        rng = np.random.default_rng(3)
        weights = rng.normal(size=len(points))
        weights -= weights.mean()
        wanted = peak(points, weights, affine).upper
        for size in (1e-6, 1e-9, 1e-12, 1e-15):
            moved = points + size * rng.uniform(-1, 1, points.shape)
            assert peak(moved, weights, affine).upper == pytest.approx(
                wanted, abs=20 * size * np.abs(weights).sum() + 1e-6
            )


@quick
@given(seed=seeds, n=st.integers(2, 40))
def test_a_line_is_summed_from_both_sides(seed, n):
    points, weights = sample(seed, n, 1, True)
    found = peak(points, weights, True)
    wanted = np.max(h(points, weights, True, np.array([[1.0], [-1.0]])))
    assert found.lower <= wanted * (1 + 1e-13) + 1e-15
    assert wanted * (1 - 1e-13) <= found.upper
    assert found.upper <= wanted + 1e-13 * n * np.abs(weights).sum() * np.ptp(points)


def test_no_dimension_left():
    assert peak(np.zeros((1, 0)), np.ones(1), True).upper == 0


def test_zero_weights():
    points, weights = sample(0, 8, 3, True)
    assert peak(points, 0 * weights, True).upper == 0


def test_patience():
    points, weights = sample(0, 12, 3, True)
    assert bound(points, weights, True, NO_STARTS[3], Clock(time.monotonic() + 1e-9)) is None
    assert cost(1000, 2, True) < 5
    assert cost(200, 3, True) < 40 < cost(3000, 3, True)


@pytest.mark.parametrize("kind", ["normal", "integers", "line"])
def test_pivots_that_are_swept_at_once_are_bounded_as_one_after_the_other(kind):
    n, rng = 40, np.random.default_rng(4)
    s = rng.normal(size=(n, 2)) if kind == "normal" else rng.integers(0, 5, size=(n, 2)).astype(float)
    s = np.column_stack([np.arange(n), np.zeros(n)]) if kind == "line" else s
    weights = rng.normal(size=n)
    weights -= weights.mean()
    at_once, each = Tally(), Tally()
    arrangement._around_all(s, weights, at_once)
    for pivot in s:
        arrangement._around(s - pivot, weights, each)
    assert at_once.upper == pytest.approx(each.upper, rel=1e-10)
    assert at_once.lower <= each.upper
    assert each.lower <= at_once.upper


def test_many_points_in_a_plane_are_bounded_by_strips_as_tightly_as_is_asked(monkeypatch):
    rng = np.random.default_rng(4)
    points = rng.normal(size=(150, 2))
    weights = np.sin(points[:, 0]) / 150
    weights -= weights.mean()
    true = peak(points, weights, True)
    monkeypatch.setattr(arrangement, "_MANY", 100)
    monkeypatch.setattr(arrangement, "_STRIPS", 1e3)
    for share in (1e-1, 1e-4, 1e-7):
        found = peak(points, weights, True, goal=lambda lowest, s=share: (true.lower * (1 + s), 0.0))
        assert found.scope == "bounded"
        assert true.lower <= found.upper <= true.lower * (1 + share) * (1 + 1e-12)
    # What strips cannot show all arcs do, if there is time for them.
    monkeypatch.setattr(arrangement, "_STRIPS", 0.1)
    found = peak(points, weights, True, goal=lambda lowest: (0.5 * true.lower, 0.0))
    assert (found.scope, found.upper) == ("exact", true.upper)
    late = peak(points, weights, True, goal=lambda lowest: (0.5 * true.lower, 0.0), clock=ENDLESS.within(5e-3))
    assert late.scope == "bounded"
    assert late.upper >= true.lower


SPACES = {
    "normal": lambda rng: rng.normal(size=(24, 3)),
    "grid": lambda rng: rng.integers(-1, 2, size=(24, 3)).astype(float),
    "two clusters": lambda rng: 0.1 * rng.normal(size=(24, 3)) + rng.integers(0, 2, size=(24, 1)),
    "nearly in a plane": lambda rng: rng.normal(size=(24, 3)) * [1, 1, 1e-5],
}


@pytest.mark.parametrize("kind", SPACES)
def test_many_points_in_space_are_bounded_by_cones_as_tightly_as_is_asked(monkeypatch, kind):
    rng = np.random.default_rng(len(kind))
    points, weights = SPACES[kind](rng), rng.integers(-50, 50, size=24) / 64
    weights[-1] -= weights.sum()
    none = np.zeros((0, 3))
    true = arrangement.bound(points, weights, True, none)
    assert true is not None
    monkeypatch.setattr(arrangement, "_MANY_IN_SPACE", 20)
    monkeypatch.setattr(arrangement, "_STRIPS", 1e3)
    enough = true.lower * (1 + 1e-6)
    found = arrangement.bound(points, weights, True, none, goal=lambda _: (enough, 0.0))
    assert found is not None
    assert found.scope == "bounded"
    assert true.lower <= found.upper <= enough * (1 + 1e-12)
    assert found.lower <= true.upper
    # What cones cannot show all cells do, if there is time for them.
    monkeypatch.setattr(arrangement.branching, "by_cones", lambda *_, **__: (0.0, np.inf))
    found = arrangement.bound(points, weights, True, none, goal=lambda _: (enough, 0.0))
    assert found is not None
    assert found.scope == "exact"
    assert true.lower <= found.upper <= true.upper * (1 + 1e-8)

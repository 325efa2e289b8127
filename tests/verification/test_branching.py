"""The branching bound against all sign patterns, closed forms, rational arithmetic and infeasible dual vectors."""

import itertools
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear
from tests.problems import cross

import minnorm as mn
from minnorm import _native
from minnorm.verification import branching
from minnorm.verification.branching import bound
from minnorm.verification.clock import ENDLESS, Clock

seeds = st.integers(0, 2**32 - 1)


def cube(d, low=-1.0):
    return np.array(list(itertools.product([low, 1.0], repeat=d)))


def parity(d, low=-1.0):
    return cube(d, low), (cube(d) > 0).sum(axis=1) % 2.0


def every_sign_pattern(z, weights):
    """max sum_j nu_j relu(u . z_j) over |u| <= 1: bounded least squares for all signs of the convex points."""
    up, down = weights > 0, weights < 0
    best = 0.0
    for signs in itertools.product([1.0, -1.0], repeat=int(up.sum())):
        s = np.array(signs)
        base = ((s > 0) * weights[up]) @ z[up]
        columns = np.concatenate([weights[down, None] * z[down], s[:, None] * z[up]]).T
        top = np.concatenate([np.ones(down.sum()), np.full(up.sum(), np.inf)])
        found = lsq_linear(columns, -base, (0, top), method="bvls", tol=1e-14) if columns.size else None
        best = max(best, np.linalg.norm(base + (columns @ found.x if found else 0)))
    return best


def exhaustive(points, weights, affine):
    fans = (points - point for point in points) if affine else (points,)
    return max(every_sign_pattern(z, sign * weights) for z in fans for sign in (1, -1))


def sampled(points, weights, affine, u):
    """|h| at unit directions u, exactly, over their rounded lengths."""
    best = 0.0
    for direction in u:
        shadow = [sum(Fraction(a) * Fraction(b) for a, b in zip(p, direction, strict=True)) for p in points.tolist()]
        for kink in shadow if affine else [Fraction(0)]:
            value = sum(Fraction(w) * max(s - kink, Fraction(0)) for w, s in zip(weights.tolist(), shadow, strict=True))
            best = max(best, abs(float(value)) / float(np.linalg.norm(direction)))
    return best


@pytest.mark.parametrize("affine", [True, False])
@given(seed=seeds, k=st.integers(2, 5), n=st.integers(2, 7))
@settings(max_examples=8, deadline=None)
def test_all_sign_patterns_give_the_same_maximum(affine, seed, k, n):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, k)) if seed % 2 else rng.integers(-1, 2, size=(n, k)).astype(float)
    points = np.unique(points, axis=0)
    weights = rng.normal(size=len(points)) if seed % 3 else rng.integers(-2, 3, size=len(points)).astype(float)
    weights -= weights.mean() if affine else 0
    lower, upper = bound(points, weights, affine, 0.0)
    wanted = exhaustive(points, weights, affine)
    assert wanted <= upper * (1 + 1e-9) + 1e-12
    assert upper <= wanted * (1 + 1e-7) + 1e-10
    assert lower <= upper * (1 + 1e-12) + 1e-15


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_no_direction_is_above_the_bound_in_rational_arithmetic(seed):
    """Weights and points of very different sizes, and the directions in which the maximum is attained nearby."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(6, 4)) * 10.0 ** rng.integers(-6, 1, size=(6, 1))
    weights = rng.normal(size=6) * 10.0 ** rng.integers(-6, 1, size=6)
    weights[0] -= weights.sum()
    _, upper = bound(points, weights, True, 0.0)
    u = np.concatenate([rng.normal(size=(8, 4)), points - points[0], points[1:] - points[:-1]])
    assert sampled(points, weights, True, u[np.any(u != 0, axis=1)]) <= upper


@pytest.mark.parametrize("d", [4, 6])
def test_whatever_the_time_the_bound_is_above(d):
    """Stopped at once, the best-first search returns the bound of its first node."""
    points, labels = parity(d)
    weights = labels - 0.5
    none = np.zeros((0, d))
    w = np.ones(d) / d**0.5
    met = max(weights @ np.maximum(points @ w + b, 0) for b in np.linspace(-2, 2, 9))
    for way in (_native.branch, _native.cover):
        _, upper, _, complete, *_ = way(points, weights, none, True, 0.0, 0.0, 1e-9, 1, 0.0)
        assert not complete
        assert upper >= met


@pytest.mark.parametrize("way", [_native.branch, _native.cover])
def test_the_number_of_threads_changes_nothing(way):
    rng = np.random.default_rng(1)
    points, weights = rng.normal(size=(14, 4)), rng.normal(size=14)
    weights -= weights.mean()
    one, two = (way(points, weights, np.zeros((0, 4)), True, 0.0, 0.0, 1e-9, k, 60.0)[:4] for k in (1, 2))
    assert one == two


def test_too_large_a_search_ends_in_time_with_a_bound():
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(80, 30)), rng.normal(size=80)
    began = time.monotonic()
    lower, upper = bound(points, weights - weights.mean(), True, 0.0, Clock(began + 0.5))
    assert sampled(points, weights, True, rng.normal(size=(3, 30))) <= upper
    assert lower <= upper < np.abs(weights).sum() * 2 * np.max(np.linalg.norm(points, axis=1))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("affine", [True, False])
@given(seed=seeds, k=st.integers(2, 4), n=st.integers(2, 6))
@settings(max_examples=8, deadline=None)
def test_cones_find_the_maximum_of_all_sign_patterns(affine, seed, k, n):
    """In special position, too, and from both sides: the value they return is met at the last place they name."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, k)) if seed % 2 else rng.integers(-1, 2, size=(n, k)).astype(float)
    points = np.unique(points, axis=0)
    weights = rng.normal(size=len(points)) if seed % 3 else rng.integers(-2, 3, size=len(points)).astype(float)
    weights -= weights.mean() if affine else 0
    none = np.zeros((0, k))
    lower, upper, _, complete, at = _native.cover(points, weights, none, affine, 0.0, 0.0, 1e-7, 1, 60.0)
    wanted = exhaustive(points, weights, affine)
    assert wanted <= upper * (1 + 1e-9) + 1e-12
    assert not complete or upper <= wanted * (1 + 2e-7) + 1e-10
    if len(at):
        q = at[-1]
        met = abs(weights @ np.maximum(points @ q[:k] + (q[k] if affine else 0.0), 0))
        assert met == pytest.approx(lower, rel=1e-12)
        assert np.linalg.norm(q[:k]) == pytest.approx(1, rel=1e-12)


def test_a_target_ends_it_earlier():
    rng = np.random.default_rng(2)
    points, weights = rng.normal(size=(30, 4)), rng.normal(size=30)
    weights -= weights.mean()
    none = np.zeros((0, 4))
    for way in (_native.branch, _native.cover):
        lower, upper, cells, complete, *_ = way(points, weights, none, True, 0.0, 0.0, 1e-3, 2, 60.0)
        rough = way(points, weights, none, True, 0.0, 3 * lower, 1e-3, 2, 60.0)
        assert complete
        assert rough[3]
        assert lower <= upper <= rough[1] <= 3 * lower
        assert rough[2] < cells


KINDS = ("cross", "centre", "parity", "parity from 0")
SLOW = [pytest.param(kind, d, marks=pytest.mark.slow) for kind in KINDS for d in (5, 6)]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "d"), [("parity", 4), ("centre", 4), *SLOW])
def test_symmetric_configurations_certify(kind, d):
    if kind == "cross":
        points, labels = cross(d)
    elif kind == "centre":
        points, labels = np.concatenate([np.zeros((1, d)), cube(d)]), np.eye(1, 2**d + 1)[0]
    else:
        points, labels = parity(d, 0.0 if kind == "parity from 0" else -1.0)
    found = mn.interpolate(points, labels)
    assert found.certified
    known = {"cross": 2 * d**0.5, "centre": 2.0, "parity from 0": 8.0 if d == 4 else None}.get(kind)
    if known is not None:
        assert found.lower_bound <= known <= found.value * (1 + 1e-12)
    for share in (10, 100):
        assert mn.fit(points, labels, mn.lam_max(points, labels) / share).certified


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, *(pytest.param(n, marks=pytest.mark.slow) for n in (8, 10, 12))])
@pytest.mark.parametrize("origin", [0, 1])
def test_a_simplex_with_any_labels(n, origin):
    """relu contracts variances, so [f] = |y - mean y|_2, and |y|_2 with the label 0 at the origin."""
    y = np.random.default_rng(n).normal(size=n)
    points = np.concatenate([np.eye(n), np.zeros((origin, n))])
    found = mn.interpolate(points, np.append(y, np.zeros(origin)))
    known = np.linalg.norm(y if origin else y - y.mean())
    assert found.certified
    assert found.lower_bound <= known * (1 + 1e-12)
    assert known <= found.value * (1 + 1e-12)


@pytest.mark.slow
def test_a_dual_vector_that_is_too_large_is_not_believed():
    """Twice the best dual vector proves no more than itself, and one that is wrong at a vertex proves less."""
    points, labels = cross(4)
    solution = mn.interpolate(points, labels)
    best = solution.certificate
    for dual in (2 * solution.dual, solution.dual + 0.05 * np.eye(9)[3] - 0.05 * np.eye(9)[0]):
        proof = mn.verify(points, labels, mn.Solution(solution.network, dual))
        assert proof.lower_bound <= 4.0
        at = np.array([1.0, 1.0, 1.0, 1.0]) / 2
        assert proof.dual_norm >= abs(dual @ np.maximum(points @ at, 0))
    assert best.lower_bound <= 4.0 <= best.value * (1 + 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d"), [(60, 4), (30, 6), (24, 10)])
def test_general_points_certify(n, d):
    x = np.random.default_rng(1).normal(size=(n, d))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    assert mn.fit(x, y, mn.lam_max(x, y) / 100).certified


@pytest.mark.slow
def test_a_time_limit_ends_the_branching_with_a_proof_of_less():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 8)), rng.normal(size=60)
    found = mn.fit(x, y, mn.lam_max(x, y) / 10, certify=False, tolerance=1e-2)
    proof = mn.verify(x, y, found, time_limit=0.3)
    assert proof.scope == "bounded"
    assert not proof.certified
    assert 0 <= proof.lower_bound < proof.searched_bound <= proof.value
    assert proof.searched_gap < 0.02 < proof.gap


@pytest.mark.parametrize(("falls", "runs"), [((0.9, 0.85), 4), ((0.9, 0.2), 3)])
def test_two_ways_that_are_alike_run_once_more_before_one_goes_on(monkeypatch, falls, runs):
    """Where neither has come down much, as beside other work, a third run decides; the better one goes on alone."""
    points, nu = np.random.default_rng(0).normal(size=(12, 4)), np.tile([1.0, -1.0], 6)
    calls, uppers = ([], []), [100.0, 100.0]

    def way(which):
        def run(spread, known, target, close, seconds):
            calls[which].append(seconds)
            uppers[which] *= falls[which]
            return branching.Between(1.0, uppers[which])

        return run

    monkeypatch.setattr(branching, "_by_signs", way(0))
    monkeypatch.setattr(branching, "_by_cones", way(1))
    branching.bound(points, nu, True, 1.0, ENDLESS.within(100.0), elsewhere=True)
    assert len(calls[0]) == runs - 1
    assert len(calls[1]) >= runs - 1

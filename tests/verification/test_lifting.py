"""The relaxation's bound: above climbed values and all sign patterns, near the supremum, right for any multipliers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verification.test_branching import exhaustive, sampled

import minnorm as mn
from minnorm.verification import lifting
from minnorm.verification.clock import ENDLESS

seeds = st.integers(0, 2**32 - 1)


def drawn(seed, n, k, affine):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, k)) if seed % 2 else rng.integers(-1, 2, size=(n, k)).astype(float)
    points = np.unique(points, axis=0)
    weights = rng.normal(size=len(points)) if seed % 3 else rng.integers(-2, 3, size=len(points)).astype(float)
    return points, weights - (weights.mean() if affine else 0)


@pytest.mark.parametrize("affine", [True, False])
@given(seed=seeds, k=st.integers(1, 4), n=st.integers(1, 6))
@settings(max_examples=5, deadline=None)
def test_it_is_above_the_maximum_of_all_sign_patterns(affine, seed, k, n):
    points, weights = drawn(seed, n, k, affine)
    assert exhaustive(points, weights, affine) <= lifting.bound(points, weights, affine) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("affine", [True, False])
@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_whatever_the_multipliers_it_is_above(affine, seed):
    """Not only near the relaxation's solution: vectors and cancellations are random here."""
    points, weights = drawn(seed, 8, 3, affine)
    forms = lifting.Forms.of(points, affine)
    rng = np.random.default_rng(seed)
    g = rng.normal(size=(np.sum(weights < 0), np.sum(weights > 0) + 1))
    g = 2 * g / np.sum(np.abs(g), axis=1, keepdims=True)
    proven = lifting.proven(forms, weights, g, rng.normal(size=(3 + affine, 5)))
    u = rng.normal(size=(50, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    shadow = points @ u.T
    kinks = (shadow if affine else np.zeros((1, 50)))[:, None]
    assert np.max(weights @ np.maximum(shadow - kinks, 0), initial=0) <= proven


@pytest.mark.slow
def test_it_comes_within_a_factor_in_any_dimension():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 10))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    found = mn.fit(x, y, mn.lam_max(x, y) / 10, certify=False, tolerance=1e-3)
    nu = found.dual - found.dual.mean()
    u = np.concatenate([found.network.inner_weights, rng.normal(size=(4, 10))])
    met = sampled(x, nu, True, u[np.any(u != 0, axis=1)])
    upper = lifting.bound(x, nu, True, ENDLESS.within(20.0))
    assert met <= upper < 2 * met


def test_without_time_there_is_no_bound():
    points, weights = drawn(1, 8, 3, True)
    assert lifting.bound(points, weights, True, ENDLESS.within(-1.0)) == np.inf
    assert lifting.bound(points, 0 * weights, True) == 0.0

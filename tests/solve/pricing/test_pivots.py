"""Pricing at some of the points: the oracle's own answer where they stand for all others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.solve.orbits import Orbits
from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.pivots import at_pivots


@given(st.integers(0, 2**32 - 1), st.integers(4, 30), st.booleans())
@settings(max_examples=30, deadline=None)
def test_all_points_as_pivots_find_what_the_oracle_finds(seed, n, coarse):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 2))
    x = np.unique(np.round(x, 1), axis=0) if coarse else x
    nu = random.normal(size=len(x))
    nu -= np.mean(nu)
    found = at_pivots(x, nu, x, nu)
    assert found.largest == pytest.approx(oracle.exact(x, nu, "free").largest, rel=1e-9)
    for w, b, h in zip(found.weights, found.biases, found.values, strict=True):
        assert nu @ np.maximum(x @ w + b, 0) == pytest.approx(h, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
@settings(max_examples=10, deadline=None)
def test_one_of_all_images_is_enough(seed, n):
    random = np.random.default_rng(seed)
    turns = [np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) for t in 2 * np.pi * np.arange(5) / 5]
    orbits = Orbits(np.zeros(2), 1.0, np.stack(turns))
    u, nu = random.normal(size=(n, 2)), random.normal(size=n)
    nu -= np.mean(nu)
    x, numbers = orbits.spread(u, nu)
    assert len(x) == 5 * n
    found = at_pivots(x, numbers, u, nu)
    assert found.largest == pytest.approx(oracle.exact(x, numbers, "free").largest, rel=1e-9)

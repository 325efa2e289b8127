"""Pricing on the line with penalised biases: against the native oracle, and where that has no digits left."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.line import LinePricer

NONE = np.zeros((0, 1)), np.zeros(0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 9), start=st.sampled_from([-3.0, 0.0, 2.0, 30.0]))
def test_the_largest_is_that_of_the_oracle_in_coordinates_as_given(seed, n, start):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.normal(size=n)) * 10 ** rng.uniform(-1, 1) + start
    nu = rng.normal(size=n)
    along = LinePricer(x, float(x[n // 2]), float(np.std(x)), False, False)
    found = along.price(nu * along.radius, *NONE)
    assert found.largest == pytest.approx(oracle.exact(x[:, None], nu, "penalised").largest, rel=1e-9)
    hidden = np.maximum(along.points[:, None] * found.weights[:, 0] + found.biases, 0)
    np.testing.assert_allclose(nu * along.radius @ hidden, found.values, atol=1e-9 * found.largest)
    np.testing.assert_allclose(along.cost(found.weights, found.biases), 1.0, rtol=1e-9)


def test_free_terms_are_nothing_to_price():
    x = 1.3e9 + 86400 * np.arange(6.0)
    nu = np.array([1.0, -2.0, 1.0, 1.0, -2.0, 1.0])  # orthogonal to affine functions
    both = LinePricer(x, float(x[3]), 1e5, True, True).price(nu, *NONE)
    slack = LinePricer(x, float(x[3]), 1e5, False, False).price(nu, *NONE)
    # What rounding leaves of sum nu x is not taken for a multiple of x.
    assert both.largest == pytest.approx(slack.largest, rel=1e-12)
    assert both.largest == pytest.approx(0.864, rel=1e-3)


def test_a_unit_scales_costs_and_values():
    x, nu = np.array([1.0, 2.0, 4.0]), np.array([1.0, -1.0, 2.0])
    one, other = (LinePricer(x, 2.0, 1.0, False, False, unit) for unit in (1.0, 0.25))
    assert other.radius == 4 * one.radius
    assert other.price(nu, *NONE).largest == pytest.approx(one.price(nu, *NONE).largest / 4)
    assert one.stretch == math.hypot(1, 2)

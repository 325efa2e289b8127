"""What rounding did to a dual vector, and to masses, is undone: in rationals."""

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.known.univariate.dots import Kinks
from minnorm.known.univariate.rounding import improved, settled


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), start=st.sampled_from([0.0, 1e5, -1.3e9]))
def test_moments_are_what_they_should_be(seed, start):
    rng = np.random.default_rng(seed)
    t = start + np.cumsum(rng.uniform(1, 3, 8))
    nu = rng.normal(size=8)
    total, moment = 0.3, float(rng.normal()) + 0.3 * start
    found = settled(t, nu - np.mean(nu), total, moment)
    exact = sum(Fraction(float(m)) * Fraction(float(x)) for m, x in zip(found, t, strict=True))
    size = float(np.max(np.abs(found)))
    assert abs(float(exact - Fraction(moment))) <= 1e-13 * size * np.ptp(t) + 1e-15 * abs(start)
    assert abs(float(sum(map(Fraction, found.tolist())) - Fraction(total))) <= 1e-15 * size


def test_masses_meet_labels_up_to_an_affine_function():
    rng = np.random.default_rng(0)
    t = 1e6 + np.arange(6.0)
    kinks = Kinks(t[1:-1], np.array([1.0, -1.0, 1.0, -1.0]), rng.normal(size=4))
    y = kinks.network().evaluate(t[:, None]) + 0.1 * (t - t[0])
    found = improved(t, y, Kinks(kinks.at, kinks.facing, kinks.mass * (1 + 1e-5 * rng.normal(size=4))))
    np.testing.assert_allclose(found.mass, kinks.mass, rtol=1e-12)

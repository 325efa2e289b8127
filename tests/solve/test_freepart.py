"""The free part of labels: float64 numbers, what is left known exactly."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.freepart import FreePart, root_mean_square


def exact_rest(part, x, y):
    rest = []
    for point, label in zip(x.tolist(), y.tolist(), strict=True):
        tilt = sum(Fraction(v) * Fraction(u) for v, u in zip(part.slope.tolist(), point, strict=True))
        rest.append(Fraction(label) - Fraction(part.level) - tilt)
    return rest


@given(seed=st.integers(0, 10**6), level=st.sampled_from([1.0, 1e6, 1e12]), steep=st.sampled_from([0.0, 1e7]))
@settings(max_examples=10, deadline=None)
def test_the_rest_is_the_exact_one_rounded_once(seed, level, steep):
    rng = np.random.default_rng(seed)
    x = 1e3 * rng.normal(size=(12, 2)) + 1e5
    y = level + steep * x[:, 0] + np.sin(x[:, 1])
    part = FreePart.of(Problem(x, y, PathNorm(skip="free")))
    rest = part.rest(x, y)
    exact = exact_rest(part, x, y)
    np.testing.assert_array_equal(rest, [float(r) for r in exact])
    # Nothing large is left, beyond the last digits of the labels.
    assert root_mean_square(rest) <= 40 * (1 + 2.0**-52 * np.max(np.abs(y)))


def test_small_parts_and_forbidden_ones_stay():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    assert FreePart.of(Problem(x, y + 1)).is_zero
    assert FreePart.of(Problem(x, y + 1e9, PathNorm("penalised", "none", "none"))).is_zero
    part = FreePart.of(Problem(x, np.round(8 * y) / 8 + 2.0**40))
    assert part.level % 1 == 0
    assert not np.any(part.slope)
    np.testing.assert_array_equal(part.rest(x, np.round(8 * y) / 8 + 2.0**40) % 0.125, 0)


def test_equal_points_have_no_slope():
    part = FreePart.of(Problem(np.full((3, 2), 0.1), [1.0, 1.0, 1.0], PathNorm(skip="free")))
    assert part.level == 1.0
    assert not np.any(part.slope)


def test_no_square_overflows():
    assert root_mean_square(np.array([3e200, 4e200])) == pytest.approx(np.sqrt(12.5) * 1e200)
    assert root_mean_square(np.zeros(3)) == 0

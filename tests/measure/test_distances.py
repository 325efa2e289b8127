"""Distances against sums written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.known import line
from minnorm.measure import Distance, distances, l2_distance, sup_distance, values_of
from minnorm.network import ShallowReLU


def first(x):
    return x[:, 0]


def zero(x):
    return np.zeros(len(x))


def constant(value):
    return lambda x: np.full(len(x), value)


HAT = ShallowReLU(np.ones((3, 1)), np.array([1.0, 0, -1]), np.array([1.0, -2, 1]), np.array(0.0))


def test_networks_solutions_and_callables_are_all_functions():
    x = np.linspace(-2, 2, 9)
    expected = np.maximum(0, 1 - np.abs(x))
    solution = line([-2.0, -1, 0, 1, 2], [0.0, 0, 1, 0, 0])
    for f in (HAT, solution, lambda p: np.maximum(0, 1 - np.abs(p[:, 0])), lambda p: list(HAT.evaluate(p))):
        np.testing.assert_allclose(values_of(f, x), expected, atol=1e-14)
        np.testing.assert_allclose(values_of(f, x[:, None]), expected, atol=1e-14)


def test_l2_distance_is_the_weighted_root_mean_square():
    x = np.array([1.0, 2.0, 2.0])
    assert l2_distance(first, zero, x) == pytest.approx(np.sqrt(3.0))
    assert l2_distance(first, zero, x, weights=[2.0, 1.0, 0.0]) == pytest.approx(np.sqrt(2.0))
    assert sup_distance(first, zero, x) == 2.0
    assert l2_distance(HAT, zero, [0.0, 5.0]) == pytest.approx(np.sqrt(0.5))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_distances_are_metrics_on_the_sample(seed):
    rng = np.random.default_rng(seed)
    f, g, h = (
        ShallowReLU(rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=5), np.array(rng.normal()))
        for _ in range(3)
    )
    x = rng.normal(size=(11, 3))
    p = rng.uniform(0, 1, 11)
    assert l2_distance(f, f, x) == sup_distance(f, f, x) == 0.0
    assert l2_distance(f, g, x, p) == pytest.approx(l2_distance(g, f, x, p))
    assert l2_distance(f, h, x, p) <= l2_distance(f, g, x, p) + l2_distance(g, h, x, p) + 1e-12
    assert sup_distance(f, h, x) <= sup_distance(f, g, x) + sup_distance(g, h, x) + 1e-12
    assert 0 < l2_distance(f, g, x) <= sup_distance(f, g, x)
    assert l2_distance(f, g, x, 5 * p) == pytest.approx(l2_distance(f, g, x, p))
    direct = np.sqrt(np.sum(p * (f.evaluate(x) - g.evaluate(x)) ** 2) / np.sum(p))
    assert l2_distance(f, g, x, p) == pytest.approx(direct)


def test_large_and_small_differences_neither_overflow_nor_vanish():
    assert l2_distance(constant(1e200), zero, [0.0, 1.0]) == pytest.approx(1e200)
    assert l2_distance(constant(1e-200), zero, [0.0, 1.0]) == pytest.approx(1e-200)


def test_a_function_that_is_not_finite_has_no_finite_distance():
    assert np.isnan(l2_distance(constant(np.nan), zero, [0.0, 1.0]))
    assert np.isnan(sup_distance(constant(np.inf), constant(np.inf), [0.0, 1.0]))
    assert l2_distance(constant(np.inf), zero, [0.0, 1.0]) == np.inf


def test_distances_by_region():
    found = distances(first, zero, {"data": [0.0], "unknown": np.array([[3.0], [-4.0]])})
    assert found["data"] == Distance(0.0, 0.0)
    assert found["unknown"].l2 == pytest.approx(np.sqrt(12.5))
    assert found["unknown"].sup == 4.0
    assert list(found) == ["data", "unknown"]
    x = [[0.1], [0.9]]
    assert distances(HAT, zero, {"a": x})["a"] == Distance(l2_distance(HAT, zero, x), sup_distance(HAT, zero, x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: l2_distance(lambda x: x, zero, [1.0, 2.0]), r"f returned shape \(2, 1\).*\(2,\)"),
        (lambda: sup_distance(zero, lambda x: 0.0, [1.0, 2.0]), r"g returned shape \(\)"),
        (lambda: l2_distance(zero, zero, [1.0, 2.0], weights=[1.0]), "weights has shape"),
        (lambda: l2_distance(zero, zero, [1.0, 2.0], weights=[1.0, -1.0]), "weights"),
        (lambda: l2_distance(zero, zero, [1.0, 2.0], weights=[0.0, 0.0]), "not all zero"),
        (lambda: l2_distance(zero, zero, []), "points has shape"),
        (lambda: sup_distance(zero, zero, [np.nan]), "points has 1 NaN"),
        (lambda: distances(zero, zero, {"data": [1.0], "unknown": []}), r"regions\['unknown'\]"),
    ],
)
def test_invalid_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

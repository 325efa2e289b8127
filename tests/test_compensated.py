"""Double-double arithmetic against rational numbers."""

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.compensated import add, multiply, product, running_sum, two_product, two_sum

quick = settings(max_examples=100, deadline=None)
finite = st.floats(-1e100, 1e100).filter(lambda x: x == 0 or abs(x) > 1e-100)
pairs = st.tuples(finite, st.floats(-1, 1)).map(lambda p: two_sum(array(p[0]), array(p[0] * 2.0**-53 * p[1])))


def array(*numbers):
    return np.array(numbers, dtype=float)


def exact(pair, k=0):
    return Fraction(float(pair[0][k])) + Fraction(float(pair[1][k]))


@quick
@given(finite, finite)
def test_sum_and_product_of_two_are_exact(x, y):
    for operation, value in (
        (two_sum, Fraction(x) + Fraction(y)),
        (two_product, Fraction(x) * Fraction(y)),
    ):
        found = operation(array(x), array(y))
        assert exact(found) == value
        assert found[0][0] == float(value)


@quick
@given(pairs, pairs, finite)
def test_pairs_keep_a_hundred_bits(x, y, factor):
    size = abs(exact(x)) + abs(exact(y))
    assert abs(exact(add(x, y)) - exact(x) - exact(y)) <= size / 2**102
    product = exact(x) * Fraction(factor)
    assert abs(exact(multiply(x, array(factor))) - product) <= abs(product) / 2**100


@quick
@given(st.lists(finite, max_size=60))
def test_running_sums_of_terms_that_cancel(terms):
    # Everything comes back with the other sign, so that the last sum is zero.
    numbers = np.array(terms + [-term for term in reversed(terms)], dtype=float)
    found = running_sum((numbers, np.zeros_like(numbers)))
    sums = list(accumulate(map(Fraction, numbers.tolist()), initial=Fraction(0)))
    assert found[0].shape == found[1].shape == (numbers.size + 1,)
    slack = sum(abs(Fraction(number)) for number in numbers.tolist()) / 2**97
    assert all(abs(exact(found, k) - total) <= slack for k, total in enumerate(sums))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 99, 100, 101, 1000])
def test_running_sums_of_every_length(n):
    high, low = running_sum((np.arange(1.0, n + 1), np.full(n, 2.0**-60)))
    k = np.arange(n + 1.0)
    np.testing.assert_array_equal(high, k * (k + 1) / 2)
    np.testing.assert_array_equal(low, k * 2.0**-60)


def test_products_do_not_depend_on_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    whole = product(x, w)
    monkeypatch.setattr("minnorm.compensated._BLOCK", 10)
    np.testing.assert_array_equal(product(x, w), whole)

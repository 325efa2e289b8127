"""By how much one fit is above another at the data: against rationals, and quantiles of one table."""

from fractions import Fraction

import numpy as np
import pytest
from tests.made import random_network

import minnorm as mn


def exactly(net, x):
    """f at points, as fractions."""
    found = []
    for row in x:
        z = [Fraction(float(b)) + sum(Fraction(float(q)) * Fraction(float(r)) for q, r in zip(w, row, strict=True))
             for w, b in zip(net.inner_weights, net.biases, strict=True)]  # fmt: skip
        hidden = [Fraction(float(a)) * max(one, Fraction(0)) for a, one in zip(net.outer_weights, z, strict=True)]
        found.append(Fraction(float(net.offset)) + sum(hidden))
    return found


@pytest.mark.parametrize("dim", [1, 3])
def test_it_is_above_the_exact_amount_and_hardly_more(dim):
    x = np.random.default_rng(dim).normal(size=(9, dim))
    one, other = (random_network(seed, dim=dim) for seed in (1, 2))
    true = max(a - b for a, b in zip(exactly(one, x), exactly(other, x), strict=True))
    found = mn.crossing(x, mn.Solution(one, np.zeros(9)), mn.Solution(other, np.zeros(9)))
    assert max(true, 0) <= Fraction(found) <= max(true, 0) + Fraction(1, 10**12)


def test_several_quantiles_hardly_cross_at_the_data():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 30)
    y = np.sin(4 * x) + 0.4 * rng.standard_t(2, 30)
    fits = [mn.fit(x, y, 1e-2, loss=f"quantile:{q}") for q in (0.25, 0.75)]
    assert mn.crossing(x, *fits) < 1e-5 < mn.crossing(x, *fits[::-1])


def test_another_dimension_is_refused():
    flat = mn.Solution(random_network(0, dim=2), np.zeros(2))
    with pytest.raises(ValueError, match="points has 1 columns and the network of lower takes 2"):
        mn.crossing([0.0, 1.0], flat, flat)

"""The nearest pair is that of all distances."""

import numpy as np
import pytest

from minnorm.nearest import nearest_pair


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("dim", [1, 3])
def test_it_is_that_of_all_distances(dim, size):
    x = np.random.default_rng(dim).normal(size=(20, dim))
    x[7] = x[3]  # equal points are one
    (i, j), distance = nearest_pair(size * x)
    apart = np.linalg.norm(x[:, None] - x, axis=2)
    least = np.min(apart[apart > 0])
    assert i < j
    assert distance == pytest.approx(size * least)
    assert apart[i, j] == pytest.approx(least)


def test_equal_points_are_no_pair():
    assert nearest_pair(np.ones((3, 2)))[1] == np.inf

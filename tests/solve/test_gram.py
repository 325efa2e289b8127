"""Phi D Phi^T by blocks of active points, against the product itself."""

import numpy as np
import pytest

from minnorm import _native
from minnorm.solve.gram import Gram

RNG = np.random.default_rng(5)
POINTS = {
    "normal": RNG.normal(size=(90, 2)),
    "grid": np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2) - 4,
    "nearly on a line": RNG.normal(size=(70, 2)) * [1, 1e-6],
    "far": RNG.normal(size=(50, 2)) + 20,
}


@pytest.mark.parametrize("kind", POINTS)
def test_it_is_the_product(kind):
    x = POINTS[kind]
    n, k = len(x), 400
    angle = np.concatenate([RNG.uniform(0, 2 * np.pi, k - 8), np.arange(8) * np.pi / 4])
    weights = np.column_stack([np.cos(angle), np.sin(angle)])
    biases = -np.einsum("kr,kr->k", weights, x[RNG.integers(n, size=k)])
    ratio = 10.0 ** RNG.uniform(-6, 6, size=k)
    values = np.maximum(x @ weights.T + biases, 0)
    wanted = (values * ratio) @ values.T
    found = np.full((n, n), np.nan, order="F")
    Gram(x).product(weights, biases, ratio, found)
    # Where an atom is turned about the plane of its values is as large as its values beside it.
    size = (np.abs(x @ weights.T + biases) ** 2) @ ratio
    assert np.all(np.abs(np.tril(found - wanted)) <= 1e-13 * np.sqrt(np.outer(size, size)))


def test_what_is_added_must_fit():
    matrix, part = np.zeros((3, 3)), np.ones((2, 2))
    _native.add_lower(matrix, part, np.array([0, 2], dtype=np.int32))
    np.testing.assert_array_equal(matrix, [[1, 0, 1], [0, 0, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="range"):
        _native.add_lower(matrix, part, np.array([0, 3], dtype=np.int32))
    with pytest.raises(ValueError, match="square"):
        _native.add_lower(matrix, part, np.zeros(1, dtype=np.int32))

"""The interpolant that is always at hand."""

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.reduction import reduce
from minnorm.solve.stopgap import interpolated


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("rank", [1, 2, 5])
def test_a_broken_line_makes_any_network_interpolate(rank, bias):
    rng = np.random.default_rng(rank)
    reduced = reduce(Problem(rng.normal(size=(30, rank)), rng.normal(size=30), PathNorm(bias)))
    some = rng.normal(size=(3, reduced.rank)), rng.normal(size=3), rng.normal(size=3)
    coefficients = np.ones(reduced.free.shape[1])
    weights, biases, masses = interpolated(reduced, *some, coefficients)
    values = reduced.atoms(weights, biases) @ masses + reduced.free @ coefficients
    np.testing.assert_allclose(values, reduced.values, atol=1e-11 * np.sum(np.abs(masses)))
    size = np.hypot(np.linalg.norm(weights, axis=1), biases) if bias == "penalised" else np.linalg.norm(weights, axis=1)
    np.testing.assert_allclose(size[3:], 1.0, rtol=1e-12)

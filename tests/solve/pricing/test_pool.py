"""The dictionary, and which atoms join it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.pool import KEPT, Pool, cuts, thinned
from minnorm.solve.reduction import reduce

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, apart=st.sampled_from([0.0, 0.1, 0.5]), most=st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_thinned_atoms_are_the_best_and_apart(seed, apart, most):
    rng = np.random.default_rng(seed)
    atoms = Atoms(rng.normal(size=(40, 2)), rng.normal(size=40), rng.normal(size=40))
    w, b = thinned(atoms, 0.5, apart, most)
    assert len(b) <= most
    index = [int(np.flatnonzero(atoms.biases == bias)[0]) for bias in b]
    values, places = atoms.values[index], np.column_stack([w, b])
    assert np.all(np.abs(values) > 0.5)
    assert np.all(np.diff(np.abs(values)) <= 0)
    distance = np.linalg.norm(places[:, None] - places, axis=2) + 10 * np.eye(len(b))
    assert np.all((distance > apart) | (values[:, None] * values < 0))
    if len(b) < most:  # everything left out is near a better one of its sign
        for k in set(np.flatnonzero(np.abs(atoms.values) > 0.5)) - set(index):
            near = np.linalg.norm(places - np.append(atoms.weights[k], atoms.biases[k]), axis=1) <= apart
            assert np.any(near & (values * atoms.values[k] > 0) & (np.abs(values) >= abs(atoms.values[k])))


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("rank", [1, 2, 4])
def test_a_spanning_pool_interpolates_anything(bias, rank):
    rng = np.random.default_rng(8)
    reduced = reduce(Problem(rng.normal(size=(12, rank)), rng.normal(size=12), PathNorm(bias, "none", "none")))
    pool = Pool(reduced)
    pool.span(rng)
    np.testing.assert_allclose(PathNorm(bias).atom_cost(pool.weights, pool.biases), 1, rtol=1e-12)
    np.testing.assert_array_equal(pool.values, reduced.atoms(pool.weights, pool.biases))
    assert np.linalg.matrix_rank(pool.values) == 12
    size = pool.size
    pool.keep(np.arange(5))
    assert (size, pool.size, pool.values.shape) == (48, 5, (12, 5))


def test_what_is_kept_is_nearest_to_active():
    rng = np.random.default_rng(0)
    pool = Pool(reduce(Problem(rng.normal(size=(6, 2)), rng.normal(size=6))))
    pool.add(rng.normal(size=(50, 2)), rng.normal(size=50))
    nu = rng.normal(size=6)
    activity = np.sort(np.abs(nu @ pool.values))[::-1]
    pool.keep(pool.nearest(nu))
    assert pool.size == KEPT * 6
    np.testing.assert_allclose(np.abs(nu @ pool.values), activity[: KEPT * 6])
    np.testing.assert_array_equal(pool.values, pool.reduced.atoms(pool.weights, pool.biases))


@pytest.mark.parametrize("largest", [0.5, 1.0, 1 + 1e-6, 2.0, 1e3])
def test_cuts_are_violated_and_the_worst_is_one(largest):
    limit, apart = cuts(largest)
    assert limit >= 1
    assert apart >= 0
    assert (limit < largest) == (largest > 1)

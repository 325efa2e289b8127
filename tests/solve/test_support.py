"""Sparse supports: the same function on the data, no dearer, with few atoms; and interpolation to rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.solve.support import repair, sparsify

seeds = st.integers(0, 2**32 - 1)


def dictionary(rng, n, p, q):
    x = rng.normal(size=(n, 2))
    w = rng.normal(size=(p, 2))
    atoms = np.maximum(x @ w.T - (x[rng.integers(n, size=p)] * w).sum(axis=1), 0)
    atoms[atoms < 1e-12] = 0
    return atoms, np.column_stack([np.ones(n), x])[:, :q]


def outside(free, values):
    """Values up to free terms."""
    return values - free @ np.linalg.lstsq(free, values, rcond=None)[0] if free.shape[1] else values


def check(atoms, free, masses):
    sparse = sparsify(atoms, free, masses)
    size = np.abs(masses).sum()
    np.testing.assert_allclose(
        outside(free, atoms @ sparse), outside(free, atoms @ masses), atol=1e-10 * max(1.0, size), rtol=0
    )
    assert np.abs(sparse).sum() <= size * (1 + 1e-12)
    assert np.all(masses[sparse != 0] != 0)
    rank = (
        np.linalg.matrix_rank(np.column_stack([atoms, free])) - np.linalg.matrix_rank(free) if free.size else len(atoms)
    )
    assert np.count_nonzero(sparse) <= rank
    return sparse


@given(seed=seeds, n=st.integers(2, 15), p=st.integers(1, 60), q=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_at_most_n_minus_q_atoms_no_dearer(seed, n, p, q):
    rng = np.random.default_rng(seed)
    atoms, free = dictionary(rng, n, p, min(q, n - 1))
    masses = rng.normal(size=p) * (rng.random(p) < 0.8)
    before = masses.copy()
    check(atoms, free, masses)
    np.testing.assert_array_equal(masses, before)


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_masses_of_many_sizes(seed):
    rng = np.random.default_rng(seed)
    atoms, free = dictionary(rng, 8, 40, 1)
    check(atoms, free, rng.normal(size=40) * 10.0 ** rng.integers(-12, 1, 40))


def test_equal_atoms_become_one():
    rng = np.random.default_rng(0)
    atoms, free = rng.random((10, 4)), np.ones((10, 1))
    masses = np.tile(rng.normal(size=4), 6)
    sparse = check(np.tile(atoms, (1, 6)), free, masses)
    np.testing.assert_allclose(sparse.reshape(6, 4).sum(axis=0), masses.reshape(6, 4).sum(axis=0), rtol=1e-12)


def test_opposite_masses_on_one_atom_cancel():
    rng = np.random.default_rng(1)
    atoms, free = dictionary(rng, 6, 1, 1)
    sparse = sparsify(np.tile(atoms, (1, 2)), free, np.array([2.0, -0.5]))
    assert np.count_nonzero(sparse) == 1
    assert sparse.sum() == pytest.approx(1.5)
    assert np.abs(sparse).sum() == pytest.approx(1.5)


def test_atoms_that_are_free_terms_go():
    atoms = np.column_stack([np.ones(5), np.arange(5.0)])
    assert not sparsify(atoms, atoms, np.array([1.0, -2.0])).any()


def test_independent_atoms_stay():
    masses = np.array([1.0, -2.0, 0.0])
    np.testing.assert_array_equal(sparsify(np.eye(3), np.zeros((3, 0)), masses), masses)
    np.testing.assert_array_equal(sparsify(np.eye(3), np.zeros((3, 0)), np.zeros(3)), np.zeros(3))


@given(seed=seeds, q=st.integers(0, 3), size=st.sampled_from([1e-6, 1.0, 1e6]))
@settings(max_examples=25, deadline=None)
def test_repair_interpolates_to_rounding(seed, q, size):
    rng = np.random.default_rng(seed)
    atoms, free = dictionary(rng, 9, 30, q)
    masses = rng.normal(size=30) * (rng.random(30) < 0.7)
    coefficients = rng.normal(size=q)
    values = size * (atoms @ masses + free @ coefficients + 1e-4 * rng.normal(size=9))
    live = masses != 0
    if np.linalg.matrix_rank(np.column_stack([atoms[:, live], free]), tol=1e-3) < 9:
        return
    repaired, terms = repair(atoms, free, values, size * masses)
    scale = size * max(1.0, float(np.abs(masses).sum()))
    np.testing.assert_allclose(atoms @ repaired + free @ terms, values, atol=1e-13 * scale, rtol=0)
    assert np.all(repaired[~live] == 0)
    # No farther than the plain least squares correction needs to go, times its spread of weights.
    assert np.abs(repaired - size * masses).max() < 1e-1 * scale


def test_repair_leaves_an_interpolant_alone():
    rng = np.random.default_rng(2)
    atoms, free = dictionary(rng, 8, 20, 1)
    masses = rng.normal(size=20)
    repaired, terms = repair(atoms, free, atoms @ masses + 3.0, masses)
    np.testing.assert_allclose(repaired, masses, atol=1e-12)
    assert terms[0] == pytest.approx(3.0, abs=1e-12)
    alone, terms = repair(np.zeros((4, 0)), np.ones((4, 1)), np.full(4, 2.0), np.zeros(0))
    assert alone.shape == (0,)
    assert terms[0] == pytest.approx(2.0)


def test_free_terms_are_tried_first():
    """Labels far from zero are no reason to change the masses."""
    rng = np.random.default_rng(3)
    atoms, free = dictionary(rng, 8, 20, 1)
    masses = rng.normal(size=20)
    repaired, terms = repair(atoms, free, atoms @ masses + 1e6, masses)
    np.testing.assert_allclose(repaired, masses, atol=1e-8)
    assert terms[0] == pytest.approx(1e6, rel=1e-12)

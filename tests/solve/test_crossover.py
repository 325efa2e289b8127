"""From an interior point to a vertex: it interpolates with the fewest atoms, as cheaply as any of them can."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from minnorm.objective.problem import Problem
from minnorm.solve.crossover import crossed
from minnorm.solve.priced import approached
from minnorm.solve.pricing.plane import Plane
from minnorm.solve.reduction import reduce


def programme(seed, n=12, p=40, q=2):
    """Columns that can carry the values with masses >= 0, free ones, and any weights."""
    rng = np.random.default_rng(seed)
    atoms, free = rng.normal(size=(n, p)), rng.normal(size=(n, q))
    values = atoms @ rng.exponential(size=p) * rng.uniform(0.1, 10) + free @ rng.normal(size=q)
    return atoms, free, values, rng.exponential(size=p) ** 3


def least(atoms, free, values):
    rows = np.concatenate([atoms, free, -free], axis=1)
    cost = np.concatenate([np.ones(atoms.shape[1]), np.zeros(2 * free.shape[1])])
    return linprog(cost, A_eq=rows, b_eq=values, method="highs").fun


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_a_vertex_has_no_more_atoms_than_equations_and_costs_no_less_than_the_least(seed):
    atoms, free, values, weight = programme(seed)
    basis = crossed(atoms, free, values, weight)
    assert basis is not None
    assert basis.atoms.size == len(set(basis.atoms)) <= len(values) - free.shape[1]
    missed = atoms[:, basis.atoms] @ basis.masses + free @ basis.coefficients - values
    np.testing.assert_allclose(missed, 0, atol=1e-9 * np.abs(values).max())
    assert np.abs(basis.masses).sum() >= least(np.concatenate([atoms, -atoms], axis=1), free, values) * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_the_optimum_lead_to_it(seed):
    atoms, free, values, _ = programme(seed)
    q = free.shape[1]
    rows = np.concatenate([atoms, free, -free], axis=1)
    cost = np.concatenate([np.ones(atoms.shape[1]), np.zeros(2 * q)])
    solved = linprog(cost, A_eq=rows, b_eq=values, method="highs-ipm")
    slack = 1 - atoms.T @ solved.eqlin.marginals
    mass = solved.x[: atoms.shape[1]]
    basis = crossed(atoms, free, values, np.maximum(mass, 1e-6) / np.maximum(slack, 1e-6))
    assert basis is not None
    assert np.abs(basis.masses).sum() == pytest.approx(solved.fun, rel=1e-9)


def test_of_points_in_a_plane_it_costs_what_the_bound_says():
    rng = np.random.default_rng(4)
    problem = reduce(Problem(rng.normal(size=(40, 2)), rng.normal(size=40), None))
    near = approached(problem, Plane(problem.points), 1e-8, math.inf, lambda _: None)
    assert near is not None
    atoms, ratio = near.columns.values(slice(None)), near.columns.ratio
    basis = crossed(atoms, problem.free, problem.values, ratio, prices=near.columns.seen)
    assert basis is not None
    assert near.bound * (1 - 1e-12) <= np.abs(basis.masses).sum() <= near.bound * (1 + 1e-7)
    # Its masses say which atoms are active: |h| = 1 there.
    active = np.abs(near.nu @ atoms[:, basis.atoms])
    assert np.all(active >= 1 - 1e-5)
    # At once where there is no time for more, with whatever the first basis costs; or not at all.
    hurried = crossed(atoms, problem.free, problem.values, ratio, -math.inf)
    assert hurried is None


def test_atoms_without_mass_are_left_out_and_what_does_not_span_is_refused():
    atoms = np.eye(4)
    free = np.zeros((4, 0))
    basis = crossed(atoms, free, np.array([2.0, 0.0, 1.0, 0.0]), np.ones(4))
    assert basis is not None
    assert dict(zip(basis.atoms.tolist(), basis.masses.tolist(), strict=True)) == {0: 2.0, 2: 1.0}
    assert crossed(atoms[:, :3], free, np.ones(4), np.ones(3)) is None
    assert crossed(np.ones((4, 6)), free, np.ones(4), np.ones(6)) is None


def test_after_the_deadline_a_vertex_with_negative_masses_interpolates_as_well(monkeypatch):
    atoms, free, values, weight = programme(3)
    whole = crossed(atoms, free, values, weight)
    monkeypatch.setattr("minnorm.solve.crossover.past", lambda deadline: True)
    first = crossed(atoms, free, values, weight)
    assert whole is not None
    assert first is not None
    missed = atoms[:, first.atoms] @ first.masses + free @ first.coefficients - values
    np.testing.assert_allclose(missed, 0, atol=1e-9 * np.abs(values).max())
    assert np.abs(first.masses).sum() >= np.abs(whole.masses).sum() * (1 - 1e-12)

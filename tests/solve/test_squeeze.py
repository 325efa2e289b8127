"""The master problem in the span of its columns: the same optimum as at all points."""

import numpy as np
import pytest

from minnorm.solve import master
from minnorm.solve.squeeze import Squeezed


def made(seed, n=120, p=20, q=1, rank=20):
    rng = np.random.default_rng(seed)
    atoms = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p)) if rank < p else rng.normal(size=(n, p))
    return atoms, rng.normal(size=(n, q)), rng.normal(size=n), rng.uniform(0.5, 2, size=n)


@pytest.mark.parametrize("q", [0, 1, 3])
@pytest.mark.parametrize("rank", [20, 7])
def test_the_conditions_of_the_optimum_hold_at_all_points(q, rank):
    atoms, free, values, rho = made(0, q=q, rank=rank)
    found = master.solve(atoms, free, values, rho, tolerance=1e-10)
    rest = values - atoms @ found.masses - free @ found.coefficients
    np.testing.assert_allclose(found.nu, rest / rho, atol=1e-8)
    pulls = atoms.T @ found.nu
    assert np.max(np.abs(pulls)) <= 1 + 1e-9
    live = np.abs(found.masses) > 1e-6
    np.testing.assert_allclose(pulls[live], np.sign(found.masses[live]), atol=1e-5)
    np.testing.assert_allclose(free.T @ found.nu, 0, atol=1e-8)


@pytest.mark.parametrize("rank", [20, 7])
def test_it_is_the_same_problem(monkeypatch, rank):
    atoms, free, values, rho = made(1, rank=rank)
    atoms[:, 3] = 0.0  # an atom that no point sees
    quick = master.solve(atoms, free, values, rho, tolerance=1e-10)
    monkeypatch.setattr(master, "_FEW", np.inf)
    slow = master.solve(atoms, free, values, rho, tolerance=1e-10)
    assert np.abs(quick.masses).sum() == pytest.approx(np.abs(slow.masses).sum(), rel=1e-7)
    np.testing.assert_allclose(quick.nu, slow.nu, atol=1e-7)


def test_a_dual_vector_goes_there_and_back():
    atoms, free, values, rho = made(2)
    less = Squeezed.of(atoms, free, values, rho)
    nu = (values - atoms[:, 0] + 2 * free[:, 0]) / rho
    np.testing.assert_allclose(less.original_dual(less.dual(nu)), nu, atol=1e-12)
    np.testing.assert_allclose(less.programme[0].T @ less.dual(nu), atoms.T @ nu, atol=1e-10)
    assert less.programme[2] @ less.dual(nu) == pytest.approx(values @ nu)

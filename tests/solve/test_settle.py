"""The best masses of given signs: the conditions of the optimum, whatever depends on what."""

import numpy as np
import pytest

from minnorm.solve.settle import settle


@pytest.mark.parametrize("twins", [False, True])
@pytest.mark.parametrize("q", [0, 2])
def test_conditions_of_the_optimum(q, twins):
    rng = np.random.default_rng(q)
    n, p = 60, 16
    atoms, free, values = rng.normal(size=(n, p)), rng.normal(size=(n, q)), rng.normal(size=n)
    if twins:
        atoms[:, 8:] = atoms[:, :8] * (1 + 1e-9 * rng.normal(size=8))
    rho, cost = rng.uniform(0.1, 1, size=n), rng.uniform(0.5, 2, size=p)

    def misfit(a, c):
        return values - atoms @ a - free @ c

    begun = np.where(rng.random(p) < 0.5, -1.0, 1.0)
    masses, coefficients = settle(atoms, free, rho, cost, begun, np.zeros(q), misfit)
    assert np.all(masses * begun >= 0)
    nu = misfit(masses, coefficients) / rho
    np.testing.assert_allclose(free.T @ nu, 0, atol=1e-9)
    pulls, live = (atoms.T @ nu) * begun - cost, masses != 0
    np.testing.assert_allclose(pulls[live], 0, atol=1e-6 if twins else 1e-10)


def test_of_two_equal_atoms_the_dearer_one_goes():
    rng = np.random.default_rng(3)
    atom, values = rng.normal(size=30), 5 * rng.normal(size=30)
    values = values + 20 * atom
    atoms, cost = np.column_stack([atom, atom]), np.array([1.0, 1.5])
    masses, _ = settle(
        atoms, np.zeros((30, 0)), np.ones(30), cost, np.ones(2), np.zeros(0), lambda a, c: values - atoms @ a
    )
    assert masses[1] == 0
    assert masses[0] == pytest.approx((atom @ values - 1) / (atom @ atom), rel=1e-12)

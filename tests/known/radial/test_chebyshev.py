"""Best even approximations of |s|: optimality conditions, proven bounds, and linear programmes."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.polynomial import chebyshev as series
from scipy.optimize import linprog

from minnorm.known.radial.chebyshev import EvenApproximation, best_even_approximation

CASES = [(n, eps) for n in (0, 2, 4, 6, 14, 30) for eps in (0.0, 1e-9, 0.1, 0.3)] + [(100, 0.0), (200, 0.0), (6, 0.9)]

# E_n(|s|) on [-1, 1] by an exchange and a linear programme in 50 digits.
ERRORS = {
    0: 0.5,
    2: 0.125,
    4: 0.067620899277784,
    6: 0.045929062066863,
    8: 0.034689728084382,
    10: 0.027845118553551,
    14: 0.019948781782751,
    20: 0.013986621688599,
    30: 0.0093324868895469,
}
BERNSTEIN = 0.28016949902386913


@pytest.mark.parametrize(("degree", "error"), ERRORS.items())
def test_errors_on_the_whole_interval(degree, error):
    found = best_even_approximation(degree)
    assert found.error == pytest.approx(error, rel=1e-12)
    low, high = found.bounds
    assert low * (1 - 1e-13) <= error <= high * (1 + 1e-13)


@pytest.mark.parametrize(("degree", "plateau"), CASES)
def test_the_error_curve_equioscillates(degree, plateau):
    found = best_even_approximation(degree, plateau)
    assert found.nodes.shape == found.weights.shape == (degree // 2 + 2,)
    assert found.nodes[0] == plateau
    assert found.nodes[-1] == 1.0
    assert np.all(np.diff(found.nodes) > 0)
    at_nodes = found.nodes - found.polynomial(found.nodes)
    np.testing.assert_allclose(np.abs(at_nodes), found.error, rtol=1e-11, atol=5e-15)
    np.testing.assert_array_equal(np.sign(at_nodes[1:]), -np.sign(at_nodes[:-1]))
    s = np.linspace(plateau, 1, 40 * degree + 101)
    assert np.max(np.abs(s - found.polynomial(s))) <= found.error + 5e-15


@pytest.mark.parametrize(("degree", "plateau"), CASES)
def test_the_weights_annihilate_polynomials_and_meet_the_error(degree, plateau):
    found = best_even_approximation(degree, plateau)
    assert np.abs(found.weights).sum() == pytest.approx(1.0, rel=1e-14)
    tau = (2 * found.nodes**2 - 1 - plateau**2) / (1 - plateau**2)
    np.testing.assert_allclose(found.weights @ series.chebvander(tau, degree // 2), 0.0, atol=1e-12)
    assert found.weights @ found.nodes == pytest.approx(found.error, abs=1e-14)
    assert found.weights @ found.nodes > 0
    np.testing.assert_array_equal(np.sign(found.weights), np.sign(found.nodes - found.polynomial(found.nodes)))


def exact_error(found, s):
    """s - p(s) in rational arithmetic."""
    s, square = Fraction(float(s)), Fraction(found.plateau) ** 2
    tau = (2 * s * s - 1 - square) / (1 - square)
    before, here, total = Fraction(1), tau, Fraction(float(found.coefficients[0]))
    for c in found.coefficients[1:]:
        total += Fraction(float(c)) * here
        before, here = here, 2 * tau * here - before
    return s - total


@pytest.mark.parametrize(
    ("degree", "plateau"), [(0, 0.0), (2, 0.0), (6, 0.0), (6, 0.3), (14, 0.1), (30, 0.0), (20, 0.5)]
)
def test_the_bounds_enclose_every_value_of_the_stored_curve(degree, plateau):
    found = best_even_approximation(degree, plateau)
    low, high = found.bounds
    at_nodes = [abs(exact_error(found, s)) for s in found.nodes]
    assert Fraction(low) <= min(at_nodes)
    assert low == pytest.approx(float(min(at_nodes)), rel=1e-15)
    assert max(at_nodes) <= Fraction(high)
    near = (found.nodes[:, None] + 1e-9 * np.array([-1.0, -0.1, 0.1, 1.0])).ravel()
    for s in np.concatenate([np.linspace(plateau, 1, 60), near[(near >= plateau) & (near <= 1)]]):
        assert abs(exact_error(found, s)) <= Fraction(high)


@pytest.mark.parametrize(
    ("degree", "plateau", "width"),
    [(0, 0.0, 1e-15), (30, 0.0, 1e-13), (100, 0.0, 3e-13), (200, 0.0, 1e-12), (14, 0.1, 1e-12), (6, 0.5, 1e-10)],
)
def test_the_bounds_are_narrow(degree, plateau, width):
    low, high = best_even_approximation(degree, plateau).bounds
    assert 0 < low <= high <= low * (1 + width)


@pytest.mark.parametrize("change", [1e-9, 1e-6])
def test_a_changed_polynomial_has_wider_bounds_that_still_enclose_the_error(change):
    best = best_even_approximation(6)
    coefficients = best.coefficients + np.array([change, 0.0, 0.0, 0.0])
    low, high = EvenApproximation(0.0, best.nodes, best.weights, coefficients, best.error).bounds
    assert low == pytest.approx(best.error - change, rel=1e-9)
    assert high == pytest.approx(best.error + change, rel=1e-9)


def test_a_polynomial_that_does_not_alternate_proves_nothing():
    best = best_even_approximation(6)
    zero = EvenApproximation(0.0, best.nodes, best.weights, np.zeros(4), best.error)
    assert zero.bounds == (0.0, np.inf)


@pytest.mark.parametrize(("degree", "plateau"), [(2, 0.0), (4, 0.2), (6, 0.0), (8, 0.5)])
def test_a_linear_programme_on_a_grid_finds_the_same_error(degree, plateau):
    s = np.sqrt(np.linspace(plateau**2, 1, 3000)) if plateau else np.linspace(0, 1, 3000)
    basis = series.chebvander(2 * s**2 - 1, degree // 2)
    ones = np.ones((s.size, 1))
    found = linprog(
        np.append(np.zeros(basis.shape[1]), 1.0),
        A_ub=np.vstack([np.hstack([basis, -ones]), np.hstack([-basis, -ones])]),
        b_ub=np.concatenate([s, -s]),
        bounds=[(None, None)] * basis.shape[1] + [(0, None)],
        method="highs",
    )
    error = best_even_approximation(degree, plateau).error
    assert found.fun <= error + 1e-9
    assert found.fun == pytest.approx(error, rel=1e-3)


def test_a_plateau_of_no_width_changes_nothing():
    for degree in (0, 6, 20):
        for plateau in (5e-324, 1e-200, 1e-12):
            error = best_even_approximation(degree, plateau).error
            assert error == pytest.approx(best_even_approximation(degree).error, rel=1e-10)


def test_the_error_falls_with_the_degree_and_the_plateau():
    errors = np.array(
        [[best_even_approximation(n, eps).error for n in range(0, 20, 2)] for eps in (0.0, 0.1, 0.3, 0.6)]
    )
    assert np.all(np.diff(errors, axis=0) < 0)
    assert np.all(np.diff(errors, axis=1) < 0)


def test_degree_times_error_tends_to_bernsteins_constant():
    scaled = [n * best_even_approximation(n).error for n in (50, 100, 200)]
    misses = BERNSTEIN - np.array(scaled)
    assert np.all(misses > 0)
    np.testing.assert_allclose(misses[:-1] / misses[1:], 4.0, rtol=1e-2)
    # The expansion goes on in powers of n^-2: two steps of Richardson's extrapolation.
    once = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(scaled)]
    assert (16 * once[1] - once[0]) / 15 == pytest.approx(BERNSTEIN, abs=1e-11)

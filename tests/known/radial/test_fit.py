"""Radial laws: optimality of the fit, its certificate, and agreement with solvers that know nothing of radii."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from tests.problems import kernel

import minnorm as mn
from minnorm.known import radial_bump, radial_fit, radial_law
from minnorm.known.radial.atoms import correlation, largest_correlation, radial_atoms
from minnorm.known.radial.master import best_masses
from minnorm.known.radial.price import price

DIMS = pytest.mark.parametrize("dim", [1, 2, 3, 4, 7, 16, 31])


def law(count=20, outer=2.0):
    """Half the weight at the origin, label 1; half on 1 <= r <= outer, label 0."""
    radii = np.concatenate([[0.0], np.linspace(1, outer, count)])
    return radii, np.eye(1, count + 1)[0], np.concatenate([[count], np.ones(count)])


# The solution.


@DIMS
@pytest.mark.parametrize("lam", [0.02, 1e-3, 1e-5])
def test_conditions_of_optimality(dim, lam):
    r, y, p = law()
    fit = radial_fit(r, y, dim, lam, p)
    assert fit.certified
    assert fit.gap < 1e-7
    curve = fit.curve(np.linspace(0, 2.5, 4001))
    assert np.max(np.abs(curve)) <= 1 + 1e-7
    np.testing.assert_allclose(fit.curve(fit.knots), np.sign(fit.masses), atol=1e-6)
    # The residuals are the dual vector, and the offset is free.
    p = fit.weights
    np.testing.assert_allclose(p * (y - fit.profile(r)), lam * fit.dual, atol=1e-5 * lam * np.max(np.abs(fit.dual)))
    assert abs(np.sum(fit.dual)) < 1e-9 * np.sum(np.abs(fit.dual))
    value = 0.5 * p @ (fit.profile(r) - y) ** 2 + lam * fit.norm
    assert fit.value == pytest.approx(value, rel=1e-10)
    assert np.abs(fit.measure.masses).sum() == pytest.approx(fit.norm)


@DIMS
def test_profile_and_measure_are_the_same_function(dim):
    r, y, p = law()
    fit = radial_fit(r, y, dim, 1e-4, p)
    at = np.linspace(0.05, 3, 25)
    measure = fit.measure
    if dim > 1:
        made = measure.offset + 0.5 * kernel(dim, at, np.abs(measure.atoms)) @ measure.masses
        np.testing.assert_allclose(made, fit.profile(at), atol=1e-5 * fit.norm)
    x = np.random.default_rng(0).normal(size=(5, dim))
    np.testing.assert_allclose(fit(x), fit.profile(np.linalg.norm(x, axis=1)))


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_a_linear_programme_on_a_grid_interpolates_at_the_same_price(dim):
    r, y = np.array([0.0, 0.7, 1.0, 1.6, 2.0]), np.array([1.0, 0.3, -0.2, 0.4, 0.4])
    fit = radial_fit(r, y, dim)
    assert fit.certified
    np.testing.assert_allclose(fit.profile(r), y, atol=1e-9)
    s = np.unique(np.concatenate([np.linspace(0, 2, 801), r]))
    distance = kernel(dim, r, s) if dim > 1 else np.maximum(r[:, None], s)
    columns = np.hstack([0.5 * distance, -0.5 * distance, np.ones((r.size, 1))])
    bounds = [(0, None)] * (2 * s.size) + [(None, None)]
    found = linprog(np.append(np.ones(2 * s.size), 0.0), A_eq=columns, b_eq=y, bounds=bounds, method="highs")
    assert found.fun == pytest.approx(fit.norm, rel=1e-4)


@pytest.mark.parametrize("dim", [1, 3])
def test_with_small_lam_and_a_dense_law_it_is_the_bump(dim):
    bump = radial_bump(dim)
    norms = [radial_fit(*law(40)[:2], dim, lam, law(40)[2]).norm for lam in (1e-5, 1e-7, 1e-9)]
    assert norms == sorted(norms)
    assert norms[-1] == pytest.approx(bump.norm, rel=0.02)
    fit = radial_fit(*law(40)[:2], dim, 1e-9, law(40)[2])
    r = np.linspace(0, 2, 41)
    np.testing.assert_allclose(fit.profile(r), bump.profile(r), atol=0.03)


def test_interpolation_of_a_finite_outer_radius_in_the_plane_from_below():
    lower = [radial_fit(*law(count)[:2], 2).lower_bound for count in (5, 10, 20)]
    assert lower == sorted(lower)
    assert lower[-1] < radial_bump(2, outer=2.0).norm
    assert lower[-1] == pytest.approx(radial_bump(2, outer=2.0).norm, rel=0.03)


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
def test_an_interpolant_that_misses_by_rounding_has_no_value_below_the_bound():
    """Without a price for what is missed, its norm would be less than the bound by 1e-11."""
    r = [0.04331001, 0.18814765, 0.6961591, 0.86148829, 1.24301808]
    fit = radial_fit(r, [0.54417719, -0.36622168, -1.42484851, -0.70385912, 0.13616234], 5)
    assert fit.certified
    assert fit.norm < fit.value
    assert fit.lower_bound <= fit.value


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dim=st.integers(1, 9), lam=st.sampled_from([0.0, 1e-3]))
def test_the_bound_is_never_above_the_value(seed, dim, lam):
    rng = np.random.default_rng(seed)
    fit = radial_fit(np.linspace(0, 2, 6) ** 1.1 + 0.1 * rng.uniform(size=6), rng.normal(size=6), dim, lam)
    assert 0 <= fit.lower_bound <= fit.value
    assert fit.certified


def test_where_the_dual_vector_is_huge_the_bound_still_holds():
    with pytest.warns(mn.UncertifiedWarning, match="merge radii"):
        fit = radial_fit(*law(20)[:2], 8)
    assert fit.lower_bound < fit.norm < fit.lower_bound * (1 + 1e-2)
    assert fit.lower_bound < radial_bump(8, outer=2.0).norm


# Solvers that know nothing of radii.


@pytest.mark.parametrize("lam", [0.0, 1e-3, 0.05])
def test_on_the_line_it_is_the_fit_of_symmetric_data(lam):
    r, y = np.array([0.5, 1.0, 1.5, 2.5]), np.array([1.0, -0.5, 0.2, 0.4])
    x, labels = np.concatenate([-r, r]), np.concatenate([y, y])
    expected = mn.interpolate(x, labels) if lam == 0 else mn.fit(x, labels, lam=lam)
    fit = radial_fit(r, y, 1, lam)
    assert fit.certified
    assert fit.value == pytest.approx(expected.value, rel=1e-6)
    assert fit.lower_bound <= expected.value * (1 + 1e-9)


def test_samples_of_the_spheres_never_cost_more():
    r, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, 0.3])
    fit = radial_fit(r, y, 2, 0.02)
    values = []
    for count in (3, 12):
        angle = 2 * np.pi * np.arange(count) / count
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x = np.concatenate([radius * circle for radius in r])
        values.append(mn.fit(x, np.repeat(y, count), lam=0.02).value)
    assert values[0] <= values[1] * (1 + 1e-7)
    assert values[1] <= fit.value
    assert values[1] == pytest.approx(fit.value, rel=0.02)


# The parts.


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dim=st.integers(1, 9))
def test_the_certificate_bounds_any_dual_vector(seed, dim):
    rng = np.random.default_rng(seed)
    r = np.unique(np.append(rng.uniform(0, 3, 6), 0.0))
    nu = rng.normal(size=r.size)
    nu[0] -= np.sum(nu)
    low, high = largest_correlation(nu, r, dim, 1e-6)
    assert low <= high <= low * (1 + 2e-6)
    s = np.linspace(0, 3, 2001)
    assert np.max(np.abs(correlation(nu, r, s, dim)[0])) <= high
    # Weak duality: no measure's pairing with nu exceeds its mass times the maximum.
    knots, masses = rng.uniform(0, 3, 4), rng.normal(size=4)
    assert nu @ radial_atoms(r, knots, dim)[0] @ masses <= high * np.abs(masses).sum() * (1 + 1e-12)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dim=st.integers(1, 6), lam=st.sampled_from([1e-3, 1e-2, 0.1]))
def test_random_laws_are_certified_and_scale(seed, dim, lam):
    rng = np.random.default_rng(seed)
    r, y, p = rng.uniform(0, 2, 6), rng.normal(size=6), rng.uniform(0.5, 2, 6)
    fit = radial_fit(r, y, dim, lam, p)
    assert fit.certified
    assert fit.lower_bound <= fit.value
    # f(x / 2) on doubled radii has half the norm.
    assert radial_fit(2 * r, y, dim, 2 * lam, p).value == pytest.approx(fit.value, rel=1e-6)
    assert radial_fit(r, 3 * y + 1, dim, 3 * lam, p).value == pytest.approx(9 * fit.value, rel=1e-6)


def test_a_master_problem_whose_error_grows_on_the_way_is_solved_all_the_same():
    rng = np.random.default_rng(110)
    r, y, p = rng.uniform(0, 2, 6), rng.normal(size=6), rng.uniform(0.5, 2, 6)
    fit = radial_fit(r, y, 3, 1e-3, p)
    assert fit.certified
    assert fit.gap <= 1e-8


def test_masses_on_few_neurons_minimise():
    rng = np.random.default_rng(0)
    a, b, rho = rng.normal(size=(5, 3)), rng.normal(size=5), 0.3
    z, v = best_masses(a, b, rho)
    np.testing.assert_allclose(a @ z + rho * v, b, atol=1e-9)
    assert np.max(np.abs(a.T @ v)) <= 1 + 1e-9
    found = minimize(lambda w: 0.5 * np.sum((a @ w - b) ** 2) + rho * np.abs(w).sum(), z, method="Nelder-Mead")
    assert 0.5 * np.sum((a @ z - b) ** 2) + rho * np.abs(z).sum() <= found.fun + 1e-9


def test_repeated_radii_are_merged_and_their_noise_counted():
    once = radial_fit([0.0, 1.0, 2.0], [1.0, 0.0, 0.5], 3, 0.01, [1, 2, 1])
    twice = radial_fit([1.0, 0.0, 2.0, 1.0], [0.4, 1.0, 0.5, -0.4], 3, 0.01)
    assert twice.value == pytest.approx(once.value + 0.5 * 0.5 * 0.16)
    assert twice.certified
    np.testing.assert_allclose(twice.profile([0.5, 3.0]), once.profile([0.5, 3.0]), atol=1e-6)


@pytest.mark.parametrize("law", ["shell", "uniform_radius", "normal"])
def test_nodes_of_a_law_have_the_moments_of_its_samples(law):
    bump = radial_bump(3, 0.4).stretch(1.5)
    radii, labels, weights = radial_law(law, 3, 20, plateau=0.4, scale=1.5, inner_fraction=0.25)
    x, y = bump.sample(0, 40_000, law, inner_fraction=0.25)
    r = np.linalg.norm(x, axis=1)
    assert np.sum(weights) == pytest.approx(1)
    for power in (1, 2):
        for label in (0, 1):
            expected = np.mean(r**power * (y == label))
            assert weights @ (radii**power * (labels == label)) == pytest.approx(expected, rel=0.02)
    assert radial_fit(radii, labels, 3, 1e-3, weights).certified
    with pytest.raises(ValueError, match="count is 0"):
        radial_law(law, 3, 0)
    with pytest.raises(ValueError, match=r"inner_fraction is 1\.0"):
        radial_law(law, 3, 2, inner_fraction=1.0)


@pytest.mark.parametrize("lam", [0.0, 0.1])
def test_constants_cost_nothing(lam):
    for r, y in (([0.5, 1.0], [2.0, 2.0]), ([1.0], [2.0]), ([0.0], [2.0])):
        fit = radial_fit(r, y, 3, lam)
        assert fit.norm == fit.lower_bound == 0
        assert fit.certified
        np.testing.assert_allclose(fit.profile([0.0, 4.0]), 2.0)
    assert radial_fit([0.0, 1.0], [1.0, 0.0], 3, 10.0).norm == 0
    noise = radial_fit([1.0, 1.0], [1.0, -1.0], 3, 0.1)
    assert noise.value == pytest.approx(0.5)
    assert noise.certified


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0, 1.0], [1.0, 0.0], 0), "dim is 0; give a positive"),
        (([0.0, 1.0], [1.0, 0.0], 3, -1.0), "lam is -1.0; give a finite"),
        (([0.0, 1.0], [1.0, 0.0], 3, math.nan), "lam is nan"),
        (([-1.0, 1.0], [1.0, 0.0], 3), "radii is empty or has negative"),
        (([0.0, 1.0], [1.0], 3), "values has 1 entries and radii 2"),
        (([0.0, 1.0], [1.0, 0.0], 3, 0.0, [1.0, 0.0]), "weights needs one number > 0"),
        (([1.0, 1.0], [1.0, 0.0], 3), "values differ at the radius 1"),
    ],
)
def test_what_has_no_answer_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        radial_fit(*arguments)
    with pytest.raises(ValueError, match="r has negative"):
        radial_fit([0.0, 1.0], [1.0, 0.0], 3, 0.1).profile([-1.0])


@pytest.mark.parametrize("mean", [0.0, 1e6])
@pytest.mark.parametrize("labels", [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.3, 0.1]])
def test_what_an_interpolant_misses_is_priced(labels, mean):
    """Radii close to each other hide slopes in rounding errors: the norm alone may be below the bound."""
    fit = radial_fit([0.0, 0.25, 0.99238, 2.0], mean + np.array(labels), 5)
    assert fit.norm <= fit.value
    assert 0 < fit.lower_bound <= fit.value
    assert fit.certificate.residual <= fit.certificate.rounding
    assert fit.certified


def test_a_price_is_that_of_the_cheapest_correction_up_to_a_factor():
    r, misfit = np.array([0.0, 1.0, 2.0]), np.array([1e-9, 0.0, 0.0])
    cheapest = radial_fit(r, misfit, 3).norm
    assert cheapest <= price(misfit, r, np.array([0.5]), 3) <= 20 * cheapest
    assert price(0 * misfit, r, np.array([0.5]), 3) == 0
    assert price(misfit, np.array([1.0, 1 + 1e-15, 1 + 2e-15]), np.empty(0), 9) > 1

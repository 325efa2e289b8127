"""The radial bump: its conditions of optimality, its values by quadrature, and independent programmes."""

import math
from itertools import pairwise

import jax
import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import chebyshev as series
from scipy.integrate import quad
from scipy.optimize import linprog
from scipy.special import gammaln
from scipy.stats import kstest

from minnorm.known import radial_bump
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem

# d: E_{d-1}(|s|), [f*] = 2 / E and the Lipschitz constant, by an exchange and a linear programme in 50 digits.
TABLE = {
    1: (0.5, 4.0, 1.0),
    3: (0.125, 16.0, 1.5),
    5: (0.067620899277784, 29.576654870916, 1.994),
    7: (0.045929062066863, 43.545413513745, 2.418),
    9: (0.034689728084382, 57.65395436756, 2.789),
    11: (0.027845118553551, 71.825874835249, 3.120),
    15: (0.019948781782751, 100.25674859651, 3.699),
    21: (0.013986621688599, 142.99378681489, 4.433),
    31: (0.0093324868895469, 214.30514970668, 5.443),
}
PLATEAUS = {
    (5, 0.1): 50.393,
    (5, 0.3): 154.13,
    (5, 0.5): 571.02,
    (7, 0.1): 93.659,
    (7, 0.3): 449.05,
    (7, 0.5): 2721.4,
}
BERNSTEIN = 0.28016949902386913
CASES = [(d, eps) for d in (1, 3, 5, 7, 15, 31) for eps in (0.0, 0.1, 0.3) if (d, eps) != (31, 0.3)] + [(101, 0.0)]

bumps = pytest.mark.parametrize("bump", [radial_bump(*case) for case in CASES], ids=lambda b: f"{b.dim}-{b.plateau}")
laws = pytest.mark.parametrize("law", ["shell", "uniform_radius", "normal"])


# Norms.


@pytest.mark.parametrize("dim", TABLE)
def test_the_table_of_norms(dim):
    error, norm, lipschitz = TABLE[dim]
    bump = radial_bump(dim)
    assert bump.approximation.error == pytest.approx(error, rel=1e-12)
    assert bump.norm == pytest.approx(norm, rel=1e-12)
    assert bump.lipschitz == pytest.approx(lipschitz, abs=5e-4)
    low, high = bump.norm_bounds
    assert low * (1 - 1e-12) <= norm <= high * (1 + 1e-12)


@pytest.mark.parametrize(("case", "norm"), PLATEAUS.items())
def test_the_table_of_norms_with_a_plateau(case, norm):
    assert radial_bump(*case).norm == pytest.approx(norm, rel=2e-5)


@pytest.mark.parametrize("plateau", [0.0, 1e-3, 0.1, 0.3, 0.5, 0.9])
def test_norms_in_one_and_three_dimensions_in_closed_form(plateau):
    for dim, norm in ((1, 4 / (1 - plateau)), (3, 16 * (1 + plateau) / (1 - plateau) ** 2)):
        bump = radial_bump(dim, plateau)
        low, high = bump.norm_bounds
        assert bump.norm == pytest.approx(norm, rel=1e-12)
        assert low * (1 - 1e-15) <= norm <= high * (1 + 1e-15)


@bumps
def test_the_bounds_enclose_the_norm(bump):
    low, high = bump.norm_bounds
    assert low <= bump.norm <= high
    assert max(high - bump.norm, bump.norm - low) <= bump.norm_error * bump.norm
    error_low, error_high = bump.certificate.bounds
    assert (low, high) == (pytest.approx(2 / error_high, rel=1e-15), pytest.approx(2 / error_low, rel=1e-15))


def test_the_norm_is_proven_to_twelve_digits_in_201_dimensions():
    assert radial_bump(201).norm_error <= 1e-12


def test_norms_grow_with_the_dimension_and_the_plateau():
    norms = np.array([[radial_bump(d, eps).norm for d in range(1, 20, 2)] for eps in (0.0, 0.05, 0.2, 0.4)])
    assert np.all(np.diff(norms, axis=0) > 0)
    assert np.all(np.diff(norms, axis=1) > 0)


def test_norms_grow_like_the_dimension_over_bernsteins_constant():
    misses = [2 / BERNSTEIN - radial_bump(d).norm / (d - 1) for d in (51, 101, 201)]
    np.testing.assert_allclose(np.array(misses[:-1]) / misses[1:], 4.0, rtol=1e-2)


@pytest.mark.parametrize(("dim", "plateau"), [(1, 0.0), (3, 0.0), (3, 0.3), (5, 0.1), (7, 0.0)])
def test_a_linear_programme_over_measures_on_a_grid(dim, plateau):
    # Masses on a grid, split by sign, that annihilate even polynomials of degree < dim: never below the minimum.
    s = np.linspace(plateau, 1, 4001)
    moments = series.chebvander(2 * s**2 - 1, (dim - 1) // 2).T
    rows = np.vstack([moments, s / 2])
    found = linprog(
        np.ones(2 * s.size),
        A_eq=np.hstack([rows, -rows]),
        b_eq=np.append(np.zeros(len(moments)), 1.0),
        method="highs",
    )
    norm = radial_bump(dim, plateau).norm
    assert found.fun >= norm * (1 - 1e-8)
    assert found.fun == pytest.approx(norm, rel=1e-5)


# Conditions of optimality.


@bumps
def test_the_certificate_is_feasible_and_touches_at_the_atoms(bump):
    phi, measure = bump.certificate, bump.measure
    np.testing.assert_array_equal(phi.atoms, measure.atoms)
    np.testing.assert_allclose(phi(phi.atoms), np.sign(measure.masses), atol=2e-14 * bump.norm)
    np.testing.assert_array_equal(phi(-phi.atoms), phi(phi.atoms))
    s = np.linspace(bump.plateau, 1, 5000)
    assert np.max(np.abs(phi(s))) <= 1 + 2e-14 * bump.norm
    right = np.sign(measure.masses[measure.atoms >= 0])
    np.testing.assert_array_equal(right[1:], -right[:-1])


@bumps
def test_the_measure_is_feasible_and_has_the_norm(bump):
    atoms, masses = bump.measure.atoms, bump.measure.masses
    assert np.all(np.diff(atoms) > 0)
    np.testing.assert_array_equal(atoms, -atoms[::-1])
    np.testing.assert_allclose(masses, masses[::-1], rtol=1e-15)
    assert np.all((np.abs(atoms) >= bump.plateau) & (np.abs(atoms) <= 1))
    assert np.abs(masses).sum() == pytest.approx(bump.norm, rel=1e-13)
    moments = masses @ series.chebvander(atoms, bump.dim - 1)
    np.testing.assert_allclose(moments, 0.0, atol=1e-12 * bump.norm)
    assert 0.5 * masses @ np.abs(atoms) == pytest.approx(1.0, abs=1e-14 * bump.norm)


# The function.


def half_density(dim):
    """The density of a coordinate u of a uniform direction, without its power of 1 - u^2."""
    return math.exp(gammaln(dim / 2) - gammaln((dim - 1) / 2)) / math.sqrt(math.pi)


def by_quadrature(bump, r, derivative=False):
    """f(r) or f'(r), the mean of g(r u) or g'(r u) u with g(s) = sum of masses times |s - t| / 2."""
    atoms, masses = bump.measure.atoms, bump.measure.masses

    def integrand(u):
        if derivative:
            inside = 0.5 * u * np.sum(masses * np.sign(r * u - atoms))
        else:
            inside = 0.5 * np.sum(masses * np.abs(r * u - atoms))
        return inside * (1 - u * u) ** ((bump.dim - 3) / 2)

    kinks = [t / r for t in atoms if 0 < t < r]
    edges = [0.0, *kinks, 1.0]
    total = sum(quad(integrand, a, b, epsabs=1e-12, epsrel=1e-12)[0] for a, b in pairwise(edges))
    return 2 * half_density(bump.dim) * total


@pytest.mark.parametrize(("dim", "plateau"), [(3, 0.0), (5, 0.0), (5, 0.3), (9, 0.1), (21, 0.0)])
@pytest.mark.parametrize("r", [0.05, 0.2, 0.45, 0.7, 0.95, 1.3])
def test_profile_and_derivative_by_quadrature(dim, plateau, r):
    bump = radial_bump(dim, plateau)
    assert float(bump.profile(np.array(r))) == pytest.approx(by_quadrature(bump, r), abs=1e-10)
    assert float(bump.derivative(np.array(r))) == pytest.approx(by_quadrature(bump, r, derivative=True), abs=1e-9)


@pytest.mark.parametrize("plateau", [0.0, 0.2, 0.7])
def test_profiles_in_one_and_three_dimensions_in_closed_form(plateau):
    r = np.linspace(0, 1.2, 121)
    ramp = np.clip((1 - r) / (1 - plateau), 0, 1)
    np.testing.assert_allclose(radial_bump(1, plateau).profile(r), ramp, atol=1e-14)
    # In three dimensions f is the mean of g = 1 + sum A relu(s - t) over [0, r].
    bends = np.array([-3 - plateau, 4 + 4 * plateau, -1 - 3 * plateau]) / (1 - plateau) ** 2
    knots = [plateau, (1 + plateau) / 2, 1.0]
    r = r[1:]
    expected = 1 + np.maximum(np.subtract.outer(r, knots), 0) ** 2 @ bends / (2 * r)
    np.testing.assert_allclose(radial_bump(3, plateau).profile(r), expected, atol=2e-13)
    np.testing.assert_allclose(radial_bump(3, plateau).profile(np.zeros(())), 1.0)


@bumps
def test_the_bump_is_one_on_the_plateau_and_zero_outside(bump):
    inside, outside = np.linspace(0, bump.plateau, 7), np.array([1.0, 1.5, 1e300, np.inf])
    np.testing.assert_array_equal(bump.profile(inside), 1.0)
    np.testing.assert_array_equal(bump.profile(outside), 0.0)
    if bump.dim > 1:
        np.testing.assert_array_equal(bump.derivative(np.concatenate([inside, outside])), 0.0)
    # Not only by decree: the formula comes down to the same just inside the shell.
    just = 1e-9 / bump.norm
    np.testing.assert_allclose(bump.profile([bump.plateau + just, 1 - just]), [1.0, 0.0], atol=1e-8)
    np.testing.assert_array_equal(bump(np.zeros((2, 3, bump.dim))), np.ones((2, 3)))


@bumps
def test_the_bump_is_even_and_decreases(bump):
    # Observed for the optimal profile in every dimension here; rounding grows with the norm.
    values = bump.profile(np.linspace(0, 1, 2000))
    assert np.all(np.diff(values) <= 1e-14 * bump.norm)
    x = np.random.default_rng(0).normal(size=(5, bump.dim)) / math.sqrt(bump.dim)
    np.testing.assert_array_equal(bump(-x), bump(x))
    np.testing.assert_array_equal(bump(x), bump.profile(np.linalg.norm(x, axis=1)))


@bumps
def test_the_derivative_is_that_of_the_profile(bump):
    r = np.linspace(bump.plateau, 1, 23)[1:-1] + 1e-3 * (1 - bump.plateau)
    h = 1e-6
    if bump.dim == 1:
        np.testing.assert_allclose(bump.derivative(r), -bump.lipschitz, rtol=1e-13)
    slopes = (bump.profile(r + h) - bump.profile(r - h)) / (2 * h)
    np.testing.assert_allclose(bump.derivative(r), slopes, atol=1e-8 * bump.norm)


@bumps
def test_the_lipschitz_constant_is_the_largest_slope(bump):
    r = np.linspace(bump.plateau, 1, 20_001)[1:]
    steepest = np.max(np.abs(bump.derivative(r)))
    assert steepest <= bump.lipschitz * (1 + 1e-12)
    assert steepest == pytest.approx(bump.lipschitz, rel=1e-6)


def test_three_dimensions_without_plateau_have_slope_three_halves():
    assert radial_bump(3).lipschitz == pytest.approx(1.5, rel=1e-12)


# Stretches.


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([radial_bump(3), radial_bump(7, 0.2)]), st.floats(0.01, 100.0))
def test_a_stretch_divides_norm_and_slope(bump, factor):
    wide = bump.stretch(factor)
    r = np.linspace(0, 1.2, 50)
    np.testing.assert_allclose(wide.profile(factor * r), bump.profile(r), atol=1e-12)
    np.testing.assert_allclose(wide.derivative(factor * r), bump.derivative(r) / factor, atol=1e-11 / factor)
    assert wide.norm == pytest.approx(bump.norm / factor, rel=1e-14)
    assert wide.lipschitz == pytest.approx(bump.lipschitz / factor, rel=1e-14)
    assert wide.norm_bounds[0] <= wide.norm <= wide.norm_bounds[1]
    np.testing.assert_allclose(wide.measure.atoms, factor * bump.measure.atoms, rtol=1e-15)
    assert np.abs(wide.measure.masses).sum() == pytest.approx(wide.norm, rel=1e-13)
    np.testing.assert_allclose(wide.certificate(wide.measure.atoms), np.sign(wide.measure.masses), atol=1e-11)
    np.testing.assert_array_equal(wide.certificate.atoms, wide.measure.atoms)
    back = wide.stretch(1 / factor)
    assert back.norm == pytest.approx(bump.norm, rel=1e-14)


# Samples.


@laws
@pytest.mark.parametrize("bump", [radial_bump(3), radial_bump(5, 0.3).stretch(1.5)], ids=str)
def test_a_sample_is_labelled_by_the_bump(bump, law):
    x, y = bump.sample(0, 400, law)
    assert x.shape == (400, bump.dim)
    assert x.dtype == y.dtype == np.float64
    np.testing.assert_array_equal(y, np.repeat([1.0, 0.0], [40, 360]))
    np.testing.assert_allclose(bump(x), y, atol=1e-12)
    size = np.linalg.norm(x, axis=1) / bump.scale
    assert np.all(size[:40] <= bump.plateau * (1 + 1e-15))
    assert np.all(size[40:] >= 1 - 1e-15)
    assert law == "normal" or np.all(size <= 2 * (1 + 1e-15))
    assert Problem(x, y).values.size == 400


@laws
def test_radii_follow_the_law(law):
    bump = radial_bump(3, 0.5).stretch(0.8)
    x, _ = bump.sample(1, 8000, law, outer=3.0, inner_fraction=0.5)
    size = np.linalg.norm(x, axis=1) / 0.8
    ball, rest = size[:4000] / 0.5, size[4000:]
    assert kstest(ball, lambda t: np.clip(t, 0, 1) ** 3).pvalue > 1e-3
    if law == "normal":
        # The shift of the tail to (0, 1): given |x| >= 0.8, the square is chi-square.
        tail = np.random.default_rng(2).normal(size=(200_000, 3))
        tail = np.linalg.norm(tail, axis=1)
        assert kstest(rest * 0.8, tail[tail >= 0.8]).pvalue > 1e-3
    else:
        share = {"shell": lambda t: (t**3 - 1) / 26, "uniform_radius": lambda t: (t - 1) / 2}[law]
        assert kstest(rest, lambda t: np.clip(share(t), 0, 1)).pvalue > 1e-3


def test_directions_of_a_sample_are_uniform():
    x, _ = radial_bump(3).sample(5, 6000, inner_fraction=0.0)
    for coordinate in (x[1:] / np.linalg.norm(x[1:], axis=1, keepdims=True)).T:
        assert kstest(coordinate, lambda t: (t + 1) / 2).pvalue > 1e-3


@pytest.mark.parametrize(
    ("n", "fraction", "inside"), [(1, 0.1, 1), (3, 0.0, 1), (10, 0.25, 2), (10, 1.0, 10), (4, 0.9, 4)]
)
def test_the_number_of_inner_points(n, fraction, inside):
    x, y = radial_bump(3).sample(0, n, inner_fraction=fraction)
    np.testing.assert_array_equal(y, np.repeat([1.0, 0.0], [inside, n - inside]))
    np.testing.assert_array_equal(x[:inside], 0.0)


def test_far_shells_in_high_dimension_do_not_overflow():
    x, _ = radial_bump(201).sample(0, 50, outer=1e6)
    assert np.all(np.isfinite(x))
    assert np.max(np.linalg.norm(x, axis=1)) <= 1e6 * (1 + 1e-14)


@pytest.mark.parametrize(
    "draw",
    [lambda key: radial_bump(5).sample(key, 20)[0], lambda key: radial_bump(5).as_network(20, key).inner_weights],
)
def test_keys_of_every_kind_repeat_and_differ(draw):
    keys = [0, 1, 2**40, jax.random.key(1), jax.random.PRNGKey(2)]
    drawn = [draw(key) for key in keys]
    for key, found in zip(keys, drawn, strict=True):
        np.testing.assert_array_equal(draw(key), found)
    assert len({found.tobytes() for found in drawn}) == len(keys)
    np.testing.assert_array_equal(draw(jax.random.key(2)), drawn[-1])


# Networks drawn from the measure.


@pytest.mark.parametrize("bump", [radial_bump(1), radial_bump(3, 0.2), radial_bump(15).stretch(3.0)], ids=str)
@pytest.mark.parametrize("width", [1, 7, 1000])
def test_a_network_of_the_bump_has_its_path_norm(bump, width):
    net = bump.as_network(width, 0)
    assert (net.width, net.dim) == (width, bump.dim)
    assert PathNorm().value(net) == pytest.approx(bump.norm, rel=1e-13)
    np.testing.assert_allclose(np.abs(net.outer_weights), bump.norm / width, rtol=1e-15)
    assert set(-net.biases) <= set(bump.measure.atoms)


def test_knots_of_a_network_are_spread_like_the_masses():
    bump, width = radial_bump(7), 1000
    net = bump.as_network(width, 3)
    for atom, mass in zip(bump.measure.atoms, bump.measure.masses, strict=True):
        there = net.biases == -atom
        assert abs(there.sum() - width * abs(mass) / bump.norm) <= 1
        np.testing.assert_array_equal(np.sign(net.outer_weights[there]), np.sign(mass))


@pytest.mark.parametrize("dim", [3, 7])
def test_a_network_of_the_bump_comes_near_like_one_over_the_root_of_its_width(dim):
    bump = radial_bump(dim)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, dim)) / math.sqrt(dim)
    widths = np.array([100, 1600, 25_600])
    errors = [
        np.sqrt(np.mean([np.mean((bump.as_network(int(m), key).evaluate(x) - bump(x)) ** 2) for key in range(6)]))
        for m in widths
    ]
    slope = np.polyfit(np.log(widths), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.06)
    assert errors[-1] <= bump.norm / math.sqrt(widths[-1])


# What is refused.

BUMP = radial_bump(3)


@pytest.fixture
def _annotations_are_not_checked(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.usefixtures("_annotations_are_not_checked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: radial_bump(0), "dim is 0; give a positive whole"),
        (lambda: radial_bump(-3), "dim is -3; give a positive whole"),
        (lambda: radial_bump(2.5), r"dim is 2\.5; give a positive whole"),
        (lambda: radial_bump(3.5), r"dim is 3\.5; give a positive whole"),
        (lambda: radial_bump(True), "dim is True"),
        (lambda: radial_bump("3"), "dim is '3'"),
        (lambda: radial_bump(3, 1.0), r"plateau is 1\.0; give a number in \[0, 1\)"),
        (lambda: radial_bump(3, -0.1), r"plateau is -0\.1; give"),
        (lambda: radial_bump(3, math.nan), "plateau is nan; give"),
        (lambda: radial_bump(3, True), "plateau is True; give"),
        (
            lambda: radial_bump(51, 0.5),
            r"dim is 51 and plateau 0\.5: double precision does not .*; give digits=16",
        ),
        (lambda: radial_bump(3, 1 - 1e-9), r"plateau 0\.999999999: double precision does not"),
        (lambda: BUMP.profile([0.5, -0.1]), "r has negative or NaN"),
        (lambda: BUMP.derivative([math.nan]), "r has negative or NaN"),
        (lambda: BUMP([1.0, 2.0]), r"x has shape \(2,\); give \(\.\.\., 3\)"),
        (lambda: BUMP(np.array(1.0)), r"x has shape \(\); give"),
        (lambda: BUMP.stretch(0.0), r"factor is 0\.0; give"),
        (lambda: BUMP.stretch(math.inf), "factor is inf; give"),
        (lambda: BUMP.sample(0, 0), "n is 0; give a positive whole"),
        (lambda: BUMP.sample(0, 2.5), r"n is 2\.5; give"),
        (lambda: BUMP.sample(0, 5, "ring"), "law is 'ring'; choose one of shell, uniform_radius, normal"),
        (lambda: BUMP.sample(0, 5, outer=1.0), r"outer is 1\.0; give"),
        (lambda: BUMP.sample(0, 5, outer=math.inf), "outer is inf; give"),
        (lambda: BUMP.sample(0, 5, inner_fraction=1.5), r"inner_fraction is 1\.5; give"),
        (lambda: BUMP.stretch(60.0).sample(0, 5, "normal"), "no normal point reaches the radius 60; use 'shell'"),
        (lambda: BUMP.sample(-1, 5), "key is -1; give"),
        (lambda: BUMP.sample(1.5, 5), r"key is 1\.5; give"),
        (lambda: BUMP.as_network(0, 0), "width is 0; give"),
        (lambda: BUMP.as_network(5, None), "key is None; give"),
    ],
)
def test_what_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

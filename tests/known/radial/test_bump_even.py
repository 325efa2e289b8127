"""Radial bumps in even dimension and in many digits: optimality, quadrature, and programmes on the raw kernel."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import linprog
from tests.problems import kernel

from minnorm.known import radial_bump
from minnorm.known.radial.kernel import precise_sums
from minnorm.known.radial.table import BERNSTEIN, radial_norms
from minnorm.objective.norm import PathNorm

# (dim, outer): norm, by interval arithmetic on the reduction.
NORMS = {
    (2, math.inf): 11.198050815010405758,
    (4, math.inf): 23.941573744934199790,
    (6, math.inf): 37.463335683081826561,
    (8, math.inf): 51.314443778053996463,
    (16, math.inf): 107.746218502766651,
    (50, math.inf): 349.996681884724697,
    (2, 2.0): 11.1422368484875731,
    (4, 2.0): 23.9374235724181637,
    (6, 2.0): 37.4630675291545770,
    (8, 2.0): 51.3144268121560476,
}
LIPSCHITZ = {2: 1.35103, 4: 1.83508, 6: 2.26512, 8: 2.64445}
PLATEAUS = {
    (2, 0.1): 13.918047,
    (2, 0.3): 22.527769,
    (2, 0.5): 40.831913,
    (4, 0.1): 36.991931,
    (4, 0.3): 92.859441,
    (4, 0.5): 274.674627,
}
CASES = [(2, 0.0, math.inf), (2, 0.3, 1.5), (4, 0.0, 1.1), (4, 0.5, math.inf), (8, 0.0, math.inf), (12, 0.1, 2.0)]
bumps = pytest.mark.parametrize("bump", CASES, ids=lambda case: "-".join(map(str, case)), indirect=True)


@pytest.fixture(scope="module")
def bump(request):
    return radial_bump(*request.param)


# Norms.


@pytest.mark.slow
@pytest.mark.parametrize(("case", "norm"), NORMS.items())
def test_the_table_of_norms(case, norm):
    dim, outer = case
    bump = radial_bump(dim, outer=outer)
    low, high = bump.norm_bounds
    assert low <= norm <= high
    assert low <= bump.norm <= high
    assert high <= low * (1 + 1e-15)
    assert 0 < bump.norm_error <= 1e-15


@pytest.mark.parametrize(("dim", "slope"), LIPSCHITZ.items())
def test_the_table_of_slopes(dim, slope):
    assert radial_bump(dim).lipschitz == pytest.approx(slope, abs=5e-6)


@pytest.mark.parametrize(("case", "norm"), PLATEAUS.items())
def test_the_table_of_norms_with_a_plateau(case, norm):
    assert radial_bump(*case).norm == pytest.approx(norm, abs=6e-7)


@pytest.mark.slow
@pytest.mark.parametrize(("last", "plateau"), [(11, 0.0), (6, 0.3), pytest.param(64, 0.0, marks=pytest.mark.slow)])
def test_proven_norms_increase_with_the_dimension(last, plateau):
    bounds = [row.bounds for row in radial_norms(range(1, last + 1), plateau)]
    assert len(bounds) == last
    assert all(high < low for (_, high), (low, _) in pairwise(bounds))


@pytest.mark.slow
def test_proven_norms_increase_with_the_outer_radius_at_the_known_rate():
    outer = [1.01, 1.5, 2.0, 4.0, 8.0, math.inf]
    for dim in (2, 4):
        bounds = [radial_bump(dim, outer=R).norm_bounds for R in outer]
        assert all(high < low for (_, high), (low, _) in pairwise(bounds))
        misses = [bounds[-1][0] - low for low, _ in bounds[3:5]]
        assert math.log2(misses[0] / misses[1]) == pytest.approx(dim + 1, abs=0.1)


def test_two_dimensions_in_closed_form():
    # [f] = 2 pi / max t cos t, taken where t = cot t.
    t = np.linspace(0, np.pi / 2, 100_001)
    assert radial_bump(2).norm == pytest.approx(2 * np.pi / np.max(t * np.cos(t)), rel=1e-9)
    tan = math.tan(math.acos(radial_bump(2).measure.atoms[-1]))
    assert math.acos(radial_bump(2).measure.atoms[-1]) * tan == pytest.approx(1.0, abs=1e-12)


def test_norms_of_both_parities_approach_the_same_line():
    rows = list(radial_norms([11, 12, 23, 24]))
    for few, many in ((rows[0], rows[2]), (rows[1], rows[3])):
        misses = [2 / BERNSTEIN * (row.dim - 1) for row in (few, many)]
        misses = [row.norm - miss for row, miss in zip((few, many), misses, strict=True)]
        assert misses[0] > misses[1] > 0
        assert misses[0] / misses[1] == pytest.approx(2.0, rel=0.1)


def test_the_table_prints_proven_digits_only():
    row = next(iter(radial_norms([2])))
    assert row.text() == "11.1980508150"
    assert row.text(15) == "11.1980508150104"
    assert type(row)(2, 1.05, (1.04, 1.06), 1.0).text() == "1"
    assert "0.5 .. 3.0" in type(row)(2, 1.0, (0.5, 3.0), 1.0).text()


# Independent routes.


@pytest.mark.parametrize(
    ("dim", "plateau", "outer"), [(2, 0.0, 2.0), (2, 0.0, 8.0), (2, 0.3, 1.5), (4, 0.0, 2.0), (3, 0.0, 1.5)]
)
def test_a_linear_programme_on_the_raw_kernel(dim, plateau, outer):
    # Any even measure on a grid that reaches the outer radius, with the right f(r) - f(0) on a grid of radii.
    s = np.concatenate([np.linspace(0, 1, 201), 1 + (outer - 1) * np.linspace(0, 1, 61)[1:] ** 2])
    inner = plateau * np.linspace(0, 1, 21)[1:] if plateau else np.empty(0)
    r = np.concatenate([inner, 1 + (outer - 1) * np.linspace(0, 1, 40) ** 2])
    rows = 0.5 * (kernel(dim, r, s) - s)
    found = linprog(
        np.ones(2 * s.size), A_eq=np.hstack([rows, -rows]), b_eq=np.where(r >= 1, -1.0, 0.0), method="highs"
    )
    assert found.status == 0
    assert found.fun == pytest.approx(radial_bump(dim, plateau, outer).norm, rel=5e-3)


def ridge(bump, s):
    """g(s) = int |s - t| dmu(t) / 2 from the atoms and, by quadrature, the tail's density, in the angle of x."""
    measure = bump.measure
    value = 0.5 * np.sum(measure.masses * np.abs(s - measure.atoms)) + measure.offset

    def density(angle):
        return float(measure.tail.density(np.array(1 / math.cos(angle)))) * math.sin(angle) / math.cos(angle) ** 2

    last = math.acos(1 / bump.outer)
    turn = min(math.acos(1 / s), last) if s > 1 else 0.0
    near = quad(lambda a: density(a) * s, 0, turn, epsabs=1e-11)[0] if turn else 0.0
    return value + near + quad(lambda a: density(a) / math.cos(a), turn, last, epsabs=1e-11)[0]


@pytest.mark.parametrize(("dim", "plateau", "outer"), [(2, 0.0, math.inf), (4, 0.3, 2.0), (6, 0.0, math.inf)])
@pytest.mark.parametrize("r", [0.2, 0.6, 1.0, 1.2, 3.0])
def test_profile_by_quadrature(dim, plateau, outer, r):
    # f = 1 on the plateau and f = 0 in the shell, by integrals that know nothing of the reduction.
    bump = radial_bump(dim, plateau, outer)
    kinks = [t / r for t in (*bump.measure.atoms, 1.0, outer) if 0 < t < r]
    edges = [0.0, *sorted(math.asin(k) for k in kinks), math.pi / 2]
    points, weights = np.polynomial.legendre.leggauss(18)
    mean, total = 0.0, 0.0
    for a, b in pairwise(edges):
        angles, size = (a + b + (b - a) * points) / 2, (b - a) * weights / 2
        size = size * np.cos(angles) ** (dim - 2)
        mean += sum(w * ridge(bump, r * math.sin(angle)) for w, angle in zip(size, angles, strict=True))
        total += size.sum()
    assert mean / total == pytest.approx(float(bump.profile(np.array(r))), abs=2e-6)
    if 1 <= r <= outer:
        assert float(bump.profile(np.array(r))) == 0.0
    if r <= plateau:
        assert float(bump.profile(np.array(r))) == 1.0


# Conditions of optimality.


@bumps
def test_the_certificate_touches_at_the_atoms_and_has_the_sign_of_the_tail(bump):
    phi, measure = bump.certificate, bump.measure
    np.testing.assert_array_equal(phi.atoms, measure.atoms)
    np.testing.assert_allclose(phi(phi.atoms), np.sign(measure.masses), atol=1e-9)
    s = np.linspace(bump.plateau, 1.0, 500)
    assert np.max(np.abs(phi(s))) <= 1 + 1e-12
    assert np.sign(measure.tail.mass) == (-1) ** (bump.dim // 2) == phi(np.array(1.0)) == phi(np.array(3.0))
    # It is a combination of the right functions: sin(k t), and t cos t / pi with the norm as its factor.
    t = np.arccos(s)
    swept = 1.0 if math.isinf(bump.outer) else 1 - 2 / np.pi * np.arctan(np.sin(t) / math.sqrt(bump.outer**2 - 1))
    left = phi(s) - (-1) ** (bump.dim // 2) * swept - bump.norm * t * np.cos(t) / np.pi
    basis = np.sin(np.outer(t, np.arange(1, bump.dim, 2)))
    assert np.max(np.abs(basis @ np.linalg.lstsq(basis, left)[0] - left)) <= 1e-11 * bump.norm


@bumps
def test_the_measure_is_feasible_and_has_the_norm(bump):
    measure, tail = bump.measure, bump.measure.tail
    assert np.abs(measure.masses).sum() + abs(tail.mass) == pytest.approx(bump.norm, rel=1e-13)
    u, weights = measure.atoms, measure.masses * np.sqrt(1 - measure.atoms**2)
    moments = weights @ np.polynomial.chebyshev.chebvander(u, bump.dim - 2)
    np.testing.assert_allclose(moments, 0.0, atol=1e-13 * bump.norm)
    assert measure.masses @ (np.abs(u) * np.arccos(np.abs(u))) / np.pi == pytest.approx(1.0, abs=1e-13 * bump.norm)
    right = np.sign(measure.masses[u >= 0])
    np.testing.assert_array_equal(right[1:], -right[:-1])


@bumps
def test_the_tail_is_minus_the_balayage_of_the_atoms(bump):
    measure, tail = bump.measure, bump.measure.tail
    x = np.array([1.001, 1.05, 1.3])
    x = x[x <= bump.outer]
    atoms, masses = measure.atoms, measure.masses
    swept = masses * np.sqrt(1 - atoms**2) / (np.pi * np.sqrt(x[:, None] ** 2 - 1) * np.abs(x[:, None] - atoms))
    np.testing.assert_allclose(tail.density(x), -swept.sum(axis=1), rtol=1e-7, atol=1e-13 * bump.norm)
    np.testing.assert_array_equal(tail.density(-x), tail.density(x))
    np.testing.assert_array_equal(tail.density([0.0, 1.0, bump.outer * 1.01, math.inf]), 0.0)
    last = math.acos(1 / bump.outer)
    mass = quad(
        lambda a: tail.density(np.array(1 / math.cos(a))) * math.sin(a) / math.cos(a) ** 2, 0, last, epsabs=1e-12
    )[0]
    assert 2 * mass == pytest.approx(tail.mass, rel=1e-8)
    middle = float(tail.quantile(np.array(0.5)))
    half = quad(
        lambda a: tail.density(np.array(1 / math.cos(a))) * math.sin(a) / math.cos(a) ** 2,
        0,
        math.acos(1 / middle),
        epsabs=1e-12,
    )
    assert half[0] == pytest.approx(mass / 2, rel=1e-5)


@bumps
def test_the_function_agrees_with_its_label_slope_and_stretch(bump):
    just = 1e-9 / bump.norm
    np.testing.assert_allclose(bump.profile([bump.plateau + just, 1 - just]), [1.0, 0.0], atol=1e-8)
    r = np.linspace(bump.plateau, 1, 23)[1:-1] + 1e-3
    h = 1e-6
    slopes = (bump.profile(r + h) - bump.profile(r - h)) / (2 * h)
    np.testing.assert_allclose(bump.derivative(r), slopes, atol=1e-8 * bump.norm)
    steepest = np.max(np.abs(bump.derivative(np.linspace(0, 1, 5001))))
    assert steepest <= bump.lipschitz * (1 + 1e-12)
    assert steepest == pytest.approx(bump.lipschitz, rel=1e-3)
    wide = bump.stretch(2.0)
    np.testing.assert_allclose(wide.profile(2 * r), bump.profile(r), atol=1e-13 * bump.norm)
    assert wide.norm == bump.norm / 2
    assert wide.norm_bounds[0] < wide.norm < wide.norm_bounds[1]
    tail = wide.measure.tail
    assert tail.density(np.array(2.1)) == pytest.approx(bump.measure.tail.density(np.array(1.05)) / 4, rel=1e-12)
    assert np.abs(wide.measure.masses).sum() + abs(tail.mass) == pytest.approx(wide.norm, rel=1e-13)
    np.testing.assert_allclose(wide.certificate(wide.measure.atoms), np.sign(wide.measure.masses), atol=1e-9)


def test_beyond_a_finite_outer_radius_the_slope_is_that_of_the_profile_and_bounded():
    bump = radial_bump(4, 0.0, 1.2)
    r = np.array([1.3, 2.0, 5.0])
    h = 1e-5
    np.testing.assert_allclose(bump.derivative(r), (bump.profile(r + h) - bump.profile(r - h)) / (2 * h), rtol=1e-5)
    assert np.all(bump.profile(r) < 0)
    far = abs(float(bump.derivative(np.array(1e4))))
    assert far <= bump.lipschitz
    assert np.all(np.abs(bump.derivative(r)) <= far)


@pytest.mark.parametrize("case", [(2, 0.0, math.inf), (4, 0.2, 1.5)])
def test_a_network_drawn_from_the_measure_comes_near(case):
    bump = radial_bump(*case)
    x = np.random.default_rng(0).normal(size=(200, bump.dim))
    x *= np.minimum(1.4 / np.linalg.norm(x, axis=1), 1.0)[:, None]
    errors = []
    for width in (400, 25_600):
        nets = [bump.as_network(width, key) for key in range(4)]
        assert all(PathNorm().value(net) == pytest.approx(bump.norm, rel=1e-12) for net in nets)
        errors.append(np.sqrt(np.mean([(net.evaluate(x) - bump(x)) ** 2 for net in nets])))
    knots, signs = -nets[0].biases, np.sign(nets[0].outer_weights)
    tail = bump.measure.tail
    assert np.mean(np.abs(knots) > 1) == pytest.approx(abs(tail.mass) / bump.norm, abs=2e-4)
    assert abs(np.sum(np.sign(knots[np.abs(knots) > 1]))) <= 2
    np.testing.assert_array_equal(signs[np.abs(knots) > 1], np.sign(tail.mass))
    assert np.max(np.abs(knots)) <= bump.outer
    assert errors[1] <= bump.norm / 160
    assert errors[0] / errors[1] == pytest.approx(8.0, rel=0.4)


# Many digits.


@pytest.mark.parametrize("case", [(1, 0.0), (3, 0.3), (5, 0.0), (7, 0.5), (21, 0.1)])
def test_both_arithmetics_agree_in_odd_dimension(case):
    double, many = radial_bump(*case), radial_bump(*case, digits=25)
    low, high = many.approximation.decimal_bounds
    assert 0 < high - low <= low.scaleb(-25)
    assert double.norm_bounds[0] <= low <= high <= double.norm_bounds[1]
    np.testing.assert_allclose(many.measure.atoms, double.measure.atoms, atol=1e-7)
    assert many.measure.tail is None
    r = np.linspace(0, 1.3, 40)
    np.testing.assert_allclose(many.profile(r), double.profile(r), atol=1e-13 * double.norm)
    np.testing.assert_allclose(many.derivative(r), double.derivative(r), atol=1e-12 * double.norm)
    s = np.linspace(case[1], 1, 200)
    np.testing.assert_allclose(many.certificate(s), double.certificate(s), atol=1e-13 * double.norm)


def test_one_outer_radius_is_as_good_as_another_in_odd_dimension():
    assert radial_bump(5, 0.2, 1.5).norm_bounds == radial_bump(5, 0.2).norm_bounds
    assert float(radial_bump(5, 0.2, 1.5).profile(np.array(7.0))) == 0.0


@pytest.mark.parametrize("plateau", [0.5, 0.99, 1 - 1e-9])
def test_norms_in_three_dimensions_in_closed_form_to_forty_digits(plateau):
    exact = Fraction(plateau)
    exact = 16 * (1 + exact) / (1 - exact) ** 2
    low, high = radial_bump(3, plateau, digits=40).approximation.decimal_bounds
    assert Fraction(low) <= exact <= Fraction(high)
    assert Fraction(high) - Fraction(low) <= exact / 10**40


@pytest.mark.slow
def test_a_norm_far_beyond_double_precision():
    bump = radial_bump(31, 0.5, digits=16)
    assert 1.2e10 < bump.norm_bounds[0] <= bump.norm_bounds[1] < 1.3e10
    assert bump.norm_error <= 1e-15
    r = np.linspace(0.5, 1, 30)
    values = bump.profile(r)
    assert np.all(np.diff(values) <= 0)
    assert values[8] > 0.8 > 0.1 > values[20]
    np.testing.assert_allclose(bump.profile([0.5 + 1e-12, 1 - 1e-12]), [1.0, 0.0], atol=1e-10)
    assert 5 < bump.lipschitz < 50


def test_sums_in_many_digits_are_those_in_double_precision():
    for case in ((1, 0.2), (2, 0.0), (5, 0.3), (8, 0.1)):
        bump = radial_bump(*case, digits=16)
        found = bump.approximation
        r = np.linspace(case[1], 1, 7)[1:-1]
        pairs = np.array(precise_sums(found.error_curve.context, case[0], found.exact, r.tolist()))
        np.testing.assert_allclose(1 + pairs[:, 0], bump.profile(r), atol=1e-14 * bump.norm)
        np.testing.assert_allclose(pairs[:, 1], bump.derivative(r), atol=1e-13 * bump.norm)


@pytest.mark.slow
def test_bernsteins_constant_from_norms_in_forty_digits():
    # (d - 1) E has an expansion in powers of (d - 1)^-2 (Varga & Carpenter 1985): Richardson's extrapolation.
    n = [4 * k for k in range(2, 13)]
    table = []
    for degree in n:
        low, _ = radial_bump(degree + 1, digits=40).approximation.decimal_bounds
        table.append(Fraction(2 * degree) / Fraction(low))
    for level in range(1, len(n)):
        table = [
            (n[k + level] ** 2 * table[k + 1] - n[k] ** 2 * table[k]) / (n[k + level] ** 2 - n[k] ** 2)
            for k in range(len(table) - 1)
        ]
    assert float(table[0] - Fraction("0.28016949902386913303")) == pytest.approx(0.0, abs=1e-15)


# What is refused.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: radial_bump(2, outer=1.0), r"outer is 1\.0; give a number >= 1\.001"),
        (lambda: radial_bump(2, outer=math.nan), "outer is nan; give"),
        (lambda: radial_bump(2, digits=5), "digits is 5; give a whole number from 10 to 250"),
        (lambda: radial_bump(2, digits=251), "digits is 251; give"),
        (lambda: radial_bump(400, 0.999), r"dim is 400 and plateau 0\.999: the norm exceeds"),
        (lambda: radial_bump(2, outer=1.5).sample(0, 5), "0 only up to 1.5 times its radius; give a smaller outer"),
        (lambda: radial_bump(2, outer=1.5).sample(0, 5, "normal", outer=1.2), "only up to 1.5"),
    ],
)
def test_what_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_sample_is_labelled_by_the_bump():
    bump = radial_bump(4, 0.3, 3.0).stretch(2.0)
    x, y = bump.sample(0, 300, outer=3.0)
    np.testing.assert_allclose(bump(x), y, atol=1e-12)
    assert np.max(np.linalg.norm(x, axis=1)) > 5

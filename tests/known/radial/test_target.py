"""Polynomials on shells in odd dimension: optimality, special cases, and programmes on the raw kernel."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial import Polynomial
from scipy.optimize import linprog
from tests.problems import kernel

from minnorm.known import line, radial_bump, radial_shells, radial_target
from minnorm.known.radial.cells import largest
from minnorm.known.radial.moments import least_measure

GAPS, PIECES = [(0.4, 1.0), (1.5, 2.0)], [[0, 1, 2, -3], Polynomial([1, 0, -0.5]), [0, 0.2, 0.1]]
CASES = [
    (3, GAPS, PIECES, 2.5),
    (7, GAPS, PIECES, 2.5),
    (3, [(0.0, 1.0)], [1.0, [0, 0, 1]], 2.0),
    (5, [(1.0, 2.0)], [[0, 0, 1], [0, 0, 1]], 3.0),
    (5, [(0.5, 1.0)], [[1, 0, -1], [0, 0.25]], math.inf),
]


def by_measure(target, r, dim, end):
    """offset + half the mean of |r u - s| over mu, the density by quadrature on the shells."""
    measure = target.measure
    value = measure.offset + 0.5 * kernel(dim, r, np.abs(measure.atoms)) @ measure.masses
    t, w = np.polynomial.legendre.leggauss(200)
    for low, high in target.shells:
        high = min(high, end)
        s = low + (high - low) * 0.5 * (1 + t)
        value = value + kernel(dim, r, s) @ (target.density(s) * w * 0.5 * (high - low))
    return value


@pytest.mark.parametrize("case", CASES)
def test_the_measure_makes_the_function_and_the_certificate_is_its_sign(case):
    dim, gaps, _, outer = case
    target = radial_target(*case)
    end = outer if math.isfinite(outer) else gaps[-1][1] + 1
    r = np.linspace(0.01, end + 0.5, 61)
    np.testing.assert_allclose(by_measure(target, r, dim, end), target.profile(r), atol=2e-5 * target.norm)
    measure = target.measure
    np.testing.assert_allclose(target.certificate(measure.atoms), np.sign(measure.masses), atol=1e-7)
    for a, b in gaps:
        assert np.max(np.abs(target.certificate(np.linspace(a, b, 2001)))) <= 1 + 1e-9
    grid = np.unique(np.concatenate([np.linspace(low, min(high, end), 20_001) for low, high in target.shells]))
    middle = 0.5 * (grid[1:] + grid[:-1])
    spread = 2 * float(np.abs(target.density(middle)) @ np.diff(grid))
    assert np.abs(measure.masses).sum() + spread == pytest.approx(target.norm, rel=1e-7)
    low, high = target.norm_bounds
    assert low <= target.norm <= high <= low * (1 + 1e-9)
    for edge in (edge for gap in gaps for edge in gap if edge > 0):
        near = target.profile(np.array([edge * (1 - 1e-9), edge, edge * (1 + 1e-9)]))
        assert np.ptp(near) < 1e-7 * target.norm
    x = np.random.default_rng(0).normal(size=(6, dim))
    np.testing.assert_array_equal(target(x), target.profile(np.linalg.norm(x, axis=1)))


@pytest.mark.parametrize("dim", [1, 3, 7, 15])
def test_constant_pieces_are_shells_and_bumps(dim):
    shells = radial_shells(dim, [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5])
    target = radial_target(dim, [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5])
    low, high = target.norm_bounds
    assert low * (1 - 1e-11) <= shells.norm <= high * (1 + 1e-11)
    assert target.norm == pytest.approx(shells.norm, rel=1e-8)
    r = np.linspace(0, 5, 40)
    np.testing.assert_allclose(target.profile(r), shells.profile(r), atol=1e-7 * shells.norm)
    assert radial_target(dim, [(0.0, 2.0)], [1.0, 0.0]).norm == pytest.approx(radial_bump(dim).norm / 2, rel=1e-10)
    level = radial_target(dim, [(0.5, 2.0)], [1.0, 1.0])
    assert level.norm_bounds == (0.0, 0.0)
    np.testing.assert_allclose(level.profile(r), 1.0, atol=1e-14)


def test_a_linear_programme_on_the_raw_kernel_in_three_dimensions():
    target = radial_target(3, [(0.5, 1.0)], [[1, 0, -1], [0, 0.25]], 2.0)
    s = np.linspace(0, 2, 401)
    r = np.concatenate([np.linspace(low, high, 30) for low, high in target.shells])
    rows = 0.5 * (kernel(3, r, s) - s)
    columns = np.hstack([rows, -rows, np.ones((r.size, 1))])
    found = linprog(
        np.append(np.ones(2 * s.size), 0.0),
        A_eq=columns,
        b_eq=target.profile(r),
        bounds=[(0, None)] * (2 * s.size) + [(None, None)],
        method="highs",
    )
    assert found.status == 0
    assert found.fun == pytest.approx(target.norm, rel=0.02)


def test_on_the_line_piecewise_linear_targets_are_those_of_known_line():
    target = radial_target(1, [(1.0, 2.0), (3.0, 3.5)], [[0, 1], [4, -1], [-1, 1]], 4.0)
    x = np.array([0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 3.5, 4.0])
    x = np.concatenate([-x[:0:-1], x])
    expected = line(x, target.profile(np.abs(x)))
    low, high = target.norm_bounds
    assert low <= expected.value * (1 + 1e-12)
    assert high >= expected.lower_bound * (1 - 1e-12)
    assert target.norm == pytest.approx(expected.value, rel=1e-11)


def test_curvature_in_the_gap_of_one_sign_costs_no_more_than_the_slopes():
    # r^2 / 2 is 1/2 the mean of d (w . x)^2: mu = d on both sides, which fills the gap at its own price.
    target = radial_target(5, [(1.0, 2.0)], [[0, 0, 0.5], [0, 0, 0.5]], 3.0)
    assert target.norm == pytest.approx(2 * 3 * 5, rel=1e-10)


@pytest.mark.slow
@settings(max_examples=8, deadline=None)
@given(
    k=st.integers(0, 4),
    cubic=st.lists(st.integers(-8, 8), min_size=1, max_size=4),
    a=st.integers(1, 6),
    factor=st.integers(2, 5),
)
def test_scaling_and_bounds(k, cubic, a, factor):
    dim, gaps = 2 * k + 1, [(a / 8, 1.0)]
    target = radial_target(dim, gaps, [cubic, [1, -1]], 2.0)
    low, high = target.norm_bounds
    assert low <= high <= low * (1 + 1e-7) + 1e-12
    # f(x / factor) has norm [f] / factor.
    wide = radial_target(dim, [(factor * a / 8, float(factor))],
                         [[Fraction(c, factor**p) for p, c in enumerate(cubic)], [1, Fraction(-1, factor)]],
                         2.0 * factor)  # fmt: skip
    assert wide.norm == pytest.approx(target.norm / factor, rel=1e-7)


def test_moments_and_cells_against_grids():
    found = least_measure((0.5, 2.0), [Fraction(1), Fraction(-1, 2), Fraction(3)])
    powers = np.array([[1.0] * found.atoms.size, found.atoms, found.atoms**2])
    np.testing.assert_allclose(powers @ found.masses, [1, -0.5, 3], atol=1e-8)
    assert np.max(np.abs(found.curve(np.linspace(0.5, 2, 5001)))) <= 1 + 1e-9
    assert np.sign(found.masses) @ found.masses == pytest.approx(found.bounds[0], rel=1e-9)

    def wide(left, right):
        return np.abs(np.sin(left)), np.abs(np.sin(left)) + 2 * (right - left)

    low, high = largest(wide, np.linspace(0, 3, 4), 1e-4)
    assert low <= 1 <= high <= 1 + 1e-4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, GAPS, PIECES), "dim is 2; give an odd"),
        ((3, [(1.0, 0.5)], [1.0, 0.0]), "gaps is .*; give intervals"),
        ((3, [(0.0, 1.0)], [1.0]), "pieces has 1 entries; give 2"),
        ((3, [(0.0, 1.0)], [1.0, "x"]), r"pieces\[1\] is 'x'; give a number"),
        ((3, [(0.0, 1.0)], [1.0, math.nan]), r"pieces\[1\] is nan"),
        ((3, [(0.0, 1.0)], [1.0, [0, 0, 1]]), r"pieces\[1\] has degree 2 .*; give outer"),
        ((31, [(0.6, 1.0)], [1.0, 0.0]), "gaps is .* does not determine the norm"),
        ((3, [(0.0, 1.0)], [1.0, 0.0], 0.5), "outer is 0.5; give a number beyond"),
    ],
)
def test_what_has_no_answer_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        radial_target(*arguments)
    with pytest.raises(ValueError, match="r has negative"):
        radial_target(1, [(0.0, 1.0)], [1.0, 0.0]).profile([-1.0])

"""Constant levels on shells in odd dimension: values, optimality, and a programme on the raw kernel."""

import numpy as np
import pytest
from scipy.optimize import linprog
from tests.problems import kernel

from minnorm.known import radial_bump, radial_shells

GAPS, LEVELS = [(0.2, 0.8), (1.2, 2.0)], [1.0, 0.0, 0.6]


@pytest.mark.parametrize(
    ("gaps", "levels"),
    [(GAPS, LEVELS), ([(0.0, 1.0), (1.5, 2.5)], [1.0, 0.0, -0.5]), ([(0.3, 1.0), (1.4, 2.0)], [0.0, 1.0, 0.0])],
)
def test_a_linear_programme_on_the_raw_kernel_in_three_dimensions(gaps, levels):
    (a, b), (c, d) = gaps
    s = np.unique(np.concatenate([np.linspace(0, d, 201), np.linspace(d, d + 0.5, 21)]))
    parts = [np.linspace(0, a, 12)[1:] if a else np.empty(0), np.linspace(b, c, 24), np.linspace(d, d + 0.5, 24)]
    r = np.concatenate(parts)
    target = np.repeat(levels, [part.size for part in parts]) - levels[0]
    rows = 0.5 * (kernel(3, r, s) - s)
    found = linprog(np.ones(2 * s.size), A_eq=np.hstack([rows, -rows]), b_eq=target, method="highs")
    assert found.status == 0
    assert found.fun == pytest.approx(radial_shells(3, gaps, levels).norm, rel=0.02)


@pytest.mark.parametrize("dim", [1, 3, 7])
def test_levels_are_met_and_the_certificate_meets_the_measure(dim):
    shells = radial_shells(dim, GAPS, LEVELS)
    for r, level in ((np.linspace(0, 0.2, 5), 1.0), (np.linspace(0.8, 1.2, 5), 0.0), (np.linspace(2, 9, 5), 0.6)):
        np.testing.assert_allclose(shells.profile(r), level, atol=1e-14)
    measure = shells.measure
    assert np.abs(measure.masses).sum() == pytest.approx(shells.norm, rel=1e-13)
    np.testing.assert_allclose(shells.certificate(measure.atoms), np.sign(measure.masses), atol=1e-10)
    assert np.max(np.abs(shells.certificate(np.linspace(0, 3, 3000)))) <= 1 + 1e-10
    low, high = shells.norm_bounds
    assert low <= shells.norm <= high <= low * (1 + 1e-9)
    x = np.random.default_rng(0).normal(size=(6, dim))
    np.testing.assert_array_equal(shells(x), shells.profile(np.linalg.norm(x, axis=1)))
    # The mean of relu(w . x - t) over +-w is |w . x - t| / 2 up to a part that evenness cancels.
    r = np.array([0.5, 1.0, 1.7, 3.0])
    if dim > 1:
        by_kernel = measure.offset + 0.5 * kernel(dim, r, np.abs(measure.atoms)) @ measure.masses
        np.testing.assert_allclose(by_kernel, shells.profile(r), atol=1e-5 * shells.norm)


def test_one_gap_is_the_bump():
    shells, bump = radial_shells(5, [(0.6, 2.0)], [1.0, 0.0]), radial_bump(5, 0.3).stretch(2.0)
    assert shells.norm == bump.norm
    r = np.linspace(0, 3, 30)
    np.testing.assert_array_equal(shells.profile(r), bump.profile(r))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, GAPS, LEVELS), "dim is 2; give an odd"),
        ((3, [(1.0, 0.5)], [1.0, 0.0]), "gaps is .*; give intervals"),
        ((3, [(0.0, 1.0), (1.0, 2.0)], LEVELS), "gaps is .* with shells between"),
        ((3, [(-1.0, 1.0)], [1.0, 0.0]), "gaps is"),
        ((3, GAPS, [1.0, 0.0]), "levels is .*; give 3 finite numbers"),
        ((3, GAPS, [1.0, 0.0, np.nan]), "levels is"),
    ],
)
def test_what_has_no_answer_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        radial_shells(*arguments)


def test_points_of_another_dimension_are_refused():
    with pytest.raises(ValueError, match=r"x has shape \(2,\)"):
        radial_shells(3, GAPS, LEVELS)(np.zeros(2))

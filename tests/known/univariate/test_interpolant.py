"""The interpolant on the line: its norm against a linear programme, its proof against the judge."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from minnorm.known import line
from minnorm.known.univariate import interpolant
from minnorm.objective.norm import PathNorm

quick = settings(max_examples=60, deadline=None)
SKIPS = ["none", "free"]
EPS = np.finfo(float).eps


@st.composite
def data(draw, most=40):
    """Points a tenth to three apart, in any order; values with zeros, ties and slopes that add up."""
    n = draw(st.integers(2, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.cumsum(rng.uniform(0.1, 3.0, n)) + rng.normal() * 10
    kind = draw(st.sampled_from(["rough", "flat", "tilted", "steps", "affine"]))
    y = {
        "rough": rng.normal(size=n),
        "flat": rng.integers(0, 2, n).astype(float),
        "tilted": rng.choice([-1, 1]) * (6.0 * x + rng.uniform(0, 0.5, n)),
        "steps": np.round(np.cumsum(rng.normal(size=n))),
        "affine": 2.0 * x + 1.0,
    }[kind]
    order = rng.permutation(n)
    return x[order], y[order]


def formula(x, y, skip):
    order = np.argsort(x)
    s = np.diff(y[order]) / np.diff(x[order])
    bending = np.abs(np.diff(s)).sum()
    return bending if skip == "free" else max(bending, (bending + abs(s[0] + s[-1])) / 2)


@pytest.mark.parametrize(
    ("x", "y", "minimum", "with_skip"),
    [
        ([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 2.0, 2.0),
        ([0.5, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 0.0], 4.0, 4.0),
        ([1.0, 3.0], [0.0, -5.0], 2.5, 0.0),
        ([0.0, 1.0, 2.0], [0.0, 1.0, 3.0], 2.0, 1.0),
        ([0.0, 1.0, 2.0], [0.0, -3.0, -4.0], 3.0, 2.0),
        ([0.0, 1.0, 2.0], [5.0, 5.0, 5.0], 0.0, 0.0),
    ],
)
def test_minima_worked_out_by_hand(x, y, minimum, with_skip):
    for skip, value in (("none", minimum), ("free", with_skip)):
        solution = line(x, y, PathNorm(skip=skip))
        assert solution.certified
        assert solution.value == pytest.approx(value, rel=1e-15, abs=0)
        np.testing.assert_allclose(solution(np.array(x)), y, atol=1e-15)


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # of labels that are affine but for rounding errors
@quick
@given(data(), st.sampled_from(SKIPS))
def test_the_interpolant_is_certified_to_rounding(points, skip):
    x, y = points
    solution = line(x, y, PathNorm(skip=skip))
    found = solution.certificate
    scale = max(1.0, np.abs(y).max() / 0.1)
    # What an affine function leaves is the labels' own rounding: there is no relative gap to it.
    assert solution.certified or found.value <= 1e-13 * scale
    assert found.scope == "exact"
    # A skip term is a product with x, which may be large where y is small.
    size = np.abs(y).max() + (np.abs(solution.network.skip).max() * np.abs(x).max() if skip == "free" else 0)
    assert found.residual <= 8 * EPS * size * np.log2(x.size + 2)
    assert abs(found.value - found.lower_bound) <= 1e-13 * max(scale, found.value)
    assert found.value == pytest.approx(formula(x, y, skip), rel=1e-13, abs=1e-13 * scale)
    assert solution.network.width <= x.size + 1
    np.testing.assert_array_equal(np.abs(solution.network.inner_weights), 1.0)
    assert set(np.abs(solution.network.biases)) <= set(np.abs(x))


@quick
@given(data(), st.sampled_from(SKIPS))
def test_between_the_points_it_is_the_chord(points, skip):
    x, y = points
    order = np.argsort(x)
    t = np.linspace(x.min(), x.max(), 301)
    found = line(x, y, PathNorm(skip=skip), certify=False)(t)
    np.testing.assert_allclose(found, np.interp(t, x[order], y[order]), atol=1e-12 * (1 + np.abs(y).max()))


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # of labels that are affine but for rounding errors
@settings(max_examples=40, deadline=None)
@given(data(most=8), st.sampled_from(SKIPS))
def test_no_measure_on_atoms_at_the_data_is_cheaper(points, skip):
    x, y = points
    w = np.repeat([1.0, -1.0], x.size)
    phi = np.maximum(w * (x[:, None] - np.tile(x, 2)), 0)
    free = np.stack([np.ones(x.size), x][: 1 + (skip == "free")], axis=1)
    found = linprog(
        np.concatenate([np.ones(2 * w.size), np.zeros(free.shape[1])]),
        A_eq=np.hstack([phi, -phi, free]),
        b_eq=y,
        bounds=[(0, None)] * (2 * w.size) + [(None, None)] * free.shape[1],
        method="highs",
    )
    solution = line(x, y, PathNorm(skip=skip))
    assert solution.certified or solution.value <= 1e-11
    assert solution.value == pytest.approx(found.fun, rel=1e-8, abs=1e-8)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
@quick
@given(data(), st.sampled_from(SKIPS), st.sampled_from([-4.0, -1.0, 0.125, 3.0]), st.sampled_from([-100.0, 0.0, 7.5]))
def test_scaling_translation_and_reflection(points, skip, factor, shift):
    x, y = points
    penalty = PathNorm(skip=skip)
    value = line(x, y, penalty).value
    assert line(factor * x, y, penalty).value == pytest.approx(value / abs(factor), rel=1e-12, abs=1e-11)
    assert line(x, factor * y, penalty).value == pytest.approx(value * abs(factor), rel=1e-12, abs=1e-11)
    moved = line(x + shift, y - shift, penalty)
    assert moved.certified or moved.value <= 1e-11
    assert moved.value == pytest.approx(value, rel=1e-11, abs=1e-10)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
@quick
@given(data(), st.sampled_from(SKIPS))
def test_order_and_repetition_do_not_matter(points, skip):
    x, y = points
    penalty = PathNorm(skip=skip)
    solution = line(x, y, penalty)
    order = np.argsort(x)
    for again in (order, np.concatenate([order, order[::-1]])):
        same = line(x[again][:, None], y[again], penalty)
        assert same.certificate == solution.certificate
        for one, other in zip(jax.tree.leaves(same.network), jax.tree.leaves(solution.network), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
@quick
@given(data(), st.floats(-3, 3))
def test_a_free_skip_term_removes_the_affine_part(points, slope):
    x, y = points
    free = PathNorm(skip="free")
    value = line(x, y, free).value
    assert line(x, y + slope * x, free).value == pytest.approx(value, rel=1e-10, abs=1e-10)
    assert value <= line(x, y).value * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("n", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_many_random_points_are_met_as_well_as_one_neuron_a_point_can(n, skip):
    rng = np.random.default_rng(n)
    x = np.sort(rng.uniform(-1, 1, n))
    y = np.sin(6 * x) + rng.normal(size=n)
    solution = line(x, y, PathNorm(skip=skip))
    assert solution.certified
    assert solution.value == pytest.approx(formula(x, y, skip), rel=1e-12)
    # The dual vector has entries of the order of n, and the last one is their rounded sum.
    assert abs(solution.gap) <= 1e-14 * n
    # A mass is known to half a rounding, and the next step multiplies that.
    steps = np.diff(x)
    turns = np.abs(np.diff(np.diff(y) / steps))
    assert solution.certificate.residual <= 4 * EPS * np.max(turns * np.maximum(steps[1:], steps[:-1]))


@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("scale", [1e-100, 1e-12, 1e12, 1e100])
def test_very_small_and_large_data(skip, scale):
    x, y = np.array([0.5, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 0.5])
    for solution in (line(scale * x, y, PathNorm(skip=skip)), line(x, y / scale, PathNorm(skip=skip))):
        assert solution.certified
        assert solution.value == pytest.approx(formula(x, y, skip) / scale, rel=1e-13)
        assert solution.lower_bound == pytest.approx(solution.value, rel=1e-13)


@pytest.mark.parametrize("skip", SKIPS)
def test_points_a_rounding_apart(skip):
    x = np.array([0.0, 1.0, np.nextafter(1.0, 2.0), 2.0])
    solution = line(x, np.array([0.0, 0.0, 1.0, 1.0]), PathNorm(skip=skip))
    assert solution.certified
    assert solution.value == pytest.approx(2 / EPS, rel=1e-13)


def test_without_certification_the_same_solution_is_not_verified():
    x, y = [0.5, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 0.0]
    solution = line(x, y, certify=False)
    assert solution.certificate is None
    np.testing.assert_array_equal(solution.dual, line(x, y).dual)


def test_points_that_rounding_errors_tell_apart_are_named(monkeypatch):
    """Where the programme over knots fails: which grids those are depends on its version."""

    def fails(*_):
        raise ArithmeticError("the linear programme over knots failed")

    monkeypatch.setattr(interpolant, "penalised", fails)
    with pytest.raises(ValueError, match=r"points x = 1\.0 and 1\.0000000000000002 are 2e-16 apart"):
        line([0.0, 1.0, np.nextafter(1, 2), 2.0], [0.0, 1.0, 1.0, 0.0], PathNorm("penalised"))
    with pytest.raises(ArithmeticError):
        line([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], PathNorm("penalised"))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: line([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]), "x has 2 columns; known.line takes one"),
        (lambda: line([1.0], [0.0]), "x has 1 distinct point; give at least two"),
        (lambda: line([1.0, 1.0], [0.0, 0.0]), "x has 1 distinct point"),
        (lambda: line([1.0, 1.0, 2.0], [0.0, 1.0, 0.0]), "points 0 and 1 are equal"),
        (lambda: line([1.0, 2.0], [0.0, np.nan]), "y has 1 NaN"),
        (lambda: line([1.0, 2.0], [0.0, 1.0], PathNorm(offset="none")), "offset='none'.*use offset='free'"),
        (
            lambda: line([0.0, 1.0, 1 + 1e-15], [0.0, 0.0, 1e300]),
            r"between points x = 1\.0 and 1\.000000000000001.* overflows",
        ),
        (
            lambda: line([0.0, 1.0, 1.5], [-1.7e308, 1.7e308, 0.0]),
            r"between points x = 0\.0 and 1\.0 overflows; rescale",
        ),
        (lambda: line([-1.7e308, 1.7e308], [0.0, 1.0]), r"between points x = -1\.7e\+308 and 1\.7e\+308 overflows"),
    ],
)
def test_data_without_this_closed_form_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""What a residual costs: against exact slopes, the minimum for the labels that a network misses, and by hand."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm import verify
from minnorm.known import line, radial_bump
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.verification import price
from minnorm.verification.price import bump_norms, least_norm_on_a_line

quick = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def constant(value, d=1, skip=None):
    return ShallowReLU(np.zeros((0, d)), np.zeros(0), np.zeros(0), np.array(float(value)), skip)


# The minimum on the line.


def exact_minimum(x, y, skip):
    order = np.argsort(x)
    x, y = ([Fraction(float(v)) for v in part[order]] for part in (x, y))
    slopes = [(b - a) / (t - s) for (a, b), (s, t) in zip(itertools.pairwise(y), itertools.pairwise(x), strict=True)]
    bent = sum((abs(t - s) for s, t in itertools.pairwise(slopes)), Fraction(0))
    return bent if skip else max(bent, (bent + abs(slopes[0] + slopes[-1])) / 2)


@given(seed=seeds, skip=st.booleans(), away=st.sampled_from([0.0, 1e6, 1e12]), near=st.sampled_from([1.0, 1e-3, 1e-9]))
@quick
def test_the_minimum_on_the_line_is_bounded_above_to_the_last_digits(seed, skip, away, near):
    rng = np.random.default_rng(seed)
    x = np.unique(away + np.concatenate([rng.normal(size=6), near * rng.normal(size=6)]))
    y = away + (rng.normal(size=x.size) if seed % 2 else 3 * x + near * rng.normal(size=x.size))
    wanted = exact_minimum(x, y, skip)
    found = Fraction(least_norm_on_a_line(x, y, skip))
    assert wanted <= found <= wanted * (1 + Fraction(1, 10**14)) + Fraction(10.0**-300)


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200])
def test_slopes_at_the_ends_of_the_range_are_bounded_too(size):
    x, y = np.array([0.0, 1.0, 2.0, 4.0]), size * np.array([0.0, 1.0, 0.0, 1.0])
    for a, b in ((x, y), (x * size, y), (x / 1e3, y)):
        with np.errstate(all="ignore"):
            found = least_norm_on_a_line(a, b, True)
        assert math.isinf(found) or Fraction(found) >= exact_minimum(a, b, True)


# Bumps.


def test_a_bump_has_the_known_norm_over_the_distance_of_the_nearest_point():
    for d in (1, 2, 3, 5, 31):
        x = np.vstack([np.zeros(d), 2 * np.eye(d), -2 * np.eye(d), 9 * np.ones(d)])
        found = bump_norms(Problem(x, np.zeros(len(x))), np.arange(len(x)) == 0)
        wanted = radial_bump(dim=d, plateau=0.0).norm / 2
        assert wanted <= found[0] * (1 + 1e-10)
        # Even dimensions take the next odd one, and beyond the table a bound is proven.
        assert found[0] <= wanted * (1.5 if d == 2 else 3 if d == 31 else 1 + 1e-9)


def test_the_nearest_point_is_found_without_a_tree_too(monkeypatch):
    x = np.random.default_rng(0).normal(size=(30, 3))
    problem, wanted = Problem(x, np.zeros(30)), np.ones(30, dtype=bool)
    exact = bump_norms(problem, wanted)
    monkeypatch.setattr(price, "_PAIRS", 0)
    assert np.all(bump_norms(problem, wanted) >= exact)


@given(seed=seeds)
@quick
def test_a_network_that_misses_labels_is_never_below_the_minimum_for_them(seed):
    """The minimum with penalised biases, from the closed form, for labels that twins make steep."""
    rng = np.random.default_rng(seed)
    penalty = PathNorm("penalised", "free")
    x = np.array([0.0, 1.0, 1.0 + 1e-7, 2.0, 4.0]) + 10 * rng.normal()
    y = rng.normal(size=5)
    y[2] = y[1]
    missed = y + 1e-13 * rng.normal(size=5)
    claimed = line(x, missed, penalty, certify=False)
    wanted = line(x, y, penalty)
    found = verify(x, y, claimed)
    assert wanted.certified
    assert found.value >= wanted.lower_bound
    assert found.value <= wanted.value * (1 + 1e-3)
    assert found.lower_bound <= wanted.value


# Claims that were certified, and are wrong.


def test_a_straight_line_does_not_interpolate_what_is_on_top_of_it():
    x = np.linspace(0, 2, 30)
    found = verify(
        x, 1e7 * x + np.sin(3 * x), Solution(constant(0, skip=np.array([1e7])), np.zeros(30), PathNorm(skip="free"))
    )
    assert (found.value, found.certified) == (math.inf, False)


def test_a_residual_between_twins_is_a_slope():
    x, y = np.array([0.0, 1.0, 1 + 1e-9, 2.0]), np.array([0.0, 1.0, 1 + 9e-7, 0.0])
    hat = ShallowReLU(np.ones((3, 1)), np.array([0.0, -1.0, -2.0]), np.array([1.0, -2.0, 1.0]), np.array(0.0))
    dual = np.array([0.5, -1.0, 0.0, 0.5])
    assert not verify(x, y, Solution(hat, dual)).certified
    right = line(x, y)
    assert right.certified
    assert right.value == pytest.approx(1800, rel=1e-6)
    # A residual at rounding level is priced, too: here it is almost half of the value.
    x[2], y[2] = 1 + 2.0**-42, 1 + 2.0**-41
    found = verify(x, y, Solution(hat, dual))
    assert found.residual <= found.rounding
    assert found.value == pytest.approx(4)
    assert not found.certified


@pytest.mark.parametrize("d", [1, 2])
def test_a_constant_with_a_zero_dual_vector_is_no_minimiser_whatever_the_labels_mean(d):
    x = np.random.default_rng(0).normal(size=(30, d))
    y = np.sin(3 * x[:, 0])
    for mean in (0.0, 3e5, 1e8):
        found = verify(x, mean + y, Solution(constant(mean, d), np.zeros(30), lam=1e-4))
        assert (found.lower_bound, found.gap, found.certified) == (0, 1, False)
        assert found.value == pytest.approx(np.mean(y**2) / 2, rel=1e-6)


@given(seed=seeds, mean=st.sampled_from([0.0, 1e9]))
@settings(max_examples=6, deadline=None)
def test_the_mean_of_the_labels_costs_no_digits(seed, mean):
    rng = np.random.default_rng(seed)
    x = np.unique(rng.integers(-20, 20, 12)).astype(float)
    y = rng.integers(-50, 51, x.size).astype(float)
    found = line(x, mean + y).certificate
    assert found.certified
    assert found.value == pytest.approx(float(exact_minimum(x, y, False)), rel=1e-12)


def test_what_misses_the_range_of_the_labels_is_no_rounding_however_steep():
    x = np.array([[0.0, 0.0], [2.0**-60, 0.0]])
    solution = Solution(constant(0.1, 2, np.array([2.0**58, 0.0])), np.zeros(2), PathNorm(skip="free"))
    found = verify(x, np.array([0.0, 1.0]), solution)
    assert found.residual > found.rounding
    assert (found.value, found.certified) == (math.inf, False)


def test_equal_points_are_priced_once():
    x = np.array([[0.0, 1.0], [0.0, 1.0], [3.0, 1.0]])
    found = bump_norms(Problem(x, np.zeros(3)), np.ones(3, dtype=bool))
    assert found == pytest.approx([4 / 3, 0, 4 / 3])


def test_one_place_needs_no_bump_where_a_constant_is_free():
    problem = Problem(np.ones((2, 2)), np.ones(2))
    assert bump_norms(problem, np.ones(2, dtype=bool)).tolist() == [0, 0]
    problem = Problem(np.ones((2, 2)), np.ones(2), PathNorm("penalised", offset="none"))
    assert bump_norms(problem, np.ones(2, dtype=bool)).tolist() == [1, 0]

"""Points that count differently: as points that are repeated, as points that are left out, and as the judge sees it."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minnorm as mn
from minnorm.objective.problem import Problem

PENALTIES = [
    mn.PathNorm(),
    mn.PathNorm("penalised"),
    mn.PathNorm(skip="free"),
    mn.PathNorm("penalised", "free", "none"),
]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    d=st.integers(1, 3),
    penalty=st.sampled_from(PENALTIES),
    share=st.floats(-4, 0),
    seed=st.integers(0, 2**16),
)
def test_whole_weights_are_repeated_points(d, penalty, share, seed):
    rng = np.random.default_rng(seed)
    n = 5 + d
    X, y = rng.normal(size=(n, d)), rng.normal(size=n)
    times = rng.integers(1, 4, n)
    times[0] = 0
    again = np.repeat(X, times, axis=0), np.repeat(y, times)
    top = mn.lam_max(X, y, penalty, sample_weight=times)
    assert top == pytest.approx(mn.lam_max(*again, penalty), rel=1e-9)
    lam = 10**share * top
    weighed = mn.fit(X, y, lam, sample_weight=times, penalty=penalty)
    repeated = mn.fit(*again, lam, penalty=penalty)
    assert weighed.certified
    assert repeated.certified
    assert weighed.value == pytest.approx(repeated.value, rel=1e-6)
    assert weighed.lower_bound <= repeated.value
    assert repeated.lower_bound <= weighed.value


def test_a_point_of_weight_0_is_left_out():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 2)), rng.normal(size=8)
    weights = np.array([1.0, 0, 1, 1, 0, 1, 1, 1])
    live = weights > 0
    sol, rest = mn.fit(X, y, 0.01, sample_weight=weights), mn.fit(X[live], y[live], 0.01)
    assert (sol.value, sol.lower_bound) == (rest.value, rest.lower_bound)
    np.testing.assert_array_equal(sol.dual[live], rest.dual)
    np.testing.assert_array_equal(sol.dual[~live], 0)
    assert mn.verify(X, y, sol) == sol.certificate


def test_equal_points_may_disagree_where_one_does_not_count():
    X, y = [0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 5.0, 0.0]
    sol = mn.fit(X, y, 0, sample_weight=[1, 1, 0, 1])
    assert sol.certified
    assert sol.value == pytest.approx(2)
    with pytest.raises(ValueError, match="points 1 and 2 are equal"):
        mn.fit(X, y, 0, sample_weight=[1, 1, 0.1, 1])


def test_points_that_rounding_errors_tell_apart_are_named_as_they_were_given():
    x = [5.0, 0.0, 1.0, np.nextafter(1, 2), 2.0]
    X, y = np.column_stack([x, np.square([5.0, 0, 1, 1, 2])]), [0.0, 0, 1, 2, 0]
    with pytest.raises(ValueError, match="points 2 and 3 are"):
        mn.fit(X, y, 0, sample_weight=[0, 1, 1, 1, 1])


@pytest.mark.parametrize("penalty", PENALTIES)
def test_only_ratios_of_weights_matter(penalty):
    rng = np.random.default_rng(1)
    X, y, weights = rng.normal(size=(7, 2)), rng.normal(size=7), rng.uniform(0.1, 1, 7)
    one, other = (mn.fit(X, y, 0.02, sample_weight=factor * weights, penalty=penalty) for factor in (1, 2.0**-40))
    assert one.value == other.value
    assert one.certified


@pytest.mark.parametrize("d", [1, 2])
def test_the_bound_is_the_dual_objective_in_exact_arithmetic(d):
    """At the optimum t = 1: nu . y - S/2 sum nu_i^2 / p_i, with the optimal nu_i = p_i (y_i - f(x_i)) / S."""
    rng = np.random.default_rng(2)
    X, y, weights = rng.normal(size=(9, d)), rng.normal(size=9), 10 ** rng.uniform(-3, 0, 9)
    sol = mn.fit(X, y, 1e-3, sample_weight=weights, tolerance=1e-9)
    assert sol.certified
    p = [Fraction(w) for w in weights]
    nu, labels = [Fraction(v) for v in sol.dual], [Fraction(v) for v in y]
    dual = sum(v * b for v, b in zip(nu, labels, strict=True)) - sum(p) / 2 * sum(
        v**2 / w for v, w in zip(nu, p, strict=True)
    )
    assert sol.lower_bound <= float(dual) * (1 + 1e-12)
    assert sol.lower_bound == pytest.approx(float(dual), rel=1e-7)
    rest = weights * (y - sol(X)) / weights.sum()
    np.testing.assert_allclose(sol.dual, rest, atol=1e-5 * np.max(np.abs(rest)))
    loss = np.sum(weights * (y - sol(X)) ** 2) / (2 * weights.sum())
    assert sol.value == pytest.approx(loss + 1e-3 * mn.PathNorm().value(sol.network), rel=1e-12)


@pytest.mark.slow
def test_a_claim_with_other_weights_is_not_certified():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    sol = mn.fit(X, y, 0.02, sample_weight=rng.uniform(0.1, 1, 10))
    assert not mn.verify(X, y, mn.fit(X, y, 0.02, certify=False, tolerance=0.5)).value < mn.fit(X, y, 0.02).lower_bound
    proof = mn.verify(X, y, mn.Solution(sol.network, sol.dual, sol.penalty, sol.lam))
    assert not proof.certified
    assert proof.lower_bound <= mn.fit(X, y, 0.02).value <= proof.value


def test_weights_are_saved(tmp_path):
    sol = mn.fit([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], 0.01, sample_weight=[1, 2, 3])
    sol.save(tmp_path / "fit.nc")
    again = mn.Solution.load(tmp_path / "fit.nc")
    np.testing.assert_array_equal(again.weights, sol.weights)
    assert mn.verify([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], again) == sol.certificate


def test_no_minimiser_is_further_away_at_the_data_than_the_bound_says():
    rng = np.random.default_rng(4)
    X, y, weights = rng.normal(size=(9, 2)), rng.normal(size=9), 10 ** rng.uniform(-2, 0, 9)
    rough, fine = (mn.fit(X, y, 0.01, sample_weight=weights, tolerance=tolerance) for tolerance in (0.05, 1e-9))
    error = np.abs(rough(X) - fine(X)).max()
    assert error <= rough.data_error + fine.data_error
    assert fine.data_error < 0.1 * rough.data_error


@pytest.mark.slow
def test_a_path_has_weights():
    rng = np.random.default_rng(5)
    X, y, times = rng.normal(size=(8, 2)), rng.normal(size=8), rng.integers(0, 3, 8)
    lams = [0.1, 0.03, 0.01]
    weighed = mn.path(X, y, lams, sample_weight=times)
    repeated = mn.path(np.repeat(X, times, axis=0), np.repeat(y, times), lams)
    for name in ("value", "loss", "norm", "lam"):
        np.testing.assert_allclose(weighed[name], repeated[name], rtol=1e-5)
    assert weighed.certified.all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], "shape"),
        ([1, -1, 1], "contains -1.0"),
        ([0, 0, 0], "is zero for all points"),
        ([1, np.nan, 1], "contains nan"),
        ([1, np.inf, 1], "contains inf"),
        ([1, 1e-40, 1], "ranges from 1e-40 to 1.0"),
        (["a", "b", "c"], "sample_weight"),
        ("balanced", "sample_weight"),
    ],
)
@pytest.mark.parametrize(("call", "lam"), [(mn.fit, [0.1]), (mn.path, [[0.1]]), (mn.lam_max, [])])
def test_bad_weights_are_refused(call, lam, weights, message):
    with pytest.raises(ValueError, match=r"^sample_weight.*" + message.replace("sample_weight", "")):
        call([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], *lam, sample_weight=weights)


def test_equal_weights_are_none():
    problem = Problem([0.0, 1.0], [0.0, 2.0], weights=[3.0, 3.0])
    np.testing.assert_array_equal(problem.weights, 1)
    assert mn.fit([0.0, 1.0], [0.0, 2.0], 0.1, sample_weight=[3.0, 3.0]).weights is None

"""Trend filtering on the line against column generation, quadratic programming and its optimality conditions."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from minnorm import fit, verify
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate
from minnorm.solve.routes import as_solution
from minnorm.solve.univariate import banded
from minnorm.solve.univariate.trend import trend

quick = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**32 - 1)
skips = st.sampled_from(["none", "free"])
shares = st.sampled_from([0.9, 0.3, 1e-2, 1e-4])
SKIPS = ["none", "free"]


def data(seed, n, clusters=False):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    if clusters:
        near = rng.choice(x, size=n) + 10.0 ** rng.uniform(-17, -3, size=n)
        x = np.concatenate([x, near, np.nextafter(x[: n // 3], 9)])
    return x, np.sin(3 * x) + 0.3 * rng.normal(size=x.size)


def lam_max(x, y, skip):
    """sup |h| for the residual of the free terms over n, from all atoms with a kink at a data point."""
    free = np.column_stack([np.ones(x.size), x]) if skip == "free" else np.ones((x.size, 1))
    rest = (y - free @ np.linalg.lstsq(free, y, rcond=None)[0]) / x.size
    return max(float(np.max(np.abs(np.maximum(s * (x - x[:, None]), 0) @ rest))) for s in (1, -1))


def solved(x, y, lam, skip="none", offset="free", tolerance=1e-6):
    return fit(x, y, lam, penalty=PathNorm(skip=skip, offset=offset), tolerance=tolerance)


def moments(x, al):
    """z_i = sum_j al_j relu(x_j - x_i) and the same to the left, at sorted points."""
    return np.maximum(x - x[:, None], 0) @ al, np.maximum(x[:, None] - x, 0) @ al


@pytest.mark.slow
@pytest.mark.parametrize(("skip", "offset"), list(itertools.product(SKIPS, SKIPS)))
@pytest.mark.parametrize("share", [0.5, 0.05, 1e-3])
def test_agrees_with_column_generation(skip, offset, share):
    for seed, n in ((0, 3), (1, 12), (2, 60)):
        x, y = data(seed, n)
        lam = share * lam_max(x, y, skip)
        sol = solved(x, y, lam, skip, offset)
        problem = Problem(x, y, PathNorm(skip=skip, offset=offset), lam)
        reduced = reduce(problem)
        other = verify(x, y, as_solution(reduced, generate(reduced, tolerance=1e-9)))
        assert sol.certified
        assert sol.value == pytest.approx(other.value, rel=1e-6)
        assert sol.network.width <= n + 1


@pytest.mark.parametrize("skip", SKIPS)
@pytest.mark.parametrize("share", [0.4, 0.02])
def test_agrees_with_a_quadratic_programme(skip, share):
    for seed in range(3):
        x, y = data(seed, 7)
        x, y = np.sort(x), y[np.argsort(x)]
        n, lam = x.size, share * lam_max(x, y, skip)
        slopes = np.diff(np.eye(n), axis=0) / np.diff(x)[:, None]
        turns = np.diff(slopes, axis=0)
        both = slopes[0] + slopes[-1]

        def objective(v, y=y, lam=lam, n=n):
            return np.sum((v[:n] - y) ** 2) / (2 * n) + lam * v[-1]

        def gradient(v, y=y, lam=lam, n=n):
            return np.concatenate([(v[:n] - y) / n, np.zeros(n - 2), [lam]])

        # Unknown: values, bounds of the turns, and a bound of the norm.
        rows = [np.hstack([s * turns, np.eye(n - 2), np.zeros((n - 2, 1))]) for s in (1, -1)]
        rows.append(np.concatenate([np.zeros(n), -np.ones(n - 2), [1.0]])[None])
        if skip == "none":
            rows += [np.concatenate([s * both / 2, -np.ones(n - 2) / 2, [1.0]])[None] for s in (1, -1)]
        matrix = np.vstack(rows)
        start = np.concatenate([y, np.abs(turns @ y), [np.sum(np.abs(turns @ y)) + abs(both @ y)]])
        found = minimize(
            objective,
            start,
            jac=gradient,
            method="SLSQP",
            constraints={"type": "ineq", "fun": lambda v, a=matrix: a @ v, "jac": lambda v, a=matrix: a},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        sol = solved(x, y, lam, skip)
        assert sol.value <= found.fun * (1 + 1e-9)
        assert sol.lower_bound <= found.fun * (1 + 1e-9)
        assert sol.value == pytest.approx(found.fun, rel=1e-5)


@quick
@given(seeds, st.integers(3, 60), skips, shares)
def test_optimality_conditions(seed, n, skip, share):
    x, y = data(seed, n)
    x, y = np.sort(x), y[np.argsort(x)]
    lam = share * lam_max(x, y, skip)
    sol = solved(x, y, lam, skip)
    net = sol.network
    al = (y - sol(x)) / n
    np.testing.assert_allclose(sol.dual, al, atol=1e-9 * np.max(np.abs(al)))
    right, left = moments(x, al)
    assert max(np.max(np.abs(right)), np.max(np.abs(left))) <= lam * (1 + 1e-6)
    # Every neuron is an atom at which h has the largest absolute value, and its mass has the sign of h.
    facing, knots = net.inner_weights[:, 0], -net.biases / net.inner_weights[:, 0]
    atom = np.maximum(facing[:, None] * (x - knots[:, None]), 0) @ al
    heavy = np.abs(net.outer_weights) > 1e-9 * np.sum(np.abs(net.outer_weights))
    np.testing.assert_allclose((atom * np.sign(net.outer_weights))[heavy], lam, rtol=1e-5)
    assert np.all(np.isin(knots, x))
    assert abs(al.sum()) <= 1e-12
    if skip == "free":
        assert abs(al @ x) <= 1e-10


@pytest.mark.parametrize("skip", SKIPS)
def test_lam_max_is_where_neurons_begin(skip):
    for seed in range(5):
        x, y = data(seed, 20)
        top = lam_max(x, y, skip)
        above, below = solved(x, y, top * (1 + 1e-9), skip), solved(x, y, top * (1 - 1e-4), skip)
        assert above.network.width == 0
        assert below.network.width > 0
        assert above.certified
        assert below.certified
        free = np.polyval(np.polyfit(x, y, 1 if skip == "free" else 0), x)
        np.testing.assert_allclose(above(x), free, atol=1e-10)


@pytest.mark.slow
@quick
@given(seeds, skips, shares, st.floats(-20, 20), st.floats(-20, 20), st.floats(-3, 3))
def test_equivariance(seed, skip, share, in_x, in_y, shift):
    x, y = data(seed, 15)
    lam = share * lam_max(x, y, skip)
    sol = solved(x, y, lam, skip)
    wide, tall = 2.0 ** round(in_x), 2.0 ** round(in_y)
    order = np.random.default_rng(seed).permutation(15)
    moved = solved((shift - wide * x)[order], (1 + tall * y)[order], lam * wide * tall, skip)
    assert sol.certified
    assert moved.certified
    assert moved.value == pytest.approx(sol.value * tall**2, rel=1e-5)
    # Strong convexity: |f - f*|^2 / (2n) is at most the absolute gap, and the tolerance bounds that.
    apart = 2 * math.sqrt(2 * 15 * 1e-6 * sol.value) + 1e-9
    np.testing.assert_allclose(moved(shift - wide * x), 1 + tall * sol(x), atol=apart * tall + 1e-9)


@pytest.mark.slow
@quick
@given(seeds, skips, shares)
def test_equal_points_with_different_labels_count_by_their_mean(seed, skip, share):
    x, y = data(seed, 12)
    noise = np.random.default_rng(seed).normal(size=12)
    lam = share * lam_max(x, y, skip)
    once, twice = solved(x, y, lam, skip), solved(np.append(x, x), np.append(y + noise, y - noise), lam, skip)
    assert twice.certified
    assert twice.value == pytest.approx(once.value + noise @ noise / 24, rel=1e-6)


@pytest.mark.slow
@quick
@given(seeds, skips, shares)
def test_clustered_points_are_certified(seed, skip, share):
    x, y = data(seed, 40, clusters=True)
    sol = solved(x, y, share * lam_max(x, y, skip), skip)
    assert sol.certified
    assert sol.gap <= 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("skip", SKIPS)
def test_whole_numbers_with_ties(skip):
    x = np.arange(40.0)
    for y in (np.round(3 * np.sin(x)), np.abs(x - 20), x**2, np.where(x > 17, 1.0, 0.0)):
        for lam in (1e-5, 1e-2, 1.0, 100.0):
            assert solved(x, y, lam, skip, tolerance=1e-9).certified


@pytest.mark.parametrize("skip", SKIPS)
def test_few_points(skip):
    for x, y in (([0.0, 2.0], [1.0, 4.0]), ([0.0, 1.0, 3.0], [0.0, 1.0, 0.0]), ([0.0, 1.0], [0.0, 0.0])):
        for lam in (1e-8, 0.1, 100.0):
            assert solved(x, y, lam, skip).certified
    # With slope s both residuals are (1 - s) / 2: (1 - s)^2 / 8 + lam s is least at s = 1 - 4 lam.
    lam = 0.1
    expected = (4 * lam) ** 2 / 8 + lam * (1 - 4 * lam) if skip == "none" else 0.0
    value = solved([0.0, 1.0], [0.0, 1.0], lam, skip).value
    assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("skip", SKIPS)
def test_points_that_no_slope_tells_apart(skip):
    x = np.array([0.0, 5e-324, 1e-300, 1.0, 2.0, 2.0 + 2**-51])
    y = np.array([0.0, 1.0, -1.0, 2.0, 1.0, 3.0])
    assert solved(x, y, 1e-3, skip).certified


@pytest.mark.parametrize("skip", SKIPS)
def test_an_outlier_far_away(skip):
    x, y = data(1, 30)
    x = np.append(x, 1e5)
    y = np.append(y, 1.0)
    for share in (0.3, 1e-3, 1e-7):
        assert solved(x, y, share * lam_max(x, y, skip), skip).certified


def test_a_line_in_the_plane():
    t, y = data(3, 30)
    t = np.round(t * 2**20) / 2**20
    line = solved(t, y, 1e-3)
    plane = fit(np.column_stack([3 * t + 1, 4 * t]), y, 5e-3)
    assert plane.certified
    assert plane.value == pytest.approx(line.value, rel=1e-6)


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
def test_low_tolerance_and_no_time():
    x, y = data(0, 200)
    assert solved(x, y, 1e-4, tolerance=1e-10).certified
    sol = fit(x, y, 1e-4, time_limit=0.0)
    assert math.isfinite(sol.value)
    assert sol.lower_bound <= solved(x, y, 1e-4).value


def test_progress_brackets_the_optimum():
    x, y = data(0, 50)
    seen = []
    sol = fit(x, y, 1e-3, progress=lambda *line: seen.append(line))
    assert all(bound <= sol.value * (1 + 1e-9) for _, _, bound in seen)
    assert seen[-1][1] == pytest.approx(sol.value, rel=1e-6)
    assert seen[-1][2] == pytest.approx(sol.value, rel=1e-6)


def test_interior_point_alone_is_near():
    x, y = data(5, 100)
    x = np.sort(x)
    y = y - y.mean()
    rho = np.full(100, 3.0)
    for skip in (True, False):
        y = y - np.polyval(np.polyfit(x, y, 1), x) if skip else y
        most = 0.5 * float(y @ (y / rho))
        found = banded.solve(
            y, np.diff(x), rho, skip, most=most, tolerance=1e-10, deadline=math.inf, progress=lambda *_: None
        )
        assert found.error <= 1e-10
        assert found.steps < 40


def test_refuses_other_problems():
    with pytest.raises(ValueError, match="one coordinate"):
        trend(Problem([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0], lam=1.0), tolerance=1e-6)
    with pytest.raises(ValueError, match="lam > 0"):
        trend(Problem([0.0, 1.0], [0.0, 1.0]), tolerance=1e-6)
    with pytest.raises(ValueError, match="bias"):
        trend(Problem([0.0, 1.0], [0.0, 1.0], PathNorm(bias="penalised"), 1.0), tolerance=1e-6)
    with pytest.raises(ValueError, match="two"):
        trend(Problem([1.0, 1.0], [0.0, 1.0], lam=1.0), tolerance=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("skip", SKIPS)
def test_a_hundred_thousand_points(skip):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100_000, 1))
    y = np.sin(3 * X[:, 0]) + 0.1 * rng.normal(size=100_000)
    penalty = PathNorm(skip=skip)
    top = fit(X, y, 1e3, penalty=penalty).certificate.dual_norm
    sol = fit(X, y, 1e-3 * top, penalty=penalty)
    assert sol.certified
    assert sol.gap <= 1e-8
    assert sol.network.width < 200
    assert dataclasses.replace(sol, certificate=verify(X, y, sol)).certified


@pytest.mark.parametrize("calls", [1, 3, 1000])
def test_ctrl_c_leaves_the_best_so_far(calls):
    """1000: after the interior point method, while knots are exchanged or when that is told."""
    t = np.linspace(0, 1, 40)
    problem = Problem(t, np.sin(7 * t), lam=1e-3)
    best, seen = trend(problem, tolerance=1e-9), []
    told = []
    trend(problem, tolerance=1e-9, progress=lambda *_numbers: told.append(1))

    def press(*_numbers):
        seen.append(1)
        if len(seen) == min(calls, len(told)):
            raise KeyboardInterrupt

    found = trend(problem, tolerance=1e-9, progress=press)
    assert found.ending == "interrupted"
    assert best.ending == "closed"
    value = objective(problem, best)
    assert (
        value * (1 - 1e-9)
        <= objective(problem, found)
        <= float(np.mean((problem.values - np.mean(problem.values)) ** 2)) / 2
    )


def objective(problem, solution):
    rest = problem.values - solution.network.evaluate(problem.points)
    return float(np.mean(rest**2)) / 2 + problem.lam * problem.penalty.value(solution.network)

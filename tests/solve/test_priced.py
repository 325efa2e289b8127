"""The interior point that prices at every step: its dual vectors are feasible, and lead to the optimum."""

import math

import numpy as np
import pytest
from scipy.optimize import linprog

import minnorm as mn
from minnorm.objective.problem import Problem
from minnorm.solve.minimise import minimise
from minnorm.solve.priced import approached
from minnorm.solve.pricing.oracle import exact
from minnorm.solve.pricing.plane import Plane
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate

RNG = np.random.default_rng(3)
GRID = np.stack(np.meshgrid(np.arange(8.0), np.arange(8.0)), axis=-1).reshape(-1, 2)
MANY = RNG.normal(size=(150, 2)), RNG.normal(size=150)
PROBLEMS = {
    "normal": (RNG.normal(size=(60, 2)), RNG.normal(size=60)),
    "grid": (GRID, np.sin(GRID[:, 0]) + GRID[:, 1] ** 2 / 20),
    "checkerboard": (GRID, GRID.sum(axis=1) % 2),
}


def reduced(kind, penalty=None):
    x, y = PROBLEMS[kind]
    problem = reduce(Problem(x, y, penalty))
    return problem, Plane(problem.points)


def reached(problem, plane, show=lambda _: None):
    found = approached(problem, plane, 1e-6, math.inf, show)
    assert found is not None
    return found


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [mn.PathNorm(), mn.PathNorm(skip="free")])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_the_dual_vector_is_feasible_and_as_good_as_column_generation_s(kind, penalty):
    problem, plane = reduced(kind, penalty)
    bounds = []
    found = reached(problem, plane, bounds.append)
    assert exact(problem.points, found.nu, "free").largest <= 1
    np.testing.assert_allclose(problem.free.T @ found.nu, 0, atol=1e-10 * np.abs(found.nu).sum())
    assert found.bound == pytest.approx(problem.values @ found.nu)
    assert found.gap <= 1e-6
    assert np.all(np.diff(bounds) >= 0)
    # From a dual vector no interior point is taken: another route to the same number.
    rounds = generate(problem, tolerance=1e-6, start=np.zeros(problem.values.size))
    assert found.bound == pytest.approx(rounds.value, rel=3e-6)


def test_the_atoms_that_it_leaves_interpolate_at_the_least_norm():
    problem, plane = reduced("normal")
    found = reached(problem, plane)
    values = found.columns.values(slice(None))
    k = values.shape[1]
    rows = np.concatenate([values, -values, problem.free, -problem.free], axis=1)
    cost = np.concatenate([np.ones(2 * k), np.zeros(2 * problem.free.shape[1])])
    best = linprog(cost, A_eq=rows, b_eq=problem.values, method="highs")
    assert best.fun == pytest.approx(found.bound, rel=3e-6)


@pytest.mark.slow
def test_of_many_points_a_vertex_near_the_interior_point_is_the_network(monkeypatch):
    rng = np.random.default_rng(8)
    problem = reduce(Problem(rng.normal(size=(300, 2)), rng.normal(size=300), None))
    with monkeypatch.context() as patched:
        patched.setattr("minnorm.solve.rounds.improve", None)  # no round of column generation is needed
        found = generate(problem, tolerance=1e-6)
    assert found.masses.size <= 299
    fitted = problem.atoms(found.weights, found.biases) @ found.masses + problem.free @ found.coefficients
    np.testing.assert_allclose(fitted, problem.values, atol=1e-12)
    assert 0 <= found.gap <= 1e-6
    assert exact(problem.points, found.nu, "free").largest <= 1 + 1e-12
    other = generate(problem, tolerance=1e-6, start=np.zeros(300))
    assert other.value == pytest.approx(found.value, rel=2e-6)


def test_it_ends_in_time_and_says_so():
    x, y = MANY
    problem, plane = reduced("normal")
    assert approached(problem, plane, 1e-6, -math.inf, lambda _: None) is None
    solution = minimise(Problem(x, y), time_limit=0.0)
    assert solution.ending == "time"
    assert np.max(np.abs(solution.network.evaluate(x) - y)) < 1e-8


def test_an_interrupt_returns_a_network_that_interpolates(monkeypatch):
    x, y = MANY
    calls = []
    price = Plane.maxima

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return price(self, *arguments)

    monkeypatch.setattr(Plane, "maxima", interrupted)
    solution = minimise(Problem(x, y), on_interrupt="return")
    assert solution.ending == "interrupted"
    assert np.max(np.abs(solution.network.evaluate(x) - y)) < 1e-8


def test_local_maxima_are_all_there_are_and_each_is_one():
    x, nu = MANY[0], RNG.normal(size=150)
    nu -= nu.mean()
    plane = Plane(x)
    found, best = plane.maxima(nu, 1e-6), plane.price(nu, 1000)
    h = nu @ np.maximum(x @ found.weights.T + found.biases, 0)
    np.testing.assert_allclose(found.values, h, atol=1e-12 * np.abs(nu).sum())
    on_kink = np.einsum("kc,kc->k", x[found.pivots], found.weights) + found.biases
    np.testing.assert_allclose(on_kink, 0, atol=1e-12)
    # Each atom once, and with the best few of every point all of the best.
    assert len(np.unique(np.round(np.column_stack([found.weights, found.biases]), 9), axis=0)) == len(found.values)
    ours, theirs = (np.sort(np.abs(v))[::-1][:300] for v in (found.values, best.values))
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    # Turned a little about its point, no line is better.
    for turn in (1e-7, -1e-7):
        c, s = math.cos(turn), math.sin(turn)
        w = found.weights @ np.array([[c, s], [-s, c]])
        b = -np.einsum("kc,kc->k", x[found.pivots], w)
        assert np.all(np.abs(nu @ np.maximum(x @ w.T + b, 0)) <= np.abs(found.values) + 1e-12)
    few = plane.maxima(nu, 0.5 * best.largest)
    assert np.all(np.abs(few.values) > 0.5 * best.largest)
    assert len(few.values) == np.sum(np.abs(found.values) > 0.5 * best.largest)


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", ["no pivots", "nothing spans"])
def test_without_a_vertex_column_generation_ends_what_it_began(monkeypatch, spoilt):
    rng = np.random.default_rng(2)
    problem = reduce(Problem(rng.normal(size=(90, 2)), rng.normal(size=90), None))
    usual = generate(problem, tolerance=1e-6)
    with monkeypatch.context() as patched:
        if spoilt == "no pivots":
            patched.setattr("minnorm.solve.crossover._PIVOTS", 0)
        else:
            patched.setattr("minnorm.solve.crossover._inverse", lambda columns: None)
        other = generate(problem, tolerance=1e-6)
    assert 0 <= other.gap <= 1e-6
    assert other.value == pytest.approx(usual.value, rel=2e-6)


def test_where_fewer_atoms_are_active_than_a_basis_has_a_vertex_is_found_as_well():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(80, 2))
    problem = reduce(Problem(x, (x.sum(axis=1) > 0) * 1.0, None))
    found = generate(problem, tolerance=1e-6)
    assert 0 <= found.gap <= 1e-6
    fitted = problem.atoms(found.weights, found.biases) @ found.masses + problem.free @ found.coefficients
    np.testing.assert_allclose(fitted, problem.values, atol=1e-11)


def test_masses_that_have_settled_interpolate():
    problem, plane = reduced("normal")
    columns = reached(problem, plane).columns
    assert np.all(columns.mass >= -1e-12 * np.max(columns.mass))
    outputs = columns.outputs(columns.mass)
    coefficients = np.linalg.lstsq(problem.free, problem.values - outputs, rcond=None)[0]
    np.testing.assert_allclose(outputs + problem.free @ coefficients, problem.values, atol=1e-5)
    np.testing.assert_allclose(outputs, columns.values(slice(None)) @ columns.mass, atol=1e-10)


def test_of_points_above_each_other_both_sides_of_their_line_count():
    """Two maxima on one vertical line with the same sign: of a dual vector with both, neither may be left out."""
    rng = np.random.default_rng(3)
    half = np.column_stack([np.cumsum(0.5 + rng.random(4)), 0.15 + 0.1 * rng.random(4)])
    x = np.concatenate([half, half * [1, -1]])
    for _ in range(30):
        nu = np.tile(rng.normal(size=4), 2) + 1e-5 * rng.normal(size=8)
        nu -= nu.mean()
        found = np.abs(Plane(x).maxima(nu, 0.0).values).max()
        assert found == pytest.approx(exact(x, nu, "free").largest, rel=1e-12)

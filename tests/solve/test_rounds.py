"""Column generation in reduced coordinates, apart from the reduction and from the judge."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from minnorm.known import line
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.found import dual_bound, first_dual
from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.pool import Pool
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate
from minnorm.solve.routes import as_solution

seeds = st.integers(0, 2**32 - 1)


def plane(seed=0, n=20, lam=0.0, penalty=None):
    rng = np.random.default_rng(seed)
    return reduce(Problem(rng.normal(size=(n, 2)), rng.normal(size=n), penalty, lam))


def check(reduced, found, tolerance):
    """Value, bound, feasibility and the misfit, all from the data in reduced coordinates."""
    values = reduced.atoms(found.weights, found.biases)
    misfit = reduced.values - values @ found.masses - reduced.free @ found.coefficients
    np.testing.assert_allclose(reduced.problem.penalty.atom_cost(found.weights, found.biases), 1, rtol=1e-12)
    value = np.abs(found.masses).sum()
    if reduced.problem.lam == 0:
        assert np.max(np.abs(misfit)) <= 1e-11 * max(1.0, value, np.max(np.abs(reduced.values)))
    else:
        value += 0.5 * np.sum(misfit**2 / reduced.rho)
    assert found.value == pytest.approx(value, rel=1e-9, abs=1e-12)
    if found.bound > 0 or found.ending == "closed":
        top = oracle.exact(reduced.points, found.nu, reduced.problem.penalty.bias).largest
        assert top <= 1 + 1e-9
        bound = reduced.values @ found.nu - 0.5 * (reduced.rho * found.nu) @ found.nu
        assert found.bound == pytest.approx(bound, rel=1e-9, abs=1e-12)
    assert found.gap <= tolerance
    assert found.gap >= -1e-9
    if found.ending == "closed":
        assert len(found.masses) <= len(reduced.values) - reduced.free.shape[1]
    correlation = found.nu @ values
    assert np.sum(np.abs(found.masses) - found.masses * correlation) <= 2 * tolerance * max(value, 1e-3)


@pytest.mark.parametrize("lam", [0.0, 1e-3, 0.05])
@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("skip", ["none", "free"])
def test_optimality(lam, bias, skip):
    reduced = plane(1, 15, lam, PathNorm(bias, skip))
    check(reduced, generate(reduced, tolerance=1e-8), 1e-8)


@pytest.mark.slow
@given(seed=seeds, skip=st.sampled_from(["none", "free"]))
@example(seed=350, skip="none")  # the first master problem's value is the bound's by chance
@example(seed=2168, skip="none")
@settings(max_examples=10, deadline=None)
def test_on_the_line_it_is_the_closed_form(seed, skip):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 25))
    x, y, penalty = rng.normal(size=n), rng.normal(size=n), PathNorm(skip=skip)
    reduced = reduce(Problem(x, y, penalty))
    found = generate(reduced, tolerance=1e-8)
    check(reduced, found, 1e-8)
    exact = line(x, y, penalty, certify=False)
    norm = penalty.value(exact.network)
    assert found.value * reduced.unit == pytest.approx(norm, rel=2e-8)
    assert found.bound * reduced.unit <= norm * (1 + 1e-9)


def test_progress_is_told_bounds_that_close_in():
    reduced = plane(2)
    told = []
    found = generate(reduced, tolerance=1e-6, progress=lambda *numbers: told.append(numbers))
    seconds, values, bounds = (np.array(column) for column in zip(*told, strict=True))
    assert len(told) == found.rounds + 1  # before the first step, too
    assert np.all(np.diff(seconds) >= 0)
    assert np.all(np.diff(bounds) >= 0)
    assert bounds[-1] == pytest.approx(found.bound * reduced.unit)
    assert np.all(values >= bounds[-1] * (1 - 1e-6))


def test_a_late_answer_is_an_honest_one():
    reduced = plane(3, 40)
    found = generate(reduced, tolerance=1e-8, deadline=time.monotonic())
    assert found.rounds == 0
    check(reduced, found, np.inf)
    best = generate(reduced, tolerance=1e-8)
    assert found.bound <= best.value
    assert found.value >= best.bound


@pytest.mark.slow
@pytest.mark.parametrize("lam", [0.0, 0.01])
def test_a_pool_and_a_start_change_nothing(lam):
    reduced = plane(4, 20, lam)
    cold = generate(reduced, tolerance=1e-8)
    pool = Pool(reduced)
    generate(reduced, tolerance=1e-8, pool=pool)
    warm = generate(reduced, tolerance=1e-8, pool=pool, start=cold.nu)
    check(reduced, warm, 1e-8)
    assert warm.value == pytest.approx(cold.value, rel=2e-8)


@pytest.mark.slow
def test_an_answer_approached_through_nearby_problems_is_the_same(monkeypatch):
    reduced = plane(3, 40)
    plain = generate(reduced, tolerance=1e-8)
    monkeypatch.setattr("minnorm.solve.rounds._MANY", 40)
    told = []
    approached = generate(reduced, tolerance=1e-8, progress=lambda t, value, bound: told.append((value, bound)))
    check(reduced, approached, 1e-8)
    assert approached.value == pytest.approx(plain.value, rel=1e-7)
    first = [value for value, _ in told].index(min(value for value, _ in told if np.isfinite(value)))
    assert np.isinf(told[0][0])
    assert first > 3
    assert all(bound <= approached.value * reduced.unit * (1 + 1e-8) for _, bound in told)
    assert len(told) == approached.rounds + 1  # before the first step, too


@pytest.mark.slow
def test_pricing_between_dual_vectors_changes_no_answer(monkeypatch):
    """It saves rounds for some data and costs some for others."""
    reduced = plane(0, 80)
    with_them = generate(reduced, tolerance=1e-6)
    monkeypatch.setattr("minnorm.solve.pricing.pricers.Exact.cheap", False)
    without = generate(reduced, tolerance=1e-6)
    assert with_them.value == pytest.approx(without.value, rel=2e-6)
    assert {with_them.ending, without.ending} == {"closed"}


def test_above_lam_max_only_free_terms_are_left():
    x, y = np.random.default_rng(5).normal(size=(2, 12, 2))
    y = y[:, 0]
    for penalty in (PathNorm(), PathNorm(skip="free"), PathNorm("penalised")):
        unit = reduce(Problem(x, y, penalty, 1.0))
        top = oracle.exact(
            unit.points, first_dual(unit), penalty.bias
        ).largest  # lam_max, as rho is lam times that here
        above, below = (reduce(Problem(x, y, penalty, share * top)) for share in (1 + 1e-9, 1 - 1e-3))
        free = np.column_stack([np.ones(12), x])[:, : 3 if penalty.skip == "free" else 1]
        rest = y - free @ np.linalg.lstsq(free, y, rcond=None)[0]
        found = generate(above, tolerance=1e-8)
        assert found.masses.size == 0
        assert found.value * above.unit == pytest.approx(np.mean(rest**2) / 2, rel=1e-9)
        assert found.gap <= 1e-8
        assert generate(below, tolerance=1e-8).masses.size > 0


def test_labels_far_from_zero_cost_no_digits():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(15, 2)), rng.integers(-4, 5, 15) / 4
    near, far = reduce(Problem(x, y)), reduce(Problem(x, y + 2.0**20))
    one, other = generate(near, tolerance=1e-8), generate(far, tolerance=1e-8)
    assert other.value * far.unit == pytest.approx(one.value * near.unit, rel=3e-8)


@pytest.mark.parametrize("lam", [0.0, 0.1])
def test_labels_that_free_terms_fit_need_no_neuron(lam):
    x = np.random.default_rng(7).normal(size=(10, 3))
    for y, penalty in ((np.full(10, 0.1), PathNorm()), (x @ [1.0, 2.0, 3.0] - 1, PathNorm(skip="free"))):
        reduced = reduce(Problem(x, y, penalty, lam))
        found = generate(reduced, tolerance=1e-6)
        assert found.masses.size == 0
        assert not found.nu.any()
        np.testing.assert_allclose(as_solution(reduced, found)(x), y, rtol=1e-12)
        assert found.value * reduced.unit <= 1e-20


# Its parts.


@given(seed=seeds, lam=st.sampled_from([0.0, 0.01, 1.0]))
@settings(max_examples=20, deadline=None)
def test_the_bound_is_the_best_multiple(seed, lam):
    reduced = plane(seed % 1000, 8, lam)
    rng = np.random.default_rng(seed)
    nu = first_dual(reduced) + 0.1 * rng.normal(size=8)
    nu -= nu.mean()
    largest = oracle.exact(reduced.points, nu, "free").largest
    bound, feasible = dual_bound(reduced, nu, largest)
    assert bound == pytest.approx(reduced.values @ feasible - 0.5 * (reduced.rho * feasible) @ feasible, rel=1e-12)
    assert oracle.exact(reduced.points, feasible, "free").largest <= 1 + 1e-12
    for t in np.linspace(0, 1 / largest, 50):
        assert t * reduced.values @ nu - 0.5 * t**2 * (reduced.rho * nu) @ nu <= bound + 1e-12 * abs(bound)


def test_the_bound_of_nothing():
    reduced = plane(0, 8)
    bound, feasible = dual_bound(reduced, np.zeros(8), 0.0)
    assert bound == 0
    assert not feasible.any()


def test_a_programme_over_its_pool_is_no_better():
    """What the last dictionary allows is between the bound and the value."""
    reduced = plane(9)
    pool = Pool(reduced)
    found = generate(reduced, tolerance=1e-7, pool=pool)
    columns = np.concatenate([pool.values, -pool.values, reduced.free, -reduced.free], axis=1)
    cost = np.append(np.ones(2 * pool.size), np.zeros(2 * reduced.free.shape[1]))
    best = linprog(cost, A_eq=columns, b_eq=reduced.values).fun
    assert found.bound * (1 - 1e-7) <= best <= found.value * (1 + 1e-7)


def test_found_says_why_it_ended():
    x = np.random.default_rng(0).normal(size=(12, 2))
    reduced = reduce(Problem(x, np.sin(3 * x[:, 0]), None, 1e-3))
    assert generate(reduced, tolerance=1e-6).ending == "closed"
    assert generate(reduced, tolerance=1e-6, deadline=0.0).ending == "time"


class _AfterRounds:
    """A progress callback during which Ctrl-C is pressed."""

    def __init__(self, rounds):
        self.left = rounds

    def __call__(self, *_numbers):
        self.left -= 1
        if self.left <= 0:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize(("lam", "dim"), [(0.0, 2), (1e-3, 2), (0.0, 5), (1e-3, 5)])
def test_ctrl_c_leaves_the_best_so_far(lam, dim, rounds):
    x = np.random.default_rng(0).normal(size=(15, dim))
    reduced = reduce(Problem(x, np.sin(3 * x[:, 0]), None, lam))
    found = generate(reduced, tolerance=1e-10, progress=_AfterRounds(rounds))
    assert found.ending == "interrupted"
    assert found.rounds == (0 if (lam, dim) == (0.0, 2) else rounds)  # in the plane, steps on the way are none
    best = generate(reduced, tolerance=1e-8)
    assert found.bound <= best.value * (1 + 1e-6)
    assert best.bound * (1 - 1e-6) <= found.value
    missed = reduced.values - reduced.atoms(found.weights, found.biases) @ found.masses
    missed = missed - reduced.free @ found.coefficients
    if lam == 0:
        assert np.max(np.abs(missed)) <= 1e-11 * found.value
    else:
        assert found.value == pytest.approx(np.sum(np.abs(found.masses)) + np.sum(missed**2 / reduced.rho) / 2)


def test_a_second_ctrl_c_is_raised(monkeypatch):
    """While a network is being made of what there is."""
    monkeypatch.setattr("minnorm.solve.support.sparsify", _AfterRounds(1))
    with pytest.raises(KeyboardInterrupt):
        generate(plane(1, lam=1e-3), tolerance=1e-8, progress=_AfterRounds(3))


@pytest.mark.parametrize("lam", [0.0, 1e-3])
def test_whenever_the_time_is_over_there_is_a_network(lam, monkeypatch):
    """The clock is moved on by a second at each look: the time is over anywhere between the first round and the end."""
    reduced = plane(5, 20, lam)
    best = generate(reduced, tolerance=1e-8)
    for limit in (2, 5, 20, 60):
        clock = itertools.count()
        monkeypatch.setattr(time, "monotonic", lambda clock=clock: float(next(clock)))
        found = generate(reduced, tolerance=1e-8, deadline=float(limit))
        assert next(clock) <= limit + 15
        assert found.ending == "time" or found.gap <= 1e-8
        assert best.bound * (1 - 1e-6) <= found.value < np.inf
        assert found.bound <= best.value * (1 + 1e-6)
        check(reduced, found, np.inf)

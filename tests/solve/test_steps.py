"""The steps of a round of column generation, one by one."""

import time

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.found import Found, dual_bound, first_dual
from minnorm.solve.pricing import pricers
from minnorm.solve.pricing.pool import Pool
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate
from minnorm.solve.steps import State


def standing(lam=0.0, *, n=12, tolerance=1e-8, deadline=np.inf, seed=0):
    """The state before the first round, of points in the plane with a free skip term."""
    rng = np.random.default_rng(seed)
    reduced = reduce(Problem(rng.normal(size=(n, 2)), rng.normal(size=n), PathNorm(skip="free"), lam))
    nu = first_dual(reduced)
    pricer = pricers.pricer(reduced.points, "free", 0)
    pool = Pool(reduced)
    if reduced.interpolates:
        pool.span(rng)
    return State(reduced, Found.begun(reduced, nu), pricer, pool, tolerance, deadline, nu)


def solution(state):
    """Of the master problem, which has one."""
    solved = state.solved()
    assert solved is not None
    return solved


def gone_on(state, rounds):
    """After so many rounds, unless it was judged before."""
    assert not state.begun(None, warm=False)
    for _ in range(rounds):
        assert state.entered()
        solved = solution(state)
        state.taken(solved)
        priced = state.priced(solved)
        state.bounded(solved)
        if state.judged(priced):
            break
        state.pruned(solved, priced)
        state.grown(priced)
    return state


def test_it_begins_with_violated_atoms_and_a_dual_vector_that_violates_none():
    state = standing(0.01)
    assert not state.begun(None, warm=False)
    assert state.pool.size > 0
    assert np.max(np.abs(state.nu @ state.pool.values)) <= 1 + 1e-12
    assert 0 < state.best.bound < state.best.value


@pytest.mark.parametrize("lam", [0.0, 0.01])
def test_a_round_solves_the_master_problem_and_lets_in_what_it_violates(lam):
    state = standing(lam)
    state.begun(None, warm=False)
    assert state.entered()
    solved = solution(state)
    before = state.best.bound
    state.taken(solved)
    assert np.max(np.abs(state.reduced.free.T @ state.nu)) <= 1e-9 * np.sum(np.abs(state.nu))
    nu = state.nu
    priced = state.priced(solved)
    assert state.best.bound >= max(before, dual_bound(state.reduced, nu, priced.atoms.largest)[0])
    state.bounded(solved)
    assert not state.judged(priced)
    size = state.pool.size
    state.grown(priced)
    assert state.pool.size > size
    new = state.pool.values[:, size:]
    assert np.max(np.abs(nu @ new)) == pytest.approx(priced.atoms.largest)
    assert np.max(np.abs(state.nu @ state.pool.values)) <= 1 + 1e-9


@pytest.mark.parametrize("loss", ["huber:0.3", "quantile:0.2", "insensitive:0.1", "logistic", "hinge"])
@pytest.mark.parametrize("skip", ["none", "free"])
@pytest.mark.parametrize("seed", range(4))
def test_a_master_problem_that_is_cut_short_leaves_a_dual_vector(loss, skip, seed):
    """Orthogonal to the free terms and in the domain, however few of the points are of one class."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=40) ** 3
    y = np.where(y > 1, 1.0, -1.0) if loss in ("logistic", "hinge") else y
    reduced = reduce(Problem(x, y, PathNorm(skip=skip), 0.01, loss=loss))
    pricer, nu = pricers.pricer(reduced.points, "free", 0), first_dual(reduced)
    state = State(reduced, Found.begun(reduced, nu), pricer, Pool(reduced), 1e-8, np.inf, nu)
    assert not state.begun(None, warm=False)
    state.nu = reduced.loss.slope(20 * rng.normal(size=40) * np.std(y))  # far from orthogonal, at ends of the domain
    state.deadline = -np.inf
    state.taken(solution(state))
    assert np.any(state.nu)
    assert np.all(np.abs(reduced.free.T @ state.nu) <= 1e-10 * (np.abs(reduced.free).T @ np.abs(state.nu)))
    assert reduced.loss.conjugate(state.nu) < np.inf


@pytest.mark.parametrize("lam", [0.0, 0.01])
def test_rounds_by_hand_end_where_generate_does(lam):
    state = gone_on(standing(lam), 100)
    found = generate(state.reduced, tolerance=1e-8)
    assert state.best.ending == "closed"
    assert state.best.value == pytest.approx(found.value, rel=3e-8)
    assert state.best.bound <= found.value * (1 + 1e-9)


def test_what_carries_mass_is_not_pruned():
    state = standing(1e-3)
    state.begun(None, warm=False)
    state.entered()
    solved = solution(state)
    state.taken(solved)
    priced = state.priced(solved)
    state.bounded(solved)
    massive = state.pool.weights[np.abs(solved.masses) > 1e-3]
    state.pruned(solved, priced)
    assert state.pruned_at == state.gap
    kept = {tuple(weight) for weight in state.pool.weights.tolist()}
    assert all(tuple(weight) in kept for weight in massive.tolist())
    size = state.pool.size
    state.pruned(solved, priced)  # the gap is what it was: nothing goes
    assert state.pool.size == size


def test_there_is_no_round_without_time_or_atoms():
    late = standing(deadline=time.monotonic() - 1)
    assert late.pool.size > 0
    for state in (late, standing(0.01)):
        assert not state.entered()
        assert state.best.ending == "time"


def test_a_gap_that_stands_still_ends_it():
    state = standing()
    state.begun(None, warm=False)
    state.entered()
    priced = state.priced(solution(state))
    rounds = [state.idle(priced) for state.rounds in range(1, 43)]
    assert rounds.index(True) == 40
    assert state.best.ending == "stalled"


def above_three_dimensions():
    """A state whose oracle is a search, and its first solution, which is taken."""
    rng = np.random.default_rng(3)
    reduced = reduce(Problem(rng.normal(size=(30, 5)), rng.normal(size=30), PathNorm(), 0.01))
    nu = first_dual(reduced)
    pricer = pricers.pricer(reduced.points, "free", 0)
    state = State(reduced, Found.begun(reduced, nu), pricer, Pool(reduced), 1e-6, np.inf, nu)
    state.begun(None, warm=False)
    assert state.entered()
    solved = solution(state)
    state.taken(solved)
    return state, solved


def searching():
    """The same with a bound that is known."""
    state, solved = above_three_dimensions()
    state.priced(solved)
    assert np.isfinite(state.best.bound)
    return state, solved


def test_a_bound_above_the_value_is_withdrawn():
    """An earlier search has missed atoms if a network attains less than what it claims."""
    state, solved = searching()
    true = state.best.bound
    state.best.take(bound=1.1 * state.best.value)
    state.priced(solved)
    assert 0 < state.best.bound <= state.best.value
    assert state.best.bound == pytest.approx(true, rel=0.5)


def test_a_judge_that_finds_less_than_the_search_before_raises_no_bound(monkeypatch):
    state, solved = searching()
    priced = state.priced(solved)
    bound, few = state.best.bound, state.pricer.price(0.1 * state.best.nu, *(np.zeros((0, 5)), np.zeros(0)))
    assert few.complete
    assert few.largest < 0.5
    monkeypatch.setattr(pricers.Searched, "decide", lambda *_: few)
    state.gap = 0.0
    state.judged(priced)
    assert state.best.bound == pytest.approx(bound, rel=1e-9)
    assert state.gap > 1e-6


def test_a_bound_falls_where_a_later_search_finds_what_an_earlier_one_missed():
    """Above three dimensions; an exact oracle misses nothing."""
    state, solved = above_three_dimensions()
    reduced = state.reduced
    nu = first_dual(reduced)
    largest = state.pricer.decide(nu, *(np.zeros((0, reduced.rank)), np.zeros(0))).largest
    missed = dual_bound(reduced, nu, 0.5 * largest)
    state.best.take(bound=missed[0], nu=missed[1])
    state.nu = nu
    state.priced(solved)
    assert state.best.bound < missed[0]
    assert state.best.bound == pytest.approx(dual_bound(reduced, nu, largest)[0], rel=1e-6)

"""Whatever follows column generation keeps to the time, and loses nothing by it; the clock is moved by the tests."""

import itertools
import time

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve import fit, master, routes
from minnorm.solve import minimise as module
from minnorm.solve.pace import Times, fits, seconds
from minnorm.solve.polish import misfits, restored
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate
from minnorm.solve.settle import settle
from minnorm.solve.tidy import tidied
from minnorm.verification import space

PLANE = PathNorm(skip="free")


def problem(lam, n=15, d=2):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, d))
    return Problem(x, np.sin(2 * x[:, 0]) + 0.3 * rng.normal(size=n), PLANE, lam)


@pytest.fixture
def late_at(monkeypatch):
    """After so many looks at the clock it is late for everything: late_at(looks) -> what counts them."""

    def start(looks):
        count = itertools.count(1)
        monkeypatch.setattr(time, "monotonic", lambda: 0.0 if next(count) <= looks else 1e9)
        return count

    return start


def test_estimates():
    now = time.monotonic()
    assert fits(1e30, Times().polished)
    assert fits(1e6, now + 100)
    assert not fits(1e6, now - 1)
    assert not fits(10**15, now + 1)
    assert seconds(3e9) == 1


@pytest.mark.parametrize("looks", [0, 1, 2, 3, 5])
def test_settled_masses_are_never_worse(looks, late_at):
    rng = np.random.default_rng(0)
    atoms, free, rho = rng.random((10, 14)), np.ones((10, 1)), np.full(10, 0.1)
    values, masses, cost = rng.normal(size=10), rng.normal(size=14), np.ones(14)

    def misfit(a, c):
        return values - atoms @ a - free @ c

    def objective(a, c):
        return cost @ np.abs(a) + np.sum(misfit(a, c) ** 2 / rho) / 2

    best = objective(*settle(atoms, free, rho, cost, masses, np.zeros(1), misfit))
    before = objective(masses, np.zeros(1))
    count = late_at(looks)
    found = settle(atoms, free, rho, cost, masses, np.zeros(1), misfit, 1.0)
    assert next(count) <= looks + 2, "it ends at the first look that says so"
    assert best * (1 - 1e-9) <= objective(*found) <= before * (1 + 1e-12)
    assert looks > 0 or np.array_equal(found[0], masses)


@pytest.mark.parametrize("looks", [0, 2, 4, 8, 16])
def test_tidying_ends_and_costs_nothing(looks, late_at):
    reduced = reduce(problem(1e-2))
    found = generate(reduced, tolerance=1e-4)
    parts = found.weights, found.biases, found.masses, found.coefficients
    count = late_at(looks)
    tidy = tidied(reduced, *parts, 1.0)
    assert next(count) <= looks + 10
    assert tidy.value <= found.value * (1 + 1e-9)


def test_no_step_of_the_master_problem_is_begun_that_would_end_late(monkeypatch):
    rng = np.random.default_rng(0)
    atoms, values = rng.random((10, 30)), rng.normal(size=10)
    now, factor, steps = [0.0], master.Normal.factor, []

    def slow(*arguments):
        now[0] += 5.0
        steps.append(now[0])
        return factor(*arguments)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(master.Normal, "factor", slow)
    master.solve(atoms, np.ones((10, 1)), values, np.full(10, 0.1), tolerance=1e-9, deadline=12.0)
    assert steps == [5.0, 10.0]


@pytest.mark.parametrize("lam", [0.0, 1e-3])
def test_without_time_a_network_stays_as_it_is(lam, monkeypatch):
    asked = problem(lam)
    reduced = reduce(asked)
    found = generate(reduced, tolerance=1e-6)
    network = reduced.network(found.weights, found.biases, found.masses, found.coefficients)
    for name in ("settle", "shift", "misfit"):
        monkeypatch.setattr(f"minnorm.solve.polish._Stored.{name}", lambda *_: pytest.fail("there is no time for it"))
    hurried = restored(asked, network, reduced.part, deadline=time.monotonic() - 1)
    monkeypatch.undo()
    with_time = restored(asked, network, reduced.part)
    np.testing.assert_allclose(misfits(asked, hurried), misfits(asked, with_time), atol=1e-9)


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")
@pytest.mark.parametrize("lam", [0.0, 1e-3])
def test_when_the_solver_has_taken_all_the_time_nothing_long_follows(lam, monkeypatch):
    now, late, whole = time.monotonic, [0.0], generate

    def slow(*arguments, **options):
        found = whole(*arguments, **options)
        late[0] = 1e6
        return found

    monkeypatch.setattr(time, "monotonic", lambda: now() + late[0])
    monkeypatch.setattr(routes, "generate", slow)
    monkeypatch.setattr("minnorm.solve.polish._Stored.settle", lambda *_: pytest.fail("there is no time for it"))
    x, y = problem(lam).points, problem(lam).values
    found = fit(x, y, lam, penalty=PLANE, time_limit=100)
    assert found.lower_bound <= found.value < np.inf


@pytest.mark.parametrize("lam", [0.0, 1e-3])
def test_ctrl_c_while_polishing_keeps_the_network(lam, monkeypatch):
    whole, deadlines = restored, []

    def pressed(*arguments):
        deadlines.append(arguments[3])
        if len(deadlines) == 1:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(routes, "restored", pressed)
    found = module.minimise(problem(lam), on_interrupt="return")
    assert found.ending == "interrupted"
    assert found.certificate.residual <= found.certificate.rounding
    assert deadlines == [np.inf, -np.inf]


def test_after_ctrl_c_polishing_has_a_moment(monkeypatch):
    whole, deadlines = restored, []

    def watched(*arguments):
        deadlines.append(arguments[3])
        return whole(*arguments)

    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(routes, "restored", watched)
    began = time.monotonic()
    found = module.minimise(problem(1e-3), on_interrupt="return", progress=pressed)
    assert found.ending == "interrupted"
    assert deadlines[0] <= time.monotonic() + 10 < np.inf
    assert deadlines[0] > began


PENALISED = [PathNorm("penalised", skip, offset) for skip in ("none", "free") for offset in ("free", "none")]


@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")
@pytest.mark.parametrize("penalty", PENALISED, ids=lambda p: f"{p.skip}-{p.offset}")
@pytest.mark.parametrize("pressed", [False, True])
def test_on_the_line_penalised_biases_start_from_free_ones(penalty, pressed, monkeypatch):
    rng = np.random.default_rng(0)
    asked = Problem(rng.random(30) + 1, rng.normal(size=30), penalty)
    best = module.minimise(asked)

    def solving(*_):
        assert pressed, "there is no time for it"
        raise KeyboardInterrupt

    monkeypatch.setattr(routes, "penalised_line", solving)
    found = module.minimise(asked, on_interrupt="return", time_limit=None if pressed else 0)
    assert found.ending == ("interrupted" if pressed else "time")
    assert 0.5 * best.value < found.lower_bound <= best.value * (1 + 1e-9)
    assert best.lower_bound <= found.value < best.value * 1.01
    if pressed:
        with pytest.raises(KeyboardInterrupt):
            module.minimise(asked)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")
@pytest.mark.parametrize(("bias", "lam"), [("free", 0.0), ("penalised", 1e-2)])
def test_points_keep_their_axes_where_there_is_no_time_for_their_rank(bias, lam, monkeypatch):
    """Four constant or dependent coordinates of seven."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(9, 3)), np.ones((9, 2))])
    x = np.column_stack([x, x[:, 0] + x[:, 1], x[:, 0] - x[:, 1]])
    y, penalty = rng.normal(size=9), PathNorm(bias)
    asked = Problem(x, y, penalty, lam)
    best = module.minimise(asked)
    assert reduce(asked).rank == 3 + (bias == "penalised")
    monkeypatch.setattr("minnorm.solve.reduction._DECOMPOSITION", 1e30)
    monkeypatch.setattr(space, "_DECOMPOSED", 1e30)
    reduced = reduce(asked, deadline=time.monotonic() + 1e6)
    assert reduced.rank == (5 if bias == "free" else 7)
    found = module.minimise(asked, time_limit=20.0)
    assert found.value == pytest.approx(best.value, rel=1e-4)
    assert found.lower_bound <= best.value * (1 + 1e-9)
    np.testing.assert_allclose(found(x), best(x), atol=2e-2)

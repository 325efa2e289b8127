"""The solver as users call it: known optima, conditions of optimality, invariances, and odd input."""

import dataclasses
import itertools
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.made import free_terms, programme, regression
from tests.problems import CLOSED, LARGE, PLANE, PRODUCT, SQUARE, cross, waves

from minnorm import known, verify
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solve import fit, interpolate
from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.oracle import random_starts

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
unchecked = pytest.mark.usefixtures("unchecked")  # type checks at run time would take most of the time
PENALTIES = [PathNorm(*parts) for parts in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))]
two_penalties = pytest.mark.parametrize(
    "penalty",
    [
        PathNorm(),
        PathNorm("penalised", "none", "none"),
        *(pytest.param(p, marks=pytest.mark.slow) for p in PENALTIES[1:7]),
    ],
    ids=lambda p: f"{p.bias}-{p.skip}-{p.offset}",
)
every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: f"{p.bias}-{p.skip}-{p.offset}")
both = pytest.mark.parametrize("lam", [0.0, 5e-3])


def rotation(rng, rows, columns=None):
    return np.linalg.qr(rng.normal(size=(columns or rows, rows)))[0].T


def lam_max(x, y):
    """sup |h| of the centred labels over n, in the plane and in space."""
    dual = (y - y.mean()) / y.size
    return oracle.exact(x - x.mean(axis=0), dual - dual.mean(), "free").largest


def others(x, penalty, seed=0, count=600):
    """Atoms on the data that the solver did not choose, of unit cost."""
    w, b = random_starts(x, count, np.random.default_rng(seed), penalty.bias)
    return np.maximum(x @ w.T + b, 0)


def with_own(x, sol):
    """The network's atoms, of unit cost, on the data."""
    net = sol.network
    cost = sol.penalty.atom_cost(net.inner_weights, net.biases)
    w, b = net.inner_weights[cost > 0], net.biases[cost > 0]
    return np.maximum(x @ w.T + b, 0) / cost[cost > 0]


def check(x, y, sol, tolerance=1e-6, price=1e-8):
    """The certificate's claims, and that the conditions of optimality hold as closely as the gap says.

    For lam > 0, value - bound = |r - n al|^2 / (2n) + sum |a_k| (lam - sign(a_k) h_k), and both are at least 0.
    """
    n, net, penalty = len(y), sol.network, sol.penalty
    assert sol.certified
    assert abs(sol.gap) <= tolerance
    residual, norm = y - sol(x), penalty.value(net)
    evaluated = 1e-13 * np.max(np.abs(y))  # the rounding errors of f; the certificate has none
    assert sol.certificate.residual >= np.max(np.abs(residual)) - evaluated
    dual = sol.dual / sol.certificate.dual_norm if sol.lam == 0 and np.any(sol.dual) else sol.dual  # as it is judged
    h = penalty.correlation(dual, x, net)
    cost = penalty.atom_cost(net.inner_weights, net.biases)
    slack = np.abs(net.outer_weights) * cost * ((sol.lam or 1.0) - np.sign(net.outer_weights) * h) * (cost > 0)
    if sol.lam == 0:
        assert norm <= sol.value * (1 + 1e-12)
        assert sol.value == pytest.approx(norm, rel=price)  # and the price of its residual
        assert np.max(np.abs(residual)) <= 1e-9 * max(1.0, np.max(np.abs(y)), norm)
        bound, misfit = dual @ y, 0.0
    else:
        assert sol.value == pytest.approx(np.mean(residual**2) / 2 + sol.lam * norm, rel=1e-11, abs=1e-300)
        bound = sol.dual @ y - n / 2 * sol.dual @ sol.dual
        misfit = np.sum((residual - n * sol.dual) ** 2) / (2 * n)
    room = 1e-10 * max(sol.value, sol.lam * norm) + 1e-25 + 1e-15 * np.abs(dual) @ np.abs(y)  # bounds are of float sums
    gap = sol.value - bound
    assert sol.lower_bound <= bound + room
    assert -room <= gap <= tolerance * sol.value + room
    assert misfit <= gap + room
    assert np.all(slack >= -1e-8 * (sol.lam or 1.0) * np.maximum(1e-3, np.abs(net.outer_weights) * cost))
    assert slack.sum() == pytest.approx(gap - misfit, abs=price * max(sol.value, sol.lam * norm) + 1e-25)
    assert int(np.count_nonzero(cost)) <= n


# Known optima.


@pytest.mark.slow
@pytest.mark.parametrize("problem", CLOSED, ids=lambda p: p.name)
def test_closed_forms(problem):
    # From dimension 4 on collinear points are moved a little before they are enumerated, and the bound pays for it.
    tolerance = 1e-8 if problem.points.shape[1] < 4 else 1e-5
    sol = fit(problem.points, problem.values, problem.lam, penalty=problem.penalty, tolerance=tolerance)
    check(problem.points, problem.values, sol, tolerance)
    assert sol.value == pytest.approx(problem.optimum, rel=max(problem.error, tolerance))


@pytest.mark.slow
@unchecked
@pytest.mark.parametrize(
    "problem",
    [PLANE[0], PLANE[3], *(pytest.param(p, marks=pytest.mark.slow) for p in PLANE[1:3])],
    ids=lambda p: p.name,
)
def test_a_hundred_points_in_the_plane(problem):
    x, y = problem.points, problem.values
    lam = problem.lam * lam_max(x, y)
    sol = fit(x, y, lam)
    check(x, y, sol)
    assert sol.certificate.scope == "exact"
    assert sol.value == pytest.approx(problem.optimum, rel=problem.error)
    foreign = others(x, sol.penalty, count=1500)
    best = regression(foreign, y, lam) if lam else programme(foreign, np.ones((100, 1)), y)
    assert sol.value * (1 - 1e-6) <= best <= 1.1 * sol.value


@pytest.mark.slow
@pytest.mark.parametrize("problem", LARGE, ids=lambda p: p.name)
def test_large_data(problem):
    x, y = problem.points, problem.values
    sol = fit(x, y, problem.lam * lam_max(x, y))
    check(x, y, sol)
    assert sol.certified  # "bounded" for many points in space
    assert sol.value == pytest.approx(problem.optimum, rel=problem.error)


@every_penalty
@both
def test_every_penalty(penalty, lam):
    """On labels that are mostly affine, so that it matters which terms are free."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(25, 2)) + np.array([2.0, 0.0])
    y = 3 + 2 * x[:, 0] + rng.normal(size=25) / 3
    sol = fit(x, y, lam, penalty=penalty)
    check(x, y, sol)
    assert sol.certificate.scope in ("exact", "bounded")
    foreign, free = others(x, penalty), free_terms(x, penalty)
    if lam == 0:
        assert programme(foreign, free, y) >= sol.lower_bound
        own = np.concatenate([foreign, with_own(x, sol)], axis=1)
        assert programme(own, free, y) == pytest.approx(sol.value, rel=2e-6)


@pytest.mark.slow
@unchecked
def test_penalties_are_ordered():
    """Whatever is free costs nothing; forbidding the offset costs something only where biases cost."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 2)) + np.array([2.0, 0.0])
    y = 3 + 2 * x[:, 0] + rng.normal(size=20) / 10
    value = {p: interpolate(x, y, penalty=p).value for p in PENALTIES}
    for skip, offset in itertools.product(("none", "free"), ("free", "none")):
        assert value[PathNorm("free", skip, offset)] < value[PathNorm("penalised", skip, offset)]
    for bias, offset in itertools.product(("free", "penalised"), ("free", "none")):
        assert value[PathNorm(bias, "free", offset)] <= value[PathNorm(bias, "none", offset)] * (1 + 2e-6)
    for skip in ("none", "free"):
        free, none = (value[PathNorm("free", skip, offset)] for offset in ("free", "none"))
        assert none == pytest.approx(free, rel=2e-6)
        penalised = (value[PathNorm("penalised", skip, offset)] for offset in ("free", "none"))
        assert next(penalised) <= next(penalised) * (1 + 2e-6)


@pytest.mark.slow
@both
def test_no_programme_over_a_dictionary_is_better(lam):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(30, 2)), rng.normal(size=30)
    sol = fit(x, y, lam)
    foreign, own, free = others(x, sol.penalty, count=300), with_own(x, sol), np.ones((30, 1))
    for atoms, upper in ((foreign, np.inf), (np.concatenate([foreign, own], axis=1), sol.value * (1 + 1e-6))):
        best = regression(atoms, y, lam, 200_000) if lam else programme(atoms, free, y)
        assert sol.lower_bound * (1 - 1e-9) <= best <= upper


@pytest.mark.slow
def test_a_tight_tolerance_is_met():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(25, 2)), rng.normal(size=25)
    values = []
    for lam in (0.0, 0.01):
        rough, fine = (fit(x, y, lam, tolerance=t) for t in (1e-3, 1e-9))
        check(x, y, rough, 1e-3)
        check(x, y, fine, 1e-9)
        assert rough.lower_bound <= fine.value * (1 + 1e-9)
        assert fine.lower_bound <= rough.value * (1 + 1e-9)
        values.append(fine.value)


@pytest.mark.slow
@both
def test_space(lam):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    sol = fit(x, y, lam)
    check(x, y, sol)
    assert sol.certificate.scope == "exact"
    foreign = others(x, sol.penalty)
    assert sol.lower_bound <= (regression(foreign, y, lam) if lam else programme(foreign, np.ones((40, 1)), y))


# Laws of the least value.


@pytest.mark.slow
def test_more_data_cost_more():
    x, y = waves(40, 2)
    values = [interpolate(x[:n], y[:n]).value for n in (5, 10, 20, 40)]
    assert all(low < high * (1 + 1e-6) for low, high in itertools.pairwise(values))


@pytest.mark.slow
@unchecked
@given(seed=seeds)
@quick
def test_the_least_norm_is_a_norm(seed):
    rng = np.random.default_rng(seed)
    x, y, z = rng.normal(size=(8, 2)), *rng.normal(size=(2, 8))
    one, other, total = (interpolate(x, values).value for values in (y, z, y + z))
    assert total <= (one + other) * (1 + 1e-6)
    t = rng.uniform()
    assert interpolate(x, t * y + (1 - t) * z).value <= (t * one + (1 - t) * other) * (1 + 1e-6)
    assert interpolate(x, -2 * y + 7).value == pytest.approx(2 * one, rel=2e-6)


@pytest.mark.slow
def test_the_least_objective_is_concave_and_rises_with_lam():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    lams = np.linspace(0.002, 0.05, 5)
    sols = [fit(x, y, lam, tolerance=1e-8) for lam in lams]
    values = np.array([sol.value for sol in sols])
    norms = np.array([sol.penalty.value(sol.network) for sol in sols])
    misfits = np.array([np.mean((y - sol(x)) ** 2) for sol in sols])
    assert np.all(np.diff(values) > 0)
    assert np.all(np.diff(values, 2) < 1e-7)
    assert np.all(np.diff(norms) < 0)
    assert np.all(np.diff(misfits) > 0)
    assert np.all(norms < interpolate(x, y).value)
    # The norm is the derivative of the value.
    assert np.all(np.diff(values) / np.diff(lams) <= norms[:-1] + 1e-4)
    assert np.all(np.diff(values) / np.diff(lams) >= norms[1:] - 1e-4)


@pytest.mark.slow
@unchecked
@given(seed=seeds, s=st.sampled_from([1e-6, 0.3, 50.0, 1e8]), c=st.sampled_from([-1.0, 1e-9, 40.0, 1e7]))
@quick
def test_units(seed, s, c):
    """[f(x / s)] = [f] / s; c y costs |c| times as much, or c^2 if lam grows by |c|."""
    rng = np.random.default_rng(seed)
    x, y, lam = rng.normal(size=(8, 2)), rng.normal(size=8), 0.01
    norm, objective = interpolate(x, y).value, fit(x, y, lam).value
    for sol, value in (
        (interpolate(s * x, y), norm / s),
        (interpolate(x, c * y), abs(c) * norm),
        (fit(s * x, y, s * lam), objective),
        (fit(x, c * y, abs(c) * lam), c**2 * objective),
    ):
        assert sol.certified
        assert sol.value == pytest.approx(value, rel=2e-6)


@pytest.mark.slow
@two_penalties
@both
@given(seed=seeds)
@settings(max_examples=1, deadline=None)
def test_moved_data(penalty, lam, seed):
    """Rotations, permutations, more coordinates; translations if biases are free; equal points count twice."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    value = fit(x, y, lam, penalty=penalty).value
    order = rng.permutation(10)
    variants = [
        (x @ rotation(rng, 2), y),
        (x[order], y[order]),
        (np.column_stack([x, np.zeros(10)])[:, [2, 0, 1]], y),
        (np.repeat(x, 2, axis=0), np.repeat(y, 2)),
    ]
    if lam == 0:
        variants.append((np.concatenate([x, x[:4]]), np.concatenate([y, y[:4]])))
    if penalty.skip == "none":  # with a free skip, rounding errors across the plane are coordinates at no cost
        variants.append((x @ rotation(rng, 2, 6), y))
    if penalty.bias == "free":
        variants.append((x + np.array([7.0, -3.0]), y))
    for points, values in variants:
        sol = fit(points, values, lam, penalty=penalty)
        assert sol.certified
        assert sol.value == pytest.approx(value, rel=2e-6)


def test_equal_points_with_different_labels_are_their_mean():
    """The scatter of their labels is part of the objective that no network changes."""
    rng = np.random.default_rng(5)
    x, y, off = rng.normal(size=(12, 2)), rng.normal(size=12), rng.normal(size=12)
    once, twice = fit(x, y, 0.01), fit(np.tile(x, (2, 1)), np.concatenate([y + off, y - off]), 0.01)
    check(np.tile(x, (2, 1)), np.concatenate([y + off, y - off]), twice)
    assert twice.value == pytest.approx(once.value + np.mean(off**2) / 2, rel=1e-6)


@pytest.mark.parametrize("skip", ["none", "free"])
def test_a_line_in_space(skip):
    rng = np.random.default_rng(6)
    t, y, penalty = rng.normal(size=20), rng.normal(size=20), PathNorm(skip=skip)
    t, axis = np.round(t, 6), np.array([1.0, 2.0, -2.0])
    x = t[:, None] * axis  # exactly on a line, as a free skip needs it
    t = 3 * t
    sol = interpolate(x, y, penalty=penalty)
    assert sol.certified
    assert sol.value == pytest.approx(known.line(t, y, penalty).value, rel=1e-9)
    embedded, flat = fit(x, y, 0.01, penalty=penalty), fit(t, y, 0.01, penalty=penalty)
    assert embedded.certified
    assert embedded.value == pytest.approx(flat.value, rel=2e-6)


# Degenerate data.


def lattice(*sizes):
    return np.array(list(itertools.product(*(np.arange(float(size)) for size in sizes))))


@pytest.mark.slow
@two_penalties
@both
def test_a_lattice(penalty, lam):
    x = lattice(4, 4) - 1.5
    for y in (x[:, 0] * x[:, 1], np.sin(3 * np.arange(16.0)), np.abs(x[:, 0])):
        check(x, y, fit(x, y, lam, penalty=penalty))


@both
def test_a_cube(lam):
    x = lattice(2, 2, 2) * 2 - 1
    for y in (x.prod(axis=1), np.eye(8)[3], x[:, 0] + 2 * x[:, 1] - x[:, 2]):
        check(x, y, fit(x, y, lam))


@pytest.mark.slow
@both
@pytest.mark.parametrize("apart", [1e-2, 1e-4, 1e-6])
def test_points_that_almost_agree(lam, apart):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(10, 2))
    x = np.concatenate([x, x[:5] + apart * rng.normal(size=(5, 2))])
    y = np.sin(x[:, 0]) + x[:, 1]
    check(x, y, fit(x, y, lam), price=max(1e-8, 1e-12 / apart))  # bumps at points that are near cost more


@pytest.mark.slow
@both
@pytest.mark.parametrize("far", [1e3, 1e6])
def test_data_far_from_the_origin(lam, far):
    rng = np.random.default_rng(8)
    x, y = np.round(rng.normal(size=(12, 2)), 3), np.round(rng.normal(size=12), 3)
    near, moved = fit(x, y, lam), fit(x + far, y + far, lam)
    assert moved.certified
    assert moved.value == pytest.approx(near.value, rel=1e-5)


@pytest.mark.slow
def test_affine_labels_cost_their_slope():
    rng = np.random.default_rng(9)
    for x in (lattice(3, 3), lattice(3, 3, 2), rng.normal(size=(20, 2))):
        slope = rng.normal(size=x.shape[1])
        y = x @ slope - 1
        check(x, y, interpolate(x, y))
        assert interpolate(x, y).value <= np.linalg.norm(slope) * (1 + 1e-6)
    # Labels that are affine to the last digit; others leave rounding errors, of which nothing can be certified.
    x, slope = lattice(3, 3), np.array([0.5, -3.0])
    free = interpolate(x, x @ slope - 1, penalty=PathNorm(skip="free"))
    assert free.certified
    assert free.value == 0
    np.testing.assert_allclose(free([[5.0, 5.0]]), [5 * slope.sum() - 1])


# Shells: 1 at the origin, 0 outside the unit ball.


def shell(d, n, seed=0):
    x, y = known.radial_bump(d).sample(seed, n, law="uniform_radius", inner_fraction=1 / n)
    return x, y


@pytest.mark.slow
def test_shells_cost_less_than_the_bump():
    values = []
    for n in (15, 30, 45):
        x, y = shell(3, 60)
        sol = interpolate(x[:n], y[:n])
        check(x[:n], y[:n], sol)
        values.append(sol.value)
    assert values[0] < values[1] < values[2] < known.radial_bump(3).norm == pytest.approx(16.0)


# Odd input.


def test_data_without_an_answer_are_refused():
    x, y = np.random.default_rng(0).normal(size=(2, 5, 2))
    y = y[:, 0]
    for call, message in (
        (lambda: interpolate([[0.0, 1.0], [0.0, 1.0]], [1.0, 2.0]), "equal but their values"),
        (lambda: interpolate(np.zeros((0, 2)), []), "at least one point"),
        (lambda: interpolate(x * np.nan, y), "NaN"),
        (lambda: fit(x, y * np.inf, 0.1), "infinite"),
        (lambda: fit(x, y[:3], 0.1), "must agree"),
        (lambda: fit(x, y, -0.1), "lam is -0.1"),
        (lambda: fit(x, y, 0.1, tolerance=0), "tolerance is 0"),
        (lambda: fit(x, y, 0.1, tolerance=1e-14), "tolerance is 1e-14"),
        (lambda: fit(x, y, 0.1, tolerance=float("nan")), "tolerance is nan"),
        (lambda: fit(x, y, 0.1, time_limit=-1.0), "time_limit is -1"),
        (lambda: fit(x, y, 0.1, seed=-1), "seed is -1"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            call()
        assert "\n" not in str(error.value)


@pytest.mark.slow
@two_penalties
@pytest.mark.parametrize("lam", [0.0, 0.01, 10.0])
def test_small_and_constant_data(penalty, lam):
    rng = np.random.default_rng(0)
    for x, y in (
        (np.array([[1.0, 2.0]]), np.array([3.0])),
        (np.ones((4, 2)), np.full(4, 3.0)),
        (np.zeros((2, 2)), np.ones(2)),
        (lattice(3, 2), np.full(6, -2.0)),
        (lattice(3, 2), np.zeros(6)),
        (np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0.0, 1.0])),
        (rng.normal(size=(4, 9)), rng.normal(size=4)),
    ):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            sol = fit(x, y, lam, penalty=penalty)
        if said:  # where nothing but rounding errors is left of the labels a relative gap says nothing
            assert penalty.skip == "free"
            assert "nothing is left to prove" in str(said[0].message)
            assert sol.value <= 1e-12
        else:
            assert sol.certified
        assert penalty.value(sol.network) <= sol.value / (lam or 1.0) * (1 + 1e-9) + 1e-300
        if lam == 0:
            np.testing.assert_allclose(sol(x), y, atol=1e-10)
        if penalty.bias == "free" and np.ptp(y) == 0:
            assert sol.value <= 1e-25
            np.testing.assert_allclose(sol(x + 100.0), y, rtol=1e-10)


def test_two_points_cost_their_slope():
    sol = interpolate([[0.0, 0.0], [3.0, 4.0]], [0.0, 1.0])
    assert sol.value == pytest.approx(0.2, rel=1e-9)


def test_above_lam_max_there_are_no_neurons():
    x, y = waves(20, 2)
    top = lam_max(x, y)
    for lam in (top * (1 + 1e-9), 10 * top):
        sol = fit(x, y, lam)
        check(x, y, sol)
        assert sol.network.width == 0
        assert sol.value == pytest.approx(np.var(y) / 2, rel=1e-9)
    assert fit(x, y, 0.99 * top).network.width > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # looked at, or not what it is about
@pytest.mark.parametrize("lam", [0.0, 1e-3])
@pytest.mark.parametrize(("n", "d"), [(40, 2), (25, 3), (40, 6)])
def test_no_time_still_gives_an_honest_answer(n, d, lam):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, d)), rng.normal(size=n)
    sol = fit(x, y, lam, time_limit=0)
    assert sol.lower_bound <= sol.value
    assert sol.certified == (sol.certificate.scope != "searched" and abs(sol.gap) <= 1e-6)
    assert not sol.certified
    assert verify(x, y, sol).value == sol.value
    if lam == 0:
        np.testing.assert_allclose(sol(x), y, atol=1e-8)
    if d < 4:
        full = fit(x, y, lam)
        assert sol.lower_bound <= full.value * (1 + 1e-6)
        assert sol.value >= full.lower_bound * (1 - 1e-6)


@pytest.mark.slow
def test_options():
    x, y = waves(15, 2)
    plain = fit(x, y, 0.01, certify=False)
    assert plain.certificate is None
    assert not plain.certified
    told = []
    unproven = fit(x, y, 0.01, certify=False, progress=lambda *numbers: told.append(numbers))
    assert unproven.rounds == len(told) > 0
    assert np.array_equal(plain.dual, unproven.dual)
    solving, told[:] = len(told), []
    assert np.array_equal(plain.dual, fit(x, y, 0.01, progress=lambda *numbers: told.append(numbers)).dual)
    # While it verifies the last value and bound are told again.
    assert len(told) > solving
    assert {numbers[1:] for numbers in told[solving:]} == {told[solving - 1][1:]}
    assert interpolate(x[:, 0], y).value == pytest.approx(interpolate(x[:, :1], y).value)


# A claim is only what the judge says.


@pytest.mark.slow
@both
@given(seed=seeds)
@quick
def test_a_corrupted_solution_is_not_certified(lam, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(15, 2)), rng.normal(size=15)
    sol = fit(x, y, lam)
    assert verify(x, y, sol).certified
    net = sol.network
    top = int(np.argmax(np.abs(net.outer_weights)))
    outer, inner, biases = net.outer_weights.copy(), net.inner_weights.copy(), net.biases.copy()
    outer[top] *= 1.1
    inner[top] = inner[top] @ [[0.6, 0.8], [-0.8, 0.6]]
    biases[top] += 0.3
    for wrong in (
        dataclasses.replace(sol, network=ShallowReLU(net.inner_weights, net.biases, outer, net.offset)),
        dataclasses.replace(sol, network=ShallowReLU(inner, net.biases, net.outer_weights, net.offset)),
        dataclasses.replace(sol, network=ShallowReLU(net.inner_weights, biases, net.outer_weights, net.offset)),
        dataclasses.replace(sol, network=ShallowReLU(*(p[1:] for p in (inner, biases, outer)), net.offset)),
        dataclasses.replace(sol, network=dataclasses.replace(net, offset=np.asarray(net.offset + 0.1))),
        dataclasses.replace(sol, dual=-sol.dual),
        dataclasses.replace(sol, dual=np.roll(sol.dual, 1)),
        dataclasses.replace(sol, dual=np.zeros(15)),
    ):
        assert not verify(x, y, wrong).certified
    # Any positive multiple of a dual vector proves what it does.
    shorter = verify(x, y, dataclasses.replace(sol, dual=0.9 * sol.dual))
    assert shorter.lower_bound == pytest.approx(sol.lower_bound, rel=1e-12)
    assert not verify(x, y + 0.01 * rng.normal(size=15), sol).certified
    # Bounds of another vector are bounds all the same: no perturbation may lift them above the minimum.
    for size in (1e-6, 1e-3, 0.1, 1.0):
        noise = size * np.abs(sol.dual).max() * rng.normal(size=15)
        assert verify(x, y, dataclasses.replace(sol, dual=sol.dual + noise)).lower_bound <= sol.value


def test_an_unverified_solution_proves_itself_to_nobody():
    sol = interpolate(SQUARE, PRODUCT, certify=False)
    assert not sol.certified
    with pytest.raises(Exception, match="verif"):
        _ = sol.value
    assert verify(SQUARE, PRODUCT, sol).certified
    x, y = cross(2)
    with pytest.raises(ValueError, match="dual"):
        verify(x, y, sol)


@pytest.mark.slow
def test_pairs_that_rounding_errors_tell_apart_are_named_in_every_way_of_solving():
    pairs = np.random.default_rng(0).normal(size=(3, 3))
    x = np.concatenate([pairs, np.nextafter(pairs, np.inf)])
    for penalty in (PathNorm(), PathNorm(offset="none"), PathNorm("penalised", "free")):
        with pytest.raises(ValueError, match=r"points \d and \d are .* apart, which is a rounding error"):
            interpolate(x, 1e-12 * np.arange(6.0), penalty=penalty)

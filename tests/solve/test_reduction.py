"""Reduction: the same problem in other coordinates, both ways."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minnorm as mn
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.polish import with_offset
from minnorm.solve.reduction import reduce

seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=8, deadline=None)
PENALTIES = [PathNorm(*parts) for parts in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))]
every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: f"{p.bias}-{p.skip}-{p.offset}")
both = pytest.mark.parametrize("lam", [0.0, 0.05])


def data(seed, n=9, d=4, rank=2, copies=True):
    """Points of a plane in space, some of them twice, equal points with equal labels only if lam = 0 needs it."""
    rng = np.random.default_rng(seed)
    x = 3 * rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d)) + rng.normal(size=d)
    y = 5 * rng.normal(size=n) + 2
    return (np.concatenate([x, x[:3], x[:1]]), np.concatenate([y, y[:3], y[:1]])) if copies else (x, y)


def some_atoms(reduced, rng, count=5):
    """Atoms of unit cost in reduced coordinates."""
    w, b = rng.normal(size=(count, reduced.rank)), rng.normal(size=count)
    cost = reduced.problem.penalty.atom_cost(w, b)
    return w / cost[:, None], b / cost


def objective(problem, net):
    fit = np.sum((net.evaluate(problem.points) - problem.values) ** 2) / (2 * problem.values.size)
    return (fit if problem.lam else 0.0) + (problem.lam or 1.0) * problem.penalty.value(net)


@every_penalty
@both
@given(seed=seeds)
@quick
def test_a_network_has_the_same_objective(penalty, lam, seed):
    rng = np.random.default_rng(seed)
    x, y = data(seed)
    if lam:
        y = y + rng.normal(size=y.size)  # equal points with different labels
    reduced = reduce(Problem(x, y, penalty, lam))
    w, b = some_atoms(reduced, rng)
    masses, coefficients = rng.normal(size=5), rng.normal(size=reduced.free.shape[1])
    masses[2] = 0.0
    net = with_offset(reduced.network(w, b, masses, coefficients), penalty)
    penalty.admit(net)
    fitted = reduced.atoms(w, b) @ masses + reduced.free @ coefficients
    np.testing.assert_allclose(net.evaluate(x), reduced.size * fitted[reduced.group], atol=1e-10 * reduced.size)
    value = np.abs(masses).sum()
    if lam:
        value += np.sum((reduced.values - fitted) ** 2 / reduced.rho) / 2 + reduced.scatter
    less = Problem(x, reduced.labels, penalty, lam)
    assert objective(less, net) == pytest.approx(reduced.unit * value, rel=1e-9)
    live = penalty.atom_cost(net.inner_weights, net.biases) > 0
    np.testing.assert_allclose(penalty.atom_cost(net.inner_weights, net.biases)[live], 1, rtol=1e-12)
    assert int(live.sum()) == 4


@every_penalty
@both
@given(seed=seeds)
@quick
def test_a_dual_vector_has_the_same_bound_and_constraints(penalty, lam, seed):
    rng = np.random.default_rng(seed)
    x, y = data(seed)
    if lam:
        y = y + rng.normal(size=y.size)
    reduced = reduce(Problem(x, y, penalty, lam))
    nu = rng.normal(size=reduced.values.size)
    nu = nu - reduced.free @ np.linalg.lstsq(reduced.free, nu, rcond=None)[0]
    dual = reduced.dual(nu)
    bound = reduced.values @ nu - 0.5 * (reduced.rho * nu) @ nu + reduced.scatter
    quadratic = y.size / 2 * dual @ dual if lam else 0.0
    assert dual @ y - quadratic == pytest.approx(
        reduced.unit * bound, rel=1e-9, abs=1e-9 * reduced.unit * np.abs(nu).sum()
    )
    free = np.column_stack([np.ones(len(x)), x])
    terms = free[:, [penalty.offset == "free" or penalty.bias == "free", *[penalty.skip == "free"] * x.shape[1]]]
    np.testing.assert_allclose(terms.T @ dual, 0, atol=1e-9 * np.abs(dual).sum() * np.abs(x).max())
    w, b = some_atoms(reduced, rng)
    h = nu @ reduced.atoms(w, b)
    net = reduced.network(w, b, np.ones(5), np.zeros(reduced.free.shape[1]))
    np.testing.assert_allclose(
        penalty.correlation(dual, x, net)[:5], (lam or 1.0) * h, atol=1e-9 * np.abs(dual).sum() * np.abs(x).max()
    )


@every_penalty
def test_coordinates_are_an_isometry(penalty):
    x, y = data(0)
    reduced = reduce(Problem(x, y, penalty))
    assert reduced.rank == (2 if penalty.bias == "free" else 3)
    distinct = np.unique(x, axis=0)
    here, there = (np.linalg.norm(p[:, None] - p, axis=2) for p in (distinct, reduced.points))
    np.testing.assert_allclose(here, reduced.radius * there, atol=1e-12 * here.max())
    assert reduced.count.sum() == len(x)
    assert len(reduced.points) == len(distinct)
    if penalty.bias == "free":
        np.testing.assert_allclose(reduced.points.mean(axis=0), 0, atol=1e-14)
        assert np.mean(np.sum(reduced.points**2, axis=1)) == pytest.approx(1.0)
    else:
        assert reduced.radius == 1.0
        np.testing.assert_allclose(np.linalg.norm(reduced.points, axis=1), np.linalg.norm(distinct, axis=1), rtol=1e-12)


def gram(points):
    return points @ points.T


@every_penalty
@both
@given(seed=seeds)
@quick
def test_moved_data_reduce_to_the_same_problem(penalty, lam, seed):
    """Rotations, more coordinates and scales of the labels; for free biases translations and scales of the points."""
    rng = np.random.default_rng(seed)
    x, y = data(seed, copies=False)
    one = reduce(Problem(x, y, penalty, lam), part=False)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    lifted = np.linalg.qr(rng.normal(size=(7, 7)))[0][:4]
    order = rng.permutation(len(x))
    variants = [
        (x @ rotation, y, lam, 1.0),
        (x @ lifted, y, lam, 1.0),
        (x[order], y[order], lam, 1.0),
        (x, 7 * y, 7 * lam, 49.0 if lam else 7.0),
        (x, -y, lam, 1.0),
    ]
    if penalty.bias == "free":
        variants += [(x + 10 * rng.normal(size=4), y, lam, 1.0), (8 * x, y, 8 * lam, 1.0 if lam else 1 / 8)]
    for points, values, weight, unit in variants:
        other = reduce(Problem(points, values, penalty, weight), part=False)
        assert other.rank == one.rank
        assert other.unit == pytest.approx(unit * one.unit, rel=1e-10)
        np.testing.assert_allclose(np.sort(other.rho), np.sort(one.rho), rtol=1e-10)
        # Points are sorted in the coordinates they came in: match them by their rows.
        match = (
            other.group[np.argsort(order)]
            if points.shape == x.shape and np.array_equal(points, x[order])
            else other.group
        )
        back = one.group
        np.testing.assert_allclose(
            gram(other.points[match]), gram(one.points[back]), atol=1e-9 * np.abs(gram(one.points)).max()
        )
        sign = -1 if np.array_equal(values, -y) else 1
        np.testing.assert_allclose(sign * other.values[match], one.values[back], atol=1e-10 * np.abs(one.values).max())


@both
def test_equal_points_are_one_point_of_their_mean_label_and_weight(lam):
    x, y = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 1.0], [3.0, 3.0]]), np.array([1.0, 2.0, 1.0, -1.0])
    reduced = reduce(Problem(x, y, None, lam))
    assert len(reduced.points) == 3
    assert sorted(reduced.count.tolist()) == [1, 1, 2]
    np.testing.assert_array_equal(reduced.group[0], reduced.group[2])
    assert reduced.scatter == 0
    if lam:
        assert reduced.rho[reduced.group[0]] == pytest.approx(reduced.rho[reduced.group[1]] / 2)
        y[2] = 5.0
        spread = reduce(Problem(x, y, None, lam))
        assert spread.scatter * spread.unit == pytest.approx((4 + 4) / (2 * 4))
        assert spread.values[spread.group[0]] * spread.size == pytest.approx(3.0)


def test_the_rank_is_that_of_the_data():
    rng = np.random.default_rng(0)
    for rank in range(4):
        x = rng.normal(size=(8, rank)) @ rng.normal(size=(rank, 5)) + 3.0
        y = rng.normal(size=8) if rank else np.ones(8)
        assert reduce(Problem(x, y)).rank == rank
        # Without centring the data span one dimension more.
        assert reduce(Problem(x, y, PathNorm("penalised"))).rank == rank + 1
    assert reduce(Problem(np.zeros((3, 2)), np.ones(3), PathNorm("penalised"))).rank == 1
    assert reduce(Problem(rng.normal(size=(4, 30)), rng.normal(size=4))).rank == 3
    assert reduce(Problem(1e6 + rng.normal(size=(9, 2)) * [1, 1e-14], rng.normal(size=9))).rank <= 2


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e150])
def test_extreme_units(scale):
    x, y = data(1, copies=False)
    one, points, values = (reduce(Problem(*part)) for part in ((x, y), (scale * x, y), (x, scale * y)))
    assert points.unit * scale == pytest.approx(one.unit, rel=1e-9)
    assert values.unit / scale == pytest.approx(one.unit, rel=1e-9)
    for other in (points, values):
        np.testing.assert_allclose(gram(other.points), gram(one.points), atol=1e-9)


@pytest.mark.parametrize("skip", ["none", "free"])
@pytest.mark.parametrize("d", [1, 3])
def test_a_constant_neuron_stands_for_a_forbidden_offset(skip, d):
    penalty = PathNorm("free", skip, "none")
    net = ShallowReLU(np.ones((1, d)), np.zeros(1), np.array([2.0]), np.array(0.7))
    other = with_offset(net, penalty)
    penalty.admit(other)
    assert other.width == 2
    assert penalty.value(other) == PathNorm("free", skip).value(net)
    x = 1e9 * np.random.default_rng(1).normal(size=(20, d))
    np.testing.assert_allclose(other.evaluate(x), net.evaluate(x), rtol=1e-15, atol=1e-15)
    assert penalty.weight_decay(other) == pytest.approx(PathNorm("free", skip).weight_decay(net), rel=1e-12)
    none = dataclasses.replace(net, offset=np.array(0.0))
    assert with_offset(none, penalty) is none
    assert with_offset(net, PathNorm()) is net


def test_points_near_each_other_keep_their_differences():
    """Less the mean of all, which is rounded as their coordinates are, they would keep three digits."""
    rng = np.random.default_rng(0)
    x = 1.0 + 2.0**-52 * rng.integers(0, 1000, (6, 2))
    found = reduce(Problem(x, rng.normal(size=6), lam=1.0), merge=False)
    exact = (x - x[0]) - (x - x[0]).mean(axis=0)
    order = np.unique(x, axis=0, return_index=True)[1]
    np.testing.assert_allclose(
        found.radius * found.points @ found.basis.T, exact[order], rtol=0, atol=1e-14 * np.ptp(x)
    )


def test_two_points_one_rounding_error_apart_are_fitted():
    x = np.array([[-1.0868936949768133, -1.0475998788034713], [-1.086893694976813, -1.047599878803471]])
    y, lam = np.array([0.0, 1.0]), 1e-19
    solution = mn.fit(x, y, lam)
    steep = 1 / np.linalg.norm(x[1] - x[0])
    assert solution.certified
    # One neuron; the minimum of (1 - s)^2 / 8 + lam s steep over what it fits of the step.
    step = 1 - 4 * lam * steep
    assert solution.value == pytest.approx((1 - step) ** 2 / 8 + lam * step * steep, rel=1e-6)


def test_a_free_linear_term_uses_the_small_extent_of_flat_points():
    """Across the line the points spread by 3e-12: the slope that this allows is worth a fifth of the objective."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=8), 3e-12 * rng.normal(size=8)])
    y, penalty = np.sin(3 * x[:, 0]), PathNorm(skip="free")
    assert reduce(Problem(x, y, penalty, 1e-2)).rank == 2
    assert reduce(Problem(x, y, PathNorm(), 1e-2)).rank == 1
    solution = mn.fit(x, y, 1e-2, penalty=penalty)
    assert solution.certified
    assert solution.value < 0.9 * mn.fit(x[:, 0], y, 1e-2, penalty=penalty).value

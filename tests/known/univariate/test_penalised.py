"""Penalised biases on the line: against the certified solver, a programme over a grid, and the judge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import minnorm as mn
from minnorm.known import line
from minnorm.known.univariate import angles as line_angles
from minnorm.objective.norm import PathNorm

PENALTIES = [PathNorm("penalised", skip, offset) for skip in ("free", "none") for offset in ("free", "none")]
FREE = PENALTIES[0]


@st.composite
def data(draw, least=2, most=8):
    """A few points, near the origin or away from it, narrow or wide, with labels of many kinds."""
    n = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.cumsum(rng.uniform(0.05, 1, n)) * draw(st.sampled_from([0.2, 1.0, 5.0])) + draw(
        st.sampled_from([-3.0, -0.5, 0.0, 4.0])
    )
    y = {
        "rough": rng.normal(size=n),
        "convex": (x - x.mean()) ** 2 + x,
        "concave": -np.exp(x / 5),
        "steps": rng.integers(0, 2, n).astype(float),
        "tilted": 4 * x + rng.normal(size=n) + 2,
    }[draw(st.sampled_from(["rough", "convex", "concave", "steps", "tilted"]))]
    return x, y


@pytest.mark.parametrize(
    ("x", "y", "minimum"),
    [([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], 3.0), ([0.5, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 0.0], 6.4787)],
)
def test_minima_of_a_fine_grid(x, y, minimum):
    solution = line(x, y, PathNorm("penalised", "none", "none"))
    assert solution.certified
    assert solution.value == pytest.approx(minimum, rel=1e-5)
    assert solution.gap <= 1e-12


def test_a_free_affine_term_leaves_the_weighted_turn():
    """One turn by -2 at 0.5, of weight sqrt(1 + 1/4)."""
    solution = line([-0.5, 0.5, 1.5], [0.0, 1.0, 0.0], FREE)
    assert solution.value == pytest.approx(2 * np.hypot(1, 0.5), rel=1e-14)
    np.testing.assert_allclose(solution.network.biases * -solution.network.inner_weights[:, 0], 0.5)


@settings(max_examples=10, deadline=None)
@given(data(least=3), st.sampled_from(PENALTIES))
def test_the_certified_solver_finds_the_same_minimum(points, penalty):
    x, y = points
    solution = line(x, y, penalty)
    assert solution.certified
    assert solution.certificate.scope == "exact"
    assert solution.certificate.residual <= 1e-12 * (1 + np.ptp(y))
    assert abs(solution.gap) <= 2e-10
    other = mn.interpolate(x, y, penalty=penalty, tolerance=1e-7)
    assert other.certified
    assert solution.value == pytest.approx(other.value, rel=2e-7, abs=1e-9)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(data(least=3, most=30))
def test_the_chain_of_angles_is_exact(points):
    x, y = points
    solution = line(x, y, FREE)
    found = solution.certificate
    assert solution.certified
    assert abs(found.gap) <= 1e-11
    assert found.dual_norm <= 1 + 1e-11
    assert found.residual <= 1e-13 * x.size * (1 + np.ptp(y))
    # At most one knot in each open gap, and sparse: no more knots than inner points.
    knots = np.unique(-solution.network.biases * solution.network.inner_weights[:, 0])
    assert knots.size <= x.size - 2
    between = knots[~np.isin(knots, x)]
    assert np.unique(np.searchsorted(x, between)).size == between.size
    assert found.gap >= 0
    # The dual function touches +-1, on the side of the mass's sign, at every knot that matters.
    net = solution.network
    touch = FREE.correlation(solution.dual, x[:, None], net)
    cost = np.abs(net.outer_weights) * FREE.atom_cost(net.inner_weights, net.biases)
    assert float(cost @ np.abs(touch - np.sign(net.outer_weights))) <= 1e-11 * found.value + 1e-13


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(data(least=3))
def test_a_programme_over_a_grid_of_knots_costs_as_much(points):
    x, y = points
    angles = np.union1d(np.linspace(np.arctan(x[0]), np.arctan(x[-1]), 1500), np.arctan(x))
    phi = np.maximum(np.cos(angles) * x[:, None] - np.sin(angles), 0)
    free = np.stack([np.ones(x.size), x], axis=1)
    grid = linprog(
        np.concatenate([np.ones(2 * angles.size), np.zeros(2)]),
        A_eq=np.hstack([phi, -phi, free]),
        b_eq=y,
        bounds=[(0, None)] * (2 * angles.size) + [(None, None)] * 2,
        method="highs",
    )
    value = line(x, y, FREE).value
    assert value <= grid.fun * (1 + 1e-7) + 1e-7
    assert value == pytest.approx(grid.fun, rel=1e-5, abs=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::minnorm.UncertifiedWarning")  # of labels that are affine but for rounding errors
@settings(max_examples=40, deadline=None)
@given(data(least=3), st.sampled_from([-2.0, 0.1]))
def test_reflection_and_scaling_of_labels(points, factor):
    x, y = points
    value = line(x, y, FREE).value
    turned, scaled = line(-x[::-1], y[::-1], FREE), line(x, factor * y + x, FREE)
    assert turned.value == pytest.approx(value, rel=1e-11, abs=1e-12)
    assert scaled.value == pytest.approx(abs(factor) * value, rel=1e-10, abs=1e-11)
    assert all(found.certified or found.value <= 1e-11 for found in (turned, scaled))


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(data(most=6))
def test_forbidding_a_free_term_never_helps(points):
    x, y = points
    value = {(p.skip, p.offset): line(x, y, p).value for p in PENALTIES}
    slack = 1e-9 * (1 + value["none", "none"])
    assert value["free", "free"] <= min(value["none", "free"], value["free", "none"]) + slack
    assert max(value["none", "free"], value["free", "none"]) <= value["none", "none"] + slack


@pytest.mark.parametrize("labels", ["noise", "smooth", "convex"])
@pytest.mark.parametrize("penalty", [FREE, PathNorm("penalised", "free", "none")])
@pytest.mark.parametrize("n", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_many_points(labels, penalty, n):
    rng = np.random.default_rng(7)
    x = np.sort(rng.uniform(-3, 3, n))
    y = {"noise": rng.normal(size=x.size), "smooth": np.sin(3 * x), "convex": np.exp(x)}[labels]
    solution = line(x, y, penalty)
    assert solution.certified
    assert abs(solution.gap) <= 1e-9
    assert solution.network.width < 0.8 * x.size


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("start", [0.0, 1e4, -1e6, 1e8, 1.3e9])
def test_days_in_unix_seconds(penalty, start):
    """Far from the origin all angles agree to within 1e-12: none may be a difference of two that do not."""
    x, y = start + 86400 * np.arange(30.0), np.sin(np.arange(30) / 3)
    found = line(x, y, penalty).certificate
    assert found.lower_bound <= found.value
    assert found.gap <= 1e-9
    assert found.residual <= 1e-12
    assert found.certified


@settings(max_examples=6, deadline=None)
@given(data(least=3), st.sampled_from(PENALTIES), st.sampled_from([1e5, -1e6, 1e7]))
def test_far_from_the_origin_a_programme_over_points_costs_as_much(points, penalty, start):
    """There sqrt(1 + t^2) is as good as affine between points, so knots at points are as good as any."""
    x, y = points
    x = np.round(x + start, 6)  # the distances are those of float64 numbers
    found = line(x, y, penalty)
    assert found.certified
    centred = x - x.mean()
    w = np.concatenate([np.ones(x.size), -np.ones(x.size)])
    knots = np.tile(x, 2)
    cost = np.hypot(1, knots) / abs(start)
    columns = [np.maximum(w * (x[:, None] - knots), 0)]
    # Affine functions: v x + c costs |c|, |v| or next to nothing, of which |v| is worth 1 / start of the rest.
    constant = np.full((x.size, 1), abs(start))
    if penalty.offset == "none":
        columns, cost = [*columns, constant], np.append(cost, 1.0)
    phi = np.hstack(columns)
    free = [centred + (x.mean() if penalty.offset == "none" else 0.0)]
    free = np.stack([*free, np.ones(x.size)] if penalty.offset == "free" else free, axis=1)
    grid = linprog(
        np.concatenate([cost, cost, np.zeros(free.shape[1])]),
        A_eq=np.hstack([phi, -phi, free]),
        b_eq=y,
        bounds=[(0, None)] * (2 * cost.size) + [(None, None)] * free.shape[1],
        method="highs",
    )
    steep = float(np.max(np.abs(np.diff(y) / np.diff(x))))
    assert found.value / abs(start) == pytest.approx(grid.fun, rel=1e-4, abs=1e-4 * steep)


def test_two_points_and_labels_on_a_line():
    for penalty in PENALTIES:
        assert line([0.3, 2.0], [1.0, -1.0], penalty).certified
        assert line([0.3, 2.0], [0.0, 0.0], penalty).value == 0.0
    affine = line(np.arange(6.0), 0.5 * np.arange(6.0) + 0.75, FREE)
    assert affine.value == 0.0
    assert affine.certified


def test_the_angles_are_stationary():
    """Moving any angle that nothing binds does not change the sum; any pair that binds, in opposite directions."""
    rng = np.random.default_rng(3)
    x = np.sort(rng.normal(size=60))
    turns = np.abs(rng.normal(size=60)) * np.hypot(1, x)
    spread = line_angles.spreads(x)
    found = line_angles.solve(turns, spread)
    assert np.all(found.up[:-1] + found.up[1:] >= spread - 1e-15)
    pull = turns * np.sin(found.up)
    force = np.zeros(spread.size + 1)  # of the cell before each point
    for i in range(1, x.size - 1):
        force[i + 1] = pull[i] - force[i] if not found.touching[i] else 0.0
        assert force[i + 1] >= -1e-12
        if found.kinks[i] == 0:
            assert abs(force[i + 1]) <= 1e-12

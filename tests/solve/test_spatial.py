"""Regions of space: known values between both bounds, and errors at points below what is claimed."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.regions.demand import Demand
from minnorm.solve import semiinfinite


def agreed(K: mn.Regions, sol: mn.RegionSolution, count: int = 50_000) -> None:
    """What is claimed of the error holds at points."""
    assert sol.certified
    x, y = K.sample(count, 1)
    f = np.concatenate([sol(part) for part in np.array_split(x, max(1, count * sol.network.width // (1 << 24)))])
    error = np.max(1 - y * f if sol.margins else np.abs(f - y))
    assert error <= sol.error <= (0.0 if sol.margins else max(sol.within, 1e-9 * K.amplitude))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "known"),
    [
        (mn.ball([2.5, 0.3, 0.0], 1.2), 2 / (np.hypot(2.5, 0.3) - 2.2)),
        (mn.box([1.5, -0.5, -0.5], [2.0, 0.5, 0.7]), 4.0),
        (mn.polytope([[1.5, 0.0, 0.0], [2.0, 0.5, 0.7], [2.0, -0.5, 0.3], [2.2, 0.1, -0.9]]), 4.0),
    ],
)
def test_two_bodies_cost_twice_their_slope(other, known):
    K = mn.Regions([(mn.ball([0.0, 0.0, 0.0], 1.0), 0.0), (other, 1.0)])
    sol = mn.interpolate_regions(K, within=0.0, tolerance=1e-6)
    agreed(K, sol)
    assert sol.lower_bound <= known * (1 + 1e-9)
    assert sol.value == pytest.approx(known, rel=1e-6)


def test_segments_points_and_affine_labels():
    parts = [
        (mn.segment([0, 0, 0], [1, 1, 0]), 0.0),
        (mn.points([[2, 0, 1], [0, 2, 1]]), 1.0),
        (mn.ball([0, 0, 2], 0.5), mn.affine([0.0, 0.0, 1.0])),
    ]
    K = mn.Regions(parts)
    agreed(K, mn.interpolate_regions(K, within=0.02, tolerance=0.03))


@pytest.mark.slow
def test_margins_of_two_bodies_are_two_over_their_gap():
    K = mn.Regions([(mn.ball([0, 0, 0], 1), -1), (mn.box([1.5, -0.5, -0.5], [2, 0.5, 0.7]), 1)])
    sol = mn.separate_regions(K, tolerance=0.02)
    agreed(K, sol)
    assert sol.lower_bound <= 4.0 <= sol.value


@pytest.mark.slow
@pytest.mark.parametrize("center", [[0.0, 0.0, 0.0], [3.1, -2.2, 0.7]])
def test_the_origin_in_a_shell_has_the_radial_programme_s_value_between_its_bounds(center):
    K = mn.Regions([(mn.points([center]), 1.0), (mn.shell(center, 1, 2), 0.0)])
    sol = mn.interpolate_regions(K, within=0.1, tolerance=0.1)
    agreed(K, sol, 1_000_000)
    low, high = mn.known.radial_within(3, 0.0, 2.0, 0.1).norm_bounds
    assert sol.lower_bound <= high
    assert low <= sol.value


def test_a_time_limit_leaves_a_bracket_that_holds():
    K = mn.Regions([(mn.ball([0, 0, 0], 0.3), 1.0), (mn.shell([0, 0, 0], 1, 2), 0.0)])
    sol = mn.interpolate_regions(K, within=0.2, time_limit=0.3)
    low, high = mn.known.radial_within(3, 0.3, 2.0, 0.2).norm_bounds
    assert sol.lower_bound <= high
    assert low <= sol.value


@pytest.mark.parametrize(("value", "points"), [(1.03, 4), (1.02, 3), (1.2, 3), (np.inf, 3)])
def test_the_proof_has_the_fewest_points_that_close_the_gap_or_are_nearly_the_best(value, points):
    K = mn.Regions([(mn.ball([0.0, 0.0, 0.0], 0.3), 1.0), (mn.shell([0.0, 0.0, 0.0], 1.0, 2.0), 0.0)])
    engine = semiinfinite.Both(K, Demand(0.1), mn.PathNorm(), 0.05, 0)
    engine.value, engine.bound = value, 1.0
    for bound, count in ((0.981, 3), (0.99, 4), (1.0, 5)):  # a gap of .045 is asked for, so that 1.03 needs .984
        u = np.arange(3.0 * count).reshape(count, 3) / 100
        engine.proofs.append((bound, (u, np.zeros(count), 2.0 ** np.arange(count))))
    assert np.sum(engine.dual[2]) == pytest.approx(2.0**points - 1)

"""Least norms on regions: brackets that hold what is known, and close."""

import numpy as np
import pytest

import minnorm as mn


def test_intervals_are_what_the_line_knows():
    K = mn.Regions([(mn.ball(0.0, 1.0), 0.0), (mn.ball(4.0, 1.0), 1.0), (mn.points([8.0]), 0.0)])
    known = mn.known.line([-1.0, 1.0, 3.0, 5.0, 8.0], [0.0, 0.0, 1.0, 1.0, 0.0])
    sol = mn.interpolate_regions(K, within=0, tolerance=1e-7)
    assert sol.certified
    assert sol.value == pytest.approx(known.value, rel=1e-7)
    assert sol.lower_bound <= known.value * (1 + 1e-12)


def test_more_room_costs_less_and_the_network_keeps_to_it():
    K = mn.Regions([(mn.ball([0, 0], 0.5), 0.0), (mn.ball([2, 0], 0.5), 1.0), (mn.ball([1, 2], 0.5), 2.0)])
    brackets = [mn.interpolate_regions(K, within=within, tolerance=0.02) for within in (0.02, 0.1)]
    assert all(sol.certified for sol in brackets)
    assert brackets[1].value < brackets[0].lower_bound
    x, y = K.sample(100_000, 1)
    for sol in brackets:
        assert np.max(np.abs(sol(x) - y)) <= sol.error <= sol.within
        assert sol.lower_bound <= sol.value


def test_all_free_is_nothing():
    K = mn.Regions([(mn.ball([0, 0], 1), 1.0), (mn.box([3, 0], [4, 1]), 1.0)])
    sol = mn.interpolate_regions(K, within=0.1)
    assert sol.certified
    assert sol.value == 0


def test_a_time_limit_leaves_a_bracket_that_holds():
    K = mn.Regions([(mn.ball([0, 0], 0.3), 1.0), (mn.shell([0, 0], 1, 2), 0.0)])
    sol = mn.interpolate_regions(K, within=0.05, time_limit=0.5)
    assert sol.ending == "time"
    assert sol.lower_bound <= 10.3427
    assert sol.value >= 10.3427


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"within": -1.0}, "within is -1.0"),
        ({"within": 0.1, "tolerance": 2.0}, "tolerance is 2.0"),
        ({"within": 0.1, "penalty": mn.PathNorm(activation="abs")}, "regions are for ReLU"),
        ({"within": 0.1, "time_limit": -1}, "time_limit is -1"),
        ({"within": 0.1, "tolerence": 1.0}, "tolerance"),
    ],
)
def test_wrong_options_are_named(options, said):
    K = mn.Regions([(mn.ball(0.0, 1.0), 0.0)])
    with pytest.raises((ValueError, TypeError), match=said):
        mn.interpolate_regions(K, **options)

"""Points and atoms that come together: known values between both bounds, which close."""

import math

import numpy as np
import pytest

import minnorm as mn

RING = mn.Regions([(mn.ball([0, 0], 0.3), 1.0), (mn.shell([0, 0], 1, 2), 0.0)])
SIDES = mn.Regions([(mn.ball([0, 0], 0.3), 1.0), (mn.shell([0, 0], 1, 2), -1.0)])


def test_a_disc_in_a_ring_has_the_radial_programme_s_value_between_its_bounds():
    sol = mn.interpolate_regions(RING, within=0.05)
    assert sol.certified
    assert sol.lower_bound <= 10.3427 <= sol.value
    x, y = RING.sample(100_000, 1)
    assert np.max(np.abs(sol(x) - y)) <= sol.error <= 0.05


def test_fewer_atoms_do_not_lead_points_astray_that_are_not_tight():
    """Two are tight, and the one knot between them is not enough for the rest of the discs."""
    K = mn.Regions([(mn.ball([0.0, 0.0], 1.0), 0.0), (mn.ball([4.0, 0.0], 1.0), 1.0)])
    line = mn.Regions([(mn.ball([0.0], 1.0), 0.0), (mn.ball([4.0], 1.0), 1.0)])  # what is on their axis costs as much
    for within in (0.1, 0.2):
        sol, along = mn.interpolate_regions(K, within=within), mn.interpolate_regions(line, within=within)
        assert sol.certified
        assert along.certified
        assert max(sol.lower_bound, along.lower_bound) <= min(sol.value, along.value)


@pytest.mark.slow
@pytest.mark.parametrize(("within", "known"), [(0.1, 7.0), (0.02, 9.0)])
def test_a_free_slope_and_a_place_far_away_change_nothing_for_what_is_symmetric(within, known):
    K = mn.Regions([(shape.moved([50.0, -20.0]), label) for shape, label in RING])
    plain = mn.interpolate_regions(RING, within=within, tolerance=0.03)
    moved = mn.interpolate_regions(K, within=within, tolerance=0.03, penalty=mn.PathNorm(skip="free"))
    assert moved.certified
    assert moved.lower_bound <= plain.value
    assert plain.lower_bound <= moved.value
    assert plain.lower_bound > known


def test_no_offset_is_needed():
    sol = mn.interpolate_regions(RING, within=0.1, tolerance=0.05, penalty=mn.PathNorm(offset="none"))
    assert sol.certified
    assert float(sol.network.offset) == 0.0


@pytest.mark.slow
def test_without_symmetry_the_bracket_closes_too():
    square = mn.box([-0.2, -0.25], [0.4, 0.35])
    frame = mn.polygon(
        [[-1.5, -1.5], [1.5, -1.5], [1.5, 1.5], [-1.5, 1.5]], holes=[[[-1, -1], [1, -1], [1, 1], [-1, 1]]]
    )
    K = mn.Regions([(square, 1.0), (frame, 0.0)])
    sol = mn.interpolate_regions(K, within=0.1, tolerance=0.05)
    assert sol.certified
    x, y = K.sample(100_000, 1)
    assert np.max(np.abs(sol(x) - y)) <= sol.error <= 0.1


def test_margins_of_a_disc_in_a_ring_are_those_of_a_cone():
    sol = mn.separate_regions(SIDES, tolerance=2e-3)
    known = 4 / (0.7 * 2 / math.pi)
    assert sol.certified
    assert sol.lower_bound <= known * (1 + 1e-12)
    assert known <= sol.value <= 1.002 * known
    x, y = SIDES.sample(100_000, 1)
    assert np.min(y * sol(x)) >= 1.0
    assert sol.error <= 0.0


@pytest.mark.parametrize("gap", [0.5, 2.0])
def test_margins_of_two_bodies_are_two_over_their_gap(gap):
    K = mn.Regions([(mn.ball([0, 0], 1), -1), (mn.box([1 + gap, -0.5], [3 + gap, 1]), 1)])
    sol = mn.separate_regions(K, tolerance=1e-4)
    assert sol.certified
    assert sol.lower_bound <= 2 / gap * (1 + 1e-12)
    assert sol.value == pytest.approx(2 / gap, rel=1e-4)


def test_margins_on_the_line_and_with_penalised_biases():
    line = mn.separate_regions(mn.Regions([(mn.ball(0.0, 1.0), -1), (mn.ball(4.0, 1.0), 1)]), tolerance=1e-6)
    assert line.certified
    assert line.value == pytest.approx(1.0, rel=1e-6)
    K = mn.Regions([(mn.ball([0, 0], 1), -1), (mn.ball([3, 0], 1), 1)])
    costly = mn.separate_regions(K, penalty=mn.PathNorm(bias="penalised"))
    assert costly.certified
    assert costly.value >= 2.0


@pytest.mark.parametrize(
    ("parts", "options", "said"),
    [
        ([(mn.ball([0, 0], 1), 0.0), (mn.ball([3, 0], 1), 1.0)], {}, "label 0 on part 0"),
        ([(mn.ball([0, 0], 1), 1.0)], {}, "one label alone"),
        ([(mn.ball(0.0, 1), -1), (mn.ball(3.0, 1), 1)], {"penalty": mn.PathNorm(skip="free")}, 'skip="none"'),
    ],
)
def test_what_has_no_sides_has_no_margins(parts, options, said):
    with pytest.raises(ValueError, match=said):
        mn.separate_regions(mn.Regions(parts), **options)

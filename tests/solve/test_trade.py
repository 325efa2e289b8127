"""N(delta): brackets, chords above, dual lines below."""

import numpy as np
import pytest

import minnorm as mn

DISCS = mn.Regions([(mn.ball([0, 0], 1), 0.0), (mn.ball([3, 0], 1), 1.0), (mn.ball([1, 3], 0.5), 1.5)])


@pytest.fixture(scope="module")
def found() -> mn.RegionPath:
    return mn.region_path(DISCS, [0.05, 0.2, 0.1], tolerance=0.03)


def test_bounds_hold_in_between_and_beyond(found):
    assert found.certified
    np.testing.assert_array_equal(found.withins, [0.2, 0.1, 0.05])
    rooms = np.linspace(0, 0.3, 31)
    low, high = found.lower(rooms), found.upper(rooms)
    assert np.all(low <= high)
    assert np.all(np.diff(low) <= 0)
    assert np.all(np.isinf(high[rooms < 0.05]))
    alone = mn.interpolate_regions(DISCS, within=0.07, tolerance=0.03)
    assert found.lower(0.07) <= alone.value
    assert alone.lower_bound <= found.upper(0.07)
    close = mn.interpolate_regions(DISCS, within=0.01, tolerance=0.03)
    assert found.lower(0.01) <= close.value
    assert found.lower(0.0) >= found.lower_bounds[-1]


def test_what_is_found_for_several_is_what_is_found_for_one(found):
    alone = mn.interpolate_regions(DISCS, within=0.05, tolerance=0.03)
    assert found.lower_bounds[-1] <= alone.value
    assert alone.lower_bound <= found.values[-1]


def test_it_is_drawn(found):
    ax = mn.plot_region_path(found)
    assert ax.get_ylim()[0] == 0.0
    assert len(ax.lines) == 2


@pytest.mark.parametrize("withins", [[], [0.1, 0.1], [-1.0], [np.nan]])
def test_wrong_rooms_are_named(withins):
    with pytest.raises(ValueError, match="within"):
        mn.region_path(DISCS, withins)

"""Solutions for regions as files: what is read is what was written."""

import numpy as np
import pytest
import xarray as xr

import minnorm as mn

PARTS = [
    (mn.ball([0, 0], 0.5), 0.0),
    (
        mn.polygon([[0, 3], [2, 3], [2, 4], [0, 4]], holes=[[[0.2, 3.2], [0.4, 3.2], [0.4, 3.4]]]),
        mn.affine([0.1, 0], 1),
    ),
    (mn.points([[5, 5], [6, 6]]), [0.0, 1.0]),
    (mn.segment([-2, -2], [-1, -2]), 0.3),
]


def test_what_is_read_is_what_was_written(tmp_path):
    sol = mn.interpolate_regions(mn.Regions(PARTS), within=0.1, tolerance=0.1)
    sol.save(tmp_path / "regions.nc")
    read = mn.RegionSolution.load(tmp_path / "regions.nc")
    assert repr(read) == repr(sol)
    assert repr(read.regions) == repr(sol.regions)
    np.testing.assert_array_equal(read.dual, sol.dual)
    assert read.certified
    again = mn.verify_regions(read.regions, read, tolerance=0.1)
    assert (again.value, again.lower_bound, again.slope) == (sol.value, sol.lower_bound, sol.proof.slope)


def test_without_a_bracket_and_with_margins(tmp_path):
    K = mn.Regions([(mn.ball(0.0, 1.0), -1), (mn.ball(4.0, 1.0), 1)])
    sol = mn.separate_regions(K, certify=False)
    sol.save(tmp_path / "sides.nc")
    read = mn.RegionSolution.load(tmp_path / "sides.nc")
    assert read.margins
    assert read.bracket is None


def test_less_room_is_bounded_by_the_same_dual_vector():
    K = mn.Regions([*PARTS[:1], (mn.ball([2, 0], 0.5), 1.0)])
    sol = mn.interpolate_regions(K, within=0.1)
    for room in (0.0, 0.05):
        finite = mn.Solution(sol.network, sol.dual, sol.penalty, 0.0, loss=mn.losses.Tolerance(room))
        proved = mn.verify(sol.points, sol.labels, finite).lower_bound
        claimed = sol.lower_bound + (sol.within - room) * sol.proof.slope
        assert claimed == pytest.approx(proved, rel=1e-9)
        assert claimed <= proved


def test_another_dataset_is_refused():
    with pytest.raises(ValueError, match="no solution for regions"):
        mn.RegionSolution.from_dataset(xr.Dataset(attrs={"kind": "minnorm solution"}))

"""Regions of the plane, and a network between them."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.plot.regions import outline

K = mn.Regions([(mn.ball([0, 0], 1), 0.0), (mn.box([3, 0], [4, 1]), 1.0), (mn.points([[2.0, 3.0]]), 1.0)])


def test_outlines_reach_as_far_as_their_shapes():
    for shape in K.shapes[:2]:
        corners = outline(shape).vertices
        np.testing.assert_allclose([np.min(corners, axis=0), np.max(corners, axis=0)], shape.box, atol=1e-12)


def test_dual_points_are_filled_where_they_are_positive():
    sol = mn.interpolate_regions(K, within=0.05)
    ax = mn.plot_regions(sol)
    offsets = [np.asarray(part.get_offsets()) for part in ax.collections if hasattr(part, "get_offsets")]
    drawn = [x for x in offsets if len(x) > 1 or (len(x) and np.any(x))]
    found = np.concatenate(drawn)
    live = np.abs(sol.dual) > 1e-3 * np.max(np.abs(sol.dual))
    assert len(found) >= np.sum(live)
    assert "least norm between" in ax.get_title()


def test_other_dimensions_are_refused():
    line = mn.interpolate_regions(mn.Regions([(mn.ball(0.0, 1.0), 0.0)]), within=0)
    with pytest.raises(ValueError, match="solution has dimension 1"):
        mn.plot_regions(line)

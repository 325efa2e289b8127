"""Symmetries of regions: how many there are, and that points and labels stay."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.regions.symmetry import symmetries

SQUARE = mn.polygon([[1, 1], [3, 1], [3, 3], [1, 3]])
FRAME = mn.polygon([[-1, -1], [5, -1], [5, 5], [-1, 5]], holes=[[[0, 0], [4, 0], [4, 4], [0, 4]]])


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ([(mn.ball([1, 2], 0.3), 1.0), (mn.shell([1, 2], 1, 2), 0.0)], 32),
        ([(SQUARE, 1.0), (FRAME, 0.0)], 8),
        ([(SQUARE.rotated(0.3), 1.0), (FRAME.rotated(0.3), 0.0)], 8),
        ([(SQUARE, 1.0), (FRAME, mn.affine([1.0, 0.0]))], 2),
        ([(mn.ball([0, 0], 1), 0.0), (mn.ball([3, 0], 1), 1.0)], 2),
        ([(mn.ball([0, 0], 1), 0.0), (mn.ball([3, 0], 1), 0.0)], 4),
        ([(mn.ball([0, 0], 1), 0.0), (mn.box([3, 0.1], [4, 1]), 1.0)], 1),
        ([(mn.points([[1, 0], [-0.5, 3**0.5 / 2], [-0.5, -(3**0.5) / 2]]), 1.0), (mn.ball([0, 0], 0.1), 0.0)], 6),
        ([(mn.ball(0.0, 1.0), 0.0), (mn.ball(3.0, 1.0), 0.0)], 1),
        ([(mn.ball([1, 2, 3], 0.3), 1.0), (mn.shell([1, 2, 3], 1, 2), 0.0)], 48),
        ([(mn.ball([0, 0, 0], 0.3), 1.0), (mn.shell([0, 0, 0], 1, 2), mn.affine([0.0, 0.0, 1.0]))], 8),
        ([(mn.box([-1, -1, -2], [1, 1, 2]), 1.0)], 16),
        ([(mn.box([-1, -1, -1], [1, 1, 1]), 1.0), (mn.ball([4, 0, 0.1], 1), 1.0)], 2),
    ],
)
def test_all_are_found_and_leave_points_and_labels(parts, count):
    K = mn.Regions(parts)
    centre, maps = symmetries(K)
    assert len(maps) == count
    np.testing.assert_array_equal(maps[0], np.eye(K.dim))
    x, y = K.sample(300, 0)
    for turn in maps:
        there = centre + (x - centre) @ turn.T
        for shape, label in K:
            inside = shape.contains(there, 1e-9)
            np.testing.assert_allclose(label(there[inside]), y[inside], atol=1e-9)
        assert np.all(np.any([shape.contains(there, 1e-9) for shape in K.shapes], axis=0))

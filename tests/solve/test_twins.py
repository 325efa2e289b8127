"""Points that rounding errors alone tell apart are found, whether or not one direction shows that there are none."""

import numpy as np
import pytest

from minnorm.solve import twins


@pytest.mark.parametrize("d", [2, 5, 40])
def test_one_direction_tells_points_apart_and_never_hides_twins(d, monkeypatch):
    points, group = np.random.default_rng(d).normal(size=(50, d)), np.arange(50)
    assert twins._apart(points, 1e-13)
    with monkeypatch.context() as here:
        here.setattr(twins, "KDTree", lambda *_: pytest.fail("it is not needed"))
        assert twins.without_twins(points, group)[0] is points
    points[7] = np.nextafter(points[3], np.inf)
    assert not twins._apart(points, 1e-13)
    merged, where = twins.without_twins(points, group)
    assert len(merged) == 49
    assert where[7] == where[3]


def test_points_of_one_projection_are_left_to_the_tree(monkeypatch):
    """A grid, far away, along a diagonal of which points meet."""
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2) + 1e9
    monkeypatch.setattr(np.random, "default_rng", lambda _: type("One", (), {"normal": lambda *_, **__: np.ones(2)})())
    assert not twins._apart(grid, 1e-13)
    assert twins.without_twins(grid, np.arange(25))[0] is grid

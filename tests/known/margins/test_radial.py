"""The cone that separates a ball from what is outside of a larger one."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import polygon, radial_margin


def test_in_one_dimension_it_is_the_one_gap_on_both_sides():
    assert radial_margin(1, 0.25).norm == pytest.approx(4 / 0.75, rel=1e-14)


def test_in_the_plane_it_is_twice_the_limit_of_polygons():
    assert radial_margin(2).norm == pytest.approx(2 * polygon(1000).value, rel=1e-5)
    assert radial_margin(2).norm == pytest.approx(2 * np.pi, rel=1e-14)


def test_the_cone_costs_the_mean_of_its_neurons():
    """f = c - s mean |w . x|, over directions that are drawn, with s such that the cone falls by 2."""
    cone, rng = radial_margin(4, 0.3), np.random.default_rng(0)
    w = rng.normal(size=(200_000, 4))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    slope = 2 / (1 - cone.plateau)
    assert 2 * slope / np.mean(np.abs(w[:, 0])) == pytest.approx(cone.norm, rel=5e-3)
    assert cone.margin == 1 / cone.norm
    x = rng.normal(size=(5, 4))
    np.testing.assert_allclose(cone(x), cone.profile(np.linalg.norm(x, axis=1)))
    np.testing.assert_allclose(cone.profile([0.3, 1.0]), [1, -1], atol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: radial_margin(0), "dim is 0"),
        (lambda: radial_margin(2, 1.0), "plateau is 1.0; give a number from 0"),
        (lambda: radial_margin(2)([[0.0]]), r"points has shape \(1, 1\); this function takes \(n, 2\)"),
        (lambda: mn.known.radial_margin(True), "dim is True"),
    ],
)
def test_what_is_no_ball(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Functions of two variables, ridges and denoisers."""

import numpy as np
import pytest
from matplotlib.colors import BoundaryNorm

import minnorm as mn
from minnorm.known import acute_denoiser, denoiser, ridge, ridge_sum
from minnorm.network import ShallowReLU
from minnorm.plot import denoiser_figure, ridge_figure
from minnorm.plot.shades import SHADES, Shades, shades

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])
NET = ShallowReLU(
    np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0], [1.0, 0.0]]),
    np.array([-0.5, 0.2, -1.0, 50.0]),
    np.array([1.0, -1.0, 3.0, 1.0]),
    np.array(0.0),
)


def test_knot_lines_are_where_neurons_turn_and_as_thick_as_their_share():
    ax = mn.plot_plane(X, Y, NET)
    up, down = (part for part in ax.collections if str(part.get_label()).startswith("bends"))
    (second,) = down.get_segments()
    np.testing.assert_allclose(second[:, 1], -0.1)
    np.testing.assert_allclose(np.ptp(second[:, 0]), 1.3)  # all the way across, margins included
    assert [str(part.get_label()) for part in (up, down)] == ["bends upwards", "bends downwards"]
    for ends in up.get_segments():  # the fourth is out of sight
        w = next(w for w in NET.inner_weights[[0, 2]] if abs(np.ptp(ends @ w)) < 1e-12)
        assert ends[0] @ w == pytest.approx(0.5 if w[1] == 0 else 1.0)
    assert len(up.get_segments()) == 2
    assert up.get_linewidths()[1] > up.get_linewidths()[0]


def test_data_have_the_colours_of_the_levels():
    ax = mn.plot_plane(X, Y, mn.interpolate(X, Y))
    dots = next(part for part in ax.collections if len(part.get_offsets()) == 4)
    np.testing.assert_array_equal(dots.get_array(), Y)
    shades = next(part for part in ax.collections if part is not dots and part.get_array() is not None)
    assert dots.get_clim() == shades.get_clim()
    assert "relative gap" in ax.get_title()
    assert len(ax.figure.axes) == 2
    assert (shades.norm.boundaries + shades.norm.boundaries[::-1]).tolist() == [0.0] * 13
    assert len(mn.plot_plane(X, Y, NET, colorbar=False).figure.axes) == 1


def test_values_beyond_the_labels_are_marked_at_the_ends_of_the_bar():
    labels = np.array([-1.0, 1.0, 1.0, -1.0])
    for slope, ends in ((0.5, "neither"), (-3.0, "both")):
        ax = mn.plot_plane(X, labels, lambda x, slope=slope: slope * (x[:, 0] + x[:, 1] - 1))
        shades = next(part for part in ax.collections if isinstance(part.norm, BoundaryNorm))
        assert shades.extend == ends
    one_sided = mn.plot_plane(X, labels, lambda x: 3 * x[:, 0])
    assert next(part for part in one_sided.collections if isinstance(part.norm, BoundaryNorm)).extend == "max"


@pytest.mark.parametrize("labels", [[-1.0, 1.0], [0.0, 1.0], [3.0, 3.0], [0.0, 0.0], [-2e-9, 7e8], [100.0, 102.0]])
def test_levels_hold_all_labels_and_are_as_many_on_both_sides(labels):
    scale = Shades.of(np.array(labels))
    assert scale.beyond(np.array(labels)) == "neither"
    np.testing.assert_allclose(scale.edges + scale.edges[::-1], 2 * scale.centre, atol=1e-12 * scale.edges[-1])
    assert len(shades(("#000000", "#888888", "#ffffff"))) == SHADES + 2


def test_constants_and_plain_functions_can_be_drawn():
    assert not any(str(c.get_label()).startswith("bends") for c in mn.plot_plane(X, Y, lambda x: x[:, 0]).collections)
    mn.plot_plane(X, np.ones(4), lambda x: np.ones(len(x)))
    mn.plot_plane(X[:1], Y[:1], lambda x: x[:, 0])


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="X has 3 columns; plot_plane draws functions of two variables"):
        mn.plot_plane(np.ones((2, 3)), [0.0, 0.0], lambda x: x[:, 0])


def test_a_ridge_touches_its_bound_in_its_own_direction():
    x = np.array([[u, v] for u in (-1.0, 0.0, 1.0) for v in (-0.5, 0.5)])
    y = np.abs(x[:, 0])
    solution = ridge(x, y, direction=[1.0, 0.0])
    top, middle, bottom = mn.plot_ridge(x, y, solution, [[2.0, 0.0]])
    t, f = top.get_lines()[0].get_data()
    np.testing.assert_allclose(f, np.abs(t), atol=1e-12)
    marks = np.concatenate([line.get_xydata() for line in middle.get_lines() if line.get_marker() in "os"])
    np.testing.assert_allclose(np.abs(marks[:, 1]), 1, atol=1e-9)
    angle, height = bottom.get_lines()[0].get_data()
    assert np.max(height) <= 1 + 1e-9
    assert height[np.argmin(np.abs(angle))] == pytest.approx(1)


def test_panels_of_a_ridge_depend_on_the_points():
    x, y = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), np.array([0.0, 1.0, 0.0])
    assert len(ridge_figure(x, y, ridge(x, y), [[1.0, 1.0]]).axes) == 2
    cross = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    values = np.array([1.0, 0.0, 1.0, 0.5, 2.0])
    with pytest.warns(mn.UncertifiedWarning, match="relative gap"):  # |x| and the turn of y share a neuron for less
        apart = ridge_sum(cross, values)
    assert len(ridge_figure(cross, values, apart, np.eye(2), [0.0, 0.0]).axes) == 3
    with pytest.raises(ValueError, match="directions has shape"):
        mn.plot_ridge(x, y, ridge(x, y), [[1.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match="directions has shape"):
        mn.plot_ridge(x, y, ridge(x, y), [[0.0, 0.0]])


def test_a_denoiser_shows_steps_and_certificate():
    found = denoiser([[0.0, 0.0], [1.0, 0.0], [-1.0, 2.0]], 0.1)
    top, bottom = mn.plot_denoiser(found)
    t, phi = top.get_lines()[0].get_data()
    np.testing.assert_allclose(phi, found.profile(0, t))
    marks = np.concatenate([line.get_xydata() for line in bottom.get_lines() if line.get_marker() in "os"])
    np.testing.assert_allclose(np.abs(marks[:, 1]), 1)
    assert np.sort(marks[:, 0]) == pytest.approx(np.sort(np.concatenate([found.knots(0), found.knots(1)])))
    assert len(denoiser_figure(found).axes) == 4  # the scale of colours is one
    assert len(denoiser_figure(denoiser([0.0, 1.0], 0.1)).axes) == 2
    with pytest.raises(ValueError, match="found is of points in dimension 1"):
        mn.plot_denoiser_plane(denoiser([0.0, 1.0], 0.1))


def test_the_denoiser_of_an_acute_triangle_shows_its_rays_and_balls():
    found = acute_denoiser([[0.0, 1.0], [-0.8, -0.5], [0.8, -0.5]], 0.2)
    (ax,) = (axes for axes in denoiser_figure(found).axes if axes.get_title())
    ends = [line.get_xydata() for line in ax.get_lines()[:3]]
    np.testing.assert_allclose([end[0] for end in ends], np.tile(found.middle, (3, 1)))
    np.testing.assert_allclose([end[1] for end in ends], found.clean)
    assert len(ax.patches) == 3


def test_a_legend_can_be_added_where_no_neuron_bends_downwards():
    ax = mn.plot_plane(X, Y, ShallowReLU(np.eye(2), np.zeros(2), np.ones(2), np.array(0.0)))
    assert [text.get_text() for text in ax.legend().get_texts()] == ["bends upwards"]

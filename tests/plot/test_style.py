"""Colours that are told apart, and axes that keep their own look."""

from itertools import combinations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import minnorm as mn
from minnorm.plot import line_figure, new_figure, palette, save
from minnorm.plot.style import drawings

# Machado, Oliveira & Fernandes (2009): linear RGB as it is seen without one kind of cone.
SIGHT = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour):
    c = np.array(mpl.colors.to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """As WCAG 2 defines it."""
    dark, bright = sorted(float(linear(c) @ (0.2126, 0.7152, 0.0722)) for c in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def lab(rgb):
    """CIE L*a*b* of linear RGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(rgb, 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.fixture(params=["light", "dark"])
def colours(request):
    with mn.plot_style(request.param):
        yield palette(plt.figure().subplots())


def test_colours_stand_out_from_their_background(colours):
    assert contrast(colours.ink, colours.ground) >= 7
    assert all(contrast(colour, colours.ground) >= 3 for colour in (*colours.series, colours.faint))
    assert all(contrast(colours.ink, shade) >= 4.5 for shade in (*colours.surface, colours.region))
    assert all(contrast(colour, colours.region) >= 2.6 for colour in colours.series)


@pytest.mark.parametrize("sight", SIGHT.values(), ids=SIGHT)
def test_colours_are_told_apart_with_any_colour_vision(colours, sight):
    seen = [lab(sight @ linear(colour)) for colour in (*colours.series, colours.ink)]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 10  # 2.3 is just noticeable


def test_curves_beyond_the_colours_have_other_dashes(colours):
    looks = [colours.line(k) for k in range(24)]
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == 24


def test_the_style_ends_with_its_context():
    with mn.plot_style("dark"):
        with mn.plot_style("light"):
            assert mpl.rcParams["figure.facecolor"] == "#FFFFFF"
        assert mpl.rcParams["figure.facecolor"] == "#14181D"
        with mn.plot_style():
            dark = new_figure(1.0, 1.0)
    light = new_figure(1.0, 1.0)
    assert dark.get_facecolor()[:3] != light.get_facecolor()[:3]
    assert light.get_facecolor() == (1, 1, 1, 1)


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="style is 'grey'; choose one of light, dark"), mn.plot_style("grey"):
        pass


def test_curves_suit_the_background_of_the_axes_they_are_given():
    figure = Figure(facecolor="#000000")
    axes = figure.subplots(1, 2)
    axes[0].set_facecolor("none")
    axes[1].set_facecolor("white")
    for ax, ground in zip(axes, ("#14181D", "#FFFFFF"), strict=True):
        assert mn.plot_line([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], ax=ax) is ax
        assert palette(ax).ground == ground
        assert ax.get_lines()[0].get_color() == palette(ax).series[0]
    assert mpl.colors.to_rgba(axes[1].get_facecolor()) == (1, 1, 1, 1)


def test_new_axes_belong_to_pyplot_so_that_show_finds_them():
    ax = mn.plot_line([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    assert ax.figure.number in plt.get_fignums()
    before = plt.get_fignums()
    mn.plot_line([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], ax=Figure().subplots())
    assert plt.get_fignums() == before


@pytest.mark.parametrize("axes", [[], [None, None], "ab", [Figure().subplots()]])
def test_other_axes_than_are_needed_are_refused(axes):
    with pytest.raises(ValueError, match="give 2 matplotlib axes"), drawings(axes, 2, (1.0, 1.0)):
        pass


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_the_same_figure_is_the_same_file(tmp_path, kind):
    for name in ("a", "b"):
        figure = new_figure(3.0, 2.0)
        mn.plot_line([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], ax=figure.subplots())
        save(figure, tmp_path / f"{name}.{kind}")
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    with pytest.raises(ValueError, match=r"c\.jpg ends in 'jpg'; give a name that ends in \.svg, \.pdf or \.png"):
        save(figure, tmp_path / "c.jpg")


def test_figures_of_several_axes_are_in_the_style(tmp_path):
    x, y = [0.0, 1.0, 2.0], [0.0, 1.0, 0.0]
    for ax in line_figure(x, y, mn.known.line(x, y)).axes:
        assert not ax.spines["top"].get_visible()
        assert ax.get_legend() is None or ax.get_legend().get_texts()[0].get_fontsize() == 7.5


def test_a_figure_for_a_file_needs_no_display(tmp_path, monkeypatch):
    """Nothing asks pyplot, which fails on a machine without a display where MPLBACKEND names a window system."""
    for name in ("figure", "subplots", "switch_backend"):
        monkeypatch.setattr(plt, name, lambda *_, **__: pytest.fail("pyplot was asked for a window"))
    x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    save(line_figure(np.array(x)[:, None], np.array(y), mn.known.line(x, y)), tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")

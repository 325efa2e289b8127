"""A denoiser: the steps along its rays, the certificate that touches +-1 at the knots, and arrows in the plane."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from minnorm.checks import instance
from minnorm.known import AcuteDenoiser, Denoiser
from minnorm.plot.line import bounds
from minnorm.plot.style import drawing, drawings, new_figure, plot_style

_STILL = 1e-9  # of the picture's size: points that go less far have no direction
_ARROW = 0.62  # of the grid's step: the arrows' length


def plot_denoiser(found: Denoiser, *, axes: Any = None) -> np.ndarray:
    r"""phi_j along each ray of a denoiser with the balls shaded, and the dual certificate z_j below.

        z_j(t) = +1 where a step begins, -1 where it ends,      |z_j| <= 1

    Arguments: `found`, made by `known.denoiser`; `axes`, the two to draw in, by default new ones. Returns the axes.

    >>> import minnorm as mn
    >>> [ax.get_ylabel() for ax in mn.plot_denoiser(mn.known.denoiser([0.0, 1.0], 0.1))]
    ['phi(t)', 'dual certificate']

    Source: the page *Ridges and denoisers*.
    """
    instance("found", found, Denoiser, "what known.denoiser returned")
    r, end = found.radius, max(float(at[-1]) for at in found.places) + 2 * found.radius
    start = -2 * r
    with drawings(axes, 2, (5.6, 4.6), (3, 2), share=True) as ((top, bottom), colours):
        for j, at in enumerate(found.places):
            look = colours.line(j)
            knots = found.knots(j)
            grid = np.unique(np.concatenate([[start, 0.0, at[-1] + r, end], knots]))
            top.plot(grid, found.profile(j, grid), label=f"ray {j + 1}", **look)
            top.plot(at, at, "o", color=look["color"], markeredgecolor=colours.ink, zorder=3)
            for place in at.tolist():
                ball = {"color": look["color"], "linewidth": 6, "alpha": 0.25, "solid_capstyle": "butt"}
                top.plot([place - r, place + r], [place, place], **ball)
            bottom.plot(grid, found.certificate(j, grid), **look)
            for sign, marks in colours.signs:
                part = knots[0::2] if sign > 0 else knots[1::2]
                bottom.plot(part, found.certificate(j, part), linestyle="none", zorder=4, **marks)
        top.plot([start, end], [start, end], label="no change", **colours.exact | {"color": colours.faint, "zorder": 0})
        top.set(ylabel="phi(t)", xlim=(start, end), ylim=(start, end))
        top.set_title(f"[f] = {found.norm:.10g}, radius {r:g}")
        top.legend(loc="upper left")
        bounds(bottom, colours)
        bottom.set(ylabel="dual certificate", xlim=(start, end), xlabel="t, along the ray; knot of the atom")
        return np.array([top, bottom])


def plot_denoiser_plane(found: Denoiser | AcuteDenoiser, *, ax: Axes | None = None) -> Axes:
    """A denoiser of points in the plane: its balls and rays, and arrows from points of a grid towards where they go.

    Arrows have one length; how far a point goes is said by their colour.

    Arguments: `found`, made by `known.denoiser` of points (n, 2) or by `known.acute_denoiser`; `ax`, where to draw, by
    default new axes. Returns the axes. Errors: ValueError for points of another dimension.

    >>> import minnorm as mn
    >>> found = mn.known.denoiser([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], 0.1)
    >>> mn.plot_denoiser_plane(found).get_title()
    'directions from x to f(x)'
    """
    instance("found", found, (Denoiser, AcuteDenoiser), "what known.denoiser or known.acute_denoiser returned")
    if found.clean.shape[1] != 2:
        raise ValueError(
            f"found is of points in dimension {found.clean.shape[1]}; plot_denoiser_plane draws dimension 2"
        )
    if isinstance(found, AcuteDenoiser):
        root, tips = found.middle, found.clean
    else:
        root = found.vertex
        tips = root + np.array([at[-1] for at in found.places])[:, None] * found.directions
    reach = np.max(np.abs(found.clean - root)) + 2.5 * found.radius
    side = np.linspace(-reach, reach, 12)
    x = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2) + root
    step = found(x) - x
    with drawing(ax, (4.4, 4.4)) as (axes, colours):
        far = np.hypot(*step.T)
        moved = far > _STILL * reach
        arrow = step[moved] / far[moved, None] * _ARROW * (side[1] - side[0])
        shape = {"width": 0.005, "headwidth": 3.5, "headlength": 4, "headaxislength": 3.5, "pivot": "mid"}
        drawn = axes.quiver(
            *x[moved].T, *arrow.T, far[moved], cmap=colours.distances, angles="xy", scale_units="xy", scale=1, **shape
        )
        drawn.set_clim(0, far.max())
        axes.figure.colorbar(drawn, ax=axes, label="distance from x to f(x)", shrink=0.6, pad=0.02)
        for j, tip in enumerate(tips):
            axes.plot(*np.stack([root, tip]).T, **colours.line(j))
        for point in found.clean:
            ball = Circle(tuple(point), found.radius, facecolor=colours.series[0], alpha=0.25, edgecolor="none")
            axes.add_patch(ball)
        axes.plot(*found.clean.T, "o", color=colours.ink, zorder=3)
        axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title="directions from x to f(x)")
        axes.grid(False)
    return axes


def denoiser_figure(found: Denoiser | AcuteDenoiser) -> Figure:
    """The steps and the certificate, and beside them, for points in two dimensions, the plane; no window shows it."""
    instance("found", found, (Denoiser, AcuteDenoiser), "what known.denoiser or known.acute_denoiser returned")
    if isinstance(found, AcuteDenoiser):
        with plot_style():
            figure = new_figure(5.6, 4.9)
            plot_denoiser_plane(found, ax=figure.subplots())
        return figure
    if found.vertex.size != 2:
        with plot_style():
            figure = new_figure(6.4, 4.8)
            plot_denoiser(found, axes=figure.subplots(2, 1, sharex=True, height_ratios=[3, 2]))
        return figure
    with plot_style():
        figure = new_figure(9.6, 4.9)
        panels = figure.subplot_mosaic([["plane", "top"], ["plane", "bottom"]], height_ratios=[3, 2])
        plot_denoiser_plane(found, ax=panels["plane"])
        plot_denoiser(found, axes=[panels["top"], panels["bottom"]])
    return figure

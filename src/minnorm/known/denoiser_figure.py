"""A denoiser: the steps along its rays, the certificate that touches +-1 at the knots, and arrows in the plane."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from minnorm.known.denoiser import Denoiser

_COLOURS, _POINT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), "#222222"


def denoiser_figure(found: Denoiser) -> Figure:
    r"""phi_j along each ray with the balls shaded, the dual certificate z_j below, and arrows x -> f(x) in the plane.

        z_j(t) = +1 where a step begins, -1 where it ends,      |z_j| <= 1

    Argument: `found`, made by `denoiser`. Returns a matplotlib figure; the plane is drawn for points in two dimensions.

    >>> from minnorm.known.denoiser import denoiser
    >>> [axes.get_ylabel() for axes in denoiser_figure(denoiser([0.0, 1.0], 0.1)).axes]
    ['phi(t)', 'dual certificate']

    Source: the page *Ridges and denoisers*.
    """
    plane = found.vertex.size == 2
    figure = Figure(figsize=(9.6, 4.9) if plane else (7.2, 5.2), layout="constrained")
    if plane:
        kinds = figure.subplot_mosaic(
            [["plane", "top"], ["plane", "bottom"]], width_ratios=[1, 1], height_ratios=[3, 2]
        )
        _plane(kinds["plane"], found)
        top, bottom = kinds["top"], kinds["bottom"]
    else:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    r, end = found.radius, max(float(at[-1]) for at in found.places) + 2 * found.radius
    start = -2 * r
    for j, at in enumerate(found.places):
        colour, name = _COLOURS[j % len(_COLOURS)], f"ray {j + 1}"
        knots = found.knots(j)
        grid = np.unique(np.concatenate([[start, 0.0, at[-1] + r, end], knots]))
        top.plot(grid, found.profile(j, grid), color=colour, linewidth=1.6, label=name)
        top.plot(at, at, "o", color=colour, markersize=4, markeredgecolor=_POINT, zorder=3)
        for place in at.tolist():
            top.plot(
                [place - r, place + r], [place, place], color=colour, linewidth=6, alpha=0.25, solid_capstyle="butt"
            )
        bottom.plot(grid, found.certificate(j, grid), color=colour, linewidth=1.2)
        bottom.plot(knots, found.certificate(j, knots), "o", color=colour, markersize=4, markeredgecolor=_POINT)
    top.plot([start, end], [start, end], color="0.6", linewidth=0.8, linestyle=(0, (4, 2)), label="no change", zorder=0)
    top.set(ylabel="phi(t)", xlim=(start, end), ylim=(start, end))
    top.set_title(f"[f] = {found.norm:.10g}, radius {r:g}", fontsize=10)
    top.legend(frameon=False, fontsize=8, loc="upper left")
    for level in (-1, 1):
        bottom.axhline(level, color=_POINT, linewidth=0.6)
    bottom.set(
        ylabel="dual certificate", ylim=(-1.25, 1.25), xlim=(start, end), xlabel="t, along the ray; knot of the atom"
    )
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _plane(axes: Axes, found: Denoiser) -> None:
    """Balls, rays, and where f takes the points of a grid."""
    reach = np.max(np.abs(found.clean - found.vertex)) + 2.5 * found.radius
    side = np.linspace(-reach, reach, 12)
    x = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2) + found.vertex
    step = found(x) - x
    axes.quiver(
        *x.T, *step.T, angles="xy", scale_units="xy", scale=1, color="0.72", width=0.0025, headwidth=4, headlength=5
    )
    for j, along in enumerate(found.directions):
        tip = found.vertex + found.places[j][-1] * along
        axes.plot(*np.stack([found.vertex, tip]).T, color=_COLOURS[j % len(_COLOURS)], linewidth=1.4)
    for point in found.clean:
        axes.add_patch(Circle(tuple(point), found.radius, facecolor=_COLOURS[0], alpha=0.2, edgecolor="none"))
    axes.plot(*found.clean.T, "o", color=_POINT, markersize=4, zorder=3)
    axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title="arrows from x to f(x)")
    axes.title.set_fontsize(10)

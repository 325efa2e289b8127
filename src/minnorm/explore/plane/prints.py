"""The view Plane in print: level sets or a surface, with the colours of the page."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from minnorm import plot
from minnorm.network import ShallowReLU
from minnorm.plot.plane import bends
from minnorm.plot.shades import Shades
from minnorm.solution import Solution

_SIDE = 81


def level_sets(
    points: np.ndarray, values: np.ndarray, solution: Solution, learned: ShallowReLU | None, *, classes: bool
) -> Figure:
    """Level sets and lines of the solution, the lines of a trained network, and what separates classes."""
    figure = plot.new_figure(6.0, 5.0)
    axes = plot.plot_plane(points, values, solution, ax=figure.subplots())
    low, high = (np.array(ends) for ends in zip(axes.get_xlim(), axes.get_ylim(), strict=True))
    if learned is not None:
        colours = plot.palette(axes)
        bends(axes, learned.to_numpy(), low, high, replace(colours, ink=colours.series[2]), thick=1.4)
    if classes:
        across, up, f = _sampled(solution.network, low, high)
        look = {"colors": plot.palette(axes).ink, "linewidths": [1.0, 2.2, 1.0], "linestyles": ["--", "-", "--"]}
        axes.contour(across, up, f, [-1, 0, 1], **look)
    return figure


def surface(
    points: np.ndarray,
    values: np.ndarray,
    network: ShallowReLU,
    box: tuple[np.ndarray, np.ndarray],
    *,
    turn: int,
    tilt: int,
) -> Figure:
    """A network over a box as it is seen from there."""
    across, up, f = _sampled(network, *box)
    figure = plot.new_figure(6.0, 5.0)
    axes = figure.add_subplot(projection="3d")
    colours = plot.palette(axes)
    look = Shades.of(values).look(colours.surface)
    axes.plot_surface(  # pyright: ignore[reportAttributeAccessIssue]: the stubs know flat axes only
        *np.meshgrid(across, up), f, rcount=_SIDE, ccount=_SIDE, linewidth=0, antialiased=False, **look
    )
    axes.scatter(*points.T, values, c=values, edgecolors=colours.ink, depthshade=False, **look)  # pyright: ignore
    axes.view_init(elev=tilt, azim=-90 - turn)  # pyright: ignore[reportAttributeAccessIssue]
    axes.set(xlabel="$x_1$", ylabel="$x_2$", zlabel="f(x)")
    return figure


def _sampled(network: ShallowReLU, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    across, up = (np.linspace(a, b, _SIDE) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    return across, up, network.evaluate(grid).reshape(_SIDE, _SIDE)

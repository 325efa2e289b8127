"""Figures of studies of margins: boundaries in the plane, margins in training, and which margin each optimiser has."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from minnorm.plot import draw_band, new_figure, palette
from minnorm.report.margins.settings import Setting, optimizers, scales
from minnorm.report.training.rows import short

_MARGINS = {"margin_share": "path norm", "sup_margin": "largest parameter", "hybrid_margin": "hybrid norm"}


def boundaries(some: Sequence[Setting]) -> Figure:
    """Where networks of all seeds change sign, over the separator of least norm and the kernel's."""
    down, across = optimizers(some), scales(some)
    figure = new_figure(max(4.0, 2.3 * len(across)), 1.9 * len(down) + 0.5)
    grid = figure.subplots(len(down), len(across), sharex=True, sharey=True, squeeze=False)
    colours = palette(grid[0, 0])
    data = some[0].task.data()
    for one in some:
        axes = grid[down.index(one.optimizer), across.index(one.scale)]
        sides = one.runs["across"].values, one.runs["up"].values
        colour = colours.line(down.index(one.optimizer))["color"]
        for plane in one.runs["plane"].values[one.alive]:
            if plane.min() < 0 < plane.max():
                axes.contour(*sides, plane, levels=[0.0], colors=[colour], linewidths=0.9)
        for name, look in (("separator_plane", "--"), ("kernel_plane", ":")):
            if name in one.runs:
                ink = colours.ink if look == "--" else colours.faint
                axes.contour(*sides, one.runs[name].values, levels=[0.0], colors=[ink], linestyles=look, linewidths=1.0)
    for axes in grid.flat:
        for sign, filled in ((1.0, colours.ink), (-1.0, colours.ground)):
            axes.plot(
                *data.points[data.values == sign].T,
                "o",
                markersize=3,
                markerfacecolor=filled,
                markeredgecolor=colours.ink,
                markeredgewidth=0.7,
            )
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
    for axes, scale in zip(grid[0], across, strict=True):
        axes.set_title(f"scale {short(scale)}")
    for axes, name in zip(grid[:, 0], down, strict=True):
        axes.set_ylabel(name)
    handles = [
        Line2D([], [], color=colours.ink, linestyle="--", label="least norm"),
        Line2D([], [], color=colours.faint, linestyle=":", label="tangent kernel"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def courses(some: Sequence[Setting]) -> Figure:
    """The normalised margin over the largest one against steps, for each scale."""
    names, across = optimizers(some), scales(some)
    figure = new_figure(max(4.0, 2.4 * len(across) + 0.8), 2.5)
    grid = figure.subplots(1, len(across), sharey=True, squeeze=False)[0]
    colours = palette(grid[0])
    for one in some:
        axes = grid[across.index(one.scale)]
        step = np.maximum(one.runs["step"].values, 0.5)
        draw_band(axes, step, one.shares(), colours.line(names.index(one.optimizer)), one.optimizer)
    for axes, scale in zip(grid, across, strict=True):
        axes.axhline(1.0, **colours.exact)
        axes.set(xscale="log", ylim=(0, 1.05), xlabel="steps", title=f"scale {short(scale)}")
    grid[0].set_ylabel("margin / largest margin")
    handles, labels = grid[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper")
    return figure


def by_norm(some: Sequence[Setting]) -> Figure:
    """Each optimiser's margin in three norms, over the best of all optimisers and scales: who is best at what."""
    names, marks = optimizers(some), dict(zip(scales(some), "osDv^<>", strict=False))
    figure = new_figure(7.0, 2.5)
    grid = figure.subplots(1, len(_MARGINS), sharey=True, squeeze=False)[0]
    colours = palette(grid[0])
    for axes, (name, words) in zip(grid, _MARGINS.items(), strict=True):
        best = max((float(np.max(one.values(name), initial=0.0)) for one in some), default=0.0)
        for one in some:
            values = one.values(name)
            place = np.full(values.size, names.index(one.optimizer), dtype=float)
            place += 0.22 * (list(marks).index(one.scale) - (len(marks) - 1) / 2)
            colour = colours.line(names.index(one.optimizer))["color"]
            axes.plot(
                place,
                np.maximum(values / best, 0) if best > 0 else values,
                linestyle="none",
                marker=marks[one.scale],
                markersize=4,
                markerfacecolor="none",
                markeredgecolor=colour,
            )
        axes.set(title=f"for the {words}", ylim=(-0.03, 1.05))
        axes.set_xticks(range(len(names)), names)
    grid[0].set_ylabel("margin / best of all")
    handles = [
        Line2D([], [], color=colours.ink, marker=mark, linestyle="none", markerfacecolor="none", label=short(scale))
        for scale, mark in marks.items()
    ]
    figure.legend(handles=handles, title="scale", loc="outside right upper")
    return figure

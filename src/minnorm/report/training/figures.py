"""Figures of a study, in one style: each takes rows of its table and returns a matplotlib figure."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm.datasets import unpack
from minnorm.network import ShallowReLU
from minnorm.plot import Palette, draw_band, mark_knots, new_figure, palette, room, round_ticks
from minnorm.plot.plane import shade
from minnorm.report.training.rows import Row, short


def line_functions(
    rows: Sequence[Row], exact: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray
) -> Figure:
    """Every learned function of one variable over the exact one, (k, 1) -> (k,): settings across, optimisers down.

    Ticks at the foot of a panel are the knots of the first network of each curve's setting, one below the other, as
    long as their share of its bends.
    """
    settings, optimizers = _panels(rows)
    query = rows[0].runs["query"].values
    figure, grid, colours = _grid(len(optimizers), len(settings), height=1.75)
    for row in rows:
        i, j = optimizers.index(row.optimizer), settings.index(row.setting)
        look = _look(row, rows, colours)
        grid[i, j].plot(query, row.runs["function"].values.T, **look | {"alpha": 0.65, "linewidth": 0.9})
        grid[i, j].plot([], [], label=_name(row, rows), **look)
        _draw_lazy(grid[i, j], "query", row, colours)
        network = _first_network(row)
        if network is not None:
            mark_knots(grid[i, j], network, (query[0], query[-1]), look["color"], _lane(row, rows))
    dashed = exact(query[:, None])
    low, high = _limits(dashed, [row.runs["function"].values for row in rows])
    low -= room(1 + max(_lane(row, rows) for row in rows)) * (high - low)
    for axes in grid.flat:
        axes.plot(query, dashed, **colours.exact, label="exact")
        axes.plot(x, y, "o", color=colours.ink, markersize=3, zorder=6)
        axes.set_ylim(low, high)
    _label(grid, settings, "x", optimizers)
    _legend(figure)
    return figure


def radial_profiles(rows: Sequence[Row], profile: Callable[[np.ndarray], np.ndarray]) -> Figure:
    """Radial mean (above) and radial standard deviation (below) of learned bumps, against the exact profile."""
    settings, _ = _panels(rows)
    radius = rows[0].runs["radius"].values
    figure, grid, colours = _grid(2, len(settings), height=2.1)
    for row in rows:
        look = _look(row, rows, colours)
        _draw_lazy(grid[0, settings.index(row.setting)], "radius", row, colours)
        for axes, name in zip(grid[:, settings.index(row.setting)], ("radial_mean", "radial_std"), strict=True):
            draw_band(axes, radius, row.runs[name].values, look, _name(row, rows))
    fine = np.linspace(0, radius[-1], 800)
    for axes in grid[0]:
        axes.plot(fine, profile(fine), **colours.exact, label="exact")
    _label(grid, settings, "r", ["radial mean of f", "radial std of f"])
    _legend(figure)
    return figure


def norm_trajectories(rows: Sequence[Row], minimum: float | None) -> Figure:
    """Path norm (above) and training loss (below) against optimiser steps, with the exact minimum norm."""
    settings, _ = _panels(rows)
    figure, grid, colours = _grid(2, len(settings), height=1.9)
    for row in rows:
        look = _look(row, rows, colours)
        step = np.maximum(row.runs["step"].values, 0.5)
        for axes, name in zip(grid[:, settings.index(row.setting)], ("path_norm", "training_loss"), strict=True):
            draw_band(axes, step, row.runs[name].values, look, _name(row, rows), log=True)
            axes.set(xscale="log", yscale="log")
    round_ticks(grid[0, 0].yaxis)
    if minimum is not None:
        for axes in grid[0]:
            axes.axhline(minimum, **colours.exact, label="exact")
    _label(grid, settings, "steps", ["path norm", "training loss"])
    _legend(figure)
    return figure


def surfaces(rows: Sequence[Row], points: np.ndarray) -> Figure:
    """Functions of two variables by shades: the certified one, and that of each setting's first seed."""
    across, up = (rows[0].runs[name].values for name in ("across", "up"))
    certified = rows[0].runs["target_plane"].isel(seed=0).values
    panels = [("certified", certified)]
    starts = {row.initial: row.runs["lazy_across"] for row in rows if "lazy_across" in row.runs}
    panels += [(f"tangent kernel\n{start}", values.values) for start, values in starts.items()]
    panels += [
        (f"{_name(row, rows)}\n{row.setting}", row.runs["plane"].isel(seed=0).values)
        for row in rows
        if not bool(row.runs["diverged"].isel(seed=0))
    ]
    ends = np.array([np.min(certified), np.max(certified)])
    columns = min(4, len(panels))
    lines = -(-len(panels) // columns)
    figure = new_figure(2.3 * columns + 0.6, 2.8 * lines + 0.5)
    grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    for axes, (title, values) in zip(grid.flat, panels, strict=False):
        shade(axes, across, up, values, ends, palette(axes), colorbar=False)
        axes.plot(*points.T, ".", color=palette(axes).ink, markersize=1.2, alpha=0.5)
        axes.set(title=title, aspect="equal")
        axes.label_outer()
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    return figure


def _draw_lazy(axes: Axes, coordinate: str, row: Row, colours: Palette) -> None:
    """What the tangent kernel of the first seed's start gives, where that was measured, once in each panel."""
    name = f"lazy_{coordinate}"
    if name in row.runs and not any(line.get_gid() == name for line in axes.lines):
        x, look = row.runs[coordinate].values, {"color": colours.faint, "linestyle": ":", "linewidth": 1.4}
        axes.plot(x, row.runs[name].values, **look, gid=name, label="tangent kernel")


def _panels(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Settings and optimisers, in the order of the rows."""
    return list(dict.fromkeys(row.setting for row in rows)), list(dict.fromkeys(row.optimizer for row in rows))


def _rates(row: Row, rows: Sequence[Row]) -> list[float]:
    """The learning rates of a row's optimiser, from small to large."""
    return sorted({other.learning_rate for other in rows if other.optimizer == row.optimizer})


def _lane(row: Row, rows: Sequence[Row]) -> int:
    """Which of the learning rates of its optimiser a row has."""
    return _rates(row, rows).index(row.learning_rate)


def _look(row: Row, rows: Sequence[Row], colours: Palette) -> dict[str, Any]:
    """One colour for each optimiser, one line style for each of its learning rates."""
    optimizers = _panels(rows)[1]
    return colours.line(optimizers.index(row.optimizer), _lane(row, rows))


def _name(row: Row, rows: Sequence[Row]) -> str:
    """A row's optimiser, and its learning rate if that has several."""
    return row.optimizer + (f", rate {short(row.learning_rate)}" if len(_rates(row, rows)) > 1 else "")


def _grid(down: int, across: int, height: float) -> tuple[Figure, np.ndarray, Palette]:
    figure = new_figure(max(4.0, 2.45 * across), height * down + 0.4)
    grid = figure.subplots(down, across, sharex=True, sharey="row", squeeze=False)
    return figure, grid, palette(grid[0, 0])


def _label(grid: np.ndarray, settings: Sequence[str], horizontal: str, vertical: Sequence[str]) -> None:
    for axes, setting in zip(grid[0], settings, strict=True):
        axes.set_title(setting)
    for axes in grid[-1]:
        axes.set_xlabel(horizontal)
    for axes, name in zip(grid[:, 0], vertical, strict=True):
        axes.set_ylabel(name)


def _legend(figure: Figure) -> None:
    """What is drawn in any of the panels, below them."""
    found = {
        label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if "exact" in found:
        found["exact"] = found.pop("exact")
    width = float(figure.get_figwidth())
    figure.legend(found.values(), found, loc="outside lower center", ncols=max(1, int(width / 1.5)), handlelength=2.6)


def _first_network(row: Row) -> ShallowReLU | None:
    """The network of the first seed, unless it diverged."""
    first = row.runs.isel(seed=0)
    return None if bool(first["diverged"]) else unpack(first)


def _limits(exact: np.ndarray, learned: Sequence[np.ndarray]) -> tuple[float, float]:
    """The exact function's range, widened to hold most of what was learned."""
    finite = np.concatenate([values[np.isfinite(values)] for values in learned] + [exact])
    low, high = min(exact.min(), np.quantile(finite, 0.01)), max(exact.max(), np.quantile(finite, 0.99))
    margin = 0.25 * (exact.max() - exact.min()) or 1.0
    low, high = max(low, exact.min() - 2 * margin), min(high, exact.max() + 2 * margin)
    return float(low - 0.5 * margin), float(high + 0.25 * margin)

"""Figures of a study, in one style: each takes rows of its table and returns a matplotlib figure."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm import measure
from minnorm.known import RadialBump
from minnorm.network import ShallowReLU
from minnorm.report.tables import Row
from minnorm.solution import Solution

# Okabe & Ito (2008): told apart with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C564B")
STYLE: Any = {
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "grid.linewidth": 0.4,
    "grid.alpha": 0.5,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "figure.constrained_layout.use": True,
}
_EXACT = {"color": "black", "linewidth": 1.0, "linestyle": (0, (4, 2)), "zorder": 5}


def line_functions(rows: Sequence[Row], exact: Solution, x: np.ndarray, y: np.ndarray) -> Figure:
    """Every learned function of a line task over the exact interpolant: settings across, optimisers down.

    Ticks at the foot of a panel are the knots of its first network, as long as their share of its bends.
    """
    settings, optimizers, colour = _panels(rows)
    query = rows[0].runs["query"].values
    with mpl.rc_context(STYLE):
        figure, grid = _grid(len(optimizers), len(settings), height=1.75)
        for row in rows:
            i, j = optimizers.index(row.optimizer), settings.index(row.setting)
            axes = grid[i, j]
            axes.plot(query, row.runs["function"].values.T, color=colour[row.optimizer], alpha=0.65, linewidth=0.9)
            _knots(axes, row, query)
        low, high = _limits(exact(query), [row.runs["function"].values for row in rows])
        for axes in grid.flat:
            axes.plot(query, exact(query), **_EXACT)
            axes.plot(x, y, "o", color="black", markersize=3, zorder=6)
            axes.set_ylim(low, high)
        _label(grid, settings, "x", optimizers)
    return figure


def radial_profiles(rows: Sequence[Row], bump: RadialBump) -> Figure:
    """Radial mean (above) and radial standard deviation (below) of learned bumps, against the exact profile."""
    settings, _, colour = _panels(rows)
    radius = rows[0].runs["radius"].values
    with mpl.rc_context(STYLE):
        figure, grid = _grid(2, len(settings), height=2.1)
        for row in rows:
            j = settings.index(row.setting)
            for axes, name in zip(grid[:, j], ("radial_mean", "radial_std"), strict=True):
                _band(axes, radius, row.runs[name].values, colour[row.optimizer], row.optimizer)
        fine = np.linspace(0, radius[-1], 800)
        for axes in grid[0]:
            axes.plot(fine, bump.profile(fine), **_EXACT, label="exact")
        _label(grid, settings, "r", ["radial mean of f", "radial std of f"])
        grid[0, -1].legend()
    return figure


def norm_trajectories(rows: Sequence[Row], minimum: float | None) -> Figure:
    """Path norm (above) and training loss (below) against optimiser steps, with the exact minimum norm."""
    settings, _, colour = _panels(rows)
    with mpl.rc_context(STYLE):
        figure, grid = _grid(2, len(settings), height=1.9)
        for row in rows:
            j = settings.index(row.setting)
            step = np.maximum(row.runs["step"].values, 0.5)
            for axes, name in zip(grid[:, j], ("path_norm", "training_loss"), strict=True):
                _band(axes, step, row.runs[name].values, colour[row.optimizer], row.optimizer, log=True)
                axes.set_xscale("log")
                axes.set_yscale("log")
        if minimum is not None:
            for axes in grid[0]:
                axes.axhline(minimum, **_EXACT, label="exact")
        _label(grid, settings, "steps", ["path norm", "training loss"])
        grid[0, -1].legend()
    return figure


def _panels(rows: Sequence[Row]) -> tuple[list[str], list[str], dict[str, str]]:
    """Settings, optimisers and a colour for each optimiser, in the order of the rows."""
    settings = list(dict.fromkeys(row.setting for row in rows))
    optimizers = list(dict.fromkeys(row.optimizer for row in rows))
    return settings, optimizers, {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(optimizers)}


def _grid(down: int, across: int, height: float) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(max(4.0, 2.45 * across), height * down + 0.4))
    return figure, figure.subplots(down, across, sharex=True, sharey="row", squeeze=False)


def _label(grid: np.ndarray, settings: Sequence[str], horizontal: str, vertical: Sequence[str]) -> None:
    for axes, setting in zip(grid[0], settings, strict=True):
        axes.set_title(setting)
    for axes in grid[-1]:
        axes.set_xlabel(horizontal)
    for axes, name in zip(grid[:, 0], vertical, strict=True):
        axes.set_ylabel(name)


def _band(axes: Axes, x: np.ndarray, values: np.ndarray, colour: str, label: str, *, log: bool = False) -> None:
    """Mean over seeds (geometric on a log axis) with the range of all seeds."""
    values = values[np.all(np.isfinite(values), axis=1)]
    if values.size == 0:
        return
    average: Callable[[np.ndarray], np.ndarray] = lambda v: np.mean(v, axis=0)  # noqa: E731
    if log:
        values = np.maximum(values, 1e-14)
        average = lambda v: np.exp(np.mean(np.log(v), axis=0))  # noqa: E731
    axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, average(values), color=colour, label=label)


def _knots(axes: Axes, row: Row, query: np.ndarray) -> None:
    first = row.runs.isel(seed=0)
    if bool(first["diverged"]):
        return
    names = ("inner_weights", "biases", "outer_weights", "offset", "skip")
    network = ShallowReLU.from_dict({name: first[name].values for name in names if name in first})
    positions, turns = measure.knots(network)
    seen = (positions >= query[0]) & (positions <= query[-1]) & (np.abs(turns) > 1e-3 * np.abs(turns).sum())
    if not np.any(seen):
        return
    share = np.abs(turns[seen]) / np.abs(turns[seen]).max()
    axes.vlines(
        positions[seen],
        0,
        0.03 + 0.12 * share,
        color="0.35",
        linewidth=0.7,
        transform=axes.get_xaxis_transform(),
    )


def _limits(exact: np.ndarray, learned: Sequence[np.ndarray]) -> tuple[float, float]:
    """The exact function's range, widened to hold most of what was learned."""
    finite = np.concatenate([values[np.isfinite(values)] for values in learned] + [exact])
    low, high = min(exact.min(), np.quantile(finite, 0.01)), max(exact.max(), np.quantile(finite, 0.99))
    margin = 0.25 * (exact.max() - exact.min()) or 1.0
    low, high = max(low, exact.min() - 2 * margin), min(high, exact.max() + 2 * margin)
    return float(low - 0.5 * margin), float(high + 0.25 * margin)

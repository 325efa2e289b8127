"""Figures of an atlas: optimisers down, studies across."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from minnorm.plot import new_figure, palette
from minnorm.report.atlas.frame import Frame
from minnorm.report.atlas.ranks import Ranked


def rankings(panels: Mapping[str, Sequence[tuple[str, Ranked]]], label: str, optimum: float | None) -> Figure:
    """A dot with its interval for each optimiser: panels are studies, series are named; sorted by the first series.

    `optimum` is drawn as a line that nothing should pass.
    """
    names = _order([series[0][1] for series in panels.values() if series])
    figure = new_figure(2.6 * len(panels) + 1.1, 0.19 * len(names) + 1.2)
    grid = np.atleast_1d(figure.subplots(1, len(panels), sharey=True))
    for axes, (title, series) in zip(grid, panels.items(), strict=True):
        colours = palette(axes)
        for i, (name, found) in enumerate(series):
            style = colours.line(i)
            at = np.array([names.index(one) for one in found.names]) + 0.22 * (i - (len(series) - 1) / 2)
            axes.hlines(at, found.interval[:, 0], found.interval[:, 1], color=style["color"], linewidth=1.6, alpha=0.6)
            axes.plot(found.value, at, "os^D"[i % 4], color=style["color"], markersize=3.6, label=name)
        if optimum is not None:
            axes.axvline(optimum, **colours.exact)
        axes.set_xscale("log")
        _plain_ticks(axes)
        axes.set_title(title)
        axes.set_xlabel(label)
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
    if any(len(series) > 1 for series in panels.values()):
        figure.legend(*grid[0].get_legend_handles_labels(), loc="outside upper right", ncols=4)
    return figure


def starts(tables: Mapping[str, Frame], label: str) -> Figure:
    """A measure for each optimiser (down) and start (across) as shades with numbers, a panel for each study.

    Shades are logarithmic and shared; a blank says that no network of that kind fits.
    """
    names = list(dict.fromkeys(name for table in tables.values() for name in table.index))
    figure = new_figure(2.6 * len(tables) + 1.1, 0.2 * len(names) + 1.7)
    grid = np.atleast_1d(figure.subplots(1, len(tables), sharey=True))
    numbers = np.concatenate([table.to_numpy(float).ravel() for table in tables.values()])
    numbers = np.log(numbers[np.isfinite(numbers) & (numbers > 0)])
    low, high = (0.0, 1.0) if numbers.size == 0 else np.quantile(numbers, [0.02, 0.95])
    for axes, (title, table) in zip(grid, tables.items(), strict=True):
        colours = palette(axes)
        shown = table.reindex(names).to_numpy(float)
        with np.errstate(all="ignore"):
            axes.imshow(np.log(shown), cmap=colours.scale, vmin=low, vmax=max(high, low + 1e-9), aspect="auto")
        for i, j in zip(*np.nonzero(np.isfinite(shown)), strict=True):
            axes.text(j, i, f"{shown[i, j]:.3g}", ha="center", va="center", color=colours.ink, fontsize=6)
        axes.set_xticks(
            range(table.shape[1]), [str(name).replace(" ", "\n", 1) for name in table.columns], fontsize=6.5
        )
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes.set_title(title)
        axes.grid(visible=False)
    figure.supxlabel(label, fontsize=8.5)
    return figure


def _order(found: Sequence[Ranked]) -> list[str]:
    """Names by their mean place over studies."""
    names = sorted({name for one in found for name in (*one.names, *one.absent)})
    places = {name: np.mean([one.of(name) if name in one.names else len(one.names) for one in found]) for name in names}
    return sorted(names, key=lambda name: places[name])


def _plain_ticks(axes: Axes) -> None:
    """1.1, 1.5, 2 instead of powers of ten where the axis spans little."""
    x = axes.xaxis
    low, high = axes.get_xlim()
    if high / max(low, 1e-300) < 30:
        x.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
        x.set_major_formatter(ScalarFormatter())
    x.set_minor_formatter(NullFormatter())

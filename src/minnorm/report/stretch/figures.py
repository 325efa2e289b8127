"""Figures of the stretched bump: profiles, stretch against what is chosen, and the weight-decay value."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from minnorm.plot import Palette, new_figure, palette, round_ticks
from minnorm.report.stretch.claims import WORDS
from minnorm.report.stretch.networks import FACTORS, MATCHED, Outcome, exact, stretch_at
from minnorm.report.training.rows import short

OPTIMIZERS = ("sgd", "momentum", "adam")
_SCANNED = ("radius", "inner_fraction", "width", "learning_rate", "steps")
_LOGARITHMIC = ("width", "learning_rate", "steps")
_COUNTS = ("width", "steps")


def profiles(chosen: Sequence[Outcome]) -> Figure:
    """Radial mean and deviation of some settings side by side, over the exact bump, stretched to fit."""
    figure = new_figure(max(4.0, 2.3 * len(chosen) + 0.5), 4.2)
    grid = figure.subplots(2, len(chosen), sharex=True, sharey="row", squeeze=False)
    colours = palette(grid[0, 0])
    for j, one in enumerate(chosen):
        look = _look(one, colours)
        for axes, name in zip(grid[:, j], ("mean", "deviation"), strict=True):
            curves = np.stack([getattr(network, name) for network in one.networks])
            axes.fill_between(one.radii, curves.min(0), curves.max(0), color=look["color"], alpha=0.25, linewidth=0)
            axes.plot(one.radii, curves.mean(0), color=look["color"], label="networks")
        top, bottom = grid[:, j]
        stretch, fine = one.mean("stretch"), np.linspace(0, one.radii[-1], 801)
        top.plot(fine, exact(one.setting.dim).profile(fine / stretch), **colours.exact, label="exact, stretched")
        top.axvspan(one.setting.radius, one.radii[-1], color=colours.region, linewidth=0, zorder=0)
        bottom.axvspan(one.setting.radius, one.radii[-1], color=colours.region, linewidth=0, zorder=0)
        chosen_as = f"{one.setting.optimizer}, rate {short(one.setting.learning_rate)}"
        decay = f"decay {short(one.setting.weight_decay)}"
        top.set_title(f"{chosen_as}\n{decay}, s = {one.spread('stretch')}")
        bottom.set_xlabel("r  (grey: label 0)")
    grid[0, 0].set(ylabel="radial mean of f", xlim=(0, chosen[0].radii[-1]))
    grid[1, 0].set_ylabel("radial deviation")
    grid[1, 0].set_ylim(0, None)
    grid[0, 0].legend(loc="upper right")
    return figure


def against_loss(found: Sequence[Outcome]) -> Figure:
    """Stretch of every network against its last training loss: what matched loss means."""
    radii = sorted({one.setting.radius for one in found})
    figure = new_figure(6.4, 3.4)
    axes = figure.subplots()
    colours = palette(axes)
    shapes = dict(zip(radii, "osDv^<>PX*", strict=False))
    for one in found:
        look = _look(one, colours)
        axes.plot(
            [network.loss for network in one.networks],
            [network.stretch for network in one.networks],
            linestyle="none",
            marker=shapes.get(one.setting.radius, "."),
            markersize=4.5,
            markerfacecolor="none" if one.setting.weight_decay > 0 else look["color"],
            markeredgecolor=look["color"],
            markeredgewidth=0.9,
        )
    seen = [network.loss for one in found for network in one.networks]
    fine = np.geomspace(min(*seen, MATCHED) / 2, max(seen) * 2, 200)
    usual = _usual(found, "inner_fraction")
    for radius in radii:
        some = [one.setting for one in found if (one.setting.radius, one.setting.inner_fraction) == (radius, usual)]
        if some:
            axes.plot(fine, stretch_at(fine, some[0]), color=colours.faint, linewidth=0.9, zorder=1)
    axes.axvline(MATCHED, color=colours.faint, linewidth=0.8)
    for published in (3.5, 3.8):
        axes.axhline(published, **{**colours.exact, "zorder": 0})
    axes.set(xscale="log", xlabel="training loss at the last step", ylabel="stretch s")
    handles: list[Any] = [
        Line2D([], [], color=_colour(name, colours), marker="o", linestyle="none", label=name)
        for name in dict.fromkeys(one.setting.optimizer for one in found)
    ]
    ink: dict[str, Any] = {"color": colours.ink, "linestyle": "none"}
    handles += [Line2D([], [], marker=shapes.get(r, "."), label=f"inner radius {short(r)}", **ink) for r in radii]
    if any(one.setting.weight_decay > 0 for one in found):
        handles.append(Line2D([], [], marker="o", markerfacecolor="none", label="with decay", **ink))
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def against_choices(
    found: Sequence[Outcome], name: str, published: Sequence[float], label: str, *, log: bool
) -> Figure:
    """A number against every choice that was scanned: lines join settings that agree in all else."""
    factors = [factor for factor in _SCANNED if lines(found, factor)]
    across = min(3, max(1, len(factors)))
    down = max(1, -(-len(factors) // across))
    figure = new_figure(2.6 * across + 0.6, 2.3 * down + 0.3)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    colours = palette(grid[0, 0])
    for axes, factor in zip(grid.flat, factors, strict=False):
        for line in lines(found, factor):
            _curve(axes, line, factor, name, colours)
        for value in published:
            axes.axhline(value, **{**colours.exact, "zorder": 0})
        axes.set(xlabel=WORDS[factor], xscale="log" if factor in _LOGARITHMIC else "linear")
        if factor in _COUNTS:
            round_ticks(axes.xaxis)
        if log:
            axes.set_yscale("log")
    for axes in list(grid.flat)[len(factors) :]:
        axes.set_axis_off()
    for row in grid:
        row[0].set_ylabel(label)
    _legend(figure, found, colours)
    return figure


def courses(found: Sequence[Outcome]) -> Figure:
    """The weight-decay value and the training loss in the course of training, for each setting's longest run."""
    figure = new_figure(7.2, 3.0)
    left, right = figure.subplots(1, 2)
    colours = palette(left)
    for one in found:
        look = {**_look(one, colours), "linewidth": 0.9}
        first = one.networks[0]
        steps = np.maximum(first.steps, 0.5)
        for axes, name in ((left, "all_squares"), (right, "losses")):
            values = np.stack([np.maximum(getattr(network, name), 1e-30) for network in one.networks])
            axes.plot(steps, np.exp(np.log(values).mean(0)), **look)
    for value in (160.0, 1600.0):
        left.axhline(value, **{**colours.exact, "zorder": 0})
    right.axhline(MATCHED, **{**colours.exact, "zorder": 0})
    left.set(xscale="log", yscale="log", xlabel="steps", ylabel="|a|² + |W|²")
    right.set(xscale="log", yscale="log", xlabel="steps", ylabel="training loss")
    _legend(figure, found, colours)
    return figure


def _usual(found: Sequence[Outcome], name: str) -> Any:
    """The value of a choice that most settings have."""
    values = [getattr(one.setting, name) for one in found]
    return max(dict.fromkeys(values), key=values.count)


def lines(found: Sequence[Outcome], factor: str) -> list[list[Outcome]]:
    """Settings that agree in all but one choice, where two or more do; what follows from the choice may differ too."""
    groups: dict[tuple[Any, ...], list[Outcome]] = {}
    for one in found:
        rest = tuple(getattr(one.setting, name) for name in FACTORS if name != factor)
        groups.setdefault(rest, []).append(one)
    return [sorted(group, key=lambda one: getattr(one.setting, factor)) for group in groups.values() if len(group) > 1]


def _curve(axes: Axes, line: Sequence[Outcome], factor: str, name: str, colours: Palette) -> None:
    """One line with the seeds' deviations; full marks are at matched loss."""
    x = [getattr(one.setting, factor) for one in line]
    spreads = [one.spread(name) for one in line]
    look = _look(line[0], colours)
    axes.errorbar(
        x,
        [spread.mean for spread in spreads],
        [spread.deviation for spread in spreads],
        **{**look, "linewidth": 0.9},
        elinewidth=0.8,
    )
    for place, spread, one in zip(x, spreads, line, strict=True):
        axes.plot(
            place,
            spread.mean,
            marker="o",
            markersize=4,
            color=look["color"],
            markerfacecolor=look["color"] if one.matched else colours.ground,
        )


def _legend(figure: Figure, found: Sequence[Outcome], colours: Palette) -> None:
    names = dict.fromkeys(one.setting.optimizer for one in found)
    handles = [Line2D([], [], color=_colour(name, colours), label=name) for name in names]
    for decay in sorted({one.setting.weight_decay for one in found}):
        dashes = "-" if decay == 0 else "--"
        handles.append(Line2D([], [], color=colours.ink, linestyle=dashes, label=f"decay {short(decay)}"))
    figure.legend(handles=handles, loc="outside right upper")


def _look(one: Outcome, colours: Palette) -> dict[str, Any]:
    """Colour by optimiser, dashes by decay."""
    decayed = one.setting.weight_decay > 0
    return {"color": _colour(one.setting.optimizer, colours), "linestyle": "--" if decayed else "-"}


def _colour(optimizer: str, colours: Palette) -> str:
    known = OPTIMIZERS.index(optimizer) if optimizer in OPTIMIZERS else len(OPTIMIZERS)
    return colours.series[known % len(colours.series)]

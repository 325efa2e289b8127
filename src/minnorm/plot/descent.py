"""What an optimiser did, over time: the objective of a network in training above its certified minimum, split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes

from minnorm.checks import real
from minnorm.network import ShallowReLU
from minnorm.plot.style import Palette, drawings

WORDS = {
    "rescaling": "rescaling neurons",
    "merging": "merging neurons",
    "refitting": "refitting outer weights",
    "function": "another function",
}
"""The parts of an excess, for a legend."""

_STAGES = ("given", "rescaled", "merged", "refitted")
_BEFORE = 0.5  # where step 0 is drawn
_LEAST = 1e-6  # of the bound: solvers end there


def one_network(comparison: xr.Dataset) -> xr.Dataset:
    """The steps of the one network that there is; ValueError for several, or for none."""
    several = {name: size for name, size in comparison.sizes.items() if name not in ("part", "stage", "region", "step")}
    if any(size > 1 for size in several.values()):
        wide = ", ".join(f"{name}: {size}" for name, size in several.items() if size > 1)
        raise ValueError(f"comparison has the steps of several networks ({wide}); choose one, as by .isel(seed=0)")
    if "step" not in comparison.dims:
        raise ValueError("comparison has no steps; compare what minnorm.train returned with trajectory=True")
    return comparison.isel(dict.fromkeys(several, 0))


def draw_levels(axes: Axes, one: xr.Dataset, colours: Palette) -> None:
    """Objectives of one network over its steps, as it is and after each operation, down to the lower bound."""
    step = np.maximum(one["step"].values, _BEFORE)
    values = (one["loss"] + one["decay"]).sel(stage=list(_STAGES)).transpose("stage", "step").values
    floor = np.full(step.shape, float(one["lower_bound"].max()))
    levels = [*values, floor]
    for k, (word, upper, lower) in enumerate(zip(WORDS.values(), levels, levels[1:], strict=False)):
        axes.fill_between(step, lower, np.maximum(upper, lower), color=colours.series[k], alpha=0.75, lw=0, label=word)
    axes.plot(step, values[0], color=colours.ink, linewidth=1.2, label="objective")
    axes.plot(step, floor, **colours.exact, label="certified minimum")
    axes.set(xscale="log", yscale="log", xlabel="steps", ylabel="objective", xlim=(step[0], step[-1]))
    axes.legend()


def animate_descent(
    comparison: xr.Dataset,
    networks: Sequence[ShallowReLU | None],
    best: ShallowReLU,
    points: np.ndarray,
    values: np.ndarray,
    seconds: float | int,
) -> FuncAnimation:
    """Frames for the recorded steps: how far the objective is, and on a line the function beside the certified one."""
    seconds = real("seconds", seconds, "a number > 0", lambda number: number > 0)
    one, flat = one_network(comparison), points.shape[1] == 1
    with drawings(None, 2, (9.0, 3.6), across=2) as (pair, colours):
        here, there = pair
        draw_levels(here, one, colours)
        mark = here.axvline(_BEFORE, color=colours.ink, linewidth=1)
        moving = _function(there, networks, best, points, values, colours) if flat else _bars(there, one, colours)
    steps = one["step"].values

    def frame(k: int) -> list[Any]:
        x = max(float(steps[k]), _BEFORE)
        mark.set_xdata([x, x])
        here.set_title(f"step {steps[k]}, {float(one['excess'][k]):.2%} above the minimum")
        return [mark, *moving(k)]

    frame(0)
    here.figure.draw_without_rendering()
    here.figure.set_layout_engine("none")  # axes stay where they are
    return FuncAnimation(here.figure, frame, len(steps), interval=1000 * seconds / len(steps), cache_frame_data=False)


def _function(
    axes: Axes,
    networks: Sequence[ShallowReLU | None],
    best: ShallowReLU,
    points: np.ndarray,
    values: np.ndarray,
    colours: Palette,
) -> Any:
    low, high = float(points.min()), float(points.max())
    grid = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 600)[:, None]
    every = [np.full(len(grid), np.nan) if net is None else net.evaluate(grid) for net in networks]
    axes.plot(grid[:, 0], best.evaluate(grid), **colours.exact, label="certified minimum")
    (line,) = axes.plot(grid[:, 0], every[0], color=colours.series[0], label="network")
    axes.plot(points[:, 0], values, "o", color=colours.ink, markersize=3, label="data")
    last = np.concatenate([every[-1][np.isfinite(every[-1])], values])
    room = 0.2 * (float(np.ptp(last)) or 1.0)
    axes.set(xlabel="x", ylabel="f(x)", ylim=(last.min() - room, last.max() + room))
    axes.legend()

    def show(k: int) -> list[Any]:
        line.set_ydata(every[k])
        return [line]

    return show


def _bars(axes: Axes, one: xr.Dataset, colours: Palette) -> Any:
    parts = one["parts"].transpose("step", "part").values
    bars = axes.bar(list(WORDS.values()), np.maximum(parts[0], _LEAST), color=colours.series[: len(WORDS)])
    top = np.nanmax(parts, initial=2 * _LEAST)
    axes.set(yscale="log", ylim=(_LEAST, 2 * top), ylabel="excess over the minimum")
    axes.tick_params(axis="x", labelrotation=20)

    def show(k: int) -> list[Any]:
        for bar, part in zip(bars, parts[k], strict=True):
            bar.set_height(max(part, _LEAST) if np.isfinite(part) else 0.0)
        return list(bars)

    return show

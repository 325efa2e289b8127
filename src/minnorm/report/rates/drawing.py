"""What figures of power laws have in common."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from minnorm.plot import palette, round_ticks
from minnorm.report.rates.powers import Power


def draw_law(axes: Axes, law: Power | None, look: dict[str, Any], label: str | None = None) -> None:
    """A fitted law with the 95 % interval of its mean, on the range of its fit; without one, only the label."""
    if law is None:
        axes.plot([], [], **look, label=label)
        return
    x = np.geomspace(law.start, law.stop, 50)
    axes.plot(x, law(x), **look, linewidth=1.8, label=label)
    low, high = law.band(x)
    if np.all(np.isfinite(low)):
        axes.fill_between(x, low, high, color=look["color"], alpha=0.25, linewidth=0)


def count_axis(axes: Axes, low: int, high: int, label: str) -> None:
    """A logarithmic axis of counts, in plain numbers where it spans few decades."""
    axes.set(xscale="log", xlabel=label)
    if high < 300 * low:
        round_ticks(axes.xaxis)


def guide(axes: Axes, x: tuple[float, float], start: float, slope: float, label: str | None = None) -> None:
    """A faint line of given slope from its value at the left end."""
    colour = palette(axes).faint
    y = start * np.array([1.0, (x[1] / x[0]) ** slope])
    axes.plot(x, y, color=colour, linewidth=0.9, linestyle=(0, (1, 1.2)), label=label, zorder=1)

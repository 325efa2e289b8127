"""The colours of values beside a plot of level sets, with arrows where values go beyond them."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure

from minnorm.explore.page.theme import Theme
from minnorm.plot.shades import SHADES, Shades, shades

_ARROW = 1.1  # steps high


class ColourBar:
    """A narrow Bokeh figure, as high as the plot beside it."""

    def __init__(self, theme: Theme, **layout: Any) -> None:
        colours = shades(theme.values)
        self._steps = ColumnDataSource({"low": [], "high": [], "colour": []})
        self._arrows = ColumnDataSource({"x": [], "y": [], "colour": []})
        self._colours = colours
        self._span = Range1d(start=-1, end=1)
        self._ticker = FixedTicker(ticks=[])
        plot = figure(
            width=74,
            x_range=Range1d(start=0, end=1),
            y_range=self._span,
            y_axis_location="right",
            tools="",
            toolbar_location=None,
            title=" ",  # as high as that of the plot beside it
            **layout,
        )
        plot.xaxis.visible = plot.grid.visible = False
        plot.yaxis.ticker = self._ticker
        plot.yaxis.axis_line_color = None
        plot.quad(left=0, right=1, bottom="low", top="high", source=self._steps, color="colour")
        edge = {"line_color": theme.faint, "line_width": 1}
        plot.patches("x", "y", source=self._arrows, fill_color="colour", **edge)
        self.figure: Any = plot

    def show(self, scale: Shades, values: np.ndarray) -> None:
        """The levels of a scale, and where values go beyond it."""
        edges, beyond = scale.edges, scale.beyond(values)
        self._steps.data = {"low": edges[:-1], "high": edges[1:], "colour": self._colours[1:-1]}
        low, high, tip = edges[0], edges[-1], _ARROW * scale.step
        arrows = [
            ([low, low, low - tip], self._colours[0], beyond in ("min", "both")),
            ([high, high, high + tip], self._colours[-1], beyond in ("max", "both")),
        ]
        seen = [(at, colour) for at, colour, there in arrows if there]
        self._arrows.data = {
            "x": [[0.0, 1.0, 0.5] for _ in seen],
            "y": [at for at, _ in seen],
            "colour": [colour for _, colour in seen],
        }
        self._span.update(start=low - 1.3 * tip, end=high + 1.3 * tip)
        self._ticker.ticks = edges[:: SHADES // 6].tolist()

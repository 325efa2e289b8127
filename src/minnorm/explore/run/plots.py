"""How a run went: distance from what is certified, loss and norm against steps."""

from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, Legend, LegendItem, Range1d
from bokeh.plotting import figure

from minnorm.explore.page.theme import Theme
from minnorm.training.follow import Frame

_LEAST = 1e-12  # on log axes


class RunPlots:
    """Bokeh figures, seen while there is a run."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._run = ColumnDataSource({"step": [], "norm": [], "gap": [], "loss": []})
        self._minimum = ColumnDataSource({"step": [], "norm": []})
        self._gap_label = LegendItem()
        self.figures = (
            self._against_steps({"gap": theme.learned, "loss": theme.soft}),
            self._against_steps({"norm": theme.learned}),
        )
        self.end()

    def end(self) -> None:
        """No trajectories."""
        for plot in self.figures:
            plot.visible = False

    def begin(self, minimum: float, steps: int, *, measured: str) -> None:
        """Empty trajectories, the least norm as a line, and what the distance is called."""
        self._run.data = {name: np.zeros(0) for name in ("step", "norm", "gap", "loss")}
        self._minimum.data = {"step": np.array([0.5, max(1, steps)]), "norm": np.array([minimum, minimum])}
        self._gap_label.label = value(measured)
        for plot in self.figures:
            plot.x_range.update(start=0.5, end=max(1, steps))
            plot.y_range.update(start=1.0, end=1.0)
            plot.visible = True
        _reach(self.figures[1], minimum)

    def stream(self, frame: Frame, distance: float) -> None:
        """One more record of a run. A distance that is none has no place on a log axis."""
        norm, loss = frame.metrics["path_norm"], frame.metrics["training_loss"]
        seen = distance if distance > _LEAST else np.nan
        self._run.stream({"step": [max(frame.step, 0.5)], "norm": [norm], "gap": [seen], "loss": [loss]})
        for number in (seen, loss):
            _reach(self.figures[0], number)
        _reach(self.figures[1], norm)

    def _against_steps(self, columns: dict[str, str]) -> Any:
        """A plot of columns of a run, in these colours, against its steps."""
        plot: Any = figure(
            sizing_mode="stretch_width",
            min_width=200,
            height=165,
            x_axis_type="log",
            y_axis_type="log",
            tools=[],
            toolbar_location=None,
            x_range=Range1d(start=0.5, end=1),
            y_range=Range1d(start=1, end=1),
            x_axis_label="steps",
        )
        plot.yaxis.ticker.desired_num_ticks = 3
        drawn = {
            column: plot.line("step", column, source=self._run, color=colour, line_width=2)
            for column, colour in columns.items()
        }
        if "norm" in columns:
            look = {"color": self._theme.function, "line_width": 1.5, "line_dash": [6, 4]}
            least = plot.line("step", "norm", source=self._minimum, **look)
            items: dict[str, Any] = {"path norm": drawn["norm"], "of the minimiser": least}
        else:
            items = {"distance": drawn["gap"], "loss": drawn["loss"]}
        legend = [LegendItem(label=text, renderers=[line]) for text, line in items.items()]
        if "gap" in columns:
            self._gap_label = legend[0]
        plot.add_layout(Legend(items=legend, orientation="horizontal", spacing=8, glyph_width=15), "above")
        return plot


def _reach(plot: Any, number: float) -> None:
    """Stretch an axis so that it shows a value."""
    if np.isfinite(number) and number > 0:
        span = plot.y_range
        low, high = max(_LEAST, number / 1.3), number * 1.3
        if span.start < span.end:
            low, high = min(span.start, low), max(span.end, high)
        span.update(start=low, end=high)

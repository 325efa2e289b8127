"""How a proof came about: value, lower bound and gap of the solver against time."""

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Span
from bokeh.plotting import figure

from minnorm.explore.page.solver import Trace
from minnorm.explore.page.theme import Theme
from minnorm.solution import relative_gap

_LEAST_GAP = 1e-16


class ProofPlots:
    """Bokeh figures: `gap`, and `bounds`, value and lower bound."""

    def __init__(self, theme: Theme, height: int = 200) -> None:
        self._theme, self._height = theme, height
        self._trace = ColumnDataSource({"seconds": [], "value": [], "bound": [], "gap": []})
        self._proof = ColumnDataSource({"seconds": [], "value": [], "bound": [], "gap": []})
        self.bounds, self.gap = self._bounds(), self._gap()

    def show_progress(self, trace: Trace) -> None:
        """Value and bound so far."""
        seconds, value, bound = np.array(trace, dtype=float).reshape(-1, 3).T
        self._trace.data = _columns(seconds, value, bound)
        self._proof.data = _columns(np.zeros(0), np.zeros(0), np.zeros(0))

    def show_proof(self, seconds: float, value: float, bound: float, tolerance: float) -> None:
        """What was verified in the end, and where the gap had to get to."""
        self._proof.data = _columns(np.array([seconds]), np.array([value]), np.array([bound]))
        self._tolerance.location = tolerance

    def _bounds(self) -> Any:
        theme = self._theme
        plot = self._against_time("Value and lower bound")
        for name, colour, label in (("value", theme.function, "value"), ("bound", theme.other, "lower bound")):
            line = plot.step(
                "seconds", name, source=self._trace, mode="after", color=colour, line_width=2, legend_label=label
            )
            plot.scatter("seconds", name, source=self._trace, color=colour, size=4)
            plot.scatter("seconds", name, source=self._proof, color=colour, size=9, marker="diamond")
            plot.add_tools(HoverTool(renderers=[line], tooltips=[("seconds", "@seconds{0.000}"), (label, f"@{name}")]))
        plot.legend.location = "right"
        return plot

    def _gap(self) -> Any:
        theme = self._theme
        plot = self._against_time("Relative gap", y_axis_type="log")
        plot.step("seconds", "gap", source=self._trace, mode="after", color=theme.function, line_width=2)
        look = {"color": theme.learned, "size": 11, "marker": "diamond", "legend_label": "verified"}
        plot.scatter("seconds", "gap", source=self._proof, **look)
        self._tolerance = Span(location=1e-6, dimension="width", line_color=theme.soft, line_dash=[5, 4])
        plot.add_layout(self._tolerance)
        plot.legend.location = "top_right"
        return plot

    def _against_time(self, title: str, **options: Any) -> Any:
        return figure(
            title=title,
            height=self._height,
            sizing_mode="stretch_width",
            x_axis_label="seconds",
            tools="",
            toolbar_location=None,
            **options,
        )


def _columns(seconds: np.ndarray, value: np.ndarray, bound: np.ndarray) -> dict[str, Any]:
    gap = np.maximum(np.abs(relative_gap(value, bound)), _LEAST_GAP)
    return {"seconds": seconds, "value": value, "bound": bound, "gap": gap}

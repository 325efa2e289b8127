"""The plots of the view Line: function and dual certificate."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.models import (
    CDSView,
    ColumnDataSource,
    CustomJS,
    GroupFilter,
    HoverTool,
    PanTool,
    PointDrawTool,
    Range1d,
    ResetTool,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure
from panel.io import hold

from minnorm import measure
from minnorm.explore.line.answer import Answer
from minnorm.explore.page import key
from minnorm.explore.page.key import Key
from minnorm.explore.page.theme import Theme
from minnorm.network import ShallowReLU

_MARGIN = 0.12  # around the points
_SIDES = "a > 0", "a < 0"
_FACING = "facing right", "facing left"
_NAMES = {
    "minimiser": "minimiser",
    "band": "all minimisers",
    "fewest": "fewest knots",
    "learned": "trained network",
}
_DASHED = 7, 4
_SHORT = 200  # entries of a column that is sent as text
_DENSE = 400  # places at which a trained network is drawn
_VISIBLE = 1e-3  # of all turns of a trained network: knots with less are not marked
_DRAG = (Path(__file__).parent / "drag.js").read_text("utf-8")

Asked = Callable[[Sequence[float], Sequence[float]], None]
"""Called with the points' x and y when they have been moved, added or deleted on the plot."""


class LinePlots:
    """Bokeh figures with their data: function and certificate."""

    def __init__(self, theme: Theme, asked: Asked) -> None:
        self._theme = theme
        self._points = ColumnDataSource({"x": [], "y": []})
        self._data: dict[str, Any] = {
            name: ColumnDataSource({column: [] for column in columns})
            for name, columns in {
                "minimiser": ("x", "y"),
                "fewest": ("x", "y"),
                "band": ("x", "low", "high"),
                "learned": ("x", "y"),
                "learned_knots": ("x", "size"),
                "right": ("x", "y"),
                "left": ("x", "y"),
                "neurons": ("x", "y", "f", "size", "side"),
            }.items()
        }
        self.keys = self._keys()
        self._x, self._y = Range1d(start=-1, end=1), Range1d(start=-1, end=1)
        self.figures = self._function(asked), self._certificate()
        self.clear()
        self.draw_learned(None)

    # What is shown.

    def fit_axes(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Make all points visible, with room to drag them."""
        for span, values, margin in ((self._x, x, _MARGIN), (self._y, y, 0.25)):
            low, high = min(values, default=-1.0), max(values, default=1.0)
            room = margin * ((high - low) or max(1.0, abs(low)))
            span.update(start=low - room, end=high + room, reset_start=low - room, reset_end=high + room)

    def shows(self, x: Sequence[float], y: Sequence[float]) -> bool:
        """Whether all points are visible."""
        inside = [span.start <= at <= span.end for span, values in ((self._x, x), (self._y, y)) for at in values]  # pyright: ignore
        return all(inside)

    def put_points(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Put the points where something other than a drag has moved them."""
        self._points.data = {"x": list(x), "y": list(y)}

    @property
    def ranges(self) -> tuple[float, float]:
        """The extents of what is visible."""
        return float(self._x.end - self._x.start), float(self._y.end - self._y.start)  # pyright: ignore

    @property
    def span(self) -> tuple[float, float]:
        """Between which x curves are drawn: wider than what is visible."""
        low, high = float(self._x.start), float(self._x.end)  # pyright: ignore
        return low - (high - low), high + (high - low)

    def draw(self, answer: Answer) -> None:
        """The curves of an answer."""
        low, high = self.span
        at, touched, masses = answer.neurons()
        t, right, left = answer.certificate(low, high)
        differ = bool(np.max(np.abs(right - left), initial=0.0) > 1e-9)
        self._put("minimiser", *answer.function(low, high))
        self._put("fewest", *answer.fewest(low, high))
        self._put("band", *answer.band(low, high))
        self._put("right", t, right)
        self._put("left", t[: t.size * differ], left[: t.size * differ])
        sides = np.where(masses > 0, *_SIDES)
        self._put("neurons", at, touched, answer.solution(at), np.abs(masses), sides)
        self._explain()

    def clear(self) -> None:
        """Nothing but the points: they have no answer."""
        for name in ("minimiser", "fewest", "band", "right", "left", "neurons"):
            self._put(name, *(np.zeros(0) for _ in self._data[name].data))
        self._explain()

    def draw_learned(self, network: ShallowReLU | None) -> None:
        """A trained network and its knots; None takes them away."""
        if network is None or not np.all(np.isfinite(network.outer_weights)):
            self._put("learned", np.zeros(0), np.zeros(0))
            self._put("learned_knots", np.zeros(0), np.zeros(0))
            self._explain()
            return
        low, high = float(self._x.start), float(self._x.end)  # pyright: ignore
        t = np.linspace(low - (high - low) / 2, high + (high - low) / 2, _DENSE)
        self._put("learned", t, network.evaluate(t[:, None]))
        at, turns = measure.knots(network)
        seen = np.abs(turns) > _VISIBLE * np.sum(np.abs(turns))
        sizes = np.abs(turns[seen])
        self._put("learned_knots", at[seen], 0.02 + 0.1 * sizes / np.max(sizes, initial=1e-300))
        self._explain()

    def _put(self, name: str, *columns: np.ndarray) -> None:
        source = self._data[name]
        if any(len(column) for column in (*columns, *source.data.values())):  # else there is nothing to draw anew
            # Each array is two messages of its own: short ones are cheaper as part of one.
            sent = (column.tolist() if len(column) <= _SHORT else column for column in columns)
            source.data = dict(zip(source.data, sent, strict=True))

    def _explain(self) -> None:
        """What has data, in the keys."""
        there = {name for name, source in self._data.items() if len(next(iter(source.data.values())))}
        function, certificate = self.keys
        function.show(["data", *(text for name, text in _NAMES.items() if name in there)])
        facing = _FACING if "left" in there else ()  # one curve needs no name
        certificate.show([*facing, *(f"neurons, {side}" for side in set(self._data["neurons"].data["side"]))])

    def _keys(self) -> tuple[Key, Key]:
        theme = self._theme
        named = key.line(theme.function, 2.4), key.strip(theme.band, 0.3), key.line(theme.other, 1.6, _DASHED)
        function = dict(zip(_NAMES.values(), (*named, key.line(theme.learned, 2.2)), strict=True))
        curves = dict(zip(_FACING, (key.line(theme.function, 1.8), key.line(theme.soft, 1.6, _DASHED)), strict=True))
        marks = key.mark(theme.other), key.mark(theme.function, square=True)
        neurons = {f"neurons, {side}": swatch for side, swatch in zip(_SIDES, marks, strict=True)}
        return Key(function | {"data": key.mark(theme.point)}), Key(curves | neurons)

    # How.

    def _function(self, asked: Asked) -> Any:
        theme, data = self._theme, self._data
        plot = self._plot(sizing_mode="stretch_both", x_range=self._x, y_range=self._y, tools=[])
        plot.xaxis.visible = False
        plot.yaxis.axis_label = "f(x)"
        plot.varea("x", "low", "high", source=data["band"], color=theme.band, fill_alpha=0.3)
        plot.extra_y_ranges = {"foot": Range1d(start=0, end=1)}
        plot.segment(
            "x", 0, "x", "size", source=data["learned_knots"], y_range_name="foot", color=theme.learned, line_width=1.5
        )
        plot.line("x", "y", source=data["fewest"], color=theme.other, line_width=1.6, line_dash=list(_DASHED))
        plot.line("x", "y", source=data["learned"], color=theme.learned, line_width=2.2)
        plot.line("x", "y", source=data["minimiser"], color=theme.function, line_width=2.4)
        knots: Any = plot.scatter(
            "x", "f", source=data["neurons"], size=8, fill_color=theme.paper, line_color=theme.function, line_width=1.6
        )
        self._ringed(plot, knots)
        plot.name = "function"
        plot.tags = ["hold"]
        points: Any = plot.scatter(
            "x",
            "y",
            source=self._points,
            name="points",
            level="overlay",  # a sheet of its own: the rest is not painted anew when the pointer moves a point
            size=11,
            color=theme.point,
            line_color=theme.paper,
            nonselection_fill_alpha=1.0,
            nonselection_line_alpha=1.0,
        )
        points.selection_glyph = points.glyph.clone(size=14)
        draw = PointDrawTool(renderers=[points], description="Drag, add (click) and delete (select, Backspace) points")
        plot.add_tools(draw, PanTool(), WheelZoomTool(), ResetTool())
        plot.toolbar.active_drag = plot.toolbar.active_tap = draw
        self._listen(asked)
        return plot

    def _listen(self, asked: Asked) -> None:
        """Ask for what the points have become, while they are dragged: one request at a time."""
        request = ColumnDataSource({"x": [], "y": [], "number": []})
        answered = ColumnDataSource({"number": [0]})
        arguments = {"points": self._points, "request": request, "answered": answered}
        self._points.js_on_change("change", CustomJS(args=arguments, code=_DRAG + "\nask();"))
        answered.js_on_change("change:data", CustomJS(args=arguments, code=_DRAG + "\nhear();"))

        def take(_attribute: str, _old: Any, new: Any) -> None:
            with hold():  # one message, so that the browser draws once
                try:
                    asked(*([float(v) for v in new[axis][0]] for axis in ("x", "y")))
                finally:
                    answered.data = {"number": list(new["number"])}

        request.on_change("data", take)

    def _certificate(self) -> Any:
        theme, data = self._theme, self._data
        plot = self._plot(sizing_mode="stretch_width", height=195, x_range=self._x, y_range=(-1.25, 1.25), tools=[])
        plot.xaxis.axis_label, plot.yaxis.axis_label = "x; knot of the atom", "dual certificate"
        for level in (-1, 1):
            plot.add_layout(Span(location=level, dimension="width", line_color=theme.soft, line_width=1))
        plot.line("x", "y", source=data["right"], color=theme.function, line_width=1.8)
        plot.line("x", "y", source=data["left"], color=theme.soft, line_width=1.6, line_dash=list(_DASHED))
        for side, (marker, colour) in zip(_SIDES, (("circle", theme.other), ("square", theme.function)), strict=True):
            view = CDSView(filter=GroupFilter(column_name="side", group=side))
            look = {"marker": marker, "color": colour, "size": 8}
            self._ringed(plot, plot.scatter("x", "y", source=data["neurons"], view=view, **look))
        return plot

    def _ringed(self, plot: Any, dots: Any) -> None:
        """Let what the pointer is at be ringed, in every plot that has the same neurons."""
        ring = {"size": 19, "fill_color": None, "line_color": self._theme.accent, "line_width": 3}
        dots.hover_glyph = dots.glyph.clone(**ring)
        numbers = {"knot": "x", "|a| |w|": "size", "certificate": "y"}
        tips = [("neuron", "@side"), *((name, f"@{column}{{0.0000}}") for name, column in numbers.items())]
        plot.add_tools(HoverTool(renderers=[dots], tooltips=tips, visible=False))

    def _plot(self, **options: Any) -> Any:
        plot = figure(min_width=200, **options)
        plot.toolbar.logo = None
        plot.toolbar.autohide = False
        return plot

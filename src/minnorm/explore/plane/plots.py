"""The plots of the plane's view: level sets with the lines of the neurons and the data, and the gap against time."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColorBar,
    ColumnDataSource,
    HoverTool,
    LinearColorMapper,
    PointDrawTool,
    Range1d,
    Span,
)
from bokeh.plotting import figure
from bokeh.plotting.contour import contour_data

from minnorm.explore.page.theme import Theme
from minnorm.network import ShallowReLU
from minnorm.solution import relative_gap

_MARGIN = 0.22  # of the points' extent, on all sides
_SIDE = 141  # places along each side at which the function is evaluated
_SHADES = 12
_BEYOND = 0.2  # of the values' range: shades reach so far beyond it
_VISIBLE = 1e-4  # of the largest mass: lines of less are not drawn
_LEAST_GAP = 1e-16

Trace = Sequence[tuple[float, float, float]]
"""Seconds, value and lower bound, again and again."""


class PlanePlots:
    """Bokeh figures with their data; `moved` hears what was dragged, added or deleted on the first."""

    def __init__(self, theme: Theme, moved: Callable[[np.ndarray, np.ndarray], None]) -> None:
        self._theme = theme
        self._points = ColumnDataSource({"x1": [], "x2": [], "y": []})
        self._moved = moved
        self._lines = {sign: ColumnDataSource(_lines([])) for sign in (1, -1)}
        self._mapper = LinearColorMapper(palette=shades(theme), low=0.0, high=1.0)
        self._x, self._y = (Range1d(start=-1, end=1) for _ in range(2))
        self._trace = ColumnDataSource({"seconds": [], "value": [], "bound": [], "gap": []})
        self._proof = ColumnDataSource({"seconds": [], "value": [], "bound": [], "gap": []})
        self._silent = False
        self.surface = self._surface()
        self.bounds, self.gap = self._bounds(), self._gap()

    # What is shown.

    def put_points(self, points: np.ndarray, values: np.ndarray) -> None:
        """Put the points where something other than a drag has moved them, into sight."""
        there = self._read()
        if there[0].shape != points.shape or not _near(there[0], points) or not _near(there[1], values):
            self._silent = True
            self._points.data = {"x1": points[:, 0].copy(), "x2": points[:, 1].copy(), "y": values.copy()}
            self._silent = False
        low, high = np.array([self._x.start, self._y.start]), np.array([self._x.end, self._y.end])
        if np.any(points < low) or np.any(points > high):
            self.fit_box(points)

    def fit_box(self, points: np.ndarray) -> None:
        """Show a box around the points."""
        for span, start, end in zip((self._x, self._y), *box(points), strict=True):
            span.update(start=float(start), end=float(end), reset_start=float(start), reset_end=float(end))

    def _heard(self) -> None:
        if self._silent:
            return
        self._moved(*self._read())

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        x1, x2, y = (np.array(self._points.data[name], dtype=float) for name in ("x1", "x2", "y"))
        return np.column_stack([x1, x2]), y

    def set_new_value(self, value: float) -> None:
        """Points that are added by a click get this value."""
        self._draw.default_overrides = {"y": value}

    def show(self, network: ShallowReLU, values: np.ndarray) -> None:
        """Draw a network in the box: its level sets, and where its neurons bend."""
        low, high = np.array([self._x.start, self._y.start]), np.array([self._x.end, self._y.end])
        across, up = (np.linspace(a, b, _SIDE) for a, b in zip(low, high, strict=True))
        grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        f = network.evaluate(grid).reshape(_SIDE, _SIDE)
        room = _BEYOND * (float(np.ptp(values)) or 1.0)
        bottom, top = float(values.min()) - room, float(values.max()) + room
        levels = np.linspace(bottom, top, _SHADES + 1)
        self._contours.set_data(
            contour_data(across, up, shaded(f, bottom, top), levels, want_fill=True, want_line=False)
        )
        self._mapper.update(low=bottom, high=top)
        for sign, source in self._lines.items():
            source.data = _lines(bends(network, low, high, sign))

    def show_progress(self, trace: Trace) -> None:
        """Value and bound so far."""
        seconds, value, bound = np.array(trace, dtype=float).reshape(-1, 3).T
        self._trace.data = _columns(seconds, value, bound)
        self._proof.data = _columns(np.zeros(0), np.zeros(0), np.zeros(0))

    def show_proof(self, seconds: float, value: float, bound: float) -> None:
        """What was verified in the end."""
        self._proof.data = _columns(np.array([seconds]), np.array([value]), np.array([bound]))

    # How it is shown.

    def _surface(self) -> Any:
        theme = self._theme
        plot = figure(
            title="f(x)",
            height=560,
            sizing_mode="stretch_width",
            min_width=380,
            x_range=self._x,
            y_range=self._y,
            x_axis_label="x\u2081",
            y_axis_label="x\u2082",
            tools="",
            toolbar_location=None,
        )
        plot.tags = ["hold"]
        flat = np.zeros((2, 2))
        levels = np.linspace(-1, 1, _SHADES + 1)
        self._contours = plot.contour([0, 1], [0, 1], flat, levels, fill_color=shades(theme), line_color=None)
        plot.grid.visible = False
        for sign, dashes in ((1, "solid"), (-1, "dashed")):
            plot.segment(
                "x0", "y0", "x1", "y1", source=self._lines[sign], line_width="width", line_dash=dashes, color=theme.ink
            )
        dots: Any = plot.scatter(
            "x1",
            "x2",
            source=self._points,
            name="points",
            size=13,
            fill_color={"field": "y", "transform": self._mapper},
            line_color=theme.ink,
            line_width=1.8,
            nonselection_fill_alpha=1.0,
            nonselection_line_alpha=1.0,
        )
        tips = [("x", "(@x1{0.0000}, @x2{0.0000})"), ("value", "@y{0.0000}")]
        dots.selection_glyph = dots.glyph.clone(line_width=4)
        self._draw = PointDrawTool(renderers=[dots], add=True, drag=True, default_overrides={"y": 1.0})
        plot.add_tools(self._draw, HoverTool(renderers=[dots], tooltips=tips))
        plot.toolbar.active_tap = plot.toolbar.active_drag = self._draw
        bar = ColorBar(color_mapper=self._mapper, width=12, ticker=BasicTicker(), label_standoff=6)
        plot.add_layout(bar, "right")
        self._points.on_change("data", lambda _name, _old, _new: self._heard())
        return plot

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

    def set_tolerance(self, tolerance: float) -> None:
        """Where the gap has to get to."""
        self._tolerance.location = tolerance

    def _against_time(self, title: str, **options: Any) -> Any:
        return figure(
            title=title,
            height=276,
            sizing_mode="stretch_width",
            x_axis_label="seconds",
            tools="",
            toolbar_location=None,
            **options,
        )


def box(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower left and the upper right corner of a box around points, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    margin = _MARGIN * np.where(extent > 0, extent, float(np.max(extent)) or 1.0)
    return low - margin, high + margin


def bends(
    network: ShallowReLU, low: np.ndarray, high: np.ndarray, sign: int, least: float = _VISIBLE
) -> list[tuple[float, ...]]:
    """The lines w . x + b = 0 that meet a box, of neurons of one sign: both ends, and |a| |w| over the largest.

    The ends are outside of the box.

    >>> net = ShallowReLU(np.array([[2.0, 0.0]]), np.array([-1.0]), np.array([1.0]), np.array(0.0))
    >>> [tuple(round(number, 3) for number in line) for line in bends(net, np.zeros(2), np.ones(2), 1)]
    [(0.5, 1.914, 0.5, -0.914, 1.0)]
    """
    centre, reach = 0.5 * (low + high), float(np.linalg.norm(high - low))
    sizes = np.linalg.norm(network.inner_weights, axis=1)
    share = np.abs(network.outer_weights) * sizes
    largest = float(np.max(share, initial=0.0))
    found = []
    for k in np.flatnonzero((share > least * largest) & (np.sign(network.outer_weights) == sign)):
        normal = network.inner_weights[k] / sizes[k]
        distance = float(normal @ centre + network.biases[k] / sizes[k])
        if abs(distance) > reach / 2:
            continue
        foot, along = centre - distance * normal, reach * np.array([-normal[1], normal[0]])
        found.append((*(foot + along).tolist(), *(foot - along).tolist(), float(share[k] / largest)))
    return found


def shaded(f: np.ndarray, bottom: float, top: float) -> np.ndarray:
    """Values to be filled between levels from `bottom` to `top`: those beyond belong to the last ones.

    They are raised by what no eye can see, lest rounding errors scatter a flat part that lies at a level.
    """
    unit = 1e-5 * (top - bottom)
    return np.clip(f + unit, bottom + unit, top - unit)


def shades(theme: Theme) -> list[str]:
    """Colours for values, from small to large, on which the ink can be read."""
    low, high = (0.04, 0.55) if theme.dark else (0.06, 0.62)
    paper, full = _channels(theme.paper), _channels(theme.function)
    mix = [paper + share * (full - paper) for share in np.linspace(low, high, _SHADES)]
    return ["#" + "".join(f"{round(channel):02x}" for channel in colour) for colour in mix]


def _channels(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=float)


def _lines(found: list[tuple[float, ...]]) -> dict[str, Any]:
    columns = np.array(found, dtype=float).reshape(-1, 5).T
    return dict(zip(("x0", "y0", "x1", "y1"), columns[:4], strict=True)) | {"width": 0.5 + 3.0 * columns[4]}


def _columns(seconds: np.ndarray, value: np.ndarray, bound: np.ndarray) -> dict[str, Any]:
    gap = np.maximum(np.abs(relative_gap(value, bound)), _LEAST_GAP)
    return {"seconds": seconds, "value": value, "bound": bound, "gap": gap}


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-4))

"""The plots of the plane's view: level sets with the lines along which neurons bend, and the data."""

from collections.abc import Callable
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, LinearColorMapper, PointDrawTool, Range1d
from bokeh.plotting import figure
from bokeh.plotting.contour import contour_data

from minnorm.explore.page.theme import Theme
from minnorm.explore.plane.bar import ColourBar
from minnorm.explore.plane.surface import Surface
from minnorm.network import ShallowReLU
from minnorm.plot.shades import Shades, shades

_MARGIN = 0.22  # of the points' extent, on all sides
_SIDE = 141  # places along each side at which the function is evaluated
_EVERY = 2  # of them: in the surface
_VISIBLE = 1e-4  # of the largest mass: lines of less are not drawn
_LEARNED = 0.02  # the same for networks in training, which have many neurons that do little
_CLASSES = (-1.0, 0.0, 1.0)  # margin, separator, margin


class PlanePlots:
    """Bokeh figures with their data; `moved` hears what was dragged, added or deleted on the first."""

    def __init__(self, theme: Theme, moved: Callable[[np.ndarray, np.ndarray], None]) -> None:
        self._theme = theme
        self._points = ColumnDataSource({"x1": [], "x2": [], "y": []})
        self._moved = moved
        self._lines = {sign: ColumnDataSource(_lines([])) for sign in (1, -1)}
        self._learned = ColumnDataSource(_lines([]))
        self._mapper = LinearColorMapper(palette=shades(theme.values)[1:-1], low=0.0, high=1.0)
        self._mapper.update(low_color=shades(theme.values)[0], high_color=shades(theme.values)[-1])
        self._x, self._y = (Range1d(start=-1, end=1) for _ in range(2))
        self._silent = False
        self._bar = ColourBar(theme, sizing_mode="stretch_height")
        self.bar = self._bar.figure
        self.levels = self._levels()
        self.surface = Surface.of(theme, visible=False, sizing_mode="stretch_both", min_width=240)

    # What is shown.

    def put_points(self, points: np.ndarray, values: np.ndarray) -> None:
        """Put the points where something other than a drag has moved them, into sight."""
        there = self._read()
        if there[0].shape != points.shape or not _near(there[0], points) or not _near(there[1], values):
            self._silent = True
            self._points.data = {"x1": points[:, 0].copy(), "x2": points[:, 1].copy(), "y": values.copy()}
            self._silent = False
        low, high = self.box
        if np.any(points < low) or np.any(points > high):
            self.fit_box(points)

    def fit_box(self, points: np.ndarray) -> None:
        """Show a box around the points."""
        for span, start, end in zip((self._x, self._y), *box(points), strict=True):
            span.update(start=float(start), end=float(end), reset_start=float(start), reset_end=float(end))

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners of what is shown."""
        return np.array([self._x.start, self._y.start]), np.array([self._x.end, self._y.end])

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

    def show(
        self, network: ShallowReLU, points: np.ndarray, values: np.ndarray, *, classes: bool
    ) -> tuple[float, float]:
        """Draw a network in the box by its values, with the line that separates classes; between which they are."""
        low, high = self.box
        across, up = (np.linspace(a, b, _SIDE) for a, b in zip(low, high, strict=True))
        grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        f = network.evaluate(grid).reshape(_SIDE, _SIDE)
        scale = Shades.of(values)
        self._contours.set_data(contour_data(across, up, *filled(f, scale), want_fill=True, want_line=False))
        shown = f if classes else np.full_like(f, 2.0)
        self._separator.set_data(contour_data(across, up, shown, list(_CLASSES), want_fill=False, want_line=True))
        self._mapper.update(low=float(scale.edges[0]), high=float(scale.edges[-1]))
        self._bar.show(scale, f)
        part = slice(None, None, _EVERY)
        self.surface.put(across[part], up[part], f[part, part], scale, points, values)
        return float(f.min()), float(f.max())

    def show_bends(self, network: ShallowReLU) -> None:
        """Where the neurons of the certified network bend it."""
        low, high = self.box
        for sign, source in self._lines.items():
            source.data = _lines(bends(network, low, high, sign))

    def show_learned_bends(self, network: ShallowReLU | None) -> None:
        """Where those of a network in training do; None takes them away."""
        low, high = self.box
        found = [] if network is None else [line for s in (1, -1) for line in bends(network, low, high, s, _LEARNED)]
        self._learned.data = _lines(found)

    def show_surface(self, shown: bool) -> None:
        """A surface in space, or level sets."""
        self.surface.visible = shown
        self.levels.visible = not shown

    # How it is shown.

    def _levels(self) -> Any:
        theme = self._theme
        plot = figure(
            title="f(x)",
            sizing_mode="stretch_both",
            min_width=240,
            x_range=self._x,
            y_range=self._y,
            x_axis_label="x\u2081",
            y_axis_label="x\u2082",
            tools="",
            toolbar_location=None,
        )
        plot.tags = ["hold"]
        flat, colours = np.zeros((2, 2)), shades(theme.values)
        levels = np.linspace(-1, 1, len(colours) + 1)
        self._contours = plot.contour([0, 1], [0, 1], flat, levels, fill_color=colours, line_color=None)
        plot.grid.visible = False
        dashes = ["6 4", "solid", "6 4"]
        look: dict[str, Any] = {"line_color": [theme.ink] * 3, "line_width": [1.4, 3.2, 1.4], "line_dash": dashes}
        self._separator = plot.contour([0, 1], [0, 1], flat + 2, list(_CLASSES), **look)
        green = {"color": theme.learned, "line_alpha": 0.8}
        plot.segment("x0", "y0", "x1", "y1", source=self._learned, line_width="width", **green)
        for sign, dash in ((1, "solid"), (-1, "dashed")):
            plot.segment(
                "x0", "y0", "x1", "y1", source=self._lines[sign], line_width="width", line_dash=dash, color=theme.ink
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
        self._points.on_change("data", lambda _name, _old, _new: self._heard())
        return plot


def box(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lower left and the upper right corner of a box around points, with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    margin = _MARGIN * np.where(extent > 0, extent, float(np.max(extent)) or 1.0)
    return low - margin, high + margin


def filled(f: np.ndarray, scale: Shades) -> tuple[np.ndarray, list[float]]:
    """Values on a grid and levels between which they are filled, one beyond each end of the scale.

    Values are raised by what no eye can see, lest rounding errors scatter a flat part that lies at a level.
    """
    edges = scale.edges.tolist()
    below, above = min(float(f.min()), edges[0]) - scale.step, max(float(f.max()), edges[-1]) + scale.step
    return f + 1e-5 * scale.step, [below, *edges, above]


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


def _lines(found: list[tuple[float, ...]]) -> dict[str, Any]:
    columns = np.array(found, dtype=float).reshape(-1, 5).T
    return dict(zip(("x0", "y0", "x1", "y1"), columns[:4], strict=True)) | {"width": 0.5 + 3.0 * columns[4]}


def _near(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-4))

"""The plots of the atlas: all networks as points; one network as a function, with its trajectories."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    HoverTool,
    LinearColorMapper,
    LogColorMapper,
    NoOverlap,
    Range1d,
    TapTool,
)
from bokeh.palettes import Cividis256
from bokeh.plotting import figure
from bokeh.transform import factor_cmap, factor_mark

from minnorm import measure
from minnorm.explore.atlas.rows import Chosen, text
from minnorm.explore.page.theme import Theme
from minnorm.explore.plane.bar import ColourBar
from minnorm.explore.plane.plots import bends, box, filled
from minnorm.plot.shades import Shades, shades

_MARKERS = ("circle", "triangle", "square", "diamond", "inverted_triangle", "star")
_CATEGORIES = 30  # values of a colour up to which each has its own
_SIDE = 101
_SHOWN = 0.1  # of the largest |a| |w|: lines of less are not drawn


def colours(theme: Theme) -> tuple[str, ...]:
    """For categories: those of the theme, and two more that are told apart with any colour vision."""
    more = ("#e79cc8", "#efc94c") if theme.dark else ("#cc79a7", "#e69f00")
    return theme.function, theme.other, theme.learned, *more


def is_category(column: Any) -> bool:
    """Whether a column has few enough values to give each a colour and a shape."""
    few = 8 if column.dtype.kind == "f" or column.dtype.kind in "iu" else _CATEGORIES
    return len(column.dropna().unique()) <= few


def visible(frame: pd.DataFrame, x: str, y: str, *, log_x: bool, log_y: bool) -> pd.DataFrame:
    """The rows that have a place in the plot: finite, and positive on a logarithmic axis."""
    keep = np.ones(len(frame), bool)
    for name, log in ((x, log_x), (y, log_y)):
        values = frame[name].to_numpy(float)
        keep &= np.isfinite(values) & ((values > 0) | (not log))
    return frame.loc[keep]


def scatter(
    frame: pd.DataFrame,
    x: str,
    y: str,
    colour: str,
    theme: Theme,
    *,
    log_x: bool,
    log_y: bool,
    pick: Callable[[int], None],
) -> tuple[Any, ColumnDataSource]:
    """All rows as points, and the source of the one that is marked; `pick` hears the place of one that is clicked."""
    # Not WebGL: where a browser has no graphics card for it, 20,000 points take minutes instead of a moment.
    plot = figure(
        name="networks",
        height=520,
        sizing_mode="stretch_width",
        min_width=360,
        x_axis_type="log" if log_x else "linear",
        y_axis_type="log" if log_y else "linear",
        x_axis_label=spoken(x),
        y_axis_label=spoken(y),
        tools="pan,wheel_zoom,box_zoom,reset",
        toolbar_location="above",
    )
    plot.toolbar.logo = None
    plot.axis.major_label_policy = NoOverlap()  # on a phone there is little room across
    data: dict[str, Any] = {"x": frame[x].to_numpy(float), "y": frame[y].to_numpy(float)}
    column: Any = frame[colour]
    look: dict[str, Any] = {"size": 7 if len(frame) < 3000 else 4, "alpha": 0.75, "line_color": None}
    look |= {"nonselection_alpha": 0.75, "nonselection_line_color": None}
    if is_category(column):
        data["label"] = [text(value) for value in column]
        factors = [text(value) for value in _sorted(column.dropna().unique())]
        palette = colours(theme)
        paint = [palette[i % len(palette)] for i in range(len(factors))]
        shapes = [_MARKERS[i // len(palette) % len(_MARKERS)] for i in range(len(factors))]
        look |= {"fill_color": factor_cmap("label", paint, factors), "marker": factor_mark("label", shapes, factors)}
        source = ColumnDataSource(data)
        dots = plot.scatter("x", "y", source=source, legend_group="label", **look)
        legend = plot.legend[0]
        legend.update(
            title=spoken(colour),
            title_text_color=theme.ink,
            title_text_font_style="normal",
            ncols=-(-len(factors) // 16),
        )
        plot.add_layout(legend, "right")
    else:
        values = column.to_numpy(float)
        positive = values[np.isfinite(values)]
        wide = positive.size > 0 and positive.min() > 0 and positive.max() > 50 * positive.min()
        mapper = (LogColorMapper if wide else LinearColorMapper)(
            palette=Cividis256, low=float(positive.min(initial=0.0)), high=float(positive.max(initial=1.0))
        )
        if positive.size:
            mapper.update(low=float(positive.min()), high=float(positive.max()))
        data["label"] = values
        source = ColumnDataSource(data)
        dots = plot.scatter("x", "y", source=source, fill_color={"field": "label", "transform": mapper}, **look)
        bar = ColorBar(color_mapper=mapper, width=12, title=spoken(colour), title_text_font_style="normal")
        plot.add_layout(bar, "right")
    marked = ColumnDataSource({"x": [], "y": []})
    ring: Any = {"line_color": theme.ink, "line_width": 2.5, "fill_color": None, "size": 16}
    plot.scatter("x", "y", source=marked, **ring)
    tips = [(spoken(x), "@x"), (spoken(y), "@y"), (spoken(colour), "@label")]
    seen: Any = [dots]
    plot.add_tools(TapTool(renderers=seen, mode="replace"), HoverTool(renderers=seen, tooltips=tips))
    plot.toolbar.active_drag = None

    def heard(_name: str, _old: Any, new: Any) -> None:
        if new:
            pick(int(new[0]))

    source.selected.on_change("indices", heard)
    return plot, marked


def picture(chosen: Chosen, theme: Theme) -> Any:
    """The network as a function: over the exact interpolant on the line, in level sets in the plane, by its radius."""
    if chosen.network is None:
        return None
    for coordinate, draw in _PROBED.items():
        if coordinate in chosen.runs.coords:
            return draw(chosen, theme)
    draw = {1: _line, 2: _plane}.get(chosen.data.points.shape[1])
    return None if draw is None else draw(chosen, theme)


def trajectories(chosen: Chosen, theme: Theme) -> list[Any]:
    """Path norm, and below it losses, against steps."""
    step = np.maximum(chosen.runs["step"].values, 0.5)
    found, plots = chosen.trajectories, []
    for title, names in (("Path norm", ["path_norm"]), ("Losses", ["training_loss", "objective", "objective_gap"])):
        plot = _small(title, "steps", x_axis_type="log", y_axis_type="log", height=205)
        shown = 0
        for name, colour in zip(names, (theme.learned, theme.other, theme.function), strict=False):
            if name not in found:
                continue
            values = found[name].astype(float)
            keep = np.isfinite(values) & (values > 0)
            dash = "solid" if shown == 0 else [6, 3]
            label = {} if len(names) == 1 else {"legend_label": spoken(name)}
            plot.line(step[keep], values[keep], color=colour, line_width=2, line_dash=dash, **label)
            shown += 1
        if len(names) == 1 and chosen.target is not None:
            look = {"color": theme.function, "line_dash": [5, 4], "line_width": 1.5}
            plot.line(step[[0, -1]], [chosen.target.norm] * 2, **look)
            plot.title.text = "Path norm (dashed: exact minimum)"
        plots.append(_legend_above(plot))
    return plots


def _line(chosen: Chosen, theme: Theme) -> Any:
    x, y = chosen.data.points[:, 0], chosen.data.values
    low, high = float(x.min()), float(x.max())
    room = 0.15 * (high - low)
    t = np.union1d(np.linspace(low - room, high + room, 601), x)
    plot = _small("Function", "x")
    assert chosen.network is not None
    values = chosen.network.evaluate(t[:, None])
    if chosen.target is not None:
        exact = chosen.target.function(t[:, None])
        plot.line(t, exact, color=theme.function, line_width=2, line_dash=[6, 3], legend_label="minimum norm")
    plot.line(t, values, color=theme.learned, line_width=2, legend_label="network")
    plot.scatter(x, y, color=theme.point, size=6)
    return _legend_above(plot)


def _radial(chosen: Chosen, theme: Theme) -> Any:
    reach = 1.1 * float(np.max(np.linalg.norm(chosen.data.points, axis=1)))
    r = np.linspace(0, reach, 101)
    assert chosen.network is not None
    found = measure.radial_profile(chosen.network, chosen.network.dim, r, count=128)
    plot = _small("Radial mean \u00b1 deviation over directions", "r")
    plot.varea(r, found.mean - found.std, found.mean + found.std, fill_color=theme.learned, fill_alpha=0.22)
    if chosen.target is not None and chosen.target.profile is not None:
        look = {"color": theme.function, "line_width": 2, "line_dash": [6, 3]}
        plot.line(r, chosen.target.profile(r), legend_label="minimum norm", **look)
    plot.line(r, found.mean, color=theme.learned, line_width=2, legend_label="network")
    return _legend_above(plot)


def _plane(chosen: Chosen, theme: Theme) -> Any:
    points, values, network = chosen.data.points, chosen.data.values, chosen.network
    assert network is not None
    low, high = box(points)
    across, up = (np.linspace(a, b, _SIDE) for a, b in zip(low, high, strict=True))
    f = network.evaluate(np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)).reshape(_SIDE, _SIDE)
    scale, shade = Shades.of(values), shades(theme.values)
    spans: Any = {
        "x_range": Range1d(start=low[0], end=high[0]),
        "y_range": Range1d(start=low[1], end=high[1]),
    }
    plot = _small("Function", "x\u2081", height=330, **spans)
    plot.contour(across, up, *filled(f, scale), fill_color=shade, line_color=None)
    plot.grid.visible = False
    for sign, dash in ((1, "solid"), (-1, "dashed")):
        lines = np.array(bends(network, low, high, sign, _SHOWN)).reshape(-1, 5)
        look = {"line_width": 0.3 + 1.7 * lines[:, 4], "line_dash": dash, "color": theme.ink, "alpha": 0.6}
        plot.segment(lines[:, 0], lines[:, 1], lines[:, 2], lines[:, 3], **look)
    ends: Any = {"low": scale.edges[0], "high": scale.edges[-1], "low_color": shade[0], "high_color": shade[-1]}
    mapper = LinearColorMapper(palette=shade[1:-1], **ends)
    source = ColumnDataSource({"x": points[:, 0], "y": points[:, 1], "v": values})
    fill: Any = {"field": "v", "transform": mapper}
    plot.scatter("x", "y", source=source, fill_color=fill, line_color=theme.ink, line_width=1.5, size=9)
    bar = ColourBar(theme, height=plot.height)
    bar.show(scale, f)
    plot.width -= bar.figure.width
    return pn.Row(plot, bar.figure, margin=0)


_PROBED: Mapping[str, Callable[[Chosen, Theme], Any]] = {"query": _line, "radius": _radial}
"""The picture of a network whose task has a probe with this coordinate."""


def _legend_above(plot: Any) -> Any:
    """The legend in a line of its own, where no curve runs through it."""
    for legend in plot.legend[:1]:
        legend.update(orientation="horizontal", margin=0, padding=0, spacing=10)
        plot.add_layout(legend, "above")
    return plot


def _small(title: str, x: str, height: int = 250, **options: Any) -> Any:
    return figure(title=title, height=height, width=390, x_axis_label=x, tools="", toolbar_location=None, **options)


def spoken(name: str) -> str:
    """A column's name for people.

    >>> spoken("task_inner_fraction"), spoken("optimizer")
    ('inner fraction', 'optimiser')
    """
    return name.removeprefix("task_").replace("_", " ").replace("optimizer", "optimiser")


def _sorted(values: Any) -> list[Any]:
    return sorted(values, key=(lambda value: value) if values.dtype.kind in "iuf" else str)

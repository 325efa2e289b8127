"""The four plots of the bump's view: profile, measure, certificate, and the norm in all dimensions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, HoverTool, Range1d, Span
from bokeh.plotting import figure

from minnorm.explore.bump.trained import Trained
from minnorm.explore.page.theme import Theme
from minnorm.known import RadialBump
from minnorm.known.radial.table import BERNSTEIN, RadialNorm

_HEIGHT = 285


class BumpPlots:
    """Bokeh figures that follow a bump: `show` moves all of them to another."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._sources: dict[str, ColumnDataSource] = {
            "profile": ColumnDataSource({"r": [], "f": []}),
            "trained": ColumnDataSource({"r": [], "low": [], "mean": [], "high": []}),
            "atoms": ColumnDataSource({"s": [], "mass": [], "phi": [], "colour": []}),
            "tail": ColumnDataSource({"s": [], "density": []}),
            "left": ColumnDataSource({"s": [], "phi": []}),
            "right": ColumnDataSource({"s": [], "phi": []}),
            "norms": ColumnDataSource({"dim": [], "norm": [], "text": [], "lipschitz": []}),
            "current": ColumnDataSource({"dim": [], "norm": [], "text": [], "lipschitz": []}),
        }
        self.profile = self._profile()
        self.measure = self._measure()
        self.certificate = self._certificate()
        self._kind = (False, 1.0)  # log axis or not, and the stretch
        self.norms = self._norms(*self._kind)

    def show(self, bump: RadialBump) -> None:
        """Draw another bump."""
        curves = sample(bump)
        for name in ("profile", "tail", "left", "right"):
            self._sources[name].data = curves[name]
        measure, theme = bump.measure, self._theme
        signs = np.sign(measure.masses)
        self._sources["atoms"].data = {
            "s": measure.atoms,
            "mass": measure.masses,
            "phi": bump.certificate(measure.atoms),
            "colour": [theme.other if sign > 0 else theme.function for sign in signs],
        }
        end = reach(bump)
        for plot, start in ((self.profile, 0.0), (self.measure, -end), (self.certificate, -end)):
            plot.x_range.update(start=start, end=end)
        inner, outer = bump.plateau * bump.scale, bump.outer if bump.dim % 2 == 0 else np.inf
        self._known[0].update(left=0, right=inner)
        self._known[1].update(left=bump.scale, right=min(bump.scale * outer, 100 * end))
        self._silent.update(left=-inner, right=inner)
        tail = "" if measure.tail is None else " (shaded: density outside the ball)"
        self.measure.title.text = f"Optimal measure{tail}"
        heights = measure.masses
        if measure.tail is not None:
            heights = np.append(heights, curves["tail"]["density"])
        low, high = min(heights.min(), 0.0), max(heights.max(), 0.0)
        self.measure.y_range.update(start=low - 0.08 * (high - low), end=high + 0.08 * (high - low))
        self._fit_profile()

    def show_trained(self, trained: Trained | None) -> None:
        """Lay a trained profile over the exact one, or take it away."""
        empty: dict[str, Any] = {"r": [], "low": [], "mean": [], "high": []}
        self._sources["trained"].data = empty if trained is None else trained.columns()
        self.profile.legend.visible = trained is not None
        self._fit_profile()

    def show_norms(self, rows: Sequence[RadialNorm], bump: RadialBump) -> Any:
        """The table of norms, with one dimension marked; a new figure where the kind of the axis changes."""
        kind = (bump.plateau > 0, bump.scale)
        if kind != self._kind:
            self._kind, self.norms = kind, self._norms(*kind)
        for name, part in (("norms", rows), ("current", [row for row in rows if row.dim == bump.dim])):
            self._sources[name].data = {
                "dim": [row.dim for row in part],
                "norm": [row.norm for row in part],
                "text": [row.text(12) for row in part],
                "lipschitz": [row.lipschitz for row in part],
            }
        return self.norms

    def _fit_profile(self) -> None:
        shown = [np.asarray(self._sources["profile"].data["f"]), np.array([0.0, 1.0])]
        end = self.profile.x_range.end or np.inf
        trained = self._sources["trained"].data
        inside = np.asarray(trained["r"]) <= end
        shown += [np.asarray(trained[name])[inside] for name in ("low", "high")]
        values = np.concatenate(shown)
        low, high = np.clip([values.min(), values.max()], -3, 4)
        self.profile.y_range.update(start=low - 0.08 * (high - low), end=high + 0.08 * (high - low))

    def _figure(self, title: str, x: str, y: str, **options: Any) -> Any:
        plot = figure(
            title=title,
            height=_HEIGHT,
            sizing_mode="stretch_width",
            min_width=280,
            x_axis_label=x,
            y_axis_label=y,
            tools="pan,wheel_zoom,box_zoom,reset,save",
            toolbar_location=None,
            **options,
        )
        return plot

    def _shade(self, plot: Any) -> BoxAnnotation:
        """A vertical strip, not seen until it has a width."""
        strip = BoxAnnotation(fill_color=self._theme.faint, fill_alpha=0.18, line_color=None, left=0, right=0)
        plot.add_layout(strip)
        return strip

    def _profile(self) -> Any:
        theme = self._theme
        plot = self._figure("Profile", "r = |x|", "f(x)", x_range=_range(-1, 1), y_range=_range(0, 1))
        self._known = [self._shade(plot) for _ in range(2)]
        trained = self._sources["trained"]
        plot.varea("r", "low", "high", source=trained, fill_color=theme.learned, fill_alpha=0.22)
        line = plot.line("r", "mean", source=trained, color=theme.learned, line_width=2, legend_label="trained")
        look = {"color": theme.function, "line_width": 2.4, "legend_label": "minimum norm"}
        exact = plot.line("r", "f", source=self._sources["profile"], **look)
        plot.legend.location = "top_right"
        plot.legend.visible = False
        plot.add_tools(HoverTool(renderers=[exact], tooltips=[("r", "@r{0.0000}"), ("f*", "@f{0.000000}")]))
        plot.add_tools(HoverTool(renderers=[line], tooltips=[("r", "@r{0.00}"), ("trained", "@mean{0.0000}")]))
        return plot

    def _measure(self) -> Any:
        theme, atoms = self._theme, self._sources["atoms"]
        plot = self._figure("Optimal measure", "s", "mass", x_range=_range(-1, 1), y_range=_range(0, 1))
        colour = theme.band
        plot.varea("s", 0, "density", source=self._sources["tail"], fill_color=colour, fill_alpha=0.45)
        plot.add_layout(Span(location=0, dimension="width", line_color=theme.faint))
        plot.segment("s", 0, "s", "mass", source=atoms, color="colour", line_width=2)
        dots = plot.scatter("s", "mass", source=atoms, color="colour", size=7)
        plot.add_tools(HoverTool(renderers=[dots], tooltips=[("s", "@s{0.000000}"), ("mass", "@mass{0.000000}")]))
        return plot

    def _certificate(self) -> Any:
        theme = self._theme
        plot = self._figure("Certificate", "s", "\u03c6(s)", x_range=_range(-1, 1), y_range=_range(-1.25, 1.25))
        self._silent = self._shade(plot)
        for level in (-1, 1):
            plot.add_layout(Span(location=level, dimension="width", line_color=theme.soft, line_dash=[5, 4]))
        for side in ("left", "right"):
            plot.line("s", "phi", source=self._sources[side], color=theme.ink, line_width=1.6)
        dots = plot.scatter("s", "phi", source=self._sources["atoms"], color="colour", size=7)
        plot.add_tools(HoverTool(renderers=[dots], tooltips=[("s", "@s{0.000000}"), ("\u03c6", "@phi{0.000000}")]))
        return plot

    def _norms(self, log: bool, scale: float) -> Any:
        theme = self._theme
        kind = {"y_axis_type": "log"} if log else {}
        plot = self._figure("Norm in all dimensions", "dimension d", "[f]", **kind)
        if not log:
            x = np.array([1.0, 200.0])
            look = {"color": theme.soft, "line_dash": [5, 4], "line_width": 1.2}
            plot.line(x, 2 * x / BERNSTEIN / scale, legend_label="2 d / 0.28017, the limit of [f] (Bernstein)", **look)
            plot.legend.location = "bottom_right"
        dots = plot.scatter("dim", "norm", source=self._sources["norms"], color=theme.function, size=5)
        mark = plot.scatter(
            "dim",
            "norm",
            source=self._sources["current"],
            size=13,
            line_color=theme.other,
            fill_color=None,
            line_width=2.5,
        )
        for axis in (plot.x_range, plot.y_range):
            axis.renderers = [dots, mark]
        tips = [("d", "@dim"), ("[f]", "@text"), ("Lipschitz", "@lipschitz{0.0000}")]
        plot.add_tools(HoverTool(renderers=[dots, mark], tooltips=tips))
        return plot


def reach(bump: RadialBump) -> float:
    """Up to which distance a bump is shown."""
    if bump.dim % 2 or np.isinf(bump.outer):
        return 1.6 * bump.scale
    return bump.scale * float(np.clip(1.15 * bump.outer, 1.5, 3.5))


def sample(bump: RadialBump) -> dict[str, dict[str, Any]]:
    """The curves of a bump, sampled: profile, tail of the measure, both sides of the certificate."""
    end, scale, inner = reach(bump), bump.scale, bump.plateau * bump.scale
    count = 161 if bump.norm > 1e4 and bump.dim % 2 == 0 else 481
    r = np.union1d(np.linspace(0, end, count), [inner, scale])
    tail = bump.measure.tail
    density = {"s": np.zeros(0), "density": np.zeros(0)}
    if tail is not None:
        out = scale * np.linspace(1, end / scale, 301)[1:]
        # The density is infinite at the ball's edge: it is shown up to the height of the largest atom.
        largest = float(np.max(np.abs(bump.measure.masses)))
        height = np.clip(tail.density(out), -largest, largest)
        density = {
            "s": np.concatenate([-out[::-1], [-scale, scale], out]),
            "density": np.concatenate([height[::-1], [0.0, 0.0], height]),
        }
    # The error curve turns ever faster towards the edge of the ball: angles are equally spaced.
    angle = np.linspace(0, np.pi / 2, count)
    s = np.unique(
        np.concatenate([inner + (scale - inner) * np.sin(angle), bump.certificate.atoms[bump.certificate.atoms >= 0]])
    )
    if tail is not None:
        s = np.append(s, end)
    phi = bump.certificate(s)
    return {
        "profile": {"r": r, "f": bump.profile(r)},
        "tail": density,
        "left": {"s": -s, "phi": phi},
        "right": {"s": s, "phi": phi},
    }


def _range(start: float, end: float) -> Range1d:
    return Range1d(start=start, end=end)

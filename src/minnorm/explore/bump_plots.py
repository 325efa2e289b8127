"""The four plots of the bump's view: profile, measure, certificate, and the norm in all dimensions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, HoverTool, Range1d, Span
from bokeh.plotting import figure

from minnorm.explore.bump_trained import Trained
from minnorm.explore.theme import Theme
from minnorm.known import RadialBump
from minnorm.known.radial_table import BERNSTEIN, RadialNorm

_HEIGHT = 265


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
        self.norms = self._norms(log=False)

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
        for plot in (self.profile, self.measure, self.certificate):
            plateau, inside = plot.select({"type": BoxAnnotation})[:2]
            plateau.update(left=-bump.plateau * bump.scale, right=bump.plateau * bump.scale)
            known = bump.scale * (bump.outer if bump.dim % 2 == 0 else np.inf)
            inside.update(left=bump.scale, right=min(known, 100 * end))
        heights = measure.masses
        if measure.tail is not None:
            heights = np.append(heights, curves["tail"]["density"])
        low, high = min(heights.min(), 0.0), max(heights.max(), 0.0)
        self.measure.y_range.update(start=low - 0.08 * (high - low), end=high + 0.08 * (high - low))
        self._fit_profile()

    def show_trained(self, trained: Trained | None) -> None:
        """Lay a trained profile over the exact one, or take it away."""
        empty = {"r": [], "low": [], "mean": [], "high": []}
        self._sources["trained"].data = empty if trained is None else trained.columns()
        self._fit_profile()

    def show_norms(self, rows: Sequence[RadialNorm], dim: int, *, log: bool) -> Any:
        """The table of norms, with one dimension marked; a new figure where the kind of the axis changes."""
        if log != (self.norms.tags == ["log"]):
            self.norms = self._norms(log=log)
        for name, part in (("norms", rows), ("current", [row for row in rows if row.dim == dim])):
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

    def _known(self, plot: Any) -> None:
        """Shade where the target is known."""
        for _ in range(2):
            plot.add_layout(
                BoxAnnotation(fill_color=self._theme.faint, fill_alpha=0.16, line_color=None, left=0, right=0)
            )

    def _profile(self) -> Any:
        theme = self._theme
        plot = self._figure("Profile (shaded: where the target is known)", "r = |x|", "f(x)", **_ranges())
        self._known(plot)
        trained = self._sources["trained"]
        plot.varea("r", "low", "high", source=trained, fill_color=theme.learned, fill_alpha=0.22)
        line = plot.line("r", "mean", source=trained, color=theme.learned, line_width=2)
        exact = plot.line("r", "f", source=self._sources["profile"], color=theme.function, line_width=2.4)
        plot.add_tools(HoverTool(renderers=[exact], tooltips=[("r", "@r{0.0000}"), ("f*", "@f{0.000000}")]))
        plot.add_tools(HoverTool(renderers=[line], tooltips=[("r", "@r{0.00}"), ("trained", "@mean{0.0000}")]))
        return plot

    def _measure(self) -> Any:
        theme, atoms = self._theme, self._sources["atoms"]
        plot = self._figure("Optimal measure: atoms, and density outside the ball", "s", "mass", **_ranges())
        self._known(plot)
        colour = theme.band
        plot.varea("s", 0, "density", source=self._sources["tail"], fill_color=colour, fill_alpha=0.45)
        plot.add_layout(Span(location=0, dimension="width", line_color=theme.faint))
        plot.segment("s", 0, "s", "mass", source=atoms, color="colour", line_width=2)
        dots = plot.scatter("s", "mass", source=atoms, color="colour", size=7)
        plot.add_tools(HoverTool(renderers=[dots], tooltips=[("s", "@s{0.000000}"), ("mass", "@mass{0.000000}")]))
        return plot

    def _certificate(self) -> Any:
        theme = self._theme
        plot = self._figure("Certificate: touches \u00b11 at every atom", "s", "\u03c6(s)", **_ranges(-1.25, 1.25))
        self._known(plot)
        for level in (-1, 1):
            plot.add_layout(Span(location=level, dimension="width", line_color=theme.soft, line_dash=[5, 4]))
        for side in ("left", "right"):
            plot.line("s", "phi", source=self._sources[side], color=theme.ink, line_width=1.6)
        dots = plot.scatter("s", "phi", source=self._sources["atoms"], color="colour", size=7)
        plot.add_tools(HoverTool(renderers=[dots], tooltips=[("s", "@s{0.000000}"), ("\u03c6", "@phi{0.000000}")]))
        return plot

    def _norms(self, *, log: bool) -> Any:
        theme = self._theme
        kind = {"y_axis_type": "log"} if log else {}
        plot = self._figure("Norm in every dimension", "dimension d", "[f]", **kind)
        plot.tags = ["log"] if log else []
        if not log:
            x = np.array([1.0, 200.0])
            plot.line(x, 2 * x / BERNSTEIN, color=theme.soft, line_dash=[5, 4], line_width=1.2)
            plot.y_range.renderers = []
            plot.x_range.renderers = []
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


def sample(bump: RadialBump) -> dict[str, dict[str, np.ndarray]]:
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
        nan = [np.nan]
        density = {
            "s": np.concatenate([-out[::-1], nan, out]),
            "density": np.concatenate([height[::-1], nan, height]),
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


def _ranges(low: float = 0.0, high: float = 1.0) -> dict[str, Any]:
    return {"x_range": Range1d(-1, 1), "y_range": Range1d(low, high)}

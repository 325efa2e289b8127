"""Atlas: all networks of a study's store as points on chosen axes; a click shows the network and how it got there."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import param
from matplotlib.figure import Figure

from minnorm import plot
from minnorm.explore.atlas.plots import picture, scatter, spoken, trajectories, visible
from minnorm.explore.atlas.rows import Chosen, Rows, load_network, load_rows, text
from minnorm.explore.page.background import Background
from minnorm.explore.page.beside import beside, drawer, stacked
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.sentence import sentence
from minnorm.explore.page.state import State
from minnorm.explore.page.view import Visit
from minnorm.network import ShallowReLU

_POINTS = "Each point is a network of the study; click one to see its function and how it got there."
_ANY = "any"
_AXES = ("x", "y", "colour", "log_x", "log_y")
_FIRST = {  # what is shown first, of what there is
    "x": ("l2_unknown", "training_loss", "objective", "learning_rate"),
    "y": ("norm_ratio", "path_norm"),
    "colour": ("optimizer", "initial", "weight_decay", "learning_rate"),
}
_STYLE = """
.how { max-width: 44rem; font-size: 15px; line-height: 1.5; color: var(--ink); }
.how pre { background: var(--surface); padding: 0.7rem 1rem; border-radius: 6px; overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; color: var(--ink); font-variant-numeric: tabular-nums; }
.two { columns: 3 15rem; column-gap: 2rem; }
dl { margin: 0; font-size: 13px; color: var(--ink); }
dl div { display: flex; justify-content: space-between; gap: 1rem; break-inside: avoid; padding: 1px 0;
  border-bottom: 1px solid color-mix(in srgb, var(--faint) 40%, transparent); }
dt { color: var(--soft); } dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 0.3rem; color: var(--ink); }
"""
_HOW = """<div class="how"><h2>The atlas shows the networks of a study, and there is none here</h2>
<p>A study trains a whole grid of networks and compares each with the exact interpolant. Write what it is to train
into a file, run it, and give the directory to this page:</p>
<pre tabindex="0">cat &gt; bias.toml &lt;&lt;'END'
name = "first atlas"
[task]
kind = "line"
x = [-1.0, -0.4, 0.3, 1.0]
y = [0.0, 1.0, 0.2, 0.8]
[train]
width = 100
steps = 5000
[grid]
optimizer = ["gd", "momentum", "adam"]
learning_rate = [0.001, 0.01]
weight_decay = [0.0, 0.001]
seed = 8
END
minnorm study run bias.toml --out first-atlas
minnorm explore first-atlas</pre>
<p><code>minnorm study run --help</code> says more; a study may be looked at while it runs.</p></div>"""


class AtlasState(State):
    """Axes, colour, filters, and the network that is shown."""

    x = param.String("", label="Across")
    y = param.String("", label="Up")
    colour = param.String("", label="Colour")
    log_x = param.Boolean(True, label="Logarithmic across")
    log_y = param.Boolean(True, label="Logarithmic up")
    only = param.String("", label="Only these, as name=value;name=value")
    network = param.String("", label="Shard and row of the network that is shown")


class _Pick(State):
    """Which network is shown, for the keyboard."""

    number = param.Integer(0, bounds=(0, None), label="Network number", doc="Of those in the plot, in their order.")


class AtlasView:
    """A scatter plot of all networks beside the one that was clicked."""

    state_type = AtlasState
    drawers = ("Axes and filters",)
    hint = (
        "Each point is a network of the study. Choose what is on the axes and click a point: its function and how "
        "it got there are shown beside it."
    )

    def __init__(self, visit: Visit) -> None:
        self.state: AtlasState = visit.state
        self._visit = visit
        self._rows: Rows | None = None
        self._frame = pd.DataFrame()
        self._chosen: Chosen | None = None
        self._marked: Any = None
        self._quiet = False
        self._pick = _Pick()
        self._loading, self._reading = Background(visit.later), Background(visit.later)
        self._readout = Readout()
        self._controls = drawer(0, width=270, margin=(0, 20, 0, 0))
        self._scatter = pn.Column(sizing_mode="stretch_width", margin=0)
        self._detail = pn.Column(width=400, margin=0)
        self._settings = pn.pane.HTML("", sizing_mode="stretch_width", stylesheets=[_STYLE])
        if visit.store is not None:
            self.state.param.watch(lambda *_: self._draw(), [*_AXES, "only"])
            self.state.param.watch(lambda *_: self._read(), "network")
            self.state.param.watch(lambda *_: self._follow_filters(), "only")
            self._pick.param.watch(lambda event: self._picked(event.new - 1), "number")
            self._load()

    def panel(self) -> Any:
        """Controls, the plot, and the network that was clicked; or how to make a study."""
        if self._visit.store is None:
            return pn.pane.HTML(_HOW, stylesheets=[_STYLE], sizing_mode="stretch_width")
        scatter = stacked(self._scatter, sentence(_POINTS, "seed", "target"), sizing_mode="stretch_width")
        middle = beside(scatter, self._detail)
        return beside(self._controls, stacked(self._readout, middle, self._settings, sizing_mode="stretch_width"))

    def figure(self) -> Figure:
        """The points, and, if one is shown, its network and its path norm."""
        self._there()
        state, chosen = self.state, self._chosen
        figure = plot.new_figure(4.6 if chosen is None else 8.6, 3.8)
        panels = np.atleast_1d(figure.subplots(1, 1 if chosen is None else 2))
        self._draw_points(panels[0])
        if chosen is not None and chosen.network is not None:
            _draw_network(panels[1], chosen.network, chosen)
        panels[0].set(xlabel=spoken(state.x), ylabel=spoken(state.y))
        return figure

    def table(self) -> pd.DataFrame:
        """The networks in the plot."""
        self._there()
        return self._frame.drop(columns=["row"])

    def code(self) -> str:
        """The network that is shown, or how many there are."""
        store = self._visit.store
        if store is None:
            return "# minnorm study run FILE --out DIRECTORY\n# minnorm explore DIRECTORY"
        lines = ["import minnorm as mn", "", f"stores = mn.study.stores({str(store)!r})"]
        if not self.state.network:
            return "\n".join([*lines, "print(sum(len(mn.study.table(store)) for store in stores))"])
        shard, row = _split(self.state.network)
        measure = self.state.y or "path_norm"
        return "\n".join(
            [
                *lines,
                "for store in stores:",
                "    networks = mn.study.table(store)",
                f'    shard = networks[networks["shard"] == {shard!r}]',
                "    if len(shard):",
                f"        print(shard.iloc[{row}][{measure!r}])",
            ]
        )

    def close(self) -> None:
        """Nothing more is wanted."""
        self._loading.stop()
        self._reading.stop()

    # The table.

    def _load(self) -> None:
        store = self._visit.store
        assert store is not None
        self._readout.tell([("networks", "\u2026")], "Reading the study.")
        self._loading.run(lambda _: load_rows(store), self._loaded, self._failed)

    def _failed(self, message: str) -> None:
        self._readout.tell([("networks", "0")])
        self._visit.say(message)

    def _loaded(self, rows: Rows) -> None:
        self._rows = None  # so that nothing is drawn before all is chosen
        state, axes, colours = self.state, rows.axes, rows.colours
        if not axes or not colours:
            self._failed("all networks of this store are the same; run a study with more of them")
            return
        self._fall_back("x", axes)
        self._fall_back("y", axes)
        self._fall_back("colour", colours)
        self._rows = rows
        say = self._visit.say
        choices = {"x": _labels(axes), "y": _labels(axes), "colour": _labels(colours)}
        self._filters = _filters(rows, _only(state.only))
        reload = pn.widgets.Button(name="Read the study again", margin=(6, 0))
        reload.on_click(lambda _: self._load())
        forms = [Controls.of(state, _AXES, say=say, choices=choices, title="Axes"), pn.Spacer(height=14)]
        if rows.filters:
            forms += [Controls.of(self._filters, list(rows.filters), say=say, title="Only"), pn.Spacer(height=14)]
        forms += [Controls.of(self._pick, ["number"], say=say, title="Shown"), reload]
        self._controls.objects = forms
        self._filters.param.watch(lambda *_: self._filter(), list(rows.filters) or ["name"])
        self._draw()
        self._read()

    def _fall_back(self, name: str, there: list[str]) -> None:
        """Take what there is for an axis that is not chosen, or not there."""
        wanted = getattr(self.state, name)
        if wanted not in there:
            if wanted:
                self._visit.say(f"{name} is {wanted!r}, which these studies do not have; another one is shown")
            taken = self.state.x if name == "y" else ""
            first = [one for one in (*_FIRST[name], *there) if one in there and one != taken]
            setattr(self.state, name, first[0] if first else there[0])

    def _follow_filters(self) -> None:
        """The controls show what is chosen, whoever chose it."""
        if self._rows is not None:
            only = _only(self.state.only)
            self._filters.param.update({name: only.get(name, _ANY) for name in self._rows.filters})

    def _filter(self) -> None:
        values = self._filters.param.values()
        self.state.only = ";".join(f"{k}={v}" for k, v in values.items() if k != "name" and v != _ANY)

    def _draw(self) -> None:
        rows, state = self._rows, self.state
        if rows is None:
            return
        chosen = rows.chosen(_only(state.only))
        logs = {"log_x": state.log_x, "log_y": state.log_y}
        self._frame = visible(chosen, state.x, state.y, **logs).reset_index(drop=True)
        figure, self._marked = scatter(
            self._frame, state.x, state.y, state.colour, self._visit.theme, pick=self._picked, **logs
        )
        self._mark()  # before the figure is in the page, which then is sent one whole
        self._scatter.objects = [pn.pane.Bokeh(figure, sizing_mode="stretch_width")]
        self._say(chosen)

    def _say(self, chosen: pd.DataFrame) -> None:
        assert self._rows is not None
        hidden = len(chosen) - len(self._frame)
        diverged = np.count_nonzero(chosen["diverged"]) if "diverged" in chosen else 0
        self._readout.tell(
            [
                ("networks shown", f"{len(self._frame):,}"),
                ("of", f"{len(self._rows.frame):,}"),
                ("studies", f"{len(self._rows.stores)}"),
                ("not finite or not positive", f"{hidden:,}"),
                ("diverged", f"{diverged:,}"),
            ],
            "" if self.state.network else "Click a point to see its network.",
        )

    # The network that is shown.

    def _picked(self, place: int) -> None:
        """A point was clicked, or its number entered."""
        if self._quiet or place < 0:
            return
        if place >= len(self._frame):
            self._visit.say(f"number is {place + 1}, but {len(self._frame)} networks are in the plot")
            return
        row = self._frame.iloc[place]
        self.state.network = f"{row['shard']}:{row['row']}"

    def _read(self) -> None:
        """Load the network of the state, beside the session."""
        rows, wanted = self._rows, self.state.network
        if rows is None or not wanted:
            return
        try:
            shard, number = _split(wanted)
            found: Any = rows.frame[(rows.frame["shard"] == shard) & (rows.frame["row"] == number)]
            if len(found) == 0:
                raise ValueError(f"network is {wanted!r}, which these studies do not have; click another one")
        except ValueError as error:
            self._visit.say(str(error))
            return
        row = found.iloc[0].to_dict()
        self._say(rows.chosen(_only(self.state.only)))
        self._mark()
        self._reading.run(lambda _: load_network(rows, row), self._show, self._visit.say)

    def _mark(self) -> None:
        """The ring around the network in the plot, and its number."""
        place = self._place()
        row = None if place is None else self._frame.iloc[place]
        x, y = ([], []) if row is None else ([float(row[self.state.x])], [float(row[self.state.y])])
        self._marked.data = {"x": x, "y": y}
        self._quiet = True
        self._pick.number = 0 if place is None else place + 1
        self._quiet = False

    def _place(self) -> int | None:
        if not self.state.network:
            return None
        try:
            shard, number = _split(self.state.network)
        except ValueError:
            return None
        frame: Any = self._frame
        found = np.flatnonzero((frame["shard"] == shard) & (frame["row"] == number))
        return int(found[0]) if found.size else None

    def _show(self, chosen: Chosen) -> None:
        self._chosen = chosen
        theme = self._visit.theme
        drawn = picture(chosen, theme)
        if drawn is None:
            dim = chosen.data.points.shape[1]
            reason = "It diverged." if chosen.network is None else f"A function of {dim} variables has no picture here."
            drawn = pn.pane.HTML(f"<p>{reason}</p>", styles={"color": "var(--soft)"})
        self._detail.objects = [drawn, *trajectories(chosen, theme)]
        self._settings.object = _described(chosen.row)

    # In print.

    def _draw_points(self, axes: Any) -> None:
        state, frame = self.state, self._frame
        column: Any = frame[state.colour]
        values = column.map(text)
        names = list(dict.fromkeys(values.tolist()))
        palette = plot.palette(axes)
        if column.dtype.kind == "f" and len(names) > 12:
            points = axes.scatter(frame[state.x], frame[state.y], c=column, cmap="cividis", s=6, linewidths=0)
            axes.figure.colorbar(points, ax=axes, label=spoken(state.colour))
        else:
            for k, name in enumerate(names):
                part = frame[values == name]
                look = {"color": palette.series[k % len(palette.series)], "marker": "o^sDv*"[k // 6 % 6]}
                axes.plot(part[state.x], part[state.y], linestyle="none", markersize=2.5, label=name, **look)
            axes.legend(title=spoken(state.colour), ncols=1 + len(names) // 9)
        place = self._place()
        if place is not None:
            row = frame.iloc[place]
            axes.plot(row[state.x], row[state.y], "o", color=palette.ink, fillstyle="none", markersize=8)
        axes.set(xscale="log" if state.log_x else "linear", yscale="log" if state.log_y else "linear")

    def _there(self) -> None:
        if self._rows is None:
            raise ValueError("no study is shown; give its directory: minnorm explore DIRECTORY")


def _draw_network(axes: Any, network: ShallowReLU, chosen: Chosen) -> None:
    data = chosen.data
    target = chosen.target
    if target is not None and target.bump is not None:
        plot.plot_radial(target.bump, others={"network": network}, ax=axes)
    elif data.points.shape[1] == 1:
        others = {} if target is None else {"minimum norm": target.function}
        plot.plot_line(data.points, data.values, network, others=others, ax=axes)
    elif data.points.shape[1] == 2:
        plot.plot_plane(data.points, data.values, network, ax=axes)
    else:
        axes.plot(chosen.runs["step"], chosen.runs["path_norm"])
        axes.set(xlabel="steps", ylabel="path norm", xscale="symlog", yscale="log")


def _described(row: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in row.items() if not (isinstance(value, float) and np.isnan(value))}
    entries = "".join(
        f"<div><dt>{escape(spoken(name))}</dt><dd>{escape(text(value))}</dd></div>"
        for name, value in shown.items()
        if name not in ("row",)
    )
    return f'<h2>Settings and measures of this network</h2><dl class="two">{entries}</dl>'


def _filters(rows: Rows, only: Mapping[str, str]) -> State:
    """A state with a choice for each setting that varies."""
    parameters = {
        name: param.Selector(
            default=only[name] if only.get(name) in values else _ANY,
            objects=[_ANY, *values],
            label=spoken(name),
        )
        for name, values in rows.filters.items()
    }
    return type("Filters", (State,), parameters)()


def _labels(names: list[str]) -> dict[str, str]:
    labels = {name: spoken(name) for name in names}
    return {label: name for name, label in labels.items()}


def _only(only: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in only.split(";") if "=" in part)


def _split(network: str) -> tuple[str, int]:
    shard, _, row = network.partition(":")
    if not row.isdecimal():
        raise ValueError(f"network is {network!r}; give SHARD:ROW, as a click does")
    return shard, int(row)

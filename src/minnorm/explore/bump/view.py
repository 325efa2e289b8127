"""Bump: the minimum-norm function that is 1 at the origin or on a plateau and 0 outside a ball, in any dimension."""

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import param
from matplotlib.figure import Figure

from minnorm import plot
from minnorm.explore.bump.plots import BumpPlots, reach
from minnorm.explore.bump.trained import Trained, stored_profiles, train_profile
from minnorm.explore.page.background import Background, Stopping, training
from minnorm.explore.page.beside import beside, drawer, grid, stacked
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.examples import examples
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.sentence import sentence
from minnorm.explore.page.state import State
from minnorm.explore.page.view import Visit
from minnorm.known import RadialBump, radial_bump, radial_norms
from minnorm.known.radial.table import RadialNorm
from minnorm.measure import RadialProfile
from minnorm.training.choice import Choice
from minnorm.training.follow import Recipe

_PROFILE = "The value at distance r from the centre: 1 on the plateau, 0 from the edge of the ball on (shaded: known)."
_NORMS = "The least norm in every dimension; the ring is the one that is shown."
_MEASURE = "How much weight neurons with their knot at distance s from the centre have, up (orange) or down (blue)."
_CERTIFICATE = "This curve stays within \u00b11: no network has a smaller norm, and atoms sit where it touches."
EXAMPLES: dict[str, dict[str, Any]] = {
    "a hat, d = 1": {"dim": 1},
    "norm 16, d = 3": {"dim": 3},
    "a measure with a tail, d = 2": {"dim": 2},
    "zero on a shell only, d = 2": {"dim": 2, "outer": 1.5},
    "a plateau of half the radius, d = 5": {"dim": 5, "plateau": 0.5},
    "d = 31": {"dim": 31},
}
_MOST = 64
_TABLE = 33  # dimensions of the plot of norms; more, where the bump itself has more
_WIDTH = 300
_NONE, _LIVE = "none", "trained here"
_OUTER = {"\u221e": math.inf, "1.1": 1.1, "1.5": 1.5, "2": 2.0, "3": 3.0}
_DIGITS = {"double": 0, "16": 16, "30": 30, "60": 60}
_OPTIMIZERS = ("adam", "adamw", "sgd", "momentum", "gd")
_SHAPE = ("dim", "plateau", "stretch", "outer", "digits")
_TRAINING = ("optimizer", "learning_rate", "weight_decay", "steps")


class BumpState(State):
    """The bump, what to train, and what to lay over it."""

    dim = param.Integer(5, bounds=(1, _MOST), softbounds=(1, 40), label="Dimension d")
    plateau = param.Number(0.0, bounds=(0.0, 0.95), softbounds=(0.0, 0.9), step=0.01, label="Plateau, f = 1")
    stretch = param.Number(1.0, bounds=(0.1, 10.0), softbounds=(0.25, 4.0), label="Stretch, f(x / s)")
    outer = param.Number(
        math.inf, bounds=(1.001, None), label="Zero up to", doc="In units of the radius; it matters in even dimension."
    )
    digits = param.Integer(0, bounds=(0, 250), label="Digits", doc="Odd dimensions with a long plateau need more.")
    optimizer = param.Selector(default="adam", objects=list(_OPTIMIZERS), label="Optimiser")
    learning_rate = param.Number(1e-3, bounds=(1e-6, 10.0), softbounds=(1e-4, 1.0), label="Learning rate")
    weight_decay = param.Number(0.0, bounds=(0.0, 1.0), softbounds=(1e-6, 1e-1), label="Weight decay")
    steps = param.Integer(4000, bounds=(1, 100_000), step=1000, label="Steps")
    overlay = param.String(_NONE, label="Overlay")


class BumpView:
    """Profile, measure and certificate of a bump, its norm among those of all dimensions, and trained profiles."""

    state_type = BumpState
    drawers = ("Bump and training",)
    hint = (
        "Choose a dimension and a plateau: what is the least norm of a function that is 1 there and 0 outside a "
        "ball? Press Train a network to see what an optimiser finds instead."
    )

    def __init__(self, visit: Visit) -> None:
        self.state: BumpState = visit.state
        self._visit = visit
        self._plots = BumpPlots(visit.theme)
        self._readout = Readout()
        self._work, self._table, self._training = (Background(visit.later) for _ in range(3))
        self._norms_pane = pn.pane.Bokeh(self._plots.norms, sizing_mode="stretch_width")
        self._trained: Trained | None = None
        self._live: Trained | None = None
        self._bump = self._first()
        self._start = pn.widgets.Button(name="Train a network", button_type="primary", margin=(6, 8, 6, 0))
        self._stop = pn.widgets.Button(name="Stop", disabled=True, margin=(6, 0))
        self._bar = pn.pane.HTML("", styles={"color": "var(--soft)", "font-size": "13px"}, height=20)
        self._overlays = pn.Column(sizing_mode="stretch_width", margin=0)
        self._stored: dict[str, Any] = {}
        self._offered: list[str] = []
        self._show(self._bump)
        self.state.param.watch(self._change, _SHAPE)
        self.state.param.watch(lambda _: self._lay_over(), "overlay")

    def panel(self) -> Any:
        """Controls beside four plots."""
        state, say = self.state, self._visit.say
        choices = {"outer": _choices(_OUTER, state.outer), "digits": _choices(_DIGITS, state.digits)}
        self._start.on_click(lambda _: self._train())
        self._stop.on_click(lambda _: self._halt())
        controls = drawer(
            0,
            examples(state, EXAMPLES, _SHAPE, say=say),
            Controls.of(state, _SHAPE, say=say, log=["stretch"], choices=choices, title="Bump"),
            pn.Spacer(height=14),
            Controls.of(state, _TRAINING, say=say, log=["learning_rate", "weight_decay"], title="Trained networks"),
            pn.Row(self._start, self._stop),
            self._bar,
            self._overlays,
            width=270,
            margin=(0, 20, 0, 0),
        )
        plots = grid(
            stacked(self._plots.profile, sentence(_PROFILE, "plateau"), sizing_mode="stretch_width"),
            stacked(self._norms_pane, sentence(_NORMS, "variation norm"), sizing_mode="stretch_width"),
            stacked(self._plots.measure, sentence(_MEASURE, "atom", "tail"), sizing_mode="stretch_width"),
            stacked(self._plots.certificate, sentence(_CERTIFICATE, "equioscillation"), sizing_mode="stretch_width"),
            across=2,
        )
        return beside(controls, stacked(self._readout, plots, sizing_mode="stretch_width"))

    def figure(self) -> Figure:
        """Profile, with the trained one over it, measure and certificate."""
        figure = plot.new_figure(6.4, 6.4)
        top, middle, bottom = figure.subplots(3, 1, height_ratios=[3, 2, 2])
        plot.plot_radial(self._bump, others=_others(self._trained), ax=top)
        plot.plot_radial_measure(self._bump, ax=middle)
        plot.plot_radial_certificate(self._bump, ax=bottom)
        return figure

    def table(self) -> pd.DataFrame:
        """The profile, and the trained one if there is one."""
        r = np.linspace(0, reach(self._bump), 321)
        columns = {"r": r, "exact": self._bump.profile(r)}
        trained = self._trained
        if trained is not None:
            for name, part in (("trained", trained.mean), ("trained_low", trained.low), ("trained_high", trained.high)):
                columns[name] = np.interp(r, trained.radii, part, right=np.nan)
        return pd.DataFrame(columns)

    def code(self) -> str:
        """The norm."""
        state = self.state
        options = "" if state.plateau == 0 else f", plateau={state.plateau!r}"
        options += "" if math.isinf(state.outer) or state.dim % 2 else f", outer={state.outer!r}"
        options += "" if state.digits == 0 else f", digits={state.digits}"
        stretched = "" if state.stretch == 1 else f".stretch({state.stretch!r})"
        return "\n".join(
            [
                "import minnorm as mn",
                "",
                f"bump = mn.known.radial_bump({state.dim}{options}){stretched}",
                "print(bump.norm)",
            ]
        )

    def close(self) -> None:
        """Nothing more is wanted."""
        for work in (self._work, self._table, self._training):
            work.stop()

    # The exact bump.

    def _first(self) -> RadialBump:
        """The bump of the URL, or, where there is none, that of the defaults, with a message."""
        try:
            return _made(self.state)
        except ValueError as error:
            self._visit.say(_advice(error))
            return _made(BumpState())

    def _change(self, *_: Any) -> None:
        state = BumpState(**{name: getattr(self.state, name) for name in _SHAPE})

        def done(bump: RadialBump) -> None:
            self._visit.say("")
            self._show(bump)

        self._work.run(lambda _: _made(state), done, lambda message: self._visit.say(_advice(message)))

    def _show(self, bump: RadialBump) -> None:
        if (bump.dim, bump.plateau, bump.scale) != (self._bump.dim, self._bump.plateau, self._bump.scale):
            self._halt()
            self._live = None
        self._bump = bump
        self._plots.show(bump)
        self._offer()
        self._tabulate()

    def _say(self) -> None:
        bump = self._bump
        low, high = bump.norm_bounds
        norm = RadialNorm(bump.dim, bump.norm, (low, high), bump.lipschitz)
        rows = [
            ("norm [f]", norm.text(12)),
            ("proven bounds", f"{low!r} \u2026 {high!r}"),
            ("Lipschitz constant", f"{bump.lipschitz:.6g}"),
            ("[f] / d", f"{bump.norm / bump.dim:.6g}"),
            ("atoms", str(bump.measure.atoms.size)),
        ]
        if bump.measure.tail is not None:
            rows.append(("tail mass", f"{bump.measure.tail.mass:.4g}"))
        trained = self._trained
        self._readout.tell(rows, "" if trained is None else f"{trained.name}: {trained.note}")

    def _tabulate(self) -> None:
        """Norms in all dimensions, as they are found."""
        bump, digits = self._bump, self.state.digits

        def shown(rows: list[RadialNorm]) -> None:
            self._norms_pane.object = self._plots.show_norms(_scaled(rows, bump.scale), bump)

        def task(stopped: Stopping) -> list[RadialNorm]:
            rows: list[RadialNorm] = []
            for dim in range(1, max(_TABLE, bump.dim + 2)):
                if stopped():
                    return rows
                try:
                    rows.append(_norm(dim, bump.plateau, bump.outer if dim % 2 == 0 else math.inf, digits))
                except ValueError:
                    continue  # double precision ends here, in odd dimensions
                if dim % 4 == 0:
                    self._visit.later(lambda part=tuple(rows): None if stopped() else shown(list(part)))
            return rows

        self._table.run(task, shown, self._visit.say)

    # Trained profiles.

    def _offer(self) -> None:
        """What can be laid over the bump; what is no more, is not."""
        bump = self._bump
        try:
            self._stored = stored_profiles(self._visit.store, bump.dim, bump.plateau)
        except ValueError:
            self._stored = {}
        names = [_NONE, *([_LIVE] if self._live is not None else []), *self._stored]
        if self.state.overlay not in names:
            self.state.overlay = _NONE
        if names != self._offered:
            self._offered = names
            choices = {"overlay": {name: name for name in names}}
            form = Controls.of(self.state, ["overlay"], say=self._visit.say, choices=choices)
            self._overlays.objects = [form] if len(names) > 1 else []
        self._lay_over()

    def _lay_over(self) -> None:
        name, stored = self.state.overlay, self._stored
        try:
            self._trained = stored[name]() if name in stored else self._live if name == _LIVE else None
        except ValueError as error:
            self._visit.say(str(error))
            return
        self._plots.show_trained(self._trained)
        self._say()

    def _train(self) -> None:
        state, bump = self.state, self._bump
        self._start.disabled, self._stop.disabled = True, False
        self._bar.object = "compiling"
        chosen = Choice.of(optimizer=state.optimizer, width=_WIDTH, steps=state.steps)
        recipe = Recipe(chosen, state.learning_rate, state.weight_decay)

        def show(found: Trained) -> None:
            self._visit.later(partial(self._show_live, found, bump))

        def task(stopped: Stopping) -> Trained:
            with training():
                return train_profile(bump, 2.5 * bump.scale, recipe, show=show, stopped=stopped)

        def done(found: Trained) -> None:
            self._show_live(found, bump)
            self._halt()

        def failed(message: str) -> None:
            self._halt()
            self._visit.say(message)

        self._training.run(task, done, failed)

    def _show_live(self, found: Trained, bump: RadialBump) -> None:
        if self._bump is bump:
            self._live = found
            self._bar.object = "training"
            self.state.overlay = _LIVE
            self._offer()

    def _halt(self) -> None:
        self._training.stop()
        self._start.disabled, self._stop.disabled = False, True
        self._bar.object = ""


def _choices(options: dict[str, Any], value: Any) -> dict[str, Any]:
    """With the value of the URL among them."""
    return options if value in options.values() else {**options, f"{value:g}": value}


def _made(state: BumpState) -> RadialBump:
    outer = state.outer if state.dim % 2 == 0 else math.inf
    return _bump(state.dim, state.plateau, outer, state.digits).stretch(state.stretch)


@lru_cache(maxsize=256)
def _bump(dim: int, plateau: float, outer: float, digits: int) -> RadialBump:
    return radial_bump(dim, plateau, outer, digits=digits or None)


@lru_cache(maxsize=1024)
def _norm(dim: int, plateau: float, outer: float, digits: int) -> RadialNorm:
    (row,) = radial_norms([dim], plateau, outer, digits=digits or None)
    return row


def _scaled(rows: list[RadialNorm], scale: float) -> list[RadialNorm]:
    if scale == 1:
        return rows
    return [
        RadialNorm(
            row.dim,
            row.norm / scale,
            (math.nextafter(row.bounds[0] / scale, 0.0), math.nextafter(row.bounds[1] / scale, math.inf)),
            row.lipschitz / scale,
        )
        for row in rows
    ]


def _others(trained: Trained | None) -> dict[str, Any]:
    if trained is None:
        return {}
    return {trained.name: RadialProfile(trained.radii, trained.mean, 0.5 * (trained.high - trained.low))}


def _advice(error: ValueError | str) -> str:
    return f"{error} The last bump that could be computed is still shown."

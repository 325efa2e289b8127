"""Line: points that can be dragged, their global minimiser with its certificate, and a network trained beside it."""

import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import panel as pn
import param
from matplotlib.figure import Figure

from minnorm import plot
from minnorm.explore.line.answer import Answer, answer
from minnorm.explore.line.plots import LinePlots
from minnorm.explore.line.presets import EXAMPLES
from minnorm.explore.page.beside import beside, drawer, stacked, tall
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.examples import examples
from minnorm.explore.page.points import PointsTable
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.sentence import sentence
from minnorm.explore.page.state import Numbers
from minnorm.explore.page.upload import Upload
from minnorm.explore.page.view import Visit
from minnorm.explore.run.run import Run, TrainingState
from minnorm.explore.run.standing import Target
from minnorm.objective.norm import Bias, PathNorm, Skip
from minnorm.table import Table
from minnorm.training.follow import Frame

MOST_POINTS = 1000
_FUNCTION = (
    "The blue line is the network of least norm; in the band are all others of that norm, and dashed is one with the "
    "fewest knots."
)
_CERTIFICATE = (
    "This curve stays within \u00b11, which proves the lower bound; neurons sit where it touches. Point at one to see "
    "it and its knot in both plots."
)
_DIGITS = 3  # of the visible range, to which a dragged point is rounded
_PROBLEM = ("x", "y", "lam", "bias", "skip")


class LineState(TrainingState):
    """Points, what is minimised, and how a network is trained on them."""

    x = Numbers([-1.0, -0.6, -0.2, 0.2, 0.6, 1.0], most=MOST_POINTS)
    y = Numbers([0.0, 0.1, 0.6, 0.9, 0.4, 0.3], most=MOST_POINTS)
    lam = param.Number(
        0.0, bounds=(0, 1e6), softbounds=(1e-5, 1.0), label="λ, weight decay", doc="0 interpolates the points"
    )
    bias = param.Selector(
        default="free", objects=["free", "penalised"], label="Biases", doc="Whether biases are part of the norm"
    )
    skip = param.Selector(
        default="none", objects=["none", "free"], label="Skip term", doc="Whether a linear term costs nothing"
    )


class LineView:
    """Plots in the middle, points and problem on the left, training on the right."""

    state_type = LineState
    drawers = ("Points and penalty", "Train")
    hint = (
        "Drag the points. The blue line is the network of least norm through them; the curve below it proves that "
        "there is no smaller one. Press Train to see what an optimiser finds instead."
    )

    def __init__(self, visit: Visit) -> None:
        self.state: LineState = visit.state
        self._visit = visit
        if len(self.state.x) != len(self.state.y):
            visit.say(f"the URL has {len(self.state.x)} numbers x and {len(self.state.y)} numbers y; they must agree")
            self.state.param.update(x=LineState.param.x.default, y=LineState.param.y.default)
        self._plots = LinePlots(visit.theme, self._dragged)
        self._points = PointsTable.of(self._entered, sizing_mode="stretch_width")
        self._numbers = Readout()
        self._run = Run(visit, self._prepare, self._show_learned)
        self._answer: Answer | None = None
        self._raw: dict[tuple[float, float], tuple[float, float]] = {}
        self._plots.fit_axes(self.state.x, self.state.y)
        self._put_points()
        self._solve()
        self.state.param.watch(lambda *_: self._change(), list(_PROBLEM))

    def panel(self) -> Any:
        """Controls, plots, training."""
        state, say = self.state, self._visit.say
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        fit = pn.widgets.Button(label="Fit axes to the points", margin=(6, 0))
        fit.on_click(lambda _: self._plots.fit_axes(state.x, state.y))
        left = drawer(
            0,
            examples(state, EXAMPLES, _PROBLEM, say=say),
            self._points,
            Controls.of(state, ["lam", "bias", "skip"], say=say, log=["lam"], title="Minimise", margin=(8, 0)),
            fit,
            Upload.of(self._took, say=say, columns=2, rows=MOST_POINTS, margin=(8, 0), **wide),
            width=250,
            margin=(0, 12, 0, 0),
        )
        (function, certificate), keys = self._plots.figures, [key.pane for key in self._plots.keys]
        middle = stacked(
            self._numbers,
            keys[0],
            tall(pn.pane.Bokeh(function, sizing_mode="stretch_both"), 545),
            sentence(_FUNCTION, "interpolant", "band", "knot"),
            keys[1],
            pn.pane.Bokeh(certificate, sizing_mode="stretch_width"),
            sentence(_CERTIFICATE, "certificate", "neuron"),
            sizing_mode="stretch_width",
            min_width=300,
        )
        form = drawer(1, *self._run.controls(), **wide)
        right = stacked(form, *self._run.results(), width=290, margin=(0, 0, 0, 12))
        return beside(left, middle, right)

    def figure(self) -> Figure:
        """Function, certificate and, after training, norm and gap against steps."""
        found = self._found()
        figure = plot.new_figure(6.4, 5.0)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        several = found.every is not None and not found.every.unique
        others = {"fewest knots": found.every.sparsest} if found.every is not None and several else {}
        band = False if found.every is None else found.every
        x, y = self._data
        plot.plot_line(x, y, found.solution, band=band, others=others, ax=top)
        if self._run.frame is not None:  # in its colour on the page, whatever else there is
            learned, look = self._run.frame.network, plot.palette(top).line(2)
            low, high = top.get_xlim()
            t = np.linspace(low, high, 400)
            top.plot(t, learned.evaluate(t[:, None]), label="trained network", **look)
            plot.mark_knots(top, learned, (low, high), look["color"], 1 + several)
            top.legend()
        plot.plot_certificate(x, y, found.solution, ax=bottom)
        top.set_xlabel("")
        return figure

    def table(self) -> pd.DataFrame:
        """Each point, the minimiser there, its dual variable, and the trained network if there is one."""
        found = self._found()
        t, y = self._data
        columns = {"x": t, "y": y, "minimiser": found.solution(t), "dual": found.solution.dual}
        if self._run.frame is not None:
            columns["trained"] = self._run.frame.network.evaluate(t[:, None])
        return pd.DataFrame(columns)

    def code(self) -> str:
        """What finds the norm, or the objective, and the path norm of the trained network."""
        state = self.state
        penalty = f"mn.PathNorm(bias={state.bias!r}, skip={state.skip!r})"
        solver = "known.line(x, y" if state.lam == 0 else f"fit(x, y, lam={state.lam!r}"
        lines = [
            "import minnorm as mn",
            "",
            f"x = {list(state.x)}",
            f"y = {list(state.y)}",
            f"penalty = {penalty}",
            f"solution = mn.{solver}, penalty=penalty)",
            "print(solution.value)",
        ]
        return "\n".join([*lines, *self._run.code("x, y")])

    def close(self) -> None:
        """Stop training."""
        self._run.close()

    # The points and their answer.

    def _dragged(self, x: Sequence[float], y: Sequence[float]) -> None:
        """The points have become these on the plot: what has moved is rounded, the rest is as it was."""
        points = list(zip(x, y, strict=True))
        kept = {raw: self._raw.get(raw, self._rounded(raw)) for raw in points}
        self._raw = kept
        self._move([kept[raw] for raw in points])

    def _entered(self, x: Sequence[float], y: Sequence[float]) -> None:
        """The points have become these in the table."""
        self._move(list(zip(x, y, strict=True)))

    def _took(self, table: Table) -> None:
        """The points are those of a file."""
        x, y = table.points[:, 0].tolist(), table.values.tolist()
        self._plots.fit_axes(x, y)
        self._move(list(zip(x, y, strict=True)))

    def _move(self, points: Sequence[tuple[float, float]]) -> None:
        try:
            self.state.param.update(x=[x for x, _ in points], y=[y for _, y in points])
        except ValueError as error:
            self._visit.say(str(error))
            self._points.fill(self.state.x, self.state.y)

    def _put_points(self) -> None:
        """Show the state's points, on the plot too."""
        points = list(zip(self.state.x, self.state.y, strict=True))
        self._raw = {point: point for point in points}
        if not self._plots.shows(self.state.x, self.state.y):
            self._plots.fit_axes(self.state.x, self.state.y)
        self._plots.put_points(self.state.x, self.state.y)
        self._points.fill(self.state.x, self.state.y)

    def _rounded(self, point: tuple[float, float]) -> tuple[float, float]:
        spans = self._plots.ranges
        found = [round(value, _DIGITS - round(np.log10(span))) for value, span in zip(point, spans, strict=True)]
        return found[0], found[1]

    def _change(self) -> None:
        # Before the answer is seen: an edit in the table sends all of its points.
        if set(self._raw.values()) == set(zip(self.state.x, self.state.y, strict=True)):
            self._points.fill(self.state.x, self.state.y)
        else:
            self._put_points()
        self._run.forget()
        self._solve()

    def _solve(self) -> None:
        state, began = self.state, time.perf_counter()
        try:
            found = answer(*self._data, self._penalty, float(state.lam))
        except ValueError as error:
            self._answer = None
            self._plots.clear()
            self._numbers.tell([("norm", "–")], str(error))
            self._visit.say(str(error))
            return
        self._answer = found
        self._plots.draw(found)
        seconds = time.perf_counter() - began
        self._visit.say("")
        self._numbers.tell(_facts(found), f"{_remark(found)} Found in {1e3 * seconds:.0f} ms.")

    @property
    def _data(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.state.x), np.array(self.state.y)

    @property
    def _penalty(self) -> PathNorm:
        return PathNorm(bias=cast(Bias, self.state.bias), skip=cast(Skip, self.state.skip))

    def _found(self) -> Answer:
        if self._answer is None:
            raise ValueError("these points have no minimiser to export; see the message above them")
        return self._answer

    # Training.

    def _prepare(self) -> Callable[[], Target]:
        """What finds the minimum that training goes for."""
        x, y = self._data
        lam = float(self.state.lam) if self.state.decay == "λ" else 0.0
        penalty = self._penalty

        def find() -> Target:
            found = answer(x, y, penalty, lam)
            return Target(found.problem, found.solution)

        return find

    def _show_learned(self, frame: Frame | None) -> None:
        self._plots.draw_learned(None if frame is None else frame.network)


def _facts(found: Answer) -> list[tuple[str, str]]:
    solution = found.solution
    norm = ("norm", f"{found.norm:.10g}")
    bound = ("lower bound", f"{solution.lower_bound:.10g}")
    certified = ("certified", "yes" if solution.certified else "no")
    if solution.lam == 0:
        return [norm, bound, certified]
    return [("objective", f"{solution.value:.10g}"), bound, certified, norm, ("loss", f"{found.loss:.3g}")]


def _remark(found: Answer) -> str:
    """The proof, and what it says about other minimisers."""
    certificate = found.solution.certificate
    assert certificate is not None
    others = {
        True: "there is no other minimiser",
        False: "all functions in the shaded band that bend as it does are minimisers too",
        None: "whether there is another minimiser is not known",
    }[found.unique]
    width = found.solution.network.width
    return f"{width} neurons; relative gap {found.solution.gap:.0e}, bound {certificate.scope}; {others}."

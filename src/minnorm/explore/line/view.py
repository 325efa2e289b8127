"""Line: points that can be dragged, their global minimiser with its certificate, and a network trained beside it."""

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import pandas as pd
import panel as pn
import param
from matplotlib.figure import Figure

from minnorm import plot
from minnorm.explore.line.answer import Answer, answer
from minnorm.explore.line.plots import LinePlots
from minnorm.explore.page.background import Background, Stopping
from minnorm.explore.page.beside import beside
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.points import PointsTable
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.state import Numbers, State
from minnorm.explore.page.upload import Upload
from minnorm.explore.page.view import Visit
from minnorm.objective.norm import Bias, PathNorm, Skip
from minnorm.table import Table
from minnorm.training import INITIALISATIONS, OPTIMIZERS
from minnorm.training.choice import Choice
from minnorm.training.follow import Frame, Recipe, follow

MOST_POINTS = 1000
_DIGITS = 3  # of the visible range, to which a dragged point is rounded
_FRAME = 0.05  # seconds that each frame of a run stays, at least
_RUNS = threading.BoundedSemaphore(4)  # at the same time, of all sessions together
_PROBLEM = ("x", "y", "lam", "bias", "skip")
_TRAINING = ("optimizer", "learning_rate", "decay", "width", "steps", "scale", "initial", "seed")


class LineState(State):
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
    optimizer = param.Selector(default="adam", objects=sorted(OPTIMIZERS), label="Optimiser")
    learning_rate = param.Number(0.01, bounds=(1e-8, 100), label="Learning rate")
    decay = param.Selector(
        default="λ", objects=["λ", "none"], label="Weight decay", doc="Whether training has the weight decay λ above"
    )
    width = param.Integer(200, bounds=(1, 4000), label="Width")
    steps = param.Integer(20_000, bounds=(1, 1_000_000), label="Steps")
    scale = param.Number(1.0, bounds=(0, 100), label="Scale", doc="Factor on all initial parameters")
    initial = param.Selector(default="xavier_uniform", objects=sorted(INITIALISATIONS), label="Initial weights")
    seed = param.Integer(0, bounds=(0, 2**32 - 1), label="Seed")


class LineView:
    """Plots in the middle, points and problem on the left, training on the right."""

    state_type = LineState

    def __init__(self, visit: Visit) -> None:
        self.state: LineState = visit.state
        self._visit = visit
        if len(self.state.x) != len(self.state.y):
            visit.say(f"the URL has {len(self.state.x)} numbers x and {len(self.state.y)} numbers y; they must agree")
            self.state.param.update(x=LineState.param.x.default, y=LineState.param.y.default)
        self._plots = LinePlots(visit.theme, self._dragged)
        self._points = PointsTable.of(self._entered, sizing_mode="stretch_width")
        self._numbers, self._run_numbers = Readout(), Readout()
        self._start = pn.widgets.Button(label="Train", color="primary", width=90, margin=(6, 8, 6, 0))
        self._stop = pn.widgets.Button(label="Stop", disabled=True, width=90, margin=(6, 0))
        self._training = Background(visit.later)
        self._answer: Answer | None = None
        self._recipe: Recipe | None = None
        self._frame: Frame | None = None
        self._raw: dict[tuple[float, float], tuple[float, float]] = {}
        self._start.on_click(lambda _: self._train())
        self._stop.on_click(lambda _: self._end())
        self._plots.fit_axes(self.state.x, self.state.y)
        self._put_points()
        self._forget()
        self._solve()
        self.state.param.watch(lambda *_: self._change(), list(_PROBLEM))

    def panel(self) -> Any:
        """Controls, plots, training."""
        state, say = self.state, self._visit.say
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        fit = pn.widgets.Button(label="Fit axes to the points", margin=(6, 0))
        fit.on_click(lambda _: self._plots.fit_axes(state.x, state.y))
        left = pn.Column(
            self._points,
            Controls.of(state, ["lam", "bias", "skip"], say=say, log=["lam"], title="Minimise", margin=(8, 0), **wide),
            fit,
            Upload.of(self._took, say=say, columns=2, rows=MOST_POINTS, margin=(8, 0), **wide),
            width=250,
            margin=(0, 12, 0, 0),
        )
        panes = [pn.pane.Bokeh(made, sizing_mode="stretch_width") for made in self._plots.figures]
        middle = pn.Column(self._numbers.pane, *panes[:2], sizing_mode="stretch_width", min_width=420)
        right = pn.Column(
            Controls.of(state, _TRAINING, say=say, title="Train a network", **wide),
            pn.Row(self._start, self._stop),
            self._run_numbers.pane,
            *panes[2:],
            width=290,
            margin=(0, 0, 0, 12),
        )
        return beside(left, middle, right, plots=middle)

    def figure(self) -> Figure:
        """Function, certificate and, after training, norm and gap against steps."""
        found = self._found()
        figure = plot.new_figure(6.4, 5.0)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        others: dict[str, Any] = {}
        if found.every is not None and not found.every.unique:
            others["fewest knots"] = found.every.sparsest
        if self._frame is not None:
            others["trained network"] = self._frame.network
        band = False if found.every is None else found.every
        x, y = self._data
        plot.plot_line(x, y, found.solution, band=band, others=others, ax=top)
        plot.plot_certificate(x, y, found.solution, ax=bottom)
        top.set_xlabel("")
        return figure

    def table(self) -> pd.DataFrame:
        """Each point, the minimiser there, its dual variable, and the trained network if there is one."""
        found = self._found()
        t, y = self._data
        columns = {"x": t, "y": y, "minimiser": found.solution(t), "dual": found.solution.dual}
        if self._frame is not None:
            columns["trained"] = self._frame.network.evaluate(t[:, None])
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
        if self._frame is not None and self._recipe is not None:
            recipe = self._recipe
            lines += [
                "",
                "runs = mn.train(",
                f"    x, y, optimizer={recipe.choice.rule.optimizer!r}, learning_rate={recipe.learning_rate!r},",
                f"    weight_decay={recipe.weight_decay!r}, width={recipe.choice.width}, steps={self._frame.step},",
                f"    scale={recipe.scale!r}, initial={recipe.choice.start.initial!r}, seeds=[{recipe.seed}],",
                '    penalty=penalty, dtype="float64",',
                ")",
                'print(float(runs["path_norm"].squeeze()[-1]))',
            ]
        return "\n".join(lines)

    def close(self) -> None:
        """Stop training."""
        self._training.stop()

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
        self._put_points()

    def _took(self, table: Table) -> None:
        """The points are those of a file."""
        x, y = table.points[:, 0].tolist(), table.values.tolist()
        self._plots.fit_axes(x, y)
        self._move(list(zip(x, y, strict=True)))
        self._put_points()

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
        self._points.fill(self.state.x, self.state.y)
        if self._training.busy:
            self._end()
        if self._frame is not None:
            self._forget()
        self._solve()

    def _solve(self) -> None:
        state, began = self.state, time.perf_counter()
        try:
            found = answer(*self._data, self._penalty, float(state.lam))
        except ValueError as error:
            self._answer = None
            self._plots.clear()
            self._numbers.show([("norm", "–")], str(error))
            self._visit.say(str(error))
            return
        self._answer = found
        self._plots.draw(found)
        seconds = time.perf_counter() - began
        self._visit.say("")
        self._numbers.show(_facts(found), f"{_remark(found)} Found in {1e3 * seconds:.0f} ms.")

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

    def _train(self) -> None:
        """Start a run; what it shows comes back by `later`, one frame at a time."""
        state = self.state
        try:
            target = answer(*self._data, self._penalty, float(state.lam) if state.decay == "λ" else 0.0)
        except ValueError as error:
            self._visit.say(str(error))
            return
        if not _RUNS.acquire(blocking=False):
            self._visit.say("other readers are training now; try again when one of them has finished")
            return
        self._forget()
        self._recipe = Recipe(
            Choice.of(
                optimizer=state.optimizer,
                initial=state.initial,
                width=state.width,
                steps=state.steps,
                penalty=target.problem.penalty,
            ),
            learning_rate=float(state.learning_rate),
            weight_decay=target.solution.lam,
            scale=float(state.scale),
            seed=state.seed,
        )
        self._plots.begin_run(target.norm, state.steps, gap=_gap_name(target))
        self._start.disabled, self._stop.disabled = True, False
        self._run_numbers.show([("step", 0)], "Compiling; a moment.")
        self._training.run(partial(self._work, target, self._recipe), lambda _: self._end(), self._failed)

    def _work(self, target: Answer, recipe: Recipe, stopped: Stopping) -> None:
        """In a thread of its own."""
        try:
            for frame in follow(target.problem.data, recipe):
                began = time.monotonic()
                drawn = threading.Event()

                def draw(frame: Frame = frame, drawn: threading.Event = drawn) -> None:
                    if not stopped():
                        self._watch(target, frame)
                    drawn.set()

                self._visit.later(draw)
                while not drawn.wait(0.2) and not stopped():
                    pass
                if stopped() or not np.isfinite(frame.metrics["objective"]):
                    return
                time.sleep(max(0.0, _FRAME - (time.monotonic() - began)))
        finally:
            _RUNS.release()

    def _watch(self, target: Answer, frame: Frame) -> None:
        """Draw a frame."""
        self._frame = frame
        gap = _gap(target, frame)
        finite = np.isfinite(frame.metrics["objective"])
        self._plots.draw_learned(frame.network if finite else None)
        if finite:
            self._plots.stream(frame, gap)
        note = f"{frame.seconds:.2f} s of computing." if finite else "Diverged: try a smaller learning rate."
        self._run_numbers.show(
            [
                (_gap_name(target), f"{gap:.3g}"),
                ("path norm", f"{frame.metrics['path_norm']:.6g}"),
                ("loss", f"{frame.metrics['training_loss']:.2e}"),
                ("step", f"{frame.step:,}"),
            ],
            note,
        )

    def _end(self) -> None:
        """The run is over, by itself or stopped."""
        self._training.stop()
        self._visit.refresh()
        self._start.disabled, self._stop.disabled = False, True

    def _failed(self, message: str) -> None:
        self._end()
        self._visit.say(message)

    def _forget(self) -> None:
        """The last run is not of this problem."""
        self._frame = self._recipe = None
        self._plots.draw_learned(None)
        self._plots.end_run()
        self._run_numbers.show([])


def _gap(target: Answer, frame: Frame) -> float:
    """How far training is from the certified global minimum: relative objective, or norm in excess of it."""
    if target.solution.lam > 0:
        return (frame.metrics["objective"] - target.solution.value) / target.solution.value
    return frame.metrics["path_norm"] - target.solution.value


def _gap_name(target: Answer) -> str:
    return "optimality gap" if target.solution.lam > 0 else "excess norm"


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

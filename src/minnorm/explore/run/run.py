"""A network trained beside its certified solution: controls, frames as they come, and how it stands."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import panel as pn
import param

from minnorm.explore.page.background import Background, Stopping, training
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.sentence import sentence
from minnorm.explore.page.state import State
from minnorm.explore.page.view import Visit
from minnorm.explore.run.plots import RunPlots
from minnorm.explore.run.standing import Target
from minnorm.training import INITIALISATIONS, OPTIMIZERS
from minnorm.training.choice import Choice
from minnorm.training.follow import Frame, Recipe, follow

_CAPTION = "How far the network is from what is certified, its loss, and its norm, while it is trained."
_FRAME = 0.05  # seconds that each frame of a run stays, at least
_TRAINING = ("optimizer", "learning_rate", "decay", "width", "steps", "scale", "initial", "seed")


class TrainingState(State):
    """How a network is trained, in views that train one."""

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


class Run:
    """Training that is watched, for one session.

    `prepare` is called in the session's thread and returns what finds the target, in a thread of its own; `show` gets
    each frame, and None when there is no run any more. `frame` is the last one, `recipe` how it came about.
    """

    def __init__(
        self,
        visit: Visit,
        prepare: Callable[[], Callable[[], Target]],
        show: Callable[[Frame | None], None],
    ) -> None:
        self._visit, self._prepare, self._show = visit, prepare, show
        self._state: Any = visit.state
        self._plots = RunPlots(visit.theme)
        self._numbers = Readout()
        self._start = pn.widgets.Button(label="Train", color="primary", width=90, margin=(6, 8, 6, 0))
        self._stop = pn.widgets.Button(label="Stop", disabled=True, width=90, margin=(6, 0))
        self._caption = sentence(_CAPTION, "objective", visible=False)
        self._work = Background(visit.later)
        self.frame: Frame | None = None
        self.recipe: Recipe | None = None
        self._loss = "squared"
        self._start.on_click(lambda _: self._train())
        self._stop.on_click(lambda _: self._end())

    def controls(self) -> list[Any]:
        """How a network is trained, and the buttons."""
        form = Controls.of(self._state, _TRAINING, say=self._visit.say, title="Train a network")
        return [form, pn.Row(self._start, self._stop)]

    def results(self) -> list[Any]:
        """Numbers and trajectories."""
        return [
            self._numbers,
            self._caption,
            *(pn.pane.Bokeh(f, sizing_mode="stretch_width") for f in self._plots.figures),
        ]

    def forget(self) -> None:
        """The problem has changed: the run is not of this one."""
        if self._work.busy:
            self._end()
        if self.frame is not None:
            self._clear()

    def close(self) -> None:
        """Stop training."""
        self._work.stop()

    def code(self, data: str) -> list[str]:
        """Lines that train the same network on `data`, "X, y", and print its path norm; none if there is none."""
        if self.frame is None or self.recipe is None:
            return []
        recipe = self.recipe
        loss = "" if self._loss == "squared" else f" loss={self._loss!r},"
        return [
            "",
            "runs = mn.train(",
            f"    {data}, optimizer={recipe.choice.rule.optimizer!r}, learning_rate={recipe.learning_rate!r},{loss}",
            f"    weight_decay={recipe.weight_decay!r}, width={recipe.choice.width}, steps={self.frame.step},",
            f"    scale={recipe.scale!r}, initial={recipe.choice.start.initial!r}, seeds=[{recipe.seed}],",
            '    penalty=penalty, dtype="float64",',
            ")",
            'print(float(runs["path_norm"].squeeze()[-1]))',
        ]

    def _train(self) -> None:
        """Start a run; what it shows comes back by `later`, one frame at a time."""
        try:
            find = self._prepare()
        except ValueError as error:
            self._visit.say(str(error))
            return
        self._clear()
        self._start.disabled, self._stop.disabled = True, False
        self._numbers.tell([("step", 0)], "Finding the minimum and compiling; a moment.")
        chosen = {name: getattr(self._state, name) for name in _TRAINING if name != "decay"}
        self._work.run(partial(self._watched, find, chosen), lambda _: self._end(), self._failed)

    def _watched(self, find: Callable[[], Target], chosen: dict[str, Any], stopped: Stopping) -> None:
        """In a thread of its own."""
        with training():
            target = find()
            recipe = _recipe(target, chosen)
            self._visit.later(partial(self._begin, target, recipe, stopped))
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

    def _begin(self, target: Target, recipe: Recipe, stopped: Stopping) -> None:
        if not stopped():
            self.recipe, self._loss = recipe, target.trained_loss
            self._caption.visible = True
            self._plots.begin(target.norm, recipe.choice.steps, measured=target.measured)

    def _watch(self, target: Target, frame: Frame) -> None:
        """Draw a frame."""
        finite = bool(np.isfinite(frame.metrics["objective"]))
        self.frame = frame
        self._show(frame if finite else None)
        if finite:
            self._plots.stream(frame, target.distance(frame))
        self._numbers.tell(
            [
                ("trained network", target.said(frame) if finite else "diverged"),
                ("path norm", f"{frame.metrics['path_norm']:.6g}"),
                ("loss", f"{frame.metrics['training_loss']:.2e}"),
                ("step", f"{frame.step:,}"),
            ],
            f"{frame.seconds:.2f} s of computing." if finite else "Diverged: try a smaller learning rate.",
        )

    def _end(self) -> None:
        """The run is over, by itself or stopped."""
        self._work.stop()
        self._visit.refresh()
        self._start.disabled, self._stop.disabled = False, True

    def _failed(self, message: str) -> None:
        self._end()
        self._clear()
        self._visit.say(message)

    def _clear(self) -> None:
        self.frame = self.recipe = None
        self._show(None)
        self._caption.visible = False
        self._plots.end()
        self._numbers.tell([])


def _recipe(target: Target, chosen: dict[str, Any]) -> Recipe:
    choice = Choice.of(
        optimizer=chosen["optimizer"],
        initial=chosen["initial"],
        width=chosen["width"],
        steps=chosen["steps"],
        penalty=target.problem.penalty,
        loss=target.trained_loss,
    )
    return Recipe(
        choice,
        learning_rate=float(chosen["learning_rate"]),
        weight_decay=target.solution.lam,
        scale=float(chosen["scale"]),
        seed=chosen["seed"],
    )

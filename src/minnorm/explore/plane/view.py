"""Plane: points in two dimensions, the certified network through them, how its proof came about, and training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
from matplotlib.figure import Figure

from minnorm.explore.page.beside import beside, drawer, shrinking, stacked, tall
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.points import PointsTable
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.sentence import sentence, worded
from minnorm.explore.page.solver import Progress, Solver, Trace
from minnorm.explore.page.upload import Upload
from minnorm.explore.page.view import Visit
from minnorm.explore.plane import prints
from minnorm.explore.plane.plots import PlanePlots
from minnorm.explore.plane.points import preset
from minnorm.explore.plane.proof import ProofPlots
from minnorm.explore.plane.solving import Asked, classes
from minnorm.explore.plane.state import MOST, MOST_UPLOADED, OWN, PlaneState
from minnorm.explore.run.run import Run
from minnorm.explore.run.standing import Target
from minnorm.solution import Solution
from minnorm.table import Table
from minnorm.training.follow import Frame

_DATA = ("points", "count", "seed_of_points", "x1", "x2", "y")
_PROBLEM = ("lam", "loss", "bias", "skip", "tolerance", "time_limit")
_SHOWN = ("shown", "values_of", "turn", "tilt")
_TOLERANCES = {"1e-3": 1e-3, "1e-5": 1e-5, "1e-6": 1e-6, "1e-8": 1e-8}


@dataclass(frozen=True)
class Solved:
    """A solution with its data, and how long it took."""

    asked: Asked
    points: np.ndarray
    values: np.ndarray
    solution: Solution
    seconds: float


class PlaneView:
    """Points that can be dragged over the level sets of their interpolant, beside its bounds and gap against time."""

    state_type = PlaneState
    drawers = ("Minimise and data", "Train")
    hint = (
        "Drag the points. The shades are the values of the network of least norm through them, the lines are "
        "where its neurons bend it. Press Train and watch how the creases of a trained network move towards them."
    )

    def __init__(self, visit: Visit) -> None:
        self.state: PlaneState = visit.state
        self._visit = visit
        self._plots = PlanePlots(visit.theme, self._moved)
        self._proof = ProofPlots(visit.theme)
        self._run = Run(visit, self._prepare, self._show_learned)
        self._readout = Readout()
        kept = "The level sets are those of the last problem that was solved."
        self._solver = Solver(visit, self._readout, kept=kept, seen=self._proof.show_progress)
        self._again = pn.widgets.Button(name="Solve again", margin=(6, 0))
        try:
            points, values = self._data()
        except ValueError as error:
            visit.say(str(error))
            self.state.points = "ring"
            points, values = self._data()
        self._solved: Solved | None = None
        self._angles: Any = None
        self._reach = sentence("")
        self._table = PointsTable.of(self._entered, columns=["x\u2081", "x\u2082", "value"])
        self._plots.set_new_value(self.state.value)
        self._place(points, values)
        self._plots.fit_box(points)
        self._solve(points, values)
        self.state.param.watch(lambda *_: self._follow(), [*_DATA, *_PROBLEM])
        self.state.param.watch(lambda event: self._plots.set_new_value(event.new), "value")
        self.state.param.watch(lambda *_: self._draw_values(), ["values_of"])
        self.state.param.watch(lambda *_: self._face(), ["shown", "turn", "tilt"])
        self._plots.surface.param.watch(self._turned, ["turn", "tilt"])
        self._face()

    def panel(self) -> Any:
        """Controls, level sets, and the proof against time."""
        state, say = self.state, self._visit.say
        self._again.on_click(lambda _: self._follow())
        tolerances = dict(_TOLERANCES)
        if state.tolerance not in tolerances.values():
            tolerances[f"{state.tolerance:g}"] = state.tolerance
        choices = {"tolerance": tolerances}
        controls = drawer(
            0,
            Controls.of(state, _PROBLEM, say=say, log=["lam"], choices=choices, title="Minimise"),
            pn.Row(self._solver.button, self._again, margin=(4, 0)),
            Controls.of(state, ["points", "count", "seed_of_points", "value"], say=say, title="Data"),
            sentence(_HOW, margin=(6, 0)),
            Upload.of(self._uploaded, say=say, columns=3, rows=MOST_UPLOADED, margin=(4, 0)),
            self._table,
            width=250,
            margin=(0, 12, 0, 0),
        )
        beside_plot: dict[str, Any] = {"sizing_mode": None, "margin": (0, 8)}
        self._angles = Controls.of(state, ["turn", "tilt"], say=say, visible=state.shown == "surface", **beside_plot)
        drawn = self._plots.levels, self._plots.surface, self._plots.bar
        plots = shrinking(*drawn, sizing_mode="stretch_both")
        shown = stacked(
            self._readout,
            tall(plots, 330, 360),
            self._reach,
            sentence(_LEVELS, "neuron", "knot"),
            Controls.of(state, ["shown", "values_of"], say=say, **beside_plot),
            self._angles,
            sizing_mode="stretch_width",
        )
        form = drawer(1, *self._run.controls(), sizing_mode="stretch_width")
        proof = [self._proof.gap, self._proof.bounds, sentence(_PROOF, "gap", "lower bound")]
        right = stacked(form, *self._run.results(), *proof, width=290, margin=(0, 0, 0, 12))
        return beside(controls, shown, right)

    def figure(self) -> Figure:
        """Level sets, lines and points; or the surface as it is seen."""
        solved, state = self._finished(), self.state
        learned = None if self._run.frame is None else self._run.frame.network
        if state.shown == "surface":
            network = learned if learned is not None and state.values_of == "trained" else solved.solution.network
            return prints.surface(
                solved.points, solved.values, network, self._plots.box, turn=state.turn, tilt=state.tilt
            )
        return prints.level_sets(solved.points, solved.values, solved.solution, learned, classes=solved.asked.classes)

    def table(self) -> pd.DataFrame:
        """The points, their values, those of the solution, and the dual vector."""
        solved = self._finished()
        return pd.DataFrame(
            {
                "x1": solved.points[:, 0],
                "x2": solved.points[:, 1],
                "y": solved.values,
                "f": solved.solution(solved.points),
                "dual": solved.solution.dual,
            }
        )

    def code(self) -> str:
        """The minimum, and the path norm of the trained network."""
        points, values = self._data()
        return "\n".join([*self._asked.code(points, values), *self._run.code("X, y")])

    def close(self) -> None:
        """Nothing more is wanted."""
        self._solver.stop()
        self._run.close()

    # The points.

    def _data(self) -> tuple[np.ndarray, np.ndarray]:
        """The points (n, 2) of the state and their values (n,); ValueError if there are none."""
        points, values = self._given()
        return points, classes(values) if self._asked.classes else values

    def _given(self) -> tuple[np.ndarray, np.ndarray]:
        """The same, with values that may be no classes."""
        state = self.state
        if state.points != OWN:
            return preset(state.points, state.count, state.seed_of_points)
        if not len(state.x1) == len(state.x2) == len(state.y):
            raise ValueError(
                f"x1, x2 and y have {len(state.x1)}, {len(state.x2)} and {len(state.y)} numbers; give as many of each"
            )
        if len(state.y) == 0:
            raise ValueError("there is no point; click into the plot to add one, or choose other points")
        return np.column_stack([state.x1, state.x2]), np.array(state.y)

    @property
    def _asked(self) -> Asked:
        return Asked(**{name: getattr(self.state, name) for name in _PROBLEM})

    def _own(self, points: np.ndarray, values: np.ndarray) -> None:
        """Take points as the user's own."""
        x1, x2 = points.reshape(-1, 2).T
        self.state.param.update(points=OWN, x1=_rounded(x1), x2=_rounded(x2), y=_rounded(values))

    def _moved(self, points: np.ndarray, values: np.ndarray) -> None:
        """The plot's points were dragged, added or deleted."""
        if len(values) > max(MOST, len(self.state.y)):
            self._visit.say(f"there are {MOST} points already; delete one first, or upload a file")
            self._place(*self._data())
        else:
            self._own(points, values)

    def _entered(self, x1: Sequence[float], x2: Sequence[float], y: Sequence[float]) -> None:
        """The table was edited."""
        self._moved(np.column_stack([x1, x2]), np.array(y))

    def _uploaded(self, table: Table) -> None:
        """A file was read."""
        x1, x2 = table.points.T
        self.state.param.update(points=OWN, x1=tuple(x1), x2=tuple(x2), y=tuple(table.values))
        self._plots.fit_box(table.points)

    def _place(self, points: np.ndarray, values: np.ndarray) -> None:
        self._plots.put_points(points, values)
        self._table.fill(*points.T.tolist(), values.tolist())

    # The solution.

    def _follow(self) -> None:
        """The state has changed."""
        try:
            points, values = self._data()
        except ValueError as error:
            self._visit.say(str(error))
            return
        if self.state.points != OWN:
            self._plots.fit_box(points)
        self._place(points, values)
        self._run.forget()
        self._solve(points, values)

    def _solve(self, points: np.ndarray, values: np.ndarray) -> None:
        """Solve in the background, and show how it goes."""
        asked = self._asked

        def solve(progress: Progress) -> Solution:
            return asked.solve(points, values, progress)

        def show(solution: Solution, seconds: float, trace: Trace) -> None:
            self._show(Solved(asked, points, values, solution, seconds), trace)

        self._solver.run(solve, show)

    def _show(self, solved: Solved, trace: Trace) -> None:
        self._solved = solved
        solution, found = solved.solution, solved.solution.certificate
        assert found is not None
        self._plots.show_bends(solution.network)
        self._draw_values()
        self._proof.show_progress(trace)
        self._proof.show_proof(solved.seconds, found.value, found.lower_bound, found.tolerance)
        self._readout.tell(_facts(solved), "" if solution.certified else _uncertified(found.scope))

    def _draw_values(self) -> None:
        """Shades for the values of the certified network, or of the trained one."""
        solved, frame = self._solved, self._run.frame
        if solved is None:
            return
        trained = frame is not None and self.state.values_of == "trained"
        network = frame.network if frame is not None and trained else solved.solution.network
        ends = self._plots.show(network, solved.points, solved.values, classes=solved.asked.classes)
        whose = "the trained network" if trained else "the certified network"
        between = "Thick line: f = 0; between the dashed ones |f| &lt; 1. " if solved.asked.classes else ""
        self._reach.object = worded(f"{between}In this box {whose} has values from {ends[0]:.4g} to {ends[1]:.4g}.")

    def _face(self) -> None:
        """From where the surface is seen, if it is."""
        state, surface = self.state, self._plots.surface
        surface.param.update(turn=state.turn, tilt=state.tilt)
        self._plots.show_surface(state.shown == "surface")
        if self._angles is not None:
            self._angles.visible = state.shown == "surface"

    def _turned(self, *_: Any) -> None:
        """The surface was turned by hand."""
        surface = self._plots.surface
        self.state.param.update(turn=surface.turn, tilt=surface.tilt)

    # Training.

    def _prepare(self) -> Callable[[], Target]:
        """What finds the minimum that training goes for: that which is shown, unless it has another decay."""
        points, values = self._data()
        asked, solved = self._asked, self._solved
        if self.state.decay == "none":
            asked = replace(asked, lam=0.0)

        def find() -> Target:
            same = solved is not None and solved.asked == asked and np.array_equal(solved.points, points)
            there = same and solved is not None and np.array_equal(solved.values, values)
            solution = solved.solution if there and solved is not None else asked.solve(points, values)
            return Target(asked.problem(points, values), solution)

        return find

    def _show_learned(self, frame: Frame | None) -> None:
        self._plots.show_learned_bends(None if frame is None else frame.network)
        if self.state.values_of == "trained":
            self._draw_values()

    def _finished(self) -> Solved:
        if self._solved is None:
            raise ValueError("no solution is there yet; wait until the solver has ended")
        return self._solved


_LEVELS = (
    "Shades are values, with arrows at the ends of the scale where they go beyond it. Lines are where neurons bend the "
    "function, wider with more |a| |w|, dashed where a &lt; 0; green ones are those of a network in training."
)
_PROOF = "The value comes down and the lower bound goes up until they agree; the diamond is what was verified."
_HOW = "Drag points; click to add one; click one and press Backspace to delete it."


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return tuple((np.round(values, 4) + 0.0).tolist())


def _facts(solved: Solved) -> list[tuple[str, str]]:
    solution = solved.solution
    found = solution.certificate
    assert found is not None
    least = "norm [f]" if solution.lam == 0 else "loss + \u03bb [f]"
    rows = [
        (least, f"{solution.value:.10g}"),
        ("lower bound", f"{solution.lower_bound:.10g}"),
        ("relative gap", f"{solution.gap:.1e}"),
        ("certified", f"{'yes' if solution.certified else 'no'} ({found.scope})"),
        ("neurons", str(solution.network.width)),
        ("rounds", str(solution.rounds)),
        ("seconds", f"{solved.seconds:.2f}"),
    ]
    if solved.asked.classes and solution.lam == 0:
        rows[1:1] = [("largest margin of norm 1", f"{1 / solution.value:.6g}")]
    elif solution.lam > 0:
        norm = solution.penalty.value(solution.network)
        rows[1:1] = [("norm [f]", f"{norm:.6g}"), ("loss", f"{solution.value - solution.lam * norm:.3e}")]
    return rows


def _uncertified(scope: str) -> str:
    reason = "a search proves nothing" if scope == "searched" else "more seconds or a larger gap to reach may do"
    return f"Not certified: {reason}."

"""Plane: points in two dimensions, the certified minimum-norm interpolant or fit, and how its proof came about."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import panel as pn
import param
from matplotlib.figure import Figure

from minnorm import advice, plot
from minnorm.explore.page.background import Background, Stopped, Stopping
from minnorm.explore.page.beside import beside
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.points import PointsTable
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.state import Numbers, State
from minnorm.explore.page.upload import Upload
from minnorm.explore.page.view import Visit
from minnorm.explore.plane.plots import PlanePlots, Trace
from minnorm.explore.plane.points import PRESETS, preset
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution, relative_gap
from minnorm.solve import fit
from minnorm.table import Table

_OWN = "my own"
_MOST = 60  # points that can be edited
_MOST_UPLOADED = 200
_FRAME = 0.1  # seconds between two pictures of the solver
_DATA = ("points", "count", "seed", "x1", "x2", "y")
_PROBLEM = ("lam", "bias", "skip", "tolerance", "time_limit")
_TOLERANCES = {"1e-3": 1e-3, "1e-5": 1e-5, "1e-6": 1e-6, "1e-8": 1e-8}


class PlaneState(State):
    """The points, and what is minimised."""

    points = param.Selector(default="ring", objects=[*PRESETS, _OWN], label="Points")
    count = param.Integer(12, bounds=(3, _MOST), softbounds=(3, _MOST), label="How many")
    seed = param.Integer(0, bounds=(0, 9999), label="Seed")
    x1 = Numbers(most=_MOST_UPLOADED)
    x2 = Numbers(most=_MOST_UPLOADED)
    y = Numbers(most=_MOST_UPLOADED)
    value = param.Number(1.0, label="Value of new points")
    lam = param.Number(
        0.0, bounds=(0.0, None), softbounds=(1e-6, 1.0), label="\u03bb", doc="Weight of the norm; 0 interpolates."
    )
    bias = param.Selector(default="free", objects=["free", "penalised"], label="Biases")
    skip = param.Selector(default="none", objects=["none", "free"], label="Linear part")
    tolerance = param.Number(1e-6, bounds=(1e-10, 0.1), label="Gap to reach")
    time_limit = param.Number(20.0, bounds=(0.0, 600.0), step=5, label="Seconds at most")


@dataclass(frozen=True)
class Solved:
    """A solution with its data, and how long it took."""

    points: np.ndarray
    values: np.ndarray
    solution: Solution
    seconds: float


class PlaneView:
    """Points that can be dragged over the level sets of their interpolant, beside its bounds and gap against time."""

    state_type = PlaneState

    def __init__(self, visit: Visit) -> None:
        self.state: PlaneState = visit.state
        self._visit = visit
        self._plots = PlanePlots(visit.theme, self._moved)
        self._readout = Readout()
        self._work = Background(visit.later)
        self._stop = pn.widgets.Button(name="Stop", disabled=True)
        self._again = pn.widgets.Button(name="Solve again")
        try:
            points, values = self._data()
        except ValueError as error:
            visit.say(str(error))
            self.state.points = "ring"
            points, values = self._data()
        self._solved: Solved | None = None
        self._table = PointsTable.of(self._entered, columns=["x\u2081", "x\u2082", "value"])
        self._plots.set_new_value(self.state.value)
        self._place(points, values)
        self._plots.fit_box(points)
        self._solve(points, values)
        self.state.param.watch(lambda *_: self._follow(), [*_DATA, *_PROBLEM])
        self.state.param.watch(lambda event: self._plots.set_new_value(event.new), "value")

    def panel(self) -> Any:
        """Controls, level sets, and the proof against time."""
        state, say = self.state, self._visit.say
        self._stop.on_click(lambda _: self._halt())
        self._again.on_click(lambda _: self._follow())
        tolerances = dict(_TOLERANCES)
        if state.tolerance not in tolerances.values():
            tolerances[f"{state.tolerance:g}"] = state.tolerance
        choices = {"tolerance": tolerances}
        controls = pn.Column(
            Controls.of(state, _PROBLEM, say=say, log=["lam"], choices=choices, title="Problem"),
            pn.Row(self._stop, self._again, margin=(4, 0)),
            Controls.of(state, ["points", "count", "seed", "value"], say=say, title="Data"),
            pn.pane.HTML(_HOW, styles={"color": "var(--soft)", "font-size": "12.5px"}, margin=(6, 0)),
            Upload.of(self._uploaded, say=say, columns=3, rows=_MOST_UPLOADED, margin=(4, 0)),
            self._table,
            width=270,
            margin=(0, 20, 0, 0),
        )
        plots = beside(self._plots.surface, pn.Column(self._plots.gap, self._plots.bounds, width=390))
        shown = pn.Column(self._readout.pane, plots, sizing_mode="stretch_width")
        return beside(controls, shown, plots=shown)

    def figure(self) -> Figure:
        """Level sets, lines and points."""
        solved = self._finished()
        figure = plot.new_figure(6.0, 5.0)
        plot.plot_plane(solved.points, solved.values, solved.solution, ax=figure.subplots())
        return figure

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
        """The minimum."""
        points, values = self._data()
        state = self.state
        changed = _changed(state)
        options = f", penalty=mn.PathNorm({', '.join(changed)})" if changed else ""
        options += "" if state.tolerance == 1e-6 else f", tolerance={state.tolerance!r}"
        call = f"mn.interpolate(X, y{options})" if state.lam == 0 else f"mn.fit(X, y, {state.lam!r}{options})"
        rows = ",\n".join(f"    [{a!r}, {b!r}, {c!r}]" for a, b, c in np.column_stack([points, values]).tolist())
        return (
            "import minnorm as mn\nimport numpy as np\n\n"
            f"data = np.array([\n{rows},\n])\nX, y = data[:, :2], data[:, 2]\n"
            f"solution = {call}\nprint(solution.value, solution.gap, solution.certified)"
        )

    def close(self) -> None:
        """Nothing more is wanted."""
        self._work.stop()

    # The points.

    def _data(self) -> tuple[np.ndarray, np.ndarray]:
        """The points (n, 2) of the state and their values (n,); ValueError if there are none."""
        state = self.state
        if state.points != _OWN:
            return preset(state.points, state.count, state.seed)
        if not len(state.x1) == len(state.x2) == len(state.y):
            raise ValueError(
                f"x1, x2 and y have {len(state.x1)}, {len(state.x2)} and {len(state.y)} numbers; give as many of each"
            )
        if len(state.y) == 0:
            raise ValueError("there is no point; click into the plot to add one, or choose other points")
        return np.column_stack([state.x1, state.x2]), np.array(state.y)

    def _own(self, points: np.ndarray, values: np.ndarray) -> None:
        """Take points as the user's own."""
        x1, x2 = points.reshape(-1, 2).T
        self.state.param.update(points=_OWN, x1=_rounded(x1), x2=_rounded(x2), y=_rounded(values))

    def _moved(self, points: np.ndarray, values: np.ndarray) -> None:
        """The plot's points were dragged, added or deleted."""
        if len(values) > max(_MOST, len(self.state.y)):
            self._visit.say(f"there are {_MOST} points already; delete one first, or upload a file")
            self._place(*self._data())
        else:
            self._own(points, values)

    def _entered(self, x1: Sequence[float], x2: Sequence[float], y: Sequence[float]) -> None:
        """The table was edited."""
        self._moved(np.column_stack([x1, x2]), np.array(y))

    def _uploaded(self, table: Table) -> None:
        """A file was read."""
        x1, x2 = table.points.T
        self.state.param.update(points=_OWN, x1=tuple(x1), x2=tuple(x2), y=tuple(table.values))
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
        if self.state.points != _OWN:
            self._plots.fit_box(points)
        self._place(points, values)
        self._solve(points, values)

    def _solve(self, points: np.ndarray, values: np.ndarray) -> None:
        """Solve in the background, and show how it goes."""
        state = self.state
        problem = {name: getattr(state, name) for name in _PROBLEM}
        penalty = PathNorm(bias=problem.pop("bias"), skip=problem.pop("skip"))
        trace: list[tuple[float, float, float]] = []
        shown = [0.0]

        def task(stopped: Stopping) -> Solved:
            began = time.monotonic()

            def progress(seconds: float, value: float, bound: float) -> None:
                if stopped():
                    raise Stopped
                trace.append((seconds, value, bound))
                if time.monotonic() - shown[0] > _FRAME and seconds > _FRAME:
                    shown[0] = time.monotonic()
                    self._visit.later(partial(self._show_progress, tuple(trace)))

            with advice.silent():
                solution = fit(points, values, penalty=penalty, progress=progress, on_interrupt="raise", **problem)
            return Solved(points, values, solution, time.monotonic() - began)

        def done(solved: Solved) -> None:
            self._visit.say("")
            self._ended()
            self._show(solved, trace)

        def failed(message: str) -> None:
            self._ended()
            self._visit.say(message)

        self._stop.disabled = False
        self._trace = trace
        self._work.run(task, done, failed)

    def _show_progress(self, trace: Trace) -> None:
        if self._work.busy:
            seconds, value, bound = trace[-1]
            self._plots.show_progress(trace)
            gap = float(relative_gap(value, bound))
            self._readout.show(
                [
                    ("so far", f"{value:.10g}"),
                    ("lower bound", f"{bound:.10g}"),
                    ("relative gap", f"{gap:.1e}"),
                    ("seconds", f"{seconds:.1f}"),
                ],
                "The solver is at work; nothing is verified yet.",
            )

    def _show(self, solved: Solved, trace: Trace) -> None:
        self._solved = solved
        solution, found = solved.solution, solved.solution.certificate
        assert found is not None
        self._plots.show(solution.network, solved.values)
        self._plots.set_tolerance(found.tolerance)
        self._plots.show_progress(trace)
        self._plots.show_proof(solved.seconds, found.value, found.lower_bound)
        misfit = solution(solved.points) - solved.values
        rows = [
            ("norm [f]" if solution.lam == 0 else "loss + \u03bb [f]", f"{solution.value:.10g}"),
            ("lower bound", f"{solution.lower_bound:.10g}"),
            ("relative gap", f"{solution.gap:.1e}"),
            ("certified", f"{'yes' if solution.certified else 'no'} ({found.scope})"),
            ("neurons", str(solution.network.width)),
            ("rounds", str(solution.rounds)),
            ("seconds", f"{solved.seconds:.2f}"),
        ]
        if solution.lam > 0:
            norm, loss = solution.penalty.value(solution.network), float(np.mean(misfit**2)) / 2
            rows[1:1] = [("norm [f]", f"{norm:.6g}"), ("loss", f"{loss:.3e}")]
        self._readout.show(rows, "" if solution.certified else _uncertified(found.scope))

    def _ended(self) -> None:
        self._stop.disabled = not self._work.busy

    def _halt(self) -> None:
        """The button that stops."""
        self._work.stop()
        self._ended()
        last = f": value {self._trace[-1][1]:.8g}, lower bound {self._trace[-1][2]:.8g}" if self._trace else ""
        self._visit.say(f"The solver was stopped{last}. The level sets are those of the last problem that was solved.")

    def _finished(self) -> Solved:
        if self._solved is None:
            raise ValueError("no solution is there yet; wait until the solver has ended")
        return self._solved


_HOW = (
    "Drag points; click to add one; click one and press Backspace to delete it. "
    "Lines are where neurons bend, wider with more |a| |w|, dashed where a &lt; 0."
)


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return tuple((np.round(values, 4) + 0.0).tolist())


def _changed(state: PlaneState) -> list[str]:
    """The penalty's options that are not the usual ones, as code."""
    return [
        f"{name}={getattr(state, name)!r}"
        for name, usual in (("bias", "free"), ("skip", "none"))
        if getattr(state, name) != usual
    ]


def _uncertified(scope: str) -> str:
    reason = "a search proves nothing" if scope == "searched" else "more seconds or a larger gap to reach may do"
    return f"Not certified: {reason}."

"""Regions: shapes with labels, drawn by hand, and the certified function between them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import param
from matplotlib.figure import Figure

from minnorm import advice, plot
from minnorm.bracket import RegionSolution
from minnorm.explore.page.beside import beside, drawer, shrinking, stacked
from minnorm.explore.page.controls import Controls
from minnorm.explore.page.examples import examples
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.sentence import sentence, worded
from minnorm.explore.page.solver import Progress, Solver, Trace
from minnorm.explore.page.state import State
from minnorm.explore.page.view import Visit
from minnorm.explore.plane.bar import ColourBar
from minnorm.explore.plane.plots import bends
from minnorm.explore.regions.drawing import Drawing
from minnorm.explore.regions.parts import Part, heard, of_picture, read, written
from minnorm.objective.regions.known import Regions
from minnorm.plot.shades import Shades
from minnorm.solve import interpolate_regions

_BOX = np.array([-2.4, -1.8]), np.array([2.4, 1.8])
_SIDE = 97, 73  # places across and up at which the function is evaluated
_PROBLEM = ("shapes", "within", "tolerance", "time_limit")
_TOLERANCES = {"10 %": 0.1, "3 %": 0.03, "1 %": 0.01, "0.1 %": 0.001}
EXAMPLES = {
    "a disc and a box": {"shapes": "disc~0~-1.2~0~0.7;box~1~0.5~-0.8~1.6~0.9"},
    "a disc in a ring": {"shapes": "disc~1~0~0~0.3;ring~0~0~0~1~1.6"},
    "three corners": {"shapes": "disc~-1~-1.3~-0.9~0.5;disc~1~0~1~0.5;disc~-1~1.3~-0.9~0.5"},
    "around a corner": {
        "shapes": "polygon~0~-1.6~-1.2~1.6~-1.2~1.6~-0.6~-0.9~-0.6~-0.9~1.2~-1.6~1.2;box~1~0~0.2~1.4~1.2"
    },
}
_SHEET = (
    "Outlined is what is known; shades are the values of a network that keeps to it, of almost the least norm; "
    "lines are where its neurons bend it."
)


class RegionsState(State):
    """What is known, how closely it is to be met, and how long to look."""

    shapes = param.String(EXAMPLES["a disc and a box"]["shapes"], label="Known regions, as kind~label~numbers;..")
    within = param.Number(
        0.05, bounds=(0.0, 10.0), softbounds=(1e-3, 0.5), label="Within", doc="How far f may be from the labels."
    )
    tolerance = param.Number(0.01, bounds=(1e-6, 0.5), label="Gap to reach")
    time_limit = param.Number(20.0, bounds=(0.0, 600.0), step=5, label="Seconds at most")


class RegionsView:
    """A sheet to draw on, over the values of what was found; beside it, what is asked."""

    state_type = RegionsState
    hint = (
        "Draw where a function is known, and choose its value there: a network of almost the least norm that keeps to "
        "it is shown in between, with a proof of how small that norm can be."
    )
    drawers = ("What is asked",)

    def __init__(self, visit: Visit) -> None:
        self.state: RegionsState = visit.state
        self._visit = visit
        self._readout = Readout()
        self._sheet = Drawing.of(visit.theme, self._drawn, self._dropped, sizing_mode="stretch_width", min_width=280)
        self._bar = ColourBar(visit.theme, height=300)
        self._reach = sentence("")
        self._solver = Solver(visit, self._readout, kept="The values are those of the last regions that were solved.")
        self._found: RegionSolution | None = None
        try:
            read(self.state.shapes)
        except ValueError as error:
            visit.say(str(error))
            self.state.shapes = RegionsState.param.shapes.default
        self._follow()
        self.state.param.watch(lambda *_: self._follow(), list(_PROBLEM))

    def panel(self) -> Any:
        """What is asked, beside the sheet."""
        state, say = self.state, self._visit.say
        tolerances = dict(_TOLERANCES)
        if state.tolerance not in tolerances.values():
            tolerances[f"{state.tolerance:g}"] = state.tolerance
        controls = drawer(
            0,
            examples(state, EXAMPLES, ["shapes"], say=say),
            Controls.of(
                state,
                ["within", "tolerance", "time_limit"],
                say=say,
                log=["within"],
                choices={"tolerance": tolerances},
                title="Asked",
            ),
            self._solver.button,
            width=250,
            margin=(0, 12, 0, 0),
        )
        sheet = shrinking(self._sheet, self._bar.figure, sizing_mode="stretch_width")
        shown = stacked(self._readout, sheet, self._reach, sentence(_SHEET, "interpolant"), sizing_mode="stretch_width")
        return beside(controls, shown)

    def figure(self) -> Figure:
        """The network between the regions, with the points that prove the bound."""
        figure = plot.new_figure(6.4, 5.0)
        plot.plot_regions(self._finished(), ax=figure.subplots())
        return figure

    def table(self) -> pd.DataFrame:
        """The points that prove the lower bound, their labels, the network there, and the dual vector."""
        found = self._finished()
        x1, x2 = found.points.T
        columns = {"x1": x1, "x2": x2, "label": found.labels, "f": found(found.points), "dual": found.dual}
        return pd.DataFrame(columns)

    def code(self) -> str:
        """Both bounds."""
        state = self.state
        rows = "\n".join(f"        ({part.code()}, {part.label!r})," for part in read(state.shapes))
        options = "" if state.tolerance == 0.01 else f", tolerance={state.tolerance!r}"
        return (
            f"import minnorm as mn\n\nK = mn.Regions(\n    [\n{rows}\n    ]\n)\n"
            f"solution = mn.interpolate_regions(K, within={state.within!r}, time_limit={state.time_limit!r}{options})\n"
            "print(solution.lower_bound, solution.value, solution.certified)"
        )

    def close(self) -> None:
        """Nothing more is wanted."""
        self._solver.stop()

    # What is drawn.

    def _drawn(self, drawn: Sequence[dict[str, Any]]) -> None:
        self._take(partial(heard, drawn))

    def _dropped(self, levels: np.ndarray) -> None:
        self._take(partial(of_picture, levels, *(0.9 * corner for corner in _BOX)))

    def _take(self, find: Any) -> None:
        """Have these parts, unless they are none."""
        try:
            parts: list[Part] = find()
            if not parts:
                raise ValueError("nothing is known; draw a disc, a ring, a box or a polygon")
            self.state.shapes = written(parts)
        except ValueError as error:
            self._visit.say(str(error))
            self._sheet.parts = []  # so that the old ones are sent again
            self._sheet.put(read(self.state.shapes))

    # The function between.

    def _follow(self) -> None:
        """The state has changed."""
        try:
            parts = read(self.state.shapes)
            self._sheet.put(parts)
            regions = Regions([(part.shape(), part.label) for part in parts])
        except ValueError as error:
            self._solver.stop()
            self._readout.tell([("least norm", "\u2013")], str(error))
            self._visit.say(str(error))
            return
        self._solve(regions)

    def _solve(self, regions: Regions) -> None:
        options = {name: getattr(self.state, name) for name in _PROBLEM[1:]}

        def solve(progress: Progress) -> RegionSolution:
            with advice.silent():  # the page shows what is not certified
                return interpolate_regions(regions, progress=progress, **options)

        self._solver.run(solve, self._show)

    def _show(self, found: RegionSolution, seconds: float, _trace: Trace) -> None:
        self._found, (low, high) = found, _BOX
        across, up = (np.linspace(a, b, n) for a, b, n in zip(low, high, _SIDE, strict=True))
        grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        f = found(grid).reshape(_SIDE[1], _SIDE[0])
        scale = Shades.of(np.array([part.label for part in read(self.state.shapes)]))
        lines = [(*line, sign) for sign in (1, -1) for line in bends(found.network.to_numpy(), low, high, sign, 1e-3)]
        self._sheet.shade(f, scale, lines)
        self._bar.show(scale, f)
        self._reach.object = worded(f"On the sheet the network has values from {f.min():.4g} to {f.max():.4g}.")
        finite = bool(np.isfinite(found.value))
        least = f"{found.lower_bound:.6g} to {found.value:.6g}" if finite else f"at least {found.lower_bound:.6g}"
        rows = [
            (f"least norm within {found.within:g}", least),
            ("relative gap", f"{found.gap:.1e}" if finite else "\u2013"),
            ("certified", "yes" if found.certified else "no"),
            ("largest error on the regions", f"{found.error:.4g}"),
            ("neurons", str(found.network.width)),
            ("seconds", f"{seconds:.1f}"),
        ]
        self._readout.tell(rows, "" if found.certified else _uncertified(found))
        self._visit.refresh()

    def _finished(self) -> RegionSolution:
        if self._found is None:
            raise ValueError("no solution is there yet; wait until the solver has ended")
        return self._found


def _uncertified(found: RegionSolution) -> str:
    if not np.isfinite(found.value):
        return "No network was found that keeps to the regions; allow more room: a larger Within."
    return "Both bounds hold, and are further apart than asked for; more seconds or a larger gap to reach may do."

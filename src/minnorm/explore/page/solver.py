"""A certified solver beside a session: what it has so far, how long it took, and a button that stops it."""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import panel as pn

from minnorm.explore.page.background import Background, Stopped, Stopping
from minnorm.explore.page.readout import Readout
from minnorm.explore.page.view import Visit
from minnorm.solution import relative_gap

_FRAME = 0.1  # seconds between two reports
_AT_WORK = "The solver is at work; nothing is verified yet."

Progress = Callable[[float, float, float], None]
"""Called by a solver with its seconds, the value of its network and its lower bound."""

Trace = tuple[tuple[float, float, float], ...]
"""What progress was called with, from the beginning."""

Found = TypeVar("Found")


class Solver:
    """Solves one problem at a time; those that come meanwhile wait as `Background` has it.

    While one is solved its bounds are in `readout`, and `seen` gets the trace. `button` stops it; what it had then is
    said, and `kept`, what is still shown.
    """

    def __init__(
        self, visit: Visit, readout: Readout, *, kept: str, seen: Callable[[Trace], None] | None = None
    ) -> None:
        self._visit, self._readout, self._kept, self._seen = visit, readout, kept, seen
        self._work = Background(visit.later)
        self._last = ""
        self.button = pn.widgets.Button(label="Stop the solver", disabled=True, margin=(6, 8, 6, 0))
        self.button.on_click(lambda _: self._halt())

    def run(self, solve: Callable[[Progress], Found], show: Callable[[Found, float, Trace], None]) -> None:
        """Solve in the background; `show` gets what was found, its seconds and its trace, if it is still wanted."""
        trace: list[tuple[float, float, float]] = []
        shown = time.monotonic()

        def task(stopped: Stopping) -> tuple[Found, float]:
            began = time.monotonic()

            def progress(seconds: float, value: float, bound: float) -> None:
                nonlocal shown
                if stopped():
                    raise Stopped
                trace.append((seconds, value, bound))
                if time.monotonic() - shown > _FRAME:
                    shown = time.monotonic()
                    self._visit.later(partial(self._report, tuple(trace)))

            return solve(progress), time.monotonic() - began

        def done(found: tuple[Found, float]) -> None:
            self._visit.say("")
            self._ended()
            show(*found, tuple(trace))

        def failed(message: str) -> None:
            self._ended()
            self._visit.say(message)

        self._last = ""
        self.button.disabled = False
        self._work.run(task, done, failed)

    def stop(self) -> None:
        """Nothing more is wanted."""
        self._work.stop()
        self._ended()

    def _report(self, trace: Trace) -> None:
        if not self._work.busy:
            return
        seconds, value, bound = trace[-1]
        there = math.isfinite(value)
        so_far, gap = (f"{value:.8g}", f"{float(relative_gap(value, bound)):.1e}") if there else ("\u2013", "\u2013")
        self._last = f": value {so_far}, lower bound {bound:.8g}"
        rows = [("so far", so_far), ("lower bound", f"{bound:.8g}"), ("relative gap", gap)]
        self._readout.tell([*rows, ("seconds", f"{seconds:.1f}")], _AT_WORK)
        if self._seen is not None:
            self._seen(trace)

    def _ended(self) -> None:
        self.button.disabled = not self._work.busy

    def _halt(self) -> None:
        self.stop()
        self._visit.say(f"The solver was stopped{self._last}. {self._kept}")

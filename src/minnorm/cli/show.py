"""What the command line shows: JSON and tables on standard output; messages and progress on standard error.

On a terminal with colours, boxes and bars; elsewhere, and where plain text is asked for, without.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Show = Callable[[Any, float, float], None]
"""Called with (work, part of it done, part of everything done)."""

Gap = Callable[[float, float, float], None]
"""Called with (seconds, value, lower bound)."""


_plain = False


def plainly(asked: bool) -> bool:
    """Whether plain text is asked for, from now on."""
    global _plain
    _plain = asked
    return asked


def fancy(stream: Any) -> bool:
    """Whether a stream takes colours, boxes and bars: a terminal, where nobody asked for plain text."""
    variables = (os.environ.get(name, "") for name in ("NO_COLOR", "MINNORM_PLAIN"))
    return not (_plain or any(variables) or os.environ.get("TERM") == "dumb") and stream.isatty()


def say(message: str) -> None:
    """A message for people."""
    print(message, file=sys.stderr, flush=True)


_unwritten: list[OSError] = []


def deliver(write: Callable[..., None], *arguments: Any) -> None:
    """Write a file that goes with the answer; if it cannot be, the answer is printed first, and then why."""
    try:
        write(*arguments)
    except OSError as error:
        _unwritten.append(error)


def undelivered() -> None:
    """Raise what `deliver` has kept back."""
    if _unwritten:
        raise _unwritten.pop(0)


def print_json(result: dict[str, Any]) -> None:
    """One JSON object on one line."""
    print(json.dumps(result, allow_nan=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of texts under a title; a record of names and values if the first column has no name."""
    record = columns[0] == ""
    if not fancy(sys.stdout):
        print(title)
        lines = list(rows) if record else [columns, *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_style="bold", title_justify="left", box=box.ROUNDED, show_header=not record)
    for k, column in enumerate(columns):
        name = record and k == 0
        table.add_column(column, justify="left" if record or k == 0 else "right", style="dim" if name else "")
    for row in rows:
        table.add_row(*(Text(cell, _COLOURS.get(cell.split(" ")[0], "")) for cell in row))
    Console().print(table)


_COLOURS = {"yes": "green", "no": "yellow"}


def plain(value: Any) -> Any:
    """A NumPy or Python scalar as JSON knows it; what is not finite becomes None."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def text(value: Any, digits: int = 5) -> str:
    """A scalar, or several, in a table."""
    if isinstance(value, list):
        return ", ".join(text(entry, digits) for entry in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


@contextmanager
def progress(prefix: str, *, quiet: bool) -> Iterator[Show]:
    """A bar on a terminal; in plain mode a line at each new piece of work; nothing if quiet."""
    if quiet or not fancy(sys.stderr):
        seen: list[str] = []

        def line(work: Any, _part: float, whole: float) -> None:
            label = _label(work)
            if not quiet and label not in seen:
                seen.append(label)
                say(f"{prefix}{label} ({whole:.0%})")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(prefix, total=1.0)
        yield lambda work, _part, whole: bar.update(task, completed=whole, description=prefix + _label(work))


@contextmanager
def steps_progress(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Network steps done of all, their speed and the time left: a bar on a terminal; in plain mode a line whenever the
    time has doubled; nothing if quiet."""
    if quiet:
        yield lambda _done, _total: None
        return
    first: list[tuple[int, float]] = []  # steps and time at the first sign: compiling is over

    def pace(done: int, total: int) -> tuple[float, str]:
        if not first:
            first.append((done, time.perf_counter()))
        seconds = time.perf_counter() - first[0][1]
        speed = (done - first[0][0]) / max(seconds, 1e-9)
        return seconds, f"{speed:.3g} network steps/s, {(total - done) / speed:.0f} s left" if speed > 0 else ""

    if not fancy(sys.stderr):
        due = 2.0

        def line(done: int, total: int) -> None:
            nonlocal due
            seconds, text = pace(done, total)
            if seconds >= due:
                due = 2 * seconds
                say(f"{label}: {done / total:.0%}, {text}")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn(label), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=1.0)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done / max(total, 1), description=pace(done, total)[1])

        yield update


class GapShow:
    """Shows seconds, value and lower bound, as `Gap` is called, and whether they are being verified."""

    def __init__(self, show: Callable[[float, float, float, float | None], None]) -> None:
        self._show, self._verified = show, None

    def __call__(self, seconds: float, value: float, bound: float) -> None:
        """What the solver has, or had when verifying began."""
        self._show(seconds, value, bound, self._verified)

    def verifying(self, done: float) -> None:
        """The part of the verification that is done."""
        self._verified = done


@contextmanager
def gap_progress(tolerance: float, *, quiet: bool) -> Iterator[GapShow]:
    """The gap against time: a bar on a terminal; in plain mode a line when the time has doubled, and when after more
    than a second verifying begins; nothing if quiet."""
    if quiet:
        yield GapShow(lambda _seconds, _value, _bound, _verified: None)
        return
    if not fancy(sys.stderr):
        due, verifying = 1.0, False

        def line(seconds: float, value: float, bound: float, verified: float | None) -> None:
            nonlocal due, verifying
            if seconds >= due or (seconds >= 1.0 and verified is not None and not verifying):
                due, verifying = 2 * seconds, verified is not None
                say(_state(seconds, value, bound, verified))

        yield GapShow(line)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def update(seconds: float, value: float, bound: float, verified: float | None) -> None:
            nearness = _nearness(value, bound, tolerance) if verified is None else verified
            bar.update(task, completed=nearness, description=_state(seconds, value, bound, verified))

        yield GapShow(update)


def _gap(value: float, bound: float) -> float:
    from minnorm.solution import relative_gap

    return float(relative_gap(value, bound))


def _state(seconds: float, value: float, bound: float, verified: float | None) -> str:
    numbers = f"gap {_gap(value, bound):.1e}, value {value:.8g}, lower bound {bound:.8g}"
    if verified is None:
        return f"{seconds:.0f} s: {numbers}"
    found = f", found: {numbers}" if math.isfinite(value) else ""
    return f"{seconds:.0f} s: verifying, {verified:.0%}{found}"


def _nearness(value: float, bound: float, tolerance: float) -> float:
    """From 0 at a gap of 1 to 1 at the tolerance, by orders of magnitude."""
    gap = _gap(value, bound)
    if not math.isfinite(gap):
        return 0.0
    return min(1.0, max(0.0, math.log(max(gap, 1e-300)) / math.log(tolerance)))


def _label(work: Any) -> str:
    """A shard's name on a progress bar."""
    settings = getattr(work, "train", None)
    if hasattr(work, "solve"):
        return f"solve, {work.task.kind}, {work.task.count()} points"
    if settings is None:
        return str(work)
    scale = "" if settings.scale == 1 else f" x {settings.scale}"
    return f"{settings.optimizer}, {settings.initial}{scale}"

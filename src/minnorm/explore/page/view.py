"""What a view of the interactive page is: the few things the page asks of it, and the few it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd
from matplotlib.figure import Figure

from minnorm.explore.page.state import State
from minnorm.explore.page.theme import Theme


@dataclass(frozen=True)
class Visit:
    """What a view is opened with: one browser tab, its own session.

    `state` was read from the URL; `theme` has the colours; `store` is the directory given on the command line. `say`
    shows a message at the top of the page ("" takes it away). `later` runs a function in the session's own thread as
    soon as it is free: what a worker thread has to show goes through it. `refresh` is to be called
    when `code` has changed without the state, after training for example.
    """

    state: Any
    theme: Theme
    store: Path | None
    say: Callable[[str], None]
    later: Callable[[Callable[[], None]], None]
    refresh: Callable[[], None] = lambda: None


@runtime_checkable
class View(Protocol):
    """One view of the page, opened by calling its class with a `Visit`.

    `state`, of `state_type`, holds everything that makes the view what it is: the page reads it from the URL, writes it
    back whenever a parameter changes (a URL shared is a view shared; whatever else shows it has to follow, since a
    reader can undo), and refreshes the code it shows. Everything else follows from `state`. `hint` says in a sentence
    or two what can be done here, to those who come for the first time; `drawers`, the names of the buttons that open
    its `beside.drawer`s on a phone. A view that cannot be opened raises ValueError
    with the remedy, which the page shows.

    To add one: write the class, add it to `VIEWS` in `app.py`. Controls come from `controls.Controls`: the sliders,
    spinners, boxes and tables of Panel and Bokeh have no names that a screen reader could read.
    """

    state_type: type[State]
    hint: str
    drawers: tuple[str, ...]
    state: State

    def __init__(self, visit: Visit) -> None:
        """Open the view; ValueError, with what to do, if that is impossible."""
        ...

    def panel(self) -> Any:
        """The controls and plots: anything that `panel.panel` takes. Controls are labelled. Called once."""
        ...

    def figure(self) -> Figure:
        """What is shown, in print quality, for PNG and SVG."""
        ...

    def table(self) -> pd.DataFrame:
        """The numbers behind what is shown, for CSV."""
        ...

    def code(self) -> str:
        """A few lines of Python that print the main number shown, from nothing but `minnorm` and NumPy."""
        ...

    def close(self) -> None:
        """The session has ended: stop what is running."""
        ...

"""What the lines and marks of a plot mean, above it: Bokeh's own legend is built anew whenever a number changes."""

from collections.abc import Iterable, Mapping
from html import escape

import panel as pn

_STYLE = """
ul { display: flex; flex-wrap: wrap; gap: 0 1.1em; margin: 0; padding: 0; list-style: none; color: var(--ink);
  font: 12px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; min-height: 1.5em; }
li { display: inline-flex; align-items: center; gap: 0.45em; }
"""


class Key:
    """Names with swatches, which are `line`, `strip` or `mark`; `show` says which of them are there."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = entries
        self._shown: frozenset[str] | None = None
        self.pane = pn.pane.HTML("", stylesheets=[_STYLE], sizing_mode="stretch_width", margin=(0, 8, 0, 50))

    def show(self, names: Iterable[str]) -> None:
        """Those of the names, in the order of the entries."""
        shown = frozenset(names)
        if shown == self._shown:
            return
        self._shown = shown
        rows = (
            f'<li><svg width="18" height="12" aria-hidden="true">{swatch}</svg>{escape(name)}</li>'
            for name, swatch in self._entries.items()
            if name in shown
        )
        self.pane.object = f"<ul>{''.join(rows)}</ul>"


def line(colour: str, width: float = 2.0, dash: Iterable[int] = ()) -> str:
    """A swatch of a line."""
    dashes = " ".join(map(str, dash))
    return f'<path d="M0 6H18" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dashes}"/>'


def strip(colour: str, alpha: float) -> str:
    """A swatch of a filled range."""
    return f'<rect y="1" width="18" height="10" fill="{colour}" fill-opacity="{alpha}"/>'


def mark(colour: str, *, square: bool = False) -> str:
    """A swatch of a mark: a disc, or a square."""
    return f'<rect x="5" y="2" width="8" height="8" rx="{0 if square else 4}" fill="{colour}"/>'

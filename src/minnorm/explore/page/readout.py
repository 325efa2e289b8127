"""Numbers under their names, as the views show them."""

from collections.abc import Sequence
from html import escape
from typing import Any

import panel as pn

_STYLE = """
dl { display: flex; flex-wrap: wrap; gap: 0.35rem 1.5rem; margin: 0 0 0.2rem; color: var(--ink); }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: 12px; line-height: 1.3; }
dd { margin: 0; font-size: 14px; line-height: 1.35; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
dl div.main dd { font-size: 22px; font-weight: 600; line-height: 1.2; }
p { margin: 0.3rem 0 0; color: var(--soft); font-size: 13px; line-height: 1.4; }
"""


class Readout:
    """A line of numbers; the first is the one that matters. `show` changes them."""

    def __init__(self) -> None:
        self.pane = pn.pane.HTML("", sizing_mode="stretch_width", stylesheets=[_STYLE], margin=(4, 8))

    def show(self, pairs: Sequence[tuple[str, Any]], note: str = "") -> None:
        """Names with their values, and a sentence below."""
        entries = "".join(
            f"<div{' class=main' if i == 0 else ''}><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>"
            for i, (name, value) in enumerate(pairs)
        )
        below = f"<p>{escape(note)}</p>" if note else ""
        self.pane.object = f'<div role="status"><dl>{entries}</dl>{below}</div>'

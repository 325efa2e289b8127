"""One sentence beside a plot: what it shows, with its terms explained."""

from collections.abc import Sequence
from typing import Any

import panel as pn

from minnorm.explore.page.glossary import question

_STYLE = """
p { margin: 0; color: var(--soft); font-size: 13px; line-height: 1.4; }
.term { font: 600 10px/1 system-ui, sans-serif; width: 15px; height: 15px; padding: 0; border-radius: 50%; cursor: help;
  color: var(--soft); background: transparent; border: 1px solid var(--faint); vertical-align: 1px; }
.term:hover { color: var(--ink); border-color: var(--soft); }
.term:focus-visible { outline: 3px solid var(--accent); outline-offset: 1px; }
"""


def sentence(html: str, *terms: str, **layout: Any) -> pn.pane.HTML:
    """A sentence of HTML, with buttons that open the terms of the glossary named after it."""
    layout = {"sizing_mode": "stretch_width", "margin": (0, 8, 4, 8), **layout}
    return pn.pane.HTML(worded(html, terms), stylesheets=[_STYLE], **layout)


def worded(html: str, terms: Sequence[str] = ()) -> str:
    """The sentence alone, for a pane that has one already."""
    return f"<p>{' '.join([html, *map(question, terms)])}</p>"

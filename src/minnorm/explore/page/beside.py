"""Parts of a view side by side; where there is no room, below each other, with the plots first."""

from typing import Any

import panel as pn

_PLOTS = "plots"
# A rule from outside is stronger than the `:host` of a part, which has its width on a screen.
_SHEET = f"""@media (max-width: 60rem) {{
  :host {{ display: flex !important; flex-direction: column !important; min-width: 0 !important;
    height: auto !important; }}
  div {{ width: auto !important; min-width: 0 !important; max-width: 100% !important; margin-left: 0 !important;
    margin-right: 0 !important; align-self: stretch; flex: none !important; }}
  .{_PLOTS} {{ order: -1; }}
}}"""


def beside(*parts: Any, plots: Any = None) -> pn.Row:
    """The parts in a row; `plots` is the one that comes first on a phone."""
    if plots is not None:
        plots.css_classes = [_PLOTS]
    return pn.Row(*parts, sizing_mode="stretch_width", stylesheets=[_SHEET])


def grid(*parts: Any, across: int) -> pn.GridBox:
    """Plots in a grid, `across` in a row."""
    return pn.GridBox(*parts, ncols=across, sizing_mode="stretch_width", stylesheets=[_SHEET])

"""Parts of a view side by side; where there is no room, the plots below each other, and controls in drawers."""

from typing import Any

import panel as pn

_NARROW = "@media (max-width: 60rem)"
# A rule from outside is stronger than the `:host` of a part, which has its width on a screen.
_SHEET = f"""{_NARROW} {{
  :host {{ display: flex !important; flex-direction: column !important; min-width: 0 !important;
    height: auto !important; }}
  div {{ width: auto !important; min-width: 0 !important; max-width: 100% !important; margin-left: 0 !important;
    margin-right: 0 !important; align-self: stretch; flex: none !important; }}
}}"""
# Of what is important, the part's own word counts. The page opens a drawer by its property.
_DRAWER = """%s {
  :host { display: var(--drawer-%d, none) !important; position: fixed !important; inset: auto 0 3.3rem 0 !important;
    max-height: 62vh !important; width: auto !important; overflow-y: auto !important; z-index: 15;
    background: var(--paper); border-top: 3px solid var(--accent); margin: 0 !important;
    padding: 0.8rem 1rem !important; box-sizing: border-box !important; }
}"""


def beside(*parts: Any) -> pn.Row:
    """The parts in a row; on a phone below each other, in their order."""
    return pn.Row(*parts, sizing_mode="stretch_width", stylesheets=[_SHEET])


def stacked(*parts: Any, **layout: Any) -> pn.Column:
    """The parts below each other, as wide as there is room."""
    return pn.Column(*parts, stylesheets=[_SHEET], **layout)


def drawer(number: int, *parts: Any, **layout: Any) -> pn.Column:
    """Controls below each other; on a phone a drawer, which the page's button of this number opens."""
    return pn.Column(*parts, stylesheets=[_DRAWER % (_NARROW, number)], **layout)


def grid(*parts: Any, across: int) -> pn.GridBox:
    """Plots in a grid, `across` in a row."""
    return pn.GridBox(*parts, ncols=across, sizing_mode="stretch_width", stylesheets=[_SHEET])


def shrinking(*parts: Any, **layout: Any) -> pn.Row:
    """Parts in a row, on a phone too, that become narrower than they would like to be."""
    sheet = ":host { max-width: 100%; min-width: 0 !important; } div { min-width: 0 !important; }"
    return pn.Row(*parts, stylesheets=[sheet], **layout)


def tall(part: Any, taken: int, least: int = 280, **layout: Any) -> pn.Column:
    """A plot that stretches: as high as the window, but for `taken` pixels, and on a phone no higher than wide."""
    height = f"min(clamp({least}px, calc(100vh - {taken}px), 1100px), 92vw)"
    styles = {"height": height, "min-height": height}
    return pn.Column(part, styles=styles, **{"sizing_mode": "stretch_width", "margin": 0, **layout})

"""The colours of the page, light and dark: for its own style sheet, and for the plots in it."""

from dataclasses import dataclass
from typing import Any

from minnorm.plot import palette_of


@dataclass(frozen=True)
class Theme:
    """Colours as `#rrggbb`, those of figures where they mean the same. Lines: Okabe & Ito (2008), told apart with any
    colour vision.

    `function` is for what is exact, `other` for a second of its kind, `band` for a range, `learned` for a trained
    network, `point` for data; `ink` is text, `faint` axes and grids, on `paper`; `values`, the ends and the middle of
    a scale of values.
    """

    name: str
    paper: str
    surface: str
    ink: str
    soft: str
    faint: str
    accent: str
    function: str
    other: str
    band: str
    learned: str
    point: str
    values: tuple[str, str, str]

    @property
    def dark(self) -> bool:
        """Whether the paper is dark."""
        return self.name == "dark"

    def bokeh(self) -> dict[str, Any]:
        """The same for Bokeh: what `bokeh.themes.Theme(json=...)` takes."""
        text = {"text_color": self.ink}
        return {
            "attrs": {
                "Plot": {
                    "background_fill_color": self.paper,
                    "border_fill_color": self.paper,
                    "outline_line_color": None,
                },
                "Axis": {
                    "axis_line_color": self.faint,
                    "major_tick_line_color": self.faint,
                    "minor_tick_line_color": None,
                    "major_label_text_color": self.soft,
                    "axis_label_text_color": self.soft,
                    "axis_label_text_font_style": "normal",
                },
                "Grid": {"grid_line_color": self.faint, "grid_line_alpha": 0.35},
                "Title": text,
                "Legend": {
                    "label_text_color": self.ink,
                    "background_fill_alpha": 0.0,
                    "border_line_alpha": 0.0,
                    "label_text_font_size": "9pt",
                    "padding": 2,
                    "spacing": 1,
                },
                "ColorBar": {
                    "background_fill_color": self.paper,
                    "major_label_text_color": self.soft,
                    "title_text_color": self.ink,
                },
            }
        }


def _theme(style: str, **page: str) -> Theme:
    """The colours of a style of figures, with those that only the page has."""
    figures = palette_of(style)
    function, other, learned = figures.series[:3]
    lines = {"function": function, "other": other, "learned": learned}
    return Theme(name=style, paper=figures.ground, point=figures.ink, values=figures.surface, **lines, **page)


LIGHT = _theme(
    "light",
    surface="#f3f5f7",
    ink="#1b1f24",
    soft="#4a525c",
    faint="#aab2bb",
    accent="#005a94",
    band="#56b4e9",
)
DARK = _theme(
    "dark",
    surface="#1f242a",
    ink="#e8ebee",
    soft="#b8c0c9",
    faint="#59626d",
    accent="#7cc4f2",
    band="#56b4e9",
)

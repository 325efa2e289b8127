"""A sheet on which regions are drawn, over the values of the function between them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import param
from panel.custom import JSComponent

from minnorm.explore.page.theme import Theme
from minnorm.explore.regions.parts import Part
from minnorm.plot.shades import Shades, shades

_HERE = Path(__file__).parent
_DIGITS = 4


class Drawing(JSComponent):
    """Shapes and labels, drawn with the pointer or typed; `asked` gets what they have become.

    `picture` is called with the grey levels (rows, columns) of an image that was dropped, NaN where it is transparent.
    """

    parts = param.List(default=[])
    edited = param.Dict(default={})
    answered = param.Integer(default=0)
    picture = param.Dict(default={})
    values = param.Dict(default={})
    lines = param.List(default=[])
    box = param.List(default=[-2.4, -1.8, 2.4, 1.8])
    look = param.Dict(default={})

    _esm = _HERE / "drawing.js"
    _stylesheets: ClassVar[Any] = [_HERE / "drawing.css"]

    @classmethod
    def of(
        cls,
        theme: Theme,
        asked: Callable[[list[dict[str, Any]]], None],
        dropped: Callable[[np.ndarray], None],
        **layout: Any,
    ) -> "Drawing":
        """An empty sheet in these colours."""
        names = ("paper", "ink", "soft", "faint", "accent")
        look = {"shades": shades(theme.values), **{name: getattr(theme, name) for name in names}}
        made = cls(look=look, **layout)

        def take(event: Any) -> None:
            try:
                asked(event.new["parts"])
            finally:
                made.answered = event.new["count"]

        def see(event: Any) -> None:
            sent = event.new
            levels = [np.nan if one is None else float(one) for one in sent["levels"]]
            dropped(np.reshape(levels, (int(sent["rows"]), -1)))

        made.param.watch(take, "edited")
        made.param.watch(see, "picture")
        return made

    def put(self, parts: Sequence[Part]) -> None:
        """Show these parts."""
        self.parts = [part.drawn() for part in parts]

    def shade(self, f: np.ndarray, scale: Shades, lines: Sequence[Sequence[float]]) -> None:
        """Values on a grid over the box, from below, in the shades of a scale, and where neurons bend."""
        self.param.update(
            values={
                "f": np.round(f, _DIGITS).tolist(),
                "low": float(scale.edges[0]),
                "step": scale.step,
            },
            lines=[list(line) for line in lines],
        )

"""A table of points for the keyboard, beside the plot on which the mouse moves them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

_HERE = Path(__file__).parent


class PointsTable(JSComponent):
    """Fields for the numbers of each point, by default x and y.

    `fill` fills them, with a sequence for each column; `asked` is called with the columns as the user has made them.
    """

    columns = param.List(default=["x", "y"])
    points = param.List(default=[])
    edited = param.Dict(default={})
    answered = param.Integer(default=0)

    _esm = _HERE / "points.js"
    _stylesheets: ClassVar[Any] = [_HERE / "points.css"]

    @classmethod
    def of(cls, asked: Callable[..., None], **layout: Any) -> "PointsTable":
        """An empty table."""
        made = cls(**layout)

        def take(event: Any) -> None:
            points = [[float(number) for number in point] for point in event.new["points"] if None not in point]
            asked(*([point[k] for point in points] for k in range(len(made.columns))))
            made.answered = event.new["count"]

        made.param.watch(take, "edited")
        return made

    def fill(self, *columns: Sequence[float]) -> None:
        """Fill the fields."""
        self.points = [list(point) for point in zip(*columns, strict=True)]

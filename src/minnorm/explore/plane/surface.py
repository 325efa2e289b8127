"""A function of two variables as a surface in space, which a pointer or the arrow keys turn."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import param
from panel.custom import JSComponent

from minnorm.explore.page.theme import Theme
from minnorm.plot.shades import Shades, shades

_HERE = Path(__file__).parent
_DIGITS = 5


class Surface(JSComponent):
    """A surface over a grid, painted in the browser; `turn` and `tilt`, in degrees, say from where it is seen."""

    heights = param.Dict(default={})
    turn = param.Integer(default=-35)
    tilt = param.Integer(default=30)
    look = param.Dict(default={})

    _esm = _HERE / "surface.js"
    _stylesheets: ClassVar[Any] = ["canvas { width: 100%; display: block; cursor: grab; }"]

    @classmethod
    def of(cls, theme: Theme, **layout: Any) -> "Surface":
        """Nothing yet, in these colours."""
        look = {"shades": shades(theme.values), "ink": theme.ink, "soft": theme.soft, "faint": theme.faint}
        return cls(look=look, **layout)

    def put(
        self,
        across: np.ndarray,
        up: np.ndarray,
        heights: np.ndarray,
        scale: Shades,
        points: np.ndarray,
        values: np.ndarray,
    ) -> None:
        """Heights (up, across), in the shades of a scale, and data points (n, 2) at their values (n,)."""
        self.heights = {
            "x": across.tolist(),
            "y": up.tolist(),
            "z": np.round(heights, _DIGITS).tolist(),
            "low": float(scale.edges[0]),
            "step": scale.step,
            "points": np.column_stack([points, values]).tolist(),
        }

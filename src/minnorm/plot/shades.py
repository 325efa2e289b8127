"""Which values share a shade: one symmetric scale for figures and the page, with marks where values go beyond."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgb

SHADES = 12
_NICE = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0)  # times a power of ten: steps that are easy to read
_FLAT = 1e-12  # of the labels' size: less is no range


@dataclass(frozen=True)
class Shades:
    """Levels between which values have one shade: `SHADES` steps, as many above `centre` as below."""

    centre: float
    step: float

    @classmethod
    def of(cls, labels: Float[np.ndarray, " n"]) -> "Shades":
        """Levels that hold all labels, around 0 if it is among them, else around their middle.

        >>> Shades.of(np.array([-1.0, 1.0])).edges[[0, 6, -1]].tolist()
        [-1.2, 0.0, 1.2]
        >>> Shades.of(np.array([100.0, 102.0])).centre
        101.0
        """
        low, high = float(np.min(labels)), float(np.max(labels))
        centre = 0.0 if low <= 0 <= high else 0.5 * (low + high)
        reach = max(high - centre, centre - low)
        if reach <= _FLAT * max(abs(low), abs(high)):
            reach = 1.0
        least = 1.1 * reach / (SHADES // 2)
        unit = 10.0 ** math.floor(math.log10(least))
        return cls(centre, next(nice * unit for nice in _NICE if nice * unit >= least))

    @property
    def edges(self) -> Float[np.ndarray, " k"]:
        """The levels, from below."""
        half = SHADES // 2
        return self.centre + self.step * np.arange(-half, half + 1)

    def beyond(self, values: Float[np.ndarray, "..."]) -> Literal["neither", "min", "max", "both"]:
        """At which ends values go beyond the levels."""
        below, above = bool(np.min(values) < self.edges[0]), bool(np.max(values) > self.edges[-1])
        return "both" if below and above else "min" if below else "max" if above else "neither"

    def look(self, surface: tuple[str, str, str]) -> dict[str, Any]:
        """Map and norm for matplotlib: shades between the ends of a surface, and one more beyond each of them."""
        colours = shades(surface)
        cmap = ListedColormap(colours[1:-1]).with_extremes(under=colours[0], over=colours[-1])
        return {"cmap": cmap, "norm": BoundaryNorm(self.edges, SHADES)}


def shades(surface: tuple[str, str, str]) -> list[str]:
    """The colours of all shades as `#rrggbb`, from below: the first and the last are those beyond the levels."""
    low, middle, high = (np.array(to_rgb(colour)) for colour in surface)
    shares = [*np.linspace(-0.86, 0.86, SHADES), 1.0]
    mixed = [middle + abs(share) * ((high if share > 0 else low) - middle) for share in (-1.0, *shares)]
    return ["#" + "".join(f"{round(255 * channel):02x}" for channel in colour) for colour in mixed]

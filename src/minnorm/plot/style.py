"""The look of all figures: lines for print, colours that any colour vision tells apart, on light and on dark."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from minnorm.atomic import write
from minnorm.checks import choice, shown


@dataclass(frozen=True)
class Palette:
    """Colours on one background: `series` for curves, `ink` for data and text, `faint` for what is in the way.

    Every colour but `region` (shaded areas) stands out from `ground` by a contrast of 3 or more, `ink` by 7.
    """

    series: tuple[str, ...]
    ink: str
    faint: str
    region: str
    ground: str
    surface: tuple[str, str, str]
    """Both ends of a scale of values with its middle between them; `ink` can be read on each."""

    def line(self, number: int, dash: int = 0) -> dict[str, Any]:
        """Colour and dashes of the curve with this number: the colours in turn, then again with other dashes.

        `dash` counts curves of one colour: those of one optimiser, say, at several learning rates.
        """
        return {
            "color": self.series[number % len(self.series)],
            "linestyle": _DASHES[(number // len(self.series) + dash) % len(_DASHES)],
        }

    @property
    def exact(self) -> dict[str, Any]:
        """How what is known exactly is drawn over what was learned."""
        return {"color": self.ink, "linewidth": 1.0, "linestyle": _DASHED, "zorder": 5}

    @property
    def signs(self) -> tuple[tuple[int, dict[str, Any]], ...]:
        """How what is positive is marked, and what is negative: by colour and by shape."""
        return (1, {"color": self.series[1], "marker": "o"}), (-1, {"color": self.series[0], "marker": "s"})

    @property
    def distances(self) -> LinearSegmentedColormap:
        """Lengths as shades of thin marks on `ground`, from small to large: each stands out from it."""
        return LinearSegmentedColormap.from_list("minnorm lengths", (self.series[0], self.series[4], self.series[1]))

    @property
    def scale(self) -> LinearSegmentedColormap:
        """Values as shades, from small to large."""
        return LinearSegmentedColormap.from_list("minnorm", self.surface)


_DASHED = (0, (4, 2))
_DASHES: tuple[Any, ...] = ("-", _DASHED, (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))

# The first four are those of Okabe & Ito (2008), brightened on dark where they need it.
_PALETTES = {
    "light": Palette(
        series=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8A2BE2", "#603000"),
        ink="#1A1A1A",
        faint="#767676",
        region="#EDEFF2",
        ground="#FFFFFF",
        surface=("#E59B64", "#FBFBF9", "#6AAEDB"),
    ),
    "dark": Palette(
        series=("#56B4E9", "#F0763A", "#00B386", "#E79CC8", "#8B6CF5", "#EFC94C"),
        ink="#F2F2F2",
        faint="#9AA0A6",
        region="#232A32",
        ground="#14181D",
        surface=("#8A481D", "#171C22", "#20679A"),
    ),
}
_style: ContextVar[str] = ContextVar("style", default="light")


@contextmanager
def plot_style(name: str | None = None) -> Iterator[None]:
    """Figures made inside are in the project's style, on a light or a dark background.

    The plot functions make their own figures in this style (in "light" outside of all contexts); axes that they are
    given keep theirs, and the curves' colours suit the axes' background.

    Argument: `name`, "light" or "dark", by default what holds outside. Errors: ValueError for other names.

    >>> import minnorm as mn
    >>> with mn.plot_style("dark"):
    ...     ax = mn.plot_line([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    >>> ax.get_facecolor()[:3] < (0.2, 0.2, 0.2)
    True
    """
    chosen: str = choice("style", _style.get() if name is None else name, _PALETTES)
    token = _style.set(chosen)
    try:
        with mpl.rc_context(_parameters(_PALETTES[chosen])):
            yield
    finally:
        _style.reset(token)


def _parameters(palette: Palette) -> Any:
    ink, ground = palette.ink, palette.ground
    return {
        "font.size": 8.5,
        "axes.titlesize": 8.5,
        "legend.fontsize": 7.5,
        "legend.facecolor": "inherit",  # what is behind the words is dimmed, not hidden
        "legend.edgecolor": "none",
        "legend.framealpha": 0.75,
        "legend.fancybox": False,
        "lines.linewidth": 1.3,
        "lines.markersize": 4,
        "axes.prop_cycle": cycler(color=palette.series),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.linewidth": 0.4,
        "grid.alpha": 0.35,
        "grid.color": palette.faint,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        "axes.edgecolor": palette.faint,
        "axes.facecolor": ground,
        "figure.facecolor": ground,
        "xtick.color": palette.faint,
        "ytick.color": palette.faint,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "figure.constrained_layout.use": True,
        "figure.dpi": 110,
        "savefig.dpi": 150,
        "svg.fonttype": "path",
        "svg.hashsalt": "minnorm",
        "pdf.fonttype": 42,
    }


def palette_of(style: str) -> Palette:
    """The palette of a style of `plot_style`."""
    return _PALETTES[choice("style", style, _PALETTES)]


def palette(ax: Axes) -> Palette:
    """The palette for the background that axes have."""
    for colour in (ax.get_facecolor(), ax.figure.get_facecolor()):
        *channels, alpha = to_rgba(colour)
        if alpha > 0.5:
            return _PALETTES["dark" if np.dot(channels, (0.3, 0.6, 0.1)) < 0.5 else "light"]
    return _PALETTES[_style.get()]


@contextmanager
def drawing(ax: Axes | None, size: tuple[float, float] = (5.6, 3.2)) -> Iterator[tuple[Axes, Palette]]:
    """The axes to draw in, those given or new ones in the style that holds, with their palette."""
    with drawings(None if ax is None else [ax], 1, size) as (found, colours):
        yield found[0], colours


@contextmanager
def drawings(
    axes: Any,
    count: int,
    size: tuple[float, float],
    heights: Sequence[float | int] | None = None,
    *,
    share: bool = False,
    across: int = 1,
) -> Iterator[tuple[np.ndarray, Palette]]:
    """`count` axes to draw in, those given or new ones, `across` in a row; ValueError if others are given."""
    if axes is not None:
        told = shown(axes[0] if count == 1 else axes)
        try:
            given = np.atleast_1d(np.asarray(axes, dtype=object)).reshape(-1)
        except Exception:  # somebody else's conversion
            given = np.empty(0, dtype=object)
        if given.size != count or not all(isinstance(one, Axes) for one in given):
            raise ValueError(
                f"{'ax' if count == 1 else 'axes'} is {told}; give {count} matplotlib axes, or None for new ones"
            )
        yield given, palette(given[0])
        return
    import matplotlib.pyplot as plt  # here, so that nothing else needs its state

    with plot_style():
        rows = -(-count // across)
        _, made = plt.subplots(rows, across, figsize=size, height_ratios=heights, sharex=share, squeeze=False)
        for spare in made.reshape(-1)[count:]:
            spare.remove()
        yield made.reshape(-1)[:count], palette(made[0, 0])


def round_ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis at 1, 2, 5, 10, .. in plain numbers: for what spans a decade or two."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def new_figure(width: float, height: float) -> Figure:
    """A figure that no window shows, in the style that holds."""
    with plot_style():
        return Figure(figsize=(width, height))


_UNDATED: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}


def save(figure: Figure, file: Any, kind: str | None = None) -> None:
    """Write a figure to a path, whole or not at all, or to an open file; the same figure gives the same bytes.

    `kind` is svg, pdf or png; by default what the path ends in. Errors: ValueError for other endings, OSError for a
    path that cannot be written.
    """
    kind = Path(file).suffix.removeprefix(".").lower() if kind is None else kind
    if kind not in _UNDATED:
        raise ValueError(f"{file} ends in {kind!r}; give a name that ends in .svg, .pdf or .png")
    with plot_style():
        content = io.BytesIO()
        figure.savefig(content, format=kind, metadata=_UNDATED[kind])
    if isinstance(file, str | Path):
        write(file, content.getvalue())
    else:
        file.write(content.getvalue())

"""Functions of two variables: their values as shades, the lines along which their neurons bend, and the data."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from minnorm.checks import flag
from minnorm.measure.distances import Function, values_of
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.plot.line import claim
from minnorm.plot.shades import Shades
from minnorm.plot.style import Palette, drawing
from minnorm.solution import Solution

_MARGIN = 0.15  # of the points' extent, on all sides
_SIDE = 181  # places along each side at which the function is evaluated
_VISIBLE = 1e-3  # of the largest turn: lines of less are not drawn
_THICK = 2.2


def plot_plane(
    X: npt.ArrayLike, y: npt.ArrayLike, solution: Function, *, colorbar: bool = True, ax: Axes | None = None
) -> Axes:
    r"""A function of two variables: level sets, data in the colours of their values, and where the neurons bend.

        { x : w_k . x + b_k = 0 },  as thick as its share of |a_k| |w_k|;  dashed where a_k < 0

    Colours are symmetric about 0, or about the middle of labels of one sign; where the function leaves their range,
    the colour bar ends in an arrow. Arguments: `X` (n, 2), `y` (n,); `solution`, a `Solution`, a network or another
    callable (n, 2) -> (n,), of which no lines are drawn; `colorbar`, whether to add one; `ax`, where to draw, by
    default new axes. Returns the axes.

    Errors: ValueError for points of another dimension.

    >>> import minnorm as mn
    >>> X, y = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0]
    >>> mn.plot_plane(X, y, mn.interpolate(X, y)).get_xlabel()
    '$x_1$'
    """
    data = Points(X, y, names=("X", "y"))
    points, labels, colorbar = data.x, data.y, flag("colorbar", colorbar)
    if points.shape[1] != 2:
        raise ValueError(f"X has {points.shape[1]} columns; plot_plane draws functions of two variables")
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    margin = _MARGIN * np.where(extent > 0, extent, float(np.max(extent)) or 1.0)
    low, high = low - margin, high + margin
    across, up = (np.linspace(a, b, _SIDE) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    values = values_of(solution, grid, "solution").reshape(_SIDE, _SIDE)
    net = solution.network if isinstance(solution, Solution) else solution
    with drawing(ax, (5.0, 4.0)) as (axes, colours):
        look = shade(axes, across, up, values, labels, colours, colorbar)
        if isinstance(net, ShallowReLU):
            bends(axes, net.to_numpy(), low, high, colours)
        axes.scatter(*points.T, c=labels, s=26, edgecolors=colours.ink, linewidths=0.9, zorder=4, **look)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        if isinstance(solution, Solution) and solution.certificate is not None:
            axes.set_title(claim(solution))
    return axes


def shade(
    axes: Axes,
    across: np.ndarray,
    up: np.ndarray,
    values: np.ndarray,
    labels: np.ndarray,
    colours: Palette,
    colorbar: bool,
) -> dict[str, Any]:
    """Draw level sets of a function by its values (up, across) on a grid; the colours that its values have.

    Values beyond the levels of the labels have the colours of the ends, which the bar shows as arrows.
    """
    scale = Shades.of(labels)
    look, edges = scale.look(colours.surface), scale.edges
    # Raised by what no eye can see: rounding errors do not scatter a flat part that lies at a level.
    raised = values + 1e-5 * scale.step
    shades = axes.contourf(across, up, raised, edges, extend=scale.beyond(values), **look)
    if colorbar:
        axes.figure.colorbar(shades, ax=axes, label="f(x)", shrink=0.85, ticks=edges[::2])
    axes.grid(False)
    axes.set(xlabel="$x_1$", ylabel="$x_2$")
    return look


def bends(
    axes: Axes, net: ShallowReLU, low: np.ndarray, high: np.ndarray, colours: Palette, thick: float = _THICK
) -> None:
    """The neurons' lines, clipped to the box, up to so thick."""
    share = np.abs(net.outer_weights) * np.linalg.norm(net.inner_weights, axis=1)
    largest = float(np.max(share, initial=0.0))
    for sign, dashes in ((1, "-"), (-1, (0, (4, 2)))):
        lines, widths = [], []
        for k in np.flatnonzero((share > _VISIBLE * largest) & (np.sign(net.outer_weights) == sign)):
            cut = _clipped(np.asarray(net.inner_weights[k]), float(net.biases[k]), low, high)
            if cut is not None:
                lines.append(cut)
                widths.append((0.4 + (_THICK - 0.4) * share[k] / largest) * thick / _THICK)
        if not lines:  # a legend has no sample of an empty collection
            continue
        bends = LineCollection(lines, linewidths=widths, colors=colours.ink, linestyles=[dashes], zorder=3)
        bends.set_label("bends upwards" if sign > 0 else "bends downwards")
        axes.add_collection(bends, autolim=False)


def _clipped(w: np.ndarray, b: float, low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
    """The part of the line w . x + b = 0 in a box, as its two ends (2, 2)."""
    ends = []
    for fixed in (0, 1):
        other = 1 - fixed
        if w[other] == 0:
            continue
        for side in (low[fixed], high[fixed]):
            at = -(w[fixed] * side + b) / w[other]
            if low[other] <= at <= high[other]:
                ends.append((side, at) if fixed == 0 else (at, side))
    if len(ends) < 2:
        return None
    found = np.array(ends)
    far = np.argmax(np.linalg.norm(found - found[0], axis=1))
    return found[[0, far]]

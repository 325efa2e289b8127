"""Regions of the plane where a function is known, and a network between them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from minnorm.bracket import RegionSolution
from minnorm.checks import flag, instance
from minnorm.objective.regions.shape import Shape
from minnorm.plot.plane import bends, shade
from minnorm.plot.style import drawing
from minnorm.solve.trade import RegionPath

_MARGIN = 0.08  # of the regions' extent, on all sides
_SIDE = 241  # places along each side at which the function is evaluated
_THIN, _CROWD = 0.9, 120  # width of a line; knots from which on they are drawn thinner, so as not to hide the rest
_PLACES = 201  # at which bounds are drawn
_SHOWN = 1e-3  # of the largest dual number


def plot_regions(
    solution: RegionSolution, *, knots: bool = True, dual: bool = True, colorbar: bool = True, ax: Axes | None = None
) -> Axes:
    r"""What a network does between known regions of the plane: level sets, outlines, knots, and where the proof lives.

        discs of area |nu_i| at x_i, filled where nu_i > 0

    Arguments: `solution`, as `interpolate_regions` returns it, in two dimensions; `knots`, `dual` and `colorbar`, what
    to draw; `ax`, where, by default new axes. Returns the axes.

    Errors: ValueError for regions of another dimension.

    >>> import minnorm as mn
    >>> K = mn.Regions([(mn.ball([0, 0], 1), 0.0), (mn.box([3, 0], [4, 1]), 1.0)])
    >>> plot_regions(mn.interpolate_regions(K, within=0)).get_xlabel()
    '$x_1$'
    """
    instance("solution", solution, RegionSolution, "a RegionSolution, as mn.interpolate_regions returns it")
    knots, dual, colorbar = flag("knots", knots), flag("dual", dual), flag("colorbar", colorbar)
    if solution.regions.dim != 2:
        raise ValueError(f"solution has dimension {solution.regions.dim}; plot_regions draws the plane")
    low, high = solution.regions.box
    margin = _MARGIN * float(np.max(high - low))
    low, high = low - margin, high + margin
    across, up = (np.linspace(a, b, _SIDE) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    values = solution(grid).reshape(_SIDE, _SIDE)
    net = solution.network.to_numpy()
    with drawing(ax, (5.4, 4.4)) as (axes, colours):
        shade(axes, across, up, values, solution.labels, colours, colorbar)
        if knots:
            bends(axes, net, low, high, colours, thick=_THIN * min(1.0, _CROWD / max(1, net.width)))
        for shape in solution.regions.shapes:
            axes.add_patch(PathPatch(outline(shape), fill=False, edgecolor=colours.ink, linewidth=1.6, zorder=4))
        if dual:
            size = np.abs(solution.dual) / np.max(np.abs(solution.dual))
            for sign, face in ((1, colours.ink), (-1, colours.ground)):
                rows = (size > _SHOWN) & (np.sign(solution.dual) == sign)
                axes.scatter(
                    *solution.points[rows].T,
                    s=34 * size[rows],
                    c=face,
                    edgecolors=colours.ink,
                    linewidths=0.6,
                    zorder=5,
                )
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
        if solution.bracket is not None and np.isfinite(solution.value):
            axes.set_title(f"least norm between {solution.lower_bound:.4g} and {solution.value:.4g}")
    return axes


def plot_region_path(path: RegionPath, *, ax: Axes | None = None) -> Axes:
    r"""Between which numbers the least norm N(delta) of networks within delta of known regions is proved to be.

    Chords of upper bounds above, the dual vectors' lines below, as far as 0; the brackets that were found are drawn as
    bars. Arguments: `path`, as `region_path` returns it; `ax`, where, by default new axes. Returns the axes.

    Errors: ValueError for what is no such path.

    >>> import minnorm as mn
    >>> K = mn.Regions([(mn.ball([0, 0], 1), 0.0), (mn.box([3, 0], [4, 1]), 1.0)])
    >>> plot_region_path(mn.region_path(K, [0.0, 0.1, 0.2])).get_xlabel()
    'room $\\delta$'
    """
    instance("path", path, RegionPath, "a RegionPath, as mn.region_path returns it")
    rooms = np.unique(np.concatenate([np.linspace(0.0, float(np.max(path.withins)), _PLACES), path.withins]))
    low, high = path.lower(rooms), path.upper(rooms)
    with drawing(ax, (5.4, 3.6)) as (axes, colours):
        seen = np.isfinite(high)
        axes.fill_between(rooms[seen], low[seen], high[seen], color=colours.ink, alpha=0.2, linewidth=0)
        axes.plot(rooms, low, color=colours.ink, linewidth=1.0, label="proved lower bound")
        axes.plot(rooms[seen], high[seen], color=colours.ink, linewidth=1.0, linestyle="--", label="proved upper bound")
        finite = np.isfinite(path.values)
        axes.vlines(
            path.withins[finite], path.lower_bounds[finite], path.values[finite], color=colours.ink, linewidth=3.0
        )
        axes.set(xlabel=r"room $\delta$", ylabel=r"least norm $N(\delta)$")
        axes.set_xlim(left=0.0)
        axes.set_ylim(bottom=0.0)
        axes.legend(frameon=False)
    return axes


def outline(shape: Shape) -> Path:
    """The boundary of a shape of the plane: its circles, its rings, its points."""
    parts = [Path.circle(tuple(center), radius) for center, radius in shape.spheres]
    parts += [Path(ends) for ends in shape.edges]
    if not parts:
        size = 1e-9 + shape.diameter
        parts = [Path.circle(tuple(point), 1e-3 * size) for point in shape.vertices]
    return Path.make_compound_path(*parts)

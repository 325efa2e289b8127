"""A ridge function, or a sum of them: the functions along their directions, and the certificate on the way between."""

from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm.checks import check_points, check_values, instance
from minnorm.network import as_network
from minnorm.objective.data import Points
from minnorm.plot.line import bounds, claim
from minnorm.plot.style import Palette, drawings, new_figure, plot_style
from minnorm.solution import Solution

_MARGIN = 0.12  # of the points' extent, on both sides
_NOTHING = 1e-9  # of the largest turn: neurons with less are rounding errors
_ON = 1e-9  # of the extent: points that far from a line are on it
_HEIGHTS = (3, 2, 2)


def plot_ridge(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    solution: Solution,
    directions: npt.ArrayLike,
    *,
    centre: npt.ArrayLike | None = None,
    axes: Any = None,
) -> np.ndarray:
    r"""The function along each direction with the data there; its certificate against the knot; and between directions.

        h(w, b) = sum_i nu_i sigma(w . x_i + b),      |h(w, b)| <= |w|      (|(w, b)| for penalised biases)

    A third panel shows max over b of |h| / cost where w turns from the first direction to the second, or, if there is
    one only, to the direction across it in which the points spread most: it is 1 at the network's own directions.
    Points on a line have no such panel.

    Arguments: `X` (n, d), `y` (n,); `solution` of them; `directions` (k, d), of any length; `centre` (d,), the point
    through which the functions are drawn, by default the points' mean; `axes`, the two or three to draw in, by default
    new ones. Returns the axes. Errors: ValueError for directions of another dimension, and another number of axes.

    >>> import minnorm as mn
    >>> X, y = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], [0.0, 1.0, 0.0]
    >>> [ax.get_ylabel() for ax in mn.plot_ridge(X, y, mn.known.ridge(X, y), [[1.0, 0.0]])]
    ['f', 'dual certificate']

    Source: the dual is that of `verify`.
    """
    data, ways = _checked(X, y, directions)
    instance("solution", solution, Solution, "a Solution of these points")
    d = data.x.shape[1]
    if as_network(solution.network, "the solution's network").dim != d or solution.dual.size != data.y.size:
        raise ValueError(
            f"solution is of {solution.dual.size} points of dimension {solution.network.dim}; give that of X"
        )
    start = data.x.mean(axis=0) if centre is None else check_values(centre, "centre")
    if start.shape != (d,):
        raise ValueError(f"centre has {start.size} entries; give {d}, as X has columns")
    count = panels(data.x, ways)
    with drawings(axes, count, (6.4, 2.0 * count), _HEIGHTS[:count]) as (rows, colours):
        for j, along in enumerate(ways):
            _along(rows[0], rows[1], data, solution, along, start, colours, j)
        if len(ways) > 1:
            rows[0].legend()
        bounds(rows[1], colours)
        if rows[1].get_legend_handles_labels()[0]:
            rows[1].legend()
        rows[0].set(ylabel="f", xlabel="place along the direction")
        rows[1].set(ylabel="dual certificate", xlabel="place along the direction; knot of the atom")
        if count == 3:
            name = "the second" if len(ways) > 1 else "one across it"
            turned = ways[1] if len(ways) > 1 else _across(data.x, ways[0])
            _between(rows[2], data.x, solution, ways[0], turned, name, colours)
        if solution.certificate is not None:
            rows[0].set_title(claim(solution))
    return rows


def ridge_figure(
    X: npt.ArrayLike, y: npt.ArrayLike, solution: Solution, directions: npt.ArrayLike, centre: Any = None
) -> Figure:
    """The same in a figure that no window shows."""
    data, ways = _checked(X, y, directions)
    count = panels(data.x, ways)
    with plot_style():
        figure = new_figure(6.4, 2.1 * count)
        rows = figure.subplots(count, 1, height_ratios=_HEIGHTS[:count])
        plot_ridge(X, y, solution, directions, centre=centre, axes=rows)
    return figure


def panels(x: Float[np.ndarray, "n d"], directions: Float[np.ndarray, "k d"]) -> int:
    """How many axes `plot_ridge` needs: three, unless there is one direction and the points are on a line along it."""
    if len(directions) > 1:
        return 3
    rest = _rest(x, directions[0])
    return 2 if np.max(np.abs(rest)) <= _ON * np.max(np.abs(x - x.mean(axis=0))) else 3


def _checked(X: npt.ArrayLike, y: npt.ArrayLike, directions: npt.ArrayLike) -> tuple[Points, np.ndarray]:
    data = Points(X, y, names=("X", "y"))
    ways = check_points(directions, "directions")
    size = np.linalg.norm(ways, axis=1)
    if ways.shape[1] != data.x.shape[1] or not np.all(size > 0):
        raise ValueError(
            f"directions has shape {ways.shape}, perhaps with a zero; give vectors of {data.x.shape[1]} "
            "entries, one for each column of X"
        )
    return data, ways / size[:, None]


def _rest(x: np.ndarray, along: np.ndarray) -> np.ndarray:
    moved = x - x.mean(axis=0)
    return moved - (moved @ along)[:, None] * along


def _across(x: np.ndarray, along: np.ndarray) -> np.ndarray:
    """The direction across one in which the points spread most."""
    return np.linalg.svd(_rest(x, along), full_matrices=False)[2][0]


def _cost(solution: Solution, biases: np.ndarray) -> np.ndarray:
    return np.hypot(1, biases) if solution.penalty.biases_cost else np.ones(biases.size)


def _along(
    top: Axes,
    bottom: Axes,
    data: Points,
    solution: Solution,
    along: np.ndarray,
    start: np.ndarray,
    colours: Palette,
    number: int,
) -> None:
    """The function and the certificate of atoms that face along one direction, or, if points are on a line, of all."""
    x, y, look = data.x, data.y, colours.line(number)
    place = x @ along
    foot = start - (start @ along) * along
    extent = np.max(np.linalg.norm(x - start, axis=1))
    near = np.linalg.norm(x - start - ((x - start) @ along)[:, None] * along, axis=1)
    on_line = bool(np.max(near) <= _ON * extent)
    net = solution.network
    turn = net.inner_weights @ along
    heard = np.abs(net.outer_weights * turn)
    mine = heard > _NOTHING * np.max(heard, initial=0.0)
    mine &= on_line | (np.abs(turn) > (1 - 1e-9) * np.linalg.norm(net.inner_weights, axis=1))
    knots = -(net.inner_weights[mine] @ foot + net.biases[mine]) / turn[mine]
    stretch = np.hypot(1, np.linalg.norm(foot)) if on_line else 1.0  # penalised biases cost less away from the origin
    margin = _MARGIN * (float(np.ptp(place)) or 1.0)
    low, high = float(np.min(place)) - margin, float(np.max(place)) + margin
    inner = np.concatenate([place, knots[(knots > low) & (knots < high)]])
    grid = np.unique(np.concatenate([np.linspace(low, high, 1001), inner]))
    path = start + (grid - start @ along)[:, None] * along
    top.plot(grid, solution(path), label=f"direction {number + 1}", **look)
    # Where there are several directions, only the points of this one are on its line.
    shown = near <= _ON * extent
    shown = shown if np.sum(shown) > 1 and not np.all(shown) else np.ones(place.size, dtype=bool)
    top.plot(place[shown], y[shown], "o", color=look["color"], markeredgecolor=colours.ink, zorder=4)
    on, back = (solution.penalty.activation(facing * (place - grid[:, None])) @ solution.dual for facing in (1.0, -1.0))
    differ = np.max(np.abs(on - back)) > 1e-9
    cost = _cost(solution, grid / stretch)
    bottom.plot(grid, on / cost, label="facing along it" if differ else None, **look)
    if differ:
        bottom.plot(grid, back / cost, color=look["color"], linestyle=(0, (4, 2)), label="facing back")
    touched = solution.penalty.correlation(solution.dual, x, net)[mine]
    for sign, marks in colours.signs:
        part = np.sign(net.outer_weights[mine]) == sign
        bottom.plot(knots[part], touched[part], linestyle="none", zorder=4, **marks)


def _between(
    axes: Axes,
    x: np.ndarray,
    solution: Solution,
    first: np.ndarray,
    second: np.ndarray,
    name: str,
    colours: Palette,
) -> None:
    """The largest certificate of atoms that face a direction on the way from the first to the second."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 721)
    largest = []
    for t in angle.tolist():
        place = x @ (np.cos(t) * first + np.sin(t) * second)
        inner = np.concatenate([place, [np.min(place) - 1]]) if solution.penalty.biases_are_free else _biases(place)
        peaks = []
        for facing in (1.0, -1.0):
            h = solution.penalty.activation(facing * (place - inner[:, None])) @ solution.dual
            peaks.append(np.max(np.abs(h) / _cost(solution, inner)))
        largest.append(max(peaks))
    axes.plot(np.degrees(angle), largest, color=colours.ink)
    axes.axhline(1, color=colours.faint, linewidth=0.7)
    axes.set(ylabel="max over b", xlabel=f"angle of w from the first direction, towards {name} (degrees)")
    axes.set(xlim=(-90, 90), ylim=(0, 1.15 * max(1.0, max(largest))))
    axes.set_xticks(np.arange(-90, 91, 30))


def _biases(place: np.ndarray) -> np.ndarray:
    """Knots at and between the places, and beyond them, where the quotient may peak with penalised biases."""
    edges = np.concatenate([np.unique(place), [np.max(place) + 1, np.min(place) - 1]])
    return np.unique(np.concatenate([np.linspace(np.min(edges), np.max(edges), 200), edges]))

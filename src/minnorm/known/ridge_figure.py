"""A ridge function, or a sum of them: the functions along their directions, and the certificate on the way between."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minnorm.problem import check_points, check_values
from minnorm.solution import Solution

_COLOURS, _POINT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7"), "#222222"
_NOTHING = 1e-9  # of the largest turn: neurons with less are rounding errors


def ridge_figure(
    points: Float[np.ndarray, "n d"],
    values: Float[np.ndarray, " n"],
    solution: Solution,
    directions: Float[np.ndarray, "k d"],
    centre: Float[np.ndarray, " d"] | None = None,
) -> Figure:
    r"""The function along each direction with the data there; its certificate against the knot; and between directions.

        h(w, b) = sum_i nu_i relu(w . x_i + b),      |h(w, b)| <= |w|      (|(w, b)| for penalised biases)

    A third panel shows max over b of |h| / cost where w turns from the first direction to the second, or, if there is
    one only, to the direction across it in which the points spread most: it is 1 at the network's own directions.
    Points on a line have no such panel.

    Arguments: `points` (n, d), `values` (n,); `solution` of them; `directions` (k, d), unit vectors; `centre` (d,), the
    point through which the functions are drawn, by default the points' mean. Returns a matplotlib figure.

    >>> from minnorm.known.ridge import ridge
    >>> x, y = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), np.array([0.0, 1.0, 0.0])
    >>> [axes.get_ylabel() for axes in ridge_figure(x, y, ridge(x, y), np.array([[1.0, 0.0]])).axes]
    ['f', 'certificate']

    Source: the dual is that of `verify`.
    """
    x, y = check_points(points), check_values(values)
    start = x.mean(axis=0) if centre is None else centre
    turned = _across(x, directions)
    figure = Figure(figsize=(7.2, 6.6 if turned is not None else 5.0), layout="constrained")
    rows = figure.subplots(2 if turned is None else 3, 1, height_ratios=[3, 2] if turned is None else [3, 2, 2])
    for j, along in enumerate(directions):
        _along(rows[0], rows[1], x, y, solution, along, start, _COLOURS[j % len(_COLOURS)], j)
    rows[0].set_ylabel("f")
    rows[1].set(ylabel="certificate", ylim=(-1.25, 1.25), xlabel="place along the direction; knot of the atom")
    if len(directions) > 1:
        rows[0].legend(frameon=False, fontsize=8)
    if rows[1].get_legend_handles_labels()[0]:
        rows[1].legend(frameon=False, fontsize=8)
    if turned is not None:
        name = "the second" if len(directions) > 1 else "one across it"
        _between(rows[2], x, solution, directions[0], turned, name)
    for axes in rows:
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(8))
    if turned is not None:
        rows[2].set_xticks(np.arange(-90, 91, 30))
    if solution.certificate is not None:
        kind = "minimal" if solution.certified else "an upper bound"
        gap = (
            f", relative gap {solution.gap:.1e}" if solution.certified else f", lower bound {solution.lower_bound:.6g}"
        )
        rows[0].set_title(f"[f] = {solution.value:.10g}, {kind}{gap}", fontsize=10)
    return figure


def _across(x: np.ndarray, directions: np.ndarray) -> np.ndarray | None:
    """The second direction, or that across the first in which the points spread most; None if they do not."""
    if len(directions) > 1:
        return directions[1]
    moved = x - x.mean(axis=0)
    rest = moved - (moved @ directions[0])[:, None] * directions[0]
    if np.max(np.abs(rest)) <= 1e-9 * np.max(np.abs(moved)):
        return None
    return np.linalg.svd(rest, full_matrices=False)[2][0]


def _cost(solution: Solution, biases: np.ndarray) -> np.ndarray:
    return np.hypot(1, biases) if solution.penalty.bias == "penalised" else np.ones(biases.size)


def _along(
    top: Axes,
    bottom: Axes,
    x: np.ndarray,
    y: np.ndarray,
    solution: Solution,
    along: np.ndarray,
    start: np.ndarray,
    colour: str,
    number: int,
) -> None:
    """The function and the certificate of atoms that face along one direction, or, if points are on a line, of all."""
    place = x @ along
    foot = start - (start @ along) * along
    near = np.linalg.norm(x - start - ((x - start) @ along)[:, None] * along, axis=1)
    on_line = bool(np.max(near) <= 1e-9 * np.max(np.linalg.norm(x - start, axis=1)))
    net = solution.network
    size = np.linalg.norm(net.inner_weights, axis=1)
    turn = net.inner_weights @ along
    heard = np.abs(net.outer_weights * turn)
    mine = heard > _NOTHING * np.max(heard, initial=0.0)
    mine &= on_line | (np.abs(turn) > (1 - 1e-9) * size)
    knots = -(net.inner_weights[mine] @ foot + net.biases[mine]) / turn[mine]
    stretch = np.hypot(1, np.linalg.norm(foot)) if on_line else 1.0  # penalised biases cost less away from the origin
    margin = 0.12 * (float(np.ptp(place)) or 1.0)
    low, high = float(np.min(place)) - margin, float(np.max(place)) + margin
    inner = np.concatenate([place, knots[(knots > low) & (knots < high)]])
    grid = np.unique(np.concatenate([np.linspace(low, high, 1001), inner]))
    path = start + (grid - start @ along)[:, None] * along
    top.plot(grid, solution(path), color=colour, linewidth=1.5, label=f"direction {number + 1}")
    # Where there are several directions, only the points of this one are on its line.
    shown = near <= 1e-9 * np.max(np.linalg.norm(x - start, axis=1))
    shown = shown if np.sum(shown) > 1 and not np.all(shown) else np.ones(place.size, dtype=bool)
    top.plot(place[shown], y[shown], "o", color=colour, markersize=4, markeredgecolor=_POINT, zorder=3)
    on, back = (np.maximum(facing * (place - grid[:, None]), 0) @ solution.dual for facing in (1.0, -1.0))
    differ = np.max(np.abs(on - back)) > 1e-9
    cost = _cost(solution, grid / stretch)
    bottom.plot(grid, on / cost, color=colour, linewidth=1.2, label="facing along it" if differ else None)
    if differ:
        bottom.plot(grid, back / cost, color=colour, linewidth=1.2, linestyle=(0, (4, 2)), label="facing back")
    bottom.plot(knots, np.sign(net.outer_weights[mine]), "o", color=_POINT, markersize=4, zorder=3)
    for level in (-1, 1):
        bottom.axhline(level, color=_POINT, linewidth=0.6)


def _between(axes: Axes, x: np.ndarray, solution: Solution, first: np.ndarray, second: np.ndarray, name: str) -> None:
    """The largest certificate of atoms that face a direction on the way from the first to the second."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 721)
    largest = []
    for t in angle.tolist():
        place = x @ (np.cos(t) * first + np.sin(t) * second)
        inner = np.concatenate([place, [np.min(place) - 1]]) if solution.penalty.bias == "free" else _biases(place)
        peaks = []
        for facing in (1.0, -1.0):
            h = np.maximum(facing * (place - inner[:, None]), 0) @ solution.dual
            peaks.append(np.max(np.abs(h) / _cost(solution, inner)))
        largest.append(max(peaks))
    axes.plot(np.degrees(angle), largest, color=_POINT, linewidth=1.2)
    axes.axhline(1, color=_POINT, linewidth=0.6)
    axes.set(
        ylabel="max over b", xlabel=f"angle of w from the first direction, towards {name} (degrees)", xlim=(-90, 90)
    )
    axes.set_ylim(0, 1.15 * max(1.0, max(largest)))


def _biases(place: np.ndarray) -> np.ndarray:
    """Knots at and between the places, and beyond them, where the quotient may peak with penalised biases."""
    edges = np.concatenate([np.unique(place), [np.max(place) + 1, np.min(place) - 1]])
    return np.unique(np.concatenate([np.linspace(np.min(edges), np.max(edges), 200), edges]))

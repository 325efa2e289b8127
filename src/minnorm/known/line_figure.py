"""The interpolant on the line: function and band, and below the dual certificate that touches +-1 at the knots."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from minnorm.known.line_solutions import LineSolutions
from minnorm.solution import Solution

_FUNCTION, _OTHER, _BAND, _POINT = "#0072B2", "#D55E00", "#56B4E9", "#222222"
_NOTHING = 1e-9  # of the largest turn: neurons with less are rounding errors


def line_figure(
    x: npt.ArrayLike, y: npt.ArrayLike, solution: Solution, solutions: LineSolutions | None = None
) -> Figure:
    r"""Data, minimiser and band above; below, against the knot t of an atom, the dual of atoms that face each way.

        h(1, -t) / cost    and    h(-1, t) / cost,      |.| <= 1,  = sign(a_k) at each neuron of the network

    Arguments: `x` (n,), `y` (n,), in their own units; `solution` of them; `solutions`, to draw the band and the
    sparsest member. Returns a matplotlib figure.

    >>> from minnorm.known.line import line
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> [axes.get_ylabel() for axes in line_figure(x, y, line(x, y)).axes]
    ['f(x)', 'dual certificate']

    Source: the dual is that of `verify`.
    """
    t, labels = np.asarray(x, dtype=np.float64).reshape(-1), np.asarray(y, dtype=np.float64)
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    margin = 0.12 * (float(np.ptp(t)) or 1.0)
    low, high = float(np.min(t)) - margin, float(np.max(t)) + margin
    net = solution.network
    w = net.inner_weights[:, 0]
    knots = -net.biases[w != 0] / w[w != 0]
    grid = np.unique(np.concatenate([np.linspace(low, high, 2001), t, knots[(knots > low) & (knots < high)]]))
    if solutions is not None:
        low_end, high_end = solutions.lower(grid), solutions.upper(grid)
        top.fill_between(grid, low_end, high_end, color=_BAND, alpha=0.35, linewidth=0, label="all minimisers")
    top.plot(grid, solution(grid), color=_FUNCTION, linewidth=1.5, label="minimiser")
    if solutions is not None and not solutions.unique:
        sparsest = solutions.sparsest(grid)
        top.plot(grid, sparsest, color=_OTHER, linewidth=1.2, linestyle=(0, (4, 2)), label="fewest knots")
    top.plot(t, labels, "o", color=_POINT, markersize=4 if t.size < 100 else 2, label="data", zorder=3)
    top.set_ylabel("f(x)")
    top.legend(frameon=False, fontsize=8)
    _certificate(bottom, grid, t, solution)
    bottom.set_xlabel("x; knot of the atom")
    bottom.set_xlim(low, high)
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(8))
    if solution.certificate is not None:
        title = f"[f] = {solution.value:.10g}, relative gap {solution.gap:.1e}"
        top.set_title(title if solution.lam == 0 else f"lam = {solution.lam:g}: objective {title[6:]}", fontsize=10)
    return figure


def _certificate(axes: Axes, grid: np.ndarray, t: np.ndarray, solution: Solution) -> None:
    """h over cost for both ways of facing, and the neurons where they are."""
    unit = solution.lam or 1.0
    cost = np.hypot(1, grid) if solution.penalty.bias == "penalised" else np.ones(grid.size)
    nu = solution.dual / unit
    for facing, style in ((1.0, "-"), (-1.0, (0, (4, 2)))):
        h = np.array([nu @ np.maximum(facing * (t - k), 0) for k in grid.tolist()]) / cost
        label = "facing right" if facing > 0 else "facing left"
        axes.plot(grid, h, color=_FUNCTION if facing > 0 else _OTHER, linewidth=1.2, linestyle=style, label=label)
    net = solution.network
    w, a = net.inner_weights[:, 0], net.outer_weights
    live = np.abs(a * w) > _NOTHING * np.max(np.abs(a * w), initial=0.0)
    axes.plot(-net.biases[live] / w[live], np.sign(a[live]), "o", color=_POINT, markersize=4, label="neurons", zorder=3)
    for level in (-1, 1):
        axes.axhline(level, color=_POINT, linewidth=0.6)
    axes.set_ylabel("dual certificate")
    axes.set_ylim(-1.25, 1.25)
    axes.legend(frameon=False, fontsize=8, loc="best")

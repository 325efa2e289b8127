"""Functions of one variable: an interpolant with its data and knots, and the dual certificate that proves it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm import measure
from minnorm.checks import flag, function, instance, numbers, shown
from minnorm.known import LineSolutions, line, line_solutions
from minnorm.known.univariate.interpolant import coordinate
from minnorm.losses import Margin
from minnorm.measure.distances import Function
from minnorm.network import ShallowReLU, as_network
from minnorm.objective.data import Points
from minnorm.plot.style import Palette, drawing, new_figure, plot_style
from minnorm.solution import Solution

_MARGIN = 0.12  # of the points' extent, on both sides
_NOTHING = 1e-9  # of the largest turn: neurons with less are rounding errors
_VISIBLE = 1e-3  # of all turns together: knots with less are not marked
_FOOT = 0.12  # of the axes' height: the tick of the largest turn
_LANE = 0.16  # of it: from the foot of one network's ticks to that of the next


def plot_line(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    solution: Solution | ShallowReLU | None = None,
    *,
    band: bool | LineSolutions | xr.Dataset = False,
    others: Mapping[str, Function] | None = None,
    knots: bool = True,
    ax: Axes | None = None,
) -> Axes:
    r"""Data on the line and the function through them, perhaps among all minimum-norm interpolants and other functions.

        ticks at the foot:  the knots t_j,  f'' = sum_j A_j delta(x - t_j),  as long as |A_j|

    Arguments: `x` (n,) or (n, 1), `y` (n,); `solution` of them, by default `known.line(x, y)`; `band`, true for the
    band of all minimum-norm interpolants (free biases), or what `known.line_solutions` or `minnorm.band` returned;
    `others`, functions under their names, each a network or a callable (n, 1) -> (n,), drawn over the data's range;
    `knots`, whether to mark them; `ax`, where to draw, by default new axes. Returns the axes.

    Errors: ValueError for data that `Problem` or `known.line` rejects, and for a band of penalised biases.

    >>> import minnorm as mn
    >>> x, y = [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0]
    >>> ax = mn.plot_line(x, y, band=True, others={"square": lambda x: x[:, 0] ** 2 / 3})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['all of them', 'minimum-norm interpolant', 'square', 'data']
    """
    data = Points(x, y, names=("x", "y"))
    t = coordinate(data.x, "plot_line")
    wanted = "a Solution, a ShallowReLU or None"
    found = line(x, y) if solution is None else instance("solution", solution, (Solution, ShallowReLU), wanted)
    if not isinstance(band, bool | np.bool_ | LineSolutions | xr.Dataset):
        raise ValueError(
            f"band is {shown(band)}; give True, False, or what known.line_solutions or minnorm.band returned"
        )
    others, knots = functions_given(others), flag("knots", knots)
    low, high = _span(t)
    functions: dict[str, Function] = {_name(found): found, **others}
    nets = {name: net for name, f in functions.items() if (net := _network(f)) is not None}
    for name, net in nets.items():
        if net.dim != 1:
            given = f"others[{name!r}]" if name in others else "solution"
            raise ValueError(f"{given} takes points of dimension {net.dim}; plot_line draws functions of one variable")
    grid = _grid(t, low, high, nets.values())
    with drawing(ax) as (axes, colours):
        if not isinstance(band, bool | np.bool_) or band:
            _band(axes, t, data.y, found, band, grid, colours)
        for k, (name, f) in enumerate(functions.items()):
            axes.plot(grid, _values(f, grid, name), label=name, zorder=3 - 0.1 * (k > 0), **colours.line(k))
        _data(axes, t, data.y, colours)
        if knots:
            shades = {name: str(colours.line(k)["color"]) for k, name in enumerate(functions)}
            for lane, (name, net) in enumerate(nets.items()):
                mark_knots(axes, net, (low, high), shades[name], lane)
            below, above = axes.get_ylim()
            axes.set_ylim(below - room(len(nets)) * (above - below), above)
        axes.set(xlabel="x", ylabel="f(x)", xlim=(low, high))
        axes.legend()
        if isinstance(found, Solution) and found.certificate is not None:
            axes.set_title(claim(found))
    return axes


def plot_certificate(x: npt.ArrayLike, y: npt.ArrayLike, solution: Solution, *, ax: Axes | None = None) -> Axes:
    r"""The dual of atoms on the line against their knot t: within +-1, which it touches where the network has neurons.

        h(1, -t) / cost    and    h(-1, t) / cost,      h(w, b) = sum_i nu_i sigma(w x_i + b)

    with nu over lam for a fit. Where both ways of facing have the same curve, one is drawn. The dots are the network's
    neurons: at each, h over its cost; squares are those with a < 0.

    Arguments: `x` (n,) or (n, 1), `y` (n,); `solution` of them; `ax`, where to draw, by default new axes. Returns the
    axes. Errors: ValueError for points of more than one coordinate, and a dual vector of another length.

    >>> import minnorm as mn
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> ax = mn.plot_certificate(x, y, mn.known.line(x, y))
    >>> float(abs(ax.get_lines()[0].get_ydata()).max())
    1.0

    Source: the dual is that of `verify`.
    """
    data = Points(x, y, names=("x", "y"))
    t = coordinate(data.x, "plot_certificate")
    instance("solution", solution, Solution, "a Solution of these points")
    if as_network(solution.network, "the solution's network").dim != 1:
        raise ValueError(
            f"solution is of points of dimension {solution.network.dim}; plot_certificate draws dimension 1"
        )
    if solution.dual.size != t.size:
        raise ValueError(f"solution has {solution.dual.size} dual variables for {t.size} points; give its own points")
    net, penalty = solution.network.to_numpy(), solution.penalty
    nu = solution.dual / (solution.lam or 1.0)
    low, high = _span(t)
    grid = _grid(t, low, high, [net])
    cost = np.hypot(1, grid) if penalty.biases_cost else np.ones(grid.size)
    zero, sigma = np.asarray(0.0), penalty.activation
    right = ShallowReLU(-np.ones((t.size, 1)), t, nu, zero, None, sigma).evaluate(grid[:, None]) / cost
    left = ShallowReLU(np.ones((t.size, 1)), -t, nu, zero, None, sigma).evaluate(grid[:, None]) / cost
    share = np.abs(net.outer_weights) * penalty.atom_cost(net.inner_weights, net.biases)
    turning = (net.inner_weights[:, 0] != 0) & (share > _NOTHING * np.max(share, initial=0.0))
    touched = penalty.correlation(nu, data.x, net)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = -net.biases / net.inner_weights[:, 0]
    with drawing(ax, (5.6, 2.2)) as (axes, colours):
        differ = np.max(np.abs(right - left)) > 1e-9
        axes.plot(grid, right, label="facing right" if differ else None, color=colours.ink, linewidth=1.1)
        if differ:
            axes.plot(grid, left, label="facing left", **colours.exact)
        for sign, look in colours.signs:
            part = turning & (np.sign(net.outer_weights) == sign)
            name = f"neurons, a {'>' if sign > 0 else '<'} 0"
            if np.any(part):
                axes.plot(at[part], touched[part], label=name, linestyle="none", zorder=6, **look)
        bounds(axes, colours)
        axes.set(xlabel="x; knot of the atom", ylabel="dual certificate", xlim=(low, high))
        axes.legend(ncols=2 if differ else 1)
    return axes


def functions_given(others: Any, name: str = "others") -> Mapping[str, Any]:
    """Functions under their names; none for None."""
    found = {} if others is None else instance(name, others, Mapping, "a dictionary of functions under their names")
    for label, f in found.items():
        if not isinstance(f, ShallowReLU | measure.RadialProfile):
            function(f"{name}[{shown(label)}]", f, "a ShallowReLU, or a function of the places")
    return {str(label): f for label, f in found.items()}


def line_figure(x: npt.ArrayLike, y: npt.ArrayLike, solution: Solution, band: LineSolutions | None = None) -> Figure:
    """Both below each other, with the band and its sparsest member if there is one; no window shows it.

    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> [axes.get_ylabel() for axes in line_figure(x, y, line(x, y)).axes]
    ['f(x)', 'dual certificate']
    """
    sparse = {} if band is None or band.unique or band.sparsest is solution else {"fewest knots": band.sparsest}
    with plot_style():
        figure = new_figure(6.4, 5.0)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        plot_line(x, y, solution, band=False if band is None else band, others=sparse, ax=top)
        plot_certificate(x, y, solution, ax=bottom)
        top.set_xlabel("")
    return figure


def mark_knots(axes: Axes, network: ShallowReLU, span: tuple[float, float], colour: str, lane: int = 0) -> None:
    """Ticks at the foot of the axes, as long as their share of the largest turn in view; each network has its lane."""
    at, turns = measure.knots(network)
    seen = (at >= span[0]) & (at <= span[1]) & (np.abs(turns) > _VISIBLE * np.abs(turns).sum())
    if not np.any(seen):
        return
    foot = _LANE * lane
    height = foot + 0.02 + _FOOT * np.abs(turns[seen]) / np.abs(turns[seen]).max()
    axes.vlines(at[seen], foot, height, color=colour, linewidth=0.9, transform=axes.get_xaxis_transform())


def room(lanes: int) -> float:
    """What to add below the curves for the ticks of several networks, as a share of the curves' height."""
    share = _LANE * min(lanes, 4) if lanes > 1 else 0.0
    return share / (1 - share)


def bounds(axes: Axes, colours: Palette) -> None:
    """The lines at +1 and -1, between which a certificate stays."""
    for level in (-1, 1):
        axes.axhline(level, color=colours.faint, linewidth=0.7)
    axes.set(ylim=(-1.25, 1.25))


def claim(solution: Solution) -> str:
    """What is known of a verified solution, as a title."""
    what = "[f]" if solution.lam == 0 else f"λ = {solution.lam:g}: loss + λ [f]"
    said = f"{what} = {solution.value:.10g}"
    if solution.certified:
        return f"{said}, relative gap {solution.gap:.1e}"
    if solution.certificate is None or solution.certificate.scope == "searched":
        return f"{said}, not certified"
    return f"{said}, not certified: lower bound {solution.lower_bound:.6g}"


def _name(solution: Solution | ShallowReLU) -> str:
    if not isinstance(solution, Solution):
        return "network"
    if solution.lam == 0 and solution.loss == Margin():
        return "max-margin network"
    return "minimum-norm interpolant" if solution.lam == 0 else f"global minimiser, λ = {solution.lam:g}"


def _network(f: Function) -> ShallowReLU | None:
    if isinstance(f, Solution):
        return f.network
    return f if isinstance(f, ShallowReLU) else None


def _values(f: Function, grid: np.ndarray, name: str) -> np.ndarray:
    values = numbers(f.evaluate(grid[:, None]) if isinstance(f, ShallowReLU) else f(grid[:, None]), f"others: {name}")
    if values.size != grid.size:
        raise ValueError(f"{name} returned shape {values.shape} for {grid.size} points; return one value for each")
    return values.reshape(-1)


def _span(t: np.ndarray) -> tuple[float, float]:
    margin = _MARGIN * float(np.ptp(t))
    return float(np.min(t)) - margin, float(np.max(t)) + margin


def _grid(t: np.ndarray, low: float, high: float, nets: object) -> np.ndarray:
    """Places to draw at: close to each other, and every point and knot in view, where functions bend."""
    places = [np.linspace(low, high, 1001), t]
    for net in nets:  # pyright: ignore
        w, b = net.inner_weights[:, 0], net.biases
        places.append(-b[w != 0] / w[w != 0])
    grid = np.concatenate(places)
    return np.unique(grid[(grid >= low) & (grid <= high)])


def _data(axes: Axes, t: np.ndarray, y: np.ndarray, colours: Palette) -> None:
    size = 4 if t.size < 100 else 2
    axes.plot(t, y, "o", color=colours.ink, markersize=size, label="data", zorder=6)


def _band(
    axes: Axes,
    t: np.ndarray,
    y: np.ndarray,
    solution: Solution | ShallowReLU,
    band: bool | LineSolutions | xr.Dataset,
    grid: np.ndarray,
    colours: Palette,
) -> None:
    """The range of all minimum-norm interpolants."""
    if isinstance(band, xr.Dataset):
        if "points" not in band or band["points"].shape[1:] != (1,) or "lower" not in band:
            raise ValueError("band is a dataset without points (query, 1), lower and upper; give one of minnorm.band")
        at = band["points"].values[:, 0]
        order = np.argsort(at)
        grid, low, high = at[order], band["lower"].values[order], band["upper"].values[order]
    else:
        penalty = solution.penalty if isinstance(solution, Solution) else None
        every = band if isinstance(band, LineSolutions) else line_solutions(t, y, penalty)
        low, high = every.lower(grid), every.upper(grid)
    axes.fill_between(grid, low, high, color=colours.series[0], alpha=0.25, linewidth=0, label="all of them")

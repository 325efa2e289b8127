"""What changes in the course of something: training against steps, a solver against time, minimisers against lam."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from minnorm.checks import instance, numbers, optional, real, shown
from minnorm.plot.style import drawing, drawings, round_ticks
from minnorm.solution import Solution, relative_gap

_NOTHING = 1e-16  # what is at most this is drawn here on an axis of orders of magnitude
_BEFORE = 0.5  # where step 0 is drawn on such an axis
_GRID = ("learning_rate", "weight_decay", "scale")
_WORDS = {"learning_rate": "rate", "weight_decay": "decay", "scale": "scale"}

History = Sequence[tuple[float, float, float]]
"""Of a solver: (seconds, value, lower bound), as `progress` of `minnorm.fit` is called with."""


def plot_trajectories(
    runs: xr.Dataset | Mapping[str, xr.Dataset], *, minimum: float | int | None = None, axes: Any = None
) -> np.ndarray:
    r"""Path norm and training loss of networks in training, for each setting: median over seeds, and their range.

        line: median over the seeds that did not diverge;      band: from the least to the largest of them

    Arguments: `runs`, what `minnorm.train` returned, or several of them under their names; `minimum`, the least norm of
    an interpolant, drawn dashed; `axes`, the two to draw in, by default new ones. Step 0 is drawn at 0.5. Returns the
    axes. Errors: ValueError for datasets that are not of `minnorm.train`.

    >>> import minnorm as mn
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> runs = mn.train(x, y, weight_decay=[0.0, 0.01], seeds=3, width=20, steps=50)
    >>> norm, loss = mn.plot_trajectories(runs, minimum=mn.known.line(x, y).value)
    >>> [text.get_text() for text in norm.get_legend().get_texts()]
    ['decay 0', 'decay 0.01', 'minimum']
    """
    minimum = optional(real, "minimum", minimum, "a finite number, or None")
    with drawings(axes, 2, (5.6, 4.6), share=True) as (rows, colours):
        for k, (label, one) in enumerate(_settings(runs)):
            step = np.maximum(one["step"].values, _BEFORE)
            for ax, name in zip(rows, ("path_norm", "training_loss"), strict=True):
                draw_band(ax, step, one[name].values, colours.line(k), label, log=True)
        for ax, label in zip(rows, ("path norm", "training loss"), strict=True):
            ax.set(xscale="log", yscale="log", ylabel=label)
        round_ticks(rows[0].yaxis)
        if minimum is not None:
            rows[0].axhline(minimum, **colours.exact, label="minimum")
        rows[1].set_xlabel("steps")
        if rows[0].get_legend_handles_labels()[0]:
            rows[0].legend()
    return rows


def plot_excess(
    runs: xr.Dataset | Mapping[str, xr.Dataset],
    solutions: Solution | Sequence[Solution],
    *,
    ax: Axes | None = None,
) -> Axes:
    r"""How far the objective of networks in training is above the global minimum of the same lam: 0 is optimal.

        (loss + lam (|a|^2 + |W|^2) / 2) / lower bound - 1

    The lower bound is the one that `verify` confirmed: no network of any width has a lower objective. Lines are
    medians over the seeds that did not diverge, bands their range.

    Arguments: `runs`, what `minnorm.train` returned for weight decays > 0, or several of them under their names;
    `solutions` of the same data, what `minnorm.fit` returned for each of these decays as lam; `ax`, where to draw, by
    default new axes. Returns the axes. Errors: ValueError for a decay without a solution, or one without a bound.

    >>> import minnorm as mn
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> runs = mn.train(x, y, weight_decay=0.01, learning_rate=0.01, seeds=3, width=20, steps=50)
    >>> mn.plot_excess(runs, mn.fit(x, y, lam=0.01)).get_ylabel()
    'excess objective'
    """
    known = [solutions] if isinstance(solutions, Solution) else solutions
    if not isinstance(known, list | tuple) or not all(isinstance(one, Solution) for one in known):
        raise ValueError(f"solutions is {shown(solutions)}; give what minnorm.fit returned, or a list of such")
    with drawing(ax) as (axes, colours):
        for k, (label, one) in enumerate(_settings(runs)):
            lam = float(one["weight_decay"])
            bound = [s.lower_bound for s in known if _proven(s) and np.isclose(s.lam, lam, rtol=1e-6, atol=0)]
            if not bound or not bound[0] > 0:
                have = ", ".join(f"{s.lam:g}" for s in known)
                raise ValueError(f"weight decay {lam:g} has no solution with a proven bound > 0, only lam = {have}")
            step = np.maximum(one["step"].values, _BEFORE)
            draw_band(axes, step, one["objective"].values / bound[0] - 1, colours.line(k), label, log=True)
        axes.set(xscale="log", yscale="log", xlabel="steps", ylabel="excess objective")
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
    return axes


def plot_gap(history: History | Mapping[str, History], *, ax: Axes | None = None) -> Axes:
    r"""The relative gap of a solver against time.

        (value - lower bound) / value,   1 as long as there is no network

    Arguments: `history` (seconds, value, lower bound), collected by `progress` of `minnorm.interpolate` or
    `minnorm.fit`, or several of them under their names; `ax`, where to draw, by default new axes. Returns the axes.

    >>> import numpy as np
    >>> import minnorm as mn
    >>> X = np.random.default_rng(0).normal(size=(12, 2))
    >>> history = []
    >>> sol = mn.interpolate(X, X[:, 0] * X[:, 1], progress=lambda *state: history.append(state))
    >>> ax = mn.plot_gap(history)
    >>> ax.get_lines()[0].get_xdata().size == len(history)
    True
    """
    states_of = {
        str(name): numbers(states, "history")
        for name, states in (history if isinstance(history, Mapping) else {"": history}).items()
    }
    if not all(states.ndim == 2 and states.shape[1] == 3 for states in states_of.values()):
        raise ValueError(
            f"history is {shown(history)}; give a list of (seconds, value, lower bound), or several by name"
        )
    with drawing(ax, (5.6, 2.6)) as (axes, colours):
        for k, (name, states) in enumerate(states_of.items()):
            seconds, value, bound = states.T
            gap = np.maximum(relative_gap(value, bound), _NOTHING)
            axes.plot(seconds, gap, marker=".", drawstyle="steps-post", label=name or None, **colours.line(k))
        axes.set(yscale="log", xlabel="seconds", ylabel="relative gap")
        if axes.get_legend_handles_labels()[0]:
            axes.legend()
    return axes


def plot_path(path: xr.Dataset, *, axes: Any = None) -> np.ndarray:
    r"""Path norm and loss of the global minimisers of weight-decay training, against lam.

    Dashed is the norm at lam = 0, if it is there. Empty marks are minimisers that are not certified.

    Arguments: `path`, what `minnorm.path` returned; `axes`, the two to draw in, by default new ones. Returns the axes.
    Errors: ValueError for other datasets.

    >>> import minnorm as mn
    >>> norm, loss = mn.plot_path(mn.path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], [0.1, 0.01, 0.001, 0.0]))
    >>> loss.get_xlabel(), norm.get_lines()[0].get_xdata().size
    ('λ', 3)
    """
    instance("path", path, xr.Dataset, "what minnorm.path returned")
    wanted = {"norm", "loss", "certified"}
    if "lam" not in path.dims or not wanted <= set(path.data_vars):
        raise ValueError(f"path has {', '.join(map(str, path.data_vars))}; give what minnorm.path returned")
    positive = path.isel(lam=path["lam"].values > 0)
    lam, proven = positive["lam"].values, positive["certified"].values.astype(bool)
    with drawings(axes, 2, (5.6, 4.2), share=True) as (rows, colours):
        for k, (ax, name) in enumerate(zip(rows, ("norm", "loss"), strict=True)):
            look = colours.line(k)
            values = positive[name].values
            shown = np.maximum(values, _NOTHING) if name == "loss" else values
            ax.plot(lam, shown, **look)
            ax.plot(lam[proven], shown[proven], "o", color=look["color"], markersize=3)
            ax.plot(lam[~proven], shown[~proven], "o", markerfacecolor=colours.ground, color=look["color"])
            ax.set(xscale="log", yscale="log" if name == "loss" else "linear")
        if np.any(path["lam"].values == 0):
            rows[0].axhline(float(path["norm"].sel(lam=0)), **colours.exact, label="λ = 0: interpolation")
            rows[0].legend()
        rows[0].set_ylabel("path norm")
        rows[1].set(ylabel="loss", xlabel="λ")
    return rows


def draw_band(
    ax: Axes, x: np.ndarray, values: np.ndarray, look: Mapping[str, Any], label: str, *, log: bool = False
) -> None:
    """Median over the rows of `values` (seed, x) that are finite, and their range."""
    values = values[np.all(np.isfinite(values), axis=1)]
    if values.size == 0:
        return
    if log:
        values = np.maximum(values, _NOTHING)
    if len(values) > 1:
        ax.fill_between(x, values.min(axis=0), values.max(axis=0), color=look["color"], alpha=0.2, linewidth=0)
    ax.plot(x, np.median(values, axis=0), label=label, **look)


def _proven(solution: Solution) -> bool:
    """Whether the lower bound is one: a search proves nothing."""
    return solution.lam > 0 and solution.certificate is not None and solution.certificate.scope != "searched"


def _settings(runs: xr.Dataset | Mapping[str, xr.Dataset]) -> list[tuple[str, xr.Dataset]]:
    """Each place on the grids without its seeds, with a name that says what is not the same for all."""
    instance("runs", runs, (xr.Dataset, Mapping), "what minnorm.train returned, or several of them by name")
    several = {"": runs} if isinstance(runs, xr.Dataset) else dict(runs)
    for name, one in several.items():
        instance(f"runs[{shown(name)}]" if name else "runs", one, xr.Dataset, "what minnorm.train returned")
        if not {"path_norm", "training_loss", "objective"} <= set(one.data_vars) or not {*_GRID, "seed"} <= set(
            one.dims
        ):
            raise ValueError(f"runs {name!r} lacks the grid or the measures; give what minnorm.train returned")
    varied = [axis for axis in _GRID if len({float(v) for one in several.values() for v in one[axis].values}) > 1]
    found = []
    for name, one in several.items():
        for place in itertools.product(*(one[axis].values for axis in _GRID)):
            where: dict[str, float] = dict(zip(_GRID, place, strict=True))
            words = [f"{_WORDS[axis]} {where[axis]:g}" for axis in varied if one.sizes[axis] > 1 or len(several) == 1]
            found.append((", ".join([name] * bool(name) + words) or "networks", one.sel(where)))
    return found

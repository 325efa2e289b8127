"""Label noise: the least lam at which the minimiser does not follow the noise, against the number of points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from minnorm.plot import new_figure, palette, round_ticks
from minnorm.report.rates.drawing import count_axis, draw_law, guide
from minnorm.report.rates.powers import Power, power
from minnorm.report.rates.solved import INTERVAL, LATE, Solved, by_dim, by_seed, certified
from minnorm.report.section import Picture, Section, Table
from minnorm.study import Study

_LEVELS = (1.1, 1.5)
"""Norms, in units of [f*], up to which a minimiser is taken to work; the first is drawn."""


@dataclass(frozen=True)
class _Laws:
    """One dimension: the laws in n of the least lam for each level, and of the least distance to f* over lam."""

    dim: int
    solved: list[Solved]
    least: dict[float, Power | None]
    late: dict[float, Power | None]
    distance: Power | None


def least_decay(one: Solved, level: float) -> float:
    """The least lam for which the minimiser's norm is at most level * [f*]; NaN if that is outside of all lam.

    The norm of minimisers does not grow with lam, so there is one such lam; log norm is interpolated in log lam.
    """
    x, y = np.log(one.lams), np.log(np.maximum(one["norm"], 1e-300) / (level * one.exact_norm))
    above = np.flatnonzero(y > 0)
    if above.size == 0 or above[-1] == y.size - 1:
        return math.nan
    i = above[-1]
    return math.exp(x[i] + (x[i + 1] - x[i]) * y[i] / (y[i] - y[i + 1]))


def _fit(dim: int, solved: list[Solved]) -> _Laws:
    groups = by_seed(solved)
    last = sorted({one.points for one in solved})[-LATE:]

    def laws(kept: list[list[Solved]]) -> dict[float, Power | None]:
        counts = [[one.points for one in some] for some in kept]
        return {level: power(counts, [[least_decay(one, level) for one in some] for some in kept]) for level in _LEVELS}

    distance = power(
        [[one.points for one in some] for some in groups],
        [[one["l2_unknown"].min() for one in some] for some in groups],
    )
    return _Laws(
        dim, solved, laws(groups), laws([[one for one in some if one.points in last] for some in groups]), distance
    )


def expected(dim: int) -> float:
    """The exponent of lam that balances norm and noise over functions of bounded norm: -(d + 3) / (2 d + 3)."""
    return -(dim + 3) / (2 * dim + 3)


def section(study: Study, solved: Sequence[Solved], unfinished: int) -> Section:
    """What there is to say about noise."""
    found = [_fit(dim, some) for dim, some in by_dim(solved)]
    noise = ", ".join(f"{sigma:g}" for sigma in sorted({one.noise for one in solved}))
    return Section(
        name=study.name,
        description=study.description,
        exact=(
            "Known: λ of order σ n^(−1/2), up to logarithms, is enough in any dimension. Functions of bounded norm are "
            "fewer than that: their metric entropy lets λ of order n^(−(d+3)/(2d+3)) do, the exponent of the minimax "
            "error (Parhi & Nowak 2023): "
            + ", ".join(f"{expected(laws.dim):.3f} for d = {laws.dim}" for laws in found)
            + "."
        ),
        settings=(
            f"σ = {noise}; {max(len(by_seed(laws.solved)) for laws in found)} data sets for each n. "
            f"{certified(solved)} λ works if the minimiser's norm is at most "
            + " or ".join(f"{level:g}" for level in _LEVELS)
            + f" [f*] (two criteria); the norm falls with λ, so all larger ones do as well. {INTERVAL}"
        ),
        findings=[text for laws in found for text in _findings(laws)],
        pictures=[
            Picture(
                partial(_figure, found),
                "Norm of the minimiser over [f*] against λ, geometric means over data sets, strong to faint from "
                f"few points to many; dashed: {_LEVELS[0]:g}, below which λ works. Last: the least λ that works for "
                "each data set (dots) against n, with the fitted law and the 95 % interval of its mean; dotted: slope "
                "−1/2.",
                title="Least decay against number of noisy labels",
            )
        ],
        tables=[_table(found)],
        unfinished=unfinished,
    )


def _findings(laws: _Laws) -> list[str]:
    said = []
    for level, law in laws.least.items():
        if law is None:
            said.append(f"Dimension {laws.dim}: the λ of the study do not bracket a norm of {level:g} [f*].")
            continue
        said.append(
            f"Dimension {laws.dim}, norm up to {level:g} [f*]: the least λ that works falls like n^{law} for n = "
            f"{law.start:.0f} to {law.stop:.0f}: {_where(laws.dim, law)}."
        )
        late = laws.late[level]
        if late is not None and late.start > law.start:
            said[-1] += f" From n = {late.start:.0f} on, it falls like n^{late}: {_where(laws.dim, late)}."
    if laws.distance is not None:
        said.append(
            f"Dimension {laws.dim}: the least L2 distance to f* over all λ, where the target is not known, falls like "
            f"n^{laws.distance}."
        )
    return said


def _where(dim: int, law: Power) -> str:
    low, high = law.interval
    return " and ".join(
        f"{name} is {'inside the interval' if low <= value <= high else 'above it' if value > high else 'below it'}"
        for name, value in (("−1/2", -0.5), (f"{expected(dim):.3f}", expected(dim)))
    )


def _table(found: Sequence[_Laws]) -> Table:
    rows = []
    for laws in found:
        for count in sorted({one.points for one in laws.solved}):
            some = [one for one in laws.solved if one.points == count]
            cells = []
            for level in _LEVELS:
                least = np.array([least_decay(one, level) for one in some])
                kept = least[np.isfinite(least)]
                cells += [f"{np.exp(np.log(kept).mean()):.2e}" if kept.size else "–", f"{kept.size}/{least.size}"]
            best = [int(np.argmin(one["l2_unknown"])) for one in some]
            rows.append(
                [
                    str(laws.dim),
                    str(count),
                    *cells,
                    f"{np.mean([one['l2_unknown'][i] for one, i in zip(some, best, strict=True)]):.3f}",
                    f"{np.exp(np.mean([np.log(one.lams[i]) for one, i in zip(some, best, strict=True)])):.1e}",
                ]
            )
    return Table(
        [
            "dimension",
            "n",
            *(text for level in _LEVELS for text in (f"least λ, norm ≤ {level:g} [f*]", "bracketed")),
            "least L2 distance",
            "at λ",
        ],
        rows,
        "Geometric means of λ and means of distances over data sets. Bracketed: data sets whose λ hold the least one.",
    )


def _figure(found: Sequence[_Laws]) -> Figure:
    figure = new_figure(3.4 * (len(found) + 1), 3.4)
    *panels, last = figure.subplots(1, len(found) + 1, squeeze=False)[0]
    colours = palette(last)
    for i, (axes, laws) in enumerate(zip(panels, found, strict=True)):
        counts = sorted({one.points for one in laws.solved})
        for j, count in enumerate(counts):
            some = [one for one in laws.solved if one.points == count]
            norms = np.exp(np.mean([np.log(np.maximum(one["norm"], 1e-12) / one.exact_norm) for one in some], axis=0))
            opacity = 1 - 0.75 * j / max(1, len(counts) - 1)
            label = f"n = {count}" if j in (0, len(counts) - 1) else None
            axes.plot(some[0].lams, norms, color=colours.line(i)["color"], alpha=opacity, label=label)
        axes.axhline(_LEVELS[0], **colours.exact)
        axes.set(xscale="log", yscale="log", xlabel="λ", title=f"norm / [f*], d = {laws.dim}")
        round_ticks(axes.yaxis)
        axes.legend()
        for one in laws.solved:
            last.plot(one.points, least_decay(one, _LEVELS[0]), ".", color=colours.line(i)["color"], markersize=3)
        law = laws.least[_LEVELS[0]]
        draw_law(last, law, colours.line(i), f"d = {laws.dim}" + ("" if law is None else f": n^{law}"))
        if law is not None:
            guide(last, (law.start, law.stop), float(law([law.start])[0]), -0.5)
    last.set(yscale="log", title=f"least λ with norm ≤ {_LEVELS[0]:g} [f*]")
    every = [one.points for laws in found for one in laws.solved]
    count_axis(last, min(every), max(every), "n")
    last.legend()
    return figure

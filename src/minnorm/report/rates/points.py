"""n -> infinity: how fast the least norm through n random points of the known region reaches that of the region."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm.plot import new_figure, palette
from minnorm.report.rates.drawing import count_axis, draw_law
from minnorm.report.rates.powers import Power, power
from minnorm.report.rates.solved import INTERVAL, LATE, Solved, by_dim, by_seed, certified
from minnorm.report.section import Picture, Section, Table
from minnorm.study import Study

_CLEAR = 0.1  # share of the deficit that the bracket of the norm may leave open, where it is fitted


@dataclass(frozen=True)
class _Laws:
    """The deficit 1 - norm / limit in one dimension: its law in n, and that of the largest n alone."""

    dim: int
    solved: list[Solved]
    counts: list[int]
    law: Power | None
    late: Power | None

    def at(self, count: int) -> list[Solved]:
        """The data sets of this size."""
        return [one for one in self.solved if one.points == count]


def bracket(one: Solved) -> tuple[float, float]:
    """Bounds of the least norm over its limit: lam = 0 brackets it; for lam > 0, the minimum over lam is below it.

    The limit bounds it from above in any case, as the bump goes through all points.
    """
    lam = float(one.lams[0])
    below = float(one["lower_bound"][0]) / (lam if lam > 0 else 1.0) / one.exact_norm
    above = float(one["value"][0]) / one.exact_norm if lam == 0 and one["certified"][0] > 0 else 1.0
    return below, min(above, 1.0)


def ratio(one: Solved) -> float:
    """The norm of the function found over the limit."""
    return float(one["norm"][0]) / one.exact_norm


def clear(one: Solved) -> bool:
    """Whether the norm is known well enough for its deficit: bound and function agree to a tenth of it."""
    below, found = bracket(one)[0], ratio(one)
    return bool(np.isfinite(found)) and found - below <= _CLEAR * (1 - found)


def _fit(dim: int, solved: list[Solved]) -> _Laws:
    counts = sorted({one.points for one in solved if clear(one)})

    def law(kept: Sequence[int]) -> Power | None:
        groups = [[one for one in some if one.points in kept and clear(one)] for some in by_seed(solved)]
        groups = [some for some in groups if len(some) >= LATE]
        return power(
            [[one.points for one in some] for some in groups], [[1 - ratio(one) for one in some] for some in groups]
        )

    every = sorted({one.points for one in solved})
    return _Laws(dim, solved, every, law(counts), law(counts[-LATE:]) if len(counts) > LATE else None)


def nearest(one: Solved) -> float:
    """What the deficit is at least, as geometric mean: the bump f*(x / r), of norm [f*] / r, goes through all points.

    r is the least of N radii that are uniform on [1, outer].
    """
    outside = one.points - max(1, round(0.1 * one.points))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    gap = 1 - (0.5 * (1 + nodes)) ** (1 / outside)  # of the least radius, by its quantiles
    return float(np.exp(0.5 * weights @ np.log(1 - 1 / (1 + (one.outer - 1) * gap))))


def section(study: Study, solved: Sequence[Solved], unfinished: int) -> Section:
    """What there is to say about n -> infinity."""
    found = [_fit(dim, some) for dim, some in by_dim(solved)]
    radial = solved[0].method == "radii"
    missed = sum(not _found(one) for one in solved)
    limits = ", ".join(f"{laws.solved[0].exact_norm:.10g} in dimension {laws.dim}" for laws in found)
    return Section(
        name=study.name,
        description=study.description,
        exact=(
            f"The limit is [f*] = {limits}: 2/E in odd dimensions, and what the outer radius makes it in even ones. "
            "For every n the least norm is below it, since the bump itself goes through the points; and below [f*]/r "
            "with r the least radius of a point with label 0, since f*(x/r) goes through them too: the "
            "deficit is at least of order 1/n, and no exponent can stay below −1."
        ),
        settings=(
            f"{max(len({one.seed for one in laws.solved}) for laws in found)} data sets for each n. "
            f"{certified(solved)}"
            + (f" In {missed} problems double precision does not interpolate: radii too close. " if missed else " ")
            + f"Fits use the problems where bound and norm agree to {_CLEAR:.0%} of the deficit, of data sets with at "
            f"least {LATE} of them. " + INTERVAL
        ),
        findings=_findings(found, radial),
        pictures=[
            Picture(
                partial(_figure, found),
                "Left: least norm over its limit (line at 1), mean over data sets with the range; open marks where the "
                "certificate leaves a gap, as bars from the proven lower bound to the function's norm. Right: the "
                "deficit of each data set (dots), the fitted law (line) with the 95 % interval of its mean (band), and "
                "the least that the nearest radius allows (dotted, geometric mean).",
                title="Least norm against number of points",
            )
        ],
        tables=[_table(found)],
        unfinished=unfinished,
    )


def _findings(found: Sequence[_Laws], radial: bool) -> list[str]:
    said = []
    highest = max((bracket(one)[0] for laws in found for one in laws.solved), default=math.nan)
    said.append(
        f"Convergence is from below: the largest proven lower bound of all is {highest:.6f} of the limit."
        if highest <= 1
        else f"A lower bound is {highest:.9f} of the limit, above 1: limit or bound is wrong."
    )
    for laws in found:
        means = {n: np.mean(some) for n in laws.counts if (some := [ratio(one) for one in laws.at(n) if _found(one)])}
        if not means:
            said.append(f"Dimension {laws.dim}: double precision does not interpolate these points; nothing is fitted.")
            continue
        first, last = min(means), max(means)
        text = (
            f"Dimension {laws.dim}: the least norm {'on spheres ' if radial else ''}is {means[first]:.3f} of the limit "
            f"at n = {first} and {means[last]:.4f} at n = {last} (means over data sets), where the deficit is "
            f"{_deficit(laws.at(last)) / nearest(laws.at(last)[0]):.2f} times what the nearest radius alone is "
            "expected to make it"
        )
        if laws.law is not None:
            text += (
                f"; deficit ~ n^{laws.law} for n = {laws.law.start:.0f} to {laws.law.stop:.0f} "
                f"({laws.law.repetitions} data sets)"
                + (f", and n^{laws.late} from n = {laws.late.start:.0f}" if laws.late is not None else "")
                + _settled(laws)
            )
        said.append(text + ".")
    return said


def _deficit(some: Sequence[Solved]) -> float:
    """The geometric mean of those found."""
    return float(np.exp(np.mean([np.log(1 - ratio(one)) for one in some if _found(one)])))


def _found(one: Solved) -> bool:
    return bool(np.isfinite(ratio(one)))


def _settled(laws: _Laws) -> str:
    """Whether the exponents may be those of the limit."""
    assert laws.law is not None
    last = laws.late or laws.law
    if last.interval[1] < -1:
        return ": below −1, which cannot last, so these n are too few"
    if laws.late is None:
        return ": too few n to say whether that is the limit's"
    low, high = laws.late.interval
    return "" if low <= laws.law.exponent <= high else ": the exponent still drifts, so this is no rate of the limit"


def _table(found: Sequence[_Laws]) -> Table:
    rows = []
    for laws in found:
        for count in laws.counts:
            some = laws.at(count)
            ratios = np.array([ratio(one) for one in some])
            ratios = ratios[np.isfinite(ratios)]
            bounds = [bracket(one)[0] for one in some]
            rows.append(
                [
                    str(laws.dim),
                    str(count),
                    f"{ratios.mean():.5f}" if ratios.size else "–",
                    f"{ratios.std(ddof=1):.5f}" if ratios.size > 1 else "–",
                    f"{np.nanmean(bounds):.5f}" if np.any(np.isfinite(bounds)) else "–",
                    f"{nearest(some[0]):.5f}",
                    f"{sum(one['certified'][0] > 0 for one in some)}/{len(some)}",
                ]
            )
    return Table(
        ["dimension", "n", "norm / limit", "deviation", "proven lower bound", "least deficit", "certified"],
        rows,
        "Norm of the interpolant over its limit, mean and standard deviation over the data sets where one was found.\n"
        "Proven lower bound: of the least norm, over the limit, mean.\n"
        "Least deficit: geometric mean of 1 − 1/r for the least radius r of a point with label 0.",
    )


def _figure(found: Sequence[_Laws]) -> Figure:
    figure = new_figure(8.6, 3.6)
    left, right = figure.subplots(1, 2)
    colours = palette(left)
    for i, laws in enumerate(found):
        look = colours.line(i)
        _ratios(left, laws, look["color"])
        for one in laws.solved:
            if clear(one):
                right.plot(one.points, 1 - ratio(one), ".", color=look["color"], markersize=3, alpha=0.7)
        draw_law(right, laws.law, look, f"d = {laws.dim}")
    some = max(found, key=lambda laws: laws.counts[-1] / laws.counts[0])
    at_least = [(count, nearest(some.at(count)[0])) for count in some.counts]
    right.plot(*zip(*at_least, strict=True), color=colours.faint, linestyle=(0, (1, 1.2)), linewidth=0.9)
    left.axhline(1.0, **colours.exact)
    left.set(title="least norm / limit")
    right.set(yscale="log", title="1 − least norm / limit")
    for axes in (left, right):
        count_axis(axes, min(laws.counts[0] for laws in found), max(laws.counts[-1] for laws in found), "n")
    right.legend()
    return figure


def _ratios(axes: Axes, laws: _Laws, colour: str) -> None:
    for count in laws.counts:
        some = [one for one in laws.at(count) if _found(one)]
        if not some:
            continue
        ratios = [ratio(one) for one in some]
        sure = all(one["certified"][0] > 0 for one in some)
        low = min(ratios) if sure else min(bracket(one)[0] for one in some)
        axes.vlines(count, low, max(ratios), color=colour, linewidth=0.8)
        axes.plot(count, np.mean(ratios), "o", color=colour, markersize=4, markerfacecolor=colour if sure else "none")
    shown = [count for count in laws.counts if any(_found(one) for one in laws.at(count))]
    means = [np.nanmean([ratio(one) for one in laws.at(count)]) for count in shown]
    axes.plot(shown, means, color=colour, linewidth=0.8)

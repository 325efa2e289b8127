"""lam -> 0 on fixed data: how fast norm, loss and function reach those of the minimum-norm interpolant."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minnorm.plot import new_figure, palette
from minnorm.report.rates.drawing import draw_law, guide
from minnorm.report.rates.powers import Power, power
from minnorm.report.rates.solved import INTERVAL, Solved, by_dim, certified
from minnorm.report.section import Picture, Section, Table
from minnorm.study import Study

_SMALL = 0.05  # of the norm's deficit where its law is fitted
_RESOLVED = 0.01  # share of the loss that the gap leaves open
_FLOOR = 10  # times the distance at the least lam, below which the accuracy of both functions shows

_TITLES = {
    "deficit": "norm deficit / [f*]",
    "loss": "training loss",
    "distance": "L2 distance",
}
_EXPECTED = {"deficit": 1.0, "loss": 2.0}


@dataclass(frozen=True)
class _Laws:
    """What was fitted in one dimension; and 2 loss / (lam deficit) at each data set's least lam that is resolved."""

    dim: int
    solved: list[Solved]
    laws: dict[str, Power | None]
    identity: np.ndarray


def limit(one: Solved) -> float:
    """[f*], the least norm through the data: what lam = 0 has, or else the norm of the task's interpolant."""
    return float(one["norm"][0]) if one.lams[0] == 0 else one.exact_norm


def deficit(one: Solved) -> np.ndarray:
    """1 - [f_lam] / [f*] for each lam."""
    return 1 - one["norm"] / limit(one)


def series(one: Solved, name: str) -> tuple[np.ndarray, np.ndarray]:
    """lam and a quantity, for each lam."""
    values = {"deficit": deficit(one), "loss": one["training_loss"], "distance": one.measured.get("l2_unknown")}[name]
    return one.lams, np.full(one.lams.size, np.nan) if values is None else values


def resolved(one: Solved) -> np.ndarray:
    """Where lam is small enough for the law, and the gap small enough to see it."""
    gap = one["value"] - one["lower_bound"]
    return (deficit(one) < _SMALL) & (one["certified"] > 0) & (gap <= _RESOLVED * one["training_loss"]) & (one.lams > 0)


def _fit(dim: int, solved: list[Solved]) -> _Laws:
    laws = {}
    for name in _TITLES:
        x, y = [], []
        for one in solved:
            lam, values = series(one, name)
            kept = resolved(one)
            if name == "distance":
                kept = (deficit(one) < _SMALL) & (values > _FLOOR * values[0])
            x.append(lam[kept])
            y.append(values[kept])
        laws[name] = power(x, y)
    identity = []
    for one in solved:
        kept = np.flatnonzero(resolved(one))
        if kept.size:
            i = kept[0]
            identity.append(2 * one["training_loss"][i] / (one.lams[i] * deficit(one)[i] * limit(one)))
    return _Laws(dim, solved, laws, np.array(identity))


def section(study: Study, solved: Sequence[Solved], unfinished: int) -> Section:
    """What there is to say about lam -> 0."""
    found = [_fit(dim, some) for dim, some in by_dim(solved)]
    seeds = {len({one.seed for one in laws.solved}) for laws in found}
    return Section(
        name=study.name,
        description=study.description,
        exact=(
            "Expected on any finite data, with ν the dual solution of least norm (λ-minimisers are the proximal points "
            "of the norm as a function of the labels): loss = (n/2) |ν|² λ² and [f*] − [f_λ] = n |ν|² λ to leading "
            "order, hence exponents 2 and 1, and 2 loss / (λ deficit) → 1. For the distance to an interpolant there is "
            "no such law: where several functions have the least norm, the minimisers need not approach the one that "
            "the solver returned."
        ),
        settings=(
            f"{', '.join(f'{laws.solved[0].points} points in dimension {laws.dim}' for laws in found)}; "
            f"{'/'.join(map(str, sorted(seeds)))} data sets each; λ from {solved[0].lams[0]:.0e} to "
            f"{solved[0].lams[-1]:.0e}. {certified(solved)} Fits use λ where the norm's deficit is below {_SMALL:.0%} "
            f"and the gap below {_RESOLVED:.0%} of the loss; for the distance, where it is above {_FLOOR} times that "
            f"at the least λ. {INTERVAL}"
        ),
        findings=_findings(found),
        pictures=[
            Picture(
                partial(_figure, found),
                "Deficit of the norm, training loss and L2 distance to the certified interpolant (on fresh points of "
                "the data's law) against λ, for each data set (thin) with the fitted law (thick) and the 95 % interval "
                "of its mean (band). Grey: slopes 1 and 2.",
                title="Norm, loss and distance against decay",
            )
        ],
        tables=[_table(found)],
        unfinished=unfinished,
    )


def _findings(found: Sequence[_Laws]) -> list[str]:
    said = []
    for laws in found:
        parts = []
        for name, expected in _EXPECTED.items():
            law = laws.laws[name]
            if law is None:
                parts.append(f"too few λ are resolved for the {_TITLES[name]}")
                continue
            low, high = law.interval
            inside = "inside" if low <= expected <= high else "outside"
            parts.append(f"{_TITLES[name]} ~ λ^{law}, {expected:g} expected and {inside}")
        said.append(f"Dimension {laws.dim}: {'; '.join(parts)}.")
        if laws.identity.size:
            said.append(
                f"Dimension {laws.dim}: 2 loss / (λ deficit), which tends to 1, is {laws.identity.min():.5f} to "
                f"{laws.identity.max():.5f} over data sets at the least resolved λ: loss and norm are measured "
                "separately, so this checks both."
            )
        law = laws.laws["distance"]
        if law is not None:
            said.append(
                f"Dimension {laws.dim}: the distance to the interpolant that the solver returned falls like λ^{law} "
                f"from λ = {law.stop:.0e} to {law.start:.0e}."
            )
    return said


def _table(found: Sequence[_Laws]) -> Table:
    rows = []
    for laws in found:
        for name, title in _TITLES.items():
            law = laws.laws[name]
            least = [series(one, name)[1][0] for one in laws.solved]
            rows.append(
                [
                    str(laws.dim),
                    title,
                    "–" if law is None else str(law),
                    f"{_EXPECTED[name]:g}" if name in _EXPECTED else "none",
                    "–" if law is None else f"{law.start:.0e} … {law.stop:.0e}",
                    f"{np.median(least):.1e}",
                    str(len(laws.solved)),
                ]
            )
    return Table(
        ["dimension", "quantity", "exponent in λ", "expected", "fitted on λ", "median at the least λ", "data sets"],
        rows,
        "Exponent with its 95 % interval over data sets.",
    )


def _figure(found: Sequence[_Laws]) -> Figure:
    figure = new_figure(9.0, 3.1)
    panels = figure.subplots(1, 3, squeeze=False)[0]
    for axes, (name, title) in zip(panels, _TITLES.items(), strict=True):
        _panel(axes, found, name)
        axes.set(xscale="log", yscale="log", xlabel="λ", title=title)
    panels[0].legend()
    return figure


def _panel(axes: Axes, found: Sequence[_Laws], name: str) -> None:
    colours = palette(axes)
    for i, laws in enumerate(found):
        look = colours.line(i)
        for one in laws.solved:
            lam, values = series(one, name)
            axes.plot(lam, np.where(values > 0, values, np.nan), color=look["color"], linewidth=0.5, alpha=0.6)
        draw_law(axes, laws.laws[name], look, f"d = {laws.dim}")
    slope = _EXPECTED.get(name)
    lams = np.concatenate([one.lams[one.lams > 0] for laws in found for one in laws.solved])
    values = np.concatenate([series(one, name)[1] for laws in found for one in laws.solved])
    values = values[values > 0]
    if slope is not None and values.size and lams.size:
        guide(axes, (float(lams.min()), float(lams.max())), float(values.min()) * 3, slope)

"""Width-limited training with lam = C m^-a: does the norm of m neurons reach that of the bump?"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from minnorm.plot import new_figure, palette
from minnorm.report.rates.drawing import count_axis, draw_law
from minnorm.report.rates.powers import Power, power
from minnorm.report.section import Picture, Section, Table
from minnorm.report.training.rows import least_norm, short
from minnorm.study import Shard, Study
from minnorm.study.specification.settings import OPTIMAL
from minnorm.training import AXES

_STRAIGHT = 0.01  # how far log lam may be from a line in log m
_BOUNDED = 1.1  # norm ratio up to which a network is a competitor of bounded norm
_SAMPLING = 2e-3  # excess that may be the sampling error of the points
_GLOBAL = 0.05  # excess over the infinite width within which a minimiser is called global


@dataclass(frozen=True)
class Candidate:
    """A trained network: its objective over the least of infinite width (minus 1), its norm over [f*], its loss."""

    start: str
    rate: float
    seed: int
    excess: float
    ratio: float
    loss: float


@dataclass(frozen=True)
class Place:
    """All networks of one width and lam, the best first; and the norm ratio of infinite width at this lam."""

    width: int
    lam: float
    infinite: float
    candidates: list[Candidate]

    @property
    def best(self) -> Candidate:
        """The least objective."""
        return self.candidates[0]

    def behind(self, optimal: bool) -> float:
        """How far the best of the starts of a kind is behind the best of all, relative; NaN without such a start."""
        some = [one.excess for one in self.candidates if (one.start == OPTIMAL) == optimal]
        return (1 + min(some)) / (1 + self.best.excess) - 1 if some else math.nan


@dataclass(frozen=True)
class Schedule:
    """lam = factor m^-decline, along all widths."""

    decline: float
    factor: float
    places: list[Place]

    def law(self, widest: int) -> Power | None:
        """How the excess objective goes with the width, where it is above what the points' sampling error may be."""
        kept = [place for place in self.places if place.width <= widest and place.best.excess > _SAMPLING]
        return power([[place.width for place in kept]], [[place.best.excess for place in kept]])

    @property
    def quotients(self) -> np.ndarray:
        """The best norm over that of infinite width at the same lam."""
        return np.array([place.best.ratio / place.infinite for place in self.places])


def places(trained: Sequence[tuple[Shard, xr.Dataset]]) -> list[Place]:
    """All widths and lam, with what was trained there."""
    found: dict[tuple[int, float], tuple[float, list[Candidate]]] = {}
    for shard, runs in trained:
        if "excess_objective" not in runs:
            raise ValueError("rates need the least objective of infinite width; leave measure.optimum on, and lam > 0")
        exact = _exact_norm(shard, runs)
        for lam in runs["weight_decay"].values.tolist():
            norm = float(runs["optimum_norm"].sel(weight_decay=lam))
            some = found.setdefault((shard.train.width, lam), (norm / exact, []))[1]
            some.extend(_candidates(shard, runs.sel(weight_decay=[lam])))
    return [
        Place(width, lam, infinite, sorted(some, key=lambda one: one.excess))
        for (width, lam), (infinite, some) in sorted(found.items())
        if some
    ]


def _exact_norm(shard: Shard, runs: xr.Dataset) -> float:
    least = least_norm(shard.task, [runs])
    if least is None:
        raise ValueError(f"no norm is known for tasks of kind {shard.task.kind}; rates need one")
    return least


def _candidates(shard: Shard, runs: xr.Dataset) -> Iterator[Candidate]:
    last = runs.isel(step=-1).stack(network=AXES)
    for i in np.flatnonzero(np.isfinite(last["excess_objective"].values)):
        yield Candidate(
            shard.train.initial,
            float(last["learning_rate"].values[i]),
            int(last["seed"].values[i]),
            float(last["excess_objective"].values[i]),
            float(last["norm_ratio"].values[i]),
            float(last["training_loss"].values[i]),
        )


def schedules(found: Sequence[Place]) -> list[Schedule]:
    """The schedules lam = C m^-a that widths and lam make up: the j-th largest lam of each width belong together."""
    widths = sorted({place.width for place in found})
    columns = [sorted((p for p in found if p.width == width), key=lambda p: -p.lam) for width in widths]
    if len(widths) < 2 or len({len(column) for column in columns}) > 1:
        return []
    made = []
    for row in zip(*columns, strict=True):
        x, y = np.log(widths), np.log([place.lam for place in row])
        slope, constant = np.polyfit(x, y, 1)
        if np.max(np.abs(y - constant - slope * x)) > _STRAIGHT:
            return []
        made.append(Schedule(round(-float(slope), 3), math.exp(constant), list(row)))
    return made


def least_losses(found: Sequence[Place]) -> tuple[list[int], list[float]]:
    """For each width the least training loss of all networks with a norm of up to 1.1 [f*]."""
    losses: dict[int, float] = {}
    for place in found:
        for one in place.candidates:
            if one.ratio <= _BOUNDED:
                losses[place.width] = min(losses.get(place.width, math.inf), one.loss)
    return list(losses), list(losses.values())


def searched(found: Sequence[Place]) -> int:
    """The largest width up to which the width, not the search, limits the loss: it falls at least as 1/m.

    That much samples of the optimal measure give; a search that does worse than them from one width to the next has not
    come to an end.
    """
    widths, losses = least_losses(found)
    slopes = np.diff(np.log(losses)) / np.diff(np.log(widths))
    slow = np.flatnonzero(slopes > -1)
    return widths[slow[0]] if slow.size and slow[0] > 0 else widths[-1]


def section(study: Study, trained: Sequence[tuple[Shard, xr.Dataset]], unfinished: int) -> Section:
    """What there is to say about width-limited training."""
    found = places(trained)
    made = schedules(found)
    if not made:
        raise ValueError(f"{study.name!r}: lam is no power of the width along at least two widths that are done")
    widest = searched(found)
    law = power(*([part] for part in least_losses([place for place in found if place.width <= widest])))
    task = trained[0][0].task
    dim, count = task.dimension(), task.count()
    attributes = trained[0][1].attrs
    return Section(
        name=study.name,
        description=study.description,
        exact=(
            "Known: samples of the optimal measure give path norm ≤ [f*] + C [f*]²/(m λ), which tends to [f*] if "
            "1/m ≪ λ ≪ 1, so for a < 1; it is an upper bound. With networks that are better than samples, of squared "
            f"error m^−(1 + 3/d) at bounded norm (Siegel & Xu 2022), it tends to [f*] for all a < 1 + 3/d = "
            f"{1 + 3 / dim:.3g}; for larger a nothing bounds the norm. Even for infinite width the norm is below [f*] "
            "while λ > 0: dashed lines."
        ),
        settings=(
            f"{count} points in dimension {dim}, {attributes['optimizer']}, schedule {attributes['schedule']}, batches "
            f"of {attributes['batch_size']}; {len(found[0].candidates)} networks for each width and λ, the best taken. "
            "Excess: objective over the certified least objective of infinite width on infinitely many points, minus "
            "1; what is below 0 is sampling error of the points."
        ),
        findings=_findings(made, found, law, widest, dim),
        pictures=[
            Picture(
                partial(_figure, made, found, law),
                "Left: path norm of the best network over [f*] (lines), all networks (dots), and the norm of infinite "
                "width at the same λ (dashed). Middle: the best objective over that of infinite width, minus 1, and "
                "those of all networks; values below 1e-4 are drawn there. Right: least training loss of all networks "
                "with norm up to 1.1 [f*] for each width, the fitted law and its 95 % interval.",
                title="Norm, objective and loss against width",
            )
        ],
        tables=[_laws_table(made, widest, dim), _table(made)],
        unfinished=unfinished,
    )


def _findings(made: Sequence[Schedule], found: Sequence[Place], law: Power | None, widest: int, dim: int) -> list[str]:
    said = []
    for schedule in made:
        first, last, quotients = schedule.places[0], schedule.places[-1], schedule.quotients
        worst = int(np.argmax(np.abs(np.log(quotients))))
        said.append(
            f"a = {schedule.decline:g}: from m = {first.width} to {last.width} (λ = {last.lam:.1e}) the norm goes from "
            f"{first.best.ratio:.3f} to {last.best.ratio:.3f} of [f*]. Infinite width has {first.infinite:.3f} and "
            f"{last.infinite:.3f} at these λ: the width's own factor goes from {quotients[0]:.3f} to "
            f"{quotients[-1]:.3f}, farthest from 1 at m = {schedule.places[worst].width} ({quotients[worst]:.3f}). The "
            f"objective is {_times(first.best.excess)} that of infinite width at the smallest, "
            f"{_times(last.best.excess)} at the largest width."
        )
    said += _threshold(made, widest, dim)
    if law is not None:
        said.append(
            f"The least loss at norm up to {_BOUNDED} [f*] falls like m^{law} up to m = {widest} (interval of the "
            f"regression), where {-(1 + 3 / dim):.3g} is expected of the best networks and −1 of samples. "
            + (
                f"If that goes on, λ [f*] outweighs it for a < {-law.exponent:.2f}: up to there the norm is at most "
                "[f*] in the limit, so that a > 1 alone does not lose it."
                if law.interval[1] < -1
                else "That does not show more than samples give."
            )
        )
    if widest < found[-1].width:
        said.append(
            f"Beyond m = {widest} it falls more slowly than 1/m, so than for mere samples of the optimal measure: "
            "there the search limits it, not the width, and laws are fitted without these widths."
        )
    above = [place for place in found if place.best.ratio > 1.05]
    largest = max(found, key=lambda place: place.best.ratio)
    said.append(
        "The norm of the best network exceeds [f*] by more than 5 % "
        + (
            "at no width and λ."
            if not above
            else f"at {len(above)} of {len(found)} places, all with m ≤ {max(p.width for p in above)}; it is largest, "
            f"{largest.best.ratio:.2f} [f*], at m = {largest.width} and λ = {largest.lam:.1e}."
        )
    )
    return [*said, *_how_global(found)]


def _laws_table(made: Sequence[Schedule], widest: int, dim: int) -> Table:
    rows = []
    for schedule in made:
        law, last = schedule.law(widest), schedule.places[-1]
        rows.append(
            [
                f"{schedule.decline:g}",
                "–" if law is None else str(law),
                f"{schedule.decline - 1 - 3 / dim:g}",
                f"{schedule.places[0].best.excess:.3g}",
                f"{last.best.excess:.3g}",
                f"{schedule.quotients[0]:.3f}",
                f"{schedule.quotients[-1]:.3f}",
                f"{last.best.ratio:.3f}",
            ]
        )
    return Table(
        [
            "a", "excess ~ m^", "expected", f"excess at m = {made[0].places[0].width}",
            f"at {made[0].places[-1].width}", "norm / infinite width's, first", "last", "norm ratio, last",
        ],
        rows,
        f"Exponent of the excess objective in m up to {widest}, where it is above {_SAMPLING:.1%}, with the 95 % "
        "interval of the regression; expected: a − (1 + 3/d), loss of the best networks over λ [f*].",
        title="How the minimum depends on the width",
        names=1,
    )  # fmt: skip


def _threshold(made: Sequence[Schedule], widest: int, dim: int) -> list[str]:
    """For which a the excess objective falls with the width, and for which it does not."""
    laws = [(schedule, law) for schedule in made if (law := schedule.law(widest)) is not None]
    falls = [schedule.decline for schedule, law in laws if law.interval[1] < 0]
    grows = [schedule.decline for schedule, law in laws if law.interval[0] > 0]
    open_ = [schedule.decline for schedule, law in laws if law.interval[0] <= 0 <= law.interval[1]]
    parts = [
        f"{word} for a = {', '.join(f'{a:g}' for a in some)}"
        for word, some in (("falls", falls), ("grows", grows), ("neither falls nor grows for sure", open_))
        if some
    ]
    if not parts:
        return []
    lost = [schedule for schedule in made if schedule.decline > 1 + 3 / dim]
    said = [
        f"With the width, the excess of the objective {'; it '.join(parts)}: the border expected is {1 + 3 / dim:.3g}."
    ]
    if lost:
        said.append(
            "Beyond the border the norm of the best networks is "
            + " and ".join(
                f"{place.best.ratio:.3f} at m = {place.width}"
                for schedule in lost
                for place in (schedule.places[0], schedule.places[-1])
            )
            + ": no bound holds there, and searches from starts of norm [f*] or less do not exclude minimisers of "
            "larger norm."
        )
    return said


def _times(excess: float) -> str:
    return f"{1 + excess:.4f} times" if excess < 1 else f"{1 + excess:.3g} times"


def _how_global(found: Sequence[Place]) -> list[str]:
    """How far the minimisers can be trusted to be global."""
    sure = [place for place in found if place.best.excess <= _GLOBAL]
    said = [
        f"How global: no width can go below infinite width, and at {len(sure)} of {len(found)} places the best "
        f"objective is within {_GLOBAL:.0%} of it. Elsewhere the excess may be the width's or the search's: the best "
        "network is only an upper bound of the minimum."
    ]
    drawn = np.array([place.behind(optimal=True) for place in found])
    random = np.array([place.behind(optimal=False) for place in found])
    both = np.isfinite(drawn) & np.isfinite(random)
    if np.any(both):
        said.append(
            f"Starts from the optimal measure have the best objective at {int(np.sum(drawn[both] == 0))} of "
            f"{int(both.sum())} places, random ones at {int(np.sum(random[both] == 0))}; the best random start is "
            f"behind the best of all by {np.median(random[both]):.1%} in the median and by a factor of "
            f"{1 + np.max(random[both]):.3g} at most."
        )
    return said


def _table(made: Sequence[Schedule]) -> Table:
    rows = []
    for schedule in made:
        for place in schedule.places:
            best = place.best
            rows.append(
                [
                    f"{schedule.decline:g}",
                    str(place.width),
                    f"{place.lam:.2e}",
                    f"{best.ratio:.4f}",
                    f"{place.infinite:.4f}",
                    f"{best.ratio / place.infinite:.3f}",
                    f"{best.excess:.3g}",
                    f"{best.loss:.2e}",
                    f"{best.start.replace('_', ' ')}, {short(best.rate)}",
                    *(f"{behind:.3g}" if np.isfinite(behind) else "–" for behind in map(place.behind, (False, True))),
                ]
            )
    return Table(
        [
            "a", "width", "λ", "norm ratio", "infinite width", "quotient", "excess objective", "loss",
            "best start, rate", "random behind", "drawn behind",
        ],
        rows,
        "Norm ratio: path norm of the best network over [f*]. Infinite width: that of the certified minimiser on "
        "infinitely many points.\n"
        "Behind: by how much the best objective of random starts, and of those drawn from the optimal measure, exceeds "
        "the best of all, relative.",
        names=1,
    )  # fmt: skip


def _figure(made: Sequence[Schedule], found: Sequence[Place], law: Power | None) -> Figure:
    figure = new_figure(10.5, 3.6)
    left, middle, right = figure.subplots(1, 3)
    colours = palette(left)
    for i, schedule in enumerate(made):
        look = colours.line(i)
        widths = [place.width for place in schedule.places]
        ratios = [place.best.ratio for place in schedule.places]
        left.plot(widths, ratios, **look, label=f"a = {schedule.decline:g}")
        left.plot(
            widths,
            [place.infinite for place in schedule.places],
            color=look["color"],
            linestyle=(0, (4, 2)),
            linewidth=0.8,
        )
        middle.plot(widths, [max(place.best.excess, 1e-4) for place in schedule.places], **look)
        for place in schedule.places:
            for one in place.candidates:
                dots = {"color": look["color"], "markersize": 2, "alpha": 0.6}
                left.plot(place.width, one.ratio, ".", **dots)
                middle.plot(place.width, max(one.excess, 1e-4), ".", **dots)
    widths, losses = least_losses(found)
    right.plot(widths, losses, "o", color=colours.ink, markersize=3)
    draw_law(right, law, colours.line(0), None if law is None else f"m^{law}")
    left.axhline(1.0, **colours.exact)
    left.set(yscale="log", title="path norm / [f*]")
    middle.set(yscale="log", title="excess objective")
    right.set(yscale="log", title="least loss at norm ≤ 1.1 [f*]")
    for axes in (left, middle, right):
        count_axis(axes, widths[0], widths[-1], "width m")
    left.legend(ncols=2)
    right.legend()
    return figure

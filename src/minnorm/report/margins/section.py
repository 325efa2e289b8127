"""The sections of studies of margins: for each task, what each optimiser reached at each scale, and what that is of."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from minnorm.report.margins import figures
from minnorm.report.margins.settings import NUMBERS, Setting, optimizers, scales, settings
from minnorm.report.section import Picture, Section, Table
from minnorm.report.training.rows import short
from minnorm.study import Store

_HIT = 0.95  # of the largest margin: reached
_NEARER = 0.8  # of one distance: the other is nearer


def sections(stores: Sequence[Store]) -> list[Section]:
    """What there is to say. Errors: ValueError if no shard is done, or none could be compared."""
    tasks = settings(stores)
    if not tasks:
        raise ValueError(f"{stores[0].directory}: no shard is done; run the study first")
    each = [some[0].task.model_dump() for some in tasks.values()]
    varied = [name for name in each[0] if any(one.get(name) != each[0][name] for one in each)]
    unfinished, found = sum(store.unfinished() for store in stores), []
    study = stores[0].study()
    for some, task in zip(tasks.values(), each, strict=True):
        place = ", ".join(str(task.get(name)) for name in varied)
        compared = [one for one in some if one.compared and np.any(one.alive)]
        found.append(
            Section(
                name=f"{study.name}: {place}" if place else study.name,
                description=study.description,
                exact=_exact(compared),
                settings=_settings(some),
                findings=_findings(some, compared),
                pictures=_pictures(compared),
                tables=[_table(some)],
                unfinished=unfinished,
            )
        )
        unfinished = 0  # said once
    return found


def _exact(compared: Sequence[Setting]) -> str:
    if not compared:
        return "The separator of least norm is not certified for these data: networks are compared with each other."
    attributes = compared[0].runs.attrs
    norm, bound = float(attributes["least_norm"]), float(attributes["least_norm_bound"])
    apart = compared[0].spread("apart")
    return (
        f"The separator of least norm has norm {norm:.8g}, certified (no network of any width has less than "
        f"{bound:.8g}): the largest margin of a network of norm 1 is {1 / norm:.6g}. It and the separator of the "
        f"tangent kernel at the start are {apart} of the distance between opposite points apart."
    )


def _settings(some: Sequence[Setting]) -> str:
    attributes, data = some[0].runs.attrs, some[0].task.data()
    rates = []
    for name in optimizers(some):
        own = [one for one in some if one.optimizer == name]
        told = ", ".join(short(rate) for rate in sorted({one.learning_rate for one in own}))
        rates.append(f"{name} {told} for {max(one.steps for one in own):,} steps")
    return (
        f"{data.points.shape[0]} points in dimension {data.points.shape[1]}, width {attributes['width']}, loss "
        f"{some[0].loss}, {some[0].networks} seed{'s' * (some[0].networks != 1)} a setting, {attributes['dtype']}; "
        f"learning rates: {', '.join(rates)}. Norm: path norm with biases {attributes['penalty_bias']}, offset "
        f"{attributes['penalty_offset']}."
    )


def _findings(some: Sequence[Setting], compared: Sequence[Setting]) -> list[str]:
    """Sentences computed from the settings; nothing is said that their numbers do not say."""
    networks = sum(one.networks for one in some)
    separated, settled = sum(one.separated for one in some), sum(one.settled for one in some)
    said = [
        f"{networks} networks were trained; {separated} separate the classes at their last step, and the normalised "
        f"margin of {settled} stood still within 1 % for the second half of their steps."
    ]
    for name in optimizers(compared):
        parts = []
        for one in (each for each in compared if each.optimizer == name):
            reached = f"{one.spread('margin_share')} of the largest margin at scale {short(one.scale)}"
            grows = one.spread("margin_trend").median
            last = f", of which the last nine tenths of the steps brought {grows:.0%}" if abs(grows) > 0.02 else ""
            parts.append(reached + last)
        best = max(float(np.max(one.values("margin_share"))) for one in compared if one.optimizer == name)
        verdict = "reaches it within 5 %" if best >= _HIT else f"comes to {best:.0%} of it at best"
        said.append(f"{name}: {'; '.join(parts)}. It {verdict}.")
    return [*said, *_which_boundary(compared), *_which_margin(compared)]


def _which_boundary(compared: Sequence[Setting]) -> list[str]:
    """Whose boundary is nearer, for each scale: that of least norm or the kernel's."""
    said = []
    for scale in scales(compared):
        some = [one for one in compared if one.scale == scale]
        least = [one.optimizer for one in some if _nearer(one, "boundary_distance", "kernel_distance")]
        kernel = [one.optimizer for one in some if _nearer(one, "kernel_distance", "boundary_distance")]
        parts = []
        if least:
            parts.append(f"nearer to the separator of least norm with {', '.join(least)}")
        if kernel:
            parts.append(f"nearer to that of the tangent kernel with {', '.join(kernel)}")
        told = " and ".join(parts) or "as near to one as to the other"
        said.append(f"At scale {short(scale)} the boundary is {told}.")
    return said


def _nearer(one: Setting, this: str, other: str) -> bool:
    return one.spread(this).median < _NEARER * one.spread(other).median


def _which_margin(compared: Sequence[Setting]) -> list[str]:
    """Which optimiser has the largest margin in each norm, for each scale."""
    words = {
        "squares_share": "squares of parameters",
        "sup_margin": "largest parameter",
        "hybrid_margin": "hybrid norm",
    }
    said = []
    for scale in scales(compared):
        some = [one for one in compared if one.scale == scale]
        parts = []
        for name, norm in words.items():
            best = max(some, key=lambda one: float(np.nan_to_num(one.spread(name).median, nan=-np.inf)))
            parts.append(f"for the {norm} with {best.optimizer} ({best.spread(name)})")
        said.append(f"At scale {short(scale)} the median margin is largest {', '.join(parts)}.")
    return said


def _pictures(compared: Sequence[Setting]) -> list[Picture]:
    if not compared:
        return []
    made = []
    if "plane" in compared[0].runs:
        made.append(
            Picture(
                partial(figures.boundaries, compared),
                "Where the networks of all seeds change sign; dashed: the separator of least norm; dotted: that of the "
                "tangent kernel at the first seed's start. Points: the two classes.",
                "boundaries",
            )
        )
    return [
        *made,
        Picture(
            partial(figures.courses, compared),
            "The normalised margin, min y f over the path norm, as a share of the largest one (dashed at 1), which "
            "no network exceeds. Lines are medians over seeds, bands ranges; below 0 a point is on the wrong side.",
            "margins in training",
        ),
        Picture(
            partial(figures.by_norm, compared),
            "The margin of each network at its last step for three norms, as a share of the largest of all networks "
            "here: the path norm, the square of the largest parameter, and that of Muon's hybrid norm.",
            "margins by norm",
        ),
    ]


def _table(some: Sequence[Setting]) -> Table:
    names = [name for name in NUMBERS if any(name in one.runs for one in some)]
    return Table(
        ["optimiser", "scale", *(NUMBERS[name] for name in names), "separated"],
        [
            [
                one.optimizer,
                short(one.scale),
                *(str(one.spread(name)) if name in one.runs else "–" for name in names),
                f"{one.separated}/{one.networks}",
            ]
            for one in some
        ],
        _NOTE,
        "All settings",
    )


_NOTE = """Median and, where seeds differ, range over them at the last step.
Margin share: min y f over the path norm, divided by the largest margin of any network, certified; at most 1. Squares' share: with the sum of squares of all penalised parameters over 2 in place of the path norm; at most the margin share.
Sup margin: min y f over the square of the largest parameter. Hybrid margin: over the square of the largest of |W| / sqrt(m / d), |b| and |a|, with the operator norm of W and the largest entries of b and a: what Muon with Adam for vectors goes down steepest in.
Distance: between where f and the separator of least norm change sign, on straight lines from points to their nearest ones of the other class, as a share of the lines' lengths. Angle: between the normals there, in degrees. Disagreement: share of a box around the data where the signs differ. Kernel: the same to the separator of the tangent kernel at the network's start.
Trend: what the last nine tenths of the steps added to the normalised margin, as a share of it."""  # noqa: E501

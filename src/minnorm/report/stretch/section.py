"""The section of studies of the stretched bump: each published number, and the settings that reproduce it, if any."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from minnorm.report.section import Picture, Section, Table
from minnorm.report.stretch import figures
from minnorm.report.stretch.claims import CLAIMS, Region, region, text, verdict
from minnorm.report.stretch.networks import FAR, MATCHED, NEAR, Outcome, Setting, exact, expected_stretch, outcomes
from minnorm.report.training.rows import short
from minnorm.study import Store


def sections(stores: Sequence[Store]) -> list[Section]:
    """What there is to say about studies of the stretched bump, which belong together.

    Errors: ValueError if no shard is done.
    """
    found = outcomes(stores)
    alive = [one for one in found if one.networks]
    if not alive:
        raise ValueError(f"{stores[0].directory}: no shard is done, or all networks diverged; run the study first")
    studies = [store.study() for store in stores]
    regions = [region(claim, found) for claim in CLAIMS]
    return [
        Section(
            name=studies[0].name.split(":")[0],
            description=" ".join(dict.fromkeys(study.description for study in studies if study.description)),
            exact=_exact(alive),
            settings=_settings(alive),
            findings=_findings(found, regions),
            pictures=_pictures(alive),
            tables=[_published(regions), _all(found)],
            unfinished=sum(store.unfinished() for store in stores),
        )
    ]


def _exact(alive: Sequence[Outcome]) -> str:
    bump = exact(alive[0].setting.dim)
    return (
        f"The exact bump of radius 1 in dimension {bump.dim} has norm {bump.norm:.10g}; f*(r / s) has norm [f*] / s. "
        "The stretch s is relative to radius 1: a network that finds the exact bump of its data has the inner radius "
        "as its stretch, a larger one says that the labels 0 at the inner radius are not met exactly."
    )


def _settings(alive: Sequence[Outcome]) -> str:
    parts = []
    for name, word in _COLUMNS.items():
        values = sorted({getattr(one.setting, name) for one in alive})
        parts.append(f"{word} {', '.join(text(value) for value in values)}")
    return (
        "; ".join(parts)
        + f". Objective 1/(2n) Σ (f(x) − y)² + λ (|a|² + |W|²)/2 with decay λ. At matched loss: every seed's loss ends "
        f"at {MATCHED:g} or below, or, with decay, its objective at most {NEAR:.0%} above the least of any network for "
        "the law of radii, whose own loss may be larger."
    )


_COLUMNS = {
    "optimizer": "optimiser",
    "initial": "initialisation",
    "learning_rate": "learning rate",
    "weight_decay": "decay",
    "radius": "inner radius",
    "inner_fraction": "origin's weight",
    "width": "width",
    "steps": "steps",
    "schedule": "schedule",
    "points": "points",
    "batch": "batch",
}


def _findings(found: Sequence[Outcome], regions: Sequence[Region]) -> list[str]:
    """Sentences computed from the outcomes; nothing is said that their numbers do not say."""
    alive = [one for one in found if one.networks]
    networks, diverged = sum(len(one.networks) + one.diverged for one in found), sum(one.diverged for one in found)
    matched = [one for one in alive if one.matched]
    said = [
        f"{networks:,} networks were trained in {len(found)} settings; "
        + (f"{diverged} diverged" if diverged else "none diverged")
        + ". Settings at matched loss: "
        + ", ".join(f"{_count(matched, name)} of {_count(alive, name)} with {name}" for name in _names(alive))
        + "."
    ]
    scanned = [one for one in regions if one.matched or one.unmatched]
    inside = [one for one in scanned if one.inside]
    early = [one for one in scanned if one.early and not one.inside]
    nowhere = [one for one in scanned if not one.inside and not one.early]
    said.append(
        f"Of {len(scanned)} published numbers that the scan bears on, some setting at matched loss reproduces "
        f"{len(inside)}, only settings of larger loss another {len(early)}, and none {len(nowhere)}"
        + (": " + "; ".join(one.claim.name for one in nowhere) if nowhere else "")
        + "."
    )
    said.append(_together(scanned))
    said += _by_radius(alive)
    said += _against_exact(alive)
    return said


def _names(alive: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(one.setting.optimizer for one in alive))


def _count(some: Sequence[Outcome], optimizer: str) -> int:
    return sum(one.setting.optimizer == optimizer for one in some)


def _shared(setting: Setting) -> Setting:
    """What the published figure has in common for all its networks: not the optimiser and its rate and steps."""
    return replace(setting, optimizer="", initial="", learning_rate=0.0, weight_decay=0.0, steps=0, schedule="")


def _together(scanned: Sequence[Region]) -> str:
    """Whether one choice of data and width reproduces all numbers, each with a learning rate and steps of its own."""
    choices = {_shared(case.setting) for one in scanned for case in (*one.matched, *one.unmatched)}
    holds = {
        choice: sum(any(_shared(case.setting) == choice for case in (*one.inside, *one.early)) for one in scanned)
        for choice in choices
    }
    best = max(holds, key=lambda choice: holds[choice])
    told = (
        f"inner radius {short(best.radius)}, origin's weight {short(best.inner_fraction)}, width {best.width:,} and "
        f"{best.points:,} points"
    )
    if holds[best] == len(scanned):
        return f"At {told} every number is reproduced, at some learning rate and steps, at any loss."
    return (
        f"No scanned choice of data and width reproduces all of them, whatever the learning rates, steps and losses; "
        f"{told} reproduces most, {holds[best]} of {len(scanned)}."
    )


def _by_radius(alive: Sequence[Outcome]) -> list[str]:
    """How the stretch goes with the inner radius, everything else equal."""
    said = []
    for name in _names(alive):
        lines = figures.lines([one for one in alive if one.setting.optimizer == name], "radius")
        powers = [_power(line) for line in lines]
        if powers:
            first = max(lines, key=len)
            values = ", ".join(f"{short(one.setting.radius)}: {one.mean('stretch'):.2f}" for one in first)
            least, most = min(powers), max(powers)
            power = f"{least:.2f}" if most - least < 0.005 else f"{least:.2f} to {most:.2f}"
            said.append(
                f"{name}: the stretch grows with the inner radius to the power {power}, everything else equal "
                f"(decay {short(first[0].setting.weight_decay)}: {values})."
            )
    return said


def _power(line: Sequence[Outcome]) -> float:
    """The p for which stretches go with the inner radius like r^p, by least squares of logarithms."""
    radii, stretches = [one.setting.radius for one in line], [one.mean("stretch") for one in line]
    return float(np.polyfit(np.log(radii), np.log(stretches), 1)[0])


def _against_exact(alive: Sequence[Outcome]) -> list[str]:
    """Networks' stretch over that of the function of least norm with the same loss."""
    said = []
    for name in _names(alive):
        for points in sorted({one.setting.points for one in alive}):
            ratios = [
                one.mean("stretch") / expected
                for one in alive
                if (one.setting.optimizer, one.setting.points) == (name, points)
                and np.isfinite(expected := expected_stretch(one))
            ]
            if ratios:
                said.append(
                    f"{name}, {points:,} points: the stretch is {min(ratios):.2f} to {max(ratios):.2f} times (median "
                    f"{np.median(ratios):.2f}) that of the least-norm function with the same loss for the law of radii."
                )
    return said


def _pictures(alive: Sequence[Outcome]) -> list[Picture]:
    chosen = _typical(alive)
    return [
        Picture(
            partial(figures.profiles, chosen),
            "Radial mean (above) and standard deviation over directions (below) of the best trained networks of each "
            "optimiser, over the exact bump stretched by their mean s (dashed). Lines are means over seeds, bands the "
            "range of all seeds.",
            "profiles",
        ),
        Picture(
            partial(figures.against_loss, alive),
            "Stretch of each network against its training loss at the last step; open marks: with decay. Curves: the "
            "functions of least norm for their loss, for infinitely many points. Dashed: the published stretches. "
            "The vertical line is the matched loss.",
            "stretch against loss",
        ),
        Picture(
            partial(figures.against_choices, alive, "stretch", (3.5, 3.8), "stretch s", log=False),
            "Stretch against each choice, everything else equal along a line; bars are standard deviations over "
            "seeds, full marks are at matched loss. Dashed: the published stretches.",
            "stretch against choices",
        ),
        Picture(
            partial(figures.against_choices, alive, "squares", (160.0, 1600.0), "|a|² + |W|²", log=True),
            "Weight-decay value in the same way. Dashed: the published 1,600 for Adam, and a tenth of it.",
            "weight-decay value against choices",
        ),
        Picture(
            partial(figures.courses, alive),
            "Weight-decay value and training loss in the course of training, geometric means over seeds; dashed lines "
            "for networks with decay. Dashed across: 160 and 1,600; the matched loss.",
            "course of training",
        ),
    ]


def _typical(alive: Sequence[Outcome]) -> list[Outcome]:
    """For each optimiser and decay the setting whose networks are trained best, where the others are as usual."""
    usual = {}
    for name in ("radius", "inner_fraction", "width", "initial", "points", "dim", "outer", "scale"):
        values = [getattr(one.setting, name) for one in alive]
        usual[name] = max(dict.fromkeys(values), key=values.count)
    plain = [one for one in alive if all(getattr(one.setting, name) == value for name, value in usual.items())]
    groups: dict[tuple[str, float], list[Outcome]] = {}
    for one in plain:
        groups.setdefault((one.setting.optimizer, one.setting.weight_decay), []).append(one)
    return [min(group, key=lambda one: one.loss) for group in groups.values()]


def _published(regions: Sequence[Region]) -> Table:
    return Table(
        ["published number", "published", "counts if", "where it holds, of the settings scanned"],
        [[one.claim.name, one.claim.published, one.claim.tolerance, verdict(one)] for one in regions],
        "Published: Park, Pelakh & Wojtowytsch (2023), figure 4. Stretches count within half of the difference that "
        "decay makes there; “about 1,600” within 20 %; “ten times” and “near 0.1” within a factor of √2; “larger” from "
        "10 %; a Gaussian fits twice as badly where the bump's shape is learned. Values are means over seeds. A "
        "comparison of optimisers takes, for the other, the best trained setting on the same data at the same width.",
        "Published numbers",
        names=4,
    )


def _all(found: Sequence[Outcome]) -> Table:
    varied = [name for name in _COLUMNS if len({getattr(one.setting, name) for one in found}) > 1]
    numbers = ("stretch", "misfit", "gaussian", "squares", "path_norm", "far_deviation")
    return Table(
        [
            *(_COLUMNS[name] for name in varied),
            "stretch",
            "misfit",
            "Gaussian's",
            "|a|² + |W|²",
            "path norm",
            "deviation at 5",
            "loss",
            "matched",
            "diverged",
        ],
        [
            [
                *(text(getattr(one.setting, name)) for name in varied),
                *(str(one.spread(name)) if one.networks else "–" for name in numbers),
                f"{one.loss:.1e}" if one.networks else "–",
                "yes" if one.networks and one.matched else "no",
                f"{one.diverged}/{one.diverged + len(one.networks)}",
            ]
            for one in found
        ],
        "Mean ± standard deviation over seeds at the last step. Misfit: root mean square distance of the radial mean "
        "to the exact bump at its best stretch, for r up to twice the inner radius; Gaussian's: to exp(−r²/2s²) at its "
        f"best s. Deviation at 5: standard deviation of f over directions at r = {FAR:g}. Loss: geometric mean of "
        "1/(2n) Σ (f(x) − y)².",
        "All settings",
        names=min(2, len(varied)),
    )

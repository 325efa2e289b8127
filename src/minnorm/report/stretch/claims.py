"""The numbers that were published for the stretched bump, each a predicate, and the settings where it holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from minnorm.report.stretch.networks import Outcome, Setting
from minnorm.report.training.rows import short

DECAY = 1e-5


@dataclass(frozen=True)
class Case:
    """A number measured for one setting, its seeds' deviation, and whether its networks are at matched loss."""

    setting: Setting
    value: float
    deviation: float
    matched: bool


@dataclass(frozen=True)
class Claim:
    """A published number: how it is measured, and within which limits it counts as reproduced."""

    name: str
    published: str
    low: float
    high: float
    cases: Callable[[Sequence[Outcome]], list[Case]]

    @property
    def tolerance(self) -> str:
        """The limits in words."""
        if np.isinf(self.high):
            return f"≥ {self.low:g}"
        return f"{self.low:g} to {self.high:g}"

    def holds(self, case: Case) -> bool:
        """Whether the number lies within the limits."""
        return self.low <= case.value <= self.high


@dataclass(frozen=True)
class Region:
    """Where a claim holds: among the networks at matched loss, and among the others."""

    claim: Claim
    inside: tuple[Case, ...]
    """At matched loss, and within the limits."""
    matched: tuple[Case, ...]
    """All at matched loss."""
    early: tuple[Case, ...]
    """Within the limits, but not at matched loss."""
    unmatched: tuple[Case, ...]
    """All not at matched loss."""

    @property
    def nearest(self) -> Case | None:
        """The case nearest to the limits, at matched loss if there is one."""
        cases = self.matched or self.unmatched
        middle = self.claim.low if np.isinf(self.claim.high) else (self.claim.low + self.claim.high) / 2
        return min(cases, key=lambda case: abs(case.value - middle), default=None)


def region(claim: Claim, outcomes: Sequence[Outcome]) -> Region:
    """The settings for which a claim holds."""
    cases = claim.cases(outcomes)
    matched, unmatched = (tuple(case for case in cases if case.matched is wanted) for wanted in (True, False))
    return Region(
        claim,
        tuple(case for case in matched if claim.holds(case)),
        matched,
        tuple(case for case in unmatched if claim.holds(case)),
        unmatched,
    )


def _single(name: str, optimizer: str, decay: float) -> Callable[[Sequence[Outcome]], list[Case]]:
    """The mean over seeds of one number, for one optimiser and decay."""

    def cases(outcomes: Sequence[Outcome]) -> list[Case]:
        found = []
        for one in outcomes:
            if one.networks and (one.setting.optimizer, one.setting.weight_decay) == (optimizer, decay):
                spread = one.spread(name)
                if np.isfinite(spread.mean):
                    found.append(Case(one.setting, spread.mean, spread.deviation, one.matched))
        return found

    return cases


def _pairs(
    compare: Callable[[Outcome, Outcome], tuple[float, float]],
    first: Callable[[Setting], bool],
    partner: Callable[[Setting], Setting],
    *,
    free: bool = False,
) -> Callable[[Sequence[Outcome]], list[Case]]:
    """A number of two settings that differ in one choice, counted for the first.

    `free`: the partner is of another optimiser; its learning rate and steps are its own, since these don't compare.
    """

    def same(setting: Setting) -> Setting:
        return replace(setting, learning_rate=0.0, steps=0, batch=0) if free else setting

    def cases(outcomes: Sequence[Outcome]) -> list[Case]:
        alive = [one for one in outcomes if one.networks]
        found = []
        for one in alive:
            if not first(one.setting):
                continue
            wanted = same(partner(one.setting))
            others = [other for other in alive if same(other.setting) == wanted]
            # Of several partners the one that is trained best: only that is compared at matched loss.
            if others:
                best = min(others, key=lambda other: (not other.matched, other.loss))
                value, deviation = compare(one, best)
                if np.isfinite(value):
                    found.append(Case(one.setting, value, deviation, one.matched and best.matched))
        return found

    return cases


def _difference(name: str) -> Callable[[Outcome, Outcome], tuple[float, float]]:
    def compare(one: Outcome, other: Outcome) -> tuple[float, float]:
        a, b = one.spread(name), other.spread(name)
        return a.mean - b.mean, float(np.hypot(a.deviation, b.deviation))

    return compare


def _ratio(name: str) -> Callable[[Outcome, Outcome], tuple[float, float]]:
    def compare(one: Outcome, other: Outcome) -> tuple[float, float]:
        a, b = one.spread(name), other.spread(name)
        ratio = a.mean / b.mean
        return ratio, float(ratio * np.hypot(a.deviation / a.mean, b.deviation / b.mean))

    return compare


def _is(optimizer: str, decay: float | None = None, initial: str | None = None) -> Callable[[Setting], bool]:
    return lambda setting: (
        setting.optimizer == optimizer
        and (decay is None or setting.weight_decay == decay)
        and (initial is None or setting.initial == initial)
    )


def _misfits(optimizer: str) -> Callable[[Sequence[Outcome]], list[Case]]:
    def cases(outcomes: Sequence[Outcome]) -> list[Case]:
        found = []
        for one in outcomes:
            if one.networks and one.setting.optimizer == optimizer:
                ratios = np.array([network.gaussian / network.misfit for network in one.networks])
                deviation = float(ratios.std(ddof=1)) if ratios.size > 1 else 0.0
                found.append(Case(one.setting, float(ratios.mean()), deviation, one.matched))
        return found

    return cases


_WORDS = {"sgd": "SGD", "momentum": "Momentum", "adam": "Adam"}

CLAIMS: tuple[Claim, ...] = (
    *(
        Claim(f"{word}: stretch without decay", "3.5", 3.35, 3.65, _single("stretch", name, 0.0))
        for name, word in _WORDS.items()
    ),
    *(
        Claim(f"{word}: stretch with λ = 1e-5", "3.8", 3.65, 3.95, _single("stretch", name, DECAY))
        for name, word in _WORDS.items()
    ),
    *(
        Claim(
            f"{word}: what λ = 1e-5 adds to the stretch",
            "0.3",
            0.15,
            0.45,
            _pairs(_difference("stretch"), _is(name, DECAY), lambda setting: replace(setting, weight_decay=0.0)),
        )
        for name, word in _WORDS.items()
    ),
    *(
        Claim(f"{word}: a Gaussian's misfit over the bump's", "the bump's shape", 2.0, np.inf, _misfits(name))
        for name, word in _WORDS.items()
    ),
    Claim("Adam: weight-decay value |a|² + |W|²", "about 1,600", 1280.0, 1920.0, _single("squares", "adam", 0.0)),
    Claim("Adam: weight-decay value (|a|² + |W|²)/2", "about 1,600", 1280.0, 1920.0, _single("half", "adam", 0.0)),
    *(
        Claim(
            f"Weight-decay value: Adam's over {_WORDS[name]}'s",
            "ten times",
            7.0,
            14.0,
            _pairs(
                _ratio("squares"),
                _is("adam", 0.0),
                lambda setting, name=name: replace(setting, optimizer=name),
                free=True,
            ),
        )
        for name in ("sgd", "momentum")
    ),
    *(
        Claim(
            f"Radial deviation at r = 5: Adam's over {_WORDS[name]}'s",
            "larger",
            1.1,
            np.inf,
            _pairs(
                _ratio("far_deviation"),
                _is("adam"),
                lambda setting, name=name: replace(setting, optimizer=name),
                free=True,
            ),
        )
        for name in ("sgd", "momentum")
    ),
    Claim(
        "Adam: radial deviation at r = 5 with λ = 1e-5", "near 0.1", 0.07, 0.14, _single("far_deviation", "adam", DECAY)
    ),
    *(
        Claim(
            f"{word}: stretch from normal Xavier less that from uniform",
            "essentially the same",
            -0.15,
            0.15,
            _pairs(
                _difference("stretch"),
                _is(name, initial="xavier_normal"),
                lambda setting: replace(setting, initial="xavier_uniform"),
            ),
        )
        for name, word in _WORDS.items()
    ),
)
"""Park, Pelakh & Wojtowytsch (2023), figure 4. Stretches count within half of the difference that decay makes there,
"about 1,600" within 20 %, "ten times" and "near 0.1" within a factor of the square root of 2, "larger" from 10 %."""

WORDS = {
    "optimizer": "optimiser",
    "initial": "initialisation",
    "learning_rate": "learning rate",
    "weight_decay": "decay",
    "width": "width",
    "steps": "steps",
    "radius": "inner radius",
    "inner_fraction": "origin's weight",
    "batch": "batch",
    "schedule": "schedule",
    "scale": "scale",
    "dim": "dimension",
    "outer": "outer radius",
    "points": "points",
}
"""What is chosen, in words."""


def where(inside: Sequence[Case], scanned: Sequence[Case]) -> str:
    """A region in words: of every factor that was scanned, the values inside."""
    parts = []
    for name, word in WORDS.items():
        every = list(dict.fromkeys(getattr(case.setting, name) for case in scanned))
        if len(every) < 2:
            continue
        here = {getattr(case.setting, name) for case in inside}
        parts.append(f"{word} " + ("any" if len(here) == len(every) else " or ".join(text(v) for v in _sorted(here))))
    return ", ".join(parts)


def describe(setting: Setting, among: Sequence[Case]) -> str:
    """A setting in words: what distinguishes it among others."""
    return where([Case(setting, 0.0, 0.0, True)], [*among, Case(setting, 0.0, 0.0, True)]) or "the only setting"


def text(value: object) -> str:
    """A value of a setting as people write it."""
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else short(value)
    return str(value).replace("_", " ")


def _sorted(values: set) -> list:
    return sorted(values)


def verdict(found: Region) -> str:
    """In words: where a claim holds at matched loss, or that it doesn't, and what happens instead."""
    if not found.matched and not found.unmatched:
        return "not scanned"
    early = f"; also at larger loss: {where(found.early, [*found.matched, *found.unmatched])}" if found.early else ""
    if found.inside:
        count = f"{len(found.inside)} of {len(found.matched)} settings"
        region = where(found.inside, found.matched)
        return f"{count}" + (f": {region}" if region else "") + early
    cases = found.matched or found.unmatched
    values = [case.value for case in cases]
    nearest = found.nearest
    assert nearest is not None
    if len(cases) > 1:
        place = describe(nearest.setting, cases)
        instead = f"it is {min(values):.3g} to {max(values):.3g}, nearest {nearest.value:.3g} at {place}"
    else:
        instead = f"it is {nearest.value:.3g}"
    of = f"none of {len(cases)} settings" if len(cases) > 1 else "not in the only setting"
    if not found.matched:
        if found.early:
            return "no setting is at matched loss; at larger loss: " + where(found.early, found.unmatched)
        of = "no setting is at matched loss, nor does it hold above it"
    return f"{of}: {instead}" + early

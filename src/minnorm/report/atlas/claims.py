"""Published findings about implicit bias, each a contrast that an atlas measures: confirmed, not confirmed, unclear."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minnorm.report.atlas.frame import Frame
from minnorm.report.atlas.ranks import Contrast, contrast

_SETTING = ["study", "optimizer", "start", "weight_decay", "learning_rate"]


@dataclass(frozen=True)
class Claim:
    """A finding as published, and the factor that should then be above or below 1."""

    finding: str
    source: str
    predicts: str
    """What the finding says of the contrast: "above" or "below" 1."""
    contrast: str
    """The contrast in words."""
    measure: Callable[[Frame], Contrast | None]


@dataclass(frozen=True)
class Verdict:
    """A claim with what was found; "no data" where the atlas has no networks for it."""

    claim: Claim
    found: Contrast | None

    @property
    def word(self) -> str:
        """Confirmed if the interval is on the predicted side of 1, not confirmed if on the other, else unclear."""
        if self.found is None:
            return "no data"
        low, high = self.found.low, self.found.high
        if self.claim.predicts == "below":
            low, high = 1 / high, 1 / low
        return "confirmed" if low > 1 else "not confirmed" if high < 1 else "unclear"


def verdicts(table: Frame) -> list[Verdict]:
    """Every claim against the networks of an atlas."""
    return [Verdict(claim, claim.measure(table)) for claim in CLAIMS]


def on_line(table: Frame) -> Frame:
    """Networks on one-dimensional data, with free biases."""
    if "seminorm" not in table:
        return table.iloc[:0]
    return table[table["seminorm"].notna() & (table["bias"] == "free")]


def on_bumps(table: Frame) -> Frame:
    """Networks on radial data, with free biases."""
    if "radial_std" not in table:
        return table.iloc[:0]
    return table[table["radial_std"].notna() & (table["bias"] == "free")]


def fitted(table: Frame) -> Frame:
    """Networks that fit their data, without decay."""
    return table[table["fits"] & (table["weight_decay"] == 0)]


def starts(table: Frame) -> list[str]:
    """The smallest and the largest start of an atlas, by the norm that they leave to networks that fit."""
    norms = fitted(table).groupby("start")["norm_ratio"].median().sort_values()
    return [] if len(norms) < 2 else [str(norms.index[0]), str(norms.index[-1])]


def _between(table: Frame, measure: str, column: str, first: object, second: object) -> Contrast | None:
    shared = [name for name in _SETTING if name != column]
    return contrast(table[table[column] == first], table[table[column] == second], measure, shared)


def _of_starts(measure: str, part: Callable[[Frame], Frame]) -> Callable[[Frame], Contrast | None]:
    def measured(table: Frame) -> Contrast | None:
        chosen = fitted(part(table))
        ends = starts(chosen)
        return _between(chosen, measure, "start", *ends) if ends else None

    return measured


def _of_decay(table: Frame) -> Contrast | None:
    """The largest decay against none, at the start that leaves the largest norm."""
    chosen = on_line(table)
    ends = starts(chosen)
    if not ends:
        return None
    lazy = chosen[(chosen["start"] == ends[1]) & chosen["optimizer"].isin(["gd", "momentum", "nesterov", "adam"])]
    return _between(lazy, "bends_at_data", "weight_decay", lazy["weight_decay"].max(), 0.0)


def _of_steps(table: Frame) -> Contrast | None:
    """Gradient descent's largest step size with networks that fit, against its smallest."""
    chosen = fitted(on_line(table))
    chosen = chosen[chosen["optimizer"] == "gd"]
    ends = chosen.groupby("start")["learning_rate"].agg(["min", "max"])
    ends = ends[ends["min"] < ends["max"]]
    if ends.empty:
        return None
    rate = chosen["start"].map(ends["max"]), chosen["start"].map(ends["min"])
    first, second = (chosen[chosen["learning_rate"] == one] for one in rate)
    return contrast(first, second, "seminorm", ["start"])


def _of_biases(table: Frame) -> Contrast | None:
    chosen = table[(table["weight_decay"] > 0) & table["study"].isin(table.loc[table["bias"] == "penalised", "study"])]
    return _between(chosen, "effective_neurons", "bias", "penalised", "free")


def _of_noise(table: Frame) -> Contrast | None:
    chosen = table[(table["weight_decay"] == 0) & (table["bias"] == "free")]
    return _between(chosen, "effective_neurons", "optimizer", "label_noise", "sgd")


def _of_adam(measure: str, part: Callable[[Frame], Frame]) -> Callable[[Frame], Contrast | None]:
    """Adam against gradient descent, each at all step sizes whose networks fit."""

    def measured(table: Frame) -> Contrast | None:
        chosen = fitted(part(table))
        shared = ["study", "start"]
        return contrast(chosen[chosen["optimizer"] == "adam"], chosen[chosen["optimizer"] == "gd"], measure, shared)

    return measured


CLAIMS: Sequence[Claim] = (
    Claim(
        "A small start makes functions on the line piecewise linear, with knots at the data.",
        "Williams et al. (2019)",
        "above",
        "share of bends at the data, small start over large start, without decay",
        _of_starts("bends_at_data", on_line),
    ),
    Claim(
        "Weight decay does so from a large start, too.",
        "Savarese et al. (2019), Park et al. (2023)",
        "above",
        "share of bends at the data, largest decay over none, large start",
        _of_decay,
    ),
    Claim(
        "From a large (lazy) start functions are smooth and cost more norm.",
        "Williams et al. (2019), Jin & Montúfar (2023)",
        "below",
        "norm ratio on the line, small start over large start, without decay",
        _of_starts("norm_ratio", on_line),
    ),
    Claim(
        "Large steps of gradient descent bound the bends of what it finds.",
        "Mulayoff, Michaeli & Soudry (2021)",
        "below",
        "[f] on the line, largest step size over smallest, gradient descent",
        _of_steps,
    ),
    Claim(
        "Decay of the biases, too, leaves fewer kinks.",
        "Boursier & Flammarion (2023)",
        "below",
        "neurons left after merging, biases penalised over free",
        _of_biases,
    ),
    Claim(
        "Label noise sparsifies.",
        "Blanc et al. (2020)",
        "below",
        "neurons left after merging, label noise over sgd, without decay",
        _of_noise,
    ),
    Claim(
        "A small start sparsifies.",
        "Boursier & Flammarion (2023)",
        "below",
        "neurons left after merging, small start over large start, without decay",
        _of_starts("effective_neurons", lambda table: table[table["bias"] == "free"]),
    ),
    Claim(
        "Adam has another bias than gradient descent: its bumps have a larger norm.",
        "Park et al. (2023)",
        "above",
        "norm ratio of bumps, Adam over gradient descent, without decay",
        _of_adam("norm_ratio", on_bumps),
    ),
    Claim(
        "Adam's bumps are less round.",
        "Park et al. (2023)",
        "above",
        "radial deviation of bumps, Adam over gradient descent, without decay",
        _of_adam("radial_std", on_bumps),
    ),
)
"""The findings of published numerical studies that an atlas can test."""


def rows(found: Sequence[Verdict]) -> list[list[str]]:
    """A table's rows: finding, source, contrast, factor with its interval, verdict."""
    return [
        [
            one.claim.finding,
            one.claim.source,
            f"{one.claim.contrast}: {one.claim.predicts} 1",
            "–" if one.found is None else str(one.found),
            "0" if one.found is None else str(one.found.pairs),
            one.word,
        ]
        for one in found
    ]

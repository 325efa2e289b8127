"""Rankings with their uncertainty: optimisers ordered by a measure, seeds resampled."""

from dataclasses import dataclass

import numpy as np

from minnorm.report.atlas.frame import Frame

DRAWS = 2000
LEVEL = 0.9


@dataclass(frozen=True)
class Ranked:
    """Optimisers from the smallest value of a measure to the largest; intervals hold 90 % of resampled seeds."""

    names: tuple[str, ...]
    value: np.ndarray
    interval: np.ndarray
    """(names, 2)"""
    rank: np.ndarray
    """(names, 2): the interval of the rank, from 1."""
    absent: tuple[str, ...]
    """Optimisers that fewer than half of whose seeds have the measure."""

    def of(self, name: str) -> int:
        """A name's place, from 0."""
        return self.names.index(name)


def ranked(values: Frame) -> Ranked:
    """Order the rows of a table (optimiser, seed) by their geometric mean over seeds, seeds resampled together."""
    few = values.notna().sum(axis=1) < values.shape[1] / 2
    kept = values[~few]
    with np.errstate(all="ignore"):
        logs = np.log(kept.to_numpy())
    order = np.argsort(np.nanmean(logs, axis=1), kind="stable") if len(kept) else np.zeros(0, int)
    logs = logs[order]
    drawn = _resampled(logs)
    ranks = 1 + np.argsort(np.argsort(drawn, axis=1, kind="stable"), axis=1, kind="stable")
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    return Ranked(
        tuple(kept.index[order]),
        np.exp(np.nanmean(logs, axis=1)) if len(kept) else np.zeros(0),
        np.exp(np.quantile(drawn, tails, axis=0)).T,
        np.quantile(ranks, tails, axis=0, method="nearest").T,
        tuple(values.index[few]),
    )


def _resampled(logs: np.ndarray) -> np.ndarray:
    """Means over resampled seeds, (draws, names); a row that has no value in a draw keeps its mean."""
    rng = np.random.default_rng(0)
    seeds = rng.integers(0, max(1, logs.shape[1]), (DRAWS, logs.shape[1]))
    picked = logs[:, seeds]
    there = ~np.isnan(picked)
    count = there.sum(axis=2)
    mean = np.where(there, picked, 0).sum(axis=2) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nanmean(logs, axis=1)[:, None]).T


@dataclass(frozen=True)
class Contrast:
    """The factor by which a measure differs between two groups of networks, paired by all that they share."""

    factor: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        return f"{self.factor:.3g} [{self.low:.3g}, {self.high:.3g}]"


def contrast(first: Frame, second: Frame, measure: str, shared: list[str]) -> Contrast | None:
    """The geometric mean of first / second over pairs that agree in `shared` (and the seed); None without pairs.

    The interval comes from resampling seeds: networks of one seed share their data and draws.
    """
    if measure not in first:
        return None
    keys = [*shared, "seed"]
    one = first[first[measure] > 0].groupby(keys)[measure].mean()
    two = second[second[measure] > 0].groupby(keys)[measure].mean()
    logs = np.log(one).sub(np.log(two)).dropna()
    if logs.empty:
        return None
    means = logs.groupby("seed").mean().to_numpy()
    rng = np.random.default_rng(0)
    drawn = means[rng.integers(0, means.size, (DRAWS, means.size))].mean(axis=1)
    low, high = np.exp(np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    return Contrast(float(np.exp(logs.mean())), float(low), float(high), len(logs))


def concordance(ranks: np.ndarray) -> tuple[float, float]:
    """Kendall's W of rankings (tasks, names), from 0 (unrelated) to 1 (equal), and how likely as large by chance."""
    rng = np.random.default_rng(0)

    def w(table: np.ndarray) -> np.ndarray:
        k, n = table.shape[-2:]
        sums = table.sum(axis=-2)
        return np.asarray(12 * ((sums - sums.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1) / (k**2 * (n**3 - n)))

    shuffled = rng.permuted(np.broadcast_to(ranks, (DRAWS, *ranks.shape)), axis=2)
    found = float(w(ranks))
    return found, float((1 + np.sum(w(shuffled) >= found - 1e-12)) / (DRAWS + 1))

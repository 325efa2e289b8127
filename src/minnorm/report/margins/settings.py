"""Settings of studies of margins: what the seeds of one gave, and what they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from minnorm.report.training.spread import Spread, spread
from minnorm.study import Store
from minnorm.study.specification.tasks import Task

NUMBERS = {
    "margin_share": "margin share",
    "squares_share": "squares' share",
    "sup_margin": "sup margin",
    "hybrid_margin": "hybrid margin",
    "boundary_distance": "distance",
    "boundary_angle": "angle",
    "disagreement": "disagreement",
    "kernel_distance": "kernel distance",
    "kernel_disagreement": "kernel disagreement",
    "margin_trend": "trend",
}
"""Columns of the table; its note says what they are."""


@dataclass(frozen=True)
class Setting:
    """One optimiser at one scale and rate on one task, with the dimensions seed and step left in its data."""

    task: Task
    optimizer: str
    scale: float
    learning_rate: float
    weight_decay: float
    steps: int
    loss: str
    runs: xr.Dataset

    @property
    def compared(self) -> bool:
        """Whether the separator of least norm was certified for its data."""
        return "margin_share" in self.runs

    @property
    def networks(self) -> int:
        """Seeds."""
        return int(self.runs.sizes["seed"])

    @property
    def alive(self) -> np.ndarray:
        """Which seeds did not diverge."""
        return ~self.runs["diverged"].values

    @property
    def separated(self) -> int:
        """How many seeds have every point on its side in the end."""
        return int(np.sum(self.runs["margin"].isel(step=-1).values[self.alive] > 0))

    @property
    def settled(self) -> int:
        """How many seeds' normalised margins stood still in the second half of the steps."""
        return int(np.sum(self.runs["settled_step"].values[self.alive] >= 0))

    def values(self, name: str) -> np.ndarray:
        """A number for each seed that did not diverge, where it is one."""
        values = self.runs[name].values[self.alive].astype(float)
        return values[np.isfinite(values)]

    def spread(self, name: str) -> Spread:
        """Median and range over seeds."""
        return spread(self.values(name))

    def shares(self) -> np.ndarray:
        """Normalised margins over the largest one, (seed, step)."""
        return self.runs["normalised_margin"].values[self.alive] * float(self.runs.attrs["least_norm"])


def settings(stores: Sequence[Store]) -> dict[str, list[Setting]]:
    """All finished settings by task, in the studies' order."""
    found: dict[str, list[Setting]] = {}
    for store in stores:
        for shard, runs in store.trained():
            for scale in runs["scale"].values.tolist():
                for rate in runs["learning_rate"].values.tolist():
                    for decay in runs["weight_decay"].values.tolist():
                        one = runs.sel(scale=scale, learning_rate=rate, weight_decay=decay)
                        train = shard.train
                        steps = int(one["step"].values[-1])  # fewer than asked for where margins settled
                        made = Setting(shard.task, train.optimizer, scale, rate, decay, steps, train.loss, one)
                        found.setdefault(shard.task.model_dump_json(), []).append(made)
    return found


def optimizers(some: Sequence[Setting]) -> list[str]:
    """In the order of the study."""
    return list(dict.fromkeys(one.optimizer for one in some))


def scales(some: Sequence[Setting]) -> list[float]:
    """From small to large."""
    return sorted({one.scale for one in some})

"""Tables: what was measured, one row for each setting, means and standard deviations over seeds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from minnorm.study import Store
from minnorm.study.specification.settings import TrainSpec
from minnorm.study.specification.tasks import Task

COLUMNS = {
    "norm_ratio": "norm ratio",
    "data_norm_ratio": "data norm ratio",
    "excess_objective": "excess objective",
    "path_norm": "path norm",
    "l2_unknown": "L2 distance",
    "sup_unknown": "sup distance",
    "stretch": "stretch",
    "radial_std": "radial std",
    "seminorm": "[f]",
    "training_loss": "training loss",
    "balancedness": "balancedness",
    "effective_neurons": "neurons",
}
"""Columns of the table, where a study has them; see the captions for what they mean."""


def short(number: float) -> str:
    """A coefficient as people write it: 0, 0.05, 1e-4."""
    if number == 0 or 1e-3 < abs(number) < 1e5:
        return f"{number:g}"
    return np.format_float_scientific(number, trim="-", exp_digits=1)


def least_norm(task: Task, results: Iterable[xr.Dataset]) -> float | None:
    """The exact minimum norm: in closed form, or what networks were compared with in training; None if it is open."""
    target = task.known()
    if target is not None:
        return target.norm
    for runs in results:
        if "norm_ratio" in runs:
            quotients = (runs["path_norm"].isel(step=-1) / runs["norm_ratio"]).values
            some = quotients[np.isfinite(quotients)]
            if some.size:
                return float(some[0])
    return None


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over the seeds that did not diverge."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        if not np.isfinite(self.mean):
            return "–"
        if self.mean != 0 and not 1e-3 <= abs(self.mean) < 1e5:
            return f"{self.mean:.1e} ± {self.deviation:.0e}"
        # Two digits of the deviation, the mean to the same place.
        places = 3 if self.deviation <= 0 else int(np.clip(1 - np.floor(np.log10(self.deviation)), 0, 4))
        return f"{self.mean:.{places}f} ± {self.deviation:.{places}f}"


@dataclass(frozen=True)
class Row:
    """One setting of a study: its task, its place on the grid and what its seeds gave."""

    task: Task
    optimizer: str
    initial: str
    learning_rate: float
    weight_decay: float
    networks: int
    diverged: int
    cells: dict[str, Spread]
    runs: xr.Dataset
    """The shard's data at this setting, with the dimensions seed and step left."""

    @property
    def setting(self) -> str:
        """Initialisation and decay in words, as a panel's title."""
        return f"{self.initial}\ndecay {short(self.weight_decay)}"


def rows(store: Store) -> Iterator[Row]:
    """One row for each setting whose shard is finished, in the study's order."""
    for shard, runs in store.trained():
        for scale in runs["scale"].values:
            for rate in runs["learning_rate"].values:
                for decay in runs["weight_decay"].values:
                    one = runs.sel(scale=scale, learning_rate=rate, weight_decay=decay)
                    initial = shard.train.initial.replace("_", " ")
                    yield Row(
                        shard.task,
                        _optimizer(shard.train),
                        initial if scale == 1 else f"{initial} × {scale:g}",
                        float(rate),
                        float(decay),
                        one.sizes["seed"],
                        int(one["diverged"].sum()),
                        {name: _spread(one, name) for name in COLUMNS if name in one},
                        one,
                    )


def _optimizer(setting: TrainSpec) -> str:
    """Its name, and whose rule of that name."""
    return setting.optimizer if setting.convention == "own" else f"{setting.optimizer} ({setting.convention})"


def _spread(runs: xr.Dataset, name: str) -> Spread:
    values = runs[name].where(~runs["diverged"])
    if "step" in values.dims:
        values = values.isel(step=-1)
    if "radius" in values.dims:
        values = values.mean("radius")
    kept = values.values[np.isfinite(values.values)].astype(np.float64)
    if kept.size == 0:
        return Spread(np.nan, np.nan)
    with np.errstate(over="ignore"):  # of a network that grows beyond all bounds
        return Spread(float(kept.mean()), float(kept.std(ddof=1)) if kept.size > 1 else 0.0)

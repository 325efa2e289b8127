"""Tables: what was measured, one row for each setting, median and range over seeds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from minnorm.report.training.spread import Spread, spread
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
    "lazy_l2_unknown": "L2 to lazy",
    "stretch": "stretch",
    "radial_std": "radial std",
    "seminorm": "function's norm [f]",
    "training_loss": "training loss",
    "balancedness": "balancedness",
    "effective_neurons": "neurons",
}
"""Columns of the table, where a study has them; see the captions for what they mean."""

NEAR = 0.01
"""How far above the minimum a network may be that is said to be at it."""

_FITS = 1e-4  # of the loss of the function 0: what has at most this fits the data


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
class Row:
    """One setting of a study: its task, its place on the grid and what its seeds gave."""

    task: Task
    optimizer: str
    initial: str
    learning_rate: float
    weight_decay: float
    networks: int
    diverged: int
    reached: int | None
    """At the minimum: at most 1 % above the least objective or, without decay, the least norm of what fits."""
    cells: dict[str, Spread]
    runs: xr.Dataset
    """The shard's data at this setting, with the dimensions seed and step left."""

    @property
    def setting(self) -> str:
        """Initialisation and decay in words, as a panel's title."""
        return f"{self.initial}\ndecay {short(self.weight_decay)}"

    @property
    def share(self) -> str:
        """Which part of the seeds is at the minimum, in words."""
        return "–" if self.reached is None else f"{self.reached}/{self.networks}"


def rows(store: Store) -> Iterator[Row]:
    """One row for each setting whose shard is finished, in the study's order."""
    for shard, runs in store.trained():
        squares = float(np.mean(shard.task.data().values ** 2))
        still = _FITS * squares / 2
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
                        reached_at(one, float(decay), still),
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
    return spread(values.values)


def reached_at(runs: xr.Dataset, decay: float, still: float) -> int | None:
    """How many seeds are at the minimum; None where no minimum is known. `still` is the loss of what fits."""
    excess = "excess_objective" if decay else "data_norm_ratio"
    if excess not in runs:
        return None
    above = runs[excess].values - (0 if decay else 1)
    there = (above <= NEAR) & (np.isfinite(above) if decay else runs["training_loss"].isel(step=-1).values <= still)
    return int(np.sum(there & ~runs["diverged"].values)) if np.any(np.isfinite(above)) else None

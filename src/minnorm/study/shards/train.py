"""One shard of a study that trains: its networks trained, each of them measured, in one dataset."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.study.optimum import Optimum, least, least_radial
from minnorm.study.shards import lazy, margins
from minnorm.study.shards.lazy import Lazy
from minnorm.study.shards.margins import Margins
from minnorm.study.shards.measures import DESCRIPTION, Yardstick, compare, measure_network
from minnorm.study.specification.probes import Measured
from minnorm.study.specification.spec import OPTIMAL, Shard
from minnorm.study.specification.tasks import TaskData
from minnorm.training import AXES, networks, train
from minnorm.training.margins import learnt

Progress = Callable[[int, int], None]


def run_train(
    shard: Shard, progress: Progress | None = None, threads: int | None = None, checkpoint: Any = None
) -> xr.Dataset:
    """Train and measure all networks of a shard; the result is that of `train` with the measures added.

    Networks that diverged have NaN for every measure, in the shape that it has for others. `checkpoint` keeps the state
    of a long training, see `minnorm.train`.
    """
    data = shard.task.data()
    arguments = training_arguments(shard)
    if checkpoint is not None:
        arguments["checkpoint"] = checkpoint
    runs = train(data.points, data.values, **arguments, threads=threads, progress=progress)
    decays = runs["weight_decay"].values.tolist()
    compared, exact = _optima(shard, data, decays), Yardstick.of(shard.task, data)
    each = Margins.of(shard, data, arguments), Lazy.of(shard, data, arguments, exact)
    yardsticks = [one for one in each if one is not None]

    def measured(network: ShallowReLU, place: Mapping[str, Any]) -> Measured:
        found = measure_network(network, data, shard, exact) | compare(
            network, data, arguments["penalty"], place, compared, arguments["loss"]
        )
        for one in yardsticks:
            found |= one.measure(network, place)
        return found

    rows = [measured(network, place) if _finite(network) else None for place, network in networks(runs)]
    template = next((row for row in rows if row is not None), None)
    if template is None:
        nowhere = {"weight_decay": decays[0], "scale": runs["scale"].values[0], "seed": runs["seed"].values[0]}
        template = measured(_any_network(data.points.shape[1]), nowhere)
    _record(runs, rows, template, _described(shard))
    for name in _OPTIMUM:
        numbers = [np.nan if (found := compared.get(lam)) is None else getattr(found, name) for lam in decays]
        runs[f"optimum_{name}"] = ("weight_decay", np.array(numbers), {"long_name": _OPTIMUM[name]})
    runs.attrs["optimum"] = _sureness(compared)
    for one in yardsticks:
        one.record(runs, shard)
    coordinates = [probe.coordinates() for probe in shard.task.probes(shard.measure)]
    return runs.assign_coords({name: value for each in coordinates for name, value in each.items()})


def _record(
    runs: xr.Dataset, rows: Sequence[Measured | None], template: Measured, described: Mapping[str, str]
) -> None:
    """Add each measure as a variable over the grid."""
    shape = tuple(runs.sizes[axis] for axis in AXES)
    for name, (dims, value) in template.items():
        blank = np.full_like(np.asarray(value, dtype=np.float64), np.nan)
        stacked = np.stack([blank if row is None else np.asarray(row[name][1], dtype=np.float64) for row in rows])
        runs[name] = (
            (*AXES, *dims),
            stacked.reshape(*shape, *stacked.shape[1:]),
            {"long_name": described[name]},
        )


def _described(shard: Shard) -> Mapping[str, str]:
    probes = shard.task.probes(shard.measure)
    of_probes = {name: words for probe in probes for name, words in probe.describe.items()}
    return DESCRIPTION | margins.DESCRIPTION | lazy.DESCRIPTION | of_probes


_OPTIMUM = {
    "value": "the least objective of any network, for each lam; for lam = 0 the least norm through the data, or of "
    "margins of 1",
    "lower_bound": "a bound below it",
    "norm": "path norm of the network that has it",
}


def training_arguments(shard: Shard) -> dict[str, Any]:
    """Keyword arguments for `minnorm.train`, with the task's interpolant as the start where that is asked."""
    arguments = shard.arguments()
    if shard.train.initial == OPTIMAL:
        target = shard.task.interpolant()
        if target is None:
            raise ValueError(
                f"initial is {OPTIMAL!r}, but the interpolant of {shard.task.kind} data is not certified here"
            )
        del arguments["initial"]
        arguments["start"] = lambda seed, width: target.as_network(width, seed)
    return arguments


def numbers(shard: Shard) -> int:
    """How many numbers are measured of a network at most."""
    learns = len(margins.DESCRIPTION) if learnt(shard.train.loss) else 0
    learns += len(lazy.DESCRIPTION) if shard.measure.lazy else 0
    return len(DESCRIPTION) + learns + sum(probe.size for probe in shard.task.probes(shard.measure))


def _optima(shard: Shard, data: TaskData, decays: Sequence[float]) -> dict[float, Optimum]:
    """The global minimum for each lam of a shard, where it is to be had."""
    if not shard.measure.optimum:
        return {}
    penalty: PathNorm = shard.arguments()["penalty"]
    loss = shard.train.loss
    found = {lam: least(data.points, data.values, penalty, lam, loss) for lam in decays}
    law = shard.task.law_of_radii() if penalty == PathNorm() and loss == "squared" else None
    for lam in decays:
        if law is not None and found[lam] is None and lam > 0:
            found[lam] = least_radial(law, shard.task.dimension(), lam)
    return {lam: one for lam, one in found.items() if one is not None}


def _sureness(compared: Mapping[float, Optimum]) -> str:
    """How sure the optima are, in a word."""
    if not compared:
        return "none"
    if any(one.solution is None and lam > 0 for lam, one in compared.items()):
        return "radial law"
    return "certified" if all(one.certified for one in compared.values()) else "not certified"


def _any_network(dim: int) -> ShallowReLU:
    """One whose measures have the shapes of all others': for a shard in which every network diverged."""
    return ShallowReLU(np.ones((1, dim)), np.zeros(1), np.ones(1), np.zeros(()))


def _finite(network: ShallowReLU) -> bool:
    return all(np.all(np.isfinite(part)) for part in network.to_dict().values())

"""One shard of a study: train its networks, measure each of them, return one dataset; or solve its problems."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from minnorm import measure
from minnorm.known import RadialBump
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.study.shards.optimum import Optimum, least, least_radial
from minnorm.study.shards.regions import Yardstick, query_points, yardstick
from minnorm.study.shards.solve import run_solve
from minnorm.study.specification.spec import OPTIMAL, AnyShard, Shard, SolveShard
from minnorm.study.specification.tasks import BumpTask, LineTask, Target, TaskData
from minnorm.training import AXES, networks, train

Progress = Callable[[int, int], None]
_NEAR = 0.01
Measured = dict[str, tuple[tuple[str, ...], np.ndarray | float | int]]

_DESCRIPTION = {
    "effective_neurons": "neurons left after merging equal directions and knots and dropping negligible ones",
    "balancedness": "path norm / weight decay: 1 if |a_k| = |w_k| for all neurons",
    "norm_ratio": "path norm / norm of the exact minimum-norm interpolant",
    "data_norm_ratio": "path norm / least norm of any network through the training data, certified",
    "excess_objective": "(objective at the last step, in double precision) / (least objective of the same lam) - 1",
    "seminorm": "the function's own norm [f], from its kinks",
    "l2_data": "root mean square distance to the exact interpolant on the data",
    "l2_unknown": "root mean square distance to the exact interpolant where the target is not known",
    "sup_unknown": "largest distance to the exact interpolant where the target is not known",
    "radial_mean": "mean of f over directions at radius r",
    "radial_std": "standard deviation of f over directions at radius r",
    "stretch": "the s for which the exact profile f*(r / s) fits the radial mean best",
    "stretch_residual": "root mean square distance of the radial mean to that stretched profile",
    "bends_at_data": "share of the bends, sum |a w|, whose knots are within 1 % of the data's interval of a data point",
    "function": "f at the query points",
    "sharpness": "largest eigenvalue of the Hessian of the training loss",
}


# More threads would round sums otherwise: the bits would tell their number.
one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")


@one_blas_thread
def run_shard(
    shard: AnyShard, progress: Progress | None = None, threads: int | None = None, checkpoint: Any = None
) -> xr.Dataset:
    """Train and measure all networks of a shard; the result is that of `train` with the measures added.

    Networks that diverged have NaN for every measure, in the shape that it has for others. `checkpoint` keeps the state
    of a long training, see `minnorm.train`. A shard that solves has the result of `run_solve`.
    """
    if isinstance(shard, SolveShard):
        return run_solve(shard, progress)
    data = shard.task.data()
    arguments = training_arguments(shard, data)
    if checkpoint is not None:
        arguments["checkpoint"] = checkpoint
    runs = train(data.points, data.values, **arguments, threads=threads, progress=progress)
    decays = runs["weight_decay"].values.tolist()
    compared = _optima(shard, data, decays)
    exact = yardstick(shard.task, data)
    rows = [
        measure_network(network, data, shard, exact) | _compare(network, data, arguments["penalty"], place, compared)
        if _finite(network)
        else None
        for place, network in networks(runs)
    ]
    shape = tuple(runs.sizes[axis] for axis in AXES)
    template = next((row for row in rows if row is not None), None)
    if template is None:
        one, place = _any_network(data.points.shape[1]), {"weight_decay": decays[0]}
        template = measure_network(one, data, shard, exact) | _compare(one, data, arguments["penalty"], place, compared)
    for name, (dims, value) in template.items():
        blank = np.full_like(np.asarray(value, dtype=np.float64), np.nan)
        stacked = np.stack([blank if row is None else np.asarray(row[name][1], dtype=np.float64) for row in rows])
        runs[name] = (
            (*AXES, *dims),
            stacked.reshape(*shape, *stacked.shape[1:]),
            {"long_name": _DESCRIPTION[name]},
        )
    for name in _OPTIMUM:
        numbers = [np.nan if (found := compared.get(lam)) is None else getattr(found, name) for lam in decays]
        runs[f"optimum_{name}"] = ("weight_decay", np.array(numbers), {"long_name": _OPTIMUM[name]})
    runs.attrs["optimum"] = _kind(compared)
    return runs.assign_coords(_coordinates(shard))


_OPTIMUM = {
    "value": "the least objective of any network, for each lam; for lam = 0 the least norm through the data",
    "lower_bound": "a bound below it",
    "norm": "path norm of the network that has it",
}


def training_arguments(shard: Shard, data: TaskData) -> dict[str, Any]:
    """Keyword arguments for `minnorm.train`, with the task's interpolant as the start where that is asked."""
    arguments, target = shard.arguments(), data.target
    if shard.train.initial == OPTIMAL:
        if target is None:
            raise ValueError(
                f"initial is {OPTIMAL!r}, but the interpolant of {shard.task.kind} data is not certified here"
            )
        del arguments["initial"]
        arguments["start"] = lambda seed, width: target.as_network(width, seed)
    return arguments


def radii(shard: Shard) -> np.ndarray:
    """Where a bump task's profiles are recorded."""
    return np.linspace(0.0, shard.measure.largest_radius, shard.measure.radii)


def _optima(shard: Shard, data: TaskData, decays: Sequence[float]) -> dict[float, Optimum]:
    """The global minimum for each lam of a shard, where it is to be had."""
    if not shard.measure.optimum:
        return {}
    penalty: PathNorm = shard.arguments()["penalty"]
    found = {lam: least(data.points, data.values, penalty, lam) for lam in decays}
    if isinstance(shard.task, BumpTask) and penalty == PathNorm() and shard.task.noise == 0:
        law = shard.task.law_of_radii()
        for lam in decays:
            if found[lam] is None and lam > 0:
                found[lam] = least_radial(law, shard.task.dim, lam)
    return {lam: one for lam, one in found.items() if one is not None}


def _kind(compared: dict[float, Optimum]) -> str:
    """How sure the optima are, in a word."""
    if not compared:
        return "none"
    if any(one.solution is None and lam > 0 for lam, one in compared.items()):
        return "radial law"
    return "certified" if all(one.certified for one in compared.values()) else "not certified"


def _compare(
    network: ShallowReLU, data: TaskData, penalty: PathNorm, place: dict[str, Any], compared: dict[float, Optimum]
) -> Measured:
    """How far a network is from the global minimum of its own lam, and its norm from the least through the data."""
    found: Measured = {}
    if any(lam > 0 for lam in compared):
        lam = place["weight_decay"]
        excess = np.nan
        if lam > 0 and lam in compared and compared[lam].value > 0:
            residual = network.evaluate(data.points) - data.values
            objective = 0.5 * float(np.mean(residual**2)) + lam * penalty.weight_decay(network)
            excess = objective / compared[lam].value - 1
        found["excess_objective"] = ((), excess)
    if 0.0 in compared and compared[0.0].certified and compared[0.0].value > 0:
        found["data_norm_ratio"] = ((), measure.norm_ratio(network, compared[0.0].value, penalty))
    return found


def _coordinates(shard: Shard) -> dict[str, Any]:
    if isinstance(shard.task, LineTask):
        return {"query": ("query", query_points(shard.task), {"long_name": "query point x"})}
    if isinstance(shard.task, BumpTask):
        return {"radius": ("radius", radii(shard), {"long_name": "distance r from the origin"})}
    return {}


def _any_network(dim: int) -> ShallowReLU:
    """One whose measures have the shapes of all others': for a shard in which every network diverged."""
    return ShallowReLU(np.ones((1, dim)), np.zeros(1), np.ones(1), np.zeros(()))


def _finite(network: ShallowReLU) -> bool:
    return all(np.all(np.isfinite(part)) for part in network.to_dict().values())


def measure_network(network: ShallowReLU, data: TaskData, shard: Shard, exact: Yardstick | None) -> Measured:
    """Everything that a shard's file says of one trained network: dimensions and values by name."""
    penalty = shard.arguments()["penalty"]
    radius = float(np.max(np.linalg.norm(data.points, axis=1)))
    found: Measured = {
        "effective_neurons": ((), measure.effective_neurons(network, radius=radius)),
        "balancedness": ((), measure.balancedness(network, with_bias=penalty.bias == "penalised")),
    }
    if shard.measure.sharpness:
        found["sharpness"] = ((), measure.sharpness(network, data.points, data.values))
    if data.target is not None and exact is not None:
        gap = network.evaluate(exact.there) - exact.values_there
        misfit = network.evaluate(data.points) - exact.on_data
        found["norm_ratio"] = ((), measure.norm_ratio(network, data.target.norm, penalty))
        found["l2_data"] = ((), float(np.sqrt(np.mean(misfit**2))))
        found["l2_unknown"] = ((), float(np.sqrt(np.mean(gap**2))))
        found["sup_unknown"] = ((), float(np.max(np.abs(gap))))
    if isinstance(shard.task, LineTask):
        found["seminorm"] = ((), measure.seminorm_line(network, skip=penalty.skip))
        found["bends_at_data"] = ((), _bends_at_data(network, shard.task))
        found["function"] = (("query",), network.evaluate(query_points(shard.task)[:, None]))
    if isinstance(shard.task, BumpTask) and data.target is not None:
        found |= _measure_bump(network, data.target, shard)
    return found


def _bends_at_data(network: ShallowReLU, task: LineTask) -> float:
    """1 for a function that is linear between the data; about the share of the line near the data if it is smooth."""
    positions, turns = measure.knots(network)
    x = np.asarray(task.x)
    inside = (positions >= x.min()) & (positions <= x.max())
    near = np.min(np.abs(positions[:, None] - x), axis=1) <= _NEAR * (x.max() - x.min())
    total = float(np.sum(np.abs(turns[inside | near])))
    return float(np.sum(np.abs(turns[near]))) / total if total > 0 else np.nan


def _measure_bump(network: ShallowReLU, target: Target, shard: Shard) -> Measured:
    bump = target.exact
    assert isinstance(bump, RadialBump)
    grid = radii(shard)
    profile = measure.radial_profile(network, bump.dim, grid, count=shard.measure.directions)
    stretch = measure.best_stretch(profile.mean, grid, bump.profile)
    return {
        "radial_mean": (("radius",), profile.mean),
        "radial_std": (("radius",), profile.std),
        "stretch": ((), stretch.stretch),
        "stretch_residual": ((), stretch.residual),
    }

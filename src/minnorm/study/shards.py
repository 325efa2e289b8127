"""One shard of a study: train its networks, measure each of them, return one dataset."""

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from minnorm import measure
from minnorm.known import RadialBump
from minnorm.network import ShallowReLU
from minnorm.study.spec import Shard
from minnorm.study.tasks import BumpTask, LineTask, Target, TaskData
from minnorm.train import AXES, networks, train

Progress = Callable[[int, int], None]
Measured = dict[str, tuple[tuple[str, ...], np.ndarray | float | int]]

_DESCRIPTION = {
    "effective_neurons": "neurons left after merging equal directions and knots and dropping negligible ones",
    "balancedness": "path norm / weight decay: 1 if |a_k| = |w_k| for all neurons",
    "norm_ratio": "path norm / norm of the exact minimum-norm interpolant",
    "seminorm": "the function's own norm [f], from its kinks",
    "l2_data": "root mean square distance to the exact interpolant on the data",
    "l2_unknown": "root mean square distance to the exact interpolant where the target is not known",
    "sup_unknown": "largest distance to the exact interpolant where the target is not known",
    "radial_mean": "mean of f over directions at radius r",
    "radial_std": "standard deviation of f over directions at radius r",
    "stretch": "the s for which the exact profile f*(r / s) fits the radial mean best",
    "stretch_residual": "root mean square distance of the radial mean to that stretched profile",
    "function": "f at the query points",
    "sharpness": "largest eigenvalue of the Hessian of the training loss",
}


def run_shard(shard: Shard, progress: Progress | None = None, threads: int | None = None) -> xr.Dataset:
    """Train and measure all networks of a shard; the result is that of `train` with the measures added.

    Networks that diverged have NaN for every measure.
    """
    data = shard.task.data()
    runs = train(data.points, data.values, **shard.arguments(), threads=threads, progress=progress)
    rows = [measure_network(network, data, shard) if _finite(network) else None for _, network in networks(runs)]
    shape = tuple(runs.sizes[axis] for axis in AXES)
    template = next((row for row in rows if row is not None), {})
    for name, (dims, value) in template.items():
        blank = np.full_like(np.asarray(value, dtype=np.float64), np.nan)
        stacked = np.stack([blank if row is None else np.asarray(row[name][1], dtype=np.float64) for row in rows])
        runs[name] = (
            (*AXES, *dims),
            stacked.reshape(*shape, *stacked.shape[1:]),
            {"long_name": _DESCRIPTION[name]},
        )
    return runs.assign_coords(_coordinates(shard))


def query_points(task: LineTask) -> np.ndarray:
    """Where a line task's functions are recorded: the data's interval and a fifth of it on both sides."""
    low, high = min(task.x), max(task.x)
    margin = 0.2 * (high - low)
    return np.linspace(low - margin, high + margin, 701)


def radii(shard: Shard) -> np.ndarray:
    """Where a bump task's profiles are recorded."""
    return np.linspace(0.0, shard.measure.largest_radius, shard.measure.radii)


def _coordinates(shard: Shard) -> dict[str, Any]:
    if isinstance(shard.task, LineTask):
        return {"query": ("query", query_points(shard.task), {"long_name": "query point x"})}
    if isinstance(shard.task, BumpTask):
        return {"radius": ("radius", radii(shard), {"long_name": "distance r from the origin"})}
    return {}


def _finite(network: ShallowReLU) -> bool:
    return all(np.all(np.isfinite(part)) for part in network.to_dict().values())


def measure_network(network: ShallowReLU, data: TaskData, shard: Shard) -> Measured:
    """Everything that a shard's file says of one trained network: dimensions and values by name."""
    penalty = shard.arguments()["penalty"]
    radius = float(np.max(np.linalg.norm(data.points, axis=1)))
    found: Measured = {
        "effective_neurons": ((), measure.effective_neurons(network, radius=radius)),
        "balancedness": ((), measure.balancedness(network, with_bias=penalty.bias == "penalised")),
    }
    if shard.measure.sharpness:
        found["sharpness"] = ((), measure.sharpness(network, data.points, data.values))
    if data.target is not None:
        found["norm_ratio"] = ((), measure.norm_ratio(network, data.target.norm, penalty))
        found["l2_data"] = ((), measure.l2_distance(network, data.target.function, data.points))
    if isinstance(shard.task, LineTask) and data.target is not None:
        found |= _measure_line(network, data.target, shard.task, penalty.skip)
    if isinstance(shard.task, BumpTask) and data.target is not None:
        found |= _measure_bump(network, data.target, shard)
    return found


def _measure_line(network: ShallowReLU, target: Target, task: LineTask, skip: Any) -> Measured:
    between = np.linspace(min(task.x), max(task.x), 2001)[:, None]
    return {
        "seminorm": ((), measure.seminorm_line(network, skip=skip)),
        "l2_unknown": ((), measure.l2_distance(network, target.function, between)),
        "sup_unknown": ((), measure.sup_distance(network, target.function, between)),
        "function": (("query",), network.evaluate(query_points(task)[:, None])),
    }


def _measure_bump(network: ShallowReLU, target: Target, shard: Shard) -> Measured:
    bump = target.exact
    assert isinstance(bump, RadialBump)
    grid = radii(shard)
    profile = measure.radial_profile(network, bump.dim, grid, count=shard.measure.directions)
    stretch = measure.best_stretch(profile.mean, grid, bump.profile)
    gap = _ball_points(bump)
    return {
        "l2_unknown": ((), measure.l2_distance(network, bump, gap)),
        "sup_unknown": ((), measure.sup_distance(network, bump, gap)),
        "radial_mean": (("radius",), profile.mean),
        "radial_std": (("radius",), profile.std),
        "stretch": ((), stretch.stretch),
        "stretch_residual": ((), stretch.residual),
    }


def _ball_points(bump: RadialBump) -> np.ndarray:
    """The unknown region plateau < |x| < 1: equally spaced radii times fixed directions."""
    levels = bump.plateau + (np.arange(40) + 0.5) / 40 * (1 - bump.plateau)
    directions = measure.directions(bump.dim, 64, 0)
    return (levels[:, None, None] * directions[None]).reshape(-1, bump.dim)

"""Profiles of trained networks, to lay over an exact one: from a study's store, or trained while one waits."""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from minnorm import measure, study
from minnorm.explore.page.background import Stopped, Stopping
from minnorm.known import RadialBump
from minnorm.objective.data import Points
from minnorm.training.follow import Recipe, follow

_POINTS, _RADII = 400, 121
_BAND = "band: \u00b1 deviation over directions"
_FRAME = 0.15  # seconds between two pictures of training
_MOST = 200  # profiles of a study that can be chosen from


@dataclass(frozen=True)
class Trained:
    """Radial mean of a network at radii (k,), between `low` and `high`; or of several, with their range."""

    name: str
    radii: Float[np.ndarray, " k"]
    low: Float[np.ndarray, " k"]
    mean: Float[np.ndarray, " k"]
    high: Float[np.ndarray, " k"]
    note: str = ""

    def columns(self) -> dict[str, Any]:
        """For a plot."""
        return {"r": self.radii, "low": self.low, "mean": self.mean, "high": self.high}


def train_profile(
    bump: RadialBump, end: float, recipe: Recipe, *, show: Callable[[Trained], None], stopped: Stopping
) -> Trained:
    """Train a network on a sample of the bump's known region; mean and deviation over directions, up to `end`.

    `show` gets the profile as it moves; `Stopped` is raised where `stopped` says yes. ValueError if training diverges.
    """
    points, values = bump.sample(0, _POINTS, "uniform_radius", outer=min(2.0, bump.outer))
    radii = np.linspace(0, end, _RADII)
    shown = -math.inf
    found, optimizer = None, recipe.choice.rule.optimizer
    for frame in follow(Points(points, values), recipe):
        if stopped():
            raise Stopped
        if not all(np.isfinite(list(frame.metrics.values()))):
            raise ValueError(
                f"learning_rate is {recipe.learning_rate:g}, with which {optimizer} diverged; give a smaller one"
            )
        if time.monotonic() - shown < _FRAME and frame.step < recipe.choice.steps:
            continue
        profile = measure.radial_profile(frame.network, bump.dim, radii, count=256)
        low, high = profile.mean - profile.std, profile.mean + profile.std
        note = (
            f"step {frame.step}, path norm {frame.metrics['path_norm']:.4g} (exact bump: {bump.norm:.4g}), "
            f"training loss {frame.metrics['training_loss']:.1e}, {_POINTS} points; {_BAND}"
        )
        found = Trained(f"{optimizer}, step size {recipe.learning_rate:g}", radii, low, profile.mean, high, note)
        show(found)
        shown = time.monotonic()
    assert found is not None
    return found


def stored_profiles(directory: Path | None, dim: int, plateau: float) -> dict[str, Callable[[], Trained | None]]:
    """What bump studies in a directory have of this dimension and plateau: names, and functions that load them."""
    found: dict[str, Callable[[], Trained | None]] = {}
    if directory is None:
        return found
    for store in study.stores(directory):
        whole = store.study()
        for shard in whole.shards():
            task = shard.task.model_dump()
            if shard.does != "train" or (task["kind"], task.get("dim")) != ("bump", dim):
                continue
            if not math.isclose(task["plateau"], plateau) or not store.has(shard):
                continue
            for place in _places(shard):
                name = f"{whole.name}: {_name(shard, place)}"
                found.setdefault(name, partial(_load, store, shard, place, name))
                if len(found) >= _MOST:
                    return found
    return found


def _name(shard: study.Shard, place: dict[str, float]) -> str:
    scale = "" if place["scale"] == 1 else f" \u00d7 {place['scale']:g}"
    rates = f"step size {place['learning_rate']:g}, decay {place['weight_decay']:g}"
    return f"{shard.train.optimizer}, {shard.train.initial}{scale}, {rates}"


def _places(shard: study.Shard) -> list[dict[str, float]]:
    names = ("learning_rate", "weight_decay", "scale")
    lists = [np.atleast_1d(getattr(shard.train, name)).tolist() for name in names]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*lists)]


def _load(store: study.Store, shard: study.Shard, place: dict[str, float], name: str) -> Trained | None:
    """Mean over the seeds that did not diverge, and their range; None if there are none."""
    runs = store.load(shard)
    if runs is None or "radial_mean" not in runs:
        return None
    runs = runs.sel(place, method="nearest")  # coordinates may be of single precision
    means, deviations = (runs[part].transpose("seed", "radius").values for part in ("radial_mean", "radial_std"))
    whole = np.all(np.isfinite(means), axis=1)
    if not np.any(whole):
        return None
    means, deviations = means[whole], deviations[whole]
    mean = means.mean(axis=0)
    alone = len(means) == 1
    low, high = (mean - deviations[0], mean + deviations[0]) if alone else (means.min(axis=0), means.max(axis=0))
    norms = runs["path_norm"].isel(step=-1).values[whole]
    band = _BAND if alone else f"band: range of {len(means)} seeds"
    return Trained(name, runs["radius"].values, low, mean, high, f"path norm {norms.mean():.4g}; {band}")

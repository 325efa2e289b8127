"""Every network of the stretched bump's studies, and settings: what all seeds of one have in common."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import cast

import numpy as np
import xarray as xr
from scipy.interpolate import PchipInterpolator

from minnorm import advice, measure
from minnorm.known import RadialBump, radial_bump, radial_fit, radial_law
from minnorm.report.training.spread import Deviation, deviation
from minnorm.study import Shard, Store
from minnorm.study.specification.tasks import BumpTask

MATCHED = 1e-5
"""The training loss 1/(2n) sum (f - y)^2 from which on networks are compared with each other."""

NEAR = 0.05
"""With decay, the excess objective from which on they are too: the least objective's own loss may be larger."""

FAR = 5.0
"""The radius at which the deviation over directions was published."""


@dataclass(frozen=True)
class Setting:
    """What is chosen for a network, but for its seed."""

    optimizer: str
    initial: str
    learning_rate: float
    weight_decay: float
    width: int
    steps: int
    radius: float
    inner_fraction: float
    batch: int
    schedule: str
    scale: float
    dim: int
    outer: float
    points: int


FACTORS = tuple(field.name for field in fields(Setting))
"""Names of what is chosen, in the order of `Setting`."""


@dataclass(frozen=True)
class Trained:
    """What one network is: its fit to the unit bump, its sizes, and its course."""

    seed: int
    loss: float
    stretch: float
    """The s for which f*(r / s), of radius 1 before it is stretched, fits the radial mean best."""
    misfit: float
    """Root mean square distance to f*(r / s), at its best s, for r up to twice the inner radius."""
    gaussian: float
    """The same for exp(-(r / s)^2 / 2)."""
    squares: float
    """|a|^2 + |W|^2."""
    path_norm: float
    far_deviation: float
    """Standard deviation over directions at r = 5; NaN where the study doesn't look so far."""
    excess: float
    """Objective over the least of any network for the law of radii, minus 1; NaN without decay."""
    steps: np.ndarray
    losses: np.ndarray
    all_squares: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    @property
    def half(self) -> float:
        """(|a|^2 + |W|^2) / 2, the other reading of a weight-decay value."""
        return self.squares / 2

    @property
    def matched(self) -> bool:
        """Whether the training loss ended at `MATCHED` or below, or the objective at its least value."""
        return self.loss <= MATCHED or self.excess <= NEAR


@dataclass(frozen=True)
class Outcome:
    """What a setting gave: its networks that did not diverge, and how many did."""

    setting: Setting
    networks: tuple[Trained, ...]
    diverged: int
    radii: np.ndarray

    @property
    def matched(self) -> bool:
        """Whether every seed's network is."""
        return self.diverged == 0 and all(network.matched for network in self.networks)

    @property
    def loss(self) -> float:
        """The geometric mean of the last training loss."""
        return float(np.exp(np.mean(np.log([max(network.loss, 1e-30) for network in self.networks]))))

    def spread(self, name: str) -> Deviation:
        """Mean and standard deviation over seeds of one of the numbers of `Trained`."""
        return deviation(np.array([getattr(network, name) for network in self.networks], dtype=float))

    def mean(self, name: str) -> float:
        """The mean over seeds alone."""
        return self.spread(name).mean


def outcomes(stores: Sequence[Store]) -> list[Outcome]:
    """What all finished shards gave, one entry a setting, in the studies' order; equal settings are joined."""
    found: dict[Setting, list[tuple[int, Trained | None]]] = {}
    radii: dict[Setting, np.ndarray] = {}
    for store in stores:
        for shard, runs in store.trained():
            task = cast(BumpTask, shard.task)  # the page admits no other
            for setting, one in _settings(shard, task, runs):
                seeds = found.setdefault(setting, [])
                known = {seed for seed, _ in seeds}
                for seed in one["seed"].values.tolist():
                    if seed not in known:
                        seeds.append((seed, _trained(one.sel(seed=seed), task, seed)))
                radii[setting] = one["radius"].values
    return [
        Outcome(
            setting,
            tuple(one for _, one in seeds if one is not None),
            sum(one is None for _, one in seeds),
            radii[setting],
        )
        for setting, seeds in found.items()
    ]


def _settings(shard: Shard, task: BumpTask, runs: xr.Dataset) -> Iterator[tuple[Setting, xr.Dataset]]:
    train = shard.train
    for rate in runs["learning_rate"].values.tolist():
        for decay in runs["weight_decay"].values.tolist():
            for scale in runs["scale"].values.tolist():
                setting = Setting(
                    optimizer=train.optimizer,
                    initial=train.initial,
                    learning_rate=rate,
                    weight_decay=decay,
                    width=train.width,
                    steps=train.steps,
                    radius=task.radius,
                    inner_fraction=task.inner_fraction,
                    batch=int(runs.attrs["batch_size"]),
                    schedule=train.schedule,
                    scale=scale,
                    dim=task.dim,
                    outer=round(task.outer * task.radius, 6),
                    points=task.points,
                )
                yield setting, runs.sel(learning_rate=rate, weight_decay=decay, scale=scale)


def _trained(run: xr.Dataset, task: BumpTask, seed: int) -> Trained | None:
    """One network's numbers; None if it diverged."""
    if bool(run["diverged"]):
        return None
    radii, mean, deviation = (run[name].values for name in ("radius", "radial_mean", "radial_std"))
    near = radii <= 2 * task.radius
    bump = exact(task.dim)
    return Trained(
        seed=seed,
        loss=float(run["training_loss"][-1]),
        stretch=float(run["stretch"]) * task.radius,  # the study's is relative to the task's bump
        misfit=measure.best_stretch(mean[near], radii[near], bump.profile).residual,
        gaussian=measure.best_stretch(mean[near], radii[near], lambda r: np.exp(-(r**2) / 2)).residual,
        squares=2 * float(run["half_squares"][-1]),
        path_norm=float(run["path_norm"][-1]),
        far_deviation=float(np.interp(FAR, radii, deviation, right=np.nan)),
        excess=float(run["excess_objective"]) if "excess_objective" in run else np.nan,
        steps=run["step"].values,
        losses=run["training_loss"].values,
        all_squares=2 * run["half_squares"].values,
        mean=mean,
        deviation=deviation,
    )


def exact(dim: int) -> RadialBump:
    """The exact minimum-norm bump of radius 1."""
    return radial_bump(dim)


@cache
def least_norm(dim: int, radius: float, outer: float, inner_fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Training loss and stretch of the functions of least norm for their loss, from small loss to large.

    They are the exact minimisers of (PL) for the law of radii with all directions, as lam varies: what networks would
    be with infinitely many points and neurons and perfect optimisation.
    """
    radii, labels, weights = radial_law(
        "uniform_radius", dim, 100, scale=radius, outer=outer / radius, inner_fraction=inner_fraction
    )
    grid = np.linspace(0, outer, 121)
    losses, stretches = [], []
    for lam in _LAMS:
        with advice.silent():
            fit = radial_fit(radii, labels, dim, lam, weights)
        losses.append(0.5 * float(weights @ (fit.profile(radii) - labels) ** 2))
        stretches.append(measure.best_stretch(fit.profile(grid), grid, exact(dim).profile).stretch)
    return np.array(losses), np.array(stretches)


def stretch_at(losses: np.ndarray, setting: Setting) -> np.ndarray:
    """The stretch of the least-norm function with these losses, interpolated; NaN beyond the computed ones."""
    known, stretches = least_norm(setting.dim, setting.radius, setting.outer, setting.inner_fraction)
    return PchipInterpolator(np.log(known), stretches, extrapolate=False)(np.log(losses))


def expected_stretch(one: Outcome) -> float:
    """The stretch of the least-norm function with a setting's mean loss; NaN where none of the computed ones has it."""
    return float(stretch_at(np.array([one.loss]), one.setting)[0])


_LAMS = np.geomspace(1e-7, 3e-4, 7)

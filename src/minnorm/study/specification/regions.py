"""A task whose data are drawn from known regions, and whose target is the certified network between them."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, field_validator

from minnorm import advice
from minnorm.objective.regions.described import described
from minnorm.objective.regions.known import Regions
from minnorm.solve.exchange import interpolate_regions
from minnorm.study.specification.probes import MeasureSpec, OnPlane, Probe
from minnorm.study.specification.target import Target
from minnorm.study.specification.tasks import TaskBase, TaskData, add

_SECONDS = 120.0  # for the certified bracket
_MARGIN = 0.08  # of the regions' extent, on all sides


@add
class RegionsTask(TaskBase):
    """Points drawn uniformly from known regions; the target is a network of least norm near the labels on all of them.

    `parts` are tables as those of `minnorm regions`: a shape, its arguments, and a label. The target agrees with the
    labels up to `within` everywhere on the regions, and its norm is certified to 1 % where the exchange gets there.
    """

    kind: Literal["regions"]
    parts: list[dict[str, Any]] = Field(min_length=1)
    points: int = Field(default=100, ge=2)
    within: float = Field(default=0.02, ge=0, allow_inf_nan=False)
    noise: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0)

    @field_validator("parts")
    @classmethod
    def _check_parts(cls, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        described(parts)
        return parts

    def regions(self) -> Regions:
        """Where labels are known."""
        return described(self.parts)

    def count(self) -> int:
        """How many points are drawn."""
        return self.points

    def dimension(self) -> int:
        """That of the shapes."""
        return self.regions().dim

    def data(self) -> TaskData:
        """A sample of the regions."""
        points, values = self.regions().sample(self.points, self.seed)
        if self.noise > 0:
            values = values + self.noise * np.random.default_rng([self.seed, 1]).standard_normal(values.size)
        return TaskData(points, values)

    def interpolant(self) -> Target | None:
        """The certified network, if the exchange brackets its norm."""
        return _certified(json.dumps(self.parts, sort_keys=True), self.within) if self.dimension() <= 2 else None

    def region(self, count: int) -> Float[np.ndarray, "k d"]:
        """Points of the regions' box that are in none of them."""
        regions = self.regions()
        low, high = regions.box
        drawn = np.random.default_rng([self.seed, 2]).uniform(low, high, (8 * count, regions.dim))
        return drawn[np.isnan(regions.labels_at(drawn))][:count]

    def probes(self, measures: MeasureSpec) -> Sequence[Probe]:
        """A grid over the plane."""
        regions = self.regions()
        if regions.dim != 2:
            return ()
        low, high = regions.box
        margin = _MARGIN * float(np.max(high - low))
        return (OnPlane(low - margin, high + margin),)


@lru_cache(maxsize=16)
def _certified(parts: str, within: float) -> Target | None:
    """The network between regions, found once for all that ask."""
    with advice.silent():
        found = interpolate_regions(described(json.loads(parts)), within=within, time_limit=_SECONDS)
    if not np.isfinite(found.value):
        return None
    digest = hashlib.sha256(parts.encode()).hexdigest()[:8]
    return Target.of_network(
        found.network,
        f"Of networks within {within:g} of the labels on all of the regions ({digest}) the least norm is between "
        f"{found.lower_bound:.6g} and {found.value:.6g}, both proven; the network compared with has the upper one.",
    )

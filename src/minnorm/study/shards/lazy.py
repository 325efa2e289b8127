"""What a shard's file says of networks beside the lazy regime: how far they are from what their kernel gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from minnorm.measure.distances import Function, values_of
from minnorm.network import ShallowReLU
from minnorm.study.shards.measures import Yardstick
from minnorm.study.specification.probes import Measured
from minnorm.study.specification.spec import Shard
from minnorm.study.specification.tasks import TaskData
from minnorm.study.tangent import Tangent, starts

DESCRIPTION = {
    "lazy_l2_unknown": "root mean square distance, where the target is not known, to what training gives where "
    "networks stay near their start: its function and the tangent kernel's interpolant of the rest",
    "lazy_apart": "the same distance between that function and the exact interpolant",
}
"""What is measured of each network, by name."""

_FUNCTION = "what the tangent kernel at the first seed's start gives"


@dataclass(frozen=True)
class Lazy:
    """What the tangent kernels of a shard's starts give, by scale and seed, and where it is compared."""

    exact: Yardstick
    functions: Mapping[tuple[float, int], Function]
    there: Mapping[tuple[float, int], Float[np.ndarray, " q"]]

    @staticmethod
    def of(shard: Shard, data: TaskData, arguments: Mapping[str, Any], exact: Yardstick | None) -> "Lazy | None":
        """None where it is not asked for, or no exact interpolant tells where to look."""
        if not shard.measure.lazy or exact is None:
            return None
        found = {
            place: Tangent(start, arguments["penalty"]).interpolant(data.points, data.values)
            for place, start in starts(data, arguments).items()
        }
        functions = {place: f for place, f in found.items() if f is not None}
        return Lazy(exact, functions, {place: values_of(f, exact.there) for place, f in functions.items()})

    def measure(self, network: ShallowReLU, place: Mapping[str, Any]) -> Measured:
        """All numbers of `DESCRIPTION` for one network."""
        lazy = self.there.get((float(place["scale"]), int(place["seed"])))
        if lazy is None:
            return dict.fromkeys(DESCRIPTION, ((), np.nan))
        apart = network.evaluate(self.exact.there) - lazy, self.exact.values_there - lazy
        numbers = (float(np.sqrt(np.mean(one**2))) for one in apart)
        return {name: ((), number) for name, number in zip(DESCRIPTION, numbers, strict=True)}

    def record(self, runs: xr.Dataset, shard: Shard) -> None:
        """Add the first seed's function of each scale, where the task's probes look."""
        scales, seed, dim = runs["scale"].values, int(runs["seed"].values[0]), shard.task.dimension()
        functions = {float(scale): self.functions.get((float(scale), seed)) for scale in scales}
        if None in functions.values():
            return
        for probe in shard.task.probes(shard.measure):
            each = [probe.seen(f, dim) for f in functions.values() if f is not None]
            stacked = np.stack([values for _, values in each])
            runs[f"lazy_{probe.coordinate}"] = (("scale", *each[0][0]), stacked, {"long_name": _FUNCTION})

"""What a shard solved, in the terms of a report: data, all lam, and each measure by name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from minnorm.study import SolveShard


@dataclass(frozen=True)
class Solved:
    """The problems of a shard, from the smallest lam to the largest."""

    dim: int
    points: int
    seed: int
    noise: float
    outer: float
    method: str
    exact_norm: float
    lams: Float[np.ndarray, " k"]
    measured: dict[str, Float[np.ndarray, " k"]]

    @staticmethod
    def of(shard: SolveShard, data: xr.Dataset) -> "Solved":
        """From a shard and its file."""
        data, settings = data.sortby("lam"), shard.task.model_dump()
        return Solved(
            dim=int(data.attrs["dim"]),
            points=int(data.attrs["points"]),
            seed=settings.get("seed", 0),
            noise=settings.get("noise", 0.0),
            outer=settings.get("outer", np.nan),
            method=str(data.attrs["method"]),
            exact_norm=float(data.attrs["exact_norm"]),
            lams=data["lam"].values,
            measured={str(name): data[name].values for name in data.data_vars},
        )

    def __getitem__(self, name: str) -> Float[np.ndarray, " k"]:
        """A measure, for all lam."""
        return self.measured[name]


def by_dim(solved: Iterable[Solved]) -> Iterator[tuple[int, list[Solved]]]:
    """Those of each dimension, ascending."""
    found = list(solved)
    for dim in sorted({one.dim for one in found}):
        yield dim, [one for one in found if one.dim == dim]


def by_seed(solved: Iterable[Solved]) -> list[list[Solved]]:
    """Those of each data seed, by number of points."""
    found = sorted(solved, key=lambda one: (one.seed, one.points))
    return [[one for one in found if one.seed == seed] for seed in dict.fromkeys(one.seed for one in found)]


def certified(solved: Iterable[Solved]) -> str:
    """How many problems are certified, in words."""
    each = np.concatenate([one["certified"] for one in solved])
    wide = int(np.sum(each == 0))
    if wide == 0:
        return f"All {each.size} problems are solved to a certified relative gap of 1e-6."
    return f"{each.size - wide} of {each.size} problems are solved to a certified relative gap of 1e-6."


LATE = 3
"""Numbers of points that a law needs, and that the law of the last part takes."""

INTERVAL = (
    "Intervals are 95 % t-intervals for the mean exponent over data seeds; they say nothing of how far the range is "
    "from the limit, for which the exponent of the last part is given."
)

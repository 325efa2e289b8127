"""Any shard of a study, whatever it does: trained or solved, in one dataset."""

from collections.abc import Callable, Mapping
from typing import Any

import xarray as xr

from minnorm.resources import one_blas_thread
from minnorm.study.shards.solve import run_solve
from minnorm.study.shards.train import run_train
from minnorm.study.specification.spec import AnyShard

Progress = Callable[[int, int], None]

_RUN: Mapping[str, Callable[..., xr.Dataset]] = {"train": run_train, "solve": run_solve}


@one_blas_thread()  # more would round sums otherwise: the bits would tell their number
def run_shard(
    shard: AnyShard, progress: Progress | None = None, threads: int | None = None, checkpoint: Any = None
) -> xr.Dataset:
    """What a shard's file will hold: the result of `run_train` or `run_solve`, by what the shard does."""
    return _RUN[shard.does](shard, progress, threads, checkpoint)

"""A study on the workers of a dask.distributed scheduler; this process claims, collects and writes."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import Any

import xarray as xr

from minnorm import extensions
from minnorm.study.runners.here import PAUSE, Report
from minnorm.study.shards.run import run_shard
from minnorm.study.specification.spec import AnyShard, read_shard
from minnorm.study.storage.store import Store

_AHEAD = 2  # shards sent for each of the cluster's threads: one at work, one waiting
_LEAST = 16  # sent while workers still start
TIMEOUT = "20s"
"""How long a scheduler may take to answer."""


def compute(store: Store, left: Sequence[AnyShard], address: str, progress: Report | None, *, done: int = 0) -> None:
    """Compute the shards that are not done on a cluster, beside which `done` are so already.

    Each is one task of one thread, and its arrays come back: workers need no access to the store (a csv
    task's table is read where the shard is computed). A worker that dies has its tasks done by
    another. Errors: ValueError without dask.distributed, for an address where no scheduler answers, or for
    workers with another version of minnorm.
    """
    distributed = _distributed()
    waiting, total, own = deque(left), len(left) + done, extensions.loaded()

    def tell(shard: AnyShard) -> None:
        if progress is not None:
            progress(shard, 1.0, done / total)

    running: dict[str, tuple[AnyShard, ExitStack]] = {}
    with _connect(distributed, address) as client, ExitStack() as claims:
        results = distributed.as_completed(loop=client.loop, with_results=True)
        while waiting or running:
            room = max(_LEAST, _AHEAD * sum(client.nthreads().values())) - len(running)
            for _ in range(min(room, len(waiting))):
                shard = waiting.popleft()
                held = claims.enter_context(ExitStack())
                ours = held.enter_context(store.claim(shard))
                if store.has(shard):
                    held.close()
                    done += 1
                    tell(shard)
                elif ours is False:
                    held.close()
                    waiting.append(shard)  # another run computes it
                else:
                    future = client.submit(
                        remote_shard, shard.model_dump_json(), shard.key, own, key=f"minnorm-{shard.key}", pure=False
                    )
                    running[future.key] = (shard, held)
                    results.add(future)
            if not running:
                time.sleep(PAUSE if waiting else 0)
                continue
            future, data = _next(results)
            shard, held = running.pop(future.key)
            store.save(shard, data)
            future.release()
            held.close()
            done += 1
            tell(shard)


def remote_shard(specification: str, key: str, modules: Mapping[str, str | None] | None = None) -> xr.Dataset:
    """What a worker does, after it has imported `modules`, as `extensions.loaded` gives them where the study was begun.

    Errors: ValueError if this worker's minnorm understands the specification otherwise.
    """
    for name, text in (modules or {}).items():
        extensions.load(name, text)
    shard = read_shard(specification)
    if shard.key != key:
        raise ValueError(
            f"a worker reads shard {key} as {shard.key}; "
            "give all machines the same version of minnorm and the same data"
        )
    return run_shard(shard, threads=1)


def _next(results: Any) -> Any:
    try:
        return next(results)
    except Exception as error:
        if type(error).__name__ in ("KilledWorker", "CancelledError", "FutureCancelledError"):
            raise OSError(
                f"the cluster lost its workers or scheduler ({error}); run again: what is finished is kept"
            ) from error
        raise


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise ValueError(
            "cluster needs dask.distributed, which is not installed; pip install 'minnorm[cluster]'"
        ) from None


def _connect(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ValueError(
            f"cluster is {address!r}, where no scheduler answers ({type(error).__name__}); "
            "give its address, such as tcp://127.0.0.1:8786"
        ) from None

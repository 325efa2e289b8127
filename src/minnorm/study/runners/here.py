"""Working through shards in one process, beside others that may do the same."""

import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence

from minnorm.study.shards.run import run_shard
from minnorm.study.specification.spec import AnyShard
from minnorm.study.storage.store import OtherFormat, Store

Report = Callable[[AnyShard, float, float], None]
"""Called with (shard at work, fraction of it done, fraction of the study done)."""

PAUSE = 0.2
"""Seconds between looks at what others are computing."""


def missing(store: Store, shards: Sequence[AnyShard], progress: Report | None) -> list[AnyShard]:
    """The shards that are not done, after a look into each file; one that cannot be used is set aside."""
    left: list[AnyShard] = []
    for i, shard in enumerate(shards):
        if not _is_done(store, shard):
            left.append(shard)
        elif progress is not None:
            progress(shard, 1.0, (i + 1 - len(left)) / len(shards))
    return left


def _is_done(store: Store, shard: AnyShard, *, ours: bool = False) -> bool:
    try:
        return store.load(shard) is not None
    except OtherFormat:
        raise
    except ValueError as error:
        if ours:
            warnings.warn(f"{error}; doing it again", RuntimeWarning, stacklevel=5)
            store.discard(shard)
            return False
    with store.claim(shard) as held:
        return held is not False and _is_done(store, shard, ours=True)


def work(
    store: Store, left: Sequence[AnyShard], progress: Report | None, threads: int | None, *, done: int = 0
) -> None:
    """Compute the shards that are not done, in their order; those that others compute come last.

    A long shard leaves checkpoints, from which the next run goes on if this one is killed.
    What appears meanwhile has been written whole by another process, and is not read. `done` shards are so
    already, beside those of `left`: for the fractions that `progress` is told.
    """
    waiting, idle, total = deque(left), 0, len(left) + done

    def tell(shard: AnyShard, part: float) -> None:
        if progress is not None:
            progress(shard, part, min(1.0, (done + (part if part < 1 else 0)) / total))

    while waiting:
        shard = waiting.popleft()
        with store.claim(shard) as ours:
            if store.has(shard):
                pass
            elif ours is False:
                waiting.append(shard)
            else:

                def follow(steps: int, whole: int, shard: AnyShard = shard) -> None:
                    if whole:
                        tell(shard, min(steps / whole, 0.999))

                store.save(shard, run_shard(shard, follow, threads, store.parts(shard)))
        if waiting and waiting[-1] is shard:
            idle += 1
            if idle >= len(waiting):
                time.sleep(PAUSE)
                idle = 0
            continue
        idle = 0
        done += 1
        tell(shard, 1.0)

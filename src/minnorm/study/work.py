"""Working through shards in one process, beside others that may do the same."""

import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence

from minnorm.study.shards import run_shard
from minnorm.study.spec import Shard
from minnorm.study.store import OtherFormat, Store

Report = Callable[[Shard, float, float], None]
"""Called with (shard at work, fraction of it done, fraction of the study done)."""

PAUSE = 0.2
"""Seconds between looks at what others are computing."""


def work(store: Store, shards: Sequence[Shard], progress: Report | None, threads: int | None) -> None:
    """Compute the shards that are not done, in their order; those that others compute come last."""
    waiting, idle, done = deque(shards), 0, 0

    def tell(shard: Shard, part: float) -> None:
        if progress is not None:
            progress(shard, part, min(1.0, (done + (part if part < 1 else 0)) / len(shards)))

    while waiting:
        shard = waiting.popleft()
        if not has(store, shard):
            with store.claim(shard) as ours:
                if ours is False:
                    waiting.append(shard)
                    idle += 1
                    if idle >= len(waiting):
                        time.sleep(PAUSE)
                        idle = 0
                    continue
                if not has(store, shard, discard=True):

                    def follow(steps: int, total: int, shard: Shard = shard) -> None:
                        if total:
                            tell(shard, min(steps / total, 0.999))

                    store.save(shard, run_shard(shard, follow, threads))
        idle = 0
        done += 1
        tell(shard, 1.0)


def has(store: Store, shard: Shard, *, discard: bool = False) -> bool:
    """Whether a shard is done; a file that cannot be used is set aside if it is ours to `discard`."""
    try:
        return store.load(shard) is not None
    except OtherFormat:
        raise
    except ValueError as error:
        if discard:
            warnings.warn(f"{error}; doing it again", RuntimeWarning, stacklevel=4)
            store.discard(shard)
        return False

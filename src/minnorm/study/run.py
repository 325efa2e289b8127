"""Running a study: every shard whose file is not there yet."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from minnorm.study.shards import run_shard
from minnorm.study.spec import Shard, Study
from minnorm.study.store import Store

Report = Callable[[Shard, float, float], None]
"""Called with (shard at work, fraction of it done, fraction of the study done)."""


@dataclass(frozen=True)
class Status:
    """How far a study is: shards in all, done, and files that cannot be used."""

    name: str
    shards: int
    done: int
    bad: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == self.shards


def status(directory: str | Path) -> Status:
    """Read how far the study in a directory is."""
    store = Store(directory)
    study = store.study()
    done, bad = 0, []
    for shard in study.shards():
        try:
            done += store.load(shard) is not None
        except ValueError as error:
            bad.append(str(error))
    return Status(study.name, len(list(study.shards())), done, tuple(bad))


def run(study: Study, directory: str | Path, *, progress: Report | None = None, threads: int | None = None) -> Store:
    """Run what is missing of a study; killed at any moment and run again, it ends with the same arrays.

    Finished shards are not computed twice. A file that cannot be read is set aside as HASH.nc.bad with a
    warning and done again. Errors: ValueError if the directory holds another study, or for settings that
    `minnorm.train` rejects.
    """
    store = Store(directory)
    shards = list(study.shards())
    store.begin(study)
    for i, shard in enumerate(shards):
        if not _is_done(store, shard):

            def follow(done: int, total: int, i: int = i, shard: Shard = shard) -> None:
                if progress is not None and total:
                    progress(shard, done / total, (i + done / total) / len(shards))

            store.save(shard, run_shard(shard, follow, threads))
        if progress is not None:
            progress(shard, 1.0, (i + 1) / len(shards))
    return store


def _is_done(store: Store, shard: Shard) -> bool:
    try:
        return store.load(shard) is not None
    except ValueError as error:
        warnings.warn(f"{error}; doing it again", RuntimeWarning, stacklevel=3)
        store.discard(shard)
        return False

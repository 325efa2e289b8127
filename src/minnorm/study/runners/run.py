"""Running a study: every shard whose file is not there yet."""

from dataclasses import dataclass
from pathlib import Path

from minnorm.study.runners.cluster import compute
from minnorm.study.runners.here import Report, missing, work
from minnorm.study.runners.processes import supervise
from minnorm.study.specification.spec import Study
from minnorm.study.storage.store import Store


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


def run(
    study: Study,
    directory: str | Path,
    *,
    progress: Report | None = None,
    threads: int | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> Store:
    """Run what is missing of a study; killed at any moment and run again, it ends with the same arrays.

    Arguments: `threads`: at most this many, default all cores. `workers`: as many processes, each pinned to
    its share of the cores; None computes in this one. `cluster`: the address of a dask.distributed
    scheduler, whose workers compute while this process writes.

    Finished shards are not computed twice, also by several runs at once: each claims what it computes and
    waits for what others compute. A file that cannot be read is set aside as HASH.nc.bad with a warning and
    done again. Errors: ValueError if the directory holds another study or a file of another format, or for
    settings that `minnorm.train` rejects; OSError if the disk is full.
    """
    if workers is not None and cluster is not None:
        raise ValueError("workers and cluster are both given; choose processes here, or a cluster")
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; give a whole number >= 1")
    store = Store(directory)
    shards = list(study.shards())
    store.begin(study)
    left = missing(store, shards, progress)
    if not left:
        pass
    elif cluster is not None:
        compute(store, left, cluster, progress, done=len(shards) - len(left))
    elif workers is not None:
        supervise(store, left, workers, threads, progress, done=len(shards) - len(left))
    else:
        work(store, left, progress, threads, done=len(shards) - len(left))
    return store

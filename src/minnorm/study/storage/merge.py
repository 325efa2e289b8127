"""Several stores into one: shards computed apart, for one study."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from minnorm.study.specification.spec import Study
from minnorm.study.storage.store import Store


@dataclass(frozen=True)
class Merged:
    """What became of the shards of the sources."""

    copied: int
    present: int
    """Already in the target."""
    differing: tuple[str, ...]
    """Of those, files whose numbers are others than in a source; the target's stay."""
    foreign: int
    """Finished in a source, but no part of the target's study."""
    bad: tuple[str, ...]
    """What is wrong with files that cannot be used."""
    missing: int
    """Of the target's study, after all."""


def merge(sources: Sequence[str | Path], directory: str | Path, study: Study | None = None) -> Merged:
    """Copy the finished shards of several stores into one.

    Arguments: `sources`: directories of studies, the same one or others that share shards with it.
    `directory`: the target, new or a store already. `study`: what it is to hold if it is new, by default the
    first source's study. Shards are named by their content, so what a source computed for another study is
    taken where the target's study has the same shard.

    Each file is read whole and checked before it is copied; sources stay as they are. Errors: ValueError if a
    directory holds no study or one of another format, or if the target holds another study than `study`.
    """
    if not sources:
        raise ValueError("sources is empty; give the directories of the studies to merge")
    stores = [Store(source) for source in sources]
    theirs = [store.study() for store in stores]
    target = Store(directory)
    target.begin(study or (target.study() if target.exists else theirs[0]))
    wanted = {shard.key for shard in target.study().shards()}
    copied, present, foreign = 0, 0, 0
    bad: list[str] = []
    differing: list[str] = []
    for store, their in zip(stores, theirs, strict=True):
        for shard in their.shards():
            try:
                data = store.load(shard)
            except ValueError as error:
                bad.append(str(error))
                continue
            if data is None:
                continue
            if shard.key not in wanted:
                foreign += 1
                continue
            try:
                there = target.load(shard)
            except ValueError as error:
                bad.append(f"{error}; replaced")
                target.discard(shard)
                there = None
            if there is None:
                target.save(shard, data)
                copied += 1
            else:
                present += 1
                if there.attrs["digest"] != data.attrs["digest"]:
                    differing.append(store.where(shard))
    missing = target.unfinished()
    return Merged(copied, present, tuple(differing), foreign, tuple(bad), missing)

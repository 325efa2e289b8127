"""Where results live: a folder with the study and one netCDF file for each finished shard."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import xarray as xr

from minnorm import sealed
from minnorm.study.specification.files import parse
from minnorm.study.specification.spec import FORMAT, AnyShard, Shard, SolveShard, Study
from minnorm.study.storage import checkpoints as parts
from minnorm.study.storage.checkpoints import Parts
from minnorm.study.storage.checksum import checksum
from minnorm.study.storage.folders import Disk, folder

_STUDY = "study.json"


class OtherFormat(ValueError):
    """A file of another version of the format: it is neither read nor replaced."""


class Store:
    """A directory with one study: `study.json` and `shards/HASH.nc`; given as a path, or a URL that fsspec knows.

    A shard is done when its file exists: files are written under a temporary name, flushed to disk and
    renamed, so a kill at any moment leaves either nothing or all of a file. Processes that share the
    directory claim a shard before they compute it. Behind a URL files appear whole too, but nothing is claimed.

    Errors: ValueError for a URL that cannot be opened, with what to install or to give instead.
    """

    def __init__(self, directory: str | Path) -> None:
        self._folder = folder(directory)

    @property
    def directory(self) -> Path | str:
        """Where the study lives: a path, or the URL as text."""
        return self._folder.directory

    @property
    def exists(self) -> bool:
        """Whether a study has been written here."""
        return self._folder.has(_STUDY)

    def begin(self, study: Study) -> None:
        """Write down which study this is; ValueError if another one lives here."""
        with self._folder.claim("claims/study", wait=True) as ours:
            for file in self._folder.files("") if ours else ():
                if file.startswith(f".{_STUDY}.") and file.endswith(".tmp"):
                    self._folder.remove(file)
            if not self.exists:
                content = {"format": FORMAT, "study": study.model_dump(mode="json")}
                self._folder.write(_STUDY, json.dumps(content, indent=1, sort_keys=True).encode())
            else:
                self.check(study)
        self._tidy(study)

    def check(self, study: Study) -> None:
        """Do nothing, unless another study lives here: then ValueError."""
        if self.exists and self.study() != study:
            raise ValueError(
                f"{self.directory} holds the study {self.study().name!r} with other settings; give another directory"
            )

    def study(self) -> Study:
        """The study that lives here."""
        where = f"{self.directory}/{_STUDY}"
        content = self._folder.read(_STUDY)
        if content is None:
            raise ValueError(f"{self.directory} holds no study; `minnorm study run` makes one")
        try:
            parsed = json.loads(content.decode("utf-8"))
            version, study = parsed["format"], parsed["study"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{where} is damaged; remove it and run the study again: finished shards stay") from None
        _check_format(where, version)
        return parse(study, where)

    def path(self, shard: AnyShard) -> Path:
        """Where a shard's file is or will be; ValueError if that is behind a URL."""
        if not isinstance(self._folder, Disk):
            raise ValueError(f"{self.directory} has no files on this machine; `load` reads them")
        return Path(self.directory) / _file(shard)

    def where(self, shard: AnyShard) -> str:
        """The name of a shard's file, for people."""
        return f"{self.directory}/{_file(shard)}"

    def has(self, shard: AnyShard) -> bool:
        """Whether a shard's file is there; what is in it, `load` sees."""
        return self._folder.has(_file(shard))

    def unfinished(self) -> int:
        """How many shards of the study have no file yet."""
        return sum(not self.has(shard) for shard in self.study().shards())

    def claim(self, shard: AnyShard) -> AbstractContextManager[bool | None]:
        """Hold a shard while it is computed; see `claims.claim`."""
        return self._folder.claim(f"claims/{shard.key}")

    def parts(self, shard: AnyShard) -> Parts:
        """The checkpoints of a shard at work: kept until it is saved."""
        return Parts(self._folder, shard.key)

    def save(self, shard: AnyShard, data: xr.Dataset) -> None:
        """Write a finished shard, which then needs no checkpoints."""
        data = data.assign_attrs(
            format=FORMAT, shard=shard.key, specification=shard.model_dump_json(), digest=_digest(data)
        )
        self._folder.write(_file(shard), sealed.pack(data))
        self.parts(shard).remove()

    def load(self, shard: AnyShard) -> xr.Dataset | None:
        """A finished shard's data, or None if it is not done.

        A file whose bytes are not those that were written, or that belongs to other work, is a ValueError; `run`
        redoes it. One of another format is OtherFormat; `run` stops there.
        """
        content, where = self._folder.read(_file(shard)), self.where(shard)
        if content is None:
            return None
        try:
            data = sealed.unpack(content)
        except ValueError as error:
            raise ValueError(f"{where} {error}") from error
        _check_format(where, data.attrs.get("format"))
        if data.attrs.get("shard") != shard.key:
            raise ValueError(f"{where} belongs to shard {data.attrs.get('shard')}, not to {shard.key}")
        return data

    def discard(self, shard: AnyShard) -> None:
        """Set a bad file aside as HASH.nc.bad, for a look at what happened to it."""
        self._folder.move(_file(shard), f"{_file(shard)}.bad")

    def done(self) -> Iterator[tuple[AnyShard, xr.Dataset]]:
        """All finished shards, in the study's order."""
        for shard in self.study().shards():
            data = self.load(shard)
            if data is not None:
                yield shard, data

    def trained(self) -> Iterator[tuple[Shard, xr.Dataset]]:
        """The finished shards of a study that trains; none of one that solves."""
        for shard, data in self.done():
            if shard.does == "train":
                yield shard, data

    def solved(self) -> Iterator[tuple[SolveShard, xr.Dataset]]:
        """The finished shards of a study that solves; none of one that trains."""
        for shard, data in self.done():
            if shard.does == "solve":
                yield shard, data

    def _tidy(self, study: Study) -> None:
        """Remove what writers left that were killed.

        That is temporary files that no claim covers, and checkpoints of shards that are done or no part of the study.
        """
        checkpoints = self._folder.files(parts.DIRECTORY)
        unfinished = {shard.key for shard in study.shards() if not self.has(shard)} if checkpoints else set()
        for file in (*self._folder.files("shards"), *checkpoints):
            temporary = file.endswith(".tmp")
            if temporary or (file in checkpoints and parts.owner(file) not in unfinished):
                with self._folder.claim(f"claims/{parts.owner(file)}") as ours:
                    if ours or (ours is None and not temporary):  # without locks, a writer may be alive
                        self._folder.remove(file)


def stores(directory: str | Path) -> list[Store]:
    """The store in a directory, or those in its immediate subdirectories; ValueError if there is none."""
    root = Store(directory)
    found = [store for store in (root, *map(Store, folder(directory).folders())) if store.exists]
    if not found:
        raise ValueError(f"{directory} holds no study; `minnorm study run FILE --out {directory}` makes one")
    return found


def _file(shard: AnyShard) -> str:
    return f"shards/{shard.key}.nc"


def _check_format(where: str, version: object) -> None:
    if version != FORMAT:
        age = "a newer" if isinstance(version, int | np.integer) and version > FORMAT else "an older or unknown"
        raise OtherFormat(
            f"{where} has format {version}, of {age} version of minnorm; this one reads {FORMAT}: "
            "use that version, or another directory"
        )


def _digest(data: xr.Dataset) -> str:
    return checksum({str(name): data[name].values for name in data.variables})

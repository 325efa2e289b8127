"""Where results live: a directory with the study and one netCDF file for each finished shard."""

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import xarray as xr

from minnorm.study.claims import claim
from minnorm.study.files import parse
from minnorm.study.spec import FORMAT, AnyShard, Study


class OtherFormat(ValueError):
    """A file of another version of the format: it is neither read nor replaced."""


class Store:
    """A directory with one study: `study.json` and `shards/HASH.nc`.

    A shard is done when its file exists: files are written under a temporary name, flushed to disk and
    renamed, so a kill at any moment leaves either nothing or all of a file. Processes that share the
    directory claim a shard before they compute it.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    @property
    def exists(self) -> bool:
        """Whether a study has been written here."""
        return (self.directory / "study.json").is_file()

    def begin(self, study: Study) -> None:
        """Write down which study this is; ValueError if another one lives here."""
        with claim(self.directory / "claims" / "study", wait=True):
            for left in self.directory.glob(".study.json.*.tmp"):
                left.unlink(missing_ok=True)
            if not self.exists:
                content = {"format": FORMAT, "study": study.model_dump(mode="json")}
                write(self.directory / "study.json", json.dumps(content, indent=1, sort_keys=True).encode())
            elif self.study() != study:
                raise ValueError(
                    f"{self.directory} holds the study {self.study().name!r} with other settings; "
                    "give another directory"
                )
        self._tidy()

    def study(self) -> Study:
        """The study that lives here."""
        path = self.directory / "study.json"
        if not path.is_file():
            raise ValueError(f"{self.directory} holds no study; `minnorm study run` makes one")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version, study = content["format"], content["study"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path} is damaged; remove it and run the study again: finished shards stay") from None
        _check_format(path, version)
        return parse(study, str(path))

    def path(self, shard: AnyShard) -> Path:
        """Where a shard's file is or will be."""
        return self.directory / "shards" / f"{shard.key}.nc"

    def claim(self, shard: AnyShard) -> AbstractContextManager[bool | None]:
        """Hold a shard while it is computed; see `claims.claim`."""
        return claim(self.directory / "claims" / shard.key)

    def save(self, shard: AnyShard, data: xr.Dataset) -> None:
        """Write a finished shard."""
        data = data.assign_attrs(
            format=FORMAT, shard=shard.key, specification=shard.model_dump_json(), digest=_digest(data)
        )
        write(self.path(shard), bytes(data.to_netcdf(engine="h5netcdf", format="NETCDF4")))

    def load(self, shard: AnyShard) -> xr.Dataset | None:
        """A finished shard's data, or None if it is not done.

        A file that cannot be read, whose numbers are not those that were written, or that belongs to other
        work is a ValueError; `run` redoes it. One of another format is OtherFormat; `run` stops there.
        """
        path = self.path(shard)
        if not path.is_file():
            return None
        try:
            with xr.open_dataset(path, engine="h5netcdf") as data:
                data.load()
        except Exception as error:
            raise ValueError(f"{path} cannot be read ({type(error).__name__}: {error})") from error
        _check_format(path, data.attrs.get("format"))
        if data.attrs.get("shard") != shard.key:
            raise ValueError(f"{path} belongs to shard {data.attrs.get('shard')}, not to {shard.key}")
        if data.attrs.get("digest") != _digest(data):
            raise ValueError(f"{path} is damaged: its numbers are not those that were written")
        return data

    def discard(self, shard: AnyShard) -> None:
        """Set a bad file aside as HASH.nc.bad, for a look at what happened to it."""
        self.path(shard).replace(self.path(shard).with_suffix(".nc.bad"))

    def done(self) -> Iterator[tuple[AnyShard, xr.Dataset]]:
        """All finished shards, in the study's order."""
        for shard in self.study().shards():
            data = self.load(shard)
            if data is not None:
                yield shard, data

    def _tidy(self) -> None:
        """Remove what writers left that were killed: temporary files that no claim covers."""
        for left in self.directory.glob("shards/.*.tmp"):
            with claim(self.directory / "claims" / left.name.split(".")[1]) as ours:
                if ours:
                    left.unlink(missing_ok=True)


def stores(directory: str | Path) -> list[Store]:
    """The store in a directory, or those in its immediate subdirectories; ValueError if there is none."""
    root = Path(directory)
    found = [store for store in (Store(root), *map(Store, sorted(root.glob("*/")))) if store.exists]
    if not found:
        raise ValueError(f"{root} holds no study; `minnorm study run FILE --out {root}` makes one")
    return found


def write(path: Path, content: bytes) -> None:
    """Write a file so that at any moment all of it is there or nothing; OSError that says so if there is no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"no room for {path} ({len(content)} bytes: {error.strerror}); make room and run again: "
                "what is finished is kept",
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_format(path: Path, version: object) -> None:
    if version != FORMAT:
        age = "a newer" if isinstance(version, int | np.integer) and version > FORMAT else "an older or unknown"
        raise OtherFormat(
            f"{path} has format {version}, of {age} version of minnorm; this one reads {FORMAT}: "
            "use that version, or another directory"
        )


def _digest(data: xr.Dataset) -> str:
    """A checksum of all arrays: the file format itself has none."""
    total = hashlib.sha256()
    for name in sorted(map(str, data.variables)):
        values = np.ascontiguousarray(data[name].values)
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values).astype(values.dtype)  # one NaN for all
        total.update(f"{name} {values.dtype.str} {values.shape} ".encode())
        total.update(values.tobytes())
    return total.hexdigest()

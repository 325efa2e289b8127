"""Shard files: one netCDF file each, named by content hash, written whole or not at all."""

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import xarray as xr

from minnorm.study.spec import FORMAT, Shard, Study, parse


class Store:
    """A directory with one study: `study.json` and `shards/HASH.nc`.

    A shard is done when its file exists: files are written under a temporary name, flushed to disk and
    renamed, so a kill at any moment leaves either nothing or all of a file.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    @property
    def exists(self) -> bool:
        """Whether a study has been written here."""
        return (self.directory / "study.json").is_file()

    def begin(self, study: Study) -> None:
        """Write down which study this is; ValueError if another one lives here."""
        if self.exists and self.study() != study:
            raise ValueError(
                f"{self.directory} holds the study {self.study().name!r} with other settings; give another directory"
            )
        text = json.dumps({"format": FORMAT, "study": study.model_dump(mode="json")}, indent=1, sort_keys=True)
        self._write(self.directory / "study.json", text.encode())

    def study(self) -> Study:
        """The study that lives here."""
        path = self.directory / "study.json"
        if not path.is_file():
            raise ValueError(f"{self.directory} holds no study; `minnorm study run` makes one")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise ValueError(f"{path} has format {content.get('format')}; this version reads {FORMAT}")
        return parse(content["study"], str(path))

    def path(self, shard: Shard) -> Path:
        """Where a shard's file is or will be."""
        return self.directory / "shards" / f"{shard.key}.nc"

    def save(self, shard: Shard, data: xr.Dataset) -> None:
        """Write a finished shard."""
        data = data.assign_attrs(format=FORMAT, shard=shard.key, specification=shard.model_dump_json())
        self._write(self.path(shard), bytes(data.to_netcdf(engine="h5netcdf", format="NETCDF4")))

    def load(self, shard: Shard) -> xr.Dataset | None:
        """A finished shard's data, or None if it is not done.

        A file that cannot be read, or that belongs to other work, is a ValueError; `run` redoes it.
        """
        path = self.path(shard)
        if not path.is_file():
            return None
        try:
            with xr.open_dataset(path, engine="h5netcdf") as data:
                data.load()
        except Exception as error:
            raise ValueError(f"{path} cannot be read ({type(error).__name__}: {error})") from error
        if data.attrs.get("shard") != shard.key or data.attrs.get("format") != FORMAT:
            raise ValueError(f"{path} belongs to shard {data.attrs.get('shard')}, not to {shard.key}")
        return data

    def discard(self, shard: Shard) -> None:
        """Set a bad file aside as HASH.nc.bad, for a look at what happened to it."""
        self.path(shard).replace(self.path(shard).with_suffix(".nc.bad"))

    def done(self) -> Iterator[tuple[Shard, xr.Dataset]]:
        """All finished shards, in the study's order."""
        for shard in self.study().shards():
            data = self.load(shard)
            if data is not None:
                yield shard, data

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def stores(directory: str | Path) -> list[Store]:
    """The store in a directory, or those in its immediate subdirectories; ValueError if there is none."""
    root = Path(directory)
    found = [store for store in (Store(root), *map(Store, sorted(root.glob("*/")))) if store.exists]
    if not found:
        raise ValueError(f"{root} holds no study; `minnorm study run FILE --out {root}` makes one")
    return found

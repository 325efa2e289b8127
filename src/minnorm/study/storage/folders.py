"""Where files are kept: a directory of this machine, or one behind a URL; names in it are relative, with '/'."""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from minnorm.atomic import write
from minnorm.study.storage.locks import claim
from minnorm.study.storage.remote import Remote


@runtime_checkable
class Folder(Protocol):
    """What a store needs of the place where it lives."""

    @property
    def directory(self) -> Path | str:
        """The directory, or its URL."""
        ...

    def read(self, name: str) -> bytes | None:
        """All of a file, or None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a file so that at any moment all of it is there or nothing of it."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        ...

    def files(self, inside: str) -> list[str]:
        """The names of the files in a subdirectory ("": in the folder itself), in order."""
        ...

    def folders(self) -> list[Path | str]:
        """The directories in the folder, in order."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def move(self, name: str, to: str) -> None:
        """Give a file another name."""
        ...

    def claim(self, name: str, *, wait: bool = False) -> AbstractContextManager[bool | None]:
        """Hold a piece of work; see `claims.claim`."""
        ...


class Disk:
    """A directory of this machine, or of a file system that it shares with others."""

    def __init__(self, directory: Path) -> None:
        self.directory: Path | str = directory
        self._path = directory

    def read(self, name: str) -> bytes | None:
        """All of a file, or None if there is none."""
        try:
            return (self._path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write under another name, flush to the disk and rename."""
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, content)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self._path / name).is_file()

    def files(self, inside: str) -> list[str]:
        """The names of the files in a subdirectory, in order."""
        try:
            with os.scandir(self._path / inside) as entries:
                names = sorted(entry.name for entry in entries if entry.is_file())
        except FileNotFoundError:
            return []
        return [f"{inside}/{name}" if inside else name for name in names]

    def folders(self) -> list[Path | str]:
        """The directories in the folder, in order."""
        return [*sorted(self._path.glob("*/"))]

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._path / name).unlink(missing_ok=True)

    def move(self, name: str, to: str) -> None:
        """Rename a file."""
        (self._path / name).replace(self._path / to)

    def claim(self, name: str, *, wait: bool = False) -> AbstractContextManager[bool | None]:
        """Hold a piece of work by a lock; see `claims.claim`."""
        return claim(self._path / name, wait=wait)


def folder(directory: str | Path) -> Folder:
    """The folder at a path or URL; file:///... is a path.

    Errors: ValueError for a URL that fsspec cannot open, with what to install or to give instead.
    """
    if isinstance(directory, Path):
        first = directory.parts[0] if directory.parts else ""
        if first.endswith(":") and len(first) > 2:
            raise ValueError(f"directory is {directory!r}, a URL whose slashes pathlib has merged; give it as text")
        return Disk(directory)
    if directory.startswith("file://"):
        path = directory.removeprefix("file://")
        if not path.startswith("/"):
            raise ValueError(f"directory is {directory!r}; give an absolute path, as in file:///scratch/results")
        return Disk(Path(path))
    if "://" in directory or "::" in directory:
        return Remote(directory)
    return Disk(Path(directory))

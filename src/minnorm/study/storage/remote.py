"""A directory behind a URL, by fsspec: object stores, servers, memory."""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "adl", "az", "oci", "oss", "tos", "memory"})
"""Protocols whose objects appear all at once; elsewhere a file is written under another name and moved."""


class Remote:
    """A directory behind a URL: it has no locks, so work may be done twice, and files are still right.

    Errors: OSError in one line that names the file, for whatever keeps it from being read or written.
    """

    def __init__(self, url: str) -> None:
        self.directory: Path | str = url.rstrip("/")
        self._system, root = _open(url)
        self._root = root.rstrip("/")
        protocol = self._system.protocol
        self._whole = not _WHOLE.isdisjoint([protocol] if isinstance(protocol, str) else protocol)

    def read(self, name: str) -> bytes | None:
        """All of a file, or None if there is none."""
        with self._named(name, "read"):
            try:
                return self._system.cat_file(self._at(name))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Put an object, or write under another name and move."""
        with self._named(name, "written"):
            if self._whole:
                self._system.pipe_file(self._at(name), content)
                return
            parent, _, last = self._at(name).rpartition("/")
            temporary = f"{parent}/.{last}.{uuid.uuid4().hex}.tmp"
            self._system.makedirs(parent, exist_ok=True)
            try:
                self._system.pipe_file(temporary, content)
                self._system.mv(temporary, self._at(name))
            except BaseException:
                if self._system.exists(temporary):
                    self._system.rm_file(temporary)
                raise

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with self._named(name, "looked for"):
            self._system.invalidate_cache()  # others write here too
            try:
                return self._system.info(self._at(name))["type"] == "file"
            except FileNotFoundError:
                return False

    def files(self, inside: str) -> list[str]:
        """The names of the files in a subdirectory, in order."""
        return [f"{inside}/{name}" if inside else name for name in self._list(inside, "file")]

    def folders(self) -> list[Path | str]:
        """The URLs of the directories in the folder, in order."""
        return [f"{self.directory}/{name}" for name in self._list("", "directory")]

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._named(name, "removed"), suppress(FileNotFoundError):
            self._system.rm_file(self._at(name))

    def move(self, name: str, to: str) -> None:
        """Give a file another name."""
        with self._named(name, "moved"):
            self._system.mv(self._at(name), self._at(to))

    def claim(self, name: str, *, wait: bool = False) -> AbstractContextManager[bool | None]:
        """None: there are no locks here."""
        return nullcontext(None)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _list(self, inside: str, kind: str) -> list[str]:
        with self._named(inside, "listed"):
            self._system.invalidate_cache()
            try:
                entries = self._system.ls(self._at(inside), detail=True)
            except FileNotFoundError:
                return []
        names = [entry["name"].rstrip("/").rpartition("/")[2] for entry in entries if entry["type"] == kind]
        return sorted(name for name in names if name)

    @contextmanager
    def _named(self, name: str, done: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each backend has its own kinds
            what = f"{type(error).__name__}: {error}".strip(": ")
            raise OSError(f"{self.directory}/{name} cannot be {done} ({what})") from error


def _open(url: str) -> tuple[Any, str]:
    try:
        core = import_module("fsspec.core")
    except ImportError:
        raise ValueError(f"{url} needs fsspec, which is not installed; pip install 'minnorm[remote]'") from None
    try:
        return core.url_to_fs(url)
    except ImportError as error:
        raise ValueError(f"{url} needs a package that is not installed: {error}") from None
    except Exception as error:
        raise ValueError(
            f"{url} cannot be opened ({error}); give a path, or a URL that fsspec knows, such as s3://bucket/results"
        ) from None

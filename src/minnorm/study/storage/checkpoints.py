"""Checkpoints of a shard at work: what a killed run leaves, and the next one goes on from."""

import io
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

import jax
import numpy as np

from minnorm.study.specification.spec import FORMAT
from minnorm.study.storage.checksum import checksum
from minnorm.study.storage.folders import Folder
from minnorm.training.native.calls import instruction_set

DIRECTORY = "parts"


@dataclass(frozen=True)
class Parts:
    """The checkpoints of one shard, as `minnorm.train` loads and saves them: files parts/HASH.NAME.npz.

    They only save time, so that none of them can end a run: one that cannot be used is removed with a
    warning, and where none can be written training goes on.
    """

    folder: Folder
    shard: str
    _told: set[str] = field(default_factory=set, init=False, compare=False, repr=False)

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays that were saved last under a name; None if there are none that can be used."""
        file = self._file(name)
        content = self.folder.read(file)
        if content is None:
            return None
        try:
            return _unpack(content, self._head(name))
        except ValueError as error:
            warnings.warn(f"{self.folder.directory}/{file} {error}; left out", RuntimeWarning, stacklevel=2)
            self.folder.remove(file)
            return None

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Save arrays under a name, in place of those before."""
        content = _pack(arrays, self._head(name))
        try:
            self.folder.write(self._file(name), content)
        except OSError as error:
            if not self._told:
                warnings.warn(f"no checkpoint ({error}); training goes on", RuntimeWarning, stacklevel=2)
            self._told.add(name)

    def remove(self) -> None:
        """Remove all checkpoints of the shard."""
        for file in self.folder.files(DIRECTORY):
            if owner(file) == self.shard:
                self.folder.remove(file)

    def _file(self, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise ValueError(f"name is {name!r}; a checkpoint's name has letters, digits, - and _")
        return f"{DIRECTORY}/{self.shard}.{name}.npz"

    def _head(self, name: str) -> dict[str, object]:
        """Whose checkpoint it is: another program, or other instructions, would have got other numbers."""
        program = f"minnorm {version('minnorm')}, jax {jax.__version__}, {jax.default_backend()}, {instruction_set()}"
        return {"format": FORMAT, "shard": self.shard, "part": name, "program": program}


def owner(file: str) -> str:
    """The shard whose checkpoint a file is, or was to be.

    >>> owner("parts/0f3a.group-0.npz"), owner("parts/.0f3a.group-0.npz.77.tmp")
    ('0f3a', '0f3a')
    """
    return file.rpartition("/")[2].lstrip(".").split(".")[0]


def _pack(arrays: Mapping[str, np.ndarray], head: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    names = list(arrays)
    text = json.dumps({**head, "names": names, "checksum": checksum(arrays)})
    np.savez(buffer, np.array(text), *(arrays[name] for name in names), allow_pickle=False)
    return buffer.getvalue()


def _unpack(content: bytes, expected: dict[str, object]) -> dict[str, np.ndarray]:
    """The arrays; ValueError that says what is wrong with the file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as members:
            head, *values = (members[f"arr_{i}"] for i in range(len(members.files)))
        found = json.loads(head.item())
        arrays = dict(zip(found.pop("names"), values, strict=True))
        intact = found.pop("checksum") == checksum(arrays)
    except Exception as error:  # a damaged zip file has many
        raise ValueError(f"is damaged ({type(error).__name__}: {error})") from None
    if not intact:
        raise ValueError("is damaged: its numbers are not those that were written")
    for key, value in expected.items():
        if found.get(key) != value:
            raise ValueError(f"is of other work: its {key} is {found.get(key)!r}, not {value!r}")
    return arrays

"""Files that appear whole or not at all."""

import errno
import os
import shutil
import uuid
from pathlib import Path

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def write(path: str | Path, content: bytes) -> None:
    """Make or replace a file: under another name beside it, flushed to the disk, then renamed.

    Whatever happens on the way, the file is the old one or the new one, for those who have it open, too. A link is
    followed; a device or a pipe is written to. Errors: OSError in one line that names the file and says what to do;
    then the file is as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/a", b"one")
    ...     write(f"{folder}/a", b"two")
    ...     Path(f"{folder}/a").read_bytes(), len(list(Path(folder).iterdir()))
    (b'two', 1)
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        if error.errno in _NO_ROOM:
            message = (
                f"no room for {path} ({len(content)} bytes: {error.strerror}); make room and run again: "
                "what is finished is kept"
            )
        else:
            message = f"{path} cannot be written ({error.strerror}); give a place that can"
        raise OSError(error.errno, message) from error


def _replace(path: Path, content: bytes) -> None:
    if path.exists() and not os.access(path, os.W_OK):  # renaming would replace what is protected
        raise PermissionError(errno.EACCES, "it is read-only")
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

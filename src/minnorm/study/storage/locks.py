"""Claims: who works on what, when several processes share a directory."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without locks of this kind
    fcntl = None


@contextmanager
def claim(path: Path, *, wait: bool = False) -> Iterator[bool | None]:
    """Hold a piece of work, named by a file, while the block runs.

    Yields True if it is ours, False if another process or thread holds it, None if the system or the file system has no
    locks: then work may be done twice, and files that are replaced as a whole are still right. The system
    ends the claim of a process that dies, however it dies. `wait` waits for the other. Errors: OSError in one line
    where nothing can be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "work"
    >>> with claim(path) as first, claim(path) as second:
    ...     first, second
    (True, False)
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held, file = _lock(path, wait)
    except OSError as error:
        where = f"{path.parent.parent} cannot be written ({error.strerror})"
        raise OSError(error.errno, f"{where}; make room there, or give a directory that can be") from error
    try:
        yield held
    finally:
        if held:
            path.unlink(missing_ok=True)  # while it is ours
        if file is not None:
            os.close(file)


def _lock(path: Path, wait: bool) -> tuple[bool | None, int | None]:
    if fcntl is None:
        return None, None
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            os.close(file)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False, None
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                return None, None
            raise
        if _is_open_as(path, file):
            return True, file
        os.close(file)  # its holder removed it between our two calls


def _is_open_as(path: Path, file: int) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(file))

"""A file is the old one or the new one, whatever happens while it is written."""

import errno
import os
import re
import stat

import pytest

from minnorm import atomic


def old(tmp_path):
    path = tmp_path / "a.nc"
    path.write_bytes(b"old")
    return path


@pytest.mark.parametrize("when", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, when):
    path = old(tmp_path)

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            self.file.close()

        def write(self, content):
            self.file.write(content[:1])
            full()

    if when == "write":
        opened = atomic.Path.open
        monkeypatch.setattr(atomic.Path, "open", lambda path, mode: Full(opened(path, mode)))
    elif when == "fsync":
        monkeypatch.setattr(atomic.os, "fsync", full)
    else:
        monkeypatch.setattr(atomic.Path, "replace", full)
    with pytest.raises(OSError, match=rf"no room for {re.escape(str(path))} \(3 bytes.*make room") as error:
        atomic.write(path, b"new")
    assert error.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_who_has_the_old_file_open_keeps_it(tmp_path):
    path = old(tmp_path)
    with path.open("rb") as held:
        atomic.write(path, b"new")
        assert (held.read(), path.read_bytes()) == (b"old", b"new")


def test_a_link_is_followed_and_the_mode_stays(tmp_path):
    path, link = old(tmp_path), tmp_path / "link.nc"
    path.chmod(0o640)
    link.symlink_to(path.name)
    atomic.write(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_device_is_written_to_and_stays_one():
    atomic.write("/dev/null", b"new")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(OSError, match="no room for /dev/full"):
        atomic.write("/dev/full", b"new")


def test_what_is_read_only_is_not_replaced(tmp_path, monkeypatch):
    path = old(tmp_path)
    monkeypatch.setattr(atomic.os, "access", lambda path, mode: False)  # root may write everything
    with pytest.raises(PermissionError, match=r"a\.nc cannot be written \(it is read-only\); give a place that can"):
        atomic.write(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(OSError, match=r"none/a\.nc cannot be written \(No such file or directory\)"):
        atomic.write(tmp_path / "none" / "a.nc", b"new")

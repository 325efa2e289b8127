import errno
import fcntl
import os
import subprocess
import sys

import pytest

from minnorm.study.storage.locks import claim

HOLD = """
import fcntl, os, sys, time
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_a_claim_is_exclusive_and_leaves_nothing(tmp_path):
    path = tmp_path / "claims" / "work"
    with claim(path) as first:
        with claim(path) as second:
            assert (first, second) == (True, False)
        assert path.exists()
    assert not path.exists()
    with claim(path) as third:
        assert third


def test_a_claim_ends_with_its_holder_however_that_ends(tmp_path):
    path = tmp_path / "work"
    with subprocess.Popen([sys.executable, "-S", "-c", HOLD, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with claim(path) as ours:
            assert ours is False
        process.kill()
        process.wait()
        with claim(path) as ours:
            assert ours is True


def test_a_claim_that_its_holder_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    path = tmp_path / "work"
    real, calls = fcntl.flock, []

    def flock(file, how):
        if not calls:
            path.unlink()  # between opening and locking, as its last holder does
        calls.append(how)
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with claim(path) as ours:
        assert ours
        assert path.exists()
    assert len(calls) == 2


def test_without_locks_work_goes_on(tmp_path, monkeypatch):
    def flock(_file, _how):
        raise OSError(errno.ENOLCK, "none here")

    monkeypatch.setattr(fcntl, "flock", flock)
    with claim(tmp_path / "work") as ours:
        assert ours is None
    monkeypatch.setattr(fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"), claim(tmp_path / "work"):
        pass


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EROFS, "Read-only"), (errno.EACCES, "denied"), (errno.ENOSPC, "No space")]
)
def test_a_directory_that_takes_no_file_is_named_with_a_remedy(tmp_path, monkeypatch, number, words):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("minnorm.study.storage.locks.os.open", refuse)
    with pytest.raises(OSError, match=rf"results cannot be written \(.*{words}.*\); make room there, or give") as error:
        claim(tmp_path / "results" / "claims" / "work").__enter__()
    assert error.value.errno == number

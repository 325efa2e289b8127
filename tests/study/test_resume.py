"""A run that is killed within a long shard goes on from its checkpoints."""

import errno
import signal
import subprocess
import sys

import pytest

from minnorm import study
from minnorm.study.storage.folders import Disk
from minnorm.training import checkpoint as checkpoints

# Says how many network steps are done; checkpoints as often as it can, so that a test need not wait for a minute.
RUN = """
import os, sys
from minnorm import study
from minnorm.training import checkpoint
checkpoint.SECONDS = 0.0
calls = 0

def follow(shard, part, whole):
    global calls
    calls += 1
    print(part, flush=True)

study.run(study.load(sys.argv[1]), sys.argv[2], progress=follow, threads=1)
"""

TOML = """
name = "long"
[task]
kind = "bump"
dim = 3
points = 300
[train]
optimizer = "adam"
width = 50
steps = 30_000
batch_size = 20
records = 20
[grid]
seed = 3
"""


@pytest.fixture
def long(tmp_path):
    """A study of one shard, as a file."""
    file = tmp_path / "long.toml"
    file.write_text(TOML)
    return file


def parts(directory):
    return sorted(path.name for path in directory.glob("parts/*"))


def begin_and_kill(file, directory, after):
    """Run until a fraction of the shard is done, then kill; the fraction that was done."""
    command = [sys.executable, "-c", RUN, str(file), str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as process:
        done = 0.0
        while done < after:
            done = float(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    return done


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was_with_the_same_numbers(tmp_path, long, same):
    study.run(study.load(long), tmp_path / "quiet", threads=1)
    killed = tmp_path / "killed"
    reached = begin_and_kill(long, killed, 0.5) - 0.05  # the last moments before a kill may be in no checkpoint
    assert parts(killed)
    assert study.status(killed).done == 0
    seen = []
    study.run(study.load(long), killed, progress=lambda _shard, part, _whole: seen.append(part), threads=1)
    assert seen[0] >= reached > 0.4
    assert seen == sorted(seen)
    same(killed, tmp_path / "quiet")
    assert parts(killed) == []


class Stop(Exception):
    """As a kill, but within this process."""


def begin_and_stop(specification, directory):
    """Run until half of the first shard is done."""

    def stop(_shard, part, _whole):
        if part > 0.5:
            raise Stop

    with pytest.raises(Stop):
        study.run(specification, directory, progress=stop)


@pytest.fixture
def small(small):
    """The content of a study of one shard."""
    return small | {"zip": []}


@pytest.fixture
def stopped(tmp_path, small, monkeypatch):
    """A study stopped within its shard, and its one checkpoint."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    specification = study.parse(small)
    begin_and_stop(specification, tmp_path / "a")
    (path,) = (tmp_path / "a" / "parts").iterdir()
    return specification, path


def runs_to_the_end_as_if_undisturbed(tmp_path, specification, same):
    seen = []
    study.run(specification, tmp_path / "a", progress=lambda _shard, part, _whole: seen.append(part))
    study.run(specification, tmp_path / "b")
    same(tmp_path / "a", tmp_path / "b")
    assert parts(tmp_path / "a") == parts(tmp_path / "b") == []
    return seen


@pytest.mark.slow
def test_a_checkpoint_saves_work(tmp_path, stopped, same):
    specification, _ = stopped
    assert runs_to_the_end_as_if_undisturbed(tmp_path, specification, same)[0] > 0.5


@pytest.mark.slow
def test_a_truncated_checkpoint_is_left_out(tmp_path, stopped, same):
    specification, path = stopped
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.warns(RuntimeWarning, match=f"{path.name} is damaged.*left out"):
        seen = runs_to_the_end_as_if_undisturbed(tmp_path, specification, same)
    assert seen[0] < 0.5


@pytest.mark.slow
def test_a_checkpoint_of_another_shard_is_left_out(tmp_path, stopped, small, same):
    specification, path = stopped
    first = next(specification.shards()).key
    small["train"]["width"] = 11
    other = study.parse(small)
    (tmp_path / "a").rename(tmp_path / "first")
    study.Store(tmp_path / "a").begin(other)
    second = next(other.shards()).key
    there = tmp_path / "a" / "parts" / path.name.replace(first, second)
    there.parent.mkdir()
    there.write_bytes((tmp_path / "first" / "parts" / path.name).read_bytes())
    with pytest.warns(RuntimeWarning, match=f"{there.name} is of other work: its shard is '{first}'"):
        seen = runs_to_the_end_as_if_undisturbed(tmp_path, other, same)
    assert seen[0] < 0.5


@pytest.mark.slow
def test_no_room_for_checkpoints_is_a_warning_and_no_end(tmp_path, small, same, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    whole = Disk.write

    def full(disk, name, content):
        if name.startswith("parts/"):
            raise OSError(errno.ENOSPC, "no room")
        whole(disk, name, content)

    monkeypatch.setattr(Disk, "write", full)
    with pytest.warns(RuntimeWarning, match=r"no checkpoint \(.*no room\); training goes on") as told:
        runs_to_the_end_as_if_undisturbed(tmp_path, study.parse(small), same)
    assert len(told) == 2, "once for the shard of each run"

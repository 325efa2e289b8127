"""A study is killed, in a hurry or not alone: it ends with the same arrays, and nothing finished is done twice."""

import os
import random
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

from minnorm import study

# Forks after the imports, so that a kill costs no start; shards take 60 ms and say when they begin.
CHILDREN = """
import os, random, signal, sys, time
sys.path.insert(0, sys.argv[1])
from conftest import cheap
import minnorm.study.runners.here as work
from minnorm import study

specification, directory, kills = study.load(sys.argv[2]), sys.argv[3], int(sys.argv[4])
log = os.open(os.path.join(os.path.dirname(directory), "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def run_shard(shard, progress=None, threads=None, checkpoint=None):
    exists = os.path.exists(os.path.join(directory, "shards", shard.key + ".nc"))
    os.write(log, f"{shard.key} {exists}\\n".encode())
    time.sleep(0.06)
    return cheap(shard, progress)

work.run_shard = run_shard
work.PAUSE = 0.02

def start():
    child = os.fork()
    if child == 0:
        try:
            study.run(specification, directory)
            os._exit(0)
        finally:
            os._exit(1)
    return child

chance = random.Random(5)
for _ in range(kills):
    child = start()
    time.sleep(chance.uniform(0.03, 0.4))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
last = [start() for _ in range(2)]
assert all(os.waitpid(child, 0)[1] == 0 for child in last)
"""


@pytest.fixture
def eight(tmp_path, small):
    """A study of eight shards, as a file."""
    file = tmp_path / "s.toml"
    file.write_text(
        'name = "s"\n[task]\nkind = "line"\nx = [-1.0, 0.0, 0.5, 1.0]\ny = [0.0, 1.0, 0.2, 0.4]\n'
        '[grid]\nseed = 2\nwidth = [5, 6]\noptimizer = ["gd", "adam", "lion", "muon"]\n'
    )
    return file


@pytest.mark.slow
def test_three_kills_and_two_runs_at_once(tmp_path, eight, costless, same):
    study.run(study.load(eight), tmp_path / "quiet")
    subprocess.run(
        [sys.executable, "-c", CHILDREN, str(Path(__file__).parent), str(eight), str(tmp_path / "killed"), "3"],
        check=True,
    )
    same(tmp_path / "killed", tmp_path / "quiet")
    begun = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert 8 < len(begun) <= 8 + 3, "kills hit work, and only what a kill had hit was begun again"
    assert {exists for _, exists in begun} == {"False"}
    assert list((tmp_path / "killed" / "claims").iterdir()) == []
    assert all(path.suffix == ".nc" for path in (tmp_path / "killed" / "shards").iterdir())


@pytest.mark.slow
def test_runs_of_different_studies_in_one_directory(tmp_path, costless, small, same):
    """One is refused; the other is as if nothing had been."""
    first = study.parse(small)
    study.run(first, tmp_path / "a")
    small["train"]["width"] = 13
    with pytest.raises(ValueError, match="other settings"):
        study.run(study.parse(small), tmp_path / "a")
    study.run(first, tmp_path / "b")
    same(tmp_path / "a", tmp_path / "b")


TOML = """
name = "killed"
[task]
kind = "line"
x = [-1.0, 0.0, 0.5, 1.0]
y = [0.0, 1.0, 0.2, 0.4]
[train]
width = 40
steps = 1_000_000
[grid]
seed = 4
initial = ["xavier_uniform", "kaiming_normal"]
optimizer = ["gd", "momentum", "nesterov", "adam", "lion"]
"""

# The command as users run it, but for checkpoints ten times a second, so that kills fall between them, too.
COMMAND = """
from minnorm.study.runners import processes as workers
from minnorm.training import checkpoint
checkpoint.SECONDS = 0.1
often = "from minnorm.training import checkpoint; checkpoint.SECONDS = 0.1; "
place = "from minnorm.study.runners.processes"
workers._START = workers._START.replace(place, often + place)
from minnorm.cli import main
main()
"""


def _wait(process, happens, patience=120):
    """Until it happens, or the process has ended; how long that takes depends on the machine."""
    begun = time.monotonic()
    while not happens() and process.poll() is None and time.monotonic() - begun < patience:
        time.sleep(0.01)


def _written(directory):
    """The checkpoints that there are, each with the moment of its last change."""
    found = set()
    for path in directory.glob("parts/*.npz"):
        with suppress(FileNotFoundError):  # its shard has just been finished
            found.add((path, path.stat().st_mtime_ns))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--workers", "2"]])
def test_twenty_kills_change_nothing(tmp_path, options, same):
    """Killed at random moments of its life, start and compilation included, every other time after a checkpoint."""
    file, killed = tmp_path / "killed.toml", tmp_path / "killed"
    file.write_text(TOML)
    command = [sys.executable, "-c", COMMAND, "study", "run", str(file), "--out", str(killed), *options]
    study.run(study.parse(tomllib.loads(TOML)), tmp_path / "quiet")
    chance = random.Random(1)
    stamps, kills, within = {}, 0, 0
    while kills < 20:
        for left in killed.glob("claims/*"):  # of what was killed: the next one says that a shard is at work
            left.unlink()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            # A start takes seconds: each kill falls within the time of one or two shards after it.
            _wait(process, lambda: list(killed.glob("claims/*")))
            late = kills % 2
            if late:
                before = _written(killed)
                _wait(process, lambda before=before: _written(killed) - before)
            process.wait(chance.uniform(0, 0.3 if late else 3.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        kills += 1
        within += any(killed.glob("parts/*.npz"))
        now = {path: path.stat().st_mtime_ns for path in killed.glob("shards/*.nc")}
        assert all(now[path] == stamp for path, stamp in stamps.items()), "a finished shard was written again"
        stamps = now
    assert within > 2, "kills fell within shards, after checkpoints"
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert study.status(killed).complete
    assert not any(killed.glob("parts/*"))
    same(killed, tmp_path / "quiet")

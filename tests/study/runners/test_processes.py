import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minnorm import study
from minnorm.study.runners import processes as workers

COSTLESS = (
    "import json, os, sys; os.sched_setaffinity(0, json.loads(sys.argv[1])); "
    f"sys.path.insert(0, {str(Path(__file__).parents[1])!r}); from conftest import cheap; "
    "import minnorm.study.runners.here as work; work.run_shard = cheap; "
    "from minnorm.study.runners.processes import main; main()"
)


@pytest.mark.slow
def test_two_processes_share_the_work_and_say_what_they_do(tmp_path, four, costless, same, monkeypatch):
    store = study.run(four, tmp_path / "a")
    study.run(four, tmp_path / "b")
    store.path(next(four.shards())).write_bytes(b"damaged")
    monkeypatch.setattr(workers, "_START", COSTLESS)
    seen = []
    with pytest.warns(RuntimeWarning, match="has no digest at its end.*doing it again"):
        study.run(four, tmp_path / "a", workers=2, progress=lambda *where: seen.append(where))
    same(tmp_path / "a", tmp_path / "b")
    assert {shard.key for shard, part, _ in seen if part == 1.0} == {shard.key for shard in four.shards()}
    assert seen[-1][1:] == (1.0, 1.0)


@pytest.mark.slow
def test_two_processes_end_as_one_does(tmp_path, small, same):
    small["train"]["steps"] = 20
    specification = study.parse(small)
    seen = []
    study.run(specification, tmp_path / "b", workers=2, progress=lambda _, part, whole: seen.append((part, whole)))
    study.run(specification, tmp_path / "a")
    same(tmp_path / "a", tmp_path / "b")
    assert seen[-1] == (1.0, 1.0)


class Fake:
    """A worker that says and ends as told: `_start` for processes that compute nothing."""

    def __init__(self, *endings):
        self.endings = list(endings)
        self.cores = []

    def __call__(self, _store, cores, _first):
        self.cores.append(cores)
        script = f"import os\n{self.endings.pop(0)}"
        return subprocess.Popen([sys.executable, "-S", "-c", script], stdout=subprocess.PIPE, text=True)


def test_cores_are_shared_out(tmp_path, four, monkeypatch):
    fake = Fake(*["pass"] * 5)  # which compute nothing, and so leave all to do
    monkeypatch.setattr(workers, "_start", fake)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3, 4, 5})
    study.run(four, tmp_path, workers=2)
    study.run(four, tmp_path, workers=3, threads=2)
    assert fake.cores == [[0, 2, 4], [1, 3, 5], [0], [1], [0]]


def test_an_error_of_a_worker_is_the_study_s(tmp_path, four, monkeypatch):
    said = 'print(\'{"kind": "OSError", "error": "no room for x"}\')'
    monkeypatch.setattr(workers, "_start", Fake(said, "import time; time.sleep(60)"))
    began = time.monotonic()
    with pytest.raises(OSError, match="no room for x"):
        study.run(four, tmp_path, workers=2)
    assert time.monotonic() - began < 30, "the other worker is not waited for"


def test_one_worker_may_die_and_all_may_not(tmp_path, four, monkeypatch):
    monkeypatch.setattr(workers, "_start", Fake("os.kill(os.getpid(), 9)", "pass"))
    with pytest.warns(RuntimeWarning, match=r"worker 0 died \(signal 9, perhaps for lack of memory\)"):
        study.run(four, tmp_path, workers=2)
    monkeypatch.setattr(workers, "_start", Fake("os._exit(3)"))
    with pytest.warns(RuntimeWarning, match="exit 3"), pytest.raises(OSError, match="all workers died; run again"):
        study.run(four, tmp_path, workers=1)


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"workers": 2, "cluster": "tcp://127.0.0.1:1"}])
def test_wrong_numbers_of_workers(tmp_path, four, wrong):
    with pytest.raises(ValueError, match="workers"):
        study.run(four, tmp_path, **wrong)
    assert not (tmp_path / "study.json").exists()


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(tmp_path, small):
    small["train"] |= {"steps": 10**8, "records": 400}
    script = f"from minnorm import study; study.run(study.parse({small!r}), {str(tmp_path / 's')!r}, workers=2)"
    process = subprocess.Popen([sys.executable, "-c", script])
    claims = tmp_path / "s" / "claims"
    until = time.monotonic() + 120
    while time.monotonic() < until and len(list(claims.glob("*"))) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = study.Store(tmp_path / "s")

    def free(shard):
        with store.claim(shard) as ours:
            return ours

    while time.monotonic() < until and not all(map(free, store.study().shards())):
        time.sleep(0.05)
    assert all(map(free, store.study().shards()))

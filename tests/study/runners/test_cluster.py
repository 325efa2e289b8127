"""Studies on dask.distributed; the tests with a scheduler need the `cluster` extra."""

import os
import signal
import sys
import threading
import time

import pytest

from minnorm import study

NOWHERE = "tcp://127.0.0.1:9"


def test_without_dask_the_error_says_what_to_install(tmp_path, four, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'minnorm\[cluster\]'"):
        study.run(four, tmp_path, cluster=NOWHERE)


@pytest.fixture
def cluster():
    """A scheduler and two worker processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.filterwarnings("default")
def test_a_cluster_ends_as_one_process_does_though_a_worker_is_killed(tmp_path, small, same, cluster):
    small["train"]["steps"] = 20_000
    small["grid"]["width"] = [12, 13]
    specification = study.parse(small)
    killed = []

    def kill_one(_shard, _part, _whole):
        if not killed:
            pids = [worker.process.pid for worker in cluster.workers.values()]
            os.kill(pids[0], signal.SIGKILL)
            killed.append(pids[0])

    study.run(specification, tmp_path / "b", cluster=cluster.scheduler_address, progress=kill_one)
    study.run(specification, tmp_path / "a")
    same(tmp_path / "a", tmp_path / "b")
    assert killed
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "b" / "shards").iterdir()}
    study.run(specification, tmp_path / "b", cluster=cluster.scheduler_address)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())


WAVE = """import numpy as np
from typing import Literal

from minnorm.study.specification.tasks import TaskBase, TaskData, add


@add
class WaveTask(TaskBase):
    kind: Literal["wave"]
    points: int = 9

    def count(self):
        return self.points

    def data(self):
        x = np.linspace(-1, 1, self.points)
        return TaskData(x[:, None], np.sin(3 * x))

    def region(self, count):
        return np.linspace(-1, 1, count + 1)[:, None]

    def probes(self, measures):
        return ()
"""


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("own")
def test_workers_import_what_the_command_imports(tmp_path, minnorm, same, cluster):
    """A file of one's own goes to the workers as its text: they need not see the folder where it is."""
    (tmp_path / "wave.py").write_text(WAVE)
    task = '[task]\nkind = "wave"\n[train]\nwidth = 12\nsteps = 40\nrecords = 3\n[grid]\nseed = 2\n'
    (tmp_path / "waves.toml").write_text(f'name = "waves"\n{task}')
    for out, words in (("there", ["--cluster", cluster.scheduler_address]), ("here", [])):
        done = minnorm("--import", "wave.py", "study", "run", "waves.toml", "--out", out, *words, "--json")
        assert done.returncode == 0, done.stderr
    same(tmp_path / "here", tmp_path / "there")


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.filterwarnings("default")
def test_what_another_run_computes_is_waited_for(tmp_path, costless, four, same, cluster):
    store = study.run(four, tmp_path / "a")
    first, *_ = four.shards()
    content = store.path(first).read_bytes()
    store.path(first).unlink()
    held = threading.Event()

    def other():
        with store.claim(first):
            held.set()
            time.sleep(1.0)
            store.path(first).write_bytes(content)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    study.run(four, tmp_path / "a", cluster=cluster.scheduler_address)
    thread.join()
    assert store.path(first).read_bytes() == content


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.filterwarnings("default")
def test_no_scheduler(tmp_path, four, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("minnorm.study.runners.cluster.TIMEOUT", "1s")
    with pytest.raises(ValueError, match=r"cluster is 'tcp://127\.0\.0\.1:9', where no scheduler answers"):
        study.run(four, tmp_path, cluster=NOWHERE)

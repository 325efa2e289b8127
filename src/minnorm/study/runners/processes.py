"""Several processes for one study, each pinned to its share of the cores."""

import json
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from queue import Queue
from typing import Any

from minnorm import extensions, resources
from minnorm.study.runners.here import Report, work
from minnorm.study.specification.spec import AnyShard
from minnorm.study.storage.store import Store

_START = (  # pinned before anything is loaded that counts cores or starts threads
    "import json, os, sys; cores = json.loads(sys.argv[1]); "
    "hasattr(os, 'sched_setaffinity') and os.sched_setaffinity(0, cores); "
    "from minnorm.study.runners.processes import main; main()"
)
_EVERY = 0.2  # seconds between reports of one worker


def supervise(
    store: Store, left: Sequence[AnyShard], workers: int, threads: int | None, progress: Report | None, *, done: int = 0
) -> None:
    """Compute the shards that are not done in processes of their own, which end if this one does.

    Each takes what no other has claimed, starting at its own part of the list. If one dies, the others do
    its work. Errors: those of the workers; ValueError for a store in this process's memory; OSError if all have
    died before the study was done.
    """
    if str(store.directory).startswith("memory://"):
        raise ValueError(f"directory is {store.directory}, which lives in this process; leave workers out")
    cores = resources.cores()[:threads]
    processes: list[subprocess.Popen[str]] = []
    said: Queue[tuple[int, dict[str, Any]]] = Queue()
    try:
        for i in range(workers):
            mine = cores[i::workers] or [cores[i % len(cores)]]
            processes.append(_start(store, mine, i / workers))
            threading.Thread(target=_listen, args=(i, processes[-1], said), daemon=True).start()
        _follow(processes, said, left, progress, done)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()


def _start(store: Store, cores: list[int], first: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _START, json.dumps(cores), str(store.directory), str(first), *extensions.loaded()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": str(len(cores)), "OMP_NUM_THREADS": str(len(cores))},
    )


def _listen(i: int, process: "subprocess.Popen[str]", said: "Queue[tuple[int, dict[str, Any]]]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        said.put((i, json.loads(line)))
    said.put((i, {"ended": process.wait()}))


def _follow(
    processes: "list[subprocess.Popen[str]]",
    said: "Queue[tuple[int, dict[str, Any]]]",
    left: Sequence[AnyShard],
    progress: Report | None,
    before: int,
) -> None:
    """Listen until all have ended; report what they do."""
    shards = {shard.key: shard for shard in left}
    done: set[str] = set()
    parts = [0.0] * len(processes)
    running, complete = len(processes), False
    while running:
        i, message = said.get()
        if "error" in message:
            raise {"ValueError": ValueError, "OSError": OSError}.get(message["kind"], RuntimeError)(message["error"])
        if "warning" in message:
            warnings.warn(message["warning"], RuntimeWarning, stacklevel=5)
        elif "ended" in message:
            running -= 1
            parts[i] = 0.0
            complete = complete or message["ended"] == 0
            if message["ended"]:
                warnings.warn(f"worker {i} died ({_cause(message['ended'])})", RuntimeWarning, stacklevel=5)
        else:
            part = message["part"]
            parts[i] = part % 1.0
            if part == 1.0:
                done.add(message["shard"])
            if progress is not None:
                whole = (before + len(done) + sum(parts)) / (before + len(shards))
                progress(shards[message["shard"]], part, min(1.0, whole))
    if not complete:
        raise OSError("all workers died; run again with fewer workers or more memory: what is finished is kept")


def _cause(code: int) -> str:
    return f"exit {code}" if code > 0 else f"signal {-code}" + (", perhaps for lack of memory" if code == -9 else "")


def main() -> None:
    """A worker: python -c ... CORES DIRECTORY FIRST MODULES; prints what it does, a JSON object a line."""
    _, cores, directory, first, *modules = sys.argv
    lock = threading.Lock()

    def say(**message: Any) -> None:
        with lock:
            print(json.dumps(message), flush=True)

    def end_with_parent() -> None:
        os.read(0, 1)  # returns when the parent is gone, however it went
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
    warnings.showwarning = lambda message, *_, **__: say(warning=str(message))
    last = 0.0

    def report(shard: AnyShard, part: float, _whole: float) -> None:
        nonlocal last
        if part == 1.0 or time.monotonic() - last > _EVERY:
            last = time.monotonic()
            say(shard=shard.key, part=part)

    try:
        for module in modules:
            extensions.load(module)
        store = Store(directory)
        left = [shard for shard in store.study().shards() if not store.has(shard)]
        turn = int(float(first) * len(left))
        work(store, left[turn:] + left[:turn], report, len(json.loads(cores)))
    except (ValueError, OSError) as error:
        say(kind="ValueError" if isinstance(error, ValueError) else "OSError", error=str(error))
        raise SystemExit(1) from None

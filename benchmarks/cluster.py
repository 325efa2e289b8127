"""Three ways to compute one study on the same cores, in interleaved rounds: threads, processes, a dask cluster.

Run `python benchmarks/cluster.py [--rounds 3] [--shards 16] [--seconds 10]` with the `cluster` extra installed, on an
idle machine. A study of equal shards, each of about `--seconds` on one core, is computed by one process with as many
threads as there are cores, by `--workers` as many processes, and by as many workers of one thread of a local
dask.distributed scheduler, which run already. All sides must come to the same arrays. The table has seconds from start
to end by round, and throughput relative to the process: medians of the rounds' ratios, and their range.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from minnorm import study
from minnorm.study.plan import calibrate

OPTIMIZERS = ("adam", "momentum", "nesterov", "rmsprop", "adagrad", "lion", "adamw", "nadam")
NETWORKS = 8


def specification(shards: int, steps: int) -> study.Study:
    """A study of equal shards: eight networks on a bump in three dimensions, in small batches."""
    return study.parse(
        {
            "name": "cluster",
            "task": {"kind": "bump", "dim": 3, "points": 1000, "law": "uniform_radius"},
            "train": {"width": 300, "steps": steps, "batch_size": 64},
            "measure": {"optimum": False},
            "grid": {
                "seed": NETWORKS,
                "optimizer": list(OPTIMIZERS[: max(1, min(shards, len(OPTIMIZERS)))]),
                "biases": ["uniform", "zero"][: 1 + (shards > len(OPTIMIZERS))],
            },
        }
    )


def steps_for(seconds: float) -> int:
    """How many steps make a shard of about so many seconds on one core."""
    shard = next(iter(specification(1, 10**6).shards()))
    rate = calibrate(shard, 1)
    return max(1000, round((seconds - rate.compile) / (NETWORKS * rate.step)))


def same(first: study.Store, second: study.Store) -> None:
    """All arrays of two stores agree."""
    for (_, one), (_, two) in zip(first.done(), second.done(), strict=True):
        xr.testing.assert_identical(one, two)


def measure(rounds: int, shards: int, seconds: float, cores: int) -> dict[str, object]:
    """Time each side in turn."""
    from distributed import Client, LocalCluster

    todo = specification(shards, steps_for(seconds))
    times: dict[str, list[float]] = {"process": [], "workers": [], "cluster": []}
    load: list[float] = []
    with (
        tempfile.TemporaryDirectory() as root,
        LocalCluster(n_workers=cores, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
    ):
        with Client(cluster.scheduler_address, set_as_default=False) as client:
            client.run(_ready)
        sides: dict[str, Callable[[Path], study.Store]] = {
            "process": lambda where: study.run(todo, where, threads=cores),
            "workers": lambda where: study.run(todo, where, workers=cores, threads=cores),
            "cluster": lambda where: study.run(todo, where, cluster=cluster.scheduler_address),
        }
        for i in range(rounds):
            load.append(os.getloadavg()[0])
            stores = {}
            for name in (*list(sides)[i % 3 :], *list(sides)[: i % 3]):
                began = time.perf_counter()
                stores[name] = sides[name](Path(root) / f"{name}-{i}")
                times[name].append(time.perf_counter() - began)
                print(f"round {i}, {name}: {times[name][-1]:.1f} s", flush=True)
            same(stores["process"], stores["workers"])
            same(stores["process"], stores["cluster"])
    return {
        "cores": cores,
        "shards": len(list(todo.shards())),
        "networks": len(list(todo.shards())) * NETWORKS,
        "steps": todo.train.steps,
        "load_before": [round(one, 2) for one in load],
        "seconds": {name: [round(one, 2) for one in taken] for name, taken in times.items()},
        "throughput": {name: _ratios(times["process"], taken) for name, taken in times.items() if name != "process"},
    }


def _ready() -> str:
    """Import what a shard needs."""
    import minnorm.study

    return minnorm.study.__name__


def _ratios(process: list[float], taken: list[float]) -> dict[str, float]:
    ratios = np.array(process) / np.array(taken)
    return {
        "median": round(float(np.median(ratios)), 3),
        "least": round(float(ratios.min()), 3),
        "most": round(float(ratios.max()), 3),
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shards", type=int, default=16, help="at most 16")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a shard on one core")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.rounds, arguments.shards, arguments.seconds, arguments.cores), indent=1))


if __name__ == "__main__":
    main()

"""Three ways to compute one study on the same cores, in interleaved rounds: threads, processes, a dask cluster.

Run `python benchmarks/cluster.py [--rounds 3] [--shards 16] [--seconds 10]` with the `cluster` extra installed, on an
idle machine. A study of equal shards, each of about `--seconds` on one core, is computed by one process with as many
threads as there are cores, by `--workers` as many processes, and by as many workers of one thread of a local
dask.distributed scheduler, which run already. All sides must come to the same arrays. The table has seconds from start
to end and of processors by round, and throughput relative to the process: medians of the rounds' ratios, and their
range. Processor time hardly depends on what else the machine does; it counts how much work a way costs, not how well it
keeps the cores busy.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from minnorm import study
from minnorm.study.runners.plan import calibrate

OPTIMIZERS = ("adam", "momentum", "nesterov", "rmsprop", "adagrad", "lion", "adamw", "nadam")
NETWORKS = 8
SIDES = ("process", "workers", "cluster")


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


def measure(rounds: int, todo: study.Study, cores: int, names: Sequence[str]) -> dict[str, object]:
    """Time each side in turn."""
    from distributed import Client, LocalCluster

    wall: dict[str, list[float]] = {name: [] for name in names}
    busy: dict[str, list[float]] = {name: [] for name in names}
    load: list[float] = []
    with (
        tempfile.TemporaryDirectory() as root,
        LocalCluster(n_workers=cores, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster.scheduler_address, set_as_default=False) as client,
    ):
        sides: dict[str, Callable[[Path], study.Store]] = {
            "process": lambda where: study.run(todo, where, threads=cores),
            "workers": lambda where: study.run(todo, where, workers=cores, threads=cores),
            "cluster": lambda where: study.run(todo, where, cluster=cluster.scheduler_address),
        }

        def processors() -> float:
            """Seconds that this process, its ended children and the cluster's workers have computed."""
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            workers = client.run(_processors).values()
            return time.process_time() + children.ru_utime + children.ru_stime + sum(workers)

        for i in range(rounds):
            load.append(os.getloadavg()[0])
            stores = {}
            for name in (*names[i % len(names) :], *names[: i % len(names)]):
                before, began = processors(), time.perf_counter()
                stores[name] = sides[name](Path(root) / f"{name}-{i}")
                wall[name].append(time.perf_counter() - began)
                busy[name].append(processors() - before)
                print(f"round {i}, {name}: {wall[name][-1]:.1f} s, {busy[name][-1]:.1f} s of processors", flush=True)
            for name in names:
                same(stores[names[0]], stores[name])
    return {
        "cores": cores,
        "shards": len(list(todo.shards())),
        "networks": len(list(todo.shards())) * NETWORKS,
        "steps": todo.train.steps,
        "load_before": [round(one, 2) for one in load],
        "seconds": _rounded(wall),
        "processor_seconds": _rounded(busy),
        "throughput": _ratios(wall),
        "throughput_by_processor_seconds": _ratios(busy),
    }


def _processors() -> float:
    """A worker's processor time; what a shard needs is imported first."""
    import minnorm.study  # noqa: F401

    return time.process_time()


def _rounded(taken: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [round(one, 2) for one in each] for name, each in taken.items()}


def _ratios(taken: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """How many times the process's throughput each other side has: median and range over rounds."""
    found = {}
    for name in [name for name in taken if name != "process" and "process" in taken]:
        ratios = np.array(taken["process"]) / np.array(taken[name])
        statistics = {"median": np.median(ratios), "least": ratios.min(), "most": ratios.max()}
        found[name] = {key: round(float(value), 3) for key, value in statistics.items()}
    return found


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shards", type=int, default=16, help="at most 16")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a shard on one core")
    parser.add_argument("--steps", type=int, help="of a shard; default: what --seconds take, calibrated now")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    todo = specification(arguments.shards, arguments.steps or steps_for(arguments.seconds))
    print(json.dumps(measure(arguments.rounds, todo, arguments.cores, list(arguments.sides)), indent=1))


if __name__ == "__main__":
    main()

"""What a study will take: networks, shards, time and disk, before anything of it runs."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.resources import one_blas_thread
from minnorm.study.shards import solve as solving
from minnorm.study.shards import train as training
from minnorm.study.shards.measures import Yardstick, measure_network
from minnorm.study.shards.solve import run_solve
from minnorm.study.shards.train import training_arguments
from minnorm.study.specification.settings import SolveSpec
from minnorm.study.specification.spec import AnyShard, Shard, SolveShard, Study
from minnorm.study.specification.tasks import TaskData
from minnorm.study.storage.store import Store
from minnorm.training import recorded_steps, train, usual_batch
from minnorm.training.result import METRICS

_LOOK = 0.5  # seconds of training that a calibration measures, at least
_OVERHEAD = 44_000  # bytes of a file that do not depend on its arrays
_FEW = 60  # points of the problem that a calibration solves
_GROWTH = 2.2  # power of the points that the time of an interpolant goes with, off the line; else about 1


@dataclass(frozen=True)
class Rate:
    """What was measured of one kind of shard, in seconds: to compile, a step of a network, a record, to measure it."""

    compile: float
    step: float
    record: float
    measure: float

    def seconds(self, shard: Shard) -> float:
        """The time of a shard of this kind."""
        settings = shard.train
        training = settings.steps * self.step + records(shard) * self.record
        return self.compile + settings.networks * (training + self.measure)


@dataclass(frozen=True)
class SolveRate:
    """What was measured of one kind of shard that solves: seconds for a problem of so many points."""

    problem: float
    points: int

    def seconds(self, shard: SolveShard) -> float:
        """The time of a shard of this kind."""
        more = max(1.0, shard.task.count() / self.points)
        growth = _GROWTH if shard.task.dimension() > 1 else 1.0
        return sum(self.problem * more ** (growth if lam == 0 else 1.0) for lam in shard.lams)


@dataclass(frozen=True)
class Plan:
    """What is left of a study: counts, and estimates of seconds and bytes. Problems solved count as networks."""

    networks: int
    shards: int
    done: int
    seconds: float
    bytes: int


@one_blas_thread()  # as shards have
def plan(
    study: Study,
    directory: str | Path | None = None,
    *,
    workers: int = 1,
    threads: int | None = None,
    progress: Callable[[AnyShard, float, float], None] | None = None,
) -> Plan:
    r"""Estimate what a study will take, from a short calibration of each kind of shard.

    The time of a shard is

        compile + networks * (steps * step + records * record + measure)

    with the numbers measured on the shard's own program, trained for about half a second; a record costs
    what a step on all data does. Shards that differ in initialisation, learning rates, decays, scales or
    steps are of one kind. Disk is counted from the shapes of the arrays. Of a study that solves, the problem of the
    least lam is solved with at most 60 points, and its time scaled by them, for interpolants off the line to the power
    2.2: an order of magnitude. The minima that training is compared with are not counted.

    Arguments: `directory`: where the study is or will be; its finished shards are not counted again.
    `workers`: processes that share the work evenly; calibration then runs on one thread. `threads`: as for
    `run`.

    Errors: ValueError for settings that `minnorm.train` rejects.

    >>> from minnorm.study import parse
    >>> task = {"kind": "line", "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.0]}
    >>> found = plan(parse({"name": "a", "task": task, "train": {"width": 9, "steps": 5}, "grid": {"seed": 3}}))
    >>> found.networks, found.shards, found.done, found.seconds > 0
    (3, 1, 0, True)
    """
    shards = list(study.shards())
    store = None if directory is None else Store(directory)
    left = [shard for shard in shards if store is None or not store.has(shard)]
    rates: dict[str, Any] = {}
    seconds = 0.0
    for i, shard in enumerate(left):
        kind = shard.describe()
        if kind not in rates:
            rates[kind] = _rate(shard, 1 if workers > 1 else threads)
        seconds += rates[kind].seconds(shard)
        if progress is not None:
            progress(shard, 1.0, (i + 1) / len(left))
    return Plan(
        networks=sum(shard.pieces for shard in shards),
        shards=len(shards),
        done=len(shards) - len(left),
        seconds=seconds / max(1, min(workers, len(left))),
        bytes=sum(size(shard) for shard in left),
    )


def _rate(shard: AnyShard, threads: int | None) -> Any:
    return calibrate(shard, threads) if shard.does == "train" else _solve_few(shard)


def _solve_few(shard: SolveShard) -> SolveRate:
    """Solve the hardest problem of a shard with few points."""
    task = shard.task.few(_FEW)
    smaller = SolveShard(task=task, solve=SolveSpec(lam=min(shard.lams), method=shard.solve.method))
    run_solve(smaller)  # what is first used is loaded now
    began = time.perf_counter()
    run_solve(smaller)
    return SolveRate(time.perf_counter() - began, task.count())


def calibrate(shard: Shard, threads: int | None = None) -> Rate:
    """Train a shard for a moment and measure one of its networks."""
    data = shard.task.data()
    seen: list[tuple[float, int]] = []

    def look(done: int, _total: int) -> None:
        seen.append((time.perf_counter(), done))
        if seen[-1][0] - seen[0][0] > _LOOK:
            raise _Enough

    began = time.perf_counter()
    with contextlib.suppress(_Enough):
        train(
            data.points,
            data.values,
            **{**training_arguments(shard), "records": 1},
            threads=threads,
            progress=look,
        )
    (first, _), (last, after) = seen[0], seen[-1]
    # The second half of the time: steps are taken in pieces that grow, the first ones too short to count.
    middle, before = [entry for entry in seen if entry[0] <= (first + last) / 2][-1]
    step = (last - middle) / max(after - before, 1)
    n = len(data.values)
    taken = shard.train.batch_size or usual_batch(shard.train.optimizer, n) or n
    return Rate(first - began, step, step * max(1.0, n / taken), _measuring(shard, data))


def _measuring(shard: Shard, data: TaskData) -> float:
    """Seconds to measure one network of a shard's shape, once everything is compiled."""
    rng = np.random.default_rng(0)
    m, d = shard.train.width, data.points.shape[1]
    network = ShallowReLU(rng.normal(size=(m, d)), rng.normal(size=m), rng.normal(size=m) / m, np.zeros(()))
    exact = Yardstick.of(shard.task, data)
    measure_network(network, data, shard, exact)
    began = time.perf_counter()
    measure_network(network, data, shard, exact)
    return time.perf_counter() - began


class _Enough(Exception):
    """The calibration has seen enough."""


def records(shard: Shard) -> int:
    """How many steps are recorded of each network."""
    return len(recorded_steps(shard.train.steps, shard.train.records))


def size(shard: AnyShard) -> int:
    """About how many bytes a shard's file has, from the shapes of its arrays."""
    return _OVERHEAD + shard.pieces * (_network(shard) if shard.does == "train" else 8 * solving.numbers())


def _network(shard: Shard) -> int:
    """Bytes of one network: parameters, metrics, measures."""
    settings, dim = shard.train, shard.task.dimension()
    parameters = settings.width * (dim + 2) + 1 + dim
    recorded = np.dtype(settings.dtype).itemsize * (parameters + len(METRICS) * records(shard))
    return recorded + 8 * training.numbers(shard)

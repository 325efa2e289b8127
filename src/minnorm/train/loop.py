"""Training a whole grid of networks: what users call, the loop over records, and the dataset that comes out."""

import itertools
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from numbers import Real
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr
from jaxtyping import Int

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.problem import Problem
from minnorm.train.engine import Engine, Kind, Setting, Varied
from minnorm.train.initial import INITIALISATIONS, Biases
from minnorm.train.native import instruction_set
from minnorm.train.optimizers import OPTIMIZERS, Decay
from minnorm.train.schedules import SCHEDULES

AXES = ("learning_rate", "weight_decay", "scale", "seed")
"""The axes of a grid that one compiled program covers, in the order of the result's dimensions."""

Progress = Callable[[int, int], None]
"""Called with (network steps done, network steps in all) as training goes on."""

_SGD_BATCH = 32
_CALL_SECONDS = 0.5  # of computing between two signs of progress, or chances to interrupt
_CACHED = 1 << 18  # parameters of the networks that a thread works on at once
_DESCRIPTION = {
    "training_loss": "1/(2n) sum_i (f(x_i) - y_i)^2 on all data",
    "objective": "training_loss + weight_decay * half_squares",
    "path_norm": "sum_k |a_k| |w_k|, or |(w_k, b_k)| with penalised biases",
    "half_squares": "(|a|^2 + |W|^2)/2, with |b|^2 for penalised biases: what weight_decay multiplies",
    "gradient_norm": "Euclidean norm of the objective's gradient on all data",
}
_PARAMETERS = {
    "inner_weights": ("neuron", "coordinate"),
    "biases": ("neuron",),
    "outer_weights": ("neuron",),
    "offset": (),
    "skip": ("coordinate",),
}


def train(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    optimizer: str = "adam",
    learning_rate: float | Sequence[float] = 1e-3,
    weight_decay: float | Sequence[float] = 0.0,
    scale: float | Sequence[float] = 1.0,
    seeds: int | Sequence[int] = 1,
    width: int = 1000,
    steps: int = 10_000,
    batch_size: int | None = None,
    decay: Decay | None = None,
    schedule: str = "constant",
    penalty: PathNorm | None = None,
    initial: str = "xavier_uniform",
    biases: Biases = "uniform",
    antisymmetric: bool = False,
    options: Mapping[str, float] | None = None,
    dtype: Literal["float32", "float64"] = "float32",
    records: int = 60,
    threads: int | None = None,
    engine: Literal["auto", "native", "xla"] = "auto",
    progress: Progress | None = None,
) -> xr.Dataset:
    r"""Train shallow ReLU networks over a grid of learning rates, weight decays, scales and seeds.

    Every network minimises, with its own learning rate and lam = weight decay,

        1/(2n) sum_i (f(x_i) - y_i)^2 + lam (|a|^2 + |W|^2) / 2

    whose global minimum for large width is that of (PL), `minnorm.Problem`, with the same lam.

    Arguments: `X` (n, d) or (n,), `y` (n,). `optimizer`: a name in `minnorm.train.OPTIMIZERS`; `options`
    changes its defaults, e.g. {"momentum": 0.95}. `batch_size`: None takes all data in each step, except for
    sgd and label_noise, which then draw 32 points; points are drawn with replacement. `decay`:
    "coupled" (the objective above) or "decoupled" (as in AdamW; its default). `schedule` of the learning rate:
    constant, cosine, warmup or inverse, see `minnorm.train.schedules`. `penalty` says which
    parameters decay: (a, W), or (a, W, b) for PathNorm(bias="penalised"); it also gives the network its
    skip term and offset. `initial`: xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal or
    pytorch; `biases` starts them "uniform" on +-1/sqrt(d) or at "zero"; `scale` multiplies all initial
    parameters; `antisymmetric` starts from f = 0. `seeds`: how many, or a list of them below 2**32. `records`:
    about how many log-spaced steps are recorded. `threads`: at most this many, default all cores.
    `engine`: "native" is the compiled kernel, for processors; "xla" compiles the formula, on any device;
    "auto" is native on a processor. They agree to rounding.

    Returns an `xarray.Dataset` with dimensions learning_rate, weight_decay, scale, seed, step; the metrics
    at the recorded steps; the final parameters; `diverged`, true where a number is no longer finite, and
    `diverged_step`, the first recorded step where that shows (-1: none). `networks` turns it into
    `ShallowReLU` objects. The same arguments on the same machine give the same numbers; with the native
    engine a network's numbers depend neither on the rest of the grid nor on `threads`.

    Errors: ValueError naming the argument, its value and what is allowed.

    >>> runs = train([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], learning_rate=[1e-3, 1e-2], width=20, seeds=2, steps=50)
    >>> runs.sizes["learning_rate"], runs.sizes["seed"], runs["inner_weights"].shape
    (2, 2, (2, 1, 1, 2, 20, 1))
    """
    problem = Problem(X, y, penalty, lam=1.0)  # equal points may disagree here: training only minimises
    setting = _setting(
        optimizer, options, decay, problem, initial, biases, antisymmetric, width, batch_size, dtype, engine
    )
    setting = replace(setting, schedule=_choice("schedule", schedule, SCHEDULES), horizon=_count("steps", steps, 0))
    axes = {
        "learning_rate": _axis("learning_rate", learning_rate, positive=True),
        "weight_decay": _axis("weight_decay", weight_decay),
        "scale": _axis("scale", scale),
        "seed": _seeds(seeds),
    }
    steps, records = _count("steps", steps, 0), _count("records", records, 1)
    recorded = recorded_steps(steps, records)
    with jax.enable_x64(dtype == "float64"):
        metrics, parameters = _run(problem, setting, axes, np.diff(recorded, prepend=0), _threads(threads), progress)
    return _dataset(problem, setting, axes, recorded, metrics, parameters)


def networks(runs: xr.Dataset) -> Iterator[tuple[dict[str, Any], ShallowReLU]]:
    """All final networks of a result of `train`, each with its place on the grid.

    >>> runs = train([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], width=20, seeds=2, steps=5)
    >>> [place["seed"] for place, network in networks(runs)]
    [0, 1]
    """
    names = [name for name in _PARAMETERS if name in runs]
    for index in itertools.product(*(range(runs.sizes[axis]) for axis in AXES)):
        where = dict(zip(AXES, index, strict=True))
        one = runs[names].isel(where)
        yield (
            {axis: one[axis].item() for axis in AXES},
            ShallowReLU.from_dict({name: one[name].values for name in names}),
        )


def recorded_steps(steps: int, records: int) -> Int[np.ndarray, " r"]:
    """The steps that `train` records: the start, and about `records` log-spaced ones up to the last.

    >>> recorded_steps(100, 3)
    array([  0,   1,  10, 100])
    """
    spaced = np.unique(np.round(np.geomspace(max(steps, 1), 1, records)).astype(int))  # the last step first
    return np.concatenate([[0], spaced[spaced <= steps]])


def usual_batch(optimizer: str, points: int) -> int | None:
    """The points of a step of `train` without `batch_size`; None: all.

    >>> usual_batch("sgd", 100), usual_batch("adam", 100)
    (32, None)
    """
    return min(_SGD_BATCH, points) if OPTIMIZERS[optimizer].batch == "mini" else None


def _run(
    problem: Problem,
    setting: Setting,
    axes: dict[str, np.ndarray],
    counts: np.ndarray,
    threads: int,
    progress: Progress | None,
) -> tuple[dict[str, np.ndarray], ShallowReLU]:
    """Metrics (networks, records) and final parameters (networks, ...), networks in the grid's order.

    The native engine takes all networks at once, where it runs whole steps, and gives each thread one after another.
    Else networks run in groups of fixed size, mapped together: small enough for the processor's caches, many
    enough to hide the cost of starting an operation. A last group is filled up with copies.
    """
    dtype = jnp.dtype(setting.dtype)
    total = math.prod(len(axes[axis]) for axis in AXES)
    points, values = jnp.asarray(problem.points, dtype), jnp.asarray(problem.values, dtype)
    if Engine(points, values, setting).runs_whole_steps():
        size = total
    else:
        size = _group_size(problem, setting, total, threads)
    engine = Engine(points, values, replace(setting, threads=max(1, threads // -(-total // size))))
    columns = [np.asarray(axes[axis], np.int64 if axis == "seed" else dtype) for axis in AXES]
    grid = [column.reshape(-1) for column in np.meshgrid(*columns, indexing="ij")]
    groups = [
        Varied(*(jnp.asarray(np.resize(column[i : i + size], size)) for column in grid)) for i in range(0, total, size)
    ]
    start = jax.jit(jax.vmap(engine.start)).lower(groups[0]).compile()
    zero = jnp.zeros((), jnp.int32)
    states = [start(group) for group in groups]
    advance = jax.jit(jax.vmap(engine.advance, in_axes=(0, 0, None)), donate_argnums=0)
    advance = advance.lower(states[0], groups[0], zero).compile()
    measure = jax.jit(jax.vmap(engine.metrics)).lower(states[0].network, groups[0]).compile()
    whole = int(counts.sum()) * size * len(groups)
    finished = [0] * len(groups)

    def follow(g: int) -> tuple[dict[str, np.ndarray], ShallowReLU]:
        history, pace = [], 1
        with jax.enable_x64(setting.dtype == "float64"):
            for count in counts.tolist():
                while count > 0:
                    taken, began = min(count, pace), time.perf_counter()
                    states[g] = jax.block_until_ready(advance(states[g], groups[g], jnp.asarray(taken, jnp.int32)))
                    count -= taken
                    if time.perf_counter() - began < _CALL_SECONDS / 2:
                        pace *= 2
                    finished[g] += taken * size
                    if progress is not None:
                        progress(sum(finished), whole)
                history.append(jax.device_get(measure(states[g].network, groups[g])))
        columns = {name: np.stack([h[name] for h in history], axis=1) for name in history[0]}
        return columns, jax.device_get(states[g].network)

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(follow, range(len(groups))))
    join = partial(jax.tree.map, lambda *parts: (parts[0] if len(parts) == 1 else np.concatenate(parts))[:total])
    return join(*(metrics for metrics, _ in results)), join(*(network for _, network in results))


def _group_size(problem: Problem, setting: Setting, total: int, threads: int) -> int:
    """Networks mapped together: all of them on an accelerator, a few at a time on a processor.

    The native engine spreads them over the threads as far as a group's parameters stay in the caches.
    """
    if setting.engine == "native":
        parameters = setting.width * (problem.points.shape[1] + 2)
        return max(1, min(-(-total // threads), _CACHED // parameters, 64))
    if jax.default_backend() != "cpu":
        return total
    hidden = (setting.batch_size or len(problem.values)) * setting.width
    return max(1, min(total, 4 if hidden > 4096 else 16))


def _dataset(
    problem: Problem,
    setting: Setting,
    axes: dict[str, np.ndarray],
    recorded: np.ndarray,
    metrics: dict[str, np.ndarray],
    network: ShallowReLU,
) -> xr.Dataset:
    shape = tuple(len(axes[axis]) for axis in AXES)
    variables: dict[str, Any] = {
        name: ((*AXES, "step"), array.reshape(*shape, -1), {"long_name": _DESCRIPTION[name], "units": "1"})
        for name, array in metrics.items()
    }
    for name, array in network.to_dict().items():
        variables[name] = ((*AXES, *_PARAMETERS[name]), array.reshape(*shape, *array.shape[1:]))
    broken = ~np.all([np.isfinite(array) for array in metrics.values()], axis=0)
    finite = np.all(
        [np.isfinite(array).reshape(len(array), -1).all(axis=1) for array in network.to_dict().values()],
        axis=0,
    )
    first = np.where(broken.any(axis=1), recorded[np.argmax(broken, axis=1)], np.where(finite, -1, recorded[-1]))
    variables["diverged"] = (AXES, (first >= 0).reshape(shape), {"long_name": "some number is not finite"})
    variables["diverged_step"] = (
        AXES,
        first.reshape(shape),
        {"long_name": "first recorded step, -1 if none"},
    )
    coordinates = {
        "learning_rate": ("learning_rate", axes["learning_rate"], {"long_name": "learning rate"}),
        "weight_decay": ("weight_decay", axes["weight_decay"], {"long_name": "weight decay coefficient lam"}),
        "scale": ("scale", axes["scale"], {"long_name": "factor on all initial parameters"}),
        "seed": ("seed", axes["seed"], {"long_name": "seed of initialisation and minibatches"}),
        "step": ("step", recorded, {"long_name": "optimiser steps taken", "units": "1"}),
    }
    provenance = {
        "optimizer": setting.optimizer,
        "options": json.dumps(dict(setting.options), sort_keys=True),
        "decay": setting.decay,
        "schedule": setting.schedule,
        "penalty_bias": setting.penalty.bias,
        "penalty_skip": setting.penalty.skip,
        "penalty_offset": setting.penalty.offset,
        "initial": setting.initial,
        "initial_biases": setting.biases,
        "antisymmetric": int(setting.antisymmetric),
        "width": setting.width,
        "batch_size": setting.batch_size or len(problem.values),
        "full_batch": int(setting.batch_size is None),
        "points": len(problem.values),
        "dim": problem.points.shape[1],
        "dtype": setting.dtype,
        "engine": setting.engine,
        "minnorm_version": version("minnorm"),
        "jax_version": jax.__version__,
    }
    return xr.Dataset(variables, coordinates, provenance)


# The boundary: one clear error for each argument.


def _setting(
    optimizer: str,
    options: Mapping[str, float] | None,
    decay: str | None,
    problem: Problem,
    initial: str,
    biases: str,
    antisymmetric: bool,
    width: int,
    batch_size: int | None,
    dtype: str,
    engine: str,
) -> Setting:
    entry = OPTIMIZERS[_choice("optimizer", optimizer, OPTIMIZERS)]
    unknown = set(options or {}) - set(entry.options)
    if unknown:
        raise ValueError(
            f"options has {sorted(unknown)}, which {optimizer} does not take; it takes {sorted(entry.options)}"
        )
    for name, value in (options or {}).items():
        if not (isinstance(value, Real) and 0 <= value < np.inf):
            raise ValueError(f"options has {name} = {value!r}; give a finite number >= 0")
    n = len(problem.values)
    if batch_size is None:
        batch_size = usual_batch(optimizer, n)
    elif entry.batch == "full":
        raise ValueError(f"batch_size is {batch_size}; {optimizer} takes all data in each step: use sgd")
    else:
        batch_size = _count("batch_size", batch_size, 1)
        if batch_size > n:
            raise ValueError(f"batch_size is {batch_size}, more than the {n} points; use None for all data")
    return Setting(
        optimizer=optimizer,
        options={**entry.options, **(options or {})},
        decay=_choice("decay", decay, get_args(Decay)) if decay is not None else entry.decay,
        penalty=problem.penalty,
        initial=_choice("initial", initial, INITIALISATIONS),
        biases=_choice("biases", biases, get_args(Biases)),
        antisymmetric=bool(antisymmetric),
        width=_count("width", width, 1),
        batch_size=batch_size,
        dtype=_choice("dtype", dtype, ("float32", "float64")),
        engine=_engine(engine),
    )


def _engine(engine: str) -> Kind:
    _choice("engine", engine, ("auto", "native", "xla"))
    device = jax.default_backend()
    if engine == "native" and device != "cpu":
        raise ValueError(f"engine is 'native', which runs on processors, and jax computes on {device}; use 'xla'")
    if engine == "xla" or device != "cpu":
        return "xla"
    instruction_set()  # says now what is wrong with MINNORM_ISA
    return "native"


def _choice(name: str, value: Any, allowed: Any) -> Any:
    if value not in tuple(allowed):
        raise ValueError(f"{name} is {value!r}; choose one of {', '.join(allowed)}")
    return value


def _count(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Real) or not (value >= least and value % 1 == 0):
        raise ValueError(f"{name} is {value!r}; give a whole number >= {least}")
    return int(value)


def _axis(name: str, values: float | Sequence[float], *, positive: bool = False) -> np.ndarray:
    try:
        array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        array = np.array([np.nan])
    bad = ~np.isfinite(array) | (array <= 0 if positive else array < 0)
    if array.ndim != 1 or array.size == 0 or np.any(bad):
        bound = "> 0" if positive else ">= 0"
        raise ValueError(f"{name} is {values!r}; give a finite number {bound} or a list of them")
    if np.unique(array).size != array.size:
        raise ValueError(f"{name} is {values!r}; each value may appear once")
    return array


def _seeds(seeds: int | Sequence[int]) -> np.ndarray:
    if isinstance(seeds, int | np.integer):
        return np.arange(_count("seeds", seeds, 1))
    array = np.asarray(seeds)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= 2**32:
        raise ValueError(f"seeds is {seeds!r}; give a number of seeds or a list of whole numbers from 0 to 2**32 - 1")
    if np.unique(array).size != array.size:
        raise ValueError(f"seeds is {seeds!r}; each seed may appear once")
    return array.astype(np.int64)


def _threads(threads: int | None) -> int:
    return len(os.sched_getaffinity(0)) if threads is None else _count("threads", threads, 1)

"""The boundary of `train`: its arguments checked, one clear error for each."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import get_args

import jax
import numpy as np
from jaxtyping import Int

from minnorm.checks import choice, flag, instance, real, several, shown, whole
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.resources import cores
from minnorm.training.engine import Kind, Setting
from minnorm.training.initial import INITIALISATIONS, Biases
from minnorm.training.native.calls import instruction_set
from minnorm.training.optimizers import OPTIMIZERS, Decay
from minnorm.training.schedules import SCHEDULES

Start = Callable[[int, int], ShallowReLU]
"""Gives the network of a seed and a width from which training starts."""

_SGD_BATCH = 32


def usual_batch(optimizer: str, points: int) -> int | None:
    """The points of a step of `train` without `batch_size`; None: all.

    >>> usual_batch("sgd", 100), usual_batch("adam", 100)
    (32, None)
    """
    return min(_SGD_BATCH, points) if OPTIMIZERS[optimizer].batch == "mini" else None


def setting(
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
    schedule: str,
    steps: int,
    given: bool,
) -> Setting:
    """What all networks share. `given`: they don't start from `initial`, which is to be left as it is by default."""
    optimizer = choice("optimizer", optimizer, OPTIMIZERS)
    entry = OPTIMIZERS[optimizer]
    if options is not None:
        instance("options", options, Mapping, "a dictionary of numbers, or None")
    options = {str(name): value for name, value in (options or {}).items()}
    unknown = set(options) - set(entry.options)
    if unknown:
        raise ValueError(
            f"options has {sorted(unknown)}, which {optimizer} does not take; it takes {sorted(entry.options)}"
        )
    options = {
        name: real(f"options[{name!r}]", value, "a finite number >= 0", lambda number: 0 <= number < np.inf)
        for name, value in options.items()
    }
    n = len(problem.values)
    if batch_size is None:
        batch_size = usual_batch(optimizer, n)
    elif entry.batch == "full":
        raise ValueError(f"batch_size is {batch_size}; {optimizer} takes all data in each step: use sgd")
    else:
        batch_size = whole("batch_size", batch_size, 1)
        if batch_size > n:
            raise ValueError(f"batch_size is {batch_size}, more than the {n} points; use None for all data")
    for name, value, usual in (
        ("initial", initial, "xavier_uniform"),
        ("biases", biases, "uniform"),
        ("antisymmetric", antisymmetric, False),
    ):
        if given and shown(value) != shown(usual):
            raise ValueError(f"{name} is {value!r}, but start gives the networks; leave one of them out")
    coupling: Decay = entry.decay if decay is None else choice("decay", decay, get_args(Decay))
    if entry.gradient == "searched" and coupling == "decoupled":
        raise ValueError(
            f"decay is 'decoupled'; {optimizer} searches along lines for less of the objective, which is 'coupled'"
        )
    return Setting(
        optimizer=optimizer,
        options={**entry.options, **options},
        decay=coupling,
        penalty=problem.penalty,
        initial="given" if given else choice("initial", initial, INITIALISATIONS),
        biases=choice("biases", biases, get_args(Biases)),
        antisymmetric=flag("antisymmetric", antisymmetric),
        width=whole("width", width, 1, 2**31 - 1),
        batch_size=batch_size,
        dtype=choice("dtype", dtype, ("float32", "float64")),
        engine=_engine(engine),
        schedule=choice("schedule", schedule, SCHEDULES),
        horizon=whole("steps", steps, 0, 2**31 - 1),
    )


def given_networks(start: Start, seeds: Int[np.ndarray, " s"], dim: int, setting: Setting) -> ShallowReLU:
    """What `start` gives for all seeds, as one network of NumPy arrays with an axis for seeds in front."""
    networks = [_given_network(start, seed, dim, setting) for seed in seeds.tolist()]
    return jax.tree.map(lambda *parts: np.stack(parts), *networks)


def _given_network(start: Start, seed: int, dim: int, setting: Setting) -> ShallowReLU:
    call = f"start({seed}, {setting.width})"
    found = start(seed, setting.width)
    if not isinstance(found, ShallowReLU):
        raise ValueError(f"{call} is a {type(found).__name__}; give a function that returns a ShallowReLU")
    if (found.width, found.dim) != (setting.width, dim):
        raise ValueError(
            f"{call} has width {found.width} and {found.dim} coordinates; "
            f"give networks of width {setting.width} for points of {dim}"
        )
    with np.errstate(over="ignore"):  # what the type can't hold is found below
        parts = {
            name: np.asarray(part, setting.dtype) for name, part in found.to_dict().items() if name != "activation"
        }
    for name, part in parts.items():
        if not np.all(np.isfinite(part)):
            raise ValueError(f"{call} is not finite in {setting.dtype}, in its {name}; give finite parameters")
    try:
        setting.penalty.admit(found)
    except ValueError as error:
        raise ValueError(f"{call} does not agree with penalty: {error}") from None
    parts.pop("skip", None) if setting.penalty.skip == "none" else parts.setdefault(
        "skip", np.zeros(dim, setting.dtype)
    )
    return dataclasses.replace(ShallowReLU.from_dict(parts), activation=setting.penalty.activation)


def _engine(engine: str) -> Kind:
    engine = choice("engine", engine, ("auto", "native", "xla"))
    device = jax.default_backend()
    if engine == "native" and device != "cpu":
        raise ValueError(f"engine is 'native', which runs on processors, and jax computes on {device}; use 'xla'")
    if engine == "xla" or device != "cpu":
        return "xla"
    instruction_set()  # says now what is wrong with MINNORM_ISA
    return "native"


def axis(name: str, values: float | Sequence[float], *, positive: bool = False) -> np.ndarray:
    """An axis of the grid from one number or a list."""
    array = several(values)
    bad = ~np.isfinite(array) | (array <= 0 if positive else array < 0)
    if array.ndim != 1 or array.size == 0 or np.any(bad):
        bound = "> 0" if positive else ">= 0"
        raise ValueError(f"{name} is {shown(values)}; give a finite number {bound} or a list of them")
    if np.unique(array).size != array.size:
        raise ValueError(f"{name} is {shown(values)}; each value may appear once")
    return array


def seeds(seeds: int | Sequence[int]) -> np.ndarray:
    """The axis of seeds from their number or a list."""
    if isinstance(seeds, int | np.integer):
        return np.arange(whole("seeds", seeds, 1, 2**32))
    try:
        array = np.asarray(seeds)
    except Exception:  # somebody else's conversion
        array = np.empty(0)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= 2**32:
        raise ValueError(
            f"seeds is {shown(seeds)}; give a number of seeds or a list of whole numbers from 0 to 2**32 - 1"
        )
    if np.unique(array).size != array.size:
        raise ValueError(f"seeds is {shown(seeds)}; each seed may appear once")
    return array.astype(np.int64)


def threads(threads: int | None) -> int:
    """The number of threads, by default the cores that the process may use."""
    return len(cores()) if threads is None else whole("threads", threads, 1)

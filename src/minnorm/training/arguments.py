"""The boundary of `train`: its arguments checked, one clear error for each."""

import dataclasses
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jaxtyping import Int

from minnorm.checks import choice, several, shown, whole
from minnorm.network import ShallowReLU
from minnorm.resources import cores
from minnorm.training.choice import Choice
from minnorm.training.engine import Kind
from minnorm.training.native.calls import LOSSES, instruction_set

Given = Callable[[int, int], ShallowReLU]
"""Gives the network of a seed and a width from which training starts."""


def given_networks(start: Given, seeds: Int[np.ndarray, " s"], dim: int, chosen: Choice) -> ShallowReLU:
    """What `start` gives for all seeds, as one network of NumPy arrays with an axis for seeds in front."""
    networks = [_given_network(start, seed, dim, chosen) for seed in seeds.tolist()]
    return jax.tree.map(lambda *parts: np.stack(parts), *networks)


def _given_network(start: Given, seed: int, dim: int, chosen: Choice) -> ShallowReLU:
    call = f"start({seed}, {chosen.width})"
    found = start(seed, chosen.width)
    if not isinstance(found, ShallowReLU):
        raise ValueError(f"{call} is a {type(found).__name__}; give a function that returns a ShallowReLU")
    if (found.width, found.dim) != (chosen.width, dim):
        raise ValueError(
            f"{call} has width {found.width} and {found.dim} coordinates; "
            f"give networks of width {chosen.width} for points of {dim}"
        )
    with np.errstate(over="ignore"):  # what the type can't hold is found below
        parts = {name: np.asarray(part, chosen.dtype) for name, part in found.to_dict().items() if name != "activation"}
    for name, part in parts.items():
        if not np.all(np.isfinite(part)):
            raise ValueError(f"{call} is not finite in {chosen.dtype}, in its {name}; give finite parameters")
    try:
        chosen.penalty.admit(found)
    except ValueError as error:
        raise ValueError(f"{call} does not agree with penalty: {error}") from None
    if chosen.penalty.linear_is_free:
        parts.setdefault("skip", np.zeros(dim, chosen.dtype))
    else:
        parts.pop("skip", None)
    return dataclasses.replace(ShallowReLU.from_dict(parts), activation=chosen.penalty.activation)


def engine_kind(engine: str, loss: str = "squared") -> Kind:
    """Who computes: the compiled kernel on a processor, unless asked otherwise or for a loss that it does not have."""
    engine = choice("engine", engine, ("auto", "native", "xla"))
    device = jax.default_backend()
    if engine == "native" and device != "cpu":
        raise ValueError(f"engine is 'native', which runs on processors, and jax computes on {device}; use 'xla'")
    native = loss.partition(":")[0] in LOSSES
    if engine == "native" and not native:
        raise ValueError(f"engine is 'native', which has losses {', '.join(LOSSES)}, and loss is {loss}; use 'xla'")
    if engine == "xla" or not native or device != "cpu":
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

"""The dataset that training gives, and its networks."""

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Int

from minnorm.datasets import PARAMETERS, pack, provenance, unpack
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.training import margins
from minnorm.training.engine import RECORDED, Setting

AXES = ("learning_rate", "weight_decay", "scale", "seed")
"""The axes of a grid that one compiled program covers, in the order of the result's dimensions."""

METRICS = {
    "training_loss": "1/S sum_i p_i loss(y_i, f(x_i)) on all data, squares (f(x_i) - y_i)^2 / 2 by default",
    "objective": "training_loss + weight_decay * half_squares",
    "path_norm": "sum_k |a_k| |w_k|, or |(w_k, b_k)| with penalised biases",
    "half_squares": "(|a|^2 + |W|^2)/2, with |b|^2 for penalised biases: what weight_decay multiplies",
    "gradient_norm": "Euclidean norm of the objective's gradient on all data",
}
"""What is recorded of each network, by name."""


def networks(runs: xr.Dataset, *, recorded: bool = False) -> Iterator[tuple[dict[str, Any], ShallowReLU]]:
    """All final networks of a result of `train`, each with its place on the grid.

    With `recorded` those of all its steps, which `train` keeps with `trajectory`; their places have the step, too.

    >>> from minnorm.training import train
    >>> runs = train([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], width=20, seeds=2, steps=5)
    >>> [place["seed"] for place, network in networks(runs)]
    [0, 1]
    """
    prefix, axes = (RECORDED, (*AXES, "step")) if recorded else ("", AXES)
    names = {prefix + name: name for name in PARAMETERS if prefix + name in runs}
    if not names:
        raise ValueError("runs has the networks of its last step alone; train with trajectory=True")
    kept = runs[list(names)].rename(names)
    for index in itertools.product(*(range(runs.sizes[axis]) for axis in axes)):
        one = kept.isel(dict(zip(axes, index, strict=True)))
        yield {axis: one[axis].item() for axis in axes}, unpack(one)


def dataset(
    data: Points,
    setting: Setting,
    axes: dict[str, np.ndarray],
    recorded: Int[np.ndarray, " r"],
    found: dict[str, np.ndarray],
    network: ShallowReLU,
) -> xr.Dataset:
    """What `train` returns, from what was recorded (networks, records, ...) and final parameters (networks, ...).

    Networks are in the grid's order.
    """
    shape = tuple(len(axes[axis]) for axis in AXES)
    metrics = {name: array for name, array in found.items() if not name.startswith(RECORDED)}
    kept = {name: (RECORDED + name, found[RECORDED + name]) for name in PARAMETERS if RECORDED + name in found}
    words = METRICS | margins.RECORDED
    variables: dict[str, Any] = {
        name: ((*AXES, "step"), array.reshape(*shape, -1), {"long_name": words[name], "units": "1"})
        for name, array in metrics.items()
    }
    variables |= pack(network.to_dict(), dict(zip(AXES, shape, strict=True)))
    for name, (word, array) in kept.items():
        variables[word] = ((*AXES, "step", *PARAMETERS[name]), array.reshape(*shape, *array.shape[1:]))
    broken = ~np.all([np.isfinite(array) for array in metrics.values()], axis=0)
    finite = np.all(
        [
            np.isfinite(array).reshape(len(array), -1).all(axis=1)
            for name, array in network.to_dict().items()
            if name in PARAMETERS
        ],
        axis=0,
    )
    first = np.where(broken.any(axis=1), recorded[np.argmax(broken, axis=1)], np.where(finite, -1, recorded[-1]))
    variables["diverged"] = (AXES, (first >= 0).reshape(shape), {"long_name": "some number is not finite"})
    variables["diverged_step"] = (
        AXES,
        first.reshape(shape),
        {"long_name": "first recorded step, -1 if none"},
    )
    if margins.learnt(setting.choice.loss):
        share = setting.choice.settled or margins.SETTLED
        stands = margins.course(metrics["margin"], metrics["normalised_margin"], recorded, share)
        variables |= {name: (AXES, each.reshape(shape), {"long_name": word}) for name, (each, word) in stands.items()}
    coordinates = {
        "learning_rate": ("learning_rate", axes["learning_rate"], {"long_name": "learning rate"}),
        "weight_decay": ("weight_decay", axes["weight_decay"], {"long_name": "weight decay coefficient lam"}),
        "scale": ("scale", axes["scale"], {"long_name": "factor on all initial parameters"}),
        "seed": ("seed", axes["seed"], {"long_name": "seed of initialisation and minibatches"}),
        "step": ("step", recorded, {"long_name": "optimiser steps taken", "units": "1"}),
    }
    attributes = {
        **setting.choice.attributes(len(data)),
        "points": len(data),
        "dim": data.x.shape[1],
        "engine": setting.engine,
        **({"weighted": 1} if data.weighted else {}),
        **({} if setting.choice.settled is None else {"ending": _ending(setting.choice.steps, recorded)}),
        **provenance(),
        "jax_version": jax.__version__,
    }
    return xr.Dataset(variables, coordinates, attributes)


def _ending(steps: int, recorded: Int[np.ndarray, " r"]) -> str:
    """Why training that waits for margins to settle ended."""
    return "settled" if recorded[-1] < steps else "steps"

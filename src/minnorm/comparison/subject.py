"""What is compared: a network, and what is known of its training."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from minnorm.checks import reject_not_finite, shown
from minnorm.datasets import penalty_of
from minnorm.interop import read
from minnorm.network import ShallowReLU, as_network
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution
from minnorm.training import networks

_NO_BIASES = "the network has no biases, and the bound is of networks that may have them"
_KINDS = (
    "a ShallowReLU, a Solution, what train returned, or a fitted model of PyTorch, Keras, scikit-learn, Flax, Equinox "
    "or ONNX"
)
DECOUPLED = (
    "decoupled decay is the gradient of no objective: that of the same decay, coupled, is what this compares with"
)


@dataclass(frozen=True)
class Subject:
    """A network; what is known of its training, by the names of `compare`'s options; and what is to be said of it."""

    network: ShallowReLU
    known: Callable[[int], dict[str, Any]] = lambda _: {}
    of_penalty: PathNorm | None = None
    has_offset: bool = True
    notes: tuple[str, ...] = ()
    classes: tuple[Any, Any] | None = None

    def asked(self, given: dict[str, Any], points: int) -> dict[str, Any]:
        """The options that were given, and for the others what is known of training on so many points."""
        options = dict(given)
        weighed = given["weight_decay"] is not None or given["lam"] is not None
        for name, value in self.known(points).items():
            of_weight = name in ("weight_decay", "lam", "reduction")
            if options[name] is None and not (of_weight and weighed):
                options[name] = value
        return {**options, "decayed": "weights" if options["decayed"] is None else options["decayed"]}

    def penalty(self, decayed: Any) -> PathNorm:
        """What a network of this kind may have, and what of it decays."""
        if self.of_penalty is not None:
            return self.of_penalty
        skip = self.network.skip is not None and bool(np.any(np.asarray(self.network.skip)))
        return PathNorm(
            "penalised" if isinstance(decayed, str) and decayed == "all" else "free",
            "free" if skip else "none",
            "free" if self.has_offset else "none",
            self.network.activation,
        )

    def labels(self, y: Any) -> Any:
        """The classes of a classifier as -1 and 1; any other values as they are."""
        if self.classes is None:
            return y
        found = np.asarray(y)
        known = (found == self.classes[0]) | (found == self.classes[1])
        if not np.all(known):
            said = shown(found[~known].reshape(-1)[0])
            raise ValueError(f"y has {said}, and the model's classes are {shown(np.asarray(self.classes).tolist())}")
        return np.where(found == self.classes[1], 1.0, -1.0)

    def fit_for(self, dim: int) -> None:
        """ValueError unless the network takes points of this dimension."""
        if self.network.dim != dim:
            raise ValueError(f"X has {dim} columns and the model takes {self.network.dim}; give what it was trained on")


def subject_of(model: Any) -> Subject:
    """A model as a subject; ValueError for one that is none."""
    if isinstance(model, Solution):
        known = {"lam": model.lam or None, "loss": str(model.loss)}
        return Subject(model.network.to_numpy(), lambda _: known, model.penalty)
    found = read(model, "model")
    if found is not None:
        network = ShallowReLU(**found.parts).to_numpy()
        offset = found.offset is not None
        notes = found.notes if found.biases is not None else (*found.notes, _NO_BIASES)
        return Subject(network, found.known, None, offset, notes, found.classes)
    if not isinstance(getattr(model, "network", model), ShallowReLU):
        raise ValueError(f"model is {shown(model)}; give {_KINDS}")
    network = as_network(model, "model").to_numpy()
    for name, part in network.to_dict().items():
        reject_not_finite(np.asarray(part), f"model.{name}")
    return Subject(network)


def recorded(runs: xr.Dataset) -> bool:
    """Whether it has the networks of its steps."""
    return "recorded_inner_weights" in runs


def subjects_of(runs: xr.Dataset) -> Iterator[Subject]:
    """All networks of what `train` returned, in the grid's order, with `trajectory` those of every recorded step.

    Errors: ValueError for another dataset.
    """
    about = runs.attrs
    if not {"inner_weights", "training_loss", "half_squares"} <= set(runs.data_vars) or "penalty_bias" not in about:
        raise ValueError("model is a dataset, but not one of minnorm.train; give that, or a network")
    penalty = penalty_of(about)
    notes = () if about.get("decay") != "decoupled" else (f"{about['optimizer']}: {DECOUPLED}",)
    for place, network in networks(runs, recorded=recorded(runs)):
        known = {"lam": float(place["weight_decay"]), "loss": about.get("loss", "squared")}
        yield Subject(network.to_numpy(), lambda _, known=known: known, penalty, notes=notes)

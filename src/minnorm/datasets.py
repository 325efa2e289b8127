"""Networks and penalties as variables and attributes of xarray datasets, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from minnorm.activation import Activation
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

PARAMETERS: dict[str, tuple[str, ...]] = {
    "inner_weights": ("neuron", "coordinate"),
    "biases": ("neuron",),
    "outer_weights": ("neuron",),
    "offset": (),
    "skip": ("coordinate",),
}
"""The variables of a network, and their dimensions."""

_PREFIX = "penalty_"


Parts = Mapping[str, np.ndarray]
"""The parameters of a network by name, as `ShallowReLU.to_dict` gives them."""


def pack(parts: Parts, dims: Mapping[str, int] | None = None) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """The variables of a dataset for a network, or for many whose parts have one more axis in front, for all `dims`.

    `dims` are names and sizes of dimensions, whose product is the number of networks.

    >>> net = ShallowReLU(np.ones((3, 2)), np.zeros(3), np.ones(3), np.array(0.0))
    >>> {name: dims for name, (dims, _) in pack(net.to_dict()).items()}["inner_weights"]
    ('neuron', 'coordinate')
    """
    dims = dims or {}
    variables = {}
    for name in PARAMETERS:
        if name not in parts:
            continue
        part = parts[name]
        own = part.shape[1:] if dims else part.shape
        variables[name] = ((*dims, *PARAMETERS[name]), part.reshape((*dims.values(), *own)))
    return variables


def unpack(data: xr.Dataset, width: int | None = None) -> ShallowReLU:
    """The network of a dataset that holds one, with its penalty's activation.

    With `width` it is without the neurons after so many, which pad it.

    KeyError if a variable is missing.
    """
    parts: dict[str, np.ndarray] = {}
    for name, dims in PARAMETERS.items():
        if name != "skip" or name in data.data_vars:
            part = data[name].values
            parts[name] = part[:width] if "neuron" in dims else part
    sigma = Activation.of(data.attrs.get(f"{_PREFIX}activation"))
    return replace(ShallowReLU.from_dict(parts), activation=sigma)


def padded(networks: Sequence[ShallowReLU], *, skip: bool) -> dict[str, np.ndarray]:
    """The parts of networks with one more axis in front; neurons of weight 0 make all equally wide.

    `skip` says whether there is a skip term, of zeros for those that have none.
    """
    nets = [net.to_numpy() for net in networks]
    widest = max(net.width for net in nets)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in PARAMETERS if skip or name != "skip"}
    for net in nets:
        given = {"skip": np.zeros(net.dim)} | net.to_dict()
        for name, found in parts.items():
            dims, part = PARAMETERS[name], given[name]
            whole = np.zeros([widest if dim == "neuron" else size for dim, size in zip(dims, part.shape, strict=True)])
            whole[tuple(slice(size) for size in part.shape)] = part
            found.append(whole)
    return {name: np.stack(found) for name, found in parts.items()}


def penalty_attributes(penalty: PathNorm) -> dict[str, str | int]:
    """Its options as attributes of a dataset; the activation only if it is not ReLU, inputs only if they are few.

    >>> penalty_attributes(PathNorm("penalised"))
    {'penalty_bias': 'penalised', 'penalty_skip': 'none', 'penalty_offset': 'free'}
    """
    options = {"bias": penalty.bias, "skip": penalty.skip, "offset": penalty.offset} | penalty.unusual
    return {_PREFIX + name: option for name, option in options.items()}


def penalty_of(attributes: Mapping[str, Any]) -> PathNorm:
    """The inverse; KeyError if an option is missing."""
    options = [attributes[_PREFIX + name] for name in ("bias", "skip", "offset")]
    inputs = attributes.get(f"{_PREFIX}inputs")
    sigma = Activation.of(attributes.get(f"{_PREFIX}activation"))
    return PathNorm(*options, activation=sigma, inputs=None if inputs is None else int(inputs))


def provenance() -> dict[str, str]:
    """What made a dataset."""
    return {"minnorm_version": version("minnorm")}

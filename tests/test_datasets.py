"""Networks and penalties survive the way to xarray and back."""

import dataclasses
from itertools import product

import numpy as np
import pytest
import xarray as xr

from minnorm.datasets import pack, padded, penalty_attributes, penalty_of, unpack
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm


def network(width, dim=2, skip=False, seed=0):
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=dim) if skip else None
    return ShallowReLU(
        rng.normal(size=(width, dim)), rng.normal(size=width), rng.normal(size=width), np.array(3.0), slope
    )


def same(one, other):
    parts, others = one.to_dict(), other.to_dict()
    return parts.keys() == others.keys() and all(np.array_equal(part, others[name]) for name, part in parts.items())


@pytest.mark.parametrize(("width", "skip"), list(product([0, 3], [False, True])))
def test_a_network_comes_back(width, skip):
    one = network(width, skip=skip)
    data = xr.Dataset(pack(one.to_dict()) | {"skipped": ("other", np.zeros(4))})
    assert same(unpack(data), one)
    assert dict(data.sizes) == {"neuron": width, "coordinate": 2, "other": 4}


@pytest.mark.parametrize("skip", [False, True])
def test_networks_of_several_widths_come_back_without_their_padding(skip):
    nets = [network(width, skip=skip, seed=width) for width in (2, 0, 5)]
    data = xr.Dataset(pack(padded(nets, skip=skip), {"lam": 3}))
    for k, net in enumerate(nets):
        one = data.isel(lam=k)
        assert same(unpack(one, net.width), net)
        x = np.random.default_rng(1).normal(size=(6, 2))
        assert unpack(one).evaluate(x) == pytest.approx(net.evaluate(x))  # the padding counts for nothing


def test_a_grid_of_networks_has_a_dimension_for_each_axis():
    nets = [network(3, seed=seed) for seed in range(6)]
    data = xr.Dataset(pack(padded(nets, skip=False), {"rate": 2, "seed": 3}))
    for k, (rate, seed) in enumerate(product(range(2), range(3))):
        assert same(unpack(data.isel(rate=rate, seed=seed)), nets[k])


def test_a_variable_that_is_missing_is_named():
    data = xr.Dataset(pack(network(2).to_dict())).drop_vars("biases")
    with pytest.raises(KeyError, match="biases"):
        unpack(data)


@pytest.mark.parametrize(
    "penalty", [PathNorm(), PathNorm("penalised", "free", "none", "leaky_relu:0.1"), PathNorm(inputs=2)]
)
def test_a_penalty_comes_back(penalty):
    attributes = penalty_attributes(penalty)
    assert penalty_of({"other": 1} | attributes) == penalty
    # ReLU, and neurons that read all columns, are what is not mentioned.
    told = len(dataclasses.fields(PathNorm)) - penalty.activation.rectifies - (penalty.inputs is None)
    assert len(attributes) == told
    with pytest.raises(KeyError, match="penalty_bias"):
        penalty_of({name: value for name, value in attributes.items() if name != "penalty_bias"})

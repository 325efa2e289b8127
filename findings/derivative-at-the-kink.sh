#!/usr/bin/env bash
# PyTorch 2.13.0 and JAX 0.10.2: functions that are max(x, 0) in value have other derivatives at 0, where the neurons of a network
# with biases 0 are at a point x = 0. Expected: one convention, that of relu, 0. Seen: in PyTorch relu, threshold and leaky_relu of
# slope 0 have 0, maximum has 1/2, clamp(min=0) and fmax have 1; in JAX relu has 0, maximum and clip 1/2, leaky_relu of slope 0 has 1,
# so that clamp and leaky_relu differ between the two as much as they can. A network written with one of them and one with relu agree
# in every value and part at the first step of training on data that hold the origin.
source "$(dirname "$0")/run.sh"
install torch==2.13.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
expect <<'PYTHON'
import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F


def of_torch(function):
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    values = function(x)
    values.sum().backward()
    assert values.tolist() == [0.0, 0.0, 2.0] and x.grad.tolist()[::2] == [0.0, 1.0]
    return x.grad.tolist()[1]


def of_jax(function):
    x = jnp.array([-1.0, 0.0, 2.0])
    slopes = jax.grad(lambda x: function(x).sum())(x).tolist()
    assert function(x).tolist() == [0.0, 0.0, 2.0] and slopes[::2] == [0.0, 1.0]
    return slopes[1]


zero = torch.zeros(3)
torchs = {
    "relu": of_torch(F.relu),
    "threshold": of_torch(lambda x: F.threshold(x, 0.0, 0.0)),
    "leaky_relu of slope 0": of_torch(lambda x: F.leaky_relu(x, 0.0)),
    "maximum": of_torch(lambda x: torch.maximum(x, zero)),
    "clamp": of_torch(lambda x: x.clamp(min=0.0)),
    "fmax": of_torch(lambda x: torch.fmax(x, zero)),
}
jaxs = {
    "relu": of_jax(jax.nn.relu),
    "leaky_relu of slope 0": of_jax(lambda x: jax.nn.leaky_relu(x, 0.0)),
    "maximum": of_jax(lambda x: jnp.maximum(x, 0.0)),
    "clip": of_jax(lambda x: jnp.clip(x, 0.0)),
}
print("PyTorch", torchs)
print("JAX", jaxs)
assert list(torchs.values()) == [0.0, 0.0, 0.0, 0.5, 1.0, 1.0]
assert list(jaxs.values()) == [0.0, 1.0, 0.5, 0.5]


def first_step(activation):
    """The gradient of sum (f - y)^2 in the biases, which are 0, with the origin among the points."""
    inner = torch.tensor([[1.0, -1.0], [0.5, 2.0]])
    bias = torch.zeros(2, requires_grad=True)
    points, labels = torch.tensor([[0.0, 0.0], [1.0, 0.5]]), torch.tensor([1.0, 0.0])
    ((activation(points @ inner.T + bias).sum(1) - labels) ** 2).sum().backward()
    return bias.grad.tolist()


one, other = first_step(F.relu), first_step(lambda x: x.clamp(min=0.0))
print("gradient of the biases, relu", one, "clamp", other)
assert one != other
PYTHON

#!/usr/bin/env bash
# PyTorch 2.13.0 and optax 0.2.8: both have Muon with a factor sqrt(max(1, rows/columns)) on the orthogonal step, and both mean
# (outputs, inputs) by it; but PyTorch's weights are stored as (outputs, inputs) and optax takes (inputs, outputs). Expected: the
# same array, gradient and rate give the same step. Seen: on (48, 3) PyTorch's is 4.11 times as long, on (3, 48) it has .26 of the
# length: sqrt(rows/columns), up to the orthogonalisation; a vector is refused by PyTorch, and moved by NAdam by optax.
source "$(dirname "$0")/run.sh"
install torch==2.13.0 optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
expect <<'PYTHON'
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
import optax
import torch

rng = np.random.default_rng(0)


def by_torch(weights, gradient):
    parameter = torch.tensor(weights, requires_grad=True)
    parameter.grad = torch.tensor(gradient)
    torch.optim.Muon([parameter], lr=0.02, weight_decay=0.0).step()
    return parameter.detach().numpy() - weights


def by_optax(weights, gradient):
    rule = optax.contrib.muon(0.02)
    weights = jnp.array(weights)
    step, _ = rule.update(jnp.array(gradient), rule.init(weights), weights)
    return np.asarray(step)


for shape in ((48, 3), (3, 48)):
    weights, gradient = rng.normal(size=shape), rng.normal(size=shape)
    one, other = by_torch(weights, gradient), by_optax(weights, gradient)
    ratio = np.linalg.norm(one) / np.linalg.norm(other)
    print(f"{shape}: PyTorch's step is {ratio:.2f} times optax's, sqrt(rows/columns) = {(shape[0] / shape[1]) ** 0.5:.2f}")
    assert abs(ratio / (shape[0] / shape[1]) ** 0.5 - 1) < 0.05
    assert np.sum(one * other) > 0.99 * np.linalg.norm(one) * np.linalg.norm(other)
    turned = by_optax(weights.T, gradient.T).T
    assert abs(np.linalg.norm(one) / np.linalg.norm(turned) - 1) < 0.05

try:
    by_torch(rng.normal(size=5), rng.normal(size=5))
    raise SystemExit("PyTorch takes vectors")
except ValueError as error:
    print(f"PyTorch: {error}")
step = by_optax(rng.normal(size=5), rng.normal(size=5))
print(f"optax moves a vector by {np.abs(step).round(4)}")
assert np.ptp(np.abs(step)) < 1e-6
PYTHON

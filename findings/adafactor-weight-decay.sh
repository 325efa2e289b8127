#!/usr/bin/env bash
# PyTorch 2.13.0, Keras 3.15.1 and optax 0.2.8: Adafactor takes the same step in all three, to the last digits, until there is weight
# decay: PyTorch and Keras shrink the weights by learning rate x decay a step, optax by its weight_decay_rate alone, at every rate.
# Expected: decay .1 at rate .001 keeps .9999 of the weights a step. Seen: optax keeps .9: a thousand times the decay, one that no
# schedule of the rate lowers; optax.adamw has it as the other two.
source "$(dirname "$0")/run.sh"
install torch==2.13.0 keras==3.15.1 optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
export KERAS_BACKEND=jax
expect <<'PYTHON'
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch

weights = np.array([1.0, -2.0, 3.0])


def by_torch(gradient, rate, decay):
    parameter = torch.tensor(weights, requires_grad=True)
    parameter.grad = torch.tensor(gradient)
    torch.optim.Adafactor([parameter], lr=rate, weight_decay=decay).step()
    return parameter.detach().numpy()


def by_keras(gradient, rate, decay):
    parameter = keras.Variable(weights, dtype="float64")
    rule = keras.optimizers.Adafactor(learning_rate=rate, weight_decay=decay, relative_step=False)
    rule.build([parameter])
    rule.apply([jnp.array(gradient)], [parameter])
    return np.asarray(parameter)


def by_optax(gradient, rate, decay, rule=None):
    rule = rule or optax.adafactor(rate, weight_decay_rate=decay)
    step, _ = rule.update(jnp.array(gradient), rule.init(jnp.array(weights)), jnp.array(weights))
    return np.asarray(weights + step)


for rate in (0.01, 0.001):
    steps = [take(np.ones(3), rate, 0.0) - weights for take in (by_torch, by_keras, by_optax)]
    print(f"rate {rate}: steps without decay {[float(step[0].round(6)) for step in steps]}")
    assert all(np.allclose(step, steps[0], rtol=1e-5, atol=0) for step in steps)
    kept = [float((take(np.zeros(3), rate, 0.1) / weights)[0]) for take in (by_torch, by_keras, by_optax)]
    print(f"rate {rate}: kept with decay 0.1: PyTorch {kept[0]:.6f}, Keras {kept[1]:.6f}, optax {kept[2]:.6f}")
    assert np.allclose(kept, [1 - 0.1 * rate, 1 - 0.1 * rate, 0.9], rtol=1e-7)
    adamw = by_optax(np.zeros(3), rate, 0.1, optax.adamw(rate, weight_decay=0.1)) / weights
    assert np.allclose(adamw, 1 - 0.1 * rate)
PYTHON

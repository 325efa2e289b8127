"""Schedules of the learning rate: each is one entry, a factor for each step of a run of given length."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax


def _real(step: Any) -> Any:
    return jnp.asarray(step, jnp.result_type(float))  # a quotient of whole numbers is only float32


SCHEDULES: dict[str, Callable[[int], optax.Schedule]] = {
    "constant": lambda steps: lambda step: jnp.ones(()),
    "cosine": lambda steps: optax.cosine_decay_schedule(1.0, max(steps, 1)),
    "warmup": lambda steps: lambda step: jnp.minimum(1.0, (_real(step) + 1) / max(1.0, steps / 10)),
    "inverse": lambda steps: lambda step: 1 / (1 + 100 * _real(step) / max(steps, 1)),
}
"""All schedules by name, as functions of the number of steps of the whole run: constant; cosine, from 1 down to 0 at
the last step (Loshchilov & Hutter 2017); warmup, rising evenly over the first tenth (Goyal et al. 2017); inverse,
1 / (1 + 100 t / steps), the 1/t of Robbins & Monro (1951) after the first hundredth."""

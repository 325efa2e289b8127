"""Equinox: modules with two Linear layers, as `eqx.nn.MLP` of depth 1."""

# pyright: reportMissingImports=false

from typing import Any

import numpy as np

from minnorm.interop.found import WANTED, Found, floating, found, in_order

_UNIT = 2.0**-24


def read(model: Any, name: str = "model") -> Found:
    """A module with two Linear layers and a ReLU between, called at some points to see that it does nothing else."""
    import equinox as eqx
    import jax

    layers, whole = [], (eqx.nn.Linear, eqx.nn.Dropout)
    for part in jax.tree.leaves(model, is_leaf=lambda one: isinstance(one, whole)):
        if isinstance(part, eqx.nn.Linear):
            if part.weight is None:
                raise ValueError(f"{name} has a Linear without weights; give the module, eqx.combine(arrays, static)")
            weight = floating(part.weight, name)
            layers.append((weight, None if part.bias is None else floating(part.bias, name)))
        elif eqx.is_array(part):
            raise ValueError(f"{name} has an array of shape {part.shape} beside its Linear layers; {WANTED}")
        elif isinstance(part, eqx.nn.Dropout) and part.p:
            raise ValueError(f"{name} has a Dropout; {WANTED}")
    seen = found(name, *in_order(name, layers))

    def call(x: np.ndarray) -> Any:
        kind = seen.inner_weights.dtype
        return np.asarray(jax.vmap(model)(jax.numpy.asarray(x.astype(kind))), np.float64)

    unit = 2.0**-53 if seen.inner_weights.dtype == np.float64 else _UNIT
    return seen.looked_at(name, call, unit, guess=True)

"""Flax: nnx modules, and bound modules of linen."""

# pyright: reportMissingImports=false

from typing import Any

import numpy as np

from minnorm.interop.found import WANTED, Found, floating, found, in_order
from minnorm.interop.state import read as read_state

_UNIT = 2.0**-24


def read(model: Any, name: str = "model") -> Found:
    """An nnx module with two Linear layers, or a bound module of linen with two Dense layers; a ReLU between.

    The module is called at some points, to see that it does nothing else.
    """
    from flax import nnx

    if isinstance(model, nnx.Module):
        seen = _nnx(model, name, nnx)
    else:
        import flax.linen as nn

        if not isinstance(model, nn.Module):
            return read_state(model, name)  # trees of parameters of its own classes
        if model.scope is None:
            raise ValueError(f"{name} has no parameters; give {name}.bind(variables), or the parameters themselves")
        variables: Any = model.variables
        other = sorted(set(variables) - {"params"})
        if other:
            raise ValueError(f"{name} has {', '.join(other)} beside parameters, as batch norms have; {WANTED}")
        seen = read_state(variables["params"], name)

    def call(x: np.ndarray) -> Any:
        return np.asarray(model(x.astype(np.float32)), np.float64)

    return seen.looked_at(name, call, _UNIT, guess=True)


def _nnx(model: Any, name: str, nnx: Any) -> Found:
    layers = []
    for path, part in nnx.iter_modules(model):
        if isinstance(part, nnx.Linear):
            bias = part.bias if getattr(part, "use_bias", True) else None
            bias = None if bias is None or bias[...] is None else floating(bias[...], name)
            layers.append((floating(part.kernel[...], name).T, bias))
        elif isinstance(part, nnx.Dropout) and part.rate:
            raise ValueError(f"{name} has a Dropout ({'.'.join(map(str, path))}); {WANTED}")
        elif any(isinstance(held, nnx.Variable) for held in vars(part).values()):
            where = ".".join(map(str, path))
            raise ValueError(f"{name} has a {type(part).__name__}{f' ({where})' if where else ''}; {WANTED}")
    return found(name, *in_order(name, layers))

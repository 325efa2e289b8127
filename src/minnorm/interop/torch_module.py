"""PyTorch: modules with two Linear layers, whatever they are called."""

# pyright: reportMissingImports=false

import copy
from typing import Any

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.interop.found import WANTED, Found, floating, found, in_order
from minnorm.interop.state import read as read_state

_IDLE = ("Identity", "Flatten")


def read(module: Any, name: str = "model") -> Found:
    """A module with two Linear layers and a ReLU or LeakyReLU between, as modules or in `forward`.

    The module is copied in float64 and called at some points, to see that it does nothing else.
    """
    import torch
    from torch import nn

    if isinstance(module, torch.Tensor):
        raise ValueError(f"{name} is a tensor; give the module, or its state dict")
    if not isinstance(module, nn.Module):
        return read_state(module, name)  # a state dict of its own class
    if isinstance(module, torch.jit.ScriptModule):
        raise ValueError(f"{name} is TorchScript; give the module that it was made of, or {name}.state_dict()")
    layers, slopes = [], []
    for path, part in module.named_modules():
        kind = type(part).__name__
        if isinstance(part, nn.Linear) and not list(part.children()):
            if isinstance(part.weight, nn.parameter.UninitializedParameter):
                raise ValueError(f"{name} has a {kind} ({path}) that was never called; call it with points first")
            layers.append((part.weight, part.bias))
        elif isinstance(part, nn.ReLU | nn.LeakyReLU):
            slopes.append(float(getattr(part, "negative_slope", 0.0)))
        elif (isinstance(part, nn.Dropout) and part.p == 0) or kind in _IDLE:
            continue
        elif not list(part.children()) or list(part.parameters(recurse=False)):
            raise ValueError(f"{name} has a {kind}{f' ({path})' if path else ''}; {WANTED}")
    if len(slopes) > 1 and len(layers) == 2:
        raise ValueError(f"{name} has {len(slopes)} activations; {WANTED}")
    sigma = Activation(1.0, -slopes[0]) if slopes and slopes[0] else RELU
    layers = [(floating(w, name), None if b is None else floating(b, name)) for w, b in layers]
    seen = found(name, *in_order(name, layers), sigma)
    original = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    try:
        alone = copy.deepcopy(original).to("cpu", torch.float64).eval()
    except Exception:  # what cannot be copied cannot be looked at in float64
        return seen

    def call(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return alone(torch.from_numpy(x)).numpy()

    return seen.looked_at(name, call, 2.0**-53, guess=not slopes)


def sequential(state: dict[str, np.ndarray], activation: Activation) -> Any:
    """Sequential(Linear, ReLU or LeakyReLU, Linear) with these arrays, at their precision."""
    import torch
    from torch import nn

    if activation.plus != 1:
        raise ValueError(f"the activation is {activation}, for which PyTorch has no module; use to_state_dict")
    between = nn.ReLU() if activation.rectifies else nn.LeakyReLU(-activation.minus)
    tensors = {key: torch.from_numpy(array.copy()) for key, array in state.items()}
    m, d = state["0.weight"].shape
    made = nn.Sequential(nn.Linear(d, m), between, nn.Linear(m, 1)).to(tensors["0.weight"].dtype)
    made.load_state_dict(tensors)
    return made

"""Arrays by name: state dicts, trees of parameters, the content of a file."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.checks import choice, instance, shown
from minnorm.interop.found import WANTED, Found, found, in_order

_OURS = ("inner_weights", "biases", "outer_weights", "offset")
_WEIGHTS, _KERNELS, _BIASES = ("weight", "weights", "w", "W"), ("kernel",), ("bias", "biases", "b")
_NORMS = ("num_batches_tracked", "running_mean", "running_var")
_INSIDE = ("state_dict", "model_state_dict", "model", "params")  # of checkpoints and trees, where the arrays are


def read(
    state: Any,
    name: str = "state",
    activation: Activation = RELU,
    keys: Mapping[str, str] | None = None,
) -> Found:
    """Two layers of a mapping of arrays, nested or with dots in its names.

    Matrices are "weight" (m, d) or "kernel" (d, m), vectors "bias"; which layer is the first is seen by their shapes.
    `keys` says where to find "inner_weights", "biases", "outer_weights" and "offset", instead.
    """
    if not isinstance(state, Mapping):
        raise ValueError(f"{name} is {_kind(state)}; give the network, or a mapping of its arrays by name")
    arrays = dict(_flat(_unpacked(state)))
    if keys is not None:
        return _named(arrays, name, activation, keys)
    if set(_OURS) - {"biases", "offset"} <= set(arrays):
        outer = arrays["outer_weights"]
        return found(
            name,
            (arrays["inner_weights"], arrays.get("biases")),
            (np.reshape(outer, (1, -1)), arrays.get("offset")),
            Activation(*np.asarray(arrays["activation"]).tolist()) if "activation" in arrays else activation,
        )
    for key in arrays:
        if key.rpartition(".")[2] in _NORMS or key.startswith("batch_stats."):
            raise ValueError(f"{name} has {key}, of a batch norm; {WANTED}")
    layers: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        layer, _, last = key.rpartition(".")
        kind = next((k for k, words in (("w", _WEIGHTS), ("k", _KERNELS), ("b", _BIASES)) if last in words), None)
        shape = _shape(array, f"{name}: {key}")
        if kind is None or len(shape) != (1 if kind == "b" else 2):
            raise ValueError(
                f"{name} has {key} of shape {shape}; {WANTED}, as weight or kernel and bias; or say which is which, "
                "ShallowReLU.from_state_dict(..., keys=...)"
            )
        layers.setdefault(layer, {})[kind] = array
    pairs = [(one.get("w", _turned(one.get("k"))), one.get("b")) for one in layers.values()]
    if any(weights is None for weights, _ in pairs):
        raise ValueError(f"{name} has a bias without weights; its keys are {', '.join(arrays)[:120]}")
    return found(name, *in_order(name, pairs), activation)


def _named(arrays: dict[str, Any], name: str, activation: Activation, keys: Mapping[str, str]) -> Found:
    instance("keys", keys, Mapping, f"a dictionary from {', '.join(_OURS)} to keys of {name}")
    parts: dict[str, Any] = {}
    for ours, key in keys.items():
        choice("a key of keys", ours, _OURS)
        if key not in arrays:
            raise ValueError(f"keys has {shown(key)} for {ours}, and {name} has {', '.join(map(str, arrays))[:200]}")
        parts[ours] = arrays[key]
    if not {"inner_weights", "outer_weights"} <= set(parts):
        raise ValueError("keys lacks inner_weights or outer_weights; give both")
    outer = parts["outer_weights"]
    outer = np.reshape(outer, (1, -1)) if np.ndim(outer) == 1 else outer
    return found(name, (parts["inner_weights"], parts.get("biases")), (outer, parts.get("offset")), activation)


def _unpacked(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is inside of a checkpoint."""
    for word in _INSIDE:
        inside = state.get(word)
        if isinstance(inside, Mapping) and not any(np.ndim(part) for part in state.values() if _is_array(part)):
            return _unpacked(inside)
    return state


def _kind(state: Any) -> str:
    return f"the class {state.__name__}" if isinstance(state, type) else f"a {type(state).__name__}"


def _shape(array: Any, name: str) -> tuple[int, ...]:
    try:
        return tuple(np.shape(array))
    except ValueError:  # rows of different lengths
        raise ValueError(f"{name} is {shown(array)}, which is no array; give one of numbers") from None


def _is_array(part: Any) -> bool:
    return hasattr(part, "shape")


def _flat(state: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, part in state.items():
        if isinstance(part, Mapping):
            yield from _flat(part, f"{before}{key}.")
        else:
            yield f"{before}{key}", part


def _turned(kernel: Any) -> Any:
    return None if kernel is None else kernel.T

"""Keras 3, on any of its backends."""

# pyright: reportMissingImports=false

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.interop.found import WANTED, Found, counted, found

_IDLE = ("InputLayer", "Flatten", "Identity")
_LOSSES = {
    "mse": "squared",
    "mean_squared_error": "squared",
    "MeanSquaredError": "squared",
    "mae": "absolute",
    "mean_absolute_error": "absolute",
    "MeanAbsoluteError": "absolute",
    "binary_crossentropy": "logistic",
    "BinaryCrossentropy": "logistic",
    "hinge": "hinge",
    "Hinge": "hinge",
}
_UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}


def read(model: Any, name: str = "model") -> Found:
    r"""A model of two Dense layers and a ReLU or LeakyReLU between; its loss, and its L2 regularisers.

        l2 (|a|^2 + |W|^2) beside the mean of losses: weight_decay is 2 l2

    A sigmoid at the end is left to the loss, logistic then: the network is what goes into it.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ValueError(f"{name} is a {type(model).__name__}; give a Keras model")
    dense, slopes, sigmoid = [], [], False
    for layer in _layers(model, keras):
        kind = type(layer).__name__
        if isinstance(layer, keras.layers.Dense):
            if not layer.built:
                raise ValueError(f"{name} has a Dense ({layer.name}) that is not built; call it with points first")
            dense.append(layer)
            word = getattr(layer.activation, "__name__", "")
        elif isinstance(layer, keras.layers.ReLU):
            if layer.max_value is not None or layer.threshold:
                raise ValueError(f"{name} has a ReLU with max_value or threshold ({layer.name}); {WANTED}")
            slopes.append(float(layer.negative_slope or 0.0))
            continue
        elif isinstance(layer, keras.layers.LeakyReLU):
            slopes.append(float(layer.negative_slope))
            continue
        elif isinstance(layer, keras.layers.Activation):
            word = getattr(layer.activation, "__name__", "")
        elif kind in _IDLE or (isinstance(layer, keras.layers.Dropout) and layer.rate == 0):
            continue
        else:
            raise ValueError(f"{name} has a {kind} ({layer.name}); {WANTED}")
        if word == "relu":
            slopes.append(0.0)
        elif word == "leaky_relu":
            slopes.append(0.2)
        elif word == "sigmoid" and len(dense) == 2:
            sigmoid = True
        elif word != "linear":
            raise ValueError(f"{name} has the activation {word or layer.activation} ({layer.name}); {WANTED}")
    if len(dense) != 2:
        raise ValueError(f"{name} has {counted(len(dense), 'Dense layer')}; {WANTED}")
    if len(slopes) != 1:
        raise ValueError(f"{name} has {len(slopes)} activations; {WANTED}")
    pairs = [(_numpy(layer.kernel, keras).T, _numpy(layer.bias, keras) if layer.use_bias else None) for layer in dense]
    sigma = Activation(1.0, -slopes[0]) if slopes[0] else RELU
    known = _known(model, dense, sigmoid)
    notes = _notes(model)
    seen = found(name, pairs[0], pairs[1], sigma, known=lambda _: known, notes=notes)

    shape = tuple(getattr(model, "input_shape", None) or ())[1:]

    def call(x: np.ndarray) -> np.ndarray:
        x = x.reshape(len(x), *shape) if None not in shape and math.prod(shape) == x.shape[1] else x  # before Flatten
        out = np.asarray(keras.ops.convert_to_numpy(model(x.astype(np.float32), training=False)), np.float64)
        return np.log(out / (1 - out)) if sigmoid else out

    unit = max(_UNIT.get(str(layer.compute_dtype), 2.0**-8) for layer in dense)
    return seen if sigmoid else seen.looked_at(name, call, unit, guess=False)


def _layers(model: Any, keras: Any) -> Iterator[Any]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer, keras)
        else:
            yield layer


def _numpy(variable: Any, keras: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable))


def _known(model: Any, dense: list[Any], sigmoid: bool) -> dict[str, Any]:
    """What a compiled model minimises, as far as `compare` can."""
    known: dict[str, Any] = {}
    loss = getattr(model, "loss", None)
    word = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    about: dict[str, Any] = {} if isinstance(loss, str) else getattr(loss, "_fn_kwargs", {})  # no public name has all
    if word in ("Huber", "huber"):
        known["loss"] = f"huber:{float(about.get('delta', 1.0))!r}"
    elif word in _LOSSES:
        known["loss"] = _LOSSES[word]
    if known.get("loss") == "logistic" and (sigmoid == bool(about.get("from_logits")) or about.get("label_smoothing")):
        del known["loss"]  # of a probability of a probability, or with other labels
    rates = [_l2(getattr(layer, f"{part}_regularizer")) for part in ("kernel", "bias") for layer in dense]
    weights, biases = rates[:2], [rate for rate, layer in zip(rates[2:], dense, strict=True) if layer.use_bias]
    if None not in rates and weights[0] and weights[0] == weights[1]:
        if not any(biases):
            known |= {"weight_decay": 2 * weights[0], "decayed": "weights"}
        elif all(rate == weights[0] for rate in biases):
            known |= {"weight_decay": 2 * weights[0], "decayed": "all"}
    return {**known, "reduction": "mean"}


def _l2(regulariser: Any) -> float | None:
    """Its factor, 0 for none; None for another than L2."""
    if regulariser is None:
        return 0.0
    if float(getattr(regulariser, "l1", 0.0)) or not hasattr(regulariser, "l2"):
        return None
    return float(regulariser.l2)


def _notes(model: Any) -> tuple[str, ...]:
    decay = getattr(getattr(model, "optimizer", None), "weight_decay", None)
    if not decay:
        return ()
    kind = type(model.optimizer).__name__
    return (f"{kind}'s weight_decay of Keras is decoupled, the gradient of no objective: that of the regularisers is",)

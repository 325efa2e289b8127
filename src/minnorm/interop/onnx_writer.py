"""ONNX: Gemm, Relu, Gemm, written for networks of one output or several, and what a classifier makes of them."""

# pyright: reportMissingImports=false

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minnorm.activation import Activation

_OPSET, _IR = 17, 8  # old enough for most readers


@dataclass(frozen=True)
class Layers:
    """Arrays of one type: (m, d), (m,), (k, m), (k,), and v (k, d) of terms v . x, of k outputs; what is between."""

    inner_weights: np.ndarray
    biases: np.ndarray
    outer_weights: np.ndarray
    offset: np.ndarray
    activation: Activation
    skip: np.ndarray | None = None

    @staticmethod
    def of(state: Mapping[str, np.ndarray], activation: Activation, skip: Any = None) -> "Layers":
        """Those of a network's state dict, and v (d,) of its term v . x."""
        inner, biases, outer, offset = state.values()
        return Layers(inner, biases, outer, offset, activation, None if skip is None else np.array(skip)[None])


def written(layers: Layers) -> Any:
    """A `ModelProto` from "points" (n, d) to "values" (n, k); PRelu for leaks, Abs for |z|."""
    return _model(layers, *_values(layers))


def classifier(layers: Layers, classes: np.ndarray, *, logistic: bool) -> Any:
    """The same with the outputs "label" (n,), as `classes` are, and, if `logistic`, "probabilities" (n, classes).

    One output is above 0 for the second of two classes; of several the largest wins.
    """
    from onnx import TensorProto, helper

    nodes, tensors = _values(layers)
    kind, two = layers.biases.dtype, len(classes) == 2
    tensors |= {"classes": classes, "zero": np.zeros((), kind), "last": np.array([1])}
    outputs: dict[str, Any] = {}
    node = helper.make_node
    if logistic:
        nodes.append(node("Sigmoid", ["values"], ["each"]))
        outputs["probabilities"] = helper.make_tensor_value_info("probabilities", _code(kind), ["n", len(classes)])
        if two:
            nodes += [
                node("Neg", ["values"], ["against"]),
                node("Sigmoid", ["against"], ["first"]),
                node("Concat", ["first", "each"], ["probabilities"], axis=1),
            ]
        else:  # equal where all round to 0
            tensors |= {"one": np.ones((), kind), "equal": np.full((), 1 / len(classes), kind)}
            nodes += [
                node("ReduceSum", ["each", "last"], ["total"], keepdims=1),
                node("Greater", ["total", "zero"], ["some"]),
                node("Where", ["some", "total", "one"], ["divisor"]),
                node("Div", ["each", "divisor"], ["shares"]),
                node("Where", ["some", "shares", "equal"], ["probabilities"]),
            ]
    if two:
        nodes += [
            node("Greater", ["values", "zero"], ["second"]),
            node("Cast", ["second"], ["numbers"], to=TensorProto.INT64),
            node("Squeeze", ["numbers", "last"], ["number"]),
        ]
    else:
        nodes.append(node("ArgMax", ["values"], ["number"], axis=1, keepdims=0))
    nodes.append(node("Gather", ["classes", "number"], ["label"]))
    label = helper.make_tensor_value_info("label", _code(_plain(classes).dtype), ["n"])
    return _model(layers, nodes, tensors, {"label": label, **outputs})


def _values(layers: Layers) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Nodes up to the values, and their arrays."""
    from onnx import helper

    sigma, kind = layers.activation, layers.biases.dtype
    tensors = {
        "0.weight": layers.inner_weights,
        "0.bias": layers.biases,
        "2.weight": layers.outer_weights,
        "2.bias": layers.offset,
    }
    if sigma.rectifies:
        between = helper.make_node("Relu", ["hidden"], ["active"])
    elif sigma.plus == 1 and sigma.minus == 1:
        between = helper.make_node("Abs", ["hidden"], ["active"])
    elif sigma.plus == 1:
        tensors["slope"] = np.array([-sigma.minus], kind)  # exact, where LeakyRelu's would be a float32
        between = helper.make_node("PRelu", ["hidden", "slope"], ["active"])
    else:
        raise ValueError(f"the activation is {sigma}, for which ONNX has no node")
    bent = "values" if layers.skip is None else "bent"
    nodes = [
        helper.make_node("Gemm", ["points", "0.weight", "0.bias"], ["hidden"], transB=1),
        between,
        helper.make_node("Gemm", ["active", "2.weight", "2.bias"], [bent], transB=1),
    ]
    if layers.skip is not None:
        tensors["skip"] = layers.skip
        nodes.append(helper.make_node("Gemm", ["points", "skip", bent], ["values"], transB=1))
    return nodes, tensors


def _model(
    layers: Layers, nodes: list[Any], tensors: dict[str, np.ndarray], outputs: dict[str, Any] | None = None
) -> Any:
    """Checked; the values are its last output."""
    import onnx
    from onnx import helper, numpy_helper

    (k, _), (_, d) = layers.outer_weights.shape, layers.inner_weights.shape
    code = _code(layers.biases.dtype)
    start, end = (
        helper.make_tensor_value_info(word, code, ["n", size]) for word, size in (("points", d), ("values", k))
    )
    initial = [numpy_helper.from_array(np.ascontiguousarray(_plain(part)), word) for word, part in tensors.items()]
    graph = helper.make_graph(nodes, "ShallowReLU", [start], [*(outputs or {}).values(), end], initial)
    made = helper.make_model(graph, producer_name="minnorm", opset_imports=[helper.make_opsetid("", _OPSET)])
    made.ir_version = _IR
    onnx.checker.check_model(made)
    return made


def _plain(array: np.ndarray) -> np.ndarray:
    """Strings as objects, as ONNX wants them."""
    return array.astype(object) if array.dtype.kind in "US" else array


def _code(kind: Any) -> Any:
    """Its number of a type."""
    from onnx import TensorProto, helper

    return TensorProto.STRING if kind.kind == "O" else helper.np_dtype_to_tensor_dtype(kind)

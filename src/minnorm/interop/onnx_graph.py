"""ONNX: graphs that are Gemm, Relu, Gemm, however they are written."""

# pyright: reportMissingImports=false

from dataclasses import dataclass
from typing import Any

import numpy as np

from minnorm.activation import ABSOLUTE, RELU, Activation
from minnorm.interop.found import WANTED, Found, counted, found

_IDLE = ("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Dropout")
_DECIDES = (
    *("Neg", "Sub", "Sigmoid", "Concat", "Greater", "ArgMax", "Gather", "ArrayFeatureExtractor", "ZipMap"),
    *_IDLE,
)  # what makes classes and probabilities of a value


class _Misfit(Exception):
    """Shapes that do not follow each other."""


@dataclass
class _Layer:
    """W x + b, as far as it is known."""

    weights: np.ndarray | None = None
    biases: np.ndarray | None = None

    def times(self, matrix: np.ndarray) -> None:
        """Then (k, d) from the left."""
        before = (self.weights, self.biases)
        if any(part is not None and matrix.shape[1:] != part.shape[:1] for part in before):
            raise _Misfit
        self.weights = matrix if self.weights is None else matrix @ self.weights
        self.biases = None if self.biases is None else matrix @ self.biases

    def plus(self, vector: np.ndarray) -> None:
        """Then a constant."""
        if self.biases is not None and vector.size not in (1, self.biases.size):
            raise _Misfit
        self.biases = vector.reshape(-1) if self.biases is None else self.biases + vector.reshape(-1)


def read(model: Any, name: str = "model") -> Found:
    """The two layers of a `ModelProto`: of Gemm, or of MatMul and Add, with Relu, LeakyRelu or PRelu between, and a
    term v . x that is added at the end: by a Gemm of the points, or their MatMul and an Add.

    What leaves numbers alone may be anywhere; a Sigmoid or a Greater at the end, and what a classifier makes of it, is
    left out.
    """
    import onnx
    from onnx import numpy_helper
    from onnx.external_data_helper import uses_external_data

    if not isinstance(model, onnx.ModelProto):
        raise ValueError(f"{name} is a {type(model).__name__}; give an onnx ModelProto")
    graph = model.graph
    outside = next((one.name for one in graph.initializer if uses_external_data(one)), None)
    if outside is not None:
        raise ValueError(f"{name} has {outside} in another file; write one file, onnx.save(onnx.load(path), path)")
    known = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    inputs = [one.name for one in graph.input if one.name not in known]
    if len(inputs) != 1:
        raise ValueError(f"{name} has {len(inputs)} inputs; {WANTED}")
    at, layers, sigma, end = inputs[0], [_Layer()], RELU, ""
    aside, skip = _Layer(), None  # what is made of the points beside the chain, and its name until it is added
    for node in graph.node:
        if node.op_type == "Constant":
            known[node.output[0]] = _constant(node, numpy_helper)
            continue
        if node.op_type in ("Transpose", "Cast", "Identity") and all(one in known for one in node.input):
            value = known[node.input[0]]
            known[node.output[0]] = value.T if node.op_type == "Transpose" else value
            continue
        if end:
            if node.op_type not in _DECIDES:
                raise ValueError(f"{name} has a {node.op_type}{_place(node)} after a {end}; {WANTED}")
            continue
        attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        if len(layers) == 2 and skip is None and node.op_type in ("Gemm", "MatMul") and node.input[0] == inputs[0]:
            onto = _beside(aside, node, attributes, known, at, name)
            skip, at = ("", node.output[0]) if onto else (node.output[0], at)
            continue
        if skip and node.op_type == "Add" and set(node.input) == {at, skip}:
            skip, at = "", node.output[0]
            continue
        if at not in node.input:
            raise ValueError(f"{name} has a {node.op_type}{_place(node)} beside the chain of its layers; {WANTED}")
        if node.op_type in ("Relu", "LeakyRelu", "PRelu", "Abs"):
            if len(layers) == 2:
                raise ValueError(f"{name} has {node.op_type} a second time{_place(node)}; {WANTED}")
            sigma = _activation(node, attributes, known, name)
            layers.append(_Layer())
        elif node.op_type in ("Sigmoid", "Greater") and len(layers) == 2:
            end = node.op_type
        elif node.op_type in ("Gemm", "MatMul", "Add"):
            try:
                _apply(layers[-1], node, attributes, known, at, name)
            except _Misfit:
                raise ValueError(
                    f"{name} has a {node.op_type}{_place(node)} of a shape that does not fit; {WANTED}"
                ) from None
        elif node.op_type not in _IDLE:
            raise ValueError(f"{name} has a {node.op_type}{_place(node)}; {WANTED}")
        at = node.output[0]
    if skip:
        raise ValueError(f"{name} has a MatMul that is added to nothing; {WANTED}")
    outputs = [one.name for one in graph.output]
    if not end and outputs != [at]:
        raise ValueError(f"{name} has the outputs {', '.join(outputs)}, of which {at} alone is its last; {WANTED}")
    if len(layers) != 2 or any(layer.weights is None for layer in layers):
        raise ValueError(f"{name} has {counted(sum(one.weights is not None for one in layers), 'layer')}; {WANTED}")
    options: dict[str, Any] = {"loss": "logistic", "reduction": "mean"} if end == "Sigmoid" else {}
    if aside.biases is not None:
        layers[1].plus(aside.biases)
    first, second = ((one.weights, one.biases) for one in layers)
    notes = () if aside.weights is None else ("its linear term v . x is taken to be free: no decay is counted for v",)
    return found(name, first, second, sigma, aside.weights, known=lambda _: options, notes=notes)


def _beside(
    aside: _Layer, node: Any, attributes: dict[str, Any], known: dict[str, np.ndarray], at: str, name: str
) -> bool:
    """A layer of the points beside the chain; whether the chain is added there."""
    onto = len(node.input) == 3 and node.input[2] == at
    if onto and attributes.get("beta", 1.0) != 1:
        raise ValueError(f"{name} has a Gemm that scales what it adds to{_place(node)}; {WANTED}")
    _apply(aside, node, attributes, known, node.input[0], name, list(node.input[:2] if onto else node.input))
    return onto


def _place(node: Any) -> str:
    return f" ({node.name})" if node.name else ""


def _constant(node: Any, helper: Any) -> np.ndarray:
    (one,) = node.attribute
    if one.name == "value":
        return helper.to_array(one.t)
    return np.asarray(one.f if one.name == "value_float" else list(one.floats) or list(one.ints) or one.i)


def _activation(node: Any, attributes: dict[str, Any], known: dict[str, np.ndarray], name: str) -> Activation:
    if node.op_type in ("Relu", "Abs"):
        return RELU if node.op_type == "Relu" else ABSOLUTE
    slope = float(attributes.get("alpha", 0.01))
    if node.op_type == "PRelu":
        slopes = np.unique(known.get(node.input[1], np.zeros(0)))
        if slopes.size != 1:
            raise ValueError(f"{name} has a PRelu of several slopes{_place(node)}; {WANTED}")
        slope = slopes[0]
    short = np.float32(slope)  # 0.1 was 0.1 before it was a float32
    return Activation(1.0, -float(str(short) if short == slope else slope))


def _apply(
    layer: _Layer,
    node: Any,
    attributes: dict[str, Any],
    known: dict[str, np.ndarray],
    at: str,
    name: str,
    inputs: list[str] | None = None,
) -> None:
    """One linear operation on the chain, or of some of its `inputs` alone."""
    inputs = list(node.input) if inputs is None else inputs
    others = [known.get(one) for one in inputs if one != at]
    if any(other is None for other in others) or inputs.count(at) != 1:
        raise ValueError(f"{name} has a {node.op_type}{_place(node)} of two computed arrays; {WANTED}")
    if node.op_type == "Add":
        layer.plus(others[0])  # pyright: ignore[reportArgumentType]
        return
    if node.input[0] != at:
        raise ValueError(f"{name} has a {node.op_type}{_place(node)} from the other side; {WANTED}")
    matrix: Any = others[0]
    if node.op_type == "Gemm":
        if attributes.get("transA", 0):
            raise ValueError(f"{name} has a Gemm of transposed points{_place(node)}; {WANTED}")
        matrix = matrix if attributes.get("transB", 0) else matrix.T
        alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
        layer.times(matrix if alpha == 1 else alpha * matrix)
        if len(others) == 2:
            vector: Any = others[1]
            layer.plus(vector if beta == 1 else beta * vector)
        return
    layer.times(matrix.T)

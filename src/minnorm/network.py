"""Shallow ReLU networks: evaluation, and the changes that leave the function alone."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Shaped
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from minnorm._types import Array, Scalar
from minnorm.activation import RELU, Activation
from minnorm.checks import flag, instance, numbers, real, shown
from minnorm.compensated import two_product
from minnorm.interop.found import WANTED, Found
from minnorm.interop.models import read
from minnorm.interop.state import read as read_state
from minnorm.kinked import on_the_line
from minnorm.pytree import register

_BLOCK = 1 << 22  # hidden values held at once by `evaluate`
_PARTS = ("inner_weights", "biases", "outer_weights", "offset", "skip")


@dataclasses.dataclass(frozen=True, init=False, eq=False, repr=False)
class ShallowReLU:
    r"""A shallow ReLU network on R^d.

        f(x) = c + v . x + sum_k a_k sigma(w_k . x + b_k)

    Arguments: `inner_weights` w (m, d), `biases` b (m,), `outer_weights` a (m,), `offset` c (scalar),
    `skip` v (d,) or None and `activation` sigma, ReLU unless another `Activation` or its word is given.
    JAX arrays make it a differentiable pytree; NumPy arrays keep float64 whatever JAX is configured to.

    Calling it takes one point, shape (d,): batch with `jax.vmap`, or use `evaluate` for many points at the
    network's own precision.

    >>> import numpy as np
    >>> hat = ShallowReLU(np.ones((3, 1)), np.array([1.0, 0.0, -1.0]), np.array([1.0, -2.0, 1.0]), np.array(0.0))
    >>> hat.evaluate(np.array([[-1.0], [0.0], [0.5]]))
    array([0. , 1. , 0.5])
    """

    inner_weights: Float[Array, "m d"]
    biases: Float[Array, " m"]
    outer_weights: Float[Array, " m"]
    offset: Float[Array, ""]
    skip: Float[Array, " d"] | None
    activation: Activation

    def __init__(
        self,
        inner_weights: Float[Array, "m d"],
        biases: Float[Array, " m"],
        outer_weights: Float[Array, " m"],
        offset: Float[Array, ""],
        skip: Float[Array, " d"] | None = None,
        activation: Activation | str = RELU,
    ) -> None:
        parts = (inner_weights, biases, outer_weights, offset, skip)
        for name, part in zip((*_PARTS, "activation"), (*parts, Activation.of(activation)), strict=True):
            object.__setattr__(self, name, part)

    def __eq__(self, other: object) -> Any:
        """Whether all arrays have the same shapes, types and entries; traced where JAX traces it."""
        if not isinstance(other, ShallowReLU):
            return NotImplemented
        mine, others = self._arrays, other._arrays
        same: Any = self.activation == other.activation and mine.keys() == others.keys()
        for name in mine if same else ():
            one, two = mine[name], others[name]
            alike = (one.shape, one.dtype) == (two.shape, two.dtype) and (one == two).all()
            same = same & (bool(alike) if isinstance(alike, np.bool_) else alike)
        return same

    def __repr__(self) -> str:
        parts = [f"{name}={_described(array)}" for name, array in self._arrays.items()]
        parts += [] if self.activation.rectifies else [f"activation={self.activation!r}"]
        return "".join(["ShallowReLU(", *(f"\n  {part}," for part in parts)])[:-1] + "\n)"

    @property
    def _arrays(self) -> dict[str, Any]:
        """The parameters that there are, under their names."""
        return {name: part for name in _PARTS if (part := getattr(self, name)) is not None}

    @property
    def width(self) -> int:
        """The number of neurons m."""
        return self.inner_weights.shape[0]

    @property
    def dim(self) -> int:
        """The number of coordinates d."""
        return self.inner_weights.shape[1]

    def __call__(self, x: Shaped[Array, " d"]) -> Scalar:
        """f(x) at one point."""
        if np.shape(x) != (self.dim,):
            raise ValueError(f"x has shape {np.shape(x)}; this network takes one point, ({self.dim},): see evaluate")
        hidden: Any = self.inner_weights @ x + self.biases
        if not all(isinstance(array, np.ndarray) for array in (x, *self._arrays.values())):
            import jax

            hidden = jax.numpy.asarray(hidden)
        value = self.offset + self.activation(hidden) @ self.outer_weights
        return value if self.skip is None else value + self.skip @ x

    def evaluate(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at many points (n, d), in float64 NumPy; the n x m hidden matrix is never held whole.

        For d = 1 the neurons are sorted by knot and summed in double-double arithmetic, which takes
        O((m + n) log m) and does not lose digits where large slopes cancel.
        """
        x = numbers(points, "points")
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"points has shape {x.shape}; this network takes (n, {self.dim})")
        net = self.to_numpy()
        if self.dim == 1 and self.width > 0:
            return on_the_line(x[:, 0], net.rectified().to_dict())
        values = np.full(len(x), float(net.offset))
        if net.skip is not None:
            values += x @ net.skip
        rows = max(1, _BLOCK // max(1, self.width))
        for i in range(0, len(x), rows):
            hidden = x[i : i + rows] @ net.inner_weights.T
            hidden += net.biases
            values[i : i + rows] += self.activation(hidden) @ net.outer_weights
        return values

    def to_numpy(self) -> "ShallowReLU":
        """The same network with float64 NumPy arrays."""
        arrays = {name: np.asarray(array, dtype=np.float64) for name, array in self._arrays.items()}
        return dataclasses.replace(self, **arrays)

    # The same function with other parameters.

    def balance(self, *, with_bias: bool = False) -> "ShallowReLU":
        """Rescale each neuron so that |a_k| = |w_k|; then weight decay equals the path norm.

        `with_bias=True` balances |a_k| = |(w_k, b_k)| instead, the form for penalised biases. A neuron with
        w_k = 0 is constant and cannot be balanced without its bias: it is left alone.
        """
        net = self.to_numpy()
        size = _sizes(net, flag("with_bias", with_bias))
        amplitude = np.abs(net.outer_weights)
        live = size > 0
        # The root of each, as their quotient may be beyond the range of floats.
        ratio = np.where(live, np.divide(np.sqrt(amplitude), np.sqrt(size), out=np.ones_like(size), where=live), 1.0)
        inverse = np.divide(1.0, ratio, out=np.zeros_like(ratio), where=ratio > 0)
        return dataclasses.replace(
            net,
            inner_weights=net.inner_weights * ratio[:, None],
            biases=net.biases * ratio,
            outer_weights=net.outer_weights * inverse,
        )

    def merge(self, tolerance: float = 1e-9) -> "ShallowReLU":
        """One neuron for all that share direction and knot, i.e. whose (w, b)/|w| agree to `tolerance`.

        Neurons are compared as unit vectors of (w, b / scale), where scale is 1 or the largest |b|/|w| if
        that is greater. Merged neurons have |w| = 1 and a = sum a_k |w_k|; constant ones (w = 0) go to the
        offset. The function changes by at most about tolerance * path norm * (1 + max |b|/|w|).
        """
        tolerance = real("tolerance", tolerance, "a number >= 0", lambda number: number >= 0)
        net = self.to_numpy()
        size = _sizes(net, with_bias=False)
        live = (size > 0) & (net.outer_weights != 0)
        flat = size == 0
        offset = net.offset + net.outer_weights[flat] @ self.activation(net.biases[flat])
        direction = net.inner_weights[live] / size[live, None]
        shift = net.biases[live] / size[live]
        mass = net.outer_weights[live] * size[live]
        if mass.size == 0:
            return ShallowReLU(direction, shift, mass, np.asarray(offset), net.skip, net.activation)
        scale = max(1.0, float(np.max(np.abs(shift))))
        group = _cluster(np.column_stack([direction, shift / scale]), tolerance)
        count = int(group.max()) + 1
        weight = np.abs(mass)
        total = np.bincount(group, weight, count)
        merged = np.stack([np.bincount(group, weight * column, count) / total for column in direction.T], axis=1)
        merged /= np.linalg.norm(merged, axis=1, keepdims=True)
        shift = np.bincount(group, weight * shift, count) / total
        mass = np.bincount(group, mass, count)
        return ShallowReLU(merged, shift, mass, np.asarray(offset), net.skip, net.activation)

    def prune(self, tolerance: float = 0.0) -> "ShallowReLU":
        """Without the neurons whose share |a_k| |w_k| is at most `tolerance` times the path norm.

        Constant neurons (w = 0) are kept while a_k sigma(b_k) differs from 0.
        """
        tolerance = real("tolerance", tolerance, "a number >= 0", lambda number: number >= 0)
        net = self.to_numpy()
        share = np.abs(net.outer_weights) * _sizes(net, with_bias=False)
        keep = share > tolerance * share.sum()
        constant = _sizes(net, with_bias=False) == 0
        keep |= constant & (net.outer_weights * self.activation(net.biases) != 0)
        parts = {name: getattr(net, name)[keep] for name in ("inner_weights", "biases", "outer_weights")}
        return dataclasses.replace(net, **parts)

    # Other representations.

    def to_dict(self) -> dict[str, np.ndarray]:
        """The parameters as NumPy arrays in C order under their names; `skip` only if there is one, and `activation`,
        (plus, minus), only if it is not ReLU."""
        slopes = {} if self.activation.rectifies else {"activation": (self.activation.plus, self.activation.minus)}
        return {name: np.asarray(part, order="C") for name, part in (self._arrays | slopes).items()}

    @classmethod
    def from_dict(cls, parts: Mapping[str, npt.ArrayLike]) -> "ShallowReLU":
        """The inverse of `to_dict`."""
        names = ("inner_weights", "biases", "outer_weights", "offset", "skip", "activation")
        instance("parts", parts, Mapping, f"a dictionary of arrays under {', '.join(names)}")
        missing = [name for name in names[:4] if name not in parts]
        unknown = [name for name in parts if name not in names]
        if missing or unknown:
            raise ValueError(f"parts needs {', '.join(names[:4])}; missing: {missing}, unknown: {shown(unknown)}")
        arrays = {name: _as_floating(part, name) for name, part in parts.items()}
        inner = arrays["inner_weights"].shape
        if len(inner) != 2:
            raise ValueError(f"inner_weights has shape {inner}; expected (m, d)")
        m, d = inner
        wanted = {"inner_weights": (m, d), "biases": (m,), "outer_weights": (m,), "offset": (), "skip": (d,)}
        wanted |= {"activation": (2,)}
        for name, array in arrays.items():
            if array.shape != wanted[name]:
                raise ValueError(f"{name} has shape {array.shape}; expected {wanted[name]}")
        slopes = arrays.pop("activation", np.array([1.0, 0.0]))
        return cls(**arrays, activation=Activation(*slopes.tolist()))

    def rectified(self) -> "ShallowReLU":
        """The same function, but for rounding, of ReLU neurons: a sigma(z) = a plus relu(z) + a minus relu(-z)."""
        if self.activation.rectifies:
            return self
        net = self.to_numpy()
        sides = [side for side in ((1.0, self.activation.plus), (-1.0, self.activation.minus)) if side[1]]
        w = np.concatenate([sign * net.inner_weights for sign, _ in sides])
        b = np.concatenate([sign * net.biases for sign, _ in sides])
        a = np.concatenate([slope * net.outer_weights for _, slope in sides])
        return ShallowReLU(w, b, a, net.offset, net.skip)

    def with_neurons(self, activation: Activation) -> "ShallowReLU":
        """The same function, but for rounding, of other neurons and a skip term.

        a relu(z) = (a / s) (sigma(z) + minus z), s = plus + minus, so that there is one neuron for each of `rectified`.
        """
        net = self.rectified().to_numpy()
        if activation.rectifies:
            return net
        a = np.asarray(net.outer_weights) / activation.bend
        columns = np.column_stack([net.inner_weights, net.biases])
        sums = activation.minus * np.array([math.fsum(np.concatenate(two_product(a, c)).tolist()) for c in columns.T])
        skip = sums[:-1] if net.skip is None else net.skip + sums[:-1]
        offset = np.asarray(net.offset + sums[-1])
        return dataclasses.replace(net, outer_weights=a, offset=offset, skip=skip, activation=activation)

    def to_state_dict(self) -> dict[str, np.ndarray]:
        """The arrays of the state dict of torch.nn.Sequential(Linear(d, m), ReLU(), Linear(m, 1)), or with
        LeakyReLU(slope) or another module that does what `activation` does.

        `{name: torch.from_numpy(array)}` loads there; the arrays are in C order, as file formats take them. A skip
        term has no place in that module: ValueError.
        """
        if self.skip is not None and np.any(np.asarray(self.skip)):
            raise ValueError("skip is not zero, and Sequential has no place for v . x; add neurons v and -v for it")
        return {
            "0.weight": np.array(self.inner_weights, order="C"),
            "0.bias": np.array(self.biases),
            "2.weight": np.array(self.outer_weights)[None, :],
            "2.bias": np.array(self.offset)[None],
        }

    @classmethod
    def from_state_dict(
        cls,
        state: Mapping[str, Any],
        activation: Activation | str = "relu",
        keys: Mapping[str, str] | None = None,
    ) -> "ShallowReLU":
        """The inverse of `to_state_dict`: two layers of a mapping of arrays, whatever they are called.

        Matrices are "...weight" (m, d), or "...kernel" (d, m), vectors "...bias"; either bias may be missing (a Linear
        without bias): it is zero then. Tensors may have gradients, be on any device and in bfloat16. `keys` says where
        what is, as {"inner_weights": "enc.W", "outer_weights": "dec.W"}. What is between the layers has no parameters:
        say it with `activation`, as "leaky_relu:0.01".
        """
        instance("state", state, Mapping, "a state dict of two layers")
        return cls(**read_state(state, "state", Activation.of(activation), keys).parts)

    @classmethod
    def from_torch(cls, module: Any) -> "ShallowReLU":
        """A `torch.nn.Module` with two Linear layers and a ReLU or LeakyReLU between, of any names; or a state dict."""
        return cls(**_found(module, "module").parts)

    @classmethod
    def from_keras(cls, model: Any) -> "ShallowReLU":
        """A Keras model of two Dense layers with a ReLU between; a sigmoid at the end is left to the loss."""
        return cls(**_found(model, "model").parts)

    @classmethod
    def from_sklearn(cls, model: Any) -> "ShallowReLU":
        """A fitted MLPRegressor, or MLPClassifier of two classes (then of the logit), with one hidden layer of ReLU."""
        return cls(**_found(model, "model").parts)

    @classmethod
    def from_jax(cls, model: Any) -> "ShallowReLU":
        """A Flax (nnx, bound linen) or Equinox module with two linear layers, or a tree of their parameters."""
        return cls(**_found(model, "model").parts)

    @classmethod
    def from_onnx(cls, model: Any) -> "ShallowReLU":
        """An ONNX `ModelProto` of Gemm, or MatMul and Add, with Relu, LeakyRelu or PRelu between, and any v . x."""
        return cls(**_found(model, "model").parts)

    def to_torch(self) -> Any:
        """torch.nn.Sequential(Linear, ReLU or LeakyReLU, Linear), at this network's precision; needs PyTorch."""
        from minnorm.interop.torch_module import sequential

        return sequential(self.to_state_dict(), self.activation)

    def to_onnx(self) -> Any:
        """An ONNX `ModelProto` of Gemm, Relu, Gemm and any skip, "points" (n, d) to "values" (n, 1); needs onnx."""
        from minnorm.interop.onnx_writer import Layers, written

        return written(Layers.of(dataclasses.replace(self, skip=None).to_state_dict(), self.activation, self.skip))


register(ShallowReLU, _PARTS, ("activation",))


def as_network(value: Any, name: str = "network") -> ShallowReLU:
    """The value, if it is a network whose arrays fit together; ValueError, calling it `name`, if not."""
    if not isinstance(value, ShallowReLU):
        held = isinstance(getattr(value, "network", None), ShallowReLU)
        wanted = "its .network" if held else "a ShallowReLU, as solution.network"
        raise ValueError(f"{name} is {f'a {type(value).__name__}' if held else shown(value)}; give {wanted}")
    shapes = {part: np.shape(getattr(value, part)) for part in ("inner_weights", "biases", "outer_weights", "offset")}
    shapes |= {} if value.skip is None else {"skip": np.shape(value.skip)}
    m, d = shapes["inner_weights"] if len(shapes["inner_weights"]) == 2 else (-1, -1)
    fits = {"inner_weights": (m, d), "biases": (m,), "outer_weights": (m,), "offset": (), "skip": (d,)}
    wrong = [part for part, shape in shapes.items() if shape != fits[part]]
    if wrong:
        told = ", ".join(f"{part} {shape}" for part, shape in shapes.items())
        raise ValueError(
            f"{name} has arrays that do not fit together: {told}; give (m, d), (m,), (m,), () and skip (d,)"
        )
    return value


def _found(model: Any, name: str) -> Found:
    """What a model of another library is; ValueError where it is none."""
    found = read(model, name)
    if found is None:
        raise ValueError(f"{name} is {shown(model)}; {WANTED}")
    return found


def _described(array: Any) -> str:
    """The type and shape of an array, as f32[3,1], and whether it is NumPy's; anything else in full."""
    if not (hasattr(array, "dtype") and hasattr(array, "shape")):
        return repr(array)
    kind, bits, size = array.dtype.kind, 8 * array.dtype.itemsize, ",".join(map(str, array.shape))
    weak, host = "weak_" * getattr(array, "weak_type", False), "(numpy)" * isinstance(array, np.ndarray)
    return f"{weak}{f'{kind}{bits}' if kind in 'fiuc' else array.dtype}[{size}]{host}"


def _as_floating(part: Any, name: str) -> np.ndarray:
    """An array of floats at its own precision; whole numbers become float64."""
    try:
        array = np.asarray(part)
    except Exception:  # somebody else's conversion, about which `numbers` says more
        array = np.empty(0, dtype=object)
    return array if array.dtype.kind == "f" and not isinstance(part, np.ma.MaskedArray) else numbers(part, name)


def row_norms(rows: Float[Array, "m d"], last: Float[Array, " m"] | None = None) -> Float[Array, " m"]:
    """|w_k|, or |(w_k, b_k)| with a last entry each; NumPy's arrays without overflow or underflow."""
    if not isinstance(rows, np.ndarray):  # JAX differentiates this
        squares = (rows * rows).sum(axis=1)
        return (squares if last is None else squares + last * last) ** 0.5
    parts = rows if last is None else np.column_stack([rows, last])
    exponent = np.frexp(np.max(np.abs(parts), axis=1, initial=0.0))[1]
    return np.ldexp(np.sqrt(np.sum(np.ldexp(parts, -exponent[:, None]) ** 2, axis=1)), exponent)


def _sizes(net: ShallowReLU, with_bias: bool) -> np.ndarray:
    """|w_k|, or |(w_k, b_k)|."""
    return np.asarray(row_norms(np.asarray(net.inner_weights), np.asarray(net.biases) if with_bias else None))


def _cluster(vectors: np.ndarray, tolerance: float) -> np.ndarray:
    """Group numbers of vectors linked by distances up to `tolerance`."""
    if tolerance == 0:
        return np.unique(vectors, axis=0, return_inverse=True)[1].reshape(-1)
    pairs = KDTree(vectors).query_pairs(tolerance, output_type="ndarray")
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(vectors),) * 2)
    return connected_components(links, directed=False)[1]

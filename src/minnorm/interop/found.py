"""What is read of a model: two layers and what is between them; and a look at whether that is all it does."""

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minnorm.activation import RELU, Activation
from minnorm.checks import shown

WANTED = "minnorm reads two linear layers with a ReLU between, and one output"
_PROBES = 64
_ULPS = 512.0  # errors of a model's own arithmetic, in roundings of its largest terms
_DIGITS = 6  # of a slope that is found by looking
_FAR = 64.0  # times farther is every second probe: some activations are cut off at 6
_SHORT = 2.0**-20  # rounding errors above which numbers overflow there


def _nothing(_: int) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Found:
    """The parts of a shallow network, each at its own precision, and what its library knows of its training.

    `known` gives options of `minnorm.compare` by name for so many points; `classes` are those of a classifier, the
    second being 1.
    """

    inner_weights: np.ndarray
    biases: np.ndarray | None
    outer_weights: np.ndarray
    offset: np.ndarray | None
    activation: Activation = RELU
    known: Callable[[int], dict[str, Any]] = field(default=_nothing, repr=False)
    classes: tuple[Any, Any] | None = None
    notes: tuple[str, ...] = ()
    skip: np.ndarray | None = None

    @property
    def parts(self) -> dict[str, Any]:
        """The arguments of a `ShallowReLU`; what there is no bias of is 0."""
        m, kind = len(self.outer_weights), self.inner_weights.dtype
        return {
            "inner_weights": self.inner_weights,
            "biases": np.zeros(m, kind) if self.biases is None else self.biases,
            "outer_weights": self.outer_weights,
            "offset": np.zeros((), kind) if self.offset is None else self.offset.reshape(()),
            "activation": self.activation,
            "skip": self.skip,
        }

    def values(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(f, hidden, size) at points in float64; size is of the terms whose sum f is, and of theirs."""
        w, a = self.inner_weights.astype(np.float64), self.outer_weights.astype(np.float64)
        b = np.zeros(len(w)) if self.biases is None else self.biases.astype(np.float64)
        c = 0.0 if self.offset is None else float(self.offset.reshape(()))
        hidden = x @ w.T + b
        size = (np.abs(x) @ np.abs(w).T + np.abs(b)) @ np.abs(a) + abs(c)
        v = np.zeros(x.shape[1]) if self.skip is None else self.skip.astype(np.float64)
        return self.activation(hidden) @ a + x @ v + c, hidden, size + np.abs(x) @ np.abs(v)

    def looked_at(self, name: str, call: Callable[[np.ndarray], Any], unit: float, *, guess: bool) -> "Found":
        """The same, if the model gives these values at some points; ValueError if it does something else as well.

        `unit` is the rounding error of the model's numbers. With `guess` a slope below 0 that no layer names is found
        by looking.
        """
        d = self.inner_weights.shape[1]
        usual = max(1e-30, float(np.median(np.abs(self.inner_weights.astype(np.float64)))))
        shift = 0.0 if self.biases is None else float(np.max(np.abs(self.biases), initial=0.0))
        reach = min(max(1.0, shift / usual / math.sqrt(d)), 1e3)
        x = np.random.default_rng(0).normal(size=(_PROBES, d)) * reach
        x[::2] *= _FAR if unit < _SHORT else 1.0
        x = x.astype(np.float32).astype(np.float64)
        try:
            given = np.asarray(call(x), dtype=np.float64).reshape(-1)
        except Exception as error:  # somebody else's code
            said = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())[:120]
            raise ValueError(f"{name} cannot be called with points of shape {x.shape} ({said}); {WANTED}") from None
        if given.shape != (len(x),):
            raise ValueError(f"{name} gives {given.size} numbers for {len(x)} points; {WANTED}")
        expected, hidden, size = self.values(x)
        allowed = _ULPS * unit * size
        if np.all(np.abs(given - expected) <= allowed):
            return self
        below = np.minimum(hidden, 0) @ self.outer_weights.astype(np.float64)
        if guess and self.activation.rectifies and np.any(below):
            slope = float(f"{float(below @ (given - expected)) / float(below @ below):.{_DIGITS}g}")
            if 0 < abs(slope) < 1 or slope in (-1.0,):
                leaky = dataclasses.replace(self, activation=Activation(1.0, -slope))
                if np.all(np.abs(given - leaky.values(x)[0]) <= allowed + 2e-6 * np.abs(slope * below)):
                    return leaky
        k = int(np.argmax(np.abs(given - expected) - allowed))
        raise ValueError(
            f"{name} does more than its layers, or has another activation: it gives {given[k]:.6g} where they give "
            f"{expected[k]:.6g}; {WANTED}"
        )


def found(
    name: str,
    first: tuple[Any, Any],
    second: tuple[Any, Any],
    activation: Activation = RELU,
    skip: Any = None,
    **rest: Any,
) -> Found:
    """From the weights (m, d) and biases (m,) or None of the first layer, those (1, m) and (1,) of the second, and v
    (1, d) of a term v . x, or None, checked.

    Errors: ValueError for shapes that do not fit, several outputs, and what is not a finite number.
    """
    w, v = floating(first[0], name), floating(second[0], name)
    b, c = (None if layer[1] is None else floating(layer[1], name) for layer in (first, second))
    if w.ndim != 2 or v.ndim != 2 or v.shape[1] != w.shape[0]:
        raise ValueError(f"{name} has layers of shapes {w.shape}, {v.shape}, which do not follow each other; {WANTED}")
    if v.shape[0] != 1:
        raise ValueError(f"{name} has {v.shape[0]} outputs; {WANTED}: compare them one by one")
    if (b is not None and b.shape != w.shape[:1]) or (c is not None and c.size != 1):
        shapes = [None if part is None else part.shape for part in (b, c)]
        raise ValueError(f"{name} has biases of shapes {shapes[0]} and {shapes[1]}; give ({len(w)},) and (1,)")
    beside = None if skip is None else floating(skip, name)
    if beside is not None and beside.shape != (1, w.shape[1]):
        raise ValueError(f"{name} adds weights of shape {beside.shape} times the points; {WANTED}")
    parts = {"weights of the first layer": w, "its biases": b, "weights of the second layer": v, "its bias": c}
    parts |= {"what multiplies the points": beside}
    for word, part in parts.items():
        bad = np.zeros(0) if part is None else part[~np.isfinite(part)]
        if bad.size:
            of = part.size  # pyright: ignore[reportOptionalMemberAccess]
            raise ValueError(f"{name} has {bad[0]} in {word}, {bad.size} of {of} are not finite; train it again")
    offset, slope = None if c is None else c.reshape(()), None if beside is None else beside[0]
    return Found(w, b, v[0], offset, activation, skip=slope, **rest)


def in_order(name: str, layers: list[tuple[Any, Any]]) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Two layers, the one with the output last: by their shapes, or as they come."""
    if len(layers) != 2:
        raise ValueError(f"{name} has {counted(len(layers), 'linear layer')}; {WANTED}")
    first, second = layers

    def follow(one: Any, other: Any) -> bool:
        return np.ndim(one) == np.ndim(other) == 2 and np.shape(other)[1] == np.shape(one)[0]

    fits, swapped = follow(first[0], second[0]), follow(second[0], first[0])
    if swapped and (not fits or (np.shape(second[0])[0] != 1 and np.shape(first[0])[0] == 1)):
        return second, first
    return first, second


def counted(number: int, word: str) -> str:
    """As "1 layer" and "2 layers"; "1 class" and "2 classes"."""
    return f"{number} {word}{'' if number == 1 else 'es' if word.endswith('s') else 's'}"


def floating(part: Any, name: str) -> np.ndarray:
    """An array of floats at its own precision, of any library's: without gradients, here; bfloat16 as float32."""
    part = part.detach() if hasattr(part, "detach") else part
    try:
        part = part.cpu() if hasattr(part, "cpu") and callable(part.cpu) else part
        array = np.asarray(part)
    except Exception:
        try:
            array = np.asarray(part.float())  # bfloat16, which NumPy has no name for
        except Exception:
            held = f"a {type(part).__name__}" if hasattr(part, "shape") else shown(part)
            raise ValueError(f"{name} holds {held} without numbers in it; give its weights as arrays") from None
    if array.dtype.kind == "f":
        return np.array(array)
    if array.dtype.kind in "biu" or "float" in array.dtype.name:
        return array.astype(np.float32 if "float" in array.dtype.name else np.float64)
    wrong = "None" if part is None else f"numbers of type {array.dtype}"
    raise ValueError(f"{name} holds {wrong} for weights; give real floats")

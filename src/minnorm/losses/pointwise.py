"""What a loss is: a convex function of one number, the residual or the margin of a data point; and their names."""

import difflib
import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np

from minnorm.checks import shown

Argument = Literal["residual", "margin"]
"""Of what a loss is a function: z = f - y, or z = y f for labels y = -1, 1."""


@runtime_checkable
class Loss(Protocol):
    r"""A convex function phi >= 0 of one number: a point pays phi(f - y), or phi(y f) if it has a class y = -1, 1.

        phi*(v) = sup_z (v z - phi(z)) = psi(v) + kink |v|     for v in `domain`, infinite elsewhere

    psi is smooth inside the domain, with derivatives `conjugate_slope` and `conjugate_curvature`; the domain contains
    0. All functions take and give arrays, entry by entry; `value` and `slope` JAX's arrays too, by which networks are
    trained. Two losses are equal where their classes and `numbers` are; `str` is the name by which `of` finds one.
    """

    word: ClassVar[str]
    """What it is called; its numbers follow after a colon: "huber:1"."""
    argument: ClassVar[Argument]

    @property
    def numbers(self) -> tuple[float, ...]:
        """Its numbers, as its class takes them."""
        ...

    @property
    def domain(self) -> tuple[float, float]:
        """Where phi* is finite; ends may be infinite."""
        ...

    @property
    def kink(self) -> float:
        """phi is 0 this far on both sides of 0, beside which psi(v) would have no derivative at 0; 0 for most."""
        ...

    def value(self, z: Any) -> Any:
        """phi(z)."""
        ...

    def slope(self, z: Any) -> Any:
        """phi'(z), or one of the slopes where there are several."""
        ...

    def conjugate(self, v: np.ndarray) -> np.ndarray:
        """phi*(v) in the domain, `kink` |v| included."""
        ...

    def conjugate_slope(self, v: np.ndarray) -> np.ndarray:
        """psi'(v) inside the domain."""
        ...

    def conjugate_curvature(self, v: np.ndarray) -> np.ndarray:
        """psi''(v) inside the domain."""
        ...


Kind = TypeVar("Kind", bound=type)
_KNOWN: dict[str, Callable[..., Loss]] = {}
_ELSEWHERE = {  # what other libraries call them
    **dict.fromkeys(["mse", "l2", "squared_error", "mean_squared_error"], "squared"),
    **dict.fromkeys(["mae", "l1", "absolute_error", "mean_absolute_error"], "absolute"),
    **dict.fromkeys(["log_loss", "log", "bce", "cross_entropy", "binary_crossentropy"], "logistic"),
    **dict.fromkeys(["pinball", "pinball_loss"], "quantile:0.5"),
    "epsilon_insensitive": "insensitive:0.1",
}


def add(kind: Kind) -> Kind:
    """Make a class of losses known by its `word`; a decorator. ValueError for a word that is taken."""
    word = kind.word
    if _KNOWN.get(word, kind) is not kind:
        raise ValueError(f"a loss is called {word!r} already; give {kind.__name__} another word")
    _KNOWN[word] = kind
    return kind


def known(argument: Argument | None = None) -> list[str]:
    """The words of all losses, or of those of residuals or margins."""
    return sorted(word for word, kind in _KNOWN.items() if argument in (None, getattr(kind, "argument", None)))


def of(value: Any, name: str = "loss") -> Loss:
    """A loss, or the one that a word names, its numbers after colons: "squared", "huber:1"; None is the square.

    ValueError, calling it `name`, for anything else.

    >>> from minnorm import losses
    >>> losses.of("huber:1") == losses.Huber(1.0), str(losses.Quantile(0.8))
    (True, 'quantile:0.8')
    >>> losses.of("hubber:1")
    Traceback (most recent call last):
    ValueError: loss is 'hubber:1'; did you mean 'huber:1'?
    """
    if value is None:
        return _KNOWN["squared"]()
    if not isinstance(value, str):
        if isinstance(value, Loss) and not isinstance(value, type):
            return value
        raise ValueError(f"{name} is {shown(value)}; give a word such as 'huber:1', or an object of minnorm.losses")
    word, *rest = value.split(":")
    if word not in _KNOWN:
        near = [_ELSEWHERE[word]] if word in _ELSEWHERE else difflib.get_close_matches(word, _KNOWN, 1)
        other = f"did you mean {':'.join([*near, *rest])!r}?" if near else f"choose one of {', '.join(known())}"
        raise ValueError(f"{name} is {value!r}; {other}")
    try:
        numbers = [float(part) for part in rest]
        return _KNOWN[word](*numbers)
    except TypeError:
        raise ValueError(f"{name} is {value!r}; {_wanted(word)}") from None
    except ValueError as error:
        said = str(error)
        raise ValueError(f"{name} is {value!r}; {said if '; give' in said else _wanted(word)}") from None


def spelled(loss: Loss) -> str:
    """The name that `of` understands."""
    return ":".join([loss.word, *(repr(int(part) if part.is_integer() else part) for part in loss.numbers)])


def _wanted(word: str) -> str:
    """What follows a word."""
    import inspect

    count = len(inspect.signature(_KNOWN[word]).parameters)
    return f"{word} takes no number" if count == 0 else f"give {word} with a number, such as {word}:0.5"


def space(z: Any) -> Any:
    """NumPy for its arrays and for numbers, else jax.numpy."""
    if isinstance(z, np.ndarray | np.generic | float | int):
        return np
    import jax.numpy as jnp

    return jnp


EVERYWHERE = (-math.inf, math.inf)

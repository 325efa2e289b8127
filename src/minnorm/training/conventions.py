"""Rules of one name that other libraries, or their papers, have otherwise: what differs, written as optax has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

Convention = Literal["own", "torch", "optax", "published"]
"""Whose rule of a name: this library's, PyTorch's (lion's and muon's among them), optax's, or the paper's."""


@dataclass(frozen=True)
class Variant:
    """Another direction for the same name, with its defaults."""

    direction: Callable[..., optax.GradientTransformation]
    options: Mapping[str, float] = field(default_factory=dict)


def rms_without_eps(decay: float, eps: float) -> optax.GradientTransformation:
    """g / (sqrt v + eps) with v the mean of squares, and 0 where that is 0: eps may be 0, as in the lecture."""

    def scaled(total: Any, gradient: Any) -> Any:
        root = jnp.sqrt(total)
        return jnp.where(root > 0, gradient / jnp.where(root > 0, root + eps, 1.0), 0.0)

    return _of_squares(lambda total, g: decay * total + (1 - decay) * g * g, scaled, 0.0)


def sum_of_squares(initial_accumulator_value: float, eps: float) -> optax.GradientTransformation:
    """g / (sqrt(sum g^2) + eps): eps beside the root."""
    return _of_squares(
        lambda total, g: total + g * g, lambda total, g: g / (jnp.sqrt(total) + eps), initial_accumulator_value
    )


class _Squares(NamedTuple):
    total: Any


def _of_squares(
    gathered: Callable[[Any, Any], Any], scaled: Callable[[Any, Any], Any], first: float
) -> optax.GradientTransformation:
    def init(params: Any) -> _Squares:
        return _Squares(optax.tree.full_like(params, first))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, _Squares]:
        del params
        total = jax.tree.map(gathered, state.total, updates)
        return jax.tree.map(scaled, total, updates), _Squares(total)

    return optax.GradientTransformation(init, update)


class _Averages(NamedTuple):
    count: Any
    mean: Any
    square: Any
    also: Any
    """The largest mean of squares, or the product of the momenta so far."""


def largest_then_corrected(b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """AMSGrad as PyTorch has it: the largest mean of squares as it is, and both corrected for the start after that."""

    def init(params: Any) -> _Averages:
        zeros = optax.tree.zeros_like(params)
        return _Averages(jnp.zeros((), jnp.int32), zeros, zeros, zeros)

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, _Averages]:
        del params
        count, mean, square = _averaged(updates, state, b1, b2)
        largest = jax.tree.map(jnp.maximum, state.also, square)
        ahead = optax.tree.bias_correction(mean, b1, count)
        size = optax.tree.bias_correction(largest, b2, count)
        step = jax.tree.map(lambda m, v: m / (jnp.sqrt(v) + eps), ahead, size)
        return step, _Averages(count, mean, square, largest)

    return optax.GradientTransformation(init, update)


def scheduled_momentum(b1: float, b2: float, eps: float, momentum_decay: float) -> optax.GradientTransformation:
    r"""NAdam with the schedule of its paper's experiments, as PyTorch has it.

    mu_t = b1 (1 - 0.96^(t momentum_decay) / 2),   step (mu_{t+1} m_t / (1 - mu_1 ... mu_{t+1}) + (1 - mu_t) g / (1 -
    mu_1 ... mu_t)) / (sqrt(v_t / (1 - b2^t)) + eps),   with m_t, v_t averages of b1 and b2.
    """

    def momentum(count: Any, kind: Any) -> Any:
        return (b1 * (1 - 0.5 * 0.96 ** (count * momentum_decay))).astype(kind)

    def init(params: Any) -> _Averages:
        zeros, kind = optax.tree.zeros_like(params), jax.tree.leaves(params)[0].dtype
        return _Averages(jnp.zeros((), jnp.int32), zeros, zeros, jnp.ones((), kind))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, _Averages]:
        del params
        count, mean, square = _averaged(updates, state, b1, b2)
        kind = state.also.dtype
        now, following = momentum(count, kind), momentum(count + 1, kind)
        product = state.also * now
        of_mean, of_gradient = following / (1 - product * following), (1 - now) / (1 - product)
        size = optax.tree.bias_correction(square, b2, count)
        step = jax.tree.map(lambda m, g, v: (of_mean * m + of_gradient * g) / (jnp.sqrt(v) + eps), mean, updates, size)
        return step, _Averages(count, mean, square, product)

    return optax.GradientTransformation(init, update)


def _averaged(gradient: Any, state: _Averages, b1: float, b2: float) -> tuple[Any, Any, Any]:
    """Steps, the mean of gradients and that of their squares, after one more."""
    mean = optax.tree.update_moment(gradient, state.mean, b1, 1)
    square = optax.tree.update_moment_per_elem_norm(gradient, state.square, b2, 2)
    return optax.safe_increment(state.count), mean, square


def muon_of_optax(momentum: float, b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    """Averages corrected for the start; matrices (m, d) without the height's factor; NAdam for vectors."""
    rule = optax.contrib.muon(1.0, beta=momentum, eps=eps, adam_b1=b1, adam_b2=b2)
    return optax.chain(rule, optax.scale(-1.0))

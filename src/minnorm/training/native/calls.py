"""The native engine's loss and gradient: a compiled kernel that never holds the n x m hidden matrix."""

import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from minnorm import _native
from minnorm._types import Array
from minnorm.network import ShallowReLU
from minnorm.training.native.program import Program

INSTRUCTION_SETS: tuple[str, ...] = tuple(_native.instruction_sets())
"""What the kernel was built for and this processor runs, the best first: of avx512, avx2 and generic."""

LOSSES: tuple[str, ...] = tuple(_native.losses())
"""The words of the losses that the kernel has."""

_GRADIENT, _DESCENT = "minnorm_loss_and_gradient", "minnorm_descend"
jax.ffi.register_ffi_target(_GRADIENT, _native.loss_and_gradient(), platform="cpu")
jax.ffi.register_ffi_target(_DESCENT, _native.descend(), platform="cpu")


def instruction_set() -> str:
    """The best instruction set of this processor, or the one that the environment variable MINNORM_ISA names.

    Errors: ValueError if it names one that this processor does not run.

    >>> instruction_set() in INSTRUCTION_SETS
    True
    """
    asked = os.environ.get("MINNORM_ISA") or INSTRUCTION_SETS[0]
    if asked not in INSTRUCTION_SETS:
        raise ValueError(
            f"MINNORM_ISA is {asked!r}; this processor runs {', '.join(INSTRUCTION_SETS)}: choose one, or unset it"
        )
    return asked


def loss_and_gradient(
    network: ShallowReLU,
    points: Float[Array, "n d"],
    values: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    chosen: Int[Array, " k"] | None = None,
    ascending: bool = False,
    loss: str = "squared",
    instructions: str | None = None,
    threads: int = 1,
) -> tuple[Float[Array, ""], ShallowReLU]:
    r"""The loss of a network and its gradient in every parameter, by the compiled kernel.

        1/n sum_i s_i loss(y_i, f(x_i))

    Arguments: `points` x (n, d) and `values` y (n,), of the network's float32 or float64; `weights` s (n,),
    by default 1. `chosen`: take these rows only, each from 0 to n - 1; n above is then their number.
    `ascending`: the points have one coordinate and are in ascending order, which makes a step
    O(m log n + n) instead of O(n m). `loss`: the name of one of LOSSES, as `minnorm.losses` spells it.
    `instructions`: one of INSTRUCTION_SETS, default `instruction_set()`.
    `threads`: at most this many; the numbers are the same for each. `jax.vmap` over networks or data is one
    call of the kernel, with the same numbers for each network as alone.

    Returns the loss and a network that holds the gradient; the slope of the activation at its kink is that of z < 0.

    Errors: ValueError for ascending points with more than one coordinate, or with `chosen`.

    >>> x, y = jnp.array([[-1.0], [2.0]]), jnp.array([0.0, 1.0])
    >>> one = ShallowReLU(jnp.ones((1, 1)), jnp.zeros(1), jnp.ones(1), jnp.zeros(()))
    >>> loss, gradient = loss_and_gradient(one, x, y)
    >>> float(loss), float(gradient.outer_weights[0])
    (0.25, 1.0)
    """
    if ascending and (points.shape[1] != 1 or chosen is not None):
        raise ValueError(
            f"ascending is True for points of shape {points.shape}{' and chosen rows' if chosen is not None else ''}; "
            "only all points of one coordinate can be taken in order: leave it out"
        )
    dtype = network.inner_weights.dtype
    none = jnp.zeros(0, dtype)
    w, b, a, c, v = (
        network.inner_weights,
        network.biases,
        network.outer_weights,
        network.offset,
        none if network.skip is None else network.skip,
    )
    value, *gradient = jax.ffi.ffi_call(
        _GRADIENT,
        [jax.ShapeDtypeStruct(part.shape, dtype) for part in (c, w, b, a, c, v)],
        vmap_method="expand_dims",
    )(
        *(jnp.asarray(part, dtype) for part in (w, b, a, c, v, points, values)),
        none if weights is None else jnp.asarray(weights, dtype),
        jnp.zeros(0, jnp.int32) if chosen is None else chosen.astype(jnp.int32),
        instructions=instructions or instruction_set(),
        threads=np.int64(threads),
        ascending=ascending,
        plus=np.float64(network.activation.plus),
        minus=np.float64(network.activation.minus),
        **_paid(loss),
    )
    dw, db, da, dc, dv = gradient
    return value, ShallowReLU(dw, db, da, dc, None if network.skip is None else dv, network.activation)


def descend(
    network: ShallowReLU,
    memory: Any,
    program: Program,
    count: Int[Array, ""],
    points: Float[Array, "n d"],
    values: Float[Array, " n"],
    learning_rate: Float[Array, ""],
    weight_decay: Float[Array, ""],
    *,
    weights: Float[Array, " n"] | None = None,
    chosen: Int[Array, "steps k"] | None = None,
    ascending: bool = False,
    loss: str = "squared",
    instructions: str | None = None,
    threads: int = 1,
) -> tuple[ShallowReLU, Any]:
    """`count` steps of an optimiser, each a gradient of the loss and then the optimiser's program.

    Arguments: `memory` is the optimiser's state, a tree whose leaves have the shapes of the network's, and `program`
    its update, as `elementwise_program` translates it: the inputs are the network, the gradient, the memory, the
    learning rate and the weight decay, the outputs network and memory. `chosen`: each step takes these rows only;
    at least `count` of them. The rest as in `loss_and_gradient`. `jax.vmap` over networks is one call, which gives
    each thread one network after another.

    Returns the network and the memory after the steps.

    Errors: ValueError if the memory has leaves of other shapes or types.
    """
    leaves, structure = jax.tree.flatten((network, memory))
    kinds = leaf_kinds(network, memory)
    if kinds is None:
        raise ValueError("memory has leaves whose shapes and types are not the network's; use loss_and_gradient")
    dtype = network.inner_weights.dtype
    found = jax.ffi.ffi_call(
        _DESCENT,
        [jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in leaves],
        vmap_method="expand_dims",
        input_output_aliases={7 + i: i for i in range(len(leaves))},  # in place
    )(
        jnp.asarray(count, jnp.int32),
        jnp.asarray(points, dtype),
        jnp.asarray(values, dtype),
        jnp.zeros(0, dtype) if weights is None else jnp.asarray(weights, dtype),
        jnp.zeros((1, 0), jnp.int32) if chosen is None else chosen.astype(jnp.int32),
        learning_rate,
        weight_decay,
        *leaves,
        instructions=instructions or instruction_set(),
        threads=np.int64(threads),
        ascending=ascending,
        parts=np.int64(len(jax.tree.leaves(network))),
        kinds=kinds,
        code=program.code,
        constants=program.constants,
        plus=np.float64(network.activation.plus),
        minus=np.float64(network.activation.minus),
        **_paid(loss),
    )
    return jax.tree.unflatten(structure, found)


def _paid(loss: str) -> dict[str, Any]:
    """A loss, as the kernel is told of it."""
    word, _, number = loss.partition(":")
    return {"loss": np.int64(LOSSES.index(word)), "number": np.float64(number or 0.0)}


def leaf_kinds(network: ShallowReLU, memory: Any) -> np.ndarray | None:
    """How the kernel lays out each leaf of network and memory, or None if there is one that it does not know."""
    m, d = network.inner_weights.shape
    codes = {(d,): 3, (m,): 1, (m, d): 2}
    found = []
    for leaf in jax.tree.leaves((network, memory)):
        if leaf.dtype != network.inner_weights.dtype and (leaf.shape or leaf.dtype != jnp.int32):
            return None
        if leaf.shape and leaf.shape not in codes:
            return None
        found.append(codes[leaf.shape] if leaf.shape else 0)
    return np.array(found, np.int64)

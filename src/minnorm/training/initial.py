"""Initialisations: each is one entry, the laws of inner and outer weights given fan-in and width."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Float, PRNGKeyArray

from minnorm._types import Array
from minnorm.network import ShallowReLU

Draw = Callable[[PRNGKeyArray, tuple[int, ...], np.dtype], jax.Array]
Biases = Literal["uniform", "zero"]


def _uniform(bound: float) -> Draw:
    return lambda key, shape, dtype: jax.random.uniform(key, shape, dtype, -bound, bound)


def _normal(deviation: float) -> Draw:
    return lambda key, shape, dtype: deviation * jax.random.normal(key, shape, dtype)


@dataclass(frozen=True)
class Initialisation:
    """The laws of the inner weights (m, d) and the outer weights (m,), from d and m."""

    inner: Callable[[int, int], Draw]
    outer: Callable[[int, int], Draw]


INITIALISATIONS: dict[str, Initialisation] = {
    "xavier_uniform": Initialisation(
        lambda d, m: _uniform((6 / (d + m)) ** 0.5), lambda d, m: _uniform((6 / (m + 1)) ** 0.5)
    ),
    "xavier_normal": Initialisation(
        lambda d, m: _normal((2 / (d + m)) ** 0.5), lambda d, m: _normal((2 / (m + 1)) ** 0.5)
    ),
    "kaiming_uniform": Initialisation(lambda d, m: _uniform((6 / d) ** 0.5), lambda d, m: _uniform((6 / m) ** 0.5)),
    "kaiming_normal": Initialisation(lambda d, m: _normal((2 / d) ** 0.5), lambda d, m: _normal((2 / m) ** 0.5)),
    "pytorch": Initialisation(lambda d, m: _uniform(d**-0.5), lambda d, m: _uniform(m**-0.5)),
}
"""Glorot & Bengio (2010), He et al. (2015), and the default of torch.nn.Linear."""


def initial_network(
    key: PRNGKeyArray,
    name: str,
    dim: int,
    width: int,
    scale: Float[Array, ""] | float = 1.0,
    *,
    biases: Biases = "uniform",
    antisymmetric: bool = False,
    skip: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> ShallowReLU:
    """A random network: weights by the named law, biases uniform on +-1/sqrt(d), all multiplied by `scale`.

    The function scales with scale^2. `biases="zero"` puts every knot at the origin. `antisymmetric` copies
    the first half of the neurons with opposite outer weights, so that the function starts at exactly 0
    (Chizat, Oyallon & Bach 2019); a last odd neuron starts with outer weight 0. Offset and skip start at 0,
    except that "pytorch" draws the offset too.
    """
    law, dtype = INITIALISATIONS[name], np.dtype(dtype)
    inner_key, bias_key, outer_key, offset_key = jax.random.split(key, 4)
    half = width // 2
    w = scale * law.inner(dim, width)(inner_key, (width, dim), dtype)
    b = scale * _uniform(dim**-0.5)(bias_key, (width,), dtype)
    a = scale * law.outer(dim, width)(outer_key, (width,), dtype)
    c = jnp.zeros((), dtype)
    if biases == "zero":
        b = jnp.zeros_like(b)
    if name == "pytorch" and not antisymmetric:
        c = scale * law.outer(dim, width)(offset_key, (), dtype)
    if antisymmetric:
        rest = slice(2 * half, width)
        w = jnp.concatenate([w[:half], w[:half], w[rest]])
        b = jnp.concatenate([b[:half], b[:half], b[rest]])
        a = jnp.concatenate([a[:half], -a[:half], jnp.zeros_like(a[rest])])
    return ShallowReLU(w, b, a, jnp.asarray(c, dtype), jnp.zeros(dim, dtype) if skip else None)

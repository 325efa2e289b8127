"""Array types: the letters are n points, d coordinates, m neurons."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    import jax

    Array = jax.Array | np.ndarray
else:

    class _Either(type):
        def __instancecheck__(cls, value: Any) -> bool:
            # Where JAX is not loaded, nothing is of its kind.
            return isinstance(value, (np.ndarray, getattr(sys.modules.get("jax"), "Array", ())))

    class Array(metaclass=_Either):
        """Arrays of either kind, JAX's or NumPy's; NumPy's keep their precision whatever JAX is configured to."""


Points = Float[Array, "n d"]
Values = Float[Array, " n"]
Scalar = Float[Array, ""] | np.floating

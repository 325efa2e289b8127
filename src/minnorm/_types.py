"""Array types: the letters are n points, d coordinates, m neurons."""

import jax
import numpy as np
from jaxtyping import Float

Array = jax.Array | np.ndarray
"""Arrays of either kind; NumPy's keep their precision whatever JAX is configured to."""

Points = Float[Array, "n d"]
Values = Float[Array, " n"]
Scalar = Float[Array, ""] | np.floating

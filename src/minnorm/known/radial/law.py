"""Random points for a radial bump: training data from the region where it is known, and directions."""

import math
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float
from scipy.special import gammaincc, gammainccinv

from minnorm.checks import choice, real, shown, whole

Law = Literal["shell", "uniform_radius", "normal"]


def labelled_points(
    key: Any, n: int, law: Law, dim: int, plateau: float, scale: float, *, outer: float, inner_fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, dim) and labels (n,) as `RadialBump.sample` describes them."""
    n = whole("n", n, 1, 2**31 - 1, "a positive whole number")
    law, outer = _checked_law(law, outer)
    inner_fraction = real("inner_fraction", inner_fraction, "a number in [0, 1]", lambda number: 0 <= number <= 1)
    rng = generator(key)
    inside = min(n, max(1, round(inner_fraction * n)))
    quantile = rng.random(n)
    radius = np.empty(n)
    radius[:inside] = plateau * quantile[:inside] ** (1 / dim)
    radius[inside:] = _outer_radii(quantile[inside:], law, dim, scale, outer)
    points = radius[:, None] * scale * directions(rng, n, dim)
    return points, np.where(np.arange(n) < inside, 1.0, 0.0)


def radial_law(
    law: Law,
    dim: int,
    count: int,
    *,
    plateau: float = 0.0,
    scale: float = 1.0,
    outer: float = 2.0,
    inner_fraction: float = 0.1,
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Radii, labels and weights of the law of `RadialBump.sample`, by Gauss-Legendre nodes in its quantile.

    The label is 1 with weight `inner_fraction`, at the origin or, at `count` nodes, in the plateau's ball; it is 0 at
    `count` nodes of `law`, whose names and arguments are those of `RadialBump.sample`, for a bump in `dim` dimensions
    with this plateau and scale. Errors: ValueError naming the argument.

    >>> radii, labels, weights = radial_law("uniform_radius", 3, 2, inner_fraction=0.5)
    >>> radii.round(6).tolist(), labels.tolist(), weights.tolist()
    ([0.0, 1.211325, 1.788675], [1.0, 0.0, 0.0], [0.5, 0.25, 0.25])
    """
    dim = whole("dim", dim, 1, 2**31 - 1, "a positive whole number")
    count = whole("count", count, 1, 10_000, "a positive whole number up to 10000")
    plateau = real("plateau", plateau, "a number in [0, 1)", lambda number: 0 <= number < 1)
    scale = real("scale", scale, "a finite number > 0", lambda number: 0 < number < math.inf)
    inner_fraction = real("inner_fraction", inner_fraction, "a number in (0, 1)", lambda number: 0 < number < 1)
    law, outer = _checked_law(law, outer)
    nodes, share = np.polynomial.legendre.leggauss(count)
    quantile, share = 0.5 * (1 + nodes), 0.5 * share
    inside = plateau * quantile ** (1 / dim) if plateau > 0 else np.zeros(1)
    beyond = _outer_radii(quantile, law, dim, scale, outer)
    return (
        scale * np.concatenate([inside, beyond]),
        np.concatenate([np.ones(inside.size), np.zeros(count)]),
        np.concatenate([inner_fraction * (share if plateau > 0 else np.ones(1)), (1 - inner_fraction) * share]),
    )


def directions(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    """Uniform unit vectors (n, dim)."""
    vectors = rng.normal(size=(n, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _checked_law(law: Any, outer: Any) -> tuple[Any, float]:
    wanted = "a finite number > 1, the outer radius over the bump's"
    return choice("law", law, get_args(Law)), real("outer", outer, wanted, lambda number: 1 < number < math.inf)


def generator(key: Any) -> np.random.Generator:
    """A NumPy generator from a seed or a JAX key."""
    if isinstance(key, int | np.integer) and not isinstance(key, bool) and key >= 0:
        return np.random.default_rng(int(key))
    if not isinstance(key, int | np.integer) and hasattr(key, "dtype"):
        import jax

        words = jax.random.key_data(key) if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key) else key
        if words.dtype == np.uint32:
            return np.random.default_rng(np.asarray(words).ravel().tolist())
    raise ValueError(f"key is {shown(key)}; give a whole number >= 0 or a JAX random key")


def _outer_radii(quantile: np.ndarray, law: Law, dim: int, scale: float, outer: float) -> np.ndarray:
    """Radii >= 1 in units of the bump's radius, by inversion of the law's distribution function."""
    if law == "uniform_radius":
        return 1 + (outer - 1) * quantile
    if law == "shell":
        # (1 + q (outer^d - 1))^(1/d), written so that large outer^d does not overflow.
        low = outer ** -float(dim)
        return outer * (low + (1 - low) * quantile) ** (1 / dim)
    tail = gammaincc(dim / 2, scale**2 / 2)
    if tail < 1e-280:
        raise ValueError(f"law is 'normal', but no normal point reaches the radius {scale:g}; use 'shell'")
    return np.maximum(np.sqrt(2 * gammainccinv(dim / 2, tail * (1 - quantile))) / scale, 1.0)

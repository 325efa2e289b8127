"""The minimum-norm bump: 1 at the origin or on a plateau, 0 outside the unit ball, in odd dimension."""

import dataclasses
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import betainc, gammaincc, gammainccinv, gammaln

from minnorm.known.chebyshev import EvenApproximation, best_even_approximation
from minnorm.network import ShallowReLU

Law = Literal["shell", "uniform_radius", "normal"]

_WORST_ERROR = 1e-6  # relative; beyond it double precision has nothing to say about the norm


@dataclass(frozen=True)
class RadialMeasure:
    """The measure mu on the line with f(x) = mean over unit w of int relu(w . x - t) dmu(t).

    `atoms` (k,) ascending, symmetric; `masses` (k,) signed, alternating; sum |masses| = [f].
    """

    atoms: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]


@dataclass(frozen=True)
class RadialCertificate:
    """The dual certificate of a bump: the error curve of the best even approximation p of |s|, over its size.

        phi(s) = (|s| - p(s)) / E,      |phi| <= 1 on plateau <= |s| <= 1,    phi(atom) = +-1

    For every measure mu on that set that annihilates polynomials of degree <= d - 1 and has 1/2 int |s| dmu = 1,
    2 / E = int phi dmu <= ||mu||; the optimal measure attains it, as phi is its sign at every atom. `bounds`
    are proven bounds of E.
    """

    approximation: EvenApproximation
    scale: float = 1.0

    @property
    def atoms(self) -> Float[np.ndarray, " k"]:
        """Where the curve touches +-1, ascending and symmetric."""
        return self.scale * _both_sides(self.approximation.nodes, self.approximation.nodes)[0]

    @property
    def bounds(self) -> tuple[float, float]:
        """Proven lower and upper bounds of E."""
        return self.approximation.bounds

    def __call__(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """phi(s), for s in the units of the stretched bump."""
        s = np.abs(np.asarray(s, dtype=np.float64)) / self.scale
        return np.asarray((s - self.approximation.polynomial(s)) / self.approximation.error)


@dataclass(frozen=True)
class RadialBump:
    r"""The function of least [f] on R^d with f = 1 for |x| <= plateau and f = 0 for |x| >= 1, stretched by `scale`.

        f(x) = mean over unit w of int relu(w . x - t) dmu(t),      [f] = ||mu|| = 2 / E

    where E is the error of the best approximation of |s| on plateau <= |s| <= 1 by even polynomials of degree
    <= d - 1, and mu lives on its alternation points. Made by `radial_bump`; calling it evaluates f at points of
    shape (..., dim).
    """

    dim: int
    plateau: float
    approximation: EvenApproximation
    scale: float = 1.0

    @property
    def norm(self) -> float:
        """[f] = 2 / (E scale)."""
        return 2 / self.approximation.error / self.scale

    @cached_property
    def norm_bounds(self) -> tuple[float, float]:
        """Proven lower and upper bounds of the norm, rounded outwards."""
        low, high = self.approximation.bounds
        if low <= 0:
            return 0.0, math.inf
        scale = Fraction(self.scale)
        below, above = 2 / Fraction(high) / scale, 2 / Fraction(low) / scale
        return math.nextafter(float(below), 0.0), math.nextafter(float(above), math.inf)

    @property
    def norm_error(self) -> float:
        """Proven bound of the relative error of `norm`."""
        low, high = self.norm_bounds
        return max(high - self.norm, self.norm - low) / self.norm * (1 + 1e-15)

    @cached_property
    def measure(self) -> RadialMeasure:
        """The optimal measure."""
        masses = self.approximation.weights * (2 / self.approximation.error)
        atoms, masses = _both_sides(self.approximation.nodes, masses)
        return RadialMeasure(self.scale * atoms, masses / self.scale)

    @property
    def certificate(self) -> RadialCertificate:
        """The equioscillating error curve."""
        return RadialCertificate(self.approximation, self.scale)

    def profile(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at distance r >= 0 from the origin (in the units of x), any shape; exactly 1 and 0 where it is known."""
        r = _distances(r) / self.scale
        return np.where(r >= 1, 0.0, np.where(r <= self.plateau, 1.0, self._sum(r, _mean_distance)))

    def derivative(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f'(r); exactly 0 where f is known to be constant. In d = 1 f' jumps at the atoms: the left limit inside."""
        r = _distances(r) / self.scale
        inside = (r > self.plateau) & (r <= 1) & (r > 0) if self.dim == 1 else (r > self.plateau) & (r < 1)
        return np.where(inside, self._sum(r, _mean_distance_slope) / self.scale, 0.0)

    @cached_property
    def lipschitz(self) -> float:
        """max |f'|."""
        if self.dim == 1:
            return 1 / (1 - self.plateau) / self.scale
        # In d = 3 the slope may peak at an atom, where it has a kink.
        grid = np.union1d(np.linspace(self.plateau, 1, 64 * (self.dim + 3)), self.approximation.nodes)
        slopes = np.abs(self._sum(grid, _mean_distance_slope))
        k = int(np.argmax(slopes))
        found = minimize_scalar(
            lambda r: -abs(float(self._sum(np.array([r]), _mean_distance_slope)[0])),
            bounds=(grid[max(k - 1, 0)], grid[min(k + 1, grid.size - 1)]),
            method="bounded",
            options={"xatol": 1e-12},
        )
        return max(-float(found.fun), float(slopes[k])) / self.scale

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points of shape (..., dim)."""
        x = np.asarray(x, dtype=np.float64)
        if x.ndim == 0 or x.shape[-1] != self.dim:
            raise ValueError(f"x has shape {x.shape}; give (..., {self.dim})")
        return self.profile(np.linalg.norm(x, axis=-1))

    def stretch(self, factor: float) -> "RadialBump":
        """x -> f(x / factor), whose norm and Lipschitz constant are divided by `factor`."""
        if not (math.isfinite(factor) and factor > 0):
            raise ValueError(f"factor is {factor}; give a finite number > 0")
        return dataclasses.replace(self, scale=self.scale * factor)

    def sample(
        self, key: Any, n: int, law: Law = "shell", *, outer: float = 2.0, inner_fraction: float = 0.1
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
        """Training data from the known region: points (n, dim) and labels (n,), float64.

        The first max(1, round(inner_fraction n)) points have label 1: the origin, repeated, or uniform in
        the plateau's ball. The others have label 0 and, with R = scale, follow `law`: "shell", uniform in
        R <= |x| <= outer R; "uniform_radius", |x| uniform there; "normal", standard normal given |x| >= R.
        `key` is a seed or a JAX random key. Errors: ValueError naming the argument.
        """
        if isinstance(n, bool) or int(n) != n or n < 1:
            raise ValueError(f"n is {n!r}; give a positive whole number")
        if law not in get_args(Law):
            raise ValueError(f"law is {law!r}; choose one of {', '.join(get_args(Law))}")
        if not (math.isfinite(outer) and outer > 1):
            raise ValueError(f"outer is {outer}; give a finite number > 1, the outer radius over the bump's")
        if not 0 <= inner_fraction <= 1:
            raise ValueError(f"inner_fraction is {inner_fraction}; give a number in [0, 1]")
        rng = _generator(key)
        inside = min(n, max(1, round(inner_fraction * n)))
        d, quantile = self.dim, rng.random(n)
        radius = np.empty(n)
        radius[:inside] = self.plateau * quantile[:inside] ** (1 / d)
        radius[inside:] = self._outer_radii(quantile[inside:], law, outer)
        points = radius[:, None] * self.scale * _directions(rng, n, d)
        return points, np.where(np.arange(n) < inside, 1.0, 0.0)

    def as_network(self, width: int, key: Any) -> ShallowReLU:
        """A finite network drawn from the optimal measure, with the same path norm: sum |a_k| |w_k| = [f].

        Knots are spread over the atoms in proportion to their masses (systematic resampling), directions are
        uniform on the sphere, all |a_k| = [f] / width. The squared distance to f decays like [f]^2 / width.
        """
        if isinstance(width, bool) or int(width) != width or width < 1:
            raise ValueError(f"width is {width!r}; give a positive whole number")
        rng = _generator(key)
        share = np.cumsum(np.abs(self.measure.masses))
        chosen = np.searchsorted(share / share[-1], (np.arange(width) + rng.random()) / width, side="right")
        chosen = np.minimum(chosen, share.size - 1)
        return ShallowReLU(
            _directions(rng, width, self.dim),
            -self.measure.atoms[chosen],
            np.sign(self.measure.masses[chosen]) * (self.norm / width),
            np.array(0.0),
        )

    def _sum(self, r: npt.ArrayLike, kernel: Any) -> npt.NDArray[np.float64]:
        """int kernel(r, |t|) dmu(t) / 2 for the unstretched bump, r cut at 1; both signs of t give the same."""
        r = np.asarray(np.minimum(r, 1.0))
        masses = self.approximation.weights * (2 / self.approximation.error)
        total = np.tensordot(0.5 * masses, kernel(r[None], self._column(r.ndim), self.dim), axes=1)
        return np.asarray(total, dtype=np.float64)

    def _column(self, axes: int) -> np.ndarray:
        return self.approximation.nodes.reshape(-1, *[1] * axes)

    def _outer_radii(self, quantile: np.ndarray, law: Law, outer: float) -> np.ndarray:
        """Radii >= 1 in units of the bump's radius, by inversion of the law's distribution function."""
        if law == "uniform_radius":
            return 1 + (outer - 1) * quantile
        if law == "shell":
            # (1 + q (outer^d - 1))^(1/d), written so that large outer^d does not overflow.
            low = outer ** -float(self.dim)
            return outer * (low + (1 - low) * quantile) ** (1 / self.dim)
        tail = gammaincc(self.dim / 2, self.scale**2 / 2)
        if tail < 1e-280:
            raise ValueError(f"law is 'normal', but no normal point reaches the radius {self.scale:g}; use 'shell'")
        return np.maximum(np.sqrt(2 * gammainccinv(self.dim / 2, tail * (1 - quantile))) / self.scale, 1.0)


def radial_bump(dim: int, plateau: float = 0.0) -> RadialBump:
    r"""The minimum-norm function with f = 1 for |x| <= plateau and f = 0 for |x| >= 1 in odd dimension.

        [f] = 2 / E,   E = min over even p of degree <= dim - 1 of max { ||s| - p(s)| : plateau <= |s| <= 1 }

    Arguments: `dim`, odd and positive; `plateau` in [0, 1); 0 asks for f(0) = 1 only. Returns a `RadialBump`
    whose `norm_bounds` are proven, rounding errors included: their relative width is below 1e-12 up to
    dim = 201 without plateau. With a plateau the norm grows exponentially in dim, and double precision ends:
    near dim = 31 for a plateau of 0.5, near 160 for 0.1.

    Errors: ValueError for a dimension that is not a positive whole number or is even (an even one lies
    between its neighbours, which the message names), a plateau outside [0, 1), or a norm that double precision
    does not determine to 1e-6.

    >>> radial_bump(3).norm
    16.0
    >>> round(radial_bump(15).norm, 11)
    100.25674859651

    Source: Wojtowytsch (2022), *Optimal bump functions for shallow ReLU networks*; the reduction to best
    approximation uses that Abel inversion is local in odd dimension.
    """
    if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or dim < 1:
        raise ValueError(f"dim is {dim!r}; give a positive whole number")
    if dim % 2 == 0:
        raise ValueError(
            f"dim is {dim}; this version knows the bump in odd dimensions only, and the norm for {dim} lies "
            f"between those for {dim - 1} and {dim + 1}"
        )
    if isinstance(plateau, bool) or not 0 <= plateau < 1:
        raise ValueError(f"plateau is {plateau!r}; give a number in [0, 1)")
    bump = RadialBump(int(dim), float(plateau), best_even_approximation(int(dim) - 1, float(plateau)))
    if not bump.norm_error <= _WORST_ERROR:
        raise ValueError(
            f"dim is {dim} and plateau {plateau}: the norm, about {bump.norm:.0e}, is beyond double precision; "
            "give a smaller plateau or dimension"
        )
    return bump


def _both_sides(nodes: np.ndarray, masses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in [0, 1] mirrored to [-1, 1], each side with half the mass; a node at 0 stays single."""
    zero = nodes[0] == 0
    left, left_mass = -nodes[::-1], 0.5 * masses[::-1]
    right, right_mass = nodes, 0.5 * masses
    if zero:
        left, left_mass = left[:-1], left_mass[:-1]
        right_mass = right_mass.copy()
        right_mass[0] *= 2
    return np.concatenate([left, right]), np.concatenate([left_mass, right_mass])


def _half_density(dim: int) -> float:
    """C_d / (d - 1), where C_d (1 - t^2)^((d-3)/2) is the density of a coordinate of a uniform direction."""
    return math.exp(gammaln(dim / 2) - gammaln((dim + 1) / 2)) / (2 * math.sqrt(math.pi))


def _mean_distance(r: np.ndarray, s: np.ndarray, dim: int) -> np.ndarray:
    """E |r u - s| for s >= 0 and a coordinate u of a uniform direction: s outside, by parts inside."""
    t = np.divide(s, r, out=np.ones(np.broadcast_shapes(r.shape, s.shape)), where=s < r)
    half = 0.5 * (dim - 1)
    below = betainc(half, half, 0.5 * (1 + t)) if dim > 1 else np.where(t < 1, 0.5, 1.0)
    near = s * (2 * below - 1) + 2 * r * _half_density(dim) * (1 - t * t) ** half
    return np.where(s < r, near, s)


def _mean_distance_slope(r: np.ndarray, s: np.ndarray, dim: int) -> np.ndarray:
    """The derivative of E |r u - s| in r."""
    t = np.divide(s, r, out=np.ones(np.broadcast_shapes(r.shape, s.shape)), where=s < r)
    return np.where(s < r, 2 * _half_density(dim) * (1 - t * t) ** (0.5 * (dim - 1)), 0.0)


def _distances(r: npt.ArrayLike) -> np.ndarray:
    r = np.asarray(r, dtype=np.float64)
    if not np.all(r >= 0):
        raise ValueError("r has negative or NaN entries; it is a distance from the origin")
    return r


def _directions(rng: np.random.Generator, n: int, dim: int) -> np.ndarray:
    vectors = rng.normal(size=(n, dim))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _generator(key: Any) -> np.random.Generator:
    """A NumPy generator from a seed or a JAX key."""
    if isinstance(key, int | np.integer) and not isinstance(key, bool) and key >= 0:
        return np.random.default_rng(int(key))
    if not isinstance(key, int | np.integer) and hasattr(key, "dtype"):
        import jax

        words = jax.random.key_data(key) if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key) else key
        if words.dtype == np.uint32:
            return np.random.default_rng(np.asarray(words).ravel().tolist())
    raise ValueError(f"key is {key!r}; give a whole number >= 0 or a JAX random key")

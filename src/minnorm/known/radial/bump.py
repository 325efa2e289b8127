"""The minimum-norm bump: 1 at the origin or on a plateau, 0 outside the unit ball, in every dimension."""

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.optimize import minimize_scalar

from minnorm.checks import numbers, optional, real, whole
from minnorm.known.radial.chebyshev import EvenApproximation, best_even_approximation
from minnorm.known.radial.exchange import ExtremalMeasure, extremal_measure
from minnorm.known.radial.kernel import half_density, mean_distance, mean_distance_slope, precise_sums
from minnorm.known.radial.law import Law, directions, generator, labelled_points
from minnorm.known.radial.tail import RadialTail
from minnorm.network import ShallowReLU
from minnorm.pictures import card, curve, record

_WORST_ERROR = 1e-10  # relative; beyond it double precision has too little to say about the norm
_LARGE_NORM = 1e4  # beyond it sums over an extremal measure's atoms are taken in its own digits


@dataclass(frozen=True)
class RadialMeasure:
    """The measure mu on the line with f(x) = offset + mean over unit w of int relu(w . x - t) dmu(t).

    `atoms` (k,) ascending, symmetric; `masses` (k,) signed, alternating in odd dimension and on each side in even;
    `tail`, in even dimension, the density outside the ball. sum |masses| + |tail.mass| = [f].
    """

    atoms: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    tail: RadialTail | None = None
    offset: float = 0.0

    @classmethod
    def folded(
        cls, knots: Float[np.ndarray, " k"], masses: Float[np.ndarray, " k"], constant: float
    ) -> "RadialMeasure":
        """Of neurons with knots s >= 0 and a constant: half of each mass on each side has the same mean."""
        zero = knots == 0
        right, half = knots[~zero], 0.5 * masses[~zero]
        atoms = np.concatenate([-right[::-1], knots[zero], right])
        both = np.concatenate([half[::-1], masses[zero], half])
        return cls(atoms, both, offset=constant - 0.5 * float(knots @ masses))


@dataclass(frozen=True)
class RadialCertificate:
    """The dual certificate of a bump: an error curve of best approximation, scaled to touch +-1 at the atoms.

        phi(s) = (|s| - p(s)) / E,      |phi| <= 1 on plateau <= |s| <= 1,    phi(atom) = +-1     (odd dimension)

    For every measure mu on that set that annihilates polynomials of degree <= d - 1 and has 1/2 int |s| dmu = 1,
    2 / E = int phi dmu <= ||mu||; the optimal measure attains it, as phi is its sign at every atom. In even
    dimension phi is the curve of `radial_bump`, and the tail's sign outside the ball. `bounds` are proven bounds
    of E = 2 / [f].
    """

    approximation: EvenApproximation | ExtremalMeasure
    scale: float = 1.0

    @property
    def atoms(self) -> Float[np.ndarray, " k"]:
        """Where the curve touches +-1, ascending and symmetric."""
        return self.scale * _both_sides(self.approximation.nodes, self.approximation.nodes)[0]

    @property
    def bounds(self) -> tuple[float, float]:
        """Proven lower and upper bounds of E, for the bump of radius 1."""
        if isinstance(self.approximation, EvenApproximation):
            return self.approximation.bounds
        low, high = self.approximation.norm_bounds
        return math.nextafter(2 / high, 0.0), math.nextafter(2 / low, math.inf)

    def __call__(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """phi(s), for s in the units of the stretched bump."""
        return self.approximation.curve(np.asarray(s, dtype=np.float64) / self.scale)


@dataclass(frozen=True, repr=False)
class RadialBump:
    r"""The function of least [f] on R^d with f = 1 for |x| <= plateau and f = 0 for 1 <= |x| <= outer, stretched.

        f(x) = mean over unit w of int relu(w . x - t) dmu(t),      [f] = ||mu||

    In odd dimension [f] = 2 / E, where E is the error of the best approximation of |s| on plateau <= |s| <= 1 by
    even polynomials of degree <= d - 1, and mu lives on its alternation points. In even dimension mu has a tail
    outside the ball as well. Made by `radial_bump`; calling it evaluates f at points of shape (..., dim).
    """

    dim: int
    plateau: float
    approximation: EvenApproximation | ExtremalMeasure
    scale: float = 1.0
    outer: float = math.inf

    def __repr__(self) -> str:
        low, high = self.norm_bounds
        reach = "on" if math.isinf(self.outer) else f"to {self.scale * self.outer:g}"
        facts = {
            "norm": f"{self.norm:.14g}",
            "size": f"{self.measure.atoms.size} atoms",
            "proof": f"the norm is between {low:.17g} and {high:.17g}",
        }
        known = f"1 up to {self.scale * self.plateau:g}, 0 from {self.scale:g} {reach}"
        return record(f"RadialBump: {known}, in dimension {self.dim}", facts)

    def _repr_html_(self) -> str:
        r = self.scale * np.linspace(0.0, 1.5, 121)
        return card(repr(self), curve(r, self.profile(r), f"the profile up to radius {r[-1]:.3g}"))

    @property
    def norm(self) -> float:
        """[f]."""
        return self.approximation.norm / self.scale

    @cached_property
    def norm_bounds(self) -> tuple[float, float]:
        """Proven lower and upper bounds of the norm, rounded outwards."""
        low, high = self.approximation.norm_bounds
        if self.scale == 1:
            return low, high
        return math.nextafter(low / self.scale, 0.0), math.nextafter(high / self.scale, math.inf)

    @property
    def norm_error(self) -> float:
        """Proven bound of the relative error of `norm`."""
        low, high = self.norm_bounds
        return max(high - self.norm, self.norm - low) / self.norm * (1 + 1e-15)

    @cached_property
    def measure(self) -> RadialMeasure:
        """The optimal measure."""
        atoms, masses = _both_sides(self.approximation.nodes, self.approximation.masses)
        tail = self._tail
        offset = 0.0
        if tail is not None:
            if not math.isinf(self.outer):
                there = self.approximation.masses @ self.approximation.nodes + tail.first_moment
                offset = 1 - 0.5 * float(there)
            tail = dataclasses.replace(tail, scale=self.scale, mass=tail.mass / self.scale)
        return RadialMeasure(self.scale * atoms, masses / self.scale, tail, offset)

    @property
    def certificate(self) -> RadialCertificate:
        """The equioscillating error curve."""
        return RadialCertificate(self.approximation, self.scale)

    def profile(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at distance r >= 0 from the origin (in the units of x), any shape; exactly 1 and 0 where it is known."""
        r = np.asarray(_distances(r) / self.scale)
        values = np.where(r >= 1, 0.0, np.where(r <= self.plateau, 1.0, self._inside(r, slope=False)))
        return self._outside(r, values, 0)

    def derivative(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f'(r); exactly 0 where f is known to be constant. In d = 1 f' jumps at the atoms: the left limit inside."""
        r = np.asarray(_distances(r) / self.scale)
        inside = (r > self.plateau) & (r <= 1) & (r > 0) if self.dim == 1 else (r > self.plateau) & (r < 1)
        return np.asarray(self._outside(r, np.where(inside, self._inside(r, slope=True), 0.0), 1) / self.scale)

    @cached_property
    def lipschitz(self) -> float:
        """max |f'|."""
        if self.dim == 1:
            return 1 / (1 - self.plateau) / self.scale
        # In d = 3 the slope may peak at an atom, where it has a kink.
        grid = np.union1d(np.linspace(self.plateau, 1, 64 * (self.dim + 3)), self.approximation.nodes)
        if self._precise:
            grid = np.union1d(np.linspace(self.plateau, 1, 4 * (self.dim + 3)), self.approximation.nodes)
        slopes = np.abs(self._inside(grid, slope=True))
        k = int(np.argmax(slopes))
        found = minimize_scalar(
            lambda r: -abs(float(self._inside(np.array([r]), slope=True)[0])),
            bounds=(grid[max(k - 1, 0)], grid[min(k + 1, grid.size - 1)]),
            method="bounded",
            options={"xatol": 1e-12},
        )
        steepest = max(-float(found.fun), float(slopes[k]))
        if self._tail is not None and not math.isinf(self.outer):
            # Beyond the outer radius |f'| grows towards half the missing mass times E |u|.
            missing = abs(self.approximation.masses.sum() + self._tail.mass)
            steepest = max(steepest, missing * half_density(self.dim))
        return steepest / self.scale

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points of shape (..., dim)."""
        return self.profile(radii(x, self.dim))

    def stretch(self, factor: float) -> "RadialBump":
        """x -> f(x / factor), whose norm and Lipschitz constant are divided by `factor`."""
        factor = real("factor", factor, "a finite number > 0", lambda number: 0 < number < math.inf)
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
        outer = real("outer", outer, "a number > 1", lambda number: number > 1)
        if self.dim % 2 == 0 and (outer > self.outer or (law == "normal" and not math.isinf(self.outer))):
            raise ValueError(
                f"outer is {outer} and law {law!r}, but this bump is 0 only up to {self.outer:g} times its radius; "
                "give a smaller outer, or make the bump with a larger one"
            )
        return labelled_points(
            key, n, law, self.dim, self.plateau, self.scale, outer=outer, inner_fraction=inner_fraction
        )

    def as_network(self, width: int, key: Any) -> ShallowReLU:
        """A finite network drawn from the optimal measure, with the same path norm: sum |a_k| |w_k| = [f].

        Knots are spread over the measure in proportion to its mass (systematic resampling), directions are
        uniform on the sphere, all |a_k| = [f] / width. The squared distance to f decays like [f]^2 / width.
        """
        width = whole("width", width, 1, 2**31 - 1, "a positive whole number")
        rng = generator(key)
        measure, tail = self.measure, self.measure.tail
        sizes = np.append(np.abs(measure.masses), [] if tail is None else [abs(tail.mass)])
        share = np.cumsum(sizes)
        where = (np.arange(width) + rng.random()) / width
        chosen = np.searchsorted(share / share[-1], where, side="right")
        chosen = np.minimum(chosen, share.size - 1)
        knots, signs = measure.atoms[np.minimum(chosen, measure.atoms.size - 1)], np.sign(measure.masses)
        if tail is not None:
            # A stretch of (0, 1) belongs to the tail; each half of it to one side.
            outside = chosen == measure.atoms.size
            part = 2 * (1 - where[outside]) * share[-1] / abs(tail.mass) - 1
            knots[outside] = np.sign(part) * tail.quantile(np.abs(part))
            signs = np.append(signs, np.sign(tail.mass))
        return ShallowReLU(
            directions(rng, width, self.dim), -knots, signs[chosen] * (self.norm / width), np.array(measure.offset)
        )

    @property
    def _precise(self) -> bool:
        return isinstance(self.approximation, ExtremalMeasure) and self.approximation.norm > _LARGE_NORM

    def _inside(self, r: np.ndarray, *, slope: bool) -> npt.NDArray[np.float64]:
        """f or f' of the unstretched bump, r cut at 1: 1 + sum of m_i (E |r u - s_i| - s_i) / 2, or its slope."""
        r = np.asarray(np.minimum(r, 1.0))
        found = self.approximation
        if isinstance(found, ExtremalMeasure) and self._precise:
            pairs = precise_sums(found.error_curve.context, self.dim, found.exact, r.ravel().tolist())
            return np.array([pair[1] if slope else 1 + pair[0] for pair in pairs]).reshape(r.shape)
        nodes = found.nodes.reshape(-1, *[1] * r.ndim)
        terms = mean_distance_slope(r[None], nodes, self.dim) if slope else mean_distance(r[None], nodes, self.dim)
        if not slope and found.tail_mass:
            return np.asarray(1 + np.tensordot(0.5 * found.masses, terms - nodes, axes=1), dtype=np.float64)
        return np.asarray(np.tensordot(0.5 * found.masses, terms, axes=1), dtype=np.float64)

    def _outside(self, r: np.ndarray, values: np.ndarray, order: int) -> npt.NDArray[np.float64]:
        """`values` with those of f or f' where r exceeds a finite outer radius in even dimension."""
        if self._tail is None or math.isinf(self.outer) or not np.any(r > self.outer):
            return values
        values = np.array(values)
        for at in np.argwhere(r > self.outer):
            values[tuple(at)] = self._tail.beyond(float(r[tuple(at)]), self.dim)[order]
        return values

    @cached_property
    def _tail(self) -> RadialTail | None:
        """The tail of the unstretched bump."""
        found = self.approximation
        if found.tail_mass == 0:
            return None
        # The atoms' masses are C / (sin(t_i) prod (s_i^2 - s_j^2)), and the factor is -C / pi.
        s = found.nodes
        others = (s[0] - s[1:]) * (s[0] + s[1:])
        constant = found.masses[0] * math.sqrt((1 - s[0]) * (1 + s[0])) * float(np.prod(others))
        return RadialTail(s, -constant / math.pi, found.tail_mass, self.outer)


def radial_bump(dim: int, plateau: float = 0.0, outer: float = math.inf, *, digits: int | None = None) -> RadialBump:
    r"""The minimum-norm function with f = 1 for |x| <= plateau and f = 0 for 1 <= |x| <= outer, in any dimension.

        d odd:   [f] = 2 / E,   E = min over even p of degree <= d - 1 of max { ||s| - p(s)| : plateau <= |s| <= 1 }
        d even:  [f] = max lam  with |phi| <= 1 on 0 <= t <= arccos(plateau),
                 phi(t) = (-1)^(d/2) (1 - (2/pi) atan(sin(t) / sqrt(outer^2 - 1))) + lam t cos(t) / pi
                          - sum_(k = 1, 3, .., d-1) b_k sin(k t)

    Arguments: `dim`, positive; `plateau` in [0, 1), where 0 asks for f(0) = 1 only; `outer`, in units of the
    bump's radius, at least 1.001 (in odd dimension the answer is the same for each); `digits`, 10 to 250: prove the
    norm to so many decimal digits (`bump.approximation.decimal_bounds`) with mpmath instead of double precision.

    Returns a `RadialBump` whose `norm_bounds` are proven, rounding errors and maxima between nodes included. Even
    dimensions are always computed with as many digits as they need. Odd ones are in double precision unless `digits`
    is given: without plateau that proves 12 digits up to dim = 201. With a plateau the norm grows like
    d^(3/2) ((1 + plateau) / (1 - plateau))^(d/2), and double precision ends where it nears 3e6: after dim = 17 for
    a plateau of 0.5, 27 for 0.3, 79 for 0.1. Where the norm exceeds 1e4 and `digits` is given, or the dimension
    is even, the profile is summed in the digits of the norm, too.

    Errors: ValueError naming the argument, also where double precision does not determine the norm to 1e-10 (the
    remedy is `digits`) and where the norm exceeds the range of double precision.

    >>> radial_bump(3).norm
    16.0
    >>> round(radial_bump(2).norm, 12), round(radial_bump(2, outer=2.0).norm, 12)
    (11.19805081501, 11.142236848488)
    >>> low, high = radial_bump(5, 0.5, digits=30).approximation.decimal_bounds
    >>> str(low)[:31]
    '571.017324917368767569085188698'

    Source: Wojtowytsch (2022), *Optimal bump functions for shallow ReLU networks*, for odd dimensions; the reduction
    to best approximation uses that Abel inversion is local there. In even dimension it is not: the measure inside
    the ball determines the rest by balayage, see the page *Radial bumps*.
    """
    dim = whole("dim", dim, 1, 2**31 - 1, "a positive whole number")
    plateau = real("plateau", plateau, "a number in [0, 1)", lambda number: 0 <= number < 1)
    wanted = "a number >= 1.001 (labels on a sphere alone are another, cheaper problem)"
    outer = real("outer", outer, wanted, lambda number: number >= 1.001)
    digits = optional(whole, "digits", digits, 10, 250, "a whole number from 10 to 250")
    if dim / 2 * math.log10((1 + plateau) / (1 - plateau)) > 290:
        raise ValueError(
            f"dim is {dim} and plateau {plateau}: the norm exceeds 1e290; give a smaller plateau or dimension"
        )
    if dim % 2 == 0 or digits is not None:
        found = extremal_measure(dim, plateau, outer if dim % 2 == 0 else math.inf, digits or 16)
        return RadialBump(dim, plateau, found, outer=outer)
    bump = RadialBump(dim, plateau, best_even_approximation(dim - 1, plateau), outer=outer)
    if not bump.norm_error <= _WORST_ERROR:
        raise ValueError(
            f"dim is {dim} and plateau {plateau}: double precision does not determine the norm, about "
            f"{bump.norm:.0e}, to 1e-10; give digits=16 (more digits, slower), or a smaller plateau or dimension"
        )
    return bump


def radii(x: npt.ArrayLike, dim: int) -> npt.NDArray[np.float64]:
    """|x| for points of shape (..., dim); ValueError for another shape."""
    x = numbers(x, "x")
    if x.ndim == 0 or x.shape[-1] != dim:
        raise ValueError(f"x has shape {x.shape}; give (..., {dim})")
    return np.asarray(np.linalg.norm(x, axis=-1))


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


def _distances(r: npt.ArrayLike) -> np.ndarray:
    r = numbers(r, "r")
    if not np.all(r >= 0):
        raise ValueError("r has negative or NaN entries; it is a distance from the origin")
    return r

"""Radial functions given by polynomials on shells, in odd dimension, and unknown in the gaps between them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial
from scipy.special import betainc

from minnorm.checks import real, several, shown, whole
from minnorm.known.radial.bump import RadialMeasure, radii
from minnorm.known.radial.kernel import half_density, mean_distance
from minnorm.known.radial.moments import GapMeasure, least_measure
from minnorm.known.radial.shells import ends_of
from minnorm.pictures import record

_WORST_ERROR = 1e-6  # relative; beyond it double precision has too little to say about the norm
_DEPTH = 40  # halvings about a sign change of g''

Exact = tuple[Fraction, ...]
"""A polynomial's coefficients in ascending powers."""


@dataclass(frozen=True, repr=False)
class RadialTarget:
    """The function of least [f] that has given values on shells around the origin. Made by `radial_target`.

        f(x) = mean over unit w of g(w . x),   g'' = mu = (density on the shells) + (atoms in the gaps),   [f] = ||mu||

    `shells` are the intervals of |x| in which f is known, `pieces` its polynomials there, `gaps` the measures between
    them (each one side of an even measure); calling it evaluates f at points of shape (..., dim).
    """

    dim: int
    shells: tuple[tuple[float, float], ...]
    pieces: tuple[Exact, ...]
    gaps: tuple[GapMeasure, ...]
    norm_bounds: tuple[float, float]

    def __repr__(self) -> str:
        low, high = self.norm_bounds
        atoms = sum(gap.atoms.size for gap in self.gaps)
        facts = {
            "norm": f"{self.norm:.14g}",
            "size": f"{len(self.shells)} shells, {len(self.gaps)} gaps, {atoms} atoms",
            "proof": f"the norm is between {low:.17g} and {high:.17g}",
        }
        return record(f"RadialTarget: least norm in dimension {self.dim}", facts)

    @property
    def norm(self) -> float:
        """[f], the middle of its proven bounds `norm_bounds`."""
        low, high = self.norm_bounds
        return low + 0.5 * (high - low)

    @property
    def norm_error(self) -> float:
        """Proven bound of the relative error of `norm`."""
        low, high = self.norm_bounds
        return (high - low) / high if high > low else 0.0

    @cached_property
    def measure(self) -> RadialMeasure:
        """The atoms of mu, ascending and symmetric; the rest of mu is `density`."""
        found: dict[float, float] = {}
        for gap in self.gaps:
            for s, mass in zip(gap.atoms.tolist(), gap.masses.tolist(), strict=True):
                for side in (-s, s):  # at 0 the two halves meet
                    found[side + 0.0] = found.get(side + 0.0, 0.0) + mass
        if self.shells[0][1] > 0 and (kink := float(_kink(self._inverses[0]))) != 0:
            found[0.0] = kink
        atoms = sorted(found)
        # f(0) is the offset and half the integral of |s|; on a shell that of s g'' is [s g' - g].
        moment = sum(abs(s) * found[s] for s in atoms) / 2
        for (low, high), inverse in zip(self.shells, self._inverses, strict=True):
            if high > low and not math.isinf(high):
                moment += float(_affine(inverse, Fraction(high))[1] - _affine(inverse, Fraction(low))[1])
        start = float(self.pieces[0][0])
        return RadialMeasure(np.array(atoms), np.array([found[s] for s in atoms]), offset=start - moment)

    def density(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The density of mu at s, any shape: g''(|s|) inside the shells, 0 elsewhere."""
        s = np.abs(np.asarray(s, dtype=np.float64))
        value = np.zeros(s.shape)
        for (low, high), inverse in zip(self.shells, self._inverses, strict=True):
            value = np.where((s > low) & (s < high), _polynomial(inverse).deriv(2)(s), value)
        return value

    def certificate(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The sign of mu: in the gaps a curve with |q| <= 1 that is mu's sign at its atoms; the density's on shells."""
        value = np.sign(self.density(s))
        s = np.abs(np.asarray(s, dtype=np.float64))
        if self.shells[0][1] > 0:
            value = np.where(s == 0, np.sign(float(_kink(self._inverses[0]))), value)
        for gap in self.gaps:
            value = np.where((s >= gap.ends[0]) & (s <= gap.ends[1]), gap.curve(s), value)
        return value

    def profile(self, r: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at distance r >= 0 from the origin, any shape; exactly the given polynomial where f is known."""
        r = np.asarray(r, dtype=np.float64)
        if not np.all(r >= 0):
            raise ValueError("r has negative or NaN entries; it is a distance from the origin")
        value = np.zeros(r.shape)
        for i, ((low, high), piece) in enumerate(zip(self.shells, self.pieces, strict=True)):
            here = _polynomial(piece)(np.minimum(r, high) if math.isfinite(high) else r)
            if math.isfinite(high) and np.any(r > high):
                here = np.where(r > high, self._continued(np.maximum(r, high), i), here)
            value = np.where(r >= low, here, value)
        return value

    def __call__(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """f at points of shape (..., dim)."""
        return self.profile(radii(x, self.dim))

    @cached_property
    def _inverses(self) -> tuple[Exact, ...]:
        return tuple(_inverse(piece, self.dim) for piece in self.pieces)

    def _continued(self, r: np.ndarray, shell: int) -> np.ndarray:
        """f beyond the end a of a shell: what g there gives, continued affinely, and the atoms of the gap that follows.

        E of |u|^p over |u| <= t is E |u|^p times an incomplete beta function, and g's factor is 1 / E |u|^p.
        """
        d, a, inverse = self.dim, self.shells[shell][1], self._inverses[shell]
        slope, moment = (float(c) for c in _affine(inverse, Fraction(a)))
        t = np.divide(a, r, out=np.ones_like(r), where=r > a)
        value = np.zeros_like(r)
        for p, c in enumerate(self.pieces[shell]):
            share = betainc(0.5 * (p + 1), 0.5 * (d - 1), t * t) if d > 1 else np.where(t < 1, 0.0, 1.0)
            value += float(c) * r**p * share
            if p == 0:
                value -= moment * (1 - share)
        value += slope * 2 * half_density(d) * r * (1 - t * t) ** (0.5 * (d - 1))
        if shell < len(self.gaps):
            gap = self.gaps[shell]
            s = gap.atoms.reshape(-1, *[1] * r.ndim)
            value += np.tensordot(gap.masses, mean_distance(r[None], s, d) - s, axes=1)
        return value


def radial_target(
    dim: int, gaps: Sequence[tuple[float, float]], pieces: Sequence[Any], outer: float = math.inf
) -> RadialTarget:
    r"""The minimum-norm function with given polynomials in |x| on shells around the origin, in odd dimension.

        f(x) = pieces[i](|x|)   for b_i <= |x| <= a_(i+1),      b_0 = 0,  a_(n+1) = outer
        [f]  = int over the shells of |g''|
               + 2 sum_i max { M_i(q) : |q| <= 1 on (a_i, b_i),  q in span {1, s, s^2, s^4, .., s^(d-1)} }

    Where f is r^p, g is |z|^p / E |u|^p, with u a coordinate of a random direction, so that the shells determine
    mu = g'' there, and the moments M_i of mu in each gap.

    Arguments: `dim`, odd; `gaps`, the n intervals (a_i, b_i) of |x| in which f is unknown, ascending and apart, where
    a_1 = 0 asks for f(0) = `pieces[0](0)` only; `pieces`, n + 1 polynomials in r, each a number, coefficients in
    ascending powers, or a `numpy.polynomial.Polynomial`; `outer`, the end of what is known, beyond the
    last gap: needed if the last polynomial is not affine, whose norm would be infinite.

    Returns a `RadialTarget` whose `norm_bounds` are proven, rounding included: moments and density are computed in
    exact arithmetic, each gap's measure meets its moments in many digits, and its certificate's maximum is bounded.
    They widen with the norm of a gap: `norm_error`.

    Errors: ValueError naming the argument, also where double precision does not determine the norm to 1e-6.

    >>> radial_target(3, [(0.0, 1.0), (2.0, 4.0)], [1.0, 0.0, 0.5]).norm  # constant levels: known.radial_shells
    28.0
    >>> cone = radial_target(3, [(0.5, 1.0)], [[1.0, -1.0], 0.0])  # 1 - |x|, cut off
    >>> round(cone.norm, 6)
    32.0
    >>> cone.profile([0.25, 2.0]).tolist()
    [0.75, 0.0]

    Source: Abel inversion is local in odd dimension; see the page *Radial bumps*.
    """
    wanted = "an odd positive number (in even dimension gaps interact: radial_fit)"
    dim = whole("dim", dim, 1, 2**31 - 1, wanted)
    if dim % 2 == 0:
        raise ValueError(f"dim is {dim}; give {wanted}")
    edges = ends_of(gaps)
    gaps = list(zip(edges[::2], edges[1::2], strict=True))
    wanted = f"a number beyond the last gap, which ends at {edges[-1]:g}"
    outer = real("outer", outer, wanted, lambda number: number > edges[-1])
    try:
        count = 0 if isinstance(pieces, str | bytes | Mapping | set) else len(pieces)
    except TypeError:  # without a length, or, as sparse matrices, with two
        count = 0
    if count == 0:
        raise ValueError(f"pieces is {shown(pieces)}; give a list of {len(gaps) + 1} polynomials, one more than gaps")
    if count != len(gaps) + 1:
        raise ValueError(f"pieces has {count} entries; give {len(gaps) + 1}, one more than gaps")
    exact = tuple(_coefficients(piece, i) for i, piece in enumerate(pieces))
    if math.isinf(outer) and len(exact[-1]) > 2:
        raise ValueError(
            f"pieces[{len(gaps)}] has degree {len(exact[-1]) - 1} out to infinity, where only degrees 0 and 1 have "
            "a finite norm; give outer"
        )
    shells = tuple(zip([0.0, *edges[1::2]], [*edges[::2], float(outer)], strict=True))
    inverses = [_inverse(piece, int(dim)) for piece in exact]
    low = high = Fraction(0)
    for inverse, (start, end) in zip(inverses, shells, strict=True):
        below, above = _variation(inverse, start, end)
        low, high = low + 2 * below, high + 2 * above
    if edges[0] > 0:
        low, high = low + abs(_kink(inverses[0])), high + abs(_kink(inverses[0]))
    found = []
    for (left, right), (a, b) in zip(pairwise(inverses), gaps, strict=True):
        found.append(least_measure((float(a), float(b)), _moments(left, right, Fraction(a), Fraction(b), int(dim))))
        low, high = low + 2 * Fraction(found[-1].bounds[0]), high + 2 * Fraction(found[-1].bounds[1])
    bounds = (float(low), float(high))
    if low != high or Fraction(bounds[0]) != low:
        bounds = (max(0.0, math.nextafter(bounds[0], 0.0)), math.nextafter(bounds[1], math.inf))
    target = RadialTarget(int(dim), shells, exact, tuple(found), bounds)
    if target.norm_error > _WORST_ERROR:
        raise ValueError(
            f"gaps is {list(gaps)!r}: in dimension {dim} double precision does not determine the norm, at least "
            f"{bounds[0]:.0e}, to {_WORST_ERROR:g}; give gaps that reach further down or a smaller dimension"
        )
    return target


def _coefficients(piece: Any, i: int) -> Exact:
    """A polynomial's coefficients, without zeros at the end."""
    given: Any = piece.convert().coef if isinstance(piece, Polynomial) else piece
    plain = several(given)
    found = [Fraction(c) for c in plain.tolist()] if plain.ndim == 1 and np.all(np.isfinite(plain)) else []
    if not found:
        raise ValueError(
            f"pieces[{i}] is {shown(piece)}; give a number, finite coefficients in ascending powers of r, or a "
            "Polynomial"
        )
    while len(found) > 1 and found[-1] == 0:
        found.pop()
    return tuple(found)


def _inverse(piece: Exact, dim: int) -> Exact:
    """g: the coefficients over E |u|^p, which is 1 for p = 0 and a product for p = 1, then (p+1) / (d+p) times it."""
    first = Fraction(1)
    for k in range(1, dim - 1, 2):
        first *= Fraction(k, k + 1)
    means = [Fraction(1), first]
    for p in range(len(piece) - 2):
        means.append(means[p] * Fraction(p + 1, dim + p))
    return tuple(c / mean for c, mean in zip(piece, means, strict=False))


def _polynomial(coefficients: Exact) -> Polynomial:
    return Polynomial([float(c) for c in coefficients])


def _at(coefficients: Sequence[Fraction], x: Fraction) -> Fraction:
    value = Fraction(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def _slope(coefficients: Sequence[Fraction]) -> list[Fraction]:
    return [p * c for p, c in enumerate(coefficients)][1:]


def _kink(inverse: Exact) -> Fraction:
    """The atom of mu at the origin where f is known around it."""
    return 2 * inverse[1] if len(inverse) > 1 else Fraction(0)


def _affine(inverse: Exact, s: Fraction) -> tuple[Fraction, Fraction]:
    """g' and s g' - g; at the origin g' is that of an even function."""
    slope = _at(_slope(inverse), s) if s else Fraction(0)
    return slope, s * slope - _at(inverse, s)


def _moments(left: Exact, right: Exact, a: Fraction, b: Fraction, dim: int) -> list[Fraction]:
    """The moments of 1, s, s^2, s^4, .. in a gap, from the even g on both sides, by parts."""

    def even(inverse: Exact, s: Fraction, power: int) -> Fraction:
        terms = (c * p * (p - 1) * s ** (p - 1 + power) / (p - 1 + power) for p, c in enumerate(inverse) if p > 1)
        return sum(terms, Fraction(0))

    ends = [v - u for u, v in zip(_affine(left, a), _affine(right, b), strict=True)]
    return ends + [even(right, b, power) - even(left, a, power) for power in range(2, dim, 2)]


def _variation(inverse: Exact, start: float, end: float) -> tuple[Fraction, Fraction]:
    """Bounds of the integral of |g''|: it is |change of g'| on cells where g'' has one sign, halved until they do."""
    slope, bend = _slope(inverse), _slope(_slope(inverse))
    if not bend or end <= start:
        return Fraction(0), Fraction(0)
    third = [abs(c) for c in _slope(bend)]
    low = high = Fraction(0)
    cells = [(Fraction(start), Fraction(end))]
    for depth in range(_DEPTH + 1):
        split = []
        for x, y in cells:
            half, middle = (y - x) / 2, (x + y) / 2
            steep, value = half * _at(third, y), abs(_at(bend, middle))
            change = abs(_at(slope, y) - _at(slope, x))
            if value >= steep or depth == _DEPTH:
                low, high = low + change, high + (change if value >= steep else (value + steep) * 2 * half)
            else:
                split += [(x, middle), (middle, y)]
        cells = split
    return low, high

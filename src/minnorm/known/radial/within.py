"""Radial regions up to a distance: the least norm of a function near 1 on a ball and near 0 on a shell, proven."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

from minnorm.checks import real, whole
from minnorm.known.radial.atoms import (
    UNIT,
    correlation,
    largest_correlation,
    peaks,
    radial_atoms,
    radial_rises,
    rounding,
)
from minnorm.known.radial.averaged import Averaged
from minnorm.known.radial.cells import largest
from minnorm.pictures import record

_ROUNDS = 80
_FIRST, _GRID = 24, 800  # radii at first, in each part of the region; at which the error is looked at
_EXCESS = 1e-9  # of |h| over 1, or of the error over what is aimed at, in terms of that, that is none
_APART = 1e-9  # of the outer radius: neurons or radii this close to another are no new ones
_ROOM, _WIDEST = 1e-8, 0.1  # of the distance: how far inside is aimed at, at first and at most
_MOST = 300  # radii or neurons, beyond which no more are added
_PROOF = 1e-10  # relative, of the bounds of sup |h| and of the error
_MATTERS = 1e-12  # share of the largest mass, or dual number, below which it is a rounding error
_TOLERANCES = (1e-10, 1e-9, 1e-7)
_LEAST = 1.001


@dataclass(frozen=True, repr=False)
class RadialWithin(Averaged):
    """The function of least norm that is within a distance of 1 on a ball and of 0 on a shell, with its proof.

        f(x) = c + int E relu(r u - s) dmu(s),   r = |x|,   u a coordinate of a uniform direction,    [f] = ||mu||

    Made by `radial_within`. `knots` (k,) and `masses` (k,) are mu, on s >= 0; `dual` (n,) on spheres of `radii` (n,) is
    the measure nu that proves the lower of `norm_bounds`; `error` is proven to be no less than |f - label| anywhere on
    the region, and no more than `within`. Calling it evaluates f at points of shape (..., dim).
    """

    dim: int
    plateau: float
    outer: float
    within: float
    knots: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    constant: float
    radii: Float[np.ndarray, " n"]
    dual: Float[np.ndarray, " n"]
    norm_bounds: tuple[float, float]
    """Proven bounds of the least norm; the upper one is that of f."""
    error: float

    def __repr__(self) -> str:
        low, high = self.norm_bounds
        inside = f"|x| <= {self.plateau:g}" if self.plateau else "the origin"
        facts = {
            "norm": f"{self.norm:.10g}",
            "size": f"{self.knots.size} atoms, dual on {self.radii.size} spheres",
            "proof": f"the least norm is between {low:.10g} and {high:.10g}, relative gap {self.gap:.1e}",
        }
        near = f"within {self.within:g} of 1 on {inside}, of 0 on 1 <= |x| <= {self.outer:g}"
        return record(f"RadialWithin: {near}, in dimension {self.dim}", facts)

    @property
    def gap(self) -> float:
        """(upper - lower) / upper of `norm_bounds`."""
        low, high = self.norm_bounds
        return (high - low) / high


def radial_within(dim: int, plateau: float | int, outer: float | int, within: float | int) -> RadialWithin:
    r"""The least norm of any network near 1 on a ball and near 0 on a shell, and the function that has it.

        N(delta) = min [f]    s.t.    |f - 1| <= delta on |x| <= plateau,    |f| <= delta on 1 <= |x| <= outer

    Averaging over rotations raises neither the norm nor the error, so that f is a mean of the averaged neurons of
    `radial_fit`: a linear programme in one dimension, with infinitely many neurons and infinitely many conditions. Both
    are added where they are most missed. In the dual, nu on spheres,

        N(delta) = max nu . g - delta |nu|_1    s.t.    sum nu = 0,    |sum_j nu_j E relu(r_j u - s)| <= 1 for all s

    Arguments: `dim`, positive; `plateau` in [0, 1), 0 for the origin alone; `outer` >= 1.001, the shell's outer radius
    in units of its inner one; `within` delta, between 0 and 1/2, from where a constant would do.

    Returns a `RadialWithin`. Both `norm_bounds` are proven, rounding and whatever is between the radii included: |h| is
    bounded on cells of s, |f - label| on cells of r. `interpolate_regions` brackets the same number for the regions
    `ball` and `shell`. With delta -> 0 it tends to that of `radial_bump`.

    Errors: ValueError naming the argument, also where double precision does not meet the conditions.

    >>> found = radial_within(2, 0.3, 2.0, 0.05)
    >>> round(found.norm, 4), found.gap < 1e-6
    (10.3427, True)

    Source: Hettich & Kortanek (1993), *Semi-infinite programming: theory, methods, and applications*, for exchange.
    """
    dim = whole("dim", dim, 1, 2**31 - 1, "a positive whole number")
    plateau = real("plateau", plateau, "a number in [0, 1)", lambda number: 0 <= number < 1)
    outer = real("outer", outer, f"a finite number >= {_LEAST}", lambda number: _LEAST <= number < math.inf)
    wanted = "a number between 0 and 0.5: radial_bump is for 0, and from 0.5 on a constant will do"
    within = real("within", within, wanted, lambda number: 0 < number < 0.5)
    region = _Region(dim, plateau, outer)
    r, s = region.first(), np.linspace(0.0, outer, 4 * _FIRST, endpoint=False)
    room = _ROOM
    while room < _WIDEST:
        aim = within * (1 - room)
        r, s, masses, constant, nu = _exchanged(region, aim, r, s)
        found = _proven(region, within, s, masses, constant, r, nu)
        if found.error <= within:
            return found
        room = max(10 * room, 1.5 * (found.error / aim - 1))
    raise ValueError(
        f"within is {within:g}, which double precision does not keep to in dimension {dim}; give a larger within, or a "
        "smaller plateau"
    )


@dataclass(frozen=True)
class _Region:
    """A ball, or the origin, where the label is 1, and a shell where it is 0."""

    dim: int
    plateau: float
    outer: float

    @property
    def parts(self) -> tuple[tuple[float, float, float], ...]:
        """(inner radius, outer radius, label) of both."""
        return ((0.0, self.plateau, 1.0), (1.0, self.outer, 0.0))

    def first(self) -> np.ndarray:
        """Radii to begin with, denser towards the ends."""
        share = 0.5 - 0.5 * np.cos(np.pi * np.linspace(0, 1, _FIRST))
        return np.unique(np.concatenate([low + (high - low) * share for low, high, _ in self.parts]))

    def labels(self, r: np.ndarray) -> np.ndarray:
        """1 or 0."""
        return np.where(r < 1, 1.0, 0.0)

    def worst(self, s: np.ndarray, masses: np.ndarray, constant: float, also: np.ndarray, least: float) -> np.ndarray:
        """Radii at local maxima of |f - label| above `least`."""
        found = []
        for low, high, label in self.parts:
            bent = s[masses != 0]
            inside = np.concatenate([part[(part >= low) & (part <= high)] for part in (also, bent)])
            grid = np.unique(np.concatenate([np.linspace(low, high, _GRID if high > low else 1), inside]))

            def missed(at: np.ndarray, label: float = label) -> tuple[np.ndarray, np.ndarray]:
                value = constant - label + radial_atoms(at, s, self.dim)[0] @ masses
                return value, radial_rises(at, s, self.dim) @ masses

            size = np.abs(missed(grid)[0])
            beside = np.concatenate([[-1.0], size, [-1.0]])
            top = np.flatnonzero((size >= beside[:-2]) & (size >= beside[2:]) & (size > least))
            left, right = grid[np.maximum(top - 1, 0)], grid[np.minimum(top + 1, grid.size - 1)]
            for _ in range(40):
                middle = 0.5 * (left + right)
                value, slope = missed(middle)
                rising = np.sign(value) * slope > 0
                left, right = np.where(rising, middle, left), np.where(rising, right, middle)
            refined = 0.5 * (left + right)
            found.append(np.where(np.abs(missed(refined)[0]) > size[top], refined, grid[top]))
        return np.concatenate(found)


def _exchanged(
    region: _Region, aim: float, r: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, np.ndarray]:
    """Radii, knots, masses, constant and dual vector of the programme with neither neurons nor conditions missing."""
    apart = _APART * region.outer
    masses, constant, nu = _programme(region, aim, r, s)
    for _ in range(_ROUNDS):
        heard = np.abs(nu) > _MATTERS * np.max(np.abs(nu))
        heard[0] = True  # which keeps the sum 0
        top = peaks(nu[heard], r[heard], region.dim, s)
        height = np.abs(correlation(nu[heard], r[heard], top, region.dim)[0])
        more = _fresh(top[height > 1 + _EXCESS], s, apart)
        missed = _fresh(region.worst(s, masses, constant, r, aim * (1 + _EXCESS)), r, apart)
        if (more.size == 0 and missed.size == 0) or max(r.size, s.size) > _MOST:
            break
        r, s = np.union1d(r, missed), np.union1d(s, more)
        masses, constant, nu = _programme(region, aim, r, s)
    return r, s, masses, constant, nu


def _fresh(places: np.ndarray, known: np.ndarray, apart: float) -> np.ndarray:
    """Those of them that are not known."""
    places = np.unique(places)
    return places[np.min(np.abs(places[:, None] - known), axis=1, initial=math.inf) > apart]


def _programme(region: _Region, aim: float, r: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """Masses, constant and dual vector of the least sum |masses| with |f - label| <= aim at the radii."""
    columns = radial_atoms(r, s, region.dim)[0]
    scale = np.linalg.norm(columns, axis=0)
    scale[scale == 0] = 1.0
    one, labels, q = np.ones((r.size, 1)), region.labels(r), s.size
    table = np.hstack([columns / scale, -columns / scale, one])
    for tolerance in _TOLERANCES:
        found = linprog(
            np.append(np.tile(1 / scale, 2), 0.0),
            A_ub=np.vstack([table, -table]),
            b_ub=np.concatenate([labels + aim, aim - labels]),
            bounds=[*[(0, None)] * (2 * q), (None, None)],
            method="highs-ds",
            options={"primal_feasibility_tolerance": tolerance, "dual_feasibility_tolerance": tolerance},
        )
        if found.status == 0:
            above, below = np.split(found.ineqlin.marginals, 2)
            return (found.x[:q] - found.x[q : 2 * q]) / scale, float(found.x[-1]), above - below
    raise ValueError(
        f"within is {aim:.3g}, for which double precision does not solve the programme in dimension {region.dim}; give "
        "a larger within, or a smaller plateau"
    )


def _proven(
    region: _Region,
    within: float,
    s: np.ndarray,
    masses: np.ndarray,
    constant: float,
    r: np.ndarray,
    nu: np.ndarray,
) -> RadialWithin:
    """The function with both bounds, rounded to the safe side."""
    live = np.abs(masses) > _MATTERS * np.max(np.abs(masses), initial=0.0)
    s, masses = s[live], masses[live]
    heard = np.abs(nu) > _MATTERS * np.max(np.abs(nu), initial=0.0)
    heard[0] = True
    r, nu = r[heard], nu[heard].copy()
    nu[0] = -math.fsum(nu[1:].tolist())
    return RadialWithin(
        region.dim,
        region.plateau,
        region.outer,
        within,
        s,
        masses,
        constant,
        r,
        nu,
        (_lower(region, within, r, nu), math.nextafter(math.fsum(np.abs(masses).tolist()), math.inf)),
        _error(region, s, masses, constant),
    )


def _lower(region: _Region, within: float, r: np.ndarray, nu: np.ndarray) -> float:
    """(nu . g - delta |nu|_1) / sup |h|, rounded down, with what is left of the sum of nu taken off at the first r."""
    left = abs(math.fsum(nu.tolist()))
    _, greatest = largest_correlation(nu, r, region.dim, _PROOF)
    greatest = (greatest + left * float(r[0])) * (1 + 4 * UNIT)
    gains = np.concatenate([nu * (region.labels(r) - 1.0), -within * np.abs(nu), [-within * left]])
    gain = math.fsum(gains.tolist()) - 4 * UNIT * float(np.sum(np.abs(gains)))
    return max(0.0, gain / greatest * (1 - 8 * UNIT)) if greatest > 0 else 0.0


def _error(region: _Region, s: np.ndarray, masses: np.ndarray, constant: float) -> float:
    """A bound above |f - label| on all of the region."""
    most = 0.0
    for low, high, label in region.parts:
        cells = _Cells(region.dim, s, masses, constant - label, high)
        if low == high:  # the origin, where neurons are 0
            most = max(most, abs(constant - label) * (1 + 4 * UNIT))
            continue
        edges = np.unique(np.concatenate([np.linspace(low, high, 65), s[(s > low) & (s < high)]]))
        seen = float(np.max(np.abs(cells.values(edges))))
        most = max(most, largest(cells.bound, edges, _PROOF + 4 * cells.slack / max(seen, 1e-300))[1])
    return most


class _Cells:
    """f - label as a difference of two convex functions of r, bounded on cells: chords above, tangents below."""

    def __init__(self, dim: int, s: np.ndarray, masses: np.ndarray, level: float, most: float) -> None:
        self.dim, self.s, self.level = dim, s, level
        self.both = np.stack([np.maximum(masses, 0), np.maximum(-masses, 0)], axis=1)
        size = float(np.sum(np.abs(masses))) * most
        self.slack = 8 * UNIT * ((rounding(dim) / UNIT + s.size + 4) * size + abs(level) + 1)

    def values(self, r: np.ndarray) -> np.ndarray:
        """f - label."""
        return self.level + np.diff(radial_atoms(r, self.s, self.dim)[0] @ self.both[:, ::-1], axis=1)[:, 0]

    def bound(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What |f - label| reaches in each cell and what it does not exceed there."""
        middle = 0.5 * (left + right)
        at = [radial_atoms(points, self.s, self.dim)[0] @ self.both for points in (left, middle, right)]
        slope = radial_rises(middle, self.s, self.dim) @ self.both
        upper = np.zeros(left.size)
        for sign, up, down in ((1.0, 0, 1), (-1.0, 1, 0)):
            for ends, points in ((at[0], left), (at[2], right)):
                touching = at[1][:, down] + slope[:, down] * (points - middle)
                upper = np.maximum(upper, sign * self.level + ends[:, up] - touching)
        reached = [np.abs(self.level + part[:, 0] - part[:, 1]) for part in at]
        return np.max(reached, axis=0) - self.slack, upper + self.slack

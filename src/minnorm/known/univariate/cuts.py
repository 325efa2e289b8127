"""Penalised biases on the line where a free term is missing: linear programmes over knots, with exact new knots."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int
from scipy.optimize import linprog

from minnorm.activation import Activation
from minnorm.known.univariate.affine import Affine
from minnorm.known.univariate.angles import spreads
from minnorm.known.univariate.dots import Kinks, turns_to_meet
from minnorm.known.univariate.rounding import improved, settled
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

_ROUNDS = 30
_WIDE = 0.1  # radians: at first no two knots in turn are further apart
_EXACT = 1e-10  # relative gap that ends the rounds
_TOUCH = 1e-13  # excess of |h| over 1 that is none
_NARROW = 1e-9  # radians: linear programmes take no larger spread of entries than to 1
_ROUNDING = 1e-13
_LARGEST = 2000  # points; beyond it the linear programme's masses stay as they are


def by_cuts(
    t: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " n"],
    penalty: PathNorm,
    near: Float[np.ndarray, " k"],
    *,
    beyond: bool = False,
) -> tuple[ShallowReLU, Float[np.ndarray, " n"]]:
    r"""The minimiser for penalised biases and its dual vector, by cutting planes in the knots.

        max nu . y     s.t.     |h(w, b)| <= |(w, b)|,     h(w, b) = sum_i nu_i sigma(w t_i + b)

    With `beyond` values may be multiples of the labels by 1 or more, and all y_i nu_i >= 0.

    h is determined by z_i = sum_j nu_j relu(t_j - t_i) and by sum nu and sum nu_i t_i, the terms that are not free.
    Between two knots that are points, h is linear in (w, b): there h / |(w, b)| has one summit, known in closed form. A
    linear programme over knots leads to better ones, those summits, and as they are found to second order few rounds
    are enough. In the end the neurons of one cell and sign are added up, which only makes them cheaper. Neurons
    sigma(z) = s relu(z) - minus z are turned round where need be, so that they are no steeper on their negative side
    than on the other: whatever is affine on the data is made of positive sides.

    Arguments: `t` (n,) increasing; `y` (n,); `penalty` with penalised biases; `near`, knots that may be good;
    `beyond`, for labels that are not 0. Returns a network and a dual vector (n,).

    Source: the column generation of Rosset, Swirszcz, Srebro & Zhu (2007); HiGHS for the programmes.
    """
    line = _Line(t, y, penalty, beyond)
    atoms = line.first(near)
    inner, bound = np.zeros(line.goal.size), 0.0
    known, (mass, values, dual) = atoms, line.solve(atoms)
    for _ in range(_ROUNDS):
        value = float(np.sum(np.abs(mass)))
        # The vertex, and a point on the way to it: cuts there hold together what the vertex tears apart.
        for point in (dual, (dual + inner) / 2):
            peak, summits = line.summits(point)
            atoms = atoms.joined(summits)
            scaled = point / max(peak, 1.0)
            if float(line.goal @ scaled) > bound:
                inner, bound = scaled, float(line.goal @ scaled)
        if value - bound <= _EXACT * value or atoms.angle.size == known.angle.size:
            break
        known, (mass, values, dual) = atoms, line.solve(atoms)
    return line.network(known, mass, values), line.vector(inner)


@dataclass(frozen=True)
class _Atoms:
    """Unit vectors (w, b) = facing * (cos, -sin) of an angle whose tangent is the knot.

    `cell` k is between points k - 1 and k, 0 and n beyond the ends. Neurons without w are in a cell beyond the ends.
    """

    facing: Float[np.ndarray, " m"]
    angle: Float[np.ndarray, " m"]
    cell: Int[np.ndarray, " m"]

    def where(self, kept: Bool[np.ndarray, " m"]) -> "_Atoms":
        return _Atoms(self.facing[kept], self.angle[kept], self.cell[kept])

    def joined(self, other: "_Atoms") -> "_Atoms":
        return _Atoms(
            np.append(self.facing, other.facing), np.append(self.angle, other.angle), np.append(self.cell, other.cell)
        )


class _Line:
    r"""The dual as unknowns (u, g_2, ..., g_{n-1}): the terms that are not free, and z_i / sqrt(1 + t_i^2).

    Angles are those of the knots, less that of the point in the middle: far from the origin all data have as good as
    one angle, and its digits are worth nothing. On ReLU neurons that are active at all points h is

        A cos(angle) + B sin(angle),        (A, B) = `turned` u,      M = (A - B t_m) / h_m,   N = -(A t_m + B) / h_m

    with M = sum nu t, N = sum nu, t_m the middle and h_m = sqrt(1 + t_m^2).
    """

    def __init__(self, t: np.ndarray, y: np.ndarray, penalty: PathNorm, beyond: bool = False) -> None:
        self.t, self.y, self.n, self.penalty, self.beyond = t, y, t.size, penalty, beyond
        sigma = penalty.activation
        self.side = 1.0 if abs(sigma.plus) >= abs(sigma.minus) else -1.0
        self.sigma = sigma if self.side > 0 else Activation(sigma.minus, sigma.plus)
        self.total = not penalty.has_offset
        middle = float(t[t.size // 2])
        self.middle, self.far = middle, float(np.hypot(1, middle))
        self.angle = np.arctan2(t - middle, 1 + t * middle)
        self.low, self.high = -float(np.arctan2(1, -middle)), float(np.arctan2(1, middle))
        self.spread = spreads(t)
        self.width = max(_NARROW, float(np.max(np.abs(np.sin(self.angle)))))
        if penalty.linear_is_free and penalty.has_offset:
            self.turned = np.zeros((2, 0))
        elif penalty.linear_is_free:
            self.turned = np.array([[middle / self.far], [1 / self.far]])
        elif penalty.has_offset:
            self.turned = np.array([[1.0], [-middle]])
        else:
            self.turned = np.array([[1.0, 0.0], [0.0, 1 / self.width]])
        self.goal = self._against(y)

    def _against(self, y: np.ndarray) -> np.ndarray:
        """nu . y in the unknowns, for labels (n,) or for each column of (n, k)."""
        v = (np.diff(y, axis=0).T / np.diff(self.t)).T
        turns = (np.diff(v, axis=0).T * np.hypot(1, self.t[1:-1])).T
        v, c = v[0], y[0] - v[0] * (self.t[0] - self.middle)  # of the first piece, at the middle
        if self.penalty.linear_is_free:
            terms = [] if self.penalty.has_offset else [v * self.middle - c]
        elif self.penalty.has_offset:
            terms = [v * self.far]
        else:
            terms = [v * self.far - c * self.middle / self.far, -c / self.far / self.width]
        return np.concatenate([*(np.asarray(term)[None] for term in terms), turns])

    def ends(self, dual: np.ndarray) -> tuple[float, float]:
        """(A, B)."""
        a, b = self.turned @ dual[: self.turned.shape[1]]
        return float(a), float(b)

    def first(self, near: np.ndarray) -> _Atoms:
        """Knots at all points, in wide cells, and `near`, facing both ways."""
        angles = np.concatenate([[self.low], self.angle, [self.high]])
        parts = [self.angle, np.arctan2(near - self.middle, 1 + near * self.middle)]
        for low, high in pairwise(angles.tolist()):
            parts.append(np.linspace(low, high, int((high - low) / _WIDE) + 2)[1:-1])
        angle = np.unique(np.concatenate(parts))
        cell = np.searchsorted(self.angle, angle, side="right")
        atoms = _Atoms(np.repeat([1.0, -1.0], angle.size), np.tile(angle, 2), np.tile(cell, 2))
        dead = np.where(atoms.facing > 0, atoms.cell == self.n, atoms.angle <= self.angle[0])
        atoms = atoms.where(~dead)
        constant = _Atoms(np.ones(1), np.array([self.low]), np.zeros(1, int))
        return atoms.joined(constant) if self.total else atoms

    def rows(self, atoms: _Atoms) -> sp.csr_array:
        """h of atoms as a linear function of the unknowns, (m, n - 2 + terms)."""
        n, k, m = self.n, atoms.cell, atoms.angle.size
        inside = (k > 0) & (k < n)
        row = np.flatnonzero(inside)
        left = k[row] - 1
        width = self.spread[left]
        behind = atoms.angle[row] - self.angle[left]
        weights = np.sin(width - behind) / np.sin(width), np.sin(behind) / np.sin(width)
        # At the first point h is affine, at the last it is 0; g of point i is column i - 1 after the terms.
        affine, terms = np.zeros((m, 2)), self.turned.shape[1]
        columns, entries, lines = [], [], []
        for at, weight in ((left, weights[0]), (left + 1, weights[1])):
            start = at == 0
            affine[row[start], 0] += weight[start] * np.cos(self.angle[0])
            affine[row[start], 1] += weight[start] * np.sin(self.angle[0])
            inner = (at > 0) & (at < n - 1)
            columns.append(at[inner] - 1 + terms)
            entries.append(weight[inner])
            lines.append(row[inner])
        own = np.stack([np.cos(atoms.angle), np.sin(atoms.angle)], axis=1)
        affine[k == 0] += own[k == 0]
        sigma = self.sigma
        linear = np.where(atoms.facing > 0, sigma.minus, sigma.plus)[:, None] * own
        affine = sigma.bend * affine - linear
        sparse = sp.coo_array(
            (sigma.bend * np.concatenate(entries), (np.concatenate(lines), np.concatenate(columns))),
            shape=(m, n - 2 + terms),
        )
        dense = sp.hstack([sp.csr_array(affine @ self.turned), sp.csr_array((m, n - 2))], format="csr")
        return sp.csr_array(sparse + dense)

    def solve(self, atoms: _Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The masses of atoms of least sum that make the labels, up to free terms, the values they make, and the dual
        unknowns."""
        matrix, goal = sp.csc_array(self.rows(atoms).T), self.goal
        size = float(np.max(np.abs(goal), initial=0.0)) or 1.0
        m = atoms.angle.size
        more = self._against(np.diag(self.y)) if self.beyond else np.zeros((goal.size, 0))
        largest = np.max(np.abs(more), axis=0, initial=0.0)
        free = largest <= _ROUNDING * np.max(largest, initial=0.0)  # values that free terms alone make
        more, largest = np.where(free, 0.0, more) / np.where(free, 1.0, largest), np.where(free, np.inf, largest)
        found = linprog(
            np.repeat([1.0, 0.0], [2 * m, largest.size]),
            A_eq=sp.hstack([matrix, -matrix, -sp.csc_array(more)], format="csc"),
            b_eq=goal / size,
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if found.x is None:
            raise ArithmeticError(f"the linear programme over knots failed: {found.message}; rescale x or y")
        mass = (found.x[:m] - found.x[m : 2 * m]) * size
        values = self.y * (1 + found.x[2 * m :] * (size / largest)) if self.beyond else self.y
        return mass, values, found.eqlin.marginals

    def summits(self, dual: np.ndarray) -> tuple[float, _Atoms]:
        """sup |h| over unit (w, b), and the knots inside cells where |h| exceeds 1."""
        a, b = self.ends(dual)
        affine = a * np.cos(self.angle) + b * np.sin(self.angle)
        ahead = np.concatenate([[affine[0]], dual[self.turned.shape[1] :], [0.0]])
        sigma, steep = self.sigma, abs(self.sigma.plus)
        found, peak = [], steep * abs(a * self.middle + b) / self.far
        ahead = sigma.bend * ahead
        for facing, at in ((1.0, ahead - sigma.minus * affine), (-1.0, ahead - sigma.plus * affine)):
            peak = max(peak, float(np.max(np.abs(at))))
            slope = (at[1:] - at[:-1] * np.cos(self.spread)) / np.sin(self.spread)
            for sign in (1.0, -1.0):
                top = np.arctan2(sign * slope, sign * at[:-1])
                height = np.hypot(slope, at[:-1])
                new = (top > 0) & (top < self.spread)
                peak = max(peak, float(np.max(height[new], initial=0.0)))
                new &= height > 1 + _TOUCH
                k = np.flatnonzero(new)
                found.append(_Atoms(np.full(k.size, facing), self.angle[k] + top[k], k + 1))
        for sign in (1.0, -1.0):
            top, height = float(np.arctan2(sign * b, sign * a)), steep * float(np.hypot(a, b))
            for facing, cell, within in (
                (1.0, 0, self.low < top < self.angle[0]),
                (-1.0, self.n, self.angle[-1] < top < self.high),
            ):
                if within:
                    peak = max(peak, height)
                    if height > 1 + _TOUCH:
                        found.append(_Atoms(np.array([facing]), np.array([top]), np.array([cell])))
        atoms = found[0]
        for more in found[1:]:
            atoms = atoms.joined(more)
        return peak, atoms

    def network(self, atoms: _Atoms, mass: np.ndarray, values: np.ndarray) -> ShallowReLU:
        """The neurons of each cell, facing and sign added up; those beyond the ends are an affine function."""
        live = (mass != 0) & (atoms.cell > 0) & (atoms.cell < self.n)
        atoms, mass = atoms.where(live), mass[live]
        point = np.isin(atoms.angle, self.angle)
        key = np.stack([atoms.cell * 2 + ~point, atoms.facing, np.sign(mass)])
        kinds, group = np.unique(key, axis=1, return_inverse=True)
        group, count = group.reshape(-1), kinds.shape[1]
        # sum m (cos, sin) of the angle behind the point on the left; at a point it is 0.
        left = kinds[0].astype(int) // 2 - 1
        behind = atoms.angle - self.angle[left[group]]
        along = np.bincount(group, np.abs(mass) * np.cos(behind), count)
        across = np.bincount(group, np.abs(mass) * np.sin(behind), count)
        x = self.t[left]
        place = np.clip(x + (1 + x**2) * across / (along - x * across), x, self.t[left + 1])
        kinks = Kinks(place, kinds[1], kinds[2] * np.hypot(along, across) / np.hypot(1, place))
        sigma = self.sigma
        if self.n <= _LARGEST:  # up to an affine function, they are s times ReLU's
            bent = improved(self.t, values, replace(kinks, mass=kinks.mass * sigma.bend))
            kinks = replace(bent, mass=bent.mass / sigma.bend)
        rest = values - kinks.network(sigma).evaluate(self.t[:, None])
        centre = float(self.t[self.n // 2])
        slope = float(rest[-1] - rest[0]) / float(self.t[-1] - self.t[0])
        level = math.fsum((rest - slope * (self.t - centre)).tolist()) / self.n
        affine = Affine(level, slope, centre, float(self.t[0]), float(self.t[-1]))
        net = affine.joined(kinks, self.penalty, values, sigma)
        if self.side > 0:
            return net
        return replace(net, inner_weights=-net.inner_weights, biases=-net.biases, activation=self.penalty.activation)

    def vector(self, dual: np.ndarray) -> np.ndarray:
        """nu (n,)."""
        a, b = self.ends(dual)
        moment = 0.0 if self.penalty.linear_is_free else (a - b * self.middle) / self.far
        total = 0.0 if self.penalty.has_offset else -(a * self.middle + b) / self.far
        first = (a * float(np.cos(self.angle[0])) + b * float(np.sin(self.angle[0]))) * float(np.hypot(1, self.t[0]))
        inner = dual[self.turned.shape[1] :] * np.hypot(1, self.t[1:-1])
        # z has slope -N before the first point, and is 0 beyond the last.
        masses = turns_to_meet(self.t, np.concatenate([[first], inner, [0.0]]), -total)
        return settled(self.t, np.append(masses, total - math.fsum(masses.tolist())), total, moment)

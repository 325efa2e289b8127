"""Penalised biases on the line where a free term is missing: linear programmes over knots, with exact new knots."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int
from scipy.optimize import linprog

from minnorm.known.line_angles import spreads
from minnorm.known.line_dots import turns_to_meet
from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm

_ROUNDS = 30
_WIDE = 0.1  # radians: at first no two knots in turn are further apart
_EXACT = 1e-10  # relative gap that ends the rounds
_TOUCH = 1e-13  # excess of |h| over 1 that is none


def by_cuts(
    t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], penalty: PathNorm, near: Float[np.ndarray, " k"]
) -> tuple[ShallowReLU, Float[np.ndarray, " n"]]:
    r"""The minimiser for penalised biases and its dual vector, by cutting planes in the knots.

        max nu . y     s.t.     |h(w, b)| <= |(w, b)|,     h(w, b) = sum_i nu_i relu(w t_i + b)

    h is determined by z_i = h(1, -t_i) and by sum nu and sum nu_i t_i, the terms that are not free. Between two knots
    that are points, h is linear in (w, b): there h / |(w, b)| has one summit, known in closed form. A linear programme
    over knots leads to better ones, those summits, and as they are found to second order few rounds are enough.
    In the end the neurons of one cell and sign are added up, which only makes them cheaper.

    Arguments: `t` (n,) increasing; `y` (n,); `penalty` with penalised biases; `near`, knots that may be good.
    Returns a network and a dual vector (n,).

    Source: the column generation of Rosset, Swirszcz, Srebro & Zhu (2007); HiGHS for the programmes.
    """
    line = _Line(t, y, penalty.skip == "none", penalty.offset == "none")
    atoms = line.first(near)
    inner, bound = np.zeros(t.size), 0.0
    known, (mass, dual) = atoms, line.solve(atoms)
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
        known, (mass, dual) = atoms, line.solve(atoms)
    return line.network(*line.merged(known, mass)), line.vector(inner)


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
    """The dual as unknowns (M, N, g_2, ..., g_{n-1}): sum nu t, sum nu, and z_i / sqrt(1 + t_i^2)."""

    def __init__(self, t: np.ndarray, y: np.ndarray, moment: bool, total: bool) -> None:
        self.t, self.y, self.n = t, y, t.size
        self.moment, self.total = moment, total
        self.angle = np.arctan(t)
        self.spread = spreads(t)
        slopes = np.diff(y) / np.diff(t)
        self.turns = np.diff(slopes)
        # nu . y in the unknowns.
        free_terms = [slopes[0], y[0] - slopes[0] * t[0]]
        self.goal = np.concatenate([free_terms, self.turns * np.hypot(1, t[1:-1])])
        self.free = np.concatenate([[moment, total], np.ones(self.n - 2, bool)])

    def first(self, near: np.ndarray) -> _Atoms:
        """Knots at all points, in wide cells, and `near`, facing both ways."""
        angles = np.concatenate([[-np.pi / 2], self.angle, [np.pi / 2]])
        parts = [self.angle, np.arctan(near)]
        for low, high in pairwise(angles.tolist()):
            parts.append(np.linspace(low, high, int((high - low) / _WIDE) + 2)[1:-1])
        angle = np.unique(np.concatenate(parts))
        cell = np.searchsorted(self.angle, angle, side="right")
        atoms = _Atoms(np.repeat([1.0, -1.0], angle.size), np.tile(angle, 2), np.tile(cell, 2))
        dead = np.where(atoms.facing > 0, atoms.cell == self.n, atoms.angle <= self.angle[0])
        atoms = atoms.where(~dead)
        constant = _Atoms(np.ones(1), np.array([-np.pi / 2]), np.zeros(1, int))
        return atoms.joined(constant) if self.total else atoms

    def rows(self, atoms: _Atoms) -> sp.csr_array:
        """h of atoms as a linear function of the unknowns, (m, n)."""
        n, k, m = self.n, atoms.cell, atoms.angle.size
        inside = (k > 0) & (k < n)
        row = np.flatnonzero(inside)
        left = k[row] - 1
        width = self.spread[left]
        behind = atoms.angle[row] - self.angle[left]
        weights = np.sin(width - behind) / np.sin(width), np.sin(behind) / np.sin(width)
        # The value at point 0 is M cos - N sin of its angle, that at the last point 0; point i is column i + 1.
        affine = np.zeros((m, 2))
        columns, entries, lines = [], [], []
        for at, weight in ((left, weights[0]), (left + 1, weights[1])):
            start = at == 0
            affine[row[start], 0] += weight[start] * np.cos(self.angle[0])
            affine[row[start], 1] -= weight[start] * np.sin(self.angle[0])
            inner = (at > 0) & (at < n - 1)
            columns.append(at[inner] + 1)
            entries.append(weight[inner])
            lines.append(row[inner])
        outside = k == 0
        affine[outside, 0] += np.cos(atoms.angle[outside])
        affine[outside, 1] -= np.sin(atoms.angle[outside])
        back = atoms.facing < 0
        affine[back, 0] -= np.cos(atoms.angle[back])
        affine[back, 1] += np.sin(atoms.angle[back])
        shape = (m, n)
        sparse = sp.coo_array((np.concatenate(entries), (np.concatenate(lines), np.concatenate(columns))), shape=shape)
        dense = sp.coo_array(
            (affine.ravel(), (np.repeat(np.arange(m), 2), np.tile([0, 1], m))),
            shape=shape,
        )
        return sp.csr_array(sparse + dense)

    def solve(self, atoms: _Atoms) -> tuple[np.ndarray, np.ndarray]:
        """The masses of atoms of least sum that make the labels, up to free terms, and the dual unknowns."""
        matrix = sp.csc_array(self.rows(atoms).T)[np.flatnonzero(self.free)]
        goal = self.goal[self.free]
        size = float(np.max(np.abs(goal))) or 1.0
        m = atoms.angle.size
        found = linprog(
            np.ones(2 * m),
            A_eq=sp.hstack([matrix, -matrix], format="csc"),
            b_eq=goal / size,
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if found.x is None:
            raise ArithmeticError(f"the linear programme over knots failed: {found.message}; rescale x or y")
        dual = np.zeros(self.n)
        dual[self.free] = found.eqlin.marginals
        return (found.x[:m] - found.x[m:]) * size, dual

    def summits(self, dual: np.ndarray) -> tuple[float, _Atoms]:
        """sup |h| over unit (w, b), and the knots inside cells where |h| exceeds 1."""
        M, N = dual[0], dual[1]
        affine = M * np.cos(self.angle) - N * np.sin(self.angle)
        ahead = np.concatenate([[affine[0]], dual[2:], [0.0]])
        found, peak = [], abs(float(N))
        for facing, at in ((1.0, ahead), (-1.0, ahead - affine)):
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
            top, height = float(np.arctan2(-sign * N, sign * M)), float(np.hypot(M, N))
            for facing, cell, within in (
                (1.0, 0, -np.pi / 2 < top < self.angle[0]),
                (-1.0, self.n, self.angle[-1] < top < np.pi / 2),
            ):
                if within:
                    peak = max(peak, height)
                    if height > 1 + _TOUCH:
                        found.append(_Atoms(np.array([facing]), np.array([top]), np.array([cell])))
        atoms = found[0]
        for more in found[1:]:
            atoms = atoms.joined(more)
        return peak, atoms

    def merged(self, atoms: _Atoms, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vectors (w, b), (k, 2), and their signs: sums over each cell, facing and sign."""
        live = mass != 0
        atoms, mass = atoms.where(live), mass[live]
        point = np.isin(atoms.angle, self.angle)
        key = np.stack([atoms.cell * 2 + ~point, atoms.facing, np.sign(mass)])
        kinds, group = np.unique(key, axis=1, return_inverse=True)
        group = group.reshape(-1)
        size = np.abs(mass) * atoms.facing
        w = np.bincount(group, size * np.cos(atoms.angle), kinds.shape[1])
        b = np.bincount(group, -size * np.sin(atoms.angle), kinds.shape[1])
        return np.column_stack([w, b]), kinds[2]

    def network(self, vectors: np.ndarray, signs: np.ndarray) -> ShallowReLU:
        """Neurons with |w| = 1, or the constant one; the free terms fit what they leave."""
        w, b = vectors.T
        size = np.where(np.abs(w) > 1e-12 * np.abs(b), np.abs(w), np.hypot(w, b))
        w = np.where(size == np.abs(w), np.sign(w), 0.0)
        net = ShallowReLU(w[:, None], b / size, signs * size, np.array(0.0))
        rest = self.y - net.evaluate(self.t[:, None])
        columns = ([] if self.total else [np.ones(self.n)]) + ([] if self.moment else [self.t])
        if not columns:
            return net
        terms = np.linalg.lstsq(np.stack(columns, axis=1), rest, rcond=None)[0].tolist()
        offset = 0.0 if self.total else terms.pop(0)
        return ShallowReLU(
            net.inner_weights, net.biases, net.outer_weights, np.array(offset), None if self.moment else np.array(terms)
        )

    def vector(self, dual: np.ndarray) -> np.ndarray:
        """nu (n,)."""
        M, N = dual[0], dual[1]
        z = np.concatenate([[M - N * self.t[0]], dual[2:] * np.hypot(1, self.t[1:-1]), [0.0]])
        # z has slope -N before the first point, and is 0 beyond the last.
        masses = turns_to_meet(self.t, z, -float(N))
        return np.append(masses, N - np.sum(masses))

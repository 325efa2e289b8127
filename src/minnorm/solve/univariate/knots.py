"""Very many points on a line, a loss that is no square: an interior point method on few knots, which are exchanged."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from scipy.sparse.linalg import splu

from minnorm.interior import Direction, Standing, iterates
from minnorm.objective.separable import Separable
from minnorm.solve.univariate.curved import Iterate, norm_of
from minnorm.solve.univariate.sides import Sides

_FIRST = 100  # knots to begin with
_ROUNDS = 40
_ROUGH = 1e-3  # of the gap that is left: how exactly the problem with the present knots is solved
_ABOVE = 1e-9  # excess of |z| over 1 that makes a point a knot
_VAIN = 3  # rounds that bring nothing
_PATIENCE, _WORSE = 8, 1e6


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def exchanged(
    loss: Separable,
    t: Float[np.ndarray, " n"],
    skip: bool,
    *,
    tolerance: float,
    deadline: float,
    progress: Callable[[float, float], None] | None = None,
) -> Iterate | None:
    r"""The problem of `curved.solve`, by rounds on ever better knots.

        minimise    [f] + L(f)     over broken lines f with knots at some of the points

    The dual vector of such a minimiser has |z| <= 1 at its knots alone. Where |z| exceeds 1 at other points the largest
    ones become knots; over the largest |z| it is feasible everywhere, which gives the bound. A step costs O(n), but it
    solves equations for the knots only, and their number is that of the minimiser's within a small factor.

    Arguments: as for `curved.solve`, with the points `t` in order in place of their gaps. Returns the last iterate with
    the bound that all points leave, the best so far after Ctrl-C; None where a round fails.

    Source: Hettich & Kortanek (1993), *Semi-infinite programming*, for exchange.
    """
    places = np.flatnonzero(np.diff(t, prepend=-np.inf) > 0)
    if places.size < 3:
        return None
    at = places[np.unique(np.linspace(0, places.size - 1, min(_FIRST, places.size)).round().astype(int))]
    gap, best, steps, vain = 1.0, None, 0, 0
    for _ in range(_ROUNDS):
        system = _Hats(loss, t, at, skip, max(0.2 * tolerance, _ROUGH * gap))
        found, interrupted = None, False
        course = iterates(system, system.slack, system.mass, patience=_PATIENCE, worse=_WORSE, deadline=deadline)
        try:
            for reached in course:
                found = reached
        except KeyboardInterrupt:
            if found is None and best is None:
                raise
            interrupted = True
        if found is None:
            return best if best is None else replace(best, interrupted=interrupted)
        steps += found.steps
        point = found.point
        excess = _excess(point.nu, t, skip)
        bound = -loss.conjugate(point.nu, 1 / max(1.0, float(np.max(excess))))
        vain += 1
        if best is None or point.value - bound < best.value - best.bound:
            best, vain = system.iterate(point, bound, steps), 0
        if progress is not None:
            progress(best.value, best.bound)
        gap = (best.value - best.bound) / max(abs(best.value), 1e-300)
        fresh = np.setdiff1d(_summits(excess[places], places, at), at)
        if interrupted:
            return replace(best, interrupted=True)
        exact = fresh.size == 0 and system.tolerance <= tolerance
        if gap <= tolerance or exact or vain > _VAIN or time.monotonic() > deadline:
            return best
        held = np.concatenate([[True], point.weight > 1e-6 * np.max(point.weight, initial=0.0), [True]])
        at = np.union1d(at[held] if at.size > 4 * _FIRST else at, fresh)
    return best


def _excess(nu: np.ndarray, t: np.ndarray, skip: bool) -> np.ndarray:
    """The size of z at all points that counts against 1; z is summed up from the last one."""
    fall = np.diff(t) * np.cumsum(nu)[:-1]
    z = np.append(-np.cumsum(fall[::-1])[::-1], 0.0)
    return np.abs(z) if skip else np.maximum(np.abs(z), np.abs(z - z[0]))


def _summits(excess: np.ndarray, places: np.ndarray, at: np.ndarray) -> np.ndarray:
    """In each gap between knots the point of the largest excess over 1, if there is one."""
    gap = np.searchsorted(at, places, side="right") - 1
    order = np.lexsort((excess, gap))
    last = order[np.append(np.diff(gap[order]) > 0, True)]
    return places[last[excess[last] > 1 + _ABOVE]]


@dataclass(frozen=True)
class _Point:
    """Values g at the knots, the dual vector, what the knots' turns may be, the value and the bound of these knots."""

    g: np.ndarray
    nu: np.ndarray
    weight: np.ndarray
    value: float


class _Hats:
    """The unknowns nu, and at knots g, m, s, z and p; the slacks are those of `curved`, with the box at knots alone."""

    def __init__(self, loss: Separable, t: np.ndarray, at: Int[np.ndarray, " k"], skip: bool, tolerance: float) -> None:
        self.loss, self.t, self.at, self.skip, self.tolerance = loss, t, at, skip, tolerance
        self.knots = t[at]
        self.gaps = np.diff(self.knots)
        self.cell = np.clip(np.searchsorted(self.knots, t, side="right") - 1, 0, at.size - 2)
        self.share = (t - self.knots[self.cell]) / self.gaps[self.cell]
        self.sides = Sides(loss, at.size - 2, skip)
        self.slack, self.mass, self.together = self.sides.slack, self.sides.mass, self.sides.together
        k, self.nu = at.size, self.sides.start
        self.g, self.m, self.s = np.zeros(k), np.cumsum(self.gather(self.nu))[:-1], np.zeros(k - 1)
        self.z, self.p = np.zeros(k - 2), 0.0

    def spread(self, g: np.ndarray) -> np.ndarray:
        """Values at all points of what is linear between knots."""
        return g[self.cell] + self.share * (g[self.cell + 1] - g[self.cell])

    def gather(self, nu: np.ndarray) -> np.ndarray:
        """The transpose of that."""
        k = self.at.size
        behind = np.bincount(self.cell, self.share * nu, k)
        return np.bincount(self.cell, nu, k) - behind + np.append(0.0, behind[:-1])

    def iterate(self, point: _Point, bound: float, steps: int) -> Iterate:
        """As `curved` has it: at all points."""
        n = self.t.size
        turns, weight, slopes = np.zeros(n), np.zeros(n), np.diff(point.g) / self.gaps
        turns[self.at[1:-1]], weight[self.at[1:-1]] = np.diff(slopes), point.weight
        cell = np.clip(np.searchsorted(self.knots, self.t[:-1], side="right") - 1, 0, self.at.size - 2)
        f = self.spread(point.g)
        return Iterate(f, point.nu, slopes[cell], turns[1:-1], weight[1:-1], point.value, bound, steps)

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[_Point]:
        """Values at the knots and dual vector, and how far value and bound of these knots are apart."""
        f = self.sides.values(self.nu, mass)
        turns, pull = self.sides.box.gather(self.sides.of_box(mass))
        there = self.spread(self.g)
        self.misfit = (
            there - f,
            self.gaps * self.s - np.diff(self.g),
            self.gather(self.nu) - np.diff(self.m, prepend=0, append=0),
            self.gaps * self.m - np.diff(self.z, prepend=self.p, append=0),
            np.diff(self.s) - turns,
            0.0 if self.skip else float(self.s[0]) - pull,
        )
        bound = -self.loss.conjugate(self.nu)
        value = norm_of(np.diff(self.g) / self.gaps, self.skip) + self.loss.value(there)
        off = np.abs(self.misfit[2]) @ np.abs(self.g) + np.abs(self.misfit[3]) @ np.abs(self.s)
        error = (abs(value - bound) + float(off)) / max(abs(bound), abs(value), 1e-300)
        point = _Point(self.g, self.nu, self.sides.weight(mass), value)
        return Standing(point, error, error <= self.tolerance, error <= 1e-2)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor the knots' equations for these multipliers over slacks."""
        bent = self.sides.bent(self.nu, ratio)
        if not (np.all(np.isfinite(bent)) and np.all(bent > 0)):
            return False
        self.bent = bent
        k, loose = self.at.size, 1 / bent
        both = np.bincount(self.cell, self.share * loose, k)
        ends = np.bincount(self.cell, self.share**2 * loose, k)
        main = np.bincount(self.cell, loose, k) - 2 * both + ends
        main[1:] += ends[:-1]
        self.matrix = self._matrix(main, (both - ends)[:-1], *self.sides.box.weights(self.sides.of_box(ratio)))
        try:
            self.lu = splu(self.matrix)
        except RuntimeError:
            return False
        return True

    def _matrix(
        self, main: np.ndarray, aside: np.ndarray, diagonal: np.ndarray, column: np.ndarray, corner: float
    ) -> sp.csc_array:
        """Rows: dual values at knots, slopes, falls of z, turns, p; unknowns g, z, m, s in turn, and p at the end."""
        k = self.at.size
        g, z, m, s = (np.arange(size) * 4 + place for place, size in enumerate((k, k - 1, k - 1, k - 1)))
        z, last = z[1:], 4 * k - 1  # z of the first knot is p
        one, inner = np.ones(k - 1), np.ones(k - 2)
        parts = [
            (g, g, main), (g[:-1], g[1:], aside), (g[1:], g[:-1], aside),
            (g[:-1], m, one), (g[1:], m, -one),
            (m, s, self.gaps), (m, g[1:], -one), (m, g[:-1], one),
            (s, m, self.gaps), (s[:-1], z, -inner), (s[1:], z, inner), (s[:1], [last], [1.0]),
            (z, s[1:], inner), (z, s[:-1], -inner), (z, z, -diagonal),
        ]  # fmt: skip
        if self.skip:
            parts.append(([last], [last], [1.0]))
        else:
            edge = np.full(k - 2, last)
            parts += [(z, edge, column), ([last], [last], [corner]), (edge, z, -column), ([last], s[:1], [-1.0])]
        rows, columns, entries = (np.concatenate([part[i] for part in parts]) for i in range(3))
        size = 4 * k
        used = np.union1d(rows, columns).astype(int)
        self.used = used
        where = np.full(size, -1)
        where[used] = np.arange(used.size)
        self.where = [where[block] for block in (g, z, m, s)], int(where[last])
        shape = (used.size, used.size)
        return sp.csc_array(sp.coo_array((entries, (where[rows.astype(int)], where[columns.astype(int)])), shape=shape))

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """Newton steps of all unknowns, and what slacks and multipliers make of them."""
        turn, pull = self.sides.box.gather(self.sides.of_box(move))
        pushed = self.sides.pushed(move, ratio)
        values, slopes, sums, falls, turns, edge = self.misfit
        (g, z, m, s), p = self.where
        right = np.zeros(self.used.size)
        right[g] = sums - self.gather((pushed + values) / self.bent)
        right[m], right[s], right[z] = -slopes, -falls, turn - turns
        right[p] = 0.0 if self.skip else edge - pull
        x = self.lu.solve(right)
        x = x + self.lu.solve(right - self.matrix @ x)
        step = -(self.spread(x[g]) + pushed + values) / self.bent
        fallen = self.sides.fall(x[z], float(x[p]), step)
        return Direction((step, x[g], x[m], x[s], x[z], float(x[p])), fallen, move + ratio * fallen)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move all unknowns."""
        nu, g, m, s, z, p = direction.step
        self.nu, self.m, self.g = self.nu + dual * nu, self.m + dual * m, self.g + primal * g
        self.s, self.z, self.p = self.s + primal * s, self.z + dual * z, self.p + dual * p

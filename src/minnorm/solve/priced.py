r"""Interpolation of points in a plane: an interior point of the dual that every step prices.

    max  y . nu    s.t.  |sum_i nu_i relu(w . x_i + b)| <= 1 for all atoms,  F^T nu = 0

Where pricing costs little beside a factorisation, no master problem need be solved to its end: each Newton step of
Mehrotra's method is cut where the exact oracle says that an atom is violated, and the local maxima it meets join the
dictionary. So nu is feasible for *all* atoms after every step, and y . nu a bound.

Source: Mehrotra (1992) for the steps; Tits, Absil & Woessner (2006), *Constraint reduction for linear programs with
many inequality constraints*, for Newton systems of the columns that matter.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]
from scipy.linalg.lapack import dpotrf, dpotrs  # pyright: ignore[reportAttributeAccessIssue]

from minnorm.interior import longest
from minnorm.resources import past
from minnorm.solve.found import first_dual
from minnorm.solve.pricing.plane import Maxima, Plane
from minnorm.solve.reduction import Reduced

_IN_SYSTEM, _HELD, _LEFT = 6, 10, 8  # columns for each point: in Newton's equations, at most, and after dropping
_JOINING = 5  # columns for each point that join in one step, at most
_FOR_MASTER = 4  # columns for each point that are worth a master problem
_LOCAL = 0.3  # local maxima of |h| above it may join
_MANY = 8  # for each point: from so many local maxima on, fewer are looked at
_TRIALS = 8  # of the length of a step
_IDLE = 25  # steps without any progress that are enough
_PROGRESS = 0.98  # of the gap: what is left of it after progress
_INSIDE, _SHORTER = 0.99, 0.85  # of the way to the boundary: of known atoms, and of those that a trial has met
_CENTRED = 0.15  # least share of the complementarity that a step aims at
_SINGULAR = (1e-15, 1e-12, 1e-9)  # of the mean eigenvalue: what is added to all, no more than it takes
_ACCURATE = 1e-9
_RECOMPUTED = 5  # steps after which slacks are computed afresh
_NEAR, _TIGHTER = 0.25, 0.5  # of a turn: an atom joins between neighbours on its circle if its slack is that much less


class Approached(NamedTuple):
    """A feasible dual vector, its bound, the complementarity left, relative to that, and the atoms near it."""

    nu: Float[np.ndarray, " n"]
    bound: float
    gap: float
    weights: Float[np.ndarray, "k r"]
    biases: Float[np.ndarray, " k"]
    steps: int


def approached(
    reduced: Reduced, plane: Plane, tolerance: float, deadline: float, show: Callable[[float], None]
) -> Approached | None:
    """A dual vector of interpolation that is optimal to a relative `tolerance`, or the best until `deadline`.

    Arguments: `reduced` with rho = 0; `plane`, the oracle of its points; `deadline`, a `time.monotonic` moment; `show`,
    called with the bound. None where there was no time to begin, or nothing to price.
    """
    way = _begun(reduced, plane, deadline)
    if way is None:
        return None
    least, moved, steps = math.inf, 0, 0
    while True:
        heavy = way.heavy()
        gap = way.gap(heavy)
        show(way.best)
        if gap < _PROGRESS * least:
            least, moved = gap, steps
        over = steps - moved >= _IDLE or past(deadline)
        if gap <= tolerance or over or not way.stepped(heavy, steps):
            break
        steps += 1
    columns = way.columns
    worth = columns.heaviest(_FOR_MASTER * way.nu.size)
    return Approached(way.best_nu, way.best, gap, columns.weights[worth], columns.biases[worth], steps)


class _Columns:
    """The dictionary, in place: for each atom its signed values at the points, its mass and its slack.

    `turns` is where it lies: 2 (2 i + [h > 0]) for the point i on its kink, and its angle in turns.
    """

    def __init__(self, points: np.ndarray, most: int) -> None:
        self._points = points
        self._values = np.empty((len(points), most), order="F")
        self._rows = np.empty((most, 7))
        self.size = 0

    @property
    def values(self) -> np.ndarray:
        """sign relu(w . x_i + b), shape (n, k)."""
        return self._values[:, : self.size]

    @property
    def weights(self) -> np.ndarray:
        """w, shape (k, 2)."""
        return self._rows[: self.size, :2]

    @property
    def biases(self) -> np.ndarray:
        """b, shape (k,)."""
        return self._rows[: self.size, 2]

    @property
    def turns(self) -> np.ndarray:
        """Places (k,)."""
        return self._rows[: self.size, 3]

    @property
    def mass(self) -> np.ndarray:
        """The multipliers (k,), to be changed in place."""
        return self._rows[: self.size, 4]

    @property
    def slack(self) -> np.ndarray:
        """1 - |h| (k,), to be changed in place."""
        return self._rows[: self.size, 5]

    def heaviest(self, most: int) -> np.ndarray:
        """The numbers of those with the largest mass over slack, at most so many, in order."""
        ratio = self.mass / self.slack
        if self.size <= most:
            return np.arange(self.size)
        return np.sort(np.argpartition(-ratio, most)[:most])

    def add(self, at: "_Candidates", mass: np.ndarray) -> None:
        """More of them."""
        new = slice(self.size, self.size + at.slack.size)
        values = np.matmul(self._points, at.weights.T)
        values += at.biases
        np.maximum(values, 0, out=values)
        np.multiply(values, at.signs, out=self._values[:, new])
        self._rows[new, :2], self._rows[new, 2], self._rows[new, 3] = at.weights, at.biases, at.turns
        self._rows[new, 4], self._rows[new, 5] = mass, at.slack
        self.size = new.stop

    def keep(self, which: np.ndarray) -> None:
        """Drop all but those with these numbers: the last ones take the places of the dropped."""
        kept = np.zeros(self.size, dtype=bool)
        kept[which] = True
        holes = np.flatnonzero(~kept[: which.size])
        last = which.size + np.flatnonzero(kept[which.size :])
        self._rows[holes] = self._rows[last]
        for hole, one in zip(holes, last, strict=True):
            self._values[:, hole] = self._values[:, one]
        self.size = which.size


class _Candidates(NamedTuple):
    """Atoms that may join, with the slack that they have."""

    weights: np.ndarray
    biases: np.ndarray
    signs: np.ndarray
    turns: np.ndarray
    slack: np.ndarray

    @classmethod
    def of(cls, at: Maxima, slack: np.ndarray) -> "_Candidates":
        """Local maxima, each with its place on its circle."""
        upward = at.values > 0
        angle = np.arctan2(at.weights[:, 1], at.weights[:, 0]) / (2 * math.pi) + 0.5
        return cls(at.weights, at.biases, np.sign(at.values), 2.0 * (2 * at.pivots + upward) + angle, slack)

    def chosen(self, which: np.ndarray) -> "_Candidates":
        """Those with these numbers."""
        return _Candidates(*(part[which] for part in self))


class _Newton:
    """Newton's equations for the multipliers of some columns: A D A^T and the free terms' rows."""

    def __init__(self, heavy: "_Heavy", free: np.ndarray, matrix: np.ndarray) -> None:
        self.columns, self.ratio, self.free = heavy.columns, heavy.mass / heavy.slack, free
        scaled = np.multiply(self.columns, np.sqrt(self.ratio), order="F")
        for share in _SINGULAR:  # columns that do not span all, as those of points on a grid, need more
            matrix = dsyrk(1.0, scaled, c=matrix, overwrite_c=1, beta=0.0, lower=1)
            matrix[np.diag_indices_from(matrix)] += share * np.trace(matrix) / len(matrix)
            self.factor, failed = dpotrf(matrix, lower=1, overwrite_a=1)
            self.sound = failed == 0 and bool(np.all(np.isfinite(np.diagonal(self.factor))))
            if self.sound:
                break
        if self.sound:
            self.across = self._invert(free)
            self.between = scipy.linalg.inv(free.T @ self.across)

    def _invert(self, right: np.ndarray) -> np.ndarray:
        """The solution, improved once where it misses."""
        found = dpotrs(self.factor, right, lower=1)[0]
        scale = self.ratio if right.ndim == 1 else self.ratio[:, None]
        left = right - self.columns @ (scale * (self.columns.T @ found))
        if np.max(np.abs(left)) <= _ACCURATE * np.max(np.abs(right)):
            return found
        return found + dpotrs(self.factor, left, lower=1)[0]

    def solve(self, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(step, shift) with A D A^T step + F shift = right and F^T step = 0."""
        found = self._invert(right)
        shift = self.between @ (self.free.T @ found)
        return found - self.across @ shift, shift


class _Heavy(NamedTuple):
    """The columns of Newton's equations: their numbers, values, multipliers and slacks."""

    which: np.ndarray
    columns: np.ndarray
    mass: np.ndarray
    slack: np.ndarray


class _Direction(NamedTuple):
    """Steps of nu, of the coefficients, of the heavy columns' multipliers and slacks."""

    nu: np.ndarray
    coefficients: np.ndarray
    mass: np.ndarray
    slack: np.ndarray


@dataclass
class _Way:
    """Where the method stands."""

    reduced: Reduced
    plane: Plane
    deadline: float
    columns: _Columns
    nu: np.ndarray
    coefficients: np.ndarray
    local: float = _LOCAL
    matrix: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n = self.nu.size
        # Written again and again, as the product of Newton's equations.
        self.matrix = np.zeros((n, n), order="F")
        self.best, self.best_nu = self.bound, self.nu

    @property
    def bound(self) -> float:
        """y . nu."""
        return float(self.reduced.values @ self.nu)

    def heavy(self) -> _Heavy:
        """The columns that matter."""
        columns = self.columns
        which = columns.heaviest(_IN_SYSTEM * self.nu.size)
        return _Heavy(which, np.asfortranarray(columns.values[:, which]), columns.mass[which], columns.slack[which])

    def gap(self, heavy: _Heavy) -> float:
        """The complementarity of the columns that matter, relative to the bound."""
        return float(heavy.mass @ heavy.slack) / max(abs(self.bound), 1e-300)

    def stepped(self, heavy: _Heavy, number: int) -> bool:
        """Take a step, and the atoms it meets; False where Newton's equations break down or the time is over."""
        newton = _Newton(heavy, self.reduced.free, self.matrix)
        if not newton.sound:
            return False
        step = self._direction(newton, heavy)
        columns = self.columns
        change = -(columns.values.T @ step.nu)
        dual = min(1.0, _INSIDE * longest(columns.slack, change, math.inf))
        primal = min(1.0, _INSIDE * longest(heavy.mass, step.mass, math.inf))
        dual, met = self._priced(step.nu, dual)
        if met is None:
            return False
        self._moved(step, heavy, dual, primal, change, afresh=number % _RECOMPUTED == 0)
        self._joined(met)
        return True

    def _direction(self, newton: _Newton, heavy: _Heavy) -> _Direction:
        """Mehrotra's predictor and corrector."""
        _, columns, mass, slack = heavy
        # What is left of the equations, were the multipliers zero: the predictor's right-hand side.
        left = self.reduced.values - self.reduced.free @ self.coefficients
        nu, _ = newton.solve(left)
        fall = -(columns.T @ nu)
        change = -mass - newton.ratio * fall
        dual, primal = longest(slack, fall), longest(mass, change)
        now = float(mass @ slack)
        share = float((slack + dual * fall) @ (mass + primal * change)) / now
        target = min(1.0, max(share**3, _CENTRED)) * now / mass.size
        aim = np.clip((target - fall * change) / slack, 0.0, 10 * np.maximum(mass, target / slack))
        nu, shift = newton.solve(left - columns @ aim)
        fall = -(columns.T @ nu)
        return _Direction(nu, shift, aim - mass - newton.ratio * fall, fall)

    def _priced(self, step: np.ndarray, share: float) -> tuple[float, _Candidates | None]:
        """As much of a step as no atom forbids, and the local maxima met; (0, those) where even little is too much.

        None after the deadline.
        """
        x, n, met = self.reduced.points, self.nu.size, list[tuple[Maxima, np.ndarray, np.ndarray]]()
        for _ in range(_TRIALS):
            found = self.plane.maxima(self.nu + share * step, self.local, self.deadline)
            if not found.complete:
                return 0.0, None
            size = np.abs(found.values)
            if np.max(size, initial=0.0) < 1:
                break
            violated = np.flatnonzero(size >= 1)
            if violated.size > n:
                violated = violated[np.argpartition(-size[violated], n)[:n]]
            worst = found.chosen(violated)
            values = np.maximum(x @ worst.weights.T + worst.biases, 0) * np.sign(worst.values)
            here, rise = self.nu @ values, step @ values
            met.append((worst, here, rise))
            limit = float(np.min((1 - here) / np.maximum(rise, 1e-300)))
            share = min(_SHORTER * limit, _INSIDE * share) if limit > 0 else 0.5 * share
        else:
            share, found, size = 0.0, None, np.zeros(0)
        parts = [_Candidates.of(at, 1 - here - share * rise) for at, here, rise in met]
        if found is not None:
            parts.append(_Candidates.of(found, 1 - size))
            if size.size > _MANY * n:
                self.local = min(0.95, 1 - 0.8 * (1 - self.local))
        return share, _Candidates(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _moved(
        self, step: _Direction, heavy: _Heavy, dual: float, primal: float, change: np.ndarray, *, afresh: bool
    ) -> None:
        """Take the shares of a step; multipliers outside Newton's equations follow the central path."""
        columns, free = self.columns, self.reduced.free
        self.nu = self.nu + dual * step.nu
        self.nu -= free @ (free.T @ self.nu) / len(free)  # columns of mean square 1, orthogonal
        self.coefficients = self.coefficients + primal * step.coefficients
        if self.bound > self.best:
            self.best, self.best_nu = self.bound, self.nu
        columns.slack[:] += dual * change
        if afresh:
            columns.slack[:] = 1 - columns.values.T @ self.nu
        mass = heavy.mass + primal * step.mass
        self.mean = float(mass @ columns.slack[heavy.which]) / mass.size
        self.most = float(np.partition(mass, -min(self.nu.size, mass.size))[-min(self.nu.size, mass.size)])
        columns.mass[:] = np.minimum(self.mean / columns.slack, self.most)
        columns.mass[heavy.which] = mass

    def _joined(self, met: _Candidates) -> None:
        """Local maxima join the dictionary, those with little mass leave it."""
        columns, n = self.columns, self.nu.size
        met = met.chosen(np.flatnonzero((met.slack > 0) & (met.slack < 1 - self.local)))
        met = met.chosen(np.argsort(met.slack, kind="stable"))
        _, first = np.unique(np.round(met.turns, 9), return_index=True)
        met = met.chosen(np.sort(first))
        met = met.chosen(np.flatnonzero(_apart(columns, met))[: _JOINING * n])
        if columns.size > _HELD * n:
            columns.keep(columns.heaviest(_LEFT * n))
        if met.slack.size:
            columns.add(met, np.minimum(self.mean / met.slack, self.most))


def _begun(reduced: Reduced, plane: Plane, deadline: float) -> _Way | None:
    """From half of the largest feasible multiple of the labels' best dual vector, with all its local maxima."""
    nu = first_dual(reduced)
    found = plane.maxima(nu, 0.0, deadline)
    size = np.abs(found.values)
    if not found.complete or size.size == 0:
        return None
    times = 0.5 / float(np.max(size))
    order = np.argsort(-size, kind="stable")[: _HELD * nu.size]
    at = _Candidates.of(found.chosen(order), 1 - times * size[order])
    columns = _Columns(reduced.points, (_HELD + _JOINING + 1) * nu.size)
    way = _Way(reduced, plane, deadline, columns, times * nu, np.zeros(reduced.free.shape[1]))
    columns.add(at, 2 * abs(way.bound) / at.slack.size / at.slack)
    return way


def _apart(columns: _Columns, met: _Candidates) -> np.ndarray:
    """Whether no neighbour on its circle that is near has nearly as little slack."""
    order = np.argsort(columns.turns)
    turns, slack = columns.turns[order], columns.slack[order]
    after = np.searchsorted(turns, met.turns)
    apart = np.ones(met.turns.size, dtype=bool)
    for side in (after - 1, after):
        one = np.clip(side, 0, turns.size - 1)
        apart &= ~((np.abs(turns[one] - met.turns) < _NEAR) & (met.slack > _TIGHTER * slack[one]))
    return apart

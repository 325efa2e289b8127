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
from jaxtyping import Float

from minnorm.interior import longest
from minnorm.resources import past
from minnorm.solve.columns import Candidates, Columns, apart
from minnorm.solve.found import first_dual
from minnorm.solve.newton import Newton
from minnorm.solve.pace import seconds
from minnorm.solve.pricing.plane import Maxima, Plane
from minnorm.solve.reduction import Reduced

_HELD, _LEFT = 20, 16  # columns for each point, at most, and after dropping
_JOINING = 10  # columns for each point that join in one step, at most
_LOCAL = 0.3  # local maxima of |h| above it may join
_MANY = 8  # for each point: from so many local maxima on, fewer are looked at
_CUTS, _IN_CUT = 3, 4  # times that a step is made again, and points for each atom that joins for that
_ENOUGH = 0.7  # of the step that known atoms allow: with as much it is taken
_TRIALS = 8  # of the length of a step
_IDLE = 25  # steps without any progress that are enough
_PROGRESS = 0.98  # of the gap: what is left of it after progress
_INSIDE, _SHORTER = 0.95, 0.85  # of the way to the boundary: of known atoms, and of those that a trial has met
_CENTRED = 0.15  # least share of the complementarity that a step aims at
_ROUGHLY = 1e-3  # the gap down to which Newton's equations are not refined
_SETTLING, _SETTLED = 30, 1e-9  # steps without new atoms, at most, and the gap down to which they go
_OPERATIONS = 6  # of these steps, for each point cubed
_RECOMPUTED = 5  # steps after which slacks are computed afresh


class Approached(NamedTuple):
    """A feasible dual vector, its bound, the complementarity left, relative to that, and the atoms that are near."""

    nu: Float[np.ndarray, " n"]
    bound: float
    gap: float
    columns: Columns
    steps: int


def approached(
    reduced: Reduced, plane: Plane, tolerance: float, deadline: float, show: Callable[[float], None]
) -> Approached | None:
    """A dual vector of interpolation that is optimal to a relative `tolerance`, or the best until `deadline`.

    Arguments: `reduced` with rho = 0; `plane`, the oracle of its points; `deadline`, a `time.monotonic` moment, after
    which masses take `settling` operations more; `show`, called with the bound. None where there was no time to begin,
    or nothing to price.
    """
    way = _begun(reduced, plane, deadline)
    if way is None:
        return None
    least, moved, steps = math.inf, 0, 0
    while True:
        gap = way.gap
        show(way.best)
        if gap < _PROGRESS * least:
            least, moved = gap, steps
        over = steps - moved >= _IDLE or past(deadline)
        if gap <= tolerance or over or not way.stepped(steps):
            break
        steps += 1
    columns, nu, bound = way.columns, way.best_nu, way.best
    way.settle(deadline + seconds(settling(way.nu.size)))
    return Approached(nu, bound, gap, columns, steps)


def settling(points: int) -> float:
    """About how many floating point operations masses take to settle in the end, as they are counted in `pace`."""
    return _OPERATIONS * float(points) ** 3


class _Direction(NamedTuple):
    """Steps of nu, of the coefficients, of multipliers and slacks."""

    nu: np.ndarray
    coefficients: np.ndarray
    mass: np.ndarray
    slack: np.ndarray


class _Trial(NamedTuple):
    """A share of a step: all local maxima there, and those above 1, with their slack before it and its rate of fall."""

    share: float
    found: Maxima
    worst: Maxima
    slack: np.ndarray
    rise: np.ndarray

    @property
    def limits(self) -> np.ndarray:
        """How much of the step each of the latter allows."""
        return self.slack / np.maximum(self.rise, 1e-300)

    @property
    def limit(self) -> float:
        """How much of it all allow."""
        return float(np.min(self.limits, initial=math.inf))


@dataclass
class _Way:
    """Where the method stands."""

    reduced: Reduced
    plane: Plane
    deadline: float
    columns: Columns
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

    @property
    def gap(self) -> float:
        """The complementarity, relative to the bound."""
        return float(self.columns.mass @ self.columns.slack) / max(abs(self.bound), 1e-300)

    def stepped(self, number: int) -> bool:
        """Take a step, and the atoms it meets; False where Newton's equations break down or the time is over.

        Where atoms that were not known forbid much of it they join the equations, and it is made again.
        """
        newton = Newton(self.columns, self.reduced.free, self.matrix, roughly=self.gap > _ROUGHLY)
        if not newton.sound:
            return False
        columns, cuts = self.columns, 0
        aim, target = self._aim(newton)
        while True:
            step = self._direction(newton, aim)
            known = min(1.0, _INSIDE * longest(columns.slack, step.slack, math.inf))
            trial = self._tried(step.nu, known)
            if trial is None:
                return False
            if cuts == _CUTS or trial.limit >= _ENOUGH * known:
                break
            if not self._cut(newton, trial):
                if columns.size > aim.size:  # the equations broke down with the atoms that forbid the step
                    return False
                break
            cuts += 1
            aim = np.concatenate([aim, target / columns.slack[aim.size :]])
        primal = min(1.0, _INSIDE * longest(columns.mass, step.mass, math.inf))
        dual, met = self._priced(step.nu, trial)
        if met is None:
            return False
        self._moved(step, dual, primal, afresh=number % _RECOMPUTED == 0)
        self._joined(met)
        return True

    def settle(self, deadline: float) -> None:
        """On to the optimum of the programme of these columns alone, which says which of them are in a basis.

        Atoms that join have masses that leave a misfit; where none does the masses come to interpolate.
        """
        for _ in range(_SETTLING):
            if self.gap <= _SETTLED or past(deadline):
                break
            newton = Newton(self.columns, self.reduced.free, self.matrix, roughly=False)
            if not newton.sound:
                break
            step = self._direction(newton, self._aim(newton)[0])
            dual = min(1.0, _INSIDE * longest(self.columns.slack, step.slack, math.inf))
            primal = min(1.0, _INSIDE * longest(self.columns.mass, step.mass, math.inf))
            self._moved(step, dual, primal, afresh=True)

    def _aim(self, newton: Newton) -> tuple[np.ndarray, float]:
        """What Mehrotra's predictor would have the multipliers be, but for the step's own part, and their mean
        complementarity."""
        mass, slack = self.columns.mass, self.columns.slack
        nu, _ = newton.solve(self.left)  # to multipliers that are zero
        fall = -self.columns.seen(nu)
        change = -mass - newton.ratio * fall
        dual, primal = longest(slack, fall), longest(mass, change)
        now = float(mass @ slack)
        share = float((slack + dual * fall) @ (mass + primal * change)) / now
        target = min(1.0, max(share**3, _CENTRED)) * now / mass.size
        return np.clip((target - fall * change) / slack, 0.0, 10 * np.maximum(mass, target / slack)), target

    @property
    def left(self) -> np.ndarray:
        """What is left of the equations, were the multipliers zero."""
        return self.reduced.values - self.reduced.free @ self.coefficients

    def _direction(self, newton: Newton, aim: np.ndarray) -> _Direction:
        """Mehrotra's corrector."""
        columns = self.columns
        nu, shift = newton.solve(self.left - columns.outputs(aim))
        fall = -columns.seen(nu)
        return _Direction(nu, shift, aim - columns.mass - newton.ratio * fall, fall)

    def _tried(self, step: np.ndarray, share: float) -> "_Trial | None":
        """The local maxima after a share of a step, and those of them that forbid it; None after the deadline."""
        found = self.plane.maxima(self.nu + share * step, self.local, self.deadline)
        if not found.complete:
            return None
        x, n, size = self.reduced.points, self.nu.size, np.abs(found.values)
        violated = np.flatnonzero(size >= 1)
        if violated.size > n:
            violated = violated[np.argpartition(-size[violated], n)[:n]]
        worst = found.chosen(violated)
        values = np.maximum(x @ worst.weights.T + worst.biases, 0) * np.sign(worst.values)
        here, rise = self.nu @ values, step @ values
        return _Trial(share, found, worst, 1 - here, rise)

    def _cut(self, newton: Newton, trial: "_Trial") -> bool:
        """The atoms that forbid a step, in the equations."""
        n, columns = self.nu.size, self.columns
        met = Candidates.of(trial.worst, trial.slack).chosen(np.argsort(trial.limits, kind="stable"))
        met = met.chosen(np.flatnonzero(met.slack > 0))
        met = met.chosen(_once(met.turns)[: n // _IN_CUT])
        if met.slack.size == 0:
            return False
        columns.add(met, float(columns.mass @ columns.slack) / columns.size / met.slack)
        return newton.included()

    def _priced(self, step: np.ndarray, trial: "_Trial") -> tuple[float, Candidates | None]:
        """As much of a step as no atom forbids, and the local maxima met; (0, those) where even little is too much.

        None after the deadline.
        """
        met, share, last = [trial], trial.share, trial
        for _ in range(_TRIALS):
            if last.slack.size == 0:
                break
            share = min(_SHORTER * last.limit, _INSIDE * share) if last.limit > 0 else 0.5 * share
            tried = self._tried(step, share)
            if tried is None:
                return 0.0, None
            last = tried
            met.append(last)
        else:
            share = 0.0
        parts = [Candidates.of(one.worst, one.slack - share * one.rise) for one in met if one.slack.size]
        if share > 0:
            size = np.abs(last.found.values)
            parts.append(Candidates.of(last.found, 1 - size))
            if size.size > _MANY * self.nu.size:
                self.local = min(0.95, 1 - 0.8 * (1 - self.local))
        return share, Candidates(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _moved(self, step: _Direction, dual: float, primal: float, *, afresh: bool) -> None:
        """Take the shares of a step."""
        columns, free = self.columns, self.reduced.free
        self.nu = self.nu + dual * step.nu
        self.nu -= free @ (free.T @ self.nu) / len(free)  # columns of mean square 1, orthogonal
        self.coefficients = self.coefficients + primal * step.coefficients
        if self.bound > self.best:
            self.best, self.best_nu = self.bound, self.nu
        columns.slack[:] += dual * step.slack
        if afresh:
            columns.slack[:] = 1 - columns.seen(self.nu)
        columns.mass[:] += primal * step.mass
        self.mean = float(columns.mass @ columns.slack) / columns.size
        count = min(self.nu.size, columns.size)
        self.most = float(np.partition(columns.mass, -count)[-count])

    def _joined(self, met: Candidates) -> None:
        """Local maxima join the dictionary, those with little mass leave it."""
        columns, n = self.columns, self.nu.size
        met = met.chosen(np.flatnonzero((met.slack > 0) & (met.slack < 1 - self.local)))
        met = met.chosen(np.argsort(met.slack, kind="stable"))
        met = met.chosen(_once(met.turns))
        met = met.chosen(np.flatnonzero(apart(columns, met))[: _JOINING * n])
        if columns.size > _HELD * n:
            self.columns = columns = columns.chosen(columns.heaviest(_LEFT * n))
        if met.slack.size:
            columns.add(met, np.minimum(self.mean / met.slack, self.most))


def _begun(reduced: Reduced, plane: Plane, deadline: float) -> _Way | None:
    """From half of the largest feasible multiple of the labels' best dual vector, with all its local maxima."""
    nu = first_dual(reduced)
    found = plane.maxima(nu, 0.0, deadline)
    size, gram = np.abs(found.values), plane.gram(deadline)
    if not found.complete or size.size == 0 or gram is None:
        return None
    times = 0.5 / float(np.max(size))
    order = np.argsort(-size, kind="stable")[: _HELD * nu.size]
    at = Candidates.of(found.chosen(order), 1 - times * size[order])
    columns = Columns(reduced.points, gram)
    way = _Way(reduced, plane, deadline, columns, times * nu, np.zeros(reduced.free.shape[1]))
    columns.add(at, 10 * abs(way.bound) / at.slack.size / at.slack)
    return way


def _once(turns: np.ndarray) -> np.ndarray:
    """The numbers of the first at each place."""
    return np.sort(np.unique(np.round(turns, 9), return_index=True)[1])

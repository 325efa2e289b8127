"""The rounds of column generation, step by step: solved, taken, priced, bounded, judged, pruned, grown."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from minnorm.objective.separable import Separable
from minnorm.resources import past
from minnorm.solve.curved import best_masses, orthogonal
from minnorm.solve.found import Found, best_coefficients, dual_bound, first_dual, only_free_terms
from minnorm.solve.master import Masses
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.pool import APART, Pool, cuts, thinned
from minnorm.solve.pricing.pricers import EXACT_RANK, Pricer
from minnorm.solve.reduction import Reduced

_ROUNDS = 1000
_IDLE = 40  # rounds without any progress that are enough
_TOUCHED = 1e-9  # sup |h| - 1: violations that rounding errors may make
_ROUNDED = 1e-9  # of the objective
_PROGRESS = 0.99  # of the gap: what is left of it after progress
_LIGHT, _LIGHTEST = 1e-3, 1e-6  # of the largest mass; what may be dropped, where steps cost n p^2, and for squares
_LIVE = 1e-3  # of the largest mass; atoms with more are where searches start
_UNFITTED = 1e-2  # relative residual of a master problem that has no solution
_FEW = 6  # atoms for each point: interpolation drops none of so few, since most would be found again
_MOST, _FEWER = (1000, 3), (400, 2)  # so many atoms are kept, and so many more for each point; above rank 3
_CUTS = (50, 2_000_000)  # of a round at least; points of all of them where a search prices
_HALVINGS = 3  # how often the way from the best dual vector to the master problem's is halved


def improve(
    reduced: Reduced,
    best: Found,
    pricer: Pricer,
    pool: Pool,
    start: np.ndarray | None,
    tolerance: float,
    deadline: float,
    show: Callable[[float, float], None],
    atoms: Atoms | None = None,
    gap: float = 1.0,
) -> None:
    """Rounds that improve `best` until the gap has closed, all its atoms of the master problem in it.

    `atoms` are those that `start` violates, if they are known; `gap` what is about left of it there.
    """
    nu = first_dual(reduced) if start is None else start
    state = State(reduced, best, pricer, pool, tolerance, deadline, nu, gap=gap)
    if state.begun(atoms, warm=start is not None):
        return
    for _ in range(_ROUNDS):
        if not state.entered():
            return
        solved = state.solved()
        if solved is None:
            continue
        state.taken(solved)
        priced = state.priced(solved)
        state.bounded(solved)
        show(best.value, best.bound)
        if state.judged(priced) or state.idle(priced):
            return
        state.pruned(solved, priced)
        state.grown(priced)


@dataclass
class Priced:
    """The atoms that a master problem's dual vector violates, and those between it and the best one."""

    atoms: Atoms
    between: Atoms | None
    live: Bool[np.ndarray, " p"]

    @property
    def excess(self) -> float:
        """sup |h| - 1, or 0."""
        return max(self.atoms.largest - 1, 0.0)


@dataclass
class State:
    """Where column generation stands; its methods are the steps of a round, in this order."""

    reduced: Reduced
    best: Found
    pricer: Pricer
    pool: Pool
    tolerance: float
    deadline: float
    nu: Float[np.ndarray, " n"]
    """Where the next master problem starts."""
    rounds: int = 0
    gap: float = 1.0
    accuracy: float = 1.0
    """Of this round's master problem."""
    finest: float = 1e-2
    """No later master problem is solved to less than this."""
    pruned_at: float = np.inf
    """The gap when atoms were last dropped; 0 where none are to be dropped any more."""
    least: float = np.inf
    moved: int = 0
    """The least gap that counted as progress, and its round."""

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return past(self.deadline)

    @property
    def most(self) -> int:
        """How many atoms join in a round: many at many points make the master problem's products long."""
        n = self.nu.size
        return n if self.pricer.cheap else min(n, max(_CUTS[0], _CUTS[1] // n))

    @cached_property
    def projection(self) -> Float[np.ndarray, "q n"]:
        """What takes a dual vector to the coefficients of its part along free terms."""
        return np.linalg.pinv(self.reduced.free)

    def begun(self, atoms: Atoms | None, *, warm: bool) -> bool:
        """The first atoms are in the pool; whether free terms alone are the answer, so that none are needed."""
        pool, pricer, nu = self.pool, self.pricer, self.nu
        self.best.take(nu=nu)
        if pool.size > 0 and not (warm and pricer.cheap):
            return False
        atoms = pricer.price(nu, pool.weights, pool.biases, self.deadline) if atoms is None else atoms
        if pool.size == 0 and atoms.largest <= 1 and atoms.complete:
            atoms = pricer.decide(nu, pool.weights, pool.biases, self.deadline) or atoms
        if pool.size == 0 and atoms.largest <= 1 and atoms.complete:
            self.best.take(**vars(only_free_terms(self.reduced, nu, atoms.largest)))
            return True
        if pricer.cheap and atoms.complete:
            self.claimed(nu, atoms.largest)
        pool.add(*thinned(atoms, 0.7 * atoms.largest if pool.size == 0 else 1.0, APART, self.most))
        self.nu = nu / max(1.0, atoms.largest)
        return False

    def entered(self) -> bool:
        """Whether there is another round: there are atoms, and time."""
        self.rounds += 1
        self.accuracy = min(self.finest, max(0.05 * self.gap, 0.1 * self.tolerance))
        if self.late or self.pool.size == 0:
            self.best.take(ending="time")
            return False
        return True

    def claimed(self, nu: np.ndarray, largest: float) -> None:
        """The bound of a dual vector with sup |h| = `largest`."""
        bound, feasible = dual_bound(self.reduced, nu, largest)
        self.best.take(bound=bound, nu=feasible)

    def solved(self) -> Masses | None:
        """The master problem's solution; None where too many atoms were dropped to interpolate with the rest, which are
        more now, and none will be dropped any more."""
        reduced, pool = self.reduced, self.pool
        solved = best_masses(reduced, pool.values, tolerance=self.accuracy, start=self.nu, deadline=self.deadline)
        unfitted = reduced.interpolates and solved.residual > _UNFITTED
        if not unfitted or self.pruned_at <= 0 or self.late:
            return solved
        pool.span(np.random.default_rng(self.rounds))
        self.pruned_at, self.nu = 0.0, self.best.nu
        return None

    def taken(self, solved: Masses) -> None:
        """The master problem's network is the best where it is better, and its dual vector the next to be priced."""
        reduced, pool, best = self.reduced, self.pool, self.best
        loss = reduced.loss
        if isinstance(loss, Separable):
            nu = orthogonal(loss, solved.nu, reduced.free)
            self.nu = nu if np.any(nu) else best.nu  # a master problem that the time limit cut short has no other
        else:
            self.nu = solved.nu - reduced.free @ (self.projection @ solved.nu)
        value = float(np.sum(np.abs(solved.masses)))
        if not reduced.interpolates:  # rho nu is the true misfit only as far as the master problem is solved
            value = best_coefficients(reduced, pool.values @ solved.masses, value, solved.coefficients)[1]
        fits = reduced.interpolates and (solved.residual <= _UNFITTED or self.rounds == 1)
        if fits or (not reduced.interpolates and value < best.value):
            parts = {"masses": solved.masses, "coefficients": solved.coefficients}
            best.take(value=value, weights=pool.weights, biases=pool.biases, **parts)

    def priced(self, solved: Masses) -> Priced:
        """The atoms that the dual vector violates, and, where they are cheap, those on the way to it from the best."""
        best, pool, before, known = self.best, self.pool, self.best.nu, np.isfinite(self.best.bound)
        live = solved.weight > _LIVE * float(np.max(solved.weight))
        atoms = self.pricer.price(self.nu, pool.weights[live], pool.biases[live], self.deadline)
        if not self.pricer.cheap and known:
            self._corrected(atoms)
            if self._refuted(best.bound):
                best.take(bound=-np.inf)  # the network that is better now says so
        bound, feasible = dual_bound(self.reduced, self.nu, atoms.largest)
        if bound > best.bound and atoms.complete and not self._refuted(bound):
            best.take(bound=bound, nu=feasible)
        between = None
        if self.pricer.cheap and known:
            between = _between(self.reduced, self.pricer, best, before, self.nu, self.deadline)
        return Priced(atoms, between, live)

    def _refuted(self, bound: float) -> bool:
        """Whether a search that claims so much has missed atoms: a network attains less."""
        searched = not self.pricer.cheap and not self.reduced.interpolates
        return searched and bound > self.best.value * (1 + _ROUNDED)

    def _corrected(self, atoms: Atoms) -> None:
        """The best bound, where atoms that are found now show that the search before had missed some."""
        best = self.best
        largest = float(np.max(np.abs(best.nu @ self.reduced.atoms(atoms.weights, atoms.biases)), initial=0.0))
        if largest > 1 + _TOUCHED:
            self.claimed(best.nu, largest)

    def bounded(self, solved: Masses) -> None:
        """The gap between the best value and the best bound."""
        # A value below the bound belongs to a rough solution; one that only nearly interpolates has a price to pay yet.
        self.best.rounds = self.rounds
        self.gap = max(abs(self.best.gap), solved.gap if self.reduced.interpolates else 0.0)

    def judged(self, priced: Priced) -> bool:
        """Whether this was the last round; where a search has priced, a larger one has its say on that first."""
        limit, apart = cuts(priced.atoms.largest)[0], APART * priced.excess**0.5
        exhausted = priced.atoms.largest <= limit and self.accuracy <= 0.1 * self.tolerance
        late = self.late
        if not (self.gap <= self.tolerance or exhausted or late):
            return False
        weights, biases = self.pool.weights[priced.live], self.pool.biases[priced.live]
        decided = self.pricer.decide(self.best.nu, weights, biases, self.deadline)
        if decided is not None and decided.complete:
            # Of a vector that is scaled to 1 by what was found before a search that finds less has missed that.
            known = np.isfinite(self.best.bound)
            self.claimed(self.best.nu, max(decided.largest, 1.0) if known else decided.largest)
            self.gap = max(self.gap, abs(self.best.gap))
        undecided = decided is not None and not decided.complete
        late = late or undecided
        if decided is None or self.gap <= self.tolerance or late or (exhausted and decided.largest <= limit):
            closed = self.gap <= self.tolerance and not undecided
            self.best.take(ending="closed" if closed else "time" if late else "rounding")
            return True
        self.pool.add(*thinned(decided, 1.0, apart, self.most))
        return False

    def idle(self, priced: Priced) -> bool:
        """Whether the gap has not moved for so long that it will not."""
        if self.gap < _PROGRESS * self.least:
            self.least, self.moved = self.gap, self.rounds
        elif self.rounds - self.moved >= _IDLE:
            self.best.take(ending="rounding" if priced.excess <= _TOUCHED else "stalled")
            return True
        return False

    def pruned(self, solved: Masses, priced: Priced) -> None:
        """Atoms without mass that are far from active are dropped, where the gap has shrunk since the last time."""
        few = self.reduced.interpolates and self.pool.size <= _FEW * self.nu.size
        if few or not self.gap < 0.9 * self.pruned_at:
            return
        self.pruned_at = self.gap
        pool, active = self.pool, 1 - np.clip(5 * priced.excess, 1e-3, 0.3)
        weight = np.append(solved.weight, np.full(pool.size - solved.weight.size, np.inf))
        light = _LIGHT if isinstance(self.reduced.loss, Separable) else _LIGHTEST
        kept = (np.abs(self.nu @ pool.values) > active) | (weight > light * float(np.max(solved.weight)))
        least, each = _MOST if self.reduced.rank <= EXACT_RANK else _FEWER
        heaviest = np.sort(np.where(kept, weight, 0.0))[-min(least + each * self.nu.size, weight.size)]
        pool.keep(kept & (weight >= heaviest))

    def grown(self, priced: Priced) -> None:
        """Violated atoms come in; where there are none, what is left is the master problem's own accuracy."""
        between, largest = priced.between, priced.atoms.largest
        if between is not None and between.largest > 1:
            self.pool.add(*thinned(between, *cuts(between.largest), self.nu.size))
        limit, apart = cuts(largest)
        if largest <= limit:
            self.finest = max(0.1 * self.accuracy, 0.1 * self.tolerance)
            return
        self.pool.add(*thinned(priced.atoms, limit, apart, self.most))
        self.nu = self.nu / max(1.0, largest)


def _between(
    reduced: Reduced, pricer: Pricer, best: Found, inner: np.ndarray, outer: np.ndarray, deadline: float
) -> Atoms:
    """Atoms that cut between a feasible dual vector and the master problem's, nearer and nearer to the first until
    the bound is better than the best; they are deeper than the ones far outside."""
    atoms = none = Atoms(np.zeros((0, reduced.rank)), np.zeros(0), np.zeros(0))
    for _ in range(_HALVINGS):
        outer = 0.5 * (inner + outer)
        atoms = pricer.price(outer, none.weights, none.biases, deadline)
        if not atoms.complete:
            break
        bound, feasible = dual_bound(reduced, outer, atoms.largest)
        if bound > best.bound:
            best.take(bound=bound, nu=feasible)
            break
    return atoms

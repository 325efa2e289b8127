"""Column generation: price atoms, re-solve the master problem, until bounds from both sides meet."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from minnorm.solution import Ending
from minnorm.solve import master, stopgap, support
from minnorm.solve.pace import seconds
from minnorm.solve.pricing import pricers as pricing
from minnorm.solve.pricing.oracle import Atoms
from minnorm.solve.pricing.pool import APART, Pool, cuts, thinned
from minnorm.solve.pricing.pricers import Pricer
from minnorm.solve.reduction import Reduced
from minnorm.solve.tidy import settled, tidied

Progress = Callable[[float, float, float], None]
"""Called with (seconds, objective of the best network so far, lower bound so far) in the problem's own units."""

_ROUNDS = 1000
_IDLE = 40  # rounds without any progress that are enough
_TOUCHED = 1e-9  # sup |h| - 1: violations that rounding errors may make
_PROGRESS = 0.99  # of the gap: what is left of it after progress
_LIVE = 1e-3  # of the largest mass; atoms with more are where searches start
_UNFITTED = 1e-2  # relative residual of a master problem that has no solution
_MOST_TIDIED = 1000  # atoms
_MOST = (1000, 2)  # so many atoms are kept, and so many more for each point
_HALVINGS = 3  # how often the way from the best dual vector to the master problem's is halved
_PROMPT = 1.0  # seconds for making a network of what there is when Ctrl-C was pressed
_REPAIR = 25  # operations for each of n^2 m, of a singular value decomposition
_MANY = 600  # points; interpolation of fewer is solved as fast without approaching it
# Interpolation is approached through these rho, shares of that from which on only free terms are left, to these gaps.
_APPROACH = ((1e-3, 1e-2), (1e-5, 1e-2), (1e-6, 3e-3), (1e-7, 1e-3))


@dataclass
class Found:
    """What column generation returns, in reduced units: the best network and the best dual vector seen."""

    weights: Float[np.ndarray, "k r"]
    biases: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, " q"]
    nu: Float[np.ndarray, " n"]
    value: float
    bound: float
    rounds: int
    ending: Ending = "stalled"

    @classmethod
    def begun(cls, reduced: Reduced, nu: np.ndarray) -> "Found":
        """Free terms alone, and a dual vector of which nothing is known yet."""
        coefficients, value = _best_coefficients(reduced, np.zeros(reduced.values.size), 0.0)
        empty, value = np.zeros(0), np.inf if reduced.interpolates else value
        return cls(np.zeros((0, reduced.rank)), empty, empty, coefficients, nu, value, -np.inf, 0)

    def take(self, **better: Any) -> None:
        """Change several attributes, all or, where Ctrl-C comes in between, none."""
        self.__dict__.update(better)

    @property
    def gap(self) -> float:
        """Relative distance of value and bound."""
        return (self.value - self.bound) / max(abs(self.value), 1e-300)


def dual_bound(reduced: Reduced, nu: np.ndarray, largest: float) -> tuple[float, np.ndarray]:
    """The best bound among multiples of nu that are feasible if sup |h| = `largest`, and that multiple."""
    times = reduced.loss.best_multiple(nu, 1 / largest if largest > 0 else np.inf)
    return -reduced.loss.conjugate(nu, times), times * nu


def first_dual(reduced: Reduced) -> np.ndarray:
    """The dual vector of the best free terms alone."""
    return reduced.loss.fit(reduced.free)[1]


def generate(
    reduced: Reduced,
    *,
    tolerance: float,
    deadline: float = np.inf,
    seed: int = 0,
    pool: Pool | None = None,
    start: np.ndarray | None = None,
    pricer: Pricer | None = None,
    progress: Progress | None = None,
) -> Found:
    r"""Solve the reduced problem by cutting planes in its dual.

    Each round solves the master problem to a fraction of the present gap, which keeps its dual vector away
    from the boundary, and adds the most violated atoms, thinned out to be diverse. Where the oracle is cheap, atoms
    are also priced between the best dual vector so far and the master problem's. Atoms without mass that are far
    from active are dropped, but only when the gap has shrunk since the last time, so no sequence of rounds repeats
    itself. Where the oracle is a search, a larger, independent one decides whether to stop. Interpolation of many
    points is approached through problems with ever smaller rho, whose dual vectors settle in fewer rounds.

    Arguments: `tolerance` of the relative gap; `deadline`, a `time.monotonic` moment; `seed` of searches; `pool` and
    `start`, a dictionary and a dual vector to begin with (the pool is changed); `pricer`, by default the one that suits
    the points. Returns `Found`: the best so far when
    the time is over, and when Ctrl-C is pressed, which `Found.ending` says then.

    Source: Gondzio, Gonzalez-Brevis & Munari (2013) for inexact master problems; Ben-Ameur & Neto (2007), *Acceleration
    of cutting-plane and column generation algorithms*, for the points in between.
    """
    began = time.monotonic()
    n = reduced.values.size
    fitted, _ = reduced.loss.fit(reduced.free)
    rest = reduced.values - reduced.free @ fitted
    if reduced.fitted_by_free_terms:
        return _only_free_terms(reduced, np.zeros(n), 0.0)
    reduced = replace(reduced, values=rest)  # large free terms would cost digits
    pricer = pricer or reduced.along or pricing.pricer(reduced.points, reduced.problem.penalty.bias, seed)

    def show(value: float, bound: float) -> None:
        if progress is not None:
            progress(time.monotonic() - began, value * reduced.unit, max(bound, 0.0) * reduced.unit)

    pool = Pool(reduced) if pool is None else pool
    best = Found.begun(reduced, first_dual(reduced) if start is None else start)
    late = deadline - min(0.2 * max(deadline - began, 0.0), _seconds_to_finish(reduced, 2 * n))
    try:
        rounds = 0
        if reduced.interpolates and pricer.cheap and pool.size == 0 and start is None and n >= _MANY:
            start, rounds = _approached(reduced, pricer, pool, late, lambda _, bound: show(np.inf, bound))
        if reduced.interpolates:
            pool.span(np.random.default_rng(0))  # a pool that fits the labels with rho > 0 need not interpolate them
        _rounds(reduced, best, pricer, pool, start, tolerance, late, show)
        best.rounds += rounds
        found = finish(reduced, best, tolerance, deadline)
    except KeyboardInterrupt:
        best.ending = "interrupted"
        found = finish(reduced, best, tolerance, time.monotonic() + _PROMPT)
    return replace(found, coefficients=found.coefficients + fitted, bound=max(found.bound, 0.0))


def _approached(
    reduced: Reduced, pricer: Pricer, pool: Pool, deadline: float, show: Callable[[float, float], None]
) -> tuple[np.ndarray, int]:
    """A dual vector near that of interpolation, the atoms near it in the pool, and the rounds that they took."""
    start, rounds = first_dual(reduced), 0
    atoms = pricer.price(start, pool.weights, pool.biases, deadline)
    largest = atoms.largest
    for share, rough in _APPROACH:
        if not atoms.complete or time.monotonic() > deadline:
            break
        nearby = replace(reduced, rho=np.full(reduced.values.size, share * largest))
        way = Found.begun(nearby, start)
        _rounds(nearby, way, pricer, pool, start, rough, deadline, show, atoms if rounds == 0 else None)
        start, rounds = way.nu, rounds + way.rounds
        pool.keep(pool.nearest(start))
    return start, rounds


def _rounds(
    reduced: Reduced,
    best: Found,
    pricer: Pricer,
    pool: Pool,
    start: np.ndarray | None,
    tolerance: float,
    deadline: float,
    show: Callable[[float, float], None],
    atoms: Atoms | None = None,
) -> None:
    """Rounds of `generate`, which improve `best` until the gap has closed, all its atoms of the master problem in it.

    `atoms` are those that `start` violates, if they are known.
    """
    n = reduced.values.size
    nu = first_dual(reduced) if start is None else start
    best.take(nu=nu)
    if pool.size == 0 or (start is not None and pricer.cheap):
        atoms = pricer.price(nu, pool.weights, pool.biases, deadline) if atoms is None else atoms
        if pool.size == 0 and atoms.largest <= 1 and atoms.complete:
            atoms = pricer.decide(nu, pool.weights, pool.biases, deadline) or atoms
        if pool.size == 0 and atoms.largest <= 1 and atoms.complete:
            best.take(**vars(_only_free_terms(reduced, nu, atoms.largest)))
            return
        if pricer.cheap and atoms.complete:
            bound, feasible = dual_bound(reduced, nu, atoms.largest)
            best.take(bound=bound, nu=feasible)
        pool.add(*thinned(atoms, 0.7 * atoms.largest if pool.size == 0 else 1.0, APART, n))
        nu = nu / max(1.0, atoms.largest)
    projection = np.linalg.pinv(reduced.free)
    gap, pruned_at, finest = 1.0, np.inf, 1e-2
    least, moved = np.inf, 0
    for rounds in range(1, _ROUNDS + 1):
        accuracy = min(finest, max(0.05 * gap, 0.1 * tolerance))
        if time.monotonic() > deadline or pool.size == 0:
            best.take(ending="time")
            return
        solved = master.solve(
            pool.values, reduced.free, reduced.values, reduced.rho, tolerance=accuracy, start=nu, deadline=deadline
        )
        unfitted = reduced.interpolates and solved.residual > _UNFITTED
        if unfitted and pruned_at > 0 and time.monotonic() <= deadline:
            # Too many atoms were dropped to interpolate with the rest: start again, and drop no more.
            pool.span(np.random.default_rng(rounds))
            pruned_at, nu = 0.0, best.nu
            continue
        nu = solved.nu - reduced.free @ (projection @ solved.nu)
        value = float(np.sum(np.abs(solved.masses)))
        if not reduced.interpolates:  # rho nu is the true misfit only as far as the master problem is solved
            value = _best_coefficients(reduced, pool.values @ solved.masses, value)[1]
        fits = reduced.interpolates and (solved.residual <= _UNFITTED or rounds == 1)
        if fits or (not reduced.interpolates and value < best.value):
            best.take(
                value=value,
                masses=solved.masses,
                coefficients=solved.coefficients,
                weights=pool.weights,
                biases=pool.biases,
            )
        live = solved.weight > _LIVE * float(np.max(solved.weight))
        atoms, before = pricer.price(nu, pool.weights[live], pool.biases[live], deadline), best.nu
        largest, known = atoms.largest, np.isfinite(best.bound)
        bound, feasible = dual_bound(reduced, nu, largest)
        if bound > best.bound and atoms.complete:
            best.take(bound=bound, nu=feasible)
        between = _between(reduced, pricer, best, before, nu, deadline) if pricer.cheap and known else None
        # A value below the bound belongs to a rough solution; one that only nearly interpolates has a price to pay yet.
        best.rounds, gap = rounds, max(abs(best.gap), solved.gap if reduced.interpolates else 0.0)
        show(best.value, best.bound)
        excess = max(largest - 1, 0.0)
        limit, apart = cuts(largest)
        exhausted = largest <= limit and accuracy <= 0.1 * tolerance
        late = time.monotonic() > deadline
        if gap <= tolerance or exhausted or late:
            judged = pricer.decide(best.nu, pool.weights[live], pool.biases[live], deadline)
            if judged is not None and judged.complete:
                bound, feasible = dual_bound(reduced, best.nu, judged.largest)
                best.take(bound=bound, nu=feasible)
                gap = max(gap, abs(best.gap))
            undecided = judged is not None and not judged.complete
            late = late or undecided
            if judged is None or gap <= tolerance or late or (exhausted and judged.largest <= limit):
                closed = gap <= tolerance and not undecided
                best.take(ending="closed" if closed else "time" if late else "rounding")
                return
            pool.add(*thinned(judged, 1.0, APART * excess**0.5, n))
        if gap < _PROGRESS * least:
            least, moved = gap, rounds
        elif rounds - moved >= _IDLE:
            best.take(ending="rounding" if excess <= _TOUCHED else "stalled")
            return
        if gap < 0.9 * pruned_at:
            pruned_at = gap
            active = 1 - np.clip(5 * excess, 1e-3, 0.3)
            weight = np.append(solved.weight, np.full(pool.size - solved.weight.size, np.inf))
            kept = (np.abs(nu @ pool.values) > active) | (weight > 1e-6 * float(np.max(solved.weight)))
            heaviest = np.sort(np.where(kept, weight, 0.0))[-min(_MOST[0] + _MOST[1] * n, weight.size)]
            pool.keep(kept & (weight >= heaviest))
        if between is not None and between.largest > 1:
            pool.add(*thinned(between, *cuts(between.largest), n))
        if largest <= limit:
            finest = max(0.1 * accuracy, 0.1 * tolerance)  # the master's own accuracy is what is left
            continue
        pool.add(*thinned(atoms, limit, apart, n))
        nu = nu / max(1.0, largest)


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


def finish(reduced: Reduced, found: Found, tolerance: float, deadline: float = np.inf) -> Found:
    """Drop negligible atoms and make the support sparse, unless rounding makes that cost more than it may.

    Where there is no time for that until `deadline`, a `time.monotonic` moment, the network is less sparse, and one
    that has to interpolate does so with neurons in one direction.
    """
    if found.ending == "closed" and found.masses.size == 0:
        return found
    size = np.abs(found.masses)
    # A cheap atom is large on the data, with a small mass.
    seen = size * np.max(np.abs(reduced.atoms(found.weights, found.biases)), axis=0, initial=0.0)
    kept = np.zeros(size.size, dtype=bool)
    for part in (size, seen):
        kept |= part > 1e-9 * float(np.max(part, initial=0.0))
    if not np.any(kept) or _seconds_to_finish(reduced, int(np.sum(kept))) > deadline - time.monotonic():
        return _as_it_is(reduced, found, kept)
    plain = _with_support(reduced, found, kept, found.masses)
    values = reduced.atoms(found.weights[kept], found.biases[kept])
    masses = np.zeros(size.size)
    masses[kept] = support.sparsify(values, reduced.free, found.masses[kept])
    sparse = _with_support(reduced, found, masses != 0, masses)
    allowed = 0.1 * tolerance * abs(plain.value)
    if sparse.value > plain.value + allowed and reduced.problem.lam > 0 and np.any(masses):
        values = reduced.atoms(sparse.weights, sparse.biases)
        again = master.solve(
            values, reduced.free, reduced.values, reduced.rho, tolerance=0.1 * tolerance, deadline=deadline
        )
        sparse = _with_support(reduced, sparse, np.ones(sparse.masses.size, dtype=bool), again.masses)
    few = sparse if sparse.value <= plain.value + allowed or sparse.gap <= tolerance else plain
    if reduced.problem.lam == 0 or few.masses.size > _MOST_TIDIED:
        return few
    # On the line atoms have the places they should have, but masses next to nothing where there should be none.
    tidy = (tidied if reduced.along is None else settled)(
        reduced, few.weights, few.biases, few.masses, few.coefficients, deadline
    )
    if tidy.value > few.value + allowed:
        return few
    parts = {name: getattr(tidy, name) for name in ("weights", "biases", "masses", "coefficients", "value")}
    return replace(few, **parts)


def _seconds_to_finish(reduced: Reduced, atoms: int) -> float:
    """About how long `finish` takes to make the support sparse, and to interpolate with it."""
    n = reduced.values.size
    repair = _REPAIR * n * min(n, atoms) * max(n, atoms) if reduced.interpolates else 0.0
    return seconds(support.operations(n, atoms) + repair)


def _as_it_is(reduced: Reduced, found: Found, kept: np.ndarray) -> Found:
    """The network that there is, made to interpolate in O(n log n) where it has to."""
    if not reduced.interpolates:
        return _with_support(reduced, found, kept, found.masses)
    begun = Found.begun(reduced, found.nu)
    networks = [
        (stopgap.interpolated(reduced, w, b, a, c), c)
        for w, b, a, c in (
            (found.weights[kept], found.biases[kept], found.masses[kept], found.coefficients),
            (begun.weights, begun.biases, begun.masses, begun.coefficients),
        )
    ]
    (weights, biases, masses), coefficients = min(networks, key=lambda one: float(np.sum(np.abs(one[0][2]))))
    value = float(np.sum(np.abs(masses)))
    return replace(found, weights=weights, biases=biases, masses=masses, coefficients=coefficients, value=value)


def _with_support(reduced: Reduced, found: Found, which: np.ndarray, masses: np.ndarray) -> Found:
    """The network on some of the atoms, with the free terms that suit it best, and its true objective."""
    weights, biases, masses = found.weights[which], found.biases[which], masses[which]
    values = reduced.atoms(weights, biases)
    if reduced.problem.lam == 0:
        masses, coefficients = support.repair(values, reduced.free, reduced.values, masses)
        value = float(np.sum(np.abs(masses)))
    else:
        coefficients, value = _best_coefficients(reduced, values @ masses, float(np.sum(np.abs(masses))))
    return replace(found, weights=weights, biases=biases, masses=masses, coefficients=coefficients, value=value)


def _best_coefficients(reduced: Reduced, fitted: np.ndarray, norm: float) -> tuple[np.ndarray, float]:
    """The free terms that suit given atoms best, and the objective with them; the norm alone for interpolation."""
    loss = reduced.loss.moved(fitted)
    coefficients, _ = loss.fit(reduced.free)
    return coefficients, norm if loss.exact else norm + loss.value(reduced.free @ coefficients)


def _only_free_terms(reduced: Reduced, nu: np.ndarray, largest: float) -> Found:
    coefficients, value = _best_coefficients(reduced, np.zeros(reduced.values.size), 0.0)
    bound, feasible = dual_bound(reduced, nu, largest)
    empty = np.zeros(0)
    return Found(np.zeros((0, reduced.rank)), empty, empty, coefficients, feasible, value, bound, 0, "closed")

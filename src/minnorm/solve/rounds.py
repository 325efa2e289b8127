"""Column generation: price atoms, re-solve the master problem, until bounds from both sides meet."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from minnorm.objective.loss import Squared
from minnorm.objective.separable import Separable
from minnorm.resources import left, past
from minnorm.solve import crossover, descent, priced, stopgap, summits, support
from minnorm.solve.curved import best_masses
from minnorm.solve.found import Found, best_coefficients, first_dual, only_free_terms
from minnorm.solve.pace import seconds
from minnorm.solve.priced import Approached
from minnorm.solve.pricing import fed
from minnorm.solve.pricing import pricers as pricing
from minnorm.solve.pricing.line import LinePricer
from minnorm.solve.pricing.pool import Pool
from minnorm.solve.pricing.pricers import Pricer
from minnorm.solve.pricing.subsets import Subsets
from minnorm.solve.reduction import Reduced
from minnorm.solve.steps import improve
from minnorm.solve.tidy import TIMES, settled, tidied
from minnorm.solve.vertex import sharpened

Progress = Callable[[float, float, float], None]
"""Called with (seconds, objective of the best network so far, lower bound so far) in the problem's own units."""

_MOST_TIDIED = 1000  # atoms
_ROUGH, _FEWER = 1e-4, 2  # a tolerance from which on atoms above three dimensions are moved so often at the end
_PROMPT = 1.0  # seconds for making a network of what there is when Ctrl-C was pressed
_REPAIR = 25  # operations for each of n^2 m, of a singular value decomposition
_FINISHING, _CROSSING = 0.2, 0.4  # of the time that there is: the most for making a network in the end
_MANY = 600  # points; interpolation of fewer is solved as fast without approaching it
_FINER, _FINEST = 0.1, 1e-11  # of the tolerance; and a relative gap near that of rounding errors
_EASY, _EXACT = 256, 0.1  # points in a plane, and a share of the tolerance that costs little more for so few
_MATTER = 4  # columns for each point, among which the network's neurons are
_ALL = 1000  # points; of more the values of all columns take too much memory
_SMALL = 64  # points, for which master problems cost little, and may have an optimum with fewer neurons
_CLEARLY_FEWER = 0.9  # of the vertex's neurons: with no more than that the other optimum is taken
_TO_MASTER = 1.0  # of the tolerance: a twentieth of that is how accurate the first master problem is
# Interpolation is approached through these rho, shares of that from which on only free terms are left, to these gaps.
_APPROACH = ((1e-3, 1e-2), (1e-5, 1e-2), (1e-6, 3e-3), (1e-7, 1e-3))


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
    if reduced.fitted_by_free_terms:
        return only_free_terms(reduced, np.zeros(n), 0.0)
    fitted = np.zeros(reduced.free.shape[1])
    if not isinstance(reduced.loss, Separable):
        fitted, _ = reduced.loss.fit(reduced.free)
        reduced = replace(reduced, values=reduced.values - reduced.free @ fitted)  # large ones would cost digits
    pricer = pricer or reduced.along or _pricer(reduced, seed)

    def show(value: float, bound: float) -> None:
        if progress is not None:
            progress(time.monotonic() - began, value * reduced.unit, max(bound, 0.0) * reduced.unit)

    pool = Pool(reduced) if pool is None else pool
    best = Found.begun(reduced, first_dual(reduced) if start is None else start)
    plane = None
    if reduced.interpolates and isinstance(pricer, pricing.Exact) and pricer.sigma.rectifies:
        plane = pricer.plane  # what prices at every step is for ReLU
    if plane is not None:
        ending, share = seconds(priced.settling(n) + crossover.operations(n)), _CROSSING
    else:
        ending, share = _seconds_to_finish(reduced, 2 * n), _FINISHING
    late = deadline - min(share * max(deadline - began, 0.0), ending)
    try:
        rounds, gap, fresh, vertex = 0, 1.0, pool.size == 0 and start is None, None
        wanted = max(_EXACT * tolerance, _FINEST) if plane is not None and n <= _EASY else tolerance
        if plane is not None and fresh:
            near = priced.approached(reduced, plane, wanted, late, lambda bound: show(np.inf, bound))
            if near is not None:
                matter = near.columns.neurons[near.columns.heaviest(_MATTER * n)]
                pool.add(matter[:, :-1], matter[:, -1])
                start, rounds, gap = near.nu, near.steps + 1, max(near.gap, _TO_MASTER * wanted)
                vertex = _vertex(reduced, near, tolerance, deadline)
        elif reduced.interpolates and pricer.cheap and fresh and n >= _MANY:
            start, rounds = _approached(reduced, pricer, pool, late, lambda _, bound: show(np.inf, bound))
        if vertex is not None:
            closed = vertex.gap <= tolerance
            vertex = sharpened(reduced, replace(vertex, ending="closed" if closed else "time"), pricer, deadline)
            best, start = replace(vertex), vertex.nu  # another one: rounds change what they improve
            show(best.value, best.bound)
            if past(late) or (closed and n > _SMALL):
                return replace(vertex, coefficients=vertex.coefficients + fitted)
        if fresh and isinstance(pricer, pricing.Searched) and pricer.large and reduced.problem.lam > 0:
            first = descent.descended(reduced, descent.begun(reduced, seed), descent.STAGES, late)
            pool.add(first.weights, first.biases)
            best, start = first, first.nu
            show(best.value, best.bound)
        if reduced.interpolates and gap == 1.0:
            pool.span(np.random.default_rng(0))  # a pool that fits the labels with rho > 0 need not interpolate them
        climber = pricer if isinstance(pricer, LinePricer) and isinstance(reduced.loss, Squared) else None
        if climber is not None:
            summits.climb(reduced, best, climber, wanted, late, show)
            if best.ending == "stalled":  # rounding errors: what there is then is no start
                best = Found.begun(reduced, first_dual(reduced) if start is None else start)
        if climber is None or best.ending == "stalled":
            improve(reduced, best, pricer, pool, start, wanted, late, show, gap=gap)
            best.rounds += rounds
        found = finish(reduced, best, tolerance, deadline)
        if reduced.interpolates and best.ending == "closed" and found.gap > tolerance and not past(late):
            # What the atoms miss the labels by cost more than was thought: once more, nearer to them.
            rounds, finer = best.rounds, max(_FINER * tolerance, _FINEST)
            improve(reduced, best, pricer, pool, best.nu, finer, late, show, gap=tolerance)
            best.rounds += rounds
            again = finish(reduced, best, tolerance, deadline)
            found = again if again.value < found.value else found
        found = sharpened(reduced, found, pricer, deadline)
        if vertex is not None and vertex.gap <= tolerance and found.masses.size > _CLEARLY_FEWER * vertex.masses.size:
            found = replace(vertex, rounds=best.rounds)  # where points tie neither is the only optimum
    except KeyboardInterrupt:
        best.ending = "interrupted"
        found = finish(reduced, best, tolerance, time.monotonic() + _PROMPT)
    return replace(found, coefficients=found.coefficients + fitted, bound=max(found.bound, 0.0))


def _pricer(reduced: Reduced, seed: int) -> Pricer:
    bias, sigma = reduced.problem.penalty.bias, reduced.problem.penalty.activation
    if reduced.inputs is not None:
        return Subsets.of(reduced.points, bias, reduced.inputs, seed, sigma)
    alone = pricing.pricer(reduced.points, bias, seed, sigma)
    return alone if alone.cheap and reduced.interpolates else fed.quickest(alone, seed)


def _vertex(reduced: Reduced, near: Approached, tolerance: float, deadline: float) -> Found | None:
    """The cheapest network at a vertex near the interior point; None where none was found.

    Of the atoms that matter most, those that a basis may have weighed alike; and of all where that does not close the
    gap, since fewer are active than a basis has.
    """
    columns, vertex = near.columns, None
    free, values = reduced.free, reduced.values
    for most, alike in ((_MATTER * values.size, True), (columns.size, False)):
        atoms = columns.chosen(columns.heaviest(most))
        weight = atoms.ratio
        if alike:
            weight = np.minimum(weight, crossover.usual(weight, len(free) - free.shape[1]) or np.inf)
        basis = crossover.crossed(atoms.values(slice(None)), free, values, weight, deadline, atoms.seen)
        if basis is not None:
            neurons, value = atoms.neurons[basis.atoms], float(np.sum(np.abs(basis.masses)))
            masses = atoms.signs[basis.atoms] * basis.masses
            parts = neurons[:, :-1], neurons[:, -1], masses, basis.coefficients
            found = Found(*parts, near.nu, value, near.bound, near.steps + 1)
            vertex = found if vertex is None or value < vertex.value else vertex
        if past(deadline) or (vertex is not None and vertex.gap <= tolerance) or values.size > _ALL:
            break
    return vertex


def _approached(
    reduced: Reduced, pricer: Pricer, pool: Pool, deadline: float, show: Callable[[float, float], None]
) -> tuple[np.ndarray, int]:
    """A dual vector near that of interpolation, the atoms near it in the pool, and the rounds that they took."""
    start, rounds = first_dual(reduced), 0
    atoms = pricer.price(start, pool.weights, pool.biases, deadline)
    largest = atoms.largest
    for share, rough in _APPROACH:
        if not atoms.complete or past(deadline):
            break
        nearby = replace(reduced, rho=np.full(reduced.values.size, share * largest))
        way = Found.begun(nearby, start)
        improve(nearby, way, pricer, pool, start, rough, deadline, show, atoms if rounds == 0 else None)
        start, rounds = way.nu, rounds + way.rounds
        pool.keep(pool.nearest(start))
    return start, rounds


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
    if not np.any(kept) or _seconds_to_finish(reduced, int(np.sum(kept))) > left(deadline):
        return _as_it_is(reduced, found, kept)
    plain = _with_support(reduced, found, kept, found.masses)
    values = reduced.atoms(found.weights[kept], found.biases[kept])
    masses = np.zeros(size.size)
    masses[kept] = support.sparsify(values, reduced.free, found.masses[kept])
    sparse = _with_support(reduced, found, masses != 0, masses)
    allowed = 0.1 * tolerance * abs(plain.value)
    proven = (plain if reduced.interpolates else found).gap <= tolerance

    def admitted(sparser: Found) -> bool:
        """Whether it costs no more than it may, and not the proof."""
        return sparser.gap <= tolerance or (sparser.value <= plain.value + allowed and not proven)

    if not admitted(sparse) and not reduced.interpolates and np.any(masses):
        values = reduced.atoms(sparse.weights, sparse.biases)
        again = best_masses(reduced, values, tolerance=0.1 * tolerance, deadline=deadline)
        there = replace(sparse, coefficients=again.coefficients)
        sparse = _with_support(reduced, there, np.ones(sparse.masses.size, dtype=bool), again.masses)
    few = sparse if admitted(sparse) else plain
    if not reduced.loss.quadratic or reduced.problem.lam == 0 or few.masses.size > _MOST_TIDIED:
        return few
    # On the line atoms have the places they should have, but masses next to nothing where there should be none.
    places_are_right = reduced.along is not None or reduced.inputs is not None
    begin = few.weights, few.biases, few.masses, few.coefficients, deadline
    if places_are_right:
        tidy = settled(reduced, *begin)
    else:
        tidy = tidied(reduced, *begin, TIMES if tolerance <= _ROUGH or reduced.rank <= pricing.EXACT_RANK else _FEWER)
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
    sigma = reduced.problem.penalty.activation
    # A direction has too many columns for neurons that read few; what is said of kinks there is for ReLU.
    if not reduced.interpolates or reduced.inputs is not None or not sigma.rectifies:
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
    if reduced.interpolates:
        masses, coefficients = support.repair(values, reduced.free, reduced.values, masses)
        value = float(np.sum(np.abs(masses)))
    else:
        norm = float(np.sum(np.abs(masses)))
        coefficients, value = best_coefficients(reduced, values @ masses, norm, found.coefficients)
    return replace(found, weights=weights, biases=biases, masses=masses, coefficients=coefficients, value=value)

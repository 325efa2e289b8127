"""Which method solves a problem: closed forms and trend filtering on the line, column generation elsewhere."""

import dataclasses
import math
import time

import numpy as np

from minnorm import known
from minnorm.known.neurons import closed_form
from minnorm.known.univariate.interpolant import connect_the_dots
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.objective.separable import Separable
from minnorm.resources import blas_threads, past
from minnorm.solution import Ending, Solution
from minnorm.solve.additive import refuse_unreachable
from minnorm.solve.constraints import kept, separating_free_terms
from minnorm.solve.found import Found, first_dual, only_free_terms
from minnorm.solve.freepart import FreePart
from minnorm.solve.pace import Times, fits
from minnorm.solve.polish import misfits, restored
from minnorm.solve.pricing.pool import Pool
from minnorm.solve.pricing.pricers import EXACT_RANK, Exact
from minnorm.solve.pricing.subsets import Subsets
from minnorm.solve.reduction import Reduced, reduce
from minnorm.solve.rounds import Progress, generate
from minnorm.solve.symmetry import symmetrised
from minnorm.solve.twins import distances_to_twins, without_twins
from minnorm.solve.univariate import curved, knots
from minnorm.solve.univariate.penalised import penalised_line
from minnorm.solve.univariate.trend import trend

PROMPT = 1.0
"""Seconds for polishing what there was when Ctrl-C was pressed, and for verifying it."""

_MANY, _FINE = 300, 0.05  # points that are quicker together; of the tolerance, for the interior point method
_VERY_MANY, _NEARLY = 4000, 0.3  # points from which on knots are exchanged; of the tolerance, for that
_ANGLE = 2e5  # operations that a chain of angles takes for each point
_KNOTS, _PROGRAMMES = 300, 1e7  # points that linear programmes over knots are quick for; operations for each


@dataclasses.dataclass
class Warm:
    """What a solved problem leaves for another with the same data and another lam: atoms, a dual vector, an oracle.

    All are in the coordinates of `Reduced`, which do not depend on lam.
    """

    pool: Pool | None = None
    start: np.ndarray | None = None
    oracle: Exact | Subsets | None = None

    def exact(self, reduced: Reduced) -> Exact | Subsets | None:
        """The exact oracle, if there is one, which knows what it made for the same points before."""
        if reduced.along is not None or (reduced.inputs is None and reduced.rank > EXACT_RANK):
            return None
        if self.oracle is None or not np.array_equal(self.oracle.points, reduced.points):
            penalty, few = reduced.problem.penalty, reduced.inputs
            alone = Exact(reduced.points, penalty.bias, penalty.activation)
            self.oracle = (
                alone if few is None else Subsets.of(reduced.points, penalty.bias, few, sigma=penalty.activation)
            )
        return self.oracle


def solved(
    problem: Problem,
    tolerance: float,
    times: Times,
    seed: int,
    progress: Progress | None,
    warm: Warm | None = None,
) -> Solution:
    """A solution by the method that suits the problem, not verified yet; `warm` is started from, and changed.

    Points that rounding errors tell apart are merged, unless their labels differ so much that it matters.
    """
    refuse_unreachable(problem)
    solution = _reduced(problem, True, tolerance, times, seed, progress, warm)
    given = problem.lam == 0 or not problem.squared  # their points are never merged
    if given or solution.ending == "interrupted" or past(times.solved):
        return solution
    away = distances_to_twins(problem.points)
    if not np.any(away):
        return solution
    gap = _estimated_gap(problem, solution, away)
    if gap <= tolerance or past(times.solved):
        return solution
    other = _reduced(problem, False, tolerance, times, seed, progress)
    best = other if _estimated_gap(problem, other, np.zeros(away.size)) < gap else solution
    return dataclasses.replace(best, ending="interrupted") if other.ending == "interrupted" else best


def _estimated_gap(problem: Problem, solution: Solution, away: np.ndarray) -> float:
    """The relative gap for lam > 0, if the dual vector is feasible when points are moved as far as `away` says."""
    dual = solution.dual
    rest = misfits(problem, solution.network)
    value = problem.mean(rest**2) / 2 + problem.lam * problem.penalty.value(solution.network)
    labels = FreePart.of(problem).rest(problem.points, problem.values)
    scale = 1 / (1 + float(np.abs(dual) @ away) / problem.lam)
    square = problem.total * float(dual @ (dual / problem.weights))
    bound = scale * float(dual @ labels) - scale**2 / 2 * square
    return (value - bound) / value if value > 0 else 0.0


def _reduced(
    problem: Problem,
    merge: bool,
    tolerance: float,
    times: Times,
    seed: int,
    progress: Progress | None,
    warm: Warm | None = None,
) -> Solution:
    x, sigma = problem.points, problem.penalty.activation
    on_line = problem.penalty.biases_are_free
    along_line = on_line and (sigma.rectifies or problem.lam == 0)  # trend filtering is for ReLU
    if not problem.squared:
        return _other_loss(problem, tolerance, times, seed, progress, warm)
    if closed_form(problem):
        return known.line(x, problem.values, problem.penalty, certify=False)
    if along_line and x.shape[1] == 1 and np.min(x) < np.max(x):
        return _line(problem, np.ones(1), np.zeros(1), x[:, 0], merge, tolerance, times, progress)
    if not (on_line or sigma.rectifies) and problem.lam == 0 and x.shape[1] == 1 and len(x) <= _KNOTS:
        found = _by_knots(problem, times)
        if found is not None:
            return found
    if not on_line and sigma.rectifies and x.shape[1] == 1 and np.min(x) < np.max(x):
        part = FreePart.of(problem)
        distinct, group = np.unique(x, axis=0, return_inverse=True)
        if merge and problem.lam > 0:
            distinct, group = without_twins(distinct, group.reshape(-1))
        less = problem.changed(points=distinct[group.reshape(-1)], values=part.rest(x, problem.values))
        try:
            if problem.lam == 0 and not fits(_ANGLE * x.size, times.solved):
                found = _connected(less, "time")
            else:
                found = penalised_line(
                    less, tolerance, lambda reduced: _generated(reduced, tolerance, times.solved, seed, progress, warm)
                )
        except KeyboardInterrupt:
            if problem.lam > 0:
                raise
            found = _connected(less, "interrupted")
        return dataclasses.replace(found, network=restored(problem, found.network, part, times.polished))
    reduced = reduce(problem, merge=merge, deadline=times.solved)
    if reduced.rank == 0:
        return _constant(problem)
    if along_line and reduced.rank == 1:
        axis, centre = reduced.basis[:, 0], reduced.centre
        along = (reduced.points[:, 0] * reduced.radius)[reduced.group]  # equal points stay equal
        return _line(problem, axis, centre, along, merge, tolerance, times, progress)
    return as_solution(reduced, _generated(reduced, tolerance, times.solved, seed, progress, warm), times.polished)


def _by_knots(problem: Problem, times: Times) -> Solution | None:
    """Linear programmes over knots on the line, for neurons that are not ReLU; None where there is no time for them, or
    nothing to do."""
    x = problem.points
    if not (np.min(x) < np.max(x) and fits(_PROGRAMMES * x.size, times.solved)):
        return None
    try:
        return known.line(x, problem.values, problem.penalty, certify=False)
    except ArithmeticError:
        return None
    except KeyboardInterrupt:
        found, part = _connected(problem, "interrupted"), FreePart(0.0, np.zeros(1))
        return dataclasses.replace(found, network=restored(problem, found.network, part, times.polished))


def _other_loss(
    problem: Problem, tolerance: float, times: Times, seed: int, progress: Progress | None, warm: Warm | None
) -> Solution:
    """Column generation, on the line too: what is quicker there knows squares alone."""
    alone = separating_free_terms(problem) if problem.constrained else None
    if alone is not None:
        return Solution(alone, np.zeros(len(problem.values)), problem.penalty, ending="closed", loss=problem.loss)
    reduced = reduce(problem, deadline=times.solved)
    if reduced.rank == 0:
        found = only_free_terms(reduced, first_dual(reduced), 0.0)
    else:
        quick = _banded(reduced, tolerance, times)
        if quick is not None:
            return quick
        found = _generated(reduced, tolerance, times.solved, seed, progress, warm)
    return as_solution(reduced, found, times.polished)


def _banded(reduced: Reduced, tolerance: float, times: Times) -> Solution | None:
    """Many points on a line by a banded interior point method; None where there are few, or it does not come near."""
    problem, n = reduced.problem, reduced.values.size
    penalty, loss = problem.penalty, reduced.loss
    free = penalty.biases_are_free and penalty.activation.rectifies and reduced.inputs is None
    if n < _MANY or reduced.rank > 1 or not free or problem.constrained or not isinstance(loss, Separable):
        return None
    order = np.argsort(reduced.points[:, 0], kind="stable")
    t, skip = reduced.points[order, 0], penalty.linear_is_free
    along = dataclasses.replace(loss, y=loss.y[order], scale=loss.scale[order], rate=loss.rate[order])
    found = None
    if n >= _VERY_MANY:
        found = knots.exchanged(along, t, skip, tolerance=_NEARLY * tolerance, deadline=times.solved)
    if found is None or not (found.interrupted or found.value - found.bound <= tolerance * found.value):
        found = curved.solve(along, np.diff(t), skip, tolerance=_FINE * tolerance, deadline=times.solved)
    chosen, levels, value = curved.broken_line(along, t, found, skip, 0.5 * tolerance)
    if not (found.interrupted or value - found.bound <= tolerance * value):
        return None
    net = connect_the_dots(t[chosen], levels, skip=skip)
    weights = net.inner_weights @ reduced.basis.T / reduced.radius
    slope = None if net.skip is None else reduced.basis @ net.skip / reduced.radius * reduced.size
    offset = float(net.offset) * reduced.size - (0.0 if slope is None else float(slope @ reduced.centre))
    biases = net.biases - weights @ reduced.centre
    network = ShallowReLU(weights, biases, net.outer_weights * reduced.size, np.asarray(offset), slope)
    nu = np.empty(n)
    nu[order] = found.nu
    network = restored(problem, network, reduced.part, -math.inf)
    dual = reduced.dual(nu)
    ending = "interrupted" if found.interrupted else "closed"
    return Solution(network, dual, penalty, problem.lam, None, found.steps, ending, None, problem.loss)


def _connected(problem: Problem, ending: Ending) -> Solution:
    """The interpolant that is the best for free biases, and the dual vector that proves it: a start for penalised ones.

    An atom costs no less there, so the bound holds, too.
    """
    free = dataclasses.replace(problem.penalty, bias="free", offset="free")
    found = known.line(problem.points, problem.values, free, certify=False)
    return Solution(found.network, found.dual, problem.penalty, 0.0, ending=ending)


def _generated(
    reduced: Reduced, tolerance: float, deadline: float, seed: int, progress: Progress | None, warm: Warm | None
) -> Found:
    """What column generation finds, from what `warm` holds."""
    pool, start = _warmed(reduced, warm)
    with blas_threads(reduced.values.size):
        found = generate(
            reduced,
            tolerance=tolerance,
            deadline=deadline,
            seed=seed,
            pool=pool,
            start=start,
            pricer=None if warm is None else warm.exact(reduced),
            progress=progress,
        )
    if warm is not None and found.ending != "interrupted":  # which may have come in the midst of changing the pool
        warm.pool, warm.start = pool, found.nu
        if pool is not None:
            pool.keep(pool.nearest(found.nu))
    return found


def _warmed(reduced: Reduced, warm: Warm | None) -> tuple[Pool | None, np.ndarray | None]:
    """The pool and the dual vector to start from, the pool made for this problem."""
    if warm is None:
        return None, None
    pool = warm.pool
    if pool is None or (pool.reduced.radius, pool.reduced.free.shape) != (reduced.radius, reduced.free.shape):
        pool = Pool(reduced)  # other coordinates
    pool.reduced = reduced
    return pool, warm.start if pool.size else None


def as_solution(reduced: Reduced, found: Found, deadline: float = math.inf) -> Solution:
    """A solution of the original problem, not verified yet, polished as far as there is time until `deadline`.

    After Ctrl-C there is a moment for that; where it is pressed meanwhile, none any more.
    """
    network = reduced.network(found.weights, found.biases, found.masses, found.coefficients)
    problem, ending = reduced.problem, found.ending
    if ending == "interrupted":
        deadline = min(deadline, time.monotonic() + PROMPT)
    dual = reduced.dual(found.nu)
    if not problem.squared:
        polished = restored(problem, network, reduced.part, -math.inf)
        if problem.constrained:
            polished = kept(problem, polished)
        return Solution(polished, dual, problem.penalty, problem.lam, None, found.rounds, ending, None, problem.loss)
    try:
        polished = restored(problem, network, reduced.part, deadline)
        dual = symmetrised(problem, dual)
    except KeyboardInterrupt:
        if ending == "interrupted":
            raise
        polished, ending = restored(problem, network, reduced.part, -math.inf), "interrupted"
    return Solution(polished, dual, problem.penalty, problem.lam, None, found.rounds, ending)


def _line(
    problem: Problem,
    axis: np.ndarray,
    centre: np.ndarray,
    along: np.ndarray,
    merge: bool,
    tolerance: float,
    times: Times,
    progress: Progress | None,
) -> Solution:
    """Points centre + along * axis, biases free: the closed form or trend filtering, along the line."""
    penalty = problem.penalty
    with_constant = dataclasses.replace(penalty, offset="free")
    part = FreePart.of(problem)
    line = Problem(
        along, part.rest(problem.points, problem.values), with_constant, problem.lam, weights=problem.weights
    )
    if problem.lam == 0:
        found = known.line(along, line.values, with_constant, certify=False)
    else:
        found = trend(line, merge=merge, tolerance=tolerance, deadline=times.solved, progress=progress)
    net = found.network
    weights = net.inner_weights * axis
    biases = net.biases - weights @ centre
    offset, skip = net.offset, None
    if net.skip is not None:
        skip = net.skip[0] * axis
        offset = np.asarray(offset - skip @ centre)
    given = ShallowReLU(weights, biases, net.outer_weights, offset, skip, penalty.activation)
    network = restored(problem, given, part, times.polished)
    return Solution(network, found.dual, penalty, problem.lam, None, found.rounds, found.ending)


def _constant(problem: Problem) -> Solution:
    """All points equal, a constant free: it is the mean value."""
    d = problem.points.shape[1]
    part = FreePart.of(problem)
    rest = part.rest(problem.points, problem.values)
    mean = problem.mean(rest)
    skip = np.zeros(d) if problem.penalty.linear_is_free else None
    none, sigma = np.zeros(0), problem.penalty.activation
    network = ShallowReLU(np.zeros((0, d)), none, none, np.asarray(mean), skip, sigma)
    dual = problem.weights * (rest - mean) / problem.total if problem.lam > 0 else np.zeros(rest.size)
    return Solution(restored(problem, network, part), dual, problem.penalty, problem.lam)

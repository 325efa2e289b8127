"""The line with penalised biases: solved in coordinates in which the data are near the origin and of the order of 1."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from minnorm.known.univariate.affine import Affine
from minnorm.known.univariate.cuts import by_cuts
from minnorm.known.univariate.dots import Kinks
from minnorm.known.univariate.penalised import chained
from minnorm.known.univariate.rounding import improved, settled
from minnorm.objective.problem import Problem
from minnorm.objective.terms import FreeTerms
from minnorm.solution import Solution
from minnorm.solve.found import Found, first_dual
from minnorm.solve.pricing.line import LinePricer
from minnorm.solve.reduction import Reduced, reduce

_STIFF = 1e7  # an atom of unit cost that is larger on the data is a free term, paid for in the end
_LARGE = 1e3  # such an atom is worth an attempt in which it is of the order of 1
_SAME = 1e-9  # of the data's extent: a knot this close to a point is there
_MULTIPLE = 1e-7
_FAR = 1e3
_MET = 2.0**-42  # of the labels: what an interpolant may miss
_EXACT = 300  # points, up to which linear programmes are worth the time
_POINTS = 2000  # beyond, masses stay as the solver leaves them


def penalised_line(problem: Problem, tolerance: float, solve: Callable[[Reduced], Found]) -> Solution:
    """The minimiser on the line with penalised biases, not verified; `solve` is column generation.

    Interpolation is a chain of angles where the neurons' facing supplies what is not free, see `known.line`. Else
    column generation, with the pricing of `LinePricer`. Multiples of x, and constants, cost so little far from the
    origin that as atoms they would drown all others: there they count as free, and are paid for in the network. Where
    that is too dear, they are atoms after all.
    """
    if problem.lam == 0:
        t, first = np.unique(problem.points[:, 0], return_index=True)
        found = chained(t, problem.values[first], problem.penalty)
        dual = np.zeros(problem.values.size)
        if found is not None:
            dual[first] = found[1]
            return Solution(found[0], dual, problem.penalty, problem.lam)
        solution = _generated(problem, tolerance, solve)
        if _misses(problem, solution) and t.size <= _EXACT:
            # Labels so large next to their differences that those are rounding errors of a solver.
            network, dual[first] = by_cuts(t, problem.values[first], problem.penalty, near=np.zeros(0))
            return Solution(network, dual, problem.penalty, problem.lam)
        return solution
    return _generated(problem, tolerance, solve)


def _misses(problem: Problem, solution: Solution) -> bool:
    """Whether an interpolant misses labels by more than rounding errors."""
    rest = problem.values - solution.network.evaluate(problem.points)
    return float(np.max(np.abs(rest))) > _MET * float(np.max(np.abs(problem.values)))


def _generated(problem: Problem, tolerance: float, solve: Callable[[Reduced], Found]) -> Solution:
    """By column generation, with cheap terms free first and then, if they turn out dear, without."""
    x = np.unique(problem.points[:, 0])
    centre = float(x[x.size // 2])
    length = float(np.sqrt(np.mean((x - centre) ** 2)))
    best: tuple[float, Solution] | None = None
    for constant, linear, unit in _attempts(problem, math.hypot(1.0, centre), length):
        reduced = _reduced(problem, LinePricer(x, centre, length, constant, linear, unit))
        found = solve(reduced)
        solution = _solution(reduced, found)
        missing = (found.value - found.bound) * reduced.unit + _paid(reduced, found, solution)
        if best is None or missing < best[0]:
            best = missing, solution
        if missing <= tolerance * found.value * reduced.unit or found.ending in ("time", "interrupted"):
            break
    assert best is not None
    return best[1]


def _attempts(problem: Problem, stretch: float, length: float) -> list[tuple[bool, bool, float]]:
    """Whether constants and multiples of x are free, and the unit of costs: of a kink, of a constant, of x itself."""
    constant, linear = problem.penalty.has_offset, problem.penalty.linear_is_free
    lever, moment = stretch / length, stretch if constant else stretch**2 / length  # at unit cost, on the data
    kinks = (constant or lever > _STIFF, linear or (stretch if constant or lever > _STIFF else moment) > _STIFF, 1.0)
    attempts = [kinks]
    if not constant and lever > _LARGE:
        attempts.append((False, linear or stretch > _STIFF, 1 / lever))
    if not linear and moment > _LARGE:
        attempts.append((constant, linear, 1 / moment))
    return attempts


def _reduced(problem: Problem, along: LinePricer) -> Reduced:
    """The problem in terms of t; norms and dual vectors scale as if the radius were length / stretch."""
    plain = reduce(problem, merge=False, part=False)
    t = along.points[:, None]
    if along.constant:
        terms, tilted = FreeTerms(True, along.linear, np.zeros(1), np.eye(1)[:, : int(along.linear)]), t
    else:  # multiples of x, in terms of t
        tilt = np.array([[along.length / along.stretch]])[:, : int(along.linear)]
        terms = FreeTerms(False, along.linear, np.array([-along.centre / along.length]), tilt)
        tilted = along.x[:, None] / along.stretch
    free = terms.beside(tilted[:, : int(along.linear)])
    radius = along.radius
    rho = problem.lam * problem.total / (radius * plain.size) / plain.count
    reduced = replace(
        plain, points=t, free=free, terms=terms, rho=rho, centre=np.array([along.centre]), basis=np.eye(1)
    )
    reduced = replace(reduced, radius=radius, along=along)
    if problem.lam == 0:
        return reduced
    # Where lam leaves cheap terms alone the objective is small next to the labels: take it as the unit.
    most = 0.5 * float(np.sum(reduced.rho * first_dual(reduced) ** 2))
    if not 0 < most < 1:
        return reduced
    return replace(reduced, values=reduced.values / most, size=reduced.size * most, rho=rho / most)


def _solution(reduced: Reduced, found: Found) -> Solution:
    """The network in terms of x, its neurons that are active at all points an affine function of least cost."""
    along, problem = reduced.along, reduced.problem
    assert along is not None
    x, y = along.x, reduced.values * reduced.size
    p, q = found.weights[:, 0], found.biases
    # Knots that are data points are so exactly: b = -x.
    t = along.points
    with np.errstate(divide="ignore", invalid="ignore"):
        knot = -q / p
    at = np.where(np.isfinite(knot), along.centre + knot * along.length, x[0])
    near = np.clip(np.searchsorted(t, knot), 1, t.size - 1)
    near = np.where(knot - t[near - 1] < t[near] - knot, near - 1, near)
    at = np.where(np.abs(knot - t[near]) <= _SAME, x[near], at)
    inside = (found.masses != 0) & (at > x[0]) & (at < x[-1])  # others are affine on the data, or nothing
    unit = reduced.size / along.length
    kinks = Kinks(at[inside], np.sign(p[inside]), found.masses[inside] * np.abs(p[inside]) * unit)
    if problem.lam == 0 and x.size <= _POINTS:
        kinks = improved(x, y, kinks)
    ends = np.array([0, x.size - 1])
    if problem.lam == 0:
        rest = y - kinks.network().evaluate(x[:, None])
        slope = float(rest[-1] - rest[0]) / float(x[-1] - x[0])
        level = math.fsum((rest - slope * (x - along.centre)).tolist()) / x.size
    else:
        hidden = np.maximum(t[ends, None] * p[~inside] + q[~inside], 0) @ found.masses[~inside]
        values = (hidden + reduced.free[ends] @ found.coefficients) * reduced.size
        slope = float(values[1] - values[0]) / float(x[-1] - x[0])
        level = float(values[0]) + slope * (along.centre - float(x[0]))
        if abs(level - slope * along.centre) < _MULTIPLE * abs(level) and abs(along.centre) > _FAR * along.length:
            slope = level / along.centre  # a multiple of x, but for rounding errors that would cost more than it does
    affine = Affine(level, slope, along.centre, float(x[0]), float(x[-1]))
    network = affine.joined(kinks, problem.penalty, y)
    return Solution(network, _dual(reduced, found.nu), problem.penalty, problem.lam, None, found.rounds, found.ending)


def _dual(reduced: Reduced, nu: np.ndarray) -> np.ndarray:
    """The dual vector in terms of x, with its moments as they should be: rounding it destroys them far away."""
    along = reduced.along
    assert along is not None
    dual = reduced.dual(nu)
    at_points = np.bincount(reduced.group, dual, along.x.size)
    a, b = along.affine(at_points * (along.length / along.stretch))
    total = 0.0 if along.constant else math.fsum(at_points.tolist())
    moment = 0.0 if along.linear else (a - b * along.centre) / along.stretch
    return settled(reduced.problem.points[:, 0], dual, total, moment)


def _paid(reduced: Reduced, found: Found, solution: Solution) -> float:
    """What terms cost that were free to the solver."""
    problem = reduced.problem
    counted = float(np.sum(np.abs(found.masses))) * reduced.unit
    return max(0.0, problem.penalty.value(solution.network) * (problem.lam or 1.0) - counted)

"""The judge: value, dual bound and gap from the data and the solution alone.

This is slower than what solvers do and takes no code from them: both are wrong together only if the
mathematics is.
"""

import math
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from minnorm.activation import RELU
from minnorm.checks import function, instance, optional, real, suggesting, whole
from minnorm.network import ShallowReLU, as_network
from minnorm.objective.problem import Problem
from minnorm.solution import Certificate, Scope, Solution
from minnorm.units import Units
from minnorm.verification import (
    another,
    conjugate,
    constraints,
    line,
    line_in_haste,
    neurons,
    primal,
    separable,
    space,
    subsets,
)
from minnorm.verification.asked import Asked
from minnorm.verification.clock import ENDLESS, Clock, Progress
from minnorm.verification.exact import UP, Dual, admit_arithmetic, round_down
from minnorm.verification.losses import Bounds, bounds_of
from minnorm.verification.price import interpolant_norm

_PATIENCE = 40.0  # seconds
_LEAST, _GRACE = 0.05, 0.3  # seconds that there are in any case, and that a proof on the line may take beyond the limit

_BRANCHING = 10.0  # seconds of them, for a bound above three dimensions that does not come near
_HALF = 0.5  # of the time is left for the dual vector
_TINY = 2.0**-1000  # what the square of a small constant may lose
_SHARE = 2.0**-36  # of the squared residuals, that float64 may lose before they are computed in two words


@suggesting
def verify(
    points: "ArrayLike",
    values: "ArrayLike",
    solution: Solution,
    *,
    tolerance: float | int = 1e-6,
    effort: float | int = 1.0,
    seed: int = 0,
    time_limit: float | int | None = None,
    progress: "Progress | None" = None,
) -> Certificate:
    r"""Recompute the objective, the dual bound and their gap for a claimed minimiser; nothing is taken on trust.

    With h(w, b) = sum_i nu_i relu(w . x_i + b) and s = sup |h| / cost, weak duality gives

        (P0)  [f] >= nu . y / s
        (PL)  objective >= t (nu . y) - t^2 S/2 sum_i nu_i^2 / p_i     for all t in [0, lam / s]
              objective >= -1/S sum_i p_i loss*(y_i, -S t nu_i / p_i)    for losses that are no squares

    for any nu that is orthogonal to the unpenalised terms; p_i is `solution.weights`, 1 if None, and S their sum. A
    returned nu misses that by rounding: it is corrected at a few data points, and the bound pays for the correction. A
    network misses its labels by rounding, too: at lam = 0 its value is its path norm and the price of an exact
    interpolant, which `verification.price` bounds, or of a function that keeps the constraints, where the loss is one.

    Arguments: `points` (n, d), or (n,) for d = 1; `values` (n,); `solution`; `tolerance` for `certified`;
    `effort`, a multiple of the 40 s that an enumeration of activation patterns may take, and of the 10 s for branching
    above affine rank 3; `seed` of the search where an enumeration takes longer; `time_limit` in seconds for everything,
    instead: branching takes all of it unless the gap is closed before, and where it does not allow for more residuals
    are bounded in float64 and sup |h| is estimated; `progress`, called with the fraction done.

    Returns a `Certificate`. Its scope is "exact" where sup |h| is found by integer arithmetic (d = 1, and few points in
    two to four dimensions where float64 leaves the gap open) or by an enumeration with a bound of its rounding errors
    (data of affine rank 2, or 3 with free biases), "bounded" where it is bounded above by branching
    (`verification.branching`, or `verification.strips` for more than 2,000 points in a plane, and cones for more than
    100 in space), whenever that ends: the gap is then proven, however large, and `searched_gap` is an
    estimate of what it would be with a perfect bound. Where branching does not come near, another dual vector may prove
    more (`verification.loosened`): `dual_norm` is that one's. It is "searched" where an enumeration takes too long:
    then `dual_norm` is an estimate from below, `lower_bound` is none, and nothing is certified.

    Errors: ValueError for data that do not fit the solution; RuntimeError where the processor
    takes small numbers for 0.

    >>> from minnorm.known import line
    >>> x, y = [-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]
    >>> verify(x, y, line(x, y)).lower_bound
    2.0

    Source: Savarese, Evron, Soudry & Srebro (2019) for the dual; the rounding analysis is in the comments.
    """
    instance("solution", solution, Solution, "a Solution, as mn.interpolate and mn.known.line return them")
    tolerance = real("tolerance", tolerance, "a relative gap >= 0", lambda gap: 0 <= gap < math.inf)
    effort = real("effort", effort, "a number >= 0", lambda number: number >= 0)
    seed = whole("seed", seed, 0)
    optional(function, "progress", progress, "a function of the fraction done, or None")
    admit_arithmetic()
    clock = _clock(effort, time_limit, progress)
    problem, solution = _admitted(points, values, solution)
    units = Units.of(problem)
    inside = units.into(solution)
    limit = ENDLESS if time_limit is None else clock
    if inside is None:
        return _judged(problem, solution, tolerance, effort, seed, clock, limit)
    return units.certificate(_judged(units.problem, inside, tolerance, effort, seed, clock, limit))


def verify_decaying(
    points: "ArrayLike", values: "ArrayLike", solution: Solution, *, tolerance: float, time_limit: float, seed: int = 0
) -> Certificate:
    r"""`verify` where the constant c of a network decays, too: the objective has lam c^2 / 2 more, and duality gives

        objective >= t (nu . y) - t^2 (S sum_i nu_i^2 / p_i + (sum nu)^2 / lam) / 2     for all t in [0, lam / s]

    and, for losses that are no squares, -1/S sum_i p_i loss*(y_i, -S t nu_i / p_i) - t^2 (sum nu)^2 / (2 lam), for any
    nu, whose sum is free. Of a solution with lam > 0, whose biases cost something, and numbers far from the ends of
    float64, which are not scaled here.
    """
    admit_arithmetic()
    problem, solution = _admitted(points, values, solution)
    if not problem.lam > 0 or problem.penalty.bias == "free":
        raise ValueError(f"penalty is {problem.penalty} and lam {problem.lam}; a constant is free there")
    clock = _clock(1.0, time_limit, None)
    return _judged(problem, solution, tolerance, 1.0, seed, clock, clock, decays=True)


def _admitted(points: "ArrayLike", values: "ArrayLike", solution: Solution) -> tuple[Problem, Solution]:
    """The problem of a solution, and the solution, of the points that count; ValueError where they do not fit."""
    problem = Problem(points, values, solution.penalty, solution.lam, weights=solution.weights, loss=solution.loss)
    net = as_network(solution.network, "the solution's network").to_numpy()
    n, d = problem.points.shape
    if net.dim != d:
        raise ValueError(f"points has {d} columns and the solution's network takes {net.dim}; they must agree")
    if solution.dual.shape != (n,) or not np.all(np.isfinite(solution.dual)):
        raise ValueError(f"the solution's dual vector has shape {solution.dual.shape}; expected ({n},), all finite")
    if not all(np.all(np.isfinite(part)) for part in net.to_dict().values()):
        raise ValueError("the solution's network has parameters that are not finite")
    conjugate.admit(problem.penalty, net)
    if not np.all(problem.weights):
        live, problem = problem.weights > 0, problem.counting()
        solution = replace(solution, dual=solution.dual[live], weights=problem.weights)
    return problem, solution


def _judged(
    problem: Problem,
    solution: Solution,
    tolerance: float,
    effort: float,
    seed: int,
    clock: Clock,
    limit: Clock,
    decays: bool = False,
) -> Certificate:
    """The certificate of a solution that fits its problem, whose constant costs lam c^2 / 2 where it `decays`.

    What belongs to every verification takes as long as it takes, unless there is a `limit`.
    """
    d, net = problem.points.shape[1], solution.network.to_numpy()
    of_dual = replace(problem.penalty, offset="none") if decays else problem.penalty
    sigma, relu = of_dual.activation, of_dual.of_relu
    seen = neurons.unfolded(net)
    nu = np.asarray(solution.dual, dtype=np.float64)
    x, y, loss = problem.points, problem.values, conjugate.loss_for(problem)
    hurried = d == 1 and loss != "other" and line_in_haste.seconds(len(x), net.width) > limit.left + _GRACE
    errors: np.ndarray | None = None
    paid: Bounds | None = None
    between = (np.zeros(0), np.zeros(0))
    if loss == "other":
        paid = bounds_of(str(problem.loss))
        norm = (line if d == 1 else primal).path_norm(net, problem.penalty)
        between, misfit = _between(seen, x, y, paid, limit, 0.0 if problem.lam == 0 else _SHARE)
    elif d == 1 and not hurried and seen is not None:
        errors = line.errors(seen, x[:, 0], y)
        misfit, norm = np.abs(errors) * UP, line.path_norm(net, problem.penalty)
    else:
        norm = primal.path_norm(net, problem.penalty)
        if seen is None:
            misfit = np.full(len(y), math.inf)
        elif hurried:
            misfit = line_in_haste.residuals(seen, x[:, 0], y)
        else:
            misfit = primal.residuals(seen, x, y, 0.0 if loss == "exactly" else _SHARE, limit.all_but(_HALF))
    if decays:
        norm = (norm + (float(net.offset) ** 2 / 2 + _TINY) * UP) * UP
    if loss == "exactly":
        value, rounding = interpolant_norm(problem, net, norm, misfit, errors, limit.all_but(_HALF))
    elif paid is not None and problem.lam == 0:
        misfit = constraints.excess(paid, problem, net, between)
        value, rounding = constraints.least_norm(paid, problem, net, norm, misfit, limit.all_but(_HALF))
    elif paid is not None:
        value = separable.objective(paid, problem.lam, problem.weights, norm, y, between)
        rounding = math.inf
    else:
        value, rounding = conjugate.objective(loss, problem.lam, problem.weights, norm, misfit), math.inf

    def bound(dual: Dual) -> Fraction:
        square = Fraction(0)
        if decays:
            entries = dual.entries()
            if len(entries) != len(y):  # of an estimate
                return Fraction(0)
            square = sum(entries, Fraction(0)) ** 2 / Fraction(problem.lam)
        if paid is not None:
            return separable.lower_bound(paid, problem.lam or 1.0, problem.weights, y, dual, square)
        return conjugate.lower_bound(loss, problem.lam, problem.weights, dual, square)

    tilt = RELU if neurons.linear_part_vanishes(of_dual) else sigma

    def of_sigma(dual: Dual) -> Dual:
        return replace(dual, norm=neurons.times_bend(dual.norm, sigma))

    def proves(dual: Dual) -> Fraction:
        return bound(of_sigma(dual))

    def enough(dual: Dual) -> bool:
        return value - round_down(proves(dual)) <= tolerance * value

    dual: Dual
    scope: Scope
    met: Dual | None = None
    if hurried:
        dual = of_sigma(line_in_haste.estimated_dual(x[:, 0], y, nu, relu, problem.weights))
        dual, scope = dual if tilt.rectifies else replace(dual, norm=math.inf), "searched"
    elif d == 1:
        dual, scope = line.repaired_dual(x[:, 0], y, nu, relu, problem.weights, tilt), "exact"
        dual = of_sigma(dual) if tilt.rectifies else dual
    else:
        patience = effort * _BRANCHING if limit is ENDLESS else math.inf
        lam = problem.lam if paid is None and tilt.rectifies else None
        counts = problem.weights
        asked = Asked(x, y, nu, relu, net, counts, enough, clock, seed, tilt, patience, proves, lam, decays)
        if conjugate.restricts(problem.penalty, d):
            found = subsets.repaired_dual(asked)
        else:
            patient = clock.within(patience)
            found = another.improved(asked, space.repaired_dual(asked), patient)
        dual, scope = of_sigma(found.dual), found.scope
        met = found.met if scope == "bounded" else None
    lower = _below(bound(dual), value, scope)
    searched = None if met is None else _below(proves(met), value, "searched")
    if clock.progress is not None:
        clock.progress(1.0)
    return Certificate(
        value=value,
        lower_bound=lower,
        dual_norm=dual.norm,
        residual=float(np.max(misfit)),
        rounding=rounding,
        scope=scope,
        tolerance=tolerance,
        searched_bound=None if searched is None else max(searched, lower),
    )


def _between(
    seen: ShallowReLU | None, x: np.ndarray, y: np.ndarray, loss: Bounds, limit: Clock, share: float
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Between which numbers residuals are, or values where the loss is one of margins; and |f(x_i) - y_i|, above."""
    if seen is None:
        endless = np.full(len(y), math.inf)
        return (-endless, endless), endless
    origin = y if loss.argument == "residual" else np.zeros(len(y))
    if x.shape[1] == 1:
        exact = line.errors(seen, x[:, 0], origin)
        low, high = np.nextafter(exact, -math.inf), np.nextafter(exact, math.inf)
    else:
        low, high = primal.between(seen, x, origin, share, limit.all_but(_HALF))
    shift = origin - y
    return (low, high), np.maximum(np.abs(low + shift), np.abs(high + shift)) * UP


def _clock(effort: float, time_limit: float | int | None, progress: Progress | None) -> Clock:
    time_limit = optional(real, "time_limit", time_limit, "seconds >= 0, or None", lambda seconds: seconds >= 0)
    # Small data are proven in no time, whatever is left.
    seconds = effort * _PATIENCE if time_limit is None else max(_LEAST, time_limit)
    return Clock(time.monotonic() + seconds, progress)


def _below(lower: Fraction, value: float, scope: Scope) -> float:
    """The bound rounded down, from 0 up: no objective is negative.

    Two proven bounds cannot contradict each other, whatever the rounding. If they did, one of the two proofs would be
    wrong, and nothing would be known. An estimate may well exceed the value: it is cut off there.
    """
    bound = max(0.0, round_down(lower))
    if bound <= value:
        return bound
    return value if scope == "searched" else 0.0

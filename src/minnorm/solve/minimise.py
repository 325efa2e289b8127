"""What users call: the global minimiser of interpolation and of weight-decay training, with its certificate."""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from minnorm import advice, known
from minnorm.checks import choice, flag, function, optional, real, suggesting, whole
from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.problem import Problem, TiesError
from minnorm.solution import Certificate, Ending, Solution
from minnorm.solve.freepart import FreePart
from minnorm.solve.generate import Found, Progress, generate
from minnorm.solve.pace import Times, fits
from minnorm.solve.penalised_line import penalised_line
from minnorm.solve.polish import misfits, restored
from minnorm.solve.pool import Pool
from minnorm.solve.reduction import Reduced, reduce
from minnorm.solve.symmetry import symmetrised
from minnorm.solve.threads import blas_threads
from minnorm.solve.trend import trend
from minnorm.solve.twins import distances_to_twins, name_twins, reject_twins, without_twins
from minnorm.units import Units
from minnorm.verify import verify

NAMES = ("X", "y", "lam")
"""What users call points, values and lam here."""

OnInterrupt = Literal["return", "raise"]
"""At Ctrl-C the best so far is returned and a warning given, or KeyboardInterrupt is raised; twice, it is raised."""

_PROOF = 0.25  # of the time limit is kept for verifying, which may have more if solving takes less
_POLISH = 0.05  # of the time limit is for the last digits of what the solver found
_ANGLE = 2e5  # operations that a chain of angles takes for each point
_MOMENT = 0.5  # seconds for verifying even where the time is over
_PROMPT = 1.0  # seconds for polishing what there was when Ctrl-C was pressed, and for verifying it
_EFFORT = 40.0  # seconds that verifying takes at most unless a longer limit allows more
_SHARE = 0.5  # of the tolerance is for the solver; verifying adds bounds of rounding errors to its gap


@dataclasses.dataclass
class Warm:
    """What a solved problem leaves for another with the same data and another lam: atoms and a dual vector.

    Both are in the coordinates of `Reduced`, which do not depend on lam.
    """

    pool: Pool | None = None
    start: np.ndarray | None = None


@suggesting
def interpolate(
    X: "ArrayLike",
    y: "ArrayLike",
    *,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-6,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: "Progress | None" = None,
    on_interrupt: OnInterrupt = "return",
) -> Solution:
    r"""The minimum-norm interpolant: the shallow ReLU network of least path norm through the data.

        (P0)  min sum_k |a_k| |w_k|      subject to      f(x_i) = y_i

    over networks of any width; the answer has at most n neurons. Arguments: `X` (n, d) or (n,), equal points only with
    equal values; `y` (n,); `penalty`, which parameters cost; options as for `fit`.

    Returns a `Solution` whose certificate `verify` made; `UncertifiedWarning` where that proves less than asked for.
    Errors: ValueError naming the argument.

    >>> import numpy as np
    >>> sol = interpolate(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 1.0, 1.0]))
    >>> sol.certified, round(sol.value, 5)
    (True, 1.41421)

    Source: Rosset, Swirszcz, Srebro & Zhu (2007), *l1 regularization in infinite dimensional feature spaces*, for the
    finite width; Gondzio, Gonzalez-Brevis & Munari (2013) for the column generation.
    """
    return _told(
        Problem(X, y, penalty, names=("X", "y", "fit with lam")),
        tolerance=tolerance,
        time_limit=time_limit,
        seed=seed,
        certify=certify,
        progress=progress,
        on_interrupt=on_interrupt,
    )


@suggesting
def fit(
    X: "ArrayLike",
    y: "ArrayLike",
    lam: float | int,
    *,
    sample_weight: "ArrayLike | None" = None,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-6,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: "Progress | None" = None,
    on_interrupt: OnInterrupt = "return",
) -> Solution:
    r"""The global minimiser of weight-decay training, over networks of any width.

        (PL)  min 1/(2S) sum_i p_i (f(x_i) - y_i)^2 + lam sum_k |a_k| |w_k|,    S = sum_i p_i

    It equals the minimum of the same loss plus lam (|a|^2 + |W|^2)/2 over networks of width n + 1. Arguments:
    `X` (n, d) or (n,); `y` (n,); `lam` >= 0, 0 interpolates; `sample_weight` p (n,), how often each point counts, None
    for once and 0 for not at all; `penalty`. Options: `tolerance` of the relative gap,
    from 1e-10 up, default 1e-6; `time_limit` in seconds for all, a quarter of it kept for the verification, after which
    the best network and bound so far are returned; `seed` of the searches where the data have affine rank above 3;
    `certify=False` leaves out the verification; `progress`, called with (seconds, value, bound), also while verifying;
    `on_interrupt`, "raise" if Ctrl-C is to raise KeyboardInterrupt, where by default the best so far is returned (a
    second Ctrl-C raises in any case).

    Returns a `Solution` whose certificate `verify` made; of scope "exact" up to affine rank 3 of the data, "bounded"
    in rank 3 with penalised biases and, up to about a hundred points, above. `Solution.ending` says why the solver
    stopped, and `UncertifiedWarning` what would help where the result is not certified. Errors: ValueError
    naming the argument.

    >>> sol = fit([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], lam=0.1)
    >>> sol.certified
    True

    Source: as for `interpolate`; Neyshabur, Tomioka & Srebro (2015) for weight decay as a path norm.
    """
    return _told(
        Problem(X, y, penalty, lam, weights=sample_weight, names=NAMES),
        tolerance=tolerance,
        time_limit=time_limit,
        seed=seed,
        certify=certify,
        progress=progress,
        on_interrupt=on_interrupt,
    )


def _told(problem: Problem, **options: Any) -> Solution:
    """`minimise`, with a warning where the result is not certified."""
    solution = minimise(problem, **options)
    advice.warn(problem, solution)
    return solution


def minimise(
    problem: Problem,
    *,
    tolerance: float | int = 1e-6,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: Progress | None = None,
    on_interrupt: OnInterrupt = "raise",
    warm: Warm | None = None,
    verifying: Callable[[float], None] | None = None,
    moment_for_proof: float = _MOMENT,
) -> Solution:
    """Solve a `Problem`; see `fit` for the options. Nobody is warned, and Ctrl-C is raised unless asked otherwise.

    `warm` is started from, and changed; `verifying` is called with the part of the verification that is done, which has
    `moment_for_proof` in seconds where the time is over.
    """
    tolerance = real(
        "tolerance", tolerance, "a relative gap from 1e-10 up to, not including, 1", lambda gap: 1e-10 <= gap < 1
    )
    seed, certify = whole("seed", seed, 0), flag("certify", certify)
    optional(function, "progress", progress, "a function of (seconds, value, bound), or None", 3)
    kept = choice("on_interrupt", on_interrupt, get_args(OnInterrupt)) == "return"
    deadline = moment(time_limit)
    began = time.monotonic()
    live = np.flatnonzero(problem.weights)
    units = Units.of(problem.counting())
    units.refuse_extremes(("X", "y"))
    told = _Told(progress, verifying, began, units.objective)
    times = _times(began, deadline, certify)
    try:
        solution = units.out_of(_solve(units.problem, _SHARE * tolerance, times, seed, told.solving, warm))
        solution = _weighted(problem, solution, live)
    except (TiesError, ArithmeticError):  # in the coordinates in which it is solved points are nearer still
        name_twins(problem)
        raise
    if problem.lam == 0 and solution.ending in ("rounding", "stalled"):
        reject_twins(problem, solution)
    if solution.ending == "interrupted" and not kept:
        raise KeyboardInterrupt
    if not certify:
        return solution
    try:
        if solution.ending == "interrupted":
            proof = _proof(problem, solution, tolerance, seed, _PROMPT, None)
        else:
            proof = _proof(
                problem, solution, tolerance, seed, deadline - time.monotonic(), told.verifying, moment_for_proof
            )
    except KeyboardInterrupt:
        if solution.ending == "interrupted" or not kept:
            raise
        solution = dataclasses.replace(solution, ending="interrupted")
        proof = _proof(problem, solution, tolerance, seed, _PROMPT, None)
    return dataclasses.replace(solution, certificate=proof)


def _weighted(problem: Problem, solution: Solution, live: np.ndarray) -> Solution:
    """The solution for all points from that for those that count, with their weights unless all count once."""
    if np.all(problem.weights == 1):
        return solution
    dual = np.zeros(problem.values.size)
    dual[live] = solution.dual
    return dataclasses.replace(solution, dual=dual, weights=problem.weights)


def _proof(
    problem: Problem,
    solution: Solution,
    tolerance: float,
    seed: int,
    limit: float,
    progress: Callable[[float], None] | None,
    least: float = _MOMENT,
) -> Certificate:
    """What `verify` can make of it within a limit in seconds, or a moment."""
    finite = math.isfinite(limit)
    return verify(
        problem.points,
        problem.values,
        solution,
        tolerance=tolerance,
        effort=max(1.0, limit / _EFFORT) if finite else 1.0,
        seed=seed,
        time_limit=max(limit, least) if finite else None,
        progress=progress,
    )


class _Told:
    """Whoever wants to know how far it is, and what was said last, to be said again while verifying."""

    def __init__(
        self, progress: Progress | None, verifying: Callable[[float], None] | None, began: float, unit: int
    ) -> None:
        self._progress, self._verifying, self._began, self._unit = progress, verifying, began, unit
        self._last = (math.inf, 0.0)
        self.solving = None if progress is None else self._solve
        self.verifying = None if progress is None and verifying is None else self._verify

    def _solve(self, seconds: float, value: float, bound: float) -> None:
        self._last = (float(np.ldexp(value, self._unit)), float(np.ldexp(bound, self._unit)))
        if self._progress is not None:
            self._progress(seconds, *self._last)

    def _verify(self, done: float) -> None:
        if self._verifying is not None:
            self._verifying(done)
        if self._progress is not None:
            self._progress(time.monotonic() - self._began, *self._last)


def _times(began: float, deadline: float, certify: bool) -> Times:
    """When the solver is to end, and its network to be ready for a verification."""
    if not math.isfinite(deadline):
        return Times()
    limit = deadline - began
    polished = deadline - (_PROOF - _POLISH if certify else 0.0) * limit
    return Times(polished - _POLISH * limit, polished)


def moment(time_limit: float | int | None) -> float:
    """The `time.monotonic` moment at which a limit in seconds from now ends; ValueError for a negative one."""
    if time_limit is None:
        return math.inf
    return time.monotonic() + real("time_limit", time_limit, "seconds >= 0, or None", lambda seconds: seconds >= 0)


def _solve(
    problem: Problem,
    tolerance: float,
    times: Times,
    seed: int,
    progress: Progress | None,
    warm: Warm | None = None,
) -> Solution:
    """With points that rounding errors tell apart merged, unless their labels differ so much that it matters."""
    solution = _reduced(problem, True, tolerance, times, seed, progress, warm)
    if problem.lam == 0 or solution.ending == "interrupted" or time.monotonic() > times.solved:
        return solution
    away = distances_to_twins(problem.points)
    if not np.any(away):
        return solution
    gap = _estimated_gap(problem, solution, away)
    if gap <= tolerance or time.monotonic() > times.solved:
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
    x, on_line = problem.points, problem.penalty.bias == "free"
    if on_line and x.shape[1] == 1 and np.min(x) < np.max(x):
        return _line(problem, np.ones(1), np.zeros(1), x[:, 0], merge, tolerance, times, progress)
    if not on_line and x.shape[1] == 1 and np.min(x) < np.max(x):
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
    if on_line and reduced.rank == 1:
        axis, centre = reduced.basis[:, 0], reduced.centre
        along = (reduced.points[:, 0] * reduced.radius)[reduced.group]  # equal points stay equal
        return _line(problem, axis, centre, along, merge, tolerance, times, progress)
    return as_solution(reduced, _generated(reduced, tolerance, times.solved, seed, progress, warm), times.polished)


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
            reduced, tolerance=tolerance, deadline=deadline, seed=seed, pool=pool, start=start, progress=progress
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
        deadline = min(deadline, time.monotonic() + _PROMPT)
    dual = reduced.dual(found.nu)
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
    network = restored(problem, ShallowReLU(weights, biases, net.outer_weights, offset, skip), part, times.polished)
    return Solution(network, found.dual, penalty, problem.lam, None, found.rounds, found.ending)


def _constant(problem: Problem) -> Solution:
    """All points equal, a constant free: it is the mean value."""
    d = problem.points.shape[1]
    part = FreePart.of(problem)
    rest = part.rest(problem.points, problem.values)
    mean = problem.mean(rest)
    skip = np.zeros(d) if problem.penalty.skip == "free" else None
    network = ShallowReLU(np.zeros((0, d)), np.zeros(0), np.zeros(0), np.asarray(mean), skip)
    dual = problem.weights * (rest - mean) / problem.total if problem.lam > 0 else np.zeros(rest.size)
    return Solution(restored(problem, network, part), dual, problem.penalty, problem.lam)

"""What users call: the global minimiser of interpolation and of weight-decay training, with its certificate."""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from minnorm import advice
from minnorm.checks import choice, flag, function, optional, real, suggesting, whole
from minnorm.known.neurons import with_neurons_of, with_relu
from minnorm.losses import Loss, Margin, Tolerance
from minnorm.objective.data import TiesError
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.resources import left, moment
from minnorm.solution import Certificate, Solution
from minnorm.solve.gathering import Gathered
from minnorm.solve.pace import Times
from minnorm.solve.rounds import Progress
from minnorm.solve.routes import PROMPT, Warm, solved
from minnorm.solve.twins import name_twins, reject_twins
from minnorm.units import Units
from minnorm.verification import verify
from minnorm.verification.exact import admit_arithmetic

NAMES = ("X", "y", "lam")
"""What users call points, values and lam here."""

OnInterrupt = Literal["return", "raise"]
"""At Ctrl-C the best so far is returned and a warning given, or KeyboardInterrupt is raised; twice, it is raised."""

_PROOF = 0.25  # of the time limit is kept for verifying, which may have more if solving takes less
_POLISH = 0.05  # of the time limit is for the last digits of what the solver found
_MOMENT = 0.5  # seconds for verifying even where the time is over
_SHARE = 0.5  # of the tolerance is for the solver; verifying adds bounds of rounding errors to its gap


@suggesting
def interpolate(
    X: "ArrayLike",
    y: "ArrayLike",
    *,
    within: float | int = 0.0,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-6,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: "Progress | None" = None,
    on_interrupt: OnInterrupt = "return",
) -> Solution:
    r"""The minimum-norm interpolant: the shallow ReLU network of least path norm through the data, or near them.

        (P0)  min sum_k |a_k| |w_k|      subject to      f(x_i) = y_i,   or |f(x_i) - y_i| <= within

    over networks of any width; the answer has at most n neurons. Arguments: `X` (n, d) or (n,), equal points only with
    equal values (or such as are at most 2 `within` apart); `y` (n,); `within` >= 0, how far values may be from the
    labels; `penalty`, which parameters cost; options as for `fit`.

    Returns a `Solution` whose certificate `verify` made; `UncertifiedWarning` where that proves less than asked for.
    Errors: ValueError naming the argument.

    >>> import numpy as np
    >>> sol = interpolate(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 1.0, 1.0]))
    >>> sol.certified, round(sol.value, 5)
    (True, 1.41421)
    >>> round(interpolate([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0], within=0.25).value, 5)
    1.0

    Source: Rosset, Swirszcz, Srebro & Zhu (2007), *l1 regularization in infinite dimensional feature spaces*, for the
    finite width; Gondzio, Gonzalez-Brevis & Munari (2013) for the column generation.
    """
    far = real("within", within, "a finite number >= 0", lambda size: 0 <= size < math.inf)
    return _told(
        Problem(X, y, penalty, loss=Tolerance(far), names=("X", "y", "fit with lam")),
        tolerance=tolerance,
        time_limit=time_limit,
        seed=seed,
        certify=certify,
        progress=progress,
        on_interrupt=on_interrupt,
    )


@suggesting
def separate(
    X: "ArrayLike",
    labels: "ArrayLike",
    *,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-6,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: "Progress | None" = None,
    on_interrupt: OnInterrupt = "return",
) -> Solution:
    r"""The max-margin network: the shallow ReLU network of least path norm that separates two classes.

        min sum_k |a_k| |w_k|      subject to      labels_i f(x_i) >= 1

    over networks of any width. 1 / value is the largest margin min_i labels_i f(x_i) of networks of path norm 1, and
    the solution is the limit of `fit` with loss="hinge" or "logistic" for lam -> 0, up to a multiple. Arguments: `X`
    (n, d) or (n,), equal points only with equal labels; `labels` (n,), -1 and 1, both of them; `penalty`, which
    parameters cost; options as for `fit`.

    Returns a `Solution`, its margins 1 or more, whose certificate `verify` made; `UncertifiedWarning` where that proves
    less than asked for. Errors: ValueError naming the argument, or two equal points with different labels: for others
    there always is a network.

    >>> sol = separate([0.0, 1.0, 2.0], [-1, 1, -1])
    >>> sol.certified, round(sol.value, 5), sol([0.0, 1.0, 2.0]).round(5).tolist()
    (True, 4.0, [-1.0, 1.0, -1.0])

    Source: Rosset, Zhu & Hastie (2004), *Margin maximizing loss functions*; Chizat & Bach (2020), *Implicit bias of
    gradient descent for wide two-layer neural networks trained with the logistic loss*, for this norm.
    """
    return _told(
        Problem(X, labels, penalty, loss=Margin(), names=("X", "labels", "lam")),
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
    loss: "Loss | str" = "squared",
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

        (PL)  min 1/S sum_i p_i loss(y_i, f(x_i)) + lam sum_k |a_k| |w_k|,    S = sum_i p_i

    where the loss is (f(x_i) - y_i)^2 / 2 unless another is named. It equals the minimum of the same loss plus lam
    (|a|^2 + |W|^2)/2 over networks of width n + 1. Arguments: `X` (n, d) or (n,); `y` (n,), -1 and 1 where the loss is
    one of classes; `lam` >= 0, 0 interpolates; `loss`, a name ("squared", "huber:1", "absolute", "quantile:0.8",
    "insensitive:0.1", "logistic", "hinge", "squared_hinge"; with lam = 0 "tolerance:0.1" or "margin", as `interpolate`
    and `separate` take them) or an object of `minnorm.losses`; `sample_weight` p (n,), how often each point counts,
    None for once and 0 for not at all; `penalty`, which parameters cost, what neurons do and how many columns they
    read. Options: `tolerance` of the relative gap, from 1e-10 up, default 1e-6; `time_limit` in seconds for all, a
    quarter of it kept for the verification, after which the best network and bound so far are returned; `seed` of the
    searches where the data have affine rank above 3; `certify=False` leaves out the verification; `progress`, called
    with (seconds, value, bound), also while verifying; `on_interrupt`, "raise" if Ctrl-C is to raise KeyboardInterrupt,
    where by default the best so far is returned (a second Ctrl-C raises in any case).

    Returns a `Solution` whose certificate `verify` made; of scope "exact" up to affine rank 3 of the data, and in any
    rank for neurons that read few columns, but "bounded" for more than 2,000 points in a plane or 100 in space, where
    that is quicker; "bounded" in rank 3 with penalised biases and above, with the gap that is
    proven in 10 s, or within `time_limit`. `Solution.ending` says why the solver stopped, and `UncertifiedWarning` what
    would help where the result is not certified. Errors: ValueError naming the argument.

    >>> sol = fit([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], lam=0.1)
    >>> sol.certified
    True

    Source: as for `interpolate`; Neyshabur, Tomioka & Srebro (2015) for weight decay as a path norm.
    """
    return _told(
        Problem(X, y, penalty, lam, weights=sample_weight, loss=loss, names=NAMES),
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
    admit_arithmetic()
    tolerance = real(
        "tolerance", tolerance, "a relative gap from 1e-10 up to, not including, 1", lambda gap: 1e-10 <= gap < 1
    )
    seed, certify = whole("seed", seed, 0), flag("certify", certify)
    optional(function, "progress", progress, "a function of (seconds, value, bound), or None", 3)
    kept = choice("on_interrupt", on_interrupt, get_args(OnInterrupt)) == "return"
    deadline = moment(time_limit)
    began = time.monotonic()
    gathered = Gathered.of(with_relu(problem))
    units = Units.of(gathered.problem)
    units.refuse_extremes(("X", "y"))
    told = _Told(progress, verifying, began, units.objective)
    times = _times(began, deadline, certify)
    try:
        solution = units.out_of(solved(units.problem, _SHARE * tolerance, times, seed, told.solving, warm))
        solution = with_neurons_of(problem, gathered.apart(solution))
    except (TiesError, ArithmeticError):  # in the coordinates in which it is solved points are nearer still
        name_twins(problem)
        raise
    if problem.lam == 0 and problem.squared and solution.ending in ("rounding", "stalled"):
        reject_twins(problem, solution)
    if solution.ending == "interrupted" and not kept:
        raise KeyboardInterrupt
    if not certify:
        return solution
    try:
        if solution.ending == "interrupted":
            proof = _proof(problem, solution, tolerance, seed, PROMPT, None)
        else:
            proof = _proof(problem, solution, tolerance, seed, left(deadline), told.verifying, moment_for_proof)
    except KeyboardInterrupt:
        if solution.ending == "interrupted" or not kept:
            raise
        solution = dataclasses.replace(solution, ending="interrupted")
        proof = _proof(problem, solution, tolerance, seed, PROMPT, None)
    return dataclasses.replace(solution, certificate=proof)


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

"""The regularisation path: global minimisers of weight-decay training for a sequence of lam."""

import dataclasses
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy.typing import ArrayLike

from minnorm import advice
from minnorm.checks import choice, function, optional, several, shown, strength, suggesting, whole
from minnorm.datasets import pack, padded, penalty_attributes, provenance, unpack
from minnorm.known.neurons import with_relu
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.resources import moment
from minnorm.solution import Scope, Solution
from minnorm.solve.found import first_dual
from minnorm.solve.minimise import NAMES, OnInterrupt, minimise
from minnorm.solve.pricing import oracle
from minnorm.solve.pricing.pricers import EXACT_RANK, Exact
from minnorm.solve.pricing.subsets import Subsets
from minnorm.solve.reduction import reduce
from minnorm.solve.routes import Warm
from minnorm.units import Units

Progress = Callable[[int, int], None]
"""Called with (problems solved, problems in all) after each lam."""

_STARTS, _CLIMBED, _DRAWN = 4000, 16, 30  # of the search beyond: at most, at first, and drawn for each that is best
_SAME = 1e-9  # relative difference of two local maxima that are one
_FOR_PROOFS = 0.5  # seconds, for verifying what there is no time for
_FOR_LAM = 0.1  # of the time limit, at most, is for lam_max
_ENDINGS = ("closed", "rounding", "stalled", "time", "interrupted")
_GRID, _SMALLEST = 25, 1e-4
_UP = 1 + 1e-12  # above the rounding errors of the oracle, so that lam = lam_max has no neurons
_DESCRIPTION = {
    "value": "the objective; the norm where lam = 0",
    "lower_bound": "a bound below the global minimum",
    "gap": "(value - lower_bound) / |value|",
    "certified": "whether verify confirmed the network as a global minimiser within the tolerance",
    "norm": "path norm of the network",
    "loss": "1/S sum_i p_i loss(y_i, f(x_i)), squares by default",
    "neurons": "width of the network; beyond it the arrays hold zeros",
    "dual": "the dual vector: -p loss'(y, f) / S where lam > 0, p (y - f) / S for squares",
}


@suggesting
def lam_max(
    X: "ArrayLike",
    y: "ArrayLike",
    penalty: PathNorm | None = None,
    *,
    loss: "Loss | str" = "squared",
    sample_weight: "ArrayLike | None" = None,
    time_limit: float | int | None = None,
    seed: int = 0,
) -> float:
    r"""The least lam at which the best network has no neurons.

        lam_max = sup over atoms |sum_i al_i sigma(w . x_i + b)| / cost(w, b),    al_i = -p_i loss'(y_i, f_0(x_i)) / S

    where f_0 is the best fit of the unpenalised terms: the mean for squares if only the offset is free, which have
    al_i = p_i (y_i - f_0(x_i)) / S. The unit is that of the loss over that of the norm. Where a loss has a kink at
    f_0(x_i), al is not unique and another may have a lower supremum: then the number is one from which on the best
    network has no neurons, but need not be the least.

    Arguments: `X` (n, d) or (n,); `y` (n,); `penalty`; `loss` and `sample_weight`, as for `fit`; `time_limit` in
    seconds, after which the largest so far is returned; `seed` of the search that takes the place of the exact oracle
    where the data have affine rank above 3 and ends when as many starts again as before have found nothing better. Both
    may give a number that is too small. It is rounded up by 1e-12. Errors: ValueError naming the argument.

    >>> round(lam_max([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]), 6)
    0.111111

    Source: Osborne, Presnell & Turlach (2000), *On the LASSO and its dual*, for the lasso.
    """
    problem = _at_any_lam(X, y, penalty, sample_weight, loss)
    return largest_lam(problem, whole("seed", seed, 0), moment(time_limit)).lam


def _at_any_lam(X: Any, y: Any, penalty: PathNorm | None, weights: Any, loss: "Loss | str") -> Problem:
    """The problem of which `largest_lam` is asked: with some lam above 0, where labels need not be met."""
    return Problem(X, y, penalty, 1.0, weights=weights, loss=loss, names=NAMES)


@suggesting
def path(
    X: "ArrayLike",
    y: "ArrayLike",
    lams: "ArrayLike | None" = None,
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
) -> xr.Dataset:
    r"""The global minimisers of weight-decay training for many lam, each started from the one before.

        (PL)  min 1/S sum_i p_i loss(y_i, f(x_i)) + lam sum_k |a_k| |w_k|,    S = sum_i p_i

    The least value is concave and rises with lam, and so does the loss, while the norm falls, from that of the
    minimum-norm interpolant at lam = 0 to 0 at `lam_max`.

    Arguments: `X` (n, d) or (n,); `y` (n,); `lams`, distinct numbers >= 0 in any order, 0 interpolates; None is 25 of
    them, log-spaced from lam_max to 1e-4 lam_max; `loss` and `sample_weight`, as for `fit`; `penalty`; `tolerance` of
    the relative gap of each; `time_limit` in seconds for all, after which the rest are rough; `seed` where the data
    have affine rank above 3; `certify=False` leaves out the verification, and the bounds are NaN; `progress`, called
    with (solved, all); `on_interrupt`, "raise" if Ctrl-C is to raise KeyboardInterrupt, where by default the lam solved
    until then, and the best so far for the present one, are returned.

    Returns an `xarray.Dataset` with dimension lam, largest first: value, lower_bound, gap, certified, norm, loss,
    neurons; the networks as inner_weights (lam, neuron, coordinate), biases, outer_weights, offset and perhaps
    skip, padded with zeros (`networks` turns them into `ShallowReLU` objects); dual (lam, point). Attributes: the
    penalty, the tolerance, the weakest scope of the certificates, lam_max with its scope, why the solver stopped
    (`ending`; see `Solution`). One `UncertifiedWarning` if some are not certified. Errors: ValueError naming the
    argument.

    >>> ds = path([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 0.0, 0.5], [0.03, 0.01, 0.0])
    >>> bool(ds.certified.all()), ds.norm.values.round(3).tolist()
    (True, [1.1, 2.7, 3.5])

    Source: Osborne, Presnell & Turlach (2000) for the lasso's path; Rosset, Swirszcz, Srebro & Zhu (2007) for
    infinitely many features.
    """
    seed = whole("seed", seed, 0)
    optional(function, "progress", progress, "a function of (problems solved, all), or None", 2)
    kept = choice("on_interrupt", on_interrupt, get_args(OnInterrupt)) == "return"
    end, began = moment(time_limit), time.monotonic()
    for_lam = end - (1 - _FOR_LAM) * (end - began) if math.isfinite(end) else end
    least = largest_lam(_at_any_lam(X, y, penalty, sample_weight, loss), seed, for_lam)
    problems = [
        Problem(X, y, penalty, lam, weights=sample_weight, loss=loss, names=NAMES)
        for lam in sequence("lams", lams, lambda: least.lam, one=True)
    ]
    warm, shares = Warm(), _Shares(end)
    solutions: list[Solution] = []
    try:
        for problem in problems:
            solutions.append(
                minimise(
                    problem,
                    tolerance=tolerance,
                    time_limit=shares.next(len(problems) - len(solutions)),
                    seed=seed,
                    certify=certify,
                    on_interrupt=on_interrupt,
                    warm=warm,
                    moment_for_proof=_FOR_PROOFS / len(problems),
                )
            )
            if solutions[-1].ending == "interrupted":
                break
            if progress is not None:
                progress(len(solutions), len(problems))
    except KeyboardInterrupt:
        if not kept or not solutions or solutions[-1].ending == "interrupted":
            raise
        solutions[-1] = dataclasses.replace(solutions[-1], ending="interrupted")
    advice.say(_said(problems, solutions))
    problems = problems[: len(solutions)]
    attributes = {
        **penalty_attributes(problems[0].penalty),
        **({} if problems[0].squared else {"loss": str(problems[0].loss)}),
        "tolerance": tolerance,
        "scope": _weakest([s.certificate.scope for s in solutions if s.certificate is not None]),
        "ending": max((s.ending for s in solutions), key=_ENDINGS.index),
        "lam_max": least.lam,
        "lam_max_scope": least.scope,
        **provenance(),
    }
    return _dataset(problems, solutions).assign_attrs(attributes)


def networks(dataset: xr.Dataset) -> Iterator[tuple[float, ShallowReLU]]:
    """The networks of a result of `path`, each with its lam, largest first, without the padding.

    >>> ds = path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], [1.0, 0.01])
    >>> [(lam, net.width) for lam, net in networks(ds)]
    [(1.0, 0), (0.01, 2)]
    """
    for k in range(dataset.sizes["lam"]):
        one = dataset.isel(lam=k)
        yield float(one["lam"]), unpack(one, int(one["neurons"]))


class _Shares:
    """Shares of the time until `end`, less what each problem takes beyond its own, as far as has been seen."""

    def __init__(self, end: float) -> None:
        self.end, self.due, self.beyond = end, math.inf, 0.0

    def next(self, left: int) -> float | None:
        """Seconds for the next of the problems left: twice its share, for the first ones are the easiest."""
        if not math.isfinite(self.end):
            return None
        now = time.monotonic()
        self.beyond = max(self.beyond, now - self.due)
        seconds = max(0.0, self.end - now - self.beyond * left) * min(1.0, 2 / left)
        self.due = now + seconds
        return seconds


def _said(problems: list[Problem], solutions: list[Solution]) -> str:
    """One line of what is not certified and of what there was no time for."""
    said = advice.summary(problems[: len(solutions)], solutions, advice.words())
    if solutions[-1].ending != "interrupted":
        return said
    return f"interrupted: {len(solutions)} of {len(problems)} lam are in the result" + (f"; {said}" if said else "")


class Largest(NamedTuple):
    """`lam_max`, how it was found, and whether there was time for all of it."""

    lam: float
    scope: Scope
    complete: bool = True


def largest_lam(problem: Problem, seed: int, deadline: float) -> Largest:
    """`lam_max` of a problem, whatever its lam; ValueError where float64 cannot hold it."""
    solved = with_relu(problem)
    units = Units.of(solved.counting(), any_lam=True)
    found = _largest_lam(units.problem, seed, deadline)
    times = 1.0 if solved.penalty == problem.penalty else abs(problem.penalty.activation.bend)
    with np.errstate(over="ignore", under="ignore"):
        lam = float(np.ldexp(found.lam, units.x + units.y)) * times
    if (lam > 0) != (found.lam > 0) or not np.isfinite(lam):
        raise ValueError(f"lam_max is beyond the range of float64 ({lam}); rescale X or y")
    return found._replace(lam=lam)


def _largest_lam(problem: Problem, seed: int, deadline: float) -> Largest:
    """For a problem with lam = 1: there the dual vector of the free terms alone has sup |h| = lam_max."""
    reduced = reduce(problem, deadline=deadline)
    nu = first_dual(reduced)
    bias, sigma = problem.penalty.bias, problem.penalty.activation
    # What is left of labels that the free terms fit is rounding errors.
    if reduced.rank == 0 or reduced.fitted_by_free_terms:
        return Largest(0.0, "exact")
    if reduced.inputs is not None or reduced.rank <= EXACT_RANK:
        searched, none = False, (reduced.points[:0], np.zeros(0))
        if reduced.inputs is not None:
            sets = Subsets.of(reduced.points, bias, reduced.inputs, seed, sigma)
            searched = not sets.exact
            atoms = sets.decide(nu, *none, deadline) or sets.price(nu, *none, deadline)
        else:
            atoms = Exact(reduced.points, bias, sigma).price(nu, *none, deadline)
        return Largest(atoms.largest * _UP, "exact" if atoms.complete and not searched else "searched", atoms.complete)
    rng, found, starts = np.random.default_rng(seed), 0.0, 0
    while starts < _STARTS:
        count = max(_CLIMBED, starts)  # as many again as before
        drawn = oracle.random_starts(reduced.points, _DRAWN * count, rng, bias)
        best = oracle.promising(reduced.points, nu, *drawn, count, sigma)
        atoms = oracle.search(reduced.points, nu, bias, *best, sigma=sigma, deadline=deadline)
        better = atoms.largest > found * (1 + _SAME)
        found, starts = max(found, atoms.largest), starts + count
        if not atoms.complete:
            return Largest(found * _UP, "searched", False)
        if not better:
            break
    return Largest(found * _UP, "searched")


def sequence(name: str, numbers: Any, largest: Callable[[], float], *, one: bool = False) -> Float[np.ndarray, " l"]:
    """The values of lam to solve for, in decreasing order; None is log-spaced from `largest()` down;
    with `one` a single number will do.

    Errors: ValueError, calling them `name`, unless they are a sequence of distinct finite numbers >= 0.
    """
    if numbers is None:
        top = largest()
        # Without anything to penalise every lam has the same answer.
        return np.geomspace(top, _SMALLEST * top, _GRID) if top > 0 else np.zeros(1)
    array = several(numbers)
    if not one and not hasattr(numbers, "__len__"):
        array = np.array([np.nan])
    if array.ndim != 1 or array.size == 0 or not np.all(np.isfinite(array) & (array >= 0)):
        raise ValueError(f"{name} is {shown(numbers)}; give a sequence of finite numbers >= 0, or None")
    if np.unique(array).size != array.size:
        raise ValueError(f"{name} is {shown(numbers)}; each number may appear once")
    for lam in array.tolist():
        strength(name, lam)
    return np.sort(array)[::-1]


def _weakest(scopes: list[Scope]) -> str:
    if not scopes:
        return "none"
    order: list[Scope] = ["exact", "bounded", "searched"]
    return max(scopes, key=order.index)


def _dataset(problems: list[Problem], solutions: list[Solution]) -> xr.Dataset:
    problem, penalty = problems[0], problems[0].penalty
    nets = [s.network.to_numpy() for s in solutions]
    lam = np.array([p.lam for p in problems])
    norm = np.array([penalty.value(net) for net in nets])
    loss = np.array([problem.paid(net.evaluate(problem.points)) for net in nets])
    columns: dict[str, np.ndarray] = {
        "value": np.where(lam > 0, loss + lam * norm, norm),
        "lower_bound": np.full(lam.size, np.nan),
        "gap": np.full(lam.size, np.nan),
        "certified": np.array([s.certified for s in solutions]),
        "norm": norm,
        "loss": loss,
        "neurons": np.array([net.width for net in nets]),
    }
    for k, solution in enumerate(solutions):
        if solution.certificate is not None:
            for name in ("value", "lower_bound", "gap"):
                columns[name][k] = getattr(solution.certificate, name)
    variables: dict[str, Any] = {
        name: ("lam", column, {"long_name": _DESCRIPTION[name]}) for name, column in columns.items()
    }
    variables |= pack(padded(nets, skip=penalty.linear_is_free), {"lam": lam.size})
    variables["dual"] = (
        ("lam", "point"),
        np.stack([s.dual for s in solutions]),
        {"long_name": _DESCRIPTION["dual"]},
    )
    return xr.Dataset(variables, {"lam": ("lam", lam, {"long_name": "weight of the norm; 0 interpolates"})})

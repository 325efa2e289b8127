"""The minimum where the constant decays, too, as `weight_decay` of most optimisers has it."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float

from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.resources import left
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise
from minnorm.solve.routes import Warm
from minnorm.verification.judge import verify_decaying

CLOSED = 2e-6
"""Relative gap of value and bound at which the search for a constant ends."""
Found = TypeVar("Found")

_MOST = 24  # constants that are tried
_FIRST, _SEARCH = 0.4, 0.75  # of the time: for the first constant, and for all


@dataclass(frozen=True)
class At(Generic[Found]):
    """What was found for a constant: what it is worth, and the slope -sum nu of the least objective in it."""

    constant: float
    found: Found
    value: float
    """The objective, the constant's lam c^2 / 2 included."""
    pull: float
    """sum nu / lam - c: minus the objective's slope, over lam."""


def least(problem: Problem, time_limit: float) -> Solution:
    r"""The least loss + lam ([f - c] + c^2 / 2) over networks and constants c, with its certificate.

        G(c) = min over mu of 1/S sum_i p_i loss(y_i, A mu + c) + lam ||mu||,      minimise G(c) + lam c^2 / 2

    G is convex, and the dual vector nu of its minimum gives its slope, -sum nu. Where the loss has kinks the slope may
    jump at the best c: there nu is between those of both sides. The judge then proves what nu is worth for all c.
    """
    deadline = time.monotonic() + time_limit
    warm = Warm()

    def at(c: float, limit: float) -> tuple[Solution, float, Float[np.ndarray, " n"]]:
        found = minimise(without_constant(problem, c), certify=False, time_limit=limit, warm=warm)
        net, value = with_constant(problem, found.network, c)
        return dataclasses.replace(found, network=net, penalty=problem.penalty), value, found.dual

    best, dual = search(problem, at, time_limit * _SEARCH)
    claimed = dataclasses.replace(best.found, dual=dual)
    proof = verify_decaying(problem.points, problem.values, claimed, tolerance=CLOSED, time_limit=left(deadline))
    return dataclasses.replace(claimed, certificate=proof)


def without_constant(problem: Problem, c: float) -> Problem:
    """The problem of what is left of a function beside a constant, for networks that have none."""
    none = problem.changed(penalty=dataclasses.replace(problem.penalty, offset="none"))
    if problem.loss.argument == "margin":
        return none.changed(constant=problem.constant + c)
    return none.changed(values=problem.values - c)


def with_constant(problem: Problem, network: ShallowReLU, c: float) -> tuple[ShallowReLU, float]:
    """A network with the constant c, and its objective, the constant's own decay included."""
    net = dataclasses.replace(network, offset=np.asarray(c))
    paid = problem.paid(net.evaluate(problem.points))
    return net, paid + problem.lam * (problem.penalty.value(net) + c * c / 2)


def search(
    problem: Problem, at: Callable[[float, float], tuple[Found, float, np.ndarray]], time_limit: float
) -> tuple[At[Found], np.ndarray]:
    """The best of some constants, and a dual vector for it; `at` has the answer for a constant within some seconds.

    The objective is convex with curvature lam, so that pull^2 lam / 2 bounds what a better constant would save.
    """
    deadline = time.monotonic() + time_limit
    sides: dict[bool, tuple[At[Found], np.ndarray]] = {}
    best: At[Found] | None = None
    dual = np.zeros(problem.values.size)
    c, step, level = 0.0, 0.0, abs(problem.mean(problem.values))
    for k in range(_MOST):
        found, value, nu = at(c, _FIRST * time_limit if k == 0 else left(deadline))
        here = At(c, found, value, float(np.sum(nu)) / problem.lam - c)
        if best is None or value < best.value:
            best, dual = here, nu
        if here.pull**2 * problem.lam <= CLOSED * best.value or time.monotonic() > deadline:
            break
        sides[here.pull > 0] = here, nu
        if len(sides) < 2:  # squares bend by 1 + lam at most
            step = 2 * step or max(level, problem.lam * abs(here.pull) / (1 + problem.lam))
            c += math.copysign(min(abs(here.pull), step), here.pull)
            continue
        (low, _), (high, _) = sides[True], sides[False]
        share = low.pull / (low.pull - high.pull)
        c = low.constant + (share if k % 3 else 0.5) * (high.constant - low.constant)
        if not low.constant < c < high.constant:
            break
    assert best is not None
    return best, _between(problem, best, dual, sides)


def _between(
    problem: Problem, best: At[Found], dual: np.ndarray, sides: dict[bool, tuple[At[Found], np.ndarray]]
) -> np.ndarray:
    """The dual vector between those of both sides whose sum is lam c, where the best one's is another."""
    if len(sides) < 2 or best.pull**2 * problem.lam <= CLOSED * best.value:
        return dual
    (_, one), (_, other) = sides[True], sides[False]
    first, second = (float(np.sum(nu)) - problem.lam * best.constant for nu in (one, other))
    if first * second >= 0:
        return dual
    return (first * other - second * one) / (first - second)

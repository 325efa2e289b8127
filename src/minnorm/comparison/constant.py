"""The minimum where the constant decays, too, as `weight_decay` of most optimisers has it."""

import dataclasses
import math
import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from minnorm.objective.problem import Problem
from minnorm.resources import left
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise
from minnorm.verification.exact import Dual
from minnorm.verification.losses import bounds_of
from minnorm.verification.separable import lower_bound

_CLOSED = 2e-6  # relative gap of both bounds at which the search ends
_MOST = 24  # constants that are tried
_FIRST = 0.4  # of the time is for the first


@dataclass(frozen=True)
class Bracketed:
    """A solution, its objective and a bound of all networks', in units of (PL), the constant's decay included."""

    solution: Solution
    value: float
    lower_bound: float


def least(problem: Problem, time_limit: float) -> Bracketed:
    r"""The least loss + lam ([f - c] + c^2 / 2) over networks and constants c, for losses of residuals.

        G(c) = min over mu of 1/S sum_i p_i phi(A mu + c - y)_i + lam ||mu||,      minimise G(c) + lam c^2 / 2

    G is convex, and the dual vector al of its minimum gives its slope, -sum al. The bound is that of one al for all c,

        al . y - 1/S sum_i p_i phi*(-S al_i / p_i) - (sum al)^2 / (2 lam),      sup |h_al| <= lam,

    in exact arithmetic, conjugates rounded up, from the sup |h| that `verify` confirmed.
    """
    deadline = time.monotonic() + time_limit
    none = dataclasses.replace(problem.penalty, offset="none")
    low, high = -math.inf, math.inf
    best: Bracketed | None = None
    bound, c, step = 0.0, 0.0, problem.mean(problem.values) or 1.0
    for k in range(_MOST):
        limit = _FIRST * time_limit if k == 0 else left(deadline)
        found = minimise(problem.changed(values=problem.values - c, penalty=none), time_limit=limit)
        value = found.value + problem.lam * c * c / 2
        if best is None or value < best.value:
            net = dataclasses.replace(found.network, offset=np.asarray(c))
            best = Bracketed(dataclasses.replace(found, network=net, penalty=problem.penalty), value, 0.0)
        bound = max(bound, _bound(problem, found))
        pull = float(np.sum(found.dual)) / problem.lam - c  # minus the slope, over lam
        if best.value - bound <= _CLOSED * best.value or pull == 0 or time.monotonic() > deadline:
            break
        low, high = (c, high) if pull > 0 else (low, c)
        if math.isfinite(low) and math.isfinite(high):
            inside = low < c + pull < high and k % 3
            c = c + pull if inside else 0.5 * (low + high)
        else:
            c += math.copysign(min(abs(pull), abs(step)), pull)
            step *= 2
    assert best is not None
    return dataclasses.replace(best, lower_bound=min(bound, best.value))


def _bound(problem: Problem, found: Solution) -> float:
    """The dual objective of the best feasible multiple of a dual vector, rounded down."""
    proof = found.certificate
    if proof is None or not math.isfinite(proof.dual_norm) or proof.dual_norm <= 0:
        return 0.0
    live = problem.weights > 0
    parts = found.dual[live], problem.values[live], problem.weights[live]
    lam, (nu, y, p) = Fraction(problem.lam), ([Fraction(entry) for entry in part.tolist()] for part in parts)
    linear = sum((a * b for a, b in zip(nu, y, strict=True)), Fraction(0))
    of_constant = sum(nu, Fraction(0)) ** 2 / lam
    if not problem.squared:
        loss, dual = bounds_of(str(problem.loss)), Dual(proof.dual_norm, linear, Fraction(0), lambda: nu)
        bound = lower_bound(loss, problem.lam, parts[2], parts[1], dual, of_constant)
        return max(0.0, math.nextafter(float(bound), 0.0))
    squares = sum(p, Fraction(0)) * sum((a * a / w for a, w in zip(nu, p, strict=True)), Fraction(0)) + of_constant
    if linear <= 0 or squares == 0:
        return 0.0
    t = min(linear / squares, lam / Fraction(proof.dual_norm))
    return max(0.0, math.nextafter(float(t * linear - t * t * squares / 2), 0.0))

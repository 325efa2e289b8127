r"""Constraints at lam = 0, |f(x_i) - y_i| <= delta or y_i f(x_i) >= 1: what a network lacks of them, and its price.

A network f that breaks them by e_i is near a function that keeps them,

    f + g,  g = -+e_i at x_i:    norm + [g], as where labels are met (`verification.price`)    (tolerance)
    f / (1 - max e_i):           norm / (1 - max e_i)                                          (margin)

so that the least norm is at most that. Lower bounds are those of the conjugates delta |u| + u y and y u, y u <= 0.
"""

import math
from fractions import Fraction

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.exact import UP
from minnorm.verification.losses import Bounds
from minnorm.verification.price import norm_within, rounding_level
from minnorm.verification.twofold import two_sum


def excess(loss: Bounds, problem: Problem, net: ShallowReLU, between: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """e_i (n,), rounded up and equal at equal points, for a network whose residuals, or for margins values, are
    `between` two arrays; infinite where equal points have nothing that suits them both."""
    low, high = between
    x, y = problem.points, problem.values
    if loss.argument == "residual" and net.width == 0 and (net.skip is None or not np.any(np.asarray(net.skip))):
        # A constant may be just within delta of two labels, which nothing above the exact residual would show.
        rest, lost = two_sum(np.full(len(y), float(net.offset)), -y)
        low, high = np.where(lost == 0, rest, low), np.where(lost == 0, rest, high)
    if loss.argument == "margin":
        falls, rises = np.zeros(len(y)), loss.value(np.where(y > 0, low, -high))
    else:
        falls, rises = loss.value(np.maximum(high, 0.0)), loss.value(np.minimum(low, 0.0))
    group = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)
    down, up = np.zeros(int(np.max(group)) + 1), np.zeros(int(np.max(group)) + 1)
    np.maximum.at(down, group, falls)
    np.maximum.at(up, group, rises)
    most = np.maximum(down, up)
    for k in np.flatnonzero((down > 0) & (up > 0)).tolist():  # one of them at most is more than uncertainty
        most[k] = most[k] if _reconcilable(problem, y[group == k]) else math.inf
    return np.where(np.isnan(most), math.inf, most)[group]


def _reconcilable(problem: Problem, labels: np.ndarray) -> bool:
    """Whether one value is within delta of all labels, exactly."""
    delta = Fraction(float(str(problem.loss).split(":")[1]))
    return Fraction(float(np.max(labels))) - Fraction(float(np.min(labels))) <= 2 * delta


def least_norm(
    loss: Bounds, problem: Problem, net: ShallowReLU, norm: float, lacking: np.ndarray, clock: Clock = ENDLESS
) -> tuple[float, float]:
    """A bound above the least norm of a function that keeps the constraints, and the excess that counts as rounding."""
    if loss.argument == "residual":
        return norm_within(problem, net, norm, lacking, clock)
    rounding, most = rounding_level(problem, net, norm)
    worst = float(np.max(lacking))
    if not worst <= most:
        return math.inf, rounding
    return norm if worst == 0 else norm / (1 - worst) * UP, rounding

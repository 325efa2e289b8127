r"""What it costs to correct a network on the line whose biases are penalised: the residuals, joined by a broken line.

With r_i = f(x_i) - y_i, slopes s_i between neighbours and A the line through the two points before the first turn,

    min {[g] : g(x_i) = y_i}  <=  path norm of f + sum_i |s_i - s_{i-1}| sqrt(1 + x_i^2) + cost of A,

where A costs nothing but for what is not free. So a residual that is affine, as rounding c and v leaves it, is free,
and the others cost less than a bump at each point does.

A neuron sigma(z) = s relu(z) - minus z makes the turn s_i - s_{i-1} with the mass of that over s, and leaves an affine
function that vanishes at its knot, of a slope no larger in size: x - t costs no more than the dearer end of the data
for 0 <= its distance to both. What is affine is made of neurons that are active at all points, on the steeper side.
"""

import math

import numpy as np

from minnorm.objective.norm import PathNorm
from minnorm.verification import neurons
from minnorm.verification.conjugate import constant_is_free, linear_is_free
from minnorm.verification.exact import UNIT, UP, total
from minnorm.verification.primal import lengths

_LEAST = 2.0**-1070


def broken_line(x: np.ndarray, errors: np.ndarray, penalty: PathNorm) -> float:
    """|s| times the norm of a function that is `errors` (n,), correctly rounded, at `x` (n,), rounded up; inf if that
    overflows.

    A quotient of differences of rounded numbers errs by 8 u (|r_i| + |r_{i+1}|) / (x_{i+1} - x_i) at most, unless they
    are among the least that float64 has.
    """
    x, first = np.unique(x, return_index=True)
    r, sigma = errors[first], penalty.activation
    alone = neurons.bend_over_most(sigma)
    if x.size == 1:
        return 0.0 if constant_is_free(penalty) else (abs(float(r[0])) * alone * UP + _LEAST) * UP
    with np.errstate(all="ignore"):
        steps = np.diff(x)
        slopes = np.diff(r) / steps
        slack = (8 * UNIT * (np.abs(r[1:]) + np.abs(r[:-1])) + _LEAST) / steps * UP + _LEAST
        turns = np.abs(np.diff(slopes)) * UP + slack[1:] + slack[:-1]
        cost = total(turns * _cost(x[1:-1])) * UP
        cost += _affine(x, r, float(slopes[0]), float(slack[0]), penalty) * alone * UP
        if not (sigma.rectifies or neurons.linear_part_vanishes(penalty)):
            cost += total(turns) * float(np.max(_cost(x[[0, -1]]))) * UP
    return math.inf if math.isnan(cost) else cost * UP


def _affine(x: np.ndarray, r: np.ndarray, slope: float, slack: float, penalty: PathNorm) -> float:
    """What the line of this slope through the first point costs at most, but for its free terms."""
    first, last = x[[0, -1]]
    steep = abs(slope) * UP + slack
    free_skip, free_offset = linear_is_free(penalty), constant_is_free(penalty)
    if free_skip and free_offset:
        return 0.0
    if free_offset:  # one neuron with its knot at an end of the data
        return steep * float(np.min(_cost(x[[0, -1]])))
    # Two neurons with their knots at the ends of the data; with a free skip term a constant is enough.
    at_first = abs(float(r[0])) * UP + _LEAST
    at_last = abs(float(r[0]) + slope * float(last - first)) * UP + slack * float(last - first) * UP
    at_last += 8 * UNIT * (at_first + steep * float(last - first))
    span = float(last - first) * (1 - 2 * UNIT)
    both = (at_last * float(_cost(x[:1])[0]) + at_first * float(_cost(x[-1:])[0])) / span * UP
    if not free_skip:
        return both
    level = abs(float(r[0]) - slope * float(first)) * UP + (slack + 8 * UNIT * steep) * abs(float(first)) * UP
    return min(level + 8 * UNIT * at_first, both)


def _cost(knots: np.ndarray) -> np.ndarray:
    """sqrt(1 + t^2), rounded up."""
    return lengths(np.column_stack([np.ones(knots.size), knots]))

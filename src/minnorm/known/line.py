"""The minimum-norm interpolant of data on the line, in closed form."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm
from minnorm.problem import Problem
from minnorm.solution import Solution
from minnorm.verify import verify


def line(x: npt.ArrayLike, y: npt.ArrayLike, penalty: PathNorm | None = None, *, certify: bool = True) -> Solution:
    r"""A minimum-norm interpolant of (x_i, y_i) in one dimension: the connect-the-dots line, as a network.

    With sorted points, slopes s_i = (y_{i+1} - y_i) / (x_{i+1} - x_i) and V = sum |s_{i+1} - s_i|,

        minimum = max( V, (V + |s_1 + s_{n-1}|) / 2 ),        and V with a free skip term.

    Arguments: `x` (n,) or (n, 1) in any order, equal points only with equal values; `y` (n,); `penalty`
    with free biases and a free offset; `certify=False` leaves out the verification (it is exact, and takes
    most of the time for n above 10^5).

    Returns a `Solution`: at most n neurons with |w| = 1, knots at data points, and the dual vector. O(n log n).

    Errors: ValueError for data that `Problem` rejects, fewer than two distinct points, more than one
    coordinate, slopes that overflow, and penalties without this closed form.

    >>> line([2.0, 0.5, 1.0, 3.0], [0.0, 0.0, 1.0, 0.0]).value
    4.0

    Source: Savarese, Evron, Soudry & Srebro (2019), *How do infinite width bounded norm networks look in
    function space?*; Hanin (2021), *Ridgeless interpolation with shallow ReLU networks in 1D is nearest
    neighbor curvature extrapolation*.
    """
    problem = Problem(x, y, penalty)
    penalty = problem.penalty
    if problem.points.shape[1] != 1:
        raise ValueError(f"x has {problem.points.shape[1]} columns; known.line takes one coordinate")
    if penalty.bias != "free":
        raise ValueError(f"penalty has bias={penalty.bias!r}; the closed form on the line is for bias='free'")
    if penalty.offset != "free":
        raise ValueError(
            "penalty has offset='none'; with free biases its minimum is that of offset='free', and the "
            "network returned here has an offset: use offset='free'"
        )
    t, first = np.unique(problem.points[:, 0], return_index=True)
    values = problem.values[first]
    if t.size < 2:
        raise ValueError(f"x has {t.size} distinct point; give at least two")
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(t)
        slopes = np.diff(values) / steps
        turns = np.diff(slopes)
    steep = ~(np.isfinite(steps) & np.isfinite(slopes))
    steep[1:] |= ~np.isfinite(turns)
    if np.any(steep):
        k = int(np.argmax(steep))
        raise ValueError(f"the slope between x = {t[k]} and {t[k + 1]} overflows; rescale x or y")
    network = connect_the_dots(t, values, skip=penalty.skip == "free")
    dual = np.zeros(problem.values.size)
    dual[first] = _dual(t, slopes, turns, skip=penalty.skip == "free")
    solution = Solution(network, dual, penalty)
    if not certify:
        return solution
    return dataclasses.replace(solution, certificate=verify(problem.points, problem.values, solution))


def connect_the_dots(t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], *, skip: bool = False) -> ShallowReLU:
    r"""The network of least path norm that is the broken line through (t_i, y_i), and affine beyond its ends.

        f = y_p + v (x - t_p) + neurons on both sides of a pivot t_p, facing away from it, so that little cancels

    v lies between the slopes left and right of the pivot, as near to 0 as possible: then the pivot's two
    neurons together cost no more than its turn. With `skip` the term v x is free, else neurons supply it.

    Arguments: `t` (n,) increasing, n >= 2; `y` (n,), with slopes that do not overflow; neither is checked.
    Returns a network of at most n + 1 neurons with |w| = 1. O(n).

    >>> connect_the_dots(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])).evaluate(np.array([[0.5], [3.0]]))
    array([ 0.5, -1. ])

    Source: Savarese, Evron, Soudry & Srebro (2019), *How do infinite width bounded norm networks look in
    function space?*
    """
    slopes = np.diff(y) / np.diff(t)
    p, v = _pivot(slopes)
    right = _turns(t[p:], y[p:], v)
    left = _turns(-t[p::-1], y[p::-1], -v)
    knots = np.concatenate([t[p : p + right.size], t[p::-1][: left.size]])
    facing = np.concatenate([np.ones(right.size), -np.ones(left.size)])
    mass = np.concatenate([right, left])
    offset, skip_weight = [y[p]], None
    if skip:
        skip_weight = np.array([v])
        offset.append(-v * t[p])
    elif v != 0:
        knots, facing, mass = _absorb_slope(knots, facing, mass, v, t[0])
        inward = facing * (t[p] - knots)
        seen = inward > 0
        offset += (-mass[seen] * inward[seen]).tolist()
    live = mass != 0
    knots, facing, mass = knots[live], facing[live], mass[live]
    return ShallowReLU(facing[:, None], -facing * knots, mass, np.array(math.fsum(offset)), skip_weight)


def _pivot(slopes: np.ndarray) -> tuple[int, float]:
    """A point p and the slope v of least absolute value between those on its two sides."""
    below, above = np.minimum(slopes[:-1], slopes[1:]), np.maximum(slopes[:-1], slopes[1:])
    turning = np.flatnonzero((below <= 0) & (above >= 0)) + 1
    if turning.size:
        return int(turning[np.argmin(np.abs(turning - slopes.size // 2))]), 0.0
    k = int(np.argmin(np.abs(slopes)))
    return k, float(slopes[k])


def _turns(t: np.ndarray, y: np.ndarray, slope: float) -> np.ndarray:
    """Masses A_i with y_0 + slope (x - t_0) + sum_i A_i relu(x - t_i) = y_j at t_j, one for each t but the last.

    Each mass aims at the next value from where the rounded masses before it really lead, so rounding errors
    do not add up along the line. The running slope is kept as an unevaluated sum high + low.
    """
    masses = []
    high, low, level = slope, 0.0, float(y[0])
    for target, step in zip(y[1:].tolist(), np.diff(t).tolist(), strict=True):
        mass = ((target - level) / step - high) - low
        total = high + mass
        back = total - high
        low += (high - (total - back)) + (mass - back)
        high = total
        level += (high + low) * step
        masses.append(mass)
    return np.array(masses)


def _absorb_slope(
    knots: np.ndarray, facing: np.ndarray, mass: np.ndarray, v: float, start: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make the slope v of neurons: turning one round leaves its turn and adds -facing * mass to the slope.

    Only neurons that pull towards v are turned, the smallest first, the last one in part. What is still
    missing (a true remainder, or a rounding error) is a neuron that is active on all data.
    """
    pull = -facing * mass
    willing = np.flatnonzero(pull * v > 0)
    willing = willing[np.argsort(np.abs(pull[willing]), kind="stable")]
    sums = np.cumsum(np.abs(pull[willing]))
    whole = int(np.searchsorted(sums, abs(v), side="right"))
    turned = willing[:whole]
    facing = facing.copy()
    facing[turned] *= -1
    gathered = pull[turned].tolist()
    if whole < willing.size:
        k = int(willing[whole])
        part = -facing[k] * (v - math.fsum(gathered))
        rest = mass[k] - part
        part = mass[k] - rest  # exact, and so part + rest is too
        gathered.append(-facing[k] * part)
        mass = np.append(mass, part)
        mass[k] = rest
        knots = np.append(knots, knots[k])
        facing = np.append(facing, -facing[k])
    missing = math.fsum([v, *(-g for g in gathered)])
    return np.append(knots, start), np.append(facing, 1.0), np.append(mass, missing)


def _dual(t: np.ndarray, slopes: np.ndarray, turns: np.ndarray, skip: bool) -> np.ndarray:
    """The optimal dual vector: h(1, -t) is the piecewise linear function with the values z at the points.

    Feasible z have z_1 = p, z_n = 0 and both |z| <= 1 and |z - p| <= 1; the objective is
    p s_1 + sum z_i (s_i - s_{i-1}), so each z_i goes to the end of its interval that its turn's sign says.
    """
    up, down = math.fsum(turns[turns > 0].tolist()), -math.fsum(turns[turns < 0].tolist())
    p = 0.0
    if not skip:
        p = 1.0 if slopes[0] > down else -1.0 if -slopes[0] > up else 0.0
    z = np.zeros(t.size)
    z[0] = p
    z[1:-1] = np.where(turns > 0, min(1.0, 1.0 + p), np.where(turns < 0, max(-1.0, p - 1.0), 0.0))
    masses = _turns(t, z, 0.0)
    return np.append(masses, -math.fsum(masses.tolist()))

"""Broken lines as networks: of least path norm, and so that little cancels."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.activation import RELU, Activation
from minnorm.network import ShallowReLU


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
    kinks, p, v = around_a_pivot(t, y)
    knots, facing, mass = kinks.at, kinks.facing, kinks.mass
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


@dataclass(frozen=True)
class Kinks:
    """Neurons mass * relu(facing * (x - at)), facing 1 or -1; with b = -facing * at no rounding moves a knot."""

    at: Float[np.ndarray, " k"]
    facing: Float[np.ndarray, " k"]
    mass: Float[np.ndarray, " k"]

    def network(self, sigma: Activation = RELU) -> ShallowReLU:
        """Their sum, or that of other neurons in their place."""
        return ShallowReLU(self.facing[:, None], -self.facing * self.at, self.mass, np.array(0.0), None, sigma)


def around_a_pivot(t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> tuple[Kinks, int, float]:
    """Kinks, an index p and a slope v with which the broken line is y_p + v (x - t_p) + the kinks' sum.

    The kinks face away from t_p. v is between the slopes on both sides of it, as near to 0 as possible.
    """
    p, v = _pivot(np.diff(y) / np.diff(t))
    right = turns_to_meet(t[p:], y[p:], v)
    left = turns_to_meet(-t[p::-1], y[p::-1], -v)
    at = np.concatenate([t[p : p + right.size], t[p::-1][: left.size]])
    facing = np.concatenate([np.ones(right.size), -np.ones(left.size)])
    return Kinks(at, facing, np.concatenate([right, left])), p, v


def _pivot(slopes: np.ndarray) -> tuple[int, float]:
    """A point p and the slope v of least absolute value between those on its two sides."""
    below, above = np.minimum(slopes[:-1], slopes[1:]), np.maximum(slopes[:-1], slopes[1:])
    turning = np.flatnonzero((below <= 0) & (above >= 0)) + 1
    if turning.size:
        return int(turning[np.argmin(np.abs(turning - slopes.size // 2))]), 0.0
    k = int(np.argmin(np.abs(slopes)))
    return k, float(slopes[k])


def turns_to_meet(t: np.ndarray, y: np.ndarray, slope: float) -> np.ndarray:
    """Masses A_i with y_0 + slope (x - t_0) + sum_i A_i relu(x - t_i) = y_j at t_j, one for each t but the last.

    Each mass aims at the next value from where the rounded masses before it really lead, so rounding errors
    do not add up along the line. The running slope is kept as an unevaluated sum high + low.
    """
    return _native.turns_to_meet(np.ascontiguousarray(t), np.ascontiguousarray(y), slope)


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

"""Broken lines of neurons that are not ReLU, where no linear term is free."""

import math

import numpy as np
from jaxtyping import Float

from minnorm.activation import Activation
from minnorm.known.univariate.dots import turns_to_meet
from minnorm.network import ShallowReLU


def connect_with(t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], sigma: Activation) -> ShallowReLU:
    r"""The network of least path norm that is the broken line through (t_i, y_i).

    A neuron at t_i of mass a bends by s a, s = plus + minus, whichever way it faces: a sigma(x - t_i) is
    s a relu(x - t_i) and the slope -minus a, a sigma(t_i - x) the same and the slope -plus a. So some are turned until
    the slopes add up to that of the first piece; what is still missing is supplied by a neuron that is linear on all
    data, on the steeper side.

    Arguments: `t` (n,) increasing, n >= 2; `y` (n,). Returns at most n + 1 neurons with |w| = 1.

    >>> from minnorm.activation import ABSOLUTE
    >>> net = connect_with(np.array([-1.0, 0.0, 1.0]), np.array([1.0, 0.0, 1.0]), ABSOLUTE)
    >>> net.outer_weights, net.evaluate(np.array([[0.5]]))
    (array([1.]), array([0.5]))
    """
    first, *rest = turns_to_meet(t, y, 0.0).tolist()
    mass = np.array(rest) / sigma.bend
    knots, facing = t[1:-1], np.ones(mass.size)
    wanted = math.fsum([first, *(sigma.minus * mass).tolist()])
    turning = (sigma.minus - sigma.plus) * mass  # what the slope gains where a neuron is turned
    willing = np.flatnonzero(turning * wanted > 0)
    sums = np.cumsum(np.abs(turning[willing]))
    whole = int(np.searchsorted(sums, abs(wanted), side="right"))
    facing[willing[:whole]] = -1.0
    missing = math.fsum([wanted, *(-turning[willing[:whole]]).tolist()])
    if whole < willing.size:  # one in part
        k = int(willing[whole])
        part = missing / turning[k] * mass[k]
        mass[k] -= part
        knots, facing, mass = np.append(knots, knots[k]), np.append(facing, -1.0), np.append(mass, part)
    elif missing:
        side, slope = (1.0, sigma.plus) if abs(sigma.plus) >= abs(sigma.minus) else (-1.0, sigma.minus)
        knots, facing, mass = np.append(knots, t[0]), np.append(facing, side), np.append(mass, missing / slope)
    live = mass != 0
    knots, facing, mass = knots[live], facing[live], mass[live]
    level = math.fsum([y[0], *(-mass * sigma(facing * (t[0] - knots))).tolist()])
    return ShallowReLU(facing[:, None], -facing * knots, mass, np.array(level), None, sigma)


def dual_with(
    t: Float[np.ndarray, " n"], slopes: Float[np.ndarray, " k"], turns: Float[np.ndarray, " m"], sigma: Activation
) -> Float[np.ndarray, " n"]:
    r"""The optimal dual vector, with z_i = sum_j nu_j relu(t_j - t_i) at the points and p = z_1.

        maximise p s_1 + sum z_i (s_i - s_{i-1})     s.t.     |s z_i - minus p| <= 1,    |s z_i - plus p| <= 1

    for neurons that face right and left. It is linear in p on either side of 0, and |p| <= 1 / max(|plus|, |minus|) as
    z_1 = p.
    """
    sign = math.copysign(1.0, sigma.bend)

    def places(p: float) -> tuple[np.ndarray, float]:
        low = (max(sigma.minus * p, sigma.plus * p) - 1) / sigma.bend
        high = (min(sigma.minus * p, sigma.plus * p) + 1) / sigma.bend
        z = np.where(sign * turns > 0, high, np.where(turns == 0, np.clip(0.0, min(low, high), max(low, high)), low))
        return z, math.fsum([p * float(slopes[0]), *(z * turns).tolist()])

    most = 1 / max(abs(sigma.plus), abs(sigma.minus))
    p = max((0.0, most, -most), key=lambda p: places(p)[1])
    masses = turns_to_meet(t, np.concatenate([[p], places(p)[0], [0.0]]), 0.0)
    return np.append(masses, -math.fsum(masses.tolist()))

r"""Neurons that are not ReLU, in terms of ReLU: sigma(z) = plus relu(z) + minus relu(-z) = s relu(z) - minus z.

* A network of them is a network of ReLU neurons whose outer weights a plus and a minus are kept as exact pairs, so that
  its residuals are found as ReLU's are.
* For nu orthogonal to constants and to linear functions h_sigma(w, b) = sum_i nu_i sigma(w . x_i + b) = s h(w, b): the
  linear part vanishes, the dual norm is |s| times that of ReLU, and norms of functions are ReLU's over |s|.
* In general h_sigma(w, b) = s h(w, b) - minus sum_i nu_i (x_i . w + b): a linear part is added to s h. Where biases are
  free the sum of nu vanishes, so that the part does not depend on b, and kinks are at points.
"""

import math
from fractions import Fraction

import numpy as np

from minnorm.activation import Activation
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.verification.conjugate import constant_is_free, linear_is_free
from minnorm.verification.exact import round_up
from minnorm.verification.twofold import two_product

_SMALL, _LARGE = 2.0**-900, 2.0**900  # products between them have exact errors


def bend(sigma: Activation) -> Fraction:
    """|plus + minus|, exactly."""
    return abs(Fraction(sigma.plus) + Fraction(sigma.minus))


def linear_part_vanishes(penalty: PathNorm) -> bool:
    """Whether dual vectors are orthogonal to linear terms and to constants, which limits of neurons make free, too."""
    return linear_is_free(penalty) and constant_is_free(penalty)


def times_bend(number: float, sigma: Activation) -> float:
    """number |plus + minus|, rounded up."""
    if sigma.rectifies or not math.isfinite(number):
        return number
    return round_up(Fraction(number) * bend(sigma))


def over_bend(number: float, sigma: Activation) -> float:
    """number / |plus + minus|, rounded up."""
    if sigma.rectifies or not math.isfinite(number):
        return number
    return round_up(Fraction(number) / bend(sigma))


def over_most(number: float, sigma: Activation) -> float:
    """number / max(|plus|, |minus|), rounded up."""
    if sigma.rectifies or not math.isfinite(number):
        return number
    return round_up(Fraction(number) / Fraction(most(sigma)))


def bend_over_most(sigma: Activation) -> float:
    """|plus + minus| / max(|plus|, |minus|), rounded up: what is linear on all data costs as much, next to bends."""
    return over_most(times_bend(1.0, sigma), sigma)


def most(sigma: Activation) -> float:
    """The largest slope."""
    return max(abs(sigma.plus), abs(sigma.minus))


def unfolded(net: ShallowReLU) -> ShallowReLU | None:
    """The very same function of ReLU neurons, up to four for one; None where float64 cannot say their weights.

    >>> one = ShallowReLU(np.ones((1, 1)), np.zeros(1), np.array([0.1]), np.array(0.0), None, "leaky_relu:0.25")
    >>> unfolded(one).outer_weights
    array([ 0.1  , -0.025])
    """
    sigma = net.activation
    if sigma.rectifies:
        return net
    w, b, a = (np.asarray(part) for part in (net.inner_weights, net.biases, net.outer_weights))
    weights: list[tuple[float, np.ndarray]] = []
    for sign, slope in ((1.0, sigma.plus), (-1.0, sigma.minus)):
        if slope == 0:
            continue
        if slope in (1.0, -1.0):
            weights.append((sign, slope * a))
            continue
        with np.errstate(all="ignore"):
            high, low = two_product(a, np.full(a.shape, slope))
        size = np.abs(high)
        if not np.all((a == 0) | ((size > _SMALL) & (size < _LARGE) & (np.abs(a) < _LARGE))):
            return None
        weights += [(sign, high)] + ([(sign, low)] if np.any(low) else [])
    return ShallowReLU(
        np.concatenate([sign * w for sign, _ in weights]),
        np.concatenate([sign * b for sign, _ in weights]),
        np.concatenate([part for _, part in weights]),
        net.offset,
        net.skip,
    )

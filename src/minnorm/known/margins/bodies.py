"""The max-margin network of two convex bodies, such as balls or half-spaces: one neuron."""

import dataclasses

import numpy as np
import numpy.typing as npt

from minnorm.checks import flag, numbers, reject_not_finite
from minnorm.losses import Margin
from minnorm.network import ShallowReLU
from minnorm.solution import Solution
from minnorm.verification import verify


def convex_margin(first: npt.ArrayLike, second: npt.ArrayLike, *, certify: bool = True) -> Solution:
    r"""The network of least norm that is 1 or more on a convex body and -1 or less on another one, with free biases.

        f(x) = -1 + (2 / g) relu(n . (x - b)),    [f] = 2 / g,    g = |a - b|,  n = (a - b) / g

    where a in the first and b in the second body are nearest points of the two: for balls of centres c, c' and radii r,
    r' those on the line through the centres, with g = |c - c'| - r - r'; for half-spaces those of any normal. The first
    body is where n . (x - a) >= 0 and the second where n . (x - b) <= 0, since a and b are nearest, so that f is right
    on both; and no network costs less that is so on a and b alone. The largest margin is g / 2. The solution is that of
    the two points a and b, in this order.

    Arguments: `first` a (d,); `second` b (d,), not the same; `certify=False` leaves out the verification. Errors:
    ValueError naming the argument.

    >>> found = convex_margin([3.0, 0.0], [0.0, 4.0])
    >>> found.certified, round(found.value, 12)
    (True, 0.4)

    Source: derived here.
    """
    a, b, certify = _point("first", first), _point("second", second), flag("certify", certify)
    if a.shape != b.shape:
        raise ValueError(f"first has {a.size} coordinates and second {b.size}; they must agree")
    with np.errstate(over="ignore"):
        gap = float(np.linalg.norm(a - b))
    if not 0 < gap < np.inf:
        raise ValueError(f"first and second are {gap:g} apart; give the nearest points of two bodies that do not touch")
    n = (a - b) / gap
    network = ShallowReLU(n[None, :], np.array([-float(n @ b)]), np.array([2 / gap]), np.array(-1.0))
    lacking = 1 - float(network.evaluate(a[None, :])[0])  # a rounding error
    if lacking > 0:
        network = dataclasses.replace(network, outer_weights=network.outer_weights * (1 + lacking))
    found = Solution(network, np.array([1.0, -1.0]) / gap, loss=Margin())
    if not certify:
        return found
    return dataclasses.replace(found, certificate=verify(np.stack([a, b]), np.array([1.0, -1.0]), found))


def _point(name: str, value: npt.ArrayLike) -> np.ndarray:
    x = numbers(value, name)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"{name} has shape {x.shape}; give one point, (d,)")
    reject_not_finite(x, name)
    return x

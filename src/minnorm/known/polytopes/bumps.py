"""Label 1 at the centre of a polytope and 0 at its corners."""

import math

import numpy as np

from minnorm.checks import flag, whole
from minnorm.known.polytopes.proof import solution_of
from minnorm.network import ShallowReLU
from minnorm.solution import Solution


def cross_polytope(dim: int, *, certify: bool = True) -> Solution:
    r"""The minimum-norm interpolant of 1 at the origin and 0 at the 2 d points +-e_i of R^d, with free biases.

        f(x) = 1 - |x_1 + ... + x_d|,      [f] = 2 sqrt(d)

    The data are the rows of the origin, the identity (d, d) and its negative, in this order. The dual vector is
    2 sqrt(d) at the origin and -1 / sqrt(d) at the others. Proof: for fixed w, h(w, b) is convex in b at b = 0, concave
    elsewhere and 0 at both ends, so that |h| is largest at b = 0, where it is |w|_1 / sqrt(d) <= 1. `verify` confirms
    that for d <= 3; beyond, the proof is this one.

    Arguments: `dim` d >= 1; `certify=False` leaves out the verification. Errors: ValueError naming the argument.

    >>> found = cross_polytope(2)
    >>> found.certified, round(found.value, 9)
    (True, 2.828427125)

    Source: derived here.
    """
    d, certify = whole("dim", dim, 1), flag("certify", certify)
    points = np.concatenate([np.zeros((1, d)), np.eye(d), -np.eye(d)])
    network = ShallowReLU(np.stack([np.ones(d), -np.ones(d)]), np.zeros(2), -np.ones(2), np.array(1.0))
    dual = np.append(2.0 * d, -np.ones(2 * d)) / math.sqrt(d)
    return solution_of(points, np.eye(1, 2 * d + 1)[0], network, dual, certify=certify)


def polygon(corners: int, *, certify: bool = True) -> Solution:
    r"""The minimum-norm interpolant of 1 at the origin and 0 at the corners of a regular m-gon, with free biases.

        f(x) = 1 - sin(pi / 2K) sum_k |u_k . x|,    [f] = 2 K sin(pi / 2K),    K = m / 2 for even m, m for odd m

    with K unit vectors u_k, pi / K apart, none of them at right angles to a corner. The corners are (cos t, sin t) with
    t = 2 pi j / m, after the origin. [f] tends to pi, the norm for the whole circle, and four corners cost less than
    three. The dual vector is [f] at the origin and -[f] / m at each corner.

    Arguments: `corners` m >= 3; `certify=False` leaves out the verification. Errors: ValueError naming the argument.

    >>> [round(polygon(m).value, 6) for m in (3, 4, 100)]
    [3.0, 2.828427, 3.141076]

    Source: derived here.
    """
    m, certify = whole("corners", corners, 3), flag("certify", certify)
    K = m // 2 if m % 2 == 0 else m
    turn = 2 * math.pi * np.arange(m) / m
    points = np.vstack([np.zeros(2), np.column_stack([np.cos(turn), np.sin(turn)])])
    angle = math.pi / 2 + math.pi * (0.5 + np.arange(K)) / K
    u = np.column_stack([np.cos(angle), np.sin(angle)])
    slope = math.sin(math.pi / (2 * K))
    network = ShallowReLU(np.vstack([u, -u]), np.zeros(2 * K), np.full(2 * K, -slope), np.array(1.0))
    norm = 2 * K * slope
    dual = np.append(norm, np.full(m, -norm / m))
    return solution_of(points, np.eye(1, m + 1)[0], network, dual, certify=certify)

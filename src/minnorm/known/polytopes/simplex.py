"""Labels at the corners of a simplex."""

import math

import numpy as np
import numpy.typing as npt

from minnorm.checks import check_values, flag, real
from minnorm.known.polytopes.proof import solution_of
from minnorm.network import ShallowReLU
from minnorm.solution import Solution


def simplex(labels: npt.ArrayLike, origin: float | None = None, *, certify: bool = True) -> Solution:
    r"""The minimum-norm interpolant of any labels at the unit vectors e_1, ..., e_n of R^n, with free biases.

        f(x) = mean y + (y - mean y) . x,    [f] = |y - mean y|;        f(x) = y_0 + (y - y_0) . x,    [f] = |y - y_0|,

    the latter with the origin for a further point, of label y_0 = `origin`. One neuron, which is active at all of the
    points. The dual vector is (y - mean y) / [f], or (y - y_0) / [f] and what makes the sum 0 at the origin, which is
    the last point. Proof: relu does not spread numbers out, so h(w, b) = sum_i nu_i relu(w_i + b) <= |nu| |w|. `verify`
    confirms that for up to four points; beyond, the proof is this one.

    Arguments: `labels` y (n,); `origin` y_0, None for no such point; `certify=False` leaves out the verification.
    Errors: ValueError naming the argument.

    >>> found = simplex([0.0, 3.0, 0.0])
    >>> found.certified, round(found.value**2, 9)
    (True, 6.0)

    Source: derived here.
    """
    y, certify = check_values(labels, "labels"), flag("certify", certify)
    if y.size == 0:
        raise ValueError("labels is empty; give one label for each corner")
    n = y.size
    if origin is not None:
        origin = real("origin", origin, "a finite label, or None for no such point")
    base = math.fsum(y.tolist()) / n if origin is None else origin
    with np.errstate(over="ignore"):
        w = y - base
        norm = float(np.linalg.norm(w))
    if not math.isfinite(norm):
        raise ValueError("labels and origin are so far apart that the norm is beyond float64; rescale labels")
    points, values = np.eye(n), y
    dual = w / norm if norm > 0 else np.zeros(n)
    if origin is not None:
        points, values = np.vstack([points, np.zeros(n)]), np.append(y, origin)
        dual = np.append(dual, -math.fsum(dual.tolist()))
    shift = norm  # then the neuron is active at all points
    network = ShallowReLU(w[None, :], np.array([shift]), np.ones(1), np.array(base - shift))
    if norm == 0:
        network = ShallowReLU(np.zeros((0, n)), np.zeros(0), np.zeros(0), np.array(base))
    return solution_of(points, values, network, dual, certify=certify)

"""The max-margin network of classes on the line, in closed form."""

import dataclasses

import numpy as np
import numpy.typing as npt

from minnorm.checks import flag
from minnorm.known.univariate.cuts import by_cuts
from minnorm.known.univariate.interpolant import certified, coordinate
from minnorm.known.univariate.interpolant import line as interpolant
from minnorm.losses import Margin
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution

_NEARLY, _ROOM = 1e-9, 2.0**-40  # of a margin: what programmes leave open, and what is more than asked for
_SMALL = 1e-12  # of the largest dual number: rounding errors
_INSTEAD = "minnorm.separate looks for a minimiser with a certificate"


def line_margin(
    x: npt.ArrayLike, labels: npt.ArrayLike, penalty: PathNorm | None = None, *, certify: bool = True
) -> Solution:
    r"""A network of least norm with labels_i f(x_i) >= 1 in one dimension, with its dual vector.

    With g_1, ..., g_k the lengths of the gaps between neighbours of different classes, and free biases,

        minimum = sum_{j < k} (2 / g_j + 2 / g_{j+1})    for k >= 2,    2 / g_1 for k = 1 (0 with a free skip term),

    and the largest margin, min_i labels_i f(x_i) over networks of norm 1, is 1 over that. It is the minimum-norm
    interpolant of the labels at the ends of the gaps, for which the rest is right by itself.

    Proof: f falls or rises by 2 over each gap, where its slope is somewhere 2 / g_j or more, of alternating signs; so
    its slope changes by 2 / g_j + 2 / g_{j+1} from each gap to the next. In the dual vector the slope over gap j,
    (f(x_{i+1}) - f(x_i)) / g_j, has the factor 2, or 1 at the first and the last gap, and alternating signs.

    Where biases cost, knots between the points are cheaper, and a point next to a gap may have a larger margin; the
    minimum is found by linear programmes over knots, as in `line`, on the ends of the gaps and whatever points they put
    on the wrong side, to a relative gap of 1e-10.

    Arguments: `x` (n,) or (n, 1) in any order, equal points only with equal labels; `labels` (n,), -1 and 1;
    `penalty`, with a free offset if biases are free; `certify=False` leaves out the verification. For free biases
    O(n log n), and at most 2 k neurons; for penalised ones a second for 100 gaps.

    Errors: ValueError for data that `Problem` rejects, more than one coordinate, and other neurons than ReLU.

    >>> sol = line_margin([0.0, 1.0, 3.0, 4.0, 5.0], [1, 1, -1, -1, 1])
    >>> sol.certified, sol.value
    (True, 3.0)

    Source: derived here; Savarese, Evron, Soudry & Srebro (2019) for the norm on the line.
    """
    problem = Problem(x, labels, penalty, loss=Margin(), names=("x", "labels", "lam"))
    certify = flag("certify", certify)
    if not problem.penalty.activation.rectifies:
        raise ValueError(
            f"penalty has activation {problem.penalty.activation}; the closed form is that of relu, and "
            "minnorm.separate takes others"
        )
    t, first = np.unique(coordinate(problem.points, "known.line_margin"), return_index=True)
    sign = problem.values[first]
    last = np.flatnonzero(sign[1:] != sign[:-1])
    ends = np.union1d(last, last + 1)
    dual = np.zeros(problem.values.size)
    if problem.penalty.biases_cost:
        network, dual[first] = _penalised(t, sign, ends, problem.penalty)
    else:
        inner = interpolant(t[ends], sign[ends], problem.penalty, certify=False)
        network, dual[first[ends]] = inner.network, inner.dual
    solution = Solution(network, dual, problem.penalty, loss=Margin())
    return certified(problem, solution, _INSTEAD) if certify else solution


def _penalised(
    t: np.ndarray, sign: np.ndarray, points: np.ndarray, penalty: PathNorm
) -> tuple[ShallowReLU, np.ndarray]:
    """The network and the dual vector where biases cost, of `points` and of those that it puts on the wrong side."""
    alone = _free_terms(t, sign, points, penalty)
    if alone is not None:
        none = np.zeros(0)
        return ShallowReLU(none[:, None], none, none, np.array(alone[0]), np.array([alone[1]])), np.zeros(t.size)
    while True:
        network, nu = by_cuts(t[points], sign[points], penalty, t[points], beyond=True)
        margins = sign * network.evaluate(t[:, None])
        wrong = np.setdiff1d(np.flatnonzero(margins < 1 - _NEARLY), points)
        if wrong.size == 0:
            break
        points = np.union1d(points, wrong)
    more = max(1.0, (1 + _ROOM) / float(np.min(margins)))
    network = dataclasses.replace(
        network,
        outer_weights=more * network.outer_weights,
        offset=np.asarray(more * network.offset),
        skip=None if network.skip is None else more * network.skip,
    )
    full = np.zeros(t.size)
    small = _SMALL * float(np.max(np.abs(nu)))
    full[points] = np.where(nu * sign[points] > small, nu, 0.0)  # what is none by rounding must not have a wrong sign
    return network, full


def _free_terms(t: np.ndarray, sign: np.ndarray, ends: np.ndarray, penalty: PathNorm) -> tuple[float, float] | None:
    """(c, v) such that c + v t, if it is free, separates the classes; None where no such function does."""
    if not penalty.linear_is_free:
        return None
    if penalty.has_offset and ends.size == 2:
        (first, last), level = t[ends].tolist(), float(sign[ends[0]])
        slope = -2 * level / (last - first) * (1 + _ROOM)
        return -slope * (first + (last - first) / 2), slope
    if np.all(sign * t > 0) or np.all(sign * t < 0):
        return 0.0, float(sign[0] * np.sign(t[0])) / float(np.min(np.abs(t))) * (1 + _ROOM)
    return None

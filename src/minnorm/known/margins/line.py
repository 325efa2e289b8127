"""The max-margin network of classes on the line, in closed form."""

import math
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from minnorm.checks import flag
from minnorm.known.univariate.interpolant import certified, coordinate
from minnorm.known.univariate.interpolant import line as interpolant
from minnorm.losses import Margin
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution

_TRIES = 20
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

    Arguments: `x` (n,) or (n, 1) in any order, equal points only with equal labels; `labels` (n,), -1 and 1;
    `penalty` with free biases and offset; `certify=False` leaves out the verification. O(n log n), at most 2 k neurons.

    Errors: ValueError for data that `Problem` rejects, more than one coordinate, other neurons than ReLU, and penalised
    biases, for which knots between the points are cheaper and no closed form is known: `minnorm.separate` takes them.

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
    if problem.penalty.biases_cost:
        raise ValueError(
            "penalty has bias='penalised', for which no closed form is known; minnorm.separate finds the minimum"
        )
    t, first = np.unique(coordinate(problem.points, "known.line_margin"), return_index=True)
    sign = problem.values[first]
    last = np.flatnonzero(sign[1:] != sign[:-1])
    ends = np.union1d(last, last + 1)
    inner = interpolant(t[ends], sign[ends], problem.penalty, certify=False)
    dual = np.zeros(problem.values.size)
    dual[first] = _spread(t, ends, inner.dual, linear=problem.penalty.linear_is_free)
    solution = Solution(inner.network, dual, problem.penalty, loss=Margin())
    return certified(problem, solution, _INSTEAD) if certify else solution


def _spread(t: np.ndarray, ends: np.ndarray, nu: np.ndarray, *, linear: bool) -> np.ndarray:
    """The dual vector at all points, with what rounding leaves of its sums at the two extreme ones, as `verify` has it.

    No sign must change by that. Where one would, the slope over the first gap becomes, in a very small part, one over
    that gap and the points before it, and so at the other end.
    """
    full = np.zeros(t.size)
    full[ends] = nu
    sides = ((0, ends[0], ends[1]), (t.size - 1, ends[-1], ends[-2]))
    times = 2.0
    for _ in range(_TRIES):
        left = _left_over(t, full, linear=linear)
        if all(change * full[near] >= 0 or outer == near for change, (outer, near, _) in zip(left, sides, strict=True)):
            break
        for change, (outer, near, far) in zip(left, sides, strict=True):
            gap, width, mass = abs(t[far] - t[near]), abs(t[far] - t[outer]), full[near]
            if outer != near and change * mass < 0:
                moved = math.copysign(min(abs(mass) / 2, times * abs(change) * width / gap), mass)
                full[outer] += moved * gap / width
                full[near] -= moved
                full[far] += moved - moved * gap / width
        times *= 4
    return full


def _left_over(t: np.ndarray, nu: np.ndarray, *, linear: bool) -> tuple[float, float]:
    """What the entries at the extreme points have to be for sums of nu, and of nu t if `linear`, that vanish: exactly,
    then rounded."""
    inner = np.flatnonzero(nu[1:-1]) + 1
    parts = [(Fraction(float(nu[i])), Fraction(float(t[i]))) for i in inner.tolist()]
    total = sum((part for part, _ in parts), Fraction(0))
    first, last = Fraction(float(t[0])), Fraction(float(t[-1]))
    if not linear:
        return float(-total - Fraction(float(nu[-1]))), float(nu[-1])
    moment = sum((part * place for part, place in parts), Fraction(0))
    at_last = (total * first - moment) / (last - first)
    return float(-total - at_last), float(at_last)

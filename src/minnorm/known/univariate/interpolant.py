"""The minimum-norm interpolant of data on the line, in closed form."""

import dataclasses
import math

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm import advice
from minnorm.checks import flag
from minnorm.known.neurons import with_neurons_of, with_relu
from minnorm.known.univariate.bent import connect_with, dual_with
from minnorm.known.univariate.dots import connect_the_dots, turns_to_meet
from minnorm.known.univariate.penalised import penalised
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.verification import verify

_TWINS = 1e-12  # of the extent
_INSTEAD = "minnorm.interpolate looks for a minimiser with a certificate"


def line(x: npt.ArrayLike, y: npt.ArrayLike, penalty: PathNorm | None = None, *, certify: bool = True) -> Solution:
    r"""A minimum-norm interpolant of (x_i, y_i) in one dimension, as a network with its dual vector.

    With sorted points, slopes s_i = (y_{i+1} - y_i) / (x_{i+1} - x_i) and V = sum |s_{i+1} - s_i|,

        minimum = max( V, (V + |s_1 + s_{n-1}|) / 2 ),        and V with a free skip term.

    for free biases, of the line that connects the dots. For penalised biases with a free skip term and offset it is
    min int sqrt(1 + t^2) |f''(t)| dt, with knots at points and between them: see `line_penalised.penalised`.

    Neurons of another activation, plus relu(z) + minus relu(-z), with free biases:

        minimum = max( V / |plus + minus|, (V + |s_1 + s_{n-1}|) / (2 max(|plus|, |minus|)) ),

    and with a free skip term and offset, whatever the biases, the minimum of ReLU over |plus + minus|. Where biases
    cost and one of these terms does, too, it is found as for ReLU, by linear programmes.

    Arguments: `x` (n,) or (n, 1) in any order, equal points only with equal values; `y` (n,); `penalty`, with a free
    offset if biases are free; `certify=False` leaves out the verification (it is exact, and takes most of the time
    for n above 10^5).

    Returns a `Solution`, O(n log n): for free biases at most n neurons with |w| = 1, knots at data points. For
    penalised biases without a free skip term or offset, where no facing of the neurons supplies that term, linear
    programmes find it to a relative gap of 1e-10, in seconds for 10^3 points.

    Errors: ValueError for data that `Problem` rejects, fewer than two distinct points, more than one
    coordinate, slopes that overflow, and free biases without an offset.

    >>> line([2.0, 0.5, 1.0, 3.0], [0.0, 0.0, 1.0, 0.0]).value
    4.0

    Source: Savarese, Evron, Soudry & Srebro (2019), *How do infinite width bounded norm networks look in
    function space?*; Hanin (2021), *Ridgeless interpolation with shallow ReLU networks in 1D is nearest
    neighbor curvature extrapolation*.
    """
    problem = Problem(x, y, penalty, names=("x", "y", "lam"))
    penalty, certify = with_relu(problem).penalty, flag("certify", certify)
    along = coordinate(problem.points, "known.line")
    if penalty.biases_are_free and not penalty.has_offset:
        raise ValueError(
            "penalty has offset='none'; with free biases its minimum is that of offset='free', and the "
            "network returned here has an offset: use offset='free'"
        )
    t, first = np.unique(along, return_index=True)
    values = problem.values[first]
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff(t)
        slopes = np.diff(values) / steps
        turns = np.diff(slopes)
    steep = ~(np.isfinite(steps) & np.isfinite(slopes))
    steep[1:] |= ~np.isfinite(turns)
    if np.any(steep):
        k = int(np.argmax(steep))
        raise ValueError(f"the slope between points x = {t[k]} and {t[k + 1]} overflows; rescale x or y")
    dual = np.zeros(problem.values.size)
    if penalty.biases_cost:
        try:
            network, dual[first] = penalised(t, values, penalty)
        except ArithmeticError:
            _name_twins(t)
            raise
    elif not penalty.activation.rectifies:
        network = connect_with(t, values, penalty.activation)
        dual[first] = dual_with(t, slopes, turns, penalty.activation)
    else:
        network = connect_the_dots(t, values, skip=penalty.linear_is_free)
        dual[first] = _dual(t, slopes, turns, skip=penalty.linear_is_free)
    solution = with_neurons_of(problem, Solution(network, dual, penalty))
    return certified(problem, solution) if certify else solution


def certified(problem: Problem, solution: Solution, instead: str = _INSTEAD) -> Solution:
    """The solution with its certificate; `UncertifiedWarning`, with what to do instead, if it is not certified."""
    certificate = verify(problem.points, problem.values, solution)
    solution = dataclasses.replace(solution, certificate=certificate)
    advice.warn(problem, solution, instead=instead)
    return solution


def coordinate(points: Float[np.ndarray, "n d"], caller: str) -> Float[np.ndarray, " n"]:
    """The points' one coordinate; ValueError, in the name of `caller`, for more of them or a single distinct point."""
    if points.shape[1] != 1:
        raise ValueError(f"x has {points.shape[1]} columns; {caller} takes one coordinate")
    if np.min(points) == np.max(points):  # their difference may overflow
        raise ValueError("x has 1 distinct point; give at least two")
    return points[:, 0]


def _name_twins(t: np.ndarray) -> None:
    """ValueError with the nearest two points if only rounding errors tell them apart."""
    k = int(np.argmin(np.diff(t)))
    if t[k + 1] - t[k] <= _TWINS * (t[-1] - t[0]):
        raise ValueError(
            f"points x = {t[k]} and {t[k + 1]} are {t[k + 1] - t[k]:.1g} apart, which is a rounding error of such "
            "points: make them one point"
        ) from None


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
    masses = turns_to_meet(t, z, 0.0)
    return np.append(masses, -math.fsum(masses.tolist()))

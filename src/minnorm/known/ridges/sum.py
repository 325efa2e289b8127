"""Sums of ridge functions of orthogonal directions, with data on the axes: where the norms add up."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.checks import check_points, check_values, flag
from minnorm.known.ridges.fibres import fibres, interpolant, turning
from minnorm.known.univariate.interpolant import certified
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution

_OFF = 1e-11  # of the extent: how far from its axis a point may be
_AGREE = 1e-9  # of the labels' range: values at the centre that differ by less are equal


def ridge_sum(
    points: npt.ArrayLike,
    values: npt.ArrayLike,
    penalty: PathNorm | None = None,
    *,
    directions: npt.ArrayLike | None = None,
    centre: npt.ArrayLike | None = None,
    certify: bool = True,
) -> Solution:
    r"""The interpolant sum_j h_j(u_j . (x - p)) of least norm for points on orthogonal axes through a common point p.

        [f] = sum_j [h_j],      nu = sum_j (dual of h_j, on axis j),
        h_nu(w, b) = sum_j |w_j| z_j(t_j),   w_j t_j = -b,   z_j the dual of h_j as a function of the knot

    With a free skip term this is a minimum if one h_j turns upwards only, another downwards only, and the others are
    affine: z_1 in [0, 1] and z_2 in [-1, 0] leave |h_nu| <= max(|w_1|, |w_2|) <= 1. It is none if two of them turn the
    same way away from p: a single neuron turns both for less. Turns at p, and sums without a free skip term, `verify`
    decides.

    Arguments: `points` (n, d), each on an axis; `values` (n,); `penalty` with free biases; `directions` (k, d), the
    axes, orthogonal to each other, by default those of the coordinates; `centre` p (d,), by default 0; `certify=False`
    leaves out the verification. The functions have to agree at p: they do if p is one of the points.

    Returns a `Solution`. If it is not `certified`, its value is an upper bound of the minimum and no more.

    Errors: ValueError for data that `Problem` or `known.line` rejects, penalised biases, axes that are not orthogonal,
    points off the axes, functions that disagree at p, and, with a free skip term, two that turn the same way.

    >>> import numpy as np
    >>> x = np.array([[0, 0], [1, 0], [2, 0], [-1, 0], [0, 1], [0, -1], [0, -2]])
    >>> found = ridge_sum(x, [0.0, 1.0, 3.0, 0.0, 0.0, 0.0, -1.0])
    >>> found.value, found.certified
    (3.0, True)

    Source: our own; the vector-valued case, where any functions will do, is in Zeno, Ongie, Blumenfeld, Weinberger &
    Soudry (2023), *How do minimum-norm shallow denoisers look in function space?*
    """
    problem = Problem(points, values, PathNorm.of_relu_alone(penalty, "known.ridge_sum"))
    x, y, penalty, certify = problem.points, problem.values, problem.penalty, flag("certify", certify)
    if penalty.biases_cost:
        raise ValueError("penalty has bias='penalised', which all axes would share; use bias='free', or interpolate")
    axes = _axes(directions, x.shape[1])
    origin = np.zeros(x.shape[1]) if centre is None else check_values(centre, "centre")
    if origin.size != x.shape[1]:
        raise ValueError(f"centre has {origin.size} entries and points has {x.shape[1]} columns; they must agree")
    along, members = _members(x - origin, axes)
    parts = []
    for j, on in enumerate(members):
        if np.unique(along[on, j]).size < 2:
            continue
        groups = fibres(x[on] - origin, y[on], axes[j])
        solution = interpolant(groups, penalty)
        parts.append((j, on, groups, solution))
    if not parts:
        raise ValueError("points are fewer than two on each axis; give two or more on one of them")
    level = _common_value(parts, y, members)
    if penalty.linear_is_free:
        _refuse_equal_turns(parts)
    dual = np.zeros(y.size)
    weights, biases, outer, skip = [], [], [], np.zeros(x.shape[1])
    offset = level
    for j, on, groups, solution in parts:
        net = solution.network
        weights.append(net.inner_weights * axes[j])
        biases.append(net.biases - net.inner_weights[:, 0] * float(axes[j] @ origin))
        outer.append(net.outer_weights)
        offset += float(net.offset) - level
        if net.skip is not None:
            skip += net.skip * axes[j]
            offset -= float(net.skip[0] * (axes[j] @ origin))
        dual[on] += groups.on_first(solution.dual)
    network = ShallowReLU(
        np.concatenate(weights),
        np.concatenate(biases),
        np.concatenate(outer),
        np.asarray(offset),
        skip if penalty.linear_is_free else None,
    )
    solution = Solution(network, dual, penalty)
    return certified(problem, solution) if certify else solution


def _axes(directions: npt.ArrayLike | None, dim: int) -> Float[np.ndarray, "k d"]:
    """Unit vectors; ValueError unless they are orthogonal."""
    if directions is None:
        return np.eye(dim)
    axes = check_points(directions, "directions")
    if axes.shape[1] != dim:
        raise ValueError(f"directions has {axes.shape[1]} columns and points has {dim}; they must agree")
    size = np.linalg.norm(axes, axis=1)
    if np.any(size == 0):
        raise ValueError(f"directions has a zero vector in row {int(np.argmin(size))}; leave it out")
    axes = axes / size[:, None]
    slant = np.abs(axes @ axes.T - np.eye(len(axes)))
    if np.max(slant) > _OFF:
        i, j = sorted(np.unravel_index(np.argmax(slant), slant.shape))
        raise ValueError(f"directions {i} and {j} are not orthogonal; give orthogonal axes, or interpolate")
    return axes


def _members(moved: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Coordinates along the axes (n, k), and the indices of the points on each axis; ValueError for one off them."""
    along = moved @ axes.T
    square = np.sum(moved**2, axis=1)[:, None]
    rest = np.sqrt(np.maximum(square - along**2, 0.0))
    near = np.array([np.linalg.norm(moved - along[:, [j]] * axes[j], axis=1) for j in range(len(axes))]).T
    limit = _OFF * float(np.max(np.abs(moved), initial=0.0))
    off = np.min(np.minimum(rest + limit, near), axis=1) > limit
    if np.any(off):
        raise ValueError(
            f"point {int(np.argmax(off))} is on none of the axes; give directions and centre such that each is, or "
            "find the minimum with minnorm.interpolate"
        )
    return along, [np.flatnonzero(near[:, j] <= limit) for j in range(len(axes))]


def _common_value(parts: list, y: np.ndarray, members: list[np.ndarray]) -> float:
    """The value at the centre; ValueError if the functions disagree there."""
    there = {j: float(solution(np.zeros(1))[0]) for j, _, _, solution in parts}
    for j, on in enumerate(members):
        if j not in there and on.size:
            there[j] = float(y[on[0]])  # one point: a constant
    axes, levels = list(there), np.array(list(there.values()))
    if np.ptp(levels) > _AGREE * (float(np.ptp(y)) or 1.0):
        i, j = axes[int(np.argmin(levels))], axes[int(np.argmax(levels))]
        raise ValueError(
            f"the functions on axes {i} and {j} have the values {np.min(levels):.6g} and {np.max(levels):.6g} at the "
            "centre; make it one of the points"
        )
    return float(levels[0])


def _refuse_equal_turns(parts: list) -> None:
    """ValueError if two functions turn the same way away from the centre: with a free skip term neurons may face either
    way, so that one can turn both, and the sum is no minimum."""
    seen: dict[float, int] = {}
    for j, _, groups, _ in parts:
        away = np.abs(groups.places[1:-1]) > _OFF * float(np.max(np.abs(groups.places)))
        signs = turning(groups.places, groups.labels)[away]
        for sign in np.unique(signs[signs != 0]).tolist():
            if seen.setdefault(sign, j) != j:
                way = "upwards" if sign > 0 else "downwards"
                raise ValueError(
                    f"the functions on axes {seen[sign]} and {j} both turn {way}, and one neuron that turns both costs "
                    "less than two; find the minimum with minnorm.interpolate"
                )

"""Points on a line in space, and labels h(w . x): one coordinate is enough, and what is found there is lifted."""

import dataclasses

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.linalg import null_space

from minnorm.checks import check_values, flag
from minnorm.known.ridges.dual import Fibres, lifted_dual
from minnorm.known.univariate.interpolant import certified, line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution

_RANK = 1e-11  # of the extent: points that far from a line are on it
_EPS = np.finfo(float).eps
_AGREE = 1e-9  # of the labels' range: labels that differ by less are equal
_NO_TURN = 1e-12  # of the labels' range: what a turn may move them by and be none
_AT_ORIGIN = 1e-9  # of the extent: a line that passes the origin so closely goes through it


def ridge(
    points: npt.ArrayLike,
    values: npt.ArrayLike,
    penalty: PathNorm | None = None,
    *,
    direction: npt.ArrayLike | None = None,
    certify: bool = True,
) -> Solution:
    r"""The interpolant x -> h(w . x) of least norm: of points on a line, or of labels that depend on w . x only.

        |w| = 1,     [f] = [h],     sum of nu_i over each fibre {u_i = u} = dual of h at u,     u_i = w . x_i

    Points on a line p + t w, w . p = 0: this is the minimum. With penalised biases an atom of R^d costs there what one
    of the line costs at t / s, s = sqrt(1 + |p|^2), and [f] = [h(s .)] / s. Other points, with a `direction`: [h] is
    an upper bound, and the minimum where the dual vector of h can be lifted. Surely so if some line parallel to w (the
    one through the origin for penalised biases) meets all fibres in points; else the entries are divided by linear
    programmes, in seconds, and `verify` decides: see the page *Ridges and denoisers*.

    Arguments: `points` (n, d), `values` (n,); `penalty`, as for `known.line`; `direction` (d,), of any length, needed
    unless the points are on a line; `certify=False` leaves out the verification.

    Returns a `Solution`. If it is not `certified`, its value is an upper bound of the minimum and no more.

    Errors: ValueError for data that `Problem` or `known.line` rejects, points off a line without a direction, labels
    that differ where w . x does not, a direction that is zero or has another length than a point.

    >>> import numpy as np
    >>> x = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])
    >>> found = ridge(x, [0.0, 1.0, 0.0])
    >>> found.value, found.certified
    (0.4, True)
    >>> grid = np.array([[u, v] for u in (-1.0, 0.0, 1.0) for v in (-0.5, 0.5)])
    >>> ridge(grid, np.abs(grid[:, 0]), direction=[1.0, 0.0]).value
    2.0

    Source: the invariance of the norm under isometries; Boursier & Flammarion (2023) for what penalised biases cost;
    the lifted dual is our own.
    """
    problem = Problem(points, values, PathNorm.of_relu_alone(penalty, "known.ridge"))
    x, y, certify = problem.points, problem.values, flag("certify", certify)
    if len(np.unique(x, axis=0)) < 2:
        raise ValueError("points has 1 distinct point; give at least two")
    foot, along, distance = nearest_line(x)
    extent = float(np.max(np.linalg.norm(x - x.mean(axis=0), axis=1)))
    on_line = distance <= _RANK * extent + _rounding(x)
    given = None if direction is None else unit(direction, x.shape[1])
    if not on_line and given is None:
        raise ValueError(
            f"points are up to {distance:.3g} from the nearest line; give the direction w of labels h(w . x), or find "
            "the minimum with minnorm.interpolate"
        )
    if on_line:
        if given is not None:
            fibres(x, y, given)  # the labels have to be what the caller says
        solution = _on_line(problem, foot, along, at_origin=float(np.linalg.norm(foot)) <= _AT_ORIGIN * extent)
    else:
        assert given is not None
        solution = _on_fibres(problem, given)
    return certified(problem, solution) if certify else solution


def _on_line(
    problem: Problem, foot: Float[np.ndarray, " d"], along: Float[np.ndarray, " d"], *, at_origin: bool
) -> Solution:
    """The minimiser for points foot + t along, in R^d."""
    penalty, inner = problem.penalty, problem.penalty
    groups = fibres(problem.points, problem.values, along)
    stretch, lift = 1.0, np.zeros(foot.size)
    if penalty.biases_cost and not at_origin:
        stretch = float(np.hypot(1, np.linalg.norm(foot)))
        lift = foot
        if penalty.linear_is_free and not penalty.has_offset:
            inner = PathNorm("penalised", "free", "free")  # v . foot is a constant at no cost
    found = interpolant(groups, inner, stretch)
    net = found.network
    share = net.biases / stretch**2
    weights = net.inner_weights * (along / stretch) + share[:, None] * lift
    skip = None if net.skip is None else net.skip * (along / stretch)
    offset = net.offset
    if inner != penalty:
        assert skip is not None
        skip, offset = skip + float(offset) * foot / float(foot @ foot), np.asarray(0.0)
    lifted = ShallowReLU(weights, share, net.outer_weights, offset, skip)
    return Solution(_of_unit_cost(lifted, penalty), groups.on_first(found.dual / stretch), penalty)


def _on_fibres(problem: Problem, along: Float[np.ndarray, " d"]) -> Solution:
    """The ridge function of least norm, with a dual vector that proves it minimal if the fibres allow that."""
    groups = fibres(problem.points, problem.values, along)
    if groups.places.size < 2:
        raise ValueError("direction is orthogonal to the points' differences; give one in which they spread")
    found = interpolant(groups, problem.penalty)
    net = found.network
    skip = None if net.skip is None else net.skip * along
    lifted = ShallowReLU(net.inner_weights * along, net.biases, net.outer_weights, net.offset, skip)
    across = problem.points @ null_space(along[None, :])
    penalised = problem.penalty.biases_cost
    dual = lifted_dual(groups, across, found.dual, penalised=penalised, orthogonal=skip is not None)
    return Solution(lifted, dual, problem.penalty)


def nearest_line(x: Float[np.ndarray, "n d"]) -> tuple[np.ndarray, np.ndarray, float]:
    """The foot p nearest to the origin, the unit direction w (p . w = 0) of the best line, the largest distance to it.

    The direction is that of the two points farthest apart along the first principal axis: no noise of an SVD.
    """
    mean = x.mean(axis=0)
    moved = x - mean
    axis = np.linalg.svd(moved, full_matrices=False)[2][0]
    place = moved @ axis
    along = x[np.argmax(place)] - x[np.argmin(place)]
    along = along / np.linalg.norm(along)
    along = along if along[np.argmax(np.abs(along))] > 0 else -along
    rest = moved - (moved @ along)[:, None] * along
    foot = mean - (mean @ along) * along
    return foot, along, float(np.max(np.linalg.norm(rest, axis=1)))


def fibres(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"], along: Float[np.ndarray, " d"]) -> Fibres:
    """The points' fibres; ValueError where labels differ on one of them by more than rounding."""
    place = (x * along).sum(axis=1)
    order = np.argsort(place, kind="stable")
    group = np.zeros(place.size, dtype=np.int64)
    group[order] = np.cumsum(np.diff(place[order], prepend=place[order[0]]) > _rounding(x))
    first = np.unique(group, return_index=True)[1]
    size = float(np.ptp(y)) or 1.0
    far = np.abs(y - y[first][group]) > _AGREE * size
    if np.any(far):
        j = int(np.argmax(far))
        i = int(first[group[j]])
        raise ValueError(
            f"points {i} and {j} have the same w . x but the values {y[i]} and {y[j]}; give a direction on which the "
            "values depend alone"
        )
    return Fibres(place[first], y[first], group)


def interpolant(groups: Fibres, penalty: PathNorm, stretch: float = 1.0) -> Solution:
    """The 1-D solution at places / stretch, not verified. With free biases its dual vector is silent where labels do
    not turn by more than rounding errors: the fewer fibres it needs, the better it can be lifted."""
    t, y = groups.places / stretch, groups.labels
    heard = np.ones(t.size, dtype=bool)
    if penalty.biases_are_free and t.size > 2:
        heard[1:-1] = turning(t, y) != 0
    found = line(t[heard], y[heard], penalty, certify=False)
    dual = np.zeros(t.size)
    dual[heard] = found.dual
    return dataclasses.replace(found, dual=dual)


def turning(t: Float[np.ndarray, " g"], y: Float[np.ndarray, " g"]) -> Float[np.ndarray, " inner"]:
    """The sign of the turn at each inner point (g - 2,), 0 where rounding errors of labels may have made it."""
    gaps = np.diff(t)
    turns = np.diff(np.diff(y) / gaps)
    return np.where(np.abs(turns) * np.minimum(gaps[1:], gaps[:-1]) > _NO_TURN * np.ptp(y), np.sign(turns), 0.0)


def unit(direction: npt.ArrayLike, dim: int) -> Float[np.ndarray, " d"]:
    """A direction as a unit vector; ValueError if it is none of this dimension."""
    along = check_values(direction, "direction")
    if along.size != dim:
        raise ValueError(f"direction has {along.size} entries and points has {dim} columns; they must agree")
    top = float(np.max(np.abs(along)))
    if top == 0:
        raise ValueError("direction is zero; give the vector w of labels h(w . x)")
    return along / top / np.linalg.norm(along / top)


def _rounding(x: np.ndarray) -> float:
    """How far rounding errors of the points move a projection."""
    return 16 * _EPS * x.shape[1] * float(np.max(np.abs(x)))


def _of_unit_cost(net: ShallowReLU, penalty: PathNorm) -> ShallowReLU:
    """The same function with neurons of cost 1."""
    cost = np.asarray(penalty.atom_cost(net.inner_weights, net.biases))
    cost = np.where(cost > 0, cost, 1.0)
    return ShallowReLU(
        net.inner_weights / cost[:, None], net.biases / cost, net.outer_weights * cost, net.offset, net.skip
    )

r"""What it costs to turn a network that misses its labels a little into an interpolant.

With r_i >= |f(x_i) - y_i|, s = 1 for ReLU and B_i the norm of some function that is 1 at x_i and 0 at the other points,

    min {[g] : g(x_i) = y_i}  <=  path norm of f + sum_i r_i B_i.

The function is a radial bump about x_i whose radius is the distance delta to the nearest other point. In odd
dimension d it is a superposition of relu(w . (x - x_i) - t), |w| = 1, |t| <= delta, of total mass [f*]_d / delta,
without a constant or linear term: its measure is even, and orthogonal to constants. So with other neurons, s relu(z) -
minus z, whose linear parts add up to nothing, it costs 1 / |s| as much. Restriction to a subspace does not enlarge a
norm, so even dimensions take the next odd one, and n points lie in n - 1 dimensions. An atom costs 1, or with penalised
biases sqrt(1 + (|x_i| + delta)^2) at most.

On the line with free biases the minimum itself is known (Savarese et al. 2019): no price, only a bound of that. With
penalised ones the residuals joined by a broken line often cost less: `line_price`.

Source: Wojtowytsch (2022) for bumps, [f*]_d = 2 / E_{d-1}(|s|); Bernstein's E_{2m}(|s|) >= (sqrt 2 - 1) / (4 (2m - 1))
where it is not tabulated.
"""

import math

import numpy as np
from scipy.spatial import KDTree

from minnorm.activation import RELU, Activation
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.verification import indicators, neurons
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.conjugate import constant_is_free, linear_is_free, restricts
from minnorm.verification.exact import UNIT, UP, gamma, total
from minnorm.verification.line_price import broken_line
from minnorm.verification.primal import lengths
from minnorm.verification.twofold import two_product, two_sum

_BUMP = {1: 4.0, 3: 16.0, 5: 29.57665487092, 7: 43.54541351375, 9: 57.65395436757, 11: 71.825874835250}
_ANSWER = 1e-6  # a network that misses labels by more than this share of their size is none
_LEVEL = 2.0**-42  # of the labels' size, and of what the neurons vary: up to there a residual is rounding
_TREE = 2  # coordinates in which a tree is quick, whatever the number of points
_PAIRS = 10**10  # coordinates of pairs of points
_A_SECOND, _LEAST = 1e9, 0.25  # of them; seconds for them in any case
_TINY = 2.0**-900  # products below may have lost the error term


def interpolant_norm(
    problem: Problem,
    net: ShallowReLU,
    norm: float,
    misfit: np.ndarray,
    errors: np.ndarray | None = None,
    clock: Clock = ENDLESS,
) -> tuple[float, float]:
    """A bound above the least norm of an interpolant near a network, and the residual that counts as rounding.

    Arguments: the problem, the network, its path norm and its |f(x_i) - y_i|, rounded up; on the line also
    f(x_i) - y_i, correctly rounded; `clock`, for the bound is coarser where time is short. It is never below the path
    norm, and infinite where the network is no interpolant.
    """
    x, y, sigma = problem.points, problem.values, problem.penalty.activation
    rounding, most = rounding_level(problem, net, norm)
    worst = float(np.max(misfit))
    if not worst <= most:
        return math.inf, rounding
    if worst == 0:
        return norm, rounding
    if x.shape[1] == 1 and problem.penalty.bias == "free":
        return max(norm, least_norm_on_a_line(x[:, 0], y, linear_is_free(problem.penalty), sigma)), rounding
    price = _changed(problem, misfit, clock)
    if errors is not None:
        price = min(price, broken_line(x[:, 0], errors, problem.penalty))
    return (norm + neurons.over_bend(price, sigma)) * UP, rounding


def norm_within(
    problem: Problem, net: ShallowReLU, norm: float, excess: np.ndarray, clock: Clock = ENDLESS
) -> tuple[float, float]:
    """A bound above the least norm of a function that keeps constraints which a network breaks by `excess` (n,), equal
    at equal points and rounded up; and the excess that counts as rounding. It is infinite where that is far more."""
    rounding, most = rounding_level(problem, net, norm)
    worst = float(np.max(excess))
    if not worst <= most:
        return math.inf, rounding
    if worst == 0:
        return norm, rounding
    return (norm + neurons.over_bend(_changed(problem, excess, clock), problem.penalty.activation)) * UP, rounding


def rounding_level(problem: Problem, net: ShallowReLU, norm: float) -> tuple[float, float]:
    """The residual that counts as rounding where a network has a path norm, and that of which the price is asked."""
    x, y, sigma = problem.points, problem.values, problem.penalty.activation
    with np.errstate(over="ignore", invalid="ignore"):
        size = _without_free_part(problem)
        extent = float(lengths(np.ptp(x, axis=0)[None])[0])
        free = abs(float(net.offset)) + (0.0 if net.skip is None else np.abs(x) @ np.abs(np.asarray(net.skip)))
        # However steep the network, what it misses of the labels' range is no rounding error.
        level = _LEVEL * (size + norm * extent * neurons.most(sigma)) + 64 * UNIT * float(np.max(free))
        spread = float(np.ptp(y)) / 2 if constant_is_free(problem.penalty) else float(np.max(np.abs(y)))
        rounding = min(level, _ANSWER * spread) + 64 * UNIT * float(np.max(np.abs(y)))
    return (rounding, max(_ANSWER * size, rounding)) if math.isfinite(rounding) else (0.0, -1.0)


def _changed(problem: Problem, misfit: np.ndarray, clock: Clock) -> float:
    """What a function costs, at most, that is as large as `misfit` at the points, of whatever signs; times |s|."""
    if restricts(problem.penalty, problem.points.shape[1]):
        return indicators.least_norm(problem, misfit, lambda part: bump_norms(part, part.weights > 0, clock))
    return total(misfit[misfit > 0] * bump_norms(problem, misfit > 0, clock)) * UP


def bump_norms(problem: Problem, wanted: np.ndarray, clock: Clock = ENDLESS) -> np.ndarray:
    """|s| B_i, rounded up, for the points that are `wanted` (n,); a point that occurs more than once is priced once."""
    places, group = np.unique(problem.points, axis=0, return_inverse=True)
    group = group.reshape(-1)
    reach = lengths(problem.points[wanted])
    penalised = problem.penalty.bias == "penalised"
    if len(places) == 1:
        # A constant is free, or the atom sigma(1) or sigma(-1) of cost 1.
        sigma, free = problem.penalty.activation, constant_is_free(problem.penalty)
        alone = 0.0 if free else neurons.bend_over_most(sigma)
        return _once(np.full(len(reach), alone), group[wanted])
    if len(places) == 2 and linear_is_free(problem.penalty) and constant_is_free(problem.penalty):
        return np.zeros(len(reach))  # an affine function has any two values
    near = _distances(places, group[wanted], min(_PAIRS, _A_SECOND * max(clock.left, _LEAST)))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        price = _bump(min(places.shape[1], len(places) - 1)) / near * UP
        if penalised:
            price = price * np.sqrt(1 + ((reach + near) * UP) ** 2) * UP
    return _once(np.where(np.isnan(price), math.inf, price), group[wanted])


def _once(price: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Equal points have equal labels, so their residuals are equal, too: the first pays for all."""
    paid = np.zeros(len(price))
    first = np.unique(group, return_index=True)[1]
    paid[first] = price[first]
    return paid


def _bump(d: int) -> float:
    """[f*] of the radial bump in R^d, or in the next odd dimension, rounded up."""
    odd = d if d % 2 else d + 1
    return _BUMP[odd] if odd in _BUMP else 8 * (odd - 2) / (math.sqrt(2) - 1) * UP


def _distances(places: np.ndarray, chosen: np.ndarray, most: float | int = _PAIRS) -> np.ndarray:
    """From places[chosen] to the nearest other place, rounded down.

    A difference of floats, its square, their sum and the root each err by u or gamma_d relatively, and so does the
    choice of the nearest; numbers too small to square give 0. Where a tree may compare more than `most` coordinates of
    pairs, the largest distance to a neighbour in one coordinate is a bound.
    """
    scale = np.frexp(np.max(np.abs(places)))[1]
    unit = np.ldexp(places, -scale)
    if places.shape[1] > _TREE and len(chosen) * places.size > most:
        near = np.max([_neighbours(column)[chosen] for column in unit.T], axis=0) * (1 - 4 * UNIT)
        return np.nextafter(np.ldexp(near, scale), 0.0)
    nearest = np.asarray(KDTree(unit).query(unit[chosen], k=2)[1])
    other = np.where(nearest[:, 0] == chosen, nearest[:, 1], nearest[:, 0])
    offset = unit[chosen] - unit[other]
    square = np.sum(offset * offset, axis=1)
    near = np.sqrt(np.where(square > _TINY, square, 0.0)) * (1 - 4 * gamma(places.shape[1] + 8))
    return np.nextafter(np.ldexp(near, scale), 0.0)


def _neighbours(column: np.ndarray) -> np.ndarray:
    """The distance of each number to the nearest other one."""
    order = np.argsort(column, kind="stable")
    steps = np.concatenate([[np.inf], np.diff(column[order]), [np.inf]])
    near = np.empty(len(column))
    near[order] = np.minimum(steps[:-1], steps[1:])
    return near


def _without_free_part(problem: Problem) -> float:
    """max |y'| for the labels less their best constant or affine part, whichever is free."""
    x, y, penalty = problem.points, problem.values, problem.penalty
    if not linear_is_free(penalty):
        return float(np.ptp(y)) / 2 if constant_is_free(penalty) else float(np.max(np.abs(y)))
    first = np.unique(x[:, 0] if x.shape[1] == 1 else x, axis=0, return_index=True)[1]
    x, y = x[first], y[first]
    y = y - y[0] if constant_is_free(penalty) else y
    x = x - x[0] if constant_is_free(penalty) else x
    top = np.max(np.abs(x), axis=0)
    terms = x[:, top > 0] / top[top > 0]
    terms = np.column_stack([np.ones(len(x)), terms]) if constant_is_free(penalty) else terms
    return float(np.max(np.abs(y - terms @ np.linalg.lstsq(terms, y, rcond=None)[0])))


def least_norm_on_a_line(x: np.ndarray, y: np.ndarray, skip: bool, sigma: Activation = RELU) -> float:
    """V = sum |s_{i+1} - s_i|, or max(V, (V + |s_1 + s_{n-1}|)/2) without a free skip, rounded up.

    For other neurons V is over |plus + minus|, and the half over the steeper of the two slopes.

    A slope is a quotient of exact differences, carried in two words: q + r with an error of 64 u^2 |q|, or of 4 u |q|
    where a product is too small to be split. So V is good to a few u, however large the slopes are that cancel.
    """
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    new = np.concatenate([[True], x[1:] > x[:-1]])
    x, y = x[new], y[new]
    if x.size == 1:
        return 0.0
    with np.errstate(all="ignore"):
        dx, dx_low = two_sum(x[1:], -x[:-1])
        dy, dy_low = two_sum(y[1:], -y[:-1])
        q = dy / dx
        product, error = two_product(q, dx)
        r = (((dy - product) - error) + (dy_low - q * dx_low)) / dx
        split = np.isfinite(r) & ((dy == 0) | (np.minimum(np.abs(product), dx) > _TINY))
        r = np.where(split, r, 0.0)
        slack = np.where(split, 64 * UNIT * UNIT, 4 * UNIT) * np.abs(q) + 2.0**-1070
        turn, low = two_sum(q[1:], -q[:-1])
        turn = np.abs(turn + (low + (r[1:] - r[:-1]))) * (1 + 8 * UNIT) + 2 * (slack[1:] + slack[:-1])
        ends = (abs(q[0] + q[-1]) + 4 * UNIT * (abs(q[0]) + abs(q[-1]))) * UP
    bent = total(turn) * UP
    least = neurons.over_bend(bent, sigma)
    least = least if skip else max(least, neurons.over_most((bent + float(ends)) / 2 * UP, sigma))
    return math.inf if math.isnan(least) else least

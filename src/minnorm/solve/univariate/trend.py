"""Weight-decay training on the line: linear (l1) trend filtering, by a banded interior point and its active set."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

from minnorm.objective.problem import Problem
from minnorm.resources import past
from minnorm.solution import Solution
from minnorm.solve.rounds import Progress
from minnorm.solve.univariate import banded
from minnorm.solve.univariate.data import TrendData

_ACCURACY = 1e-11  # of the interior point method: cheap, and it tells knots from near misses
_EXHAUSTED = 100  # passes over the data that exchanges of knots may cost
_NEAR = 1e-3  # of p to a corner of its interval


def trend(
    problem: Problem,
    *,
    tolerance: float,
    deadline: float = math.inf,
    progress: Progress | None = None,
    merge: bool = True,
) -> Solution:
    r"""The global minimiser of weight-decay training in one dimension with free biases; each step takes O(n).

        min over f     1/(2n) sum_i (f(t_i) - y_i)^2 + lam [f],
        [f] = max(V, (V + |s_1 + s_{n-1}|) / 2),     V = sum_i |s_{i+1} - s_i|,      [f] = V with a free skip term

    over piecewise linear f with knots at data points and slopes s_i between them. In the dual, z_i = h(1, -t_i), of
    which nu is the second difference, obeys |z_i| <= 1 and |z_i - z_1| <= 1 (with a free skip term z_1 = 0). A
    primal-dual interior point method finds both to a low gap; then the knots are exchanged, as an active set method
    does, until f and its residual are optimal to rounding errors.

    Arguments: `problem` with points (n, 1), free biases and lam > 0; `tolerance` of the relative gap; `deadline`, a
    `time.monotonic` moment; `progress`, called with (seconds, value, bound); `merge` takes points that rounding errors
    tell apart for one.

    Returns a `Solution`, not verified, with an offset whatever the penalty says (with free biases it costs nothing);
    knots are data points. Errors: ValueError for another kind of problem.

    >>> sol = trend(Problem([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], lam=10.0), tolerance=1e-6)
    >>> sol.network.width, round(float(sol.network.offset), 6)
    (0, 0.333333)

    Source: Kim, Koh, Boyd & Gorinevsky (2009), *l1 trend filtering*, SIAM Review 51; Mehrotra (1992) for the steps.
    """
    began = time.monotonic()
    if problem.points.shape[1] != 1 or problem.penalty.biases_cost or problem.lam == 0:
        raise ValueError("trend takes points with one coordinate, bias='free' and lam > 0")
    data = TrendData.of(problem, merge)

    def tell(value: float, bound: float) -> None:
        if progress is not None:
            seconds = time.monotonic() - began
            progress(seconds, (value + data.scatter) * data.unit, (bound + data.scatter) * data.unit)

    ends = np.array([0, data.t.size - 1])
    fit, steps, interrupted = _judged(data, ends, np.zeros(2)), 0, False
    if _peak(data, fit.nu) > 1:
        accuracy, target = min(1e-2 * tolerance, _ACCURACY), 1e-3 * tolerance
        # The optimum is at most what f = 0 and what interpolation cost.
        most = min(fit.value, _norm(np.diff(data.y) / data.gaps, data.skip))
        found = banded.solve(
            data.y, data.gaps, data.rho, data.skip, most=most, tolerance=accuracy, deadline=deadline, progress=tell
        )
        steps, interrupted = found.steps, found.interrupted
        try:
            fit = _polished(data, found, target, -math.inf if interrupted else deadline)
            tell(fit.value, fit.bound)
        except KeyboardInterrupt:
            fit, interrupted = _polished(data, found, target, -math.inf), True
    penalty = replace(problem.penalty, offset="free")
    late = "interrupted" if interrupted else "time" if past(deadline) else "rounding"
    ending = "closed" if fit.gap <= tolerance and not interrupted else late
    return Solution(data.network(fit.knots, fit.levels), data.dual(fit.nu), penalty, problem.lam, None, steps, ending)


@dataclass(frozen=True)
class _Fit:
    """A piecewise linear function: knots (indices of points, both ends included) and its values there.

    `value` is its reduced objective, `bound` that of the dual vector `nu`.
    """

    knots: Int[np.ndarray, " k"]
    levels: Float[np.ndarray, " k"]
    nu: Float[np.ndarray, " n"]
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """The relative distance of value and bound."""
        return (self.value - self.bound) / max(abs(self.value), 1e-300)

    def joined(self, other: "_Fit") -> "_Fit":
        """The better function and the better dual vector of two."""
        best = self if self.value <= other.value else other
        dual = self if self.bound >= other.bound else other
        return replace(best, nu=dual.nu, bound=dual.bound)


def _cells(t: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each t the cell between two of the `knots` (indices) and the relative place in it, from 0 to 1."""
    cell = np.minimum(np.searchsorted(knots, np.arange(t.size), side="right") - 1, knots.size - 2)
    at = t[knots]
    return cell, (t - at[cell]) / np.diff(at)[cell]


def _between(t: np.ndarray, knots: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The values at all t of the broken line with `levels` at `knots`."""
    cell, theta = _cells(t, knots)
    return levels[cell] + theta * np.diff(levels)[cell]


@dataclass(frozen=True)
class _Squares:
    """1/2 g.G g - b.g for broken lines with levels g (k,) at the points t: G is tridiagonal.

    All entries of G are positive, and each diagonal one is at least 1 / rho of its point: no gap makes it singular.
    """

    t: Float[np.ndarray, " k"]
    diagonal: Float[np.ndarray, " k"]
    beside: Float[np.ndarray, " k-1"]
    linear: Float[np.ndarray, " k"]

    def restricted(self, knots: np.ndarray) -> "_Squares":
        """The same function of broken lines that bend at `knots` (indices) only."""
        cell, far = _cells(self.t, knots)
        near, k = 1 - far, knots.size
        # The right neighbour of a point is in the same cell, if the cell's end is counted in.
        next_far = np.where(cell[1:] == cell[:-1], far[1:], 1.0)
        next_near = 1 - next_far

        def gathered(points: np.ndarray, pairs: np.ndarray, shift: int = 0) -> np.ndarray:
            return np.bincount(cell + shift, points, k) + np.bincount(cell[:-1] + shift, pairs * self.beside, k)

        diagonal = gathered(self.diagonal * near**2, 2 * near[:-1] * next_near)
        diagonal += gathered(self.diagonal * far**2, 2 * far[:-1] * next_far, 1)
        beside = gathered(self.diagonal * near * far, near[:-1] * next_far + far[:-1] * next_near)[:-1]
        linear = np.bincount(cell, self.linear * near, k) + np.bincount(cell + 1, self.linear * far, k)
        return _Squares(self.t[knots], diagonal, beside, linear)

    def minimise(self, pull: np.ndarray) -> np.ndarray:
        """The levels of least 1/2 g.G g - b.g + pull.g, shape (k,); for more columns of pull, -G^-1 of them."""
        right = -pull
        right[:, 0] += self.linear
        return scipy.linalg.solveh_banded(np.stack([np.append(0.0, self.beside), self.diagonal]), right)


def _moments(data: TrendData, nu: np.ndarray) -> np.ndarray:
    """z_i = h(1, -t_i) = sum_j nu_j relu(t_j - t_i), shape (n,)."""
    steps = data.gaps * np.cumsum(nu)[:-1]
    return np.append(-np.cumsum(steps[::-1])[::-1], 0.0)


def _peak(data: TrendData, nu: np.ndarray) -> float:
    """sup |h|; a rounding error in place of z_1 = 0 (free skip term) is added to it."""
    z = _moments(data, nu)
    if data.skip:
        return float(np.max(np.abs(z))) + abs(float(z[0]))
    return float(max(np.max(np.abs(z)), np.max(np.abs(z - z[0]))))


def _bound(data: TrendData, nu: np.ndarray) -> float:
    """The dual objective at nu, or at a multiple of it that is feasible."""
    scale = min(1.0, 1 / max(_peak(data, nu), 1e-300))
    return -data.loss.conjugate(nu, scale)


def _judged(data: TrendData, knots: np.ndarray, levels: np.ndarray) -> _Fit:
    """A function with its own residual as dual vector."""
    f = _between(data.t, knots, levels)
    norm = _norm(np.diff(levels) / data.spans(knots), data.skip)
    nu = data.loss.slope(f)
    return _Fit(knots, levels, nu, norm + 0.5 * float((data.y - f) @ nu), _bound(data, nu))


def _norm(slopes: np.ndarray, skip: bool) -> float:
    """[f] of a broken line."""
    bends = float(np.sum(np.abs(np.diff(slopes))))
    return bends if skip else max(bends, (bends + abs(float(slopes[0] + slopes[-1]))) / 2)


def _polished(data: TrendData, found: banded.Iterate, target: float, deadline: float) -> _Fit:
    """The fit that exchanges of knots lead to from the interior point method's, or the best of all if none is good.

    After the deadline no knots are exchanged any more.
    """
    start = np.where(found.active, np.sign(found.turns), 0.0)
    f = data.y - data.rho * found.nu
    everywhere, some = np.arange(data.t.size), _with_ends(start)
    best = _judged(data, everywhere, f).joined(_judged(data, some, f[some]))
    best = best.joined(replace(best, nu=found.nu, bound=_bound(data, found.nu)))
    for case in _cases(data, found.p):
        fit = _exchanged(data, start, case, target, deadline)
        if fit is not None and fit.gap <= target:
            return fit
        best = best.joined(fit or best)
    return best


@dataclass(frozen=True)
class _Case:
    """p fixed at `start`, or, if `slope` is not 0, free to move from there up to `slope`."""

    start: float
    slope: float = 0.0


def _cases(data: TrendData, p: float) -> list[_Case]:
    """What z_1 = p may be, the likeliest first: at a corner of the constraints, or between two of them."""
    if data.skip:
        return [_Case(0.0)]
    corner, side = _Case(float(np.round(p))), _Case(0.0, math.copysign(1.0, p))
    other = _Case(math.copysign(1.0, p) - corner.start)
    return [corner, side, other] if abs(p - corner.start) < _NEAR else [side, corner, other]


def _with_ends(signs: np.ndarray) -> np.ndarray:
    """The inner points where signs (n - 2,) are not zero, and both ends."""
    return np.concatenate([[0], np.flatnonzero(signs) + 1, [signs.size + 1]])


def _exchanged(data: TrendData, signs: np.ndarray, case: _Case, target: float, deadline: float) -> _Fit | None:
    """Least squares with knots where z is at the end of its interval that `signs` (n - 2,) says, and corrections.

    Where z leaves its interval a knot comes, at each summit. Then f moves towards the new least squares until a turn
    vanishes, whose knot goes, again and again. So the objective falls and no set of knots comes twice.

    Source: Lawson & Hanson (1974), *Solving Least Squares Problems*, chapter 23, for non-negative least squares.
    """
    whole = _Squares(data.t, 1 / data.rho, np.zeros(data.gaps.size), data.y / data.rho)
    knots, sign = _with_ends(signs), signs[signs != 0]
    levels, best, at_once = None, None, data.t.size
    work = _EXHAUSTED * (data.t.size + 10_000)
    squares = whole.restricted(knots)
    while work > 0 and not past(deadline):
        work -= data.t.size
        while work > 0 and not past(deadline):
            work -= knots.size + 1000
            goal, p = _least_squares(data, squares, knots, sign, case)
            turns = sign * _turns(data, knots, goal)
            if np.all(turns > 0):
                break
            if levels is None:  # no start with the right signs yet
                go = turns <= 0
            else:
                now = np.maximum(sign * _turns(data, knots, levels), 0.0)
                ratio = np.where(turns <= 0, 0.0, np.inf)
                np.divide(now, now - turns, out=ratio, where=(turns <= 0) & (now > turns))
                levels = levels + float(np.min(ratio)) * (goal - levels)
                go = ratio <= np.min(ratio)
            kept = np.flatnonzero(np.concatenate([[True], ~go, [True]]))
            squares, knots, sign = squares.restricted(kept), knots[kept], sign[~go]
            levels = None if levels is None else levels[kept]
        else:
            break
        if not -1e-9 <= p * (case.slope or p) <= 1 + 1e-9:
            break
        levels = goal
        fit = _judged(data, knots, levels)
        if best is not None and not fit.value < best.value:
            at_once //= 8
        best = fit if best is None else best.joined(fit)
        if fit.gap <= target or at_once == 0:
            break
        z = _moments(data, fit.nu)
        excess = np.maximum(z - min(1.0, 1.0 + p), max(-1.0, p - 1.0) - z)
        excess[knots] = 0.0
        new = _summits(excess, 1e-3 * float(np.max(excess)))
        new = new[np.argsort(-excess[new], kind="stable")[:at_once]]
        if new.size == 0:
            break
        more = np.union1d(knots, new)
        levels = _between(data.t[more], np.searchsorted(more, knots), levels)
        side = np.zeros(data.t.size)
        side[knots[1:-1]], side[new] = sign, np.sign(z[new] - p / 2)
        knots, sign = more, side[more[1:-1]]
        squares = whole.restricted(knots)
    return best


def _turns(data: TrendData, knots: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The changes of slope at the inner knots."""
    return np.diff(np.diff(levels) / data.spans(knots))


def _least_squares(
    data: TrendData, squares: _Squares, knots: np.ndarray, sign: np.ndarray, case: _Case
) -> tuple[np.ndarray, float]:
    """Levels (k,) of the best function if its inner turns have the given signs, and p."""
    spans = data.spans(knots)
    at_end = np.where(sign > 0, min(1.0, 1.0 + case.start), max(-1.0, case.start - 1.0))
    fixed = _pull(spans, case.start, at_end)
    if case.slope == 0:
        return squares.minimise(fixed[:, None])[:, 0], case.start
    moving = _pull(spans, 1.0, sign * case.slope < 0)
    goal, change = squares.minimise(np.column_stack([fixed, moving])).T
    # The objective is stationary in p where moving . levels = 0, which says that V = |s_1 + s_{n-1}|.
    p = -float(moving @ goal) / float(moving @ change)
    return goal + p * change, p


def _pull(spans: np.ndarray, first: float, inner: np.ndarray) -> np.ndarray:
    """The vector c with c . levels = z_1 s_1 + sum of inner z times turns."""
    z = np.concatenate([[first], inner, [0.0]])
    return np.diff(np.diff(z) / spans, prepend=0, append=0)


def _summits(excess: np.ndarray, least: float) -> np.ndarray:
    """Where `excess` exceeds max(least, 0), the largest entry of each run."""
    above = excess > max(least, 0.0)
    edges = np.flatnonzero(np.diff(above, prepend=False, append=False))
    return np.array([a + int(np.argmax(excess[a:b])) for a, b in edges.reshape(-1, 2).tolist()], dtype=np.int64)

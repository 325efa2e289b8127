"""Weight-decay training on the line for every lam at once: the path is piecewise linear."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float, Int
from scipy.linalg.lapack import get_lapack_funcs

from minnorm.checks import flag, strength
from minnorm.known.univariate.dots import connect_the_dots
from minnorm.known.univariate.interpolant import certified, coordinate, line
from minnorm.objective.data import Points
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.pictures import record
from minnorm.solution import Solution

_EVENTS = 100  # a point may come and go this often, on average
_SAME = 1e-12  # of lam: an event of the same point this close is the same
_LOST = 1e-6  # of lam: an event that should have happened so much earlier says that the path was lost

(dptsv,) = get_lapack_funcs(("ptsv",))

_INSTEAD = "minnorm.fit looks for a minimiser with a certificate"


def line_path(x: npt.ArrayLike, y: npt.ArrayLike, penalty: PathNorm | None = None) -> "LinePath":
    r"""The minimisers of weight-decay training in one dimension for all lam >= 0, with a free skip term.

        min over f     1/(2n) sum_i (f(x_i) - y_i)^2 + lam int |f''|

    Their values are linear in lam between breakpoints, at which a knot comes (the dual function z, with
    z_i = sum_j al_j relu(x_j - x_i), reaches +-lam) or goes (a turn vanishes). From lam_max on f is the least-squares
    line; at 0 it interpolates. A step costs O(n).

    Arguments: `x` (n,) or (n, 1) in any order; `y` (n,); `penalty`, by default `PathNorm(skip="free")`.

    Returns a `LinePath`. Its `exact` is false if ties between events, or rounding errors, made it lose the way: it is
    right down to the last of `lams` then. Errors: ValueError for data that `Problem` rejects, fewer than two distinct
    points, more than one coordinate, and penalties other than free biases with a free skip term and offset.

    >>> path = line_path([0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    >>> path.lams.round(6), path.values(0.0).round(6)
    (array([0.111111]), array([0., 1., 0.]))

    Source: Tibshirani & Taylor (2011), *The solution path of the generalized lasso*; Kim, Koh, Boyd & Gorinevsky
    (2009), *l1 trend filtering*.
    """
    penalty = PathNorm(skip="free") if penalty is None else PathNorm.given(penalty)
    if penalty != PathNorm(skip="free"):
        raise ValueError(
            f"penalty is {penalty}; the path is for PathNorm(skip='free'): for others use mn.path, one lam at a time"
        )
    data = Points(x, y, names=("x", "y"))
    t, group = np.unique(coordinate(data.x, "known.line_path"), return_inverse=True)
    share = np.bincount(group) / group.size
    mean = np.bincount(group, data.y) / np.bincount(group)
    segments, lams, exact = _follow(t, mean, share)
    return LinePath(data, penalty, t, group, np.array(lams), tuple(segments), exact)


@dataclass(frozen=True)
class Segment:
    """Between two breakpoints the knots (indices of points, both ends among them) have values level - lam * fall."""

    knots: Int[np.ndarray, " k"]
    level: Float[np.ndarray, " k"]
    fall: Float[np.ndarray, " k"]


@dataclass(frozen=True)
class LinePath:
    """All minimisers: `lams` (L,) are the breakpoints in decreasing order, `segments` (L,) start at them, going down.

    The last reaches to 0. The first breakpoint is lam_max; above it the minimiser is that at lam_max. `points` (m,) are
    the distinct x, `group` (n,) says which of them each x is.
    """

    data: Points
    penalty: PathNorm
    points: Float[np.ndarray, " m"]
    group: Int[np.ndarray, " n"]
    lams: Float[np.ndarray, " L"]
    segments: tuple[Segment, ...]
    exact: bool

    def __repr__(self) -> str:
        below = "0" if self.exact else f"{self.lams[-1]:.6g}, where rounding errors end it"
        facts = {
            "norm": str(self.penalty),
            "size": f"{self.points.size} distinct points, {self.lams.size} breakpoints",
            "lams": f"from lam_max = {self.lams[0]:.10g} down to {below}",
        }
        return record("LinePath: the minimisers of loss + lam norm for every lam", facts)

    def values(self, lam: float | int) -> Float[np.ndarray, " m"]:
        """The fitted values at the distinct points, in increasing order, for one lam."""
        segment, lam = self._segment(lam)
        return np.interp(self.points, self.points[segment.knots], segment.level - lam * segment.fall)

    def at(self, lam: float | int, *, certify: bool = True) -> Solution:
        """The minimiser for one lam, as a network with its dual vector; verified unless `certify` is false."""
        segment, inside = self._segment(lam)
        lam, certify = float(lam), flag("certify", certify)
        penalty, y = self.penalty, self.data.y
        if lam == 0:
            return line(self.data.x, y, penalty, certify=certify)
        levels = segment.level - inside * segment.fall
        network = connect_the_dots(self.points[segment.knots], levels, skip=True)
        dual = (y - self.values(lam)[self.group]) / y.size
        solution = Solution(network, dual, penalty, float(lam))
        return certified(Problem.of(self.data, penalty, lam), solution, _INSTEAD) if certify else solution

    def _segment(self, lam: float | int) -> tuple[Segment, float]:
        lam = strength("lam", lam)
        if not self.exact and lam < self.lams[-1]:
            raise ValueError(f"lam is {lam!r}, but this path is known down to {self.lams[-1]} only; use mn.fit")
        inside = min(float(lam), float(self.lams[0]))
        k = int(np.searchsorted(-self.lams, -inside, side="right")) - 1
        return self.segments[k], inside


def _follow(t: np.ndarray, y: np.ndarray, share: np.ndarray) -> tuple[list[Segment], list[float], bool]:
    """The segments, the breakpoints they start at, and whether the path was followed to lam = 0."""
    n = t.size
    # The least-squares line is taken off, and put back in the end.
    centre = t - share @ t
    base = share @ y + (share * centre) @ y / ((share * centre) @ centre) * centre
    rest = y - base
    size = float(np.max(np.abs(rest)))
    if n == 2 or size <= 1e-14 * float(np.max(np.abs(y))):
        ends = np.array([0, n - 1])
        return [Segment(ends, base[ends], np.zeros(2))], [0.0], True
    least = np.finfo(float).eps / 16 * size * float(np.ptp(t))  # smaller lam are rounding errors of z
    sign = np.zeros(n)
    segments, lams = [], []
    lam, last = np.inf, -1
    gaps = np.diff(t)
    for _ in range(_EVENTS * n):
        knots = np.concatenate([[0], np.flatnonzero(sign), [n - 1]])
        levels, values = _least_squares(t, rest, share, knots, sign[knots])
        values[0] -= rest
        z0, z1 = _moments(gaps, share * values)
        event = np.zeros(n)
        # lam - z and lam + z must stay positive at points without a knot, the turns must keep their signs.
        quiet = sign == 0
        for rate, z in ((1 - z1, -z0), (1 + z1, z0)):
            np.divide(z, rate, out=rate, where=(falls := (rate > 0) & quiet))
            event = np.maximum(event, np.where(falls, rate, 0.0))
        turn, turning = np.diff(np.diff(levels) / np.diff(t[knots]))
        inner = knots[1:-1]
        event[inner] = np.divide(turn, turning, out=np.zeros(inner.size), where=sign[inner] * turning < 0)
        event[[0, -1]] = 0.0
        if lams:
            # What happened just now may seem to happen again, by a rounding error.
            if event[last] >= lam * (1 - _SAME):
                event[last] = 0.0
            if float(np.max(event)) > lam * (1 + _LOST):
                return segments, lams[:-1], False
            segments.append(Segment(knots, base[knots] + levels[0], levels[1]))
        last = int(np.argmax(event))
        following = min(float(event[last]), lam)
        if following <= least:
            return segments, lams, True
        lams.append(following)
        lam = following
        sign[last] = 0.0 if sign[last] != 0 else np.sign(lam * z1[last] - z0[last])
    return segments, lams[:-1], False


def _moments(gaps: np.ndarray, al: np.ndarray) -> np.ndarray:
    """z_i = sum_j al_j relu(t_j - t_i) for rows al without moments, from the nearer end."""
    half = al.shape[1] // 2
    z = np.zeros_like(al)
    np.cumsum(gaps[: half - 1] * np.cumsum(al[:, : half - 1], axis=1), axis=1, out=z[:, 1:half])
    back = np.cumsum(gaps[: half - 1 : -1] * np.cumsum(al[:, :half:-1], axis=1), axis=1)
    z[:, half:-1] = back[:, ::-1]
    return z


def _least_squares(
    t: np.ndarray, y: np.ndarray, share: np.ndarray, knots: np.ndarray, sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The f of least 1/2 sum share (f - y)^2 + lam sum sign * turn: with rows a and b, a - lam b, at knots and at t."""
    k = knots.size
    counts = np.diff(knots)
    counts[-1] += 1
    cell = np.repeat(np.arange(k - 1), counts)
    at = t[knots]
    spans = np.diff(at)
    far = (t - at[cell]) / spans[cell]
    near = 1 - far
    # Sums over the points of each cell.
    left, right = share * near, share * far
    begin = knots[:-1]
    sums = np.add.reduceat(np.stack([left * near, right * far, left * far, left * y, right * y]), begin, axis=1)
    diagonal, linear = np.zeros(k), np.zeros((k, 2))
    diagonal[:-1] += sums[0]
    diagonal[1:] += sums[1]
    linear[:-1, 0] += sums[3]
    linear[1:, 0] += sums[4]
    pull = np.diff(sign) / spans
    linear[:-1, 1] += pull
    linear[1:, 1] -= pull
    *_, found, _ = dptsv(diagonal, sums[2], linear)
    levels = found.T
    return levels, near * levels[:, cell] + far * levels[:, cell + 1]

r"""sup |g| over unit u in R^k, g(u) = sum_j nu_j relu(u . z_j), by enumeration of the arrangement of hyperplanes.

A linear part is two more of the z_j: tilt . u = relu(u . tilt) - relu(-u . tilt). Nothing below asks where they are.

On a cell with active points A, g = v . u with v = sum_A nu_j z_j, so a maximum inside it is at v/|v|. For k = 3 every
cell has on its boundary an arc of the great circle that is orthogonal to some z_j, its *pin*: all circles are swept,
and the arcs' two sides are the cells. A candidate v counts if it is longer than the best so far, if up to rounding it
is on the right side of its pin and of the arc's ends, and if g(v/|v|) = |v|, as it is on the cell.

What rounding can do, with L = sum |nu_j| |z_j| and err = (8n + 256) eps L for running sums and frames:

* On a circle a misplaced breakpoint costs |nu_j| |u . z_j| where u . z_j is as small as the error e of its
  coordinates: the supremum is right up to err, in whatever order coinciding breakpoints are taken.
* Cells for k = 3. Let M = |v| be attained at u* inside a cell, at distance rho from the nearest circle, that of pin
  i, and let p be the point of that circle nearest to u*. As g(p) = M cos rho, rho <= rho_0 costs a factor cos rho_0.
  Otherwise, a circle at angle phi to that of i leaves the disc of radius rho about u* alone, so it meets the circle
  of i at a distance d from p with sin d >= tan(rho) tan(phi/2). Breakpoints err by e / sin(phi): those with
  sin(phi) > 2 sqrt(e / rho_0) are on the right side of p. The others are set aside and take the side of i: a disc of
  radius rho_0 has no room on the other side, between two circles at so small an angle.
* k >= 4 is not enumerated: `minnorm.verification.branching`. Nor are many points in a plane or in space, where strips
  (`minnorm.verification.strips`) or cones of all neurons are bounded tightly enough for what is to be proved.

Source: Edelsbrunner (1987), *Algorithms in Combinatorial Geometry*, for arrangements; Higham (2002), *Accuracy and
Stability of Numerical Algorithms*, for sums.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minnorm.solution import Scope
from minnorm.verification import branching, search, strips
from minnorm.verification.clock import ENDLESS, Clock, OutOfTime
from minnorm.verification.exact import UNIT, UP, gamma
from minnorm.verification.primal import lengths
from minnorm.verification.sweep import Circles, Field, Tally

_BLOCK = 1 << 17  # circles times points swept at once
_FIRST_LOOK = 4e-5  # seconds for each point, of the search that comes before branching
_MANY, _MANY_IN_SPACE = 2000, 100  # points; from there on planes are bounded by strips first, and space by cones
_STRIPS, _ROUGH = 1.0, 1e-2  # of the time of an enumeration, at most; closeness of a first look
_SEVERAL = 32  # points; many circles at once are worth the trouble
_DISC = 3e-5  # rho_0; 2 sqrt(e / rho_0) stays well below it for e = 64 eps
_ASIDE = 3.7e-5
_SIDES = np.array([1.0, -1.0])


@dataclass(frozen=True)
class Peak:
    """sup |g| lies in [lower, upper]."""

    lower: float
    upper: float
    scope: Scope


def bound(
    points: np.ndarray,
    weights: np.ndarray,
    affine: bool,
    starts: np.ndarray,
    clock: Clock = ENDLESS,
    *,
    tilt: np.ndarray | None = None,
    goal: Callable[[float], tuple[float, float]] = lambda lowest: (0.0, 0.0),
    patience: float = math.inf,
    elsewhere: bool = False,
) -> Peak | None:
    """sup |g + tilt . u| with z_j = s_j - s_i and all i if `affine`, else with z_j = s_j; None if it takes too long.

    Arguments: `points` s (n, k), `weights` (n,), `affine`, `starts` directions (m, k) worth trying, `clock`; `tilt`
    (k,) or None for 0, with one nothing is bounded for k > 3 if `affine`; above three dimensions `goal`, from a value
    of |g| that is attained to a bound and a closeness to it that are good enough, `patience` in seconds for a bound
    that does not come near, and whether such a one is improved `elsewhere`.
    """
    k = points.shape[1]
    lean = np.zeros(k) if tilt is None else tilt
    if not affine and np.any(lean):
        points, weights, lean = np.concatenate([points, _sides(lean)]), np.append(weights, _SIDES), np.zeros(k)
    n = len(points)
    if k == 0:
        return Peak(0.0, 0.0, "exact")
    if k == 1 and affine:
        return _on_a_line(points[:, 0], weights, float(lean[0]))
    tilted = bool(np.any(lean))
    if tilted and k > 3:
        return None  # branching takes no linear part where all kinks are at points
    size = lengths(points)
    rounding = (16 * n + 512) * UNIT * float(np.abs(weights) @ (size + np.max(size)) + 2 * lengths(lean[None])[0])
    takes = cost(n, k, affine) if k <= 3 else _FIRST_LOOK * n
    if k == 2 and affine and not tilted and n > _MANY:
        seconds = min(clock.left, _STRIPS * takes if takes < clock.left else math.inf)
        peak, enough = _striped(points, weights, rounding, clock.within(seconds), goal)
        if enough or takes > clock.left:
            return peak
    coned = k == 3 and affine and not tilted and n > _MANY_IN_SPACE
    if takes > clock.left and not coned:
        return None
    # A good start spares candidates; sweeping one circle for each point is quicker than looking for it.
    lowest = 0.0
    if k > 2:
        lowest = max(
            0.0,
            search.ascend(points, weights, affine, starts[:128], lean, clock=clock, randoms=32, rounds=25) - rounding,
        )
    if coned:
        seconds = min(clock.left, _STRIPS * takes if takes < clock.left else math.inf)
        target, close = goal(lowest)
        lower, upper = branching.by_cones(points, weights, lowest, clock.within(seconds), target=target, close=close)
        peak = Peak(max(lowest, lower - rounding), upper * UP, "bounded")
        if upper <= max(target, lowest * (1 + close)) or takes > clock.left:
            return peak
    if k > 3:
        target, close = goal(lowest)
        lower, upper = branching.bound(
            points,
            weights,
            affine,
            lowest,
            clock,
            target=target,
            close=close,
            patience=patience,
            elsewhere=elsewhere,
        )
        return Peak(max(lowest, lower - rounding), upper * UP, "bounded")
    try:
        peak = _enumerate(points, weights, affine, lean if tilted else lean[:0], lowest, clock)
    except OutOfTime:
        return None
    return Peak(peak.lower, peak.upper * (1 + (0.51 * _DISC**2 if k == 3 else 0.0)), "exact")


def _striped(
    points: np.ndarray,
    weights: np.ndarray,
    rounding: float,
    clock: Clock,
    goal: Callable[[float], tuple[float, float]],
) -> tuple[Peak, bool]:
    """What strips make of many points in a plane, and whether that is good enough."""
    lower, upper = strips.bound(points, weights, 0.0, clock, close=_ROUGH)
    target, close = goal(max(0.0, lower - rounding))
    if upper > target:
        lower, closer = strips.bound(points, weights, lower, clock, target=target, close=close)
        upper = min(upper, closer)
    return Peak(max(0.0, lower - rounding), upper * UP, "bounded"), upper <= max(target, lower * (1 + close))


def _enumerate(
    points: np.ndarray, weights: np.ndarray, affine: bool, tilt: np.ndarray, lowest: float, clock: Clock
) -> Peak:
    tally = Tally(lowest, lowest, clock)
    sides = _sides(tilt) if tilt.size else points[:0]
    weights = np.append(weights, _SIDES[: len(sides)])
    if not affine:
        _around(points, weights, tally)
    if affine and points.shape[1] == 2 and len(points) >= _SEVERAL and not len(sides):
        _around_all(points, weights, tally)
        return Peak(tally.lower, tally.upper * UP, "exact")
    for i, point in enumerate(points) if affine else ():
        tally.clock = clock.part(i, len(points))
        tally.clock.check()
        _around(np.concatenate([points - point, sides]), weights, tally)
    return Peak(tally.lower, tally.upper * UP, "exact")


def _sides(tilt: np.ndarray) -> np.ndarray:
    """The points of a linear part, of weights `_SIDES`."""
    return np.stack([tilt, -tilt])


def cost(n: int, k: int, affine: bool) -> float:
    """Seconds that the enumeration takes on one core for k <= 3, roughly: arcs times faces."""
    if affine and k == 2 and n >= _SEVERAL:
        return n * n * 5e-7
    pins = max(0, k - 2)
    each = 1e-3 + math.comb(n - 1 if affine else n, pins) * n * 3.0**pins * 2e-7
    return each * (n if affine else 1)


def _on_a_line(s: np.ndarray, weights: np.ndarray, tilt: float) -> Peak:
    """k = 1 and kinks at all points: sums over the points on either side, the side to which u points."""
    order = np.argsort(s, kind="stable")
    s, weights = s[order] - s[order[0]], weights[order]
    mass, moment = np.cumsum(weights), np.cumsum(weights * s)
    left = mass * s - moment
    right = (moment[-1] - moment) - (mass[-1] - mass) * s
    peak = float(max(np.max(np.abs(left - tilt)), np.max(np.abs(right + tilt))))
    error = (8 * len(s) + 64) * UNIT * float(np.abs(weights).sum() * s[-1] + abs(tilt))
    return Peak(peak - error, (peak + error) * UP, "exact")


def _around(z: np.ndarray, weights: np.ndarray, tally: Tally) -> None:
    """sup |sum_j nu_j relu(u . z_j)| over unit u; OutOfTime."""
    field = make_field(z, weights)
    if field is None:
        return
    n, k = field.z.shape
    if k == 1:
        for u in (1.0, -1.0):
            tally.note(abs(float(field.at(np.array([[u]]))[0])), field.error)
    elif k == 2:
        Circles(field, np.eye(2)[None], np.zeros((1, 0), dtype=int)).values(tally, np.array([field.error]))
    else:
        rows = max(1, _BLOCK // n)
        for i in range(0, n, rows):
            tally.clock.check(i / n)
            _cells(field, np.arange(i, min(n, i + rows)), tally)


def _around_all(s: np.ndarray, weights: np.ndarray, tally: Tally) -> None:
    """`_around` with z = s - s_i for all i, in the plane, many at once; OutOfTime."""
    clock, n = tally.clock, len(s)
    field = Field(s, weights, lengths(s), 0.0, 0.0)
    rows = max(1, _BLOCK // n)
    for i in range(0, n, rows):
        clock.check(i / n)
        pivots = s[i : i + rows]
        z = s[None] - pivots[:, None]
        total = lengths(z.reshape(-1, 2)).reshape(len(pivots), n) @ np.abs(weights) * (1 + gamma(n)) * UP
        frames, pins = np.broadcast_to(np.eye(2), (len(pivots), 2, 2)), np.zeros((len(pivots), 0), dtype=int)
        circles = Circles(field, frames, pins, parts=[z[:, :, 0].copy(), z[:, :, 1].copy()])
        circles.values(tally, (8 * n + 256) * UNIT * total)


def make_field(z: np.ndarray, weights: np.ndarray) -> Field | None:
    """Only the points off the pivot, and the error bound of everything that is summed over them."""
    size = lengths(z)
    live = size > 0
    if not np.any(live):
        return None
    z, weights, size = z[live], weights[live], size[live]
    total = float(np.abs(weights) @ size) * UP
    return Field(z, weights, size, total, (8 * len(z) + 256) * UNIT * total)


def _cells(field: Field, pins: np.ndarray, tally: Tally) -> None:
    frames = _frames(field.z[pins])
    pins = pins[:, None]
    error = np.full(len(pins), field.error)
    circles = Circles(field, frames, pins)
    circles.values(tally, error)
    circles.faces(tally, error)
    near = circles.radius <= _ASIDE * field.size
    crowded = np.flatnonzero(near.sum(axis=1) > 1)
    if crowded.size:
        Circles(field, frames[crowded], pins[crowded], _ASIDE).faces(tally, error[crowded])


def _frames(z: np.ndarray) -> np.ndarray:
    """Orthonormal (c, 3, 3), the last column z/|z|."""
    e = z / np.sqrt(np.sum(z * z, axis=1, keepdims=True))
    x, y, w = e.T
    sign = np.where(w < 0, -1.0, 1.0)
    a = -1 / (sign + w)
    b = x * y * a
    first = np.stack([1 + sign * x * x * a, sign * b, -sign * x], axis=1)
    second = np.stack([b, sign + y * y * a, -y], axis=1)
    return np.stack([first, second, e], axis=2)

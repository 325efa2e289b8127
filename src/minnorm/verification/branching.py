r"""sup |h| in any dimension, h(u, b) = sum_j nu_j relu(u . s_j + b), by branch and bound, stopped whenever one likes.

Two ways to split the space of (u, b) into cells share one inequality. On a cone of (u, b), for any theta_j in [0, 1],

    -|nu_j| relu(z_j) <= -|nu_j| theta_j z_j,      z_j = u . s_j + b,      where nu_j < 0,

so what is hard to bound are the points with nu_j > 0.

* On their **signs** (`native/branch.cpp`). Once these are known h is concave on the cone they define, and h is at most
  v . (u, b) with multipliers lambda_j >= 0 of the signs, so h <= |v_u| + |b| |v_b|; one that is open puts a chord in
  relu's place.
  Few points, whatever the dimension.
* On **simplicial cones** (`native/cones.cpp`) with vertices q_k, bisected at edges. relu is convex and homogeneous, so
  it lies below its values at the vertices, h <= sum_k a_k U_k at sum_k a_k q_k, and h <= |p| for any p with
  p . u_k >= U_k. Many points in few dimensions; a cell costs the points whose kinks cross it.

Theta, lambda and p are chosen in floating point by least squares, which by duality gives the maximum on a cell;
whichever numbers they are, only the last inequality is evaluated, with a bound of its rounding. So the bound holds
whenever the work is stopped, and points in special position do no harm. The first seconds say which of the two comes
down faster; where neither comes near, a relaxation of the whole (`lifting`) bounds it in any dimension, for this nu or,
where another one will do, for one that suits it (`loosened`).

The rows a . u >= 0 leave one of the images of u under the data's own reflections (`minnorm.verification.symmetry`).

Source: Bunel, Lu, Turkaslan, Torr, Kohli & Kumar (2020), *Branch and bound for piecewise linear neural network
verification*; Rockafellar (1970) for duality; Horst & Tuy (1996), *Global Optimization*, for simplicial cones.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from minnorm import _native
from minnorm.resources import cores
from minnorm.verification import lifting
from minnorm.verification.clock import ENDLESS, Clock
from minnorm.verification.primal import lengths
from minnorm.verification.symmetry import chamber

_CLOSE = 2.0**-34  # cells above the best value by less than this share of it are not looked into
_WIDEST = 6  # dimensions of cones: one begins with all orthants
_PILOTS = (0.3, 1.5)  # seconds for each way, before the better one goes on
_AGAIN, _LONGER, _ALIKE = 0.05, 3.0, 4.0  # of the time for a third run, seconds at least; a factor that does not decide
_FURTHER = 2  # times a pilot's fall, in its logarithm, is what a way is expected to do in the end
_COMING = 20.0  # times the best value, or less, is a bound that will come down to it
_NEAR = 3.0  # the same, now or expected, where something else bounds it within a factor
_SHARED = 0.4  # of the time left for branching that may come down, before something else
_FIRST = 0.75  # of the time left for branching where it comes down, before a relaxation
_LOOSE = 1.3  # times the best value, or less, is a bound that a relaxation does not improve
_RELAXED, _LONGEST = 0.4, 60.0  # of the time left for a relaxation where it does not come down; seconds


@dataclass(frozen=True)
class Spread:
    """sup |sum_j nu_j relu(u . s_j + b)| over |u| <= 1, rows . u >= 0, b = -u . s_i for some i if `affine`, else 0."""

    points: np.ndarray  # s, (n, k)
    weights: np.ndarray  # nu, (n,)
    rows: np.ndarray  # (m, k)
    affine: bool


@dataclass(frozen=True)
class Between:
    """The supremum is in [lower, upper]; `closed` where nothing is left to do."""

    lower: float
    upper: float
    closed: bool = False

    def narrowed(self, other: "Between") -> "Between":
        """By what another way knows."""
        return Between(max(self.lower, other.lower), min(self.upper, other.upper), self.closed or other.closed)


class Way(Protocol):
    """Bounds a supremum from what is known of it, down to `target` or `close` to it, within some seconds."""

    def __call__(self, spread: Spread, known: Between, target: float, close: float, seconds: float) -> Between:
        """What is known then."""
        ...


def bound(
    points: np.ndarray,
    weights: np.ndarray,
    affine: bool,
    lower: float,
    clock: Clock = ENDLESS,
    *,
    target: float = 0.0,
    close: float = _CLOSE,
    patience: float = math.inf,
    elsewhere: bool = False,
) -> tuple[float, float]:
    """(lower, upper) of sup |h| over |u| <= 1 and b = -u . s_i for some i if `affine`, else b = 0.

    Arguments: `points` s (n, k); `weights` nu (n,); `affine`; `lower`, a value of |h| or 0; `clock`; `target` and
    `close`, a bound and a share of the supremum that are good enough where these take more than a moment; `patience` in
    seconds for one that does not come near; `elsewhere`, whether such a one is improved by other means, which are left
    the time. The upper bound is rigorous, the lower one right up to rounding.
    """
    points, weights = np.ascontiguousarray(points, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    spread = Spread(points, weights, np.ascontiguousarray(chamber(points, weights, clock)), affine)
    known = Between(lower, _at_most(points, weights, affine))
    clock = clock.within(patience)
    ways: list[Way] = [_by_signs] + ([_by_cones] if points.shape[1] <= _WIDEST else [])
    uppers = [[known.upper] for _ in ways]
    for pilot in (*_PILOTS, _AGAIN * clock.left):
        if len(uppers[0]) > len(_PILOTS) and (pilot < _LONGER or not _alike(_expected(uppers))):
            break
        for way, seen in zip(ways, uppers, strict=True):
            if clock.left <= 0:
                return known.lower, known.upper
            found = way(spread, known, 0.0, _CLOSE, min(pilot, clock.left))
            known = known.narrowed(found)
            seen.append(min(found.upper, seen[0]))
            if known.closed:
                return known.lower, known.upper
    expected = _expected(uppers)
    best = ways[int(np.argmin(expected))]
    left = max(clock.left, 0.0)
    if elsewhere:
        near, few = min(known.upper, *expected) <= _NEAR * known.lower, points.shape[1] <= _WIDEST
        if near or (few and known.upper <= _COMING * known.lower):
            share = _FIRST if near else _SHARED
            known = known.narrowed(best(spread, known, target, close, share * left))
        return known.lower, known.upper
    if known.upper <= _COMING * known.lower:
        known = known.narrowed(best(spread, known, target, close, _FIRST * left))
        known = _relaxed(spread, known, target, clock)
    else:
        known = _relaxed(spread, known, target, clock.within(min(_RELAXED * left, _LONGEST)))
        if math.isinf(patience) and clock.left > 0:
            known = known.narrowed(best(spread, known, target, close, clock.left))
    return known.lower, known.upper


def _expected(uppers: list[list[float]]) -> list[float]:
    """What each way is expected to come down to, from its bounds so far."""
    return [seen[-1] * (seen[-1] / seen[-2]) ** _FURTHER for seen in uppers]


def _alike(expected: list[float]) -> bool:
    """Whether there are two ways of which neither is much better: the runs were short, or the processor is shared."""
    return len(expected) > 1 and max(expected) <= _ALIKE * min(expected)


def by_cones(
    points: np.ndarray, weights: np.ndarray, lower: float, clock: Clock, *, target: float, close: float
) -> tuple[float, float]:
    """(lower, upper) as `bound` has them, `affine`, by cones alone: for many points in few dimensions."""
    points, weights = np.ascontiguousarray(points, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    spread = Spread(points, weights, np.ascontiguousarray(chamber(points, weights, clock)), True)
    found = _by_cones(spread, Between(lower, _at_most(points, weights, True)), target, close, max(0.0, clock.left))
    return found.lower, found.upper


def _at_most(points: np.ndarray, weights: np.ndarray, affine: bool) -> float:
    """sum |nu_j| max |z_j| over all (u, b)."""
    size = lengths(points)
    reach = float(np.max(size, initial=0.0)) if affine else 0.0
    return float(np.abs(weights) @ (size + reach)) * (1 + 1e-9) + 2.0**-400


def _relaxed(spread: Spread, known: Between, target: float, clock: Clock) -> Between:
    """By a relaxation of the whole, where that is of use."""
    if known.closed or known.upper <= _LOOSE * known.lower:
        return known
    enough = max(target, known.lower)
    upper = lifting.bound(spread.points, spread.weights, spread.affine, clock, enough)
    return known.narrowed(Between(known.lower, upper))


def _by_signs(spread: Spread, known: Between, target: float, close: float, seconds: float) -> Between:
    clock, lower, upper, closed = ENDLESS.within(seconds), known.lower, 0.0, True
    for sign, share in ((1.0, 0.5), (-1.0, 1.0)):
        lower, above, _, ended = _native.branch(
            spread.points,
            sign * spread.weights,
            spread.rows,
            spread.affine,
            lower,
            target,
            close,
            len(cores()),
            max(0.0, share * clock.left),
        )
        upper, closed = max(upper, above), closed and ended
    return Between(lower, upper, closed and upper <= max(target, lower * (1 + 4 * close)))


def _by_cones(spread: Spread, known: Between, target: float, close: float, seconds: float) -> Between:
    lower, upper, _, closed, _ = _native.cover(
        spread.points,
        spread.weights,
        spread.rows,
        spread.affine,
        known.lower,
        target,
        close,
        len(cores()),
        seconds,
    )
    return Between(lower, upper, closed)

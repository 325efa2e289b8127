"""Penalised biases on the line, free terms free: the dual is a chain of angles, solved exactly from left to right.

With t = tan(angle) the function sqrt(1 + t^2), which a unit of f'' at t costs, becomes 1 and lines become sinusoids:
a dual function that is z_i = sqrt(1 + x_i^2) cos(a_i) at the points, and linear between them, stays below
sqrt(1 + t^2) on [x_i, x_{i+1}] just if a_i + a_{i+1} >= arctan x_{i+1} - arctan x_i, and above -sqrt(1 + t^2) just
if the same holds for pi - a_i and pi - a_{i+1}.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

_NOTHING = np.zeros(0)


@dataclass(frozen=True)
class Angles:
    """The optimal angles: `up` a_i and `down` pi - a_i (n,), the smaller accurate; `kinks` (n - 1,) bind.

    kinks[i] is 1 where a_i + a_{i+1} is as small as cell i allows, -1 where the same holds for pi - a, else 0.
    """

    up: Float[np.ndarray, " n"]
    down: Float[np.ndarray, " n"]
    kinks: Float[np.ndarray, " n-1"]

    @property
    def cosines(self) -> Float[np.ndarray, " n"]:
        """cos(a_i)."""
        return np.where(self.up < self.down, np.cos(self.up), -np.cos(self.down))

    @property
    def touching(self) -> Bool[np.ndarray, " n"]:
        """Where a_i is 0 or pi."""
        return (self.up == 0) | (self.down == 0)


def spreads(x: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n-1"]:
    """arctan x_{i+1} - arctan x_i, without cancellation."""
    return np.arctan2(np.diff(x), 1 + x[:-1] * x[1:])


def solve(weights: Float[np.ndarray, " n"], spread: Float[np.ndarray, " n-1"]) -> Angles:
    r"""The angles of the dual of penalised biases, by dynamic programming.

        max sum_i D_i cos a_i    s.t.    a_i + a_{i+1} >= d_i,  (pi - a_i) + (pi - a_{i+1}) >= d_i,  0 <= a_i <= pi

    with a_1 = a_n = pi/2. The best sum up to i is a function of a_i whose derivative is a sinusoid on each of a few
    intervals: a step reflects those beyond its maximum, and adds D_i cos. So nothing is approximated.

    Arguments: `weights` D (n,), of which the first and last do not matter; `spread` d (n - 1,), positive, of sum below
    pi. O(n) steps, each as long as the run of turns of one sign makes the list of intervals; in practice O(n).

    >>> solve(np.array([0.0, 1.0, 2.0, 0.0]), np.array([0.5, 0.5, 0.5])).up.round(4)
    array([1.5708, 0.3349, 0.1651, 1.5708])

    Source: the recursion is that of Johnson (2013), *A dynamic programming algorithm for the fused lasso*, with
    sinusoids for its parabolas.
    """
    n = spread.size + 1
    left, right = _Side(math.pi / 2, _NOTHING, _NOTHING), _Side(math.pi / 2, _NOTHING, _NOTHING)
    best = [(math.pi / 2, math.pi / 2)]
    for d, weight in zip(spread[:-1].tolist(), weights[1:-1].tolist(), strict=True):
        up, down = best[-1]
        left, right = left.passed(right, up, d), right.passed(left, down, d)
        left, right = left.tilted(weight), right.tilted(-weight)
        best.append(_summit(left, right, weight))
    up, down, kinks = np.empty(n), np.empty(n), np.zeros(n - 1)
    up[-1] = down[-1] = math.pi / 2
    for i in range(n - 2, -1, -1):
        up[i], down[i] = best[i]
        # A maximum at the end of an interval binds exactly, up to rounding.
        least = spread[i] * (1 + 1e-15)
        if up[i] + up[i + 1] < least:
            up[i] = spread[i] - up[i + 1]
            down[i], kinks[i] = math.pi - up[i], 1.0
        elif down[i] + down[i + 1] < least:
            down[i] = spread[i] - down[i + 1]
            up[i], kinks[i] = math.pi - down[i], -1.0
    return Angles(up, down, kinks)


@dataclass(frozen=True)
class _Side:
    """The derivative of the best sum near one end, in the angle from that end.

    It is Re(c exp(-i a)) between consecutive `ends`, with c from `waves`, from `start` on; beyond the last end only
    the newest sinusoid is left, Re(c exp(-i a)) with c = -1j * `weight`.
    """

    start: float
    ends: np.ndarray
    waves: np.ndarray
    weight: float = 0.0

    @property
    def reach(self) -> float:
        """Where the intervals end."""
        return float(self.ends[-1]) if self.ends.size else self.start

    def tilted(self, weight: float) -> "_Side":
        """With weight * cos(angle) added to the sum."""
        return _Side(self.start, self.ends, self.waves - 1j * weight if self.ends.size else self.waves, weight)

    def passed(self, other: "_Side", best: float, d: float) -> "_Side":
        """This side at the next point: what lies from the maximum at `best` to d, reflected; `other` is opposite."""
        top = math.pi - other.start  # no angle is larger
        start = max(0.0, d - top)
        if best >= min(d, top):
            return _Side(start, _NOTHING, _NOTHING)
        ends, waves = self.ends, self.waves
        if self.reach < d:
            ends, waves = np.append(ends, math.pi - other.reach), np.append(waves, -1j * self.weight)
        if math.pi - other.reach < d:
            # The opposite intervals, in the angle from this end.
            ends = np.append(ends, math.pi - np.append(other.start, other.ends[:-1])[::-1])
            waves = np.append(waves, np.conj(other.waves[::-1]))
        first, last = np.searchsorted(ends, best, side="right"), np.searchsorted(ends, min(d, top), side="left")
        begins = np.append(best, ends[first:last])
        waves = waves[first : last + 1]
        return _Side(start, (d - begins)[::-1], -np.conj(waves[::-1]) * complex(math.cos(d), math.sin(d)))

    def summit(self) -> float:
        """Where the derivative, positive before and negative behind, has its zero, for weight > 0."""
        if self.ends.size == 0:
            return self.start
        at_ends = np.real(self.waves * np.exp(-1j * self.ends))
        k = int(np.argmax(at_ends <= 0)) if np.any(at_ends <= 0) else self.ends.size
        begin = float(self.ends[k - 1]) if k else self.start
        if k == self.ends.size:
            return begin
        # Re(c exp(-i a)) = Re(c) cos a + Im(c) sin a falls through zero here; arg(c) + pi/2 would lose small angles.
        zero = math.atan2(self.waves[k].real, -self.waves[k].imag)
        return min(max(zero, begin), float(self.ends[k]))


def _summit(left: _Side, right: _Side, weight: float) -> tuple[float, float]:
    """The angle of the largest sum and its distance from pi."""
    if weight > 0:
        a = left.summit()
        return a, math.pi - a
    if weight < 0:
        b = right.summit()
        return math.pi - b, b
    a = min(max(math.pi / 2, left.reach), math.pi - right.reach)
    return a, math.pi - a

"""The inequalities of the dual on the line, for losses that are no squares: slacks, multipliers and their steps."""

import numpy as np

from minnorm.objective.separable import Separable
from minnorm.solve.univariate.banded import Box

_START = 1e-2  # of the way from 0 to an end of the domain that 0 is not inside of
_APART = 0.1  # of a slope: the parts of nu where it is 0


class Sides:
    """The box of z and p, the ends of the intervals in which nu is, and the two parts of a nu that has a kink at 0.

    `start` (n,) is a dual vector inside of them; slacks and multipliers are rows of all, in this order.
    """

    def __init__(self, loss: Separable, inner: int, skip: bool) -> None:
        self.loss, self.box = loss, Box(inner, skip)
        low, high = loss.domain
        self.high, self.low = np.flatnonzero(np.isfinite(high)), np.flatnonzero(np.isfinite(low))
        self.kinked = bool(np.any(loss.kink))
        self.start = nu = inside(low, high)
        # Where L* is linear in its pieces, values do not depend on nu, and each side may take steps of its own.
        self.together = bool(np.any(loss.curvature(nu)))
        parts = [1 - self.box.rise(np.zeros(inner), 0.0), (high - nu)[self.high], (nu - low)[self.low]]
        if self.kinked:
            room = _APART * (np.abs(nu) + loss.rate * np.abs(loss.scale))
            parts += [np.maximum(nu, 0) + room, np.maximum(-nu, 0) + room]
        n = nu.size
        self._sizes = np.cumsum([parts[0].size, self.high.size, self.low.size, n * self.kinked])
        self.slack = np.concatenate(parts)
        self.mass = max(loss.value(np.zeros(n)), 1e-300) / self.slack.size / self.slack
        if self.kinked:
            self.mass[-2 * n :] = np.tile(loss.kink, 2)

    def of_box(self, row: np.ndarray) -> np.ndarray:
        """The entries of the box."""
        return row[: self._sizes[0]]

    def weight(self, mass: np.ndarray) -> np.ndarray:
        """How large turns at the inner knots may be by their multipliers."""
        return np.sum(mass[: self.box.rows * self.box.inner].reshape(self.box.rows, -1), axis=0)

    def values(self, nu: np.ndarray, mass: np.ndarray) -> np.ndarray:
        """The values f (n,) that a dual vector and multipliers make."""
        _, high, low, first, second = self._split(mass)
        f = self.loss.values_of(nu) - self._spread(high, self.high) + self._spread(low, self.low)
        return f - 0.5 * (second - first) if self.kinked else f

    def bent(self, nu: np.ndarray, ratio: np.ndarray) -> np.ndarray:
        """The curvature (n,) in nu, for these multipliers over slacks."""
        _, high, low, first, second = self._split(ratio)
        bent = self.loss.curvature(nu) + self._spread(high, self.high) + self._spread(low, self.low)
        if self.kinked:
            self._stiff = 1 / (1 / first + 1 / second)
            bent = bent + self._stiff
        return bent

    def pushed(self, move: np.ndarray, ratio: np.ndarray) -> np.ndarray:
        """What a `move` of the multipliers does to f (n,)."""
        _, high, low, first, second = self._split(move)
        *_, of_first, of_second = self._split(ratio)
        pushed = self._spread(high, self.high) - self._spread(low, self.low)
        if self.kinked:
            self._apart = first / of_first, second / of_second, of_first, of_second
            pushed = pushed + self._stiff * (self._apart[1] - self._apart[0])
        return pushed

    def fall(self, z: np.ndarray, p: float, step: np.ndarray) -> np.ndarray:
        """The fall of all slacks in a step of z and p and one of nu, after `pushed`."""
        fall = [self.box.rise(z, p), step[self.high], -step[self.low]]
        if self.kinked:
            first, second, of_first, of_second = self._apart
            force = self._stiff * (step - first + second)
            fall += [-(first + force / of_first), -(second - force / of_second)]
        return np.concatenate(fall)

    def _split(self, row: np.ndarray) -> list[np.ndarray]:
        """Of the box, of high and low ends, of the two parts."""
        return np.split(row, self._sizes)

    def _spread(self, part: np.ndarray, places: np.ndarray) -> np.ndarray:
        whole = np.zeros(self.start.size)
        whole[places] = part
        return whole


def inside(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """A vector of sum 0 inside the intervals, each of which has 0 inside or at an end."""
    up, down = low >= 0, high <= 0
    if not (np.any(up) or np.any(down)):
        return np.zeros(low.size)
    room = np.minimum(np.where(np.isfinite(high - low), high - low, 1.0), 1.0)
    nu = np.where(up, room, np.where(down, -room, 0.0))
    above, below = float(np.sum(nu[up])), -float(np.sum(nu[down]))
    if above == 0 or below == 0:
        return np.zeros(low.size)
    least = min(above, below)
    return _START * np.where(up, nu * least / above, nu * least / below)

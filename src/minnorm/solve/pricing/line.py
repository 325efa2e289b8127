"""Pricing on the line with penalised biases, in coordinates that are centred and scaled: exact, in O(n)."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from minnorm.known.univariate.angles import spreads
from minnorm.solve.pricing.oracle import Atoms

_ROUNDING = 8 * np.finfo(float).eps
_FAR = 100.0  # lengths from the origin: there multiples of x are nearly constant


@dataclass(frozen=True)
class LinePricer:
    r"""The atoms relu(p t + q) of points x = `centre` + `length` t that a dual vector violates.

        cost(p, q) = length |(w, b)| / (stretch unit),    w = p / length,   b = q - w centre

    where stretch = sqrt(1 + centre^2), so that a kink near the centre costs about 1 if `unit` is 1. An atom with its
    knot at x is at the angle of x, arctan x less that of the centre; between neighbouring points h over the cost is a
    sinusoid of that angle, and so it is on the
    neurons that are active at all points: A cos + B sin there. `constant` and `linear` say whether constants and
    multiples of x cost nothing: then nu is orthogonal to them, whatever rounding says.
    """

    x: Float[np.ndarray, " n"]
    centre: float
    length: float
    constant: bool
    linear: bool
    unit: float = 1.0

    @property
    def cheap(self) -> bool:
        """It takes O(n) operations."""
        return True

    @cached_property
    def stretch(self) -> float:
        """What a unit of slope costs at the centre."""
        return math.hypot(1.0, self.centre)

    @property
    def radius(self) -> float:
        """The cost here of an atom that costs 1 in terms of x."""
        return self.length / self.stretch / self.unit

    @cached_property
    def points(self) -> Float[np.ndarray, " n"]:
        """t."""
        return (self.x - self.centre) / self.length

    @cached_property
    def _knot_costs(self) -> np.ndarray:
        return np.hypot(1.0, self.x) / self.stretch

    @cached_property
    def _angles(self) -> np.ndarray:
        return np.arctan2(self.x - self.centre, 1 + self.x * self.centre)

    @cached_property
    def _spread(self) -> np.ndarray:
        return spreads(self.x)

    def cost(self, weights: Float[np.ndarray, "k 1"], biases: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """What one unit of outer weight costs."""
        w = weights[:, 0] / self.length
        return np.hypot(w, biases - w * self.centre) * self.radius

    def decide(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> None:
        """Nothing is left to decide."""

    def price(self, nu: np.ndarray, weights: np.ndarray, biases: np.ndarray, deadline: float = math.inf) -> Atoms:
        """The best knots at points and between them, and the best neuron that is active at all points."""
        gaps = np.diff(self.points)
        ahead = np.append(np.cumsum(np.cumsum(nu[::-1])[:-1] * gaps[::-1])[::-1], 0.0)
        behind = np.append(0.0, np.cumsum(np.cumsum(nu)[:-1] * gaps))
        found = [part for facing, h in ((1.0, ahead), (-1.0, behind)) for part in self._knots(facing, h)]
        found += self._active(nu)
        rows = np.concatenate([np.stack(part, axis=1) for part in found])
        rows = rows[np.argsort(-np.abs(rows[:, 2]), kind="stable")]
        rows *= self.unit
        return Atoms(np.ascontiguousarray(rows[:, :1]), rows[:, 1].copy(), rows[:, 2].copy())

    def _knots(self, facing: float, h: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(p, q, h) of neurons with their knot at a point, and at the summits between points."""
        height = h / self._knot_costs
        parts = [(facing / self._knot_costs, -facing * self.points / self._knot_costs, height)]
        d = self._spread
        with np.errstate(divide="ignore", invalid="ignore"):  # angles too small to tell apart have no summit between
            slope = (height[1:] - height[:-1] * np.cos(d)) / np.sin(d)
        sign = np.where(height[:-1] + height[1:] >= 0, 1.0, -1.0)
        top = np.arctan2(sign * slope, sign * height[:-1])
        k = np.flatnonzero((top > 0) & (top < d))
        if k.size:
            x, sine, cosine = self.x[k], np.sin(top[k]), np.cos(top[k])
            step = np.hypot(1, x) * (np.hypot(1, x) * sine) / (cosine - x * sine)
            cost = np.hypot(1.0, x + step) / self.stretch
            at = self.points[k] + step / self.length
            parts.append((facing / cost, -facing * at / cost, sign[k] * np.hypot(slope[k], height[k])))
        return parts

    def _active(self, nu: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The best neuron active at all points, if its knot is beyond them; but for terms that are free."""
        a, b = self.affine(nu)
        size = math.hypot(a, b)
        if size == 0:
            return []
        first, last = float(self._angles[0]), float(self._angles[-1])
        high = math.atan2(1.0, self.centre)
        peak, value = math.atan2(b, a), size
        # Angles that differ by pi are one neuron and its opposite.
        while peak <= last:
            peak, value = peak + math.pi, -value
        while peak > last + math.pi:
            peak, value = peak - math.pi, -value
        if not peak < first + math.pi:
            return []
        facing = -1.0
        if peak > high:
            facing, peak, value = 1.0, peak - math.pi, -value
        p = facing * (math.cos(peak) - self.centre * math.sin(peak))
        q = -facing * self.stretch**2 * math.sin(peak) / self.length
        # A constant, or a multiple of x, would drown what it is but for that.
        if self.linear and abs(self.centre) > _FAR * self.length:
            p -= q * self.length / self.centre
            p /= 1 + float(self.points[0 if p > 0 else -1]) * self.length / self.centre
        if self.constant or (self.linear and abs(self.centre) > _FAR * self.length):
            q = -p * float(self.points[0 if p > 0 else -1])
        return [(np.array([p]), np.array([q]), np.array([facing * value]))]

    def affine(self, nu: Float[np.ndarray, " n"]) -> tuple[float, float]:
        """(A, B) of a dual vector, B no smaller than what rounding makes of 0."""
        if self.constant and self.linear:
            return 0.0, 0.0
        total, moment = math.fsum(nu.tolist()), math.fsum((nu * self.points).tolist())
        if self.constant:
            return moment, -moment * self.centre
        if self.linear:
            return -total * self.centre / self.length, -total / self.length
        lever = self.stretch**2 / self.length
        b = -(moment * self.centre + total * lever)
        noise = _ROUNDING * float(np.sum(np.abs(nu))) * lever
        return moment, math.copysign(max(abs(b) - noise, 0.0), b)

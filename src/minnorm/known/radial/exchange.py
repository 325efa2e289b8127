"""The extremal measure of a radial bump by a Remez exchange in as many digits as it takes, in every dimension.

For nodes s_0 < ... < s_m in [plateau, 1] the measures on them that belong to a function vanishing outside the unit ball
form a line. With s = cos t and w = 1 (d odd) or sin t (d even) it is spanned by

    a_i = 1 / (w(t_i) prod_{j != i} (s_i^2 - s_j^2)),      m = (d + 1) / 2 (d odd) or d / 2 (d even)

so every choice of nodes bounds the norm from above. In even dimension the function's measure goes on outside the
ball, with the density - x / (pi sqrt(x^2 - 1)) sum_i sin(t_i) a_i / (x^2 - s_i^2): minus the balayage of the atoms.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.known.radial.curve import RadialCurve, precision
from minnorm.known.radial.proof import largest_value

_EXTRA = 12  # decimal digits carried beyond those asked for


@dataclass(frozen=True)
class ExtremalMeasure:
    """The measure of least norm for a bump of radius 1, with the curve that proves it.

    `nodes` (k,) in [plateau, 1], ascending, and `masses` (k,), signed, those at s and -s together; `norm` their
    absolute sum plus that of `tail_mass`, the signed mass outside the ball; `decimal_bounds` enclose the norm to
    `digits` digits; `exact` are nodes and masses as rationals.
    """

    nodes: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    norm: float
    digits: int
    decimal_bounds: tuple[Decimal, Decimal]
    exact: tuple[tuple[Fraction, Fraction], ...]
    tail_mass: float
    error_curve: RadialCurve

    @cached_property
    def norm_bounds(self) -> tuple[float, float]:
        """Proven bounds of the norm, rounded outwards to float64."""
        low, high = self.decimal_bounds
        below, above = float(low), float(high)
        below = below if Decimal(below) <= low else math.nextafter(below, 0.0)
        return below, above if Decimal(above) >= high else math.nextafter(above, math.inf)

    def curve(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """phi(|s|), the sign of the tail for |s| >= 1 in even dimension."""
        s = np.abs(np.asarray(s, dtype=np.float64))
        curve, context = self.error_curve, self.error_curve.context
        flat = np.minimum(s, 1.0).ravel().tolist()
        scale = context.mpf(2) ** curve.bits
        values = curve([int(context.acos(context.mpf(v)) * scale) for v in flat])
        return np.array([float(Fraction(int(v), 1 << curve.bits)) for v in values]).reshape(s.shape)


def extremal_measure(dim: int, plateau: float, outer: float = math.inf, digits: int = 16) -> ExtremalMeasure:
    """The exchange: nodes move to the extrema of their own levelled curve until the level stops changing."""
    # The norm and the coefficients grow like the power (dim / 2) of this.
    growth = (dim + 1) / 2 * math.log10((1 + plateau) / (1 - plateau))
    decimals = digits + _EXTRA + growth + 2 * math.log10(dim + 1) - math.log10(1 - plateau) + 3
    bits = int(3.33 * (decimals + 8)) + 80
    exchange = _Exchange(dim, plateau, outer, bits)
    t = exchange.first_nodes()
    curve = exchange.levelled(t)
    for _ in range(100):
        t, before = exchange.extrema(curve, t), curve.level
        curve = exchange.levelled(t)
        if abs(curve.level - before) * 10 ** (digits + 2) <= curve.level:
            break
    return exchange.result(t, curve, digits)


class _Exchange:
    """Quantities of nodes t, a descending list of mpmath numbers from arccos(plateau)."""

    def __init__(self, dim: int, plateau: float, outer: float, bits: int) -> None:
        self.dim, self.plateau, self.outer, self.bits = dim, plateau, outer, bits
        self.even = dim % 2 == 0
        self.context = c = precision(bits)
        self.count = dim // 2 + 1 if self.even else (dim + 3) // 2
        self.sign = 1 if dim % 4 == 0 else -1
        # Rounded inwards, so that no node leaves [plateau, 1].
        self.last = c.ldexp(int(c.acos(c.mpf(plateau)) * c.mpf(2) ** bits) - 1, -bits)
        self.root = c.sqrt((1 - c.mpf(plateau)) * (1 + c.mpf(plateau)))
        steps = 16 * self.count
        self.grid = [self.last, *(self._at(i, steps) for i in range(1, steps)), c.zero]

    def _at(self, i: int, steps: float | int) -> Any:
        c = self.context
        return c.asin(self.root * c.cos(c.pi * i / (2 * steps)))

    def first_nodes(self) -> list[Any]:
        steps = self.count - (0.5 if self.even else 1)
        inner = [self._at(i, steps) for i in range(1, self.count)]
        return [self.last, *inner] if self.even else [self.last, *inner[:-1], self.context.zero]

    def masses(self, t: list[Any]) -> list[Any]:
        """The a_i, unscaled, with int K da > 0."""
        c = self.context
        square = [c.sin(v) ** 2 for v in t]
        out = []
        for i, here in enumerate(square):
            # s_i^2 - s_j^2 = sin^2 t_j - sin^2 t_i, of size about a quarter of the span.
            product = c.sqrt(here) if self.even else c.one
            for j, there in enumerate(square):
                if j != i:
                    product *= 4 * (there - here) / self.root**2
            out.append(1 / product)
        total = sum(a * self._kernel(v) for a, v in zip(out, t, strict=True))
        return [a * (1 if total > 0 else -1) for a in out]

    def level(self, t: list[Any]) -> tuple[Any, Any, list[Any]]:
        """The level of the nodes' curve, their measure's norm, and the measure, scaled to f(0) = 1."""
        a = self.masses(t)
        total = sum(m * self._kernel(v) for m, v in zip(a, t, strict=True))
        a = [m / total for m in a]
        swept = sum(m * self._swept(v) for m, v in zip(a, t, strict=True))
        size = sum(abs(m) for m in a)
        return size - self.sign * swept, size + abs(swept), a

    def levelled(self, t: list[Any]) -> RadialCurve:
        """The curve that takes the values +-1, the signs of the measure, at the nodes."""
        c = self.context
        level, _, a = self.level(t)
        weights = [m * c.sin(v) if self.even else m for m, v in zip(a, t, strict=True)]
        values = [
            (self.sign * self._swept(v) + level * self._kernel(v) - c.sign(m)) / (c.sin(v) if self.even else 1)
            for m, v in zip(a, t, strict=True)
        ]
        square = [c.cos(v) ** 2 for v in t]
        count = self.count - 1
        sampled = []
        for j in range(count):
            u = c.cos((j + c.mpf(0.5)) * c.pi / (2 * count)) ** 2
            near = [i for i, v in enumerate(square) if v == u]
            parts = [c.one if near else w / (u - v) for w, v in zip(weights, square, strict=True)]
            mean = sum(p * q for p, q in zip(parts, values, strict=True)) / sum(parts)
            sampled.append(values[near[0]] if near else mean)
        b = self._coefficients(sampled)
        scale = c.mpf(2) ** self.bits
        return RadialCurve(
            self.dim, self.plateau, self.outer, self.bits, int(level * scale), tuple(int(v * scale) for v in b)
        )

    def extrema(self, curve: RadialCurve, t: list[Any]) -> list[Any]:
        """One extremum in the window of each node but those at the ends, by a scan and Newton's method."""
        c = self.context
        scale = c.mpf(2) ** self.bits
        grid = [int(v * scale) for v in self.grid]
        values = curve(grid)
        own = [int(v * scale) for v in t]
        signs = [1 if v > 0 else -1 for v in curve(own)]
        edges = [(x + y) // 2 for x, y in pairwise(own)] + ([0] if self.even else [])
        inner = range(1, len(t) if self.even else len(t) - 1)
        found = []
        for i in inner:
            inside = [j for j, v in enumerate(grid) if edges[i] <= v <= edges[i - 1]]
            best = max(inside, key=lambda j, i=i: signs[i] * values[j], default=None)
            found.append(own[i] if best is None else grid[best])
        for _ in range(self.bits.bit_length()):
            terms = curve.taylor(found, 2)
            for k, i in enumerate(inner):
                _, slope, bend = (int(v) for v in terms[k])
                if bend * signs[i] < 0:
                    step = -(slope << self.bits) // (2 * bend * curve.frequency)
                    reach = (edges[i - 1] - edges[i]) // 8
                    found[k] += max(-reach, min(reach, step))
                    found[k] = max(edges[i], min(edges[i - 1], found[k]))
        out = [self.last, *(c.ldexp(v, -self.bits) for v in found)]
        return out if self.even else [*out, c.zero]

    def result(self, t: list[Any], curve: RadialCurve, digits: int) -> ExtremalMeasure:
        """The measure with both bounds; rounding errors stay below the margin of the upper one by orders."""
        c = self.context
        t = [c.ldexp(int(v * c.mpf(2) ** self.bits), -self.bits) for v in t]
        ends = [int(v * c.mpf(2) ** self.bits) for v in t]
        greatest = largest_value(curve, ends, ends[0], 10.0 ** -(digits + 8))
        _, high, a = self.level(t)
        upper = self._fraction(high) * (1 + Fraction(1, 10 ** (digits + 6)))
        lower = Fraction(curve.level, 1 << curve.bits) / greatest if greatest else Fraction(0)
        if not upper * (1 - Fraction(1, 10**digits)) <= lower:
            raise RuntimeError(
                f"dim {self.dim}, plateau {self.plateau}, outer {self.outer}: no proof of {digits} digits, only that "
                f"the norm is between {float(lower)} and {float(upper)}; please report this, and try more digits"
            )
        tail = -sum(m * self._swept(v) for m, v in zip(a, t, strict=True))
        exact = tuple((self._fraction(c.cos(v)), self._fraction(m)) for v, m in zip(t, a, strict=True))
        nodes = np.array([float(s) for s, _ in exact])
        nodes[0] = self.plateau
        return ExtremalMeasure(
            nodes,
            np.array([float(m) for _, m in exact]),
            float(high),
            digits,
            (_decimal(lower, digits + 2, ROUND_FLOOR), _decimal(upper, digits + 2, ROUND_CEILING)),
            exact,
            float(tail),
            curve,
        )

    def _kernel(self, t: Any) -> Any:
        c = self.context
        return t * c.cos(t) / c.pi if self.even else c.cos(t) / 2

    def _swept(self, t: Any) -> Any:
        """The share of an atom's balayage in 1 <= |x| <= outer."""
        c = self.context
        if not self.even:
            return c.zero
        if math.isinf(self.outer):
            return c.one
        return 1 - 2 * c.atan(c.sin(t) / c.sqrt(c.mpf(self.outer) ** 2 - 1)) / c.pi

    def _coefficients(self, sampled: list[Any]) -> list[Any]:
        """b of w q from values of q at the zeros of a Chebyshev polynomial in cos(2 t)."""
        c, count = self.context, len(sampled)
        turn = [c.cos(c.pi * k / (2 * count)) for k in range(4 * count)]
        series = [
            2 * sum(q * turn[(2 * j + 1) * k % (4 * count)] for j, q in enumerate(sampled)) / count
            for k in range(count)
        ]
        series[0] /= 2
        if not self.even:
            return series
        # 2 sin(t) cos(2 k t) = sin((2 k + 1) t) - sin((2 k - 1) t).
        out = [v / 2 for v in series]
        out[0] *= 2
        for k in range(1, count):
            out[k - 1] -= series[k] / 2
        return out

    @staticmethod
    def _fraction(value: Any) -> Fraction:
        sign, mantissa, exponent, _ = value._mpf_
        return Fraction(-mantissa if sign else mantissa) * Fraction(2) ** exponent


def _decimal(value: Fraction, digits: int, rounding: str) -> Decimal:
    context = Context(prec=digits, rounding=rounding)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))

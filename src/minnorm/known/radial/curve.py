"""The error curve of a bump's best approximation, in integers, and a proof of how large it gets.

With s = cos t the curve of the radial bump in dimension d is

    phi(t) = c(t) + lam K(t) - sum_k b_k e_k(t),        0 <= t <= arccos(plateau)

    d odd:   c = 0,    K = cos(t) / 2,       e_k = cos(k t),  k = 0, 2, ..., d - 1
    d even:  c = (-1)^(d/2) (1 - (2/pi) atan(sin(t) / W)),  K = t cos(t) / pi,  e_k = sin(k t),  k = 1, 3, ..., d - 1

where W^2 = outer^2 - 1. All numbers are integers times 2^-bits, so the curve is an exact object; where its terms
are huge and cancel (long plateaus) more bits are all it takes. Taylor polynomials converge as those of exp do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

_GUARD = 48  # bits left to rounding: many more than a Taylor polynomial's few thousand operations can lose


@dataclass(frozen=True)
class RadialCurve:
    """phi as above: `level` is lam, `coefficients` the b_k, both integers times 2^-bits."""

    dim: int
    plateau: float
    outer: float
    bits: int
    level: int
    coefficients: tuple[int, ...]

    @cached_property
    def context(self) -> Any:
        """An mpmath context of its own, so that no global precision is touched."""
        return precision(self.bits)

    @property
    def even(self) -> bool:
        """Whether the dimension is even."""
        return self.dim % 2 == 0

    @property
    def sign(self) -> int:
        """phi(0) in even dimension, (-1)^(dim/2): the sign of the tail."""
        return 1 if self.dim % 4 == 0 else -1

    @property
    def frequency(self) -> int:
        """The unit of length of Taylor polynomials is one over the highest frequency."""
        return max(1, self.dim - 1)

    @cached_property
    def width(self) -> Any:
        """W."""
        return self.context.sqrt(self.context.mpf(self.outer) ** 2 - 1)

    @cached_property
    def radius(self) -> float:
        """No Taylor polynomial is used further than this from its centre."""
        if not self.even or math.isinf(self.outer):
            return 1 / self.frequency
        return min(1 / self.frequency, math.asinh(float(self.width) / 2) / 8)

    def order(self, tolerance: float) -> int:
        """How many terms leave a remainder below this."""
        order = 8
        while self.remainder(order) > tolerance:
            order += 4
        return order

    def remainder(self, order: int) -> float:
        """A bound of what the Taylor polynomials of this order leave out within `radius`."""
        y = self.radius * self.frequency
        size = (sum(map(abs, self.coefficients)) + abs(self.level)) / (1 << self.bits) * (order + 4)
        log = math.log(max(size, 1.0)) + (order + 1) * math.log(y) - math.lgamma(order + 2)
        left_out = math.exp(min(log, 700.0))
        if self.even and not math.isinf(self.outer):
            # |atan'| <= 4 cosh(rho) / W within sinh(rho) = W / 2 of the real line (Cauchy), and radius <= rho / 8.
            wide = float(self.width)
            rho = math.asinh(wide / 2)
            left_out += 8 * math.cosh(rho) * rho / wide * 8.0 ** -(order + 1)
        return left_out

    @property
    def rounding(self) -> Fraction:
        """A bound of the rounding errors of a value."""
        size = sum(map(abs, self.coefficients)) + abs(self.level) + (1 << self.bits)
        return Fraction(size << _GUARD, 1 << (2 * self.bits))

    def taylor(self, t: Sequence[int], order: int) -> np.ndarray:
        """Coefficients (cells, order + 1) of y^j about each t, where y = frequency * (distance from t)."""
        cos, sin = self._tables(t)
        unit = self._scaled(1, order)[:, None] * np.ones(1, dtype=object)
        near_cos = self._orders(cos[:, 1:2], sin[:, 1:2], unit)
        if self.even:
            terms = self._orders(sin[:, 1::2], -cos[:, 1::2], self._weights(range(1, self.dim, 2), order))
            # (t + x) cos(t + x), x = y / frequency.
            moved = np.concatenate([np.zeros((len(t), 1), dtype=object), near_cos[:, :-1]], axis=1) // self.frequency
            kernel = (np.asarray(t, dtype=object)[:, None] * near_cos >> self.bits) + moved
            slope = (self.level << self.bits) // int(self.context.pi * self.context.mpf(2) ** self.bits)
            return self._constant(cos, sin, near_cos, order) + (slope * kernel >> self.bits) - terms
        terms = self._orders(cos[:, 0::2], sin[:, 0::2], self._weights(range(0, self.dim, 2), order))
        return (self.level * near_cos >> (self.bits + 1)) - terms

    def __call__(self, t: Sequence[int]) -> np.ndarray:
        """phi at integers t, in units of 2^-bits."""
        return self.taylor(t, 0)[:, 0]

    def _tables(self, t: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """cos(k t) and sin(k t) for k = 0..dim, (cells, dim + 1)."""
        one = 1 << self.bits
        pairs = [self.context.cos_sin(self.context.ldexp(v, -self.bits)) for v in t]
        cos1 = np.array([int(c * one) for c, _ in pairs] + [0], dtype=object)[:-1]
        sin1 = np.array([int(s * one) for _, s in pairs] + [0], dtype=object)[:-1]
        cos, sin = [0 * cos1 + one], [0 * cos1]
        for _ in range(self.dim):
            c, s = cos[-1], sin[-1]
            cos.append((c * cos1 - s * sin1) >> self.bits)
            sin.append((s * cos1 + c * sin1) >> self.bits)
        return np.stack(cos, axis=1), np.stack(sin, axis=1)

    def _scaled(self, k: int, order: int) -> np.ndarray:
        """(k / frequency)^j / j!, j = 0..order."""
        powers = [(k**j << self.bits) // (self.frequency**j * math.factorial(j)) for j in range(order + 1)]
        return np.array([*powers, 0], dtype=object)[:-1]

    def _weights(self, frequencies: range, order: int) -> np.ndarray:
        """b_k (k / frequency)^j / j!, (order + 1, number of frequencies)."""
        columns = [b * self._scaled(k, order) >> self.bits for k, b in zip(frequencies, self.coefficients, strict=True)]
        return np.stack(columns, axis=1)

    def _orders(self, value: np.ndarray, minus_slope: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """sum_k weights[j, k] times the j-th derivative of e_k over k^j, which is +-e_k or +-e_k'."""
        out = np.empty((len(value), len(weights)), dtype=object)
        signs = np.array([1, -1, -1, 1], dtype=object)[np.arange(len(weights)) % 4]
        out[:, 0::2] = value @ weights[0::2].T
        if len(weights) > 1:
            out[:, 1::2] = minus_slope @ weights[1::2].T
        return (out >> self.bits) * signs

    def _constant(self, cos: np.ndarray, sin: np.ndarray, near_cos: np.ndarray, order: int) -> np.ndarray:
        """c(t): atan by mpmath, and its derivative W cos / (W^2 + sin^2) by division of power series."""
        out = np.zeros_like(near_cos)
        one = 1 << self.bits
        if math.isinf(self.outer):
            out[:, 0] = self.sign * one
            return out
        turn = 2 / self.context.pi
        for i, s in enumerate(sin[:, 1]):
            arc = self.context.atan(self.context.ldexp(s, -self.bits) / self.width)
            out[i, 0] = self.sign * int((1 - turn * arc) * one)
        if order == 0:
            return out
        wide, square = int(self.width * one), int(self.width**2 * one)
        # sin^2 = (1 - cos(2 t)) / 2.
        bottom = (
            -self._orders(cos[:, 2:3], sin[:, 2:3], self._scaled(2, order)[:, None] * np.ones(1, dtype=object)) // 2
        )
        bottom[:, 0] += one // 2 + square
        quotient = wide * near_cos >> self.bits
        for j in range(order):
            for i in range(1, j + 1):
                quotient[:, j] -= bottom[:, i] * quotient[:, j - i] >> self.bits
            quotient[:, j] = (quotient[:, j] << self.bits) // bottom[:, 0]
            arc = quotient[:, j] // (self.frequency * (j + 1))
            out[:, j + 1] = -self.sign * (int(turn * one) * arc >> self.bits)
        return out


def precision(bits: int) -> Any:
    """A fresh mpmath context that computes with this many bits, and 64 more."""
    context: Any = mpmath.MPContext()
    context.prec = bits + 64
    return context

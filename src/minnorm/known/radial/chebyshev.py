"""Best uniform approximation of |s| by even polynomials on plateau <= |s| <= 1, with proven bounds.

In u = s^2 this is the approximation of sqrt(u) by polynomials q of degree N on [plateau^2, 1]. The error
sqrt(u) - q(u) of the best one takes its largest absolute value at N + 2 points, the two ends among them, with
alternating signs. Everything is written in the angle phi with u = plateau^2 + (1 - plateau^2) sin^2(phi/2),
in which the points are nearly equally spaced and their differences keep full relative precision.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from numpy.polynomial import chebyshev as series
from scipy.fft import dct

# The proof's fixed-point numbers have 400 bits. Clenshaw's recurrence truncates each of its N steps by 2^-400 and
# can amplify that by N; derivatives add factors N^2 and 2 / (1 - plateau^2) each. 2^-200 is beyond all of it.
_BITS = 400
_SAFE = 1 << (_BITS - 200)


@dataclass(frozen=True)
class EvenApproximation:
    """The best approximation p(s) = q(s^2) of |s| by even polynomials of degree <= 2N, and its error E.

    `nodes` (N + 2,) are the alternation points in [plateau, 1], ascending. `weights` (N + 2,) are the signed
    measure on them that annihilates all polynomials of degree <= N in s^2, with absolute sum 1 and
    sum weights * nodes = E: the dual solution. `coefficients` (N + 1,) are those of q in Chebyshev
    polynomials of tau = (2u - 1 - plateau^2) / (1 - plateau^2).
    """

    plateau: float
    nodes: Float[np.ndarray, " k"]
    weights: Float[np.ndarray, " k"]
    coefficients: Float[np.ndarray, " c"]
    error: float

    def polynomial(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """p(s)."""
        s = np.asarray(s, dtype=np.float64)
        square = self.plateau**2
        return np.asarray(series.chebval((2 * s * s - 1 - square) / (1 - square), self.coefficients), np.float64)

    @property
    def masses(self) -> Float[np.ndarray, " k"]:
        """The weights of the measure whose second antiderivative has the value 1 at 0: 2 / E times `weights`."""
        return self.weights * (2 / self.error)

    @property
    def norm(self) -> float:
        """2 / E."""
        return 2 / self.error

    @property
    def tail_mass(self) -> float:
        """Nothing of the measure lies outside [-1, 1]."""
        return 0.0

    @cached_property
    def norm_bounds(self) -> tuple[float, float]:
        """Proven bounds of 2 / E, rounded outwards."""
        low, high = self.bounds
        if low <= 0:
            return 0.0, np.inf
        below, above = float(2 / Fraction(high)), float(2 / Fraction(low))
        return math.nextafter(below, 0.0), math.nextafter(above, math.inf)

    def curve(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The error curve over its size, (|s| - p(s)) / E."""
        s = np.abs(np.asarray(s, dtype=np.float64))
        return np.asarray((s - self.polynomial(s)) / self.error)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Proven bounds of E, floating point included: lower and upper, (0, inf) if the proof fails.

        The stored polynomial is an exact object, evaluated here in integers. Lower (de la Vallee-Poussin):
        its error alternates in sign at the N + 2 nodes, so E is at least the least of its values there.
        Upper: its greatest error. By Descartes' rule for {1, u, ..., u^(N-1), u^(-1/2)} the derivative of the
        error has at most N zeros in u > 0. Signs of the derivative show one near each of the N inner nodes,
        so those and the ends are all the extrema. The second derivative, with at most N - 1 zeros, keeps its
        sign there, so the first is monotone and |e| <= |e(left)| + |e'(left)| (right - left).
        """
        width = 1e-8
        while width < 1e-2:
            found = self._proof(width)
            if found is not None:
                return found
            width *= 10
        return 0.0, np.inf

    def _proof(self, width: float) -> tuple[float, float] | None:
        exact = _FixedPoint(self.plateau, self.coefficients)
        values = [exact.error(s) for s in self.nodes.tolist()]
        signs = [1 if value > 0 else -1 for value in values]
        if any(a == b for a, b in pairwise(signs)):
            return None
        lower = min(abs(value) for value in values) - _SAFE
        upper = max(abs(values[0]), abs(values[-1]))
        gaps = np.diff(self.nodes)
        for j in range(1, len(values) - 1):
            half = width * min(gaps[j - 1], gaps[j])
            left, right = float(self.nodes[j] - half), float(self.nodes[j] + half)
            slope_left, slope_right = signs[j] * exact.slope(left), signs[j] * exact.slope(right)
            bent = all(signs[j] * exact.curvature(s) < -_SAFE for s in (left, right))
            if not (slope_left > _SAFE and slope_right < -_SAFE and bent):
                return None
            rise = (slope_left + _SAFE) * int(np.ceil((right**2 - left**2) * 2.0**160) + 1) >> 160
            upper = max(upper, abs(exact.error(left)) + rise + 1)
        return _to_float(lower, up=False), _to_float(upper + _SAFE, up=True)


def best_even_approximation(degree: int, plateau: float = 0.0) -> EvenApproximation:
    """Remez exchange for |s| on plateau <= |s| <= 1 by even polynomials of degree <= `degree` (even).

    Each step improves the last polynomial: the levelled error is the nodes' alternating measure of the *error*
    so far, not of |s|, so no digits cancel; in the last step it is computed in integers. The rounding of the
    coefficients leaves an absolute error of a few 1e-16 in E: a relative one of 1e-13 at degree 200 without
    plateau, and all of it once E nears 1e-16 (a plateau of 0.5 from degree 50 or so); `bounds` shows it.
    """
    n = degree // 2
    phi = np.pi * np.arange(n + 2) / (n + 1)
    best: EvenApproximation | None = None
    coefficients = np.zeros(n + 1)
    for _ in range(60):
        if best is not None:
            phi = _extrema(phi, coefficients, plateau)
        weights = _alternating_measure(phi)
        errors = _angle_error(phi, coefficients, plateau)
        level = float(weights @ errors)
        # The level rises to E quadratically; once rounding stops it, this exchange is the last.
        done = best is not None and abs(abs(level) - best.error) <= 4e-16 * max(1.0, degree * 1e-2)
        alternating = np.where(np.arange(n + 2) % 2 == 0, 1.0, -1.0) * np.sign(weights[0])
        coefficients = coefficients + _interpolate(phi, weights, errors - alternating * level)
        nodes = np.sqrt(plateau**2 + (1 - plateau**2) * np.sin(phi / 2) ** 2)
        nodes[0], nodes[-1] = plateau, 1.0
        best = EvenApproximation(plateau, nodes, weights, coefficients, abs(level))
        if done or n == 0:
            break
    assert best is not None
    sign = np.sign(best.weights @ best.nodes)
    coefficients, level = _last_step(phi, best)
    return EvenApproximation(plateau, best.nodes, sign * best.weights, coefficients, level)


def _last_step(phi: np.ndarray, found: EvenApproximation) -> tuple[np.ndarray, float]:
    """The exchange's step without new nodes: evaluating q in floating point costs digits where |s| is steep."""
    exact = _FixedPoint(found.plateau, found.coefficients)
    errors = np.array([exact.error(s) / (1 << _BITS) for s in found.nodes.tolist()])
    level = float(found.weights @ errors)
    levelled = level * np.where(np.arange(phi.size) % 2 == 0, 1.0, -1.0) * np.sign(found.weights[0])
    return found.coefficients + _interpolate(phi, found.weights, errors - levelled), abs(level)


def _alternating_measure(phi: np.ndarray) -> np.ndarray:
    """Weights 1 / prod (u_j - u_i), scaled to absolute sum 1; the factors 4 keep the products near 1."""
    half = 0.5 * phi
    factors = 4 * np.sin(half[:, None] + half[None]) * np.sin(half[:, None] - half[None])
    np.fill_diagonal(factors, 1.0)
    weights = 1 / np.prod(factors, axis=1)
    return weights / np.sum(np.abs(weights))


def _angle_error(phi: np.ndarray, coefficients: np.ndarray, plateau: float, order: int = 0) -> np.ndarray:
    """The error s - q as a function of phi, or its first or second derivative."""
    k = np.arange(coefficients.size)
    # tau = -cos(phi), so T_k(tau) = (-1)^k cos(k phi).
    signed = coefficients * np.where(k % 2 == 0, 1.0, -1.0)
    c, half = 1 - plateau**2, 0.5 * phi
    s = np.sqrt(plateau**2 + c * np.sin(half) ** 2)
    if order == 0:
        return s - series.chebval(-np.cos(phi), coefficients)
    if order == 1:
        rise = 0.5 * np.cos(half) if plateau == 0 else c * np.sin(phi) / (4 * s)
        return rise + np.sin(np.outer(phi, k)) @ (k * signed)
    bend = -0.25 * s if plateau == 0 else c * np.cos(phi) / (4 * s) - (c * np.sin(phi)) ** 2 / (16 * s**3)
    return bend + np.cos(np.outer(phi, k)) @ (k**2 * signed)


def _interpolate(phi: np.ndarray, weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Chebyshev coefficients in tau of the polynomial of degree N through N + 2 consistent values."""
    count = phi.size - 1
    if count == 1:
        return np.array([0.5 * (values[0] + values[1])])
    # Barycentric formula on all nodes but the first, at the zeros of T_(N+1), tau descending.
    node, value = 0.5 * phi[1:], values[1:]
    u = np.sin(node) * np.sin(node) - np.sin(0.5 * phi[0]) ** 2
    weight = weights[1:] * u
    at = 0.5 * (np.pi - np.pi * (np.arange(count) + 0.5) / count)
    gap = np.sin(at[:, None] + node[None]) * np.sin(at[:, None] - node[None])
    hit = gap == 0
    terms = weight / np.where(hit, 1.0, gap)
    sampled = (terms @ value) / terms.sum(axis=1)
    rows, columns = np.nonzero(hit)
    sampled[rows] = value[columns]
    coefficients = np.asarray(dct(sampled, type=2)) / count
    coefficients[0] /= 2
    return coefficients


def _extrema(phi: np.ndarray, coefficients: np.ndarray, plateau: float) -> np.ndarray:
    """Where |e| peaks: the ends, and one point between each two sign changes, by a scan and Newton's method."""
    n = phi.size - 2
    fine = np.linspace(0, np.pi, 24 * (n + 2) + 1)
    values = _angle_error(fine, coefficients, plateau)
    # One window around each inner node, reaching half way to its neighbours.
    edges = 0.5 * (phi[1:] + phi[:-1])
    peaks = phi.copy()
    for j in range(1, n + 1):
        inside = np.flatnonzero((fine >= edges[j - 1]) & (fine <= edges[j]))
        sign = np.sign(_angle_error(phi[j : j + 1], coefficients, plateau)[0]) or 1.0
        peaks[j] = fine[inside[np.argmax(sign * values[inside])]]
    inner = peaks[1:-1].copy()
    for _ in range(8):
        slope = _angle_error(inner, coefficients, plateau, order=1)
        bend = _angle_error(inner, coefficients, plateau, order=2)
        move = np.where(bend != 0, -slope / np.where(bend == 0, 1.0, bend), 0.0)
        inner = np.clip(inner + np.clip(move, -0.1 / n, 0.1 / n), edges[:-1], edges[1:])
    peaks[1:-1] = inner
    return peaks


class _FixedPoint:
    """The error sqrt(u) - q(u) and its derivatives in u at u = s^2, as integers times 2^-400."""

    def __init__(self, plateau: float, coefficients: np.ndarray) -> None:
        self.square = _fixed(plateau) ** 2 >> _BITS
        self.span = (1 << _BITS) - self.square
        value = [_fixed(c) for c in coefficients.tolist()]
        self.series = [value, self._derivative(value)]
        self.series.append(self._derivative(self.series[1]))

    def error(self, s: float) -> int:
        return _fixed(s) - self._sum(self.series[0], s)

    def slope(self, s: float) -> int:
        return (1 << (2 * _BITS)) // (2 * _fixed(s)) - self._sum(self.series[1], s)

    def curvature(self, s: float) -> int:
        cube = _fixed(s) ** 3 >> (2 * _BITS)
        return -((1 << (2 * _BITS)) // (4 * cube)) - self._sum(self.series[2], s)

    def _derivative(self, c: list[int]) -> list[int]:
        """Chebyshev coefficients of the derivative in u: d tau / du = 2 / (1 - plateau^2)."""
        out = [0] * (len(c) + 1)
        for k in range(len(c) - 1, 0, -1):
            out[k - 1] = out[k + 1] + 2 * k * c[k]
        out[0] //= 2
        return [(2 * c << _BITS) // self.span for c in out[: max(1, len(c) - 1)]]

    def _sum(self, c: list[int], s: float) -> int:
        """Clenshaw's recurrence."""
        u = _fixed(s) ** 2 >> _BITS
        tau = ((2 * u - (1 << _BITS) - self.square) << _BITS) // self.span
        after, last = 0, 0
        for k in range(len(c) - 1, 0, -1):
            after, last = c[k] + (2 * tau * after >> _BITS) - last, after
        return c[0] + (tau * after >> _BITS) - last


def _fixed(number: float) -> int:
    numerator, denominator = number.as_integer_ratio()
    return (numerator << _BITS) // denominator


def _to_float(number: int, *, up: bool) -> float:
    nearest = number / (1 << _BITS)
    off = number * (nearest.as_integer_ratio()[1]) - (nearest.as_integer_ratio()[0] << _BITS)
    if up:
        return float(np.nextafter(nearest, np.inf)) if off > 0 else nearest
    return float(np.nextafter(nearest, -np.inf)) if off < 0 else nearest

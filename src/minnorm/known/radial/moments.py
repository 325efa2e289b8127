"""The least measure on a gap with given moments: what a radial function of odd dimension costs where it is unknown.

With x = s / b on [a / b, 1] the moments are those of 1, x, x^2, x^4, .., x^(d-1), a Chebyshev system of (d + 3) / 2
functions. As a basis serve Chebyshev polynomials of x^2 and the error curve of the best approximation of x by them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.linalg
from jaxtyping import Float
from mpmath import mp
from scipy.optimize import linprog

from minnorm.known.radial.atoms import UNIT
from minnorm.known.radial.cells import largest
from minnorm.known.radial.chebyshev import EvenApproximation, best_even_approximation

_ROUNDS = 30
_CLOSE = 1e-13  # how far |q| may exceed 1 between the nodes of the last exchange
_TOLERANCE = 1e-12  # of the proof
_DIGITS = 60  # beyond those of the moments, in which the masses are solved for
_NOTHING = 1e-14  # share of the masses that is left out


@dataclass(frozen=True)
class GapMeasure:
    """The least measure on [a, b], one side of an even one, and the function q that proves it.

        min ||mu||  s.t.  int q dmu = M(q)    =    max M(q)  s.t.  |q| <= 1,     q in span {1, s, s^2, s^4, .., s^(d-1)}

    `atoms` (k,) ascending in [a, b], `masses` (k,) signed; q(s) = slope s / b + sum_j coefficients_j T_j(tau), tau in
    [-1, 1] linear in s^2. `bounds` are proven bounds of the minimum.
    """

    ends: tuple[float, float]
    atoms: Float[np.ndarray, " k"]
    masses: Float[np.ndarray, " k"]
    slope: float
    coefficients: Float[np.ndarray, " c"]
    bounds: tuple[float, float]

    def curve(self, s: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """q(s), for s in the gap."""
        a, b = self.ends
        x, epsilon = np.asarray(s, dtype=np.float64) / b, a / b
        tau = (2 * x * x - 1 - epsilon**2) / (1 - epsilon**2)
        return np.asarray(self.slope * x + np.polynomial.chebyshev.chebval(tau, self.coefficients))


def least_measure(ends: tuple[float, float], moments: Sequence[Fraction]) -> GapMeasure:
    """The least measure on a gap a <= s <= b, half of an even one, whose moments of 1, s, s^2, s^4, .. are given.

    Arguments: `ends`, a and b with 0 <= a < b; `moments`, exact, (d + 3) / 2 of them. Linear programmes on finitely
    many points, to which the extrema of q are added, find nodes and q; then, proven, the masses on the nodes are solved
    for in many digits, M(q) is exact, and the maximum of |q| is bounded on cells.

    >>> found = least_measure((0.0, 1.0), [Fraction(0), Fraction(1), Fraction(0)])  # half of a bump's in d = 3
    >>> found.masses.round(6).tolist(), round(found.bounds[0], 6)
    ([-3.0, 4.0, -1.0], 8.0)
    """
    a, b = ends
    count = len(moments) - 1
    b_exact = Fraction(b)
    powers = [0, 1, *range(2, 2 * count, 2)]
    scaled = [moment / b_exact**power for moment, power in zip(moments, powers, strict=True)]
    # Rounded down: what is proven for [epsilon, 1] holds for [a / b, 1].
    epsilon = math.nextafter(a / b, 0.0) if a else 0.0
    if not any(scaled):
        return GapMeasure(ends, np.empty(0), np.empty(0), 0.0, np.zeros(count), (0.0, 0.0))
    approximation = best_even_approximation(2 * count - 2, epsilon)
    right = _moments_of_basis(scaled, approximation)
    size = max(abs(value) for value in right)
    target = np.array([float(value / size) for value in right])
    angles = np.pi * np.linspace(0, 1, 16 * (count + 1) + 1)
    fine = np.pi * np.linspace(0, 1, 64 * (count + 1) + 1)
    nodes, dual = angles, np.zeros(count + 1)
    for _ in range(_ROUNDS):
        columns = _basis(angles, approximation)
        found = linprog(
            np.ones(2 * angles.size),
            A_eq=np.hstack([columns, -columns]),
            b_eq=target,
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if found.status != 0:
            raise ValueError(
                f"gaps has ({a:g}, {b:g}), which double precision does not resolve in this dimension; give a longer "
                "gap or a smaller dimension"
            )
        masses, dual = found.x[: angles.size] - found.x[angles.size :], found.eqlin.marginals
        nodes = angles[np.abs(masses) > 1e-9 * np.max(np.abs(masses))]
        peaks = _peaks(fine, dual, approximation)
        beyond = peaks[np.abs(dual @ _basis(peaks, approximation)) > 1 + _CLOSE]
        new = beyond[np.min(np.abs(beyond[:, None] - angles), axis=1, initial=np.inf) > 1e-9]
        if new.size == 0:
            break
        angles = np.union1d(angles, new)
    nodes = _completed(nodes, angles, approximation)
    return _proven(ends, epsilon, scaled, nodes, dual, approximation)


def _proven(
    ends: tuple[float, float],
    epsilon: float,
    moments: list[Fraction],
    nodes: np.ndarray,
    dual: np.ndarray,
    approximation: EvenApproximation,
) -> GapMeasure:
    slope = float(dual[-1]) / approximation.error
    coefficients = dual[:-1] - slope * approximation.coefficients
    a, b = ends
    points = [_point(angle, epsilon, Fraction(a) / Fraction(b)) for angle in nodes.tolist()]
    with mp.workdps(_DIGITS + 20 * len(points)):
        solved = _masses(points, moments)
        upper = float(mp.fsum(abs(mass) for mass in solved))
        masses = np.array([float(mass) for mass in solved])
    series = _series_moments(moments, epsilon)
    exact = Fraction(slope) * moments[1]
    exact += sum((Fraction(c) * m for c, m in zip(coefficients.tolist(), series, strict=True)), Fraction(0))
    edges = np.linspace(0, math.nextafter(math.pi, 4.0), 65)
    _, greatest = largest(Curve(epsilon, slope, coefficients).bound, edges, _TOLERANCE)
    lower = float(abs(exact) / Fraction(greatest)) if greatest > 0 else 0.0
    kept = np.abs(masses) > _NOTHING * upper
    atoms = np.clip(np.array([float(point) for point in points]) * b, a, b)
    return GapMeasure(
        ends,
        atoms[kept],
        masses[kept],
        slope,
        coefficients,
        (math.nextafter(lower, 0.0), math.nextafter(upper, math.inf)),
    )


def _point(angle: float, epsilon: float, left: Fraction) -> Fraction:
    """x at an angle, in [a / b, 1]; exact at the ends."""
    if angle <= 0:
        return left
    x = math.sqrt(epsilon**2 + (1 - epsilon**2) * math.sin(angle / 2) ** 2)
    return Fraction(1) if angle >= math.pi else min(max(Fraction(x), left), Fraction(1))


def _masses(points: list[Fraction], moments: list[Fraction]) -> list:
    """Masses on as many points as there are moments, in the digits of mpmath's context."""
    x = [mp.mpf(point.numerator) / point.denominator for point in points]
    rows = [[mp.one for _ in x], x, *([y ** (2 * j) for y in x] for j in range(1, len(x) - 1))]
    right = [mp.mpf(moment.numerator) / moment.denominator for moment in moments]
    return list(mp.lu_solve(mp.matrix(rows), mp.matrix(right)))


def _series_moments(moments: list[Fraction], epsilon: float) -> list[Fraction]:
    """M(T_j(tau)), tau = (2 x^2 - 1 - epsilon^2) / (1 - epsilon^2)."""
    even = [moments[0], *moments[2:]]
    square = Fraction(epsilon) ** 2
    rise, shift = 2 / (1 - square), -(1 + square) / (1 - square)
    polynomials = [[Fraction(1)], [shift, rise]]
    while len(polynomials) < len(even):
        last, before = polynomials[-1], polynomials[-2]
        following = [2 * shift * c for c in last] + [Fraction(0)]
        for i, c in enumerate(last):
            following[i + 1] += 2 * rise * c
        for i, c in enumerate(before):
            following[i] -= c
        polynomials.append(following)
    return [
        sum((c * moment for c, moment in zip(polynomial, even, strict=False)), Fraction(0))
        for polynomial in polynomials[: len(even)]
    ]


def _moments_of_basis(moments: list[Fraction], approximation: EvenApproximation) -> list[Fraction]:
    series = _series_moments(moments, approximation.plateau)
    near = (Fraction(c) * m for c, m in zip(approximation.coefficients.tolist(), series, strict=True))
    return [*series, (moments[1] - sum(near, Fraction(0))) / Fraction(approximation.error)]


def _basis(angles: np.ndarray, approximation: EvenApproximation) -> np.ndarray:
    """T_j(tau) and the error curve, tau = -cos(angle): shape (basis, points)."""
    order = np.arange(approximation.coefficients.size)
    series = np.where(order % 2 == 0, 1.0, -1.0)[:, None] * np.cos(np.outer(order, angles))
    x = Curve(approximation.plateau, 1.0, np.zeros(1)).distance(angles)
    return np.concatenate([series, [(x - approximation.coefficients @ series) / approximation.error]])


def _peaks(fine: np.ndarray, dual: np.ndarray, approximation: EvenApproximation) -> np.ndarray:
    """Where |q| has its local maxima: on a grid first, then by Newton's method on the slope."""
    slope = float(dual[-1]) / approximation.error
    curve = Curve(approximation.plateau, slope, dual[:-1] - slope * approximation.coefficients)
    size = np.abs(curve.values(fine)[0])
    padded = np.concatenate([[0.0], size, [0.0]])
    top = np.flatnonzero((size >= padded[:-2]) & (size >= padded[2:]))
    peaks = fine[top]
    inner = (top > 0) & (top < fine.size - 1)
    step, width = 1e-6, fine[1]
    for _ in range(6):
        rise = curve.values(peaks)[1]
        bend = (curve.values(peaks + step)[1] - curve.values(peaks - step)[1]) / (2 * step)
        move = np.divide(-rise, bend, out=np.zeros_like(rise), where=(bend != 0) & inner)
        peaks = np.clip(peaks + np.clip(move, -width, width), 0, np.pi)
    return np.unique(np.concatenate([peaks, [0.0, np.pi]]))


def _completed(nodes: np.ndarray, angles: np.ndarray, approximation: EvenApproximation) -> np.ndarray:
    """The nodes and as many others as it takes for any moments: those that a pivoted factorisation picks first."""
    columns = _basis(angles, approximation)
    missing = columns.shape[0] - nodes.size
    if missing <= 0:
        return nodes[: columns.shape[0]]
    used, _ = np.linalg.qr(_basis(nodes, approximation))
    rest = columns - used @ (used.T @ columns)
    factors: Any = scipy.linalg.qr(rest, mode="economic", pivoting=True)
    return np.union1d(nodes, angles[factors[2][:missing]])


class Curve:
    """q(x) = slope x + sum_j coefficients_j T_j(tau) in the angle with tau = -cos(angle)."""

    def __init__(self, epsilon: float, slope: float, coefficients: np.ndarray) -> None:
        self.epsilon, self.slope = epsilon, slope
        self.order = np.arange(coefficients.size)
        self.signed = coefficients * np.where(self.order % 2 == 0, 1.0, -1.0)
        sizes = np.abs(coefficients)
        self.bend = float(self.order**2 @ sizes)
        # An angle up to pi times j, a cosine to 4 units, a product, and the sum: of q, and of its derivative.
        counts = 4 * self.order + coefficients.size + 8
        self.rounding = UNIT * float(counts @ sizes + 16 * abs(slope))
        self.slant = UNIT * float((self.order * counts) @ sizes)

    def distance(self, angle: np.ndarray) -> np.ndarray:
        """x."""
        half = np.sin(0.5 * angle)
        return half if self.epsilon == 0 else np.hypot(self.epsilon * np.cos(0.5 * angle), half)

    def values(self, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """q and its derivative in the angle."""
        turns = np.outer(angle, self.order)
        x = self.distance(angle)
        if self.epsilon == 0:
            rise = 0.5 * np.cos(0.5 * angle)
        else:
            rise = (1 - self.epsilon) * (1 + self.epsilon) * np.sin(angle) / (4 * x)
        return (
            self.slope * x + np.cos(turns) @ self.signed,
            self.slope * rise - np.sin(turns) @ (self.order * self.signed),
        )

    def bound(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """|q| in the middle of cells, and Taylor's bound of it: |x''| <= 1/4, or (1 - epsilon^2) / (2 x)."""
        middle, half = 0.5 * (left + right), 0.5 * (right - left) * (1 + 4 * UNIT)
        value, slope = self.values(middle)
        bend = np.full(left.shape, 0.25) if self.epsilon == 0 else 0.5 / self.distance(left)
        second = self.bend + abs(self.slope) * bend
        upper = np.abs(value) + half * (np.abs(slope) + 0.5 * half * second) * (1 + 1e-9) + self.rounding
        # The slope's own rounding error: x' is at most 2 x'' at the left end, and right to 16 units.
        slant = self.slant + 32 * UNIT * abs(self.slope) * bend
        return np.abs(value) - self.rounding, upper + half * slant

"""Neurons averaged over all directions, as functions of the radius, with bounds of their rounding errors.

    k_s(r) = E relu(r u - s) = (E |r u - s| - s) / 2,     u a coordinate of a uniform direction,  s >= 0

It is 0 for r <= s, convex and falling in s, with slope -P(u > s / r). For s < 0 a neuron differs by the constant |s|.
"""

import numpy as np
from jaxtyping import Float

from minnorm.known.radial.cells import largest

UNIT = 2.0**-53
"""The unit roundoff: one operation to nearest is off by at most this share of its result.

Error counts are in it. The distance from 1 to the next number, 2^-52, is two of it: counts in that are twice as wide.
"""
_CHUNK = 2_000_000  # entries of a matrix at a time


def radial_atoms(
    r: Float[np.ndarray, " n"], s: Float[np.ndarray, " m"], dim: int
) -> tuple[Float[np.ndarray, "n m"], Float[np.ndarray, "n m"]]:
    """k_s(r) and its derivative in s, from P(|u| < t) by a recurrence of positive terms.

    int_0^t (1 - v^2)^(h-1) dv =: J_h obeys (2 h + 1) J_(h+1) = t (1 - t^2)^h + 2 h J_h. With t = s / r as rounded, the
    values are those of an s that differs by a rounding error, and exact up to `rounding`.

    >>> value, slope = radial_atoms(np.array([1.0]), np.array([0.0, 0.5, 2.0]), 3)
    >>> value.tolist(), slope.tolist()
    ([[0.25, 0.0625, 0.0]], [[-0.5, -0.25, 0.0]])
    """
    inside = s[None] < r[:, None]
    t = np.divide(s[None], r[:, None], out=np.ones(inside.shape), where=inside)
    if dim == 1:
        return 0.5 * np.where(inside, r[:, None] - s[None], 0.0), np.where(inside, -0.5, 0.0)
    cap = (1 - t) * (1 + t)
    k, arc, power = (2, t, cap) if dim % 2 else (1, np.arcsin(t), np.sqrt(cap))
    while k < dim - 1:
        arc = (t * power + k * arc) / (k + 1)
        power = power * cap
        k += 2
    half = _half_density(dim)
    beyond = np.where(inside, 1 - 2 * (dim - 1) * half * arc, 0.0)  # P(|u| > t)
    return r[:, None] * np.where(inside, half * power - 0.5 * t * beyond, 0.0), -0.5 * beyond


def radial_rises(r: Float[np.ndarray, " n"], s: Float[np.ndarray, " m"], dim: int) -> Float[np.ndarray, "n m"]:
    """The derivative of k_s(r) in r, E u 1[r u > s], exact up to `rounding`.

    >>> radial_rises(np.array([1.0]), np.array([0.0, 0.6, 2.0]), 3).round(3).tolist()
    [[0.25, 0.16, 0.0]]
    """
    inside = s[None] < r[:, None]
    t = np.divide(s[None], r[:, None], out=np.ones(inside.shape), where=inside)
    return np.where(inside, _half_density(dim) * ((1 - t) * (1 + t)) ** (0.5 * (dim - 1)), 0.0)


def rounding(dim: int) -> float:
    """A bound of the error of k_s(r) / r, and of its slopes', in `radial_atoms`; arcsin is taken to 4 units."""
    return 4 * (dim + 8) * UNIT


def correlation(
    dual: Float[np.ndarray, " n"], r: Float[np.ndarray, " n"], s: Float[np.ndarray, " m"], dim: int
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """h(s) = sum_j nu_j k_s(r_j) and its derivative."""
    value, slope = np.empty(s.size), np.empty(s.size)
    step = max(1, _CHUNK // r.size)
    for i in range(0, s.size, step):
        values, slopes = radial_atoms(r, s[i : i + step], dim)
        value[i : i + step], slope[i : i + step] = dual @ values, dual @ slopes
    return value, slope


def largest_correlation(
    dual: Float[np.ndarray, " n"], r: Float[np.ndarray, " n"], dim: int, tolerance: float
) -> tuple[float, float]:
    """Proven bounds of max |h| over all s, for the dual vector whose sum is made 0 by its first entry.

    h is a difference of two convex functions of s. On a cell the one is below its chord and the other above its
    tangent in the middle, which bounds h by an affine function; beyond the largest radius h = 0. `r` is ascending.
    """
    end = float(r[-1])
    if end == 0 or not np.any(dual):
        return 0.0, 0.0
    edges = np.unique(np.concatenate([np.linspace(0, end, 65), r]))
    # No cell gets below what is reached by less than the rounding errors on both sides.
    cells = _Cells(dual, r, dim)
    seen = float(np.max(np.abs(correlation(dual, r, edges, dim)[0])))
    low, high = largest(cells.bound, edges, tolerance + 4 * cells.slack / max(seen, 1e-300))
    return max(low, 0.0), high


class _Cells:
    """h as a difference of two convex functions of s, bounded on cells."""

    def __init__(self, dual: np.ndarray, r: np.ndarray, dim: int) -> None:
        self.positive, self.negative, self.r, self.dim = np.maximum(dual, 0), np.maximum(-dual, 0), r, dim
        self.slack = 8 * UNIT * (rounding(dim) / UNIT + r.size + 4) * float(np.abs(dual) @ r)

    def bound(self, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What |h| reaches in each cell and what it does not exceed there."""
        middle = 0.5 * (left + right)
        points, shape = np.concatenate([left, middle, right]), (3, left.size)
        up, up_slope = (part.reshape(shape) for part in correlation(self.positive, self.r, points, self.dim))
        down, down_slope = (part.reshape(shape) for part in correlation(self.negative, self.r, points, self.dim))
        upper = np.zeros(left.size)
        for chord, touch, slope in ((up, down, down_slope), (down, up, up_slope)):
            for row, at in ((0, left), (2, right)):
                upper = np.maximum(upper, chord[row] - touch[1] - slope[1] * (at - middle))
        return np.max(np.abs(up - down), axis=0) - self.slack, upper + self.slack


def peaks(
    dual: Float[np.ndarray, " n"], r: Float[np.ndarray, " n"], dim: int, also: Float[np.ndarray, " m"]
) -> Float[np.ndarray, " p"]:
    """Where |h| has its local maxima, ascending: on a grid with `r` and `also`, then by halving on the slope."""
    between = r[:-1, None] + np.diff(r)[:, None] * np.linspace(0, 1, 8, endpoint=False)
    grid = np.unique(np.concatenate([np.linspace(0, r[-1], 512), between.ravel(), r[-1:], also]))
    value, slope = correlation(dual, r, grid, dim)
    size = np.concatenate([[0.0], np.abs(value), [0.0]])
    top = np.flatnonzero((size[1:-1] >= size[:-2]) & (size[1:-1] >= size[2:]) & (np.abs(value) > 0))
    if dim == 1 or top.size == 0:
        return grid[top]  # h is piecewise linear
    sign = np.sign(value[top])
    rising = sign * slope[top] > 0
    left = np.where(rising, grid[top], grid[np.maximum(top - 1, 0)])
    right = np.where(rising, grid[np.minimum(top + 1, grid.size - 1)], grid[top])
    for _ in range(50):
        middle = 0.5 * (left + right)
        _, here = correlation(dual, r, middle, dim)
        left, right = np.where(sign * here > 0, middle, left), np.where(sign * here > 0, right, middle)
    found = np.where(right - left < 1e-12 * r[-1], 0.5 * (left + right), grid[top])
    # At the origin h is even and may have its maximum without a zero slope.
    found = np.where(top == 0, np.where(rising, found, 0.0), found)
    return np.unique(found)


def _half_density(dim: int) -> float:
    """Gamma(d/2) / (2 sqrt(pi) Gamma((d+1)/2)): 1/2 for d = 1, 1/pi for d = 2, then a product."""
    value, start = (0.5, 1) if dim % 2 else (1 / np.pi, 2)
    for k in range(start, dim, 2):
        value *= k / (k + 1)
    return float(value)

"""Exact vectors and arcs: what the judge in integers is made of in any number of dimensions."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

import numpy as np

from minnorm.verification.exact import UNIT


class Top:
    """The largest square so far: integers over others and over `unit`, so that no square leaves the range of floats."""

    def __init__(self, square: Fraction, unit: int):
        self.square, self.unit = float(square / unit) * (1 - 16 * UNIT), unit

    def above(self, above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
        """Which of the squares above / below may exceed it."""
        return quotients(above, below * self.unit) > self.square * (1 - 8 * UNIT)

    def note(self, above: np.ndarray, below: np.ndarray | int) -> None:
        """Take in squares that are attained."""
        if len(above):
            self.square = max(self.square, float(np.max(quotients(above, below * self.unit))))


@dataclass(frozen=True)
class Space:
    """Integer coordinates z (n, k) of points that carry weight, k = 2, 3 or 4, with a . b = sum_i metric_i a_i b_i.

    The true |z|^2 and weights are `square` times that and `unit` times the integers.
    """

    z: np.ndarray
    weights: np.ndarray
    metric: np.ndarray
    square: Fraction
    unit: Fraction

    def dot(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The inner product."""
        return (self.metric * a * b).sum(axis=-1)

    def upright(self, a: np.ndarray, b: np.ndarray | None = None, c: np.ndarray | None = None) -> np.ndarray:
        """Vectors that are orthogonal to a, or to all that are given; turned counter-clockwise."""
        if b is None:
            lowered = np.stack([-a[..., 1], a[..., 0]], axis=-1)
        else:
            lowered = cross(a, b) if c is None else minors(a, b, c)
        return lowered * (math.prod(self.metric.tolist()) // self.metric)


class Fan:
    """The points about one pivot, as integers and rounded, in orthonormal coordinates and units of the largest."""

    def __init__(self, space: Space, unit: int):
        self.space = space
        greatest = max(space.metric.tolist())
        self.stretch = np.sqrt(quotients(space.metric, greatest))
        largest = int(np.max(np.abs(space.z), initial=1))
        self.rounded = quotients(space.z, largest) * self.stretch
        self.mass = quotients(space.weights * largest, math.isqrt(unit // greatest))
        self.slack = 1e-13 * (len(space.z) + 16) * float(np.abs(self.mass) @ np.sqrt(np.sum(self.rounded**2, axis=1)))

    def attained(self, u: np.ndarray, wanted: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Whether g(u) = wanted, or g(-u) = -wanted, exactly: u (m, 3) integers, wanted = |u| length in other units."""
        direction = rounded(u) * self.stretch
        direction = direction / np.sqrt(np.sum(direction * direction, axis=1, keepdims=True))
        shadow = direction @ self.rounded.T
        near = [np.abs(np.maximum(s * shadow, 0) @ self.mass - s * length) <= self.slack for s in (1, -1)]
        out = np.zeros(len(u), dtype=bool)
        for i in np.flatnonzero(near[0] | near[1]):
            heights = self.space.dot(self.space.z, u[i])
            g = [int((self.space.weights * np.maximum(s * heights, 0)).sum()) * s for s in (1, -1)]
            out[i] = int(wanted[i]) in g
        return out


def quotients(above: np.ndarray, below: np.ndarray | int) -> np.ndarray:
    """Quotients of integers, each rounded to nearest."""
    above = np.asarray(above, dtype=object)
    return np.asarray(above / np.asarray(below, dtype=object), dtype=np.float64)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The vector product in R^3."""
    x, y, z = np.moveaxis(a, -1, 0)
    p, q, r = np.moveaxis(b, -1, 0)
    return np.stack([y * r - z * q, z * p - x * r, x * q - y * p], axis=-1)


def minors(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The vector m in R^4 with m . d = det(d, a, b, c) for all d."""
    signs = (1, -1, 1, -1)
    rest = [[j for j in range(4) if j != i] for i in range(4)]
    parts = [(cross(a[..., kept], b[..., kept]) * c[..., kept]).sum(axis=-1) for kept in rest]
    return np.stack([s * part for s, part in zip(signs, parts, strict=True)], axis=-1)


def running(z: np.ndarray, weights: np.ndarray, sign: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """v on the n + 1 arcs of a half circle, and on their antipodes; z (n, k), turned to one side by sign (n,)."""
    terms = weights[:, None] * z
    start = terms[sign > 0].sum(axis=0)
    steps = (terms * sign[:, None])[order]
    ahead = np.concatenate([start[None], start - np.cumsum(steps, axis=0)])
    return ahead, terms.sum(axis=0) - ahead


def upper(a: np.ndarray) -> np.ndarray:
    """The sign that turns a plane vector to an angle in [0, pi)."""
    return np.where((a[:, 1] > 0) | ((a[:, 1] == 0) & (a[:, 0] > 0)), 1, -1).astype(object)


def nonzero(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Points off the pivot, and their weights."""
    live = np.any(space.z != 0, axis=1)
    return space.z[live], space.weights[live]


def rounded(z: np.ndarray) -> np.ndarray:
    """Vectors in float64, each divided by its largest entry."""
    return quotients(z, np.maximum(np.max(np.abs(z), axis=-1, keepdims=True), 1))


def in_order(z: np.ndarray, angle: np.ndarray, turn: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """The order of directions in a half plane: by their rounded angles, then exactly, by the sign of turn(a, b)."""
    order = np.argsort(angle, kind="stable")
    if np.any(turn(z[order[:-1]], z[order[1:]]) < 0):

        def later(i: int, j: int) -> int:
            return int(np.sign(turn(z[j : j + 1], z[i : i + 1])[0]))

        order = np.array(sorted(order.tolist(), key=cmp_to_key(later)))
    return order


def total_of(weights: np.ndarray, z: np.ndarray) -> np.ndarray:
    """sum_j weights_j z_j, zeros where there are none."""
    return (weights[:, None] * z).sum(axis=0) + np.zeros(z.shape[1], dtype=object)


def cells(fan: Fan, v: np.ndarray, top: Top) -> None:
    """|v| where v lies in its own cell."""
    square = fan.space.dot(v, v)
    k = np.flatnonzero(top.above(square, 1))
    if k.size:
        k = k[fan.attained(v[k], square[k], np.sqrt(quotients(square[k], top.unit)))]
        top.note(square[k], 1)


def along_pin(fan: Fan, v: np.ndarray, pin: np.ndarray, top: Top) -> None:
    """The same on the plane u . pin = 0, with v projected on it."""
    space, flat = fan.space, int((fan.space.metric * pin * pin).sum())
    along = space.dot(v, pin)
    square = space.dot(v, v) * flat - along**2
    k = np.flatnonzero(top.above(square, flat))
    if k.size:
        w = v[k] * flat - along[k, None] * pin
        k = k[fan.attained(w, space.dot(v[k], w), np.sqrt(quotients(square[k], flat * top.unit)))]
        top.note(square[k], flat)

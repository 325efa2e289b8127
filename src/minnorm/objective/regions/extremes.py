"""Where a network is farthest from its label on a shape."""

import math

import numpy as np
from jaxtyping import Float, Int

from minnorm.network import ShallowReLU
from minnorm.objective.regions.known import Affine
from minnorm.objective.regions.round import directions
from minnorm.objective.regions.shape import Shape

_NEAR = 1e-9  # of a shape's size: what a point may be outside
_SEEN = 1500  # places on the boundary of a body of space, and inside
_AGAIN = 3  # times that a sphere's extremes are looked for from the last ones


def candidates(
    net: ShallowReLU, shape: Shape, label: Affine, crossings: Float[np.ndarray, "c d"] | None = None
) -> Float[np.ndarray, "k d"]:
    """Points of a shape among which |f - label| is largest: corners of the cells in which f - label is affine.

    Cells end at knots, edges, circles. On a circle f - label may also be extreme between two knots, where its gradient
    points to the centre or away from it. On the line and in the plane these are all; in space many others stand for
    those that are left out. `crossings`, where knots cross each other, are found here unless they are known.
    """
    w, b = np.asarray(net.inner_weights), np.asarray(net.biases)
    found = [shape.vertices]
    found += [_on_edge(w, b, start, end) for start, end in shape.edges]
    if shape.dim == 3:
        found += [_on_sphere(net, label, center, radius) for center, radius in shape.spheres]
        found += [shape.spread(_SEEN)] if shape.solid else []
        found += [shape.sample(_SEEN, np.random.default_rng(0))] if shape.solid else []
    elif shape.dim == 2:
        found += [_on_circle(net, label, center, radius) for center, radius in shape.spheres]
        if shape.solid:
            found.append(_crossings(w, b) if crossings is None else crossings)
    x = np.concatenate(found)
    x = x[np.all(np.isfinite(x), axis=1)]
    near = shape.contains(x, _NEAR * shape.diameter)
    return shape.nearest(x[near])


def apart(
    x: Float[np.ndarray, "k d"], size: Float[np.ndarray, " k"], distance: float, most: int
) -> Int[np.ndarray, " j"]:
    """Indices of points in the order of their size, each at least a distance away from those before; `most` of them."""
    left = np.argsort(-size)
    chosen: list[int] = []
    while left.size and len(chosen) < most:
        chosen.append(int(left[0]))
        left = left[np.linalg.norm(x[left] - x[left[0]], axis=1) > distance]
    return np.array(chosen, dtype=np.intp)


def _on_edge(w: np.ndarray, b: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    first, last = w @ start + b, w @ end + b
    with np.errstate(divide="ignore", invalid="ignore"):
        place = first / (first - last)
    place = place[(place > 0) & (place < 1)]
    return start + place[:, None] * (end - start)


def _crossings(w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two knots of the plane meet, by Cramer's rule."""
    one, other = np.triu_indices(len(w), 1)
    det = w[one, 0] * w[other, 1] - w[one, 1] * w[other, 0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first = (b[other] * w[one, 1] - b[one] * w[other, 1]) / det
        second = (b[one] * w[other, 0] - b[other] * w[one, 0]) / det
    return np.stack([first, second], axis=1)


def _on_circle(net: ShallowReLU, label: Affine, center: np.ndarray, radius: float) -> np.ndarray:
    """Where knots cross a circle, places between them, and where the gradients there point to."""
    w, b = np.asarray(net.inner_weights), net.biases
    amplitude = radius * np.linalg.norm(w, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        aside = np.arccos(-(w @ center + b) / amplitude)
    middle = np.arctan2(w[:, 1], w[:, 0])
    angle = np.concatenate([middle - aside, middle + aside])
    angle = np.sort(np.mod(angle[np.isfinite(angle)], 2 * np.pi))
    between = (angle + np.roll(angle, -1)) / 2 + np.pi * (np.roll(angle, -1) < angle)
    crossings, starts = (center + radius * np.stack([np.cos(a), np.sin(a)], axis=1) for a in (angle, between))
    starts = np.concatenate([starts, center + radius * directions(8, 2)])
    way = _steepest(net, label, starts)
    return np.concatenate([crossings, starts, center + radius * way, center - radius * way])


def _on_sphere(net: ShallowReLU, label: Affine, center: np.ndarray, radius: float) -> np.ndarray:
    """Where neurons are largest and least, and where the gradients point to, there and there again."""
    w = np.asarray(net.inner_weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        way = w / np.linalg.norm(w, axis=1)[:, None]
    found = [center + radius * np.concatenate([way, -way, directions(_SEEN // 4, 3)])]
    for _ in range(_AGAIN):
        way = _steepest(net, label, found[-1])
        found.append(center + radius * np.unique(np.concatenate([way, -way]).round(15), axis=0))
    return np.concatenate(found)


def _steepest(net: ShallowReLU, label: Affine, x: np.ndarray) -> np.ndarray:
    """The directions of the gradients of f - label, NaN where it has none."""
    w, b = np.asarray(net.inner_weights), net.biases
    beta = -label.slope + ((x @ w.T + b > 0) * net.outer_weights) @ w
    beta = beta if net.skip is None else beta + net.skip
    size = np.linalg.norm(beta, axis=1)
    return np.divide(beta, size[:, None], out=np.full_like(beta, math.nan), where=size[:, None] > 0)

r"""A bound of |e|, e = f - label for a shallow network f, over a body of space: a ball, a shell or a polytope.

On a box (`native/boxes.cpp`) neurons that do not change their sign are affine. With m <= w . x + b <= M for the others,

    relu(z) <= M / (M - m) (z - m),      -relu(z) <= -M / (M - m) z,

so that an affine function bounds e there, and it is largest at a corner of the box, or less where a tangent plane or a
face of the body cuts that off. Boxes whose bound is too large are divided, until none is left or the time is over: the
bound holds in any case. Where reflections of the body that change the sign of a coordinate or exchange two leave the
network as it is, one of all images is enough; what rounding errors do to its numbers before that is paid for.

Source: Bunel, Lu, Turkaslan, Torr, Kohli & Kumar (2020), *Branch and bound for piecewise linear neural network
verification*; Humphreys (1990), *Reflection Groups and Coxeter Groups*.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from minnorm import _native
from minnorm.objective.regions.shape import Shape
from minnorm.resources import cores
from minnorm.verification.difference import Difference
from minnorm.verification.exact import UP
from minnorm.verification.primal import lengths

_ABOVE = 1e-3  # of the largest error that was met, or of what is allowed: by how much a bound may be above it
_TOUCHING = 2.0**-46  # of the size of everything
_DIGITS = 44  # binary, that numbers keep before images are looked for


class Met(NamedTuple):
    """The largest error that was met, and where."""

    error: float
    point: Float[np.ndarray, " 3"]


def enclosed(
    e: Difference, shape: Shape, side: float, met: Met, allowed: float, slack: float, seconds: float
) -> tuple[float, Float[np.ndarray, " 3"], float]:
    """A bound of |e|, or for a `side` 1 or -1 of side e, over a solid body of space, where the largest value was met,
    and by what the bound may be wrong besides the price of e.

    Arguments: `met`, to begin with; `allowed`, a bound that is good enough; `slack`, how close to the body is in it;
    `seconds`.
    """
    low, high = shape.box
    radii = [radius for _, radius in shape.spheres]
    center = shape.spheres[0][0] if radii else (low + high) / 2
    weights, biases, masses, moved = _rounded(e, center)
    normals, most = _faces(shape, center, slack)
    mirrors = _mirrors(shape.vertices - center, np.asarray(e.slope), np.column_stack([weights, biases, masses]))
    beyond = _TOUCHING * (e.half + float(np.max(np.abs(center))))  # boxes that only touch the part that is left
    moved += 2 * e.lipschitz * beyond if len(mirrors) else 0.0
    _, upper, at, _, _ = _native.enclose(
        weights,
        biases,
        masses,
        np.ascontiguousarray(e.slope, dtype=np.float64),
        float(e.slope @ center) + e.constant,
        np.stack([low - center - slack, high - center + slack]),
        normals,
        most,
        np.zeros(3),
        min(radii) - slack if len(radii) > 1 else 0.0,
        max(radii) + slack if radii else 0.0,
        mirrors,
        beyond,
        side,
        met.error,
        (1 - _ABOVE**2) * allowed - moved,
        _ABOVE * max(abs(met.error), allowed) + e.price,
        len(cores()),
        seconds,
    )
    return upper, center + at if np.any(at) else met.point, moved


def _rounded(e: Difference, center: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Weights, biases and masses for coordinates x - center, of fewer digits, and by what e may differ from theirs."""
    w, step = _of_fewer_digits(e.w)
    b, lift = _of_fewer_digits(e.b + e.w @ center)
    a, share = _of_fewer_digits(e.a)
    reach = 2 * e.half
    moved = float(np.abs(e.a) @ np.full(len(a), math.sqrt(3) * step * reach + lift))
    moved += share * float(np.sum(lengths(w) * reach + np.abs(b)))
    return w, b, a, moved * (1 + 2.0**-20) * UP


def _of_fewer_digits(numbers: np.ndarray) -> tuple[np.ndarray, float]:
    """Numbers on a lattice, and how far they are from what they were."""
    step = 2.0 ** (float(np.frexp(np.max(np.abs(numbers), initial=2.0**-900))[1]) - _DIGITS)
    return np.ascontiguousarray(np.round(numbers / step) * step + 0.0, dtype=np.float64), step


def _faces(shape: Shape, center: np.ndarray, slack: float) -> tuple[np.ndarray, np.ndarray]:
    """normals . (x - center) <= most of a hull: whatever the normals, its corners say how far it reaches."""
    faces = shape.faces
    if len(faces) == 0:
        return np.zeros((0, 3)), np.zeros(0)
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    size = lengths(normals)
    normals = normals[size > 0] / size[size > 0, None]
    corners = shape.vertices - center
    outwards = np.sum(normals * (faces[size > 0, 0] - center), axis=1) > np.mean(corners @ normals.T, axis=0)
    normals = normals * np.where(outwards, 1.0, -1.0)[:, None]
    return np.ascontiguousarray(normals), np.max(corners @ normals.T, axis=0) + slack


def _mirrors(corners: np.ndarray, slope: np.ndarray, neurons: np.ndarray) -> np.ndarray:
    """Rows of roots a of the reflections that leave everything as it is: a . x >= 0 for one of a point's images.

    Those that are positive on x_1 > x_2 > x_3 > 0, of all reflections that are symmetries: they are the positive roots
    of a group of reflections.
    """
    if np.any(slope):
        return np.zeros((0, 3))
    found, rows = [], _sorted(neurons)
    for root in _ROOTS:
        turn = np.eye(3) - 2 * np.outer(root, root) / (root @ root)
        image = neurons.copy()
        image[:, :3] = neurons[:, :3] @ turn + 0.0
        if np.array_equal(_sorted(image), rows) and np.array_equal(_sorted(corners @ turn + 0.0), _sorted(corners)):
            found.append(root)
    return np.array(found).reshape(-1, 3)


def _sorted(rows: np.ndarray) -> np.ndarray:
    """Rows in the order of their numbers."""
    return rows[np.lexsort(rows.T)]


_ROOTS = [np.eye(3)[i] for i in range(3)] + [
    np.eye(3)[i] + sign * np.eye(3)[j] for i, j in itertools.combinations(range(3), 2) for sign in (-1.0, 1.0)
]

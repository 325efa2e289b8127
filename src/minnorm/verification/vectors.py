"""The supremum over all atoms in the plane of the length of a sum with vector entries."""

import math
import sys

import numpy as np
from jaxtyping import Float

_NEAR = 1e-9  # of an angle: directions that far beyond an arc still count as on it
_LEAST = 64  # roundings of one term


def vector_supremum(points: Float[np.ndarray, "m 2"], vectors: Float[np.ndarray, "m q"]) -> float:
    r"""A bound from above of sup |sum_i nu_i relu(w . x_i + b)| over unit w in the plane and all b.

    For fixed w the sum is linear in b between kinks, so its length is largest at one, b = -w . x_i; there it is M w
    on each arc of directions between two at right angles to some x_j - x_i, and |M w|^2 a constant and a cosine of
    twice the angle. The entries must sum to zero exactly, or it is infinite for b to infinity.

    Roundings: arcs, sums and cosines are made of fewer than 64 + 2 m operations on numbers whose sum of sizes is at
    most sum_j |nu_j| max |x_j - x_i|; an arc's end that is off by a rounding moves the sum by no more than that. As
    many units in the last place are added; so are they to the squares of an arc, of the size of |M|^2, which can be
    much larger than |M w|^2 is on the arc.

    Arguments: `points` x (m, 2); `vectors` nu (m, q).

    >>> vector_supremum(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[-1.0], [1.0]])).__round__(9)
    1.0
    """
    if not (np.all(np.isfinite(points)) and np.all(np.isfinite(vectors))):
        return math.inf
    if any(math.fsum(column) != 0 for column in vectors.T.tolist()):
        return math.inf
    largest, far, rounding = 0.0, 0.0, (_LEAST + 2 * len(points)) * sys.float_info.epsilon
    for middle in points:
        away = points - middle
        far = max(far, float(np.max(np.linalg.norm(away, axis=1))))
        turn = np.arctan2(away[:, 1], away[:, 0]) + np.pi / 2
        low = np.sort(np.concatenate([turn, turn - np.pi]) % (2 * np.pi))
        high = np.append(low[1:], low[0] + 2 * np.pi)
        half = (low + high) / 2
        active = np.column_stack([np.cos(half), np.sin(half)]) @ away.T > 0
        matrix = np.einsum("aj,jq,jd->aqd", active, vectors, away)
        square = np.einsum("aqd,aqe->ade", matrix, matrix)
        mean, difference = (square[:, 0, 0] + square[:, 1, 1]) / 2, (square[:, 0, 0] - square[:, 1, 1]) / 2
        swing = np.hypot(difference, square[:, 0, 1])
        best = np.arctan2(square[:, 0, 1], difference) / 2
        best += np.pi * np.round((half - best) / np.pi)
        inside = np.abs(best - half) <= (high - low) / 2 + _NEAR
        ends = np.maximum(np.cos(2 * (low - best)), np.cos(2 * (high - best)))
        squares = mean + swing * np.where(inside, 1.0, ends) + rounding * (mean + swing)
        largest = max(largest, float(np.max(squares)))
    size = float(np.sum(np.linalg.norm(vectors, axis=1))) * far
    return math.sqrt(max(largest, 0.0)) + rounding * size

"""The two points that are nearest to each other."""

import math

import numpy as np
from jaxtyping import Float
from scipy.spatial import KDTree


def nearest_pair(points: Float[np.ndarray, "n d"]) -> tuple[tuple[int, int], float]:
    """The two nearest of the points that are not equal, as indices in order, and their distance; inf without two.

    >>> nearest_pair(np.array([[0.0], [4.0], [0.0], [5.0]]))
    ((1, 3), 1.0)
    """
    distinct, first = np.unique(points, axis=0, return_index=True)
    if len(distinct) < 2:
        return (0, 0), math.inf
    size = float(np.max(np.abs(distinct)))  # the squares of very small numbers are 0
    distance, other = (np.asarray(part) for part in KDTree(distinct / size).query(distinct / size, k=2))
    k = int(np.argmin(distance[:, 1]))
    i, j = sorted((int(first[k]), int(first[other[k, 1]])))
    return (i, j), float(distance[k, 1]) * size

r"""Reflections that map weighted points onto themselves, found exactly, and the part of space that is left to search.

A reflection x -> x - 2 (a . x) a / |a|^2 with a = e_i, e_i - e_j or e_i + e_j changes the sign of a coordinate or
exchanges two: no rounding. If it maps the points onto themselves and the weights to themselves or to their negatives,
|sum_j nu_j relu(w . s_j + b)| is the same for w and its image. All such a form the root system of a finite reflection
group, and every w has an image in its chamber {w : a . w >= 0 for the positive roots a} (Humphreys 1990, section 1.12).

Source: Humphreys (1990), *Reflection Groups and Coxeter Groups*.
"""

import itertools

import numpy as np
from scipy.optimize import nnls

from minnorm.verification.clock import ENDLESS, Clock


def chamber(points: np.ndarray, weights: np.ndarray, clock: Clock = ENDLESS) -> np.ndarray:
    """Rows a (m, k), of entries 0 and +-1: it is enough to look at w with a . w >= 0. None (0, k) without symmetry.

    Arguments: `points` (n, k), reflected about the origin; `weights` (n,); `clock`: fewer symmetries are known where
    time is short. None where points are equal.
    """
    k = points.shape[1]
    values = [np.sort(column) for column in points.T]
    odd = [np.array_equal(column, -column[::-1]) for column in values]
    where = {row: float(w) for row, w in zip(_keys(points), weights, strict=True)}
    if len(where) < len(points):  # an image would not say how many points it stands for
        return np.zeros((0, k))
    roots = [_root(k, i) for i in range(k) if odd[i] and _is_symmetry(_flipped(points, i), where, weights)]
    for i, j in itertools.combinations(range(k), 2):
        if clock.left < 0:
            break
        for sign in (1.0, -1.0):
            if np.array_equal(values[i], values[j] if sign > 0 else -values[j][::-1]) and _is_symmetry(
                _exchanged(points, i, j, sign), where, weights
            ):
                roots.append(_root(k, i, j, -sign))
    return _simple(np.array(roots).reshape(-1, k), clock)


def _root(k: int, i: int, j: int | None = None, sign: float = 0.0) -> np.ndarray:
    """e_i, or e_i + sign e_j with i < j: these are positive on w with w_1 > ... > w_k > 0, so all roots are."""
    root = np.zeros(k)
    root[i] = 1.0
    if j is not None:
        root[j] = sign
    return root


def _flipped(points: np.ndarray, i: int) -> np.ndarray:
    image = points.copy()
    image[:, i] *= -1
    return image


def _exchanged(points: np.ndarray, i: int, j: int, sign: float) -> np.ndarray:
    image = points.copy()
    image[:, i], image[:, j] = sign * points[:, j], sign * points[:, i]
    return image


def _keys(points: np.ndarray) -> list[tuple[float, ...]]:
    return [tuple(row) for row in (points + 0.0).tolist()]  # -0.0 becomes 0.0


def _is_symmetry(image: np.ndarray, where: dict[tuple[float, ...], float], weights: np.ndarray) -> bool:
    """Whether the images are the points, and their weights the points' or all the opposite."""
    found = [where.get(key) for key in _keys(image)]
    if None in found:
        return False
    moved = np.array(found, dtype=np.float64)
    return np.array_equal(moved, weights) or np.array_equal(moved, -weights)


def _simple(roots: np.ndarray, clock: Clock) -> np.ndarray:
    """The roots that are no combinations of others with weights >= 0; without one, the part searched only grows."""
    kept = list(range(len(roots)))
    for i in range(len(roots)):
        if clock.left < 0:
            break
        others = [j for j in kept if j != i]
        if others and nnls(roots[others].T, roots[i])[1] < 1e-9:
            kept.remove(i)
    return roots[kept]

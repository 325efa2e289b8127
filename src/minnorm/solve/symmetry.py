"""Dual vectors as symmetric as the data, so that what proves them may use the symmetry.

A symmetry of the points and their weights under which labels stay, or all turn round a constant, maps optimal dual
vectors to optimal ones, and they form a convex set: the mean over the group is optimal, too. It is the mean over each
orbit.
"""

import itertools

import numpy as np

from minnorm.objective.problem import Problem

_LEAST_RANK = 4  # up to 3 no proof needs it


def symmetrised(problem: Problem, dual: np.ndarray) -> np.ndarray:
    """The mean of a dual vector over the group of sign changes and exchanges of columns that keep the data.

    Arguments: the problem; `dual` (n,). Entries that a symmetry connects become equal, or opposite where it turns the
    labels round, to the last bit. The same vector where points repeat, where there is no such symmetry, or below 4
    columns.
    """
    x = problem.points
    if x.shape[1] < _LEAST_RANK:
        return dual
    centre = (x.min(axis=0) + x.max(axis=0)) / 2 if problem.penalty.biases_are_free else np.zeros(x.shape[1])
    points = x - centre
    order = np.lexsort(points.T)
    if np.any(np.all(points[order[1:]] == points[order[:-1]], axis=1)):
        return dual
    moves = []
    for image in _reflections(points):
        other = np.lexsort(image.T)
        if np.array_equal(image[other], points[order]):
            to = np.empty(len(x), dtype=np.int64)
            to[other] = order
            sign = _sign(problem, to)
            if sign and np.any(to != np.arange(len(x))):  # columns may be equal
                moves.append((to, sign))
    return _averaged(dual, moves) if moves else dual


def _reflections(points: np.ndarray):
    """Images of the points under all sign changes of a column and all exchanges of two, with or without both signs."""
    columns = [np.sort(column) + 0.0 for column in points.T]  # -0.0 becomes 0.0, so that equal columns have equal bytes
    known: dict[bytes, int] = {}
    keys, opposite = (
        [known.setdefault(part.tobytes(), len(known)) for part in parts]
        for parts in (columns, [0.0 - part[::-1] for part in columns])
    )
    for i, key in enumerate(keys):
        if key == opposite[i]:
            image = points.copy()
            image[:, i] *= -1
            yield image + 0.0
    for i, j in itertools.combinations(range(len(keys)), 2):
        for sign in (1.0, -1.0):
            if keys[i] == (keys[j] if sign > 0 else opposite[j]):
                image = points.copy()
                image[:, i], image[:, j] = sign * points[:, j], sign * points[:, i]
                yield image + 0.0


def _sign(problem: Problem, to: np.ndarray) -> int:
    """1 if the labels stay, -1 if they turn round a constant that costs nothing, else 0."""
    y = problem.values
    if not np.array_equal(problem.weights[to], problem.weights):
        return 0
    if np.array_equal(y[to], y):
        return 1
    total = y[to] + y
    return -1 if np.all(total == (total[0] if problem.penalty.constant_is_free else 0.0)) else 0


def _averaged(dual: np.ndarray, moves: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """Each orbit's mean, with the signs along the way; 0 on an orbit that is connected to its own opposite."""
    out, seen = dual.copy(), np.zeros(dual.size, dtype=bool)
    for first in range(dual.size):
        if seen[first]:
            continue
        signs, queue, whole = {first: 1}, [first], True
        while queue:
            i = queue.pop()
            for to, sign in moves:
                j = int(to[i])
                if j not in signs:
                    signs[j] = sign * signs[i]
                    queue.append(j)
                whole = whole and signs[j] == sign * signs[i]
        orbit, turns = np.array(list(signs)), np.array(list(signs.values()))
        seen[orbit] = True
        out[orbit] = turns * float(np.mean(turns * dual[orbit])) if whole else 0.0
    return out

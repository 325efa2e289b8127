"""The minimum-norm interpolant on the line whose biases are penalised, as a function and with its facing."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

from minnorm.known.univariate import angles as line_angles
from minnorm.known.univariate.affine import Affine
from minnorm.known.univariate.angles import Angles
from minnorm.known.univariate.cuts import by_cuts
from minnorm.known.univariate.dots import Kinks, around_a_pivot, turns_to_meet
from minnorm.known.univariate.rounding import settled
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

_ROUNDING = 8 * np.finfo(float).eps
_NARROW = 1e-7  # radians: the weight sqrt(1 + t^2) is affine on such a cell, but for rounding errors
_FREE = 1e-12  # of the norm: an affine part that costs no more is none


def penalised(
    t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], penalty: PathNorm
) -> tuple[ShallowReLU, Float[np.ndarray, " n"]]:
    r"""The network of least sum |a_k| |(w_k, b_k)| through (t_i, y_i), and the dual vector.

        with free skip and offset     min int sqrt(1 + t^2) |f''(t)| dt       over f through the points

    Its knots, found by `line_angles.solve`, lie at the points or between them, at most one in each open gap. Without
    one of the free terms the same f is optimal if its neurons can face so that they supply that term; else, and for
    neurons that are not ReLU, `by_cuts` solves a sequence of linear programmes.

    Arguments: `t` (n,) increasing, n >= 2; `y` (n,), with slopes that do not overflow; `penalty` with penalised
    biases. Nothing is checked.

    >>> net, nu = penalised(np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]), PathNorm("penalised", "free"))
    >>> float(np.sum(np.abs(net.outer_weights))), nu
    (2.0, array([-1.,  2., -1.]))

    Source: Boursier & Flammarion (2023), *Penalising the biases in norm regularisation enforces sparsity*, for the
    weight sqrt(1 + t^2) and uniqueness; the algorithm is our own.
    """
    found = chained(t, y, penalty) if penalty.activation.rectifies else None
    return by_cuts(t, y, penalty, near=_knots(t, y)[0].t) if found is None else found


def chained(
    t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], penalty: PathNorm
) -> tuple[ShallowReLU, Float[np.ndarray, " n"]] | None:
    """What `penalised` returns, in O(n), or None where a term that is not free would need other knots."""
    knots, angles = _knots(t, y)
    kinks, p, slope = around_a_pivot(knots.t, knots.y)
    affine = Affine(float(knots.y[p]), slope, float(knots.t[p]), float(t[0]), float(t[-1]))
    found = _facing(kinks, affine, penalty)
    if found is None:
        return None
    kinks, affine = found
    masses = turns_to_meet(t, angles.cosines * np.hypot(1, t), 0.0)
    nu = settled(t, np.append(masses, -math.fsum(masses.tolist())), 0.0, 0.0)
    return affine.joined(kinks, penalty, y), nu


def _knots(t: np.ndarray, y: np.ndarray) -> tuple["BrokenLine", Angles]:
    """The minimiser with both terms free, and the angles of its dual."""
    spread = line_angles.spreads(t)
    turns = np.diff(np.diff(y) / np.diff(t), prepend=0, append=0)
    chord = y[0] + (y[-1] - y[0]) * ((t - t[0]) / (t[-1] - t[0]))
    if np.max(np.abs(y - chord)) <= _ROUNDING * np.max(np.abs(y)):
        turns[:] = 0.0  # on a line, but for rounding errors
    turns[0] = turns[-1] = 0.0
    angles = line_angles.solve(turns * np.hypot(1, t), spread)
    return broken_line(t, y, angles, spread), angles


@dataclass(frozen=True)
class BrokenLine:
    """Knots, both ends of the data among them, and the values there."""

    t: Float[np.ndarray, " k"]
    y: Float[np.ndarray, " k"]


def broken_line(
    t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], angles: Angles, spread: Float[np.ndarray, " n-1"]
) -> BrokenLine:
    """The function with the knots of the dual's contacts.

    It turns at points where the dual touches, and in the cells where it is tangent, at arctan t = arctan x_i + a_i.
    In a run of such cells the line through a point is given by the knot before it, so one slope leads to all.
    """
    # In a narrow cell a knot between its points costs what its share at both does, and its place would be rounded.
    narrow = (angles.kinks != 0) & (spread < _NARROW)
    near = np.where(angles.kinks > 0, angles.up[:-1], angles.down[:-1])
    x, cosine, sine = t[:-1], np.cos(near), np.sin(near)
    # tan(arctan x + near) - x, so that no digits of a small angle far from the origin are lost.
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.clip(x + np.hypot(1, x) * (np.hypot(1, x) * sine) / (cosine - x * sine), x, t[1:])
    inside = (angles.kinks != 0) & ~narrow & (place > x) & (place < t[1:])
    # A knot that rounding put on a point is one there.
    at = np.append(~inside & (angles.kinks != 0) & (place <= x) | narrow, False)
    at[1:] |= ~inside & (angles.kinks != 0) & (place >= t[1:]) | narrow
    at |= angles.touching
    values = np.zeros(place.size)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    for first, stop in edges.reshape(-1, 2).tolist():
        _run(t, y, place, values, first, stop)
    # Both cells beside it without a knot: then so is the point, unless its turn is zero.
    at[0] = at[-1] = True
    where = np.concatenate([t[at], place[inside]])
    order = np.argsort(where, kind="stable")
    return BrokenLine(where[order], np.concatenate([y[at], values[inside]])[order])


def _run(t: np.ndarray, y: np.ndarray, place: np.ndarray, values: np.ndarray, first: int, stop: int) -> None:
    """Values at the knots in the cells from `first` to `stop`, a run, from the chords beside it.

    The line through a point is given by the knot before it, and by the knot behind it too. Where the lines from both
    sides meet nearest to a knot's place the knot moves, which costs next to nothing, and so rounding errors on the way
    miss no point.
    """
    slopes = np.diff(y[[first - 1, first]]) / np.diff(t[[first - 1, first]]) if first > 0 else None
    end = np.diff(y[[stop, stop + 1]]) / np.diff(t[[stop, stop + 1]]) if stop < t.size - 1 else None
    ahead, behind = np.zeros(stop - first), np.zeros(stop - first)  # slopes before and behind the knot of each cell
    slope = 0.0 if slopes is None else float(slopes[0])
    for k, i in enumerate(range(first, stop)):
        ahead[k] = slope
        values[i] = y[i] + slope * (place[i] - t[i])
        slope = (y[i + 1] - values[i]) / (t[i + 1] - place[i])
    if end is None and slopes is not None:
        return
    meet = 0
    slope = 0.0 if end is None else float(end[0])
    back = np.zeros(stop - first)
    for k in range(stop - first - 1, -1, -1):
        i = first + k
        behind[k] = slope
        back[k] = y[i + 1] - slope * (t[i + 1] - place[i])
        slope = (back[k] - y[i]) / (place[i] - t[i])
    if slopes is not None:
        left, right = t[first:stop], t[first + 1 : stop + 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = left + (np.diff(y[first : stop + 1]) - behind * (right - left)) / (ahead - behind)
            apart = np.abs(crossing - place[first:stop]) / (right - left)
        apart[~((crossing > left) & (crossing < right))] = np.inf
        meet = int(np.argmin(apart))
        if np.isfinite(apart[meet]):
            place[first + meet] = crossing[meet]
            back[meet] = y[first + meet] + ahead[meet] * (crossing[meet] - left[meet])
    values[first + meet : stop] = back[meet:]


def _facing(kinks: Kinks, affine: Affine, penalty: PathNorm) -> tuple[Kinks, Affine] | None:
    """The same function with its affine part, but for what is free, made of neurons turned round; None if they cannot.

    Turning a share theta of a neuron a relu(w (x - t)) round leaves a theta w (x - t), so what is wanted is theta in
    [0, 1] with v + sum theta a w = 0 and, without an offset, level + sum theta a w (at - t) = 0.
    """
    norm = math.fsum((np.abs(kinks.mass) * np.hypot(1, kinks.at)).tolist())
    if affine.cost(penalty) <= _FREE * norm:
        return kinks, affine
    if kinks.mass.size == 0:
        return None
    pull = kinks.mass * kinks.facing
    # With a free skip term only the value at 0 counts.
    centre = 0.0 if penalty.linear_is_free else affine.at
    rows = [(pull, -affine.slope)] if not penalty.linear_is_free else []
    rows += [(pull * (centre - kinks.at), -affine.value(centre))] if not penalty.has_offset else []
    scale = [float(np.sum(np.abs(row))) or 1.0 for row, _ in rows]
    system, goal = (
        np.stack([row / s for (row, _), s in zip(rows, scale, strict=True)]),
        [level / s for (_, level), s in zip(rows, scale, strict=True)],
    )
    found = linprog(np.zeros(pull.size), A_eq=system, b_eq=goal, bounds=(0, 1), method="highs")
    if found.x is None or found.status != 0:
        return None
    share = np.clip(found.x, 0, 1)
    # A vertex has few shares between 0 and 1: they take up its rounding errors.
    split = np.flatnonzero((share > 0) & (share < 1))
    if split.size < len(rows):
        split = np.argsort(-np.min(np.abs(system), axis=0))[:2]
    for _ in range(2):
        left = [level - math.fsum((row * share).tolist()) for row, level in zip(system, goal, strict=True)]
        share[split] += np.linalg.lstsq(system[:, split], np.array(left), rcond=None)[0]
    share = np.clip(share, 0, 1)
    kept = (1 - share) * kinks.mass
    turned = kinks.mass - kept
    slope = affine.slope + math.fsum((turned * kinks.facing).tolist())
    level = affine.level + math.fsum((turned * kinks.facing * (affine.at - kinks.at)).tolist())
    rest = replace(affine, level=level, slope=slope)
    if rest.cost(penalty) > _FREE * norm:
        return None
    both = Kinks(np.tile(kinks.at, 2), np.append(kinks.facing, -kinks.facing), np.append(kept, turned))
    return both, rest

"""The minimum-norm interpolant on the line whose biases are penalised, as a function and with its facing."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog

from minnorm.known import line_angles
from minnorm.known.line_angles import Angles
from minnorm.known.line_cuts import by_cuts
from minnorm.known.line_dots import connect_the_dots, turns_to_meet
from minnorm.network import ShallowReLU
from minnorm.penalty import PathNorm

_ROUNDING = 8 * np.finfo(float).eps


def penalised(
    t: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], penalty: PathNorm
) -> tuple[ShallowReLU, Float[np.ndarray, " n"]]:
    r"""The network of least sum |a_k| |(w_k, b_k)| through (t_i, y_i), and the dual vector.

        with free skip and offset     min int sqrt(1 + t^2) |f''(t)| dt       over f through the points

    Its knots, found by `line_angles.solve`, lie at the points or between them, at most one in each open gap. Without
    one of the free terms the same f is optimal if its neurons can face so that they supply that term; else
    `by_cuts` solves a sequence of linear programmes.

    Arguments: `t` (n,) increasing, n >= 2; `y` (n,), with slopes that do not overflow; `penalty` with penalised
    biases. Nothing is checked.

    >>> net, nu = penalised(np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]), PathNorm("penalised", "free"))
    >>> float(np.sum(np.abs(net.outer_weights))), nu
    (2.0, array([-1.,  2., -1.]))

    Source: Boursier & Flammarion (2023), *Penalising the biases in norm regularisation enforces sparsity*, for the
    weight sqrt(1 + t^2) and uniqueness; the algorithm is our own.
    """
    spread = line_angles.spreads(t)
    turns = np.diff(np.diff(y) / np.diff(t), prepend=0, append=0)
    chord = y[0] + (y[-1] - y[0]) * ((t - t[0]) / (t[-1] - t[0]))
    if np.max(np.abs(y - chord)) <= _ROUNDING * np.max(np.abs(y)):
        turns[:] = 0.0  # on a line, but for rounding errors
    turns[0] = turns[-1] = 0.0
    angles = line_angles.solve(turns * np.hypot(1, t), spread)
    knots = broken_line(t, y, angles, spread)
    network = _facing(connect_the_dots(knots.t, knots.y, skip=True), penalty)
    if network is None:
        return by_cuts(t, y, penalty, near=knots.t)
    masses = turns_to_meet(t, angles.cosines * np.hypot(1, t), 0.0)
    return network, np.append(masses, -math.fsum(masses.tolist()))


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
    near = np.where(angles.kinks > 0, angles.up[:-1], angles.down[:-1])
    x, cosine, sine = t[:-1], np.cos(near), np.sin(near)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.clip((x * cosine + sine) / (cosine - x * sine), x, t[1:])
    inside = (angles.kinks != 0) & (place > x) & (place < t[1:])
    slopes = np.diff(y) / np.diff(t)
    values = np.zeros(place.size)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    for first, stop in edges.reshape(-1, 2).tolist():
        if first > 0:
            slope = float(slopes[first - 1])
            for i in range(first, stop):
                values[i] = y[i] + slope * (place[i] - t[i])
                slope = (y[i + 1] - values[i]) / (t[i + 1] - place[i])
        else:
            slope = float(slopes[stop]) if stop < slopes.size else 0.0
            for i in range(stop - 1, first - 1, -1):
                values[i] = y[i + 1] - slope * (t[i + 1] - place[i])
                slope = (values[i] - y[i]) / (place[i] - t[i])
    # A knot that rounding put on a point is one there.
    at = np.append(~inside & (angles.kinks != 0) & (place <= x), False)
    at[1:] |= ~inside & (angles.kinks != 0) & (place >= t[1:])
    at |= angles.touching
    # Both cells beside it without a knot: then so is the point, unless its turn is zero.
    at[0] = at[-1] = True
    where = np.concatenate([t[at], place[inside]])
    order = np.argsort(where, kind="stable")
    return BrokenLine(where[order], np.concatenate([y[at], values[inside]])[order])


def _facing(network: ShallowReLU, penalty: PathNorm) -> ShallowReLU | None:
    """The same function without the terms that the penalty forbids, by turning neurons round; None if they cannot.

    Turning a share theta of a neuron a relu(w (x - t)) round leaves a theta w (x - t), so what is wanted is theta in
    [0, 1] with v + sum theta a w = 0 and, without an offset, c - sum theta a w t = 0.
    """
    assert network.skip is not None
    v, c = float(network.skip[0]), float(network.offset)
    w, a = network.inner_weights[:, 0], network.outer_weights
    pull, lever = a * w, a * network.biases
    rows = [(pull, -v)] if penalty.skip == "none" else []
    rows += [(lever, -c)] if penalty.offset == "none" else []
    if not rows:
        return network
    if all(level == 0 for _, level in rows):
        share = np.zeros(a.size)
    elif a.size == 0:
        return None
    else:
        scale = [float(np.sum(np.abs(row))) or 1.0 for row, _ in rows]
        found = linprog(
            np.zeros(a.size),
            A_eq=np.stack([row / s for (row, _), s in zip(rows, scale, strict=True)]),
            b_eq=[level / s for (_, level), s in zip(rows, scale, strict=True)],
            bounds=(0, 1),
            method="highs",
        )
        if found.x is None or found.status != 0:
            return None
        share = np.clip(found.x, 0, 1)
        # A vertex has few shares between 0 and 1: they take up its rounding errors.
        split = np.flatnonzero((share > 0) & (share < 1))
        if split.size < len(rows):
            split = np.argsort(-np.min(np.abs([row / s for (row, _), s in zip(rows, scale, strict=True)]), axis=0))[:2]
        left = np.zeros(len(rows))
        for _ in range(2):
            left = [
                (level - math.fsum((row * share).tolist())) / s for (row, level), s in zip(rows, scale, strict=True)
            ]
            columns = np.stack([row[split] / s for (row, _), s in zip(rows, scale, strict=True)])
            share[split] += np.linalg.lstsq(columns, np.array(left), rcond=None)[0]
        if np.max(np.abs(left)) > _ROUNDING or np.min(share) < -1e-9 or np.max(share) > 1 + 1e-9:
            return None
    kept, turned = (1 - share) * a, share * a
    skip = [] if penalty.skip == "none" else [v + math.fsum((turned * w).tolist())]
    offset = 0.0 if penalty.offset == "none" else c + math.fsum((turned * network.biases).tolist())
    live, back = kept != 0, turned != 0
    return ShallowReLU(
        np.concatenate([w[live], -w[back]])[:, None],
        np.concatenate([network.biases[live], -network.biases[back]]),
        np.concatenate([kept[live], turned[back]]),
        np.asarray(offset),
        np.array(skip) if skip else None,
    )

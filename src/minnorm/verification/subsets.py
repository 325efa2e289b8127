r"""The dual norm of neurons that read few columns: sup |h| over each set S of columns by the routes of its own rank.

    sup over w with at most k entries that are not 0  =  max over |S| = k of sup over w with support in S

and h(w, b) = sum_i nu_i relu(w_S . x_iS + b) knows the columns S alone: a problem in |S| dimensions, whatever d is. The
correction of nu is the same for all sets, as the free terms are.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.solution import Scope
from minnorm.verification import arrangement, space, strips
from minnorm.verification.asked import Asked, Bounded, corrected, nothing
from minnorm.verification.clock import Clock

_RANDOMS = 16  # directions in which a search begins, for each set
_ROUGH, _CLOSE = 0.02, 1e-7  # shares of the supremum: of a first look at a set, and as near as it gets
_QUICK = 3.0  # seconds: where an enumeration takes longer, strips go on
_BELOW = 1 - 2.0**-40
_HALVINGS = 24


@dataclass(frozen=True)
class _Part:
    """A set of columns, sup |h| there in [lower, upper], and how that was found."""

    columns: tuple[int, ...]
    lower: float
    upper: float
    scope: Scope


def sets(dim: int, inputs: int) -> Iterator[tuple[int, ...]]:
    """The sets of `inputs` of `dim` columns, with those of fewer in them."""
    return itertools.combinations(range(dim), min(inputs, dim))


def repaired_dual(asked: Asked) -> Bounded:
    """As `space.repaired_dual`, for neurons that read at most `penalty.inputs` of the columns."""
    if not np.any(asked.nu):
        return nothing(asked)
    proving, dim = asked.clock.all_but(space.SEARCH), asked.x.shape[1]
    vector = corrected(asked, proving)
    problems = [
        (chosen, space.reduce(asked.x[:, chosen], asked.nu, vector.moved, asked.penalty, proving, asked.sigma))
        for chosen in sets(dim, asked.penalty.inputs or dim)
    ]
    alone = proving.within(asked.patience)

    def suffices(norm: float) -> bool:
        return asked.enough(replace(vector.dual, norm=norm))

    def goal(part: space.Reduced, lowest: float) -> tuple[float, float]:
        return part.goal(lowest, suffices)

    parts = _bounded(problems, asked.net, proving, goal, alone, suffices) if vector.exact else None
    if parts is None:
        found = max(_searched(asked, problem, chosen) for chosen, problem in problems)
        estimated = replace(vector.dual, norm=found)
        return Bounded(estimated, "searched", estimated)
    dual = replace(vector.dual, norm=max(part.upper for part in parts))
    lower = max(part.lower for part in parts)
    if asked.rounding_is_to_blame(dual, lower):
        for k, part in enumerate(parts):
            if asked.enough(replace(dual, norm=part.upper)):
                continue
            norm = space.in_integers(asked, asked.x[:, part.columns], vector, asked.clock)
            if norm is None:
                break
            parts[k] = replace(part, upper=min(part.upper, norm), scope="exact")
        dual = replace(dual, norm=max(part.upper for part in parts))
    exact = max((part.upper for part in parts if part.scope == "exact"), default=-1.0) >= dual.norm
    return Bounded(dual, "exact" if exact else "bounded", dual if exact else replace(dual, norm=lower))


def _bounded(
    problems: list[tuple[tuple[int, ...], space.Reduced]],
    net: ShallowReLU,
    clock: Clock,
    goal: Callable[[space.Reduced, float], tuple[float, float]],
    branching: Clock,
    enough: Callable[[float], bool],
) -> list[_Part] | None:
    """Bounds for all sets, those above three dimensions within their share of a time; None where that is too long.

    Sets of two columns are looked at by strips first: most are far below the largest of all, and need no more.
    """
    parts: dict[int, _Part] = {}
    for k, (chosen, part) in enumerate(problems):
        if _in_the_plane(part):
            share = clock.part(k, 2 * len(problems)).within(0.5 * clock.left / (len(problems) - k))
            parts[k] = _striped(chosen, part, share, 0.0, _ROUGH)
    met = max((one.lower for one in parts.values()), default=0.0)
    ceiling = _most_that_is(enough, met)
    left = [k for k in range(len(problems)) if k not in parts or parts[k].upper > ceiling]
    long = min(_QUICK, clock.left / max(1, 2 * len(left)))
    quick = [k for k in left if not (k in parts and _seconds(problems[k][1]) > long)]
    if sum(_seconds(problems[k][1]) for k in quick if _enumerated(problems[k][1])) > clock.left:
        return None
    for at, k in enumerate(sorted(left, key=lambda k: -parts[k].lower if k in parts else 0.0)):
        met = max(met, *(one.lower for one in parts.values())) if parts else met
        if k in parts and parts[k].upper <= met:
            continue
        chosen, part = problems[k]
        share = clock.part(len(left) + at, 2 * len(left))
        if k not in quick:
            share = share.within(max(0.0, share.left) / (len(left) - at))
            closer = _striped(chosen, part, share, ceiling, 0.0 if enough(ceiling) else _CLOSE)
            parts[k] = replace(closer, upper=min(parts[k].upper, closer.upper))
            continue
        starts = space.network_directions(part, _reading(net, chosen))
        peak = arrangement.bound(
            part.coordinates,
            part.weights,
            part.free,
            starts,
            share,
            tilt=part.tilt,
            goal=partial(goal, part),
            patience=max(0.0, branching.left) / (len(left) - at),
        )
        if peak is None:
            return None
        parts[k] = _as_part(chosen, part, peak.lower, peak.upper, peak.scope)
    return [parts[k] for k in range(len(problems))]


def _as_part(columns: tuple[int, ...], part: space.Reduced, lower: float, upper: float, scope: Scope) -> _Part:
    """A set's bounds from those in its coordinates."""
    lower = max(0.0, lower - part.price) / part.stretch
    return _Part(columns, space.lifted(lower, part.exponent), part.norm(upper), scope)


def _striped(columns: tuple[int, ...], part: space.Reduced, clock: Clock, ceiling: float, close: float) -> _Part:
    """Bounds by strips, down to a ceiling of the dual norm or close to the supremum."""
    if clock.left > 0:
        clock.check()
    inside = max(0.0, math.ldexp(ceiling, -part.exponent) * _BELOW - part.price) / part.stretch
    lower, upper = strips.bound(part.coordinates, part.weights, 0.0, clock, target=inside, close=close)
    return _as_part(columns, part, lower, upper, "bounded")


def _most_that_is(enough: Callable[[float], bool], met: float) -> float:
    """A dual norm from `met` up that is `enough`, about the largest, or nearly `met` where none is."""
    if not enough(met):
        return met * (1 + _CLOSE)
    share, least = 1.0, 0.0
    for _ in range(_HALVINGS):
        share /= 2
        if enough(met * (1 + least + share)):
            least += share
    return met * (1 + least)


def _in_the_plane(part: space.Reduced) -> bool:
    """Whether it is one for strips, which take no linear part."""
    return part.tilt is None and part.free and part.coordinates.shape[1] == 2 and len(part.coordinates) >= strips.FEWEST


def _seconds(part: space.Reduced) -> float:
    """About how long an enumeration takes."""
    return arrangement.cost(len(part.coordinates), part.coordinates.shape[1], part.free)


def _enumerated(part: space.Reduced) -> bool:
    """Whether it is more than running sums along a line, and there is an estimate of how long it takes."""
    return (1 if part.free else 0) < part.coordinates.shape[1] <= 3


def _searched(asked: Asked, part: space.Reduced, columns: tuple[int, ...]) -> float:
    """An estimate of sup |h| from below."""
    return space.searched(asked, part, space.network_directions(part, _reading(asked.net, columns)), _RANDOMS)


def _reading(net: ShallowReLU, columns: tuple[int, ...]) -> ShallowReLU:
    """The neurons that read none but these columns, as neurons of these."""
    weights = np.asarray(net.inner_weights)
    others = np.delete(weights, columns, axis=1)
    live = ~np.any(others != 0, axis=1)
    chosen = weights[live][:, columns]
    return ShallowReLU(chosen, np.asarray(net.biases)[live], np.asarray(net.outer_weights)[live], np.asarray(0.0))

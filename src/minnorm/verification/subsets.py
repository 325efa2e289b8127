r"""The dual norm of neurons that read few columns: sup |h| over each set S of columns by the routes of its own rank.

    sup over w with at most k entries that are not 0  =  max over |S| = k of sup over w with support in S

and h(w, b) = sum_i nu_i relu(w_S . x_iS + b) knows the columns S alone: a problem in |S| dimensions, whatever d is. The
correction of nu is the same for all sets, as the free terms are.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.solution import Scope
from minnorm.verification import arrangement, space
from minnorm.verification.asked import Asked, Bounded, corrected, nothing
from minnorm.verification.clock import Clock
from minnorm.verification.exact import UP

_RANDOMS = 16  # directions in which a search begins, for each set


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
        (chosen, space.reduce(asked.x[:, chosen], asked.nu, vector.moved, asked.penalty, proving))
        for chosen in sets(dim, asked.penalty.inputs or dim)
    ]
    alone = proving.within(asked.patience)

    def goal(part: space.Reduced, lowest: float) -> tuple[float, float]:
        return part.goal(lowest, lambda norm: asked.enough(replace(vector.dual, norm=norm)))

    parts = _bounded(problems, asked.net, proving, goal, alone) if vector.exact else None
    if parts is None:
        found = max(_searched(asked, problem, chosen) for chosen, problem in problems)
        return Bounded(replace(vector.dual, norm=found), "searched", found)
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
    exact = all(part.scope == "exact" for part in parts)
    return Bounded(dual, "exact" if exact else "bounded", dual.norm if exact else lower)


def _bounded(
    problems: list[tuple[tuple[int, ...], space.Reduced]],
    net: ShallowReLU,
    clock: Clock,
    goal: Callable[[space.Reduced, float], tuple[float, float]],
    branching: Clock,
) -> list[_Part] | None:
    """Bounds for all sets, those above three dimensions within their share of a time; None where that is too long."""
    enumerated = [part for _, part in problems if _enumerated(part)]
    costs = [arrangement.cost(len(part.coordinates), part.coordinates.shape[1], part.free) for part in enumerated]
    if sum(costs) > clock.left:
        return None
    parts = []
    for k, (chosen, part) in enumerate(problems):
        starts = space.network_directions(part, _reading(net, chosen))
        peak = arrangement.bound(
            part.coordinates,
            part.weights,
            part.free,
            starts,
            clock.part(k, len(problems)),
            goal=partial(goal, part),
            patience=max(0.0, branching.left) / (len(problems) - k),
        )
        if peak is None:
            return None
        lower = max(0.0, peak.lower - part.price) / part.stretch
        upper = (part.stretch * peak.upper + part.price) * UP
        parts.append(_Part(chosen, space.lifted(lower, part.exponent), space.lifted(upper, part.exponent), peak.scope))
    return parts


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

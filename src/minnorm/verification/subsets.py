r"""The dual norm of neurons that read few columns: sup |h| over each set S of columns by the routes of its own rank.

    sup over w with at most k entries that are not 0  =  max over |S| = k of sup over w with support in S

and h(w, b) = sum_i nu_i relu(w_S . x_iS + b) knows the columns S alone: a problem in |S| dimensions, whatever d is. The
correction of nu is the same for all sets, as the free terms are.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Scope
from minnorm.verification import arrangement, rational, search, space
from minnorm.verification.clock import Clock
from minnorm.verification.exact import UP, Dual
from minnorm.verification.repair import correction, rough_correction
from minnorm.verification.space import Bounded

_FIRST = 0.1  # of the time is left for a search where there is no proof


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


def repaired_dual(
    x: np.ndarray,
    y: np.ndarray,
    nu: np.ndarray,
    penalty: PathNorm,
    net: ShallowReLU,
    weights: np.ndarray,
    *,
    enough: Callable[[Dual], bool],
    clock: Clock,
    seed: int,
    patience: float = math.inf,
) -> Bounded:
    """As `space.repaired_dual`, for neurons that read at most `penalty.inputs` of the columns."""
    inputs, change, proving = penalty.inputs or x.shape[1], None, clock.all_but(_FIRST)
    if np.any(nu):
        change = correction(x, nu, penalty, proving)
    proven = change is not None or not np.any(nu)
    change = rough_correction(x, nu, penalty) if change is None and not proven else change or {}
    sums = (*space.products(y, nu, change, weights), cache(lambda: space.entries(nu, change)))
    if not np.any(nu):
        return Bounded(Dual(0.0, *sums), "exact", 0.0)
    moved = space.moved_by(change, len(x))
    problems = [
        (chosen, space.reduce(x[:, chosen], nu, moved, penalty, proving)) for chosen in sets(x.shape[1], inputs)
    ]
    alone = proving.within(patience)

    def goal(part: space.Reduced, lowest: float) -> tuple[float, float]:
        return part.goal(lowest, lambda norm: enough(Dual(norm, *sums)))

    parts = _bounded(problems, net, proving, goal, alone) if proven else None
    if parts is None:
        found = max(_searched(problem, _reading(net, chosen), clock, seed) for chosen, problem in problems)
        return Bounded(Dual(found, *sums), "searched", found)
    dual = Dual(max(part.upper for part in parts), *sums)
    lower = max(part.lower for part in parts)
    if not enough(dual) and enough(replace(dual, norm=lower)):  # rounding is to blame: in integers where it is
        for k, part in enumerate(parts):
            if enough(replace(dual, norm=part.upper)):
                continue
            chosen = list(part.columns)
            norm = rational.dual_norm(x[:, chosen], nu, change, penalty.bias == "penalised", 0.0, clock)
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


def _searched(part: space.Reduced, net: ShallowReLU, clock: Clock, seed: int) -> float:
    """An estimate of sup |h| from below."""
    starts = space.network_directions(part, net)
    found = search.ascend(part.coordinates, part.weights, part.free, starts, clock=clock, seed=seed, randoms=16)
    return space.lifted(found, part.exponent)


def _reading(net: ShallowReLU, columns: tuple[int, ...]) -> ShallowReLU:
    """The neurons that read none but these columns, as neurons of these."""
    weights = np.asarray(net.inner_weights)
    others = np.delete(weights, columns, axis=1)
    live = ~np.any(others != 0, axis=1)
    chosen = weights[live][:, columns]
    return ShallowReLU(chosen, np.asarray(net.biases)[live], np.asarray(net.outer_weights)[live], np.asarray(0.0))

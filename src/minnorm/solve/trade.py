"""How the least norm on regions falls as more room is allowed."""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm.bracket import RegionSolution
from minnorm.checks import numbers, shown, suggesting
from minnorm.objective.norm import PathNorm
from minnorm.objective.regions.demand import Demand
from minnorm.objective.regions.known import Regions
from minnorm.pictures import record
from minnorm.resources import left, moment
from minnorm.solve.exchange import Progress, bracketed
from minnorm.solve.semiinfinite import Both

_ROUNDED = 4 * np.finfo(float).eps  # of what a few operations return


@dataclass(frozen=True, repr=False)
class RegionPath:
    r"""Brackets of N(delta), the least norm within delta of known regions, at some delta and in between.

    N is convex and falls. So it is below each chord of upper bounds, and above the line that each dual vector proves:

        N(delta) >= lower_bound_i + (within_i - delta) slope_i  for delta <= within_i,    slope_i = |nu|_1 / sup |h_nu|

    `solutions` are those of `interpolate_regions`, the most room first.
    """

    solutions: tuple[RegionSolution, ...]

    @property
    def withins(self) -> Float[np.ndarray, " k"]:
        """delta_i."""
        return np.array([one.within for one in self.solutions])

    @property
    def values(self) -> Float[np.ndarray, " k"]:
        """Upper bounds there."""
        return np.array([one.value for one in self.solutions])

    @property
    def lower_bounds(self) -> Float[np.ndarray, " k"]:
        """Lower bounds there."""
        return np.array([one.lower_bound for one in self.solutions])

    @property
    def certified(self) -> bool:
        """Whether all of the brackets are."""
        return all(one.certified for one in self.solutions)

    def lower(self, within: "npt.ArrayLike | float | int") -> Float[np.ndarray, "..."]:
        """A proved lower bound of N at any numbers >= 0: at 0, too, where no finite network need agree.

        Errors: ValueError for numbers below 0.
        """
        less = self.withins - _rooms(within)[..., None]
        slopes = np.array([one.proof.slope for one in self.solutions])
        lines = (self.lower_bounds + slopes * less) * (1 - _ROUNDED)
        return np.asarray(np.max(np.where(less >= 0, lines, 0.0), axis=-1, initial=0.0))

    def upper(self, within: "npt.ArrayLike | float | int") -> Float[np.ndarray, "..."]:
        """A proved upper bound of N at any numbers >= 0: infinite for less room than any network here keeps to.

        Errors: ValueError for numbers below 0.
        """
        rooms = _rooms(within)
        finite = np.isfinite(self.values)
        places, values = self.withins[finite], self.values[finite]
        found = np.full(rooms.shape, math.inf)
        for place, value in zip(places, values, strict=True):
            found = np.where(rooms >= place, np.minimum(found, value), found)
            for other, above in zip(places, values, strict=True):
                between = (other < rooms) & (rooms < place)
                share = np.clip((rooms - other) / (place - other), 0.0, 1.0) if place > other else np.zeros(rooms.shape)
                chord = (above + share * (value - above)) * (1 + _ROUNDED)
                found = np.where(between, np.minimum(found, chord), found)
        return found

    def __repr__(self) -> str:
        facts = {
            f"within {one.within:g}": f"between {one.lower_bound:.8g} and {one.value:.8g}" for one in self.solutions
        }
        facts["within 0"] = f"at least {float(self.lower(0.0)):.8g}, by the dual vectors above"
        return record(f"RegionPath: {'certified' if self.certified else 'not certified'}", facts)


def _rooms(within: Any) -> Float[np.ndarray, "..."]:
    rooms = numbers(within, "within")
    if not np.all(np.isfinite(rooms) & (rooms >= 0)):
        raise ValueError(f"within is {shown(within)}; give finite numbers >= 0")
    return rooms


@suggesting
def region_path(
    regions: Regions,
    withins: "npt.ArrayLike",
    *,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-2,
    time_limit: float | int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> RegionPath:
    r"""The least norm of networks within delta of known regions, for several delta, each from the one before.

        N(delta) = min [f]   subject to   |f(x) - label(x)| <= delta   for all x in K

    Arguments: `regions`; `withins`, distinct numbers >= 0 in any order; the others as for `interpolate_regions`, where
    `time_limit` is for all of them, and what there was no time for is left out.

    Returns a `RegionPath`, whose `lower` and `upper` bound N everywhere. Errors: ValueError naming the argument.

    >>> from minnorm import ball
    >>> K = Regions([(ball([0.0, 0.0], 1.0), 0.0), (ball([4.0, 0.0], 1.0), 1.0)])
    >>> found = region_path(K, [0.0, 0.1, 0.2])
    >>> bool(found.lower(0.05) <= found.upper(0.05)), found.solutions[0].within
    (True, 0.2)

    Source: Rockafellar (1970), *Convex Analysis*, for perturbation functions and their subgradients.
    """
    rooms = np.atleast_1d(_rooms(withins))
    if rooms.ndim != 1 or rooms.size == 0 or np.unique(rooms).size < rooms.size:
        raise ValueError(f"withins is {shown(withins)}; give a sequence of distinct finite numbers >= 0")
    deadline = moment(time_limit)
    found: list[RegionSolution] = []
    begun: Both | None = None
    for k, room in enumerate(np.sort(rooms)[::-1].tolist()):
        share = None if deadline == math.inf else max(0.1, left(deadline)) * min(1.0, 2 / (len(rooms) - k))
        options: dict[str, Any] = {"tolerance": tolerance, "time_limit": share, "seed": seed, "certify": True}
        one, engine = bracketed(regions, Demand(room), penalty, progress=progress, begun=begun, **options)
        found.append(one)
        begun = engine if isinstance(engine, Both) else None
        if one.ending == "interrupted" or time.monotonic() > deadline:
            break
    return RegionPath(tuple(found))

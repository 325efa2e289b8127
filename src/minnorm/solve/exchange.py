"""Least norm on whole regions, from both sides: what users call, and its rounds."""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

from minnorm.activation import RELU
from minnorm.bracket import RegionSolution
from minnorm.checks import flag, function, instance, optional, real, suggesting, whole
from minnorm.objective.norm import PathNorm
from minnorm.objective.regions.demand import Demand
from minnorm.objective.regions.known import Regions
from minnorm.resources import left, moment, past
from minnorm.solution import Ending, relative_gap
from minnorm.solve.finite import Finite
from minnorm.solve.semiinfinite import Both
from minnorm.verification import verify_regions

Progress = Callable[[float, float, float], None]
"""Called with (seconds, norm of the best network so far, lower bound so far) after each finite problem."""

_CLOSED = 0.9  # of the tolerance: the proof adds rounding errors
_LONGER = 1.5  # times as long as the last the next round may take
_STILL = 60  # rounds without better bounds, after which none are expected
_PROOF = (0.2, 0.2, 0.4)  # of the time limit is kept for the proof, by dimension


@suggesting
def interpolate_regions(
    regions: Regions,
    *,
    within: float | int,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-2,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: Progress | None = None,
) -> RegionSolution:
    r"""The least norm of networks that agree with known regions, from both sides, and a network that has it.

        N(within) = min sum_k |a_k| |w_k|   subject to   |f(x) - label(x)| <= within   for all x in K

    Finite problems on points of K are solved, and the worst points of K are added, until the network agrees on all of
    K. A finite problem bounds N from below; to bound it from above, networks keep clear of `within` by what they last
    missed between the points, which costs little because N is convex. In the plane and in space neurons come together
    with the points, both up to the symmetries of K. Arguments: `regions`, of one to three dimensions; `within` >= 0,
    where 0 has a finite network only where knots need not cross regions; `penalty`, which parameters cost, for ReLU;
    `tolerance` of the relative gap; `time_limit` in seconds, after which the best bracket so far is returned, as after
    Ctrl-C; `seed` of searches; `certify=False` leaves out the proof; `progress`, called with (seconds, norm, bound).

    Returns a `RegionSolution` whose bracket `verify_regions` made. Errors: ValueError naming the argument.

    >>> from minnorm import ball
    >>> K = Regions([(ball([0.0, 0.0], 1.0), 0.0), (ball([4.0, 0.0], 1.0), 1.0)])
    >>> sol = interpolate_regions(K, within=0.0)
    >>> sol.certified, round(sol.value, 6)
    (True, 1.0)

    Source: Hettich & Kortanek (1993), *Semi-infinite programming*, for exchange; `verify_regions` for the proof.
    """
    room = real("within", within, "a finite number >= 0", lambda size: 0 <= size < math.inf)
    options: dict[str, Any] = {"tolerance": tolerance, "time_limit": time_limit, "seed": seed, "certify": certify}
    return bracketed(regions, Demand(room), penalty, progress=progress, **options)[0]


@suggesting
def separate_regions(
    regions: Regions,
    *,
    penalty: PathNorm | None = None,
    tolerance: float | int = 1e-2,
    time_limit: float | int | None = None,
    seed: int = 0,
    certify: bool = True,
    progress: Progress | None = None,
) -> RegionSolution:
    r"""The least norm of networks that separate known regions by a margin, from both sides, and one that has it.

        min sum_k |a_k| |w_k|   subject to   label(x) f(x) >= 1   for all x in K

    1 / value is the largest margin min label f over all of K of networks of norm 1. Any network with a positive margin
    on K has a multiple that bounds this from above. Arguments: `regions` with labels -1 and 1; the others as for
    `interpolate_regions`.

    Returns a `RegionSolution` with `margins` true, whose `error` is the largest 1 - label f on K, at most 0. Errors:
    ValueError naming the argument.

    >>> from minnorm import ball
    >>> K = Regions([(ball([0.0, 0.0], 1.0), -1), (ball([4.0, 0.0], 1.0), 1)])
    >>> sol = separate_regions(K)
    >>> sol.certified, round(sol.value, 2)
    (True, 1.0)

    Source: Rosset, Zhu & Hastie (2004), *Margin maximizing loss functions*, for finitely many points.
    """
    options: dict[str, Any] = {"tolerance": tolerance, "time_limit": time_limit, "seed": seed, "certify": certify}
    return bracketed(regions, Demand(margins=True), penalty, progress=progress, **options)[0]


def bracketed(
    regions: Regions,
    demand: Demand,
    penalty: PathNorm | None,
    *,
    tolerance: float | int,
    time_limit: float | int | None,
    seed: int,
    certify: bool,
    progress: Progress | None,
    begun: Both | None = None,
) -> tuple[RegionSolution, Both | Finite]:
    """What both of the above return, and the engine, from which one for another demand may begin."""
    instance("regions", regions, Regions, "mn.Regions")
    demand.refuse(regions)
    gap = real("tolerance", tolerance, "a relative gap from 1e-9 up, below 1", lambda size: 1e-9 <= size < 1)
    norm = PathNorm.given(penalty)
    if norm.activation != RELU:
        raise ValueError(f"penalty has {norm.activation} neurons; regions are for ReLU")
    if demand.margins and norm.linear_is_free:
        raise ValueError('penalty has skip="free"; margins of regions are for skip="none"')
    optional(function, "progress", progress, "a function of (seconds, norm, bound), or None", 3)
    certify, seed = flag("certify", certify), whole("seed", seed, 0)
    began, deadline = time.monotonic(), moment(time_limit)
    proving = _PROOF[regions.dim - 1] * (deadline - began) if certify and deadline < math.inf else 0.0
    solving = deadline - proving
    engine = _engine(regions, demand, norm, gap, seed, begun)
    ending = _run(engine, gap, solving, lambda v, b: progress and progress(time.monotonic() - began, v, b))
    x, y, nu = engine.dual
    found = RegionSolution(
        regions, demand.within, norm, engine.network, x, y, nu, None, engine.rounds, ending, demand.margins
    )
    if certify:
        limit = None if deadline == math.inf else max(0.5, left(deadline))
        proof = verify_regions(regions, found, tolerance=gap, seed=seed, time_limit=limit)
        found = dataclasses.replace(found, bracket=proof)
    return found, engine


def _engine(
    regions: Regions, demand: Demand, penalty: PathNorm, tolerance: float, seed: int, begun: Both | None
) -> Both | Finite:
    """Points and atoms together above the line, where an atom costs the same everywhere; else finite problems."""
    together = regions.dim > 1 and penalty.biases_are_free and penalty.inputs is None
    if together and (demand.margins or demand.within > 0):
        return Both(regions, demand, penalty, tolerance, seed, begun)
    return Finite(regions, demand, penalty, tolerance, seed)


def _run(engine: Both | Finite, tolerance: float, deadline: float, tell: Callable[[float, float], object]) -> Ending:
    """Rounds until the gap is closed, the time is over, or nothing moves, the bounds included for many rounds."""
    before, still = (math.inf, 0.0), 0
    while True:
        began = time.monotonic()
        try:
            moved = engine.step(deadline)
            now = time.monotonic()
            over = past(deadline - _LONGER * (now - began))
            still = still + 1 if (engine.value, engine.bound) == before else 0
            before, moved = (engine.value, engine.bound), moved and still < _STILL
            if over or not moved:
                engine.finish()
        except KeyboardInterrupt:
            if engine.rounds == 0:
                raise
            return "interrupted"
        tell(engine.value, engine.bound)
        if relative_gap(engine.value, engine.bound) <= _CLOSED * tolerance:
            return "closed"
        if over:
            return "time"
        if not moved:
            return "stalled"

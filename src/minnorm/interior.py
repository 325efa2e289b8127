"""The interior point method's one loop: Mehrotra's predictor and corrector over systems that know their own algebra."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float

_STEPS = 100
_TO_BOUNDARY = 0.995
_LEAST_CENTRED = 1e-4  # share of the present complementarity that is always aimed at
_STUCK = 1e-6  # a step this short is the last
WORSE = 100.0  # so is a step that makes the error this much larger
_CLOSE, _FAR = 1e-2, 1e3  # but before it is close multipliers may have to grow, and the error with them

Slacks = Float[np.ndarray, "..."]
"""Slacks or multipliers, one for each inequality, in whatever shape suits the system."""

Point = TypeVar("Point")


@dataclass(frozen=True)
class Standing(Generic[Point]):
    """What a system says of where it is: the point to keep, and how far that is from the answer.

    `solved` ends the iteration. Once `close`, steps that make the error no smaller are counted.
    """

    point: Point
    error: float
    solved: bool
    close: bool


class Direction(NamedTuple):
    """A Newton step: the system's own unknowns, the fall of the slacks, and the change of the multipliers."""

    step: Any
    fall: Slacks
    change: Slacks


@runtime_checkable
class System(Protocol[Point]):
    """Equations and inequalities with slacks s > 0 and multipliers u > 0, and the unknowns that belong to them.

    Their complementarity s u is driven to zero. All else, the equations and how they are solved, is the system's.
    """

    @property
    def together(self) -> bool:
        """Whether slacks and multipliers must take steps of one length."""
        ...

    def standing(self, slack: Slacks, mass: Slacks) -> Standing[Point]:
        """Where the unknowns are, with these slacks and multipliers."""
        ...

    def factor(self, ratio: Slacks) -> bool:
        """Prepare Newton's equations for multipliers over slacks, `ratio`; False if that breaks down."""
        ...

    def direction(self, move: Slacks, ratio: Slacks) -> Direction:
        """The Newton step in which the multipliers change by `move` + `ratio` * fall of the slacks."""
        ...

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move the unknowns by these shares of a step: `dual` for what sets the slacks, `primal` for the others."""
        ...


@dataclass(frozen=True)
class Reached(Generic[Point]):
    """The best point so far, its error, and after how many steps it was met."""

    point: Point
    error: float
    steps: int


def iterates(
    system: System[Point],
    slack: Slacks,
    mass: Slacks,
    *,
    patience: int,
    worse: float = WORSE,
    deadline: float = math.inf,
) -> Iterator[Reached[Point]]:
    r"""Mehrotra's predictor-corrector method: the best point so far, before each step and after the last.

    With slacks s and multipliers u a step is aimed at s u = sigma mean(s u), where sigma is the cube of the share that
    the step to s u = 0 would leave, and is taken .995 of the way to the boundary. It ends where the system is solved,
    where a system cannot be factored, and where steps lead nowhere: after `patience` in vain once it is close, or after
    one that is not finite or makes the error `worse` times larger. No step is begun that would end after `deadline`, a
    `time.monotonic` moment, if it takes as long as the last.

    Source: Mehrotra (1992), *On the implementation of a primal-dual interior point method*.
    """
    kept = Best[Point](patience, worse)
    began, pause = time.monotonic(), 0.0
    for steps in range(_STEPS):
        standing = system.standing(slack, mass)
        if not kept.goes_on(standing, steps):
            return
        yield kept.reached
        now = time.monotonic()
        began, pause = now, now - began
        ratio = mass / slack
        if standing.solved or began + pause > deadline or not system.factor(ratio):
            return
        direction = corrected(system, slack, mass, ratio)
        dual, primal = lengths(slack, mass, direction, system.together)
        if not max(dual, primal) > _STUCK:
            return
        system.advance(direction, dual, primal)
        slack, mass = slack - dual * direction.fall, mass + primal * direction.change


def last(found: Iterator[Reached[Point]]) -> Reached[Point]:
    """The best point of all."""
    *_, best = found
    return best


class Best(Generic[Point]):
    """The best point so far, and whether it is worth to go on."""

    def __init__(self, patience: int, worse: float = WORSE) -> None:
        self._patience, self._worse, self._vain = patience, worse, 0
        self._reached: Reached[Point] | None = None

    @property
    def reached(self) -> Reached[Point]:
        """The best point; there is one once `goes_on` was asked."""
        assert self._reached is not None
        return self._reached

    def goes_on(self, standing: Standing[Point], steps: int) -> bool:
        """Keep the point if it is better; False after too many in vain, or one that is far worse or not finite."""
        best = self._reached
        better = best is None or standing.error < best.error
        self._vain = 0 if better or not standing.close else self._vain + 1
        if best is not None and (self._vain > self._patience or not standing.error < self._limit(best.error)):
            return False
        if better:
            self._reached = Reached(standing.point, standing.error, steps)
        return True

    def _limit(self, error: float) -> float:
        """The error from which on a point is too bad to go on, for that of the best."""
        return self._worse * (error if error < _CLOSE else max(error, _FAR))


def corrected(system: System[Any], slack: Slacks, mass: Slacks, ratio: Slacks) -> Direction:
    """The step towards what the step to s u = 0 leaves of the complementarity, with its terms of second order."""
    mean = float(np.sum(mass * slack)) / slack.size
    _, fall, change = system.direction(-mass, ratio)
    dual, primal = longest(slack, -fall), longest(mass, change)
    left = float(np.sum((mass + primal * change) * (slack - dual * fall))) / slack.size
    target = max((left / mean) ** 3, _LEAST_CENTRED) * mean
    return system.direction((target + change * fall) / slack - mass, ratio)


def lengths(slack: Slacks, mass: Slacks, direction: Direction, together: bool) -> tuple[float, float]:
    """How much of a step slacks and multipliers take, at most all of it, and .995 of the way to the boundary."""
    dual = min(1.0, _TO_BOUNDARY * longest(slack, -direction.fall, np.inf))
    primal = min(1.0, _TO_BOUNDARY * longest(mass, direction.change, np.inf))
    both = min(dual, primal)
    return (both, both) if together else (dual, primal)


def longest(x: Slacks, change: Slacks, most: float = 1.0) -> float:
    """The longest step, up to `most`, with x + step * change >= 0.

    >>> longest(np.array([1.0, 2.0]), np.array([-4.0, 1.0]))
    0.25
    """
    falling = change < 0
    return min(most, float(np.min(x[falling] / -change[falling], initial=np.inf)))

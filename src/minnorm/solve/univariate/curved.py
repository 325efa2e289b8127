"""Losses that are no squares on the line: the banded interior point method with their conjugates and domains."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from minnorm.interior import Direction, Standing, iterates
from minnorm.objective.separable import Separable
from minnorm.solve.univariate.banded import Box, Newton

_PATIENCE = 5
_WORSE = 1e6
_START = 1e-2  # of the way from 0 to an end of the domain that 0 is not inside of
_APART = 0.1  # of a slope: the parts of nu where it is 0


@dataclass(frozen=True)
class Iterate:
    """Where the method is: values f (n,) of a broken line, `turns` (n - 2,) at the inner points, and how large they may
    be by their multipliers, the dual vector, the objective's value and bound, and the error left."""

    f: Float[np.ndarray, " n"]
    nu: Float[np.ndarray, " n"]
    slopes: Float[np.ndarray, " n-1"]
    turns: Float[np.ndarray, " n-2"]
    weight: Float[np.ndarray, " n-2"]
    value: float
    bound: float
    steps: int = 0
    interrupted: bool = False


# Slacks that vanish make their ratios overflow; `factor` refuses those, and the best iterate is returned.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def solve(
    loss: Separable,
    gaps: Float[np.ndarray, " m"],
    skip: bool,
    *,
    tolerance: float,
    deadline: float,
    progress: Callable[[float, float], None] | None = None,
) -> Iterate:
    r"""Mehrotra's predictor-corrector method for the norm of a broken line f plus L(f).

        max  -L*(-nu)     s.t.  |z_i| <= 1,  |z_i - p| <= 1,  p = z_1,  z_n = 0

    as `banded.solve` has it for squares, with f = psi'(nu) in place of y - rho nu, where L* is a sum of psi_i(nu_i) +
    k_i |nu_i| on intervals. An end of an interval is a slack more, and so are the two parts of what has a kink: they
    add to psi'' on the diagonal, so that each step is O(n) as before. Gaps may be 0: equal points keep their own nu.

    Arguments: `loss` of n points in order; `gaps` h (n - 1,) between them; `skip`, whether a linear term is free;
    `tolerance` of the relative gap; `deadline`, a `time.monotonic` moment; `progress`, called with (value, bound).
    Returns the best iterate, also where Ctrl-C ends the work, which it says then.

    Source: Kim, Koh, Boyd & Gorinevsky (2009), *l1 trend filtering*, for squares; Mehrotra (1992) for the loop.
    """
    system = _Segments(loss, gaps, skip, tolerance)
    best, steps, interrupted = None, 0, False
    try:
        for reached in iterates(system, system.slack, system.mass, patience=_PATIENCE, worse=_WORSE, deadline=deadline):
            best, steps = reached.point, reached.steps
            if progress is not None:
                progress(best.value, best.bound)
    except KeyboardInterrupt:
        if best is None:
            raise
        interrupted = True
    assert best is not None
    return replace(best, steps=steps, interrupted=interrupted)


def norm_of(slopes: Float[np.ndarray, " k"], skip: bool) -> float:
    """[f] of a broken line."""
    bends = float(np.sum(np.abs(np.diff(slopes))))
    return bends if skip else max(bends, (bends + abs(float(slopes[0] + slopes[-1]))) / 2)


class _Segments:
    """The unknowns m, s, z and p, the slacks of the box, of ends and of parts, and Newton's equations for them."""

    def __init__(self, loss: Separable, gaps: np.ndarray, skip: bool, tolerance: float) -> None:
        self.loss, self.gaps, self.skip, self.tolerance = loss, gaps, skip, tolerance
        n = gaps.size + 1
        self.box, self.newton = Box(n - 2, skip), Newton(gaps, np.ones(n), skip)
        low, high = loss.domain
        self.high, self.low = np.flatnonzero(np.isfinite(high)), np.flatnonzero(np.isfinite(low))
        self.kinked = bool(np.any(loss.kink))
        nu = inside(low, high)
        self.m, self.s, self.z, self.p = np.cumsum(nu)[:-1], np.zeros(n - 1), np.zeros(n - 2), 0.0
        # Where L* is linear in its pieces, values do not depend on nu, and each side may take steps of its own.
        self.together = bool(np.any(loss.curvature(nu)))
        parts = [1 - self.box.rise(self.z, self.p), (high - nu)[self.high], (nu - low)[self.low]]
        if self.kinked:
            room = _APART * (np.abs(nu) + loss.rate * np.abs(loss.scale))
            parts += [np.maximum(nu, 0) + room, np.maximum(-nu, 0) + room]
        self.sizes = np.cumsum([parts[0].size, self.high.size, self.low.size, n * self.kinked])
        self.slack = np.concatenate(parts)
        self.mass = max(loss.value(np.zeros(n)), 1e-300) / self.slack.size / self.slack
        if self.kinked:
            self.mass[-2 * n :] = np.tile(loss.kink, 2)

    def _split(self, row: np.ndarray) -> list[np.ndarray]:
        """Of the box, of high and low ends, of the two parts."""
        return np.split(row, self.sizes)

    def _spread(self, part: np.ndarray, places: np.ndarray) -> np.ndarray:
        whole = np.zeros(self.gaps.size + 1)
        whole[places] = part
        return whole

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[Iterate]:
        """Values and dual vector, with the gap between value and bound and what the misfits may hide of it."""
        box, high, low, first, second = self._split(mass)
        nu = self.nu = np.diff(self.m, prepend=0, append=0)
        f = self.loss.values_of(nu) - self._spread(high, self.high) + self._spread(low, self.low)
        if self.kinked:
            f = f - 0.5 * (second - first)
        turns, pull = self.box.gather(box)
        misfit = self.misfit = (
            self.gaps * self.s - np.diff(f),
            self.gaps * self.m - np.diff(self.z, prepend=self.p, append=0),
            np.diff(self.s) - turns,
            0.0 if self.skip else float(self.s[0]) - pull,
        )
        bound = -self.loss.conjugate(nu)
        off = abs(misfit[0] @ self.m) + abs(misfit[1] @ self.s) + np.sum(abs(misfit[2])) + abs(misfit[3])
        value = float(np.sum(box)) + self.loss.value(f)
        error = (abs(value - bound) + float(off)) / max(abs(bound), abs(value), 1e-300)
        rows = box[: self.box.rows * self.box.inner].reshape(self.box.rows, -1)
        iterate = Iterate(f, nu, self.s, turns, np.sum(rows, axis=0), value, bound)
        return Standing(iterate, error, error <= self.tolerance, error <= 1e-3)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor the band for these multipliers over slacks."""
        box, high, low, first, second = self._split(ratio)
        bent = self.loss.curvature(self.nu) + self._spread(high, self.high) + self._spread(low, self.low)
        if self.kinked:
            self.stiff = 1 / (1 / first + 1 / second)
            bent = bent + self.stiff
        if not np.all(np.isfinite(bent)):
            return False
        self.newton.weigh(bent)
        return self.newton.factor(*self.box.weights(box))

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """Newton steps of the unknowns and p, and what slacks and multipliers make of them."""
        box, high, low, first, second = self._split(move)
        *_, of_first, of_second = self._split(ratio)
        turn, pull = self.box.gather(box)
        pushed = self._spread(high, self.high) - self._spread(low, self.low)
        if self.kinked:
            first, second = first / of_first, second / of_second
            pushed = pushed + self.stiff * (second - first)
        right = np.empty(3 * self.gaps.size - 1)
        right[0::3], right[1::3] = self.misfit[0] + np.diff(pushed), self.misfit[1]
        right[2::3] = self.misfit[2] - turn
        x, p = self.newton.solve(right, self.misfit[3] - pull)
        step = np.diff(x[0::3], prepend=0, append=0)
        fall = [self.box.rise(x[2::3], p), step[self.high], -step[self.low]]
        if self.kinked:
            force = self.stiff * (step - first + second)
            fall += [-(first + force / of_first), -(second - force / of_second)]
        falls = np.concatenate(fall)
        return Direction((x, p), falls, move + ratio * falls)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move all unknowns; the two lengths are one."""
        x, p = direction.step
        self.m, self.s, self.z = self.m + dual * x[0::3], self.s + primal * x[1::3], self.z + dual * x[2::3]
        self.p += dual * p


def inside(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """A vector of sum 0 inside the intervals, each of which has 0 inside or at an end."""
    up, down = low >= 0, high <= 0
    if not (np.any(up) or np.any(down)):
        return np.zeros(low.size)
    room = np.minimum(np.where(np.isfinite(high - low), high - low, 1.0), 1.0)
    nu = np.where(up, room, np.where(down, -room, 0.0))
    above, below = float(np.sum(nu[up])), -float(np.sum(nu[down]))
    if above == 0 or below == 0:
        return np.zeros(low.size)
    least = min(above, below)
    return _START * np.where(up, nu * least / above, nu * least / below)


_SHARES = (1e-3, 1e-5, 1e-7, 0.0)  # of the heaviest turn: inner points with less may be no knots


def broken_line(
    loss: Separable, t: Float[np.ndarray, " n"], found: Iterate, skip: bool, tolerance: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Knots (indices), levels there and the objective of a broken line with few knots that is as good as the iterate's.

    Its slopes are the iterate's, and the constant is in the middle of what its values say.
    """
    g = np.append(0.0, np.cumsum(np.diff(t) * found.slopes))
    g = g + float(np.median(found.f - g))
    apart = np.append(np.diff(t) > 0, True)
    best: tuple[np.ndarray, np.ndarray, float] | None = None
    for share in _SHARES:
        inner = found.weight >= share * float(np.max(found.weight, initial=0.0))
        chosen = np.flatnonzero(np.concatenate([[True], inner, [True]]) & apart)
        chosen = chosen if t[chosen[0]] == t[0] else np.append(0, chosen)
        slopes = np.diff(g[chosen]) / np.diff(t[chosen])
        value = norm_of(slopes, skip) + loss.value(np.interp(t, t[chosen], g[chosen]))
        if best is None or value < best[2]:
            best = chosen, g[chosen], value
        if best[2] - found.bound <= tolerance * best[2]:
            break
    assert best is not None
    return best

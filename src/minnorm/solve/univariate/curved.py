"""Losses that are no squares on the line: the banded interior point method with their conjugates and domains."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from minnorm.interior import Direction, Standing, iterates
from minnorm.objective.separable import Separable
from minnorm.solve.univariate.banded import Newton
from minnorm.solve.univariate.sides import Sides

_PATIENCE = 5
_WORSE = 1e6


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
        self.sides, self.newton = Sides(loss, n - 2, skip), Newton(gaps, np.ones(n), skip)
        self.slack, self.mass, self.together = self.sides.slack, self.sides.mass, self.sides.together
        self.m, self.s, self.z, self.p = np.cumsum(self.sides.start)[:-1], np.zeros(n - 1), np.zeros(n - 2), 0.0

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[Iterate]:
        """Values and dual vector, with the gap between value and bound and what the misfits may hide of it."""
        sides, box = self.sides, self.sides.of_box(mass)
        nu = self.nu = np.diff(self.m, prepend=0, append=0)
        f = sides.values(nu, mass)
        turns, pull = sides.box.gather(box)
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
        iterate = Iterate(f, nu, self.s, turns, sides.weight(mass), value, bound)
        return Standing(iterate, error, error <= self.tolerance, error <= 1e-3)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor the band for these multipliers over slacks."""
        bent = self.sides.bent(self.nu, ratio)
        if not np.all(np.isfinite(bent)):
            return False
        self.newton.weigh(bent)
        return self.newton.factor(*self.sides.box.weights(self.sides.of_box(ratio)))

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """Newton steps of the unknowns and p, and what slacks and multipliers make of them."""
        turn, pull = self.sides.box.gather(self.sides.of_box(move))
        pushed = self.sides.pushed(move, ratio)
        right = np.empty(3 * self.gaps.size - 1)
        right[0::3], right[1::3] = self.misfit[0] + np.diff(pushed), self.misfit[1]
        right[2::3] = self.misfit[2] - turn
        x, p = self.newton.solve(right, self.misfit[3] - pull)
        falls = self.sides.fall(x[2::3], p, np.diff(x[0::3], prepend=0, append=0))
        return Direction((x, p), falls, move + ratio * falls)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move all unknowns; the two lengths are one."""
        x, p = direction.step
        self.m, self.s, self.z = self.m + dual * x[0::3], self.s + primal * x[1::3], self.z + dual * x[2::3]
        self.p += dual * p


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

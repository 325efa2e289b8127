"""The dual of trend filtering by a primal-dual interior point method in which every step is a banded system."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg.lapack import get_lapack_funcs

from minnorm.interior import Direction, Reached, Standing, iterates

_PATIENCE = 14  # so many steps that make the errors no smaller are enough
_BAND = 3  # diagonals on each side of the Newton matrix

_factor, _substitute = get_lapack_funcs(("gbtrf", "gbtrs"))


@dataclass(frozen=True)
class Iterate:
    """Where the interior point method is: `turns` (n - 2,) are net masses at inner points, `active` those of weight."""

    nu: Float[np.ndarray, " n"]
    p: float
    slopes: Float[np.ndarray, " n-1"]
    turns: Float[np.ndarray, " n-2"]
    active: Bool[np.ndarray, " n-2"]
    value: float
    bound: float
    error: float
    steps: int = 0
    interrupted: bool = False


# Slacks that vanish make their ratios overflow; `factor` refuses those, and the best iterate is returned.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def solve(
    y: Float[np.ndarray, " n"],
    gaps: Float[np.ndarray, " n-1"],
    rho: Float[np.ndarray, " n"],
    skip: bool,
    *,
    most: float,
    tolerance: float,
    deadline: float,
    progress: Callable[[float, float], None],
) -> Iterate:
    r"""Mehrotra's predictor-corrector method for the norm of a broken line f plus 1/2 sum (f_i - y_i)^2 / rho_i.

        max  y . nu - 1/2 sum rho nu^2     s.t.  |z_i| <= 1,  |z_i - p| <= 1,  p = z_1,  z_n = 0

    Unknown are m_i = nu_1 + ... + nu_i, the slopes s_i of f = y - rho nu, the inner z_i, and p (0 with `skip`), with

        f_{i+1} - f_i = h_i s_i,     z_{i+1} - z_i = h_i m_i,     s_{i+1} - s_i = u1 - u2 + u3 - u4,

    and u >= 0 complementary to the slacks 1 - z, 1 + z, 1 - (z - p), 1 + (z - p). Nothing is divided by a gap h_i
    between points, so small gaps do no harm. Each step is O(n).

    Arguments: `y`, `rho` (n,); `gaps` h (n - 1,) between points; `skip`, whether a linear term is free; `most`, an
    upper bound of the minimum, for the size of the first multipliers: far too small ones fail; `tolerance` of the
    relative gap; `deadline`, a `time.monotonic` moment; `progress`, called with (value, bound).

    Returns the best iterate, whatever its gap, also where Ctrl-C ends the work, which it says then.

    >>> y, h, rho = np.array([-1.0, 2.0, -1.0]), np.ones(2), np.full(3, 0.5)
    >>> found = solve(y, h, rho, True, most=6.0, tolerance=1e-9, deadline=math.inf, progress=lambda value, bound: None)
    >>> found.turns.round(6)
    array([-3.])

    Source: Kim, Koh, Boyd & Gorinevsky (2009), *l1 trend filtering*, SIAM Review 51; Mehrotra (1992), *On the
    implementation of a primal-dual interior point method*.
    """
    system = _Segments(y, gaps, rho, skip, tolerance)
    slack = 1 - system.box.rise(system.z, system.p)
    mass = np.full(slack.size, most / slack.size)
    best: Reached[Iterate] | None = None
    interrupted = False
    try:
        for reached in iterates(system, slack, mass, patience=_PATIENCE, deadline=deadline):
            best = reached
            progress(best.point.value, best.point.bound)
    except KeyboardInterrupt:
        if best is None:
            raise
        interrupted = True
    assert best is not None
    return replace(best.point, steps=best.steps, interrupted=interrupted)


class Box:
    """The constraints on the inner z and p, one row of entries after the other."""

    def __init__(self, inner: int, skip: bool) -> None:
        self.inner, self.skip, self.rows = inner, skip, 2 if skip else 4

    def rise(self, z: np.ndarray, p: float) -> np.ndarray:
        """The left sides of the constraints `... <= 1`."""
        if self.skip:
            return np.concatenate([z, -z])
        return np.concatenate([z, -z, z - p, p - z, [p, -p]])

    def gather(self, mass: np.ndarray) -> tuple[np.ndarray, float]:
        """The transpose of `rise`: for multipliers the coefficients of z, and that of p."""
        rows = mass[: self.rows * self.inner].reshape(self.rows, self.inner)
        turns = rows[0] - rows[1]
        if self.skip:
            return turns, 0.0
        back = rows[2] - rows[3]
        return turns + back, float(mass[-2] - mass[-1] - np.sum(back))

    def weights(self, ratio: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """The matrix of `gather` after `ratio` times `rise`: diagonal of z, minus the column of p, entry of p."""
        rows = ratio[: self.rows * self.inner].reshape(self.rows, self.inner)
        if self.skip:
            return rows[0] + rows[1], np.zeros(self.inner), 0.0
        back = rows[2] + rows[3]
        return rows[0] + rows[1] + back, back, float(np.sum(back) + ratio[-2] + ratio[-1])

    def active(self, mass: np.ndarray, slack: np.ndarray) -> np.ndarray:
        """At which inner points some multiplier is larger than its slack."""
        size = self.rows * self.inner
        return np.any((mass[:size] > slack[:size]).reshape(self.rows, self.inner), axis=0)


class _Segments:
    """The unknowns m, s, z and p, the slacks of the box, and Newton's equations for them."""

    together = True

    def __init__(self, y: np.ndarray, gaps: np.ndarray, rho: np.ndarray, skip: bool, tolerance: float) -> None:
        self.y, self.gaps, self.rho, self.skip, self.tolerance = y, gaps, rho, skip, tolerance
        self.box, self.newton = Box(y.size - 2, skip), Newton(gaps, rho, skip)
        self.m, self.s, self.z, self.p = np.zeros(gaps.size), np.zeros(gaps.size), np.zeros(y.size - 2), 0.0

    def standing(self, slack: np.ndarray, mass: np.ndarray) -> Standing[Iterate]:
        """The dual vector and the slopes, with the gap between value and bound and what the misfits may hide of it."""
        nu = np.diff(self.m, prepend=0, append=0)
        turns, pull = self.box.gather(mass)
        misfit = self.misfit = (
            self.gaps * self.s - np.diff(self.y - self.rho * nu),
            self.gaps * self.m - np.diff(self.z, prepend=self.p, append=0),
            np.diff(self.s) - turns,
            0.0 if self.skip else float(self.s[0]) - pull,
        )
        quadratic = 0.5 * float((self.rho * nu) @ nu)
        bound = float(self.y @ nu) - quadratic
        # Misfits times their multipliers, or bounds of them: by so much value - bound differs from the gap.
        off = abs(misfit[0] @ self.m) + abs(misfit[1] @ self.s) + np.sum(abs(misfit[2])) + abs(misfit[3])
        error = float(float(mass @ slack) + off) / max(abs(bound), 1.0)
        active = self.box.active(mass, slack)
        iterate = Iterate(nu, self.p, self.s, turns, active, float(np.sum(mass)) + quadratic, bound, error)
        return Standing(iterate, error, error <= self.tolerance, True)

    def factor(self, ratio: np.ndarray) -> bool:
        """Factor the band for these multipliers over slacks."""
        return self.newton.factor(*self.box.weights(ratio))

    def direction(self, move: np.ndarray, ratio: np.ndarray) -> Direction:
        """Newton steps of the unknowns and p; the slacks fall as the box rises."""
        turn, pull = self.box.gather(move)
        right = np.empty(3 * self.gaps.size - 1)
        right[0::3], right[1::3], right[2::3] = self.misfit[0], self.misfit[1], self.misfit[2] - turn
        x, p = self.newton.solve(right, self.misfit[3] - pull)
        fall = self.box.rise(x[2::3], p)
        return Direction((x, p), fall, move + ratio * fall)

    def advance(self, direction: Direction, dual: float, primal: float) -> None:
        """Move all unknowns; the two lengths are one."""
        x, p = direction.step
        self.m, self.s, self.z = self.m + dual * x[0::3], self.s + primal * x[1::3], self.z + dual * x[2::3]
        self.p += dual * p


class Newton:
    """The symmetric systems of the interior point method: unknowns (m_i, s_i, z_{i+1}) in turn, and p as a border."""

    def __init__(self, gaps: np.ndarray, rho: np.ndarray, skip: bool) -> None:
        self.gaps, self.skip = gaps, skip
        segments = gaps.size
        band = np.zeros((10, 3 * segments - 1), order="F")
        self.band = band  # LAPACK's layout: entry (i, j) is in row 6 + i - j
        self.weigh(rho)
        band[5, 1::3] = band[7, 0::3] = -gaps
        band[5, 2::3] = band[7, 1:-1:3] = 1.0
        band[4, 4::3] = band[8, 2::3] = -1.0

    def weigh(self, rho: np.ndarray) -> None:
        """Take other curvatures rho."""
        self.rho = rho
        self.band[6, 0::3] = rho[:-1] + rho[1:]
        self.band[3, 3::3] = self.band[9, 0:-3:3] = -rho[1:-1]

    def factor(self, diagonal: np.ndarray, column: np.ndarray, corner: float) -> bool:
        """Factor with `diagonal` for the z, `column` between them and p, `corner` for p; False if that breaks down."""
        if not np.all(np.isfinite(diagonal)):
            return False
        self.diagonal, self.column, self.corner = diagonal, column, corner
        band = self.band.copy(order="F")
        band[6, 2::3] = diagonal
        self.lu, self.pivots, info = _factor(band, _BAND, _BAND, overwrite_ab=1)
        if info == 0 and not self.skip:
            self.border = np.zeros(self.band.shape[1])
            self.border[1], self.border[2::3] = -1.0, -column
            self.solved = self._invert(self.border)
            self.schur = corner - float(self.border @ self.solved)
            return math.isfinite(self.schur) and self.schur != 0
        return info == 0

    def solve(self, right: np.ndarray, corner: float) -> tuple[np.ndarray, float]:
        """The unknowns in their order, and p, after one refinement: the entries span many orders of magnitude."""
        x, p = self._once(right, corner)
        more, change = self._once(*self._residual(right, corner, x, p))
        return x + more, p + change

    def _once(self, right: np.ndarray, corner: float) -> tuple[np.ndarray, float]:
        x = self._invert(right)
        if self.skip:
            return x, 0.0
        p = (corner - float(self.border @ x)) / self.schur
        return x - p * self.solved, p

    def _invert(self, right: np.ndarray) -> np.ndarray:
        return _substitute(self.lu, _BAND, _BAND, right, self.pivots)[0]

    def _residual(self, right: np.ndarray, corner: float, x: np.ndarray, p: float) -> tuple[np.ndarray, float]:
        m, s, z = x[0::3], x[1::3], x[2::3]
        left = np.empty_like(x)
        left[0::3] = np.diff(-self.rho * np.diff(m, prepend=0, append=0)) - self.gaps * s
        left[1::3] = np.diff(z, prepend=p, append=0) - self.gaps * m
        left[2::3] = self.diagonal * z - np.diff(s) - self.column * p
        below = 0.0 if self.skip else corner - (self.corner * p - float(s[0]) - float(self.column @ z))
        return right - left, below

"""The dual of trend filtering by a primal-dual interior point method in which every step is a banded system."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg.lapack import get_lapack_funcs

_STEPS = 100
_TO_BOUNDARY = 0.995
_WORSE = 100.0  # a step that makes the errors this much larger is the last
_PATIENCE = 15  # so many steps that make the errors no smaller are enough
_STUCK = 1e-6  # and so is a step this short
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
    error: float
    steps: int
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
    box, newton = _Box(y.size - 2, skip), _Newton(gaps, rho, skip)
    m, s, z, p = np.zeros(gaps.size), np.zeros(gaps.size), np.zeros(y.size - 2), 0.0
    slack = 1 - box.rise(z, p)
    mass = np.full(slack.size, most / slack.size)
    best: Iterate | None = None
    try:
        for steps in range(_STEPS):
            nu = np.diff(m, prepend=0, append=0)
            f = y - rho * nu
            turns, pull = box.gather(mass)
            misfit = (
                gaps * s - np.diff(f),
                gaps * m - np.diff(z, prepend=p, append=0),
                np.diff(s) - turns,
                0.0 if skip else float(s[0]) - pull,
            )
            gap = float(mass @ slack)
            quadratic = 0.5 * float((rho * nu) @ nu)
            bound = float(y @ nu) - quadratic
            value = float(np.sum(mass)) + quadratic
            # Misfits times their multipliers, or bounds of them: by so much value - bound differs from the gap.
            off = abs(misfit[0] @ m) + abs(misfit[1] @ s) + np.sum(abs(misfit[2])) + abs(misfit[3])
            error = float(gap + off) / max(abs(bound), 1.0)
            if best is not None and not (error < _WORSE * max(best.error, 1.0) and steps < best.steps + _PATIENCE):
                break
            if best is None or error < best.error:
                best = Iterate(nu, p, s, turns, box.active(mass, slack), error, steps)
            progress(value, bound)
            if error <= tolerance or time.monotonic() > deadline:
                break
            ratio = mass / slack
            if not newton.factor(*box.weights(ratio)):
                break
            complementarity = gap / slack.size
            *_, rise, change = newton.direction(misfit, box, -mass, ratio)
            step = min(_longest(slack, -rise), _longest(mass, change))
            ahead = float((mass + step * change) @ (slack - step * rise)) / slack.size
            target = min(max((ahead / complementarity) ** 3, 1e-4), 1.0) * complementarity
            move = (target + change * rise) / slack - mass
            x, dp, rise, change = newton.direction(misfit, box, move, ratio)
            step = min(1.0, _TO_BOUNDARY * min(_longest(slack, -rise, np.inf), _longest(mass, change, np.inf)))
            if not step > _STUCK:
                break
            m, s, z, p = m + step * x[0::3], s + step * x[1::3], z + step * x[2::3], p + step * dp
            slack = slack - step * rise
            mass = mass + step * change
    except KeyboardInterrupt:
        if best is None:
            raise
        return replace(best, interrupted=True)
    assert best is not None
    return best


_Misfit = tuple[np.ndarray, np.ndarray, np.ndarray, float]
"""What the equations of m, s, z and p lack."""


class _Box:
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


class _Newton:
    """The symmetric systems of the interior point method: unknowns (m_i, s_i, z_{i+1}) in turn, and p as a border."""

    def __init__(self, gaps: np.ndarray, rho: np.ndarray, skip: bool) -> None:
        self.gaps, self.rho, self.skip = gaps, rho, skip
        segments = gaps.size
        band = np.zeros((10, 3 * segments - 1), order="F")
        self.band = band  # LAPACK's layout: entry (i, j) is in row 6 + i - j
        band[6, 0::3] = rho[:-1] + rho[1:]
        band[3, 3::3] = band[9, 0:-3:3] = -rho[1:-1]
        band[5, 1::3] = band[7, 0::3] = -gaps
        band[5, 2::3] = band[7, 1:-1:3] = 1.0
        band[4, 4::3] = band[8, 2::3] = -1.0

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

    def direction(
        self, misfit: _Misfit, box: _Box, move: np.ndarray, ratio: np.ndarray
    ) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        """Newton steps of the unknowns and p, the fall of the slacks, and the change of the multipliers.

        The multipliers change by `move` + `ratio` * fall of the slacks.
        """
        turn, pull = box.gather(move)
        right = np.empty(self.band.shape[1])
        right[0::3], right[1::3], right[2::3] = misfit[0], misfit[1], misfit[2] - turn
        x, p = self.solve(right, misfit[3] - pull)
        rise = box.rise(x[2::3], p)
        return x, p, rise, move + ratio * rise

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


def _longest(x: np.ndarray, change: np.ndarray, most: float = 1.0) -> float:
    """The longest step, up to `most`, that keeps x + step * change >= 0."""
    falling = change < 0
    return min(most, float(np.min(x[falling] / -change[falling], initial=np.inf)))

r"""A dual vector for which a relaxation is tight, where the supremum of the one that was given is bounded badly.

Any vector nu orthogonal to the free terms proves a bound. The solver's is the best for the true supremum s of |h|, and
where only a relaxed one, R >= s, can be computed (`minnorm.verification.lifting`), another is better:

    maximise  y . nu - 1/2 sum_i q_i nu_i^2 - 1/2 q (sum_i nu_i)^2      subject to  R(nu) <= 1,  F^T nu = 0

with q > 0 where a constant decays. R is convex, so relaxed neurons phi and true ones are cutting planes, |phi . nu| <=
1. Each round takes the centre of what the cuts leave,

    maximise  the same + t sum_k log(1 - (phi_k . nu)^2)

by Newton's method, moves the relaxation's vectors there, cuts, and notes what they prove. Nothing here needs to be
right: the best vector is repaired, and its bound proven again, by those who ask.

Source: Goffin & Vial (2002), *Convex nondifferentiable optimization*, for analytic centres of cutting planes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from minnorm.verification.clock import Clock
from minnorm.verification.lifting import LARGEST, STAGES, Forms, Vectors

_MOST = 2000  # points whose Newton's equations are solved
_SMOOTH, _STEPS = (0.005, 0.003), 40  # of the relaxation's vectors in a round, first and then
_WIDE, _NARROW, _SHRINK = 0.1, 0.01, 0.85  # t times the number of cuts, of the objective: at first, at last, by round
_NEWTON, _CENTRED = 12, 1e-2  # steps to a centre; Newton's decrement, of t, at which there is one
_INSIDE, _BOUNDARY = 0.98, 0.9  # of a start, to all cuts; of the way to the nearest
_ACTIVE = 0.3  # |phi . nu| of a cut that counts
_BENT = 1e-3  # of the objective: the square that is added, so that there is a centre
_FINE = 0.4  # of the time for rounds that are smooth to the second of these


@dataclass(frozen=True)
class Programme:
    """Maximise labels . nu - 1/2 sum squares nu^2 - 1/2 of_sum (sum nu)^2 over F^T nu = 0 with a dual norm of at most
    1; F is `free`."""

    labels: np.ndarray  # (N,)
    squares: np.ndarray  # (N,)
    free: np.ndarray  # (N, q)
    of_sum: float = 0.0

    def multiple(self, nu: np.ndarray, norm: float) -> tuple[float, float]:
        """The best t with t norm <= 1, and the objective of t nu."""
        gain, loss = float(self.labels @ nu), float(self.squares @ (nu * nu)) + self.of_sum * float(np.sum(nu)) ** 2
        if not (gain > 0 and norm > 0 and math.isfinite(norm)):
            return 0.0, 0.0
        t = min(1 / norm, gain / loss if loss > 0 else math.inf)
        return t, t * gain - t * t * loss / 2

    def orthogonal(self, nu: np.ndarray) -> np.ndarray:
        """Without its part along F."""
        return nu - self.free @ np.linalg.lstsq(self.free, nu, rcond=None)[0] if self.free.size else nu


@dataclass(frozen=True)
class Loosened:
    """A dual vector (N,), and the relaxation's vectors that prove its bound, for h and for -h."""

    nu: np.ndarray
    sides: tuple[Vectors, Vectors]

    def norm(self, v: np.ndarray) -> float:
        """The bound of sup |h| that they prove, for v (n,) near the sums of nu over equal points."""
        return max(self.sides[0].proven(v), self.sides[1].proven(-v))


def loosened(
    points: np.ndarray,
    affine: bool,
    group: np.ndarray,
    programme: Programme,
    nu: np.ndarray,
    neurons: np.ndarray,
    clock: Clock,
    enough: Callable[[np.ndarray, float], bool] = lambda nu, norm: False,
) -> Loosened | None:
    """A dual vector with a good relaxed bound, when the time is over; None where points are too many.

    Arguments: `points` (n, k), distinct and of the order of 1, and `affine` as for `lifting.bound`; `group` (N,), which
    point each entry of nu belongs to; `programme`; `nu` (N,), to begin with; `neurons` (N, m), the first cuts: values
    of true neurons of unit cost; `clock`, which has to end; `enough`, whether a vector with a dual norm needs no
    improvement.
    """
    if len(group) > _MOST or len(points) ** 2 > LARGEST or not programme.labels @ nu > 0:
        return None
    search = _Search(Forms.of(points, affine), group, programme, neurons)
    nu = programme.orthogonal(nu)
    for smooth in STAGES[:4]:
        search.move(nu, smooth, None, clock)
    search.note(nu)
    width = _WIDE
    for smooth, part in zip(_SMOOTH, (clock.all_but(_FINE), clock), strict=True):
        while part.left > 0:
            nu = search.centre(width, part)
            search.move(nu, smooth, _STEPS, part)
            search.note(nu)
            if search.best is not None and enough(search.best.nu, search.norm):
                return search.best
            width = max(_NARROW, width * _SHRINK)
    return search.best


class _Search:
    """The cuts, the best vector by its proven bound, and the best by the value that the relaxation has reached."""

    def __init__(self, forms: Forms, group: np.ndarray, programme: Programme, neurons: np.ndarray) -> None:
        self.group, self.programme, self.cuts = group, programme, neurons
        self.count = len(forms.z)
        self.sides = (Vectors(forms), Vectors(forms))
        self.best: Loosened | None = None
        self.proven = self.reached = -math.inf
        self.norm = math.inf
        self.inner = np.zeros(len(group))

    def sums(self, nu: np.ndarray) -> np.ndarray:
        """v: equal points together."""
        return np.bincount(self.group, nu, self.count)

    def move(self, nu: np.ndarray, smooth: float, steps: int | None, clock: Clock) -> None:
        """The relaxation's vectors towards what belongs to nu."""
        v = self.sums(nu)
        for sign, side in zip((1.0, -1.0), self.sides, strict=True):
            if clock.left > 0:
                side.climb(sign * v, smooth, clock) if steps is None else side.climb(sign * v, smooth, clock, steps)

    def note(self, nu: np.ndarray) -> None:
        """What the vectors prove for nu, and the cuts that they are."""
        v, value = self.sums(nu), 0.0
        for sign, side in zip((1.0, -1.0), self.sides, strict=True):
            neuron = side.neuron(sign * v)
            value = max(value, sign * float(v @ neuron))
            self.cuts = np.column_stack([self.cuts, neuron[self.group]])
        here = Loosened(nu, (self.sides[0].copy(), self.sides[1].copy()))
        norm = here.norm(v)
        bound = self.programme.multiple(nu, norm)[1]
        if bound > self.proven:
            self.proven, self.norm, self.best = bound, norm, here
        self.reached = self._attained(self.inner, 0.0)[1]  # less than before where a new cut goes through
        times, reached = self._attained(nu, value)
        if reached > self.reached:
            self.reached, self.inner = reached, times * nu

    def _attained(self, nu: np.ndarray, value: float) -> tuple[float, float]:
        """`Programme.multiple` for the largest value that is known."""
        return self.programme.multiple(nu, max(value, float(np.max(np.abs(nu @ self.cuts), initial=0.0))))

    def centre(self, width: float, clock: Clock) -> np.ndarray:
        """The centre between all cuts, for a barrier of `width` of the objective."""
        programme, cuts = self.programme, self.cuts
        nu = programme.orthogonal(self.inner)
        nu = nu * (_INSIDE / max(_INSIDE, float(np.max(np.abs(nu @ cuts), initial=0.0))))
        live = np.abs(nu @ cuts) > _ACTIVE
        gain = float(programme.labels @ nu)
        squares = programme.squares + _BENT * gain / max(float(nu @ nu), 1e-300)
        barrier = width * gain / max(int(np.sum(live)), 1)
        active = cuts[:, live]
        for _ in range(_NEWTON):
            if clock.left <= 0:
                break
            h = nu @ active
            room = 1 - h * h
            slope = programme.labels - squares * nu - active @ (2 * barrier * h / room)
            slope -= programme.of_sum * np.sum(nu)
            bend = 2 * barrier * (1 + h * h) / room**2
            root = active * np.sqrt(bend)
            step = _newton(root @ root.T + np.diag(squares) + programme.of_sum, slope, programme.free)
            rise = float(slope @ step)
            if not (np.all(np.isfinite(step)) and rise > _CENTRED * barrier):
                break
            ahead, here = step @ cuts, nu @ cuts
            with np.errstate(divide="ignore"):
                reach = float(np.min((1 - np.sign(ahead) * here) / np.abs(ahead), initial=np.inf))
            share = min(_BOUNDARY * reach, 1 / (1 + math.sqrt(rise / barrier)) if rise > barrier / 4 else 1.0)
            nu = nu + share * step
        return nu


def _newton(matrix: np.ndarray, slope: np.ndarray, free: np.ndarray) -> np.ndarray:
    """matrix^-1 (slope - F c) with F^T of it 0; not finite where the matrix is singular."""
    matrix[np.diag_indices_from(matrix)] += 1e-13 * np.trace(matrix) / len(matrix)
    try:
        factored = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return np.full(len(slope), np.nan)
    step = scipy.linalg.cho_solve(factored, slope, check_finite=False)
    if not free.size:
        return step
    along = scipy.linalg.cho_solve(factored, free, check_finite=False)
    return step - along @ np.linalg.lstsq(free.T @ along, free.T @ step, rcond=None)[0]

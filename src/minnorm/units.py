"""Powers of two taken out of a problem, so that no number in it is near the ends of float64: exact both ways."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from minnorm._types import Array
from minnorm.checks import LEAST_LAM
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.solution import Certificate, Solution

_LARGEST = 960  # exponents of what is returned; beyond, small parts of it would lose digits
_PENALISED = 400  # exponents of points, which penalised biases do not let be scaled


@dataclass(frozen=True)
class Units:
    r"""A problem in units of 2^x for points and 2^y for values: numbers of about 1, whatever the data are.

        points = 2^x points',   values = 2^y values',   f = 2^y g(. / 2^x),   [f] = 2^(y - x) [g],
        lam = 2^(x + y) lam',   objective = 2^(2y) objective'   (lam = 0: 2^(y - x)),   nu = 2^y nu'   (lam = 0: 2^-x)

    Penalised biases measure the points against 1: x is 0 for them, and where rounding would change a number. Losses
    that are no squares measure the values: y is 0 for them.
    """

    problem: Problem
    """In these units."""
    x: int
    y: int

    @classmethod
    def of(cls, problem: Problem, *, any_lam: bool = False) -> "Units":
        """The units of a problem: the powers of two just above its largest coordinate and value.

        With `any_lam` lam is 1 in them, whatever it was.
        """
        free = problem.penalty.biases_are_free
        x, points = _taken_out(problem.points) if free else (0, problem.points)
        y, values = _taken_out(problem.values) if problem.squared else (0, problem.values)
        if any_lam:
            return cls(problem.changed(points=points, values=values, lam=1.0), x, y)
        lam = math.ldexp(problem.lam, -x - y) if abs(x + y) < 1000 else 0.0 if problem.lam == 0 else math.nan
        if not (math.isfinite(lam) and math.ldexp(lam, x + y) == problem.lam and (lam == 0 or lam >= LEAST_LAM)):
            return cls(problem, 0, 0)
        return cls(problem.changed(points=points, values=values, lam=lam), x, y)

    @property
    def objective(self) -> int:
        """The exponent of the objective's unit."""
        return 2 * self.y if self.problem.lam > 0 else self.y - self.x

    @property
    def _dual(self) -> int:
        return self.y if self.problem.lam > 0 else -self.x

    def refuse_extremes(self, names: tuple[str, str]) -> None:
        """ValueError if what is asked for would be near the ends of float64's range, or beyond."""
        x, y = _size(self.problem.points) + self.x, _size(self.problem.values) + self.y
        if self.problem.penalty.biases_cost and abs(x) > _PENALISED:
            has = f"{names[0]} is of the size {_power(x)}"
            raise ValueError(f"{has}, which penalised biases compare with 1; rescale {names[0]}")
        objective = 2 * y if self.problem.lam > 0 else y - x
        if max(abs(objective), abs(x), abs(y), abs(y - x)) > _LARGEST:
            both = f"{names[0]} is of the size {_power(x)} and {names[1]} of {_power(y)}"
            raise ValueError(f"{both}: the answer is near the ends of float64's range or beyond; rescale them")

    def into(self, solution: Solution) -> Solution | None:
        """A solution in these units, without its certificate; None if a number of it would change."""
        net = solution.network.to_numpy()
        moved = Solution(
            _scaled(net, -self.x, self.x - self.y, -self.y),
            _times(solution.dual, -self._dual),
            solution.penalty,
            self.problem.lam,
            None,
            solution.rounds,
            solution.ending,
            solution.weights,
            solution.loss,
        )
        back = self.out_of(moved)
        parts = zip(back.network.to_dict().values(), net.to_dict().values(), strict=True)
        same = all(np.array_equal(one, other) for one, other in parts) and np.array_equal(back.dual, solution.dual)
        return moved if same else None

    def out_of(self, solution: Solution) -> Solution:
        """A solution from these units, without its certificate."""
        return dataclasses.replace(
            solution,
            network=_scaled(solution.network.to_numpy(), self.x, self.y - self.x, self.y),
            dual=_times(solution.dual, self._dual),
            lam=math.ldexp(self.problem.lam, self.x + self.y),
            certificate=None,
        )

    def certificate(self, found: Certificate) -> Certificate:
        """A certificate from these units, every number rounded to the safe side."""
        return dataclasses.replace(
            found,
            value=_up(found.value, self.objective),
            lower_bound=_down(found.lower_bound, self.objective),
            searched_bound=None if found.searched_bound is None else _down(found.searched_bound, self.objective),
            dual_norm=_up(found.dual_norm, self.x + self._dual),
            residual=_up(found.residual, self.y),
            rounding=_down(found.rounding, self.y),
        )


def _size(array: np.ndarray) -> int:
    """The exponent of the power of two just above the largest entry; 0 if all are 0."""
    top = float(np.max(np.abs(array), initial=0.0))
    return math.frexp(top)[1] if top > 0 else 0


def _taken_out(array: Float[np.ndarray, "..."]) -> tuple[int, np.ndarray]:
    """The exponent and the array without it; 0 and the array itself if small entries would lose digits."""
    k = _size(array)
    scaled = _times(array, -k)
    return (k, scaled) if np.array_equal(_times(scaled, k), array) else (0, array)


def _times(array: Array, k: int) -> np.ndarray:
    """2^k times the array, also where 2^k itself is beyond float64's range."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(np.asarray(array, dtype=np.float64), k))


def _scaled(net: ShallowReLU, biases: int, slopes: int, level: int) -> ShallowReLU:
    return dataclasses.replace(
        net,
        biases=_times(net.biases, biases),
        outer_weights=_times(net.outer_weights, slopes),
        offset=_times(net.offset, level),
        skip=None if net.skip is None else _times(net.skip, slopes),
    )


def _up(number: float, k: int) -> float:
    found = float(_times(np.asarray(number), k))
    return found if float(_times(np.asarray(found), -k)) >= number else math.nextafter(found, math.inf)


def _down(number: float, k: int) -> float:
    found = float(_times(np.asarray(number), k))
    return found if float(_times(np.asarray(found), -k)) <= number else math.nextafter(found, -math.inf)


def _power(k: int) -> str:
    return f"1e{round(k * math.log10(2)):+d}"

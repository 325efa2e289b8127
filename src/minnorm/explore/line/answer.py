"""What the view Line shows for points, penalty and lam: minimiser, all of them, and the dual certificate as curves."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float

from minnorm import advice, measure
from minnorm.known import LineSolutions, line, line_solutions
from minnorm.known.univariate.dots import connect_the_dots
from minnorm.known.univariate.solutions import Broken
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve import fit
from minnorm.verification import verify

_DENSE = 400  # places at which a curve is drawn that is not piecewise linear, or bends where is not known
_NOTHING = 1e-9  # of the largest turn: less is a rounding error
_PATIENCE = 5.0  # seconds for a fit; what is asked for here takes well below one


@dataclass(frozen=True)
class Answer:
    """The minimiser of a problem on the line; `every` minimiser, unless it is the only one that is known."""

    problem: Problem
    solution: Solution
    every: LineSolutions | None

    @property
    def unique(self) -> bool | None:
        """Whether there is no other minimiser; None: not known."""
        if self.every is not None:
            return self.every.unique
        return True if self.problem.penalty.linear_is_free else None

    @property
    def norm(self) -> float:
        """The path norm of the minimiser."""
        return self.problem.penalty.value(self.solution.network)

    @property
    def loss(self) -> float:
        """1/(2n) sum_i (f(x_i) - y_i)^2."""
        misfit = self.solution(self.problem.points) - self.problem.values
        return float(np.mean(misfit**2)) / 2

    def function(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        """The minimiser's corners between two places, and its values there."""
        t = corners(self.solution.network, low, high)
        return t, self.solution(t)

    def fewest(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
        """The same for the minimiser with the fewest knots; empty if there is only one."""
        if self.every is None or self.every.unique:
            return np.zeros(0), np.zeros(0)
        t = corners(self.every.sparsest.network, low, high)
        return t, self.every.sparsest(t)

    def band(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places, and the least and the largest value of all minimisers there; empty if there is only one."""
        if self.every is None or self.every.unique:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        inside = self.problem.points[:, 0]
        t = np.unique(np.concatenate([np.linspace(low, high, _DENSE), inside, self.every.knots]))
        t = t[(t >= low) & (t <= high)]
        return t, self.every.lower(t), self.every.upper(t)

    def certificate(self, low: float, high: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places t, and there h / cost for the atoms with that knot that face right, and left."""
        x, penalty = self.problem.points[:, 0], self.problem.penalty
        t = np.unique(np.append(x[(x >= low) & (x <= high)], [low, high]))
        if penalty.biases_cost:
            t = np.unique(np.append(t, np.linspace(low, high, _DENSE)))
        cost = np.hypot(1, t) if penalty.biases_cost else 1.0
        zero = np.asarray(0.0)
        right = ShallowReLU(-np.ones((x.size, 1)), x, self._dual, zero).evaluate(t[:, None]) / cost
        left = ShallowReLU(np.ones((x.size, 1)), -x, self._dual, zero).evaluate(t[:, None]) / cost
        return t, right, left

    def neurons(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Knots of the minimiser's neurons, h / cost there, and their norms with the signs of the outer weights."""
        net, penalty = self.solution.network.to_numpy(), self.problem.penalty
        share = np.abs(net.outer_weights) * penalty.atom_cost(net.inner_weights, net.biases)
        turning = (net.inner_weights[:, 0] != 0) & (share > _NOTHING * np.max(share, initial=0.0))
        touched = penalty.correlation(self._dual, self.problem.points, net)[turning]
        t = np.asarray(-net.biases[turning] / net.inner_weights[turning, 0])
        return t, touched, share[turning] * np.sign(net.outer_weights[turning])

    @property
    def _dual(self) -> np.ndarray:
        return self.solution.dual / (self.solution.lam or 1.0)


def answer(x: npt.ArrayLike, y: npt.ArrayLike, penalty: PathNorm, lam: float) -> Answer:
    """The global minimiser for points x (n,), y (n,); ValueError with the remedy for points that have none.

    >>> found = answer([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 3.0], PathNorm(skip="free"), 0.0)
    >>> found.solution.value, found.unique, found.solution.certified
    (2.0, False, True)
    """
    problem = Problem(x, y, penalty, lam)
    if np.min(problem.points) == np.max(problem.points):
        raise ValueError("there is one distinct x; add a point with another one")
    with advice.silent():  # the page shows what is not certified
        if lam > 0:
            solution = fit(problem.points, problem.values, lam, penalty=penalty, time_limit=_PATIENCE)
            return Answer(problem, solution, _fitted(problem, solution) if penalty.biases_are_free else None)
        solution = line(problem.points, problem.values, penalty)
        every = line_solutions(problem.points, problem.values, penalty) if penalty.biases_are_free else None
    return Answer(problem, solution, every)


def _fitted(problem: Problem, solution: Solution) -> LineSolutions:
    """All global minimisers with lam > 0: the minimum-norm interpolants of the fitted values, which they share.

    They turn at data points only where the solution does, the other turns of the fitted values are rounding errors.
    """
    t = np.unique(problem.points[:, 0])
    broken = Broken.of(t, solution(t), skip=problem.penalty.linear_is_free)
    at, turns = measure.knots(solution.network)
    signs = np.zeros(t.size)
    real = np.abs(turns) > _NOTHING * np.max(np.abs(turns), initial=0.0)
    nearest = np.clip(np.searchsorted(t, at), 1, t.size - 1)
    nearest -= at - t[nearest - 1] < t[nearest] - at
    signs[nearest[real]] = np.sign(turns[real])
    signs[[0, -1]] = broken.signs[[0, -1]]
    broken = dataclasses.replace(broken, signs=signs)
    knots, levels = broken.sparsest()
    network = connect_the_dots(knots, levels, skip=problem.penalty.linear_is_free)
    sparsest = Solution(network, solution.dual, solution.penalty, solution.lam)
    certificate = verify(problem.points, problem.values, sparsest)
    return LineSolutions(broken, dataclasses.replace(sparsest, certificate=certificate), knots[1:-1])


def corners(network: ShallowReLU, low: float, high: float) -> Float[np.ndarray, " k"]:
    """Where a network on the line bends between two places, and these."""
    w, b = network.inner_weights[:, 0], network.biases
    t = -b[w != 0] / w[w != 0]
    return np.unique(np.append(t[(t > low) & (t < high)], [low, high]))

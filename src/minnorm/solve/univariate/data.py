"""Data on the line as trend filtering takes them: sorted, equal points merged, less the free terms, scaled."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from minnorm.known.univariate.interpolant import connect_the_dots
from minnorm.network import ShallowReLU
from minnorm.objective.loss import Squared
from minnorm.objective.problem import Problem
from minnorm.solve.reduction import for_each_point, group_means, scatter
from minnorm.solve.twins import without_twins

_SAME = 1e-30  # of the range: points this close are one, lest slopes overflow


@dataclass(frozen=True)
class TrendData:
    r"""Data on the line: points `t` in order and, scaled, their `gaps` and the values `y` less the free terms.

        minimise    [f] + 1/2 sum_i (f_i - y_i)^2 / rho_i

    so that f = 0 is the best multiple of the free terms. Positions have root mean square 1, and so has y.
    """

    problem: Problem
    t: Float[np.ndarray, " n"]
    gaps: Float[np.ndarray, " n-1"]
    y: Float[np.ndarray, " n"]
    rho: Float[np.ndarray, " n"]
    trend: Float[np.ndarray, " n"]
    group: Int[np.ndarray, " N"]
    count: Float[np.ndarray, " n"]
    radius: float
    size: float

    @classmethod
    def of(cls, problem: Problem, merge: bool) -> "TrendData":
        """Sort, merge equal points and those that no arithmetic here tells apart, scale."""
        distinct, group = np.unique(problem.points, axis=0, return_inverse=True)
        group = group.reshape(-1)
        if merge:
            distinct, group = without_twins(distinct, group)
        t = distinct[:, 0]
        if t.size < 2:
            raise ValueError("points has 1 distinct point; trend takes at least two")
        first = np.diff(t, prepend=-np.inf) > _SAME * (t[-1] - t[0])
        t, group = t[first], (np.cumsum(first) - 1)[group]
        count = np.bincount(group, problem.weights)
        mean = group_means(problem.values, group, count, problem.weights)
        share = count / count.sum()
        place = t - t[0]
        place -= share @ place
        radius = float(np.sqrt(share @ place**2))
        rest, trend = mean, np.zeros(t.size)
        for _ in range(2):  # again, for the rounding errors of the first time
            part = np.full(t.size, share @ rest)
            if problem.penalty.linear_is_free:
                part += (share * place) @ rest / radius**2 * place
            rest, trend = rest - part, trend + part
        size = float(np.sqrt(share @ rest**2))
        if size <= 1e-14 * float(np.max(np.abs(mean))) or (t.size == 2 and problem.penalty.linear_is_free):
            rest, size = np.zeros(t.size), 1.0
        rho = problem.lam * problem.total / (radius * size) / count
        return cls(problem, t, np.diff(t) / radius, rest / size, rho, trend, group, count, radius, size)

    @cached_property
    def loss(self) -> Squared:
        """What the values of a function at `t` pay."""
        return Squared(self.y, self.rho)

    @property
    def skip(self) -> bool:
        """Whether a linear term is free."""
        return self.problem.penalty.linear_is_free

    @property
    def unit(self) -> float:
        """The objective that the reduced problem calls 1."""
        return self.size / self.radius * self.problem.lam

    @property
    def scatter(self) -> float:
        """The part of the reduced objective that no function changes: the scatter of equal points."""
        return scatter(self.problem, self.problem.values, self.group, self.count) / self.unit

    def spans(self, knots: np.ndarray) -> np.ndarray:
        """The scaled distances between knots (indices)."""
        return np.diff(self.t[knots]) / self.radius

    def network(self, knots: np.ndarray, levels: np.ndarray) -> ShallowReLU:
        """The network through these knots (indices) and scaled levels."""
        levels = self.trend[knots] + self.size * levels
        return connect_the_dots(self.t[knots], levels, skip=self.skip)

    def dual(self, nu: np.ndarray) -> np.ndarray:
        """The dual vector of the problem as it was posed, one entry for each of its points."""
        share = nu * self.problem.lam / self.radius / self.count
        return for_each_point(self.problem, share, self.problem.values, self.group, self.count)

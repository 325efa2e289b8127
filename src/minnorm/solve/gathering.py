"""Equal points of one value are one point, which counts as often as all of them, whatever the order of points."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from minnorm.objective.data import Points
from minnorm.objective.problem import Problem
from minnorm.solution import Solution


@dataclass(frozen=True)
class Gathered:
    r"""A problem of distinct points in lexicographic order, for one in which equal points may occur.

        sum_{i at u} p_i loss(y_u, f(x_i)) = P_u loss(y_u, f(x_u)),     al_i = (p_i / P_u) al_u

    Where squares are paid, points stay as they are: their solvers gather equal ones by themselves, with means of their
    values.
    """

    problem: Problem
    """What is to be solved."""
    asked: Points
    place: Int[np.ndarray, " live"]
    """Of each point that counts, in what is to be solved."""

    @classmethod
    def of(cls, problem: Problem) -> "Gathered":
        """The problem of the points that count."""
        counting = problem.counting()
        if problem.squared:
            return cls(counting, problem.data, np.arange(counting.values.size))
        data, place = counting.data.gathered()
        gathered = Problem.of(data, problem.penalty, problem.lam, problem.loss, problem.constant)
        return cls(gathered, problem.data, place)

    def apart(self, solution: Solution) -> Solution:
        """The solution for all points that were asked about, with their weights unless all count once."""
        p, live = self.asked.weights, self.asked.weights > 0
        dual = np.zeros(p.size)
        dual[live] = solution.dual[self.place]
        if len(self.problem.data) < self.place.size:
            dual[live] *= p[live] / np.bincount(self.place, p[live])[self.place]
        return dataclasses.replace(solution, dual=dual, weights=p if self.asked.weighted else None)

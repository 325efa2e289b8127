"""The interior point method's loop, on the smallest systems that can take a step."""

import math

import numpy as np
import pytest

from minnorm.interior import Best, Direction, Standing, corrected, iterates, last, lengths, longest


class Corner:
    """max b x  s.t.  A x <= 1: slacks s = 1 - A x, multipliers u with A^T u = b."""

    together = False

    def __init__(self, matrix, b, goal=1e-10):
        self.matrix, self.b, self.goal = np.asarray(matrix, float), np.asarray(b, float), goal
        self.x = np.zeros(self.b.size)
        self.factored = 0

    def standing(self, slack, mass):
        self.misfit = self.b - self.matrix.T @ mass
        error = float(mass @ slack) + float(np.max(np.abs(self.misfit)))
        return Standing(self.x, error, error <= self.goal, error <= 1e-3)

    def factor(self, ratio):
        self.factored += 1
        self.system = (self.matrix.T * ratio) @ self.matrix
        return bool(np.all(np.isfinite(self.system)))

    def direction(self, move, ratio):
        step = np.linalg.solve(self.system, self.misfit - self.matrix.T @ move)
        fall = self.matrix @ step
        return Direction(step, fall, move + ratio * fall)

    def advance(self, direction, dual, primal):
        self.x = self.x + dual * direction.step


BOX = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 1.0]])


def test_a_linear_programme_is_solved_at_its_corner():
    found = last(iterates(Corner(BOX, [2.0, 1.0]), np.ones(5), np.ones(5), patience=3))
    assert found.point == pytest.approx([1.0, 0.0], abs=1e-8)  # x + y <= 1 and x <= 1: value 2
    assert found.error <= 1e-10
    assert found.steps < 15


def test_iterates_stay_inside_and_their_errors_fall():
    errors = [found.error for found in iterates(Corner(BOX, [2.0, 1.0]), np.ones(5), np.ones(5), patience=3)]
    assert errors == sorted(errors, reverse=True)
    for found in iterates(Corner(BOX, [2.0, 1.0]), np.ones(5), np.ones(5), patience=3):
        assert np.all(BOX @ found.point < 1)


def test_a_step_solves_the_linearised_equations_and_aims_at_an_even_complementarity():
    system, slack, mass = Corner(BOX, [2.0, 1.0]), np.ones(5), np.arange(1.0, 6.0)
    system.standing(slack, mass)
    assert system.factor(mass / slack)
    direction = corrected(system, slack, mass, mass / slack)
    assert BOX.T @ (mass + direction.change) == pytest.approx([2.0, 1.0])
    affine = system.direction(-mass, mass / slack)
    # s du - u fall + the affine step's product = target, the same at all: second order is taken into account
    aimed = slack * direction.change - mass * direction.fall + slack * mass - affine.change * affine.fall
    assert np.ptp(aimed) <= 1e-12
    assert 0 < aimed[0] < np.mean(slack * mass)


@pytest.mark.parametrize("together", [False, True])
def test_steps_end_before_the_boundary(together):
    direction = Direction(None, np.array([2.0, -1.0]), np.array([-0.5, -4.0]))
    dual, primal = lengths(np.ones(2), np.ones(2), direction, together)
    assert (dual, primal) == pytest.approx((0.995 / 4, 0.995 / 4) if together else (0.995 / 2, 0.995 / 4))
    assert lengths(np.ones(2), np.ones(2), Direction(None, np.zeros(2), np.ones(2)), together) == (1.0, 1.0)
    assert longest(np.ones(2), np.ones(2), math.inf) == math.inf


def test_without_time_there_is_the_start():
    system = Corner(BOX, [2.0, 1.0])
    found = last(iterates(system, np.ones(5), np.ones(5), patience=3, deadline=-math.inf))
    assert system.factored == found.steps == 0


def test_a_system_that_breaks_down_ends_with_the_best_so_far():
    class Broken(Corner):
        def factor(self, ratio):
            return super().factor(ratio) and self.factored < 4

    found = last(iterates(Broken(BOX, [2.0, 1.0]), np.ones(5), np.ones(5), patience=3))
    assert found.steps == 3
    assert 1e-10 < found.error < 1


def test_a_step_that_is_not_finite_ends_with_the_best_so_far():
    class Lost(Corner):
        def direction(self, move, ratio):
            found = super().direction(move, ratio)
            return Direction(found.step * math.nan, found.fall * math.nan, found.change) if self.factored > 3 else found

    found = last(iterates(Lost(BOX, [2.0, 1.0]), np.ones(5), np.ones(5), patience=3))
    assert found.steps == 3
    assert np.all(np.isfinite(found.point))


def test_patience_counts_steps_in_vain_once_it_is_close():
    kept = Best(2)
    assert kept.goes_on(Standing("a", 1.0, False, False), 0)
    assert all(kept.goes_on(Standing("far", 2.0, False, False), step) for step in range(1, 9))
    assert kept.goes_on(Standing("b", 1e-5, False, True), 9)
    assert kept.goes_on(Standing("vain", 1e-5, False, True), 10)
    assert kept.goes_on(Standing("vain", 2e-5, False, True), 11)
    assert not kept.goes_on(Standing("vain", 2e-5, False, True), 12)
    assert (kept.reached.point, kept.reached.steps) == ("b", 9)


@pytest.mark.parametrize(("best", "worse", "on"), [(1.0, 9e4, True), (1.0, 2e5, False), (1e-5, 2e-3, False)])
def test_a_step_that_is_far_worse_is_the_last(best, worse, on):
    kept = Best(9)
    kept.goes_on(Standing("best", best, False, False), 0)
    assert kept.goes_on(Standing("worse", worse, False, False), 1) is on
    assert not kept.goes_on(Standing("lost", math.nan, False, False), 2)
    assert kept.reached.point == "best"

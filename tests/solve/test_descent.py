"""Descent on a network's parameters: its slopes by differences, its value, and what it leads to."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve import fit
from minnorm.solve.descent import _Parameters, begun, descended
from minnorm.solve.found import best_coefficients
from minnorm.solve.pricing.pricers import Searched
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate

penalties = pytest.mark.parametrize(
    "penalty",
    [
        PathNorm(),
        PathNorm(skip="free", activation="leaky_relu:0.2"),
        PathNorm(bias="penalised", offset="none"),
        PathNorm(bias="penalised", activation="abs"),
    ],
)
STAGES = ((0.05, 40), (0.01, 20))

losses = pytest.mark.parametrize("loss", ["squared", "huber:0.5", "logistic"])


def reduced(penalty, loss="squared", n=90, d=5, lam=1e-2):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, d))
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    y = np.where(y > 0, 1.0, -1.0) if loss == "logistic" else y
    return reduce(Problem(x, y, penalty, lam, loss=loss))


@penalties
@losses
def test_slopes_are_those_of_what_is_minimised(penalty, loss):
    problem = reduced(penalty, loss)
    network = begun(problem, 0)
    parameters = _Parameters(problem, network.masses.size)
    rng = np.random.default_rng(1)
    at = parameters.of(network)
    objective = parameters.rounded(at, 0.1)
    step = 1e-3  # in single precision
    for _ in range(3):
        way = rng.normal(size=at.size) * np.max(np.abs(at))
        rise = objective(at + step * way)[0] - objective(at - step * way)[0]
        moved = objective(at)[1] @ way
        assert rise / (2 * step) == pytest.approx(moved, rel=1e-2, abs=1e-3 * abs(objective(at)[0]))


@penalties
def test_kinks_are_rounded_as_little_as_is_said(penalty):
    """Without any rounding it is the objective."""
    problem = reduced(penalty)
    network = begun(problem, 0)
    parameters = _Parameters(problem, network.masses.size)
    at = parameters.of(network)
    fitted = problem.atoms(network.weights, network.biases) @ network.masses + problem.free @ network.coefficients
    plain = np.sum(np.abs(network.masses)) + problem.loss.value(fitted)
    apart = [abs(parameters.rounded(at, share)(at)[0] / plain - 1) for share in (0.1, 0.01, 1e-6)]
    assert all(far <= most for far, most in zip(apart, (0.3, 0.03, 1e-5), strict=True))
    assert apart[0] > 1e-5


@penalties
def test_a_network_is_what_its_parameters_say(penalty):
    problem = reduced(penalty)
    network = begun(problem, 3)
    parameters = _Parameters(problem, network.masses.size)
    weights, biases, masses, _ = parameters.network(parameters.of(network))
    np.testing.assert_allclose(weights, network.weights, atol=1e-14)
    np.testing.assert_allclose(biases, network.biases, atol=1e-14)
    np.testing.assert_allclose(masses, network.masses, rtol=1e-12)


@penalties
@losses
def test_it_gets_better_and_says_by_how_much(penalty, loss):
    problem = reduced(penalty, loss)
    first = begun(problem, 0)
    there = descended(problem, first, STAGES, np.inf)
    fitted = problem.atoms(there.weights, there.biases) @ there.masses
    cost = penalty.atom_cost(there.weights, there.biases)
    np.testing.assert_allclose(cost, 1.0, rtol=1e-12)
    norm = np.sum(np.abs(there.masses))
    value = norm + problem.loss.moved(fitted).value(problem.free @ there.coefficients)
    assert there.value == pytest.approx(value, rel=1e-12)
    alone = best_coefficients(problem, np.zeros(len(problem.values)), 0.0)[1]
    assert there.value < 0.95 * alone
    slope = problem.loss.slope(fitted + problem.free @ there.coefficients)
    near = 1e-12 if loss == "squared" else 0.1  # of the largest slope: free terms of other losses are nearly the best
    np.testing.assert_allclose(there.nu, slope, rtol=1e-9, atol=near * np.max(np.abs(slope)))


@penalties
@losses
@pytest.mark.parametrize("steps", [1, 60])
def test_its_dual_vector_is_one(penalty, loss, steps):
    problem = reduced(penalty, loss)
    there = descended(problem, begun(problem, 0), ((0.02, steps),), np.inf)
    assert np.any(there.nu)
    assert np.all(np.abs(problem.free.T @ there.nu) <= 1e-10 * (np.abs(problem.free).T @ np.abs(there.nu)))
    assert problem.loss.conjugate(there.nu) < np.inf


@dataclass(frozen=True)
class Unfinished(Searched):
    """Rounds have a search that is never over: they end with the dual vector that they began with."""

    @property
    def large(self):
        return True

    def price(self, nu, weights, biases, deadline=np.inf):
        return replace(super().price(nu, weights, biases, deadline), complete=False)


@losses
def test_its_dual_vector_is_judged_where_no_search_was_completed(loss):
    problem = reduced(PathNorm(skip="free"), loss, n=60)
    pricer = Unfinished(problem.points, "free", np.random.default_rng(0), np.random.default_rng(1))
    found = generate(problem, tolerance=1e-1, pricer=pricer)
    assert 0 < found.bound <= found.value


def test_no_step_is_taken_late():
    problem = reduced(PathNorm())
    first = begun(problem, 0)
    late = descended(problem, first, STAGES, -np.inf)
    fitted = problem.atoms(first.weights, first.biases) @ first.masses
    norm = float(np.sum(np.abs(first.masses)))
    assert late.value == pytest.approx(best_coefficients(problem, fitted, norm)[1], rel=1e-12)


def test_what_it_leads_to_is_the_minimum(monkeypatch):
    """Rounds that begin with it end at the value of those that do not."""
    problem = reduced(PathNorm(), n=60, d=4, lam=3e-2)
    plain = generate(problem, tolerance=1e-5)
    monkeypatch.setattr(Searched, "large", property(lambda _: True))
    led = generate(problem, tolerance=1e-5)
    assert led.ending == "closed"
    assert led.value == pytest.approx(plain.value, rel=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_many_coordinates_end():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 60))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    found = fit(x, y, 2e-2, tolerance=2e-2, certify=False)
    assert found.ending == "closed"

"""The last digits: few neurons, interpolation to rounding, and a dual vector that knows them."""

import dataclasses

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.problem import Problem
from minnorm.solve import cells
from minnorm.solve.pricing.oracle import exact
from minnorm.solve.pricing.pricers import pricer
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import finish, generate
from minnorm.solve.vertex import polished, sharpened

RNG = np.random.default_rng(5)


def gon(k, centre=(0.0, 0.0)):
    turn = 2 * np.pi * np.arange(k) / k
    return np.array(centre) + np.column_stack([np.cos(turn), np.sin(turn)])


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_neurons_of_a_cell_become_one_with_the_same_values_at_no_more_cost(bias, sign):
    x = RNG.normal(size=(30, 2))
    problem = reduce(Problem(x, RNG.normal(size=30), mn.PathNorm(bias)))
    first = np.array([0.6, 0.8, 0.1])
    atoms = first + 1e-6 * RNG.normal(size=(5, 3))
    other = np.array([[-0.8, 0.6, 0.3]])  # alone in its cell
    atoms = np.concatenate([atoms, other])
    atoms /= np.linalg.norm(atoms[:, : 2 if bias == "free" else 3], axis=1)[:, None]
    masses = sign * RNG.uniform(1, 2, size=6)
    weights, biases, one = cells.merged(problem, atoms[:, :2], atoms[:, 2], masses)
    assert one.size == 2
    before = problem.atoms(atoms[:, :2], atoms[:, 2]) @ masses
    np.testing.assert_allclose(problem.atoms(weights, biases) @ one, before, atol=1e-12)
    assert abs(one).sum() < abs(masses).sum()
    opposite = np.where(np.arange(6) % 2, masses, -masses)  # two signs in a cell stay two
    assert cells.merged(problem, atoms[:, :2], atoms[:, 2], opposite)[2].size == 3


@pytest.mark.parametrize(
    ("x", "y", "value", "neurons"),
    [
        # relu(x - 1) - relu(x - 2): nothing but the gap between the circles matters.
        (np.concatenate([gon(24), gon(24, (3, 0))]), np.repeat([0.0, 1.0], 24), 2.0, 2),
        # A ramp along each diagonal of a checkerboard.
        (np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2), None, 14 * np.sqrt(2), 8),
    ],
)
def test_ties_cost_no_neurons_and_no_digits(x, y, value, neurons):
    found = mn.interpolate(x, x.sum(axis=1) % 2 if y is None else y)
    assert found.certified
    assert found.network.width <= neurons
    assert found.value == pytest.approx(value, rel=1e-12)
    assert found.lower_bound == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_an_interpolant_of_a_rough_gap_knows_the_value_to_rounding(bias):
    x, y = RNG.normal(size=(12, 2)), RNG.normal(size=12)
    rough = mn.interpolate(x, y, penalty=mn.PathNorm(bias))
    sharp = mn.interpolate(x, y, penalty=mn.PathNorm(bias), tolerance=1e-10)
    assert rough.value == pytest.approx(sharp.value, rel=1e-10)
    assert rough.certificate.residual <= rough.certificate.rounding


def test_its_conditions_hold_and_the_dual_vector_stays_feasible():
    x = np.concatenate([gon(24), gon(24, (3, 0))])
    problem = reduce(Problem(x, np.repeat([0.0, 1.0], 24)))
    found = generate(problem, tolerance=1e-9)
    vertex = polished(problem, found)
    assert vertex is not None
    assert vertex.residual <= 1e-13
    h = vertex.nu @ problem.atoms(vertex.weights, vertex.biases)
    np.testing.assert_allclose(h, np.sign(vertex.masses), atol=1e-12)
    assert abs(vertex.nu.sum()) < 1e-12
    assert exact(problem.points, vertex.nu, "free").largest < 1 + 1e-7


def test_nothing_gets_worse():
    x, y = RNG.normal(size=(10, 2)), RNG.normal(size=10)
    for lam in (0.0, 1e-2):
        problem = reduce(Problem(x, y, lam=lam))
        found = generate(problem, tolerance=1e-6)
        blurred = dataclasses.replace(found, nu=0.9 * found.nu, bound=0.9 * found.bound)
        better = sharpened(problem, blurred, pricer(problem.points, "free", 0))
        assert better.bound > blurred.bound
        assert better.value <= found.value * (1 + 1e-12)
        again = finish(problem, better, 1e-6)
        assert again.value == pytest.approx(better.value, rel=1e-9)

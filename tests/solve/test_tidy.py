"""As many neurons as the optimum has, whatever the tolerance."""

import numpy as np
import pytest

from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.found import first_dual
from minnorm.solve.pricing import oracle
from minnorm.solve.reduction import reduce
from minnorm.solve.rounds import generate
from minnorm.solve.tidy import tidied


def example(seed=0, n=20, d=2):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, np.sin(2 * x[:, 0]) + 0.1 * rng.normal(size=n)


def at(x, y, share, penalty=None):
    unit = reduce(Problem(x, y, penalty, 1.0))
    top = oracle.exact(unit.points, first_dual(unit), unit.problem.penalty.bias).largest
    return reduce(Problem(x, y, penalty, share * top))


@pytest.mark.parametrize(("share", "d"), [(0.9, 2), (0.5, 2), (0.1, 2), (0.01, 2), (0.1, 3)])
def test_the_number_of_neurons_does_not_depend_on_the_tolerance(share, d):
    reduced = at(*example(d=d), share)
    rough, fine = (generate(reduced, tolerance=tolerance) for tolerance in (5e-7, 5e-10))
    assert rough.masses.size == fine.masses.size
    assert rough.value == pytest.approx(fine.value, rel=1e-12)


@pytest.mark.parametrize(
    "penalty", [PathNorm(), PathNorm(skip="free"), PathNorm("penalised"), PathNorm("penalised", "free")]
)
def test_it_is_optimal_to_rounding(penalty):
    """The network's own residual is a feasible dual vector, and its bound is the value."""
    for seed in range(2):
        reduced = at(*example(seed, 25), 0.05, penalty)
        found = generate(reduced, tolerance=1e-5)
        tidy = tidied(reduced, found.weights, found.biases, found.masses, found.coefficients)
        assert tidy.value <= found.value * (1 + 1e-12)
        top = oracle.exact(reduced.points, tidy.nu, penalty.bias).largest
        assert top == pytest.approx(1.0, abs=1e-8)
        bound = reduced.values @ tidy.nu - 0.5 * (reduced.rho * tidy.nu) @ tidy.nu
        assert tidy.value == pytest.approx(bound, rel=1e-9)


def test_dust_is_swept_together():
    reduced = at(*example(), 0.9)
    found = generate(reduced, tolerance=1e-8)
    assert found.masses.size == 1
    rng = np.random.default_rng(0)
    angle = np.arctan2(*found.weights[0][::-1]) + 1e-3 * rng.normal(size=12)
    weights, masses = np.column_stack([np.cos(angle), np.sin(angle)]), np.full(12, found.masses[0] / 12)
    biases = np.full(12, found.biases[0]) + 1e-3 * rng.normal(size=12)
    tidy = tidied(reduced, weights, biases, masses, found.coefficients)
    assert tidy.masses.size == 1
    assert tidy.value == pytest.approx(found.value, rel=1e-10)

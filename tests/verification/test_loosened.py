"""Dual vectors chosen for a relaxation: feasible, better, and never more than what sampled neurons allow."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from tests.verification.test_branching import sampled

import minnorm as mn
from minnorm.objective.norm import PathNorm
from minnorm.verification import another
from minnorm.verification.asked import Asked, Bounded
from minnorm.verification.clock import ENDLESS
from minnorm.verification.exact import Dual
from minnorm.verification.lifting import Forms, Vectors
from minnorm.verification.loosened import Programme, _Search

RNG = np.random.default_rng(5)
X = RNG.normal(size=(20, 6))
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]


def test_the_best_multiple_is_the_best():
    programme = Programme(np.array([1.0, -2.0, 1.0]), np.array([0.5, 1.0, 2.0]), np.ones((3, 1)))
    nu = programme.orthogonal(np.array([1.0, -1.0, 0.4]))
    assert abs(nu.sum()) < 1e-14
    for norm in (0.1, 1.0, 30.0):
        t, value = programme.multiple(nu, norm)
        trials = np.linspace(0, 1 / norm, 4001)
        values = trials * (programme.labels @ nu) - trials**2 / 2 * (programme.squares @ nu**2)
        assert t <= 1 / norm
        assert values.max() == pytest.approx(value, rel=1e-6)
    assert programme.multiple(-nu, 1.0) == (0.0, 0.0)


def test_a_centre_is_inside_all_cuts_and_orthogonal_to_free_terms():
    n = 12
    free = np.column_stack([np.ones(n), np.arange(n)])
    programme = Programme(RNG.normal(size=n), np.full(n, 1e-3), free)
    search = _Search(Forms.of(RNG.normal(size=(n, 4)), True), np.arange(n), programme, RNG.normal(size=(n, 30)))
    search.inner = programme.orthogonal(programme.labels)
    for width in (0.1, 0.01):
        nu = search.centre(width, ENDLESS)
        assert np.abs(nu @ search.cuts).max() < 1
        assert np.abs(free.T @ nu).max() < 1e-9 * np.abs(nu).max() * n
        assert programme.labels @ nu > 0
    narrow = programme.labels @ nu
    assert narrow > programme.labels @ search.centre(1.0, ENDLESS)


def test_a_sum_that_costs_is_smaller_in_the_centre():
    n = 12
    cuts = np.random.default_rng(3).normal(size=(n, 30))
    sums = []
    for of_sum in (0.0, 10.0):
        programme = Programme(np.linspace(1, 2, n), np.full(n, 1e-3), np.zeros((n, 0)), of_sum)
        search = _Search(Forms.of(RNG.normal(size=(n, 4)), True), np.arange(n), programme, cuts)
        search.inner = programme.labels / 100
        nu = search.centre(0.01, ENDLESS)
        t, value = programme.multiple(nu, 1.0)
        lost = programme.squares @ nu**2 + of_sum * nu.sum() ** 2
        assert value == pytest.approx(t * (programme.labels @ nu) - t**2 * lost / 2)
        sums.append(abs(nu.sum()))
    assert sums[1] < 0.5 * sums[0]


def test_a_relaxed_neuron_is_about_what_is_proven_for_its_own_vector_and_less_for_others():
    v = RNG.normal(size=15)
    v -= v.mean()
    forms = Forms.of(RNG.normal(size=(15, 4)) / 4, True)
    one, other = Vectors(forms), Vectors(forms)
    for smooth in (0.1, 0.03, 0.01, 0.003, 0.003, 0.001, 0.001):
        one.climb(v, smooth)
        other.climb(-v, smooth)
    assert v @ one.neuron(v) <= one.proven(v) <= 1.1 * (v @ one.neuron(v))
    assert v @ other.neuron(-v) <= one.proven(v)
    assert one.copy().proven(v) == one.proven(v)


@pytest.mark.parametrize(
    ("penalty", "lam", "twice"),
    [
        (PathNorm(), 1e-3, False),
        (PathNorm(), 1e-3, True),
        (PathNorm("penalised", offset="none"), 1e-3, False),
        (PathNorm(skip="free"), 0.0, False),
    ],
)
def test_what_it_proves_is_a_bound(penalty, lam, twice):
    """Sampled neurons are below the norm of the vector that was chosen, and what was given is never made worse."""
    x, y = (np.concatenate([X, X[:5]]), np.concatenate([Y, Y[:5]])) if twice else (X, Y)
    solution = mn.fit(x, y, lam, penalty=penalty, tolerance=0.1, certify=False)
    chosen = []

    def proves(dual: Dual) -> Fraction:
        chosen.append(dual)
        return dual.against_values / Fraction(dual.norm)

    options = {"clock": ENDLESS, "proves": proves, "lam": lam, "enough": lambda dual: False}
    asked = Asked(x, y, solution.dual, penalty, solution.network, np.ones(len(x)), **options)
    dual = Dual(1e9, Fraction(float(y @ solution.dual)), Fraction(float(solution.dual @ solution.dual)))
    found = Bounded(dual, "bounded", replace(dual, norm=1e8))
    better = another.improved(asked, found, ENDLESS.within(0.5))
    assert better.met == found.met
    assert better.dual == chosen[0] != dual
    nu = np.array([float(entry) for entry in better.dual.entries()])
    directions = np.concatenate([np.asarray(solution.network.inner_weights), RNG.normal(size=(20, 6))])
    z = x if penalty.bias == "free" else np.column_stack([x, np.ones(len(x))])
    u = directions if penalty.bias == "free" else np.column_stack([directions, RNG.normal(size=len(directions))])
    assert 0 < sampled(z, nu, penalty.bias == "free", u[np.any(u != 0, axis=1)]) <= better.dual.norm
    if penalty.skip == "free":
        exact = better.dual.entries()
        assert all(sum(e * Fraction(c) for e, c in zip(exact, x[:, k].tolist(), strict=True)) == 0 for k in range(6))
    kept = another.improved(replace(asked, enough=lambda dual: True), found, ENDLESS.within(0.5))
    assert kept is found
    assert another.improved(replace(asked, lam=None), found, ENDLESS.within(0.5)) is found

"""Pricing: the search against the exact oracle, its independence and repeatability, and its worth in high rank."""

import time
from dataclasses import replace

import numpy as np
import pytest
from tests.made import regression
from tests.problems import cross

from minnorm import verify
from minnorm.activation import Activation
from minnorm.objective.norm import PathNorm
from minnorm.solve import fit, interpolate
from minnorm.solve.pricing.fed import Fed
from minnorm.solve.pricing.oracle import promising, random_starts, search
from minnorm.solve.pricing.pricers import Exact, Pricer, Searched, pricer
from minnorm.verification import branching

biases = pytest.mark.parametrize("bias", ["free", "penalised"])


def instance(seed, n, rank, bias):
    rng = np.random.default_rng(seed)
    x, nu = rng.normal(size=(n, rank)), rng.normal(size=n)
    return x, nu - nu.mean() if bias == "free" else nu


def nothing(rank):
    return np.zeros((0, rank)), np.zeros(0)


def same(one, other):
    return np.array_equal(one.weights, other.weights) and np.array_equal(one.biases, other.biases)


def searched(x, bias, seed):
    return Searched(x, bias, np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1]))


def test_the_rank_chooses_the_pricer():
    for rank in range(1, 6):
        chosen = pricer(np.random.default_rng(0).normal(size=(9, rank)), "free", 0)
        assert isinstance(chosen, Pricer)
        assert isinstance(chosen, Exact if rank <= 3 else Searched)


@biases
@pytest.mark.parametrize("rank", [2, 3])
def test_the_search_finds_what_the_exact_oracle_finds(bias, rank):
    for seed in range(3):
        x, nu = instance(seed, 20, rank, bias)
        exact = Exact(x, bias)
        top = exact.price(nu, *nothing(rank)).largest
        assert exact.decide(nu, *nothing(rank)) is None
        found = searched(x, bias, seed).decide(nu, *nothing(rank))
        assert found.largest == pytest.approx(top, rel=1e-12)
        assert searched(x, bias, seed).price(nu, *nothing(rank)).largest <= top * (1 + 1e-12)


@biases
def test_atoms_have_unit_cost_and_their_values(bias):
    x, nu = instance(1, 30, 5, bias)
    active = random_starts(x, 6, np.random.default_rng(0), bias)
    for found in (searched(x, bias, 0).price(nu, *active), searched(x, bias, 0).decide(nu, *active)):
        np.testing.assert_allclose(PathNorm(bias).atom_cost(found.weights, found.biases), 1, rtol=1e-12)
        h = nu @ np.maximum(x @ found.weights.T + found.biases, 0)
        np.testing.assert_allclose(found.values, h, atol=1e-12 * np.abs(nu).sum())


@pytest.mark.slow
@biases
def test_it_climbs_from_the_active_atoms(bias):
    """An active atom that random starts cannot be relied on to find is never lost."""
    x, nu = instance(2, 60, 12, bias)
    top = searched(x, bias, 0).decide(nu, *nothing(12))
    best = top.weights[:1], top.biases[:1]
    for seed in range(3):
        assert searched(x, bias, seed).price(nu, *best).largest >= top.largest * (1 - 1e-12)
        assert searched(x, bias, seed).decide(nu, *best).largest >= top.largest * (1 - 1e-12)


@biases
@pytest.mark.parametrize("word", ["relu", "leaky_relu:0.3"])
def test_of_mirror_images_the_better_one_is_fed(bias, word):
    """relu(z) = relu(-z) + z: their h differ by a linear function, which the other one's value is short of."""
    x, nu = instance(7, 40, 8, bias)
    sigma = Activation.of(word)
    found = replace(searched(x, bias, 1), sigma=sigma).price(nu, *nothing(8))
    for side in (1, -1):
        h = np.abs(nu @ sigma(side * (x @ found.weights.T + found.biases)))
        assert np.all(h <= np.abs(found.values) + 1e-12 * np.abs(nu).sum())
    assert np.all(np.diff(np.abs(found.values)) <= 0)


@biases
def test_the_judge_climbs_from_the_mirror_images_of_active_atoms(bias):
    x, nu = instance(7, 40, 8, bias)
    free = np.column_stack([x, np.ones(len(x))])
    nu -= free @ np.linalg.lstsq(free, nu, rcond=None)[0]  # an atom and its image have one h
    best = searched(x, bias, 0).decide(nu, *nothing(8))
    found = searched(x, bias, 1).decide(nu, best.weights[:1], best.biases[:1])
    for side in (1, -1):
        away = np.max(np.abs(found.weights - side * best.weights[0]), axis=1)
        assert np.min(away + np.abs(found.biases - side * best.biases[0])) <= 1e-9


@biases
def test_a_search_that_the_time_cuts_short_is_not_complete(bias):
    """Where only some starts were followed, what they reach is no estimate of the supremum."""
    x, nu = instance(2, 60, 12, bias)
    late = time.monotonic() - 1.0
    for ask in (searched(x, bias, 0).price, searched(x, bias, 0).decide):
        assert not ask(nu, *nothing(12), late).complete
        assert ask(nu, *nothing(12)).complete
    fed = Fed(Exact(x[:, :3], bias), np.random.default_rng(0))
    assert not fed.price(nu, *nothing(3), late).complete


@biases
def test_the_judge_has_starts_of_its_own(bias):
    """However often the feeding search was used, the deciding one draws the same, and not the feeding one's, starts."""
    x, nu = instance(3, 60, 6, bias)
    fresh, used = searched(x, bias, 0), searched(x, bias, 0)
    fed = [used.price(nu, *nothing(6)) for _ in range(3)]
    assert same(fresh.decide(nu, *nothing(6)), used.decide(nu, *nothing(6)))
    decided = searched(x, bias, 0).decide(nu, *nothing(6))
    assert len(decided.values) > max(len(atoms.values) for atoms in fed)
    draws = [random_starts(x, 300, np.random.default_rng([0, k]), bias)[0] for k in (0, 1)]
    assert not np.isin(draws[0][:, 0], draws[1][:, 0]).any()


def test_branching_on_cones_finds_what_few_starts_miss():
    rng = np.random.default_rng(0)
    x, nu = rng.normal(size=(12, 4)), rng.standard_t(1.5, size=12)
    nu -= nu.mean()
    lower, upper = branching.bound(x, nu, True, 0.0, close=1e-3)
    few = replace(searched(x, "free", 0), starts=1)
    drawn = random_starts(x, 70, np.random.default_rng([0, 1]), "free")
    starts = [(drawn[0][:3], drawn[1][:3]), promising(x, nu, *drawn, 4)]
    alone = search(x, nu, "free", *(np.concatenate(part) for part in zip(*starts, strict=True)), both=False)
    assert alone.largest < 0.96 * lower
    assert lower * (1 - 1e-3) <= few.decide(nu, *nothing(4)).largest <= upper


@biases
def test_a_seed_repeats_itself_and_seeds_differ(bias):
    x, nu = instance(4, 40, 5, bias)
    one, other, third = (pricer(x, bias, seed) for seed in (7, 7, 8))
    sequences = [
        [p.price(nu, *nothing(5)), p.price(nu, *nothing(5)), p.decide(nu, *nothing(5))] for p in (one, other, third)
    ]
    assert all(same(a, b) for a, b in zip(sequences[0], sequences[1], strict=True))
    assert not same(sequences[0][0], sequences[2][0])
    assert not same(sequences[0][0], sequences[0][1])


# In high rank, through the whole solver.


def rich(x, sol, seed=0, count=400):
    """Values of the network's own atoms and of many others on the data."""
    rng = np.random.default_rng(seed)
    w, b = random_starts(x, count, rng, "free")
    w, b = np.concatenate([sol.network.inner_weights, w]), np.concatenate([sol.network.biases, b])
    return np.maximum(x @ w.T + b, 0)


@pytest.mark.parametrize(("d", "n"), [(4, 12), (5, 9)])
def test_small_data_in_high_rank_are_proved(d, n):
    rng = np.random.default_rng(d)
    x, y, lam = rng.normal(size=(n, d)), rng.normal(size=n), 0.02
    sol = fit(x, y, lam)
    assert sol.certificate is not None
    assert sol.certificate.scope == "bounded"
    assert sol.certified
    atoms = rich(x, sol)
    value = regression(atoms, y, lam)
    assert sol.lower_bound <= value * (1 + 1e-8)
    assert value == pytest.approx(sol.value, rel=1e-5)


def test_a_cross_in_four_dimensions():
    x, y = cross(4)
    sol = interpolate(x, y, certify=False)
    assert sol.penalty.value(sol.network) == pytest.approx(4.0, rel=1e-6)
    np.testing.assert_allclose(sol(x), y, atol=1e-12)


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_large_data_in_high_rank_are_searched_and_repeatable():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(16, 5))
    y = np.abs(x[:, 0]) + 0.3 * x[:, 1]
    one, other = (fit(x, y, 0.02, seed=3, certify=False) for _ in range(2))
    assert np.array_equal(one.dual, other.dual)
    for name, part in one.network.to_dict().items():
        assert np.array_equal(part, other.network.to_dict()[name])
    # Where there is no time to branch, the judge searches, which is no proof.
    searched = verify(x, y, one, effort=0.0)
    assert (searched.scope, searched.certified) == ("searched", False)
    proven, third = verify(x, y, one), verify(x, y, fit(x, y, 0.02, seed=4, certify=False))
    assert (proven.scope, proven.certified) == ("bounded", True)
    assert third.value == pytest.approx(proven.value, rel=2e-6)
    assert searched.dual_norm == pytest.approx(proven.dual_norm, rel=1e-5)
    # Nothing in a rich dictionary is better.
    atoms = rich(x, one)
    value = regression(atoms, y, 0.02)
    assert value >= proven.lower_bound


def test_of_many_points_the_best_random_starts_are_followed():
    """They reach no less than as many others, and the search costs a share of that from all."""
    x, nu = instance(5, 5_000, 4, "free")
    found = searched(x, "free", 0).price(nu, *nothing(4))
    assert 0 < found.values.size <= 60
    starts = random_starts(x, 300, np.random.default_rng([0, 0]), "free")
    at_random = np.abs(nu @ np.maximum(x @ starts[0].T + starts[1], 0))
    assert np.sum(np.abs(found.values)[:, None] >= at_random, axis=1).min() > 200

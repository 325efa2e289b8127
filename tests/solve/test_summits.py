"""Atoms at the summits of the certificate: merging costs nothing, and what is found is optimal or goes on elsewhere."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.norm import PathNorm
from minnorm.solve import summits
from minnorm.solve.pricing.line import LinePricer

PENALTIES = [PathNorm("penalised", skip, offset) for skip in ("free", "none") for offset in ("free", "none")]


def noisy(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1, 1, n))
    return x, np.sin(5 * x) + 0.2 * rng.normal(size=n)


@pytest.mark.parametrize("centre", [0.0, 40.0])
def test_merged_atoms_have_the_same_values_and_cost_no_more(centre):
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(-2, 2, 9)) + centre
    pricer = LinePricer(x, centre, 1.3, False, False)
    weights, biases = rng.normal(size=(200, 1)), 2 * rng.normal(size=200)
    weights[:5], biases[:5] = 0, np.abs(biases[:5])
    biases[5:30] = -weights[5:30, 0] * rng.choice(pricer.points, 25)
    cost = pricer.cost(weights, biases)
    weights, biases = weights / cost[:, None], biases / cost
    masses = rng.normal(size=200)
    masses[::7] = 0

    def values(w: np.ndarray, b: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.maximum(pricer.points[:, None] * w[:, 0] + b, 0) @ a

    w, b, a = summits.merged(pricer, weights, biases, masses)
    assert np.sum(np.abs(a)) < np.sum(np.abs(masses))
    assert a.size <= 4 * (x.size + 1)  # in each gap one of each sign and facing, and next to nothing elsewhere
    np.testing.assert_allclose(pricer.cost(w, b), 1, rtol=1e-12)
    np.testing.assert_allclose(values(w, b, a), values(weights, biases, masses), atol=1e-11 * max(1, centre))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("lam", [1e-2, 1e-4])
def test_where_it_ends_early_the_rounds_of_column_generation_go_on(penalty, lam, monkeypatch):
    x, y = noisy(40, 1)
    weights = np.random.default_rng(2).uniform(0.5, 2, x.size)
    found = mn.fit(x, y, lam, penalty=penalty, sample_weight=weights)
    monkeypatch.setattr(summits, "_ROUNDS", 2)
    other = mn.fit(x, y, lam, penalty=penalty, sample_weight=weights)
    assert found.certified
    assert other.certified
    assert other.rounds > 2
    assert found.value == pytest.approx(other.value, rel=1e-6)


def test_neurons_sit_where_the_certificate_touches():
    x, y = noisy(100, 3)
    penalty = PathNorm("penalised")
    found = mn.fit(x, y, 1e-3, penalty=penalty, tolerance=1e-9)
    assert found.certified
    touched = penalty.correlation(found.dual / found.lam, x[:, None], found.network)
    live = np.abs(found.network.outer_weights) > 1e-9 * np.max(np.abs(found.network.outer_weights))
    np.testing.assert_allclose(np.abs(touched[live]), 1, atol=1e-4)

"""Searches that feed the master problem, and the exact oracle that decides."""

import numpy as np
import pytest

from minnorm.objective.problem import Problem
from minnorm.solve.pricing import fed
from minnorm.solve.pricing.fed import Fed, quickest
from minnorm.solve.pricing.pricers import Exact, Searched, pricer
from minnorm.solve.reduction import reduce
from minnorm.solve.regularisation import lam_max
from minnorm.solve.rounds import generate


def made(n, rank, seed=0):
    rng = np.random.default_rng(seed)
    x, nu = rng.normal(size=(n, rank)), rng.normal(size=n)
    return x, nu - nu.mean()


def labelled(n, seed):
    x = np.random.default_rng(seed).normal(size=(n, 3))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]


def test_it_takes_the_place_of_an_exact_oracle_that_takes_long():
    for n, rank, kind in ((fed.FEWEST - 1, 3, Exact), (fed.FEWEST, 3, Fed), (fed.FEWEST, 2, Exact), (70, 4, Searched)):
        assert isinstance(quickest(pricer(made(n, rank)[0], "free", 0), 0), kind)


@pytest.mark.parametrize("bias", ["free", "penalised"])
@pytest.mark.parametrize("rank", [2, 3])
def test_a_search_is_below_the_oracle_and_what_decides_is_the_oracle(rank, bias):
    x, nu = made(40, rank)
    exact = Exact(x, bias)
    quick = Fed(exact, np.random.default_rng(0))
    none = np.zeros((0, rank)), np.zeros(0)
    first, again = (quick.price(nu, *none) for _ in range(2))
    decided, top = quick.decide(nu, *none), exact.price(nu, *none)
    assert first.complete
    assert first.largest <= again.largest <= top.largest * (1 + 1e-12)
    assert again.largest >= 0.9 * top.largest
    assert np.array_equal(decided.weights, top.weights)
    assert quick.price(nu, *none).largest == pytest.approx(top.largest, rel=1e-12)  # begun at what the oracle found


@pytest.mark.parametrize("share", [0.0, 1e-2])
def test_the_answer_is_that_of_the_exact_oracle(share, monkeypatch):
    monkeypatch.setattr(fed, "FEWEST", 20)
    x, y = labelled(30, 0)
    reduced = reduce(Problem(x, y, None, share * lam_max(x, y)))
    quick = generate(reduced, tolerance=1e-7)
    slow = generate(reduced, tolerance=1e-7, pricer=Exact(reduced.points, "free"))
    assert max(abs(quick.gap), abs(slow.gap)) <= 1e-7
    assert quick.value == pytest.approx(slow.value, rel=2e-7)


def test_what_searches_miss_joins_when_the_oracle_decides(monkeypatch):
    monkeypatch.setattr(fed, "FEWEST", 20)
    monkeypatch.setattr(fed, "_DRAWN", {2: 3, 3: 3})
    monkeypatch.setattr(fed, "_FOLLOWED", {2: 1, 3: 1})
    x, y = labelled(30, 1)
    reduced = reduce(Problem(x, y, None, 1e-2 * lam_max(x, y)))
    found = generate(reduced, tolerance=1e-6)
    top = Exact(reduced.points, "free").price(found.nu, np.zeros((0, 3)), np.zeros(0)).largest
    assert found.gap <= 1e-6
    assert top <= 1 + 1e-9

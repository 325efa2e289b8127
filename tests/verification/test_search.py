"""The search never exceeds the enumeration, repeats itself, and proves nothing."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm import verify
from minnorm.network import ShallowReLU
from minnorm.solution import Solution
from minnorm.verification.arrangement import bound
from minnorm.verification.search import ascend


def sample(seed, n, k):
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(n, k)), rng.normal(size=n)
    return points, weights - weights.mean()


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(4, 30),
    k=st.integers(1, 3),
    affine=st.booleans(),
)
@settings(max_examples=10, deadline=None)
def test_it_stays_below_the_enumeration_and_comes_close(seed, n, k, affine):
    points, weights = sample(seed, n, k)
    found = ascend(points, weights, affine, np.zeros((0, k)), seed=1)
    upper = bound(points, weights, affine, np.zeros((0, k))).upper
    assert 0.8 * upper <= found <= upper


def test_starts_are_used():
    points, weights = sample(0, 40, 6)
    best = ascend(points, weights, True, np.zeros((0, 6)), seed=0)
    direction = np.eye(6)[:1]
    there = np.max(np.abs(np.maximum(points[:, :1] - points[:, 0], 0).T @ weights))
    assert ascend(points, weights, True, direction, seed=0, randoms=0, rounds=0) == pytest.approx(there)
    assert there < best


def test_large_data_are_searched_and_never_certified():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 30))
    net = ShallowReLU(rng.normal(size=(5, 30)), rng.normal(size=5), rng.normal(size=5), np.array(0.3))
    y = net.evaluate(x)
    solution = Solution(net, rng.normal(size=120))
    first, second = verify(x, y, solution, effort=0.0), verify(x, y, solution, effort=0.0)
    assert first == second
    assert first.scope == "searched"
    assert first.residual < 1e-12
    assert not first.certified
    assert not dataclasses.replace(first, lower_bound=first.value).certified
    assert verify(x, y, solution, effort=0.0, seed=5).dual_norm == pytest.approx(first.dual_norm, rel=0.05)


def test_effort_decides():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    net = ShallowReLU(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.array(0.0))
    exact = verify(x, y, Solution(net, y - y.mean()))
    searched = verify(x, y, Solution(net, y - y.mean()), effort=0.0)
    assert (exact.scope, searched.scope) == ("exact", "searched")
    assert searched.dual_norm <= exact.dual_norm
    assert searched.dual_norm == pytest.approx(exact.dual_norm, rel=1e-2)

"""The judge of neurons that read few columns, against every candidate there is."""

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import minnorm as mn
from minnorm.network import ShallowReLU
from minnorm.verification import indicators, subsets
from minnorm.verification.price import bump_norms


def claimed(x: np.ndarray, y: np.ndarray, nu: np.ndarray, penalty: mn.PathNorm, lam: float = 0.1) -> mn.Solution:
    """No neurons, and a dual vector."""
    none = np.zeros((0, x.shape[1]))
    return mn.Solution(ShallowReLU(none, np.zeros(0), np.zeros(0), np.array(y.mean())), nu, penalty, lam)


def by_columns(x: np.ndarray, nu: np.ndarray) -> Fraction:
    """sup |h| over neurons of one column with free biases, in rationals; the last entry of nu makes its sum 0."""
    masses = [Fraction(float(part)) for part in nu]
    best = Fraction(0)
    for column in x.T.tolist():
        entries = [Fraction(one) for one in column]
        for kink in entries:
            for sign in (1, -1):
                h = sum(m * max(sign * (e - kink), 0) for m, e in zip(masses, entries, strict=True))
                best = max(best, abs(h))
    return best


def by_pairs(x: np.ndarray, nu: np.ndarray) -> float:
    """The same for two columns: on each kink the best direction of each cell and its ends, in float64."""
    best = 0.0
    for pair in itertools.combinations(range(x.shape[1]), 2):
        for pivot in x[:, pair]:
            z = x[:, pair] - pivot
            z = z[np.any(z != 0, axis=1)]
            ends = np.sort(np.concatenate([np.arctan2(s * z[:, 0], -s * z[:, 1]) for s in (1, -1)]))
            middle = (ends + np.append(ends[1:], ends[0] + 2 * np.pi)) / 2
            u = np.column_stack([np.cos(middle), np.sin(middle)])
            inside = (u @ (x[:, pair] - pivot).T > 0) * nu
            v = inside @ (x[:, pair] - pivot)
            size = np.linalg.norm(v, axis=1)
            v = v[size > 0] / size[size > 0, None]
            u = np.concatenate([np.column_stack([np.cos(ends), np.sin(ends)]), v, -v])
            best = max(best, float(np.max(np.abs(np.maximum(u @ (x[:, pair] - pivot).T, 0) @ nu))))
    return best


@pytest.mark.parametrize("kind", ["normal", "integers", "far"])
@pytest.mark.parametrize("inputs", [1, 2])
def test_the_supremum_is_bounded_above_and_closely(inputs, kind):
    rng = np.random.default_rng(len(kind) + inputs)
    x = rng.integers(0, 3, size=(11, 4)).astype(float) if kind == "integers" else rng.normal(size=(11, 4))
    x = x + 1e6 if kind == "far" else x
    nu = rng.integers(-50, 50, size=11) / 64.0
    nu[-1] -= nu.sum()
    found = mn.verify(x, nu, claimed(x, nu, nu, mn.PathNorm(inputs=inputs)))
    exact = by_columns(x, nu) if inputs == 1 else Fraction(by_pairs(x, nu))
    assert found.scope == "exact"
    assert Fraction(found.dual_norm) >= exact * (1 if inputs == 1 else 1 - Fraction(1, 10**12))
    assert found.dual_norm <= float(exact) * (1 + (1e-6 if kind == "far" else 1e-11))


@pytest.mark.parametrize("by_strips", [False, True])
def test_sets_far_below_the_largest_are_not_enumerated_and_others_may_be_bounded(by_strips, monkeypatch):
    rng = np.random.default_rng(4)
    x, nu = rng.normal(size=(40, 4)), rng.integers(-50, 50, size=40) / 64.0
    nu[-1] -= nu.sum()
    looked: list[int] = []
    enumerate_all = subsets.arrangement.bound
    monkeypatch.setattr(subsets.arrangement, "bound", lambda *a, **k: looked.append(1) or enumerate_all(*a, **k))
    if by_strips:
        monkeypatch.setattr(subsets, "_QUICK", 0.0)
    found = mn.verify(x, nu, claimed(x, nu, nu, mn.PathNorm(inputs=2)))
    exact = by_pairs(x, nu)
    assert found.scope == ("bounded" if by_strips else "exact")
    assert exact * (1 - 1e-12) <= found.dual_norm <= exact * (1 + (3e-7 if by_strips else 1e-11))
    assert len(looked) == 0 if by_strips else 0 < len(looked) < 6


def test_a_neuron_that_reads_too_many_columns_is_refused():
    x, y = np.eye(3), np.arange(3.0)
    net = ShallowReLU(np.array([[1.0, 1e-300, 0.0]]), np.zeros(1), np.ones(1), np.array(0.0))
    solution = mn.Solution(net, np.zeros(3), mn.PathNorm(inputs=1), 0.1)
    with pytest.raises(ValueError, match="a neuron that reads 2 columns, which inputs=1 forbids"):
        mn.verify(x, y, solution)
    assert mn.verify(x, y, replace(solution, penalty=mn.PathNorm(inputs=2))).value > 0


def test_the_proof_of_all_neurons_is_no_proof_for_fewer_and_the_other_way_round():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(15, 3)), rng.normal(size=15)
    few, every = (mn.fit(x, y, 1e-2, penalty=p) for p in (mn.PathNorm(inputs=1), mn.PathNorm()))
    bound = mn.verify(x, y, replace(few, penalty=mn.PathNorm()))
    assert bound.lower_bound <= every.value
    assert not bound.certified
    looser = mn.verify(x, y, replace(few, dual=every.dual))
    assert looser.lower_bound <= few.value
    assert not looser.certified


@pytest.mark.parametrize("inputs", [1, 2])
def test_the_price_of_a_correction_is_more_than_it_costs(inputs):
    rng = np.random.default_rng(7)
    x = rng.integers(0, 6, size=(12, 5)).astype(float)
    penalty = mn.PathNorm(inputs=inputs)
    r = rng.normal(size=12)
    price = indicators.least_norm(mn.Problem(x, r, penalty), np.abs(r), lambda part: bump_norms(part, part.weights > 0))
    assert np.isfinite(price)
    assert price >= mn.interpolate(x, r, penalty=penalty).lower_bound


def test_no_price_is_known_where_sums_do_not_reach_all_labels():
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    problem = mn.Problem(corners, np.zeros(4), mn.PathNorm(inputs=1))
    assert indicators.least_norm(problem, np.ones(4), lambda part: bump_norms(part, part.weights > 0)) == np.inf

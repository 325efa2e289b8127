"""Neurons that are not ReLU, without a free linear term: oracles, minima and paths in two dimensions and more."""

import numpy as np
import pytest
from scipy.optimize import linprog

import minnorm as mn
from minnorm.activation import Activation
from minnorm.solve.pricing.oracle import exact, random_starts, search
from minnorm.solve.pricing.plane import Plane

WORDS = ["abs", "leaky_relu:0.2", "0.4:-2.0", "0:3.0"]


def problem(n, d, seed=0):
    rng = np.random.default_rng(seed)
    x, nu = rng.normal(size=(n, d)), rng.normal(size=n)
    return x - x.mean(axis=0), nu - nu.mean()


def correlations(x, nu, sigma, w):
    """h at all kinks of unit weights (m, d): (m, n)."""
    along = w @ x.T
    return np.stack([nu @ sigma(along[:, :, None] - along[:, None, k : k + 1])[:, :, 0].T for k in range(len(x))], 1)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_oracle_finds_the_largest_correlation(word, d):
    sigma, (x, nu) = Activation.of(word), problem(9, d)
    found = exact(x, nu, "free", sigma=sigma)
    np.testing.assert_allclose(found.values, nu @ sigma(x @ found.weights.T + found.biases), atol=1e-12)
    w = np.random.default_rng(1).normal(size=(6000, d))
    seen = np.abs(correlations(x, nu, sigma, w / np.linalg.norm(w, axis=1, keepdims=True))).max()
    assert found.largest >= seen * (1 - 1e-12)
    assert found.largest <= seen * (1.02 if d == 3 else 1.001)
    climbed = search(x, nu, "free", *random_starts(x, 300, np.random.default_rng(2), "free"), sigma=sigma)
    np.testing.assert_allclose(climbed.values, nu @ sigma(x @ climbed.weights.T + climbed.biases), atol=1e-12)
    assert climbed.largest == pytest.approx(found.largest, rel=1e-9)


@pytest.mark.parametrize("word", WORDS)
def test_the_oracle_with_orders_is_the_one_that_sorts(word):
    sigma, (x, nu) = Activation.of(word), problem(150, 2)
    ours, theirs = Plane(x, sigma).price(nu), exact(x, nu, "free", sigma=sigma)
    np.testing.assert_allclose(ours.values[:50], theirs.values[:50], rtol=1e-9)


@pytest.mark.parametrize(
    ("word", "lam"),
    [("abs", 0.0), *(pytest.param(w, m, marks=pytest.mark.slow) for w in WORDS for m in (0.0, 0.02))],
)
def test_the_minimum_in_the_plane_is_that_of_a_programme_over_a_grid_of_neurons(word, lam):
    x, y = problem(7, 2, seed=3)
    penalty = mn.PathNorm(activation=word)
    solution = mn.fit(x, y, lam, penalty=penalty)
    assert solution.certified
    assert solution.certificate.scope == "exact"
    assert solution.network.activation == penalty.activation
    rest = solution(x) - y
    norm = penalty.value(solution.network)
    assert solution.value == pytest.approx(lam * norm + np.mean(rest**2) / 2 if lam else norm, rel=1e-6)
    # Labels that the network has, interpolated by neurons of the grid: no norm is below the minimum's.
    angle = np.linspace(0, 2 * np.pi, 600, endpoint=False)
    along = np.column_stack([np.cos(angle), np.sin(angle)]) @ x.T
    atoms = penalty.activation((along[:, None, :] - along[:, :, None]).reshape(-1, 7)).T
    one = np.ones((7, 1))
    cost = np.append(np.ones(2 * atoms.shape[1]), [0, 0])
    found = linprog(cost, A_eq=np.hstack([atoms, -atoms, one, -one]), b_eq=solution(x), bounds=(0, None))
    assert found.fun == pytest.approx(norm, rel=1e-3)
    assert found.fun >= norm * (1 - 2e-6)


def test_relu_on_the_other_side_is_relu():
    x, y = problem(8, 2, seed=4)
    expected = mn.fit(x, y, 0.01)
    other = mn.fit(x, y, 0.01, penalty=mn.PathNorm(activation="0:-1.0"))
    assert other.value == pytest.approx(expected.value, rel=2e-6)
    assert other.certified


@pytest.mark.slow
def test_without_an_offset_of_its_own_a_constant_neuron_stands_for_it():
    x, y = problem(8, 2, seed=5)
    solution = mn.interpolate(x, y + 3, penalty=mn.PathNorm(offset="none", activation="0:2.0"))
    expected = mn.interpolate(x, y, penalty=mn.PathNorm(activation="0:2.0"))
    assert solution.certified
    assert float(solution.network.offset) == 0
    assert solution.value == pytest.approx(expected.value, rel=2e-6)


def test_points_on_a_line_in_space_and_all_in_one_place():
    x, y = problem(8, 1, seed=6)
    penalty, axis = mn.PathNorm(activation="leaky_relu:0.3"), np.array([[0.6, 0.8, 0.0]])
    for lam in (0.0, 0.01):
        along, lifted = mn.fit(x, y, lam, penalty=penalty), mn.fit(x @ axis + 1, y, lam, penalty=penalty)
        assert along.certified
        assert lifted.certified
        assert lifted.value == pytest.approx(along.value, rel=2e-6)
    one = mn.fit(np.ones((3, 2)), y[:3], 0.1, penalty=penalty)
    assert one.certified
    assert one.network.width == 0


@pytest.mark.slow
@pytest.mark.parametrize("d", [2, 3])
def test_neurons_appear_below_lam_max_and_the_path_is_certified(d):
    x, y = problem(10, d, seed=7)
    penalty = mn.PathNorm(activation="abs")
    top = mn.lam_max(x, y, penalty)
    assert mn.fit(x, y, 1.01 * top, penalty=penalty).network.width == 0
    assert mn.fit(x, y, 0.99 * top, penalty=penalty).network.width > 0
    runs = mn.path(x, y, [0.5 * top, 0.1 * top, 0.0], penalty=penalty)
    assert bool(runs.certified.all())


def test_what_has_no_way_to_a_minimum_is_refused_in_one_line():
    x, y = problem(5, 2)
    for penalty in (mn.PathNorm("penalised", activation="abs"), mn.PathNorm("penalised", "free", "none", "abs")):
        for call in (lambda p: mn.fit(x, y, 0.1, penalty=p), lambda p: mn.lam_max(x, y, p)):
            with pytest.raises(ValueError, match='take bias="free"') as caught:
                call(penalty)
            assert "\n" not in str(caught.value)

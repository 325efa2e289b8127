"""Neurons that are not ReLU, without a free linear term: oracles, minima and paths in two dimensions and more."""

import numpy as np
import pytest
from scipy.optimize import linprog

import minnorm as mn
from minnorm.activation import Activation
from minnorm.solve.pricing.oracle import exact, random_starts, search
from minnorm.solve.pricing.plane import Plane
from minnorm.solve.pricing.subsets import Subsets

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


# Biases that cost: h has a linear part in (w, b).

COSTLY = [("none", "free"), ("none", "none"), ("free", "none")]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_oracle_finds_the_largest_correlation_where_biases_cost(word, d):
    sigma, rng = Activation.of(word), np.random.default_rng(d)
    x, nu = rng.normal(size=(9, d)), rng.normal(size=9)
    found = exact(x, nu, "penalised", sigma=sigma)
    np.testing.assert_allclose(found.values, nu @ sigma(x @ found.weights.T + found.biases), atol=1e-12)
    np.testing.assert_allclose(np.hypot(np.linalg.norm(found.weights, axis=1), found.biases), 1)
    u = rng.normal(size=(40_000, d + 1))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    seen = np.max(np.abs(nu @ sigma(x @ u[:, :-1].T + u[:, -1])))
    assert seen <= found.largest * (1 + 1e-12)
    assert seen >= found.largest * (0.95 if d == 3 else 0.99)
    climbed = search(x, nu, "penalised", *random_starts(x, 300, rng, "penalised"), sigma=sigma)
    assert climbed.largest == pytest.approx(found.largest, rel=1e-9)


def test_of_one_point_the_neuron_on_its_steeper_side_is_the_best():
    x, nu = np.array([[3.0, 4.0]]), np.array([-2.0])
    for word, steep in (("2:-0.5", 2.0), ("0.5:3.0", 3.0), ("0:-1.5", 1.5)):
        found = exact(x, nu, "penalised", sigma=Activation.of(word))
        assert found.largest == pytest.approx(steep * 2 * 26**0.5)
        assert found.values == pytest.approx(nu @ Activation.of(word)(x @ found.weights.T + found.biases))


def grid_minimum(x, y, penalty, more):
    """The least norm of interpolants of y by neurons of a grid, and those of the network `more`, |(w, b)| = 1."""
    rng, (n, d) = np.random.default_rng(0), x.shape
    u = rng.normal(size=(3000, d + 1))
    columns = penalty.inputs or d
    u[:, :d] *= np.argsort(rng.random((3000, d)), axis=1) < columns
    k = np.arange(1500)  # through points
    u[k, d] = -np.einsum("kd,kd->k", u[k, :d], x[k % n])
    u = np.concatenate([u, np.column_stack([more.inner_weights, more.biases])])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    atoms = penalty.activation(x @ u[:, :d].T + u[:, d])
    free = np.column_stack([np.ones((n, 1 if penalty.has_offset else 0)), x if penalty.linear_is_free else x[:, :0]])
    cost = np.append(np.ones(2 * atoms.shape[1]), np.zeros(2 * free.shape[1]))
    found = linprog(cost, A_eq=np.hstack([atoms, -atoms, free, -free]), b_eq=y, bounds=(0, None))
    assert found.status == 0
    return found.fun


def check_against_the_grid(d, word, skip, offset, lam, inputs, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(7, d)), rng.normal(size=7)
    penalty = mn.PathNorm("penalised", skip, offset, word, inputs)
    solution = mn.fit(x, y, lam, penalty=penalty)
    assert solution.certified
    assert mn.verify(x, y, solution).certified
    penalty.admit(solution.network)
    norm, rest = penalty.value(solution.network), solution(x) - y
    assert solution.value == pytest.approx(lam * norm + np.mean(rest**2) / 2 if lam else norm, rel=1e-6)
    # Of all networks with these values at the points the minimiser has the least norm.
    least = grid_minimum(x, solution(x), penalty, solution.network)
    assert least == pytest.approx(norm, rel=2e-6)


@pytest.mark.parametrize(
    ("skip", "offset", "word", "lam", "inputs"),
    [("none", "none", "abs", 0.0, None), ("none", "free", "0.4:-2.0", 0.01, 1), ("free", "none", "abs", 0.01, None)],
)
def test_no_network_of_a_grid_is_below_the_minimum(word, lam, inputs, skip, offset):
    check_against_the_grid(2, word, skip, offset, lam, inputs, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("skip", "offset"), COSTLY)
@pytest.mark.parametrize("lam", [0.0, 0.01])
@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(("d", "inputs"), [(1, None), (2, None), (3, None), (3, 1), (3, 2)])
def test_no_network_of_a_grid_is_below_the_minimum_of_any_penalty(d, word, lam, inputs, skip, offset):
    check_against_the_grid(d, word, skip, offset, lam, inputs, d)


@pytest.mark.parametrize("inputs", [1, 2])
def test_of_few_columns_the_oracle_of_each_set_knows_the_neurons(inputs):
    rng = np.random.default_rng(inputs)
    x, nu = rng.normal(size=(8, 3)), rng.normal(size=8)
    for bias in ("free", "penalised"):
        for word in ("abs", "0:3.0"):
            sigma, mass = Activation.of(word), nu - nu.mean() if bias == "free" else nu
            found = Subsets.of(x, bias, inputs, sigma=sigma).price(mass, np.zeros((0, 3)), np.zeros(0))
            assert np.max(np.count_nonzero(found.weights, axis=1)) <= inputs
            np.testing.assert_allclose(found.values, mass @ sigma(x @ found.weights.T + found.biases), atol=1e-12)
            sets = [[0, 1], [0, 2], [1, 2]] if inputs == 2 else [[0], [1], [2]]
            largest = max(exact(x[:, one], mass, bias, sigma=sigma).largest for one in sets)
            assert found.largest == pytest.approx(largest, rel=1e-12)


@pytest.mark.slow
def test_a_mirrored_neuron_has_the_same_minimum():
    x, y = problem(9, 2, seed=8)
    for lam in (0.0, 0.01):
        one, other = (
            mn.fit(x + 1, y, lam, penalty=mn.PathNorm("penalised", "none", "none", word))
            for word in ("2:-0.5", "-0.5:2")
        )
        assert one.certified
        assert other.certified
        assert one.value == pytest.approx(other.value, rel=2e-6)


@pytest.mark.slow
def test_above_rank_three_the_bound_is_proven_where_biases_cost():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(14, 4)), rng.normal(size=14)
    solution = mn.fit(x, y, 0.02, penalty=mn.PathNorm("penalised", activation="leaky_relu:0.1"))
    assert solution.certificate.scope in ("bounded", "exact")
    assert solution.certified

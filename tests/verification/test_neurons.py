"""Neurons in terms of ReLU, exactly."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import minnorm as mn
from minnorm.activation import Activation
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.verification import neurons, rational, space
from minnorm.verification.asked import Asked
from minnorm.verification.clock import ENDLESS
from minnorm.verification.line import repaired_dual
from minnorm.verification.line_price import broken_line
from minnorm.verification.price import bump_norms
from minnorm.verification.repair import correction

RNG = np.random.default_rng(8)


@pytest.mark.parametrize("word", ["abs", "leaky_relu:0.1", "2.3:-0.7", "0:3.0", "1.0:-0.25"])
def test_unfolded_is_the_very_same_function(word):
    net = ShallowReLU(RNG.normal(size=(5, 2)), RNG.normal(size=5), RNG.normal(size=5), np.array(0.3), None, word)
    other = neurons.unfolded(net)
    assert other.activation.rectifies
    sigma = net.activation
    for point in RNG.normal(size=(4, 2)).tolist():
        values = []
        for one, plus, minus in ((net, Fraction(sigma.plus), Fraction(sigma.minus)), (other, Fraction(1), Fraction(0))):
            total = Fraction(0)
            for w, b, a in zip(
                one.inner_weights.tolist(), one.biases.tolist(), one.outer_weights.tolist(), strict=True
            ):
                z = sum((Fraction(p) * Fraction(q) for p, q in zip(w, point, strict=True)), Fraction(b))
                total += Fraction(a) * (plus * z if z > 0 else -minus * z)
            values.append(total)
        assert values[0] == values[1]


def test_weights_that_have_no_exact_pair_are_not_unfolded():
    net = ShallowReLU(np.ones((1, 1)), np.zeros(1), np.array([1e-300]), np.array(0.0), None, "leaky_relu:0.1")
    assert neurons.unfolded(net) is None


def test_bends_round_outwards():
    sigma = Activation(1, -0.1)
    exact = Fraction(1) - Fraction(0.1)
    assert neurons.bend(sigma) == exact
    assert Fraction(neurons.times_bend(3.3, sigma)) >= Fraction(3.3) * exact
    assert Fraction(neurons.over_bend(3.3, sigma)) >= Fraction(3.3) / exact
    assert neurons.times_bend(3.3, Activation()) == 3.3


def test_a_network_of_other_neurons_is_another_function():
    x, y = np.array([-1.0, 0.0, 0.5, 2.0]), np.array([0.0, 1.0, -1.0, 0.5])
    solution = mn.known.line(x, y, mn.PathNorm(skip="free", activation="abs"))
    wrong = replace(solution.network, activation=Activation(1, -0.25))
    with pytest.raises(ValueError, match="and the penalty abs"):
        mn.verify(x, y, replace(solution, network=wrong))
    leaky = replace(solution, network=wrong, penalty=mn.PathNorm(skip="free", activation="leaky_relu:0.25"))
    assert not mn.verify(x, y, leaky).certified


def test_a_norm_that_is_claimed_too_small_is_not_certified():
    x, y = np.array([-1.0, 0.0, 0.5, 2.0]), np.array([0.0, 1.0, -1.0, 0.5])
    solution = mn.known.line(x, y, mn.PathNorm(skip="free", activation="leaky_relu:0.25"))
    fine = mn.verify(x, y, solution)
    assert fine.certified
    larger = mn.verify(x, y, replace(solution, dual=2 * solution.dual))  # feasible after its own scaling
    assert larger.lower_bound == pytest.approx(fine.lower_bound)
    assert larger.dual_norm == pytest.approx(2 * fine.dual_norm)
    assert fine.dual_norm == pytest.approx(1.0)


def test_without_a_free_linear_term_h_is_tilted():
    # sum nu x = 1: the dual norm of |z| is not twice that of ReLU, but that of the sums themselves.
    x, nu = np.array([-1.0, 0.0, 0.5, 2.0]), np.array([-0.5, 0.75, -0.5, 0.25])
    penalty, sigma = mn.PathNorm(), Activation(1.5, -0.25)
    assert nu.sum() == 0
    assert nu @ x != 0
    found = repaired_dual(x, np.zeros(4), nu, penalty, np.ones(4), sigma)
    places = np.concatenate([x, [-9.0, 9.0, 0.3]])
    largest = max(abs(float(nu @ sigma(sign * (x - t)))) for t in places for sign in (1.0, -1.0))
    assert found.norm == pytest.approx(largest, rel=1e-12)
    assert found.norm >= largest * (1 - 1e-15)


@pytest.mark.parametrize("sigma", [Activation(1.5, -0.25), Activation(0.25, -2.0), Activation(1, 1)])
@pytest.mark.parametrize(("n", "d"), [(7, 2), (6, 3), (4, 4)])
def test_the_tilted_dual_norm_is_bounded_above_in_space(sigma, n, d):
    x, nu = RNG.normal(size=(n, d)), RNG.normal(size=n)
    nu -= nu.mean()
    y, net = np.zeros(n), ShallowReLU(np.ones((1, d)), np.zeros(1), np.ones(1), np.array(0.0))
    change = correction(x, nu, mn.PathNorm())
    exact = rational.dual_norm(x, nu, change, False, 0.0, ENDLESS, sigma)
    asked = Asked(x, y, nu, mn.PathNorm(), net, np.ones(n), lambda dual: True, ENDLESS, sigma=sigma)
    found = space.repaired_dual(asked)
    dual = found.dual
    assert found.scope == "exact"
    assert dual.norm == pytest.approx(exact, rel=1e-8)
    assert dual.norm >= exact * (1 - 1e-15)
    # h over |s| at neurons that bend at points, with the corrected dual vector.
    mass = nu + np.array([float(change.get(i, 0)) for i in range(n)])
    w = RNG.normal(size=(4000, d))
    along = w / np.linalg.norm(w, axis=1, keepdims=True) @ x.T
    seen = np.abs([sigma(along - along[:, k : k + 1]) @ mass for k in range(n)]).max() / abs(sigma.bend)
    assert 0.8 * exact < seen <= exact * (1 + 1e-12)
    if d < 4:  # in any units and place, and where the points do not span space
        lifted = np.column_stack([2.0**30 * x, np.ones(n)])
        wide = replace(net, inner_weights=np.ones((1, d + 1)))
        far = space.repaired_dual(replace(asked, x=lifted, net=wide)).dual
        assert far.norm == pytest.approx(2.0**30 * exact, rel=1e-8)
        assert far.norm >= 2.0**30 * exact * (1 - 1e-15)


COSTLY = [("none", "free"), ("none", "none"), ("free", "none")]


@pytest.mark.parametrize("word", [*(pytest.param(w, marks=pytest.mark.slow) for w in ("abs", "2.0:-0.7")), "0.5:3.0"])
@pytest.mark.parametrize(("skip", "offset"), COSTLY)
@pytest.mark.parametrize(("d", "inputs"), [(1, None), (2, None), (3, None), (3, 2), (4, 1)])
def test_where_biases_cost_the_dual_norm_is_the_largest_correlation(d, inputs, word, skip, offset):
    rng, penalty = np.random.default_rng(d), mn.PathNorm("penalised", skip, offset, word, inputs)
    n, sigma = 7, penalty.activation
    x, nu = rng.normal(size=(n, d)), rng.normal(size=n)
    none = ShallowReLU(np.zeros((0, d)), np.zeros(0), np.zeros(0), np.array(0.0), None, word)
    free = np.column_stack([np.ones((n, int(offset == "free"))), x if skip == "free" else x[:, :0]])
    nu = nu - free @ np.linalg.lstsq(free, nu, rcond=None)[0] if free.size else nu
    proof = mn.verify(x, rng.normal(size=n), mn.Solution(none, nu, penalty, 0.1))
    assert proof.scope in ("exact", "bounded")
    u = rng.normal(size=(30_000, d + 1))
    u[:, :d] *= np.argsort(rng.random((len(u), d)), axis=1) < (inputs or d)
    u = np.concatenate([u / np.linalg.norm(u, axis=1, keepdims=True), np.eye(d + 1)[d:], -np.eye(d + 1)[d:]])

    def size(u):
        return np.abs(nu @ sigma(x @ u[:, :d].T + u[:, d]))

    for spread in (0.1, 0.03, 0.01, 0.003, 0.001):  # around the best ones, ever nearer
        best = u[np.argsort(-size(u))[:8]]
        near = np.repeat(best, 500, axis=0)
        near = near + spread * rng.normal(size=near.shape) * (near != 0)
        u = np.concatenate([best, near / np.linalg.norm(near, axis=1, keepdims=True)])
    seen = np.max(size(u)) * (1 - 1e-14)
    assert seen <= proof.dual_norm
    assert proof.dual_norm <= seen * {1: 1.0001, 2: 1.01, 3: 1.1, 4: 1.001}[d]


def test_what_is_constant_or_affine_on_the_data_is_priced_by_the_steeper_side():
    # One point: [f] = |y| / max(|plus|, |minus|), and so is the price of what a network misses there.
    for word, steep in (("2.0:-0.7", 2.0), ("0.5:3.0", 3.0), ("abs", 1.0)):
        for d in (1, 2):
            problem = Problem(np.ones((2, d)), np.ones(2), mn.PathNorm("penalised", offset="none", activation=word))
            price = neurons.over_bend(
                float(np.sum(bump_norms(problem, np.ones(2, dtype=bool)))), problem.penalty.activation
            )
            assert price == pytest.approx(1 / steep)
            assert price >= 1 / steep


@pytest.mark.parametrize("word", ["relu", "abs", "2.0:-0.7", "0.5:3.0", "0:2.0"])
@pytest.mark.parametrize(("skip", "offset"), COSTLY)
def test_a_broken_line_costs_no_less_than_the_least_norm_of_a_function_through_it(word, skip, offset):
    rng, penalty = np.random.default_rng(3), mn.PathNorm("penalised", skip, offset, word)
    x, r = np.sort(rng.normal(size=6)) + 1, rng.normal(size=6)
    price = neurons.over_bend(broken_line(x, r, penalty), penalty.activation)
    least = mn.known.line(x, r, penalty).lower_bound
    assert least <= price <= 30 * least

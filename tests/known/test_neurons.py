"""Neurons that are not ReLU: minima against a linear programme of their own, and certificates against exact sums."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

import minnorm as mn
from minnorm.activation import Activation

SIGMAS = ["relu", "abs", "leaky_relu:0.25", "leaky_relu:0.1", "2.0:-0.7", "0.5:3.0"]
X, Y = np.array([-1.0, -0.4, 0.2, 0.9, 2.0]), np.array([0.0, 1.0, -0.5, 0.3, 1.0])


def least(x, y, sigma, free, atoms=None):
    """min sum |a_k| over neurons with |w| = 1 and knots at the points, or given (w, b), with the columns `free` (n, q)
    at no cost."""
    w = np.repeat([1.0, -1.0], x.size)
    w, b = (w, -w * np.tile(x, 2)) if atoms is None else atoms
    hidden = sigma(w * x[:, None] + b)
    rest = np.zeros(free.shape[1])
    cost = np.concatenate([np.ones(2 * w.size), rest, rest])
    found = linprog(cost, A_eq=np.hstack([hidden, -hidden, free, -free]), b_eq=y, bounds=(0, None))
    assert found.status == 0
    return found.fun


@pytest.mark.parametrize("word", SIGMAS)
def test_the_minimum_on_the_line_is_that_of_a_linear_programme(word):
    penalty = mn.PathNorm(skip="free", activation=word)
    expected = least(X, Y, penalty.activation, np.column_stack([np.ones(5), X]))
    for solution in (mn.known.line(X, Y, penalty), mn.interpolate(X, Y, penalty=penalty)):
        assert solution.certified
        assert solution.network.activation == penalty.activation
        assert solution.value == pytest.approx(expected, rel=1e-9)
        np.testing.assert_allclose(solution(X), Y, atol=1e-13)
    assert expected == pytest.approx(mn.known.line(X, Y, mn.PathNorm(skip="free")).value / abs(penalty.activation.bend))


@pytest.mark.parametrize("word", [*SIGMAS, "-1.0:0.3", "0:2.0"])
@pytest.mark.parametrize("slope", [-20.0, -0.5, 0.0, 3.0])
def test_without_a_free_linear_term_it_is_the_programmes_too(word, slope):
    x, y = X, Y + slope * X
    penalty = mn.PathNorm(activation=word)
    sigma = penalty.activation
    expected = least(x, y, sigma, np.ones((5, 1)))
    for solution in (mn.known.line(x, y, penalty), mn.interpolate(x, y, penalty=penalty)):
        assert solution.certified
        assert solution.value == pytest.approx(expected, rel=1e-9)
        np.testing.assert_allclose(solution(x), y, atol=1e-12)
    slopes = np.diff(y) / np.diff(x)
    bent, ends = np.abs(np.diff(slopes)).sum(), abs(slopes[0] + slopes[-1])
    steep = max(abs(sigma.plus), abs(sigma.minus))
    assert expected == pytest.approx(max(bent / abs(sigma.bend), (bent + ends) / (2 * steep)), rel=1e-9)


@pytest.mark.parametrize("word", ["abs", *(pytest.param(w, marks=pytest.mark.slow) for w in (*SIGMAS[2:], "0:2.0"))])
@pytest.mark.parametrize(("skip", "offset"), [("none", "free"), ("none", "none"), ("free", "none")])
def test_where_biases_cost_it_is_that_of_a_programme_over_all_angles(word, skip, offset):
    rng = np.random.default_rng(SIGMAS.index(word) if word in SIGMAS else 9)
    penalty, x, y = mn.PathNorm("penalised", skip, offset, word), X + rng.choice([0.0, 2.0]), Y + rng.normal(size=5)
    free = np.column_stack([np.ones((5, 1 if offset == "free" else 0)), x[:, None][:, : int(skip == "free")]])
    for solution in (mn.known.line(x, y, penalty), mn.interpolate(x, y, penalty=penalty)):
        assert solution.certified
        assert solution.gap < 1e-9
        np.testing.assert_allclose(solution(x), y, atol=1e-12)
        own = np.arctan2(solution.network.biases, solution.network.inner_weights[:, 0])
        angle = np.concatenate([np.linspace(0, 2 * np.pi, 2000), np.arctan2(-x, 1), np.arctan2(x, -1), own])
        expected = least(x, y, penalty.activation, free, (np.cos(angle), np.sin(angle)))
        assert solution.value == pytest.approx(expected, rel=1e-8)
    assert mn.fit(x, y, 0.01, penalty=penalty).certified


def test_many_points_of_other_neurons():
    rng = np.random.default_rng(4)
    x = np.cumsum(rng.uniform(0.1, 1, 3000))
    solution = mn.known.line(x, rng.normal(size=3000), mn.PathNorm(activation="leaky_relu:0.1"))
    assert solution.certified
    assert solution.gap < 1e-12


@pytest.mark.parametrize("word", SIGMAS[1:])
@pytest.mark.parametrize("lam", [0.0, 0.02])
@pytest.mark.parametrize(
    ("bias", "skip", "offset", "d"),
    [
        ("free", "free", "none", 1),
        ("penalised", "free", "free", 1),
        ("free", "free", "free", 2),
        ("penalised", "none", "none", 1),
        *(pytest.param("penalised", *one, 2, marks=pytest.mark.slow) for one in (("none", "free"), ("free", "none"))),
    ],
)
def test_certificates_hold_for_every_neuron(word, lam, bias, skip, offset, d):
    rng = np.random.default_rng(d)
    x, y = rng.normal(size=(9, d)), rng.normal(size=9)
    penalty = mn.PathNorm(bias, skip, offset, word)
    solution = mn.fit(x, y, lam, penalty=penalty)
    assert solution.certified
    assert solution.certificate.scope == "exact"
    rest = np.mean((solution(x) - y) ** 2) / 2
    assert solution.value == pytest.approx(
        penalty.value(solution.network) * (lam or 1) + (rest if lam else 0), rel=1e-9
    )
    # |h_sigma| <= dual norm, in exact arithmetic, at random neurons that bend among the data.
    sigma, norm = penalty.activation, Fraction(solution.certificate.dual_norm)
    plus, minus = Fraction(sigma.plus), Fraction(sigma.minus)
    for _ in range(40):
        w = rng.normal(size=d)
        b = -float(w @ x[rng.integers(9)]) + 0.1 * rng.normal()
        h = Fraction(0)
        for nu, point in zip(solution.dual.tolist(), x.tolist(), strict=True):
            z = sum((Fraction(p) * Fraction(q) for p, q in zip(w.tolist(), point, strict=True)), Fraction(b))
            h += Fraction(nu) * (plus * z if z > 0 else -minus * z)
        cost = math.hypot(*w, b if bias == "penalised" else 0.0)
        assert abs(h) <= norm * Fraction(cost) + Fraction(1, 10**9)
    touched = penalty.correlation(solution.dual, x, solution.network)
    top = np.sign(solution.network.outer_weights) * touched
    share = np.abs(solution.network.outer_weights) * penalty.atom_cost(
        solution.network.inner_weights, solution.network.biases
    )
    assert np.all(top[share > 1e-12 * np.sum(share)] > (lam or 1) * (1 - 1e-4))


def test_lam_max_and_the_path_scale_with_the_bend():
    relu, leaky = (mn.PathNorm(skip="free", activation=word) for word in ("relu", "leaky_relu:0.25"))
    assert mn.lam_max(X, Y, leaky) == pytest.approx(0.75 * mn.lam_max(X, Y, relu))
    runs = mn.path(X, Y, [0.03, 0.01, 0.0], penalty=leaky)
    assert bool(runs.certified.all())
    for lam, net in mn.solve.regularisation.networks(runs):
        assert net.activation == Activation(1, -0.25)
        expected = mn.fit(X, Y, lam / 0.75, penalty=relu)
        np.testing.assert_allclose(net.evaluate(X[:, None]), expected(X), atol=1e-4)


def test_saved_and_loaded(tmp_path):
    solution = mn.known.line(X, Y, mn.PathNorm(skip="free", activation="abs"))
    solution.save(tmp_path / "abs.nc")
    back = mn.Solution.load(tmp_path / "abs.nc")
    assert back.network.activation == back.penalty.activation == Activation(1, 1)
    assert mn.verify(X, Y, back).certified
    assert "activation abs" in repr(back)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: mn.band(X, Y, [0.0], penalty=p),
        lambda p: mn.known.ridge(X[:, None], Y, p),
        lambda p: mn.known.ridge_sum(X[:, None], Y, p),
        lambda p: mn.known.line_solutions(X, Y, p),
        lambda p: mn.known.line_path(X, Y, p),
    ],
)
def test_what_is_for_relu_alone_says_so(call):
    with pytest.raises(ValueError, match="abs"):
        call(mn.PathNorm(skip="free", activation="abs"))

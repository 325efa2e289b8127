"""The lazy regime in closed form: against quadrature, draws of wide networks, and networks that were trained."""

import math

import numpy as np
import pytest
from scipy.integrate import dblquad
from scipy.stats import multivariate_normal, norm

import minnorm as mn
from minnorm.known.kernels.moments import moments
from minnorm.study.tangent import Tangent

RNG = np.random.default_rng(0)


def relu_mean(mean, deviation):
    """E relu(Z) of a normal Z."""
    if deviation < 1e-12:
        return max(mean, 0.0)
    return mean * norm.cdf(mean / deviation) + deviation * norm.pdf(mean / deviation)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pair", [([0.7], [1.3]), ([0.7], [-1.1]), ([0.5, -0.3], [0.9, 1.2]), ([1.0, 0.0], [-0.4, 0.3])]
)
def test_moments_are_those_of_a_quadrature(pair):
    x, y = (np.array([part]) for part in pair)
    s, t, bias = 0.8 * np.linalg.norm(x), 0.8 * np.linalg.norm(y), 0.6
    rho = float(np.clip((x @ y.T).item() * 0.64 / (s * t), -1, 1))

    def product(z, b):  # the second neuron is averaged given the first
        first = max(s * z + b, 0.0)
        return norm.pdf(z) * first * relu_mean(t * rho * z + b, t * math.sqrt(max(0.0, 1 - rho**2))) / (2 * bias)

    halves = [dblquad(product, low, high, lambda b: -b / s, 9.0)[0] for low, high in ((-bias, 0), (0, bias))]
    degree_0, degree_1 = moments(x, y, 0.8, bias)
    assert degree_1.item() == pytest.approx(sum(halves), rel=1e-6)
    if abs(rho) < 1:
        law = multivariate_normal([0, 0], [[s * s, rho * s * t], [rho * s * t, t * t]])
        b = (np.arange(400) + 0.5) / 400 * 2 * bias - bias
        assert degree_0.item() == pytest.approx(float(np.mean(law.cdf(np.column_stack([b, b])))), abs=2e-5)


def test_special_points_have_the_moments_that_they_must():
    x = np.array([[0.0, 0.0], [1.0, 2.0], [-2.0, -4.0], [1.0, 2.0]])
    degree_0, degree_1 = moments(x, x, 0.7, 0.0)
    np.testing.assert_allclose(np.diag(degree_1), 0.49 * np.sum(x**2, axis=1) / 2, atol=1e-15)
    assert abs(degree_1[1, 2]) < 1e-15  # opposite: never both
    np.testing.assert_allclose(np.diag(degree_0)[1:], 0.5, atol=1e-15)
    degree_0, degree_1 = moments(x, x, 0.7, 0.5)
    np.testing.assert_allclose(np.diag(degree_0), 0.5, atol=1e-12)  # by symmetry
    np.testing.assert_allclose(np.diag(degree_1), 0.5 * (0.49 * np.sum(x**2, axis=1) + 0.25 / 3), rtol=1e-12)
    np.testing.assert_allclose(degree_1[1], degree_1[3], rtol=1e-14)
    assert degree_1[0, 0] == pytest.approx(0.25 / 6, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize("initial", ["kaiming_normal", "xavier_normal"])
def test_the_tangent_kernel_is_the_mean_over_starts(dim, initial):
    x, width, scale = RNG.normal(size=(6, dim)), 50, 1.3
    runs = mn.train(x, x[:, 0], width=width, steps=0, seeds=500, initial=initial, scale=scale, dtype="float64")
    each = np.array([Tangent(net, mn.PathNorm())(x, x) for _, net in mn.training.networks(runs)])
    wanted = mn.known.kernel_tangent(x, x[:, 0], width=width, initial=initial, scale=scale).kernel(x, x)
    error = each.std(axis=0) / math.sqrt(len(each))
    assert np.max(np.abs(each.mean(axis=0) - wanted) / error) < 5


@pytest.mark.slow
def test_a_wide_network_near_its_start_is_the_kernel_s_interpolant():
    x, y = np.array([-1.0, -0.2, 0.5, 1.0]), np.array([0.1, -0.1, 0.2, 0.0])
    f = mn.known.kernel_tangent(x, y, width=10_000)
    rate = 1.0 / np.linalg.eigvalsh(f.kernel(x[:, None], x[:, None]))[-1] * len(x)
    runs = mn.train(
        x, y, optimizer="gd", width=10_000, antisymmetric=True, initial="kaiming_normal", learning_rate=rate,
        steps=4000, seeds=2, dtype="float64",
    )  # fmt: skip
    assert float(runs["training_loss"][..., -1].max()) < 1e-8
    grid = np.linspace(-1.2, 1.2, 50)[:, None]
    least = mn.known.line(x, y)
    for _, net in mn.training.networks(runs):
        apart = np.abs(net.evaluate(grid) - f.evaluate(grid)).max()
        assert apart < 0.02
        assert apart < 0.3 * np.abs(net.evaluate(grid) - least(grid)).max()  # lazy, not rich


def test_random_features_are_a_ridge_regression_on_many_neurons():
    x, y = RNG.normal(size=(7, 2)), RNG.normal(size=7)
    f = mn.known.kernel_features(x, y, mn.PathNorm(offset="none"), width=1, ridge=0.01)
    m = 200_000
    rng = np.random.default_rng(1)
    w, b = rng.normal(size=(m, 2)), rng.uniform(-(2**-0.5), 2**-0.5, m)
    hidden = np.maximum(x @ w.T + b, 0) / math.sqrt(m)
    a = hidden.T @ np.linalg.solve(hidden @ hidden.T + 7 * 0.01 * np.eye(7), y)
    other = RNG.normal(size=(20, 2))
    np.testing.assert_allclose(f.evaluate(other), np.maximum(other @ w.T + b, 0) @ a / math.sqrt(m), atol=0.05)


def test_an_interpolant_is_the_least_of_its_space():
    x, y = RNG.normal(size=(9, 3)), RNG.normal(size=9)
    for make in (mn.known.kernel_tangent, mn.known.kernel_features):
        f = make(x, y)
        np.testing.assert_allclose(f(x.reshape(3, 3, 3)), y.reshape(3, 3), atol=1e-9)
        assert f.residual < 1e-9
        more = make(np.vstack([x, RNG.normal(size=(2, 3))]), np.append(y, RNG.normal(size=2)))
        assert more.norm >= f.norm  # more to agree with
        assert "condition" in repr(f)
        assert make(x, y, ridge=1.0).norm < f.norm


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial": "pytorch"}, "initial is 'pytorch'; choose one of kaiming_normal, xavier_normal"),
        ({"biases": "one"}, "biases is 'one'"),
        ({"ridge": -1.0}, "ridge is -1.0"),
        ({"width": 0}, "width is 0"),
        ({"scale": 0}, "scale is 0"),
        ({"penalty": mn.PathNorm(activation="abs")}, "kernel_tangent"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_argument_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        mn.known.kernel_tangent([0.0, 1.0], [0.0, 1.0], **options)


def test_a_singular_matrix_and_other_points_are_named():
    f = mn.known.kernel_features([0.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="points has 2 columns; the kernel is of 1"):
        f.evaluate([[0.0, 1.0]])
    x = np.linspace(1, 2, 12)  # without biases all are multiples of one neuron
    with pytest.raises(ValueError, match="singular to rounding"):
        mn.known.kernel_features(x, np.sin(x), biases="zero")

"""Initial draws against the laws as published."""

import itertools

import jax
import numpy as np
import pytest
from scipy import stats

from minnorm.training import INITIALISATIONS
from minnorm.training.initial import initial_network

# The standard deviations of w and a for d inputs, m neurons and one output. Uniform laws: bound / sqrt(3).
LAWS = {
    "xavier_uniform": ("uniform", lambda d, m: (2 / (d + m)) ** 0.5, lambda d, m: (2 / (m + 1)) ** 0.5),
    "xavier_normal": ("norm", lambda d, m: (2 / (d + m)) ** 0.5, lambda d, m: (2 / (m + 1)) ** 0.5),
    "kaiming_uniform": ("uniform", lambda d, m: (2 / d) ** 0.5, lambda d, m: (2 / m) ** 0.5),
    "kaiming_normal": ("norm", lambda d, m: (2 / d) ** 0.5, lambda d, m: (2 / m) ** 0.5),
    "pytorch": ("uniform", lambda d, m: (1 / (3 * d)) ** 0.5, lambda d, m: (1 / (3 * m)) ** 0.5),
}
names = pytest.mark.parametrize("name", LAWS)


def draw(name="xavier_uniform", dim=3, width=8, scale=1.0, seed=0, **options):
    return initial_network(jax.random.key(seed), name, dim, width, scale, **options).to_numpy()


def assert_uniform(sample, bound):
    assert np.max(np.abs(sample)) <= bound * (1 + 1e-6)
    assert stats.kstest(sample.ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.01


def assert_follows(sample, family, deviation):
    """The sample passes Kolmogorov and Smirnov's test, and one for a law a tenth wider or narrower fails."""
    for factor, passes in ((1.0, True), (1.1, False), (0.9, False)):
        size = factor * deviation
        bound = size * 3**0.5
        law = stats.norm(0, size) if family == "norm" else stats.uniform(-bound, 2 * bound)
        assert (stats.kstest(sample.ravel(), law.cdf).pvalue > 0.01) == passes


def test_every_initialisation_has_its_law_here():
    assert set(LAWS) == set(INITIALISATIONS)


@pytest.mark.slow
@names
def test_weights_follow_their_laws(name):
    dim, width = 7, 4000
    family, inner, outer = LAWS[name]
    network = draw(name, dim, width, seed=3)
    assert_follows(network.inner_weights, family, inner(dim, width))
    assert_follows(network.outer_weights, family, outer(dim, width))
    assert_uniform(network.biases, dim**-0.5)
    assert abs(np.corrcoef(np.abs(network.inner_weights[:, 0]), np.abs(network.outer_weights))[0, 1]) < 0.06


@names
def test_the_offset_is_zero_except_in_pytorch(name):
    assert (draw(name).offset == 0) == (name != "pytorch")


def test_pytorch_draws_the_offset_like_an_outer_weight():
    offsets = np.array([draw("pytorch", seed=seed).offset for seed in range(100)])
    assert_uniform(offsets, 8**-0.5)
    assert np.max(np.abs(offsets)) > 0.95 * 8**-0.5


@names
def test_scale_multiplies_every_parameter(name):
    one, half = draw(name), draw(name, scale=0.5)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(half), strict=True):
        np.testing.assert_array_equal(b, a / 2)


def test_the_function_scales_with_the_square():
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(draw(scale=0.25).evaluate(x), draw().evaluate(x) / 16, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "width"), [("xavier_uniform", 1), ("pytorch", 9), *((name, 8) for name in LAWS)])
def test_an_antisymmetric_network_starts_at_zero(name, width):
    network, plain = draw(name, width=width, antisymmetric=True), draw(name, width=width)
    x = np.random.default_rng(0).normal(size=(20, 3))
    assert np.max(np.abs(network.evaluate(x))) <= 1e-15
    assert np.max(np.abs(plain.evaluate(x))) > 1e-3
    half = width // 2
    np.testing.assert_array_equal(network.inner_weights[:half], network.inner_weights[half : 2 * half])
    np.testing.assert_array_equal(network.biases[:half], network.biases[half : 2 * half])
    np.testing.assert_array_equal(network.outer_weights[:half], plain.outer_weights[:half])
    assert np.all(network.inner_weights != 0)
    assert np.all(network.outer_weights[: 2 * half] != 0)
    assert np.all(network.outer_weights[2 * half :] == 0)


@pytest.mark.parametrize("antisymmetric", [False, True])
def test_zero_biases_leave_the_weights_alone(antisymmetric):
    uniform, zero = (draw(biases=biases, antisymmetric=antisymmetric) for biases in ("uniform", "zero"))
    assert np.all(uniform.biases != 0)
    assert not zero.biases.any()
    np.testing.assert_array_equal(zero.inner_weights, uniform.inner_weights)
    np.testing.assert_array_equal(zero.outer_weights, uniform.outer_weights)


def test_a_skip_term_starts_at_zero_and_changes_no_other_draw():
    without, with_skip = draw(), draw(skip=True)
    assert without.skip is None
    np.testing.assert_array_equal(with_skip.skip, np.zeros(3))
    np.testing.assert_array_equal(with_skip.inner_weights, without.inner_weights)


@names
def test_seeds_decide_the_draw(name):
    first, again, other = draw(name, seed=1), draw(name, seed=1), draw(name, seed=2)
    for field in ("inner_weights", "biases", "outer_weights"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
        assert not np.any(getattr(first, field) == getattr(other, field))


def test_parameters_are_drawn_independently():
    network = draw("pytorch", dim=1)  # the same law for all, up to its bound
    parts = [network.inner_weights.ravel(), network.biases, 8**0.5 * network.outer_weights]
    for a, b in itertools.combinations(parts, 2):
        assert not np.any(np.isclose(a, b))


@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_parameters_have_the_asked_precision(name, dtype):
    with jax.enable_x64(dtype == "float64"):
        network = initial_network(jax.random.key(0), name, 3, 8, 0.5, skip=True, dtype=np.dtype(dtype))
        assert {leaf.dtype for leaf in jax.tree.leaves(network)} == {np.dtype(dtype)}
        w = np.asarray(network.inner_weights)
    assert np.all(w == w.astype(np.float32)) == (dtype == "float32")  # all 53 bits are drawn

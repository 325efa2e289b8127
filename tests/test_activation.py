"""Activations: their words, their values, and networks of such neurons."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minnorm.activation import ABSOLUTE, RELU, Activation
from minnorm.datasets import penalty_attributes, penalty_of
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

RNG = np.random.default_rng(3)
ALL = [RELU, ABSOLUTE, Activation(1, -0.25), Activation(1, -0.1), Activation(2.0, 0.7), Activation(0, 3.0)]


def network(sigma, m=7, d=2, skip=True):
    leaf = RNG.normal
    return ShallowReLU(
        leaf(size=(m, d)), leaf(size=m), leaf(size=m), leaf(size=()), leaf(size=d) if skip else None, sigma
    )


@pytest.mark.parametrize("sigma", ALL, ids=str)
def test_a_word_names_each_and_names_it_again(sigma):
    assert Activation.of(str(sigma)) == sigma
    assert Activation.of(sigma) is sigma


def test_words_that_users_write():
    assert Activation.of("leaky_relu") == Activation(1, -0.01)
    assert Activation.of(None) == Activation.of("relu") == Activation()
    assert (Activation.of("leaky_relu:0.2").plus, Activation.of("leaky_relu:0.2").minus) == (1.0, -0.2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gelu", "activation is 'gelu'; give \"relu\""),
        ("leaky_relu:1", "straight line"),
        ("leaky_relu:x", 'give "relu"'),
        ("1:2:3", 'give "relu"'),
        ("nan:1", "plus is nan"),
    ],
)
def test_others_are_refused_in_one_line(given, said):
    with pytest.raises(ValueError, match="activation is") as caught:
        PathNorm(activation=given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("slopes", [(1, -1), (0, 0), (np.inf, 1), (1, np.nan), (1e30, 1), (1, 1e-300)])
def test_slopes_that_bend_nothing_or_too_much_are_refused(slopes):
    with pytest.raises(ValueError, match=r"plus is|minus is"):
        Activation(*slopes)


@pytest.mark.parametrize("sigma", ALL, ids=str)
def test_values_in_numpy_and_jax_and_the_slope_at_zero(sigma):
    z = np.array([-3.0, -0.5, 0.0, 2.0])
    expected = sigma.plus * np.maximum(z, 0) + sigma.minus * np.maximum(-z, 0)
    np.testing.assert_array_equal(sigma(z), expected)
    np.testing.assert_allclose(np.asarray(sigma(jnp.asarray(z))), expected, rtol=1e-6)
    assert float(jax.grad(sigma)(0.0)) == pytest.approx(-sigma.minus)


@pytest.mark.parametrize("sigma", ALL, ids=str)
@pytest.mark.parametrize("d", [1, 3])
def test_a_network_is_the_sum_of_its_neurons(sigma, d):
    net = network(sigma, d=d)
    x = RNG.normal(size=(20, d))
    hidden = x @ net.inner_weights.T + net.biases
    expected = net.offset + x @ net.skip + sigma(hidden) @ net.outer_weights
    np.testing.assert_allclose(net.evaluate(x), expected, atol=1e-13)
    np.testing.assert_allclose([net(point) for point in x], expected, atol=1e-13)


@pytest.mark.parametrize("sigma", ALL, ids=str)
@pytest.mark.parametrize("change", ["balance", "merge", "prune", "rectified", "to_numpy", "again", "dictionary"])
def test_changes_that_leave_the_function_alone(sigma, change):
    net = network(sigma)
    net = dataclasses.replace(
        net,
        inner_weights=np.vstack([net.inner_weights, 2 * net.inner_weights[:1], np.zeros((1, 2))]),
        biases=np.append(net.biases, [2 * net.biases[0], -0.3]),
        outer_weights=np.append(net.outer_weights, [1.5, 2.0]),
    )
    if change == "again":
        made = net.rectified().with_neurons(sigma)
    elif change == "dictionary":
        made = ShallowReLU.from_dict(net.to_dict())
    else:
        made = getattr(net, change)()
    assert made.activation == (RELU if change == "rectified" else sigma)
    x = RNG.normal(size=(30, 2))
    np.testing.assert_allclose(made.evaluate(x), net.evaluate(x), atol=1e-12)


def test_only_other_neurons_are_written_down():
    assert "activation" not in network(RELU).to_dict()
    np.testing.assert_array_equal(network(ABSOLUTE).to_dict()["activation"], [1.0, 1.0])
    assert repr(PathNorm()) == "PathNorm(bias='free', skip='none', offset='free')"
    assert "activation='abs'" in repr(PathNorm(activation="abs"))
    assert penalty_attributes(PathNorm()) == {"penalty_bias": "free", "penalty_skip": "none", "penalty_offset": "free"}
    leaky = PathNorm("penalised", "free", "none", "leaky_relu:0.1")
    assert penalty_of(penalty_attributes(leaky)) == leaky


def test_a_penalty_takes_its_own_neurons_only():
    with pytest.raises(ValueError, match="activation abs and the penalty relu"):
        PathNorm().value(network(ABSOLUTE, skip=False))


def test_a_leaky_state_dict():
    net = network(Activation(1, -0.1), skip=False)
    back = ShallowReLU.from_state_dict(net.to_state_dict(), "leaky_relu:0.1")
    x = RNG.normal(size=(5, 2))
    np.testing.assert_array_equal(back.evaluate(x), net.evaluate(x))

"""The penalty in all its conventions, against numbers worked out by hand and sums written out."""

import itertools

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.made import random_network

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

quick = settings(max_examples=50, deadline=None)
seeds = st.integers(0, 2**32 - 1)

NET = ShallowReLU(np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([12.0, -2.0]), np.array([-2.0, 3.0]), np.array(0.0))
OPTIONS = [
    PathNorm(*options) for options in itertools.product(("free", "penalised"), ("none", "free"), ("free", "none"))
]


def with_terms(offset, skip):
    return ShallowReLU(
        NET.inner_weights, NET.biases, NET.outer_weights, np.array(offset), None if skip is None else np.array(skip)
    )


@pytest.mark.parametrize("penalty", OPTIONS, ids=str)
def test_values_worked_out_by_hand(penalty):
    penalised = penalty.bias == "penalised"
    np.testing.assert_array_equal(
        penalty.atom_cost(NET.inner_weights, NET.biases), [13.0, 2.0] if penalised else [5.0, 0.0]
    )
    assert penalty.value(NET) == (32.0 if penalised else 10.0)
    assert penalty.weight_decay(NET) == (93.0 if penalised else 19.0)


@pytest.mark.parametrize("penalty", OPTIONS, ids=str)
@pytest.mark.parametrize("offset", [0.0, -1.0])
@pytest.mark.parametrize("skip", [None, [0.0, 0.0], [0.0, 1.0]])
def test_only_what_a_penalty_allows_is_admitted_and_that_is_free(penalty, offset, skip):
    net = with_terms(offset, skip)
    if skip is not None and any(skip) and penalty.skip == "none":
        message = 'skip term, which skip="none" forbids'
    elif offset and penalty.offset == "none":
        message = 'offset, which offset="none" forbids'
    else:
        penalty.admit(net)
        assert penalty.value(net) == penalty.value(NET)
        assert penalty.weight_decay(net) == penalty.weight_decay(NET)
        return
    for refuses in (penalty.admit, penalty.value, penalty.weight_decay):
        with pytest.raises(ValueError, match=message):
            refuses(net)


@pytest.mark.parametrize("option", ["bias", "skip", "offset"])
def test_an_unknown_option_is_named_with_its_choices(option, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=rf"{option} is 'yes'; choose one of .*free"):
        PathNorm(**{option: "yes"})


@quick
@given(seeds, st.integers(1, 12), st.integers(1, 5), st.sampled_from(["free", "penalised"]))
def test_weight_decay_is_at_least_the_path_norm_and_equal_once_balanced(seed, width, dim, bias):
    net, penalty = random_network(seed, width, dim), PathNorm(bias=bias)
    value = penalty.value(net)
    assert penalty.weight_decay(net) >= value * (1 - 1e-14)
    assert penalty.weight_decay(net.balance(with_bias=bias == "penalised")) == pytest.approx(value, rel=1e-13)
    assert value >= PathNorm().value(net)


@pytest.mark.parametrize("bias", ["free", "penalised"])
def test_the_traced_values_are_the_values_and_differentiate(bias):
    penalty = PathNorm(bias=bias)
    net = random_network(0, 5, 3)
    single = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), net)
    assert jax.jit(penalty.total)(single) == pytest.approx(penalty.value(net), rel=1e-5)
    assert jax.jit(penalty.half_squares)(single) == pytest.approx(penalty.weight_decay(net), rel=1e-5)
    gradient = jax.grad(penalty.half_squares)(single)
    np.testing.assert_allclose(gradient.outer_weights, single.outer_weights, rtol=1e-6)
    np.testing.assert_allclose(gradient.inner_weights, single.inner_weights, rtol=1e-6)
    np.testing.assert_allclose(gradient.biases, single.biases if bias == "penalised" else np.zeros(5), rtol=1e-6)
    assert gradient.offset == 0.0


@quick
@given(seeds, st.integers(1, 8), st.integers(1, 4), st.integers(1, 10), st.sampled_from(["free", "penalised"]))
def test_correlation_is_the_sum_over_points_for_each_neuron(seed, width, dim, count, bias):
    net, rng = random_network(seed, width, dim), np.random.default_rng([seed, 1])
    nu, x = rng.normal(size=count), rng.normal(size=(count, dim))
    found = PathNorm(bias=bias).correlation(nu, x, net)
    for k, (w, b) in enumerate(zip(net.inner_weights, net.biases, strict=True)):
        h = sum(nu_i * max(0.0, w @ x_i + b) for nu_i, x_i in zip(nu, x, strict=True))
        cost = np.sqrt(w @ w + (b * b if bias == "penalised" else 0.0))
        assert found[k] == pytest.approx(h / cost, rel=1e-11, abs=1e-12)
    far = ShallowReLU(3 * net.inner_weights, 3 * net.biases, net.outer_weights, net.offset)
    np.testing.assert_allclose(PathNorm(bias=bias).correlation(nu, x, far), found, rtol=1e-12, atol=1e-13)


def test_correlation_of_constants():
    net = ShallowReLU(np.array([[0.0], [0.0], [1.0]]), np.array([2.0, 0.0, 0.0]), np.ones(3), np.array(0.0))
    x = np.array([[1.0], [2.0]])
    np.testing.assert_array_equal(PathNorm().correlation([1.0, -1.0], x, net), [0.0, 0.0, -1.0])
    np.testing.assert_array_equal(PathNorm(bias="penalised").correlation([1.0, 1.0], x, net), [2.0, 0.0, 3.0])

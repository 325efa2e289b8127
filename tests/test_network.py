"""Networks: what keeps the function keeps it, and evaluation agrees with rational arithmetic."""

import dataclasses
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.made import random_network

from minnorm.known import line
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

quick = settings(max_examples=50, deadline=None)
seeds = st.integers(0, 2**32 - 1)
widths = st.integers(1, 12)
dims = st.integers(1, 5)


def random_points(seed, dim=3, count=20):
    return 3 * np.random.default_rng([seed, 1]).normal(size=(count, dim))


def plain(net, x):
    """The formula, one term after the other."""
    values = []
    for point in x:
        value = float(net.offset) + (0.0 if net.skip is None else float(net.skip @ point))
        for w, b, a in zip(net.inner_weights, net.biases, net.outer_weights, strict=True):
            value += float(a) * max(0.0, float(w @ point) + float(b))
        values.append(value)
    return np.array(values)


def assert_same_function(found, net, seed=0):
    x = random_points(seed, net.dim)
    np.testing.assert_allclose(plain(found, x), plain(net, x), rtol=1e-11, atol=1e-11)


def in_jax(net, dtype=jnp.float32):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), net)


# Evaluation.


@quick
@given(seeds, st.integers(0, 12), dims, st.booleans())
def test_evaluate_and_call_are_the_formula(seed, width, dim, skip):
    net, x = random_network(seed, width, dim, skip), random_points(seed, dim)
    expected = plain(net, x)
    np.testing.assert_allclose(net.evaluate(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose([net(point) for point in x], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("skip", [False, True])
def test_precision_is_that_of_the_arrays(skip):
    net, x = random_network(0, skip=skip), random_points(0)
    assert net(x[0]).dtype == np.float64
    single = in_jax(net)
    assert single(jnp.asarray(x[0], jnp.float32)).dtype == jnp.float32
    assert single.evaluate(x).dtype == np.float64
    np.testing.assert_array_equal(single.evaluate(x), single.to_numpy().evaluate(x))
    np.testing.assert_allclose(jax.vmap(single)(jnp.asarray(x, jnp.float32)), net.evaluate(x), rtol=1e-4, atol=1e-4)
    with jax.enable_x64(True):
        double = in_jax(net, jnp.float64)
        np.testing.assert_allclose(jax.vmap(double)(jnp.asarray(x)), net.evaluate(x), rtol=1e-13, atol=1e-13)


def test_the_slope_at_a_kink_is_zero():
    net = ShallowReLU(jnp.ones((1, 1)), jnp.zeros(1), jnp.ones(1), jnp.zeros(()))
    np.testing.assert_array_equal(jax.vmap(jax.grad(net))(jnp.array([[-1.0], [0.0], [1.0]])), [[0.0], [0.0], [1.0]])


def test_evaluate_in_blocks_is_evaluate(monkeypatch):
    net, x = random_network(3, 7, 4, skip=True), random_points(3, 4, 50)
    whole = net.evaluate(x)
    monkeypatch.setattr("minnorm.network._BLOCK", 20)
    np.testing.assert_allclose(net.evaluate(x), whole, rtol=1e-14)


def by_fractions(net, x):
    def exact(number):
        return Fraction(float(number))

    skip = Fraction(0) if net.skip is None else exact(net.skip[0])
    parts = (net.inner_weights[:, 0], net.biases, net.outer_weights)
    neurons = list(zip(*(map(exact, part) for part in parts), strict=True))
    for t in map(exact, x):
        yield exact(net.offset) + skip * t + sum(a * max(Fraction(0), w * t + b) for w, b, a in neurons)


@quick
@given(seeds, st.integers(1, 40), st.booleans(), st.sampled_from([0.0, 8.0, 14.0]))
def test_evaluation_on_the_line_is_correctly_rounded_where_large_slopes_cancel(seed, width, skip, decades):
    rng = np.random.default_rng(seed)
    net = random_network(seed, width, 1, skip)
    size = 10 ** rng.uniform(0, decades, width)
    # Each slope comes twice with opposite signs at nearly one knot: terms of 1e14 cancel to order one.
    net = ShallowReLU(
        np.concatenate([net.inner_weights, net.inner_weights]),
        np.concatenate([net.biases, net.biases * (1 + 1e-14)]),
        np.concatenate([net.outer_weights * size, -net.outer_weights * size]),
        net.offset,
        net.skip,
    )
    x = 4 * rng.normal(size=15)
    exact = [float(value) for value in by_fractions(net, x)]
    slack = 1e-30 * (np.abs(net.outer_weights) @ (np.abs(net.inner_weights[:, 0]) * 20 + np.abs(net.biases)))
    # A neuron whose rounded knot lies on the other side of x contributes at most its rounding.
    near = np.abs(np.outer(x, net.inner_weights[:, 0]) + net.biases) <= 2.0**-50 * np.abs(net.biases)
    slack += np.where(near, np.abs(net.outer_weights * net.biases) * 2.0**-50, 0).sum(axis=1)
    assert np.all(np.abs(net.evaluate(x[:, None]) - exact) <= 1e-15 * np.abs(exact) + slack)


def test_a_knot_beyond_the_range_of_floats_is_beyond_every_point():
    net = ShallowReLU(np.array([[1e-300], [-1e-300], [1.0]]), np.array([1e10, -1e10, 0.0]), np.ones(3), np.array(0.0))
    np.testing.assert_array_equal(net.evaluate([[-1.0], [0.0], [2.0]]), [1e10, 1e10, 1e10 + 2])


@pytest.mark.parametrize("points", [[1.0, 2.0, 3.0], [[1.0, 2.0]], [[[1.0, 2.0, 3.0]]]])
def test_points_of_another_shape_are_refused(points):
    with pytest.raises(ValueError, match=r"points has shape .*takes \(n, 3\)"):
        random_network(0).evaluate(np.array(points))


# Moving the data moves the network.


@quick
@given(seeds, widths, dims)
def test_the_function_and_path_norm_move_with_the_data(seed, width, dim):
    net, x = random_network(seed, width, dim, skip=bool(seed % 2)), random_points(seed, dim)
    rng = np.random.default_rng([seed, 2])
    rotation, shift, order = np.linalg.qr(rng.normal(size=(dim, dim)))[0], rng.normal(size=dim), rng.permutation(width)
    skip = None if net.skip is None else net.skip @ rotation.T
    moved = ShallowReLU(
        (net.inner_weights @ rotation.T)[order],
        (net.biases - net.inner_weights @ rotation.T @ shift)[order],
        net.outer_weights[order],
        np.asarray(net.offset - (0.0 if skip is None else skip @ shift)),
        skip,
    )
    np.testing.assert_allclose(moved.evaluate(x @ rotation.T + shift), net.evaluate(x), rtol=1e-10, atol=1e-10)
    free = PathNorm(skip="free")
    assert free.value(moved) == pytest.approx(free.value(net), rel=1e-12)


@quick
@given(seeds, widths, dims, st.sampled_from([PathNorm(), PathNorm(bias="penalised")]))
def test_rescaling_neurons_changes_neither_function_nor_path_norm(seed, width, dim, penalty):
    net = random_network(seed, width, dim)
    t = np.exp(np.random.default_rng([seed, 2]).uniform(-4, 4, width))
    same = ShallowReLU(net.inner_weights * t[:, None], net.biases * t, net.outer_weights / t, net.offset)
    assert_same_function(same, net, seed)
    assert penalty.value(same) == pytest.approx(penalty.value(net), rel=1e-13)


# balance


@quick
@given(seeds, widths, dims, st.booleans(), st.booleans())
def test_balance_equalises_the_layers_and_keeps_the_function(seed, width, dim, with_bias, skip):
    net = random_network(seed, width, dim, skip)
    balanced = net.balance(with_bias=with_bias)
    assert_same_function(balanced, net, seed)
    inner = np.column_stack([balanced.inner_weights, balanced.biases] if with_bias else [balanced.inner_weights])
    np.testing.assert_allclose(np.linalg.norm(inner, axis=1), np.abs(balanced.outer_weights), rtol=1e-13)
    np.testing.assert_array_equal(np.sign(balanced.outer_weights), np.sign(net.outer_weights))


def test_balance_of_dead_and_constant_neurons():
    net = ShallowReLU(
        np.array([[0.0], [2.0], [0.0]]), np.array([3.0, 1.0, 0.0]), np.array([5.0, 0.0, 1.0]), np.array(1.0)
    )
    assert_same_function(net.balance(), net)
    np.testing.assert_array_equal(net.balance().inner_weights, np.zeros((3, 1)))
    assert net.balance().biases[0] == 3.0
    with_bias = net.balance(with_bias=True)
    assert_same_function(with_bias, net)
    np.testing.assert_allclose(with_bias.biases[0], with_bias.outer_weights[0])


# merge


@quick
@given(seeds, widths, dims, st.integers(2, 4))
def test_merge_undoes_splitting(seed, width, dim, copies):
    net = random_network(seed, width, dim, skip=bool(seed % 2))
    rng = np.random.default_rng([seed, 2])
    t = np.exp(rng.uniform(-2, 2, (copies, width)))
    share = rng.dirichlet(np.ones(copies), width).T
    split = ShallowReLU(
        (t[:, :, None] * net.inner_weights).reshape(-1, dim),
        (t * net.biases).reshape(-1),
        (share / t * net.outer_weights).reshape(-1),
        net.offset,
        net.skip,
    )
    merged = split.merge()
    assert merged.width == net.merge().width <= width
    assert_same_function(merged, net, seed)
    np.testing.assert_allclose(np.linalg.norm(merged.inner_weights, axis=1), 1.0, rtol=1e-14)
    free = PathNorm(skip="free")
    assert free.value(merged) <= free.value(split) * (1 + 1e-13)


def test_merge_adds_masses_and_moves_constants_to_the_offset():
    net = ShallowReLU(
        np.array([[2.0], [1.0], [-1.0], [0.0], [0.0], [1.0]]),
        np.array([2.0, 1.0, 1.0, 3.0, -3.0, 7.0]),
        np.array([3.0, -2.0, 1.0, 2.0, 9.0, 0.0]),
        np.array(0.5),
    )
    merged = net.merge()
    by_direction = np.argsort(-merged.inner_weights[:, 0])
    np.testing.assert_array_equal(merged.inner_weights[by_direction], [[1.0], [-1.0]])
    np.testing.assert_array_equal(merged.outer_weights[by_direction], [4.0, 1.0])
    assert merged.offset == 6.5
    assert_same_function(merged, net)


def test_merge_within_a_tolerance_changes_the_function_by_as_much():
    rng = np.random.default_rng(0)
    base = random_network(1, 4, 2)
    copies = np.repeat(np.arange(4), 25)
    net = ShallowReLU(
        base.inner_weights[copies] + 1e-6 * rng.normal(size=(100, 2)),
        base.biases[copies],
        rng.uniform(0, 1, 100),
        base.offset,
    )
    assert net.merge().width == 100
    merged = net.merge(1e-4)
    assert merged.width == 4
    x = rng.uniform(-1, 1, (50, 2))
    shift = np.max(np.abs(net.biases) / np.linalg.norm(net.inner_weights, axis=1))
    difference = np.abs(merged.evaluate(x) - net.evaluate(x))
    assert 0 < difference.max() <= 1e-4 * PathNorm().value(net) * (1 + shift)


def test_merge_at_tolerance_zero_merges_equal_neurons_only():
    net = ShallowReLU(np.array([[1.0], [2.0], [1.0]]), np.array([1.0, 2.0, 1 + 1e-15]), np.ones(3), np.array(0.0))
    assert net.merge(0.0).width == 2
    assert net.merge().width == 1


def test_merge_of_nothing_is_nothing():
    net = ShallowReLU(np.zeros((2, 3)), np.array([1.0, -1.0]), np.array([2.0, 5.0]), np.array(1.0))
    assert net.merge().width == 0
    assert net.merge().inner_weights.shape == (0, 3)
    assert net.merge().offset == 3.0


# prune


def test_prune_drops_what_carries_nothing():
    net = ShallowReLU(
        np.array([[1.0], [1.0], [0.0], [0.0], [1e-3]]),
        np.array([0.0, 1.0, 2.0, -2.0, 1.0]),
        np.array([1.0, 0.0, 3.0, 3.0, 1.0]),
        np.array(0.0),
    )
    assert net.prune().width == 3
    assert_same_function(net.prune(), net)
    np.testing.assert_array_equal(net.prune(1e-2).inner_weights, [[1.0], [0.0]])


@quick
@given(seeds, widths, st.floats(0, 0.5))
def test_prune_keeps_all_but_the_small_shares(seed, width, tolerance):
    net = random_network(seed, width, 2)
    pruned = net.prune(tolerance)
    share = np.abs(net.outer_weights) * np.linalg.norm(net.inner_weights, axis=1)
    large = share > tolerance * share.sum()
    np.testing.assert_array_equal(pruned.outer_weights, net.outer_weights[large])
    np.testing.assert_array_equal(pruned.inner_weights, net.inner_weights[large])


@pytest.mark.parametrize("change", ["merge", "prune"])
@pytest.mark.parametrize("tolerance", [-1.0, np.nan])
def test_a_negative_tolerance_is_refused(change, tolerance):
    with pytest.raises(ValueError, match=r"tolerance is .*>= 0"):
        getattr(random_network(0), change)(tolerance)


def test_changes_work_on_the_known_line():
    solution = line(np.arange(6.0), np.array([0.0, 1, -1, 2, 5, 5]))
    for same in (solution.network.balance(), solution.network.merge(), solution.network.prune()):
        assert PathNorm().value(same) == pytest.approx(solution.value, rel=1e-13)
        np.testing.assert_allclose(same.evaluate(np.arange(6.0)[:, None]), [0, 1, -1, 2, 5, 5], atol=1e-13)


# Round trips.


def parts(**changes):
    return random_network(0, 2, 3, skip=True).to_dict() | {name: np.array(part) for name, part in changes.items()}


def state(**changes):
    given = random_network(0, 2, 3).to_state_dict()
    return given | {name.replace("_", "."): np.array(part) for name, part in changes.items()}


def without(mapping, *names):
    return {name: part for name, part in mapping.items() if name not in names}


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_dict_and_back_is_the_same_network(skip, dtype):
    net = jax.tree.map(lambda leaf: np.asarray(leaf, dtype), random_network(0, skip=skip))
    assert ("skip" in net.to_dict()) == skip
    back = ShallowReLU.from_dict(net.to_dict())
    assert jax.tree.structure(back) == jax.tree.structure(net)
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(net), strict=True):
        assert one.dtype == dtype
        np.testing.assert_array_equal(one, other)


def test_a_state_dict_and_back_is_the_same_network():
    net = random_network(0, 5, 3)
    shapes = {name: array.shape for name, array in net.to_state_dict().items()}
    assert shapes == {"0.weight": (5, 3), "0.bias": (5,), "2.weight": (1, 5), "2.bias": (1,)}
    back = ShallowReLU.from_state_dict(net.to_state_dict())
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(net), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_state_dict_without_biases_has_zero_ones():
    net = ShallowReLU.from_state_dict(without(state(), "0.bias", "2.bias"))
    np.testing.assert_array_equal(net.biases, [0.0, 0.0])
    assert net.offset == 0.0


def test_whole_numbers_become_floats():
    net = ShallowReLU.from_dict(
        {"inner_weights": [[1], [2]], "biases": [0, 1], "outer_weights": [1, 1], "offset": np.array(3)}
    )
    assert all(leaf.dtype == np.float64 for leaf in jax.tree.leaves(net))
    assert ShallowReLU.from_state_dict({"0.weight": [[1]], "2.weight": [[2]]}).evaluate([[3.0]]) == [6.0]


def test_a_zero_skip_term_fits_a_state_dict_and_another_does_not():
    net = random_network(0, skip=True)
    zero = ShallowReLU(net.inner_weights, net.biases, net.outer_weights, net.offset, np.zeros(3))
    assert_same_function(ShallowReLU.from_state_dict(zero.to_state_dict()), zero)
    with pytest.raises(ValueError, match="skip is not zero"):
        net.to_state_dict()


@pytest.mark.parametrize(
    ("read", "given", "message"),
    [
        (ShallowReLU.from_dict, without(parts(), "biases"), r"missing: \['biases'\]"),
        (ShallowReLU.from_dict, parts(weights=1.0), r"unknown: \['weights'\]"),
        (ShallowReLU.from_dict, parts(biases=[1.0]), r"biases has shape \(1,\); expected \(2,\)"),
        (ShallowReLU.from_dict, parts(offset=[1.0]), r"offset has shape \(1,\); expected \(\)"),
        (ShallowReLU.from_dict, parts(skip=[1.0]), r"skip has shape \(1,\); expected \(3,\)"),
        (ShallowReLU.from_dict, parts(inner_weights=[1.0, 2.0]), r"inner_weights has shape \(2,\); expected \(m, d\)"),
        (ShallowReLU.from_dict, parts(inner_weights=[[[1.0]]]), r"inner_weights has shape \(1, 1, 1\)"),
        (ShallowReLU.from_state_dict, without(state(), "2.weight"), "a bias without weights"),
        (ShallowReLU.from_state_dict, state(**{"4_weight": [1.0]}), r"state has 4.weight of shape \(1,\)"),
        (ShallowReLU.from_state_dict, state(**{"2_weight": [[1.0], [2.0]]}), "do not follow each other"),
        (ShallowReLU.from_state_dict, state(**{"0_bias": [1.0]}), r"biases of shapes \(1,\)"),
        (ShallowReLU.from_state_dict, state(**{"2_bias": 1.0}), r"state has 2.bias of shape \(\)"),
        (ShallowReLU.from_state_dict, state(**{"2_bias": [1.0, 2.0]}), "biases of shapes"),
    ],
)
def test_parameters_that_do_not_fit_are_named(read, given, message):
    with pytest.raises(ValueError, match=message):
        read(given)


def test_dictionaries_are_in_c_order_whatever_the_network_is_in():
    """safetensors 0.8.0 writes an array's memory as it lies: Fortran order comes back scrambled."""
    w = np.arange(6.0).reshape(3, 2)
    network = ShallowReLU(np.asfortranarray(w), np.zeros(3)[::-1], np.arange(6.0)[::2], np.array(0.0), np.ones(4)[::2])
    for parts in (network.to_dict(), dataclasses.replace(network, skip=None).to_state_dict()):
        assert all(part.flags.c_contiguous for part in parts.values())
        np.testing.assert_array_equal(parts.get("0.weight", parts.get("inner_weights")), w)

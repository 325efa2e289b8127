"""Norms against oracles of their own, and under every change that must leave them alone."""

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
from minnorm.measure import (
    balancedness,
    effective_neurons,
    excess_norm,
    knots,
    norm_ratio,
    path_norm,
    seminorm_line,
    sharpness,
    weight_decay,
)
from minnorm.measure import norms as norms_module
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm

quick = settings(max_examples=60, deadline=None)
halves = st.integers(-8, 8).map(lambda k: k / 2)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def networks_on_the_line(draw):
    """Small dyadic parameters: neurons share knots, cancel, have w = 0 or a = 0, all of it often."""
    neurons = draw(st.lists(st.tuples(halves, halves, halves), max_size=8))
    w, b, a = np.array(neurons, dtype=float).reshape(-1, 3).T
    skip = draw(st.none() | halves.map(lambda v: np.array([v])))
    return ShallowReLU(w[:, None], b, a, np.array(draw(halves)), skip)


def changed(net, w=None, b=None, a=None):
    return ShallowReLU(
        net.inner_weights if w is None else w,
        net.biases if b is None else b,
        net.outer_weights if a is None else a,
        net.offset,
        net.skip,
    )


def permuted(net, seed):
    p = np.random.default_rng(seed).permutation(net.width)
    return changed(net, net.inner_weights[p], net.biases[p], net.outer_weights[p])


def rescaled(net, seed):
    t = np.exp(np.random.default_rng(seed).uniform(-3, 3, net.width))
    return changed(net, net.inner_weights * t[:, None], net.biases * t, net.outer_weights / t)


def slopes_by_fractions(net):
    """Slope changes at the exact rational knots, and the slopes at both ends, in rational arithmetic."""
    bends = {}
    v = Fraction(0) if net.skip is None else Fraction(float(net.skip[0]))
    left, right = v, v
    for w, b, a in zip(net.inner_weights[:, 0], net.biases, net.outer_weights, strict=True):
        w, b, a = Fraction(float(w)), Fraction(float(b)), Fraction(float(a))
        if w != 0:
            bends[-b / w] = bends.get(-b / w, Fraction(0)) + a * abs(w)
        left += a * w if w < 0 else 0
        right += a * w if w > 0 else 0
    return {t: change for t, change in sorted(bends.items()) if change}, left, right


# The semi-norm on the line.


@quick
@given(networks_on_the_line())
def test_knots_and_seminorm_agree_with_rational_arithmetic(net):
    bends, left, right = slopes_by_fractions(net)
    positions, changes = knots(net)
    np.testing.assert_allclose(positions, [float(t) for t in bends], rtol=1e-14, atol=0)
    np.testing.assert_allclose(changes, [float(change) for change in bends.values()], rtol=1e-14)
    bending = sum((abs(change) for change in bends.values()), Fraction(0))
    assert seminorm_line(net, skip="free") == pytest.approx(float(bending), rel=1e-14, abs=0)
    assert seminorm_line(net) == pytest.approx(float(max(bending, abs(left + right))), rel=1e-14, abs=0)


@quick
@given(networks_on_the_line())
def test_knots_reproduce_the_function_up_to_an_affine_term(net):
    positions, changes = knots(net)
    x = np.linspace(-20, 20, 161)
    rest = net.evaluate(x[:, None]) - np.abs(x[:, None] - positions) @ changes / 2
    slope = (rest[-1] - rest[0]) / (x[-1] - x[0])
    np.testing.assert_allclose(rest, rest[0] + slope * (x - x[0]), atol=1e-10)


@quick
@given(networks_on_the_line())
def test_seminorm_is_at_most_the_path_norm(net):
    norm = path_norm(net, PathNorm(skip="free"))
    assert seminorm_line(net, skip="free") <= norm * (1 + 1e-14)
    if net.skip is None:
        assert seminorm_line(net) <= norm * (1 + 1e-14)
    assert seminorm_line(net, skip="free") <= seminorm_line(net)


@quick
@given(networks_on_the_line(), seeds)
def test_seminorm_belongs_to_the_function(net, seed):
    for skip in ("none", "free"):
        value = seminorm_line(net, skip)
        assert seminorm_line(permuted(net, seed), skip) == pytest.approx(value, rel=1e-13)
        assert seminorm_line(rescaled(net, seed), skip) == pytest.approx(value, rel=1e-13, abs=1e-13)
        assert seminorm_line(net.merge(), skip) == pytest.approx(value, rel=1e-13, abs=1e-13)
        # Turning a neuron round changes the skip term but not the function.
        w, a = net.inner_weights, net.outer_weights
        v = (0.0 if net.skip is None else net.skip) + w.T @ a
        turned = ShallowReLU(-w, -net.biases, a, np.array(0.0), v)
        assert seminorm_line(turned, skip) == pytest.approx(value, rel=1e-13, abs=1e-13)


@quick
@given(networks_on_the_line(), halves, st.sampled_from([0.125, 0.5, 2.0, 16.0]))
def test_seminorm_under_translation_reflection_and_stretch(net, shift, stretch):
    value = seminorm_line(net)
    assert seminorm_line(changed(net, b=net.biases - net.inner_weights[:, 0] * shift)) == pytest.approx(value)
    skip = None if net.skip is None else -net.skip
    mirrored = ShallowReLU(-net.inner_weights, net.biases, net.outer_weights, net.offset, skip)
    assert seminorm_line(mirrored) == pytest.approx(value)
    skip = None if net.skip is None else net.skip / stretch
    wide = ShallowReLU(net.inner_weights / stretch, net.biases, net.outer_weights, net.offset, skip)
    assert seminorm_line(wide) == pytest.approx(value / stretch)


@quick
@given(st.integers(2, 40), seeds, st.sampled_from(["none", "free"]))
def test_seminorm_of_the_known_line_is_its_norm(n, seed, skip):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.uniform(0.1, 1.0, n)) + rng.normal()
    y = rng.normal(size=n) + rng.choice([0.0, 3.0]) * x
    solution = line(x, y, PathNorm(skip=skip), certify=False)
    s = np.diff(y) / np.diff(x)
    bending = np.abs(np.diff(s)).sum()
    minimum = bending if skip == "free" else max(bending, (bending + abs(s[0] + s[-1])) / 2)
    assert seminorm_line(solution.network, skip) == pytest.approx(minimum, rel=1e-12, abs=1e-12)
    assert path_norm(solution.network, solution.penalty) == pytest.approx(minimum, rel=1e-12, abs=1e-12)


def test_known_line_values():
    assert seminorm_line(line([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]).network) == pytest.approx(2.0, rel=1e-14)
    assert seminorm_line(line([0.5, 1, 2, 3], [0.0, 1, 0, 0]).network) == pytest.approx(4.0, rel=1e-14)


def test_cancelling_neurons_cost_path_norm_but_no_seminorm():
    hat = ShallowReLU(np.ones((3, 1)), np.array([1.0, 0, -1]), np.array([1.0, -2, 1]), np.array(0.0))
    waste = ShallowReLU(
        np.vstack([hat.inner_weights, [[1.0], [2.0]]]),
        np.append(hat.biases, [-3.0, -6.0]),
        np.append(hat.outer_weights, [4.0, -2.0]),
        hat.offset,
    )
    assert seminorm_line(waste) == seminorm_line(hat) == 4.0
    assert path_norm(waste) == path_norm(hat) + 8.0
    np.testing.assert_array_equal(knots(waste)[0], [-1.0, 0.0, 1.0])


def test_close_knots_are_one_only_within_the_tolerance():
    net = ShallowReLU(np.ones((2, 1)), np.array([-1.0, -1.001]), np.array([1.0, -1.0]), np.array(0.0))
    assert seminorm_line(net) == pytest.approx(2.0)
    assert seminorm_line(net, tolerance=1e-2) == pytest.approx(0.0)
    same_sign = changed(net, a=np.array([1.0, 3.0]))
    positions, changes = knots(same_sign, tolerance=1e-2)
    np.testing.assert_allclose(positions, [1.00075])
    np.testing.assert_allclose(changes, [4.0])


def test_the_default_tolerance_allows_for_the_rounding_of_knots():
    w = np.random.default_rng(0).uniform(0.1, 10.0, 200)
    net = ShallowReLU(w[:, None], -w / 3, np.resize([1.0, -1.0], 200) / w, np.array(0.0))
    assert np.unique(-net.biases / w).size > 1
    assert seminorm_line(net) == pytest.approx(0.0, abs=1e-12)


def test_a_knot_beyond_the_range_of_floats_stays_apart():
    net = ShallowReLU(np.array([[1e-300], [1.0]]), np.array([1e10, 0.0]), np.array([1.0, 1.0]), np.array(0.0))
    np.testing.assert_array_equal(knots(net)[1], [1e-300, 1.0])


# Path norm, weight decay and the ratios made of them.


@quick
@given(seeds, st.integers(1, 6), st.integers(1, 12))
def test_path_norm_is_invariant_and_scales(seed, dim, width):
    net = random_network(seed, width, dim)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]
    shift = np.random.default_rng(seed).normal(size=dim)
    value = path_norm(net)
    for same in (
        permuted(net, seed),
        rescaled(net, seed),
        changed(net, w=net.inner_weights @ rotation),
        changed(net, b=net.biases - net.inner_weights @ shift),
    ):
        assert path_norm(same) == pytest.approx(value, rel=1e-12)
    assert path_norm(changed(net, w=net.inner_weights / 3.0)) == pytest.approx(value / 3.0)
    assert weight_decay(net) >= value * (1 - 1e-14)
    assert weight_decay(net.balance()) == pytest.approx(value)
    penalised = PathNorm(bias="penalised")
    assert path_norm(rescaled(net, seed), penalised) == pytest.approx(path_norm(net, penalised))
    assert path_norm(net, penalised) > value


def test_excess_and_ratio():
    net = ShallowReLU(np.array([[3.0, 4.0]]), np.array([12.0]), np.array([-2.0]), np.array(0.0))
    assert excess_norm(net, 4.0) == 6.0
    assert excess_norm(net, 0.0) == 10.0
    assert norm_ratio(net, 4.0) == 2.5
    assert norm_ratio(net, 4.0, PathNorm(bias="penalised")) == 6.5
    assert excess_norm(net, 4.0, PathNorm(bias="penalised")) == 22.0


@quick
@given(seeds, st.integers(1, 5), st.integers(1, 12), st.booleans())
def test_balancedness(seed, dim, width, with_bias):
    net = random_network(seed, width, dim, skip=bool(seed % 2))
    value = balancedness(net, with_bias)
    assert 0 < value <= 1
    assert balancedness(net.balance(with_bias=with_bias), with_bias) == pytest.approx(1.0, rel=1e-14)
    scaled = changed(net, 7 * net.inner_weights, 7 * net.biases, 7 * net.outer_weights)
    assert balancedness(scaled, with_bias) == pytest.approx(value)
    assert balancedness(permuted(net, seed), with_bias) == pytest.approx(value)
    far = changed(net.balance(with_bias=with_bias), a=1e3 * net.balance(with_bias=with_bias).outer_weights)
    assert balancedness(far, with_bias) == pytest.approx(2 * 1e3 / (1 + 1e6))


def test_other_neurons_are_as_balanced():
    relu = ShallowReLU(np.array([[3.0], [1.0]]), np.ones(2), np.array([1.0, -2.0]), np.array(0.5))
    assert balancedness(dataclasses.replace(relu, activation="abs")) == balancedness(relu) < 1


def test_balancedness_of_special_networks():
    zero = ShallowReLU(np.zeros((3, 2)), np.zeros(3), np.zeros(3), np.array(5.0))
    assert balancedness(zero) == 1.0
    idle = ShallowReLU(np.array([[1.0], [1.0]]), np.zeros(2), np.array([1.0, 0.0]), np.array(0.0))
    assert balancedness(idle) == pytest.approx(2 / 3)
    net = ShallowReLU(np.array([[3.0]]), np.array([4.0]), np.array([5.0]), np.array(0.0))
    assert balancedness(net) == pytest.approx(15 / 17)
    assert balancedness(net, with_bias=True) == 1.0


# Effective neurons.


def test_effective_neurons_merge_directions_and_drop_the_negligible():
    rng = np.random.default_rng(3)
    base = random_network(5, 4, 3)
    copies = np.repeat(np.arange(4), 50)
    jitter = 1e-4 * rng.normal(size=(200, 3))
    many = ShallowReLU(
        base.inner_weights[copies] + jitter, base.biases[copies], base.outer_weights[copies], base.offset
    )
    assert effective_neurons(base) == 4
    assert effective_neurons(many) == 4
    assert effective_neurons(many, angle=0.0, share=0.0) == 200
    small = changed(many, a=np.where(copies == 0, 1e-6, 1.0) * many.outer_weights)
    assert effective_neurons(small) == 3
    assert effective_neurons(small, share=0.0) == 4


def test_effective_neurons_ignores_what_cancels_and_constants():
    w = np.array([[1.0], [1.0], [2.0], [0.0]])
    net = ShallowReLU(w, np.array([0.0, 1.0, 2.0, 5.0]), np.array([1.0, 1.0, -0.5, 9.0]), np.array(0.0))
    assert effective_neurons(net) == 1
    assert effective_neurons(changed(net, a=np.array([0.0, 1.0, -0.5, 9.0]))) == 0
    assert effective_neurons(changed(net, a=np.zeros(4))) == 0
    rounding = ShallowReLU(np.ones((3, 1)), np.ones(3), np.array([0.1, 0.2, -0.3]), np.array(0.0))
    assert rounding.outer_weights.sum() != 0
    assert effective_neurons(rounding) == 0


def test_effective_neurons_weighs_what_merging_leaves():
    w = np.array([[1.0], [-1.0], [-2.0]])
    waste = ShallowReLU(w, np.array([1.0, 1.0, 2.0]), np.array([1.0, 100.0, -50.0]), np.array(0.0))
    assert effective_neurons(waste) == 1


def ring_of(angles, amplitudes):
    w = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return ShallowReLU(w, np.zeros(len(w)), np.array(amplitudes), np.array(0.0))


def test_effective_neurons_groups_around_the_largest():
    assert effective_neurons(ring_of([0.0, 0.008, 0.016], [1.0, 2.0, 1.0])) == 1
    assert effective_neurons(ring_of([0.0, 0.008, 0.016], [2.0, 1.0, 2.0])) == 2
    # The neuron in the middle belongs to the first group only: it would cancel the last one.
    assert effective_neurons(ring_of([0.0, 0.008, 0.016], [9.0, -1.0, 1.0])) == 2


def test_effective_neurons_of_densely_spread_directions_are_many():
    turn = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    ring = ShallowReLU(np.stack([np.cos(turn), np.sin(turn)], axis=1), np.zeros(4000), np.ones(4000), np.array(0.0))
    assert ring.merge(1e-2).width == 1
    assert 2 * np.pi / 0.02 * 0.98 <= effective_neurons(ring) <= 2 * np.pi / 0.01


def test_effective_neurons_counts_equal_neurons_until_the_share_is_left():
    net = ShallowReLU(np.eye(10), np.zeros(10), np.ones(10), np.array(0.0))
    assert effective_neurons(net) == 10
    assert effective_neurons(net, share=0.25) == 8


def test_effective_neurons_compares_biases_at_the_radius():
    net = ShallowReLU(np.ones((2, 1)), np.array([0.0, 0.005]), np.ones(2), np.array(0.0))
    assert effective_neurons(net) == 1
    assert effective_neurons(net, radius=0.01) == 2


@quick
@given(seeds, st.integers(1, 4))
def test_effective_neurons_is_invariant(seed, dim):
    net = random_network(seed, 12, dim)
    count = effective_neurons(net)
    assert effective_neurons(permuted(net, seed)) == count
    assert effective_neurons(rescaled(net, seed)) == count
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))[0]
    assert effective_neurons(changed(net, w=net.inner_weights @ rotation)) == count
    assert effective_neurons(changed(net, w=net.inner_weights / 8), radius=8.0) == count


# Sharpness.


def dense_sharpness(net, x, y):
    """The top of the Hessian written out: J^T J / n, and residuals times (x_i, 1) between a and (w, b)."""
    (m, d), n = net.inner_weights.shape, len(x)
    z = x @ net.inner_weights.T + net.biases
    on = (z > 0) * 1.0
    outer = on * net.outer_weights
    jacobian = [(outer[:, :, None] * x[:, None, :]).reshape(n, m * d), outer, on * z, np.ones((n, 1))]
    jacobian = np.hstack(jacobian + ([] if net.skip is None else [x]))
    hessian = jacobian.T @ jacobian / n
    pull = on * (net.evaluate(x) - y)[:, None] / n
    for k in range(m):
        a = m * d + m + k
        for row, value in [
            *zip(range(k * d, k * d + d), pull[:, k] @ x, strict=True),
            (m * d + k, pull[:, k].sum()),
        ]:
            hessian[row, a] += value
            hessian[a, row] += value
    return float(np.linalg.eigvalsh(hessian)[-1])


@pytest.mark.parametrize(("width", "skip"), [(0, False), (5, False), (5, True), (60, False), (60, True)])
def test_sharpness_is_the_top_of_the_dense_hessian(width, skip):
    net = random_network(width, width, 2, skip)
    x = np.random.default_rng(1).normal(size=(23, 2))
    y = np.sin(x[:, 0])
    expected = dense_sharpness(net, x, y)
    assert sharpness(net, x, y) == pytest.approx(expected, rel=1e-9)
    assert sharpness(net, x, y + 5.0) == pytest.approx(dense_sharpness(net, x, y + 5.0), rel=1e-9)
    assert expected >= 1


def test_sharpness_of_one_active_neuron_at_one_point():
    w, b, a, c, x, y = 2.0, 1.0, -3.0, 0.5, 1.5, 4.0
    net = ShallowReLU(np.array([[w]]), np.array([b]), np.array([a]), np.array(c))
    z = w * x + b
    assert sharpness(net, [x], [a * z + c]) == pytest.approx(z**2 + a**2 * x**2 + a**2 + 1, rel=1e-12)
    gradient = np.array([a * x, a, z, 1.0])
    curvature = np.zeros((4, 4))
    curvature[0, 2] = curvature[2, 0] = x
    curvature[1, 2] = curvature[2, 1] = 1.0
    hessian = np.outer(gradient, gradient) + (a * z + c - y) * curvature
    assert sharpness(net, [x], [y]) == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-12)


def test_sharpness_of_a_wide_network_that_fits_one_point():
    net = random_network(0, 300, 1)
    x = 0.7
    z = np.maximum(net.inner_weights[:, 0] * x + net.biases, 0)
    expected = 1 + z @ z + (1 + x**2) * np.sum(net.outer_weights[z > 0] ** 2)
    assert sharpness(net, [x], net.evaluate([[x]])) == pytest.approx(expected, rel=1e-10)


def test_sharpness_does_not_depend_on_order_but_on_the_parametrisation():
    net = random_network(2, 80, 3)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 3))
    y = rng.normal(size=40)
    value = sharpness(net, x, y)
    assert sharpness(permuted(net, 1), x, y) == pytest.approx(value, rel=1e-9)
    rows = rng.permutation(40)
    assert sharpness(net, x[rows], y[rows]) == pytest.approx(value, rel=1e-9)
    assert sharpness(rescaled(net, 1), x, y) != pytest.approx(value, rel=0.1)


@pytest.mark.slow
def test_sharpness_block_by_block(monkeypatch):
    net = random_network(2, 7, 2)
    x = np.random.default_rng(2).normal(size=(10, 2))
    y = np.cos(x[:, 1])
    whole = sharpness(net, x, y)
    monkeypatch.setattr(norms_module, "_BLOCK", 21)  # three rows at once, and two of padding
    assert sharpness(net, x, y) == pytest.approx(whole, rel=1e-13)


def test_sharpness_takes_a_neuron_at_its_kink_as_inactive():
    net = ShallowReLU(np.array([[1.0]]), np.array([-1.0]), np.array([3.0]), np.array(0.0))
    assert sharpness(net, [1.0], [0.0]) == pytest.approx(1.0, rel=1e-14)


def test_sharpness_is_double_precision_and_leaves_the_configuration_alone():
    before = jnp.ones(1).dtype
    single = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), random_network(4, 5, 2))
    x = np.random.default_rng(0).normal(size=(9, 2))
    y = np.zeros(9)
    expected = dense_sharpness(single.to_numpy(), x, y)
    assert sharpness(single, x, y) == pytest.approx(expected, rel=1e-12)
    assert jnp.ones(1).dtype == before


def test_sharpness_says_when_the_lanczos_method_has_not_converged():
    # Each neuron sees one point of its own and nearly equally much of it: the top of the spectrum is crowded.
    size = 150
    net = ShallowReLU(np.diag(1e4 + np.linspace(0, 1, size)), np.zeros(size), np.zeros(size), np.array(0.0))
    with pytest.raises(RuntimeError, match="iterations=1; give more"):
        sharpness(net, np.eye(size), np.zeros(size), iterations=1)


# What is refused.

PLANE = random_network(0, 2, 2)
HAT = random_network(0, 2, 1)
BROKEN = changed(HAT, a=np.array([1.0, np.nan]))
TILTED = random_network(0, 2, 1, skip=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: knots(PLANE), "dimension 2"),
        (lambda: seminorm_line(PLANE), "dimension 2"),
        (lambda: knots(BROKEN), "NaN or infinite"),
        (lambda: seminorm_line(BROKEN, "free"), "NaN or infinite"),
        (lambda: knots(HAT, -1.0), "tolerance is -1"),
        (lambda: excess_norm(HAT, -1.0), "minimum is -1"),
        (lambda: excess_norm(HAT, np.nan), "minimum is nan"),
        (lambda: norm_ratio(HAT, 0.0), "use excess_norm"),
        (lambda: path_norm(TILTED), "skip term"),
        (lambda: weight_decay(TILTED), "skip term"),
        (lambda: effective_neurons(HAT, angle=2.0), "angle is 2"),
        (lambda: effective_neurons(HAT, share=1.0), "share is 1"),
        (lambda: effective_neurons(HAT, radius=0.0), "radius is 0"),
        (lambda: effective_neurons(BROKEN), "NaN or infinite"),
        (lambda: sharpness(HAT, [[1.0, 2.0]], [1.0]), "points has 2 columns"),
        (lambda: sharpness(HAT, [1.0, 2.0], [1.0]), "must agree"),
        (lambda: sharpness(HAT, [1.0], [1.0], iterations=0), "iterations is 0"),
        (lambda: sharpness(BROKEN, [1.0], [1.0]), "NaN or infinite"),
    ],
)
def test_invalid_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Powers of two in points and values change the answer by powers of two, bit for bit, over the range of float64."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.problem import Problem
from minnorm.units import Units

RNG = np.random.default_rng(5)
LINE, PLANE = RNG.normal(size=(6, 1)), RNG.normal(size=(6, 2))
LABELS = RNG.normal(size=6)
SCALES = [(3, -5), (-460, 460), (400, 200), (-300, -300)]


def scaled(net, p, q):
    """x -> 2^q net(x / 2^p)."""
    skip = None if net.skip is None else np.ldexp(net.skip, q - p)
    biases, outer = np.ldexp(net.biases, p), np.ldexp(net.outer_weights, q - p)
    return mn.ShallowReLU(net.inner_weights, biases, outer, np.asarray(np.ldexp(net.offset, q)), skip)


def assert_same(one, other):
    for name, part in one.to_dict().items():
        np.testing.assert_array_equal(part, other.to_dict()[name])


@pytest.mark.parametrize("points", [LINE, PLANE], ids=["line", "plane"])
@pytest.mark.parametrize(("p", "q"), SCALES)
@pytest.mark.parametrize("skip", ["none", "free"])
def test_interpolants_scale_exactly(points, p, q, skip):
    penalty = mn.PathNorm(skip=skip)
    one = mn.interpolate(points, LABELS, penalty=penalty)
    other = mn.interpolate(np.ldexp(points, p), np.ldexp(LABELS, q), penalty=penalty)
    assert_same(scaled(one.network, p, q), other.network)
    np.testing.assert_array_equal(other.dual, np.ldexp(one.dual, -p))
    assert (other.value, other.lower_bound) == (np.ldexp(one.value, q - p), np.ldexp(one.lower_bound, q - p))
    assert other.certified
    assert mn.verify(np.ldexp(points, p), np.ldexp(LABELS, q), other) == other.certificate
    assert mn.measure.path_norm(other.network, penalty) == np.ldexp(mn.measure.path_norm(one.network, penalty), q - p)


@pytest.mark.slow
@pytest.mark.parametrize("points", [LINE, PLANE], ids=["line", "plane"])
@pytest.mark.parametrize(("p", "q"), SCALES)
def test_minimisers_and_lam_max_scale_exactly(points, p, q):
    far, labels = np.ldexp(points, p), np.ldexp(LABELS, q)
    most = mn.lam_max(points, LABELS)
    assert mn.lam_max(far, labels) == np.ldexp(most, p + q)
    one, other = mn.fit(points, LABELS, most / 8), mn.fit(far, labels, np.ldexp(most / 8, p + q))
    assert_same(scaled(one.network, p, q), other.network)
    np.testing.assert_array_equal(other.dual, np.ldexp(one.dual, q))
    assert (other.value, other.lower_bound) == (np.ldexp(one.value, 2 * q), np.ldexp(one.lower_bound, 2 * q))
    assert other.certified


@pytest.mark.slow
def test_a_path_scales_exactly():
    p, q = 200, -350
    lams = mn.lam_max(PLANE, LABELS) * np.array([0.5, 0.1])
    one = mn.path(PLANE, LABELS, lams)
    other = mn.path(np.ldexp(PLANE, p), np.ldexp(LABELS, q), np.ldexp(lams, p + q))
    np.testing.assert_array_equal(other.value, np.ldexp(one.value, 2 * q))
    np.testing.assert_array_equal(other.outer_weights, np.ldexp(one.outer_weights, q - p))
    np.testing.assert_array_equal(other.norm, np.ldexp(one.norm, q - p))
    assert bool(other.certified.all())


def test_labels_scale_exactly_with_penalised_biases():
    penalty = mn.PathNorm("penalised")
    one, other = mn.interpolate(LINE, LABELS, penalty=penalty), mn.interpolate(LINE, LABELS * 2.0**500, penalty=penalty)
    assert other.value == one.value * 2.0**500
    assert other.certified == one.certified


def test_the_cases_that_ended_badly():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 0.0])
    assert mn.lam_max(x, 1e160 * y) == pytest.approx(1e160 * mn.lam_max(x, y), rel=1e-12)
    assert mn.interpolate(1e-200 * PLANE, LABELS).value == pytest.approx(
        1e200 * mn.interpolate(PLANE, LABELS).value, rel=1e-6
    )
    tiny = mn.ShallowReLU(np.array([[1e-200, 0.0]]), np.zeros(1), np.array([1e200]), np.array(0.0))
    assert mn.measure.path_norm(tiny) == pytest.approx(1.0, rel=1e-15)
    assert mn.measure.effective_neurons(tiny) == 1
    balanced = tiny.balance()
    assert balanced.outer_weights[0] == pytest.approx(1.0)
    huge = mn.ShallowReLU(np.array([[3e200, 4e200]]), np.array([0.0]), np.array([1e-200]), np.array(0.0))
    assert mn.measure.path_norm(huge, mn.PathNorm("penalised")) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mn.interpolate(1e-160 * PLANE, 1e160 * LABELS), "X is of the size 1e-1.. and y of 1e\\+160"),
        (lambda: mn.interpolate(PLANE, 1e-320 * np.ones(6)), "y of 1e-320"),
        (lambda: mn.fit(PLANE, 1e160 * LABELS, 1.0), "y of 1e\\+160: the answer is near the ends"),
        (lambda: mn.fit(PLANE, 1e-200 * LABELS, 1e-201), "y of 1e-200: the answer is near the ends"),
        (lambda: mn.interpolate(1e-300 * PLANE, LABELS, penalty=mn.PathNorm("penalised")), "penalised biases compare"),
        (lambda: mn.lam_max(1e200 * PLANE, 1e200 * LABELS), "rescale"),
    ],
)
def test_beyond_the_range_is_said(call, words):
    with pytest.raises(ValueError, match=words) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_solution_whose_numbers_would_change_is_left_alone():
    x, y = np.array([0.0, 2.0**900]), np.array([0.0, 1.0])
    units = Units.of(Problem(x, y))
    assert (units.x, units.y) == (901, 1)
    tiny = mn.ShallowReLU(np.ones((1, 1)), np.array([2.0**-1000]), np.ones(1), np.array(0.0))
    assert units.into(mn.Solution(tiny, np.zeros(2))) is None
    assert Units.of(Problem([2.0**-1000, 2.0**1000], y)).x == 0

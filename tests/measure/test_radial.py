"""Radial averages with known values, and stretches that are known because they were applied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm.measure import RadialProfile, best_stretch, directions, radial_profile
from minnorm.network import ShallowReLU

quick = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def bump(r):
    return np.maximum(0.0, 1 - r) ** 2


# Directions.


@quick
@given(st.integers(2, 20), st.integers(1, 60), seeds)
def test_directions_are_antithetic_unit_vectors_in_frames(dim, pairs, key):
    w = directions(dim, 2 * pairs, key)
    assert w.shape == (2 * pairs, dim)
    np.testing.assert_allclose(np.linalg.norm(w, axis=1), 1.0, rtol=1e-14)
    np.testing.assert_array_equal(w[pairs:], -w[:pairs])
    for start in range(0, pairs, dim):
        frame = w[:pairs][start : start + dim]
        np.testing.assert_allclose(frame @ frame.T, np.eye(len(frame)), atol=1e-13)


def test_directions_repeat_with_the_key_and_change_with_it():
    np.testing.assert_array_equal(directions(4, 16, 7), directions(4, 16, 7))
    assert not np.allclose(directions(4, 16, 7), directions(4, 16, 8))
    frames = directions(4, 16, 7)[:8].reshape(2, 4, 4)
    assert not np.allclose(frames[0], frames[1])


def test_directions_on_the_line_are_its_two():
    np.testing.assert_array_equal(directions(1, 2), [[1.0], [-1.0]])
    np.testing.assert_array_equal(directions(1, 500, key=3), [[1.0], [-1.0]])


def test_directions_are_uniform():
    # QR without the sign of the diagonal would favour one half of the sphere; u = w_1 is uniform for d = 3.
    first = np.concatenate([directions(3, 6, key)[:3] for key in range(2000)])
    for coordinate in first.reshape(-1, 3, 3).transpose(1, 2, 0).reshape(9, -1):
        share = np.histogram(coordinate, bins=4, range=(-1, 1))[0] / coordinate.size
        np.testing.assert_allclose(share, 0.25, atol=5 * np.sqrt(0.25 * 0.75 / 2000))


# Profiles.


@pytest.mark.parametrize("dim", [1, 2, 5, 31])
def test_profile_of_a_radial_function(dim):
    r = np.linspace(0, 2, 11)
    profile = radial_profile(lambda x: bump(np.linalg.norm(x, axis=1)), dim, r)
    assert isinstance(profile, RadialProfile)
    np.testing.assert_array_equal(profile.radii, r)
    np.testing.assert_allclose(profile.mean, bump(r), atol=1e-14)
    np.testing.assert_allclose(profile.std, 0.0, atol=1e-14)


@quick
@given(st.integers(1, 12), seeds)
def test_profile_of_a_linear_function(dim, key):
    v = np.random.default_rng(key).normal(size=dim)
    r = np.array([0.0, 0.5, 3.0])
    profile = radial_profile(lambda x: 2.0 + x @ v, dim, r, count=4 * dim, key=key)
    np.testing.assert_allclose(profile.mean, 2.0, rtol=1e-13)
    np.testing.assert_allclose(profile.std, r * np.linalg.norm(v) / np.sqrt(dim), rtol=1e-12)


def test_profile_of_one_neuron():
    # relu(w . x) in three dimensions: u = w . e is uniform on [-1, 1]; mean 1/4, mean square 1/6.
    net = ShallowReLU(np.array([[0.0, 2.0, 0.0]]), np.zeros(1), np.array([1.0]), np.array(1.0))
    profile = radial_profile(net, 3, [0.0, 1.0, 2.0], count=24_000)
    np.testing.assert_allclose(profile.mean, [1.0, 1.5, 2.0], atol=5e-3)
    np.testing.assert_allclose(profile.std, np.array([0, 2, 4]) * np.sqrt(1 / 6 - 1 / 16), atol=5e-3)


def test_profile_of_a_network_is_that_of_its_function_and_repeats():
    rng = np.random.default_rng(0)
    net = ShallowReLU(rng.normal(size=(6, 4)), rng.normal(size=6), rng.normal(size=6), np.array(0.3))
    r = [0.5, 1.5]
    profile = radial_profile(net, 4, r, count=40, key=5)
    samples = np.array([[float(net(radius * w)) for w in directions(4, 40, 5)] for radius in r])
    np.testing.assert_allclose(profile.mean, samples.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(profile.std, samples.std(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(radial_profile(net, 4, r, count=40, key=5).mean, profile.mean)
    assert not np.allclose(radial_profile(net, 4, r, count=40, key=6).mean, profile.mean)


# Stretches.


@quick
@given(st.floats(0.2, 15.0))
def test_best_stretch_recovers_the_stretch(stretch):
    r = np.linspace(0, 20, 400)
    for profile in (lambda s: np.exp(-(s**2)), lambda s: 1 / (1 + s)):
        found = best_stretch(profile(r / stretch), r, profile)
        assert found.stretch == pytest.approx(stretch, rel=1e-6)
        assert found.residual < 1e-6


def test_best_stretch_of_a_kinked_profile():
    r = np.linspace(0, 5, 101)
    found = best_stretch(bump(r / 1.7), r, bump)
    assert found.stretch == pytest.approx(1.7, rel=1e-7)


def test_best_stretch_is_least_squares_in_dr():
    # f*(r/s) = 1/s at all radii: the best 1/s is the weighted mean, by the trapezoidal rule on uneven radii.
    r = np.array([0.0, 1.0, 4.0])
    mean = np.array([1.0, 0.5, 0.25])
    trapezoid = np.array([0.5, 2.0, 1.5])

    def reciprocal(s):
        return np.where(s > 0, s, 1.0) / np.tile([1.0, 1.0, 4.0], s.size // 3)

    for weight in (None, np.array([1.0, 2.0, 0.5])):
        p = trapezoid * (1.0 if weight is None else weight)
        p /= p.sum()
        mean_at_origin = p[0] * (mean[0] - 1.0) ** 2  # there the profile is 1 whatever s
        level = p[1:] @ mean[1:] / p[1:].sum()
        found = best_stretch(mean, r, reciprocal, weight=weight)
        assert 1 / found.stretch == pytest.approx(level, rel=1e-7)
        misfit = mean_at_origin + p[1:] @ (mean[1:] - level) ** 2
        assert found.residual == pytest.approx(np.sqrt(misfit), rel=1e-12)


def test_best_stretch_beats_every_other_on_a_noisy_mean():
    rng = np.random.default_rng(1)
    r = np.linspace(0, 6, 121)
    mean = bump(r / 3.5) + 0.05 * rng.normal(size=r.size)
    found = best_stretch(mean, r, bump)
    p = np.gradient(r) * np.where((r == 0) | (r == 6), 0.5, 1.0)
    for s in np.geomspace(0.1, 20, 5000):
        assert np.sqrt(p @ (mean - bump(r / s)) ** 2 / p.sum()) >= found.residual - 1e-12
    assert found.stretch == pytest.approx(3.5, abs=0.2)


def test_best_stretch_at_the_end_of_the_bracket():
    r = np.linspace(0, 5, 51)
    assert best_stretch(bump(r / 3.0), r, bump, bracket=(0.5, 2.0)).stretch == pytest.approx(2.0, rel=1e-12)
    assert best_stretch(bump(r / 3.0), r, bump, bracket=(4.0, 8.0)).stretch == pytest.approx(4.0, rel=1e-12)


NETWORK = ShallowReLU(np.ones((1, 3)), np.zeros(1), np.ones(1), np.array(0.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: directions(0, 2), "dim is 0"),
        (lambda: directions(3, 5), "count is 5.*even"),
        (lambda: directions(3, 0), "count is 0"),
        (lambda: directions(3, 6, -1), "key is -1"),
        (lambda: radial_profile(NETWORK, 2, [1.0]), "dim is 2.*dim=3"),
        (lambda: radial_profile(NETWORK, 3, [-1.0]), "radii has 1 entries, the least -1"),
        (lambda: radial_profile(NETWORK, 3, []), "radii has 0"),
        (lambda: radial_profile(lambda x: x, 3, [1.0]), "f returned shape"),
        (lambda: best_stretch([1.0], [0.0, 1.0], bump), "mean 1"),
        (lambda: best_stretch([1.0, 0.0], [1.0, 1.0], bump), "increasing"),
        (lambda: best_stretch([1.0, np.nan], [0.0, 1.0], bump), "mean has 1 NaN"),
        (lambda: best_stretch([1.0, 0.0], [0.0, 1.0], bump, weight=[1.0]), "weight has shape"),
        (lambda: best_stretch([1.0, 0.0], [0.0, 1.0], bump, weight=[0.0, 0.0]), "not all zero"),
        (lambda: best_stretch([1.0, 0.0], [0.0, 1.0], bump, bracket=(2.0, 1.0)), "bracket is"),
        (lambda: best_stretch([1.0, 0.0], [0.0, 1.0], lambda s: 1.0), "exact_profile returned"),
    ],
)
def test_invalid_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

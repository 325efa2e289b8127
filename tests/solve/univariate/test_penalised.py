"""Penalised biases on the line, near the origin and far from it: certified, and the same as when points are moved."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.objective.norm import PathNorm

PENALTIES = [PathNorm("penalised", skip, offset) for skip in ("free", "none") for offset in ("free", "none")]
LABELS = np.sin(np.arange(30) / 3)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("start", [0.0, 1.3e9])
def test_days_in_unix_seconds(penalty, start):
    x = start + 86400 * np.arange(30.0)
    found = mn.interpolate(x, LABELS, penalty=penalty)
    assert found.certified
    assert found.value == pytest.approx(mn.known.line(x, LABELS, penalty).value, rel=1e-6)
    fit = mn.fit(x, LABELS, lam=1e-6, penalty=penalty)
    assert fit.certified
    rest = fit(x) - LABELS
    assert np.mean(rest**2) / 2 + 1e-6 * penalty.value(fit.network) == pytest.approx(fit.value, rel=1e-9)


@pytest.mark.parametrize("penalty", PENALTIES[2:])
@pytest.mark.parametrize("lam", [1e5])
def test_where_lam_leaves_multiples_of_x_alone(penalty, lam):
    """A multiple of x costs a 1e9th of a kink that is as large on the data."""
    assert mn.fit(1.3e9 + 86400 * np.arange(30.0), LABELS, lam=lam, penalty=penalty).certified


@pytest.mark.parametrize("penalty", PENALTIES[1:])
@pytest.mark.parametrize("lam", [1e-4])
def test_reflection(penalty, lam):
    x = 1e6 + np.array([0.0, 1.0, 3.0, 4.0, 7.0])
    y = np.array([1.0, 0.0, 2.0, 2.5, 9.0])
    value = mn.fit(x, y, lam, penalty=penalty).value
    assert mn.fit(-x, y, lam, penalty=penalty).value == pytest.approx(value, rel=2e-6)


@pytest.mark.parametrize("penalty", PENALTIES[1::2])
def test_points_so_close_that_kinks_are_nothing_beside_constants(penalty):
    x, y = np.array([1.0, 2.0, 3.0, 5.0]) * 1e-30, np.array([0.0, 1.0, 0.0, 3.0])
    assert mn.fit(x, y, lam=1e-3, penalty=penalty).certified


def test_labels_much_larger_than_their_differences_are_met_exactly():
    x = np.arange(7.0) * 1160 - 76212.5
    y = 151.48 + 1e-3 * np.array([3.1, 3.0, 1.9, 1.3, 1.5, 1.6, 0.1])
    found = mn.interpolate(x, y, penalty=PathNorm("penalised", "none", "none"))
    assert found.certified
    assert found.certificate.residual <= 1e-12
    np.testing.assert_allclose(found(x), y, rtol=1e-14)


def test_equal_points_and_warm_starts_along_a_path():
    x = 1e8 + np.array([0.0, 1.0, 1.0, 3.0, 4.0, 7.0])
    y = np.array([1.0, 0.0, 0.4, 2.0, 2.5, 9.0])
    penalty = PathNorm("penalised", "none", "free")
    path = mn.path(x, y, [1e-2, 1e-4, 1e-6], penalty=penalty)
    assert np.all(path.certified)
    for lam, value in zip(path.lam.values.tolist(), path.value.values.tolist(), strict=True):
        assert value == pytest.approx(mn.fit(x, y, lam, penalty=penalty).value, rel=2e-6)


@pytest.mark.parametrize("skip", ["none", "free"])
def test_a_minimiser_has_no_neuron_without_a_reason(skip):
    """Wherever there is a neuron the dual vector touches its bound: masses next to nothing elsewhere are no part."""
    x, y = np.linspace(-1, 1, 6), np.array([0.0, 0.1, 0.6, 0.9, 0.4, 0.3])
    penalty = PathNorm("penalised", skip)
    found = mn.fit(x, y, lam=0.03, penalty=penalty)
    touched = penalty.correlation(found.dual / 0.03, x[:, None], found.network)
    assert found.network.width > 0
    assert np.sign(found.network.outer_weights) * touched == pytest.approx(1, abs=1e-4)

"""One neuron between two convex bodies."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import convex_margin


def test_it_is_right_on_all_of_two_balls_and_no_solver_finds_less():
    rng = np.random.default_rng(0)
    centres, radii = np.array([[2.0, 1.0, 0.0], [-1.0, 0.0, 2.0]]), (0.7, 1.1)
    across = centres[1] - centres[0]
    distance = float(np.linalg.norm(across))
    a, b = centres[0] + radii[0] * across / distance, centres[1] - radii[1] * across / distance
    found = convex_margin(a, b)
    assert found.certified
    assert found.value == pytest.approx(2 / (distance - sum(radii)), rel=1e-12)
    u = rng.normal(size=(2000, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    assert np.min(found(centres[0] + radii[0] * u)) >= 1 - 1e-12
    assert np.max(found(centres[1] + radii[1] * u)) <= -1 + 1e-12
    some = np.concatenate([[a, b], centres[0] + radii[0] * u[:5], centres[1] + radii[1] * u[:5]])
    labels = np.array([1, -1, *[1] * 5, *[-1] * 5])
    assert mn.separate(some, labels).value == pytest.approx(found.value, rel=1e-6)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([0.0], [0.0], "first and second are 0 apart"),
        ([0.0, 1.0], [0.0], "first has 2 coordinates and second 1"),
        ([[0.0]], [1.0], r"first has shape \(1, 1\); give one point"),
        ([0.0], [np.inf], "second"),
    ],
)
def test_what_are_no_bodies(first, second, message):
    with pytest.raises(ValueError, match=message):
        convex_margin(first, second)

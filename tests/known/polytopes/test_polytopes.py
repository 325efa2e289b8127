"""Labels at the corners of polytopes: norms by hand, the judge's word, and the solver."""

import math

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import cross_polytope, polygon, simplex


def corners(m):
    turn = 2 * np.pi * np.arange(m) / m
    return np.vstack([[0, 0], np.column_stack([np.cos(turn), np.sin(turn)])])


@pytest.mark.parametrize("m", [3, 4, 5, 6, 9, 40])
def test_polygons_cost_what_the_formula_says(m):
    found = polygon(m)
    assert found.certified
    formula = m * math.sin(math.pi / m) if m % 2 == 0 else 2 * m * math.sin(math.pi / (2 * m))
    assert found.value == pytest.approx(formula, rel=1e-12)
    np.testing.assert_allclose(found(corners(m)), np.eye(1, m + 1)[0], atol=1e-13)


@pytest.mark.parametrize("m", [3, 6, 7])
def test_the_solver_finds_the_same_polygons(m):
    assert mn.interpolate(corners(m), np.eye(1, m + 1)[0]).value == pytest.approx(polygon(m).value, rel=1e-6)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_cross_polytopes_are_certified(dim):
    found = cross_polytope(dim)
    assert found.certified
    assert found.value == pytest.approx(2 * math.sqrt(dim), rel=1e-12)
    points = np.concatenate([np.zeros((1, dim)), np.eye(dim), -np.eye(dim)])
    assert mn.interpolate(points, np.eye(1, 2 * dim + 1)[0]).value == pytest.approx(found.value, rel=1e-6)


@pytest.mark.parametrize("origin", [None, 0.5])
@pytest.mark.parametrize("labels", [[1.0, -2.0, 0.25], [3.0, 3.0], [0.5, 0.5, 0.5], [1.0]])
def test_simplexes_cost_the_labels_spread(labels, origin):
    found = simplex(labels, origin)
    y = np.array(labels)
    spread = float(np.linalg.norm(y - (y.mean() if origin is None else origin)))
    assert found.certified
    assert found.value == pytest.approx(spread, rel=1e-12)
    points = np.eye(y.size) if origin is None else np.vstack([np.eye(y.size), np.zeros(y.size)])
    values = y if origin is None else np.append(y, origin)
    np.testing.assert_allclose(found(points), values, atol=1e-14)
    assert mn.interpolate(points, values).value == pytest.approx(spread, rel=1e-6, abs=1e-12)


def test_beyond_what_verify_proves_the_dual_vector_has_the_same_value():
    for found, labels in (
        (cross_polytope(7, certify=False), np.eye(1, 15)[0]),
        (simplex(range(8), certify=False), range(8)),
    ):
        assert found.dual @ labels == pytest.approx(found.penalty.value(found.network), rel=1e-12)
        assert sum(found.dual) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: polygon(2), "corners is 2; give a whole number >= 3"),
        (lambda: cross_polytope(0), "dim is 0; give a whole number >= 1"),
        (lambda: simplex([]), "labels is empty"),
        (lambda: simplex([1e300, 0.0]), "labels and origin are so far apart"),
        (lambda: simplex([1.0], math.inf), "origin is inf; give a finite label"),
    ],
)
def test_what_is_no_polytope(call, message):
    with pytest.raises(ValueError, match=message):
        call()

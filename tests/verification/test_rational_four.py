"""The judge in integers in four dimensions: against all candidates in rationals, and on points far away."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import minnorm as mn
from minnorm.verification import rational
from minnorm.verification.arrangement import bound
from minnorm.verification.clock import Clock


def no_hurry():
    return Clock(1e300)


def dot(a, b):
    return sum((s * t for s, t in zip(a, b, strict=True)), Fraction(0))


def without(v, basis):
    for b in basis:
        share = dot(v, b) / dot(b, b)
        v = [s - share * t for s, t in zip(v, b, strict=True)]
    return v


def squared_supremum(z, weights):
    """The largest g(u)^2 / |u|^2 at v_A without its part along up to three points, for all sets A of active points."""
    best = Fraction(0)
    for size in range(4):
        for pins in itertools.combinations(z, size):
            basis = []
            for pin in pins:
                rest = without(pin, basis)
                basis += [rest] if any(rest) else []
            for active in itertools.product([False, True], repeat=len(z)):
                v = [
                    sum((w * row[i] for w, row, on in zip(weights, z, active, strict=True) if on), Fraction(0))
                    for i in range(4)
                ]
                u = without(v, basis)
                for sign in (1, -1) if any(u) else ():
                    g = sum(
                        (w * max(sign * dot(u, row), Fraction(0)) for w, row in zip(weights, z, strict=True)),
                        Fraction(0),
                    )
                    best = max(best, g * g / dot(u, u))
    return best


@pytest.mark.parametrize("kind", ["general", "grid", "far", "one plane holds three"])
def test_the_supremum_is_that_of_all_candidates(kind):
    rng = np.random.default_rng(len(kind))
    x = rng.normal(size=(5, 3))
    if kind == "grid":
        x = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    elif kind == "far":
        x += 1e8
    elif kind == "one plane holds three":  # through the origin of (x, 1): three points on a line
        x[2] = 2 * x[1] - x[0]
    nu = rng.integers(-3, 4, 5) + 0.5
    found = rational.dual_norm(x, nu, {}, True, 0.0, no_hurry())
    z = [[Fraction(float(v)) for v in row] + [Fraction(1)] for row in x]
    wanted = squared_supremum(z, [Fraction(float(v)) for v in nu])
    assert found is not None
    assert wanted <= Fraction(found) ** 2 <= wanted * (1 + Fraction(1, 10**13))


@pytest.mark.parametrize("penalised", [True, False])
def test_it_lies_within_the_bounds_of_branching(penalised):
    rng = np.random.default_rng(4)
    x, nu = rng.normal(size=(7, 4 - penalised)), rng.integers(-4, 5, 7).astype(float)
    nu[0] -= nu.sum()
    found = rational.dual_norm(x, nu, {}, penalised, 0.0, no_hurry())
    peak = bound(np.column_stack([x, np.ones(7)]) if penalised else x, nu, not penalised, np.zeros((0, 4)))
    assert found is not None
    assert peak is not None
    assert peak.lower * (1 - 1e-12) <= found <= peak.upper
    spared = rational.dual_norm(x, nu, {}, penalised, 0.9999 * found, no_hurry())
    assert spared == pytest.approx(found, rel=1e-15)


def test_far_points_with_penalised_biases_are_certified_where_free_terms_leave_small_numbers():
    """(x, 1) is the same direction for all points, but for one part in 1e9, and what it adds up to cancels."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(7, 3)) + 3e8 * np.array([1, -1, 1])
    y = np.sin(2 * x @ np.array([0.3, -0.2, 0.1]))
    penalty = mn.PathNorm("penalised", "free", "free")
    found = mn.fit(x, y, 1e-3, penalty=penalty, tolerance=1e-6)
    assert found.certified
    assert found.certificate.scope == "exact"


def test_there_is_no_answer_in_five_dimensions_or_without_time():
    rng = np.random.default_rng(0)
    x, nu = rng.normal(size=(8, 4)), rng.normal(size=8)
    assert rational.dual_norm(x, nu, {}, True, 0.0, no_hurry()) is None
    assert rational.dual_norm(x[:, :3], nu, {}, True, 0.0, Clock(0.0)) is None

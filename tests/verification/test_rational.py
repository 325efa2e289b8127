"""The judge in integers: against all candidate directions as fractions, and where float64 leaves a gap open."""

import itertools
import math
import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnorm import verify
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.solution import Solution
from minnorm.verification import line, rational
from minnorm.verification.arrangement import bound
from minnorm.verification.clock import Clock


def sample(seed, n, d, kind):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    x = {
        "general": x,
        "grid": np.round(2 * x),
        "far": np.round(2 * x) + 1e9,
        "twins": 1e-7 * x + rng.integers(0, 2, (n, 1)),
    }[kind]
    nu = rng.normal(size=n)
    return x, nu, {0: -sum((Fraction(float(v)) for v in nu), Fraction(0))}


def no_hurry():
    return Clock(time.monotonic() + 1e6)


def dot(a, b):
    return sum((s * t for s, t in zip(a, b, strict=True)), Fraction(0))


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def patterns(z):
    """The active sets of all cells: an infinitesimal step off each vertex, in each combination of directions."""
    k = len(z[0])
    if k == 2:
        corners = [[-v[1], v[0]] for v in z if any(v)]
    else:
        corners = [cross(a, b) for a, b in itertools.combinations(z, 2) if any(cross(a, b))]
    corners += [[-c for c in corner] for corner in corners]
    rng = np.random.default_rng(0)
    steps = [[Fraction(int(c)) for c in rng.integers(-1000, 1001, k)] for _ in range(2 * 3**k)]
    for corner, step in itertools.product(corners, steps):
        # The sign of u . v for u = corner + epsilon step.
        yield tuple((dot(corner, v), dot(step, v)) > (0, 0) for v in z)


def squared_norm(x, nu, change, penalised):
    """sup |h|^2 / cost^2 from the true values at all vertices, and at v/|v| and its projections for all active sets."""
    weights = [Fraction(float(v)) + change.get(j, 0) for j, v in enumerate(nu)]
    points = [[Fraction(float(v)) for v in row] for row in x]
    fans = (
        [[[*p, Fraction(1)] for p in points]]
        if penalised
        else [[[a - b for a, b in zip(q, p, strict=True)] for q in points] for p in points]
    )
    best = Fraction(0)
    for z in fans:
        candidates = (
            [cross(a, b) for a, b in itertools.combinations(z, 2)] if len(z[0]) == 3 else [[-v[1], v[0]] for v in z]
        )
        for active in set(patterns(z)):
            v = [
                sum((w * row[i] for w, row, on in zip(weights, z, active, strict=True) if on), Fraction(0))
                for i in range(len(z[0]))
            ]
            candidates.append(v)
            if len(v) == 3:
                candidates += [[a * dot(p, p) - dot(v, p) * b for a, b in zip(v, p, strict=True)] for p in z]
        for c, sign in itertools.product(candidates, (1, -1)):
            if any(c):
                g = sum(
                    (w * max(sign * dot(c, row), Fraction(0)) for w, row in zip(weights, z, strict=True)), Fraction(0)
                )
                best = max(best, g * g / dot(c, c))
    return best


@pytest.mark.parametrize("kind", ["general", "grid", "far", "twins"])
@pytest.mark.parametrize(("d", "n", "penalised"), [(2, 5, False), (2, 4, True), (3, 4, False)])
def test_the_supremum_is_that_of_all_candidates_in_rational_arithmetic(d, n, penalised, kind):
    x, nu, change = sample(d + n, n, d, kind)
    found = rational.dual_norm(x, nu, change, penalised, 0.0, no_hurry())
    wanted = squared_norm(x, nu, change, penalised)
    assert wanted <= Fraction(found) ** 2 <= wanted * (1 + Fraction(1, 10**14))
    spared = rational.dual_norm(x, nu, change, penalised, 0.9999 * found, no_hurry())
    assert spared == pytest.approx(found, rel=1e-15)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rank=st.sampled_from([2, 3]), penalised=st.booleans(), coarse=st.booleans())
def test_it_agrees_with_the_enumeration_in_float64(seed, rank, penalised, coarse):
    rng = np.random.default_rng(seed)
    d = rank - penalised
    n = int(rng.integers(2, 9))
    x = rng.integers(-2, 3, (n, d)).astype(float) if coarse else rng.normal(size=(n, d))
    nu = rng.integers(-4, 5, n).astype(float)
    nu[0] -= nu.sum()
    found = rational.dual_norm(x, nu, {}, penalised, 0.0, no_hurry())
    points = np.column_stack([x, np.ones(n)]) if penalised else x
    if found is None or d < 2:
        return  # one column only
    peak = bound(points, nu, not penalised, np.zeros((0, points.shape[1])))
    assert peak.lower <= found * (1 + 1e-15)
    assert found <= peak.upper * (1 + 1e-15) + 1e-300


@pytest.mark.parametrize("d", [2, 3])
def test_twins_are_certified_although_float64_leaves_the_gap_open(d, monkeypatch):
    """A difference quotient over 2^-32 has |h| <= 1, from terms of 2^32 times the distance to the other points."""
    delta, rng = 2.0**-32, np.random.default_rng(0)
    others = rng.integers(-8, 9, (5, d)) / 4.0
    x = np.vstack([np.zeros(d), np.eye(d)[0] * delta, others])
    # f = relu(x_1) has norm 1, which the slope between the twins costs; the other points are heard, but hardly.
    net = ShallowReLU(np.eye(d)[:1], np.zeros(1), np.ones(1), np.array(0.0))
    solution = Solution(net, np.array([-1 / delta, 1 / delta, *(2.0**-40 * np.array([1, -2, 3, -3, 1]))]))
    found = verify(x, net.evaluate(x), solution, tolerance=1e-9)
    assert found.certified
    assert found.dual_norm == pytest.approx(1, rel=1e-10)
    monkeypatch.setattr(rational, "dual_norm", lambda *_: None)
    assert not verify(x, net.evaluate(x), solution, tolerance=1e-9).certified


@pytest.mark.parametrize(("rank", "penalised"), [(1, False), (2, False), (3, False), (1, True), (2, True)])
def test_points_may_lie_in_a_subspace_of_many_dimensions(rank, penalised):
    """Rows that are orthogonal and three long embed exactly."""
    x, nu, change = sample(7, 5, rank, "general")
    rows = np.array([[1.0, 2.0, 2.0, 0.0], [2.0, 1.0, -2.0, 0.0], [2.0, -2.0, 1.0, 0.0]])[:rank]
    x = np.round(x * 2**20)  # so that the products are exact
    embedded = x @ rows + (0 if penalised else np.array([0.0, 1.0, 2.0, 5.0]))
    found = rational.dual_norm(embedded, nu, change, penalised, 0.0, no_hurry())
    flat = 3 * x if rank > 1 or penalised else np.column_stack([3 * x, 0 * x])
    assert found == pytest.approx(rational.dual_norm(flat, nu, change, penalised, 0.0, no_hurry()), rel=1e-15)
    again = rational.dual_norm(embedded, nu, change, penalised, 0.999 * found, no_hurry())
    assert again == pytest.approx(found, rel=1e-15)
    if rank == 1 and penalised:
        nu[0] += float(change[0])
        known = line.repaired_dual(3 * x[:, 0], 0 * nu, nu, PathNorm("penalised"), np.ones(len(x)))
        assert found == pytest.approx(known.norm, rel=1e-12)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_twins_with_penalised_biases_have_a_small_dual_norm(d):
    x = np.random.default_rng(d).normal(size=(2, d))
    x[1] = x[0]
    x[1, 0] = np.nextafter(x[0, 0], 9.0)
    solution = Solution(
        ShallowReLU(np.zeros((0, d)), np.zeros(0), np.zeros(0), np.array(0.5)),
        np.array([-0.25, 0.25]),
        PathNorm("penalised"),
        1e-15,
    )
    found = verify(x, np.array([0.0, 1.0]), solution)
    # h = (relu(z_1) - relu(z_0)) / 4 has a slope of one float's step, and atoms of length 1.
    assert found.dual_norm <= (x[1, 0] - x[0, 0]) / 4 * (1 + 1e-12)


def test_what_is_too_large_is_left():
    x, nu, change = sample(0, 50, 3, "general")
    assert rational.dual_norm(x, nu, change, False, 0.0, Clock(time.monotonic() + 0.1)) is None
    x, nu, change = sample(0, 6, 5, "general")
    assert rational.dual_norm(x, nu, change, False, 0.0, no_hurry()) is None
    assert math.isclose(
        rational.dual_norm(np.column_stack([x[:, :2], np.ones(6)]), nu, change, False, 0.0, no_hurry()),
        rational.dual_norm(x[:, :2], nu, change, False, 0.0, no_hurry()),
    )

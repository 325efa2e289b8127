"""All minimisers on the line: the band by linear programmes, the fewest knots by trying all."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import minnorm as mn
from minnorm.known import line, line_solutions
from minnorm.objective.norm import PathNorm

FREE, NONE = PathNorm(skip="free"), PathNorm()


@st.composite
def data(draw, most=7):
    n = draw(st.integers(2, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.cumsum(rng.uniform(0.2, 1.5, n)) + rng.normal()
    y = {
        "rough": rng.normal(size=n),
        "convex": (x - x.mean()) ** 2 + x,
        "steep": 5 * x + rng.normal(size=n) * 0.3,
        "steep and convex": np.exp(x / 3),
        "hinge": np.maximum(x - x[n // 2], 0),
    }[draw(st.sampled_from(["rough", "convex", "steep", "steep and convex", "hinge"]))]
    return x, y


def bend(f, t):
    """[f] of a broken line given by many values, without a skip term."""
    s = np.diff(f) / np.diff(t)
    total = np.abs(np.diff(s)).sum()
    return total, max(total, abs(s[0] + s[-1]))


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(data(most=12), st.sampled_from([FREE, NONE]))
def test_the_sparsest_is_a_certified_minimiser_inside_the_band(points, penalty):
    x, y = points
    found = line_solutions(x, y, penalty)
    assert found.sparsest.certified
    scale = 1 + np.ptp(y)
    assert found.sparsest.value == pytest.approx(line(x, y, penalty).value, rel=1e-12, abs=1e-12 * scale)
    q = np.linspace(x[0] - 1, x[-1] + 1, 211)
    for solution in (found.sparsest, line(x, y, penalty)):
        f = solution(q)
        assert np.all(found.lower(q) <= f + 1e-11 * scale)
        assert np.all(f <= found.upper(q) + 1e-11 * scale)
    np.testing.assert_allclose(found.lower(x), y, atol=1e-13 * scale)
    np.testing.assert_allclose(found.upper(x), y, atol=1e-13 * scale)
    width = np.max(found.upper(q) - found.lower(q))
    assert found.unique == (width <= 1e-11 * scale)
    # The knots are where the function turns, and it turns nowhere else.
    net = found.sparsest.network
    at = -net.biases * net.inner_weights[:, 0]
    bending = at[np.abs(net.outer_weights) > 1e-9 * scale]
    inside = bending[(bending > x[0] - 0.1) & (bending < x[-1] + 0.1)]
    assert all(np.min(np.abs(found.knots - knot)) < 1e-9 for knot in inside)


@settings(max_examples=12, deadline=None)
@given(data(most=6), st.sampled_from([FREE, NONE]), st.floats(-0.3, 1.3))
def test_the_band_is_that_of_a_programme(points, penalty, share):
    """Over atoms on a grid that has the data, the query and where chords meet, with the norm at most the minimum."""
    x, y = points
    found = line_solutions(x, y, penalty)
    query = x[0] + share * (x[-1] - x[0])
    extra = [knot for knot in found.knots if x[0] - 3 < knot < x[-1] + 3]
    s = np.diff(y) / np.diff(x)
    for i in range(1, len(s) - 1):
        if s[i - 1] != s[i + 1]:
            extra.append(x[i] + (y[i + 1] - y[i] - s[i + 1] * (x[i + 1] - x[i])) / (s[i - 1] - s[i + 1]))
    knots = np.unique(np.concatenate([x, [query], np.clip(extra, x[0] - 3, x[-1] + 3), np.linspace(x[0], x[-1], 30)]))
    w = np.repeat([1.0, -1.0], knots.size)
    places = np.append(x, query)
    phi = np.maximum(w * (places[:, None] - np.tile(knots, 2)), 0)
    free = np.stack([np.ones(places.size), places][: 1 + (penalty.skip == "free")], axis=1)
    matrix = np.hstack([phi, -phi, free])
    cost = np.concatenate([np.ones(2 * w.size), np.zeros(free.shape[1])])
    norm = line(x, y, penalty).value
    for sign, end in ((1, found.lower(query)), (-1, found.upper(query))):
        programme = linprog(
            sign * matrix[-1],
            A_ub=cost[None],
            b_ub=[norm * (1 + 1e-9) + 1e-9],
            A_eq=matrix[:-1],
            b_eq=y,
            bounds=[(0, None)] * (2 * w.size) + [(None, None)] * free.shape[1],
            method="highs",
        )
        assert sign * programme.fun == pytest.approx(float(end), abs=1e-5 * (1 + np.ptp(y)))


def fewest_knots(x, y):
    """By trying which chords a minimiser follows: each of its pieces is a line through two neighbours, or turns at one.

    A minimiser has the signs of the broken line's turns, so pieces between neighbouring kept chords meet in the gap
    between them; a gap of more than one left-out chord would leave a point that no piece meets.
    """
    s = np.diff(y) / np.diff(x)
    signs = np.sign(np.round(np.diff(s), 12))
    n = len(s)
    best = n
    for kept in itertools.product([False, True], repeat=n):
        if not (kept[0] and kept[-1]):
            continue
        knots, good = 0, True
        for i in range(n - 1):
            if kept[i] and kept[i + 1]:
                knots += signs[i] != 0
            elif not kept[i] and not kept[i + 1]:
                good = False
            elif kept[i]:
                # Chord i + 1 is left out: its neighbours meet above it only if both turns agree.
                good &= signs[i] * signs[i + 1] > 0
                knots += 1
        if good:
            best = min(best, knots)
    return best


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(data(most=11))
def test_no_choice_of_chords_has_fewer_knots(points):
    x, y = points
    found = line_solutions(x, y, FREE)
    assert found.knots.size == fewest_knots(x, y)


@pytest.mark.parametrize("m", range(1, 8))
def test_a_convex_run_of_m_turns_has_half_as_many_knots(m):
    x = np.arange(m + 2.0)
    assert line_solutions(x, x**2, FREE).knots.size == (m + 1) // 2


def test_the_band_of_the_solver_and_uniqueness():
    x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0, 3.0])
    q = np.linspace(-1, 4, 31)
    for penalty in (FREE, NONE):
        band = mn.band(x, y, q, penalty=penalty)
        found = line_solutions(x, y, penalty)
        np.testing.assert_allclose(band.lower, found.lower(q), atol=1e-13)
        np.testing.assert_allclose(band.upper, found.upper(q), atol=1e-13)
    assert line_solutions([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]).unique
    assert not line_solutions([0.0, 1.0], [0.0, 1.0]).unique
    assert line_solutions([0.0, 1.0], [0.0, 1.0], FREE).unique


def test_penalised_biases_are_refused():
    with pytest.raises(ValueError, match=r"bias='penalised'; with it known\.line returns"):
        line_solutions([0.0, 1.0], [0.0, 1.0], PathNorm("penalised"))

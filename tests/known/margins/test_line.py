"""The max-margin network on the line: its norm by the formula, the judge's word, and the solver."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.known import line_margin


def formula(x, labels, skip="none"):
    order = np.argsort(x)
    x, y = np.asarray(x)[order], np.asarray(labels)[order]
    steep = 2 / np.diff(x)[np.diff(y) != 0]
    if steep.size == 1:
        return steep[0] if skip == "none" else 0.0
    return float(np.sum(steep[1:] + steep[:-1]))


@pytest.mark.parametrize("skip", ["none", "free"])
@pytest.mark.parametrize("seed", range(5))
def test_its_norm_is_that_of_the_gaps_between_classes(seed, skip):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=4 + 5 * seed), rng.choice([-1.0, 1.0], 4 + 5 * seed)
    labels[:2] = [-1, 1]
    found = line_margin(x, labels, mn.PathNorm(skip=skip))
    assert found.certified
    assert found.value == pytest.approx(formula(x, labels, skip), rel=1e-11, abs=1e-12)
    assert np.min(labels * found(x)) >= 1 - 1e-9
    assert np.all(labels * found.dual >= 0)


@pytest.mark.parametrize("labels", [[-1, -1, 1, 1, -1, 1, 1], [-1, -1, -1, 1, 1, 1, 1], [1, -1, -1, 1, 1, 1, 1]])
def test_the_solver_finds_no_less(labels):
    x = np.array([-3.0, -2.5, -1.0, 0.25, 1.0, 3.0, 3.5])
    found = line_margin(x, labels)
    assert found.certified
    assert mn.separate(x, labels).value == pytest.approx(found.value, rel=1e-6)


@pytest.mark.parametrize("skip", ["none", "free"])
def test_far_from_the_origin_no_sign_changes_by_rounding(skip):
    rng = np.random.default_rng(324)
    x, labels = 1e6 + rng.normal(size=29), rng.choice([-1.0, 1.0], 29)
    found = line_margin(x, labels, mn.PathNorm(skip=skip))
    assert found.certified
    assert found.value == pytest.approx(formula(x, labels, skip), rel=1e-9)


@pytest.mark.parametrize("offset", ["free", "none"])
@pytest.mark.parametrize("skip", ["none", "free"])
@pytest.mark.parametrize(("seed", "away"), [(1, 0.0), (2, 3.0)])
def test_where_biases_cost_the_solver_finds_the_same(seed, away, skip, offset):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=10) + away, rng.choice([-1.0, 1.0], 10)
    penalty = mn.PathNorm("penalised", skip, offset)
    found = line_margin(x, labels, penalty)
    assert found.certified
    assert found.certificate.scope == "exact"
    assert found.gap < 1e-8
    assert mn.separate(x, labels, penalty=penalty, tolerance=1e-7).value == pytest.approx(found.value, rel=2e-7)
    assert np.min(labels * found(x)) >= 1 - 1e-12
    assert np.all(labels * found.dual >= 0)


def test_where_biases_cost_turns_lie_between_points_and_margins_may_be_larger():
    """Lines of slopes 4 and -2 meet at x = 1.75, at the cost of 6 sqrt(1 + 1.75^2); free biases turn at the points."""
    x, labels = [-1.0, 1.0, 1.5, 2.25, 3.25], [-1, -1, 1, 1, -1]
    dear = line_margin(x, labels, mn.PathNorm("penalised", "free"))
    assert dear.certified
    knots = -dear.network.biases * dear.network.inner_weights[:, 0]
    assert dear.value == pytest.approx(6 * np.hypot(1, 1.75), rel=1e-9)
    np.testing.assert_allclose(knots, 1.75, atol=1e-6)
    assert dear(np.array([1.75]))[0] == pytest.approx(2)


@pytest.mark.parametrize("x", [[0.1, 0.4, -0.2, -0.3], [-0.0067, -0.0062, 0.002, 0.0235]])
def test_what_free_terms_do_alone_costs_nothing(x):
    labels = [1, 1, -1, -1]
    for offset in ("free", "none"):
        if offset == "none" and x[1] < 0:
            continue
        penalty = mn.PathNorm("penalised", "free", offset)
        for found in (line_margin(x, labels, penalty), mn.separate(x, labels, penalty=penalty)):
            assert found.certified
            assert (found.value, found.network.width) == (0.0, 0)


@pytest.mark.parametrize("x", [[0.1, 0.4, -0.2, -0.3], [[0.1, 1], [0.4, 2], [-0.2, 1], [-0.3, 3]]])
def test_free_terms_without_an_offset_have_a_neuron_for_it(x):
    found = mn.separate(x, [1, 1, -1, -1], penalty=mn.PathNorm(skip="free", offset="none"))
    assert found.certified
    assert (found.value, float(found.network.offset)) == (0.0, 0.0)


def test_many_points_take_no_time_and_are_certified():
    x = np.random.default_rng(0).normal(size=20_000)
    found = line_margin(x, np.sign(np.sin(9 * x)))
    assert found.certified
    assert found.network.width < 60


@pytest.mark.parametrize(
    ("x", "labels", "penalty", "message"),
    [
        ([0.0, 1.0], [1, 1], None, "labels is 1 everywhere"),
        ([0.0, 1.0], [0, 1], None, "labels has the values 0, 1"),
        ([0.0, 1.0, 0.0], [-1, 1, 1], None, "points 0 and 2 are equal"),
        ([[0.0, 1.0], [1.0, 1.0]], [-1, 1], None, "x has 2 columns; known.line_margin takes one"),
        ([0.0, 1.0], [-1, 1], mn.PathNorm(activation="abs"), "penalty has activation abs; .*minnorm.separate"),
    ],
)
def test_what_is_not_known(x, labels, penalty, message):
    with pytest.raises(ValueError, match=message):
        line_margin(x, labels, penalty)

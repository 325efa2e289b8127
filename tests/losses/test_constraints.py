"""Constraints as losses: labels kept within a distance, and classes on their sides by a margin."""

import dataclasses
import re

import numpy as np
import pytest

import minnorm as mn
from minnorm import losses
from minnorm.objective.problem import Problem


def plane():
    rng = np.random.default_rng(7)
    x = rng.normal(size=(40, 2))
    y = np.sin(2 * x[:, 0]) + 0.3 * rng.standard_t(2, 40)
    return x, y, np.sign(x[:, 0] * x[:, 1] + 0.3 * rng.normal(size=40))


@pytest.mark.slow
def test_the_least_values_are_those_of_a_conic_solver():
    x, y, labels = plane()
    margin, near = mn.separate(x, labels), mn.interpolate(x, y, within=0.2)
    for found, value in ((margin, 149.30208), (near, 130.47726)):
        assert found.certified
        assert found.certificate.scope == "exact"
        assert found.certificate.residual == 0
        assert abs(found.value / value - 1) < 1e-6
    assert np.min(labels * margin(x)) >= 1
    assert np.max(np.abs(near(x) - y)) <= 0.2


@pytest.mark.parametrize(
    ("x", "labels", "value"),
    [
        ([0.0, 0.5], [-1, 1], 2 / 0.5),  # half-spaces at a distance g: 2 / g
        ([0.0, 1.0, 2.0], [-1, 1, -1], 4.0),
        ([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], [1, -1, -1, -1, -1], 4 * 2**0.5),  # twice that of 1 and 0
        (np.vstack([np.zeros(3), np.eye(3), -np.eye(3)]), [1, -1, -1, -1, -1, -1, -1], 4 * 3**0.5),
    ],
)
def test_margins_that_are_known(x, labels, value):
    found = mn.separate(x, labels)
    assert found.certified
    assert found.value == pytest.approx(value, rel=1e-6)
    assert np.min(np.asarray(labels) * found(np.asarray(x, dtype=float))) >= 1


def test_labels_within_a_distance_cost_what_the_line_through_them_may_bend_less():
    x, y = np.array([-1.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
    for within in (0.0, 0.1, 0.25):
        found = mn.interpolate(x, y, within=within)
        assert found.certified
        assert found.value == pytest.approx(2 - 4 * within, rel=1e-6)
        assert np.max(np.abs(found(x) - y)) <= within + 1e-15
    assert mn.interpolate(x, y, within=0.0).loss == losses.SQUARED
    flat = mn.interpolate(x, y, within=0.5)  # one constant alone is near enough to all
    assert (flat.value, flat.certified) == (0.0, True)


@pytest.mark.parametrize(("x", "labels"), [([5.0, -7, 1, 6], [1, -1, -1, 1]), ([5.0, -7, 1, 6, 8], [1, -1, -1, 1, -1])])
def test_without_free_terms_dual_vectors_leave_the_corners_of_their_boxes(x, labels):
    cost = mn.PathNorm("penalised", offset="none")
    apart, soft = mn.separate(x, labels, penalty=cost), mn.fit(x, labels, 1e-5, loss="hinge", penalty=cost)
    assert apart.certified
    assert soft.certified
    assert soft.value == pytest.approx(1e-5 * apart.value, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [mn.PathNorm("penalised"), mn.PathNorm("penalised", "free", "none")])
def test_dual_numbers_are_where_constraints_bind_and_have_their_signs(penalty):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    labels = np.where(y > 0, 1.0, -1.0)
    near, apart = mn.interpolate(x, y, within=0.3, penalty=penalty), mn.separate(x, labels, penalty=penalty)
    assert near.certified
    assert apart.certified
    rest, margins = near(x) - y, labels * apart(x)
    live = np.abs(near.dual) > 1e-3 * np.max(np.abs(near.dual))
    np.testing.assert_allclose(rest[live], -0.3 * np.sign(near.dual[live]), atol=1e-4)
    assert np.all(labels * apart.dual >= 0)
    np.testing.assert_allclose(margins[apart.dual * labels > 1e-3 * np.max(labels * apart.dual)], 1, atol=1e-4)


def test_equal_points_with_labels_far_apart_have_what_is_between_them():
    x, y = [0.0, 0.0, 1.0, 2.0], [0.0, 0.4, 1.0, 0.0]
    found = mn.interpolate(x, y, within=0.25)
    assert found.certified
    assert 0.15 <= found([0.0])[0] <= 0.25
    assert mn.interpolate([0.0, 0.0, 1.0], [0.0, 1.0, 2.0], within=0.5).certified


def test_points_that_do_not_count_bind_nothing():
    x, y = [0.0, 1.0, 1.5, 2.0], [-1.0, 1.0, -1.0, -1.0]
    left_out = mn.fit(x, y, 0.0, loss="margin", sample_weight=[1, 2, 0, 3])
    assert left_out.certified
    assert left_out.value == pytest.approx(4.0, rel=1e-6)


@pytest.mark.slow
def test_a_network_that_breaks_its_constraints_is_not_certified_and_rounding_has_its_price():
    x, y, labels = (part[:12] for part in plane())
    for found, values in ((mn.interpolate(x, y, within=0.2), y), (mn.separate(x, labels), labels)):
        for share, certified in ((1e-7, False), (1e-13, True)):
            net = found.network.to_numpy()
            moved = dataclasses.replace(net, outer_weights=net.outer_weights * (1 - share), offset=net.offset)
            proof = mn.verify(x, values, dataclasses.replace(found, network=moved))
            assert proof.certified is certified
            assert proof.value >= found.lower_bound * (1 - 1e-15)
        assert mn.verify(x, values, found).certified
        wrong = dataclasses.replace(found, dual=found.dual * np.linspace(1, 1.2, 12))
        assert not mn.verify(x, values, wrong).certified


def test_a_solution_keeps_its_constraint_in_a_file(tmp_path):
    found = mn.interpolate([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], within=0.1)
    found.save(tmp_path / "one.nc")
    again = mn.Solution.load(tmp_path / "one.nc")
    assert again.loss == losses.Tolerance(0.1)
    assert "tolerance:0.1" in repr(again)
    assert mn.verify([0.0, 1.0, 2.0], [0.0, 1.0, 0.0], again).certified
    assert "least norm with margin" in repr(Problem([0.0, 1.0], [-1.0, 1.0], loss="margin"))


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["hinge", "logistic"])
def test_losses_of_margins_tend_to_the_separator_as_lam_falls(loss):
    x, labels = np.array([0.0, 0.7, 1.0, 2.2, 2.5, 4.0]), np.array([-1.0, 1.0, 1.0, -1.0, 1.0, -1.0])
    best = 1 / mn.separate(x, labels).value
    short = []
    for lam in (1e-2, 1e-4, 1e-6):
        found = mn.fit(x, labels, lam, loss=loss)
        margin = np.min(labels * found(x)) / found.penalty.value(found.network)
        short.append(1 - margin / best)
    assert all(-1e-6 <= part for part in short)
    if loss == "hinge":  # exact from some lam on
        assert short[-1] < 1e-5
    else:  # like 1 / log(1 / lam): the margins grow with that, and differ by constants
        assert short[0] > short[1] > short[2] > 0
        assert short[2] < 0.5 * short[0]


XOR = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mn.separate([0, 0, 1], [1, -1, 1]), "points 0 and 1 are equal but their values are 1.0 and -1.0; no"),
        (lambda: mn.separate([0, 1, 2], [1, 0, 1]), "give -1 for 0 and 1 for 1"),
        (lambda: mn.separate([0, 1, 2], [-1, 1, 2]), "labels has the values -1, 1, 2; loss margin takes two classes"),
        (lambda: mn.separate([0, 1], [1, 1]), "labels is 1 everywhere; loss margin takes two classes"),
        (lambda: mn.interpolate([0, 0, 1], [0, 1, 2], within=0.4), "remove one, or give within above 0.4"),
        (lambda: mn.interpolate([0, 1], [0, 1], within=-1), "within is -1; give a finite number >= 0"),
        (lambda: mn.fit([0, 1], [0, 1], 0.1, loss="tolerance:0.1"), "give lam 0, as mn.interpolate with within"),
        (lambda: mn.path([0, 1], [-1, 1], loss="margin"), "loss is margin, which is kept whatever lam is"),
        (lambda: mn.train([0, 1], [-1, 1], loss="margin"), "train with loss 'hinge'"),
        (lambda: mn.separate(XOR, [1, 1, -1, -1], penalty=mn.PathNorm(inputs=1)), "has the sign of every label"),
        (
            lambda: mn.interpolate(XOR, [1, 1, -1, -1], within=0.9, penalty=mn.PathNorm(inputs=1)),
            "the nearest misses it by 1;",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(call, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_sums_of_functions_of_one_column_that_can_keep_constraints_do():
    one = mn.PathNorm(inputs=1)
    found = mn.separate(XOR, [1, 1, 1, -1], penalty=one)
    assert found.certified
    assert found.value == pytest.approx(4.0, rel=1e-6)
    assert mn.interpolate(XOR, [1, 1, -1, -1], within=1.0, penalty=one).certified

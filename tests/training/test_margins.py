"""Margins that are recorded in training: against the networks, against the certified largest one, and their ends."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.training import networks
from minnorm.training.margins import course

X, LABELS = np.array([[-1.5, 0.0], [0.2, 1.0], [1.0, -0.5], [2.0, 1.5]]), np.array([1.0, -1.0, -1.0, 1.0])
NORM = mn.PathNorm(bias="penalised", offset="none")


@pytest.fixture(scope="module")
def runs():
    return mn.train(
        X,
        LABELS,
        loss="logistic",
        optimizer="gd",
        learning_rate=[1e-9, 0.5],
        width=20,
        steps=800,
        records=12,
        dtype="float64",
        penalty=NORM,
    )


@pytest.mark.slow
def test_margins_are_those_of_the_networks(runs):
    for place, network in networks(runs):
        one = runs.sel(learning_rate=place["learning_rate"]).squeeze()
        margin = np.min(LABELS * network.evaluate(X))
        np.testing.assert_allclose(one["margin"][-1], margin, rtol=1e-12)
        np.testing.assert_allclose(one["normalised_margin"][-1], margin / NORM.value(network), rtol=1e-12)


@pytest.mark.slow
def test_none_is_above_the_largest_one(runs):
    largest = 1 / mn.separate(X, LABELS, penalty=NORM).lower_bound
    reached = runs["normalised_margin"].sel(learning_rate=0.5).values.squeeze()
    assert 0 < reached[-1] <= largest
    assert int(runs["separated_step"].sel(learning_rate=0.5).squeeze()) > 0


@pytest.mark.slow
def test_squares_have_none():
    runs = mn.train(X, LABELS, width=3, steps=2)
    assert not {"margin", "normalised_margin", "margin_trend", "settled_step"} & set(runs.data_vars)


@pytest.mark.parametrize(
    ("margins", "separated", "trend", "settled"),
    [
        ([-1.0, -1.0, 1.0, 2.0, 2.0], 10, 0.5, -1),  # it stood still from the last but one record: too late
        ([-1.0, 1.0, 2.0, 2.0, 2.0], 1, 0.0, 10),
        ([1.0, -1.0, 1.0, 1.0, -4.0], -1, -1.25, -1),
        ([0.0, 0.0, 0.0, 0.0, 0.0], -1, 0.0, 0),
    ],
)
def test_where_a_course_stands(margins, separated, trend, settled):
    g = np.array([margins])
    found = {name: values.tolist() for name, (values, _) in course(g, g, np.array([0, 1, 10, 60, 100])).items()}
    assert found == {"separated_step": [separated], "margin_trend": [trend], "settled_step": [settled]}


def test_no_step_settles_nothing():
    g = np.array([[1.0]])
    assert course(g, g, np.array([0]))["settled_step"][0].tolist() == [-1]

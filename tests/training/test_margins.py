"""Margins that are recorded in training: against the networks, against the certified largest one, and their ends."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.training import networks
from minnorm.training.margins import course, settled

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


def trained(seeds=2, **options):
    """Networks of two rates that separate four points."""
    return mn.train(
        X,
        LABELS,
        loss="logistic",
        optimizer="gd",
        learning_rate=[0.5, 1.0],
        seeds=seeds,
        width=20,
        dtype="float64",
        penalty=NORM,
        **options,
    )


@pytest.mark.parametrize("engine", ["native", "xla"])
def test_training_ends_at_the_first_record_at_which_all_margins_have_settled(engine):
    ended = trained(steps=100_000, records=40, settled=0.05, engine=engine)
    assert ended.attrs["ending"] == "settled"
    assert ended.attrs["settled"] == 0.05
    assert np.all(ended["settled_step"].values >= 0)
    taken = ended["step"].values
    assert 100 <= taken[-1] < 100_000
    longer = trained(steps=int(taken[-1]), records=5, engine=engine)
    np.testing.assert_allclose(ended["inner_weights"], longer["inner_weights"], rtol=1e-12)
    earlier = ended.isel(step=slice(None, -1))
    names = ["margin", "normalised_margin"]
    history = [{name: earlier[name].values.reshape(4, -1)[:, k] for name in names} for k in range(taken.size - 1)]
    assert not any(settled(history[:k], taken, 0.05) for k in range(taken.size))


def test_groups_of_networks_end_together():
    """On one thread XLA's engine takes two of these at a time."""
    few = {"steps": 100_000, "records": 40, "settled": 0.05, "engine": "xla", "threads": 1}
    together = trained(**few)
    many = trained(seeds=20, **few)
    assert many["step"].size >= together["step"].size
    assert np.all(many["settled_step"].values >= 0)
    assert not np.any(np.isnan(many["objective"]))


def test_what_does_not_settle_takes_all_steps():
    runs = trained(steps=120, records=8, settled=1e-6)
    assert runs.attrs["ending"] == "steps"
    assert runs["step"].values[-1] == 120


def test_a_network_that_diverged_waits_for_nothing():
    gone = np.full(3, np.nan)
    history = [{"margin": np.append(gone, 1.0), "normalised_margin": np.append(gone, 0.5)} for _ in range(3)]
    assert settled(history, np.array([50, 100, 200]), 0.01)
    assert not settled(history[:1], np.array([50, 100, 200]), 0.01)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"settled": 0.0}, "settled is 0.0; give a share between 0 and 1, or None"),
        ({"settled": "soon"}, "settled is 'soon'; give a share between 0 and 1, or None"),
        ({"settled": 0.01, "loss": "squared"}, "loss squared has no margin that could settle; use logistic, hinge or"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_share_that_is_none_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        mn.train(X, LABELS, **{"loss": "hinge", "width": 3, "steps": 2, **options})

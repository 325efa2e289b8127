"""Losses on the line: the banded method against column generation, and proofs for many points."""

import numpy as np
import pytest

import minnorm as mn
from minnorm.solve import routes

LOSSES = ("absolute", "quantile:0.8", "insensitive:0.1", "huber:0.5", "logistic", "hinge", "squared_hinge")


def data(n, loss):
    rng = np.random.default_rng(0)
    x = np.round(rng.uniform(-3, 3, n), 2)  # some of them equal
    y = np.sin(2 * x) + 0.3 * rng.standard_t(2, n)
    return x, np.where(y > 0, 1.0, -1.0) if loss in LOSSES[4:] else y


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("skip", ["none", "free"])
def test_many_points_are_solved_together_with_a_proof(loss, skip):
    x, y = data(400, loss)
    found = mn.fit(x, y, 1e-3, loss=loss, penalty=mn.PathNorm(skip=skip))
    assert found.certified
    assert found.network.width < 200


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_the_minimum_is_that_of_column_generation(monkeypatch, loss):
    x, y = data(60, loss)
    p = np.random.default_rng(1).uniform(0.5, 2, 60)
    one = mn.fit(x, y, 1e-3, loss=loss, sample_weight=p)
    monkeypatch.setattr(routes, "_MANY", 3)
    other = mn.fit(x, y, 1e-3, loss=loss, sample_weight=p)
    assert one.certified
    assert other.certified
    assert one.value == pytest.approx(other.value, rel=2e-6)

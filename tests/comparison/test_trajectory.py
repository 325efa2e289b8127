"""What an optimiser did, over time: every recorded network against one certified minimum."""

import io
from importlib import import_module

import numpy as np
import pytest

import minnorm as mn

X = np.linspace(-1, 1, 8)
Y = np.sin(4 * X)
GRID = {"width": 20, "learning_rate": 0.01, "weight_decay": 1e-2, "dtype": "float64"}


@pytest.fixture(scope="module")
def runs():
    return mn.train(X, Y, **GRID, steps=200, records=6, trajectory=True)


@pytest.fixture(scope="module")
def found(runs):
    return mn.compare(runs, X, Y)


def test_networks_are_those_of_shorter_runs(runs):
    assert runs["recorded_inner_weights"].dims[-3:] == ("step", "neuron", "coordinate")
    each = list(mn.training.networks(runs, recorded=True))
    assert [place["step"] for place, _ in each] == runs["step"].values.tolist()
    ((_, last),) = mn.training.networks(runs)
    assert each[-1][1] == last
    k = 4
    shorter = mn.train(X, Y, **GRID, steps=int(runs["step"][k]), records=1)
    ((_, there),) = mn.training.networks(shorter)
    assert each[k][1] == there


def test_objectives_are_those_that_training_recorded(runs, found):
    data = found.to_dataset()
    assert dict(data["parts"].sizes)["step"] == runs.sizes["step"]
    np.testing.assert_allclose(data["objective"].values, runs["objective"].values, rtol=1e-10)
    np.testing.assert_allclose(data["parts"].sum("part").values, data["excess"].values, rtol=1e-9)
    assert np.unique(data["lower_bound"]).size == 1
    assert float(data["objective"].min()) >= float(data["lower_bound"][..., 0].max()) > 0


def test_the_minimum_is_found_once(runs, monkeypatch):
    module = import_module("minnorm.comparison.compare")
    calls, least = [], module._least
    monkeypatch.setattr(module, "_least", lambda *given: calls.append(1) or least(*given))
    few = runs.isel(step=[0, 3, -1])
    assert len(mn.compare(few, X, Y)) == 3
    assert len(calls) == 1


def test_it_is_drawn_with_the_certified_minimum(found):
    axes = found.plot()
    (floor,) = (line for line in axes.get_lines() if line.get_label() == "certified minimum")
    np.testing.assert_allclose(floor.get_ydata(), found[0].lower_bound)
    (whole,) = (line for line in axes.get_lines() if line.get_label() == "objective")
    np.testing.assert_allclose(whole.get_ydata(), [one.objective for one in found.each], rtol=1e-12)
    assert len(axes.collections) == 4


@pytest.mark.slow
def test_it_moves(found):
    film = found.animate(seconds=2)
    assert "above the minimum" in film._fig.axes[0].get_title()
    film._func(len(found) - 1)
    moved = film._fig.axes[1].get_lines()[1].get_ydata()
    film._func(0)
    assert np.max(np.abs(moved - film._fig.axes[1].get_lines()[1].get_ydata())) > 0.1
    film._fig.savefig(io.BytesIO(), format="png")
    film._draw_was_started = True  # nobody plays it


@pytest.mark.slow
def test_what_cannot_be_followed_is_said(found):
    last = mn.train(X, Y, **GRID, steps=2, seeds=2)
    with pytest.raises(ValueError, match="trajectory=True"):
        list(mn.training.networks(last, recorded=True))
    with pytest.raises(ValueError, match="several networks"):
        mn.compare(last, X, Y).animate()
    with pytest.raises(ValueError, match="has no steps"):
        mn.compare(last.isel(seed=[0]), X, Y).animate()
    with pytest.raises(ValueError, match="seconds is 0"):
        found.animate(seconds=0)

"""`compare`: each part of an excess is what its operation saves, and the bound is below whatever is found otherwise."""

import dataclasses
import warnings

import numpy as np
import pytest
import xarray as xr
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso

import minnorm as mn
from made import random_network, regression

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 2))
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 1


def plain(net, weight_decay, *, everything=False, x=X, y=Y):
    """What torch minimises with MSELoss and weight_decay, written out."""
    parts = [net.inner_weights, net.outer_weights] + ([net.biases, net.offset] if everything else [])
    return np.mean((net.evaluate(x) - y) ** 2) + weight_decay / 2 * sum(float(np.sum(part**2)) for part in parts)


@pytest.mark.parametrize(
    ("decayed", "dim"),
    [("all", 1), ("weights", 2), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("weights", 1), ("all", 2)))],
)
def test_the_parts_sum_to_the_excess_and_each_is_what_its_operation_saves(decayed, dim):
    x, everything = RNG.normal(size=(15, dim)), decayed == "all"
    y, net = np.cos(2 * x[:, 0]) + 2, random_network(dim, 20, dim)
    found = mn.compare(net, x, y, weight_decay=0.05, decayed=decayed)
    values = [plain(one, 0.05, everything=everything, x=x, y=y) for one in (net, *found.steps.values())]
    assert found.objective == pytest.approx(values[0], rel=1e-12)
    assert found.loss + found.decay == pytest.approx(found.objective, rel=1e-14)
    wanted = -np.diff([*values, found.lower_bound]) / found.lower_bound
    np.testing.assert_allclose([*found.parts.values()], wanted, rtol=1e-9, atol=1e-9 * found.excess)
    assert abs(sum(found.parts.values()) - found.excess) <= 1e-9 * found.excess
    assert min(found.parts.values()) >= 0
    rescaled, fewer, _ = found.steps.values()
    np.testing.assert_allclose(rescaled.evaluate(x), net.evaluate(x), atol=1e-10)
    np.testing.assert_allclose(fewer.evaluate(x), net.evaluate(x), atol=1e-10)
    assert found.best_objective >= found.lower_bound * (1 - 1e-12)
    assert found.best_objective == pytest.approx(
        plain(found.best.network.balance(with_bias=everything), 0.05, everything=everything, x=x, y=y), rel=1e-9
    )
    assert found.best_objective - found.lower_bound <= 3e-6 * found.best_objective
    assert found.scope in ("exact", "bounded")


def test_refitting_is_as_good_as_coordinate_descent():
    net = random_network(3, 12, 2)
    found = mn.compare(net, X, Y, lam=0.01)
    fewer = found.steps["merging"]
    size = np.linalg.norm(fewer.inner_weights, axis=1)
    atoms = np.maximum(X @ (fewer.inner_weights / size[:, None]).T + fewer.biases / size, 0)
    assert found.objective_of.value(found.steps["refitting"]) <= regression(atoms, Y, 0.01) * (1 + 1e-9)


def test_where_the_constant_decays_the_bound_is_below_a_fine_grid_and_hardly():
    x, y, lam = np.array([-1.0, 0.0, 0.5, 1.0]), np.array([1.0, 3.0, 2.0, 2.5]), 0.05
    found = mn.compare(random_network(0, 5, 1), x, y, lam=lam, decayed="all")
    angle = np.linspace(0, 2 * np.pi, 401)[:-1]
    atoms = np.maximum(np.outer(x, np.cos(angle)) + np.sin(angle), 0)
    least, root = np.inf, None
    for c in np.linspace(0.6, 1.4, 9):
        value = _nonnegative(atoms, y - c, lam) + lam * c**2 / 2
        least, root = (value, c) if value < least else (least, root)
    assert found.lower_bound <= least
    assert found.lower_bound >= 0.99 * least
    assert abs(float(found.best.network.offset) - root) < 0.2


def _nonnegative(atoms, y, lam):
    """The least 1/(2n) |A a - y|^2 + lam sum |a|, without a constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # what is reached is above the minimum in any case
        lasso = Lasso(alpha=lam, fit_intercept=False, tol=1e-4, max_iter=20_000).fit(atoms, y)
    return np.mean((y - lasso.predict(atoms)) ** 2) / 2 + lam * np.abs(lasso.coef_).sum()


@pytest.mark.parametrize(
    ("reduction", "factor", "lam"),
    [
        ("mean", 2.0, 0.05),
        pytest.param("sum", 32.0, 0.1 / 32, marks=pytest.mark.slow),
        pytest.param("half", 1.0, 0.1, marks=pytest.mark.slow),
    ],
)
def test_a_reduction_is_a_multiple_of_the_library_s_own_objective(reduction, factor, lam):
    net = random_network(1, 8, 2)
    found = mn.compare(net, X, Y, weight_decay=0.1, reduction=reduction)
    same = mn.compare(net, X, Y, lam=lam)
    assert found.objective == pytest.approx(factor * same.objective, rel=1e-12)
    assert found.excess == pytest.approx(same.excess, rel=1e-9)


@pytest.mark.slow
def test_classes_may_be_0_and_1():
    labels = (Y > 1).astype(int)
    net = random_network(2, 8, 2)
    one = mn.compare(net, X, labels, weight_decay=0.01, loss="logistic")
    other = mn.compare(net, X, 2 * labels - 1, weight_decay=0.01, loss="logistic")
    assert one.objective == other.objective
    everything = mn.compare(net, X, labels, weight_decay=0.01, loss="logistic", decayed="all")
    assert everything.lower_bound <= everything.best_objective
    assert (
        everything.best_objective < everything.lower_bound + 0.005 * float(everything.best.network.offset) ** 2 + 1e-5
    )
    margins = (2 * labels - 1) * net.evaluate(X)
    decay = 0.005 * (np.sum(net.inner_weights**2) + np.sum(net.outer_weights**2))
    assert one.objective == pytest.approx(np.mean(np.log1p(np.exp(-margins))) + decay, rel=1e-12)


def test_the_minimum_itself_has_no_excess():
    best = mn.fit(X, Y, 0.01)
    found = mn.compare(best, X, Y)
    assert found.excess == pytest.approx(found.parts["rescaling"], abs=1e-5)
    balanced = mn.compare(dataclasses.replace(best, network=best.network.balance()), X, Y)
    assert 0 <= balanced.excess < 2e-6
    assert balanced.distances["data"].sup < 1e-12


@pytest.mark.slow
def test_all_networks_of_a_training_run_are_compared_on_its_grid():
    grid = {"learning_rate": [1e-2, 1e3], "weight_decay": [1e-3, 1e-2], "seeds": 2}
    runs = mn.train(X, Y, **grid, width=10, steps=20, dtype="float64")
    found = mn.compare(runs, X, Y)
    data = found.to_dataset()
    assert dict(data["parts"].sizes) == {"learning_rate": 2, "weight_decay": 2, "scale": 1, "seed": 2, "part": 4}
    ok = ~runs["diverged"].values
    last = runs["objective"].isel(step=-1).values
    np.testing.assert_allclose(data["objective"].values[ok], last[ok], rtol=1e-10)
    excess = (data["objective"] / data["lower_bound"] - 1).values
    np.testing.assert_allclose(data["excess"].values, excess, rtol=1e-9)
    np.testing.assert_allclose(data["parts"].sum("part", skipna=False).values, data["excess"].values, rtol=1e-9)
    assert len(mn.plot_comparison(data).patches) == 4 * 8
    assert "8" in repr(found)
    runs.attrs |= {"decay": "decoupled", "optimizer": "adamw"}  # which has no objective
    one = mn.compare(runs.isel({axis: [0] for axis in ("learning_rate", "weight_decay", "seed")}), X, Y)
    assert "adamw: decoupled" in one[0].notes[0]


@pytest.mark.slow
def test_neurons_of_another_kind_and_a_skip_term_are_compared_with_their_own():
    leaky = dataclasses.replace(random_network(5, 8, 2), activation=mn.Activation.of("leaky_relu:0.1"))
    skipped = random_network(5, 8, 2, skip=True)
    for net in (leaky, skipped):
        found = mn.compare(net, X, Y, weight_decay=0.05)
        assert found.best.penalty.activation == net.activation
        assert abs(sum(found.parts.values()) - found.excess) <= 1e-9 * found.excess
        assert found.objective == pytest.approx(plain(net, 0.05), rel=1e-12)


def test_it_shows_itself():
    found = mn.compare(random_network(1, 8, 2), X, Y, weight_decay=0.1)
    assert found._repr_html_().startswith("<div")
    assert "above the minimum" in repr(found)
    assert {bar.get_label() for bar in found.plot().containers} >= {"rescaling neurons"}
    data = found.to_dataset()
    assert data.attrs["kind"] == "minnorm comparison"
    assert data["loss"].sel(stage="given") + data["decay"].sel(stage="given") == pytest.approx(found.objective)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "none of weight_decay and lam are given"),
        ({"weight_decay": 1e-2, "lam": 1.0}, "both weight_decay and lam are given"),
        ({"weight_decay": 0}, "weight_decay is 0; without decay every interpolant"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0; give a finite number"),
        ({"weight_decay": 1e-2, "reduction": "avg"}, "reduction is 'avg'; choose one of mean"),
        ({"weight_decay": 1e-2, "decayed": "biases"}, "decayed is 'biases'; choose one of weights, all"),
        ({"weight_decay": 1e-2, "loss": "logistic"}, "y has the values"),
        ({"weight_decay": 1e-2, "loss": "huber:1", "reduction": "half"}, "reduction is 'half'"),
        ({"lam": 1e-2, "reduction": "mean"}, "reduction is 'mean' and lam is given"),
        ({"lam": 1e-2, "X": X[:, :1]}, "X has 1 columns and the model takes 2"),
        ({"lam": 1e-2, "model": 3}, "model is 3; give"),
        ({"lam": 1e-2, "model": xr.Dataset()}, "model is a dataset, but not one of minnorm.train"),
        ({"lam": 1e-2, "model": random_network(0, 3, 2, biases=np.full(3, np.nan))}, "model.biases has 3 NaN"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_wrong_argument_is_named(options, message):
    options = {"model": random_network(0, 5, 2), "X": X, "y": Y, **options}
    with pytest.raises(ValueError, match=message) as error:
        mn.compare(options.pop("model"), options.pop("X"), options.pop("y"), **options)
    assert "\n" not in str(error.value)

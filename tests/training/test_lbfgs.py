"""L-BFGS: against SciPy's, and what its line search promises at any learning rate, engine and precision."""

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import minimize

from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.training import networks, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = np.sin(X[:, 0]) + 0.3 * X[:, 1]
WIDTH, LAM = 12, 1e-2
COMMON = {"optimizer": "lbfgs", "width": WIDTH, "weight_decay": LAM, "dtype": "float64"}


def objective(theta):
    """1/(2n) sum (f - y)^2 + lam (|a|^2 + |W|^2) / 2 and its gradient, on a flat vector of (w, b, a, c)."""
    w, b, a, c = np.split(theta, np.cumsum([2 * WIDTH, WIDTH, WIDTH]))
    w = w.reshape(WIDTH, 2)
    hidden = X @ w.T + b
    active = hidden > 0
    r = (np.where(active, hidden, 0) @ a + c - Y) / len(Y)
    back = r[:, None] * active * a
    gradient = [(back.T @ X + LAM * w).ravel(), back.sum(0), r @ np.where(active, hidden, 0) + LAM * a, [r.sum()]]
    return len(Y) * r @ r / 2 + LAM * (a @ a + np.sum(w * w)) / 2, np.concatenate(gradient)


def flat(network):
    return np.concatenate([np.ravel(part) for part in network.to_dict().values()])


def scipy_minimum(theta):
    limits = {"maxiter": 2000, "maxfun": 10_000, "ftol": 0, "gtol": 1e-10}
    return minimize(objective, theta, jac=True, method="L-BFGS-B", options=limits).fun


def smooth(seed, width):
    """Every neuron active on all points, and so on the way: the objective is a polynomial there."""
    rng = np.random.default_rng(seed)
    return ShallowReLU(rng.normal(size=(width, 2)), np.full(width, 20.0), 0.1 * rng.normal(size=width), np.zeros(()))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", pytest.param("xla", marks=pytest.mark.slow)])
def test_it_reaches_the_minimum_that_scipy_does_where_the_objective_is_smooth(engine):
    runs = train(X, Y, **COMMON, start=smooth, seeds=3, learning_rate=1.0, steps=300, engine=engine)
    for (place, network), last in zip(networks(runs), runs["objective"].isel(step=-1).values.ravel(), strict=True):
        assert np.all(X @ network.inner_weights.T + network.biases > 0)
        assert last == pytest.approx(scipy_minimum(flat(smooth(place["seed"], WIDTH))), rel=1e-7)
    later = runs["objective"].sel(step=slice(100, None))
    assert later.max() < 1.001 * later.min()
    assert runs["gradient_norm"].isel(step=-1).max() < 1e-4 * runs["gradient_norm"].isel(step=0).min()


@pytest.mark.slow
def test_it_gets_as_low_as_scipy_from_random_starts():
    """Kinks stop either now and then; on average neither is lower by much."""
    runs = train(X, Y, **COMMON, seeds=8, learning_rate=1.0, steps=400)
    start = train(X, Y, **COMMON, seeds=8, steps=0)
    scipys = np.array([scipy_minimum(flat(network)) for _, network in networks(start)])
    ours = runs["objective"].isel(step=-1).values.ravel()
    assert ours.mean() < 1.02 * scipys.mean()
    assert ours.min() < 1.001 * scipys.min()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "xla"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_objective_never_grows_whatever_the_learning_rate(engine, dtype):
    runs = train(
        X, Y, **{**COMMON, "dtype": dtype, "weight_decay": [0.0, LAM]}, learning_rate=[1e-3, 0.1, 1.0, 100.0], seeds=2,
        steps=60, records=1000, engine=engine, scale=[1.0, 3.0],
    )  # fmt: skip
    assert runs.sizes["step"] == 61
    rounding = 1e-5 if dtype == "float32" else 1e-13  # of the metric, which sums in another order
    growth = runs["objective"].diff("step") / runs["objective"].isel(step=0)
    assert growth.max() <= rounding
    assert not runs["diverged"].any()
    assert np.all(runs["objective"].isel(step=-1) < runs["objective"].isel(step=0))


@pytest.mark.slow
def test_the_learning_rate_bounds_the_step():
    """Small ones follow one curve at their own pace; from 1 on there is little left to gain."""
    runs = train(X, Y, **COMMON, learning_rate=[1e-3, 1e-2, 1e-1, 1.0, 10.0], steps=30).squeeze()
    fallen = runs["objective"].isel(step=-1).values
    assert np.all(fallen[:3] > 1.1 * fallen[1:4])
    first = runs["objective"].isel(step=0) - runs["objective"].isel(step=1)
    np.testing.assert_allclose(first[1] / first[0], 10, rtol=0.05)
    assert fallen[4] < 1.2 * fallen[3]


@pytest.mark.slow
def test_the_same_arguments_give_the_same_numbers_alone_or_not():
    grid = train(X, Y, **COMMON, learning_rate=[0.1, 1.0], seeds=4, steps=30, threads=2)
    xr.testing.assert_identical(train(X, Y, **COMMON, learning_rate=[0.1, 1.0], seeds=4, steps=30, threads=1), grid)
    alone = train(X, Y, **COMMON, learning_rate=[1.0], seeds=[2], steps=30)
    xr.testing.assert_identical(alone, grid.sel(learning_rate=[1.0], seed=[2]))


@pytest.mark.slow
def test_what_the_penalty_forbids_stays_and_its_choices_are_searched_on():
    penalty = PathNorm(bias="penalised", skip="free", offset="none")
    runs = train(X, Y, **{**COMMON, "weight_decay": 0.1}, penalty=penalty, learning_rate=1.0, steps=200, seeds=2)
    assert not runs["offset"].any()
    assert runs["skip"].all()
    fallen = runs["objective"].diff("step")
    assert fallen.max() < 1e-13
    assert np.all(runs["objective"].isel(step=-1) < 0.8 * runs["objective"].isel(step=0))
    for _, network in networks(runs):
        assert runs["half_squares"].isel(step=-1).max() >= penalty.weight_decay(network) * (1 - 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "xla"])
def test_a_schedule_shortens_its_steps(engine):
    usual = train(X, Y, **COMMON, learning_rate=0.1, steps=5, engine=engine)
    slow = train(X, Y, **COMMON, learning_rate=0.1, steps=5, engine=engine, schedule="inverse")
    np.testing.assert_array_equal(usual["objective"].isel(step=1), slow["objective"].isel(step=1))
    assert np.all(usual["objective"].isel(step=5) < slow["objective"].isel(step=5))

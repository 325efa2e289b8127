"""Constants that decay: the bound against linear programmes and squares, for losses of residuals."""

import dataclasses

import numpy as np
import pytest
from scipy.optimize import linprog

import minnorm as mn
from minnorm.comparison import constant
from minnorm.comparison.objective import objective_of
from minnorm.objective.norm import PathNorm

RNG = np.random.default_rng(0)
X, LAM = RNG.normal(size=(8, 1)), 0.05
Y = 2 + np.sin(3 * X[:, 0])
PENALTY = PathNorm("penalised", "none", "free")


def least(loss, x=X, y=Y, sample_weight=None):
    options = {"weight_decay": None, "decayed": "all", "loss": loss, "reduction": None, "lam": LAM}
    made = objective_of(x, y, PENALTY, **options, sample_weight=sample_weight)
    return made, constant.least(made.problem, 20.0)


def programme(tau, c, count=2001):
    """min over neurons on a grid of the mean quantile loss of f + c, and lam times the norm: above the minimum."""
    angle = np.linspace(0, 2 * np.pi, count)[:-1]
    atoms = np.maximum(np.outer(X[:, 0], np.cos(angle)) + np.sin(angle), 0)
    n, m = atoms.shape
    cost = np.concatenate([np.full(2 * m, LAM), np.full(n, (1 - tau) / n), np.full(n, tau / n)])
    found = linprog(cost, A_eq=np.hstack([atoms, -atoms, -np.eye(n), np.eye(n)]), b_eq=Y - c)
    return found.fun + LAM * c * c / 2


def test_a_huber_loss_that_is_a_square_has_the_bound_of_squares():
    _, squares = least("squared")
    _, huber = least("huber:1000")
    assert huber.lower_bound == pytest.approx(squares.lower_bound, rel=1e-5)
    assert huber.value == pytest.approx(squares.value, rel=1e-5)


@pytest.mark.parametrize("tau", [0.3, 0.5])
def test_the_bound_of_quantiles_is_below_a_linear_programme_and_hardly(tau):
    made, found = least(f"quantile:{tau}")
    c = float(found.solution.network.offset)
    above = min(programme(tau, c + step) for step in (-0.1, 0.0, 0.1))
    assert found.lower_bound <= above
    assert found.lower_bound >= (1 - 1e-3) * above
    assert found.value >= found.lower_bound >= (1 - 1e-5) * found.value
    assert made.value(found.solution.network.balance(with_bias=True)) == pytest.approx(found.value, rel=1e-9)


@pytest.mark.parametrize("loss", ["huber:0.3", "absolute", "insensitive:0.2"])
def test_weights_are_repeated_points_and_0_is_none(loss):
    counts = np.array([1, 2, 1, 0, 1, 1, 3, 1])
    _, weighed = least(loss, sample_weight=counts)
    _, repeated = least(loss, np.repeat(X, counts, axis=0), np.repeat(Y, counts))
    assert weighed.lower_bound == pytest.approx(repeated.lower_bound, rel=1e-5)
    assert weighed.value >= weighed.lower_bound >= (1 - 1e-5) * weighed.value


def test_the_bound_counts_the_constant_and_compare_says_nothing_of_leaving_it_out():
    net = mn.ShallowReLU(np.ones((2, 1)), np.array([0.0, 1.0]), np.array([1.0, -1.0]), np.array(2.0))
    everything = mn.compare(net, X, Y, lam=LAM, decayed="all", loss="huber:0.3")
    weights = mn.compare(net, X, Y, lam=LAM, loss="huber:0.3")
    assert everything.lower_bound > weights.lower_bound
    assert not any("constant" in note for note in everything.notes)
    skip = mn.compare(dataclasses.replace(net, skip=np.ones(1)), X, Y, lam=LAM, decayed="all")
    assert any("free linear term up to rounding" in note for note in skip.notes)
    labels = np.where(Y > 2, 1, -1)
    margins = mn.compare(net, X, labels, lam=LAM, decayed="all", loss="logistic")
    assert any("constant decays, which the bound leaves out" in note for note in margins.notes)

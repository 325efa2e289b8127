"""Constants that decay: the bound against linear programmes, gradient methods and squares."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

import minnorm as mn
from minnorm.comparison import constant
from minnorm.comparison.objective import objective_of
from minnorm.objective.norm import PathNorm

RNG = np.random.default_rng(0)
X, LAM = RNG.normal(size=(8, 1)), 0.05
Y = 2 + np.sin(3 * X[:, 0])
SIGNS = np.where(np.sin(3 * X[:, 0]) > -0.5, 1.0, -1.0)
PENALTY = PathNorm("penalised", "none", "free")


def least(loss, x=X, y=Y, sample_weight=None):
    options = {"weight_decay": None, "decayed": "all", "loss": loss, "reduction": None, "lam": LAM}
    made = objective_of(x, y, PENALTY, **options, sample_weight=sample_weight)
    return made, constant.least(made.problem, 20.0)


def grid(count=2001):
    """Values at the points of neurons (w, b) on the unit circle."""
    angle = np.linspace(0, 2 * np.pi, count)[:-1]
    return np.maximum(np.outer(X[:, 0], np.cos(angle)) + np.sin(angle), 0)


def programme(tau, c):
    """min over neurons on a grid of the mean quantile loss of f + c, and lam times the norm: above the minimum."""
    atoms = grid()
    n, m = atoms.shape
    cost = np.concatenate([np.full(2 * m, LAM), np.full(n, (1 - tau) / n), np.full(n, tau / n)])
    found = linprog(cost, A_eq=np.hstack([atoms, -atoms, -np.eye(n), np.eye(n)]), b_eq=Y - c)
    return found.fun + LAM * c * c / 2


def hinges(c):
    """The same for the mean hinge loss."""
    atoms = SIGNS[:, None] * grid()
    n, m = atoms.shape
    cost = np.concatenate([np.full(2 * m, LAM), np.full(n, 1 / n)])
    found = linprog(cost, A_ub=-np.hstack([atoms, -atoms, np.eye(n)]), b_ub=SIGNS * c - 1)
    return found.fun + LAM * c * c / 2


def logistic():
    """The least mean logistic loss over neurons on a coarser grid and constants, by L-BFGS-B."""
    atoms = grid(401)
    signed = SIGNS[:, None] * np.hstack([atoms, -atoms, np.ones((len(X), 1))])

    def objective(v):
        z = signed @ v
        value = np.mean(np.logaddexp(0, -z)) + LAM * (np.sum(v[:-1]) + v[-1] ** 2 / 2)
        slope = -signed.T @ (1 / (1 + np.exp(z))) / len(X) + LAM
        slope[-1] += LAM * (v[-1] - 1)
        return value, slope

    start = np.zeros(signed.shape[1])
    bounds = [(0, None)] * (len(start) - 1) + [(None, None)]
    return minimize(
        objective, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 1e-13}
    ).fun


def test_a_huber_loss_that_is_a_square_has_the_bound_of_squares():
    _, squares = least("squared")
    _, huber = least("huber:1000")
    assert squares.certified
    assert huber.certified
    assert huber.lower_bound == pytest.approx(squares.lower_bound, rel=1e-5)
    assert huber.value == pytest.approx(squares.value, rel=1e-5)


@pytest.mark.parametrize("tau", [0.3, 0.5])
def test_the_bound_of_quantiles_is_below_a_linear_programme_and_hardly(tau):
    made, found = least(f"quantile:{tau}")
    c = float(found.network.offset)
    above = min(programme(tau, c + step) for step in (-0.1, 0.0, 0.1))
    assert found.lower_bound <= above
    assert found.lower_bound >= (1 - 1e-3) * above
    assert found.value >= found.lower_bound >= (1 - 1e-5) * found.value
    assert made.value(found.network.balance(with_bias=True)) == pytest.approx(found.value, rel=1e-9)


def test_the_least_hinge_loss_is_that_of_linear_programmes():
    made, found = least("hinge", y=SIGNS)
    c = float(found.network.offset)
    above = min(hinges(c + step) for step in (-0.1, 0.0, 0.1))
    assert (1 - 1e-3) * above <= found.lower_bound <= above
    assert found.certified
    assert made.value(found.network.balance(with_bias=True)) == pytest.approx(found.value, rel=1e-9)


def test_the_least_logistic_loss_is_that_of_a_gradient_method():
    _, found = least("logistic", y=SIGNS)
    above = logistic()
    assert (1 - 3e-3) * above <= found.lower_bound <= above
    assert found.certified


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["squared", "huber:0.5", "logistic", "hinge", "squared_hinge"]),
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.sampled_from([0.3, 0.03, 0.003]),
)
def test_no_network_has_less_than_the_bound(loss, seed, dim, lam):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(6, dim))
    located = loss in ("squared", "huber:0.5")
    y = rng.normal(size=6) + 1 if located else np.sign(rng.permutation(np.arange(6) - 2.5))
    options = {"weight_decay": None, "decayed": "all", "loss": loss, "reduction": None, "lam": lam}
    objective = objective_of(x, y, PENALTY, **options)
    found = constant.least(objective.problem, 20.0)
    best = found.network.balance(with_bias=True)
    value = objective.value(best)
    assert found.lower_bound <= value <= (1 + 1e-4) * found.lower_bound + 1e-9
    for size in (1e-3, 1e-2, 1e-1):
        near = dataclasses.replace(
            best,
            inner_weights=best.inner_weights + size * rng.normal(size=best.inner_weights.shape),
            offset=best.offset + size * rng.normal(),
        )
        assert objective.value(near) >= found.lower_bound


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
    assert skip.scope == "exact"
    assert not skip.notes
    labels = np.where(Y > 2, 1, -1)
    everything = mn.compare(net, X, labels, lam=LAM, decayed="all", loss="logistic")
    weights = mn.compare(net, X, labels, lam=LAM, loss="logistic")
    assert everything.lower_bound > weights.lower_bound
    assert everything.best.certified
    assert not everything.notes


def test_the_refitted_constant_is_the_best_for_its_neurons():
    net = mn.ShallowReLU(np.ones((2, 1)), np.array([0.0, 1.0]), np.array([1.0, -1.0]), np.array(2.0))
    found = mn.compare(net, X, SIGNS, lam=LAM, decayed="all", loss="logistic")
    fitted, value = found.steps["refitting"], found.objective_of.value
    for step in (1e-2, -1e-2):
        assert value(dataclasses.replace(fitted, offset=fitted.offset + step)) > value(fitted)


def test_another_dual_vector_is_no_proof_for_the_one_that_was_given():
    """Above rank 3 the judge may prove another vector; what is bounded is that one, with its own sum."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(40, 6)), 3 + rng.normal(size=40)
    options = {"weight_decay": None, "decayed": "all", "loss": "squared", "reduction": None, "lam": 0.05}
    found = constant.least(objective_of(x, y, PENALTY, **options).problem, 6.0)
    assert found.certificate.scope == "bounded"
    assert found.lower_bound <= found.value
    h = np.maximum(x @ found.network.inner_weights.T + found.network.biases, 0).T @ found.dual
    cost = np.linalg.norm(np.column_stack([found.network.inner_weights, found.network.biases]), axis=1)
    assert found.certificate.dual_norm >= np.max(np.abs(h) / cost)

"""Networks that several tests make, and minima over dictionaries that they compare with."""

import warnings

import numpy as np
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso

from minnorm.network import ShallowReLU
from minnorm.objective.terms import FreeTerms


def random_network(seed, width=6, dim=3, skip=False, **parts):
    """Normal parameters, drawn in the order of the network's fields; `skip`, if drawn or given; `parts` as given."""
    rng = np.random.default_rng(seed)
    usual = {
        "inner_weights": rng.normal(size=(width, dim)),
        "biases": rng.normal(size=width),
        "outer_weights": rng.normal(size=width),
        "offset": np.array(rng.normal()),
    }
    if skip is not False:
        usual["skip"] = rng.normal(size=dim) if skip is True else skip
    return ShallowReLU.from_dict({**usual, **parts})


def free_terms(x, penalty):
    """What costs nothing, as columns (n, q)."""
    return FreeTerms.of(penalty, x.shape[1]).columns(x)


def programme(atoms, free, y):
    """The least norm over a dictionary, by HiGHS."""
    columns = np.concatenate([atoms, -atoms, free], axis=1)
    p, q = 2 * atoms.shape[1], free.shape[1]
    cost = np.append(np.ones(p), np.zeros(q))
    result = linprog(cost, A_eq=columns, b_eq=y, bounds=[(0, None)] * p + [(None, None)] * q)
    assert result.status == 0, result.message
    return float(result.fun)


def regression(atoms, y, lam, sweeps=30_000):
    """The objective that coordinate descent reaches over a dictionary: attained, whether it has converged or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        lasso = Lasso(alpha=lam, tol=1e-9, max_iter=sweeps).fit(atoms, y)
    return float(np.mean((y - lasso.predict(atoms)) ** 2) / 2 + lam * np.abs(lasso.coef_).sum())

"""Independent problems, one for each target or class: their solutions, and what a fit leaves behind of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import block_diag
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from minnorm import advice
from minnorm.estimator.settings import seconds_of, seed_of
from minnorm.estimator.tables import points
from minnorm.interop.onnx_writer import Layers
from minnorm.network import ShallowReLU
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise

WORDS = advice.Words(tolerance="tol", time_limit="max_time", category=ConvergenceWarning)
NAMES = ("X", "y", "alpha")


def solved(estimator: Any, problems: Sequence[Problem], called: Sequence[str] = ("",)) -> list[Solution]:
    """A solution for each problem, which is `called` so; one warning if some are not certified."""
    seed = seed_of(estimator)
    solutions = [
        minimise(problem, tolerance=float(estimator.tol), time_limit=seconds_of(estimator), seed=seed)
        for problem in problems
    ]
    with advice.speaking(WORDS):
        advice.say(advice.summary(list(problems), solutions, WORDS, called=[f"for {name}" for name in called]))
    return solutions


def keep(estimator: Any, solutions: list[Solution]) -> Any:
    """What a fit leaves behind: the parts of one solution, or of several, arrays where they have one shape."""
    alone = len(solutions) == 1
    networks = [solution.network.to_numpy() for solution in solutions]
    lists = {
        "network_": networks,
        "inner_weights_": [net.inner_weights for net in networks],
        "biases_": [net.biases for net in networks],
        "outer_weights_": [net.outer_weights for net in networks],
    }
    arrays = {
        "offset_": [float(net.offset) for net in networks],
        "value_": [one.value for one in solutions],
        "lower_bound_": [one.lower_bound for one in solutions],
        "dual_gap_": [one.gap for one in solutions],
        "certified_": [one.certified for one in solutions],
        "n_iter_": [one.rounds for one in solutions],
    }
    parts: dict[str, Any] = {"solutions_": tuple(solutions)}
    if alone:
        parts |= {name: several[0] for name, several in (lists | arrays).items()}
        parts |= {"solution_": solutions[0], "dual_coef_": solutions[0].dual, "skip_": networks[0].skip}
    else:
        parts |= lists | {name: np.array(several) for name, several in arrays.items()}
        free = networks[0].skip is not None
        parts["skip_"] = np.stack([np.asarray(net.skip) for net in networks]) if free else None
        parts["dual_coef_"] = np.stack([one.dual for one in solutions], axis=1)
    if hasattr(estimator, "solution_"):
        del estimator.solution_
    for name, part in parts.items():
        setattr(estimator, name, part)
    return estimator


def standing(estimator: Any, networks: list[ShallowReLU]) -> Any:
    """An estimator that predicts by these networks, as one that is fitted does."""
    estimator.network_ = networks[0] if len(networks) == 1 else networks
    estimator.n_features_in_ = networks[0].dim
    return estimator


def layers(estimator: Any) -> Layers:
    """All networks as one of so many outputs, each with its own neurons."""
    check_is_fitted(estimator)
    nets = estimator.network_ if isinstance(estimator.network_, list) else [estimator.network_]
    return Layers(
        np.concatenate([net.inner_weights for net in nets]),
        np.concatenate([net.biases for net in nets]),
        np.asarray(block_diag(*(net.outer_weights[None] for net in nets))),
        np.array([float(net.offset) for net in nets]),
        nets[0].activation,
        None if nets[0].skip is None else np.stack([np.asarray(net.skip) for net in nets]),
    )


def values(estimator: Any, X: Any) -> npt.NDArray[np.float64]:
    """f at points (n, d), shape (n,); (n, q) for q > 1 networks."""
    check_is_fitted(estimator)
    x = points(estimator, X)
    if not isinstance(estimator.network_, list):
        return estimator.network_.evaluate(x)
    return np.stack([net.evaluate(x) for net in estimator.network_], axis=1)

"""Cross-validation: the folds, the path of each in processes of its own, and what scores it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.parallel import Parallel, delayed

from minnorm.checks import function, shown
from minnorm.estimator.settings import seconds_of
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.objective.norm import PathNorm
from minnorm.objective.problem import Problem
from minnorm.solve.regularisation import lam_max, networks, path, sequence

Fold = tuple[np.ndarray, np.ndarray]
_WANTED = "give a number of folds >= 2, a splitter or pairs of indices"


def splits(cv: Any, X: np.ndarray, y: np.ndarray, groups: Any, *, classifier: bool = False) -> list[Fold]:
    """The folds; ValueError that names cv, with what scikit-learn says of it, if there are none."""
    wanted = f"{_WANTED}; a number needs as many points of each class in y" if classifier else _WANTED
    try:
        splitter: Any = check_cv(cv, y, classifier=classifier)
        found = [(train, test) for train, test in splitter.split(X, y, groups) if X[train].ndim == X[test].ndim == 2]
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"cv is {shown(cv)}; {wanted}{_told(error)}") from None
    if not found:
        raise ValueError(f"cv is {shown(cv)}; {wanted}")
    return found


def _told(error: Exception) -> str:
    """What scikit-learn says, where it is one line that does not repeat the value."""
    said = str(error)
    return "" if "\n" in said or len(said) > 200 or "Got " in said else f" ({said})"


def scorer(estimator: Any) -> Callable[..., float] | None:
    """What `scoring` names, None for None; ValueError for what is none."""
    if estimator.scoring is None:
        return None
    if not isinstance(estimator.scoring, str):
        return function("scoring", estimator.scoring, "a name, a function of (estimator, X, y), or None", 3)
    try:
        found: Any = check_scoring(estimator, estimator.scoring)
        return found
    except ValueError:
        raise ValueError(
            f"scoring is {shown(estimator.scoring)}; give a name of sklearn.metrics.get_scorer_names(), a function of "
            "(estimator, X, y), or None"
        ) from None


def scored(score: Callable[..., float], fitted: Any, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """What a scorer says of a fitted estimator; weights are for those that scikit-learn has a name for."""
    counted = {} if np.all(weights == 1) or not hasattr(score, "_score_func") else {"sample_weight": weights}
    found = score(fitted, X, y, **counted)
    try:
        return float(found)
    except (TypeError, ValueError):
        raise ValueError(
            f"scoring gives {shown(found)}; give a function of (estimator, X, y) that gives a number"
        ) from None


def strengths(estimator: Any, problems: Sequence[Problem], seed: int) -> npt.NDArray[np.float64]:
    """`alphas`, largest first; by default from the largest `lam_max` of these problems down."""

    def largest() -> float:
        return max(
            lam_max(
                one.points,
                one.values,
                one.penalty,
                loss=one.loss,
                sample_weight=one.weights,
                time_limit=seconds_of(estimator),
                seed=seed,
            )
            for one in problems
        )

    return np.asarray(sequence("alphas", estimator.alphas, largest))


def paths(
    estimator: Any, problems: Sequence[Problem], folds: list[Fold], alphas: np.ndarray, seed: int
) -> list[list[list[ShallowReLU]]]:
    """The networks of each problem on each fold's training part, for each alpha: (problem, fold, alpha)."""
    options = {"tolerance": float(estimator.tol), "time_limit": seconds_of(estimator), "seed": seed}
    jobs = [(one.points[train], one.values[train], one.weights[train], one) for one in problems for train, _ in folds]
    found: Any = Parallel(n_jobs=estimator.n_jobs)(
        delayed(_networks)(x, y, p, alphas, one.loss, one.penalty, options) for x, y, p, one in jobs
    )
    count = len(folds)
    return [list(found[k * count : (k + 1) * count]) for k in range(len(problems))]


def _networks(
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    alphas: np.ndarray,
    loss: Loss,
    penalty: PathNorm,
    options: dict[str, Any],
) -> list[ShallowReLU]:
    """Those of one path."""
    found = path(
        x, y, alphas, loss=loss, sample_weight=weights, penalty=penalty, certify=False, on_interrupt="raise", **options
    )
    return [net for _, net in networks(found)]

"""The classifier whose alpha is cross-validated."""

from typing import Any, no_type_check

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if

from minnorm.activation import Activation
from minnorm.checks import shown
from minnorm.estimator import folds, outcome, tables
from minnorm.estimator.classifier import (
    MinNormClassifier,
    called,
    decided,
    gives_probabilities,
    probabilities,
    problems,
)
from minnorm.estimator.settings import check_common, seed_of
from minnorm.interop.onnx_writer import classifier as written_classifier
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.objective.norm import Bias, Skip
from minnorm.objective.problem import Problem


class MinNormClassifierCV(ClassifierMixin, BaseEstimator):
    r"""A `MinNormClassifier` whose alpha is chosen by cross-validation along regularisation paths.

        alpha = argmax over alphas of the mean over folds of score(f_{alpha, rest}, fold)

    Every fold is one warm-started path (`minnorm.path`) for each class against the rest; then the networks are solved
    on all data at the best alpha, the same for all classes. The score is minus the mean of the loss over the fold,
    summed over the classes, unless `scoring` says otherwise.

    Arguments: `alphas`, distinct numbers > 0, or None for 25 from the largest `lam_max` of all data to 1e-4 of it,
    log-spaced; `cv`, a number of folds, which are stratified, a splitter or an iterable of splits; `scoring`, None, a
    name that scikit-learn knows ("accuracy") or a function of (estimator, X, y), larger is better; `n_jobs`, how many
    paths are solved at once, each in a process of its own; `max_time`, in seconds, of each path and of each last fit;
    the others as for `MinNormClassifier`.

    Attributes: `alpha_`; `alphas_` (k,), largest first; `scores_` (k, folds); the others as for `MinNormClassifier`.

    Errors: ValueError naming the argument, also where a fold leaves a class without points.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(40, 1))
    >>> clf = MinNormClassifierCV(cv=3, scoring="accuracy").fit(x, np.abs(x[:, 0]) > 0.8)
    >>> clf.certified_, clf.scores_.shape, bool(clf.score(x, np.abs(x[:, 0]) > 0.8) > 0.9)
    (True, (25, 3), True)

    Source: as for `MinNormClassifier`; Stone (1974) for cross-validation.
    """

    @no_type_check  # scikit-learn sets any parameter to anything; `fit` looks at them
    def __init__(
        self,
        alphas: npt.ArrayLike | None = None,
        cv: Any = 5,
        *,
        loss: Loss | str = "logistic",
        class_weight: Any = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        bias: Bias = "free",
        skip: Skip = "none",
        activation: Activation | str = "relu",
        inputs: int | None = None,
        tol: float = 1e-6,
        max_time: float | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.alphas = alphas
        self.cv = cv
        self.loss = loss
        self.class_weight = class_weight
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.bias = bias
        self.skip = skip
        self.activation = activation
        self.inputs = inputs
        self.tol = tol
        self.max_time = max_time
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> "MinNormClassifierCV":
        """Choose alpha and solve for points X (n, d) and their classes y (n,), which count as `sample_weight` (n,)
        says; `groups` (n,) are for splitters that keep groups together."""
        check_common(self)
        X, y = tables.classification(self, X, y)
        self.classes_, one_each = problems(self, X, y, 1.0, sample_weight)
        seed, score = seed_of(self), folds.scorer(self)
        self.alphas_ = folds.strengths(self, one_each, seed)
        if self.alphas_[-1] == 0:
            raise ValueError(f"alphas is {shown(self.alphas)}; give numbers above 0, for at 0 the loss has no part")
        parts = folds.splits(self.cv, X, y, groups, classifier=True)
        _reject_missing(self.classes_, y, one_each[0].weights, parts)
        found = folds.paths(self, one_each, parts, self.alphas_, seed)
        self.scores_ = np.array(
            [
                [
                    _score(self.classes_, y, one_each, [nets[k][a] for nets in found], test, score)
                    for k, (_, test) in enumerate(parts)
                ]
                for a in range(len(self.alphas_))
            ]
        )
        self.alpha_ = float(self.alphas_[np.argmax(self.scores_.mean(axis=1))])
        chosen = [one.changed(lam=self.alpha_) for one in one_each]
        return outcome.keep(self, outcome.solved(self, chosen, called(self.classes_)))

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """f at points X (n, d), above 0 for `classes_[1]`; shape (n,), or (n, k) for k > 2 classes."""
        return outcome.values(self, X)

    def predict(self, X: Any) -> np.ndarray:
        """The classes of points X (n, d); shape (n,)."""
        return decided(self, outcome.values(self, X))

    @available_if(gives_probabilities)
    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """1 / (1 + e^-f) for each class, over their sum where there are more than two; for the logistic loss."""
        return probabilities(outcome.values(self, X))

    def to_onnx(self) -> Any:
        """An ONNX `ModelProto` from "points" (n, d), in float64, to "label" (n,), "probabilities" (n, k) where there
        are some, and "values" (n, 1), or (n, k), those of `decision_function`; needs onnx."""
        return written_classifier(outcome.layers(self), self.classes_, logistic=hasattr(self, "predict_proba"))


def _reject_missing(classes: np.ndarray, y: np.ndarray, weights: np.ndarray, parts: list[folds.Fold]) -> None:
    """ValueError where a fold's training part has no point of a class."""
    for k, (train, _) in enumerate(parts):
        missing = np.setdiff1d(classes, y[train][weights[train] > 0])
        if missing.size:
            raise ValueError(
                f"cv leaves no point of class {shown(missing[0])} to train on in fold {k}; give fewer folds, a "
                "splitter that stratifies, or more of its points in y with a sample_weight above 0"
            )


def _score(
    classes: np.ndarray, y: np.ndarray, one_each: list[Problem], nets: list[ShallowReLU], test: np.ndarray, score: Any
) -> float:
    """How well the networks of all classes do for the points of a fold, which they have not seen."""
    x, weights = one_each[0].points[test], one_each[0].weights[test]
    if score is None:
        held = [Problem.of(Points(x, one.values[test], weights), one.penalty, one.lam, one.loss) for one in one_each]
        return -sum(one.paid(net.evaluate(x)) for one, net in zip(held, nets, strict=True))
    fitted = outcome.standing(MinNormClassifier(), nets)
    fitted.classes_ = classes
    return folds.scored(score, fitted, x, y[test], weights)

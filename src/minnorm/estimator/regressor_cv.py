"""The regressor whose alpha is cross-validated."""

from typing import Any, no_type_check

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin

from minnorm.activation import Activation
from minnorm.estimator import folds, outcome, tables
from minnorm.estimator.regressor import MinNormRegressor, problems
from minnorm.estimator.settings import check_common, seed_of
from minnorm.interop.onnx_writer import written
from minnorm.losses import Loss
from minnorm.network import ShallowReLU
from minnorm.objective.data import Points
from minnorm.objective.norm import Bias, Skip
from minnorm.objective.problem import Problem


class MinNormRegressorCV(RegressorMixin, BaseEstimator):
    r"""A `MinNormRegressor` whose alpha is chosen by cross-validation along regularisation paths.

        alpha = argmax over alphas of the mean over folds of score(f_{alpha, rest}, fold)

    Every fold is one warm-started path (`minnorm.path`); then the network is solved on all data at the best alpha. The
    score is minus the mean of the loss over the fold, unless `scoring` says otherwise: of (f(x_i) - y_i)^2 for squares.

    Arguments: `alphas`, distinct numbers >= 0, or None for 25 from `lam_max` of all data to 1e-4 of it, log-spaced;
    `cv`, a number of folds, a splitter or an iterable of splits; `scoring`, None, a name that scikit-learn knows or a
    function of (estimator, X, y), larger is better; `n_jobs`, how many paths are solved at once, each in a process of
    its own; `max_time`, in seconds, of each path and of the last fit; the others as for `MinNormRegressor`.

    Attributes: `alpha_`; `alphas_` (k,), largest first; `scores_` (k, folds); for squares and scoring=None also
    `mse_path_` = -`scores_`; the others as for `MinNormRegressor`. Each of q > 1 targets has an alpha of its own:
    `alpha_` (q,), `scores_` (q, k, folds).

    Errors: ValueError naming the argument, also for more folds than points.

    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 30)[:, None]
    >>> noise = np.random.default_rng(0).normal(size=30)
    >>> est = MinNormRegressorCV(cv=3).fit(x, np.abs(x[:, 0]) + 0.1 * noise)
    >>> est.certified_, bool(est.alphas_[0] > est.alpha_ > est.alphas_[-1]), est.mse_path_.shape
    (True, True, (25, 3))

    Source: Osborne, Presnell & Turlach (2000) for the path; Stone (1974) for cross-validation.
    """

    @no_type_check  # scikit-learn sets any parameter to anything; `fit` looks at them
    def __init__(
        self,
        alphas: npt.ArrayLike | None = None,
        cv: Any = 5,
        *,
        loss: Loss | str = "squared",
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
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.bias = bias
        self.skip = skip
        self.activation = activation
        self.inputs = inputs
        self.tol = tol
        self.max_time = max_time
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> "MinNormRegressorCV":
        """Choose alpha and solve for points X (n, d) and values y (n,), or y (n, q), which count as `sample_weight`
        (n,) says; `groups` (n,) are for splitters that keep groups together."""
        check_common(self)
        X, y = tables.regression(self, X, y)
        targets, seed, score = problems(self, X, y, 1.0, sample_weight), seed_of(self), folds.scorer(self)
        self.alphas_ = folds.strengths(self, targets, seed)
        problems(self, X, y, float(self.alphas_[-1]), sample_weight)  # which may be 0, where not all data are allowed
        parts = folds.splits(self.cv, X, y, groups)
        found = folds.paths(self, targets, parts, self.alphas_, seed)
        scores = np.array(
            [
                [
                    [_score(target, net, test, score) for net in nets]
                    for nets, (_, test) in zip(paths, parts, strict=True)
                ]
                for target, paths in zip(targets, found, strict=True)
            ]
        ).transpose(0, 2, 1)
        alpha = self.alphas_[np.argmax(scores.mean(axis=2), axis=1)]
        alone = len(targets) == 1
        self.scores_ = scores[0] if alone else scores
        if score is None and targets[0].squared:
            self.mse_path_ = -self.scores_
        self.alpha_ = float(alpha[0]) if alone else alpha
        chosen = [one.changed(lam=float(lam)) for one, lam in zip(targets, alpha, strict=True)]
        return outcome.keep(self, outcome.solved(self, chosen, [f"target {k}" for k in range(len(chosen))]))

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """f at points X (n, d); shape (n,), or (n, q) for q > 1 targets."""
        return outcome.values(self, X)

    def to_onnx(self) -> Any:
        """An ONNX `ModelProto` from "points" (n, d) to "values" (n, 1), or (n, q), in float64; needs onnx."""
        return written(outcome.layers(self))

    def __sklearn_tags__(self) -> Any:
        """That there may be several targets."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _score(target: Problem, net: ShallowReLU, test: np.ndarray, score: Any) -> float:
    """How well a network does for the points of a fold, which it has not seen."""
    held = Points(target.points[test], target.values[test], target.weights[test])
    if score is None:
        paid = Problem.of(held, target.penalty, target.lam, target.loss).paid(net.evaluate(held.x))
        return -2 * paid if target.squared else -paid
    fitted = outcome.standing(MinNormRegressor(), [net])
    return folds.scored(score, fitted, held.x, held.y, held.weights)

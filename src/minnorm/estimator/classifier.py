"""The classifier."""

from typing import Any, no_type_check

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from minnorm import losses
from minnorm.activation import Activation
from minnorm.checks import shown
from minnorm.estimator import outcome, tables
from minnorm.estimator.settings import check_common, check_number, loss_of, penalty_of
from minnorm.interop.onnx_writer import classifier as written_classifier
from minnorm.losses import Loss, Margin
from minnorm.objective.data import check_weights
from minnorm.objective.norm import Bias, Skip
from minnorm.objective.problem import Problem


def gives_probabilities(estimator: Any) -> bool:
    """Whether the loss is logistic; AttributeError, which says so, if not."""
    try:
        logistic = losses.of(estimator.loss) == losses.Logistic()
    except ValueError as error:
        raise AttributeError(str(error)) from None
    if not logistic:
        raise AttributeError(f"loss is {estimator.loss}, which has no probabilities; give loss='logistic'")
    if getattr(estimator, "alpha", 1.0) == 0:
        raise AttributeError("alpha is 0, which has no probabilities; give alpha above 0")
    return True


class MinNormClassifier(ClassifierMixin, BaseEstimator):
    r"""The shallow ReLU network that globally minimises a loss of classes, with a proof.

        alpha > 0:  min 1/S sum_i p_i phi(y_i f(x_i)) + alpha sum_k |a_k| |w_k|,    S = sum_i p_i,  y_i = -1 or 1
        alpha = 0:  min sum_k |a_k| |w_k|   subject to   y_i f(x_i) >= 1

    with phi(z) = log(1 + e^-z), max(0, 1 - z) or max(0, 1 - z)^2 / 2, over networks f(x) = c + v . x + sum_k a_k
    sigma(w_k . x + b_k) of any width. A point's class is `classes_[1]` where f > 0, else `classes_[0]`. k > 2 classes
    are k independent problems, each against the rest with a network and a proof of its own; the largest f wins. What is
    proven is that each f minimises its objective: not that the classes are right, nor how likely they are.

    Arguments: `alpha` >= 0, at 0 the max-margin network (`minnorm.separate`), whatever the loss, which fails only where
    equal points have different classes; `loss`, "logistic", "hinge", "squared_hinge" or an object of `minnorm.losses`;
    `class_weight`, None, "balanced" for classes that count alike, or a dictionary of classes and how often their points
    count, 1 for those that are not in it; `max_time`, in seconds, for each problem; the others as for
    `MinNormRegressor`.

    Attributes: `classes_`; those of `MinNormRegressor` for two classes, which for k > 2 classes are lists of k arrays
    or have an axis for them: `network_`, `inner_weights_`, `biases_`, `outer_weights_`, `offset_` (k,), `skip_`,
    `dual_coef_` (n, k), `value_`, `lower_bound_`, `dual_gap_`, `certified_`, `n_iter_` (k,); `solutions_`, one for each
    problem.

    Errors: ValueError naming the argument; also for one class alone among the points that count, and for a loss that is
    none of classes. A ConvergenceWarning says which solutions are not certified, and what would help.

    >>> import numpy as np
    >>> x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> clf = MinNormClassifier(alpha=0.01).fit(x, ["same", "other", "other", "same"])
    >>> clf.certified_, clf.predict([[0.1, 0.1], [0.9, 0.1]]).tolist()
    (True, ['same', 'other'])
    >>> clf.predict_proba([[0.1, 0.1]]).round(2)
    array([[0.06, 0.94]])

    Source: Rosset, Zhu & Hastie (2004), *Boosting as a regularized path to a maximum margin classifier*, for such
    losses with an l1 norm; Rifkin & Klautau (2004), *In defense of one-vs-all classification*; see `minnorm.fit` for
    the method.
    """

    @no_type_check  # scikit-learn sets any parameter to anything; `fit` looks at them
    def __init__(
        self,
        alpha: float = 1e-3,
        *,
        loss: Loss | str = "logistic",
        class_weight: Any = None,
        bias: Bias = "free",
        skip: Skip = "none",
        activation: Activation | str = "relu",
        inputs: int | None = None,
        tol: float = 1e-6,
        max_time: float | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.alpha = alpha
        self.loss = loss
        self.class_weight = class_weight
        self.bias = bias
        self.skip = skip
        self.activation = activation
        self.inputs = inputs
        self.tol = tol
        self.max_time = max_time
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MinNormClassifier":
        """Solve for points X (n, d) and their classes y (n,), which count as `sample_weight` (n,) says."""
        check_number("alpha", self.alpha, "0 separates the classes", least=0.0)
        check_common(self)
        X, y = tables.classification(self, X, y)
        self.classes_, one_each = problems(self, X, y, float(self.alpha), sample_weight)
        return outcome.keep(self, outcome.solved(self, one_each, called(self.classes_)))

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


def problems(
    estimator: Any, X: np.ndarray, y: np.ndarray, alpha: float, sample_weight: Any
) -> tuple[np.ndarray, list[Problem]]:
    """The classes that count; and the one problem of two, or that of each against the rest."""
    loss, penalty = loss_of(estimator, "margin"), penalty_of(estimator)
    loss = Margin() if alpha == 0 else loss
    weights = tables.weighted_by_class(y, check_weights(sample_weight, len(y)), estimator.class_weight)
    classes = tables.classes_that_count(y, weights)
    named = classes[1:] if classes.size == 2 else classes
    signs = [np.where(y == one, 1.0, -1.0) for one in named]
    return classes, [
        Problem(X, sign, penalty, alpha, weights=weights, loss=loss, names=outcome.NAMES) for sign in signs
    ]


def called(classes: np.ndarray) -> list[str]:
    """What the problems are called."""
    return ["two classes"] if classes.size == 2 else [f"class {shown(one)}" for one in classes]


def decided(estimator: Any, f: npt.NDArray[np.float64]) -> np.ndarray:
    """The class where f > 0, or whose f is largest."""
    check_is_fitted(estimator)
    return estimator.classes_[(f > 0).astype(int) if f.ndim == 1 else np.argmax(f, axis=1)]


def probabilities(f: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One for each class, which sum to 1."""
    if f.ndim == 1:
        return np.column_stack([expit(-f), expit(f)])
    each = expit(f)
    total = each.sum(axis=1, keepdims=True)
    return np.divide(each, total, out=np.full_like(each, 1 / f.shape[1]), where=total > 0)

"""The regressor."""

from typing import Any, no_type_check

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin

from minnorm.activation import Activation
from minnorm.estimator import outcome, tables
from minnorm.estimator.settings import check_common, check_number, loss_of, penalty_of
from minnorm.interop.onnx_writer import written
from minnorm.losses import Loss
from minnorm.objective.data import check_weights
from minnorm.objective.norm import Bias, Skip
from minnorm.objective.problem import Problem


class MinNormRegressor(RegressorMixin, BaseEstimator):
    r"""The shallow ReLU network that globally minimises its training objective, with a proof.

        alpha = 0:  min sum_k |a_k| |w_k|   subject to   f(x_i) = y_i
        alpha > 0:  min 1/S sum_i p_i loss(y_i, f(x_i)) + alpha sum_k |a_k| |w_k|,    S = sum_i p_i

    with the sample weights p, 1 by default, over networks f(x) = c + v . x + sum_k a_k sigma(w_k . x + b_k) of any
    width; the loss is (f(x_i) - y_i)^2 / 2 unless another is named. Features are used as they are: put a
    `StandardScaler` before it where their units differ. Predictions are good to about the root of the gap: with `tol`
    1e-6, to about a thousandth of the labels' size; `solution_.data_error` bounds the error at the data for squares.

    Several targets, y (n, q), are q independent problems, each with a network and a proof of its own: no neuron is
    shared, and what is minimised is the sum. The attributes are then lists of q arrays, or have an axis for them.

    Arguments: `alpha` >= 0; `loss` for alpha > 0, a name ("squared", "huber:1", "absolute", "quantile:0.8",
    "insensitive:0.1") or an object of `minnorm.losses`; `bias`, "penalised" if biases count as weights do; `skip`,
    "free" for a term v . x at no cost; `activation` sigma, "relu", "leaky_relu:0.01", "abs" or an `Activation`;
    `inputs`, how many features a neuron reads at most, 1, 2 or 3, or None for all; `tol`, the relative gap below which
    a solution is certified, from 1e-10 up; `max_time` in seconds for each target, after which the best network so far
    is taken; `random_state` of the searches in data of affine rank above 3.

    Attributes: `inner_weights_` w (m, d), `biases_` b (m,), `outer_weights_` a (m,), `offset_` c, `skip_` v (d,) or
    None; `network_`, the same as a `ShallowReLU`; `solution_`, for one target, and `solutions_`, for each;
    `dual_coef_` (n,) or (n, q), the dual vector; `value_`, `lower_bound_` and `dual_gap_` of the objective;
    `certified_`, whether they are a proof within `tol`; `n_iter_`, rounds of column generation; `n_features_in_`.

    Errors: ValueError naming the argument; with alpha = 0 also for equal points with different values. A
    ConvergenceWarning says that the solution is not certified, and what would help: also where the data have affine
    rank above 3 and what can be proven in the time is far off. Ctrl-C raises, as searches over grids need it.

    >>> est = MinNormRegressor().fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 1.0])
    >>> est.certified_, round(est.value_, 5)
    (True, 1.41421)
    >>> est.predict([[0.5, 0.5]]).round(5)
    array([1.])

    Source: Rosset, Swirszcz, Srebro & Zhu (2007) for the finite width; see `minnorm.fit` for the method.
    """

    @no_type_check  # scikit-learn sets any parameter to anything; `fit` looks at them
    def __init__(
        self,
        alpha: float = 0.0,
        *,
        loss: Loss | str = "squared",
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
        self.bias = bias
        self.skip = skip
        self.activation = activation
        self.inputs = inputs
        self.tol = tol
        self.max_time = max_time
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MinNormRegressor":
        """Solve for points X (n, d) and values y (n,), or y (n, q), which count as `sample_weight` (n,) says."""
        check_number("alpha", self.alpha, "0 interpolates", least=0.0)
        check_common(self)
        X, y = tables.regression(self, X, y)
        targets = problems(self, X, y, float(self.alpha), sample_weight)
        return outcome.keep(self, outcome.solved(self, targets, [f"target {k}" for k in range(len(targets))]))

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


def problems(estimator: Any, X: np.ndarray, y: np.ndarray, alpha: float, sample_weight: Any) -> list[Problem]:
    """One for each target."""
    loss, penalty, p = loss_of(estimator, "residual"), penalty_of(estimator), check_weights(sample_weight, len(y))
    columns = y[:, None] if y.ndim == 1 else y
    return [Problem(X, one, penalty, alpha, weights=p, loss=loss, names=outcome.NAMES) for one in columns.T]

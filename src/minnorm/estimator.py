"""scikit-learn estimators over the global solvers."""

import math
from traceback import extract_tb
from typing import Any, no_type_check

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from minnorm import advice
from minnorm.activation import Activation
from minnorm.checks import check_values, numbers, real, reject_masked, reject_misread, shown, whole
from minnorm.objective.data import Points, check_weights
from minnorm.objective.norm import Bias, PathNorm, Skip
from minnorm.objective.problem import Problem
from minnorm.solution import Solution
from minnorm.solve.minimise import minimise
from minnorm.solve.regularisation import lam_max, networks, path, sequence

_WORDS = advice.Words(tolerance="tol", time_limit="max_time", category=ConvergenceWarning)


class MinNormRegressor(RegressorMixin, BaseEstimator):
    r"""The shallow ReLU network that globally minimises its training objective, with a proof.

        alpha = 0:  min sum_k |a_k| |w_k|   subject to   f(x_i) = y_i
        alpha > 0:  min 1/(2S) sum_i p_i (f(x_i) - y_i)^2 + alpha sum_k |a_k| |w_k|,    S = sum_i p_i

    with the sample weights p, 1 by default, over networks f(x) = c + v . x + sum_k a_k sigma(w_k . x + b_k) of any
    width. Features are used as they are: put a `StandardScaler` before it where their units differ. Predictions are
    good to about the root of the gap: with `tol` 1e-6, to about a thousandth of the labels' size;
    `solution_.data_error` bounds the error at the data.

    Arguments: `alpha` >= 0; `bias`, "penalised" if biases count as weights do; `skip`, "free" for a term v . x at no
    cost; `activation` sigma, "relu" or, with bias="free" or an affine term at no cost, "leaky_relu:0.01", "abs" or an
    `Activation`;
    `inputs`, how many features a neuron reads at most, 1, 2 or 3, or None for all; `tol`, the relative gap below which
    a solution is certified, from 1e-10 up; `max_time` in seconds, after which the best network so far is taken;
    `random_state` of the searches in data of affine rank above 3.

    Attributes: `inner_weights_` w (m, d), `biases_` b (m,), `outer_weights_` a (m,), `offset_` c, `skip_` v (d,) or
    None; `network_`, the same as a `ShallowReLU`; `solution_`; `dual_coef_` (n,), the dual vector; `value_`,
    `lower_bound_` and `dual_gap_` of the objective; `certified_`, whether they are a proof within `tol`; `n_iter_`,
    rounds of column generation; `n_features_in_`.

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
        bias: Bias = "free",
        skip: Skip = "none",
        activation: Activation | str = "relu",
        inputs: int | None = None,
        tol: float = 1e-6,
        max_time: float | None = None,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.alpha = alpha
        self.bias = bias
        self.skip = skip
        self.activation = activation
        self.inputs = inputs
        self.tol = tol
        self.max_time = max_time
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MinNormRegressor":
        """Solve for points X (n, d) and values y (n,), which count as often as `sample_weight` (n,) says."""
        _check_number("alpha", self.alpha, "0 interpolates", least=0.0)
        X, y = _data(self, X, y)
        return _keep(self, _solution(self, X, y, float(self.alpha), check_weights(sample_weight, len(y))))

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """f at points X (n, d); shape (n,)."""
        return _predicted(self, X)


class MinNormRegressorCV(RegressorMixin, BaseEstimator):
    r"""A `MinNormRegressor` whose alpha is chosen by cross-validation along regularisation paths.

        alpha = argmin over alphas of the mean over folds of the mean over i in fold of (f_{alpha, rest}(x_i) - y_i)^2

    Every fold is one warm-started path (`minnorm.path`); then the network is solved on all data at the best alpha.

    Arguments: `alphas`, distinct numbers >= 0, or None for 25 from `lam_max` of all data to 1e-4 of it, log-spaced;
    `cv`, a number of folds, a splitter or an iterable of splits; `max_time`, in seconds, of each path and of the last
    fit; the others as for `MinNormRegressor`.

    Attributes: `alpha_`; `alphas_` (k,), largest first; `mse_path_` (k, folds); the others as for `MinNormRegressor`.

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
        self.bias = bias
        self.skip = skip
        self.activation = activation
        self.inputs = inputs
        self.tol = tol
        self.max_time = max_time
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MinNormRegressorCV":
        """Choose alpha and solve for points X (n, d) and values y (n,), which count as `sample_weight` (n,) says."""
        X, y = _data(self, X, y)
        p = check_weights(sample_weight, len(y))
        penalty, seed = _penalty(self), _seed(self)
        self.alphas_ = sequence(
            "alphas", self.alphas, lambda: lam_max(X, y, penalty, sample_weight=p, time_limit=_seconds(self), seed=seed)
        )
        errors = []
        for train, test in _splits(self.cv, X, y):
            fold = path(
                X[train],
                y[train],
                self.alphas_,
                sample_weight=p[train],
                penalty=penalty,
                tolerance=float(self.tol),
                time_limit=_seconds(self),
                seed=seed,
                certify=False,
                on_interrupt="raise",
            )
            held = Points(X[test], y[test], p[test])
            errors.append([held.mean((net.evaluate(held.x) - held.y) ** 2) for _, net in networks(fold)])
        self.mse_path_ = np.transpose(errors)
        self.alpha_ = float(self.alphas_[np.argmin(self.mse_path_.mean(axis=1))])
        return _keep(self, _solution(self, X, y, self.alpha_, p))

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """f at points X (n, d); shape (n,)."""
        return _predicted(self, X)


def _splits(cv: Any, X: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The folds; ValueError that names cv, with what scikit-learn says of it, if there are none."""
    try:
        splitter: Any = check_cv(cv)
        found = [(train, test) for train, test in splitter.split(X, y) if X[train].ndim == X[test].ndim == 2]
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(
            f"cv is {shown(cv)}; give a number of folds >= 2, a splitter or pairs of indices{_told(error)}"
        ) from None
    if not found:
        raise ValueError(f"cv is {shown(cv)}; give a number of folds >= 2, a splitter or pairs of indices")
    return found


def _told(error: Exception) -> str:
    """What scikit-learn says, where it is one line that does not repeat the value."""
    said = str(error)
    return "" if "\n" in said or len(said) > 200 or "Got " in said else f" ({said})"


def _check_number(name: str, value: Any, meaning: str, *, least: float, below: float = math.inf) -> None:
    """ValueError unless `value` is a number in [least, below)."""
    limits = f">= {least:g}" if below == math.inf else f"from {least:g} up to, not including, {below:g}"
    real(name, value, f"a finite number {limits} ({meaning})", lambda number: least <= number < below)


def _data(estimator: Any, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """X and y as float64 arrays; ValueError for them or for a setting that all estimators here have."""
    _check_number("tol", estimator.tol, "a relative gap", least=1e-10, below=1.0)
    if estimator.max_time is not None:
        _check_number("max_time", estimator.max_time, "seconds; None is no limit", least=0.0)
    points, values = _validated(estimator, {"X": X, "y": y}, y_numeric=True)
    return np.asarray(points), check_values(values, "y")


def _validated(estimator: Any, data: dict[str, Any], **options: Any) -> Any:
    """What scikit-learn makes of X, or of X and y; ValueError in our words for what it has none for."""
    try:
        for name, array in data.items():
            _reject_misread(array, name)
        return validate_data(estimator, **data, dtype=np.float64, **options)
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, OverflowError) or "sklearn" not in extract_tb(error.__traceback__)[-1].filename:
            for name, array in data.items():
                numbers(array, name)
        raise


def _reject_misread(array: Any, name: str) -> None:
    """ValueError for what scikit-learn's own checks let pass."""
    reject_masked(array, name)
    if hasattr(array, "dtype") or hasattr(array, "dtypes"):
        reject_misread(np.asarray(array), name)


def _seed(estimator: Any) -> int:
    state = estimator.random_state
    if state is None or isinstance(state, np.random.RandomState):
        return int(check_random_state(state).randint(2**31 - 1))
    return whole("random_state", state, 0, wanted="a whole number >= 0, a RandomState or None")


def _penalty(estimator: Any) -> PathNorm:
    return PathNorm(bias=estimator.bias, skip=estimator.skip, activation=estimator.activation, inputs=estimator.inputs)


def _seconds(estimator: Any) -> float | None:
    return None if estimator.max_time is None else float(estimator.max_time)


def _solution(estimator: Any, X: np.ndarray, y: np.ndarray, alpha: float, weights: np.ndarray) -> Solution:
    problem = Problem(X, y, _penalty(estimator), alpha, weights=weights, names=("X", "y", "alpha"))
    solution = minimise(problem, tolerance=float(estimator.tol), time_limit=_seconds(estimator), seed=_seed(estimator))
    with advice.speaking(_WORDS):
        advice.warn(problem, solution)
    return solution


def _keep(estimator: Any, solution: Solution) -> Any:
    """What a fit leaves behind."""
    network = solution.network.to_numpy()
    parts = {
        "solution_": solution,
        "network_": network,
        "inner_weights_": network.inner_weights,
        "biases_": network.biases,
        "outer_weights_": network.outer_weights,
        "offset_": float(network.offset),
        "skip_": network.skip,
        "dual_coef_": solution.dual,
        "value_": solution.value,
        "lower_bound_": solution.lower_bound,
        "dual_gap_": solution.gap,
        "certified_": solution.certified,
        "n_iter_": solution.rounds,
    }
    for name, part in parts.items():
        setattr(estimator, name, part)
    return estimator


def _predicted(estimator: Any, X: Any) -> np.ndarray:
    check_is_fitted(estimator)
    return estimator.network_.evaluate(_validated(estimator, {"X": X}, reset=False))

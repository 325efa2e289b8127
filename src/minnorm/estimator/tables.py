"""What goes into an estimator: points, their values or classes, and how often each counts."""

from traceback import extract_tb
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from minnorm.checks import check_values, numbers, real, reject_masked, reject_misread, shown
from minnorm.objective.data import check_weights

Array = npt.NDArray[np.float64]


def regression(estimator: Any, X: Any, y: Any) -> tuple[Array, Array]:
    """Points (n, d) and values (n,), or (n, q) for q > 1 targets; ValueError for anything else."""
    points, values = _validated(estimator, {"X": X, "y": y}, y_numeric=True, multi_output=True)
    if np.ndim(values) == 2 and np.shape(values)[1] > 1:
        return np.asarray(points), np.column_stack([check_values(column, "y") for column in np.transpose(values)])
    return np.asarray(points), check_values(values, "y")


def classification(estimator: Any, X: Any, y: Any) -> tuple[Array, np.ndarray]:
    """Points (n, d) and their classes (n,), numbers or strings; ValueError for anything else."""
    try:
        np.asarray(y)
    except Exception as error:  # somebody else's conversion
        raise ValueError(f"y is {shown(y)}, which is not an array of classes ({type(error).__name__})") from None
    points, labels = _validated(estimator, {"X": X}, y=y)
    check_classification_targets(labels)
    return np.asarray(points), np.asarray(labels)


def points(estimator: Any, X: Any) -> Array:
    """Points (n, d) for an estimator that is fitted to such."""
    return np.asarray(_validated(estimator, {"X": X}, reset=False))


def classes_that_count(labels: np.ndarray, weights: Array) -> np.ndarray:
    """The classes of the points that count, in order; ValueError unless there are two or more."""
    found = np.unique(labels[weights > 0])
    if found.size < 2:
        others = np.unique(labels).size > 1
        where = " among points whose sample_weight times class_weight is not 0" if others else ""
        raise ValueError(f"y has one class alone, {shown(found[0])}{where}; give points of two classes or more")
    return found


def weighted_by_class(labels: np.ndarray, weights: Array, class_weight: Any) -> Array:
    """How often points count if their classes do so too.

    ValueError unless `class_weight` is None, "balanced" or a dictionary of classes and numbers >= 0.
    """
    if class_weight is None:
        return weights
    classes = np.unique(labels)
    if isinstance(class_weight, str) and class_weight == "balanced":
        totals = np.array([weights[labels == one].sum() for one in classes])
        live = totals > 0
        times = np.divide(weights.sum(), live.sum() * totals, out=np.ones(classes.size), where=live)
    elif isinstance(class_weight, dict):
        names = classes.tolist()
        for one in class_weight:
            if one not in names:
                some = ", ".join(shown(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
                raise ValueError(f"class_weight has {shown(one)}, which is no class of y; the classes are {some}")
        times = np.array([_times(name, class_weight.get(name, 1.0)) for name in names])
    else:
        raise ValueError(
            f"class_weight is {shown(class_weight)}; give None, 'balanced' or a dictionary of classes and numbers"
        )
    return check_weights(weights * times[np.searchsorted(classes, labels)], len(labels), "class_weight * sample_weight")


def _times(name: Any, value: Any) -> float:
    return real(f"class_weight[{shown(name)}]", value, "a finite number >= 0", lambda number: 0 <= number < np.inf)


def _validated(estimator: Any, data: dict[str, Any], **options: Any) -> Any:
    """What scikit-learn makes of X, or of X and y; ValueError in our words for what it has none for.

    `data` are arrays of numbers; what else there is, is in the options.
    """
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

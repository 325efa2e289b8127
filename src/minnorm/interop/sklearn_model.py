"""scikit-learn: MLPRegressor and MLPClassifier with one hidden layer."""

from typing import Any

from minnorm.checks import shown
from minnorm.interop.found import WANTED, Found, counted, found

_INSIDE = {
    "best_estimator_": "",
    "regressor_": ", and its transformer_.transform(y[:, None])[:, 0] for y",
    "solution_": "",
    "solutions_": "[k]",
    "estimators_": "[k]",
}  # where the network is in other estimators, and what is to be said of it
_AUTO = 200  # rows of a batch where batch_size is "auto"


def read(model: Any, name: str = "model") -> Found:
    r"""A fitted MLPRegressor or MLPClassifier of one hidden layer, with its own objective.

        1/(2 n) sum (f - y)^2 + alpha / (2 n) (|a|^2 + |W|^2),    or 1/n sum log(1 + exp(-y f)) + the same

    so that lam = alpha / n; of minibatches of B rows, each of which is divided by its own number, alpha / B.
    """
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import Pipeline

    if isinstance(model, Pipeline):
        raise ValueError(f"{name} is a Pipeline; give its last step, and {name}[:-1].transform(X) for X")
    if not isinstance(model, MLPRegressor | MLPClassifier):
        part = next((part for part in _INSIDE if hasattr(model, part)), None)
        wanted = f"{name}.{part}{_INSIDE[part]}" if part else "an MLPRegressor or MLPClassifier"
        raise ValueError(f"{name} is a {type(model).__name__}; give {wanted}")
    if not hasattr(model, "coefs_"):
        raise ValueError(f"{name} is not fitted; call fit first")
    if model.activation != "relu":
        raise ValueError(f"{name} has activation={model.activation!r}; {WANTED}")
    coefs: list[Any] = model.coefs_
    intercepts: list[Any] = model.intercepts_
    if len(coefs) != 2:
        raise ValueError(f"{name} has hidden_layer_sizes={shown(model.hidden_layer_sizes)}; {WANTED}")
    classes = tuple(model.classes_) if isinstance(model, MLPClassifier) else None
    if classes is not None and len(classes) != 2:
        raise ValueError(f"{name} has {counted(len(classes), 'class')}; {WANTED}, of two classes")
    alpha, batched = float(model.alpha), model.solver != "lbfgs"  # pyright: ignore[reportArgumentType]
    size: Any = model.batch_size
    loss = {"loss": "logistic", "reduction": "mean"} if classes else {"loss": "squared", "reduction": "half"}
    if classes is None and getattr(model, "loss", "squared_error") != "squared_error":
        raise ValueError(f"{name} has loss={shown(getattr(model, 'loss', None))}; minnorm knows squared_error")

    def known(n: int) -> dict[str, Any]:
        rows = n if not batched else min(n, _AUTO if size == "auto" else int(size))
        return {**loss, "weight_decay": alpha / rows, "decayed": "weights"}

    notes = []
    if batched:
        notes.append(
            f"{model.solver} divides alpha by the rows of each batch (a smaller last one decays more): this is the "
            "objective of batches that are equal"
        )
    if getattr(model, "early_stopping", False):
        notes.append("early_stopping kept a part of the data out of training: give X and y without it")
    layers = ((coefs[0].T, intercepts[0]), (coefs[1].T, intercepts[1]))
    return found(name, *layers, known=known, classes=classes, notes=tuple(notes))

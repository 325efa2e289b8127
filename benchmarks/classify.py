"""Tumours by 30 measurements (breast_cancer, 569 x 30), digits, or irises: the certified classifier beside others.

    python benchmarks/classify.py --folds 3
    python benchmarks/classify.py --folds 3 --models "SVC, radial" LogisticRegression
    python benchmarks/classify.py --data iris --folds 3         # three classes by two measurements of petals
    python benchmarks/classify.py --data digits --folds 3 --only 1 --inner 1 --max-time 3       # ten, by 64 pixels

Every model is fitted on the other folds, its own setting chosen there by accuracy among four, by the same inner
splits, and judged on the fold that was left out. Seconds are the processor's: of all that a fold takes, choice
included, and of one more fit with the setting that was chosen, proof included. Gaps are the largest of the fits on
outer folds, over all classes; `--max-time` is for each path, and for the fit of each class; with `--busy` it is
the processor's seconds, too, as on a machine that does nothing else.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import minnorm as mn

LOAD = {"breast_cancer": load_breast_cancer, "digits": load_digits, "iris": load_iris}
ALPHAS = np.geomspace(0.1, 0.003, 4)
STRENGTHS = np.geomspace(0.1, 100, 4)
TOL = 1e-3


def inner(count: int) -> Any:
    """The splits that choose: so many folds, or one third held out."""
    if count == 1:
        return StratifiedShuffleSplit(1, test_size=1 / 3, random_state=1)
    return StratifiedKFold(count, shuffle=True, random_state=1)


def chosen(model: Any, grid: dict[str, Any], splits: Any) -> Any:
    """A model whose setting the inner splits choose."""
    return GridSearchCV(model, grid, cv=splits, scoring="accuracy")


def certified(loss: str, splits: Any, seconds: float) -> Any:
    """The global minimiser, with so many seconds for each path and for each last fit."""
    return mn.MinNormClassifierCV(ALPHAS, splits, loss=loss, scoring="accuracy", tol=TOL, max_time=seconds)


MODELS = {
    "minnorm, logistic": lambda splits, seconds: certified("logistic", splits, seconds),
    "minnorm, hinge": lambda splits, seconds: certified("hinge", splits, seconds),
    "minnorm, one alpha": lambda _, seconds: mn.MinNormClassifier(0.01, tol=TOL, max_time=seconds),
    "MLPClassifier": lambda splits, _: chosen(
        MLPClassifier((100,), solver="lbfgs", max_iter=2000, random_state=0), {"alpha": ALPHAS * 100}, splits
    ),
    "SVC, radial": lambda splits, _: chosen(SVC(), {"C": STRENGTHS}, splits),
    "LogisticRegression": lambda splits, _: chosen(LogisticRegression(max_iter=2000), {"C": STRENGTHS}, splits),
}


def again(model: Any) -> Any:
    """The model with the setting that was chosen, not fitted."""
    if isinstance(model, GridSearchCV):
        return clone(model.best_estimator_)
    return mn.MinNormClassifier(model.alpha_, loss=model.loss, tol=model.tol, max_time=model.max_time)


def seconds_of(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """The processor's seconds that a fit takes."""
    began = time.process_time()
    model.fit(x, y)
    return time.process_time() - began


def setting_of(model: Any) -> str:
    """What was chosen."""
    if isinstance(model, mn.MinNormClassifier):
        return f"{model.alpha:.3g}, given"
    return f"{model.alpha_ if hasattr(model, 'alpha_') else next(iter(model.best_params_.values())):.3g}"


def line(name: str, options: argparse.Namespace, x: np.ndarray, y: np.ndarray, folds: list[Any]) -> str:
    """One model on all folds."""
    scores, choice, settings, once = [], [], [], 0.0
    fitted: list[Any] = []
    for k, (train, test) in enumerate(folds):
        scaler = StandardScaler().fit(x[train])
        model = MODELS[name](inner(options.inner), options.max_time)
        points = scaler.transform(x[train])
        choice.append(seconds_of(model, points, y[train]))
        settings.append(setting_of(model))
        if isinstance(model, mn.MinNormClassifier):
            once = choice[-1]
        elif k == 0:
            once = seconds_of(again(model), points, y[train])
        scores.append(model.score(scaler.transform(x[test]), y[test]))
        fitted.extend(getattr(model, "solutions_", ()))
    told = ""
    if fitted:
        searched, proven = ([getattr(one.certificate, gap) for one in fitted] for gap in ("searched_gap", "gap"))
        neurons = [one.network.width for one in fitted]
        told = f"{max(searched):9.1e} {max(proven):9.1e} {min(neurons)} to {max(neurons)}"
    numbers = f"{np.mean(scores):9.4f} {np.min(scores):7.4f} {np.mean(choice):8.1f} {once:7.2f}"
    return f"{name:20} {numbers} {'/'.join(settings):>20} {told}"


def main() -> None:
    """One line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=list(LOAD), default="breast_cancer")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", type=int, help="so many of the folds, the first ones; default all")
    parser.add_argument("--inner", type=int, default=3, help="folds that choose a setting; 1 holds a third out")
    parser.add_argument("--max-time", type=float, default=60.0, help="seconds for each path and each class's fit")
    parser.add_argument("--busy", action="store_true", help="the processor's seconds count as time")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.busy:
        time.monotonic = time.process_time
    x, y = LOAD[options.data](return_X_y=True)
    x = x[:, 2:] if options.data == "iris" else x
    folds = list(StratifiedKFold(options.folds, shuffle=True, random_state=0).split(x, y))[: options.only]
    heads = f"{'accuracy':>9} {'worst':>7} {'seconds':>8} {'one fit':>7} {'chosen':>20} {'searched':>9} {'proven':>9}"
    print(f"{'model':20} {heads} neurons")
    for name in options.models:
        print(line(name, options, x, y, folds), flush=True)


if __name__ == "__main__":
    main()

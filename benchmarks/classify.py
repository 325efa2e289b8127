"""Tumours by 30 measurements (breast_cancer, 569 x 30), or irises: the certified classifier beside scikit-learn's.

    python benchmarks/classify.py
    python benchmarks/classify.py --folds 3 --models "SVC, radial" LogisticRegression
    python benchmarks/classify.py --data iris --folds 3         # three classes by two measurements of petals

Every model is fitted on the other folds, its own setting chosen there by accuracy among four, by the same inner folds,
and judged on the fold that was left out. The gap is the largest of the fits on outer folds.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import minnorm as mn

INNER = StratifiedKFold(3, shuffle=True, random_state=1)
ALPHAS = np.geomspace(0.1, 0.003, 4)
STRENGTHS = np.geomspace(0.1, 100, 4)


def chosen(model: Any, grid: dict[str, Any]) -> Any:
    """A model whose setting the inner folds choose."""
    return GridSearchCV(model, grid, cv=INNER, scoring="accuracy")


def certified(loss: str, seconds: float) -> Any:
    """The global minimiser, with so many seconds for each path and for the last fit."""
    return mn.MinNormClassifierCV(ALPHAS, INNER, loss=loss, scoring="accuracy", tol=1e-3, max_time=seconds)


MODELS = {
    "minnorm, logistic": lambda seconds: certified("logistic", seconds),
    "minnorm, hinge": lambda seconds: certified("hinge", seconds),
    "MLPClassifier": lambda _: chosen(
        MLPClassifier((100,), solver="lbfgs", max_iter=2000, random_state=0), {"alpha": ALPHAS * 100}
    ),
    "SVC, radial": lambda _: chosen(SVC(), {"C": STRENGTHS}),
    "LogisticRegression": lambda _: chosen(LogisticRegression(max_iter=2000), {"C": STRENGTHS}),
}


def main() -> None:
    """One line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=["breast_cancer", "iris"], default="breast_cancer")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--max-time", type=float, default=60.0, help="seconds for each path and each last fit")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    x, y = (load_iris if options.data == "iris" else load_breast_cancer)(return_X_y=True)
    x = x[:, 2:] if options.data == "iris" else x
    folds = list(StratifiedKFold(options.folds, shuffle=True, random_state=0).split(x, y))
    print(f"{'model':20} {'accuracy':>9} {'worst':>7} {'seconds':>8} {'searched gap':>13} {'proven gap':>11}")
    for name in options.models:
        scores, seconds, searched, proven = [], [], [], []
        for train, test in folds:
            scaler, model = StandardScaler().fit(x[train]), MODELS[name](options.max_time)
            began = time.process_time()
            model.fit(scaler.transform(x[train]), y[train])
            seconds.append(time.process_time() - began)
            scores.append(model.score(scaler.transform(x[test]), y[test]))
            for one in getattr(model, "solutions_", ()):
                searched.append(one.certificate.searched_gap)
                proven.append(one.certificate.gap)
        told = f"{max(searched):13.1e} {max(proven):11.1e}" if searched else ""
        print(f"{name:20} {np.mean(scores):9.4f} {np.min(scores):7.4f} {np.mean(seconds):8.1f} {told}", flush=True)


if __name__ == "__main__":
    main()

"""Additive and pairwise models of a table: what this library's certified ones predict, and what other packages' do.

    python benchmarks/additive.py              # the diabetes table of scikit-learn, 442 x 10, five folds
    python benchmarks/additive.py --folds 3 --models pygam "inputs=1"

Every model is fitted on the other folds, its own settings chosen there, and judged on the fold that was left out. A
package that is not installed is left out and named.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

import minnorm as mn

LAMS, LEAST, INNER = 10, 3e-3, 4
"""So many alphas from lam_max down to this share of it, chosen by so many folds."""


def few_inputs(inputs: int) -> Callable[[], Any]:
    """A certified model of neurons that read so many columns."""

    class Chosen:
        def fit(self, x: np.ndarray, y: np.ndarray) -> "Chosen":
            penalty = mn.PathNorm(inputs=inputs)
            alphas = mn.lam_max(x, y, penalty) * np.geomspace(1, LEAST, LAMS)
            self.model: Any = mn.MinNormRegressorCV(alphas, INNER, inputs=inputs).fit(x, y)
            self.certified = self.model.certified_
            return self

        def predict(self, x: np.ndarray) -> np.ndarray:
            return self.model.predict(x)

    return Chosen


def pygam() -> Any:
    """Penalised splines, one for each column, smoothness by generalised cross-validation."""
    from pygam import LinearGAM, s  # pyright: ignore[reportMissingImports]

    class Splines:
        def fit(self, x: np.ndarray, y: np.ndarray) -> "Splines":
            terms = s(0)
            for column in range(1, x.shape[1]):
                terms += s(column)
            self.model = LinearGAM(terms).gridsearch(x, y, lam=np.geomspace(1e-1, 1e5, 13), progress=False)
            return self

        def predict(self, x: np.ndarray) -> np.ndarray:
            return self.model.predict(x)

    return Splines()


def boosted(pairs: int) -> Callable[[], Any]:
    """Boosted trees of one column each, and of so many pairs that the package finds."""

    def made() -> Any:
        from interpret.glassbox import ExplainableBoostingRegressor  # pyright: ignore[reportMissingImports]

        return ExplainableBoostingRegressor(interactions=pairs, random_state=0, n_jobs=1)

    return made


MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "linear": ("sklearn", lambda: RidgeCV(np.geomspace(1e-2, 1e4, 25))),
    "inputs=1": ("minnorm", few_inputs(1)),
    "inputs=2": ("minnorm", few_inputs(2)),
    "pygam": ("pygam", pygam),
    "interpret, columns": ("interpret", boosted(0)),
    "interpret, pairs": ("interpret", boosted(10)),
}


def main() -> None:
    """One line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    options = parser.parse_args()
    x, y = load_diabetes(return_X_y=True)
    folds = list(KFold(options.folds, shuffle=True, random_state=0).split(x))
    print(f"{'model':20} {'R^2':>7} {'worst':>7} {'seconds a fit':>14}  certified")
    for name in options.models:
        package, make = MODELS[name]
        if importlib.util.find_spec(package) is None:
            print(f"{name:20} left out: {package} is not installed")
            continue
        scores, seconds, proven = [], [], []
        for train, test in folds:
            scaler, model = StandardScaler().fit(x[train]), make()
            began = time.process_time()
            model.fit(scaler.transform(x[train]), y[train])
            seconds.append(time.process_time() - began)
            scores.append(r2_score(y[test], model.predict(scaler.transform(x[test]))))
            proven.append(getattr(model, "certified", None))
        told = "" if proven[0] is None else f"{sum(proven)} of {len(proven)}"
        print(f"{name:20} {np.mean(scores):7.3f} {np.min(scores):7.3f} {np.mean(seconds):14.2f}  {told}", flush=True)


if __name__ == "__main__":
    main()

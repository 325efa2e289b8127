"""scikit-learn's networks, which know their own objective: alpha is converted exactly."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import minnorm as mn

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 3)), RNG.normal(size=30)
WORDS = np.where(Y > 0, "up", "down")


def fitted(kind=MLPRegressor, y=Y, **options):
    return kind(**{"hidden_layer_sizes": (6,), "solver": "lbfgs", "max_iter": 3, **options}).fit(X, y)


def test_a_regressor_is_read_exactly():
    model = fitted()
    np.testing.assert_allclose(mn.ShallowReLU.from_sklearn(model).evaluate(X), model.predict(X), rtol=1e-12)


def test_a_classifier_is_its_logit_and_keeps_its_classes():
    model = fitted(MLPClassifier, WORDS)
    logit = mn.ShallowReLU.from_sklearn(model).evaluate(X)
    np.testing.assert_allclose(1 / (1 + np.exp(-logit)), model.predict_proba(X)[:, 1], rtol=1e-10)
    found = mn.compare(model, X, WORDS, time_limit=5)
    assert str(found.objective_of.problem.loss) == "logistic"
    assert found.objective == pytest.approx(model.loss_, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [False, True])
def test_200_networks_have_scikit_learn_s_own_objective(classes, objective):
    rng = np.random.default_rng(1)
    for k in range(200):
        dim, width, n = (int(size) for size in rng.integers(2, 20, size=3))
        x, y = rng.normal(size=(n, dim)), rng.normal(size=n)
        y = np.where(np.arange(n) % 2, 1, 0) if classes else y
        kind = MLPClassifier if classes else MLPRegressor
        alpha = 10 ** float(rng.uniform(-4, 1))
        model = kind(hidden_layer_sizes=(width,), solver="lbfgs", max_iter=2, alpha=alpha, random_state=k).fit(x, y)
        assert objective(model, x, y) == pytest.approx(model.loss_, rel=1e-12)


def test_minibatches_divide_alpha_by_their_rows(objective):
    x, y = RNG.normal(size=(600, 2)), RNG.normal(size=600)
    auto = MLPRegressor(hidden_layer_sizes=(5,), alpha=2.0, max_iter=1, random_state=0).fit(x, y)
    fifty = MLPRegressor(hidden_layer_sizes=(5,), alpha=2.0, max_iter=1, random_state=0, batch_size=50).fit(x, y)
    for model, rows in ((auto, 200), (fifty, 50)):
        net = mn.ShallowReLU.from_sklearn(model)
        squares = np.sum(net.inner_weights**2) + np.sum(net.outer_weights**2)
        wanted = np.mean((model.predict(x) - y) ** 2) / 2 + 2.0 / rows / 2 * squares
        assert objective(model, x, y) == pytest.approx(wanted, rel=1e-12)


def test_what_is_no_shallow_network_is_refused_in_one_line(refused):
    def of(model, y=Y):
        return lambda: mn.compare(model, X, y)

    refused(of(MLPRegressor()), "is not fitted")
    refused(of(fitted(activation="tanh")), "activation='tanh'")
    refused(of(fitted(hidden_layer_sizes=(4, 4))), r"hidden_layer_sizes=\(4, 4\)")
    refused(of(fitted(y=np.column_stack([Y, Y]))), "2 outputs")
    refused(of(fitted(MLPClassifier, np.arange(30) % 3)), "has 3 classes")
    refused(of(make_pipeline(StandardScaler(), fitted())), "is a Pipeline; give its last step")
    refused(of(fitted(MLPClassifier, np.ones(30))), "has 1 class;")
    refused(
        of(GridSearchCV(MLPRegressor(solver="lbfgs", max_iter=2), {"alpha": [0.1]}, cv=2).fit(X, Y)),
        "give model.best_estimator_",
    )
    refused(
        of(TransformedTargetRegressor(MLPRegressor(max_iter=2), transformer=StandardScaler()).fit(X, Y)),
        "give model.regressor_, and",
    )
    refused(of(mn.MinNormRegressor(alpha=0.1).fit(X[:, :1], Y)), "is a MinNormRegressor; give model.solution_")
    refused(of(StandardScaler()), "is a StandardScaler; give an MLPRegressor")
    refused(of(fitted(MLPClassifier, WORDS), np.where(Y > 0, "up", "left")), "y has 'left', and the model's classes")
    refused(lambda: mn.compare(fitted(), X[:, :2], Y), "X has 2 columns and the model takes 3")

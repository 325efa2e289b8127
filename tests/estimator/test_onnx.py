"""Estimators as ONNX graphs: what the library's own reference gives is what they predict."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import minnorm as mn
from minnorm.estimator import outcome

onnx = pytest.importorskip("onnx")

LINE = np.linspace(-1, 1, 9)[:, None]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 1))


def run(model, x):
    """Its outputs by name, after it was bytes."""
    from onnx.reference import ReferenceEvaluator

    graph = ReferenceEvaluator(onnx.load_from_string(model.SerializeToString()))
    with np.errstate(over="ignore"):  # in its sigmoid
        return dict(zip(graph.output_names, graph.run(None, {"points": x}), strict=True))


@pytest.mark.parametrize("options", [{}, {"skip": "free"}, {"activation": "leaky_relu:0.1"}, {"activation": "abs"}])
@pytest.mark.parametrize("targets", [1, 2])
def test_a_regressor_predicts_the_same(options, targets):
    y = np.abs(LINE[:, 0]) if targets == 1 else np.column_stack([np.abs(LINE[:, 0]), LINE[:, 0] ** 2])
    est = mn.MinNormRegressor(0.01, **options).fit(LINE, y)
    model = est.to_onnx()
    found = run(model, X)["values"]
    assert found.shape == (50, targets)
    np.testing.assert_allclose(found, est.predict(X).reshape(50, targets), rtol=1e-13, atol=1e-14)
    if targets == 1 and "skip" not in options:
        assert mn.ShallowReLU.from_onnx(model) == est.network_


def test_networks_without_neurons_and_cross_validated_ones_are_written():
    flat = mn.MinNormRegressor(1e3).fit(LINE, np.abs(LINE[:, 0]))
    assert flat.network_.width == 0
    np.testing.assert_allclose(run(flat.to_onnx(), X)["values"][:, 0], flat.predict(X), rtol=1e-14)
    chosen = mn.MinNormRegressorCV([0.1, 0.01], cv=2).fit(LINE, np.abs(LINE[:, 0]))
    assert mn.ShallowReLU.from_onnx(chosen.to_onnx()) == chosen.network_


LABELS = {
    "words": np.array(["left", "middle", "right"]),
    "objects": np.array(["left", "middle", "right"], dtype=object),
    "numbers": np.array([-3, 0, 7], dtype=np.int32),
    "floats": np.array([-0.5, 0.25, 2.0]),
}


@pytest.mark.parametrize("labels", list(LABELS))
@pytest.mark.parametrize("count", [2, 3])
def test_a_classifier_has_the_same_classes_probabilities_and_values(labels, count):
    y = LABELS[labels][np.digitize(LINE[:, 0], [-0.3, 0.4][: count - 1])]
    clf = mn.MinNormClassifier(0.02)
    clf.classes_ = np.unique(y)
    clf = outcome.standing(clf, _networks(1 if count == 2 else 3))
    found = run(clf.to_onnx(), X)
    assert list(found) == ["label", "probabilities", "values"]
    wanted = clf.predict(X)
    assert found["label"].tolist() == wanted.tolist()
    assert len(set(wanted.tolist())) == count  # the networks decide something
    assert found["label"].dtype == wanted.dtype or labels == "words"
    np.testing.assert_allclose(found["probabilities"], clf.predict_proba(X), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found["values"], clf.decision_function(X).reshape(50, -1), rtol=1e-12, atol=1e-14)


def _networks(count):
    """Each above the others somewhere; one alone is above 0 in the middle."""
    inner, biases = np.array([[1.0], [-1.0], [1.0]]), np.array([0.0, 0.0, -1.0])
    outer = [[-1.0, -1.0, 0.2], [0.0, 1.0, 0.0], [1.0, 0.0, 0.3]]
    return [
        mn.ShallowReLU(inner, biases, np.array(a), np.array(c))
        for a, c in zip(outer[:count], (0.4, 0.0, 0.0), strict=False)
    ]


def test_classes_that_were_fitted_are_written_with_the_logit():
    y = LINE[:, 0] > 0.1
    clf = mn.MinNormClassifier(0.02).fit(LINE, y)
    model = clf.to_onnx()
    found = run(model, X)
    np.testing.assert_array_equal(found["label"], clf.predict(X))
    assert mn.ShallowReLU.from_onnx(model) == clf.network_
    compared = [
        mn.compare(one, LINE, y, lam=0.02, **options)
        for one, options in ((model, {}), (clf.network_, {"loss": "logistic"}))
    ]
    assert compared[0].excess == compared[1].excess


def test_losses_without_probabilities_have_labels_and_values():
    clf = mn.MinNormClassifier(0.02, loss="hinge").fit(LINE, LINE[:, 0] > 0.1)
    model = clf.to_onnx()
    found = run(model, X)
    assert list(found) == ["label", "values"]
    np.testing.assert_array_equal(found["label"], clf.predict(X))
    assert mn.ShallowReLU.from_onnx(model) == clf.network_


def test_probabilities_are_equal_where_all_round_to_0():
    clf = mn.MinNormClassifier()
    clf.classes_ = np.arange(3)
    none = mn.ShallowReLU(np.zeros((0, 1)), np.zeros(0), np.zeros(0), np.array(-1e4))
    clf = outcome.standing(clf, [none] * 3)
    found = run(clf.to_onnx(), X)
    np.testing.assert_array_equal(found["probabilities"], np.full((50, 3), 1 / 3))
    np.testing.assert_array_equal(found["label"], clf.predict(X))


def test_what_is_not_fitted_is_not_written():
    for kind in (mn.MinNormRegressor, mn.MinNormRegressorCV, mn.MinNormClassifier, mn.MinNormClassifierCV):
        with pytest.raises(NotFittedError):
            kind().to_onnx()

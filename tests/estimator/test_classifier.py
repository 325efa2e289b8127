"""The classifiers against the solvers they stand on, and against what is known of their answers."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

import minnorm as mn
from minnorm.estimator import MinNormClassifier, MinNormClassifierCV

MOONS, HALF = make_moons(20, noise=0.15, random_state=0)
SIGNS = np.where(HALF == 1, 1.0, -1.0)
WORDS = np.where(HALF == 1, "upper", "lower")
THREE = np.where(MOONS[:, 0] > 1, "right", WORDS)


@pytest.mark.parametrize(
    "loss",
    [pytest.param("logistic", marks=pytest.mark.slow), "hinge", pytest.param("squared_hinge", marks=pytest.mark.slow)],
)
def test_two_classes_are_the_problem_of_fit(loss):
    clf = MinNormClassifier(0.01, loss=loss).fit(MOONS, WORDS)
    sol = mn.fit(MOONS, SIGNS, 0.01, loss=loss)
    assert clf.certified_ is True
    assert mn.verify(MOONS, SIGNS, clf.solution_).certified
    assert (clf.value_, clf.lower_bound_) == (sol.value, sol.lower_bound)
    assert clf.classes_.tolist() == ["lower", "upper"]
    np.testing.assert_array_equal(clf.decision_function(MOONS), sol(MOONS))
    np.testing.assert_array_equal(clf.predict(MOONS), np.where(sol(MOONS) > 0, "upper", "lower"))
    assert clf.score(MOONS, WORDS) > 0.9


def test_probabilities_are_those_of_the_logistic_loss_alone():
    clf = MinNormClassifier(0.01).fit(MOONS, WORDS)
    np.testing.assert_allclose(clf.predict_proba(MOONS)[:, 1], 1 / (1 + np.exp(-clf.decision_function(MOONS))))
    hinge = MinNormClassifier(0.01, loss=mn.losses.Hinge()).fit(MOONS, WORDS)
    assert not hasattr(hinge, "predict_proba")
    assert hasattr(MinNormClassifierCV(), "predict_proba")
    assert not hasattr(MinNormClassifierCV(loss="squared_hinge"), "predict_proba")


def test_more_classes_are_each_against_the_rest():
    clf = MinNormClassifier(0.02).fit(MOONS, THREE)
    alone = [mn.fit(MOONS, np.where(one == THREE, 1, -1), 0.02, loss="logistic") for one in clf.classes_]
    assert clf.classes_.tolist() == ["lower", "right", "upper"]
    assert clf.certified_.tolist() == [True] * 3
    assert clf.value_.tolist() == [one.value for one in alone]
    f = np.column_stack([one(MOONS) for one in alone])
    np.testing.assert_array_equal(clf.decision_function(MOONS), f)
    np.testing.assert_array_equal(clf.predict(MOONS), clf.classes_[np.argmax(f, axis=1)])
    each = 1 / (1 + np.exp(-f))
    np.testing.assert_allclose(clf.predict_proba(MOONS), each / each.sum(axis=1, keepdims=True))
    assert clf.dual_coef_.shape == (20, 3)


@pytest.mark.slow
def test_probabilities_where_every_class_is_out_of_the_question():
    clf = MinNormClassifier(0.02).fit(MOONS, THREE)
    clf.network_ = [mn.ShallowReLU(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.array(-1e4))] * 3
    np.testing.assert_array_equal(clf.predict_proba(MOONS[:1]), [[1 / 3] * 3])


@pytest.mark.slow
def test_without_alpha_it_is_the_largest_margin():
    clf = MinNormClassifier(0).fit(MOONS, THREE)
    alone = [mn.separate(MOONS, np.where(one == THREE, 1, -1)) for one in clf.classes_]
    assert clf.certified_.all()
    assert clf.value_.tolist() == [one.value for one in alone]
    assert clf.score(MOONS, THREE) == 1
    signs = np.where(THREE[:, None] == clf.classes_, 1, -1)
    assert np.min(signs * clf.decision_function(MOONS)) == pytest.approx(1, abs=1e-9)
    assert not hasattr(clf, "predict_proba")
    twice = np.concatenate([MOONS, MOONS[:1]])
    with pytest.raises(ValueError, match="points 0 and 20 are equal"):
        MinNormClassifier(0).fit(twice, np.append(WORDS, "lower" if WORDS[0] == "upper" else "upper"))


def test_two_points_without_alpha_are_apart_by_their_distance():
    clf = MinNormClassifier(0).fit([[0.0, 0.0], [3.0, 4.0]], ["a", "b"])
    assert clf.certified_ is True
    assert clf.value_ == pytest.approx(2 / 5, rel=1e-6)
    assert not hasattr(clf, "predict_proba")


@pytest.mark.slow
def test_class_weights_are_sample_weights():
    rare = np.concatenate([np.flatnonzero(HALF == 0), np.flatnonzero(HALF == 1)[:5]])
    points, labels = MOONS[rare], WORDS[rare]
    counts = np.where(labels == "upper", 1.5, 0.75)
    balanced = MinNormClassifier(0.02, class_weight="balanced").fit(points, labels)
    named = MinNormClassifier(0.02, class_weight={"upper": 2}).fit(points, labels)
    weighted = MinNormClassifier(0.02).fit(points, labels, sample_weight=counts)
    assert balanced.value_ == pytest.approx(weighted.value_, rel=1e-6)
    assert named.value_ == pytest.approx(weighted.value_, rel=1e-6)
    assert np.sum(balanced.predict(MOONS) == "upper") > np.sum(
        MinNormClassifier(0.02).fit(points, labels).predict(MOONS) == "upper"
    )


def test_points_that_do_not_count_have_no_class():
    counts = np.where(THREE == "right", 0, 1)
    clf = MinNormClassifier(0.02).fit(MOONS, THREE, sample_weight=counts)
    assert clf.classes_.tolist() == ["lower", "upper"]
    rest = THREE != "right"
    assert clf.value_ == MinNormClassifier(0.02).fit(MOONS[rest], THREE[rest]).value_


@pytest.mark.parametrize(
    ("options", "y", "weights", "message"),
    [
        ({}, ["a"] * 20, None, "y has one class alone, 'a'; give points of two classes"),
        ({}, WORDS, HALF, "y has one class alone, 'upper' among points whose sample_weight times"),
        ({}, WORDS, -1.0 * HALF, "sample_weight contains -1"),
        ({}, WORDS, 0 * HALF, "sample_weight is zero for all points"),
        (
            {"class_weight": {"uper": 2}},
            WORDS,
            None,
            "class_weight has 'uper', which is no class of y; .* 'lower', 'upper'",
        ),
        ({"class_weight": {"upper": -2}}, WORDS, None, r"class_weight\['upper'\] is -2; give a finite number >= 0"),
        ({"class_weight": {"upper": 0}}, WORDS, None, "y has one class alone, 'lower' among points whose"),
        ({"class_weight": "balance"}, WORDS, None, "class_weight is 'balance'; give None, 'balanced' or a dict"),
        ({"loss": "squared"}, WORDS, None, "loss is squared, which is one of numbers; MinNormClassifier takes hinge,"),
        ({"loss": "logistics"}, WORDS, None, "did you mean 'logistic'"),
        ({"alpha": -1}, WORDS, None, "alpha is -1; give a finite number >= 0"),
        ({}, MOONS[:, 0], None, "[Cc]ontinuous"),
        ({}, mn.interpolate([0.0, 1.0], [0.0, 1.0]).to_dataset(), None, "y is .* not an array of classes"),
        ({}, np.column_stack([HALF, HALF]), None, "y should be a 1d array"),
    ],
)
def test_what_is_no_problem_of_classes(options, y, weights, message):
    with pytest.raises(ValueError, match=message) as error:
        MinNormClassifier(**options).fit(MOONS, y, sample_weight=weights)
    assert "\n" not in str(error.value) or "ontinuous" in message


def test_a_column_of_labels_is_taken_with_a_word():
    with pytest.warns(DataConversionWarning):
        clf = MinNormClassifier(0.1).fit(MOONS, HALF[:, None])
    assert clf.predict(MOONS).shape == (20,)


def test_one_warning_tells_of_the_worst_class():
    with pytest.warns(
        ConvergenceWarning, match="3 of 3 solutions are not certified, the worst for class '.*max_time"
    ) as told:
        clf = MinNormClassifier(1e-3, max_time=0).fit(MOONS, THREE)
    assert len(told) == 1
    assert not clf.certified_.any()


@pytest.mark.slow
def test_cross_validation_scores_what_it_has_not_seen():
    alphas, cv = [0.1, 0.02], StratifiedKFold(2)
    clf = MinNormClassifierCV(alphas, 2, scoring="accuracy").fit(MOONS, THREE)
    for alpha in alphas:  # one at a time: beside its own points a minimiser need not be the only one
        right, mean = (MinNormClassifierCV([alpha], cv, scoring=each).fit(MOONS, THREE) for each in ("accuracy", None))
        for k, (train, test) in enumerate(cv.split(MOONS, THREE)):
            one = MinNormClassifier(alpha).fit(MOONS[train], THREE[train])
            assert right.scores_[0, k] == one.score(MOONS[test], THREE[test])
            signs = np.where(THREE[test][:, None] == one.classes_, 1, -1)
            paid = np.log1p(np.exp(-signs * one.decision_function(MOONS[test]))).mean(axis=0).sum()
            assert mean.scores_[0, k] == pytest.approx(-paid, rel=1e-2)
    assert clf.alpha_ == clf.alphas_[np.argmax(clf.scores_.mean(axis=1))]
    np.testing.assert_array_equal(clf.predict(MOONS), MinNormClassifier(clf.alpha_).fit(MOONS, THREE).predict(MOONS))


@pytest.mark.slow
def test_processes_change_nothing():
    one, two = (MinNormClassifierCV([0.1, 0.05], 2, n_jobs=jobs).fit(MOONS, WORDS) for jobs in (1, 2))
    np.testing.assert_array_equal(one.scores_, two.scores_)


def test_folds_need_every_class():
    order = np.argsort(WORDS)
    with pytest.raises(ValueError, match="cv leaves no point of class 'lower' to train on in fold 0"):
        MinNormClassifierCV([0.1], KFold(2)).fit(MOONS[order], WORDS[order])
    with pytest.raises(ValueError, match=r"cv is GroupKFold.*groups"):
        MinNormClassifierCV([0.1], GroupKFold(2)).fit(MOONS, WORDS)
    with pytest.raises(ValueError, match="loss is huber:1, which is one of numbers; MinNormClassifierCV takes hinge"):
        MinNormClassifierCV(loss="huber:1").fit(MOONS, WORDS)
    with pytest.raises(ValueError, match="y has one class alone, 'a'"):
        MinNormClassifierCV().fit(MOONS, ["a"] * len(MOONS))
    with pytest.raises(ValueError, match="sample_weight contains -1"):
        MinNormClassifierCV().fit(MOONS, WORDS, sample_weight=np.full(len(MOONS), -1.0))
    with pytest.raises(ValueError, match=r"alphas is .*; give numbers above 0"):
        MinNormClassifierCV([0.1, 0]).fit(MOONS, WORDS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_iris_is_certified_in_two_of_its_columns():
    x, y = load_iris(return_X_y=True)
    clf = MinNormClassifier(1e-2, loss="hinge").fit(x[:, 2:], y)
    assert clf.certified_.all()
    assert clf.score(x[:, 2:], y) > 0.94

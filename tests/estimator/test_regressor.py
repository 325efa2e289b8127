"""The regressors against the solvers they stand on."""

import jaxtyping
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import minnorm as mn
from minnorm.estimator import MinNormRegressor, MinNormRegressorCV

X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.3, 0.8]])
Y = np.array([0.0, 1.0, 1.0, 0.0, -1.0])
LINE = np.linspace(-1, 1, 24)[:, None]
NOISY = np.abs(LINE[:, 0]) + 0.1 * np.random.default_rng(1).normal(size=24)


@pytest.mark.parametrize("options", [{}, {"bias": "penalised"}, {"skip": "free"}])
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_attributes_are_those_of_the_certified_solution(alpha, options):
    est = MinNormRegressor(alpha, **options).fit(X, Y)
    sol = mn.fit(X, Y, alpha, penalty=mn.PathNorm(**options))
    assert est.certified_
    assert est.certified_ == mn.verify(X, Y, est.solution_).certified
    assert est.lower_bound_ <= est.value_ <= est.lower_bound_ + 1e-6 * est.value_
    assert (est.value_, est.lower_bound_, est.dual_gap_) == (sol.value, sol.lower_bound, sol.gap)
    assert est.n_iter_ == sol.rounds
    assert est.n_features_in_ == 2
    np.testing.assert_array_equal(est.dual_coef_, sol.dual)
    hidden = np.maximum(X @ est.inner_weights_.T + est.biases_, 0)
    by_hand = hidden @ est.outer_weights_ + est.offset_ + (0 if est.skip_ is None else X @ est.skip_)
    np.testing.assert_allclose(est.predict(X), by_hand, atol=1e-12)
    norm = mn.PathNorm(**options).value(est.network_)
    if alpha == 0:
        np.testing.assert_allclose(est.predict(X), Y, atol=1e-10)
        assert norm == pytest.approx(est.value_, rel=1e-12)
    else:
        assert np.mean((est.predict(X) - Y) ** 2) / 2 + alpha * norm == pytest.approx(est.value_, rel=1e-12)


def test_sample_weights_are_repeated_points():
    times = [1, 0, 2, 3, 1]
    weighed = MinNormRegressor(0.01).fit(X, Y, sample_weight=times)
    repeated = MinNormRegressor(0.01).fit(np.repeat(X, times, axis=0), np.repeat(Y, times))
    assert weighed.certified_
    assert weighed.value_ == pytest.approx(repeated.value_, rel=1e-6)
    assert weighed.dual_coef_[1] == 0
    with pytest.raises(ValueError, match=r"^sample_weight has shape"):
        MinNormRegressor(0.01).fit(X, Y, sample_weight=[1, 2])


def test_cross_validation_weighs_its_errors_and_its_fits():
    times = 1 + np.arange(24) % 2
    folds = [(np.arange(12), np.arange(12, 24)), (np.arange(12, 24), np.arange(12))]
    rows = np.repeat(np.arange(24), times)
    again = [(np.flatnonzero(np.isin(rows, a)), np.flatnonzero(np.isin(rows, b))) for a, b in folds]
    alphas = [1e-2, 1e-3]
    weighed = MinNormRegressorCV(alphas, folds).fit(LINE, NOISY, sample_weight=times)
    repeated = MinNormRegressorCV(alphas, again).fit(LINE[rows], NOISY[rows])
    np.testing.assert_allclose(weighed.mse_path_, repeated.mse_path_, rtol=1e-6)
    assert weighed.value_ == pytest.approx(repeated.value_, rel=1e-6)


def test_skip_is_there_only_if_it_is_free():
    assert MinNormRegressor().fit(X, Y).skip_ is None
    assert MinNormRegressor(skip="free").fit(X, Y).skip_.shape == (2,)


def test_equal_points_conflict_only_without_alpha():
    points, values = np.concatenate([X, X[:1]]), np.append(Y, 2.0)
    with pytest.raises(ValueError, match=r"points 0 and 5 are equal .* use alpha > 0"):
        MinNormRegressor().fit(points, values)
    assert MinNormRegressor(0.1).fit(points, values).certified_
    assert MinNormRegressor().fit(np.concatenate([X, X]), np.concatenate([Y, Y])).certified_


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"alpha": -1.0}, ["alpha", "-1.0", ">= 0"]),
        ({"alpha": np.nan}, ["alpha", "nan"]),
        ({"alpha": np.inf}, ["alpha", "inf"]),
        ({"alpha": "1"}, ["alpha", "'1'"]),
        ({"alpha": True}, ["alpha", "True"]),
        ({"tol": 0.0}, ["tol", "0.0", "1e-10"]),
        ({"tol": 1.0}, ["tol", "1.0"]),
        ({"max_time": -1}, ["max_time", "-1", "None"]),
        ({"bias": "no"}, ["bias", "'no'", "penalised"]),
        ({"skip": "no"}, ["skip", "'no'", "free"]),
        ({"random_state": "a"}, ["random_state", "'a'", "RandomState"]),
    ],
)
def test_fit_names_the_parameter_that_is_wrong(options, words, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    for est in (MinNormRegressor(**options), *([] if "alpha" in options else [MinNormRegressorCV(**options)])):
        with pytest.raises(ValueError, match=words[0]) as error:
            est.fit(X, Y)
        assert all(word in str(error.value) for word in words)


def test_a_time_limit_that_is_too_short_warns_and_still_interpolates():
    est = MinNormRegressor(max_time=0)
    with pytest.warns(ConvergenceWarning, match="max_time"):
        est.fit(X, Y)
    assert not est.certified_
    assert est.dual_gap_ > 1e-6
    np.testing.assert_allclose(est.predict(X), Y, atol=1e-10)


@pytest.mark.parametrize("state", [0, 7, None, np.random.RandomState(0)])
def test_random_state_is_what_scikit_learn_allows(state):
    assert MinNormRegressor(random_state=state).fit(X, Y).certified_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # looked at, or not what it is about
def test_more_directions_than_are_exact_are_searched_and_not_certified():
    rng = np.random.default_rng(0)
    points, values = rng.normal(size=(8, 4)), rng.normal(size=8)
    est = MinNormRegressor(tol=1e-2).fit(points, values)
    assert est.solution_.certificate.scope in ("searched", "bounded")
    np.testing.assert_allclose(est.predict(points), values, atol=1e-8)
    again = clone(est).fit(points, values)
    np.testing.assert_array_equal(again.predict(points[::-1]), est.predict(points[::-1]))


def test_it_works_in_a_pipeline_and_a_grid():
    model = make_pipeline(StandardScaler(), MinNormRegressor())
    grid = GridSearchCV(model, {"minnormregressor__alpha": [0.3, 0.01]}, cv=KFold(3, shuffle=True, random_state=0)).fit(
        1e3 * LINE, NOISY
    )
    assert grid.best_params_["minnormregressor__alpha"] == 0.01
    assert grid.best_estimator_.score(1e3 * LINE, NOISY) > 0.8


@pytest.mark.slow
def test_cross_validation_scores_each_fold_on_what_it_has_not_seen():
    cv = KFold(3, shuffle=True, random_state=0)
    est = MinNormRegressorCV([0.003, 0.1, 0.03], cv=cv).fit(LINE, NOISY)
    np.testing.assert_array_equal(est.alphas_, [0.1, 0.03, 0.003])
    assert est.mse_path_.shape == (3, 3)
    for k, (train, test) in enumerate(cv.split(LINE)):
        for i, alpha in enumerate(est.alphas_):
            one = MinNormRegressor(alpha).fit(LINE[train], NOISY[train])
            error = np.mean((one.predict(LINE[test]) - NOISY[test]) ** 2)
            assert error == pytest.approx(est.mse_path_[i, k], rel=1e-3)
    assert est.alpha_ == est.alphas_[np.argmin(est.mse_path_.mean(axis=1))]
    best = MinNormRegressor(est.alpha_).fit(LINE, NOISY)
    assert est.value_ == best.value_
    assert est.certified_
    np.testing.assert_array_equal(est.predict(LINE), best.predict(LINE))


@pytest.mark.slow
def test_cross_validation_chooses_between_too_much_and_too_little():
    est = MinNormRegressorCV(cv=3).fit(LINE, NOISY)
    assert est.alphas_.shape == (25,)
    assert est.alphas_[0] == pytest.approx(1e4 * est.alphas_[-1])
    assert MinNormRegressor(est.alphas_[0]).fit(LINE, NOISY).inner_weights_.shape == (0, 1)
    assert est.alphas_[0] > est.alpha_ > est.alphas_[-1]
    assert est.score(LINE, NOISY) > 0.8


def test_labels_without_anything_to_penalise_leave_no_choice():
    est = MinNormRegressorCV(cv=3).fit(LINE, np.full(24, 2.0))
    np.testing.assert_allclose(est.predict([[0.3], [9.0]]), 2.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("alphas", "word"),
    [([], "[]"), ([-1.0], "-1.0"), ([np.nan], "nan"), ("many", "many"), (0.1, "0.1"), ([1, 1], "once")],
)
def test_bad_alphas_are_named(alphas, word):
    with pytest.raises(ValueError, match="alphas is") as error:
        MinNormRegressorCV(alphas).fit(LINE, NOISY)
    assert word in str(error.value)


def test_more_folds_than_points():
    with pytest.raises(ValueError, match="n_splits=5"):
        MinNormRegressorCV().fit(X[:4], Y[:4])


def test_leaky_neurons_and_those_of_the_absolute_value():
    x, y = np.linspace(-1, 1, 7)[:, None], np.abs(np.linspace(-1, 1, 7))
    est = MinNormRegressor(1e-3, skip="free", activation="leaky_relu:0.25").fit(x, y)
    assert est.certified_
    assert str(est.network_.activation) == "leaky_relu:0.25"
    relu = MinNormRegressor(1e-3 / 0.75, skip="free").fit(x, y)
    np.testing.assert_allclose(est.predict(x), relu.predict(x), atol=1e-5)
    plane = MinNormRegressor(activation="abs", bias="penalised").fit(np.hstack([x, x**3]), y)
    assert plane.certified_
    np.testing.assert_allclose(plane.predict(np.hstack([x, x**3])), y, atol=1e-12)


def test_other_losses_are_those_of_fit():
    values = np.append(Y[:-1], 50.0)  # an outlier
    est = MinNormRegressor(0.05, loss="huber:0.5").fit(X, values)
    same = mn.fit(X, values, 0.05, loss=mn.losses.Huber(0.5))
    assert est.certified_
    assert est.value_ == same.value
    assert abs(est.predict(X[-1:])[0]) < 5 < MinNormRegressor(0.05).fit(X, values).predict(X[-1:])[0]


def test_several_targets_are_independent_problems():
    both = np.column_stack([Y, 1 - Y**2])
    est = MinNormRegressor(0.01, skip="free").fit(X, both)
    alone = [MinNormRegressor(0.01, skip="free").fit(X, one) for one in both.T]
    assert est.certified_.tolist() == [True, True]
    assert [solution.value for solution in est.solutions_] == [one.value_ for one in alone]
    np.testing.assert_array_equal(est.predict(X), np.column_stack([one.predict(X) for one in alone]))
    np.testing.assert_array_equal(est.dual_coef_, np.column_stack([one.dual_coef_ for one in alone]))
    np.testing.assert_array_equal(est.skip_, [one.skip_ for one in alone])
    assert not hasattr(est, "solution_")
    again = est.fit(X, Y[:, None])
    assert again.predict(X).shape == (5,)
    assert again.solution_.value == alone[0].value_


@pytest.mark.slow
def test_several_targets_have_an_alpha_each():
    both = np.column_stack([NOISY, np.random.default_rng(2).normal(size=24)])
    alphas = [1e-1, 1e-2, 1e-3]
    est = MinNormRegressorCV(alphas, 3).fit(LINE, both)
    alone = [MinNormRegressorCV(alphas, 3).fit(LINE, one) for one in both.T]
    assert est.alpha_.tolist() == [one.alpha_ for one in alone]
    assert est.alpha_[0] < est.alpha_[1]
    np.testing.assert_array_equal(est.mse_path_, [one.mse_path_ for one in alone])
    np.testing.assert_array_equal(est.value_, [one.value_ for one in alone])


@pytest.mark.slow
def test_a_score_of_ones_own_and_groups_decide():
    groups = np.arange(24) // 8
    options = {"cv": GroupKFold(3), "loss": "absolute"}
    by_loss = MinNormRegressorCV([1e-1, 1e-2], **options).fit(LINE, NOISY, groups=groups)
    named = MinNormRegressorCV([1e-1, 1e-2], scoring="neg_mean_absolute_error", **options)
    named.fit(LINE, NOISY, groups=groups)
    np.testing.assert_allclose(named.scores_, by_loss.scores_, rtol=1e-12)
    assert not hasattr(by_loss, "mse_path_")

    def most(estimator, points, values):
        return float(np.max(estimator.predict(points)))

    mine = MinNormRegressorCV([1e-1, 1e-2], cv=3, scoring=most).fit(LINE, NOISY)
    assert mine.alpha_ == mine.alphas_[np.argmax(mine.scores_.mean(axis=1))]
    with pytest.raises(ValueError, match=r"cv is GroupKFold.*groups"):
        named.fit(LINE, NOISY)
    with pytest.raises(ValueError, match="scoring is 'acuracy'; give a name"):
        MinNormRegressorCV([1.0], scoring="acuracy").fit(LINE, NOISY)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (
            MinNormRegressor(0.1, loss="hinge"),
            "loss is hinge, which is one of classes; MinNormRegressor takes absolute",
        ),
        (MinNormRegressorCV(loss="logistic"), "loss is logistic, which is one of classes; MinNormRegressorCV takes"),
        (MinNormRegressor(0.0, loss="huber:1"), "loss is huber:1 and alpha is 0, .* give alpha above 0"),
        (MinNormRegressorCV([0.0, 1.0], loss="huber:1"), "loss is huber:1 and alpha is 0"),
        (MinNormRegressor(0.1, loss="hubber:1"), "did you mean 'huber:1'"),
        (MinNormRegressor(0.1, loss="quantile:1.5"), "q is 1.5; give a number between 0 and 1"),
        (MinNormRegressorCV(loss="insensitive:-1"), "delta is -1.0; give a finite number >= 0"),
    ],
)
def test_losses_that_do_not_fit(estimator, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(LINE, NOISY)


@pytest.mark.parametrize("estimator", [MinNormRegressor(0.1, loss="huber:1"), MinNormRegressorCV(loss="absolute")])
@pytest.mark.parametrize(("factor", "message"), [(-1.0, "sample_weight contains -1"), (0.0, "is zero for all points")])
def test_weights_that_are_none(estimator, factor, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(LINE, NOISY, sample_weight=np.full(len(NOISY), factor))

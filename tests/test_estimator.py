from sklearn.utils.estimator_checks import parametrize_with_checks

from minnorm.estimator import MinNormRegressor, MinNormRegressorCV


@parametrize_with_checks([MinNormRegressor(), MinNormRegressorCV()])
def test_scikit_learn(estimator, check):
    check(estimator)

"""scikit-learn estimators over the global solvers."""

from minnorm.estimator.classifier import MinNormClassifier as MinNormClassifier
from minnorm.estimator.classifier_cv import MinNormClassifierCV as MinNormClassifierCV
from minnorm.estimator.regressor import MinNormRegressor as MinNormRegressor
from minnorm.estimator.regressor_cv import MinNormRegressorCV as MinNormRegressorCV

__all__ = ["MinNormClassifier", "MinNormClassifierCV", "MinNormRegressor", "MinNormRegressorCV"]

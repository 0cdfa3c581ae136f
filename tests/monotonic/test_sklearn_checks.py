"""The checks of scikit-learn."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import MonotoneCDF, MonotonicClassifier, MonotonicRegressor, MonotonicStacking
from skartm.monotonic import Constrained, Linear, MinMax, Polynomial, Smooth

RUN = {"n_jobs": 1, "random_state": 0}
LIGHT = {"n_members": 2, "max_iter": 150}
REGRESSORS = [("line", LinearRegression(positive=True)), ("net", MonotonicRegressor(Smooth(**LIGHT), **RUN))]
CLASSIFIERS = [("line", LogisticRegression()), ("net", MonotonicClassifier(Constrained(**LIGHT), **RUN))]


@parametrize_with_checks(
    [
        MonotonicRegressor(**RUN),
        MonotonicRegressor(Polynomial(8, n_members=2), loss="poisson", **RUN),
        MonotonicRegressor(Smooth(**LIGHT), **RUN),
        MonotonicRegressor(Linear(), **RUN),
        MonotonicClassifier(**RUN),
        MonotonicClassifier(MinMax(**LIGHT), **RUN),
        MonotonicStacking(REGRESSORS, cv=3, random_state=0),
    ]
)
def test_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        MonotonicRegressor(MinMax(**LIGHT), **RUN),
        MonotonicRegressor(Constrained(**LIGHT), loss="quantile", quantile=0.5, **RUN),
        MonotonicClassifier(Smooth(**LIGHT), **RUN),
        MonotonicClassifier(Constrained(**LIGHT), **RUN),
        MonotonicClassifier(Linear(), **RUN),
        MonotonicStacking(CLASSIFIERS, cv=3, random_state=0),
        MonotonicStacking(cv=3, random_state=0),
        MonotoneCDF(3, bandwidth=2.0, early_stopping=False, **RUN),
    ]
)
def test_other_options(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([MonotoneCDF(n_jobs=1, max_iter=5, n_estimators=2)])
def test_cdf(estimator, check):
    check(estimator)

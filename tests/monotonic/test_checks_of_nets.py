"""The checks of scikit-learn, with the nets that are learned by gradients and with stacking."""

import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import MonotonicClassifier, MonotonicRegressor, MonotonicStacking
from skartm.monotonic import Constrained, Linear, MinMax, Smooth

LIGHT = {"n_members": 2, "max_iter": 150}
REGRESSORS = [
    ("line", LinearRegression(positive=True)),
    ("net", MonotonicRegressor(Smooth(**LIGHT), n_jobs=1, random_state=0)),
]
CLASSIFIERS = [
    ("line", LogisticRegression()),
    ("net", MonotonicClassifier(Constrained(**LIGHT), n_jobs=1, random_state=0)),
]


@parametrize_with_checks(
    [
        MonotonicRegressor(Smooth(**LIGHT), n_jobs=1, random_state=0),
        MonotonicRegressor(MinMax(**LIGHT), n_jobs=1, random_state=0),
        MonotonicRegressor(Constrained(**LIGHT), loss="quantile", quantile=0.5, n_jobs=1, random_state=0),
        MonotonicRegressor(Linear(), n_jobs=1, random_state=0),
        MonotonicClassifier(Smooth(**LIGHT), n_jobs=1, random_state=0),
        MonotonicClassifier(MinMax(**LIGHT), n_jobs=1, random_state=0),
        MonotonicClassifier(Constrained(**LIGHT), n_jobs=1, random_state=0),
        MonotonicClassifier(Linear(), n_jobs=1, random_state=0),
    ]
)
def test_nets(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore:The least populated class")
@parametrize_with_checks(
    [
        MonotonicStacking(cv=3, random_state=0),
        MonotonicStacking(REGRESSORS, cv=3, random_state=0),
        MonotonicStacking(CLASSIFIERS, cv=3, random_state=0),
    ]
)
def test_stacking(estimator, check):
    check(estimator)

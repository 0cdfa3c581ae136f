"""The checks of scikit-learn."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import MonotonicClassifier, MonotonicRegressor
from skartm.monotonic._polynomial import Polynomial


@parametrize_with_checks(
    [
        MonotonicRegressor(n_jobs=1, random_state=0),
        MonotonicRegressor(Polynomial(8, n_members=2), loss="poisson", n_jobs=1, random_state=0),
        MonotonicClassifier(n_jobs=1, random_state=0),
    ]
)
def test_estimator(estimator, check):
    check(estimator)

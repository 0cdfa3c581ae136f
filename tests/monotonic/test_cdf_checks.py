"""The checks of scikit-learn on MonotoneCDF."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import MonotoneCDF


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        MonotoneCDF(n_jobs=1, max_iter=5, n_estimators=2),
        MonotoneCDF(3, bandwidth=2.0, early_stopping=False, n_jobs=1, random_state=0),
    ]
)
def test_estimator(estimator, check):
    check(estimator)

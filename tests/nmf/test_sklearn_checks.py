"""The checks of scikit-learn."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import DeepSimplexNMF, SimplexNMF
from skartm.regularizers import SmoothSparsePhi


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        SimplexNMF(n_jobs=1),
        SimplexNMF(beta_loss="frobenius", n_jobs=1),
        SimplexNMF(3, regularizers=[("smooth", SmoothSparsePhi(0.1))], n_jobs=1, random_state=0),
        SimplexNMF(3, beta_loss="frobenius", simplex=None, alpha_W=1e-3, l1_ratio=0.5, n_jobs=1, random_state=0),
        DeepSimplexNMF(n_jobs=1),
    ]
)
def test_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        SimplexNMF(3, simplex="both", n_jobs=1, random_state=0),
        SimplexNMF(2, simplex=None, init="random", inner_iter=1, n_jobs=1, random_state=0),
        SimplexNMF(3, beta_loss="frobenius", simplex="W", n_jobs=1, random_state=0),
        SimplexNMF(2, beta_loss="frobenius", simplex="both", init="nndsvd", n_jobs=1, random_state=0),
        SimplexNMF(3, beta_loss="frobenius", volume_weight=1e-4, n_jobs=1, random_state=0),
        SimplexNMF(3, simplex=None, alpha_W=1e-3, l1_ratio=0.5, n_jobs=1, random_state=0),
        DeepSimplexNMF((3, 2), output="all", n_jobs=1, random_state=0),
        DeepSimplexNMF((2,), label_weight=0, init="random", n_jobs=1, random_state=0),
    ]
)
def test_other_options(estimator, check):
    check(estimator)

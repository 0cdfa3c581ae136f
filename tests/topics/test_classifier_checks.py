"""The checks of scikit-learn, for the classifier."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import ARTMClassifier
from skartm.regularizers import Decorrelation, SmoothSparseTheta

REGULARIZERS = [("decorrelation", Decorrelation(0.02, relative=0.0)), ("smooth", SmoothSparseTheta(0.1))]


@parametrize_with_checks(
    [
        ARTMClassifier(dtype="float64", n_jobs=1),
        ARTMClassifier(3, rule="mixture", regularizers=REGULARIZERS, dtype="float64", n_jobs=1),
    ]
)
def test_batch(estimator, check):
    check(estimator)

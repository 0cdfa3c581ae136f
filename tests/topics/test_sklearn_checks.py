"""The checks of scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import LDA, PLSA, ARTMClassifier, ARTMTransformer, HierarchicalARTM, SentenceTopicModel, ThetalessARTM
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.em.corpora import corpus

# the numbers of scikit-learn's checks are neither texts nor of the size that strengths are for
pytestmark = [
    pytest.mark.filterwarnings("ignore::skartm.exceptions.ShortTextsWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning"),
]

REGULARIZERS = [
    ("decorrelation", Decorrelation(0.02, relative=0.0)),
    ("sparse", SmoothSparsePhi(-0.01)),
    ("smooth", SmoothSparseTheta(0.1)),
]
SMOOTHING = [("smooth", SmoothSparsePhi(0.01))]  # where topics decide theta, sparsing may kill one of a tiny corpus
LABELLED = [("decorrelation", Decorrelation(0.02, relative=0.0)), ("smooth", SmoothSparseTheta(0.1))]
WEIGHTED = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
ROUNDING = dict.fromkeys(WEIGHTED, "float32 cannot hold the 1e-7 of the check; see test_weights_are_repetitions")


# The results do not depend on the threads, and on a busy machine one is faster for 30 documents.
@parametrize_with_checks(
    [
        ARTMTransformer(2, regularizers=REGULARIZERS, dtype="float64", n_jobs=1),
        PLSA(dtype="float64", n_jobs=1),
        PLSA(learning_method="online", dtype="float64", n_jobs=1),
        LDA(n_jobs=1),
        LDA(3, learning_method="online", inference="map", n_jobs=1),
        SentenceTopicModel(2, dtype="float64", n_jobs=1, random_state=0),
        ThetalessARTM(dtype="float64", n_jobs=1, random_state=0),
        HierarchicalARTM(estimator=ARTMTransformer(dtype="float64", n_jobs=1)),
        ARTMClassifier(dtype="float64", n_jobs=1),
    ]
)
def test_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        ARTMTransformer(dtype="float64"),
        ARTMTransformer(
            3, max_iter=5, tol=0.0, doc_tol=0.0, reuse_theta=True, evaluation="fold_in", dtype="float64", n_jobs=1
        ),
        ARTMTransformer(
            3, learning_method="online", regularizers=REGULARIZERS, max_iter=5, tol=0.0, dtype="float64", n_jobs=1
        ),
        LDA(3, inference="map", n_jobs=1),
        LDA(learning_method="online", n_jobs=1),
        SentenceTopicModel(3, regularizers=SMOOTHING, dtype="float64", n_jobs=1, random_state=0),
        ThetalessARTM(3, variant="simplified", regularizers=SMOOTHING, dtype="float64", n_jobs=1, random_state=0),
        ThetalessARTM(3, learning_method="online", max_iter=5, tol=0.0, dtype="float64", n_jobs=1, random_state=0),
        HierarchicalARTM(
            [2, ("sub", ARTMTransformer(4, regularizers=REGULARIZERS, dtype="float64", n_jobs=1))],
            estimator=ARTMTransformer(dtype="float64", n_jobs=1),
            psi_sparsity=0.5,
        ),
        ARTMClassifier(3, rule="mixture", regularizers=LABELLED, dtype="float64", n_jobs=1),
    ]
)
def test_other_options(estimator, check):
    check(estimator)


FLOAT32 = {"expected_failed_checks": lambda _: ROUNDING, "xfail_strict": False}


@parametrize_with_checks([ARTMTransformer(3, regularizers=REGULARIZERS, n_jobs=1)], **FLOAT32)
def test_float32(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        PLSA(n_jobs=1),
        ARTMTransformer(learning_method="online", n_jobs=1),
        HierarchicalARTM((3, 5), estimator=ARTMTransformer(n_jobs=1)),
    ],
    **FLOAT32,
)
def test_other_options_in_float32(estimator, check):
    check(estimator)


@pytest.mark.parametrize("learning_method", ["batch", "online"])
@pytest.mark.parametrize("regularizers", [[], REGULARIZERS], ids=["plain", "regularized"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_are_repetitions(learning_method, regularizers, dtype, global_random_seed):
    X = corpus(global_random_seed)
    weights = np.random.default_rng(global_random_seed).integers(0, 4, X.shape[0])
    model = ARTMTransformer(
        4,
        regularizers=regularizers,
        learning_method=learning_method,
        max_iter=10,
        tol=0,
        dtype=dtype,
        random_state=0,
        n_jobs=1,
    )
    weighted = model.fit(X, sample_weight=weights).transform(X)
    repeated = model.fit(X[np.repeat(np.arange(X.shape[0]), weights)]).transform(X)
    tolerance = 1e-5 if dtype == "float32" else 1e-10
    assert_allclose(weighted, repeated, rtol=tolerance, atol=tolerance)

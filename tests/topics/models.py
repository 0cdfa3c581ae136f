"""Models that the tests of estimators share."""

from sklearn.base import clone

from skartm import LDA, PLSA, ARTMTransformer, ThetalessARTM
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.em.corpora import corpus, start

REGULARIZERS = [
    ("decorrelation", Decorrelation(0.05, relative=0.0)),
    ("sparse", SmoothSparsePhi(-0.05)),
    ("smooth", SmoothSparseTheta(0.2)),
]
N_TOPICS, N_TOKENS = 4, 30

# One thread: the corpora are tiny, and on a busy machine the threads would wait for each other.
# Results do not depend on the threads; test_invariance.py says so.
MODELS = {
    "artm": ARTMTransformer(N_TOPICS, regularizers=REGULARIZERS, max_iter=5, tol=0, random_state=0, n_jobs=1),
    "online": ARTMTransformer(
        N_TOPICS,
        regularizers=REGULARIZERS,
        learning_method="online",
        batch_size=7,
        max_iter=3,
        tol=0,
        random_state=0,
        n_jobs=1,
    ),
    "reuse": ARTMTransformer(N_TOPICS, reuse_theta=True, max_doc_iter=2, max_iter=5, tol=0, random_state=0, n_jobs=1),
    "left out": ARTMTransformer(
        N_TOPICS, regularizers=REGULARIZERS, leave_one_out=True, max_iter=5, tol=0, random_state=0, n_jobs=1
    ),
    "left out online": PLSA(
        N_TOPICS,
        leave_one_out=True,
        learning_method="online",
        batch_size=7,
        max_iter=3,
        tol=0,
        dtype="float64",
        random_state=0,
        n_jobs=1,
    ),
    "plsa": PLSA(N_TOPICS, max_iter=5, tol=0, random_state=0, n_jobs=1),
    "plsa online": PLSA(
        N_TOPICS, learning_method="online", batch_size=7, max_iter=3, tol=0, dtype="float64", random_state=0, n_jobs=1
    ),
    "lda": LDA(N_TOPICS, max_iter=3, random_state=0, n_jobs=1),
    "lda online": LDA(N_TOPICS, learning_method="online", batch_size=7, max_iter=2, random_state=0, n_jobs=1),
    "lda map": LDA(N_TOPICS, inference="map", max_iter=3, dtype="float32", random_state=0, n_jobs=1),
    "thetaless": ThetalessARTM(N_TOPICS, regularizers=REGULARIZERS[:2], max_iter=5, tol=0, random_state=0, n_jobs=1),
    "thetaless online": ThetalessARTM(
        N_TOPICS,
        variant="simplified",
        learning_method="online",
        batch_size=7,
        max_iter=3,
        tol=0,
        random_state=0,
        n_jobs=1,
    ),
}


def model(name="artm", **parameters):
    """A fresh one."""
    return clone(MODELS[name]).set_params(**parameters)


def topics(seed=0):
    """Topics to begin with, (n_components, n_tokens)."""
    return start(seed, N_TOKENS, N_TOPICS).T.copy()


__all__ = ["MODELS", "N_TOKENS", "N_TOPICS", "REGULARIZERS", "corpus", "model", "topics"]

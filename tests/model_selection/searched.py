"""What the tests of searches share: a corpus with topics, as counts and as text, and models."""

import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import make_topics
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta

N_TOPICS = 4
CORPUS = make_topics(n_docs=90, n_tokens=60, n_topics=N_TOPICS, doc_length=40, topic_word_prior=0.3, random_state=0)
X = CORPUS.data
N_WORDS = int((X.sum(axis=0) > 0).sum())
TEXTS = [" ".join(np.repeat([f"w{w}" for w in row.indices], row.data.astype(int))) for row in (X[d] for d in range(90))]


def model(**parameters):
    """A fresh one with three regularizers, all at 0."""
    regularizers = [
        ("decorrelation", Decorrelation(0.0, relative=0.0)),
        ("phi", SmoothSparsePhi(0.0)),
        ("theta", SmoothSparseTheta(0.0)),
    ]
    settings = {"n_components": N_TOPICS, "n_jobs": 1, "random_state": 0, "max_iter": 7} | parameters
    return ARTMTransformer(regularizers=regularizers, **settings)


def without_time(results):
    """The table of a search without what no two runs share."""
    return {name: column for name, column in results.items() if name != "fit_time"}

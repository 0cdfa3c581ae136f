"""One fitted model of every public estimator, and of its forms that keep other things: what files of models hold."""

import functools

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer

import skartm
from skartm import monotonic
from skartm.feature_extraction import SequenceVectorizer
from skartm.model_selection import TauPath, TopicNumberSearch
from skartm.regularizers import (
    Decorrelation,
    LabelRegularization,
    Linear,
    SmoothSparsePhi,
    SmoothSparseTheta,
    ThetaRegression,
    TopicPrior,
)

RNG = np.random.default_rng(0)
X = RNG.poisson(1.0, (24, 10)).astype(np.float32) + np.eye(24, 10, dtype=np.float32)
COUNTS = csr_matrix(X)
TEXT = csr_matrix((np.ones(240), RNG.integers(0, 10, 240), np.arange(0, 241, 10)), shape=(24, 10))
LABELS = np.arange(24) % 3
NUMBERS = RNG.normal(size=(40, 3))
TARGET = NUMBERS @ [1.0, -1.0, 0.0]
WORDS = [" ".join(RNG.choice(["goal", "vote", "law", "team"], 6)) for _ in range(24)]
EDGES = pd.DataFrame([[d % 4, f"film{d % 5}", f"genre{d % 3}"] for d in range(40)], columns=["user", "film", "genre"])
REGULARIZERS = [
    ("decorrelation", Decorrelation(Linear(0, 0.1), topics=["plsa0", "plsa1"])),
    ("sparse", SmoothSparsePhi(-0.05)),
    ("smooth", SmoothSparseTheta(0.1)),
]

SMALL = monotonic.Polynomial(n_components=3, n_members=1, max_knots=5, max_iter=5)


def _topics(cls, **params):
    return cls(2, max_iter=3, random_state=0, n_jobs=1, **({} if cls is skartm.LDA else {"tol": 0}), **params)


def _artm(**params):
    return _topics(skartm.ARTMTransformer, **params)


def _levels():
    return [("one", _artm()), ("two", skartm.ARTMTransformer(3, max_iter=2, tol=0))]


def _pipeline():
    blocks = ColumnTransformer([("words", CountVectorizer(), "text"), ("tags", CountVectorizer(), "tag")])
    return skartm.TopicPipeline(blocks, _artm(modality_weights={"tags": 2.0}))


def _frame():
    return pd.DataFrame({"text": WORDS, "tag": [f"tag{k}" for k in LABELS]})


def _monotonic(model, cls=monotonic.MonotonicRegressor):
    y = TARGET if cls is monotonic.MonotonicRegressor else (TARGET > 0).astype(int)
    return cls(model, monotonic_cst=[1, -1, 0], random_state=0).fit(NUMBERS, y)


def _stacking():
    members = [(name, monotonic.MonotonicRegressor("linear", random_state=0)) for name in ("one", "two")]
    return monotonic.MonotonicStacking(members, monotonic_cst=[1, -1, 0], random_state=0).fit(NUMBERS, TARGET)


MAKERS = {
    "LDA": lambda: _topics(skartm.LDA).fit(COUNTS),
    "LDA online": lambda: _topics(skartm.LDA, learning_method="online").partial_fit(COUNTS),
    "LDA map": lambda: _topics(skartm.LDA, inference="map", dtype="float32").fit(COUNTS),
    "PLSA": lambda: _topics(skartm.PLSA).fit(COUNTS),
    "PLSA online": lambda: _topics(skartm.PLSA).partial_fit(COUNTS),
    "PLSA of a frame": lambda: _topics(skartm.PLSA).fit(pd.DataFrame(X, columns=list("abcdefghij"))),
    "ARTMTransformer": lambda: _artm(
        regularizers=[("a", SmoothSparsePhi(-0.05)), ("b", Decorrelation(Linear(0, 0.1)))],
        modalities={"words": slice(7), "tags": slice(7, 10)},
        token_names=list("abcdefghij"),
        topic_names=["first", "second"],
    ).fit(COUNTS),
    "ARTMTransformer of targets": lambda: _artm(
        regularizers=[("a", ThetaRegression(0.1)), ("b", TopicPrior([1.0, 2.0])), ("c", LabelRegularization(0.1))],
        validation_fraction=0.2,
    ).fit(COUNTS, np.arange(24.0)),
    "ARTMClassifier": lambda: skartm.ARTMClassifier(2, max_iter=3, tol=0, random_state=0).fit(COUNTS, LABELS),
    "AuthorTopic": lambda: _topics(skartm.AuthorTopic).fit(COUNTS, authors=[[f"a{k}", "b"] for k in LABELS]),
    "ContextARTM": lambda: _topics(skartm.ContextARTM).fit(TEXT),
    "HierarchicalARTM": lambda: skartm.HierarchicalARTM(_levels(), random_state=0).fit(COUNTS),
    "HypergraphARTM": lambda: _topics(skartm.HypergraphARTM, container="user").fit(EDGES),
    "SentenceTopicModel": lambda: _topics(skartm.SentenceTopicModel).fit(COUNTS, groups=LABELS),
    "ThetalessARTM": lambda: _topics(skartm.ThetalessARTM).fit(COUNTS),
    "TopicPipeline": lambda: _pipeline().fit(_frame()),
    "SequenceVectorizer": lambda: SequenceVectorizer().fit(WORDS),
    "SimplexNMF": lambda: skartm.SimplexNMF(2, max_iter=5, tol=0, random_state=0).fit(X),
    "SimplexNMF of Kullback-Leibler": lambda: skartm.SimplexNMF(
        2, beta_loss="kullback-leibler", regularizers=[("a", SmoothSparsePhi(-0.01))], max_iter=5, tol=0, random_state=0
    ).fit(X),
    "SimplexNMF online": lambda: skartm.SimplexNMF(2, random_state=0).partial_fit(X),
    "DeepSimplexNMF": lambda: skartm.DeepSimplexNMF([3, 2], max_iter=3, tol=0, random_state=0).fit(X),
    "NeuralTopicModel": lambda: skartm.NeuralTopicModel(2, embedding_size=4, max_iter=2, random_state=0).fit(COUNTS),
    "MonotoneCDF": lambda: skartm.MonotoneCDF(n_components=3, n_estimators=2, n_knots=6, random_state=0).fit(NUMBERS),
    "MonotonicRegressor": lambda: _monotonic(SMALL),
    "MonotonicRegressor linear": lambda: _monotonic("linear"),
    "MonotonicRegressor minmax": lambda: _monotonic("minmax"),
    "MonotonicRegressor smooth": lambda: _monotonic("smooth"),
    "MonotonicRegressor constrained": lambda: _monotonic("constrained"),
    "MonotonicClassifier": lambda: _monotonic(SMALL, monotonic.MonotonicClassifier),
    "MonotonicStacking": _stacking,
    "TopicNumberSearch": lambda: TopicNumberSearch(_artm(), n_topics=[2, 3], random_state=0).fit(COUNTS),
    "TauPath": lambda: TauPath(
        _artm(regularizers=[("a", SmoothSparsePhi(-0.01))]), [("a__tau", [-0.05])], scoring="diversity", n_iter=2
    ).fit(COUNTS),
}
# public estimators that no maker makes, and why
EXCEPT = {"EmbeddedTopicModel": "needs torch; its attributes are those of ARTMTransformer, and arrays"}


@functools.cache
def saved(name):
    """The model of that name."""
    return MAKERS[name]()

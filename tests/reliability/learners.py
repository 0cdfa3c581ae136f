"""Every public estimator that learns from counts, with the arguments that it needs beside them.

``LEARNERS`` has an entry for every configuration whose code takes a way of its own. ``test_every_estimator_is_here``
of ``test_purity.py`` fails for a public estimator that is not in it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone

import skartm
from skartm import (
    LDA,
    PLSA,
    ARTMClassifier,
    ARTMTransformer,
    AuthorTopic,
    ContextARTM,
    DeepSimplexNMF,
    EmbeddedTopicModel,
    HierarchicalARTM,
    HypergraphARTM,
    NeuralTopicModel,
    SentenceTopicModel,
    SimplexNMF,
    ThetalessARTM,
)
from skartm.feature_extraction import keep_token_order
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta, SparsePosterior, TopicPrior

# estimators that do not learn from a matrix of counts, and why they are not here
ELSEWHERE = {
    "MonotoneCDF": "regression on real features",
    "MonotonicClassifier": "regression on real features",
    "MonotonicRegressor": "regression on real features",
    "MonotonicStacking": "regression on real features",
    **dict.fromkeys(("Constrained", "Linear", "MinMax", "Polynomial", "Smooth"), "regression on real features"),
    "TopicPipeline": "texts; its last step is one of these estimators",
    "TauPath": "a search that fits an estimator that is given to it",
    "TopicNumberSearch": "a search that fits an estimator that is given to it",
    "SequenceVectorizer": "counts texts",
}


@dataclass(frozen=True)
class Learner:
    """An estimator, and how a matrix of counts becomes the arguments of its methods."""

    estimator: Any
    arguments: Callable[[Any], tuple[Any, dict[str, Any]]]

    def new(self, **parameters: Any) -> Any:
        return clone(self.estimator).set_params(**parameters)

    def call(self, model: Any, method: str, X: Any) -> Any:
        """A method with X and those of the other arguments that it has."""
        X, others = self.arguments(X)
        function = getattr(model, method)
        known = inspect.signature(function).parameters
        return function(X, **{name: value for name, value in others.items() if name in known})


def plain(X):
    return X, {}


def with_classes(X):
    return X, {"y": np.arange(X.shape[0]) % 2}


def with_authors(X):
    return X, {"authors": [["ann", "bob"][: 1 + d % 2] if d % 3 else ["cid"] for d in range(X.shape[0])]}


def with_groups(X):
    return X, {"groups": np.arange(X.shape[0]) // 2}


def as_texts(X):
    """The entries of a row from right to left: not sorted, so they are in an order."""
    X = sparse.csr_matrix(X)
    order = np.concatenate([np.arange(b - 1, a - 1, -1) for a, b in zip(X.indptr, X.indptr[1:])] or [[]]).astype(int)
    return keep_token_order(sparse.csr_matrix((X.data[order], X.indices[order], X.indptr), shape=X.shape)), {}


def as_edges(X):
    """One edge a cell: the row is the container, the column the vertex, the number the weight."""
    X = sparse.coo_matrix(X)
    return [(int(d), f"w{w}", x) for d, w, x in zip(X.row, X.col, X.data)], {}


TERMS = [
    ("decorrelation", Decorrelation(0.05, relative=0.0)),
    ("sparse", SmoothSparsePhi(-0.05)),
    ("smooth", SmoothSparseTheta(0.2)),
]
VARYING = [("prior", TopicPrior([1.0, 2.0, 3.0])), ("power", SmoothSparseTheta(0.1, power=0.5))]
SHORT = {"max_iter": 3, "tol": 0.0, "random_state": 0, "n_jobs": 1}
ONLINE = {**SHORT, "learning_method": "online", "batch_size": 5}
FACTORS = {"max_iter": 5, "random_state": 0, "n_jobs": 1}

LEARNERS = {
    "ARTMTransformer": Learner(ARTMTransformer(3, **SHORT), plain),
    "ARTMTransformer online": Learner(ARTMTransformer(3, regularizers=TERMS, **ONLINE), plain),
    "ARTMTransformer terms": Learner(ARTMTransformer(3, regularizers=TERMS, **SHORT), plain),
    "ARTMTransformer varying terms": Learner(ARTMTransformer(3, regularizers=VARYING, **SHORT), plain),
    "ARTMTransformer posterior terms": Learner(
        ARTMTransformer(3, regularizers=[("few", SparsePosterior(0.5, top_k=2))], dtype="float64", **SHORT), plain
    ),
    "ARTMTransformer reuse_theta": Learner(ARTMTransformer(3, reuse_theta=True, max_doc_iter=2, **SHORT), plain),
    "PLSA": Learner(PLSA(3, **SHORT), plain),
    "PLSA online": Learner(PLSA(3, dtype="float64", **ONLINE), plain),
    "LDA": Learner(LDA(3, max_iter=3, random_state=0, n_jobs=1), plain),
    "LDA float32": Learner(LDA(3, max_iter=3, dtype="float32", random_state=0, n_jobs=1), plain),
    "LDA online": Learner(LDA(3, learning_method="online", batch_size=5, max_iter=3, random_state=0, n_jobs=1), plain),
    "LDA map": Learner(LDA(3, inference="map", max_iter=3, random_state=0, n_jobs=1), plain),
    "ThetalessARTM": Learner(ThetalessARTM(3, **SHORT), plain),
    "ThetalessARTM online": Learner(ThetalessARTM(3, **ONLINE), plain),
    "ThetalessARTM simplified": Learner(ThetalessARTM(3, variant="simplified", **SHORT), plain),
    "ThetalessARTM naive": Learner(ThetalessARTM(3, variant="naive", dtype="float64", **SHORT), plain),
    "ContextARTM": Learner(ContextARTM(3, **SHORT), as_texts),
    "ContextARTM window": Learner(ContextARTM(3, context="window", window=2, n_layers=2, **SHORT), as_texts),
    "ContextARTM online": Learner(ContextARTM(3, dtype="float64", **ONLINE), as_texts),
    "AuthorTopic": Learner(AuthorTopic(3, **SHORT), with_authors),
    "AuthorTopic free": Learner(AuthorTopic(3, mixing="free", **SHORT), with_authors),
    "AuthorTopic online": Learner(AuthorTopic(3, **ONLINE), with_authors),
    "ARTMClassifier": Learner(ARTMClassifier(3, **SHORT), with_classes),
    "ARTMClassifier mixture": Learner(ARTMClassifier(3, rule="mixture", **SHORT), with_classes),
    "HierarchicalARTM": Learner(HierarchicalARTM((2, 3), estimator=ARTMTransformer(**SHORT), random_state=0), plain),
    "SentenceTopicModel": Learner(SentenceTopicModel(3, **SHORT), with_groups),
    "SentenceTopicModel online": Learner(SentenceTopicModel(3, reuse_theta=True, **ONLINE), with_groups),
    "HypergraphARTM": Learner(HypergraphARTM(3, container=0, vertices=[1], weight=2, **SHORT), as_edges),
    "SimplexNMF": Learner(SimplexNMF(3, **FACTORS), plain),
    "SimplexNMF both": Learner(SimplexNMF(3, simplex="both", **FACTORS), plain),
    "SimplexNMF W": Learner(SimplexNMF(3, simplex="W", **FACTORS), plain),
    "SimplexNMF frobenius": Learner(SimplexNMF(3, beta_loss="frobenius", **FACTORS), plain),
    "SimplexNMF volume": Learner(SimplexNMF(3, beta_loss="frobenius", volume_weight=1e-3, **FACTORS), plain),
    "SimplexNMF penalties": Learner(SimplexNMF(3, simplex=None, alpha_W=1e-3, l1_ratio=0.5, **FACTORS), plain),
    "SimplexNMF terms": Learner(SimplexNMF(3, regularizers=[("smooth", SmoothSparsePhi(0.1))], **FACTORS), plain),
    "DeepSimplexNMF": Learner(DeepSimplexNMF((3, 2), joint_iter=3, **FACTORS), plain),
    "DeepSimplexNMF labels": Learner(DeepSimplexNMF((3, 2), joint_iter=3, **FACTORS), with_classes),
    "NeuralTopicModel": Learner(
        NeuralTopicModel(3, embedding_size=4, pretrain_iter=5, max_iter=2, random_state=0, n_jobs=1), plain
    ),
    "NeuralTopicModel logistic": Learner(
        NeuralTopicModel(
            3, embedding_size=4, pretrain_iter=5, loss="logistic", dtype="float64", max_iter=2, random_state=0, n_jobs=1
        ),
        plain,
    ),
}
if find_spec("torch") is not None:
    LEARNERS["EmbeddedTopicModel"] = Learner(
        EmbeddedTopicModel(3, embedding_size=4, hidden_layer_sizes=(4,), max_iter=2, random_state=0, n_jobs=1), plain
    )
    LEARNERS["EmbeddedTopicModel encoder"] = Learner(
        EmbeddedTopicModel(
            3, inference="encoder", embedding_size=4, hidden_layer_sizes=(4,), max_iter=2, random_state=0, n_jobs=1
        ),
        plain,
    )
else:
    ELSEWHERE["EmbeddedTopicModel"] = "needs torch"


def public_estimators() -> dict[str, type]:
    """Classes with ``fit`` in the ``__all__`` of public modules."""
    names = ["skartm"] + [f"skartm.{module.name}" for module in pkgutil.iter_modules(skartm.__path__)]
    found = {}
    for module in (importlib.import_module(name) for name in names if "._" not in name):
        for name in module.__all__:
            item = getattr(module, name)
            if inspect.isclass(item) and issubclass(item, BaseEstimator) and hasattr(item, "fit"):
                found[name] = item
    return found

"""Every public estimator with small data that it learns from, for tests that try a kind of fault on all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.feature_extraction.text import CountVectorizer

import skartm
import skartm.model_selection
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
    MonotoneCDF,
    MonotonicClassifier,
    MonotonicRegressor,
    MonotonicStacking,
    NeuralTopicModel,
    SentenceTopicModel,
    SimplexNMF,
    ThetalessARTM,
    TopicPipeline,
)
from skartm.model_selection import TauPath, TopicNumberSearch
from skartm.monotonic import Linear
from skartm.regularizers import Decorrelation, SmoothSparsePhi, TopicSelection


@dataclass
class Case:
    """An estimator, and how it is used.

    Attributes
    ----------
    make : callable
        A new estimator.
    data : callable (seed, n_rows, n_columns) -> dict
        Arguments of ``fit`` and ``partial_fit``.
    reading : dict of str to names
        Methods that read, and which of the arguments they take.
    """

    make: Callable[[], Any]
    data: Callable[..., dict[str, Any]]
    reading: dict[str, tuple[str, ...]]
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def streams(self) -> bool:
        return hasattr(self.make(), "partial_fit")


def counts(seed: int, n_rows: int = 30, n_columns: int = 20) -> csr_matrix:
    """Counts of two mixed topics, float64; every column and every row has some."""
    rng = np.random.RandomState(seed)
    topics = rng.dirichlet(np.full(n_columns, 0.3), 3)
    X = rng.poisson(rng.dirichlet(np.full(3, 0.5), n_rows) @ topics * 40.0).astype(np.float64)
    X[np.arange(n_rows), np.arange(n_rows) % n_columns] += 1
    return csr_matrix(X)


def documents(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    return {"X": counts(seed, n_rows, n_columns)}


def labelled(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    return {"X": counts(seed, n_rows, n_columns), "y": np.arange(n_rows) % 3}


def authored(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    names = [[f"author{d % 5}", f"author{(d + 1) % 5}"] for d in range(n_rows)]
    return {"X": counts(seed, n_rows, n_columns), "authors": names}


def ordered(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    """Words in the order of a text."""
    from skartm.feature_extraction import SequenceVectorizer

    words = [f"w{w:03d}" for w in range(n_columns)]
    X, rng = counts(seed, n_rows, n_columns), np.random.RandomState(seed)
    texts = [" ".join(words[w] for w in rng.permutation(np.repeat(r.indices, r.data.astype(int)))) for r in X]
    return {"X": SequenceVectorizer(vocabulary=words).fit_transform(texts)}


def transactions(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    rng = np.random.RandomState(seed)
    rows = [(f"c{d % 6}", f"u{rng.randint(4)}", f"i{rng.randint(n_columns)}") for d in range(n_rows)]
    rows += [("c0", f"u{n % 4}", f"i{n}") for n in range(n_columns)]
    return {"edges": np.array(rows, dtype=object)}


def table(seed: int, n_rows: int = 40, n_columns: int = 3) -> dict[str, Any]:
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_rows, n_columns))
    return {"X": X, "y": X.sum(axis=1) + 0.1 * rng.normal(size=n_rows)}


def classed(seed: int, n_rows: int = 40, n_columns: int = 3) -> dict[str, Any]:
    data = table(seed, n_rows, n_columns)
    return {"X": data["X"], "y": (data["y"] > np.median(data["y"])).astype(int)}


def points(seed: int, n_rows: int = 60, n_columns: int = 2) -> dict[str, Any]:
    return {"X": table(seed, n_rows, n_columns)["X"]}


def texts(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    X = counts(seed, n_rows, n_columns)
    return {"X": [" ".join(f"word{w}" for w in np.repeat(r.indices, r.data.astype(int))) for r in X]}


_X = ("X",)
_TOPICS = {"transform": _X, "score": _X, "perplexity": _X, "get_feature_names_out": ()}
_READABLE = {**_TOPICS, "top_tokens": (), "topic_table": (), "token_topics": _X}
_SHORT = {"max_iter": 4, "tol": 0, "random_state": 0, "n_jobs": 1}
_REGULARIZED = [("apart", Decorrelation(0.05, relative=0.0)), ("select", TopicSelection(0.001))]
_CHANGES = {
    "n_components": 1000,
    "topic_names": ["a", "b", "c"],
    "batch_size": -3,
    "max_doc_iter": 0,
    "doc_tol": -1.0,
    "dtype": "int8",
    "learning_method": "nothing",
    "random_state": "seed",
    "n_jobs": 0,
    "modalities": {"words": slice(0, 3)},
    "regularizers": [("bad", 3)],
    "init": np.ones((2, 2)),
    "token_names": ["x"],
    "evaluation": "none",
}

CASES: dict[str, Case] = {
    "PLSA": Case(lambda: PLSA(3, **_SHORT), documents, _READABLE),
    "ARTMTransformer": Case(lambda: ARTMTransformer(3, regularizers=_REGULARIZED, **_SHORT), documents, _READABLE),
    "ARTMTransformer, online": Case(
        lambda: ARTMTransformer(
            3, regularizers=[("smooth", SmoothSparsePhi(0.1))], learning_method="online", batch_size=7, **_SHORT
        ),
        documents,
        _READABLE,
    ),
    "ThetalessARTM": Case(lambda: ThetalessARTM(3, **_SHORT), documents, _READABLE),
    "LDA": Case(lambda: LDA(3, max_iter=3, random_state=0, n_jobs=1), documents, _TOPICS),
    "LDA, map": Case(lambda: LDA(3, inference="map", max_iter=3, random_state=0, n_jobs=1), documents, _TOPICS),
    "ARTMClassifier": Case(
        lambda: ARTMClassifier(3, **_SHORT),
        labelled,
        {"transform": _X, "predict": _X, "predict_proba": _X, "score": ("X", "y"), "perplexity": _X, "top_tokens": ()},
    ),
    "AuthorTopic": Case(
        lambda: AuthorTopic(3, **_SHORT),
        authored,
        {
            "transform": _X,
            "score": ("X", "authors"),
            "perplexity": ("X", "authors"),
            "top_tokens": (),
            "top_authors": (),
            "infer_author": _X,
            "author_probabilities": ("X", "authors"),
            "token_topics": ("X", "authors"),
            "get_feature_names_out": (),
        },
    ),
    "ContextARTM": Case(lambda: ContextARTM(3, **_SHORT), ordered, _READABLE),
    "SentenceTopicModel": Case(lambda: SentenceTopicModel(3, **_SHORT), documents, _TOPICS),
    "HypergraphARTM": Case(
        lambda: HypergraphARTM(3, container=0, **_SHORT),
        transactions,
        {"transform": ("edges",), "score": ("edges",), "perplexity": ("edges",), "edge_log_likelihood": ("edges",)},
    ),
    "HierarchicalARTM": Case(
        lambda: HierarchicalARTM([2, 4], estimator=ARTMTransformer(**_SHORT), random_state=0),
        documents,
        {"transform": _X, "transform_levels": _X, "score": _X, "perplexity": _X, "top_tokens": (), "topic_tree": ()},
    ),
    "TopicPipeline": Case(
        lambda: TopicPipeline(CountVectorizer(), PLSA(3, **_SHORT)),
        texts,
        {"transform": _X, "score": _X, "perplexity": _X, "top_tokens": (), "get_feature_names_out": ()},
    ),
    "SimplexNMF": Case(
        lambda: SimplexNMF(3, max_iter=20, tol=0, random_state=0, n_jobs=1), documents, {"transform": _X}
    ),
    "SimplexNMF, frobenius": Case(
        lambda: SimplexNMF(3, beta_loss="frobenius", max_iter=20, tol=0, random_state=0, n_jobs=1),
        documents,
        {"transform": _X},
    ),
    "DeepSimplexNMF": Case(
        lambda: DeepSimplexNMF((4, 2), max_iter=10, joint_iter=5, tol=0, random_state=0, n_jobs=1),
        documents,
        {"transform": _X, "topic_tree": ()},
    ),
    "NeuralTopicModel": Case(
        lambda: NeuralTopicModel(3, embedding_size=4, max_iter=2, pretrain_iter=5, random_state=0, n_jobs=1),
        documents,
        {"transform": _X},
    ),
    "MonotonicRegressor": Case(
        lambda: MonotonicRegressor(monotonic_cst=[1, 1, 1], random_state=0, n_jobs=1),
        table,
        {"predict": _X, "score": ("X", "y"), "explain": _X},
    ),
    "MonotonicClassifier": Case(
        lambda: MonotonicClassifier(monotonic_cst=[1, 1, 1], random_state=0, n_jobs=1),
        classed,
        {"predict": _X, "predict_proba": _X, "score": ("X", "y")},
    ),
    "MonotonicStacking": Case(
        lambda: MonotonicStacking([("a", MonotonicRegressor(Linear())), ("b", MonotonicRegressor(Linear()))], cv=2),
        table,
        {"predict": _X, "score": ("X", "y")},
    ),
    "MonotoneCDF": Case(
        lambda: MonotoneCDF(n_components=3, random_state=0, n_jobs=1), points, {"cdf": _X, "score_samples": _X}
    ),
    "TauPath": Case(
        lambda: TauPath(
            ARTMTransformer(3, regularizers=[("smooth", SmoothSparsePhi(0.0))], **_SHORT),
            [("smooth__tau", [0.1])],
            n_iter=2,
            random_state=0,
        ),
        documents,
        {},
    ),
    "TopicNumberSearch": Case(lambda: TopicNumberSearch(PLSA(**_SHORT), [2, 3], random_state=0), documents, {}),
}
if find_spec("torch"):
    CASES["EmbeddedTopicModel"] = Case(
        lambda: EmbeddedTopicModel(3, embedding_size=4, hidden_layer_sizes=8, max_iter=2, random_state=0),
        documents,
        {**_TOPICS, "top_tokens": (), "topic_table": ()},
    )

PUBLIC = {
    item
    for module in (skartm, skartm.model_selection)
    for item in (getattr(module, name) for name in module.__all__)
    if isinstance(item, type) and issubclass(item, BaseEstimator) and hasattr(item, "fit")
}


def changes_of(estimator: Any) -> dict[str, Any]:
    """Values that contradict what an estimator has learned, or are not valid at all, for parameters that it has."""
    return {name: value for name, value in _CHANGES.items() if name in estimator.get_params(deep=False)}


def call(model: Any, method: str, arguments: dict[str, Any]) -> Any:
    """The method with the data as the first argument, whatever its name is."""
    first, *others = arguments.items() or [(None, None)]
    if first[0] is None:
        return getattr(model, method)()
    return getattr(model, method)(first[1], **dict(others))

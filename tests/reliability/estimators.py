"""Every public estimator with small data that it learns from, for tests that try something on all of them.

``CASES`` has an entry for every configuration whose code takes a way of its own. ``COUNTED`` are those of them that
learn from any matrix of counts. ``PLAIN`` has one entry of every class, for tests that try many faults on each. A
public estimator that is missing fails ``test_estimators.py``.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction.text import CountVectorizer

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
from skartm.feature_extraction import SequenceVectorizer, keep_token_order
from skartm.model_selection import TauPath, TopicNumberSearch
from skartm.monotonic import Constrained, Linear, MinMax, Polynomial, Smooth
from skartm.regularizers import (
    Decorrelation,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    TopicPrior,
    TopicSelection,
)

# classes with ``fit`` that have no case, and why
ELSEWHERE = {
    **dict.fromkeys(("Constrained", "Linear", "MinMax", "Polynomial", "Smooth"), "models of MonotonicRegressor"),
    "SequenceVectorizer": "counts texts",
}
# methods that read, with the data that fit has or without
READERS = ("transform", "predict", "predict_proba", "decision_function", "cdf", "score_samples", "score", "perplexity")
READERS += (
    "predict_topics",
    "transform_levels",
    "token_topics",
    "infer_author",
    "author_probabilities",
    "edge_log_likelihood",
    "explain",
)
DESCRIPTIONS = ("get_feature_names_out", "top_tokens", "topic_table", "top_authors", "topic_tree")


def counts(seed: int, n_rows: int = 30, n_columns: int = 20) -> csr_matrix:
    """Counts of two mixed topics, float64; every column and every row has some."""
    rng = np.random.RandomState(seed)
    topics = rng.dirichlet(np.full(n_columns, 0.3), 3)
    X = rng.poisson(rng.dirichlet(np.full(3, 0.5), n_rows) @ topics * 40.0).astype(np.float64)
    X[np.arange(n_rows), np.arange(n_rows) % n_columns] += 1
    return csr_matrix(X)


def documents(X: Any) -> dict[str, Any]:
    return {"X": X}


def labelled(X: Any) -> dict[str, Any]:
    return {"X": X, "y": np.arange(X.shape[0]) % 3}


def authored(X: Any) -> dict[str, Any]:
    names = [[f"author{d % 5}", f"author{(d + 1) % 5}"][: 1 + d % 2] for d in range(X.shape[0])]
    return {"X": X, "authors": names}


def grouped(X: Any) -> dict[str, Any]:
    return {"X": X, "groups": np.arange(X.shape[0]) // 2}


def ordered(X: Any) -> dict[str, Any]:
    """The entries of a row from right to left: not sorted, so they are in an order."""
    X = csr_matrix(X)
    order = np.concatenate([np.arange(b - 1, a - 1, -1) for a, b in zip(X.indptr, X.indptr[1:])] or [[]]).astype(int)
    return {"X": keep_token_order(csr_matrix((X.data[order], X.indices[order], X.indptr), shape=X.shape))}


def cells(X: Any) -> dict[str, Any]:
    """One edge a cell: the row is the container, the column the vertex, the number the weight."""
    X = coo_matrix(X)
    return {"edges": [(int(d), f"w{w}", x) for d, w, x in zip(X.row, X.col, X.data)]}


def texts(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    X = counts(seed, n_rows, n_columns)
    return {"X": [" ".join(f"word{w}" for w in np.repeat(r.indices, r.data.astype(int))) for r in X]}


def one_document(seed: int, n_rows: int = 30, n_columns: int = 20) -> dict[str, Any]:
    return {"X": counts(seed, n_rows, n_columns)}


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


@dataclass(frozen=True)
class Case:
    """An estimator, and how it is used.

    Attributes
    ----------
    estimator : estimator
        The example, which is never fitted; ``new`` gives copies.
    of_counts : callable (X) -> dict, or None
        How a matrix of counts becomes arguments of ``fit``; None where the data are of another kind.
    make_data : callable (seed, n_rows, n_columns) -> dict, or None
        Arguments of ``fit`` of another kind.
    """

    estimator: Any
    of_counts: Callable[[Any], dict[str, Any]] | None = documents
    make_data: Callable[..., dict[str, Any]] | None = None

    def new(self, **parameters: Any) -> Any:
        return clone(self.estimator).set_params(**parameters)

    def data(self, *size: int) -> dict[str, Any]:
        """Arguments of ``fit``, by seed, number of rows and number of columns."""
        if self.make_data is not None:
            return self.make_data(*size)
        assert self.of_counts is not None
        return self.of_counts(counts(*size))

    @property
    def streams(self) -> bool:
        return hasattr(self.estimator, "partial_fit")

    @property
    def readers(self) -> list[str]:
        return [name for name in READERS + DESCRIPTIONS if hasattr(self.estimator, name)]

    def readings(self, model: Any, data: dict[str, Any], readers: Any = None) -> dict[str, Any]:
        """The results of all methods that read, or of the given ones."""
        return {name: call(model, name, data) for name in (self.readers if readers is None else readers)}


def call(model: Any, method: str, arguments: dict[str, Any]) -> Any:
    """A method with those of the arguments that it has; the first one of them has many names."""
    if method in DESCRIPTIONS:
        return getattr(model, method)()
    function = getattr(model, method)
    known = inspect.signature(function).parameters
    takes_all = any(parameter.kind == parameter.VAR_KEYWORD for parameter in known.values())
    (_, first), *others = arguments.items()
    return function(first, **{name: value for name, value in others if takes_all or name in known})


TERMS = [
    ("decorrelation", Decorrelation(0.05, relative=0.0)),
    ("sparse", SmoothSparsePhi(-0.05)),
    ("smooth", SmoothSparseTheta(0.2)),
]
VARYING = [
    ("prior", TopicPrior([1.0, 2.0, 3.0])),
    ("power", SmoothSparseTheta(0.1, power=0.5)),
    ("selection", TopicSelection(0.001)),
]
SMOOTH = [("smooth", SmoothSparsePhi(0.1))]
FEW = [("few", SparsePosterior(0.5, top_k=2))]
SHORT: dict[str, Any] = {"max_iter": 3, "tol": 0.0, "random_state": 0, "n_jobs": 1}
ONLINE: dict[str, Any] = {**SHORT, "learning_method": "online", "batch_size": 5}
DIRICHLET: dict[str, Any] = {"max_iter": 3, "random_state": 0, "n_jobs": 1}
FACTORS: dict[str, Any] = {"max_iter": 5, "random_state": 0, "n_jobs": 1}
NEURAL: dict[str, Any] = {"embedding_size": 4, "max_iter": 2, "random_state": 0, "n_jobs": 1}
CONES: dict[str, Any] = {"monotonic_cst": [1, 1, 0], "random_state": 0, "n_jobs": 1}
LIGHT: dict[str, Any] = {"n_members": 2, "max_iter": 5}

CASES = {
    "ARTMTransformer": Case(ARTMTransformer(3, regularizers=TERMS, **SHORT)),
    "ARTMTransformer online": Case(ARTMTransformer(3, regularizers=TERMS, **ONLINE)),
    "ARTMTransformer without terms": Case(ARTMTransformer(3, **SHORT)),
    "ARTMTransformer varying terms": Case(ARTMTransformer(3, regularizers=VARYING, **SHORT)),
    "ARTMTransformer posterior terms": Case(ARTMTransformer(3, regularizers=FEW, dtype="float64", **SHORT)),
    "ARTMTransformer reuse_theta": Case(ARTMTransformer(3, reuse_theta=True, max_doc_iter=2, **SHORT)),
    "ARTMTransformer leave_one_out": Case(
        ARTMTransformer(3, regularizers=VARYING, leave_one_out=True, reuse_theta=True, **SHORT)
    ),
    "PLSA": Case(PLSA(3, **SHORT)),
    "PLSA leave_one_out online": Case(PLSA(3, leave_one_out=True, **ONLINE)),
    "PLSA online": Case(PLSA(3, dtype="float64", **ONLINE)),
    "LDA": Case(LDA(3, **DIRICHLET)),
    "LDA float32": Case(LDA(3, dtype="float32", **DIRICHLET)),
    "LDA online": Case(LDA(3, learning_method="online", batch_size=5, **DIRICHLET)),
    "LDA map": Case(LDA(3, inference="map", **DIRICHLET)),
    "ThetalessARTM": Case(ThetalessARTM(3, **SHORT)),
    "ThetalessARTM online": Case(ThetalessARTM(3, **ONLINE)),
    "ThetalessARTM simplified": Case(ThetalessARTM(3, variant="simplified", **SHORT)),
    "ThetalessARTM naive": Case(ThetalessARTM(3, variant="naive", dtype="float64", **SHORT)),
    "ContextARTM": Case(ContextARTM(3, **SHORT), ordered),
    "ContextARTM window": Case(ContextARTM(3, context="window", window=2, n_layers=2, **SHORT), ordered),
    "ContextARTM online": Case(ContextARTM(3, dtype="float64", **ONLINE), ordered),
    "AuthorTopic": Case(AuthorTopic(3, **SHORT), authored),
    "AuthorTopic free": Case(AuthorTopic(3, mixing="free", **SHORT), authored),
    "AuthorTopic online": Case(AuthorTopic(3, **ONLINE), authored),
    "ARTMClassifier": Case(ARTMClassifier(3, **SHORT), labelled),
    "ARTMClassifier mixture": Case(ARTMClassifier(3, rule="mixture", **SHORT), labelled),
    "HierarchicalARTM": Case(HierarchicalARTM((2, 3), estimator=ARTMTransformer(**SHORT), random_state=0)),
    "SentenceTopicModel": Case(SentenceTopicModel(3, **SHORT), grouped),
    "SentenceTopicModel one document": Case(SentenceTopicModel(3, **SHORT), None, one_document),
    "SentenceTopicModel online": Case(SentenceTopicModel(3, reuse_theta=True, **ONLINE), grouped),
    "HypergraphARTM": Case(HypergraphARTM(3, container=0, **SHORT), None, transactions),
    "HypergraphARTM weights": Case(HypergraphARTM(3, container=0, vertices=[1], weight=2, **SHORT), cells),
    "SimplexNMF": Case(SimplexNMF(3, **FACTORS)),
    "SimplexNMF both": Case(SimplexNMF(3, simplex="both", **FACTORS)),
    "SimplexNMF W": Case(SimplexNMF(3, simplex="W", **FACTORS)),
    "SimplexNMF frobenius": Case(SimplexNMF(3, beta_loss="frobenius", **FACTORS)),
    "SimplexNMF volume": Case(SimplexNMF(3, beta_loss="frobenius", volume_weight=1e-3, **FACTORS)),
    "SimplexNMF penalties": Case(SimplexNMF(3, simplex=None, alpha_W=1e-3, l1_ratio=0.5, **FACTORS)),
    "SimplexNMF terms": Case(SimplexNMF(3, regularizers=SMOOTH, **FACTORS)),
    "DeepSimplexNMF": Case(DeepSimplexNMF((3, 2), joint_iter=3, **FACTORS)),
    "DeepSimplexNMF labels": Case(DeepSimplexNMF((3, 2), joint_iter=3, **FACTORS), labelled),
    "NeuralTopicModel": Case(NeuralTopicModel(3, pretrain_iter=5, **NEURAL)),
    "NeuralTopicModel logistic": Case(NeuralTopicModel(3, pretrain_iter=5, loss="logistic", dtype="float64", **NEURAL)),
    "MonotonicRegressor": Case(MonotonicRegressor(Polynomial(**LIGHT), **CONES), None, table),
    "MonotonicRegressor constrained": Case(MonotonicRegressor(Constrained(**LIGHT), **CONES), None, table),
    "MonotonicRegressor minmax": Case(MonotonicRegressor(MinMax(**LIGHT), **CONES), None, table),
    "MonotonicRegressor smooth": Case(MonotonicRegressor(Smooth(**LIGHT), **CONES), None, table),
    "MonotonicRegressor linear": Case(MonotonicRegressor(Linear(), **CONES), None, table),
    "MonotonicClassifier": Case(MonotonicClassifier(Polynomial(**LIGHT), **CONES), None, classed),
    "MonotonicStacking": Case(
        MonotonicStacking([("a", MonotonicRegressor(Linear())), ("b", MonotonicRegressor(Linear()))], cv=2),
        None,
        table,
    ),
    "MonotonicStacking default": Case(MonotonicStacking(cv=2, **CONES), None, table),
    "MonotoneCDF": Case(MonotoneCDF(3, n_estimators=2, max_iter=5, n_jobs=1, random_state=0), None, points),
    "TopicPipeline": Case(TopicPipeline(CountVectorizer(), PLSA(3, **SHORT)), None, texts),
    "TopicPipeline sequences": Case(TopicPipeline(SequenceVectorizer(), PLSA(3, **SHORT)), None, texts),
    "TauPath": Case(
        TauPath(
            ARTMTransformer(3, regularizers=SMOOTH, **SHORT),
            [("smooth__tau", [0.5])],
            scoring="completion",
            n_iter=2,
            n_jobs=1,
            random_state=0,
        )
    ),
    "TopicNumberSearch": Case(
        TopicNumberSearch(PLSA(3, **SHORT), [2, 3], scoring="completion", n_seeds=1, n_jobs=1, random_state=0)
    ),
}
if find_spec("torch"):
    CASES["EmbeddedTopicModel"] = Case(EmbeddedTopicModel(3, hidden_layer_sizes=(4,), **NEURAL))
    CASES["EmbeddedTopicModel encoder"] = Case(
        EmbeddedTopicModel(3, inference="encoder", hidden_layer_sizes=(4,), **NEURAL)
    )
else:
    ELSEWHERE["EmbeddedTopicModel"] = "needs torch"

SEARCHES = ("TauPath", "TopicNumberSearch")
COUNTED = {name: case for name, case in CASES.items() if case.of_counts is not None and name not in SEARCHES}
# those whose state has parts that the plain case of their class has not, too
PLAIN = {
    name: case
    for name, case in CASES.items()
    if " " not in name or name in ("ARTMTransformer online", "LDA map", "SimplexNMF frobenius")
}

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


def changes_of(estimator: Any) -> dict[str, Any]:
    """Values that contradict what an estimator has learned, or are not valid at all, for parameters that it has."""
    return {name: value for name, value in _CHANGES.items() if name in estimator.get_params(deep=False)}


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

"""Every public callable that takes an array, and how to call it with one.

An entry is a name and a function of one matrix; what else the callable needs is whole. ``test_entries.py`` gives each
of them all forms of a matrix, and all damaged ones, and fails for a public callable that is in no table here.
"""

import copy
import inspect
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

import skartm
from skartm import callbacks, datasets, feature_extraction, metrics, model_selection, recipes, simplex
from skartm import regularizers as reg
from skartm.base._sparse import own_csr
from tests.reliability import matrices

N_DOCS, N_TOKENS, N_TOPICS = 12, 10, 2
_RNG = np.random.default_rng(0)
COUNTS = _RNG.poisson(1.2, (N_DOCS, N_TOKENS)).astype(np.float64)
COUNTS[3], COUNTS[0, 0], COUNTS[5] = 0, 2, 1  # an empty row; the second entry is there
COUNTS[0, 1] = 1
PHI = _RNG.integers(1, 64, (N_TOPICS, N_TOKENS)).astype(np.float64) / 64  # exact in float16
INIT = (1 + _RNG.multinomial(64 - N_TOKENS, np.ones(N_TOKENS) / N_TOKENS, N_TOPICS)) / 64  # rows sum to 1 exactly
THETA = _RNG.integers(1, 8, (N_DOCS, N_TOPICS)).astype(np.float64) / 8
SQUARE = np.triu(_RNG.integers(0, 3, (N_TOKENS, N_TOKENS)), 1).astype(np.float64)
SQUARE[0, 1] = 2
SQUARE += SQUARE.T
LINKS = np.zeros((N_DOCS, N_DOCS))
LINKS[[0, 1, 2, 5], [1, 4, 7, 9]] = 1
REAL = _RNG.integers(-16, 16, (N_DOCS, 3)).astype(np.float64) / 8
WEIGHTS = _RNG.integers(1, 4, N_DOCS).astype(np.float64)
CLASSES = np.arange(N_DOCS) % 2
AUTHORS = np.eye(3)[np.arange(N_DOCS) % 3]
TEXT = (COUNTS > 0).astype(np.float64).view(matrices.Text)
NAMES = [f"w{w}" for w in range(N_TOKENS)]
GROUPS = np.arange(N_DOCS) // 3
EDGES = np.array([[d, w % 5, w % 4] for d in range(6) for w in range(4)])

_DENSE = matrices.DENSE_FORMS
_VALUES = matrices.DENSE_VALUES
_SHAPES = matrices.SHAPES
_ORDERED = {name: damage for name, damage in matrices.BROKEN.items() if not name.startswith(("csc", "coo", "bsr"))}


@dataclass(frozen=True)
class Kind:
    """What forms a matrix may have, and what damage."""

    array: np.ndarray
    forms: dict
    damages: dict


KINDS = {
    "counts": Kind(
        COUNTS,
        matrices.SPARSE_FORMS | matrices.COUNT_FORMS,
        matrices.BROKEN | matrices.SPARSE_VALUES | _VALUES | _SHAPES,
    ),
    "text": Kind(TEXT, matrices.CSR_FORMS, _ORDERED | matrices.SPARSE_VALUES),
    "square": Kind(
        SQUARE, matrices.SPARSE_FORMS | _DENSE, matrices.BROKEN | matrices.SPARSE_VALUES | _VALUES | _SHAPES
    ),
    "links": Kind(LINKS, matrices.SPARSE_FORMS | _DENSE, matrices.BROKEN | matrices.SPARSE_VALUES | _VALUES | _SHAPES),
    "authors": Kind(AUTHORS, matrices.SPARSE_FORMS, matrices.BROKEN | matrices.SPARSE_VALUES | _SHAPES),
    "phi": Kind(PHI, _DENSE, _VALUES | _SHAPES),
    "theta": Kind(THETA, _DENSE, _VALUES | _SHAPES),
    "real": Kind(REAL, _DENSE, _VALUES | _SHAPES),
    "weights": Kind(WEIGHTS, _DENSE, _VALUES | _SHAPES),
    "classes": Kind(
        CLASSES,
        {name: form for name, form in _DENSE.items() if not any(word in name for word in ("float", "double"))},
        {},
    ),
    "table": Kind(EDGES, {name: form for name, form in _DENSE.items() if name not in (
        "float16 array", "longdouble array")}, {}),
}
_FREE = frozenset({"negative", "sparse negative"})
_ROWS = frozenset({"longer", "empty"})
_REORDERED = frozenset(set(matrices.SPARSE_FORMS) - set(matrices.CSR_FORMS))
_MISSING = frozenset({"NaN", "negative", "objects that are no numbers"})  # None is missing, too


@dataclass(frozen=True)
class Entry:
    """A callable.

    Attributes
    ----------
    kind : str
        Of :data:`KINDS`.
    call : callable
        The callable as a function of the matrix.
    array : array or None
        The matrix; None is that of the kind.
    accepts : set of str
        Damages that are none to this callable.
    refuses : set of str
        Forms that it may refuse, in words of its own.
    """

    kind: str
    call: Callable[[Any], Any]
    array: np.ndarray | None = field(default=None, repr=False)
    accepts: frozenset = frozenset()
    refuses: frozenset = frozenset()
    differs: frozenset = frozenset()  # forms whose result is another one, as it should be
    needs: str = ""  # a library that is not everywhere


# --- estimators ------------------------------------------------------------------------------------------------------

_FAST: dict[str, Any] = {"max_iter": 2, "random_state": 0, "n_jobs": 1}
_EM = _FAST | {"tol": 0, "dtype": "float64"}


@dataclass(frozen=True)
class Estimator:
    make: Callable[[], Any]
    kind: str = "counts"
    data: dict = field(default_factory=dict)  # what fit needs beside X
    others: dict = field(default_factory=dict)  # method: what it needs beside X
    accepts: frozenset = frozenset()
    refuses: frozenset = frozenset()


def _pipeline() -> Any:
    return skartm.TopicPipeline(FunctionTransformer(accept_sparse=True), skartm.PLSA(N_TOPICS, **_EM))


def _small_plsa() -> Any:
    return skartm.PLSA(N_TOPICS, **_EM)


_AUTHORS = {"authors": AUTHORS}
_Y = {"y": CLASSES}
_NO_OBJECTS = frozenset({"objects"})  # scikit-learn takes them for strings that it cannot read
_TARGETS = {"y": REAL[:, 0]}
ESTIMATORS: dict[str, Estimator] = {
    "PLSA": Estimator(_small_plsa),
    "LDA": Estimator(lambda: skartm.LDA(N_TOPICS, **_FAST)),
    "ARTMTransformer": Estimator(lambda: skartm.ARTMTransformer(N_TOPICS, **_EM)),
    "ThetalessARTM": Estimator(lambda: skartm.ThetalessARTM(N_TOPICS, **_EM)),
    "ARTMClassifier": Estimator(
        lambda: skartm.ARTMClassifier(N_TOPICS, **_EM),
        data=_Y,
        others={"partial_fit": {"y": CLASSES, "classes": [0, 1]}, "score": _Y, "fit_transform": _Y},
    ),
    "AuthorTopic": Estimator(
        lambda: skartm.AuthorTopic(N_TOPICS, **_EM),
        data=_AUTHORS,
        others=dict.fromkeys(("fit_transform", "partial_fit", "score", "perplexity"), _AUTHORS),
    ),
    "ContextARTM": Estimator(
        lambda: skartm.ContextARTM(N_TOPICS, **_EM),
        kind="text",
        others={"transform_spans": {"spans": [(0, 0, 2), (1, 0, 1)]}, "segment": {"n_segments": 2}},
    ),
    "HierarchicalARTM": Estimator(
        lambda: skartm.HierarchicalARTM([2, 3], estimator=skartm.ARTMTransformer(N_TOPICS, **_EM)),
        others={"refit_subtopics": {"topic": 0, "subtopics": 2, "level": 0}},
    ),
    "SentenceTopicModel": Estimator(
        lambda: skartm.SentenceTopicModel(N_TOPICS, **_EM),
        others={"document_topics": {"groups": GROUPS}},
    ),
    "HypergraphARTM": Estimator(
        lambda: skartm.HypergraphARTM(N_TOPICS, container=0, vertices={1: "a", 2: "b"}, **_EM), kind="table",
        others={method: {"modality": "a"} for method in ("recommend", "vertex_proba")},
    ),
    "SimplexNMF": Estimator(
        lambda: skartm.SimplexNMF(N_TOPICS, init="random", **(_EM | {"max_iter": 5})),
        accepts=frozenset({"NaN", "objects that are no numbers"}),
    ),
    "DeepSimplexNMF": Estimator(
        lambda: skartm.DeepSimplexNMF([3, 2], joint_iter=1, **_EM), data=_Y, others={"fit_transform": _Y}
    ),
    "NeuralTopicModel": Estimator(
        lambda: skartm.NeuralTopicModel(
            N_TOPICS, label_weight=1.0, embedding_size=3, pretrain_iter=2, dtype="float64", **_FAST
        ),
        data=_Y,
        others={"fit_transform": _Y},
    ),
    "TopicPipeline": Estimator(_pipeline, refuses=_NO_OBJECTS),
    "MonotonicRegressor": Estimator(
        lambda: skartm.MonotonicRegressor(random_state=0), kind="real", data=_TARGETS, others={"score": _TARGETS},
        accepts=_MISSING,
    ),
    "MonotonicClassifier": Estimator(
        lambda: skartm.MonotonicClassifier(random_state=0), kind="real", data=_Y, others={"score": _Y}, accepts=_MISSING
    ),
    "MonotonicStacking": Estimator(
        lambda: skartm.MonotonicStacking([("linear", skartm.MonotonicRegressor("linear")), (
            "again", skartm.MonotonicRegressor("linear"))], cv=2, random_state=0),
        kind="real", data=_TARGETS, others={"score": _TARGETS}, accepts=_MISSING
    ),
    "MonotoneCDF": Estimator(lambda: skartm.MonotoneCDF(random_state=0), kind="real", accepts=_MISSING),
    "TopicNumberSearch": Estimator(
        lambda: model_selection.TopicNumberSearch(
            _small_plsa(), [2, 3], n_seeds=2, others=("npmi",), scoring="perplexity", random_state=0
        )
    ),
    "TauPath": Estimator(
        lambda: model_selection.TauPath(
            skartm.ARTMTransformer(N_TOPICS, regularizers=[("smooth", reg.SmoothSparsePhi(0.1))], **_EM),
            [("smooth__tau", [0.5])],
            n_iter=1,
            random_state=0,
        )
    ),
}
# methods that take no array of numbers, with the reason
WITHOUT_ARRAYS = {
    "top_tokens": "reads the fitted model",
    "topic_table": "reads the fitted model",
    "topic_tree": "reads the fitted model",
    "subtopics": "reads the fitted model",
    "top_authors": "reads the fitted model",
    "similar_authors": "takes a name",
    "get_author_topics": "takes a name",
    "sample": "takes a number",
    "marginal": "takes names",
    "conditional": "takes names and numbers",
    "get_feature_names_out": "reads the fitted model",
    "get_params": "parameters",
    "set_params": "parameters",
    "get_metadata_routing": "parameters",
    "set_output": "parameters",
    "set_callbacks": "parameters",
}
NEEDS_TORCH = {"EmbeddedTopicModel": "fit needs torch; its documents go through check_counts as those of all models"}


@cache
def fitted(name: str) -> Any:
    estimator = ESTIMATORS[name]
    array = KINDS[estimator.kind].array
    X = matrices.csr(array) if estimator.kind in ("counts", "text") else array
    return estimator.make().fit(X, **estimator.data)


def methods_of(name: str) -> list[str]:
    """Public methods of an estimator."""
    model = fitted(name)
    kind = type(model)
    names = [m for m in dir(kind) if not m.startswith("_") and not m.endswith("_request")]
    return [m for m in names if callable(getattr(model, m, None)) and not isinstance(
        inspect.getattr_static(kind, m), property)]  # fmt: skip


def _state(model: Any) -> dict:
    return {name: value for name, value in vars(model).items() if name.endswith("_") and isinstance(value, np.ndarray)}


def _method(name: str, method: str, again: bool = False) -> Callable[[Any], Any]:
    estimator = ESTIMATORS[name]

    def call(X: Any) -> Any:
        learns = method.startswith(("fit", "partial_fit"))
        model = estimator.make() if learns and not again else copy.deepcopy(fitted(name))
        others = estimator.others.get(method, estimator.data if method == "fit" else {})
        result = getattr(model, method)(X, **others)
        if inspect.isgenerator(result):
            return list(result)
        return _state(model) if result is model else result

    return call


def entries_of_estimators() -> dict[str, Entry]:
    """All methods of all estimators but those without arrays."""
    entries = {}
    for name, estimator in ESTIMATORS.items():
        for method in methods_of(name):
            if method in WITHOUT_ARRAYS:
                continue
            entry = Entry(estimator.kind, _method(name, method), None, estimator.accepts, estimator.refuses)
            if method == "inverse_transform":
                theta = THETA if name == "SimplexNMF" else THETA[:, :N_TOPICS]
                entry = Entry("counts", entry.call, theta, _FREE | _ROWS)
            elif not {"y", "authors", "groups"} & set(estimator.others.get(method, estimator.data if method == "fit"
                                                                          else {})):  # fmt: skip
                entry = Entry(entry.kind, entry.call, None, entry.accepts | {"longer"}, entry.refuses)
            if method.startswith("fit") and not entry.accepts >= {"wider"}:
                entry = replace(entry, accepts=entry.accepts | {"wider"})
            if method == "token_topics":  # a row for every stored entry
                entry = replace(entry, differs=_REORDERED)
            entries[f"{name}.{method}"] = entry
            if method == "partial_fit":
                entries[f"{name}.{method}"] = replace(entry, accepts=entry.accepts | {"wider"})
                entries[f"{name}.{method} again"] = replace(entry, call=_method(name, method, True))
    return entries


# --- functions -------------------------------------------------------------------------------------------------------


def _file(write: Callable[[str], Any]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        write(f"{folder}/file")
        return Path(folder, "file").read_text(encoding="utf-8")


def _saved(X: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return _copied(datasets.save_memmap(f"{folder}/counts", X))


def _opened(X: Any) -> Any:
    """A folder of a memory map with these arrays, read as a user reads it."""
    with tempfile.TemporaryDirectory() as folder:
        datasets.save_memmap(f"{folder}/counts", sparse.csr_matrix(COUNTS))
        for name in ("data", "indices", "indptr"):
            np.save(f"{folder}/counts/{name}.npy", getattr(X, name))
        read = datasets.open_memmap(f"{folder}/counts")
        theta = fitted("PLSA").transform(read)
        return [theta, [block.toarray() for block in datasets.iter_chunks(read, 5)]]


def _copied(X: Any) -> Any:
    return [np.array(X.toarray())]


def _folder(X: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        sparse.save_npz(f"{folder}/counts.npz", X)
        Path(folder, "vocab.txt").write_text("".join(f"{name}\n" for name in NAMES), encoding="utf-8")
        return _copied(datasets.load_folder(folder).data)


def _sorted_triples(text: str) -> list[str]:
    return [" ".join(sorted(line.split())) for line in text.splitlines()]


def _vectorizer() -> Any:
    return feature_extraction.SequenceVectorizer(vocabulary=NAMES).fit(["w1 w2"])


_FILES = _FREE | _ROWS | {"NaN", "inf", "sparse NaN", "sparse inf", "wider"}
FUNCTIONS: dict[str, Entry] = {
    "metrics.background_ratio": Entry("phi", metrics.background_ratio, accepts=_ROWS | {"wider"}),
    "metrics.blei_lafferty": Entry("phi", metrics.blei_lafferty, accepts=_ROWS | {"wider"}),
    "metrics.class_precision class_components": Entry(
        "phi", lambda p: metrics.class_precision(p[:, :2] if hasattr(p, "shape") else [row[:2] for row in p], THETA,
                                                 CLASSES), accepts=frozenset({"wider"})),
    "metrics.class_precision doc_topic": Entry("theta", lambda t: metrics.class_precision(PHI[:, :2], t, CLASSES),
                                               accepts=frozenset({"negative"})),
    "metrics.class_precision labels": Entry(
        "authors", lambda y: metrics.class_precision(PHI[:, :3], THETA, y), accepts=_FREE | {"sparse NaN", "sparse inf"}
    ),
    "metrics.coherence topics": Entry("phi", lambda p: metrics.coherence(p, COUNTS), refuses=frozenset({"list",
                                      "objects"}), accepts=_ROWS),
    "metrics.coherence X": Entry("counts", lambda X: metrics.coherence(PHI, X, window="document"),
                                 accepts=_ROWS | {"words"}),
    "metrics.coherence text": Entry("text", lambda X: metrics.coherence(PHI, X, measure="c_npmi", window="document")),
    "metrics.completion_perplexity": Entry("counts", lambda X: metrics.completion_perplexity(fitted("PLSA"), X),
                                           accepts=frozenset({"longer"})),
    "metrics.completion_split": Entry("counts", metrics.completion_split, accepts=_ROWS | {"wider"}),
    "metrics.completion_split text": Entry("text", lambda X: metrics.completion_split(X, keep_order=True)),
    "metrics.effective_topics": Entry("weights", metrics.effective_topics, accepts=_ROWS | {"wider"}),
    "metrics.topic_shares": Entry("weights", metrics.topic_shares, accepts=_ROWS | {"wider"}),
    "metrics.from_gensim": Entry("phi", lambda p: metrics.from_gensim(_Gensim(p)), accepts=_ROWS | {"wider"}),
    "metrics.intratext_coherence components": Entry("phi", lambda p: metrics.intratext_coherence(p, _text()),
                                                    accepts=frozenset({"longer"})),
    "metrics.intratext_coherence X": Entry("text", lambda X: metrics.intratext_coherence(PHI, X), accepts=_FREE | {
        "sparse NaN", "sparse inf"}),
    "metrics.inverted_rbo": Entry("phi", metrics.inverted_rbo, accepts=_ROWS | {"wider"}),
    "metrics.log_likelihood components": Entry("phi", lambda p: metrics.log_likelihood(p, THETA, _counts())),
    "metrics.log_likelihood doc_topic": Entry("theta", lambda t: metrics.log_likelihood(PHI, t, _counts())),
    "metrics.log_likelihood X": Entry("counts", lambda X: metrics.log_likelihood(PHI, THETA, X)),
    "metrics.log_likelihood sample_weight": Entry(
        "weights", lambda w: metrics.log_likelihood(PHI, THETA, _counts(), sample_weight=w)
    ),
    "metrics.match_topics": Entry("phi", lambda p: metrics.match_topics(p, PHI), accepts=frozenset({"longer"})),
    "metrics.perplexity components": Entry("phi", lambda p: metrics.perplexity(p, THETA, _counts())),
    "metrics.perplexity doc_topic": Entry("theta", lambda t: metrics.perplexity(PHI, t, _counts())),
    "metrics.perplexity X": Entry("counts", lambda X: metrics.perplexity(PHI, THETA, X)),
    "metrics.perplexity X, tokens": Entry("counts", lambda X: metrics.perplexity(PHI, THETA, X, tokens=[1, 4]),
                                          accepts=frozenset({"wider"})),
    "metrics.perplexity sample_weight": Entry(
        "weights", lambda w: metrics.perplexity(PHI, THETA, _counts(), sample_weight=w)
    ),
    "metrics.semantic_radius components": Entry(
        "phi", lambda p: metrics.semantic_radius(p, THETA, COUNTS, random_state=0), accepts=frozenset({"wider"})),
    "metrics.semantic_radius doc_topic": Entry(
        "theta", lambda t: metrics.semantic_radius(PHI, t, COUNTS, random_state=0)),
    "metrics.semantic_radius X": Entry(
        "counts", lambda X: metrics.semantic_radius(PHI, THETA, X, random_state=0), accepts=frozenset({"wider"})),
    "metrics.sparsity": Entry("phi", metrics.sparsity, accepts=_ROWS | {"wider", "negative"}),
    "metrics.to_coherence_model": Entry(
        "counts", lambda X: metrics.to_coherence_model(PHI, X, feature_names=NAMES, coherence="u_mass").texts,
        accepts=_ROWS | {"words"}, needs="gensim"),
    "metrics.top_documents": Entry("theta", metrics.top_documents, accepts=_ROWS | {"wider"}),
    "metrics.top_tokens": Entry("phi", metrics.top_tokens, accepts=_ROWS | {"wider"}),
    "metrics.top_tokens token_mass": Entry(
        "weights", lambda w: metrics.top_tokens(PHI[:, [0] * N_DOCS], relevance=0.5, token_mass=w)),
    "metrics.WordChoice components": Entry("phi", lambda p: metrics.WordChoice().choose(p), accepts=_ROWS | {"wider"}),
    "metrics.WordChoice X": Entry("counts", lambda X: metrics.WordChoice().choose(PHI, X), accepts=_ROWS),
    "metrics.WordChoice sample_weight": Entry(
        "weights", lambda w: metrics.WordChoice().choose(PHI, COUNTS, sample_weight=w)),
    "metrics.topic_diversity": Entry("phi", metrics.topic_diversity, accepts=_ROWS | {"wider"}),
    "metrics.topic_entropy": Entry("phi", metrics.topic_entropy, accepts=_ROWS | {"wider"}),
    "metrics.topic_kernels": Entry("phi", metrics.topic_kernels, accepts=_ROWS | {"wider"}),
    "metrics.topic_kernels topic_mass": Entry("weights", lambda w: metrics.topic_kernels(PHI[[0] * N_DOCS], w)),
    "metrics.topic_redundancy": Entry("phi", metrics.topic_redundancy, accepts=_ROWS | {"wider"}),
    "metrics.topic_report": Entry(
        "counts", lambda X: metrics.topic_report(fitted("PLSA"), X), accepts=_ROWS
    ),
    "metrics.topic_similarity": Entry("phi", lambda p: metrics.topic_similarity(p, PHI), accepts=frozenset({"longer"})),
    "metrics.topic_stability": Entry("phi", lambda p: metrics.topic_stability([p, PHI]),
                                     accepts=frozenset({"longer"})),
    "metrics.topic_table": Entry("phi", metrics.topic_table, accepts=_ROWS | {"wider"}),
    "metrics.make_topic_scorer": Entry(
        "counts", lambda X: metrics.make_topic_scorer("npmi")(fitted("PLSA"), X), accepts=_ROWS),
    "metrics.make_topic_scorer reference": Entry(
        "counts", lambda X: metrics.make_topic_scorer("npmi", reference=X)(fitted("PLSA"), COUNTS),
        accepts=_ROWS | {"words"}, refuses=frozenset({"list"})),
    "metrics.topic_scoring": Entry(
        "counts", lambda X: metrics.topic_scoring(["completion", "perplexity"])(fitted("PLSA"), X),
        accepts=frozenset({"longer"})),
    "datasets.dump_uci": Entry(
        "counts", lambda X: _file(lambda path: datasets.dump_uci(X, path)), accepts=_ROWS | {"wider"}),
    "datasets.dump_vowpal_wabbit": Entry(
        "counts", lambda X: _sorted_triples(_file(lambda path: datasets.dump_vowpal_wabbit(
            X, path, feature_names=NAMES))), accepts=_ROWS,
        differs=frozenset({"duplicated", "duplicated read-only", "explicit zeros", "bsr"})),  # it lists entries
    "datasets.to_bow": Entry("counts", lambda X: list(datasets.to_bow(X)), accepts=_ROWS | {"wider"},
                             differs=frozenset({"explicit zeros", "bsr"})),  # it lists them
    "datasets.iter_chunks": Entry(
        "counts", lambda X: [_dense(block) for block in datasets.iter_chunks(X, 5)], accepts=_FILES | {
            "words", "objects that are no numbers", "complex", "one more axis"}),
    "datasets.save_memmap": Entry("counts", _saved, accepts=_FILES | {"objects that are no numbers"}),
    "datasets.save_memmap blocks": Entry("counts", lambda X: _saved([X, COUNTS]),
                                         accepts=_FILES - {"wider"} | {"objects that are no numbers"}),
    "datasets.open_memmap": Entry(
        "text", _opened, COUNTS, refuses=frozenset(matrices.CSR_FORMS)),  # it opens what save_memmap has written
    "datasets.load_folder": Entry("text", _folder, COUNTS, accepts=_FILES | {"indices of floats"},
                                  refuses=frozenset({"float16"})),
    "feature_extraction.cooccurrence": Entry("counts", feature_extraction.cooccurrence,
                                             accepts=frozenset({"longer", "wider"}) | _FREE),
    "feature_extraction.cooccurrence n_top": Entry(
        "counts", lambda X: feature_extraction.cooccurrence(X, n_top=3), accepts=frozenset({"longer", "wider"}) | _FREE
    ),
    "feature_extraction.cooccurrence window": Entry(
        "text", lambda X: feature_extraction.cooccurrence(X, window=2), accepts=_FREE),
    "feature_extraction.embedding_matrix": Entry(
        "real", lambda E: feature_extraction.embedding_matrix(E, N_DOCS), accepts=frozenset({"wider", "negative"})),
    "feature_extraction.has_token_order": Entry(
        "text", feature_extraction.has_token_order, accepts=_FREE | {"sparse NaN", "sparse inf"}),
    "feature_extraction.keep_token_order": Entry(
        "text", lambda X: own_csr(feature_extraction.keep_token_order(X)).toarray(), accepts=_FREE | {
            "sparse NaN", "sparse inf"}, refuses=frozenset({"float16", "big-endian"})),
    "feature_extraction.token_order": Entry(
        "text", lambda X: own_csr(feature_extraction.token_order(X)).toarray(), accepts=_FREE | {
            "sparse NaN", "sparse inf"}),
    "feature_extraction.word_embeddings": Entry(
        "counts", lambda X: np.abs(feature_extraction.word_embeddings(X, 2)),
        accepts=frozenset({"longer", "wider"}) | _FREE),
    "feature_extraction.SequenceVectorizer.inverse_transform": Entry(
        "text", lambda X: _vectorizer().inverse_transform(X)),
    "regularizers.share_from_tau": Entry("counts", lambda X: reg.share_from_tau(0.5, X, n_topics=2),
                                         accepts=_ROWS | {"wider"}),
    "regularizers.tau_from_share": Entry("counts", lambda X: reg.tau_from_share(0.2, X, n_topics=2),
                                         accepts=_ROWS | {"wider"}),
    "simplex.project": Entry("real", simplex.project, accepts=frozenset({"longer", "wider", "empty", "negative",
                             "one more axis"})),
    "callbacks.EarlyStopping": Entry("counts", lambda X: _watched(callbacks.EarlyStopping("perplexity", X_val=X)),
                                     accepts=frozenset({"longer"})),
    "callbacks.TopicMonitor": Entry("counts", lambda X: _watched(callbacks.TopicMonitor("perplexity", X=X)),
                                    accepts=frozenset({"longer"})),
    "recipes.embedded": Entry(
        "real", lambda E: _state(recipes.embedded(2, E, **_FAST, tol=0, dtype="float64").fit(COUNTS)), REAL[:N_TOKENS],
        accepts=frozenset({"wider", "negative"})),
}  # fmt: skip


def _with_regularizer(make: Callable[[Any], Any], y: Any = None) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        model = skartm.ARTMTransformer(N_TOPICS, regularizers=[("term", make(value))], **_EM)
        return _state(model.fit(_counts(), y))

    return call


_OPEN = frozenset({"wider", "negative"})
REGULARIZERS: dict[str, Entry] = {
    "Biterm cooccurrence": Entry("square", _with_regularizer(reg.Biterm)),
    "CoherencePhi cooccurrence": Entry("square", _with_regularizer(reg.CoherencePhi)),
    "DocumentLinks links": Entry("links", _with_regularizer(lambda m: reg.DocumentLinks(links=m)), accepts=_FREE),
    "EmbeddingPhi embeddings": Entry("real", _with_regularizer(reg.EmbeddingPhi), REAL[:N_TOKENS], accepts=_OPEN),
    "EmbeddingTheta embeddings": Entry("real", _with_regularizer(reg.EmbeddingTheta), accepts=_OPEN),
    "GeospatialSmoothing coordinates": Entry(
        "real", _with_regularizer(lambda m: reg.GeospatialSmoothing(coordinates=m, metric="euclidean")),
        REAL[:N_TOKENS], accepts=_OPEN),
    "GeospatialSmoothing similarity": Entry(
        "square", _with_regularizer(lambda m: reg.GeospatialSmoothing(similarity=m))),
    "NetPLSA adjacency": Entry("square", _with_regularizer(lambda m: reg.NetPLSA(adjacency=m))),
    "NetPLSA vertex_weights": Entry(
        "weights", _with_regularizer(lambda w: reg.NetPLSA(adjacency=SQUARE, vertex_weights=w)), WEIGHTS[:N_TOKENS]),
    "ParentTopics counts": Entry("counts", _with_regularizer(lambda m: reg.ParentTopics(m)), COUNTS[6:10],
                                 accepts=frozenset({"longer"}), refuses=frozenset({"objects"})),
    "Translation dictionary": Entry("authors", _with_regularizer(reg.Translation), SQUARE, accepts=_FREE | {
        "sparse NaN", "sparse inf"}),
    "SmoothSparsePhi distribution": Entry("weights", _with_regularizer(lambda w: reg.SmoothSparsePhi(distribution=w)),
                                          WEIGHTS[:N_TOKENS]),
    "SmoothSparseTheta distribution": Entry(
        "weights", _with_regularizer(lambda w: reg.SmoothSparseTheta(distribution=w)), WEIGHTS[:N_TOPICS]),
    "LabelRegularization distribution": Entry(
        "weights", _with_regularizer(lambda w: reg.LabelRegularization(distribution=w)), WEIGHTS[:N_TOKENS]),
    "TopicPrior distribution": Entry("weights", _with_regularizer(reg.TopicPrior), WEIGHTS[:N_TOPICS]),
    "ThetaRegression y": Entry("weights", lambda y: _with_regularizer(lambda _: reg.ThetaRegression(), y)(None),
                               accepts=frozenset({"negative"}), refuses=_NO_OBJECTS),
    "ThetaClassification y": Entry(
        "classes", lambda y: _with_regularizer(lambda _: reg.ThetaClassification(), y)(None)),
    "ThetaRegression.predict": Entry("theta", lambda t: reg.ThetaRegression.predict(
        t, {"coef": np.ones(2), "intercept": 1.0}), accepts=_ROWS | {"negative"}),
    "ThetaClassification.predict": Entry("theta", lambda t: reg.ThetaClassification.predict(t, _LEARNED),
                                         accepts=_ROWS | {"negative"}),
    "ThetaClassification.predict_proba": Entry("theta", lambda t: reg.ThetaClassification.predict_proba(t, _LEARNED),
                                               accepts=_ROWS | {"negative"}),
    "TemporalSmoothing order": Entry("classes", _with_regularizer(lambda o: reg.TemporalSmoothing(order=o)),
                                     np.arange(6)),
}  # fmt: skip
_LEARNED = {"coef": np.eye(2), "intercept": np.zeros(2), "classes": np.array([0, 1])}


def _nmf(**parameters: Any) -> Any:
    return skartm.SimplexNMF(N_TOPICS, **({"init": "random"} | parameters), **_EM)


_NMF_MAY = frozenset({"NaN", "objects that are no numbers", "longer", "wider"})
_AUTHORS_MAY = frozenset({"wider", "words", "objects that are no numbers"})  # a row of names is one of authors
ARGUMENTS: dict[str, Entry] = {
    "PLSA.fit sample_weight": Entry("weights", lambda w: _state(_small_plsa().fit(COUNTS, sample_weight=w))),
    "PLSA.partial_fit sample_weight": Entry(
        "weights", lambda w: _state(_small_plsa().partial_fit(COUNTS, sample_weight=w))),
    "PLSA.score sample_weight": Entry("weights", lambda w: fitted("PLSA").score(COUNTS, sample_weight=w)),
    "PLSA.perplexity sample_weight": Entry("weights", lambda w: fitted("PLSA").perplexity(COUNTS, sample_weight=w)),
    "LDA.score sample_weight": Entry("weights", lambda w: fitted("LDA").score(COUNTS, sample_weight=w)),
    "PLSA init": Entry("phi", lambda p: _state(_small_plsa().set_params(init=p).fit(COUNTS)), INIT),
    "ThetalessARTM init": Entry("phi", lambda p: _state(
        skartm.ThetalessARTM(N_TOPICS, init=p, **_EM).fit(COUNTS)), INIT),
    "ARTMClassifier.fit y": Entry("classes", lambda y: _state(skartm.ARTMClassifier(2, **_EM).fit(COUNTS, y)),
                                  refuses=_NO_OBJECTS),
    "ARTMClassifier.fit y indicators": Entry(
        "authors", lambda y: _state(skartm.ARTMClassifier(2, **_EM).fit(COUNTS, y)),
        accepts=frozenset({"wider"}), refuses=frozenset({"duplicated", "duplicated read-only"})),
    "AuthorTopic.fit authors": Entry(
        "authors", lambda a: _state(skartm.AuthorTopic(2, **_EM).fit(COUNTS, authors=a)),
        accepts=_AUTHORS_MAY),
    "AuthorTopic.transform authors": Entry(
        "authors", lambda a: fitted("AuthorTopic").transform(COUNTS, authors=a), accepts=_AUTHORS_MAY),
    "AuthorTopic.author_probabilities authors": Entry(
        "authors", lambda a: fitted("AuthorTopic").author_probabilities(COUNTS, authors=a),
        accepts=_AUTHORS_MAY),
    "authors_from_mapping": Entry("classes", lambda a: skartm.authors_from_mapping(
        {"x": a, "y": [0]}, n_docs=12, by="author")[0], np.array([1, 2])),
    "ContextARTM.fit position_gamma": Entry(
        "text", lambda g: _state(skartm.ContextARTM(2, **_EM).fit(_text(), position_gamma=g)),
        accepts=frozenset({"sparse NaN"})),
    "ContextARTM token_gamma": Entry(
        "weights", lambda w: _state(skartm.ContextARTM(2, token_gamma=w, **_EM).fit(_text())), WEIGHTS[:N_TOKENS],
        accepts=frozenset({"inf"})),
    "SentenceTopicModel.fit groups": Entry(
        "classes", lambda g: _state(skartm.SentenceTopicModel(2, **_EM).fit(COUNTS, groups=g)), GROUPS),
    "SimplexNMF init": Entry("phi", lambda H: _state(_nmf(init=H).fit(COUNTS))),
    "SimplexNMF.fit entry_weight": Entry(
        "counts", lambda w: _state(_nmf().fit(COUNTS, entry_weight=w)), 1 + (COUNTS > 1).astype(float)),
    "SimplexNMF.fit entry_weight, sparse X": Entry(
        "counts", lambda w: _state(_nmf().fit(_counts(), entry_weight=w)), 1 + (COUNTS > 1).astype(float)),
    "SimplexNMF.transform entry_weight": Entry(
        "counts", lambda w: fitted("SimplexNMF").transform(COUNTS, entry_weight=w), 1 + (COUNTS > 1).astype(float)),
    "SimplexNMF.fit sample_weight": Entry("weights", lambda w: _state(_nmf().fit(COUNTS, sample_weight=w))),
    "SimplexNMF.fit Kullback-Leibler": Entry(
        "counts", lambda X: _state(_nmf(beta_loss="kullback-leibler").fit(X)), accepts=_NMF_MAY),
    "SimplexNMF.fit spa": Entry("counts", lambda X: _state(_nmf(init="spa").fit(X)), accepts=_NMF_MAY),
    "DeepSimplexNMF.fit y": Entry("classes", lambda y: _state(skartm.DeepSimplexNMF([3, 2], joint_iter=1, **_EM).fit(
        COUNTS, y)), refuses=_NO_OBJECTS),
    "NeuralTopicModel embeddings": Entry("real", lambda E: _state(skartm.NeuralTopicModel(
        2, embeddings=E, pretrain_iter=2, dtype="float64", **_FAST).fit(COUNTS)), REAL[:N_TOKENS], accepts=_OPEN),
    "NeuralTopicModel.fit y": Entry("classes", lambda y: _state(ESTIMATORS["NeuralTopicModel"].make().fit(COUNTS, y)),
                                    refuses=_NO_OBJECTS),
    "MonotonicRegressor.fit y": Entry("weights", lambda y: _predicted("MonotonicRegressor", REAL, y),
                                      accepts=frozenset({"negative"})),
    "MonotonicRegressor.fit sample_weight": Entry(
        "weights", lambda w: _predicted("MonotonicRegressor", REAL, REAL[:, 0], w)),
    "MonotonicClassifier.fit y": Entry("classes", lambda y: _predicted("MonotonicClassifier", REAL, y),
                                       refuses=_NO_OBJECTS),
    "MonotonicStacking.fit y": Entry("weights", lambda y: _predicted("MonotonicStacking", REAL, y),
                                     accepts=frozenset({"negative"})),
    "MonotonicRegressor monotonic_cst": Entry(
        "classes", lambda c: clone(ESTIMATORS["MonotonicRegressor"].make()).set_params(monotonic_cst=c).fit(
            REAL, REAL[:, 0]).predict(REAL), np.array([1, 0, -1])),
}  # fmt: skip


def _predicted(name: str, X: Any, y: Any, w: Any = None) -> Any:
    model = clone(ESTIMATORS[name].make())
    return model.fit(X, y, **({} if w is None else {"sample_weight": w})).predict(X)


def _watched(callback: Any) -> Any:
    return _state(_small_plsa().set_callbacks(callback).fit(COUNTS))


def _counts() -> Any:
    return sparse.csr_matrix(COUNTS)


def _text() -> Any:
    return matrices.csr(TEXT)


def _dense(block: Any) -> Any:
    return block.toarray() if sparse.issparse(block) else np.asarray(block, dtype=np.float64)


class _Gensim:
    def __init__(self, topics: Any) -> None:
        self._topics, self.id2word = topics, dict(enumerate([*NAMES, "more"][: max(np.shape(topics)[-1], N_TOKENS)]))

    def get_topics(self) -> Any:
        return self._topics


# public callables that are in no table, with the reason
EXCEPTIONS = {
    "skartm": {"topic_groups": "takes numbers", "trusted_types": "takes a file"} | NEEDS_TORCH,
    "skartm.topics": {
        "topic_groups": "takes numbers",
        "ContextVectors": "a result",
        "TopicEdge": "a result",
        "TopicNode": "a result",
        "TopicTree": "a result",
    },
    "skartm.neural": NEEDS_TORCH,
    "skartm.monotonic": dict.fromkeys(
        ("Constrained", "Linear", "MinMax", "Polynomial", "Smooth"),
        "a net: MonotonicRegressor and MonotonicClassifier check what they give to it",
    ),
    "skartm.metrics": {
        "TopicKernels": "a result",
        "TopicMatching": "a result",
        "TopicStability": "a result",
        "TopicScorer": "made by make_topic_scorer",
        "TopicScoring": "made by topic_scoring",
        "get_topic_scorer": "takes a name",
        "topic_scorer_names": "takes nothing",
        "rank_biased_overlap": "takes lists of any items",
    },
    "skartm.datasets": {
        "fetch_corpus": "takes a name and calls load_folder",
        "from_bow": "takes lists of pairs",
        "from_token2id": "takes a mapping",
        "to_token2id": "takes names",
        "load_debian_packages": "takes nothing",
        "load_peps": "takes nothing",
        "load_sotu": "takes nothing",
        "load_uci": "reads text",
        "load_vowpal_wabbit": "reads text",
        "make_topics": "takes numbers",
    },
    "skartm.feature_extraction": {"SequenceVectorizer": "takes texts; its inverse_transform is in the table"},
    "skartm.regularizers": {
        **dict.fromkeys(
            ("Constant", "Geometric", "Linear", "Piecewise", "Schedule", "Window"), "a schedule, made of numbers"
        ),
        **dict.fromkeys(("NamedRegularizers", "Regularizer"), "a base"),
        **dict.fromkeys(("bind_all", "check_regularizer", "check_regularizers", "make_regularizers"),
                        "takes regularizers"),
        **dict.fromkeys(("Decorrelation", "SegmentPosterior", "SmoothPosterior", "SparsePosterior", "TopKSparse",
                         "TopicSelection"), "takes numbers and names of topics"),
        "SeedWords": "takes words",
        "FunctionRegularizer": "takes functions",
        "PosteriorFunction": "takes functions",
    },
    "skartm.callbacks": {"history_frame": "reads a fitted model"},
    "skartm.plotting": {"TopicTreeDisplay": "reads a fitted model"},
    "skartm.recipes": dict.fromkeys(
        ("exploratory_search", "interpretable", "multimodal", "predictive", "seeded", "sparse"),
        "takes numbers and names",
    ),
    "skartm.simplex": {
        "AscentResult": "a result",
        "ascend": "takes a function, and its start as the function takes it",
        "norm": "of the engine, for arrays that were checked",
        "random_distributions": "takes numbers",
        "torch_optimizer": "takes parameters of torch",
    },
}  # fmt: skip


@cache
def all_entries() -> dict[str, Entry]:
    """Every entry by its name."""
    entries = (
        entries_of_estimators()
        | FUNCTIONS
        | {f"regularizers.{name}": entry for name, entry in REGULARIZERS.items()}
        | {f"arguments of {name}": entry for name, entry in ARGUMENTS.items()}
    )
    return {name: entry for name, entry in entries.items() if not entry.needs or find_spec(entry.needs)}


def variants(name: str) -> list[str]:
    """Forms and damages that an entry is tried with."""
    kind = KINDS[all_entries()[name].kind]
    return [*kind.forms, *kind.damages]


def _dies(X: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _raises(message: str) -> Callable[[Any], Any]:
    def call(X: Any) -> None:
        raise ValueError(message)

    return call


# what the worker must find out
SELF_TESTS = {
    "self: well": Entry("counts", lambda X: 1.0),
    "self: changes": Entry("counts", lambda X: X.sort_indices()),
    "self: dies": Entry("counts", _dies),
    "self: raw": Entry("counts", _raises("Buffer dtype mismatch")),
    "self: refuses": Entry("counts", _raises("a sentence")),
    "self: another": Entry("counts", lambda X: X.indices),
}

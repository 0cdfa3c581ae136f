"""The order of the text, of every reader, after every operation of scipy that sorts: as before, or an error.

What is public and takes a matrix either reads the order, and is tried here, or has its reason in ``NO_ORDER``.
Whatever scipy has done to a matrix, and however a part or a copy of it was made, a reader gives what it gives for the
matrix that was left alone, or says that the order is gone.
"""

import copy
import inspect
import pickle
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from scipy.sparse import linalg
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer

from skartm import ARTMClassifier, ARTMTransformer, ContextARTM, HierarchicalARTM, datasets, feature_extraction, metrics
from skartm import regularizers as library
from skartm.datasets import iter_chunks, load_vowpal_wabbit, open_memmap, save_memmap
from skartm.feature_extraction import SequenceVectorizer, cooccurrence, has_token_order, keep_token_order, token_order
from skartm.regularizers import PosteriorFunction, SegmentPosterior, SmoothPosterior
from tests.reliability.conftest import budget

WORDS = ["ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay", "koala", "lynx"]


def texts(n_docs=8, lengths=(6, 30), seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(*lengths))) for _ in range(n_docs)]


CORPORA = {
    "long": texts(),
    "short": texts(6, (1, 4), seed=1),
    "one": ["dog ant bee"],
    "sorted": ["ant bee", "cat dog dog elk"],  # no order can be seen, and there is one
    "one word": ["ant ant ant", "bee"],
}
VECTORIZER = SequenceVectorizer(vocabulary=WORDS)
PHI = np.random.default_rng(0).dirichlet(np.full(len(WORDS), 0.3), 3)
LABELS = np.arange(8) % 2


def sequences(corpus, interface="csr_matrix"):
    X = VECTORIZER.transform(CORPORA[corpus])
    if interface == "csr_array":
        X = keep_token_order(sparse.csr_array(X))
    return X


# --- what scipy does in place ----------------------------------------------------------------------------------------

OPERATIONS = {
    "sum": lambda X: X.sum(),
    "sum of columns": lambda X: X.sum(axis=0),
    "mean": lambda X: X.mean(),
    "max": lambda X: X.max(),
    "max of rows": lambda X: X.max(axis=1),
    "min": lambda X: X.min(),
    "nanmax": lambda X: X.nanmax(),
    "argmax": lambda X: X.argmax(),
    "argmax of rows": lambda X: X.argmax(axis=1),
    ">": lambda X: X > 0,
    "==": lambda X: X == 1,
    "!=": lambda X: X != X,
    "power": lambda X: X.power(2),
    "sqrt": lambda X: X.sqrt(),
    "log1p": lambda X: X.log1p(),
    "abs": lambda X: abs(X),
    "round": lambda X: round(X),
    "multiply": lambda X: X.multiply(X),
    "maximum": lambda X: X.maximum(0),
    "+": lambda X: X + X,
    "-": lambda X: X - X,
    "@": lambda X: X @ X.T,
    "norm": lambda X: linalg.norm(X),
    "count_nonzero": lambda X: X.count_nonzero(),
    "nonzero": lambda X: X.nonzero(),
    "sum_duplicates": lambda X: X.sum_duplicates(),
    "sort_indices": lambda X: X.sort_indices(),
    "eliminate_zeros": lambda X: X.eliminate_zeros(),
    "prune": lambda X: X.prune(),
    "check_format": lambda X: X.check_format(),
    "find": lambda X: sparse.find(X),
    "tocsc": lambda X: X.tocsc(),
    "tolil": lambda X: X.tolil(),
    "toarray": lambda X: X.toarray(),
    "str": lambda X: str(X),
    # it leaves unused entries at the ends of the arrays, which stacks of scipy take for entries
    "sum_duplicates of the same arrays": lambda X: (type(X)(X).sum_duplicates(), X.prune()),
}
# those that are tried on every reader in every run; they sort and sum, or sort only, or seem harmless
DESTROYERS = ["max", "sort_indices"]
USUAL = ["sum", "max", "min", "argmax of rows", ">", "power", "sqrt", "multiply", "+", "sum_duplicates", "sort_indices"]


def halves(X):
    return slice(0, X.shape[0] // 2), slice(X.shape[0] // 2, X.shape[0])


def npz(X, folder):
    sparse.save_npz(folder / "X.npz", X)
    return sparse.load_npz(folder / "X.npz")


# --- what is made of a matrix, with the same rows --------------------------------------------------------------------

DERIVATIONS = {
    "itself": lambda X, folder: X,
    "copy": lambda X, folder: X.copy(),
    "copy.copy": lambda X, folder: copy.copy(X),
    "deepcopy": lambda X, folder: copy.deepcopy(X),
    "pickle": lambda X, folder: pickle.loads(pickle.dumps(X)),
    "slice": lambda X, folder: X[:],
    "mask": lambda X, folder: X[np.ones(X.shape[0], dtype=bool)],
    "rows": lambda X, folder: X[np.arange(X.shape[0])],
    "vstack": lambda X, folder: sparse.vstack([X[part] for part in halves(X)], format="csr"),
    "hstack": lambda X, folder: sparse.hstack([X, sparse.csr_matrix((X.shape[0], 0), dtype=X.dtype)], format="csr"),
    "astype": lambda X, folder: X.astype(np.float64).astype(X.dtype),
    "constructor": lambda X, folder: type(X)(X),
    "arrays": lambda X, folder: type(X)((X.data, X.indices, X.indptr), shape=X.shape),
    "csc": lambda X, folder: X.tocsc().tocsr(),
    "coo": lambda X, folder: X.tocoo().tocsr(),
    "dense": lambda X, folder: type(X)(X.toarray()),
    "npz": npz,
    "memmap": lambda X, folder: save_memmap(folder / "X", X),
    "chunks": lambda X, folder: sparse.vstack(list(iter_chunks(X, 2)), format="csr"),
}


# --- what reads the order --------------------------------------------------------------------------------------------


def context(**parameters):
    return ContextARTM(3, init=PHI, max_iter=1, tol=0, random_state=0, n_jobs=1, **parameters)


def fitted(model):
    X = sequences("long")
    return model.fit(X, LABELS) if isinstance(model, ARTMClassifier) else model.fit(X)


def attributes(model):
    levels = getattr(model, "levels_", None)
    return [level.components_ for level in levels or [getattr(model, "model_", model)]]


def arrays(parts):
    return [np.asarray(part) for part in parts]


QUICK = ["itself", "copy", "pickle", "rows", "vstack", "coo"]
CONTEXT = fitted(context())
CONTEXT_METHODS = {
    "fit": lambda X: attributes(context().fit(X)),
    "fit online": lambda X: attributes(context(learning_method="online", batch_size=3).fit(X)),
    "partial_fit": lambda X: attributes(context().partial_fit(X)),
    "fit_transform": lambda X: [context().fit_transform(X)],
    "transform": lambda X: [CONTEXT.transform(X)],
    "score": lambda X: [CONTEXT.score(X)],
    "perplexity": lambda X: [CONTEXT.perplexity(X)],
    "position_log_likelihood": lambda X: [CONTEXT.position_log_likelihood(X)],
    "token_topics": lambda X: [CONTEXT.token_topics(X).toarray()],
    "predict_topics": lambda X: [CONTEXT.predict_topics(X)],
    "context_vectors": lambda X: [
        part for v in CONTEXT.context_vectors(X) for part in (v.tokens, v.left, v.contextual)
    ],
    "transform_spans": lambda X: [CONTEXT.transform_spans(X, [[0, 0, 1]])],
    "divergence": lambda X: arrays(CONTEXT.divergence(X)),
    "segment": lambda X: CONTEXT.segment(X, min_length=1),
}
ORDERED_REGULARIZERS = {
    "SmoothPosterior": SmoothPosterior(0.5),
    "SegmentPosterior": SegmentPosterior(0.5),
    "PosteriorFunction": PosteriorFunction(0.5, function=lambda p: np.cumsum(p, axis=0), needs_order=True),
}


def readers_of_a_regularizer(regularizer):
    """What a model with a regularizer of p(t|d,w) does that depends on the order."""
    options = {"regularizers": [("r", regularizer)], "max_iter": 1, "tol": 0, "random_state": 0, "n_jobs": 1}
    plain, fit_on = ARTMTransformer(3, **options), fitted(ARTMTransformer(3, **options))
    classifier = fitted(ARTMClassifier(3, **options))
    hierarchy = HierarchicalARTM([("one", ARTMTransformer(2, **options)), ("two", ARTMTransformer(3, **options))])
    hierarchy_fit = fitted(clone(hierarchy))
    return {
        "fit": lambda X: attributes(clone(plain).fit(X)),
        "partial_fit": lambda X: attributes(clone(plain).partial_fit(X)),
        "transform": lambda X: [fit_on.transform(X)],
        "score": lambda X: [fit_on.score(X)],
        "token_topics": lambda X: [fit_on.token_topics(X).toarray()],
        "classifier": lambda X: [classifier.predict_proba(X)],
        "classifier fit": lambda X: attributes(clone(classifier).fit(X, np.arange(X.shape[0]) % 2)),
        "hierarchy": lambda X: [hierarchy_fit.transform(X)],
        "hierarchy fit": lambda X: attributes(clone(hierarchy).fit(X)),
    }


def lines_of(X, folder):
    datasets.dump_vowpal_wabbit(X, folder / "X.vw", feature_names=WORDS)
    return [line.split()[1:] for line in (folder / "X.vw").read_text().splitlines()]


def rows_of(X):
    X = token_order(X)
    return [X.indptr, X.indices, X.data]


TOP = [["ant", "bee", "cat"], ["dog", "elk", "fox"]]
FUNCTIONS = {
    "coherence": lambda X: [
        metrics.coherence(TOP, X, measure=measure, window=2, feature_names=WORDS)
        for measure in ("c_v", "c_npmi", "c_uci")
    ],
    "intratext_coherence": lambda X: [
        metrics.intratext_coherence(PHI, X, method=method, window=4) for method in ("window", "segment_length")
    ],
    "cooccurrence": lambda X: [cooccurrence(X, window=1, measure="count").toarray()],
    "word_embeddings": lambda X: [feature_extraction.word_embeddings(X, 2, window=1)],
    "token_order": rows_of,
}
# what passes the order on: of the result it must be seen that it is gone
CARRIERS = {
    "keep_token_order": lambda X, folder: keep_token_order(X) if has_token_order(X) else X,
    "save_memmap": lambda X, folder: save_memmap(folder / "Y", X),
    "iter_chunks": lambda X, folder: sparse.vstack(list(iter_chunks(X, 3)), format="csr"),
    "dump_vowpal_wabbit": lambda X, folder: (
        lines_of(X, folder),
        load_vowpal_wabbit(folder / "X.vw", vocabulary={"@default_class": WORDS}).data,
    )[1],
    "completion_split": lambda X, folder: metrics.completion_split(X, keep_order=True)[0],
}
# public, takes a matrix of documents, and the order of the entries of a row does not matter
NO_ORDER = {
    "has_token_order": "asks whether there is an order; tested below",
    "completion_perplexity": "splits counts; the model that reads the order checks it",
    "dump_uci": "writes counts",
    "log_likelihood": "of counts",
    "perplexity": "of counts",
    "semantic_radius": "of counts",
    "to_bow": "gives counts",
    "to_coherence_model": "needs gensim; reads documents as coherence does, by read_reference",
    "topic_report": "coherence of documents, not of windows",
}

READERS = {f"ContextARTM.{name}": reader for name, reader in CONTEXT_METHODS.items()}
for regularizer_name, regularizer in ORDERED_REGULARIZERS.items():
    for reader_name, reader in readers_of_a_regularizer(regularizer).items():
        READERS[f"{regularizer_name}.{reader_name}"] = reader
READERS |= FUNCTIONS


def outcome(reader, *args):
    """Arrays, or the error that says that the order is gone."""
    try:
        return arrays(reader(*args))
    except (ValueError, TypeError) as error:
        if "keep the order of the text" in str(error) or "its rows in the order of the text" in str(error):
            return str(error)
        raise


def assert_same_or_refused(result, expected):
    if isinstance(result, str):
        return
    assert not isinstance(expected, str), "the matrix that was left alone is refused"
    assert len(result) == len(expected)
    for one, other in zip(result, expected, strict=True):
        assert_array_equal(one, other)


pytestmark = [
    pytest.mark.filterwarnings("ignore::skartm.exceptions.DeadTopicWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutDocumentsWarning"),
    pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # coherence of tokens that never meet
]


def test_every_public_reader_is_tried():
    takes_documents = set()
    for module in (metrics, feature_extraction, datasets):
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isfunction(function) and "X" in inspect.signature(function).parameters:
                takes_documents.add(name)
    assert takes_documents == set(FUNCTIONS) | set(CARRIERS) | set(NO_ORDER)
    methods = inspect.getmembers(ContextARTM, inspect.isfunction)
    public = {n for n, m in methods if not n.startswith("_") and "X" in inspect.signature(m).parameters}
    assert public <= set(CONTEXT_METHODS)
    classes = {name: getattr(library, name) for name in library.__all__ if inspect.isclass(getattr(library, name))}
    needing = {
        name
        for name, cls in classes.items()
        if getattr(cls, "needs_order", False) or "needs_order" in inspect.signature(cls).parameters
    }
    assert needing == set(ORDERED_REGULARIZERS)


@pytest.mark.parametrize("name", READERS)
def test_operations_change_nothing(name):
    """The matrix of a vectorizer itself: its order is beside it, so there is not even an error."""
    reader = READERS[name]
    for corpus in ("long", "sorted"):
        expected = outcome(reader, sequences(corpus))
        assert not isinstance(expected, str)
        for operation in USUAL if corpus == "long" else DESTROYERS:
            X = sequences(corpus)
            OPERATIONS[operation](X)
            result = outcome(reader, X)
            assert not isinstance(result, str), result
            assert_same_or_refused(result, expected)


@pytest.mark.parametrize("name", READERS)
def test_parts_and_copies(name, tmp_path):
    try_parts_and_copies(READERS[name], ["long", "short"], QUICK, DESTROYERS, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_all_parts_and_copies(name, tmp_path):
    destroyers = ["sum", "max", "power", "sum_duplicates", "sort_indices"]
    place = list(READERS).index(name)  # in the sample every reader has another one
    destroyers = budget([destroyers[place % 5]], destroyers)
    try_parts_and_copies(READERS[name], CORPORA, DERIVATIONS, destroyers, tmp_path)


def try_parts_and_copies(reader, corpora, derivations, operations, folder):
    """Parts and copies of a matrix that scipy has sorted before, or before and after: as without, or an error."""
    for corpus in corpora:
        expected = outcome(reader, sequences(corpus))
        assert not isinstance(expected, str)
        for number, (derivation, operation) in enumerate(product(derivations, [None, *operations])):
            (place := folder / f"{corpus}{number}").mkdir()
            X = sequences(corpus)
            if operation is not None:
                OPERATIONS[operation](X)
            Y = DERIVATIONS[derivation](X, place)
            assert_same_or_refused(outcome(reader, Y), expected)
            if operation is not None and derivation != "memmap":  # scipy itself refuses to sort one
                OPERATIONS[operation](Y)
                assert_same_or_refused(outcome(reader, Y), expected)


@pytest.mark.parametrize("interface", ["csr_matrix", "csr_array"])
@pytest.mark.parametrize("corpus", CORPORA)
def test_every_operation_before_every_derivation(corpus, interface, tmp_path):
    """The same for all operations and the one function that all readers ask."""
    expected = rows_of(sequences(corpus, interface))
    for number, (operation, derive) in enumerate(product(OPERATIONS.values(), DERIVATIONS.values())):
        (folder := tmp_path / str(number)).mkdir()
        X = sequences(corpus, interface)
        operation(X)
        Y = derive(X, folder)
        assert_same_or_refused(outcome(rows_of, Y), expected)
        if has_token_order(Y):
            assert_same_or_refused(rows_of(Y), expected)


@pytest.mark.parametrize("name", CARRIERS)
def test_what_passes_the_order_on(name, tmp_path):
    """The result has the order of a matrix that was left alone, or it can be seen that it has none."""

    def carried(X):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return rows_of(CARRIERS[name](X, folder))

    for corpus in ("long", "short"):
        expected = outcome(carried, sequences(corpus))
        assert not isinstance(expected, str)
        for operation, derivation in product(OPERATIONS.values(), ("itself", "rows", "pickle")):
            X = sequences(corpus)
            operation(X)
            result = outcome(carried, DERIVATIONS[derivation](X, tmp_path))
            assert derivation == "rows" or not isinstance(result, str), result
            assert_same_or_refused(result, expected)


@pytest.mark.parametrize("name", READERS)
def test_parts_without_order_beside_parts_with(name):
    reader = READERS[name]
    X, Y = (VECTORIZER.transform(texts(seed=seed, lengths=(20, 40))) for seed in (0, 1))
    counts = Y.copy()
    counts.sum_duplicates()
    with pytest.raises(ValueError, match="order of the text"):
        reader(sparse.vstack([X, counts], format="csr"))


@pytest.mark.parametrize("name", READERS)
def test_other_matrices_are_refused(name):
    """Counts, in whatever form, are not read as texts."""
    reader, documents = READERS[name], CORPORA["long"]
    counts = CountVectorizer(vocabulary=WORDS, dtype=np.float32).fit_transform(documents)
    unsorted = CountVectorizer(dtype=np.float32).fit_transform(documents)  # tokens as they are met
    assert not unsorted.has_sorted_indices
    for X in (counts, unsorted, counts.tocsc(), counts.tocoo(), counts.toarray()):
        with pytest.raises((ValueError, TypeError), match=r"order of the text|must be a CSR"):
            reader(X)


def test_texts_of_somebody_else_are_not_overwritten():
    X = sequences("long")
    shuffled = X.indices[::-1].copy() % len(WORDS)
    X.indices[:] = shuffled
    assert token_order(X) is X
    assert_array_equal(X.indices, shuffled)
    X.sort_indices()  # what was kept is not of these texts
    with pytest.raises(ValueError, match="order of the text"):
        token_order(X)


def test_nothing_is_changed():
    X = sequences("long")
    X.max()
    before = [array.copy() for array in (X.data, X.indices, X.indptr)]
    for reader in READERS.values():
        reader(X)
    for array, same in zip((X.data, X.indices, X.indptr), before, strict=True):
        assert_array_equal(array, same)


def test_files_of_the_order(tmp_path):
    """On disk the order is that of the entries; scipy cannot write them."""
    X = sequences("long")
    X.max()
    on_disk = save_memmap(tmp_path / "X", X)
    assert_array_equal(on_disk.indices, sequences("long").indices)
    with pytest.raises(ValueError, match="read-only"):
        on_disk.max()
    assert_array_equal(open_memmap(tmp_path / "X").indices, sequences("long").indices)

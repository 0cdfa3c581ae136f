import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array, csr_matrix

from skartm.metrics import coherence, top_tokens
from tests.metrics.documents import corpora, to_csr
from tests.oracle import coherence as oracle

MEASURES = ["npmi", "u_mass"]


def _random_corpus(seed, n_docs=60, n_features=25, density=0.3):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.5, size=(n_docs, n_features)) * (rng.random((n_docs, n_features)) < density)
    return csr_array(counts), rng


@pytest.mark.parametrize("measure", MEASURES)
@given(
    corpus=corpora(),
    data=st.data(),
    dtype=st.sampled_from([np.int32, np.int64, np.float32, np.float64]),
    index_dtype=st.sampled_from([np.int32, np.int64]),
    smoothing=st.sampled_from([1e-12, 1e-3, 1.0]),
)
def test_lists_equal_loops(measure, corpus, data, dtype, index_dtype, smoothing):
    n_features, documents = corpus
    names = [f"token_{column}" for column in range(n_features)]
    # None is a token that the vocabulary lacks
    columns = st.one_of(st.none(), st.integers(0, n_features - 1))
    topics = data.draw(st.lists(st.lists(columns, unique=True, max_size=5), min_size=1, max_size=4))
    tokens = [["unknown" if column is None else names[column] for column in topic] for topic in topics]
    X = to_csr(documents, n_features, dtype, index_dtype)

    values = coherence(tokens, X, measure=measure, feature_names=names, n_top=5, average=False, smoothing=smoothing)

    np.testing.assert_allclose(values, oracle.coherence(topics, documents, measure, smoothing), atol=1e-12)
    assert np.isfinite(values).all()
    if measure == "npmi":
        assert (np.abs(values) <= 1).all()


@pytest.mark.parametrize("measure", MEASURES)
@given(corpus=corpora(), data=st.data(), n_top=st.integers(1, 7))
def test_components_equal_loops(measure, corpus, data, n_top):
    n_features, documents = corpus
    weights = st.lists(st.integers(0, 3), min_size=n_features, max_size=n_features)
    rows = data.draw(st.lists(weights, min_size=1, max_size=3))
    topics = [oracle.top_columns(row, n_top) for row in rows]
    X = to_csr(documents, n_features)

    values = coherence(np.array(rows, dtype=np.float32), X, measure=measure, n_top=n_top, average=False)

    np.testing.assert_allclose(values, oracle.coherence(topics, documents, measure), atol=1e-12)
    np.testing.assert_array_equal(coherence(topics, X, measure=measure, n_top=n_top, average=False), values)
    mean = coherence(topics, X, measure=measure, n_top=n_top)
    assert isinstance(mean, float)
    assert mean == pytest.approx(values.mean())


@pytest.mark.parametrize("seed", range(5))
def test_u_mass_equals_gensim(seed):
    pytest.importorskip("gensim")
    from gensim.corpora import Dictionary
    from gensim.matutils import Sparse2Corpus
    from gensim.models import CoherenceModel

    X, rng = _random_corpus(seed)
    # unseen tokens are where we differ from gensim, on purpose
    assert (X > 0).sum(axis=0).min() > 0
    phi = rng.dirichlet(np.full(X.shape[1], 0.3), size=6)
    names = [f"token_{column}" for column in range(X.shape[1])]
    dictionary = Dictionary()
    dictionary.token2id = {name: column for column, name in enumerate(names)}
    model = CoherenceModel(
        topics=top_tokens(phi, names, n_top=8),
        corpus=Sparse2Corpus(X.tocsc(), documents_columns=False),
        dictionary=dictionary,
        coherence="u_mass",
        topn=8,
    )

    ours = coherence(phi, X, measure="u_mass", n_top=8, average=False)

    np.testing.assert_allclose(ours, model.get_coherence_per_topic(), atol=1e-6)
    assert coherence(phi, X, measure="u_mass", n_top=8) == pytest.approx(model.get_coherence(), abs=1e-6)


def test_npmi_equals_gensim_where_pairs_co_occur():
    pytest.importorskip("gensim")
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    rng = np.random.default_rng(0)
    names = [f"token_{column}" for column in range(12)]
    texts = [[names[w] for w in np.flatnonzero(rng.random(12) < 0.4)] for _ in range(200)]
    texts = [text for text in texts if text]
    X = csr_array([[name in text for name in names] for text in texts])
    topics = [list(rng.permutation(names)[:6]) for _ in range(4)]
    # a window longer than any text is the text
    model = CoherenceModel(
        topics=topics,
        texts=texts,
        dictionary=Dictionary(texts),
        coherence="c_npmi",
        window_size=20,
        processes=1,
        topn=6,
    )

    ours = coherence(topics, X, feature_names=names, average=False)

    np.testing.assert_allclose(ours, model.get_coherence_per_topic(), atol=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_order_of_documents_does_not_matter(measure):
    X, rng = _random_corpus(1)
    phi = rng.dirichlet(np.full(X.shape[1], 0.3), size=6)
    permuted = X[rng.permutation(X.shape[0])]
    np.testing.assert_array_equal(
        coherence(phi, permuted, measure=measure, average=False), coherence(phi, X, measure=measure, average=False)
    )


@pytest.mark.parametrize("measure", MEASURES)
def test_counts_do_not_matter(measure):
    X, rng = _random_corpus(2)
    phi = rng.dirichlet(np.full(X.shape[1], 0.3), size=6)
    assert coherence(phi, X > 0, measure=measure) == coherence(phi, X * 7.5, measure=measure)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("container", [csr_matrix, coo_array, lambda X: X.toarray()])
def test_other_containers(measure, container):
    X, rng = _random_corpus(3)
    phi = rng.dirichlet(np.full(X.shape[1], 0.3), size=6)
    assert coherence(phi, container(X), measure=measure) == coherence(phi, X, measure=measure)


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_order_aware_rows_are_left_alone(index_dtype):
    # the text "b a b", "b", "", "c a": to_csr makes it read-only, so writing would raise
    X = to_csr([[(1, 1), (0, 1), (1, 1)], [(1, 1)], [], [(2, 1), (0, 1)]], 3, index_dtype=index_dtype)
    arrays = X.data, X.indices, X.indptr
    copies = [array.copy() for array in arrays]

    value = coherence([[0, 1]], X)

    assert value == pytest.approx(math.log(0.25 / (0.5 * 0.5)) / -math.log(0.25))
    for array, copy, now in zip(arrays, copies, (X.data, X.indices, X.indptr), strict=True):
        assert now is array
        np.testing.assert_array_equal(array, copy)


def test_limits_of_npmi():
    X = csr_array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 0]])
    topics = [[0, 1], [2, 3], [0, 2], [0, 4], [4, 0], [0], []]
    np.testing.assert_array_equal(coherence(topics, X, average=False), [1, -1, 0, -1, -1, -1, -1])


def test_unseen_tokens_never_improve_u_mass():
    X = csr_array([[1, 1, 1, 0, 0], [1, 1, 0, 1, 0]])
    eps = 1e-12
    topics = [[0, 1], [2, 3], [0, 4], [4, 0], [0], []]
    expected = np.log([1 + eps, eps / 0.5, eps, eps, eps, eps])
    np.testing.assert_allclose(coherence(topics, X, measure="u_mass", average=False), expected, rtol=1e-12, atol=1e-15)


def test_smoothing_of_mimno():
    X, _ = _random_corpus(4)
    n_01 = ((X[:, [0]].toarray() > 0) & (X[:, [1]].toarray() > 0)).sum()
    n_0 = (X[:, [0]].toarray() > 0).sum()
    value = coherence([[0, 1]], X, measure="u_mass", smoothing=1 / X.shape[0])
    assert value == pytest.approx(math.log((n_01 + 1) / n_0))


def test_long_lists_are_cut():
    X, _ = _random_corpus(5)
    assert coherence([[4, 3, 2, 1]], X, n_top=2) == coherence([[4, 3]], X)


def test_topics_as_array_of_tokens():
    X, _ = _random_corpus(6)
    names = np.array([f"token_{column}" for column in range(X.shape[1])])
    columns = [[1, 2, 3], [6, 5, 4]]
    for dtype in (object, str):
        tokens = names[np.array(columns)].astype(dtype)
        assert coherence(tokens, X, feature_names=names) == coherence(columns, X)
    assert coherence([np.array(topic) for topic in columns], X) == coherence(columns, X)


@pytest.mark.parametrize(
    ("topics", "parameters", "message"),
    [
        (np.ones((2, 4)), {}, r"one column for each of the 3 columns of X. Got an array of shape \(2, 4\)"),
        (np.array([[0, 1]]), {}, "pass column indices as lists of int"),
        (np.ones(3), {}, "Expected 2D array"),
        (-np.ones((2, 3)), {}, "components must hold .* non-negative. Got an entry -1.0"),
        ([], {}, "topics must have at least one topic"),
        (["a", "b"], {"feature_names": ["a", "b", "c"]}, "Got 'a' as topic 0; wrap the tokens"),
        ([0, 1], {}, "Got 0 as topic 0; wrap the tokens"),
        ([["a", "b"]], {}, "feature_names must name the columns of X when topics hold tokens. Got None, .* 'a'"),
        ([["a", "b"]], {"feature_names": ["a", "b"]}, "one name for each of the 3 columns of X. Got 2"),
        ([["a", "b"]], {"feature_names": ["a", "b", "a"]}, "must not repeat a name .* Got 2 different names of 3"),
        ([[0, 1], [2, 2]], {}, "topics must list a token once per topic. Got 2 twice in topic 1"),
        ([[0, 3]], {}, r"topics must hold column indices of X, in the range \[0, 3\). Got 3"),
        ([[0, -1]], {}, r"in the range \[0, 3\). Got -1"),
        (
            [[0, 1]],
            {"measure": "cv"},
            r"'measure' .* must be one of \['c_npmi', 'c_uci', 'c_v', 'npmi', 'u_mass'\]. Got 'cv'",
        ),
        ([[0, 1]], {"smoothing": 0}, "'smoothing' parameter of coherence must be a number > 0. Got 0"),
        ([[0, 1]], {"smoothing": np.nan}, "'smoothing' .* Got nan"),
        ([[0, 1]], {"smoothing": "1"}, "'smoothing' .* Got '1'"),
        ([[0, 1]], {"n_top": 0}, "'n_top' .* Got 0"),
    ],
)
def test_bad_input(topics, parameters, message):
    with pytest.raises(ValueError, match=message):
        coherence(topics, csr_array(np.eye(3)), **parameters)


@pytest.mark.parametrize("token", [0.5, True, None, [1]])
def test_bad_tokens(token):
    with pytest.raises(
        TypeError, match=r"must hold tokens \(str\) or column indices \(int\). Got .*; pass probabilities"
    ):
        coherence([[0, token]], csr_array(np.eye(3)))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (csr_array(-np.eye(3)), "X must hold counts, which are non-negative. Got an entry -1.0"),
        (csr_array(np.diag([1.0, np.nan, 1.0])), "X contains NaN"),
        (csr_array((0, 3)), "0 sample"),
        (np.ones(3), "Expected 2D array"),
    ],
)
def test_bad_counts(X, message):
    with pytest.raises(ValueError, match=message):
        coherence([[0, 1]], X)


def test_without_columns():
    assert coherence([[], []], csr_array((4, 0))) == -1.0

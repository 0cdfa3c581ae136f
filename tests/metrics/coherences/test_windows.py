"""Coherence in windows of text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from skartm.datasets import load_peps, open_memmap, save_memmap
from skartm.feature_extraction import SequenceVectorizer
from skartm.metrics import coherence, top_tokens
from skartm.metrics.coherences._windows import window_cooccurrence
from tests.oracle import coherence as oracle
from tests.oracle import windows

WINDOWED = ["c_npmi", "c_uci", "c_v"]
TOKENS = ["a", "b", "c", "d", "e", "f"]

texts_of_few = st.lists(st.lists(st.sampled_from(TOKENS), max_size=12), min_size=1, max_size=5).filter(any)
topics_of_few = st.lists(st.lists(st.sampled_from([*TOKENS, "unseen"]), unique=True), min_size=1, max_size=3)
any_counting = st.sampled_from(["exact", "gensim"])


def to_order(texts, index_dtype=np.int32):
    """The texts as a CSR in read-only memory."""
    X = csr_array((len(texts), len(TOKENS)))
    X.indices = np.array([TOKENS.index(token) for text in texts for token in text], dtype=index_dtype)
    X.indptr, X.data = np.cumsum([0, *map(len, texts)]).astype(index_dtype), np.ones(len(X.indices), np.float32)
    for array in (X.data, X.indices, X.indptr):
        array.setflags(write=False)
    return X


@pytest.mark.parametrize("measure", WINDOWED)
@given(
    texts=texts_of_few,
    topics=topics_of_few,
    window=st.integers(1, 14),
    counting=any_counting,
    smoothing=st.sampled_from([1e-12, 1e-3]),
)
def test_texts_equal_loops(measure, texts, topics, window, counting, smoothing):
    values = coherence(
        topics, texts, measure=measure, window=window, counting=counting, average=False, smoothing=smoothing
    )

    assert np.isfinite(values).all()
    # tokens of no topic take up room in a window
    expected = oracle.window_coherence(topics, texts, measure, window, counting, smoothing)
    np.testing.assert_allclose(values, expected, atol=1e-8)


@given(
    texts=texts_of_few,
    window=st.integers(1, 14),
    counting=any_counting,
    index_dtype=st.sampled_from([np.int32, np.int64]),
    data=st.data(),
)
def test_counts_of_a_matrix_equal_loops(texts, window, counting, index_dtype, data):
    pairs = st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1])
    left, right = np.array(data.draw(st.lists(pairs, max_size=6)), dtype=np.intp).reshape(-1, 2).T

    counts = window_cooccurrence(to_order(texts, index_dtype), np.append(left, right), left, right, window, counting)

    assert counts.n_contexts == windows.n_windows(texts, window)
    assert counts.single(left).tolist() == [
        windows.n_windows_with(texts, window, counting, TOKENS[w]) for w in left
    ]  # fmt: skip
    for first, second in ((left, right), (right, left)):
        assert counts.joint(first, second).tolist() == [
            windows.n_windows_with(texts, window, counting, TOKENS[v], TOKENS[w])
            for v, w in zip(first, second, strict=True)
        ]


@pytest.mark.parametrize("measure", [*WINDOWED, "npmi", "u_mass"])
@pytest.mark.parametrize("window", [1, 4, None, "document"])
def test_a_matrix_is_its_texts(measure, window, tmp_path):
    rng = np.random.default_rng(0)
    texts = [list(rng.choice(TOKENS, size=size)) for size in rng.integers(0, 30, size=40)]
    topics = [["a", "b", "c"], ["d", "f"], ["e"]]
    parameters = {"measure": measure, "window": window, "average": False, "feature_names": TOKENS}
    X = to_order(texts)
    arrays = X.data, X.indices, X.indptr

    values = coherence(topics, X, **parameters)

    np.testing.assert_array_equal(values, coherence(topics, texts, **parameters))
    np.testing.assert_array_equal(values, coherence(topics, np.array(texts, dtype=object), **parameters))
    columns = [[TOKENS.index(token) for token in topic] for topic in topics]
    np.testing.assert_array_equal(values, coherence(columns, csr_matrix(X), **parameters))
    save_memmap(tmp_path / "X", X)
    np.testing.assert_array_equal(values, coherence(topics, open_memmap(tmp_path / "X"), **parameters))
    assert all(now is array for now, array in zip((X.data, X.indices, X.indptr), arrays, strict=True))


def test_data_frames_of_texts():
    pandas = pytest.importorskip("pandas")
    texts = [["b", "a", "c"], ["a", "b"], ["c", "d"]]
    column = pandas.DataFrame({"tokens": texts}).tokens
    assert coherence([["a", "b"]], column, measure="c_uci", window=2) == coherence(
        [["a", "b"]], texts, measure="c_uci", window=2
    )


def test_unknown_tokens_take_up_room_in_texts_only():
    texts = [["a", "x", "b", "a"], ["c"]]
    with_room = coherence([["a", "b"]], texts, measure="c_uci", window=2, counting="exact")
    # a-x, x-b, b-a, c
    assert with_room == pytest.approx(np.log((1 / 4) / (1 / 2 * 1 / 2)), abs=1e-9)
    X = SequenceVectorizer(vocabulary=["a", "b", "c"], token_pattern=r"\w").transform(map(" ".join, texts))
    # a-b, b-a, c
    assert coherence([[0, 1]], X, measure="c_uci", window=2, counting="exact") == pytest.approx(
        np.log((2 / 3) / (2 / 3 * 2 / 3)), abs=1e-9
    )


def test_texts_that_are_sorted_are_texts():
    texts = [["a", "b", "c"], ["a", "c"]]
    value = coherence([["a", "c"]], texts, measure="c_npmi", window=2)
    assert value == pytest.approx(oracle.window_coherence([["a", "c"]], texts, "c_npmi", 2, "gensim")[0])


def test_entries_of_zero_are_no_tokens():
    texts = [["b", "a", "a", "b", "c"], ["a", "c", "b"]]
    X = to_order(texts)
    data = X.data.copy()
    data[1] = 0
    X.data = data
    expected = coherence([["a", "b"]], [["b", "a", "b", "c"], texts[1]], measure="c_npmi", window=3)
    assert coherence([[0, 1]], X, measure="c_npmi", window=3) == expected


@pytest.mark.parametrize("measure", WINDOWED)
def test_default_windows(measure):
    peps = load_peps()
    topics = [["unicode", "string", "encoding"], ["tuple", "list", "unicode"]]
    parameters = {"measure": measure, "feature_names": peps.feature_names}
    by_default = coherence(topics, peps.data, **parameters)
    window = {"c_npmi": 10, "c_uci": 10, "c_v": 110}[measure]
    assert coherence(topics, peps.data, window=window, counting="gensim", **parameters) == by_default
    assert coherence(topics, peps.data, counting="exact", **parameters) != by_default
    assert coherence(topics, peps.data, window=window + 1, **parameters) != by_default


@pytest.mark.parametrize("measure", WINDOWED)
def test_unseen_tokens_never_improve(measure):
    texts = [["a", "b", "a", "c", "d"], ["b", "d"], ["c", "c"]]
    for topic in (["a", "b"], ["a", "c", "d"], ["b"], []):
        plain = coherence([topic], texts, measure=measure, window=2)
        assert coherence([[*topic, "unseen"]], texts, measure=measure, window=2) <= plain
    lowest = np.log(1e-12) if measure == "c_uci" else -1
    for topic in (["u", "v"], ["a", "u"], ["a"], []):
        assert coherence([topic], texts, measure=measure, window=2) == pytest.approx(lowest)


@pytest.mark.parametrize("measure", WINDOWED)
def test_always_finite(measure):
    texts = [["a", "b"], ["b", "a"]]  # p = 1
    assert coherence([["a", "b"]], texts, measure="c_npmi") == -1  # as in gensim
    for smoothing in (1e-12, 0.5, 1.0, 2.0):
        assert np.isfinite(coherence([["a", "b"], ["a", "u"]], texts, measure=measure, smoothing=smoothing))


def test_window_of_a_matrix_without_order():
    texts = ["bee ant bee cat", "ant cat dog"]
    counts = CountVectorizer().fit_transform(texts)
    sorted_counts = counts.copy()
    sorted_counts.sort_indices()
    order = SequenceVectorizer().fit_transform(texts)
    for X in (counts, sorted_counts):
        with pytest.raises(ValueError, match=r"order of the text.*SequenceVectorizer.* or .*window=\"document\""):
            coherence([[0, 1]], X, measure="c_v", window=3)
        # the windows are the documents
        for window in (4, 110, 10**30, "document"):
            assert coherence([[0, 1]], X, measure="c_v", window=window) == coherence(
                [[0, 1]], order, measure="c_v", window=window
            )
    with pytest.raises(ValueError, match=r"Got the value 2, and a row of 4 tokens"):
        coherence([[0, 1]], counts, measure="c_v", window=3)
    with pytest.raises(ValueError, match="Got sorted rows, and a row of 3 tokens"):
        coherence([[0, 1]], sorted_counts > 0, measure="c_v", window=2)
    with pytest.raises(ValueError, match=r"Got the value 0.5; make X"):
        coherence([[0, 1]], sorted_counts * 0.5, measure="c_v", window=110)


@pytest.mark.parametrize(
    ("X", "parameters", "message"),
    [
        ([["a", "b"]], {"window": 0}, r"'window' .* must be an int in the range \[1, inf\), 'document' or None. Got 0"),
        ([["a", "b"]], {"window": True}, "'window' .* Got True"),
        ([["a", "b"]], {"window": "sentence"}, "'window' .* Got 'sentence'"),
        ([["a", "b"]], {"counting": "all"}, r"'counting' .* one of \['exact', 'gensim'\]. Got 'all'"),
        (["a b", "c"], {}, "X must be a matrix or lists of tokens. Got the text 'a b' as document 0"),
        ([["a", "b"]], {"feature_names": ["a", "a"]}, "must not repeat a name .* Got 1 different names of 2"),
    ],
)
def test_bad_input(X, parameters, message):
    with pytest.raises(ValueError, match=message):
        coherence([["a", "b"]], X, measure="c_v", **parameters)


@pytest.mark.parametrize("topics", [[[0, 1]], np.ones((1, 2))])
def test_columns_of_texts_need_names(topics):
    with pytest.raises(ValueError, match="feature_names must name the columns of topics when X is lists of tokens"):
        coherence(topics, [["a", "b"]], measure="c_v")
    assert coherence(topics, [["a", "b"], ["c"]], feature_names=["a", "b"]) == 1


def test_indices_out_of_range():
    X = to_order([["a", "b", "a"]])
    X.indices = np.array([0, 7, 0], dtype=np.int32)
    with pytest.raises(ValueError, match=r"column indices|indices must be"):
        coherence([[0, 1]], X, measure="c_v", window=2)


def test_components_of_a_model():
    peps = load_peps()
    phi = np.random.default_rng(0).dirichlet(np.full(peps.data.shape[1], 0.01), size=5)
    listed = top_tokens(phi, peps.feature_names, n_top=7)
    np.testing.assert_array_equal(
        coherence(phi, peps.data, measure="c_v", n_top=7, average=False),
        coherence(listed, peps.data, measure="c_v", feature_names=peps.feature_names, average=False),
    )

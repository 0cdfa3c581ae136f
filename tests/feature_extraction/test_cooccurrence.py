import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix

import skartm.feature_extraction._cooccurrence as module
from skartm.feature_extraction import cooccurrence
from tests.oracle import cooccurrence as oracle

N_TOKENS = 6
texts = st.lists(st.lists(st.integers(0, N_TOKENS - 1), max_size=9), min_size=1, max_size=6)


def rows(documents, n_tokens=N_TOKENS):
    """CSR whose rows are the texts, tokens in order."""
    indptr = np.concatenate([[0], np.cumsum([len(text) for text in documents])]).astype(np.int32)
    indices = np.array([token for text in documents for token in text], dtype=np.int32)
    return csr_matrix((np.ones(indices.size, dtype=np.float32), indices, indptr), shape=(len(documents), n_tokens))


@given(
    documents=texts,
    window=st.sampled_from([None, 1, 2, 4, 20]),
    measure=st.sampled_from(["ppmi", "count"]),
    min_count=st.sampled_from([1, 2]),
    n_top=st.sampled_from([None, 1, 2]),
)
def test_against_loops(documents, window, measure, min_count, n_top):
    documents = [*documents, [3, 1, 1, 0]]  # one that is not sorted: a text
    X = rows(documents)
    before = X.indices.copy()
    result = cooccurrence(X, window=window, measure=measure, min_count=min_count, n_top=n_top)
    assert_array_equal(X.indices, before)
    expected = oracle.cooccurrence(documents, N_TOKENS, window, measure, min_count, n_top)
    if measure == "count" or n_top is None:  # rounding decides between equal informations
        assert_allclose(result.toarray(), expected, rtol=1e-10, atol=1e-12)
    assert_array_equal(result.toarray(), result.T.toarray())
    assert not result.diagonal().any()
    assert result.dtype == np.float64
    assert result.has_canonical_format


def test_blocks_do_not_change_it(monkeypatch):
    rng = np.random.default_rng(0)
    X = csr_array(rng.poisson(0.3, (40, 50)))
    whole = cooccurrence(X)
    for block in (1, 100, 2000):
        monkeypatch.setattr(module, "_BLOCK", block)
        assert_array_equal(cooccurrence(X).toarray(), whole.toarray())


@given(
    seed=st.integers(0, 2**20),
    measure=st.sampled_from(["ppmi", "npmi", "count"]),
    n_top=st.integers(1, 12),
    min_count=st.sampled_from([1, 2, 2.5, 100]),
)
def test_neighbours_are_the_largest_of_all_pairs(seed, measure, n_top, min_count):
    rng = np.random.default_rng(seed)
    X = csr_array(rng.poisson(0.4, (rng.integers(1, 30), 10)))
    every = cooccurrence(X, measure=measure, min_count=min_count).toarray()
    kept = np.zeros_like(every)
    for row, values in enumerate(every):
        best = np.argsort(-values.round(12), kind="stable")[:n_top]
        kept[row, best] = values[best]
    expected = np.maximum(kept, kept.T)
    result = cooccurrence(X, measure=measure, min_count=min_count, n_top=n_top).toarray()
    if measure == "count":
        assert_allclose(result, expected)
    # rounding decides between equal informations: the values that are kept are the same, not the columns
    for ours, theirs in zip(result, expected, strict=True):
        assert_allclose(np.sort(ours)[::-1][:n_top], np.sort(theirs)[::-1][:n_top], atol=1e-12)


def test_npmi_is_at_most_one():
    X = csr_array([[1, 1, 0, 1], [1, 1, 0, 1], [0, 0, 1, 1], [0, 0, 1, 1]])
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 1  # and the token of all documents says nothing
    assert_allclose(cooccurrence(X, measure="npmi").toarray(), expected)
    assert_allclose(cooccurrence(X, measure="npmi", n_top=2).toarray(), expected)


def test_counts_are_not_weights():
    X = np.array([[3, 0, 2], [1, 1, 0], [0, 0, 0]])
    expected = [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
    assert_array_equal(cooccurrence(X, measure="count").toarray(), expected)
    assert_array_equal(cooccurrence(csr_matrix(X), measure="count").toarray(), expected)


def test_no_pairs():
    assert cooccurrence(rows([[0], [1, 1], []])).nnz == 0
    assert cooccurrence(rows([[0], [1, 1], []]), window=2).nnz == 0


def test_sorted_rows_are_no_text():
    with pytest.raises(ValueError, match="X must keep the order of the text in its rows. Got rows that are all sorted"):
        cooccurrence(rows([[0, 1, 2], [1, 3]]), window=2)
    with pytest.raises(ValueError, match="X must be a CSR whose indices are in the order of the text. Got a dense"):
        cooccurrence(np.ones((2, 3)), window=2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window": 0}, "'window' parameter of cooccurrence must be None or an integer, at least 1. Got 0"),
        ({"n_top": 2.5}, "'n_top' parameter of cooccurrence must be None or an integer"),
        ({"measure": "pmi"}, "'measure' parameter of cooccurrence must be 'ppmi', 'npmi' or 'count'. Got 'pmi'"),
        ({"min_count": 0}, "'min_count' parameter of cooccurrence must be a number above 0"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        cooccurrence(rows([[0, 1]]), **parameters)

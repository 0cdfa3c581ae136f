import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix

from skartm.datasets import open_memmap, save_memmap
from skartm.em import Batches, TokenIndex, is_memory_mapped
from tests.datasets.matrices import sequences, weights
from tests.em.corpora import corpus


def dense(batch):
    """The rows of a batch as an array."""
    out = np.zeros((batch.n_docs, batch.n_tokens))
    for d in range(batch.n_docs):
        for k in range(batch.indptr[d], batch.indptr[d + 1]):
            out[d, batch.indices[k]] += batch.x[k]
    return out


@given(X=sequences(weights=weights), batch_size=st.integers(1, 7), dtype=st.sampled_from([np.float32, np.float64]))
def test_batches_are_the_rows(X, batch_size, dtype):
    batches = Batches(X, batch_size, dtype)
    rows = list(batches)

    assert len(rows) == len(batches)
    assert [batch.start for batch in rows] == list(range(0, X.shape[0], batch_size))
    assert_allclose(np.vstack([np.zeros((0, X.shape[1]))] + [dense(batch) for batch in rows]), X.toarray(), rtol=1e-6)
    for batch in rows:
        assert batch.x.dtype == dtype
        for a, b in zip(batch.indptr[:-1], batch.indptr[1:]):
            assert (np.diff(batch.indices[a:b]) > 0).all()
        assert batch.mass() == pytest.approx(dense(batch).sum())


@given(X=sequences(weights=weights))
def test_input_is_left_alone(X):
    copies = X.data.copy(), X.indices.copy(), X.indptr.copy()
    for array in (X.data, X.indices, X.indptr):
        array.setflags(write=False)
    list(Batches(X, 2, np.float32))
    for array, copy in zip((X.data, X.indices, X.indptr), copies):
        assert_array_equal(array, copy)


def test_canonical_rows_are_not_copied():
    X = corpus(0)
    batches = list(Batches(X, 5, np.float64))
    assert len(batches) == -(-X.shape[0] // 5)
    for batch in batches:
        assert batch.indices is X.indices
        assert np.shares_memory(batch.x, X.data)


def test_token_order_equals_sorted_counts():
    text = csr_matrix((np.ones(6), [3, 1, 3, 0, 2, 0], [0, 4, 4, 6]), shape=(3, 5))
    counts = text.copy()
    counts.sum_duplicates()
    (batch,) = Batches(text, 9, np.float64)
    (expected,) = Batches(counts, 9, np.float64)
    for name in ("indptr", "indices", "x"):
        assert_array_equal(getattr(batch, name), getattr(expected, name))
    assert_array_equal(text.indices, [3, 1, 3, 0, 2, 0])


@pytest.mark.parametrize("container", [csr_matrix, csr_array])
def test_int64_indices_become_int32_batch_by_batch(container):
    X = container(corpus(1))
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    for batch, expected in zip(Batches(X, 5, np.float64), Batches(corpus(1), 5, np.float64)):
        assert batch.indptr.dtype == np.int64
        assert batch.indices.dtype == np.int32
        assert batch.indices.size == batch.x.size == batch.nnz < X.nnz
        assert_array_equal(dense(batch), dense(expected))


def test_weights():
    X, sample_weight = corpus(2), np.linspace(0, 3, 24)
    batches = Batches(X, 7, np.float32, sample_weight)
    assert batches.n_samples == sample_weight.sum()
    assert sum(batch.n_samples for batch in batches) == pytest.approx(sample_weight.sum())
    mass = sum(batch.mass() for batch in batches)
    assert mass == pytest.approx(float(sample_weight @ np.asarray(X.sum(axis=1)).ravel()))
    assert_array_equal(np.concatenate([batch.sample_weight for batch in batches]), sample_weight)


def test_memory_mapped_batches_are_not_kept(tmp_path):
    X = corpus(3)
    save_memmap(tmp_path / "X", X.astype(np.float32))
    mapped = open_memmap(tmp_path / "X")
    assert is_memory_mapped(mapped)
    assert not is_memory_mapped(X)
    assert is_memory_mapped(mapped[:3]) or mapped[:3].nnz  # a slice may be a copy

    batches = Batches(mapped, 7, np.float32)
    assert not batches.keep
    first, again = list(batches), list(batches)
    assert all(a is not b for a, b in zip(first, again))
    for batch, expected in zip(first, Batches(X, 7, np.float32)):
        assert_array_equal(dense(batch), dense(expected))


def test_batches_in_memory_are_kept_with_their_index():
    batches = Batches(corpus(4), 7, np.float64)
    first = list(batches)
    index = first[0].token_index()
    assert all(a is b for a, b in zip(first, batches))
    assert first[0].token_index() is index
    assert first[0].carrying(None).token_index() is index


def test_stopping_early_keeps_nothing():
    batches = Batches(corpus(4), 7, np.float64)
    next(iter(batches))
    assert [batch.start for batch in batches] == [0, 7, 14, 21]


@given(X=sequences(weights=weights), start=st.integers(0, 3))
def test_token_index_lists_documents_of_tokens(X, start):
    (batch,) = list(Batches(X[start:], 99, np.float32)) or [None]
    if batch is None:
        return
    index = TokenIndex.of(batch.indptr, batch.indices, X.shape[1])
    first, rows = int(batch.indptr[0]), np.repeat(np.arange(batch.n_docs), batch.row_lengths)
    present = np.unique(batch.indices[first:])
    assert_array_equal(index.tokens, present)
    for place, token in enumerate(index.tokens):
        part = slice(index.starts[place], index.starts[place + 1])
        assert (batch.indices[first + index.order[part]] == token).all()
        assert_array_equal(rows[index.order[part]], index.docs[part])
        assert (np.diff(index.docs[part]) > 0).all()

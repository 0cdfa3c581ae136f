import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from skartm.metrics.coherences._windows import document_cooccurrence
from tests.metrics.documents import corpora, to_csr
from tests.oracle import coherence as oracle


@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
@given(corpus=corpora(), data=st.data())
def test_equals_loops(index_dtype, corpus, data):
    n_features, documents = corpus
    columns = data.draw(st.lists(st.integers(0, n_features - 1), max_size=6, unique=True))
    pairs = [(v, w) for v in columns for w in columns if v < w]
    left, right = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    X = to_csr(documents, n_features, index_dtype=index_dtype)

    counts = document_cooccurrence(X, np.array(columns, dtype=np.intp), left, right)

    assert counts.n_contexts == len(documents)
    assert counts.columns.tolist() == sorted(columns)
    # all columns of the matrix, and one that no matrix has
    everything = np.array([-1, *range(n_features)])
    expected = [oracle.n_documents_with(documents, w) if w in columns else 0 for w in everything]
    assert counts.single(everything).tolist() == expected
    left, right = (grid.ravel() for grid in np.meshgrid(everything, everything))
    expected = [
        oracle.n_documents_with(documents, v, w) if v in columns and w in columns and v != w else 0
        for v, w in zip(left, right, strict=True)
    ]
    assert counts.joint(left, right).tolist() == expected


def test_entries_beyond_the_last_row_are_ignored():
    X = csr_array(np.array([[1, 1], [0, 1]]))
    X.indices, X.data = np.append(X.indices, [0, 0]), np.append(X.data, [5, 5])
    assert document_cooccurrence(X, np.array([0, 1]), np.array([0]), np.array([1])).n_single.tolist() == [1, 2]

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from skartm.metrics import _cooccurrence
from skartm.metrics._cooccurrence import document_cooccurrence
from tests.metrics.documents import corpora, to_csr
from tests.oracle import coherence as oracle


@pytest.mark.parametrize("path", ["sparse table", "sparse product", "dense product"])
@given(corpus=corpora(), data=st.data())
def test_equals_loops(path, corpus, data):
    n_features, documents = corpus
    columns = data.draw(st.lists(st.integers(0, n_features - 1), max_size=6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_cooccurrence, "_DENSE_ROWS", 2)
        patch.setattr(_cooccurrence, "_DENSE_SPEEDUP", 1e30 if path == "dense product" else 0)
        patch.setattr(_cooccurrence, "_MAX_DENSE_COLUMNS", -1 if path == "sparse table" else 100)
        counts = document_cooccurrence(to_csr(documents, n_features), np.array(columns, dtype=np.intp))

    assert counts.n_contexts == len(documents)
    assert counts.columns.tolist() == sorted(set(columns))
    # all columns of the matrix, and one that no matrix has
    everything = np.array([-1, *range(n_features)])
    expected = [oracle.n_documents_with(documents, w) if w in columns else 0 for w in everything]
    assert counts.single(everything).tolist() == expected
    left, right = (grid.ravel() for grid in np.meshgrid(everything, everything))
    expected = [
        oracle.n_documents_with(documents, v, w) if v in columns and w in columns else 0
        for v, w in zip(left, right, strict=True)
    ]
    assert counts.joint(left, right).tolist() == expected


def test_entries_beyond_the_last_row_are_ignored():
    X = csr_array(np.array([[1, 1], [0, 1]]))
    X.indices, X.data = np.append(X.indices, [0, 0]), np.append(X.data, [5, 5])
    assert document_cooccurrence(X, np.array([0, 1])).n_single.tolist() == [1, 2]

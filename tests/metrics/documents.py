"""Hypothesis strategies for documents, and their CSR."""

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array


@st.composite
def corpora(draw, max_features=6, max_docs=8):
    """Draw (n_features, documents); a document lists (column, count) in any order, with repetitions and zeros."""
    n_features = draw(st.integers(1, max_features))
    entries = st.tuples(st.integers(0, n_features - 1), st.integers(0, 2))
    documents = draw(st.lists(st.lists(entries, max_size=7), min_size=1, max_size=max_docs))
    return n_features, documents


def to_csr(documents, n_features, dtype=np.int64, index_dtype=np.int32):
    """Make the non-canonical CSR that keeps the entries of the documents as they are, in read-only memory."""
    indices = np.array([column for document in documents for column, _ in document], dtype=index_dtype)
    data = np.array([count for document in documents for _, count in document], dtype=dtype)
    indptr = np.cumsum([0] + [len(document) for document in documents]).astype(index_dtype)
    X = csr_array((data, indices, indptr), shape=(len(documents), n_features))
    # the constructor may change the index dtype
    X.indices, X.indptr = X.indices.astype(index_dtype), X.indptr.astype(index_dtype)
    for array in (X.data, X.indices, X.indptr):
        array.setflags(write=False)
    return X

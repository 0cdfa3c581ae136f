"""Hypothesis strategies for corpora."""

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

weights = st.one_of(st.integers(1, 10**6).map(float), st.floats(2**-10, 1e6, width=32))
tokens = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)  # no halves of surrogate pairs
ones = st.just(1.0)


@st.composite
def sequences(draw, max_docs=6, max_tokens=5, weights=ones):
    """Draw a CSR whose rows are in any order and may repeat tokens; rows, columns and entries may be missing."""
    n_docs, n_tokens = draw(st.integers(0, max_docs)), draw(st.integers(1, max_tokens))
    rows = draw(st.lists(st.lists(st.integers(0, n_tokens - 1), max_size=8), min_size=n_docs, max_size=n_docs))
    indptr = np.cumsum([0, *map(len, rows)])
    data = draw(st.lists(weights, min_size=int(indptr[-1]), max_size=int(indptr[-1])))
    indices = np.array([token for row in rows for token in row], dtype=np.int32)
    return csr_matrix((np.array(data, dtype=np.float32), indices, indptr), shape=(n_docs, n_tokens))

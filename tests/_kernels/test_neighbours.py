"""The closest tokens of every token."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array

from skartm._kernels import nearest_neighbours, transpose_index


def nearest(X, single, joint, scale, min_count, n_top, n_threads):
    """Values, columns and how many of them, through the kernel."""
    n_tokens = X.shape[1]
    indptr, indices = X.indptr.astype(np.int64), X.indices.astype(np.int32)
    ends, docs, order = np.empty(n_tokens, np.int64), np.empty(X.nnz, np.int32), np.empty(X.nnz, np.int32)
    transpose_index(indptr, indices, ends, docs, order)
    values, columns = np.zeros((n_tokens, n_top)), np.zeros((n_tokens, n_top), np.int32)
    found, scratch = np.zeros(n_tokens, np.int32), np.zeros((n_threads, 2 * n_tokens), np.int32)
    nearest_neighbours(
        indptr,
        indices,
        ends,
        docs,
        (single, joint, scale),
        min_count,
        0,
        values,
        columns,
        found,
        scratch,
        n_threads,
    )
    assert not scratch[:, :n_tokens].any()  # ready for the next token
    return values, columns, found


def by_loops(X, single, joint, scale, min_count, n_top):
    """(value, column) pairs of every token, best first."""
    present = (X.toarray() > 0).astype(int)
    n = present.T @ present
    result = []
    for u in range(X.shape[1]):
        pairs = []
        for v in range(X.shape[1]):
            if v != u and n[u, v] >= min_count:
                value = (joint[n[u, v]] - single[u] - single[v]) * scale[n[u, v]]
                if value > 0:
                    pairs.append((-value, v))
        result.append([(-value, v) for value, v in sorted(pairs)[:n_top]])
    return result


@given(seed=st.integers(0, 2**20), n_top=st.integers(1, 9), min_count=st.integers(1, 3))
def test_against_loops(seed, n_top, min_count):
    rng = np.random.default_rng(seed)
    X = csr_array(rng.poisson(0.5, (rng.integers(1, 20), rng.integers(1, 12))))
    X.eliminate_zeros()
    single, joint = rng.integers(0, 3, X.shape[1]) * 0.5, rng.integers(0, 9, X.shape[0] + 1) * 1.0  # with ties
    scale = rng.integers(0, 3, X.shape[0] + 1) * 1.0
    values, columns, found = nearest(X, single, joint, scale, min_count, n_top, 1)
    for u, expected in enumerate(by_loops(X, single, joint, scale, min_count, n_top)):
        pairs = zip(values[u, : found[u]], columns[u, : found[u]], strict=True)
        assert sorted(pairs, key=lambda pair: (-pair[0], pair[1])) == expected


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads(n_threads):
    rng = np.random.default_rng(0)
    X = csr_array(rng.poisson(0.2, (200, 80)))
    single, joint, scale = rng.random(80), np.arange(201.0), np.ones(201)
    one = nearest(X, single, joint, scale, 2, 5, 1)
    for ours, theirs in zip(nearest(X, single, joint, scale, 2, 5, n_threads), one, strict=True):
        assert_array_equal(ours, theirs)

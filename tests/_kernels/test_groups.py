"""Kernels of rows that are means of groups, against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm._kernels import half_step
from skartm.em import padded, padded_width, padded_zeros


@st.composite
def grouped(draw):
    """Counts, phi, shares and psi of a random shape, empty rows among them."""
    n_docs, n_tokens, n_groups = draw(st.integers(1, 30)), draw(st.integers(1, 40)), draw(st.integers(1, 12))
    n_topics, seed = draw(st.sampled_from([1, 3, 16, 17, 130])), draw(st.integers(0, 99))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    rng = np.random.default_rng(seed)
    X = sparse.random(n_docs, n_tokens, draw(st.sampled_from([0.0, 0.2, 1.0])), "csr", dtype, rng)
    pi = sparse.random(n_docs, n_groups, draw(st.sampled_from([0.0, 0.3, 1.0])), "csr", dtype, rng)
    phi, psi = rng.random((n_tokens, n_topics)), rng.random((n_groups, n_topics))
    phi[rng.random(phi.shape) < 0.3] = 0
    psi[rng.random(psi.shape) < 0.3] = 0
    pi.indices, pi.indptr = pi.indices.astype("int32"), pi.indptr.astype("int32")
    return X, phi.astype(dtype), pi, psi.astype(dtype)


def run(problem, n_threads):
    X, phi, pi, psi = problem
    n_topics, dtype = phi.shape[1], phi.dtype
    theta, slope = (padded_zeros(X.shape[0], n_topics, dtype) for _ in range(2))
    dots = np.zeros(pi.nnz, dtype=dtype)
    scratch = np.zeros((n_threads, 7 * padded_width(n_topics, dtype) + 16 * (padded_width(n_topics, dtype) + 1)), dtype)
    phi, psi = padded(phi, dtype), padded(psi, dtype)
    half_step.mix_rows(pi.indptr, pi.indices, pi.data, psi, theta, n_threads)
    half_step.group_slopes(
        X.indptr.astype("int64"), X.indices, X.data, phi, pi.indptr, pi.indices, pi.data, psi, slope, scratch, n_threads
    )
    half_step.row_dots(pi.indptr, pi.indices, psi, slope, dots, n_threads)
    return theta, slope, dots


@given(grouped())
def test_numpy(problem):
    X, phi, pi, psi = problem
    n_topics, tolerance = phi.shape[1], {"rtol": 1e-4, "atol": 1e-5} if phi.dtype == "float32" else {"rtol": 1e-10}
    theta, slope, dots = run(problem, 1)
    assert not theta[:, n_topics:].any()
    assert not slope[:, n_topics:].any()
    expected = pi.toarray().astype(float) @ psi
    assert_allclose(theta[:, :n_topics], expected, **tolerance)
    z = expected @ phi.T.astype(float)
    ratio = np.divide(X.toarray(), z, out=np.zeros(z.shape), where=z > 1e-25)
    assert_allclose(slope[:, :n_topics], ratio @ phi, **tolerance)
    documents = np.repeat(np.arange(X.shape[0]), np.diff(pi.indptr))
    assert_allclose(dots, (psi[pi.indices].astype(float) * slope[documents, :n_topics]).sum(axis=1), **tolerance)


@given(grouped(), st.integers(2, 3))
def test_threads_bit_for_bit(problem, n_threads):
    for more, one in zip(run(problem, n_threads), run(problem, 1)):
        assert_array_equal(more, one)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_groups_at_all(dtype):
    X = sparse.csr_matrix((2, 3), dtype=dtype)
    pi = sparse.csr_matrix((2, 0), dtype=dtype)
    theta, slope, dots = run((X, np.ones((3, 2), dtype), pi, np.zeros((0, 2), dtype)), 1)
    assert not theta.any()
    assert not slope.any()
    assert dots.size == 0

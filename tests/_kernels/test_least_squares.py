"""Coordinate descent over rows against loops: all entries observed, or some of them, with weights and penalties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm._kernels import half_step
from skartm.em import padded, padded_zeros
from tests.oracle import nmf as oracle

SHAPES = st.tuples(st.integers(1, 7), st.integers(1, 8), st.integers(1, 18))
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def problem(seed, n_rows, n_columns, k):
    """With rows and columns of zeros, components without any H, and entries of W and H that are zero."""
    rng = np.random.default_rng(seed)
    X = rng.poisson(1.0, (n_rows, n_columns)) * rng.random((n_rows, n_columns))
    X[rng.random(n_rows) < 0.2] = 0
    W, H = (rng.random(shape) * (rng.random(shape) < 0.7) for shape in ((n_rows, k), (k, n_columns)))
    H[rng.random(k) < 0.2] = 0
    V = rng.random((n_rows, n_columns)) * (rng.random((n_rows, n_columns)) < 0.6)
    return X, W, H, V


def hals(X, W, H, n_sweeps, dtype, n_threads=1):
    k = H.shape[0]
    w, gram = padded(W, dtype), padded((H @ H.T), dtype)
    slopes, scratch = np.zeros(X.shape[0]), padded_zeros(n_threads, k, dtype)
    half_step.hals_sweeps(gram, padded(X @ H.T, dtype), n_sweeps, 0.0, w, slopes, scratch, n_threads)
    return w, slopes


@DTYPES
@given(shape=SHAPES, seed=st.integers(0, 1000), n_sweeps=st.integers(1, 3))
def test_sweeps_equal_loops(dtype, shape, seed, n_sweeps):
    X, W, H, _ = problem(seed, *shape)
    w, slopes = hals(X, W, H, n_sweeps, dtype)
    norm = oracle.sweep(X, W, H)[1]
    for _ in range(n_sweeps):
        W = oracle.sweep(X, W, H)[0]
    rtol = 1e-8 if dtype == np.float64 else 2e-3
    assert_allclose(w[:, : shape[2]], W, rtol=rtol, atol=rtol)
    assert_array_equal(w[:, shape[2] :], 0)
    assert_allclose(slopes.sum(), norm, rtol=rtol, atol=rtol)


@DTYPES
@given(shape=SHAPES, seed=st.integers(0, 1000))
def test_product_equals_numpy(dtype, shape, seed):
    X, _, H, _ = problem(seed, *shape)
    A, out = sparse.csr_array(X.astype(dtype)), padded_zeros(shape[0], shape[2], dtype)
    places = np.arange(shape[1], dtype=np.int32)
    indptr, indices = A.indptr.astype(np.int64), A.indices.astype(np.int32)
    half_step.sparse_product(indptr, indices, A.data, places, padded(H.T, dtype), out, 1)
    assert_allclose(out[:, : shape[2]], X @ H.T, rtol=1e-5, atol=1e-5)


def csr(V):
    A = sparse.csr_array(V)
    return A.indptr.astype(np.int64), A.indices.astype(np.int32), A.data


def hals_observed(X, V, W, H, l1, l2, n_sweeps, dtype, n_threads=1):
    k, n_rows = H.shape[0], X.shape[0]
    indptr, indices, weights = csr(V)
    x = X[np.repeat(np.arange(n_rows), np.diff(indptr)), indices].astype(dtype)
    w, table = padded(W, dtype), padded(H.T, dtype)
    penalties, totals = np.tile([l1, l2], (n_rows, 1)).astype(float), np.zeros((n_rows, 2))
    scratch = padded_zeros(n_threads, (k + 2) * w.shape[1], dtype)
    half_step.hals_observed(
        indptr, indices, x, weights.astype(dtype), table, penalties, (k, n_sweeps, 0.0), w, totals, scratch, n_threads
    )  # fmt: skip
    return w, totals, 0.5 * float(V.ravel() @ np.square(X).ravel())


@DTYPES
@given(shape=SHAPES, seed=st.integers(0, 1000), penalty=st.sampled_from([(0.0, 0.0), (0.1, 0.0), (0.05, 0.3)]))
def test_observed_sweeps_equal_loops(dtype, shape, seed, penalty):
    X, W, H, V = problem(seed, *shape)
    w, totals, own = hals_observed(X, V, W, H, *penalty, 2, dtype)
    W, _ = oracle.observed_sweep(X, V, W, H, *penalty)
    W, loss = oracle.observed_sweep(X, V, W, H, *penalty)
    if dtype == np.float64:
        assert_allclose(w[:, : shape[2]], W, rtol=1e-6, atol=1e-8)
    assert_array_equal(w[:, shape[2] :], 0)
    assert_allclose(totals[:, 1].sum() + own, loss, rtol=1e-3, atol=1e-3)


@DTYPES
def test_observed_equals_all_where_all_is_observed(dtype, global_random_seed):
    X, W, H, _ = problem(global_random_seed, 30, 20, 7)
    w, slopes = hals(X, W, H, 3, dtype)
    other, totals, _ = hals_observed(X, np.ones_like(X), W, H, 0.0, 0.0, 3, dtype)
    rtol = 1e-8 if dtype == np.float64 else 1e-3
    assert_allclose(other, w, rtol=rtol, atol=rtol)
    assert_allclose(totals[:, 0], slopes, rtol=rtol, atol=rtol)


def multiply_observed(X, V, W, H, l1, l2, n_passes, dtype, n_threads=1, capacity=16):
    k, n_rows = H.shape[0], X.shape[0]
    indptr, indices, weights = csr(V)
    x = X[np.repeat(np.arange(n_rows), np.diff(indptr)), indices]
    w, table = padded(W, dtype), padded(H.T, dtype)
    factors, losses = np.tile([1.0, l1, l2], (n_rows, 1)), np.zeros(n_rows)
    scratch = padded_zeros(n_threads, 2 * w.shape[1] + capacity * (w.shape[1] + 1), dtype)
    half_step.multiply_observed(
        indptr, indices, (weights * x).astype(dtype), weights.astype(dtype), padded_zeros(1, k, dtype), factors, table,
        (k, n_passes, 0.0), w, losses, scratch, n_threads,
    )  # fmt: skip
    return w, losses, float((weights * (np.log(np.where(x > 0, x, 1)) * x - x)).sum())


@DTYPES
@pytest.mark.parametrize("capacity", [3, 16])
@given(shape=SHAPES, seed=st.integers(0, 1000), penalty=st.sampled_from([(0.0, 0.0), (0.1, 0.0), (0.05, 0.3)]))
def test_observed_steps_equal_loops(dtype, capacity, shape, seed, penalty):
    X, W, H, V = problem(seed, *shape)
    W, H = W + 0.1, H + 0.1
    V[:, 0] += 0.5  # rows without observed entries are another test
    w, losses, own = multiply_observed(X, V, W, H, *penalty, 2, dtype, capacity=capacity)
    W = oracle.observed_step(X, V, oracle.observed_step(X, V, W, H, *penalty), H, *penalty)
    rtol = 1e-8 if dtype == np.float64 else 1e-3
    assert_allclose(w[:, : shape[2]], W, rtol=rtol, atol=1e-6)
    if (W @ H)[(V > 0) & (X > 0)].min(initial=1) > 0:
        loss = oracle.observed_divergence(X, V, W, H) + penalty[0] * W.sum() + 0.5 * penalty[1] * np.square(W).sum()
        assert_allclose(losses.sum() + own, loss, rtol=rtol, atol=1e-4)


def test_threads_do_not_matter(global_random_seed):
    X, W, H, V = problem(global_random_seed, 200, 30, 9)
    for kernel in (hals_observed, multiply_observed):
        first, second = (kernel(X, V, W, H, 0.1, 0.2, 3, np.float32, n_threads=n) for n in (1, 3))
        assert_array_equal(first[0], second[0])
        assert_array_equal(first[1], second[1])


def test_nothing_observed():
    X, H = np.ones((2, 3)), np.ones((2, 3))
    for kernel in (hals_observed, multiply_observed):
        w, losses, _ = kernel(X, np.zeros((2, 3)), np.ones((2, 2)), H, 0.0, 0.0, 3, np.float64)
        assert_array_equal(w[:, :2], 1)
        assert_array_equal(losses, 0)

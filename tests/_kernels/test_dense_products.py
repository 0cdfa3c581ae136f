"""Products of whole rows with a table: equal to numpy's, and a row alone has the bits that it has beside others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm._kernels import half_step
from skartm.em import padded, padded_zeros, row_products

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
SIZES = st.tuples(st.integers(0, 110), st.integers(0, 12), st.integers(1, 70))


def numbers(seed, n_rows, n_columns, k, dtype):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n_rows, n_columns)).astype(dtype), rng.random((n_columns, k)).astype(dtype)


def product(X, table, n_threads=1):
    out = padded_zeros(X.shape[0], table.shape[1], X.dtype)
    out[...] = 7  # what was there before does not count
    half_step.dense_product(X, padded(table, X.dtype), out, n_threads)
    return out


@DTYPES
@given(size=SIZES, seed=st.integers(0, 1000))
def test_equals_numpy(dtype, size, seed):
    X, table = numbers(seed, *size, dtype)
    out, k = product(X, table), size[2]
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    assert_allclose(out[:, :k], X.astype(np.float64) @ table, rtol=tolerance, atol=tolerance)
    assert_array_equal(out[:, k:], 0)
    assert_array_equal(product(X, table, 3), out)


@DTYPES
@pytest.mark.parametrize("k", [1, 7, 16, 24, 50, 130])
@pytest.mark.parametrize("n_columns", [5, 400, 1300])
def test_rows_do_not_depend_on_each_other(dtype, k, n_columns):
    X, table = numbers(0, 101, n_columns, k, dtype)
    together = product(X, table)
    for rows in ([0], [100], range(5), range(48), range(47, 101), range(100, -1, -3)):
        assert_array_equal(product(np.ascontiguousarray(X[rows]), table), together[rows])


@DTYPES
@pytest.mark.parametrize("k", [1, 3, 8])  # few enough for registers at every level
def test_sparse_rows_have_the_same_bits(dtype, k):
    X, table = numbers(1, 60, 90, k, dtype)
    X[np.random.default_rng(2).random(X.shape) < 0.7] = 0
    A, out = sparse.csr_array(X), padded_zeros(60, k, dtype)
    indptr, indices, places = A.indptr.astype(np.int64), A.indices.astype(np.int32), np.arange(90, dtype=np.int32)
    half_step.sparse_product(indptr, indices, A.data, places, padded(table, dtype), out, 1)
    assert_array_equal(product(X, table), out)


@DTYPES
def test_row_products(dtype):
    X, table = numbers(3, 40, 12, 5, dtype)
    out = row_products(np.asfortranarray(X), table[:, ::-1])
    assert out.dtype == dtype
    assert_allclose(out, X @ table[:, ::-1], rtol=1e-4, atol=1e-6)
    assert row_products(X[:0], table).shape == (0, 5)
    assert row_products(X, table[:, :0]).shape == (40, 0)
    assert row_products(np.ones((2, 3), int), np.ones((3, 4), int)).dtype == np.float64

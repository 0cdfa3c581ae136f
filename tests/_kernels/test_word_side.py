import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skartm._kernels import half_step, transpose_index
from skartm.em import TokenIndex, padded, padded_width
from tests._kernels.batches import LEVELS, cases, read_only, tolerance

DTYPES = st.sampled_from([np.float32, np.float64])


@given(case=cases(max_docs=8))
def test_transpose_index_equals_numpy(case):
    n_tokens = case.phi.shape[0]
    first = int(case.indptr[0])
    ends = np.empty(n_tokens, dtype=np.int64)
    docs, order = np.empty(case.nnz, dtype=np.int32), np.empty(case.nnz, dtype=np.int32)

    transpose_index(case.indptr, case.indices, ends, docs, order)

    indices, row = case.indices[first:], np.repeat(np.arange(case.n_docs), np.diff(case.indptr))
    expected = np.argsort(indices, kind="stable")
    assert_array_equal(order, expected)
    assert_array_equal(docs, row[expected])
    assert_array_equal(ends, np.cumsum(np.bincount(indices, minlength=n_tokens)))


@pytest.mark.parametrize("n_tokens", [0, 3])
def test_transpose_index_of_nothing(n_tokens):
    ends = np.full(n_tokens, -1, dtype=np.int64)
    empty = np.empty(0, dtype=np.int32)
    transpose_index(np.zeros(1, dtype=np.int64), empty, ends, empty.copy(), empty.copy())
    assert not ends.any()


def accumulate(case, theta, ratio, n_wt, n_threads=1, kernel=half_step):
    index = TokenIndex.of(case.indptr, case.indices, case.phi.shape[0])
    n_wt = padded(n_wt, case.dtype)
    scratch = np.zeros((n_threads, padded_width(case.n_topics, case.dtype)), dtype=case.dtype)
    kernel.accumulate(
        index.tokens, index.starts, index.docs, index.order, ratio, case.padded(theta), case.padded(case.phi),
        n_wt, scratch, n_threads,
    )  # fmt: skip
    assert not n_wt[:, case.n_topics :].any()
    return n_wt[:, : case.n_topics]


def arguments(case):
    theta = case.rng.dirichlet(np.ones(case.n_topics), size=case.n_docs).astype(case.dtype)
    ratio = read_only(case.rng.uniform(0, 5, case.nnz).astype(case.dtype))
    return theta, ratio, case.rng.uniform(0, 2, case.phi.shape).astype(case.dtype)


@pytest.mark.parametrize("level", LEVELS)
@given(case=cases(max_docs=8))
def test_accumulate_equals_numpy(level, case):
    theta, ratio, n_wt = arguments(case)
    R = csr_array(
        (ratio.astype(float), case.indices[int(case.indptr[0]) :], case.indptr - case.indptr[0]),
        shape=(case.n_docs, case.phi.shape[0]),
    )
    expected = n_wt + case.phi * (R.T @ theta.astype(float))
    assert_allclose(accumulate(case, theta, ratio, n_wt, kernel=LEVELS[level]), expected, **tolerance(case.dtype))


@given(case=cases(max_docs=20), n_threads=st.sampled_from([2, 4]))
def test_accumulate_does_not_depend_on_threads(case, n_threads):
    arrays = arguments(case)
    assert_array_equal(accumulate(case, *arrays, n_threads=n_threads), accumulate(case, *arrays))


@given(case=cases(max_docs=20))
def test_accumulate_levels_agree(case):
    arrays = arguments(case)
    expected = accumulate(case, *arrays, kernel=LEVELS["baseline"])
    for kernel in LEVELS.values():
        assert_allclose(accumulate(case, *arrays, kernel=kernel), expected, rtol=1e-5)


def matrix(seed, n_tokens, n_topics, dtype):
    rng = np.random.default_rng(seed)
    n_wt = padded(rng.normal(size=(n_tokens, n_topics)), dtype)
    tokens = np.sort(rng.permutation(n_tokens)[: rng.integers(0, n_tokens + 1)]).astype(np.int32)
    return read_only(n_wt), tokens, rng


@pytest.mark.parametrize("level", LEVELS)
@given(
    seed=st.integers(0, 99),
    n_tokens=st.sampled_from([0, 1, 255, 256, 257, 600]),
    n_topics=st.sampled_from([1, 16, 40]),
    dtype=DTYPES,
    floor=st.sampled_from([0.0, 0.5, -np.inf]),
)
def test_block_sums_equal_numpy(level, seed, n_tokens, n_topics, dtype, floor):
    n_wt, tokens, _ = matrix(seed, n_tokens, n_topics, dtype)
    n = n_wt[tokens].astype(float)
    starts = np.arange(0, tokens.size, 256)
    shape = (starts.size, n_wt.shape[1])
    expected = np.add.reduceat(np.where(n > floor, n, 0), starts) if starts.size else np.zeros(shape)
    sums = {n_threads: np.full(shape, np.nan) for n_threads in (1, 2, 4)}

    for n_threads, out in sums.items():
        LEVELS[level].block_sums(n_wt, tokens, floor, out, n_threads)

    assert_allclose(sums[1], expected, rtol=1e-12, atol=1e-12)
    assert_array_equal(sums[2], sums[1])
    assert_array_equal(sums[4], sums[1])


@pytest.mark.parametrize("level", LEVELS)
@given(
    seed=st.integers(0, 99),
    n_tokens=st.sampled_from([0, 1, 40]),
    n_topics=st.sampled_from([1, 16, 40]),
    dtype=DTYPES,
    floor=st.sampled_from([1e-16, 0.3]),
    n_threads=st.sampled_from([1, 2, 4]),
)
def test_scale_columns_equal_numpy(level, seed, n_tokens, n_topics, dtype, floor, n_threads):
    n_wt, tokens, rng = matrix(seed, n_tokens, n_topics, dtype)
    scale = np.zeros(n_wt.shape[1], dtype=dtype)
    scale[:n_topics] = rng.uniform(0, 2, n_topics)
    phi = padded(np.full((n_tokens, n_topics), -1.0), dtype)
    expected = phi.copy()
    product = n_wt[tokens] * scale
    product[product < dtype(floor)] = 0
    expected[tokens] = product

    LEVELS[level].scale_columns(n_wt, tokens, scale, floor, phi, n_threads)

    assert_allclose(phi, expected, rtol=1e-6)


def test_scale_columns_in_place():
    n_wt = padded(np.array([[1.0, 2.0], [3.0, 2.0]]), np.float64)
    scale = np.zeros(n_wt.shape[1])
    scale[:2] = 0.25
    half_step.scale_columns(n_wt, np.arange(2, dtype=np.int32), scale, 1e-16, n_wt, 1)
    assert_array_equal(n_wt[:, :2], [[0.25, 0.5], [0.75, 0.5]])


@pytest.mark.parametrize("level", LEVELS)
@given(
    seed=st.integers(0, 99),
    n_tokens=st.sampled_from([0, 1, 40]),
    n_topics=st.sampled_from([1, 16, 40]),
    dtype=DTYPES,
    floor=st.sampled_from([1e-16, 0.3]),
    n_threads=st.sampled_from([1, 2, 4]),
)
def test_scale_shifted_equals_numpy(level, seed, n_tokens, n_topics, dtype, floor, n_threads):
    n_wt, tokens, rng = matrix(seed, n_tokens, n_topics, dtype)
    scale = np.zeros(n_wt.shape[1], dtype=dtype)
    scale[:n_topics] = rng.uniform(0, 2, n_topics)
    shift = rng.uniform(0, 1, n_tokens).astype(dtype)
    phi = padded(np.full((n_tokens, n_topics), -1.0), dtype)
    expected = phi.copy()
    product = (n_wt[tokens] + shift[tokens, None]) * scale
    product[product < dtype(floor)] = 0
    expected[tokens] = product

    LEVELS[level].scale_shifted(n_wt, tokens, shift, scale, floor, phi, n_threads)

    assert_allclose(phi, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("level", LEVELS)
@given(
    seed=st.integers(0, 99),
    n_tokens=st.sampled_from([0, 1, 40]),
    n_topics=st.sampled_from([1, 16, 40]),
    dtype=DTYPES,
    n_threads=st.sampled_from([1, 2, 4]),
)
def test_row_logs_equal_numpy(level, seed, n_tokens, n_topics, dtype, n_threads):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((n_tokens, n_topics)) < 0.3, 0, 10 ** rng.uniform(-16, 0, (n_tokens, n_topics)))
    phi, sums = padded(values, dtype), np.full(n_tokens, np.nan)

    LEVELS[level].row_logs(phi[:, :n_topics], np.ones(n_topics, dtype=dtype), 1e-16, sums, n_threads)

    assert_allclose(sums, np.log(np.maximum(values, 1e-16)).sum(axis=1), rtol=2e-5 if dtype == np.float32 else 1e-12)


def test_row_logs_wants_rows_in_one_piece():
    with pytest.raises(ValueError, match="contiguous"):
        half_step.row_logs(np.ones((3, 2)).T, np.ones(3), 1e-16, np.empty(2), 1)

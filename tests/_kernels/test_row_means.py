"""The kernels of a linear mixture: norm_t(phi_wt n_t), and means of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skartm._kernels import half_step
from skartm.em import padded, padded_width
from tests._kernels.batches import LEVELS, cases, read_only, tolerance


def normalise(case, phi, share, n_threads=1, kernel=half_step, in_place=False):
    phi = padded(phi, case.dtype)
    out = phi if in_place else np.full_like(phi, np.nan)
    kernel.normalise_rows(phi, padded(share[None, :], case.dtype)[0], out, n_threads)
    assert not out[:, case.n_topics :].any()
    return out[:, : case.n_topics]


def means(case, p, n_threads=1, kernel=half_step, extra=0):
    first = int(case.indptr[0])
    indptr = (case.indptr - first).astype(np.int64)
    theta = np.full((case.n_docs, case.n_topics + extra), -1, dtype=case.dtype)
    mass = np.empty(case.n_docs, dtype=case.dtype)
    places = np.arange(np.diff(indptr).max(initial=0), dtype=np.int32)
    scratch = np.zeros((n_threads, padded_width(case.n_topics, case.dtype)), dtype=case.dtype)
    kernel.row_means(
        indptr, case.indices[first:].astype(np.int32), case.x[first:], places, case.padded(p), case.n_topics,
        theta, mass, scratch, n_threads,
    )  # fmt: skip
    assert (theta[:, case.n_topics :] == -1).all()
    return theta[:, : case.n_topics], mass


def table(case):
    """p(t|w), in which some tokens have no topic."""
    p = case.rng.dirichlet(np.ones(case.n_topics), size=case.phi.shape[0]).astype(case.dtype)
    p[case.rng.random(p.shape[0]) < 0.3] = 0
    return p


@pytest.mark.parametrize("level", LEVELS)
@given(case=cases(), in_place=st.booleans())
def test_normalise_rows_equals_numpy(level, case, in_place):
    share = case.rng.uniform(0, 1, case.n_topics)
    phi = case.phi.copy()
    phi[case.rng.random(phi.shape[0]) < 0.3] = 0
    product = phi * share.astype(case.dtype)
    sums = product.sum(axis=1, keepdims=True)
    expected = np.divide(product, sums, out=np.zeros_like(product), where=sums > 0)
    result = normalise(case, phi, share, kernel=LEVELS[level], in_place=in_place)
    assert_allclose(result, expected, **tolerance(case.dtype))


@given(case=cases())
def test_normalise_rows_of_tiny_numbers(case):
    """The sum of a row may be too small to have a reciprocal."""
    tiny = np.finfo(case.dtype).smallest_subnormal * 4
    phi = np.full_like(case.phi, tiny)
    assert_allclose(normalise(case, phi, np.ones(case.n_topics)), 1 / case.n_topics, rtol=1e-6)


@pytest.mark.parametrize("level", LEVELS)
@given(case=cases(), extra=st.sampled_from([0, 3]))
def test_row_means_equals_numpy(level, case, extra):
    p = table(case)
    first = int(case.indptr[0])
    X = csr_array(
        (case.x[first:].astype(float), case.indices[first:], case.indptr - first), shape=(case.n_docs, p.shape[0])
    )
    sums = X @ p.astype(float)
    n_d = sums.sum(axis=1)
    expected = np.full(sums.shape, 1 / case.n_topics)
    expected[n_d > 0] = sums[n_d > 0] / n_d[n_d > 0, None]
    theta, mass = means(case, p, kernel=LEVELS[level], extra=extra)
    assert_allclose(theta, expected, **tolerance(case.dtype))
    assert_allclose(mass, n_d, **tolerance(case.dtype))


@given(case=cases(max_docs=70), n_threads=st.sampled_from([2, 3]))
def test_neither_depends_on_threads(case, n_threads):
    p, share = table(case), case.rng.uniform(0, 1, case.n_topics)
    for more, one in zip(means(case, p, n_threads=n_threads), means(case, p)):
        assert_array_equal(more, one)
    assert_array_equal(normalise(case, p, share, n_threads=n_threads), normalise(case, p, share))


@given(case=cases(max_docs=8))
def test_the_order_of_a_row_is_that_of_the_matrix(case):
    """A row on its own has bit for bit the mean that it has among others."""
    p = table(case)
    theta, mass = means(case, p)
    for d in range(case.n_docs):
        alone = type(case)(
            case.indptr[d : d + 2], case.indices, case.x, case.phi, case.n_topics, case.dtype, case.rng
        )
        own, own_mass = _row(alone, p)
        assert_array_equal(own[0], theta[d])
        assert own_mass[0] == mass[d]


def _row(case, p):
    start, stop = (int(end) for end in case.indptr)
    case.indices, case.x = read_only(case.indices[start:stop].copy()), read_only(case.x[start:stop].copy())
    case.indptr = np.array([0, stop - start])
    return means(case, p)


def test_no_documents_and_no_entries():
    for dtype in (np.float32, np.float64):
        theta, mass, p = np.empty((2, 3), dtype=dtype), np.ones(2, dtype=dtype), np.zeros((0, 16), dtype=dtype)
        none, empty = np.empty(0, dtype=np.int32), np.empty(0, dtype=dtype)
        scratch = np.zeros((1, 16), dtype=dtype)
        half_step.row_means(np.zeros(3, dtype=np.int64), none, empty, none, p, 3, theta, mass, scratch, 1)
        assert_allclose(theta, 1 / 3, rtol=1e-6)
        assert not mass.any()
        half_step.row_means(np.zeros(1, dtype=np.int64), none, empty, none, p, 3, theta[:0], mass[:0], scratch, 1)

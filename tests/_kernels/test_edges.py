import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm._kernels import half_step
from skartm.em import TokenIndex, padded, padded_width, padded_zeros
from tests._kernels.batches import LEVELS, TOPICS

POWERS = st.sampled_from([0.0, 0.25, 1.0, 1.0, 2.0, 3.0, 8.0, 9.0, 1.5, 40.0])


@st.composite
def edges(draw):
    """Edges as the kernel takes them, phi with zeros and with tiny numbers, topics, type."""
    n_topics, dtype = draw(st.sampled_from(TOPICS)), draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_vertices = draw(st.integers(1, 9))
    sizes = draw(st.lists(st.integers(0, 12), max_size=6))
    powers = np.array(draw(st.lists(POWERS, min_size=sum(sizes), max_size=sum(sizes))), dtype=dtype)
    phi = 10.0 ** rng.uniform(-16, 0, (n_vertices, n_topics))
    phi[rng.uniform(size=phi.shape) < draw(st.sampled_from([0.0, 0.2, 1.0]))] = 0
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return starts, rng.integers(0, n_vertices, sum(sizes)).astype(np.int32), powers, phi.astype(dtype), dtype


def products(case, n_threads=1, kernel=half_step):
    starts, vertices, powers, phi, dtype = case
    n_topics, n_edges = phi.shape[1], starts.size - 1
    out, log_scale = padded_zeros(n_edges, n_topics, dtype), np.full(n_edges, np.nan)
    scratch = np.empty((n_threads, padded_width(n_topics, dtype)), dtype=dtype)
    kernel.edge_products(starts, vertices, powers, padded(phi, dtype), n_topics, out, log_scale, scratch, n_threads)
    assert not out[:, n_topics:].any()
    return out[:, :n_topics], log_scale


@pytest.mark.parametrize("level", LEVELS)
@given(case=edges())
def test_products_equal_sums_of_logarithms(level, case):
    starts, vertices, powers, phi, dtype = case
    rows, log_scale = products(case, kernel=LEVELS[level])
    lowest = np.log(np.finfo(dtype).tiny)
    for e in range(starts.size - 1):
        own = slice(starts[e], starts[e + 1])
        with np.errstate(divide="ignore"):
            factors = [m * np.log(phi[v].astype(float)) for v, m in zip(vertices[own], powers[own].astype(float)) if m]
        expected = np.sum(factors, axis=0) if factors else np.zeros(phi.shape[1])
        assert_array_equal(rows[e][np.isneginf(expected)], 0)
        if np.isneginf(expected).all():
            assert log_scale[e] == 0
            continue
        assert 1 <= rows[e].max() < 2
        assert np.log(rows[e].max()) + log_scale[e] == pytest.approx(expected.max(), rel=1e-6, abs=1e-5)
        kept = expected > expected.max() + lowest + 2
        tolerance = 3e-5 if dtype == np.float32 else 1e-11
        assert_allclose(np.log(rows[e][kept].astype(float)) + log_scale[e], expected[kept], rtol=1e-6, atol=tolerance)
        assert_array_equal(rows[e][expected < expected.max() + lowest - 2], 0)


@given(case=edges(), n_threads=st.sampled_from([2, 3]))
def test_products_do_not_depend_on_threads(case, n_threads):
    for one, more in zip(products(case), products(case, n_threads)):
        assert_array_equal(more, one)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_topic_that_falls_behind_catches_up(dtype):
    phi = np.array([[1.0, 1e-16], [1e-16, 1.0]], dtype=dtype)
    vertices = np.repeat([0, 1], 200).astype(np.int32)  # the second topic is at 1e-3200 after half of the edge
    case = np.array([0, 400], dtype=np.int64), vertices, np.ones(400, dtype=dtype), phi, dtype
    rows, log_scale = products(case)
    assert_allclose(rows[0, 0], rows[0, 1], rtol=1e-4)
    assert_allclose(np.log(rows[0, 0]) + log_scale[0], 200 * np.log(1e-16), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_powers(dtype):
    phi = np.array([[0.5, 0.5, 1e-16], [1e-16, 0.25, 0.0]], dtype=dtype)
    powers = np.array([2.0**24, 2.0**24], dtype=dtype)
    rows, _ = products((np.array([0, 2], dtype=np.int64), np.array([0, 1], dtype=np.int32), powers, phi, dtype))
    assert_array_equal(rows[0], [0, 1, 0])


@given(case=edges(), n_threads=st.sampled_from([1, 3]))
def test_edge_counts_equal_numpy(case, n_threads):
    starts, _, _, phi, dtype = case
    n_topics, n_edges = phi.shape[1], starts.size - 1
    rng = np.random.default_rng(n_edges)
    rows, theta = rng.uniform(size=(n_edges, n_topics)), rng.uniform(size=(3, n_topics))
    ratio = rng.uniform(size=n_edges)
    docs = rng.integers(0, 3, n_edges).astype(np.int32)
    out = padded(rows, dtype)
    half_step.edge_counts(docs, ratio.astype(dtype), padded(theta, dtype), out, n_threads)
    assert_allclose(out[:, :n_topics], rows * ratio[:, None] * theta[docs], rtol=1e-5)
    assert not out[:, n_topics:].any()


@given(case=edges(), n_threads=st.sampled_from([1, 3]))
def test_add_rows_equals_numpy(case, n_threads):
    starts, vertices, powers, phi, dtype = case
    (n_vertices, n_topics), n_edges = phi.shape, starts.size - 1
    rng = np.random.default_rng(n_edges)
    rows, n_wt = rng.uniform(size=(n_edges, n_topics)), rng.uniform(size=phi.shape)
    index = TokenIndex.of(starts.astype(np.int32), vertices, n_vertices)
    edge_of = np.repeat(np.arange(n_edges, dtype=np.int32), np.diff(starts))
    out, scratch = padded(n_wt, dtype), padded_zeros(n_threads, n_topics, dtype)
    half_step.add_rows(
        index.tokens, index.starts, edge_of[index.order], index.order, powers, padded(rows, dtype), out, scratch,
        n_threads,
    )  # fmt: skip
    np.add.at(n_wt, vertices, powers[:, None] * rows[edge_of])
    assert_allclose(out[:, :n_topics], n_wt, rtol=1e-5)
    assert not out[:, n_topics:].any()

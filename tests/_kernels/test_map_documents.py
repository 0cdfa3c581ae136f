import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm._kernels import half_step
from skartm.em import padded, padded_width
from tests._kernels.batches import LEVELS, cases, read_only, tolerance


def run(case, *, theta=None, prior=None, n_passes=3, tol=0.0, n_threads=1, capacity=None, kernel=half_step):
    theta = np.full((case.n_docs, case.n_topics), 1 / case.n_topics) if theta is None else theta
    theta = padded(theta, case.dtype)
    prior = np.zeros((1, case.n_topics)) if prior is None else prior
    ratio, totals = np.full(case.nnz, np.nan, dtype=case.dtype), np.full((case.n_docs, 2), np.nan)
    kernel.map_documents(
        case.indptr, case.indices, case.x, case.padded(case.phi), case.padded(prior), n_passes, tol,
        theta, ratio, totals, case.scratch(n_threads, capacity), n_threads,
    )  # fmt: skip
    assert not theta[:, case.n_topics :].any()
    return theta[:, : case.n_topics], ratio, totals


def equivalent(case, theta, prior, n_passes):
    """Do what the docstring says, with what happens at the limits."""
    theta, ratio, totals = theta.copy(), [], np.zeros((case.n_docs, 2))
    for d, (w, x) in enumerate(case.rows):
        prior_d = prior[d if prior.shape[0] > 1 else 0]
        for _ in range(n_passes if w.size else 0):
            z = case.phi[w] @ theta[d]
            counts = np.clip(
                theta[d] * (case.phi[w].T @ np.divide(x, z, out=np.zeros_like(z), where=z > 0)) + prior_d, 0, None
            )
            if counts.sum() > 0:
                theta[d] = counts / counts.sum()
                theta[d][theta[d] < 1e-16] = 0
        z = case.phi[w] @ theta[d]
        ratio.append(np.divide(x, z, out=np.zeros_like(z), where=z > 0))
        totals[d] = (x * np.log(z, out=np.zeros_like(z), where=z > 0)).sum(), x[z <= 0].sum()
    return theta, np.concatenate([np.zeros(0), *ratio]), totals


def starts(case, share):
    """Draw theta, zero for a share of the topics."""
    theta = case.rng.dirichlet(np.ones(case.n_topics), size=case.n_docs)
    theta[:, case.rng.random(case.n_topics) < share] = 0
    theta[:, 0] += 1e-3
    theta /= theta.sum(axis=1, keepdims=True)
    return theta.astype(case.dtype).astype(float)


@pytest.mark.parametrize("level", LEVELS)
@given(case=cases(), n_passes=st.integers(0, 4), share=st.sampled_from([0.0, 0.4, 0.9]), data=st.data())
def test_equals_numpy(level, case, n_passes, share, data):
    theta = starts(case, share)
    n_priors = data.draw(st.sampled_from([1, max(case.n_docs, 1)]))
    prior = case.rng.uniform(0, 1, (n_priors, case.n_topics)) * data.draw(st.sampled_from([0, 1, -0.05]))
    prior = prior.astype(case.dtype).astype(float)
    capacity = data.draw(st.sampled_from([None, 1, 3]))

    got = run(case, theta=theta, prior=prior, n_passes=n_passes, capacity=capacity, kernel=LEVELS[level])

    for actual, expected in zip(got, equivalent(case, theta, prior, n_passes)):
        assert_allclose(actual, expected, **tolerance(case.dtype))


@given(case=cases(max_docs=9), n_threads=st.sampled_from([2, 4]), share=st.sampled_from([0.0, 0.9]))
def test_threads_do_not_matter(case, n_threads, share):
    theta = starts(case, share)
    for actual, expected in zip(run(case, theta=theta, n_threads=n_threads), run(case, theta=theta)):
        assert_array_equal(actual, expected)


@given(case=cases(), share=st.sampled_from([0.0, 0.9]))
def test_levels_agree(case, share):
    theta = starts(case, share)
    expected = run(case, theta=theta, kernel=LEVELS["baseline"])
    for kernel in LEVELS.values():
        for actual, reference in zip(run(case, theta=theta, kernel=kernel), expected):
            assert_allclose(actual, reference, rtol=1e-5, atol=1e-6 if case.dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("level", LEVELS)
@given(case=cases(), n_passes=st.integers(1, 4))
def test_packing_of_topics_changes_nothing(level, case, n_passes):
    # a document that does not fit the buffer is never packed
    theta = starts(case, 0.9)
    packed = run(case, theta=theta, n_passes=n_passes, kernel=LEVELS[level])
    plain = run(case, theta=theta, n_passes=n_passes, capacity=1, kernel=LEVELS[level])
    for actual, expected in zip(packed, plain):
        assert_allclose(actual, expected, **tolerance(case.dtype))
    assert not packed[0][theta == 0].any()


@given(case=cases())
def test_prior_brings_back_a_topic_without_theta(case):
    theta = np.zeros((case.n_docs, case.n_topics))
    theta[:, 0] = 1
    prior = np.zeros((1, case.n_topics))
    prior[0, -1] = 0.5
    got, _, _ = run(case, theta=theta, prior=prior, n_passes=2)
    expected, _, _ = equivalent(case, theta, prior, 2)
    assert_allclose(got, expected, **tolerance(case.dtype))


@given(case=cases(), n_passes=st.integers(1, 4))
def test_theta_is_a_distribution(case, n_passes):
    theta, ratio, totals = run(case, n_passes=n_passes)
    assert (theta >= 0).all()
    assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(ratio).all()
    assert np.isfinite(totals).all()


@given(case=cases())
def test_large_tolerance_makes_one_pass(case):
    for actual, expected in zip(run(case, n_passes=20, tol=10.0), run(case, n_passes=1)):
        assert_array_equal(actual, expected)


@given(case=cases())
def test_token_without_probability_is_left_out(case):
    case.phi[0] = 0
    theta, ratio, totals = run(case)
    for d, (w, x) in enumerate(case.rows):
        assert totals[d, 1] == x[w == 0].sum()
        if w.size == 1 and w[0] == 0:
            assert_allclose(theta[d], 1 / case.n_topics, rtol=1e-6)
    seen = case.indices[int(case.indptr[0]) :]
    assert not ratio[seen == 0].any()


@given(case=cases())
def test_prior_that_leaves_nothing_keeps_theta(case):
    theta, _, _ = run(case, prior=np.full((1, case.n_topics), -1e6))
    assert_allclose(theta, 1 / case.n_topics, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_docs", "n_tokens"), [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_nothing_to_do(dtype, n_docs, n_tokens):
    width = padded_width(3, dtype)
    theta = padded(np.full((n_docs, 3), 1 / 3), dtype)
    before = theta.copy()
    half_step.map_documents(
        np.zeros(n_docs + 1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=dtype),
        padded(np.zeros((n_tokens, 3)), dtype), padded(np.zeros((1, 3)), dtype), 3, 0.0, theta,
        np.zeros(0, dtype=dtype), np.zeros((n_docs, 2)), np.zeros((1, 8 * width + 1), dtype=dtype), 1,
    )  # fmt: skip
    assert_array_equal(theta, before)


@example(dtype=np.float32, n_topics=300, capacity=7)
@given(
    dtype=st.sampled_from([np.float32, np.float64]),
    n_topics=st.sampled_from([3, 40, 130]),
    capacity=st.integers(1, 300),
)
def test_long_documents_are_read_in_pieces(dtype, n_topics, capacity):
    from tests._kernels.batches import Case

    rng = np.random.default_rng(capacity)
    x = rng.integers(1, 5, size=250).astype(dtype)
    indptr = read_only(np.array([0, 200, 250], dtype=np.int64))
    indices = np.concatenate([np.arange(200), np.arange(50)]).astype(np.int32)
    phi = rng.dirichlet(np.ones(200), size=n_topics).T.copy().astype(dtype).astype(float)
    case = Case(indptr, read_only(indices), read_only(x), phi, n_topics, dtype, rng)
    for actual, expected in zip(run(case, capacity=capacity), run(case)):
        assert_allclose(actual, expected, **tolerance(dtype))

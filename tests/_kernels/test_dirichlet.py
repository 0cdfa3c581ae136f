import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import psi

from skartm._kernels import half_step
from skartm.em import padded, padded_zeros
from tests._kernels.batches import LEVELS, cases

EPS = np.finfo(float).eps


def tolerance(dtype):
    """As accurate as scikit-learn's digamma at best."""
    return {"rtol": 2e-3, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-6, "atol": 1e-10}


def run(case, gamma, prior, *, n_passes=3, tol=0.0, n_threads=1, capacity=None, kernel=half_step):
    gamma = padded(gamma, case.dtype)
    theta = padded_zeros(case.n_docs, case.n_topics, case.dtype)
    theta[...] = np.nan
    ratio, totals = np.full(case.nnz, np.nan, dtype=case.dtype), np.full((case.n_docs, 2), np.nan)
    kernel.dirichlet_documents(
        case.indptr, case.indices, case.x, case.padded(case.phi), case.padded(np.full((1, case.n_topics), prior)),
        (case.n_topics, n_passes, tol), gamma, theta, ratio, totals, case.scratch(n_threads, capacity), n_threads,
    )  # fmt: skip
    assert not theta[:, case.n_topics :].any()
    return gamma[:, : case.n_topics], theta[:, : case.n_topics], ratio, totals


def equivalent(case, gamma, prior, n_passes):
    gamma, theta, ratio, totals = gamma.copy(), gamma.copy(), [], np.zeros((case.n_docs, 2))
    for d, (w, x) in enumerate(case.rows):
        for _ in range(n_passes):
            mean = np.exp(psi(gamma[d]) - psi(gamma[d].sum()))
            gamma[d] = prior + mean * (case.phi[w].T @ (x / (case.phi[w] @ mean + EPS)))
        theta[d] = np.exp(psi(gamma[d]) - psi(gamma[d].sum()))
        z = case.phi[w] @ theta[d]
        ratio.append(x / (z + EPS))
        totals[d, 0] = x @ np.log(z)
    return gamma, theta, np.concatenate([np.zeros(0), *ratio]), totals


def starts(case):
    return case.rng.gamma(20.0, 0.05, (case.n_docs, case.n_topics)).astype(case.dtype).astype(float)


@pytest.mark.parametrize("level", LEVELS)
@given(
    case=cases(),
    n_passes=st.integers(0, 4),
    prior=st.sampled_from([0.05, 0.5, 2.0]),
    capacity=st.sampled_from([None, 1, 3]),
)
def test_equals_numpy(level, case, n_passes, prior, capacity):
    case.phi += 1e-3  # exp(E[log phi]) has no zeros
    case.phi = case.phi.astype(case.dtype).astype(float)
    prior = float(case.dtype(prior))
    gamma = starts(case)

    got = run(case, gamma, prior, n_passes=n_passes, capacity=capacity, kernel=LEVELS[level])

    *arrays, totals = equivalent(case, gamma, prior, n_passes)
    for actual, expected in zip(got, arrays):
        assert_allclose(actual, expected, **tolerance(case.dtype))
    # ln z has the error of digamma, a small one beside z but not beside ln z where z is about 1
    loose = tolerance(case.dtype)
    loose["atol"] = max(loose["atol"], loose["rtol"] * float(case.x.sum()))
    assert_allclose(got[3], totals, **loose)


@given(case=cases(max_docs=9), n_threads=st.sampled_from([2, 4]), prior=st.sampled_from([1e-3, 0.5]))
def test_threads_do_not_matter(case, n_threads, prior):
    gamma = starts(case)
    for actual, expected in zip(run(case, gamma, prior, n_threads=n_threads), run(case, gamma, prior)):
        assert_array_equal(actual, expected)


@given(case=cases())
def test_levels_agree(case):
    case.phi += 1e-3
    gamma = starts(case)
    expected = run(case, gamma, 0.1, kernel=LEVELS["baseline"])
    for kernel in LEVELS.values():
        for actual, reference in zip(run(case, gamma, 0.1, kernel=kernel), expected):
            assert_allclose(actual, reference, rtol=1e-5, atol=1e-6 if case.dtype == np.float32 else 1e-12)


@given(case=cases())
def test_tiny_prior_drops_topics_and_changes_nothing(case):
    """Topics that have but their prior leave the buffer; a buffer for one token never drops them."""
    case.phi += 1e-3
    gamma = starts(case)
    gamma[:, case.rng.random(case.n_topics) < 0.9] = 1e-3
    dropped = run(case, gamma, 1e-3, n_passes=8)
    plain = run(case, gamma, 1e-3, n_passes=8, capacity=1)
    for actual, expected in zip(dropped, plain):
        assert_allclose(actual, expected, **tolerance(case.dtype))


@given(case=cases())
def test_large_tolerance_makes_one_pass(case):
    gamma = starts(case)
    for actual, expected in zip(run(case, gamma, 0.5, n_passes=20, tol=1e9), run(case, gamma, 0.5, n_passes=1)):
        assert_array_equal(actual, expected)


@pytest.mark.parametrize("level", LEVELS)
@given(
    dtype=st.sampled_from([np.float32, np.float64]),
    n_topics=st.sampled_from([1, 5, 17, 130]),
    n_tokens=st.integers(0, 300),
    seed=st.integers(0, 99),
    factor=st.sampled_from([1.0, 0.37]),
    prior=st.sampled_from([0.01, 1.0]),
    n_threads=st.sampled_from([1, 2, 4]),
)
def test_columns_equal_numpy(level, dtype, n_topics, n_tokens, seed, factor, prior, n_threads):
    rng = np.random.default_rng(seed)
    n_wt = padded(rng.gamma(0.5, 10.0, (n_tokens, n_topics)), dtype)
    tokens = rng.permutation(n_tokens)[: n_tokens // 2].astype(np.int32)
    total = factor * n_wt[:, :n_topics].sum(axis=0, dtype=float) + prior * n_tokens + 1
    scale = np.zeros(n_wt.shape[1], dtype=dtype)
    scale[:n_topics] = np.exp(-psi(total))
    phi = padded(np.full((n_tokens, n_topics), -1.0), dtype)
    expected = phi.copy()
    expected[tokens] = np.exp(psi(factor * n_wt[tokens].astype(float) + prior)) * scale
    scratch = np.empty((n_threads, 2 * n_wt.shape[1]), dtype=dtype)

    LEVELS[level].exp_dirichlet_columns(n_wt, tokens, factor, prior, scale, phi, scratch, n_threads)

    rtol = 1e-4 if dtype == np.float32 else 1e-7
    assert_allclose(phi, expected, rtol=rtol, atol=1e-18)

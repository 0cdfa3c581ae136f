import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm._kernels import half_step
from skartm.em import TokenIndex, padded, padded_width
from tests._kernels.batches import LEVELS, Case, cases, read_only
from tests.oracle import leave_out as oracle

SHARE = 0.35


def scratch(case, n_threads=1, capacity=None):
    width = padded_width(case.n_topics, case.dtype)
    capacity = int(np.diff(case.indptr).max(initial=1)) if capacity is None else capacity
    return np.zeros((n_threads, 11 * width + capacity * (width + 1)), dtype=case.dtype)


class Left:
    """What the kernels take beside a batch, and what they do with it."""

    def __init__(self, case, n_kinds=1, share_of_zeros=0.0, alpha=0.0):
        rng, n_tokens, n_topics = case.rng, case.phi.shape[0], case.n_topics
        self.case, self.alpha = case, case.dtype(alpha)
        self.kinds = read_only(rng.integers(0, n_kinds, n_tokens).astype(np.int32))
        self.occurrence = rng.choice([1.0, 0.5, 3.0], size=n_kinds)
        self.mass = rng.uniform(2, 20, (n_kinds, n_topics)).astype(case.dtype).astype(float)
        theta = rng.dirichlet(np.ones(n_topics), size=case.n_docs)
        theta[:, rng.random(n_topics) < share_of_zeros] = 0
        theta[:, 0] += 1e-3
        self.theta = (theta / theta.sum(axis=1, keepdims=True)).astype(case.dtype)
        masses = [x.sum() for _, x in case.rows]
        self.documents = np.column_stack([rng.choice([1.0, 0.25], size=case.n_docs), masses]).astype(case.dtype)
        self.documents[:, 1] += self.alpha * (self.theta > 0).sum(axis=1)

    @property
    def arrays(self):
        case, mass = self.case, self.mass
        prior = np.full((1, case.n_topics), self.alpha)
        return (
            case.padded(prior), self.kinds, self.occurrence.astype(case.dtype), case.padded(SHARE / mass),
            case.padded(mass / mass.sum(axis=1, keepdims=True)),
        )  # fmt: skip

    def run(self, *, n_passes=2, n_plain=1, tol=0.0, n_threads=1, capacity=None, kernel=half_step):
        """theta, what it was divided by, cells, totals, and the counts of words."""
        case = self.case
        theta, documents = padded(self.theta, case.dtype), self.documents.copy()
        cells, totals = np.full((case.nnz, 3), np.nan, dtype=case.dtype), np.full((case.n_docs, 3), np.nan)
        n_wt = padded(np.zeros(case.phi.shape), case.dtype)
        kernel.leave_out_documents(
            case.indptr, case.indices, case.x, case.padded(case.phi), self.arrays, (n_passes, n_plain, tol), documents,
            theta, cells, totals, scratch(case, n_threads, capacity), n_threads,
        )  # fmt: skip
        index = TokenIndex.of(case.indptr, case.indices, case.phi.shape[0])
        kernel.leave_out_words(
            index.tokens, index.starts, index.docs, index.order, cells, theta, case.padded(case.phi), self.arrays, n_wt,
            scratch(case, n_threads), n_threads,
        )  # fmt: skip
        assert not theta[:, case.n_topics :].any()
        assert not n_wt[:, case.n_topics :].any()
        return theta[:, : case.n_topics], documents[:, 1], cells, totals, n_wt[:, : case.n_topics]

    def expected(self, *, n_passes=2, n_plain=1, tol=0.0):
        """theta, what it was divided by, the totals and the counts of words, by the oracle."""
        case, excluded = self.case, oracle.excluded_of(self.mass, SHARE)
        theta, divisors, totals, n_wt = [], [], np.zeros((case.n_docs, 3)), np.zeros(case.phi.shape)
        for d, (tokens, counts) in enumerate(case.rows):
            entries, own = list(zip(tokens.tolist(), counts)), float(self.documents[d, 0])
            row, divisor = oracle.document(
                entries, case.phi, self.theta[d].astype(float), float(self.documents[d, 1]), own, mass=self.mass,
                kinds=self.kinds, occurrence=self.occurrence, share=SHARE, n_passes=n_passes, n_plain=n_plain,
                prior=[float(self.alpha)] * case.n_topics, tol=tol,
            )  # fmt: skip
            for w, x in entries:
                k = self.kinds[w]
                q, p, probability = oracle.topics_of(
                    case.phi[w], row, x, divisor, own, excluded[k], self.occurrence[k]
                )
                if p is None:
                    totals[d, 1] += x
                    continue
                if q is None:
                    of_word = case.phi[w] * self.mass[k] / self.mass[k].sum()
                    probability, q = of_word.sum(), of_word / of_word.sum()
                totals[d] += x * np.log(case.phi[w] @ row), 0, x * np.log(probability)
                n_wt[w] += x * np.array(q)
            theta.append(row)
            divisors.append(divisor)
        return np.array(theta).reshape(case.n_docs, case.n_topics), np.array(divisors), totals, n_wt


# rounding is magnified where little is left
TOLERANCE = {np.float32: {"rtol": 5e-3, "atol": 2e-4}, np.float64: {"rtol": 1e-7, "atol": 1e-10}}


@pytest.mark.parametrize("level", LEVELS)
@given(
    case=cases(max_docs=4, max_tokens=8),
    inner=st.sampled_from([(0, 0), (1, 0), (2, 1), (3, 0), (3, 3)]),
    n_kinds=st.integers(1, 3),
    zeros=st.sampled_from([0.0, 0.4, 0.9]),
    alpha=st.sampled_from([0.0, 0.1]),
    capacity=st.sampled_from([None, 1, 3]),
)
def test_equals_the_oracle(level, case, inner, n_kinds, zeros, alpha, capacity):
    left = Left(case, n_kinds, zeros, alpha)
    n_passes, n_plain = inner
    theta, divisors, _, totals, n_wt = left.run(
        n_passes=n_passes, n_plain=n_plain, capacity=capacity, kernel=LEVELS[level]
    )
    expected = left.expected(n_passes=n_passes, n_plain=n_plain)
    for actual, other in zip((theta, divisors, totals, n_wt), expected):
        assert_allclose(actual, other, **TOLERANCE[case.dtype])


@given(case=cases(max_docs=9), n_threads=st.sampled_from([2, 4]), zeros=st.sampled_from([0.0, 0.9]))
def test_threads_do_not_matter(case, n_threads, zeros):
    left = Left(case, 2, zeros, 0.1)
    for actual, expected in zip(left.run(n_threads=n_threads), left.run()):
        assert_array_equal(actual, expected)


@given(case=cases(), n_plain=st.integers(0, 2), zeros=st.sampled_from([0.0, 0.9]))
def test_passes_that_leave_nothing_out_are_those_of_map_documents(case, n_plain, zeros):
    left = Left(case, 1, zeros, 0.1)
    theta = left.run(n_passes=n_plain, n_plain=n_plain)[0]
    expected, ratio, totals = padded(left.theta, case.dtype), np.empty(case.nnz, case.dtype), np.empty((case.n_docs, 2))
    half_step.map_documents(
        case.indptr, case.indices, case.x, case.padded(case.phi), left.arrays[0], n_plain, 0.0, expected, ratio, totals,
        case.scratch(), 1,
    )  # fmt: skip
    assert_array_equal(theta, expected[:, : case.n_topics])


@given(case=cases())
def test_documents_that_stop_early_leave_their_tokens_out_all_the_same(case):
    left = Left(case, 1, 0.0, 0.1)
    for actual, expected in zip(left.run(n_passes=20, n_plain=19, tol=10.0), left.run(n_passes=2, n_plain=1)):
        assert_array_equal(actual, expected)


@given(case=cases(), zeros=st.sampled_from([0.0, 0.9]))
def test_counts_of_documents_are_those_of_an_inner_pass(case, zeros):
    left = Left(case, 2, zeros)
    theta, n_dt = padded(left.theta, case.dtype), padded(np.zeros(left.theta.shape), case.dtype)
    half_step.leave_out_counts(
        case.indptr, case.indices, case.x, case.padded(case.phi), left.arrays, left.documents, theta, n_dt,
        scratch(case), 1,
    )  # fmt: skip
    found, divisors, *_ = left.run(n_passes=1, n_plain=0)
    for d, (_, x) in enumerate(case.rows):
        if x.sum() > 0:
            assert_allclose(n_dt[d, : case.n_topics], found[d] * divisors[d], **TOLERANCE[case.dtype])
        else:
            assert not n_dt[d].any()


@given(case=cases(max_docs=8), n_kinds=st.integers(1, 2), zeros=st.sampled_from([0.0, 0.9]))
def test_every_token_with_a_probability_is_counted_once(case, n_kinds, zeros):
    case.phi[0] = 0
    *_, totals, n_wt = Left(case, n_kinds, zeros).run()
    mass = sum(float(x.sum()) for _, x in case.rows)
    assert_allclose(n_wt.sum(dtype=float), mass - totals[:, 1].sum(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_tokens", [0, 3])
def test_nothing_to_do(dtype, n_tokens):
    rng = np.random.default_rng(0)
    empty = np.zeros(0, dtype=np.int32)
    case = Case(np.zeros(3, dtype=np.int64), empty, empty.astype(dtype), np.full((n_tokens, 3), 0.1), 3, dtype, rng)
    left = Left(case)
    before = left.theta.copy()
    if n_tokens == 0:
        left.kinds = np.zeros(1, dtype=np.int32)
    assert_array_equal(left.run()[0], before)


@pytest.mark.parametrize("n_topics", [3, 130])
def test_long_documents_are_read_in_pieces(n_topics):
    rng = np.random.default_rng(n_topics)
    indptr = read_only(np.array([0, 200, 250], dtype=np.int64))
    indices = np.concatenate([np.arange(200), np.arange(50)]).astype(np.int32)
    x = rng.integers(1, 5, size=250).astype(float)
    phi = rng.dirichlet(np.ones(200), size=n_topics).T.copy()
    left = Left(Case(indptr, read_only(indices), read_only(x), phi, n_topics, np.float64, rng), 2, 0.0, 0.1)
    for capacity in (7, 64, 100):
        for actual, expected in zip(left.run(capacity=capacity), left.run()):
            assert_allclose(actual, expected, rtol=1e-9)

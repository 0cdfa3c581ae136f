"""Inner passes outside of the one kernel: equal to it where they should be, and to loops where it cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from skartm.em import (
    Batches,
    Bound,
    Documents,
    FreeMixture,
    Layout,
    PosteriorTerm,
    Shared,
    Strength,
    Terms,
    ThetaTerm,
    _inner,
    _mixture,
    padded,
)
from skartm.regularizers import (
    PosteriorFunction,
    SegmentPosterior,
    SmoothPosterior,
    SmoothSparseTheta,
    SparsePosterior,
    TopicSelection,
    bind_all,
)
from tests.em.corpora import corpus, decay_of, learn, seeds, start
from tests.oracle import plsa
from tests.oracle import posteriors as oracle


def text(seed, n_docs=16, n_tokens=30):
    """Token sequences with repetitions, an empty document, one of stored zeros and one of a single token."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 40, n_docs)
    lengths[[3, 5]] = 0, 1
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    data = rng.integers(1, 3, indptr[-1]).astype(float)
    data[indptr[7] : indptr[8]] = 0
    return csr_matrix((data, rng.integers(0, n_tokens, indptr[-1]), indptr), shape=(n_docs, n_tokens))


def layout(n_topics):
    return Layout(tuple(f"t{t}" for t in range(n_topics)), 30)


class Constant(ThetaTerm):
    """A constant that does not say so."""

    def __init__(self, alpha):
        self.alpha, self.topics = alpha, np.arange(alpha.size)

    def value(self, theta_dt, documents):
        return 0.0

    def add_term(self, theta_dt, n_dt, documents, inner_pass, out):
        out += self.alpha.astype(out.dtype)


class Identity(PosteriorTerm):
    def apply(self, p_it, tokens, counts):
        return p_it


def expectation(
    X, phi, *, terms=(), posterior=(), prior=None, dtype=np.float64, weights=None, ordered=False, **options
):
    options = {"n_passes": 6, "tol": 0.0, "n_threads": 1, **options}
    mixture = FreeMixture(phi.shape[1], prior=prior, **options)
    (batch,) = Batches(X.astype(dtype) if not ordered else X, 9999, dtype, weights, ordered=ordered)
    shared = Shared(padded(phi, dtype), phi.shape[1], Terms(theta=terms, posterior=posterior).at(0, None))
    result = mixture.expect(shared, batch)
    n_wt = np.zeros_like(shared.phi_wt)
    result.counts.add_to(n_wt, shared.phi_wt)
    return result.theta_dt[:, : phi.shape[1]], n_wt[:, : phi.shape[1]], result.totals


def assert_same(actual, expected, **tolerance):
    for one, other in zip(actual, expected, strict=True):
        assert_allclose(one, other, **{"rtol": 1e-10, "atol": 1e-12, **tolerance})


@given(seed=seeds, tol=st.sampled_from([0.0, 0.05]), sign=st.sampled_from([1, -1]))
def test_pass_by_pass_is_the_kernel(seed, tol, sign):
    X, phi = corpus(seed), start(seed, 30, 4)
    alpha = sign * np.array([0.3, 0.0, 0.1, 0.5])
    varying = [Bound("c", Constant(alpha), Strength(1.0))]
    assert_same(expectation(X, phi, terms=varying, tol=tol), expectation(X, phi, prior=alpha, tol=tol), rtol=1e-12)


@given(seed=seeds, tol=st.sampled_from([0.0, 0.05]), weighted=st.booleans())
def test_materialised_identity_is_the_kernel(seed, tol, weighted):
    X, phi = corpus(seed), start(seed, 30, 4)
    phi[2] = 0  # a token without probability
    weights = np.random.default_rng(seed).uniform(0, 2, 24) if weighted else None
    prior = np.array([0.2, 0.0, -0.4, 0.0])
    for tau in (1.0, 0.3, 2.5, -1.0):
        same = [Bound("i", Identity(), Strength(tau))]
        assert_same(
            expectation(X, phi, posterior=same, prior=prior, tol=tol, weights=weights),
            expectation(X, phi, prior=prior, tol=tol, weights=weights),
        )


def test_repeated_tokens_in_order_are_their_sums():
    X, phi = text(0), start(0, 30, 4)
    same = [Bound("i", Identity(), Strength(1.0))]
    ordered = expectation(X, phi, posterior=same, ordered=True)
    assert_same(ordered, expectation(X, phi))
    assert_same(ordered, expectation(X, phi, ordered=True))


FUNCTIONS = {
    "square": (
        [("f", PosteriorFunction(0.7, function=np.square))],
        [(0.7, lambda p, counts, tokens: [row**2 / max((row**2).sum(), 1e-300) for row in p])],
    ),
    "sparse": ([("s", SparsePosterior(top_k=2, threshold=0.2))], [(1.0, oracle.sparse(2, 0.2))]),
    "smooth": ([("s", SmoothPosterior(0.5, window=3))], [(0.5, oracle.smooth(3))]),
    "decay": (
        [("s", SmoothPosterior(1.0, window=None, decay=0.8, boundaries=[1, 2]))],
        [(1.0, oracle.smooth(None, 0.8, (1, 2)))],
    ),
    "segments": ([("s", SegmentPosterior(0.9, window=4, background=[0]))], [(0.9, oracle.segments(4, 0.2, (0,)))]),
    "sum": (
        [
            ("a", SmoothPosterior(0.4, window=2)),
            ("b", SparsePosterior(-0.3, top_k=1)),
            ("c", SparsePosterior(1.5, top_k=3)),
        ],
        [(0.4, oracle.smooth(2)), (-0.3, oracle.sparse(1)), (1.5, oracle.sparse(3))],
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("online", [False, True])
def test_learning_is_the_oracles(name, weighted, online, monkeypatch, global_random_seed):
    regularizers, functions = FUNCTIONS[name]
    X, phi = text(global_random_seed), start(global_random_seed, 30, 4)
    weights = np.random.default_rng(1).uniform(0.1, 2, 16) if weighted else np.ones(16)
    documents = plsa.documents_of(X)
    prior = np.array([0.05, 0.05, 0.0, 0.1])
    monkeypatch.setattr("tests.em.corpora.Batches", lambda *arguments: Batches(*arguments, ordered=True))
    smoothing = ("t", SmoothSparseTheta(0.05, distribution=[1.0, 1.0, 0.0, 2.0]))
    actual, _, _, passes = learn(
        X,
        phi,
        [*regularizers, smoothing],
        n_iter=3,
        n_passes=4,
        batch_size=5 if online else 2048,
        decay=decay_of() if online else None,
        weights=weights if weighted else None,
    )

    def e_step(documents, phi, *, n_passes, prior=None, weights=None):
        return oracle.e_step(documents, phi, n_passes=n_passes, functions=functions, weights=weights, prior=prior)

    monkeypatch.setattr(plsa, "e_step", e_step)
    if online:
        expected = plsa.online(
            documents, phi, n_iter=3, n_passes=4, batch_size=5, offset=3.0, power=0.7, prior=prior, weights=weights
        )
    else:
        expected, track = plsa.offline(documents, phi, n_iter=3, n_passes=4, prior=prior, weights=weights)
        assert_allclose([result.log_likelihood for result in passes], track, rtol=1e-9)
    assert_allclose(actual, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("tol", [0.0, 0.05])
def test_a_document_does_not_see_its_neighbours(name, dtype, tol, monkeypatch):
    X, phi = text(2), start(2, 30, 4)
    X.data = X.data.astype(dtype)  # X.astype would sort the rows
    terms = bind_all(FUNCTIONS[name][0], layout(4)).posterior
    arguments = {"posterior": terms, "dtype": dtype, "ordered": True, "tol": tol}
    theta, n_wt, totals = expectation(X, phi, **arguments)
    for d in range(16):
        alone = expectation(X[d : d + 1], phi, **arguments)
        assert_array_equal(alone[0][0], theta[d])
        assert_array_equal(alone[2][0], totals[d])
    for size in (1, 100, 10**7):
        monkeypatch.setattr(_inner, "_ENTRIES", size)
        again = expectation(X, phi, **arguments)
        assert_array_equal(again[0], theta)
        assert_array_equal(again[2], totals)
        assert_allclose(again[1], n_wt, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-12)
    assert_array_equal(expectation(X, phi, n_threads=3, **arguments)[0], theta)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_topics", [1, 4, 33])
def test_varying_terms_of_a_document_do_not_see_its_neighbours(dtype, n_topics, monkeypatch):
    X, phi = corpus(1), start(1, 30, n_topics)
    named = [("a", SmoothSparseTheta(0.1, power=2, passes=[0, 1])), ("b", TopicSelection(0.2))]
    arguments = {"terms": bind_all(named, layout(n_topics)).theta, "dtype": dtype, "tol": 0.01}
    theta, _, _ = expectation(X, phi, **arguments)
    for d in range(24):
        assert_array_equal(expectation(X[d : d + 1], phi, **arguments)[0][0], theta[d])
    monkeypatch.setattr(_mixture, "_TOGETHER", 3)
    assert_array_equal(expectation(X, phi, **arguments)[0], theta)
    assert_array_equal(expectation(X, phi, n_threads=3, **arguments)[0], theta)


def test_a_term_that_leaves_nothing_may_act_less_in_a_later_pass():
    X, phi = corpus(0), start(0, 30, 4)
    named = [("s", SmoothSparseTheta(-1e6, passes=[1, 0]))]
    terms = bind_all(named, layout(4)).theta
    assert_same(expectation(X, phi, terms=terms, n_passes=4), expectation(X, phi, n_passes=3))


def test_documents_know_their_places():
    documents = Documents(10, np.arange(5.0), np.arange(5.0) + 1)
    part = documents.part(1, 3)
    assert part.places == slice(11, 13)
    assert_array_equal(part.mass, [1, 2])
    assert_array_equal(part.sample_weight, [2, 3])
    assert Documents(0, np.ones(3)).part(0, 2).sample_weight is None


def test_terms_see_the_places_of_their_documents():
    X, phi = corpus(0), start(0, 30, 4)
    seen = []

    class Watching(Constant):
        def add_term(self, theta_dt, n_dt, documents, inner_pass, out):
            seen.append((documents.start, documents.n_docs, inner_pass))
            assert_allclose(documents.mass, X[documents.places].sum(axis=1).A1)

    terms = [Bound("w", Watching(np.zeros(4)), Strength(1.0))]
    for posterior in ([], [Bound("i", Identity(), Strength(1.0))]):
        acting = Terms(theta=terms, posterior=posterior).at(0, None)
        shared = Shared(padded(phi, np.float64), 4, acting)
        for batch in Batches(X, 10, np.float64):
            FreeMixture(4, n_passes=2, tol=0.0).expect(shared, batch)
        assert sorted(set(seen)) == [(s, n, i) for s, n in ((0, 10), (10, 10), (20, 4)) for i in (0, 1)]
        seen.clear()

"""Tokens left out of their own documents, against loops over documents and tokens."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, vstack

from skartm.em import (
    EM,
    Batches,
    Bound,
    Counters,
    Decay,
    FreeMixture,
    History,
    Layout,
    LeaveOneOut,
    MapPosterior,
    Modality,
    PosteriorTerm,
    Shared,
    State,
    StoredTheta,
    Strength,
    Terms,
    ThetaTerm,
    e_step,
    padded,
    passes,
    require_no_posterior,
)
from tests.em.corpora import corpus, seeds, start
from tests.oracle import leave_out as oracle
from tests.oracle import plsa

N_TOKENS, N_TOPICS = 30, 4
KINDS = (np.arange(N_TOKENS) % 3 == 0).astype(np.int32)


def masses(seed, n_kinds=1):
    return np.random.default_rng(seed).uniform(3, 30, (n_kinds, N_TOPICS))


def expectation(X, phi, mass, *, theta=None, weights=None, terms=(), kinds=None, occurrence=(1.0,), **options):
    """theta, n_wt, the log-likelihoods with the token and by the others, and what was found."""
    dtype, in_phi = options.pop("dtype", np.float64), options.pop("in_phi", True)
    kinds = np.zeros(X.shape[1], dtype=np.int32) if kinds is None else kinds
    leave_out = LeaveOneOut(kinds, np.array(occurrence))
    mixture = FreeMixture(phi.shape[1], leave_out=leave_out, **{"n_passes": 4, "tol": 0.0, **options})
    (batch,) = Batches(X.astype(dtype), 9999, dtype, weights)
    if theta is not None:
        batch = batch.carrying(padded(theta, dtype))
    shared = Shared(padded(phi, dtype), phi.shape[1], Terms(theta=terms).at(0, None), block_mass=mass, in_phi=in_phi)
    found = e_step(mixture, shared, batch)
    n_wt = np.zeros_like(shared.phi_wt)
    found.counts.add_to(n_wt, shared.phi_wt)
    theta = found.theta_dt[:, : phi.shape[1]]
    return theta, n_wt[:, : phi.shape[1]], found.sums.log_likelihood, found.sums.others_log_likelihood


def assert_same(actual, expected, rtol=1e-9):
    for one, other in zip(actual, expected, strict=True):
        assert_allclose(one, other, rtol=rtol, atol=1e-11)


@given(
    seed=seeds, kept=st.booleans(), weighted=st.booleans(), alpha=st.sampled_from([0.0, 0.1, -0.05]),
    scale=st.sampled_from([1.0, 0.25]), n_passes=st.integers(0, 4), tol=st.sampled_from([0.0, 0.05]),
    in_phi=st.booleans(),
)  # fmt: skip
def test_equals_the_oracle(seed, kept, weighted, alpha, scale, n_passes, tol, in_phi):
    """Counts may be below one, and weights below and above."""
    rng = np.random.default_rng(seed)
    X, phi, mass = corpus(seed) * scale, start(seed, N_TOKENS, N_TOPICS), masses(seed, 2)
    phi[2] = 0
    options = {"kinds": KINDS, "occurrence": (1.0, 0.4), "n_passes": n_passes, "tol": tol}
    options["weights"] = rng.uniform(0.2, 3, 24) if weighted else None
    theta = rng.dirichlet(np.full(N_TOPICS, 0.5), size=24) if kept else None
    if kept:
        theta[::2, rng.integers(N_TOPICS)] = 0
        theta /= theta.sum(axis=1, keepdims=True)
    prior = np.full(N_TOPICS, alpha)
    share = 0.35 if in_phi else 0.0
    expected = oracle.e_step(plsa.documents_of(X), phi, mass=mass, thetas=theta, prior=prior, share=share, **options)
    assert_same(expectation(X, phi, mass, theta=theta, prior=prior, in_phi=in_phi, **options), expected)


@given(seed=seeds, pieces=st.sampled_from([[1], [1, 1], [2, 1], [1, 1, 1]]), alpha=st.sampled_from([0.0, 0.1]))
def test_short_documents_are_counted_whole(seed, pieces, alpha):
    """Documents of one to three tokens, where often no topic is left; one word is in no other document."""
    rng, phi, mass = np.random.default_rng(seed), start(seed, N_TOKENS, N_TOPICS), masses(seed)
    phi[rng.random(phi.shape) < 0.6] = 0
    phi[~phi.any(axis=1), 0] = 0.1
    rows = [rng.choice(N_TOKENS - 1, size=len(pieces), replace=False) for _ in range(12)]
    X = np.zeros((13, N_TOKENS))
    for d, words in enumerate(rows):
        X[d, words] = pieces
    X[12, -1] = 1
    X, prior = csr_matrix(X), np.full(N_TOPICS, alpha)
    found = expectation(X, phi, mass, prior=prior)
    assert_same(found, oracle.e_step(plsa.documents_of(X), phi, mass=mass, n_passes=4, prior=prior))
    assert_allclose(found[1].sum(axis=1), np.asarray(X.sum(axis=0)).ravel(), rtol=1e-12)


def test_a_document_of_one_token_leaves_phi_as_it_is():
    phi, mass = start(0, N_TOKENS, N_TOPICS), masses(0)
    X = csr_matrix((np.ones(1), ([0], [7])), shape=(1, N_TOKENS))
    theta, n_wt, log_likelihood, by_others = expectation(X, phi, mass)
    assert_allclose(n_wt[7], phi[7] * mass[0] / (phi[7] @ mass[0]), rtol=1e-12)
    assert_allclose(by_others, np.log(phi[7] @ mass[0] / mass.sum()), rtol=1e-12)
    assert log_likelihood > by_others
    assert_allclose(theta, [plsa.theta_of([(7, 1.0)], phi, 4)], rtol=1e-12)


@given(seed=seeds, copies=st.sampled_from([2.0, 3.0]))
def test_a_weight_is_copies_of_the_document(seed, copies):
    X, phi, mass = corpus(seed), start(seed, N_TOKENS, N_TOPICS), masses(seed)
    weights = np.ones(24)
    weights[::3] = copies
    repeated = vstack([X] + [X[::3]] * int(copies - 1)).tocsr()
    theta, *sums = expectation(X, phi, mass, weights=weights)
    expected, *others = expectation(repeated, phi, mass)
    assert_array_equal(theta, expected[:24])
    assert_same(sums, others, rtol=1e-12)


def test_weights_below_one_are_a_scale():
    """All documents with the weight .01, and a phi of so much less mass: the same topics."""
    X, phi, mass = corpus(1), start(1, N_TOKENS, N_TOPICS), masses(1)
    theta, n_wt, *_ = expectation(X, phi, mass)
    scaled = expectation(X, phi, mass / 100, weights=np.full(24, 0.01))
    assert_allclose(scaled[0], theta, rtol=1e-10)
    assert_allclose(scaled[1], n_wt / 100, rtol=1e-10)


@pytest.mark.parametrize("mass", [None, np.zeros((1, N_TOPICS))])
def test_a_phi_that_no_counts_made_leaves_nothing_out(mass):
    X, phi = corpus(2), start(2, N_TOKENS, N_TOPICS)
    (batch,) = Batches(X, 99, np.float64)
    shared = Shared(padded(phi, np.float64), N_TOPICS, block_mass=mass)
    plain = FreeMixture(N_TOPICS, n_passes=4, tol=0.0)
    leaving = FreeMixture(N_TOPICS, n_passes=4, tol=0.0, leave_out=LeaveOneOut(0 * KINDS, np.ones(1)))
    found, expected = leaving.expect(shared, batch), plain.expect(shared, batch)
    assert_array_equal(found.theta_dt, expected.theta_dt)
    assert_array_equal(found.totals, expected.totals[:, [0, 1, 0]])
    assert_array_equal(found.counts.values, expected.counts.values)


class Constant(ThetaTerm):
    """A constant that does not say so."""

    def __init__(self, alpha):
        self.alpha, self.topics = alpha, np.arange(alpha.size)

    def value(self, theta_dt, documents):
        return 0.0

    def add_term(self, theta_dt, n_dt, documents, inner_pass, out):
        out += self.alpha.astype(out.dtype)


@given(seed=seeds, tol=st.sampled_from([0.0, 0.05]), kept=st.booleans(), n_passes=st.integers(1, 4))
def test_terms_that_vary_are_as_the_kernel(seed, tol, kept, n_passes):
    """Where theta was divided by the prior from the beginning, which a term that varies cannot know."""
    X, phi, mass = corpus(seed), start(seed, N_TOKENS, N_TOPICS), masses(seed)
    alpha = np.array([0.3, 0.0, 0.1, 0.5])
    theta = np.random.default_rng(seed).dirichlet(np.ones(N_TOPICS), size=24) if kept else None
    if n_passes == 1 and kept:
        n_passes = 2  # after one pass without leaving out both know the sum
    options = {"tol": tol, "theta": theta, "n_passes": n_passes}
    varying = [Bound("c", Constant(alpha), Strength(1.0))]
    found = expectation(X, phi, mass, terms=varying, together=7, **options)
    expected = expectation(X, phi, mass, prior=alpha, **options)
    filled = np.flatnonzero(np.asarray(X.sum(axis=1)).ravel())
    assert_same((found[0][filled], *found[1:]), (expected[0][filled], *expected[1:]), rtol=1e-10)


def found_in_batches(X, phi, mass, size, weights=None, n_threads=1, pickled=False):
    mixture = FreeMixture(
        N_TOPICS, n_passes=3, tol=0.0, n_threads=n_threads, leave_out=LeaveOneOut(KINDS, np.array([1.0, 0.4]))
    )
    shared, n_wt, sums = Shared(padded(phi, np.float32), N_TOPICS, block_mass=mass, scale=1.7), 0, []
    n_wt = np.zeros_like(shared.phi_wt)
    for batch in Batches(X.astype(np.float32), size, np.float32, weights):
        seen = e_step(mixture, shared, batch)
        counts = pickle.loads(pickle.dumps(seen.counts)) if pickled else seen.counts
        counts.add_to(n_wt, shared.phi_wt, n_threads)
        sums.append(seen.sums)
    return n_wt, sums


def test_batches_threads_and_pickles(global_random_seed):
    X, phi, mass = corpus(global_random_seed), start(global_random_seed, N_TOKENS, N_TOPICS), masses(0, 2)
    weights = np.random.default_rng(global_random_seed).uniform(0.5, 2, 24)
    n_wt, (whole,) = found_in_batches(X, phi, mass, 99, weights)
    assert_allclose(n_wt.sum(dtype=float), 1.7 * (X.T @ weights).sum(), rtol=1e-5)  # the scale is 1.7
    for size in (1, 7):
        other, sums = found_in_batches(X, phi, mass, size, weights)
        assert_allclose(other, n_wt, rtol=1e-4, atol=1e-5)
        assert_allclose(sum(part.others_log_likelihood for part in sums), whole.others_log_likelihood, rtol=1e-5)
        assert_allclose(sum(part.others_mass for part in sums), whole.mass, rtol=1e-6)
        assert_array_equal(found_in_batches(X, phi, mass, size, weights, pickled=True)[0], other)
        assert_array_equal(found_in_batches(X, phi, mass, size, weights, n_threads=3)[0], other)


def learned(X, phi, *, n_iter=4, kept=False, decay=None, batch_size=99):
    """The engine's phi, its passes and its state."""
    mixture = FreeMixture(N_TOPICS, n_passes=3, tol=0.0, leave_out=LeaveOneOut(0 * KINDS, np.ones(1)))
    stored = StoredTheta.uniform(X.shape[0], N_TOPICS, np.float64) if kept else None
    engine = EM(mixture, MapPosterior(N_TOPICS, n_threads=1), N_TOPICS, n_threads=1, kept=stored)
    batches = Batches(X, batch_size, np.float64)
    counters = Counters(padded(phi * X.sum() / N_TOPICS, np.float64), clipped=True, n_threads=1)
    state = State(padded(phi, np.float64), counters, batches.n_samples)
    found = list(passes(engine, batches, state, max_iter=n_iter, decay=decay))
    return state.phi_wt[:, :N_TOPICS], found, state


@given(seed=seeds, kept=st.booleans())
def test_a_fit_equals_the_oracle(seed, kept):
    X, phi = corpus(seed), start(seed, N_TOKENS, N_TOPICS)
    found, results, _ = learned(X, phi, kept=kept)
    documents, thetas, mass = plsa.documents_of(X), None, None
    for number in range(4):
        if number == 0:
            theta, n_wt, _ = plsa.e_step(documents, phi, n_passes=3)
        else:
            theta, n_wt, _, by_others = oracle.e_step(documents, phi, mass=mass, n_passes=3, thetas=thetas)
        phi, mass, thetas = plsa.m_step(phi, n_wt), n_wt.sum(axis=0, keepdims=True), theta if kept else None
    assert_allclose(found, phi, rtol=1e-6, atol=1e-9)
    assert_allclose(results[-1].others_log_likelihood, by_others, rtol=1e-6)
    assert results[0].others_log_likelihood == results[0].log_likelihood


def test_online_the_first_batch_is_without():
    X, phi = corpus(3), start(3, N_TOKENS, N_TOPICS)
    for size, same in ((24, True), (7, False)):
        _, (first, second), _ = learned(X, phi, decay=Decay(3.0, 0.7), batch_size=size, n_iter=2)
        assert (first.others_log_likelihood == first.log_likelihood) == same
        assert second.others_log_likelihood < second.log_likelihood
        assert_allclose([first.others_mass, second.others_mass], X.sum())


@pytest.mark.parametrize("decay", [None, Decay(3.0, 0.7)])
def test_only_offline_documents_are_in_phi(decay, monkeypatch):
    seen, expect = [], FreeMixture.expect
    monkeypatch.setattr(FreeMixture, "expect", lambda *given: seen.append(given[1].in_phi) or expect(*given))
    learned(corpus(3), start(3, N_TOKENS, N_TOPICS), decay=decay, n_iter=3)
    assert seen == [decay is None] * 3


def test_history_has_the_perplexity_by_the_others():
    X = corpus(4)
    _, results, state = learned(X, start(4, N_TOKENS, N_TOPICS))
    history = History()
    for result in results:
        history = history.recorded(result, state.phi_wt, N_TOPICS, np.ones(N_TOPICS), {}, {})
    track = history["left_out_perplexity"]
    assert track[0] == history["perplexity"][0]
    assert_allclose(track[1:], [np.exp(-result.others_log_likelihood / X.sum()) for result in results[1:]])
    assert track[-1] > history["perplexity"][-1]
    assert_allclose(history.change("left_out_perplexity", relative=True), abs(np.log(track[-1] / track[-2])))
    assert History({"left_out_perplexity": track[:1]}).change("left_out_perplexity", relative=True) == np.inf


def test_modalities_of_a_layout():
    tokens = [np.arange(0, 30, 2, dtype=np.int32), np.arange(1, 30, 2, dtype=np.int32)]
    layout = Layout(("a", "b"), 30, tuple(Modality(n, t, w) for n, t, w in zip("xy", tokens, (1.0, 0.5))))
    leave_out = LeaveOneOut.of(layout)
    assert_array_equal(leave_out.kinds, np.arange(30) % 2)
    assert_array_equal(leave_out.occurrence, [1.0, 0.5])
    assert_array_equal(LeaveOneOut.of(Layout(("a", "b"), 30)).kinds, np.zeros(30))


def test_terms_of_the_posterior_are_refused():
    off, on = (Bound(name, PosteriorTerm(), Strength(tau)) for name, tau in (("off", 0.0), ("on", 0.5)))
    require_no_posterior([off], "Model")
    with pytest.raises(ValueError, match=r"Model: leave_one_out=True must be without .* Got \['on'\]; leave them out"):
        require_no_posterior([off, on], "Model")

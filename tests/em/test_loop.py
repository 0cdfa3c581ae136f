"""The engine against loops over documents and tokens, from the same start."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.em.corpora import corpus, decay_of, learn, seeds, start
from tests.oracle import plsa as oracle
from tests.oracle import regularizers as formulas

N_TOPICS, N_TOKENS = 5, 30
BETA = np.linspace(0, 2, N_TOKENS)
EVERY = range(N_TOPICS)


def phi_term(formula, tau, relative=None, topics=EVERY, **arguments):
    return {
        "response": lambda phi: formula(phi, topics, **arguments)[1],
        "tau": tau,
        "relative": relative,
        "topics": list(topics),
    }


def prior(tau, topics=EVERY, distribution=None):
    return tau * formulas.smooth_sparse_theta(np.ones((1, N_TOPICS)), list(topics), distribution)[1][0]


# name: (regularizers, terms of the oracle, prior of the oracle)
MODELS = {"plsa": ([], [], None)}
for relative in (None, 0.0, 0.4, 1.0):
    absolute = relative is None
    for sign in (1, -1):
        tau = sign * (0.3 if absolute else 0.05)
        MODELS[f"phi {tau:+} {relative}"] = (
            [("s", SmoothSparsePhi(tau, relative=relative))], [phi_term(formulas.smooth_sparse, tau, relative)], None,
        )  # fmt: skip
        MODELS[f"phi some {tau:+} {relative}"] = (
            [("s", SmoothSparsePhi(tau, relative=relative, topics=[1, 4], distribution=BETA))],
            [phi_term(formulas.smooth_sparse, tau, relative, [1, 4], distribution=BETA)],
            None,
        )
    tau = 60.0 if absolute else 0.1
    MODELS[f"decorrelation {relative}"] = (
        [("d", Decorrelation(tau, relative=relative))], [phi_term(formulas.decorrelation, tau, relative)], None,
    )  # fmt: skip
    MODELS[f"decorrelation some {relative}"] = (
        [("d", Decorrelation(tau, relative=relative, topics=["t0", "t1", "t3"]))],
        [phi_term(formulas.decorrelation, tau, relative, [0, 1, 3])],
        None,
    )
for tau in (0.5, -0.1):
    MODELS[f"theta {tau:+}"] = ([("t", SmoothSparseTheta(tau))], [], prior(tau))
    MODELS[f"theta some {tau:+}"] = (
        [("t", SmoothSparseTheta(tau, topics=slice(2), distribution=[1.0, 2.0]))], [], prior(tau, range(2), [1.0, 2.0]),
    )  # fmt: skip
MODELS["sum"] = (
    [
        ("d", Decorrelation(0.05, relative=0.0, topics=slice(4))),
        ("t", SmoothSparseTheta(-0.05, topics=slice(4))),
        ("background", SmoothSparsePhi(0.5, topics=[4])),
        ("sparse", SmoothSparsePhi(-0.02, topics=slice(4), relative=0.2)),
        ("off", SmoothSparsePhi(0.0)),
    ],
    [
        phi_term(formulas.decorrelation, 0.05, 0.0, range(4)),
        phi_term(formulas.smooth_sparse, 0.5, None, [4]),
        phi_term(formulas.smooth_sparse, -0.02, 0.2, range(4)),
    ],
    prior(-0.05, range(4)),
)

models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def assert_close(actual, expected, dtype):
    if dtype == np.float64:
        assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)
    else:
        assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@models
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_offline_equals_loops(model, dtype, global_random_seed):
    regularizers, terms, prior = model
    X = corpus(global_random_seed)
    documents, init = oracle.documents_of(X), start(global_random_seed, N_TOKENS, N_TOPICS)
    expected, track = oracle.offline(documents, init, n_iter=10, n_passes=4, terms=terms, prior=prior)
    expected_theta, _, _ = oracle.e_step(documents, expected, n_passes=4, prior=prior)

    phi, theta, _, results = learn(X, init, regularizers, n_iter=10, n_passes=4, dtype=dtype)

    assert_close(phi, expected, dtype)
    assert_close(theta, expected_theta, dtype)
    assert_allclose([result.log_likelihood for result in results], track, rtol=1e-10 if dtype == np.float64 else 1e-4)


@models
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_online_equals_loops(model, dtype, global_random_seed):
    regularizers, terms, prior = model
    X, init = corpus(global_random_seed), start(global_random_seed, N_TOKENS, N_TOPICS)
    expected = oracle.online(
        oracle.documents_of(X),
        init,
        n_iter=3,
        n_passes=4,
        batch_size=7,
        offset=3.0,
        power=0.7,
        terms=terms,
        prior=prior,
    )
    phi, _, _, _ = learn(X, init, regularizers, n_iter=3, n_passes=4, dtype=dtype, batch_size=7, decay=decay_of())
    assert_close(phi, expected, dtype)


@pytest.mark.parametrize("name", ["plsa", "sum"])
@pytest.mark.parametrize("total_samples", [None, 500.0])
def test_online_with_weights_equals_loops(name, total_samples, global_random_seed):
    regularizers, terms, prior = MODELS[name]
    X, init = corpus(global_random_seed), start(global_random_seed, N_TOKENS, N_TOPICS)
    weights = np.random.default_rng(global_random_seed).uniform(0, 3, X.shape[0])
    weights[7:14] = 0  # a whole batch
    expected = oracle.online(
        oracle.documents_of(X), init, n_iter=2, n_passes=4, batch_size=7, offset=3.0, power=0.7, terms=terms,
        prior=prior, weights=list(weights), total_samples=total_samples,
    )  # fmt: skip
    decay = decay_of(total_samples=total_samples)
    phi, _, _, _ = learn(X, init, regularizers, n_iter=2, n_passes=4, batch_size=7, decay=decay, weights=weights)
    assert_allclose(phi, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["plsa", "sum"])
def test_weights_equal_loops_and_repeated_documents(name, global_random_seed):
    regularizers, terms, prior = MODELS[name]
    X, init = corpus(global_random_seed), start(global_random_seed, N_TOKENS, N_TOPICS)
    weights = np.random.default_rng(global_random_seed).integers(0, 4, X.shape[0])
    expected, _ = oracle.offline(
        oracle.documents_of(X), init, n_iter=5, n_passes=4, terms=terms, prior=prior, weights=weights.astype(float)
    )
    weighted, _, _, _ = learn(X, init, regularizers, n_iter=5, n_passes=4, weights=weights.astype(float))
    repeated, _, _, _ = learn(X[np.repeat(np.arange(24), weights)], init, regularizers, n_iter=5, n_passes=4)
    assert_allclose(weighted, expected, rtol=1e-10, atol=1e-13)
    assert_allclose(repeated, expected, rtol=1e-10, atol=1e-13)


@given(seed=seeds, n_passes=st.integers(1, 5), n_topics=st.integers(1, 6))
@settings(max_examples=30)
def test_likelihood_of_plsa_never_falls(seed, n_passes, n_topics):
    """Any number of inner passes ascends, but only if theta goes on where it was; one topic has nothing to choose."""
    from skartm.em import EM, Batches, Counters, FreeMixture, MapPosterior, State, StoredTheta, padded, passes

    X = corpus(seed)
    phi = start(seed, N_TOKENS, n_topics)
    kept = StoredTheta.uniform(X.shape[0], n_topics, np.float64)
    mixture = FreeMixture(n_topics, n_passes=n_passes, tol=0.0)
    engine = EM(mixture, MapPosterior(n_topics, n_threads=1), n_topics, n_threads=1, kept=kept)
    state = State(padded(phi, np.float64), Counters(padded(phi, np.float64), clipped=True, n_threads=1))
    batches = Batches(X, 5, np.float64)
    track = [result.log_likelihood for result in passes(engine, batches, state, max_iter=15, decay=None)]
    assert (np.diff(track) >= -1e-9 * abs(track[0])).all()


@given(seed=seeds, batch_size=st.integers(1, 30), n_threads=st.sampled_from([1, 2, 4]))
@settings(max_examples=30)
def test_mass_is_conserved(seed, batch_size, n_threads):
    X = corpus(seed)
    init = start(seed, N_TOKENS, N_TOPICS)
    phi, theta, state, results = learn(X, init, n_iter=3, n_passes=3, batch_size=batch_size, n_threads=n_threads)
    assert state.counters.sums.sum() == pytest.approx(X.sum())
    assert_allclose(state.counters.fold().sum(axis=1), np.asarray(X.sum(axis=0)).ravel(), rtol=1e-9)
    assert_allclose(phi.sum(axis=0), 1)
    assert_allclose(theta.sum(axis=1), 1)
    assert (phi >= 0).all()
    assert results[-1].mass == X.sum()
    assert results[-1].left_out == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["plsa", "sum"])
def test_batch_size_does_not_matter_offline(name, dtype):
    X, init = corpus(0), start(0, N_TOKENS, N_TOPICS)
    expected, _, _, _ = learn(X, init, MODELS[name][0], n_iter=5, dtype=dtype)
    for batch_size in (1, 7, 23):
        phi, _, _, _ = learn(X, init, MODELS[name][0], n_iter=5, dtype=dtype, batch_size=batch_size)
        assert_close(phi, expected, dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["plsa", "sum"])
@pytest.mark.parametrize("decay", [None, decay_of()], ids=["offline", "online"])
def test_threads_do_not_matter(name, dtype, decay):
    X, init = corpus(0, n_docs=200), start(0, N_TOKENS, N_TOPICS)
    arguments = {"n_iter": 3, "dtype": dtype, "batch_size": 60, "decay": decay}
    one = learn(X, init, MODELS[name][0], n_threads=1, **arguments)
    for n_threads in (2, 4):
        more = learn(X, init, MODELS[name][0], n_threads=n_threads, **arguments)
        assert_array_equal(more[0], one[0])
        assert_array_equal(more[1], one[1])


def test_token_order_does_not_matter():
    from scipy.sparse import csr_matrix

    counts = corpus(0)
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.repeat(np.arange(N_TOKENS), row.astype(int))) for row in counts.toarray()]
    indptr = np.cumsum([0] + [row.size for row in rows])
    text = csr_matrix((np.ones(indptr[-1]), np.concatenate(rows), indptr), shape=counts.shape)
    init = start(0, N_TOKENS, N_TOPICS)
    assert_array_equal(learn(text, init, n_iter=3)[0], learn(counts, init, n_iter=3)[0])

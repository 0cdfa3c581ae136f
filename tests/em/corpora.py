"""Small corpora, and the engine on them."""

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from skartm.em import EM, Batches, Counters, Decay, FreeMixture, Layout, MapPosterior, State, padded, passes
from skartm.regularizers import bind_all


def corpus(seed, n_docs=24, n_tokens=30, density=0.35):
    """Counts with an empty document and a token that never occurs."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 6, (n_docs, n_tokens)) * (rng.random((n_docs, n_tokens)) < density)
    counts[n_docs // 2] = 0
    counts[:, n_tokens // 3] = 0
    return csr_matrix(counts.astype(np.float64))


def start(seed, n_tokens, n_topics):
    """Topics to begin with, (n_tokens, n_topics)."""
    return np.random.default_rng(seed + 1).dirichlet(np.full(n_tokens, 1.0), size=n_topics).T.copy()


def learn(
    X,
    phi,
    regularizers=(),
    *,
    n_iter,
    n_passes=10,
    dtype=np.float64,
    batch_size=2048,
    decay=None,
    weights=None,
    n_threads=1,
):
    """phi and theta after ``n_iter`` passes of the engine, its state and the passes."""
    n_tokens, n_topics = phi.shape
    layout = Layout(tuple(f"t{t}" for t in range(n_topics)), n_tokens)
    terms = bind_all(regularizers, layout)
    mixture = FreeMixture(n_topics, n_passes=n_passes, tol=0.0, n_threads=n_threads)
    posterior = MapPosterior(n_topics, terms.phi, n_threads=n_threads)
    engine = EM(mixture, posterior, n_topics, n_threads=n_threads, terms=terms)
    batches = Batches(X, batch_size, dtype, weights)
    mass = sum(batch.mass() for batch in batches)
    counters = Counters(padded(phi * mass / n_topics, dtype), clipped=True, n_threads=n_threads)
    state = State(padded(phi, dtype), counters, batches.n_samples)
    results = list(passes(engine, batches, state, max_iter=n_iter, decay=decay))
    (everything,) = Batches(X, X.shape[0], dtype)
    shared = engine.shared(state.phi_wt, engine.acting(n_iter - 1, n_iter))
    theta = mixture.expect(shared, everything).theta_dt[:, :n_topics]
    return state.phi_wt[:, :n_topics], theta, state, results


def decay_of(offset=3.0, power=0.7, total_samples=None):
    return Decay(offset, power, total_samples)


seeds = st.integers(0, 2**20)

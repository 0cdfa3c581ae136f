"""ParentTopics: given topics as mixtures of those of the model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csr_matrix

from skartm import ARTMTransformer
from skartm.em import Layout
from skartm.regularizers import Linear, ParentTopics, Window
from tests.em.corpora import corpus, start
from tests.oracle import hierarchy as oracle

COUNTS = np.random.default_rng(4).integers(0, 5, (4, 30)) * np.array([[1], [2], [0], [1]])
LAYOUT = Layout(("a", "b", "c", "d", "e"), 30)


def term(**parameters):
    return ParentTopics(COUNTS, **{"doc_tol": 0.0, **parameters}).bind(LAYOUT)


@pytest.fixture
def phi():
    return start(0, 30, 5)


@pytest.mark.parametrize("sparsity", [-1.0, 0.0, 0.4, 0.95])
@pytest.mark.parametrize("topics", [None, [0, 2, 3]])
def test_psi_value_and_term(topics, sparsity, phi):
    parents = oracle.as_documents(COUNTS.T)
    chosen = list(range(5)) if topics is None else topics
    learner = term(topics=topics, sparsity=sparsity, max_doc_iter=7)
    learner.learn(phi, phi)
    psi = oracle.psi_of(parents, phi[:, chosen], n_passes=7, sparsity=sparsity)
    assert_allclose(learner.learned["psi"], psi, rtol=1e-9, atol=1e-14)
    assert_allclose(learner.value(phi, phi), oracle.value(parents, psi, phi[:, chosen]), rtol=1e-9)
    out = np.zeros_like(phi)
    learner.add_term(phi, phi, out)
    assert_allclose(out[:, chosen], oracle.counts(parents, psi, phi[:, chosen]), rtol=1e-9, atol=1e-12)
    assert_allclose(out.sum(), COUNTS.sum())  # every token of a parent is explained


@given(
    seed=st.integers(0, 2**20),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 12), st.integers(1, 20)),
    density=st.floats(0, 1),
    sparsity=st.sampled_from([0.0, 0.5, -0.3]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_shape(seed, shape, density, sparsity, dtype):
    n_parents, n_tokens, n_topics = shape
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 9, (n_parents, n_tokens)) * (rng.random((n_parents, n_tokens)) < density)
    phi = rng.dirichlet(np.ones(n_tokens), n_topics).T * (rng.random((n_tokens, n_topics)) < 0.7)
    phi = np.ascontiguousarray(phi, dtype=dtype)
    layout = Layout(tuple(f"t{t}" for t in range(n_topics)), n_tokens)
    learner = ParentTopics(counts, sparsity=sparsity, max_doc_iter=2, doc_tol=0.0).bind(layout)
    learner.learn(phi, phi)
    parents = oracle.as_documents(counts.T)
    psi = oracle.psi_of(parents, phi.astype(float), n_passes=2, sparsity=sparsity)
    if sparsity == 0 or dtype == np.float64:  # rounding decides at the threshold
        assert_allclose(learner.learned["psi"], psi, rtol=1e-4 if dtype == np.float32 else 1e-8, atol=1e-6)
    out = np.zeros_like(phi)
    learner.add_term(phi, phi, out)
    assert out.dtype == dtype
    assert np.isfinite(out).all()
    assert (out >= 0).all()
    assert np.isfinite(learner.value(phi, phi))


@pytest.mark.parametrize("sparsity", [0.3, 0.9])
def test_the_step_of_sparsity_is_that_of_its_regularizer(sparsity, phi):
    """(n + tau (n - n_s / T)) / (1 + tau) with tau = kappa / (1 - kappa), and the term is psi dR/dpsi."""
    parents, tau = oracle.as_documents(COUNTS.T), sparsity / (1 - sparsity)
    psi = oracle.psi_of(parents, phi, n_passes=3)
    mass = COUNTS.sum(axis=1)
    living, n_s = mass > 0, mass @ psi

    def regularizer(psi):
        joint = psi * mass[:, None]
        return -np.sum(n_s / 3 * np.log(joint[living] / joint.sum(axis=0)))

    for t, s in ((0, 1), (1, 4), (3, 0)):
        step = 1e-6 * psi[t, s]
        up, down = psi.copy(), psi.copy()
        up[t, s] += step
        down[t, s] -= step
        slope = psi[t, s] * (regularizer(up) - regularizer(down)) / (2 * step)
        n_st = mass[t] * psi[t, s]
        assert_allclose(slope, n_st - n_s[s] / 3, rtol=1e-5, atol=1e-6)
        assert_allclose((n_st + tau * slope) / (1 + tau), n_st - sparsity * n_s[s] / 3, rtol=1e-5, atol=1e-6)


def test_no_topic_loses_all_parents(phi):
    for sparsity in (0.9, 0.999):
        psi = term(sparsity=sparsity, max_doc_iter=50).psi(phi)
        assert (psi[[0, 1, 3]].max(axis=0) > 0).all()
        assert_allclose(psi.sum(axis=1), 1)


def test_many_parents_are_seen_at_once():
    counts = np.random.default_rng(0).integers(0, 4, (300, 30))
    learner = ParentTopics(counts, sparsity=0.5, max_doc_iter=2, doc_tol=0.0).bind(LAYOUT)
    phi = start(1, 30, 5)
    expected = oracle.psi_of(oracle.as_documents(counts.T), phi, n_passes=2, sparsity=0.5)
    assert_allclose(learner.psi(phi), expected, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("kind", [csr_matrix, coo_array, np.asfortranarray, lambda x: x.tolist()])
def test_kinds_of_counts(kind, phi):
    assert_array_equal(ParentTopics(kind(COUNTS), doc_tol=0.0).bind(LAYOUT).psi(phi), term().psi(phi))


def test_threads_bit_for_bit():
    X, phi = np.random.default_rng(0).poisson(1.0, (200, 1000)), start(0, 1000, 60)
    layout = Layout(tuple(f"t{t}" for t in range(60)), 1000)
    results = []
    for n_jobs in (1, 3):
        learner, out = ParentTopics(X, n_jobs=n_jobs).bind(layout), np.zeros_like(phi)
        learner.learn(phi, phi)
        learner.add_term(phi, phi, out)
        results.append((learner.learned["psi"], out))
    assert_array_equal(results[0][0], results[1][0])
    assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("tau", [Linear(0.0, 1.0), Window(1.0, begin=3), 0.5])
@pytest.mark.parametrize("method", ["batch", "online"])
def test_in_a_model(tau, method):
    X = corpus(0)
    options = {"learning_method": method, "batch_size": 8, "max_iter": 8, "tol": 0, "random_state": 0, "n_jobs": 1}
    tie = ParentTopics(COUNTS, tau, modality="words")
    modalities = {"words": slice(20), "tags": slice(20, 30)}
    model = ARTMTransformer(5, regularizers=[("tie", tie)], modalities=modalities, **options).fit(X)
    assert model.learned_["tie"]["psi"].shape == (4, 5)
    assert_allclose(model.components_[:, :20].sum(axis=1), 1, rtol=1e-5)
    free = ARTMTransformer(5, regularizers=[("tie", None)], modalities=modalities, **options).fit(X)
    assert not np.array_equal(model.components_[:, :20], free.components_[:, :20])


def test_relative_strength():
    X = corpus(0)
    model = ARTMTransformer(
        4, regularizers=[("tie", ParentTopics(COUNTS, 0.5, relative=0.0))], max_iter=5, tol=0, random_state=0, n_jobs=1
    ).fit(X)
    assert_allclose(model.topic_mass_.sum(), 1.5 * X.sum(), rtol=1e-4)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"counts": None}, ValueError, r"must be numbers of shape \(n_parents, 30\)"),
        ({"counts": COUNTS[:, :5]}, ValueError, r"Got shape \(4, 5\)"),
        ({"counts": COUNTS[:0]}, ValueError, r"Got shape \(0, 30\)"),
        ({"counts": COUNTS.astype(str)}, ValueError, "must be numbers"),
        ({"counts": -COUNTS}, ValueError, "must be finite and non-negative. Got entries from -"),
        ({"counts": np.full((2, 30), np.nan)}, ValueError, "must be finite and non-negative"),
        ({"sparsity": 1}, ValueError, "'sparsity' parameter of ParentTopics must be a finite number below 1. Got 1"),
        ({"sparsity": "1"}, ValueError, "'sparsity' parameter of ParentTopics"),
        ({"doc_tol": -1}, ValueError, "'doc_tol' parameter of ParentTopics must be a finite number of at least 0"),
        ({"max_doc_iter": 0}, ValueError, "'max_doc_iter' parameter of ParentTopics must be an integer from 1. Got 0"),
        ({"n_jobs": 0}, ValueError, "'n_jobs' parameter must be None or a non-zero integer"),
    ],
)
def test_what_cannot_be(parameters, error, message):
    with pytest.raises(error, match=message):
        ParentTopics(**{"counts": COUNTS, **parameters}).bind(LAYOUT)

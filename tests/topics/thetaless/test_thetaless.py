"""ThetalessARTM: theta as a function of phi."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm import ARTMTransformer, ThetalessARTM
from skartm.em import Batches, Shared, padded
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.regularizers import Decorrelation, Linear, SmoothSparsePhi, SmoothSparseTheta, SparsePosterior, Window
from skartm.topics.thetaless._mixture import LinearMixture
from tests.oracle import regularizers as formulas
from tests.oracle import thetaless as oracle
from tests.oracle.plsa import documents_of
from tests.topics.models import N_TOKENS, N_TOPICS, corpus, topics

VARIANTS = ("exact", "simplified", "naive")
every_variant = pytest.mark.parametrize("variant", VARIANTS)
EVERY = list(range(N_TOPICS))
TERMS = [
    {"response": lambda phi: formulas.decorrelation(phi, EVERY)[1], "tau": 20.0, "relative": None, "topics": EVERY},
    {"response": lambda phi: formulas.smooth_sparse(phi, EVERY)[1], "tau": -0.2, "relative": None, "topics": EVERY},
]
REGULARIZERS = [("decorrelation", Decorrelation(20.0)), ("sparse", SmoothSparsePhi(-0.2))]


@pytest.fixture(scope="module")
def X():
    return corpus(0)


def thetaless(variant="exact", **parameters):
    defaults = {"max_iter": 5, "tol": 0.0, "dtype": "float64", "init": topics(), "n_jobs": 1}
    return ThetalessARTM(N_TOPICS, variant=variant, **{**defaults, **parameters})


def expected_theta(X, phi, mass):
    return np.array([oracle.theta_of(document, phi, mass)[0] for document in documents_of(X)])


# --- against loops ----------------------------------------------------------------------------------------------------


@every_variant
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("regularizers", "terms"), [((), ()), (REGULARIZERS, TERMS)], ids=["plain", "regularized"])
def test_offline(variant, weighted, regularizers, terms, X):
    weights = np.random.default_rng(1).uniform(0.2, 3, X.shape[0]) if weighted else None
    model = thetaless(variant, regularizers=regularizers).fit(X, sample_weight=weights)
    phi, mass = oracle.offline(
        documents_of(X), topics().T, variant=variant, n_iter=5, terms=terms, weights=weights
    )  # fmt: skip
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.topic_mass_, mass, rtol=1e-8)
    seen = np.ones(N_TOPICS) if variant == "naive" else mass
    assert_allclose(model.transform(X), expected_theta(X, phi, seen), rtol=1e-8, atol=1e-13)


@every_variant
def test_log_likelihood_of_the_history(variant, X):
    documents = documents_of(X)
    model = thetaless(variant).fit(X)
    phi, mass = oracle.offline(documents, topics().T, variant=variant, n_iter=4)
    seen = np.ones(N_TOPICS) if variant == "naive" else mass
    expected = oracle.log_likelihood(documents, phi, seen)
    assert_allclose(model.history_["log_likelihood"][-1], expected, rtol=1e-9)


@every_variant
def test_online(variant, X):
    options = {"learning_method": "online", "batch_size": 7, "learning_offset": 3.0, "max_iter": 3}
    model = thetaless(variant, **options).fit(X)
    phi, mass = oracle.online(
        documents_of(X), topics().T, variant=variant, n_iter=3, batch_size=7, offset=3.0, power=0.7
    )
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.topic_mass_ / model.topic_mass_.sum(), np.array(mass) / sum(mass), rtol=1e-8)


@every_variant
def test_modalities(variant, X):
    names = np.where(np.arange(N_TOKENS) < 20, "words", "tags")
    blocks = [range(20), range(20, N_TOKENS)]
    start = topics()
    for block in blocks:
        start[:, block] /= start[:, block].sum(axis=1, keepdims=True)
    model = thetaless(variant, modalities=names, modality_weights={"tags": 3.0}, init=start).fit(X)
    weighted = sparse.csr_matrix(X @ sparse.diags(np.where(names == "tags", 3.0, 1.0)))
    phi, mass = oracle.offline(documents_of(weighted), start.T, variant=variant, n_iter=5, blocks=blocks)
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    seen = np.ones(N_TOPICS) if variant == "naive" else mass
    assert_allclose(model.transform(X), expected_theta(weighted, phi, seen), rtol=1e-8, atol=1e-13)


def test_naive_is_one_inner_pass(X):
    free = ARTMTransformer(N_TOPICS, max_doc_iter=1, doc_tol=0, max_iter=5, tol=0, dtype="float64", init=topics())
    naive = thetaless("naive").fit(X)
    assert_allclose(naive.components_, free.fit(X).components_, rtol=1e-9, atol=1e-13)
    assert_allclose(naive.transform(X), free.transform(X), rtol=1e-9, atol=1e-13)


def engine_counts(X, phi, mass, *, weights=None, dtype=np.float64):
    """n_wt of the mixture, all tokens."""
    shared = Shared(padded(phi, dtype), N_TOPICS, topic_mass=np.asarray(mass))
    (batch,) = Batches(X, X.shape[0], dtype, weights)
    n_wt = np.zeros_like(shared.phi_wt)
    LinearMixture(N_TOPICS, exact=True).expect(shared, batch).counts.add_to(n_wt, shared.phi_wt)
    return n_wt[:, :N_TOPICS]


@pytest.mark.parametrize("weighted", [False, True])
def test_exact_counts_are_the_gradient(weighted, X, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    weights = rng.uniform(0.2, 3, X.shape[0]) if weighted else None
    phi, mass = topics(global_random_seed).T.copy(), rng.uniform(1, 5, N_TOPICS)
    documents = documents_of(X)
    n_wt = engine_counts(X, phi, mass, weights=weights)
    for w, t in [(0, 0), (3, 1), (N_TOKENS // 3, 2), (11, 3), (29, 0)]:
        step = 1e-5 * phi[w, t]
        up, down = phi.copy(), phi.copy()
        up[w, t] += step
        down[w, t] -= step
        values = [oracle.log_likelihood(documents, changed, mass, weights) for changed in (up, down)]
        assert_allclose(n_wt[w, t], phi[w, t] * (values[0] - values[1]) / (2 * step), rtol=1e-5, atol=1e-4)


def test_exact_counts_with_zeros_in_phi(X):
    phi = topics().T.copy()
    phi[::2, 0] = phi[1::3, 1] = phi[5] = phi[:, 3] = 0
    mass = np.array([3.0, 1.0, 2.0, 0.0])
    assert_allclose(
        engine_counts(X, phi, mass), oracle.counts(documents_of(X), phi, mass, exact=True), rtol=1e-9, atol=1e-11
    )
    single = engine_counts(X, phi, mass, dtype=np.float32)
    assert_allclose(single, engine_counts(X, phi, mass), rtol=1e-4, atol=1e-4)


# --- degenerate cases -------------------------------------------------------------------------------------------------


@every_variant
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_topic(variant, dtype, X):
    model = ThetalessARTM(1, variant=variant, max_iter=3, tol=0, dtype=dtype).fit(X)
    counts = np.asarray(X.sum(axis=0)).ravel()
    assert_allclose(model.components_[0], counts / counts.sum(), rtol=1e-5, atol=1e-12)
    assert_array_equal(model.transform(X), 1)


@every_variant
def test_documents_of_unknown_tokens(variant, X):
    model = thetaless(variant).fit(X)
    unknown = N_TOKENS // 3  # occurs nowhere
    assert not model.components_[:, unknown].any()
    some = X[:3].tolil()
    some[0] = 0
    some[0, unknown] = 2
    some[1, unknown] = 100
    theta = model.transform(some.tocsr())
    assert_array_equal(theta[0], 1 / N_TOPICS)
    assert_array_equal(theta[1:], model.transform(X[1:3]))  # a token that no topic has does not count


def test_dead_topics_stay_dead(X):
    with pytest.warns(DeadTopicWarning):
        model = thetaless(regularizers=[("kill", SmoothSparsePhi(-1e3, topics=[2]))]).fit(X)
    assert_array_equal(model.dead_topics_, [2])
    assert_array_equal(model.transform(X[:12])[:, 2], 0)
    assert np.isfinite(model.components_).all()


@pytest.mark.filterwarnings("ignore", category=LeftOutTokensWarning)
@every_variant
def test_rows_without_entries_at_the_ends(variant, X):
    empty = sparse.csr_matrix((2, X.shape[1]))
    framed = sparse.vstack([empty, X, empty], format="csr")
    assert_allclose(thetaless(variant).fit(framed).components_, thetaless(variant).fit(X).components_, rtol=1e-10)
    assert_array_equal(thetaless(variant).fit(X).transform(empty), 1 / N_TOPICS)


# --- in use -----------------------------------------------------------------------------------------------------------


@every_variant
def test_float32(variant, X):
    single, double = thetaless(variant, dtype="float32").fit(X), thetaless(variant).fit(X)
    assert_allclose(single.components_, double.components_, rtol=1e-3, atol=1e-5)


@every_variant
@pytest.mark.parametrize("regularizers", [(), REGULARIZERS], ids=["plain", "regularized"])
def test_warm_start_goes_on(variant, regularizers, X):
    whole = thetaless(variant, max_iter=6, regularizers=regularizers).fit(X)
    halves = thetaless(variant, max_iter=3, regularizers=regularizers, warm_start=True).fit(X).fit(X)
    assert_allclose(halves.components_, whole.components_, rtol=1e-10, atol=1e-14)


@every_variant
@pytest.mark.parametrize("regularizers", [(), REGULARIZERS], ids=["plain", "regularized"])
def test_partial_fit_is_online_fit(variant, regularizers, X):
    options = {"regularizers": regularizers, "batch_size": 7, "total_samples": X.shape[0], "init": topics()}
    online = thetaless(variant, learning_method="online", max_iter=1, **options).fit(X)
    parts = thetaless(variant, **options)
    parts.partial_fit(X[:7])
    # the first call starts from the mass of what it sees
    again = thetaless(variant, learning_method="online", max_iter=1, **options).fit(X[:7])
    assert_allclose(parts.components_, again.components_, rtol=1e-10, atol=1e-14)
    parts.partial_fit(X[7:])
    assert np.isfinite(parts.components_).all()
    assert parts.n_updates_ == online.n_updates_


@pytest.mark.parametrize("variant", VARIANTS)
def test_threads_bit_for_bit(variant):
    X = sparse.random(1500, 400, 0.1, format="csr", random_state=0)
    X.data = np.ceil(4 * X.data)
    options = {"max_iter": 3, "tol": 0, "random_state": 0}
    one, more = (ThetalessARTM(30, variant=variant, n_jobs=n, **options).fit(X) for n in (1, 3))
    assert_array_equal(more.components_, one.components_)
    assert_array_equal(more.transform(X), one.transform(X))
    assert_array_equal(one.transform(X[700]), one.transform(X)[700:701])


@every_variant
def test_repeated_tokens_are_added_up(variant, X):
    """Rows in the order of the text, in which a token has an entry for each occurrence."""
    counts = X.astype(int)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    entries = np.split(np.repeat(counts.indices, counts.data), np.cumsum(lengths)[:-1])
    shuffled = np.concatenate([np.random.RandomState(0).permutation(row) for row in entries])
    texts = sparse.csr_array((np.ones(shuffled.size), shuffled, np.cumsum([0, *lengths])), shape=X.shape)
    model = thetaless(variant).fit(counts)
    before = texts.indices.copy()
    assert_allclose(model.transform(texts), model.transform(counts), rtol=1e-12)
    assert_array_equal(texts.indices, before)


def test_schedules_and_last_passes(X):
    late = [("sparse", SmoothSparsePhi(Window(-0.5, begin=3))), ("even", SmoothSparsePhi(Linear(0.0, 0.1)))]
    model = thetaless(regularizers=late, max_iter=6, unregularized_iter=1).fit(X)
    assert model.history_["perplexity"][-1] < model.history_["perplexity"][0]


@every_variant
def test_token_topics_are_those_of_theta(variant, X):
    model = thetaless(variant).fit(X)
    theta, phi = model.transform(X), model.components_
    parts = model.token_topics(X, dense=True)
    for d, part in enumerate(parts):
        p = phi[:, X[d].indices].T * theta[d]
        assert_allclose(part, p / p.sum(axis=1, keepdims=True), rtol=1e-10, atol=1e-14)


@every_variant
def test_score_and_validation(variant):
    X = corpus(0, n_docs=80)
    model = thetaless(variant, validation_fraction=0.2, random_state=0, max_iter=10).fit(X)
    assert len(model.history_["validation_perplexity"]) == 10
    assert np.isfinite(model.score(X))
    assert model.set_params(evaluation="fold_in").score(X) < 0


# --- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("regularizer", [SmoothSparseTheta(0.1), SparsePosterior(0.5)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_only_phi_is_free(regularizer, method, X):
    model = thetaless(regularizers=[("phi", SmoothSparsePhi(0.1)), ("wrong", regularizer)])
    with pytest.raises(ValueError, match=r"theta is a function of phi.*'wrong'"):
        getattr(model, method)(X)
    getattr(model.set_params(wrong=None), method)(X)


@pytest.mark.parametrize("variant", ["fast", None, ["exact"]])
def test_unknown_variants(variant, X):
    with pytest.raises((ValueError, TypeError), match="'variant' parameter"):
        thetaless(variant).fit(X)


def test_no_inner_passes_to_set():
    assert not {"max_doc_iter", "doc_tol", "reuse_theta"} & set(ThetalessARTM().get_params())

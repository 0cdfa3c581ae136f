"""AuthorTopic: documents by way of their authors."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skartm import PLSA, AuthorTopic
from skartm.datasets import open_memmap, save_memmap
from skartm.exceptions import DeadTopicWarning
from skartm.regularizers import (
    Decorrelation,
    DocumentLinks,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    ThetaClassification,
    TopicSelection,
)
from tests.oracle import author_topic as oracle
from tests.oracle.plsa import documents_of
from tests.topics.models import N_TOKENS, N_TOPICS, corpus, topics

N_AUTHORS = 9
every_mixing = pytest.mark.parametrize("mixing", ["fixed", "free"])


def some_authors(n_docs, seed=0, largest=3):
    rng = np.random.default_rng(seed)
    return [rng.choice(N_AUTHORS, rng.integers(1, largest + 1), replace=False).tolist() for _ in range(n_docs)]


def shares_of(authors):
    return [{c: 1 / len(names) for c in names} for names in authors]


def uniform_psi(n_authors=N_AUTHORS):
    return np.full((n_authors, N_TOPICS), 1 / N_TOPICS)


@pytest.fixture(scope="module")
def X():
    return corpus(0)


@pytest.fixture(scope="module")
def authors(X):
    return some_authors(X.shape[0])


def author_topic(**parameters):
    defaults = {"max_iter": 5, "tol": 0.0, "dtype": "float64", "init": topics(), "n_jobs": 1}
    defaults |= {"author_topic_prior": None, "topic_word_prior": None}
    return AuthorTopic(N_TOPICS, **{**defaults, **parameters})


# --- against loops ----------------------------------------------------------------------------------------------------


@every_mixing
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_sweeps", [1, 2])
def test_offline(mixing, weighted, n_sweeps, X, authors):
    weights = np.random.default_rng(1).uniform(0.2, 3, X.shape[0]) if weighted else None
    model = author_topic(mixing=mixing, author_iter=n_sweeps).fit(X, sample_weight=weights, authors=authors)
    phi, psi, shares, n_ct, track = oracle.offline(
        documents_of(X), shares_of(authors), topics().T, uniform_psi(), n_iter=5, n_sweeps=n_sweeps,
        free=mixing == "free", weights=weights,
    )  # fmt: skip
    assert_array_equal(model.authors_, np.arange(N_AUTHORS))
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_topics_, psi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_mass_, n_ct.sum(axis=1), rtol=1e-8)
    assert_allclose(model.history_["log_likelihood"], track, rtol=1e-9)
    for d, share in enumerate(shares):
        assert_allclose(model.author_shares_[d].toarray()[0, list(share)], list(share.values()), rtol=1e-8, atol=1e-13)


@every_mixing
def test_online(mixing, X, authors):
    options = {"learning_method": "online", "batch_size": 7, "learning_offset": 3.0, "max_iter": 3}
    model = author_topic(mixing=mixing, author_topic_prior=0.3, **options).fit(X, authors=authors)
    phi, psi, n_ct = oracle.online(
        documents_of(X), shares_of(authors), topics().T, uniform_psi(), n_iter=3, n_sweeps=2, batch_size=7, offset=3.0,
        power=0.7, free=mixing == "free", alpha=0.3,
    )  # fmt: skip
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_topics_, psi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_mass_, n_ct.sum(axis=1), rtol=1e-8)


@every_mixing
@pytest.mark.parametrize("alpha", [0.4, np.array([0.1, 0.2, 0.3, 0.9]), "asymmetric"], ids=["float", "array", "asym"])
def test_priors(mixing, alpha, X, authors):
    beta = np.random.default_rng(0).uniform(0, 1, N_TOKENS)
    model = author_topic(mixing=mixing, author_topic_prior=alpha, topic_word_prior=beta).fit(X, authors=authors)
    if isinstance(alpha, str):
        alpha = 1 / (np.arange(N_TOPICS) + 2.0)  # sqrt(4)
        alpha /= alpha.sum()
    phi, psi, *_ = oracle.offline(
        documents_of(X), shares_of(authors), topics().T, uniform_psi(), n_iter=5, n_sweeps=2, free=mixing == "free",
        term=lambda psi, n_ct: np.broadcast_to(alpha, psi.shape), beta=beta[:, None],
    )  # fmt: skip
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_topics_, psi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_topic_prior_, np.broadcast_to(alpha, N_TOPICS))
    assert_array_equal(model.topic_word_prior_, beta)


def test_prior_of_every_cell(X, authors):
    beta = np.random.default_rng(0).uniform(0, 1, (N_TOPICS, N_TOKENS))
    model = author_topic(topic_word_prior=beta).fit(X, authors=authors)
    phi, *_ = oracle.offline(
        documents_of(X), shares_of(authors), topics().T, uniform_psi(), n_iter=5, n_sweeps=2, beta=beta.T
    )
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_array_equal(model.topic_word_prior_, beta)


@pytest.mark.parametrize("method", ["batch", "online"])
def test_regularizers_of_theta_act_on_psi(method, X, authors):
    alpha = np.random.default_rng(0).uniform(-0.5, 0.5, (N_AUTHORS, N_TOPICS))
    options = {"learning_method": method, "batch_size": X.shape[0], "learning_decay": 0.0}
    own = [("own", SmoothSparseTheta(1.0, documents=alpha))]
    model = author_topic(regularizers=own, **options).fit(X, authors=authors)
    phi, psi, *_ = oracle.offline(
        documents_of(X), shares_of(authors), topics().T, uniform_psi(), n_iter=5, n_sweeps=2,
        term=lambda psi, n_ct: alpha,
    )  # fmt: skip
    assert_allclose(model.components_.T, phi, rtol=1e-8, atol=1e-13)
    assert_allclose(model.author_topics_, psi, rtol=1e-8, atol=1e-13)
    assert np.isfinite(model.history_["own"]).all()


# --- degenerate cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3])
def test_everyone_one_document_is_plsa(k, X):
    plain = {"max_iter": 6, "tol": 0, "dtype": "float64", "init": topics(), "n_jobs": 1}
    plsa = PLSA(N_TOPICS, max_doc_iter=k, doc_tol=0, reuse_theta=True, **plain).fit(X)
    model = author_topic(author_iter=k, max_iter=6).fit(X, authors=range(X.shape[0]))
    assert_allclose(model.components_, plsa.components_, rtol=1e-8, atol=1e-13)
    assert_allclose(model.history_["log_likelihood"], plsa.history_["log_likelihood"], rtol=1e-10)


@pytest.mark.parametrize("k", [1, 3])
def test_everyone_one_document_is_plsa_online(k, X):
    plain = {"learning_method": "online", "batch_size": 7, "max_iter": 1}
    plsa = PLSA(N_TOPICS, max_doc_iter=k, doc_tol=0, tol=0, dtype="float64", init=topics(), n_jobs=1, **plain).fit(X)
    model = author_topic(author_iter=k, **plain).fit(X, authors=range(X.shape[0]))
    assert_allclose(model.components_, plsa.components_, rtol=1e-8, atol=1e-13)


@every_mixing
@pytest.mark.parametrize("k", [1, 2])
def test_one_author_a_document_is_plsa_of_collected_works(mixing, k, X):
    authors = np.array([names[0] for names in some_authors(X.shape[0])])
    members = sparse.csr_matrix((np.ones(authors.size), (authors, np.arange(authors.size))))
    plsa = PLSA(
        N_TOPICS, max_doc_iter=k, doc_tol=0, reuse_theta=True, max_iter=6, tol=0, dtype="float64", init=topics()
    ).fit(sparse.csr_matrix(members @ X))
    model = author_topic(mixing=mixing, author_iter=k, max_iter=6).fit(X, authors=authors)
    assert_allclose(model.components_, plsa.components_, rtol=1e-8, atol=1e-13)


@every_mixing
@pytest.mark.parametrize("k", [1, 2, 3])
def test_likelihood_never_falls(mixing, k, global_random_seed):
    X = corpus(global_random_seed, n_docs=60)
    authors = some_authors(60, global_random_seed)
    init = topics(global_random_seed)
    model = author_topic(mixing=mixing, author_iter=k, max_iter=40, init=init).fit(X, authors=authors)
    track = np.array(model.history_["log_likelihood"])
    assert (np.diff(track) >= -1e-9 * abs(track[1:])).all()


def test_one_topic(X, authors):
    model = AuthorTopic(1, max_iter=2, tol=0, topic_word_prior=None, init=None).fit(X, authors=authors)
    counts = np.asarray(X.sum(axis=0)).ravel()
    assert_allclose(model.components_[0], counts / counts.sum(), rtol=1e-5)
    assert_array_equal(model.author_topics_, 1)


# --- what it is for ---------------------------------------------------------------------------------------------------


def mixed_authors(seed, n_docs=240):
    """Authors who each write about two of four topics, alone and in pairs; counts, authors, true phi and psi."""
    rng = np.random.default_rng(seed)
    phi = np.kron(np.eye(4), np.full(10, 0.09)) + 0.1 / 40
    phi /= phi.sum(axis=1, keepdims=True)
    psi = np.array([[0.5, 0.5, 0, 0], [0, 0.7, 0.3, 0], [0, 0, 0.5, 0.5], [0.4, 0, 0, 0.6], [0.7, 0, 0.3, 0]])
    authors = [sorted(rng.choice(5, rng.integers(1, 3), replace=False).tolist()) for _ in range(n_docs)]
    X = np.array([rng.multinomial(60, psi[names].mean(axis=0) @ phi) for names in authors])
    return sparse.csr_matrix(X.astype(np.float32)), authors, phi, psi


@every_mixing
def test_mixed_authors_are_recovered(mixing, global_random_seed):
    X, authors, _, psi = mixed_authors(global_random_seed)
    # five authors leave EM many local maxima; the likelihood says which is the best
    fits = [AuthorTopic(4, mixing=mixing, random_state=s, max_iter=200).fit(X, authors=authors) for s in range(20)]
    model = max(fits, key=lambda fit: fit.history_["log_likelihood"][-1])
    order = np.array([int(np.argmax(model.components_[:, 10 * t : 10 * t + 10].sum(axis=1))) for t in range(4)])
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(model.author_topics_[:, order] - psi).max() < (0.1 if mixing == "fixed" else 0.2)


def test_online_stays_with_them(global_random_seed):
    X, authors, phi, psi = mixed_authors(global_random_seed)
    blurred = 0.3 * phi + 0.7 / phi.shape[1]
    model = AuthorTopic(4, init=blurred, learning_method="online", batch_size=40, max_iter=30, tol=0)
    model.fit(X, authors=authors)
    assert abs(model.author_topics_ - psi).max() < 0.15


def test_learned_priors(global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    psi = rng.dirichlet([0.2, 0.6, 1.8], 300)
    phi = np.kron(np.eye(3), np.full(10, 0.1))
    X = np.array([rng.multinomial(300, row @ phi) for row in psi]).astype(np.float32)
    model = AuthorTopic(
        3, author_topic_prior="auto", topic_word_prior="auto", init=phi * 0.94 + 0.002, max_iter=100, tol=0
    ).fit(X, authors=range(300))
    assert_allclose(model.author_topic_prior_, [0.2, 0.6, 1.8], rtol=0.35)
    assert (model.topic_word_prior_ > 0).all()
    before = model.author_topic_prior_
    model.set_params(warm_start=True, max_iter=1).fit(X, authors=range(300))
    assert_allclose(model.author_topic_prior_, before, rtol=0.05)


# --- more authors, more documents -------------------------------------------------------------------------------------


def test_partial_fit_with_new_authors(X, authors):
    names = [[f"author {c}" for c in entry] for entry in authors]
    model = author_topic(batch_size=7, init="documents", random_state=0)
    model.partial_fit(X[:20], authors=names[:20])
    known, before = list(model.authors_), model.author_topics_
    late = [["somebody new", "author 0"] if d % 2 else ["another"] for d in range(20, X.shape[0])]
    model.partial_fit(X[20:], authors=late)
    assert list(model.authors_) == [*known, "another", "somebody new"]
    untouched = [c for c, name in enumerate(known) if name != "author 0"]
    assert_array_equal(model.author_topics_[untouched], before[untouched])
    assert (model.author_topics_[0] != before[0]).any()
    assert_allclose(model.author_topics_.sum(axis=1), 1)
    tokens = X.sum(axis=1)
    assert_allclose(model._author_seen.sum(), tokens.sum())


def test_partial_fit_in_parts_is_an_online_pass(X, authors):
    options = {"batch_size": 7, "total_samples": X.shape[0], "learning_offset": 3.0}
    names = np.arange(X.shape[0])  # of one document each: their mass is known from the start
    online = author_topic(learning_method="online", max_iter=1, **options).fit(X[:14], authors=names[:14])
    parts = author_topic(**options).partial_fit(X[:14], authors=names[:14])
    assert_allclose(parts.components_, online.components_, rtol=1e-10, atol=1e-14)
    assert_allclose(parts.author_topics_, online.author_topics_, rtol=1e-10, atol=1e-14)


@every_mixing
@pytest.mark.parametrize("priors", [{}, {"author_topic_prior": "auto", "topic_word_prior": 0.1}], ids=["none", "auto"])
def test_warm_start_goes_on(mixing, priors, X, authors):
    if priors:
        priors = {**priors, "author_topic_prior": 0.2}
    whole = author_topic(mixing=mixing, max_iter=6, **priors).fit(X, authors=authors)
    halves = author_topic(mixing=mixing, max_iter=3, warm_start=True, **priors)
    halves.fit(X, authors=authors).fit(X, authors=authors)
    assert_allclose(halves.components_, whole.components_, rtol=1e-10, atol=1e-14)
    assert_allclose(halves.author_topics_, whole.author_topics_, rtol=1e-10, atol=1e-14)
    assert_allclose(halves._author_seen, whole._author_seen)


@every_mixing
def test_memory_mapped(mixing, tmp_path, X, authors):
    save_memmap(tmp_path / "X", X)
    mapped = open_memmap(tmp_path / "X")
    for method in ("batch", "online"):
        options = {"mixing": mixing, "learning_method": method, "batch_size": 7, "init": "documents", "random_state": 0}
        options["dtype"] = "float32"
        plain = author_topic(**options).fit(X, authors=authors)
        assert_array_equal(author_topic(**options).fit(mapped, authors=authors).components_, plain.components_)


@pytest.mark.parametrize("method", ["batch", "online"])
@every_mixing
def test_threads_bit_for_bit(method, mixing):
    X = sparse.random(1500, 400, 0.1, format="csr", random_state=0)
    X.data = np.ceil(4 * X.data)
    authors = [np.random.default_rng(d).choice(200, 2, replace=False).tolist() for d in range(1500)]
    options = {"max_iter": 3, "tol": 0, "random_state": 0, "mixing": mixing, "learning_method": method}
    one, two, three = (AuthorTopic(30, n_jobs=n, **options).fit(X, authors=authors) for n in (1, 2, 3))
    for more in (two, three):
        assert_array_equal(more.components_, one.components_)
        assert_array_equal(more.author_topics_, one.author_topics_)
        assert_array_equal(more.transform(X, authors=authors), one.transform(X, authors=authors))
        assert_array_equal(more.author_probabilities(X[:300]), one.author_probabilities(X[:300]))
    assert_array_equal(one.transform(X[700], authors=authors[700:701]), one.transform(X, authors=authors)[700:701])


@every_mixing
def test_float32(mixing, X, authors):
    single = author_topic(mixing=mixing, dtype="float32").fit(X, authors=authors)
    double = author_topic(mixing=mixing).fit(X, authors=authors)
    assert single.author_topics_.dtype == np.float32
    assert_allclose(single.components_, double.components_, rtol=1e-3, atol=1e-5)
    assert_allclose(single.author_topics_, double.author_topics_, rtol=1e-3, atol=1e-4)


def test_many_batches_are_one(X, authors):
    many = sparse.vstack([X] * 300, format="csr")
    model = author_topic(max_iter=2, mixing="free").fit(many, authors=authors * 300)
    assert_allclose(model.components_, author_topic(max_iter=2, mixing="free").fit(X, authors=authors).components_)


def test_weights_are_repetitions(X, authors):
    weights = np.random.default_rng(0).integers(0, 4, X.shape[0])
    rows = np.repeat(np.arange(X.shape[0]), weights)
    weighted = author_topic().fit(X, sample_weight=weights, authors=authors)
    repeated = author_topic().fit(X[rows], authors=[authors[d] for d in rows])
    assert_allclose(weighted.components_, repeated.components_, rtol=1e-10, atol=1e-13)


def test_modalities(X, authors):
    labels = np.where(np.arange(N_TOKENS) < 20, "words", "tags")
    for init in ("documents", None):
        model = author_topic(modalities=labels, modality_weights={"tags": 3.0}, init=init, random_state=0)
        model.fit(X, authors=authors)
        for block in ("words", "tags"):
            assert_allclose(model.components_[:, labels == block].sum(axis=1), 1)
        assert model.score(X, authors=authors, modality="tags") < 0


@pytest.mark.parametrize("copier", [clone, lambda model: pickle.loads(pickle.dumps(model))], ids=["clone", "pickle"])
def test_copies(copier, X, authors):
    model = author_topic(mixing="free").fit(X, authors=authors)
    copy = copier(model)
    if not hasattr(copy, "components_"):
        copy.fit(X, authors=authors)
    assert_array_equal(copy.transform(X, authors=authors), model.transform(X, authors=authors))


def test_regularizers_in_use(X, authors):
    links = np.ones((N_AUTHORS, N_AUTHORS))
    regularizers = [
        ("decorrelation", Decorrelation(0.05, relative=0.0)),
        ("sparse", SmoothSparsePhi(-0.05)),
        ("links", DocumentLinks(2.0, links=links)),
        ("select", TopicSelection(0.01)),
    ]
    for method in ("batch", "online"):
        model = author_topic(regularizers=regularizers, learning_method=method, batch_size=10, unregularized_iter=1)
        model.fit(X, authors=authors)
        assert model.learned_["links"]["neighbours"].shape == (N_AUTHORS, N_TOPICS)
        assert np.isfinite(model.history_["objective"]).all()
    linked = author_topic(regularizers=[("links", DocumentLinks(50.0, links=links))]).fit(X, authors=authors)
    free = author_topic().fit(X, authors=authors)
    assert linked.author_topics_.std(axis=0).mean() < free.author_topics_.std(axis=0).mean()


def test_topics_may_die(X, authors):
    with pytest.warns(DeadTopicWarning):
        model = author_topic(regularizers=[("kill", SmoothSparsePhi(-1e3, topics=[2]))]).fit(X, authors=authors)
    assert_array_equal(model.author_topics_[:, 2], 0)


@pytest.mark.parametrize("regularizer", [SparsePosterior(0.5), ThetaClassification(0.5)])
def test_what_cannot_be_regularized(regularizer, X, authors):
    with pytest.raises(ValueError, match=r"theta of a document is that of its authors.*'wrong'"):
        author_topic(regularizers=[("wrong", regularizer)]).fit(X, authors=authors)


def test_interrupted(X, authors):
    """What is published is whole: psi of the pass before, not of half a sweep."""

    class Stopping(AuthorTopic):
        def _has_converged(self, *arguments):
            if self.n_iter_ == 3:
                raise KeyboardInterrupt
            return super()._has_converged(*arguments)

    options = {"max_iter": 9, "tol": 0.0, "dtype": "float64", "init": topics(), "n_jobs": 1}
    stopped = Stopping(N_TOPICS, **options)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(X, authors=authors)
    whole = AuthorTopic(N_TOPICS, **{**options, "max_iter": 3}).fit(X, authors=authors)
    assert_array_equal(stopped.author_topics_, whole.author_topics_)
    assert_array_equal(stopped.components_, whole.components_)


@pytest.mark.parametrize(
    "parameters",
    [
        {"mixing": "loose"},
        {"author_iter": 0},
        {"unknown_authors": "raise"},
        {"author_topic_prior": "symmetric"},
        {"author_topic_prior": -1.0},
        {"author_topic_prior": [1.0, 2.0]},
        {"author_topic_prior": True},
        {"topic_word_prior": "asymmetric"},
        {"topic_word_prior": np.ones(3)},
        {"topic_word_prior": np.nan},
        {"topic_word_prior": {}},
        {"init": "random"},
    ],
    ids=str,
)
def test_bad_parameters(parameters, X, authors):
    with pytest.raises((ValueError, TypeError), match=f"'{next(iter(parameters))}' parameter"):
        author_topic(**parameters).fit(X, authors=authors)


@pytest.mark.parametrize("shape", [(1,), (N_TOPICS,)], ids=["word", "cell"])
def test_history_has_the_values_of_the_priors(shape, X, authors):
    beta = np.random.default_rng(0).uniform(0, 1, (N_TOKENS, *shape))
    given = beta[:, 0] if shape == (1,) else beta.T
    model = author_topic(author_topic_prior=0.3, topic_word_prior=given).fit(X, authors=authors)
    logs = np.log(np.maximum(model.components_.T, 1e-16))
    assert_allclose(model.history_["topic_word_prior"][-1], (beta * logs).sum(), rtol=1e-9)
    assert_allclose(model.history_["author_topic_prior"][-1], 0.3 * np.log(model.author_topics_).sum(), rtol=1e-9)

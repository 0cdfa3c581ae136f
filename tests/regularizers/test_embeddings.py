"""EmbeddingPhi and EmbeddingTheta: what they learn, against plain gradient ascent, and what it does to topics."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skartm import ARTMTransformer
from skartm.em import Documents, Layout
from skartm.feature_extraction import embedding_matrix, word_embeddings
from skartm.regularizers import EmbeddingPhi, EmbeddingTheta
from tests.oracle import embeddings as oracle

NAMES = tuple(f"token{w}" for w in range(9))
LAYOUT = Layout(("a", "b", "c"), 9, (), NAMES, 12)


@pytest.fixture
def rng(global_random_seed):
    return np.random.default_rng(global_random_seed)


class Vectors(dict):
    """Like gensim's KeyedVectors: names by ``key_to_index``, no Mapping."""

    key_to_index = property(lambda self: {name: place for place, name in enumerate(self)})


def topics_and_counters(rng, dtype=np.float64):
    phi = rng.dirichlet(np.ones(9), size=3).T
    return np.ascontiguousarray(phi, dtype), rng.integers(1, 30, (9, 3)).astype(dtype)


def term_of(regularizer, phi, n_wt, n_learned=60):
    term = regularizer.bind(LAYOUT)
    for _ in range(n_learned):
        term.learn(phi, n_wt)
    out = np.zeros_like(phi)
    term.add_term(phi, n_wt, out)
    return out, term


@pytest.mark.parametrize("penalty", [0.03, 0.5])
def test_learns_the_best_log_linear_topics(rng, penalty):
    vectors = rng.normal(size=(9, 2))
    vectors[4] = 0
    phi, n_wt = topics_and_counters(rng)
    out, term = term_of(EmbeddingPhi(vectors, penalty=penalty), phi, n_wt)
    expected = oracle.log_linear_topics(vectors, n_wt, penalty)
    assert_allclose(out, expected, atol=1e-5)
    assert term.value(phi, n_wt) == pytest.approx((expected * np.log(phi)).sum(), rel=1e-4)


def test_scale_and_basis_of_the_vectors_do_not_matter(rng):
    vectors = rng.normal(size=(9, 3))
    turned = vectors @ rng.normal(size=(3, 3)) * 100
    phi, n_wt = topics_and_counters(rng)
    assert_allclose(
        term_of(EmbeddingPhi(vectors), phi, n_wt)[0], term_of(EmbeddingPhi(turned), phi, n_wt)[0], atol=1e-6
    )


def test_learning_never_makes_it_worse(rng):
    vectors = rng.normal(size=(9, 4)) * rng.exponential(size=(9, 1)) * 5
    phi, n_wt = topics_and_counters(rng)
    n_wt[:, 0] = np.eye(9)[3] * 40  # a topic of one word, for which Newton steps are too long
    term = EmbeddingPhi(vectors, penalty=1e-3).bind(LAYOUT)
    values = []
    for _ in range(30):
        term.learn(phi, n_wt)
        prior, alpha = term._prior, np.linalg.lstsq(term._prior.whitening, term.learned["topic_embeddings"].T)[0]
        values.append(prior._at(alpha, prior.rows.T @ (n_wt / n_wt.sum(axis=0)))[0])
    assert np.diff(values, axis=0).min() > -1e-9


def test_vectors_by_name_by_column_and_of_a_modality():
    table = np.random.default_rng(0).normal(size=(9, 2))
    named = {name: vector for name, vector in zip(NAMES, table, strict=True) if name != "token3"}
    table[3] = 0
    phi, n_wt = topics_and_counters(np.random.default_rng(1))
    by_column = term_of(EmbeddingPhi(table), phi, n_wt)[0]
    assert_array_equal(term_of(EmbeddingPhi(named), phi, n_wt)[0], by_column)
    assert_array_equal(term_of(EmbeddingPhi(Vectors(named)), phi, n_wt)[0], by_column)


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        (np.ones((4, 2)), r"must have shape \(9, length\), a row for each token. Got \(4, 2\)"),
        (np.ones(9), r"Got \(9,\)"),
        (np.full((9, 2), np.nan), "must be finite"),
        (np.zeros((9, 2)), "must have a token with a vector. Got zeros only"),
        ({"other": [1.0]}, "must have vectors of tokens of the model, such as 'token0'. Got none"),
        ({"token0": [1.0], "token1": [1.0, 2]}, "must be of one length"),
        (None, "without the documents of a fit embeddings must be given"),
    ],
)
def test_bad_embeddings(embeddings, message):
    with pytest.raises(ValueError, match=f"EmbeddingPhi: .*{message}"):
        EmbeddingPhi(embeddings).bind(LAYOUT)


def test_names_are_needed():
    with pytest.raises(ValueError, match="by name need the names of tokens"):
        EmbeddingPhi({"a": [1.0]}).bind(Layout(("a",), 3))


@pytest.mark.parametrize("penalty", [0, -1, np.nan, "1", None])
@pytest.mark.parametrize("cls", [EmbeddingPhi, EmbeddingTheta])
def test_bad_penalty(cls, penalty):
    with pytest.raises(ValueError, match=f"'penalty' parameter of {cls.__name__} must be a finite number above 0"):
        cls(np.ones((12, 2)), penalty=penalty).bind(Layout(("a",), 12, (), None, 12))


def planted(rng, n_docs=60):
    """Two subjects; each has two halves, which share no document but are near in meaning."""
    X = np.zeros((n_docs, 40), dtype=int)
    for d in range(n_docs):
        half = d % 4
        X[d, 10 * half : 10 * half + 10] = rng.multinomial(30, np.full(10, 0.1))
    subject = np.repeat([0.0, 0.0, 1.0, 1.0], 10)
    vectors = np.stack([subject, 1 - subject], axis=1) + 0.05 * rng.normal(size=(40, 2))
    return csr_array(X), vectors


def together(phi):
    """How much the halves of a subject are in the same topic."""
    owner = phi.reshape(2, 4, 10).sum(axis=2).argmax(axis=0)
    return owner[0] == owner[1] != owner[2] == owner[3]


def test_words_of_one_meaning_go_together(rng):
    X, vectors = planted(rng)
    with_prior = [("near", EmbeddingPhi(vectors, tau=1.0, relative=1.0))]
    options = {"max_iter": 30, "tol": 0, "n_jobs": 1}
    found = [
        together(ARTMTransformer(2, regularizers=with_prior, random_state=s, **options).fit(X).components_)
        for s in range(8)
    ]
    plain = [together(ARTMTransformer(2, random_state=s, **options).fit(X).components_) for s in range(8)]
    assert sum(found) >= 7 > sum(plain)


def test_warm_start_goes_on_with_the_vectors(rng):
    X, vectors = planted(rng)
    regularizers = [("near", EmbeddingPhi(vectors, tau=0.3, relative=1.0))]
    options = {"tol": 0, "random_state": 0, "n_jobs": 1, "dtype": "float64"}
    whole = ARTMTransformer(3, regularizers=regularizers, max_iter=8, **options).fit(X)
    parts = ARTMTransformer(3, regularizers=regularizers, max_iter=4, warm_start=True, **options).fit(X).fit(X)
    assert_allclose(parts.components_, whole.components_, atol=1e-6)
    assert whole.learned_["near"]["topic_embeddings"].shape == (3, 2)


def test_counted_vectors_and_streams(rng):
    X, vectors = planted(rng)
    counted = ARTMTransformer(2, regularizers=[("near", EmbeddingPhi(tau=0.3, relative=1.0))], random_state=0).fit(X)
    given = ARTMTransformer(
        2, regularizers=[("near", EmbeddingPhi(word_embeddings(X, 40), 0.3, relative=1.0))], random_state=0
    ).fit(X)
    assert_array_equal(counted.components_, given.components_)
    stream = ARTMTransformer(2, regularizers=[("near", EmbeddingPhi(vectors, 0.3, relative=1.0))], random_state=0)
    for start in range(0, 60, 20):
        stream.partial_fit(X[start : start + 20])
    assert np.isfinite(stream.components_).all()
    assert_allclose(stream.components_.sum(axis=1), 1, atol=1e-5)


def test_regression_of_documents(rng):
    vectors, theta = rng.normal(size=(12, 2)), rng.dirichlet(np.ones(3), 12)
    term = EmbeddingTheta(vectors, penalty=0.1).bind(LAYOUT)
    documents = Documents(0, np.ones(12))
    for _ in range(40):
        term.finish(term.observe(theta, documents), 1.0)
    out = np.zeros_like(theta)
    term.add_term(theta, theta, documents, 0, out)
    assert_allclose(out, oracle.topics_of_documents(vectors, theta, 0.1), atol=1e-4)
    learned = term.learned
    logits = vectors @ learned["coef"].T + learned["intercept"]
    assert_allclose(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), out, atol=1e-8)


def test_documents_of_one_meaning_go_together(rng):
    X, _ = planted(rng)
    meaning = np.array([0.0, 0.0, 1.0, 1.0])[np.arange(60) % 4]
    vectors = np.stack([meaning, 1 - meaning], axis=1) + 0.05 * rng.normal(size=(60, 2))
    options = {"max_iter": 40, "tol": 0, "n_jobs": 1}
    near = [("near", EmbeddingTheta(vectors, tau=60.0))]
    found = [
        together(ARTMTransformer(2, regularizers=near, random_state=s, **options).fit(X).components_)
        for s in range(8)
    ]
    plain = [together(ARTMTransformer(2, random_state=s, **options).fit(X).components_) for s in range(8)]
    assert sum(found) > sum(plain)


def test_transform_does_without_the_vectors_of_documents(rng):
    X, _ = planted(rng)
    near = [("near", EmbeddingTheta(rng.normal(size=(60, 2))))]
    model = ARTMTransformer(2, regularizers=near, max_iter=5, tol=0, random_state=0).fit(X)
    assert model.transform(X[:7]).shape == (7, 2)
    with pytest.raises(ValueError, match=r"embeddings must have shape \(7, length\)"):
        ARTMTransformer(2, regularizers=near).fit(X[:7])
    with pytest.raises(ValueError, match="call fit"):
        ARTMTransformer(2, regularizers=near).partial_fit(X)


def test_embeddings_of_words_are_factors_of_mutual_information():
    X = np.array([[1, 1, 0, 0], [2, 1, 0, 0], [0, 0, 1, 3], [0, 0, 1, 1], [1, 0, 0, 1]])
    vectors = word_embeddings(X, 4)
    pmi = np.log(np.array([[1, 2 * 5 / 6, 1, 1 * 5 / 9], [1, 1, 1, 1], [1, 1, 1, 2 * 5 / 6], [1, 1, 1, 1]]))
    expected = np.maximum(pmi, 0)
    expected += expected.T
    left, values, _ = np.linalg.svd(expected)
    assert_allclose(np.abs(vectors @ vectors.T), np.abs(left * values @ left.T), atol=1e-8)
    with pytest.raises(ValueError, match=r"'n_components' parameter of word_embeddings must be an integer in \[1, 4\]"):
        word_embeddings(X, 5)


def test_embedding_matrix_by_name():
    assert_array_equal(embedding_matrix({"b": [1, 2]}, 2, ["a", "b"]), [[0, 0], [1, 2]])

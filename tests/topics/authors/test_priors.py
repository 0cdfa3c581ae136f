"""Priors of authors and topics: what "document" is, constants in the M-step, learning that begins late."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skartm import AuthorTopic
from skartm.topics.authors._priors import WordPrior
from tests.topics.models import N_TOPICS, corpus, topics

NAMES = [["Ann", "Bob"], ["Ann"], ["Cy", "Bob"], ["Bob"], ["Ann", "Cy"], ["Cy"]]
X6 = corpus(0, n_docs=6)
LENGTHS = np.asarray(X6.sum(axis=1)).ravel()  # one document is empty
LENGTH = LENGTHS[LENGTHS > 0].mean()


def author_topic(**parameters):
    defaults = {"max_iter": 4, "tol": 0.0, "init": topics(), "dtype": "float64", "n_jobs": 1}
    return AuthorTopic(N_TOPICS, **{**defaults, **parameters})


def test_document_is_the_mean_length_divided_evenly():
    model = author_topic().fit(X6, authors=NAMES)
    assert_allclose(model.author_topic_prior_, LENGTH / N_TOPICS, rtol=1e-12)
    same = author_topic(author_topic_prior=LENGTH / N_TOPICS).fit(X6, authors=NAMES)
    assert_allclose(model.author_topics_, same.author_topics_, rtol=1e-12)
    assert_array_equal(model.transform(X6), same.transform(X6))


def test_document_counts_weights_as_repetitions_and_documents_with_tokens():
    weights = np.array([2.0, 1, 1, 0, 1, 1])
    rows = [0, 0, 1, 2, 4, 5]
    weighted = author_topic().fit(X6, authors=NAMES, sample_weight=weights)
    assert_allclose(weighted.author_topic_prior_.sum(), LENGTHS[rows][LENGTHS[rows] > 0].mean(), rtol=1e-12)
    empty = sparse.vstack([X6, sparse.csr_matrix((3, X6.shape[1]))], format="csr")
    model = author_topic().fit(empty, authors=[*NAMES, *NAMES[:3]])
    assert_allclose(model.author_topic_prior_.sum(), LENGTH, rtol=1e-12)


def test_document_counts_what_modalities_weigh():
    half = X6.shape[1] // 2
    modalities = {"words": slice(0, half), "tags": slice(half, X6.shape[1])}
    model = author_topic(modalities=modalities, modality_weights={"tags": 0.5}, init=None).fit(X6, authors=NAMES)
    mass = X6[:, :half].sum() + 0.5 * X6[:, half:].sum()
    assert_allclose(model.author_topic_prior_.sum(), mass / (LENGTHS > 0).sum(), rtol=1e-12)


def test_document_is_of_all_documents_of_a_stream():
    model = author_topic()
    for part in (slice(0, 1), slice(1, 4), slice(4, 6)):
        model.partial_fit(X6[part], authors=NAMES[part])
    assert_allclose(model.author_topic_prior_.sum(), LENGTH, rtol=1e-6)
    again = model.set_params(warm_start=True).fit(X6[:2], authors=NAMES[:2])
    assert_allclose(again.author_topic_prior_.sum(), LENGTHS[:2].mean(), rtol=1e-12)


@pytest.mark.parametrize("method", ["batch", "online"])
@pytest.mark.parametrize("prior", [0.2, "array"])
@pytest.mark.parametrize("several", [False, True], ids=["words", "modalities"])
def test_constants_inside_of_the_kernel_equal_terms(monkeypatch, method, prior, several):
    given = np.linspace(0, 0.5, X6.shape[1]) if prior == "array" else prior
    modalities = {"a": slice(0, 5), "b": slice(5, X6.shape[1])} if several else None
    init = None if several else topics()
    options = {"topic_word_prior": given, "learning_method": method, "batch_size": 2, "modalities": modalities}
    inside = author_topic(**options, init=init, random_state=0, unregularized_iter=1).fit(X6, authors=NAMES)
    monkeypatch.setattr(WordPrior, "constant", lambda self: None)
    monkeypatch.setattr(WordPrior, "add_term", lambda self, phi_wt, n_wt, out: np.add(out, self.prior, out=out))
    terms = author_topic(**options, init=init, random_state=0, unregularized_iter=1).fit(X6, authors=NAMES)
    assert_allclose(inside.components_, terms.components_, rtol=1e-9, atol=1e-12)
    assert_allclose(inside.author_topics_, terms.author_topics_, rtol=1e-9, atol=1e-12)
    assert_allclose(inside.history_["objective"], terms.history_["objective"], rtol=1e-9)
    assert_allclose(inside.topic_mass_, terms.topic_mass_, rtol=1e-9)


def test_constants_go_on_in_a_stream(monkeypatch):
    def stream():
        model = author_topic(topic_word_prior=0.3, init=None, random_state=0)
        for _ in range(2):
            for part in (slice(0, 2), slice(2, 6)):
                model.partial_fit(X6[part], authors=NAMES[part])
        return model

    inside = stream()
    monkeypatch.setattr(WordPrior, "constant", lambda self: None)
    monkeypatch.setattr(WordPrior, "add_term", lambda self, phi_wt, n_wt, out: np.add(out, self.prior, out=out))
    assert_allclose(inside.components_, stream().components_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("before", [None, 2.0, "every cell"])
def test_learning_of_priors_begins_in_a_warm_start(before):
    word = np.full((N_TOPICS, X6.shape[1]), 0.1) if before == "every cell" else before
    author = 2.0 if before == "every cell" else before
    model = author_topic(author_topic_prior=author, topic_word_prior=word, warm_start=True).fit(X6, authors=NAMES)
    model.set_params(author_topic_prior="auto", topic_word_prior="auto").fit(X6, authors=NAMES)
    for learned in (model.author_topic_prior_, model.topic_word_prior_):
        assert learned.ndim == 1
        assert np.isfinite(learned).all()
        assert (learned > 0).all()
    assert np.isfinite(model.components_).all()


@pytest.mark.parametrize("name", ["author_topic_prior", "topic_word_prior"])
def test_priors_beyond_float32(name):
    with pytest.raises(ValueError, match=f"'{name}' must have a finite term"):
        author_topic(**{name: 1e39}, dtype="float32").fit(X6, authors=NAMES)


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_threads_do_not_change_the_defaults(n_jobs):
    X = sparse.vstack([corpus(seed, n_docs=50) for seed in range(4)], format="csr")
    names = [NAMES[d % 6] for d in range(200)]
    model = AuthorTopic(150, max_iter=3, tol=0, random_state=0)
    one, more = (clone(model).set_params(n_jobs=n).fit(X, authors=names) for n in (1, n_jobs))
    assert_array_equal(more.components_, one.components_)
    assert_array_equal(more.author_topics_, one.author_topics_)
    assert more.history_["objective"] == one.history_["objective"]

"""Words that appear late are learned, by every model that learns from a stream; what is nothing forgets nothing."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

import skartm
from skartm import LDA, PLSA, ARTMClassifier, ARTMTransformer, AuthorTopic, SimplexNMF
from skartm.datasets import open_memmap, save_memmap
from skartm.exceptions import DeadTopicWarning
from skartm.metrics import topic_diversity
from skartm.regularizers import SmoothSparsePhi
from tests.reliability.late_words import (
    LATE,
    LEARNERS,
    N_TOKENS,
    N_TOPICS,
    WARM,
    counts,
    texts,
)

# not from a stream of documents with words: topics of these come from embeddings, or from estimators inside
OTHERS = {"EmbeddedTopicModel", "TopicPipeline"}
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def stream():
    """Texts of two halves, where some words occur in the second one alone, other texts, and the main topics."""
    words, topics = texts()
    first = np.where(LATE[words[:150]], -1, words[:150])
    return first, words[150:300], words[300:], topics


def second_half(learner, model, stream):
    words, topics = stream[1], stream[3]
    for begin in range(0, 150, 50):
        learner.learn(model, "partial_fit", words[begin : begin + 50], topics[150 + begin : 200 + begin])
    return model


def from_the_start(learner, stream):
    """A model that met the same documents, by updates alone."""
    model = learner.make()
    for begin in range(0, 150, 50):
        learner.learn(model, "partial_fit", stream[0][begin : begin + 50], stream[3][begin : begin + 50])
    return second_half(learner, model, stream)


def occurring(words):
    return np.unique(words[words >= 0])


def test_every_model_of_streams_is_here():
    found = {name for name in skartm.__all__ if hasattr(getattr(skartm, name), "partial_fit")}
    assert {name.split(",")[0] for name in LEARNERS} == found - OTHERS


@pytest.mark.parametrize("name", LEARNERS)
def test_update(name, stream):
    learner = LEARNERS[name]
    model = learner.make()
    learner.learn(model, "fit", stream[0], stream[3][:150])
    second_half(learner, model, stream)
    assert model.components_[:, occurring(stream[1])].any(axis=0).all()
    reference = from_the_start(learner, stream)
    assert learner.loss(model, stream[2]) < 1.15 * learner.loss(reference, stream[2])


@pytest.mark.parametrize("name", WARM)
def test_warm_start(name, stream):
    learner = LEARNERS[name]
    model = learner.make(warm_start=True)
    learner.learn(model, "fit", stream[0], stream[3][:150])
    learner.learn(model, "fit", stream[1], stream[3][150:300])
    assert model.components_[:, occurring(stream[1])].any(axis=0).all()
    knowing = learner.make(warm_start=True)
    learner.learn(knowing, "fit", texts()[0][:150], stream[3][:150])
    learner.learn(knowing, "fit", stream[1], stream[3][150:300])
    assert learner.loss(model, stream[2]) < 1.25 * learner.loss(knowing, stream[2])


def test_from_disk(stream, tmp_path):
    save_memmap(tmp_path / "second", counts(stream[1]).astype(np.float32))
    fits = []
    for second in (counts(stream[1]), open_memmap(tmp_path / "second")):
        model = PLSA(N_TOPICS, max_iter=5, tol=0, random_state=0, warm_start=True).fit(counts(stream[0]))
        fits.append([model.partial_fit(second).components_, model.fit(second).components_])
        assert fits[-1][0][:, occurring(stream[1])].any(axis=0).all()
    assert_array_equal(fits[0][0], fits[1][0])
    assert_array_equal(fits[0][1], fits[1][1])


def test_a_new_word_takes_the_topics_of_its_documents(stream):
    """p(t|d,w) of its first occurrence is near to p(t|d): all topics of the word come from the words beside it."""
    model = PLSA(N_TOPICS, max_iter=30, tol=0, random_state=0, learning_offset=0.0).fit(counts(stream[0]))
    X = counts(stream[1])
    known = X.copy().tolil()
    known[:, np.flatnonzero(LATE)] = 0
    theta = model.transform(known.tocsr())
    expected = (X.T @ theta)[LATE]  # of all updates that are one pass over the second half
    model.partial_fit(X)
    found = (model.components_ * model.topic_mass_[:, None]).T[LATE]
    filled = expected.sum(axis=1) > 3
    shares = [table[filled] / table[filled].sum(axis=1, keepdims=True) for table in (found, expected)]
    assert np.abs(shares[0] - shares[1]).sum(axis=1).mean() < 0.15


def test_words_of_a_text_without_any_known_one_part():
    """Another language: nothing but their own documents can tell the topics of these words apart."""
    words, _ = texts()
    both = sparse.hstack([counts(words)] * 2).tolil()
    both[:200, N_TOKENS:] = 0
    both[200:, :N_TOKENS] = 0
    both = both.tocsr()
    model = PLSA(N_TOPICS, max_iter=20, tol=0, random_state=0).fit(both[:200])
    for _ in range(3):
        model.partial_fit(both[200:])
    # without any difference to begin with it is 1 / N_TOPICS for ever: the same words in all topics
    assert topic_diversity(model.components_[:, N_TOKENS:], n_top=8) > 1.5 / N_TOPICS


class TestEvidence:
    def test_what_a_regularizer_emptied_stays_empty(self, stream):
        X = counts(np.concatenate([stream[1], stream[2]]))
        rare = np.flatnonzero(np.asarray(X.sum(axis=0)).ravel() > 0)[:3]
        emptying = SmoothSparsePhi(-1e6, distribution=np.isin(np.arange(N_TOKENS), rare) / rare.size)
        closing = ARTMTransformer(
            N_TOPICS, max_iter=3, tol=0, random_state=0, warm_start=True, regularizers=[("gone", emptying)]
        ).fit(X)
        assert not closing.components_[:, rare].any()
        assert closing.tokens_seen_[rare].all()
        closing.set_params(regularizers=[]).fit(X)
        closing.partial_fit(X)
        assert not closing.components_[:, rare].any()

    def test_zeros_and_weights_of_zero_are_none(self, stream):
        X = counts(stream[0])
        with_zeros = counts(stream[1])
        with_zeros.data[LATE[with_zeros.indices]] = 0
        model = PLSA(N_TOPICS, max_iter=3, tol=0, random_state=0, warm_start=True).fit(X)
        model.partial_fit(with_zeros).fit(with_zeros)
        assert not model.tokens_seen_[LATE].any()
        both = sparse.vstack([counts(stream[1]), X]).tocsr()
        weights = np.repeat([0.0, 1.0], [150, 150])
        model.partial_fit(both, sample_weight=weights).fit(both, sample_weight=weights)
        assert not model.tokens_seen_[LATE].any()
        assert model.partial_fit(counts(stream[1])).tokens_seen_[occurring(stream[1])].all()

    def test_zeros_of_a_given_init_stay(self, stream):
        init = np.random.default_rng(0).random((N_TOPICS, N_TOKENS)) * ~LATE
        init /= init.sum(axis=1, keepdims=True)
        model = PLSA(N_TOPICS, max_iter=3, tol=0, init=init).fit(counts(stream[0])).partial_fit(counts(stream[1]))
        assert not model.components_[:, LATE].any()

    def test_a_model_of_an_older_version(self, stream):
        model = PLSA(N_TOPICS, max_iter=3, tol=0, random_state=0).fit(counts(stream[0]))
        del vars(model)["tokens_seen_"]
        assert model.partial_fit(counts(stream[1])).components_[:, occurring(stream[1])].any(axis=0).all()

    def test_new_words_leave_dead_topics_dead(self, stream):
        killing = [("kill", SmoothSparsePhi(-1e5, topics=[1]))]
        model = ARTMTransformer(N_TOPICS, max_iter=5, tol=0, random_state=0, regularizers=killing)
        with pytest.warns(DeadTopicWarning):
            model.fit(counts(stream[0]))
        model.set_params(regularizers=[]).partial_fit(counts(stream[1]))
        assert_array_equal(model.dead_topics_, [1])
        assert not model.components_[1].any()


@pytest.mark.parametrize("name", LEARNERS)
def test_nothing_forgets_nothing(name, stream):
    """Documents without any word, after learning: the model stays, and counts them as nothing."""
    learner = LEARNERS[name]
    model = learner.make()
    learner.learn(model, "partial_fit", stream[1], stream[3][150:300])
    before = model.components_.copy()
    for _ in range(3):
        learner.learn(model, "partial_fit", np.full((5, 40), -1), np.zeros(5, dtype=int))
    assert_allclose(model.components_, before, rtol=1e-6)
    other = learner.make()
    learner.learn(other, "partial_fit", stream[1], stream[3][150:300])
    for trained in (model, other):
        learner.learn(trained, "partial_fit", stream[2], stream[3][300:])
    assert_allclose(model.components_, other.components_, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_first_batch_smaller_than_the_topics(name, stream):
    learner = LEARNERS[name]
    model = learner.make()
    learner.learn(model, "partial_fit", stream[1][:2], stream[3][150:152])
    for begin in range(0, 150, 50):
        learner.learn(model, "partial_fit", stream[1][begin : begin + 50], stream[3][150 + begin : 200 + begin])
    assert model.components_[:, occurring(stream[1])].any(axis=0).all()
    whole = second_half(learner, learner.make(), stream)
    assert learner.loss(model, stream[2]) < 1.25 * learner.loss(whole, stream[2])


def test_authors_of_fewer_documents_than_topics_do_not_copy(stream):
    words, topics = texts(900, seed=3)
    X, authors = counts(words), [f"a{t}" for t in topics]
    fits = {}
    for first in (3, 150):
        model = AuthorTopic(N_TOPICS, random_state=0)
        model.partial_fit(X[:first], authors=authors[:first])
        for begin in range(first, 900, 150):
            model.partial_fit(X[begin : begin + 150], authors=authors[begin : begin + 150])
        fits[first] = topic_diversity(model.components_, n_top=8)
    assert fits[3] > 0.9 * fits[150]


def test_a_first_batch_without_words_is_refused(stream):
    empty = sparse.csr_matrix((5, N_TOKENS))
    y = np.arange(5) % N_TOPICS
    for model in (PLSA(N_TOPICS), LDA(N_TOPICS, inference="map"), SimplexNMF(N_TOPICS)):
        with pytest.raises(ValueError, match="tokens|zeros"):
            model.partial_fit(empty)
    classifier = ARTMClassifier(N_TOPICS, random_state=0)
    with pytest.raises(ValueError, match="ARTMClassifier: X must have tokens"):
        classifier.partial_fit(empty, y, classes=np.arange(N_TOPICS))
    assert not hasattr(classifier, "model_")

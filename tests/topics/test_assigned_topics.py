import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from skartm import LDA, PLSA, AuthorTopic, TopicPipeline, topic_groups
from tests.topics.models import MODELS, corpus, model

NAMES = topic_groups(subject=3, background=1)


@pytest.mark.parametrize("name", MODELS)
def test_is_the_largest_share(name):
    X = corpus(0)
    fitted = model(name).fit(X)
    topics = fitted.predict_topics(X)
    assert topics.dtype.kind == "i"
    np.testing.assert_array_equal(topics, fitted.transform(X).argmax(axis=1))


@pytest.mark.parametrize("without", ["background*", "background0", ["background0"], [3], slice(3, None), [-1]])
def test_topics_that_are_left_out_get_no_document(without):
    X = corpus(0)
    fitted = model(topic_names=NAMES).fit(X)
    assert 3 in fitted.predict_topics(X)
    topics = fitted.predict_topics(X, without=without)
    np.testing.assert_array_equal(topics, fitted.transform(X)[:, :3].argmax(axis=1))
    mask = np.array([True, False, False, False])
    np.testing.assert_array_equal(fitted.predict_topics(X, without=mask), 1 + fitted.transform(X)[:, 1:].argmax(axis=1))


def test_models_have_names_of_their_own():
    X = corpus(0)
    lda = LDA(4, random_state=0, n_jobs=1).fit(X)
    assert set(lda.predict_topics(X, without=["lda0", "lda2"])) == {1, 3}


def test_a_document_without_tokens_has_the_first_topic():
    fitted = model(topic_names=NAMES).fit(corpus(0))
    nothing = np.zeros((1, 30))
    assert fitted.predict_topics(nothing).tolist() == [0]
    assert fitted.predict_topics(nothing, without="subject[01]").tolist() == [2]


def test_frames_come_out_as_columns_too():
    X = corpus(0)
    fitted = model(topic_names=NAMES).fit(X).set_output(transform="pandas")
    assert isinstance(fitted.transform(X), pd.DataFrame)
    assert isinstance(fitted.predict_topics(X), np.ndarray)


def test_of_a_pipeline_and_of_authors():
    texts = ["cat milk cat", "stock money", "money stock stock"] * 3
    pipe = TopicPipeline(CountVectorizer(), PLSA(2, random_state=0, n_jobs=1)).fit(texts)
    topics = pipe.predict_topics(texts)
    np.testing.assert_array_equal(topics, pipe.transform(texts).argmax(axis=1))
    assert set(pipe.predict_topics(texts, without="plsa1")) == {0}
    X = corpus(0)
    authors = AuthorTopic(4, random_state=0, max_iter=3, tol=0, n_jobs=1).fit(X, authors=[["a"], ["b"]] * 12)
    np.testing.assert_array_equal(authors.predict_topics(X), authors.transform(X).argmax(axis=1))


def test_errors():
    X = corpus(0)
    with pytest.raises(ValueError, match="not fitted"):
        model().predict_topics(X)
    fitted = model(topic_names=NAMES).fit(X)
    with pytest.raises(ValueError, match=r"predict_topics: without must leave at least one of 4 topics. Got '\*'"):
        fitted.predict_topics(X, without="*")
    with pytest.raises(ValueError, match=r"predict_topics: topics must name topics of the model. Got 'backround0'"):
        fitted.predict_topics(X, without="backround0")
    with pytest.raises(ValueError, match="pattern 'common[*]', which no name matches"):
        fitted.predict_topics(X, without="common*")

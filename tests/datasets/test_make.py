"""Generated corpora."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.stats import chisquare
from sklearn.decomposition import NMF

from skartm.datasets import make_topics


def test_shapes_and_sums():
    corpus = make_topics(7, 11, 3, doc_length=[0, 1, 2, 3, 50, 0, 4], random_state=0)
    assert sorted(corpus) == ["components", "data", "doc_topic"]
    assert corpus.data.shape == (7, 11)
    assert corpus.data.dtype == np.float32
    assert corpus.data.has_canonical_format
    assert_array_equal(np.asarray(corpus.data.sum(axis=1)).ravel(), [0, 1, 2, 3, 50, 0, 4])
    assert_allclose(corpus.components.sum(axis=1), np.ones(3))
    assert_allclose(corpus.doc_topic.sum(axis=1), np.ones(7))


def test_seed():
    first, second, other = (make_topics(5, 6, 2, random_state=seed) for seed in (0, np.random.RandomState(0), 1))
    assert (first.data != second.data).nnz == 0
    assert_array_equal(first.components, second.components)
    assert (first.data != other.data).nnz > 0


@pytest.mark.parametrize("prior", [1e-8, 1e-3, 1.0, 1e6])
def test_any_prior_gives_distributions(prior):
    corpus = make_topics(20, 30, 4, doc_topic_prior=prior, topic_word_prior=prior, random_state=0)
    for probabilities in (corpus.doc_topic, corpus.components):
        assert np.isfinite(probabilities).all()
        assert_allclose(probabilities.sum(axis=1), 1)


def test_tokens_follow_theta_phi():
    corpus = make_topics(2, 8, 3, doc_length=200_000, topic_word_prior=1.0, doc_topic_prior=1.0, random_state=0)
    expected = 200_000 * corpus.doc_topic @ corpus.components
    for counts, mean in zip(corpus.data.toarray(), expected):
        assert chisquare(counts, mean).pvalue > 1e-4


def test_sequences_are_segments_of_one_topic():
    lengths = np.array([10, 0, 1, 7])
    corpus = make_topics(4, 9, 3, doc_length=lengths, segment_length=4, doc_topic_prior=10.0, random_state=0)
    assert_array_equal(np.diff(corpus.data.indptr), lengths)
    assert_array_equal(corpus.data.data, np.ones(18))
    assert corpus.token_topics.shape == (18,)
    starts = corpus.data.indptr[:-1]
    for start, length in zip(starts, lengths):
        for segment in range(start, start + length, 4):
            assert len(set(corpus.token_topics[segment : min(segment + 4, start + length)])) == 1
    assert (corpus.components[corpus.token_topics, corpus.data.indices] > 0).all()


def test_order_carries_nothing_with_segments_of_one():
    corpus = make_topics(1, 5, 2, doc_length=20_000, segment_length=1, doc_topic_prior=5.0, random_state=0)
    topics = corpus.token_topics
    same = np.mean(topics[1:] == topics[:-1])
    assert_allclose(same, (corpus.doc_topic[0] ** 2).sum(), atol=0.02)


def test_topics_can_be_recovered():
    corpus = make_topics(300, 100, 4, doc_length=200, random_state=0)
    found = NMF(4, random_state=0, max_iter=1000, tol=1e-3).fit(corpus.data).components_
    found /= found.sum(axis=1, keepdims=True)
    overlap = np.minimum(found[:, np.newaxis], corpus.components).sum(axis=2)
    assert overlap[linear_sum_assignment(-overlap)].min() > 0.8


@pytest.mark.parametrize("name", ["n_docs", "n_tokens", "n_topics", "segment_length"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "3", True])
def test_sizes_are_checked(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of make_topics must be a positive int. Got {value!r}"):
        make_topics(**{name: value})


@pytest.mark.parametrize("name", ["doc_topic_prior", "topic_word_prior"])
@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, "0.1"])
def test_priors_are_checked(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of make_topics must be a positive float. Got"):
        make_topics(5, 5, 2, **{name: value})


@pytest.mark.parametrize("value", [-1, 2.5, [1, 2], [[1] * 5], [1, 2, 3, 4, -5], "10"])
def test_lengths_are_checked(value):
    with pytest.raises(
        ValueError, match="'doc_length' parameter of make_topics must be a non-negative int, or 5 of them"
    ):
        make_topics(5, 5, 2, doc_length=value)

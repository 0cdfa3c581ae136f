"""p(t|d,w) of fitted models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from skartm import ARTMTransformer
from skartm.datasets import make_topics
from skartm.em import PosteriorTerm
from skartm.metrics import completion_split, log_likelihood
from skartm.regularizers import Regularizer, SmoothPosterior, SparsePosterior
from skartm.topics import _token_topics
from tests.em.corpora import corpus

OPTIONS = {"max_iter": 5, "tol": 0, "random_state": 0, "n_jobs": 1, "dtype": "float64"}


def posterior(model, X):
    """norm (phi theta) entry by entry."""
    theta, rows = model.transform(X), []
    for d in range(X.shape[0]):
        for w in X.indices[X.indptr[d] : X.indptr[d + 1]]:
            joint = model.components_[:, w] * theta[d]
            rows.append(joint / joint.sum() if joint.sum() > 0 else joint)
    return np.array(rows)


def test_it_is_the_posterior(monkeypatch):
    X = corpus(0)
    model = ARTMTransformer(4, **OPTIONS).fit(X)
    expected = posterior(model, X)
    assert_allclose(model.token_topics(X, threshold=0).toarray(), expected, atol=1e-12)
    dense = model.token_topics(X, dense=True)
    assert [len(part) for part in dense] == np.diff(X.indptr).tolist()
    assert_allclose(np.vstack(dense), expected, atol=1e-12)
    monkeypatch.setattr(_token_topics, "_DOCUMENTS", 5)
    assert_array_equal(np.vstack(model.token_topics(X, dense=True)), np.vstack(dense))


def test_small_probabilities_are_dropped():
    X = corpus(0)
    model = ARTMTransformer(4, **OPTIONS).fit(X)
    whole, some = model.token_topics(X, threshold=0).toarray(), model.token_topics(X, threshold=0.3)
    kept = (whole >= 0.3) | (whole == whole.max(axis=1, keepdims=True))
    assert_array_equal(some.toarray() > 0, kept)
    assert_allclose(some.sum(axis=1).A1, 1)
    assert some.nnz < (whole > 0).sum()


def test_entries_are_in_the_order_of_the_matrix():
    sequences = make_topics(12, 30, 4, doc_length=20, segment_length=4, random_state=0).data
    counts = sequences.copy()
    counts.sum_duplicates()
    model = ARTMTransformer(4, **OPTIONS).fit(counts)
    shuffled = counts.copy()
    for start, stop in zip(counts.indptr[:-1], counts.indptr[1:]):
        shuffled.indices[start:stop] = counts.indices[start:stop][::-1]
        shuffled.data[start:stop] = counts.data[start:stop][::-1]
    for X in (sequences, counts, shuffled):
        assert_allclose(np.vstack(model.token_topics(X, dense=True)), posterior(model, X), atol=1e-12)


class CountsAboveOne(Regularizer):
    """Tokens that a document has more of have one topic, the first: reads columns and counts."""

    side = "posterior"

    def __init__(self, tau=1.0, tokens=(0,)):
        self.tau = tau
        self.tokens = tokens

    def bind(self, layout):
        return _CountsAboveOne(layout.columns(self.tokens, "CountsAboveOne"))


class _CountsAboveOne(PosteriorTerm):
    def __init__(self, tokens):
        self.tokens = tokens

    def apply(self, p_it, tokens, counts):
        chosen = np.isin(tokens, self.tokens) | (counts > 1.5)
        return np.where(chosen[:, None], np.eye(p_it.shape[1], dtype=p_it.dtype)[0], p_it)


def test_terms_read_the_same_columns_and_counts_everywhere():
    rng = np.random.default_rng(0)
    indptr = np.arange(0, 201, 10)
    X = csr_matrix((np.ones(200), rng.integers(0, 40, 200), indptr), shape=(20, 40))
    weights = {"words": 0.5, "tags": 4.0}
    model = ARTMTransformer(
        3,
        regularizers=[("c", CountsAboveOne(tokens=[7, 11]))],
        modalities={"words": slice(30), "tags": slice(30, 40)},
        modality_weights=weights,
        **OPTIONS,
    ).fit(X)
    p = np.vstack(model.token_topics(X, dense=True))
    counts = np.array(
        [(X.indices[d * 10 : d * 10 + 10] == w).sum() for d in range(20) for w in X.indices[d * 10 :][:10]]
    )
    chosen = np.isin(X.indices, [7, 11]) | (X.indices >= 30) | (0.5 * counts > 1.5)
    assert_array_equal(p[chosen], np.eye(3)[[0] * chosen.sum()])
    assert_allclose(p[~chosen], posterior(model, X)[~chosen], atol=1e-12)
    assert 20 < chosen.sum() < 180
    theta = model.transform(X)
    for d in range(20):  # few columns, which are not renumbered for those who ask
        assert_array_equal(model.transform(X[d : d + 1])[0], theta[d])
        assert_array_equal(model.token_topics(X[d : d + 1], dense=True)[0], p[10 * d : 10 * d + 10])


def test_theta_is_the_mean_of_its_tokens():
    X = make_topics(30, 60, 4, segment_length=5, random_state=0).data
    for regularizer in (SmoothPosterior(0.5), SparsePosterior(top_k=2)):
        model = ARTMTransformer(4, regularizers=[("r", regularizer)], doc_tol=0, max_doc_iter=200, **OPTIONS).fit(X)
        p = np.array([part.mean(axis=0) for part in model.token_topics(X, dense=True)])
        assert_allclose(p, model.transform(X), atol=0.02)


def test_weights_of_modalities_that_are_zero():
    X = corpus(0)
    model = ARTMTransformer(
        4,
        modalities={"words": slice(20), "tags": slice(20, 30)},
        modality_weights={"tags": 0.0},
        regularizers=[("r", SmoothPosterior(window=2))],
        **OPTIONS,
    )
    X.indices[:] = X.indices[::-1].copy()
    p = np.vstack(model.fit(X).token_topics(X, dense=True))
    tags = X.indices >= 20
    assert not p[tags].any()
    others = ~tags & (model.components_.sum(axis=0)[X.indices] > 0)
    assert_allclose(p[others].sum(axis=1), 1)


def test_columns_without_documents():
    X = corpus(0)
    model = ARTMTransformer(4, **OPTIONS).fit(X)
    empty = csr_matrix((2, 30))
    assert model.token_topics(empty).shape == (0, 4)
    assert [part.shape for part in model.token_topics(empty, dense=True)] == [(0, 4), (0, 4)]


@pytest.mark.parametrize("threshold", [-0.1, 1, 2])
def test_bad_thresholds(threshold):
    X = corpus(0)
    with pytest.raises(ValueError, match=r"'threshold' parameter of token_topics must be in \[0, 1\)"):
        ARTMTransformer(4, **OPTIONS).fit(X).token_topics(X, threshold=threshold)


def test_order_of_the_text_is_kept_by_scores_and_asked_for_by_transform():
    X = make_topics(n_docs=60, segment_length=20, random_state=0).data
    observed, held_out = completion_split(X, keep_order=True)
    assert_array_equal(observed.toarray() + held_out.toarray(), X.toarray())
    for kept, counts in zip((observed, held_out), completion_split(X), strict=True):
        assert (np.diff(kept.indices) < 0).sum() > 10 * X.shape[0]
        assert_array_equal(kept.toarray(), counts.toarray())
    smooth = [("smooth", SmoothPosterior(0.5, window=3))]
    fitted = ARTMTransformer(5, regularizers=smooth, max_iter=5, tol=0, random_state=0, n_jobs=1).fit(X)
    expected = log_likelihood(fitted.components_, fitted.transform(observed), held_out)
    assert fitted.score(X) == pytest.approx(expected)
    sorted_rows = X.copy()
    sorted_rows.sum_duplicates()
    for method in (fitted.transform, fitted.token_topics, fitted.score):
        with pytest.raises(ValueError, match="X must keep the order of the text"):
            method(sorted_rows)

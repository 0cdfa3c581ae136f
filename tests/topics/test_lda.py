"""LDA is scikit-learn's LatentDirichletAllocation, with another engine."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from skartm import LDA, ARTMTransformer
from skartm.metrics import completion_split, log_likelihood
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta
from tests.topics.models import corpus

CASES = {
    "defaults": {},
    "priors": {"doc_topic_prior": 0.3, "topic_word_prior": 0.05},
    "small priors": {"doc_topic_prior": 0.01, "topic_word_prior": 0.01},
    "one topic": {"n_components": 1},
    "many topics": {"n_components": 40},
    "few inner passes": {"max_doc_update_iter": 3},
    "exact": {"mean_change_tol": 0.0, "max_doc_update_iter": 20},
    "decay": {"learning_decay": 0.9, "learning_offset": 50.0},
}
cases = pytest.mark.parametrize("parameters", CASES.values(), ids=CASES.keys())


@pytest.fixture(scope="module")
def X():
    return corpus(0, n_docs=60, n_tokens=80, density=0.2)


def both(**parameters):
    arguments = {"n_components": 5, "max_iter": 6, "random_state": 0, **parameters}
    return LDA(**arguments, n_jobs=1), LatentDirichletAllocation(**arguments)


def assert_same(ours, theirs, X):
    assert_allclose(ours.components_, theirs.components_, rtol=1e-5)
    assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-4, atol=1e-7)
    assert_allclose(ours.transform(X, normalize=False), theirs.transform(X, normalize=False), rtol=1e-4, atol=1e-5)
    assert ours.score(X) == pytest.approx(theirs.score(X), rel=1e-6)
    assert ours.perplexity(X) == pytest.approx(theirs.perplexity(X), rel=1e-5)
    assert ours.n_batch_iter_ == theirs.n_batch_iter_
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.doc_topic_prior_ == theirs.doc_topic_prior_
    assert ours.topic_word_prior_ == theirs.topic_word_prior_


@cases
@pytest.mark.parametrize("learning_method", ["batch", "online"])
def test_equals_scikit_learn(parameters, learning_method, X):
    ours, theirs = both(learning_method=learning_method, batch_size=16, **parameters)
    assert_same(ours.fit(X), theirs.fit(X), X)
    assert ours.bound_ == pytest.approx(theirs.bound_, rel=1e-5)


@cases
def test_partial_fit_equals_scikit_learn(parameters, X):
    ours, theirs = both(batch_size=16, total_samples=500, **parameters)
    for start in (0, 25, 50, 0):
        ours.partial_fit(X[start : start + 25])
        theirs.partial_fit(X[start : start + 25])
    assert_allclose(ours.components_, theirs.components_, rtol=1e-5)
    assert ours.n_batch_iter_ == theirs.n_batch_iter_
    assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("learning_method", ["batch", "online"])
def test_partial_fit_after_fit_equals_scikit_learn(learning_method, X):
    ours, theirs = both(learning_method=learning_method, batch_size=16, total_samples=60)
    ours.fit(X).partial_fit(X[:20])
    theirs.fit(X).partial_fit(X[:20])
    assert_allclose(ours.components_, theirs.components_, rtol=1e-5)


@pytest.mark.parametrize("every", [1, 2])
def test_stopping_on_the_bound_equals_scikit_learn(every, X):
    ours, theirs = both(evaluate_every=every, perp_tol=0.5, max_iter=100)
    ours.fit(X)
    theirs.fit(X)
    assert_allclose(ours.components_, theirs.components_, rtol=1e-5)
    assert ours.n_batch_iter_ == theirs.n_batch_iter_ < 100
    assert ours.n_iter_ == theirs.n_iter_ + 1  # scikit-learn does not count the pass that it stops after


@pytest.mark.parametrize("seed", range(3))
def test_dense_counts_and_seeds(seed, X):
    ours, theirs = both(random_state=seed)
    dense = X.toarray()
    assert_same(ours.fit(dense), theirs.fit(dense), dense)


def test_fractional_counts(X):
    ours, theirs = both()
    fractions = X * 0.3
    assert_same(ours.fit(fractions), theirs.fit(fractions), fractions)


def test_random_state_is_drawn_from_as_scikit_learn_does(X):
    ours, theirs = both(random_state=np.random.RandomState(3)), both(random_state=np.random.RandomState(3))
    assert_allclose(ours[0].fit(X).components_, theirs[1].fit(X).components_, rtol=1e-5)


def test_parameters_are_those_of_scikit_learn():
    ours, theirs = LDA().get_params(), LatentDirichletAllocation().get_params()
    assert set(ours) - set(theirs) == {"inference", "leave_one_out", "dtype"}
    assert set(theirs) <= set(ours)
    assert {key: ours[key] for key in theirs} == theirs


def test_fit_transform_normalizes_on_request(X):
    ours, _ = both()
    raw = ours.fit_transform(X, normalize=False)
    assert_array_equal(ours.fit_transform(X), raw / raw.sum(axis=1, keepdims=True))
    assert_array_equal(ours.transform(X), ours.fit_transform(X))


def test_float32_is_close(X):
    # the same updates; only rounding and where a document stops differ
    ours, theirs = both(mean_change_tol=0.0, max_doc_update_iter=30)
    ours.set_params(dtype="float32")
    assert_allclose(ours.fit(X).components_, theirs.fit(X).components_, rtol=0.05, atol=0.05)
    assert ours.components_.dtype == np.float32
    assert ours.transform(X).dtype == np.float32
    assert ours.perplexity(X) == pytest.approx(theirs.perplexity(X), rel=1e-2)


def test_bound_rises(X):
    ours = both(max_iter=1, mean_change_tol=1e-6, max_doc_update_iter=500)[0]
    scores = [ours.set_params(max_iter=n).fit(X).score(X) for n in range(1, 12)]
    assert (np.diff(scores) > -1e-2).all()


def test_weights_of_score_are_repetitions(X):
    ours = both()[0].fit(X)
    weights = np.arange(60) % 3
    assert ours.score(X, sample_weight=weights) == pytest.approx(ours.score(X[np.repeat(np.arange(60), weights)]))


@pytest.mark.parametrize("leave_one_out", [False, True])
@pytest.mark.parametrize("learning_method", ["batch", "online"])
def test_map_is_artm_with_constant_smoothing(learning_method, leave_one_out, X):
    arguments = {"learning_method": learning_method, "batch_size": 16, "dtype": "float64", "n_jobs": 1}
    arguments["leave_one_out"] = leave_one_out
    lda = LDA(
        5,
        inference="map",
        doc_topic_prior=0.2,
        topic_word_prior=0.1,
        max_iter=5,
        mean_change_tol=0.0,
        max_doc_update_iter=7,
        random_state=0,
        **arguments,
    ).fit(X)
    start = check_random_state(0).gamma(100.0, 0.01, (5, X.shape[1]))
    artm = ARTMTransformer(
        5,
        regularizers=[("phi", SmoothSparsePhi(0.1)), ("theta", SmoothSparseTheta(0.2))],
        init=start / start.sum(axis=1, keepdims=True),
        max_iter=5,
        tol=0,
        doc_tol=0,
        max_doc_iter=7,
        learning_offset=10.0,
        **arguments,
    ).fit(X)
    phi = lda.components_ / lda.components_.sum(axis=1, keepdims=True)
    if learning_method == "batch":
        assert_allclose(phi, artm.components_, rtol=1e-8, atol=1e-12)
        assert_allclose(lda.transform(X), artm.transform(X), rtol=1e-7, atol=1e-12)
    else:  # LDA starts its counters from noise, ARTM from the mass of the corpus
        assert np.corrcoef(phi.ravel(), artm.components_.ravel())[0, 1] > 0.5


def test_score_of_map_is_completion(X):
    lda = LDA(5, inference="map", max_iter=5, random_state=0, n_jobs=1).fit(X)
    observed, held_out = completion_split(X)
    phi = lda.components_ / lda.components_.sum(axis=1, keepdims=True)
    expected = log_likelihood(phi, lda.transform(observed), held_out)
    assert lda.score(X) == pytest.approx(expected, rel=1e-9)
    assert lda.perplexity(X) == pytest.approx(np.exp(-expected), rel=1e-9)
    assert not hasattr(lda, "bound_")


def test_map_without_priors_is_plsa(X):
    lda = LDA(5, inference="map", doc_topic_prior=0.0, topic_word_prior=0.0, max_iter=3, random_state=0, n_jobs=1).fit(
        X
    )
    assert (lda.components_ >= 0).all()
    assert_allclose(lda.topic_mass_.sum(), X.sum(), rtol=1e-9)


@pytest.mark.parametrize("inference", ["variational", "map"])
def test_attributes(inference, X):
    lda = LDA(5, inference=inference, max_iter=4, random_state=0, n_jobs=1).fit(X)
    assert lda.n_iter_ == 4
    assert lda.topic_mass_.shape == (5,)
    assert_allclose(lda.topic_mass_.sum(), X.sum(), rtol=1e-6)
    assert_allclose(lda.components_.sum(axis=1), lda.topic_mass_ + X.shape[1] * lda.topic_word_prior_, rtol=1e-6)
    assert len(lda.history_["perplexity"]) == 4
    assert set(lda.history_) >= {"log_likelihood", "perplexity", "objective", "seconds"}
    assert np.isfinite(lda.history_["perplexity"]).all()
    assert lda.n_features_in_ == X.shape[1]


@pytest.mark.parametrize("method", ["transform", "score", "perplexity", "get_feature_names_out"])
def test_not_fitted(method, X):
    with pytest.raises(NotFittedError):
        getattr(LDA(), method)(*([] if method == "get_feature_names_out" else [X]))


@pytest.mark.parametrize("inference", ["variational", "map"])
def test_verbose(inference, X, capsys):
    LDA(3, inference=inference, max_iter=2, verbose=1, n_jobs=1, random_state=0).fit(X)
    assert capsys.readouterr().out.count("LDA: iteration") == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("prior", [1e-2, 1e-3, 1e-4, 1e-30])
def test_documents_without_tokens_have_their_prior(dtype, prior, X):
    # exp(-psi(sum of the priors)) overflows
    lda = LDA(3, doc_topic_prior=prior, dtype=dtype, max_iter=2, random_state=0, n_jobs=1).fit(X)
    documents = np.vstack([np.zeros((2, X.shape[1])), X[:2].toarray()])
    assert_allclose(lda.transform(documents, normalize=False)[:2], prior)
    assert np.isfinite(lda.transform(documents)).all()
    assert np.isfinite(lda.perplexity(documents))

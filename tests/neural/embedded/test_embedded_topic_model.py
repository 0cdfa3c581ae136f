"""The embedded topic model: what it learns, and that it is as reliable as the other models."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skartm import PLSA, EmbeddedTopicModel
from skartm.callbacks import TopicMonitor
from skartm.datasets import make_topics
from skartm.feature_extraction import word_embeddings
from skartm.metrics import topic_diversity
from skartm.topics._corpus import Corpus
from tests.base.test_callbacks import Recorder, Stop
from tests.em.corpora import corpus

torch = pytest.importorskip("torch", reason="needs torch: pip install torch", exc_type=ImportError)
INFERENCES = pytest.mark.parametrize("inference", ["em", "encoder"])


def model(**parameters):
    options = {"hidden_layer_sizes": (8, 6), "batch_size": 10, "max_iter": 5, "random_state": 0, "n_jobs": 1}
    return EmbeddedTopicModel(4, **{**options, **parameters})


@pytest.fixture(scope="module")
def X():
    return corpus(0)


@INFERENCES
@pytest.mark.parametrize("train_embeddings", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_planted_topics_are_found(inference, train_embeddings, global_random_seed):
    truth = make_topics(400, 80, 4, doc_topic_prior=0.1, random_state=global_random_seed)
    fitted = EmbeddedTopicModel(
        4, train_embeddings=train_embeddings, inference=inference, max_iter=60, batch_size=100, embedding_size=40,
        random_state=global_random_seed, n_jobs=1,
    ).fit(truth.data)  # fmt: skip
    distance = 0.5 * np.abs(fitted.components_[:, None] - truth.components[None]).sum(axis=2)
    assert sorted(distance.argmin(axis=0)) == list(range(4))
    assert distance.min(axis=0).max() < 0.2


@INFERENCES
def test_rows_do_not_depend_on_each_other(inference, X):
    fitted = model(inference=inference).fit(X)
    theta = fitted.transform(X)
    assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)
    assert_allclose(theta[12], 0.25)  # without tokens
    assert_array_equal(fitted.transform(X[::-1])[::-1], theta)
    for row in (0, 12, 23):
        assert_array_equal(fitted.transform(X[[row]])[0], theta[row])


def test_em_is_that_of_plsa(X):
    fitted = model(doc_tol=0.0).fit(X)
    other = PLSA(4, max_iter=1, tol=0, doc_tol=0.0, random_state=0, n_jobs=1).fit(X)
    other.components_ = fitted.components_
    assert_array_equal(fitted.transform(X), other.transform(X))
    assert fitted.perplexity(X) == other.perplexity(X)


def test_prior_of_em_smooths(X):
    fitted = model(doc_topic_prior=50.0).fit(X)
    smooth = fitted.transform(X).std()
    assert smooth < fitted.set_params(doc_topic_prior=0.0).transform(X).std() / 2


def test_one_topic_with_free_vectors_learns_the_frequencies(X):
    fitted = EmbeddedTopicModel(
        1, embeddings=np.eye(30), init_length=1e-6, learning_rate=0.05, batch_size=100, max_iter=400, kl_warmup=0,
        dtype="float64", random_state=0, n_jobs=1,
    ).fit(X)  # fmt: skip
    assert_allclose(fitted.components_[0], np.asarray(X.sum(axis=0)).ravel() / X.sum(), atol=1e-3)
    assert_array_equal(fitted.transform(X), np.ones((24, 1)))


def test_components_are_those_of_the_embeddings(X):
    fitted = model(dtype="float64").fit(X)
    logits = fitted.topic_embeddings_ @ fitted.embeddings_.T
    assert_allclose(fitted.components_, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), rtol=1e-10)
    assert_allclose(fitted.components_.sum(axis=1), 1)


# --- embeddings ------------------------------------------------------------------------------------------------------


class KeyedVectors:
    """As gensim's: indexed by word."""

    def __init__(self, names, vectors):
        self.key_to_index = {name: i for i, name in enumerate(names)}
        self.vectors = vectors

    def __getitem__(self, name):
        return self.vectors[self.key_to_index[name]]

    def __contains__(self, name):
        return name in self.key_to_index


def test_embeddings_of_all_kinds(X):
    names = [f"w{i}" for i in range(30)]
    vectors = np.random.default_rng(0).standard_normal((30, 6))
    expected = model(embeddings=vectors).fit(X)
    assert_allclose(np.linalg.norm(expected.embeddings_, axis=1), 1, rtol=1e-6)
    assert_allclose(expected.embeddings_, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), rtol=1e-5)
    for given in (10 * vectors, dict(zip(names, vectors)), KeyedVectors(names, vectors)):
        fitted = model(embeddings=given, token_names=names).fit(X)
        assert_allclose(fitted.components_, expected.components_, rtol=1e-3)


def test_embeddings_of_the_corpus(X):
    filled = X[np.asarray(X.sum(axis=1)).ravel() > 0]
    fitted = model(embedding_size=5).fit(filled)
    expected = word_embeddings(filled, 5, random_state=np.random.RandomState(0))
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    known = lengths[:, 0] > 0
    assert_allclose(fitted.embeddings_[known], (expected / np.where(lengths > 0, lengths, 1))[known], atol=1e-5)
    assert model(embedding_size=1000).fit(X).embeddings_.shape == (30, 30)


@pytest.mark.parametrize("train_embeddings", [False, True])
def test_tokens_without_a_vector_get_one(train_embeddings, X):
    vectors = np.random.default_rng(0).standard_normal((30, 6))
    vectors[[3, 7]] = 0
    fitted = model(embeddings=vectors, train_embeddings=train_embeddings).fit(X)
    assert (np.linalg.norm(fitted.embeddings_[[3, 7]], axis=1) > 0.01).all()
    known = np.setdiff1d(np.arange(30), [3, 7])
    unit = vectors[known] / np.linalg.norm(vectors[known], axis=1, keepdims=True)
    assert np.allclose(fitted.embeddings_[known], unit, atol=1e-6) is not train_embeddings


# --- state -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3, "train_embeddings": True}, {"batch_norm": False}])
def test_partial_fit_goes_on_where_fit_ended(dtype, options, X):
    X = X[np.asarray(X.sum(axis=1)).ravel() > 0]
    expected = model(dtype=dtype, max_iter=3, **options).fit(X)
    one = model(dtype=dtype, max_iter=1, **options).fit(X)
    for fitted in (one, model(dtype=dtype, **options).partial_fit(X)):
        again = pickle.loads(pickle.dumps(fitted))  # the state of the optimizer too
        again.partial_fit(X).partial_fit(X)
        assert again.n_iter_ == 3
        assert_array_equal(again.components_, expected.components_)
        assert again.history_["objective"] == expected.history_["objective"]
        assert again.components_.dtype == again.transform(X).dtype == dtype


@INFERENCES
def test_pickles_have_nothing_of_torch(inference, X):
    fitted = model(inference=inference).fit(X)
    pickled = pickle.dumps(fitted)
    assert b"torch" not in pickled
    assert_array_equal(pickle.loads(pickled).transform(X), fitted.transform(X))


def test_random_numbers_of_others_stay(X):
    before, numpy_before = torch.get_rng_state().clone(), np.random.get_state()[1].copy()
    first = model().fit(X)
    assert torch.equal(torch.get_rng_state(), before)
    assert_array_equal(np.random.get_state()[1], numpy_before)
    torch.rand(3)
    assert_array_equal(clone(first).fit(X).components_, first.components_)
    assert not np.array_equal(model(random_state=1).fit(X).components_, first.components_)


def test_best_epoch_is_kept():
    X = make_topics(200, 60, 4, random_state=0).data
    fitted = model(
        validation_fraction=0.3, max_iter=200, n_iter_no_change=3, train_embeddings=True, learning_rate=0.1
    ).fit(X)
    track = fitted.history_["validation_perplexity"]
    assert fitted.n_iter_ == len(track) < 200
    assert int(np.argmin(track)) == len(track) - 4
    _, held_out = fitted._hold_out(Corpus(csr_matrix(X, dtype=np.float32)))
    assert_allclose(fitted.perplexity(held_out.X), min(track), rtol=1e-6)


def test_every_epoch_is_seen(X):
    recorder = Recorder()
    fitted = model(max_iter=3).set_callbacks(recorder).fit(X)
    assert recorder.calls == ["setup", "begin", *["begin", "end"] * 3, "end", "teardown"]
    assert_array_equal(fitted.components_, model(max_iter=3).fit(X).components_)
    for i in range(3):
        assert_array_equal(recorder.components[i], model(max_iter=i + 1).fit(X).components_)


def test_scores_of_every_epoch(X):
    monitor = TopicMonitor("diversity")
    fitted = model(max_iter=3).set_callbacks(monitor).fit(X)
    assert [row["iteration"] for row in monitor.data] == [1, 2, 3]
    assert monitor.data[-1]["diversity"] == topic_diversity(fitted.components_)


def test_stopping_and_interruption_leave_the_last_whole_epoch(X, monkeypatch):
    expected = model(max_iter=2).fit(X)
    stopped = model(max_iter=50).set_callbacks(Stop(after=2)).fit(X)
    interrupted = model(max_iter=50).set_callbacks(Stop(after=2, error=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(X)
    within = model(max_iter=50)
    with monkeypatch.context() as patch:
        _interrupt_after(patch, 7)  # three batches an epoch
        with pytest.raises(KeyboardInterrupt):
            within.fit(X)
    for fitted in (stopped, interrupted, within):
        assert fitted.n_iter_ == len(fitted.history_["objective"]) == 2
        assert_array_equal(fitted.components_, expected.components_)
        assert_array_equal(fitted.transform(X), expected.transform(X))
        assert fitted.partial_fit(X).n_iter_ == 3
    early = model()
    with monkeypatch.context() as patch:
        _interrupt_after(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            early.fit(X)
    with pytest.raises(NotFittedError):
        early.transform(X)


def _interrupt_after(patch, n_steps):
    from skartm.neural.embedded._training import Training

    whole, calls = Training._step, []

    def step(training, loss):
        if len(calls) == n_steps:
            raise KeyboardInterrupt
        calls.append(loss)
        whole(training, loss)

    patch.setattr(Training, "_step", step)


def test_history_and_lines(X, capsys):
    names = [f"w{i}" for i in range(30)]
    fitted = model(validation_fraction=0.2, verbose=1, max_iter=2, token_names=names).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"EmbeddedTopicModel: epoch {i}" for i in (1, 2)]
    assert "held out" in lines[0]
    assert {len(track) for track in fitted.history_.values()} == {2}
    assert all(np.isfinite(track).all() for track in fitted.history_.values())
    assert fitted.get_feature_names_out().tolist() == [f"embeddedtopicmodel{i}" for i in range(4)]
    assert [len(words) for words in fitted.top_tokens(3)] == [3] * 4
    assert {word for words in fitted.top_tokens(3) for word in words} <= set(names)


# --- what cannot be used ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        ({"embedding_size": 0}, ValueError, "'embedding_size'"),
        ({"max_iter": 0}, ValueError, "'max_iter'"),
        ({"kl_warmup": -1}, ValueError, "'kl_warmup'"),
        ({"dropout": 1.0}, ValueError, "'dropout'"),
        ({"learning_rate": 0}, ValueError, "'learning_rate'"),
        ({"init_length": 0}, ValueError, "'init_length'"),
        ({"hidden_layer_sizes": ()}, ValueError, "'hidden_layer_sizes'"),
        ({"hidden_layer_sizes": (3, 0)}, ValueError, "'hidden_layer_sizes'"),
        ({"hidden_layer_sizes": "big"}, ValueError, "'hidden_layer_sizes'"),
        ({"activation": "sigmoid"}, ValueError, "'activation'"),
        ({"inference": "gibbs"}, ValueError, "'inference'"),
        ({"device": "tpu"}, ValueError, "'device'"),
        ({"batch_norm": 1}, ValueError, "'batch_norm'"),
        ({"token_names": ["a", "b"]}, ValueError, "'token_names'"),
        ({"topic_names": ["a"]}, ValueError, "'topic_names'"),
        ({"validation_fraction": 0.0}, ValueError, "'validation_fraction'"),
        ({"validation_fraction": 0.99}, ValueError, "'validation_fraction'"),
        ({"embeddings": np.ones((29, 3))}, ValueError, r"must have shape \(30, length\)"),
        ({"embeddings": {"w": [1.0]}}, ValueError, "token_names"),
        ({"embeddings": {"v": [1.0]}, "token_names": [f"w{i}" for i in range(30)]}, ValueError, "such as 'w0'"),
        ({"learning_rate": 1e30, "batch_norm": False}, FloatingPointError, "smaller learning_rate"),
    ],
)
def test_bad_parameters(parameters, error, match, X):
    with pytest.raises(error, match=match):
        model(**parameters).fit(X)


def test_learning_goes_on_with_the_same_topics_only(X):
    fitted = model().partial_fit(X)
    with pytest.raises(ValueError, match="must stay as it was in the fit, 4"):
        fitted.set_params(n_components=5).partial_fit(X)


def test_device_that_is_not_there(X):
    for device, available in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not available:
            with pytest.raises(ValueError, match=f"Got '{device}', which torch does not find"):
                model(device=device).fit(X)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_other_devices_learn_the_same(device, X):
    if not {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}[device]:
        pytest.skip(f"torch finds no {device}")
    expected = model(device="cpu", max_iter=3).fit(X)
    assert_allclose(model(device=device, max_iter=3).fit(X).components_, expected.components_, rtol=0.01, atol=1e-4)


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="X must have tokens"):
        model().fit(csr_matrix((3, 5)))


@INFERENCES
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1)])
def test_tiny_corpora(inference, shape):
    fitted = model(inference=inference).fit(csr_matrix(np.ones(shape)))
    assert_allclose(fitted.transform(np.ones(shape)).sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(fitted.components_).all()

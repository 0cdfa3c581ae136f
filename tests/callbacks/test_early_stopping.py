import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import FitCallback
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm.callbacks import EarlyStopping, TopicMonitor
from skartm.metrics import make_topic_scorer
from tests.topics.models import MODELS, corpus, model


@pytest.fixture(scope="module")
def X():
    return corpus(0)


class Script:
    """A score that is given in advance, one value an iteration."""

    def __init__(self, values):
        self.values = values

    def __call__(self, fitted, counts):
        return self.values[fitted.n_iter_ - 1]


def stop_by_hand(values, patience, min_delta):
    """Iteration at which to stop, and the best one."""
    best, best_at, age = values[0], 1, 0
    for iteration, value in enumerate(values[1:], start=2):
        if value > best + min_delta:
            best, best_at, age = value, iteration, 0
        else:
            age += 1
        if age == patience:
            return iteration, best_at
    return len(values), best_at


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("min_delta", [0.0, 0.15])
@pytest.mark.parametrize("seed", range(4))
def test_equals_loop(patience, min_delta, seed, X):
    values = np.cumsum(np.random.default_rng(seed).normal(0.05, 0.2, 12)).tolist()
    stopping = EarlyStopping(Script(values), patience=patience, min_delta=min_delta)
    assert isinstance(stopping, FitCallback)
    fitted = model(max_iter=12).set_callbacks(stopping).fit(X)
    n_iter, best_at = stop_by_hand(values, patience, min_delta)
    assert (fitted.n_iter_, stopping.best_iteration_) == (n_iter, best_at)
    assert stopping.best_score_ == values[best_at - 1]
    assert stopping.stopped_ == (n_iter < 12) or n_iter == 12


@pytest.mark.parametrize("name", MODELS)
def test_what_remains_is_the_last_iteration(name, X):
    fitted = model(name, max_iter=9).set_callbacks(EarlyStopping(Script([0, 1, 1, 1, 1]), patience=2)).fit(X)
    assert fitted.n_iter_ == 4
    expected = model(name, max_iter=4).fit(X)
    np.testing.assert_allclose(fitted.components_, expected.components_, rtol=1e-4, atol=1e-6)


def test_every(X):
    stopping = EarlyStopping(Script([0, 9, 0, 1, 0, 1, 0, 1]), patience=2, every=2)
    assert model(max_iter=8).set_callbacks(stopping).fit(X).n_iter_ == 6
    assert stopping.best_iteration_ == 2


def test_stopping_is_convergence(X):
    fitted = model(max_iter=9, tol=1e-12).set_callbacks(EarlyStopping(Script([0] * 9), patience=1)).fit(X)
    assert fitted.n_iter_ == 2  # and a warning would be an error


@pytest.mark.parametrize("score", ["completion", make_topic_scorer("completion")])
def test_held_out_data(score, X):
    stopping = EarlyStopping(score, patience=1, X_val=X[:8])
    monitor = TopicMonitor("completion", X=X[:8])
    fitted = model("plsa", max_iter=60).set_callbacks(stopping, monitor).fit(X[8:])
    track = [record["completion"] for record in monitor.data]
    assert fitted.n_iter_ == stopping.best_iteration_ + 1 == len(track) < 60
    assert stopping.best_score_ == -min(track)


def test_fits_do_not_mix(X):
    stopping = EarlyStopping(Script([0, 1, 1, 1, 1]), patience=2)
    for _ in range(2):
        assert clone(model(max_iter=9).set_callbacks(stopping)).fit(X).n_iter_ == 4
    assert not stopping._running
    monitor = TopicMonitor("diversity")
    search = GridSearchCV(
        model(max_iter=9).set_callbacks(stopping, monitor), {"n_components": [2, 3]}, cv=2, n_jobs=2
    ).fit(X)
    assert len(monitor.data) == 4 * 5
    assert search.best_estimator_.n_iter_ == 4


def test_after_an_error_and_pickle(X):
    stopping = EarlyStopping(Script([]), patience=2)
    with pytest.raises(IndexError):
        model().set_callbacks(stopping).fit(X)
    assert not stopping._running
    copy = pickle.loads(pickle.dumps(EarlyStopping("npmi", min_delta=0.5)))
    assert repr(copy) == "EarlyStopping(make_topic_scorer('npmi'), patience=3, min_delta=0.5)"


def test_pipeline():
    texts = ["cat milk cat", "dog milk", "stock money", "money stock stock"] * 3
    stopping = EarlyStopping("npmi", patience=2)
    pipe = make_pipeline(CountVectorizer(), model(n_components=2, max_iter=50).set_callbacks(stopping)).fit(texts)
    assert pipe[-1].n_iter_ == stopping.best_iteration_ + 2


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"score": "kernel_size"}, ValueError, "better neither way"),
        ({"score": "perplexit"}, ValueError, "did you mean 'perplexity'"),
        (
            {"patience": 0},
            ValueError,
            "The 'patience' parameter of EarlyStopping must be an integer of at least 1. Got 0",
        ),
        ({"every": 1.5}, ValueError, "'every' .* Got 1.5"),
        ({"min_delta": -1}, ValueError, "'min_delta' .* Got -1"),
        ({"min_delta": None}, TypeError, "'min_delta' .* Got None"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        EarlyStopping(**{"score": "npmi"} | parameters)

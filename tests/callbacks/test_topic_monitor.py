import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import FitCallback
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm.callbacks import TopicMonitor
from skartm.metrics import coherence, make_topic_scorer, perplexity, topic_diversity
from tests.topics.models import MODELS, corpus, model

LOG_COLUMNS = {
    "task_id_path",
    "parent_task_id_path",
    "estimator_name",
    "task_name",
    "task_id",
    "sequential_subtasks",
}


@pytest.fixture(scope="module")
def X():
    return corpus(0)


def _n_docs(fitted, counts):
    return counts.shape[0]


@pytest.mark.parametrize("name", MODELS)
def test_scores_of_every_iteration(name, X):
    monitor = TopicMonitor({"coherence": make_topic_scorer("npmi", n_top=3), "perplexity": "perplexity", "n": _n_docs})
    assert isinstance(monitor, FitCallback)
    fitted = model(name).set_callbacks(monitor).fit(X)
    assert [record["iteration"] for record in monitor.data] == list(range(1, fitted.n_iter_ + 1))
    for record in monitor.data:
        assert record.keys() == LOG_COLUMNS | {"iteration", "coherence", "perplexity", "n"}
        at = model(name, max_iter=record["iteration"]).fit(X)
        phi = at.components_ / at.components_.sum(axis=1, keepdims=True)
        assert record["perplexity"] == pytest.approx(perplexity(phi, at.transform(X), X), rel=1e-3)
        assert record["n"] == X.shape[0]
    assert monitor.data[-1]["coherence"] == pytest.approx(coherence(phi, X, n_top=3), abs=1e-6)


def test_every_and_other_data(X):
    monitor = TopicMonitor("diversity", every=2, X=X[:3])
    fitted = model(max_iter=5).set_callbacks(monitor).fit(X)
    assert [record["iteration"] for record in monitor.data] == [2, 4]
    counted = TopicMonitor({"n": _n_docs}, X=X[:3])
    fitted.set_callbacks(counted).fit(X)
    assert {record["n"] for record in counted.data} == {3}


def test_looking_on_changes_nothing(X):
    observed = model().set_callbacks(TopicMonitor(["npmi", "completion"])).fit(X)
    np.testing.assert_array_equal(observed.components_, model().fit(X).components_)


def test_runs_and_clones(X):
    monitor = TopicMonitor("diversity")
    first = model(max_iter=3).set_callbacks(monitor)
    assert monitor.data == []
    first.fit(X)
    values = [record["diversity"] for record in monitor.data]
    assert values[-1] == topic_diversity(first.components_)
    clone(first).fit(X)
    assert len(monitor.get_logs(select="all")) == 2
    assert [record["diversity"] for record in monitor.data] == values
    assert len(monitor.get_logs(include_lineage=True).data) == 4


def test_frame(X):
    pytest.importorskip("pandas")
    monitor = TopicMonitor(["diversity", "kernel_size"])
    model(max_iter=3).set_callbacks(monitor).fit(X)
    frame = monitor.data_as_pandas
    assert frame["iteration"].tolist() == [1, 2, 3]
    assert frame["kernel_size"].tolist() == [record["kernel_size"] for record in monitor.data]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_search(X, n_jobs):
    monitor = TopicMonitor(["npmi", "theta_sparsity"])
    search = GridSearchCV(
        model(max_iter=3).set_callbacks(monitor), {"n_components": [2, 4]}, cv=2, n_jobs=n_jobs, refit=True
    ).fit(X)
    # two candidates in two folds, and the refit, of three iterations
    assert len(monitor.data) == 3 * 5
    assert len({record["parent_task_id_path"] for record in monitor.data}) == 5
    alone = TopicMonitor("npmi")
    clone(search.best_estimator_).set_callbacks(alone).fit(X)
    refitted = max(record["parent_task_id_path"] for record in monitor.data)
    values = [record["npmi"] for record in monitor.data if record["parent_task_id_path"] == refitted]
    assert values == [record["npmi"] for record in alone.data]


def test_pipeline():
    texts = ["cat milk cat", "dog milk", "stock money", "money stock stock"] * 3
    monitor = TopicMonitor(["npmi", "perplexity"])
    pipe = make_pipeline(CountVectorizer(), model(n_components=2, max_iter=3).set_callbacks(monitor)).fit(texts)
    X = pipe[0].transform(texts)
    assert len(monitor.data) == 3
    assert monitor.data[-1]["npmi"] == pytest.approx(coherence(pipe[-1].components_, X))


def test_pickle_and_repr(X):
    monitor = TopicMonitor({"c": make_topic_scorer("npmi", n_top=3)}, every=2)
    model(max_iter=4).set_callbacks(monitor).fit(X)
    copy = pickle.loads(pickle.dumps(monitor))
    assert copy.data == monitor.data
    assert repr(copy) == "TopicMonitor({'c': make_topic_scorer('npmi', n_top=3)}, every=2)"
    fitted = pickle.loads(pickle.dumps(model(max_iter=4).set_callbacks(monitor).fit(X)))
    assert fitted.transform(X).shape == (X.shape[0], 4)


@pytest.mark.parametrize(
    ("scores", "parameters", "error", "message"),
    [
        ("npmy", {}, ValueError, "Got 'npmy'; did you mean 'npmi'"),
        ([_n_docs], {}, TypeError, "must be names, or a dict from names to scores. Got <function _n_docs"),
        ("npmi", {"every": 0}, ValueError, "The 'every' parameter of TopicMonitor must be an integer of at least 1"),
        ("npmi", {"every": None}, TypeError, "The 'every' parameter of TopicMonitor .* Got None"),
    ],
)
def test_bad_parameters(scores, parameters, error, message):
    with pytest.raises(error, match=message):
        TopicMonitor(scores, **parameters)

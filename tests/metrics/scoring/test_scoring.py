import pickle

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm.metrics import get_topic_scorer, make_topic_scorer, topic_scoring
from skartm.metrics.scoring._scores import TOPIC_SCORES
from tests.metrics.scoring.test_scorer import ORDERED, UNDIRECTED, make
from tests.topics.models import corpus, model

TEXTS = ["cat milk cat", "dog milk cat", "stock money", "money stock stock", "dog cat", "stock milk money"] * 4
NAMES = sorted(set(TOPIC_SCORES) - ORDERED - UNDIRECTED)


class Counting(CountVectorizer):
    """Count the calls of transform."""

    n_calls = 0

    def transform(self, raw_documents):
        type(self).n_calls += 1
        return super().transform(raw_documents)


def pipeline():
    return make_pipeline(Counting(), model(n_components=2, max_iter=3))


def test_equals_single_scorers():
    X = corpus(0)
    fitted = model().fit(X)
    scorers = {name: make(name) for name in NAMES}
    assert topic_scoring(scorers)(fitted, X) == {name: scorer(fitted, X) for name, scorer in scorers.items()}
    values = {name: scorer.value(fitted, X) for name, scorer in scorers.items()}
    assert topic_scoring(scorers).values(fitted, X) == values


def test_parts_do_not_mix():
    X = corpus(0)
    fitted = model().fit(X)
    scores = {"all": "diversity", "head": make_topic_scorer("diversity", tokens=slice(9))}
    for name in ("npmi", "completion", "perplexity", "semantic_radius", "kernel_purity"):
        scores |= {name: name, f"head of {name}": make_topic_scorer(name, tokens=slice(9))}
        scores |= {f"tail of {name}": make_topic_scorer(name, tokens=np.arange(9, 30)), f"{name} again": name}
    expected = {
        name: (get_topic_scorer(score) if isinstance(score, str) else score)(fitted, X)
        for name, score in scores.items()
    }
    assert topic_scoring(scores)(fitted, X) == expected


def test_texts_are_counted_once():
    fitted = pipeline().fit(TEXTS)
    Counting.n_calls = 0
    topic_scoring(NAMES)(fitted, TEXTS)
    assert Counting.n_calls == 1


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_search_equals_dict(n_jobs):
    grid = {"artmtransformer__n_components": [2, 3]}
    single = {name: get_topic_scorer(name) for name in ("npmi", "completion")}
    expected = GridSearchCV(pipeline(), grid, scoring=single, refit="npmi", cv=2, n_jobs=n_jobs).fit(TEXTS)
    search = GridSearchCV(pipeline(), grid, scoring=topic_scoring(list(single)), refit="npmi", cv=2, n_jobs=n_jobs)
    search.fit(TEXTS)
    assert search.best_index_ == expected.best_index_
    for name in single:
        key = f"mean_test_{name}"
        np.testing.assert_array_equal(search.cv_results_[key], expected.cv_results_[key])


def test_pickle_and_repr():
    scoring = topic_scoring({"c": make_topic_scorer("npmi", n_top=3), "d": "diversity"})
    copy = pickle.loads(pickle.dumps(scoring))
    assert repr(copy) == "topic_scoring({'c': make_topic_scorer('npmi', n_top=3), 'd': make_topic_scorer('diversity')})"
    assert list(topic_scoring("npmi").scorers) == ["npmi"]


def test_bad_scores():
    with pytest.raises(TypeError, match="topic_scoring: scores must be names, or a dict from names to scores. Got 3"):
        topic_scoring([3])
    with pytest.raises(ValueError, match="better neither way"):
        topic_scoring(["kernel_size"])

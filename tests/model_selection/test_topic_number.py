"""TopicNumberSearch: the table, the rule, the best model."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skartm import LDA, PLSA, ARTMClassifier, TopicPipeline
from skartm.datasets import make_topics
from skartm.metrics import make_topic_scorer, topic_stability
from skartm.model_selection import TopicNumberSearch
from tests.model_selection.searched import CORPUS, N_WORDS, TEXTS, X, without_time

PLANTED = make_topics(n_docs=300, n_topics=5, random_state=0).data


def plsa(**parameters):
    return PLSA(**{"max_iter": 5, "tol": 0, "n_jobs": 1} | parameters)


def test_table_equals_loop():
    search = TopicNumberSearch(plsa(), [3, 2], scoring="npmi", others=["diversity"], n_seeds=3, random_state=1).fit(X)
    train, test = (np.sort(rows) for rows in train_test_split(np.arange(90), test_size=0.2, random_state=1))
    seeds = np.random.RandomState(1).randint(np.iinfo(np.int32).max, size=3)
    assert search.results_["n_topics"] == [2, 3]
    for place, number in enumerate([2, 3]):
        models = [plsa(n_components=number, random_state=int(seed)).fit(X[train]) for seed in seeds]
        npmi = [make_topic_scorer("npmi")(fitted, X[test]) for fitted in models]
        diversity = [make_topic_scorer("diversity")(fitted, X[test]) for fitted in models]
        stability = topic_stability([fitted.components_ for fitted in models]).value
        row = [search.results_[name][place] for name in ("mean_score", "std_score", "diversity", "stability")]
        assert row == pytest.approx([np.mean(npmi), np.std(npmi), np.mean(diversity), stability])
        if number == search.best_n_topics_:
            expected = models[int(np.argmax(npmi))]
            assert search.best_estimator_.random_state == expected.random_state
            refitted = clone(expected).fit(X)
            np.testing.assert_array_equal(search.best_estimator_.components_, refitted.components_)
            kept = clone(search).set_params(refit=False).fit(X)
            np.testing.assert_array_equal(kept.best_estimator_.components_, expected.components_)


@pytest.mark.parametrize("scoring", ["npmi", "stability"])
def test_planted_number_is_found(scoring, global_random_seed):
    search = TopicNumberSearch(
        plsa(max_iter=30), [3, 5, 8, 12], scoring=scoring, rule="best", n_seeds=4, random_state=global_random_seed
    ).fit(PLANTED)
    assert search.best_n_topics_ == 5, pd.DataFrame(search.results_)


def test_stability_is_the_mean_over_pairs():
    search = TopicNumberSearch(plsa(), [2, 3], scoring="stability", others=["stability"], random_state=0).fit(X)
    assert search.results_["mean_score"] == pytest.approx(search.results_["stability"])
    assert list(search.results_) == ["n_topics", "mean_score", "std_score", "stability", "fit_time"]
    with pytest.raises(ValueError, match="one model has none"):
        search.score(X)


def test_jobs_do_not_matter():
    pipe = make_pipeline(CountVectorizer(), plsa())
    one, two = (TopicNumberSearch(pipe, [2, 4], n_jobs=n_jobs, random_state=0).fit(TEXTS) for n_jobs in (1, 2))
    assert without_time(one.results_) == without_time(two.results_)
    np.testing.assert_array_equal(one.transform(TEXTS), two.transform(TEXTS))


@pytest.mark.parametrize(
    ("rule", "means", "spreads", "place"),
    [
        ("best", [1.0, 2.0, 3.0], [9.0, 9.0, 9.0], 2),
        ("one_standard_error", [1.0, 2.5, 3.0], [0.0, 0.0, 1.0], 1),  # 1 / sqrt(4 - 1) below 3
        ("one_standard_error", [2.5, 1.0, 3.0], [0.0, 0.0, 1.0], 0),
        ("one_standard_error", [1.0, 2.0, 3.0], [5.0, 5.0, 0.0], 2),
        ("one_standard_error", [np.nan, 2.0, 1.0], [np.nan, 0.0, 0.0], 1),
        ("best", [np.nan, 2.0, 1.0], [np.nan, 0.0, 0.0], 1),
        ("one_standard_error", [np.nan, np.nan], [np.nan, np.nan], 0),
    ],
)
def test_rule(rule, means, spreads, place):
    assert TopicNumberSearch(plsa(), rule=rule)._choice(means, spreads, 4) == place


def test_one_seed():
    search = TopicNumberSearch(plsa(), [2, 3, 4], n_seeds=1, random_state=0).fit(X)
    assert np.isnan(search.results_["stability"]).all()
    assert search.results_["std_score"] == [0.0] * 3
    assert search.best_n_topics_ == search.results_["n_topics"][int(np.argmax(search.results_["mean_score"]))]


def test_table_and_best():
    search = TopicNumberSearch(plsa(), np.array([4, 2, 2]), others=(), n_seeds=2, random_state=0)
    again = pickle.loads(pickle.dumps(clone(search).fit(X)))
    table = pd.DataFrame(again.results_)
    assert list(table) == ["n_topics", "mean_score", "std_score", "stability", "fit_time"]
    assert table["n_topics"].tolist() == [2, 4]
    assert again.transform(X).shape == (90, again.best_n_topics_)
    assert again.score(X) == again.best_estimator_.score(X)


def test_pipelines_learn_all_words():
    texts = [f"{text} only{place}" for place, text in enumerate(TEXTS)]
    for refit, n_words in ((True, N_WORDS + 90), (False, N_WORDS + 72)):
        searches = [
            TopicNumberSearch(pipe, [2, 3], n_seeds=2, refit=refit, random_state=0).fit(texts)
            for pipe in (make_pipeline(CountVectorizer(), plsa()), TopicPipeline(CountVectorizer(), plsa()))
        ]
        assert without_time(searches[0].results_) == without_time(searches[1].results_)
        np.testing.assert_array_equal(searches[0].transform(texts), searches[1].transform(texts))
        assert searches[0].best_estimator_[-1].n_features_in_ == n_words
        assert searches[1].best_estimator_.model_.n_features_in_ == n_words


@pytest.mark.parametrize("estimator", [LDA(max_iter=2, n_jobs=1), LatentDirichletAllocation(max_iter=2)])
def test_other_models(estimator):
    search = TopicNumberSearch(estimator, [2, 3], scoring="completion", n_seeds=2, random_state=0).fit(X)
    assert search.best_n_topics_ in (2, 3)


def test_y_goes_to_model_and_scorer():
    y = CORPUS.doc_topic.argmax(axis=1)
    classifier = ARTMClassifier(max_iter=10, tol=0, n_jobs=1)
    by_name, own = (
        TopicNumberSearch(classifier, [2, 6], scoring=scoring, random_state=0).fit(X, y)
        for scoring in ("accuracy", None)
    )
    assert without_time(by_name.results_) == without_time(own.results_)
    assert by_name.best_n_topics_ == 6
    assert by_name.predict(X).shape == (90,)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"n_topics": []}, ValueError, "'n_topics' parameter"),
        ({"n_topics": 10}, ValueError, "'n_topics' parameter"),
        ({"n_topics": [0, 2]}, ValueError, "'n_topics' parameter"),
        ({"n_topics": [2.5]}, ValueError, "'n_topics' parameter"),
        ({"n_topics": [[2, 3]]}, ValueError, "'n_topics' parameter"),
        ({"n_seeds": 0}, ValueError, "at least 1"),
        ({"n_seeds": 1, "scoring": "stability"}, ValueError, "at least 2"),
        ({"rule": "elbow"}, ValueError, "'rule' parameter"),
        ({"refit": 1}, ValueError, "'refit' parameter"),
        ({"validation_fraction": 1.0}, ValueError, "between 0 and 1"),
        ({"scoring": "nmpi"}, ValueError, "did you mean 'npmi'"),
        ({"others": "npmi"}, TypeError, "'others' parameter"),
        ({"others": [len]}, TypeError, "'others' parameter"),
        ({"others": None}, TypeError, "'others' parameter"),
        ({"others": ["kernel_size"]}, ValueError, "better neither way"),
        ({"estimator": CountVectorizer()}, TypeError, "estimator must be a topic model"),
    ],
)
def test_bad_input(parameters, error, message):
    with pytest.raises(error, match=message):
        TopicNumberSearch(**({"estimator": plsa(), "n_topics": [2, 3], "n_seeds": 2} | parameters)).fit(X)


def test_y_must_fit():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TopicNumberSearch(plsa(), [2, 3]).fit(X, np.zeros(3))

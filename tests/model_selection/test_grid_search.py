"""Searches of scikit-learn over topic models: jobs change nothing, and share the processors."""

import joblib
import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info

from skartm import TopicPipeline
from skartm.base._threads import effective_n_threads
from skartm.metrics import make_topic_scorer, topic_scoring
from tests.model_selection.searched import TEXTS, X, model

GRID = {"decorrelation__tau": [0.0, 0.05, 0.2], "theta__tau": [0.0, 0.3]}


pytestmark = pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")  # the corpus is so small


def below(step):
    return {f"{step}__{name}": values for name, values in GRID.items()}


@pytest.mark.parametrize(
    ("estimator", "step"),
    [
        (make_pipeline(CountVectorizer(), model(tol=0)), "artmtransformer"),
        (TopicPipeline(CountVectorizer(), model(tol=0)), "model"),
    ],
    ids=["Pipeline", "TopicPipeline"],
)
def test_jobs_do_not_matter(estimator, step):
    scoring = make_topic_scorer("npmi", n_top=5)
    one, two = (
        GridSearchCV(estimator, below(step), scoring=scoring, cv=2, n_jobs=n_jobs).fit(TEXTS) for n_jobs in (1, 2)
    )
    assert one.cv_results_.keys() == two.cv_results_.keys()
    for name, column in one.cv_results_.items():
        if not name.endswith("_time"):
            np.testing.assert_array_equal(column, two.cv_results_[name], err_msg=name)
    assert len(set(one.cv_results_["mean_test_score"])) > 1
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.transform(TEXTS), two.transform(TEXTS))


def threads(estimator, X, y=None):
    """What a worker gives the kernels, and the pools of OpenMP that it has."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"]
    return {"kernels": effective_n_threads(None), "openmp": max(pools, default=1)}


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_workers_share_the_processors(n_jobs, monkeypatch):
    """Joblib divides the processors among its workers, unless the environment says how many there are for each."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    search = GridSearchCV(
        model(tol=0, n_jobs=None), {"n_components": [2, 3]}, scoring=threads, refit=False, cv=2, n_jobs=n_jobs
    ).fit(X)
    share = max(1, joblib.cpu_count() // n_jobs)
    for place in range(2):
        for name in ("kernels", "openmp"):
            assert (search.cv_results_[f"split{place}_test_{name}"] == share).all()


def test_one_thread_each_when_asked():
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        search = GridSearchCV(
            model(tol=0, n_jobs=None), {"n_components": [2, 3]}, scoring=threads, refit=False, cv=2, n_jobs=2
        ).fit(X)
    assert (search.cv_results_["mean_test_kernels"] == 1).all()


@pytest.mark.parametrize("resource", ["max_iter", "n_samples"])
def test_halving(resource):
    limit = {"max_resources": 8, "min_resources": 2} if resource == "max_iter" else {"min_resources": 30}
    search = HalvingRandomSearchCV(
        model(tol=0),
        {"theta__tau": loguniform(0.01, 1)},
        n_candidates=4,
        resource=resource,
        factor=2,
        cv=2,
        **limit,
        random_state=0,
    ).fit(X)
    assert search.n_iterations_ > 1
    assert search.transform(X).shape[0] == X.shape[0]


def test_several_scores_of_a_topic_pipeline():
    scores = topic_scoring(["npmi", "perplexity", "diversity"])
    pipe = TopicPipeline(CountVectorizer(), model(tol=0)).fit(TEXTS)
    counts = pipe.transformer_.transform(TEXTS)
    assert scores(pipe, TEXTS) == pytest.approx(scores(pipe.model_, counts))
    nested = make_pipeline(pipe)
    assert scores(nested, TEXTS) == scores(pipe, TEXTS)

"""TauPath: the path itself, constraints, scores, stages and the best model."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline

from skartm import PLSA, ARTMClassifier, TopicPipeline
from skartm.datasets import make_topics
from skartm.exceptions import DeadTopicWarning
from skartm.metrics import make_topic_scorer
from skartm.model_selection import TauPath
from skartm.regularizers import Decorrelation, Linear
from tests.model_selection.searched import CORPUS, N_TOPICS, N_WORDS, TEXTS, X, model, without_time

# so small a corpus leaves out words where sparsing is strong, and the trials are to have some that is too strong
pytestmark = pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")

STAGES = [("theta__tau", [0.1, 0.5]), ("decorrelation__tau", [0.02, 0.1, 0.3]), ("phi__tau", [-0.05, -0.2])]
SETTINGS = {"scoring": "diversity", "n_iter": 3, "random_state": 0}


def by_hand(estimator, stages, scoring, shares, *, reference="start", n_iter=3, fraction=0.2):
    """Rows of the table, the chosen values and the last model, by a loop that shares nothing with the search."""
    train, test = (
        np.sort(rows) for rows in train_test_split(np.arange(X.shape[0]), test_size=fraction, random_state=0)
    )
    scorers = {name: make_topic_scorer(name) for name in (scoring, *shares)}
    chosen = clone(estimator).set_params(warm_start=True, max_iter=n_iter, tol=0).fit(X[train])
    start = {name: scorer(chosen, X[test]) for name, scorer in scorers.items()}
    rows, values_chosen = [(0, None, None, start[scoring], *(start[name] for name in shares), True, True)], []
    for number, (name, values) in enumerate(stages, start=1):
        best, broken, stage_rows, compared = None, False, [], start
        for value in (None, *values):
            trial = copy.deepcopy(chosen)
            if value is not None:
                trial.set_params(**{name: value})
            trial.fit(X[train])
            scores = {name: scorer(trial, X[test]) for name, scorer in scorers.items()}
            if value is None and reference == "stage":
                compared = scores
            for score, share in shares.items():
                # larger is better, and scores of perplexity are negative
                if value is not None and scores[score] < compared[score] - share * abs(compared[score]):
                    broken = True
            stage_rows.append([number, name, value, scores[scoring], *(scores[name] for name in shares), not broken])
            if not broken and (best is None or scores[scoring] > best[0]):
                best = (scores[scoring], value, trial)
        rows += [(*row, row[2] is best[1]) for row in stage_rows]
        values_chosen.append(best[1])
        chosen = best[2]
    return rows, values_chosen, chosen


def rows_of(path, shares):
    names = ("stage", "parameter", "value", "score", *shares, "feasible", "chosen")
    return list(zip(*(path.results_[name] for name in names), strict=True))


@pytest.mark.parametrize("reference", ["start", "stage"])
@pytest.mark.parametrize(
    ("scoring", "shares"),
    [
        ("diversity", {"perplexity": 0.05}),
        ("diversity", {}),
        ("npmi", {"perplexity": 0.01, "diversity": 0.0}),
        ("phi_sparsity", {"completion": 0.02}),
        ("perplexity", {"npmi": 0.1}),
    ],
)
def test_path_equals_loop(scoring, shares, reference):
    path = TauPath(
        model(), STAGES, constraints=shares, reference=reference, refit=False, **SETTINGS | {"scoring": scoring}
    ).fit(X)
    rows, values, last = by_hand(model(), STAGES, scoring, shares, reference=reference)
    assert rows_of(path, shares) == rows
    np.testing.assert_array_equal(path.best_estimator_.components_, last.components_)
    expected = {name: value or 0.0 for (name, _), value in zip(STAGES, values, strict=True)}
    assert path.best_params_ == expected
    assert path.best_score_ == rows_of(path, shares)[-1][3] or path.best_score_ in path.results_["score"]


def test_perplexity_is_the_default_constraint():
    default = TauPath(model(), STAGES, **SETTINGS).fit(X)
    named = TauPath(model(), STAGES, constraints={"perplexity": 0.05}, **SETTINGS).fit(X)
    assert without_time(default.results_) == without_time(named.results_)
    limit = 1.05 * -default.results_["perplexity"][0]
    table = pd.DataFrame(default.results_)
    tried = table[table["value"].notna()]
    kept = -tried["perplexity"] <= limit
    # the first that breaks the constraint takes those after it along
    expected = kept.groupby(tried["stage"]).cummin()
    assert (tried["feasible"] == expected).all()
    assert set(expected) == {True, False}, "the corpus must make both"


class Scripted:
    """A scorer that says what it is told, by the strength of decorrelation."""

    def __init__(self, name, values):
        self.__name__, self.values = name, values

    def __call__(self, estimator, X):
        return self.values[estimator.get_params()["decorrelation__tau"]]


@pytest.mark.parametrize(
    ("scores", "limited", "feasible", "chosen"),
    [
        ([0, 1, 2, 3], [10, 10, 10, 10], [1, 1, 1, 1], 3),
        ([0, 1, 2, 3], [10, 10, 8, 10], [1, 1, 0, 0], 1),  # what comes after the first violation is not considered
        ([0, 1, 2, 3], [10, 9.5, 9.4, 10], [1, 1, 0, 0], 1),  # the bound itself is allowed
        ([0, 1, 2, 3], [-10, -10.5, -10.6, -10], [1, 1, 0, 0], 1),  # a share of the absolute value
        ([0, 1, 2, 3], [0, 0, -1e-9, 0], [1, 1, 0, 0], 1),
        ([5, 1, 2, 3], [10, 10, 10, 10], [1, 1, 1, 1], 0),
        ([1, 1, 1, 1], [10, 10, 10, 10], [1, 1, 1, 1], 0),  # of equals the weakest
        ([0, np.nan, 2, 1], [10, 10, 10, 10], [1, 1, 1, 1], 2),
        ([np.nan, 1, 2, 3], [10, 10, np.nan, 10], [1, 1, 0, 0], 1),
    ],
)
def test_constraint(scores, limited, feasible, chosen):
    values = [0.0, 0.01, 0.02, 0.03]
    scoring = Scripted("goal", dict(zip(values, scores, strict=True)))
    limit = Scripted("limit", dict(zip(values, limited, strict=True)))
    path = TauPath(
        model(), [("decorrelation__tau", values[1:])], scoring=scoring, constraints={limit: 0.05}, n_iter=1
    ).fit(X)
    assert path.results_["feasible"] == [True, *map(bool, feasible)]
    assert path.results_["chosen"] == [True, *(place == chosen for place in range(4))]
    assert path.results_["limit"][1:] == pytest.approx(limited, nan_ok=True)
    assert path.best_params_ == {"decorrelation__tau": values[chosen]}


def test_unchanged_model_is_always_feasible():
    drift = iter([0.0, *[-1.0] * 100])

    def falling(estimator, X):
        return next(drift)

    stages = [("theta__tau", [0.1]), ("phi__tau", [0.1])]
    arguments = {"scoring": "npmi", "constraints": {falling: 0.0}, "n_iter": 1}
    path = TauPath(model(), stages, **arguments).fit(X)
    assert path.results_["feasible"] == [True, True, False, True, False]
    assert path.best_params_ == {"theta__tau": 0.0, "phi__tau": 0.0}
    path = TauPath(model(), stages, reference="stage", **arguments).fit(X)
    assert path.results_["feasible"] == [True] * 5


@pytest.mark.parametrize("estimator", [model(), make_pipeline(CountVectorizer(), model())], ids=["model", "pipeline"])
def test_jobs_do_not_matter(estimator):
    given = TEXTS if isinstance(estimator, Pipeline) else X
    one, two = (TauPath(estimator, STAGES, n_jobs=n_jobs, **SETTINGS).fit(given) for n_jobs in (1, 2))
    assert without_time(one.results_) == without_time(two.results_)
    assert one.best_params_ == two.best_params_
    np.testing.assert_array_equal(one.transform(given), two.transform(given))


@pytest.mark.slow
def test_jobs_do_not_matter_where_workers_map_the_data():
    """Joblib hands arrays beyond a megabyte to its workers as read-only memory maps."""
    counts = make_topics(n_docs=5000, n_tokens=30000, n_topics=10, doc_length=100, random_state=0).data
    estimator, stages = model(n_components=10), [("theta__tau", [0.1]), ("phi__tau", [-0.05])]
    assert min(0.8 * counts.data.nbytes, 10 * 30000 * 4) > 2**20
    one, two = (TauPath(estimator, stages, n_jobs=n_jobs, **SETTINGS | {"n_iter": 2}).fit(counts) for n_jobs in (1, 2))
    assert without_time(one.results_) == without_time(two.results_)
    np.testing.assert_array_equal(one.best_estimator_.components_, two.best_estimator_.components_)


@pytest.mark.parametrize("container", [list, np.array, pd.Series])
def test_texts_equal_counts(container):
    vectorizer = CountVectorizer()
    pipe = Pipeline([("count", vectorizer), ("topics", model())])
    path = TauPath(pipe, STAGES, refit=False, **SETTINGS).fit(container(TEXTS))
    # the vocabulary is that of the training texts
    train = np.sort(train_test_split(np.arange(90), test_size=0.2, random_state=0)[0])
    counts = clone(vectorizer).fit([TEXTS[d] for d in train]).transform(TEXTS)
    plain = TauPath(model(), STAGES, refit=False, **SETTINGS).fit(counts)
    assert without_time(path.results_) == without_time(plain.results_)
    assert list(path.best_estimator_.named_steps) == ["count", "topics"]
    np.testing.assert_array_equal(path.transform(TEXTS), plain.transform(counts))


def test_pipeline_of_the_model_alone():
    path = TauPath(Pipeline([("topics", model())]), STAGES, **SETTINGS).fit(X)
    assert without_time(path.results_) == without_time(TauPath(model(), STAGES, **SETTINGS).fit(X).results_)


def test_topic_pipeline():
    """It equals a pipeline, and the model knows the words."""
    path = TauPath(TopicPipeline(CountVectorizer(), model()), STAGES, **SETTINGS).fit(TEXTS)
    plain = TauPath(make_pipeline(CountVectorizer(), model()), STAGES, **SETTINGS).fit(TEXTS)
    assert without_time(path.results_) == without_time(plain.results_)
    best = path.best_estimator_
    np.testing.assert_array_equal(best.transform(TEXTS), plain.transform(TEXTS))
    assert best.top_tokens(2)[0][0].startswith("w")
    assert best.model.token_names is None
    assert {name: best.get_params()[f"model__{name}"] for name in path.best_params_} == path.best_params_
    assert make_topic_scorer("diversity")(path, TEXTS) == make_topic_scorer("diversity")(plain, TEXTS)


class TestScoring:
    def test_none_is_the_score_of_the_model(self):
        path = TauPath(model(), STAGES[:1], n_iter=3, random_state=0).fit(X)
        rows, _, _ = by_hand(model(), STAGES[:1], "completion", {"perplexity": 0.05})
        assert -np.exp(-np.array(path.results_["score"])) == pytest.approx([row[3] for row in rows], rel=1e-6)
        assert path.score(X) == path.best_estimator_.score(X)

    def test_name_scorer_and_function_agree(self):
        def sparsity(estimator, texts, y=None):
            assert isinstance(estimator, Pipeline)
            assert isinstance(texts[0], str)
            return make_topic_scorer("phi_sparsity")(estimator, texts)

        pipe = make_pipeline(CountVectorizer(), model())
        scores = [
            TauPath(pipe, STAGES, **SETTINGS | {"scoring": scoring}).fit(TEXTS)
            for scoring in ("phi_sparsity", make_topic_scorer("phi_sparsity"), sparsity)
        ]
        for other in scores[1:]:
            assert without_time(scores[0].results_) == without_time(other.results_)
            assert scores[0].score(TEXTS) == other.score(TEXTS)

    def test_reference_of_texts(self):
        scoring = make_topic_scorer("npmi", n_top=3, reference=TEXTS)
        path = TauPath(
            make_pipeline(CountVectorizer(), model()), STAGES[:1], refit=False, **SETTINGS | {"scoring": scoring}
        ).fit(TEXTS)
        assert path.best_score_ == scoring(path.best_estimator_, TEXTS[:5])

    def test_constraint_by_scorer_has_its_repr_as_name(self):
        scorer = make_topic_scorer("npmi", n_top=3)
        path = TauPath(model(), STAGES[:1], constraints={scorer: 0.1}, **SETTINGS).fit(X)
        assert "make_topic_scorer('npmi', n_top=3)" in path.results_

    def test_y_goes_to_model_and_scorer(self):
        y = CORPUS.doc_topic.argmax(axis=1)

        def right(estimator, X, y):
            return accuracy_score(y, estimator.predict(X))

        classifier = ARTMClassifier(N_TOPICS, random_state=0, n_jobs=1, max_iter=5, tol=0)
        stages = [("max_doc_iter", [12])]
        paths = [
            TauPath(classifier, stages, scoring=scoring, n_iter=3, random_state=0).fit(X, y)
            for scoring in (None, "accuracy", right)
        ]
        for path in paths:
            assert without_time(path.results_) == without_time(paths[0].results_)
            assert path.score(X, y) == accuracy_score(y, path.predict(X)) > 0.4
            assert path.predict_proba(X).shape == (90, N_TOPICS)
            np.testing.assert_array_equal(path.classes_, np.arange(N_TOPICS))


class TestStages:
    def test_schedule(self):
        estimator = model().set_params(decorrelation__tau=Linear(0, 0.0))
        path = TauPath(estimator, [("decorrelation__tau__stop", [0.02, 0.1])], refit=False, **SETTINGS).fit(X)
        rows, _, _ = by_hand(estimator, [("decorrelation__tau__stop", [0.02, 0.1])], "diversity", {"perplexity": 0.05})
        assert rows_of(path, ["perplexity"]) == rows
        assert estimator.get_params()["decorrelation__tau__stop"] == 0.0

    def test_whole_regularizers_and_schedules_stay_as_they_were(self):
        whole = [Decorrelation(Linear(0, 0.01), relative=0.0), Decorrelation(0.02, relative=0.0)]
        values = [Linear(0, 0.01), 0.05]
        stages = [("decorrelation", whole), ("decorrelation__tau", values), ("theta", ["drop"])]
        before = repr(stages)
        path = TauPath(model(), stages, constraints={}, **SETTINGS).fit(X)
        assert repr(stages) == before
        assert path.results_["value"][2] is whole[0]
        assert repr(clone(model()).set_params(**path.best_params_)) == repr(clone(path.best_estimator_))

    def test_repeated_parameter(self):
        """Each stage has a number of its own, and is replayed with its own value."""
        stages = [("decorrelation__tau", [0.1]), ("theta__tau", [0.5]), ("decorrelation__tau", [0.1]), STAGES[1]]
        goal = iter([0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0])  # chosen: 0.1, 0.5, unchanged, 0.02
        path = TauPath(model(), stages, scoring=lambda *_: next(goal), constraints={}, n_iter=2).fit(X)
        assert path.results_["stage"] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4]
        assert path.best_params_ == {"decorrelation__tau": 0.02, "theta__tau": 0.5}
        expected = model(warm_start=True, max_iter=2, tol=0).fit(X)
        for parameters in ({"decorrelation__tau": 0.1}, {"theta__tau": 0.5}, {}, {"decorrelation__tau": 0.02}):
            expected.set_params(**parameters).fit(X)
        np.testing.assert_array_equal(path.best_estimator_.components_, expected.components_)

    def test_dead_topics_are_told(self):
        with pytest.warns(DeadTopicWarning, match="lost their tokens"):
            TauPath(model(), [("phi__tau", [-1e6])], refit=False, **SETTINGS).fit(X)


class TestBest:
    @pytest.mark.parametrize("refit", [True, False])
    def test_it_is_as_declared(self, refit):
        declared = model(max_iter=7, tol=0.01)
        path = TauPath(declared, STAGES, refit=refit, **SETTINGS).fit(X)
        best = path.best_estimator_
        assert (best.max_iter, best.tol, best.warm_start) == (7, 0.01, False)
        assert path.transform(X).shape == (90, N_TOPICS)
        assert {name: best.get_params()[name] for name in path.best_params_} == path.best_params_
        assert list(path.get_feature_names_out()) == list(best.get_feature_names_out())
        assert path.n_features_in_ == X.shape[1]
        assert not hasattr(declared, "components_")
        assert declared.get_params()["theta__tau"] == 0.0

    def test_refit_sees_all_documents(self):
        stages = STAGES[:2]
        path = TauPath(model(), stages, **SETTINGS).fit(X)
        expected = model(warm_start=True, max_iter=3, tol=0).fit(X)
        for name, _ in stages:
            rows = zip(*(path.results_[key] for key in ("parameter", "value", "chosen")), strict=True)
            value = next(value for parameter, value, chosen in rows if parameter == name and chosen)
            expected.set_params(**({} if value is None else {name: value})).fit(X)
        np.testing.assert_array_equal(path.best_estimator_.components_, expected.components_)

    def test_pipeline_learns_all_words(self):
        texts = [f"{text} only{place}" for place, text in enumerate(TEXTS)]
        arguments = make_pipeline(CountVectorizer(), model(), memory=None, verbose=False), STAGES[:1]
        assert TauPath(*arguments, **SETTINGS).fit(texts).best_estimator_[-1].n_features_in_ == N_WORDS + 90
        assert (
            TauPath(*arguments, refit=False, **SETTINGS).fit(texts).best_estimator_[-1].n_features_in_ == N_WORDS + 72
        )

    def test_clone_pickle_params(self):
        path = TauPath(model(), STAGES, **SETTINGS)
        again = clone(path)
        assert repr(again) == repr(path)
        assert path.get_params()["estimator__decorrelation__tau"] == 0.0
        path.set_params(estimator__n_components=3).fit(X)
        loaded = pickle.loads(pickle.dumps(path))
        assert loaded.results_ == path.results_
        np.testing.assert_array_equal(loaded.transform(X), path.transform(X))
        assert loaded.transform(X).shape == (90, 3)

    def test_before_fit(self):
        path = TauPath(model(), STAGES)
        for use in (path.transform, path.score):
            with pytest.raises(NotFittedError):
                use(X)
        assert not hasattr(path, "predict")

    def test_table(self):
        path = TauPath(PLSA(3, random_state=0, n_jobs=1), [("max_doc_iter", [20])], n_iter=2).fit(X)
        table = pd.DataFrame(path.results_)
        columns = ["stage", "parameter", "value", "score", "perplexity", "feasible", "chosen", "fit_time"]
        assert list(table) == columns
        assert table["chosen"].sum() == 2
        assert len(table) == 3


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"stages": []}, ValueError, "must be a list of .parameter, values., not empty"),
        ({"stages": None}, TypeError, "'stages' parameter"),
        ({"stages": "theta__tau"}, TypeError, "'stages' parameter"),
        ({"stages": {"theta__tau": [1]}}, TypeError, "'stages' parameter"),
        ({"stages": [("theta__tau", 0.1)]}, TypeError, "must be a list of .parameter, values.. Got"),
        ({"stages": [("theta__tau", "12")]}, TypeError, "'stages' parameter"),
        ({"stages": [("theta__tau",)]}, TypeError, "'stages' parameter"),
        ({"stages": [(3, [0.1])]}, TypeError, "'stages' parameter"),
        ({"stages": [("theta__tua", [0.1])]}, ValueError, "Got 'theta__tua'; did you mean 'theta__tau'"),
        ({"stages": [("xyz", [0.1])]}, ValueError, "must name parameters of ARTMTransformer. Got 'xyz'"),
        ({"stages": [("theta__tau", [])]}, ValueError, "must have values to try"),
        ({"stages": [("theta__tau", [0.1, None])]}, ValueError, "without None"),
        ({"stages": [("max_iter", [10])]}, ValueError, "cannot change 'max_iter'"),
        ({"stages": [("n_components", [10])]}, ValueError, "cannot change 'n_components'"),
        ({"reference": "best"}, ValueError, "'reference' parameter"),
        ({"n_iter": 0}, ValueError, "'n_iter' parameter"),
        ({"refit": "yes"}, ValueError, "'refit' parameter"),
        ({"validation_fraction": 0.0}, ValueError, "between 0 and 1"),
        ({"validation_fraction": 1}, ValueError, "between 0 and 1"),
        ({"validation_fraction": "0.2"}, ValueError, "between 0 and 1"),
        ({"scoring": "nmpi"}, ValueError, "did you mean 'npmi'"),
        ({"scoring": "stability"}, ValueError, "compares models"),
        ({"scoring": ["npmi"]}, TypeError, "a score must be a name"),
        ({"scoring": lambda *_: {"a": 1.0}}, TypeError, "must be one number"),
        ({"constraints": ["perplexity"]}, TypeError, "'constraints' parameter"),
        ({"constraints": {"perplexity": "5 %"}}, TypeError, "'constraints' parameter"),
        ({"constraints": {"perplexity": None}}, TypeError, "'constraints' parameter"),
        ({"constraints": {"perplexity": np.nan}}, TypeError, "'constraints' parameter"),
        ({"constraints": {None: 0.1}}, TypeError, "'constraints' parameter"),
        ({"constraints": {"perplexty": 0.1}}, ValueError, "did you mean 'perplexity'"),
        ({"constraints": {Scripted("score", {}): 0.1}}, ValueError, "names of constraints must differ"),
        ({"constraints": {Scripted("a", {}): 0.1, Scripted("a", {}): 0.2}}, ValueError, "must differ"),
        ({"estimator": CountVectorizer()}, TypeError, "estimator must be a topic model"),
        ({"estimator": make_pipeline(model(), CountVectorizer())}, TypeError, "estimator must be a topic model"),
        ({"estimator": PLSA}, TypeError, "estimator must be a topic model"),
        ({"estimator": None}, TypeError, "estimator must be a topic model"),
        ({"estimator": model(unregularized_iter=10)}, ValueError, "larger than the unregularized_iter"),
    ],
)
def test_bad_input(parameters, error, message):
    with pytest.raises(error, match=message):
        TauPath(**({"estimator": model(), "stages": STAGES, "n_iter": 10} | parameters)).fit(X)

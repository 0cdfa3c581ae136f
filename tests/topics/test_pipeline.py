"""TopicPipeline: names and counts handed on, and the conventions of a meta-estimator."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import LDA, PLSA, ARTMClassifier, ARTMTransformer, TopicPipeline
from skartm.regularizers import Decorrelation, SmoothSparseTheta

WORDS = {"sport": "goal match team win", "state": "vote law party win"}


def as_list(tags):
    return tags


def frame(n_docs=40, seed=0):
    rng = np.random.default_rng(seed)
    kinds = rng.choice(list(WORDS), n_docs)
    return pd.DataFrame(
        {
            "text": [" ".join(rng.choice(WORDS[kind].split(), 12)) for kind in kinds],
            "tags": [[kind, "all"] for kind in kinds],
            "authors": ["; ".join(rng.choice(["ann", "bob", "win"], 2)) for _ in kinds],
            "year": rng.integers(2000, 2003, n_docs),
            "kind": kinds,
        }
    )


def columns(**parameters):
    return ColumnTransformer(
        [
            ("words", CountVectorizer(), "text"),
            ("tags", CountVectorizer(analyzer=as_list), "tags"),
            ("authors", CountVectorizer(token_pattern=r"[^;\s]+"), "authors"),
            ("years", OneHotEncoder(handle_unknown="ignore"), ["year"]),
        ],
        **parameters,
    )


def model(**parameters):
    return ARTMTransformer(2, **{"max_iter": 5, "tol": 0, "random_state": 0, "n_jobs": 1, **parameters})


def classifier(**parameters):
    return ARTMClassifier(4, **{"max_iter": 5, "tol": 0, "random_state": 0, "n_jobs": 1, **parameters})


class TestNames:
    @pytest.mark.parametrize("verbose", [True, False])
    def test_of_columns(self, verbose):
        pipe = TopicPipeline(columns(verbose_feature_names_out=verbose) if verbose else columns(), model()).fit(frame())
        assert list(pipe.model_.modalities) == ["words", "tags", "authors", "years"]
        assert pipe.model_.modalities["tags"] == pipe.transformer_.output_indices_["tags"]
        names = pipe.model_.token_names
        assert {"goal", "ann", "sport", "year_2000"} <= set(names)
        assert {"words__win", "authors__win"} <= set(names)  # a name that modalities share keeps its prefix
        assert len(set(names)) == len(names)
        assert set(sum(pipe.top_tokens(1, modality="tags"), [])) <= {"sport", "state", "all"}  # noqa: RUF017

    def test_of_one_vectorizer(self):
        pipe = TopicPipeline(CountVectorizer(), model()).fit(frame()["text"])
        assert pipe.model_.modalities is None
        assert pipe.model_.token_names == pipe.transformer_.get_feature_names_out().tolist()

    def test_of_a_pipeline_that_ends_in_columns(self):
        transformer = Pipeline([("same", FunctionTransformer()), ("columns", columns())])
        pipe = TopicPipeline(transformer, model()).fit(frame())
        assert list(pipe.model_.modalities) == ["words", "tags", "authors", "years"]
        assert "goal" in pipe.model_.token_names

    def test_given_ones_stay(self):
        names = [f"w{w}" for w in range(7)]
        modalities = {"a": slice(0, 3), "b": slice(3, 7)}
        pipe = TopicPipeline(CountVectorizer(), model(modalities=modalities, token_names=names)).fit(frame()["text"])
        assert pipe.model_.token_names == names
        assert pipe.model_.modalities == modalities

    def test_without_names(self):
        pipe = TopicPipeline(FunctionTransformer(), model()).fit(np.eye(4))
        assert pipe.model_.token_names is None

    def test_dropped_columns_are_no_modality(self):
        transformer = ColumnTransformer([("words", CountVectorizer(), "text"), ("no", "drop", "tags")])
        assert list(TopicPipeline(transformer, model()).fit(frame()).model_.modalities) == ["words"]

    @pytest.mark.parametrize("estimator", [PLSA(2, max_iter=3, tol=0, n_jobs=1), LDA(2, max_iter=3, n_jobs=1)])
    def test_models_without_modalities(self, estimator):
        assert TopicPipeline(CountVectorizer(), estimator).fit_transform(frame()["text"]).shape == (40, 2)
        with pytest.raises(ValueError, match=r"has no modalities, and the transformer gives \['words', 'tags'"):
            TopicPipeline(columns(), estimator).fit(frame())


class TestEqualsSteps:
    def test_transform_and_score(self):
        X, weights = frame(), np.linspace(0.5, 2, 40)
        pipe = TopicPipeline(columns(), model(modality_weights={"tags": 3.0}, main_modality="words"))
        theta = pipe.fit_transform(X, sample_weight=weights)
        counts = pipe.transformer_.transform(X)
        by_hand = model(
            modalities=pipe.transformer_.output_indices_, modality_weights={"tags": 3.0}, main_modality="words"
        )
        by_hand.set_params(
            modalities={name: place for name, place in by_hand.modalities.items() if place.stop > place.start}
        )
        by_hand.fit(counts, sample_weight=weights)
        assert_array_equal(theta, by_hand.transform(counts))
        assert_array_equal(pipe.transform(X), theta)
        assert pipe.score(X, sample_weight=weights) == by_hand.score(counts, sample_weight=weights)
        assert pipe.perplexity(X, modality="tags") == by_hand.perplexity(counts, modality="tags")

    def test_partial_fit(self):
        X = frame()
        pipe = TopicPipeline(columns(), model()).partial_fit(X).partial_fit(X[:10], sample_weight=np.ones(10))
        counts = pipe.transformer_.transform(X)
        by_hand = model(modalities=pipe.model_.modalities).partial_fit(counts).partial_fit(counts[:10])
        assert_array_equal(pipe.model_.components_, by_hand.components_)

    def test_parts_are_cloned(self):
        pipe = TopicPipeline(columns(), model())
        pipe.fit(frame())
        assert not hasattr(pipe.transformer, "output_indices_")
        assert pipe.model.modalities is None
        assert pipe.named_steps.model is pipe.model_
        assert clone(pipe).named_steps.model.modalities is None

    def test_pickle(self):
        pipe = TopicPipeline(columns(), model()).fit(frame())
        assert_array_equal(pickle.loads(pickle.dumps(pipe)).transform(frame()), pipe.transform(frame()))


class TestCounts:
    def test_dense_columns(self):
        transformer = ColumnTransformer([("years", OneHotEncoder(sparse_output=False), ["year"])])
        pipe = TopicPipeline(transformer, model()).fit(frame())
        assert list(pipe.model_.modalities) == ["years"]

    def test_columns_never_pass_through_a_dense_matrix(self):
        pipe = TopicPipeline(columns(sparse_threshold=0), model()).fit(frame())
        assert sparse.issparse(pipe.transformer_.transform(frame()))

    def test_negative(self):
        transformer = ColumnTransformer([("years", StandardScaler(), ["year"])])
        with pytest.raises(ValueError, match=r"Negative values.*must give counts. Got -.*KBinsDiscretizer"):
            TopicPipeline(transformer, model()).fit(frame())

    def test_text(self):
        transformer = ColumnTransformer([("kind", "passthrough", ["kind"])])
        with pytest.raises(ValueError, match="transformer must give counts. Got object"):
            TopicPipeline(transformer, model()).fit(frame().astype({"kind": object}))

    @pytest.mark.parametrize("everywhere", [True, False])
    def test_frames_out(self, everywhere):
        X = frame()
        with sklearn.config_context(transform_output="pandas" if everywhere else "default"):
            pipe = TopicPipeline(columns(), model())
            if not everywhere:
                pipe.set_output(transform="pandas")
            theta = pipe.fit_transform(X)
            assert isinstance(pipe.transform(X), pd.DataFrame)
        assert theta.columns.tolist() == ["artmtransformer0", "artmtransformer1"]
        assert theta.columns.tolist() == pipe.get_feature_names_out().tolist()
        assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)


class TestSearch:
    def test_parameters_of_all_levels(self):
        regularizers = [("decorrelation", Decorrelation(0.01, relative=0.0))]
        pipe = TopicPipeline(columns(), model(modality_weights={"tags": 1.0}, regularizers=regularizers))
        grid = {
            "model__decorrelation__tau": [0.0, 0.02],
            "model__modality_weights__tags": [0.5, 2.0],
            "transformer__words__min_df": [1, 2],
        }
        search = GridSearchCV(pipe, grid, cv=2).fit(frame())
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.best_estimator_.model_.modality_weights_["tags"] in (0.5, 2.0)

    def test_classifier(self):
        X = frame()
        pipe = TopicPipeline(ColumnTransformer([("words", CountVectorizer(), "text")]), classifier())
        assert is_classifier(pipe)
        search = GridSearchCV(pipe, {"model__label_weight": [0.0, 2.0]}, cv=2).fit(X, X["kind"])
        assert search.score(X, X["kind"]) == 1
        assert search.best_estimator_.classes_.tolist() == ["sport", "state"]
        assert_allclose(search.predict_proba(X).sum(axis=1), 1)
        assert (cross_val_predict(pipe, X, X["kind"], cv=2) == X["kind"]).mean() > 0.9

    def test_in_a_pipeline(self):
        X = frame()
        pipe = make_pipeline(TopicPipeline(columns(), model()), LogisticRegression()).fit(X, X["kind"])
        assert pipe.score(X, X["kind"]) > 0.9

    def test_weights_are_routed(self):
        X, weights = frame(), np.linspace(0.1, 2, 40)
        expected = TopicPipeline(columns(), model()).fit(X, sample_weight=weights).transform(X)
        with sklearn.config_context(enable_metadata_routing=True):
            requesting = model().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            pipe = TopicPipeline(columns(), requesting)
            assert_array_equal(pipe.fit(X, sample_weight=weights).transform(X), expected)
            assert_array_equal(pipe.fit_transform(X, sample_weight=weights), expected)
            assert np.isfinite(pipe.score(X, sample_weight=weights))
            assert np.isfinite(pipe.fit(X).score(X))
            GridSearchCV(pipe, {"model__n_components": [2]}, cv=2).fit(X, sample_weight=weights)
            with pytest.raises(ValueError, match="sample_weight"):
                TopicPipeline(columns(), model()).fit(X, sample_weight=weights)


class TestMethods:
    def test_only_those_of_the_model(self):
        topics, classes = TopicPipeline(columns(), model()), TopicPipeline(columns(), classifier())
        assert not hasattr(topics, "predict")
        assert not hasattr(topics, "predict_proba")
        assert hasattr(classes, "predict_proba")
        assert all(hasattr(pipe, name) for pipe in (topics, classes) for name in ("partial_fit", "score", "perplexity"))

    @pytest.mark.parametrize("method", ["transform", "score", "perplexity"])
    def test_not_fitted(self, method):
        with pytest.raises(NotFittedError):
            getattr(TopicPipeline(columns(), model()), method)(frame())
        with pytest.raises(NotFittedError):
            TopicPipeline(columns(), model()).top_tokens()


@pytest.mark.filterwarnings("ignore::skartm.exceptions.ShortTextsWarning")
@parametrize_with_checks(
    [
        TopicPipeline(
            MaxAbsScaler(),
            ARTMTransformer(2, regularizers=[("t", SmoothSparseTheta(0.1))], dtype="float64", n_jobs=1, random_state=0),
        ),
        TopicPipeline(
            MaxAbsScaler(),
            ARTMClassifier(2, dtype="float64", max_iter=5, tol=0, n_jobs=1, random_state=0),
        ),
    ]
)
def test_checks(estimator, check):
    check(estimator)

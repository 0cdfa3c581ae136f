"""Tables where a sequence is meant: what their iteration would give is never what is meant."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from skartm import PLSA, AuthorTopic, MonotonicClassifier, MonotonicRegressor, MonotonicStacking, TopicPipeline
from skartm.feature_extraction import SequenceVectorizer

TEXTS = ["goal match goal", "vote law", "match team", "law vote goal"]
VECTORIZERS = {
    "counts": CountVectorizer(),
    "hashes": HashingVectorizer(n_features=16, alternate_sign=False, norm=None),
    "sequence": SequenceVectorizer(),
    "pipeline": Pipeline([("count", CountVectorizer())]),
    "union": FeatureUnion([("words", CountVectorizer()), ("letters", CountVectorizer(analyzer="char"))]),
}
COLUMNS = {
    "frame": pd.DataFrame({"goal text": TEXTS}),
    "column": pd.Series(TEXTS),
    "array": np.array(TEXTS, dtype=object)[:, None],
    "array of str": np.array(TEXTS)[:, None],
}


def make(vectorizer):
    return TopicPipeline(VECTORIZERS[vectorizer], PLSA(2, max_iter=3, tol=0, random_state=0))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("vectorizer", VECTORIZERS)
def test_one_column_of_texts_is_the_texts(vectorizer, column):
    expected = make(vectorizer).fit(TEXTS)
    pipeline = make(vectorizer).fit(COLUMNS[column])
    assert np.array_equal(pipeline.model_.components_, expected.model_.components_)
    assert np.array_equal(pipeline.transform(COLUMNS[column]), expected.transform(TEXTS))
    assert pipeline.perplexity(COLUMNS[column]) == expected.perplexity(TEXTS)
    assert np.array_equal(
        make(vectorizer).partial_fit(COLUMNS[column]).model_.components_,
        make(vectorizer).partial_fit(TEXTS).model_.components_,
    )


def test_polars_has_columns_too():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"text": TEXTS})
    assert np.array_equal(make("counts").fit(frame).transform(frame), make("counts").fit(TEXTS).transform(TEXTS))


@pytest.mark.parametrize("vectorizer", VECTORIZERS)
def test_several_columns_are_refused_with_the_remedy(vectorizer):
    frame = pd.DataFrame({"title": TEXTS, "body": TEXTS})
    with pytest.raises(ValueError, match=r"TopicPipeline: texts must be .* table of 2 columns; .* ColumnTransformer"):
        make(vectorizer).fit(frame)
    with pytest.raises(ValueError, match="table of 2 columns"):
        make(vectorizer).fit(TEXTS).transform(frame)


def test_the_vectorizer_alone():
    expected = SequenceVectorizer().fit(TEXTS)
    for column in COLUMNS.values():
        vectorizer = SequenceVectorizer().fit(column)
        assert vectorizer.vocabulary_ == expected.vocabulary_
        assert (vectorizer.transform(column) != expected.transform(TEXTS)).nnz == 0
    with pytest.raises(ValueError, match="SequenceVectorizer: texts must be"):
        SequenceVectorizer().fit(pd.DataFrame({"a": TEXTS, "b": TEXTS}))


RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(RNG.normal(size=(60, 3)), columns=["up", "down", "any"])
Y = FRAME["up"] - FRAME["down"] + 0.1 * RNG.normal(size=60)
MODELS = {
    "regressor": (MonotonicRegressor("linear"), Y),
    "classifier": (MonotonicClassifier("linear"), (Y > 0).astype(int)),
    "stacking": (
        MonotonicStacking(
            [("one", MonotonicRegressor("linear")), ("two", MonotonicRegressor("linear"))], random_state=0
        ),
        Y,
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_signs_by_index(name):
    from sklearn.base import clone

    model, y = MODELS[name]

    def predictions(signs, X=FRAME):
        fitted = clone(model).set_params(monotonic_cst=signs).fit(X, y)
        return (fitted.predict_proba(X)[:, 1] if name == "classifier" else fitted.predict(X)).tolist()

    expected = predictions([1, -1, 0])
    assert predictions(pd.Series({"any": 0, "down": -1, "up": 1})) == expected
    assert predictions(pd.Series({"down": -1, "up": 1})) == expected
    assert predictions(pd.Series([0, -1, 1], index=[2, 1, 0])) == expected
    assert predictions(pd.Series([1, -1, 0])) == expected
    for wrong in (
        pd.Series({"up": 1, "sideways": 1}),
        pd.Series([1, -1, 0], index=[1, 2, 3]),
        pd.Series([1, 1], index=["up", "up"]),
        pd.Series([1, 0, 0], index=["up", 1, 2]),
    ):
        with pytest.raises(ValueError, match="monotonic_cst"):
            predictions(wrong)
    with pytest.raises(ValueError, match="not fitted on data with feature names"):
        predictions(pd.Series({"down": -1, "up": 1}), FRAME.to_numpy())


def test_a_column_of_integers_is_neither_names_nor_shares():
    X = RNG.poisson(1.0, (6, 5)) + 1
    numbers = np.array([3, 5, 3, 0, 5, 1])
    model = AuthorTopic(2, max_iter=2, tol=0, random_state=0)
    for kind in (np.int64, np.int32, np.uint8):
        with pytest.raises(ValueError, match=r"a column of integers .* authors.ravel\(\)"):
            model.fit(X, authors=numbers.astype(kind)[:, None])
    assert model.fit(X, authors=numbers[:, None].ravel()).authors_.tolist() == [0, 1, 3, 5]
    assert model.fit(X, authors=np.ones((6, 1))).authors_.tolist() == [0]

"""ARTMClassifier: words alone in the degenerate case, planted classes, labels of every kind."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm import ARTMClassifier, ARTMTransformer
from skartm.datasets import load_peps
from skartm.regularizers import Decorrelation, SmoothSparseTheta
from tests.em.corpora import corpus

REGULARIZERS = [("decorrelation", Decorrelation(0.02, relative=0.0)), ("smooth", SmoothSparseTheta(0.1))]
N_CLASSES = 3


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, N_CLASSES, 300)
    phi = rng.dirichlet(np.full(60, 0.3), N_CLASSES + 1)  # one for all classes
    X = np.array([rng.multinomial(40, 0.5 * phi[c] + 0.5 * phi[-1]) for c in y])
    return csr_matrix(X.astype(float)), np.array(["a", "b", "c"])[y]


def model(**parameters):
    common = {"n_components": 5, "max_iter": 15, "tol": 0, "dtype": "float64", "random_state": 0, "n_jobs": 1}
    return ARTMClassifier(**{**common, **parameters})


class TestTopics:
    @pytest.mark.parametrize("learning_method", ["batch", "online"])
    @pytest.mark.parametrize("regularizers", [[], [("t", SmoothSparseTheta(0.1))]], ids=["plain", "smooth"])
    def test_without_weight_those_of_the_words(self, learning_method, regularizers, data):
        parameters = {"learning_method": learning_method, "batch_size": 64, "regularizers": regularizers}
        X, y = data
        fitted = model(label_weight=0, **parameters).fit(X, y)
        words = ARTMTransformer(
            5, max_iter=15, tol=0, dtype="float64", random_state=0, n_jobs=1, **parameters
        ).fit(X)  # fmt: skip
        assert_allclose(fitted.components_, words.components_, rtol=1e-10, atol=1e-14)
        assert_allclose(fitted.transform(X), words.transform(X), rtol=1e-9, atol=1e-12)
        assert fitted.score(X, y) > 0.8  # the topics tell all the same
        assert_allclose(fitted.class_components_.sum(axis=1), 1)

    def test_equals_a_modality_by_hand(self, data):
        X, y = data
        fitted = model(label_weight=1.5, regularizers=REGULARIZERS).fit(X, y)
        indicators = csr_matrix((y[:, None] == np.array(["a", "b", "c"])).astype(float))
        by_hand = ARTMTransformer(
            5, max_iter=15, tol=0, dtype="float64", random_state=0, n_jobs=1, regularizers=REGULARIZERS,
            modalities={"words": slice(60), "labels": slice(60, 63)}, modality_weights={"labels": 1.5},
            main_modality="words",
        ).fit(csr_matrix(np.hstack([X.toarray(), indicators.toarray()])))  # fmt: skip
        assert_allclose(fitted.components_, by_hand.components_[:, :60], rtol=1e-9, atol=1e-13)
        assert_allclose(fitted.class_components_, by_hand.components_[:, 60:], rtol=1e-9, atol=1e-13)
        assert fitted.history_["objective"] == pytest.approx(by_hand.history_["objective"])
        blind = csr_matrix(np.hstack([X.toarray(), np.zeros((300, 3))]))
        assert_allclose(fitted.transform(X), by_hand.transform(blind), rtol=1e-9, atol=1e-13)
        theta = fitted.transform(X)
        mixture = fitted.set_params(rule="mixture").predict_proba(X)
        assert_allclose(mixture, theta @ fitted.class_components_, rtol=1e-9)

    def test_labels_tell_topics_apart(self, data):
        X, y = data
        theta = [model(label_weight=weight).fit(X, y).transform(X) for weight in (0, 10)]
        purity = [np.array([t[y == c].mean(axis=0) for c in "abc"]).max(axis=0).sum() for t in theta]
        assert purity[1] > purity[0]

    def test_user_modalities(self, data):
        X, y = data
        fitted = model(
            modalities={"tags": slice(0, 10), "text": slice(10, 60)}, modality_weights={"tags": 3.0}, label_weight=2.0
        ).fit(X, y)  # fmt: skip
        weights = fitted.model_.modality_weights_
        mass = 3 * X[:, :10].sum() + X[:, 10:].sum()
        assert weights == pytest.approx({"tags": 3.0, "text": 1.0, "labels": 2 * mass / 300})
        assert_allclose(fitted.components_[:, :10].sum(axis=1), 1)
        assert fitted.score(X, y) > 0.9
        assert np.isfinite(fitted.perplexity(X, modality="tags"))
        relative = model(modalities=["tags"] * 10 + ["text"] * 50, main_modality="text").fit(X, y)
        assert relative.model_.modality_weights_["tags"] == pytest.approx(X[:, 10:].sum() / X[:, :10].sum())

    def test_start(self, data):
        X, y = data
        init = np.random.default_rng(0).dirichlet(np.ones(60), 5)
        assert model(init=init).fit(X, y).score(X, y) > 0.9

    def test_names(self, data):
        X, y = data
        fitted = model(topic_names=list("vwxyz")).fit(
            pd.DataFrame(X.toarray(), columns=[f"w{w}" for w in range(60)]), y
        )
        assert fitted.get_feature_names_out().tolist() == list("vwxyz")
        assert set(fitted.top_tokens(1, modality="labels")[0]) <= {"a", "b", "c"}
        assert set(fitted.top_tokens(3, modality="words")[0]) <= set(fitted.feature_names_in_)
        unnamed = model().fit(X, y)
        assert set(unnamed.top_tokens(1, modality="labels")[0]) <= {"a", "b", "c"}
        assert unnamed.get_feature_names_out()[0] == "artmclassifier0"


class TestClasses:
    @pytest.mark.parametrize("rule", ["bayes", "mixture"])
    @pytest.mark.parametrize("learning_method", ["batch", "online"])
    def test_planted(self, rule, learning_method, data):
        X, y = data
        fitted = model(rule=rule, learning_method=learning_method, batch_size=50).fit(X[:200], y[:200])
        assert fitted.score(X[200:], y[200:]) > 0.9
        p = fitted.predict_proba(X[200:])
        assert_allclose(p.sum(axis=1), 1)
        assert_array_equal(fitted.predict(X[200:]), fitted.classes_[p.argmax(axis=1)])

    def test_close_to_logistic_regression_on_the_same_topics(self):
        peps = load_peps()
        X, y = peps.data, np.array([(*subjects, "Language")[0] for subjects in peps.topics])
        train, test = np.arange(736) % 5 > 0, np.arange(736) % 5 == 0
        fitted = ARTMClassifier(20, max_iter=20, tol=0, random_state=0, n_jobs=1).fit(X[train], y[train])
        regression = LogisticRegression(C=10, max_iter=1000).fit(fitted.transform(X[train]), y[train])
        assert (
            fitted.score(X[test], y[test]) > regression.score(fitted.transform(X[test]), y[test]) - 0.06
        )  # 148 documents

    def test_probabilities_are_calibrated(self, data):
        X, y = data
        fitted = model().fit(X, y)
        expected = [(y == c).sum() for c in "abc"]
        assert_allclose(fitted.predict_proba(X).sum(axis=0), expected, atol=2)
        assert_array_equal(fitted.class_count_, expected)

    def test_class_prior(self, data):
        X, y = data
        skewed = np.flatnonzero((y != "c") | (np.arange(300) % 8 == 0))
        fitted = model().fit(X[skewed], y[skewed])
        before = fitted.predict_proba(X)
        uniform = fitted.set_params(class_prior="uniform").predict_proba(X)
        assert (uniform[:, 2] >= before[:, 2]).all()
        assert_allclose(fitted.set_params(class_prior=[1, 1, 1]).predict_proba(X), uniform)
        assert_allclose(fitted.set_params(class_prior=fitted.class_count_).predict_proba(X), before, rtol=1e-9)
        assert (fitted.set_params(class_prior=[1, 0, 0]).predict(X) == "a").all()
        for bad in ([1, 1], "balanced", [-1, 1, 1], [0, 0, 0]):
            with pytest.raises(
                ValueError, match="'class_prior' parameter of ARTMClassifier must be None, 'uniform' or 3"
            ):
                fitted.set_params(class_prior=bad).predict(X)

    @pytest.mark.parametrize("rule", ["bayes", "mixture"])
    def test_indicators(self, rule, data):
        X, y = data
        Y = np.column_stack([y == "a", y != "b", np.zeros(300)]).astype(int)
        fitted = model(rule=rule).fit(X, Y)
        p = fitted.predict_proba(X)
        assert p.shape == (300, 3)
        assert ((p >= 0) & (p <= 1)).all()
        assert p[:, 2].max() < 0.05
        assert_array_equal(fitted.predict(X), (p >= 0.5).astype(int))
        if rule == "bayes":
            assert (fitted.predict(X) == Y).mean() > 0.95
        assert fitted.set_params(threshold=0.01).predict(X).sum() > Y.sum()
        assert_array_equal(model(rule=rule).fit(X, csr_matrix(Y)).predict_proba(X), p)

    def test_documents_without_labels(self, data):
        X, y = data
        Y = np.column_stack([y == "a", y == "b"]).astype(int)  # c has none
        assert (model().fit(X, Y).predict(X) == Y).mean() > 0.95
        assert not model().fit(X, np.zeros((300, 2), dtype=int)).predict(X).any()

    def test_weights_are_repetitions(self, data):
        X, y = data
        weights = np.random.default_rng(1).integers(0, 3, 300)
        weighted = model(regularizers=REGULARIZERS).fit(X, y, sample_weight=weights).predict_proba(X)
        places = np.repeat(np.arange(300), weights)
        assert_allclose(
            weighted, model(regularizers=REGULARIZERS).fit(X[places], y[places]).predict_proba(X), rtol=1e-6
        )

    def test_float32(self, data):
        X, y = data
        fitted = model(dtype="float32").fit(X, y)
        assert fitted.transform(X).dtype == np.float32
        assert_allclose(fitted.predict_proba(X), model().fit(X, y).predict_proba(X), atol=0.02)

    def test_empty_document(self, data):
        X, y = data
        p = model().fit(X, y).predict_proba(csr_matrix((1, 60)))
        assert_allclose(p.sum(), 1)


class TestPartialFit:
    def test_planted(self, data):
        X, y = data
        online = model()
        for _ in range(4):
            for first in range(0, 200, 50):
                online.partial_fit(X[first : first + 50], y[first : first + 50], classes=["a", "b", "c"])
        assert online.score(X[200:], y[200:]) > 0.9

    def test_a_class_that_comes_late(self, data):
        X, y = data
        online = model().partial_fit(X[y != "c"], y[y != "c"], classes=["c", "b", "a"])
        assert online.classes_.tolist() == ["a", "b", "c"]
        assert (online.predict(X) != "c").all()
        for _ in range(10):
            online.partial_fit(X, y)
        assert online.score(X, y) > 0.9

    def test_indicators(self, data):
        X, y = data
        Y = np.column_stack([y == "a", y != "b"]).astype(int)
        online = model().partial_fit(X, Y)
        for _ in range(5):
            online.partial_fit(X, Y)
        assert (online.predict(X) == Y).mean() > 0.9

    def test_bad(self, data):
        X, y = data
        with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
            model().partial_fit(X, y)
        with pytest.raises(ValueError, match=r"y must have labels of classes=\['a', 'b'\]. Got \['c'\]"):
            model().partial_fit(X, y, classes=["a", "b"])
        online = model().partial_fit(X, y, classes=["a", "b", "c"])
        with pytest.raises(ValueError, match=r"y must have labels of classes=.*Got \['d'\]"):
            online.partial_fit(X[:2], ["a", "d"])
        with pytest.raises(ValueError, match="classes must be those of the first partial_fit"):
            online.partial_fit(X, y, classes=["a"])
        with pytest.raises(ValueError, match="y must be one class a document, as in the first fit. Got an indicator"):
            online.partial_fit(X, np.eye(3, dtype=int)[np.arange(300) % 3])


class TestConventions:
    def test_pickle_and_clone(self, data):
        X, y = data
        fitted = model(regularizers=REGULARIZERS).fit(X, y)
        assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict_proba(X), fitted.predict_proba(X))
        assert clone(fitted).get_params()["decorrelation__tau"] == 0.02

    def test_search_in_a_pipeline(self, data):
        X, y = data
        texts = [" ".join(f"w{w}" for w in np.repeat(row.indices, row.data.astype(int))) for row in X]
        pipe = make_pipeline(CountVectorizer(), model(regularizers=REGULARIZERS, max_iter=5))
        grid = {"artmclassifier__label_weight": [0.5, 2.0], "artmclassifier__decorrelation__tau": [0.0, 0.005]}
        search = GridSearchCV(pipe, grid, cv=2).fit(texts, y)
        assert search.score(texts, y) > 0.9

    def test_warm_start(self, data):
        X, y = data
        fitted = model(warm_start=True, max_iter=5).fit(X, y).fit(X, y)
        assert len(fitted.history_["perplexity"]) == 10
        assert_allclose(fitted.components_, model(max_iter=10).fit(X, y).components_, rtol=1e-9, atol=1e-13)

    def test_one_class(self, data):
        X, _ = data
        assert (model().fit(X, np.full(300, "a")).predict(X) == "a").all()

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"label_weight": -1}, "'label_weight' parameter of ARTMClassifier must be a finite number"),
            ({"rule": "max"}, "'rule' parameter of ARTMClassifier must be one of"),
            ({"threshold": 2.0}, "'threshold' parameter of ARTMClassifier must be"),
            ({"modalities": {"labels": slice(None)}}, "a modality of X must not be named 'labels'"),
            ({"modality_weights": {"tags": 1.0}}, "modality_weights needs modalities"),
        ],
    )
    def test_bad_parameters(self, parameters, message, data):
        with pytest.raises(ValueError, match=message):
            model(**parameters).fit(*data)

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (None, "requires y to be passed, but the target y is None"),
            (np.linspace(0, 1, 24), "Unknown label type"),
            (np.zeros(23, dtype=int), "inconsistent numbers of samples"),
            (np.zeros((24, 2, 2), dtype=int), "Unknown label type"),
        ],
    )
    def test_bad_targets(self, y, message):
        with pytest.raises(ValueError, match=message):
            model().fit(corpus(0), y)

"""Who wrote what: the forms in which authors are given, questions about them, and searches that hand them on."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import AuthorTopic, TopicPipeline, authors_from_mapping
from skartm.topics.authors._authorship import read_authors
from tests.topics.models import N_TOPICS, corpus, topics

NAMES = [["Ann", "Bob"], ["Ann"], ["Cy", "Bob"], ["Bob"], ["Ann", "Cy"], ["Cy"]]
X6 = corpus(0, n_docs=6)
TEXTS = ["goal match goal team", "vote law vote", "match team goal", "law state vote", "goal law", "team match"] * 3


def author_topic(**parameters):
    defaults = {"max_iter": 4, "tol": 0.0, "init": topics(), "dtype": "float64", "n_jobs": 1}
    return AuthorTopic(N_TOPICS, **{**defaults, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return author_topic().fit(X6, authors=NAMES)


# --- forms ------------------------------------------------------------------------------------------------------------


def incidence():
    return sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 1]], dtype=float))


def ragged():
    array = np.empty(6, dtype=object)
    array[:] = NAMES
    return array


def pairs():
    rows = [(d, name) for d, names in enumerate(NAMES) for name in names]
    return pd.DataFrame(rows, columns=["document", "author"])


FORMS = {
    "lists": lambda: NAMES,
    "tuples": lambda: tuple(map(tuple, NAMES)),
    "repeated": lambda: [[*names, names[0], None, ""] for names in NAMES],
    "array": ragged,
    "series": lambda: pd.Series(NAMES),
    "column": lambda: pd.DataFrame({"who": NAMES}),
    "pairs": pairs,
    "mapping": lambda: authors_from_mapping(dict(enumerate(NAMES)), 6),
    "author2doc": lambda: authors_from_mapping({"Ann": [0, 1, 4], "Bob": [0, 2, 3], "Cy": [2, 4, 5]}, 6),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form, fitted):
    model = author_topic().fit(X6, authors=FORMS[form]())
    assert model.authors_.tolist() == ["Ann", "Bob", "Cy"]
    assert_array_equal(model.author_topics_, fitted.author_topics_)
    assert_array_equal(model.transform(X6, FORMS[form]()), fitted.transform(X6, NAMES))


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix, lambda m: m.toarray()])
def test_incidence(kind, fitted):
    model = author_topic(author_names=["Ann", "Bob", "Cy"]).fit(X6, authors=kind(incidence()))
    assert_array_equal(model.author_topics_, fitted.author_topics_)
    numbered = author_topic().fit(X6, authors=kind(7.0 * incidence()))
    assert_array_equal(numbered.authors_, [0, 1, 2])
    assert_allclose(numbered.author_topics_, fitted.author_topics_, rtol=1e-12)


def test_polars(fitted):
    polars = pytest.importorskip("polars")
    frames = [polars.Series("who", NAMES), polars.DataFrame({"who": NAMES}), polars.DataFrame(pairs().to_dict("list"))]
    for frame in frames:
        assert_array_equal(author_topic().fit(X6, authors=frame).author_topics_, fitted.author_topics_)


def test_single_names():
    names = ["Ann", "Bob", "Ann", "Cy", "Bob", "Ann"]
    expected = author_topic().fit(X6, authors=[[name] for name in names])
    for form in (names, np.array(names), pd.Series(names), pd.Series(names, dtype="category")):
        assert_array_equal(author_topic().fit(X6, authors=form).author_topics_, expected.author_topics_)


def test_shares_are_weights():
    weights = incidence()
    weights.data[:2] = [3.0, 1.0]
    shares = read_authors(weights, 6, "test").shares
    assert_allclose(shares[0].toarray(), [[0.75, 0.25, 0]])
    assert_allclose(shares.sum(axis=1), 1)


def test_names_of_several_kinds():
    found = read_authors([["b", 2], [1], ["a"]], 3, "test")
    assert found.names.tolist() == [1, 2, "a", "b"]


@pytest.mark.parametrize(
    ("authors", "message"),
    [
        (None, r"authors must be given.*fit\(X, authors="),
        ({"Ann": [0]}, "authors_from_mapping"),
        ("Ann", "one entry for each document"),
        (7, "one entry for each document"),
        (NAMES[:5], "each of the 6 documents"),
        ([*NAMES[:4], [], None], r"must have an author.*\[4, 5\].*anonymous"),
        ([[{}]] * 6, "strings or numbers"),
        (incidence()[:5], "a row for each of the 6 documents"),
        (-incidence(), "not negative"),
        (incidence() * np.nan, "finite"),
        (sparse.csr_matrix((6, 3)), "must have an author"),
        (pd.DataFrame({"a": NAMES, "b": NAMES}), r"one column.*\['a', 'b'\]"),
        (pairs().assign(document=6), "from 0 to 5"),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_authors(authors, message, method):
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(author_topic(), method)(X6, authors=authors)


def test_bad_incidence():
    broken = incidence()
    broken.indices[0] = 9
    with pytest.raises(ValueError, match="indices"):
        author_topic().fit(X6, authors=broken)
    for names in (["Ann", "Bob"], ["Ann", "Ann", "Bob"]):
        with pytest.raises(ValueError, match="3 different names"):
            author_topic(author_names=names).fit(X6, authors=incidence())


@pytest.mark.parametrize("method", ["transform", "score", "perplexity", "token_topics", "author_probabilities"])
def test_mappings_are_not_cut(method, fitted):
    with pytest.raises(TypeError, match="authors_from_mapping"):
        getattr(fitted, method)(X6, authors={0: ["Ann"]})


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"Ann": [0, 6]}, "from 0 to 5. Got 6"),
        ({"Ann": [-1]}, "from 0 to 5"),
        ({7: ["Ann"]}, "from 0 to 5. Got 7"),
        ({0: [1]}, "all integers"),
        ([("Ann", [0])], "must be a mapping"),
    ],
)
def test_bad_mappings(mapping, message):
    with pytest.raises((ValueError, TypeError), match=message):
        authors_from_mapping(mapping, 6)


def test_mappings_of_integers():
    assert authors_from_mapping({0: [1]}, 2, by="document") == [[1], []]
    assert authors_from_mapping({0: [1]}, 2, by="author") == [[], [0]]
    assert authors_from_mapping({}, 2) == [[], []]
    with pytest.raises(ValueError, match="'by' parameter"):
        authors_from_mapping({0: [1]}, 2, by="topic")


# --- authors and documents that are missing ---------------------------------------------------------------------------


@pytest.mark.parametrize("mixing", ["fixed", "free"])
def test_documents_without_authors(mixing):
    model = author_topic(mixing=mixing).fit(X6, authors=NAMES)
    alone = model.transform(X6)
    assert_allclose(alone.sum(axis=1), 1)
    mixed = model.transform(X6, [["Ann"], [], ["Nobody"], None, ["Bob", "Nobody"], ["Cy"]])
    assert_array_equal(mixed[1:4], alone[1:4])
    assert_array_equal(mixed[[0, 5]], model.author_topics_[[0, 2]])
    assert_array_equal(mixed[4], model.author_topics_[1])
    assert np.isfinite(model.score(X6, authors=[[]] * 6))
    assert model.score(X6, authors=[[]] * 6) == model.score(X6)
    with pytest.raises(ValueError, match="'Nobody'"):
        model.set_params(unknown_authors="error").transform(X6, [["Nobody"]] * 6)


def test_authors_without_documents():
    wide = sparse.hstack([incidence(), sparse.csr_matrix((6, 1))], format="csr")
    model = author_topic().fit(X6, authors=wide)
    assert_allclose(model.author_topics_[3], 1 / N_TOPICS)
    assert model.author_mass_[3] == 0
    asked = sparse.csr_matrix(np.eye(4)[[3, 0, 1, 2, 0, 1]])
    theta = model.transform(X6, asked)
    assert_array_equal(theta[0], model.transform(X6[0])[0])  # by its text: nothing is known of the author
    assert 3 not in [name for name, _ in model.similar_authors(0)]
    assert (model.author_probabilities(X6)[:, 3] == 0).all()


def test_empty_documents():
    empty = sparse.vstack([X6, sparse.csr_matrix((1, X6.shape[1]))], format="csr")
    for mixing in ("fixed", "free"):
        model = author_topic(mixing=mixing).fit(empty, authors=[*NAMES, ["Dee", "Ann"]])
        plain = author_topic(mixing=mixing).fit(X6, authors=NAMES)
        assert_allclose(model.author_topics_[:3], plain.author_topics_, rtol=1e-12)
        assert_allclose(model.author_topics_[3], 1 / N_TOPICS)
        assert_allclose(model.transform(empty, [*NAMES, ["Ann"]])[6], model.author_topics_[0])


# --- questions --------------------------------------------------------------------------------------------------------


def test_get_author_topics(fitted):
    row = fitted.author_topics_[1]
    found = fitted.get_author_topics("Bob", minimum_probability=0.0)
    assert [t for t, _ in found] == np.argsort(-row, kind="stable").tolist()
    assert_allclose([p for _, p in found], np.sort(row)[::-1])
    assert all(p >= 0.3 for _, p in fitted.get_author_topics("Bob", minimum_probability=0.3))
    with pytest.raises(ValueError, match="Did you mean 'Bob'"):
        fitted.get_author_topics("Bobb")


def test_similar_authors(fitted):
    for measure in ("hellinger", "cosine", "jensen_shannon"):
        found = fitted.similar_authors("Ann", measure=measure)
        assert {name for name, _ in found} == {"Bob", "Cy"}
        assert found[0][1] >= found[1][1]
    assert fitted.similar_authors("Ann", n=1) == fitted.similar_authors("Ann")[:1]
    assert fitted.similar_authors("Ann", min_mass=1e9) == []
    a, b = np.sqrt(fitted.author_topics_[:2])
    assert_allclose(dict(fitted.similar_authors("Ann"))["Bob"], 1 - np.sqrt(1 - a @ b), rtol=1e-6)


def test_top_authors(fitted):
    tops = fitted.top_authors(2)
    assert len(tops) == N_TOPICS
    counts = fitted.author_topics_ * fitted.author_mass_[:, None]
    for t, top in enumerate(tops):
        expected = counts[:, t] / counts[:, t].sum()
        assert [name for name, _ in top] == fitted.authors_[np.argsort(-expected)[:2]].tolist()
        assert_allclose([p for _, p in top], np.sort(expected)[::-1][:2])


def test_infer_author(fitted):
    together = fitted.infer_author(X6, max_iter=30, tol=0.0)
    merged = fitted.set_params(max_doc_iter=30, doc_tol=0.0).transform(sparse.csr_matrix(X6.sum(axis=0)))[0]
    assert_allclose(together, merged, rtol=1e-12)
    single = author_topic(author_topic_prior=None).fit(X6, authors=["all"] * 6)
    assert_allclose(single.infer_author(X6, max_iter=500, tol=0), single.author_topics_[0], atol=0.02)


def test_author_probabilities():
    rng = np.random.default_rng(0)
    phi = np.kron(np.eye(4), np.full(10, 0.09)) + 0.1 / 40
    phi /= phi.sum(axis=1, keepdims=True)
    X = np.array([rng.multinomial(80, phi[d % 4]) for d in range(80)])
    model = AuthorTopic(4, init=phi).fit(X, authors=[f"author {d % 4}" for d in range(80)])
    shares = model.author_probabilities(X)
    assert shares.shape == (80, 4)
    assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert_array_equal(shares.argmax(axis=1), np.arange(80) % 4)
    candidates = [["author 0", "author 1"]] * 79 + [["nobody"]]
    asked = model.author_probabilities(X, candidates)
    assert not asked[:, 2:].any()
    assert not asked[79].any()
    assert (asked[:79:4].argmax(axis=1) == 0).all()
    assert_array_equal(model.author_probabilities(X[5:6]), shares[5:6])


def test_token_topics(fitted):
    theta = fitted.transform(X6, NAMES)
    for d, part in enumerate(fitted.token_topics(X6, authors=NAMES, dense=True)):
        p = fitted.components_[:, X6[d].indices].T * theta[d]
        assert_allclose(part, p / p.sum(axis=1, keepdims=True), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("mixing", ["fixed", "free"])
def test_rows_alone(mixing):
    X, names = corpus(0, n_docs=60), NAMES * 10
    model = author_topic(mixing=mixing, batch_size=16).fit(X, authors=names)
    together = model.transform(X, names)
    order = np.random.default_rng(0).permutation(60)
    assert_array_equal(model.transform(X[order], [names[d] for d in order]), together[order])
    for d in range(0, 60, 7):
        assert_array_equal(model.transform(X[d], names[d : d + 1]), together[d : d + 1])


# --- in pipelines and searches ----------------------------------------------------------------------------------------


def test_score(fitted):
    assert fitted.perplexity(X6, authors=NAMES) == np.exp(-fitted.score(X6, authors=NAMES))
    fold_in = author_topic(evaluation="fold_in").fit(X6, authors=NAMES)
    theta = fold_in.transform(X6, NAMES)
    logs = np.log(theta @ fold_in.components_)
    assert_allclose(fold_in.score(X6, authors=NAMES), X6.multiply(logs).sum() / X6.sum(), rtol=1e-10)
    weights = np.arange(6.0)
    assert fold_in.score(X6, sample_weight=weights, authors=NAMES) != fold_in.score(X6, authors=NAMES)


def test_validation_fraction():
    X, names = corpus(0, n_docs=60), NAMES * 10
    model = AuthorTopic(N_TOPICS, validation_fraction=0.2, random_state=0, max_iter=6, tol=0).fit(X, authors=names)
    held_out = np.sort(np.random.RandomState(0).permutation(60)[:12])
    expected = model.perplexity(X[held_out], authors=[names[d] for d in held_out])
    assert_allclose(model.history_["validation_perplexity"][-1], expected)


CUT = {
    "lists": lambda: NAMES * 3,
    "series": lambda: pd.Series(NAMES * 3),
    "incidence": lambda: sparse.vstack([incidence()] * 3, format="csr"),
}


@pytest.mark.parametrize("form", CUT)
def test_search_hands_authors_on(form):
    seen = []

    class Watched(AuthorTopic):
        def fit(self, X, y=None, sample_weight=None, *, authors=None):
            seen.append(("fit", X.shape[0], authors.shape[0] if hasattr(authors, "shape") else len(authors)))
            return super().fit(X, y, sample_weight, authors=authors)

        def score(self, X, y=None, sample_weight=None, *, authors=None, modality=None):
            seen.append(("score", X.shape[0], authors.shape[0] if hasattr(authors, "shape") else len(authors)))
            return super().score(X, y, sample_weight, authors=authors, modality=modality)

    pipe = Pipeline([("count", CountVectorizer()), ("topics", Watched(2, max_iter=3, tol=0, random_state=0))])
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(pipe, {"topics__author_topic_prior": [0.1, 1.0]}, cv=3)
        search.fit(TEXTS, authors=CUT[form]())
        assert sorted(set(seen)) == [("fit", 12, 12), ("fit", 18, 18), ("score", 6, 6)]
        assert np.isfinite(search.best_score_)
        theta = search.best_estimator_.transform(TEXTS, authors=CUT[form]())
        assert_allclose(
            theta, search.best_estimator_[-1].transform(search.best_estimator_[0].transform(TEXTS), CUT[form]())
        )
        plain = make_pipeline(CountVectorizer(), AuthorTopic(2, max_iter=3, tol=0, random_state=0))
        assert_array_equal(plain.fit_transform(TEXTS, authors=CUT[form]()).shape, (18, 2))
        weights = np.arange(1.0, 19.0)
        model = AuthorTopic(2, max_iter=3, tol=0).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        X = CountVectorizer().fit_transform(TEXTS)
        results = cross_validate(model, X, cv=2, params={"authors": CUT[form](), "sample_weight": weights})
        assert np.isfinite(results["test_score"]).all()


def test_without_routing():
    pipe = make_pipeline(CountVectorizer(), AuthorTopic(2, max_iter=3, tol=0, random_state=0))
    pipe.fit(TEXTS, authortopic__authors=NAMES * 3)
    assert np.isfinite(pipe.score(TEXTS))  # by the texts
    whole = TopicPipeline(CountVectorizer(), AuthorTopic(2, max_iter=3, tol=0, random_state=0))
    whole.fit(TEXTS, authors=NAMES * 3)
    assert_array_equal(whole.model_.components_, pipe[-1].components_)


class OneAuthor(AuthorTopic):
    """All documents by one author, so that the checks, which know no authors, can call it."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, y, sample_weight, authors=self._nobody(X))

    def partial_fit(self, X, y=None, sample_weight=None):
        return super().partial_fit(X, y, sample_weight, authors=self._nobody(X))

    def transform(self, X):
        return super().transform(X)

    def score(self, X, y=None, sample_weight=None):
        return super().score(X, y, sample_weight)

    def fit_transform(self, X, y=None, sample_weight=None):
        return self.fit(X, y, sample_weight).transform(X)

    def _read_beside(self, X, authors, known):
        return super()._read_beside(X, authors=["anonymous"] * X.shape[0], known=known)

    @staticmethod
    def _nobody(X):
        return []


@parametrize_with_checks(
    [
        OneAuthor(3, dtype="float64", init=None, random_state=0, n_jobs=1),
        OneAuthor(3, mixing="free", dtype="float64", init=None, random_state=0, n_jobs=1),
        OneAuthor(
            3, learning_method="online", max_iter=5, tol=0.0, dtype="float64", init=None, random_state=0, n_jobs=1
        ),
    ]
)
def test_checks_of_sklearn(estimator, check):
    check(estimator)

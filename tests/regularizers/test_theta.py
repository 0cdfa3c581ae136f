"""Theta regularizers: against loops, in models, and their errors."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, vstack

from skartm import ARTMTransformer
from skartm.datasets import make_topics
from skartm.em import Documents, Layout
from skartm.regularizers import DocumentLinks, SmoothSparseTheta, ThetaClassification, ThetaRegression, TopicSelection
from tests.em.corpora import corpus
from tests.oracle import theta as oracle

selections = st.one_of(st.none(), st.sets(st.integers(0, 3), min_size=1).map(sorted))
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 9999)
N_DOCS = 6


def layout(y=None, n_docs=N_DOCS):
    return Layout(("a", "b", "c", "d"), 5, (), None, n_docs, y)


def thetas(seed, dtype):
    """Distributions with zeros, one of them dead everywhere; masses and weights of the documents."""
    rng = np.random.default_rng(seed)
    theta = rng.dirichlet(np.full(4, 0.5), N_DOCS) * (rng.random((N_DOCS, 4)) < 0.8)
    theta[:, 2] *= rng.random() < 0.7
    theta[~theta.any(axis=1), 3] = 1
    theta /= theta.sum(axis=1, keepdims=True)
    return theta.astype(dtype), Documents(0, rng.uniform(1, 30, N_DOCS), rng.uniform(0.1, 2, N_DOCS)), rng


def compare(term, theta, documents, value, response, dtype, inner_pass=0):
    """Whole, and in two batches."""
    tolerance = {"rtol": 2e-5, "atol": 2e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    out = np.full_like(theta, 2)
    term.add_term(theta, theta * documents.mass[:, None].astype(dtype), documents, inner_pass, out)
    assert_allclose(out - 2, response, **tolerance)
    for cut in (0, 4):
        part = documents.part(cut, N_DOCS)
        out = np.zeros_like(theta[cut:])
        term.add_term(theta[cut:], theta[cut:], part, inner_pass, out)
        assert_allclose(out, response[cut:], **tolerance)
    assert term.value(theta, documents) == pytest.approx(value, rel=1e-4 if dtype == np.float32 else 1e-9, abs=1e-4)


def observed(term, theta, documents, rho=1.0):
    """R after a pass over three batches, whose statistics are added up in another order."""
    first, second, third = (
        term.observe(theta[start:stop], documents.part(start, stop)) for start, stop in ((0, 2), (2, 5), (5, N_DOCS))
    )
    return term.finish(third + first + second, rho)


@given(
    seed=seeds,
    topics=selections,
    dtype=dtypes,
    per_document=st.sampled_from([None, 1, 2]),
    power=st.sampled_from([None, 0.5, 1, 2.5]),
    passes=st.sampled_from([None, [0.5], [0, 1, 3]]),
    inner_pass=st.integers(0, 5),
)
def test_smooth_sparse_theta(seed, topics, dtype, per_document, power, passes, inner_pass):
    theta, documents, rng = thetas(seed, dtype)
    documents = Documents(0, documents.mass)
    chosen = list(range(4)) if topics is None else topics
    alpha = rng.uniform(0, 2, len(chosen))
    shape = {None: None, 1: (N_DOCS,), 2: (N_DOCS, len(chosen))}[per_document]
    multipliers = None if shape is None else rng.normal(size=shape)
    term = SmoothSparseTheta(topics=topics, distribution=alpha, documents=multipliers, passes=passes, power=power).bind(
        layout()
    )
    value, response = oracle.smooth_sparse(
        theta.astype(float),
        chosen,
        alpha=alpha,
        multipliers=multipliers,
        passes=passes,
        inner_pass=inner_pass,
        power=power,
    )
    compare(term, theta, documents, value, response, dtype, inner_pass)


@given(seed=seeds, topics=selections, dtype=dtypes)
def test_topic_selection(seed, topics, dtype):
    theta, documents, _ = thetas(seed, dtype)
    chosen = list(range(4)) if topics is None else topics
    if not theta[:, chosen].any():
        return
    term = TopicSelection(topics=topics).bind(layout())
    value, response = oracle.topic_selection(theta.astype(float), chosen, documents.mass, documents.sample_weight)
    assert observed(term, theta, documents) == pytest.approx(value, rel=1e-5)
    compare(term, theta, documents, value, response, dtype)


def test_topics_are_equal_in_the_first_pass_of_selection():
    theta, documents, _ = thetas(0, np.float64)
    out = np.zeros_like(theta)
    TopicSelection(topics=[1, 2]).bind(layout()).add_term(theta, theta, documents, 0, out)
    assert_allclose(out, -theta * documents.mass[:, None] * [0, 1, 1, 0])


def test_topic_selection_forgets_by_rho():
    theta, documents, _ = thetas(0, np.float64)
    term = TopicSelection().bind(layout())
    observed(term, theta, documents)
    first = term.learned["p_t"]
    observed(term, theta[::-1], documents)
    second = term.learned["p_t"]
    term.learned = {"p_t": first}
    observed(term, theta[::-1], documents, rho=0.25)
    assert_allclose(term.learned["p_t"], 0.75 * first + 0.25 * second)


@given(seed=seeds, topics=selections, dtype=dtypes)
def test_document_links(seed, topics, dtype):
    theta, documents, rng = thetas(seed, dtype)
    chosen = list(range(4)) if topics is None else topics
    matrix = rng.integers(-1, 3, (N_DOCS, N_DOCS))
    term = DocumentLinks(links=csr_matrix(matrix), topics=topics).bind(layout())
    value, response = oracle.links(theta.astype(float), chosen, matrix, documents.sample_weight)
    assert observed(term, theta, documents) == pytest.approx(value, rel=1e-5, abs=1e-5)
    compare(term, theta, documents, value, response, dtype)


@given(seed=seeds, topics=selections, dtype=dtypes, n_targets=st.sampled_from([None, 1, 3]))
def test_regression(seed, topics, dtype, n_targets):
    theta, documents, rng = thetas(seed, dtype)
    y = rng.normal(3, 2, (N_DOCS,) if n_targets is None else (N_DOCS, n_targets))
    term = ThetaRegression(topics=topics, alpha=0.1).bind(layout(y))
    value = observed(term, theta, documents)
    coef, intercept = term.learned["coef"].reshape(4, -1), np.atleast_1d(term.learned["intercept"])
    expected, response = oracle.regression(
        theta.astype(float), y.reshape(N_DOCS, -1), coef, intercept, documents.sample_weight
    )
    assert value == pytest.approx(expected, rel=1e-4, abs=1e-6)
    compare(term, theta, documents, expected, response, dtype)
    from sklearn.linear_model import Ridge

    chosen = slice(None) if topics is None else topics
    ridge = Ridge(alpha=0.1, solver="svd").fit(theta[:, chosen].astype(float), y, documents.sample_weight)
    assert_allclose(coef[chosen].T.ravel(), np.ravel(ridge.coef_), rtol=1e-4, atol=1e-6)
    expected = ridge.predict(theta[:, chosen].astype(float)).reshape(y.shape)
    assert_allclose(ThetaRegression.predict(theta, term.learned), expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=25)
@given(seed=seeds, topics=selections, dtype=dtypes)
def test_classification(seed, topics, dtype):
    theta, documents, rng = thetas(seed, dtype)
    codes = np.append(rng.integers(0, 3, N_DOCS - 3), [0, 1, 2])
    y = np.array(["x", "y", "z"])[codes]
    term = ThetaClassification(topics=topics, alpha=0.1).bind(layout(y))
    value = observed(term, theta, documents)
    coef, intercept = term.learned["coef"], term.learned["intercept"]
    expected, response = oracle.classification(theta.astype(float), codes, coef, intercept, documents.sample_weight)
    assert value == pytest.approx(expected, rel=1e-5)
    compare(term, theta, documents, expected, response, dtype)
    for _ in range(5):
        again = observed(term, theta, documents)
    assert again >= value - 0.5  # the penalised likelihood grows
    proba = ThetaClassification.predict_proba(theta, term.learned)
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(
        ThetaClassification.predict(theta, term.learned), np.array(["x", "y", "z"])[proba.argmax(axis=1)]
    )


def test_classification_finds_scikit_learns_optimum():
    from sklearn.linear_model import LogisticRegression

    theta, documents, rng = thetas(3, np.float64)
    y = rng.integers(0, 3, N_DOCS)
    term = ThetaClassification(alpha=0.5).bind(layout(y))
    for _ in range(20):
        observed(term, theta, documents)
    model = LogisticRegression(C=2, tol=1e-8, max_iter=1000).fit(theta, y, documents.sample_weight)
    assert_allclose(ThetaClassification.predict_proba(theta, term.learned), model.predict_proba(theta), atol=1e-3)


def model(regularizer, n_topics=4, **options):
    options = {"max_iter": 8, "tol": 0, "n_jobs": 1, "random_state": 0, **options}
    return ARTMTransformer(n_topics, regularizers=[("r", regularizer)], **options)


# --- in models -------------------------------------------------------------------------------------------------------


def test_surplus_topics_die(global_random_seed):
    X = make_topics(400, 300, 5, doc_length=150, random_state=global_random_seed).data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        selected = model(TopicSelection(0.3), 12, max_iter=100, random_state=global_random_seed).fit(X)
    assert 4 <= 12 - selected.dead_topics_.size <= 9
    plain = model("drop", 12, max_iter=100, random_state=global_random_seed).fit(X)
    assert plain.dead_topics_.size == 0
    theta = selected.transform(X)
    assert not theta[:, selected.dead_topics_].any()
    assert selected.learned_["r"]["p_t"] == pytest.approx(theta.T @ X.sum(axis=1).A1 / X.sum(), abs=0.02)


def test_linked_documents_become_alike():
    rng = np.random.default_rng(0)
    X = make_topics(100, 200, 5, random_state=0).data
    pairs = rng.permutation(100).reshape(50, 2)
    links = csr_matrix((np.ones(50), pairs.T), shape=(100, 100))

    def likeness(tau):
        fitted = model(DocumentLinks(tau, links=links), 5, max_iter=25, reuse_theta=True, max_doc_iter=3).fit(X)
        return fitted.history_["r"][-1]

    assert likeness(-10) < likeness(0) < likeness(10)


@pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")
def test_supervised_topics_predict_better(global_random_seed):
    truth = make_topics(600, 400, 8, doc_length=60, doc_topic_prior=0.3, random_state=global_random_seed)
    y = truth.doc_topic[:, 0] - truth.doc_topic[:, 1]
    y = (y - y.mean()) / y.std()
    errors, accuracies = {}, {}
    for tau in (0.0, 20.0):
        options = {"max_iter": 40, "random_state": global_random_seed}
        fitted = model(ThetaRegression(tau), 3, **options).fit(truth.data[:400], y[:400])
        predicted = ThetaRegression.predict(fitted.transform(truth.data[400:]), fitted.learned_["r"])
        errors[tau] = np.mean((predicted - y[400:]) ** 2)
        classes = np.digitize(y, [-0.3, 0.3])
        fitted = model(ThetaClassification(tau), 3, **options).fit(truth.data[:400], classes[:400])
        predicted = ThetaClassification.predict(fitted.transform(truth.data[400:]), fitted.learned_["r"])
        accuracies[tau] = np.mean(predicted == classes[400:])
    assert errors[20.0] < errors[0.0]
    assert accuracies[20.0] > accuracies[0.0]


@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize("options", [{}, {"learning_method": "online", "batch_size": 7}, {"validation_fraction": 0.25}])
def test_targets_follow_their_documents(n_targets, options):
    X, rng = corpus(0), np.random.default_rng(0)
    y = rng.normal(size=24) if n_targets is None else rng.normal(size=(24, n_targets))
    fitted = model(ThetaRegression(2.0, alpha=0.1), **options).fit(X, y)
    assert fitted.learned_["r"]["coef"].shape == ((4,) if n_targets is None else (4, n_targets))
    assert np.isfinite(fitted.history_["r"]).all()


def test_weights_are_repetitions():
    X, weights = corpus(0), np.random.default_rng(0).integers(1, 3, 24)
    repeated = np.repeat(np.arange(24), weights)
    y = np.random.default_rng(1).integers(0, 3, 24)
    links = np.random.default_rng(2).integers(0, 2, (24, 24))
    for one, many in (
        (TopicSelection(0.2), TopicSelection(0.2)),
        (ThetaRegression(3.0), ThetaRegression(3.0)),
        (ThetaClassification(3.0), ThetaClassification(3.0)),
        (DocumentLinks(0.3, links=links), DocumentLinks(0.3, links=links[np.ix_(repeated, repeated)])),
    ):
        options = {"dtype": "float64", "max_iter": 4}
        weighted = model(one, **options).fit(X, y, sample_weight=weights)
        expected = model(many, **options).fit(X[repeated], y[repeated])
        # uniform links of the first pass do not know the weights yet
        tolerance = 0.05 if isinstance(one, DocumentLinks) else 1e-6
        assert_allclose(weighted.components_, expected.components_, atol=tolerance)


def test_training_only_regularizers_do_not_reach_transform():
    X, y = corpus(0), np.arange(24) % 2
    for regularizer in (
        SmoothSparseTheta(5.0, documents=np.arange(24)),
        DocumentLinks(5.0, links=np.ones((24, 24))),
        ThetaRegression(5.0),
        ThetaClassification(5.0),
    ):
        fitted = model(regularizer).fit(X, y)
        theta = fitted.transform(X[:5])
        assert_array_equal(fitted.set_params(regularizers=[]).transform(X[:5]), theta)


def test_known_documents_get_their_topics():
    X = corpus(0)
    wanted = np.zeros((24, 4))
    wanted[np.arange(24), np.arange(24) % 4] = 1
    wanted[12] = 0  # the empty document
    fitted = model(SmoothSparseTheta(1e4, documents=wanted), dtype="float64", max_iter=1).fit(X)
    assert fitted.history_["r"][-1] == pytest.approx(0, abs=0.5)  # sum of ln theta of the wanted topics
    # every topic is made of its documents
    expected = wanted.T @ X.toarray()
    assert_allclose(fitted.components_, expected / expected.sum(axis=1, keepdims=True), atol=0.01)


def test_inner_passes_beyond_the_list_have_the_last_multiplier():
    X = corpus(0)
    options = {"doc_tol": 0, "dtype": "float64"}
    constant = model(SmoothSparseTheta(0.3), **options).fit_transform(X)
    assert_allclose(model(SmoothSparseTheta(0.3, passes=[1]), **options).fit_transform(X), constant, rtol=1e-9)
    many = model(SmoothSparseTheta(0.3, passes=[0, 1, 2]), **options).fit_transform(X)
    assert_array_equal(model(SmoothSparseTheta(0.3, passes=[0, 1, *[2] * 8]), **options).fit_transform(X), many)


@pytest.mark.parametrize(
    "regularizer", [TopicSelection(0.1), ThetaRegression(2.0), DocumentLinks(0.1, links=np.eye(24))]
)
def test_warm_start_goes_on(regularizer):
    X, y = corpus(0), np.random.default_rng(0).normal(size=24)
    whole = model(regularizer, dtype="float64").fit(X, y)
    half = model(regularizer, dtype="float64", max_iter=4, warm_start=True).fit(X, y).fit(X, y)
    assert_allclose(half.components_, whole.components_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("regularizer", [TopicSelection(0.1), ThetaRegression(2.0), ThetaClassification(2.0)])
def test_partial_fit(regularizer):
    X, y = corpus(0), np.arange(24) % 3
    fitted = model(regularizer)
    for _ in range(3):
        for rows in (slice(0, 10), slice(10, 24)):
            fitted.partial_fit(X[rows], y[rows])
    assert np.isfinite(fitted.components_).all()
    assert all(np.isfinite(value).all() for value in fitted.learned_["r"].values())


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regularizer", "message"),
    [
        (SmoothSparseTheta(documents=np.ones(5)), "must have shape (6,) or (6, 4), a row for each document of the fit"),
        (SmoothSparseTheta(documents=np.ones((6, 3))), "Got (6, 3). Cross-validation, search and validation_fraction"),
        (SmoothSparseTheta(documents=[np.nan] * 6), "'documents' parameter of SmoothSparseTheta must be finite"),
        (SmoothSparseTheta(passes=[]), "'passes' parameter of SmoothSparseTheta must be None or finite numbers"),
        (SmoothSparseTheta(passes=["1"]), "'passes' parameter of SmoothSparseTheta must be None or finite numbers"),
        (SmoothSparseTheta(passes=2), "'passes' parameter of SmoothSparseTheta must be None or finite numbers"),
        (SmoothSparseTheta(power=0), "'power' parameter of SmoothSparseTheta must be None or a positive number"),
        (SmoothSparseTheta(power="2"), "'power' parameter of SmoothSparseTheta must be None or a positive number"),
        (DocumentLinks(), "DocumentLinks: links must be a matrix of shape (6, 6). Got None."),
        (
            DocumentLinks(links=np.eye(5)),
            "links must have shape (6, 6), a row and a column for each document of the fit",
        ),
        (DocumentLinks(links=np.full((6, 6), np.inf)), "DocumentLinks: links must be finite"),
        (ThetaRegression(), "ThetaRegression: y must be the targets of the documents. Got None; call fit(X, y)."),
        (ThetaClassification(), "ThetaClassification: y must be the targets of the documents. Got None"),
    ],
)
def test_bad_parameters(regularizer, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        regularizer.bind(layout())


@pytest.mark.parametrize("cls", [ThetaRegression, ThetaClassification])
@pytest.mark.parametrize("alpha", [-1, np.nan, "1", None])
def test_bad_penalties(cls, alpha):
    with pytest.raises(ValueError, match=f"'alpha' parameter of {cls.__name__} must be a finite number, at least 0"):
        cls(alpha=alpha).bind(layout(np.zeros(6)))


@pytest.mark.parametrize("y", [np.array(["a"] * 6), np.full(6, np.nan), np.zeros((6, 1, 1))])
def test_regression_needs_numbers(y):
    with pytest.raises(ValueError, match="ThetaRegression: y must be finite numbers of shape"):
        ThetaRegression().bind(layout(y))


def test_classification_needs_one_class_a_document():
    with pytest.raises(ValueError, match=r"ThetaClassification: y must have shape \(n_docs,\)"):
        ThetaClassification().bind(layout(np.zeros((6, 2))))


def test_new_classes_are_an_error():
    X, y = corpus(0), np.arange(24) % 2
    fitted = model(ThetaClassification(), warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"y must have the classes \[0, 1\]. Got \[2\]; name all of them"):
        fitted.fit(X, np.arange(24) % 3)
    model(ThetaClassification(classes=[0, 1, 2]), warm_start=True).fit(X, y).fit(X, np.arange(24) % 3)


@pytest.mark.parametrize("regularizer", [DocumentLinks(links=np.eye(24)), SmoothSparseTheta(documents=np.ones(24))])
def test_regularizers_of_one_fit(regularizer):
    X = corpus(0)
    with pytest.raises(ValueError, match="speaks of the documents of one fit, partial_fit has others each time"):
        model(regularizer).partial_fit(X)
    with pytest.raises(ValueError, match="Cross-validation, search and validation_fraction fit on some rows of X"):
        model(regularizer).fit(vstack([X, X]).tocsr())
    with pytest.raises(ValueError, match="Cross-validation, search and validation_fraction fit on some rows of X"):
        model(regularizer, validation_fraction=0.5).fit(X)

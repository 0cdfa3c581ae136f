"""Input that cannot be used: a clear error, or a result that is defined."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm import LDA, PLSA, ARTMTransformer
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta
from tests.topics.models import MODELS, corpus, model, topics

every_model = pytest.mark.parametrize("name", MODELS)
FORMS = {"dense": np.asarray, "csr": sparse.csr_array, "csc": sparse.csc_matrix}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


@pytest.fixture(scope="module")
def X():
    return corpus(0)


def spoiled(X, value):
    counts = X.toarray().astype(float)
    counts[3, 4] = value
    return counts


# --- data ------------------------------------------------------------------------------------------------------------


@every_model
@every_form
@pytest.mark.parametrize(
    ("value", "message"),
    [(-1.0, "Negative values in data"), (np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")],
)
def test_counts_that_are_none(name, form, value, message, X):
    bad, fitted = form(spoiled(X, value)), model(name).fit(X)
    for method in ("fit", "partial_fit", "transform", "score", "perplexity", "fit_transform"):
        with pytest.raises(ValueError, match=message):
            getattr(model(name) if "fit" in method else fitted, method)(bad)


@every_model
@every_form
def test_wrong_number_of_features(name, form, X):
    fitted, bad = model(name).fit(X), form(X.toarray()[:, :-1])
    for method in ("partial_fit", "transform", "score", "perplexity"):
        with pytest.raises(ValueError, match="X has 29 features, but .* is expecting 30 features"):
            getattr(fitted, method)(bad)


@every_model
def test_strings(name):
    for bad in (["one two", "three"], [["a", "b"], ["c", "d"]], np.array([["1", "x"]])):
        with pytest.raises(ValueError):  # noqa: PT011  # scikit-learn words it, differently for each
            model(name).fit(bad)


@every_model
@every_form
def test_no_documents(name, form, X):
    nothing, fitted = form(np.zeros((0, 30))), model(name).fit(X)
    for method in ("fit", "partial_fit", "transform", "score"):
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            getattr(model(name) if "fit" in method else fitted, method)(nothing)


@every_model
def test_no_features(name):
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        model(name).fit(np.zeros((3, 0)))


@every_model
@every_form
def test_only_empty_documents(name, form, X):
    nothing, fitted = form(np.zeros((3, 30))), model(name).fit(X)
    bayesian = "lda" in name and "map" not in name  # its topics are then their prior, as in scikit-learn
    for method in () if bayesian else ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=r"X must have tokens. Got a matrix of shape \(3, 30\) without positive"):
            getattr(model(name), method)(nothing)
    assert_allclose(fitted.transform(nothing), 1 / 4, rtol=1e-6)
    assert np.isfinite(fitted.score(nothing))
    assert fitted.perplexity(nothing) == 1


@every_model
def test_columns_that_are_never_counted(name, X):
    empty = np.flatnonzero(np.asarray(X.sum(axis=0)).ravel() == 0)
    assert empty.size
    fitted = model(name, **({} if "lda" in name else {"regularizers": []} if "plsa" not in name else {})).fit(X)
    unseen = fitted.components_[:, empty]
    if name in ("artm", "reuse", "plsa"):
        assert not unseen.any()
    assert np.isfinite(unseen).all()


def test_one_dimension(X):
    with pytest.raises(ValueError, match="Expected 2D array"):
        model().fit(np.ones(5))
    with pytest.raises(ValueError, match="Expected 2D array"):
        model().fit(X).transform(np.ones(30))


def test_complex_counts():
    with pytest.raises(ValueError, match="Complex data not supported"):
        model().fit(np.ones((3, 4), dtype=complex))


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint32])
@every_form
def test_counts_that_float32_cannot_hold(dtype, form, X):
    large = form(spoiled(X, 2**24 + 1).astype(dtype))
    message = r"counts must be at most 16777216 with dtype='float32'.* Got 16777217.*; use dtype='float64' or divide"
    with pytest.raises(ValueError, match="ARTMTransformer: " + message):
        model().fit(large)
    with pytest.raises(ValueError, match="PLSA: " + message):
        model("plsa").partial_fit(large)
    fitted = model("plsa", dtype="float64").fit(large)
    assert fitted.topic_mass_.sum() == pytest.approx(large.sum(dtype=float), rel=1e-9)
    model("plsa").fit(form(spoiled(X, 2**24).astype(dtype)))


def test_large_total_mass_is_summed_in_float64():
    X = sparse.csr_array(np.full((40, 3), 2.0**22))
    fitted = PLSA(2, max_iter=2, tol=0, random_state=0, n_jobs=1).fit(X)
    assert fitted.topic_mass_.sum() == pytest.approx(40 * 3 * 2.0**22, rel=1e-6)


def corrupt(kind, container=sparse.csr_matrix):
    X = container(corpus(0))
    if kind == "index too large":
        X.indices[5] = 10_000_000
    elif kind == "negative index":
        X.indices[5] = -3
    elif kind == "indptr falls":
        X.indptr[3], X.indptr[4] = X.indptr[4] + 1, X.indptr[3]
    elif kind == "indptr too long":
        X.indptr[-1] += 1000
    elif kind == "indptr does not start at zero":
        X.indptr[0] = 7
    elif kind == "data too short":
        X.data = X.data[:-5]
    return X


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array])
@pytest.mark.parametrize(
    "kind",
    [
        "index too large",
        "negative index",
        "indptr falls",
        "indptr too long",
        "indptr does not start at zero",
        "data too short",
    ],
)
def test_corrupt_sparse_matrix_is_an_error(kind, container, X):
    bad = corrupt(kind, container)
    fitted = model().fit(X)
    for method in (model().fit, model().partial_fit, fitted.transform, fitted.score, model("lda").fit):
        with pytest.raises(ValueError, match=r"index|indices|indptr|data"):
            method(bad)


@pytest.mark.parametrize("kind", ["row too large", "column too large", "negative"])
def test_corrupt_coo_is_an_error(kind):
    X = sparse.coo_matrix(corpus(0))
    if kind == "row too large":
        X.row[3] = 10_000_000
    elif kind == "column too large":
        X.col[3] = 10_000_000
    else:
        X.col[3] = -10_000_000
    with pytest.raises(ValueError, match=r"index|indices|row|column|coords"):
        model().fit(X)


# --- parameters ------------------------------------------------------------------------------------------------------

DOC_ITER = "an integer of at least 1, or two of them, the first and the last, which do not fall"
ARTM_PARAMETERS = [
    ("n_components", 0, ValueError, "an integer of at least 1"),
    ("n_components", -3, ValueError, "an integer of at least 1"),
    ("n_components", 2.0, ValueError, "an integer of at least 1"),
    ("n_components", "10", ValueError, "an integer of at least 1"),
    ("n_components", None, TypeError, "an integer of at least 1"),
    ("n_components", True, TypeError, "an integer of at least 1"),
    ("max_iter", 0, ValueError, "an integer of at least 1"),
    ("max_doc_iter", 0, ValueError, DOC_ITER),
    ("max_doc_iter", 1.5, ValueError, DOC_ITER),
    ("batch_size", 0, ValueError, "an integer of at least 1"),
    ("tol", -1e-3, ValueError, "a finite number in [0.0, inf)"),
    ("tol", np.nan, ValueError, "a finite number in [0.0, inf)"),
    ("tol", None, TypeError, "a finite number in [0.0, inf)"),
    ("doc_tol", -1, ValueError, "a finite number in [0.0, inf)"),
    ("doc_tol", "0", ValueError, "a finite number in [0.0, inf)"),
    ("learning_method", "offline", ValueError, "one of ['batch', 'online']"),
    ("learning_method", None, TypeError, "one of ['batch', 'online']"),
    ("learning_offset", -1.0, ValueError, "a finite number in [0.0, inf)"),
    ("learning_decay", 1.5, ValueError, "a finite number in [0.0, 1.0]"),
    ("total_samples", 0, ValueError, "a finite number in (0.0, 1e+18]"),
    ("total_samples", np.inf, ValueError, "a finite number in (0.0, 1e+18]"),
    ("validation_fraction", 0.0, ValueError, "a finite number in (0.0, 1.0]"),
    ("validation_fraction", 1.5, ValueError, "a finite number in (0.0, 1.0]"),
    ("evaluation", "holdout", ValueError, "one of ['completion', 'fold_in']"),
    ("reuse_theta", 1, ValueError, "True or False"),
    ("leave_one_out", "yes", ValueError, "True or False"),
    ("warm_start", "yes", ValueError, "True or False"),
    ("dtype", "float16", ValueError, "'float32' or 'float64'"),
    ("dtype", "int32", ValueError, "'float32' or 'float64'"),
    ("dtype", "floaty", ValueError, "'float32' or 'float64'"),
    ("dtype", None, TypeError, "'float32' or 'float64'"),
]
LDA_PARAMETERS = [
    ("n_components", 0, ValueError, "an integer of at least 1"),
    ("max_iter", 0, ValueError, "an integer of at least 1"),
    ("max_doc_update_iter", 0, ValueError, "an integer of at least 1"),
    ("batch_size", -1, ValueError, "an integer of at least 1"),
    ("doc_topic_prior", 0.0, ValueError, "a finite number in [2.2250738585072014e-308, 8796093022208.0]"),
    ("topic_word_prior", -0.1, ValueError, "a finite number in [2.2250738585072014e-308, 8796093022208.0]"),
    ("doc_topic_prior", "auto", ValueError, "a finite number in [2.2250738585072014e-308, 8796093022208.0]"),
    ("learning_method", "mini", ValueError, "one of ['batch', 'online']"),
    ("inference", "gibbs", ValueError, "one of ['map', 'variational']"),
    ("learning_decay", 2, ValueError, "a finite number in [0.0, 1.0]"),
    ("total_samples", 0, ValueError, "a finite number in (0.0, 1e+18]"),
    ("perp_tol", -1, ValueError, "a finite number in [0.0, inf)"),
    ("mean_change_tol", np.nan, ValueError, "a finite number in [0.0, inf)"),
    ("evaluate_every", 0.5, ValueError, "an integer of at least -1"),
    ("dtype", "float16", ValueError, "'float32' or 'float64'"),
]


@pytest.mark.parametrize(
    ("cls", "parameter", "value", "error", "expected"),
    [(cls, *case) for cls in (ARTMTransformer, PLSA) for case in ARTM_PARAMETERS]
    + [(LDA, *case) for case in LDA_PARAMETERS],
)
def test_parameters(cls, parameter, value, error, expected, X):
    message = f"The '{parameter}' parameter of {cls.__name__} must be {expected}. Got {value!r} instead."
    for method in ("fit", "partial_fit"):
        with pytest.raises(error, match=re.escape(message)):
            getattr(cls(**{parameter: value}), method)(X)


@pytest.mark.parametrize("cls", [ARTMTransformer, PLSA, LDA])
@pytest.mark.parametrize(("n_jobs", "error"), [(0, ValueError), ("2", TypeError), (1.5, TypeError), (True, TypeError)])
def test_n_jobs(cls, n_jobs, error, X):
    message = f"The 'n_jobs' parameter must be None or a non-zero integer. Got {n_jobs!r} instead."
    with pytest.raises(error, match=re.escape(message)):
        cls(2, n_jobs=n_jobs).fit(X)


@pytest.mark.parametrize("cls", [ARTMTransformer, PLSA])
@pytest.mark.parametrize(
    ("topic_names", "error", "message"),
    [
        (["a", "b"], ValueError, r"'topic_names' parameter.* must be 3 strings. Got \['a', 'b'\]"),
        (["a", "b", 3], ValueError, "must be 3 strings"),
        (["a", "b", "a"], ValueError, r"must not repeat names. Got \['a'\] more than once"),
        ("abc", TypeError, "topic_names"),
        (5, TypeError, "topic_names"),
    ],
)
def test_topic_names(cls, topic_names, error, message, X):
    with pytest.raises(error, match=message):
        cls(3, topic_names=topic_names).fit(X)


@pytest.mark.parametrize("regularizer", [Decorrelation, SmoothSparsePhi, SmoothSparseTheta])
def test_unknown_topics_of_a_regularizer(regularizer, X):
    pairs = [("r", regularizer(topics=["sport1"]))]
    with pytest.raises(
        ValueError, match=r"topics must name topics of the model. Got 'sport1'. Did you mean 'sport_1'\?"
    ):
        ARTMTransformer(2, regularizers=pairs, topic_names=["sport_1", "music"]).fit(X)


@pytest.mark.parametrize("regularizer", [Decorrelation, SmoothSparsePhi, SmoothSparseTheta])
def test_tau_of_the_wrong_type(regularizer, X):
    with pytest.raises(TypeError, match=f"The 'tau' parameter of {regularizer.__name__} must be .* Got '1e4' instead"):
        ARTMTransformer(2, regularizers=[("r", regularizer("1e4"))]).fit(X)


@pytest.mark.parametrize(
    ("init", "message"),
    [
        (np.ones((3, 30)) / 30, r"'init' parameter.* must have shape \(4, 30\).* Got \(3, 30\)"),
        (np.ones((30, 4)) / 30, r"must have shape \(4, 30\).* Got \(30, 4\)"),
        (np.ones(30), r"must have shape \(4, 30\).* Got \(30,\)"),
        (np.ones((4, 30)), "'init' parameter.* rows that are distributions"),
        (topics() * np.array([[1], [1], [0], [1]]), "distributions"),
        (topics() - 2 * np.eye(4, 30) + 2 * np.eye(4, 30, 1), "distributions"),
        (np.full((4, 30), np.nan), "distributions"),
    ],
)
def test_init(init, message, X):
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=message):
            getattr(model("plsa", init=init), method)(X)


@pytest.mark.parametrize("init", ["anyhow", [["a"]], object()])
def test_init_that_is_no_array(init, X):
    with pytest.raises((TypeError, ValueError), match=r"init|convert|float"):
        model("plsa", init=init).fit(X)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(23), r"sample_weight must be numbers of shape \(24,\). Got shape \(23,\)"),
        (np.ones((24, 1)), r"Got shape \(24, 1\)"),
        (np.array(["1"] * 24), "must be numbers"),
        (np.full(24, -1.0), "must be finite and non-negative. Got -1.0 to -1.0"),
        (np.full(24, np.nan), "must be finite and non-negative"),
        (np.zeros(24), "must not be all zero"),
    ],
)
def test_sample_weight(weights, message, X):
    fitted = model().fit(X)
    for method in (model().fit, model().partial_fit, fitted.score):
        with pytest.raises(
            ValueError, match="ARTMTransformer: sample_weight .*" + message.removeprefix("sample_weight ")
        ):
            method(X, sample_weight=weights)


def test_init_of_another_vocabulary_when_warm(X):
    fitted = model("plsa", warm_start=True).fit(X)
    with pytest.raises(ValueError, match="29 features"):
        fitted.fit(X[:, :-1])
    with pytest.raises(ValueError, match="n_components"):
        fitted.set_params(n_components=7).fit(X)


# --- models that go wrong --------------------------------------------------------------------------------------------


# online the counters remember better days: the topics come back
@pytest.mark.parametrize(("learning_method", "tau", "max_iter"), [("batch", 2, 8), ("batch", 5, 8)])
def test_diverging_combination_warns_once(learning_method, tau, max_iter, X):
    diverging = ARTMTransformer(
        6,
        regularizers=[("decorrelation", Decorrelation(tau, relative=0.0))],
        topic_names=list("abcdef"),
        learning_method=learning_method,
        batch_size=8,
        max_iter=max_iter,
        tol=0,
        random_state=0,
        n_jobs=1,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        diverging.fit(X)
    dead = [warning for warning in caught if warning.category is DeadTopicWarning]
    assert len(dead) == 1
    assert dead[0].filename == __file__
    message = str(dead[0].message)
    assert diverging.dead_topics_.size > 0
    for t in diverging.dead_topics_[:5]:
        assert repr(diverging.topic_names[t]).strip("'") in message
    assert f"{diverging.dead_topics_.size} of 6 topics lost their tokens" in message
    assert "Weaken the regularizers" in message
    assert not diverging.components_[diverging.dead_topics_].any()
    assert_array_equal(diverging.topic_mass_[diverging.dead_topics_], 0)
    alive = np.setdiff1d(np.arange(6), diverging.dead_topics_)
    assert_allclose(diverging.components_[alive].sum(axis=1), 1, rtol=1e-5)
    theta = diverging.transform(X)
    assert np.isfinite(theta).all()
    assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(diverging.score(X))
    for track in diverging.history_.values():
        assert np.isfinite(track).all()


@pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning")
def test_everything_dies(X):
    doomed = ARTMTransformer(
        4, regularizers=[("s", SmoothSparsePhi(-1e6))], max_iter=3, tol=0, random_state=0, n_jobs=1
    )
    with pytest.warns(DeadTopicWarning, match="4 of 4 topics"):
        doomed.fit(X)
    assert not doomed.components_.any()
    assert_allclose(doomed.transform(X), 1 / 4, rtol=1e-6)
    assert doomed.perplexity(X) == pytest.approx(1e16, rel=1e-5)


def test_left_out_tokens_warn(X):
    init = topics()
    init[:, 5] = 0
    init /= init.sum(axis=1, keepdims=True)
    fitted = model("plsa", init=init)
    total = X[:, [5]].sum()
    with pytest.warns(LeftOutTokensWarning, match=f"tokens of total weight {total:g} got no probability") as caught:
        fitted.fit(X)
    assert len(caught) == 1
    assert fitted.history_["left_out"] == [total] * 5
    assert fitted.history_["perplexity"][-1] > model("plsa").fit(X).history_["perplexity"][-1]


def test_more_topics_than_documents_and_tokens(X):
    fitted = PLSA(60, max_iter=5, tol=0, random_state=0, n_jobs=1).fit(X[:3])
    assert fitted.transform(X[:3]).shape == (3, 60)
    assert_allclose(fitted.components_.sum(axis=1), 1, rtol=1e-5)


def test_one_topic(X):
    fitted = PLSA(1, max_iter=2, tol=0, random_state=0, n_jobs=1).fit(X)
    assert_allclose(fitted.components_[0], np.asarray(X.sum(axis=0)).ravel() / X.sum(), rtol=1e-5, atol=1e-8)
    assert_allclose(fitted.transform(X), 1, rtol=1e-6)


def test_one_document_and_one_token():
    fitted = PLSA(2, max_iter=2, tol=0, random_state=0, n_jobs=1).fit([[3.0]])
    assert_array_equal(fitted.components_, [[1], [1]])
    assert fitted.perplexity([[4.0]]) == pytest.approx(1.0)


@pytest.mark.slow
def test_corrupt_matrix_does_not_crash_the_process():
    code = (
        "import numpy as np, scipy.sparse as s; from skartm import PLSA\n"
        "X = s.random(50, 40, 0.3, 'csc', random_state=0)\n"
        "X.indices[:] = 2_000_000_000\n"
        "try: PLSA(2).fit(X)\n"
        "except ValueError as error: print('clean', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done
    assert done.stdout.startswith("clean")

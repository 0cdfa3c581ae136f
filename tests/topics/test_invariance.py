"""What the result may not depend on, with more than one topic."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import vstack

from tests.topics.models import MODELS, corpus, model

every_model = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def X():
    return corpus(0, n_docs=150)


@every_model
def test_a_row_alone(name, X):
    fitted = model(name).fit(X)
    together = fitted.transform(X)
    for d in range(0, X.shape[0], 5):
        assert_array_equal(fitted.transform(X[d]), together[d : d + 1])


@every_model
def test_permuted_rows(name, X):
    fitted, order = model(name).fit(X), np.random.default_rng(0).permutation(X.shape[0])
    assert_array_equal(fitted.transform(X[order]), fitted.transform(X)[order])


@every_model
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_chunks_and_batch_sizes_of_transform(name, size, X):
    fitted = model(name).fit(X)
    together = fitted.transform(X)
    chunks = [fitted.transform(X[start : start + size]) for start in range(0, X.shape[0], size)]
    assert_array_equal(np.vstack(chunks), together)
    assert_array_equal(fitted.set_params(batch_size=size).transform(X), together)


@every_model
@pytest.mark.parametrize("n_jobs", [2, 4])
def test_threads(name, n_jobs, X):
    one, more = model(name, n_jobs=1).fit(X), model(name, n_jobs=n_jobs).fit(X)
    assert_array_equal(more.components_, one.components_)
    assert_array_equal(more.transform(X), one.transform(X))
    assert more.score(X) == one.score(X)
    for key, track in one.history_.items():
        assert key == "seconds" or more.history_[key] == track


@pytest.mark.parametrize("n_jobs", [-1, None])
def test_default_threads(n_jobs, X):
    assert_array_equal(model(n_jobs=n_jobs).fit(X).components_, model().fit(X).components_)


@every_model
def test_repeated_fits(name, X):
    fitted = model(name).fit(X)
    first = fitted.components_
    assert_array_equal(fitted.fit(X).components_, first)
    assert_array_equal(model(name).fit(X).components_, first)


@every_model
def test_fit_transform(name, X):
    assert_array_equal(model(name).fit_transform(X), model(name).fit(X).transform(X))


@pytest.mark.parametrize("name", ["artm", "plsa", "lda map"])
def test_order_of_training_documents(name, X):
    order = np.random.default_rng(0).permutation(X.shape[0])
    kind = {"dtype": "float64"}
    expected = model(name, **kind).fit(X).components_
    assert_allclose(model(name, **kind).fit(X[order]).components_, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning")
@pytest.mark.filterwarnings("ignore::skartm.exceptions.ShortTextsWarning")
@pytest.mark.parametrize("name", ["artm", "plsa", "reuse"])
def test_batch_size_of_offline_learning(name, X):
    big = vstack([X] * 30, format="csr")  # more than one batch even offline
    init = model(name).fit(X).components_
    kind = {"dtype": "float64", "init": init, "max_iter": 2}
    expected = model(name, batch_size=10_000, **kind).fit(big).components_
    assert_allclose(model(name, batch_size=1, **kind).fit(big).components_, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", ["artm", "plsa", "lda map"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_short_texts_use_the_columns_they_have(name, dtype):
    # a few short rows take the rows of phi that they need, many rows take phi as it is
    X = corpus(1, n_docs=40, n_tokens=500, density=0.05)
    fitted = model(name, dtype=dtype).fit(X)
    together = fitted.transform(vstack([X] * 3, format="csr"))
    for d in range(X.shape[0]):
        assert_array_equal(fitted.transform(X[d]), together[d : d + 1])


@every_model
def test_empty_documents_get_the_uniform_theta(name, X):
    fitted = model(name).fit(X)
    empty = np.flatnonzero(np.asarray(X.sum(axis=1)).ravel() == 0)
    assert empty.size
    assert_allclose(fitted.transform(X[empty]), 1 / fitted.n_components, rtol=1e-6)


@every_model
def test_rows_of_theta_and_phi_are_distributions(name, X):
    fitted = model(name).fit(X)
    theta = fitted.transform(X)
    assert theta.dtype == fitted.components_.dtype == np.dtype(fitted.dtype)
    assert theta.shape == (X.shape[0], 4)
    assert fitted.components_.shape == (4, X.shape[1])
    assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)
    assert (theta >= 0).all()
    assert (fitted.components_ >= 0).all()
    if "lda" not in name:
        assert_allclose(fitted.components_.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["artm", "online", "plsa"])
def test_scaling_of_the_weights_changes_nothing_relative(name, X):
    relative = {} if name == "plsa" else {"sparse": None}
    expected = model(name, dtype="float64", **relative).fit(X).components_
    weighted = model(name, dtype="float64", **relative).fit(X, sample_weight=np.full(X.shape[0], 2.0)).components_
    assert_allclose(weighted, expected, rtol=1e-8, atol=1e-12)

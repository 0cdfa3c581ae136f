"""SimplexNMF against loops, against scikit-learn, and against the truth."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from skartm import SimplexNMF
from skartm.nmf.solvers._least_squares import LeastSquares
from tests.oracle import nmf as oracle

KL, LS = "kullback-leibler", "frobenius"
LOSSES = pytest.mark.parametrize("beta_loss", [KL, LS])
FORMS = pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array, sparse.csc_array])


def problem(seed, shape=(12, 9), k=3):
    rng = np.random.default_rng(seed)
    X = rng.poisson(2.0, shape).astype(np.float64)
    return X, rng.random((shape[0], k)) + 0.1, rng.random((k, shape[1])) + 0.1


def planted(seed, shape=(60, 40), k=4, noise=0.0):
    rng = np.random.default_rng(seed)
    W = rng.gamma(0.5, size=(shape[0], k)) * (rng.random((shape[0], k)) < 0.5)
    H = rng.gamma(0.5, size=(k, shape[1])) * (rng.random((k, shape[1])) < 0.5)
    W[:k], H[:, :k] = np.eye(k), np.eye(k)  # separable both ways, so the factors are unique
    return np.maximum(W @ H + noise * rng.standard_normal(shape), 0), W, H


@FORMS
@pytest.mark.parametrize("weighted", [False, True])
def test_divergence_equals_loops(form, weighted, global_random_seed):
    X, W, H = problem(global_random_seed)
    weights = np.arange(1.0, 13.0) if weighted else np.ones(12)
    model = SimplexNMF(3, init=(W, H), inner_iter=1, max_iter=5, tol=0)
    model.fit(form(X), sample_weight=weights if weighted else None)
    W, H = oracle.multiplicative(X, W, H, weights, 5)
    assert_allclose(model.components_, H / H.sum(axis=1, keepdims=True), rtol=1e-8)
    loss = sum(weight * oracle.divergence(X[[i]], W[[i]], H) for i, weight in enumerate(weights))
    assert_allclose(model.reconstruction_err_**2 / 2, loss, rtol=1e-8)


@FORMS
def test_least_squares_equals_loops(form, global_random_seed):
    X, W, H = problem(global_random_seed)
    model = SimplexNMF(3, beta_loss=LS, simplex=None, init=(W, H), inner_iter=1, max_iter=5, tol=0).fit(form(X))
    W, H, losses = oracle.least_squares(X, W, H, 5)
    assert_allclose(model.components_, H, rtol=1e-8, atol=1e-10)
    assert_allclose(model.reconstruction_err_**2 / 2, losses[-1], rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_equals_that_of_sklearn(dtype, global_random_seed):
    X, W, H = (matrix.astype(dtype) for matrix in problem(global_random_seed, (60, 40), 5))
    other = NMF(5, solver="mu", beta_loss=KL, init="custom", max_iter=50, tol=0)
    other.fit_transform(X, W=W.copy(), H=H.copy())
    model = SimplexNMF(5, init=(W, H), inner_iter=1, max_iter=50, tol=0).fit(X)
    assert model.components_.dtype == dtype
    rtol = 1e-8 if dtype == np.float64 else 1e-4
    assert_allclose(model.reconstruction_err_**2, other.reconstruction_err_**2, rtol=rtol)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("shape", [(30, 20), (700, 15)])  # many rows are not cut into parts either
@pytest.mark.parametrize("n_iter", [1, 2, 3, 10, 100])
def test_updates_are_those_of_sklearn(form, shape, n_iter, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.poisson(0.7, shape).astype(np.float64)
    X[[3, 7]], X[:, 5] = 0, 0
    W, H = rng.uniform(0.1, 1, (shape[0], 4)), rng.uniform(0.1, 1, (4, shape[1]))
    other = NMF(4, solver="mu", beta_loss=KL, init="custom", max_iter=n_iter, tol=0)
    other.fit_transform(form(X), W=W.copy(), H=H.copy())
    model = SimplexNMF(4, simplex=None, init=(W, H), inner_iter=1, max_iter=n_iter, tol=0).fit(form(X))
    shares = other.components_ / other.components_.sum(axis=1, keepdims=True)
    assert_allclose(model.components_ / model.components_.sum(axis=1, keepdims=True), shares, rtol=1e-8, atol=1e-14)
    assert_allclose(model.reconstruction_err_, other.reconstruction_err_, rtol=1e-10)


@pytest.mark.parametrize("n_sweeps", [1, 4])
def test_least_squares_never_increases(n_sweeps, global_random_seed):
    X, _, H = problem(global_random_seed, (50, 30), 6)
    model = LeastSquares(X, H, None, sample_weight=None, n_sweeps=n_sweeps, n_threads=1)
    losses, restarts = [], 0
    for _ in range(300):
        weight = model.weight
        losses.append(model.update()[0])
        restarts += model.weight < weight
        assert_allclose(0.5 * np.square(X - model.W @ model.H).sum(), losses[-1], rtol=1e-9)
    assert restarts > 0
    assert np.diff(losses).max() <= 1e-10 * losses[0]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("inner_iter", [1, 3])
def test_divergence_never_increases(inner_iter, global_random_seed):
    X, _, H = problem(global_random_seed, (30, 20), 4)
    model = SimplexNMF(4, init=H, inner_iter=inner_iter, tol=0)
    errors = [model.set_params(max_iter=n).fit(X).reconstruction_err_ for n in range(1, 40)]
    assert np.diff(errors).max() <= 1e-12 * errors[0]


@LOSSES
@pytest.mark.parametrize("simplex", [None, "H", "W", "both"])
def test_simplex_changes_how_the_product_is_written(beta_loss, simplex, global_random_seed):
    X, _, H = problem(global_random_seed, (30, 20), 4)
    weights = np.linspace(0.5, 2, 30)
    options = {"beta_loss": beta_loss, "init": H, "max_iter": 30, "tol": 0}
    plain = SimplexNMF(4, simplex=None, **options).fit(X, sample_weight=weights)
    model = SimplexNMF(4, simplex=simplex, **options).fit(X, sample_weight=weights)
    W = model.transform(X)
    assert_allclose(model.inverse_transform(W), plain.inverse_transform(plain.transform(X)), rtol=1e-7, atol=1e-9)
    assert_allclose(model.inverse_transform(W), W @ np.diag(model.scale_) @ model.components_)
    assert model.reconstruction_err_ == plain.reconstruction_err_
    if simplex in ("H", "both"):
        assert_allclose(model.components_.sum(axis=1), 1)
    if simplex in ("W", "both"):
        assert_allclose(weights @ W, 1)
    if simplex != "both":
        assert_array_equal(model.scale_, 1)


def test_masses_of_both_are_those_of_the_data(global_random_seed):
    X, _, H = problem(global_random_seed, (30, 20), 4)
    model = SimplexNMF(4, simplex="both", init=H, max_iter=500, tol=0).fit(X)
    assert_allclose(model.scale_.sum(), X.sum())
    assert_allclose(model.inverse_transform(model.transform(X)).sum(axis=1), X.sum(axis=1))


@pytest.mark.parametrize("beta_loss", [KL, LS])
def test_planted_factors_are_found(beta_loss, global_random_seed):
    X, _, H = planted(global_random_seed)
    model = SimplexNMF(4, beta_loss=beta_loss, init=H + 0.05, max_iter=5000, tol=0).fit(X)
    assert_allclose(model.components_, H / H.sum(axis=1, keepdims=True), atol=0.02)
    assert_allclose(model.inverse_transform(model.transform(X)), X, atol=0.05)


def test_converged_loss_is_not_above_that_of_sklearn(global_random_seed):
    X, _, _ = planted(global_random_seed, noise=0.1)
    other = NMF(4, init="nndsvda", max_iter=5000, tol=1e-7, random_state=0).fit(X)
    model = SimplexNMF(4, beta_loss=LS, max_iter=5000, tol=1e-7, random_state=0).fit(X)
    assert model.n_iter_ < 5000
    assert model.reconstruction_err_ <= other.reconstruction_err_ * 1.01


@LOSSES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_do_not_matter(beta_loss, dtype, global_random_seed):
    X = sparse.random_array((700, 300), density=0.2, format="csr", rng=global_random_seed)
    options = {"beta_loss": beta_loss, "max_iter": 10, "tol": 0, "dtype": dtype, "random_state": 0}
    results = []
    for n_jobs in (1, 2, 3):
        model = SimplexNMF(20, n_jobs=n_jobs, **options).fit(X)
        results.append((model.components_, model.transform(X)))
    for components, W in results[1:]:
        assert_array_equal(components, results[0][0])
        assert_array_equal(W, results[0][1])
    assert results[0][0].dtype == results[0][1].dtype == dtype


@LOSSES
def test_weights_are_repetitions(beta_loss, global_random_seed):
    X = problem(global_random_seed, (20, 9))[0]
    weights = np.random.default_rng(global_random_seed).integers(0, 4, 20)
    model = SimplexNMF(3, beta_loss=beta_loss, max_iter=20, tol=0, random_state=0)
    weighted = clone(model).fit(X, sample_weight=weights)
    repeated = clone(model).fit(np.repeat(X, weights, axis=0))
    assert_allclose(weighted.components_, repeated.components_, rtol=1e-7, atol=1e-9)
    assert_allclose(weighted.reconstruction_err_, repeated.reconstruction_err_)


@LOSSES
def test_rows_do_not_depend_on_each_other(beta_loss, global_random_seed):
    X = sparse.csr_array(problem(global_random_seed, (30, 20))[0])
    model = SimplexNMF(4, beta_loss=beta_loss, max_iter=30, tol=0).fit(X)
    together = model.transform(X)
    assert_array_equal(together[::-1], model.transform(X[::-1]))
    for i in range(3):
        assert_array_equal(model.transform(X[[i]])[0], together[i])


@LOSSES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [7, 16, 50])
def test_rows_of_arrays_do_not_depend_on_their_number(beta_loss, dtype, k, global_random_seed):
    X = np.random.default_rng(global_random_seed).random((150, 400)).astype(dtype)
    model = SimplexNMF(k, beta_loss=beta_loss, init="random", max_iter=5, tol=0, random_state=0).fit(X)
    together = model.transform(X)
    for n in (1, 3, 64, 65, 127):
        assert_array_equal(model.transform(X[-n:]), together[-n:])


@FORMS
@pytest.mark.parametrize("weighted", [False, True])
def test_error_in_single_precision(form, weighted, global_random_seed):
    X = 1000 * planted(global_random_seed)[0].astype(np.float32)
    weights = np.linspace(0, 2, 60) if weighted else np.ones(60)
    model = SimplexNMF(4, beta_loss=LS, max_iter=1000, tol=0, random_state=0)
    model.fit(form(X), sample_weight=weights if weighted else None)
    rest = X.astype(np.float64) - model.inverse_transform(model.transform(X))
    error = np.sqrt(weights @ np.square(rest).sum(axis=1))
    assert_allclose(model.reconstruction_err_, error, rtol=0.1, atol=1e-6 * np.linalg.norm(X))
    model.fit(form(X), sample_weight=weights if weighted else None, entry_weight=np.ones_like(X))
    rest = X.astype(np.float64) - model.inverse_transform(model.transform(X))
    error = np.sqrt(weights @ np.square(rest).sum(axis=1))
    assert_allclose(model.reconstruction_err_, error, rtol=0.1, atol=1e-6 * np.linalg.norm(X))


@LOSSES
def test_pickled_model_is_the_same(beta_loss, global_random_seed):
    X = problem(global_random_seed)[0]
    model = SimplexNMF(3, beta_loss=beta_loss, max_iter=10, tol=0, random_state=0).fit(X)
    assert_array_equal(pickle.loads(pickle.dumps(model)).transform(X), model.transform(X))


@LOSSES
@FORMS
@pytest.mark.parametrize("init", ["random", "nndsvd", "nndsvda"])
def test_zero_rows_and_columns(beta_loss, form, init, global_random_seed):
    X = problem(global_random_seed)[0]
    X[[2, 5]], X[:, [0, 3]] = 0, 0
    model = SimplexNMF(3, beta_loss=beta_loss, init=init, max_iter=50, tol=0, random_state=0).fit(form(X))
    W = model.transform(form(X))
    assert_array_equal(W[[2, 5]], 0)
    assert_allclose(model.components_[:, [0, 3]], 0, atol=1e-12)
    assert np.isfinite(W).all()
    assert np.isfinite(model.components_).all()


@LOSSES
@pytest.mark.parametrize("simplex", ["H", "both"])
def test_nothing_but_zeros(beta_loss, simplex):
    model = SimplexNMF(2, beta_loss=beta_loss, simplex=simplex, max_iter=5, tol=0).fit(np.zeros((4, 3)))
    assert_array_equal(model.inverse_transform(model.transform(np.zeros((4, 3)))), 0)
    assert model.reconstruction_err_ == 0


@LOSSES
def test_more_components_than_ranks(beta_loss, global_random_seed):
    X = np.outer(np.arange(1.0, 6.0), np.arange(1.0, 5.0))
    model = SimplexNMF(7, beta_loss=beta_loss, max_iter=200, tol=0, random_state=global_random_seed).fit(X)
    assert_allclose(model.inverse_transform(model.transform(X)), X, rtol=0.05)


@LOSSES
def test_columns_that_no_component_has(beta_loss, global_random_seed):
    X = problem(global_random_seed)[0] + 1
    known = X.copy()
    known[:, [2, 5]] = 0
    for penalty in ({}, {"simplex": None, "alpha_W": 1e-13}):
        model = SimplexNMF(3, beta_loss=beta_loss, max_iter=2000, random_state=0, **penalty).fit(known)
        W = model.set_params(tol=1e-7).transform(X)
        assert_allclose(W, model.transform(known), rtol=1e-6, atol=1e-9)
        alone = np.where(known == 0, X, 0)
        assert_array_equal(model.transform(alone), 0)


@LOSSES
def test_small_numbers_are_no_zeros(beta_loss, global_random_seed):
    X = problem(global_random_seed)[0]
    model = SimplexNMF(3, beta_loss=beta_loss, init="nndsvd", max_iter=50, tol=0, random_state=0)
    expected = clone(model).fit(X).components_
    assert_allclose(clone(model).fit(2.0**-60 * X).components_, expected, rtol=1e-3, atol=1e-6)


def test_few_iterations_warn():
    with pytest.warns(ConvergenceWarning, match="did not converge in 2 iterations"):
        SimplexNMF(3, beta_loss=LS, max_iter=2).fit(problem(0)[0])


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        ({"n_components": 0}, ValueError, "'n_components'"),
        ({"beta_loss": "itakura-saito"}, ValueError, "'beta_loss'"),
        ({"simplex": "rows"}, ValueError, "'simplex'"),
        ({"init": "nndsvd", "n_components": 10}, ValueError, "min.n_samples, n_features. = 9. Got 10"),
        ({"init": np.ones((3, 8))}, ValueError, r"H of init must have shape \(3, 9\). Got \(3, 8\)"),
        ({"init": (np.ones((2, 3)), np.ones((3, 9)))}, ValueError, r"W of init must have shape \(12, 3\)"),
        ({"init": -np.ones((3, 9))}, ValueError, "Negative values"),
        ({"inner_iter": 0}, ValueError, "'inner_iter'"),
        ({"max_iter": 0}, ValueError, "'max_iter'"),
        ({"tol": -1}, ValueError, "'tol'"),
        ({"dtype": "int32"}, ValueError, "'dtype'"),
    ],
)
def test_bad_parameters(parameters, error, match):
    with pytest.raises(error, match=match):
        SimplexNMF(**{"n_components": 3, **parameters}).fit(problem(0)[0])


@LOSSES
@pytest.mark.parametrize(("value", "match"), [(-1.0, "Negative values"), (np.nan, "NaN"), (np.inf, "infinity")])
def test_bad_entries(beta_loss, value, match):
    X = problem(0)[0]
    X[3, 4] = value
    for form in (np.asarray, sparse.csr_array):
        if form is np.asarray and np.isnan(value):  # missing
            continue
        with pytest.raises(ValueError, match=match):
            SimplexNMF(3, beta_loss=beta_loss).fit(form(X))


@FORMS
def test_squares_that_are_too_large(form):
    X = 1e16 * problem(0)[0].astype(np.float32)
    model = SimplexNMF(3, beta_loss=LS, random_state=0)
    with pytest.raises(ValueError, match="squares of X must have a sum in float32.*use dtype='float64'"):
        model.fit(form(1e3 * X))
    assert np.isfinite(model.fit(form(X)).reconstruction_err_)
    with pytest.raises(ValueError, match="squares of X"):
        model.transform(form(1e3 * X))


def test_missing_entries_of_a_sparse_matrix():
    X = problem(0)[0]
    model = SimplexNMF(3, max_iter=2, tol=0).fit(X)
    X[3, 4] = np.nan
    for form in (sparse.csr_array, sparse.csc_matrix, sparse.lil_array):
        for method in (model.fit, model.transform, model.partial_fit):
            with pytest.raises(ValueError, match="Got a sparse matrix that contains NaN; .* give entry_weight"):
                method(form(X))


def test_start_of_two_rows_as_lists():
    X, W, H = problem(0, k=2)
    model = SimplexNMF(2, init=H, max_iter=3, tol=0)
    expected = clone(model).fit(X).components_
    assert_array_equal(clone(model).set_params(init=H.tolist()).fit(X).components_, expected)
    pair = clone(model).set_params(init=(W, H)).fit(X).components_
    assert_array_equal(clone(model).set_params(init=[W.tolist(), H.tolist()]).fit(X).components_, pair)


def test_inverse_transform_of_another_shape():
    model = SimplexNMF(3, max_iter=2, tol=0).fit(problem(0)[0])
    with pytest.raises(ValueError, match="W must have 3 columns"):
        model.inverse_transform(np.ones((2, 4)))

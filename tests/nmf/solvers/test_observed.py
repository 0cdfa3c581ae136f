"""Missing entries, weights of entries, and penalties."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.decomposition import NMF
from sklearn.pipeline import Pipeline

from skartm import SimplexNMF
from skartm.nmf._start import start_of
from skartm.nmf.solvers._choice import solver_of
from skartm.nmf.solvers._observed import observed
from tests.oracle import nmf as oracle

KL, LS = "kullback-leibler", "frobenius"
LOSSES = pytest.mark.parametrize("beta_loss", [KL, LS])
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def problem(seed, shape=(12, 9), k=3):
    rng = np.random.default_rng(seed)
    X = rng.poisson(2.0, shape).astype(np.float64)
    V = rng.random(shape) * (rng.random(shape) < 0.8)
    V[:, 0], V[0] = 1, 1
    return X, V, rng.random((shape[0], k)) + 0.1, rng.random((k, shape[1])) + 0.1


def with_nan(X, V):
    return np.where(V > 0, X, np.nan)


def loss_of(beta_loss, X, V, Z):
    if beta_loss == LS:
        return 0.5 * float((V * (X - Z) ** 2).sum())
    logarithms = np.log(np.where(X > 0, X / np.where(Z > 0, Z, 1), 1))
    return float((V * (X * logarithms - X + Z)).sum())


def test_divergence_equals_loops(global_random_seed):
    X, V, W, H = problem(global_random_seed)
    model = SimplexNMF(3, simplex=None, init=(W, H), inner_iter=1, max_iter=4, tol=0).fit(X, entry_weight=V)
    for _ in range(4):
        W = oracle.observed_step(X, V, W, H)
        H = oracle.observed_step(X.T, V.T, H.T, W.T).T
    assert_allclose(model.components_, H, rtol=1e-8)
    assert_allclose(model.reconstruction_err_**2 / 2, oracle.observed_divergence(X, V, W, H), rtol=1e-8)


def test_least_squares_equals_loops(global_random_seed):
    X, V, W, H = problem(global_random_seed)
    model = SimplexNMF(3, beta_loss=LS, simplex=None, init=(W, H), inner_iter=1, max_iter=1, tol=0)
    model.fit(X, entry_weight=V)
    new, _ = oracle.observed_sweep(X, V, W, H)
    ahead = np.maximum(new + 0.5 * (new - W), 0)
    H, loss = oracle.observed_sweep(X.T, V.T, H.T, ahead.T)
    assert_allclose(model.components_, H.T, rtol=1e-8, atol=1e-12)
    assert_allclose(model.reconstruction_err_**2 / 2, loss, rtol=1e-8)


@LOSSES
def test_forms_of_missing_are_one(beta_loss, global_random_seed):
    X, V, _, H = problem(global_random_seed)
    seen = (V > 0).astype(float)
    model = SimplexNMF(3, beta_loss=beta_loss, init=H, max_iter=20, tol=0)
    expected = model.fit(with_nan(X, V)).components_
    W = model.transform(with_nan(X, V))
    forms = [(X, seen), (X, sparse.csr_array(seen)), (sparse.csr_array(X), seen), (with_nan(X, V), np.ones_like(X))]
    forms += [(sparse.csr_matrix(X), sparse.csc_matrix(seen))]
    for data, weights in forms:
        assert_array_equal(model.fit(data, entry_weight=weights).components_, expected)
        assert_array_equal(model.transform(data, entry_weight=weights), W)
        assert_array_equal(model.fit_transform(data, entry_weight=weights), W)


@LOSSES
def test_all_observed_is_the_plain_model(beta_loss, global_random_seed):
    X, _, W, H = problem(global_random_seed)
    rows = np.linspace(0.5, 2, 12)
    model = SimplexNMF(3, beta_loss=beta_loss, init=(W, H), max_iter=20, tol=0)
    plain = model.fit(X, sample_weight=rows)
    components, error, W = plain.components_, plain.reconstruction_err_, plain.transform(X)
    model.fit(X, sample_weight=rows, entry_weight=np.ones_like(X))
    assert_allclose(model.components_, components, rtol=1e-6, atol=1e-9)
    assert_allclose(model.reconstruction_err_, error, rtol=1e-8)
    model.fit(X, entry_weight=np.repeat(rows[:, None], 9, axis=1))
    assert_allclose(model.components_, components, rtol=1e-6, atol=1e-9)
    model.set_params(max_iter=5000, tol=1e-12)
    assert_allclose(model.transform(X), model.transform(X, np.ones_like(X)), atol=1e-3)
    assert W.shape == (12, 3)


@LOSSES
@quiet
@pytest.mark.parametrize("penalized", [False, True])
@pytest.mark.parametrize("missing", [False, True])
def test_loss_never_increases(beta_loss, penalized, missing, global_random_seed):
    X, V, _, _ = problem(global_random_seed, (30, 20), 4)
    V = V if missing else np.ones_like(V)
    weights = np.linspace(0.5, 2, 30)
    options = {"alpha_W": 0.01, "alpha_H": 0.02, "l1_ratio": 0.4} if penalized else {}
    model = SimplexNMF(4, beta_loss=beta_loss, simplex=None, tol=0, random_state=global_random_seed, **options)
    data = sparse.csr_array(X)
    known = observed(data, V, "test") if missing else None
    H = np.random.default_rng(global_random_seed).random((4, 20))
    solver, _ = solver_of(model, data, known, None, H, weights)
    values = []
    for _ in range(60):
        value = solver.update()
        if not (missing or penalized) and beta_loss == KL:
            continue
        values.append(value[0] if isinstance(value, tuple) else value)
        fit = loss_of(beta_loss, X, V * weights[:, None], solver.W @ solver.H)
        assert_allclose(solver.loss(), fit, rtol=1e-7)
        if penalized:
            share = 0.4 * np.array([0.01 * 20, 0.02 * weights.sum()])
            square = 0.6 * np.array([0.01 * 20, 0.02 * weights.sum()])
            fit += share[0] * (weights @ solver.W).sum() + 0.5 * square[0] * (weights @ solver.W**2).sum()
            fit += share[1] * solver.H.sum() + 0.5 * square[1] * (solver.H**2).sum()
        assert_allclose(values[-1], fit, rtol=1e-7)
    assert np.diff(values).max(initial=0) <= 1e-10 * (values or [1])[0]


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_penalties_are_those_of_sklearn(l1_ratio, form, global_random_seed):
    X, _, _, _ = problem(global_random_seed, (40, 30), 4)
    options = {"alpha_W": 0.02, "alpha_H": 0.01, "l1_ratio": l1_ratio}
    W, H = np.random.default_rng(global_random_seed).random((2, 40, 4))
    H = H[:30].T + 0.1
    other = NMF(4, init="custom", tol=1e-10, max_iter=20000, **options)
    W_other = other.fit_transform(X, W=W.copy() + 0.1, H=H.copy())
    # at the optimum of scikit-learn this one stays, and W is the same
    options |= {"beta_loss": LS, "simplex": None, "init": (W_other, other.components_)}
    model = SimplexNMF(4, max_iter=200, tol=0, **options).fit(form(X))
    assert_allclose(model.components_, other.components_, rtol=1e-3, atol=1e-4)
    assert_allclose(model.reconstruction_err_**2 * 0.5, 0.5 * other.reconstruction_err_**2, rtol=1e-4)
    model.set_params(tol=1e-8)
    assert_allclose(model.transform(form(X)), W_other, rtol=1e-3, atol=1e-4)


@quiet
def test_l1_makes_zeros_and_l2_small_numbers(global_random_seed):
    X, V, W, H = problem(global_random_seed, (40, 30), 4)
    for beta_loss in (KL, LS):
        options = {"beta_loss": beta_loss, "simplex": None, "init": (W, H), "max_iter": 300, "tol": 0}
        plain = SimplexNMF(4, **options).fit(X, entry_weight=V)
        square = SimplexNMF(4, alpha_W=0.1, **options).fit(X, entry_weight=V)
        strong = SimplexNMF(4, alpha_W=100.0, l1_ratio=1.0, **options).fit(X, entry_weight=V)
        sizes = [np.linalg.norm(model.transform(X, V) @ model.components_) for model in (plain, square, strong)]
        assert sizes[0] > sizes[1] > 0
        assert sizes[2] < 1e-3 * sizes[0]


@LOSSES
@quiet
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_missing_entries_of_a_planted_matrix(beta_loss, dtype, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    truth = rng.gamma(1.0, size=(300, 5)) @ rng.gamma(1.0, size=(5, 200))
    noise = 0.05 * truth.std() * rng.standard_normal(truth.shape)
    X = np.maximum(truth + noise, 0)
    missing = rng.random(X.shape) < 0.1
    model = SimplexNMF(5, beta_loss=beta_loss, dtype=dtype, max_iter=1000, tol=1e-5, random_state=global_random_seed)
    W = model.fit_transform(np.where(missing, np.nan, X))
    error = np.sqrt(np.mean((model.inverse_transform(W) - X)[missing] ** 2))
    assert error <= 1.1 * np.sqrt(np.mean((truth - X)[missing] ** 2))


@LOSSES
def test_rows_and_threads(beta_loss, global_random_seed):
    X, V, _, H = problem(global_random_seed, (80, 20), 4)
    A = with_nan(X, V)
    A[:, 5], A[7] = np.nan, np.nan
    model = SimplexNMF(4, beta_loss=beta_loss, init=np.abs(H) + 0.1, max_iter=20, tol=0, n_jobs=1).fit(A)
    W = model.transform(A)
    assert_array_equal(W[7], 0)
    assert_array_equal(model.transform(A[::-1])[::-1], W)
    assert_array_equal(model.transform(A[[3]])[0], W[3])
    other = SimplexNMF(4, beta_loss=beta_loss, init=np.abs(H) + 0.1, max_iter=20, tol=0, n_jobs=3).fit(A)
    assert_array_equal(other.components_, model.components_)
    assert_array_equal(other.transform(A), W)
    assert np.isfinite(model.components_).all()


@LOSSES
@quiet
@pytest.mark.parametrize("init", ["nndsvd", "nndsvda"])
def test_starts_of_means(beta_loss, init, global_random_seed):
    X, V, _, _ = problem(global_random_seed)
    filled = X.copy()
    for j in range(9):
        filled[V[:, j] == 0, j] = np.average(X[:, j], weights=V[:, j])
    options = {"beta_loss": beta_loss, "random_state": 0, "max_iter": 5, "tol": 0, "simplex": None}
    start = start_of(SimplexNMF(3, init=init, **options), filled, None)[1]
    model, other = (SimplexNMF(3, init=value, **options).fit(X, entry_weight=V) for value in (init, start))
    assert_allclose(model.components_, other.components_, rtol=1e-6, atol=1e-9)


@LOSSES
def test_the_weights_of_the_caller_stay(beta_loss, global_random_seed):
    X, V, _, _ = problem(global_random_seed)
    weights = sparse.csr_matrix(np.ones_like(X))
    weights.data[::3] = 0
    before = weights.copy()
    SimplexNMF(3, beta_loss=beta_loss, max_iter=2, tol=0, random_state=0).fit(with_nan(X, V), entry_weight=weights)
    assert weights.nnz == before.nnz
    assert_array_equal(weights.toarray(), before.toarray())


@LOSSES
@pytest.mark.parametrize("scale", [2.0**-30, 2.0**30])
def test_iterations_do_not_depend_on_the_scale(beta_loss, scale, global_random_seed):
    X, V, _, _ = problem(global_random_seed, (40, 30), 4)
    model = SimplexNMF(4, beta_loss=beta_loss, max_iter=2000, random_state=0).fit(X, entry_weight=V)
    other = clone(model).fit(scale * X, entry_weight=V)
    assert other.n_iter_ == model.n_iter_
    assert_allclose(other.components_, model.components_, rtol=1e-3, atol=1e-6)


@quiet
@LOSSES
@pytest.mark.parametrize("simplex", ["W", "both"])
def test_columns_of_w_sum_to_one_before_convergence(beta_loss, simplex, global_random_seed):
    X, V, _, _ = problem(global_random_seed, (40, 30), 4)
    model = SimplexNMF(4, beta_loss=beta_loss, simplex=simplex, max_iter=5, random_state=0).fit(X, entry_weight=V)
    assert_allclose(model.transform(X, entry_weight=V).sum(axis=0), 1)


@quiet
@LOSSES
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", [{}, {"alpha_W": 0.01, "simplex": None}])
def test_rows_do_not_depend_on_each_other(beta_loss, weighted, penalty, global_random_seed):
    X, V, _, _ = problem(global_random_seed, (30, 20), 4)
    V[:, 1:][global_random_seed % 7 :: 7] = 1  # rows of which nothing is missing
    X, V = (X, V) if weighted else (with_nan(X, V), None)
    model = SimplexNMF(4, beta_loss=beta_loss, max_iter=30, tol=0, random_state=0, **penalty).fit(X, entry_weight=V)
    together = model.transform(X, entry_weight=V)
    for i in range(30):
        alone = model.transform(X[[i]], entry_weight=None if V is None else V[[i]])
        assert_array_equal(alone[0], together[i])


@quiet
def test_entry_weight_is_routed(global_random_seed):
    X, V, _, H = problem(global_random_seed)
    model = SimplexNMF(3, init=H, max_iter=20, tol=0)
    expected = clone(model).fit_transform(X, entry_weight=V)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(entry_weight=True).set_transform_request(entry_weight=True)
        pipeline = Pipeline([("nmf", model)])
        assert_array_equal(pipeline.fit_transform(X, entry_weight=V), expected)
        assert_array_equal(pipeline.transform(X, entry_weight=V), expected)


@pytest.mark.parametrize(
    ("parameters", "entry_weight", "match"),
    [
        ({}, np.ones((12, 8)), r"entry_weight must have the shape of X, \(12, 9\). Got \(12, 8\)"),
        ({}, -np.ones((12, 9)), "Negative values"),
        ({}, np.full((12, 9), np.nan), "entry_weight contains NaN"),
        ({}, np.zeros((12, 9)), "no entry of X is observed"),
        ({"init": "nndsvd"}, np.eye(12, 9), "init='nndsvd' needs at least half of the entries of X. Got 9 of 108"),
        ({"alpha_W": -1.0, "simplex": None}, None, "'alpha_W'"),
        ({"alpha_H": "other", "simplex": None}, None, "'alpha_H'"),
        ({"alpha_H": np.ones(2), "simplex": None}, None, "'alpha_H'"),
        ({"l1_ratio": 2.0}, None, "'l1_ratio'"),
        ({"alpha_W": 0.1}, None, "need simplex=None"),
    ],
)
def test_bad_weights_and_penalties(parameters, entry_weight, match):
    with pytest.raises((ValueError, TypeError), match=match):
        SimplexNMF(3, **parameters).fit(problem(0)[0], entry_weight=entry_weight)


@LOSSES
def test_nothing_observed_in_rows_that_count(beta_loss):
    seen = np.repeat([[1.0], [0.0]], 6, axis=0) * np.ones(9)
    with pytest.raises(ValueError, match="no entry of X is observed"):
        SimplexNMF(3, beta_loss=beta_loss).fit(problem(0)[0], sample_weight=1 - seen[:, 0], entry_weight=seen)


@LOSSES
def test_negative_beside_missing(beta_loss):
    X = problem(0)[0]
    X[2, 3], X[4, 5] = np.nan, -1
    with pytest.raises(ValueError, match="Negative values"):
        SimplexNMF(3, beta_loss=beta_loss).fit(X)

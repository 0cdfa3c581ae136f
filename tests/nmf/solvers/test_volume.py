"""Components of small volume."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linear_sum_assignment

from skartm import SimplexNMF
from skartm.nmf.solvers._volume import SmallVolume


def mixtures(seed, *, purity=0.9, noise=0.0, n_rows=400, concentration=5.0):
    """Rows that are mixtures of four components, none with more than ``purity`` of one."""
    rng = np.random.default_rng(seed)
    H = rng.dirichlet(np.full(30, concentration), 4)
    theta = rng.dirichlet(np.full(4, 0.5), 20 * n_rows)
    X = theta[theta.max(axis=1) <= purity][:n_rows] @ H
    return np.maximum(X + noise * X.mean() * rng.standard_normal(X.shape), 0), H


def distance(found, truth):
    table = 0.5 * np.abs(found[:, None] - truth[None]).sum(axis=-1)
    return float(table[linear_sum_assignment(table)].mean())


def options(**changed):
    return {"beta_loss": "frobenius", "init": "spa", "max_iter": 2000, "tol": 1e-5, "random_state": 0} | changed


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("volume_weight", [1e-6, 1e-3, 1.0])
def test_objective_never_increases(form, weighted, volume_weight, global_random_seed):
    X, _ = mixtures(global_random_seed, noise=0.1, n_rows=60)
    weights = np.linspace(0.5, 2, 60) if weighted else None
    H = np.random.default_rng(global_random_seed).dirichlet(np.ones(30), 4)
    model = SmallVolume(form(X), H, None, sample_weight=weights, volume_weight=volume_weight, n_sweeps=2, n_threads=1)
    root = np.ones(60) if weights is None else np.sqrt(weights)
    losses = []
    for _ in range(60):
        losses.append(model.objective())
        error = 0.5 * np.square(root[:, None] * X - model.w[:, :4] @ model.H).sum()
        assert_allclose(model.loss(), error, rtol=1e-7)
        volume = np.linalg.slogdet(model.H @ model.H.T + model.delta * np.eye(4))[1]
        assert_allclose(losses[-1], error + model.weight * volume, rtol=1e-7)
        assert_allclose(model.H.sum(axis=1), 1)
        model.update()
    assert np.diff(losses).max() <= 1e-9 * abs(losses[0])
    assert losses[-1] < losses[0]


def test_dense_components_are_found(global_random_seed):
    X, H = mixtures(global_random_seed, noise=0.02)
    plain = SimplexNMF(4, **options()).fit(X)
    model = SimplexNMF(4, volume_weight=1e-4, **options()).fit(X)
    assert distance(model.components_, H) < 0.03
    assert distance(model.components_, H) < distance(plain.components_, H)


def test_larger_weight_is_smaller_volume(global_random_seed):
    X, _ = mixtures(global_random_seed, noise=0.02)
    volumes, errors = [], []
    for weight in (1e-6, 1e-4, 1e-2):
        model = SimplexNMF(4, volume_weight=weight, **options()).fit(X)
        volumes.append(np.linalg.slogdet(model.components_ @ model.components_.T)[1])
        errors.append(model.reconstruction_err_)
    assert volumes[0] > volumes[1] > volumes[2]
    assert errors[0] < errors[1] < errors[2]


def test_error_is_that_of_the_rebuilding(global_random_seed):
    X, _ = mixtures(global_random_seed, noise=0.1)
    model = SimplexNMF(4, volume_weight=1e-4, **options()).fit(X)
    error = np.linalg.norm(X - model.inverse_transform(model.transform(X)))
    assert_allclose(model.reconstruction_err_, error, rtol=1e-3)


def test_weights_are_repetitions(global_random_seed):
    X, _ = mixtures(global_random_seed, noise=0.05, n_rows=40)
    weights = np.random.default_rng(global_random_seed).integers(0, 4, 40)
    changed = {"volume_weight": 1e-3, "max_iter": 20, "tol": 0}
    weighted = SimplexNMF(4, **options(**changed)).fit(X, sample_weight=weights)
    repeated = SimplexNMF(4, **options(**changed)).fit(np.repeat(X, weights, axis=0))
    assert_allclose(weighted.components_, repeated.components_, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_do_not_matter(dtype, global_random_seed):
    X = mixtures(global_random_seed, noise=0.05)[0].astype(dtype)
    found = [SimplexNMF(4, volume_weight=1e-3, n_jobs=n, **options(max_iter=20, tol=0)).fit(X) for n in (1, 3)]
    assert_array_equal(found[0].components_, found[1].components_)
    assert found[0].components_.dtype == dtype


def test_nothing_but_zeros():
    model = SimplexNMF(2, volume_weight=1.0, **options(init="random", max_iter=3, tol=0)).fit(np.zeros((4, 3)))
    assert_array_equal(model.inverse_transform(model.transform(np.zeros((4, 3)))), 0)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"beta_loss": "kullback-leibler", "volume_weight": 1.0}, "volume_weight needs beta_loss='frobenius'"),
        ({"beta_loss": "frobenius", "volume_weight": -1.0}, "'volume_weight'"),
        ({"beta_loss": "frobenius", "volume_weight": np.inf}, "'volume_weight'"),
    ],
)
def test_bad_parameters(parameters, match):
    with pytest.raises(ValueError, match=match):
        SimplexNMF(4, **parameters).fit(mixtures(0)[0])

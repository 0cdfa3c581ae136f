"""Starts: rows of X by successive projections."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm import SimplexNMF
from skartm.nmf._start import spa_start
from tests.oracle import nmf as oracle

FORMS = pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csr_array])


def separable(seed, k=5, n_rows=40, n_features=12):
    """Rows of any length that are mixtures of k distributions; each distribution is a row, the first ones shuffled."""
    rng = np.random.default_rng(seed)
    H = rng.dirichlet(np.ones(n_features), k)
    theta = np.vstack([np.eye(k), rng.dirichlet(np.ones(k), n_rows - k)])[rng.permutation(n_rows)]
    return (theta * rng.uniform(0.5, 20, (n_rows, 1))) @ H, H


def sorted_rows(H):
    return H[np.lexsort(H.T)]


@FORMS
@pytest.mark.parametrize("weighted", [False, True])
def test_separable_truth_is_found_exactly(form, weighted, global_random_seed):
    X, H = separable(global_random_seed)
    weights = np.linspace(0.1, 3, 40) if weighted else None
    assert_allclose(sorted_rows(spa_start(form(X), 5, weights, filled=False)), sorted_rows(H), rtol=1e-10)
    model = SimplexNMF(5, beta_loss="frobenius", init="spa", max_iter=200, tol=0)
    model.fit(form(X), sample_weight=weights)
    assert model.reconstruction_err_ < 1e-3 * np.linalg.norm(X)


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(5, 12), st.integers(5, 9))
def test_equals_loops(seed, k, n_rows, n_features):
    X = np.random.default_rng(seed).random((n_rows, n_features)) + 0.01
    assert_allclose(spa_start(X, k, None, filled=False), oracle.successive_projections(X, k), rtol=1e-6)


@FORMS
def test_rows_of_zeros_and_of_weight_zero_are_never_taken(form, global_random_seed):
    X, _ = separable(global_random_seed)
    X[3] = 0
    weights = np.ones(40)
    weights[7], X[7] = 0, np.eye(12)[0]
    found = spa_start(form(X), 3, weights, filled=False)
    assert_allclose(found.sum(axis=1), 1)
    assert np.abs(found - np.eye(12)[0]).sum(axis=1).min() > 1e-3


def test_divergence_starts_without_zeros(global_random_seed):
    X = np.random.default_rng(global_random_seed).poisson(1.0, (40, 12)).astype(float)
    model = SimplexNMF(4, init="spa", max_iter=200, tol=0).fit(X)
    random = SimplexNMF(4, init="random", max_iter=200, tol=0, random_state=global_random_seed).fit(X)
    assert (spa_start(X, 4, None, filled=True) > 0).all()
    assert model.reconstruction_err_ < 1.1 * random.reconstruction_err_
    assert_array_equal(model.components_, SimplexNMF(4, init="spa", max_iter=200, tol=0).fit(X).components_)


def test_too_few_independent_rows():
    X = np.outer(np.arange(1.0, 6.0), np.arange(1.0, 5.0))
    with pytest.raises(ValueError, match=r"needs n_components = 3 rows of X that are linearly independent. Got 1"):
        SimplexNMF(3, init="spa").fit(X)

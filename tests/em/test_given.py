"""Counts and likelihood at a theta that is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skartm.em import Batches, Shared, expected_counts, padded
from tests.em.corpora import corpus, start
from tests.oracle.hierarchy import counts
from tests.oracle.plsa import documents_of


@pytest.mark.parametrize("batch_size", [5, 100])
@pytest.mark.parametrize("weighted", [False, True])
def test_counts(weighted, batch_size):
    X, phi, rng = corpus(0), start(0, 30, 4), np.random.default_rng(0)
    phi[3] = 0
    theta = rng.dirichlet(np.ones(4), X.shape[0])
    theta[1, 2] = 0
    weights = rng.uniform(0.2, 2, X.shape[0]) if weighted else None
    shared = Shared(padded(phi, np.float64), 4)
    batches = Batches(X, batch_size, np.float64, weights)
    n_wt = expected_counts(batches, shared, theta, n_threads=1)
    assert_allclose(n_wt, counts(documents_of(X), theta, phi, weights), rtol=1e-10, atol=1e-14)
    again = expected_counts(batches, shared, theta, n_threads=1)
    assert_allclose(again, n_wt, rtol=1e-14)

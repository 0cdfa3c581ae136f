import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skartm.em import (
    Batches,
    DirichletMixture,
    FreeMixture,
    GammaDraws,
    Shared,
    StoredTheta,
    padded,
    padded_width,
    padded_zeros,
)
from tests.em.corpora import corpus, start
from tests.oracle import plsa as oracle


@pytest.mark.parametrize(("dtype", "lanes"), [(np.float32, 16), (np.float64, 8)])
@pytest.mark.parametrize("n_topics", [1, 8, 16, 17])
def test_padding(dtype, lanes, n_topics):
    zeros = padded_zeros(3, n_topics, dtype)
    assert zeros.shape == (3, padded_width(n_topics, dtype))
    assert zeros.shape[1] % lanes == 0
    assert zeros.shape[1] - n_topics < lanes
    assert zeros.ctypes.data % 64 == 0
    assert zeros.flags.c_contiguous
    matrix = padded(np.ones((3, n_topics)), dtype)
    assert_array_equal(matrix[:, :n_topics], 1)
    assert_array_equal(matrix[:, n_topics:], 0)


def free(**arguments):
    return FreeMixture(4, **{"n_passes": 3, "tol": 0.0, "n_threads": 1, **arguments})


def shared(phi):
    return Shared(padded(phi, np.float64), phi.shape[1])


def test_stored_theta_goes_on_where_it_was():
    X, phi = corpus(0), start(0, 30, 4)
    stored = StoredTheta.uniform(24, 4, np.float64)
    for _ in range(3):
        thetas = []
        for batch in Batches(X, 7, np.float64):
            thetas.append(free().expect(shared(phi), batch.carrying(stored.of(batch))).theta_dt)
            stored.keep(batch, thetas[-1])
        stored.end_pass(24)
    expected = [free(n_passes=9).expect(shared(phi), batch).theta_dt for batch in Batches(X, 7, np.float64)]
    assert_allclose(np.vstack(thetas), np.vstack(expected), rtol=1e-12)


def test_tolerance_stops_a_document_on_its_own():
    X, phi = corpus(0), start(0, 30, 4)
    (batch,) = Batches(X, 99, np.float64)
    theta = free(n_passes=50, tol=0.05).expect(shared(phi), batch).theta_dt[:, :4]
    for row, document in zip(theta, oracle.documents_of(X)):
        assert_allclose(row, oracle.theta_of(document, phi, 50, tol=0.05), rtol=1e-9)


def test_expectations_are_values():
    """What was found for one batch stays as it is when others come."""
    given = shared(start(0, 30, 4))
    small, large = corpus(0, n_docs=3, density=0.1), corpus(0, n_docs=40, density=0.9)
    batches = [batch for X in (small, large, small) for batch in Batches(X, 99, np.float64)]
    found = [free().expect(given, batch) for batch in batches]
    assert_array_equal(found[0].theta_dt, found[2].theta_dt)
    assert_array_equal(found[0].counts.values, found[2].counts.values)
    assert_array_equal(found[1].theta_dt, free().expect(given, batches[1]).theta_dt)


def test_long_documents_do_not_need_long_buffers(monkeypatch):
    from skartm.em import _mixture

    X, given = corpus(0, density=0.9), shared(start(0, 30, 4))
    (batch,) = Batches(X, 99, np.float64)
    expected = free().expect(given, batch).theta_dt
    monkeypatch.setattr(_mixture, "_LARGEST_BUFFER", 1)
    assert_allclose(free().expect(given, batch).theta_dt, expected, rtol=1e-12)


def test_dirichlet_start_is_scikit_learns():
    X = corpus(0)
    (batch,) = Batches(X, 99, np.float64)
    batch = batch.carrying(GammaDraws(np.random.RandomState(3), 4).of(batch))
    mixture = DirichletMixture(4, prior=0.1, n_passes=0, tol=0.0)
    theta = mixture.expect(shared(start(0, 30, 4)), batch).theta_dt[:, :4]
    gamma = np.random.RandomState(3).gamma(100.0, 0.01, (24, 4))
    from scipy.special import psi

    assert_allclose(theta, np.exp(psi(gamma) - psi(gamma.sum(axis=1))[:, None]), rtol=1e-6)

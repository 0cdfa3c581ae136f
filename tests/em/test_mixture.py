import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skartm.em import Batches, DirichletMixture, FreeMixture, GammaDraws, padded, padded_width, padded_zeros
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
    return FreeMixture(4, **{"n_passes": 3, "tol": 0.0, "dtype": np.float64, "n_threads": 1, **arguments})


def test_stored_theta_goes_on_where_it_was():
    X, phi = corpus(0), start(0, 30, 4)
    stored, cold = free(n_stored=24), free(n_passes=9)
    for _ in range(3):
        thetas = [stored.expect(batch, padded(phi, np.float64)).theta_dt.copy() for batch in Batches(X, 7, np.float64)]
        stored.end_pass(24)
    expected = [cold.expect(batch, padded(phi, np.float64)).theta_dt.copy() for batch in Batches(X, 7, np.float64)]
    assert_allclose(np.vstack(thetas), np.vstack(expected), rtol=1e-12)


def test_tolerance_stops_a_document_on_its_own():
    X, phi = corpus(0), start(0, 30, 4)
    (batch,) = Batches(X, 99, np.float64)
    theta = free(n_passes=50, tol=0.05).expect(batch, padded(phi, np.float64)).theta_dt[:, :4]
    for row, document in zip(theta, oracle.documents_of(X)):
        assert_allclose(row, oracle.theta_of(document, phi, 50, tol=0.05), rtol=1e-9)


def test_workspace_grows_with_the_batch():
    mixture, phi = free(), padded(start(0, 30, 4), np.float64)
    small, large = corpus(0, n_docs=3, density=0.1), corpus(0, n_docs=40, density=0.9)
    for X in (small, large, small):
        (batch,) = Batches(X, 99, np.float64)
        (fresh,) = [free().expect(batch, phi)]
        again = mixture.expect(batch, phi)
        assert_array_equal(again.theta_dt, fresh.theta_dt)
        assert_array_equal(again.ratio, fresh.ratio)


def test_long_documents_do_not_need_long_buffers(monkeypatch):
    from skartm.em import _mixture

    X, phi = corpus(0, density=0.9), padded(start(0, 30, 4), np.float64)
    (batch,) = Batches(X, 99, np.float64)
    expected = free().expect(batch, phi).theta_dt.copy()
    monkeypatch.setattr(_mixture, "_LARGEST_BUFFER", 1)
    mixture = free()
    assert_allclose(mixture.expect(batch, phi).theta_dt, expected, rtol=1e-12)


def test_dirichlet_start_is_scikit_learns():
    X = corpus(0)
    (batch,) = Batches(X, 99, np.float64)
    mixture = DirichletMixture(
        4, prior=0.1, n_passes=0, tol=0.0, dtype=np.float64, n_threads=1, draws=GammaDraws(np.random.RandomState(3), 4)
    )
    phi = padded(start(0, 30, 4), np.float64)
    theta = mixture.expect(batch, phi).theta_dt[:, :4]
    gamma = np.random.RandomState(3).gamma(100.0, 0.01, (24, 4))
    from scipy.special import psi

    assert_allclose(theta, np.exp(psi(gamma) - psi(gamma.sum(axis=1))[:, None]), rtol=1e-6)

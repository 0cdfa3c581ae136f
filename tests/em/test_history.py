import numpy as np
import pytest

from skartm.em import History, Pass, padded
from skartm.regularizers import Decorrelation, SmoothSparseTheta
from tests.em.corpora import corpus, learn, start


def record(history, **changes):
    entry = {"log_likelihood": -30.0, "mass": 10.0, "left_out": 0.0, "theta_zeros": 3, "n_docs": 4, "seconds": 0.5}
    phi = padded(np.array([[0.5, 0.0, 0.0], [0.5, 1.0, 0.0]]), np.float64)
    mass = np.array([5.0, 5.0, 0.0])
    history.update(history.recorded(Pass(**{**entry, **changes}), phi, 3, mass, {"d": -2.0}, {"d": 0.5}))


def test_keys_of_an_iteration():
    history = History()
    record(history)
    record(history, log_likelihood=-20.0)
    assert history == {
        "log_likelihood": [-30.0, -20.0],
        "perplexity": [pytest.approx(np.exp(3.0)), pytest.approx(np.exp(2.0))],
        "objective": [pytest.approx(-3.1), pytest.approx(-2.1)],
        "phi_sparsity": [0.5, 0.5],
        "theta_sparsity": [0.25, 0.25],
        "dead_topics": [1, 1],
        "left_out": [0.0, 0.0],
        "seconds": [0.5, 0.5],
        "d": [-2.0, -2.0],
    }


def test_change():
    history = History()
    assert history.change() == np.inf
    record(history)
    assert history.change() == np.inf
    record(history, log_likelihood=-20.0)
    assert history.change() == pytest.approx(1.0)
    assert history.change("perplexity") == pytest.approx(np.exp(3.0) - np.exp(2.0))


def test_left_out_tokens_are_charged():
    history = History()
    record(history, left_out=1.0)
    assert np.log(history["perplexity"][0]) == pytest.approx((30.0 - np.log(1e-16)) / 10)


def test_nothing_at_all():
    history = History()
    record(history, log_likelihood=0.0, mass=0.0, n_docs=0, theta_zeros=0)
    assert history["perplexity"] == [1.0]
    assert np.isfinite(history["objective"]).all()


def test_perplexity_stays_finite():
    history = History()
    record(history, log_likelihood=-1e6)
    assert np.isfinite(history["perplexity"]).all()


def test_theta_values_are_those_of_the_last_theta():
    X = corpus(0)
    phi = start(0, X.shape[1], 3)
    regularizers = [("theta", SmoothSparseTheta(0.3)), ("phi", Decorrelation(0.1))]
    _, _, _, results = learn(X, phi, regularizers, n_iter=2)
    assert results[0].n_docs == X.shape[0]
    assert results[0].mass == X.sum()
    assert results[0].seconds > 0

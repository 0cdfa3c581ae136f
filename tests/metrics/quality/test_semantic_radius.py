import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from skartm.metrics import semantic_radius
from skartm.metrics.quality._semantic_radius import _divergences
from tests.oracle import scores as oracle


class Draws:
    """Uniform numbers that were drawn before."""

    def __init__(self, numbers):
        self.numbers = numbers

    def random_sample(self, shape):
        assert shape == self.numbers.shape
        return self.numbers


@given(
    weights=st.lists(st.integers(0, 5), min_size=2, max_size=6).filter(any),
    n=st.integers(1, 12),
    power=st.sampled_from([-0.5, 0, 1, 2 / 3]),
    seed=st.integers(0, 999),
)
def test_divergences_equal_loops(weights, n, power, seed):
    topic = np.array(weights) / sum(weights)
    numbers = np.random.default_rng(seed).random((3, n))
    values = _divergences(topic, n, 3, power, Draws(numbers))
    for value, row in zip(values, numbers):
        counts = [0] * len(weights)
        for number in row:
            # the token in whose share of [0, 1] the number falls
            below, token = 0.0, 0
            while below + topic[token] <= number:
                below, token = below + topic[token], token + 1
            counts[token] += 1
        assert value == pytest.approx(oracle.cressie_read(counts, topic, power), abs=1e-9)


def test_radii():
    rng = np.random.default_rng(0)
    phi = np.vstack([np.eye(50)[0], np.full(50, 0.02), rng.dirichlet(np.full(50, 0.1)), np.zeros(50)])
    theta, X = np.full((4, 4), 0.25), sparse.csr_matrix(rng.integers(0, 9, (4, 50)))
    radii = semantic_radius(phi, theta, X, average=False, random_state=0)
    assert radii[0] == radii[3] == 0.0
    assert 0 < radii[2] < radii[1]
    assert semantic_radius(phi, theta, X, random_state=0) == pytest.approx(radii[:3].mean())
    assert semantic_radius(phi, theta, X.toarray(), random_state=0) == pytest.approx(radii[:3].mean())
    wider = semantic_radius(phi, theta, X, quantile=0.99, average=False, random_state=0)
    assert (wider >= radii).all()


def test_chi_squared():
    # Pearson's statistic of 9 degrees of freedom: its 0.9 quantile is 14.68
    radius = semantic_radius(
        np.full((1, 10), 0.1), np.ones((1, 1)), [[5000] + [0] * 9], power=1, n_samples=2000, random_state=0
    )
    assert radius == pytest.approx(14.68, abs=1.0)


def test_nothing():
    assert semantic_radius(np.zeros((2, 3)), np.full((1, 2), 0.5), [[1, 1, 1]]) == 0.0
    assert semantic_radius(np.eye(3), np.full((2, 3), 1 / 3), np.zeros((2, 3))) == 0.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"quantile": 1}, "'quantile' .* Got 1"),
        ({"n_samples": 0}, "'n_samples' .* Got 0"),
        ({"power": -1}, "'power' .* must be a number > -1. Got -1"),
        ({"power": np.inf}, "Got inf"),
        ({"doc_topic": np.eye(3)}, r"doc_topic must have shape \(2, 2\).* Got \(3, 3\)"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        semantic_radius(**{"components": np.eye(2), "doc_topic": np.eye(2), "X": np.eye(2)} | parameters)

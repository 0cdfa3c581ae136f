"""The bound, its gradients and the encoder, against loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skartm.neural.embedded import _documents
from skartm.neural.embedded._documents import Documents
from skartm.neural.embedded._encoder import encode
from skartm.neural.embedded._start import cluster_directions, encoder_start, unit_rows
from skartm.neural.embedded._training import Options, Training
from tests.oracle import embedded_topic_model as oracle

torch = pytest.importorskip("torch", reason="needs torch: pip install torch", exc_type=ImportError)
BAGS = pytest.mark.parametrize("bags", [("cpu", "cuda"), ()])


def problem(seed, n_docs=5, n_tokens=7, n_topics=3, sizes=(4, 6), batch_norm=True):
    rng = np.random.RandomState(seed)
    X = rng.poisson(1.0, (n_docs, n_tokens)).astype(np.float64)
    X[:, 0] += 1  # every document has tokens
    X[:, 2] = 0
    arrays = encoder_start(n_tokens, sizes, n_topics, batch_norm=batch_norm, dtype=np.float64, random=rng)
    arrays = {name: array + 0.3 * rng.standard_normal(array.shape) for name, array in arrays.items()}
    if batch_norm:
        arrays["batch_variance"] = arrays["batch_variance"] ** 2
    arrays |= {"embeddings": rng.standard_normal((n_tokens, 4)), "topic_embeddings": rng.standard_normal((n_topics, 4))}
    return X, arrays, rng


def training(arrays, activation="relu", dropout=0.0, free=True):
    options = Options(activation, dropout, 0.01, 500, torch.device("cpu"), np.float64)
    return Training(torch, arrays, np.full(arrays["embeddings"].shape[0], free), options)


def documents(X):
    return Documents(torch, csr_array(X), torch.float64, torch.device("cpu"))


@pytest.mark.parametrize("activation", ["relu", "softplus", "tanh"])
@pytest.mark.parametrize(("sizes", "dropout"), [((4,), 0.0), ((4, 6), 0.3), ((3, 2, 5), 0.0)])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("n_docs", [1, 5])
def test_bound_equals_loops(activation, sizes, dropout, batch_norm, n_docs, global_random_seed):
    X, arrays, rng = problem(global_random_seed, n_docs, sizes=sizes, batch_norm=batch_norm)
    if batch_norm and n_docs == 1:  # the running ones are taken, which are none at the start
        arrays |= {"batch_mean": np.zeros(3), "batch_variance": np.full(3, 1 - 1e-5)}
    noise = rng.standard_normal((n_docs, 3))
    keep = rng.random_sample((n_docs, sizes[-1])) >= dropout if dropout else None
    parts = training(arrays, activation, dropout).bound(documents(X), noise, keep)
    expected = oracle.bound(arrays, X, noise, activation, keep, dropout)
    assert_allclose([float(part.detach()) for part in parts], expected, rtol=1e-10)


@BAGS
def test_gradients_are_those_of_differences(bags, monkeypatch, global_random_seed):
    monkeypatch.setattr(_documents, "_BAGS", bags)
    X, _, rng = problem(global_random_seed)
    batch = documents(X)
    theta, beta = torch.tensor(rng.dirichlet(np.ones(3), 5)), torch.tensor(rng.dirichlet(np.ones(7), 3).T.copy())
    weight = torch.tensor(rng.standard_normal((7, 4)))
    for tensor in (theta, beta, weight):
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(batch.log_likelihood, (theta, beta))
    assert torch.autograd.gradcheck(batch.mean_rows, (weight,))


@BAGS
def test_products_are_those_of_the_dense_matrix(bags, monkeypatch, global_random_seed):
    monkeypatch.setattr(_documents, "_BAGS", bags)
    X, _, rng = problem(global_random_seed)
    batch = documents(X)
    right, left = rng.standard_normal((7, 4)), rng.standard_normal((5, 4))
    assert_allclose(batch.times(batch.x, torch.tensor(right)).numpy(), X @ right)
    assert_allclose(batch.transposed_times(batch.x, torch.tensor(left)).numpy(), X.T @ left)
    assert_allclose(batch.mean_rows(torch.tensor(right)).numpy(), X / X.sum(axis=1, keepdims=True) @ right)


def test_chunks_do_not_matter(monkeypatch, global_random_seed):
    X, arrays, rng = problem(global_random_seed)
    noise = rng.standard_normal((5, 3))
    whole = float(training(arrays).bound(documents(X), noise, None)[0].detach())
    monkeypatch.setattr(_documents, "_CHUNK", 3)
    assert_allclose(float(training(arrays).bound(documents(X), noise, None)[0].detach()), whole, rtol=1e-13)


@pytest.mark.parametrize("activation", ["relu", "softplus", "tanh"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_encoder_without_torch_equals_loops(activation, batch_norm, global_random_seed):
    X, arrays, _ = problem(global_random_seed, sizes=(4, 3), batch_norm=batch_norm)
    X[3] = 0
    theta = encode(arrays, csr_array(X), activation)
    assert_allclose(theta, oracle.encode(arrays, X, activation), rtol=1e-10)
    for d in range(5):
        assert_array_equal(encode(arrays, csr_array(X[[d]]), activation)[0], theta[d])


def test_a_step_goes_uphill_and_leaves_known_vectors_alone(global_random_seed):
    X, arrays, rng = problem(global_random_seed)
    for free in (False, True):
        model = training(arrays, free=free)
        first = sum(model.epoch(csr_array(X), np.random.RandomState(0), 1.0) * np.array([1, -1]))
        for _ in range(100):
            model.epoch(csr_array(X), rng, 1.0)
        last = sum(model.epoch(csr_array(X), np.random.RandomState(0), 1.0) * np.array([1, -1]))
        assert last > first
        after = model.arrays()
        assert np.array_equal(after["embeddings"], arrays["embeddings"]) is not free
        assert not np.array_equal(after["topic_embeddings"], arrays["topic_embeddings"])


def test_directions_are_those_of_the_clusters(global_random_seed):
    rng = np.random.RandomState(global_random_seed)
    centres = np.linalg.qr(rng.standard_normal((6, 4)))[0].T
    vectors = unit_rows(np.repeat(centres, 20, axis=0) + 0.02 * rng.standard_normal((80, 6)))
    found = cluster_directions(vectors, 4, rng)
    assert_allclose(np.sort(np.abs(found @ centres.T).max(axis=0)), 1, atol=0.01)
    for few in (vectors[:0], vectors[:1], np.repeat(vectors[:1], 3, axis=0)):
        assert_allclose(np.linalg.norm(cluster_directions(few, 4, rng), axis=1), 1)

"""What training starts from: W2 from vectors of terms, W1 from the terms of documents."""

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.special import expit

from skartm.neural.ranking._optimizers import Adam
from skartm.neural.ranking._ranking import Weights, sigmoid_topics

_LEARNING_RATE = 0.01
_SMALL = 0.01


def random_weights(X: Any, vectors: NDArray, n_topics: int, n_steps: int, random_state: RandomState) -> Weights:
    """Normal draws: W2 of the size that keeps that of the vectors, W1 nearly uniform; ``n_steps`` is not used."""
    shape = (vectors.shape[1], n_topics)
    term = random_state.standard_normal(shape) / np.sqrt(shape[0])
    document = _SMALL * random_state.standard_normal((X.shape[0], n_topics))
    return Weights(term.astype(vectors.dtype), document.astype(vectors.dtype))


def autoencoder_weights(X: Any, vectors: NDArray, n_topics: int, n_steps: int, random_state: RandomState) -> Weights:
    """W2 that encodes vectors so that they can be decoded; W1 the sum of lt over the terms of a document.

    Minimises the mean of (le - sigmoid(le W2) V)^2 over W2 and V by ``n_steps`` steps of Adam on all terms.
    """
    encoder = random_weights(X, vectors, n_topics, n_steps, random_state).term
    decoder = (random_state.standard_normal(encoder.T.shape) / np.sqrt(n_topics)).astype(vectors.dtype)
    rules = [Adam(matrix, _LEARNING_RATE) for matrix in (encoder, decoder)]
    for _ in range(n_steps):
        lt = expit(vectors @ encoder)
        off = (lt @ decoder - vectors) * (2 / vectors.size)
        of_decoder, of_encoder = lt.T @ off, vectors.T @ ((off @ decoder.T) * lt * (1 - lt))
        for rule, matrix, slope in zip(rules, (encoder, decoder), (of_encoder, of_decoder), strict=True):
            rule.step(matrix, slope)
    document = (X > 0).astype(vectors.dtype) @ sigmoid_topics(vectors, encoder)
    return Weights(encoder, np.ascontiguousarray(document, dtype=vectors.dtype))


STARTS = {"random": random_weights, "autoencoder": autoencoder_weights}

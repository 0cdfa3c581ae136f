"""The encoder of a fitted model, without torch."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

EPSILON = 1e-5  # added to variances
ACTIVATIONS: dict[str, Callable[[NDArray], NDArray]] = {
    "relu": lambda h: np.maximum(h, 0),
    "softplus": lambda h: np.logaddexp(0, h),
    "tanh": np.tanh,
}
_ROWS = 2048


def n_hidden(encoder: Mapping[str, Any]) -> int:
    """Number of hidden layers."""
    return sum(name.startswith("weight_") for name in encoder)


def encode(encoder: Mapping[str, NDArray], X: Any, activation: str) -> NDArray:
    """theta = softmax(mu) of documents; those without tokens get the uniform distribution. Raises if mu overflows.

    All products are those of sparse matrices, which scipy computes row by row: those of BLAS depend on how many rows
    there are, and a document must not depend on its neighbours.

    Parameters
    ----------
    encoder : dict of arrays
    X : CSR of shape (n_docs, n_tokens)
    activation : str

    Returns
    -------
    array of shape (n_docs, n_topics)
    """
    dtype, n_topics = encoder["mean_bias"].dtype, encoder["mean_bias"].size
    theta = np.full((X.shape[0], n_topics), 1 / n_topics, dtype=dtype)
    n_tokens = np.asarray(X.sum(axis=1, dtype=np.float64)).ravel()
    filled = np.flatnonzero(n_tokens > 0)
    for start in range(0, filled.size, _ROWS):
        rows = filled[start : start + _ROWS]
        x = sparse.csr_array(X[rows]).astype(np.float64)
        x.sum_duplicates()
        x.data /= np.repeat(n_tokens[rows], np.diff(x.indptr))
        means = _means(encoder, x.astype(dtype), activation)
        if not np.isfinite(means).all():
            msg = f"the encoder must give finite numbers. Got others for document {rows[_first_other(means)]}"
            raise ValueError(f"EmbeddedTopicModel: {msg}; fit again with a smaller learning_rate.")
        theta[rows] = softmax(means, axis=1)
    return theta


def _first_other(means: NDArray) -> int:
    """The first row with a number that is not finite."""
    return int(np.argmin(np.isfinite(means).all(axis=1)))


def _means(encoder: Mapping[str, NDArray], h: Any, activation: str) -> NDArray:
    function = ACTIVATIONS[activation]
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(n_hidden(encoder)):
            h = sparse.csr_array(function(h @ encoder[f"weight_{i}"] + encoder[f"bias_{i}"]))
        means = h @ encoder["mean_weight"] + encoder["mean_bias"]
        if "batch_mean" in encoder:
            means = (means - encoder["batch_mean"]) / np.sqrt(encoder["batch_variance"] + means.dtype.type(EPSILON))
    return means

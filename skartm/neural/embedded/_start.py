"""Where gradients begin: directions of topics among the vectors of tokens, and weights of the encoder."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.random import RandomState
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

_SWEEPS = 10


def unit_rows(matrix: NDArray) -> NDArray:
    """Rows divided by their lengths; rows of zeros stay."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 0, lengths, 1))


def cluster_directions(vectors: NDArray, n_clusters: int, random: RandomState) -> NDArray:
    """Centres of spherical k-means, from a k-means++ start; random directions where there are too few vectors.

    Topics that start in different parts of the space of words stay apart more easily.

    Parameters
    ----------
    vectors : array of shape (n, length), of unit length
    n_clusters : int

    Returns
    -------
    array of shape (n_clusters, length), of unit length
    """
    centres = unit_rows(random.standard_normal((n_clusters, vectors.shape[1])))
    distance = np.ones(vectors.shape[0])
    n_found = 0
    for centre in centres:  # views: overwritten
        if not distance.sum() > 1e-9:
            break
        centre[:] = vectors[random.choice(distance.size, p=distance / distance.sum())]
        distance = np.minimum(distance, np.clip(1 - vectors @ centre, 0, None))
        n_found += 1
    members = np.arange(vectors.shape[0])
    for _ in range(_SWEEPS if n_found else 0):
        nearest = np.argmax(vectors @ centres[:n_found].T, axis=1)
        sums = sparse.csr_array((np.ones(members.size), (nearest, members)), shape=(n_found, members.size)) @ vectors
        centres[:n_found] = unit_rows(sums)
    return centres


def encoder_start(
    n_tokens: int, sizes: Sequence[int], n_topics: int, *, batch_norm: bool, dtype: DTypeLike, random: RandomState
) -> dict[str, NDArray]:
    """Weights and biases of the layers, by name; documents are close to the prior at first.

    The first layer averages over tokens, so its weights are of variance 1; those of the others are uniform within one
    over the root of their number of inputs.
    """

    def uniform(n_inputs: int, n_outputs: int) -> NDArray:
        return random.uniform(-1, 1, (n_inputs, n_outputs)) / np.sqrt(n_inputs)

    arrays = {"weight_0": random.standard_normal((n_tokens, sizes[0])), "bias_0": np.zeros(sizes[0])}
    for i, (n_inputs, n_outputs) in enumerate(pairwise(sizes), start=1):
        arrays |= {f"weight_{i}": uniform(n_inputs, n_outputs), f"bias_{i}": np.zeros(n_outputs)}
    arrays |= {"mean_weight": uniform(sizes[-1], n_topics), "mean_bias": np.zeros(n_topics)}
    arrays |= {"variance_weight": np.zeros((sizes[-1], n_topics)), "variance_bias": np.zeros(n_topics)}
    if batch_norm:
        arrays |= {"batch_mean": np.zeros(n_topics), "batch_variance": np.ones(n_topics)}
    return {name: array.astype(dtype) for name, array in arrays.items()}

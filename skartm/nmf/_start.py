"""Starts of H."""

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from skartm.nmf._least_squares import scaled_rows

_SMALL = 1e-6


def random_start(X: Any, n_components: int, sample_weight: NDArray | None, random_state: RandomState) -> NDArray:
    """Absolute values of normal draws, of the size that W H of such W and H has the mean of X."""
    size = np.sqrt(_mean(X, sample_weight) / n_components)
    return size * np.abs(random_state.standard_normal((n_components, X.shape[1])))


def nndsvd_start(
    X: Any, n_components: int, sample_weight: NDArray | None, random_state: RandomState, *, filled: bool
) -> NDArray:
    """From the positive or the negative parts, whichever are larger, of pairs of singular vectors.

    Boutsidis and Gallopoulos 2008. With weights it is the start of the rows repeated as often. ``filled`` puts the mean
    of X in place of zeros.
    """
    weighted = X if sample_weight is None else scaled_rows(X, np.sqrt(sample_weight).astype(X.dtype))
    U, S, V = randomized_svd(weighted, n_components, transpose=False, random_state=random_state)
    H = np.zeros(V.shape)
    H[0] = np.sqrt(S[0]) * np.abs(V[0])
    for t in range(1, n_components):
        parts = [(np.linalg.norm(np.maximum(s * U[:, t], 0)), np.maximum(s * V[t], 0)) for s in (1, -1)]
        u, v = max(parts, key=lambda part: part[0] * np.linalg.norm(part[1]))
        length = np.linalg.norm(v)
        if u * length > 0:
            H[t] = np.sqrt(S[t] * u / length) * v
    H[H < _SMALL] = 0
    if filled:
        H[H == 0] = _mean(X, sample_weight)
    return H


def _mean(X: Any, sample_weight: NDArray | None) -> float:
    sums = np.asarray(X.sum(axis=1, dtype=np.float64)).ravel()
    weights = np.ones(X.shape[0]) if sample_weight is None else sample_weight
    return float(sums @ weights / (weights.sum() * X.shape[1]))

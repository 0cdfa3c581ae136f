"""Confirmation measures: how much the one token of a pair supports the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

# (n_i, n_j, n_ij, n_contexts, smoothing) -> value of each pair, w_i ranked below w_j. Without any context it gives its
# lowest value.
Confirmation = Callable[[Counts, Counts, Counts, int, float], NDArray[np.float64]]


def npmi(n_i: Counts, n_j: Counts, n_ij: Counts, n_contexts: int, smoothing: float) -> NDArray[np.float64]:
    """Normalised pointwise mutual information with its limits, -1 and 1."""
    # gensim adds 1e-12 to both p_ij instead of taking the limits, and so gets -1 where p_ij = 1
    values = np.where(n_ij == n_contexts, 1.0, -1.0)
    inner = (n_ij > 0) & (n_ij < n_contexts)
    log_d, log_i, log_j, log_ij = (np.log(n) for n in (n_contexts, n_i[inner], n_j[inner], n_ij[inner]))
    # ln(p_ij / (p_i p_j)) / -ln p_ij with p = n / D
    values[inner] = (log_ij + log_d - log_i - log_j) / (log_d - log_ij)
    # rounding may pass the bounds by an ulp
    return np.clip(values, -1.0, 1.0)


def log_conditional(n_i: Counts, n_j: Counts, n_ij: Counts, n_contexts: int, smoothing: float) -> NDArray[np.float64]:
    """Logarithm of the smoothed conditional probability of w_i given w_j."""
    # an unseen w_j is put at p_j = 1, the worst case; gensim gives the best value, 0, for it
    p_j = np.where(n_j > 0, n_j / n_contexts, 1.0)
    # ln((p_ij + eps) / p_j)
    return np.log((n_ij / n_contexts + smoothing) / p_j)


def log_ratio(n_i: Counts, n_j: Counts, n_ij: Counts, n_contexts: int, smoothing: float) -> NDArray[np.float64]:
    """Smoothed pointwise mutual information; ln(eps), its lowest value, with an unseen token (gensim: infinity)."""
    seen = (n_i > 0) & (n_j > 0)
    p_i, p_j, p_ij = (np.where(seen, n / n_contexts, fill) for n, fill in ((n_i, 1.0), (n_j, 1.0), (n_ij, 0.0)))
    # ln((p_ij + eps) / (p_i p_j))
    return np.log((p_ij + smoothing) / (p_i * p_j))


def normalised_log_ratio(
    n_i: Counts, n_j: Counts, n_ij: Counts, n_contexts: int, smoothing: float
) -> NDArray[np.float64]:
    """Smoothed, normalised pointwise mutual information; -1 with an unseen token (gensim: infinity)."""
    ratios = log_ratio(n_i, n_j, n_ij, n_contexts, smoothing)
    # both p_ij are smoothed, as in gensim: a pair that is in all contexts has -1
    log_joint = np.log(n_ij / n_contexts + smoothing)
    inner = (n_i > 0) & (n_j > 0) & (log_joint != 0)
    values = np.full(len(ratios), -1.0)
    # ln((p_ij + eps) / (p_i p_j)) / -ln(p_ij + eps)
    values[inner] = ratios[inner] / -log_joint[inner]
    return values

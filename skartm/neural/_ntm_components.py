"""Topics as distributions over terms, from the activations of terms and documents."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import Batches, Shared, expected_counts, padded

_BATCH = 2048
_KEPT = 0.01  # of the counts that are not in excess: no term that occurs gets probability zero
_FLOOR = 1e-6  # of activations, so that a term whose activations are all zero has topics


def activation_counts(X: Any, lt: NDArray, ld: NDArray, *, n_threads: int) -> NDArray:
    """n_wt = sum_d n_dw p(t|d,w), p(t|d,w) = lt_wt ld_dt / sum_s lt_ws ld_ds, of shape (n_topics, n_terms)."""
    phi = padded(np.maximum(lt, lt.dtype.type(_FLOOR)), lt.dtype)
    counts = expected_counts(Batches(X, _BATCH, lt.dtype), Shared(phi, lt.shape[1]), ld, n_threads=n_threads)
    return np.asarray(counts.T, dtype=np.float64)


def topics_of_counts(n_tw: NDArray, min_lift: float) -> NDArray:
    """Rows in proportion to max(n_wt - min_lift n_w n_t / n, 0), and a little of n_wt; rows sum to one.

    n_w n_t / n are the counts that the topic would have if its documents were random ones. A topic without any count is
    the distribution of all terms.
    """
    n_t, n_w = n_tw.sum(axis=1, keepdims=True), n_tw.sum(axis=0)
    total = n_w.sum()
    excess = np.maximum(n_tw - min_lift * n_t * n_w / total, 0) if min_lift > 0 else n_tw
    phi = excess + _KEPT * n_tw
    sums = phi.sum(axis=1, keepdims=True)
    return np.where(sums > 0, phi / np.where(sums > 0, sums, 1), n_w / total)

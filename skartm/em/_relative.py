"""Relative strength of a regularizer: how much of the data's mass its term moves."""

import numpy as np
from numpy.typing import NDArray


def relative_scale(n_wt: NDArray, r_wt: NDArray, topics: NDArray, relative: float | None) -> NDArray:
    """Factors that make tau the fraction of the mass of the counters that a term moves.

    For the regularised topics S, with n_t = sum_w (n_wt)_+ and r_t = sum_w abs(r_wt)::

        lambda_t = relative * n_t / r_t + (1 - relative) * sum_S n_s / sum_S r_s        (0 / 0 is 0)

    so that sum_{w, t in S} abs(tau * lambda_t * r_wt) = abs(tau) * sum_S n_t for any ``relative``; 0 spreads the mass
    by the regularizer's own response, 1 gives every topic its share of it (BigARTM's gamma).

    Parameters
    ----------
    n_wt, r_wt : arrays of shape (n_tokens, n_topics)
        New counters, and the term at tau = 1.
    topics : array of int
        Regularised topics.
    relative : float in [0, 1] or None
        None is absolute: ones.

    Returns
    -------
    array of shape (n_topics,), float64
    """
    if relative is None:
        return np.ones(n_wt.shape[1])
    n_t = np.maximum(n_wt, 0).sum(axis=0, dtype=np.float64)
    r_t = np.abs(r_wt).sum(axis=0, dtype=np.float64)
    return scale_of_masses(n_t, r_t, topics, relative)


def scale_of_masses(n_t: NDArray, r_t: NDArray, topics: NDArray, relative: float) -> NDArray:
    """The same of n_t and r_t, both float64 of shape (n_topics,)."""
    n, r = n_t[topics], r_t[topics]
    scale = np.zeros(n_t.size)
    own = np.divide(n, r, out=np.zeros_like(n), where=r > 0)
    shared = n.sum() / r.sum() if r.sum() > 0 else 0.0
    scale[topics] = relative * own + (1 - relative) * shared
    return scale

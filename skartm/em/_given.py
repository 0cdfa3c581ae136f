"""Counts of documents whose theta is known."""

from numpy.typing import NDArray

from skartm.em._batches import Batches
from skartm.em._expectation import Shared
from skartm.em._mixture import at_theta
from skartm.em._padded import like_padded, padded


def expected_counts(batches: Batches, shared: Shared, theta_dt: NDArray, *, n_threads: int) -> NDArray:
    """n_wt = sum_d n_dw p(t|d,w), weighted by the documents; of shape (n_tokens, n_topics), unregularised.

    Parameters
    ----------
    batches : Batches
    shared : Shared
        phi, and the terms of p(t|d,w).
    theta_dt : array of shape (n_docs, n_topics)
    n_threads : int
    """
    n_wt = like_padded(shared.phi_wt)
    for batch in batches:
        theta = padded(theta_dt[batch.start : batch.start + batch.n_docs], n_wt.dtype)
        found = at_theta(shared, batch, theta, n_threads=n_threads)
        found.counts.add_to(n_wt, shared.phi_wt, n_threads)
    return n_wt[:, : shared.n_topics]

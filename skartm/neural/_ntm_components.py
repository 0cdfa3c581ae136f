"""Topics as distributions over terms, from the activations of terms and documents."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import EM, Batches, Counters, FreeMixture, MapPosterior, Pass, State, padded, padded_zeros

_BATCH = 2048
_KEPT = 0.01  # of the counts that are not in excess: no term that occurs gets probability zero
_FLOOR = 1e-6  # of activations, so that a term whose activations are all zero has topics


class _GivenTheta:
    """Documents whose topics are given."""

    terms: tuple[Any, ...] = ()
    theta_terms: tuple[Any, ...] = ()

    def __init__(self, theta: NDArray, n_threads: int) -> None:
        self.theta = padded(theta, theta.dtype)
        self.free = FreeMixture(theta.shape[1], n_passes=0, tol=0.0, dtype=theta.dtype, n_threads=n_threads)

    def expect(self, batch: Any, phi_wt: NDArray) -> Any:
        return self.free.expect_from(batch, phi_wt, self.theta[batch.start : batch.start + batch.n_docs])


def expected_counts(X: Any, lt: NDArray, ld: NDArray, *, n_threads: int) -> NDArray:
    """n_wt = sum_d n_dw p(t|d,w), p(t|d,w) = lt_wt ld_dt / sum_s lt_ws ld_ds, of shape (n_topics, n_terms)."""
    n_topics = lt.shape[1]
    batches = Batches(X, _BATCH, lt.dtype)
    state = State(
        padded(np.maximum(lt, lt.dtype.type(_FLOOR)), lt.dtype),
        Counters(padded_zeros(X.shape[1], n_topics, lt.dtype), clipped=False, n_threads=n_threads),
    )
    engine = EM(_GivenTheta(ld, n_threads), MapPosterior(n_topics, n_threads=n_threads), n_topics, n_threads=n_threads)
    state.counters.clear()
    result = Pass()
    for batch in batches:
        engine.e_step(batch, state, result, keep=True)
    return np.asarray(state.counters.fold()[:, :n_topics].T, dtype=np.float64)


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

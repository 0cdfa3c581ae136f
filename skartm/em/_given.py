"""Given mixtures: theta is known, and what follows from it is asked for."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm.em._batches import Batch, Batches
from skartm.em._counters import Counters
from skartm.em._loop import EM, Pass, State
from skartm.em._mixture import FreeMixture
from skartm.em._padded import padded, padded_zeros
from skartm.em._posterior import MapPosterior
from skartm.em._protocols import Bound, Expectation
from skartm.em._terms import PosteriorTerm, ThetaTerm


class GivenMixture:
    """The theta of every document is given: p(t|d,w) = norm_t(phi_wt theta_td) without any inner pass.

    Parameters
    ----------
    theta_dt : array of shape (n_docs, n_topics)
        Rows are those of the matrix that batches are cut from.
    posterior_terms : sequence of Bound[PosteriorTerm]
        Regularizers of p(t|d,w), at their present strengths.
    """

    terms: Sequence[Bound[ThetaTerm]] = ()
    theta_terms: Sequence[Bound[ThetaTerm]] = ()

    def __init__(
        self,
        theta_dt: NDArray,
        *,
        dtype: DTypeLike,
        n_threads: int,
        posterior_terms: Sequence[Bound[PosteriorTerm]] = (),
    ) -> None:
        self.theta_dt, self.dtype = theta_dt, np.dtype(dtype)
        n_topics = theta_dt.shape[1]
        self._free = FreeMixture(
            n_topics, n_passes=0, tol=0.0, dtype=dtype, n_threads=n_threads, posterior_terms=posterior_terms
        )

    def expect(self, batch: Batch, phi_wt: NDArray) -> Expectation:
        theta = padded(self.theta_dt[batch.start : batch.start + batch.n_docs], self.dtype)
        return self._free.expect_from(batch, phi_wt, theta)


def expected_counts(batches: Batches, mixture: GivenMixture, phi_wt: NDArray, *, n_threads: int) -> NDArray:
    """n_wt = sum_d n_dw p(t|d,w), weighted by the documents; of shape (n_tokens, n_topics), unregularised.

    Parameters
    ----------
    batches : Batches
    mixture : GivenMixture
    phi_wt : array of shape (n_tokens, width)
        Padded.
    """
    n_topics = mixture.theta_dt.shape[1]
    engine = EM(mixture, MapPosterior(n_topics, n_threads=n_threads), n_topics, n_threads=n_threads)
    counters = Counters(padded_zeros(phi_wt.shape[0], n_topics, phi_wt.dtype), clipped=False, n_threads=n_threads)
    state, result = State(phi_wt, counters), Pass()
    for batch in batches:
        engine.e_step(batch, state, result, keep=batches.keep)
    return counters.stored[:, :n_topics]

"""Linear mixtures: theta is not free but a function of phi."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm._kernels import half_step
from skartm.em._batches import Batch, TokenIndex
from skartm.em._mixture import FreeMixture
from skartm.em._padded import padded_zeros
from skartm.em._protocols import Bound, Expectation
from skartm.em._terms import ThetaTerm
from skartm.em._threads import worthwhile


class LinearMixture:
    """theta_td = sum_w (n_dw / n_d) p(t|w), p(t|w) = norm_t(phi_wt n_t): one pass over a document, no iterations.

    A token without p(t|w), which no topic has, does not count: n_d are the others. A document of such tokens alone
    gets the uniform theta.

    Parameters
    ----------
    n_topics : int
    topic_mass : callable () -> array of shape (n_topics,), or None
        The present n_t, on any scale; all zeros, and None, stand for uniform.
    exact : bool
        Whether the counts are phi times the gradient of the log-likelihood through theta(phi), n_t held fixed:
        n_dw p'_tdw, p' = p + p(t|w) / n_d (n_td / theta_td - sum_s p(s|w) n_sd / theta_sd). They may be negative.
        Otherwise n_dw p_tdw.
    """

    terms: Sequence[Bound[ThetaTerm]] = ()
    theta_terms: Sequence[Bound[ThetaTerm]] = ()

    def __init__(
        self,
        n_topics: int,
        *,
        topic_mass: Callable[[], NDArray] | None,
        exact: bool,
        dtype: DTypeLike,
        n_threads: int,
    ) -> None:
        self.n_topics, self.topic_mass, self.exact, self.n_threads = n_topics, topic_mass, exact, n_threads
        self._given = FreeMixture(n_topics, n_passes=0, tol=0.0, dtype=dtype, n_threads=n_threads)

    def topics_of(self, phi_wt: NDArray) -> NDArray:
        """p(t|w) of the tokens of some padded rows of phi, padded; zeros for a token that no topic has."""
        p_wt = padded_zeros(phi_wt.shape[0], self.n_topics, phi_wt.dtype)
        mass = np.zeros(self.n_topics) if self.topic_mass is None else self.topic_mass()
        largest = mass.max(initial=0)
        share = mass / largest if largest > 0 else np.ones(self.n_topics)
        np.multiply(phi_wt[:, : self.n_topics], share.astype(phi_wt.dtype), out=p_wt[:, : self.n_topics])
        sums = p_wt.sum(axis=1, keepdims=True)
        np.divide(p_wt, sums, out=p_wt, where=sums > 0)
        return p_wt

    def theta(self, batch: Batch, p_wt: NDArray) -> NDArray:
        """Padded theta, from p(t|w) of all columns."""
        return self._mix(batch, _Rows(batch), p_wt)[0]

    def expect(self, batch: Batch, phi_wt: NDArray) -> Expectation:
        index = batch.token_index(keep=True)
        place = np.empty(batch.n_tokens, dtype=np.int32)
        place[index.tokens] = np.arange(index.tokens.size, dtype=np.int32)
        rows = _Rows(batch, place)
        phi = padded_zeros(index.tokens.size, self.n_topics, phi_wt.dtype)
        np.take(phi_wt, index.tokens, axis=0, out=phi, mode="clip")
        p_wt = self.topics_of(phi)
        theta, mass = self._mix(batch, rows, p_wt)
        result = self._given.expect_from(batch, phi_wt, theta)
        return replace(result, n_wt=self._counts(batch, rows, index, phi, p_wt, result, mass)) if self.exact else result

    def _mix(self, batch: Batch, rows: "_Rows", p_wt: NDArray) -> tuple[NDArray, NDArray]:
        """theta, and n_d of the tokens that some topic has."""
        theta = self._gather(rows.filled, rows.starts, rows.columns, rows.order, rows.x, p_wt, batch.n_docs)
        mass = theta.sum(axis=1, keepdims=True)
        np.divide(theta, mass, out=theta, where=mass > 0)
        theta[mass[:, 0] <= 0, : self.n_topics] = 1 / self.n_topics
        return theta, mass

    def _counts(
        self,
        batch: Batch,
        rows: "_Rows",
        index: TokenIndex,
        phi: NDArray,
        p_wt: NDArray,
        result: Expectation,
        mass: NDArray,
    ) -> NDArray:
        """Weighted sums of n_dw p'_tdw for the tokens of the index."""
        ratio, tokens = result.ratio, np.arange(index.tokens.size, dtype=np.int32)
        # n_td / theta_td, which is sum_w n_dw phi_wt / z_dw, also where theta_td = 0
        slope = self._gather(rows.filled, rows.starts, rows.columns, rows.order, ratio, phi, batch.n_docs)
        np.divide(slope, mass, out=slope, where=mass > 0)
        if batch.sample_weight is not None:
            weight = batch.sample_weight.astype(slope.dtype)
            slope *= weight[:, None]
            ratio *= np.repeat(weight, batch.row_lengths)
        places = (tokens, index.starts, index.docs, index.order)
        n_wt = self._gather(*places, ratio, result.theta_dt, tokens.size, phi)
        change = self._gather(*places, rows.x, slope, tokens.size, p_wt)
        n_wt += change
        n_wt -= p_wt * change.sum(axis=1, keepdims=True)
        return n_wt

    def _gather(
        self,
        chosen: NDArray,
        starts: NDArray,
        places: NDArray,
        order: NDArray,
        values: NDArray,
        table: NDArray,
        n_rows: int,
        factor: NDArray | None = None,
    ) -> NDArray:
        """factor * (S @ table) of a sparse matrix S of ``n_rows`` rows, by the kernel of the token side."""
        out = padded_zeros(n_rows, self.n_topics, table.dtype)
        if chosen.size == 0:
            return out
        if factor is None:
            factor = padded_zeros(n_rows, self.n_topics, table.dtype)
            factor[...] = 1
        n_threads = worthwhile(self.n_threads, float(values.size) * self.n_topics)
        scratch = padded_zeros(n_threads, self.n_topics, table.dtype)
        half_step.accumulate(chosen, starts, places, order, values, table, factor, out, scratch, n_threads)
        return out


class _Rows:
    """A batch as the kernel of the token side takes it: documents with entries, and the rows of a table they mix."""

    def __init__(self, batch: Batch, place: NDArray | None = None) -> None:
        entries, lengths = slice(int(batch.indptr[0]), int(batch.indptr[-1])), batch.row_lengths
        columns = batch.indices[entries]
        self.columns = columns.astype(np.int32, copy=False) if place is None else place[columns]
        self.x = batch.x[entries]
        self.order = np.arange(batch.nnz, dtype=np.int32)
        self.filled = np.flatnonzero(lengths > 0).astype(np.int32)
        self.starts = np.concatenate([[0], np.cumsum(lengths[self.filled], dtype=np.int64)])

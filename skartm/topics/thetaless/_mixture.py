"""Linear mixtures: theta is not free but a function of phi."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._batches import Batch, TokenIndex
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._mixture import at_theta
from skartm.em._padded import padded_zeros


@dataclass(frozen=True)
class LinearMixture:
    """theta_td = sum_w (n_dw / n_d) p(t|w), p(t|w) = norm_t(phi_wt n_t): one pass over a document, no iterations.

    A token without p(t|w), which no topic has, does not count: n_d are the others. A document of such tokens alone
    gets the uniform theta.

    Parameters
    ----------
    n_topics : int
    exact : bool
        Whether the counts are phi times the gradient of the log-likelihood through theta(phi), n_t held fixed:
        n_dw p'_tdw, p' = p + p(t|w) / n_d (n_td / theta_td - sum_s p(s|w) n_sd / theta_sd). They may be negative.
        Otherwise n_dw p_tdw.
    by_mass : bool
        Whether n_t is ``topic_mass`` of what is shared; otherwise it is uniform.
    """

    n_topics: int
    exact: bool
    by_mass: bool = True
    n_threads: int = 1

    def topics_of(self, phi_wt: NDArray, topic_mass: NDArray | None, out: NDArray) -> NDArray:
        """p(t|w) of the tokens of some padded rows of phi; zeros for a token that no topic has.

        Parameters
        ----------
        phi_wt : array of shape (n_tokens, width)
        topic_mass : array of shape (n_topics,) or None
        out : array of the same shape as ``phi_wt``
            May be ``phi_wt`` itself.
        """
        mass = topic_mass if self.by_mass and topic_mass is not None else np.zeros(self.n_topics)
        largest = mass.max(initial=0)
        share = np.zeros(out.shape[1], dtype=out.dtype)
        share[: self.n_topics] = mass / largest if largest > 0 else 1
        interruptible.normalise_rows(phi_wt, share, out, worthwhile(self.n_threads, 2.0 * out.size))
        return out

    def theta(self, batch: Batch, p_wt: NDArray) -> NDArray:
        """Theta, from p(t|w) of all columns, not padded."""
        theta = np.empty((batch.n_docs, self.n_topics), dtype=p_wt.dtype)
        self._mix(_Rows(batch), p_wt, theta)
        return theta

    def expect(self, shared: Shared, batch: Batch) -> Expectation:
        """Theta of the documents of a batch, and what follows from it."""
        index, phi_wt = batch.token_index(), shared.phi_wt
        place = np.empty(batch.n_tokens, dtype=np.int32)
        place[index.tokens] = np.arange(index.tokens.size, dtype=np.int32)
        rows = _Rows(batch, place)
        phi = padded_zeros(index.tokens.size, self.n_topics, phi_wt.dtype)
        np.take(phi_wt, index.tokens, axis=0, out=phi, mode="clip")
        p_wt = self.topics_of(phi, shared.topic_mass, padded_zeros(phi.shape[0], self.n_topics, phi.dtype))
        theta = padded_zeros(batch.n_docs, self.n_topics, phi_wt.dtype)
        mass = self._mix(rows, p_wt, theta)
        if not self.exact:
            return at_theta(shared, batch, theta, n_threads=self.n_threads)
        found = at_theta(Shared(phi_wt, self.n_topics), batch.unweighted(), theta, n_threads=self.n_threads)
        n_wt = self._exact_counts(batch, rows, index, phi, p_wt, found, mass)
        return Expectation(theta, found.totals, Counts.of_tokens(index.tokens, n_wt, of_phi=False, scale=shared.scale))

    def _mix(self, rows: "_Rows", p_wt: NDArray, theta: NDArray) -> NDArray:
        """Write theta; returns n_d of the tokens that some topic has."""
        mass = np.empty(theta.shape[0], dtype=theta.dtype)
        n_threads = worthwhile(self.n_threads, float(rows.x.size) * self.n_topics)
        scratch = padded_zeros(n_threads, self.n_topics, p_wt.dtype)
        interruptible.row_means(
            rows.indptr, rows.columns, rows.x, rows.places, p_wt, self.n_topics, theta, mass, scratch, n_threads
        )
        return mass[:, None]

    def _exact_counts(
        self,
        batch: Batch,
        rows: "_Rows",
        index: TokenIndex,
        phi: NDArray,
        p_wt: NDArray,
        found: Expectation,
        mass: NDArray,
    ) -> NDArray:
        """Weighted sums of n_dw p'_tdw for the tokens of the index."""
        ratio = found.counts.values
        # n_td / theta_td, which is sum_w n_dw phi_wt / z_dw, also where theta_td = 0
        slope = self._gather(rows.indptr, rows.columns, np.arange(batch.nnz, dtype=np.int32), ratio, phi)
        np.divide(slope, mass, out=slope, where=mass > 0)
        if batch.sample_weight is not None:
            weight = batch.sample_weight.astype(slope.dtype)
            slope *= weight[:, None]
            ratio *= np.repeat(weight, batch.row_lengths)
        places = (index.starts, index.docs, index.order)
        n_wt = self._gather(*places, ratio, found.theta_dt, phi)
        change = self._gather(*places, rows.x, slope, p_wt)
        n_wt += change
        n_wt -= p_wt * change.sum(axis=1, keepdims=True)
        return n_wt

    def _gather(
        self,
        starts: NDArray,
        places: NDArray,
        order: NDArray,
        values: NDArray,
        table: NDArray,
        factor: NDArray | None = None,
    ) -> NDArray:
        """factor * (S @ table) of a sparse matrix S, by the kernels of the token side."""
        rows = np.arange(starts.size - 1, dtype=np.int32)
        out = padded_zeros(rows.size, self.n_topics, table.dtype)
        n_threads = worthwhile(self.n_threads, float(values.size) * self.n_topics)
        scratch = padded_zeros(n_threads, self.n_topics, table.dtype)
        if factor is None:
            interruptible.add_rows(rows, starts, places, order, values, table, out, scratch, n_threads)
        else:
            interruptible.accumulate(rows, starts, places, order, values, table, factor, out, scratch, n_threads)
        return out


class _Rows:
    """A batch as the kernels of the linear mixture take it: which rows of a table every document mixes."""

    def __init__(self, batch: Batch, place: NDArray | None = None) -> None:
        entries = slice(int(batch.indptr[0]), int(batch.indptr[-1]))
        columns = batch.indices[entries]
        self.indptr = batch.indptr.astype(np.int64) - entries.start
        self.columns = columns.astype(np.int32, copy=False) if place is None else place[columns]
        self.x = batch.x[entries]
        self.places = np.arange(batch.row_lengths.max(initial=0), dtype=np.int32)

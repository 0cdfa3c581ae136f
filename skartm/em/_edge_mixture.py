"""Mixtures of edges: the topic of an edge is drawn once, for all of its vertices."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.em._edges import EdgeBatch
from skartm.em._inner import Posteriors
from skartm.em._mixture import FreeMixture
from skartm.em._padded import padded_zeros
from skartm.em._protocols import Bound, Expectation
from skartm.em._terms import ThetaTerm
from skartm.em._threads import worthwhile


class EdgeMixture:
    """p(x | d) = sum_t theta_td S_xt, S_xt = prod_v phi_vt ** m_xv: theta of a container from its edges.

    S does not depend on theta. So for the inner passes a container is a document whose tokens are its edges, and
    ``theta`` is any mixture that can take them. Counts of a vertex are sums over its edges: sum_x m_xv n_dx p_tdx.

    Parameters
    ----------
    theta : FreeMixture
    """

    def __init__(self, theta: FreeMixture) -> None:
        self.theta, self.n_topics, self.n_threads = theta, theta.n_topics, theta.n_threads
        self._rows = np.empty((0, 0))

    @property
    def terms(self) -> Sequence[Bound[Any]]:
        return self.theta.terms

    @property
    def theta_terms(self) -> Sequence[Bound[ThetaTerm]]:
        return self.theta.theta_terms

    def products(self, batch: EdgeBatch, phi_wt: NDArray) -> tuple[NDArray, NDArray]:
        """S of the edges, padded and scaled, and the logarithm of the scale; overwritten by the next call."""
        n_edges = batch.edges.size - 1
        if not self._rows.size or self._rows.shape[0] < n_edges:
            self._rows = padded_zeros(int(1.25 * n_edges) + 1, self.n_topics, phi_wt.dtype)
        rows, log_scale = self._rows[:n_edges], np.zeros(n_edges)
        n_threads = worthwhile(self.n_threads, 8.0 * batch.nnz * self.n_topics)
        scratch = padded_zeros(n_threads, self.n_topics, phi_wt.dtype)
        interruptible.edge_products(
            batch.edges, batch.indices, batch.powers, phi_wt, self.n_topics, rows, log_scale, scratch, n_threads
        )
        return rows, log_scale

    def expect(self, batch: Any, phi_wt: NDArray) -> Expectation:
        """As of any mixture; ``batch`` is an :class:`EdgeBatch`."""
        rows, log_scale = self.products(batch, phi_wt)
        result = self.theta.expect(batch.by_edge, rows)
        counts, seen = self._edge_counts(batch, result, rows)
        weights = batch.by_edge.x
        scales, left_out = weights * np.where(seen, log_scale, 0), weights * batch.sizes * ~seen
        totals = np.stack([np.bincount(batch.edge_docs, part, batch.n_docs) for part in (scales, left_out)], axis=1)
        totals[:, 0] += result.totals[:, 0]
        return Expectation(result.theta_dt, result.ratio, totals, add_to=partial(self._add, batch, counts))

    def end_pass(self, n_docs: int) -> None:
        self.theta.end_pass(n_docs)

    def fold_in(self, batch: EdgeBatch, phi_wt: NDArray) -> NDArray:
        """theta of the containers alone, not padded."""
        rows, _ = self.products(batch, phi_wt)
        return self.theta.expect(batch.by_edge, rows).theta_dt[:, : self.n_topics]

    def posteriors(self, batch: EdgeBatch, phi_wt: NDArray, theta_dt: NDArray) -> tuple[NDArray, NDArray]:
        """p(t | d, x) of the edges at a given theta of the containers, and ln p(x | d); -inf is impossible."""
        rows, log_scale = self.products(batch, phi_wt)
        acting = [bound for bound in self.theta.posterior_terms if bound.tau != 0]
        p = rows[:, : self.n_topics] * theta_dt[batch.edge_docs]
        z = np.zeros(p.shape[0])
        for column in p.T:  # not p.sum, whose order of summation depends on the number of rows
            z += column
        np.divide(p, np.where(z > 0, z, 1)[:, None], out=p, casting="same_kind")
        for chunk in Posteriors.chunks(batch.by_edge, rows, self.n_topics, acting) if acting else ():
            p[chunk.tokens], _ = chunk.regularized(theta_dt[chunk.start : chunk.start + chunk.n_docs])
        with np.errstate(divide="ignore"):
            return p, np.log(z) + log_scale

    def _edge_counts(self, batch: EdgeBatch, result: Expectation, rows: NDArray) -> tuple[NDArray, NDArray]:
        """n_dx p_tdx, and which edges have any probability."""
        if result.n_wt is not None:  # p(t|d,x) was materialised
            return result.n_wt, (result.n_wt != 0).any(axis=1)
        n_threads = worthwhile(self.n_threads, float(rows.shape[0]) * self.n_topics)
        interruptible.edge_counts(batch.edge_docs, result.ratio, result.theta_dt, rows, n_threads)
        return rows, result.ratio > 0

    def _add(self, batch: EdgeBatch, counts: NDArray, stored: NDArray, scale: float) -> None:
        """Add ``scale`` times sum_x m_xv n_dx p_tdx to the counters of the vertices."""
        index, edge_of = batch.vertex_index()
        powers = batch.powers if scale == 1 else batch.powers * counts.dtype.type(scale)
        n_threads = worthwhile(self.n_threads, float(batch.nnz) * self.n_topics)
        interruptible.add_rows(
            index.tokens, index.starts, edge_of, index.order, powers, counts, stored,
            padded_zeros(n_threads, self.n_topics, counts.dtype), n_threads,
        )  # fmt: skip

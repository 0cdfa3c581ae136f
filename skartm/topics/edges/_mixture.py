"""Mixtures of edges: the topic of an edge is drawn once, for all of its vertices."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._inner import Posteriors, acting_posterior
from skartm.em._mixture import FreeMixture
from skartm.em._padded import padded_zeros
from skartm.topics.edges._graph import EdgeBatch


@dataclass(frozen=True)
class EdgeMixture:
    """p(x | d) = sum_t theta_td S_xt, S_xt = prod_v phi_vt ** m_xv: theta of a container from its edges.

    S does not depend on theta. So for the inner passes a container is a document whose tokens are its edges, and
    ``theta`` makes them. Counts of a vertex are sums over its edges: sum_x m_xv n_dx p_tdx.

    Parameters
    ----------
    theta : FreeMixture
    """

    theta: FreeMixture

    def with_passes(self, n_passes: int) -> "EdgeMixture":
        """The same with another number of inner passes."""
        return EdgeMixture(self.theta.with_passes(n_passes))

    def products(self, batch: EdgeBatch, phi_wt: NDArray) -> tuple[NDArray, NDArray]:
        """S of the edges, padded and scaled, and the logarithm of the scale."""
        n_edges, n_topics = batch.edges.size - 1, self.theta.n_topics
        rows, log_scale = padded_zeros(n_edges, n_topics, phi_wt.dtype), np.zeros(n_edges)
        n_threads = worthwhile(self.theta.n_threads, 8.0 * batch.nnz * n_topics)
        scratch = padded_zeros(n_threads, n_topics, phi_wt.dtype)
        interruptible.edge_products(
            batch.edges, batch.indices, batch.powers, phi_wt, n_topics, rows, log_scale, scratch, n_threads
        )
        return rows, log_scale

    def expect(self, shared: Shared, batch: Any) -> Expectation:
        """Theta of containers, and what follows for vertices; ``batch`` is an :class:`EdgeBatch`."""
        rows, log_scale = self.products(batch, shared.phi_wt)
        found = self.theta.expect(replace(shared, phi_wt=rows, scale=1.0), batch.by_edge)
        edge_counts, seen = self._edge_counts(batch, found, rows)
        weights = batch.by_edge.x
        scales, left_out = weights * np.where(seen, log_scale, 0), weights * batch.sizes * ~seen
        totals = np.stack([np.bincount(batch.edge_docs, part, batch.n_docs) for part in (scales, left_out)], axis=1)
        totals[:, 0] += found.totals[:, 0]
        powers = batch.powers if shared.scale == 1 else batch.powers * rows.dtype.type(shared.scale)
        return Expectation(found.theta_dt, totals, Counts(batch.vertex_index, powers, edge_counts, of_phi=False))

    def fold_in(self, shared: Shared, batch: EdgeBatch) -> NDArray:
        """theta of the containers alone, not padded."""
        rows, _ = self.products(batch, shared.phi_wt)
        return self.theta.expect(replace(shared, phi_wt=rows), batch.by_edge).theta_dt[:, : self.theta.n_topics]

    def posteriors(self, shared: Shared, batch: EdgeBatch, theta_dt: NDArray) -> tuple[NDArray, NDArray]:
        """p(t | d, x) of the edges at a given theta of the containers, and ln p(x | d); -inf is impossible."""
        rows, log_scale = self.products(batch, shared.phi_wt)
        p = rows[:, : self.theta.n_topics] * theta_dt[batch.edge_docs]
        z = np.zeros(p.shape[0])
        for column in p.T:  # not p.sum, whose order of summation depends on the number of rows
            z += column
        np.divide(p, np.where(z > 0, z, 1)[:, None], out=p, casting="same_kind")
        for chunk in Posteriors.chunks(batch.by_edge, replace(shared, phi_wt=rows)) if acting_posterior(shared) else ():
            p[chunk.tokens], _ = chunk.regularized(theta_dt[chunk.start : chunk.start + chunk.n_docs])
        with np.errstate(divide="ignore"):
            return p, np.log(z) + log_scale

    def _edge_counts(self, batch: EdgeBatch, found: Expectation, rows: NDArray) -> tuple[NDArray, NDArray]:
        """n_dx p_tdx, which may overwrite the products, and which edges have any probability."""
        counts = found.counts
        if not counts.of_phi:  # p(t|d,x) was materialised
            return counts.rows, (counts.rows != 0).any(axis=1)
        n_threads = worthwhile(self.theta.n_threads, float(rows.shape[0]) * self.theta.n_topics)
        interruptible.edge_counts(batch.edge_docs, counts.values, found.theta_dt, rows, n_threads)
        return rows, counts.values > 0

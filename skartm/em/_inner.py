"""Inner passes that are not one kernel: theta terms that vary, and terms of p(t|d,w)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skartm.em._batches import Batch
from skartm.em._padded import padded_zeros
from skartm.em._protocols import Bound, Expectation
from skartm.em._terms import Documents, PosteriorTerm, ThetaTerm
from skartm.simplex import FLOOR

_ENTRIES = 2**21  # numbers of a chunk of p(t|d,w): some stay in cache, and calls are few


class InnerTerms:
    """n_td + r_td of the documents of a batch."""

    def __init__(self, prior: NDArray, terms: Sequence[Bound[ThetaTerm]], batch: Batch) -> None:
        self.prior, self.terms = prior, terms
        self.mass, self.weight, self.start = batch.doc_mass, batch.sample_weight, batch.start

    def part(self, start: int, stop: int) -> "InnerTerms":
        """The same for some of the documents."""
        part = object.__new__(InnerTerms)
        part.prior, part.terms, part.mass = self.prior, self.terms, self.mass[start:stop]
        part.weight = None if self.weight is None else self.weight[start:stop]
        part.start = self.start + start
        return part

    def __call__(self, theta_dt: NDArray, n_dt: NDArray, inner_pass: int) -> NDArray:
        documents = Documents(self.start, self.mass, self.weight)
        total = n_dt + self.prior
        response = np.empty_like(total)
        for bound in self.terms:
            response[...] = 0
            bound.term.add_term(theta_dt, n_dt, documents, inner_pass, response)
            response *= bound.tau
            total += response
        return total


def update_theta(theta_dt: NDArray, total: NDArray, moving: NDArray, mass: NDArray, tol: float) -> None:
    """theta = norm((total)_+) of the documents that still move; one without anything left stays as it is."""
    np.maximum(total, 0, out=total)
    sums = total.sum(axis=1, dtype=np.float64)
    changing = moving & (mass > 0) & (sums > 0)
    new = total[changing] / sums[changing, None].astype(total.dtype)
    new[new < FLOOR] = 0
    change = np.abs(new - theta_dt[changing]).sum(axis=1)
    theta_dt[changing] = new
    moving[...] = changing
    moving[changing] = change >= tol


def expect_materialised(
    batch: Batch,
    phi_wt: NDArray,
    theta_dt: NDArray,
    terms: InnerTerms,
    posterior_terms: Sequence[Bound[PosteriorTerm]],
    *,
    n_passes: int,
    tol: float,
) -> Expectation:
    """Inner passes with p(t|d,w) as a matrix, in chunks of documents, and the counts that it gives."""
    n_topics = terms.prior.size
    index = batch.token_index(keep=True)
    place = np.empty(batch.n_tokens, dtype=np.intp)
    place[index.tokens] = np.arange(index.tokens.size)
    n_wt = padded_zeros(index.tokens.size, n_topics, theta_dt.dtype)
    totals = np.zeros((batch.n_docs, 2))
    for chunk in Posteriors.chunks(batch, phi_wt, n_topics, posterior_terms):
        theta = theta_dt[chunk.start : chunk.stop, :n_topics]
        part = terms.part(chunk.start, chunk.stop)
        moving = np.ones(theta.shape[0], dtype=bool)
        for inner_pass in range(n_passes):
            n_dt = chunk.by_document(chunk.regularized(theta)[0])
            update_theta(theta, part(theta, n_dt, inner_pass), moving, part.mass, tol)
            if not moving.any():
                break
        p, z = chunk.regularized(theta)
        seen = z > 0
        logs = np.log(z, out=np.zeros(z.shape, dtype=np.float64), where=seen)
        totals[chunk.start : chunk.stop, 0] = chunk.by_document((chunk.x * logs)[:, None])[:, 0]
        totals[chunk.start : chunk.stop, 1] = chunk.by_document(np.where(seen, 0, chunk.x)[:, None])[:, 0]
        counts = p * chunk.x[:, None]
        if part.weight is not None:
            counts *= np.repeat(part.weight, chunk.lengths)[:, None].astype(counts.dtype)
        np.add.at(n_wt[:, :n_topics], place[chunk.tokens], counts)
    return Expectation(theta_dt, np.empty(0, dtype=theta_dt.dtype), totals, n_wt)


class Posteriors:
    """p(t|d,w) of consecutive documents of a batch, one row an entry of X.

    Attributes
    ----------
    start, stop : int
        Documents, counted within the batch.
    tokens, x, lengths : arrays
        Columns and counts of the entries; entries of every document.
    """

    def __init__(
        self, batch: Batch, phi_wt: NDArray, n_topics: int, terms: Sequence[Bound[PosteriorTerm]], start: int, stop: int
    ) -> None:
        self.start, self.stop, self.terms = start, stop, terms
        ends = batch.indptr[start : stop + 1]
        entries = slice(int(ends[0]), int(ends[-1]))
        self.tokens, self.x = batch.indices[entries], batch.x[entries]
        self.lengths = np.diff(ends)
        self._ends = (ends - ends[0]).astype(np.intp)
        self._rows = phi_wt[self.tokens, :n_topics]

    @classmethod
    def chunks(cls, batch: Batch, phi_wt: NDArray, n_topics: int, terms: Sequence[Bound[PosteriorTerm]]):
        """All documents of a batch, as many at a time as fit."""
        start = 0
        while start < batch.n_docs:
            limit = int(batch.indptr[start]) + max(_ENTRIES // n_topics, 1)
            stop = max(int(np.searchsorted(batch.indptr, limit, side="right")) - 1, start + 1)
            yield cls(batch, phi_wt, n_topics, terms, start, min(stop, batch.n_docs))
            start = stop

    def regularized(self, theta_dt: NDArray) -> tuple[NDArray, NDArray]:
        """p~ and z; p~ = p + sum_i tau_i (p~_i - p), clipped and normalised."""
        p = self._rows * np.repeat(theta_dt, self.lengths, axis=0)
        z = p.sum(axis=1)
        np.divide(p, z[:, None], out=p, where=z[:, None] > 0)
        if not self.terms:
            return p, z
        total = p.copy()
        for bound in self.terms:
            total += p.dtype.type(bound.tau) * (self._applied(bound.term, p) - p)
        np.maximum(total, 0, out=total)
        sums = total.sum(axis=1, keepdims=True)
        np.divide(total, sums, out=total, where=sums > 0)
        total[z == 0] = 0
        return total, z

    def _applied(self, term: PosteriorTerm, p: NDArray) -> NDArray:
        if not term.needs_order:
            return term.apply(p, self.tokens, self.x)
        out = np.empty_like(p)
        for first, last in zip(self._ends[:-1], self._ends[1:], strict=True):
            out[first:last] = term.apply(p[first:last], self.tokens[first:last], self.x[first:last])
        return out

    def by_document(self, values: NDArray) -> NDArray:
        """Sums over the entries of every document; p is multiplied by the counts first."""
        weighted = values if values.shape[1] == 1 else values * self.x[:, None]
        out = np.zeros((self.lengths.size, values.shape[1]), dtype=values.dtype)
        filled = self.lengths > 0
        if filled.any():
            out[filled] = np.add.reduceat(weighted, self._ends[:-1][filled], axis=0)
        return out

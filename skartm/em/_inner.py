"""Inner passes that are not one kernel: theta terms that vary, and terms of p(t|d,w)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.em._batches import Batch
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._finite import require_finite
from skartm.em._padded import padded_zeros
from skartm.em._strength import Acting
from skartm.em._terms import Documents, PosteriorTerm, ThetaTerm
from skartm.simplex import FLOOR

_ENTRIES = 2**17  # numbers of a chunk of p(t|d,w): it stays in cache, and calls are few


@dataclass(frozen=True)
class InnerTerms:
    """n_dt + r_dt of documents.

    Attributes
    ----------
    prior : array of shape (n_topics,)
        Constant terms.
    terms : sequence of (Acting[ThetaTerm], Documents)
        The others, each with the documents as it knows them.
    """

    prior: NDArray
    terms: Sequence[tuple[Acting[ThetaTerm], Documents]]

    def part(self, start: int, stop: int) -> "InnerTerms":
        """The same for some of the documents."""
        return InnerTerms(self.prior, [(bound, documents.part(start, stop)) for bound, documents in self.terms])

    def __call__(self, theta_dt: NDArray, n_dt: NDArray, inner_pass: int) -> NDArray:
        total = n_dt + self.prior
        response = np.empty_like(total) if self.terms else total
        for bound, documents in self.terms:
            response[...] = 0
            bound.term.add_term(theta_dt, n_dt, documents, inner_pass, response)
            with np.errstate(over="ignore", invalid="ignore"):  # what follows from it is an error
                response *= bound.tau
            require_finite(response, bound.name, "term of theta (weaken tau if it overflows)")
            total += response
        return total


def documents_of(terms: Sequence[Acting[ThetaTerm]], batch: Batch) -> list[tuple[Acting[ThetaTerm], Documents]]:
    """Terms, each with the documents of a batch as it knows them."""
    if not terms:
        return []
    documents = Documents(batch.start, batch.doc_mass, batch.sample_weight)
    return [(bound, replace(documents, rows=batch.of_terms.get(bound.name, ()))) for bound in terms]


def acting_posterior(shared: Shared) -> list[Acting[PosteriorTerm]]:
    """The terms of p(t|d,w) that act at this step."""
    return [bound for bound in shared.acting.posterior if bound.tau != 0]


def update_theta(theta_dt: NDArray, total: NDArray, moving: NDArray, tol: float) -> NDArray:
    """theta = norm((total)_+) of the documents that still move; one without anything left stays as it is.

    Returns the sums that theta was divided by, zeros where it stays.
    """
    np.maximum(total, 0, out=total)
    sums = total.sum(axis=1, dtype=np.float64)
    changing = moving & (sums > 0)
    new = total[changing] / sums[changing, None].astype(total.dtype)
    new[new < FLOOR] = 0
    change = np.zeros(moving.size)
    change[changing] = np.abs(new - theta_dt[changing]).sum(axis=1)
    theta_dt[changing] = new
    moving &= change >= tol
    return np.where(changing, sums, 0)


def expect_materialised(
    shared: Shared,
    batch: Batch,
    theta_dt: NDArray,
    terms: InnerTerms,
    *,
    n_passes: int,
    tol: float,
) -> Expectation:
    """Inner passes with p(t|d,w) as a matrix, in chunks of documents, and the counts that it gives."""
    n_topics, present = shared.n_topics, batch.token_index().tokens
    place = np.empty(batch.n_tokens, dtype=np.intp)
    place[present] = np.arange(present.size)
    n_wt = padded_zeros(present.size, n_topics, theta_dt.dtype)
    totals, mass = np.zeros((batch.n_docs, 2)), batch.doc_mass
    for chunk in Posteriors.chunks(batch, shared):
        documents = slice(chunk.start, chunk.start + chunk.n_docs)
        part = terms.part(documents.start, documents.stop)
        _inner_passes(chunk, theta_dt[documents, :n_topics], part, mass[documents] > 0, n_passes, tol)
        p, z = chunk.regularized(theta_dt[documents, :n_topics])
        totals[documents] = chunk.totals(z)
        weight = None if batch.sample_weight is None else batch.sample_weight[documents]
        tokens, counts = chunk.by_token(p, weight)
        n_wt[place[tokens], :n_topics] += counts
    return Expectation(theta_dt, totals, Counts.of_tokens(present, n_wt, of_phi=False, scale=shared.scale))


def _inner_passes(
    chunk: "Posteriors", theta_dt: NDArray, terms: InnerTerms, moving: NDArray, n_passes: int, tol: float
) -> None:
    part, places = chunk, np.arange(chunk.n_docs)  # the documents that are still worth computing
    n_dt = np.zeros(theta_dt.shape, dtype=theta_dt.dtype)
    for inner_pass in range(n_passes):
        left = moving[places]
        if not left.any():
            return
        if 2 * np.count_nonzero(left) <= left.size:
            part, places = part.some(left), places[left]
        n_dt[places] = part.by_document(part.regularized(theta_dt[places])[0])
        update_theta(theta_dt, terms(theta_dt, n_dt, inner_pass), moving, tol)


class Posteriors:
    """p(t|d,w) of consecutive documents, one row an entry of X.

    Attributes
    ----------
    start : int
        The first document, counted within the batch.
    tokens, x, lengths : arrays
        Columns and counts of the entries; entries of every document.
    rows : array of shape (n_entries, n_topics)
        phi of the entries.
    """

    def __init__(
        self,
        start: int,
        tokens: NDArray,
        x: NDArray,
        lengths: NDArray,
        rows: NDArray,
        terms: Sequence[Acting[PosteriorTerm]],
    ) -> None:
        self.start, self.tokens, self.x, self.lengths, self.rows, self.terms = start, tokens, x, lengths, rows, terms
        ends = np.concatenate([[0], np.cumsum(lengths)])
        self._sums = sparse.csr_matrix((x, np.arange(x.size), ends), shape=(lengths.size, x.size))

    @property
    def n_docs(self) -> int:
        return self.lengths.size

    @classmethod
    def chunks(cls, batch: Batch, shared: Shared) -> Iterator["Posteriors"]:
        """All documents of a batch, as many at a time as fit."""
        start, n_topics, terms = 0, shared.n_topics, acting_posterior(shared)
        while start < batch.n_docs:
            first = int(batch.indptr[start])
            limit = first + max(_ENTRIES // n_topics, 1)
            stop = max(int(np.searchsorted(batch.indptr, limit, side="right")) - 1, start + 1)
            stop = min(stop, batch.n_docs)
            entries = slice(first, int(batch.indptr[stop]))
            tokens, lengths = batch.indices[entries], np.diff(batch.indptr[start : stop + 1])
            yield cls(start, tokens, batch.x[entries], lengths, shared.phi_wt[tokens, :n_topics], terms)
            start = stop

    def some(self, chosen: NDArray) -> "Posteriors":
        """The same of the documents in a mask; ``start`` is then that of their numbers among these."""
        entries = np.repeat(chosen, self.lengths)
        parts = (self.tokens[entries], self.x[entries], self.lengths[chosen], self.rows[entries])
        return Posteriors(0, *parts, self.terms)

    def regularized(self, theta_dt: NDArray) -> tuple[NDArray, NDArray]:
        """p~ and z; p~ = p + sum_i tau_i (p~_i - p), clipped and normalised."""
        p = np.repeat(theta_dt, self.lengths, axis=0)
        p *= self.rows
        z = p.sum(axis=1)
        unseen = z == 0
        np.divide(p, np.where(unseen, 1, z)[:, None], out=p)
        if not self.terms:
            return p, z
        total = self._blended(p)
        if unseen.any():
            total[unseen] = 0
        return total, z

    def _blended(self, p: NDArray) -> NDArray:
        taus = [bound.tau for bound in self.terms]
        results = (self._result(bound, p) for bound in self.terms)
        if taus == [1.0]:
            return next(results)
        total = p * p.dtype.type(1 - sum(taus))
        for tau, result in zip(taus, results, strict=True):
            total += p.dtype.type(tau) * result
        if min(taus) < 0 or sum(taus) > 1:  # not a mean of distributions
            np.maximum(total, 0, out=total)
            sums = total.sum(axis=1, keepdims=True)
            np.divide(total, sums, out=total, where=sums > 0)
        return total

    def _result(self, bound: Acting[PosteriorTerm], p: NDArray) -> NDArray:
        result = bound.term.apply_stacked(p, self.tokens, self.x, self.lengths)
        require_finite(result, bound.name, "result of p(t|d,w)")
        return result

    def by_document(self, p: NDArray) -> NDArray:
        """n_dt: sums of x * p over the entries of every document."""
        return self._sums @ p

    def by_token(self, p: NDArray, sample_weight: NDArray | None) -> tuple[NDArray, NDArray]:
        """The tokens that occur, ascending, and n_wt of these: sums of weighted x * p over their entries."""
        x = self.x
        if sample_weight is not None:
            x = x * np.repeat(sample_weight, self.lengths).astype(x.dtype)
        tokens, places = np.unique(self.tokens, return_inverse=True)
        return tokens, sparse.csc_matrix((x, places, np.arange(x.size + 1)), shape=(tokens.size, x.size)) @ p

    def totals(self, z: NDArray) -> NDArray:
        """Log-likelihood and left-out mass of every document."""
        seen = z > 0
        logs = np.log(np.where(seen, z, 1), dtype=np.float64)
        return self._sums @ np.column_stack([logs, ~seen])

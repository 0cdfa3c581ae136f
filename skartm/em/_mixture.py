"""Mixtures: where theta comes from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm._kernels import half_step
from skartm.base import _interruptible as interruptible
from skartm.em._batches import Batch
from skartm.em._finite import require_finite
from skartm.em._inner import InnerTerms, expect_materialised, update_theta
from skartm.em._padded import padded, padded_width, padded_zeros
from skartm.em._pass_start import GammaDraws, StoredTheta
from skartm.em._protocols import Bound, Expectation
from skartm.em._terms import Documents, PosteriorTerm, ThetaTerm
from skartm.em._threads import worthwhile

_TOGETHER = 256  # documents whose inner passes run side by side, when they are not one kernel
_OVERFLOW = "term of theta (weaken tau if it overflows)"
_LARGEST_BUFFER = 32 * 2**20  # bytes a thread; longer documents are read in pieces


class _Workspace:
    """Arrays that live as long as a fit and grow with the largest batch; a copy or a pickle begins with empty ones."""

    def __init__(self, n_topics: int, dtype: DTypeLike, n_threads: int) -> None:
        self.dtype, self.n_threads = np.dtype(dtype), n_threads
        self.width = padded_width(n_topics, dtype)
        self.n_topics = n_topics
        self._scratch = self._theta = padded_zeros(0, 1, dtype)
        self._ratio = np.empty(0, dtype=dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.n_topics, self.dtype, self.n_threads)

    def scratch(self, batch: Batch) -> NDArray:
        """Topic rows, positions, z and gathered phi of a document (see loops/documents.pxi), one a thread."""
        longest = int(batch.row_lengths.max(initial=1))
        limit = max(16, _LARGEST_BUFFER // (self.width * self.dtype.itemsize))
        needed = 7 * self.width + min(longest, limit) * (self.width + 1)
        if self._scratch.shape[1] < needed:
            self._scratch = padded_zeros(self.n_threads, int(1.25 * needed) + self.width, self.dtype)
        return self._scratch

    def theta(self, batch: Batch) -> NDArray:
        if self._theta.shape[0] < batch.n_docs:
            self._theta = padded_zeros(batch.n_docs, self.n_topics, self.dtype)
        return self._theta[: batch.n_docs]

    def ratio(self, batch: Batch) -> NDArray:
        if self._ratio.shape[0] < batch.nnz:
            self._ratio = np.empty(int(1.25 * batch.nnz), dtype=self.dtype)
        return self._ratio[: batch.nnz]


class FreeMixture:
    """One free theta a document, maximum a posteriori: theta = norm((n_td + r_td)_+) at every inner pass.

    Parameters
    ----------
    n_topics : int
    n_passes : int
        Inner passes over a document, at most.
    tol : float
        A document stops when the sum of absolute changes of theta is below; 0 makes exactly ``n_passes``.
    prior : array of shape (n_topics,) or None
        Added to n_td at every pass, beside the terms.
    terms : sequence of Bound[ThetaTerm]
        Theta regularizers. While all that act are constant, the inner passes run in one kernel; otherwise one by one.
    posterior_terms : sequence of Bound[PosteriorTerm]
        Regularizers of p(t|d,w); while one acts, p(t|d,w) is materialised.
    n_stored : int
        Documents whose theta is kept from pass to pass and starts the next one; 0 starts from uniform every time.
        An E-step does not change it before ``end_pass``.
    together : int
        Documents whose inner passes run side by side, and which a term that varies is shown at once.
    """

    def __init__(
        self,
        n_topics: int,
        *,
        n_passes: int,
        tol: float,
        dtype: DTypeLike,
        n_threads: int,
        prior: NDArray | None = None,
        terms: Sequence[Bound[ThetaTerm]] = (),
        posterior_terms: Sequence[Bound[PosteriorTerm]] = (),
        n_stored: int = 0,
        together: int = _TOGETHER,
    ) -> None:
        self.n_topics, self.n_passes, self.tol, self.n_threads = n_topics, n_passes, tol, n_threads
        self.together = together
        self.prior = np.zeros(n_topics) if prior is None else prior
        self.theta_terms, self.posterior_terms = tuple(terms), tuple(posterior_terms)
        self.terms = self.theta_terms + self.posterior_terms
        self._workspace = _Workspace(n_topics, dtype, n_threads)
        self._stored: StoredTheta | None = None
        if n_stored:
            uniform = padded_zeros(n_stored, n_topics, dtype)
            uniform[:, :n_topics] = 1 / n_topics
            self._stored = StoredTheta(uniform)

    def expect(self, batch: Batch, phi_wt: NDArray) -> Expectation:
        if self._stored is None:
            theta = self._workspace.theta(batch)
            theta[:, : self.n_topics] = 1 / self.n_topics
        else:
            theta = self._stored.start(batch)
        return self.expect_from(batch, phi_wt, theta)

    def end_pass(self, n_docs: int) -> None:
        if self._stored is not None:
            self._stored.end_pass()

    def expect_from(self, batch: Batch, phi_wt: NDArray, theta_dt: NDArray) -> Expectation:
        """Inner passes from a given padded theta, which is overwritten."""
        prior, others = padded(self.prior + constants(self.theta_terms, phi_wt.dtype), phi_wt.dtype), self._varying()
        acting = [bound for bound in self.posterior_terms if bound.tau != 0]
        if acting:
            terms = self._inner_terms(batch, prior, others)
            return expect_materialised(batch, phi_wt, theta_dt, terms, acting, n_passes=self.n_passes, tol=self.tol)
        if others:
            self._pass_by_pass(batch, phi_wt, theta_dt, self._inner_terms(batch, prior, others))
            return self._documents(batch, phi_wt, theta_dt, prior, 0)
        return self._documents(batch, phi_wt, theta_dt, prior, self.n_passes)

    def _varying(self) -> list[Bound[ThetaTerm]]:
        return [bound for bound in self.theta_terms if bound.tau != 0 and bound.term.constant() is None]

    def _inner_terms(self, batch: Batch, prior: NDArray, others: Sequence[Bound[ThetaTerm]]) -> InnerTerms:
        documents = Documents(batch.start, batch.doc_mass, batch.sample_weight)
        return InnerTerms(prior[0, : self.n_topics], others, documents)

    def _documents(
        self, batch: Batch, phi_wt: NDArray, theta_dt: NDArray, prior: NDArray, n_passes: int
    ) -> Expectation:
        result = Expectation(theta_dt, self._workspace.ratio(batch), np.zeros((batch.n_docs, 2)))
        n_threads = worthwhile(self.n_threads, 2.0 * batch.nnz * self.n_topics * (n_passes + 1))
        interruptible.map_documents(
            batch.indptr, batch.indices, batch.x, phi_wt, prior, n_passes, self.tol,
            result.theta_dt, result.ratio, result.totals, self._workspace.scratch(batch), n_threads,
        )  # fmt: skip
        return result

    def _pass_by_pass(self, batch: Batch, phi_wt: NDArray, theta_dt: NDArray, terms: InnerTerms) -> None:
        """Some documents at a time, so that few wait for the last one to stop."""
        n_threads = worthwhile(self.n_threads, 2.0 * batch.nnz * self.n_topics)
        scratch = self._workspace.scratch(batch)
        for start in range(0, batch.n_docs, self.together):
            stop = min(start + self.together, batch.n_docs)
            part, padded_theta = terms.part(start, stop), theta_dt[start:stop]
            indptr, theta = batch.indptr[start : stop + 1], padded_theta[:, : self.n_topics]
            n_dt = np.empty_like(padded_theta)
            moving = part.documents.mass > 0
            for inner_pass in range(self.n_passes):
                half_step.document_counts(
                    indptr, batch.indices, batch.x, phi_wt, padded_theta, n_dt, scratch, n_threads
                )
                update_theta(theta, part(theta, n_dt[:, : self.n_topics], inner_pass), moving, self.tol)
                if not moving.any():
                    break


def constants(terms: Sequence[Bound[ThetaTerm]], dtype: DTypeLike) -> NDArray:
    """The sum of the constant terms that act, float64 of shape (1, n_topics), or 0."""
    total = np.zeros((1, 1))
    for bound in terms:
        constant = bound.term.constant() if bound.tau != 0 else None
        if constant is not None:
            with np.errstate(over="ignore"):
                require_finite((bound.tau * constant).astype(dtype), bound.name, _OVERFLOW)
            total = total + bound.tau * constant
    return total


class DirichletMixture:
    """One variational Dirichlet a document (Hoffman, Blei, Bach 2010, algorithm 1, E step).

    Parameters
    ----------
    prior : float
        Parameter of the symmetric Dirichlet prior of theta.
    tol : float
        A document stops when the mean absolute change of its Dirichlet parameters is below.
    draws : GammaDraws or None
        What the documents of a pass start from; None starts from ones.
    """

    terms: Sequence[Bound[ThetaTerm]] = ()
    theta_terms: Sequence[Bound[ThetaTerm]] = ()

    def __init__(
        self,
        n_topics: int,
        *,
        prior: float,
        n_passes: int,
        tol: float,
        dtype: DTypeLike,
        n_threads: int,
        draws: GammaDraws | None = None,
    ) -> None:
        self.n_topics, self.n_passes, self.tol, self.n_threads = n_topics, n_passes, tol, n_threads
        self.draws = draws
        self.prior = padded(np.full((1, n_topics), prior), dtype)
        self._workspace = _Workspace(n_topics, dtype, n_threads)

    def expect(self, batch: Batch, phi_wt: NDArray) -> Expectation:
        gamma = padded_zeros(batch.n_docs, self.n_topics, phi_wt.dtype)
        start = 1.0 if self.draws is None else self.draws.rows(batch.start, batch.start + batch.n_docs)
        gamma[:, : self.n_topics] = start
        return self.expect_from(batch, phi_wt, gamma)

    def end_pass(self, n_docs: int) -> None:
        if self.draws is not None:
            self.draws.end_pass(n_docs)

    def expect_from(self, batch: Batch, phi_wt: NDArray, gamma_dt: NDArray) -> Expectation:
        """Inner passes from given padded Dirichlet parameters, which are overwritten."""
        theta = self._workspace.theta(batch)
        result = Expectation(theta, self._workspace.ratio(batch), np.zeros((batch.n_docs, 2)))
        n_threads = worthwhile(self.n_threads, 2.0 * batch.nnz * self.n_topics * (self.n_passes + 1))
        interruptible.dirichlet_documents(
            batch.indptr, batch.indices, batch.x, phi_wt, self.prior, (self.n_topics, self.n_passes, self.tol),
            gamma_dt, theta, result.ratio, result.totals, self._workspace.scratch(batch), n_threads,
        )  # fmt: skip
        return result

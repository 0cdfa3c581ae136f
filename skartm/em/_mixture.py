"""Mixtures: where theta comes from."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm._kernels import half_step
from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._batches import Batch
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._finite import require_finite
from skartm.em._inner import InnerTerms, acting_posterior, documents_of, expect_materialised, update_theta
from skartm.em._leave_out import LeaveOneOut, LeftOutBatch
from skartm.em._padded import padded, padded_zeros
from skartm.em._strength import Acting
from skartm.em._terms import ThetaTerm

_TOGETHER = 256  # documents whose inner passes run side by side, when they are not one kernel
_OVERFLOW = "term of theta (weaken tau if it overflows)"
_LARGEST_BUFFER = 32 * 2**20  # bytes a thread; longer documents are read in pieces


def scratch_of(batch: Batch, like: NDArray, n_threads: int) -> NDArray:
    """Topic rows, positions, z and gathered phi of a document (see loops/documents.pxi), one per thread.

    ``like`` is a padded matrix of the same type and width.
    """
    width = like.shape[1]
    limit = max(16, _LARGEST_BUFFER // (width * like.itemsize))
    needed = 11 * width + min(int(batch.row_lengths.max(initial=1)), limit) * (width + 1)
    return padded_zeros(n_threads, int(1.25 * needed) + width, like.dtype)


@dataclass(frozen=True)
class FreeMixture:
    """One free theta a document, maximum a posteriori: theta = norm((n_td + r_td)_+) at every inner pass.

    It starts from the ``kept`` theta of the batch, or from uniform. While all terms of theta that act are constant, the
    inner passes run in one kernel, otherwise one by one. While a term of p(t|d,w) acts, p(t|d,w) is materialised.

    Parameters
    ----------
    n_topics : int
    n_passes : int
        Inner passes over a document, at most.
    tol : float
        A document stops when the sum of absolute changes of theta is below; 0 makes exactly ``n_passes``.
    n_threads : int
    prior : array of shape (n_topics,) or None
        Added to n_td at every pass, beside the terms.
    together : int
        Documents whose inner passes run side by side, and which a term that varies is shown at once.
    leave_out : LeaveOneOut or None
        Leave every token out of its own document, and of phi; not with terms of p(t|d,w).
    """

    n_topics: int
    _: KW_ONLY
    n_passes: int
    tol: float
    n_threads: int = 1
    prior: NDArray | None = None
    together: int = _TOGETHER
    leave_out: LeaveOneOut | None = None

    def expect(self, shared: Shared, batch: Batch) -> Expectation:
        """Inner passes over the documents of a batch."""
        theta = padded_zeros(batch.n_docs, self.n_topics, shared.phi_wt.dtype)
        if batch.kept is None:
            theta[:, : self.n_topics] = 1 / self.n_topics
        else:
            theta[...] = batch.kept
        return self._expect_from(shared, batch, theta)

    def with_passes(self, n_passes: int) -> "FreeMixture":
        """The same with another number of inner passes."""
        return replace(self, n_passes=n_passes)

    def inference(self, shared: Shared) -> Callable[[NDArray, Batch], NDArray]:
        """theta of new documents as a function of phi_wt and a batch; ``shared`` has all that they share but phi."""
        dtype, n_topics = shared.phi_wt.dtype, self.n_topics
        prior, others = self._prior_and_others(shared.acting.theta, dtype)
        if others or acting_posterior(shared):
            return lambda phi_wt, batch: self.expect(replace(shared, phi_wt=phi_wt), batch).theta_dt[:, :n_topics]

        def infer(phi_wt: NDArray, batch: Batch) -> NDArray:
            theta = padded_zeros(batch.n_docs, n_topics, dtype)
            theta[:, :n_topics] = 1 / n_topics
            self._documents(batch, phi_wt, prior, self.n_passes, theta)
            return theta[:, :n_topics]

        return infer

    def _prior_and_others(
        self, acting: Sequence[Acting[ThetaTerm]], dtype: DTypeLike
    ) -> tuple[NDArray, list[Acting[ThetaTerm]]]:
        """What is added to n_td at every pass, padded; and the terms that are not constant."""
        own = np.zeros(self.n_topics) if self.prior is None else self.prior
        others = [bound for bound in acting if bound.tau != 0 and bound.term.constant() is None]
        return padded(own + constants(acting, dtype), dtype), others

    def _documents(
        self, batch: Batch, phi_wt: NDArray, prior: NDArray, n_passes: int, theta_dt: NDArray
    ) -> tuple[NDArray, NDArray]:
        """Inner passes in one kernel; theta_dt moves. Gives x / p(w|d) of the entries, and totals of the documents."""
        nnz = batch.nnz
        n_threads = worthwhile(self.n_threads, 2.0 * nnz * self.n_topics * (n_passes + 1))
        ratio, totals = np.empty(nnz, dtype=phi_wt.dtype), np.zeros((batch.n_docs, 2))
        interruptible.map_documents(
            batch.indptr, batch.indices, batch.x, phi_wt, prior, n_passes, self.tol, theta_dt, ratio, totals,
            scratch_of(batch, theta_dt, n_threads), n_threads,
        )  # fmt: skip
        return ratio, totals

    def _expect_from(self, shared: Shared, batch: Batch, theta_dt: NDArray) -> Expectation:
        """Inner passes from a given padded theta, which is overwritten."""
        prior, others = self._prior_and_others(shared.acting.theta, shared.phi_wt.dtype)
        posterior = acting_posterior(shared)
        n_passes = self.n_passes
        if self.leave_out is not None and self.leave_out.acts(shared):
            left = self.leave_out.of_batch(shared, batch, prior, theta_dt, n_passes)
            return self._leaving_out(left, theta_dt, documents_of(others, batch))
        if posterior or others:
            terms = InnerTerms(prior[0, : self.n_topics], documents_of(others, batch))
            if posterior:
                return expect_materialised(shared, batch, theta_dt, terms, n_passes=n_passes, tol=self.tol)
            self._pass_by_pass(batch, shared.phi_wt, theta_dt, terms)
            n_passes = 0
        ratio, totals = self._documents(batch, shared.phi_wt, prior, n_passes, theta_dt)
        if self.leave_out is not None:  # there is nothing to leave out
            totals = totals[:, [0, 1, 0]]
        return Expectation(theta_dt, totals, Counts.of_ratios(shared, batch, ratio, theta_dt))

    def _leaving_out(self, left: LeftOutBatch, theta_dt: NDArray, varying: list[Any]) -> Expectation:
        """The same with every token left out of its own document; ``varying`` are terms with the documents."""
        batch, n_passes = left.batch, self.n_passes
        if varying:
            terms = InnerTerms(left.arrays[0][0, : self.n_topics], varying)
            self._pass_by_pass(batch, left.shared.phi_wt, theta_dt, terms, left)
            n_passes = 0
        n_threads = worthwhile(self.n_threads, 6.0 * batch.nnz * self.n_topics * (n_passes + 1))
        return left.expect(theta_dt, n_passes, self.tol, scratch_of(batch, theta_dt, n_threads), n_threads)

    def _pass_by_pass(
        self, batch: Batch, phi_wt: NDArray, theta_dt: NDArray, terms: InnerTerms, left: LeftOutBatch | None = None
    ) -> None:
        """Some documents at a time, so that few wait for the last one to stop."""
        n_threads = worthwhile(self.n_threads, 2.0 * batch.nnz * self.n_topics)
        scratch, mass = scratch_of(batch, theta_dt, n_threads), batch.doc_mass
        for start in range(0, batch.n_docs, self.together):
            stop = min(start + self.together, batch.n_docs)
            part, padded_theta = terms.part(start, stop), theta_dt[start:stop]
            indptr, theta = batch.indptr[start : stop + 1], padded_theta[:, : self.n_topics]
            n_dt = np.empty_like(padded_theta)
            moving = mass[start:stop] > 0
            for inner_pass in range(self.n_passes):
                if left is not None and inner_pass == left.n_plain:
                    moving = mass[start:stop] > 0  # also those that have stopped
                if not moving.any():
                    continue
                if left is not None and inner_pass >= left.n_plain:
                    left.count(slice(start, stop), padded_theta, n_dt, scratch, n_threads)
                else:
                    half_step.document_counts(
                        indptr, batch.indices, batch.x, phi_wt, padded_theta, n_dt, scratch, n_threads
                    )
                sums = update_theta(theta, part(theta, n_dt[:, : self.n_topics], inner_pass), moving, self.tol)
                if left is not None:
                    left.divided(slice(start, stop), sums)


def at_theta(shared: Shared, batch: Batch, theta_dt: NDArray, *, n_threads: int = 1) -> Expectation:
    """Likelihood and counts at a given padded theta: p(t|d,w) = norm_t(phi_wt theta_td).

    Terms of p(t|d,w) act, those of theta do not.
    """
    given = FreeMixture(shared.n_topics, n_passes=0, tol=0.0, n_threads=n_threads)
    if shared.acting.theta:
        shared = replace(shared, acting=shared.acting._replace(theta=()))
    return given._expect_from(shared, batch, theta_dt)


def constants(terms: Sequence[Acting[ThetaTerm]], dtype: DTypeLike) -> NDArray:
    """The sum of the constant terms that act, float64 of shape (1, n_topics), or 0."""
    total = np.zeros((1, 1))
    for bound in terms:
        constant = bound.term.constant() if bound.tau != 0 else None
        if constant is not None:
            with np.errstate(over="ignore"):
                require_finite((bound.tau * constant).astype(dtype), bound.name, _OVERFLOW)
            total = total + bound.tau * constant
    return total


@dataclass(frozen=True)
class DirichletMixture:
    """One variational Dirichlet a document (Hoffman, Blei, Bach 2010, algorithm 1, E step).

    It starts from the ``kept`` Dirichlet parameters of the batch, or from ones.

    Parameters
    ----------
    n_topics : int
    prior : float
        Parameter of the symmetric Dirichlet prior of theta.
    n_passes : int
    tol : float
        A document stops when the mean absolute change of its Dirichlet parameters is below.
    n_threads : int
    """

    n_topics: int
    _: KW_ONLY
    prior: float
    n_passes: int
    tol: float
    n_threads: int = 1

    def expect(self, shared: Shared, batch: Batch) -> Expectation:
        """Inner passes over the documents of a batch; ``theta_dt`` is exp(E[ln theta])."""
        _, theta, ratio, totals = self._documents(shared.phi_wt, batch)
        return Expectation(theta, totals, Counts.of_ratios(shared, batch, ratio, theta))

    def parameters(self, shared: Shared, batch: Batch) -> NDArray:
        """The padded Dirichlet parameters that the inner passes end with."""
        return self._documents(shared.phi_wt, batch)[0]

    def _documents(self, phi_wt: NDArray, batch: Batch) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        gamma, theta = (padded_zeros(batch.n_docs, self.n_topics, phi_wt.dtype) for _ in range(2))
        gamma[:, : self.n_topics] = 1.0 if batch.kept is None else batch.kept
        ratio, totals = np.empty(batch.nnz, dtype=phi_wt.dtype), np.zeros((batch.n_docs, 2))
        prior = padded(np.full((1, self.n_topics), self.prior), phi_wt.dtype)
        n_threads = worthwhile(self.n_threads, 2.0 * batch.nnz * self.n_topics * (self.n_passes + 1))
        interruptible.dirichlet_documents(
            batch.indptr, batch.indices, batch.x, phi_wt, prior, (self.n_topics, self.n_passes, self.tol), gamma, theta,
            ratio, totals, scratch_of(batch, theta, n_threads), n_threads,
        )  # fmt: skip
        return gamma, theta, ratio, totals

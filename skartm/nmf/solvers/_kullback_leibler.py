"""The Kullback-Leibler divergence: probabilistic latent semantic analysis, with the sums of the rows kept apart."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import (
    EM,
    Batch,
    Batches,
    Bound,
    Counters,
    FreeMixture,
    MapPosterior,
    PhiTerm,
    Shared,
    StoredTheta,
    Sums,
    e_step,
    padded,
    padded_zeros,
    unpadded_transpose,
)

_BATCH = 2048  # rows whose theta stays in cache
# The first updates of H are made after every part of the rows: parts at most, iterations of this kind, rows at least.
PARTS, PART_ITERATIONS, _PART_ROWS = 8, 20, 128


class Parts:
    """The counts n_wt of consecutive parts of the rows, so that those of one can be replaced in the sum.

    An update of phi after every part is incremental EM (Neal and Hinton 1998): each of its steps, over theta, over the
    shares of the components in the entries of a part, and over phi, decreases one and the same upper bound of the
    divergence, which an update of everything makes tight again.

    Parameters
    ----------
    batches : Batches
    n_parts : int
    like : array of shape (n_features, width)
        The sum of all counts; it belongs to the object from now on.
    """

    def __init__(self, batches: Batches, n_parts: int, like: NDArray) -> None:
        self.members: list[list[Batch]] = [[] for _ in range(n_parts)]
        for number, batch in enumerate(batches):
            self.members[number * n_parts // len(batches)].append(batch)
        self.counts = [np.zeros_like(like) for _ in range(n_parts)]
        self.total, self.complete = np.zeros_like(like), False

    def replace(self, part: int, counts: NDArray) -> None:
        """Take new counts of a part, and put the sum in their place."""
        self.total -= self.counts[part]
        self.counts[part][...] = counts
        self.total += counts
        np.maximum(self.total, counts, out=self.total)  # what rounding may have made less
        counts[...] = self.total


class KullbackLeibler:
    """Minimises sum x ln(x / z) - x + z, z = W H, by rows theta of W and columns phi of H that are distributions.

    After an update of W the rows of z have the sums of the rows of x, so W = diag(sums) theta where columns of phi sum
    to one, and the multiplicative update of W is one inner pass over a document, that of H one update of phi. The sum
    of all z is that of all x after an update of H, so only sum x ln(x / z) is left of the divergence.

    Parameters
    ----------
    X : CSR of shape (n_rows, n_features)
    H : array of shape (n_components, n_features)
        The start.
    W : array of shape (n_rows, n_components) or None
        The start; None is the same for all components.
    sample_weight : array of shape (n_rows,) or None
    n_passes : int
        Updates of W before one of H.
    tol : float
        A row of W is updated no more when its shares of components move less.
    terms : sequence of Bound[PhiTerm]
        Of an M step, for those who make it; ``update`` is without.
    n_parts : int
        The first updates of H are made after every one of so many parts of the rows; 1 is after all rows, as usual.
    """

    def __init__(
        self,
        X: Any,
        H: NDArray,
        W: NDArray | None,
        *,
        sample_weight: NDArray | None,
        n_passes: int,
        n_threads: int,
        tol: float = 0.0,
        terms: Sequence[Bound[PhiTerm]] = (),
        n_parts: int = 1,
    ) -> None:
        n_components, dtype = H.shape[0], H.dtype
        self.n_components, self.n_updates = n_components, 0
        self.last_sums = Sums()
        size = min(_BATCH, -(-X.shape[0] // n_parts))
        self.batches = Batches(X, size, dtype, sample_weight)
        self.row_sums = np.concatenate([batch.doc_mass for batch in self.batches])
        self.row_weights = self.row_sums if sample_weight is None else self.row_sums * sample_weight
        self.phi_wt = padded(_shares(H).T, dtype)
        self.theta_dt = padded_zeros(X.shape[0], n_components, dtype)
        self.theta_dt[:, :n_components] = 1 / n_components if W is None else _shares(W * H.sum(axis=1))
        self.stored = StoredTheta(self.theta_dt)
        self.mixture = FreeMixture(n_components, n_passes=n_passes, tol=tol, n_threads=n_threads)
        posterior = MapPosterior(n_components, terms, n_threads=n_threads)
        self.engine = EM(self.mixture, posterior, n_components, n_threads=n_threads, kept=self.stored)
        n_wt = padded_zeros(X.shape[1], n_components, dtype)
        self.counters = Counters(n_wt, clipped=False, n_threads=n_threads)
        self.own = _own_terms(X, self.row_sums, sample_weight)
        n_parts = min(n_parts, len(self.batches))
        self.parts = Parts(self.batches, n_parts, n_wt) if n_parts > 1 else None

    @property
    def W(self) -> NDArray:
        theta = self.theta_dt[:, : self.n_components]
        return theta * self.row_sums[:, None].astype(theta.dtype)

    @property
    def H(self) -> NDArray:
        return unpadded_transpose(self.phi_wt, self.n_components)

    @property
    def last_loss(self) -> float:
        """The divergence after W and before H of the last update, which lowers it further."""
        return self.divergence(self.last_sums)

    def loss(self) -> float:
        """The divergence of what there is now."""
        given, shared, sums = replace(self.mixture, n_passes=0), self.engine.shared(self.phi_wt), Sums()
        for batch in self.batches:
            sums += e_step(given, shared, self.engine.carrying(shared, batch)).sums
        return self.divergence(sums)

    def divergence(self, sums: Sums) -> float:
        """That of a W and an H, from what E-steps over all rows have seen."""
        return max(self.own - sums.mean_log_likelihood * sums.mass, 0.0)

    def count(self, batches: Iterable[Batch]) -> Sums:
        """Update W in some rows, and put their counts into the counters."""
        self.counters.clear()
        sums = self.engine.count(batches, self.engine.shared(self.phi_wt), self.counters.stored)
        self.counters.changed()
        return sums

    @property
    def in_parts(self) -> bool:
        """Whether the next update is made part by part."""
        return self.parts is not None

    def update(self) -> float:
        """One update of W and H; the divergence between the two, part by part where H changes with them."""
        self.n_updates += 1
        if self.parts is not None:
            return self._update_parts(self.parts)
        divergence = self.expect()
        self.engine.posterior.update(self.phi_wt, self.counters, self.phi_wt)
        self.rescale(self.engine.posterior.topic_mass)
        return divergence

    def expect(self) -> float:
        """One update of W, and the counters that one of H is made from; the divergence between the two."""
        self.last_sums = self.count(self.batches)
        self.stored.end_pass(self.batches.n_docs)
        return self.divergence(self.last_sums)

    def rescale(self, after: NDArray) -> None:
        """The sums that an update has changed in the rows of H, of which phi knows nothing, go to theta."""
        theta = self.theta_dt[:, : self.n_components]
        before = self.row_weights @ theta
        with np.errstate(over="ignore"):
            factor = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
        theta *= np.minimum(factor, np.finfo(theta.dtype).max).astype(theta.dtype)

    def _update_parts(self, parts: Parts) -> float:
        """All rows once; H after every part as soon as there are counts of all of them, or as before if interrupted."""
        before = self.phi_wt.copy()
        try:
            return self._over_parts(parts)
        except BaseException:
            self.phi_wt[...] = before
            raise

    def _over_parts(self, parts: Parts) -> float:
        sums, counters = Sums(), self.counters
        for number, members in enumerate(parts.members):
            sums += self.count(members)
            parts.replace(number, counters.stored)
            if parts.complete:
                self.engine.posterior.update(self.phi_wt, counters, self.phi_wt)
        if not parts.complete:
            self.engine.posterior.update(self.phi_wt, counters, self.phi_wt)
            parts.complete = True
        self.stored.end_pass(self.batches.n_docs)
        self.last_sums = sums
        if self.n_updates == PART_ITERATIONS:
            self.parts = None
        return self.divergence(sums)


def affordable_parts(X: Any, n_components: int) -> int:
    """Parts of the rows whose counts need no more memory than X and W do, none of them too small; 1 is none."""
    n_rows, n_features = X.shape
    counts = max(n_features * n_components * X.dtype.itemsize, 1)
    memory = X.data.nbytes + X.indices.nbytes + n_rows * n_components * X.dtype.itemsize
    return max(1, min(PARTS, memory // counts, n_rows // _PART_ROWS))


def solve_rows(X: Any, H: NDArray, *, n_passes: int, tol: float, n_threads: int) -> NDArray:
    """W >= 0 of least divergence; a row stops when its shares of components move less than ``tol`` in a pass.

    What no component has makes the divergence infinite for any W, and does not count.
    """
    n_components = H.shape[0]
    explained = H.any(axis=0)
    if not explained.all():
        X, H = X[:, explained], H[:, explained]
    free = FreeMixture(n_components, n_passes=n_passes, tol=tol, n_threads=n_threads)
    sums = H.sum(axis=1)
    shared = Shared(padded((H / np.where(sums > 0, sums, 1)[:, None]).T, H.dtype), n_components)
    W = np.zeros((X.shape[0], n_components), dtype=H.dtype)
    for batch in Batches(X, _BATCH, H.dtype):
        theta = free.expect(shared, batch).theta_dt[:, :n_components]
        W[batch.start : batch.start + batch.n_docs] = theta * batch.doc_mass[:, None]
    return np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)


def _shares(matrix: NDArray) -> NDArray:
    """Rows divided by their sums; rows of zeros become uniform."""
    sums = matrix.sum(axis=1, keepdims=True)
    return np.where(sums > 0, matrix / np.where(sums > 0, sums, 1), 1 / matrix.shape[1])


def _own_terms(X: Any, row_sums: NDArray, sample_weight: NDArray | None) -> float:
    """sum x ln(x / row sum), weighted by rows."""
    x = X.data.astype(np.float64)
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    terms = np.zeros(x.size)
    positive = x > 0
    shares = x[positive] / row_sums[rows[positive]]
    terms[positive] = x[positive] * np.log(np.maximum(shares, np.finfo(np.float64).tiny))  # of 0 the term is 0 too
    return float(terms.sum() if sample_weight is None else terms @ sample_weight[rows])

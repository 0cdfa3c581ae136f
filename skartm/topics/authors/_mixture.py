"""Grouped mixtures: theta of a document is a mean of the psi of its groups, which it shares with other documents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._batches import Batch, Batches, TokenIndex
from skartm.em._e_step import observed
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._inner import InnerTerms, update_theta
from skartm.em._kept import Kept
from skartm.em._loop import Decay
from skartm.em._mixture import at_theta, constants, scratch_of
from skartm.em._padded import padded_zeros
from skartm.em._strength import Acting, Terms
from skartm.em._terms import Documents, ThetaTerm
from skartm.simplex import FLOOR


@dataclass
class Groups:
    """Groups of documents (authors, categories) and what is known of them.

    Attributes
    ----------
    names : array of shape (n_groups,)
    n_topics : int
    psi_ct : array of shape (n_groups, width)
        p(t|c), padded; uniform for a group without documents.
    n_ct : array of shape (n_groups, width)
        Expected counts, padded, on the scale of ``mass``.
    mass : array of shape (n_groups,), float64
        sum_d pi_cd n_d over all known documents, with the pi that they came with.
    n_updates : array of int of shape (n_groups,)
        How often psi of the group was brought up to date.
    """

    names: NDArray
    n_topics: int
    psi_ct: NDArray
    n_ct: NDArray
    mass: NDArray
    n_updates: NDArray

    @classmethod
    def uniform(cls, names: NDArray, n_topics: int, dtype: DTypeLike) -> "Groups":
        """Groups without documents."""
        psi, counts = (padded_zeros(names.size, n_topics, dtype) for _ in range(2))
        psi[:, :n_topics] = 1 / n_topics
        return cls(names, n_topics, psi, counts, np.zeros(names.size), np.zeros(names.size, dtype=np.int64))

    def extended(self, names: NDArray) -> "Groups":
        """A copy with more groups, of which these are the first."""
        n_known, grown = self.names.size, Groups.uniform(names, self.n_topics, self.psi_ct.dtype)
        grown.psi_ct[:n_known], grown.n_ct[:n_known] = self.psi_ct, self.n_ct
        grown.mass[:n_known], grown.n_updates[:n_known] = self.mass, self.n_updates
        return grown

    def copy(self) -> "Groups":
        """All arrays copied but the names."""
        return self.extended(self.names)


class _Part:
    """The groups of the documents of a batch, and the transpose as an index.

    Attributes
    ----------
    indptr, groups : arrays of int32
        As in CSR.
    entries : slice
        Where they are among those of all documents.
    present : array of int32
        Groups that occur, ascending.
    places : array of int32
        ``groups``, numbered within ``present``.
    mass : array of shape (len(present),)
        Weighted tokens of each, sum_d pi_cd n_d.
    """

    def __init__(self, batch: Batch, members: sparse.csr_matrix) -> None:
        offsets = members.indptr[batch.start : batch.start + batch.n_docs + 1]
        self.entries = slice(int(offsets[0]), int(offsets[-1]))
        self.indptr = (offsets - offsets[0]).astype(np.int32)
        self.groups = members.indices[self.entries].astype(np.int32)
        index = TokenIndex.of(self.indptr, self.groups, members.shape[1])
        self.present, self.starts, self.docs, self.order = index.tokens, index.starts, index.docs, index.order
        self.places = np.searchsorted(self.present, self.groups).astype(np.int32)
        self.doc_of = np.repeat(np.arange(batch.n_docs), np.diff(self.indptr))
        doc_mass = batch.doc_mass if batch.sample_weight is None else batch.doc_mass * batch.sample_weight
        mass = members.data[self.entries] * doc_mass[self.doc_of]
        self.mass = np.bincount(self.places, weights=mass, minlength=self.present.size)


@dataclass(frozen=True)
class GroupShares:
    """Groups of the documents of a batch, as in CSR, with their shares pi.

    Its methods are functions of phi and psi, which is ``parameters`` of what is shared, and of a batch alone.
    """

    indptr: NDArray
    groups: NDArray
    pi: NDArray

    def slopes(self, shared: Shared, batch: Batch, n_threads: int) -> NDArray:
        """slope_td of the documents, padded."""
        phi_wt = shared.phi_wt
        slope = padded_zeros(batch.n_docs, shared.n_topics, phi_wt.dtype)
        n_threads = worthwhile(n_threads, 2.0 * batch.nnz * shared.n_topics)
        interruptible.group_slopes(
            batch.indptr, batch.indices, batch.x, phi_wt, self.indptr, self.groups, self.pi, shared.parameters,
            slope, scratch_of(batch, slope, n_threads), n_threads,
        )  # fmt: skip
        return slope

    def step(self, shared: Shared, batch: Batch, index: TokenIndex, n_threads: int) -> tuple[Counts, NDArray]:
        """n_tc of the groups in an index, counts of psi, and the slopes that they come from."""
        slope, shares = self.slopes(shared, batch, n_threads), self.pi
        if batch.sample_weight is not None:
            weights = np.repeat(batch.sample_weight, np.diff(self.indptr))
            shares = shares * weights.astype(shares.dtype)
        return Counts(lambda: index, shares, slope, of_phi=True), slope

    def moved(self, psi_ct: NDArray, slope: NDArray, moving: NDArray, n_threads: int) -> tuple[NDArray, NDArray]:
        """pi = norm_c(pi_cd sum_t psi_tc slope_td) of some documents; and all sums of absolute changes."""
        counts, n_docs = np.empty(self.groups.size, dtype=self.pi.dtype), self.indptr.size - 1
        n_threads = worthwhile(n_threads, float(self.groups.size) * slope.shape[1])
        interruptible.row_dots(self.indptr, self.groups, psi_ct, slope, counts, n_threads)
        counts *= self.pi
        doc_of = np.repeat(np.arange(n_docs), np.diff(self.indptr))
        sums = np.bincount(doc_of, weights=counts, minlength=n_docs)
        changing = (moving & (sums > 0))[doc_of]
        pi = self.pi.copy()
        pi[changing] = counts[changing] / sums[doc_of][changing]
        pi[changing & (pi < FLOOR)] = 0
        return pi, np.bincount(doc_of, weights=np.abs(pi - self.pi), minlength=n_docs)


@dataclass(frozen=True)
class GroupedMixture:
    """theta_td = sum_c pi_cd psi_tc: the three-matrix model.

    What is shared has psi as its ``parameters``, and a batch has its :class:`GroupShares` as what is ``kept``;
    :class:`GroupLearning` learns both.
    """

    n_topics: int
    n_threads: int = 1

    def expect(self, shared: Shared, batch: Batch) -> Expectation:
        """Theta of the documents of a batch, as the groups are now, and what follows from it."""
        shares, theta = batch.kept, padded_zeros(batch.n_docs, self.n_topics, shared.phi_wt.dtype)
        n_threads = worthwhile(self.n_threads, float(shares.groups.size) * theta.shape[1])
        interruptible.mix_rows(shares.indptr, shares.groups, shares.pi, shared.parameters, theta, n_threads)
        return at_theta(shared, batch, theta, n_threads=self.n_threads)


class GroupLearning(Kept):
    """psi of groups, and pi of documents, which are learned before the counters of phi.

    With slope_td = sum_w n_dw phi_wt / z_dw, a sweep over documents is one step of EM at a fixed phi::

        n_tc = psi_tc sum_d pi_cd slope_td,    psi_tc = norm_t((n_tc + r_tc)_+)
        n_cd = pi_cd sum_t psi_tc slope_td,    pi_cd = norm_c(n_cd)                  if ``free``

    Before the counters of phi there are ``n_sweeps`` of them, as a document of its own theta has inner passes. psi and
    pi go on from where they were.

    Parameters
    ----------
    groups : Groups
        To begin with; learning changes them.
    members : csr_matrix of shape (n_docs, n_groups), float64
        pi that the documents come with: rows sum to 1 over the groups of the document.
    n_sweeps : int
    free : bool
        Whether pi is learned; otherwise it stays.
    pi : array of shape (members.nnz,), default=None
        What it starts from; None is ``members``.
    decay : Decay or None
        Online: the weight of the k-th update of a group, its first one excepted, which has nothing to fade.
    extends : bool
        Whether the documents come in addition to those that ``groups`` know, or are all there are.

    Notes
    -----
    Terms of theta act on psi: ``documents`` of a term are the groups.

    Attributes
    ----------
    whole : tuple of Groups and array
        Groups and pi as they were at the end of the last pass.
    """

    def __init__(
        self,
        groups: Groups,
        members: sparse.csr_matrix,
        *,
        n_sweeps: int,
        free: bool,
        pi: NDArray | None = None,
        dtype: DTypeLike,
        n_threads: int,
        decay: Decay | None = None,
        extends: bool = False,
    ) -> None:
        self.n_topics, self.groups, self.members, self.n_sweeps = groups.n_topics, groups, members, n_sweeps
        self.free, self.decay, self.extends, self.n_threads = free, decay, extends, n_threads
        self.dtype = np.dtype(dtype)
        self.pi = (members.data if pi is None else pi).astype(dtype)
        self.whole = (groups, self.pi)
        self._parts: dict[tuple[int, int], _Part] = {}
        self._measured = False

    def fold_in(self, batch: Batch, phi_wt: NDArray, n_passes: int, tol: float) -> None:
        """Learn pi of the documents of a batch alone, psi and phi given; a document stops when it moves less."""
        shared = Shared(phi_wt, self.n_topics, parameters=self.groups.psi_ct)
        moving, entries = batch.doc_mass > 0, self._part(batch).entries
        for _ in range(n_passes):
            shares = self.of(batch)
            slope = shares.slopes(shared, batch, self.n_threads)
            self.pi[entries], change = shares.moved(shared.parameters, slope, moving, self.n_threads)
            moving &= change >= tol
            if not moving.any():
                return

    def prepare(self, batches: Batches, shared: Shared, batch: Batch | None = None) -> NDArray:
        """Sweeps over all documents or, online, over those of a batch; gives psi."""
        if not self._measured:
            self._measure(batches)
        if batch is None:
            self._sweep_all(batches, shared)
        else:
            self._sweep_one(batch, shared)
        return self.groups.psi_ct

    def of(self, batch: Batch) -> GroupShares:
        """The groups and the shares of its documents."""
        part = self._part(batch)
        return GroupShares(part.indptr, part.groups, self.pi[part.entries])

    def end_pass(self, n_docs: int, acting: Terms) -> dict[str, Any]:
        """Show psi to the terms; it belongs to the phi that comes now."""
        documents, psi = Documents(0, self._mass_of(self.groups.n_ct)), self.groups.psi_ct[:, : self.n_topics]
        self.whole = (self.groups.copy(), self.pi.copy())
        return observed([(bound, documents) for bound in acting.theta], psi)

    def _measure(self, batches: Batches) -> None:
        """Bring the masses of the groups, and the counters with them, to the documents that are known now."""
        groups, added = self.groups, np.zeros(self.groups.mass.size)
        for batch in batches:
            part = self._part(batch)
            added[part.present] += part.mass
        known = groups.mass + added if self.extends else np.where(added > 0, added, groups.mass)
        scale = np.divide(known, groups.mass, out=np.ones(known.size), where=groups.mass > 0)
        groups.n_ct *= scale[:, None].astype(self.dtype)
        groups.mass, self._present, self._absent = known, added > 0, np.flatnonzero(added == 0)
        self._measured = True

    def _sweep_all(self, batches: Batches, shared: Shared) -> None:
        """All documents, ``n_sweeps`` times."""
        groups, n_topics = self.groups, self.n_topics
        shared = replace(shared, parameters=groups.psi_ct)
        for sweep in range(self.n_sweeps):
            counts = padded_zeros(groups.mass.size, n_topics, self.dtype)
            for batch in batches:
                part = self._part(batch)
                self._count(batch, part, shared, part.groups, part.present, counts)
            counts[self._absent] = groups.n_ct[self._absent]
            groups.n_ct = counts
            total = self._regularized(shared.acting.theta, groups.psi_ct, counts, sweep)
            update_theta(groups.psi_ct[:, :n_topics], total, self._present.copy(), 0.0)
        groups.n_updates[self._present] += 1

    def _sweep_one(self, batch: Batch, shared: Shared) -> None:
        """The documents of a batch: n_tc <- (1 - rho_c) n_tc + rho_c (mass of c / its mass here) (counts of c)."""
        groups, n_topics, part = self.groups, self.n_topics, self._part(batch)
        present, rows = part.present, np.arange(part.present.size, dtype=np.int32)
        updates = groups.n_updates[present]
        rho = np.ones(present.size)
        if self.decay is not None:
            rho = np.where(updates > 0, (self.decay.offset + updates + 1.0) ** -self.decay.power, 1.0)
        seen = part.mass > 0
        scale = np.divide(rho * groups.mass[present], part.mass, out=np.zeros_like(rho), where=seen)
        before = (1 - rho)[:, None].astype(self.dtype) * groups.n_ct[present]
        psi, counts = padded_zeros(rows.size, n_topics, self.dtype), padded_zeros(rows.size, n_topics, self.dtype)
        psi[...] = groups.psi_ct[present]
        shared = replace(shared, parameters=psi)
        for sweep in range(self.n_sweeps):
            counts[...] = 0
            self._count(batch, part, shared, part.places, rows, counts)
            counts *= scale[:, None].astype(self.dtype)
            counts += before
            total = self._regularized(shared.acting.theta, psi, counts, sweep, present)
            update_theta(psi[:, :n_topics], total, seen.copy(), 0.0)
        chosen = present[seen]
        groups.psi_ct[chosen], groups.n_ct[chosen] = psi[seen], counts[seen]
        groups.n_updates[chosen] += 1

    def _count(self, batch: Batch, part: _Part, shared: Shared, groups: NDArray, rows: NDArray, out: NDArray) -> None:
        """Add n_tc of a batch to the given rows of ``out``; with free pi, learn it. ``groups`` are rows of psi."""
        index = TokenIndex(rows, part.starts, part.docs, part.order)
        shares = GroupShares(part.indptr, groups, self.pi[part.entries])
        counts, slope = shares.step(shared, batch, index, self.n_threads)
        counts.add_to(out, shared.parameters, self.n_threads)
        if self.free:
            moving = np.ones(batch.n_docs, dtype=bool)
            self.pi[part.entries], _ = shares.moved(shared.parameters, slope, moving, self.n_threads)

    def _regularized(
        self,
        acting: Sequence[Acting[ThetaTerm]],
        psi_ct: NDArray,
        n_ct: NDArray,
        sweep: int,
        present: NDArray | None = None,
    ) -> NDArray:
        """n_tc + r_tc of all groups, or of those ``present`` whose rows these are."""
        varying = [bound for bound in acting if bound.tau != 0 and bound.term.constant() is None]
        if present is not None and varying:
            everything = self.groups.copy()  # terms may know the groups by their places
            everything.psi_ct[present], everything.n_ct[present] = psi_ct, n_ct
            return self._regularized(acting, everything.psi_ct, everything.n_ct, sweep)[present]
        prior = (np.zeros(self.n_topics) + constants(acting, self.dtype)[0]).astype(self.dtype)
        documents = Documents(0, self._mass_of(n_ct) if varying else np.empty(0))
        terms = InnerTerms(prior, [(bound, documents) for bound in varying])
        return terms(psi_ct[:, : self.n_topics], n_ct[:, : self.n_topics], sweep)

    @staticmethod
    def _mass_of(n_ct: NDArray) -> NDArray:
        return n_ct.sum(axis=1, dtype=np.float64)

    def _part(self, batch: Batch) -> _Part:
        key = (batch.start, batch.n_docs)
        if key not in self._parts:
            self._parts[key] = _Part(batch, self.members)
        return self._parts[key]

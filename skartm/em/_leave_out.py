"""Every token left out of its own document: what the E-step needs for it, and the counts that it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm._kernels import half_step
from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._batches import Batch, TokenIndex
from skartm.em._expectation import Counts, Expectation, Shared
from skartm.em._layout import Layout
from skartm.em._padded import padded, padded_zeros
from skartm.em._strength import Bound
from skartm.em._terms import PosteriorTerm
from skartm.simplex import FLOOR

PHI_SHARE = 0.35
"""The share of the occurrences of a word in a document that phi leaves out.

It was chosen by held-out perplexity: 0 is worse, most of all on few, long documents; 1 is worse on most corpora; and .2
to .5 differ little.
"""


@dataclass(frozen=True)
class LeaveOneOut:
    r"""The E-step in which the topic of a token is inferred from the other tokens of its document.

    .. math:: q_t \propto \phi_{wt} \theta_{td} \Bigl(1 - \frac{p_t}{\theta_{td}} \frac{\omega}{Z_d}
              - \frac{p_t}{\phi_{wt}} \frac{\sigma x}{Z_t}\Bigr)_+, \qquad p_t = \frac{\phi_{wt} \theta_{td}}{z}

    To the first order it is ``phi * theta`` with ``omega p / Z_d`` taken out of theta, and ``sigma x p / Z_t`` out of
    phi. ``Z_d`` and ``Z_t`` are the sums by which theta and phi were divided, ``x`` is the count of the cell, and
    ``omega = min(x, weight of the modality)`` is one occurrence. A document with a weight below 1 has given that much
    less to phi, and leaves that much less out of it; one with a weight of 2 is two documents, each with its own x.

    The inner passes find theta as ever, and one more leaves the tokens out, from what these have found: it is as good
    as to leave them out in all. n_wt is made of q at the theta that follows.

    Where no topic is left, theta takes the posterior with the token, ``p``, since the document has nothing else to
    say; and n_wt takes the topics of the word in all documents, ``norm_t(phi_wt n_t)``, which leaves phi as it is.

    Online phi was not made of the document, or of a faded part of it, so that nothing is left out of phi.

    A phi that no counts have made yet, and a uniform theta, have nothing of the token in them, so nothing is left out.

    Parameters
    ----------
    kinds : array of int32 of shape (n_tokens,)
        The modality of every token.
    occurrence : array of shape (n_modalities,)
        The weights of the modalities.
    share : float
        sigma.
    """

    kinds: NDArray
    occurrence: NDArray
    share: float = PHI_SHARE

    @classmethod
    def of(cls, layout: Layout) -> "LeaveOneOut":
        """With the modalities of a model."""
        kinds = np.zeros(layout.n_tokens, dtype=np.int32)
        for number, tokens in enumerate(layout.blocks):
            kinds[tokens] = number
        return cls(kinds, np.array([modality.weight for modality in layout.modalities] or [1.0]))

    @staticmethod
    def acts(shared: Shared) -> bool:
        """Whether phi was made of counts."""
        return shared.block_mass is not None and bool((shared.block_mass > 0).any())

    def of_batch(
        self, shared: Shared, batch: Batch, prior: NDArray, theta_dt: NDArray, n_passes: int
    ) -> "LeftOutBatch":
        """What the E-step of a batch from a padded theta needs; ``prior`` is padded, too."""
        dtype = shared.phi_wt.dtype
        mass = np.asarray(shared.block_mass, dtype=np.float64)
        excluded = np.divide(self.share if shared.in_phi else 0.0, mass, out=np.zeros_like(mass), where=mass > 0)
        total = mass.sum(axis=1, keepdims=True)
        p_t = np.maximum(mass / np.where(total > 0, total, 1), FLOOR)  # a new word may have a topic without mass
        arrays = prior, self.kinds, self.occurrence.astype(dtype), padded(excluded, dtype), padded(p_t, dtype)
        documents = np.empty((batch.n_docs, 2), dtype=dtype)
        documents[:, 0] = 1 if batch.sample_weight is None else np.minimum(batch.sample_weight, 1)
        theta = theta_dt[:, : shared.n_topics]
        n_plain = n_passes - 1 if n_passes > 1 else int((theta == theta[:, :1]).all())
        documents[:, 1] = batch.doc_mass
        if prior.any():  # the first pass puts another sum in its place, unless it leaves tokens out itself
            documents[:, 1] += prior.sum() if n_plain else np.where(theta_dt > 0, prior, 0).sum(axis=1)
        return LeftOutBatch(shared, batch, arrays, documents, n_plain)


@dataclass(frozen=True)
class LeftOutBatch:
    """The E-step of a batch that leaves tokens out.

    Attributes
    ----------
    shared : Shared
    batch : Batch
    arrays : tuple of arrays
        What documents share, as the kernels take it: see ``leave_out_documents``.
    documents : array of shape (n_docs, 2)
        Copies of the documents in phi, at most one, and the sums by which theta was divided, which move with theta.
        The first ones are those of the tokens and the prior.
    n_plain : int
        How many of the inner passes leave nothing out: all but the last one, which needs a theta made of tokens.
    """

    shared: Shared
    batch: Batch
    arrays: tuple[NDArray, ...]
    documents: NDArray
    n_plain: int

    def count(self, part: slice, theta_dt: NDArray, n_dt: NDArray, scratch: NDArray, n_threads: int) -> None:
        """n_dt of some documents, written to ``n_dt``, padded as theta."""
        half_step.leave_out_counts(
            self.batch.indptr[part.start : part.stop + 1], self.batch.indices, self.batch.x, self.shared.phi_wt,
            self.arrays, self.documents[part], theta_dt, n_dt, scratch, n_threads,
        )  # fmt: skip

    def divided(self, part: slice, sums: NDArray) -> None:
        """Theta of some documents was divided by the ``sums`` that are not zero."""
        np.copyto(self.documents[part, 1], sums, where=sums > 0, casting="same_kind")

    def expect(self, theta_dt: NDArray, n_passes: int, tol: float, scratch: NDArray, n_threads: int) -> Expectation:
        """Inner passes from a padded theta, which is overwritten, and the counts."""
        batch, phi_wt, inner = self.batch, self.shared.phi_wt, (n_passes, self.n_plain, tol)
        cells, totals = np.empty((batch.nnz, 3), dtype=phi_wt.dtype), np.zeros((batch.n_docs, 3))
        interruptible.leave_out_documents(
            batch.indptr, batch.indices, batch.x, phi_wt, self.arrays, inner, self.documents, theta_dt, cells, totals,
            scratch, n_threads,
        )  # fmt: skip
        if batch.sample_weight is not None:
            cells[:, 0] *= np.repeat(batch.sample_weight, batch.row_lengths).astype(cells.dtype)
        if self.shared.scale != 1.0:
            cells[:, 0] *= cells.dtype.type(self.shared.scale)
        return Expectation(theta_dt, totals, LeftOutCounts(batch.token_index, cells, theta_dt, phi_wt, self.arrays))


class LeftOutCounts(Counts):
    """Expected counts with every token left out: n_wt += sum_d x q. They are made while they are added.

    A pickle has them, for the tokens that occur, in place of what they are made of; added, it gives the same bits.

    Parameters
    ----------
    index : callable () -> TokenIndex
    cells : array of shape (nnz of the index, 3)
        See ``cells_left`` in the kernels; the first number is multiplied by the weight of the document.
    theta_dt, phi_wt : arrays
        Padded, those of the E-step.
    arrays : tuple of arrays
        Those of :class:`LeftOutBatch`.
    """

    def __init__(
        self,
        index: Callable[[], TokenIndex],
        cells: NDArray,
        theta_dt: NDArray,
        phi_wt: NDArray,
        arrays: tuple[NDArray, ...],
    ) -> None:
        super().__init__(index, cells, theta_dt, of_phi=True)
        self.phi_wt, self.arrays = phi_wt, arrays

    def add_to(self, stored: NDArray, phi_wt: NDArray, n_threads: int = 1) -> None:
        """Add them to counters of shape (n_tokens, width); ``phi_wt`` is that of the E-step."""
        index = self.index()
        self._add_left(index, index.tokens, phi_wt, self.arrays, stored, n_threads)

    def _add_left(
        self, index: TokenIndex, tokens: NDArray, phi_wt: NDArray, arrays: Any, out: NDArray, n_threads: int
    ) -> None:
        n_threads = worthwhile(n_threads, 4.0 * self.values.shape[0] * out.shape[1])
        interruptible.leave_out_words(
            tokens, index.starts, index.docs, index.order, self.values, self.rows, phi_wt, arrays, out,
            padded_zeros(n_threads, out.shape[1], out.dtype), n_threads,
        )  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        index = self.index()
        rows = padded_zeros(index.tokens.size, self.rows.shape[1], self.rows.dtype)
        prior, kinds, *others = self.arrays
        places = np.arange(index.tokens.size, dtype=np.int32)
        self._add_left(index, places, self.phi_wt[index.tokens], (prior, kinds[index.tokens], *others), rows, 1)
        return Counts.of_tokens, (index.tokens, rows, False)


def require_no_posterior(terms: Sequence[Bound[PosteriorTerm]], owner: str) -> None:
    """Raise if a term of p(t|d,w) may act: it would act on what the token itself has said."""
    names = [bound.name for bound in terms if bound.may_act]
    if names:
        msg = (
            f"{owner}: leave_one_out=True must be without regularizers of p(t|d,w). Got {names}; leave them out, or "
            "leave_one_out=False."
        )
        raise ValueError(msg)

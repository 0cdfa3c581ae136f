"""What goes into an E-step, and what comes out of it: values that can be pickled, and add up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._batches import Batch, TokenIndex
from skartm.em._padded import padded_zeros
from skartm.em._strength import NO_TERMS, Terms
from skartm.simplex import FLOOR


@dataclass(frozen=True)
class Shared:
    """What all E-steps of a pass share; online, what the E-step of one batch needs beside the batch.

    Attributes
    ----------
    phi_wt : array of shape (n_tokens, width)
        Padded.
    n_topics : int
    acting : Terms
        Terms of theta and of p(t|d,w) with their strengths at this step.
    topic_mass : array of shape (n_topics,) or None
        n_t, on any scale; None, and all zeros, stand for uniform.
    block_mass : array of shape (n_modalities, n_topics) or None
        Column sums that phi was divided by; None, and all zeros, before phi was made of counts.
    parameters : object
        What documents share beside phi, such as psi of their groups.
    scale : float
        Factor of the counts.
    in_phi : bool
        Whether phi was made of the documents themselves, as offline after the first pass. Online it was not, or of a
        faded part.
    """

    phi_wt: NDArray
    n_topics: int
    acting: Terms = NO_TERMS
    topic_mass: NDArray | None = None
    block_mass: NDArray | None = None
    parameters: Any = None
    scale: float = 1.0
    in_phi: bool = True


class Counts:
    """Expected counts of the tokens of a batch: n_wt += phi_wt * (R^T rows), or n_wt += R^T rows unless ``of_phi``.

    R has ``values`` at the places of an index. The product is made while it is added, so it is never in memory. A
    pickle has the product in its place, for the tokens that occur; added, it gives the same bits.

    Parameters
    ----------
    index : callable () -> TokenIndex
        Asked for when the counts are added, since inference does not need them.
    values : array of shape (nnz of the index,)
    rows : array of shape (n_rows, width)
        Padded.
    of_phi : bool
    """

    def __init__(self, index: Callable[[], TokenIndex], values: NDArray, rows: NDArray, *, of_phi: bool) -> None:
        self.index, self.values, self.rows, self.of_phi = index, values, rows, of_phi

    @classmethod
    def of_tokens(cls, tokens: NDArray, rows: NDArray, of_phi: bool, scale: float = 1.0) -> "Counts":
        """Counts of ascending tokens: ``scale`` times their rows."""
        values = np.full(tokens.size, scale, dtype=rows.dtype)
        return cls(partial(TokenIndex.of_rows, tokens), values, rows, of_phi=of_phi)

    @classmethod
    def of_ratios(cls, shared: Shared, batch: Batch, ratio: NDArray, theta_dt: NDArray) -> "Counts":
        """phi_wt sum_d r_dw theta_td, by the weights of the documents."""
        if batch.sample_weight is not None:
            ratio *= np.repeat(batch.sample_weight, batch.row_lengths).astype(ratio.dtype)
        if shared.scale != 1.0:
            ratio *= ratio.dtype.type(shared.scale)
        return cls(batch.token_index, ratio, theta_dt, of_phi=True)

    def add_to(self, stored: NDArray, phi_wt: NDArray, n_threads: int = 1) -> None:
        """Add them to counters of shape (n_tokens, width)."""
        index = self.index()
        self._add(index.tokens, index, stored, phi_wt if self.of_phi else None, n_threads)

    def _add(self, tokens: NDArray, index: TokenIndex, out: NDArray, phi_wt: NDArray | None, n_threads: int) -> None:
        n_threads = worthwhile(n_threads, float(self.values.size) * self.rows.shape[1])
        places, scratch = (index.starts, index.docs, index.order), padded_zeros(n_threads, out.shape[1], out.dtype)
        if phi_wt is None:
            interruptible.add_rows(tokens, *places, self.values, self.rows, out, scratch, n_threads)
        else:
            interruptible.accumulate(tokens, *places, self.values, self.rows, phi_wt, out, scratch, n_threads)

    def __reduce__(self) -> tuple[Any, ...]:
        index = self.index()
        rows = padded_zeros(index.tokens.size, self.rows.shape[1], self.rows.dtype)
        self._add(np.arange(index.tokens.size, dtype=np.int32), index, rows, None, 1)
        return Counts.of_tokens, (index.tokens, rows, self.of_phi)


@dataclass
class Expectation:
    """What a mixture says about a batch.

    Attributes
    ----------
    theta_dt : array of shape (n_docs, width)
        Padded.
    totals : array of shape (n_docs, 2 or 3)
        Log-likelihood and left-out mass of every document, unweighted; and the log-likelihood of every token by the
        others, if tokens are to be left out of their documents.
    counts : Counts
    """

    theta_dt: NDArray
    totals: NDArray
    counts: Counts


@dataclass
class Sums:
    """Sums over documents; those of two batches add up.

    Attributes
    ----------
    log_likelihood, mass, left_out : float
        sum of x ln p(w|d), tokens, and those without probability; by the weights of the documents.
    theta_zeros, n_docs : int
    n_samples : float
        Documents, or the sum of their weights.
    statistics : dict
        What terms of theta have observed, by their names.
    others_log_likelihood, others_mass : float
        sum of x ln p(w|d without it), where tokens are to be left out of their documents, and these tokens. Tokens
        without probability are charged ``FLOOR``.
    """

    log_likelihood: float = 0.0
    mass: float = 0.0
    left_out: float = 0.0
    theta_zeros: int = 0
    n_docs: int = 0
    n_samples: float = 0.0
    statistics: dict[str, Any] = field(default_factory=dict)
    others_log_likelihood: float = 0.0
    others_mass: float = 0.0

    @property
    def mean_log_likelihood(self) -> float:
        """Per token; tokens without probability are charged ``FLOOR``."""
        if self.mass == 0:
            return 0.0
        return (self.log_likelihood + self.left_out * float(np.log(FLOOR))) / self.mass

    def __add__(self, other: "Sums") -> "Sums":
        statistics = dict(self.statistics)
        for name, statistic in other.statistics.items():
            statistics[name] = statistics[name] + statistic if name in statistics else statistic
        return Sums(
            self.log_likelihood + other.log_likelihood,
            self.mass + other.mass,
            self.left_out + other.left_out,
            self.theta_zeros + other.theta_zeros,
            self.n_docs + other.n_docs,
            self.n_samples + other.n_samples,
            statistics,
            self.others_log_likelihood + other.others_log_likelihood,
            self.others_mass + other.others_mass,
        )


@dataclass
class Seen:
    """What the E-step of a batch gives: ``counts`` and ``sums`` add up over batches, ``theta_dt`` is its own."""

    counts: Counts
    sums: Sums
    theta_dt: NDArray


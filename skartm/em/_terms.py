"""Terms: what the engine asks of a bound regularizer, with the defaults of a simple one."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Term:
    """What all terms have.

    Attributes
    ----------
    learned : mapping of arrays
        What the regularizer learns with the model; it is replaced, and never changed in place.
    prior : array or None
        What a model publishes of a term that is a prior of its own.
    """

    learned: Mapping[str, Any] = _NOTHING
    prior: NDArray | None = None


class PhiTerm(Term):
    """A regularizer R(phi, n_wt), bound to a layout; tau, schedule and relative strength are the engine's.

    ``n_wt`` are the new counters, ``phi_wt`` is the old phi; both of shape (n_tokens, n_topics). Whatever R takes from
    the counters is a constant of the M-step.

    Attributes
    ----------
    topics : array of int
        Regularised topics.
    learned : dict of arrays
        What the regularizer learns with the model (see ``learn``); a fit that goes on gives it back.
    """

    topics: NDArray

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        """R at tau = 1."""
        raise NotImplementedError

    def constant(self) -> NDArray | None:
        """phi * dR/dphi at tau = 1, of shape (n_tokens,), if it is constant, the same for all topics, not negative.

        Where all terms are, the M-step is one compiled loop, and online it is needed only for the tokens of a batch.
        """
        return None

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        """Add phi * dR/dphi at tau = 1 to ``out`` of shape (n_tokens, n_topics)."""
        constant = self.constant()
        if constant is None:
            raise NotImplementedError
        out += constant[:, None].astype(out.dtype)

    def learn(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """Update own parameters, once an M-step, before ``add_term``."""


@dataclass(frozen=True)
class Documents:
    """Which documents a theta term is asked about.

    Attributes
    ----------
    start : int
        Place of the first among the documents of the fit.
    mass : array of shape (n_docs,)
        Tokens of the documents, n_d.
    sample_weight : array of shape (n_docs,) or None
    rows : tuple of arrays
        What the term knows of the documents: their rows of :meth:`ThetaTerm.of_documents`.
    """

    start: int
    mass: NDArray
    sample_weight: NDArray | None = None
    rows: tuple[NDArray, ...] = ()

    @property
    def n_docs(self) -> int:
        return self.mass.size

    @property
    def weights(self) -> NDArray:
        """Their weights, ones without any."""
        return np.ones(self.n_docs) if self.sample_weight is None else self.sample_weight

    @property
    def places(self) -> slice:
        return slice(self.start, self.start + self.n_docs)

    def part(self, start: int, stop: int) -> "Documents":
        """Some of them, counted from the first."""
        weight = None if self.sample_weight is None else self.sample_weight[start:stop]
        rows = tuple(array[start:stop] for array in self.rows)
        return Documents(self.start + start, self.mass[start:stop], weight, rows)


class RowStatistic:
    """Rows of some documents as a statistic: a sum has the rows of both, in the order of the documents.

    Attributes
    ----------
    parts : sequence of (int, arrays)
        The place of the first document of a batch, and arrays with a row for each document of the batch.
    """

    def __init__(self, parts: Sequence[tuple[int, tuple[NDArray, ...]]]) -> None:
        self.parts = list(parts)

    @classmethod
    def of(cls, documents: Documents, *arrays: NDArray) -> "RowStatistic":
        """The rows of the documents of one batch."""
        return cls([(documents.start, arrays)])

    def __add__(self, other: "RowStatistic") -> "RowStatistic":
        return RowStatistic(self.parts + other.parts)

    @property
    def arrays(self) -> list[NDArray]:
        """The places of the documents, ascending, and each of the arrays with the rows of all of them."""
        parts = sorted(self.parts, key=lambda part: part[0])
        rows = [(np.arange(start, start + len(arrays[0])), *arrays) for start, arrays in parts]
        return [np.concatenate(column) for column in zip(*rows, strict=True)]


class ThetaTerm(Term):
    """A regularizer R(theta), bound to a layout.

    A term that does not depend on theta, on the document or on the inner pass gives ``constant()`` and runs inside the
    compiled loop; any other gives None there and ``add_term``, which runs between inner passes.

    Attributes
    ----------
    topics : array of int
        Regularised topics.
    learned : dict of arrays
        What the regularizer learns with the model (see ``finish``); ``transform`` and a fit that goes on get it back.
    """

    topics: NDArray
    per_document: tuple[str, ...] = ()  # attributes that speak of single documents

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        """R at tau = 1 of the given documents, theta of shape (n_docs, n_topics)."""
        raise NotImplementedError

    def of_documents(self) -> tuple[NDArray, ...]:
        """What the term knows of single documents of the fit, as it is in this pass: arrays with a row for each.

        A batch brings the rows of its own documents. So an E-step needs no others, and ``without_documents`` is what
        it shares with those of other batches.
        """
        return ()

    def without_documents(self) -> "ThetaTerm":
        """A copy without what it knows of single documents; a term that knows nothing of them is its own."""
        if not self.per_document:
            return self
        other = copy.copy(self)
        for name in self.per_document:
            setattr(other, name, None)
        return other

    def rows_of(self, documents: Documents) -> tuple[NDArray, ...]:
        """The rows of some documents: those that come with them, or else the term's own."""
        return documents.rows or tuple(array[documents.places] for array in self.of_documents())

    def constant(self) -> NDArray | None:
        """theta * dR/dtheta at tau = 1, of shape (n_topics,), if it is constant."""
        return None

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        """Add theta * dR/dtheta at tau = 1 to ``out``; all of shape (n_docs, n_topics), n_dt the unnormalised counts.

        A row of ``out`` depends on its own document and on what was learned only.
        """
        constant = self.constant()
        if constant is None:
            raise NotImplementedError
        out += constant

    def observe(self, theta_dt: NDArray, documents: Documents) -> Any:
        """What the term wants to know of the final theta of a batch; by default the value R.

        The result is a statistic: the engine adds up those of all batches by ``+``, in any order. The term itself stays
        as it is, and nothing in a statistic may refer to the memory of ``theta_dt``. :class:`RowStatistic` keeps rows.
        """
        return self.value(theta_dt, documents)

    def finish(self, statistic: Any, rho: float) -> float:
        """End a pass: learn from the sum of the statistics, with weight ``rho`` against the past, and return R.

        It is not called after a pass in which no document was observed.
        """
        return float(statistic)


class PosteriorTerm(Term):
    """A post-processing of p(t|d,w), which is a regularizer of the E-step.

    By the theorem of Vorontsov (2023), to put p~ in place of p in both formulas of the M-step is to add
    R = sum_dw n_dw sum_t (p~_tdw - p_tdw) ln p_tdw; so with a strength tau the engine puts p + tau (p~ - p).
    """

    needs_order: bool = False

    def apply(self, p_it: NDArray, tokens: NDArray, counts: NDArray) -> NDArray:
        """p~ of the entries of a document, or, unless ``needs_order``, of many documents: (entries, n_topics).

        Rows sum to 1. What a row becomes depends on its own document only, without ``needs_order`` on the row only.

        Parameters
        ----------
        p_it : array of shape (n_entries, n_topics)
            p(t|d,w_i) of the entries of the document's row, in their order; zeros where no topic has the token.
        tokens, counts : arrays of shape (n_entries,)
            Columns, and counts times the weights of modalities.
        """
        raise NotImplementedError

    def apply_stacked(self, p_it: NDArray, tokens: NDArray, counts: NDArray, lengths: NDArray) -> NDArray:
        """``apply`` of documents one below the other; ``lengths`` has their numbers of entries.

        Terms that need the order may do this faster than document by document.
        """
        if not self.needs_order:
            return self.apply(p_it, tokens, counts)
        out = np.empty_like(p_it)
        stop = 0
        for length in lengths:
            start, stop = stop, stop + int(length)
            out[start:stop] = self.apply(p_it[start:stop], tokens[start:stop], counts[start:stop])
        return out

"""Counts of the windows of text in which tokens, and pairs of tokens, occur."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from skartm.base import _interruptible_texts as interruptible
from skartm.base._order import has_token_order
from skartm.metrics.coherences._cooccurrence import Cooccurrence

COUNTINGS = ("exact", "gensim")


def check_token_order(X: Any, window: int) -> bool:
    """Return whether rows of ``X`` are in the order of a text; raise if they are not and ``window`` needs it.

    A text is a row with an entry of value 1 for each token, and some row of a matrix of texts is not sorted or repeats
    a token. Without order documents can be counted if the window is at least as long as any: they are the windows.

    Raises
    ------
    ValueError
        If a document is longer than the window and ``X`` is not in token order.
    """
    data = X.data[: X.indptr[-1]]
    counts = data[(data != 1) & (data != 0)]
    if not len(counts) and has_token_order(X):
        return True
    longest = _longest_document(X)
    if window < longest:
        got = f"the value {counts[0]:g}" if len(counts) else "sorted rows"
        got += f", and a row of {longest:g} tokens" if np.isfinite(longest) else ""
        raise ValueError(
            "X must have its rows in the order of the text, an entry of value 1 for each token, to be counted in "
            f"windows of {window} tokens. Got {got}; make X with "
            "skartm.feature_extraction.SequenceVectorizer, pass lists of tokens (to a scorer as reference=), or count "
            'whole documents, which is another measure, with window="document".'
        )
    return False


def window_cooccurrence(
    X: Any,
    columns: NDArray[np.intp],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    window: int,
    counting: str = "exact",
) -> Cooccurrence:
    """Count the windows of ``window`` neighbouring tokens in which given columns, and given pairs of them, occur.

    A window moves over a document token by token, so a document of ``n`` tokens has ``n - window + 1`` windows, and one
    if it is not longer than the window, be it empty.

    Parameters
    ----------
    X : CSR of shape (n_docs, n_features)
        Every row is read as a text: one positive entry is one token. Neither copied nor modified.
    columns : ndarray of int
        Columns to count, in [0, n_features), in any order and repeated or not.
    left, right : ndarray of int of shape (n_pairs,)
        Those of the pairs to count, ``left[k] != right[k]``.
    window : int
        Number of tokens in a window, at least 1.
    counting : {"exact", "gensim"}, default="exact"
        Whether a window counts when it has the tokens, or when gensim says so: there a token is taken as gone when one
        of its occurrences leaves the window, until it enters the next time.

    Returns
    -------
    cooccurrence : Cooccurrence
        Counts over the windows. Pairs that were not asked for have the count 0.
    """
    indptr, indices = _tokens(X)
    columns = np.unique(columns)
    n_slots, lengths = len(columns), np.diff(indptr)
    longest = int(lengths.max(initial=0))
    window = min(int(window), max(longest, 1))  # a longer one sees the same
    slot_of = np.full(X.shape[1], -1, dtype=np.int32)
    slot_of[columns] = np.arange(n_slots, dtype=np.int32)
    # each pair in both directions, without repetition
    one, other = slot_of[left].astype(np.int64), slot_of[right].astype(np.int64)
    pairs = np.unique(np.concatenate([one * n_slots + other, other * n_slots + one]))
    partners = (pairs % max(n_slots, 1)).astype(np.int32)
    partner_indptr = np.searchsorted(pairs, np.arange(n_slots + 1, dtype=np.int64) * n_slots).astype(np.int64)
    single, joint = np.zeros(n_slots, dtype=np.int64), np.zeros(len(pairs), dtype=np.int64)
    intervals = np.empty((longest, 4), dtype=np.int64)
    by_slot = np.full((3, n_slots), -1, dtype=np.int64)
    interruptible.count_windows(
        indptr, indices, slot_of, partner_indptr, partners, window, intervals, by_slot, single, joint,
        gensim=counting == "gensim",
    )  # fmt: skip
    shares = csr_array((joint, partners, partner_indptr), shape=(n_slots, n_slots))
    n_windows = int(np.maximum(lengths - window + 1, 1).sum())
    return Cooccurrence(n_windows, columns, single, (shares + shares.T).tocsr())


def document_cooccurrence(
    X: Any, columns: NDArray[np.intp], left: NDArray[np.intp], right: NDArray[np.intp]
) -> Cooccurrence:
    """Count the rows of ``X`` in which given columns, and given pairs of them, have a positive entry.

    Equivalent to ``B = X.toarray() > 0; n_single = B.sum(axis=0); n_joint = B.T @ B``: a row is one window.
    A column listed several times in a row counts once, so a row may hold the tokens in the order of the text.

    Parameters
    ----------
    X : CSR of shape (n_docs, n_features), non-negative counts
        Canonical or not; neither copied nor modified.
    columns : ndarray of int
        Columns to count, in [0, n_features), in any order and repeated or not.
    left, right : ndarray of int of shape (n_pairs,)
        Those of the pairs to count, ``left[k] != right[k]``.

    Returns
    -------
    cooccurrence : Cooccurrence
        Counts over the documents. Pairs that were not asked for have the count 0.
    """
    return window_cooccurrence(X, columns, left, right, np.iinfo(np.int64).max)


def _tokens(X: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return row pointers and column indices of the positive entries, in their order."""
    indptr, indices = np.asarray(X.indptr, dtype=np.int64), np.asarray(X.indices[: X.indptr[-1]])
    present = X.data[: X.indptr[-1]] > 0
    if not present.all():
        indptr = np.concatenate([[0], np.cumsum(present)])[indptr]
        indices = indices[present]
    return indptr, indices


def _longest_document(X: Any) -> float:
    """Return the number of tokens of the longest row, infinity if the entries are not counts."""
    data = X.data[: X.indptr[-1]]
    if data.dtype.kind == "f" and (data != np.floor(data)).any():
        return np.inf
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))  # not X.sum, which may sort X
    return float(np.bincount(rows, weights=data).max(initial=0))

"""The order of the text in a CSR matrix: kept beside it, given back after scipy has sorted it, refused once it is gone.

A row of such a matrix is a text: ``indices`` are its tokens one after the other, a token as often as it occurs. scipy
sorts and sums the entries of a matrix in place whenever a method needs it (``X.sum()``, ``X.max()``, ``X > 0``). So the
matrices that we make carry a copy of their order as an attribute of the object, which no method of scipy touches, and
everything that reads the order asks ``token_order`` for it. Objects that scipy derives (slices, copies, stacks) have
their entries as they were, but not the attribute; of them ``token_order`` believes what can be told by looking.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_KEPT = "_token_order"  # attribute (indptr, tokens, values or None for ones): arrays, so that pickles need no skartm
_BLOCK = 2**21  # entries that are looked at together
_LONG = 8  # so many different tokens in ascending order are no text, but for one in 40,320 by chance
_FEW = 0.1  # the share of long rows that may be in ascending order all the same: lists of names, say


def token_order(X: Any, owner: str = "token_order") -> Any:
    """Return a matrix whose rows are texts: ``X`` itself, or a new one if scipy has sorted ``X`` in the meantime.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Token sequences, as :class:`~skartm.feature_extraction.SequenceVectorizer` makes them. Never modified.
    owner : str
        Who asks; named in errors.

    Returns
    -------
    CSR matrix of the kind and the shape of ``X``
        ``indices`` of a row are the tokens in the order of the text.

    Raises
    ------
    TypeError
        If ``X`` is not a CSR matrix; other formats have no order.
    ValueError
        If the order is gone.
    """
    if not is_csr(X):
        msg = f"{owner}: X must be a CSR matrix, whose rows can have the order of the text. Got {type(X).__name__}."
        raise TypeError(msg)
    X = restore_order(X)
    if not is_known(X) and (what := _examine(X).lost()):
        msg = (
            f"{owner}: X must keep the order of the text in its rows. Got {what}; make X by SequenceVectorizer and let "
            "scipy sort a copy only (X.max, X > 0, sum_duplicates), or say that texts are so: keep_token_order(X)."
        )
        raise ValueError(msg)
    return X


def has_token_order(X: Any) -> bool:
    """Whether ``token_order`` has an order to return, and not only rows in which none can be seen."""
    if not is_csr(X):
        return False
    X = restore_order(X)
    if is_known(X):
        return bool(X.indptr[-1] > 0)
    rows = _examine(X)
    return not rows.lost() and (rows.falls or rows.repeats)


def keep_order(X: Any) -> Any:
    """Keep a copy of the order beside ``X``, whose rows are texts, and return ``X``."""
    n = int(X.indptr[-1])
    tokens, values = X.indices[:n], X.data[:n]
    if tokens.flags.writeable:
        tokens = tokens.astype(np.min_scalar_type(max(X.shape[1] - 1, 0)))
    is_plain = all(bool((values[part] == 1).all()) for part in _blocks_of(n))
    kept = X.indptr.copy(), tokens, None if is_plain else values.copy()
    for array in kept:
        if array is not None and array.flags.owndata:
            array.flags.writeable = False
    setattr(X, _KEPT, kept)
    return X


def carry_order(source: Any, target: Any) -> Any:
    """Give ``target``, which has the entries of ``source``, the order that is kept beside it; return ``target``."""
    if (kept := _kept(source)) is not None and target is not source:
        setattr(target, _KEPT, kept)
    return target


def restore_order(X: Any) -> Any:
    """Return ``X``, or a new matrix if its order was kept and scipy has sorted it since; nothing is refused."""
    kept = _kept(X) if is_csr(X) else None
    if kept is None or is_known(X) or _examine(X).falls:  # somebody has put other texts in
        return X
    indptr, tokens, values = kept
    text = type(X)(X.shape, dtype=X.dtype)
    text.indptr, text.indices = indptr.astype(X.indptr.dtype), tokens.astype(X.indices.dtype)
    text.data = np.ones(tokens.size, dtype=X.dtype) if values is None else values.astype(X.dtype)
    return carry_order(X, text) if _have_equal_counts(X, text) else X


def is_known(X: Any) -> bool:
    """Whether an order is kept beside ``X``, and its entries stand like that; values do not matter."""
    kept = _kept(X)
    if kept is None or not np.array_equal(kept[0], X.indptr):
        return False
    tokens, indices = kept[1], X.indices
    return tokens.size == X.indptr[-1] and all(
        bool((tokens[part] == indices[part]).all()) for part in _blocks_of(tokens.size)
    )


def is_csr(X: Any) -> bool:
    """Whether ``X`` is a CSR matrix or array of two dimensions."""
    return sparse.issparse(X) and getattr(X, "format", None) == "csr" and len(getattr(X, "shape", ())) == 2


def reads_order(estimator: Any) -> bool:
    """Whether rows of X are texts for an estimator: it says so by ``_reads_order``."""
    return hasattr(estimator, "_reads_order") and bool(estimator._reads_order())


def _kept(X: Any) -> tuple[NDArray, NDArray, NDArray | None] | None:
    """What is kept beside ``X``, if it is of a matrix with as many rows."""
    kept = getattr(X, _KEPT, None)
    return kept if kept is not None and kept[0].size == X.indptr.size else None


def _blocks_of(n: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK, n)) for start in range(0, n, _BLOCK))


@dataclass
class _Rows:
    """What the rows of a matrix look like."""

    falls: bool = False  # some token is followed by one of a smaller column
    rises: bool = False  # some token is followed by one of a larger column
    repeats: bool = False  # some token is followed by itself
    recurs: bool = False  # some token is in a row twice; looked for only if there are values above 1
    counts: bool = False  # values are whole, and some above 1
    n_long: int = 0
    n_long_sorted: int = 0

    def lost(self) -> str:
        """Why the rows cannot be texts; empty if they can."""
        if self.rises and not self.falls:
            return "rows that are all sorted"
        if self.counts and not self.recurs:
            return "values above 1 and no token twice in a row, which are counts"
        if self.n_long_sorted > _FEW * self.n_long:
            return f"rows that are sorted, {self.n_long_sorted} of the {self.n_long} long ones, beside others"
        return ""


def _examine(X: Any) -> _Rows:
    """Look at all rows, some at a time, so that a matrix on disk stays there."""
    found, n_rows = _Rows(), X.indptr.size - 1
    ones = all(bool((X.data[part] == 1).all()) for part in _blocks_of(int(X.indptr[-1])))
    found.counts = not ones and _has_counts(X)
    pointers, start = X.indptr.astype(np.int64, copy=False), 0  # those of 16 bits could not be added to
    while start < n_rows:
        stop = int(np.searchsorted(pointers, pointers[start] + _BLOCK, side="right")) - 1
        stop = max(stop, start + 1)
        indptr = X.indptr[start : stop + 1].astype(np.int64)
        entries = slice(int(indptr[0]), int(indptr[-1]))
        indptr, tokens = indptr - indptr[0], X.indices[entries]
        if not ones and not (there := X.data[entries] != 0).all():
            indptr, tokens = np.concatenate([[0], np.cumsum(there)])[indptr], tokens[there]
        _look_at(indptr, tokens, found)
        start = stop
    return found


def _has_counts(X: Any) -> bool:
    """Whether all values are whole, and some above 1."""
    above = False
    for part in _blocks_of(int(X.indptr[-1])):
        values = X.data[part]
        if values.dtype.kind == "f" and not bool((values == np.floor(values)).all()):
            return False
        above = above or bool((values > 1).any())
    return above


def _look_at(indptr: NDArray, tokens: NDArray, found: _Rows) -> None:
    if tokens.size == 0:
        return
    # of every entry: whether a smaller, or a larger, one comes before it in its row
    falls, rises = np.zeros((2, tokens.size + 1), dtype=bool)
    np.less(tokens[1:], tokens[:-1], out=falls[1:-1])
    np.greater(tokens[1:], tokens[:-1], out=rises[1:-1])
    falls[indptr], rises[indptr] = False, False
    n_falls, n_rises = _sums(falls, indptr), _sums(rises, indptr)
    n_inside = tokens.size - np.count_nonzero(np.diff(indptr))
    long = n_falls + n_rises >= _LONG - 1
    found.falls = found.falls or bool(n_falls.any())
    found.rises = found.rises or bool(n_rises.any())
    found.repeats = found.repeats or bool(n_inside > n_falls.sum() + n_rises.sum())
    found.n_long += int(np.count_nonzero(long))
    found.n_long_sorted += int(np.count_nonzero(long & (n_falls == 0)))
    if found.counts and not found.recurs:
        rows = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
        order = np.lexsort((tokens, rows))
        rows, tokens = rows[order], tokens[order]
        found.recurs = bool(((rows[1:] == rows[:-1]) & (tokens[1:] == tokens[:-1])).any())


def _sums(marks: NDArray, indptr: NDArray) -> NDArray:
    """How many entries of every row are marked."""
    before = np.cumsum(marks, dtype=np.int32)  # the first entry of a row is not marked
    return before[np.maximum(indptr[1:] - 1, 0)] - before[np.maximum(indptr[:-1] - 1, 0)]


def _have_equal_counts(X: Any, other: Any) -> bool:
    """Whether repeated tokens add up to the same matrix; sums of weights may differ by rounding."""
    (*places, sums), (*other_places, other_sums) = _counts(X), _counts(other)
    same = all(np.array_equal(one, two) for one, two in zip(places, other_places, strict=True))
    return same and np.allclose(sums, other_sums, rtol=1e-5, atol=0)


def _counts(X: Any) -> tuple[NDArray, NDArray, NDArray]:
    """Rows, tokens and sums of the entries that are not 0 after repeated tokens are added up, sorted."""
    n = int(X.indptr[-1])
    rows, tokens = np.repeat(np.arange(X.indptr.size - 1), np.diff(X.indptr)), X.indices[:n]
    order = np.lexsort((tokens, rows))
    rows, tokens, values = rows[order], tokens[order], X.data[:n][order].astype(np.float64)
    first = np.ones(n, dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (tokens[1:] != tokens[:-1])
    sums = np.add.reduceat(values, np.flatnonzero(first)) if n else values
    there = sums != 0
    return rows[first][there], tokens[first][there], sums[there]

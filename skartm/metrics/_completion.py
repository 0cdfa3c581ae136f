"""Document completion: the two halves of every document, and what is said of documents that have no halves."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base import _order
from skartm.base._caller import warn
from skartm.base._data import check_csr
from skartm.exceptions import LeftOutDocumentsWarning

# The smallest float32 above which there are no fractions: a row of such numbers alone may be real-valued data that were
# scaled, and is split by cells. Documents do not have every token eight million times.
_NO_FRACTIONS = 2.0**23

_SAID: ContextVar[bool] = ContextVar("skartm_left_out_documents_were_said", default=False)


def completion_split(X: Any, *, keep_order: bool = False) -> tuple[Any, Any]:
    """Split every document into two halves: counts token by token, other numbers cell by cell.

    Tokens are numbered along the columns of a row: the 1st, 3rd, 5th, ... are observed, the 2nd, 4th, ... are held
    out, so that a token that occurs three times is split as well. A row with a fraction in it (tf-idf, rows normalised
    to 1) has no tokens to be numbered. There the cells, its positive entries, are numbered, and a cell goes to one half
    as a whole. The split of a row depends on nothing but the row, and that of a row of fractions not on its scale.

    A document of one token, or of fractions in one cell, cannot be split: it is observed, nothing of it is held out,
    and no score counts it.

    Parameters
    ----------
    X : sparse matrix of shape (n_docs, n_tokens)
    keep_order : bool, default=False
        Whether rows are texts, tokens in their order, which the halves shall keep. The counts are split alike.

    Returns
    -------
    observed, held_out : CSR matrices of the shape of X that sum to X

    Raises
    ------
    ValueError
        If there are documents with tokens, and none can be split.

    Warns
    -----
    LeftOutDocumentsWarning
        If documents with tokens cannot be split; it says how many.

    Notes
    -----
    A row is split by tokens if all its entries are integers, and not all of them 2**23 or more, where float32 has no
    fractions any more.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> from skartm.metrics import completion_split
    >>> observed, held_out = completion_split(csr_matrix([[3, 0, 1, 2]]))
    >>> observed.toarray(), held_out.toarray()
    (array([[2., 0., 0., 1.]]), array([[1., 0., 1., 1.]]))
    >>> observed, held_out = completion_split(csr_matrix([[0.5, 0, 0.25, 0.25]]))
    >>> observed.toarray(), held_out.toarray()
    (array([[0.5 , 0.  , 0.  , 0.25]]), array([[0.  , 0.  , 0.25, 0.  ]]))
    """
    X = _order.carry_order(X, check_csr(X, "completion_split"))
    X = _order.restore_order(X) if keep_order else X
    is_text = keep_order and _order.is_known(X)
    X = sparse.csr_matrix(X, dtype=np.float64, copy=True)
    if not keep_order:
        X.sum_duplicates()
    cells = _cells(X)
    by_cells = _has_fractions(cells, X.shape[0])
    part = np.where(by_cells[cells.row], 0.0, X.data[cells.entries])  # what is numbered by tokens
    ends = np.concatenate([[0.0], np.cumsum(part)])
    row_start = ends[X.indptr[:-1]][cells.row]
    shares = np.clip(_observed(ends[1:] - row_start) - _observed(ends[:-1] - row_start), 0, part)
    shares[cells.is_even & by_cells[cells.row]] = np.inf  # the whole cell
    observed, held_out = X.copy(), X.copy()
    observed.data[cells.entries] = np.minimum(shares, X.data[cells.entries])
    held_out.data = X.data - observed.data
    for half in (observed, held_out):
        half.eliminate_zeros()
        if is_text:
            _order.keep_order(half)
    has_tokens = np.diff(observed.indptr) > 0
    n_docs, n_left_out = int(has_tokens.sum()), int((has_tokens & (np.diff(held_out.indptr) == 0)).sum())
    tally = _TALLY.get()
    if tally is None:
        _check_left_out(n_left_out, n_docs)
    else:
        tally.n_left_out, tally.n_docs = tally.n_left_out + n_left_out, tally.n_docs + n_docs
    return observed, held_out


@dataclass
class _Tally:
    """Documents with tokens, of the parts of X that were split so far, and those of one token."""

    n_left_out: int = 0
    n_docs: int = 0


_TALLY: ContextVar[_Tally | None] = ContextVar("skartm_tally_of_parts", default=None)


@contextmanager
def in_parts() -> Iterator[None]:
    """Within it X is split part by part: what cannot be split is said, or refused, of all parts together at the end."""
    tally = _Tally()
    token = _TALLY.set(tally)
    try:
        yield
    finally:
        _TALLY.reset(token)
    _check_left_out(tally.n_left_out, tally.n_docs)


def _check_left_out(n_left_out: int, n_docs: int) -> None:
    if 0 < n_docs == n_left_out:
        raise ValueError(
            "X must have a document of two tokens or more to be scored by document completion, one to be observed and "
            f"one to be held out. Got {n_docs} documents of one token; score longer documents, or all tokens given "
            "themselves: evaluation='fold_in', or skartm.metrics.perplexity."
        )
    say_left_out(n_left_out, n_docs)


class _Cells(NamedTuple):
    """The entries of a CSR along the columns of its rows, and the cells that they add up to.

    Attributes
    ----------
    entries : array of int
        Places of the entries.
    row : array of int
        Of each entry.
    value : array
        The cell of each entry: the sum of the entries of its column.
    is_even : array of bool
        Whether positive cells that stand before it in its row are even in number.
    """

    entries: NDArray[np.int64]
    row: NDArray[np.int64]
    value: NDArray[np.float64]
    is_even: NDArray[np.bool_]


def _cells(X: Any) -> _Cells:
    lengths = np.diff(X.indptr)
    row = np.repeat(np.arange(lengths.size), lengths)
    entries = np.arange(X.nnz) if X.has_canonical_format else np.lexsort((X.indices, row))
    columns = X.indices[entries]
    is_first = np.ones(X.nnz, dtype=bool)
    is_first[1:] = (np.diff(row) != 0) | (np.diff(columns) != 0)
    cell = np.cumsum(is_first) - 1
    value = np.bincount(cell, weights=X.data[entries], minlength=0)
    before = np.concatenate([[0], np.cumsum(value > 0)])
    start_of_row = np.concatenate([cell, [value.size]])[X.indptr[:-1]]  # the first cell of each row
    number = before[:-1] - before[start_of_row][row[is_first]]
    return _Cells(entries, row, value[cell], (number % 2 == 0)[cell])


def _has_fractions(cells: _Cells, n_rows: int) -> NDArray[np.bool_]:
    """Which rows are not counts."""
    fractions = np.zeros(n_rows, dtype=bool)
    fractions[cells.row[cells.value != np.floor(cells.value)]] = True
    small = np.ones(n_rows, dtype=bool)
    small[cells.row] = False
    small[cells.row[(cells.value > 0) & (cells.value < _NO_FRACTIONS)]] = True
    return fractions | ~small


def _observed(number: NDArray) -> NDArray:
    """Observed part of the first ``number`` tokens."""
    pairs = np.floor(number / 2)
    return pairs + np.minimum(number - 2 * pairs, 1)


def say_left_out(n_left_out: int, n_docs: int, *, whole: str = "document", part: str = "token") -> None:
    """Warn of documents with tokens that cannot be split, unless there are none or it was said before."""
    if n_left_out and not _SAID.get():
        warn(
            f"{n_left_out} of {n_docs} {whole}s have one {part} only. They cannot be split into an observed and a "
            "held-out half, so no score counts them.",
            LeftOutDocumentsWarning,
        )


@contextmanager
def said_before(said: bool = True) -> Iterator[None]:
    """Say nothing of documents that are left out, where the same call has said so."""
    token = _SAID.set(said or _SAID.get())
    try:
        yield
    finally:
        _SAID.reset(token)

"""Which tokens occur together, in documents or within a distance in the text."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, issparse, vstack

from skartm._kernels import max_threads, transpose_index
from skartm.base import _interruptible_texts as interruptible
from skartm.base import shown
from skartm.base._data import check_matrix
from skartm.base._order import carry_order, token_order
from skartm.base._sparse import csr_of

# Multiply-adds of a block of the product, which bound its memory.
_BLOCK = 1 << 25


def cooccurrence(
    X: Any,
    *,
    window: int | None = None,
    measure: str = "ppmi",
    min_count: float = 1,
    n_top: int | None = None,
) -> csr_array:
    r"""Count in how many documents, or how often within a distance, two tokens occur together.

    With counts :math:`n_{uv}` the measure "ppmi" is the positive pointwise mutual information [1]_

    .. math:: C_{uv} = \Bigl(\ln \frac{n_{uv}\, n}{n_u n_v}\Bigr)_+

    where n is the number of documents and :math:`n_u` that of those with u; or, with a window, :math:`n_u = \sum_v
    n_{uv}` and :math:`n = \sum_u n_u`. "npmi" divides it by :math:`-\ln (n_{uv} / n)`, so that it is at most 1 and rare
    pairs do not win.

    Parameters
    ----------
    X : array-like or sparse of shape (n_docs, n_tokens), non-negative counts
        With a window CSR, a row of which is the text: its ``indices`` are the tokens in their order.
    window : int, default=None
        Count pairs of places of the text at most so far apart: 1 is neighbours. None counts documents with both tokens.
    measure : {"ppmi", "npmi", "count"}, default="ppmi"
        "count": :math:`n_{uv}` itself.
    min_count : float, default=1
        Pairs with smaller counts are left out. Rare pairs have the largest mutual information, by chance.
    n_top : int, default=None
        Keep a pair if it is among so many largest of one of its two tokens; of equal ones, those of smaller columns.

    Returns
    -------
    csr_array of shape (n_tokens, n_tokens), float64
        Symmetric, with zeros on the diagonal.

    References
    ----------
    .. [1] K. Church, P. Hanks. "Word association norms, mutual information, and lexicography." Computational
       Linguistics 16, 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import cooccurrence
    >>> peps = load_peps()
    >>> nearby = cooccurrence(peps.data, window=5, min_count=50)
    >>> lock = nearby[[peps.feature_names.tolist().index("lock")]]
    >>> [str(peps.feature_names[column]) for column in lock.indices[np.argsort(-lock.data)[:5]]]
    ['acquire', 'global', 'files', 'thread', 'release']
    """
    _check("window", window)
    _check("n_top", n_top)
    if measure not in ("ppmi", "npmi", "count"):
        msg = f"The 'measure' parameter of cooccurrence must be 'ppmi', 'npmi' or 'count'. Got {shown(measure)}."
        raise ValueError(msg)
    if not isinstance(min_count, Real) or not min_count > 0:
        msg = f"The 'min_count' parameter of cooccurrence must be a number above 0. Got {shown(min_count)}."
        raise ValueError(msg)
    X = carry_order(X, check_matrix(X, "X", accept_sparse=True))
    if window is None and n_top is None:
        return _of_documents(X, measure, min_count, n_top)
    if window is None:
        return _symmetric(_nearest(_presence(X), measure, min_count, min(int(n_top or 1), X.shape[1])))
    text = _text(X)
    counts = _within(text.indices, text.indptr, X.shape[1], window)
    single = counts.sum(axis=1)
    pairs = _measured(counts, single, single, float(single.sum()), measure, min_count)
    return _symmetric(_largest(pairs, n_top))


def _check(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, Integral) or isinstance(value, bool) or value < 1):
        msg = f"The {name!r} parameter of cooccurrence must be None or an integer, at least 1. Got {shown(value)}."
        raise ValueError(msg)


def _of_documents(X: Any, measure: str, min_count: float, n_top: int | None) -> csr_array:
    """Blocks of rows of B^T B, with B = (X > 0); of each only the pairs that are kept remain in memory."""
    present = _presence(X)
    single = np.asarray(present.sum(axis=0))  # documents with a token
    columns = csr_array(present.T)  # (W, D)
    # products that a row of the result takes: entries of all documents that the token is in
    work = np.cumsum(columns @ np.diff(present.indptr).astype(np.float64))
    edges = np.searchsorted(work, np.arange(0.0, work[-1] if work.size else 0.0, _BLOCK)[1:])
    blocks = []
    for start, stop in zip([0, *edges], [*edges, columns.shape[0]], strict=True):
        if stop > start:
            pairs = _without_diagonal(csr_array(columns[start:stop] @ present), start)
            pairs = _measured(pairs, single[start:stop], single, X.shape[0], measure, min_count)
            blocks.append(_largest(pairs, n_top))
    return _symmetric(csr_array(vstack(blocks)))


def _presence(X: Any) -> csr_array:
    """1 where a document has a token; sorted, without zeros."""
    given: Any = X if issparse(X) else csr_of(X)
    present = csr_array(given, copy=True)
    present.sum_duplicates()
    present.data = (present.data > 0).astype(np.float64)
    present.eliminate_zeros()
    return present


def _nearest(present: csr_array, measure: str, min_count: float, n_top: int) -> csr_array:
    """The n_top largest entries of every row, without the others ever being in memory."""
    n_docs, n_tokens = present.shape
    indptr, indices = present.indptr.astype(np.int64), present.indices.astype(np.int32)
    ends, docs, order = np.empty(n_tokens, np.int64), np.empty(indices.size, np.int32), np.empty(indices.size, np.int32)
    transpose_index(indptr, indices, ends, docs, order)
    common = np.arange(n_docs + 1, dtype=np.float64)
    single, joint, scale = np.zeros(n_tokens), common, np.ones(n_docs + 1)
    if measure != "count":
        logs = np.log(np.maximum(common, 1))
        single, joint = logs[np.diff(ends, prepend=0)], logs + logs[-1]
    if measure == "npmi":  # a pair that is in every document says nothing: 0 / 0
        surprise = logs[-1] - logs
        scale = np.divide(1.0, surprise, out=np.zeros_like(surprise), where=surprise > 0)
    values, columns = np.zeros((n_tokens, n_top)), np.zeros((n_tokens, n_top), np.int32)
    found, n_threads = np.zeros(n_tokens, np.int32), max_threads()
    scratch = np.zeros((n_threads, 2 * n_tokens), np.int32)
    least = int(min(np.ceil(min_count), n_docs + 1))
    interruptible.nearest_neighbours(
        indptr, indices, ends, docs, (single, joint, scale), least, (values, columns, found), scratch, n_threads
    )
    kept = np.arange(n_top) < found[:, None]
    pairs = csr_array(
        (values[kept], columns[kept], np.concatenate([[0], np.cumsum(found)])), shape=(n_tokens, n_tokens)
    )
    pairs.sort_indices()
    return pairs


def _text(X: Any) -> Any:
    """X in the order of the text."""
    owner = "cooccurrence with a window"
    if not hasattr(X, "indptr"):
        msg = f"{owner}: X must be a CSR whose indices are in the order of the text. Got a dense array."
        raise ValueError(msg)
    return token_order(X, owner)


def _within(tokens: NDArray, indptr: NDArray, n_tokens: int, window: int) -> csr_array:
    """Pairs of places of a document at most ``window`` apart, in both directions."""
    document = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    counts = csr_array((n_tokens, n_tokens), dtype=np.float64)
    for distance in range(1, window + 1):
        same = document[distance:] == document[:-distance]
        left, right = tokens[:-distance][same], tokens[distance:][same]
        counts = counts + csr_array(coo_array((np.ones(left.size), (left, right)), shape=counts.shape))
    return _without_diagonal(csr_array(counts + counts.T), 0)


def _without_diagonal(pairs: csr_array, start: int) -> csr_array:
    rows = np.repeat(np.arange(start, start + pairs.shape[0]), np.diff(pairs.indptr))
    pairs.data[rows == pairs.indices] = 0
    pairs.eliminate_zeros()
    return pairs


def _measured(
    pairs: csr_array, left: NDArray, right: NDArray, total: float, measure: str, min_count: float
) -> csr_array:
    """Measure of the pairs that occur often enough."""
    pairs.data[pairs.data < min_count] = 0
    pairs.eliminate_zeros()
    if measure != "count":
        rows = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))
        information = np.maximum(np.log(pairs.data * total / (left[rows] * right[pairs.indices])), 0)
        if measure == "npmi":  # a pair that is in every document says nothing: 0 / 0
            surprise = np.log(total / pairs.data)
            information = np.divide(information, surprise, out=np.zeros_like(information), where=surprise > 0)
        pairs.data = information
        pairs.eliminate_zeros()
    return pairs


def _largest(pairs: csr_array, n_top: int | None) -> csr_array:
    """The n_top largest entries of every row."""
    if n_top is None:
        return pairs
    kept = np.ones(pairs.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(pairs.indptr) > n_top):  # to select is several times faster than to sort all
        entries = slice(pairs.indptr[row], pairs.indptr[row + 1])
        values = pairs.data[entries]
        smallest = np.partition(values, values.size - n_top)[values.size - n_top]
        chosen = values > smallest
        tied = np.flatnonzero(values == smallest)
        first = np.argsort(pairs.indices[entries][tied])[: n_top - np.count_nonzero(chosen)]
        chosen[tied[first]] = True
        kept[entries] = chosen
    rows = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr))[kept]
    return csr_array((pairs.data[kept], (rows, pairs.indices[kept])), shape=pairs.shape)


def _symmetric(pairs: csr_array) -> csr_array:
    """A pair is there if it is there in one direction; both have the same value."""
    result = csr_array(pairs.maximum(pairs.T))
    result.sort_indices()
    return result

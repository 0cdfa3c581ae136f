"""The order of the text in a matrix: whether it has one, the matrix in its order, texts that are declared as such."""

from __future__ import annotations

from typing import Any

from skartm.base import _order
from skartm.base._sparse import own_csr


def has_token_order(X: Any) -> bool:
    """Whether the rows of ``X`` are texts, tokens in their order.

    They are if the order was kept beside ``X`` (:class:`SequenceVectorizer`, :func:`keep_token_order`), even if scipy
    has sorted the entries since. Otherwise some row must have a token before one of a smaller column, or a token twice
    in succession. Counts whose rows are not sorted, as ``CountVectorizer.fit_transform`` returns them, are known by
    whole values above 1 without any repetition.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_docs, n_tokens)
        Documents. Only a CSR can have an order; it is neither copied nor modified.

    Returns
    -------
    ordered : bool
        Whether the rows are token sequences.

    See Also
    --------
    SequenceVectorizer : Makes such a matrix of texts.
    token_order : The matrix in the order of the text.

    Examples
    --------
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import has_token_order
    >>> X = load_peps().data
    >>> has_token_order(X)
    True
    >>> counts = X.copy()
    >>> counts.sum_duplicates()
    >>> has_token_order(counts)
    False
    """
    return _order.has_token_order(_whole(X))


def token_order(X: Any) -> Any:
    """Return the matrix whose rows are texts: ``X`` itself, or a new one if scipy has sorted ``X``.

    ``X.sum()``, ``X.max()``, ``X > 0`` and other methods of scipy sort and sum the entries of a matrix in place.
    :class:`SequenceVectorizer` and the readers of :mod:`skartm.datasets` keep a copy of the order beside the matrix
    that they return, and this is how to get at it. Everything in this library that reads the order asks here.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Token sequences. Never modified.

    Returns
    -------
    X : CSR matrix of shape (n_docs, n_tokens)
        Row ``d`` is the text: ``X.indices[X.indptr[d]:X.indptr[d + 1]]``.

    Raises
    ------
    TypeError
        If ``X`` is not a CSR matrix; other formats have no order.
    ValueError
        If no order was kept beside ``X``, and all its rows are sorted, or many long ones are, or it has counts.

    See Also
    --------
    keep_token_order : Say that the rows are texts, be they sorted.

    Examples
    --------
    >>> from skartm.feature_extraction import SequenceVectorizer, token_order
    >>> X = SequenceVectorizer().fit_transform(["the dog bites the man", "man bites dog"])
    >>> X.max()
    np.float32(2.0)
    >>> X[0].indices.tolist()
    [0, 1, 2, 3]
    >>> token_order(X)[0].indices.tolist()
    [3, 1, 0, 3, 2]
    """
    _whole(X)
    return _order.token_order(X)


def keep_token_order(X: Any) -> Any:
    """Say that the rows of ``X`` are texts, and keep a copy of their order beside the matrix.

    It is for matrices of your own, and for parts of a matrix: a slice, a copy or a stack of matrices has its entries in
    their order, but nothing is kept beside it. A few short texts that happen to be sorted cannot be told from counts,
    so the models that read the order refuse them; after this call they do not.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Token sequences. Not modified.

    Returns
    -------
    X : CSR matrix of shape (n_docs, n_tokens)
        Another matrix with the same arrays, if ``X`` is in the order that was kept beside it, or none was; else in
        that order. The copy beside it takes 1 to 4 bytes a token, by the number of columns.

    Raises
    ------
    TypeError
        If ``X`` is not a CSR matrix; other formats have no order.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from skartm.feature_extraction import has_token_order, keep_token_order
    >>> X = csr_matrix((np.ones(3), [0, 1, 2], [0, 3]), shape=(1, 4))
    >>> has_token_order(X), has_token_order(keep_token_order(X))
    (False, True)
    """
    if not _order.is_csr(X):
        msg = f"keep_token_order: X must be a CSR matrix, whose rows can have an order. Got {type(X).__name__}."
        raise TypeError(msg)
    _whole(X)
    X = _order.restore_order(X)
    same = type(X)(X.shape, dtype=X.dtype)
    same.data, same.indices, same.indptr = X.data, X.indices, X.indptr
    return _order.keep_order(same)


def _whole(X: Any) -> Any:
    """The matrix of our own in place of a CSR of the user, whose arrays are checked; others as they are."""
    return own_csr(X) if _order.is_csr(X) else X

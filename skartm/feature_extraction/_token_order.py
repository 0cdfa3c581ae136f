"""Whether a matrix has its tokens in the order of the text."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from skartm._kernels import has_token_order as _rows_have_order
from skartm.base._sparse import own_csr


def has_token_order(X: Any) -> bool:
    """Whether some row of ``X`` repeats a token or does not have its tokens in ascending order.

    That is how a matrix that keeps the order of the text can be told from a matrix of counts, whose rows list every
    token once, sorted. Texts that are all sorted and without repetition, an empty matrix for instance, cannot be told
    from counts. Counts whose rows are not sorted, as ``CountVectorizer.fit_transform`` returns them, are known by
    values above 1 without any repetition; if none is above 1 they are taken for texts: ``X.sort_indices()`` sorts them.

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

    Examples
    --------
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import has_token_order
    >>> X = load_peps().data
    >>> has_token_order(X)
    True
    >>> X.sum_duplicates()
    >>> has_token_order(X)
    False
    """
    if not sparse.issparse(X) or getattr(X, "format", None) != "csr":
        return False
    matrix = own_csr(X)
    if not _rows_have_order(np.asarray(matrix.indptr, dtype=np.int64), np.asarray(matrix.indices)):
        return False
    if matrix.data[: matrix.nnz].max() <= 1:
        return True
    summed = matrix.copy()
    summed.sum_duplicates()
    return bool(summed.nnz < matrix.nnz)

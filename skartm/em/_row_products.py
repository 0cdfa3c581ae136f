"""Products of matrices, of which every row depends on its own row alone."""

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base._threads import worthwhile
from skartm.em._padded import padded, padded_zeros


def row_products(rows: NDArray, table: NDArray, n_threads: int = 1) -> NDArray:
    """``rows @ table``; a row of the result has the same bits beside any others.

    BLAS rounds a row by the shape of the matrix and by the place of the row in it, so what is answered for a document
    would depend on the documents beside it.

    Parameters
    ----------
    rows : array of shape (n_rows, n)
    table : array of shape (n, n_columns)
    n_threads : int
        The result does not depend on it.
    """
    dtype = np.result_type(rows, table, np.float32)
    n_columns = table.shape[1]
    out = padded_zeros(rows.shape[0], n_columns, dtype)
    if out.size:
        n_threads = worthwhile(n_threads, float(rows.size) * n_columns)
        interruptible.dense_product(np.ascontiguousarray(rows, dtype), padded(table, dtype), out, n_threads)
    return out[:, :n_columns].copy()

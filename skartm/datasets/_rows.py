"""CSR matrices that are gathered row by row, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.sparse import csr_array, csr_matrix, sparray, spmatrix
from sklearn import get_config
from sklearn.utils import check_array
from sklearn.utils.validation import check_non_negative

CSR: TypeAlias = csr_matrix | csr_array
MatrixLike: TypeAlias = ArrayLike | spmatrix | sparray

MAX_INT32 = np.iinfo(np.int32).max


def index_dtype(nnz: int, n_columns: int) -> type:
    """Return int32, or int64 when a row pointer or a column number does not fit."""
    return np.int32 if max(nnz, n_columns) <= MAX_INT32 else np.int64


def wrap_csr(data: NDArray, indices: NDArray, indptr: NDArray, shape: tuple[int, int]) -> CSR:
    """Wrap the three arrays, without a copy, in the kind of CSR that scikit-learn is configured for."""
    kind = csr_array if get_config()["sparse_interface"] == "sparray" else csr_matrix
    X = kind(shape, dtype=data.dtype)
    # Not through the constructor: it reads all of an int64 `indices`, and turns np.memmap into a plain array.
    X.data, X.indices, X.indptr = data, indices, indptr
    return X


def check_counts(X: MatrixLike, whom: str) -> CSR:
    """Return `X` as CSR, in the order of its stored entries, or raise when an entry is negative, NaN or infinite."""
    checked = check_array(X, accept_sparse="csr", ensure_min_samples=0, ensure_min_features=0, input_name="X")
    check_non_negative(checked, whom)
    return checked if hasattr(checked, "indptr") else csr_matrix(checked)


def to_names(names: Iterable[str], n_names: int | None, parameter: str) -> NDArray:
    """Return `names` as an object array of `n_names` str, or raise."""
    if isinstance(names, (str, bytes)):
        raise TypeError(f"{parameter} must be a sequence of str. Got {names!r}; pass [{names!r}] for one name.")
    names = list(names)
    if n_names is not None and len(names) != n_names:
        raise ValueError(f"{parameter} must have {n_names} entries, to match X. Got {len(names)}; pass one each.")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{parameter} must hold str. Got {name!r}; convert its entries with str.")
    result = np.empty(len(names), dtype=object)
    result[:] = names
    return result


class RowBuffer(AbstractContextManager):
    """Rows of a CSR matrix, gathered in memory.

    Parameters
    ----------
    dtype : dtype
        Type of the stored values.
    """

    def __init__(self, dtype: DTypeLike):
        self.dtype = np.dtype(dtype)
        self._data: list[NDArray] = []
        self._indices: list[NDArray] = []
        self._lengths: list[NDArray] = []

    def __exit__(self, *exc_info):
        return None

    def append(self, data: ArrayLike, indices: ArrayLike, lengths: ArrayLike) -> None:
        """Append entries, and the lengths of rows; the two may run ahead of each other."""
        self._data.append(np.asarray(data, dtype=self.dtype))
        self._indices.append(np.asarray(indices, dtype=np.int32))
        self._lengths.append(np.asarray(lengths, dtype=np.int64))

    def finish(self, n_columns: int, order: NDArray | None = None) -> CSR:
        """Return the matrix; `order` maps the column numbers that were appended to the final ones."""
        data = np.concatenate([np.empty(0, dtype=self.dtype), *self._data])
        self._data.clear()
        kind = index_dtype(data.size, n_columns)
        indices: NDArray = np.concatenate([np.empty(0, dtype=np.int32), *self._indices]).astype(kind, copy=False)
        self._indices.clear()
        if order is not None:
            indices = order[indices].astype(kind, copy=False)
        indptr: NDArray = np.cumsum(np.concatenate([[0], *self._lengths]), dtype=np.int64).astype(kind)
        return wrap_csr(data, indices, indptr, (indptr.size - 1, n_columns))

"""CSR matrices that are gathered row by row, in memory."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.sparse import csr_array, csr_matrix, sparray, spmatrix
from sklearn import get_config

from skartm.base import names_in_order, shown

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


def to_names(names: Any, n_names: int | None, parameter: str, what: str = "columns of X") -> NDArray:
    """Return `names`, a sequence or a mapping in either direction, as an object array of `n_names` str, or raise."""
    listed = names_in_order(names, n_names, parameter, what)
    for name in listed:
        if not isinstance(name, str):
            raise TypeError(f"{parameter} must hold str. Got {shown(name)}; convert its entries with str.")
    result = np.empty(len(listed), dtype=object)
    result[:] = listed
    return result


def check_dtype(dtype: DTypeLike) -> np.dtype:
    """Return the type of stored values: real numbers that sparse matrices can have."""
    try:
        checked = np.dtype(dtype)
    except TypeError:
        checked = np.dtype(object)
    if dtype is None or checked.kind not in "fiub" or checked == np.float16:
        raise TypeError(f"dtype must be a type of real numbers, such as 'float32'. Got {shown(dtype)}; take float32.")
    return checked


def to_dtype(values: ArrayLike, dtype: np.dtype) -> NDArray:
    """Return counts in another type, or raise when it cannot hold one of them."""
    values = np.asarray(values)
    if values.dtype == dtype:
        return values
    with np.errstate(all="ignore"):
        result = values.astype(dtype)
    wrong = np.isinf(result) & np.isfinite(values) if dtype.kind == "f" else result != values
    if wrong.any():
        raise ValueError(
            f"counts must be numbers that dtype={shown(dtype.name)} can hold. Got {values[wrong][0]!s}; "
            "pass a wider dtype."
        )
    return result


def to_columns(indices: ArrayLike) -> NDArray:
    """Return column numbers as int32, or raise on one that does not fit, which would become another column."""
    indices = np.asarray(indices)
    if indices.size and (indices.min() < 0 or indices.max() > np.iinfo(np.int32).max):
        wrong = indices.min() if indices.min() < 0 else indices.max()
        raise ValueError(
            f"column numbers must be from 0 to {np.iinfo(np.int32).max}. Got {wrong}; number the tokens from 0 without "
            "gaps."
        )
    return indices.astype(np.int32, copy=False)


class RowBuffer(AbstractContextManager):
    """Rows of a CSR matrix, gathered in memory.

    Parameters
    ----------
    dtype : dtype
        Type of the stored values.
    """

    def __init__(self, dtype: DTypeLike):
        self.dtype = check_dtype(dtype)
        self._data: list[NDArray] = []
        self._indices: list[NDArray] = []
        self._lengths: list[NDArray] = []

    def __exit__(self, *exc_info):
        return None

    def append(self, data: ArrayLike, indices: ArrayLike, lengths: ArrayLike) -> None:
        """Append entries, and the lengths of rows; the two may run ahead of each other."""
        self._data.append(to_dtype(data, self.dtype))
        self._indices.append(to_columns(indices))
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

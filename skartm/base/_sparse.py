"""Sparse matrices from outside: their structure is checked before scipy or a kernel follows it."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

_INDICES = (np.dtype(np.int32), np.dtype(np.int64))
_NUMBERS = (*_INDICES, np.dtype(np.float32), np.dtype(np.float64))
_MAX_INT32 = np.iinfo(np.int32).max
_FLAGS = ("_has_canonical_format", "_has_sorted_indices")  # what scipy remembers of the arrays, true or not
_DAMAGED = "the matrix is damaged, make it again"


def own_sparse(X: Any, name: str = "X", *, entries: bool = True) -> Any:
    """A checked matrix of ours, of the format of X, around the arrays of X.

    Its arrays are read-only views. scipy sorts and adds up the entries of a matrix in place in many methods (``sum``,
    ``max``, ``astype``, ``X > 0``); here such a method raises in place of rearranging what belongs to the user. What
    scipy remembers about the order of the entries is forgotten, since the user may have changed the arrays after it.

    Arrays of unusual kind (indices of 16 bits or of two types, foreign byte order, not contiguous, float16) are
    converted; all others, memory maps among them, are not copied.

    Raises
    ------
    ValueError
        Indices out of range, row pointers that decrease or point beyond the entries, arrays whose lengths disagree.
    """
    if len(X.shape) != 2:
        msg = f"{name} must be a matrix, of two dimensions. Got a sparse array of shape {X.shape}; reshape it."
        raise ValueError(msg)
    if X.format in ("csr", "csc", "bsr"):
        return _own_compressed(X, name, entries=entries or X.format != "csr")
    if X.format == "coo":
        return _own_coordinates(X, name)
    try:
        X = X.tocsr()  # makes new arrays of lists, dictionaries or diagonals
    except (IndexError, KeyError, OverflowError, TypeError) as error:
        raise ValueError(f"{name} must be a sparse matrix that is whole; {_DAMAGED}. Got {error}.") from error
    return _own_compressed(X, name)


def own_csr(X: Any, name: str = "X", *, entries: bool = True) -> Any:
    """:func:`own_sparse` as CSR. The entries of a CSR keep their order; those of other formats get the one of scipy.

    Without ``entries`` the indices of a CSR are not read: :func:`check_entries` checks those of some rows.
    """
    X = own_sparse(X, name, entries=entries)
    return X if X.format == "csr" else _own_compressed(X.tocsr(), name)


def csr_of(array: Any) -> Any:
    """A dense array of numbers as CSR; scipy reads some kinds of arrays wrongly, and no float16 at all."""
    array = _numbers(plain(array), "X")
    return sparse.csr_matrix(array.astype(np.float32) if array.dtype == np.float16 else array)


def check_entries(X: Any, start: int, stop: int, name: str = "X") -> None:
    """Raise when columns of the rows ``start:stop`` of a CSR are out of range."""
    first, last = int(X.indptr[start]), int(X.indptr[stop])
    _check_indices(X.indices[first:last], X.shape[1], X.indptr[start : stop + 1] - first, f"{name}.indices", start)


def canonical(X: Any) -> Any:
    """A CSR matrix of :func:`own_csr` with the columns of a row sorted, each once; X itself where it is so."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def compact(X: Any) -> Any:
    """:func:`canonical` without stored zeros."""
    X = canonical(X)
    if not X.data.all():
        X = X.copy()
        X.eliminate_zeros()
    return X


def filled_rows(X: Any) -> NDArray:
    """Whether each row of a CSR has an entry above zero; zeros may be stored."""
    filled: NDArray = np.diff(X.indptr) > 0
    rows = np.flatnonzero(filled)
    if rows.size:
        filled[rows] = np.maximum.reduceat(X.data, X.indptr[rows]) > 0
    return filled


def with_data(X: Any, data: NDArray) -> Any:
    """A CSR matrix with other values at the places, and in the order, of those of X."""
    result = _copied(X)
    result.data = data
    return result


def cast(X: Any, dtype: DTypeLike) -> Any:
    """A CSR matrix with values of another type; ``X.astype`` of scipy would sort the rows and add up repeated ones."""
    if X.data.dtype == dtype:
        return X
    with np.errstate(over="ignore"):  # what is too large is infinite then, which a check of X refuses
        return with_data(X, X.data.astype(dtype))


def guarded(array: NDArray) -> NDArray:
    """A read-only view of an array, of its class: what belongs to the user cannot be written through it."""
    view = array.view()
    view.flags.writeable = False
    return view


def plain(array: Any) -> NDArray:
    """The array if kernels can read it, else a copy that they can: contiguous, aligned, in the machine's byte order."""
    if type(array) not in (np.ndarray, np.memmap):
        array = np.asarray(array)
    if not array.dtype.isnative:
        return array.astype(array.dtype.newbyteorder("="), order="C")
    if not (array.flags.c_contiguous and array.flags.aligned):
        return np.array(array, order="C")
    return array


def is_memory_mapped(array: Any) -> bool:
    """Whether the values of an array lie in a file."""
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = getattr(array, "base", None)
    return False


def _copied(X: Any) -> Any:
    """A matrix with the attributes of X; several times faster than ``copy.copy``."""
    kind: Any = type(X)
    result = kind.__new__(kind)
    result.__dict__.update(X.__dict__)
    return result


def _own_compressed(X: Any, name: str, *, entries: bool = True) -> Any:
    n_rows, n_columns = _blocks(X, name) if X.format == "bsr" else X.shape
    if X.format == "csc":
        n_rows, n_columns = n_columns, n_rows
    indices, indptr, data = X.indices, X.indptr, X.data
    if not (_is_usual(indices, _INDICES) and _is_usual(indptr, _INDICES) and _is_usual(data, _NUMBERS)):
        indices, indptr = _indices(indices, f"{name}.indices"), _indices(indptr, f"{name}.indptr")
        data = _values(data, f"{name}.data", 3 if X.format == "bsr" else 1)
    _check_pointers(indptr, n_rows, name)
    nnz = int(indptr[-1])
    if indices.size != data.shape[0] or nnz > indices.size:
        msg = f"{name}.indices and {name}.data must have the {nnz} entries that {name}.indptr ends with"
        raise ValueError(f"{msg}; {_DAMAGED}. Got {indices.size} and {data.shape[0]} entries.")
    indices, data = indices[:nnz], data[:nnz]
    if entries:
        _check_indices(indices, n_columns, indptr, f"{name}.indices")
    if indices.dtype != indptr.dtype:
        indices, indptr = _of_one_type(indices, indptr, nnz)
    result = _copied(X)
    for flag in _FLAGS:
        result.__dict__.pop(flag, None)
    result.data, result.indices, result.indptr = guarded(data), guarded(indices), guarded(indptr)
    return result


def _blocks(X: Any, name: str) -> tuple[int, int]:
    """Rows and columns of blocks of a BSR matrix."""
    block = X.data.shape[1:] if X.data.ndim == 3 else (1, 1)
    if min(block) < 1 or any(size % side for size, side in zip(X.shape, block, strict=True)):
        raise ValueError(
            f"{name} of shape {X.shape} must be cut into blocks evenly; {_DAMAGED}. Got blocks of {block}."
        )
    return X.shape[0] // block[0], X.shape[1] // block[1]


def _own_coordinates(X: Any, name: str) -> Any:
    row, column = (_indices(index, f"{name}.{side}") for index, side in ((X.row, "row"), (X.col, "col")))
    data = _values(X.data, f"{name}.data", 1)
    if not row.size == column.size == data.size:
        msg = f"{name}.row, {name}.col and {name}.data must be of one length; {_DAMAGED}"
        raise ValueError(f"{msg}. Got lengths {row.size}, {column.size} and {data.size}.")
    _check_indices(row, X.shape[0], None, f"row indices {name}.row")
    _check_indices(column, X.shape[1], None, f"column indices {name}.col")
    kind = type(X)
    if row.dtype != column.dtype:
        row, column = row.astype(np.int64), column.astype(np.int64)
    result = kind((guarded(data), (guarded(row), guarded(column))), shape=X.shape)
    result.has_canonical_format = False
    return result


def _indices(array: Any, name: str) -> NDArray:
    array = plain(array)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        msg = f"{name} must be integers in one dimension; {_DAMAGED}"
        raise ValueError(f"{msg}. Got {array.dtype} of shape {array.shape}.")
    if array.dtype.char not in "ilq" or array.itemsize not in (4, 8):
        array = array.astype(np.int32 if array.itemsize < 4 else np.int64)
    return array


def _values(array: Any, name: str, ndim: int) -> NDArray:
    array = plain(array)
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions; {_DAMAGED}. Got shape {array.shape}.")
    array = _numbers(array, name)
    return array.astype(np.float32) if array.dtype == np.float16 else array  # scipy has no float16


def _numbers(array: NDArray, name: str) -> NDArray:
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must be numbers. Got objects that are none.") from error
    if array.dtype.kind not in "fiubc":
        raise ValueError(f"{name} must be numbers. Got entries of type {array.dtype}.")
    return array


def _check_pointers(indptr: NDArray, n_rows: int, name: str) -> None:
    if indptr.size != n_rows + 1 or indptr[0] != 0:
        msg = f"{name}.indptr must have {n_rows + 1} entries that begin with 0; {_DAMAGED}"
        raise ValueError(f"{msg}. Got {indptr.size} entries{f' from {indptr[0]}' if indptr.size else ''}.")
    falling = indptr[1:] < indptr[:-1]
    if falling.any():
        row = int(np.argmax(falling))
        msg = f"{name}.indptr must not decrease; {_DAMAGED}"
        raise ValueError(f"{msg}. Got {indptr[row]} and then {indptr[row + 1]} at row {row}.")


def _check_indices(indices: NDArray, n_columns: int, indptr: NDArray | None, name: str, row: int = 0) -> None:
    """Indices of columns (or, of coordinates, of rows) in their range."""
    # a negative number is a large one when it is read as unsigned: one pass for both ends
    if indices.size == 0 or int(indices.view(f"u{indices.itemsize}").max()) < n_columns:
        return
    place = int(np.argmax((indices < 0) | (indices >= n_columns)))
    where = "" if indptr is None else f" in row {row + int(np.searchsorted(indptr, place, side='right')) - 1}"
    msg = f"{name} must be in [0, {n_columns})"
    raise ValueError(f"{msg}; {_DAMAGED}. Got {indices[place]}{where}.")


def _is_usual(array: Any, dtypes: tuple[np.dtype, ...]) -> bool:
    """Whether nothing is to be converted: a contiguous vector of one of some types of the machine."""
    if type(array) is not np.ndarray or array.ndim != 1 or array.dtype not in dtypes:
        return False
    flags = array.flags
    return flags.c_contiguous and flags.aligned and array.dtype.isnative


def _of_one_type(indices: NDArray, indptr: NDArray, nnz: int) -> tuple[NDArray, NDArray]:
    """Both int32 or both int64; the pointers follow, which are fewer."""
    if indices.dtype.itemsize == 8 or nnz <= _MAX_INT32:
        return indices, indptr.astype(indices.dtype)
    return indices.astype(np.int64), indptr

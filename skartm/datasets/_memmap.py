"""CSR matrices on disk, memory-mapped."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.sparse import csr_matrix, issparse

from skartm.base import publish_files, remember, scratch_beside, shown
from skartm.base._data import check_structure
from skartm.base._order import carry_order, restore_order
from skartm.base._sparse import check_entries, csr_of, own_csr

from ._rows import CSR, MAX_INT32, MatrixLike, RowBuffer, check_dtype, index_dtype, to_columns, to_dtype, wrap_csr
from ._text_file import check_path

_ARRAYS = ("data", "indices", "indptr")
_HEADER = "csr.json"
_ENTRIES = 2**22  # entries that are renumbered at a time
_FILE = re.compile(r"\w+(\.[0-9a-f]{8})?\.npy").fullmatch  # in the folder, nothing else
_ROWS = 2**14  # rows of a whole matrix that are written at a time


class _ArrayFile:
    """A one-dimensional ``.npy`` file that grows; closing it writes the final length into its header."""

    def __init__(self, path: Path, dtype: DTypeLike):
        self.path, self.dtype, self.size = path, np.dtype(dtype), 0
        self._file = open(path, "wb")  # noqa: SIM115
        self._write_header()

    def _write_header(self) -> None:
        header = {"descr": npy.dtype_to_descr(self.dtype), "fortran_order": False, "shape": (self.size,)}
        self._file.seek(0)
        npy.write_array_header_1_0(self._file, header)  # padded by numpy: as long for any length

    def append(self, values: ArrayLike) -> None:
        values = np.ascontiguousarray(values, dtype=self.dtype)
        self._file.write(values.data)
        self.size += values.size

    def close(self) -> None:
        if not self._file.closed:
            self._write_header()
            self._file.close()

    def abandon(self) -> None:
        with suppress(OSError):  # of a full disk, which was reported already
            self._file.close()


class RowFiles(AbstractContextManager):
    """Rows of a CSR matrix, gathered on disk with the interface of `RowBuffer`.

    The files are made beside `path` and move there in `finish`, which replaces an older matrix as a whole, whenever the
    process ends: an error leaves nothing behind, and matrices that are open on the files that are replaced keep theirs.

    Parameters
    ----------
    path : path-like
        Folder of the matrix: new, empty, or one that holds an on-disk CSR, which is replaced.

    dtype : dtype
        Type of the stored values.
    """

    def __init__(self, path: str | os.PathLike, dtype: DTypeLike):
        check_path(path, "memmap")
        self.path, self.dtype = Path(os.path.realpath(path)), check_dtype(dtype)
        if self.path.exists() and not (self.path / _HEADER).exists() and not _is_empty_folder(self.path):
            raise FileExistsError(
                "The folder of an on-disk CSR must be new, empty, or hold one already. Got "
                f"{shown(str(self.path))}, which has other content; choose another folder."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._scratch = scratch_beside(self.path)
        self._scratch.mkdir()
        dtypes: tuple[DTypeLike, ...] = (self.dtype, np.int32, np.int64)
        self._files = {name: _ArrayFile(self._scratch / f"{name}.npy", kind) for name, kind in zip(_ARRAYS, dtypes)}
        self._files["indptr"].append([0])
        self._end = 0

    def __exit__(self, *exc_info):
        for file in self._files.values():
            file.abandon()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def append(self, data: ArrayLike, indices: ArrayLike, lengths: ArrayLike) -> None:
        """Append entries, and the lengths of rows; the two may run ahead of each other."""
        self._files["data"].append(to_dtype(data, self.dtype))
        self._files["indices"].append(to_columns(indices))
        ends = self._end + np.cumsum(lengths, dtype=np.int64)
        self._files["indptr"].append(ends)
        self._end = int(ends[-1]) if ends.size else self._end

    def finish(self, n_columns: int, order: NDArray | None = None) -> CSR:
        """Return the matrix; `order` maps the column numbers that were appended to the final ones."""
        for file in self._files.values():
            file.close()
        nnz = self._files["data"].size
        kind = np.dtype(index_dtype(nnz, n_columns))
        self._rewrite("indices", kind, order)
        self._rewrite("indptr", kind, None)
        header = {"format": "csr", "version": 1, "shape": [self._files["indptr"].size - 1, n_columns], "nnz": nnz}
        header |= {"dtype": self.dtype.name, "index_dtype": kind.name}
        for name, file in self._files.items():
            os.replace(file.path, self._scratch / f"{name}.npy")
        publish_files(self._scratch, self.path, _HEADER, header, [f"{name}.npy" for name in _ARRAYS])
        return open_memmap(self.path)

    def _rewrite(self, name: str, kind: np.dtype, order: NDArray | None) -> None:
        """Convert and renumber the entries of a file, some at a time."""
        old = self._files[name]
        if old.dtype == kind and order is None:
            return
        values = np.load(old.path, mmap_mode="r")
        new = self._files[name] = _ArrayFile(old.path.with_suffix(".new"), kind)
        for start in range(0, old.size, _ENTRIES):
            part = values[start : start + _ENTRIES]
            new.append(part if order is None else order[part])
        new.close()


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def open_rows(memmap: str | os.PathLike | None, dtype: DTypeLike) -> RowBuffer | RowFiles:
    """Return a writer of rows to memory, or to the folder `memmap` when it is given."""
    return RowBuffer(dtype) if memmap is None else RowFiles(memmap, dtype)


def save_memmap(
    path: str | os.PathLike, X: MatrixLike | Iterable[MatrixLike], *, dtype: DTypeLike | None = None
) -> CSR:
    """Write a matrix, or a stream of blocks of rows, as an on-disk CSR that can be memory-mapped.

    The folder gets ``data.npy``, ``indices.npy``, ``indptr.npy`` and ``csr.json``. The stored entries keep their
    order, so that a matrix of token sequences stays one. Memory holds one block at a time. A matrix that is there
    already is replaced as a whole: whatever ends the process, the folder has the old one or the new one, whose arrays
    get other names (``csr.json`` has them). A process that is killed can leave a folder with a name that begins with a
    dot beside it, which may be removed.

    Parameters
    ----------
    path : path-like
        Folder to write: new, empty, or one that holds an on-disk CSR, which is replaced.

    X : {array-like, sparse matrix} of shape (n_docs, n_tokens), or iterable of them
        The matrix, or consecutive blocks of its rows, all of the same number of columns.

    dtype : dtype, default=None
        Type of the stored values. ``None`` keeps that of the first block when it is float32 or float64, which the
        validation of scikit-learn takes without a copy, and makes anything else float32.

    Returns
    -------
    X : CSR of shape (n_docs, n_tokens)
        The matrix that was written, opened read-only as by :func:`open_memmap`.

    Raises
    ------
    FileExistsError
        If the folder holds something other than an on-disk CSR.
    TypeError
        If `path` is not a path, as when the two arguments are swapped.
    ValueError
        If there are no blocks, or their numbers of columns differ, or `dtype` cannot hold a value.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.sparse import csr_matrix
    >>> from skartm.datasets import save_memmap
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     X = save_memmap(f"{folder}/counts", ([[i, 0, 1], [0, i, 0]] for i in range(2)))
    ...     type(X.data).__name__, X.toarray().tolist()
    ('memmap', [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    """
    if isinstance(X, (str, os.PathLike)):
        raise TypeError(f"save_memmap takes the folder first, then the matrix. Got {shown(X)} as X; swap the two.")
    check_path(path, "path")
    is_matrix = hasattr(X, "shape")
    blocks: Iterator[Any] = iter_chunks(X, _ROWS) if is_matrix else iter(X)  # type: ignore[arg-type]
    head: Any = next(blocks, X if is_matrix else None)
    if head is None:
        raise ValueError("X must be a matrix or have at least one block of rows. Got an empty iterable; pass one.")
    first = _csr(head)
    if dtype is None:
        dtype = first.dtype if first.dtype in (np.float32, np.float64) else np.float32
    n_columns = first.shape[1]
    if n_columns > MAX_INT32:
        raise ValueError(
            f"X must have at most {MAX_INT32} columns. Got {n_columns}; leave out the ones without entries."
        )
    with RowFiles(path, dtype) as rows:
        _append_block(rows, first)
        for number, block in enumerate(blocks, start=1):
            block = _csr(block)
            if block.shape[1] != n_columns:
                raise ValueError(
                    f"The blocks of X must have {n_columns} columns, like the first. Got {block.shape[1]} in block "
                    f"{number}; use one vocabulary for all of them."
                )
            _append_block(rows, block)
        return rows.finish(n_columns)


def _csr(block: Any) -> csr_matrix:
    if not issparse(block):
        block = np.asarray(block)
    if block.dtype.kind == "c":
        raise ValueError(f"X must be real numbers. Got {block.dtype}; take its real part.")
    if not issparse(block):
        return csr_of(block)
    return restore_order(carry_order(block, csr_matrix(check_structure(block))))


def _append_block(rows: RowBuffer | RowFiles, block: csr_matrix) -> None:
    rows.append(block.data[: block.indptr[-1]], block.indices[: block.indptr[-1]], np.diff(block.indptr))


def open_memmap(path: str | os.PathLike, mode: Literal["r", "r+", "c"] = "r") -> CSR:
    """Open an on-disk CSR without reading it: its three arrays are `numpy.memmap`.

    The matrix goes through the validation of scikit-learn without a copy, slices of rows read those rows alone, and
    joblib hands it to other processes as the names of its files. Methods of scipy that sort or sum in place need
    ``mode="c"``, or a copy.

    Parameters
    ----------
    path : path-like
        Folder written by :func:`save_memmap` or by a reader of this package.

    mode : {"r", "r+", "c"}, default="r"
        Read-only, read and write, or copy on write (changes stay in memory).

    Returns
    -------
    X : CSR of shape (n_docs, n_tokens)
        Of the class that scikit-learn is configured for (``sparse_interface``).

    Raises
    ------
    FileNotFoundError
        If the folder does not hold an on-disk CSR.
    ValueError
        If `mode` is not one of the three, or the files do not belong together.

    Examples
    --------
    >>> import tempfile
    >>> from skartm.datasets import open_memmap, save_memmap
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = save_memmap(folder, [[0, 2, 1], [0, 0, 0]])
    ...     X = open_memmap(folder)
    ...     X[:1].toarray().tolist()
    [[0.0, 2.0, 1.0]]
    """
    check_path(path, "path")
    path = Path(path)
    if mode not in ("r", "r+", "c"):
        raise ValueError(f"mode must be 'r', 'r+' or 'c'. Got {shown(mode)}; write a new matrix with save_memmap.")
    if not (path / _HEADER).is_file():
        raise FileNotFoundError(
            f"path must be the folder of an on-disk CSR, with {_HEADER}. Got {shown(str(path))}; write one with "
            "save_memmap."
        )
    header = _read_header(path)
    while True:  # another process may replace the matrix between the header and the arrays
        try:
            data, indices, indptr = (_open_array(path / header["files"][name], mode) for name in _ARRAYS)
            break
        except FileNotFoundError:
            before, header = header, _read_header(path)
            if header == before:
                raise
    (n_rows, n_columns), nnz = header["shape"], header["nnz"]
    fits = (data.size, indices.size, indptr.size) == (nnz, nnz, n_rows + 1)
    kinds = data.dtype.kind in "fiub" and {indices.dtype, indptr.dtype} <= {np.dtype(np.int32), np.dtype(np.int64)}
    if not fits or not kinds or (indptr[0], indptr[-1]) != (0, nnz):
        raise _damaged(path, "arrays of other types or sizes than the header gives")
    return wrap_csr(data, indices, indptr, (n_rows, n_columns))


def _read_header(path: Path) -> dict[str, Any]:
    """The header of an on-disk CSR, checked, with the names of the files of the arrays."""
    try:
        header = json.loads((path / _HEADER).read_text(encoding="utf-8-sig"))
        shape, nnz, files = list(header["shape"]), header["nnz"], header.get("files", {})
        files = {name: files.get(f"{name}.npy", f"{name}.npy") for name in _ARRAYS}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, f"the header {shown(str(error))}") from error
    numbers = [*shape, nnz]
    if len(shape) != 2 or not all(type(number) is int and 0 <= number < 2**62 for number in numbers):
        raise _damaged(path, f"shape {shown(shape)} and nnz {shown(nnz)}")
    if not all(isinstance(name, str) and _FILE(name) for name in files.values()):
        raise _damaged(path, f"the names of files {shown(files)}")
    return {"shape": shape, "nnz": nnz, "files": files}


def _open_array(path: Path, mode: Any) -> Any:
    try:
        array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except (FileNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as error:  # numpy evaluates the header, and lets through what its parser raises
        raise _damaged(path.parent, f"{path.name}: {shown(str(error))}") from error
    if not isinstance(array, np.memmap) or array.ndim != 1:
        raise _damaged(path.parent, f"{path.name}, which is not an array with one axis")
    return remember(array) if mode == "r" else array


def _damaged(path: Path, got: str) -> ValueError:
    return ValueError(
        f"An on-disk CSR must have the arrays that its {_HEADER} gives. Got {got} in {shown(str(path))}, which was "
        "changed or cut short; write it again with save_memmap."
    )


def iter_chunks(X: MatrixLike, n_rows: int = 2048) -> Iterator:
    """Iterate over consecutive blocks of rows, to feed ``partial_fit``.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_docs, n_tokens)
        A matrix that can be sliced by rows; one from :func:`open_memmap` is read block by block.

    n_rows : int, default=2048
        Number of rows of a block; the last block may have fewer.

    Returns
    -------
    chunks : iterator of {array-like, sparse matrix} of shape (<= n_rows, n_tokens)
        Blocks of the kind of `X`. The entries of a row keep their order.

    Raises
    ------
    ValueError
        If `n_rows` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.datasets import iter_chunks
    >>> [chunk.shape for chunk in iter_chunks(np.zeros((5, 3)), n_rows=2)]
    [(2, 3), (2, 3), (1, 3)]
    """
    if not isinstance(n_rows, Integral) or isinstance(n_rows, bool) or n_rows < 1:
        raise ValueError(f"n_rows must be a positive int. Got {shown(n_rows)}; the default is 2048.")
    if issparse(X):
        return _blocks(restore_order(carry_order(X, own_csr(X, entries=False))), n_rows)
    matrix: Any = X if hasattr(X, "shape") else np.asarray(X)
    return (matrix[start : start + n_rows] for start in range(0, matrix.shape[0], n_rows))


def _blocks(X: Any, n_rows: int) -> Iterator:
    for start in range(0, X.shape[0], n_rows):
        stop = min(start + n_rows, X.shape[0])
        check_entries(X, start, stop)
        block = X[start:stop]
        yield block.copy() if block is X else block

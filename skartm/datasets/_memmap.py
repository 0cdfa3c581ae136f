"""CSR matrices on disk, memory-mapped."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.sparse import csr_matrix, issparse

from ._rows import CSR, MAX_INT32, MatrixLike, RowBuffer, index_dtype, wrap_csr

_ARRAYS = ("data", "indices", "indptr")
_HEADER = "csr.json"
_ENTRIES = 2**22  # entries that are renumbered at a time
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


class RowFiles(AbstractContextManager):
    """Rows of a CSR matrix, gathered on disk with the interface of `RowBuffer`.

    The files are made beside `path` and move there in `finish`: an error leaves nothing behind, and matrices that are
    open on the files that are replaced keep theirs.

    Parameters
    ----------
    path : path-like
        Folder of the matrix: new, empty, or one that holds an on-disk CSR, which is replaced.

    dtype : dtype
        Type of the stored values.
    """

    def __init__(self, path: str | os.PathLike, dtype: DTypeLike):
        self.path, self.dtype = Path(path), np.dtype(dtype)
        if self.path.exists() and not (self.path / _HEADER).exists() and not _is_empty_folder(self.path):
            raise FileExistsError(
                f"The folder of an on-disk CSR must be new, empty, or hold one already. Got {str(self.path)!r}, which "
                "has other content; choose another folder."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(dir=self.path.parent, prefix=f"{self.path.name}.")
        folder, dtypes = Path(self._scratch.name), (self.dtype, np.int32, np.int64)
        self._files = {name: _ArrayFile(folder / f"{name}.npy", kind) for name, kind in zip(_ARRAYS, dtypes)}
        self._files["indptr"].append([0])
        self._end = 0

    def __exit__(self, *exc_info):
        for file in self._files.values():
            file.close()
        self._scratch.cleanup()

    def append(self, data: ArrayLike, indices: ArrayLike, lengths: ArrayLike) -> None:
        """Append entries, and the lengths of rows; the two may run ahead of each other."""
        self._files["data"].append(data)
        self._files["indices"].append(indices)
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
        self._publish(header)
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

    def _publish(self, header: dict[str, Any]) -> None:
        self.path.mkdir(exist_ok=True)
        (self.path / _HEADER).unlink(missing_ok=True)
        for name, file in self._files.items():
            os.replace(file.path, self.path / f"{name}.npy")
        (self.path / _HEADER).write_text(json.dumps(header) + "\n", encoding="utf-8")


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
    order, so that a matrix of token sequences stays one. Memory holds one block at a time.

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
    ValueError
        If there are no blocks, or their numbers of columns differ.

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
    is_matrix = hasattr(X, "shape")
    blocks: Iterator[Any] = iter_chunks(X, _ROWS) if is_matrix else iter(X)  # type: ignore[arg-type]
    head: Any = next(blocks, X if is_matrix else None)
    if head is None:
        raise ValueError("X must be a matrix or have at least one block of rows. Got an empty iterable; pass one.")
    first = csr_matrix(head)
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
            block = csr_matrix(block)
            if block.shape[1] != n_columns:
                raise ValueError(
                    f"The blocks of X must have {n_columns} columns, like the first. Got {block.shape[1]} in block "
                    f"{number}; use one vocabulary for all of them."
                )
            _append_block(rows, block)
        return rows.finish(n_columns)


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
    path = Path(path)
    if mode not in ("r", "r+", "c"):
        raise ValueError(f"mode must be 'r', 'r+' or 'c'. Got {mode!r}; write a new matrix with save_memmap.")
    if not (path / _HEADER).is_file():
        raise FileNotFoundError(
            f"path must be the folder of an on-disk CSR, with {_HEADER}. Got {str(path)!r}; write one with save_memmap."
        )
    header = json.loads((path / _HEADER).read_text(encoding="utf-8"))
    data, indices, indptr = (np.load(path / f"{name}.npy", mmap_mode=mode) for name in _ARRAYS)
    (n_rows, n_columns), nnz = header["shape"], header["nnz"]
    if (data.size, indices.size, indptr.size) != (nnz, nnz, n_rows + 1) or indptr[-1] != nnz:
        raise ValueError(
            f"The arrays of an on-disk CSR must have the sizes that {_HEADER} gives. Got others in {str(path)!r}, "
            "which was changed or cut short; write it again with save_memmap."
        )
    return wrap_csr(data, indices, indptr, (n_rows, n_columns))


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
    if not isinstance(n_rows, (int, np.integer)) or isinstance(n_rows, bool) or n_rows < 1:
        raise ValueError(f"n_rows must be a positive int. Got {n_rows!r}; the default is 2048.")
    matrix: Any = X.tocsr() if issparse(X) else X if hasattr(X, "shape") else np.asarray(X)
    return (matrix[start : start + n_rows] for start in range(0, matrix.shape[0], n_rows))

"""Sparse matrices in the files of :func:`scipy.sparse.save_npz`, from anywhere."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from scipy.sparse import csr_matrix, load_npz

from skartm.base import shown
from skartm.base._sparse import own_csr

from ._rows import CSR, check_dtype, to_dtype, wrap_csr
from ._text_file import Limits

_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path, limits: Limits) -> CSR:
    """Read counts as CSR of float32; what the file claims is checked before anything of that size is made."""
    try:
        _check_archive(path, limits.total)
        stored = _load(path)
        _check_shape(stored, limits.total)
        check_dtype(stored.dtype)
        X = csr_matrix(own_csr(stored, "the matrix"), copy=True)  # the entries of a row keep their order
        data = to_dtype(X.data, np.dtype(np.float32))
    except (MemoryError, FileNotFoundError, PermissionError):
        raise
    except Exception as error:  # zipfile, numpy and scipy each have many
        raise ValueError(
            f"{path} must be a sparse matrix as scipy.sparse.save_npz writes it. Got a file with "
            f"{shown(str(error) or type(error).__name__)}; write it again."
        ) from error
    return wrap_csr(data, X.indices, X.indptr, X.shape)


def _load(path: Path) -> Any:
    try:
        return load_npz(path)
    except ValueError as error:  # in words of scipy about its insides
        raise ValueError("arrays that do not belong together") from error


def _check_archive(path: Path, most: int) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > most:
            raise ValueError(f"{total} bytes of arrays, more than max_bytes={most}")
        for member in members:
            with archive.open(member) as file:
                shape, _, dtype = _READERS[npy.read_magic(file)](file)
            n_entries = 1
            for size in shape:
                n_entries *= int(size)
            if dtype.hasobject or not 0 <= n_entries * dtype.itemsize <= member.file_size:
                raise ValueError(
                    f"the array {shown(member.filename)} of {n_entries} entries in {member.file_size} bytes"
                )


def _check_shape(stored: Any, most: int) -> None:
    """Raise when rows that the file has no bytes of would need more than the limit."""
    if stored.ndim != 2 or min(stored.shape) < 0 or (stored.shape[0] + 1) * np.dtype(np.int64).itemsize > most:
        raise ValueError(f"the shape {stored.shape}, whose rows need more than max_bytes={most}")

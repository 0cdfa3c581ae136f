"""Matrices in every form that a user may have them in, whole and damaged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Form:
    """How a matrix is given.

    Attributes
    ----------
    make : callable
        ``make(array, folder)`` gives the dense array in this form; files go to the folder.
    values : callable
        What the form makes of the values: ``bool`` has ones in place of counts.
    """

    make: Callable[[np.ndarray, Path], Any]
    values: Callable[[np.ndarray], np.ndarray] = np.asarray


class Text(np.ndarray):
    """A matrix whose CSR has the entries of a row in falling order, as a text may have them."""


def csr(array, data=None, indices=None, indptr=None, kind=sparse.csr_matrix):
    """A CSR with the very arrays that are given: the constructor of scipy would convert them."""
    X = kind(np.asarray(array, dtype=np.float64))
    if isinstance(array, Text):
        X = _reverse_rows(X)
    for name, values in (("data", data), ("indices", indices), ("indptr", indptr)):
        if values is not None:
            setattr(X, name, values(getattr(X, name)) if callable(values) else values)
    return X


def _unsorted(array):
    """Rows with their entries in falling order, as CountVectorizer may give them."""
    return _reverse_rows(sparse.csr_matrix(np.asarray(array)))


def _reverse_rows(X):
    for start, stop in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
        X.data[start:stop] = X.data[start:stop][::-1].copy()
    X.__dict__.pop("_has_sorted_indices", None)
    X.__dict__.pop("_has_canonical_format", None)
    return X


def _arrays_as(X, convert, names=("data", "indices", "indptr")):
    for name in names:
        setattr(X, name, convert(getattr(X, name)))
    return X


def _duplicated(array):
    """Every entry twice, as two halves."""
    X = csr(array)
    lengths = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), lengths)
    order = np.argsort(np.concatenate([rows, rows]), kind="stable")
    halves = np.concatenate([X.data, X.data])[order] / 2
    result = sparse.csr_matrix(X.shape)
    result.data, result.indices = halves, np.concatenate([X.indices, X.indices])[order]
    result.indptr = (2 * X.indptr).astype(X.indptr.dtype)
    return result


def _explicit_zeros(array):
    full = sparse.csr_matrix(np.ones_like(array, dtype=np.float64))
    full.data[:] = np.asarray(array, dtype=np.float64).ravel()
    return full


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _strided(array):
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), dtype=array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _big_endian(array):
    return array.astype(array.dtype.newbyteorder(">"))


def _unaligned(array):
    memory = np.zeros(array.nbytes + 1, dtype=np.uint8)
    result = memory[1:].view(array.dtype) if array.nbytes else array
    if array.nbytes:
        result = result.reshape(array.shape)
        result[...] = array
    return result


def _longer(X):
    """Arrays that go on after the last row, as buffers that grow do."""
    X.data = np.concatenate([X.data, [1.0, 1.0]])
    X.indices = np.concatenate([X.indices, np.zeros(2, X.indices.dtype)])
    return X


def _mapped(array, folder):
    number = len(list(folder.iterdir()))
    path = folder / f"array{number}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def _false_flags(X):
    X.has_sorted_indices = True
    X.has_canonical_format = True
    return X


def _typed(kind):
    return lambda array, folder: csr(array, data=lambda data: data.astype(kind))


def _as(kind):
    return lambda array: np.asarray(array).astype(kind).astype(np.float64)


def _index(indices, indptr=None):
    indptr = indices if indptr is None else indptr
    return lambda array, folder: csr(array, indices=lambda a: a.astype(indices), indptr=lambda a: a.astype(indptr))


def _binary(array):
    return (np.asarray(array) > 0).astype(np.float64)


_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint64", "float16", "float32", "longdouble")

# forms that keep the places and the order of the entries: also for matrices in the order of a text
CSR_FORMS = {
    "csr array": Form(lambda array, folder: csr(array, kind=sparse.csr_array)),
    "int64 indices": Form(_index(np.int64)),
    "int16 indices": Form(_index(np.int16)),
    "uint32 indices": Form(_index(np.uint32)),
    "int32 indices, int64 indptr": Form(_index(np.int32, np.int64)),
    "int64 indices, int32 indptr": Form(_index(np.int64, np.int32)),
    "read-only": Form(lambda array, folder: _arrays_as(csr(array), _read_only)),
    "memory-mapped": Form(lambda array, folder: _arrays_as(csr(array), lambda a: _mapped(a, folder))),
    "float32 memory-mapped": Form(
        lambda array, folder: _arrays_as(_typed("float32")(array, folder), lambda a: _mapped(a, folder))
    ),
    "strided": Form(lambda array, folder: _arrays_as(csr(array), _strided)),
    "big-endian": Form(lambda array, folder: _arrays_as(csr(array), _big_endian)),
    "unaligned": Form(lambda array, folder: _arrays_as(csr(array), _unaligned)),
    "longer arrays": Form(lambda array, folder: _longer(csr(array))),
    "bool": Form(_typed("bool"), _binary),
    **{kind: Form(_typed(kind), _as(kind)) for kind in _NUMBERS},
}
SPARSE_FORMS = CSR_FORMS | {
    "unsorted": Form(lambda array, folder: _unsorted(array)),
    "unsorted int64": Form(
        lambda array, folder: _arrays_as(_unsorted(array), lambda a: a.astype(np.int64), ("indices", "indptr"))
    ),
    "unsorted read-only": Form(lambda array, folder: _arrays_as(_unsorted(array), _read_only)),
    "unsorted memory-mapped": Form(lambda array, folder: _arrays_as(_unsorted(array), lambda a: _mapped(a, folder))),
    "unsorted, flags that lie": Form(lambda array, folder: _false_flags(_unsorted(array))),
    "duplicated": Form(lambda array, folder: _duplicated(array)),
    "duplicated read-only": Form(lambda array, folder: _arrays_as(_duplicated(array), _read_only)),
    "explicit zeros": Form(lambda array, folder: _explicit_zeros(array)),
    **{
        name: Form(lambda array, folder, name=name: sparse.csr_matrix(array).asformat(name))
        for name in ("csc", "coo", "bsr", "lil", "dok", "dia")
    },
}
DENSE_FORMS = {
    "list": Form(lambda array, folder: np.asarray(array).tolist()),
    "Fortran": Form(lambda array, folder: np.asfortranarray(array)),
    "strided array": Form(lambda array, folder: _strided(array)),
    "read-only array": Form(lambda array, folder: _read_only(array)),
    "memory-mapped array": Form(lambda array, folder: _mapped(array, folder)),
    "big-endian array": Form(lambda array, folder: _big_endian(array)),
    "unaligned array": Form(lambda array, folder: _unaligned(array)),
    "float32 array": Form(lambda array, folder: array.astype(np.float32), lambda array: array.astype(np.float32)),
    "float16 array": Form(lambda array, folder: array.astype(np.float16), lambda array: array.astype(np.float16)),
    "longdouble array": Form(lambda array, folder: array.astype(np.longdouble)),
    "objects": Form(lambda array, folder: array.astype(object)),
    "subclass": Form(lambda array, folder: np.asmatrix(array) if array.ndim == 2 else array.view(np.recarray)),
}
COUNT_FORMS = DENSE_FORMS | {
    "bool array": Form(lambda array, folder: np.asarray(array) > 0, _binary),
    **{f"{kind} array": Form(lambda array, folder, kind=kind: array.astype(kind), _as(kind)) for kind in _NUMBERS[:6]},
}


def _put(name, place, value):
    def damage(array, folder):
        X = csr(array)
        values = getattr(X, name)
        if np.ndim(value) == 0 and abs(value) > np.iinfo(np.int32).max:
            X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
            values = getattr(X, name)
        values[place] = value
        return X

    return damage


def _cut(name, n):
    def damage(array, folder):
        X = csr(array)
        setattr(X, name, getattr(X, name)[:n])
        return X

    return damage


def _of_format(format, name, value):
    def damage(array, folder):
        X = sparse.csr_matrix(array).asformat(format)
        getattr(X, name)[1] = value
        return X

    return damage


def _mapped_damage(array, folder):
    return _arrays_as(_put("indices", 3, 10**6)(array, folder), lambda a: _mapped(a, folder))


# arrays that do not belong together: nobody may follow them
BROKEN = {
    "index too large": _put("indices", 3, 10**6),
    "index just too large": lambda array, folder: _put("indices", -1, array.shape[1])(array, folder),
    "index negative": _put("indices", 2, -1),
    "index far negative": _put("indices", 2, -(2**30)),
    "index of 64 bits": _put("indices", 1, 2**40),
    "index too large in a memory map": _mapped_damage,
    "indptr falls": lambda array, folder: _put("indptr", 2, csr(array).nnz)(array, folder),
    "indptr negative": _put("indptr", 1, -5),
    "indptr begins late": _put("indptr", 0, 1),
    "indptr beyond the entries": lambda array, folder: _put("indptr", -1, csr(array).nnz + 10**6)(array, folder),
    "indptr short": _cut("indptr", 3),
    "data short": _cut("data", 2),
    "indices short": _cut("indices", 2),
    "indices of floats": lambda array, folder: csr(array, indices=lambda a: a.astype(float)),
    "csc index": _of_format("csc", "indices", 10**6),
    "csc indptr": _of_format("csc", "indptr", 10**6),
    "coo row": _of_format("coo", "row", 10**6),
    "coo column": _of_format("coo", "col", -7),
    "bsr index": _of_format("bsr", "indices", 10**6),
}


def _value(value):
    return lambda array, folder: csr(array, data=lambda data: np.where(np.arange(data.size) == 1, value, data))


SPARSE_VALUES = {"sparse NaN": _value(np.nan), "sparse inf": _value(np.inf), "sparse negative": _value(-1.0)}


def _with(value):
    def damage(array, folder):
        array = np.array(array, dtype=np.float64)
        array.flat[1] = value
        return array

    return damage


DENSE_VALUES = {"NaN": _with(np.nan), "inf": _with(np.inf), "negative": _with(-1.0)}
SHAPES = {
    "longer": lambda array, folder: np.concatenate([array, array[-1:]]),
    "wider": lambda array, folder: np.concatenate([array, array[..., -1:]], axis=-1),
    "one more axis": lambda array, folder: array[None],
    "empty": lambda array, folder: array[:0],
    "words": lambda array, folder: np.full(array.shape, "word"),
    "objects that are no numbers": lambda array, folder: np.full(array.shape, None),
    "complex": lambda array, folder: array.astype(complex),
}


def snapshot(value):
    """All bytes and flags of what a user has handed in, to be compared afterwards."""
    if isinstance(value, np.ndarray):
        content = repr(value.tolist()) if value.dtype.hasobject else value.tobytes()
        return ("array", id(value), value.dtype.str, value.shape, value.strides, value.flags.writeable, content)
    if sparse.issparse(value):
        state = {name: snapshot(item) for name, item in vars(value).items()}
        return (type(value).__name__, state, sorted(value.items()) if value.format == "dok" else None)
    if isinstance(value, dict):
        return {repr(key): snapshot(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, [snapshot(item) for item in value])
    return repr(value)

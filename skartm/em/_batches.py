"""Batches: consecutive rows of a CSR matrix with the index of their transpose."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from skartm._kernels import transpose_index
from skartm.base import shown
from skartm.base._sparse import filled_rows as _filled_rows

_ROWS = 8192  # rows that are looked at in one go, so that a memory map is not copied


@dataclass(frozen=True)
class TokenIndex:
    """The transpose of a batch as an index.

    Attributes
    ----------
    tokens : array of int32
        Those that occur, ascending.
    starts : array of int64 of shape (len(tokens) + 1,)
        Offsets of the tokens into the others.
    docs, order : arrays of int32
        The documents of every token, and the places of its ratios.
    """

    tokens: NDArray
    starts: NDArray
    docs: NDArray
    order: NDArray

    @classmethod
    def of(cls, indptr: NDArray, indices: NDArray, n_tokens: int) -> "TokenIndex":
        """The index of consecutive rows of a CSR matrix."""
        nnz = int(indptr[-1] - indptr[0])
        ends = np.empty(n_tokens, dtype=np.int64)
        docs, order = np.empty(nnz, dtype=np.int32), np.empty(nnz, dtype=np.int32)
        transpose_index(indptr.astype(np.int64, copy=False), indices, ends, docs, order)
        tokens = np.flatnonzero(np.diff(ends, prepend=0)).astype(np.int32)
        return cls(tokens, np.concatenate([np.zeros(1, dtype=np.int64), ends[tokens]]), docs, order)

    @classmethod
    def of_rows(cls, tokens: NDArray) -> "TokenIndex":
        """The index of tokens each of which has a row of its own."""
        places = np.arange(tokens.size, dtype=np.int32)
        return cls(tokens, np.arange(tokens.size + 1, dtype=np.int64), places, places)


class SomeRows:
    """Rows of a CSR matrix on disk, by their numbers: an index, from which parts are read when they are asked for.

    It stands for a matrix where batches are cut. ``X[rows]`` of scipy would read all of them into memory.

    Attributes
    ----------
    X : CSR
    rows : array of int of shape (n_docs,)
    beside : CSR with the rows of X, or None
        More columns, on the right.
    shape : tuple of int
    """

    def __init__(self, X: Any, rows: NDArray, beside: Any = None) -> None:
        self.X, self.rows, self.beside = X, rows, beside
        self.shape = (rows.size, X.shape[1] + (0 if beside is None else beside.shape[1]))

    def chosen(self, rows: NDArray) -> "SomeRows":
        """Some of them, by their places."""
        return SomeRows(self.X, self.rows[rows], self.beside)

    def __getitem__(self, part: slice) -> Any:
        """Some of them as a CSR matrix in memory."""
        rows = self.rows[part]
        if self.beside is None:
            return self._read(rows)
        columns = self.beside[rows].astype(self.X.dtype)
        return type(self.X)(sparse.hstack([self._read(rows), columns], format="csr"))

    def _read(self, rows: NDArray) -> Any:
        begins, lengths = self.X.indptr[rows], self.X.indptr[rows + 1] - self.X.indptr[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(self.X.indptr.dtype)
        entries = np.repeat(begins - indptr[:-1], lengths) + np.arange(indptr[-1])
        # not X[rows], which may sort or add up
        return type(self.X)((self.X.data[entries], self.X.indices[entries], indptr), shape=(rows.size, self.X.shape[1]))


@dataclass(frozen=True)
class Rows:
    """The arrays of a CSR in memory without a matrix of scipy around them, whose making takes longer than a short text.

    Attributes
    ----------
    indptr, indices, data : arrays
    shape : tuple of int
    """

    indptr: NDArray
    indices: NDArray
    data: NDArray
    shape: tuple[int, int]

    def __getitem__(self, part: slice) -> Any:
        """Some rows as a matrix."""
        return sparse.csr_matrix((self.data, self.indices, self.indptr), shape=self.shape)[part]


def is_index(X: Any) -> bool:
    """Whether X is :class:`SomeRows`, and no matrix."""
    return hasattr(X, "chosen")


def blocks_of(X: Any, n_rows: int) -> Iterator[tuple[int, Any]]:
    """The rows of a CSR matrix, some at a time as views, with the place of the first; or those of :class:`SomeRows`."""
    for start in range(0, X.shape[0], n_rows):
        if is_index(X):
            yield start, X[start : start + n_rows]
            continue
        indptr = X.indptr[start : start + n_rows + 1]
        entries = slice(int(indptr[0]), int(indptr[-1]))
        shape = (indptr.size - 1, X.shape[1])
        # not X[start:stop], which copies, and not the constructor, which may sort
        yield start, type(X)((X.data[entries], X.indices[entries], indptr - indptr[0]), shape=shape, copy=False)


def row_lengths(X: Any) -> NDArray:
    """Stored entries of every row."""
    if not is_index(X):
        return np.diff(X.indptr)
    lengths = X.X.indptr[X.rows + 1] - X.X.indptr[X.rows]
    return lengths if X.beside is None else lengths + np.diff(X.beside.indptr)[X.rows]


def filled_rows(X: Any) -> NDArray:
    """Whether every row has an entry above zero; zeros may be stored."""
    parts = [_filled_rows(rows) for _, rows in blocks_of(X, _ROWS)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


class Batch:
    """Rows ``start:stop`` of a CSR matrix as kernel arguments.

    It has all that an E-step needs of its documents, and refers to no others; a pickle has its own rows only.

    Attributes
    ----------
    indptr, indices, x : arrays
        As in CSR, of int64, int32 and ``dtype``. ``indptr`` has offsets into ``indices`` and ``x``, which are those of
        all rows of X where nothing had to be converted.
    sample_weight : array of shape (n_docs,) or None
    token_weight : array of shape (n_tokens,) or None
        Multiplies the counts: the weights of modalities.
    ordered : bool
        Keep the entries of a row as they are: tokens in the order of the text. Otherwise repeated ones are added up.
    kept : object
        What the E-step starts from in this pass; see :class:`Kept`. None begins anew.
    of_terms : mapping of name to arrays with a row for each document
        What terms of theta know of the documents.
    """

    kept: Any = None
    of_terms: Mapping[str, tuple[NDArray, ...]] = MappingProxyType({})

    def __init__(
        self,
        X: Any,
        start: int,
        stop: int,
        dtype: DTypeLike,
        sample_weight: NDArray | None = None,
        token_weight: NDArray | None = None,
        *,
        ordered: bool = False,
    ) -> None:
        self.start, self.n_docs, self.n_tokens = start, stop - start, X.shape[1]
        self.sample_weight = None if sample_weight is None else sample_weight[start:stop]
        if is_index(X):
            X, start, stop = X[start:stop], 0, stop - start
        self.indptr = X.indptr[start : stop + 1]
        self.indices, self.x = X.indices, X.data
        first, last = int(self.indptr[0]), int(self.indptr[-1])
        if X.data.dtype != dtype or token_weight is not None or (not ordered and self._repeats(first, last)):
            self._materialise(X[start:stop], dtype, token_weight, ordered)
        self.indptr = self.indptr.astype(np.int64, copy=False)
        if self.indices.dtype != np.int32:  # of these rows alone: a memory map is not read whole
            first, last = int(self.indptr[0]), int(self.indptr[-1])
            self.indptr, self.x = self.indptr - first, self.x[first:last]
            self.indices = self.indices[first:last].astype(np.int32)
        self._made: dict[str, Any] = {}

    def carrying(self, kept: Any, of_terms: Mapping[str, tuple[NDArray, ...]] = MappingProxyType({})) -> Self:
        """The same documents with what their E-step starts from, and what terms know of them; it shares all arrays."""
        carrying = type(self).__new__(type(self))
        vars(carrying).update(vars(self))
        carrying.kept, carrying.of_terms = kept, of_terms
        return carrying

    def unweighted(self) -> Self:
        """The same documents, each counted once."""
        plain = self.carrying(self.kept, self.of_terms)
        plain.sample_weight, plain._made = None, {}
        return plain

    def made_once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, made at the first call for the batch and its copies."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def __getstate__(self) -> dict[str, Any]:
        entries = slice(int(self.indptr[0]), int(self.indptr[-1]))
        own = {"indptr": self.indptr - self.indptr[0], "indices": self.indices[entries], "x": self.x[entries]}
        return {**vars(self), **own, "of_terms": dict(self.of_terms), "_made": {}}

    def _repeats(self, first: int, last: int) -> bool:
        """Whether a row lists a token twice or out of order (token order, see SequenceVectorizer)."""
        rising = np.diff(self.indices[first:last]) > 0
        inside = self.indptr[1:-1] - first - 1
        rising[inside[(inside >= 0) & (inside < rising.size)]] = True
        return not rising.all()

    def _materialise(self, rows: Any, dtype: DTypeLike, token_weight: NDArray | None, ordered: bool) -> None:
        # not rows.astype, which sorts and adds up
        rows = type(rows)((rows.data.astype(dtype), rows.indices.copy(), rows.indptr), shape=rows.shape)
        if not ordered:
            rows.sum_duplicates()
        if token_weight is not None:
            rows.data *= token_weight[rows.indices].astype(dtype)
        self.indptr, self.indices, self.x = rows.indptr, rows.indices, rows.data

    @property
    def nnz(self) -> int:
        return int(self.indptr[-1] - self.indptr[0])

    @property
    def row_lengths(self) -> NDArray:
        return np.diff(self.indptr)

    @property
    def n_samples(self) -> float:
        """Documents, or the sum of their weights."""
        return float(self.n_docs if self.sample_weight is None else self.sample_weight.sum(dtype=np.float64))

    @property
    def doc_mass(self) -> NDArray:
        """Tokens of every document, float64 of shape (n_docs,)."""
        return self.made_once("doc_mass", self._doc_mass)

    def _doc_mass(self) -> NDArray:
        mass, filled = np.zeros(self.n_docs), self.row_lengths > 0
        if filled.any():  # empty rows would get the entry after them
            first, last = int(self.indptr[0]), int(self.indptr[-1])
            mass[filled] = np.add.reduceat(self.x[first:last], self.indptr[:-1][filled] - first, dtype=np.float64)
        return mass

    def with_mass(self) -> NDArray:
        """Columns with a positive weighted count, bool of shape (n_tokens,).

        A stored zero, a document of weight zero and a modality of weight zero are not evidence of a word.
        """
        first, last = int(self.indptr[0]), int(self.indptr[-1])
        positive = self.x[first:last] > 0
        if self.sample_weight is not None:
            positive &= np.repeat(self.sample_weight > 0, self.row_lengths)
        found = np.zeros(self.n_tokens, dtype=bool)
        found[self.indices[first:last][positive]] = True
        return found

    def mass(self) -> float:
        """Weighted sum of the counts, in float64."""
        return self.made_once("mass", self._weighted_sum)

    def _weighted_sum(self) -> float:
        x = self.x[int(self.indptr[0]) : int(self.indptr[-1])]
        if self.sample_weight is None:
            return float(x.sum(dtype=np.float64))
        return float(np.repeat(self.sample_weight, self.row_lengths) @ x.astype(np.float64))

    def token_index(self) -> TokenIndex:
        """The transpose as an index."""
        return self.made_once("token_index", lambda: TokenIndex.of(self.indptr, self.indices, self.n_tokens))


class Batches:
    """All rows of a CSR matrix in batches of ``batch_size``.

    In memory the batches and the index of their transposes are kept from pass to pass (8 bytes a non-zero);
    of a memory-mapped matrix only one batch exists at a time, and before each the file is looked at: one that was
    written to meanwhile is an error. What changes within a batch is not noticed.
    """

    def __init__(
        self,
        X: Any,
        batch_size: int,
        dtype: DTypeLike,
        sample_weight: NDArray | None = None,
        token_weight: NDArray | None = None,
        *,
        ordered: bool = False,
    ) -> None:
        self.X, self.batch_size, self.dtype, self.sample_weight = X, batch_size, np.dtype(dtype), sample_weight
        self.token_weight, self.ordered = token_weight, ordered
        self.n_docs, self.n_tokens = X.shape
        self.n_samples = float(self.n_docs if sample_weight is None else sample_weight.sum(dtype=np.float64))
        self.keep = not is_memory_mapped(X)
        self._kept: list[Batch] | None = None
        self._files = MappedFiles(X.X if is_index(X) else X)

    @cached_property
    def with_mass(self) -> NDArray:
        """Columns with a positive weighted count in any batch, bool of shape (n_tokens,)."""
        found = np.zeros(self.n_tokens, dtype=bool)
        for batch in self:
            found |= batch.with_mass()
        return found

    def __len__(self) -> int:
        return -(-self.n_docs // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self._kept is not None:
            yield from self._kept
            return
        kept = []
        for start in range(0, self.n_docs, self.batch_size):
            stop = min(start + self.batch_size, self.n_docs)
            self._files.check()
            batch = self._cut(start, stop)
            if self.keep:
                kept.append(batch)
            yield batch
        if self.keep:
            self._kept = kept

    def _cut(self, start: int, stop: int) -> Batch:
        return Batch(self.X, start, stop, self.dtype, self.sample_weight, self.token_weight, ordered=self.ordered)


class MappedFiles:
    """The files that a CSR matrix is mapped from, as they are now.

    The pages of a file that became shorter are gone: to read them ends the process. Other numbers in it contradict
    those that were checked. A file that was replaced or deleted lives on as long as it is mapped.
    """

    def __init__(self, X: Any) -> None:
        names = set()
        for name in ("data", "indices", "indptr"):
            found = mapped(getattr(X, name, None))
            if found is not None and found.filename:
                names.add(str(found.filename))
        self._files = [(name, *_state_of(name)) for name in sorted(names)] if names else []

    def check(self) -> None:
        """Raise if a file has changed since."""
        for name, number, *before in self._files:
            now, *after = _state_of(name)
            if now == number and after != before:
                msg = (
                    "X must not change while a model reads it. The file that it is mapped from, "
                    f"{shown(os.path.basename(name))}, was written to meanwhile; open it again."
                )
                raise ValueError(msg)


def _state_of(name: str) -> tuple[int, int, int]:
    """Number of the file, its size and the time of its last change."""
    try:
        found = os.stat(name)
    except OSError:
        return -1, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns


def mapped(array: Any) -> np.memmap | None:
    """The map of a file that an array is, or is a view of."""
    base = array
    while base is not None:
        if isinstance(base, np.memmap):
            while isinstance(base.base, np.memmap):  # the first one knows the file
                base = base.base
            return base
        base = getattr(base, "base", None)
    return None


def is_memory_mapped(X: Any) -> bool:
    """Whether the data of a CSR matrix live in a file."""
    return is_index(X) or mapped(X.data) is not None

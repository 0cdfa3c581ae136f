"""Batches: consecutive rows of a CSR matrix with the index of their transpose."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm._kernels import transpose_index


class TokenIndex:
    """The transpose of a batch as an index: for every token that occurs, its documents and the places of its ratios."""

    def __init__(self, indptr: NDArray, indices: NDArray, n_tokens: int) -> None:
        nnz = int(indptr[-1] - indptr[0])
        ends = np.empty(n_tokens, dtype=np.int64)
        self.docs = np.empty(nnz, dtype=np.int32)
        self.order = np.empty(nnz, dtype=np.int32)
        transpose_index(indptr, indices, ends, self.docs, self.order)
        self.tokens = np.flatnonzero(np.diff(ends, prepend=0)).astype(np.int32)
        self.starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[self.tokens]])


class Batch:
    """Rows ``start:stop`` of a CSR matrix as kernel arguments.

    Attributes
    ----------
    indptr, indices, x : arrays
        As in CSR; ``indptr`` keeps its offsets into the whole ``indices`` and ``x``.
    sample_weight : array of shape (n_docs,) or None
    token_weight : array of shape (n_tokens,) or None
        Multiplies the counts: the weights of modalities.
    ordered : bool
        Keep the entries of a row as they are: tokens in the order of the text. Otherwise repeated ones are added up.
    """

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
        self.indptr = X.indptr[start : stop + 1]
        self.indices, self.x = X.indices, X.data
        first, last = int(self.indptr[0]), int(self.indptr[-1])
        if X.data.dtype != dtype or token_weight is not None or (not ordered and self._repeats(first, last)):
            self._materialise(X[start:stop], dtype, token_weight, ordered)
        self._token_index: TokenIndex | None = None
        self._mass: float | None = None

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
        if self._mass is None:
            self._mass = self._weighted_sum()
        return self._mass

    def _weighted_sum(self) -> float:
        x = self.x[int(self.indptr[0]) : int(self.indptr[-1])]
        if self.sample_weight is None:
            return float(x.sum(dtype=np.float64))
        return float(np.repeat(self.sample_weight, self.row_lengths) @ x.astype(np.float64))

    def token_index(self, *, keep: bool) -> TokenIndex:
        index = self._token_index or TokenIndex(self.indptr, self.indices, self.n_tokens)
        self._token_index = index if keep else None
        return index


class Batches:
    """All rows of a CSR matrix in batches of ``batch_size``.

    In memory the batches and the index of their transposes are kept from pass to pass (8 bytes a non-zero);
    of a memory-mapped matrix only one batch exists at a time.
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
            batch = self._cut(start, stop)
            if self.keep:
                kept.append(batch)
            yield batch
        if self.keep:
            self._kept = kept

    def _cut(self, start: int, stop: int) -> Batch:
        return Batch(self.X, start, stop, self.dtype, self.sample_weight, self.token_weight, ordered=self.ordered)


def is_memory_mapped(X: Any) -> bool:
    """Whether the data of a CSR matrix live in a file."""
    base = X.data
    while base is not None:
        if isinstance(base, np.memmap):
            return True
        base = getattr(base, "base", None)
    return False

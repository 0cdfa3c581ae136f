"""Counts of the contexts in which tokens, and pairs of tokens, occur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

# Rows of a dense block; float32 counts integers exactly up to 2 ** 24, far above it.
_DENSE_ROWS = 1 << 12
# Above this many columns the table of all pairs is kept sparse.
_MAX_DENSE_COLUMNS = 1 << 11
# A multiply-add of the dense product costs at least this much less than one of the sparse product (measured on two
# cores, conversion of the blocks included: 150 to 450).
_DENSE_SPEEDUP = 150


@dataclass(frozen=True)
class Cooccurrence:
    """In how many contexts each of some columns, and each pair of them, occurs.

    A context is whatever the counting function says: a document, or a window of text. Columns are named by their index
    in the counted matrix; any column that was not counted, -1 included, has the count 0.

    Attributes
    ----------
    n_contexts : int
        Number of contexts.
    columns : ndarray of shape (n_columns,)
        Counted columns, sorted, without repetition.
    n_single : ndarray of shape (n_columns,)
        Number of contexts in which a column occurs.
    n_joint : ndarray or csr_array of shape (n_columns, n_columns)
        Number of contexts in which both columns occur; symmetric.
    """

    n_contexts: int
    columns: NDArray[np.intp]
    n_single: NDArray[np.int64]
    n_joint: NDArray[np.int64] | csr_array

    def single(self, columns: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the number of contexts with each of ``columns``."""
        positions, counted = self._locate(columns)
        counts = np.zeros(len(columns), dtype=np.int64)
        counts[counted] = self.n_single[positions[counted]]
        return counts

    def joint(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the number of contexts with both ``left[k]`` and ``right[k]``, for each k."""
        left_positions, left_counted = self._locate(left)
        right_positions, right_counted = self._locate(right)
        counted = left_counted & right_counted
        counts = np.zeros(len(left), dtype=np.int64)
        if counted.any():
            pairs = self.n_joint[left_positions[counted], right_positions[counted]]
            counts[counted] = np.asarray(pairs).ravel()
        return counts

    def _locate(self, columns: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        positions = np.searchsorted(self.columns, columns)
        inside = positions < len(self.columns)
        counted = inside.copy()
        counted[inside] = self.columns[positions[inside]] == columns[inside]
        return positions, counted


def document_cooccurrence(X: Any, columns: NDArray[np.intp]) -> Cooccurrence:
    """Count the rows of ``X`` in which columns, and pairs of columns, have a positive entry.

    Equivalent to ``B = X.toarray()[:, columns] > 0; n_single = B.sum(axis=0); n_joint = B.T @ B``, with ``columns``
    sorted and without repetition. Only the entries of these columns are copied. A column listed several times in a row
    counts once, so a row may hold the tokens in the order of the text.

    Parameters
    ----------
    X : CSR of shape (n_docs, n_features), non-negative counts
        Canonical or not; neither copied nor modified.
    columns : ndarray of int
        Columns to count, in [0, n_features).

    Returns
    -------
    cooccurrence : Cooccurrence
        Counts over the documents.
    """
    columns = np.unique(columns).astype(np.intp, copy=False)
    present = _binary_columns(X, columns)  # (D, V)
    n_single = np.bincount(present.indices, minlength=len(columns)).astype(np.int64, copy=False)
    return Cooccurrence(X.shape[0], columns, n_single, _count_pairs(present))


def _binary_columns(X: Any, columns: NDArray[np.intp]) -> csr_array:
    """Return ``X[:, columns] > 0`` as a canonical CSR of ones."""
    nnz = X.indptr[-1]
    if len(X.indices) > nnz:
        # an unpruned CSR, on which column indexing in scipy (1.17) writes beyond its result; the slices are views
        X = csr_array((X.data[:nnz], X.indices[:nnz], X.indptr), shape=X.shape)
    present = csr_array(X[:, columns])
    # entries stored as 0 are no occurrences, and tokens listed twice in a row are one
    present.data = (present.data > 0).astype(np.int32)
    present.eliminate_zeros()
    present.sum_duplicates()
    present.data[:] = 1
    return present


def _count_pairs(present: csr_array) -> NDArray[np.int64] | csr_array:
    """Return ``present.T @ present`` by the product, dense or sparse, that has less to do."""
    n_docs, n_columns = present.shape
    if n_columns > _MAX_DENSE_COLUMNS:
        return (present.T @ present).tocsr()
    n_sparse = np.square(np.diff(present.indptr), dtype=np.float64).sum()
    if n_docs * float(n_columns) ** 2 > _DENSE_SPEEDUP * n_sparse:
        return (present.T @ present).toarray().astype(np.int64)
    n_joint = np.zeros((n_columns, n_columns), dtype=np.int64)
    for start in range(0, n_docs, _DENSE_ROWS):
        block = present[start : start + _DENSE_ROWS].astype(np.float32).toarray()
        n_joint += (block.T @ block).astype(np.int64)
    return n_joint

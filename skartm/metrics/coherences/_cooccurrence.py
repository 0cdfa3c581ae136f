"""Counts of the contexts in which tokens, and pairs of tokens, occur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


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
    n_joint : csr_array of shape (n_columns, n_columns)
        Number of contexts in which both columns occur, of the pairs that were counted; symmetric.
    """

    n_contexts: int
    columns: NDArray[np.intp]
    n_single: NDArray[np.int64]
    n_joint: csr_array

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

"""Matrices of which some entries are missing, or count differently."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.utils import gen_batches

from skartm.base import _interruptible as interruptible
from skartm.base._data import check_matrix
from skartm.em import padded_zeros
from skartm.nmf.solvers._penalties import NONE, Penalty

ENOUGH = 0.01  # a row stops when a sweep moves it by this share of the first sweep
_LARGEST_BLOCK = 2**20  # numbers of W that are read at a time


@dataclass(frozen=True, eq=False)
class Observed:
    """The entries that are observed, row by row as in CSR, and their weights.

    Attributes
    ----------
    indptr, indices : arrays
    data : array
        Entries of X, zeros among them.
    weights : array
        Positive, those of the rows multiplied in.
    row_weights, column_weights : arrays
        Of the penalties of rows and columns.
    shape : pair of int
    """

    indptr: NDArray
    indices: NDArray
    data: NDArray
    weights: NDArray
    row_weights: NDArray
    column_weights: NDArray
    shape: tuple[int, int]

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    @cached_property
    def counts(self) -> NDArray:
        return self.weights * self.data

    @cached_property
    def T(self) -> "Observed":
        """The transpose."""
        places = sparse.csr_array((np.arange(1, self.data.size + 1), self.indices, self.indptr), shape=self.shape)
        return self._arranged(places.T.tocsr(), self.column_weights, self.row_weights)

    @property
    def whole(self) -> NDArray:
        """Whether all entries of a row are observed, with weight one."""
        plain = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))[self.weights == 1]
        return np.bincount(plain, minlength=self.shape[0]) == self.shape[1]

    def take(self, rows: NDArray) -> "Observed":
        """Some of the rows."""
        places = sparse.csr_array((np.arange(1, self.data.size + 1), self.indices, self.indptr), shape=self.shape)
        return self._arranged(places[rows], self.row_weights[rows], self.column_weights)

    def _arranged(self, places: Any, row_weights: NDArray, column_weights: NDArray) -> "Observed":
        """The entries where the matrix has their places, counted from one."""
        order = places.data - 1
        return Observed(
            places.indptr.astype(np.int64), places.indices.astype(np.int32), self.data[order], self.weights[order],
            row_weights, column_weights, places.shape,
        )  # fmt: skip

    def weighted(self, sample_weight: NDArray | None) -> "Observed":
        """Weights of rows multiplied in."""
        if sample_weight is None:
            return self
        weights = self.weights * np.repeat(sample_weight, np.diff(self.indptr)).astype(self.dtype)
        return Observed(
            self.indptr, self.indices, self.data, weights, sample_weight, self.column_weights, self.shape
        )  # fmt: skip

    def half_squares(self, W: NDArray, H: NDArray) -> float:
        """sum v (x - z)^2 / 2, in double precision."""
        rows, columns, total = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), H.T, 0.0
        for block in gen_batches(self.data.size, max(1, _LARGEST_BLOCK // H.shape[0])):
            z = np.einsum("ij,ij->i", W[rows[block]], columns[self.indices[block]], dtype=np.float64)
            total += float(self.weights[block].astype(np.float64) @ np.square(self.data[block] - z))
        return 0.5 * total

    def random_start(self, n_components: int, random_state: RandomState) -> NDArray:
        """Absolute values of normal draws, of the size that W H of such W and H has the mean of what is observed."""
        total = self.weights.sum(dtype=np.float64)
        mean = self.counts.sum(dtype=np.float64) / total if total > 0 else 0.0
        return np.sqrt(mean / n_components) * np.abs(random_state.standard_normal((n_components, self.shape[1])))

    def filled(self, purpose: str) -> NDArray:
        """An array with the means of the columns where nothing is observed, which has to be less than half of it."""
        size = self.shape[0] * self.shape[1]
        if 2 * self.data.size < size:
            msg = f"{purpose} needs at least half of the entries of X. Got {self.data.size} of {size}"
            raise ValueError(f"{msg}; use init='random' or arrays.")
        totals, weights = (np.bincount(self.indices, w, self.shape[1]) for w in (self.counts, self.weights))
        means = np.divide(totals, weights, out=np.zeros(self.shape[1]), where=weights > 0)
        out = np.tile(means.astype(self.dtype), (self.shape[0], 1))
        out[np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), self.indices] = self.data
        return out


class ObservedSide:
    """Sweeps over the rows of a factor, each of which has the gram matrix of its own entries.

    See :class:`skartm.nmf.solvers._least_squares.Side`, whose place it takes.
    """

    def __init__(
        self, X: Observed, n_components: int, dtype: DTypeLike, n_threads: int, penalty: Penalty = NONE
    ) -> None:
        self.X, self.n_components, self.n_threads, self.penalty = X, n_components, n_threads, penalty
        width = padded_zeros(1, n_components, dtype).shape[1]
        self.scratch = padded_zeros(n_threads, (n_components + 2) * width, dtype)
        self.penalties = X.row_weights[:, None] * np.array([penalty])
        self.totals = np.zeros((X.shape[0], 2))

    def sweep(self, factor: NDArray, other: NDArray, n_sweeps: int, ratio: float = ENOUGH) -> float:
        """Improve the padded ``factor`` in place; the squared norm of its projected gradient before that."""
        X = self.X
        interruptible.hals_observed(
            X.indptr, X.indices, X.data, X.weights, other, self.penalties, (self.n_components, n_sweeps, ratio),
            factor, self.totals, self.scratch, self.n_threads,
        )  # fmt: skip
        return float(self.totals[:, 0].sum())

    def loss(self, factor: NDArray, norm: float) -> float:
        """Of the factor that the last sweep left, with its penalty, ``norm`` being that of X."""
        return max(0.5 * norm + float(self.totals[:, 1].sum()), 0.0)


def observed(X: Any, entry_weight: Any, owner: str) -> Observed | None:
    """What of X is observed, and how much it counts; None if that is everything, equally.

    Parameters
    ----------
    X : array, with NaN where entries are missing, or CSR
    entry_weight : array or sparse matrix of the shape of X, or None
        Zero, or not stored, is missing.
    """
    if entry_weight is None:
        if sparse.issparse(X) or not np.isnan(X).any():
            return None
        pattern = sparse.csr_array(~np.isnan(X))
        return _observed(X, pattern.indptr, pattern.indices, np.ones(pattern.nnz))
    weights = check_matrix(
        entry_weight, "entry_weight", accept_sparse=True, dtype=np.float64, non_negative=True, min_columns=0
    )
    if weights.shape != X.shape:
        msg = f"{owner}: entry_weight must have the shape of X, {X.shape}. Got {weights.shape}."
        raise ValueError(msg)
    weights = sparse.csr_array(weights, copy=True)
    weights.sum_duplicates()
    if not sparse.issparse(X) and np.isnan(X).any():
        weights = sparse.csr_array(weights.multiply(~np.isnan(X)))
        weights.sum_duplicates()
    weights.eliminate_zeros()
    return _observed(X, weights.indptr, weights.indices, weights.data)


def _observed(X: Any, indptr: NDArray, indices: NDArray, weights: NDArray) -> Observed:
    is_sparse = bool(sparse.issparse(X))
    if is_sparse and np.array_equal(X.indptr, indptr) and np.array_equal(X.indices, indices):
        data = X.data
    else:
        rows = np.repeat(np.arange(X.shape[0]), np.diff(indptr))
        data = sparse.csr_matrix(X)[rows, indices] if is_sparse else X[rows, indices]
        data = np.ascontiguousarray(np.ravel(data), dtype=X.dtype)
    return Observed(
        indptr.astype(np.int64), indices.astype(np.int32), data, weights.astype(X.dtype), np.ones(X.shape[0]),
        np.ones(X.shape[1]), X.shape,
    )  # fmt: skip


def everything(X: Any) -> Observed:
    """A CSR matrix whose entries are all observed: those that are not stored are zeros, of weight one."""
    return Observed(
        X.indptr.astype(np.int64), X.indices.astype(np.int32), X.data, np.ones_like(X.data), np.ones(X.shape[0]),
        np.ones(X.shape[1]), X.shape,
    )  # fmt: skip

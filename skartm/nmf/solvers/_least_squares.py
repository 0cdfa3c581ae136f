"""The Frobenius norm: hierarchical alternating least squares, extrapolated, with guaranteed descent."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn.utils import gen_batches

from skartm.base import _interruptible as interruptible
from skartm.em import padded, padded_zeros, unpadded_transpose
from skartm.nmf.solvers._observed import ENOUGH, Observed, ObservedSide
from skartm.nmf.solvers._penalties import NONE, Penalty

# Ang and Gillis 2019: first weight of the extrapolation, its growth and the growth of its limit, its shrinkage
_FIRST, _GROWTH, _LIMIT_GROWTH, _SHRINKAGE = 0.5, 1.05, 1.01, 1.5
_LARGEST_BLOCK = 2**20  # entries of X whose errors are computed at a time


def is_sparse(X: Any) -> bool:
    return bool(sparse.issparse(X))


def check_squares(X: Any, owner: str) -> None:
    """Raise where the sum of the squares of X, which may have NaN, is too large for its dtype."""
    data = X.data if is_sparse(X) else X
    largest = float(np.fmax.reduce(data, axis=None, initial=0))
    limit = float(np.sqrt(np.finfo(X.dtype).max / max(data.size, 1)))
    if largest > limit:
        msg = f"squares of X must have a sum in {X.dtype}, so entries must be at most {limit:.1e}. Got {largest:.1e}"
        raise ValueError(f"{owner}: {msg}; divide X by a number, or use dtype='float64'.")


class Side:
    """One side of X: products of its rows with a table, and sweeps over the rows of its factor.

    Rows of X and of the factor may be multiplied by ``root``, square roots of their weights.
    """

    def __init__(
        self,
        X: Any,
        n_components: int,
        dtype: DTypeLike,
        n_threads: int,
        penalty: Penalty = NONE,
        root: NDArray | None = None,
    ) -> None:
        self.penalty, self.root = penalty, root
        self.X, self.n_components, self.n_threads = X, n_components, n_threads
        self.scratch = padded_zeros(n_threads, n_components, dtype)
        self.target = padded_zeros(X.shape[0], n_components, dtype)
        self.slopes = np.zeros(X.shape[0])
        if is_sparse(X):
            self.indptr, self.indices = X.indptr.astype(np.int64), X.indices.astype(np.int32, copy=False)
            self.places = np.arange(np.diff(X.indptr).max(initial=0), dtype=np.int32)
        else:
            self.X = np.ascontiguousarray(X)

    def sweep(self, factor: NDArray, other: NDArray, n_sweeps: int, ratio: float = ENOUGH) -> float:
        """Improve the padded ``factor`` in place; the squared norm of its projected gradient before that."""
        k = self.n_components
        self.gram = np.zeros((k, factor.shape[1]), dtype=factor.dtype)
        self.gram[:, :k] = other[:, :k].T @ other[:, :k]
        if is_sparse(self.X):
            interruptible.sparse_product(
                self.indptr, self.indices, self.X.data, self.places, other, self.target, self.n_threads
            )
        else:
            interruptible.dense_product(self.X, other, self.target, self.n_threads)
        if any(self.penalty):
            l1, l2 = (factor.dtype.type(strength) for strength in self.penalty)
            self.gram[np.arange(k), np.arange(k)] += l2
            self.target[:, :k] -= l1 if self.root is None else l1 * self.root[:, None]
        interruptible.hals_sweeps(
            self.gram, self.target, n_sweeps, ratio, factor, self.slopes, self.scratch, self.n_threads
        )
        return float(self.slopes.sum())

    def loss(self, factor: NDArray, norm: float) -> float:
        """|X - factor other^T|^2 / 2 for the ``other`` of the last sweep, and the penalty; ``norm`` is |X|^2."""
        k = self.n_components
        product = float(np.einsum("ij,ij->", factor, self.target, dtype=np.float64))
        gram = (factor[:, :k].T @ factor[:, :k]).astype(np.float64)
        return max(0.5 * norm - product + 0.5 * float((gram * self.gram[:, :k]).sum()), 0.0)


class LeastSquares:
    """Minimises |X - W H|^2 / 2 and penalties over W, H >= 0; of an Observed X only what is observed, by its weights.

    Every factor is improved at an extrapolation of the other one, W + b (W - W before), clipped at zero. While the
    loss falls, b grows; where it does not, the step is taken back, a plain step is made in place of it, which cannot
    increase the loss, and b shrinks (Ang and Gillis 2019, with the extrapolated factors themselves as the iterates,
    so that the loss that decides is the loss of what is returned).
    """

    def __init__(
        self,
        X: Any,
        H: NDArray,
        W: NDArray | None,
        *,
        sample_weight: NDArray | None,
        n_sweeps: int,
        n_threads: int,
        penalty_W: Penalty = NONE,
        penalty_H: Penalty = NONE,
    ) -> None:
        k, dtype = H.shape[0], H.dtype
        self.n_components, self.n_sweeps = k, n_sweeps
        self.penalty_W, self.penalty_H, self.sample_weight = penalty_W, penalty_H, sample_weight
        self.root: NDArray | None = None
        self.rows: Side | ObservedSide
        self.columns: Side | ObservedSide
        if isinstance(X, Observed):
            X = X.weighted(sample_weight)
            self.rows = ObservedSide(X, k, dtype, n_threads, penalty_W)
            self.columns = ObservedSide(X.T, k, dtype, n_threads, penalty_H)
            self.norm = float(np.square(X.data, dtype=np.float64) @ X.weights)
        else:
            self.root = None if sample_weight is None else np.sqrt(sample_weight).astype(dtype)
            X = X if self.root is None else scaled_rows(X, self.root)
            transposed = X.T.tocsr() if is_sparse(X) else np.ascontiguousarray(X.T)
            self.rows = Side(X, k, dtype, n_threads, penalty_W, self.root)
            self.columns = Side(transposed, k, dtype, n_threads, penalty_H)
            data = X.data if is_sparse(X) else X
            self.norm = float(np.square(data, dtype=np.float64).sum())
        self.X = X
        self.h = padded(H.T, dtype)
        self.w = padded_zeros(X.shape[0], k, dtype)
        if W is None:
            self.rows.sweep(self.w, self.h, 10 * n_sweeps)
        else:
            self.w[:, :k] = W if self.root is None else W * self.root[:, None]
        self.w_ahead, self.h_ahead = self.w, self.h  # and (w_ahead, h) is the iterate, of loss value
        self.weight, self.limit, self.value = _FIRST, 1.0, np.inf

    @property
    def W(self) -> NDArray:
        """Rows of weight zero are zeros."""
        W = self.w_ahead[:, : self.n_components]
        if self.root is None:
            return W.copy()
        root = self.root[:, None]
        return np.divide(W, root, out=np.zeros_like(W), where=root > 0)

    @property
    def H(self) -> NDArray:
        return unpadded_transpose(self.h, self.n_components)

    def loss(self) -> float:
        """The loss without the penalties."""
        W = self.w_ahead[:, : self.n_components]
        return self.X.half_squares(W, self.H) if isinstance(self.X, Observed) else half_squares(self.X, W, self.H)

    @property
    def last_loss(self) -> float:
        """The same, as the last update found it on its way."""
        return max(self.value - self._penalty_of(self.w_ahead) - self.penalty_H.value(self.h), 0.0)

    def _penalty_of(self, w: NDArray) -> float:
        if not any(self.penalty_W):
            return 0.0
        if self.root is None:
            return self.penalty_W.value(w, self.sample_weight)
        l1, l2 = self.penalty_W  # of rows divided by the root, times its square
        return Penalty(l1).value(w, self.root) + Penalty(0.0, l2).value(w)

    def update(self) -> tuple[float, float]:
        """One extrapolated step, or a plain one; loss and penalties after it, norm of projected gradient before."""
        w, h = self.w_ahead.copy(), self.h_ahead.copy()
        slope = self.rows.sweep(w, h, self.n_sweeps)
        w_ahead = _ahead(w, self.w, self.weight)
        slope += self.columns.sweep(h, w_ahead, self.n_sweeps)
        value = self.columns.loss(h, self.norm) + self._penalty_of(w_ahead)
        if value > self.value:
            w, h = self.w_ahead.copy(), self.h.copy()
            slope = self.rows.sweep(w, h, self.n_sweeps)
            slope += self.columns.sweep(h, w, self.n_sweeps)
            value = self.columns.loss(h, self.norm) + self._penalty_of(w)
            w_ahead, h_ahead = w, h
            self.limit, self.weight = self.weight, self.weight / _SHRINKAGE
        else:
            h_ahead = _ahead(h, self.h, self.weight)
            self.weight = min(self.limit, _GROWTH * self.weight)
            self.limit = min(1.0, _LIMIT_GROWTH * self.limit)
        self.w, self.w_ahead, self.h, self.h_ahead, self.value = w, w_ahead, h, h_ahead, value
        return value, float(np.sqrt(slope))


def solve_rows(X: Any, H: NDArray, *, penalty: Penalty, n_sweeps: int, tol: float, n_threads: int) -> NDArray:
    """W >= 0 of least loss and penalty; a row stops when a sweep moves it by ``tol`` times what the first one did."""
    w = padded_zeros(X.shape[0], H.shape[0], H.dtype)
    side = ObservedSide if isinstance(X, Observed) else Side
    side(X, H.shape[0], H.dtype, n_threads, penalty).sweep(w, padded(H.T, H.dtype), n_sweeps, tol**2)
    return w[:, : H.shape[0]].copy()


def half_squares(X: Any, W: NDArray, H: NDArray, sample_weight: NDArray | None = None) -> float:
    """sum v |x - w H|^2 / 2, in double precision; that of an array without differences of large numbers."""
    H, total = H.astype(np.float64), 0.0
    gram = H @ H.T
    for block in gen_batches(X.shape[0], max(1, _LARGEST_BLOCK // X.shape[1])):
        x, w = X[block], W[block].astype(np.float64)
        if is_sparse(x):
            x = x.astype(np.float64)
            squares = np.ravel(x.multiply(x).sum(axis=1)) + np.einsum("ij,ij->i", w, w @ gram - 2 * (x @ H.T))
        else:
            rest = x - w @ H
            squares = np.einsum("ij,ij->i", rest, rest)
        total += float(squares.sum() if sample_weight is None else squares @ sample_weight[block])
    return max(0.5 * total, 0.0)


def _ahead(new: NDArray, old: NDArray, weight: float) -> NDArray:
    out = new - old
    out *= new.dtype.type(weight)
    out += new
    return np.maximum(out, 0, out=out)


def scaled_rows(X: Any, factors: NDArray) -> Any:
    if not is_sparse(X):
        return X * factors[:, None]
    X = X.copy()
    X.data *= np.repeat(factors, np.diff(X.indptr))
    return X

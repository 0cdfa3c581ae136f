"""The Kullback-Leibler divergence with missing entries, weights of entries, or penalties: multiplicative updates."""

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.em import padded, padded_zeros, unpadded_transpose
from skartm.nmf.solvers._observed import Observed
from skartm.nmf.solvers._penalties import NONE, Penalty

_LARGEST_BUFFER = 4 * 2**20  # bytes a thread; longer rows are read in pieces


class MultiplicativeSide:
    """Multiplicative steps over the rows of a factor.

    Parameters
    ----------
    X : Observed
    full : bool
        Whether entries that X does not list are zeros that are observed, with the weights of their rows and columns.
    """

    def __init__(self, X: Observed, n_components: int, *, full: bool, penalty: Penalty, n_threads: int) -> None:
        self.X, self.n_components, self.full, self.n_threads = X, n_components, full, n_threads
        self.factors = X.row_weights[:, None] * np.array([[1.0, *penalty]])
        self.losses = np.zeros(X.shape[0])
        width = padded_zeros(1, n_components, X.dtype).shape[1]
        capacity = max(16, min(np.diff(X.indptr).max(initial=1), _LARGEST_BUFFER // (width * X.dtype.itemsize)))
        self.scratch = padded_zeros(n_threads, 2 * width + int(capacity) * (width + 1), X.dtype)
        self.none = np.zeros(0, dtype=X.dtype)

    def step(self, factor: NDArray, other: NDArray, n_passes: int, tol: float = 0.0) -> float:
        """Improve the padded ``factor`` in place; its part of the loss and its penalty after that."""
        X, base = self.X, padded_zeros(1, self.n_components, self.X.dtype)
        if self.full:
            base[0] = X.column_weights @ other
        interruptible.multiply_observed(
            X.indptr, X.indices, X.counts, self.none if self.full else X.weights, base, self.factors, other,
            (self.n_components, n_passes, tol), factor, self.losses, self.scratch, self.n_threads,
        )  # fmt: skip
        return float(self.losses.sum())


class Multiplicative:
    """Minimises sum v (x ln(x / z) - x + z) and penalties over W, H >= 0, z = W H, v the weights of entries.

    Every step goes to the minimum of a function above the loss that touches it where the step begins (Lee and Seung
    2000; with a square penalty the minimum is the root of a quadratic equation), so that the loss never increases.

    Parameters
    ----------
    X : Observed
    full : bool
        See MultiplicativeSide.
    H, W : arrays
        The start; None is the same for all components.
    penalty_W, penalty_H : Penalty
    n_passes : int
        Updates of W before one of H.
    """

    in_parts = False

    def __init__(
        self,
        X: Observed,
        H: NDArray,
        W: NDArray | None,
        *,
        full: bool,
        n_passes: int,
        n_threads: int,
        penalty_W: Penalty = NONE,
        penalty_H: Penalty = NONE,
    ) -> None:
        k = H.shape[0]
        self.X, self.n_components, self.n_passes = X, k, n_passes
        self.penalty_W, self.penalty_H = penalty_W, penalty_H
        self.rows = MultiplicativeSide(X, k, full=full, penalty=penalty_W, n_threads=n_threads)
        self.columns = MultiplicativeSide(X.T, k, full=full, penalty=penalty_H, n_threads=n_threads)
        self.h = padded(H.T, X.dtype)
        self.w = padded(start_of_rows(X, H, full=full) if W is None else W, X.dtype)
        x = X.data.astype(np.float64)
        terms = np.zeros(x.size)
        np.log(x, out=terms, where=x > 0)
        self.own = float((terms * x - x) @ X.weights)

    @property
    def W(self) -> NDArray:
        return self.w[:, : self.n_components].copy()

    @property
    def H(self) -> NDArray:
        return unpadded_transpose(self.h, self.n_components)

    def loss(self) -> float:
        """The divergence of what there is now, without the penalties."""
        value = self.columns.step(self.h, self.w, 0) + self.own
        return max(value - self.penalty_H.value(self.h), 0.0)

    def update(self) -> float:
        """One update of W and H; divergence and penalties after it."""
        self.rows.step(self.w, self.h, self.n_passes)
        value = self.columns.step(self.h, self.w, 1) + self.own
        self.last_loss = max(value - self.penalty_H.value(self.h), 0.0)
        return max(value + self.penalty_W.value(self.w, self.X.row_weights), 0.0)


def start_of_rows(X: Observed, H: NDArray, *, full: bool) -> NDArray:
    """The same number for all components, with which a row of W H has the sum of the row of X."""
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    totals = H.sum(axis=0, dtype=np.float64)
    sums = np.bincount(rows, X.counts, X.shape[0]).astype(np.float64)  # integers where there are no entries
    if full:
        of_ones = X.row_weights * (X.column_weights @ totals)
    else:
        of_ones = np.bincount(rows, X.weights * totals[X.indices], X.shape[0])
    w = np.divide(sums, of_ones, out=np.zeros_like(sums), where=of_ones > 0)
    return np.repeat(w[:, None], H.shape[0], axis=1)


def solve_rows(
    X: Observed, H: NDArray, *, full: bool, penalty: Penalty, n_passes: int, tol: float, n_threads: int
) -> NDArray:
    """W >= 0 of least loss; a row stops when it changes by less than ``tol``, relatively, in a pass.

    Without a penalty W does not depend on how the product is scaled, on the way to the end as well.
    """
    sums = np.ones(H.shape[0], dtype=H.dtype) if any(penalty) else H.sum(axis=1)
    H = np.divide(H, sums[:, None], out=np.zeros_like(H), where=sums[:, None] > 0)
    w = padded(start_of_rows(X, H, full=full), X.dtype)
    side = MultiplicativeSide(X, H.shape[0], full=full, penalty=penalty, n_threads=n_threads)
    side.step(w, padded(H.T, X.dtype), n_passes, tol)
    W = w[:, : H.shape[0]]
    return np.divide(W, sums, out=np.zeros_like(W), where=sums > 0)

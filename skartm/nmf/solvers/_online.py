"""Learning from batches of rows that come one after another: statistics of W, and H from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import _interruptible as interruptible
from skartm.base import shown
from skartm.base._threads import effective_n_threads
from skartm.em import padded, padded_zeros, shaken, unpadded_transpose
from skartm.nmf.solvers._choice import inner_iterations
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler
from skartm.nmf.solvers._least_squares import half_squares, solve_rows
from skartm.nmf.solvers._penalties import NONE, penalties
from skartm.nmf.solvers._regularized import check_terms
from skartm.nmf.solvers._volume import check_volume

_LEAST = 1e-10  # of the mean: counts that were positive do not fade below, since zeros of H stay zeros


class OnlineDivergence:
    """Counts n_tj = h_tj sum_i w_it x_ij / z_ij, which rows of H are proportional to.

    At first the counts are those of the H to start from, with the mass of the first batch. A feature that no component
    has begins when it occurs, unless a given H says so.
    """

    closed: NDArray | None = None  # features that a given H leaves out; an object of an older version has none

    def __init__(self) -> None:
        self.counts: NDArray | None = None

    def update(self, model: Any, X: Any, H: NDArray, weights: NDArray | None) -> tuple[NDArray, float]:
        """H after the batch; the loss of the batch before that."""
        n_threads = effective_n_threads(model.n_jobs)
        if self.closed is None:
            given = model.init is not None and not isinstance(model.init, str) and not hasattr(model, "components_")
            self.closed = np.asarray(~H.any(axis=0)) if given else np.zeros(H.shape[1], dtype=bool)
        H = with_new_features(H, X, self.closed)
        solver = KullbackLeibler(
            X, H, None, sample_weight=weights, n_passes=model.max_iter, n_threads=n_threads, tol=model.tol
        )
        sums, counters = solver.count(solver.batches), solver.counters
        if sums.left_out == sums.mass:
            return H, 0.0  # nothing that H could be learned from, and it would only be forgotten
        if self.counts is None:
            self.counts = solver.phi_wt * H.dtype.type(sums.mass / H.shape[0])
        self.counts *= H.dtype.type(model.forget_factor)
        least = H.dtype.type(_LEAST * sums.mass / H.size)
        np.maximum(self.counts, least, out=self.counts, where=self.counts > 0)
        self.counts += counters.stored
        counters.stored[...] = self.counts
        solver.engine.posterior.update(solver.phi_wt, counters, solver.phi_wt)
        return solver.H, solver.divergence(sums)


class OnlineLeastSquares:
    """W^T W and X^T W, the normal equations of H.

    At first they are those of which the H to start from is the solution, with the norm of the first batch.
    """

    def __init__(self) -> None:
        self.gram: NDArray | None = None
        self.target: NDArray | None = None

    def update(self, model: Any, X: Any, H: NDArray, weights: NDArray | None) -> tuple[NDArray, float]:
        """H after the batch; the loss of the batch before that."""
        k, n_threads, forget = H.shape[0], effective_n_threads(model.n_jobs), model.forget_factor
        W = solve_rows(X, H, penalty=NONE, n_sweeps=model.max_iter, tol=model.tol, n_threads=n_threads)
        weighted = W if weights is None else W * weights[:, None].astype(W.dtype)
        h = padded(H.T, H.dtype)
        gram, target = np.zeros((k, h.shape[1]), dtype=H.dtype), padded_zeros(H.shape[1], k, H.dtype)
        gram[:, :k], target[:, :k] = W.T @ weighted, X.T @ weighted
        loss = half_squares(X, W, H, weights)
        if not gram.any():
            return H, loss  # nothing that H could be learned from, and it would only be forgotten
        if self.gram is None or self.target is None:
            mean = gram.trace() / k
            self.gram, self.target = mean * np.eye(k, h.shape[1], dtype=H.dtype), mean * h
        self.gram, self.target = forget * self.gram + gram, forget * self.target + target
        slopes, scratch = np.zeros(H.shape[1]), padded_zeros(n_threads, k, H.dtype)
        interruptible.hals_sweeps(self.gram, self.target, inner_iterations(model), 0.0, h, slopes, scratch, n_threads)
        return unpadded_transpose(h, k), loss


def with_new_features(H: NDArray, X: Any, closed: NDArray) -> NDArray:
    """H where features that occur in X for the first time are about as probable in all components."""
    new = ~(H.any(axis=0) | closed)
    if new.any():
        present = np.zeros(H.shape[1], dtype=bool)
        present[X.indices[X.data > 0]] = True
        new &= present
    if not new.any():
        return H
    H = H.copy()
    features = np.flatnonzero(new)
    share = H.sum(axis=1, keepdims=True) / (X.data.sum(dtype=np.float64) + H.shape[1])
    H[:, features] = share * shaken(features, H.shape[0]).T
    return H


def check_online(model: Any) -> bool:
    """Raise where ``partial_fit`` cannot do what the parameters say, which hides it."""
    if model.simplex in ("W", "both") or any(any(penalty) for penalty in penalties(model, 1.0, 1)):
        msg = "partial_fit needs simplex='H' or None, since it never sees all W, and no penalties"
        got = f"simplex={shown(model.simplex)}, alpha_W={shown(model.alpha_W)}, alpha_H={shown(model.alpha_H)}"
        raise ValueError(f"{type(model).__name__}: {msg}. Got {got}.")
    if check_terms(model) or check_volume(model):
        msg = f"{type(model).__name__}: partial_fit takes neither regularizers nor volume_weight. Use fit."
        raise ValueError(msg)
    return True


def statistics_of(model: Any) -> type[OnlineDivergence] | type[OnlineLeastSquares]:
    """Those of the loss of a model."""
    return OnlineDivergence if model.beta_loss == "kullback-leibler" else OnlineLeastSquares

"""Starts of H."""

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.extmath import randomized_svd

from skartm.base import shown
from skartm.base._data import check_matrix
from skartm.nmf.solvers._least_squares import is_sparse, scaled_rows
from skartm.nmf.solvers._observed import Observed

STARTS = ("nndsvd", "nndsvda", "random", "spa")
_SMALL = 1e-6
_FILL = 0.01  # share of the mean of X that takes the place of zeros in rows of X


def is_pair(init: Any) -> bool:
    """Whether it is W and H, and not an H of two rows."""
    return isinstance(init, (tuple, list)) and len(init) == 2 and all(np.ndim(factor) == 2 for factor in init)


def given_factor(factor: Any, shape: tuple[int, int], name: str, dtype: Any) -> NDArray:
    """A factor of a user, as a copy."""
    factor = check_matrix(factor, name, dtype=dtype, non_negative=True).copy()
    if factor.shape != shape:
        msg = f"SimplexNMF: {name} must have shape {shape}. Got {factor.shape}."
        raise ValueError(msg)
    return factor


def random_start(X: Any, n_components: int, sample_weight: NDArray | None, random_state: RandomState) -> NDArray:
    """Absolute values of normal draws, of the size that W H of such W and H has the mean of X."""
    size = np.sqrt(_mean(X, sample_weight) / n_components)
    return size * np.abs(random_state.standard_normal((n_components, X.shape[1])))


def nndsvd_start(
    X: Any, n_components: int, sample_weight: NDArray | None, random_state: RandomState, *, filled: bool
) -> NDArray:
    """From the positive or the negative parts, whichever are larger, of pairs of singular vectors.

    Boutsidis and Gallopoulos 2008. With weights it is the start of the rows repeated as often. ``filled`` puts the mean
    of X in place of zeros.
    """
    weighted = X if sample_weight is None else scaled_rows(X, np.sqrt(sample_weight).astype(X.dtype))
    U, S, V = randomized_svd(weighted, n_components, transpose=False, random_state=random_state)
    H = np.zeros(V.shape)
    H[0] = np.sqrt(S[0]) * np.abs(V[0])
    for t in range(1, n_components):
        parts = [(np.linalg.norm(np.maximum(s * U[:, t], 0)), np.maximum(s * V[t], 0)) for s in (1, -1)]
        u, v = max(parts, key=lambda part: part[0] * np.linalg.norm(part[1]))
        length = np.linalg.norm(v)
        if u * length > 0:
            H[t] = np.sqrt(S[t] * u / length) * v
    H[H < _SMALL * min(1.0, H.max())] = 0
    if filled:
        H[H == 0] = _mean(X, sample_weight)
    return H


def spa_start(X: Any, n_components: int, sample_weight: NDArray | None, *, filled: bool) -> NDArray:
    """Rows of X, divided by their sums, by the successive projection algorithm.

    Gillis and Vavasis 2014: the longest row is taken and all rows are projected to what is orthogonal to it, and so on.
    Where all rows are mixtures of some of them (X is separable), these are found. Rows of zeros and of weight zero
    are never taken. With ``filled`` the components have no zeros: a small share of the mean row is added.
    """
    sums = np.asarray(X.sum(axis=1, dtype=np.float64)).ravel()
    usable = sums > 0 if sample_weight is None else (sums > 0) & (sample_weight > 0)
    rows = scaled_rows(X.astype(np.float64), np.divide(1, sums, out=np.zeros_like(sums), where=usable))
    squares = rows.multiply(rows) if is_sparse(rows) else rows * rows
    lengths = np.asarray(squares.sum(axis=1)).ravel()
    enough, chosen = np.finfo(np.float32).eps * lengths.max(initial=0), []
    basis = np.zeros((n_components, X.shape[1]))
    for t in range(n_components):
        best = int(np.argmax(lengths))
        if not lengths[best] > enough:
            msg = f"init='spa' needs n_components = {n_components} rows of X that are linearly independent. Got {t}"
            raise ValueError(f"SimplexNMF: {msg}. Take fewer components, or init='random'.")
        chosen.append(best)
        row = np.ravel(rows[[best]].toarray() if is_sparse(rows) else rows[best])
        row = row - basis[:t].T @ (basis[:t] @ row)
        row -= basis[:t].T @ (basis[:t] @ row)  # again: the first time loses digits
        basis[t] = row / np.linalg.norm(row)
        lengths -= np.square(rows @ basis[t])
    H = rows[chosen].toarray() if is_sparse(rows) else rows[chosen]
    if filled:
        H += _FILL * np.asarray(rows.mean(axis=0)).ravel()
    return H


def _mean(X: Any, sample_weight: NDArray | None) -> float:
    sums = np.asarray(X.sum(axis=1, dtype=np.float64)).ravel()
    weights = np.ones(X.shape[0]) if sample_weight is None else sample_weight
    return float(sums @ weights / (weights.sum() * X.shape[1]))


def start_of(model: Any, X: Any, weights: NDArray | None) -> tuple[NDArray | None, NDArray]:
    """W, or None where it is solved for, and H that the parameters of a model begin with."""
    k, smaller = model.n_components, min(X.shape)
    if model.init is not None and not isinstance(model.init, str):
        W, H = model.init if is_pair(model.init) else (None, model.init)
        H = given_factor(H, (k, X.shape[1]), "H of init", X.dtype)
        return None if W is None else given_factor(W, (X.shape[0], k), "W of init", X.dtype), H
    missing = isinstance(X, Observed)
    init = model.init or ("nndsvda" if k <= smaller and not missing else "random")
    random_state = check_random_state(model.random_state)
    if missing and init == "random":
        return None, X.weighted(weights).random_start(k, random_state).astype(X.dtype)
    if missing:
        X = X.weighted(weights).filled(f"SimplexNMF: init={shown(init)}")
    if init == "random":
        return None, random_start(X, k, weights, random_state).astype(X.dtype)
    if init == "spa":
        return None, spa_start(X, k, weights, filled=model.beta_loss != "frobenius").astype(X.dtype)
    if k > smaller:
        msg = f"init={shown(init)} needs n_components of at most min(n_samples, n_features) = {smaller}. Got {k}."
        raise ValueError(f"SimplexNMF: {msg} Use init='random'.")
    return None, nndsvd_start(X, k, weights, random_state, filled=init == "nndsvda").astype(X.dtype)

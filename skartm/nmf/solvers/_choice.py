"""Chooses the solver for a loss, a mask and penalties."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base._fitting import SmallChange, SmallDecrease, SmallShare, SmallSlope
from skartm.base._threads import effective_n_threads
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler, affordable_parts
from skartm.nmf.solvers._kullback_leibler import solve_rows as solve_rows_kl
from skartm.nmf.solvers._least_squares import LeastSquares
from skartm.nmf.solvers._least_squares import solve_rows as solve_rows_ls
from skartm.nmf.solvers._multiplicative import Multiplicative
from skartm.nmf.solvers._multiplicative import solve_rows as solve_rows_mu
from skartm.nmf.solvers._observed import Observed, everything
from skartm.nmf.solvers._penalties import penalties
from skartm.nmf.solvers._regularized import Regularized, bind_terms, check_terms
from skartm.nmf.solvers._volume import SmallVolume, check_volume

_INNER = {"frobenius": 4, "kullback-leibler": 3}  # benchmarks/nmf.py --only inner compares others


def inner_iterations(model: Any) -> int:
    """Updates of W before one of H, or sweeps."""
    return _INNER[model.beta_loss] if model.inner_iter is None else model.inner_iter


def solver_of(
    model: Any, X: Any, known: Observed | None, W: NDArray | None, H: NDArray, weights: NDArray | None
) -> tuple[Any, Any]:
    """A solver at its start, and the rule by which it stops; ``known`` is what of X is observed if not everything."""
    of_W, of_H = penalties(model, X.shape[0] if weights is None else weights.sum(), X.shape[1])
    options: dict[str, Any] = {"n_threads": effective_n_threads(model.n_jobs)}
    both: dict[str, Any] = {"penalty_W": of_W, "penalty_H": of_H}
    n_inner = inner_iterations(model)
    solver: Any
    regularized, small_volume = check_terms(model), check_volume(model)
    if (regularized or small_volume) and (known is not None or any(of_W) or any(of_H)):
        name = "regularizers" if regularized else "volume_weight"
        others = "weights of entries" if known is not None else "alpha_W or alpha_H"
        msg = f"{type(model).__name__}: {name} cannot be combined with {others}. Got both; take one of them away."
        raise ValueError(msg)
    if regularized:
        options |= {"n_passes": n_inner, "terms": bind_terms(model, X, weights)}
        solver = Regularized(KullbackLeibler(X, H, W, sample_weight=weights, **options), model.max_iter)
        return solver, SmallChange(solver, model.tol)
    if small_volume:
        options |= {"n_sweeps": n_inner, "volume_weight": model.volume_weight}
        solver = SmallVolume(X, H, W, sample_weight=weights, **options)
        return solver, SmallShare(solver, model.tol)
    if model.beta_loss == "frobenius":
        options |= both | {"sample_weight": weights, "n_sweeps": n_inner}
        return LeastSquares(X if known is None else known, H, W, **options), SmallSlope(model.tol)
    options["n_passes"] = n_inner
    if known is not None or any(of_W) or any(of_H):
        entries = (known or everything(X)).weighted(weights)
        solver = Multiplicative(entries, H, W, full=known is None, **options, **both)
    else:
        n_parts = 1 if model.inner_iter == 1 else affordable_parts(X, model.n_components)
        solver = KullbackLeibler(X, H, W, sample_weight=weights, n_parts=n_parts, **options)
    return solver, SmallDecrease(solver, model.tol)


def solve_rows(model: Any, X: Any, known: Observed | None, H: NDArray) -> NDArray:
    """W for a given H, row by row; a row of which nothing is missing is solved alike beside others."""
    whole = np.zeros(0, dtype=bool) if known is None else known.whole
    if known is None or not whole.any():
        return _solve(model, X, known, H)
    W = np.empty((X.shape[0], H.shape[0]), dtype=H.dtype)
    W[whole] = _solve(model, sparse.csr_matrix(X[whole]) if model.beta_loss != "frobenius" else X[whole], None, H)
    if not whole.all():
        W[~whole] = _solve(model, X, known.take(np.flatnonzero(~whole)), H)
    return W


def _solve(model: Any, X: Any, known: Observed | None, H: NDArray) -> NDArray:
    options: dict[str, Any] = {"tol": model.tol, "n_threads": effective_n_threads(model.n_jobs)}
    penalty = penalties(model, 1.0, X.shape[1])[0]
    if model.beta_loss == "frobenius":
        return solve_rows_ls(X if known is None else known, H, penalty=penalty, n_sweeps=model.max_iter, **options)
    if known is None and not any(penalty):
        return solve_rows_kl(X, H, n_passes=model.max_iter, **options)
    options |= {"full": known is None, "penalty": penalty, "n_passes": model.max_iter}
    return solve_rows_mu(known or everything(X), H, **options)

"""SimplexNMF beside scikit-learn's NMF: the same updates, and the CPU time to the same objective, one thread.

* parity: Kullback-Leibler divergence of word counts, the same multiplicative updates, start and precision;
* kl: the objective that scikit-learn has after some iterations (float64), and when SimplexNMF with its defaults is
  there, float32 and float64;
* frobenius: tf-idf of the same texts, and faces, to the objective at which coordinate descent of scikit-learn stops;
  and the objective at the same time;
* inner: updates of W (or sweeps) before one of H.

Objectives are computed anew from W and H, in float64. Time of SimplexNMF is that of a whole ``fit``.

Examples::

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/nmf.py
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/nmf.py --only frobenius --rounds 3
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from problems import data_folder, read_counts
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer

from skartm import SimplexNMF
from skartm.nmf._least_squares import solve_rows

KL = "kullback-leibler"


def counts(folder: Path, n_words: int) -> sp.csr_matrix:
    """The most frequent words; documents without any are left out."""
    X = read_counts("ng20", folder).astype(np.float64)
    X = X[:, np.sort(np.argsort(-np.asarray(X.sum(axis=0)).ravel(), kind="stable")[:n_words])]
    return X[np.diff(X.indptr) > 0]


def divergence(X: sp.csr_matrix, W, H) -> float:
    W, H = W.astype(np.float64), H.astype(np.float64)
    total = W.sum(axis=0) @ H.sum(axis=1) - X.data.sum()
    for start in range(0, X.shape[0], 1000):
        part = X[start : start + 1000].tocoo()
        z = np.einsum("ij,ij->i", W[start + part.row], H.T[part.col])
        total += part.data @ np.log(part.data / np.maximum(z, np.finfo(np.float32).eps))
    return float(total)


def squares(X, W, H) -> float:
    W, H = W.astype(np.float64), H.astype(np.float64)
    if not sp.issparse(X):
        return 0.5 * float(np.linalg.norm(X - W @ H) ** 2)
    return 0.5 * float(X.data @ X.data - 2 * np.sum((X @ H.T) * W) + np.sum((W.T @ W) * (H @ H.T)))


def timed(function, *arguments, **keywords):
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = function(*arguments, **keywords)
    return result, time.process_time() - start


def start_of(X, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng, size = np.random.RandomState(0), np.sqrt(X.mean() / k)
    H = size * np.abs(rng.standard_normal((k, X.shape[1])))
    return size * np.abs(rng.standard_normal((X.shape[0], k))), H


def parity(X, k: int, n_iter: int, rounds: int) -> None:
    for dtype in (np.float64, np.float32):
        A, (W, H) = X.astype(dtype), (factor.astype(dtype) for factor in start_of(X, k))
        theirs, ours = [], []
        for _ in range(rounds):
            other = NMF(k, beta_loss=KL, solver="mu", init="custom", max_iter=n_iter, tol=0)
            W_other, seconds = timed(other.fit_transform, A, W=W.copy(), H=H.copy())
            theirs.append(seconds)
            own, seconds = timed(SimplexNMF(k, init=(W, H), inner_iter=1, max_iter=n_iter, tol=0, n_jobs=1).fit, A)
            ours.append(seconds)
        objective = divergence(X, W_other, other.components_)
        difference = abs(own.reconstruction_err_**2 / 2 - objective) / objective
        print(
            f"parity {np.dtype(dtype)}, {n_iter} iterations: objective {objective:.1f}, relative difference "
            f"{difference:.1e}; CPU s {np.median(theirs):.2f} and {np.median(ours):.2f}, "
            f"ratio {np.median(np.divide(theirs, ours)):.1f}"
        )


def first_iteration(X, target: float, bound: int, **options) -> tuple[int, float]:
    """Fewest iterations that reach the target, by bisection, and the time of a fit of so many."""
    low, high = 0, bound
    while high - low > 1:
        middle = (low + high) // 2
        model, _ = timed(SimplexNMF(max_iter=middle, tol=0, n_jobs=1, **options).fit, X)
        low, high = (low, middle) if model.reconstruction_err_**2 / 2 <= target else (middle, high)
    model, seconds = timed(SimplexNMF(max_iter=high, tol=0, n_jobs=1, **options).fit, X)
    return (high, seconds) if model.reconstruction_err_**2 / 2 <= target else (0, seconds)


def kl(X, k: int, n_iter: int) -> None:
    W, H = start_of(X, k)
    other = NMF(k, beta_loss=KL, solver="mu", init="custom", max_iter=n_iter, tol=0)
    W_other, theirs = timed(other.fit_transform, X, W=W, H=H.copy())
    target = divergence(X, W_other, other.components_)
    print(f"kl: scikit-learn, float64, {n_iter} iterations: {target:.1f} in {theirs:.1f} CPU s")
    for dtype in ("float32", "float64"):
        needed, seconds = first_iteration(X, target, 2 * n_iter, n_components=k, init=H, dtype=dtype)
        print(f"kl: SimplexNMF, {dtype}: iteration {needed}, {seconds:.2f} CPU s, 1 / {theirs / seconds:.1f}")


def frobenius(name: str, X, k: int, rounds: int) -> None:
    options = {"n_components": k, "beta_loss": "frobenius", "init": "nndsvda", "random_state": 0}
    other = NMF(k, init="nndsvda", random_state=0, max_iter=1000)
    W, first = timed(other.fit_transform, X)
    target = squares(X, W, other.components_)
    needed, _ = first_iteration(X, target, 400, **options)
    theirs, ours = [first], []
    for _ in range(rounds):
        theirs.append(timed(NMF(k, init="nndsvda", random_state=0, max_iter=1000).fit, X)[1])
        ours.append(timed(SimplexNMF(max_iter=needed or 1, tol=0, n_jobs=1, **options).fit, X)[1])
    ratio = np.median(theirs) / np.median(ours)
    print(
        f"{name}: scikit-learn stops at iteration {other.n_iter_}, objective {target:.3f}, {np.median(theirs):.2f} CPU s; "
        f"SimplexNMF is there at iteration {needed}, {np.median(ours):.2f} CPU s, ratio {ratio:.1f}"
    )
    same = max(1, int(needed * ratio))
    own, seconds = timed(SimplexNMF(max_iter=same, tol=0, n_jobs=1, **options).fit, X)
    print(f"{name}: after {seconds:.2f} CPU s ({same} iterations) {own.reconstruction_err_**2 / 2:.3f}", end=", ")
    own, seconds = timed(SimplexNMF(max_iter=1000, n_jobs=1, **options).fit, X)
    W = solve_rows(X, own.components_, n_sweeps=1000, tol=1e-4, n_threads=1)
    print(f"with the default tolerance {squares(X, W, own.components_):.3f} in {seconds:.2f} CPU s ({own.n_iter_})")


def inner(X, k: int, text, faces) -> None:
    for n_inner in (1, 2, 3, 5):
        model, seconds = timed(
            SimplexNMF(k, init=start_of(X, k)[1], inner_iter=n_inner, max_iter=100, tol=0, dtype="float32", n_jobs=1).fit, X
        )
        print(f"inner: kl, {n_inner} updates: {model.reconstruction_err_**2 / 2:.0f} in {seconds:.2f} CPU s")
    for name, A in (("tf-idf", text), ("faces", faces)):
        for n_inner in (1, 2, 4, 8):
            options = {"beta_loss": "frobenius", "inner_iter": n_inner, "tol": 0, "n_jobs": 1, "random_state": 0}
            for n_iter in (20, 60):
                model, seconds = timed(SimplexNMF(k, max_iter=n_iter, **options).fit, A)
                loss = model.reconstruction_err_**2 / 2
                print(f"inner: {name}, {n_inner} sweeps, {n_iter} iterations: {loss:.3f} in {seconds:.2f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="parity,kl,frobenius,inner")
    parser.add_argument("--words", type=int, default=5000)
    parser.add_argument("--components", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=200, help="of scikit-learn, in kl")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder, k = data_folder(options.data), options.components
    X = counts(folder, options.words)
    text = TfidfTransformer().fit_transform(X)
    faces = np.load(folder / "matrices" / "orl_faces.npz")["X"].reshape(400, -1) / 255.0
    print(f"ng20: {X.shape[0]} documents, {X.shape[1]} words, {X.nnz} non-zeros; faces: {faces.shape}; {k} components")
    for part in options.only.split(","):
        if part == "parity":
            parity(X, k, 10, options.rounds)
        elif part == "kl":
            kl(X, k, options.iterations)
        elif part == "frobenius":
            frobenius("tf-idf", text, k, options.rounds)
            frobenius("faces", faces, k, options.rounds)
        else:
            inner(X, k, text, faces)


if __name__ == "__main__":
    main()

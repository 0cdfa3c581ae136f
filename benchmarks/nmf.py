"""SimplexNMF beside scikit-learn's NMF: the same updates, and the CPU time to the same objective, one thread.

* parity: Kullback-Leibler divergence of word counts, the same multiplicative updates, start and precision;
* kl: the objective that scikit-learn has after some iterations (float64), and when SimplexNMF with its defaults is
  there, float32 and float64;
* text, faces: Frobenius norm of the tf-idf of the same texts, and of faces, to the objective at which coordinate
  descent of scikit-learn stops; and the objective at the same time;
* volume: distance of the components from the truth where rows are mixtures of dense components, none pure, with and
  without volume_weight, and of sparse components;
* layers: DeepSimplexNMF of 20 and 6 components, with and without labels: share of documents of the subject (of six,
  into which the 20 newsgroups are usually divided) of which most documents of their component are;
* inner: updates of W (or sweeps) before one of H.

Objectives of scikit-learn are computed anew from W and H, in float64. Times include starts and preparation.

Examples::

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/nmf.py
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/nmf.py --only text,faces --rounds 3
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from problems import data_folder, read_counts
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer

from skartm import DeepSimplexNMF, SimplexNMF
from skartm.nmf._start import nndsvd_start
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler, affordable_parts
from skartm.nmf.solvers._least_squares import LeastSquares

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


def start_of(X, k: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng, size = np.random.RandomState(seed), np.sqrt(X.mean() / k)
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


def trace(X, make, seconds: float, target: float = -np.inf) -> list[tuple[float, float]]:
    """CPU time since the beginning and objective, iteration by iteration, start and preparation included."""
    begin, points = time.process_time(), []
    model = make(X)
    while not points or (points[-1][0] < seconds and points[-1][1] > target):
        value = model.update()
        points.append((time.process_time() - begin, value[0] if isinstance(value, tuple) else value))
    return points


def kl_model(H, W=None, n_passes: int = 3, n_parts: int | None = None):
    """With the defaults of SimplexNMF; ``n_parts`` of 1 updates H after all rows from the beginning."""

    def make(X):
        start = None if W is None else W.astype(X.dtype)
        parts = n_parts or affordable_parts(X, H.shape[0])
        return KullbackLeibler(
            X, H.astype(X.dtype), start, sample_weight=None, n_passes=n_passes, n_threads=1, n_parts=parts
        )

    return make


def ls_model(k: int, n_sweeps: int = 4):
    def make(X):
        H = nndsvd_start(X, k, None, np.random.RandomState(0), filled=True)
        return LeastSquares(X, H, None, sample_weight=None, n_sweeps=n_sweeps, n_threads=1)

    return make


def kl(X, k: int, n_iter: int, seed: int) -> None:
    W, H = start_of(X, k, seed)
    other = NMF(k, beta_loss=KL, solver="mu", init="custom", max_iter=n_iter, tol=0)
    W_other, theirs = timed(other.fit_transform, X, W=W.copy(), H=H.copy())
    target = divergence(X, W_other, other.components_)
    print(f"kl: scikit-learn, float64, {n_iter} iterations: {target:.1f} in {theirs:.1f} CPU s", flush=True)
    makers = {"default": kl_model(H), "same W": kl_model(H, W), "without parts": kl_model(H, n_parts=1)}
    makers["same updates, same W"] = kl_model(H, W, 1, n_parts=1)
    for dtype in (np.float32, np.float64):
        for name, make in makers.items():
            points = trace(X.astype(dtype), make, theirs / 10, target * (1 + 1e-9))
            seconds, value = points[-1]
            bar = [value for at, value in points if at <= theirs / 25]
            print(
                f"kl: SimplexNMF, {np.dtype(dtype)}, {name}: {value:.1f} at iteration {len(points)}, {seconds:.2f} CPU "
                f"s, 1 / {theirs / seconds:.1f}; {bar[-1] / target - 1:+.2%} of the target after 1 / 25",
                flush=True,
            )


def frobenius(name: str, X, k: int, rounds: int) -> None:
    theirs, ours = [], []
    for _ in range(rounds):
        other = NMF(k, init="nndsvda", random_state=0, max_iter=1000)
        W, seconds = timed(other.fit_transform, X)
        theirs.append(seconds)
        target = squares(X, W, other.components_)
        points = trace(X, ls_model(k), seconds)
        there = [i for i, (_, value) in enumerate(points) if value <= target]
        ours.append(points[there[0]][0] if there else np.inf)
    print(
        f"{name}: scikit-learn stops at iteration {other.n_iter_}, {target:.3f} in {np.median(theirs):.2f} CPU s; "
        f"SimplexNMF is there at iteration {there[0] + 1 if there else None} after {np.median(ours):.2f} CPU s, "
        f"1 / {np.median(np.divide(theirs, ours)):.1f}, and at {points[-1][1]:.3f} in the same time",
        flush=True,
    )


def inner(X, k: int, text, faces, seconds: float) -> None:
    H = start_of(X, k)[1].astype(np.float32)
    for n_inner in (1, 2, 3, 5):
        points = trace(X.astype(np.float32), kl_model(H, None, n_inner), 2 * seconds)
        print(f"inner: kl, {n_inner} updates: {halves(points, seconds)}", flush=True)
    for name, A in (("tf-idf", text), ("faces", faces)):
        for n_inner in (1, 2, 4, 8):
            points = trace(A, ls_model(k, n_inner), 2 * seconds)
            print(f"inner: {name}, {n_inner} sweeps: {halves(points, seconds)}", flush=True)


def halves(points: list[tuple[float, float]], seconds: float) -> str:
    half = [value for at, value in points if at <= seconds]
    return f"{half[-1] if half else np.nan:.3f} after {seconds} CPU s, {points[-1][1]:.3f} after {2 * seconds}"


def mixtures(seed: int, k: int, n_features: int, concentration: float, purity: float, noise: float):
    """1000 rows that are mixtures of k Dirichlet distributions, none with more than ``purity`` of one; and these."""
    rng = np.random.default_rng(seed)
    H = rng.dirichlet(np.full(n_features, concentration), k)
    theta = rng.dirichlet(np.full(k, 0.5), 40000)
    X = theta[theta.max(axis=1) <= purity][:1000] @ H
    return np.maximum(X + noise * X.mean() * rng.standard_normal(X.shape), 0), H


def total_variation(found, truth) -> float:
    found = found / found.sum(axis=1, keepdims=True)
    table = 0.5 * np.abs(found[:, None] - truth[None]).sum(axis=-1)
    return float(table[linear_sum_assignment(table)].mean())


def volume(rounds: int) -> None:
    problems = {
        "dense": (4, 30, 5.0, 0.9, 0.02),
        "dense, purity .7": (4, 30, 5.0, 0.7, 0.02),
        "sparse": (5, 50, 0.3, 0.9, 0.02),
    }
    common = {"max_iter": 3000, "random_state": 0}
    options = common | {"beta_loss": "frobenius", "tol": 1e-5}
    for name, problem in problems.items():
        k = problem[0]
        models = {"scikit-learn": NMF(k, init="nndsvda", **common), "volume_weight 0": SimplexNMF(k, **options)}
        models["volume_weight 0, spa"] = SimplexNMF(k, init="spa", **options)
        for weight in (3e-5, 1e-4, 3e-4):
            models[f"volume_weight {weight:g}"] = SimplexNMF(k, init="spa", volume_weight=weight, **options)
        for model_name, model in models.items():
            found = []
            for seed in range(rounds):
                X, H = mixtures(seed, *problem)
                fitted, _ = timed(model.fit, X)
                found.append(total_variation(fitted.components_, H))
            print(f"volume: {name}: {model_name}: {np.mean(found):.4f} ({', '.join(f'{tv:.4f}' for tv in found)})")


def of_majority(components, groups) -> float:
    """Share of the documents that are of the largest group of their component."""
    table = np.zeros((components.max() + 1, groups.max() + 1))
    np.add.at(table, (components, groups), 1)
    return float(table.max(axis=1).sum() / groups.size)


def subject(newsgroup: str) -> str:
    """The six subjects into which the 20 newsgroups are usually divided."""
    if any(word in newsgroup for word in ("religion", "atheism")):
        return "religion"
    return "politics" if "politics" in newsgroup else newsgroup.split(".")[0]


def layers(folder: Path, rounds: int) -> None:
    X = read_counts("ng20", folder).astype(np.float32)
    names = (folder / "ng20" / "labels.txt").read_text(encoding="utf-8").split()
    newsgroups = np.unique(names, return_inverse=True)[1]
    groups = np.unique([subject(name) for name in names], return_inverse=True)[1]
    kept = np.flatnonzero(np.diff(X.indptr) > 0)
    thousand = np.random.default_rng(0).permutation(kept)[:1000]
    for corpus, rows in (("1000 documents", thousand), (f"{kept.size} documents", kept)):
        part = X[rows]
        part = part[:, np.asarray((part > 0).sum(axis=0)).ravel() >= 3]
        for what, y in (("no labels", None), ("20 newsgroups", newsgroups[rows]), ("6 subjects", groups[rows])):
            for seed in range(rounds):
                model, seconds = timed(DeepSimplexNMF((20, 6), n_jobs=1, random_state=seed).fit, part, y)
                top = of_majority(model.transform(part).argmax(axis=1), groups[rows])
                first = of_majority(model.set_params(output=0).transform(part).argmax(axis=1), groups[rows])
                predicted = "" if y is None else f", predicted {np.mean(model.predict(part) == y):.3f}"
                print(
                    f"layers: {corpus}, {what}, seed {seed}: second layer {top:.3f}, first {first:.3f}{predicted}; "
                    f"{seconds:.1f} CPU s",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="parity,kl,text,faces,inner,volume,layers")
    parser.add_argument("--words", type=int, default=5000)
    parser.add_argument("--components", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=200, help="of scikit-learn, in kl")
    parser.add_argument("--start", type=int, default=0, help="seed of W and H, in kl")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="half of the time, in inner")
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
            kl(X, k, options.iterations, options.start)
        elif part == "text":
            frobenius("tf-idf", text, k, options.rounds)
        elif part == "faces":
            frobenius("faces", faces, k, options.rounds)
        elif part == "volume":
            volume(options.rounds)
        elif part == "layers":
            layers(folder, options.rounds)
        else:
            inner(X, k, text, faces, options.seconds)


if __name__ == "__main__":
    main()

"""SimplexNMF where entries are missing: a planted matrix, and ratings beside the factorisations of scikit-surprise.

* planted: a tenth of the entries of a matrix of rank ten with noise is missing; their root mean squared error beside
  the noise that is in them, the error of the truth itself, and beside the same model fitted to the whole matrix;
* movielens: MovieLens 100k, five folds of ratings, the same for all; CPU time of fit and prediction of a fold.
  Predictions are clipped to the scale of the ratings; users or films without training ratings get the mean.

Examples::

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/nmf_missing.py
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/nmf_missing.py --only movielens --alpha 0.005
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from problems import data_folder
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold

from skartm import SimplexNMF

LOSSES = ("frobenius", "kullback-leibler")


def rmse(a, b) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


def planted(n_rows: int, n_columns: int, k: int, noise: float, seeds: int) -> None:
    for loss in LOSSES:
        lines = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            truth = rng.gamma(1.0, size=(n_rows, k)) @ rng.gamma(1.0, size=(k, n_columns))
            X = np.maximum(truth + noise * truth.std() * rng.standard_normal(truth.shape), 0)
            missing = rng.random(X.shape) < 0.1
            model = SimplexNMF(k, beta_loss=loss, init="random", max_iter=2000, tol=1e-5, random_state=seed, n_jobs=1)
            start = time.process_time()
            W = model.fit_transform(np.where(missing, np.nan, X))
            seconds = time.process_time() - start
            error = rmse(model.inverse_transform(W)[missing], X[missing])
            whole = rmse(model.inverse_transform(model.fit_transform(X))[missing], X[missing])
            lines.append((error, rmse(truth[missing], X[missing]), whole, seconds))
        error, own, whole, seconds = np.mean(lines, axis=0)
        ratios = [line[0] / line[1] for line in lines]
        print(
            f"planted: {n_rows} x {n_columns}, rank {k}, {loss}: error {error:.4f}, of the truth {own:.4f} (ratio "
            f"{np.mean(ratios):.3f}, worst {max(ratios):.3f}), of a fit that saw these entries {whole:.4f}; "
            f"{seconds:.1f} CPU s",
            flush=True,
        )


def own_predictions(train, test, shape, **options):
    users, films, ratings = train
    X = sp.csr_array((ratings, (users, films)), shape=shape)
    weights = sp.csr_array((np.ones_like(ratings), (users, films)), shape=shape)
    model = SimplexNMF(simplex=None, init="random", random_state=0, n_jobs=1, **options)
    W = model.fit_transform(X, entry_weight=weights)
    H = model.components_
    z = np.einsum("ij,ij->i", W[test[0]], H.T[test[1]])
    known = (W.sum(axis=1)[test[0]] > 0) & (H.sum(axis=0)[test[1]] > 0)
    return np.where(known, z, ratings.mean())


def surprise_predictions(algorithm, train, test):
    import pandas as pd
    from surprise import Dataset, Reader

    frame = pd.DataFrame({"user": train[0], "item": train[1], "rating": train[2]})
    algorithm.fit(Dataset.load_from_df(frame, Reader(rating_scale=(1, 5))).build_full_trainset())
    return np.array([algorithm.predict(user, film).est for user, film in zip(*test[:2], strict=True)])


def movielens(folder: Path, options) -> None:
    X = sp.load_npz(folder / "matrices" / "movielens100k.npz").tocoo()
    triples = (X.row, X.col, X.data.astype(np.float64))
    methods = {}
    for loss in LOSSES:
        settings = {"n_components": options.components, "beta_loss": loss, "max_iter": options.iterations, "tol": 0}
        alpha = options.alpha if loss == "frobenius" else options.alpha / 2
        settings |= {"alpha_W": alpha, "alpha_H": alpha * X.shape[1] / X.shape[0]}
        methods[f"SimplexNMF, {loss}"] = lambda *fold, s=settings: own_predictions(*fold, X.shape, **s)
    try:
        from surprise import NMF, SVD
    except ImportError:
        print("movielens: scikit-surprise is not installed")
    else:
        methods["surprise NMF"] = lambda *fold: surprise_predictions(NMF(random_state=0), *fold)
        methods["surprise SVD"] = lambda *fold: surprise_predictions(SVD(random_state=0), *fold)
    folds = list(KFold(5, shuffle=True, random_state=0).split(triples[0]))
    for name, predict in methods.items():
        errors, seconds = [], []
        for train, test in folds:
            start = time.process_time()
            z = predict([column[train] for column in triples], [column[test] for column in triples])
            seconds.append(time.process_time() - start)
            errors.append(rmse(np.clip(z, 1, 5), triples[2][test]))
        print(
            f"movielens: {name}: RMSE {np.mean(errors):.4f} +- {np.std(errors):.4f}, {np.mean(seconds):.2f} CPU s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="planted,movielens")
    parser.add_argument("--seeds", type=int, default=3, help="of planted")
    parser.add_argument("--components", type=int, default=5, help="in movielens")
    parser.add_argument("--alpha", type=float, default=0.002, help="alpha_W in movielens, half for the divergence")
    parser.add_argument("--iterations", type=int, default=100, help="in movielens")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    for part in options.only.split(","):
        if part == "planted":
            planted(500, 400, 10, 0.05, options.seeds)
        else:
            movielens(data_folder(options.data), options)


if __name__ == "__main__":
    main()

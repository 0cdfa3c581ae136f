"""Folds of rows, and members that are fitted on all folds but one."""

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from skartm.base._callbacks import FitTask
from skartm.base._threads import effective_n_processes, foreign_threads


def equal_rows(X: Any) -> NDArray:
    """Numbers of groups of equal rows, (n_rows,) integers from 0; missing values are equal."""
    if sparse.issparse(X):
        matrix: Any = X
        return np.arange(matrix.shape[0])
    columns = [X.iloc[:, j].to_numpy() for j in range(X.shape[1])] if hasattr(X, "iloc") else list(np.asarray(X).T)
    codes = [np.unique(x.astype(str) if x.dtype.kind == "O" else x, return_inverse=True)[1] for x in columns]
    return np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].ravel()


def deal(groups: NDArray, y: NDArray, n_folds: int, rng: np.random.RandomState) -> NDArray:
    """The fold of every row: equal rows stay together, and targets are spread evenly over the folds.

    Groups are sorted by their mean target, ties at random, and dealt in turn.
    """
    _, first, groups = np.unique(groups, return_index=True, return_inverse=True)
    means = np.bincount(groups, (y - y.min()) / (np.ptp(y) or 1.0)) / np.bincount(groups)
    fold = np.empty(first.size, int)
    fold[np.lexsort((rng.uniform(size=first.size), np.round(means, 12)))] = np.arange(first.size) % n_folds
    return fold[groups]


def held_out(cv: Any, X: Any, y: NDArray, rows: NDArray, classes: bool, rng: np.random.RandomState) -> list[NDArray]:
    """Those of ``rows`` that folds hold out; no folds where one would leave nothing, or one class, to learn from."""
    if isinstance(cv, (int, np.integer)):
        groups = equal_rows(_safe_indexing(X, rows))
        dealt = deal(groups, y[rows], min(int(cv), groups.max() + 1), rng)
        folds = [rows[dealt == fold] for fold in range(dealt.max() + 1)]
    else:
        folds = [np.asarray(test) for _, test in check_cv(cv, y, classifier=classes).split(X, y)]
        if np.unique(np.concatenate(folds)).size < sum(map(len, folds)):
            msg = "The 'cv' parameter of MonotonicStacking must hold out a row once at most. Got overlapping folds."
            raise ValueError(msg)
        folds = [fold for fold in (np.intersect1d(test, rows) for test in folds) if fold.size]
    left = [y[np.setdiff1d(rows, fold)] for fold in folds]
    enough = all(rest.size and (not classes or np.ptp(rest) > 0) for rest in left)
    return folds if enough and len(folds) > 1 else []


def cross_fit(
    members: list[Any],
    X: Any,
    y: NDArray,
    sample_weight: NDArray | None,
    rows: NDArray,
    folds: list[NDArray],
    n_jobs: int | None,
    task: FitTask,
    *,
    distinct: bool,
) -> list[list[Any]]:
    """Every member, fitted on ``rows`` but those of each fold; on all of them if there are no folds.

    With ``distinct`` k equal rows are given as one of weight k, for trees count rows without regard to weights.
    """
    shown = [np.setdiff1d(rows, fold) for fold in folds] or [rows]
    given = [_merged(X, y, sample_weight, part) if distinct else (part, sample_weight) for part in shown]
    fits = [(clone(member), weights, part) for member in members for part, weights in given]
    task.begin(len(fits), ordered=False)
    fitted = Parallel(n_jobs=effective_n_processes(n_jobs))(
        delayed(_fitted)(member, X, y, weights, part, task.part("member", number))
        for number, (member, weights, part) in enumerate(fits)
    )
    task.end()
    return [fitted[first : first + len(shown)] for first in range(0, len(fitted), len(shown))]


def _merged(X: Any, y: NDArray, sample_weight: NDArray | None, rows: NDArray) -> tuple[NDArray, NDArray | None]:
    """A row for each distinct one with its target, in a fixed order, and the weights with those of equal rows added."""
    table = np.column_stack([equal_rows(_safe_indexing(X, rows)), y[rows]])
    _, first, groups = np.unique(table, axis=0, return_index=True, return_inverse=True)
    if sample_weight is None and first.size == rows.size:
        return rows[first], None
    weights = np.zeros(len(y))
    total = np.bincount(groups.ravel(), None if sample_weight is None else sample_weight[rows])
    weights[rows[first]] = total / total.mean()
    return rows[first], weights


def _fitted(member: Any, X: Any, y: NDArray, sample_weight: NDArray | None, rows: NDArray, task: FitTask) -> Any:
    weights = {} if sample_weight is None else {"sample_weight": sample_weight[rows]}
    with foreign_threads(), task.around(member):
        fitted = member.fit(_safe_indexing(X, rows), y[rows], **weights)
    task.end()
    return fitted

"""Size and widths of a mixture of products and the number of steps, chosen by the likelihood of rows left out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skartm.monotonic._normal_bases import NormalBases
from skartm.monotonic._product_mixture import Kernel, Trainer, clustered, independent

COMPONENTS = (1, 5, 10, 20, 40)
BANDWIDTHS = (1.0, 1.6, 2.5, 4.0)
_FIRST = 2  # the number of components from which the search begins: 10
_FOLDS = 3
_MARGIN_STEPS = 30  # of single features, which the prior of all components needs
_MOST_ROWS = 4000  # more do not take part in the choice


@dataclass(frozen=True)
class Settings:
    """What is needed to learn a mixture from data."""

    n_components: int
    bandwidth: float
    n_knots: int
    prior: float
    max_iter: int
    seed: int
    n_threads: int


class Learner:
    """A mixture, and the steps that improve it."""

    def __init__(self, X: NDArray, weights: NDArray, settings: Settings) -> None:
        bases = NormalBases.of_data(X, weights, settings.n_knots, settings.bandwidth)
        values, largest = bases.densities(X)
        prior, n_threads = settings.prior, settings.n_threads
        start, base = independent(bases)
        self.trainer = Trainer(start, values, largest, weights, base=base, prior=prior, n_threads=n_threads)
        if settings.n_components == 1:
            return
        for _ in range(_MARGIN_STEPS):
            self.trainer.update()
        margins = self.trainer.mixture
        rng = np.random.RandomState(settings.seed)
        start = clustered(X, values, weights, margins, settings.n_components, settings.prior, rng)
        base = margins.table[:, 0]
        self.trainer = Trainer(start, values, largest, weights, base=base, prior=prior, n_threads=n_threads)


def held_out_curve(X: NDArray, weights: NDArray, folds: NDArray, settings: Settings) -> NDArray:
    """Mean log-likelihood of rows that were left out, after each step; shape (max_iter,)."""
    total = np.zeros(settings.max_iter)
    for fold in np.unique(folds):
        left_out = folds == fold
        learner = Learner(X[~left_out], weights[~left_out], settings)
        values, largest = learner.trainer.mixture.bases.densities(X[left_out])
        for step in range(settings.max_iter):
            learner.trainer.update()
            logarithms = Kernel(learner.trainer.mixture, settings.n_threads).shares(values)[1]
            total[step] += weights[left_out] @ (logarithms + largest)
    return total / weights.sum()


def chosen(
    X: NDArray, weights: NDArray, settings: Settings, *, components: bool, bandwidth: bool, steps: bool
) -> Settings:
    """Settings of the highest likelihood held out; what is not to be chosen stays as it is."""
    rng = np.random.RandomState(settings.seed)
    n = min(len(X), _MOST_ROWS)
    order = rng.permutation(len(X))[:n]
    X, weights, folds = X[order], weights[order], np.arange(n) % _FOLDS
    # each part of the data must have seen every feature
    if n < 2 * _FOLDS or any(np.isnan(X[folds != fold]).all(axis=0).any() for fold in range(_FOLDS)):
        return replace(settings, n_components=1 if components else settings.n_components)
    curves: dict[tuple[int, float], NDArray] = {}

    def value(n_components: int, width: float) -> float:
        key = (n_components, width)
        if key not in curves:
            trial = replace(settings, n_components=n_components, bandwidth=width)
            curves[key] = held_out_curve(X, weights, folds, trial)
        return float(curves[key].max() if steps else curves[key][-1])

    alone = X.shape[1] == 1  # components of one feature are bases again
    sizes = (1,) if alone else COMPONENTS
    size = sizes[min(_FIRST, len(sizes) - 1)] if components else settings.n_components
    width = max(BANDWIDTHS, key=lambda width: value(size, width)) if bandwidth else settings.bandwidth
    if components:
        size = _climbed(sizes, size, lambda size: value(size, width))
    value(size, width)
    n_iter = int(curves[size, width].argmax()) + 1 if steps else settings.max_iter
    return replace(settings, n_components=size, bandwidth=width, max_iter=n_iter)


def _climbed(sizes: tuple[int, ...], first: int, value: Callable[[int], float]) -> int:
    """From ``first`` to larger sizes while that is better, or else to smaller ones."""
    at = sizes.index(first)
    for direction in (1, -1):
        moved = False
        while 0 <= at + direction < len(sizes) and value(sizes[at + direction]) > value(sizes[at]):
            at, moved = at + direction, True
        if moved:
            break
    return sizes[at]

"""Size and widths of a mixture of products and the number of steps, chosen by the likelihood of rows left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skartm.base._callbacks import FitTask
from skartm.monotonic.distribution._normal_bases import NormalBases
from skartm.monotonic.distribution._product_mixture import Kernel, ProductMixture, Trainer, clustered, independent

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
    n_estimators: int
    bandwidth: float
    n_knots: int
    prior: float
    max_iter: int
    seed: int
    n_threads: int


class Learner:
    """Mixtures from different starts, the steps that improve them, and their average."""

    def __init__(self, X: NDArray, weights: NDArray, settings: Settings) -> None:
        bases = NormalBases.of_data(X, weights, settings.n_knots, settings.bandwidth)
        values, largest = bases.densities(X)
        prior, n_threads = settings.prior, settings.n_threads

        def trainer(start: ProductMixture, base: NDArray) -> Trainer:
            return Trainer(start, values, largest, weights, base=base, prior=prior, n_threads=n_threads)

        self.trainers = [trainer(*independent(bases))]
        if settings.n_components == 1:
            return
        for _ in range(_MARGIN_STEPS):
            self.update()
        margins = self.average
        rng = np.random.RandomState(settings.seed)
        starts = [
            clustered(X, values, weights, margins, settings.n_components, prior, rng)
            for _ in range(settings.n_estimators)
        ]
        self.trainers = [trainer(start, margins.table[:, 0]) for start in starts]

    def update(self) -> float:
        """One step of each mixture; the mean of their objectives before it."""
        return float(np.mean([trainer.update() for trainer in self.trainers]))

    @property
    def mixtures(self) -> list[ProductMixture]:
        """The mixtures as they are now; later steps put others in their place."""
        return [trainer.mixture for trainer in self.trainers]

    @property
    def average(self) -> ProductMixture:
        return average_of(self.mixtures)


def average_of(mixtures: Sequence[ProductMixture]) -> ProductMixture:
    """The average of mixtures, which is also a mixture of products, of the components of all."""
    weights = np.concatenate([mixture.weights for mixture in mixtures]) / len(mixtures)
    return ProductMixture(mixtures[0].bases, weights, np.hstack([mixture.table for mixture in mixtures]))


def held_out_curve(X: NDArray, weights: NDArray, folds: NDArray, settings: Settings, task: FitTask) -> NDArray:
    """Mean log-likelihood of rows that were left out, after each step; shape (max_iter,)."""
    total, numbers = np.zeros(settings.max_iter), np.unique(folds)
    task.begin(len(numbers))
    for fold in numbers:
        part = task.part("fold").begin()
        left_out = folds == fold
        learner = Learner(X[~left_out], weights[~left_out], settings)
        values, largest = learner.average.bases.densities(X[left_out])
        for step in range(settings.max_iter):
            learner.update()
            logarithms = Kernel(learner.average, settings.n_threads).shares(values)[1]
            total[step] += weights[left_out] @ (logarithms + largest)
        part.end()
    task.end()
    return total / weights.sum()


def chosen(
    X: NDArray, weights: NDArray, settings: Settings, task: FitTask, *, components: bool, bandwidth: bool, steps: bool
) -> Settings:
    """Settings of the highest likelihood held out; what is not to be chosen stays as it is.

    Components and bandwidth are those that are best for one mixture, the steps those that are best for the average.
    """
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
            trial = replace(settings, n_components=n_components, n_estimators=1, bandwidth=width)
            curves[key] = held_out_curve(X, weights, folds, trial, task.part("trial"))
        return float(curves[key].max() if steps else curves[key][-1])

    alone = X.shape[1] == 1  # components of one feature are bases again
    sizes = (1,) if alone else COMPONENTS
    size = sizes[min(_FIRST, len(sizes) - 1)] if components else settings.n_components
    width = max(BANDWIDTHS, key=lambda width: value(size, width)) if bandwidth else settings.bandwidth
    if components:
        size = _climbed(sizes, size, lambda size: value(size, width))
    settings = replace(settings, n_components=size, bandwidth=width)
    if steps:  # an average can make more steps than one mixture before it adapts to chance
        curve = held_out_curve(X, weights, folds, settings, task.part("number-of-steps"))
        settings = replace(settings, max_iter=int(curve.argmax()) + 1)
    return settings


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

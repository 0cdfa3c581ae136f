"""Mixtures of products of mixtures over fixed bases, learned by the lemma, which is the EM algorithm here."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skartm._kernels import half_step
from skartm.em import padded, padded_zeros
from skartm.monotonic.distribution._normal_bases import NormalBases

_THREAD = 2**21  # multiplications that are worth a thread
_BLOCK = 1024  # rows whose values are there at once, outside of training
_ATTACHED = 0.9  # share of the nearest centre at the start; the rest is divided among all


@dataclass
class ProductMixture:
    """f(x) = sum_k weight_k prod_j sum_h table_hk b_h(x_j), and what goes with it.

    Attributes
    ----------
    bases : NormalBases
    weights : array of shape (n_components,)
        A distribution.
    table : array of shape (n_bases, n_components)
        In each feature every column is a distribution.
    """

    bases: NormalBases
    weights: NDArray
    table: NDArray

    def log_density(self, X: NDArray, n_threads: int) -> NDArray:
        return np.concatenate([part[1] for part in self._parts(X, n_threads)])

    def shares(self, X: NDArray, n_threads: int) -> NDArray:
        """Probabilities of the components given x, of shape (n_rows, n_components)."""
        return np.concatenate([part[0] for part in self._parts(X, n_threads)])

    def _parts(self, X: NDArray, n_threads: int) -> Iterator[tuple[NDArray, NDArray]]:
        kernel = Kernel(self, n_threads)
        for start in range(0, len(X), _BLOCK):
            values, largest = self.bases.densities(X[start : start + _BLOCK])
            shares, logarithms = kernel.shares(values)
            yield shares[:, : len(self.weights)], logarithms + largest

    def cdf(self, X: NDArray, n_threads: int) -> NDArray:
        kernel = Kernel(self, n_threads)
        blocks = (X[start : start + _BLOCK] for start in range(0, len(X), _BLOCK))
        return np.concatenate([np.minimum(kernel.sums(self.bases.cumulated(block)), 1.0) for block in blocks])

    def of_features(self, features: NDArray, weights: NDArray | None = None) -> "ProductMixture":
        """The marginal distribution, with other weights of the components if they are given."""
        kept = self.table[self.bases.places(features)]
        return ProductMixture(self.bases.of_features(features), self.weights if weights is None else weights, kept)


class Kernel:
    """A mixture in the layout of the kernels."""

    def __init__(self, mixture: ProductMixture, n_threads: int) -> None:
        self.offsets, self.n_threads = mixture.bases.offsets, n_threads
        self.table = padded(mixture.table, np.float64)
        self.weights = np.zeros(self.table.shape[1])
        self.weights[: len(mixture.weights)] = mixture.weights
        self.scratch = padded_zeros(n_threads, 2 * self.table.shape[1], np.float64)

    def shares(self, values: NDArray) -> tuple[NDArray, NDArray]:
        shares, logarithms = np.empty((len(values), len(self.weights))), np.empty(len(values))
        half_step.product_shares(
            values, self.offsets, self.table, self.weights, shares, logarithms, self.scratch, self._threads(values)
        )
        return shares, logarithms

    def counts(self, values: NDArray, shares: NDArray, row_weights: NDArray) -> NDArray:
        counts = np.zeros_like(self.table)
        half_step.product_counts(
            values, self.offsets, self.table, shares, row_weights, counts, self.scratch, self._threads(values)
        )
        return counts

    def sums(self, values: NDArray) -> NDArray:
        sums = np.empty(len(values))
        threads = self._threads(values)
        half_step.product_sums(values, self.offsets, self.table, self.weights, sums, self.scratch, threads)
        return sums

    def _threads(self, values: NDArray) -> int:
        return max(1, min(self.n_threads, values.size * len(self.weights) // _THREAD))


class Trainer:
    """Maximises sum_i w_i ln f(x_i) + prior (sum_k ln weight_k + sum_hk base_h ln table_hk) by the lemma.

    The logarithm of a polynomial with non-negative coefficients in the weights and the columns of the table: no step
    decreases it.

    Parameters
    ----------
    mixture : ProductMixture
        The start.
    values, largest : arrays
        ``bases.densities`` of the training data.
    base : array of shape (n_bases,)
        In each feature a distribution, towards which the prior draws the columns of the table.
    """

    def __init__(
        self,
        mixture: ProductMixture,
        values: NDArray,
        largest: NDArray,
        row_weights: NDArray,
        *,
        base: NDArray,
        prior: float,
        n_threads: int,
    ) -> None:
        self.mixture, self.values, self.row_weights = mixture, values, row_weights
        self.base, self.prior, self.n_threads = base, prior, n_threads
        self.constant = float(row_weights @ largest)

    def update(self) -> float:
        """One step; the objective before it."""
        mixture = self.mixture
        kernel = Kernel(mixture, self.n_threads)
        shares, logarithms = kernel.shares(self.values)
        counts = kernel.counts(self.values, shares, self.row_weights)[:, : len(mixture.weights)]
        objective = self.constant + float(self.row_weights @ logarithms) + self._log_prior()
        weights = self.row_weights @ shares[:, : len(mixture.weights)] + self.prior
        table = mixture.table * counts + self.prior * self.base[:, None]
        self.mixture = ProductMixture(mixture.bases, weights / weights.sum(), normalised(table, mixture.bases))
        return objective

    def _log_prior(self) -> float:
        mixture = self.mixture
        return self.prior * float(np.log(mixture.weights).sum() + self.base @ np.log(mixture.table).sum(axis=1))


def normalised(table: NDArray, bases: NormalBases) -> NDArray:
    """Columns of every feature divided by their sums."""
    sums = np.add.reduceat(table, bases.offsets[:-1], axis=0)
    return table / np.repeat(sums, np.diff(bases.offsets), axis=0)


def independent(bases: NormalBases) -> tuple[ProductMixture, NDArray]:
    """One component, whose bases have equal shares; also the distributions themselves, of shape (n_bases,)."""
    sizes = np.diff(bases.offsets)
    base = np.repeat(1 / sizes, sizes)
    return ProductMixture(bases, np.ones(1), base[:, None].copy()), base


def clustered(
    X: NDArray, values: NDArray, row_weights: NDArray, margins: ProductMixture, n_components: int, prior: float,
    rng: np.random.RandomState,
) -> ProductMixture:  # fmt: skip
    """A start from centres that are rows far from each other; fewer components where there are fewer distinct rows."""
    attached = _attached(_standardised(X, row_weights), row_weights, n_components, rng) * row_weights[:, None]
    bases, base = margins.bases, margins.table[:, 0]
    weighted = values * base
    totals = np.add.reduceat(weighted, bases.offsets[:-1], axis=1)
    weighted /= np.repeat(totals, np.diff(bases.offsets), axis=1)
    table = weighted.T @ attached + prior * base[:, None]
    weights = attached.sum(axis=0) + prior
    return ProductMixture(bases, weights / weights.sum(), normalised(table, bases))


def _standardised(X: NDArray, row_weights: NDArray) -> NDArray:
    """Means 0 and deviations 1; a missing value is the mean."""
    seen = ~np.isnan(X)
    weights = row_weights[:, None] * seen
    centred = np.where(seen, X - (weights * np.where(seen, X, 0)).sum(axis=0) / weights.sum(axis=0), 0)
    deviation = np.sqrt((weights * centred**2).sum(axis=0) / weights.sum(axis=0))
    return centred / np.where(deviation > 0, deviation, 1)


def _attached(Z: NDArray, row_weights: NDArray, n_components: int, rng: np.random.RandomState) -> NDArray:
    """Shares of the components in rows: most of it to that of the nearest centre.

    A centre is drawn in proportion to the squared distance from those before it, as by k-means++.
    """
    nearest = np.zeros(len(Z), dtype=np.intp)
    distance = np.full(len(Z), 1.0)
    for k in range(n_components):
        cumulated = np.cumsum(row_weights * distance)
        if cumulated[-1] <= 0:
            n_components = k
            break
        chosen = Z[min(int(np.searchsorted(cumulated, rng.uniform() * cumulated[-1], side="right")), len(Z) - 1)]
        new = np.square(Z - chosen).sum(axis=1)
        closer = (new < distance) | (k == 0)
        nearest[closer], distance = k, np.where(closer, new, distance)
    shares = np.full((len(Z), n_components), (1 - _ATTACHED) / n_components)
    shares[np.arange(len(Z)), nearest] += _ATTACHED
    return shares

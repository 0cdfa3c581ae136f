"""Normal distributions on the knots of features, of several widths: densities and distribution functions."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

# Constants of the design, not of data: chosen with benchmarks/monotonic.py --only cdf
_LEVELS = (1, 2, 4)  # all knots, half of them, a quarter of them
_NARROWEST = 0.02  # a basis is not narrower than this share of the standard deviation
_CONSTANT = 1e-3  # deviation of a feature that does not vary, relative to its value
_CELLS = 2.0**20  # a unit of standard deviation has so many cells in which Phi is linear
_FARTHEST = 1e100  # the square of more would overflow
_NOTHING = 1e-16


@dataclass(frozen=True)
class NormalBases:
    """Bases of all features, one after the other.

    Attributes
    ----------
    means, widths : array of shape (n_bases,)
    offsets : array of shape (n_features + 1,), int64
        Where the bases of a feature begin.
    """

    means: NDArray
    widths: NDArray
    offsets: NDArray

    @classmethod
    def of_data(cls, X: NDArray, weights: NDArray, n_knots: int, bandwidth: float) -> Self:
        """Means at weighted quantiles, widths in proportion to the distance of their neighbours."""
        features = [_feature_bases(X[:, j], weights, n_knots, bandwidth) for j in range(X.shape[1])]
        sizes = [len(means) for means, _ in features]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(np.concatenate([m for m, _ in features]), np.concatenate([s for _, s in features]), offsets)

    @property
    def n_features(self) -> int:
        return len(self.offsets) - 1

    def of_features(self, features: NDArray) -> Self:
        """The bases of some features, in their order."""
        where = self.places(features)
        offsets = np.concatenate([[0], np.cumsum(np.diff(self.offsets)[features])]).astype(np.int64)
        return type(self)(self.means[where], self.widths[where], offsets)

    def places(self, features: NDArray) -> NDArray:
        """Indices of the bases of some features."""
        return np.concatenate([np.arange(self.offsets[j], self.offsets[j + 1]) for j in features])

    def densities(self, X: NDArray) -> tuple[NDArray, NDArray]:
        """Densities of the bases, in each feature divided by the largest, and the sum of logarithms of the largest.

        A missing value has the density 1 under all bases, by which its feature is integrated out.
        """
        distances = self._distances(X)
        logarithms = -0.5 * distances**2 - np.log(self.widths) - 0.5 * np.log(2 * np.pi)
        logarithms[np.isnan(distances)] = 0
        largest = np.maximum.reduceat(logarithms, self.offsets[:-1], axis=1)
        values = np.exp(logarithms - np.repeat(largest, np.diff(self.offsets), axis=1))
        values[values < _NOTHING] = 0
        return values, largest.sum(axis=1)

    def cumulated(self, X: NDArray) -> NDArray:
        """Distribution functions of the bases, 1 where the value is missing."""
        distances = self._distances(X)
        return np.where(np.isnan(distances), 1.0, monotone_ndtr(distances))

    def _distances(self, X: NDArray) -> NDArray:
        repeated = np.repeat(X, np.diff(self.offsets), axis=1)
        with np.errstate(over="ignore"):
            return np.clip((repeated - self.means) / self.widths, -_FARTHEST, _FARTHEST)


def monotone_ndtr(z: NDArray) -> NDArray:
    """Phi, linear in cells of 2**-20, which makes it monotone in floating point; the error is below 1e-13.

    Series that are summed in floating point are not monotone in the last digit: between neighbouring numbers they may
    fall. Between the ends of a cell Phi changes by more than the error of its computation.
    """
    z = np.clip(z, -40.0, 40.0)  # Phi is 0 and 1 in double precision
    scaled = z * _CELLS
    cell = np.floor(scaled)
    low, high = ndtr(cell / _CELLS), ndtr((cell + 1) / _CELLS)
    return np.minimum(low + (high - low) * (scaled - cell), high)


def _feature_bases(x: NDArray, weights: NDArray, n_knots: int, bandwidth: float) -> tuple[NDArray, NDArray]:
    seen = ~np.isnan(x)
    x, weights = x[seen], weights[seen]
    order = np.argsort(x, kind="stable")
    x, weights = x[order], weights[order]
    mean = np.average(x, weights=weights)
    deviation = np.sqrt(np.average((x - mean) ** 2, weights=weights))
    if x[0] == x[-1]:
        return x[:1], np.array([_CONSTANT * (abs(x[0]) or 1.0)])
    cumulated = np.cumsum(weights)
    means, widths = [], []
    for level in _LEVELS:
        n = max(n_knots // level, 1)
        shares = (np.arange(n) + 0.5) / n
        knots = np.unique(x[np.minimum(np.searchsorted(cumulated, shares * cumulated[-1]), len(x) - 1)])
        means.append(knots)
        narrowest = max(_NARROWEST * deviation, np.finfo(np.float64).tiny)
        widths.append(np.maximum(bandwidth * _spacing(knots, deviation), narrowest))
    return np.concatenate(means), np.concatenate(widths)


def _spacing(knots: NDArray, deviation: float) -> NDArray:
    """Mean distance of a knot to its neighbours."""
    if len(knots) == 1:
        return np.array([deviation])
    gaps = np.diff(knots)
    return np.concatenate([gaps[:1], (gaps[1:] + gaps[:-1]) / 2, gaps[-1:]])

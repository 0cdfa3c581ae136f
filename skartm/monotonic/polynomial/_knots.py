"""Knots of features: where tables have entries, and where values lie between them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(eq=False)
class Knots:
    """Quantiles of every feature, all its values where they are few, and a place for missing values.

    Parameters
    ----------
    max_knots : int
        Of a feature; at least 2.

    Attributes
    ----------
    values : list of arrays, increasing
    features : int32 array of shape (n_features, 3)
        First row of the tables, number of knots, and 0 (the sign comes from the constraints). The row after the
        last knot is that of missing values.
    n_rows : int
        Of the tables.
    """

    max_knots: int

    def fit(self, X: NDArray) -> Self:
        self.values = [self._of(column[~np.isnan(column)]) for column in X.T]
        sizes = np.array([knots.size for knots in self.values], dtype=np.int32)
        self.features = np.zeros((len(self.values), 3), dtype=np.int32)
        self.features[:, 0] = np.concatenate([[0], np.cumsum(sizes + 1)[:-1]])
        self.features[:, 1] = sizes
        self.n_rows = int((sizes + 1).sum())
        return self

    def _of(self, column: NDArray) -> NDArray:
        if not column.size:
            return np.zeros(1)
        knots = np.unique(column)
        if knots.size > self.max_knots:
            knots = np.unique(np.quantile(column, np.linspace(0, 1, self.max_knots), method="nearest"))
        return knots

    def locate(self, X: NDArray, dtype: DTypeLike) -> tuple[NDArray, NDArray]:
        """Rows of the tables at or below the values of X, and the share of the row after each.

        Returns
        -------
        index : int32 array of the shape of X
        share : array of the shape of X, in [0, 1)
        """
        index = np.empty(X.shape, dtype=np.int32)
        share = np.zeros(X.shape, dtype=dtype)
        for j, (knots, (first, n, _)) in enumerate(zip(self.values, self.features, strict=True)):
            missing = np.isnan(X[:, j])
            x = np.clip(np.where(missing, knots[0], X[:, j]), knots[0], knots[-1])
            low = np.searchsorted(knots, x, side="right") - 1
            if n > 1:
                inside = np.minimum(low, n - 2)
                part = ((x - knots[inside]) / (knots[inside + 1] - knots[inside])).astype(dtype)
                low = np.where(part >= 1, inside + 1, inside)
                share[:, j] = np.where((part >= 1) | missing, 0, part)
            index[:, j] = first + np.where(missing, n, low)
        return index, share

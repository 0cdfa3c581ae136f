"""Features on the scale of their training range."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

_FAR = 1e6  # ranges away from the training data, where functions end


class Scaling:
    """(x - min) / (max - min), an increasing function of every feature in floating point too.

    Nothing can be learned of a feature that has one value in training, or none, so functions do not depend on it: it
    is 0 everywhere, or missing everywhere.

    Attributes
    ----------
    low, width : arrays of shape (n_features,)
    median : array of shape (n_features,)
        Of the scaled training data, for missing values; 0 for a feature that has no value at all.
    constant, unseen : bool arrays of shape (n_features,)
        Features of one value, and of none.
    """

    def fit(self, X: NDArray) -> Self:
        present = ~np.isnan(X)
        low = np.where(present, X, np.inf).min(axis=0)
        high = np.where(present, X, -np.inf).max(axis=0)
        low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        with np.errstate(over="ignore"):
            width = high - low
        if not np.isfinite(width).all():
            wide = np.flatnonzero(~np.isfinite(width)).tolist()
            msg = f"X must have features whose range is a finite number. Got larger ones in columns {wide}; rescale."
            raise ValueError(msg)
        self.low, self.width = low, np.where(width > 0, width, 1.0)
        self.unseen = ~present.any(axis=0)
        self.constant = (width == 0) & ~self.unseen
        scaled = self.transform(X)
        self.median = np.nanmedian(np.where(self.unseen, 0.0, scaled), axis=0)
        return self

    def transform(self, X: NDArray, *, fill: bool = False) -> NDArray:
        """Scaled X, C-contiguous; with ``fill`` the medians in place of NaN."""
        with np.errstate(over="ignore"):
            scaled = np.clip((X - self.low) / self.width, -_FAR, _FAR)
        scaled[:, self.constant] *= 0.0  # missing values stay
        scaled[:, self.unseen] = np.nan
        return np.ascontiguousarray(np.where(np.isnan(scaled), self.median, scaled) if fill else scaled)

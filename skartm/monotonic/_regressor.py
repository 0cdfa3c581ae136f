"""Monotone regression."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skartm._validation import check_choice, check_real
from skartm.monotonic._losses import Loss, Poisson, Quantile, SquaredError
from skartm.monotonic._monotonic_model import MonotonicModel

_LOSSES = ("squared_error", "quantile", "poisson")


class MonotonicRegressor(RegressorMixin, MonotonicModel):
    """Regression by a function that is monotone in features."""

    def __init__(
        self,
        model: Any = "polynomial",
        *,
        monotonic_cst: Any = None,
        loss: str = "squared_error",
        quantile: float | None = None,
        bounds: tuple[float | None, float | None] | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.model = model
        self.monotonic_cst = monotonic_cst
        self.loss = loss
        self.quantile = quantile
        self.bounds = bounds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the function.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            NaN is a missing value.
        y : array of shape (n_samples,)
        sample_weight : array of shape (n_samples,) or None

        Returns
        -------
        self
        """
        loss = self._loss()
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        self._check_target(y, loss)
        self._fit_net(X, y, sample_weight, loss)
        return self

    def predict(self, X: Any) -> NDArray:
        """Predictions, float64 of shape (n_samples,).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self._net_predictions(X)

    def _loss(self) -> Loss:
        check_choice(self, "loss", _LOSSES)
        low, high = self._bounds()
        if self.loss == "quantile":
            if self.quantile is None:
                msg = "The 'quantile' parameter of MonotonicRegressor must be set with loss='quantile'. Got None."
                raise ValueError(msg)
            return Quantile(check_real(self, "quantile", low=0, high=1), low, high)
        if self.quantile is not None:
            msg = f"The 'quantile' parameter of MonotonicRegressor must be None with loss={self.loss!r}."
            raise ValueError(f"{msg} Got {self.quantile!r}.")
        return Poisson(max(low, 0.0), high) if self.loss == "poisson" else SquaredError(low, high)

    def _bounds(self) -> tuple[float, float]:
        if self.bounds is None:
            return -np.inf, np.inf
        wrong = f"must be None or a pair (low, high) of numbers or None, low < high. Got {self.bounds!r} instead."
        wrong = f"The 'bounds' parameter of MonotonicRegressor {wrong}"
        if not isinstance(self.bounds, (tuple, list)) or len(self.bounds) != 2:
            raise TypeError(wrong)
        try:
            low = -np.inf if self.bounds[0] is None else float(self.bounds[0])
            high = np.inf if self.bounds[1] is None else float(self.bounds[1])
        except (TypeError, ValueError):
            raise TypeError(wrong) from None
        if not low < high:
            raise ValueError(wrong)
        return low, high

    def _check_target(self, y: NDArray, loss: Loss) -> None:
        if y.min() < loss.low or y.max() > loss.high:
            msg = f"y must lie within the bounds [{loss.low:g}, {loss.high:g}]. Got {y.min():g} to {y.max():g}."
            raise ValueError(f"MonotonicRegressor: {msg}")
        if loss.name == "poisson" and not y.any():
            msg = "y must have a positive entry with loss='poisson'. Got zeros only."
            raise ValueError(f"MonotonicRegressor: {msg}")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

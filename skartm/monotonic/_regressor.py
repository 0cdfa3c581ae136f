"""Monotone regression."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skartm.base import shown
from skartm.base._callbacks import with_callbacks
from skartm.base._data import as_array
from skartm.base._parameters import check_declared, choice, declared, parameters, real
from skartm.monotonic._model import MonotonicModel
from skartm.monotonic.nets._losses import Loss, Poisson, Quantile, SquaredError

_ROOM = 100  # predictions may leave the range of the target by so much, at most
_NARROWEST = 1e-300  # range of a target; what is narrower has lost its digits
_LOSSES = ("squared_error", "quantile", "poisson")


@parameters
class MonotonicRegressor(RegressorMixin, MonotonicModel):
    r"""Regression by a function that is monotone in features, everywhere and by construction.

    .. math::

       f(x) = a + \sum_k c_k z_k(x), \qquad c_k \ge 0, \qquad
       z_k(x) = \prod_j u_{kj}(x_j) \ \text{or} \ 1 - \prod_j v_{kj}(x_j)

    with the default model; see :doc:`/user_guide/monotone` for it and for the others. No other data than those of the
    training, and no rounding, makes the prediction move against a sign.

    Parameters
    ----------
    model : str or net, default="polynomial"
        What the function is made of, by name or as a net with options, such as
        ``skartm.monotonic.Polynomial(n_components=64)``.
    monotonic_cst : array-like of shape (n_features,), dict, series or None, default=None
        1 for a feature in which the prediction may not fall, -1 where it may not rise, 0 where it is free; or a
        dict from names of features to signs. The same as in
        :class:`sklearn.ensemble.HistGradientBoostingRegressor`.
    loss : {"squared_error", "poisson", "quantile"}, default="squared_error"
        What the prediction is: the mean, the mean of counts (positive everywhere), or a quantile. A model that cannot
        be fitted by a loss says so.
    quantile : float in [0, 1] or None, default=None
        With ``loss="quantile"``.
    bounds : pair of floats or None, default=None
        Least and largest value of the target; None, also for either of them, is unknown. Predictions stay within.
    n_jobs : int or None, default=None
        Threads; results do not depend on it.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    net_ : the fitted net
    monotonic_cst_ : int8 array of shape (n_features,)
    scaling_ : the ranges of the features
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((200, 2))
    >>> y = X[:, 0] + np.sin(6 * X[:, 1]) + 0.1 * rng.standard_normal(200)
    >>> model = MonotonicRegressor(monotonic_cst=[1, 0], random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    >>> bool((np.diff(model.predict(np.column_stack([np.linspace(-1, 2, 50), np.full(50, 0.5)]))) >= 0).all())
    True
    """

    model: Any = declared(default="polynomial", kw_only=False)
    monotonic_cst: Any = None
    loss: str = choice(default="squared_error", among=_LOSSES)
    quantile: float | None = real(default=None, low=0, high=1, none=True)
    bounds: tuple[float | None, float | None] | None = None
    n_jobs: int | None = None
    random_state: Any = None

    @with_callbacks
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
        X, y = validate_data(self, as_array(X), y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        self._check_target(y, loss)
        self._fit_net(X, y, sample_weight, loss, y)
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
        check_declared(self)
        low, high = self._bounds()
        if self.loss == "quantile":
            if self.quantile is None:
                msg = "The 'quantile' parameter of MonotonicRegressor must be set with loss='quantile'. Got None."
                raise ValueError(msg)
            return Quantile(float(self.quantile), low, high)
        if self.quantile is not None:
            msg = f"The 'quantile' parameter of MonotonicRegressor must be None with loss={shown(self.loss)}."
            raise ValueError(f"{msg} Got {shown(self.quantile)}.")
        return Poisson(max(low, 0.0), high) if self.loss == "poisson" else SquaredError(low, high)

    def _bounds(self) -> tuple[float, float]:
        if self.bounds is None:
            return -np.inf, np.inf
        wrong = f"must be None or a pair (low, high) of numbers or None, low < high. Got {shown(self.bounds)} instead."
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
        with np.errstate(over="ignore"):
            if not np.isfinite(_ROOM * np.ptp(y)) or not np.isfinite(np.abs(y).sum()):
                msg = f"y must have a range that is a finite number. Got {y.min():g} to {y.max():g}; rescale it."
                raise ValueError(f"MonotonicRegressor: {msg}")
        if 0 < np.ptp(y) < _NARROWEST:
            msg = f"y must be constant or have a range of {_NARROWEST:g} at least. Got {np.ptp(y):g}; rescale it."
            raise ValueError(f"MonotonicRegressor: {msg}")
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

"""The linear model with signs."""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator

from skartm.base import Versioned
from skartm.base._parameters import check_declared, parameters, real
from skartm.monotonic.nets._grid import affine
from skartm.monotonic.nets._losses import Loss

_CHUNK = 4096  # rows predicted at a time
_LONGEST = 500.0  # of a raw output in learning: the exponential of more is too large


@parameters
class Linear(Versioned, BaseEstimator):
    r"""Linear function whose coefficients have the signs of the features, with a quadratic penalty.

    .. math::

       \frac{1}{\sum_i s_i} \sum_i s_i\, \ell(y_i, b + w^\top x_i) + \frac{\alpha}{2} \lVert w \rVert^2 \to \min,
       \qquad w_j \ge 0 \text{ (rising)}, \quad w_j \le 0 \text{ (falling)}

    with the logarithmic loss it is logistic regression, with the Poisson loss log-linear regression. Features are on
    the scale of their training range, targets on that of their standard deviation (squared error) or of their mean
    (Poisson); s_i are the sample weights. It is found by L-BFGS-B.

    Parameters
    ----------
    alpha : float, default=0.001
        Weight of the penalty.

    Attributes
    ----------
    coef_ : array of shape (n_features,)
        Coefficients of the scaled features, on the scale of the target.
    intercept_ : float

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicRegressor
    >>> X = np.array([[0.0, 3.0], [1.0, 1.0], [2.0, 2.0], [3.0, 0.0]])
    >>> model = MonotonicRegressor("linear", monotonic_cst=[1, 1]).fit(X, [0.0, 1.0, 2.0, 3.0])
    >>> bool((model.net_.coef_ >= 0).all())
    True
    """

    alpha: float = real(default=1e-3, low=0, kw_only=False)

    losses: ClassVar[tuple[str, ...]] = ("squared_error", "poisson", "log_loss")
    handles_missing: ClassVar[bool] = False

    def fit(
        self,
        X: NDArray,
        y: NDArray,
        sample_weight: NDArray,
        signs: NDArray,
        loss: Loss,
        rng: np.random.Generator,
        n_threads: int = 1,
    ) -> Self:
        """Learn from rows, as ``_protocol.Net`` says; nothing is random, nothing depends on ``n_threads``."""
        check_declared(self)
        alpha = float(self.alpha)
        self.loss_ = loss
        y, standard = loss.standard(y, sample_weight)
        weights = sample_weight / sample_weight.sum()

        def objective(point: NDArray) -> tuple[float, NDArray]:
            raw = standard.start + np.clip(X @ point[:-1] + point[-1], -_LONGEST, _LONGEST)
            slope = loss.gradients(y, raw) * weights
            value = loss.values(y, raw) @ weights + 0.5 * alpha * point[:-1] @ point[:-1]
            return value, np.append(slope @ X + alpha * point[:-1], slope.sum())

        bounds = [(0 if sign > 0 else None, 0 if sign < 0 else None) for sign in signs] + [(None, None)]
        start = np.zeros(X.shape[1] + 1)
        point = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000}).x
        self.standard_, self.point_ = standard, point
        self.coef_, self.intercept_ = standard.spread * point[:-1], float(standard.raw(point[-1]))
        return self

    def predict(self, X: NDArray) -> NDArray:
        """Predictions, float64 of shape (n_rows,)."""
        coef, intercept = self.point_[:-1, None], self.point_[-1:]
        parts = [affine(X[first : first + _CHUNK], coef, intercept)[0] for first in range(0, len(X), _CHUNK)]
        return self.loss_.predictions(self.standard_.raw(np.concatenate(parts))) if parts else np.zeros(0)

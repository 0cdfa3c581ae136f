"""Weights of an average of predictions."""

import numpy as np
from numpy.typing import NDArray

from skartm.simplex import ascend

_MAX_ITER, _TOL = 2000, 1e-6
_LEAST = 1e-12  # probability of a class, for logarithms


def regression_weights(predictions: NDArray, y: NDArray, weights: NDArray, shrinkage: float) -> NDArray:
    r"""Distribution over members that has the largest posterior under normal errors.

    .. math::

       -\frac{1}{2 \sigma^2} \sum_i s_i \Bigl(y_i - \sum_k w_k f_k(x_i)\Bigr)^2 + \alpha \sum_k \ln w_k \to \max

    where sigma is the standard deviation of the errors of the uniform average.

    Parameters
    ----------
    predictions : array of shape (n_rows, n_members)
    y : array of shape (n_rows,)
    weights : array of shape (n_rows,)
        s, whose sum is the number of observations.
    shrinkage : float
        alpha.
    """
    uniform = np.full(predictions.shape[1], 1 / predictions.shape[1])
    errors = predictions - y[:, None]  # because w sums to one, the error of the average is the average error
    products = errors.T @ (weights[:, None] * errors)
    variance = uniform @ products @ uniform / weights.sum()
    if not variance > 0:
        return uniform
    products /= variance
    return _ascended(lambda w: (-0.5 * w @ products @ w, -products @ w), uniform, shrinkage)


def classification_weights(predictions: NDArray, y: NDArray, weights: NDArray, shrinkage: float) -> NDArray:
    r"""Distribution over members that has the largest posterior.

    .. math::

       \sum_i s_i \ln \sum_k w_k P_k(y_i \mid x_i) + \alpha \sum_k \ln w_k \to \max

    Parameters
    ----------
    predictions : array of shape (n_rows, n_members)
        Probabilities of the class 1.
    y : array of shape (n_rows,)
        0 or 1.
    weights, shrinkage
        As in :func:`regression_weights`.
    """
    uniform = np.full(predictions.shape[1], 1 / predictions.shape[1])
    likelihood = np.clip(np.where(y[:, None] > 0, predictions, 1 - predictions), _LEAST, 1)

    def value_and_gradient(w: NDArray) -> tuple[float, NDArray]:
        mixed = likelihood @ w
        return float(weights @ np.log(mixed)), likelihood.T @ (weights / mixed)

    return _ascended(value_and_gradient, uniform, shrinkage)


def _ascended(value_and_gradient, start: NDArray, shrinkage: float) -> NDArray:
    def posterior(w: NDArray) -> tuple[float, NDArray]:
        value, gradient = value_and_gradient(w)
        if not shrinkage:
            return value, gradient
        with np.errstate(divide="ignore"):
            return value + shrinkage * np.log(w).sum(), gradient + shrinkage / w

    return ascend(posterior, start, max_iter=_MAX_ITER, tol=_TOL, acceleration="squarem", truncate=not shrinkage).x

"""The smooth min-max net."""

import numpy as np
from numpy.typing import NDArray

from skartm.base._parameters import integer, parameters
from skartm.monotonic.nets._grid import affine, soft_maximum
from skartm.monotonic.nets._network import Network, Parameters

_STEEPEST = 10.0  # logarithm of a weight, in training


@parameters
class Smooth(Network):
    r"""Soft minimum of soft maxima of linear functions with positive weights.

    .. math::

       f(x) = \gamma - e^{-\beta} \ln \sum_k \exp\Bigl(-\ln \sum_h \exp(a_{kh}(x))\Bigr), \qquad
       a_{kh}(x) = t_{kh} + \sum_j w_{khj} x_j, \quad w_{khj} = \exp z_{khj}

    Falling features are negated, and the weights of free features are z itself, of either sign. All units have a
    gradient everywhere, unlike those of :class:`MinMax`, whose limit for large weights this is.

    Parameters
    ----------
    n_groups : int, default=6
        Soft maxima, k.
    n_units : int, default=6
        Linear functions of each, h.
    n_members : int, default=5
        Nets whose mean is taken. Each stops on its own share of the rows.
    max_iter : int, default=500
    patience : int, default=50
        Steps without a lower loss of the held-out rows after which a net ends.
    tol : float, default=1e-4
        A fall of the held-out loss below this share of the loss of the best constant does not count.

    References
    ----------
    C. Igel. "Smooth min-max monotonic networks." *ICML*, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicRegressor
    >>> from skartm.monotonic import Smooth
    >>> X = np.linspace(0, 1, 60)[:, None]
    >>> model = MonotonicRegressor(Smooth(n_groups=3), monotonic_cst=[1], random_state=0).fit(X, X[:, 0] ** 2)
    >>> bool(np.abs(model.predict(X) - X[:, 0] ** 2).max() < 0.05)
    True
    """

    n_groups: int = integer(default=6, low=1, kw_only=False)
    n_units: int = integer(default=6, low=1, kw_only=False)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        n_linear = self.n_groups * self.n_units
        return {"z": (self.signs_.size, n_linear), "t": (n_linear,), "beta": (1,), "gamma": (1,)}

    def _start(self, rng: np.random.Generator) -> NDArray:
        n_linear = self.n_groups * self.n_units
        return np.concatenate([truncated_normal(rng, (self.signs_.size + 1) * n_linear), [-1.0, 0.0]])

    def _weights(self, z: NDArray) -> NDArray:
        """Weights, exp(z) of rising features and z of free ones."""
        return np.where((self.signs_ != 0)[:, None], np.exp(np.minimum(z, _STEEPEST)), z)

    def _slopes(self, z: NDArray, weights: NDArray) -> NDArray:
        """Derivatives of ``_weights``."""
        rising = np.where(z < _STEEPEST, weights, 0)
        return np.where((self.signs_ != 0)[:, None], rising, 1).astype(z.dtype)

    def _linear(self, parameters: Parameters, X: NDArray) -> tuple[NDArray, NDArray]:
        """Weights, and values of the linear functions (m, n, K, H)."""
        weights = self._weights(parameters["z"])
        values = X @ weights + parameters["t"][:, None]
        return weights, values.reshape(*values.shape[:2], self.n_groups, self.n_units)

    def _by_linear(self, parameters: Parameters, weights: NDArray, X: NDArray, slope: NDArray) -> Parameters:
        """Derivatives by z and t, ``slope`` (m, n, K * H) being those by the linear functions."""
        by_weights = np.swapaxes(X, 1, 2) @ slope
        return {"z": by_weights * self._slopes(parameters["z"], weights), "t": slope.sum(axis=1)}

    def _forward(self, parameters: Parameters, X: NDArray) -> tuple[NDArray, tuple[NDArray, ...]]:
        weights, linear = self._linear(parameters, X)
        maxima, shares = _soft(linear)  # (m, n, K), (m, n, K, H)
        minima, groups = _soft(-maxima)  # (m, n), (m, n, K)
        scale = np.exp(-parameters["beta"])
        return parameters["gamma"] - scale * minima, (weights, shares, groups, minima, scale)

    def _backward(self, parameters: Parameters, kept: tuple[NDArray, ...], X: NDArray, slope: NDArray) -> Parameters:
        weights, shares, groups, minima, scale = kept
        by_linear = shares * (groups * (slope * scale)[..., None])[..., None]
        gradients = self._by_linear(parameters, weights, X, by_linear.reshape(*slope.shape, -1))
        gradients["beta"] = (slope * scale * minima).sum(axis=1)
        gradients["gamma"] = slope.sum(axis=1)
        return gradients

    def _outputs(self, parameters: Parameters, X: NDArray) -> NDArray:
        linear = affine(X, self._weights(parameters["z"]), parameters["t"])
        maxima = soft_maximum(linear.reshape(self.n_groups, self.n_units, -1).swapaxes(0, 1))
        return parameters["gamma"] - np.exp(-parameters["beta"]) * soft_maximum(-maxima)


def truncated_normal(rng: np.random.Generator, size: int) -> NDArray:
    """Standard normal numbers, those beyond two standard deviations drawn anew."""
    values = rng.standard_normal(size)
    while (far := np.abs(values) > 2).any():
        values[far] = rng.standard_normal(int(far.sum()))
    return values


def _soft(values: NDArray) -> tuple[NDArray, NDArray]:
    """Logarithm of the sum of exponentials over the last axis, and its derivatives."""
    top = values.max(axis=-1, keepdims=True)
    powers = np.exp(values - top)
    total = powers.sum(axis=-1, keepdims=True)
    return (top + np.log(total))[..., 0], powers / total

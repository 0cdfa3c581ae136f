"""The min-max net."""

import numpy as np
from numpy.typing import NDArray

from skartm.monotonic.nets._grid import affine
from skartm.monotonic.nets._network import Parameters
from skartm.monotonic.nets._smooth import Smooth, truncated_normal


class MinMax(Smooth):
    r"""Minimum of maxima of linear functions with positive weights.

    .. math::

       f(x) = \min_k \max_h \Bigl(t_{kh} + \sum_j w_{khj} x_j\Bigr), \qquad w_{khj} = \exp z_{khj}

    Falling features are negated, and the weights of free features are z itself, of either sign. The function is
    piecewise linear. Only one unit of a row has a gradient, so units can stay silent; :class:`Smooth` avoids that.

    Parameters
    ----------
    n_groups : int, default=6
        Maxima, k.
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
    J. Sill. "Monotonic networks." *NIPS*, 1997. H. Daniels, M. Velikova. "Monotone and partially monotone neural
    networks." *IEEE Transactions on Neural Networks* 21, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicRegressor
    >>> X = np.linspace(0, 1, 60)[:, None]
    >>> model = MonotonicRegressor("minmax", monotonic_cst=[1], random_state=0).fit(X, np.minimum(X[:, 0], 0.5))
    >>> bool(np.abs(model.predict(X) - np.minimum(X[:, 0], 0.5)).mean() < 0.05)
    True
    """

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        n_linear = self.n_groups * self.n_units
        return {"z": (self.signs_.size, n_linear), "t": (n_linear,)}

    def _start(self, rng: np.random.Generator) -> NDArray:
        return truncated_normal(rng, (self.signs_.size + 1) * self.n_groups * self.n_units)

    def _forward(self, parameters: Parameters, X: NDArray) -> tuple[NDArray, tuple[NDArray, ...]]:
        weights, linear = self._linear(parameters, X)
        maxima = linear.max(axis=3)  # (m, n, K)
        group = maxima.argmin(axis=2)
        inside = np.take_along_axis(linear, group[..., None, None], axis=2)[:, :, 0].argmax(axis=2)
        return maxima.min(axis=2), (weights, group * self.n_units + inside)

    def _backward(self, parameters: Parameters, kept: tuple[NDArray, ...], X: NDArray, slope: NDArray) -> Parameters:
        weights, active = kept
        by_linear = np.zeros((*slope.shape, self.n_groups * self.n_units), slope.dtype)
        np.put_along_axis(by_linear, active[..., None], slope[..., None], axis=2)
        return self._by_linear(parameters, weights, X, by_linear)

    def _outputs(self, parameters: Parameters, X: NDArray) -> NDArray:
        linear = affine(X, self._weights(parameters["z"]), parameters["t"])
        return linear.reshape(self.n_groups, self.n_units, -1).max(axis=1).min(axis=0)

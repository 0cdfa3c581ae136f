"""The net of convex, concave and saturated units."""

import numpy as np
from numpy.typing import NDArray

from skartm.base._parameters import integer, parameters
from skartm.monotonic.nets._grid import affine
from skartm.monotonic.nets._network import Network, Parameters

_CONVEX, _CONCAVE = 7 / 16, 7 / 16  # shares of a layer; the rest of its units are saturated


@parameters
class Constrained(Network):
    r"""Layers with non-negative weights and units of three kinds.

    .. math::

       \rho(a), \qquad -\rho(-a), \qquad \rho(\min(a, 0) + 1) - \rho(1 - \max(a, 0)), \qquad
       \rho(a) = \max(a, 0) + e^{\min(a, 0)} - 1

    are convex, concave and saturated. With units of one kind alone a net of non-negative weights would be convex or
    concave. Free features first go through an ordinary layer of convex units, whose outputs enter beside the rising
    features with weights of either sign; falling features are negated.

    Parameters
    ----------
    n_units : int, default=16
        Units of each of the two monotone layers: 7/16 convex, 7/16 concave, the others saturated.
    n_free_units : int, default=16
        Units of the layer that only free features enter.
    n_members : int, default=5
        Nets whose mean is taken. Each stops on its own share of the rows.
    max_iter : int, default=500
    patience : int, default=50
        Steps without a lower loss of the held-out rows after which a net ends.
    tol : float, default=1e-4
        A fall of the held-out loss below this share of the loss of the best constant does not count.

    References
    ----------
    D. Runje, S. M. Shankaranarayana. "Constrained monotonic neural networks." *ICML*, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicRegressor
    >>> X = np.linspace(0, 1, 60)[:, None]
    >>> model = MonotonicRegressor("constrained", monotonic_cst=[1], random_state=0).fit(X, np.sqrt(X[:, 0]))
    >>> bool(np.abs(model.predict(X) - np.sqrt(X[:, 0])).mean() < 0.05)
    True
    """

    n_units: int = integer(default=16, low=1, kw_only=False)
    n_free_units: int = integer(default=16, low=1, kw_only=False)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        free = int((self.signs_ == 0).sum())
        before = self.n_free_units if free else 0
        first = self.signs_.size - free + before
        units = self.n_units
        layers = {"free": (free, before), "first": (first, units), "second": (units, units), "last": (units, 1)}
        weights = {f"w_{name}": shape for name, shape in layers.items()}
        return weights | {f"b_{name}": shape[1:] for name, shape in layers.items()}

    def _start(self, rng: np.random.Generator) -> NDArray:
        """Weights of variance 1 / fan-in, biases zero."""
        parts = [
            rng.uniform(-1, 1, shape).ravel() * np.sqrt(3 / max(1, shape[0])) if name[0] == "w" else np.zeros(shape)
            for name, shape in self._shapes().items()
        ]
        return np.concatenate(parts)

    def _forward(self, parameters: Parameters, X: NDArray) -> tuple[NDArray, tuple[NDArray, ...]]:
        free, m = self.signs_ == 0, len(parameters["b_last"])
        entering = np.broadcast_to(X[..., ~free], (m, X.shape[1], int((~free).sum())))
        steps = np.zeros((m, 0, 0), X.dtype)
        if free.any():
            hidden, steps = _convex(_dense(X[..., free], parameters["w_free"], parameters["b_free"]))
            entering = np.concatenate([entering, hidden], axis=2)
        first, second, last = self._non_negative(parameters)
        one, slope_one = _units(_dense(entering, first, parameters["b_first"]))
        two, slope_two = _units(_dense(one, second, parameters["b_second"]))
        output = _dense(two, last, parameters["b_last"])[..., 0]
        return output, (entering, steps, first, second, last, one, slope_one, two, slope_two)

    def _backward(self, parameters: Parameters, kept: tuple[NDArray, ...], X: NDArray, slope: NDArray) -> Parameters:
        entering, steps, first, second, last, one, slope_one, two, slope_two = kept
        free = self.signs_ == 0
        n_rising = int((~free).sum())
        by_last = slope[..., None]
        by_two = by_last @ np.swapaxes(last, 1, 2) * slope_two
        by_one = by_two @ np.swapaxes(second, 1, 2) * slope_one
        by_hidden = by_one @ np.swapaxes(first[:, n_rising:], 1, 2) * steps if free.any() else steps
        layers = {"free": (X[..., free], by_hidden), "first": (entering, by_one), "second": (one, by_two)}
        gradients = {}
        for name, (inputs, by_sum) in {**layers, "last": (two, by_last)}.items():
            known = by_sum.shape[1] > 0
            shape = parameters[f"w_{name}"].shape
            gradients[f"w_{name}"] = np.swapaxes(inputs, 1, 2) @ by_sum if known else np.zeros(shape, slope.dtype)
            gradients[f"b_{name}"] = by_sum.sum(axis=1)
            # derivative of the absolute value
            n_positive = {"free": 0, "first": n_rising}.get(name, shape[1])
            gradients[f"w_{name}"][:, :n_positive] *= np.sign(parameters[f"w_{name}"][:, :n_positive])
        return gradients

    def _non_negative(self, parameters: Parameters) -> tuple[NDArray, NDArray, NDArray]:
        """Weights of the monotone layers: absolute values, but for what free features enter by."""
        n_rising = int((self.signs_ != 0).sum())
        first = parameters["w_first"].copy()
        rising = first[..., :n_rising, :]
        np.abs(rising, out=rising)
        return first, np.abs(parameters["w_second"]), np.abs(parameters["w_last"])

    def _outputs(self, parameters: Parameters, X: NDArray) -> NDArray:
        free = self.signs_ == 0
        entering = X[:, ~free]
        if free.any():
            hidden, _ = _convex(affine(X[:, free], parameters["w_free"], parameters["b_free"]))
            entering = np.column_stack([entering, hidden.T])
        first, second, last = self._non_negative(parameters)
        for weights, name in ((first, "b_first"), (second, "b_second")):
            values, _ = _units(affine(entering, weights, parameters[name]).T)
            entering = values
        return affine(entering, last, parameters["b_last"])[0]


def _dense(inputs: NDArray, weights: NDArray, biases: NDArray) -> NDArray:
    return inputs @ weights + biases[:, None]


def _convex(sums: NDArray) -> tuple[NDArray, NDArray]:
    """rho and its derivative; not expm1, which is no sum of increasing terms."""
    falling = np.exp(np.minimum(sums, 0))
    return np.maximum(sums, 0) + (falling - 1), falling


def _saturated(sums: NDArray) -> tuple[NDArray, NDArray]:
    """rho(a + 1) - rho(1) below zero, rho(1) - rho(1 - a) above, and the derivative."""
    below, slope_below = _convex(np.minimum(sums, 0) + 1)
    above, slope_above = _convex(1 - np.maximum(sums, 0))
    return np.where(sums < 0, below - 1, 1 - above), np.where(sums < 0, slope_below, slope_above)


def _units(sums: NDArray) -> tuple[NDArray, NDArray]:
    """Outputs of a layer, and their derivatives; the units are along the last axis."""
    n = sums.shape[-1]
    convex, concave = round(n * _CONVEX), round(n * (_CONVEX + _CONCAVE))
    rising, slope_rising = _convex(np.ascontiguousarray(sums[..., :convex]))
    bent, slope_bent = _convex(np.ascontiguousarray(-sums[..., convex:concave]))
    flat, slope_flat = _saturated(np.ascontiguousarray(sums[..., concave:]))
    values = np.concatenate([rising, -bent, flat], axis=-1)
    return values, np.concatenate([slope_rising, slope_bent, slope_flat], axis=-1)
